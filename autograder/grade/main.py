"""Grade the submission in Gradescope's folders; `run_autograder` calls this for every submission.

ROOT/source      the kit
ROOT/submission  what the student handed in
ROOT/submission_metadata.json
ROOT/results/results.json   written here, once; not if the rubric requires isolation and there is none
"""

import contextlib
import os
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


class NotIsolated(Exception):
    """The rubric requires isolation, and there is none; the message is for the staff."""


def main(root: str, closed: Sequence[str] = (), here: bool = False) -> int:
    """Grade ROOT/submission into ROOT/results/results.json.

    Args:
        closed: further paths that student code must not be able to read; the isolation proof tries them.
        here: whether this is one's own machine, where it also grades without isolation, and not the platform.

    Returns:
        0, or 1 if the grader itself failed; results.json is complete in both cases. Also 1 if it refuses to grade
        without isolation; then there is no results.json, so that the platform reports a failed autograder.
    """
    started = time.monotonic()
    home = Path(root)
    close_folders(home)
    kit = Kit.load(home / "source")
    notes: list[str] = []
    extra: dict[str, Any] = {"answers": kit.answers_id, "version": kit.assignment.version}
    metadata = Metadata.load(home / "submission_metadata.json")
    failed = False
    try:
        taken = collection.take(home / "submission", kit.assignment)
        notes += taken.notes
        grades = _grade(kit, home, taken.files, closed, here, extra)
        settled = policy.settle(kit, grades, metadata, taken.notebooks)
    except NotIsolated as refusal:
        print(refusal)
        return 1
    except Exception:
        traceback.print_exc()  # to results/stdout, which only instructors see
        failed = True
        settled = policy.unsettled(kit, "The autograder itself has failed.", metadata)
        notes.append("The autograder itself has failed; this is not your fault. Please tell your instructor.")
    results.write(results.compose(kit, settled, notes, extra), home / "results" / "results.json")
    table = [*results.summary(kit, settled.rows), *results.ending(settled)]
    print("\n".join([results.heading(kit), "", *table, *settled.score_notes]))
    print(f"graded in {time.monotonic() - started:.1f} s")
    for line in [*extra.get("isolation", []), *(f"note: {note}" for note in settled.for_staff["notes"])]:
        print(line)
    return int(failed)


def _grade(
    kit: Kit, home: Path, files: dict[str, bytes], closed: Sequence[str], here: bool, extra: dict[str, Any]
) -> Grades:
    engine = Engine(kit)
    try:
        secrets = [str(kit.folder), *(str(path) for path in kit.folder.iterdir()), *closed]
        folders = [str(home / "results"), str(kit.root), str(home / "submission")]
        extra["isolation"] = engine.probe(secrets + folders, folders, [os.__file__, np.__file__])
        if kit.rubric.grading.isolation == "required" and not here:
            _refuse_without(extra["isolation"])
        extra["slow"] = round(engine.warden.slow, 2)
        return engine.grade(files)
    finally:
        engine.close()


def _refuse_without(isolation: Sequence[str]) -> None:
    """Raise NotIsolated if the probe says "not isolated". A note is no reason, since another layer still holds."""
    open_ways = [sentence for sentence in isolation if sentence.startswith("not isolated")]
    if open_ways:
        raise NotIsolated(
            f'Not graded: the rubric has isolation = "required", and the probe says "{"; ".join(open_ways)}"; '
            'fix that or set isolation = "wanted", build and upload the autograder again, and regrade.'
        )


def close_folders(home: Path) -> None:
    """Close the kit, the submission and the results to all users but the grader's."""
    for name in ("source", "source/answers", "submission", "results"):
        with contextlib.suppress(OSError):
            (home / name).chmod(0o700)
    with contextlib.suppress(OSError):
        (home / "submission_metadata.json").chmod(0o600)
