"""train_epoch and evaluate. Most tests use stand-ins for models, batching and optimizers."""

import pytest
import torch
from gradescope_utils.autograder_utils.decorators import number, weight

from harness import integration
from harness.doubles import OptimizerDouble, mode_of
from tests.models.language_model.doubles import RecurrentModelDouble, WindowModelDouble, given_batching

with_and_without_state = pytest.mark.parametrize("state", [True, False])
tensor_and_pair = pytest.mark.parametrize("pair", [False, True])


def build(given, state=True, pair=False, chunks=3, left=2, bptt=4):
    """Return a model, and a source (rows, B) with so many whole chunks and `left` more rows in a shorter one."""
    V, H, B = given.size("V", 5, 8), given.size("H", 3, 6), given.size("B", 2, 4)
    model = RecurrentModelDouble(given, V, H, pair) if state else WindowModelDouble(given, V, H)
    return model, given.integers("source", chunks * bptt + left + 1, B, low=0, high=V)


def descent(model, rate=0.5, momentum=0.0):
    """Return gradient descent for all of a model's parameters."""
    return OptimizerDouble(model.parameters(), rate, momentum)


def train(models, *args, **options):
    """Train for one epoch with given batching, and return the loss as a tensor."""
    training = models.language_model.training
    with given_batching(training):
        return torch.tensor(float(training.train_epoch(*args, **options)))


def evaluate(models, *args, **options):
    """Evaluate with given batching, and return the loss as a tensor."""
    training = models.language_model.training
    with given_batching(training):
        return torch.tensor(float(training.evaluate(*args, **options)))


def modes(model):
    """Return the modes of a stand-in's calls, in words."""
    return " and ".join(f"{mode}, {'with' if grad else 'without'} gradients" for mode, grad in sorted({*model.modes}))


@number("4.5.1")
@weight(0.5)
@with_and_without_state
def test_train_epoch_takes_a_step_a_chunk(models, given, show, state):
    """One epoch with plain gradient descent gives the right parameters, and the mean loss of a token.

    The last chunk is shorter, and its tokens count as much as others. Models with and without hidden state learn.
    """
    model, source = build(given, state)
    show("loss", train(models, model, source, descent(model), bptt=4, clip=100.0))
    for name, parameter in model.named_parameters():
        show(name, parameter)
    show("all chunks", torch.cat(model.chunks))
    show("first chunk", model.chunks[0])
    show("modes of the calls", modes(model))


@number("4.5.2")
@weight(0.5)
def test_train_epoch_serves_another_optimizer(models, given, show):
    """An epoch with momentum gives the right parameters. A second one goes on from them with a new hidden state."""
    model, source = build(given, left=0)
    optimizer = descent(model, momentum=0.8)
    for epoch in ("first", "second"):
        show(f"loss of the {epoch} epoch", train(models, model, source, optimizer, bptt=4))
        for name, parameter in model.named_parameters():
            show(f"{name} after the {epoch} epoch", parameter)
    show("batch size of every call of init_hidden", torch.tensor(model.starts))


@number("4.5.3")
@weight(0.5)
@tensor_and_pair
def test_train_epoch_carries_the_state_over(models, given, show, pair):
    """Every chunk starts with the values of the previous chunk's state. No gradient flows back through it."""
    model, source = build(given, pair=pair, left=0)
    train(models, model, source, descent(model), bptt=4, clip=100.0)
    for place, state in enumerate(model.states):
        show(f"state before chunk {place}", state)
    show("states through which gradients could flow back", torch.tensor(model.attached))
    show("batch size of every call of init_hidden", torch.tensor(model.starts))


@number("4.5.4")
@weight(0.5)
def test_train_epoch_clips_the_total_norm(models, given, show):
    """A gradient whose total norm, over all parameters together, exceeds clip is scaled down to it. Others stay."""
    model, source = build(given, chunks=1, left=0)
    for clip in (0.05, 0.5, 100.0):
        before = [parameter.detach().clone() for parameter in model.parameters()]
        optimizer = descent(model, rate=1.0)
        train(models, model, source, optimizer, bptt=4, clip=clip)
        steps = [old - new.detach() for old, new in zip(before, model.parameters(), strict=True)]
        show(f"step with clip = {clip}", steps)
        show(f"its norm with clip = {clip}", torch.tensor(optimizer.norms))


@number("4.5.5")
@weight(0.5)
def test_train_epoch_starts_from_no_gradient(models, given, show):
    """No step contains gradients from before the epoch or from an earlier chunk."""
    model, source = build(given, chunks=2, left=0)
    for name, parameter in model.named_parameters():
        parameter.grad = given.uniform(f"old gradient of {name}", *parameter.shape)
    train(models, model, source, descent(model), bptt=4, clip=100.0)
    for name, parameter in model.named_parameters():
        show(name, parameter)


@number("4.5.6")
@weight(0.5)
def test_defaults_are_35_steps_and_a_norm_of_a_quarter(models, given, show):
    """By default a chunk has 35 rows and the total norm of a step is at most 0.25."""
    model, source = build(given, chunks=1, left=1, bptt=35)
    optimizer = descent(model, rate=1.0)
    train(models, model, source, optimizer)
    show("total norm of every step", torch.tensor(optimizer.norms))
    evaluate(models, model, source)
    show("parameters", list(model.parameters()))
    show("rows of the chunks", torch.tensor([len(chunk) for chunk in model.chunks]))


@number("4.5.7")
@weight(0.5)
@with_and_without_state
def test_evaluate_counts_every_token_the_same(models, given, show, state):
    """evaluate counts all tokens the same, also in a shorter last chunk. With a state any bptt gives the same."""
    model, source = build(given, state)
    for bptt in (1, 4, 7, 50):
        show(f"loss with bptt = {bptt}", evaluate(models, model, source, bptt=bptt))
    show("rows of the last chunks", torch.tensor([len(chunk) for chunk in model.chunks][-6:]))


@number("4.5.8")
@weight(0.5)
@tensor_and_pair
def test_evaluate_carries_the_state_over(models, given, show, pair):
    """Evaluation calls init_hidden once, and every chunk starts with the previous chunk's state."""
    model, source = build(given, pair=pair, left=0)
    for call in ("first", "second"):
        show(f"loss of the {call} call", evaluate(models, model, source, bptt=4))
    for place, state in enumerate(model.states[:3]):
        show(f"state before chunk {place}", state)
    show("batch size of every call of init_hidden", torch.tensor(model.starts))


@number("4.5.9")
@weight(0.5)
@with_and_without_state
def test_evaluate_changes_nothing(models, given, show, state):
    """Evaluation runs in eval mode without gradients, and changes no parameter, no gradient and not the source."""
    model, source = build(given, state, left=0)
    evaluate(models, model.train(), source, bptt=4)
    show("modes of the calls", modes(model))
    show("mode afterwards", mode_of(model))
    show("source afterwards", source)
    show("parameters afterwards", list(model.parameters()))
    show("gradients afterwards", [parameter.grad for parameter in model.parameters()])
    model.modes.clear()
    show("loss of an epoch afterwards", train(models, model, source, descent(model), bptt=4))
    show("modes of the epoch's calls", modes(model))


@number("4.5.10")
@weight(0.5)
@integration()
def test_training_with_own_pieces(models, given, show):
    """Your batches and your LSTM with tied weights train for two epochs on a small text, evaluated before and after."""
    parts = models.language_model
    V = given.size("V", 5, 8)
    model = given.parameters(parts.RNNModel.RNNModel("LSTM", V, 4, 4, 2, 0.0, tie_weights=True))
    source = parts.batching.batchify(given.integers("text", 27, low=0, high=V), 3)
    before = parts.training.evaluate(model, source, bptt=4)
    losses = [parts.training.train_epoch(model, source, descent(model), bptt=4, clip=1.0) for _ in range(2)]
    after = parts.training.evaluate(model, source, bptt=4)
    show("before", torch.tensor(float(before)))
    show("losses", torch.tensor([*map(float, losses)]))
    show("after", torch.tensor(float(after)))
    show("losses are floats", all(isinstance(loss, float) for loss in losses))
    show("evaluations are floats", all(isinstance(loss, float) for loss in (before, after)))
    show("embedding.weight", model.embedding.weight)
