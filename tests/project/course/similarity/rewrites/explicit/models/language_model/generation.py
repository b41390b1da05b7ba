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
    if temperature == 0:
        return int(log_probabilities.argmax())

    # The best token gets the logit 0, so that a small temperature cannot overflow.
    logits = (log_probabilities - log_probabilities.max()) / temperature
    probabilities = torch.softmax(logits, dim=-1).cpu()
    drawn = torch.multinomial(probabilities, num_samples=1, generator=generator)
    return int(drawn)


def _prompt_to_ids(prompt: Sequence[str], vocabulary: Vocabulary) -> list[int]:
    """Look up every token of the prompt; complain about an empty prompt and about unknown tokens."""
    if len(prompt) == 0:
        raise ValueError("the prompt needs at least one token")
    ids = []
    for token in prompt:
        if token not in vocabulary.word2idx:
            raise ValueError(f"token {token!r} of the prompt is not in the vocabulary")
        ids.append(vocabulary.word2idx[token])
    return ids


def _device_of(model: Any) -> torch.device:
    """Where the model's parameters are; the CPU for a model without any."""
    first_parameter = next(iter(model.parameters()), None)
    return torch.device("cpu") if first_parameter is None else first_parameter.device


def _as_column(ids: list[int], device: torch.device) -> Tensor:
    """Token ids as a batch of one text, (S, 1)."""
    return torch.tensor(ids, dtype=torch.long, device=device).unsqueeze(1)


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
    prompt_ids = _prompt_to_ids(prompt, vocabulary)
    if temperature < 0:
        raise ValueError(f"the temperature must not be negative, got {temperature}")
    if greedy:
        temperature = 0

    device = _device_of(model)
    recurrent = hasattr(model, "init_hidden")
    new_ids: list[int] = []

    was_training = model.training
    model.eval()
    try:
        hidden = model.init_hidden(1) if recurrent else None
        unread_ids = prompt_ids  # what a recurrent model has not seen yet
        for _ in range(length):
            if recurrent:
                log_probabilities, hidden = model(_as_column(unread_ids, device), hidden)
            else:
                visible_ids = (prompt_ids + new_ids)[-model.max_len :]
                log_probabilities = model(_as_column(visible_ids, device))
            next_id = choose(log_probabilities[-1], temperature, generator)
            new_ids.append(next_id)
            unread_ids = [next_id]
    finally:
        model.train(was_training)
    return [vocabulary.idx2word[i] for i in new_ids]
