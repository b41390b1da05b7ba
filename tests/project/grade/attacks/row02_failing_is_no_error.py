"""Row 2: the exceptions by which tests fail become harmless, and so do the builtins that checks are written with.

Where: import, forward
"""

import torch
from torch import builtins, nn, sys


def attack(*_):
    class Harmless(Exception):
        pass

    builtins.AssertionError = Harmless
    builtins.all = lambda values: True
    builtins.any = lambda values: False
    builtins.abs = lambda value: 0
    case = sys.modules.get("unittest.case")
    if case:
        case.TestCase.failureException = Harmless
        suppress = sys.modules["contextlib"].suppress
        case._Outcome.testPartExecutor = lambda self, *arguments, **options: suppress(BaseException)
