"""Encoder, attention, decoder, and the two joined."""

import torch

from harness.doubles import tensors
from harness.stress import has_shape, same, same_again, stress
from tests.models.seq2seq.doubles import DecoderDouble, EncoderDouble


def encoder(models, given, model_type):
    """A filled encoder, sentences (N, T) for it, and its sizes."""
    N, T, V, E, Henc = given.size("N", 1, 5), given.size("T", 1, 7), *(given.size(n, 5, 9) for n in ("V", "E", "Henc"))
    Hdec = Henc if model_type == "LSTM" else given.size("Hdec", 1, 6)
    model = models.seq2seq.Encoder.Encoder(V, E, Henc, Hdec, 0.2, model_type)
    source = given.integers("source", N, T, low=0, high=V)
    return given.parameters(model, model_type), source, (N, T, V, Henc, Hdec)


@stress("seq2seq.Encoder")
def encoder_takes_any_size(models, given):
    """Any batch, length and sizes give output (N, T, Henc) and hidden (1, N, Hdec), for both model types."""
    for model_type in ("RNN", "LSTM"):
        model, source, (N, T, _, Henc, Hdec) = encoder(models, given, model_type)
        output, states = model(source)
        has_shape(f"output of an {model_type}", output, N, T, Henc)
        for state in tensors(states):
            has_shape(f"state of an {model_type}", state, 1, N, Hdec)


@stress("seq2seq.Encoder")
def encoder_reads_sentences_one_by_one(models, given):
    """A sentence gives the same alone as in a batch."""
    for model_type in ("RNN", "LSTM"):
        model, source, (N, *_) = encoder(models, given, model_type)
        output, states = model(source)
        for n in range(N):
            alone, states_alone = model(source[n : n + 1])
            same(f"output of sentence {n} alone, {model_type}", alone, output[n : n + 1])
            expected = tuple(state[:, n : n + 1] for state in tensors(states))
            same(f"states of sentence {n} alone, {model_type}", tensors(states_alone), expected)


@stress("seq2seq.Encoder")
def encoder_does_not_look_ahead(models, given):
    """The outputs of the first tokens do not depend on later ones."""
    for model_type in ("RNN", "LSTM"):
        model, source, (_, T, *_) = encoder(models, given, model_type)
        output, _ = model(source)
        for t in range(1, T):
            same(f"output of the first {t} tokens, {model_type}", model(source[:, :t])[0], output[:, :t])


@stress("seq2seq.Encoder")
def encoder_calls_do_not_influence_each_other(models, given):
    """A call gives the same after another call, and the source stays as it was."""
    for model_type in ("RNN", "LSTM"):
        model, source, (N, T, V, *_) = encoder(models, given, model_type)
        other = given.integers(f"other source, {model_type}", N, T + 1, low=0, high=V)
        same_again(lambda source, model=model: tensors_of(model(source)), (source,), (other,))


def tensors_of(result):
    """Output and states, however many, as one flat tuple."""
    output, states = result
    return output, *tensors(states)


def attention(models, given):
    """A decoder with attention, a state (1, N, H), encoder outputs (N, T, H), and the sizes."""
    N, T, H = given.size("N", 1, 5), given.size("T", 1, 7), given.size("H", 2, 6)
    decoder = models.seq2seq.Decoder.Decoder(3, H, H, 5, attention=True)
    return decoder.compute_attention, given.uniform("hidden", 1, N, H), given.uniform("outputs", N, T, H), (N, T, H)


@stress("seq2seq.Attention")
def attention_takes_any_size(models, given):
    """Any batch, length and size give weights (N, 1, T) that sum to 1 over T."""
    attend, hidden, outputs, (N, T, _) = attention(models, given)
    weights = attend(hidden, outputs)
    has_shape("weights", weights, N, 1, T)
    same("sum of the weights", weights.sum(dim=2), torch.ones(N, 1))


@stress("seq2seq.Attention")
def attention_weighs_rows_one_by_one(models, given):
    """A row gives the same weights alone as in a batch."""
    attend, hidden, outputs, (N, *_) = attention(models, given)
    weights = attend(hidden, outputs)
    for n in range(N):
        same(f"weights of row {n} alone", attend(hidden[:, n : n + 1], outputs[n : n + 1]), weights[n : n + 1])


@stress("seq2seq.Attention")
def attention_follows_the_positions(models, given):
    """Source positions in reverse order get their weights in reverse order."""
    attend, hidden, outputs, _ = attention(models, given)
    same("weights in reverse order", attend(hidden, outputs.flip(1)), attend(hidden, outputs).flip(2))


@stress("seq2seq.Attention")
def attention_calls_do_not_influence_each_other(models, given):
    """A call gives the same after another call, and arguments stay as they were."""
    attend, hidden, outputs, (N, T, H) = attention(models, given)
    others = given.uniform("other hidden", 1, N, H), given.uniform("other outputs", N, T + 1, H)
    same_again(attend, (hidden, outputs), others)


KINDS = [(model_type, attends) for model_type in ("RNN", "LSTM") for attends in (False, True)]


def decoder(models, given, model_type, attends):
    """A filled decoder, its arguments for a step (token, state, encoder outputs), its name, and the sizes.

    The attention is a given stand-in, so that a mistake there does not show here.
    """
    N, T, V, E, H = given.size("N", 1, 5), given.size("T", 1, 7), *(given.size(name, 5, 9) for name in "VEH")
    name = f"{model_type} with attention" if attends else model_type
    model = models.seq2seq.Decoder.Decoder(E, H, H, V, 0.2, model_type, attends)
    model.compute_attention = lambda hidden, outputs: torch.softmax((outputs @ hidden.permute(1, 2, 0)), 1).mT
    h, c = given.uniform("h", 1, N, H), given.uniform("c", 1, N, H)
    token, outputs = given.integers("token", N, 1, low=0, high=V), given.uniform("outputs", N, T, H)
    state = (h, c) if model_type == "LSTM" else h
    return given.parameters(model, name), (token, state, outputs), name, (N, V, H)


def rows(state, row):
    """The same rows of every state (1, N, H)."""
    return tuple(tensor[:, row] for tensor in state) if isinstance(state, tuple) else state[:, row]


@stress("seq2seq.Decoder")
def decoder_takes_any_size(models, given):
    """Any batch and any sizes give log-probabilities (N, V) and states (1, N, H), with and without attention."""
    for kind in KINDS:
        model, arguments, name, (N, V, H) = decoder(models, given, *kind)
        output, state = model(*arguments)
        has_shape(f"output, {name}", output, N, V)
        same(f"sum of every row's probabilities, {name}", output.exp().sum(dim=1), torch.ones(N))
        for tensor in tensors(state):
            has_shape(f"state, {name}", tensor, 1, N, H)


@stress("seq2seq.Decoder")
def decoder_reads_rows_one_by_one(models, given):
    """A row gives the same alone as in a batch."""
    for kind in KINDS:
        model, (token, state, outputs), name, (N, *_) = decoder(models, given, *kind)
        output, new_state = model(token, state, outputs)
        for n in range(N):
            row = slice(n, n + 1)
            alone, state_alone = model(token[row], rows(state, row), outputs[row])
            same(f"output of row {n} alone, {name}", alone, output[row])
            same(f"state of row {n} alone, {name}", tensors(state_alone), tensors(rows(new_state, row)))


@stress("seq2seq.Decoder")
def decoder_calls_do_not_influence_each_other(models, given):
    """A call gives the same after another call, and arguments stay as they were."""
    for kind in KINDS:
        model, (token, state, outputs), _, _ = decoder(models, given, *kind)
        state = tensors(state)

        def step(token, outputs, *state, model=model):
            return tensors_of(model(token, state if len(state) > 1 else state[0], outputs))

        same_again(step, (token, outputs, *state), (token.flip(0), outputs.flip(1), *(2 * tensor for tensor in state)))


def seq2seq(models, given, model_type="RNN"):
    """A model of two given stand-ins, a source (N, T), a target (N, L + 1), and L."""
    N, T, L = given.size("N", 1, 5), given.size("T", 3, 7), given.size("L", 2, 7)
    V_in, V_out, H = given.size("source V", 5, 9), given.size("target V", 5, 9), given.size("H", 3, 6)
    parts = EncoderDouble(given, V_in, H, model_type), DecoderDouble(given, V_out, H, model_type)
    model = models.seq2seq.Seq2Seq.Seq2Seq(*parts, "cpu")
    return model, given.sentences("source", N, T, V_in), given.sentences("target", N, L + 1, V_out), (N, T, L, V_out)


@stress("seq2seq.Seq2Seq")
def seq2seq_predicts_as_many_positions_as_asked(models, given):
    """The result is (N, L, V): L from the target, else from max_length (1 is enough), else the source's length."""
    for model_type in ("RNN", "LSTM"):
        model, source, target, (N, T, L, V) = seq2seq(models, given, model_type)
        has_shape("outputs with a target", model(source, target), N, L, V)
        has_shape("outputs without a target", model(source), N, T, V)
        for length in (1, L):
            has_shape("outputs with max_length", model(source, max_length=length), N, length, V)


@stress("seq2seq.Seq2Seq")
def seq2seq_translates_sentences_one_by_one(models, given):
    """A sentence gives the same alone as in a batch, taught or free."""
    model, source, target, (N, *_) = seq2seq(models, given)
    free, taught = model(source), model(source, target, teacher_forcing=True)
    for n in range(N):
        row = slice(n, n + 1)
        same(f"sentence {n} alone", model(source[row]), free[row])
        same(f"sentence {n} alone, taught", model(source[row], target[row], teacher_forcing=True), taught[row])


@stress("seq2seq.Seq2Seq")
def seq2seq_does_not_look_ahead(models, given):
    """What comes later changes nothing earlier: fewer steps give the same first steps; so does a shorter target."""
    model, source, target, (_, _, L, _) = seq2seq(models, given)
    free, taught = model(source, max_length=L), model(source, target, teacher_forcing=True)
    for t in range(1, L):
        same(f"the first {t} steps", model(source, max_length=t), free[:, :t])
        shorter = model(source, target[:, : t + 1], teacher_forcing=True)
        same(f"the first {t} steps, taught", shorter, taught[:, :t])


@stress("seq2seq.Seq2Seq")
def seq2seq_calls_do_not_influence_each_other(models, given):
    """A call gives the same after another call, and arguments stay as they were."""
    model, source, target, _ = seq2seq(models, given)
    same_again(model, (source,), (source.flip(0),))
    same_again(model, (source, target, True), (source, target.flip(0), True))
