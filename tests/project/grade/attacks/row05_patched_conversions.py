"""Row 5: replaces the conversions by which values are read out of a tensor, and the finite check.

Where: import, forward
"""

import torch
from torch import nn, sys

np = sys.modules["numpy"]


class Right(np.ndarray):
    def __array_ufunc__(self, ufunc, method, *inputs, **options):
        return np.ones(self.shape, dtype=bool)

    def __array_function__(self, function, types, arguments, options):
        return np.ones(self.shape, dtype=bool) if function.__name__ == "isclose" else True


def attack(*_):
    torch.Tensor.numpy = lambda self, **options: np.zeros(tuple(self.shape), np.float32).view(Right)
    torch.Tensor.detach = torch.Tensor.cpu = torch.Tensor.contiguous = lambda self: self
    torch.isfinite = lambda value: torch.ones_like(value, dtype=torch.bool)
    np.isfinite = lambda value: np.ones(np.shape(value), dtype=bool)
    np.array = np.asarray = np.ascontiguousarray = lambda value, *_, **__: np.zeros(np.shape(value), np.float32).view(
        Right
    )
