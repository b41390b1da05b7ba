"""With each example rubric a handout, a kit and the demonstration can be made, of the parts that are on."""

import re
import shutil

import pytest

from autograder.grade.kit import PUBLIC
from autograder.prepare import demonstration, handout, kit, store
from autograder.rubric import Rubric
from tests.project.examples import EXAMPLES, OFF, ROOT, example


@pytest.fixture(params=sorted(path.stem for path in EXAMPLES.iterdir()))
def course(request, tmp_path):
    """A repository with an example's rubric, its student/ derived; and the example's name."""
    for name in ("solution", "student", "tests", "autograder", "harness", "workbench"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "project"))
    for name in ("collect_submission.py", "requirements.txt"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / handout.RUBRIC).write_text(example(request.param), encoding="utf-8")
    handout.write(tmp_path)
    return tmp_path, request.param


def test_a_course_is_built_of_the_parts_that_are_on(course, graded, tmp_path_factory):
    root, name = course
    rubric = Rubric.load(root / handout.RUBRIC)
    off = OFF.get(name, ())
    tests = kit.graded_by(rubric, graded)

    files = handout.handout_files(root)
    assert not [file for file in files for part in off if f"/{part}/" in file or f"/stress/{part}" in file]
    readme = files["README.md"].decode()
    points = sum(each.points for each in rubric.deliverables)
    assert f"1/{len(tests)} tests, 1 of {points:g} points" in readme
    assert re.findall(r"part (\d): (.*)", readme) == [(part.number, part.title) for part in rubric.parts]

    stored = store.load_public(root, tests)
    made = kit.kit_files(root, tests, {PUBLIC: stored.answers}, stored.hints, "")
    assert not [file for file in made for part in off if f"/{part}/" in file]
    assert ("answers/public.hints.safetensors" in made) == (rubric.assignment.hints == "everywhere")

    shown = demonstration.submissions(root, tmp_path_factory.mktemp("demonstration"))
    assert shown.keys() == {"solution", "skeleton", "one-file", "half-done"}
