"""Pictures of sentiment: how good the probabilities are, which words mattered, and the model.

Every function returns a Figure of its own; nothing is drawn into a window.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure

from workbench.pictures.drawing import (
    BLUE,
    FONT,
    GREY,
    INK,
    LAYER,
    ORANGE,
    PAPER,
    SMALL,
    STATE,
    TOKEN,
    Drawing,
    tint,
)
from workbench.sentiment.data import CLASSES
from workbench.sentiment.explaining import Word
from workbench.sentiment.quality import Bin

COLUMNS = 90  # letters in a line of a review
LETTER, LINE = 0.093, 0.27  # inches


def quality(matrix: Sequence[Sequence[int]], bins: Sequence[Bin], title: str) -> Figure:
    """The confusion matrix, and how often reviews with some probability are positive indeed."""
    figure = Figure(figsize=(9, 4.2), dpi=100, facecolor=PAPER, layout="constrained")
    table, diagram = figure.subplots(1, 2)
    rows = np.array(matrix)
    table.imshow(rows / rows.sum(axis=1, keepdims=True), cmap="Blues", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(rows):
        share = count / rows[row].sum()
        color = PAPER if share > 0.6 else INK
        table.text(column, row, f"{count:,}\n{share:.1%}", ha="center", va="center", size=13, color=color)
    table.set_xticks((0, 1), CLASSES)
    table.set_yticks((0, 1), CLASSES, rotation=90, va="center")
    table.set(xlabel="taken for", ylabel="is", title="Confusion matrix")
    diagram.plot((0, 1), (0, 1), "--", color=GREY, label="calibrated")
    probabilities, shares, counts = zip(*bins, strict=True)
    heights = [count / sum(counts) for count in counts]
    diagram.bar(probabilities, heights, 0.05, color=tint(ORANGE, 0.6), label="share of all reviews")
    areas = [10 + 250 * height for height in heights]  # points of few reviews lie anywhere, and are small
    diagram.scatter(probabilities, shares, areas, color=BLUE, label="this model", clip_on=False, zorder=3)
    diagram.set(xlabel="probability of positive", ylabel="share that is positive", title="Calibration")
    diagram.set(xlim=(0, 1), ylim=(0, 1))
    diagram.grid(visible=True, alpha=0.25)
    for handle in diagram.legend(loc="upper left", bbox_to_anchor=(0.06, 0.98)).legend_handles:
        if isinstance(handle, PathCollection):
            handle.set_sizes([40])
    figure.suptitle(title)
    return figure


def shades(words: Sequence[Word]) -> list[str]:
    """A background for each word: blue where it speaks for positive, orange for negative, stronger where it matters."""
    most = max((abs(word.share) for word in words), default=0.0) or 1.0
    return [tint(BLUE if word.share > 0 else ORANGE, 0.85 * abs(word.share) / most) for word in words]


def explained(words: Sequence[Word], probability: float) -> Figure:
    """A review over shades that say what each word contributes."""
    lines: list[list[tuple[int, str, str]]] = [[]]
    column = 0
    for word, shade in zip(words, shades(words), strict=True):
        if column and column + len(word.text) > COLUMNS:
            lines.append([])
            column = 0
        lines[-1].append((column, word.text, shade))
        column += len(word.text) + 1
    width, height = COLUMNS * LETTER + 0.4, (len(lines) + 1) * LINE + 0.35
    drawing = Drawing(width, height)
    title = f"{probability:.1%} positive; blue words speak for positive, orange ones for negative"
    drawing.text(0.2, height - 0.3, title, ha="left")
    for number, line in enumerate(lines):
        y = height - (number + 2) * LINE - 0.15
        for start, text, shade in line:
            x = 0.2 + start * LETTER
            drawing.frame(x - 0.02, y - 0.11, x + len(text) * LETTER + 0.02, y + 0.12, shade, shade)
            for place, letter in enumerate(text):  # each in its column, whatever the font's widths are
                drawing.axes.text(x + (place + 0.5) * LETTER, y, letter, size=SMALL, color=INK, family="monospace",
                                  ha="center", va="center_baseline", zorder=4)  # fmt: skip
    return drawing.figure


def model() -> Figure:
    """BERTGRUSentiment for a text of three tokens and padding."""
    drawing = Drawing(9.4, 4.9)
    columns = (1.75, 3.1, 4.45)
    for x, token, read in zip((*columns, 5.8), ("[CLS]", "fine", "[SEP]", "[PAD]"), "1110", strict=True):
        drawing.text(x, 0.25, read)
        drawing.box(x, 0.75, 1.0, 0.4, token, TOKEN)
        drawing.arrow((x, 0.97), (x, 1.43))
    drawing.text(0.6, 0.25, "mask")
    drawing.text(0.6, 0.75, "text")
    drawing.box(3.775, 1.7, 5.05, 0.5, "BERT: frozen, eval mode, no gradients", GREY)
    for x in columns:
        drawing.box(x - 0.2, 2.75, 0.6, 0.42, "GRU", LAYER)
        drawing.box(x + 0.2, 3.6, 0.6, 0.42, "GRU", LAYER)
        drawing.arrow((x - 0.2, 1.97), (x - 0.2, 2.52))
        drawing.arrow((x + 0.3, 1.97), (x + 0.3, 3.37))
    for left, right in itertools.pairwise(columns):
        drawing.arrow((left + 0.12, 2.75), (right - 0.52, 2.75), color=STATE)
        drawing.arrow((right - 0.12, 3.6), (left + 0.52, 3.6), color=STATE)
    drawing.text(0.6, 2.75, "forward", FONT, STATE)
    drawing.text(0.6, 3.6, "backward", FONT, STATE)
    drawing.text(5.8, 2.25, "the GRU does not\nread padding", SMALL, GREY)
    drawing.arrow((4.57, 2.75), (7.0, 2.75), color=STATE)
    drawing.arrow((1.95, 3.83), (1.95, 4.4), (7.65, 4.4), (7.65, 3.03), color=STATE)
    drawing.box(7.65, 2.75, 1.25, 0.5, "last states", STATE)
    drawing.arrow((7.65, 2.48), (7.65, 1.99))
    drawing.box(7.65, 1.75, 1.25, 0.42, "dropout", ORANGE)
    drawing.arrow((7.65, 1.52), (7.65, 1.04))
    drawing.box(7.65, 0.8, 1.25, 0.42, "out", LAYER)
    drawing.arrow((8.29, 0.8), (8.7, 0.8))
    drawing.text(9.0, 0.8, "logit")
    return drawing.figure
