"""What the sections say of a class of five, counted by hand."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from autograder.course.clusters import Cluster
from autograder.course.drafts import Draft
from autograder.course.handins import Student
from autograder.course.record import FAILED, GRADED, Item, Submission
from autograder.course.report import Pair, advice, sections
from autograder.course.report.gradebook import Gradebook
from harness.judge import Kind
from tests.project.course import synthetic

DRAWN = synthetic.Class()
TESTS = [test for test in DRAWN.tests if test.module == "models/naive/test_RNN.py"][:3]
FIRST, SECOND, THIRD = (test.number for test in TESTS)
HIDDEN, PUBLIC, IDLE = (Kind.VALUES, "hidden"), (Kind.SHAPE, "public"), (Kind.NOT_STARTED, "")
PASSED = (Kind.PASSED, "")
MISTAKE = "naive.RNN/output_reads_the_new_hidden_state"


def submission(id: str, state: str = GRADED, score: float | None = 1.0, **more: Any) -> Submission:
    facts: dict[str, Any] = {
        "place": id, "students": (Student(id.title()),), "created": None, "due": None, "notes": (), "present": True,
        "why": "", "late": None, "isolation": (), "seconds": 1.0, "memory": 1.0, "kit": "kit", "run": 1,
    }  # fmt: skip
    return Submission(id=id, state=state, score=score, **(facts | more))


def rows(id: str, *verdicts: tuple[Kind, str]) -> list[Item]:
    items: list[Item] = []
    for test, (kind, inputs) in zip(TESTS, verdicts, strict=True):
        points = float(kind == Kind.PASSED)
        misconception = MISTAKE if kind == Kind.SHAPE else ""
        items.append(Item(id, test.number, points, 1.0, kind, inputs, misconception, f"{kind}", 0.1, "kit"))
    return items


def book(late: Mapping[str, dict[str, Any]] | None = None) -> Gradebook:
    """Ada passes all, Ben fails by hidden inputs and by a known mistake, Cem by the mistake, Dan did not start."""
    verdicts = {
        "ada": (PASSED, PASSED, PASSED),
        "ben": (PASSED, HIDDEN, PUBLIC),
        "cem": (PASSED, PUBLIC, PUBLIC),
        "dan": (IDLE, IDLE, IDLE),
    }
    graded = {id: rows(id, *those) for id, those in verdicts.items()}
    submissions = [
        submission(id, score=sum(item.points for item in items), late=(late or {}).get(id))
        for id, items in graded.items()
    ]
    submissions.append(submission("eva", state=FAILED, score=None, why="The grader was killed."))
    points = {test.number: 1.0 for test in TESTS}
    return Gradebook(DRAWN.assignment, TESTS, points, submissions, [*graded.values(), []])


def test_a_test_counts_those_that_tried_it():
    groups = sections.Groups()
    first, second, third = sections.tests(book(), groups)
    assert (first.tried, first.failed, first.rate, first.idle) == (3, 0, 0, 1)
    assert (second.tried, second.failed, second.rate, second.hidden) == (3, 2, pytest.approx(2 / 3), 1)
    assert (third.failed, third.hidden) == (2, 0)
    assert groups.members[second.key][1] == [1, 2]
    assert groups.members[second.hidden_key][1] == [1]
    assert second.part == "naive"


def test_misconceptions_count_submissions_and_are_ranked():
    groups = sections.Groups()
    [line] = sections.misconceptions(book(), groups)
    assert (line.title, line.deliverable, line.count) == ("Output reads the new hidden state", "RNN", 2)
    assert list(line.tests) == [SECOND, THIRD]
    assert line.message == "shape"
    assert groups.members[line.key][1] == [1, 2]


def test_hidden_failures_stand_against_public_ones():
    groups = sections.Groups()
    line = sections.inputs(book(), groups)[0]
    assert (line.title, line.public, line.hidden, line.share) == ("RNN", 3, 1, 0.25)
    assert (line.public_submissions, line.hidden_submissions) == (2, 1)
    assert groups.members[line.hidden_key][1] == [1]
    assert sections.inputs(book(), groups)[1].share is None


def test_a_histogram_for_the_score_and_for_each_part():
    groups = sections.Groups()
    total, naive, *others = sections.histograms(book(), groups)
    assert (total.full, total.mean, total.median) == (3, 1.25, 1)
    assert sum(bar.count for bar in total.bars) == 4
    assert [bar.low for bar in total.bars if bar.count] == ["0", "1", "2.5"]
    assert [bar.count for bar in total.bars if bar.count] == [1, 2, 1]
    assert max(bar.height for bar in naive.bars) == 1
    assert groups.members[total.bars[-1].key] == ("Score, after deductions: 2.5 to 3 points", [0])
    assert len(others) == len(DRAWN.assignment.parts) - 1


def test_lateness_by_what_is_deducted():
    late = {
        "ada": {"due": "", "own": False, "seconds": 0},
        "ben": {"due": "", "own": True, "seconds": 7200, "deduct": 0.5, "before": 2.0},
        "cem": {"due": "", "own": False, "seconds": 60, "deduct": 0.0, "before": 1.0},
    }
    lines = sections.lateness(book(late), sections.Groups())
    labels = ["On time", "Late, nothing deducted", "Late, 50 % deducted", "No date is known"]
    assert [line.label for line in lines] == labels
    assert [line.count for line in lines] == [1, 1, 1, 1]
    assert (lines[2].own, lines[2].longest, lines[2].lost) == (1, "2 h", 1)


def test_outliers_are_listed_largest_first():
    five = book()
    times = (1.0, 30.0, 1.0, 90.0, 0.0)
    submissions = [replace(entry, seconds=time) for entry, time in zip(five.submissions, times, strict=True)]
    # median 15.5, deviations 14.5, 14.5, 14.5, 74.5: above 88 s
    seconds, memory = sections.measures(replace(five, submissions=submissions), sections.Groups())
    assert [(entry.id, value) for entry, value in seconds.outliers] == [("dan", 90)]
    assert seconds.limit == pytest.approx(88)
    assert not memory.outliers


def test_a_line_for_each_submission():
    lines = sections.students(book())
    assert [line.failed for line in lines] == [0, 2, 2, 3, None]
    assert lines[1].points["naive"] == 1
    assert lines[4].state == "grader failed"


def test_what_to_do_next():
    five, groups = book(), sections.Groups()
    lines = sections.tests(five, groups)
    cluster = Cluster(7, "naive.RNN", (SECOND,), ("ben", "cem", "gone"), "twice", (), (), Draft("naive.RNN"))
    known = sections.clusters(five, [cluster], groups)
    pair = Pair("ada", "gone", 9.0, 0.5, "similarity/1.html")
    tasks = {task.id: task for task in advice.tasks(five, lines, known, [pair])}
    assert list(tasks) == ["failed", "clusters", "pairs", "nobody"]
    assert [entry.detail for entry in tasks["failed"].entries] == ["The grader was killed."]
    assert [entry.name for entry in tasks["nobody"].entries] == [f"{FIRST} RNN: {TESTS[0].title}"]
    assert tasks["clusters"].entries[0].detail == "2 submissions: twice"
    assert groups.members["cluster:7"][1] == [1, 2]
    assert (tasks["pairs"].entries[0].link, tasks["pairs"].entries[0].name) == ("similarity/1.html", "Ada and gone")


def test_a_test_that_all_fail_or_that_the_strong_fail_is_named():
    five, groups = book(), sections.Groups()
    first, second, third = sections.tests(five, groups)
    lines = [replace(first, failed=3), replace(second, discrimination=-0.25), replace(third, tried=2, failed=2)]
    tasks = {task.id: [entry.name for entry in task.entries] for task in advice.tasks(five, lines, [], [])}
    assert tasks["everyone"] == [f"{FIRST} RNN: {TESTS[0].title}"]
    assert tasks["negative"] == [f"{SECOND} RNN: {TESTS[1].title}"]
    assert "nobody" not in tasks


def test_submissions_that_were_not_isolated_are_named():
    five = book()
    opened = [replace(entry, isolation=("isolated: user", synthetic.NOT_ISOLATED)) for entry in five.submissions[:1]]
    five = replace(five, submissions=[*opened, *five.submissions[1:]])
    tasks = {task.id: task.entries for task in advice.tasks(five, [], [], [])}
    assert [(entry.link, entry.detail) for entry in tasks["isolation"]] == [("#student=ada", synthetic.NOT_ISOLATED)]
