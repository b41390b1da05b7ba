"""The numbers in the pictures of the notebook about translation are right."""

import re

import pytest
import torch
from torch import nn

from tests.project.workbench.pictures.test_drawing import words_of
from workbench.translation import figures


def test_attention_shows_the_softmax_of_its_cosines():
    """Against torch: the numbers in the picture belong together."""
    figure = figures.attention()
    words = [text.get_text() for text in words_of(figure)]
    plain = [word.replace("\N{MINUS SIGN}", "-") for word in words]
    cosines = [float(word) for word in plain if re.fullmatch(r"-?\d\.\d+", word)]
    weights = [float(word.split("=")[1].strip("$")) for word in words if "alpha" in word and "=" in word]
    assert len(cosines) == len(weights) == 5
    assert torch.tensor(cosines).softmax(0).tolist() == pytest.approx(weights, abs=0.006)


def test_masks_show_what_the_full_transformer_hides():
    """The three lower tables against nn.MultiheadAttention's weights, under the masks that the solution builds."""
    figure = figures.masks()
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
