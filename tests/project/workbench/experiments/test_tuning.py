"""The search's bookkeeping, with made-up trials: what a study holds fast, what stays of a trial, what is said of it."""

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import optuna
import pytest
import sqlalchemy.exc
from optuna.trial import FrozenTrial, TrialState, create_trial

from harness.tree import Tree
from workbench.errors import WorkbenchError, explained
from workbench.experiments import tuning
from workbench.training import launch
from workbench.training.records import Diverged
from workbench.training.settings import Settings

SPACE: dict[str, tuning.Range] = {"learning_rate": ("log", (1e-4, 1.0))}


def opened(folder: Path, *changes: str) -> tuple[optuna.Study, Settings]:
    settings = Settings.of("gru", "stories", "default", changes)
    return tuning.open_study(folder / "trials.db", settings, SPACE), settings


def searched(folder: Path, losses: Sequence[float | Exception], patch: pytest.MonkeyPatch) -> list[FrozenTrial]:
    """The trials of a search in which training comes to these losses."""
    study, settings = opened(folder)
    coming, seen = iter(losses), list[FrozenTrial]()

    def train(settings: Settings, place: Path, *_: Any) -> tuple[None, SimpleNamespace]:
        for name in ("last/a.safetensors", "epochs/0001.safetensors", "best.safetensors", "log.jsonl"):
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).touch()
        loss = next(coming)
        if isinstance(loss, Exception):
            raise loss
        return None, SimpleNamespace(loss=loss)

    patch.setattr(launch, "train", train)
    tuning.search(study, settings, SPACE, cast(Tree, None), len(losses), folder, None, "cpu", seen.append)
    return seen


def test_a_first_try_that_ran_nothing_may_be_mended(tmp_path: Path) -> None:
    study, _ = opened(tmp_path, "epochs=10")
    study.add_trial(create_trial(state=TrialState.FAIL))
    study, _ = opened(tmp_path, "epochs=1")
    study.add_trial(create_trial(value=1.0))
    with pytest.raises(WorkbenchError, match="has epochs=1, not 2"):
        opened(tmp_path, "epochs=2")
    opened(tmp_path, "epochs=1")


def test_a_file_that_holds_no_search_is_one_sentence_and_stays(tmp_path: Path) -> None:
    (tmp_path / "trials.db").write_text("my diary " * 100)
    with pytest.raises(sqlalchemy.exc.DatabaseError) as stopped:
        opened(tmp_path)
    assert (explained(stopped.value) or "").startswith("trials.db in the search's --folder cannot be used: file is not")
    assert (tmp_path / "trials.db").read_text() == "my diary " * 100


def test_a_search_whose_file_is_gone_keeps_its_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    searched(tmp_path, [3.0, 1.0], monkeypatch)
    (tmp_path / "trials.db").unlink()
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(WorkbenchError, match=r"trial-0 is not of this search, .*another --folder"):
        searched(tmp_path, [2.0], monkeypatch)
    assert sorted(path for path in tmp_path.rglob("*") if path.name != "trials.db") == before


def test_a_trial_under_way_holds_the_settings_fast(tmp_path: Path) -> None:
    study, _ = opened(tmp_path, "epochs=10")
    study.add_trial(create_trial(state=TrialState.RUNNING))
    with pytest.raises(WorkbenchError, match="has epochs=10, not 1"):
        opened(tmp_path, "epochs=1")


def test_only_the_best_trial_keeps_its_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    searched(tmp_path, [3.0, 1.0, 2.0, Diverged("made up")], monkeypatch)
    assert [path.parent.name for path in tmp_path.rglob("*.safetensors")] == ["trial-1"]
    assert not list(tmp_path.rglob("last"))
    assert len(list(tmp_path.rglob("log.jsonl"))) == 4


def test_a_trial_that_was_stopped_is_tidied_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(WorkbenchError, match="made up"):
        searched(tmp_path, [WorkbenchError("made up")], monkeypatch)
    assert not list(tmp_path.rglob("*.safetensors"))


def test_what_became_of_a_trial_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = searched(tmp_path, [0.0, Diverged("made up")], monkeypatch)
    said = [tuning.outcome(trial, "tokens") for trial in seen]
    assert said == ["perplexity 1.00", "its loss became no number in epoch 1"]
    pruned = create_trial(state=TrialState.PRUNED, intermediate_values={1: 2.0, 2: 3.0})
    assert tuning.outcome(pruned, "tokens") == "pruned in epoch 2"


def test_the_bar_of_a_trial_leaves_no_line(capsys: pytest.CaptureFixture[str]) -> None:
    tuning.Bar(live=False).on_note(cast(Any, None), "made up")
    assert capsys.readouterr() == ("", "")
