"""The pictures of the notebook on language models: batches, gradients, cells, the causal mask, temperature, curves.

Every function returns a Figure of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from string import ascii_uppercase

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from workbench.metrics import perplexity_of
from workbench.pictures.drawing import (
    BLUE,
    FONT,
    GATE,
    GREEN,
    GREY,
    INK,
    LAYER,
    ORANGE,
    PAPER,
    RADIUS,
    RED,
    SMALL,
    STATE,
    TOKEN,
    Array,
    Drawing,
    mask_table,
    tint,
)
from workbench.pictures.plots import draw_curves, logarithmic

SIDE = 0.34  # of a letter's square


def batches() -> Figure:
    """The alphabet in four columns, a chunk of two rows, and its targets one row later."""
    page = Drawing(10.2, 3.5)
    letters = ascii_uppercase
    colors = (BLUE, ORANGE, GREEN, GREY)
    left, top = 0.7, 2.85
    page.text(left - 0.15, top + 0.42, "the text, M = 26", SMALL, GREY, ha="left")
    for i, letter in enumerate(letters):
        _letter(page, left + i * SIDE, top, letter, colors[i // 6] if i < 24 else None)
    page.text(left + 25 * SIDE, top + 0.42, "left out", SMALL, GREY)

    table, high = 1.75, 1.95
    page.text(table + 1.5 * SIDE, high + 0.42, "batchify(ids, 4)", SMALL, GREY)
    for column in range(4):
        for row in range(6):
            _letter(page, table + column * SIDE, high - row * SIDE, letters[6 * column + row], colors[column])
    low, edge = high - 5 * SIDE, table - SIDE / 2
    page.arrow((edge - 0.25, high + 0.1), (edge - 0.25, low - 0.1), color=INK)
    page.text(edge - 0.4, (high + low) / 2, "time", SMALL, GREY, ha="right")
    for first, color in ((0, BLUE), (1, RED)):
        box = Rectangle(
            (edge - 0.03 - 0.06 * first, high - (first + 1.5) * SIDE - 0.02), 4 * SIDE + 0.06 + 0.12 * first,
            2 * SIDE + 0.04, fc="none", ec=color, lw=2, ls="-" if color == BLUE else "--", zorder=5,
        )  # fmt: skip
        page.axes.add_patch(box)
    page.text(table + 3.5 * SIDE + 0.12, high, "data", SMALL, BLUE, ha="left")
    page.text(table + 3.5 * SIDE + 0.18, high - 2 * SIDE, "target", SMALL, RED, ha="left")

    data, target = 5.0, 6.95
    page.text((data + target + 7 * SIDE) / 2, high + 0.42, "get_batch(source, 0, bptt=2)", SMALL, GREY)
    page.text(data + 1.5 * SIDE, high - 2.1 * SIDE - 0.1, "data (S, B)", SMALL, BLUE)
    page.text(target + 3.5 * SIDE, high - 2.1 * SIDE - 0.1, "target (S·B,)", SMALL, RED)
    for row in range(2):
        for column in range(4):
            letter = letters[6 * column + row]
            _letter(page, data + column * SIDE, high - row * SIDE, letter, colors[column])
            following = letters[6 * column + row + 1]
            _letter(page, target + (4 * row + column) * SIDE, high - SIDE / 2, following, colors[column])
    page.text(
        6.95, 0.4, "Row by row, as the model's S·B outputs: after A comes B, after G comes H, ...\n"
        "Each column is a text of its own; the next chunk goes on where this one ends.", SMALL, GREY,
    )  # fmt: skip
    return page.figure


def _letter(page: Drawing, x: float, y: float, letter: str, color: str | None) -> None:
    """A letter in its square; without a colour it is left out."""
    fill = tint(color, 0.25) if color else PAPER
    corner = (x - SIDE / 2, y - SIDE / 2)
    page.axes.add_patch(Rectangle(corner, SIDE, SIDE, fc=fill, ec=INK if color else "#C8C8C8", lw=0.7, zorder=3))
    page.text(x, y, letter, FONT, INK if color else "#AAAAAA")


def truncated() -> Figure:
    """Two chunks: the state's values go on from one to the next, gradients stop at the boundary."""
    page = Drawing(10.4, 3.7)
    low, middle, high = 0.75, 1.75, 2.75
    columns = [1.9, 3.1, 4.3, 6.5, 7.7, 8.9]
    for first in (0, 3):
        page.cell(columns[first] - 0.5, 1.3, columns[first + 2] + 0.5, 2.2)
        page.text(columns[first + 1], 3.4, f"chunk {first // 3 + 1}: one backward, one step", SMALL, GREY)
    page.box(0.7, middle, 0.6, 0.5, "$h_0$", STATE)
    for t, x in enumerate(columns, 1):
        page.box(x, low, 0.6, 0.42, f"$x_{t}$", TOKEN)
        page.box(x, middle, 0.6, 0.5, f"$h_{t}$", STATE)
        page.box(x, high, 0.75, 0.42, f"loss$_{t}$", GATE)
        page.arrow((x - 0.1, low + 0.21), (x - 0.1, middle - 0.25))
        page.arrow((x - 0.1, middle + 0.25), (x - 0.1, high - 0.21))
        page.arrow((x + 0.1, high - 0.21), (x + 0.1, middle + 0.25), color=RED)
        page.arrow((x + 0.1, middle - 0.25), (x + 0.1, low + 0.21), color=RED)
    for left, right in zip([0.7, *columns], columns, strict=False):
        page.arrow((left + 0.3, middle + 0.1), (right - 0.3, middle + 0.1), color=GREEN)
        if right not in (columns[0], columns[3]):
            page.arrow((right - 0.3, middle - 0.1), (left + 0.3, middle - 0.1), color=RED)
    cut = (columns[2] + columns[3]) / 2
    page.axes.plot([cut, cut], [1.05, middle - 0.02], color=RED, lw=2.5, zorder=3)
    page.arrow((columns[3] - 0.3, middle - 0.1), (cut + 0.04, middle - 0.1), color=RED)
    page.text(cut, 2.42, "values go on", SMALL, GREEN)
    page.text(cut, 0.86, "gradients stop", SMALL, RED)
    page.text(cut, 0.62, "repackage_hidden", SMALL, GREY)
    page.text(
        5.4, 0.2, "green: the state is carried over; red: gradients, back through one chunk of S steps", SMALL, GREY
    )
    return page.figure


def cells() -> Figure:
    """A step of a plain recurrent layer, and a step of a GRU, whose gates mix old state and candidate."""
    page = Drawing(10.8, 4.3)
    line = 2.1
    page.cell(0.95, 0.95, 3.55, 3.6)
    page.text(2.25, 3.85, "RNN_TANH, RNN_RELU", SMALL, GREY)
    page.box(0.45, line, 0.6, 0.5, "$h$", STATE)
    page.box(1.65, 0.4, 0.6, 0.42, "$x$", TOKEN)
    page.box(1.65, line, 0.95, 0.7, "$Wx + Uh$\n$+\\,b$", LAYER)
    page.box(2.95, line, 0.8, 0.6, "tanh\nor ReLU", GATE, SMALL)
    page.box(4.05, line, 0.6, 0.5, "$h'$", STATE)
    page.arrow((0.75, line), (1.175, line), color=GREEN)
    page.arrow((1.65, 0.61), (1.65, line - 0.35))
    page.arrow((2.125, line), (2.55, line))
    page.arrow((3.35, line), (3.75, line), color=GREEN)

    bus, gates, middle, top = 1.3, 1.95, 2.68, 3.35
    update, reset, candidate = 6.75, 8.05, 9.35
    page.cell(5.5, 0.95, 10.05, 3.75)
    page.text(7.8, 4.0, "GRU", SMALL, GREY)
    page.box(5.05, top, 0.6, 0.5, "$h$", STATE)
    page.box(6.05, 0.4, 0.6, 0.42, "$x$", TOKEN)
    page.text(6.5, 1.1, "$x$ and $h$, to every gate", SMALL, GREY, ha="left")
    page.axes.plot([6.05, 6.05], [0.61, bus], color=INK, lw=1.3, zorder=2)
    page.fork(5.75, top, GREEN)
    page.axes.plot([5.75, 5.75, 6.05], [top, bus, bus], color=GREEN, lw=1.3, zorder=2)
    page.arrow((6.05, bus), (candidate, bus), (candidate, gates - 0.3))
    for x in (6.05, update, reset):
        page.fork(x, bus)
    for x, gate, function in ((update, "z", "sigmoid"), (reset, "r", "sigmoid"), (candidate, "n", "tanh")):
        page.box(x, gates, 0.95, 0.6, f"${gate}$\n{function}", LAYER)
    for x in (update, reset):
        page.arrow((x, bus), (x, gates - 0.3))
    page.arrow((reset + 0.475, gates), (candidate - 0.475, gates))
    page.arrow((5.35, top), (update - RADIUS, top), color=GREEN)
    page.sign(update, top, "$\\times$")
    page.arrow((update, gates + 0.3), (update, top - RADIUS))
    page.fork(update, middle)
    page.arrow((update, middle), (reset - 0.4, middle))
    page.box(reset, middle, 0.8, 0.4, "$1 - z$", GATE)
    page.arrow((reset + 0.4, middle), (candidate - RADIUS, middle))
    page.sign(candidate, middle, "$\\times$")
    page.arrow((candidate, gates + 0.3), (candidate, middle - RADIUS))
    page.arrow((update + RADIUS, top), (candidate - RADIUS, top), color=GREEN)
    page.sign(candidate, top, "$+$")
    page.arrow((candidate, middle + RADIUS), (candidate, top - RADIUS))
    page.arrow((candidate + RADIUS, top), (10.2, top), color=GREEN)
    page.box(10.45, top, 0.5, 0.5, "$h'$", STATE)
    page.text(update + 0.1, 3.1, "keep", SMALL, GREY, ha="left")
    page.text(candidate - 0.1, 3.02, "add", SMALL, GREY, ha="right")
    return page.figure


def model() -> Figure:
    """RNNModel, with its shapes: one weight is the table of the embedding and the weight of the decoder."""
    page = Drawing(10.4, 2.9)
    line = 1.2
    boxes = (
        (0.6, 0.8, "input", TOKEN),
        (2.1, 1.15, "embedding", LAYER),
        (3.7, 0.95, "dropout", GATE),
        (5.25, 1.15, "recurrent", LAYER),
        (6.8, 0.95, "dropout", GATE),
        (8.2, 0.95, "decoder", LAYER),
        (9.65, 1.05, "log_softmax", GATE),
    )
    shapes = ("S, B", "S, B, ninp", "", "S, B, nhid", "", "S·B, ntoken", "")
    for x, width, words, color in boxes:
        page.box(x, line, width, 0.5, words, color)
    for (left, wide, *_), (right, narrow, *_) in pairwise(boxes):
        page.arrow((left + wide / 2, line), (right - narrow / 2, line))
    for (x, *_), shape in zip(boxes, shapes, strict=True):
        page.text(x, line - 0.45, shape, SMALL, GREY)
    page.arrow((4.95, line + 0.25), (4.95, 1.85), (5.55, 1.85), (5.55, line + 0.25), color=GREEN)
    page.text(5.25, 2.02, "hidden", SMALL, GREEN)
    page.axes.plot([2.1, 2.1, 8.2, 8.2], [line + 0.25, 2.45, 2.45, line + 0.25], color=BLUE, lw=1.3, ls="--", zorder=2)
    page.text(5.25, 2.63, "tie_weights: one tensor (ntoken, ninp), so nhid = ninp", SMALL, BLUE)
    page.text(5.25, 0.2, "nlayers layers, the same dropout between them", SMALL, GREY)
    return page.figure


def causal_mask(words: tuple[str, ...] = ("Anna", "had", "a", "red", "kite", ".")) -> Figure:
    """What each position may look at: itself and what is left of it. What it predicts stands at the right."""
    figure = Figure(figsize=(5.6, 3.9), dpi=100, facecolor=PAPER)
    axes = figure.add_axes((0.06, 0.21, 0.74, 0.69))
    hidden: Array = np.triu(np.ones((len(words) - 1, len(words) - 1), dtype=bool), k=1)
    mask_table(axes, "src_mask (S, S): True hides", hidden, words[:-1], words[:-1])
    for row, word in enumerate(words[1:]):
        axes.annotate(
            f"predicts {word}", (len(words) - 1, row + 0.5), (10, 0), textcoords="offset points",
            va="center", size=SMALL, color=INK,
        )  # fmt: skip
    figure.text(0.42, 0.03, "rows look, columns are looked at", ha="center", size=SMALL, color=GREY)
    return figure


LOGITS = np.array([2.0, 1.4, 0.6, 0.0, -1.0])


def temperature(temperatures: tuple[float, ...] = (0.0, 0.5, 1.0, 2.0)) -> Figure:
    """The same five scores at several temperatures: cold takes the best, hot knows no difference."""
    words = ("red", "blue", "old", "big", "kite")
    figure = Figure(figsize=(9.6, 2.6), dpi=100, facecolor=PAPER, layout="constrained")
    for axes, value in zip(figure.subplots(1, len(temperatures), sharey=True), temperatures, strict=True):
        bars = axes.bar(words, probabilities(value), color=tint(BLUE, 0.7), edgecolor=INK, linewidth=0.7)
        axes.bar_label(bars, fmt="%.2f", size=8, color=INK)
        axes.set_title("T = 0: greedy" if value == 0 else f"T = {value:g}", size=FONT, color=INK)
        axes.set_ylim(0, 1.12)
        axes.tick_params(axis="x", labelsize=9, length=0)
        axes.set_yticks([0, 0.5, 1])
        axes.spines[["top", "right"]].set_visible(False)
    figure.supylabel("probability", size=FONT, color=INK)
    return figure


def probabilities(temperature: float) -> Array:
    """Of LOGITS at a temperature; at 0 all of it is the best one's."""
    if temperature == 0:
        return np.where(LOGITS == LOGITS.max(), 1.0, 0.0)
    powers: Array = np.exp(LOGITS / temperature)
    shares: Array = powers / powers.sum()
    return shares


def learning(runs: Mapping[str, Sequence[Mapping[str, float]]]) -> Figure:
    """Loss and perplexity over epochs, side by side: training dashed, validation solid.

    Args:
        runs: name -> for each epoch `epoch`, `train_loss` and `validation_loss`.
    """
    figure = Figure(figsize=(9.6, 3.6), dpi=100, facecolor=PAPER, layout="constrained")
    left, right = figure.subplots(1, 2)
    draw_curves(left, runs, float)
    draw_curves(right, runs, perplexity_of)
    left.set(ylabel="loss", title="validation solid, training dashed")
    right.set(ylabel="perplexity", title="perplexity, logarithmic")
    logarithmic(right)
    left.legend()
    return figure
