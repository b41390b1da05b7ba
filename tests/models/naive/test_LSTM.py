"""LSTM: sixteen parameters, four gates, two states."""

import pytest
from gradescope_utils.autograder_utils.decorators import number, weight

GATES = "ifgo"


@number("1.2.1")
@weight(1)
def test_lstm_has_sixteen_parameters(models, given, reference):
    """The constructor creates W_ik (I, H), b_ik (H,), W_hk (H, H) and b_hk (H,) for the gates i, f, g and o."""
    I, H = given.size("I", 3, 6), given.size("H", 3, 7)
    lstm = given.parameters(models.naive.LSTM.LSTM(I, H))
    for gate in GATES:
        for side in "ih":
            weight, bias = getattr(lstm, f"W_{side}{gate}"), getattr(lstm, f"b_{side}{gate}")
            reference.match(**{f"W_{side}{gate}": weight, f"b_{side}{gate}": bias})
    reference.match(parameters=len(list(lstm.parameters())))


@number("1.2.2")
@weight(1)
def test_lstm_starts_with_xavier_weights_and_zero_biases(models, given, reference):
    """init_parameters draws weights from [-a, a] with a = sqrt(6 / (rows + columns)) and sets biases to zero."""
    I, H = given.size("I", 20, 30), given.size("H", 31, 40)
    lstm = models.naive.LSTM.LSTM(I, H)
    for name, parameter in lstm.named_parameters():
        if name.startswith("b"):
            reference.match(**{name: parameter})
        else:
            bound = (6 / sum(parameter.shape)) ** 0.5
            largest = parameter.abs().max() / bound
            # The largest of several hundred uniform draws lies within a few per cent of the bound.
            reference.match(**{f"{name} within the bound": bool(largest <= 1 + 1e-6)})
            reference.match(**{f"{name} fills the range": bool(largest > 0.9)})
            reference.match(**{f"{name} is centred": bool(parameter.mean().abs() < 0.2 * bound)})


@number("1.2.3")
@weight(2)
def test_lstm_takes_one_step(models, given, reference):
    """One step from given states applies the six equations."""
    N, I, H = given.size("N", 2, 5), given.size("I", 3, 6), given.size("H", 3, 7)
    lstm = given.parameters(models.naive.LSTM.LSTM(I, H))
    states = given.uniform("h", N, H), given.uniform("c", N, H)
    h, c = lstm(given.uniform("x", N, 1, I), states)
    reference.match(h=h, c=c)


@number("1.2.4")
@weight(2)
def test_lstm_reads_a_whole_sequence(models, given, reference):
    """Without states the walk starts from zeros, visits every step from first to last and returns h_T and c_T."""
    N, T = given.size("N", 2, 5), given.size("T", 3, 7)
    I, H = given.size("I", 3, 7), given.size("H", 3, 7)
    lstm = given.parameters(models.naive.LSTM.LSTM(I, H))
    h, c = lstm(given.uniform("x", N, T, I))
    reference.match(h=h, c=c)


@number("1.2.5")
@weight(2)
@pytest.mark.parametrize(("N", "T"), [(1, 1), (1, 4), (3, 1)])
def test_lstm_takes_single_rows_and_steps(models, given, reference, N, T):
    """A batch of one row and a sequence of one step work like any other; states keep their shape (N, H)."""
    I, H = given.size("I", 5, 8), given.size("H", 5, 8)
    lstm = given.parameters(models.naive.LSTM.LSTM(I, H))
    x = given.uniform("x", N, T, I)
    h, c = lstm(x)
    reference.match(h=h, c=c)
    h, c = lstm(x, (given.uniform("h", N, H), given.uniform("c", N, H)))
    reference.match(**{"h from given states": h, "c from given states": c})


@number("1.2.6")
@weight(2)
def test_lstm_continues_from_its_states(models, given, reference):
    """Reading a sequence in two pieces, the second from the first one's states, equals reading it at once."""
    N, T = given.size("N", 2, 5), given.size("T", 4, 7)
    I, H = given.size("I", 3, 7), given.size("H", 3, 7)
    lstm = given.parameters(models.naive.LSTM.LSTM(I, H))
    x = given.uniform("x", N, T, I)
    states = given.uniform("h", N, H), given.uniform("c", N, H)
    h, c = lstm(x[:, 2:], lstm(x[:, :2], states))
    reference.match(**{"h in two pieces": h, "c in two pieces": c})
    h, c = lstm(x, states)
    reference.match(**{"h at once": h, "c at once": c})


@number("1.2.7")
@weight(2)
def test_lstm_lets_gradients_through(models, given, reference):
    """h and c pass gradients back through every step, to the inputs, the first states and all sixteen parameters."""
    N, T = given.size("N", 2, 5), given.size("T", 3, 6)
    I, H = given.size("I", 3, 7), given.size("H", 3, 7)
    lstm = given.parameters(models.naive.LSTM.LSTM(I, H))
    x = given.uniform("x", N, T, I).requires_grad_()
    first_h, first_c = given.uniform("h", N, H).requires_grad_(), given.uniform("c", N, H).requires_grad_()
    h, c = lstm(x, (first_h, first_c))
    (h * given.uniform("h weights", N, H) + c * given.uniform("c weights", N, H)).sum().backward()
    reference.match(**{"gradient of x": x.grad, "gradient of h": first_h.grad, "gradient of c": first_c.grad})
    reference.gradients(lstm)


@number("1.2.8")
@weight(2)
def test_lstm_keeps_nothing_between_calls(models, given, reference):
    """Every call without states starts from zeros again, and neither inputs nor given states are changed."""
    N, T = given.size("N", 2, 5), given.size("T", 3, 6)
    I, H = given.size("I", 3, 7), given.size("H", 3, 7)
    lstm = given.parameters(models.naive.LSTM.LSTM(I, H))
    x, h, c = given.uniform("x", N, T, I), given.uniform("h", N, H), given.uniform("c", N, H)
    first = lstm(x)
    from_states = lstm(x, (h, c))
    again = lstm(x)
    reference.match(first=first, again=again, **{"from given states": from_states})
    reference.match(**{"x after the calls": x, "given h after the calls": h, "given c after the calls": c})
