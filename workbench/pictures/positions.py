"""The fixed positions of a Transformer, as a picture."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from workbench.pictures.drawing import FONT, INK, PAPER, Array


def sinusoids(length: int, size: int) -> Array:
    """(length, size): the fixed positions of Vaswani et al. (2017), sines in even columns and cosines in odd ones."""
    position, column = np.arange(length)[:, None], np.arange(size)[None, :]
    angle = position / 10000 ** (2 * (column // 2) / size)
    return np.where(column % 2 == 0, np.sin(angle), np.cos(angle))


def positions(length: int = 60, size: int = 64) -> Figure:
    """A heat map of sinusoidal positions: each row is one position's vector."""
    figure = Figure(figsize=(8.4, 4.3), dpi=100, facecolor=PAPER, layout="constrained")
    axes = figure.add_subplot()
    image = axes.imshow(sinusoids(length, size), cmap="PuOr", vmin=-1, vmax=1, aspect="auto", interpolation="nearest")
    axes.set_xlabel("column of the vector: sines in even ones, cosines in odd ones", size=FONT, color=INK)
    axes.set_ylabel("position in the sentence", size=FONT, color=INK)
    axes.set_xticks([*range(0, size, 8), size - 1])
    axes.set_yticks(range(0, length, 10))
    figure.colorbar(image, ax=axes, label="value")
    return figure
