"""Known wrong outcomes of one seed, and the hint for a student whose outcome equals one of them.

A misconception is stored as a sketch of its wrong outcome: dtype, shape and eight numbers of each tensor, and all other
values as they are. Like the judge, this module imports no torch and runs no student code.
"""

import json
import math
import re
from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import numpy as safetensors

from harness import faults, files
from harness.graded import TESTS
from harness.judge import RANDOM, Verdict
from harness.outcome import Array, Fault, Outcome

NUMBERS = 8  # stored for one tensor
LARGEST_SIZE = 20_000  # elements; larger tensors are not sketched, and graded ones have a thousand
RTOL, ATOL = 1e-4, 1e-5  # between sketches, because other processors sum in another order
LARGEST = float(np.finfo(np.float32).max)  # numbers are stored as float32
OWN = "words of one's own"  # replaces a message that every student words differently
SENTENCE = "a sentence"  # the form of a sentence that is random


@dataclass(frozen=True)
class Sketch:
    """The sketch of one shown value.

    Attributes:
        form: a tensor's dtype and shape, or the sentence that was shown instead of a tensor.
        odd: how many values are NaN, infinity and minus infinity.
        numbers: see `project`; none for a sentence.
        varies: whether the value is random, so that only its form counts.
    """

    form: str
    odd: tuple[int, ...] = (0, 0, 0)
    numbers: tuple[float, ...] = ()
    varies: bool = False

    def fits(self, other: "Sketch | None") -> bool:
        """Whether another value equals this one up to rounding; if this one varies, whether it could equal it."""
        if other is None or self.varies:
            return other is not None and not any(other.odd) and self.form in (other.form, SENTENCE)
        if self.form != other.form or self.odd != other.odd:
            return False
        scale = max(map(abs, self.numbers + other.numbers), default=0.0)
        return all(abs(a - b) <= ATOL + RTOL * scale for a, b in zip(self.numbers, other.numbers, strict=True))


@dataclass(frozen=True)
class Portrait:
    """The sketch of one outcome.

    Attributes:
        shown: name -> the sketch of the value, or None if the outcome does not show it.
        parameters: "key|name" of the contract's parameters -> their shapes, or None for one that the module lacks.
        fault: the kind and the message of the exception that stopped the test.
    """

    shown: dict[str, Sketch | None] = field(default_factory=dict)
    parameters: dict[str, list[int] | None] = field(default_factory=dict)
    fault: tuple[str, ...] | None = None


@dataclass
class KnownMistake:
    """A misconception: test identifier -> how its outcome differs from the right one."""

    name: str
    hint: str
    wrong: dict[str, Portrait] = field(default_factory=dict)

    @property
    def varies(self) -> bool:
        """Whether some of its values are random."""
        return any(sketch and sketch.varies for portrait in self.wrong.values() for sketch in portrait.shown.values())


@dataclass
class Hints:
    """The right outcomes of one seed and the misconceptions, in the catalogue's order."""

    right: dict[str, Portrait] = field(default_factory=dict)
    known: list[KnownMistake] = field(default_factory=list)

    def add(self, name: str, hint: str, wrong: Mapping[str, Outcome], varies: str = "") -> None:
        """Add a misconception by its wrong outcomes; `right` holds the right ones.

        Args:
            varies: a regular expression; a value is random if it is found in "identifier: name".
        """
        known = KnownMistake(name, hint)
        for identifier, outcome in wrong.items():
            right = self.right[identifier]
            portrait = portray(outcome, right)
            at_random = {label for label in right.shown if varies and re.search(varies, f"{identifier}: {label}")}
            known.wrong[identifier] = _difference(portrait, right, at_random)
        self.known.append(known)

    def of(self, module: str) -> "Hints":
        """The hints of one test module."""
        right = {name: portrait for name, portrait in self.right.items() if name.split("::")[0] == module}
        return Hints(right, [known for known in self.known if right.keys() & known.wrong.keys()])

    def __ior__(self, other: "Hints") -> "Hints":
        self.right |= other.right
        self.known += other.known
        return self

    def explain(
        self, failing: Mapping[str, Outcome], passed: Collection[str] = (), random: Collection[str] = ()
    ) -> dict[str, str]:
        """Find the hints for failing tests: identifier -> hint, for tests whose outcome is that of a misconception."""
        return {name: known.hint for name, known in self.recognize(failing, passed, random).items()}

    def recognize(
        self, failing: Mapping[str, Outcome], passed: Collection[str] = (), random: Collection[str] = ()
    ) -> dict[str, KnownMistake]:
        """Find the misconceptions behind failing tests: identifier -> misconception, for tests whose outcome is known.

        If several misconceptions have the same outcome, known numbers win over random ones, then the misconception that
        explains most other outcomes of the deliverable, then the first of the catalogue. An outcome that says little by
        itself (all random, or nearly right) needs a second test that matches the same mistake. An exception has many
        possible causes, so it gets a hint only if the misconception fails exactly the same tests in the same ways, or
        if two misconceptions do so together, as the same slip in two functions does.

        Args:
            failing: identifier of a test and its case -> its outcome, with this seed.
            passed: identifiers of the tests that passed.
            random: tests with random values: a misconception that passes one of them does not match, unless some of its
                own values are random.
        """
        portraits = {
            name: portray(outcome, self.right[name]) for name, outcome in failing.items() if name in self.right
        }
        fits = [{name for name in portraits if self.fits(known, name, portraits[name])} for known in self.known]
        sure = [
            {name for name in fit if _is_sure(known.wrong[name], self.right[name])}
            for known, fit in zip(self.known, fits, strict=True)
        ]
        # A failing test that a misconception does not explain counts against it, as against all others.
        scores = [
            2 * len(fit) - len(known.wrong.keys() & set(passed)) for known, fit in zip(self.known, fits, strict=True)
        ]
        found, by_chance = dict[str, KnownMistake](), set(random)
        for name in portraits:
            able = [index for index, fit in enumerate(fits) if name in fit and sure[index]]
            able = [index for index in able if self.known[index].varies or by_chance <= self.known[index].wrong.keys()]
            if portraits[name].fault:
                able = [index for index in able if self._covers(index, fits, portraits.keys())]
            if able:
                definite = {index for index in able if _is_definite(self.known[index].wrong[name])}
                best = max(able, key=lambda index: (index in definite, name in sure[index], scores[index]))  # the first
                found[name] = self.known[best]
        return found

    def common(self, failing: Mapping[str, Outcome], passed: Collection[str]) -> str:
        """What all failing tests of a deliverable have in common if no known misconception explains them; else "".

        It compares failing with passing tests, so it is "" if none has passed.
        """
        wrong: set[str] = set()
        for identifier, outcome in failing.items():
            right = self.right[identifier]
            got = portray(outcome, right)
            if got.fault or got.parameters:
                return ""
            wrong |= {name for name, sketch in right.shown.items() if _is_other(sketch, got.shown[name])}
        if not passed or not wrong:
            return ""
        return next((words for pattern, words in COMMON.items() if all(re.search(pattern, n) for n in wrong)), "")

    def fits(self, known: KnownMistake, identifier: str, portrait: Portrait) -> bool:
        """Whether an outcome equals the outcome of a misconception."""
        wrong, right = known.wrong.get(identifier), self.right[identifier]
        if wrong is None or (portrait.parameters, portrait.fault) != (wrong.parameters, wrong.fault):
            return False
        for name, sketch in right.shown.items():
            expected, got = wrong.shown.get(name, sketch), portrait.shown[name]
            if expected is None or got is None:
                if expected is not got:
                    return False
            elif not expected.fits(got):
                return False
        if not wrong.shown or _is_definite(wrong):
            return True
        return any(_may_be_random(right.shown[name], portrait.shown[name]) for name in wrong.shown)

    def _covers(self, index: int, fits: Sequence[Set[str]], failing: Set[str]) -> bool:
        """Whether a misconception, alone or with another one, explains all failing tests and fails no others."""
        return any(
            fits[index] | fits[other] == failing == self.known[index].wrong.keys() | self.known[other].wrong.keys()
            for other in range(len(self.known))
            if self.known[other].wrong.keys() <= failing
        )

    def save(self, path: Path) -> None:
        """Write the file by rename, so that it is never half written."""
        files.replace(path, self.to_bytes())

    def to_bytes(self) -> bytes:
        """One safetensors file: a matrix of numbers, and JSON that refers to its rows."""
        rows: dict[bytes, int] = {}

        def packed(sketch: Sketch | None) -> Any:
            if sketch is None:
                return None
            if sketch.varies:
                return [sketch.form]
            if not sketch.numbers:
                return sketch.form
            row = rows.setdefault(np.array(sketch.numbers, np.float32).tobytes(), len(rows))
            return [sketch.form, row, *([sketch.odd] if any(sketch.odd) else [])]

        def record(portrait: Portrait) -> list[Any]:
            shown = {name: packed(sketch) for name, sketch in portrait.shown.items()}
            return [shown, portrait.parameters, portrait.fault]

        notes = {
            "right": {identifier: record(portrait) for identifier, portrait in self.right.items()},
            "known": [
                [known.name, known.hint, {identifier: record(portrait) for identifier, portrait in known.wrong.items()}]
                for known in self.known
            ],
        }
        numbers = np.frombuffer(b"".join(rows), dtype=np.float32).reshape(len(rows), NUMBERS)
        return safetensors.save({"numbers": numbers}, {"hints": json.dumps(notes)})

    @classmethod
    def load(cls, path: Path) -> "Hints":
        """Read what `save` wrote.

        Raises:
            FileNotFoundError: if there is no such file.
        """
        data = path.read_bytes()
        notes = json.loads(json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])["__metadata__"]["hints"])
        numbers = [tuple(row) for row in safetensors.load(data)["numbers"].tolist()]

        def unpacked(entry: Any) -> Sketch | None:
            if entry is None:
                return None
            if isinstance(entry, str):
                return Sketch(entry)
            form, *rest = entry
            odd = tuple(rest[1]) if rest[1:] else (0, 0, 0)
            return Sketch(form, odd, numbers[rest[0]]) if rest else Sketch(form, varies=True)

        def portrait(entry: Any) -> Portrait:
            shown, parameters, fault = entry
            sketches = {name: unpacked(sketch) for name, sketch in shown.items()}
            return Portrait(sketches, parameters, fault and tuple(fault))

        right = {identifier: portrait(entry) for identifier, entry in notes["right"].items()}
        known = [
            KnownMistake(name, hint, {identifier: portrait(entry) for identifier, entry in wrong.items()})
            for name, hint, wrong in notes["known"]
        ]
        return cls(right, known)


# Names of shown values -> the message if nothing else of a deliverable is wrong.
COMMON = {
    r"^gradients?[_ ](?!.*finite)": (
        "All values are right, only gradients are not. On the way to the result the graph is cut, or a part of it is "
        "left out: look for detach, .data, .item(), torch.no_grad and new tensors made of numbers."
    ),
    r"in[_ ]training|with p = |training[_ ]mode": (
        "In eval mode all is right, in training mode it is not. Look for what depends on the mode: where dropout is "
        "applied, how often, and with which rate."
    ),
    r"again|second call|after[_ ]the[_ ]calls?": (
        "The first call is right; a later one, or what is left after it, is not. Look for what a call leaves behind: "
        "attributes that it sets on self, and arguments that it changes in place."
    ),
    r"\b(one|single)[_ ](row|step|sentence|position|token|column)|(sentence|position)s?[_ ]alone": (
        "Larger batches and longer sequences are right; what has a batch or a length of one is not. Look for squeeze() "
        "without an axis, which drops every axis of size 1."
    ),
}


def hinted(verdicts: Mapping[str, Verdict], outcomes: Mapping[str, Outcome], hints: Hints) -> dict[str, Verdict]:
    """The verdicts of one seed, by identifier of test and case, with the hints that all of them together select.

    Args:
        outcomes: the outcomes of the tests that have run, by the same identifiers.
    """
    passed = [name for name, verdict in verdicts.items() if verdict.passed]
    failing = {name: outcome for name, outcome in outcomes.items() if not verdicts[name].passed}
    random = [name for name, verdict in verdicts.items() if RANDOM in verdict.message]
    explained = hints.explain(failing, passed, random)
    if failing.keys() <= hints.right.keys() and not explained and len(passed) + len(failing) == len(verdicts):
        explained = dict.fromkeys(failing, hints.common(failing, passed))
    return {name: verdict.hinted(explained.get(name, "")) for name, verdict in verdicts.items()}


def public_file(module: str, tests: Path = TESTS) -> Path:
    """The file with the hints for the public seed of a test module, beside its answers."""
    return tests / "reference" / Path(module).with_suffix(".hints.safetensors")


def portray(outcome: Outcome, right: Portrait | None = None) -> Portrait:
    """Sketch an outcome. With `right`, only the values that it shows and the parameters that differ from it."""
    names = outcome.shown if right is None else right.shown
    return Portrait(
        {name: sketch(outcome.shown[name]) if name in outcome.shown else None for name in names},
        _parameters(outcome, right),
        (outcome.fault.kind, _said(outcome.fault)) if outcome.fault else None,
    )


def sketch(value: Array | str) -> Sketch:
    """Sketch a tensor or a sentence."""
    if isinstance(value, str):
        return Sketch(value)
    odd = tuple(int(mask.sum()) for mask in (np.isnan(value), np.isposinf(value), np.isneginf(value)))
    return Sketch(f"{value.dtype} {value.shape}", odd, project(value))


def project(value: Array) -> tuple[float, ...]:
    """Eight numbers that identify a tensor among others of its shape: its values, or eight weighted sums of them.

    The weights are fixed, have mean 0, and are all different: a change of any value, sign or order changes every sum,
    in proportion to its share of the tensor's norm. Sampled values and a norm would miss other changes. Values that are
    not finite count as 0.
    """
    if value.size > LARGEST_SIZE:
        return (0.0,) * NUMBERS  # no graded tensor is so large
    flat = np.where(np.isfinite(value), value, 0).astype(np.float64).ravel()
    if flat.size <= NUMBERS:
        numbers = np.pad(flat, (0, NUMBERS - flat.size))
    else:
        with np.errstate(over="ignore"):
            numbers = _weights(flat.size) @ (flat / math.sqrt(flat.size))
    return tuple(np.clip(numbers, -LARGEST, LARGEST).tolist())


@lru_cache(maxsize=64)
def _weights(size: int) -> Array:
    """(8, size) floats between -sqrt(3) and sqrt(3) with variance 1, so that sums have the scale of the values."""
    bits = np.asarray(np.random.PCG64(size).random_raw(NUMBERS * size), dtype=np.uint64) >> np.uint64(40)
    return ((bits.astype(np.float64) * 2.0**-23 - 1.0) * math.sqrt(3.0)).reshape(NUMBERS, size).astype(np.float32)


def _parameters(outcome: Outcome, right: Portrait | None) -> dict[str, list[int] | None]:
    actual = {f"{key}|{name}": shape for key, shapes in outcome.parameters.items() for name, shape in shapes.items()}
    if right is None:
        return dict(actual)
    expected = {name: shape for name, shape in right.parameters.items() if name.split("|")[0] in outcome.parameters}
    return {name: actual.get(name) for name, shape in expected.items() if actual.get(name) != shape}


def _difference(wrong: Portrait, right: Portrait, at_random: Collection[str]) -> Portrait:
    """A portrait without its right values; a random value never counts as right."""
    shown: dict[str, Sketch | None] = {}
    for name, got in wrong.shown.items():
        if got and name in at_random:
            shown[name] = Sketch(got.form if got.numbers else SENTENCE, varies=True)
        elif _is_other(right.shown[name], got):
            shown[name] = got
    return replace(wrong, shown=shown)


def _is_other(right: Sketch | None, got: Sketch | None) -> bool:
    return right is None or not right.fits(got)


def _may_be_random(right: Sketch | None, got: Sketch | None) -> bool:
    """Whether a value is neither the right one nor a multiple of it, which would be no accident."""
    if right is None or got is None or not right.numbers or right.form != got.form:
        return _is_other(right, got)
    a, b = np.array(right.numbers), np.array(got.numbers)
    rest = b - a * (a @ b) / max(float(a @ a), ATOL**2)
    return _is_other(right, got) and bool(np.abs(rest).max() > ATOL + RTOL * np.abs(b).max())


def _is_definite(wrong: Portrait) -> bool:
    """Whether an outcome differs from the right one in something that is not random."""
    return bool(wrong.fault or wrong.parameters) or any(
        sketch is None or not sketch.varies for sketch in wrong.shown.values()
    )


def _is_sure(wrong: Portrait, right: Portrait) -> bool:
    """Whether an outcome identifies a misconception by itself.

    It does if a difference is not random, or if random values stand beside right numbers. It does not if everything is
    random, or if it differs from the right one by less than another processor's rounding.
    """
    rest = [sketch for name, sketch in right.shown.items() if name not in wrong.shown]
    return _is_definite(wrong) or bool(wrong.shown and any(sketch and sketch.numbers for sketch in rest))


def _said(fault: Fault) -> str:
    """A message without addresses and paths, which differ between runs and machines.

    Of the message of a student's own check only the numbers remain, since every student words it differently.
    """
    message = re.sub(r"0x[0-9a-fA-F]+|(?:[A-Za-z]:)?[\\/][\w.\\/-]+", "...", fault.message)
    if not fault.own:
        return message
    numbers = sorted(set(faults.numbers_of(message)))
    return f"says {numbers}" if numbers else OWN
