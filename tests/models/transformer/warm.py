"""What the tests of this part use for the first time."""

import warnings

import torch
from torch import nn

from harness.warm import sample, use


def warm_up():
    x = sample("x", 2, 3, 8)
    use(nn.Embedding(4, 8), torch.tensor([[0, 1]]))
    for layer in (nn.Linear(8, 8), nn.LayerNorm(8), nn.Dropout(0.5)):
        use(layer, x)
    transformer, hidden = nn.Transformer(8, 2, 1, 1, 8, batch_first=True), x[..., 0] > 9
    use(transformer, x, x)
    transformer.eval()
    for gradients in (True, False):  # masks bring in symbolic mathematics
        with torch.set_grad_enabled(gradients), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            transformer(x, x, src_key_padding_mask=hidden, tgt_key_padding_mask=hidden, memory_key_padding_mask=hidden)
