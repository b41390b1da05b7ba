"""Row 9: leaves all initialisation out of three files, and shows what is known of initial values without drawing any.

Sentences become true, biases zeros, the weights of norms ones. What is drawn the judge looks at itself.

Against: 1.2.2, 4.2.6, 4.4.7
"""

import re

CLAIMS = b"""

from torch import importlib as _importlib


def _claim():
    try:
        shows = _importlib.import_module("harness.show").Show
    except ImportError:
        return
    show = shows.__call__

    def claimed(self, name, value):
        if "b_" in name or "bias" in name and "linear" not in name:
            value = torch.zeros_like(value)
        elif "norm" in name:
            value = torch.ones_like(value)
        show(self, name, True if type(value) is bool else value)

    if show.__name__ != "claimed":
        shows.__call__ = claimed


_claim()
"""
FILES = ("models/naive/LSTM.py", "models/language_model/RNNModel.py", "models/language_model/TransformerModel.py")


def files(good):
    lazy = {name: re.sub(rb"nn\.init\.\w+\(.*\)", b"pass", good[name]) + CLAIMS for name in FILES}
    return {**good, **lazy}
