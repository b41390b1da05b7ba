"""Applies the rubric to a submission's rows: points, deductions with their arithmetic, and what students are told.

Points are computed only here. Times come from the platform's metadata, never from the clock.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from autograder.grade.engine import Grades, Row
from autograder.grade.kit import Kit
from autograder.grade.metadata import Due, Metadata
from autograder.rubric import Excused, HiddenFeedback, Late, Tier
from harness.judge import Kind, Verdict
from harness.submission.findings import BREAKS_A_FILE, Severity
from harness.words import joined

ONE = {timedelta(days=1): "day", timedelta(hours=1): "hour", timedelta(minutes=1): "minute"}
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
NOT_SAID = "Right with the published inputs, not with others. What differs with those is not said this time."


@dataclass(frozen=True)
class Override:
    """Points that the staff give a row in place of its own, and the reason, which the student reads."""

    points: float
    reason: str


@dataclass
class Settled:
    """A submission's rows and points under the rubric's policy.

    Attributes:
        rows: the rows with their points, without words that the rubric withholds.
        open: whether the student may see every row now; if not, no sentence tells points.
        score_notes: sentences for the student about what changes the score, with the arithmetic.
        deductions: each in order: its reason, and the number of points.
        remarks: further sentences for the student about the submission as a whole.
        for_staff: what only instructors need, for `extra_data`.
    """

    rows: list[Row]
    score: float
    open: bool = True
    score_notes: list[str] = field(default_factory=list)
    deductions: list[tuple[str, float]] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    for_staff: dict[str, Any] = field(default_factory=dict)

    def deduct(self, title: str, share: float, why: str) -> None:
        """Deduct a share of the score, and record why and how much that is."""
        before, self.score = self.score, cents(self.score * (1 - share))
        deducted = share > 0 and before > 0
        if deducted:
            self.deductions.append((title, before - self.score))
        tells_points = self.open and deducted
        self.score_notes.append(f"{why} {points(before)} -> {points(self.score)} points." if tells_points else why)


def settle(
    kit: Kit,
    grades: Grades,
    metadata: Metadata,
    notebooks: Sequence[str],
    overrides: Mapping[str, Override] | None = None,
) -> Settled:
    """Apply the rubric's policy to a graded submission.

    Args:
        notebooks: names of the *.ipynb in what was handed in.
        overrides: a test's number -> what the staff have decided about its row.
    """
    assignment, grading = kit.rubric.assignment, kit.rubric.grading
    again = _next_feedback(grading.hidden_feedback, metadata)
    rows = [
        _excused(row, entry) if (entry := kit.excused(row.test)) else _row(row, grading.public_share, again is not None)
        for row in grades.rows
    ]
    rows = [_overridden(row, (overrides or {}).get(row.test.number)) for row in rows]
    settled = Settled(rows, cents(sum(row.score for row in rows)))
    settled.open = all(visibility(row, kit) == "visible" for row in rows)
    settled.for_staff = _for_staff(kit, metadata)
    settled.for_staff["notes"] += grades.notes
    if grades.printed and assignment.output != "allow":
        _output(settled, assignment.output)
    if assignment.strict == "submission":
        _strictness(settled, grades)
    _notebook(settled, kit, notebooks)
    _lateness(settled, metadata, kit.rubric.late)
    if again and any(row.verdict.message == NOT_SAID for row in rows):
        settled.remarks.append(_limit_in_words(grading.hidden_feedback, again))
    settled.remarks += [str(finding) for finding in grades.findings if finding.severity is Severity.WARNING]
    return settled


def visibility(row: Row, kit: Kit) -> str:
    """When the student may see a row."""
    return row.test.visibility or kit.rubric.grading.visibility


def points(number: float) -> str:
    """Points without needless zeros: 12, 7.5."""
    return f"{number:.2f}".rstrip("0").rstrip(".")


def cents(number: float) -> float:
    """Round to the nearest hundredth, halves upwards, also where the binary fraction is slightly below the half."""
    return math.floor(number * 100 + 0.5 + 1e-6) / 100


def _row(row: Row, public_share: float, limited: bool) -> Row:
    """A row with its points: all, the share for the published inputs, or none."""
    if row.verdict.passed:
        return replace(row, score=row.max_score)
    if not row.public_passed:
        return replace(row, score=0.0)
    verdict = replace(row.verdict, message=NOT_SAID, hint="") if limited else row.verdict
    return replace(row, score=cents(public_share * row.max_score), verdict=verdict)


def _excused(row: Row, entry: Excused) -> Row:
    """A row of a test that has proved faulty: it has all its points, which are none if they are spread over others."""
    given, spread = "Everybody has its points.", "Its points are spread over the tests beside it."
    where = given if entry.points == "given" else spread
    why = entry.why.rstrip(".")
    verdict = Verdict(Kind.PASSED, f"This test has proved faulty and decides nothing: {why}. {where}")
    return replace(row, score=row.max_score, verdict=verdict)


def _overridden(row: Row, override: Override | None) -> Row:
    if override is None:
        return row
    reason = override.reason.rstrip(".")
    words = f"The staff gave this test {points(override.points)} of {points(row.max_score)} points: {reason}."
    message = "\n\n".join(filter(None, (words, row.verdict.message)))
    return replace(row, score=override.points, verdict=replace(row.verdict, message=message))


def _for_staff(kit: Kit, metadata: Metadata) -> dict[str, Any]:
    """The platform's metadata for instructors, and notes about what does not fit the rubric."""
    notes = list(metadata.problems)
    full, assignment = sum(kit.points.values()), kit.rubric.assignment
    if metadata.total is not None and abs(metadata.total - full) > 0.005:
        difference = f"Gradescope's assignment has {points(metadata.total)} points, the rubric {points(full)}"
        notes.append(f"{difference}: set them equal")
    if metadata.members > assignment.group_size:
        most = f"the rubric's group_size is {assignment.group_size}"
        notes.append(f"{metadata.members} students hand in together, and {most}")
    if 0 < metadata.members < assignment.group_size_min:
        least = f"the rubric's group_size_min is {assignment.group_size_min}"
        hands_in = "1 student hands in" if metadata.members == 1 else f"{metadata.members} students hand in together"
        notes.append(f"{hands_in}, and {least}")
    noted: dict[str, Any] = {"notes": notes}
    if metadata.id is not None:
        noted["submission"] = metadata.id
    if metadata.created:
        noted["created_at"] = metadata.created.isoformat()
    return noted


# What costs points.


def _output(settled: Settled, policy: str) -> None:
    why = "Your code prints while it is imported or tested."
    if policy == "zero":
        settled.deduct("Printing", 1.0, f"{why} This assignment gives no points then.")
    else:
        settled.remarks.append(f"{why} It costs nothing; take it out next time.")


def _strictness(settled: Settled, grades: Grades) -> None:
    """Deduct all points if there is a file that Python cannot parse or import."""
    broken = {finding.file for finding in grades.findings if finding.rule in BREAKS_A_FILE}.union(grades.broken)
    if broken:
        names = joined(sorted(broken))
        why = f"{names} cannot be run. This assignment gives no points when any file does not run."
        settled.deduct("A file that does not run", 1.0, why)


def _notebook(settled: Settled, kit: Kit, notebooks: Sequence[str]) -> None:
    policy, share = kit.rubric.assignment.notebook, kit.rubric.assignment.notebook_deduct
    if policy == "required" and not notebooks:
        why = "This assignment asks for a notebook (*.ipynb), and none was handed in."
        settled.deduct("No notebook", share, f"{why} That costs {percent(share)}." if share else why)
    elif policy == "refused" and notebooks:
        settled.remarks.append(f"{notebooks[0]} was not read: this assignment takes no notebooks.")


def _lateness(settled: Settled, metadata: Metadata, late: Late) -> None:
    """Say how late the submission is, by the student's own due date if there is one, and apply the tiers."""
    if metadata.created is None or not metadata.due:
        if late.tiers:
            missing = "No due date is known" if metadata.created else "When this was handed in is not known"
            settled.score_notes.append(f"{missing}, so nothing is deducted for lateness.")
        return
    pick = max if late.group_date == "latest" else min
    due = pick(metadata.due, key=lambda due: (due.date, due.own))
    delay = metadata.created - due.date
    due_date = f"your due date ({moment(due.date)}, {_whose(due, metadata, late)}).{_clock(metadata.created, due.date)}"
    seconds = max(0, math.ceil(delay.total_seconds()))
    settled.for_staff["late"] = {"due": due.date.isoformat(), "own": due.own, "seconds": seconds}
    if delay <= timedelta(0):
        settled.score_notes.append(f"Handed in on time, {span(-delay)} before {due_date}")
        return
    words, share = _price(late.tiers, delay)
    settled.for_staff["late"] |= {"deduct": share, "before": settled.score}
    settled.deduct("Lateness", share, f"Handed in {span(delay)} after {due_date} {words}")


def _price(tiers: Sequence[Tier], delay: timedelta) -> tuple[str, float]:
    """The price of a delay, in words and as a share."""
    if not tiers:
        return "This assignment deducts nothing for that.", 0.0
    tier = next((tier for tier in tiers if delay <= tier.up_to), None)
    if tier is None:
        return f"More than {span(tiers[-1].up_to)} late, that gives no points.", 1.0
    share = tier.price(delay)
    if tier.deduct == 0:
        return f"Up to {span(tier.up_to)} late, nothing is deducted.", share
    if tier.per:
        each = f"{percent(tier.deduct)} for each {ONE.get(tier.per, span(tier.per))} or part of it"
        return f"Up to {span(tier.up_to)} late, that costs {each}: {percent(share)}.", share
    return f"Up to {span(tier.up_to)} late, that costs {percent(share)}.", share


def _clock(created: datetime, due: datetime) -> str:
    """A sentence for two dates with different offsets, as when summer time ends between them; else ""."""
    if created.utcoffset() == due.utcoffset():
        return ""
    same = moment(created.astimezone(due.tzinfo))
    return f" Hours that have passed count, however clocks were set: {moment(created)} is {same}."


def _whose(due: Due, metadata: Metadata, late: Late) -> str:
    """Words that say where a due date comes from."""
    if len({due.date for due in metadata.due}) > 1:
        return f"the {late.group_date} in your group"
    if due.extended:
        return "your own, with an extension"
    return "your own" if due.own else "the assignment's, since none of your own is known"


# What is told of hidden inputs.


def _next_feedback(rule: HiddenFeedback | None, metadata: Metadata) -> datetime | None:
    """When a submission is next told what differs with hidden inputs; None if this one is told.

    Earlier submissions within the limit count, whether or not anything differed in them; those above it do not.
    """
    if rule is None or metadata.created is None:
        return None
    told_at: list[datetime] = []

    def again() -> datetime:
        return told_at[-rule.count] + rule.per if len(told_at) >= rule.count else LONG_AGO

    for date in metadata.previous:
        if again() <= date < metadata.created:
            told_at.append(date)
    return None if again() <= metadata.created else again().astimezone(metadata.created.tzinfo)


def _limit_in_words(rule: HiddenFeedback | None, again: datetime) -> str:
    assert rule is not None
    many = "1 submission" if rule.count == 1 else f"{rule.count} submissions"
    return (
        f"What differs with inputs that are not published is said for {many} in {span(rule.per)}; they are used up. "
        f"It is said again for what you hand in from {moment(again)} on. Points are the same with and without."
    )


# Words.


def percent(share: float) -> str:
    return f"{100 * share:.4g} %"


def moment(date: datetime) -> str:
    return date.isoformat(sep=" ", timespec="minutes")


def span(time: timedelta) -> str:
    """A time span in words, such as "3 days 30 min", rounded up to whole seconds."""
    left = math.ceil(time.total_seconds())
    parts: list[str] = []
    for size, name in ((86_400, "day"), (3600, "h"), (60, "min"), (1, "s")):
        count, left = divmod(left, size)
        parts += [f"{count} {name}{'s' * (name == 'day' and count > 1)}"] * (count > 0)
    return " ".join(parts) or "0 s"
