"""The commands of language models: `generate`, `profile` and `sweep`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from harness.files import refusal
from harness.words import joined
from workbench.commands.options import (
    JSON_HELP,
    Changes,
    DataRoot,
    Device,
    TreeOption,
    asides,
    can_hold,
    console,
    expect_utf8,
    lines_of_input,
    names_in,
)
from workbench.folders import STUDENT
from workbench.language_model.part import PART

app = typer.Typer()
Corpus = Annotated[str, typer.Option(help=f"{joined(PART.data, 'or')}.")]


@app.command(context_settings={"allow_extra_args": True})
def generate(
    context: typer.Context,
    run: Annotated[
        Path, typer.Argument(metavar="RUN", help="The folder of a training run, such as runs/stories-lstm-default.")
    ],
    prompts: Annotated[
        list[str] | None,
        typer.Option(
            "--prompt", help="What to continue; may be repeated. - for each line of the input. Default: nothing."
        ),
    ] = None,
    length: Annotated[int, typer.Option(help="Words or characters to write.", min=1)] = 50,
    temperature: Annotated[float, typer.Option(help="Below 1 more of the same, above 1 more of all.", min=0)] = 1.0,
    greedy: Annotated[
        bool, typer.Option("--greedy", help="Always the most probable one, as at temperature 0.")
    ] = False,
    seed: Annotated[int, typer.Option(help="The same seed writes the same.", min=0, max=2**32 - 1)] = 0,
    tree: TreeOption = None,
    device: Device = "auto",
) -> None:
    """Let a trained language model write."""
    from workbench.commands.progress import waiting
    from workbench.language_model.trained import TrainedLanguageModel

    if context.args:
        raise typer.BadParameter(f'{context.args[0]!r} follows no option; give a prompt as in --prompt "One day"')
    trained = TrainedLanguageModel.load(run, tree, None, device)
    text = None
    for prompt in (prompt for given in prompts or [""] for prompt in (lines_of_input() if given == "-" else [given])):
        expect_utf8(prompt, "--prompt")
        with waiting("writing"):
            text, unknown = trained.write(prompt, length, temperature, greedy, seed)
        if unknown:
            words = ", ".join(unknown)
            asides.print(f"not in the vocabulary of {run}, so read as <unk>: {words}", soft_wrap=True)
        print(text)
    if text is None:
        raise typer.BadParameter('the input of --prompt - has no line; give a prompt, as in --prompt "One day"')


@app.command()
def profile(
    model: Annotated[str, typer.Option(help=f"{joined(PART.models, 'or')}.")],
    data: Corpus = PART.data[0],
    batches: Annotated[int, typer.Option(help="How many to watch.")] = 10,
    changes: Changes = None,
    tree: TreeOption = None,
    data_root: DataRoot = None,
    device: Device = "cpu",
    picture: Annotated[Path, typer.Option(help="The block diagram's file.")] = Path("profile.png"),
    lines: Annotated[bool, typer.Option(help="Also run it under line_profiler.")] = True,
    json_file: Annotated[
        Path | None, typer.Option("--json", help=JSON_HELP, callback=can_hold('"forward_and_backward"'))
    ] = None,
) -> None:
    """Show where your training loop spends its time: by phase, by line, by torch's operators, and as a picture.

    Your own train_epoch runs, with your model, as it is. (`train` has a loop of its own.)
    """
    from workbench.commands.progress import waiting
    from workbench.errors import need
    from workbench.language_model.diagram import diagram
    from workbench.language_model.profiling import profile_training
    from workbench.pictures import plots
    from workbench.training.devices import choose
    from workbench.training.run_folder import write_json
    from workbench.training.settings import Settings
    from workbench.training.trees import open_tree

    need("matplotlib", *["line_profiler"] * lines)
    plots.check(picture)
    settings = Settings.of(model, data, "default", changes or [])
    with waiting(f"watching {batches} batches{', twice' * lines}"):
        measured = profile_training(open_tree(tree or STUDENT), settings, data_root, batches, choose(device), lines)
    table = Table(
        "phase",
        "calls",
        "ms a batch",
        "share",
        title=measured.what,
        title_justify="left",
        caption="step: zero_grad, too",
    )
    for phase in measured.phases:
        share = "once, before" if phase.share is None else f"{phase.share:.1%}"
        batches_of = 1 if phase.share is None else measured.batches
        table.add_row(phase.name, str(phase.calls), f"{1000 * phase.seconds / batches_of:.2f}", share)
    console.print(table)
    if measured.lines:
        table = Table("line", "code", "calls", "share")
        for line, following in zip(measured.lines, [*measured.lines[1:], None], strict=True):
            last = following is None or following.file != line.file
            row = (f"{line.file}:{line.number}", line.text, str(line.calls), f"{line.share:.1%}")
            table.add_row(*row, end_section=last)
        console.print(table)
    operators = ", ".join(f"{name} {share:.0%}" for name, share in measured.operators)
    console.print(f"Of torch's operators: {operators}", soft_wrap=True)
    for name in measured.missing():
        console.print(f"{name} was never seen: train_epoch does without it, or in its own way.")
    plots.save(diagram(measured), picture)
    if json_file:
        write_json(json_file.resolve(), measured.to_json())
    console.print(f"forward and backward: {measured.forward_and_backward:.1%}; {picture} shows it as blocks")


@app.command()
def sweep(
    models: Annotated[str, typer.Option(help="Which to compare, with commas between them.")] = "lstm,gru",
    data: Corpus = PART.data[0],
    over: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FACTOR[=VALUES]",
            help="What to vary, as in --over bptt or --over num_layers=1,2,4; may be repeated. Default: num_layers, "
            "hidden_size, emb_size, bptt and nonlinearity (tanh and relu), each with values of its own.",
        ),
    ] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Change the setting from which all others differ in one."),
    ] = None,
    tree: TreeOption = None,
    folder: Annotated[Path, typer.Option(help="Of the sweep: runs, table and picture.")] = Path("sweep"),
    data_root: DataRoot = None,
    device: Device = "auto",
) -> None:
    """Compare models over layers, sizes, truncation length, non-linearity and epochs, one of them at a time.

    Every run begins at the same base: one layer of 100 units, 6 epochs of Adam. The same command goes on where it was
    stopped, and trains nothing twice; code that has changed needs another --folder.
    """
    from workbench.errors import WorkbenchError
    from workbench.language_model import sweep as sweeping
    from workbench.pictures import plots
    from workbench.training.run_folder import write_json
    from workbench.training.tracking import ProgressBar
    from workbench.training.trees import open_tree

    names, factors = names_in(models), sweeping.factors_of(over or [])
    todo = sweeping.points(names, data, factors, changes or [])
    code, sweep_folder = open_tree(tree or STUDENT), folder / data
    plots.check(picture := folder / f"{data}.png")
    if refused := refusal(numbers := folder / f"{data}.json", '"perplexity"'):
        raise WorkbenchError(f"{refused}; move it elsewhere, or choose another --folder")
    bars = [ProgressBar()] if sys.stderr.isatty() else []  # elsewhere a line a run is enough
    for number, point in enumerate(todo, 1):
        new = sweeping.run(point, sweep_folder, code, data_root, device, bars)
        base = next(row for row in sweeping.measurements([point], sweep_folder) if row.factor != "epochs")
        was = "" if new else " (trained before)"
        console.print(f"{number}/{len(todo)} {point.name}: perplexity {base.perplexity:.2f}, {base.seconds:.0f} s{was}")
    shown = sweeping.panels(sweeping.measurements(todo, sweep_folder), names, factors)
    table = Table("", "", "perplexity", "seconds")
    for factor, rows in shown.items():
        for i, row in enumerate(rows):
            words = f"{row.model} {row.value}".strip()
            cells = (sweeping.TITLES[factor] if not i else "", words, f"{row.perplexity:.2f}", f"{row.seconds:.1f}")
            table.add_row(*cells, end_section=row is rows[-1])
    console.print(table)
    plots.save(sweeping.picture(shown, f"{data}: one change at a time"), picture)
    write_json(numbers.resolve(), sweeping.to_json(shown))
    console.print(f"{picture} shows it")
