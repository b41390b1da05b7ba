"""Row 5: returns tensors without values: meta, sparse, nested, quantised, on a lazy storage; each call the next kind.

Where: forward
"""

import torch
from torch import nn

calls = []


def attack(lstm, x, states):
    shape = len(x), lstm.hidden_size
    kinds = [
        lambda: torch.empty(shape, device="meta"),
        lambda: torch.zeros(shape).to_sparse(),
        lambda: torch.nested.nested_tensor([torch.zeros(lstm.hidden_size)] * len(x)),
        lambda: torch.quantize_per_tensor(torch.zeros(shape), 0.1, 0, torch.quint8),
        lambda: torch.zeros(shape, dtype=torch.complex64),
        lambda: torch.zeros(shape, dtype=torch.bfloat16),
        lambda: torch._neg_view(torch.zeros(shape)),
        lambda: torch.zeros(shape).conj(),
    ]
    calls.append(0)
    value = kinds[len(calls) % len(kinds)]()
    return value, value
