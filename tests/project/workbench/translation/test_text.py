"""Tokens, vocabularies, batches and detokenised text."""

from __future__ import annotations

import ast
import functools
import importlib.metadata
import json
import os
import random
import subprocess
import sys
from collections.abc import Sequence
from itertools import chain
from pathlib import Path

import pytest
import torch

from workbench.errors import DataError
from workbench.translation.data import Pair, load
from workbench.translation.text import EOS, PAD, SOS, UNK, Batch, Batches, Language, Text, detokenise

ROOT = Path(__file__).parents[4]


@functools.cache
def pairs() -> tuple[Pair, ...]:
    return load("captions").train[:300]


@pytest.fixture(scope="module")
def text() -> Text:
    return Text.fit(pairs())


def rows(batches: Batches) -> list[tuple[int, ...]]:
    return [batch.rows for batch in batches]


def same(ones: Sequence[Batch], others: Sequence[Batch]) -> bool:
    return len(ones) == len(others) and all(
        one.rows == other.rows and torch.equal(one.source, other.source) and torch.equal(one.target, other.target)
        for one, other in zip(ones, others, strict=True)
    )


# Vocabularies.


def test_vocabulary() -> None:
    pairs = [Pair("Zwei Hunde", "Two dogs"), Pair("zwei Katzen", "two cats"), Pair("Hunde zwei", "Two dogs")]
    text = Text.fit(pairs)
    assert text.source.vocabulary == ["<unk>", "<pad>", "<sos>", "<eos>", "zwei", "hunde"]  # by frequency
    assert text.target.vocabulary == ["<unk>", "<pad>", "<sos>", "<eos>", "two", "dogs"]
    assert (text.source_size, text.target_size) == (6, 6)
    assert (UNK, PAD, SOS, EOS) == (0, 1, 2, 3)
    assert text.encode_source("Zwei Katzen") == [SOS, 4, UNK, EOS]
    assert text.source_words("Zwei Katzen") == ["<sos>", "zwei", "<unk>", "<eos>"]
    assert text.target_words("Two Cats") == ["two", "cats"]
    everything = Text.fit(pairs, min_freq=1)
    assert everything.source.vocabulary[4:] == ["zwei", "hunde", "katzen"]
    assert everything.target.vocabulary[4:] == ["two", "dogs", "cats"]


def test_words_of_equal_frequency_are_in_alphabetical_order() -> None:
    text = Text.fit([Pair("b c a", "z y x")], min_freq=1)
    assert text.source.vocabulary[4:] == ["a", "b", "c"]
    assert text.target.vocabulary[4:] == ["x", "y", "z"]


def test_tokens(text: Text) -> None:
    """spaCy's rules, German for the source and English for the target, in lower case, without any white space."""
    source, target = text.source.tokens, text.target_words
    assert source(["Ein Mann, z.B. mit T-Shirt.\n"]) == [["ein", "mann", ",", "z.b.", "mit", "t-shirt", "."]]
    assert target(" It's  a T-shirt;\tisn't it? \n") == [
        "it",
        "'s",
        "a",
        "t",
        "-",
        "shirt",
        ";",
        "is",
        "n't",
        "it",
        "?",
    ]


def test_a_special_word_in_the_text_is_an_ordinary_word(text: Text) -> None:
    assert text.encode_source("<eos> <pad> <sos>").count(EOS) == 1
    assert PAD not in text.encode_source("<eos> <pad> <sos>")
    assert text.encode_source("") == [SOS, EOS]


def test_encode(text: Text) -> None:
    for pair, example in zip(pairs()[:20], text.encode(pairs()[:20]), strict=True):
        assert example.source == text.encode_source(pair.source)
        assert example.target[0] == SOS
        assert example.target[-1] == EOS
        assert len(example.target) == len(text.target_words(pair.target)) + 2


def test_words_end_at_the_first_eos(text: Text) -> None:
    a, man = text.target.field.vocab["a"], text.target.field.vocab["man"]
    assert text.words([a, man, EOS, a, EOS, PAD]) == ["a", "man"]
    assert text.words([SOS, a, PAD, man]) == ["a", "man"]
    assert text.words([UNK, EOS]) == ["<unk>"]
    assert text.words([EOS]) == []
    assert text.target_tokens([a, man, EOS, a, PAD]) == ["a", "man", "<eos>"]
    assert text.target_tokens([a, man]) == ["a", "man"]


# Batches.


def check_batch(text: Text, batch: Batch) -> None:
    examples = text.encode(pairs())
    for name in ("source", "target"):
        padded = getattr(batch, name)
        assert padded.dtype == torch.int64
        assert padded.shape == (len(batch.rows), max(len(getattr(examples[row], name)) for row in batch.rows))
        for row, ids in zip(batch.rows, padded.tolist(), strict=True):
            right = getattr(examples[row], name)
            assert ids == right + [PAD] * (len(ids) - len(right))


@pytest.mark.parametrize("seed", [None, 5])
@pytest.mark.parametrize("size", [1, 32, 1000])
def test_each_pair_is_in_one_batch(text: Text, seed: int | None, size: int) -> None:
    batches = text.batches(pairs(), size, seed=seed)
    made = list(batches)
    assert len(made) == len(batches) == -(-len(pairs()) // size)
    assert sorted(chain(*(batch.rows for batch in made))) == list(range(len(pairs())))
    assert sorted(len(batch.rows) for batch in made)[1:] == [size] * (len(made) - 1)
    assert batches.dropped == 0
    for batch in made[:30]:
        check_batch(text, batch)


def test_batches_depend_on_seed_and_epoch_alone(text: Text) -> None:
    first = list(text.batches(pairs(), 32, seed=1, epoch=3))
    random.seed(99)
    random.random()
    torch.rand(3)
    batches = text.batches(pairs(), 32, seed=1, epoch=3)
    assert same(first, list(batches))
    assert same(first, list(batches))  # iterated again
    orders = {tuple(rows(text.batches(pairs(), 32, seed=seed, epoch=epoch))) for seed in (1, 2) for epoch in (0, 1, 3)}
    assert len(orders) == 6


def test_batches_leave_python_s_random_numbers_alone(text: Text) -> None:
    random.seed(4)
    state, torch_state = random.getstate(), torch.get_rng_state()
    iterator = iter(text.batches(pairs(), 32, seed=1))
    next(iterator)
    assert random.getstate() == state
    random.seed(5)
    list(iterator)  # numbers that are drawn while it runs change nothing
    assert rows(text.batches(pairs(), 32, seed=1)) == rows(text.batches(pairs(), 32, seed=1))
    assert torch.equal(torch.get_rng_state(), torch_state)


@pytest.mark.parametrize("seed", [None, 7])
def test_start_at(text: Text, seed: int | None) -> None:
    whole = list(text.batches(pairs(), 64, seed=seed, epoch=1, world=2))
    for start in range(len(whole) + 2):
        rest = text.batches(pairs(), 64, seed=seed, epoch=1, world=2).start_at(start)
        assert len(rest) == len(whole[start:])
        assert same(list(rest), whole[start:])
        assert same(list(rest), whole[start:])


def test_batches_before_the_start_are_not_made(text: Text, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    numericalize = text.source.field.numericalize
    monkeypatch.setattr(text.source.field, "numericalize", lambda *a, **k: made.append(1) or numericalize(*a, **k))
    list(text.batches(pairs(), 32, seed=0).start_at(7))
    assert len(made) == len(text.batches(pairs(), 32)) - 7


def test_without_a_seed_the_longest_sources_are_together(text: Text) -> None:
    sources = [len(example.source) for example in text.encode(pairs())]
    lengths = [sources[row] for batch in rows(text.batches(pairs(), 50)) for row in reversed(batch)]
    assert lengths == sorted(lengths)
    others = [Pair(pair.source, "a " * (place % 17)) for place, pair in enumerate(pairs())]
    assert rows(text.batches(others, 50)) == rows(text.batches(pairs(), 50))  # the references have no say in it


def test_similar_lengths_are_together_and_yet_shuffled(text: Text) -> None:
    """Far less padding than in the pairs' own order, and batches are not sorted by length."""

    def padding(batches: Sequence[Batch]) -> float:
        tensors = [tensor for batch in batches for tensor in (batch.source, batch.target)]
        return sum(int((tensor == PAD).sum()) for tensor in tensors) / sum(tensor.numel() for tensor in tensors)

    bucketed = list(text.batches(pairs(), 10, seed=0))
    examples = text.encode(pairs())
    widest = [max(len(example.source) for example in examples[start : start + 10]) for start in range(0, 300, 10)]
    plain = 1 - sum(len(example.source) for example in examples) / (10 * sum(widest))
    assert padding(bucketed) < plain / 2
    widths = [batch.source.size(1) for batch in bucketed]
    assert widths not in (sorted(widths), sorted(widths, reverse=True))


def test_longest_drops_pairs_and_says_how_many(text: Text) -> None:
    lengths = [max(len(example.source), len(example.target)) - 2 for example in text.encode(pairs())]
    limit = sorted(lengths)[150]
    batches = text.batches(pairs(), 32, seed=0, longest=limit)
    kept = sorted(chain(*rows(batches)))
    assert kept == [row for row, length in enumerate(lengths) if length <= limit]
    assert batches.dropped == len(pairs()) - len(kept) > 0
    assert batches.start_at(1).dropped == batches.dropped
    assert text.batches(pairs(), 32, seed=0, longest=max(lengths)).dropped == 0
    with pytest.raises(DataError, match="got 2; choose a larger one"):
        text.batches(pairs(), 32, seed=0, longest=2)


@pytest.mark.parametrize("seed", [None, 2])
def test_shares_of_several_processes(text: Text, seed: int | None) -> None:
    """Together they are the batch, padded alike."""
    whole = list(text.batches(pairs(), 33, seed=seed))
    shares = [list(text.batches(pairs(), 33, seed=seed, rank=rank, world=4)) for rank in range(4)]
    for batch, *parts in zip(whole, *shares, strict=True):
        for rank, part in enumerate(parts):
            assert part.rows == batch.rows[rank::4]
            assert torch.equal(part.source, batch.source[rank::4])
            assert torch.equal(part.target, batch.target[rank::4])


def test_a_share_may_be_empty(text: Text) -> None:
    (batch,) = text.batches(pairs()[:1], 8, rank=1, world=2)
    assert batch.rows == ()
    assert batch.source.shape[0] == batch.target.shape[0] == 0


def test_no_pairs_and_no_size(text: Text) -> None:
    assert list(text.batches([], 4)) == []
    assert len(text.batches([], 4)) == 0
    with pytest.raises(DataError, match="at least 1 sentence, got 0"):
        text.batches(pairs(), 0)


# Files.


def test_save_and_load(text: Text, tmp_path: Path) -> None:
    text.save(tmp_path / "text.json")
    back = Text.load(tmp_path / "text.json")
    assert back.source.vocabulary == text.source.vocabulary
    assert back.target.vocabulary == text.target.vocabulary
    held_out = load("captions").test[:50]
    assert back.encode(held_out) == text.encode(held_out)
    assert same(list(back.batches(held_out, 16)), list(text.batches(held_out, 16)))
    assert [path.name for path in tmp_path.iterdir()] == ["text.json"]
    back.save(tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == (tmp_path / "text.json").read_bytes()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 2}, "format 1; train again"),
        ({"source": ["<unk>", "<pad>", "<sos>", "ein"]}, "under 'source'"),
        ({"target": ["<pad>", "<unk>", "<sos>", "<eos>", "a"]}, "under 'target'"),
        ({"target": ["<unk>", "<pad>", "<sos>", "<eos>", "a", "a"]}, "under 'target'"),
        ({"target": ["<unk>", "<pad>", "<sos>", "<eos>", 7]}, "under 'target'"),
        ({"target": None}, "under 'target'"),
    ],
)
def test_a_file_of_another_format(text: Text, tmp_path: Path, change: dict[str, object], message: str) -> None:
    path = tmp_path / "text.json"
    text.save(path)
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | change), "utf-8")
    with pytest.raises(DataError, match=message):
        Text.load(path)


def test_a_file_without_a_vocabulary(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="could not read them"):
        Text.load(tmp_path / "text.json")
    (tmp_path / "text.json").write_text('{"format": 1, "source": [')
    with pytest.raises(DataError, match="could not read them"):
        Text.load(tmp_path / "text.json")
    (tmp_path / "text.json").write_text("[]")
    with pytest.raises(DataError, match="format 1"):
        Text.load(tmp_path / "text.json")


# The cache of tokens.


def no_tokenizer(language: Language, sentence: str) -> list[str]:
    raise AssertionError(f"{language.code}: {sentence}")


def test_the_cache_spares_the_tokenizer(text: Text, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = Text.fit(pairs(), cache=tmp_path)
    assert len(list(tmp_path.iterdir())) == 2
    text.save(tmp_path / "text.json")
    monkeypatch.setattr(Language, "_tokenize", no_tokenizer)
    for again in (Text.fit(pairs(), cache=tmp_path), Text.load(tmp_path / "text.json", cache=tmp_path)):
        assert again.target.vocabulary == first.target.vocabulary == text.target.vocabulary
        assert again.encode(pairs()) == text.encode(pairs())
    with pytest.raises(AssertionError):
        Text.fit(pairs()[:-1], cache=tmp_path)  # other sentences
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "another")
    with pytest.raises(AssertionError):
        Text.fit(pairs(), cache=tmp_path)


def test_a_damaged_cache_is_written_again(text: Text, tmp_path: Path) -> None:
    Text.fit(pairs(), cache=tmp_path)
    contents = {path: path.read_bytes() for path in tmp_path.iterdir()}
    for path, content in contents.items():
        path.write_bytes(content[:1000])
    assert Text.fit(pairs(), cache=tmp_path).encode(pairs()) == text.encode(pairs())
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == contents


def test_a_cache_that_cannot_be_written(text: Text, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    assert Text.fit(pairs(), cache=tmp_path / "file").encode(pairs()) == text.encode(pairs())


# Imports.


def test_few_files_import_torchtext_or_spacy() -> None:
    importers = {
        path.relative_to(ROOT / "workbench").as_posix()
        for path in (ROOT / "workbench").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names])
        if name.split(".")[0] in ("torchtext", "spacy")
    }
    sentiment = {"sentiment/text.py", "sentiment/data/__init__.py"}
    assert importers == {"translation/text.py", "datasets/buckets.py", *sentiment}


def test_another_process_makes_the_same_batches(text: Text) -> None:
    """It makes the same batches. The import neither warns nor takes the seconds that spaCy needs."""
    code = (
        "import sys, warnings; warnings.simplefilter('error')\n"
        "from workbench.translation.text import Text; print('spacy' in sys.modules); warnings.simplefilter('default')\n"
        "from workbench.translation.data import load; pairs = load('captions').train[:300]\n"
        "print([batch.rows for batch in Text.fit(pairs).batches(pairs, 64, seed=3, epoch=2)])"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "11"}
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    spacy, made = run.stdout.splitlines()
    assert spacy == "False"
    assert ast.literal_eval(made) == rows(text.batches(pairs(), 64, seed=3, epoch=2))


# Text as it is written.


@pytest.mark.parametrize(
    "sentence",
    [
        "a man rides a bike.",
        "a man in a t-shirt, a woman and their dog; who's there?",
        "it doesn't rain, they can't, we won't, he'd, she'll, i'm, you're, i've",
        'a sign that says "come in" and one that says "go", twice.',
        "a sign with 'come in' on it.",
        "the dogs' toys and the man's hat.",
        "they cannot go and they're gonna stay.",
        "two people (one in red) wait!",
        "it costs $5, 50% of 10,000.",
        "number #7 runs at 3:00 in the u.s. for dr. smith.",
        "a wall about 4' high.",
        "",
    ],
)
def test_detokenise(text: Text, sentence: str) -> None:
    assert text.detokenise(text.target_words(sentence)) == sentence


def test_detokenise_what_a_model_may_write() -> None:
    assert detokenise([",", "a", "<unk>", "."]) == ", a <unk>."
    assert detokenise(["-", "a", "-"]) == "- a -"
    assert detokenise(["it", "is", '"']) == 'it is "'
    assert detokenise(["n't"]) == "n't"


def test_captions_come_back_as_they_were(text: Text) -> None:
    for pair in load("captions").test:
        assert text.detokenise(text.target_words(pair.target)) == pair.target.lower()
