"""Speeds up greedy generation: a step computes only the new position, whatever code calls the decoder.

A causal decoder that is called with one more token gives the same numbers as before for all earlier tokens, because
none of them sees a later one. Inside `incremental`, the decoder's layers keep their outputs, keys and values, the last
layer keeps its scores, and the next call computes only the new position. The results are those of an ordinary call. A
call is computed in full if it does not add exactly one token to the previous call, if its mask lets a position see a
later one, or if a layer is of another class.

Shapes: N batch, T source length, S target length so far, H hidden size.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

KeysAndValues = tuple[Tensor, ...]  # (N, heads, positions, H / heads) each


@contextlib.contextmanager
def replaced(owner: Any, name: str, function: Callable[..., Any]) -> Iterator[None]:
    """Replace a method of one object inside the context."""
    setattr(owner, name, function)
    try:
        yield
    finally:
        delattr(owner, name)  # the method of its class shows again


@contextlib.contextmanager
def incremental(module: Any, longest: int) -> Iterator[None]:
    """Keep computed positions while a FullTransformerTranslator generates; a missing layer fails in the model itself.

    Args:
        module: the translator, which has to be in evaluation mode and without gradients while it generates.
        longest: how many target positions the model has.
    """
    decoder: Any = getattr(getattr(module, "transformer", None), "decoder", None)
    final: object = getattr(module, "final", None)
    with contextlib.ExitStack() as hooks:
        for layer in decoder.layers if isinstance(decoder, nn.TransformerDecoder) else ():
            if type(layer) is nn.TransformerDecoderLayer and _ordinary(layer.self_attn, layer.multihead_attn):
                hooks.enter_context(replaced(layer, "forward", _Layer(layer)))
        if isinstance(final, nn.Module):
            kept = _Scores(longest)
            hooks.enter_context(final.register_forward_pre_hook(kept.cut))
            hooks.enter_context(final.register_forward_hook(kept.grow))
        yield


def _ordinary(*attentions: nn.Module) -> bool:
    """Whether all of these are plain nn.MultiheadAttention, as nn.Transformer makes them with batch_first=True."""
    return all(
        type(attention) is nn.MultiheadAttention
        and attention.batch_first
        and attention.in_proj_weight is not None
        and attention.bias_k is None
        and not attention.add_zero_attn
        for attention in attentions
    )


@dataclass
class _Call:
    """A decoder layer's arguments: inputs (N, S, H), memory (N, T, H), the masks as the layer takes them."""

    inputs: Tensor
    memory: Tensor
    mask: Tensor | None  # (S, S)
    padding: Tensor | None  # (N, S)
    memory_padding: Tensor | None  # (N, T)

    def is_causal(self) -> bool:
        """Whether the mask hides the last position from all others."""
        if self.mask is None or self.mask.shape != (self.inputs.size(1),) * 2:
            return False
        above = self.mask[:-1, -1]
        return bool((above if above.dtype == torch.bool else above == -torch.inf).all())

    def follows(self, before: _Call) -> bool:
        """Whether this call has one position more than `before`, and is the same otherwise."""
        assert self.mask is not None
        assert before.mask is not None
        return (
            self.inputs.size(1) == before.inputs.size(1) + 1
            and self.memory is before.memory
            and _same(self.memory_padding, before.memory_padding)
            and _same(self.inputs[:, :-1], before.inputs)
            and _same(self.mask[:-1, :-1], before.mask)
            and _same(None if self.padding is None else self.padding[:, :-1], before.padding)
        )


def _same(a: Tensor | None, b: Tensor | None) -> bool:
    return a is b or (a is not None and b is not None and torch.equal(a, b))


class _Layer:
    """Replaces a decoder layer's forward; computes only the last position if the others are known."""

    def __init__(self, layer: nn.TransformerDecoderLayer) -> None:
        self.layer, self.full = layer, layer.forward
        self.last: _Call | None = None
        self.given: Tensor  # (N, S, H), the layer's outputs so far
        self.seen: KeysAndValues  # of the target's positions so far
        self.remembered: KeysAndValues  # of the encoder's memory

    def __call__(
        self,
        tgt: Tensor,
        memory: Tensor,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
        tgt_is_causal: bool = False,
        memory_is_causal: bool = False,
    ) -> Tensor:
        call = _Call(tgt, memory, tgt_mask, tgt_key_padding_mask, memory_key_padding_mask)
        before, self.last = self.last, None
        usual = memory_mask is None and not memory_is_causal and not self.layer.training and not tgt.requires_grad
        usual = usual and tgt.dim() == 3 and call.is_causal()
        if usual and tgt.size(1) == 1:
            attention = self.layer.multihead_attn
            self.remembered = _split(attention, _project(attention, memory, 1, 3))
            self.given = self._added(call)
        elif usual and before is not None and call.follows(before):
            self.given = torch.cat((self.given, self._added(call)), dim=1)
        else:
            return self.full(
                tgt,
                memory,
                tgt_mask,
                memory_mask,
                tgt_key_padding_mask,
                memory_key_padding_mask,
                tgt_is_causal,
                memory_is_causal,
            )
        self.last = call
        return self.given

    def _added(self, call: _Call) -> Tensor:
        """The layer's output for the last position, (N, 1, H)."""
        layer, x = self.layer, call.inputs[:, -1:]
        if layer.norm_first:
            x = x + self._look_back(layer.norm1(x), call)
            x = x + self._look_at_memory(layer.norm2(x), call)
            return x + self._feed_forward(layer.norm3(x))
        x = layer.norm1(x + self._look_back(x, call))
        x = layer.norm2(x + self._look_at_memory(x, call))
        return layer.norm3(x + self._feed_forward(x))  # type: ignore[no-any-return]

    def _look_back(self, x: Tensor, call: _Call) -> Tensor:
        assert call.mask is not None
        attention = self.layer.self_attn
        query, *added = _split(attention, _project(attention, x, 0, 3))
        known = [self.seen] if call.inputs.size(1) > 1 else []
        self.seen = tuple(torch.cat(pieces, dim=2) for pieces in zip(*known, added, strict=True))
        return _attend(attention, query, self.seen, _bias(x, call.mask[-1:], call.padding))

    def _look_at_memory(self, x: Tensor, call: _Call) -> Tensor:
        attention = self.layer.multihead_attn
        (query,) = _split(attention, _project(attention, x, 0, 1))
        return _attend(attention, query, self.remembered, _bias(x, call.memory_padding))

    def _feed_forward(self, x: Tensor) -> Tensor:
        layer: Any = self.layer
        result: Tensor = layer.linear2(layer.activation(layer.linear1(x)))
        return result


def _project(attention: nn.MultiheadAttention, x: Tensor, start: int, stop: int) -> Tensor:
    """(N, P, H) -> (N, P, (stop - start) * H): queries (0 to 1), keys (1 to 2) and values (2 to 3), side by side."""
    rows = slice(start * attention.embed_dim, stop * attention.embed_dim)
    bias = attention.in_proj_bias
    return F.linear(x, attention.in_proj_weight[rows], None if bias is None else bias[rows])


def _split(attention: nn.MultiheadAttention, projected: Tensor) -> tuple[Tensor, ...]:
    """(N, P, k * H) -> k of (N, heads, P, H / heads)."""
    heads = projected.unflatten(2, (-1, attention.num_heads, attention.head_dim))  # (N, P, k, heads, H / heads)
    return tuple(heads.permute(2, 0, 3, 1, 4))


def _attend(attention: nn.MultiheadAttention, query: Tensor, seen: KeysAndValues, bias: Tensor | None) -> Tensor:
    """The attention's output for one query position, (N, 1, H)."""
    keys, values = seen
    heads = F.scaled_dot_product_attention(query, keys, values, attn_mask=bias)  # (N, heads, 1, H / heads)
    result: Tensor = attention.out_proj(heads.transpose(1, 2).flatten(2))
    return result


def _bias(like: Tensor, *masks: Tensor | None) -> Tensor | None:
    """Masks (1 or N, positions) as one summand for scores (N, heads, 1, positions): -inf where a mask hides."""
    total = None
    for mask in masks:
        if mask is not None:
            hides = mask.dtype == torch.bool
            added = like.new_zeros(mask.shape).masked_fill(mask, -torch.inf) if hides else mask.to(like.dtype)
            total = added if total is None else total + added
    return None if total is None else total[:, None, None]


class _Scores:
    """Hooks of the layer `final`: it scores only the new position of a step, and earlier scores are kept.

    If a step does not add exactly one position, all positions are scored.
    """

    def __init__(self, longest: int) -> None:
        self.longest = longest
        self.scores: Tensor | None = None  # (N, longest, V), of which the first `width` positions are known
        self.width = 0

    def cut(self, _: nn.Module, inputs: tuple[Any, ...]) -> tuple[Tensor] | None:
        """Before `final`: pass it the last position alone, (N, 1, H), if the others are known."""
        hidden = inputs[0] if inputs else None
        if isinstance(hidden, Tensor) and hidden.dim() == 3 and self._follows(*hidden.shape[:2]):
            self.scores, self.width = (None if hidden.size(1) == 1 else self.scores), hidden.size(1)
            return (hidden[:, -1:],)
        self.scores, self.width = None, 0
        return None

    def _follows(self, N: int, S: int) -> bool:
        """Whether S positions of N sentences are a first position, or one more than in the previous step."""
        return S == 1 or (self.scores is not None and S == self.width + 1 <= self.longest and N == len(self.scores))

    def grow(self, _: nn.Module, __: Any, scores: Tensor) -> Tensor:
        """After `final`: add the new scores to the earlier ones and return all, (N, S, V)."""
        if self.width == 0:
            return scores
        if self.scores is None:
            self.scores = scores.new_empty(len(scores), self.longest, scores.size(2))
        self.scores[:, self.width - 1] = scores[:, 0]
        return self.scores[:, : self.width]
