"""What given stand-ins have in common.

A stand-in takes the place of what a deliverable is built on, so that one mistake costs one deliverable. Those of a part
lie beside its tests, in tests/models/<part>/doubles.py. They compute with fixed tables from `given`, keep no random
state, and record how they were called. They have the attributes that the handed-out constructors set, and layers that
may be asked for sizes or for their device; nothing is computed with these.
"""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

State = Tensor | tuple[Tensor, Tensor]


def tensors(state: State) -> tuple[Tensor, ...]:
    """A state as a tuple: (h,) of an RNN, (h, c) of an LSTM."""
    return state if isinstance(state, tuple) else (state,)


def mode_of(model: nn.Module) -> str:
    """The mode of a model and of all that is in it: setting the model's own `training` reaches none of its layers."""
    modes = {module.training for module in model.modules()}
    return "differs between layers" if len(modes) > 1 else "training" if modes.pop() else "evaluation"


class OptimizerDouble:
    """Stands in for an optimizer: gradient descent with momentum. The first one of torch's costs a process a second.

    Attributes:
        norms: of all gradients together, at every step.
    """

    def __init__(self, parameters: Iterable[nn.Parameter], rate: float, momentum: float = 0.0) -> None:
        self.param_groups: list[dict[str, Any]] = [{"params": list(parameters), "lr": rate, "momentum": momentum}]
        self.velocities = [torch.zeros_like(parameter) for parameter in self.param_groups[0]["params"]]
        self.norms: list[float] = []

    def zero_grad(self, set_to_none: bool = True) -> None:
        for parameter in self.param_groups[0]["params"]:
            parameter.grad = None if set_to_none or parameter.grad is None else torch.zeros_like(parameter)

    @torch.no_grad()
    def step(self) -> None:
        group = self.param_groups[0]
        gradients = [
            torch.zeros_like(parameter) if parameter.grad is None else parameter.grad for parameter in group["params"]
        ]
        self.norms.append(float(torch.cat([gradient.flatten() for gradient in gradients]).norm()))
        for parameter, velocity, gradient in zip(group["params"], self.velocities, gradients, strict=True):
            velocity.mul_(group["momentum"]).add_(gradient)
            parameter.sub_(group["lr"] * velocity)
