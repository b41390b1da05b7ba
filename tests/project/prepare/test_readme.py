"""The handout's README: what follows from the parts that are on."""

from autograder.prepare.readme import render
from autograder.rubric import Rubric
from tests.project.test_rubric import RUBRIC, switched_off

TEXT = """\
{parts}
{notebooks}
[--------]  1/9 tests, 1 of 99 points
<!-- parts: b, c -->
About b.
<!-- end -->
The end.
"""
NOTEBOOKS = {"One.ipynb": ["a", "b"], "Two.ipynb": ["b"]}


def test_all_of_it_stands_there_with_all_parts():
    parts, other, first, second, bar, *rest = render(TEXT, Rubric.parse(RUBRIC), 20, NOTEBOOKS).splitlines()
    assert (parts.split(), other.split()) == (
        ["models/a.py", "part", "1:", "Part", "A"],
        ["models/b/", "part", "2:", "Part", "B"],
    )
    assert first.endswith("One.ipynb                   a notebook on part 1, 2")
    assert second.split()[0] == "Two.ipynb"
    assert bar == f"[##{'-' * 46}]  1/20 tests, 1 of 12.5 points"
    assert len(bar) == 80
    assert rest == ["About b.", "The end."]


def test_what_is_off_is_not_mentioned():
    text = render(TEXT, Rubric.parse(switched_off(RUBRIC, "b")), 20, NOTEBOOKS)
    assert "About b." not in text
    assert "part 2" not in text
    assert "Two.ipynb" not in text
    assert "a notebook on part 1\n" in text
