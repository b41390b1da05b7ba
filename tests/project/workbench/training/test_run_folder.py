"""A run's folder: what is there, what is refused, and what a kill leaves."""

import errno
import json
import multiprocessing
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from workbench.errors import explained
from workbench.training import run_folder
from workbench.training.run_folder import Run, RunError


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
    (tmp_path / "run" / "settings.json").replace(tmp_path / "run" / ".unfinished")  # it goes first
    assert not Run.create(tmp_path / "run", {"seed": 2}).has_state()
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


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize(
    "name", ["thesis.txt", "settings.json", "best.safetensors", "last/mine.safetensors", ".git/HEAD"]
)
def test_nothing_is_deleted_that_no_run_has_made(tmp_path: Path, name: str, overwrite: bool) -> None:
    """Not even what has the name of a run's file: a folder without a run's settings.json has no such files."""
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text('{"editor.rulers": [120]}')
    with pytest.raises(RunError, match=rf"{tmp_path / name.split('/')[0]}.*move it elsewhere"):
        Run.create(tmp_path, {}, overwrite)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [tmp_path / name]


def test_a_run_with_your_notes_is_not_overwritten_nor_is_that_offered(tmp_path: Path) -> None:
    run = Run.create(tmp_path / "run", {"seed": 1})
    run.save_state({"w": torch.ones(1)})
    (tmp_path / "run" / ".DS_Store").touch()  # nobody's
    (tmp_path / "run" / "notes.md").write_text("what I have learned")
    before = sorted((tmp_path / "run").rglob("*"))
    with pytest.raises(RunError, match=r"notes\.md is not a run's, and stays"):
        Run.create(tmp_path / "run", {}, overwrite=True)
    with pytest.raises(RunError) as refused:
        Run.create(tmp_path / "run", {})
    assert "--overwrite" not in str(refused.value)
    assert sorted((tmp_path / "run").rglob("*")) == before
    (tmp_path / "run" / "notes.md").rename(tmp_path / "notes.md")
    Run.create(tmp_path / "run", {}, overwrite=True)


@pytest.mark.needs("links")
@pytest.mark.parametrize("linked", [".", "last", "epochs"])
def test_nothing_is_deleted_through_a_link(tmp_path: Path, linked: str) -> None:
    """To another disk, say: such a run goes on, and what lies there stays."""
    run = Run.create(tmp_path / "run", {})
    run.save_weights({"w": torch.ones(1)}, run_folder.epoch_name(1))
    run.save_state({"w": torch.ones(1)})
    place, elsewhere = tmp_path / "run" / linked, tmp_path / "elsewhere"
    place.rename(elsewhere)
    place.symlink_to(elsewhere)
    before = sorted(elsewhere.rglob("*"))
    with pytest.raises(RunError, match="is a link, and nothing is deleted through one"):
        Run.create(tmp_path / "run", {}, overwrite=True)
    run.sweep()
    run.keep_epochs([])
    run.thin_out(keep_best=False)
    assert sorted(elsewhere.rglob("*")) == before


@pytest.mark.parametrize(
    "name", ["", ".", "..", "a/b", "../other", "a\\b", "C:", "run.", "run ", "a\nb", "\udce4", "nul\0"]
)
def test_a_runs_name_is_one_plain_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(RunError, match=r"--name .*expected the name of one folder"):
        run_folder.place(tmp_path, name)
    assert run_folder.place(tmp_path, "LSTM, größer 0.5") == tmp_path / "LSTM, größer 0.5"


def test_a_run_may_be_called_as_a_folder_inside_one(tmp_path: Path) -> None:
    run = Run.create(tmp_path / "last", {})
    run.save_weights({"w": torch.ones(1)})
    run.save_state({"w": torch.ones(1)})
    run.save_state({"w": torch.ones(1)})
    assert Run.open(tmp_path / "last").load_weights()


def test_a_folder_that_is_no_run_is_refused_with_words(tmp_path: Path) -> None:
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


GARBAGE = {  # a file, what it holds, what is read -> what is said
    "a line of words": ("log.jsonl", b'{"epoch": 1}\nOops\n', "log", r"log\.jsonl:2 is no line of a log"),
    "a line cut off": ("log.jsonl", b'{"epoch": 1}\n{"epo', "log", r"log\.jsonl:2 is no line of a log"),
    "a line that is a list": ("log.jsonl", b"[1]\n", "log", r"log\.jsonl:1 .* expected an object, {...}, found \[1\]"),
    "no number": ("log.jsonl", b'{"epoch": "1"}\n', "log", r"log\.jsonl:1 .* expected a number for 'epoch', found '1'"),
    "latin-1": ("log.jsonl", b'{"epoch": "\xe4"}\n', "log", r"log\.jsonl:1 is no line of a log: .*utf-8"),
    "an empty file": ("best.safetensors", b"", "weights", r"best\.safetensors is not whole: "),
    "half of it": ("best.safetensors", b"\x48\0\0\0\0\0\0\0{", "weights", r"best\.safetensors is not whole: "),
    "no object": ("settings.json", b"[]", "open", r"settings\.json: expected an object, {...}, found \[\]"),
    "no settings": ("settings.json", b'{"format": 1}', "open", r"settings\.json: 'settings' is missing"),
    "no loss": ("result.json", b"{}", "finished", r"result\.json: 'loss' is missing"),
    "no tensors": ("last/state.json", b'{"format": 1, "state": {}}', "state", r"state\.json: 'tensors' is missing"),
    "another's tensors": (
        *("last/state.json", b'{"format": 1, "tensors": "a.safetensors", "state": {"$tensor": "x"}}', "state"),
        r"a\.safetensors does not belong to state\.json: 'x' is missing",
    ),
}


@pytest.mark.parametrize("case", GARBAGE)
def test_a_damaged_file_is_named_with_what_to_do(tmp_path: Path, case: str) -> None:
    file, content, read, words = GARBAGE[case]
    run = Run.create(tmp_path / "run", {})
    run.save_state({"w": torch.ones(1)})
    (tmp_path / "run" / file).write_bytes(content)
    reading: dict[str, Callable[[], object]] = {
        "log": lambda: run.read_log("epoch"),
        "weights": run.load_weights,
        "open": lambda: Run.open(tmp_path / "run"),
        "finished": lambda: run.finished,
        "state": run.load_state,
    }
    with pytest.raises(RunError, match=words + r".*\. Put back a copy of it, or train again under another --name"):
        reading[read]()


def _hold(folder: Path, ready: Any) -> None:
    with run_folder.locked(folder):
        ready.set()
        time.sleep(60)


def test_a_run_is_written_by_one_process_and_a_killed_one_lets_go(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    process = context.Process(target=_hold, args=(tmp_path / "run", ready))
    process.start()
    assert ready.wait(60)
    for ask in (lambda run: run_folder.locked(run).__enter__(), run_folder.expect_unlocked):
        with pytest.raises(RunError, match=r"run is being trained by another process; wait until that ends"):
            ask(tmp_path / "run")
    process.kill()
    process.join()
    run_folder.expect_unlocked(tmp_path / "run")
    with run_folder.locked(tmp_path / "run"):
        Run.create(tmp_path / "run", {})


def test_a_full_disk_names_the_file_and_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = Run.create(tmp_path / "run", {})
    run.write_log([{"epoch": 1}])

    def full(path: Path, data: bytes) -> None:
        path.touch()
        raise OSError(errno.ENOSPC, "No space left on device")  # as write() says it, without a name

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space") as stopped:
        run.write_log([])
    words = explained(stopped.value) or ""
    assert words.startswith(f"there is no room left for {tmp_path / 'run' / 'log.jsonl'} (No space left on device). ")
    assert run.read_log() == [{"epoch": 1}]
    assert not list((tmp_path / "run").glob("*.part"))


def test_files_that_do_not_exist_yet_are_named(tmp_path: Path) -> None:
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
    loaded = Run.open(tmp_path / "run").load_state()
    assert loaded is not None
    assert loaded["progress"] == {"loss": 3.1, "none": None}
    assert loaded["list"][1] == "word"
    assert torch.equal(loaded["list"][0]["moment"], state["list"][0]["moment"])  # type: ignore[index]
    assert torch.equal(loaded["bytes"], torch.arange(3, dtype=torch.uint8))
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

    monkeypatch.setattr(run_folder, "replace", stops)
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
        run.save_weights({"w": torch.ones(1)}, run_folder.epoch_name(epoch))
    run.save_weights({"w": torch.ones(1)})
    run.keep_epochs([2])
    assert [run.has_weights(run_folder.epoch_name(epoch)) for epoch in (1, 2, 12)] == [False, True, False]
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
