"""A run that was killed and goes on ends with the same bits as one that was not."""

import json
import multiprocessing
import signal
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch

from tests.project.workbench import tiny
from workbench.training.run_folder import Run

STEPS = 12  # of tiny.TRAINING: 3 epochs with 4 updates; saved after steps 3, 6, 9 and 12, and each epoch
# Processes of their own, forked from one that has imported torch and has computed nothing.
SERVER = multiprocessing.get_context("forkserver")


def in_process(folder: Path, **how: Any) -> int | None:
    """Train in a process of its own; returns its exit code."""
    # The first optimizer would import _dynamo, which takes seconds.
    SERVER.set_forkserver_preload(["tests.project.workbench.tiny", "torch._dynamo"])
    process = SERVER.Process(target=tiny.train, args=(folder,), kwargs=how)
    process.start()
    process.join(60)
    assert process.exitcode is not None
    return process.exitcode


def ending(folder: Path) -> dict[str, Any]:
    """All that a run has left, but the time that it took."""
    log = [{**line, "seconds": 0} for line in Run.open(folder).read_log()]
    result = json.loads((folder / "result.json").read_text()) | {"seconds": 0}
    state = json.loads((folder / "last" / "state.json").read_text())
    tensors = safetensors.torch.load_file(folder / "last" / state["tensors"])
    for epoch in state["state"]["history"]:
        epoch["seconds"] = 0
    state["state"]["progress"]["seconds"] = 0
    files = {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*.safetensors")
        if path.parent.name != "last"  # its name alternates
    }
    return {
        "log": log,
        "result": result,
        "state": state["state"],
        "tensors": {name: tensor.tolist() for name, tensor in tensors.items()},
        "weights": files,
        "files": sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.parent.name != "last"),
        "in last": len(list((folder / "last").iterdir())),
    }


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("runs") / "uninterrupted"
    assert in_process(folder) == 0
    return ending(folder)


def test_the_uninterrupted_run_covers_what_is_compared(uninterrupted: dict[str, Any]) -> None:
    log = uninterrupted["log"]
    assert [line["epoch"] for line in log] == [1, 2, 3]
    assert log[-1]["steps"] == STEPS
    assert len({line["validation_loss"] for line in log}) == 3
    assert uninterrupted["in last"] == 2
    assert "epochs/0003.safetensors" in uninterrupted["files"]


def test_two_uninterrupted_runs_are_the_same(uninterrupted: dict[str, Any], tmp_path: Path) -> None:
    assert in_process(tmp_path / "run") == 0
    assert ending(tmp_path / "run") == uninterrupted


@pytest.mark.parametrize("step", [1, 3, 4, 5, 8, 12])
def test_killed_after_a_step(uninterrupted: dict[str, Any], tmp_path: Path, step: int) -> None:
    assert in_process(tmp_path / "run", step=step) == -signal.SIGKILL
    assert in_process(tmp_path / "run") == 0
    assert ending(tmp_path / "run") == uninterrupted


def test_killed_before_every_change_of_a_file(uninterrupted: dict[str, Any], tmp_path: Path) -> None:
    """Between the two renames of a save, between an epoch's files, before the first and after the last."""
    killed = 0
    while in_process(tmp_path / str(killed), event=killed) == -signal.SIGKILL:
        folder = tmp_path / str(killed)
        assert in_process(folder) == 0
        assert ending(folder) == uninterrupted, f"killed before change {killed}"
        killed += 1
    assert killed > 25
    assert ending(tmp_path / str(killed)) == uninterrupted, "no change was left to be killed before"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_finishes_the_step_saves_and_says_how_to_go_on(
    uninterrupted: dict[str, Any], tmp_path: Path, number: int
) -> None:
    folder = tmp_path / "run"
    assert in_process(folder, step=5, number=number) == 1
    said = folder.with_suffix(".said").read_text()
    assert "--resume" in said
    assert str(folder) in said
    state = Run.open(folder).load_state()
    assert state is not None
    stopped_at = state["progress"]["step"]
    assert f"step {stopped_at}," in said
    assert stopped_at == 6  # the signal came when step 5 was read, after it was asked whether to stop
    assert in_process(folder) == 0
    assert ending(folder) == uninterrupted


def test_going_on_with_a_finished_run_changes_nothing(uninterrupted: dict[str, Any], tmp_path: Path) -> None:
    assert in_process(tmp_path / "run") == 0
    assert in_process(tmp_path / "run") == 0
    assert ending(tmp_path / "run") == uninterrupted
