"""Batches of one long text, and hidden states that are carried from one to the next (Zaremba et al., 2014, section 4).

A language model reads a text of M tokens as B texts of one length side by side, and S tokens of each at a time. What it
knows at the end of a chunk it still knows at the beginning of the next, but gradients do not go back that far.

Shapes: M tokens, B batch size, S length of a chunk.
"""

from torch import Tensor

State = Tensor | tuple["State", ...]  # a tensor, or a nest of tuples of tensors


def batchify(ids: Tensor, batch_size: int) -> Tensor:
    """Cut a text into `batch_size` pieces of one length and stand them side by side as columns.

    The alphabet with batch_size 4; what does not fill a whole row, here Y and Z, is left out at the end:

        a g m s
        b h n t
        c i o u
        d j p v
        e k q w
        f l r x

    Args:
        ids: (M,), the token ids of the text.
        batch_size: B, the number of columns.

    Returns:
        (M // B, B). Going down a column is reading the text; columns know nothing of each other.
    """
    n = ids.numel() // batch_size
    return ids[: n * batch_size].reshape(batch_size, n).t().contiguous()


def get_batch(source: Tensor, i: int, bptt: int) -> tuple[Tensor, Tensor]:
    """Take the chunk that begins at row i, and for each of its tokens the one that follows it in the text.

    With the alphabet above, i = 0 and bptt = 2: data is [[a, g, m, s], [b, h, n, t]] and target
    [b, h, n, t, c, i, o, u].

    Args:
        source: (rows, B), as `batchify` returns it.
        i: the first row of the chunk, at most rows - 2.
        bptt: the greatest length of a chunk. "Back-propagation through time" goes over that many steps.

    Returns:
        data: (S, B) with S = min(bptt, rows - 1 - i): the last row has no next one, so the last chunk may be shorter.
        target: (S * B,), the next tokens row by row: the order of data.flatten() and of a model's (S * B) outputs.
    """
    S = min(bptt, source.size(0) - 1 - i)
    return source[i : i + S], source[i + 1 : i + 1 + S].flatten()


def repackage_hidden(hidden: State) -> State:
    """Cut a hidden state off from what it was computed from: the same values, and no gradient flows back through them.

    Args:
        hidden: a tensor, or a tuple of tensors or of such tuples, nested as deep as may be. An LSTM's is a pair (h, c).

    Returns:
        The same form with every tensor detached; a tuple stays a tuple.
    """
    return hidden.detach() if isinstance(hidden, Tensor) else tuple(map(repackage_hidden, hidden))
