"""A new part: a tiny solved exercise with everything that a part has, to be replaced piece by piece.

The texts below have NUMBER ("5.1"), PART ("convolution"), NAME ("Layer", the deliverable's) and CLASS in them.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from autograder.prepare import catalogue, rules
from autograder.prepare.handout import RUBRIC
from autograder.rubric import Rubric

MODEL = '''"""NAME: a linear layer and a tanh."""

import torch
from torch import Tensor, nn


class CLASS(nn.Module):
    """y = tanh(W x + b).

    Attributes:
        layer: nn.Linear(input_size, output_size).
    """

    def __init__(self, input_size: int, output_size: int) -> None:
        super().__init__()
        self.input_size = input_size
        self.output_size = output_size
        # TODO(PART.NAME): create the layer.
        # BEGIN SOLUTION
        self.layer = nn.Linear(input_size, output_size)
        # END SOLUTION

    def forward(self, x: Tensor) -> Tensor:
        """Apply the layer to every row.

        Args:
            x: (N, input_size).

        Returns:
            (N, output_size), between -1 and 1.
        """
        # TODO(PART.NAME): the layer, then the tanh.
        # BEGIN SOLUTION
        return torch.tanh(self.layer(x))
        # END SOLUTION
'''

TESTS = '''"""NAME: a linear layer and a tanh."""

from gradescope_utils.autograder_utils.decorators import number, weight


def build(models, given):
    """A filled CLASS and an input (N, input_size)."""
    sizes = given.size("input_size", 3, 6), given.size("output_size", 3, 7)
    model = given.parameters(models.PART.NAME.CLASS(*sizes))
    return model, given.uniform("x", given.size("N", 2, 5), sizes[0])


@number("NUMBER.1")
@weight(1)
def test_every_row_goes_through_the_layer_and_the_tanh(models, given, show):
    """The result is tanh(W x + b) of every row."""
    model, x = build(models, given)
    show("result", model(x))


@number("NUMBER.2")
@weight(1)
def test_one_row_is_enough(models, given, show):
    """A batch of one row gives one row."""
    model, x = build(models, given)
    show("result", model(x[:1]))


@number("NUMBER.3")
@weight(1)
def test_gradients_reach_the_input_and_the_layer(models, given, show):
    """Gradients flow back to the input and to both parameters."""
    model, x = build(models, given)
    x.requires_grad_()
    model(x).square().sum().backward()
    show("gradient of x", x.grad)
    show("gradient of layer.weight", model.layer.weight.grad)
    show("gradient of layer.bias", model.layer.bias.grad)
'''

MISCONCEPTIONS = """[[misconception]]
name = "without_tanh"
before = 'torch.tanh(self.layer(x))'
after = 'self.layer(x)'
hint = "Your results leave the range from -1 to 1: the tanh is missing."

[[misconception]]
name = "sigmoid_in_place_of_tanh"
before = 'torch.tanh(self.layer(x))'
after = 'torch.sigmoid(self.layer(x))'
hint = "Your results are never negative: they go through a sigmoid. Look at the equation again."

[[misconception]]
name = "tanh_before_the_layer"
before = 'torch.tanh(self.layer(x))'
after = 'self.layer(torch.tanh(x))'
hint = "The tanh comes before the layer. In the equation it is applied last."

[[misconception]]
name = "layer_without_bias"
before = 'self.layer = nn.Linear(input_size, output_size)'
after = 'self.layer = nn.Linear(input_size, output_size, bias=False)'
hint = "The layer has a weight but no bias. The equation adds b."

[[misconception]]
name = "input_cut_from_the_graph"
before = 'self.layer(x)'
after = 'self.layer(x.detach())'
hint = "Values are right, but no gradient reaches the input: something before the layer cuts the graph."

[[misconception]]
name = "layer_has_another_name"
renamed = { layer = "linear_layer" }
hint = "The layer has another name than in the class docstring. The tests fill it by that name."
"""

WARM = '''"""What the tests of this part use for the first time."""

from torch import nn

from harness.warm import sample, use


def warm_up():
    use(nn.Linear(8, 8), sample("x", 2, 8).tanh())
'''

STRESS_HEAD = '''"""PART."""

from harness.stress import has_shape, same, same_again, stress
'''

STRESS = '''

def LOWER(models, given):
    """A filled CLASS with an input (N, I), and the sizes N and O."""
    N, inputs, outputs = given.size("N", 1, 5), given.size("input_size", 1, 6), given.size("output_size", 1, 6)
    model = given.parameters(models.PART.NAME.CLASS(inputs, outputs))
    return model, given.uniform("x", N, inputs), (N, outputs)


@stress("PART.NAME")
def LOWER_reads_rows_one_by_one(models, given):
    """A row gives the same alone as in a batch, for any sizes."""
    model, x, (N, outputs) = LOWER(models, given)
    result = model(x)
    has_shape("the result", result, N, outputs)
    for n in range(N):
        same(f"row {n} alone", model(x[n : n + 1]), result[n : n + 1])


@stress("PART.NAME")
def LOWER_calls_do_not_influence_each_other(models, given):
    """A call gives the same after another call, and the input stays as it was."""
    model, x, _ = LOWER(models, given)
    same_again(model, (x,), (x[:1] + 1,))
'''

MUTANT_HEAD = "# A property of tests/stress/PART.py, and a change of the solution that the property has to notice.\n"

MUTANT = """
[[mutant]]
property = "LOWER_reads_rows_one_by_one"
before = 'torch.tanh(self.layer(x))'
after = 'torch.tanh(self.layer(x - x.mean(dim=0)))'

[[mutant]]
property = "LOWER_calls_do_not_influence_each_other"
before = 'torch.tanh(self.layer(x))'
after = 'torch.tanh(self.layer(x.mul_(2)))'
"""

PART = """
[[part]]
id = "PART"
number = "NUMBER"
title = "TITLE"
"""

DELIVERABLE = """
[[part.deliverable]]
id = "PART.NAME"
title = "NAME"
points = 3
"""


class NewPartError(Exception):
    """A part that cannot be made; the message says why."""


def write(root: Path, part: str, names: Sequence[str]) -> list[Path]:
    """Write a part with these deliverables, the last one of the rubric, and return the files, relative to the root.

    Raises:
        NewPartError: for a name that is taken or no Python name.
        RubricError: where the rubric cannot be read.
    """
    rubric = Rubric.load(root / RUBRIC)
    if not re.fullmatch(r"[a-z][a-z0-9_]*", part):
        raise NewPartError(f"{part}: expected small letters, digits and '_': the part's name is that of its folders")
    for name in names:
        if not re.fullmatch(r"[A-Za-z]\w*", name) or names.count(name) > 1:
            raise NewPartError(f"{name}: expected a name of its own, of letters, digits and '_': it names a module")
    everything = (*rubric.deliverables, *rubric.off)
    number = max(int(deliverable.number.partition(".")[0]) for deliverable in everything) + 1
    files = _files(part, names, number)
    for path in (path for path in files if (root / path).exists()):
        raise NewPartError(f"{path} is there already: name another part, or delete it first")
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    entries = [_filled(PART, part, "", str(number)), *(_filled(DELIVERABLE, part, name, "") for name in names)]
    with (root / RUBRIC).open("a", encoding="utf-8") as file:
        file.write("".join(entries))
    return [Path(RUBRIC), *files]


def _files(part: str, names: Sequence[str], number: int) -> dict[Path, str]:
    def filled(text: str, name: str = "") -> str:
        return _filled(text, part, name, f"{number}.{names.index(name) + 1}" if name else str(number))

    files = {
        Path("solution/models", part, "__init__.py"): filled('"""TITLE."""\n'),
        Path("tests/models", part, "__init__.py"): "",
        Path("tests/models", part, "warm.py"): WARM,
    }
    for name in names:
        files[Path("solution/models", part, f"{name}.py")] = filled(MODEL, name)
        files[Path("tests/models", part, f"test_{name}.py")] = filled(TESTS, name)
        files[catalogue.FOLDER / f"{part}.{name}.toml"] = MISCONCEPTIONS
    files[Path("tests/stress", f"{part}.py")] = filled(STRESS_HEAD) + "".join(filled(STRESS, name) for name in names)
    files[rules.MUTANTS / f"{part}.toml"] = filled(MUTANT_HEAD) + "".join(filled(MUTANT, name) for name in names)
    return files


def _filled(text: str, part: str, name: str, number: str) -> str:
    words = {
        "NUMBER": number, "PART": part, "NAME": name, "CLASS": name[:1].upper() + name[1:],
        "LOWER": f"{part}_{name}".lower(), "TITLE": part.replace("_", " ").capitalize(),
    }  # fmt: skip
    return re.sub("|".join(words), lambda word: words[word[0]], text)
