"""Several processes train one model: torchrun with two of them, on the CPU."""

import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests.project.workbench import together
from tests.project.workbench.tiny import Watch
from workbench.training.devices import Processes
from workbench.training.run_folder import Run
from workbench.training.trainer import Trainer

ROOT = Path(__file__).resolve().parents[4]


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory, warm_python: str) -> Path:
    """The folder in which two processes have played all scenarios."""
    folder = tmp_path_factory.mktemp("two")
    torchrun = [warm_python, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    subprocess.run(
        [*torchrun, "-m", "tests.project.workbench.together", str(folder)],
        cwd=ROOT,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        check=True,
        timeout=120,
    )
    return folder


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same by one process."""
    folder = tmp_path_factory.mktemp("one")
    for what in ("plain", "empty shares", "early stopping"):
        together.scenario(folder / what, what, Processes())
    return folder


def ending(folder: Path, name: str) -> list[str]:
    """How a scenario ended, by rank."""
    return [(folder / f"{name} {rank}.txt").read_text() for rank in (0, 1)]


@pytest.mark.parametrize("what", ["plain", "empty shares", "early stopping"])
def test_two_processes_learn_what_one_learns(one: Path, two: Path, what: str) -> None:
    ours, alone = Run.open(two / what), Run.open(one / what)
    expected = alone.load_weights()
    for name, value in ours.load_weights().items():
        assert torch.allclose(value, expected[name], rtol=1e-4, atol=1e-5), name
    assert len(ours.read_log()) == len(alone.read_log())
    for epoch, right in zip(ours.read_log(), alone.read_log(), strict=True):
        assert (epoch["tokens"], epoch["steps"]) == (right["tokens"], right["steps"])
        for name in ("train_loss", "validation_loss"):
            assert epoch[name] == pytest.approx(right[name], rel=1e-5)


def test_the_comparison_notices_a_gradient_off_by_a_percent(
    one: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A gradient that is 1 percent too large gives other weights, and some steps are clipped and some are not."""
    rate = together.TRAINING.learning_rate
    monkeypatch.setattr(together, "TRAINING", replace(together.TRAINING, learning_rate=1.01 * rate))
    together.scenario(tmp_path / "run", "plain", Processes())
    expected, weights = (Run.open(folder).load_weights() for folder in (one / "plain", tmp_path / "run"))
    used = [name for name in expected if name != "unused"]
    assert not any(torch.allclose(weights[name], expected[name], rtol=1e-4, atol=1e-5) for name in used)
    watch = Watch()
    task, run = together.Uneven(Processes(), "plain"), Run.create(tmp_path / "watched", {})
    Trainer(task, together.TRAINING, run, [watch]).fit()
    norms = [step.gradient_norm for step in watch.steps]
    assert min(norms) < together.TRAINING.clip < max(norms)


def test_the_first_processs_weights_count(two: Path) -> None:
    plain, broadcast = (Run.open(two / what).load_weights() for what in ("plain", "first weights"))
    assert all(torch.equal(plain[name], value) for name, value in broadcast.items())


@pytest.mark.parametrize("name", ["0 plain", "1 first weights", "3 early stopping", "5 dropout", "7 interrupt"])
def test_all_processes_have_the_same_weights_at_the_end(two: Path, name: str) -> None:
    first, second = ending(two, name)
    assert first == second
    assert first.startswith("epochs 2," if "early" in name else "epochs 3,")


def test_a_loss_that_is_no_number_in_one_process_stops_all(two: Path) -> None:
    first, second = ending(two, "4 nan")
    assert first == second
    assert "Diverged: the loss is nan at step 5 (epoch 2" in first
    assert "of step 4" in first


def test_a_signal_to_one_process_stops_all_after_the_same_step(two: Path) -> None:
    first, second = ending(two, "6 interrupt")
    assert first == second
    assert "Interrupted: after step 3, in epoch 1 of 3" in first


def test_an_interrupted_run_goes_on_to_the_same_bits(two: Path) -> None:
    """With dropout, so each process has to go on with random states of its own."""
    assert ending(two, "7 interrupt") == ending(two, "5 dropout")
    whole, resumed = (Run.open(two / what).load_weights() for what in ("dropout", "interrupt"))
    assert all(torch.equal(whole[name], value) for name, value in resumed.items())


def test_processes_drop_different_units(two: Path) -> None:
    state = Run.open(two / "dropout").load_state()
    assert state is not None
    first, second = (states["torch"] for states in state["random"])
    assert not torch.equal(first, second)


def test_only_the_first_process_writes(two: Path) -> None:
    for what in ("plain", "interrupt"):
        files = sorted(path.name for path in (two / what).rglob("*") if path.is_file())
        assert len(files) == len(set(files))
        assert {"best.safetensors", "log.jsonl", "result.json", "settings.json", "state.json"} < set(files)
        assert [line["epoch"] for line in Run.open(two / what).read_log()] == [1, 2, 3]


def test_a_run_of_two_processes_goes_on_with_one(two: Path, tmp_path: Path) -> None:
    shutil.copytree(two / "plain", tmp_path / "run")
    watch = Watch()
    task = together.Uneven(Processes(), "plain")
    training = replace(together.TRAINING, epochs=4)
    result = Trainer(task, training, Run.open(tmp_path / "run"), [watch]).fit()
    assert [epoch.epoch for epoch in result.history] == [1, 2, 3, 4]
    assert "saved by 2 processes, going on with 1" in watch.notes[0]
