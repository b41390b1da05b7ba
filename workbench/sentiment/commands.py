"""The commands of sentiment: `predict`, `mistakes` and `explain`."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from workbench.commands.options import (
    DataRoot,
    Device,
    RunFolder,
    Split,
    TreeOption,
    asides,
    console,
    expect_utf8,
    lines_of_input,
)

app = typer.Typer()


@app.command()
def predict(
    run: RunFolder,
    reviews: Annotated[
        list[str] | None, typer.Argument(help="Reviews. Default: lines of the input.", show_default=False)
    ] = None,
    file: Annotated[Path | None, typer.Option(help="A file with one review a line, instead.")] = None,
    tree: TreeOption = None,
    device: Device = "auto",
) -> None:
    """Say how probably reviews are positive, by a trained model."""
    from workbench.commands.progress import tracked
    from workbench.sentiment.trained import TrainedClassifier

    if reviews and file:
        raise typer.BadParameter("give reviews or --file, not both")
    trained = TrainedClassifier.load(run, tree, None, device)
    if not reviews and not file and sys.stdin.isatty():
        asides.print("One review a line; Ctrl-D at the beginning of a line ends.")
    given = (expect_utf8(text, "a review") for text in reviews) if reviews else _lines(file)
    texts = [text.strip() for text in given if text.strip()]
    if not texts:
        raise typer.BadParameter('give a review in quotes, as in "Not bad at all.", or lines on the input')
    for text, probability in zip(texts, trained.predict(texts, lambda all: tracked(all, "reading")), strict=True):
        print(f"{probability:6.1%} positive  {text}")


def _lines(file: Path | None) -> Iterable[str]:
    if file is None:
        return lines_of_input()
    text = expect_utf8(file.read_bytes().decode("utf-8-sig", "surrogateescape"), str(file))
    return text.splitlines()


@app.command()
def mistakes(
    run: RunFolder,
    split: Split = "validation",
    count: Annotated[int, typer.Option(help="How many to print.", min=0)] = 10,
    picture: Annotated[
        Path | None, typer.Option(help="Draw the confusion matrix and the calibration, into this file.")
    ] = None,
    tree: TreeOption = None,
    data_root: DataRoot = None,
    device: Device = "auto",
) -> None:
    """Show a model's most confident mistakes on a split, and draw how good its probabilities are."""
    import torch

    from workbench.commands.progress import tracked
    from workbench.sentiment import data, figures, quality
    from workbench.sentiment.trained import TrainedClassifier

    if picture:
        from workbench.pictures import plots

        plots.check(picture)
    trained = TrainedClassifier.load(run, tree, data_root, device)
    logits, labels = trained.logits(split, lambda all: tracked(all, "reading"))
    probabilities = torch.sigmoid(logits)
    reviews = trained.corpus().split(split)
    for place in quality.worst(probabilities, labels, count):
        label, sure = data.CLASSES[reviews[place].label], probabilities[place].item()
        console.print(Text.assemble((label, "bold"), f", and the model says {sure:.1%} positive:"))
        console.print(f"  {reviews[place].text}\n", soft_wrap=True)
    if picture:
        matrix, bins = quality.confusion(probabilities, labels), quality.calibration(probabilities, labels)
        title = f"{run.name}: {quality.accuracy(matrix):.1%} of {len(labels):,} reviews of {split}"
        plots.save(figures.quality(matrix, bins, title), picture)
        console.print(f"{picture}: confusion matrix and calibration")


@app.command()
def explain(
    run: RunFolder,
    review: Annotated[str, typer.Argument(help="A review.")],
    picture: Annotated[Path | None, typer.Option(help="Also draw it, into this file.")] = None,
    tree: TreeOption = None,
    device: Device = "auto",
) -> None:
    """Show which words of a review speak for positive (blue) and for negative (orange), in a trained model's eyes.

    It is the gradient of the logit with respect to BERT's output vectors, times these vectors.
    """
    from workbench.sentiment import figures
    from workbench.sentiment.trained import TrainedClassifier

    if picture:
        from workbench.pictures import plots

        plots.check(picture)
    if not expect_utf8(review, "the review").strip():
        raise typer.BadParameter("the review is empty")
    probability, words = TrainedClassifier.load(run, tree, None, device).explain(review)
    text = Text(f"{probability:.1%} positive: ")
    for word, shade in zip(words, figures.shades(words), strict=True):
        text.append(word.text, f"#222222 on {shade}")
        text.append(" ")
    console.print(text)
    ranked = sorted(words, key=lambda word: -abs(word.share))[:5]
    console.print("Most: " + ", ".join(f"{word.text} {word.share:+.2f}" for word in ranked), soft_wrap=True)
    if picture:
        plots.save(figures.explained(words, probability), picture)
        console.print(f"{picture}: the words that mattered")
