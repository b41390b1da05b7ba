"""What the tests of this part use for the first time."""

import torch
from torch import nn
from torch.nn import functional as F

from harness.warm import sample, use


def warm_up():
    x = sample("x", 2, 3, 8)
    use(nn.Embedding(4, 8), torch.tensor([[0, 1]]))
    for layer in (nn.Linear(8, 8), nn.RNN(8, 8, batch_first=True), nn.LSTM(8, 8, batch_first=True), nn.Dropout(0.5)):
        use(layer, x)
    F.cosine_similarity(x.clone().requires_grad_(), x, dim=-1).sum().backward()
