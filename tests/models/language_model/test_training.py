"""train_epoch and evaluate."""

from gradescope_utils.autograder_utils.decorators import number, weight

from tests.harness import integration


@number("4.5.1")
@weight(5)
@integration
def test_evaluation_counts_every_token_once(models, given, reference):
    """The mean negative log-likelihood of a text, whatever the length of chunks."""
    model = given.parameters(models.language_model.RNNModel.RNNModel("GRU", 9, 4, 5, 1))
    source = given.integers("source", given.size("rows", 8, 12), 3, low=0, high=9)
    loss = models.language_model.training.evaluate(model, source, bptt=3)
    reference.match(loss=given.uniform("one", 1, low=1, high=1) * loss)
