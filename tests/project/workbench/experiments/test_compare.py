"""Runs side by side: the table, what differs, and what is not accepted as tuning."""

from __future__ import annotations

import math

import pytest
from typer.testing import CliRunner

from tests.project.workbench.made_up import make_run
from workbench.commands.app import app
from workbench.errors import WorkbenchError
from workbench.experiments import compare
from workbench.pictures import plots
from workbench.training.run_folder import EVALUATED


@pytest.fixture
def make(tmp_path):
    """Make a run in a folder of its own, and read what compare reads of it."""

    def make(name, model="lstm", preset="default", *changes, **more):
        return compare.Summary.read(make_run(tmp_path / name, model, preset, *changes, **more))

    return make


def cells(runs):
    return {row.label: row.cells for row in compare.table(runs)}


def best(runs, splits=compare.CHOSEN_BY):
    return {row.label: set(row.best) for row in compare.table(runs, splits)}


def said(*runs):
    """The notes, without the folders that the runs are in."""
    folder = runs[0].name.rpartition("/")[0]
    return [note.replace(folder + "/", "") for note in compare.notes(runs)]


def test_the_table_has_the_numbers_of_the_best_epoch(make):
    run = make("a", losses=(3.0, 2.0, 2.5))
    values = {label: value for label, (value,) in cells([run]).items()}
    assert values == {
        "model": "lstm",
        "data": "captions",
        "preset": "default",
        "parameters": "1,234,567",
        "epochs (best)": "3 (2)",
        "training loss": "1.500",
        "training perplexity": f"{math.exp(1.5):.2f}",
        "validation loss": "2.000",
        "validation perplexity": f"{math.exp(2):.2f}",
        "validation perplexity, own tokens": f"{math.exp(3):.2f}",
        "validation BLEU": "30.00",
        "validation BLEU, lower-cased tokens": "32.00",
        "validation chrF": "50.00",
        "minutes": "1.5",
        "device": "cpu",
    }


def test_the_loss_is_that_of_the_weights_that_were_kept(make, tmp_path):
    make("a", losses=(3.0, 2.0))
    (tmp_path / "a" / "result.json").write_text('{"loss": 1.75}')  # a mean of several epochs was better
    assert cells([compare.Summary.read(tmp_path / "a")])["validation loss"] == ("1.750",)


def test_only_settings_that_differ_have_a_row(make):
    runs = [make("a"), make("b", "lstm", "default", "dropout=0.5"), make("c", "transformer")]
    values = cells(runs)
    assert values["dropout"] == ("0.2", "0.5", "0.2")
    assert values["emb_size"] == ("128", "128", "-")
    assert values["num_heads"] == ("-", "-", "2")
    assert "batch_size" not in values
    assert "dropout" not in cells(runs[:1])


def test_the_best_of_each_row_is_marked_low_loss_and_high_scores(make):
    marked = best([make("a", losses=(3.0,)), make("b", losses=(2.0,)), make("c", losses=(4.0,))])
    for label in ("validation loss", "validation perplexity", "validation BLEU", "validation chrF"):
        assert marked[label] == {1}, label
    assert not marked["training loss"]
    assert not marked["minutes"]


def test_the_test_split_is_shown_when_asked_for_and_no_best_of_it_is_marked(make):
    runs = [make("a", losses=(3.0,)), make("b", losses=(2.0,), evaluated=("validation",))]
    rows = {row.label: row for row in compare.table(runs, EVALUATED)}
    shown = {label: (row.cells, set(row.best)) for label, row in rows.items() if label.startswith("test ")}
    assert shown == {
        "test perplexity": ((f"{math.exp(3):.2f}", "-"), set()),
        "test perplexity, own tokens": ((f"{math.exp(4):.2f}", "-"), set()),
        "test BLEU": (("20.00", "-"), set()),
        "test BLEU, lower-cased tokens": (("22.00", "-"), set()),
        "test chrF": (("40.00", "-"), set()),
    }
    assert not best([make("c", losses=(3.0,)), make("d", losses=(2.0,))], EVALUATED)["test BLEU"]
    asked = [note for note in compare.notes(runs, EVALUATED) if "not evaluated" in note]
    assert asked == [
        f"{runs[1].name} is not evaluated on test yet: python -m workbench evaluate {runs[1].name} --split test"
    ]


def test_equal_values_are_marked_together_and_a_row_of_equals_not_at_all(make):
    a, b, c = make("a", losses=(2.0,)), make("b", losses=(2.0,)), make("c", losses=(3.0,))
    assert best([a, b, c])["validation loss"] == {0, 1}
    assert best([a, b])["validation loss"] == set()
    assert best([a])["validation loss"] == set()


def test_what_is_not_measured_is_a_dash_and_a_command(make):
    a, b = make("a", evaluated=()), make("b", "lstm", "tuned", evaluated=("validation",))
    assert cells([a, b])["validation BLEU"] == ("-", "30.00")
    assert "validation BLEU" not in cells([a])
    commands = [note.partition(": ")[2] for note in said(a, b) if "evaluated" in note]
    assert commands == ["python -m workbench evaluate a --split validation"]


def test_runs_that_have_not_ended_are_named(make):
    a = make("a", losses=(), evaluated=(), finished=False)
    b = make("b", losses=(3.0, 2.0), finished=False)
    assert cells([a, b])["validation loss"] == ("-", "2.000")
    notes = said(a, b)
    assert "a has not come to the end of an epoch yet." in notes
    assert any(note.startswith("b has not come to its end, only to epoch 2 of 10") for note in notes)
    assert not any("evaluate a" in note for note in notes)


def test_a_run_that_diverged_is_the_worst_and_said_so(make, tmp_path):
    a, b = make("a"), make("b", losses=(3.0, 800.0))
    (tmp_path / "b" / "result.json").write_text('{"loss": null}')
    b = compare.Summary.read(tmp_path / "b")
    assert cells([a, b])["validation loss"] == ("2.000", "-")
    assert "b has diverged: after 2 epochs its loss was no longer a finite number." in said(a, b)
    plots.curves(compare.histories([a, b]))  # exp(800) is infinite


def test_different_data_are_not_comparable(make):
    assert any("different data" in note for note in said(make("a"), make("b", data="multi30k")))
    assert not any("different data" in note for note in said(make("c"), make("d", "rnn")))


def test_the_loss_of_smoothed_labels_is_told(make):
    notes = said(make("a"), make("b", "lstm", "tuned"))
    assert any(note.startswith("The training loss of b is that of smoothed labels") for note in notes)


# Tuning


@pytest.mark.parametrize(
    ("model", "changes", "words"),
    [
        ("lstm", ["epochs=20"], "b changes nothing of a but the number of epochs (10, now 20)."),
        ("lstm", ["early_stopping=3"], "b changes nothing of a but when training stops."),
        ("lstm", ["seed=7"], "b changes nothing of a but incidental settings such as the seed."),
        ("lstm", ["epochs=20", "seed=7", "precision=bf16"], "but the number of epochs (10, now 20)."),
        ("lstm-attention", [], "b changes nothing of a but the kind of model (lstm, now lstm-attention)."),
        ("rnn", ["epochs=5"], "but the kind of model (lstm, now rnn) and the number of epochs (10, now 5)."),
    ],
)
def test_what_is_not_accepted_as_tuning(make, model, changes, words):
    notes = said(make("a"), make("b", model, "default", *changes))
    assert any(note.endswith(words) for note in notes), notes
    assert any("does not accept" in note for note in notes)


@pytest.mark.parametrize(
    ("model", "preset", "changes"),
    [
        ("lstm", "tuned", []),
        ("lstm", "default", ["dropout=0.3"]),
        ("lstm", "default", ["epochs=20", "learning_rate=0.002"]),
        ("lstm", "default", ["average=5"]),
        ("lstm-attention", "default", ["hidden_size=512", "emb_size=256"]),
        ("transformer", "default", []),  # another exercise: nothing to hold it against
    ],
)
def test_what_is_accepted(make, model, preset, changes):
    assert not any("does not accept" in note for note in said(make("a"), make("b", model, preset, *changes)))


def test_a_run_is_held_against_the_default_of_its_own_model_in_any_order(make):
    tuned = make("lstm-tuned", "lstm", "default", "epochs=30")
    runs = [tuned, make("rnn", "rnn"), make("lstm"), make("transformer", "transformer")]
    assert [(run.name, before.name) for run, before in compare.pairs(runs)] == [
        (tuned.name, runs[2].name),
        (runs[2].name, runs[1].name),
    ]


def test_runs_on_different_data_are_no_pair(make):
    assert not compare.pairs([make("a"), make("b", "lstm", "default", "epochs=30", data="multi30k")])


# Names and commands


@pytest.mark.parametrize(
    ("folders", "names"),
    [
        (["x/captions-rnn-default", "x/captions-rnn-tuned"], ["default", "tuned"]),
        (["x/captions-rnn-default", "x/captions-large"], ["rnn-default", "large"]),
        (["x/mine", "x/captions-rnn-tuned"], ["mine", "captions-rnn-tuned"]),
        (["x/captions-a", "x/a"], ["captions-a", "a"]),
        (["x/captions-rnn-default"], ["captions-rnn-default"]),
        (["x/rnn", "x/rnn-2"], ["rnn", "rnn-2"]),
        (["x/rnn", "y/rnn"], None),
    ],
)
def test_short_names_tell_runs_apart(tmp_path, folders, names):
    runs = [compare.Summary.read(make_run(tmp_path / folder, "rnn")) for folder in folders]
    assert compare.short_names(runs) == (names or [run.name for run in runs])


def test_names_of_different_models_keep_the_models(make):
    runs = [make("captions-lstm-default"), make("captions-lstm-attention-default", "lstm-attention")]
    assert compare.short_names(runs) == ["lstm-default", "lstm-attention-default"]


def test_names_in_brackets_are_shown(make, monkeypatch):
    """As they are, since rich would take them for its markup; in a command they are quoted."""
    a, b = make("[neu]", evaluated=()), make("[alt]")
    monkeypatch.setenv("COLUMNS", "100")
    said = CliRunner().invoke(app, ["compare", a.name, b.name]).output
    assert said.count("[neu]") >= 2, "in the head of the table and in a note"
    assert "[alt]" in said
    assert f'python -m workbench evaluate "{a.name}" --split validation' in " ".join(said.split())


def test_the_command_prints_the_table_and_draws_the_curves(make, tmp_path, monkeypatch):
    a, b = make("default"), make("long", "lstm", "default", "epochs=20")
    monkeypatch.setenv("COLUMNS", "100")
    done = CliRunner().invoke(app, ["compare", a.name, b.name, "--picture", str(tmp_path / "curves.png")])
    assert done.exit_code == 0, done.output
    assert "validation perplexity" in done.output
    assert "test perplexity" not in done.output
    assert "test perplexity" in CliRunner().invoke(app, ["compare", a.name, b.name, "--split", "test"]).output
    assert "the number of epochs (10, now 20)" in done.output
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")


def test_a_folder_without_a_run_is_told(tmp_path):
    with pytest.raises(WorkbenchError, match="holds no run"):
        compare.read([tmp_path])
    with pytest.raises(WorkbenchError, match="no curves yet"):
        compare.histories(compare.read([make_run(tmp_path / "a", "rnn", losses=(), evaluated=(), finished=False)]))
