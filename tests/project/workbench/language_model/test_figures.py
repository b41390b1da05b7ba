"""The letters and numbers in the pictures of the notebook about language models are right."""

import re

import numpy as np
import pytest
import torch
from matplotlib.text import Text
from torch import nn

from tests.project.workbench.pictures.test_drawing import words_of
from workbench.language_model import figures


def test_batches_show_what_the_solution_makes_of_the_alphabet():
    """Read from the picture by where its letters stand."""
    from solution.models.language_model.batching import batchify, get_batch

    figure = figures.batches()
    letters = [text for text in words_of(figure) if re.fullmatch("[A-Z]", text.get_text())]
    rows: dict[float, list[Text]] = {}
    for text in sorted(letters, key=lambda text: text.get_position()[0]):
        rows.setdefault(round(text.get_position()[1], 3), []).append(text)
    source = batchify(torch.arange(26), 4)
    data, target = get_batch(source, 0, 2)
    text, *table = ["".join(letter.get_text() for letter in rows[y]) for y in sorted(rows, reverse=True)]
    assert text == "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    spelled = ["".join(chr(65 + id) for id in row) for row in source.tolist()]
    chunk = ["".join(chr(65 + id) for id in row) for row in data.tolist()]
    following = "".join(chr(65 + id) for id in target.tolist())
    assert table == [spelled[0] + chunk[0], following, spelled[1] + chunk[1], *spelled[2:]]


def test_the_causal_mask_hides_what_torch_hides():
    figure = figures.causal_mask()
    (axes,) = figure.axes
    cells = {(int(y), int(x)) for x, y in (text.get_position() for text in axes.texts if text.get_text() == "T")}
    hidden = nn.Transformer.generate_square_subsequent_mask(5).isinf()
    assert cells == {tuple(cell) for cell in hidden.nonzero().tolist()}


def test_temperature_shows_the_softmax_of_scores_divided_by_it():
    figure = figures.temperature()
    scores = torch.tensor(figures.LOGITS)
    for axes, value in zip(figure.axes, (1e-6, 0.5, 1.0, 2.0), strict=True):
        assert [bar.get_height() for bar in axes.patches] == pytest.approx((scores / value).softmax(0).tolist())


def test_learning_shows_losses_and_their_exponentials():
    epochs = [
        {"epoch": 1, "train_loss": 5.0, "validation_loss": 4.0},
        {"epoch": 2, "train_loss": 3.0, "validation_loss": 2.0},
    ]
    figure = figures.learning({"one": epochs, "other": epochs[:1]})
    loss, perplexity = figure.axes
    assert [line.get_label() for line in loss.lines][::2] == ["one", "other"]
    for axes, value in ((loss, lambda x: x), (perplexity, np.exp)):
        solid, dashed, *_ = axes.lines
        assert solid.get_ydata().tolist() == pytest.approx([value(4.0), value(2.0)])
        assert dashed.get_ydata().tolist() == pytest.approx([value(5.0), value(3.0)])
        assert (solid.get_linestyle(), dashed.get_linestyle()) == ("-", "--")
        assert solid.get_color() == dashed.get_color() != axes.lines[2].get_color()
