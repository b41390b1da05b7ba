"""generate: choose a token, let the model read it, and again."""

from types import SimpleNamespace

from gradescope_utils.autograder_utils.decorators import number, weight

from tests.harness import integration, steered_by

WORDS = ["a", "b", "c", "d", "e", "f", "g"]


@number("4.6.1")
@weight(5)
@integration
@steered_by("log-probabilities")
def test_generation_is_greedy(models, given, reference):
    """Greedy generation takes the most probable token at every step."""
    model = models.language_model.RNNModel.RNNModel("GRU", len(WORDS), 4, 5, 1)
    given.parameters(model)
    vocabulary = SimpleNamespace(idx2word=WORDS, word2idx={word: index for index, word in enumerate(WORDS)})
    words = models.language_model.generation.generate(model, vocabulary, ["c", "a"], 6, greedy=True)
    reference.match(words=" ".join(words))
    tokens = [vocabulary.word2idx[word] for word in ["c", "a", *words]]
    log_probabilities, _ = model(given.integers("start", 1, 1, low=0, high=7) * 0 + tokens[0], model.init_hidden(1))
    reference.match(**{"log-probabilities": log_probabilities})
