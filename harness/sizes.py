"""Names of numbers: what a size in a shape or an error message is called in its test, such as "N" or "T - 1"."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations, product

from harness.marks import COMMON, SizeNames

PADDING = "padding of "  # how `Given.sentences` begins the name of a number of padding tokens
BESIDE = {"- 1": -1, "+ 1": 1}  # how a length that is one longer or shorter is called
HALF = "half of "  # how a test begins the name of a size that it doubles, to draw an even one


@dataclass(frozen=True)
class Sizes:
    """The sizes of a test by name, and which of the names are batch sizes and lengths."""

    sizes: Mapping[str, int]
    names: SizeNames = COMMON

    def name(self, number: int) -> str:
        """The name of a number: "N", "T - 1", "I + H", "A * B"; "" if it has none or several."""
        sizes = {name: size for name, size in self.sizes.items() if not name.startswith((PADDING, HALF))}
        batches, lengths, layers = self.names.split(sizes)
        ways = (
            [name for name in sizes if sizes[name] == number],
            [f"{name} {way}" for name in lengths for way, step in BESIDE.items() if sizes[name] + step == number],
            [f"{one} + {two}" for one, two in combinations(layers, 2) if sizes[one] + sizes[two] == number],
            [
                f"{one} * {two}"
                for one, two in (*combinations(layers, 2), *product(lengths, batches))
                if sizes[one] * sizes[two] == number
            ],
        )
        names = next((names for names in ways if names), [])
        return names[0] if number > 1 and len(names) == 1 else ""

    def shape(self, shape: tuple[int, ...]) -> str:
        """A shape in names, "(N, 1, H)"; "" unless all sizes above one have a name."""
        names = ["1" if number == 1 else self.name(number) for number in shape]
        if not all(names) or max(shape, default=1) == 1:
            return ""
        return f"({', '.join(names)}{',' if len(names) == 1 else ''})"
