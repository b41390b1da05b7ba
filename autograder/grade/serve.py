"""Grade many submissions with one warm engine: `run_autograder ROOT --serve` reads requests and writes answers.

Both are JSON, one line each, on standard input and output. A request has

    files      path of the assignment -> content in base64; what `collection.take` has found
    notes      sentences of `collection` about the submission
    notebooks  names of notebooks
    metadata   what is known of it, as in submission_metadata.json
    overrides  number of a test -> points and reason that the staff have decided
    grades     optional: "grades" of an earlier answer; then nothing runs but the tests of `only`
    only       optional: numbers of the tests to run

and its answer has

    results      what single grading writes to results.json
    grades       the verdicts before the rubric's policy
    rows         for each test of `results`, in this order: kind, inputs, misconception, seconds, message
    unexplained  number of a test -> identifier of a case and its outcome in base64, where no known mistake explains it
    isolation, seconds, memory

Another request has

    files    as above
    explain  the number of a test, which is run again as `explain` says
    seeds    names of inputs, in the order in which they are tried

and its answer, which is for the staff alone, has

    seed       the name of the inputs
    cases      for each case: the case in words, kind and message of the verdict, expected and got in base64; got may be
               null
    traceback  lines
    output     what was printed
    isolation

An answer may also be "failed": what went wrong with this submission, or "refused": why this process grades nothing. The
first line of all is {"ready": ...} once the kit is read.
"""

import base64
import json
import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from functools import cached_property
from pathlib import Path
from typing import Any, TextIO

from autograder.grade import main, policy, results, sandbox
from autograder.grade.engine import Engine, Grades, Row
from autograder.grade.explain import explain
from autograder.grade.kit import Kit
from autograder.grade.metadata import Metadata
from autograder.grade.policy import Override
from harness.judge import Kind, Verdict
from harness.outcome import Outcome, encode
from harness.submission.findings import Finding, Severity


def serve(root: str, closed: Sequence[str], here: bool) -> int:
    """Answer requests until standard input ends. Arguments as those of `main`; returns an exit status."""
    sandbox.end_with_parent(os.getppid())
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # by an exception, so that temporary folders are removed
    answers = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)  # whatever else prints, the zygote included
    try:
        server = _Server(Path(root), closed, here)
    except Exception as error:
        _say(answers, {"refused": f"the kit cannot be read: {type(error).__name__}: {error}"})
        return 1
    _say(answers, {"ready": server.kit.answers_id})
    try:
        for line in sys.stdin:
            _say(answers, server.answer(json.loads(line)))
    finally:
        server.close()
    return 0


def _say(stream: TextIO, answer: Mapping[str, Any]) -> None:
    stream.write(json.dumps(answer) + "\n")
    stream.flush()


class _Server:
    """Holds the kit, and the engine once something has to run."""

    def __init__(self, home: Path, closed: Sequence[str], here: bool) -> None:
        main.close_folders(home)
        self.home = home
        self.closed = closed
        self.here = here
        self.kit = Kit.load(home / "source")

    def close(self) -> None:
        if "_engine" in vars(self):
            self._engine[0].close()

    @cached_property
    def _engine(self) -> tuple[Engine, list[str]]:
        """The warm engine, and what its probe has said; started for the first request that runs something."""
        engine = Engine(self.kit)
        try:
            return engine, main.probe(engine, self.home, self.closed, self.here)
        except BaseException:
            engine.close()
            raise

    def answer(self, request: Mapping[str, Any]) -> dict[str, Any]:
        try:
            return self._answer(request)
        except main.NotIsolated as refusal:
            return {"refused": str(refusal)}
        except Exception as error:
            return {"failed": f"{type(error).__name__}: {error}"[: main.MAX_WHY]}

    def _answer(self, request: Mapping[str, Any]) -> dict[str, Any]:
        if "explain" in request:
            return self._explanation(request)
        started = time.monotonic()
        extra: dict[str, Any] = {"answers": self.kit.answers_id, "version": self.kit.assignment.version}
        grades = None if request.get("grades") is None else _unpacked(self.kit, request["grades"])
        if grades is None or request.get("only"):
            engine, isolation = self._engine
            extra |= {"isolation": isolation, "slow": round(engine.warden.slow, 2)}
            grades = self._run(engine, request, grades)
        else:
            extra |= request["grades"]["extra"]
        overrides = {number: Override(**entry) for number, entry in request["overrides"].items()}
        metadata = Metadata.parse(request["metadata"])
        settled = policy.settle(self.kit, grades, metadata, request["notebooks"], overrides)
        numbers = {test.key: test.number for test in self.kit.tests}
        return {
            "results": results.compose(self.kit, settled, request["notes"], extra),
            "grades": _packed(grades, {key: extra[key] for key in ("isolation", "slow")}),
            "rows": [_row(row, raw) for row, raw in zip(settled.rows, grades.rows, strict=True)],
            "unexplained": {
                numbers[key]: [identifier, _encoded(outcome, identifier)]
                for key, (identifier, outcome) in grades.unexplained.items()
            },
            "isolation": extra["isolation"],
            "seconds": time.monotonic() - started,
            "memory": grades.memory,
        }

    def _explanation(self, request: Mapping[str, Any]) -> dict[str, Any]:
        engine, isolation = self._engine
        test = next(test for test in self.kit.tests if test.number == request["explain"])
        explanation = explain(engine, _files(request), test, request["seeds"])
        return {
            "seed": explanation.seed,
            "cases": [
                {
                    "case": str(one.case) if one.case.name else "",
                    "kind": one.verdict.kind,
                    "message": one.verdict.message,
                    "expected": _encoded(one.expected),
                    "got": one.got and _encoded(one.got),
                }
                for one in explanation.cases
            ],
            "traceback": explanation.traceback,
            "output": explanation.output,
            "isolation": isolation,
        }

    def _run(self, engine: Engine, request: Mapping[str, Any], before: Grades | None) -> Grades:
        """Run all tests, or those of `only`, whose rows then take the place of those of `before`."""
        files = _files(request)
        only = request.get("only")
        if before is None or not only:
            return engine.grade(files)
        engine.kit = replace(self.kit, tests=tuple(test for test in self.kit.tests if test.number in only))
        try:
            grades = engine.grade(files)
        finally:
            engine.kit = self.kit
        fresh = {row.test.key: self._priced(row) for row in grades.rows}
        return replace(
            grades,
            rows=[fresh.get(row.test.key, row) for row in before.rows],
            printed=grades.printed or before.printed,  # what other tests have found still holds
            broken=list(dict.fromkeys([*before.broken, *grades.broken])),
            notes=list(dict.fromkeys([*before.notes, *grades.notes])),
            memory=max(before.memory, grades.memory),
        )

    def _priced(self, row: Row) -> Row:
        """A row with its points among all tests: the fewer tests share the points, the more each has."""
        points = self.kit.points[row.test.key]
        return replace(row, score=points if row.verdict.passed else 0.0, max_score=points)


def _files(request: Mapping[str, Any]) -> dict[str, bytes]:
    return {path: base64.b64decode(content) for path, content in request["files"].items()}


def _encoded(outcome: Outcome, identifier: str = "") -> str:
    return base64.b64encode(encode({identifier: outcome})).decode()


def _row(settled: Row, raw: Row) -> dict[str, Any]:
    passed_public, passed = raw.public_passed, settled.verdict.passed
    did_run = settled.verdict.kind not in (Kind.NOT_STARTED, Kind.REFUSED)
    return {
        "kind": settled.verdict.kind,
        "inputs": "" if passed or not did_run else "hidden" if passed_public else "public",
        "misconception": "" if passed else raw.misconception,
        "seconds": round(raw.seconds, 4),
    }


def _packed(grades: Grades, extra: Mapping[str, Any]) -> dict[str, Any]:
    """Grades as JSON, without the wrong outcomes; `extra` goes with them into results.json."""
    rows = [
        {
            "key": row.test.key,
            "kind": row.verdict.kind,
            "message": row.verdict.message,
            "hint": row.verdict.hint,
            "public_passed": row.public_passed,
            "misconception": row.misconception,
            "seconds": row.seconds,
        }
        for row in grades.rows
    ]
    findings = [asdict(finding) for finding in grades.findings]
    rest = {name: getattr(grades, name) for name in ("printed", "broken", "notes", "memory")}
    return {"rows": rows, "findings": findings, **rest, "extra": extra}


def _unpacked(kit: Kit, data: Mapping[str, Any]) -> Grades:
    """The grades that `_packed` has written.

    Raises:
        ValueError: where the kit has other tests.
    """
    tests = {test.key: test for test in kit.tests}
    if [row["key"] for row in data["rows"]] != [*tests]:
        raise ValueError("these grades are of a kit with other tests: grade the submission again")
    rows = []
    for entry in data["rows"]:
        verdict = Verdict(Kind(entry["kind"]), entry["message"], entry["hint"])
        points = kit.points[entry["key"]]
        row = Row(tests[entry["key"]], verdict, points if verdict.passed else 0.0, points)
        rows.append(replace(row, **{name: entry[name] for name in ("public_passed", "misconception", "seconds")}))
    findings = [_finding(finding) for finding in data["findings"]]
    return Grades(rows, findings, **{name: data[name] for name in ("printed", "broken", "notes", "memory")})


def _finding(data: Mapping[str, Any]) -> Finding:
    return Finding(**{**data, "severity": Severity(data["severity"]), "deliverables": tuple(data["deliverables"])})
