"""Boxes, arrows, colours and masks, of which the figures in the notebooks are made. Lengths are inches, y goes up."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch, Rectangle
from matplotlib.path import Path

# Okabe and Ito's colours, which colour-blind people tell apart; a colour always means the same kind of thing.
BLUE, ORANGE, GREEN, RED, GREY = COLOURS = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#6E6E6E"
LAYER, GATE, STATE, TOKEN = BLUE, ORANGE, GREEN, GREY  # with parameters; a function without; a state; what goes in
INK, PAPER = "#222222", "#FFFFFF"
FONT, SMALL = 10.5, 9.0  # points
Point = tuple[float, float]
Words = tuple[str, ...]
Array = np.ndarray


class Drawing:
    """A page to draw boxes and arrows on.

    Args:
        width, height: of the page.
    """

    def __init__(self, width: float, height: float) -> None:
        self.figure = Figure(figsize=(width, height), dpi=100, facecolor=PAPER)
        self.axes = self.figure.add_axes((0, 0, 1, 1))
        self.axes.set(xlim=(0, width), ylim=(0, height))
        self.axes.axis("off")

    def text(self, x: float, y: float, words: str, size: float = FONT, color: str = INK, ha: str = "center") -> None:
        va = "center" if "\n" in words else "center_baseline"  # so that neighbours stand on one line
        self.axes.text(x, y, words, size=size, color=color, ha=ha, va=va, linespacing=1.3, zorder=4)

    def box(
        self, x: float, y: float, width: float, height: float, words: str, color: str = LAYER, size: float = FONT
    ) -> None:
        """A rounded box around (x, y)."""
        self.frame(x - width / 2, y - height / 2, x + width / 2, y + height / 2, tint(color, 0.2), color)
        self.text(x, y, words, size)

    def frame(self, left: float, low: float, right: float, high: float, fill: str, edge: str, depth: int = 3) -> None:
        """A rounded rectangle, by its corners."""
        shape = "round,pad=0,rounding_size=0.07"
        self.axes.add_patch(
            FancyBboxPatch((left, low), right - left, high - low, shape, fc=fill, ec=edge, lw=1.2, zorder=depth)
        )

    def cell(self, left: float, low: float, right: float, high: float) -> None:
        """A pale background behind boxes that belong together."""
        self.frame(left, low, right, high, "#F6F6F6", "#C8C8C8", depth=0)

    def sign(self, x: float, y: float, sign: str) -> None:
        """An operation on two inputs, in a circle of radius RADIUS."""
        self.axes.add_patch(Circle((x, y), RADIUS, fc=PAPER, ec=INK, lw=1.2, zorder=3))
        self.axes.text(x, y - 0.01, sign, size=13, color=INK, ha="center", va="center_baseline", zorder=4)

    def arrow(self, *points: Point, color: str = INK) -> None:
        """A line through all points that ends in an arrow's head."""
        self.axes.add_patch(
            FancyArrowPatch(
                path=Path(points), arrowstyle="-|>", mutation_scale=11, color=color, lw=1.3,
                joinstyle="round", capstyle="butt", fill=False, zorder=2,
            )
        )  # fmt: skip

    def fork(self, x: float, y: float, color: str = INK) -> None:
        """A dot where a line branches."""
        self.axes.add_patch(Circle((x, y), 0.045, fc=color, ec=color, zorder=3))


RADIUS = 0.15


def tint(color: str, share: float) -> str:
    """A colour mixed with white."""
    channels = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    return "#" + "".join(f"{round(255 + share * (channel - 255)):02X}" for channel in channels)


def mask_table(axes: Axes, title: str, mask: Array | str, queries: Words, keys: Words) -> None:
    """A mask as a table, keys across and queries down; words say why there is none."""
    rows, columns = len(queries), len(keys)
    axes.set(xlim=(0, columns), ylim=(rows, 0), aspect="equal")
    axes.set_title(title, size=10, color=INK, pad=5, family="monospace" if "_mask" in title else None)
    axes.set_xticks(np.arange(columns) + 0.5, keys, size=8, rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(np.arange(rows) + 0.5, queries, size=8)
    axes.tick_params(length=0, pad=2)
    for side in axes.spines.values():
        side.set_color("#C8C8C8")
    if isinstance(mask, str):
        axes.text(columns / 2, rows / 2, f"None:\n{mask}", size=FONT, color=GREY, ha="center", va="center")
        return
    for row, column in np.ndindex(rows, columns):
        fill = RED if mask[row, column] else PAPER
        axes.add_patch(Rectangle((column, row), 1, 1, fc=fill, ec="#C8C8C8", lw=0.8))
        if mask[row, column]:
            axes.text(column + 0.5, row + 0.52, "T", size=8, color=PAPER, weight="bold", ha="center", va="center")
