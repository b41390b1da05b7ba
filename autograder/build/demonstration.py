"""Submissions that show an instructor what the grader does: full marks, nothing, and several ways in between."""

from collections.abc import Mapping
from pathlib import Path

from collect_submission import Assignment, pack, read_tree


def submissions(root: Path, out: Path) -> dict[str, Path]:
    """Pack the demonstration's submissions into `out` and return them by name.

    solution: everything right. skeleton: nothing started. lstm-only: one deliverable done. half-done: right up to the
    Decoder, but with a syntax error in Transformer.py, a swapped gate and a loop that never ends.
    """
    assignment = Assignment.load(root / "student" / "assignment.json")
    solution, skeleton = read_tree(root / "solution", assignment), read_tree(root / "student", assignment)
    made = {
        "solution": solution,
        "skeleton": skeleton,
        "lstm-only": {**skeleton, "models/naive/LSTM.py": solution["models/naive/LSTM.py"]},
        "half-done": _half_done(solution),
    }
    archives = {name: out / f"{name}.zip" for name in made}
    for name, files in made.items():
        pack(files, assignment, [name], archives[name])
    return archives


def _half_done(solution: Mapping[str, bytes]) -> dict[str, bytes]:
    return {
        **solution,
        "models/naive/LSTM.py": _change(
            solution["models/naive/LSTM.py"], "            c = f * c + i * g", "            c = i * c + f * g"
        ),
        "models/seq2seq/Seq2Seq.py": _change(
            solution["models/seq2seq/Seq2Seq.py"], "outputs = []", "while True:\n            pass"
        ),
        "models/Transformer.py": _change(solution["models/Transformer.py"], "-> Tensor:", "-> Tensor"),
    }


def _change(source: bytes, before: str, after: str) -> bytes:
    text = source.decode()
    if before not in text:
        raise ValueError(f"the demonstration expects {before!r} in the solution; choose another line to break")
    return text.replace(before, after, 1).encode()
