"""Plots: curves of training, and a model's attention."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure  # not pyplot: no window, no state, and nothing to close
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator
from torch import Tensor

from harness.files import refusal, replace
from workbench.errors import WorkbenchError
from workbench.metrics import perplexity_of
from workbench.pictures.drawing import COLOURS

History = Sequence[Mapping[str, Any]]
FORMATS = (".png", ".pdf", ".svg")
MADE_BY = "python -m workbench"  # stands in every picture


def curves(runs: Mapping[str, History]) -> Figure:
    """Perplexity over epochs on a logarithmic axis: training dashed, validation solid, the best epoch marked.

    Where all runs predict classes, loss and accuracy are drawn side by side instead.

    Args:
        runs: name -> a line an epoch as in log.jsonl, with `epoch`, `train_loss` and `validation_loss`, and
            `validation_accuracy` where classes are predicted.
    """
    if all(line.get("validation_accuracy") is not None for history in runs.values() for line in history):
        return _loss_and_accuracy(runs)
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    draw_curves(axes, runs, perplexity_of)
    for history, solid in zip(runs.values(), axes.lines[::2], strict=True):
        best = min(history, key=lambda line: line["validation_loss"])
        point = (best["epoch"], perplexity_of(best["validation_loss"]))
        axes.plot(*point, marker="o", color=solid.get_color())
        axes.annotate(f"{point[1]:.2f}", point, (0, 7), textcoords="offset points", ha="center")
    logarithmic(axes)
    axes.margins(x=0.08)  # the label of the last epoch stands to both sides of it
    axes.set(ylabel="perplexity", title="Perplexity: validation solid, training dashed")
    axes.legend()
    return figure


def _loss_and_accuracy(runs: Mapping[str, History]) -> Figure:
    figure = Figure(figsize=(9, 4), layout="constrained")
    losses, accuracies = figure.subplots(1, 2)
    draw_curves(losses, runs, lambda loss: loss)
    losses.set(ylabel="loss", title="Loss: validation solid, training dashed")
    accuracies.set_prop_cycle(color=COLOURS)
    for history in runs.values():
        epochs, values = zip(*((line["epoch"], 100 * line["validation_accuracy"]) for line in history), strict=True)
        (line,) = accuracies.plot(epochs, values, marker=".")
        best = min(history, key=lambda line: line["validation_loss"])
        point = (best["epoch"], 100 * best["validation_accuracy"])
        accuracies.plot(*point, marker="o", color=line.get_color())
        accuracies.annotate(f"{point[1]:.1f}", point, (0, 7), textcoords="offset points", ha="center")
    accuracies.set(xlabel="epoch", ylabel="%", title="Accuracy on validation; dot: lowest loss")
    accuracies.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    accuracies.grid(visible=True, alpha=0.25)
    accuracies.margins(x=0.08, y=0.12)
    losses.legend()
    return figure


def draw_curves(axes: Axes, runs: Mapping[str, History], value: Callable[[float], float]) -> None:
    """Plot a value of the losses over epochs: one colour a run, training dashed, validation solid.

    Args:
        runs: as in `curves`.
        value: computed of each loss.
    """
    axes.set_prop_cycle(color=COLOURS)
    for name, history in runs.items():
        epochs = [line["epoch"] for line in history]
        (solid,) = axes.plot(epochs, [value(line["validation_loss"]) for line in history], marker=".", label=name)
        losses = [value(line["train_loss"]) for line in history]
        axes.plot(epochs, losses, "--", marker=".", color=solid.get_color(), alpha=0.6)
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.grid(visible=True, alpha=0.25)


def logarithmic(axes: Axes) -> None:
    """Make the y axis logarithmic, with plain numbers beside it: 1, 2, 5, 10, 20, 50, ...; call it after drawing."""
    axes.set_yscale("log")
    low, high = axes.get_ylim()
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < 1e4 * low else (1,)))
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_locator(NullLocator())


def attention(source: Sequence[str], target: Sequence[str], weights: Tensor) -> Figure:
    """The attention of each word of a translation: one panel a head, source words across, target words down.

    Args:
        weights: (heads, L, T), rows summing to 1.
    """
    heads = weights.size(0)
    columns = min(heads, 4)
    rows = math.ceil(heads / columns)
    width, height = 0.45 * len(source) + 1.2, 0.4 * len(target) + 1.2
    figure = Figure(figsize=(width * columns + 0.8, height * rows), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False)
    for head, axes in enumerate(grid.flat):
        if head >= heads:
            axes.axis("off")
            continue
        image = axes.imshow(weights[head].cpu().float().numpy(), cmap="viridis", vmin=0, aspect="auto")
        axes.set_xticks(range(len(source)), source, rotation=60, ha="right", rotation_mode="anchor")
        axes.set_yticks(range(len(target)), target)
        if heads > 1:
            axes.set_title(f"head {head + 1}", fontsize=10)
        figure.colorbar(image, ax=axes, shrink=0.8)
    figure.supxlabel("source")
    figure.supylabel("translation")
    return figure


def check(path: Path) -> None:
    """Refuse a picture's name; called before the work that leads to the picture.

    Raises:
        WorkbenchError: no picture can be saved under this name, or it names a file that `save` has not written.
    """
    if path.suffix.lower() not in FORMATS:
        raise WorkbenchError(f"{path}: a picture can be {', '.join(FORMATS)}; let the file's name end in one of them")
    if refused := refusal(path, MADE_BY):
        raise WorkbenchError(f"{refused}; name another file for the picture")


def save(figure: Figure, path: Path) -> None:
    """Write a picture in one step; its folder is made where it is not there yet.

    Args:
        path: .png, .pdf or .svg.

    Raises:
        WorkbenchError: it cannot be written there.
    """
    check(path)
    content, kind = io.BytesIO(), path.suffix[1:].lower()
    made_by = {"Software" if kind == "png" else "Creator": MADE_BY}
    figure.savefig(content, format=kind, dpi=150, metadata=made_by)
    try:
        replace(path.resolve(), content.getvalue())  # a link stays one
    except OSError as error:
        raise WorkbenchError(f"{path} cannot be written: {error.strerror or error}; name another file") from error
