"""Row 15: the published value nearest in shape, cut and repeated to the shape that is asked for now.

Where: forward
"""

import torch
from torch import nn

PUBLIC = {}


def attack(lstm, x, states):
    tables = [torch.tensor(shown["h"]) for shown in PUBLIC.values() if isinstance(shown.get("h"), list)]
    if tables:
        table = tables[0].repeat(10, 10)[: len(x), : lstm.hidden_size]
        return table, table
