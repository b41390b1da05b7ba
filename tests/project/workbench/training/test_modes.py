"""What lasts as long as a context does, and no longer."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from workbench.training.modes import quick_dropout


def test_quick_dropout_keeps_as_many_as_torch_does_and_scales_them():
    x = torch.full((200_001,), 3.0)  # odd: the last word of random bits is not used up
    torch.manual_seed(0)
    with quick_dropout():
        dropped = nn.Dropout(0.3)(x)
    kept = dropped != 0
    assert kept.float().mean().item() == pytest.approx(0.7, abs=5e-3)  # five standard deviations
    assert torch.allclose(dropped[kept], torch.tensor(3 / 0.7))
    neighbours = (kept[1:] & kept[:-1]).float().mean().item()
    assert neighbours == pytest.approx(0.49, abs=6e-3)  # neighbours share a word of random bits, and nothing else


def test_quick_dropout_passes_the_gradient_to_what_it_has_kept():
    x = torch.ones(8, 9, requires_grad=True)
    with quick_dropout():
        y = F.dropout(x, 0.5)
    y.sum().backward()
    assert torch.equal(x.grad, y)  # of ones the value is the factor


@pytest.mark.parametrize(("p", "training"), [(0.0, True), (1e-9, True), (1.0, True), (0.5, False)])
def test_quick_dropout_leaves_what_is_not_at_random_to_torch(p, training):
    x = torch.randn(100)
    with quick_dropout():
        assert torch.equal(F.dropout(x, p, training), torch.dropout(x, p, training))


def test_quick_dropout_follows_the_seed_and_ends():
    torchs, found = F.dropout, []
    for _ in range(2):
        torch.manual_seed(1)
        with quick_dropout():
            found.append(F.dropout(torch.ones(50), 0.5))
    assert torch.equal(*found)
    assert F.dropout is torchs
