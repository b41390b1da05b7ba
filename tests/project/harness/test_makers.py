"""Which function has made a value, on the solution: each test shows something of the function that it is about."""

import sys

import pytest

from autograder.prepare.mistakes import activated
from harness.makers import Makers
from harness.run import run, run_case
from tests.project.conftest import ROOT

RNN, LSTM, TRANSFORMER = "models/naive/RNN.py", "models/naive/LSTM.py", "models/Transformer.py"
TEXTS, MODEL = "models/language_model/batching.py", "models/language_model/RNNModel.py"
MADE = {
    "test_rnn_has_two_linear_layers": ("hidden_layer.weight", f"{RNN}:VanillaRNN.__init__"),
    "test_rnn_takes_one_step": ("output", f"{RNN}:VanillaRNN.forward"),
    "test_rnn_lets_gradients_through": ("gradient of input", f"{RNN}:VanillaRNN.forward"),
    "test_lstm_starts_with_xavier_weights_and_zero_biases": (
        "after another call, b_ii",
        f"{LSTM}:LSTM.init_parameters",
    ),
    "test_lstm_takes_one_step": ("h", f"{LSTM}:LSTM.forward"),
    "test_seq2seq_translates_with_your_encoder_and_decoder": (None, "models/seq2seq/Seq2Seq.py:Seq2Seq.forward"),
    "test_final_layer_scores_the_target_vocabulary": (None, f"{TRANSFORMER}:TransformerTranslator.final_layer"),
    "test_forward_scores_every_next_token": (None, f"{TRANSFORMER}:FullTransformerTranslator.forward"),
    "test_get_batch_reads_the_alphabet": (None, f"{TEXTS}:get_batch"),
    "test_repackage_keeps_form_and_values": (None, f"{TEXTS}:repackage_hidden"),
    "test_rnn_model_starts_from_zeros": (None, f"{MODEL}:RNNModel.init_hidden"),
}


@pytest.mark.parametrize(("name", "made"), MADE.items(), ids=MADE)
def test_the_function_that_a_test_is_about_has_made_what_it_shows(graded, name, made):
    (test,) = (test for test in graded if test.name == name)
    shown, maker = made
    before = sys.getprofile()
    with activated(ROOT / "solution") as tree:
        makers = Makers(tree)
        outcome = makers.watch(lambda: run_case(test, test.cases[0], tree, "0"))
    assert outcome.fault is None
    assert makers.of.keys() == outcome.shown.keys()
    assert makers.of[shown or list(makers.of)[-1]] == maker
    assert sys.getprofile() is before


def test_values_from_outside_the_tree_have_no_maker():
    def shows(show):
        show("x", 1)

    with activated(ROOT / "solution") as tree:
        makers = Makers(tree)
        makers.watch(lambda: run(shows, tree, "a test"))
    assert makers.of == {"x": ""}
