"""What a process does once before student code runs in it, so that no test pays for the first use of a layer.

The first use of a layer imports modules and sets up kernels, some for a second. The grader's zygote does this for all
of its children, and the watch's spare process before it is needed. What the tests of a part use stands beside them, in
the function `warm_up` of tests/models/<part>/warm.py.
"""

import importlib
from collections.abc import Iterable
from pathlib import PurePosixPath

from torch import Tensor, nn
from torch.nn import functional as F

from harness.given import Given
from harness.outcome import Outcome, encode
from harness.show import Show

FUNCTION = "warm_up"


def file_beside(module: str) -> PurePosixPath:
    """The file, relative to tests/, that warms up what a graded test module uses: models/naive/warm.py."""
    return PurePosixPath(module).with_name("warm.py")


def warm_up(modules: Iterable[str]) -> None:
    """Use the harness once, then what the tests of these modules use.

    Args:
        modules: graded test modules, relative to tests/.

    Raises:
        ModuleNotFoundError, AttributeError: for a part without a warm.py, or one without the function.
    """
    outcome = Outcome()
    Show(outcome)("x", sample("x", 2, 3, 8))
    encode({"": outcome})
    for file in dict.fromkeys(file_beside(module) for module in modules):
        getattr(importlib.import_module(".".join(("tests", *file.with_suffix("").parts))), FUNCTION)()


def sample(name: str, *shape: int) -> Tensor:
    """A tensor of this shape to warm up with."""
    return Given("0", "warm up").uniform(name, *shape)


def use(layer: nn.Module, *arguments: Tensor) -> None:
    """Call a layer, and send gradients back through it, in both modes: torch takes another path in evaluation mode."""
    for training in (True, False):
        result = layer.train(training)(*arguments)
        result = result[0] if isinstance(result, tuple) else result
        loss = F.log_softmax(result, dim=-1).square().sum()
        if loss.requires_grad:
            loss.backward()
