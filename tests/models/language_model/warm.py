"""What the tests of this part use for the first time."""

import warnings

import torch
from torch import nn

from harness.warm import sample, use


def warm_up():
    x = sample("x", 2, 3, 8)
    use(nn.Embedding(4, 8), torch.tensor([[0, 1]]))
    for layer in (nn.Linear(8, 8), nn.RNN(8, 8), nn.LSTM(8, 8), nn.GRU(8, 8), nn.Dropout(0.5)):
        use(layer, x)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch says that it cannot take a faster path
        encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 8), 1)
        use(encoder, x)
        for gradients in (True, False):  # masks bring in symbolic mathematics
            with torch.set_grad_enabled(gradients):
                encoder(x, mask=torch.ones(2, 2, dtype=torch.bool).triu(1))
