"""The race beside the plain loop: both do the same work, and the plain one is the exercise's."""

import json
import statistics
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from autograder.bench.workbench import language_model as bench
from autograder.commands import app
from harness.tree import Tree
from workbench.errors import DataError, WorkbenchError
from workbench.language_model import corpora
from workbench.language_model.models import build
from workbench.metrics import perplexity
from workbench.training.averaging import MovingMean
from workbench.training.hyperparameters import Training
from workbench.training.settings import Settings

WORDS = 3000
LINES = tuple(" ".join(f"w{(7 * i + j * j) % WORDS}" for j in range(20)) for i in range(0, 60 * 20, 20))
SIZES = ("emb_size=8", "hidden_size=8", "num_layers=2", "dropout=0", "batch_size=4", "bptt=6")
MODELS = ("lstm", "transformer", "rnn-tanh")
CORPUS = corpora.TextCorpus("wikitext-2", "words", LINES, LINES[:9], (), "made up")


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "SIZES", SIZES)


@pytest.mark.parametrize("dropout", ["dropout=0", "dropout=0.5"])
def test_both_loops_compute_the_same_losses_and_ours_takes_less_memory(
    tree: Tree, monkeypatch: pytest.MonkeyPatch, dropout: str
) -> None:
    """Also where units are dropped: both drop the same ones."""
    monkeypatch.setattr(bench, "SIZES", (*SIZES, dropout))  # the later one counts
    for race in bench.races(tree, CORPUS, MODELS, batches=12):
        ours, plain = race.workbench, race.plain
        assert len(ours.milliseconds) == len(plain.milliseconds) == 12
        assert len(ours.losses) == len(plain.losses) == 12 + bench.WARM_UP
        assert ours.losses == pytest.approx(plain.losses, abs=1e-4)
        assert ours.losses[-1] != ours.losses[0]
        assert not ours.perplexities
        assert 0 < ours.mebibytes < plain.mebibytes


def test_whole_epochs_are_validated(tree: Tree) -> None:
    for race in bench.races(tree, CORPUS, ("lstm", "transformer"), epochs=2):
        ours, plain = race.workbench, race.plain
        assert len(ours.losses) == len(plain.losses) == 2 * 53  # 1,260 words in 4 columns, 6 steps at a time
        assert len(ours.perplexities) == len(plain.perplexities) == 2
        # A mean of weights that a large learning rate throws about is better than they are, by a third here.
        assert all(mean < weights for mean, weights in zip(ours.perplexities, plain.perplexities, strict=True))
        assert ours.perplexities[1] != ours.perplexities[0]


def test_a_part_of_the_text_can_be_read_more_than_once(tree: Tree) -> None:
    (race,) = bench.races(tree, CORPUS, ("lstm",), batches=10, epochs=3)
    assert len(race.workbench.losses) == 3 * (10 + bench.WARM_UP)
    assert len(race.workbench.perplexities) == 3


def test_the_seed_decides_weights_and_dropout(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "SIZES", (*SIZES, "dropout=0.5"))
    zero, again, one = (next(bench.races(tree, CORPUS, ("lstm",), batches=3, seed=seed)) for seed in (0, 0, 1))
    assert zero.plain.losses == again.plain.losses
    assert zero.plain.losses[0] != one.plain.losses[0]


def test_each_epoch_begins_without_a_hidden_state(tree: Tree) -> None:
    """At a learning rate of nothing and without dropout all epochs have the same losses."""
    still = Training(optimizer="sgd", learning_rate=1e-30, clip=0.25)
    model = build(tree, Settings.of("lstm", "stories", "default", SIZES), 50, torch.device("cpu"))
    columns = model.columns(torch.randint(50, (4 * 25,)), 4, "a text", "batch_size")
    chunks = [model.chunk(columns, row, 6) for row in range(0, len(columns) - 1, 6)]
    race = bench.Race("lstm", 50)
    bench.race(race, model, still, [chunks, chunks])
    for lane in (race.workbench, race.plain):
        assert lane.losses[: len(chunks)] == pytest.approx(lane.losses[len(chunks) :], abs=1e-5)


def test_the_workbench_validates_the_mean_of_its_weights(tree: Tree) -> None:
    torch.manual_seed(0)
    model = build(tree, Settings.of("lstm", "stories", "default", SIZES), 50, torch.device("cpu"))
    columns = model.columns(torch.randint(50, (4 * 25,)), 4, "a text", "batch_size")
    chunks = [model.chunk(columns, row, 6) for row in range(0, len(columns) - 1, 6)]
    training = Training(optimizer="sgd", learning_rate=20.0, clip=0.25, ema=0.999)
    without, with_mean = bench.Race("lstm", 50), bench.Race("lstm", 50)
    for race, ema in ((without, 0.0), (with_mean, 0.999)):
        bench.race(
            race, replace(model, module=deepcopy(model.module)), replace(training, ema=ema), [chunks, chunks], columns
        )
    assert with_mean.workbench.losses == without.workbench.losses, "the training is the same"
    assert without.workbench.perplexities == pytest.approx(without.plain.perplexities, rel=1e-4)
    copy, expected = replace(model, module=deepcopy(model.module)), []
    mean, step = MovingMean(copy.module, 0.999), bench.workbench_step(copy, training, MovingMean(copy.module, 0))
    for number, chunk in enumerate([*chunks, *chunks], 1):
        copy.module.train()
        torch.manual_seed(number - 1)
        step(chunk)
        mean.follow()
        if number % len(chunks) == 0:
            with mean.in_place():
                expected.append(perplexity(*copy.total_loss(columns, len(chunks[0].data))))
    assert with_mean.workbench.perplexities == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("model", MODELS)
def test_the_plain_loop_is_that_of_the_exercise(tree: Tree, model: str) -> None:
    models = tree.models.language_model
    torch.manual_seed(0)
    source = models.batching.batchify(torch.randint(50, (4 * 25,)), 4)
    settings = Settings.of(model, "stories", "default", SIZES)
    module, twin = (build(tree, settings, 50, torch.device("cpu")) for _ in range(2))
    twin.module.load_state_dict(module.module.state_dict())
    chunks = [module.chunk(source, row, 6) for row in range(0, len(source) - 1, 6)]
    step = bench.plain_step(twin.module.train(), settings.training)
    mean = statistics.mean(step(chunk) for chunk in chunks)
    optimizer = torch.optim.SGD(module.module.parameters(), lr=settings.training.learning_rate)
    assert mean == pytest.approx(models.training.train_epoch(module.module, source, optimizer, 6, 0.25))
    for ours, theirs in zip(twin.module.parameters(), module.module.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs)


def test_the_ratio_is_the_median_over_neighbouring_measurements() -> None:
    race = bench.Race("lstm", 10, bench.Lane([1.0, 30.0, 6.0]), bench.Lane([2.0, 40.0, 10.0]))
    assert race.ratio == pytest.approx(0.6)
    race.workbench.losses, race.plain.losses = [3.0, 2.0], [3.0, 2.25]
    assert race.difference == 0.25


def test_more_batches_than_the_text_has_are_refused(tree: Tree) -> None:
    with pytest.raises(WorkbenchError, match="--batches 1000: expected 1 to 50, as many as wikitext-2 has"):
        next(bench.races(tree, CORPUS, ("lstm",), 1000))
    with pytest.raises(WorkbenchError, match="bert"):
        next(bench.races(tree, CORPUS, ("lstm", "bert"), 3))


def test_without_wikitext_the_bench_reads_the_stories_and_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    load = corpora.load

    def missing(name: str, data_root: Path | None = None) -> corpora.TextCorpus:
        if name == "wikitext-2":
            raise DataError("not here")
        return load(name, data_root)

    monkeypatch.setattr(corpora, "load", missing)
    corpus, note = bench.corpus_for(None)
    assert corpus.name == "stories"
    assert "--data-root" in note
    assert "not here" in note, "why"
    with pytest.raises(DataError, match="not here"):  # a folder that was named is not passed over
        bench.corpus_for(tmp_path)


def test_the_command(tmp_path: Path) -> None:
    for name in ("train", "valid", "test"):
        (tmp_path / f"{name}.txt").write_text("\n".join(LINES) + "\n")
    options = ("--tree", "solution", "--data-root", tmp_path, "--batches", 3, "--models", "lstm, transformer")
    done = CliRunner().invoke(app, ["bench", "language-model", *map(str, options), "--json", str(tmp_path / "b.json")])
    assert done.exit_code == 0, done.output
    assert "plain loop" in done.output
    measurements = json.loads((tmp_path / "b.json").read_text())
    assert list(measurements) == ["lstm", "transformer"]
    assert measurements["lstm"]["ratio"] > 0
    assert len(measurements["lstm"]["workbench"]["milliseconds"]) == 3
