"""Row 12: the archive holds modules with the names of those that a grader imports; each would make everything right."""

from tests.project.grade.attacks.shared.archives import LSTM, STUB, packed

SHADOW = b"""
raise SystemExit("TAKEN: a module of the submission was imported by the grader")
"""
NAMES = (
    "numpy",
    "torch",
    "safetensors",
    "json",
    "os",
    "random",
    "unittest",
    "pytest",
    "gradescope_utils",
    "socket",
    "struct",
)


def archive(good):
    good[LSTM] = STUB
    for name in NAMES:
        for folder in ("", "models/", "models/naive/", "tests/", "../"):
            good[f"{folder}{name}.py"] = SHADOW
            good[f"{folder}{name}/__init__.py"] = SHADOW
    return packed(good)
