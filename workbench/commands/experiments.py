"""`compare` and `tune`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from workbench.commands.options import Data, DataRoot, Device, Model, Split, TreeOption, console
from workbench.folders import STUDENT, typed
from workbench.parts import data_for

app = typer.Typer()


@app.command()
def compare(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN", help="The folders of training runs.")],
    split: Split = "validation",
    picture: Annotated[Path | None, typer.Option(help="Draw the curves of all runs, into this file.")] = None,
) -> None:
    """Set runs side by side: what differs, what came of it, and what does not count as tuning.

    Runs are compared by validation. --split test also lists what was measured on test, and marks no best of it.
    """
    from workbench.experiments.compare import CHOSEN_BY, histories, notes, only_runs, read, short_names, table

    if picture:
        from workbench.pictures import plots

        plots.check(picture)
    runs, skipped = only_runs(runs)
    summaries = read(runs)
    splits = tuple(dict.fromkeys((*CHOSEN_BY, split)))
    names = short_names(summaries)
    shown = Table("", *names)
    for column in shown.columns[1:]:
        column.justify, column.overflow = "right", "fold"
    for row in table(summaries, splits):
        shown.add_row(row.label, *(Text(cell, "bold" if i in row.best else "") for i, cell in enumerate(row.cells)))
    console.print(shown)
    for note in [*skipped, *notes(summaries, splits)]:
        console.print(f"- {note}", soft_wrap=True)
    if picture:
        plots.save(plots.curves(histories(summaries)), picture)
        console.print(f"{picture}: the curves of all runs")


@app.command()
def tune(
    model: Model,
    data: Data = None,
    trials: Annotated[
        int, typer.Option(help="Finished trials to reach, including earlier runs and other workers.", min=1)
    ] = 20,
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="A setting that all trials share; it is not searched."),
    ] = None,
    workers: Annotated[int, typer.Option(help="Processes that search together.", min=1)] = 1,
    tree: TreeOption = None,
    folder: Annotated[Path, typer.Option(help="Of the search: trials.db, the trials' runs and the picture.")] = Path(
        "tuning"
    ),
    data_root: DataRoot = None,
    device: Device = "auto",
) -> None:
    """Search for a lower validation loss; the same command goes on, also beside itself in another terminal."""
    from workbench.errors import WorkbenchError
    from workbench.experiments import tuning
    from workbench.metrics import in_words
    from workbench.pictures import plots
    from workbench.training import launch
    from workbench.training.records import Interrupted
    from workbench.training.settings import Settings
    from workbench.training.trees import open_tree

    data = data or data_for(model)
    settings = Settings.of(model, data, "default", changes or [])
    code = open_tree(tree or STUDENT)
    plots.check(picture := folder / f"{data}-{model}.png")
    if not (folder / "trials.db").exists():  # what cannot be trained begins no search
        launch.try_out(settings, code, data_root, device)
    space = tuning.space_of(settings, settings.only(changes or []))
    study = tuning.open_study(folder / "trials.db", settings, space)

    def seen(trial: Any) -> None:
        values = "  ".join(f"{key}={_short(value)}" for key, value in trial.params.items())
        line = Text.assemble(f"trial {trial.number}: {tuning.outcome(trial, settings.part.unit)}  ", (values, "dim"))
        console.print(line, soft_wrap=True)

    try:
        with tuning.helpers(sys.argv[1:], workers - 1, console.print):
            tuning.search(study, settings, space, code, trials, folder / f"{data}-{model}", data_root, device, seen)
    except Interrupted:
        raise WorkbenchError("this trial is dropped, the finished ones are kept; the same command goes on") from None
    best = tuning.best_changes(study)
    plots.save(tuning.picture(study), picture)
    for key, share in tuning.importances(study).items():
        console.print(f"  {share:>4.0%}  {key}")
    shared = [change for change in changes or [] if change.partition("=")[0].strip() not in ("epochs", "first")]
    places = [f"{option} {typed(path)}" for option, path in (("--tree", tree), ("--data-root", data_root)) if path]
    options = " ".join([*places, *(f"--set {change}" for change in [*shared, *best])])
    console.print(
        f"Best: trial {study.best_trial.number}, validation {in_words(study.best_value, settings.part.unit)}; "
        f"{picture} shows what mattered. Train it for longer:\n"
        f"  python -m workbench train --model {model} --data {data} --name {data}-{model}-tuned {options}",
        soft_wrap=True,
    )


def _short(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
