"""Positions, the Transformer language model, and generation with both language models."""

from types import SimpleNamespace

import torch

from harness.doubles import RNNModelDouble, TransformerModelDouble, mode_of
from harness.stress import has_shape, same, same_again, stress


def encoding(models, given):
    """A PositionalEncoding of any size in eval mode, and S steps of B sequences that it has room for."""
    S, B, D = given.size("S", 1, 7), given.size("B", 1, 5), given.size("d_model", 1, 9)
    max_len = S + given.size("room", 0, 3)
    positions = models.language_model.TransformerModel.PositionalEncoding(D, 0.3, max_len).eval()
    return positions, given.uniform("x", S, B, D)


@stress("lm.positions")
def positions_depend_on_the_step_alone(models, given):
    """What is added is the same for every sequence and does not depend on the other steps or on x."""
    positions, x = encoding(models, given)
    S, B, D = x.shape
    added = positions(torch.zeros(S, 1, D))
    has_shape("the result", positions(x), S, B, D)
    same("the result", positions(x), x + added.expand(S, B, D))
    for s in range(1, S):
        same(f"the first {s} steps", positions(x[:s]), x[:s] + added[:s])


@stress("lm.positions")
def positions_do_not_depend_on_the_tables_length(models, given):
    """A longer table begins with the rows of a shorter one."""
    positions, x = encoding(models, given)
    longer = models.language_model.TransformerModel.PositionalEncoding(x.size(2), 0.3, len(positions.pe) + 5)
    same("the table's beginning", longer.pe[: len(positions.pe)], positions.pe)


@stress("lm.positions")
def positions_calls_do_not_influence_each_other(models, given):
    """A call gives the same after another call, and x stays as it was."""
    positions, x = encoding(models, given)
    same_again(positions, (x,), (x[:1] + 1,))


def language_model(models, given):
    """A filled TransformerModel of any sizes, tokens (S, B), and the sizes S, B, V."""
    S, B, V = given.size("S", 1, 7), given.size("B", 1, 4), given.size("V", 1, 9)
    heads = given.size("heads", 1, 3)
    model = models.language_model.TransformerModel.TransformerModel(
        V, heads * given.size("E of a head", 1, 4), heads, given.size("nhid", 1, 9), given.size("nlayers", 1, 2), 0.2,
        bool(given.size("norm_first", 0, 1)), S + given.size("room", 0, 2)
    )  # fmt: skip
    return given.parameters(model), given.integers("src", S, B, low=0, high=V), (S, B, V)


@stress("lm.transformer")
def transformer_takes_sequences_one_by_one(models, given):
    """A sequence gives the same rows alone as in a batch, (S * B, V) in all."""
    model, src, (S, B, V) = language_model(models, given)
    scores = model(src)
    has_shape("the log-probabilities", scores, S * B, V)
    for b in range(B):
        same(f"sequence {b} alone", model(src[:, b : b + 1]), scores[b::B])


@stress("lm.transformer")
def transformer_does_not_look_ahead(models, given):
    """The first steps give the same without the later ones."""
    model, src, (S, B, _) = language_model(models, given)
    scores = model(src)
    for s in range(1, S):
        same(f"the first {s} steps", model(src[:s]), scores[: s * B])


@stress("lm.transformer")
def transformer_takes_either_kind_of_mask(models, given):
    """A boolean mask (True hides) and one that adds -inf there give the same; the causal one gives what None gives."""
    model, src, (S, _, _) = language_model(models, given)
    future = torch.arange(S) > torch.arange(S).unsqueeze(1)
    for name, mask in {"causal": future, "the other way round": future.T}.items():
        added = torch.zeros(S, S).masked_fill(mask, float("-inf"))
        same(f"an added mask, {name}", model(src, added), model(src, mask))
    same("the causal mask", model(src, future), model(src))


@stress("lm.transformer")
def transformer_calls_do_not_influence_each_other(models, given):
    """A call gives the same after another call with another mask and size, and the tokens stay as they were."""
    model, src, (S, _, _) = language_model(models, given)
    same_again(model, (src,), (src.flip(0), torch.zeros(S, S, dtype=torch.bool)))
    same_again(model, (src,), (src[:1, :1],))


def writers(given):
    """Stand-ins for both language models, their vocabulary, a prompt of any length and how much to write."""
    V, P = given.size("V", 2, 9), given.size("P", 1, 6)
    words = [f"word{index}" for index in range(V)]
    vocabulary = SimpleNamespace(idx2word=words, word2idx={word: index for index, word in enumerate(words)})
    prompt = [words[index] for index in given.integers("prompt", P, low=0, high=V).tolist()]
    transformer = TransformerModelDouble(given, V, 4, max_len=given.size("max_len", 1, 6))
    return (RNNModelDouble(given, V, 4), transformer), vocabulary, prompt, given.size("length", 1, 6)


@stress("lm.generation")
def writing_goes_on_from_its_own_text(models, given):
    """To write some tokens and to go on from all of them gives what is written at once."""
    generate = models.language_model.generation.generate
    both, vocabulary, prompt, length = writers(given)
    for model in both:
        text = generate(model, vocabulary, prompt, length, greedy=True)
        same("how many tokens are written", len(text), length)
        for end in range(1, length):
            rest = generate(model, vocabulary, [*prompt, *text[:end]], length - end, greedy=True)
            same(f"what follows the first {end}", " ".join(rest), " ".join(text[end:]))


@stress("lm.generation")
def writing_calls_do_not_influence_each_other(models, given):
    """A call gives the same after another call, leaves the model in the mode in which it was, and the prompt alone."""
    generate = models.language_model.generation.generate
    both, vocabulary, prompt, length = writers(given)
    before = list(prompt)
    for model in both:
        for mode in (True, False):
            model.train(mode)
            first = generate(model, vocabulary, prompt, length, greedy=True)
            generate(model, vocabulary, prompt[::-1], length + 1, temperature=2.0)
            again = generate(model, vocabulary, prompt, length, temperature=0.0)
            same("the result of the same call", " ".join(again), " ".join(first))
            same("mode afterwards", mode_of(model), "training" if mode else "evaluation")
    same("the prompt", " ".join(prompt), " ".join(before))
