"""The layout of the notebooks' pictures: no word is covered, and arrows reach what they point at."""

import itertools

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch
from matplotlib.text import Text

from workbench.language_model import figures as language_model
from workbench.pictures import positions
from workbench.translation import figures

DRAWN = (
    *("rnn_cell", "lstm_cell", "seq2seq", "attention", "embedding", "encoder_layer"),
    *("batches", "truncated", "cells", "model"),
)
ALL = (*DRAWN, "masks", "positions", "causal_mask", "temperature")
FREE_ENDS = {"embedding": 5, "encoder_layer": 1, "batches": 1, "truncated": 1}  # at a vector, a wall or nothing


@pytest.fixture(scope="module")
def drawn() -> dict[str, tuple[Figure, FigureCanvasAgg]]:
    """Every picture, rendered."""
    homes = {name: next(home for home in (figures, language_model, positions) if hasattr(home, name)) for name in ALL}
    pictures = {name: getattr(home, name)() for name, home in homes.items()}
    canvases = {name: FigureCanvasAgg(figure) for name, figure in pictures.items()}
    for canvas in canvases.values():
        canvas.draw()
    return {name: (pictures[name], canvases[name]) for name in ALL}


def words_of(figure: Figure) -> list[Text]:
    return [text for text in figure.findobj(Text) if text.get_text().strip() and text.get_visible()]


@pytest.mark.parametrize("name", ALL)
def test_all_words_are_on_the_page_and_none_covers_another(drawn, name):
    figure, canvas = drawn[name]
    boxes = {text: text.get_window_extent(canvas.get_renderer()) for text in words_of(figure)}
    page = figure.bbox
    outside = [text.get_text() for text, box in boxes.items() if box.x0 < 0 or box.y0 < 0 or box.x1 > page.x1]
    outside += [text.get_text() for text, box in boxes.items() if box.y1 > page.y1]
    assert outside == []
    straight = [(text, box) for text, box in boxes.items() if text.get_rotation() % 90 == 0]
    covered = [
        (one.get_text(), other.get_text())
        for (one, box), (other, over) in itertools.combinations(straight, 2)
        if box.x0 < over.x1 and over.x0 < box.x1 and box.y0 < over.y1 and over.y0 < box.y1
    ]
    assert covered == []


@pytest.mark.parametrize("name", sorted({*DRAWN} - {"embedding", "batches"}))
def test_the_words_of_a_box_fit_into_it(drawn, name):
    figure, canvas = drawn[name]
    boxes = [patch for patch in figure.findobj(FancyBboxPatch) if patch.get_zorder() == 3]
    assert boxes
    for box, text in itertools.product(boxes, words_of(figure)):
        frame, words = box.get_window_extent(), text.get_window_extent(canvas.get_renderer())
        center = (words.x0 + words.x1) / 2, (words.y0 + words.y1) / 2
        if frame.contains(*center):
            assert frame.x0 < words.x0 < words.x1 < frame.x1, text.get_text()
            assert frame.y0 < words.y0 < words.y1 < frame.y1, text.get_text()


@pytest.mark.parametrize("name", DRAWN)
def test_arrows_end_at_the_edge_of_what_they_point_at(drawn, name):
    figure, _ = drawn[name]
    targets = [patch for patch in figure.findobj(FancyBboxPatch) if patch.get_zorder() == 3]
    circles = [circle for circle in figure.findobj(Circle) if circle.radius == figures.RADIUS]
    ends = [patch._path_original.vertices[-1] for patch in figure.findobj(FancyArrowPatch)]
    assert ends

    def touches(x: float, y: float) -> bool:
        at_box = any(_gap(patch.get_bbox(), x, y) < 0.06 for patch in targets)
        return at_box or any(abs(np.hypot(*(np.array([x, y]) - c.center)) - c.radius) < 0.01 for c in circles)

    assert sum(not touches(*end) for end in ends) == FREE_ENDS.get(name, 0)


def _gap(box, x: float, y: float) -> float:
    """From a point to the nearest edge of a box that it is beside, inches; far away counts as 1."""
    if box.x0 - 0.06 <= x <= box.x1 + 0.06 and box.y0 - 0.06 <= y <= box.y1 + 0.06:
        return min(abs(x - box.x0), abs(x - box.x1), abs(y - box.y0), abs(y - box.y1))
    return 1.0
