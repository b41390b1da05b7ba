"""Which names of torch stand for modules."""

import importlib
import pkgutil
from types import ModuleType

import torch

from harness.submission.namespaces import KNOWN, is_namespace


def test_the_names_of_namespaces_are_those_of_torch():
    """What is no function, class or number in the four modules that honest code takes values from."""
    for name in KNOWN:
        module = importlib.import_module(name)
        for word in dir(module):
            value = getattr(module, word, None)
            if isinstance(value, ModuleType):  # torch.ops and what is in it are modules, too
                assert is_namespace(f"{name}.{word}"), f"{name}.{word}"
    for package in pkgutil.iter_modules(torch.__path__):
        assert is_namespace(f"torch.{package.name}")
    assert not any(is_namespace(f"torch.{word}") for word in ("relu", "tanh", "float32", "Tensor", "nn.Linear"))
