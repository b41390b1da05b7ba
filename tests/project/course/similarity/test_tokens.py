"""Tokens that cheap disguises do not change, and that hostile sources do not stop."""

import pytest

from autograder.course.similarity.tokens import Token, handed_out, units, words


def sequences(source: str | bytes, fixed: frozenset[str] = frozenset()) -> list[list[str]]:
    """The words of each unit, without their order."""
    content = source.encode() if isinstance(source, str) else source
    return sorted([token.word for token in unit] for unit in units({"a.py": content}, fixed)["a.py"])


SAME = {
    "names": ("def f(x):\n    y = x.sum(1)\n    return y", "def g(abc):\n    z_ = abc.sum(1)\n    return z_"),
    "attributes": ("def f(s):\n    s.layer = 1\n    return s.layer", "def f(t):\n    t.other = 1\n    return t.other"),
    "docstrings and comments": ('def f(x):\n    """Why."""\n    return x[0]  # so', "def f(x):\n    return x[0]"),
    "annotations": (
        "def f(x: int) -> int:\n    y: int = x + 1\n    return y",
        "def f(x):\n    y = x + 1\n    return y",
    ),
    "texts": ("raise ValueError('a')", "raise ValueError(f'b {c}')"),
    "temporary variables": ("y = f(x)\nz = g(y)", "z = g(f(x))"),
    "augmented assignment": ("x.y += 2", "x.y = x.y + 2"),
    "order of operands": ("x = a.b() + 2 * c.d() + 1", "x = 1 + c.d() * 2 + a.b()"),
    "order of conditions": ("x = a.b and not c", "x = not c and a.b"),
    "direction of comparisons": ("x = a.b() > 2", "x = 2 < a.b()"),
    "order of keyword arguments": ("f(1, a=2, b=3)", "f(1, b=3, a=2)"),
    "keyword for position": ("f(x, 1)", "f(x, dim=1)"),
    "comprehension": ("xs = [f(x, 1) for x in range(3)]", "xs = []\nfor x in range(3):\n    xs.append(f(x, 1))"),
    "filter": ("xs = [x.y for x in z if x.w]", "xs = []\nfor x in z:\n    if x.w:\n        xs.append(x.y)"),
    "dictionary": ("d = {x.k(): x.v for x in z}", "d = {}\nfor x in z:\n    d[x.k()] = x.v"),
    "conditional expression": ("x = a.b if c.d else 2", "if c.d:\n    x = a.b\nelse:\n    x = 2"),
    "method for function": ("import torch\ny = torch.relu(x)", "y = x.relu()"),
    "alias": ("import torch.nn.functional as F\ny = F.relu(x)", "from torch import relu as r\ny = r(x)"),
    "decorator": ("@no_grad()\ndef f():\n    return 1", "def f():\n    with no_grad():\n        return 1"),
    "order of functions": (
        "def f():\n    return 1\ndef g():\n    return 2",
        "def g():\n    return 2\ndef f():\n    return 1",
    ),
}


@pytest.mark.parametrize(("one", "other"), SAME.values(), ids=SAME)
def test_a_disguise_changes_nothing(one: str, other: str) -> None:
    assert sequences(one) == sequences(other) != []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("y = x.tanh()", "y = x.relu()"), ("y = x + z", "y = x - z"), ("y = x[0]", "y = x[1]"),
        ("y = x < z", "y = x <= z"), ("y = x.sum(dim=1)", "y = x.sum(dim=0)"), ("y = x - z.w", "y = x.w + z"),
    ],
)  # fmt: skip
def test_what_carries_meaning_stays(one: str, other: str) -> None:
    assert sequences(one) != sequences(other)


def test_names_of_the_handout_stay() -> None:
    fixed = handed_out({"a.py": b'class A:\n    """Layers: one, two"""\n    def run(self):\n        self.size = 1'})
    assert {"A", "one", "two", "run", "size"} <= fixed
    assert sequences("a.one = a.run()", fixed) != sequences("a.two = a.run()", fixed)
    assert sequences("a.mine = a.run()", fixed) == sequences("a.yours = a.run()", fixed)


def test_tokens_know_their_lines() -> None:
    assert Token("return", 4) in units({"a.py": b"x = 1\n\ndef f():\n    return 2"})["a.py"][1]


def test_a_function_beside_one_that_cannot_be_parsed_reads_as_ever() -> None:
    whole = (
        "class A:\n    @print()\n    def f(self, x):\n        return x.sum(1)\n\n    def g(self):\n        return {}\n"
    )
    right = ["print()", "with", "1", "sum()", "return"]
    assert right in sequences(whole.format("2"))
    assert right in sequences(whole.format("("))


def test_lines_are_right_beside_what_cannot_be_parsed() -> None:
    found = units({"a.py": b"def g():\n    return (\n\ndef f(x):\n    return x.sum(1)\n"})["a.py"]
    assert Token("sum()", 5) in [token for unit in found for token in unit]


HOSTILE = {
    "empty": b"", "null bytes": b"x = 1\0\ny = 2", "not utf-8": b"\xff\xfe\xfa", "deep brackets": b"(" * 60_000,
    "deep sum": b"x = " + b"-" * 60_000 + b"1", "deep attributes": b"x = a" + b".a" * 30_000,
    "long line": b"x" * 65_000,
    "many functions": b"def f(\n" * 9_000, "deep functions": b"\n".join(b" " * n + b"def f():" for n in range(300)),
    "many statements": b"x = 1\n" * 11_000, "long sum": b"x = 1" + b"+1" * 30_000,
    "huge number": b"x = " + b"9" * 60_000, "odd values": b"x = 1e999 + 2j + ...", "quotes": b'"""' * 9_999,
    "match": b"match x:\n    case [1, *y]:\n        pass",
}  # fmt: skip


@pytest.mark.parametrize("source", HOSTILE.values(), ids=HOSTILE)
def test_no_source_stops_the_run(source: bytes) -> None:
    assert set(units({"a.py": source, "b.py": b"y = x.sum(1)"})) == {"a.py", "b.py"}
    assert handed_out({"a.py": source}) is not None
    assert list(words({"a.py": source}))
