"""Temporary modes of torch and of a module; each context restores the previous mode on exit."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import torch
from torch import nn


@contextlib.contextmanager
def evaluating(module: nn.Module) -> Iterator[None]:
    """Evaluation mode without gradients; restores the previous mode on exit."""
    was_training = module.training
    module.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        module.train(was_training)


@contextlib.contextmanager
def rounded_products() -> Iterator[None]:
    """Matrix products may round their factors to bfloat16 or TF32, where that is faster; sums stay in float32."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("medium")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)


@contextlib.contextmanager
def no_denormals() -> Iterator[None]:
    """Numbers below 1e-38 are zero where this thread computes, if the processor can do so. Ends with the ordinary mode.

    Gradients that vanish over many steps become such numbers, with which processors compute a hundred times slower.
    """
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)
