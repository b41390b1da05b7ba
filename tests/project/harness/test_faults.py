"""What students are told of the usual exceptions: each is provoked here, since torch may word it anew."""

from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from harness.faults import explain
from harness.outcome import Fault
from harness.sizes import Sizes

SIZES = Sizes({"N": 4, "T": 9, "I": 5, "H": 7, "padding of source": 4})


class Empty(nn.Module):
    """Sets nothing."""


def unset(self=None):
    if self:
        late = self
    return late


def twice():
    loss = torch.ones(2, requires_grad=True).pow(2).sum()
    loss.backward()
    loss.backward()


def in_place():
    x = torch.ones(3, requires_grad=True)
    y = torch.exp(x)
    y += 1
    y.sum().backward()


def assign():
    layer = nn.Linear(2, 2)
    layer.weight = torch.ones(2, 2)


def attribute():
    Empty().__init__  # noqa: B018
    return Empty().W_ii


LSTM, ATTENTION = nn.LSTM(5, 7, batch_first=True), nn.MultiheadAttention(4, 1)
NUMBER: Any = 0.5
PROVOKED = [
    (lambda: ("a", "b").append("c"), "Only a list has `append`, and here is a tuple"),  # type: ignore[attr-defined]
    (lambda: ("a", "b").extend("c"), "Only a list has `extend`, and here is a tuple"),  # type: ignore[attr-defined]
    (lambda: "ab".size, "A plain str has no `size`: is such a value stored where the layer itself belongs?"),  # type: ignore[attr-defined]
    (lambda: nn.LSTM(5, 7 / 2), "A size is a float"),  # type: ignore[arg-type]
    (lambda: torch.stack([1.0, 2.0]), "one of them is a plain float"),  # type: ignore[list-item]
    (lambda: NUMBER.backward(), "A plain float has no `backward`"),
    (lambda: torch.ones(4, 7) + torch.ones(7, 7), "along axis 0 one has 4 (N) elements, the other 7 (H)."),
    (lambda: torch.ones(9, 7) + torch.ones(4, 7), "One counts sequences, the other their steps"),
    (lambda: torch.ones(4, 12) @ torch.ones(5, 7), "the input has 12 (I + H) features, but 5 (I) are needed."),
    (lambda: nn.Linear(7, 3)(torch.ones(4, 5)), "the input has 5 (I) features, but 7 (H) are needed."),
    (lambda: torch.ones(4, 9, 7) @ torch.ones(4, 9, 7), "a batch of 4 (N) and columns of 9 (T)"),
    (lambda: torch.bmm(torch.ones(4, 7), torch.ones(4, 7, 9)), "was an axis lost, for example by `squeeze()`"),
    (lambda: nn.GRU(5, 7, 1, 0.5), "`bias` has got what is meant for another argument"),
    (lambda: torch.ones(4, 9).__setitem__((torch.ones(4) > 0, 0), torch.ones(4, 1)),
     "The tensor that is assigned has the shape (4, 1), that is (N, 1), and its place has (4,), that is (N,)"),
    (lambda: torch.cat((torch.ones(4, 5), torch.ones(7, 5)), dim=1), "have 4 (N) and 7 (H) elements"),
    (lambda: torch.cat((torch.ones(4, 5), torch.ones(4))), "A tensor of 2 axes and one of 1 are joined"),
    (lambda: torch.stack([]), "the loop that fills it has not run"),
    (lambda: torch.zeros(4, 7).expand(9, 7), "room for 9 (T) elements, but the tensor has 4 (N)."),
    (lambda: torch.einsum("nh,mh->nm", torch.ones(4, 7), torch.ones(4, 9)), "in one tensor and for 9 (T) in another"),
    (lambda: nn.LayerNorm(5)(torch.ones(4, 9, 7)), "made for 5 (I) features, and its input has 7 (H)"),
    (lambda: torch.zeros(4, 7).view(4, 8), "`view` or `reshape` to (4, 8)"),
    (lambda: torch.zeros(4, 7, 2).transpose(0, 1).view(4, 14), "`reshape` works, `view` does not"),
    (lambda: torch.zeros(4).softmax(1), "The tensor has one axis at most here, so there is no axis 1"),
    (lambda: torch.zeros(4, 9)[:, 9], "Axis 1 has 9 (T) elements, with indices from 0 on, so there is no 9"),
    (lambda: nn.Embedding(4, 2)(torch.tensor(4)), "a table of n rows takes 0 to n - 1"),
    (lambda: nn.Embedding(4, 2)(torch.ones(3)), "ids are integers"),
    (lambda: nn.init.xavier_uniform_(torch.empty(3)), "asked of a tensor with one axis, as a bias is."),
    (lambda: torch.zeros(2, 3).softmax(2), "The tensor has 2 axes here, so there is no axis 2"),
    (lambda: torch.zeros(2, 3) @ torch.zeros(3, 2).double(), "A new tensor was made with torch's default dtype"),
    (lambda: nn.Linear(3, 2)(torch.ones(2, 3, dtype=torch.long)), "ids are integers"),
    (lambda: torch.zeros(2, 3, device="meta") + torch.zeros(2, 3), "the device of your input"),
    (lambda: torch.zeros(2, 3, 4).t(), "`transpose(1, 2)`"),
    (lambda: LSTM(torch.ones(4, 9, 5), (torch.ones(1, 9, 7),) * 2), "and got (1, 9, 7), that is (1, T, H)"),
    (lambda: nn.RNN(5, 7)(torch.ones(4, 9, 5), torch.ones(1, 4, 7)), "got (1, 4, 7), that is (1, N, H)"),
    (lambda: LSTM(torch.ones(4, 9, 7)), "made for 5 (I) features, and its input has 7 (H)"),
    (lambda: LSTM(torch.ones(4, 5), (torch.ones(1, 4, 7),) * 2), "of which the first counts layers"),
    (lambda: LSTM(torch.ones(4, 9, 5, 1)), "gets a tensor of 4 axes"),
    (lambda: torch.ones(2).sum().backward(), "the result is cut off from the parameters"),
    (twice, "detach what you carry from one step to the next"),
    (in_place, "was changed in place"),
    (lambda: nn.Parameter(torch.ones(2)).add_(1), "use `nn.init` or `torch.no_grad()`"),
    (assign, "self.weight is an nn.Parameter and stays one"),
    (attribute, "`W_ii` was never set"),
    (lambda: bool(torch.ones(2) > 0), "A condition asks a whole tensor for one answer"),
    (lambda: torch.ones(2).item(), "The code asks for one number, but the tensor has several."),
    (lambda: torch.tanh((torch.ones(1), torch.ones(1))), "A tuple is used where one tensor is needed"),
    (lambda: (torch.ones(1), torch.ones(1)).size(0), "A tuple is used where one tensor is needed"),
    (lambda: torch.tanh(None), "Something on this line is None"),
    (lambda: torch.ones(1) + None, "Something on this line is None"),
    (lambda: iter(None), "Something on this line is None"),
    (lambda: nn.ModuleList([nn.Linear(1, 1)])(torch.ones(1)), "A list of layers cannot be called"),
    (lambda: len(nn.Linear(1, 1)), "One Linear is there where several things are expected"),
    (unset, "`late` is set in a branch or a loop that has not run here"),
    (lambda: undefined, "Nothing has the name `undefined` here"),  # noqa: F821
    (lambda: unset(1, 2), "do not agree about the arguments"),
    (lambda: torch.multinomial(torch.tensor([-1.0, 2.0]), 1), "Are these their logarithms, or so small"),
    (lambda: torch.ones(2).masked_fill(torch.ones(2), 0.0), "a comparison gives one"),
    (lambda: ATTENTION(*[torch.ones(3, 1, 4)] * 3, attn_mask=torch.ones(2, 2)), "be (3, 3), (queries, keys); it is"),
    (lambda: nn.MultiheadAttention(4, 3), "The heads do not divide the size of the model"),
    (lambda: nn.Dropout(5), "is another argument in its place?"),
    (lambda: NUMBER(torch.ones(1)), "is a number stored where the layer belongs"),
    (lambda: torch.ones(4)[: 4 / 2], "`/` gives one, `//` does not"),
    (lambda: torch.ones(4)[: torch.ones(4).shape], "or a whole shape?"),
    (lambda: list(range(4 / 2)), "`/` gives one, `//` does not"),
    (lambda: torch.ones(4).view(2, 4 / 2), "`/` gives one, `//` does not"),
    (lambda: F.nll_loss(torch.ones(3, 4), torch.ones(2, dtype=torch.long)), "flatten both in the same order"),
]  # fmt: skip


@pytest.mark.parametrize(("provoke", "words"), PROVOKED, ids=[words for _, words in PROVOKED])
def test_a_usual_exception_is_explained(provoke, words):
    with pytest.raises(Exception) as caught:  # noqa: PT011
        provoke()
    fault = Fault(type(caught.value).__name__, str(caught.value), "models/a.py:1, in forward")
    assert words in explain(fault, SIZES), str(caught.value)


def test_an_error_in_the_tests_own_line_is_explained_by_the_result():
    def said(message):
        where = "this line of the test fails with what your code gave it:\n  h"
        return explain(Fault("TypeError", message, where), SIZES)

    assert said("cannot unpack non-iterable NoneType object").startswith("Your code has returned None")
    assert said("not enough values to unpack (expected 2, got 1)") == (
        "Your code returns fewer than the 2 things that the contract names."
    )


def test_a_refusal_that_is_off_by_one_asks_whether_the_limit_is_refused():
    assert "7 and 6 differ by one: is the limit itself refused" in refused("7 tokens are more than max_length = 6")
    assert "both numbers are 6: is the limit itself refused" in refused("6 tokens do not fit max_length = 6.")


def refused(message, own=True):
    return explain(Fault("ValueError", message, "models/a.py:1, in forward", own), SIZES)


@pytest.mark.parametrize("message", ["dim_q (3) must equal dim_k (5)", "expected 3D, got 2D", "must be longer than it"])
def test_any_other_refusal_is_named_as_the_students_own_check(message):
    assert "a check of your own refuses it" in refused(message)


@pytest.mark.parametrize("message", ["5 steps, where 4 fit", "3 is not in list", "step must be greater than zero"])
def test_refusals_by_python_torch_and_doubles_are_not_explained(message):
    assert refused(message, own=False) == ""


def test_other_exceptions_and_ambiguous_sizes_are_not_explained():
    assert explain(Fault("KeyError", "dim_q", "x"), SIZES) == ""
    fault = Fault("RuntimeError", "mat1 and mat2 shapes cannot be multiplied (4x5 and 6x1)", "x")
    assert "has 5 features, but 6 are needed" in explain(fault, Sizes({"H": 5, "V": 5, "one": 1}))
