"""The notebook on language models, run from top to bottom, solved and untouched."""

import re

import pytest
from nbformat import NotebookNode

from tests.project.workbench.notebooks import POINTS, ROOT, cell_with, executed, fresh, pictures, printed, table

NAME = "Language_Modeling"
QUICK: dict[str, object] = {"epochs": 2, "embedding": 32, "hidden": 32, "lines": 150}
TITLES = (
    *("Batches of one text", "RNNModel", "Positional encoding"),
    *("TransformerModel", "Training and evaluation", "Generated text"),
)
TRAINED = ("RNN_TANH", "LSTM", "Transformer")
TUNED = {  # a cell -> what it says
    'tune("GRU", embedding=220, hidden=210)': "embedding is 220 and hidden is 210; with tie_weights they have to",
    'tune("Transformer", embedding=200, heads=3)': "embedding is 200; it has to be a multiple of heads, which is 3",
    'tune("LSTM", optimizer="Adm")': "optimizer is 'Adm'; choose one of SGD, Adam, RAdam",
    'tune("LSTM", learning_rate=6)': "learning_rate is 6; expected a number from 0.005 to 5, the range of this",
    'tune("LSTM", layers=2.5)': "layers is 2.5; expected a whole number from 2 to 4",
    'tune("LSTM", layers="3")': "layers is '3'; expected a whole number from 2 to 4",
    'tune("Transformer", heads=0)': "heads is 0; expected a whole number from 2 to 4",
    'tune("LSTM", heads=3)': "heads changes nothing for LSTM",
    'tune("Transformer", tie_weights=False)': "tie_weights changes nothing for Transformer",
    'tune("LSTM", scheduler="StepLR")': "scheduler is 'StepLR'; it has to be a function of the optimizer",
    'tune("LSTM")': "nothing is changed, or only epochs and seed, which is not tuning",
    'tune("LSTM", epochs=50)': "nothing is changed, or only epochs and seed, which is not tuning",
    'tune("LSTM", learning_rat=1)': "there is no setting 'learning_rat'; choose among embedding",
    'tune("LSTN")': "there is no model 'LSTN'; choose one of RNN_TANH, RNN_RELU, GRU, LSTM, Transformer",
}
# Three epochs: the first learns, after the second all weights are huge, after the third they are no numbers.
DIVERGED = """
rates = (1, 1e6, math.inf)
fall = lambda optimizer: torch.optim.lr_scheduler.LambdaLR(optimizer, rates.__getitem__)
learn("LSTM", "wild", optimizer="SGD", learning_rate=1.0, scheduler=fall, epochs=5)
show("wild")
print(all(value.isfinite().all() for value in RUNS["wild"]["model"].state_dict().values()))
"""


@pytest.fixture(scope="module")
def solved(tmp_path_factory: pytest.TempPathFactory, warm_python: str) -> NotebookNode:
    folder = fresh(tmp_path_factory.mktemp("solved"), NAME)
    return executed(folder, QUICK, warm_python, (*TUNED, DIVERGED), str(ROOT / "solution"))


@pytest.mark.parametrize("title", TITLES)
def test_solved_each_deliverable_shows_its_own_checks(solved: NotebookNode, title: str) -> None:
    rows = re.findall(r"^4\.\d (.*?)  +\d+/\d+ .* done", printed(cell_with(solved, f'notebook.check("{title}")')), re.M)
    assert rows == [title]


def test_solved_all_tests_pass_and_nothing_waits(solved: NotebookNode) -> None:
    words = "\n".join(printed(cell) for cell in solved.cells if cell.cell_type == "code")
    assert "Not trained yet" not in words
    assert "waits for" not in words
    assert f"{POINTS} of {POINTS} points" in printed(cell_with(solved, "notebook.check()"))


def test_solved_the_alphabet_is_laid_out_as_in_the_picture(solved: NotebookNode) -> None:
    words = printed(cell_with(solved, 'if notebook.ready("language_model.batching"):'))
    assert words.splitlines()[:6] == ["A G M S", "B H N T", "C I O U", "D J P V", "E K Q W", "F L R X"]
    assert words.splitlines()[7:] == ["data", "A G M S", "B H N T", "", "target", "B H N T C I O U"]


def test_solved_tying_saves_the_decoders_weight(solved: NotebookNode) -> None:
    words = printed(cell_with(solved, 'if notebook.ready("language_model.RNNModel"):'))
    counts = [int(count.replace(",", "")) for count in re.findall(r"([\d,]+) parameters", words)]
    vocabulary = int(words.split()[0])
    assert [counts[0] - counts[1], counts[2] - counts[3]] == [200 * vocabulary, 200 * 33_000]


def test_solved_a_changed_word_changes_nothing_before_it(solved: NotebookNode) -> None:
    words = printed(
        cell_with(solved, 'if notebook.ready("language_model.positions", "language_model.TransformerModel"):')
    )
    sizes = [float(size) for size in re.findall(r"changes by ([\d.]+)", words)]
    assert [size > 0 for size in sizes] == [False] * 5 + [True] * 5


def test_solved_every_epoch_prints_loss_and_perplexity_which_fall(solved: NotebookNode) -> None:
    for name, line in (
        *((name, f'learn("{name}")') for name in TRAINED),
        ("tuned", "tune(MODEL, **CHANGES)"),
    ):
        words = printed(cell_with(solved, line)).split(f"{name}:\n")[1]
        epochs = re.findall(
            r"^epoch (\d): loss ([\d.]+), perplexity ([\d.]+); validation loss ([\d.]+), perplexity ([\d.]+)",
            words,
            re.M,
        )[:2]
        assert [epoch[0] for epoch in epochs] == ["1", "2"], words
        (_, first_loss, _, _, first_perplexity), (_, second_loss, _, _, second_perplexity) = epochs
        assert float(second_loss) < float(first_loss)
        assert float(second_perplexity) < float(first_perplexity) < 400  # all words alike: 390


def test_solved_three_texts_of_twenty_words_are_shown_for_every_epoch(solved: NotebookNode) -> None:
    cell = cell_with(solved, 'show("RNN_TANH", "LSTM", "Transformer")')
    assert pictures(cell) == 1
    (*_, first, second, third), *rows = table(cell)
    prompts = (first, second, third)
    assert prompts == ("One morning ,", "“ Where is my", "Anna had")
    assert [row[:2] for row in rows] == [[name, str(epoch)] for name in TRAINED for epoch in (1, 2)]
    for row in rows:
        for prompt, text in zip(prompts, row[2:], strict=True):
            assert text.startswith(f"{prompt} ")
            assert len(text.split()) - len(prompt.split()) == 20


def test_solved_temperature_changes_what_is_written(solved: NotebookNode) -> None:
    texts = re.findall(r"T = [\d.]+: (.*)", printed(cell_with(solved, 'if "LSTM" in RUNS:')))
    assert len(texts) == len(set(texts)) == 4


def test_solved_tuning_stays_in_its_ranges_and_is_compared(solved: NotebookNode) -> None:
    cell = cell_with(solved, 'MODEL = "Transformer"  # or RNN_TANH, RNN_RELU, GRU, LSTM')
    assert "Nothing was trained" not in printed(cell)
    assert pictures(cell) == 1
    assert {row[0] for row in table(cell)[1:]} == {"Transformer", "tuned"}


@pytest.mark.parametrize("cell", TUNED)
def test_solved_what_cannot_be_tuned_is_said_and_not_trained(solved: NotebookNode, cell: str) -> None:
    first, *reasons = printed(cell_with(solved, cell)).splitlines()
    assert first == "Nothing was trained:"
    assert len(reasons) == 1
    assert reasons[0].startswith(TUNED[cell])


def test_solved_a_loss_that_is_no_number_ends_a_training_which_keeps_what_was_before(solved: NotebookNode) -> None:
    cell = cell_with(solved, 'show("wild")')
    _, first, second, third, finite = printed(cell).splitlines()
    assert first.startswith("epoch 1: loss ")
    assert "perplexity inf; " in second
    assert third == "epoch 3: the loss is nan; try a lower learning rate"
    assert finite == "True"
    assert [row[:2] for row in table(cell)[1:]] == [["wild", "1"], ["wild", "2"]]
    assert pictures(cell) == 1


PICTURES = ("batches", "truncated", "cells", "model", "causal_mask", "temperature")


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory, warm_python: str) -> NotebookNode:
    return executed(fresh(tmp_path_factory.mktemp("untouched"), NAME), QUICK, warm_python)


@pytest.mark.parametrize("name", [f"figures.{name}()" for name in PICTURES] + ["positions()"])
def test_untouched_every_picture_is_there(untouched: NotebookNode, name: str) -> None:
    assert pictures(cell_with(untouched, name)) == 1


def test_untouched_what_is_not_implemented_is_said_in_one_line(untouched: NotebookNode) -> None:
    folder = "student/models/language_model"
    for line in ('if notebook.ready("language_model.batching"):', 'learn("LSTM")'):
        for words in printed(cell_with(untouched, line)).splitlines():
            assert re.fullmatch(rf"This waits for your Batches of one text: {folder}/batching\.py:\d+", words)
    trained = printed(cell_with(untouched, 'show("RNN_TANH", "LSTM", "Transformer")'))
    assert trained == "Not trained yet: RNN_TANH, LSTM, Transformer. The cell that trains it is further up.\n"
    checked = printed(cell_with(untouched, 'notebook.check("RNNModel")'))
    assert re.fullmatch(rf"This waits for your RNNModel: {folder}/RNNModel\.py:\d+\n", checked)
    assert f"0 of {POINTS} points" in printed(cell_with(untouched, "notebook.check()"))
    assert "NOTHING IS STARTED" in printed(cell_with(untouched, "notebook.pack(ID)"))
