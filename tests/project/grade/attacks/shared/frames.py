"""This grader's channel and its own code for frames, which is None elsewhere."""

from torch import os, sys

wire, outcome = (sys.modules.get(name) for name in ("autograder.grade.wire", "harness.outcome"))
np = sys.modules["numpy"]


def send(data):
    try:
        while data:
            data = data[os.write(3, data) :]
    except OSError:
        pass
