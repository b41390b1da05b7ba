"""Describes how a wrong tensor differs from the right one, in one sentence, or not at all.

A sentence is true of every element, within the judge's tolerance. There is none where the right value is a single
number or a constant, which agree with too many sentences: no diagnosis is better than a misleading one.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations, permutations

import numpy as np

from harness.marks import Tolerance
from harness.outcome import Array, Outcome, digest
from harness.sizes import Sizes
from harness.words import joined

EXACT = 2.0**53  # smaller integers are exact as floats
NUMBERS = "fiub"  # the kinds of dtype that can be compared: floats, integers, booleans


def close(got: Array, right: Array, tolerance: Tolerance) -> Array:
    """Compare elementwise: integers and booleans exactly, floats within the tolerance; -inf equals -inf."""
    if not np.issubdtype(right.dtype, np.floating):
        return np.asarray(got == right)
    with np.errstate(all="ignore"):  # without warnings: differences of huge values overflow
        near = np.abs(got - right) <= tolerance.atol + tolerance.rtol * np.abs(right)
        return np.asarray(near & np.isfinite(right) | (got == right))  # as np.isclose, which takes much longer


def diagnose(name: str, got: Array, expected: Outcome, tolerance: Tolerance, sizes: Sizes) -> str:
    """Return a sentence about how a wrong value differs from the right one, or "" if no sentence is true.

    Args:
        name: what the test shows the value as.
        got: the wrong value.
        expected: the right outcome, made on the trusted side. A wrong value may equal one of its inputs or results.
        sizes: the sizes of the right outcome. The sentence names shapes and ratios after them.
    """
    right = expected.shown[name]
    if isinstance(right, str) or got.dtype.kind not in NUMBERS or right.dtype.kind not in NUMBERS:
        return ""
    if got.dtype != right.dtype and got.shape == right.shape:
        return _dtype(got, right)
    if got.size < 2 or right.size < 2 or got.ndim > 5 or max(_largest(got), _largest(right)) >= EXACT:
        return ""
    with np.errstate(all="ignore"):
        compared = Compared(got, right, tolerance)
        if compared.same(got):
            return ""
        if got.shape != right.shape:
            difference = _another(name, compared, expected.shown) or _first(SHAPES, compared)
            return " ".join(words for words in (difference, _shapes(got, right, sizes)) if words)
        if not np.isfinite(got[np.isfinite(right)]).all():
            return _first(NOT_FINITE, compared)
        return (
            _handed_out(name, compared, expected)
            or _another(name, compared, expected.shown)
            or _first(VALUES, compared)
            or _factor(compared, sizes)
            or _first(PARTS, compared)
        )


@dataclass(frozen=True)
class Compared:
    """A wrong tensor beside the right one."""

    got: Array
    right: Array
    tolerance: Tolerance

    def same(self, got: Array, right: Array | None = None) -> bool:
        """Whether the judge would accept `got` in place of `right`, by default the whole right tensor."""
        right = self.right if right is None else right
        return got.shape == right.shape and bool(close(got, right, self.tolerance).all())

    @property
    def floats(self) -> bool:
        """Whether both tensors hold finite floats alone."""
        tensors = self.got, self.right
        return all(tensor.dtype.kind == "f" and bool(np.isfinite(tensor).all()) for tensor in tensors)

    def varies(self, values: Array) -> bool:
        """Whether values differ so much from each other that another tensor cannot equal them by chance."""
        if values.size < 2 or not np.isfinite(values).all():
            return False
        numbers = values.astype(np.float64)
        spread = float(numbers.max() - numbers.min())
        return spread > 100 * (self.tolerance.atol + self.tolerance.rtol * float(np.abs(numbers).max()))

    def axes(self) -> Iterator[int]:
        """The axes of the right tensor that are longer than one."""
        return (axis for axis, size in enumerate(self.right.shape) if size > 1)


Check = Callable[[Compared], str]  # returns a sentence that is true of the two tensors, or ""


def _first(checks: tuple[Check, ...], compared: Compared) -> str:
    """The sentence of the first check that has one, or ""."""
    return next((words for check in checks if (words := check(compared))), "")


def _largest(values: Array) -> float:
    """The largest absolute value among the finite ones; 0 if there is none."""
    finite = values[np.isfinite(values)] if values.dtype.kind == "f" else values
    return float(np.abs(finite.astype(np.float64)).max()) if finite.size else 0.0


def _dtype(got: Array, right: Array) -> str:
    """Another dtype, and where it usually comes from."""
    if right.dtype.kind == "f":
        if got.dtype.kind == "f":
            return f"A tensor on the way is of {got.dtype}; make new ones with the dtype of what you were given."
        return f"Numbers with a fraction are expected, yours are of {got.dtype}: is a conversion or a comparison left?"
    if right.dtype.kind == "i" and got.dtype.kind == "f":
        return "Integers are expected: torch makes new tensors of float32 unless they are given another dtype."
    return f"Give the tensor the dtype {right.dtype} where you make it." if right.dtype.kind == "i" else ""


# Another shape.


def _shapes(got: Array, right: Array, sizes: Sizes) -> str:
    """Both shapes in names of sizes, where all sizes have one."""
    if right.ndim < 2:  # a one-dimensional result is often a list of counts, and its length no size of the test
        return ""
    yours, asked = sizes.shape(got.shape), sizes.shape(right.shape)
    return f"By the names of the sizes: expected {asked}, got {yours}." if yours and asked else ""


def _axes_swapped(compared: Compared) -> str:
    """The right sizes in another order, with the right values where the axes are swapped, or with others."""
    got, right = compared.got, compared.right
    if got.ndim != right.ndim or sorted(got.shape) != sorted(right.shape):
        return ""
    if compared.varies(right):
        for order in permutations(range(got.ndim)):
            if compared.same(got.transpose(order)):
                moved = [str(axis) for axis, source in enumerate(order) if axis != source]
                return f"All values are right, but axes {joined(moved)} are swapped."
    return "These are the right sizes in another order: have axes changed places?"


def _other_ones(compared: Compared) -> str:
    """The right values in order, in a shape that differs by axes of size 1 or altogether."""
    if compared.got.size != compared.right.size or not compared.same(compared.got.reshape(compared.right.shape)):
        return ""
    yours, asked = ([size for size in tensor.shape if size > 1] for tensor in (compared.got, compared.right))
    if yours != asked:
        return (
            "All values are right and in order; only the shape is another." if compared.varies(compared.right) else ""
        )
    verb = "is missing" if compared.got.ndim < compared.right.ndim else "is too many or in another place"
    return f"All values are right; an axis of size 1 {verb}."


def _too_long_or_short(compared: Compared) -> str:
    """A tensor that is right but for entries at one end of an axis, which are missing or too many."""
    got, right = compared.got, compared.right
    differing = [axis for axis in range(right.ndim) if got.ndim == right.ndim and got.shape[axis] != right.shape[axis]]
    if len(differing) != 1:
        return ""
    (axis,) = differing
    longer, shorter, words = (
        (got, right, "too many") if got.shape[axis] > right.shape[axis] else (right, got, "missing")
    )
    surplus = longer.shape[axis] - shorter.shape[axis]
    if not compared.varies(shorter):
        return ""
    for start, end in ((0, "at the end"), (surplus, "at the beginning")):
        part = np.take(longer, range(start, start + shorter.shape[axis]), axis)
        if compared.same(part, shorter):
            verb = "is" if surplus == 1 else "are"
            return f"Along axis {axis}, {surplus} {verb} {words} {end}; the others are right."
    return ""


def _reduced(compared: Compared) -> str:
    """The sum, mean or maximum of the right values over an axis."""
    got, right = compared.got, compared.right
    if not compared.floats or not compared.varies(got):
        return ""
    for axis in compared.axes():
        for words, reduced in (("sum", right.sum(axis)), ("mean", right.mean(axis)), ("maximum", right.max(axis))):
            if compared.same(got.reshape(-1), reduced.reshape(-1)):
                return f"This is the {words} of the right values over axis {axis}."
    return ""


def _one_slice(compared: Compared) -> str:
    """The first or the last slice of the right values along an axis."""
    got, right = compared.got, compared.right
    if not compared.varies(got):
        return ""
    ends = [(axis, *end) for axis in compared.axes() for end in ((right.shape[axis] - 1, "last"), (0, "first"))]
    alike = [
        (axis, words) for axis, i, words in ends if compared.same(got.reshape(-1), np.take(right, i, axis).reshape(-1))
    ]
    if len(alike) != 1:
        return ""
    axis, words = alike[0]
    return f"These are the right values of the {words} index of axis {axis} alone."


SHAPES: tuple[Check, ...] = (_other_ones, _axes_swapped, _too_long_or_short, _one_slice, _reduced)


# Not finite.


def _not_finite_from(compared: Compared) -> str:
    """Values that are not finite from an index on, or at one index, along an axis."""
    bad = ~np.isfinite(compared.got) & np.isfinite(compared.right)
    if bad.all():
        return "All your values are NaN or infinite."
    if bad.ndim < 2:
        return ""
    for axis in compared.axes():
        others = tuple(other for other in range(bad.ndim) if other != axis)
        whole, none = np.asarray(bad.all(axis=others)), ~bad.any(axis=others)
        if not (whole | none).all():
            continue
        start = int(whole.argmax())
        if whole[start:].all():
            got, right = (np.take(values, range(start), axis) for values in (compared.got, compared.right))
            before = "Right" if compared.same(got, right) else "Finite"
            return f"{before} along axis {axis} before index {start}, not finite from there on."
        if whole.sum() == 1:
            return f"Along axis {axis} index {start} is not finite, all else is."
    return ""


def _logarithm_of_zero(compared: Compared) -> str:
    """Minus infinity among log-probabilities."""
    bad = ~np.isfinite(compared.got)
    if (compared.got[bad] == -np.inf).all() and _is_normalised(np.exp(compared.right), compared.right.ndim - 1):
        return (
            "Minus infinity is the logarithm of zero: was a small probability rounded before its logarithm was taken?"
        )
    return ""


NOT_FINITE: tuple[Check, ...] = (_not_finite_from, _logarithm_of_zero)


# Other values.


def _handed_out(name: str, compared: Compared, expected: Outcome) -> str:
    """The exact values of an input in place of others, or others in place of them."""
    inputs = {fingerprint: source for source, fingerprint in expected.inputs.items()}
    if source := inputs.get(digest(compared.got)):
        return f"These are the values of {source!r} as the test hands it out."
    if source := inputs.get(digest(compared.right)):
        advice = ": your code has changed it in place" if "after" in name.replace("_", " ").split() else ""
        return f"Expected is {source!r} as the test hands it out{advice}."
    return ""


def _another(name: str, compared: Compared, shown: Mapping[str, Array | str]) -> str:
    """The right values of another result of the test, as when two results are swapped."""
    if not compared.varies(compared.got):
        return ""
    for other, values in shown.items():
        alike = other != name and not isinstance(values, str) and values.dtype == compared.got.dtype
        if alike and compared.same(compared.got, np.asarray(values)):
            return f"These are the right values of {other!r}."
    return ""


def _constant(compared: Compared) -> str:
    """The same value everywhere, or everywhere along an axis."""
    got, right = compared.got, compared.right
    if (got == got.flat[0]).all():
        value = f"{got.flat[0]:.4g}" if got.dtype.kind == "f" else f"{got.flat[0]}"
        ones = got.dtype.kind == "f" and value == "1" and any(_is_normalised(right, axis) for axis in compared.axes())
        return f"All your values are {value}{', as a softmax along an axis of size 1 gives' if ones else ''}."
    for axis in compared.axes():
        if _is_constant(compared, got, axis) and not _is_constant(compared, compared.right, axis):
            return f"Along axis {axis} all your values are the same; the right ones are not."
    return ""


def _is_constant(compared: Compared, values: Array, axis: int) -> bool:
    """Whether values are the same everywhere along an axis."""
    return compared.same(values, np.broadcast_to(np.take(values, [0], axis), values.shape))


def _turned(compared: Compared) -> str:
    """Values that become right when two axes of equal size are swapped, or one axis is reversed."""
    got = compared.got
    for one, other in combinations(compared.axes(), 2):
        if compared.same(got.swapaxes(one, other)):
            return f"All values become right when axes {one} and {other} change places: yours is transposed."
    if compared.varies(compared.right):
        for axis in compared.axes():
            if compared.same(np.flip(got, axis)):
                return f"All values are right, but in reverse order along axis {axis}."
    return ""


def _sign(compared: Compared) -> str:
    """The right absolute values."""
    if compared.right.dtype.kind != "f" or not compared.same(np.abs(compared.got), np.abs(compared.right)):
        return ""
    if compared.same(-compared.got):
        return "Every value has the wrong sign."
    return "All values are right but for their signs."


def _offset(compared: Compared) -> str:
    """The same number too much everywhere, or too little."""
    got, right = compared.got, compared.right
    if got.dtype.kind not in "fi" or got.size < 3 or not compared.varies(right) or not np.isfinite(right).all():
        return ""
    difference = np.median(got.astype(np.float64) - right.astype(np.float64))
    if not compared.same(got - difference) or abs(difference) < 10 * compared.tolerance.atol:
        return ""
    words = "large" if difference > 0 else "small"
    return f"Every value is {abs(difference):.4g} too {words}."


def _softmax(compared: Compared) -> str:
    """Scores, probabilities and log-probabilities mistaken for each other."""
    if not compared.floats or not compared.varies(compared.right):
        return ""
    got, right = compared.got.astype(np.float64), compared.right.astype(np.float64)
    for axis in compared.axes():
        if compared.same(_log_softmax(got, axis)):
            return f"All values become right after a log-softmax along axis {axis}."
        if compared.same(np.exp(_log_softmax(got, axis))):
            return f"All values become right after a softmax along axis {axis}."
        if compared.same(got, np.exp(_log_softmax(right, axis))):
            return f"This is the softmax of the right values along axis {axis}."
        if compared.same(got, _log_softmax(right, axis)):
            return f"This is the log-softmax of the right values along axis {axis}."
    return ""


def _function(compared: Compared) -> str:
    """An elementwise function that is missing, or applied once too often."""
    if not compared.floats or not compared.varies(compared.right):
        return ""
    got, right = compared.got.astype(np.float64), compared.right.astype(np.float64)
    if compared.same(np.exp(got)):
        return "These are the logarithms of the right values."
    if compared.same(got, np.exp(right)):
        return "These are the exponentials of the right values."
    for words, function in FUNCTIONS.items():
        if compared.same(function(got)):
            return f"All values become right after {words}."
        if compared.same(got, function(right)):
            return f"These are the right values after {words}, which is one step too many."
    return ""


FUNCTIONS: dict[str, Callable[[Array], Array]] = {
    "a tanh": np.tanh,
    "a sigmoid": lambda values: 1 / (1 + np.exp(-values)),
    "a ReLU": lambda values: np.maximum(values, 0),
}


def _normalised(compared: Compared) -> str:
    """Probabilities, or their logarithms, that sum to 1 along another axis or along none."""
    if not compared.floats:
        return ""
    for words, transform in (("your values", np.asarray), ("the exponentials of your values", np.exp)):
        right, got = transform(compared.right), transform(compared.got)
        rows = {axis: right.size // right.shape[axis] for axis in compared.axes()}  # a single sum can be 1 by chance
        axes = [axis for axis in rows if rows[axis] > 1 and (right > 0).all() and _is_normalised(right, axis)]
        if len(axes) == 1 and not _is_normalised(got, axes[0]):
            others = [axis for axis in compared.axes() if _is_normalised(got, axis)]
            fact = f"they do so along axis {others[0]} instead" if others else "they do not"
            return f"Along axis {axes[0]} {words} should sum to 1; {fact}."
    return ""


def _row_offset(compared: Compared) -> str:
    """A difference that is constant along the last axis, which a softmax would not notice."""
    if not compared.floats or compared.right.shape[-1] < 3 or not compared.varies(compared.right):
        return ""
    difference = np.median(compared.got.astype(np.float64) - compared.right, axis=-1, keepdims=True)
    if compared.same(compared.got - difference):
        return "Along the last axis all values are off by the same number, each row by its own."
    return ""


VALUES: tuple[Check, ...] = (_constant, _turned, _sign, _offset, _softmax, _function)


# A factor.


def _factor(compared: Compared, sizes: Sizes) -> str:
    """The same ratio everywhere, named after a size of the test if it equals one."""
    if not compared.floats:
        return ""
    got, right = compared.got.astype(np.float64), compared.right.astype(np.float64)
    large = np.abs(right) > 100 * compared.tolerance.atol  # too large to be scaled and still within the tolerance
    if large.sum() < 3 or not compared.varies(np.abs(right[large])):
        return ""
    ratio = float((got * right).sum() / (right * right).sum())
    names = {words: value for words, value in _ratios(sizes).items() if abs(ratio / value - 1) < 1e-3}
    ratio = next(iter(names.values()), ratio)
    if abs(ratio) < 1e-6 or abs(ratio - 1) < 1e-3 or not compared.same(got / ratio):
        return ""
    origin = f", which is {' or '.join(names)} here" if 0 < len(names) <= 2 else ""
    return f"Every value is {_times(ratio)} the right one{origin}."


def _times(ratio: float) -> str:
    return {2.0: "twice", 0.5: "half"}.get(ratio, f"{ratio:.4g} times")


def _ratios(sizes: Sizes) -> dict[str, float]:
    """Ratios of well-known mistakes: a sum in place of a mean, a scale that is missing or applied twice.

    The ratios 2 and 1/2 have too many causes to be named. Only the root of a layer's size is a usual scale, not that of
    a batch size or a length.
    """
    ratios: dict[str, float] = {}
    *_, layers = sizes.names.split(sizes.sizes)
    for name, size in sizes.sizes.items():
        if size > 1 and " " not in name:
            ratios |= {name: float(size), f"1/{name}": 1 / size}
            if name in layers:
                root = float(np.sqrt(size))
                ratios |= {f"sqrt({name})": root, f"1/sqrt({name})": 1 / root}
    return {words: ratio for words, ratio in ratios.items() if ratio not in (2.0, 0.5)}


# Right in parts.


def _right_up_to(compared: Compared) -> str:
    """Whole slices along one axis are right: all but the last, only the first, and so on."""
    right_here = close(compared.got, compared.right, compared.tolerance)
    for axis in compared.axes():
        others = tuple(other for other in range(right_here.ndim) if other != axis)
        good = np.asarray(right_here.all(axis=others))
        wrong = np.flatnonzero(~good)
        if not good.any() or (~right_here).mean(axis=others)[wrong].min() < 0.5:
            continue  # too much is right in the wrong slices: the difference has nothing to do with this axis
        if compared.varies(np.compress(good, compared.right, axis)) and (words := _slices(good, axis)):
            return words
    return ""


def _slices(good: Array, axis: int) -> str:
    """Words for the slices that are right, if these are the first ones, the last ones, or all but one."""
    size, number = good.size, int(good.sum())
    if number == 1 and good[0]:
        return f"Right at index 0 of axis {axis} only."
    if number == size - 1:
        wrong = int((~good).argmax())
        place = {0: "the first", size - 1: "the last"}.get(wrong, "one")
        return f"Right along axis {axis}, but for {place} (index {wrong})."
    if good[:number].all():
        return f"Right along axis {axis} up to index {number - 1}, wrong from index {number} on."
    if good[-number:].all():
        return f"Right along axis {axis} from index {size - number} on, wrong before."
    return ""


def _shifted(compared: Compared) -> str:
    """The right values one index too late or too early along an axis."""
    got, right = compared.got, compared.right
    for axis in compared.axes():
        size = right.shape[axis]
        first, last = (np.take(right, range(start, start + size - 1), axis) for start in (0, 1))
        if size < 3 or _is_constant(compared, first, axis) or _is_constant(compared, last, axis):
            continue
        if compared.same(np.take(got, range(1, size), axis), first):
            return f"One step late along axis {axis}: from index 1 on, index t holds what belongs at t - 1."
        if compared.same(np.take(got, range(size - 1), axis), last):
            return f"One step early along axis {axis}: up to index {size - 2}, index t holds what belongs at t + 1."
    return ""


def _in_another_order(compared: Compared) -> str:
    """The right values, or whole slices of them, in another order along an axis."""
    got, right = compared.got, compared.right
    if not compared.varies(right):
        return ""
    for axis in compared.axes():
        if right.shape[axis] >= 3 and compared.same(np.sort(got, axis), np.sort(right, axis)):
            return f"Along axis {axis} the right values are there, in another order."
    return ""


PARTS: tuple[Check, ...] = (_right_up_to, _shifted, _in_another_order, _row_offset, _normalised)


def _is_normalised(probabilities: Array, axis: int) -> bool:
    """Whether values can be probabilities that sum to 1 along an axis."""
    sums = probabilities.astype(np.float64).sum(axis=axis)
    return bool((probabilities >= 0).all() and (np.abs(sums - 1) < 1e-3).all())


def _log_softmax(values: Array, axis: int) -> Array:
    shifted = values - values.max(axis=axis, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True)))
