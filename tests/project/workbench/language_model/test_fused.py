"""Decoder, log-softmax and loss in one pass, beside torch's own steps: any model that gives log-probabilities works."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from workbench.language_model import fused
from workbench.language_model.fused import Deferred, deferred, nll_sum

S, B, E, V = 5, 3, 8, 37


class Model(nn.Module):
    """A student's model in short; `finish` is what comes after its last hidden states, (S, B, E)."""

    def __init__(self, kind: str, tied: bool, bias: bool, finish: Callable[[nn.Module, Tensor], Tensor]) -> None:
        super().__init__()
        self.embedding = nn.Embedding(V, E)
        if kind == "lstm":
            self.body: nn.Module = nn.LSTM(E, E, 2)
        else:
            self.body = nn.TransformerEncoder(nn.TransformerEncoderLayer(E, 2, 16, 0.0), 2, enable_nested_tensor=False)
        self.decoder = nn.Linear(E, V, bias=bias)
        if tied:
            self.decoder.weight = self.embedding.weight
        self.finish = finish

    def forward(self, ids: Tensor) -> Tensor:
        hidden = self.body(self.embedding(ids))
        return self.finish(self.decoder, hidden[0] if isinstance(hidden, tuple) else hidden)


def in_place(decoder: nn.Module, hidden: Tensor) -> Tensor:
    scores = decoder(hidden).view(-1, V)
    scores[:, 0] = -3.0
    return F.log_softmax(scores, dim=1)


def changed_under_a_view(decoder: nn.Module, hidden: Tensor) -> Tensor:
    scores = decoder(hidden)
    rows = scores.view(-1, V)
    scores.mul_(2)
    return F.log_softmax(rows, dim=1)


# All of these are right; those of STAYS give what has not been computed yet.
STAYS: dict[str, Callable[[nn.Module, Tensor], Tensor]] = {
    "view, then F.log_softmax": lambda d, h: F.log_softmax(d(h).view(-1, V), dim=1),
    "F.log_softmax, then view": lambda d, h: F.log_softmax(d(h), dim=2).view(-1, V),
    "dim=-1": lambda d, h: F.log_softmax(d(h), dim=-1).reshape(-1, V),
    "torch.log_softmax": lambda d, h: torch.log_softmax(d(h), 2).flatten(0, 1),
    "method": lambda d, h: d(h).flatten(end_dim=1).log_softmax(dim=1),
    "module": lambda d, h: nn.LogSoftmax(dim=1)(torch.flatten(d(h), 0, 1)),
    "input flattened": lambda d, h: F.log_softmax(d(h.view(-1, E)), dim=1),
    "sizes asked for": lambda d, h: (lambda s: F.log_softmax(s.view(s.shape[0] * s.size(1), s.size(2)), 1))(d(h)),
    "left as (S, B, V)": lambda d, h: F.log_softmax(d(h), dim=2),
}
COMPUTED: dict[str, Callable[[nn.Module, Tensor], Tensor]] = {
    "something added": lambda d, h: F.log_softmax(d(h) + torch.arange(V) / V, dim=2).view(-1, V),
    "log of softmax": lambda d, h: F.softmax(d(h), dim=2).log().view(-1, V),
    "softmax by hand": lambda d, h: (lambda s: (s - s.logsumexp(2, keepdim=True)).view(-1, V))(d(h)),
    "a list of steps": lambda d, h: torch.cat([F.log_softmax(d(step), dim=1) for step in h]),
    "scores changed in place": in_place,
    "scores changed under their view": changed_under_a_view,
    "softmax over the batch, which is wrong": lambda d, h: F.log_softmax(d(h), dim=1).view(-1, V),
    "no softmax, which is wrong": lambda d, h: d(h).view(-1, V),
    "other rows": lambda d, h: F.log_softmax(d(h).transpose(0, 1).reshape(-1, V), dim=1),
    "columns mixed up": lambda d, h: F.log_softmax(d(h).view(S, V, B), dim=1).transpose(1, 2).reshape(-1, V),
}


@pytest.fixture(params=["one block, one tile", "many"])
def layout(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small matrices fit one tile; here they also take several of both, the last ones smaller."""
    if request.param == "many":
        monkeypatch.setitem(fused.TILE_COLUMNS, "cpu", 10)  # of 37
        monkeypatch.setitem(fused.BLOCK_BYTES, "cpu", 4 * V * 4)  # 4 rows of 15


def gradients(model: nn.Module, loss: Tensor) -> dict[str, Tensor]:
    model.zero_grad()
    loss.backward()
    return {name: parameter.grad.clone() for name, parameter in model.named_parameters() if parameter.grad is not None}


def both(model: Model, ids: Tensor, target: Tensor) -> tuple[Any, Any]:
    """Loss and gradients, of torch's own steps and of ours."""
    plain = F.nll_loss(model(ids).reshape(-1, V), target.reshape(-1), reduction="sum")
    expected = plain.detach(), gradients(model, plain / 7)
    with deferred(model.decoder):
        log_probabilities = model(ids)
    ours = nll_sum(log_probabilities, target)
    return expected, (ours.detach(), gradients(model, ours / 7))


def assert_same(expected: Any, actual: Any, **bounds: float) -> None:
    torch.testing.assert_close(actual[0], expected[0], **bounds)
    assert actual[1].keys() == expected[1].keys()
    for name, gradient in expected[1].items():
        torch.testing.assert_close(actual[1][name], gradient, msg=lambda text, name=name: f"{name}: {text}", **bounds)


@pytest.mark.usefixtures("layout")
@pytest.mark.parametrize("kind", ["lstm", "transformer"])
@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("shape", [(S * B,), (S, B)])
def test_loss_and_all_gradients_are_the_plain_ones(kind: str, tied: bool, bias: bool, shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    model = Model(kind, tied, bias, STAYS["view, then F.log_softmax"]).double()
    ids, target = torch.randint(V, (S, B)), torch.randint(V, shape)
    assert_same(*both(model, ids, target), rtol=1e-10, atol=1e-10)
    assert_same(*both(model.float(), ids, target), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", [*STAYS, *COMPUTED])
def test_every_way_to_write_it_gives_the_plain_result(name: str) -> None:
    torch.manual_seed(0)
    model = Model("lstm", True, True, (STAYS | COMPUTED)[name]).double()
    ids, target = torch.randint(V, (S, B)), torch.randint(V, (S * B,))
    assert_same(*both(model, ids, target), rtol=1e-9, atol=1e-9)
    with deferred(model.decoder):
        output = model(ids)
    rows = isinstance(output, Deferred) and output.rows.can_be_fused(S * B)
    assert rows == (name in STAYS)
    assert isinstance(model(ids).exp(), Tensor)
    assert not isinstance(model(ids), Deferred)  # outside of the context the layer is itself again


def test_what_was_looked_at_can_still_be_trained_on() -> None:
    torch.manual_seed(0)
    model = Model("lstm", True, True, STAYS["view, then F.log_softmax"]).double()
    ids, target = torch.randint(V, (S, B)), torch.randint(V, (S * B,))
    expected, _ = both(model, ids, target)
    with deferred(model.decoder):
        output = model(ids)
    assert output.exp().sum().item() == pytest.approx(S * B)
    assert_same(expected, (nll_sum(output, target).detach(), gradients(model, nll_sum(output, target) / 7)))


@pytest.mark.usefixtures("layout")
def test_without_gradients_the_loss_is_the_same() -> None:
    torch.manual_seed(0)
    model = Model("lstm", False, True, STAYS["view, then F.log_softmax"]).double().eval()
    ids, target = torch.randint(V, (S, B)), torch.randint(V, (S * B,))
    with torch.no_grad():
        with deferred(model.decoder):
            output = model(ids)
        loss = nll_sum(output, target)
        torch.testing.assert_close(loss, F.nll_loss(model(ids), target, reduction="sum"))
    assert not loss.requires_grad
    assert not output.rows.computed()


@pytest.mark.usefixtures("layout")
@pytest.mark.parametrize("scale", [1e-4, 30.0, 1e4])
def test_large_scores_neither_overflow_nor_vanish(scale: float) -> None:
    torch.manual_seed(0)
    hidden = torch.randn(B * S, E) * scale
    decoder, target = nn.Linear(E, V), torch.randint(V, (S * B,))
    expected = F.cross_entropy(decoder.double()(hidden.double()), target, reduction="sum")
    results = fused.fused(
        hidden, *(parameter.detach().float() for parameter in decoder.parameters()), target, gradients=True
    )
    assert all(torch.isfinite(tensor).all() for tensor in results if tensor is not None)
    torch.testing.assert_close(results[0].double(), expected, rtol=1e-5, atol=1e-5)


def test_the_scores_are_never_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    model = Model("transformer", True, True, STAYS["F.log_softmax, then view"])
    with deferred(model.decoder):
        output = model(torch.randint(V, (S, B)))
    monkeypatch.setattr(type(output.rows), "real", lambda self: pytest.fail("computed"))
    nll_sum(output, torch.randint(V, (S * B,))).backward()
    assert output.shape == (S * B, V)
    assert (output.ndim, len(output), output.dtype, output.size(0)) == (2, S * B, torch.float32, S * B)


def test_a_layer_of_the_students_own_is_left_alone() -> None:
    class Scaled(nn.Linear):
        def forward(self, input: Tensor) -> Tensor:
            return super().forward(input) * 2

    layer = Scaled(E, V)
    with deferred(layer):
        assert not isinstance(layer(torch.randn(2, E)), Deferred)


def test_errors_are_those_of_the_layer() -> None:
    layer = nn.Linear(E, V)
    with deferred(layer):
        with pytest.raises(RuntimeError, match="cannot be multiplied"):
            layer(torch.randn(2, E + 1))
        with pytest.raises(RuntimeError, match="invalid for input of size"):
            layer(torch.randn(2, E)).view(-1, V + 1)
        output = F.log_softmax(layer(torch.randn(2, E)), dim=1)
    with pytest.raises(IndexError):
        nll_sum(output, torch.tensor([0, V]))
    with pytest.raises(ValueError, match="batch_size"):
        nll_sum(output, torch.tensor([0, 1, 2]))


def test_an_update_before_the_loss_is_refused() -> None:
    layer = nn.Linear(E, V)
    with deferred(layer):
        output = F.log_softmax(layer(torch.randn(2, E)), dim=1)
    with torch.no_grad():
        layer.weight += 1
    with pytest.raises(RuntimeError, match="before the update"):
        nll_sum(output, torch.tensor([0, 1]))
