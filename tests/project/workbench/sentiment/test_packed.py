"""The workbench's GRU for packed sequences is torch's."""

import copy

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence

from workbench.sentiment.packed import PackedGRU, Recurrence, quicken

LENGTHS = torch.tensor([3, 7, 5])


def pack(steps):
    return pack_padded_sequence(steps, LENGTHS, batch_first=True, enforce_sorted=False)


@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_outputs_states_and_gradients_are_the_same(layers, bidirectional):
    torch.manual_seed(0)
    plain = nn.GRU(5, 4, layers, batch_first=True, bidirectional=bidirectional, dtype=torch.float64)
    quick = copy.deepcopy(plain)
    quicken(quick)
    assert type(quick) is PackedGRU
    assert quick.state_dict().keys() == plain.state_dict().keys()
    steps = torch.randn(3, 7, 5, dtype=torch.float64)
    results = []
    for module in (plain, quick):
        read = steps.clone().requires_grad_()
        outputs, states = module(pack(read))
        (outputs.data.sin().sum() + states.cos().sum()).backward()
        results.append([outputs.data, outputs.batch_sizes, outputs.unsorted_indices, states, read.grad])
        results[-1] += [weight.grad for weight in module.parameters()]
    for expected, found in zip(*results, strict=True):
        torch.testing.assert_close(found, expected)


def test_its_gradients_are_right():
    torch.manual_seed(0)
    sizes = ((4, 2, 3, 9), (2, 9, 3), (2, 9))
    assert torch.autograd.gradcheck(
        Recurrence.apply, [torch.randn(size, dtype=torch.float64, requires_grad=True) for size in sizes]
    )


def test_dropout_between_layers_only_in_training():
    torch.manual_seed(0)
    module = nn.GRU(5, 4, 2, batch_first=True, dropout=0.5)
    quicken(module)
    packed = pack(torch.randn(3, 7, 5))
    first, second = (module(packed)[1] for _ in range(2))
    assert torch.equal(first[0], second[0])
    assert not torch.equal(first[1], second[1])
    module.eval()
    assert torch.equal(module(packed)[1], module(packed)[1])


def test_whatever_else_is_left_to_torch():
    plain = nn.GRU(5, 4, batch_first=True)
    quick = copy.deepcopy(plain)
    quicken(quick)
    steps, state = torch.randn(3, 7, 5), torch.randn(1, 3, 4)
    for inputs in ((steps,), (steps, state), (pack(steps), state)):
        torch.testing.assert_close(quick(*inputs)[1], plain(*inputs)[1])

    class Own(nn.GRU):
        pass

    own = Own(5, 4)
    quicken(own)
    assert type(own) is Own
