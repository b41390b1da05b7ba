"""Inputs are the same on every machine: a change of these bytes invalidates all stored answers."""

import pytest
import torch
from hypothesis import given as anything
from hypothesis import settings
from hypothesis import strategies as st
from torch import nn

from harness.given import Given
from harness.judge import judge
from harness.marks import Tolerance
from harness.outcome import Outcome, decode, digest, encode
from harness.show import Show
from tests.project.harness.samples import TEST, UNREGISTERED, Unregistered


def test_golden_bytes_of_uniform():
    values = Given("0", TEST).uniform("x", 2, 3)
    assert values.numpy().tobytes().hex() == "b0ce293f18a06ebec01068bfa4e7d93ed8dc2cbe80494d3f"


def test_golden_integers_and_sizes():
    given = Given("0", TEST)
    assert given.integers("t", 8, low=4, high=20).tolist() == [5, 17, 4, 18, 15, 15, 13, 4]
    assert [given.size(name, 2, 9) for name in "NTH"] == [4, 2, 5]


def test_golden_sentences():
    assert Given("0", TEST).sentences("s", 4, 6, 12).tolist() == [
        [2, 8, 10, 6, 5, 3],
        [2, 7, 10, 5, 5, 3],
        [2, 7, 5, 9, 3, 1],
        [2, 5, 3, 1, 1, 1],
    ]


def test_golden_parameters():
    layer = Given("0", TEST).parameters(nn.Linear(2, 2), "k")
    assert layer.weight.tolist() == [
        [-0.3860442340373993, -0.9589219093322754],
        [0.7079117894172668, 1.1764382123947144],
    ]
    assert layer.bias.tolist() == [0.2969321012496948, 0.44527316093444824]
    assert not layer.training


def test_every_part_of_a_name_changes_the_numbers():
    streams = [
        Given("0", TEST).uniform("x", 6),
        Given("1", TEST).uniform("x", 6),
        Given("0", TEST + "[1]").uniform("x", 6),
        Given("0", TEST).uniform("y", 6),
        Given("0", TEST).uniform("x", 2, 3).reshape(6),
        Given("0", TEST).parameters(nn.Linear(3, 2, bias=False), "one").weight.reshape(6),
        Given("0", TEST).parameters(nn.Linear(3, 2, bias=False), "two").weight.reshape(6),
    ]
    assert len({tuple(stream.tolist()) for stream in streams}) == len(streams)


def test_torchs_random_numbers_are_neither_used_nor_advanced():
    before = torch.get_rng_state()
    first = Given("0", TEST).uniform("x", 5)
    torch.manual_seed(1)
    assert torch.equal(first, Given("0", TEST).uniform("x", 5))
    torch.set_rng_state(before)


def test_parameters_do_not_depend_on_the_order_of_creation():
    class Two(nn.Module):
        def __init__(self, names):
            super().__init__()
            for name in names:
                setattr(self, name, nn.Linear(3, 4))

    one, other = (Given("0", TEST).parameters(Two(names)).state_dict() for names in ("ab", "ba"))
    assert all(torch.equal(one[name], other[name]) for name in one)


class Plain(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden_in = nn.Linear(2, 3)
        self.W_ii = nn.Parameter(torch.zeros(2, 2))


class Gathered(nn.Module):
    """The parameters of Plain, gathered in containers first and called by their names then."""

    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(2, 3), nn.ReLU())
        self.hidden_in = self.net[0]
        self.weights = nn.ParameterDict({"W_ii": torch.zeros(2, 2)})
        self.W_ii = self.weights["W_ii"]


def test_a_parameter_with_several_names_is_filled_by_the_least_nested_one():
    outcomes, modules = [Outcome(), Outcome()], [Plain(), Gathered()]
    for outcome, module in zip(outcomes, modules, strict=True):
        Given("0", TEST, outcome).parameters(module)
        (module.hidden_in(torch.ones(2)).sum() + module.W_ii.sum()).backward()
        show = Show(outcome)
        show("weight", module.hidden_in.weight)
        show("bias", module.hidden_in.bias)
        show("W_ii", module.W_ii)
        show.gradients(module)
    plain, gathered = outcomes
    assert plain.parameters == gathered.parameters
    assert judge(gathered, plain, Tolerance()).passed


def test_a_tied_weight_is_filled_alike_whichever_layer_was_made_first():
    filled = []
    for first, second in (("embedding", "decoder"), ("decoder", "embedding")):
        module = nn.ModuleDict({name: nn.Linear(2, 3, bias=False) for name in (first, second)})
        module[second].weight = module[first].weight
        filled.append(Given("0", TEST).parameters(module).get_parameter("decoder.weight"))
    assert torch.equal(*filled)


def test_values_keep_their_bounds_and_integers_their_range():
    given = Given("0", TEST)
    values = given.uniform("x", 1000, low=-3, high=2)
    assert -3 <= values.min() < -2.9
    assert 1.9 < values.max() < 2
    assert set(given.integers("i", 1000, low=4, high=9).tolist()) == {4, 5, 6, 7, 8}


def test_sizes_differ_until_none_is_left():
    given = Given("5", TEST)
    assert sorted(given.size(f"s{number}", 2, 4) for number in range(3)) == [2, 3, 4]
    with pytest.raises(ValueError, match="no size is left between 2 and 4 for 'x'"):
        given.size("x", 2, 4)


SIZES = st.lists(st.tuples(st.integers(2, 5), st.integers(0, 3)).map(lambda pair: (pair[0], sum(pair))), max_size=4)


@settings(max_examples=200, deadline=None)
@anything(public=st.integers(0, 9), ranges=SIZES)
def test_sizes_are_the_published_ones_or_others(public, ranges):
    def draw(seed):
        given, sizes = Given(seed, TEST), []
        for number, (low, high) in enumerate(ranges):
            try:
                sizes.append(given.size(f"s{number}", low, high))
            except ValueError:  # all are taken
                break
        return sizes

    expected, same, other = (draw(seed) for seed in (f"{public}", f"a~same:{public}", f"a~other:{public}"))
    assert same == expected
    for number, (size, (low, high)) in enumerate(zip(other, ranges, strict=False)):
        choices = set(range(low, high + 1)) - set(other[:number])
        assert size in choices
        assert size != expected[number] or choices == {size}


def test_the_same_sizes_come_with_other_values():
    one, other = Given("0", TEST), Given("a~same:0", TEST)
    assert one.size("N", 2, 9) == other.size("N", 2, 9)
    assert not torch.equal(one.uniform("x", 6), other.uniform("x", 6))
    assert torch.equal(Given("a~other:0", TEST).uniform("x", 6), other.uniform("x", 6))


def test_sizes_and_digests_of_inputs_are_noted():
    outcome = Outcome()
    given = Given("0", TEST, outcome)
    N = given.size("N", 2, 5)
    x, rows = given.uniform("x", N, 3), given.sentences("s", 4, 6, 12)
    given.parameters(nn.Linear(2, 2))
    assert outcome.sizes == {"N": N, "padding of s": 4}
    assert outcome.inputs == {"x": digest(x.numpy()), "s": digest(rows.numpy())}
    assert digest(x.numpy().T) != digest(x.numpy())


def test_a_key_names_one_module():
    given = Given("0", TEST)
    given.parameters(nn.Linear(2, 2), "encoder")
    with pytest.raises(ValueError, match="filled a module with key 'encoder' before"):
        given.parameters(nn.Linear(2, 2), "encoder")


def test_double_runs_see_the_same_numbers():
    single = Given("0", TEST).uniform("x", 50)
    torch.set_default_dtype(torch.float64)
    try:
        double = Given("0", TEST).uniform("x", 50)
    finally:
        torch.set_default_dtype(torch.float32)
    assert double.dtype == torch.float64
    assert torch.equal(double, single.double())


def test_parameters_that_are_not_registered_are_noted_and_sent():
    outcome = Outcome()
    Given("0", TEST, outcome).parameters(Unregistered())
    assert outcome.unregistered == UNREGISTERED
    assert decode(encode({"": outcome}))[0][""] == outcome
    assert b"unregistered" not in encode({"": Outcome()})
    tied = Outcome()
    Given("0", TEST, tied).parameters(nn.Sequential(nn.Linear(2, 2), nn.LSTM(2, 2), nn.TransformerEncoderLayer(4, 1)))
    assert tied.unregistered == {}
