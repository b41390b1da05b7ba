"""Compare runs: their settings, their results, and which changes do not count as tuning."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from harness.words import joined
from workbench.errors import WorkbenchError
from workbench.folders import typed
from workbench.metrics import TOKENS, perplexity_of
from workbench.parts import Score
from workbench.training.run_folder import EVALUATED, RESTORE, Run, RunError, is_number
from workbench.training.settings import Settings

EMPTY = "-"
CHOSEN_BY = ("validation",)  # the split by which runs are compared and chosen; test is read once, after that
PERPLEXITY = Score("perplexity", "perplexity", min)
# Settings whose change is no tuning: how long a run takes, which random numbers it sees. A part can name more.
LENGTH = {"epochs", "early_stopping"}
INCIDENTAL = {"seed", "save_every", "compile", "precision"}


@dataclass(frozen=True, eq=False)
class Summary:
    """The contents of a run's folder, without its model.

    Attributes:
        name: the folder as it was given.
        log: a line an epoch, as `Epoch` in training.py has it.
        result: how training ended; empty before it has.
        about: device and number of parameters.
        evaluations: by split, what `evaluate` has measured.
    """

    name: str
    settings: Settings
    log: Sequence[Mapping[str, Any]]
    result: Mapping[str, Any]
    about: Mapping[str, Any]
    evaluations: Mapping[str, Mapping[str, Any]]

    @classmethod
    def read(cls, folder: Path) -> Summary:
        """Raises: RunError or SettingsError, where there is no run, or a file of it is damaged."""
        run = Run.open(folder)
        settings = Settings.of_run(run)
        numbers = {"loss", "accuracy", "parameters", *(score.key for score in scores([settings]))}

        def content(name: str) -> Mapping[str, Any]:
            values = run.read_object(name) if (folder / name).is_file() else {}
            for key in numbers & values.keys():
                if not (is_number(values[key]) or values[key] is None):
                    raise RunError(f"{folder / name}: expected a number for {key!r}, found {values[key]!r}. {RESTORE}")
            return values

        evaluations = {split: content(f"{split}.json") for split in EVALUATED}
        return cls(
            name=folder.as_posix(),
            settings=settings,
            log=run.read_log("epoch", "train_loss", "validation_loss", "seconds"),
            result=content("result.json"),
            about=content("about.json"),
            evaluations={split: numbers for split, numbers in evaluations.items() if numbers},
        )

    @property
    def kind(self) -> str:
        """Which of the exercise's models this is, such as Seq2Seq."""
        title: str = self.settings.shape.title
        return title

    @property
    def best(self) -> Mapping[str, Any]:
        """The line of the epoch that validated best; empty before the end of the first one."""
        return min(self.log, key=lambda line: line["validation_loss"]) if self.log else {}

    @property
    def validation_loss(self) -> float:
        """Of the weights that are kept, in nats a token; infinite before the first epoch's end and after divergence."""
        return math.inf if self.diverged else float(self.result.get("loss", self.best.get("validation_loss", math.inf)))

    @property
    def accuracy(self) -> float | None:
        """Of the weights that are kept, on validation; None where no classes are predicted, and after divergence."""
        if self.diverged:
            return None
        accuracy: float | None = self.result.get("accuracy", self.best.get("validation_accuracy"))
        return accuracy

    @property
    def diverged(self) -> bool:
        """Whether training ended because the loss was not finite."""
        return self.result.get("loss", 0) is None

    @property
    def is_default(self) -> bool:
        """Whether all settings are the default ones, apart from incidental settings."""
        return not changes(Settings.of(self.settings.model, self.settings.data), self.settings)


@dataclass(frozen=True)
class Row:
    """A line of the table: a quantity, its value in every run, and which runs have the best one."""

    label: str
    cells: tuple[str, ...]
    best: frozenset[int] = frozenset()


def read(folders: Sequence[Path]) -> list[Summary]:
    """The runs in these folders, each once, in the order given."""
    if not folders:
        raise WorkbenchError("name at least one run, such as runs/captions-rnn-default")
    return [Summary.read(folder) for folder in dict.fromkeys(folders)]


def only_runs(folders: Sequence[Path]) -> tuple[list[Path], list[str]]:
    """The folders that hold runs, and sentences that name the others, which `runs/*` may match, too.

    A path that does not exist stays, and so do all where none holds a run: that is a mistake, which `read` tells.
    """
    runs = [folder for folder in folders if (folder / "settings.json").is_file()]
    others = [folder for folder in dict.fromkeys(folders) if folder.is_dir() and folder not in runs] if runs else []
    notes = []
    for folder in others:
        holds_runs = any(folder.glob("*/settings.json"))
        notes.append(
            f"{folder.as_posix()} holds no run: left out."
            + f" There are runs inside it; to have them, too, name {folder.as_posix()}/*." * holds_runs
        )
    return [folder for folder in folders if folder not in others], notes


def changes(before: Settings, after: Settings) -> dict[str, tuple[object, object]]:
    """The settings that differ, incidental ones aside: key -> (before, after); None if a model lacks the key."""
    old, new = before.flat(), after.flat()
    incidental = INCIDENTAL.union(before.part.incidental, after.part.incidental)
    keys = [key for key in {**old, **new} if key not in incidental]
    return {key: (old.get(key), new.get(key)) for key in keys if old.get(key) != new.get(key)}


def scores(settings: Iterable[Settings]) -> list[Score]:
    """What `evaluate` measures of models with these settings: perplexity of tokens, then what each part adds."""
    measured = [score for one in settings for score in [PERPLEXITY] * (one.part.unit == TOKENS) + list(one.part.scores)]
    return list(dict.fromkeys(measured))


def table(runs: Sequence[Summary], splits: Sequence[str] = CHOSEN_BY) -> list[Row]:
    """All rows."""
    return [*setup_rows(runs), *result_rows(runs, splits)]


def setup_rows(runs: Sequence[Summary]) -> list[Row]:
    """Rows with the runs' models, data and presets, and with every setting in which they differ."""
    flat = [run.settings.flat() for run in runs]
    keys = list(dict.fromkeys(key for values in flat for key in values))
    differing = [key for key in keys if len({values.get(key) for values in flat}) > 1]
    rows = [
        Row("model", tuple(run.settings.model for run in runs)),
        Row("data", tuple(run.settings.data for run in runs)),
        Row("preset", tuple(run.settings.preset for run in runs)),
        *(Row(key, tuple(shown(values.get(key)) for values in flat)) for key in differing),
        _row(runs, "parameters", lambda run: run.about.get("parameters"), "{:,}"),
    ]
    return [row for row in rows if set(row.cells) != {EMPTY}]


def result_rows(runs: Sequence[Summary], splits: Sequence[str] = CHOSEN_BY) -> list[Row]:
    """Rows with the runs' results; a quantity that no run has gets no row.

    The best of each row is marked, but not of the test split: nothing is to be chosen by it.
    """
    rows = [
        Row("epochs (best)", tuple(_epochs(run) for run in runs)),
        _row(runs, "training loss", lambda run: run.best.get("train_loss"), "{:.3f}"),
        _row(runs, "training perplexity", lambda run: _exp(run, run.best.get("train_loss")), "{:.2f}"),
        _row(runs, "validation loss", lambda run: _finite(run.validation_loss), "{:.3f}", min),
        _row(runs, "validation perplexity", lambda run: _exp(run, _finite(run.validation_loss)), "{:.2f}", min),
        _row(runs, "validation accuracy", lambda run: run.accuracy, "{:.2%}", max),
    ]
    rows += [
        _row(
            runs,
            f"{split} {score.label}",
            partial(_measured, split=split, key=score.key),
            score.form,
            score.best if split in CHOSEN_BY else None,
        )
        for split in splits
        for score in scores(run.settings for run in runs)
        if split != "validation" or score.key not in ("perplexity", "accuracy")  # the same as above
    ]
    rows += [
        _row(runs, "minutes", lambda run: sum(line["seconds"] for line in run.log) / 60 if run.log else None, "{:.1f}"),
        _row(runs, "device", lambda run: run.about.get("device"), "{}"),
    ]
    return [row for row in rows if set(row.cells) != {EMPTY}]


def notes(runs: Sequence[Summary], splits: Sequence[str] = CHOSEN_BY) -> list[str]:
    """Sentences on what the table does not say: what is not comparable, not tuning, not finished or not measured."""
    sentences = []
    if len({run.settings.data for run in runs}) > 1:
        sentences.append("These runs were trained on different data: their losses and scores cannot be compared.")
    if smoothed := [run.name for run in runs if run.settings.flat().get("label_smoothing")]:
        sentences.append(
            f"The training loss of {joined(smoothed)} is that of smoothed labels, "
            "which is higher: compare it with no other loss."
        )
    sentences += tuning_notes(runs)
    for run in runs:
        if run.diverged:
            sentences.append(
                f"{run.name} has diverged: after {len(run.log)} epochs its loss was no longer a finite number."
            )
        elif not run.log:
            sentences.append(f"{run.name} has not come to the end of an epoch yet.")
        elif not run.result:
            sentences.append(
                f"{run.name} has not come to its end, only to epoch {len(run.log)} of {run.settings.training.epochs}; "
                "the same `train` command with --resume goes on."
            )
    return sentences + not_measured(runs, splits)


def not_measured(runs: Iterable[Summary], splits: Sequence[str] = CHOSEN_BY) -> list[str]:
    """Notes on splits on which runs have not been evaluated."""
    return [
        f"{run.name} is not evaluated on {split} yet: python -m workbench evaluate {typed(run.name)} --split {split}"
        for run in runs
        if run.log
        for split in splits
        if split not in run.evaluations
    ]


def tuning_notes(runs: Sequence[Summary]) -> list[str]:
    """Notes on runs that do not count as tuned, with the reasons."""
    sentences = [note for run, before in pairs(runs) if (note := not_tuning(before, run))]
    advice = (
        "Such runs are worth comparing, but the exercise does not accept that as tuning. Change what the model is or "
        "how it learns: sizes, dropout, learning rate, schedule, batch size, ..."
    )
    return [*sentences, advice] if sentences else []


def pairs(runs: Sequence[Summary]) -> list[tuple[Summary, Summary]]:
    """Each run with the earlier run to compare it with: of the same model if there is one, else of the same kind.

    The first run with default settings counts as the one before tuning; without any, the first run.
    """
    both = []
    for run in runs:
        group = [other for other in runs if other.kind == run.kind and other.settings.data == run.settings.data]
        group.sort(key=lambda other: not other.is_default)
        earlier = group[: group.index(run)]
        same = [other for other in earlier if other.settings.model == run.settings.model]
        both += [(run, before) for before in (same or earlier)[:1]]
    return both


def not_tuning(before: Summary, after: Summary) -> str:
    """Why the second run does not count as a tuned version of the first; "" if it does."""
    changed = changes(before.settings, after.settings)
    if changed.keys() - LENGTH:
        return ""
    models = before.settings.model, after.settings.model
    parts = []
    if models[0] != models[1]:
        parts.append(f"the kind of model ({models[0]}, now {models[1]})")
    if "epochs" in changed:
        parts.append("the number of epochs ({}, now {})".format(*changed["epochs"]))
    elif changed:
        parts.append("when training stops")
    rest = " and ".join(parts) if parts else "incidental settings such as the seed"
    return f"{after.name} changes nothing of {before.name} but {rest}."


def short_names(runs: Sequence[Summary]) -> list[str]:
    """Names that tell runs apart: their folders, without the data's and the model's name where all have the same."""
    names = [Path(run.name).name for run in runs]
    for common in ({run.settings.data for run in runs}, {run.settings.model for run in runs}):
        prefix = f"{next(iter(common))}-"
        if len(runs) > 1 and len(common) == 1 and all(name.startswith(prefix) for name in names):
            names = [name.removeprefix(prefix) for name in names]
    return names if len(set(names)) == len(runs) else [run.name for run in runs]


def histories(runs: Sequence[Summary]) -> dict[str, Sequence[Mapping[str, Any]]]:
    """Short name -> one line per epoch, for the curves.

    Raises:
        WorkbenchError: there is nothing to draw.
    """
    logs = {name: run.log for name, run in zip(short_names(runs), runs, strict=True) if run.log}
    if not logs:
        raise WorkbenchError("none of these runs has come to the end of an epoch, so there are no curves yet")
    return logs


def shown(value: object) -> str:
    """A setting's value for a table."""
    return EMPTY if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _epochs(run: Summary) -> str:
    return f"{len(run.log)} ({run.best['epoch']})" if run.log else EMPTY


def _measured(run: Summary, split: str, key: str) -> float | None:
    value: float | None = run.evaluations.get(split, {}).get(key)
    return value


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _exp(run: Summary, loss: float | None) -> float | None:
    """The perplexity of a mean loss; None where it is not one of tokens."""
    return None if loss is None or run.settings.part.unit != TOKENS else perplexity_of(loss)


def _row(
    runs: Sequence[Summary],
    label: str,
    value_of: Callable[[Summary], Any],
    form: str,
    better: Callable[[list[float]], float] | None = None,
) -> Row:
    values = [value_of(run) for run in runs]
    numbers = [value for value in values if value is not None]
    cells = tuple(EMPTY if value is None else form.format(value) for value in values)
    if better is None or len(set(cells) - {EMPTY}) < 2:
        return Row(label, cells)
    best = form.format(better(numbers))  # of equal cells none looks better than the other
    return Row(label, cells, frozenset(i for i, cell in enumerate(cells) if cell == best))
