"""The solution's models behind one interface, and what is measured of them."""

import math
from typing import Any

import pytest
import torch
from torch import nn

from harness.tree import Tree
from tests.project.workbench import trees
from workbench.errors import WorkbenchError, explained, students_code
from workbench.training.modes import evaluating
from workbench.training.settings import Settings
from workbench.training.trees import open_tree
from workbench.translation.data import Pair
from workbench.translation.evaluation import evaluate, loss_of, tokens_of, total_loss, translate
from workbench.translation.settings import SHAPES as MODELS
from workbench.translation.text import EOS, PAD, SOS, Text
from workbench.translation.translators import (
    ROOM,
    EncoderTranslator,
    TransformerTranslator,
    Translator,
    build,
    until_eos,
)

SIZES = {
    "rnn": ["emb_size=8", "hidden_size=8"],
    "transformer-encoder": ["hidden_dim=8", "num_heads=2", "head_dim=4", "dim_feedforward=8", "max_length=24"],
    "transformer": ["hidden_dim=8", "num_heads=2", "dim_feedforward=8", "num_layers_dec=1", "max_length=24"],
}
PAIRS = [
    Pair("Ein Mann schläft.", "A man sleeps."),
    Pair("Zwei Frauen spielen mit einem Hund im Park.", "Two women play with a dog in the park."),
    Pair("Ein Kind lacht.", "A child laughs at a dog."),
    Pair("Der Hund schläft im Park.", "The dog sleeps."),
]


@pytest.fixture(scope="module")
def text() -> Text:
    return Text.fit(PAIRS, min_freq=1)


@pytest.fixture(params=MODELS)
def translator(request: Any, tree: Tree, text: Text):
    """A model with random weights."""
    torch.manual_seed(3)
    settings = Settings.of(request.param, "captions", changes=SIZES.get(request.param, SIZES["rnn"]))
    return build(tree, settings, (text.source_size, text.target_size), torch.device("cpu"))


def output_layer(translator: Translator, text: Text) -> nn.Linear:
    """The layer whose bias makes a word likely."""
    layers = [layer for layer in translator.module.modules() if isinstance(layer, nn.Linear)]
    return next(layer for layer in layers if layer.out_features == text.target_size)


@pytest.mark.parametrize("model", MODELS)
def test_embeddings_begin_as_small_as_asked_for_and_nothing_else_does(tree, text, model):
    built = []
    for std in (1.0, 0.25):
        torch.manual_seed(3)
        settings = Settings.of(model, "captions", changes=[*SIZES.get(model, SIZES["rnn"]), f"embedding_std={std}"])
        built.append(build(tree, settings, (text.source_size, text.target_size), torch.device("cpu")).module)
    large, small = ({name: parameter.detach() for name, parameter in module.named_parameters()} for module in built)
    for name, values in large.items():
        assert torch.equal(small[name], values * 0.25 if "embedding" in name else values), name


def test_a_sentence_is_treated_the_same_in_every_batch(translator, text):
    alone = [total_loss(translator, text, [pair], forced) for forced in (True, False) for pair in PAIRS]
    for i, forced in enumerate((True, False)):
        together, tokens = total_loss(translator, text, PAIRS, forced)
        mine = alone[i * len(PAIRS) : (i + 1) * len(PAIRS)]
        assert together == pytest.approx(sum(loss for loss, _ in mine), rel=1e-5)
        assert tokens == sum(count for _, count in mine) == sum(len(text.target_words(p.target)) + 1 for p in PAIRS)
    assert translate(translator, text, PAIRS) == [translate(translator, text, [pair])[0] for pair in PAIRS]


def test_scores_belong_to_the_next_token(translator, text):
    """Only the token that a position is scored against, and nothing later, may be unknown to it."""
    batch = next(iter(text.batches(PAIRS[1:2], 1)))
    changed = batch.target.clone()
    changed[:, 4] = EOS + 1 if changed[0, 4] != EOS + 1 else EOS + 2
    with evaluating(translator.module):
        before, after = (translator.scores(batch.source, target) for target in (batch.target, changed))
    assert before.shape == (1, batch.target.size(1) - 1, text.target_size)
    torch.testing.assert_close(before[:, :4], after[:, :4])
    reads_target = not isinstance(translator, EncoderTranslator)
    assert reads_target != torch.allclose(before[:, 4], after[:, 4])


def test_translation_is_what_the_free_scores_choose(translator, text):
    batch = next(iter(text.batches(PAIRS[1:2], 1)))
    with evaluating(translator.module):
        tokens = until_eos(translator.translate(batch.source)[0])
        scores = translator.scores(batch.source, batch.target, forced=False)[0]
    length = min(len(tokens), len(scores))
    assert scores.argmax(dim=1)[:length].tolist() == tokens[:length].tolist()


def test_generation_scores_each_position_once(tree, text, monkeypatch):
    """Also for a model that writes the scores of all positions at every step, which is right, too."""
    settings = Settings.of("transformer", "captions", changes=SIZES["transformer"])
    translator = build(tree, settings, (text.source_size, text.target_size), torch.device("cpu"))
    module: Any = translator.module
    batch = next(iter(text.batches(PAIRS, len(PAIRS))))
    with evaluating(module):
        _, expected = module.generate_translation(batch.source, 9)
        scored = []
        with module.final.register_forward_hook(lambda layer, inputs, scores: scored.append(inputs[0].size(1))):
            translator.scores(batch.source, torch.zeros(len(PAIRS), 10), forced=False)

        def generate(source, max_length):
            tokens, scores, memory = source[:, :1], torch.zeros(0), module.encode(source)
            for _ in range(max_length):
                scores = module.decode(tokens, memory, source)
                tokens = torch.cat((tokens, scores.argmax(dim=2)[:, -1:]), dim=1)
            return tokens[:, 1:], scores

        monkeypatch.setattr(module, "generate_translation", generate)
        scores = translator.scores(batch.source, torch.zeros(len(PAIRS), 10), forced=False)
    assert scored == [1] * len(scored)
    spoken = expected.abs().sum(dim=2) > 0  # not after its own end
    torch.testing.assert_close(scores[spoken], expected[spoken])


@pytest.mark.parametrize("model", MODELS)
def test_a_model_that_is_not_implemented_names_its_todo(text, model):
    batch = next(iter(text.batches(PAIRS, len(PAIRS))))
    settings = Settings.of(model, "captions", changes=SIZES.get(model, SIZES["rnn"]))

    def score():
        translator = build(tree, settings, (text.source_size, text.target_size), torch.device("cpu"))
        translator.scores(batch.source, batch.target)

    with trees.forgotten():
        tree = open_tree(trees.ROOT / "student")
        with students_code(tree), pytest.raises(NotImplementedError) as stopped:
            score()
    assert "is not implemented yet: student/models/" in str(explained(stopped.value))


def test_after_its_own_end_a_model_that_reads_itself_has_nothing_to_say(translator, text):
    with torch.no_grad():
        output_layer(translator, text).bias[EOS] = 50.0
    batch = next(iter(text.batches(PAIRS, len(PAIRS))))
    with evaluating(translator.module):
        scores = translator.scores(batch.source, batch.target, forced=False)
    assert (scores[:, 0].argmax(dim=1) == EOS).all()
    silent = bool((scores[:, 1:] == 0).all())
    assert silent == (not isinstance(translator, EncoderTranslator))


def test_a_translation_ends_ten_tokens_after_its_source_did(translator, text):
    """Also beside a longer one, and however little the model thinks of <eos>."""
    with torch.no_grad():
        output_layer(translator, text).bias[[PAD, SOS, EOS]] = -50.0
    translations = translate(translator, text, PAIRS)
    for words, pair in zip(translations, PAIRS, strict=True):
        limit = len(text.encode_source(pair.source)) + ROOM
        # The model with a position for each word answers at all of its positions.
        assert len(words) == {EncoderTranslator: 24, TransformerTranslator: min(limit, 23)}.get(type(translator), limit)


def test_a_source_that_is_too_long_is_explained(translator, text):
    long = [Pair("Hund " * 50 + ".", "")]
    if isinstance(translator, EncoderTranslator | TransformerTranslator):
        with pytest.raises(WorkbenchError, match=r"53 tokens.*24 positions"):
            translate(translator, text, long)
    else:
        assert len(translate(translator, text, long)) == 1


def test_attention_has_a_row_for_each_token_and_sums_to_one(translator, text):
    source = torch.tensor([text.encode_source(PAIRS[1].source)])
    with evaluating(translator.module):
        if not translator.has_attention:
            with pytest.raises(WorkbenchError, match="no attention"):
                translator.attention(source)
            return
        tokens, weights = translator.attention(source)
        assert tokens.tolist() == until_eos(translator.translate(source)[0]).tolist()  # and nothing stays replaced
    assert weights.shape[1:] == (len(tokens), source.size(1))
    torch.testing.assert_close(weights.sum(dim=2), torch.ones(weights.shape[:2]))


def test_the_loss_counts_each_token_once_and_neither_sos_nor_padding():
    target = torch.tensor([[SOS, 5, 6, EOS], [SOS, EOS, PAD, PAD]])
    scores = torch.randn(2, 3, 9, generator=torch.Generator().manual_seed(1))
    logs = scores.log_softmax(dim=2)
    expected = -(logs[0, 0, 5] + logs[0, 1, 6] + logs[0, 2, EOS] + logs[1, 0, EOS])
    assert tokens_of(target) == 4
    torch.testing.assert_close(loss_of(scores, target), expected)
    torch.testing.assert_close(loss_of(logs, target), expected)  # an RNN's are log-probabilities already
    smoothed = 0.9 * expected - 0.1 * (logs[0].mean(dim=1).sum() + logs[1, 0].mean())
    torch.testing.assert_close(loss_of(scores, target, 0.1), smoothed)


def test_an_evaluation_is_of_all_sentences_in_their_order(translator, text):
    translator.module.train()
    evaluation, translations = evaluate(translator, text, "test", PAIRS, batch_size=3)
    assert [translation.source for translation in translations] == [pair.source for pair in PAIRS]
    assert [translation.reference for translation in translations] == [pair.target for pair in PAIRS]
    assert evaluation.sentences == 4
    assert evaluation.loss == pytest.approx(total_loss(translator, text, PAIRS)[0] / evaluation.tokens)
    assert evaluation.free_perplexity == pytest.approx(math.exp(evaluation.free_loss))
    assert translator.module.training, "the mode of before"
