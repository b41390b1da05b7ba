"""A run's folder: what is there, what is refused, and what a kill leaves."""

import json
from pathlib import Path

import pytest
import torch

from workbench import runs
from workbench.runs import Run, RunError


def test_settings_come_back(tmp_path: Path) -> None:
    settings = {"model": "rnn", "batching": {"size": 3}, "word": "größer"}
    Run.create(tmp_path / "a" / "run", settings)
    assert Run.open(tmp_path / "a" / "run").settings == settings


def test_a_run_is_not_written_over_unless_asked(tmp_path: Path) -> None:
    run = Run.create(tmp_path / "run", {"seed": 1})
    run.save_weights({"w": torch.ones(1)})
    with pytest.raises(RunError, match=r"--resume.*another --name"):
        Run.create(tmp_path / "run", {"seed": 2})
    assert Run.open(tmp_path / "run").settings == {"seed": 1}
    Run.create(tmp_path / "run", {"seed": 2}, overwrite=True)
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["settings.json"]
    assert Run.open(tmp_path / "run").settings == {"seed": 2}


def test_nothing_goes_on_from_a_run_whose_deletion_was_killed(tmp_path: Path) -> None:
    run = Run.create(tmp_path / "run", {"seed": 1})
    run.save_weights({"w": torch.ones(1)})
    run.save_state({"progress": 3})
    (tmp_path / "run" / "settings.json").unlink()  # it goes first
    assert not Run.create(tmp_path / "run", {"seed": 2}, overwrite=True).has_state()
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["settings.json"]


def test_a_run_is_marked_when_all_is_there(tmp_path: Path) -> None:
    def fill(run: Run) -> None:
        run.write_json("text.json", {})
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Run.create(tmp_path / "run", {}, fill=fill)
    with pytest.raises(RunError, match="holds no run"):
        Run.open(tmp_path / "run")
    Run.create(tmp_path / "run", {})


def test_overwrite_leaves_a_folder_alone_that_is_no_run(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    Run.create(tmp_path, {}, overwrite=True)
    assert (tmp_path / "thesis.txt").exists()


def test_what_is_no_run_is_refused_with_words(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"holds no run"):
        Run.open(tmp_path / "nowhere")
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match=r"is a file"):
        Run.create(tmp_path / "file", {})
    (tmp_path / "settings.json").write_text('{"format": 99, "settings": {}}')
    with pytest.raises(RunError, match=r"format 99.*format 1"):
        Run.open(tmp_path)
    (tmp_path / "settings.json").write_text("{")
    with pytest.raises(RunError, match=r"is not JSON"):
        Run.open(tmp_path)


def test_what_is_not_there_yet_is_said(tmp_path: Path) -> None:
    run = Run.create(tmp_path / "run", {})
    assert run.load_state() is None
    assert run.read_log() == []
    with pytest.raises(RunError, match=r"best\.safetensors is not there.*epoch"):
        run.load_weights()
    with pytest.raises(RunError, match=r"result\.json is not there"):
        run.read_json("result.json")
    run.write_log([{"epoch": 1}])
    with pytest.raises(RunError, match=r"not there any more .*best trial's alone.*train it again"):
        run.load_weights()


def test_weights_that_share_memory_come_back(tmp_path: Path) -> None:
    run = Run.create(tmp_path / "run", {})
    module = torch.nn.Linear(3, 3)
    tied = {"a": module.weight, "b": module.weight, "transposed": module.weight.T, "steps": torch.tensor(7)}
    run.save_weights(tied)
    loaded = run.load_weights()
    assert loaded.keys() == tied.keys()
    assert all(torch.equal(loaded[name], tied[name]) and loaded[name].dtype == tied[name].dtype for name in tied)


def test_a_state_comes_back_with_every_bit(tmp_path: Path) -> None:
    run = Run.create(tmp_path / "run", {})
    for number in (1, 2, 3):
        state = {
            "progress": {"loss": 0.1 + number, "none": None},
            "list": [{"moment": torch.full((2, 2), 1 / 3 * number)}, "word"],
            "bytes": torch.arange(number, dtype=torch.uint8),
        }
        run.save_state(state)
    found = Run.open(tmp_path / "run").load_state()
    assert found is not None
    assert found["progress"] == {"loss": 3.1, "none": None}
    assert found["list"][1] == "word"
    assert torch.equal(found["list"][0]["moment"], state["list"][0]["moment"])  # type: ignore[index]
    assert torch.equal(found["bytes"], torch.arange(3, dtype=torch.uint8))
    assert len(list((tmp_path / "run" / "last").iterdir())) == 2


@pytest.mark.parametrize("lost", ["state.json", "tensors"])
def test_a_save_that_stops_between_its_renames_leaves_the_old_pair(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: str
) -> None:
    run = Run.create(tmp_path / "run", {})
    run.save_state({"step": 1, "w": torch.ones(2)})

    def stops(path: Path, data: bytes) -> None:
        if (path.suffix == ".json") == (lost == "state.json"):
            raise OSError("no space left on device")
        path.write_bytes(data)

    monkeypatch.setattr(runs, "replace", stops)
    with pytest.raises(OSError, match="no space"):
        run.save_state({"step": 2, "w": torch.zeros(2)})
    state = run.load_state()
    assert state is not None
    assert state["step"] == 1
    assert state["w"].tolist() == [1, 1]


def test_a_state_without_its_tensors_or_of_another_format_is_refused(tmp_path: Path) -> None:
    run = Run.create(tmp_path / "run", {})
    run.save_state({"w": torch.ones(2)})
    path = tmp_path / "run" / "last" / "state.json"
    stored = json.loads(path.read_text())
    path.write_text(json.dumps(stored | {"format": 2}))
    with pytest.raises(RunError, match="format 2"):
        run.load_state()
    path.write_text(json.dumps(stored | {"tensors": "gone.safetensors"}))
    with pytest.raises(RunError, match=r"gone\.safetensors is gone"):
        run.load_state()


def test_the_log_has_a_line_an_epoch_however_often_it_is_written(tmp_path: Path) -> None:
    run = Run.create(tmp_path / "run", {})
    run.write_log([{"epoch": 1, "loss": 0.1}])
    run.write_log([{"epoch": 1, "loss": 0.1}, {"epoch": 2, "loss": 1 / 3}])
    assert run.read_log() == [{"epoch": 1, "loss": 0.1}, {"epoch": 2, "loss": 1 / 3}]
    assert len((tmp_path / "run" / "log.jsonl").read_text().splitlines()) == 2


def test_epochs_that_are_not_kept_go_and_others_stay(tmp_path: Path) -> None:
    run = Run.create(tmp_path / "run", {})
    for epoch in (1, 2, 12):
        run.save_weights({"w": torch.ones(1)}, runs.epoch_name(epoch))
    run.save_weights({"w": torch.ones(1)})
    run.keep_epochs([2])
    assert [run.has_weights(runs.epoch_name(epoch)) for epoch in (1, 2, 12)] == [False, True, False]
    assert run.has_weights("best")


def test_sweep_removes_what_a_kill_left_and_nothing_else(tmp_path: Path) -> None:
    run = Run.create(tmp_path / "run", {})
    run.save_weights({"w": torch.ones(2)})
    run.save_state({"w": torch.ones(2)})
    before = sorted((tmp_path / "run").rglob("*"))
    (tmp_path / "run" / "last" / ".a.safetensors.123.part").write_bytes(b"half")
    (tmp_path / "run" / "last" / "b.safetensors").write_bytes(b"of no state")
    run.sweep()
    assert sorted((tmp_path / "run").rglob("*")) == before
    assert run.load_state() is not None
