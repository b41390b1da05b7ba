"""Policy: what the rubric makes of rows, due dates and earlier submissions, with metadata as Gradescope writes them."""

import json
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.grade import results
from autograder.grade.engine import Grades, Row
from autograder.grade.kit import Kit
from autograder.grade.metadata import Metadata
from autograder.grade.policy import NOT_SAID, Settled, cents, settle, span
from autograder.rubric import Rubric
from harness.contract import Assignment
from harness.graded import Case, GradedTest
from harness.judge import Kind, Verdict
from harness.marks import Tolerance
from harness.submission.findings import Severity
from harness.submission.preflight import inspect
from tests.project.grade.test_results import SCHEMA
from tests.project.test_rubric import RUBRIC, TIERS

GRACE = '[late]\n[[late.tier]]\nup_to = "48 hours"\ndeduct = 0\n'
SUBMISSION = "[assignment]\nstrict = 'submission'"


def make_kit(*changes: str, rubric: str = RUBRIC) -> Kit:
    """A kit without answers: two tests a deliverable, 6 + 2.5 + 4 points.

    Args:
        changes: tables to add, or a table's head with keys to add to it.
    """
    for change in changes:
        head, _, rest = change.strip().partition("\n")
        rubric = rubric.replace(f"{head}\n", f"{head}\n{rest}\n") if f"{head}\n" in rubric else f"{rubric}\n{change}\n"
    parsed = Rubric.parse(rubric)
    contract = {
        **asdict(parsed.assignment),
        "files": ["models/a.py", "models/b/c.py"],
        "parts": [asdict(part) for part in parsed.parts],
        "deliverables": [{**asdict(deliverable), "functions": []} for deliverable in parsed.deliverables],
    }
    tests = tuple(
        GradedTest(
            deliverable.tests, f"test_{n}", "S.", f"{deliverable.number}.{n}", 1, Tolerance(), (), False, None, (),
            (Case("", {}),),
        )
        for deliverable in parsed.deliverables
        for n in (1, 2)
    )  # fmt: skip
    return Kit(Path(), parsed, Assignment.parse(json.dumps(contract)), tests, ("public", "hidden-1"), "12345678")


def grades(kit: Kit, wrong: int = 0, hidden: int = 0, **more: object) -> Grades:
    """All right but for the last rows: so many wrong, and before them so many wrong with hidden inputs alone."""
    kinds = [Verdict(Kind.PASSED)] * (len(kit.tests) - wrong - hidden)
    kinds += [Verdict(Kind.SHAPE, "Right with the published inputs; a result has the wrong shape.", "Axes?")] * hidden
    kinds += [Verdict(Kind.VALUES, "The values differ.", "A gate?")] * wrong
    rows = [
        Row(test, verdict, -1.0, kit.points[test.key], verdict.kind is not Kind.VALUES)
        for test, verdict in zip(kit.tests, kinds, strict=True)
    ]
    return Grades(rows, [], **more)


DUE = datetime.fromisoformat("2026-05-01T12:00:00.000000-07:00")


def iso(hours: float = 0, base: datetime = DUE) -> str:
    """As the platform writes dates; hours after the due date."""
    return (base + timedelta(hours=hours)).isoformat(timespec="microseconds")


def forged(hours: float, own: tuple[float | None, ...] = (0,), before: tuple[float, ...] = (), **assignment) -> dict:
    """Metadata of a submission.

    Args:
        hours: when it was handed in, after the assignment's due date.
        own: for each student, the hours by which the own due date differs; None for a student without one.
        before: when earlier submissions were handed in.
    """
    dates = [{} if shift is None else {"assignment": {"due_date": iso(shift), "late_due_date": None}} for shift in own]
    return {
        "id": 123456,
        "created_at": iso(hours),
        "assignment": {
            "due_date": iso(),
            "late_due_date": None,
            "release_date": iso(-300),
            "group_size": None,
            "group_submission": len(own) > 1,
            "id": 1,
            "course_id": 2,
            "title": "Sequence models",
            "total_points": "12.5",
            **assignment,
        },
        "submission_method": "upload",
        "users": [{"email": "a@b.c", "id": n, "name": "A B", **date} for n, date in enumerate(dates)],
        "previous_submissions": [
            {"submission_time": iso(earlier), "score": 1.0, "autograder_error": False, "results": {}}
            for earlier in before
        ],
    }


def settled(kit: Kit, hours: float = -1, graded: Grades | None = None, notebooks: tuple[str, ...] = (), **more):
    return settle(kit, graded or grades(kit), Metadata.parse(forged(hours, **more)), notebooks)


def shown(kit: Kit, settlement: Settled) -> str:
    """The text that the student sees, in results that keep to the schema."""
    composed = results.compose(kit, settlement, [], {})
    jsonschema.Draft202012Validator(SCHEMA).validate(json.loads(json.dumps(composed, allow_nan=False)))
    assert composed["score"] == settlement.score
    return composed["output"]


# Late.

SECOND = 1 / 3600
LATE = [
    # rubric's tiers, hours after the due date, score of 12.5, words
    ("", -26.5, 12.5, "Handed in on time, 1 day 2 h 30 min before your due date (2026-05-01 12:00-07:00, your own)."),
    ("", 0, 12.5, "Handed in on time, 0 s before"),
    ("", 2.2, 12.5, "Handed in 2 h 12 min after your due date (2026-05-01 12:00-07:00, your own). This assignment ded"),
    ("", 5000, 12.5, "Handed in 208 days 8 h after"),
    (TIERS, -1, 12.5, "Handed in on time, 1 h before"),
    (TIERS, 0, 12.5, "Handed in on time, 0 s before"),
    (
        TIERS,
        SECOND,
        12.5,
        "Handed in 1 s after your due date (2026-05-01 12:00-07:00, your own). Up to 10 min late, no",
    ),
    (TIERS, 1 / 6, 12.5, "Up to 10 min late, nothing is deducted."),
    (TIERS, 1 / 6 + SECOND, 8.75, "Handed in 10 min 1 s after"),
    (TIERS, 2.2, 8.75, "Up to 3 days late, that costs 30 %. 12.5 -> 8.75 points."),
    (TIERS, 72, 8.75, "Handed in 3 days after"),
    (TIERS, 72 + SECOND, 0, "Handed in 3 days 1 s after"),
    (TIERS, 72.5, 0, "Handed in 3 days 30 min after"),
    (TIERS, 72.5, 0, "More than 3 days late, that gives no points. 12.5 -> 0 points."),
    ("[late]\n[[late.tier]]\nup_to = '26.51 hours'\ndeduct = 0\n", 26.5, 12.5, "Up to 1 day 2 h 30 min 36 s late"),
    (GRACE, 47, 12.5, "Up to 2 days late, nothing is deducted."),
    (GRACE, 49, 0, "Handed in 2 days 1 h after"),
]


@pytest.mark.parametrize(("tiers", "hours", "score", "words"), LATE)
def test_lateness_is_reported_and_costs_what_the_tiers_say(tiers, hours, score, words):
    kit = make_kit(tiers)
    settlement = settled(kit, hours)
    assert settlement.score == score
    (line,) = settlement.score_notes
    assert words in line
    assert ("->" in line) == (score < 12.5)
    assert sum(row.score for row in settlement.rows) == 12.5, "rows keep their points"
    text = shown(kit, settlement)
    assert text.index(line) < text.index("Part 1")
    assert settlement.for_staff["late"]["seconds"] == round(max(0, hours) * 3600)


def test_a_deduction_is_a_share_of_what_was_earned():
    kit = make_kit(TIERS)
    settlement = settled(kit, 2, grades(kit, wrong=2))
    assert settlement.score == 5.95
    assert settlement.score_notes[0].endswith("that costs 30 %. 8.5 -> 5.95 points.")
    nothing = settled(kit, 2, grades(kit, wrong=6))
    assert nothing.score == 0
    assert nothing.score_notes[0].endswith("that costs 30 %.")


OWN = [
    # students' own dates, group_date, hours after the assignment's, late seconds, whose date
    ((48,), "latest", 47, 0, "your own, with an extension"),
    ((48,), "latest", 49, 3600, "your own, with an extension"),
    ((-24,), "latest", -23, 3600, "your own)"),
    ((None,), "latest", 1, 3600, "the assignment's, since none of your own is known"),
    ((), "latest", 1, 3600, "the assignment's, since none of your own is known"),
    ((0, 48), "latest", 47, 0, "the latest in your group"),
    ((48, 0), "latest", 47, 0, "the latest in your group"),
    ((48, 0), "earliest", 47, 47 * 3600, "the earliest in your group"),
    ((0, 48), "earliest", 47, 47 * 3600, "the earliest in your group"),
    ((None, 48), "earliest", 47, 47 * 3600, "the earliest in your group"),
    ((None, 48), "latest", 47, 0, "the latest in your group"),
    ((None, -24), "latest", 0, 0, "the latest in your group"),
    ((0, 0), "latest", 1, 3600, "your own)"),
]


@pytest.mark.parametrize(("own", "group_date", "hours", "seconds", "whose"), OWN)
def test_the_students_own_date_counts(own, group_date, hours, seconds, whose):
    settlement = settled(make_kit(f"[late]\ngroup_date = '{group_date}'\n"), hours, own=own)
    assert settlement.for_staff["late"]["seconds"] == seconds
    assert whose in settlement.score_notes[0]


def test_hours_count_whatever_the_clock_was_set_to():
    """Three days later by the clock, across the end of summer time, are 73 hours; without it, no word of clocks."""
    data, kit = forged(0), make_kit(TIERS)
    data["assignment"]["due_date"] = data["users"][0]["assignment"]["due_date"] = "2026-10-31T23:00:00-07:00"
    data["created_at"] = "2026-11-03T23:00:00-08:00"
    settlement = settle(kit, grades(kit), Metadata.parse(data), ())
    assert settlement.score == 0
    assert settlement.score_notes[0].startswith(
        "Handed in 3 days 1 h after your due date (2026-10-31 23:00-07:00, your own). Hours that have passed count, "
        "however clocks were set: 2026-11-03 23:00-08:00 is 2026-11-04 00:00-07:00. More than 3 days late"
    )
    assert "clocks" not in settled(kit, 73).score_notes[0]


TAKEN = [
    # hours, printed, lines of the table from the total on
    (-1, False, ["Total 12.5 of 12.5"]),
    (2, False, ["Total 12.5 of 12.5", "No notebook -1.25", "Lateness -3.37", "Score 7.88 of 12.5"]),
    (2, True, ["Total 12.5 of 12.5", "Printing -12.5", "Score 0 of 12.5"]),
]


@pytest.mark.parametrize(("hours", "printed", "lines"), TAKEN)
def test_the_table_ends_with_the_score_that_counts(hours, printed, lines):
    kit = make_kit("[assignment]\nnotebook = 'required'\nnotebook_deduct = 0.1", TIERS)
    kit = replace(kit, rubric=replace(kit.rubric, assignment=replace(kit.rubric.assignment, output="zero")))
    settlement = settled(kit, hours, replace(grades(kit), printed=printed), notebooks=("a.ipynb",) * (hours < 0))
    table = next(block for block in shown(kit, settlement).split("\n\n") if block.startswith("Part "))
    assert [" ".join(line.split()) for line in table.split("\n")][-len(lines) :] == lines
    assert lines[-1].split()[1] == f"{settlement.score:g}"


def test_offsets_count():
    """Noon in Berlin is three in the morning in California."""
    data = forged(0)
    data["created_at"] = "2026-05-01T21:00:00+02:00"
    assert settle(make_kit(), grades(make_kit()), Metadata.parse(data), ()).for_staff["late"]["seconds"] == 0
    data["created_at"] = "2026-05-01T21:00:01+02:00"
    assert settle(make_kit(), grades(make_kit()), Metadata.parse(data), ()).for_staff["late"]["seconds"] == 1


UNKNOWN = [
    ({"created_at": None}, "When this was handed in is not known", "created_at: expected a date"),
    ({"created_at": "yesterday"}, "When this was handed in is not known", "found yesterday"),
    ({"created_at": "2026-05-01T12:00:00"}, "When this was handed in is not known", "time and offset"),
    ({"created_at": "0001-01-01T00:00:00+00:00"}, "When this was handed in is not known", "created_at"),
    ({"assignment": None}, "", "assignment: expected an object, found nothing"),
    ({"assignment": {"due_date": None, "total_points": "12.5"}, "users": []}, "No due date is known", ""),
    ({"assignment": {"due_date": 5, "total_points": "12.5"}, "users": []}, "No due date is known", "found a int"),
    ({"users": "nobody"}, "", "users: expected a list"),
    ({"users": [None, 3, {"assignment": {"due_date": "soon"}}]}, "", "users[1].assignment.due_date"),
    ({"previous_submissions": [3, {"submission_time": ""}]}, "", "previous_submissions[2].submission_time"),
]


@pytest.mark.parametrize(("changes", "words", "note"), UNKNOWN)
def test_what_is_not_known_costs_nothing_and_is_said(changes, words, note):
    for tiers in ("", TIERS):
        kit = make_kit(tiers)
        settlement = settle(kit, grades(kit), Metadata.parse({**forged(-1), **changes}), ())
        assert settlement.score == 12.5
        notes = settlement.for_staff["notes"]
        assert any(note in line for line in notes) if note else not notes
        assert any(words in line for line in settlement.score_notes) == bool(tiers or not words)
        shown(kit, settlement)


def test_a_date_that_cannot_be_read_gives_way_to_the_assignments():
    data = forged(1)
    data["users"][0]["assignment"]["due_date"] = "soon"
    settlement = settle(make_kit(TIERS), grades(make_kit()), Metadata.parse(data), ())
    assert (settlement.score, settlement.for_staff["late"]["own"]) == (8.75, False)
    assert "the assignment's" in settlement.score_notes[0]


def test_without_metadata_nothing_is_said_of_lateness(tmp_path):
    metadata = Metadata.load(tmp_path / "submission_metadata.json")
    settlement = settle(make_kit(), grades(make_kit()), metadata, ())
    assert (settlement.score_notes, settlement.score) == ([], 12.5)
    assert settlement.for_staff == {"notes": ["there is no submission_metadata.json"]}
    settlement = settle(make_kit(TIERS), grades(make_kit()), metadata, ())
    assert settlement.score_notes == ["When this was handed in is not known, so nothing is deducted for lateness."]


@pytest.mark.parametrize(
    "data", [b"", b"\xff\xfe\x00", b"[" * 100_000, b"1" * 10_000, b'{"a": 1e999', "\ufeff{}".encode()]
)
def test_a_file_that_is_no_json_is_said(tmp_path, data):
    (tmp_path / "metadata").write_bytes(data)
    metadata = Metadata.load(tmp_path / "metadata")
    assert metadata == Metadata(problems=metadata.problems)
    assert "cannot be read" in metadata.problems[0]
    assert "cannot be read" in Metadata.load(tmp_path).problems[0]


DATES = st.sampled_from([iso(1), iso(-1), "9999-12-31T23:59:59-23:59", "2026-13-01", None, 7, "\ud800"])
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | DATES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [*forged(0), *forged(0)["assignment"], "submission_time", "autograder_error"],
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(forged(0), ANYTHING)) | ANYTHING)
def test_whatever_the_metadata_is_results_are_valid(data):
    kit = make_kit(TIERS, "[grading]\nhidden_feedback = { count = 1, per = '1 day' }")
    shown(kit, settle(kit, grades(kit, 1, 1), Metadata.parse(data), ()))


def test_points_and_group_that_do_not_fit_are_noted_for_instructors():
    kit = make_kit()
    assert settled(kit).for_staff["notes"] == []
    assert settled(kit).for_staff["submission"] == 123456
    (note,) = settled(kit, total_points="100.0").for_staff["notes"]
    assert note == "Gradescope's assignment has 100 points, the rubric 12.5: set them equal"
    (note,) = settled(kit, own=(0, 0)).for_staff["notes"]
    assert note == "2 students hand in together, and the rubric's group_size is 1"
    for odd in (None, "many", "nan", "1e999", [], True):
        assert len(settled(kit, total_points=odd).for_staff["notes"]) == 1
    assert "12.5" not in shown(kit, settled(kit, total_points="100.0")).partition("Part 1")[0]


# The published inputs' share.


def test_published_inputs_alone_pay_their_share():
    kit = make_kit("[grading]\npublic_share = 0.2")
    settlement = settled(kit, graded=grades(kit, wrong=1, hidden=2))
    assert [row.score for row in settlement.rows] == [3, 3, 1.25, 0.25, 0.4, 0]
    assert settlement.score == 7.9
    text = json.loads(json.dumps(results.compose(kit, settlement, [], {})["tests"]))
    assert [row["status"] for row in text] == ["passed"] * 3 + ["failed"] * 3


def test_by_default_they_pay_nothing():
    kit = make_kit()
    assert [row.score for row in settled(kit, graded=grades(kit, 1, 2)).rows] == [3, 3, 1.25, 0, 0, 0]


@pytest.mark.parametrize(("number", "rounded"), [(0.005, 0.01), (58.905, 58.91), (1.255, 1.26), (2.0049, 2.0), (0, 0)])
def test_halves_of_a_hundredth_go_up(number, rounded):
    assert cents(number) == rounded


# Output, strictness, notebooks.


def test_stray_output_and_lateness_are_reckoned_one_after_the_other():
    kit = make_kit("[assignment]\nhints = 'off'", TIERS)
    zero = replace(kit, rubric=replace(kit.rubric, assignment=replace(kit.rubric.assignment, output="zero")))
    settlement = settled(zero, 2, replace(grades(kit), printed=True))
    assert settlement.score == 0
    assert settlement.score_notes[0].endswith("This assignment gives no points then. 12.5 -> 0 points.")
    assert settlement.score_notes[1].endswith("that costs 30 %.")
    warned = settled(kit, 2, replace(grades(kit), printed=True))
    assert warned.score == 8.75
    assert "It costs nothing" in warned.remarks[0]


BROKEN = {
    "syntax": ({"models/a.py": b"x = = 1\n", "models/b/c.py": b""}, []),
    "import": ({"models/a.py": b"import requests\n", "models/b/c.py": b""}, []),
    "at import": ({"models/a.py": b"", "models/b/c.py": b""}, ["models/a.py"]),
}


@pytest.mark.parametrize(("files", "broken"), BROKEN.values(), ids=BROKEN.keys())
@pytest.mark.parametrize("strict", [False, True])
def test_one_file_that_does_not_run_costs_everything_where_the_rubric_is_strict(files, broken, strict):
    kit = make_kit(*([SUBMISSION] if strict else []))
    findings = inspect(files, kit.assignment)
    settlement = settled(kit, graded=replace(grades(kit, wrong=2), findings=findings, broken=broken))
    assert settlement.score == (0 if strict else 8.5)
    assert any("models/a.py cannot be run." in line and "8.5 -> 0" in line for line in settlement.score_notes) == strict
    faults = [finding for finding in findings if finding.severity is Severity.FAULT]
    assert all(("Costs all points" in finding.message) == strict for finding in faults)


def test_other_faults_cost_no_more_where_the_rubric_is_strict():
    """A missing file is not one that fails, nor is a refused name."""
    kit = make_kit(SUBMISSION)
    findings = inspect({"models/b/c.py": b"exec('1')\n"}, kit.assignment)
    assert {finding.rule for finding in findings} >= {"missing", "refused"}
    assert settled(kit, graded=replace(grades(kit), findings=findings)).score == 12.5


NOTEBOOKS = [
    ("optional", 0, (), 12.5, ""),
    ("optional", 0, ("a.ipynb",), 12.5, ""),
    ("required", 0, (), 12.5, "asks for a notebook (*.ipynb), and none was handed in."),
    ("required", 0.1, (), 11.25, "none was handed in. That costs 10 %. 12.5 -> 11.25 points."),
    ("required", 0.1, ("a.ipynb",), 12.5, ""),
    ("refused", 0, (), 12.5, ""),
    ("refused", 0, ("a.ipynb",), 12.5, "a.ipynb was not read: this assignment takes no notebooks."),
]


@pytest.mark.parametrize(("notebook", "deduct", "handed_in", "score", "words"), NOTEBOOKS)
def test_a_notebook_is_required_optional_or_refused(notebook, deduct, handed_in, score, words):
    kit = make_kit(f"[assignment]\nnotebook = '{notebook}'\nnotebook_deduct = {deduct}")
    settlement = settled(kit, notebooks=handed_in)
    assert settlement.score == score
    assert [line for line in (*settlement.score_notes, *settlement.remarks) if "notebook" in line] == [
        line for line in (*settlement.score_notes, *settlement.remarks) if words and words in line
    ]
    assert words in shown(kit, settlement)


# How often hidden inputs are talked about.

TWICE = "[grading]\nhidden_feedback = { count = 2, per = '24 hours' }"
TOLD = [
    # earlier submissions and this one, in hours; when it is told again, None when it is told now
    ((), 0, None),
    ((-1,), 0, None),
    ((-2, -1), 0, 22),
    ((-30, -1), 0, None),
    ((-24, -1), 0, None),  # the first leaves the window just now
    ((-23.9, -1), 0, 0.1),
    ((-3, -2, -1), 0, 21),  # the third was not told, so it uses nothing up
    ((-30, -20, -10, -1), 0, 4),
    ((1, 2, 3), 0, None),  # a regrade: those came later
    ((0, 0), 0, None),
]


@pytest.mark.parametrize(("before", "hours", "again"), TOLD)
def test_hidden_inputs_are_talked_about_so_often(before, hours, again):
    kit = make_kit(TWICE)
    settlement = settled(kit, hours, grades(kit, wrong=1, hidden=2), before=before)
    messages = [row.verdict.message for row in settlement.rows[3:]]
    assert messages[2] == "The values differ.", "what fails with published inputs is always said"
    assert [message == NOT_SAID for message in messages[:2]] == [again is not None] * 2
    assert [row.verdict.hint for row in settlement.rows[3:]] == ["" if again else "Axes?"] * 2 + ["A gate?"]
    assert settlement.score == settled(make_kit(), hours, grades(kit, wrong=1, hidden=2)).score
    remarks = [line for line in settlement.remarks if "2 submissions in 1 day" in line]
    assert len(remarks) == (again is not None)
    if again is not None:
        assert f"from {(DUE + timedelta(hours=again)).isoformat(sep=' ', timespec='minutes')} on" in remarks[0]


def test_who_has_nothing_held_back_is_told_of_no_limit():
    kit = make_kit(TWICE)
    assert settled(kit, 0, grades(kit, wrong=2), before=(-2, -1)).remarks == []


def test_runs_that_the_autograder_failed_are_not_counted():
    data = forged(0, before=(-2, -1))
    data["previous_submissions"][0]["autograder_error"] = True
    kit = make_kit(TWICE)
    settlement = settle(kit, grades(kit, hidden=1), Metadata.parse(data), ())
    assert settlement.rows[-1].verdict.message != NOT_SAID


def test_the_order_of_earlier_submissions_does_not_matter():
    kit = make_kit(TWICE)
    assert settled(kit, 0, grades(kit, 1, 1), before=(-1, -30)) == settled(kit, 0, grades(kit, 1, 1), before=(-30, -1))


# What the student may see.


@pytest.mark.parametrize("visibility", ["hidden", "after_due_date", "after_published"])
def test_points_of_rows_that_are_not_shown_stand_nowhere(visibility):
    kit = make_kit("[late]\n[[late.tier]]\nup_to = '3 days'\ndeduct = 0.3", TWICE)
    kit = replace(kit, rubric=replace(kit.rubric, grading=replace(kit.rubric.grading, visibility=visibility)))
    text = shown(kit, settled(kit, 2, grades(kit, wrong=1)))
    assert "that costs 30 %." in text
    assert "->" not in text
    assert "Total" not in text
    assert "6 tests are not shown now" in text
    assert not [word for word in text.split() if word in ("10.5", "7.35", "12.5")]


def test_rows_that_are_shown_have_their_points_and_the_sum_is_not_told():
    kit = make_kit(TIERS)
    first, *others = kit.tests
    kit = replace(kit, tests=(replace(first, visibility="hidden"), *others))
    text = shown(kit, settled(kit, 2))
    assert "1.1 One" in text
    assert "1 test is not shown now" in text
    assert "12.5" not in text


@pytest.mark.parametrize("hints", ["everywhere", "local", "off"])
def test_hints_are_given_in_grading_where_the_rubric_says_everywhere(hints):
    kit = make_kit(f"[assignment]\nhints = '{hints}'")
    rows = results.compose(kit, settled(kit, graded=grades(kit, wrong=1, hidden=1)), [], {})["tests"]
    ends = [row["output"].rpartition("\n\n")[2] for row in rows[-2:]]
    hints_shown = ["Hint: Axes?", "Hint: A gate?"]
    hints_withheld = ["Right with the published inputs; a result has the wrong shape.", "The values differ."]
    assert ends == (hints_shown if hints == "everywhere" else hints_withheld)
    assert "Hint" not in rows[0]["output"]


# Words.


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (0.2, "1 s"),
        (59, "59 s"),
        (60, "1 min"),
        (600, "10 min"),
        (3599, "59 min 59 s"),
        (3600, "1 h"),
        (7980, "2 h 13 min"),
        (86400, "1 day"),
        (86400 + 59, "1 day 59 s"),
        (3 * 86400 + 0.2, "3 days 1 s"),
        (3 * 86400 + 7200 + 60, "3 days 2 h 1 min"),
    ],
)
def test_a_length_of_time_in_words(seconds, words):
    assert span(timedelta(seconds=seconds)) == words
