"""Row 7: marks every test as expected to fail, and reports failures as such.

Where: import, forward
"""

import torch
from torch import nn, sys


def attack(*_):
    frame = sys._getframe()
    while frame:
        for value in list(frame.f_locals.values()):
            if hasattr(value, "_testMethodName"):
                type(value).__unittest_expecting_failure__ = True
                value.__unittest_expecting_failure__ = True
            if hasattr(value, "add_marker") and "_pytest" in sys.modules:
                value.add_marker(sys.modules["pytest"].mark.xfail)
        frame = frame.f_back
    if "_pytest.outcomes" in sys.modules:
        sys.modules["_pytest.outcomes"].xfail("as expected")
