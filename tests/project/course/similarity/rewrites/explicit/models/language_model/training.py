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
    num_rows, batch_size = source.shape
    recurrent = hasattr(model, "init_hidden")
    hidden = model.init_hidden(batch_size) if recurrent else None

    summed_loss = 0.0
    num_tokens = 0
    for start in range(0, num_rows - 1, bptt):
        data, target = get_batch(source, start, bptt)
        if recurrent:
            hidden = repackage_hidden(hidden)
            log_probabilities, hidden = model(data, hidden)
        else:
            log_probabilities = model(data)
        loss = F.nll_loss(log_probabilities, target)

        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), max_norm=clip)
        optimizer.step()

        summed_loss += loss.item() * target.numel()
        num_tokens += target.numel()
    return summed_loss / num_tokens


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
    num_rows, batch_size = source.shape
    recurrent = hasattr(model, "init_hidden")

    summed_loss = 0.0
    num_tokens = 0
    with torch.no_grad():
        hidden = model.init_hidden(batch_size) if recurrent else None
        for start in range(0, num_rows - 1, bptt):
            data, target = get_batch(source, start, bptt)
            if recurrent:
                log_probabilities, hidden = model(data, hidden)
            else:
                log_probabilities = model(data)
            summed_loss += F.nll_loss(log_probabilities, target, reduction="sum").item()
            num_tokens += target.numel()
    return summed_loss / num_tokens
