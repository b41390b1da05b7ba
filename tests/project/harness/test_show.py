"""A test's values are copied at once, and plain tensors are told from everything else."""

from functools import partial
from typing import NamedTuple

import numpy as np
import pytest
import torch
from torch import nn

from harness import show as show_module
from harness.outcome import Outcome
from harness.show import MAX_ELEMENTS, Show
from tests.project.harness.samples import stop


def shown(**values):
    outcome = Outcome()
    show = Show(outcome)
    for name, value in values.items():
        show(name, value)
    return outcome.shown


def test_a_shown_tensor_is_copied_at_once():
    tensor = torch.zeros(2, 3)
    values = shown(whole=tensor, view=tensor[:, 1], turned=tensor.T)
    tensor += 1
    assert not any(value.any() for value in values.values())
    assert values["turned"].shape == (3, 2)


class Sneaky(torch.Tensor):
    def __eq__(self, other):
        return True


class States(NamedTuple):
    h: torch.Tensor
    c: torch.Tensor | None


class Odd:
    def __repr__(self):
        raise RuntimeError("no")


@pytest.mark.parametrize(
    ("value", "fact"),
    [
        (None, "None"),
        (True, "True"),
        (3, "3"),
        (1.5, "1.5"),
        ("text", "'text'"),
        ("x" * 999, "'" + "x" * 199),
        (torch.Size([2, 3]), "(2, 3)"),
        ({"a": 1}, "a dict of 1"),
        ([0] * 9, "a list of 9"),
        (Odd(), "an Odd"),
        (np.zeros(3), "a ndarray"),
        (nn.Module(), "a Module"),
        (torch.zeros(2).as_subclass(Sneaky), "a float32 tensor of shape (2,) (Sneaky)"),
        (torch.zeros(2, dtype=torch.bfloat16), "a bfloat16 tensor of shape (2,) (Tensor)"),
        (torch.zeros(2, dtype=torch.complex64), "a complex64 tensor of shape (2,) (Tensor)"),
        (torch.zeros(2, dtype=torch.int64).as_subclass(Sneaky), "an int64 tensor of shape (2,) (Sneaky)"),
        (torch.zeros(2, 2).to_sparse(), "a float32 tensor of shape (2, 2) (Tensor)"),
        (torch.zeros(1).expand(MAX_ELEMENTS + 1), f"a tensor of shape ({MAX_ELEMENTS + 1},), too large to compare"),
    ],
)
def test_what_is_no_plain_tensor_becomes_a_fact(value, fact):
    assert shown(x=value) == {"x": fact}


def test_a_tuple_is_shown_element_by_element():
    values = shown(states=(torch.ones(2), None), inner=[(1, 2)])
    assert list(values) == ["states", "states[0]", "states[1]", "inner", "inner[0]", "inner[0][0]", "inner[0][1]"]
    assert values["states"] == "a tuple of 2"
    assert values["states[1]"] == "None"


def test_a_named_tuple_is_a_tuple():
    values = shown(states=States(torch.ones(2), None))
    assert values["states"] == "a tuple of 2"
    assert list(values) == ["states", "states[0]", "states[1]"]


def test_tensors_that_need_care_are_shown():
    values = shown(
        parameter=nn.Parameter(torch.ones(2)), scalar=torch.tensor(2.0), empty=torch.ones(0, 3), negative=-torch.ones(1)
    )
    assert [value.shape for value in values.values()] == [(2,), (), (0, 3), (1,)]


def test_a_name_is_shown_once():
    show = Show(Outcome())
    show("x", 1)
    with pytest.raises(ValueError, match="shown 'x' before"):
        show("x", 2)


def test_gradients_are_shown_by_name():
    layer = nn.Linear(2, 1)
    layer(torch.ones(1, 2)).sum().backward()
    layer.bias.grad = None
    outcome = Outcome()
    Show(outcome).gradients(layer)
    assert outcome.shown["gradient of weight"].tolist() == [[1, 1]]
    assert outcome.shown["gradient of bias"] == "None"


@pytest.mark.parametrize(
    ("error", "fact"),
    [
        (ValueError("head 3 of 4"), "ValueError that mentions 3 and 4"),
        (UnicodeError("3 and 4"), "ValueError that mentions 3 and 4"),
        (ValueError("no"), "ValueError that does not mention 3 and 4"),
        (TypeError("3 4"), "TypeError"),
    ],
)
def test_raises_shows_the_kind_of_exception(error, fact):
    outcome = Outcome()
    Show(outcome).raises("an odd size", ValueError, partial(stop, error), mentions=(3, 4))
    assert outcome.shown == {"an odd size": fact}


def test_raises_lets_a_todo_through():
    show = Show(Outcome())
    with pytest.raises(NotImplementedError):
        show.raises("why", ValueError, partial(stop, NotImplementedError("naive.LSTM")))
    outcome = Outcome()
    Show(outcome).raises("why", ValueError, lambda: None)
    assert outcome.shown == {"why": "no exception"}


def test_a_shown_tensor_tells_which_operations_it_comes_from():
    outcome = Outcome()
    weight = nn.Parameter(torch.ones(2))
    show = Show(outcome, nodes=True)
    show("plain", torch.ones(2))
    show("state", (torch.tanh(weight * 2), 3))
    assert outcome.nodes == {"TanhBackward", "MulBackward", "AccumulateGrad"}
    unasked = Outcome()
    Show(unasked)("state", torch.tanh(weight))
    assert not unasked.nodes


def test_a_bounded_part_of_a_long_graph_is_read(monkeypatch):
    value = nn.Parameter(torch.ones(1)).sin()
    for _ in range(100):
        value = value + 1
    monkeypatch.setattr(show_module, "MAX_NODES", 50)
    assert show_module.nodes(value) == {"AddBackward"}
