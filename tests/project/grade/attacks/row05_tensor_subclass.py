"""Row 5: returns tensors of a subclass whose every operation, comparison and conversion is ours.

Where: forward
"""

import torch
from torch import nn


class Right(torch.Tensor):
    @classmethod
    def __torch_function__(cls, function, types, arguments=(), options=None):
        name = getattr(function, "__name__", "")
        if name in ("allclose", "equal", "is_floating_point", "is_contiguous"):
            return True
        if name in ("isclose", "eq", "le", "isfinite"):
            return torch.ones(1, dtype=torch.bool)
        if name in ("sub", "rsub", "abs", "max"):
            return torch.zeros(())
        return super().__torch_function__(function, types, arguments, options or {})

    def numpy(self, *_, **__):
        raise SystemExit(0)

    __class__ = torch.Tensor
    __eq__ = lambda self, other: True
    __hash__ = torch.Tensor.__hash__


def attack(lstm, x, states):
    return tuple(torch.zeros(len(x), lstm.hidden_size).as_subclass(Right) for _ in "hc")
