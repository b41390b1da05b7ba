"""Where a graded test shows what student code has produced."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from harness.outcome import Array, Outcome, is_todo

MAX_NODES = 2000  # nodes of a tensor's autograd graph that are visited; the solution's graphs have at most 658
MAX_ELEMENTS = 1_000_000  # a larger tensor is described, not copied; graded ones are far smaller

# The dtypes that can be compared. Others (bfloat16, complex, quantised) are described.
COMPARABLE = {
    torch.float64, torch.float32, torch.float16, torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8,
    torch.bool,
}  # fmt: skip


class StopHere(Exception):
    """Raised when a test shows the value at which a debugger stops."""


class Show:
    """Collects the values that a test shows. It compares nothing: `judge` does, where no student code runs.

    Every shown value has a name, which no other value of the test has.

    Args:
        stop_at: the name of the value at which a debugger stops: showing it raises StopHere.
        nodes: whether to note the kinds of autograd nodes that tensors come from, which takes time.
    """

    def __init__(self, outcome: Outcome, stop_at: str = "", nodes: bool = False) -> None:
        self._outcome = outcome
        self._stop_at = stop_at
        self._nodes = nodes

    def __call__(self, name: str, value: Any) -> None:
        """Show a value that has to equal the reference solution's.

        A tensor is copied at once, so what student code does to it later changes nothing. A tuple or list is shown
        element by element. Numbers, strings, booleans and None are shown as they print, anything else as what it is.

        Raises:
            ValueError: if the test has shown a value of this name before.
        """
        self._claim(name)
        if isinstance(value, tuple | list) and type(value) is not torch.Size and len(value) <= 8:
            self._outcome.shown[name] = describe(value)
            for index, element in enumerate(value):
                self(f"{name}[{index}]", element)
        else:
            self._outcome.shown[name] = snapshot(value)
            if self._nodes and isinstance(value, Tensor):
                self._outcome.nodes |= nodes(value)

    def gradients(self, module: nn.Module, of: str = "") -> None:
        """Show the gradient of every parameter, or of those in the layers `of` (separated by spaces).

        A parameter with several names is shown under each of them, so the contract's name is among them.
        """
        for name, parameter in module.named_parameters(remove_duplicate=False):
            if not of or name.split(".")[0] in of.split():
                self(f"gradient of {name}", parameter.grad)

    def spread(self, name: str, value: Any, low: float, high: float) -> None:
        """Show a tensor whose values are drawn uniformly from low to high: the judge looks at their spread."""
        self(name, value)
        self._outcome.measures[name] = ["spread", low, high]

    def frequencies(self, name: str, ids: Any, draws: int, laws: Sequence[Tensor]) -> None:
        """Show ids that were drawn. The judge finds out which of the laws they follow.

        Args:
            draws: how many ids are expected.
            laws: probabilities (V,) of all ids; the first law is the right one, the others are known mistakes.
        """
        self(name, ids)
        self._outcome.measures[name] = ["frequencies", draws, [law.tolist() for law in laws]]

    def alike(self, name: str, tensors: Mapping[str, Tensor]) -> None:
        """Show tensors of one shape, each with a name. The judge finds out which of them are the same."""
        self(name, torch.stack([*tensors.values()]))
        self._outcome.measures[name] = ["alike", list(tensors)]

    def raises(
        self, why: str, expected: type[Exception], call: Callable[[], Any], mentions: Sequence[Any] = ()
    ) -> None:
        """Show which exception a call raises, and whether its message mentions what it should.

        Args:
            why: a short name for the situation, which the student reads.
            expected: the exception that the contract asks for; its subclasses count as it.
            mentions: what the message has to contain, as it prints.
        """
        try:
            call()
        except expected as error:
            missing = [str(item) for item in mentions if str(item) not in str(error)]
            verb, items = ("does not mention", missing) if missing else ("mentions", list(map(str, mentions)))
            fact = f"{expected.__name__} that {verb} {' and '.join(items)}" if items else expected.__name__
        except Exception as error:
            if is_todo(error):
                raise
            fact = type(error).__name__
        else:
            fact = "no exception"
        self._claim(why)
        self._outcome.shown[why] = fact

    def _claim(self, name: str) -> None:
        if name == self._stop_at:
            raise StopHere(name)
        if name in self._outcome.shown:
            raise ValueError(f"this test has shown {name!r} before; every shown value needs a name of its own")


def snapshot(value: Any) -> Array | str:
    """Copy a plain tensor's values; describe everything else in words."""
    if type(value) not in (Tensor, nn.Parameter) or value.layout != torch.strided or value.dtype not in COMPARABLE:
        return describe(value)
    if value.numel() > MAX_ELEMENTS:
        return f"a tensor of shape {tuple(value.shape)}, too large to compare"
    return np.array(value.detach().cpu().contiguous().numpy())


def nodes(value: Tensor) -> set[str]:
    """The kinds of nodes in a tensor's autograd graph, in letters alone: "SigmoidBackward"."""
    seen: set[Any] = set()
    kinds: set[str] = set()
    waiting = [value.grad_fn]
    while waiting and len(seen) < MAX_NODES:
        node = waiting.pop()
        if node is not None and node not in seen:
            seen.add(node)
            kinds.add("".join(filter(str.isalpha, type(node).__name__)))
            waiting += [before for before, _ in node.next_functions]
    return kinds


def describe(value: Any) -> str:
    """Say in a few words what a value is."""
    if type(value) in (bool, int, float, str, type(None)):
        return repr(value)[:200]
    if type(value) is torch.Size:
        return str(tuple(value))
    if isinstance(value, Tensor):
        dtype = str(value.dtype).removeprefix("torch.")
        return f"{_with_article(dtype)} tensor of shape {tuple(value.shape)} ({type(value).__name__})"
    for kind in (tuple, list, dict):  # a named tuple is a tuple, too
        if isinstance(value, kind):
            return f"a {kind.__name__} of {len(value)}"
    return _with_article(type(value).__name__)


def _with_article(noun: str) -> str:
    return f"{'an' if noun[:1].lower() in 'aeio' else 'a'} {noun}"
