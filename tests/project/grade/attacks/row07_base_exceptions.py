"""Row 7: raises what no `except Exception` catches: KeyboardInterrupt, GeneratorExit, a BaseException of its own.

Where: import, init, forward
"""

import torch
from torch import nn, sys


class Ours(BaseException):
    pass


KINDS = [KeyboardInterrupt, GeneratorExit, Ours]
calls = []


def attack(*_):
    calls.append(0)
    raise KINDS[len(calls) % len(KINDS)]
