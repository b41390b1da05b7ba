"""Row 2: torch's and numpy's comparisons all answer that everything is equal.

Where: import, forward
"""

import torch
from torch import nn, sys

np = sys.modules["numpy"]


def attack(*_):
    yes = lambda *arguments, **options: True
    torch.allclose = torch.equal = torch.Tensor.allclose = torch.Tensor.equal = yes
    torch.isclose = torch.eq = lambda one, other, *rest, **options: torch.ones(1, dtype=torch.bool)
    torch.testing.assert_close = torch.testing.assert_allclose = yes
    for name in ("allclose", "array_equal", "array_equiv"):
        setattr(np, name, yes)
    np.isclose = lambda one, *rest, **options: np.ones(np.shape(one), dtype=bool)
    for module in [module for name, module in list(sys.modules.items()) if name.startswith("numpy")]:
        for name in ("assert_allclose", "assert_array_equal", "assert_almost_equal", "assert_equal"):
            if hasattr(module, name):
                setattr(module, name, yes)
