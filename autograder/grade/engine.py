"""Grade one submission: which tests run, in which child, and what each row's verdict is.

All tests run with the published inputs first; only those that pass run with hidden inputs. So a submission's own words
(messages, exceptions) come from runs before any hidden input was near it. For hidden runs students read fixed words.

In both phases many tests share one child. A test that does not pass there runs again alone, and that verdict counts. To
pass, a submission needs values that it cannot know, so sharing a process can only hurt the submission itself, and the
second run undoes this. Every graded test gets a verdict, whatever the child does.
"""

import gc
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from autograder.grade import delegation, wire
from autograder.grade.kit import PUBLIC, Kit
from autograder.grade.overlay import overlay
from autograder.grade.warden import Run, Warden
from autograder.grade.wire import Item
from harness.draws import measured
from harness.graded import GradedTest
from harness.hidden import hidden_words
from harness.hints import Hints
from harness.judge import Kind, Verdict, judge
from harness.outcome import Outcome, encode
from harness.submission.findings import Finding
from harness.submission.preflight import inspect
from harness.verdicts import ended_early, name_needed, preflight

KEPT = 1 << 19  # bytes; larger wrong outcomes are not kept for hints, and right ones take a third at most


@dataclass(frozen=True)
class Row:
    """A graded test's verdict and points.

    Attributes:
        public_passed: whether it passed with the published inputs.
        misconception: the known mistake whose outcome it equals, as "deliverable/name", or "".
        seconds: wall time of all its runs.
    """

    test: GradedTest
    verdict: Verdict
    score: float
    max_score: float
    public_passed: bool = False
    misconception: str = ""
    seconds: float = 0.0


@dataclass
class Grades:
    """All rows of a submission, in the tests' order, and findings about it.

    Attributes:
        broken: the files that Python can parse but not import.
        notes: for the staff alone.
        memory: the most MiB that a child had in memory, what it shares with the zygote included.
        unexplained: test key -> identifier of the case and its outcome, for wrong outcomes with published inputs that
            are those of no known mistake.
    """

    rows: list[Row]
    findings: list[Finding]
    printed: bool = False
    broken: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    memory: float = 0.0
    unexplained: dict[str, tuple[str, Outcome]] = field(default_factory=dict)


@dataclass
class _Evidence:
    """The outcomes of the runs with published inputs, from which hints are found.

    Attributes:
        wrong: identifier of a test and its case -> its outcome.
        right: identifiers of tests and cases that passed.
        blamed: test key -> the identifier of the case that its verdict is about.
    """

    wrong: dict[str, Outcome] = field(default_factory=dict)
    right: set[str] = field(default_factory=set)
    blamed: dict[str, str] = field(default_factory=dict)

    def note(self, test: GradedTest, identifier: str, outcome: Outcome | None, verdict: Verdict) -> None:
        if verdict.passed:
            self.right.add(identifier)
            return
        self.blamed[test.key] = identifier
        if outcome and wire.decoded_size(encode({"": outcome})) < KEPT:
            self.wrong[identifier] = outcome


@dataclass
class _State:
    """The state of grading one submission."""

    files: Mapping[str, bytes]
    folder: Path
    until: float
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    evidence: _Evidence = field(default_factory=_Evidence)
    public_passed: set[str] = field(default_factory=set)
    timeouts: Counter[str] = field(default_factory=Counter)
    printed: bool = False
    broken: list[str] = field(default_factory=list)
    misconceptions: dict[str, str] = field(default_factory=dict)
    seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    memory: float = 0.0
    nodes: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))


class Engine:
    """Grades submissions one after the other with one warm zygote.

    Args:
        kit: the unpacked kit.

    The expected outcomes are read here, after the zygote has split off.
    """

    def __init__(self, kit: Kit) -> None:
        self.kit = kit
        self.limits = kit.rubric.grading.limits
        self.warden = Warden(kit.root, self.limits)
        self.answers = kit.answers()

    @cached_property
    def hints(self) -> Hints:
        """Read when the first answer is wrong, since only wrong answers need them.

        Collecting garbage never visits these many objects, which takes two fifths of the time for reading them.
        """
        gc.disable()
        try:
            return self.kit.hints()
        finally:
            gc.freeze()
            gc.enable()

    def close(self) -> None:
        self.warden.close()

    def probe(self, closed: Sequence[str], unwritable: Sequence[str], needed: Sequence[str]) -> list[str]:
        """Let a child try what student code must not be able to do; return sentences about what it could do."""
        item = Item("probe", paths=(tuple(closed), tuple(unwritable), tuple(needed)))
        with overlay(self.kit.root / "student", {}, self.warden.user) as folder:
            run = self.warden.run(folder, [item], time.monotonic() + self.limits.overall_seconds)
        outcome = run.outcomes.get(0)
        if outcome is None or outcome.fault:
            why = outcome.fault if outcome else run.end
            return [f"not isolated, as far as is known: the probe itself failed ({why})"]
        return list(outcome.shown)

    def grade(self, files: Mapping[str, bytes]) -> Grades:
        """Grade the listed files of a submission, as `collection` returns them."""
        until = time.monotonic() + self.limits.overall_seconds
        findings = inspect(files, self.kit.assignment)
        with overlay(self.kit.root / "student", files, self.warden.user) as folder:
            state = _State(files, folder, until)
            self._preflight(state, findings)
            self._import(state)
            self._run_both_phases(state)
        self._hint(state)
        rows = [self._row(test, state) for test in self.kit.tests]
        deliverables = self.kit.assignment.deliverables
        notes = [delegation.note(deliverable, state.nodes[deliverable.tests]) for deliverable in deliverables]
        return Grades(
            rows,
            findings,
            state.printed,
            state.broken,
            list(filter(None, notes)),
            state.memory,
            dict(self._unexplained(state)),
        )

    def _unexplained(self, state: _State) -> Iterator[tuple[str, tuple[str, Outcome]]]:
        """The wrong outcomes of tests that are begun and have no hint."""
        for key, identifier in state.evidence.blamed.items():
            verdict, outcome = state.verdicts[key], state.evidence.wrong.get(identifier)
            if outcome and verdict.kind not in (Kind.PASSED, Kind.NOT_STARTED) and not verdict.hint:
                yield key, (identifier, outcome)

    def _row(self, test: GradedTest, state: _State) -> Row:
        points = self.kit.points[test.key]
        verdict = state.verdicts[test.key]
        return Row(
            test,
            verdict,
            points if verdict.passed else 0.0,
            points,
            test.key in state.public_passed,
            state.misconceptions.get(test.key, ""),
            state.seconds[test.key],
        )

    def _preflight(self, state: _State, findings: Sequence[Finding]) -> None:
        """Judge what needs no run: excused tests, and deliverables not started or refused by the preflight."""
        decided = preflight(state.files, findings, self.kit.assignment)
        for test in self.kit.tests:
            verdict = decided.get(self.kit.deliverable_of(test).id)
            if self.kit.excused(test):
                state.verdicts[test.key] = Verdict(Kind.PASSED)  # whatever it would show decides nothing
            elif verdict:
                state.verdicts[test.key] = verdict

    def _import(self, state: _State) -> None:
        """Import every file. If the first file of a child cannot be imported, all its tests fail at once."""
        open_files = {self.kit.deliverable_of(test).file for test in self._open(state)}
        files = [file for file in self.kit.assignment.files if file in open_files]
        while files:
            run = self._child(state, [Item("import", file.removesuffix(".py").replace("/", ".")) for file in files])
            imported = 0
            while imported in run.outcomes and not run.outcomes[imported].fault:
                imported += 1
            if imported == 0:  # no other file can have caused the failure
                self._not_imported(state, files[0], run)
            files = files[max(imported, 1) :]

    def _not_imported(self, state: _State, file: str, run: Run) -> None:
        """Fail the tests of a file that could not be imported although it was the first in its child."""
        fault = run.outcomes[0].fault if 0 in run.outcomes else None
        words = f"{fault.where}: {fault.kind}: {fault.message}" if fault else f"{file}: {end_in_words(run)}"
        state.broken.append(file)
        verdict = Verdict(Kind.FAULT, f"The file cannot be imported, so none of its tests can run.\n{words}")
        for test in self._open(state):
            if self.kit.deliverable_of(test).file == file:
                state.verdicts[test.key] = verdict

    def _run_both_phases(self, state: _State) -> None:
        """Run all open tests with the published inputs, then those that pass with hidden ones.

        In the second phase nothing that student code says is shown.
        """
        tests = self._open(state)
        verdicts = self._run(state, tests, self.kit.seeds[:1])
        state.public_passed = {key for key, verdict in verdicts.items() if verdict.passed}
        if hidden := self.kit.seeds[1:]:
            right = [test for test in tests if test.key in state.public_passed]
            printed = state.printed
            verdicts |= self._run(state, right, hidden)
            state.printed = printed  # whether hidden runs print is kept secret, since it can depend on their inputs
        state.verdicts |= verdicts
        state.verdicts |= name_needed(state.verdicts, tests, self.kit.assignment)

    def _run(self, state: _State, tests: Sequence[GradedTest], seeds: Sequence[str]) -> dict[str, Verdict]:
        """A verdict for each test on all seeds: tests run together first, then those that did not pass run alone."""
        passed = self._run_together(state, tests, seeds)
        return {test.key: passed.get(test.key) or self._run_alone(state, test, seeds) for test in tests}

    def _run_together(self, state: _State, tests: Sequence[GradedTest], seeds: Sequence[str]) -> dict[str, Verdict]:
        """Run tests in one child, and in another one after a test that ends it; return the verdicts of those that pass.

        If a child dies, nobody knows which test has printed, so nothing counts that ran in a child that printed.
        """
        passed: dict[str, Verdict] = {}
        waiting = list(tests)
        while waiting and time.monotonic() < state.until:
            items = [item for test in waiting for item in self.items(test, seeds)]
            run = self._child(state, items)
            position = 0
            for test in waiting:
                verdict = self._judge(state, test, run, position, seeds)
                position += len(seeds) * len(test.cases)
                if verdict.passed and (run.end == "done" or not run.printed):
                    passed[test.key] = verdict
            if len(run.outcomes) == len(items):
                break
            waiting = self._after(waiting, items[len(run.outcomes)].name, run)
        return passed

    def _after(self, waiting: list[GradedTest], stopped: str, run: Run) -> list[GradedTest]:
        """The tests after the one that ended a child; after a time-out, only those of other deliverables."""
        position = [test.key for test in waiting].index(stopped)
        rest = waiting[position + 1 :]
        if run.end == "timeout":
            rest = [test for test in rest if test.module != waiting[position].module]
        return rest

    def _run_alone(self, state: _State, test: GradedTest, seeds: Sequence[str]) -> Verdict:
        """Run a test in a child of its own; this verdict counts."""
        if time.monotonic() >= state.until:
            return Verdict(Kind.FAULT, "Not run: the time for the whole submission was used up.")
        if state.timeouts[test.module] >= self.limits.timeouts:
            return Verdict(Kind.FAULT, "Not run: too many tests of this deliverable ran out of time.")
        run = self._child(state, self.items(test, seeds))
        state.timeouts[test.module] += run.end == "timeout"
        return self._judge(state, test, run, 0, seeds)

    def _open(self, state: _State) -> list[GradedTest]:
        return [test for test in self.kit.tests if test.key not in state.verdicts]

    def items(self, test: GradedTest, seeds: Sequence[str]) -> list[Item]:
        """A test's runs: every case with every seed."""
        nodes = bool(self.kit.deliverable_of(test).refused)
        return [
            Item("test", test.key, case.name, self.answers[seed].seeds[test.identifier(case)], nodes)
            for seed in seeds
            for case in test.cases
        ]

    def _child(self, state: _State, items: Sequence[Item]) -> Run:
        run = self.warden.run(state.folder, items, state.until)
        state.printed |= run.printed and run.end == "done"
        state.memory = max(state.memory, run.memory)
        for index, seconds in run.seconds.items():
            if items[index].kind == "test":
                state.seconds[items[index].name] += seconds
        return run

    def _judge(self, state: _State, test: GradedTest, run: Run, position: int, seeds: Sequence[str]) -> Verdict:
        """Judge a test's runs, whose outcomes begin at `position`; the verdict is about the first that fails."""
        for offset, (seed, case) in enumerate((seed, case) for seed in seeds for case in test.cases):
            identifier = test.identifier(case)
            outcome = run.outcomes.get(position + offset)
            if outcome is None:
                verdict = Verdict(Kind.FAULT, end_in_words(run))
            else:
                state.nodes[test.module] |= outcome.nodes
                right = self.answers[seed].outcomes[identifier]
                outcome = measured(outcome, right)
                verdict = judge(outcome, right, test.tolerance, test.size_names)
            if seed == PUBLIC:
                state.evidence.note(test, identifier, outcome, verdict)
            if not verdict.passed:
                return verdict.within(case) if seed == PUBLIC else self._hidden(verdict.kind, test, seed)
        return Verdict(Kind.PASSED)

    def _hint(self, state: _State) -> None:
        """Add the hint of a known mistake to each verdict whose outcome equals the mistake's.

        Only runs with published inputs get hints, because a choice among many mistakes could carry a message about
        hidden inputs. Every known mistake fails with the published inputs. No test runs twice here, so a random outcome
        can get a wrong hint by accident; on a laptop it cannot.
        """
        evidence = state.evidence
        wrong = {name: outcome for name, outcome in evidence.wrong.items() if name not in evidence.right}
        known = self.hints.recognize(wrong, evidence.right) if wrong else {}
        for key in evidence.blamed.keys() - state.public_passed:
            if mistake := known.get(evidence.blamed[key]):
                state.verdicts[key] = replace(state.verdicts[key], hint=mistake.hint)
                state.misconceptions[key] = mistake.name

    def _hidden(self, kind: Kind, test: GradedTest, seed: str) -> Verdict:
        """A verdict in fixed words, made from our own data, for a test that first fails with this hidden seed."""
        names = [test.identifier(case) for case in test.cases]
        public, *hidden = ([self.answers[key].outcomes[name] for name in names] for key in self.kit.seeds)
        failed = self.kit.seeds.index(seed) - 1
        return Verdict(kind, hidden_words(kind, public, hidden, failed, test.size_names))


def end_in_words(run: Run) -> str:
    """Why a child sent no more outcomes, for the student."""
    return "Your code wrote to the grader's result channel." if run.end == "garbage" else ended_early(run.end)
