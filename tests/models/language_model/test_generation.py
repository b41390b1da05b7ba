"""generate: read, choose a token, and repeat. Most tests use stand-ins for both language models."""

from functools import partial
from types import SimpleNamespace

import pytest
import torch
from gradescope_utils.autograder_utils.decorators import number, weight

from harness import integration, size_names, steered_by
from harness.doubles import mode_of
from tests.models.language_model.doubles import ForgetfulDouble, RNNModelDouble, TransformerModelDouble

TOKENS = {
    "words": ("<unk>", "<eos>", ".", "the", "a", "dog", "bird", "child", "sees", "hears", "follows", "sleeps"),
    "characters": tuple("\n. etaoinshr"),
}


def vocabulary_of(size, unit="words"):
    """Return a vocabulary of the first so many words or characters."""
    words = list(TOKENS[unit][:size])
    return SimpleNamespace(idx2word=words, word2idx={word: index for index, word in enumerate(words)})


def ids_of(new, unit="words"):
    """Return the ids (length,) of new tokens. What is not a plain list of tokens is returned as it is."""
    if type(new) is not list or any(type(token) is not str or token not in TOKENS[unit] for token in new):
        return new
    return torch.tensor([TOKENS[unit].index(token) for token in new], dtype=torch.int64)


def prompt_of(given, vocabulary, length, name="prompt"):
    """Return some tokens of a vocabulary."""
    ids = given.integers(name, length, low=0, high=len(vocabulary.idx2word))
    return [vocabulary.idx2word[index] for index in ids.tolist()]


def recurrent(given, rnn_type="GRU", unit="words"):
    """Return a stand-in for an RNNModel and its vocabulary."""
    V, H = given.size("V", 9, 12), given.size("H", 4, 6)
    return RNNModelDouble(given, V, H, rnn_type), vocabulary_of(V, unit)


def transformer(given, max_len):
    """Return a stand-in for a TransformerModel and its vocabulary."""
    V, H = given.size("V", 9, 12), given.size("H", 4, 6)
    return TransformerModelDouble(given, V, H, max_len), vocabulary_of(V)


def scores_of(model, vocabulary, prompt, new):
    """Return the log-probabilities (length, V) of every new token, after all tokens before it."""
    ids = torch.tensor([vocabulary.word2idx.get(token, 0) for token in (*prompt, *new)]).unsqueeze(1)
    rows = []
    for end in range(len(prompt), len(ids)):
        if hasattr(model, "init_hidden"):
            rows.append(model(ids[:end], model.init_hidden(1))[0][-1])
        else:
            rows.append(model(ids[max(0, end - model.max_len) : end])[-1])
    return torch.stack(rows)


@number("4.6.1")
@weight(0.5)
@size_names(lengths="length")
@steered_by("scores")
@pytest.mark.parametrize("unit", ["words", "characters"])
def test_generation_feeds_the_best_token_back(models, given, show, unit):
    """Greedy generation reads the most probable token of each step next. It returns only the new tokens, a list.

    The list has `length` tokens. A prompt is a list of words, or a string of characters. No token is special: the
    model first writes <unk>, <eos> and a full stop (or the end of a line, a full stop and a space), and goes on.
    """
    model, vocabulary = recurrent(given, unit=unit)
    prompt = [*prompt_of(given, vocabulary, given.size("P", 2, 4)), vocabulary.idx2word[-1]]
    for token, following in ((-1, 0), (0, 1), (1, 2)):
        model.follows[token, following] = 40.0
    text = prompt if unit == "words" else "".join(prompt)
    new = models.language_model.generation.generate(model, vocabulary, text, given.size("length", 6, 8), greedy=True)
    show("new", ids_of(new, unit))
    show("scores", scores_of(model, vocabulary, prompt, new))
    show("prompt_after_the_call", ids_of([*text], unit))


@number("4.6.2")
@weight(0.5)
@steered_by("scores")
def test_generation_at_temperature_zero_is_greedy(models, given, show):
    """Temperature 0 gives the same as greedy, in every call. greedy overrides any temperature. Nothing is drawn."""
    model, vocabulary = recurrent(given)
    prompt = prompt_of(given, vocabulary, 3)
    generate = partial(models.language_model.generation.generate, model, vocabulary, prompt, 7)
    generator = torch.Generator().manual_seed(0)
    before = torch.get_rng_state(), generator.get_state()
    new = generate(greedy=True)
    show("greedy", ids_of(new))
    show("scores", scores_of(model, vocabulary, prompt, new))
    show("at_temperature_0", ids_of(generate(temperature=0.0)))
    show("at_temperature_0_again", ids_of(generate(temperature=0, generator=generator)))
    show("greedy_at_temperature_9", ids_of(generate(temperature=9.0, greedy=True, generator=generator)))
    show.alike("torch's own stream", {"before": before[0], "afterwards": torch.get_rng_state()})
    show.alike("the generator", {"before": before[1], "afterwards": generator.get_state()})


@number("4.6.3")
@weight(0.5)
@size_names(lengths="length")
@steered_by("scores", "scores_after_one_token")
def test_generation_reads_the_whole_prompt_once(models, given, show):
    """A recurrent model reads the whole prompt, then every new token, each once, and passes its state (h, c) on.

    It reads all of a long prompt, too: it has no window.
    """
    model, vocabulary = recurrent(given, "LSTM")
    P, length = given.size("P", 4, 6), given.size("length", 6, 8)
    prompt = tuple(prompt_of(given, vocabulary, P))
    new = models.language_model.generation.generate(model, vocabulary, prompt, length, greedy=True)
    read = list(model.read)  # it may have read the last new token, or not
    show("tokens_read", torch.tensor(read[: P + length - 1] + read[P + length :]))
    show("new", ids_of(new))
    show("scores", scores_of(model, vocabulary, prompt, new))
    new = models.language_model.generation.generate(model, vocabulary, prompt[:1], 3, greedy=True)
    show("new_after_one_token", ids_of(new))
    show("scores_after_one_token", scores_of(model, vocabulary, prompt[:1], new))
    prompt = prompt_of(given, vocabulary, given.size("a long P", 41, 45), "long prompt")
    model.read.clear()
    models.language_model.generation.generate(model, vocabulary, prompt, 1, greedy=True)
    show("tokens_read_of_a_long_prompt", torch.tensor(model.read[: len(prompt)]))


@number("4.6.4")
@weight(0.5)
@size_names(lengths="length")
@steered_by("scores")
def test_generation_keeps_the_causal_mask(models, given, show):
    """A Transformer reads all tokens so far at every step, with the causal mask with which it was trained.

    Without the mask earlier steps see later tokens, and from the second layer on the last step sees the difference.
    """
    P, length = given.size("P", 2, 4), given.size("length", 6, 8)
    model, vocabulary = transformer(given, max_len=P + length)
    prompt = prompt_of(given, vocabulary, P)
    new = models.language_model.generation.generate(model, vocabulary, prompt, length, greedy=True)
    show("tokens_read_at_every_step", torch.tensor(model.lengths))
    show("new", ids_of(new))
    show("scores", scores_of(model, vocabulary, prompt, new))


@number("4.6.5")
@weight(0.5)
@steered_by("scores", "scores_after_a_prompt_as_long", "scores_after_a_longer_prompt")
def test_generation_stays_in_the_window(models, given, show):
    """A Transformer reads the last max_len tokens, of the prompt or new. If there are fewer, it reads all of them."""
    M = given.size("max_len", 4, 5)
    model, vocabulary = transformer(given, max_len=M)
    for which, P in {"": M - 2, "_after_a_prompt_as_long": M, "_after_a_longer_prompt": M + 3}.items():
        prompt = prompt_of(given, vocabulary, P, f"prompt{which}")
        model.lengths.clear()
        new = models.language_model.generation.generate(model, vocabulary, prompt, 8, greedy=True)
        show(f"most_tokens_read{which}", torch.tensor(model.lengths).max())
        show(f"new{which}", ids_of(new))
        show(f"scores{which}", scores_of(model, vocabulary, prompt, new))


DRAWS = 800  # fewer than one of 10^12 runs miss the rarest token
LAW = torch.tensor([0.28, 0.175, 0.115, 0.085, 0.065, 0.052, 0.0475, 0.0365, 0.0361, 0.036, 0.036, 0.0359])


@number("4.6.6")
@weight(0.5)
@pytest.mark.parametrize("temperature", [1.0, 0.4, 5.0, 0.02])
def test_generation_draws_tokens_as_often_as_they_are_probable(models, given, show, temperature):
    """At temperature T tokens, also rare ones, are drawn with the probabilities softmax(log p / T).

    The frequencies of 800 draws are never exact. So the judge finds out which distribution fits them best: the right
    one, or one that a common mistake gives. At T = 0.02 the model's p are nearly the same, and exp(log p / T) without
    normalisation is too small for a float32.
    """
    right = LAW * given.uniform("changes", len(LAW), low=0.97, high=1.03)
    right /= right.sum()
    log_p = torch.log_softmax(temperature * right.log(), dim=0)
    model, vocabulary = ForgetfulDouble(given, log_p), vocabulary_of(len(LAW))
    generator = torch.Generator().manual_seed(int(given.integers("seed", 1, low=0, high=2**31)))
    new = models.language_model.generation.generate(
        model, vocabulary, ["a", "dog"], DRAWS, temperature=temperature, generator=generator
    )
    exponents = (log_p, log_p * temperature, log_p.exp() / temperature, log_p / max(temperature, 0.1))
    mistakes = [torch.softmax(exponent, dim=0) for exponent in exponents]
    show.frequencies("frequencies_agree_with", ids_of(new), DRAWS, [right, *mistakes])


@number("4.6.7")
@weight(0.5)
def test_generation_draws_from_the_given_generator(models, given, show):
    """The same seed gives the same tokens, another seed others. A generator leaves torch's own stream untouched.

    Without a generator random numbers come from torch's own stream. Two seeds never give the same 60 draws.
    """
    model, vocabulary = recurrent(given)
    prompt = prompt_of(given, vocabulary, 3)
    seed = int(given.integers("seed", 1, low=0, high=2**31))
    generate = partial(models.language_model.generation.generate, model, vocabulary, prompt, 60, temperature=9.0)
    drawn, streams = {}, {"at first": torch.get_rng_state()}
    for name, start in {"a seed": seed, "the same seed": seed, "another seed": seed + 1, "no generator": None}.items():
        generator = None if start is None else torch.Generator().manual_seed(start)
        new = ids_of(generate(generator=generator))
        if start is not None:
            drawn[name] = new
        streams[f"after {name}"] = torch.get_rng_state()
    show.alike("tokens", drawn)
    show.alike("torch's own stream", streams)
    show("scores_of_a_first_token", scores_of(model, vocabulary, prompt, ["the"]))


@number("4.6.8")
@weight(0.5)
@steered_by("scores of rnn", "scores of transformer")
def test_generation_runs_in_eval_mode(models, given, show):
    """Generation runs in eval mode without gradients. Afterwards the model has its previous mode.

    This holds for all of its layers, since dropout is in them.
    """
    V, H = given.size("V", 9, 12), given.size("H", 4, 6)
    vocabulary = vocabulary_of(V)
    prompt = prompt_of(given, vocabulary, 3)
    for kind, model in {
        "rnn": RNNModelDouble(given, V, H),
        "transformer": TransformerModelDouble(given, V, H, 20),
    }.items():
        for training in (False, True):
            model.train(training)
            new = models.language_model.generation.generate(model, vocabulary, prompt, 4, greedy=True)
            mode = "training" if training else "evaluation"
            show(f"gradients are recorded after {kind}, found in {mode}", torch.is_grad_enabled())
            show(f"mode of {kind} afterwards, found in {mode}", mode_of(model))
        show(f"mode of {kind} meanwhile", " and ".join(sorted({*model.modes})))
        show(f"steps of {kind} that record gradients", torch.tensor(model.gradients))
        show(f"new of {kind}", ids_of(new))
        show(f"scores of {kind}", scores_of(model, vocabulary, prompt, new))


@number("4.6.9")
@weight(0.5)
def test_generation_refuses_what_it_cannot_use(models, given, show):
    """An empty prompt, a token that the vocabulary lacks and a temperature below 0 raise ValueError.

    The message names the token or the temperature. The model stays in its mode.
    """
    model, vocabulary = recurrent(given)
    prompt = prompt_of(given, vocabulary, 3)
    model.train()

    def generate(prompt, temperature=1.0):
        return models.language_model.generation.generate(model, vocabulary, prompt, 2, temperature=temperature)

    show.raises("no word", ValueError, lambda: generate([]))
    show.raises("no character", ValueError, lambda: generate(""))
    show.raises("unknown word", ValueError, lambda: generate([*prompt, "unicorn"]), mentions=["unicorn"])
    show.raises("negative temperature", ValueError, lambda: generate(prompt, -0.5), mentions=[-0.5])
    show("mode_after_the_errors", mode_of(model))
    new = models.language_model.generation.generate(model, vocabulary, prompt, 0, greedy=True)
    show("no_new_tokens", ids_of(new))
    show("scores_of_a_first_token", scores_of(model.eval(), vocabulary, prompt, ["the"]))


@number("4.6.10")
@weight(0.5)
@integration(RNNModel="language_model.RNNModel", TransformerModel="language_model.TransformerModel")
@steered_by("scores")
@pytest.mark.parametrize("kind", ["RNNModel", "TransformerModel"])
def test_generation_with_your_model_takes_its_best_tokens(models, given, show, kind):
    """With your models every new token is the best one after all tokens before it, or after the last max_len."""
    V, E = given.size("V", 9, 12), 8
    if kind == "RNNModel":
        model = models.language_model.RNNModel.RNNModel("LSTM", V, E, E, 2, 0.9)
    else:
        model = models.language_model.TransformerModel.TransformerModel(V, E, 2, 7, 2, 0.9, max_len=5)
    given.parameters(model).train()
    with torch.no_grad():  # similar tokens rarely follow each other, so that the tokens vary
        model.embedding.weight.mul_(4)
        model.decoder.weight.copy_(-model.embedding.weight)
        model.decoder.bias.zero_()
    vocabulary = vocabulary_of(V)
    prompt = prompt_of(given, vocabulary, 3)
    new = models.language_model.generation.generate(model, vocabulary, prompt, 7, greedy=True)
    show("new", ids_of(new))
    show("scores", scores_of(model.eval(), vocabulary, prompt, new))
