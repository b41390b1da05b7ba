"""Runs one test of a submission again, and returns what grading keeps to itself: all values, output and traceback.

What is returned holds expected values, of hidden inputs too: it is for the staff.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from autograder.grade.engine import Engine, end_in_words
from autograder.grade.overlay import overlay
from autograder.grade.warden import Run
from autograder.grade.wire import Item
from harness.draws import measured
from harness.graded import Case, GradedTest
from harness.judge import Kind, Verdict, judge
from harness.outcome import Outcome

MOST_LINES = 100  # of a traceback, whatever the child sends
PATIENCE = 0.8  # of a test's seconds: then a test that does not end is interrupted, to see where it is


@dataclass(frozen=True)
class Explained:
    """One case of a test.

    Attributes:
        got: what the submission showed; None where it ended the process, or did not end.
    """

    case: Case
    expected: Outcome
    got: Outcome | None
    verdict: Verdict


@dataclass(frozen=True)
class Explanation:
    """One run of a test.

    Attributes:
        seed: the name of its inputs: "public", "hidden-1", ...
        traceback: of the first case that fails, if an exception stopped it: lines of text.
        output: the beginning of what was printed, in all cases.
    """

    seed: str
    cases: tuple[Explained, ...]
    traceback: tuple[str, ...]
    output: str


def explain(engine: Engine, files: Mapping[str, bytes], test: GradedTest, seeds: Sequence[str]) -> Explanation:
    """Run a test in a child of its own, with the first of some inputs with which it fails, else with the first of all.

    Args:
        files: the submission, as `collection` returns it.
        seeds: names of inputs.
    """
    until = time.monotonic() + engine.limits.overall_seconds
    passed: Explanation | None = None
    with overlay(engine.kit.root / "student", files, engine.warden.user) as folder:
        for seed in seeds:
            items = engine.items(test, [seed])
            run = engine.warden.run(folder, items, until)
            cases = [_explained(engine, test, case, seed, run, index) for index, case in enumerate(test.cases)]
            explanation = Explanation(seed, tuple(cases), (), run.output.decode(errors="replace"))
            failed = [index for index, case in enumerate(cases) if not case.verdict.passed]
            if failed:
                return replace(explanation, traceback=_traceback(engine, folder, items[: failed[0] + 1], run, until))
            passed = passed or explanation
    assert passed, "a kit has at least one seed"
    return passed


def _explained(engine: Engine, test: GradedTest, case: Case, seed: str, run: Run, index: int) -> Explained:
    right = engine.answers[seed].outcomes[test.identifier(case)]
    got = run.outcomes.get(index)
    if got is None:
        return Explained(case, right, None, Verdict(Kind.FAULT, end_in_words(run)))
    got = measured(got, right)
    return Explained(case, right, got, judge(got, right, test.tolerance, test.size_names))


def _traceback(engine: Engine, folder: Path, items: Sequence[Item], run: Run, until: float) -> tuple[str, ...]:
    """The traceback of the last item, whose run has failed; the others run before it as they did then."""
    got = run.outcomes.get(len(items) - 1)
    if run.end == "done" and not (got and got.fault):
        return ()
    patience = PATIENCE * engine.limits.test_seconds if run.end == "timeout" else 0.0
    again = [replace(item, kind="traceback", seconds=patience) for item in items]
    last = engine.warden.run(folder, again, until).outcomes.get(len(items) - 1)
    return tuple(map(str, last.shown.values()))[:MOST_LINES] if last else ()
