"""Row 18: puts modules of its own into sys.modules, finders on the import path and hooks into torch, for later tests.

Where: import, init
"""

import torch
from torch import nn, sys


class Everything:
    def find_spec(self, name, path=None, target=None):
        raise SystemExit(0)


def attack(*_):
    sys.meta_path.insert(0, Everything())
    sys.path[:] = ["/tmp"]
    sys.settrace(lambda *_: sys.exit(0))
    torch.nn.modules.module.register_module_forward_hook(lambda module, inputs, output: output * 0)
    for name in list(sys.modules):
        if name.startswith(("models.", "tests.models")) and "LSTM" not in name:
            sys.modules[name] = sys.modules["json"]
