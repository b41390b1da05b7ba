"""What the cells of every notebook call."""

import dataclasses
import shutil
import sys
import types

import pytest

from tests.project.workbench.notebooks import ROOT
from workbench import notebook as cells
from workbench.notebook import Notebook, one_line_errors
from workbench.training import launch
from workbench.training.records import Interrupted


def test_a_todo_is_said_and_other_errors_are_shown(capsys):
    def todo() -> None:
        raise NotImplementedError("seq2seq.Decoder")

    one_line_errors(todo)()
    assert capsys.readouterr().out.startswith("seq2seq.Decoder is not implemented yet: ")
    with pytest.raises(ValueError, match="mine"):
        one_line_errors(lambda: (_ for _ in ()).throw(ValueError("mine")))()


@pytest.mark.parametrize("words", ['("naive.RNN")', "", "()", "('later')"])
def test_a_todo_that_is_left_is_waited_for(tmp_path, capsys, words):
    """The constructor is begun and the step is not: started, and still nothing to run, whatever the raise says."""
    folder = tmp_path / "models" / "naive"
    folder.mkdir(parents=True)
    source = (ROOT / "student/models/naive/RNN.py").read_text("utf-8")
    line = "        self.output_size = output_size\n"
    assert source.count(line) == 1
    begun = source.replace(line, f"{line}        self.hidden_layer = None\n")
    begun = begun.replace('NotImplementedError("naive.RNN")', f"NotImplementedError{words}")
    (folder / "RNN.py").write_text(begun, "utf-8")
    assert not Notebook(str(tmp_path)).ready("naive.RNN")
    number = begun.split("raise NotImplementedError")[0].count("\n") + 1
    assert capsys.readouterr().out == f"This waits for your RNN: {tmp_path.name}/models/naive/RNN.py:{number}\n"


def test_tests_are_run_as_soon_as_one_of_those_named_is_started(tmp_path, monkeypatch, capsys):
    shutil.copytree(ROOT / "student" / "models", tmp_path / "models")
    shutil.copy(ROOT / "solution/models/seq2seq/Encoder.py", tmp_path / "models/seq2seq/Encoder.py")
    notebook = Notebook(str(tmp_path))
    started = []
    monkeypatch.setattr(notebook, "_run", lambda *command: started.append(command))
    notebook.check("RNN", "LSTM")
    assert [line.split(":")[0] for line in capsys.readouterr().out.splitlines()] == [
        "This waits for your RNN",
        "This waits for your LSTM",
    ]
    notebook.check("Decoder", "Encoder")
    assert started == [("-m", "tests", "Decoder", "Encoder", "--tree", str(tmp_path))]
    assert capsys.readouterr().out == ""


def test_what_is_switched_off_is_said_and_passed_over(monkeypatch, capsys):
    notebook = Notebook(str(ROOT / "solution"))
    assert notebook.ready("naive.RNN")
    others = tuple(deliverable for deliverable in notebook.assignment.deliverables if deliverable.part != "naive")
    notebook.assignment = dataclasses.replace(notebook.assignment, deliverables=others)
    started = []
    monkeypatch.setattr(notebook, "_run", lambda *command: started.append(command))
    assert not notebook.ready("naive.RNN")
    notebook.check("RNN")
    assert capsys.readouterr().out == "This is not part of your assignment.\n" * 2
    notebook.check("LSTM", "Encoder")
    assert started == [("-m", "tests", "Encoder", "--tree", str(ROOT / "solution"))]


@pytest.mark.parametrize(("packed", "offered"), [(True, 1), (False, 0)])
def test_an_archive_of_before_is_not_offered_after_a_refusal(tmp_path, monkeypatch, packed, offered):
    downloads = []
    files = types.SimpleNamespace(download=downloads.append)
    monkeypatch.setitem(sys.modules, "google.colab", types.SimpleNamespace(files=files))
    monkeypatch.setattr(cells, "ROOT", tmp_path)
    notebook = cells.Notebook(str(ROOT / "solution"))
    monkeypatch.setattr(notebook, "_run", lambda *command: packed)
    archive = tmp_path / cells.archive_name(notebook.assignment, ["ab12"])
    archive.write_bytes(b"older")
    notebook.pack("ab12")
    assert downloads == [str(archive)] * offered


def test_a_command_that_fails_is_noticed(capsys):
    run = Notebook(str(ROOT / "solution"))._run
    assert (run("-c", "print('fine')"), run("-c", "print('refused'); exit(1)")) == (True, False)
    assert capsys.readouterr().out == "fine\nrefused\n"
    assert not run("-c", "breakpoint()")
    assert capsys.readouterr().out.endswith(
        "A breakpoint needs a terminal where you can type: run `python -m tests NAME` there.\n"
    )


@pytest.mark.parametrize(
    ("epochs", "words"), [(0, "Stopped before the end of the first epoch"), (1, "Stopped. The best epoch so far")]
)
def test_a_training_that_was_stopped_leaves_no_older_model(tmp_path, monkeypatch, capsys, epochs, words):
    def stopped(settings, folder, *arguments, **options):
        folder.mkdir(parents=True)
        if epochs:
            (folder / "best.safetensors").touch()
        raise Interrupted("The same command with --resume goes on from there")

    monkeypatch.setattr(launch, "train", stopped)
    notebook = Notebook(str(ROOT / "solution"))
    notebook.runs, notebook._trained = tmp_path, {"rnn": object(), "lstm": object()}
    notebook.train("rnn")
    output = capsys.readouterr().out
    assert words in output
    assert "--resume" not in output
    assert notebook._trained.keys() == {"lstm"}
