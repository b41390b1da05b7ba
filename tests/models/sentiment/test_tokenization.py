"""tokenize_and_cut, numericalize and pad_batch, with a stand-in for BERT's tokenizer."""

from functools import partial

import torch
from gradescope_utils.autograder_utils.decorators import number, weight

from tests.models.sentiment.doubles import PAD, VOCABULARY, TokenizerDouble, sentence_of


def show_tokens(given, show, name, tokens):
    """Show a list of tokens as one text, and embedded. What is no list of texts is shown as it is."""
    if type(tokens) is not list or any(type(token) is not str for token in tokens):
        show(name, tokens)
        return
    show(name, " ".join(tokens))
    ids = TokenizerDouble().convert_tokens_to_ids(tokens)
    show(f"{name}, embedded", given.uniform("embedding", VOCABULARY, 2)[torch.tensor(ids, dtype=torch.int64)])


def show_ids(given, show, name, ids):
    """Show a list of ids as a tensor, and embedded. What is no list of whole numbers is shown as it is."""
    if type(ids) is not list or any(type(id) is not int for id in ids):
        show(name, ids)
        return
    table, ids = given.uniform("embedding", VOCABULARY, 2), torch.tensor(ids, dtype=torch.int64)
    show(name, ids)
    show(f"{name}, embedded", table[ids])


@number("5.1.1")
@weight(0.5)
def test_tokens_that_fit_are_all_there(models, given, show):
    """A sentence whose tokens fit, also just so, keeps all of them, as a list, in their order."""
    tokenizer, sentence = TokenizerDouble(), sentence_of(given, given.size("words", 4, 8))
    n = len(tokenizer.tokenize(sentence))
    cut = models.sentiment.tokenization.tokenize_and_cut
    for room in (2, 3, 40):
        show_tokens(given, show, f"tokens with room for {room} more", cut(tokenizer, sentence, n + room))
    show_tokens(given, show, "tokens with the default length", cut(tokenizer, sentence))


@number("5.1.2")
@weight(0.5)
def test_the_cut_leaves_two_places(models, given, show):
    """At every length two places stay free for [CLS] and [SEP]. What is cut is the end, token by token."""
    tokenizer, sentence = TokenizerDouble(), sentence_of(given, given.size("words", 6, 9))
    n = len(tokenizer.tokenize(sentence))
    for name, length in {"2": 2, "3": 3, "5": 5, "one too few": n + 1}.items():
        tokens = models.sentiment.tokenization.tokenize_and_cut(tokenizer, sentence, length)
        show_tokens(given, show, f"tokens with a length of {name}", tokens)


@number("5.1.3")
@weight(0.5)
def test_the_default_length_is_512(models, given, show):
    """Without a length at most 510 tokens come back, and at most 512 ids."""
    tokenizer, sentence = TokenizerDouble(), sentence_of(given, 600)
    tokens = models.sentiment.tokenization.tokenize_and_cut(tokenizer, sentence)
    show_tokens(given, show, "tokens", tokens[-6:])
    show("how many tokens", len(tokens))
    ids = models.sentiment.tokenization.numericalize(tokenizer, sentence)
    show_ids(given, show, "ids", ids)


@number("5.1.4")
@weight(0.5)
def test_a_length_without_room_is_refused(models, given, show):
    """A length below 2 raises ValueError, which names it, in tokenize_and_cut and in numericalize."""
    tokenizer, sentence = TokenizerDouble(), sentence_of(given, 3)
    tokenization = models.sentiment.tokenization
    for length in (1, 0, -7):
        for name in ("tokenize_and_cut", "numericalize"):
            call = partial(getattr(tokenization, name), tokenizer, sentence, length)
            show.raises(f"{name} with a length of {length}", ValueError, call, mentions=[length])
    show_tokens(given, show, "tokens with a length of 3", tokenization.tokenize_and_cut(tokenizer, sentence, 3))


@number("5.1.5")
@weight(0.5)
def test_ids_begin_with_cls_and_end_with_sep(models, given, show):
    """A sentence becomes a list of ids: [CLS], its tokens, [SEP]."""
    tokenizer, sentence = TokenizerDouble(), sentence_of(given, given.size("words", 4, 8))
    show_ids(given, show, "ids", models.sentiment.tokenization.numericalize(tokenizer, sentence))
    show_ids(given, show, "ids of no words", models.sentiment.tokenization.numericalize(tokenizer, ""))
    odd = models.sentiment.tokenization.numericalize(tokenizer, f"{sentence} qwx {sentence}")
    show_ids(given, show, "ids with an unknown word", odd)


@number("5.1.6")
@weight(0.5)
def test_ids_end_with_sep_at_every_length(models, given, show):
    """There are never more ids than the length says, and the last is always that of [SEP]."""
    tokenizer, sentence = TokenizerDouble(), sentence_of(given, given.size("words", 6, 9))
    n = len(tokenizer.tokenize(sentence))
    for name, length in {"2": 2, "3": 3, "6": 6, "one too few": n + 1, "just enough": n + 2}.items():
        ids = models.sentiment.tokenization.numericalize(tokenizer, sentence, length)
        show_ids(given, show, f"ids with a length of {name}", ids)


def draw_rows(given, *lengths):
    """Return rows of ids of these lengths, as lists."""
    return [given.integers(f"row {i}", n, low=0, high=VOCABULARY).tolist() for i, n in enumerate(lengths)]


@number("5.1.7")
@weight(0.5)
def test_pad_batch_fills_the_end(models, given, show):
    """Rows become one tensor (N, T) of int64. Shorter rows are filled at the end with the id that is given."""
    rows = draw_rows(given, 3, given.size("T", 5, 8), 1, 4)
    table = given.uniform("embedding", VOCABULARY, 2)
    for pad_id in (PAD, 0):
        batch = models.sentiment.tokenization.pad_batch(rows, pad_id)
        show(f"batch filled with {pad_id}", batch)
        show(f"embedded, filled with {pad_id}", table[batch])


@number("5.1.8")
@weight(0.5)
def test_pad_batch_takes_any_rows(models, given, show):
    """One row stays a batch, and rows of one length need no padding."""
    pad_batch = models.sentiment.tokenization.pad_batch
    T = given.size("T", 4, 7)
    (row,), even, ones = draw_rows(given, T), draw_rows(given, T, T, T), draw_rows(given, 1, 1)
    table = given.uniform("embedding", VOCABULARY, 2)
    for name, rows in {"one row": [row], "rows of one length": even, "rows of one id": ones}.items():
        batch = pad_batch(rows, PAD)
        show(name, batch)
        show(f"{name}, embedded", table[batch])


@number("5.1.9")
@weight(1)
def test_rows_stay_as_they_are(models, given, show):
    """pad_batch leaves its rows alone, and a second call with other rows has nothing of the first."""
    pad_batch = models.sentiment.tokenization.pad_batch
    table = given.uniform("embedding", VOCABULARY, 2)
    rows, others = draw_rows(given, 2, given.size("T", 4, 7), 3), draw_rows(given, 1, 2)
    show("first batch", table[pad_batch(rows, PAD)])
    show("second batch", table[pad_batch(others, 0)])
    show("first batch again", table[pad_batch(rows, PAD)])
    show("rows afterwards", [torch.tensor(row) for row in rows])
