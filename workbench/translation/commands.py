"""The commands of translation: `translate` and `report`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from workbench.commands.options import (
    DataRoot,
    Device,
    RunFolder,
    TreeOption,
    asides,
    console,
    expect_utf8,
    lines_of_input,
)

app = typer.Typer()


@app.command()
def translate(
    run: RunFolder,
    sentences: Annotated[
        list[str] | None, typer.Argument(help="German sentences. Default: lines of the input.")
    ] = None,
    tree: TreeOption = None,
    device: Device = "auto",
    attention: Annotated[Path | None, typer.Option(help="Draw where the model has looked, into this file.")] = None,
) -> None:
    """Translate sentences with a trained model."""
    from workbench.commands.progress import tracked
    from workbench.translation.trained import TrainedTranslator

    if attention:
        from workbench.pictures import plots

        plots.check(attention)
    trained = TrainedTranslator.load(run, tree, None, device)
    if attention:
        trained.translator.expect_attention()
    if not sentences and sys.stdin.isatty():
        asides.print("One sentence a line; Ctrl-D at the beginning of a line ends.")
    lines = [line.strip() for line in (expect_utf8(text, "a sentence") for text in sentences or lines_of_input())]
    if not (nonempty := [line for line in lines if line]):
        raise typer.BadParameter('give a sentence in quotes, as in "Ein Mann fährt Fahrrad.", or lines on the input')
    translations = iter(trained.translate_all(nonempty, lambda batches: tracked(batches, "translating")))
    for line in lines:
        print(next(translations) if line else "")  # an empty line stays one, so that lines belong together
    if attention:
        plots.save(plots.attention(*trained.attention(nonempty[0])), attention)
        console.print(f"{attention}: where the model has looked for the first sentence")


@app.command()
def report(
    runs: Annotated[
        list[Path] | None,
        typer.Argument(metavar="RUN", help="Runs to fill in, such as runs/*. None: only draw report.md."),
    ] = None,
    out: Annotated[Path, typer.Option(help="The report's folder.")] = Path("report"),
    tree: TreeOption = None,
    data_root: DataRoot = None,
    device: Device = "auto",
) -> None:
    """Fill the report on translation with what the runs have reached; your answers in report.md are kept.

    Answer the questions in report.md, then run this again without runs: it makes report.pdf and report.tex.
    """
    from harness.submission.report import open_questions
    from workbench.document.report import render
    from workbench.translation.report import fill

    if runs:
        from workbench.commands.progress import waiting
        from workbench.translation.trained import TrainedTranslator

        with waiting("drawing, translating and writing"):
            notes = fill(runs, lambda folder: TrainedTranslator.load(folder, tree, data_root, device), out)
    else:
        notes = render(out)
    for note in notes:
        console.print(f"- {note}", soft_wrap=True)
    left = open_questions((out / "report.md").read_text("utf-8-sig"))
    console.print(f"{out / 'report.md'}, report.tex and report.pdf are written.")
    if left:
        console.print("Still open: " + ", ".join(f"{id} (line {line})" for id, line in left.items()), soft_wrap=True)
