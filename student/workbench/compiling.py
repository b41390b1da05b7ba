"""torch.compile where it works."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn

from workbench.devices import random_states, set_random_states


def compile_or_explain(module: nn.Module, trial: Callable[[], Tensor]) -> str | None:
    """Compile a module in place and try it; leave it as it was where that fails.

    The trial leaves gradients behind, and nothing else: random states and buffers are put back.

    Args:
        trial: calls the module and gives a loss, in training mode.

    Returns:
        None if it is compiled, else why not.
    """
    states, buffers = random_states(), {name: each.clone() for name, each in module.named_buffers()}
    reason = None
    module.compile(dynamic=True)
    try:
        trial().backward()
    except Exception as error:  # whatever the compiler raises; a fault of the model itself comes again without it
        module._compiled_call_impl = None
        reason = f"{type(error).__name__}: {str(error).strip()[:200]}"
    for name, each in module.named_buffers():
        each.copy_(buffers[name])
    set_random_states(states)
    return reason
