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
            first, bias = (torch.cat([own[i].roll(self.hidden_size, 0) for own in weights]) for i in (0, 2))  # n, r, z
            gates = F.linear(steps, first, bias)
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

    A step is a handful of operations on slices that are made before: for states of this size, to start an operation
    takes longer than to do it.
    """

    @staticmethod
    def forward(ctx: FunctionCtx, gates: Tensor, hidden: Tensor, bias: Tensor) -> Tensor:
        """All states (T, D, N, H).

        Args:
            gates: (T, D, N, 3H), x_n, x_r and x_z.
            hidden, bias: (D, 3H, H) and (D, 3H), for r, z and n, as torch keeps them.
        """
        T, D, N, H = *gates.shape[:3], hidden.size(2)
        states = gates.new_zeros(T + 1, D, N, H)
        inner, rz, n = (gates.new_empty(T, D, N, size) for size in (3 * H, 2 * H, H))  # W h + b first
        of_n = inner[..., 2 * H :]
        slices = (gates[..., H:], gates[..., :H], inner, inner[..., : 2 * H], of_n, rz, *rz.split(H, dim=3), n)
        weights, bias = hidden.transpose(1, 2), bias.unsqueeze(1)
        steps = zip(states, states[1:], *slices, strict=False)
        with one_thread():
            for h, after, x_rz, x_n, product, product_rz, product_n, both, r, z, new in steps:
                torch.baddbmm(bias, h, weights, out=product)
                torch.add(x_rz, product_rz, out=both).sigmoid_()
                torch.addcmul(x_n, r, product_n, out=new).tanh_()
                torch.lerp(new, h, z, out=after)
        ctx.save_for_backward(states, rz, n, of_n, hidden)
        return states[1:]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        states, rz, n, of_n, hidden = ctx.saved_tensors
        T, D, N, H = n.shape
        r, z = rz.split(H, dim=3)
        before = states[:-1]
        # How a step's gradient goes on: from h' to n and z before their functions, and from n to r and to W_n h + b_n.
        from_h = torch.stack(((1 - z) * (1 - n * n), (before - n) * z * (1 - z)), dim=3)  # (T, D, N, 2, H)
        from_n = torch.stack((of_n * r * (1 - r), r), dim=3)
        own = n.new_empty(T, D, N, 4, H)  # the gradients of n, r, z and W_n h + b_n
        inside = own[..., 1:, :].flatten(3)  # of W h + b: r, z, n
        slices = (upstream, from_h, from_n, z, own[..., ::2, :], own[..., :1, :], own[..., 1::2, :], inside)
        back = torch.zeros_like(before[0])
        with one_thread():
            for up, to_nz, to_r, keep, own_nz, own_n, own_r, own_inside in zip(
                *(reversed(part.unbind(0)) for part in slices), strict=True
            ):
                back += up
                torch.mul(to_nz, back.unsqueeze(2), out=own_nz)
                torch.mul(to_r, own_n, out=own_r)
                back = torch.baddbmm(back * keep, own_inside, hidden)
        flat = inside.transpose(0, 1).flatten(1, 2)  # (D, T * N, 3H)
        weights = torch.bmm(flat.transpose(1, 2), before.transpose(0, 1).flatten(1, 2))
        return own[..., :3, :].flatten(3), weights, flat.sum(dim=1)
