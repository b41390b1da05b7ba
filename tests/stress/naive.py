"""VanillaRNN and LSTM."""

import torch

from harness.stress import has_shape, same, same_again, stress


def rnn(models, given):
    """A filled VanillaRNN with an input (N, I), a hidden state (N, H), and its sizes."""
    N, I, H, O = (given.size(name, 1, 6) for name in "NIHO")
    model = given.parameters(models.naive.RNN.VanillaRNN(I, H, O))
    return model, given.uniform("input", N, I), given.uniform("hidden", N, H), (N, I, H, O)


def lstm(models, given):
    """A filled LSTM with sequences (N, T, I), states, and its sizes."""
    N, T, I, H = given.size("N", 1, 5), given.size("T", 1, 7), given.size("I", 1, 6), given.size("H", 1, 6)
    model = given.parameters(models.naive.LSTM.LSTM(I, H))
    states = given.uniform("h", N, H), given.uniform("c", N, H)
    return model, given.uniform("x", N, T, I), states, (N, T, I, H)


@stress("naive.RNN")
def rnn_takes_any_size(models, given):
    """Any batch and any sizes give log-probabilities (N, O) and a hidden state (N, H)."""
    model, input, hidden, (N, _, H, O) = rnn(models, given)
    output, new_hidden = model(input, hidden)
    has_shape("output", output, N, O)
    has_shape("hidden", new_hidden, N, H)
    same("sum of every row's probabilities", output.exp().sum(dim=1), torch.ones(N))


@stress("naive.RNN")
def rnn_reads_rows_one_by_one(models, given):
    """A row gives the same alone as in a batch."""
    model, input, hidden, (N, *_) = rnn(models, given)
    output, new_hidden = model(input, hidden)
    for n in range(N):
        row = slice(n, n + 1)
        same(f"row {n} alone", model(input[row], hidden[row]), (output[row], new_hidden[row]))


@stress("naive.RNN")
def rnn_calls_do_not_influence_each_other(models, given):
    """A call gives the same after another call, and arguments stay as they were."""
    model, input, hidden, (N, I, H, _) = rnn(models, given)
    same_again(model, (input, hidden), (given.uniform("other input", N + 1, I), given.uniform("other", N + 1, H)))


@stress("naive.LSTM")
def lstm_takes_any_size(models, given):
    """Any batch, length and sizes give h and c of shape (N, H), with and without given states."""
    model, x, states, (N, _, _, H) = lstm(models, given)
    for when, (h, c) in (("", model(x)), (" from given states", model(x, states))):
        has_shape(f"h{when}", h, N, H)
        has_shape(f"c{when}", c, N, H)


@stress("naive.LSTM")
def lstm_reads_rows_one_by_one(models, given):
    """A sequence gives the same alone as in a batch."""
    model, x, (first_h, first_c), (N, *_) = lstm(models, given)
    h, c = model(x, (first_h, first_c))
    for n in range(N):
        row = slice(n, n + 1)
        same(f"row {n} alone", model(x[row], (first_h[row], first_c[row])), (h[row], c[row]))


@stress("naive.LSTM")
def lstm_reads_on_from_its_states(models, given):
    """Reading step by step, each from the states of the one before, gives the same as reading at once."""
    model, x, states, (N, T, _, H) = lstm(models, given)
    at_once = model(x)
    states = torch.zeros(N, H), torch.zeros(N, H)
    for t in range(T):
        states = model(x[:, t : t + 1], states)
    same("states after the last step", states, at_once)


@stress("naive.LSTM")
def lstm_calls_do_not_influence_each_other(models, given):
    """A call gives the same after another call, and arguments stay as they were."""
    model, x, (h, c), (N, T, I, _) = lstm(models, given)
    other = given.uniform("other x", N + 1, T + 1, I)
    same_again(lambda x, h, c: model(x, (h, c)), (x, h, c), (x.flip(1), c, h))
    same_again(model, (x,), (other,))
