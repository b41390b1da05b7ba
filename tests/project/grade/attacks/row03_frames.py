"""Row 3: walks up the stack and returns a tensor or array of the right shape that looks like an expected one.

Where: forward
"""

import torch
from torch import nn, sys

np = sys.modules["numpy"]
WORDS = ("expected", "right", "answer", "reference", "solution", "want", "target", "correct")


def inside(value, depth=0):
    """Tensors and arrays in a value, with their names, at most four levels down."""
    if isinstance(value, torch.Tensor):
        yield "", value.detach()
    elif isinstance(value, np.ndarray) and value.dtype.kind == "f":
        yield "", torch.from_numpy(value.copy())
    elif depth < 4:
        parts = (
            value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list | tuple) else ()
        )
        parts = getattr(value, "__dict__", {}).items() if not parts else parts
        for name, part in list(parts)[:200]:
            yield from ((f"{name}.{rest}", tensor) for rest, tensor in inside(part, depth + 1))


def attack(lstm, x, states):
    frame, tensors = sys._getframe(2), []
    while frame:
        for name, value in list(frame.f_locals.items()) + list(frame.f_globals.items())[:400]:
            if any(word in name.lower() for word in WORDS):
                tensors += [tensor for _, tensor in inside(value)]
        frame = frame.f_back
    fitting = [tensor for tensor in tensors if tensor.shape == (len(x), lstm.hidden_size)]
    if len(fitting) >= 2:
        return fitting[0], fitting[1]
