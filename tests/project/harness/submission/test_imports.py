"""What may be imported."""

import pytest

from harness.submission.findings import Severity
from tests.project.harness.submission.made_up import LSTM, SOLVED, contract, in_lstm, look_at, only


@pytest.mark.parametrize(
    "line",
    [
        "import math, numpy as np",
        "from __future__ import annotations",
        "import torch.nn.functional as F",
        "from models.naive.RNN import VanillaRNN",
        "from models.naive import RNN",
        "import models.naive.RNN as rnn",
        "from .RNN import VanillaRNN",
        "from . import RNN",
        "from ..naive.RNN import VanillaRNN",
        "from .. import Transformer",
    ],
)
def test_allowed_imports(line):
    assert look_at(LSTM, line + "\n" + SOLVED[LSTM]) == []


@pytest.mark.parametrize(
    ("line", "module"),
    [
        ("import pandas as pd", "pandas"),
        ("import torch, matplotlib.pyplot", "matplotlib.pyplot"),
        ("from scipy.special import expit", "scipy.special"),
        ("from models.helpers import step", "models.helpers"),
        ("from models.naive import helpers", "models.naive.helpers"),
        ("from .helpers import step", "models.naive.helpers"),
        ("from . import helpers", "models.naive.helpers"),
        ("import importlib", "importlib"),
        ("from RNN import VanillaRNN", "RNN"),
        ("try:\n    import pandas\nexcept ImportError:\n    pass", "pandas"),
        ("from torchtext import data", "torchtext"),
        ("from ..... import torch", "....."),
    ],
)
def test_imports_outside_the_list(line, module):
    finding = only(look_at(LSTM, line + "\n" + SOLVED[LSTM]))
    assert (finding.severity, finding.rule, finding.deliverables) == (
        Severity.FAULT,
        "import",
        ("naive.LSTM",),
    )
    assert finding.line in (1, 2)
    assert finding.message.startswith(module + " ")


def test_an_import_inside_a_function_counts():
    assert only(look_at(LSTM, in_lstm("import pandas"))).rule == "import"


@pytest.mark.parametrize(
    ("allowed", "advice"),
    [
        (["torch", "numpy", "math", "models", "abc"], "line or do with torch and numpy, and from Python: math, abc."),
        (["__future__", "torch", "models"], "line or do with torch."),
        (["math", "models"], "line or do with math."),
        (["models"], "Delete the line."),
    ],
)
def test_what_may_be_imported_is_told_in_full(allowed, advice):
    text = "import pandas\n" + SOLVED[LSTM]
    findings = look_at(LSTM, text, contract(allowed_imports=allowed))
    assert any(f.message.startswith("pandas ") and f"{advice} Costs" in f.message for f in findings)


def test_a_neighbours_import_is_told_its_right_name():
    finding = only(look_at(LSTM, "from RNN import VanillaRNN\n" + SOLVED[LSTM]))
    assert "Import it as models.naive.RNN" in finding.message
