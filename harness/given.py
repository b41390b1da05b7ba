"""Deterministic inputs: the same numbers on every machine, for every version of torch and numpy.

Nothing here draws from torch's random stream or from numpy's generators, which both may change. Values are the output
of SHAKE-256, a hash function of any length, for everything that names them: 32 bits each, which become floats on a grid
of 2^-24 by arithmetic that is exact. Drawing a small tensor takes some ten microseconds; grading one submission draws
ten thousand.
"""

import hashlib
import json
import math
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from harness.outcome import Outcome, digest
from harness.seeds import Seed
from harness.sizes import PADDING

UNK, PAD, SOS, EOS = range(4)

M = TypeVar("M", bound=nn.Module)


class Given:
    """Hands out inputs, sizes and parameter values that depend on seed, test and name only.

    Args:
        seed: "0" is public and has stored references; other seeds are secret (seeds.py explains their names).
        test: the identifier of the test and its case.
        outcome: takes note of sizes, inputs and the parameters of the modules that are filled.
    """

    def __init__(self, seed: str, test: str, outcome: Outcome | None = None) -> None:
        self._seed = Seed.parse(seed)
        self._test = test
        self._outcome = outcome if outcome is not None else Outcome()
        self._taken: list[int] = []  # sizes that are drawn
        self._related: list[int] = []  # what the seed that ours is related to has drawn in their place

    def size(self, name: str, low: int, high: int) -> int:
        """A size from low to high, both included, different from all sizes that this test drew before.

        Different sizes make a swapped axis show as a wrong shape.

        Args:
            name: its name in verdicts too; `marks.size_names` says which names are batch sizes and lengths.
        """
        choices = _free(name, low, high, self._taken)
        if self._seed.sizes:
            related = self._choice(self._seed.than, name, _free(name, low, high, self._related))
            self._related.append(related)
            different = [size for size in choices if size != related] or choices
            choices = [related] if self._seed.sizes == "same" else different
        size = self._choice(self._seed.values, name, choices)
        self._taken.append(size)
        self._outcome.sizes[name] = size
        return size

    def _choice(self, seed: str, name: str, choices: list[int]) -> int:
        return choices[int(self._raw("size", name, seed=seed)) % len(choices)]

    def uniform(self, name: str, *shape: int, low: float = -1.0, high: float = 1.0) -> Tensor:
        """Floats between low and high, of the given shape and torch's default dtype."""
        return self._noted(name, self._uniform(name, *shape, low=low, high=high))

    def _uniform(self, name: str, *shape: int, low: float, high: float) -> Tensor:
        unit = (self._raw("uniform", name, *shape) >> 8) * 2.0**-24  # exact: 24 bits fit any float
        values = torch.from_numpy(np.asarray(low + (high - low) * unit, dtype=np.float32))
        return values.to(torch.get_default_dtype())

    def integers(self, name: str, *shape: int, low: int, high: int) -> Tensor:
        """Integers (int64) from low to high - 1."""
        return self._noted(name, self._integers(name, *shape, low=low, high=high))

    def _integers(self, name: str, *shape: int, low: int, high: int) -> Tensor:
        raw = self._raw("integers", name, *shape).astype(np.int64)
        return torch.from_numpy(np.asarray(low + raw % (high - low)))

    def sentences(self, name: str, batch: int, length: int, vocabulary: int) -> Tensor:
        """Token ids (batch, length): <sos>, words, <eos>, then <pad>; the first row is full, the others vary.

        Args:
            length: at least 3, so that every row has a word.
            vocabulary: at least 5; words are 4 to vocabulary - 1.
        """
        rows = self._integers(f"{name}.words", batch, length, low=4, high=vocabulary)
        ends = self._integers(f"{name}.ends", batch, low=2, high=length)
        ends[0] = length - 1
        rows[:, 0] = SOS
        beyond = torch.arange(length) - ends.unsqueeze(1)  # how far a position lies behind the <eos>
        rows = rows.masked_fill(beyond == 0, EOS).masked_fill(beyond > 0, PAD)
        self._outcome.sizes[f"{PADDING}{name}"] = int((rows == PAD).sum())
        return self._noted(name, rows)

    def parameters(self, module: M, key: str = "", of: str = "") -> M:
        """Fill every parameter with values of its own, put the module in eval mode and return it.

        Weights are uniform with the variance of Xavier's initialisation; biases and the like lie between -0.5 and
        0.5, so that a forgotten one shows; one-dimensional weights (of norms) lie around 1.

        Args:
            key: part of every value's name: two modules of a test need two keys.
            of: layers, separated by spaces, that this test is about; only they are named when something is missing.
        """
        if key in self._outcome.parameters:
            raise ValueError(f"this test has filled a module with key {key!r} before; give the second another key")
        layers = of.split()
        noted = self._outcome.parameters[key] = {}
        self._outcome.unregistered |= _unregistered(module)
        with torch.no_grad():
            for parameter, name in _names(module).items():
                shape = tuple(parameter.shape)
                parameter.copy_(self._fill(f"{key}.{name}", shape))
                if not layers or name.split(".")[0] in layers:
                    noted[name] = list(shape)
        return module.eval()

    def _fill(self, name: str, shape: tuple[int, ...]) -> Tensor:
        if len(shape) >= 2:
            bound = math.sqrt(6.0 / (shape[0] + math.prod(shape[1:])))
            return self._uniform(name, *shape, low=-bound, high=bound)
        centre = 1.0 if name.endswith("weight") else 0.0
        return self._uniform(name, *shape, low=centre - 0.5, high=centre + 0.5)

    def _noted(self, name: str, values: Tensor) -> Tensor:
        """The values; the outcome keeps their digest, which tells whether a result is an input."""
        self._outcome.inputs[name] = digest(values.numpy())
        return values

    def _raw(
        self, kind: str, name: str, *shape: int, seed: str | None = None
    ) -> np.ndarray[tuple[int, ...], np.dtype[np.uint32]]:
        """32 random bits for every element; everything that names the values is hashed."""
        words = json.dumps([self._seed.values if seed is None else seed, self._test, kind, name, *shape])
        stream = hashlib.shake_256(words.encode()).digest(4 * math.prod(shape))
        return np.frombuffer(stream, dtype="<u4").reshape(shape)


def _free(name: str, low: int, high: int, taken: list[int]) -> list[int]:
    free = [size for size in range(low, high + 1) if size not in taken]
    if not free:
        raise ValueError(f"no size is left between {low} and {high} for {name!r}: {taken} are taken")
    return free


def _unregistered(module: nn.Module) -> dict[str, str]:
    """Attributes that hold tensors or layers which their module does not know, or knows twice -> what they are."""
    first: dict[nn.Module, str] = {}
    named = list(module.named_modules(remove_duplicate=False))[:MOST]
    kinds = {name: "shared" for name, layer in named if first.setdefault(layer, name) != name}
    for prefix, layer in list(module.named_modules())[:MOST]:
        buffers = [(name, "buffer") for name in layer._buffers]
        others = [(name, _kind(value)) for name, value in vars(layer).items() if not name.startswith("_")]
        kinds |= {f"{prefix}.{name}" if prefix else name: kind for name, kind in [*others, *buffers] if kind}
    return dict(list(kinds.items())[:MOST])


MOST = 50  # of a module's layers, and of its attributes


def _kind(value: object) -> str:
    """A key of `judge.UNREGISTERED`; "" for what needs no words."""
    if isinstance(value, Tensor):
        return "tensor"
    if isinstance(value, type) and issubclass(value, nn.Module):
        return "class"
    elements = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list | tuple) else []
    if not any(isinstance(element, Tensor | nn.Module) for element in elements):
        return ""
    if isinstance(value, tuple):
        return "tuple"
    of = "layers" if any(isinstance(element, nn.Module) for element in elements) else "tensors"
    return f"{'dict' if isinstance(value, dict) else 'list'} of {of}"


def _names(module: nn.Module) -> dict[nn.Parameter, str]:
    """Every parameter with its name; of several names (`net.0.weight`, `hidden_in.weight`) the least nested one.

    Of equally nested ones (of a tied weight) it is the first in the alphabet, whichever layer was made first.
    """
    names: dict[nn.Parameter, str] = {}
    named = module.named_parameters(remove_duplicate=False)
    for name, parameter in sorted(named, key=lambda pair: pair[0].count(".")):
        kept = names.setdefault(parameter, name)
        if name.count(".") == kept.count("."):
            names[parameter] = min(kept, name)
    return names
