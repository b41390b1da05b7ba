"""Solution regions: what is cut out of a file, and which files leak them."""

import json

import pytest

from autograder.prepare import regions
from autograder.prepare.regions import HandoutError, check_leaks
from tests.project.prepare.made_up import HANDED_OUT, ONE, SOLVED, THREE

# Cutting.


def strip(body, deliverables=("a.one",)):
    source = f"class C:\n    def f(self, x):\n{body}"
    return regions.strip("solution/models/a.py", source, deliverables)[0].split("\n", 2)[2]


def test_a_region_first_in_its_function():
    body = """\
        # TODO(a.one): do it.
        # BEGIN SOLUTION
        x = 1
        # END SOLUTION
        return x
"""
    assert strip(body) == (
        '        # TODO(a.one): do it.\n        raise NotImplementedError("a.one")\n        return x\n'
    )


def test_two_regions_in_one_function_and_markers_in_strings():
    body = '''\
        text = """
        # BEGIN SOLUTION
        """
        # TODO(a.one): do it.
        # BEGIN SOLUTION
        x = 1
        # END SOLUTION
        for y in x:
            print(y)
            # TODO(a.one): and that.
            # BEGIN SOLUTION
            x = """
# END SOLUTION
            """

            # a comment
            # END SOLUTION
'''
    handed_out = '''\
        text = """
        # BEGIN SOLUTION
        """
        # TODO(a.one): do it.
        raise NotImplementedError("a.one")
        for y in x:
            print(y)
            # TODO(a.one): and that.
            raise NotImplementedError("a.one")
'''
    assert strip(body) == handed_out


def test_a_function_inside_init_is_handed_out_with_an_error():
    body = """\
        # TODO(a.one): do it.
        # BEGIN SOLUTION
        y = 1
        # END SOLUTION
        return x
"""
    inner = "class C:\n    def __init__(self):\n        def g(x):\n" + body.replace("        ", " " * 12)
    text, (region,) = regions.strip("a.py", inner, ["a.one"])
    assert "raise NotImplementedError" in text
    assert region.function == "C.__init__"


def test_async_functions_and_branches_hold_regions():
    source = """\
async def f(x):
    try:
        x = 1
    except ValueError:
        x = 2
        # TODO(a.one): do it.
        # BEGIN SOLUTION
        x = 3
        # END SOLUTION
    return x
"""
    text, (region,) = regions.strip("a.py", source, ["a.one"])
    assert text.split("\n")[6] == '        raise NotImplementedError("a.one")'
    assert region.function == "f"


B, E, T = "        # BEGIN SOLUTION\n", "        # END SOLUTION\n", "        # TODO(a.one): do it.\n"
X, Y = "        x = 1\n", "        return x\n"
MISTAKES = {
    # body of a method that begins in line 3; line and words of the error
    "nested": (X + T + B + X + T + B + X + E + E, 8, "END SOLUTION` of line 5 first"),
    "never closed": (X + T + B + X, 5, "expected `# END SOLUTION` below"),
    "never opened": (X + T + X + E, 6, "expected `# BEGIN SOLUTION` above"),
    "closed twice": (X + T + B + X + E + E, 8, "expected `# BEGIN SOLUTION` above"),
    "marker behind code": (X + T + B + "        x = 2  # END SOLUTION\n", 6, "alone on its line"),
    "marker misspelt": (X + T + "        # begin solution\n" + X + E, 5, "write it exactly so"),
    "marker without a space": (X + T + "        #BEGIN SOLUTION\n" + X + E, 5, "write it exactly so"),
    "marker with more words": (X + T + B + X + "        # END SOLUTION of f\n", 7, "write it exactly so"),
    "no TODO": (X + B + Y + E, 4, "expected `# TODO(id): what to do` above the region"),
    "TODO further up": (T + X + B + Y + E, 5, "found 'none'"),
    "blank line after the TODO": (X + T + "\n" + B + Y + E, 6, "found 'none'"),
    "one TODO for two regions": (X + T + B + X + E + B + Y + E, 8, "found 'none'"),
    "a TODO inside a region": (X + T + B + X + T + E + B + Y + E, 9, "found 'none'"),
    "unknown id": (X + T.replace("one", "four") + B + X + E, 4, "(a.one), found '# TODO(a.four): do it.'"),
    "TODO without an id": (X + "        # TODO: do it\n" + B + X + E, 4, "found '# TODO: do it'"),
    "TODO without text": (X + "        # TODO(a.one):\n" + B + X + E, 4, "found '# TODO(a.one):'"),
    "TODO without a region": (T + X, 3, "expected `# BEGIN SOLUTION` under this TODO"),
    "two TODOs for one region": (X + T + T + B + X + E, 4, "expected `# BEGIN SOLUTION` under this TODO"),
    "the only statement": (T + B + X + E, 4, "expected a further statement beside the region"),
    "the only one of a branch": (
        "        if x:\n" + (T + B + X + E).replace("    ", "      ") + Y,
        5,
        "expected a further statement beside the region",
    ),
    "nothing inside": (X + T + B + E, 5, "expected whole statements of one block up to line 6"),
    "only a comment inside": (X + T + B + "        # think\n" + E, 5, "expected whole statements"),
    "part of an expression": ("        x = [\n" + T + B + "        1,\n" + E + "        ]\n", 5, "whole statements"),
    "the end of a statement": (X + "        x = (1 +\n" + T + B + "        2)\n" + X + E, 6, "whole statements"),
    "from one branch to another": (
        "        if x:\n            x = 0\n            # TODO(a.one): x.\n            # BEGIN SOLUTION\n"
        "            x = 1\n        else:\n            # END SOLUTION\n            x = 2\n",
        6,
        "expected whole statements",
    ),
    "other indentation": (X + T + "      # BEGIN SOLUTION\n" + X + E, 5, "at one indentation"),
    "comments further left": (X + (T + B + X + E).replace("  #", "#"), 5, "at one indentation"),
    "no Python": (X + "        x = = 1\n", None, "expected Python, found: invalid syntax"),
}


@pytest.mark.parametrize(("body", "line", "words"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_named(body, line, words):
    with pytest.raises(HandoutError) as error:
        strip(body)
    assert str(error.value).startswith(f"solution/models/a.py:{line}: " if line else "solution/models/a.py: ")
    assert words in str(error.value)
    assert ";" in str(error.value), "an error says what to do"


def test_a_statement_may_not_reach_out_of_a_region():
    source = """\
class C:
    def __init__(self, x):
        if x:
            x = 0
        # TODO(a.one): do it.
        # BEGIN SOLUTION
        for y in x:
            x = 1
        # END SOLUTION
            x = 2
"""
    with pytest.raises(HandoutError, match=r"a\.py:6: expected whole statements of one block up to line 9"):
        regions.strip("a.py", source, ["a.one"])


@pytest.mark.parametrize(
    "source",
    [
        "import math\n# TODO(a.one): do it.\n# BEGIN SOLUTION\nx = 1\n# END SOLUTION\n",
        "class C:\n    y = 1\n    # TODO(a.one): do it.\n    # BEGIN SOLUTION\n    x = 1\n    # END SOLUTION\n",
        "class C:\n    y = 1\n    # TODO(a.one): f.\n    # BEGIN SOLUTION\n    def f(self): ...\n    # END SOLUTION\n",
        "def f():\n  class C:\n    y = 1\n    # TODO(a.one): x.\n    # BEGIN SOLUTION\n    x = 1\n    # END SOLUTION\n",
    ],
)
def test_a_region_outside_a_function_is_refused(source):
    with pytest.raises(HandoutError, match=r"a\.py:[345]: expected a region inside a function"):
        regions.strip("a.py", source, ["a.one"])


# Leaks.

FIFTEEN, FOURTEEN = "k * (k + 1) // 2 - 7 * (k -", "k * (k + 1) // 2 - 7 * (k"


def leak(name, text):
    check_leaks({name: text.encode("utf-8")}, {"models/a.py": ONE, "models/b/c.py": THREE})


def test_fifteen_tokens_are_a_leak_and_fourteen_are_not():
    leak("README.md", f"# Hints\n\nTry `{FOURTEEN} ...`\n")
    with pytest.raises(HandoutError) as error:
        leak("README.md", f"# Hints\n\nTry `{FIFTEEN} ...`\n")
    assert str(error.value).startswith("README.md:3: ")
    assert f"`{FIFTEEN}`" in str(error.value)
    assert "reword" in str(error.value)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("hints.py", f"def step(k):\n    {SOLVED}\n"),
        ("hints.py", f"def step(k):\n    # {SOLVED}\n"),
        ("hints.py", "x = (k * (k + 1) // 2 - 7 * # a remark\n    (k - 3) + (k ** 2 - 1))\n"),
        ("hints.py", f'HINT = "{SOLVED}"\n'),
        ("hints.txt", SOLVED.replace(" ", "")),
        ("hints.txt", "\r\n".join(SOLVED.split())),
        ("a.json", json.dumps({"hint": SOLVED})),
        ("a.json", json.dumps("total = math.fsum([x, *rest])\nreturn total * scale")),
        ("a.ipynb", json.dumps({"source": ["total = math.fsum([x, *rest])\n", "return total * scale"]}, indent=1)),
        ("hints.md", "    total = math.fsum([x, *rest])\n    return total * scale\n"),
    ],
)
def test_a_leak_is_found_in_every_format(name, text):
    with pytest.raises(HandoutError, match=rf"^{name}:\d+: "):
        leak(name, text)


def test_what_stands_outside_regions_is_public():
    leak("models/a.py", HANDED_OUT)
    leak("README.md", 'class Pair:\n """Holds both."""\n\n def __init__(self, size: int = 3) -> None: self.size = size')
    public = THREE.replace("return [step(k)", f"x = {SOLVED.removeprefix('return ')}\n    return [step(k)")
    check_leaks({"README.md": SOLVED.removeprefix("return ").encode()}, {"models/b/c.py": public})


def test_a_run_does_not_reach_over_the_end_of_a_region():
    leak("README.md", "self.first = [0.0] * size self.second = [1.0] * (size")


def test_comments_in_a_region_do_not_hide_a_leak():
    source = THREE.replace(" - 7", " - (  # the lucky number\n            7").replace("(k + 11)", "(k + 11))")
    with pytest.raises(HandoutError, match=r"^a\.md:1"):
        check_leaks({"a.md": b"(k + 1) // 2 - (7 * (k - 3)"}, {"models/b/c.py": source})


def test_bytes_that_are_no_text_are_passed_over():
    check_leaks({"x.safetensors": b"\0" + SOLVED.encode()}, {"models/b/c.py": THREE})


def test_every_file_with_a_leak_is_named():
    with pytest.raises(HandoutError) as error:
        check_leaks({"a.md": SOLVED.encode(), "b.md": b"\n" + SOLVED.encode()}, {"models/b/c.py": THREE})
    assert [line.partition(": ")[0] for line in str(error.value).split("\n")] == ["a.md:1", "b.md:2"]
