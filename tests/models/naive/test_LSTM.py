"""LSTM: sixteen parameters, four gates, two states."""

import torch
from gradescope_utils.autograder_utils.decorators import number, weight

GATES = "ifgo"
NAMES = [f"{kind}_{side}{gate}" for gate in GATES for side in "ih" for kind in "Wb"]


def show_initial_values(show, parameters, when):
    """Show the weights, which are drawn from [-a, a] with a = sqrt(6 / (rows + columns)), and the biases, zeros."""
    for name, values in parameters.items():
        if name.startswith("W"):
            bound = (6 / sum(values.shape)) ** 0.5
            show.spread(f"{when}, {name}", values, -bound, bound)
        else:
            show(f"{when}, {name}", values)


def flat(parameters):
    """Return all values in one tensor."""
    return torch.cat([values.detach().flatten() for values in parameters.values()])


@number("1.2.1")
@weight(1)
def test_lstm_has_sixteen_parameters(models, given, show):
    """The constructor creates W_ik (I, H), b_ik (H,), W_hk (H, H) and b_hk (H,) for each gate k in i, f, g, o."""
    I, H = given.size("I", 3, 6), given.size("H", 3, 7)
    lstm = given.parameters(models.naive.LSTM.LSTM(I, H))
    for name in NAMES:
        show(name, getattr(lstm, name))
    show("parameters", len(list(lstm.parameters())))


@number("1.2.2")
@weight(1)
def test_lstm_starts_with_xavier_weights_and_zero_biases(models, given, show):
    """init_parameters draws weights from [-a, a] with a = sqrt(6 / (rows + columns)) and sets biases to zero.

    Every call does so in place and draws each weight separately. The constructor calls it.
    """
    I, H = given.size("I", 20, 30), given.size("H", 31, 40)
    lstm = models.naive.LSTM.LSTM(I, H)
    created = {name: getattr(lstm, name) for name in NAMES}
    show_initial_values(show, created, "in a new LSTM")
    drawn = {f"{name} in a new LSTM": created[name].detach().clone() for name in ("W_hi", "W_hf")}
    with torch.no_grad():
        for parameter in created.values():
            parameter.fill_(7)
    lstm.init_parameters()
    now = {name: getattr(lstm, name) for name in NAMES}
    show_initial_values(show, now, "after another call")
    show.alike("parameters after another call", {"those created": flat(created), "those of the LSTM": flat(now)})
    drawn |= {f"{name} after another call": now[name].detach() for name in ("W_hi", "W_hf")}
    show.alike("weights", drawn)
    show("filled", given.parameters(lstm).W_ii)


@number("1.2.3")
@weight(2)
def test_lstm_takes_one_step(models, given, show):
    """One step from given states applies the six equations."""
    N, I, H = given.size("N", 2, 5), given.size("I", 3, 6), given.size("H", 3, 7)
    lstm = given.parameters(models.naive.LSTM.LSTM(I, H))
    states = given.uniform("h", N, H), given.uniform("c", N, H)
    h, c = lstm(given.uniform("x", N, 1, I), states)
    show("h", h)
    show("c", c)


@number("1.2.4")
@weight(2)
def test_lstm_reads_a_whole_sequence(models, given, show):
    """Without states the LSTM starts from zeros, reads every step from first to last and returns h_T and c_T.

    The layer has no dropout, so training mode gives the same results.
    """
    N, T = given.size("N", 2, 5), given.size("T", 3, 7)
    I, H = given.size("I", 3, 7), given.size("H", 3, 7)
    lstm = given.parameters(models.naive.LSTM.LSTM(I, H))
    x = given.uniform("x", N, T, I)
    h, c = lstm(x)
    show("h", h)
    show("c", c)
    h, c = lstm.train()(x)
    show("h in training mode", h)
    show("c in training mode", c)


@number("1.2.5")
@weight(2)
def test_lstm_takes_single_rows_and_steps(models, given, show):
    """A batch of one row and a sequence of one step work like any other; states keep their shape (N, H)."""
    I, H = given.size("I", 5, 8), given.size("H", 5, 8)
    lstm = given.parameters(models.naive.LSTM.LSTM(I, H))
    x, before_h, before_c = given.uniform("x", 3, 4, I), given.uniform("h", 3, H), given.uniform("c", 3, H)
    for name, N, T in (("one step of one row", 1, 1), ("one row", 1, 4), ("one step", 3, 1)):
        part = x[:N, :T].contiguous()
        h, c = lstm(part)
        show(f"h of {name}", h)
        show(f"c of {name}", c)
        h, c = lstm(part, (before_h[:N], before_c[:N]))
        show(f"h of {name} from given states", h)
        show(f"c of {name} from given states", c)


@number("1.2.6")
@weight(2)
def test_lstm_continues_from_its_states(models, given, show):
    """Reading a sequence in two pieces gives the same as reading it at once, if the states are passed on."""
    N, T = given.size("N", 2, 5), given.size("T", 4, 7)
    I, H = given.size("I", 3, 7), given.size("H", 3, 7)
    lstm = given.parameters(models.naive.LSTM.LSTM(I, H))
    x = given.uniform("x", N, T, I)
    states = given.uniform("h", N, H), given.uniform("c", N, H)
    h, c = lstm(x[:, 2:], lstm(x[:, :2], states))
    show("h in two pieces", h)
    show("c in two pieces", c)
    h, c = lstm(x, states)
    show("h at once", h)
    show("c at once", c)


@number("1.2.7")
@weight(2)
def test_lstm_lets_gradients_through(models, given, show):
    """h and c pass gradients back through every step, to the inputs, the first states and all sixteen parameters."""
    N, T = given.size("N", 2, 5), given.size("T", 3, 6)
    I, H = given.size("I", 3, 7), given.size("H", 3, 7)
    lstm = given.parameters(models.naive.LSTM.LSTM(I, H))
    x = given.uniform("x", N, T, I).requires_grad_()
    first_h, first_c = given.uniform("h", N, H).requires_grad_(), given.uniform("c", N, H).requires_grad_()
    h, c = lstm(x, (first_h, first_c))
    (h * given.uniform("h weights", N, H) + c * given.uniform("c weights", N, H)).sum().backward()
    show("gradient of x", x.grad)
    show("gradient of h", first_h.grad)
    show("gradient of c", first_c.grad)
    show.gradients(lstm)


@number("1.2.8")
@weight(2)
def test_lstm_keeps_nothing_between_calls(models, given, show):
    """Every call without states starts from zeros again. No call changes its inputs or the given states."""
    N, T = given.size("N", 2, 5), given.size("T", 3, 6)
    I, H = given.size("I", 3, 7), given.size("H", 3, 7)
    lstm = given.parameters(models.naive.LSTM.LSTM(I, H))
    x, h, c = given.uniform("x", N, T, I), given.uniform("h", N, H), given.uniform("c", N, H)
    first = lstm(x)
    from_states = lstm(x, (h, c))
    again = lstm(x)
    show("first", first)
    show("again", again)
    show("from given states", from_states)
    show("x after the calls", x)
    show("given h after the calls", h)
    show("given c after the calls", c)
