"""What the tests of this part use for the first time."""

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from harness.warm import sample, use


def warm_up():
    x = sample("x", 2, 3, 8)
    for layer in (nn.Linear(8, 8), nn.Dropout(0.5), nn.GRU(8, 8, 2, batch_first=True, bidirectional=True)):
        use(layer, x)
    packed = pack_padded_sequence(x, torch.tensor([2, 3]), batch_first=True, enforce_sorted=False)
    for gradients in (True, False):
        with torch.set_grad_enabled(gradients):
            output, _ = nn.GRU(8, 8, batch_first=True, bidirectional=True)(packed)
            pad_packed_sequence(output, batch_first=True)
    nn.BCEWithLogitsLoss()(torch.zeros(2, requires_grad=True), torch.ones(2)).backward()
