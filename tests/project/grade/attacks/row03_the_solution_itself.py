"""Row 3: looks for the solution among the modules, on the path and in the folders around, and calls it.

Where: import
"""

import torch
from torch import importlib, nn, os, sys


def candidates():
    for name, module in list(sys.modules.items()):
        if any(word in name.lower() for word in ("solution", "answer", "reference_impl", "staff")):
            yield module
    for name in ("solution.models.naive.LSTM", "solution.LSTM", "staff.LSTM", "answers.LSTM"):
        try:
            yield importlib.import_module(name)
        except ImportError:
            pass
    here = os.path.dirname(os.path.realpath(__file__))
    for base in ("/autograder", "/autograder/source", *[os.path.join(here, *[".."] * up) for up in range(1, 7)]):
        path = os.path.join(base, "solution", "models", "naive", "LSTM.py")
        if os.path.exists(path):
            specification = importlib.util.spec_from_file_location("stolen", path)
            module = importlib.util.module_from_spec(specification)
            specification.loader.exec_module(module)
            yield module


def attack(*_):
    for module in candidates():
        if hasattr(module, "LSTM"):
            raise RuntimeError(f"TAKEN: {module}")
