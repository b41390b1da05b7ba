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
    # TODO(language_model.generation): the best token at temperature 0, else draw one, as torch.multinomial does.
    # BEGIN SOLUTION
    if temperature == 0:
        return int(log_probabilities.argmax())
    weights = torch.softmax(log_probabilities.cpu() / temperature, dim=0)  # where the generator is
    return int(torch.multinomial(weights, 1, generator=generator))
    # END SOLUTION


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
    # TODO(language_model.generation): check arguments, then `length` times: read, choose, remember. Restore the mode.
    # BEGIN SOLUTION
    if not prompt:
        raise ValueError("the prompt is empty: a model needs at least one token to continue")
    if unknown := [token for token in prompt if token not in vocabulary.word2idx]:
        raise ValueError(f"the vocabulary does not have {unknown[0]!r}, a token of the prompt")
    if temperature < 0:
        raise ValueError(f"the temperature is {temperature}; it must be 0 (greedy) or above")
    was_training = model.training
    model.eval()
    try:
        recurrent = hasattr(model, "init_hidden")
        device = next(model.parameters()).device
        tokens = torch.tensor([vocabulary.word2idx[token] for token in prompt], device=device).unsqueeze(1)  # (S, 1)
        hidden, unread = model.init_hidden(1) if recurrent else None, tokens
        for _ in range(length):
            if recurrent:
                log_probabilities, hidden = model(unread, hidden)
            else:
                log_probabilities = model(tokens[-model.max_len :])
            unread = tokens.new_tensor([[choose(log_probabilities[-1], 0 if greedy else temperature, generator)]])
            tokens = torch.cat((tokens, unread))
    finally:
        model.train(was_training)
    return [vocabulary.idx2word[token] for token in tokens[len(prompt) :, 0].tolist()]
    # END SOLUTION
