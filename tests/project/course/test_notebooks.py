"""The code of a notebook."""

import ast
import json

import pytest

from autograder.course.notebooks import MOST, code_of


def notebook(*sources: str | list[str], kind: str = "code") -> bytes:
    return json.dumps({"cells": [{"cell_type": kind, "source": source} for source in sources]}).encode()


def test_the_cells_follow_each_other() -> None:
    assert code_of(notebook("x = 1", ["y = 2\n", "z = 3"])) == b"x = 1\n\ny = 2\nz = 3\n"


def test_text_is_no_code() -> None:
    assert code_of(notebook("x = 1", kind="markdown")) == b""


@pytest.mark.parametrize(
    "line",
    ["%matplotlib inline", "!pip install torch", "files = !ls", "t = %timeit f()", "model?", "model.fit??", "?print"],
)
def test_what_only_ipython_understands_becomes_a_comment(line: str) -> None:
    tree = ast.parse(code_of(notebook(f"if x:\n    {line}\ny = 1")))
    assert [type(statement) for statement in tree.body] == [ast.If, ast.Assign]


@pytest.mark.parametrize("line", ["x = a != b", "x = y % z", 'x = f"{y=!r}"', "x = a if b else c  # why?"])
def test_python_stays(line: str) -> None:
    assert code_of(notebook(line)) == f"{line}\n".encode()


def test_cells_in_other_languages_are_left_out() -> None:
    assert code_of(notebook("%%bash\nls", "%%time\nx = 1")) == b"pass  # %%time\nx = 1\n"


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{}", b"[]", b"null", b"\xff\xfe\x00", b"[" * 100_000, b'{"cells":' * 50_000, b'{"cells": [1]}',
        b'{"cells": 3}', b'{"cells": [{"cell_type": "code", "source": [1]}]}', b"[" * (MOST + 1),
    ],
    ids=range(11),
)  # fmt: skip
def test_of_what_is_no_notebook_there_is_no_code(content: bytes) -> None:
    assert code_of(content) == b""


def test_letters_that_utf8_lacks_are_replaced() -> None:
    assert code_of(notebook("x = '\ud800'")) == b"x = '?'\n"


def test_a_long_line_takes_no_time() -> None:
    """One that a slow pattern would look at again for each of its characters; a timeout ends the test."""
    lines = [" " * 300_000 + "+", "a " * 150_000 + "+", "a." * 150_000 + "!"]
    notebook = json.dumps({"cells": [{"cell_type": "code", "source": lines}]})
    assert len(code_of(notebook.encode())) > 900_000
