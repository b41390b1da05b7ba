"""VanillaRNN: two layers that both read the input next to the previous hidden state."""

import pytest
import torch
from gradescope_utils.autograder_utils.decorators import number, weight


def build(models, given):
    """Return a filled network and its sizes (I, H, O)."""
    sizes = given.size("I", 3, 6), given.size("H", 3, 7), given.size("O", 3, 8)
    return given.parameters(models.naive.RNN.VanillaRNN(*sizes)), sizes


@number("1.1.1")
@weight(1)
def test_rnn_has_two_linear_layers(models, given, show):
    """The constructor creates hidden_layer, Linear(I + H, H), and output_layer, Linear(I + H, O), with biases."""
    rnn, _ = build(models, given)
    for name in ("hidden_layer", "output_layer"):
        layer = getattr(rnn, name)
        show(f"{name}.weight", layer.weight)
        show(f"{name}.bias", layer.bias)


@number("1.1.2")
@weight(1)
@pytest.mark.parametrize("batch", ["several rows", "one row"])
def test_rnn_takes_one_step(models, given, show, batch):
    """One step returns log-probabilities (N, O) and the new hidden state (N, H), also for a batch of one.

    The network has no dropout, so training mode gives the same results.
    """
    rnn, (I, H, _) = build(models, given)
    N = given.size("N", 2, 5) if batch == "several rows" else 1
    x, h = given.uniform("input", N, I), given.uniform("hidden", N, H)
    output, hidden = rnn(x, h)
    show("hidden", hidden)
    show("output", output)
    output, hidden = rnn.train()(x, h)
    show("hidden in training mode", hidden)
    show("output in training mode", output)


@number("1.1.3")
@weight(1)
def test_rnn_carries_its_state_from_step_to_step(models, given, show):
    """In three steps from a zero state each output depends on the hidden state before its step, not after it."""
    rnn, (I, H, _) = build(models, given)
    N = given.size("N", 2, 5)
    hidden = torch.zeros(N, H)
    for step in range(3):
        output, hidden = rnn(given.uniform(f"input of step {step}", N, I), hidden)
        show(f"output of step {step}", output)
        show(f"hidden of step {step}", hidden)


@number("1.1.4")
@weight(1)
def test_rnn_gives_log_probabilities_for_large_inputs(models, given, show):
    """The outputs are log-probabilities for each row and stay finite where probabilities would round to zero."""
    rnn, (I, H, _) = build(models, given)
    N = given.size("N", 2, 5)
    output, hidden = rnn(given.uniform("input", N, I, low=-200, high=200), given.uniform("hidden", N, H))
    show("output", output)
    show("total", output.exp().sum(dim=1))
    show("hidden", hidden)


@number("1.1.5")
@weight(1)
def test_rnn_lets_gradients_through(models, given, show):
    """Gradients flow from output and hidden state to the input, the previous hidden state and all parameters."""
    rnn, (I, H, O) = build(models, given)
    N = given.size("N", 2, 5)
    x, h = given.uniform("input", N, I).requires_grad_(), given.uniform("hidden", N, H).requires_grad_()
    output, hidden = rnn(x, h)
    objective = (output * given.uniform("output weights", N, O)).sum()
    objective = objective + (hidden * given.uniform("hidden weights", N, H)).sum()
    objective.backward()
    show("gradient of input", x.grad)
    show("gradient of the previous hidden", h.grad)
    show.gradients(rnn)


@number("1.1.6")
@weight(1)
def test_rnn_keeps_nothing_between_calls(models, given, show):
    """The same arguments give the same results after another call, and no call changes its arguments."""
    rnn, (I, H, _) = build(models, given)
    N = given.size("N", 2, 5)
    x, h = given.uniform("input", N, I), given.uniform("hidden", N, H)
    first = rnn(x, h)
    rnn(given.uniform("other input", N, I), given.uniform("other hidden", N, H))
    again = rnn(x, h)
    show("first", first)
    show("again", again)
    show("input after the calls", x)
    show("previous hidden after the calls", h)
