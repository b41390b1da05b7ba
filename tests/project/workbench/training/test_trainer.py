"""The loop: what a step learns from, when it stops, and what it keeps."""

import json
import math
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tests.project.workbench.tiny import PAD, SignalAt, Tiny, Watch, sentences_of
from workbench.errors import WorkbenchError
from workbench.training.averaging import MovingMean
from workbench.training.callbacks import Callback
from workbench.training.hyperparameters import Training
from workbench.training.records import Epoch, Interrupted, Result, TrainingError
from workbench.training.run_folder import Run, RunError
from workbench.training.trainer import Trainer

PLAIN = Training(epochs=2, optimizer="sgd", learning_rate=0.1, clip=0)


class Lines:
    """A task that fits one weight (1,) to given numbers; each batch is a list of them, and each is a token."""

    def __init__(self, *batches: list[float]) -> None:
        self.module = nn.Module()
        self.module.weight = nn.Parameter(torch.zeros(1))
        self.numbers = list(batches)

    def batches(self, epoch: int) -> Any:
        class Batches(list[list[float]]):
            def start_at(self, batch: int) -> list[list[float]]:
                return self[batch:]

        return Batches(self.numbers)

    def loss(self, batch: list[float]) -> tuple[Tensor, int]:
        return (self.module.weight * torch.tensor(batch)).sum(), len(batch)

    def validate(self) -> tuple[float, int]:
        return 2.0, 1

    def state(self) -> None:
        return None


def fit(task: Any, training: Training, folder: Path, *callbacks: Callback) -> Result:
    return Trainer(task, training, Run.create(folder, {}), callbacks).fit()


def weights(task: Any) -> Tensor:
    return torch.cat([parameter.detach().flatten() for parameter in task.module.parameters()])


def test_the_gradient_is_the_mean_over_all_tokens_of_all_batches_of_a_step(tmp_path: Path) -> None:
    task = Lines([1.0, 2.0, 3.0], [10.0], [5.0])
    fit(task, replace(PLAIN, epochs=1, accumulate=2, learning_rate=1.0), tmp_path / "run")
    # (1 + 2 + 3 + 10) / 4 tokens, then 5 / 1; not the mean of means (2 + 10) / 2
    assert task.module.weight.item() == pytest.approx(-(4.0 + 5.0))


def test_clipping_comes_after_the_division(tmp_path: Path) -> None:
    watch, task = Watch(), Lines([30.0, 0.0, 0.0], [0.3, 0.3])
    fit(task, replace(PLAIN, epochs=1, clip=1.0, learning_rate=1.0), tmp_path / "run", watch)
    assert [step.gradient_norm for step in watch.steps] == pytest.approx([10.0, 0.3])
    assert task.module.weight.item() == pytest.approx(-1.3, abs=1e-5)


def test_clip_0_never_clips(tmp_path: Path) -> None:
    task = Lines([30.0])
    fit(task, replace(PLAIN, epochs=1, learning_rate=1.0), tmp_path / "run")
    assert task.module.weight.item() == pytest.approx(-30.0)


def test_a_step_without_tokens_changes_nothing(tmp_path: Path) -> None:
    watch, task = Watch(), Lines([4.0], [], [])
    fit(task, Training(epochs=1, optimizer="adam", learning_rate=0.5), tmp_path / "run", watch)
    assert task.module.weight.item() == pytest.approx(-0.5)  # Adam's first step, and no more of its momentum
    assert [step.tokens for step in watch.steps] == [1, 0, 0]
    assert all(math.isfinite(step.loss) for step in watch.steps)


@pytest.mark.parametrize("accumulate", [2, 4])
def test_accumulating_changes_nothing_at_equal_batches(tmp_path: Path, accumulate: int) -> None:
    training = Training(epochs=2, learning_rate=0.01)
    whole = Tiny(dropout=0, count=3, sentences=8)
    parts = Tiny(dropout=0, count=3 * accumulate, sentences=8)

    def cut(epoch: int) -> Any:
        rows = 8 // accumulate
        batches = [batch[i : i + rows] for batch in whole.batches(epoch) for i in range(0, 8, rows)]

        class Batches(list[Tensor]):
            def start_at(self, batch: int) -> list[Tensor]:
                return self[batch:]

        return Batches(batches)

    parts.batches = cut  # type: ignore[method-assign, assignment]
    one = fit(whole, training, tmp_path / "one")
    many = fit(parts, replace(training, accumulate=accumulate), tmp_path / "many")
    assert many.steps == one.steps == 6
    assert torch.allclose(weights(whole), weights(parts), rtol=1e-5, atol=1e-6)
    assert [epoch.tokens for epoch in one.history] == [epoch.tokens for epoch in many.history]
    assert many.loss == pytest.approx(one.loss, rel=1e-5)


@pytest.mark.parametrize(
    ("settings", "theirs"),
    [
        ({"optimizer": "adam", "beta2": 0.98}, lambda p: torch.optim.Adam(p, 0.1, (0.9, 0.98), weight_decay=0.1)),
        ({"optimizer": "adamw", "beta1": 0.8}, lambda p: torch.optim.AdamW(p, 0.1, (0.8, 0.999), weight_decay=0.1)),
        ({"optimizer": "radam", "beta1": 0.8}, lambda p: torch.optim.RAdam(p, 0.1, (0.8, 0.999), weight_decay=0.1)),
        ({"optimizer": "sgd", "momentum": 0.9}, lambda p: torch.optim.SGD(p, 0.1, 0.9, weight_decay=0.1)),
    ],
)
def test_training_is_what_a_plain_loop_does(tmp_path: Path, settings: dict[str, Any], theirs: Any) -> None:
    training = Training(epochs=2, learning_rate=0.1, weight_decay=0.1, clip=0.05, **settings)
    ours, plain = Tiny(dropout=0), Tiny(dropout=0)
    fit(ours, training, tmp_path / "run")
    used = [parameter for name, parameter in plain.module.named_parameters() if name != "unused"]
    optimizer = theirs(used)
    losses = []
    for epoch in (1, 2):
        for batch in plain.batches(epoch):
            optimizer.zero_grad()
            loss, tokens = plain.loss(batch)
            (loss / tokens).backward()
            nn.utils.clip_grad_norm_(used, 0.05)
            optimizer.step()
        with torch.no_grad():
            plain.module.eval()
            loss, tokens = plain._sum(plain.validation)
            losses.append(loss.item() / tokens)
            plain.module.train()
    log = Run.open(tmp_path / "run").read_log()
    assert [line["validation_loss"] for line in log] == pytest.approx(losses, rel=1e-4)
    assert losses[1] < losses[0]


def test_losses_are_means_over_tokens(tmp_path: Path) -> None:
    watch, task = Watch(), Tiny(dropout=0)
    result = fit(task, replace(PLAIN, epochs=1), tmp_path / "run", watch)
    tokens = [int((sentences_of(1000 + i, 4)[:, 1:] != PAD).sum()) for i in range(7)]
    assert [step.tokens for step in watch.steps] == tokens
    total = sum(step.loss * step.tokens for step in watch.steps)
    assert result.history[0].train_loss == pytest.approx(total / sum(tokens))
    assert result.history[0].tokens == sum(tokens)
    assert watch.steps[0].loss == pytest.approx(math.log(12), abs=0.5)


@pytest.mark.parametrize("schedule", ["constant", "cosine", "inverse-sqrt"])
def test_the_schedule_moves_with_every_update(tmp_path: Path, schedule: str) -> None:
    from workbench.training.schedules import factor

    watch = Watch()
    training = replace(PLAIN, schedule=schedule, warmup_steps=3, accumulate=2)
    fit(Tiny(dropout=0), training, tmp_path / "run", watch)
    assert [step.learning_rate for step in watch.steps] == [0.1 * factor(schedule, step, 3, 8) for step in range(1, 9)]


def test_the_learning_rate_falls_on_a_plateau_of_the_validation_loss(tmp_path: Path) -> None:
    task = Tiny(dropout=0)
    task.losses = {1: 3.0, 2: 2.0, 3: 2.5, 4: 2.4, 5: 2.3}
    training = replace(PLAIN, epochs=5, schedule="plateau", plateau_factor=0.1, plateau_patience=1)
    result = fit(task, training, tmp_path / "run")
    assert [epoch.learning_rate for epoch in result.history] == pytest.approx([0.1, 0.1, 0.1, 0.1, 0.01])


def test_a_quarter_of_the_learning_rate_after_every_epoch_that_is_not_better(tmp_path: Path) -> None:
    task = Tiny(dropout=0)
    task.losses = {1: 3.0, 2: 2.0, 3: 2.5, 4: 1.9, 5: 2.3}
    training = replace(PLAIN, epochs=6, schedule="plateau", plateau_factor=0.25, plateau_patience=0)
    rates = [epoch.learning_rate for epoch in fit(task, training, tmp_path / "run").history]
    assert rates == pytest.approx([0.1, 0.1, 0.1, 0.025, 0.025, 0.00625])


def test_a_step_after_every_epoch(tmp_path: Path) -> None:
    training = replace(PLAIN, epochs=3, schedule="step", step_factor=0.5)
    watch = Watch()
    fit(Tiny(dropout=0), training, tmp_path / "run", watch)
    rates = [step.learning_rate for step in watch.steps]
    assert rates == pytest.approx([0.1] * 7 + [0.05] * 7 + [0.025] * 7)


def test_early_stopping_and_the_best_weights(tmp_path: Path) -> None:
    task = Tiny(dropout=0)
    task.losses = {1: 3.0, 2: 2.0, 3: 2.5, 4: 2.0, 5: 1.0}
    seen: list[Tensor] = []

    class Keep(Callback):
        def on_epoch(self, trainer: Trainer, epoch: Epoch) -> None:
            seen.append(weights(task))

    result = fit(task, replace(PLAIN, epochs=9, early_stopping=2), tmp_path / "run", Keep())
    assert [epoch.epoch for epoch in result.history] == [1, 2, 3, 4]  # an equal loss is no better one
    assert (result.best_epoch, result.loss, result.stopped_early) == (2, 2.0, True)
    assert torch.equal(weights(task), seen[1])
    loaded = Run.open(tmp_path / "run").load_weights()
    assert all(torch.equal(loaded[name], value) for name, value in task.module.state_dict().items())
    stored = Run.open(tmp_path / "run").read_json("result.json")
    assert (stored["loss"], stored["kept"]) == (2.0, "the weights of epoch 2")


@pytest.mark.parametrize(
    ("average_of", "mean_loss", "tried", "kept"),
    [("best", 1.5, [1, 2, 4], True), ("last", 1.5, [3, 4, 5], True), ("best", 2.0, [1, 2, 4], False)],
)
def test_the_mean_of_epochs_is_kept_where_it_validates_better(
    tmp_path: Path, average_of: str, mean_loss: float, tried: list[int], kept: bool
) -> None:
    task = Tiny(dropout=0)
    task.losses = {1: 2.2, 2: 2.0, 3: 2.5, 4: 2.3, 5: 2.4, 6: mean_loss}
    seen: list[dict[str, Tensor]] = []

    class Keep(Callback):
        def on_epoch(self, trainer: Trainer, epoch: Epoch) -> None:
            seen.append({name: value.clone() for name, value in task.module.state_dict().items()})

    training = replace(PLAIN, epochs=5, average=3, average_of=average_of)
    result = fit(task, training, tmp_path / "run", Keep())
    assert result.average_loss == mean_loss
    assert result.averaged == (tuple(tried) if kept else ())
    assert result.loss == (1.5 if kept else 2.0)
    assert result.kept == (
        f"the mean of the weights of epochs {', '.join(map(str, tried))}" if kept else "the weights of epoch 2"
    )
    chosen = [seen[epoch - 1] for epoch in tried] if kept else [seen[1]]
    stored = Run.open(tmp_path / "run").load_weights()
    for name, value in task.module.state_dict().items():
        expected = torch.stack([state[name] for state in chosen]).mean(dim=0)
        assert torch.allclose(value, expected, atol=1e-7), name
        assert torch.equal(stored[name], value), name
    left = sorted(path.stem for path in (tmp_path / "run" / "epochs").iterdir())
    assert left == [f"{epoch:04}" for epoch in sorted({*tried, 2})]


@pytest.mark.parametrize("decay", [0.999, 0.6])
def test_the_moving_mean_is_validated_shown_and_kept_and_training_goes_on_from_the_weights(
    tmp_path: Path, decay: float
) -> None:
    task, shown, own, mean, means = Lines(*[[1.0]] * 12), [], 0.0, math.nan, []

    class Keep(Callback):
        def on_epoch(self, trainer: Trainer, epoch: Epoch) -> None:
            shown.append(task.module.weight.item())

    task.validate = lambda: (abs(task.module.weight.item()), 1)  # type: ignore[method-assign]
    task.load_state = lambda state: None  # type: ignore[attr-defined]
    result = fit(task, replace(PLAIN, ema=decay), tmp_path / "run", Keep())
    for update in range(1, 25):
        own -= 0.1  # every gradient is 1
        share = 1.0 if update == 1 else max(1 - decay, 9 / (update + 8))
        mean = own if update == 1 else mean + share * (own - mean)
        means += [mean] if update % 12 == 0 else []
    assert shown == pytest.approx(means, rel=1e-5)
    assert [epoch.validation_loss for epoch in result.history] == pytest.approx([-mean for mean in means], rel=1e-5)
    assert Run.open(tmp_path / "run").load_weights()["weight"].item() == pytest.approx(means[0], rel=1e-5)
    assert result.kept == "the moving mean after epoch 1"
    state = Run.open(tmp_path / "run").load_state()
    assert state is not None
    assert state["module"]["weight"].item() == pytest.approx(own, rel=1e-5)


def test_the_mean_follows_parameters_whatever_becomes_of_their_storage_and_gives_them_back() -> None:
    layer = nn.Linear(2, 1)
    mean = MovingMean(layer, 0.5)
    layer.weight.data = torch.full((1, 2), 3.0)  # as cuDNN's weights are moved into one block
    mean.follow()

    def stop() -> None:
        layer.weight.data = torch.zeros(1, 2)
        raise RuntimeError("somewhere inside")

    with pytest.raises(RuntimeError, match="somewhere inside"), mean.in_place():
        stop()
    assert layer.weight.tolist() == [[3.0, 3.0]]
    layer.weight.data = torch.full((1, 2), 5.0)
    mean.follow()
    with mean.in_place():
        assert layer.weight.tolist() == [[pytest.approx(3 + 0.9 * 2)] * 2]
    assert layer.weight.requires_grad


def test_without_average_no_epochs_are_stored(tmp_path: Path) -> None:
    result = fit(Tiny(), PLAIN, tmp_path / "run")
    assert result.average_loss is None
    assert not (tmp_path / "run" / "epochs").exists()


class Spoiled(Tiny):
    """Gives one bad loss or gradient, counted in calls from 1."""

    def __init__(self, at: int, how: str) -> None:
        super().__init__(dropout=0)
        self.at, self.how, self.calls = at, how, 0

    def loss(self, batch: Tensor) -> tuple[Tensor, int]:
        loss, tokens = super().loss(batch)
        self.calls += 1
        if self.calls != self.at:
            return loss, tokens
        if self.how == "gradient":  # the loss itself stays finite
            root = self.module.output.bias.sum() * 0
            return loss + root.sqrt(), tokens
        return loss * float(self.how), tokens


@pytest.mark.parametrize(
    ("how", "words"), [("nan", "loss is nan"), ("inf", "loss is inf"), ("gradient", "norm is nan")]
)
def test_a_loss_that_is_no_number_stops_with_where_and_what_is_saved(tmp_path: Path, how: str, words: str) -> None:
    watch = Watch()
    with pytest.raises(TrainingError) as stopped:
        fit(Spoiled(10, how), replace(PLAIN, save_every=2), tmp_path / "run", watch)
    message = str(stopped.value)
    assert words in message
    assert "at step 10 (epoch 2, learning rate 0.1)" in message
    assert "of step 8" in message
    assert str(tmp_path / "run" / "last") in message
    state = Run.open(tmp_path / "run").load_state()
    assert state is not None
    assert state["progress"]["step"] == 8
    assert all(torch.isfinite(weight).all() for weight in state["module"].values())
    assert watch.events[-1] == "end"
    assert not Run.open(tmp_path / "run").finished
    assert Run.open(tmp_path / "run").read_json("result.json") == {"loss": None}  # for `compare` to tell


def test_a_bad_loss_is_never_saved_even_in_the_step_of_a_save(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"step 2 .*none yet"):
        fit(Spoiled(2, "nan"), replace(PLAIN, save_every=2), tmp_path / "run")
    assert Run.open(tmp_path / "run").load_state() is None


def test_losses_that_are_read_late_still_name_their_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a GPU, where the loss of a step is read up to ten steps later."""
    task, watch = Spoiled(5, "nan"), Watch()
    trainer = Trainer(task, replace(PLAIN, save_every=100), Run.create(tmp_path / "run", {}), [watch])
    trainer.device = torch.device("meta")  # only asked for its type
    with pytest.raises(TrainingError, match="at step 5 "):
        trainer.fit()
    assert [step.step for step in watch.steps] == [1, 2, 3, 4]
    assert task.calls == 7  # the epoch's end


def test_losses_are_read_before_every_save(tmp_path: Path) -> None:
    task = Spoiled(2, "nan")
    trainer = Trainer(task, replace(PLAIN, save_every=2), Run.create(tmp_path / "run", {}))
    trainer.device = torch.device("meta")  # only asked for its type
    with pytest.raises(TrainingError, match=r"at step 2 .*none yet"):
        trainer.fit()
    assert Run.open(tmp_path / "run").load_state() is None


def test_a_validation_loss_that_is_no_number_stops(tmp_path: Path) -> None:
    task = Tiny()
    task.losses = {2: math.nan}
    with pytest.raises(TrainingError, match=r"validation loss is nan after step 14 .*of step 7"):
        fit(task, PLAIN, tmp_path / "run")


def test_where_classes_are_predicted_the_share_of_right_ones_is_recorded(tmp_path: Path) -> None:
    class Classes(Tiny):
        def validate(self) -> tuple[float, int, int]:  # type: ignore[override]
            loss, tokens = super().validate()
            return loss, tokens, self.validated  # one more right one after every epoch

    task = Classes()
    task.losses = {1: 2.0, 2: 1.0, 3: 3.0}
    result = fit(task, replace(PLAIN, epochs=3), tmp_path / "run")
    tokens = int((task.validation[:, 1:] != PAD).sum())
    assert [epoch.validation_accuracy for epoch in result.history] == [1 / tokens, 2 / tokens, 3 / tokens]
    assert result.accuracy == 2 / tokens
    assert fit(Tiny(), PLAIN, tmp_path / "without").accuracy is None


def test_a_validation_split_without_tokens_is_refused(tmp_path: Path) -> None:
    task = Tiny()
    task.validation = task.validation[:0]
    with pytest.raises(TrainingError, match="no tokens"):
        fit(task, PLAIN, tmp_path / "run")


def test_a_second_signal_stops_at_once(tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        fit(Tiny(), PLAIN, tmp_path / "run", SignalAt(2, signal.SIGINT), SignalAt(2, signal.SIGINT))
    assert signal.getsignal(signal.SIGINT) is before


def test_signals_are_given_back(tmp_path: Path) -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with pytest.raises(Interrupted):
        fit(Tiny(), PLAIN, tmp_path / "run", SignalAt(2, signal.SIGTERM))
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def test_callbacks_are_told_in_order(tmp_path: Path) -> None:
    watch = Watch()
    fit(Tiny(count=3), replace(PLAIN, save_every=2), tmp_path / "run", watch)
    epoch = ["step", "step", "save", "step", "epoch", "save"], ["step", "save", "step", "step", "save", "epoch", "save"]
    assert watch.events == ["start", *epoch[0], *epoch[1], "end"]


def test_callbacks_may_draw_random_numbers_at_the_start(tmp_path: Path) -> None:
    class Draws(Callback):
        def on_start(self, trainer: Trainer) -> None:
            torch.rand(3)

    one, two = Tiny(), Tiny()
    fit(one, PLAIN, tmp_path / "one")
    torch.rand(5)  # neither what came before
    fit(two, PLAIN, tmp_path / "two", Draws())
    assert torch.equal(weights(one), weights(two))


def test_the_seed_decides(tmp_path: Path) -> None:
    one, two = Tiny(), Tiny()
    fit(one, PLAIN, tmp_path / "one")
    fit(two, replace(PLAIN, seed=1), tmp_path / "two")
    assert not torch.equal(weights(one), weights(two))


class Feedforward(nn.Linear):
    """In an LSTM's place."""

    def __init__(self) -> None:
        super().__init__(6, 6)
        nn.init.eye_(self.weight)
        nn.init.zeros_(self.bias)

    def forward(self, inputs: Tensor) -> Any:
        return torch.tanh(super().forward(inputs)), None


def test_bf16_computes_in_half_and_keeps_weights_in_full_precision(tmp_path: Path) -> None:
    kinds: set[torch.dtype] = set()
    full, half = Tiny(dropout=0), Tiny(dropout=0)
    for task in (full, half):
        task.module.recurrent = Feedforward()  # not every CPU has an LSTM in bf16
    half.module.output.register_forward_hook(lambda module, inputs, output: kinds.add((module.training, output.dtype)))
    slowly = replace(PLAIN, learning_rate=0.01)
    expected = fit(full, slowly, tmp_path / "full")
    result = fit(half, replace(slowly, precision="bf16"), tmp_path / "half")
    assert kinds == {(True, torch.bfloat16), (False, torch.float32)}
    assert {parameter.dtype for parameter in half.module.parameters()} == {torch.float32}
    assert not torch.equal(weights(full), weights(half))
    assert torch.allclose(weights(full), weights(half), atol=1e-3)
    assert result.loss == pytest.approx(expected.loss, rel=0.01)


def test_medium_precision_rounds_products_in_training_alone(tmp_path: Path) -> None:
    seen: set[tuple[bool, str, torch.dtype]] = set()
    task = Tiny(dropout=0)
    task.module.output.register_forward_hook(
        lambda module, inputs, output: seen.add((module.training, torch.get_float32_matmul_precision(), output.dtype))
    )
    result = fit(task, replace(PLAIN, precision="medium"), tmp_path / "medium")
    assert seen == {(True, "medium", torch.float32), (False, "highest", torch.float32)}
    assert torch.get_float32_matmul_precision() == "highest"
    assert result.loss == pytest.approx(fit(Tiny(dropout=0), PLAIN, tmp_path / "full").loss, rel=0.01)


def test_where_bf16_fails_training_goes_on_in_float32(tmp_path: Path) -> None:
    class NoHalf(Tiny):
        def loss(self, batch: Tensor) -> tuple[Tensor, int]:
            if torch.is_autocast_enabled("cpu"):
                raise RuntimeError("could not create a primitive")
            return super().loss(batch)

    watch, plain, half = Watch(), Tiny(), NoHalf()
    fit(plain, PLAIN, tmp_path / "plain")
    fit(half, replace(PLAIN, precision="bf16"), tmp_path / "half", watch)
    assert torch.equal(weights(plain), weights(half))
    assert len(watch.notes) == 1
    assert "could not create a primitive" in watch.notes[0]


def test_where_compiling_fails_training_goes_on_as_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: nn.Module, **options: Any) -> None:
        def call(*inputs: Any) -> Any:
            torch.rand(7)
            raise RuntimeError("no C++ compiler found")

        self._compiled_call_impl = call

    monkeypatch.setattr(nn.Module, "compile", broken)
    watch, plain, compiled = Watch(), Tiny(), Tiny()
    fit(plain, PLAIN, tmp_path / "plain")
    fit(compiled, replace(PLAIN, compile=True), tmp_path / "compiled", watch)
    assert torch.equal(weights(plain), weights(compiled))
    assert len(watch.notes) == 1
    assert "no C++ compiler found" in watch.notes[0]


def test_where_compiling_works_it_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the compiler's front end alone, which needs no C++ compiler."""
    calls: list[bool] = []

    def compile_(self: nn.Module, **options: Any) -> None:
        def call(*inputs: Any) -> Any:
            calls.append(self.training)
            return self._call_impl(*inputs)

        self._compiled_call_impl = call

    monkeypatch.setattr(nn.Module, "compile", compile_)
    watch, plain, compiled = Watch(), Tiny(), Tiny()
    fit(plain, PLAIN, tmp_path / "plain")
    fit(compiled, replace(PLAIN, compile=True), tmp_path / "compiled", watch)
    assert len(calls) == 1 + 2 * (7 + 1)  # the trial, and two epochs with their validation
    assert torch.equal(weights(plain), weights(compiled))
    assert not watch.notes


@pytest.mark.parametrize(
    "wrong",
    [
        {"optimizer": "adagrad"},
        {"schedule": "linear"},
        {"precision": "fp16"},
        {"average_of": "all"},
        {"epochs": 0},
        {"accumulate": 0},
        {"learning_rate": -1.0},
        {"learning_rate": math.nan},
        {"clip": -1.0},
        {"beta2": 1.0},
        {"ema": 1.0},
        {"ema": -0.1},
        {"plateau_factor": 1.0},
    ],
)
def test_settings_that_cannot_be_are_refused_by_name(wrong: dict[str, Any]) -> None:
    (name,) = wrong
    with pytest.raises(ValueError, match=f"{name} is"):
        Training(**wrong)


def test_a_change_in_place_that_no_gradient_goes_back_through_is_one_sentence(tmp_path: Path) -> None:
    class InPlace(Lines):
        def loss(self, batch: list[float]) -> tuple[Tensor, int]:
            squashed = torch.tanh(self.module.weight)
            squashed += 1
            return squashed.sum(), 1

    with pytest.raises(WorkbenchError, match=r"no gradient can go back .* inplace operation.*changed in place"):
        fit(InPlace([1.0]), PLAIN, tmp_path / "run")


@pytest.mark.parametrize("key", ["progress", "history", "module", "optimizer", "random"])
def test_a_state_that_was_changed_by_hand_is_named(tmp_path: Path, key: str) -> None:
    fit(Lines([1.0]), replace(PLAIN, epochs=1), tmp_path / "run")
    path = tmp_path / "run" / "last" / "state.json"
    for wrong in (7, {"epochs": 3}, None):
        stored = json.loads(path.read_text())
        kept = stored["state"].pop(key)
        if wrong is not None:
            stored["state"][key] = wrong
        path.write_text(json.dumps(stored))
        with pytest.raises(RunError, match=r"state\.json does not hold what|are of other layers"):
            Trainer(Lines([1.0]), replace(PLAIN, epochs=2), Run.open(tmp_path / "run")).fit()
        path.write_text(json.dumps(stored | {"state": stored["state"] | {key: kept}}))
