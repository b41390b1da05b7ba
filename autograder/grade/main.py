"""Grade the submission in Gradescope's folders; `run_autograder` calls this for every submission.

ROOT/source      the kit
ROOT/submission  what the student handed in
ROOT/submission_metadata.json
ROOT/results/results.json   written here, once; not where nothing could be graded, so that the platform says so
"""

import contextlib
import os
import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from autograder.grade import collection, policy, results
from autograder.grade.engine import Engine, Grades
from autograder.grade.kit import Kit
from autograder.grade.metadata import Metadata
from harness.words import printable

FAILED = "the autograder itself has failed, and no results were written; the lines above say where"
MAX_WHY = 400  # characters


class NotIsolated(Exception):
    """The rubric requires isolation, and there is none."""


def main(root: str, closed: Sequence[str] = (), here: bool = False) -> int:
    """Grade ROOT/submission into ROOT/results/results.json.

    Args:
        closed: further paths that student code must not be able to read; the isolation proof tries them.
        here: whether this is one's own machine, where it also grades without isolation, and not the platform.

    Returns:
        0, or 1 if the grader itself failed or refuses to grade without isolation. Then there is no results.json, so
        that the platform reports a failed autograder and not zero points, and the last line says why.
    """
    home = Path(root)
    close_folders(home)
    try:
        (home / "results" / "results.json").unlink(missing_ok=True)  # of a run before
        _grade_folder(home, closed, here)
    except NotIsolated as refusal:
        print(f"Not graded: {refusal}")
    except Exception as error:
        traceback.print_exc(file=sys.stdout)  # which only instructors see
        print(f"Not graded: {FAILED} ({printable(f'{type(error).__name__}: {error}')[:MAX_WHY]})")
    else:
        return 0
    return 1


def _grade_folder(home: Path, closed: Sequence[str], here: bool) -> None:
    started = time.monotonic()
    kit = Kit.load(home / "source")
    extra: dict[str, Any] = {"answers": kit.answers_id, "version": kit.assignment.version}
    metadata = Metadata.load(home / "submission_metadata.json")
    taken = collection.take(home / "submission", kit.assignment)
    grades = _grade(kit, home, taken.files, closed, here, extra)
    settled = policy.settle(kit, grades, metadata, taken.notebooks)
    results.write(results.compose(kit, settled, taken.notes, extra), home / "results" / "results.json")
    table = [*results.summary(kit, settled.rows), *results.ending(settled)]
    print("\n".join([results.heading(kit), "", *table, *settled.score_notes]))
    print(f"graded in {time.monotonic() - started:.1f} s")
    for line in [*extra.get("isolation", []), *(f"note: {note}" for note in settled.for_staff["notes"])]:
        print(line)


def _grade(
    kit: Kit, home: Path, files: dict[str, bytes], closed: Sequence[str], here: bool, extra: dict[str, Any]
) -> Grades:
    engine = Engine(kit)
    try:
        extra["isolation"] = probe(engine, home, closed, here)
        extra["slow"] = round(engine.warden.slow, 2)
        return engine.grade(files)
    finally:
        engine.close()


def probe(engine: Engine, home: Path, closed: Sequence[str], here: bool) -> list[str]:
    """Sentences about what student code could reach.

    Raises:
        NotIsolated: where the rubric requires isolation, some is missing, and this is the platform.
    """
    kit = engine.kit
    secrets = [str(kit.folder), *(str(path) for path in kit.folder.iterdir()), *closed]
    folders = [str(home / "results"), str(kit.root), str(home / "submission")]
    isolation = engine.probe(secrets + folders, folders, [os.__file__, np.__file__])
    if kit.rubric.grading.isolation == "required" and not here:
        _refuse_without(isolation)
    return isolation


def _refuse_without(isolation: Sequence[str]) -> None:
    """Raise NotIsolated if the probe says "not isolated". A note is no reason, since another layer still holds."""
    open_ways = [sentence for sentence in isolation if sentence.startswith("not isolated")]
    if open_ways:
        raise NotIsolated(
            f'the rubric has isolation = "required", and the probe says "{"; ".join(open_ways)}"; '
            'fix that or set isolation = "wanted", build and upload the autograder again, and regrade.'
        )


def close_folders(home: Path) -> None:
    """Close the kit, the submission and the results to all users but the grader's."""
    for name in ("source", "source/answers", "submission", "results"):
        with contextlib.suppress(OSError):
            (home / name).chmod(0o700)
    with contextlib.suppress(OSError):
        (home / "submission_metadata.json").chmod(0o600)
