"""Row 5: returns objects that answer every comparison and every conversion with yes.

Where: forward
"""

import torch
from torch import nn, sys


class Yes:
    shape = property(lambda self: Yes())
    dtype = property(lambda self: torch.float32)
    __array_priority__ = 10**9

    def __getattr__(self, name):
        return Yes()

    def __call__(self, *arguments, **options):
        return Yes()

    def __eq__(self, other):
        return True

    def __ne__(self, other):
        return False

    __lt__ = __le__ = __gt__ = __ge__ = __contains__ = __eq__
    __hash__ = lambda self: 0
    __bool__ = lambda self: True
    __len__ = lambda self: 1
    __float__ = lambda self: 0.0
    __iter__ = lambda self: iter((Yes(), Yes()))
    __sub__ = __rsub__ = __add__ = __radd__ = __mul__ = __rmul__ = __abs__ = lambda self, *other: Yes()
    __getitem__ = lambda self, index: Yes()
    __str__ = __repr__ = lambda self: "right"


def attack(*_):
    return Yes(), Yes()
