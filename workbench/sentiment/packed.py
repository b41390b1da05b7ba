"""A GRU's way through packed sequences on a CPU, and back.

torch's own way back through a packed GRU fills, for every step, a gradient as large as all steps together, and adds up
the weights' gradients step by step. Here one loop runs over the steps of both directions, and whatever concerns all
steps is one product of matrices.

Shapes: D directions, N texts, T steps of the longest one, I input size, H hidden size of one direction.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import FunctionCtx, once_differentiable
from torch.nn import functional as F
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence


def quicken(module: nn.Module) -> None:
    """Let every GRU inside of a module take packed sequences this way. Weights and results stay the same."""
    for inner in module.modules():
        if type(inner) is nn.GRU and inner.bias:
            inner.__class__ = PackedGRU


@contextmanager
def one_thread() -> Iterator[None]:
    """One thread computes: a step is so short that several spend their time on waiting for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class PackedGRU(nn.GRU):
    """nn.GRU, with its own way for packed sequences on a CPU that begin with a state of zeros."""

    def forward(self, input: Any, hx: Tensor | None = None) -> Any:
        if not isinstance(input, PackedSequence) or hx is not None or input.data.device.type != "cpu":
            return super().forward(input, hx)
        with torch.autocast("cpu", enabled=False):
            return self._read(input)

    def _read(self, packed: PackedSequence) -> tuple[PackedSequence, Tensor]:
        D = 2 if self.bidirectional else 1
        steps, lengths = pad_packed_sequence(packed)  # (T, N, I)
        steps = steps.to(self.all_weights[0][0].dtype)
        T, N = steps.shape[:2]
        last, time = lengths - 1, torch.arange(T).unsqueeze(1)
        turned = torch.where(time <= last, last - time, time).unsqueeze(2)  # (T, N, 1): each text from its end on
        states = []
        for layer in range(self.num_layers):
            if layer:
                steps = F.dropout(steps, self.dropout, self.training)
            weights = self.all_weights[layer * D : (layer + 1) * D]
            gates = F.linear(steps, torch.cat([own[0] for own in weights]), torch.cat([own[2] for own in weights]))
            ahead, *behind = gates.chunk(D, dim=2)  # (T, N, 3H)
            both = torch.stack([ahead, *(_reordered(way, turned) for way in behind)], dim=1)
            hidden, bias = (torch.stack([own[i] for own in weights]) for i in (1, 3))
            output = Recurrence.apply(both, hidden, bias)  # type: ignore[no-untyped-call]  # (T, D, N, H)
            states.append(output[last, :, torch.arange(N)].transpose(0, 1))
            ways = [output[:, 0], *(_reordered(way, turned) for way in output[:, 1:].unbind(1))]
            steps = torch.cat(ways, dim=2)
        return pack_padded_sequence(steps, lengths, enforce_sorted=False), torch.cat(states)


def _reordered(steps: Tensor, order: Tensor) -> Tensor:
    """Steps (T, N, ...) in another order for each text."""
    return steps.gather(0, order.expand_as(steps))


class Recurrence(torch.autograd.Function):
    """What a GRU does step by step (Cho et al. 2014, as torch has it), for several directions at once.

    r = sigmoid(x_r + W_r h + b_r)
    z = sigmoid(x_z + W_z h + b_z)
    n = tanh(x_n + r * (W_n h + b_n))
    h' = n + z * (h - n)
    """

    @staticmethod
    def forward(ctx: FunctionCtx, gates: Tensor, hidden: Tensor, bias: Tensor) -> Tensor:
        """All states (T, D, N, H), of the inputs' share in the gates (T, D, N, 3H), weights (D, 3H, H) and (D, 3H)."""
        T, D, N, H = *gates.shape[:3], hidden.size(2)
        states, kept = gates.new_zeros(T + 1, D, N, H), torch.empty(T, D, N, 4 * H, dtype=gates.dtype)
        weights, bias = hidden.transpose(1, 2), bias.unsqueeze(1)
        with one_thread():
            for x, h, new, keep in zip(gates, states, states[1:], kept, strict=False):
                inner = torch.baddbmm(bias, h, weights)  # (D, N, 3H)
                r_z = torch.add(x[..., : 2 * H], inner[..., : 2 * H], out=keep[..., : 2 * H]).sigmoid_()
                keep[..., 3 * H :] = inner[..., 2 * H :]
                n = keep[..., 2 * H : 3 * H]
                torch.addcmul(x[..., 2 * H :], r_z[..., :H], inner[..., 2 * H :], out=n).tanh_()
                torch.lerp(n, h, r_z[..., H:], out=new)
        ctx.save_for_backward(states, kept, hidden)
        return states[1:]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        states, kept, hidden = ctx.saved_tensors
        H = hidden.size(2)
        r, z, n, inner = kept.split(H, dim=3)  # (T, D, N, H)
        before = states[:-1]
        to_n, to_z = (1 - z) * (1 - n * n), (before - n) * z * (1 - z)
        to_r = inner * r * (1 - r)
        gates, inside = torch.empty_like(kept[..., : 3 * H]), torch.empty_like(kept[..., : 3 * H])
        back = torch.zeros_like(before[0])
        with one_thread():
            for t in range(len(kept) - 1, -1, -1):
                back = back + upstream[t]
                own, own_inside = gates[t], inside[t]
                dn = torch.mul(back, to_n[t], out=own[..., 2 * H :])
                torch.mul(back, to_z[t], out=own[..., H : 2 * H])
                torch.mul(dn, to_r[t], out=own[..., :H])
                own_inside[..., : 2 * H] = own[..., : 2 * H]
                torch.mul(dn, r[t], out=own_inside[..., 2 * H :])
                back = torch.baddbmm(back * z[t], own_inside, hidden)
        flat = inside.transpose(0, 1).flatten(1, 2)  # (D, T * N, 3H)
        weights = torch.bmm(flat.transpose(1, 2), before.transpose(0, 1).flatten(1, 2))
        return gates, weights, flat.sum(dim=1)
