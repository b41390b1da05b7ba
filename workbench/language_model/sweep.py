"""Measures the effect of each hyper-parameter alone: runs that differ from a base in one setting, for several models.

Every point is a run in a folder of its own, so a sweep goes on where it was stopped, and grows when values are added.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from harness.tree import Tree
from workbench.errors import SettingsError, WorkbenchError
from workbench.language_model.part import PART
from workbench.metrics import perplexity_of
from workbench.parts import expect_part
from workbench.pictures.plots import logarithmic
from workbench.training import launch
from workbench.training.callbacks import Callback
from workbench.training.records import Diverged, Interrupted
from workbench.training.run_folder import Run, RunError
from workbench.training.settings import Settings
from workbench.training.trees import recorded

# Adam learns with one rate in all of these models, and from little text; untied weights make two factors of two sizes.
BASE = (
    *("num_layers=1", "hidden_size=100", "emb_size=100", "tied=false"),
    *("epochs=6", "optimizer=adam", "learning_rate=0.003"),
)
# The base's own value is always among a factor's values. Epochs need no runs: a run tells of each of its epochs.
FACTORS: dict[str, tuple[str, ...]] = {
    "num_layers": ("1", "2", "3"),
    "hidden_size": ("50", "100", "200"),
    "emb_size": ("50", "100", "200"),
    "bptt": ("5", "15", "35", "70"),
    "nonlinearity": ("tanh", "relu"),
}
NONLINEARITY = "nonlinearity"  # of a plain RNN, which stands beside the gated ones
TITLES = {
    "epochs": "epochs",
    "num_layers": "layers",
    "hidden_size": "hidden size",
    "emb_size": "embedding size",
    "bptt": "truncation length",
    NONLINEARITY: "non-linearity",
}


@dataclass(frozen=True)
class Point:
    """One run of a sweep.

    Attributes:
        factor, value: what differs from the base; of the base itself, "" and "".
    """

    factor: str
    value: str
    settings: Settings

    @property
    def model(self) -> str:
        return self.settings.model

    @property
    def name(self) -> str:
        return f"{self.model}-{self.factor}={self.value}" if self.factor else f"{self.model}-base"


@dataclass(frozen=True)
class Measurement:
    """The result of a run in a sweep.

    Attributes:
        perplexity: of the validation split; infinite where the loss has left all numbers.
        seconds: of training.
    """

    model: str
    factor: str
    value: str
    perplexity: float
    seconds: float


def points(
    models: Sequence[str], data: str, factors: Mapping[str, Sequence[str]], changes: Iterable[str]
) -> list[Point]:
    """The runs of a sweep, each once; the bases first.

    Args:
        changes: of the base, as "key=value" texts.

    Raises:
        SettingsError: a model or a setting is none, or the data set is of another part.
    """
    expect_part(PART, data)
    by_name: dict[tuple[str, str], Point] = {}
    changes = list(changes)
    for model in [*models, *(f"rnn-{value}" for value in factors.get(NONLINEARITY, ()))]:
        base = _base(model, data, changes)
        by_name.setdefault((model, ""), Point("", "", base))
    for factor, values in factors.items():
        for model in models if factor != NONLINEARITY else ():
            base = by_name[model, ""].settings
            for value in values if not _follows(factor, base) else ():
                changed = base.changed(factor, base.parse(factor, value, "--over"))
                changed.check()
                if changed != base:
                    by_name.setdefault((model, f"{factor}={value}"), Point(factor, value, changed))
    return list(by_name.values())


def factors_of(only: Sequence[str]) -> dict[str, Sequence[str]]:
    """The factors that "name" or "name=value,value" texts choose; all of them for none.

    Raises:
        SettingsError: there is no such factor.
    """
    chosen: dict[str, Sequence[str]] = {}
    for text in only:
        name, equals, values = text.partition("=")
        if name == "epochs":
            raise SettingsError("a sweep always tells how far its base is after each epoch; --set epochs=8 makes it 8")
        if name not in FACTORS:
            raise SettingsError(f"sweep has no factor {name!r}; choose among {', '.join(FACTORS)}")
        chosen[name] = [value.strip() for value in values.split(",")] if equals else FACTORS[name]
    for value in chosen.get(NONLINEARITY, ()):
        if value not in FACTORS[NONLINEARITY]:
            raise SettingsError(f"{NONLINEARITY}: expected tanh or relu, got {value!r}")
    return chosen or dict(FACTORS)


def run(
    point: Point,
    folder: Path,
    tree: Tree,
    data_root: Path | None = None,
    device: str = "cpu",
    callbacks: Sequence[Callback] = (),
) -> bool:
    """Train a point or resume its run; return whether there was something to do.

    Raises:
        RunError: the folder has a run of this name with other settings, or of another tree or data folder.
        WorkbenchError: it was told to stop; the message says how to go on.
    """
    run_folder = folder / point.name
    earlier = Run.open(run_folder) if (run_folder / "settings.json").exists() else None
    if earlier and (difference := _differing(earlier, point, tree, data_root)):
        raise RunError(
            f"{run_folder} was trained with another {difference}; sweep into another --folder, or delete this one. "
            "Code that has changed needs another --folder, too"
        )
    if earlier and (run_folder / "result.json").is_file():
        return False
    try:
        if earlier:
            launch.resume(run_folder, tree.root, data_root, device, callbacks)
        else:
            launch.train(point.settings, run_folder, tree, data_root, device, callbacks=callbacks)
    except Interrupted:
        raise WorkbenchError(f"{point.name} is saved, as are the finished ones; the same command goes on") from None
    except Diverged:  # as bad as it gets, which is a result, and it would be so again
        pass
    return True


def _differing(run: Run, point: Point, tree: Tree, data_root: Path | None) -> str:
    """How a run differs from what the point asks for, in words; "" if it does not."""
    stored, root = run.settings, data_root and recorded(data_root)
    before, now = Settings.of_run(run).flat(), point.settings.flat()
    others = ", ".join(f"{key}={was}, not {now.get(key)}" for key, was in before.items() if was != now.get(key))
    differs = {
        f"base ({others})": bool(others),
        "tree": stored["tree"] != recorded(tree.root),
        "data root": stored["data_root"] != root,
    }
    return " and another ".join(name for name, is_different in differs.items() if is_different)


def measurements(points: Iterable[Point], folder: Path) -> list[Measurement]:
    """Results of finished runs: of the points, and of the bases after each of their epochs.

    A base stands under every factor, with the value that it has there.
    """
    rows = []
    for point in points:
        run = Run.open(folder / point.name)
        log = run.read_log("epoch", "validation_loss", "seconds")
        seconds = sum(line["seconds"] for line in log)
        loss = run.read_object("result.json", "loss")["loss"]
        perplexity = math.inf if loss is None else perplexity_of(loss)
        if point.factor:
            rows.append(Measurement(point.model, point.factor, point.value, perplexity, seconds))
            continue
        best, spent = math.inf, 0.0
        for line in log:
            best, spent = min(best, perplexity_of(line["validation_loss"])), spent + line["seconds"]
            rows.append(Measurement(point.model, "epochs", str(line["epoch"]), best, spent))
        values = point.settings.flat()
        own = [
            (factor, str(values[factor]))
            for factor in FACTORS
            if factor in values and not _follows(factor, point.settings)
        ]
        rows += [Measurement(point.model, factor, value, perplexity, seconds) for factor, value in own]
        rows.append(Measurement(point.model, NONLINEARITY, "", perplexity, seconds))
    return rows


def panels(rows: Iterable[Measurement], models: Sequence[str], factors: Iterable[str]) -> dict[str, list[Measurement]]:
    """The rows by factor, as they are to be shown: sorted by model and value. Factors without rows are left out."""
    by_factor: dict[str, list[Measurement]] = {factor: [] for factor in ("epochs", *factors)}
    for row in rows:
        if row.factor in by_factor and (row.model in models or row.factor == NONLINEARITY):
            by_factor[row.factor].append(row)
    for group in by_factor.values():
        group.sort(key=lambda row: (row.model not in models, row.model, float(row.value or 0)))
    return {factor: group for factor, group in by_factor.items() if group or factor == "epochs"}


def picture(shown: Mapping[str, Sequence[Measurement]], title: str) -> Figure:
    """A column a factor: above validation perplexity (logarithmic), below seconds of training."""
    figure = Figure(figsize=(3.1 * len(shown), 5.6), layout="constrained")
    grid = figure.subplots(2, len(shown), squeeze=False, sharey="row")
    models = list(dict.fromkeys(row.model for rows in shown.values() for row in rows))
    colours = {model: f"C{number}" for number, model in enumerate(models)}
    for column, (factor, rows) in enumerate(shown.items()):
        for axes, quantity in zip(grid[:, column], ("perplexity", "seconds"), strict=True):
            (_dots if factor == NONLINEARITY else _lines)(axes, rows, quantity, colours)
            axes.grid(visible=True, axis="y", alpha=0.3)
        grid[0, column].set_title(TITLES[factor])
    logarithmic(grid[0, 0])
    grid[0, 0].set_ylabel("validation perplexity")
    grid[1, 0].set_ylabel("seconds of training")
    handles, labels = grid[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))
    figure.suptitle(title)
    return figure


def _lines(axes: Axes, rows: Sequence[Measurement], quantity: str, colours: Mapping[str, str]) -> None:
    for model in dict.fromkeys(row.model for row in rows):
        own = [row for row in rows if row.model == model]
        xs, ys = [float(row.value) for row in own], [_value(row, quantity) for row in own]
        axes.plot(xs, ys, marker="o", label=model, color=colours[model])
    axes.set_xticks(sorted({float(row.value) for row in rows}))


def _dots(axes: Axes, rows: Sequence[Measurement], quantity: str, colours: Mapping[str, str]) -> None:
    for row in rows:
        axes.plot([row.model], [_value(row, quantity)], marker="o", color=colours[row.model])
    axes.margins(x=0.2)
    axes.tick_params(axis="x", rotation=30)


def _value(row: Measurement, quantity: str) -> float:
    value = row.perplexity if quantity == "perplexity" else row.seconds
    return value if math.isfinite(value) else math.nan


def to_json(shown: Mapping[str, Sequence[Measurement]]) -> dict[str, Any]:
    return {factor: [asdict(row) for row in rows] for factor, rows in shown.items()}


def _base(model: str, data: str, changes: Sequence[str]) -> Settings:
    """A model's base: of the keys that it has. Tied weights make the embedding as large as the hidden state."""
    default = Settings.of(model, data)
    known = default.keys()
    own = [change for change in BASE if change.partition("=")[0] in known]
    tied = [value.strip() for key, _, value in (change.partition("=") for change in changes) if key.strip() == "tied"]
    if "tied" in known and tied and default.parse("tied", tied[-1]):
        own.append("emb_size=0")
    return Settings.of(model, data, "default", [*own, *changes])


def _follows(factor: str, settings: Settings) -> bool:
    """Whether a factor cannot be varied by itself: with tied weights, emb_size follows from hidden_size."""
    return factor == "emb_size" and bool(settings.flat().get("tied"))
