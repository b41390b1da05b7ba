"""The figures of the notebook on translation: cells, attention, embeddings, the encoder layer, masks.

Every function returns a Figure of its own; nothing is drawn into a window. Lengths are inches, y goes up.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

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
    Words,
    mask_table,
    tint,
)

# Part 1


def rnn_cell() -> Figure:
    """One step of VanillaRNN: both layers read [x; h], the input next to the previous hidden state."""
    page = Drawing(9.2, 3.3)
    low, high = 1.35, 2.4
    page.cell(1.75, 0.85, 7.15, 2.95)
    page.box(0.8, low, 0.7, 0.5, "$h$", STATE)
    page.text(0.8, low - 0.45, "hidden state\nbefore the step", SMALL, GREY)
    page.box(2.5, 0.35, 0.7, 0.42, "$x$", TOKEN)
    page.text(3.65, 0.35, "input of this step", SMALL, GREY)
    page.box(2.5, low, 0.9, 0.5, "$[x;\\,h]$", GATE)
    page.arrow((1.15, low), (2.05, low))
    page.arrow((2.5, 0.56), (2.5, low - 0.25))
    page.arrow((2.95, low), (3.8, low))
    page.arrow((3.3, low), (3.3, high), (3.8, high))
    page.fork(3.3, low)
    page.text(3.4, 1.88, "both layers read the old $h$", SMALL, GREY, ha="left")
    for y, layer, function in ((low, "hidden_layer", "tanh"), (high, "output_layer", "log_softmax")):
        page.box(4.5, y, 1.4, 0.5, layer, LAYER)
        page.arrow((5.2, y), (5.75, y))
        page.box(6.35, y, 1.2, 0.5, function, GATE)
        page.arrow((6.95, y), (7.75, y))
    page.box(8.1, low, 0.7, 0.5, "$h'$", STATE)
    page.text(8.1, low - 0.45, "hidden state\nafter the step", SMALL, GREY)
    page.box(8.1, high, 0.7, 0.5, "$y$", TOKEN)
    page.text(8.1, high + 0.4, "log-probabilities", SMALL, GREY)
    return page.figure


def lstm_cell() -> Figure:
    """One step of the LSTM: the cell state runs along the top, the gates decide what is forgotten, added and shown."""
    page = Drawing(9.6, 4.7)
    top, middle, gates, bus = 3.95, 2.95, 1.95, 1.15
    forget, write, candidate, show, out = 2.8, 4.05, 5.35, 6.55, 7.55
    add = (write + candidate) / 2
    page.cell(1.45, 0.75, 8.15, 4.4)
    page.box(0.8, top, 0.7, 0.5, "$c$", STATE)
    page.text(0.8, top - 0.42, "cell state", SMALL, GREY)
    page.box(0.8, bus, 0.7, 0.5, "$h$", STATE)
    page.text(0.8, bus - 0.42, "hidden state", SMALL, GREY)
    page.box(2.0, 0.35, 0.7, 0.42, "$x$", TOKEN)
    page.text(3.1, 0.35, "input of this step", SMALL, GREY)

    page.arrow((1.15, bus), (show, bus), (show, gates - 0.3))
    page.axes.plot([2.0, 2.0], [0.56, bus], color=INK, lw=1.3, zorder=2)
    for x in (2.0, forget, write, candidate):
        page.fork(x, bus)
    page.text(2.1, bus - 0.2, "$x$ and $h$, to every gate", SMALL, GREY, ha="left")
    for x in (forget, write, candidate):
        page.arrow((x, bus), (x, gates - 0.3))
    for x, gate, function, words in (
        (forget, "f", "sigmoid", "forget"),
        (write, "i", "sigmoid", "input"),
        (candidate, "g", "tanh", "candidate"),
        (show, "o", "sigmoid", "output"),
    ):
        page.box(x, gates, 0.95, 0.6, f"${gate}$\n{function}", LAYER)
        page.text(x + 0.1, gates - 0.5, words, SMALL, GREY, ha="left")

    page.arrow((1.15, top), (forget - RADIUS, top), color=GREEN)
    page.arrow((forget + RADIUS, top), (add - RADIUS, top), color=GREEN)
    page.arrow((add + RADIUS, top), (8.55, top), color=GREEN)
    page.sign(forget, top, "$\\times$")
    page.sign(add, top, "$+$")
    page.sign(add, middle, "$\\times$")
    page.arrow((forget, gates + 0.3), (forget, top - RADIUS))
    page.arrow((write, gates + 0.3), (write, middle), (add - RADIUS, middle))
    page.arrow((candidate, gates + 0.3), (candidate, middle), (add + RADIUS, middle))
    page.arrow((add, middle + RADIUS), (add, top - RADIUS))
    page.text(forget - 0.12, 3.3, "what to keep", SMALL, GREY, ha="right")
    page.text(add + 0.12, 3.45, "what to add", SMALL, GREY, ha="left")

    page.fork(out, top, GREEN)
    page.arrow((out, top), (out, 3.3 + 0.2), color=GREEN)
    page.box(out, 3.3, 0.75, 0.4, "tanh", GATE)
    page.arrow((out, 3.1), (out, 2.5 + RADIUS))
    page.sign(out, 2.5, "$\\times$")
    page.arrow((show, gates + 0.3), (show, 2.5), (out - RADIUS, 2.5))
    page.arrow((out, 2.5 - RADIUS), (out, bus), (8.55, bus))
    page.box(8.9, top, 0.7, 0.5, "$c'$", STATE)
    page.box(8.9, bus, 0.7, 0.5, "$h'$", STATE)
    return page.figure


# Part 2


def seq2seq() -> Figure:
    """Encoder and decoder, unrolled: only the last hidden state goes over; each output is the next step's input."""
    page = Drawing(10.6, 3.5)
    source, target = ("<sos>", "ein", "mann", "schläft", "<eos>"), ("<sos>", "a", "man", "sleeps", "<eos>")
    low, middle, high = 0.55, 1.65, 2.75
    reading, writing = [0.75 + 0.95 * t for t in range(5)], [7.0 + 0.95 * t for t in range(4)]
    page.cell(0.2, 1.2, reading[-1] + 0.5, 2.1)
    page.cell(writing[0] - 0.45, 1.2, writing[-1] + 0.45, 2.1)
    page.text((reading[0] + reading[-1]) / 2, 2.3, "encoder", SMALL, GREY)
    page.text(writing[0] - 0.1, 2.3, "decoder", SMALL, GREY, ha="right")
    for t, (x, word) in enumerate(zip(reading, source, strict=True), 1):
        page.box(x, middle, 0.6, 0.5, f"$h_{t}$", STATE)
        page.box(x, low, 0.72, 0.4, word, TOKEN, SMALL)
        page.arrow((x, low + 0.2), (x, middle - 0.25))
    for left, right in pairwise((*reading, 5.65, *writing)):
        gaps = [0.55 if x == 5.65 else 0.3 for x in (left, right)]
        page.arrow((left + gaps[0], middle), (right - gaps[1], middle), color=GREEN)
    page.box(5.65, middle, 1.1, 0.85, "hidden_in\nReLU\nhidden_out\ntanh", LAYER, SMALL - 1)
    for t, x in enumerate(writing):
        page.box(x, middle, 0.6, 0.5, f"$s_{t + 1}$", STATE)
        page.box(x, low, 0.72, 0.4, target[t], TOKEN, SMALL)
        page.box(x, high, 0.72, 0.4, target[t + 1], TOKEN, SMALL)
        page.arrow((x, low + 0.2), (x, middle - 0.25))
        page.arrow((x, middle + 0.25), (x, high - 0.2))
    for left, right in pairwise(writing):
        between = (left + right) / 2
        page.arrow((left + 0.36, high), (between, high), (between, low), (right - 0.36, low), color=ORANGE)
    page.text(
        (writing[0] + writing[-1]) / 2, 3.2, "log-probabilities of the next token, the best one shown", SMALL, GREY
    )
    page.text(
        (writing[0] + writing[-1]) / 2,
        0.15,
        "orange: the token chosen is read next (in training: the right one)",
        SMALL,
        GREY,
    )
    return page.figure


def attention() -> Figure:
    """Attention by cosine: the decoder's state meets every encoder output; their weighted mean is the context."""
    page = Drawing(9.6, 5.1)
    words = ("<sos>", "ein", "mann", "schläft", "<eos>")
    cosines = np.array([-0.35, 0.15, 0.90, 0.40, -0.60])
    weights = np.exp(cosines) / np.exp(cosines).sum()
    columns = [3.2 + 1.15 * t for t in range(len(words))]
    left, right, side = columns[0] - 0.55, columns[-1] + 0.55, 9.1

    page.cell(left - 0.05, 0.12, right + 0.05, 1.2)
    for t, (x, word) in enumerate(zip(columns, words, strict=True), 1):
        page.text(x, 0.3, word, SMALL, GREY)
        page.box(x, 0.8, 0.75, 0.5, f"$k_{t}$", STATE)
        page.arrow((x, 1.05), (x, 1.65))
    page.text(left - 0.15, 0.8, "encoder outputs", SMALL, GREY, ha="right")
    page.box((left + right) / 2, 1.9, right - left, 0.5, "cosine of $q$ with each $k_t$", GATE)
    page.box(0.95, 1.9, 0.7, 0.5, "$q$", STATE)
    page.text(0.95, 1.4, "decoder's $h$\nbefore the step", SMALL, GREY)
    page.arrow((1.3, 1.9), (left, 1.9))
    for x, cosine in zip(columns, cosines, strict=True):
        page.arrow((x, 2.15), (x, 2.55))
        page.text(x + 0.08, 2.33, f"{cosine:.2f}".replace("-", "\N{MINUS SIGN}"), SMALL, GREY, ha="left")
    page.box((left + right) / 2, 2.8, right - left, 0.5, "softmax over the source positions", GATE)
    for t, (x, weight) in enumerate(zip(columns, weights, strict=True), 1):
        page.axes.add_patch(Rectangle((x - 0.34, 3.15), 0.22, 2.2 * weight, fc=ORANGE, ec=INK, lw=0.6, zorder=3))
        page.text(x + 0.12, 3.3, f"$\\alpha_{t}={weight:.2f}$", SMALL, INK, ha="left")
        page.arrow((x, 3.05), (x, 4.15))
    page.box((left + right) / 2, 4.4, right - left, 0.5, "weighted sum $\\Sigma_t\\ \\alpha_t\\,k_t$", GATE)
    page.arrow((right + 0.05, 0.8), (side, 0.8), (side, 4.4), (right, 4.4), color=GREEN)
    page.text(side - 0.1, 2.35, "the same\noutputs\n$k_t$", SMALL, GREY, ha="right")
    page.arrow((left, 4.4), (1.4, 4.4))
    page.box(0.95, 4.4, 0.9, 0.5, "context", STATE)
    page.arrow((0.95, 4.15), (0.95, 3.55))
    page.box(1.1, 3.28, 1.65, 0.5, "context_layer", LAYER)
    page.text(1.1, 2.72, "reads [context; embedded],\nthen the recurrent layer", SMALL, GREY)
    return page.figure


# Part 3


def embedding() -> Figure:
    """What goes into a Transformer: of every token the sum of two vectors, its word's and its position's."""
    page = Drawing(9.0, 3.9)
    words, ids = ("<sos>", "ein", "mann", "schläft", "<eos>"), (2, 5, 11, 87, 3)
    columns = [3.0 + 1.25 * t for t in range(len(words))]
    word = np.array([[(7 * number + 5 * i * i + 3 * i) % 11 / 10 for i in range(6)] for number in ids])
    position = np.array([[(i / 5) ** (0.4 + 0.5 * t) for i in range(6)] for t in range(5)])
    rows = (
        ("word_embedding", 2.45, word, BLUE),
        ("position_embedding", 1.55, position, ORANGE),
        ("their sum goes on", 0.5, (word + position) / 2, GREEN),
    )
    page.text(2.2, 3.6, "token", SMALL, GREY, ha="right")
    page.text(2.2, 3.25, "its id", SMALL, GREY, ha="right")
    for label, y, values, color in rows:
        page.text(2.2, y, label, ha="right")
        for x, value in zip(columns, values, strict=True):
            vector(page, x, y, value, color)
    for t, (x, token, number) in enumerate(zip(columns, words, ids, strict=True)):
        page.text(x, 3.6, token)
        page.text(x, 3.25, str(number), FONT, GREY)
        page.arrow((x, 3.12), (x, 2.66))
        page.text(x, 2.0, "$+$", 13)
        page.text(x, 1.27, f"row {t}", SMALL, GREY)
        page.text(x, 0.95, "$=$", 13)
    return page.figure


def vector(page: Drawing, x: float, y: float, values: Array, color: str) -> None:
    """A vector around (x, y): a cell for each value, the darker the larger."""
    side = 0.15
    left = x - side * len(values) / 2
    for i, value in enumerate(values):
        page.axes.add_patch(
            Rectangle((left + i * side, y - 0.17), side, 0.34, fc=tint(color, 0.1 + 0.9 * value), ec=INK, lw=0.6)
        )


def encoder_layer() -> Figure:
    """The layer of TransformerTranslator: attention and feed-forward, each added to its input and normalised."""
    page = Drawing(11.2, 4.5)
    line, over = 2.15, 4.0
    page.cell(0.5, 0.5, 7.12, 4.2)
    page.text(3.8, 0.28, "multi_head_attention, here with two heads", SMALL, GREY)
    page.cell(7.22, 0.5, 10.42, 4.2)
    page.text(8.82, 0.28, "feedforward_layer", SMALL, GREY)
    page.text(0.26, line + 0.25, "$x$", FONT)
    page.axes.plot([0.08, 0.75], [line, line], color=INK, lw=1.3, zorder=2)
    for head, y in ((1, line + 0.82), (2, line - 0.82)):
        for name, offset in (("Q", 0.42), ("K", 0), ("V", -0.42)):
            page.arrow((0.75, line), (0.75, y + offset), (1.2, y + offset))
            page.box(1.5, y + offset, 0.6, 0.34, f"${name}_{head}$", LAYER)
            page.arrow((1.8, y + offset), (2.15, y + offset))
        page.box(2.85, y, 1.4, 1.2, "", GATE)
        page.text(2.85, y + 0.36, "softmax of")
        page.text(2.85, y, f"$Q_{head} K_{head}^\\top /\\,\\sqrt{{d_k}}$")
        page.text(2.85, y - 0.38, f"times $V_{head}$")
        page.arrow((3.55, y), (3.85, y))
    page.box(4.0, line, 0.3, 2.45, "", GATE)
    page.axes.text(4.0, line, "join heads", size=SMALL, rotation=90, ha="center", va="center", zorder=4, color=INK)
    page.arrow((4.15, line), (4.45, line))
    page.box(4.93, line, 0.96, 0.9, "attention_\nhead_\nprojection", LAYER, SMALL)
    page.arrow((5.41, line), (5.9 - RADIUS, line))
    page.sign(5.9, line, "$+$")
    page.arrow((0.75, line), (0.75, over), (5.9, over), (5.9, line + RADIUS), color=GREEN)
    page.fork(0.75, line)
    page.text(5.8, over - 0.2, "the input is added", SMALL, GREY, ha="right")
    page.arrow((5.9 + RADIUS, line), (6.25, line))
    page.box(6.64, line, 0.78, 0.6, "norm_mh", LAYER, SMALL)
    page.arrow((7.03, line), (7.75, line))
    page.arrow((7.47, line), (7.47, over - 0.75), (9.3, over - 0.75), (9.3, line + RADIUS), color=GREEN)
    page.fork(7.47, line)
    page.box(8.35, line, 1.2, 1.1, "feedforward_in\nReLU\nfeedforward_out", LAYER, SMALL)
    page.arrow((8.95, line), (9.3 - RADIUS, line))
    page.sign(9.3, line, "$+$")
    page.arrow((9.3 + RADIUS, line), (9.6, line))
    page.box(9.96, line, 0.72, 0.6, "norm_ff", LAYER, SMALL)
    page.arrow((10.32, line), (11.05, line))
    page.text(10.78, line + 0.25, "$(N,T,H)$", SMALL, GREY)
    return page.figure


def masks() -> Figure:
    """The six masks of nn.Transformer for one sentence pair, and what becomes of them in each kind of attention."""
    source = ("<sos>", "ein", "mann", "schläft", "<eos>", "<pad>")
    target = ("<sos>", "a", "man", "sleeps", "<eos>", "<pad>", "<pad>")
    L = len(target)
    hidden_source = np.array([word == "<pad>" for word in source])
    hidden_target = np.array([word == "<pad>" for word in target])
    causal = np.triu(np.ones((L, L), dtype=bool), k=1)
    figure = Figure(figsize=(10.4, 9.3), dpi=100, facecolor=PAPER)
    grid = figure.add_gridspec(
        3, 3, height_ratios=(L, 1.7, L), left=0.09, right=0.985, top=0.86, bottom=0.065, hspace=0.62, wspace=0.38
    )
    axes = [[figure.add_subplot(grid[row, column]) for column in range(3)] for row in range(3)]
    whole = "the whole source\nmay be read at once"
    columns: tuple[tuple[str, str, str, Words, Words, Array | str, Array], ...] = (
        ("encoder looks at source", "src", "T, T", source, source, whole, hidden_source),
        ("decoder looks at target", "tgt", "S, S", target, target, causal, hidden_target),
        ("decoder looks at memory", "memory", "S, T", target, source, whole, hidden_source),
    )
    for column, description in zip(zip(*axes, strict=True), columns, strict=True):
        title, name, sizes, queries, keys, pairs, padding = description
        column[0].annotate(
            title, (0.5, 1), (0, 46), "axes fraction", "offset points", ha="center", size=12, weight="bold", color=INK
        )
        mask_table(column[0], f"{name}_mask ({sizes})", pairs, queries, keys)
        mask_table(column[1], f"{name}_key_padding_mask (N, {sizes[-1]})", padding[None], ("this pair",), keys)
        both = padding | (pairs if isinstance(pairs, np.ndarray) else np.zeros((len(queries), 1), dtype=bool))
        mask_table(column[2], "together: hidden by either", both, queries, keys)
    figure.text(0.012, 0.71, "which pairs", rotation=90, va="center", size=11, color=GREY)
    figure.text(0.012, 0.452, "which keys", rotation=90, va="center", size=11, color=GREY)
    figure.text(0.012, 0.2, "what is hidden", rotation=90, va="center", size=11, color=GREY)
    _legend(figure)
    return figure


def _legend(figure: Figure) -> None:
    width, height = figure.get_size_inches()
    axes = figure.add_axes((0, 0.945, 1, 0.05))
    axes.set(xlim=(0, width), ylim=(0, 0.05 * height))
    axes.axis("off")
    for x, fill, letter, words in (
        (0.35, RED, "T", "True: hidden. Its score becomes \N{MINUS SIGN}\N{INFINITY}, its weight 0."),
        (4.85, PAPER, "", "False: may be looked at."),
    ):
        axes.add_patch(Rectangle((x, 0.13), 0.22, 0.22, fc=fill, ec="#888888", lw=0.8))
        axes.text(x + 0.11, 0.237, letter, size=8, color=PAPER, weight="bold", ha="center", va="center")
        axes.text(x + 0.34, 0.24, words, size=FONT, color=INK, va="center")
    axes.text(width - 0.15, 0.24, "Rows look, columns are looked at.", size=FONT, color=INK, ha="right", va="center")
