"""Test an option that does not work on every machine before training uses it."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn


def step_error(module: nn.Module, step: Callable[[], Tensor]) -> str | None:
    """Try one step of training.

    Restores buffers afterwards, but neither gradients nor random states.

    Args:
        step: calls the module and gives a loss.

    Returns:
        None if that worked, else the error in one line.
    """
    buffers = {name: buffer.clone() for name, buffer in module.named_buffers()}
    reason = None
    module.train()
    try:
        step().backward()
    except Exception as error:  # whatever it raises; a fault of the model itself comes again without the option
        reason = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
    for name, buffer in module.named_buffers():
        buffer.copy_(buffers[name])
    return reason
