"""batchify, get_batch and repackage_hidden: batches of one text, and states that are carried from one to the next."""

import string

import torch
from gradescope_utils.autograder_utils.decorators import number, weight

ALPHABET = torch.arange(26)


def read(ids):
    """Token ids of the alphabet as letters, rows apart."""
    rows = ids if ids.dim() == 2 else ids.unsqueeze(0)
    return " ".join("".join(string.ascii_lowercase[token] for token in row) for row in rows.tolist())


def draw_source(given, rows, B):
    """A text in columns (rows, B), all tokens different, and a function that looks ids up as a model does."""
    source = given.integers("source", rows, B, low=0, high=10**6) // 100 * 100 + torch.arange(rows * B).view(rows, B)
    table = given.uniform("table", 97, 2)
    return source, lambda ids: table[ids % 97]


@number("4.1.1")
@weight(4)
def test_batchify_lays_out_the_alphabet(models, given, reference):
    """The alphabet for 4 columns: a to f down the first, s to x down the last; y and z are left out."""
    batches = models.language_model.batching.batchify(ALPHABET, 4)
    reference.match(batches=batches, **{"columns read downwards": read(batches.t())})
    reference.match(embedded=given.uniform("table", 26, 3)[batches])
