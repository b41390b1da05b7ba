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
    is_recurrent = hasattr(model, "init_hidden")
    hidden = None
    if is_recurrent:
        hidden = model.init_hidden(source.shape[1])

    loss_sum = 0.0
    token_count = 0
    last_start = source.shape[0] - 1
    for i in range(0, last_start, bptt):
        data, target = get_batch(source, i, bptt)

        if is_recurrent:
            # without this the gradient would run back into the chunks before
            hidden = repackage_hidden(hidden)
            log_probabilities, hidden = model(data, hidden)
        else:
            log_probabilities = model(data)

        loss = F.nll_loss(log_probabilities, target)

        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), clip)
        optimizer.step()

        # loss is a mean, so multiply by the number of tokens to get the sum of this chunk
        num_tokens = target.numel()
        loss_sum += loss.item() * num_tokens
        token_count += num_tokens

    return loss_sum / token_count


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
    is_recurrent = hasattr(model, "init_hidden")

    loss_sum = 0.0
    token_count = 0
    with torch.no_grad():
        hidden = None
        if is_recurrent:
            hidden = model.init_hidden(source.shape[1])

        last_start = source.shape[0] - 1
        for i in range(0, last_start, bptt):
            data, target = get_batch(source, i, bptt)
            if is_recurrent:
                hidden = repackage_hidden(hidden)
                log_probabilities, hidden = model(data, hidden)
            else:
                log_probabilities = model(data)

            loss = F.nll_loss(log_probabilities, target)
            num_tokens = target.numel()
            loss_sum += loss.item() * num_tokens
            token_count += num_tokens

    return loss_sum / token_count
