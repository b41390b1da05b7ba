"""FullTransformerTranslator.forward: layers, shifted target, one causal mask and three padding masks."""

import pytest
import torch
from gradescope_utils.autograder_utils.decorators import number, weight

from harness import size_names
from harness.given import PAD

TABLES = "source_embedding target_embedding source_position_embedding target_position_embedding"


def build(models, given, max_length=20, ignore_index=PAD, heads=2, decoder_layers=1, dropout=0.2):
    """Return a filled model whose sizes all differ, its hidden_dim H and the sizes of both vocabularies.

    Encoder and decoder have one layer: it is enough to show every mask, and more layers would take longer.
    """
    V_in, V_out = given.size("source vocabulary", 13, 17), given.size("target vocabulary", 13, 17)
    H, D = 2 * given.size("half of H", 4, 5), given.size("dim_feedforward", 11, 12)
    model = models.Transformer.FullTransformerTranslator(
        V_in,
        V_out,
        "cpu",
        hidden_dim=H,
        num_heads=heads,
        dim_feedforward=D,
        num_layers_enc=1,
        num_layers_dec=decoder_layers,
        dropout=dropout,
        max_length=max_length,
        ignore_index=ignore_index,
    )
    return given.parameters(model), H, V_in, V_out


def padded_pair(given, V_in, V_out, pad=PAD):
    """Return source tokens (N, T) and target tokens (N, L), padded at the end, the target also inside."""
    N, T, L = given.size("N", 2, 3), given.size("T", 6, 9), given.size("L", 6, 9)
    src, tgt = given.sentences("source", N, T, V_in), given.sentences("target", N, L, V_out)
    src[1, T - 2 :] = PAD
    tgt[0, 2] = tgt[1, 1] = PAD
    return with_padding_called(pad, src), with_padding_called(pad, tgt)


def with_padding_called(pad, tokens):
    """Exchange the ids <pad> and `pad`."""
    return torch.where(tokens == PAD, pad, torch.where(tokens == pad, PAD, tokens))


def without_padding(rows, tokens, pad=PAD):
    """Set the rows (N, S, ...) at padded positions to zero, since they may hold anything."""
    if rows.shape[:2] != tokens.shape:
        return rows  # the judge reports the wrong shape
    return rows.masked_fill((tokens == pad).unsqueeze(2), 0.0)


def perturb_padding(given, table, pad=PAD):
    """Change the embedding of <pad>. No result may depend on it."""
    with torch.no_grad():
        table.weight[pad] += given.uniform("perturbation", table.weight.size(1), low=1, high=2)


@number("3.5.1")
@weight(2)
def test_forward_scores_every_next_token(models, given, show):
    """forward reads src and tgt[:, :-1] and returns unnormalised scores (N, L - 1, V)."""
    model, _, V_in, V_out = build(models, given, decoder_layers=2)  # other tests have one
    N, T, L = given.size("N", 2, 3), given.size("T", 6, 9), given.size("L", 6, 9)
    src = given.integers("source", N, T, low=4, high=V_in)
    tgt = given.integers("target", N, L, low=4, high=V_out)
    for name in TABLES.split():
        show(name, getattr(model, name).weight)
    show("scores", model(src, tgt))
    show("source_after_the_call", src)
    show("target_after_the_call", tgt)


@number("3.5.2")
@weight(1)
def test_forward_takes_one_sentence_and_one_token(models, given, show):
    """A batch of one, a source of one token and a target of two tokens (one to read, one to score) work."""
    model, _, V_in, V_out = build(models, given)
    src = given.integers("source", 3, 4, low=4, high=V_in)
    tgt = given.integers("target", 3, 4, low=4, high=V_out)
    show("scores_of_one_sentence", model(src[:1], tgt[:1, :3]))
    show("scores_with_one_source_token", model(src[:, :1].contiguous(), tgt))
    show("scores_of_one_target_token", model(src, tgt[:, :2].contiguous()))
    show("scores_of_one_token_from_one", model(src[:1, :1], tgt[:1, :2]))
    show("scores_of_one_sentence_again", model(src[:1], tgt[:1, :3]))


@number("3.5.3")
@weight(1)
@size_names(lengths="max_length")
def test_forward_takes_up_to_max_length_tokens(models, given, show):
    """Source and decoder input may have max_length tokens. One more raises a ValueError that names both lengths."""
    M = given.size("max_length", 6, 9)
    model, _, V_in, V_out = build(models, given, max_length=M)
    src = given.integers("source", 2, M + 1, low=4, high=V_in)
    tgt = given.integers("target", 2, M + 2, low=4, high=V_out)
    show("longest", model(src[:, :M], tgt[:, : M + 1]))
    both = [M, M + 1]
    show.raises("source too long", ValueError, lambda: model(src, tgt[:, :3]), mentions=both)
    show.raises("decoder input too long", ValueError, lambda: model(src[:, :3], tgt), mentions=both)


@number("3.5.4")
@weight(1)
def test_encode_hides_the_padding_of_the_source(models, given, show):
    """The encoder does not look at <pad>: another embedding of <pad> or more padding changes no real row."""
    model, _, V_in, V_out = build(models, given)
    src, _ = padded_pair(given, V_in, V_out)
    longer = torch.nn.functional.pad(src, (0, 2), value=PAD)
    show("memory", without_padding(model.encode(src), src))
    show("memory_with_more_padding", without_padding(model.encode(longer), longer))
    perturb_padding(given, model.source_embedding)
    show("memory_with_another_pad_embedding", without_padding(model.encode(src), src))


@number("3.5.5")
@weight(1)
def test_decode_hides_the_padding_of_the_memory(models, given, show):
    """The decoder does not look at memory where src is <pad>: other values there change no real row."""
    model, H, V_in, V_out = build(models, given)
    src, tgt = padded_pair(given, V_in, V_out)
    memory = given.uniform("memory", *src.shape, H)
    other = torch.where((src == PAD).unsqueeze(2), given.uniform("other memory", *src.shape, H), memory)
    show("scores", without_padding(model.decode(tgt, memory, src), tgt))
    show("scores_with_other_memory_at_padding", without_padding(model.decode(tgt, other, src), tgt))


@number("3.5.6")
@weight(1)
def test_decode_hides_padding_inside_the_target(models, given, show):
    """A <pad> between the words of the decoder's input is hidden from all later words, whatever its embedding is."""
    model, H, V_in, V_out = build(models, given)
    src, tgt = padded_pair(given, V_in, V_out)
    memory = given.uniform("memory", *src.shape, H)
    show("scores", without_padding(model.decode(tgt, memory, src), tgt))
    perturb_padding(given, model.target_embedding)
    scores = without_padding(model.decode(tgt, memory, src), tgt)
    show("scores_with_another_pad_embedding", scores)


@number("3.5.7")
@weight(1)
def test_forward_does_not_look_ahead(models, given, show):
    """Rows of the scores do not change when later tokens of the target do."""
    model, _, V_in, V_out = build(models, given)
    N, T, L = given.size("N", 2, 3), given.size("T", 6, 9), given.size("L", 6, 9)
    src = given.integers("source", N, T, low=4, high=V_in)
    tgt = given.integers("target", N, L, low=4, high=V_out)
    other = torch.cat((tgt[:, :-3], given.integers("other end", N, 3, low=4, high=V_out)), dim=1)
    show("scores", model(src, tgt))
    show("scores_with_another_end", model(src, other))


@number("3.5.8")
@weight(2)
@pytest.mark.parametrize("pad", [0, 7])
def test_forward_hides_all_padding(models, given, show, pad):
    """forward hides the id `ignore_index` everywhere, and no other id. More padding changes no real row."""
    model, _, V_in, V_out = build(models, given, ignore_index=pad)
    src, tgt = padded_pair(given, V_in, V_out, pad)
    longer_src = torch.nn.functional.pad(src, (0, 1), value=pad)
    longer_tgt = torch.nn.functional.pad(tgt, (0, 2), value=pad)
    scores = without_padding(model(src, tgt), tgt[:, :-1], pad)
    show("scores", scores)
    scores = without_padding(model(longer_src, longer_tgt), longer_tgt[:, :-1], pad)
    show("scores_with_more_padding", scores)


@number("3.5.9")
@weight(1)
@pytest.mark.parametrize("dropout", [0.0, 1.0])
def test_forward_drops_only_inside_the_transformer(models, given, show, dropout):
    """In training mode `transformer` drops with the given probability (0 or 1). Nothing else drops anything."""
    model, _, V_in, V_out = build(models, given, dropout=dropout)
    src = given.integers("source", 2, 4, low=4, high=V_in)
    tgt = given.integers("target", 2, 5, low=4, high=V_out)
    show("scores_in_evaluation", model(src, tgt))
    model.train()
    show("memory", model.encode(src))
    show("scores", model(src, tgt))


@number("3.5.10")
@weight(1)
def test_forward_passes_gradients(models, given, show):
    """Gradients flow from the scores to all embeddings, the encoder, the decoder and `final`."""
    model, _, V_in, V_out = build(models, given)
    N, T, L = given.size("N", 2, 3), given.size("T", 6, 9), given.size("L", 6, 9)
    src = given.integers("source", N, T, low=4, high=V_in)
    tgt = given.integers("target", N, L, low=4, high=V_out)
    scores = model(src, tgt)
    (scores * given.uniform("weights", N, L - 1, V_out)).mean().backward()
    show.gradients(model, of=f"{TABLES} final")
    encoder, decoder = model.transformer.encoder.layers[0], model.transformer.decoder.layers[0]
    show("gradient_in_the_encoder", encoder.linear1.weight.grad)
    show("gradient_in_the_decoder", decoder.self_attn.in_proj_weight.grad)
