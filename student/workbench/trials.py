"""Trying what does not work on every machine, before training relies on it."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn

from workbench.devices import random_states, set_random_states


def why_not(module: nn.Module, trial: Callable[[], Tensor]) -> str | None:
    """Try one step of training.

    It leaves gradients behind, and nothing else: random states and buffers are put back.

    Args:
        trial: calls the module and gives a loss.

    Returns:
        None if that worked, else the error in one line.
    """
    states, buffers = random_states(), {name: each.clone() for name, each in module.named_buffers()}
    reason = None
    module.train()
    try:
        trial().backward()
    except Exception as error:  # whatever it raises; a fault of the model itself comes again without the option
        reason = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
    for name, each in module.named_buffers():
        each.copy_(buffers[name])
    set_random_states(states)
    return reason
