"""Row 7: raises an exception whose text never ends, whose type lies, and that raises again when it is looked at.

Where: forward
"""

import torch
from torch import nn


class Lying(type):
    __name__ = property(lambda cls: 1 / 0)

    def __instancecheck__(cls, thing):
        return True


class Endless(Exception, metaclass=Lying):
    def __str__(self):
        while True:
            pass

    __repr__ = __str__


class Again(Exception):
    def __str__(self):
        raise SystemExit(0)

    __traceback__ = property(lambda self: 1 / 0)
    args = property(lambda self: 1 / 0)


calls = []


def attack(*_):
    calls.append(0)
    raise Endless if len(calls) % 2 else Again
