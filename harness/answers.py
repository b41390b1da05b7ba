"""Expected outcomes: makes them from the solution, and stores them in files."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from harness.draws import measured
from harness.files import replace
from harness.graded import TESTS, Case, GradedTest
from harness.marks import Tolerance
from harness.outcome import Array, Outcome, decode, encode
from harness.seeds import Seed

HEAD_ROOM = 0.1  # share of the tolerance that rounding may use in a new draw
KEPT_ROOM = 0.3  # the same for an existing draw, which another processor may have made
MARGIN = 1e-3  # between the two best scores wherever an argmax steers a roll-out
ATTEMPTS = 30


@dataclass
class Answers:
    """The right outcomes of one seed.

    Attributes:
        outcomes: identifier of a test and its case -> what the solution shows.
        seeds: identifier -> the seed that was used; it differs if a draw was too close to a tie.
        header: versions of the packages that made them.
    """

    outcomes: dict[str, Outcome] = field(default_factory=dict)
    seeds: dict[str, str] = field(default_factory=dict)
    header: dict[str, str] = field(default_factory=dict)

    def of(self, module: str) -> "Answers":
        """The answers of one test module."""
        names = [name for name in self.outcomes if name.split("::")[0] == module]
        return Answers({n: self.outcomes[n] for n in names}, {n: self.seeds[n] for n in names}, dict(self.header))

    def __ior__(self, other: "Answers") -> "Answers":
        self.outcomes |= other.outcomes
        self.seeds |= other.seeds
        self.header |= other.header
        return self

    def save(self, path: Path) -> None:
        """Write the file by rename, so that it is never half written."""
        replace(path, self.to_bytes())

    def to_bytes(self) -> bytes:
        return encode(self.outcomes, {**self.header, "seeds": json.dumps(self.seeds)})

    @classmethod
    def load(cls, path: Path) -> "Answers":
        """Read what `save` wrote.

        Raises:
            FileNotFoundError: where there are none yet.
        """
        outcomes, header = decode(path.read_bytes())
        return cls(outcomes, json.loads(header.pop("seeds")), header)


def public_file(module: str, tests: Path = TESTS) -> Path:
    """The file with the public answers (seed "0") of a test module."""
    return tests / "reference" / Path(module).with_suffix(".safetensors")


class Unsteady(Exception):
    """A draw whose right answer depends on rounding."""


def make(
    test: GradedTest, case: Case, seed: str, run: Callable[[str, bool], Outcome], kept: str | None = None
) -> tuple[str, Outcome]:
    """Run the solution and return the seed used and the expected outcome.

    Args:
        seed: the seed wanted; another is drawn from it where rounding could decide.
        run: seed and whether to compute in float64 -> outcome.
        kept: the seed used before. It stays where it can, or each processor would have answers of its own.

    Raises:
        Unsteady: when no draw is steady, or when the solution fails; names the test.
    """
    reason = ""
    draws = [(str(Seed.parse(seed).redrawn(attempt)), HEAD_ROOM) for attempt in range(ATTEMPTS)]
    for drawn, room in [*([(kept, KEPT_ROOM)] if kept else []), *draws]:
        outcome, exact = (measured(shown, shown) for shown in (run(drawn, False), run(drawn, True)))
        if fault := outcome.fault:
            why = f"{fault.where}: {fault.kind}: {fault.message}"
            raise Unsteady(f"tests/{test.identifier(case)}: the solution fails at {why}")
        try:
            check_head_room(outcome, exact, test.tolerance, room)
            check_margins(outcome, test.steered_by)
        except Unsteady as error:
            reason = str(error)
        else:
            return drawn, outcome
    raise Unsteady(f"{test.identifier(case)}: no steady draw in {ATTEMPTS}: {reason}")


def check_head_room(outcome: Outcome, exact: Outcome, tolerance: Tolerance, room: float = HEAD_ROOM) -> None:
    """Demand that float32 and float64 differ by at most this share of what the judge tolerates."""
    for name, value in outcome.shown.items():
        right = exact.shown.get(name)
        if isinstance(value, str) or isinstance(right, str) or right is None:
            if str(value) != str(right):
                raise Unsteady(f"{name} is {value} in float32 and {right} in float64")
        elif (share := _share_of_tolerance(value, right, tolerance)) > room:
            raise Unsteady(f"{name} differs between float32 and float64 by {share:.2f} of the tolerance")


def _share_of_tolerance(value: Array, exact: Array, tolerance: Tolerance) -> float:
    if value.shape != exact.shape or not value.size:
        return float(value.shape != exact.shape)
    if not np.issubdtype(value.dtype, np.floating):
        return float((value != exact).any())
    allowed = tolerance.atol + tolerance.rtol * np.abs(exact)
    with np.errstate(invalid="ignore"):
        share = np.where(value == exact, 0.0, np.abs(value - exact) / allowed)
    return float(np.nan_to_num(share, nan=np.inf).max())


def check_margins(outcome: Outcome, names: tuple[str, ...]) -> None:
    """Demand that the best score leads by a margin where an argmax steers. Rows of zeros are ignored."""
    for name in names:
        scores = outcome.shown[name]
        if isinstance(scores, str):
            raise Unsteady(f"{name} is {scores}, not a tensor of scores")
        second, best = np.moveaxis(np.sort(scores, axis=-1)[..., -2:], -1, 0)
        steering = np.abs(scores).max(axis=-1) > 0
        if (steering & (best - second < MARGIN)).any():
            raise Unsteady(f"two scores of {name} nearly tie")


def check_seeds_matter(identifier: str, outcomes: Mapping[str, Outcome]) -> None:
    """Demand that a test shows a float tensor that differs between seeds, so that a stored table cannot pass.

    Args:
        outcomes: seed -> the right outcome of one test and case.
    """
    first, *others = outcomes.values()
    for other in others:
        floats = [
            name
            for name, value in first.shown.items()
            if not isinstance(value, str) and np.issubdtype(value.dtype, np.floating) and value.size
        ]
        if not any(_differ(first.shown[name], other.shown[name]) for name in floats):
            raise Unsteady(f"{identifier} shows no float tensor that differs between seeds")


def _differ(one: Array | str, other: Array | str) -> bool:
    return isinstance(one, str) or isinstance(other, str) or one.shape != other.shape or bool((one != other).any())
