"""`bench translation`, `bench language-model`, `bench sentiment`: how fast the workbench is, beside plain ways."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from workbench.commands.options import JSON_HELP, Changes, DataRoot, Device, can_hold, console, names_in
from workbench.folders import ROOT


def translation(
    run: Annotated[
        Path | None,
        typer.Argument(
            metavar="[RUN]", help="The folder of a training run. Default: the latest of transformer in runs/."
        ),
    ] = None,
    sentences: Annotated[int, typer.Option(help="How many of the validation split to translate.", min=1)] = 1000,
    data_root: DataRoot = None,
    device: Device = "cpu",
    json_file: Annotated[Path | None, typer.Option("--json", help=JSON_HELP, callback=can_hold('"seconds"'))] = None,
) -> None:
    """Time a trained transformer: decoding and training, each beside an ordinary way and beside the plainest."""
    from autograder.bench.workbench.translation import latest, races
    from workbench.commands.progress import tracked
    from workbench.training.run_folder import write_json
    from workbench.translation.trained import TrainedTranslator

    run = run or latest(Path("runs"))
    console.print(f"{run}:", soft_wrap=True)
    results = races(TrainedTranslator.load(run, None, data_root, device), sentences, tracked)
    table = Table("", "a second", "workbench: times as fast", "same translations")
    for race in results:
        table.add_row(f"{race.amount:,} {race.what}", f"{race.amount / race.seconds:,.1f}", "", "")
        for other in race.others:
            same = "" if other.same is None else f"{other.same:.1%}"
            table.add_row(f"  {other.how}", f"{race.amount / other.seconds:,.1f}", f"{race.ratio(other):.1f}", same)
        table.add_section()
    console.print(table)
    if json_file:
        write_json(json_file.resolve(), {race.what: race.to_json() for race in results})


def language_model(
    models: Annotated[str, typer.Option(help="Which, with commas between them.")] = "lstm,transformer",
    batches: Annotated[
        int | None, typer.Option(help="How many to time with each loop, after two. Default: 30; for epochs, all.")
    ] = None,
    epochs: Annotated[int, typer.Option(help="Read the batches as often as this, and validate each time.", min=0)] = 0,
    seed: Annotated[int, typer.Option(help="Of weights and dropout, of both loops.", min=0, max=1000)] = 0,
    tree: Annotated[Path, typer.Option(help="The folder that holds models/.")] = ROOT / "solution",
    data_root: Annotated[
        Path | None, typer.Option(help="A folder with the files of WikiText-2. Default: a download, else our stories.")
    ] = None,
    device: Device = "cpu",
    json_file: Annotated[
        Path | None, typer.Option("--json", help=JSON_HELP, callback=can_hold('"milliseconds"'))
    ] = None,
) -> None:
    """Train on WikiText-2 beside the plain textbook loop, batch by batch in turns: time, memory and loss.

    Two layers of 200 units, batches of 20 columns and 35 steps, the preset's learning rate. The plain loop computes the
    whole log-softmax and takes its steps by hand; the losses of both are the same numbers, but for rounding. What is
    validated differs: as in training, the workbench has the moving mean of its weights for that.
    """
    import torch

    from autograder.bench.workbench.language_model import corpus_for, races
    from workbench.commands.progress import tracked
    from workbench.training.run_folder import write_json
    from workbench.training.trees import open_tree

    corpus, note = corpus_for(data_root)
    console.print(f"{corpus.name}: {note}", soft_wrap=True)
    table = Table("", "ms a batch", "ratio", "loss at the end", "MiB")
    validated = Table(
        "", *map(str, range(1, epochs + 1)), title="validation perplexity after epoch", title_justify="left"
    )
    numbers = {}
    code, names = open_tree(tree), names_in(models)
    for race in races(code, corpus, names, batches, epochs, device, lambda rows: tracked(rows, "racing"), seed):
        numbers[race.model] = race.to_json() | {"threads": torch.get_num_threads()}
        for name, ratio, lane in (
            (race.model, Text(f"{race.ratio:.2f}", "bold"), race.workbench),
            ("  plain loop", "", race.plain),
        ):
            time = statistics.median(lane.milliseconds)
            table.add_row(name, f"{time:.0f}", ratio, f"{lane.last_loss:.4f}", f"{lane.mebibytes:.0f}")
            validated.add_row(name, *(f"{perplexity:.2f}" for perplexity in lane.perplexities))
        table.add_section()
        validated.add_section()
        words = race.vocabulary
    table.caption = f"{words:,} words, {torch.get_num_threads()} threads"
    console.print(table)
    console.print(
        "The ratio is the median over neighbouring batches. MiB: a step at its peak, beside weights and gradients. "
        "The loss at the end is that of the weights as they are, before each step.",
        soft_wrap=True,
    )
    if epochs:
        validated.caption = "of the moving mean of the weights; of the plain loop's weights as they are"
        console.print(validated)
    if json_file:
        write_json(json_file.resolve(), numbers)


def sentiment(
    data: Annotated[str, typer.Option(help="reviews or imdb.")] = "reviews",
    preset: Annotated[str, typer.Option(help="default or tuned.")] = "tuned",
    changes: Changes = None,
    batches: Annotated[int, typer.Option(help="How many to time, after one.", min=1)] = 10,
    tree: Annotated[Path, typer.Option(help="The folder that holds models/.")] = ROOT / "solution",
    data_root: DataRoot = None,
    json_file: Annotated[Path | None, typer.Option("--json", help=JSON_HELP, callback=can_hold('"seconds"'))] = None,
) -> None:
    """Time training steps of a sentiment model with BERT's outputs kept, and with BERT reading again, in turns."""
    import torch

    from autograder.bench.workbench.sentiment import median, peak, race, ratio
    from workbench.commands.progress import tracked
    from workbench.training.run_folder import write_json
    from workbench.training.settings import Settings
    from workbench.training.trees import open_tree

    settings = Settings.of("bert-gru", data, preset, changes or [])
    lanes = race(settings, open_tree(tree), data_root, batches, lambda rows: tracked(rows, "racing"))
    table = Table("", "ms a batch", "times as long", caption=f"{torch.get_num_threads()} threads, {peak():,.0f} MiB")
    for lane in lanes:
        table.add_row(lane.how, f"{1000 * median(lane):,.0f}", f"{ratio(lanes, lane):.1f}")
    console.print(table)
    if json_file:
        write_json(json_file.resolve(), {lane.how: {"seconds": lane.seconds} for lane in lanes})
