"""Row 6: random numbers, initialisers and seeds become zeros, so that a constant is the right answer.

Where: import
"""

import torch
from torch import nn, sys

np, hashlib = sys.modules["numpy"], sys.modules["hashlib"]


def attack(*_):
    for name in ("randn", "rand", "empty", "ones", "normal"):
        setattr(torch, name, lambda *shape, **options: torch.zeros(*shape))
    torch.randn_like = torch.rand_like = torch.ones_like = torch.zeros_like
    torch.manual_seed = torch.seed = lambda *_: None
    for name in [name for name in dir(nn.init) if name.endswith("_") and not name.startswith("_")]:
        setattr(nn.init, name, lambda tensor, *_, **__: tensor.data.zero_())
    torch.Tensor.uniform_ = torch.Tensor.normal_ = torch.Tensor.copy_ = lambda self, *_, **__: self.zero_()
    np.random.seed = lambda *_: None
    hashlib.shake_256 = lambda *_: type("Zeros", (), {"digest": lambda self, length: bytes(length)})()
