"""The commands as they are typed: with the solution, small models and few sentences."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TINY = ("first=96", "batch_size=24", "epochs=2", "learning_rate=0.01")
SHAPES = {
    "lstm-attention": ("emb_size=8", "hidden_size=8"),
    "transformer-encoder": ("hidden_dim=8", "num_heads=2", "head_dim=4", "dim_feedforward=8"),
    "transformer": ("hidden_dim=8", "num_heads=2", "dim_feedforward=8", "num_layers_enc=1", "num_layers_dec=1"),
}


def workbench(*arguments: str, given: str | None = None, root: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Type a command in the project's root."""
    return subprocess.run(
        [sys.executable, "-m", "workbench", *map(str, arguments)],
        cwd=root,
        input=given,
        capture_output=True,
        text=True,
        timeout=250,
    )


def settings(model: str, *more: str) -> list[str]:
    return [part for change in (*TINY, *SHAPES[model], *more) for part in ("--set", change)]


def train(model: str, runs: Path, *options: str) -> Path:
    done = workbench(
        "train", "--tree", "solution", "--model", model, "--runs", runs, "--name", model, *settings(model), *options
    )
    assert done.returncode == 0, done.stderr
    assert "validation perplexity" in done.stdout
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
    for name in ("settings.json", "text.json", "best.safetensors", "result.json", "about.json", "samples.md"):
        assert (transformer / name).is_file(), name
    assert list((transformer / "tensorboard").iterdir())
    lines = [json.loads(line) for line in (transformer / "log.jsonl").read_text().splitlines()]
    assert [line["epoch"] for line in lines] == [1, 2]
    assert lines[1]["train_loss"] < lines[0]["train_loss"]


def test_evaluation_covers_every_sentence_in_both_regimes(transformer, tmp_path):
    done = workbench("evaluate", transformer, "--json", tmp_path / "out.json")
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "out.json").read_text())
    assert found["sentences"] == 500
    assert found["perplexity"] != found["free_perplexity"]
    assert "version:" in found["bleu_signature"]
    assert "its own previous tokens" in done.stdout
    assert json.loads((transformer / "test.json").read_text())["bleu"] == found["bleu"]


def test_translation_of_arguments_and_of_lines_is_the_same(recurrent, tmp_path):
    sentences = ["Ein Mann schläft.", "Zwei Frauen spielen im Park."]
    said = workbench("translate", recurrent, *sentences, "--attention", tmp_path / "seen.png")
    assert said.returncode == 0, said.stderr
    assert (tmp_path / "seen.png").read_bytes().startswith(b"\x89PNG")
    piped = workbench("translate", recurrent, given="\n".join(sentences))
    assert piped.stdout.splitlines() == said.stdout.splitlines()[:2]


def test_a_model_without_attention_says_so(runs, tmp_path):
    run = train("transformer-encoder", runs)
    done = workbench("translate", run, "Ein Mann schläft.", "--attention", tmp_path / "seen.png")
    assert done.returncode == 1
    assert "no attention to show" in done.stderr
    assert not (tmp_path / "seen.png").exists()


def test_what_is_not_implemented_is_named_before_anything_is_trained(tmp_path):
    done = workbench("train", "--tree", "student", "--model", "lstm", "--runs", tmp_path)
    assert done.returncode == 1
    assert "seq2seq.seq2seq is not implemented yet: student/models/seq2seq/Seq2Seq.py:" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "captions-lstm-default").exists()


def test_a_run_is_not_overwritten_by_accident(transformer):
    before = (transformer / "best.safetensors").read_bytes()
    done = workbench(
        "train", "--tree", "solution", "--model", "transformer", "--runs", transformer.parent, "--name", "transformer"
    )
    assert done.returncode == 1
    assert "--resume" in done.stderr
    assert (transformer / "best.safetensors").read_bytes() == before


def test_a_wrong_option_is_explained(tmp_path):
    done = workbench("train", "--runs", tmp_path, "--model", "rnn", "--set", "hiden_size=3")
    assert done.returncode == 1
    assert "Did you mean hidden_size?" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_search_goes_on_where_it_was_stopped(tmp_path):
    options = ["--tree", "solution", "--folder", tmp_path / "tuning", "--model", "transformer-encoder"]
    changes = [part for change in ("first=48", "epochs=1") for part in ("--set", change)]
    first = workbench("tune", *options, *changes, "--trials", "1")
    assert first.returncode == 0, first.stderr
    again = workbench("tune", *options, *changes, "--trials", "2", "--workers", "2")
    assert again.returncode == 0, again.stderr
    assert "trial 0:" in first.stdout
    assert "trial 0:" not in again.stdout
    assert "--set learning_rate=" in again.stdout
    assert (tmp_path / "tuning" / "captions-transformer-encoder.png").read_bytes().startswith(b"\x89PNG")


def test_the_commands_work_from_the_unpacked_handout(tmp_path):
    packed = tmp_path / "handout.zip"
    made = subprocess.run(
        [sys.executable, "-m", "autograder", "handout", "--zip", packed], cwd=ROOT, capture_output=True, text=True
    )
    assert made.returncode == 0, made.stdout + made.stderr
    shutil.unpack_archive(packed, tmp_path)
    (root,) = (path for path in tmp_path.iterdir() if path.is_dir())
    done = workbench("train", "--model", "rnn", root=root)
    assert "seq2seq.seq2seq is not implemented yet: student/models/seq2seq/Seq2Seq.py:" in done.stderr
