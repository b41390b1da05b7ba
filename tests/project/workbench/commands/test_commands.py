"""The commands as they are typed: with the solution, small models and few sentences.

Most are typed in this process, which has imported torch and spaCy already; those on processes and folders are not.
"""

import contextlib
import errno
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import IO

import pytest

from tests.project.workbench import trees
from workbench.commands import app
from workbench.errors import WorkbenchError
from workbench.training.run_folder import Run
from workbench.translation.commands import translate

ROOT = Path(__file__).resolve().parents[4]
TINY = ("first=96", "batch_size=24", "epochs=2", "learning_rate=0.01")
SHAPES = {
    "lstm-attention": ("emb_size=8", "hidden_size=8"),
    "transformer-encoder": ("hidden_dim=8", "num_heads=2", "head_dim=4", "dim_feedforward=8"),
    "transformer": ("hidden_dim=8", "num_heads=2", "dim_feedforward=8", "num_layers_enc=1", "num_layers_dec=1"),
}
Result = subprocess.CompletedProcess[str]


def workbench(*arguments: object, given: str | None = None) -> Result:
    """Type a command in the project's root."""
    line, code = ["workbench", *map(str, arguments)], 0
    with (
        trees.forgotten(),
        pytest.MonkeyPatch.context() as patch,
        contextlib.chdir(ROOT),
        contextlib.redirect_stdout(io.StringIO()) as out,
        contextlib.redirect_stderr(io.StringIO()) as err,
    ):
        patch.setattr(sys, "argv", line)
        patch.setattr(sys, "stdin", io.StringIO(given or ""))
        try:
            app.main()
        except SystemExit as stopped:
            code = int(stopped.code or 0)
    return Result(line, code, out.getvalue(), err.getvalue())


def typed(
    python: str, *arguments: object, root: Path = ROOT, stdout: IO[str] | int = subprocess.PIPE, **environment: str
) -> Result:
    """The same in a process of its own."""
    line = [python, "-m", "workbench", *map(str, arguments)]
    environment = os.environ | environment
    return subprocess.run(
        line, cwd=root, env=environment, stdout=stdout, stderr=subprocess.PIPE, text=True, timeout=250
    )


def settings(model: str, *more: str) -> list[str]:
    return [part for change in (*TINY, *SHAPES[model], *more) for part in ("--set", change)]


def train(model: str, runs: Path, *options: str) -> Path:
    result = workbench(
        "train", "--tree", "solution", "--model", model, "--runs", runs, "--name", model, *settings(model), *options
    )
    assert result.returncode == 0, result.stderr
    assert "validation perplexity" in result.stdout
    return runs / model


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def transformer(runs: Path) -> Path:
    return train("transformer", runs)


@pytest.fixture(scope="module")
def recurrent(runs: Path) -> Path:
    return train("lstm-attention", runs)


def test_training_leaves_a_run_that_tells_all(transformer):
    for name in ("settings.json", "text.json", "best.safetensors", "result.json", "about.json", "samples.json"):
        assert (transformer / name).is_file(), name
    assert list((transformer / "tensorboard").iterdir())
    lines = [json.loads(line) for line in (transformer / "log.jsonl").read_text().splitlines()]
    assert [line["epoch"] for line in lines] == [1, 2]
    assert lines[1]["train_loss"] < lines[0]["train_loss"]


def test_tensorboard_shows_what_the_model_has_said_and_where_it_looked(transformer):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(transformer / "tensorboard"))
    events.Reload()
    texts = [event.tensor_proto.string_val[0].decode() for event in events.Tensors("samples/text_summary")]
    samples = json.loads((transformer / "samples.json").read_text("utf-8"))
    assert [sample["epoch"] for sample in samples] == [1, 2]
    assert texts == ["\n\n".join(sample["sentences"]) for sample in samples]
    assert [event.encoded_image_string[:4] for event in events.Images("attention")] == [b"\x89PNG"] * 2


def test_evaluation_covers_every_sentence_in_both_regimes(transformer, tmp_path):
    result = workbench("evaluate", transformer, "--json", tmp_path / "out.json")
    assert result.returncode == 0, result.stderr
    figures = json.loads((tmp_path / "out.json").read_text())
    assert figures["sentences"] == 500
    assert figures["perplexity"] != figures["free_perplexity"]
    assert "version:" in figures["bleu_signature"]
    assert "its own previous tokens" in result.stdout
    assert "case:lc" in figures["bleu_signature"]
    assert json.loads((transformer / "validation.json").read_text())["bleu"] == figures["bleu"]


def test_translation_of_arguments_and_of_lines_is_the_same(recurrent, tmp_path):
    sentences = ["Ein Mann schläft.", "Zwei Frauen spielen im Park."]
    result = workbench("translate", recurrent, *sentences, "--attention", tmp_path / "seen.png")
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "seen.png").read_bytes().startswith(b"\x89PNG")
    piped = workbench("translate", recurrent, given="\n".join(sentences))
    assert piped.stdout.splitlines() == result.stdout.splitlines()[:2]
    apart = workbench("translate", recurrent, given="\n\n".join(sentences)).stdout.split("\n")
    assert apart == [piped.stdout.splitlines()[0], "", piped.stdout.splitlines()[1], ""], "lines belong together"


def test_a_sentence_that_does_not_fit_is_named(transformer):
    result = workbench("translate", transformer, given="Ein Mann schläft.\n" + "Ein Mann " * 60)
    assert result.returncode == 1
    assert re.match(
        r"Stopped: sentence 2 has 122 tokens with <sos> and <eos>, and this model has \d+ pos", result.stderr
    )
    assert result.stdout == ""


@pytest.mark.parametrize("handler", ["strict", "surrogateescape"])
def test_an_input_that_is_not_utf_8_is_explained_with_its_line(recurrent, monkeypatch, handler):
    """Under C.UTF-8 Python lets such bytes through, as halves of surrogate pairs."""
    lines = io.BytesIO(b"Ein Hund.\nEin M\xe4dchen schl\xe4ft.\n")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(lines, "utf-8", handler))
    with pytest.raises(
        WorkbenchError, match=r'line 2 of the input: expected text in UTF-8, found "Ein M\\xe4dchen sch'
    ):
        translate(recurrent)


def test_a_sentence_that_is_not_utf_8_is_explained(recurrent, writer):
    result = workbench("translate", recurrent, "Ein M\udce4dchen")
    assert result.stderr.startswith('Stopped: a sentence: expected text in UTF-8, found "Ein M\\xe4dchen"')
    result = workbench("generate", writer, "--prompt", "a M\udce4dchen")
    assert result.stderr.startswith('Stopped: --prompt: expected text in UTF-8, found "a M\\xe4dchen"')


def test_a_terminal_without_our_letters_shows_the_rest(recurrent):
    result = typed(sys.executable, "evaluate", recurrent, PYTHONIOENCODING="ascii", LC_ALL="C")
    assert result.returncode == 0, result.stderr
    assert "perplexity" in result.stdout
    assert "\\xf6" in result.stdout


@pytest.mark.needs("file /dev/full")
def test_an_output_that_is_full_is_one_sentence(recurrent):
    with open("/dev/full", "w") as full:
        result = typed(sys.executable, "compare", recurrent, stdout=full)
    assert result.returncode == 1
    assert result.stderr.startswith("Stopped: there is no room left for what this command prints or writes (No space ")
    assert len(result.stderr.splitlines()) == 1


def test_a_run_that_may_only_be_read_still_shows_its_numbers(recurrent, tmp_path, monkeypatch):
    def closed(run, name, content):
        raise PermissionError(errno.EACCES, "Permission denied", str(run.folder / name))

    monkeypatch.setattr(Run, "write_json", closed)
    result = workbench("evaluate", recurrent, "--json", tmp_path / "out.json")
    assert result.returncode == 0
    assert "perplexity" in result.stdout
    assert "validation.json cannot be written (Permission denied), so `compare` and `report` lack" in result.stderr
    assert json.loads((tmp_path / "out.json").read_text())["bleu"] >= 0


@pytest.mark.parametrize("name", ["..", ".", "a/b"])
def test_a_runs_name_leads_nowhere_else(tmp_path, name):
    (tmp_path / "runs").mkdir()
    (tmp_path / "mine").write_text("years of work")
    options = ("--runs", tmp_path / "runs", "--name", name, "--overwrite")
    result = workbench("train", "--tree", "solution", "--model", "rnn", *options)
    assert result.returncode == 1
    assert result.stderr.startswith(f"Stopped: --name '{name}': expected the name of one folder")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine", "runs"]


def test_a_model_without_attention_says_so(runs, tmp_path):
    run = train("transformer-encoder", runs)
    result = workbench("translate", run, "Ein Mann schläft.", "--attention", tmp_path / "seen.png")
    assert result.returncode == 1
    assert result.stderr.startswith("Stopped: this model has no attention to show; those of rnn-attention, ")
    assert not (tmp_path / "seen.png").exists()


def test_what_is_not_implemented_is_named_before_anything_is_trained(tmp_path):
    result = workbench("train", "--tree", "student", "--model", "lstm", "--runs", tmp_path)
    assert result.returncode == 1
    assert "seq2seq.Seq2Seq is not implemented yet: student/models/seq2seq/Seq2Seq.py:" in result.stderr
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "captions-lstm-default").exists()


def test_a_run_is_not_overwritten_by_accident(transformer):
    before = (transformer / "best.safetensors").read_bytes()
    result = workbench(
        "train", "--tree", "solution", "--model", "transformer", "--runs", transformer.parent, "--name", "transformer"
    )
    assert result.returncode == 1
    assert "--resume" in result.stderr
    assert (transformer / "best.safetensors").read_bytes() == before


def test_a_wrong_option_is_explained(tmp_path):
    result = workbench("train", "--runs", tmp_path, "--model", "rnn", "--set", "hiden_size=3")
    assert result.returncode == 1
    assert "Did you mean hidden_size?" in result.stderr
    assert "Traceback" not in result.stderr
    assert not list(tmp_path.iterdir())


def test_a_search_goes_on_where_it_was_stopped(tmp_path, warm_python):
    options = ["--tree", "solution", "--folder", tmp_path / "tuning", "--model", "transformer-encoder"]
    fixed = ["hidden_dim=8", "dim_feedforward=8", "head_dim=4", "batch_size=32"]
    changes = [part for change in ("first=48", "epochs=1", *fixed) for part in ("--set", change)]
    first = workbench("tune", *options, *changes, "--trials", "1")
    assert first.returncode == 0, first.stderr
    refused = workbench("tune", *options, *changes, "--set", "epochs=2", "--trials", "2")
    assert refused.returncode == 1
    assert "epochs=1, not 2" in refused.stderr
    resumed = typed(warm_python, "tune", *options, *changes, "--trials", "3", "--workers", "2")
    assert resumed.returncode == 0, resumed.stderr
    assert resumed.stderr == "", "no warnings of Optuna's"
    assert "trial 0: perplexity" in first.stdout
    assert "trial 0:" not in resumed.stdout
    assert "failed" not in resumed.stdout
    best = resumed.stdout.splitlines()[-1]
    assert "--tree solution --set hidden_dim=8" in best
    assert "--set learning_rate=" in best
    assert best.count("batch_size=") == 1, "what is set is not searched"
    assert "epochs=" not in best
    trials = [json.loads(path.read_text())["settings"]["settings"] for path in tmp_path.rglob("settings.json")]
    assert {trial["batching"]["batch_size"] for trial in trials} == {32}
    assert len({trial["training"]["learning_rate"] for trial in trials}) == len(trials) >= 3
    assert (tmp_path / "tuning" / "captions-transformer-encoder.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    "command",
    [
        ("tune", "--model", "gru", "--workers", "0"),
        ("tune", "--model", "gru", "--trials", "0"),
    ],
)
def test_none_of_what_a_command_counts_is_refused(command):
    result = workbench(*command)
    assert result.returncode == 2
    assert command[-2] in result.stderr


def test_a_picture_that_cannot_be_saved_is_refused_before_the_work(tmp_path):
    result = workbench("compare", tmp_path / "no run", "--picture", "c.foo")
    assert result.returncode == 1
    assert result.stderr.startswith("Stopped: c.foo: a picture can be .png, .pdf, .svg;")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("", "is a folder"),
        ("file/numbers.json", "is no folder"),
        ("file", "this command has not made it"),
        ("pipe", "is no ordinary file"),
    ],
)
@pytest.mark.parametrize("command", [("evaluate", "no run"), ("profile", "--model", "gru")])
def test_numbers_replace_nothing_but_numbers_and_that_is_said_before_the_work(tmp_path, command, name, words):
    (tmp_path / "file").write_text("mine")
    os.mkfifo(tmp_path / "pipe")
    result = workbench(*command, "--json", tmp_path / name)
    assert result.returncode == 2
    assert words in " ".join(result.stderr.replace("│", " ").split())
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize(
    ("file", "command"),
    [
        ("profile.png", ("profile", "--model", "gru", "--picture")),
        ("captions-lstm.png", ("tune", "--model", "lstm", "--tree", "solution", "--folder")),
        ("stories.png", ("sweep", "--tree", "solution", "--folder")),
        ("stories.json", ("sweep", "--tree", "solution", "--folder")),
    ],
)
def test_a_picture_replaces_nothing_but_a_picture_of_ours(tmp_path, file, command):
    (tmp_path / file).write_bytes(b"\x89PNG of a cat")
    result = workbench(*command, tmp_path / file if command[-1] == "--picture" else tmp_path)
    assert result.returncode == 1
    assert result.stderr.startswith(f"Stopped: {tmp_path / file} is there already, and this command has not made it; ")
    assert [path.name for path in tmp_path.iterdir()] == [file]


def test_a_run_below_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("mine")
    result = workbench("train", "--tree", "solution", "--model", "rnn", "--runs", tmp_path / "file")
    assert result.returncode == 1
    assert result.stderr.startswith(f"Stopped: {tmp_path / 'file'} is a file, so the run cannot be kept in ")


def test_ctrl_c_saves_and_resume_goes_on_with_the_runs_tree_and_settings(tmp_path, warm_python):
    changes = settings("lstm-attention", "epochs=500")
    options = ["--model", "lstm-attention", "--runs", tmp_path, "--name", "run"]
    command = [warm_python, "-m", "workbench", "train", *options, "--tree", "solution", *changes]
    with subprocess.Popen(list(map(str, command)), cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        while not (tmp_path / "run" / "last" / "state.json").exists():
            time.sleep(0.05)
            assert process.poll() is None
        for more in ("--resume", "--overwrite", "--data=captions"):
            assert workbench("train", *options, "--tree", "solution", more).stderr == (
                f"Stopped: {tmp_path / 'run'} is being trained by another process; wait until that ends, "
                "or choose another --name\n"
            )
        process.send_signal(signal.SIGINT)
        errors = process.communicate(timeout=100)[1]
    assert process.returncode == 1
    assert "--resume" in errors
    assert "Traceback" not in errors
    refused = workbench("train", *options, "--resume", "--set", "epochs=501")
    assert refused.returncode == 1
    assert "was begun with epochs=500" in refused.stderr
    # Not for 500 epochs: what resume reads is the run's own.
    stored = tmp_path / "run" / "settings.json"
    stored.write_text(stored.read_text().replace('"epochs": 500', '"epochs": 1'))
    resumed = workbench("train", *options, "--resume")
    assert resumed.returncode == 0, resumed.stderr
    assert "going on after step" in resumed.stderr


def test_a_search_says_what_is_not_implemented(tmp_path):
    result = workbench("tune", "--model", "lstm", "--tree", "student", "--folder", tmp_path, "--trials", "1")
    assert result.returncode == 1
    assert result.stderr.startswith("Stopped: seq2seq.Seq2Seq is not implemented yet: student/models/")
    assert "Traceback" not in result.stderr
    assert not list(tmp_path.iterdir())


def test_the_commands_work_from_the_unpacked_handout(tmp_path, warm_python):
    archive = tmp_path / "handout.zip"
    packing = subprocess.run(
        [warm_python, "-m", "autograder", "handout", "--zip", archive], cwd=ROOT, capture_output=True, text=True
    )
    assert packing.returncode == 0, packing.stdout + packing.stderr
    shutil.unpack_archive(archive, tmp_path)
    (root,) = (path for path in tmp_path.iterdir() if path.is_dir())
    result = typed(warm_python, "train", "--model", "rnn", root=root)
    assert "seq2seq.Seq2Seq is not implemented yet: student/models/seq2seq/Seq2Seq.py:" in result.stderr


# Language models

GRU = ("first=1500", "batch_size=10", "epochs=1", "hidden_size=8", "num_layers=1", "learning_rate=5")


@pytest.fixture(scope="module")
def writer(runs: Path) -> Path:
    changes = [part for change in GRU for part in ("--set", change)]
    result = workbench("train", "--tree", "solution", "--model", "gru", "--runs", runs, *changes)
    assert result.returncode == 0, result.stderr
    assert "validation perplexity" in result.stdout
    return runs / "stories-gru-default"


def test_a_language_model_is_trained_on_our_stories_and_measured(writer, tmp_path):
    for name in ("settings.json", "vocabulary.json", "best.safetensors", "result.json", "samples.json"):
        assert (writer / name).is_file(), name
    result = workbench("evaluate", writer, "--split", "test", "--json", tmp_path / "out.json")
    assert result.returncode == 0, result.stderr
    figures = json.loads((tmp_path / "out.json").read_text())
    assert json.loads((writer / "test.json").read_text())["perplexity"] == figures["perplexity"]
    assert f"{figures['perplexity']:.2f}" in result.stdout
    assert figures["note"] in result.stdout
    compared = workbench("compare", writer)
    assert "validation perplexity" in compared.stdout
    assert "test perplexity" not in compared.stdout


def test_a_language_model_continues_prompts_and_lines(writer):
    options = ["--length", "6", "--seed", "3"]
    result = workbench("generate", writer, "--prompt", "Max had a", "--prompt", "Lena", *options)
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    assert result.stdout.startswith("Max had a ")
    assert "Lena " in result.stdout
    assert len(result.stdout.split()) <= 3 + 6 + 1 + 6
    assert workbench("generate", writer, "--prompt", "-", *options, given="Max had a\nLena\n").stdout == result.stdout
    assert (
        workbench("generate", writer, "--prompt", "Max had a", "--length", "6", "--seed", "4").stdout
        not in result.stdout
    )
    alone = workbench("generate", writer, *options, given="Max had a\n")
    assert alone.returncode == 0, alone.stderr
    assert not alone.stdout.startswith("Max had a"), "the input is only read for --prompt -"
    odd = workbench("generate", writer, "--prompt", "Max had a spaceship", "--greedy", "--length", "2")
    assert "read as <unk>: spaceship" in odd.stderr
    assert odd.stdout.startswith("Max had a spaceship")
    plain = workbench("generate", writer, "Max had a")
    assert plain.returncode == 2
    assert "'Max had a' follows no option" in plain.stderr
    assert "--prompt" in plain.stderr


def test_what_is_of_another_part_is_refused(writer, transformer, tmp_path):
    wrong = workbench("translate", writer, "Ein Hund.")
    assert wrong.stderr.endswith("is a run of language models: `generate` lets it write\n")
    wrong = workbench("generate", transformer, "--prompt", "a")
    assert wrong.stderr.endswith("is a run of translation: `translate` asks it for translations\n")
    wrong = workbench("report", writer, "--out", tmp_path / "report")
    assert "the report is on translation, and these are runs of language models" in wrong.stderr
    assert not (tmp_path / "report").exists()
    wrong = workbench("train", "--model", "gru", "--data", "captions", "--runs", tmp_path)
    assert "gru is trained with --data stories, shakespeare or wikitext-2" in wrong.stderr
    assert "Traceback" not in wrong.stderr


def test_a_language_model_that_is_not_written_is_named(tmp_path):
    result = workbench("train", "--tree", "student", "--model", "gru", "--runs", tmp_path)
    assert result.returncode == 1
    assert "language_model.RNNModel is not implemented yet: student/models/language_model/RNNModel.py:" in result.stderr
    assert not list(tmp_path.iterdir())


def test_language_models_are_searched(tmp_path):
    fixed = ["first=400", "epochs=1", "emb_size=12", "hidden_size=8", "num_layers=1", "batch_size=4"]
    changes = [part for change in fixed for part in ("--set", change)]
    options = ["--model", "transformer", "--data", "stories", "--tree", "solution", "--folder", tmp_path]
    result = workbench("tune", *options, *changes, "--trials", "2")
    assert result.returncode == 0, result.stderr
    assert "train --model transformer --data stories --name stories-transformer-tuned --tree solution" in result.stdout
    assert "--set norm_first=" in result.stdout
