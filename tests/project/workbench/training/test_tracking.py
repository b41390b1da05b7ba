"""What is shown of a training: bars for people, lines for files, curves without doubled steps."""

import io
import math
import re
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tqdm import tqdm

from tests.project.workbench.tiny import SignalAt, Tiny
from workbench.training import tracking
from workbench.training.callbacks import Callback
from workbench.training.hyperparameters import Training
from workbench.training.records import Epoch, Interrupted, Step
from workbench.training.run_folder import Run
from workbench.training.tracking import ProgressBar, TensorBoard, describe
from workbench.training.trainer import Trainer

TRAINING = Training(epochs=3, optimizer="sgd", learning_rate=0.1, save_every=4)


class Eager(tqdm):  # type: ignore[type-arg]
    """A bar that is drawn at every step, however fast these are."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options, mininterval=0, miniters=1)


def shown(folder: Path, live: bool | None, *others: Callback, training: Training = TRAINING) -> str:
    """What is written while a run is made, or goes on."""
    stream = io.StringIO()
    run = Run.open(folder) if folder.exists() else Run.create(folder, {})
    trainer = Trainer(Tiny(), training, run, [ProgressBar(stream, live), *others])
    try:
        trainer.fit()
    except Interrupted:
        stream.write("interrupted\n")
    return stream.getvalue()


def test_without_a_terminal_there_is_a_line_an_epoch(tmp_path: Path) -> None:
    text = shown(tmp_path / "run", None)
    log = Run.open(tmp_path / "run").read_log()
    lines = text.splitlines()
    assert len(lines) == 3
    assert "\r" not in text
    for line, epoch in zip(lines, log, strict=True):
        assert line.startswith(f"epoch {epoch['epoch']}/3 ")
        assert f"validation {epoch['validation_loss']:.3f}" in line
        assert f"(perplexity {math.exp(epoch['validation_loss']):.2f})" in line
        assert "tokens/s" in line


def test_a_terminal_gets_a_bar_with_loss_perplexity_speed_and_time_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracking, "tqdm", Eager)
    text = shown(tmp_path / "run", True)
    frames = [frame for frame in re.split(r"[\r\n]", text) if "step/s" in frame or "s/step" in frame]
    full = [frame for frame in frames if re.search(r"loss \d\.\d{3}, perplexity \d+\.\d\d, [\d,]+ tokens/s", frame)]
    counts = {match.groups() for frame in full if (match := re.search(r"epoch (\d)/3.* (\d+)/7 ", frame))}
    assert counts >= {(str(epoch), str(step)) for epoch in (1, 2, 3) for step in range(1, 8)}
    assert all(int(step) <= 7 for _, step in counts)
    assert any(re.search(r"\d\d:\d\d<\d\d:\d\d", frame) for frame in full)
    assert "validating" in text


def test_the_bar_shows_the_epochs_means_over_tokens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracking, "tqdm", Eager)
    means: list[str] = []

    class Means(Callback):
        def __init__(self) -> None:
            self.loss, self.tokens = 0.0, 0

        def on_step(self, trainer: Trainer, step: Step) -> None:
            self.loss += step.loss * step.tokens
            self.tokens += step.tokens
            means.append(f"loss {self.loss / self.tokens:.3f}, perplexity {math.exp(self.loss / self.tokens):.2f},")

        def on_epoch(self, trainer: Trainer, epoch: Epoch) -> None:
            self.loss, self.tokens = 0.0, 0

    text = shown(tmp_path / "run", True, Means())
    assert len(means) == 21
    assert all(mean in text for mean in means)


def test_going_on_is_said_and_the_bar_begins_where_it_was(tmp_path: Path) -> None:
    assert "interrupted" in shown(tmp_path / "run", True, SignalAt(9, signal.SIGINT))
    text = shown(tmp_path / "run", True)
    assert "going on after step 10, in epoch 2" in text
    assert re.search(r"epoch 2/3.* [34]/7 ", text)
    assert not re.search(r"epoch 2/3.* [012]/7 ", text)
    lines = shown(tmp_path / "quiet", None, SignalAt(9, signal.SIGINT)) + shown(tmp_path / "quiet", None)
    assert [line[:7] for line in lines.splitlines() if line.startswith("epoch")] == ["epoch 1", "epoch 2", "epoch 3"]


def test_an_epoch_in_a_line_marks_the_best() -> None:
    epoch = Epoch(7, 70, 1.0, 2.0, 0.1, 500, 2.0)
    assert describe(epoch, 10, best=True) == (
        "epoch  7/10  train 1.000 (perplexity 2.72)  validation 2.000 (perplexity 7.39) *  250 tokens/s  2 s"
    )
    assert "*" not in describe(epoch, 10, best=False)
    classes = Epoch(7, 70, 1.0, 2.0, 0.1, 500, 2.0, validation_accuracy=0.843)
    assert describe(classes, 10, best=True, unit="reviews") == (
        "epoch  7/10  train 1.000  validation 2.000 (accuracy 84.3%) *  250 reviews/s  2 s"
    )


def points(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """What TensorBoard draws."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(folder / "tensorboard"), size_guidance={"scalars": 0})
    events.Reload()
    return {tag: [(event.step, event.value) for event in events.Scalars(tag)] for tag in events.Tags()["scalars"]}


class Stops(Exception):
    """As a kill would, but within this process."""


class StopAt(Callback):
    def __init__(self, step: int) -> None:
        self.step = step

    def on_step(self, trainer: Trainer, step: Step) -> None:
        if step.step == self.step:
            raise Stops


def test_curves_of_a_run_that_was_stopped_have_no_step_twice_and_none_missing(tmp_path: Path) -> None:
    training = replace(TRAINING, save_every=5)
    shown(tmp_path / "whole", None, TensorBoard(every=1), training=training)
    with pytest.raises(Stops):
        shown(tmp_path / "stopped", None, TensorBoard(every=1), StopAt(13), training=training)
    assert [step for step, _ in points(tmp_path / "stopped")["train/loss"]] == list(range(1, 14))
    shown(tmp_path / "stopped", None, TensorBoard(every=1), training=training)  # from step 10
    whole, stopped = points(tmp_path / "whole"), points(tmp_path / "stopped")
    assert whole == stopped
    assert [step for step, _ in stopped["train/loss"]] == list(range(1, 22))
    log = Run.open(tmp_path / "whole").read_log()
    assert stopped["epoch/validation_loss"] == [(line["steps"], pytest.approx(line["validation_loss"])) for line in log]
    assert stopped["train/learning_rate"][0] == (1, pytest.approx(0.1))


def test_everything_before_a_save_is_on_the_disk(tmp_path: Path) -> None:
    """A kill after a save loses no point from before it, since these steps do not come again."""
    seen: list[int] = []

    class Look(Callback):
        def on_save(self, trainer: Trainer) -> None:
            seen.append(len(points(trainer.run.folder).get("train/loss", [])))

    shown(tmp_path / "run", None, TensorBoard(every=1), Look())
    assert seen == [4, 7, 8, 12, 14, 16, 20, 21]


def test_every_tenth_step_is_a_point(tmp_path: Path) -> None:
    shown(tmp_path / "run", None, TensorBoard())
    assert [step for step, _ in points(tmp_path / "run")["train/loss"]] == [10, 20]
