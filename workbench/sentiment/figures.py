"""Pictures of sentiment: how good the probabilities are, which words mattered, and the model.

Every function returns a Figure of its own; nothing is drawn into a window.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from workbench.pictures.drawing import (
    BLUE,
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
from workbench.sentiment.explaining import Word
from workbench.sentiment.quality import Bin

CLASSES = ("negative", "positive")
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
    diagram.plot(probabilities, shares, "o-", color=BLUE, label="this model")
    heights = [count / sum(counts) for count in counts]
    diagram.bar(probabilities, heights, 0.05, color=tint(ORANGE, 0.6), label="share of all reviews")
    diagram.set(xlabel="probability of positive", ylabel="share that is positive", title="Calibration")
    diagram.set(xlim=(0, 1), ylim=(0, 1))
    diagram.grid(visible=True, alpha=0.25)
    diagram.legend(loc="upper left")
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
    width, height = COLUMNS * LETTER + 0.4, (len(lines) + 2) * LINE + 0.3
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
    drawing = Drawing(9.2, 4.3)
    columns = dict(zip((1.6, 2.9, 4.2, 5.5), ("[CLS]", "fine", "[SEP]", "[PAD]"), strict=True))
    drawing.box(3.55, 1.35, 5.0, 0.5, "BERT: frozen, eval mode, no gradients", GREY)
    for x, token in columns.items():
        padding = token == "[PAD]"
        drawing.box(x, 0.4, 0.95, 0.4, token, TOKEN)
        drawing.arrow((x, 0.62), (x, 1.08))
        if not padding:
            drawing.arrow((x, 1.62), (x, 2.1))
            drawing.box(x, 2.35, 0.95, 0.42, "GRU", LAYER)
            drawing.box(x, 3.15, 0.95, 0.42, "GRU", LAYER)
            drawing.arrow((x + 0.3, 2.58), (x + 0.3, 2.92))
            drawing.arrow((x - 0.55, 1.85), (x - 0.55, 3.15), (x - 0.5, 3.15))
    drawing.text(5.5, 2.75, "not read:\nits length\nends before", SMALL, GREY)
    for left, right in ((1.6, 2.9), (2.9, 4.2)):
        drawing.arrow((left + 0.5, 2.35), (right - 0.5, 2.35), color=STATE)
        drawing.arrow((right - 0.5, 3.08), (left + 0.5, 3.08), color=STATE)
    drawing.text(0.85, 2.35, "forward", SMALL, STATE)
    drawing.text(0.75, 3.3, "backward", SMALL, STATE)
    drawing.arrow((4.7, 2.35), (6.7, 2.35), color=STATE)
    drawing.arrow((1.6, 3.38), (1.6, 3.75), (7.3, 3.75), (7.3, 2.85), color=STATE)
    drawing.box(7.3, 2.55, 1.2, 0.5, "last states", STATE)
    drawing.arrow((7.3, 2.28), (7.3, 1.95))
    drawing.box(7.3, 1.7, 1.2, 0.42, "dropout", ORANGE)
    drawing.arrow((7.3, 1.47), (7.3, 1.15))
    drawing.box(7.3, 0.9, 1.2, 0.42, "out", LAYER)
    drawing.arrow((7.95, 0.9), (8.4, 0.9))
    drawing.text(8.75, 0.9, "logit")
    return drawing.figure
