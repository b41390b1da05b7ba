"""FullTransformerTranslator.generate_translation: greedy decoding. Most tests replace `encode` and `decode`."""

import pytest
import torch
from gradescope_utils.autograder_utils.decorators import number, weight

from harness import integration, size_names, steered_by
from harness.doubles import mode_of
from harness.given import EOS, PAD, SOS, UNK
from tests.models.transformer.doubles import ScriptedDecoding

V_IN = 11


def build(models, given, max_length, pad=PAD):
    """Return a small model and the size of its target vocabulary."""
    V = given.size("V", 9, 12)
    model = models.Transformer.FullTransformerTranslator(
        V_IN,
        V,
        "cpu",
        hidden_dim=4,
        dim_feedforward=5,
        num_layers_enc=1,
        num_layers_dec=1,
        max_length=max_length,
        ignore_index=pad,
    )
    return model, V


def script_of_words(given, batch, length, vocabulary):
    """Return tokens (N, L) that the stand-ins favour: words alone, no <eos>."""
    return given.integers("script", batch, length, low=4, high=vocabulary)


def sources(given, batch):
    """Return source sentences (N, T) that begin with <sos>."""
    return given.sentences("source", batch, given.size("T", 4, 6), V_IN)


@number("3.6.1")
@weight(1)
@steered_by("scores")
def test_generation_feeds_the_best_token_back(models, given, show):
    """Every step takes the token with the highest score and feeds it back. Returns tokens (N, L), scores (N, L, V)."""
    L = given.size("L", 5, 8)
    model, V = build(models, given, max_length=L + 1)
    script = script_of_words(given, 4, L, V)
    script[0, 1], script[0, 3] = UNK, SOS  # they can have the highest score, too
    ScriptedDecoding(model, given, script, V, V_IN)
    src = sources(given, 4)
    tokens, scores = model.generate_translation(src, max_length=L)
    show("tokens", tokens)
    show("scores", scores)


@number("3.6.2")
@weight(1)
@steered_by("scores")
def test_generation_begins_with_the_first_source_token(models, given, show):
    """Generation begins with src[:, :1], whatever ids stand there, and does not change src."""
    L = given.size("L", 5, 8)
    model, V = build(models, given, max_length=L + 1)
    ScriptedDecoding(model, given, script_of_words(given, 3, L, V), V, V_IN)
    src = sources(given, 3)
    src[:, :1] = given.integers("first", 3, 1, low=4, high=9)
    tokens, scores = model.generate_translation(src, max_length=L)
    show("tokens", tokens)
    show("scores", scores)
    show("source_after_the_call", src)


@number("3.6.3")
@weight(1)
@steered_by("scores")
def test_generation_encodes_once(models, given, show):
    """Generation calls `encode` once, and `decode` once for each of the L tokens."""
    L = given.size("L", 5, 8)
    model, V = build(models, given, max_length=L + 1)
    decoding = ScriptedDecoding(model, given, script_of_words(given, 3, L, V), V, V_IN)
    tokens, scores = model.generate_translation(sources(given, 3), max_length=L)
    show("calls_of_encode", decoding.encodings)
    show("calls_of_decode", decoding.decodings)
    show("tokens", tokens)
    show("scores", scores)


@number("3.6.4")
@weight(2)
@steered_by("scores")
@pytest.mark.parametrize("pad", [0, 7])
def test_generation_ends_a_row_with_its_eos(models, given, show, pad):
    """A row keeps its <eos> and its scores. After it tokens are ignore_index and scores zero; other rows go on."""
    L = given.size("L", 6, 8)
    model, V = build(models, given, max_length=L + 1, pad=pad)
    script = script_of_words(given, 4, L, V)
    script[0, 2] = script[0, 4] = EOS  # what follows the first <eos> matters only to code that goes on
    script[1, 0] = EOS
    script[2, L - 1] = EOS  # the last row has no <eos>
    ScriptedDecoding(model, given, script, V, V_IN)
    tokens, scores = model.generate_translation(sources(given, 4), max_length=L)
    show("tokens", tokens)
    show("scores", scores)


@number("3.6.5")
@weight(1)
@steered_by("scores, rows end apart", "scores, rows end together", "scores, rows end at once")
def test_generation_stops_early_at_full_width(models, given, show):
    """Generation stops once every row has produced <eos>. The results have the full width L all the same."""
    L = given.size("L", 6, 8)
    model, V = build(models, given, max_length=L + 1, pad=7)
    words, src = script_of_words(given, 3, L, V), sources(given, 3)
    for how, ends in {"apart": (3, 1, 2), "together": (2, 2, 2), "at once": (0, 0, 0)}.items():
        script = words.scatter(1, torch.tensor(ends).unsqueeze(1), EOS)
        decoding = ScriptedDecoding(model, given, script, V, V_IN)
        tokens, scores = model.generate_translation(src, max_length=L)
        show(f"calls of decode, rows end {how}", decoding.decodings)
        show(f"tokens, rows end {how}", tokens)
        show(f"scores, rows end {how}", scores)


@number("3.6.6")
@weight(1)
@steered_by("scores")
def test_generation_keeps_a_pad_before_eos(models, given, show):
    """A <pad> before <eos> is a token like any other: generation keeps it, feeds it back, and the row goes on."""
    L, pad = given.size("L", 6, 8), 7
    model, V = build(models, given, max_length=L + 1, pad=pad)
    script = script_of_words(given, 3, L, V)
    script[0, 1] = script[0, 2] = pad
    script[0, 4] = EOS
    script[1, 0], script[1, 1] = pad, EOS
    script[2, 1] = script[2, L - 1] = pad  # in step 1 no row produces a word, but two go on
    script[2, 3] = PAD  # here a word like any other
    ScriptedDecoding(model, given, script, V, V_IN)
    tokens, scores = model.generate_translation(sources(given, 3), max_length=L)
    show("tokens", tokens)
    show("scores", scores)


@number("3.6.7")
@weight(1)
@size_names(lengths="shorter")
@steered_by("longest_scores", "shorter_scores", "scores_of_one_row")
def test_generation_is_as_long_as_asked(models, given, show):
    """L is the given max_length, or the constructor's minus one, which is also the largest possible one.

    The test also asks for a single token, and uses a batch of one row. A larger max_length raises a ValueError that
    names it and the largest possible one; the model stays in its mode.
    """
    L, shorter = given.size("L", 6, 8), given.size("shorter", 3, 5)
    model, V = build(models, given, max_length=L + 1)
    ScriptedDecoding(model, given, script_of_words(given, 2, L, V), V, V_IN)
    src = sources(given, 2)
    tokens, scores = model.generate_translation(src)
    show("longest_tokens", tokens)
    show("longest_scores", scores)
    tokens, scores = model.generate_translation(src, max_length=shorter)
    show("shorter_tokens", tokens)
    show("shorter_scores", scores)
    tokens, scores = model.generate_translation(src, max_length=1)
    show("single_tokens", tokens)
    show("single_scores", scores)
    tokens, scores = model.generate_translation(src[:1], max_length=shorter)
    show("tokens_of_one_row", tokens)
    show("scores_of_one_row", scores)
    model.train()
    show.raises(
        "max_length too large",
        ValueError,
        lambda: model.generate_translation(src, max_length=L + 1),
        mentions=[L, L + 1],
    )
    show("mode_after_the_error", mode_of(model))


@number("3.6.8")
@weight(1)
@steered_by("scores", "scores with <eos>")
def test_generation_runs_in_eval_mode(models, given, show):
    """The model, with all layers, is in eval mode during generation. Afterwards it has its previous mode."""
    L = given.size("L", 5, 8)
    model, V = build(models, given, max_length=L + 1)
    script, src = script_of_words(given, 2, L, V), sources(given, 2)
    for with_eos in ("", " with <eos>"):
        if with_eos:  # generation stops early
            script[:, 2] = EOS
        decoding = ScriptedDecoding(model, given, script, V, V_IN)
        for training in (False, True):
            model.train(training)
            tokens, scores = model.generate_translation(src, max_length=L)
            mode = f"{'training' if training else 'evaluation'}{with_eos}"
            show(f"mode afterwards, found in {mode}", mode_of(model))
        show(f"mode meanwhile{with_eos}", " and ".join(sorted({*decoding.modes})))
        show(f"tokens{with_eos}", tokens)
        show(f"scores{with_eos}", scores)


@number("3.6.9")
@weight(1)
@steered_by("scores")
@integration()
def test_generation_equals_teacher_forcing_on_its_own_output(models, given, show):
    """With your encoder and decoder, forward(src, [<sos>; tokens]) gives the scores that generation returned."""
    V, L = given.size("V", 6, 8), given.size("L", 9, 12)
    model = models.Transformer.FullTransformerTranslator(
        V_IN, V, "cpu", hidden_dim=12, dim_feedforward=16, num_layers_enc=1, num_layers_dec=1, max_length=L + 1
    )
    src = sources(given, 4)
    given.parameters(model).train()
    with torch.no_grad():  # larger embeddings and smaller biases, so that the tokens vary
        for name, parameter in model.named_parameters():
            parameter.mul_(5.0 if "embedding" in name else 0.1 if name.endswith("bias") else 1.0)
    tokens, scores = model.generate_translation(src)
    show("tokens", tokens)
    show("scores", scores)
    show("scores_require_gradients", scores.requires_grad)
    model.eval()
    forced = model(src, torch.cat((src[:, :1], tokens), dim=1))
    ended = (tokens == EOS).cumsum(dim=1) - (tokens == EOS).long() > 0
    hidden = ended | (torch.cat((src[:, :1], tokens[:, :-1]), dim=1) == PAD)
    show("scores_of_forward", forced.masked_fill(hidden.unsqueeze(2), 0.0))
