"""Ways for torch and a module to be, for as long as a context lasts."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional as F

BITS = 16  # of randomness for each unit of a dropout


@contextlib.contextmanager
def evaluating(module: nn.Module) -> Iterator[None]:
    """No gradients and eval mode inside; the previous mode afterwards."""
    was_training = module.training
    module.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        module.train(was_training)


@contextlib.contextmanager
def rounded_products() -> Iterator[None]:
    """Matrix products round what they multiply, to bfloat16 or TF32 where that is faster, and sum in float32."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("medium")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)


@contextlib.contextmanager
def quick_dropout() -> Iterator[None]:
    """Dropout on a CPU draws 16 bits for each unit, where torch draws 64 and takes several times as long.

    The probability is rounded to a multiple of 2**-16; all else is as torch has it. It reaches nn.Dropout and
    F.dropout, not what torch drops inside of an nn.LSTM or of its fused attention.
    """
    before = F.dropout

    def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
        keep = round((1 - p) * 2**BITS)
        if not training or not 0 < keep < 2**BITS or input.device.type != "cpu":
            return before(input, p, training, inplace)
        words = torch.empty(-(-input.numel() * BITS // 64), dtype=torch.int64).random_(-(2**63), None)
        drawn = words.view(torch.int16)[: input.numel()].view(input.shape)
        kept = drawn < keep - 2 ** (BITS - 1)
        factor = kept.to(input.dtype).div_(1 - p)
        return input.mul_(factor) if inplace else input * factor

    F.dropout = dropout
    try:
        yield
    finally:
        F.dropout = before
