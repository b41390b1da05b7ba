"""The name of a seed: what values are drawn from, and how sizes relate to those of another seed.

0               values and sizes are drawn from "0"
ab12~same:0     values from "ab12", every size as "0" draws it: a failure is not one of sizes
ab12~other:0    values and sizes from "ab12", and no size that "0" draws, where there is a choice
"""

import re
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Seed:
    """A seed in its parts.

    Attributes:
        values: what values are drawn from.
        sizes: "" for sizes of its own, "same" or "other" for a relation to those of the seed `than`.
    """

    values: str
    sizes: str = ""
    than: str = ""

    @classmethod
    def parse(cls, name: str) -> "Seed":
        parts = re.fullmatch(r"([^~]*)(?:~(same|other):([^~]*))?", name)
        if parts is None:
            raise ValueError(f"a seed is VALUES, VALUES~same:SEED or VALUES~other:SEED, not {name!r}")
        return cls(*(part or "" for part in parts.groups()))

    def __str__(self) -> str:
        return f"{self.values}~{self.sizes}:{self.than}" if self.sizes else self.values

    def redrawn(self, attempt: int) -> "Seed":
        """The n-th substitute, for a draw that rounding could decide; the relation of its sizes stays."""
        return replace(self, values=f"{self.values}.{attempt}") if attempt else self
