"""batchify, get_batch and repackage_hidden: batches of one text, and states that are carried from one to the next."""

import string

import torch
from gradescope_utils.autograder_utils.decorators import number, weight

ALPHABET = torch.arange(26)


def letters(ids):
    """Return token ids of the alphabet as letters, with the rows apart."""
    rows = ids if ids.dim() == 2 else ids.unsqueeze(0)
    return " ".join("".join(string.ascii_lowercase[token] for token in row) for row in rows.tolist())


def draw_text(given, M):
    """Return a text of M tokens, and a function that embeds token ids, whatever their memory layout."""
    table = given.uniform("embedding", 97, 2)
    return given.integers("text", M, low=0, high=97), lambda ids: table[ids]


@number("4.1.1")
@weight(0.5)
def test_batchify_lays_out_the_alphabet(models, given, show):
    """In 4 columns the alphabet has a to f down the first column and s to x down the last. y and z are left out."""
    source = models.language_model.batching.batchify(ALPHABET, 4)
    show("source", source)
    show("columns, read downwards", letters(source.t()))
    show("embedded", given.uniform("embedding", 26, 3)[source])


@number("4.1.2")
@weight(0.5)
def test_batchify_takes_any_length_and_batch(models, given, show):
    """M tokens give (M // B, B), whatever is left over. B = 1 gives the text as one column, B = M one row."""
    batchify = models.language_model.batching.batchify
    B, rows = given.size("B", 3, 6), given.size("rows", 2, 8)
    text, see = draw_text(given, rows * B + B - 1)
    for left in (0, 1, B - 1):
        source = batchify(text[: rows * B + left], B)
        show(f"source with {left} tokens left over", source)
        show(f"embedded with {left}", see(source))
    show("in one column", batchify(text, 1))
    show("in one row", batchify(text[:B], B))
    show("text after the calls", text)


@number("4.1.3")
@weight(0.5)
def test_get_batch_reads_the_alphabet(models, given, show):
    """In chunks of 2 rows of the alphabet in 4 columns the target of each letter is the letter after it."""
    source = ALPHABET[:24].view(4, 6).t().contiguous()
    for i in (0, 2, 4):
        data, target = models.language_model.batching.get_batch(source, i, 2)
        show(f"data of row {i}", data)
        show(f"target of row {i}", target)
        show(f"rows of data of row {i}", letters(data))
        show(f"letters of target of row {i}", letters(target))
        table = given.uniform(f"embedding {i}", 26, 3)
        show(f"embedded data of row {i}", table[data])
        show(f"embedded target of row {i}", table[target])


@number("4.1.4")
@weight(0.5)
def test_get_batch_begins_at_any_row(models, given, show):
    """data begins with row i and target with row i + 1. target is flat, row after row, as a model's outputs are."""
    B, rows, S = given.size("B", 2, 5), given.size("rows", 11, 14), given.size("S", 2, 5)
    text, see = draw_text(given, rows * B)
    source = text.view(rows, B)
    for i in (0, 1, 3):
        data, target = models.language_model.batching.get_batch(source, i, S)
        show(f"data of row {i}", data)
        show(f"target of row {i}", target)
        show(f"embedded target of row {i}", see(target))
    show("source after the calls", source)


@number("4.1.5")
@weight(0.5)
def test_get_batch_ends_with_a_shorter_chunk(models, given, show):
    """The last row is only a target. The last chunk has the rows that are left; bptt may exceed the text."""
    get_batch = models.language_model.batching.get_batch
    B, rows = given.size("B", 2, 5), given.size("rows", 6, 9)
    text, see = draw_text(given, rows * B)
    source = text.view(rows, B)
    for why, i, bptt in (
        ("three rows left for four", rows - 4, 4),
        ("just as many as asked for", rows - 4, 3),
        ("one row left", rows - 2, 4),
        ("a chunk of one row", 1, 1),
        ("bptt longer than the text", 0, 35),
    ):
        data, target = get_batch(source, i, bptt)
        show(f"data, {why}", data)
        show(f"target, {why}", target)
        show(f"embedded data, {why}", see(data))


@number("4.1.6")
@weight(0.5)
def test_get_batch_of_one_column(models, given, show):
    """With one column data keeps its axis: data is (S, 1), target (S,)."""
    text, see = draw_text(given, given.size("rows", 6, 9))
    source = text.unsqueeze(1)
    data, target = models.language_model.batching.get_batch(source, 1, 3)
    show("data", data)
    show("target", target)
    show("embedded", see(data))


@number("4.1.7")
@weight(0.5)
def test_repackage_keeps_form_and_values(models, given, show):
    """Tensors stay tensors and (nested) tuples stay tuples. Values stay the same, and no tensor needs a gradient."""
    repackage_hidden = models.language_model.batching.repackage_hidden
    B, H = given.size("B", 2, 4), given.size("nhid", 3, 6)
    h, c, d = (given.uniform(name, 2, B, H).requires_grad_() * 2 for name in "hcd")
    for form, hidden in (("a tensor", h), ("a pair", (h, c)), ("a nest", ((h, c), (d,), d))):
        show(f"{form}, repackaged", repackage_hidden(hidden))
    flat = [repackage_hidden(h), *repackage_hidden((h, c)), *repackage_hidden(((h, c), d))[0]]
    show("tensors that need a gradient", sum(tensor.requires_grad for tensor in flat))


@number("4.1.8")
@weight(0.5)
def test_repackage_stops_the_gradient_there_alone(models, given, show):
    """No gradient flows back through a repackaged state. The state itself stays attached for other uses."""
    B, H = given.size("B", 2, 4), given.size("nhid", 3, 6)
    start, factor = given.uniform("start", 1, B, H).requires_grad_(), given.uniform("factor", H).requires_grad_()
    h, c = torch.tanh(start), torch.sin(start)
    carried_h, carried_c = models.language_model.batching.repackage_hidden((h, c))
    weights = [given.uniform(f"weights {number}", 1, B, H) for number in range(4)]
    later = (carried_h * factor * weights[0]).sum() + (carried_c * factor * weights[1]).sum()
    (later + (h * weights[2]).sum() + (c * weights[3]).sum()).backward()
    show("gradient of what comes after", factor.grad)
    show("gradient of what came before", start.grad)
