"""The two Transformers."""

import torch

from harness.doubles import mode_of
from harness.given import EOS, PAD
from harness.stress import has_shape, same, same_again, stress


def translator(models, given):
    """A filled TransformerTranslator of any sizes and any number of heads; N, T, H and both vocabularies' sizes."""
    N, T, H = given.size("N", 1, 5), given.size("T", 1, 7), given.size("H", 2, 7)
    V_in, V = given.size("source V", 5, 9), given.size("target V", 1, 9)
    heads, K, W = given.size("heads", 1, 4), given.size("dim_k", 1, 5), given.size("dim_v", 1, 5)
    model = models.Transformer.TransformerTranslator(
        V_in, V, "cpu", hidden_dim=H, num_heads=heads, dim_feedforward=9, dim_k=K, dim_v=W, dim_q=K, max_length=T + 2
    )
    return given.parameters(model), (N, T, H, V_in, V)


@stress("transformer.embedding")
def embed_treats_tokens_one_by_one(models, given):
    """A sentence gives the same alone as in a batch, and the first tokens the same without the later ones."""
    model, (N, T, H, V_in, _) = translator(models, given)
    inputs = given.integers("inputs", N, T, low=0, high=V_in)
    embedded = model.embed(inputs)
    has_shape("embedded", embedded, N, T, H)
    for n in range(N):
        same(f"sentence {n} alone", model.embed(inputs[n : n + 1]), embedded[n : n + 1])
    for t in range(1, T):
        same(f"the first {t} tokens", model.embed(inputs[:, :t]), embedded[:, :t])


@stress("transformer.embedding")
def embed_takes_as_many_tokens_as_fit(models, given):
    """A sentence of exactly max_length tokens is embedded."""
    model, (N, T, H, V_in, _) = translator(models, given)
    has_shape("embedded", model.embed(given.integers("inputs", N, T + 2, low=0, high=V_in)), N, T + 2, H)


@stress("transformer.embedding")
def embed_calls_do_not_influence_each_other(models, given):
    """A call gives the same after another call, and the inputs stay as they were."""
    model, (N, T, _, V_in, _) = translator(models, given)
    inputs = given.integers("inputs", N, T, low=0, high=V_in)
    same_again(model.embed, (inputs,), (given.integers("other inputs", N + 1, T + 1, low=0, high=V_in),))


def rows_one_by_one(layer, inputs):
    """A row gives the same alone as in a batch, in the shape in which it came."""
    outputs = layer(inputs)
    has_shape("the result", outputs, *inputs.shape)
    for n in range(inputs.size(0)):
        same(f"row {n} alone", layer(inputs[n : n + 1]), outputs[n : n + 1])


@stress("transformer.attention")
def self_attention_takes_rows_one_by_one(models, given):
    """A sentence gives the same alone as in a batch, for any sizes and any number of heads."""
    model, (N, T, H, *_) = translator(models, given)
    rows_one_by_one(model.multi_head_attention, given.uniform("inputs", N, T, H))


@stress("transformer.attention")
def self_attention_follows_the_positions(models, given):
    """Positions in another order give the same results in that order: there is no mask."""
    model, (N, T, H, *_) = translator(models, given)
    inputs = given.uniform("inputs", N, T, H)
    attended = model.multi_head_attention(inputs)
    same("the result in reverse order", model.multi_head_attention(inputs.flip(1)), attended.flip(1))


@stress("transformer.attention")
def self_attention_calls_do_not_influence_each_other(models, given):
    """A call gives the same after another call, and the inputs stay as they were."""
    model, (N, T, H, *_) = translator(models, given)
    others = (given.uniform("other inputs", N, T + 1, H),)
    same_again(model.multi_head_attention, (given.uniform("inputs", N, T, H),), others)


@stress("transformer.feedforward")
def feedforward_takes_positions_one_by_one(models, given):
    """A row or a position gives the same alone as among others, for any sizes."""
    model, (N, T, H, *_) = translator(models, given)
    inputs = given.uniform("inputs", N, T, H)
    rows_one_by_one(model.feedforward_layer, inputs)
    transformed = model.feedforward_layer(inputs)
    for t in range(T):
        same(f"position {t} alone", model.feedforward_layer(inputs[:, t : t + 1]), transformed[:, t : t + 1])


@stress("transformer.feedforward")
def feedforward_calls_do_not_influence_each_other(models, given):
    """A call gives the same after another call, and the inputs stay as they were."""
    model, (N, T, H, *_) = translator(models, given)
    others = (given.uniform("other inputs", N, T + 1, H),)
    same_again(model.feedforward_layer, (given.uniform("inputs", N, T, H),), others)


def translator_of_stand_ins(models, given):
    """A translator whose three layers are given stand-ins, so that mistakes there do not show here; and inputs."""
    model, (N, T, H, V_in, V) = translator(models, given)
    table = given.uniform("table", V_in, H)
    model.embed = lambda inputs: table[inputs]
    model.multi_head_attention = lambda inputs: torch.tanh(inputs.cumsum(dim=1))
    model.feedforward_layer = lambda inputs: inputs.abs()
    return model, given.integers("inputs", N, T, low=0, high=V_in), (N, T, H, V_in, V)


@stress("transformer.translator")
def translator_takes_sentences_one_by_one(models, given):
    """A sentence gives the same scores alone as in a batch, for any sizes."""
    model, inputs, (N, T, H, _, V) = translator_of_stand_ins(models, given)
    has_shape("final_layer", model.final_layer(given.uniform("hidden", N, T, H)), N, T, V)
    scores = model(inputs)
    has_shape("scores", scores, N, T, V)
    for n in range(N):
        same(f"sentence {n} alone", model(inputs[n : n + 1]), scores[n : n + 1])


@stress("transformer.translator")
def translator_calls_do_not_influence_each_other(models, given):
    """A call gives the same after another call, and the inputs stay as they were."""
    model, inputs, (N, T, _, V_in, _) = translator_of_stand_ins(models, given)
    same_again(model, (inputs,), (given.integers("other inputs", N, T + 1, low=0, high=V_in),))


def full(models, given):
    """A filled FullTransformerTranslator, source (N, T) and target (N, L) with padding, and the id of <pad>."""
    N, T, L = given.size("N", 1, 4), given.size("T", 3, 7), given.size("L", 3, 7)
    heads, half, layers = given.size("heads", 1, 3), given.size("H / 2 heads", 1, 3), given.size("layers", 1, 2)
    V_in, V_out, pad = given.size("source V", 9, 12), given.size("target V", 9, 12), given.size("ignore_index", 0, 1)
    model = models.Transformer.FullTransformerTranslator(
        V_in, V_out, "cpu", 2 * half * heads, heads, 9, layers, layers, 0.2, max_length=12, ignore_index=pad
    )
    src, tgt = given.sentences("source", N, T, V_in), given.sentences("target", N, L, V_out)
    src, tgt = (torch.where(tokens == PAD, pad, tokens) for tokens in (src, tgt))
    return given.parameters(model), src, tgt, pad, V_out


def read(rows, tgt, pad):
    """Scores where the decoder has read a word; rows at padding may hold anything."""
    return rows.masked_fill((tgt[:, : rows.size(1)] == pad).unsqueeze(2), 0.0)


def appended(tokens, pad, number):
    """More padding at the end."""
    return torch.nn.functional.pad(tokens, (0, number), value=pad)


@stress("transformer.full_forward")
def forward_takes_sentences_one_by_one(models, given):
    """A pair of sentences gives the same scores (L - 1, V) alone as in a batch, for any sizes and number of heads."""
    model, src, tgt, pad, V = full(models, given)
    scores = model(src, tgt)
    has_shape("scores", scores, src.size(0), tgt.size(1) - 1, V)
    for n in range(src.size(0)):
        row = slice(n, n + 1)
        same(f"pair {n} alone", read(model(src[row], tgt[row]), tgt[row], pad), read(scores[row], tgt[row], pad))


@stress("transformer.full_forward")
def forward_does_not_see_padding(models, given):
    """More padding behind source and target changes no score at a word."""
    model, src, tgt, pad, _ = full(models, given)
    scores = read(model(src, tgt), tgt, pad)
    for number in (1, 3):
        longer = model(appended(src, pad, number), appended(tgt, pad, number))[:, : scores.size(1)]
        same(f"scores with {number} more <pad>", read(longer, tgt, pad), scores)


@stress("transformer.full_forward")
def forward_does_not_look_ahead(models, given):
    """The first scores do not depend on later tokens of the target."""
    model, src, tgt, pad, _ = full(models, given)
    scores = read(model(src, tgt), tgt, pad)
    for t in range(2, tgt.size(1)):
        same(f"scores of the first {t} tokens", read(model(src, tgt[:, :t]), tgt, pad), scores[:, : t - 1])


@stress("transformer.full_forward")
def forward_calls_do_not_influence_each_other(models, given):
    """A call gives the same after another call, and arguments stay as they were."""
    model, src, tgt, pad, _ = full(models, given)
    same_again(lambda src, tgt: read(model(src, tgt), tgt, pad), (src, tgt), (src.flip(0), appended(tgt, pad, 1)))


def generator(models, given):
    """A model whose `encode` and `decode` are given stand-ins that look at one sentence each; sources; L and V."""
    N, L, V = given.size("N", 1, 5), given.size("L", 1, 8), given.size("V", 5, 12)
    model = models.Transformer.FullTransformerTranslator(9, V, "cpu", 4, 2, 5, 1, 1, max_length=L + 1)
    source, tokens = given.uniform("source table", 9, V), given.uniform("token table", V, V, low=-2, high=2)
    tokens[:, EOS] += 0.5  # sentences end now and then
    model.encode = lambda src: source[src].cumsum(dim=1)  # (N, T, V)
    model.decode = lambda tgt, memory, src: torch.sin(2 * tokens[tgt].cumsum(dim=1)) + memory[:, -1:]
    return model, given.sentences("source", N, given.size("T", 3, 6), 9), (N, L, V)


@stress("transformer.full_generate")
def generation_takes_sentences_one_by_one(models, given):
    """A sentence gives the same tokens (N, L) and scores (N, L, V) alone as in a batch."""
    model, src, (N, L, V) = generator(models, given)
    tokens, scores = model.generate_translation(src)
    has_shape("tokens", tokens, N, L)
    has_shape("scores", scores, N, L, V)
    for n in range(N):
        row = slice(n, n + 1)
        same(f"sentence {n} alone", model.generate_translation(src[row]), (tokens[row], scores[row]))


@stress("transformer.full_generate")
def generation_does_not_look_ahead(models, given):
    """A smaller max_length gives the same first tokens and scores."""
    model, src, (_, L, _) = generator(models, given)
    tokens, scores = model.generate_translation(src)
    for t in range(1, L):
        same(f"max_length = {t}", model.generate_translation(src, max_length=t), (tokens[:, :t], scores[:, :t]))


@stress("transformer.full_generate")
def generation_calls_do_not_influence_each_other(models, given):
    """A call gives the same after another call, leaves src as it was, and the model in the mode in which it was."""
    model, src, _ = generator(models, given)
    for mode in (True, False):
        model.train(mode)
        same_again(model.generate_translation, (src,), (src.flip(0),))
        same("mode afterwards", mode_of(model), "training" if mode else "evaluation")
