"""Training and evaluating a language model on one long text, with truncated back-propagation through time.

A model that has the method `init_hidden` is recurrent: `log_probabilities, hidden = model(data, hidden)`; its state
begins as `model.init_hidden(B)` and is carried over from chunk to chunk. Any other model has no state and is called as
`log_probabilities = model(data)`. Ask for `init_hidden`, not for a class: most tests use stand-ins for models, and for
the two functions that are imported here.

Shapes: rows length of the text's columns, B batch size, S length of a chunk.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.language_model.batching import get_batch, repackage_hidden


def train_epoch(
    model: nn.Module, source: Tensor, optimizer: torch.optim.Optimizer, bptt: int = 35, clip: float = 0.25
) -> float:
    """Go once over a text, chunk by chunk, and take one optimizer step for each.

    The model is in training mode. The loss of a chunk is the mean negative log-likelihood of its tokens. Its gradient
    does not reach back into the chunk before, and is added to no other chunk's. Before each step all gradients together
    are scaled down to a norm of `clip` where they have a greater one (Pascanu et al., 2013): the *total* norm, over all
    parameters.

    Args:
        source: (rows, B), as `batchify` returns it, of at least two rows; the first chunk begins at row 0.
        optimizer: holds the model's parameters; nothing is asked of it but `zero_grad` and `step`.
        bptt: the length of a chunk; the last may be shorter.
        clip: the greatest total norm of a step's gradient.

    Returns:
        The mean negative log-likelihood of a token over the whole epoch: every token counts the same, so a shorter
        last chunk counts less than the others.
    """
    model.train()
    rnn, total, n = hasattr(model, "init_hidden"), 0.0, 0
    h = model.init_hidden(source.size(1)) if rnn else None
    for i in range(0, source.size(0) - 1, bptt):
        x, y = get_batch(source, i, bptt)
        lp, h = model(x, repackage_hidden(h)) if rnn else (model(x), None)
        loss = F.nll_loss(lp, y)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), clip)
        optimizer.step()
        total, n = total + loss.item() * len(y), n + len(y)
    return total / n


def evaluate(model: nn.Module, source: Tensor, bptt: int = 35) -> float:
    """The mean negative log-likelihood of a text's tokens under the model; its exponential is the perplexity.

    The model is in eval mode and stays in it; no gradients are recorded. Hidden states are carried over as in training.

    Args:
        source: (rows, B), as `batchify` returns it, of at least two rows.
        bptt: the length of a chunk. A recurrent model's result does not depend on it.

    Returns:
        The mean over tokens, not over chunks: the last chunk may be shorter.
    """
    model.eval()
    rnn, total, n = hasattr(model, "init_hidden"), 0.0, 0
    with torch.no_grad():
        h = model.init_hidden(source.size(1)) if rnn else None
        for i in range(0, source.size(0) - 1, bptt):
            x, y = get_batch(source, i, bptt)
            lp, h = model(x, h) if rnn else (model(x), None)
            total, n = total + F.nll_loss(lp, y, reduction="sum").item(), n + len(y)
    return total / n
