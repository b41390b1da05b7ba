"""Batches of one text, RNNModel, training, TransformerModel and its positions, and generation."""

from types import SimpleNamespace

import torch

from harness.doubles import OptimizerDouble, mode_of, tensors
from harness.stress import has_shape, same, same_again, stress
from tests.models.language_model.doubles import (
    RecurrentModelDouble,
    RNNModelDouble,
    TransformerModelDouble,
    WindowModelDouble,
    given_batching,
)

TYPES = ("RNN_TANH", "RNN_RELU", "GRU", "LSTM")


def text(given):
    """Columns (rows, B) of different tokens, and a length of chunks that may be longer than they are."""
    rows, B = given.size("rows", 2, 9), given.size("B", 1, 5)
    return torch.arange(rows * B).view(B, rows).t().contiguous(), given.size("bptt", 1, 12)


@stress("language_model.batching")
def batchify_keeps_the_text_in_its_columns(models, given):
    """Any text and batch give (M // B, B); the columns, one after the other, are the text without what is left over."""
    B, rows = given.size("B", 1, 6), given.size("rows", 1, 7)
    M = rows * B + given.size("left over", 0, 5) % B
    ids = given.integers("text", M, low=0, high=1000)
    source = models.language_model.batching.batchify(ids, B)
    has_shape("source", source, rows, B)
    same("columns one after the other", torch.cat([source[:, b] for b in range(B)]), ids[: rows * B])


@stress("language_model.batching")
def chunks_cover_a_text_once(models, given):
    """All chunks together have every row but the last as data, and every row but the first as target."""
    source, bptt = text(given)
    rows, B = source.shape
    chunks = [models.language_model.batching.get_batch(source, i, bptt) for i in range(0, rows - 1, bptt)]
    same("data of all chunks", torch.cat([data for data, _ in chunks]), source[:-1])
    same("target of all chunks", torch.cat([target for _, target in chunks]), source[1:].reshape((rows - 1) * B))


@stress("language_model.batching")
def batching_calls_do_not_influence_each_other(models, given):
    """A call gives the same after another call, and arguments stay as they were."""
    source, bptt = text(given)
    batching = models.language_model.batching
    same_again(lambda source: batching.get_batch(source, 0, bptt), (source,), (source.flip(1),))
    same_again(lambda ids: batching.batchify(ids, source.size(1)), (source.flatten(),), (source.t().flatten(),))
    h = given.uniform("h", 1, source.size(1), 3)
    same_again(lambda h, c: batching.repackage_hidden((h, (c,))), (h, 2 * h), (3 * h, h))


def rnn(models, given, rnn_type):
    """A filled model, token ids (S, B), a state as its tensors, a way to call it with both, and its sizes."""
    S, B, V = given.size("S", 1, 6), given.size("B", 1, 5), given.size("ntoken", 2, 9)
    E, H, nlayers = given.size("ninp", 1, 6), given.size("nhid", 1, 6), given.size("nlayers", 1, 3)
    model = given.parameters(models.language_model.RNNModel.RNNModel(rnn_type, V, E, H, nlayers), rnn_type)
    state = [given.uniform(f"{rnn_type} {name}", nlayers, B, H) for name in ("hc" if rnn_type == "LSTM" else "h")]

    def read(tokens, *state):
        output, after = model(tokens, state if rnn_type == "LSTM" else state[0])
        return output, *tensors(after)

    return model, given.integers("tokens", S, B, low=0, high=V), state, read, (S, B, V, H, nlayers)


@stress("language_model.RNNModel")
def rnn_model_takes_any_size(models, given):
    """Log-probabilities (S * B, ntoken) that normalise, and states (nlayers, B, nhid), for every type."""
    for rnn_type in TYPES:
        model, tokens, state, read, (S, B, V, H, nlayers) = rnn(models, given, rnn_type)
        output, *after = read(tokens, *state)
        has_shape(f"output of {rnn_type}", output, S * B, V)
        for tensor in (*after, *tensors(model.init_hidden(B))):
            has_shape(f"state of {rnn_type}", tensor, nlayers, B, H)
        same("sum of every row's probabilities", output.exp().sum(dim=1), torch.ones(S * B))


@stress("language_model.RNNModel")
def rnn_model_reads_columns_one_by_one(models, given):
    """A column gives the same alone as beside others."""
    for rnn_type in TYPES:
        _, tokens, state, read, (S, B, V, *_) = rnn(models, given, rnn_type)
        output, *after = read(tokens, *state)
        for b in range(B):
            alone, *after_alone = read(tokens[:, b : b + 1], *(tensor[:, b : b + 1] for tensor in state))
            same(f"output of column {b} alone, {rnn_type}", alone, output.view(S, B, V)[:, b])
            same(f"state of column {b} alone", tuple(after_alone), tuple(tensor[:, b : b + 1] for tensor in after))


@stress("language_model.RNNModel")
def rnn_model_reads_on_from_its_state(models, given):
    """Reading step by step, each from the state of the one before, gives the same as reading at once."""
    for rnn_type in TYPES:
        _, tokens, state, read, (S, *_) = rnn(models, given, rnn_type)
        output, *after = read(tokens, *state)
        steps = []
        for s in range(S):
            step, *state = read(tokens[s : s + 1], *state)
            steps.append(step)
        same(f"outputs step by step, {rnn_type}", torch.cat(steps), output)
        same("state after the last step", tuple(state), tuple(after))


@stress("language_model.RNNModel")
def rnn_model_calls_do_not_influence_each_other(models, given):
    """A call gives the same after another call, and arguments stay as they were."""
    for rnn_type in TYPES:
        _, tokens, state, read, _ = rnn(models, given, rnn_type)
        same_again(read, (tokens, *state), (tokens.flip(0), *(2 * tensor for tensor in state)))


def trained(models, given, state):
    """A model with or without a state, a source, and the length of chunks."""
    rows, B, V = given.size("rows", 2, 9), given.size("B", 1, 4), given.size("ntoken", 2, 6)
    H = given.size("nhid", 1, 5)
    model = RecurrentModelDouble(given, V, H, pair=state == "pair") if state else WindowModelDouble(given, V, H)
    return model, given.integers("source", rows, B, low=0, high=V), given.size("bptt", 1, 12)


@stress("language_model.training")
def evaluation_weighs_every_token_the_same(models, given):
    """With a state, evaluating in chunks of any length gives the same as in one chunk; a second call the same again."""
    training = models.language_model.training
    for state in ("tensor", "pair"):
        model, source, bptt = trained(models, given, state)
        with given_batching(training):
            at_once = training.evaluate(model, source, bptt=len(source))
            for call in ("first", "second"):
                loss = training.evaluate(model, source, bptt=bptt)
                same(f"loss of the {call} evaluation", torch.tensor(loss), torch.tensor(at_once))


@stress("language_model.training")
def an_epoch_that_learns_nothing_is_an_evaluation(models, given):
    """With a learning rate of zero an epoch's loss is the evaluation's, with and without a state."""
    training = models.language_model.training
    for state in ("tensor", "pair", ""):
        model, source, bptt = trained(models, given, state)
        with given_batching(training):
            loss = training.train_epoch(model, source, OptimizerDouble(model.parameters(), 0.0), bptt=bptt)
            same("loss of an epoch", torch.tensor(loss), torch.tensor(training.evaluate(model, source, bptt=bptt)))


@stress("language_model.training")
def training_calls_do_not_influence_each_other(models, given):
    """An evaluation gives the same after another one, and the source stays as it was."""
    training = models.language_model.training
    for state in ("tensor", "pair", ""):
        model, source, bptt = trained(models, given, state)

        def evaluate(source, model=model, bptt=bptt):
            with given_batching(training):
                return torch.tensor(training.evaluate(model, source, bptt=bptt))

        same_again(evaluate, (source,), (source.flip(0),))


def encoding(models, given):
    """A PositionalEncoding of any size in eval mode, and S steps of B sequences that it has room for."""
    S, B, D = given.size("S", 1, 7), given.size("B", 1, 5), given.size("d_model", 1, 9)
    max_len = S + given.size("room", 0, 3)
    positions = models.language_model.TransformerModel.PositionalEncoding(D, 0.3, max_len).eval()
    return positions, given.uniform("x", S, B, D)


@stress("language_model.positions")
def positions_depend_on_the_step_alone(models, given):
    """What is added is the same for every sequence and does not depend on the other steps or on x."""
    positions, x = encoding(models, given)
    S, B, D = x.shape
    added = positions(torch.zeros(S, 1, D))
    has_shape("the result", positions(x), S, B, D)
    same("the result", positions(x), x + added.expand(S, B, D))
    for s in range(1, S):
        same(f"the first {s} steps", positions(x[:s]), x[:s] + added[:s])


@stress("language_model.positions")
def positions_do_not_depend_on_the_tables_length(models, given):
    """A longer table begins with the rows of a shorter one."""
    positions, x = encoding(models, given)
    longer = models.language_model.TransformerModel.PositionalEncoding(x.size(2), 0.3, len(positions.pe) + 5)
    same("the table's beginning", longer.pe[: len(positions.pe)], positions.pe)


@stress("language_model.positions")
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


@stress("language_model.TransformerModel")
def transformer_takes_sequences_one_by_one(models, given):
    """A sequence gives the same rows alone as in a batch, (S * B, V) in all."""
    model, src, (S, B, V) = language_model(models, given)
    scores = model(src)
    has_shape("the log-probabilities", scores, S * B, V)
    for b in range(B):
        same(f"sequence {b} alone", model(src[:, b : b + 1]), scores[b::B])


@stress("language_model.TransformerModel")
def transformer_does_not_look_ahead(models, given):
    """The first steps give the same without the later ones."""
    model, src, (S, B, _) = language_model(models, given)
    scores = model(src)
    for s in range(1, S):
        same(f"the first {s} steps", model(src[:s]), scores[: s * B])


@stress("language_model.TransformerModel")
def transformer_takes_either_kind_of_mask(models, given):
    """A boolean mask (True hides) and one that adds -inf there give the same; the causal one gives what None gives."""
    model, src, (S, _, _) = language_model(models, given)
    future = torch.arange(S) > torch.arange(S).unsqueeze(1)
    for name, mask in {"causal": future, "the other way round": future.T}.items():
        added = torch.zeros(S, S).masked_fill(mask, float("-inf"))
        same(f"an added mask, {name}", model(src, added), model(src, mask))
    same("the causal mask", model(src, future), model(src))


@stress("language_model.TransformerModel")
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


@stress("language_model.generation")
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


@stress("language_model.generation")
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
