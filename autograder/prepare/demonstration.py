"""Submissions that show an instructor what the grader does: full marks, nothing, and several ways in between.

Made of whatever the rubric has switched on.
"""

from pathlib import Path

from harness.contract import Assignment
from harness.submission.archive import pack
from harness.submission.listed_files import read_tree


def submissions(root: Path, out: Path) -> dict[str, Path]:
    """Pack the demonstration's submissions into `out` and return them by name.

    solution: everything right. skeleton: nothing started. one-file: only the first file done. half-done: a swapped
    gate, a loop that never ends and a syntax error, where the files that they go into are graded.
    """
    assignment = Assignment.load(root / "student" / "assignment.json")
    solution, skeleton = read_tree(root / "solution", assignment), read_tree(root / "student", assignment)
    made = {
        "solution": solution,
        "skeleton": skeleton,
        "one-file": {**skeleton, assignment.files[0]: solution[assignment.files[0]]},
        "half-done": {name: _broken(name, source) for name, source in solution.items()},
    }
    archives = {name: out / f"{name}.zip" for name in made}
    for name, files in made.items():
        pack(files, assignment, [name], archives[name])
    return archives


BREAKS = {  # file -> text of the solution that is replaced once, and what stands there then
    "models/naive/LSTM.py": ("            c = f * c + i * g", "            c = i * c + f * g"),
    "models/seq2seq/Seq2Seq.py": ("outputs = []", "while True:\n            pass"),
    "models/Transformer.py": ("-> Tensor:", "-> Tensor"),
}


def _broken(name: str, source: bytes) -> bytes:
    """A file of the solution with the mistake that is kept for it, if any."""
    before, after = BREAKS.get(name, ("", ""))
    text = source.decode()
    if before not in text:
        raise ValueError(f"the demonstration expects {before!r} in solution/{name}; choose another line to break")
    return text.replace(before, after, 1).encode()
