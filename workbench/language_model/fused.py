"""Computes the last layer, its log-softmax and the loss in one pass over the vocabulary; models need no change.

With a large vocabulary, most of a training step goes into the scores (rows, V): the layer writes one such matrix,
log-softmax a second one, and the gradient a third. Here a model's `decoder` returns a `Deferred` instead. It stands for
the scores and computes them only if some code asks for their values. `nll_sum` does not ask for them: it computes one
block of scores at a time, which stays in the processor's cache while its softmax and its share of all gradients are
computed.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

# On a CPU, a block of rows is small enough for malloc to reuse its memory, because fresh pages cost more time than a
# softmax, and a tile of it fits the cache. Other sizes near these are as fast. A GPU is fastest with few large kernels.
BLOCK_BYTES = {"cpu": 30 << 20}
TILE_COLUMNS = {"cpu": 4096}
LARGE = 1 << 28

VIEWS = (Tensor.view, Tensor.reshape, torch.reshape, Tensor.flatten, torch.flatten)
LOG_SOFTMAX = (F.log_softmax, torch.log_softmax, Tensor.log_softmax, torch.special.log_softmax)
ABOUT_SHAPE = (
    Tensor.size,
    Tensor.dim,
    Tensor.numel,
    Tensor.__len__,
    *(getattr(Tensor, name).__get__ for name in ("shape", "ndim", "dtype", "device")),
)


@contextlib.contextmanager
def deferred(decoder: nn.Module) -> Iterator[None]:
    """Make an nn.Linear return a `Deferred` inside the context. Other modules, also subclasses of it, stay as they are.

    Args:
        decoder: the model's last layer, which maps (..., H) to (..., V).
    """
    if type(decoder) is not nn.Linear:
        yield
        return

    def forward(input: Tensor) -> Tensor:
        fits = input.size(-1) == decoder.in_features and input.dtype == decoder.weight.dtype
        if not fits or torch.is_autocast_enabled(input.device.type) or torch.compiler.is_compiling():
            return F.linear(input, decoder.weight, decoder.bias)
        rows = _Rows(input.reshape(-1, decoder.in_features), decoder.weight, decoder.bias)
        return Deferred(rows, (*input.shape[:-1], decoder.out_features))

    decoder.forward = forward  # type: ignore[method-assign]
    try:
        yield
    finally:
        del decoder.forward


def nll_sum(log_probabilities: Tensor, target: Tensor) -> Tensor:
    """The negative log-likelihood, summed over the targets, as a tensor (). It is fast for a `Deferred`.

    Args:
        log_probabilities: (..., V).
        target: as many ids as there are rows, in any shape; 0 <= id < V.

    Raises:
        RuntimeError: the decoder's input or weights were changed in place after the decoder was called.
    """
    if isinstance(log_probabilities, Deferred) and (rows := log_probabilities.rows).can_be_fused(target.numel()):
        hidden, weight, bias = rows.operands()
        target = target.reshape(-1)
        operands = (operand for operand in (hidden, weight, bias) if operand is not None)
        if torch.is_grad_enabled() and any(operand.requires_grad for operand in operands):
            loss: Tensor = _Fused.apply(hidden, weight, bias, target)  # type: ignore[no-untyped-call]
            return loss
        return fused(hidden, weight, bias, target, gradients=False)[0]
    return F.nll_loss(log_probabilities.reshape(-1, log_probabilities.size(-1)), target.reshape(-1), reduction="sum")


class _Rows:
    """hidden @ weight.T + bias, or its log-softmax. `real` computes it when it is first called; all views share it."""

    def __init__(self, hidden: Tensor, weight: Tensor, bias: Tensor | None) -> None:
        self._operands = hidden, weight, bias
        self._versions = self._now()
        self.scores: _Rows | None = None  # set if these rows are the log-softmax of the scores
        self._real: Tensor | None = None

    def log_softmax(self) -> _Rows:
        rows = _Rows(*self._operands)
        rows.scores = self
        return rows

    def computed(self) -> bool:
        return self._real is not None

    def can_be_fused(self, targets: int) -> bool:
        """Whether these are log-probabilities whose values no code has asked for, one row for each target."""
        untouched = self.scores is not None and not self.computed() and not self.scores.computed()
        return untouched and 0 < targets == self._operands[0].size(0)

    def operands(self) -> tuple[Tensor, Tensor, Tensor | None]:
        """hidden (R, H), weight (V, H), bias (V,).

        Raises:
            RuntimeError: one of them was changed in place after the layer was called, so values would be wrong.
        """
        if self._versions != self._now():
            raise RuntimeError(
                "the decoder's input or weights were changed in place before the loss was computed; "
                "compute the loss before the update"
            )
        return self._operands

    def real(self) -> Tensor:
        """The values, (R, V)."""
        if self._real is None:
            if self.scores is None:
                self._real = F.linear(*self.operands())
            else:
                self._real = F.log_softmax(self.scores.real(), dim=1)
        return self._real

    def _now(self) -> list[int]:
        operands = (operand for operand in self._operands if operand is not None)
        return [operand._version for operand in operands if not operand.is_inference()]


class Deferred(Tensor):
    """A tensor (..., V) whose values are computed only when something other than its shape is asked for.

    Views that keep the last dimension and log-softmax over it stay deferred; everything else gets an ordinary tensor.
    """

    rows: _Rows

    @staticmethod
    def __new__(cls, rows: _Rows, shape: Sequence[int]) -> Deferred:
        hidden = rows._operands[0]
        made: Deferred = Tensor._make_wrapper_subclass(cls, shape, dtype=hidden.dtype, device=hidden.device)
        made.rows = rows
        return made

    def __init__(self, rows: _Rows, shape: Sequence[int]) -> None:
        """Does nothing: __new__ sets everything, as subclasses of Tensor require."""

    @classmethod
    def __torch_function__(
        cls, function: Callable[..., Any], types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        if function in ABOUT_SHAPE:
            with torch._C.DisableTorchFunctionSubclass():
                return function(*args, **kwargs)
        first = args[0] if args else None
        if isinstance(first, Deferred) and not first.rows.computed():
            if function in VIEWS and (view := _view(first, function, args[1:], kwargs)) is not None:
                return view
            if function in LOG_SOFTMAX and _over_last(first, args[1:], kwargs) and first.rows.scores is None:
                return Deferred(first.rows.log_softmax(), first.shape)
        return function(*_real(args), **_real(kwargs))

    @classmethod
    def __torch_dispatch__(cls, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:  # type: ignore[override]
        """Refuse operations that bypass __torch_function__: they would lose the gradient silently."""
        raise NotImplementedError(f"{function} on a decoder's output that has not been computed yet")


def _view(
    of: Deferred, function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]
) -> Deferred | None:
    """The view, still deferred; None if the view changes the last dimension."""
    shape = function(torch.empty(of.shape, device="meta"), *args, **kwargs).shape
    return Deferred(of.rows, shape) if shape[-1:] == of.shape[-1:] else None


def _over_last(of: Deferred, args: Sequence[Any], kwargs: Mapping[str, Any]) -> bool:
    """Whether a log-softmax is over the last dimension, in the tensor's own type."""
    dim = args[0] if args else kwargs.get("dim")
    return dim in (-1, of.dim() - 1) and kwargs.get("dtype") is None


def _real(value: Any) -> Any:
    """Replace deferred tensors, also inside lists and dicts, by ordinary ones with their gradients."""
    if isinstance(value, Deferred):
        return value.rows.real().view(value.shape)
    if isinstance(value, list | tuple) and not isinstance(value, torch.Size):
        return type(value)(_real(item) for item in value)
    if isinstance(value, dict):
        return {key: _real(item) for key, item in value.items()}
    return value


class _Fused(torch.autograd.Function):
    """Computes the gradients together with the loss, while the scores are in the cache; `backward` only scales them."""

    @staticmethod
    def forward(ctx: Any, hidden: Tensor, weight: Tensor, bias: Tensor | None, target: Tensor) -> Tensor:
        loss, *ctx.gradients = fused(hidden, weight, bias, target, gradients=True)
        return loss

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, factor: Tensor) -> tuple[Tensor | None, ...]:
        if ctx.gradients is None:
            raise RuntimeError("this loss has been differentiated already; compute it again")
        gradients, ctx.gradients = ctx.gradients, None
        if factor.is_cuda or factor != 1:  # asking a GPU would wait for it
            for gradient in gradients:
                if gradient is not None:
                    gradient *= factor
        return *gradients, None


def fused(
    hidden: Tensor, weight: Tensor, bias: Tensor | None, target: Tensor, gradients: bool
) -> tuple[Tensor, Tensor | None, Tensor | None, Tensor | None]:
    """The summed negative log-likelihood of softmax(hidden @ weight.T + bias), and its gradients.

    Rows are processed in blocks, and each block in tiles of columns. First each tile gets a softmax of its own, in
    place. When a row's sum of exponentials over all tiles is known, the tile's share of this sum corrects its softmax.

    Args:
        hidden: (R, H); weight: (V, H); bias: (V,); target: (R,), 0 <= id < V.
        gradients: whether to compute them; else they are None.

    Returns:
        loss (), and the gradients of hidden, weight and bias.
    """
    with torch.no_grad():
        hidden = hidden.contiguous()
        right = weight.index_select(0, target)  # raises for an id outside of the vocabulary
        loss = -(hidden * right).sum()
        if bias is not None:
            loss -= bias.index_select(0, target).sum()
        rows, tiles = _layout(hidden, weight)
        buffer = hidden.new_empty(rows * (len(weight) if gradients else len(weight[tiles[0]])))
        d_hidden, d_weight = torch.empty_like(hidden), torch.empty_like(weight if gradients else weight[:0])
        d_bias = None if bias is None else torch.zeros_like(bias)
        for start in range(0, len(hidden), rows):
            block = hidden[start : start + rows]
            softmax, sums = _softmax(block, weight, bias, tiles, buffer, keep=gradients)
            total = sums.logsumexp(0)
            loss += total.sum()
            if not gradients:
                continue
            shares = (sums - total).exp_()
            d_block = d_hidden[start : start + rows].zero_()
            for tile, part, share in zip(tiles, softmax, shares, strict=True):
                scaled = block * share[:, None]
                d_block.addcmul_(part @ weight[tile], share[:, None])
                torch.addmm(d_weight[tile], part.T, scaled, beta=float(start > 0), out=d_weight[tile])
                if d_bias is not None:
                    d_bias[tile].addmv_(part.T, share)
        if not gradients:
            return loss, None, None, None
        d_hidden -= right
        d_weight.index_add_(0, target, hidden, alpha=-1)
        if d_bias is not None:
            d_bias.index_add_(0, target, d_bias.new_ones(len(target)), alpha=-1)
        return loss, d_hidden, d_weight, d_bias


def _layout(hidden: Tensor, weight: Tensor) -> tuple[int, list[slice]]:
    """How many rows a block has, and the tiles' columns."""
    columns = min(len(weight), TILE_COLUMNS.get(hidden.device.type, len(weight)))
    row = len(weight) * hidden.element_size()
    blocks = -(-len(hidden) * row // BLOCK_BYTES.get(hidden.device.type, LARGE))
    tiles = [slice(start, min(start + columns, len(weight))) for start in range(0, len(weight), columns)]
    return -(-len(hidden) // blocks), tiles


def _softmax(
    block: Tensor, weight: Tensor, bias: Tensor | None, tiles: Sequence[slice], buffer: Tensor, keep: bool
) -> tuple[list[Tensor], Tensor]:
    """The softmax of each tile by itself, (R, columns), and the log of its sum of exponentials, (tiles, R).

    Args:
        buffer: memory for the results: of all tiles if `keep`, else of one tile.
    """
    parts, sums = [], block.new_empty(len(tiles), len(block))
    for tile, log_sum in zip(tiles, sums, strict=True):
        columns = tile.stop - tile.start
        part = buffer[: len(block) * columns].view(len(block), columns)
        if keep:
            buffer = buffer[len(block) * columns :]
        if bias is None:
            torch.mm(block, weight[tile].T, out=part)
        else:
            torch.addmm(bias[tile], block, weight[tile].T, out=part)
        highest = part.amax(1)
        torch.softmax(part, 1, out=part)
        torch.sub(highest, part.amax(1).log_(), out=log_sum)  # the softmax of the highest score is exp(0) / sum
        parts.append(part)
    return parts, sums
