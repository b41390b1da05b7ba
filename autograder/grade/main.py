"""Grade what lies in Gradescope's folders; `run_autograder` calls this for every submission.

ROOT/source      the kit
ROOT/submission  what the student handed in
ROOT/submission_metadata.json
ROOT/results/results.json   written here, once
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


def main(root: str, closed: Sequence[str] = ()) -> int:
    """Grade ROOT/submission into ROOT/results/results.json.

    Args:
        closed: further paths that student code must not be able to read; the isolation proof tries them.

    Returns:
        0, or 1 when the grader itself has failed; results.json is complete in both cases.
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
        grades = _grade(kit, home, taken.files, closed, extra)
        settled = policy.settle(kit, grades, metadata, taken.notebooks)
    except Exception:
        traceback.print_exc()  # to results/stdout, which only instructors see
        failed = True
        settled = policy.unsettled(kit, "The autograder itself has failed.", metadata)
        notes.append("The autograder itself has failed; this is not your fault. Please tell your instructor.")
    composed = results.compose(kit, settled, notes, extra, time.monotonic() - started)
    results.write(composed, home / "results" / "results.json")
    print("\n".join([results.heading(kit), "", *results.summary(kit, settled.rows), *settled.sums]))
    for line in [*extra.get("isolation", []), *(f"note: {note}" for note in settled.noted["notes"])]:
        print(line)
    return int(failed)


def _grade(kit: Kit, home: Path, files: dict[str, bytes], closed: Sequence[str], extra: dict[str, Any]) -> Grades:
    engine = Engine(kit)
    try:
        secrets = [str(kit.folder), *(str(path) for path in kit.folder.iterdir()), *closed]
        folders = [str(home / "results"), str(kit.root), str(home / "submission")]
        extra["isolation"] = engine.probe(secrets + folders, folders, [os.__file__, np.__file__])
        extra["slow"] = round(engine.warden.slow, 2)
        return engine.grade(files)
    finally:
        engine.close()


def close_folders(home: Path) -> None:
    """Let only the grader's user into the kit, the submission and the results."""
    for name in ("source", "source/answers", "submission", "results"):
        with contextlib.suppress(OSError):
            (home / name).chmod(0o700)
    with contextlib.suppress(OSError):
        (home / "submission_metadata.json").chmod(0o600)
