"""Writing with a language model: choose a token, let the model read it, and again."""

from collections.abc import Sequence
from typing import Any, Protocol

import torch
from torch import Tensor


class Vocabulary(Protocol):
    """What every vocabulary has: `word2idx` gives a token's id, `idx2word` the token of an id."""

    word2idx: dict[str, int]
    idx2word: list[str]


def choose(log_probabilities: Tensor, temperature: float, generator: torch.Generator | None = None) -> int:
    """Choose the id of the next token.

    Optional: a piece of `generate`, which may do without it. No test calls it.

    At temperature T token i is drawn with probability proportional to exp(log p_i / T), which is p_i^(1 / T): below 1
    probable tokens become more probable, above 1 less so (Ackley, Hinton & Sejnowski, 1985, "A Learning Algorithm for
    Boltzmann Machines").

    Args:
        log_probabilities: (V,).
        temperature: 0 chooses the most probable token and draws nothing; any above it draws, 0.02 as well.
        generator: where random numbers come from, on the CPU; torch's own stream when None.
    """
    lp = log_probabilities.cpu()
    if temperature == 0:
        return int(lp.argmax())
    return int(torch.multinomial(((lp - lp.max()) / temperature).softmax(-1), 1, generator=generator))


@torch.no_grad()
def generate(
    model: Any,
    vocabulary: Vocabulary,
    prompt: Sequence[str],
    length: int,
    temperature: float = 1.0,
    greedy: bool = False,
    generator: torch.Generator | None = None,
) -> list[str]:
    """Continue a prompt, token by token, with an RNNModel or a TransformerModel.

    A model that has `init_hidden` is recurrent: it reads the prompt from `init_hidden(1)`, then each new token with the
    hidden state that the step before returned; it reads no token twice. Any other model has no state and reads all
    tokens so far at every step, prompt and new ones, or the last `model.max_len` of them when there are more; its
    mask stays the causal one with which it was trained. Most tests use stand-ins for the models, which belong to no
    class of yours: ask for `init_hidden`, not for a class.

    The model generates in eval mode and without gradients, and is left in the mode in which it was.

    Args:
        model: reads token ids (S, 1); its log-probabilities are (S, V).
        vocabulary: turns tokens into ids and back.
        prompt: at least one token; all of it is read. A string is a sequence of characters.
        length: how many tokens to add.
        temperature: see `choose`.
        greedy: take the most probable token at every step, as temperature 0 does.
        generator: see `choose`.

    Returns:
        The new tokens, `length` of them, without the prompt. No token is special: <unk> is written where it is chosen,
        and after <eos> or the end of a line the text goes on.

    Raises:
        ValueError: for an empty prompt, for a token of the prompt that is not in the vocabulary (the message has it)
            and for a temperature below 0 (the message has it). The model's mode stays as it was.
    """
    if not len(prompt):
        raise ValueError("the prompt is empty")
    if bad := [w for w in prompt if w not in vocabulary.word2idx]:
        raise ValueError(f"not in the vocabulary: {bad[0]!r}")
    if temperature < 0:
        raise ValueError(f"temperature must not be negative: {temperature}")
    ids, n, tau = [vocabulary.word2idx[w] for w in prompt], len(prompt), 0.0 if greedy else temperature
    dev = next((p.device for p in model.parameters()), None)
    rnn, was = hasattr(model, "init_hidden"), model.training
    model.eval()
    try:
        h, new = model.init_hidden(1) if rnn else None, ids
        for _ in range(length):
            x = torch.tensor(new if rnn else ids[-model.max_len :], device=dev)[:, None]
            lp, h = model(x, h) if rnn else (model(x), None)
            new = [choose(lp[-1], tau, generator)]
            ids = ids + new
    finally:
        model.train(was)
    return [vocabulary.idx2word[i] for i in ids[n:]]
