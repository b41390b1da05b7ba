"""`train` and `evaluate`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from workbench.commands.options import (
    JSON_HELP,
    Changes,
    Data,
    DataRoot,
    Device,
    Model,
    RunFolder,
    Split,
    TreeOption,
    asides,
    can_hold,
    console,
    speaks,
)
from workbench.folders import STUDENT, typed
from workbench.metrics import in_words
from workbench.parts import data_for
from workbench.training.records import Result

app = typer.Typer()


@app.command()
def train(
    model: Model,
    data: Data = None,
    preset: Annotated[str, typer.Option(help="default or tuned.")] = "default",
    changes: Changes = None,
    tree: TreeOption = None,
    name: Annotated[str | None, typer.Option(help="The run's folder in --runs. Default: DATA-MODEL-PRESET.")] = None,
    runs: Annotated[Path, typer.Option(help="The folder of all runs.")] = Path("runs"),
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the run by this name, with its settings.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Delete the files of a run by this name first.")
    ] = False,
    data_root: DataRoot = None,
    device: Device = "auto",
) -> None:
    """Train a model. Ctrl-C saves and stops; --resume goes on to the same numbers."""
    from workbench.errors import need
    from workbench.training import launch
    from workbench.training.run_folder import place
    from workbench.training.settings import Settings
    from workbench.training.tracking import ProgressBar, TensorBoard
    from workbench.training.trees import open_tree

    need("tensorboard", "matplotlib")  # the callbacks import them when the run has begun
    settings = Settings.of(model, data or data_for(model), preset, changes or [])
    folder = place(runs, f"{settings.data}-{model}-{preset}" if name is None else name)
    tensorboard = TensorBoard()
    callbacks = [ProgressBar(), tensorboard, settings.part.trained_class().samples(tensorboard)]
    if resume:
        asked = {"model": model, "data": settings.data} | settings.only(changes or [])
        if preset != "default":
            asked["preset"] = preset
        trained, result = launch.resume(folder, tree, data_root, device, callbacks, asked)
    else:
        code = open_tree(tree or STUDENT)
        trained, result = launch.train(settings, folder, code, data_root, device, overwrite, callbacks)
    if speaks():
        _show_training(trained.parameters, trained.examples(), result, folder, settings.part.unit)


def _show_training(parameters: int, examples: Iterable[str], result: Result, folder: Path, unit: str) -> None:
    """Print the result of a training and examples of the model's output."""
    epochs = len(result.history)
    accuracy = "" if result.accuracy is None else f", accuracy {result.accuracy:.1%}"
    console.print(
        Text.assemble(
            "\n", (str(folder), "bold"),
            f": {parameters / 1e6:.2f} M parameters, {epochs} epoch{'' if epochs == 1 else 's'} in "
            f"{result.seconds / 60:.1f} min; validation ", (f"{in_words(result.loss, unit)}{accuracy}", "bold"),
            f", from {result.kept}{', stopped early' if result.stopped_early else ''}.\n",
        )
    )  # fmt: skip
    for example in examples:
        console.print(example, soft_wrap=True)
    console.print(f"All numbers: python -m workbench evaluate {typed(folder)}", soft_wrap=True)


@app.command()
def evaluate(
    run: RunFolder,
    split: Split = "validation",
    tree: TreeOption = None,
    data_root: DataRoot = None,
    device: Device = "auto",
    json_file: Annotated[Path | None, typer.Option("--json", help=JSON_HELP, callback=can_hold('"split"'))] = None,
) -> None:
    """Measure a trained model on a whole split: perplexity, BLEU, accuracy, whatever its part measures.

    Choose settings by validation. Measure the model that you have chosen on test, once.
    """
    from workbench.commands.progress import tracked
    from workbench.training.run_folder import write_json
    from workbench.training.trained import Trained

    trained = Trained.load(run, tree, data_root, device)
    measured = trained.evaluate(split, lambda batches: tracked(batches, "measuring"))
    console.print(f"{run.name}: {measured.title}", soft_wrap=True)
    table = Table()
    for i, column in enumerate(measured.head):
        table.add_column(column, justify="right" if i else "left")
    for row in measured.rows:
        table.add_row(*row)
    console.print(table)
    for note in measured.notes:
        console.print(note, soft_wrap=True)
    try:
        trained.run.write_json(f"{split}.json", measured.numbers)
    except OSError as error:  # of a run that may only be read, say
        words = f"{error.filename} cannot be written ({error.strerror}), so `compare` and `report` lack these numbers"
        asides.print(words, soft_wrap=True)
    if json_file:
        write_json(json_file.resolve(), {**measured.numbers, "run": str(run), "model": trained.settings.model})
