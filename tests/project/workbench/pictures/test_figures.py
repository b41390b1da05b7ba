"""The pictures of the notebook: they are right, no word is covered, and arrows reach what they point at."""

import itertools
import re

import numpy as np
import pytest
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch
from matplotlib.text import Text
from torch import nn

from workbench.language_model import figures as language_model
from workbench.pictures import positions
from workbench.pictures.plots import curves, logarithmic
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


def test_positions_are_those_of_the_formula():
    found = positions.sinusoids(7, 6)
    for p, k in itertools.product(range(7), range(3)):
        assert found[p, 2 * k] == pytest.approx(np.sin(p / 10000 ** (2 * k / 6)))
        assert found[p, 2 * k + 1] == pytest.approx(np.cos(p / 10000 ** (2 * k / 6)))


def test_attention_shows_the_softmax_of_its_cosines(drawn):
    """Against torch: the numbers in the picture belong together."""
    figure, _ = drawn["attention"]
    words = [text.get_text() for text in words_of(figure)]
    plain = [word.replace("\N{MINUS SIGN}", "-") for word in words]
    cosines = [float(word) for word in plain if re.fullmatch(r"-?\d\.\d+", word)]
    weights = [float(word.split("=")[1].strip("$")) for word in words if "alpha" in word and "=" in word]
    assert len(cosines) == len(weights) == 5
    assert torch.tensor(cosines).softmax(0).tolist() == pytest.approx(weights, abs=0.006)


def test_masks_show_what_the_full_transformer_hides(drawn):
    """The three lower tables against nn.MultiheadAttention's weights, under the masks that the solution builds."""
    figure, _ = drawn["masks"]
    tables = [axes for axes in figure.axes if axes.get_title()]
    shown = {axes.get_title(): [text.get_text() == "T" for text in axes.texts] for axes in tables}
    assert sum(shown["tgt_mask (S, S)"]) == 7 * 6 / 2
    assert [sum(shown[f"{name}_key_padding_mask (N, {size})"]) for name, size in (("src", "T"), ("tgt", "S"))] == [1, 2]
    attend = nn.MultiheadAttention(4, 1, batch_first=True)
    x = torch.rand(1, 7, 4)
    future = torch.ones(7, 7, dtype=torch.bool).triu(diagonal=1)
    padding = torch.tensor([[False] * 5 + [True] * 2])
    _, weights = attend(x, x, x, attn_mask=future, key_padding_mask=padding)
    together = [axes for axes in tables if axes.get_title().startswith("together")][1]
    cells = {(int(text.get_position()[1]), int(text.get_position()[0])) for text in together.texts}
    assert cells == {tuple(cell) for cell in (weights[0] == 0).nonzero().tolist()}


def test_batches_show_what_the_solution_makes_of_the_alphabet(drawn):
    """Read from the picture by where its letters stand."""
    from solution.models.language_model.batching import batchify, get_batch

    figure, _ = drawn["batches"]
    letters = [text for text in words_of(figure) if re.fullmatch("[A-Z]", text.get_text())]
    rows: dict[float, list[Text]] = {}
    for text in sorted(letters, key=lambda text: text.get_position()[0]):
        rows.setdefault(round(text.get_position()[1], 3), []).append(text)
    source = batchify(torch.arange(26), 4)
    data, target = get_batch(source, 0, 2)
    text, *table = ["".join(each.get_text() for each in rows[y]) for y in sorted(rows, reverse=True)]
    assert text == "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    spelled = ["".join(chr(65 + id) for id in row) for row in source.tolist()]
    chunk = ["".join(chr(65 + id) for id in row) for row in data.tolist()]
    following = "".join(chr(65 + id) for id in target.tolist())
    assert table == [spelled[0] + chunk[0], following, spelled[1] + chunk[1], *spelled[2:]]


def test_the_causal_mask_hides_what_torch_hides(drawn):
    figure, _ = drawn["causal_mask"]
    (axes,) = figure.axes
    cells = {(int(y), int(x)) for x, y in (text.get_position() for text in axes.texts if text.get_text() == "T")}
    hidden = nn.Transformer.generate_square_subsequent_mask(5).isinf()
    assert cells == {tuple(cell) for cell in hidden.nonzero().tolist()}


def test_temperature_shows_the_softmax_of_scores_divided_by_it(drawn):
    figure, _ = drawn["temperature"]
    scores = torch.tensor(language_model.LOGITS)
    for axes, value in zip(figure.axes, (1e-6, 0.5, 1.0, 2.0), strict=True):
        assert [bar.get_height() for bar in axes.patches] == pytest.approx((scores / value).softmax(0).tolist())


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        ((4, 170), ["5", "10", "20", "50", "100", "200"]),
        ((300, 4000), ["500", "1000", "2000"]),
        ((8.1, 9.4), ["8.2", "8.4", "8.6", "8.8", "9", "9.2", "9.4"]),
        ((2, 1e80, float("inf")), ["1", *(f"1e+{power}0" for power in range(1, 9))]),
    ],
)
def test_a_logarithmic_axis_has_plain_numbers_whatever_its_range(values, labels):
    figure = Figure(figsize=(7, 4))
    axes = figure.subplots()
    axes.plot(values)
    logarithmic(axes)
    figure.canvas.draw()
    low, high = axes.get_ylim()
    inside = [label.get_text() for label in axes.get_yticklabels() if low <= label.get_position()[1] <= high]
    assert [label for label in inside if label] == labels


def test_the_label_of_the_last_epoch_has_room():
    history = [{"epoch": epoch, "train_loss": 9 - epoch, "validation_loss": 9 - epoch} for epoch in (1, 2, 3, 4)]
    figure = curves({"a run": history})
    figure.canvas.draw()
    (axes,) = figure.axes
    (label,) = axes.texts
    assert label.get_text() == "148.41"
    box, inside = label.get_window_extent(), axes.get_window_extent()
    assert inside.x0 < box.x0 < box.x1 < inside.x1


def test_learning_shows_losses_and_their_exponentials():
    epochs = [
        {"epoch": 1, "train_loss": 5.0, "validation_loss": 4.0},
        {"epoch": 2, "train_loss": 3.0, "validation_loss": 2.0},
    ]
    figure = language_model.learning({"one": epochs, "other": epochs[:1]})
    loss, perplexity = figure.axes
    assert [line.get_label() for line in loss.lines][::2] == ["one", "other"]
    for axes, value in ((loss, lambda x: x), (perplexity, np.exp)):
        solid, dashed, *_ = axes.lines
        assert solid.get_ydata().tolist() == pytest.approx([value(4.0), value(2.0)])
        assert dashed.get_ydata().tolist() == pytest.approx([value(5.0), value(3.0)])
        assert (solid.get_linestyle(), dashed.get_linestyle()) == ("-", "--")
        assert solid.get_color() == dashed.get_color() != axes.lines[2].get_color()
