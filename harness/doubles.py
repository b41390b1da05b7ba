"""What given stand-ins have in common.

A stand-in takes the place of what a deliverable is built on, so that one mistake costs one deliverable. Those of a part
lie beside its tests, in tests/models/<part>/doubles.py. They compute with fixed tables from `given`, keep no random
state, and record how they were called. They have the attributes that the handed-out constructors set, and layers that
may be asked for sizes or for their device; nothing is computed with these.
"""

from torch import Tensor, nn

State = Tensor | tuple[Tensor, Tensor]


def tensors(state: State) -> tuple[Tensor, ...]:
    """A state as a tuple: (h,) of an RNN, (h, c) of an LSTM."""
    return state if isinstance(state, tuple) else (state,)


def mode_of(model: nn.Module) -> str:
    """The mode of a model and of all that is in it: setting the model's own `training` reaches none of its layers."""
    modes = {module.training for module in model.modules()}
    return "differs between layers" if len(modes) > 1 else "training" if modes.pop() else "evaluation"
