"""Text for language models: vocabulary, tokens, and the corpora from files."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import pytest
import torch

from workbench.errors import DataError
from workbench.language_model import corpora
from workbench.language_model.corpora import load, tokens
from workbench.language_model.vocabulary import Vocabulary

REAL = Path(__file__).parents[5] / "shared" / "data"


def write(folder: Path, **files: str) -> Path:
    for name, content in files.items():
        (folder / f"{name}.txt").write_text(content, "utf-8")
    return folder


# Vocabulary.


def test_the_most_frequent_come_first() -> None:
    vocabulary = Vocabulary.fit(["b", "a", "<unk>", "b", "c", "<eos>", "b", "a", "<unk>", "d", "<eos>"])
    assert vocabulary.idx2word == ["<unk>", "<eos>", "b", "a", "c", "d"]
    assert vocabulary.word2idx == {"<unk>": 0, "<eos>": 1, "b": 2, "a": 3, "c": 4, "d": 5}
    assert len(vocabulary) == 6


def test_equally_frequent_ones_come_in_an_order_that_is_the_same_everywhere() -> None:
    assert Vocabulary.fit(["ä", "b", "Z", "a"]).idx2word[2:] == ["Z", "a", "b", "ä"]


def test_encode_and_decode() -> None:
    vocabulary = Vocabulary.fit(["a", "b", "a", "<eos>"])
    ids = vocabulary.encode(["b", "a", "what", "<eos>", "<unk>", "<eos>"])
    assert (ids.tolist(), ids.dtype) == ([3, 2, 0, 1, 0, 1], torch.int64)
    assert vocabulary.decode(ids) == ["b", "a", "<unk>", "<eos>", "<unk>", "<eos>"]
    assert vocabulary.decode([3, 2]) == ["b", "a"]
    assert vocabulary.encode([]).shape == (0,)
    assert vocabulary.encode([]).dtype == torch.int64


def test_characters_are_tokens_as_words_are() -> None:
    vocabulary = Vocabulary.fit(tokens(["ab", "b a"], "characters"))
    assert set(vocabulary.idx2word) == {"<unk>", "<eos>", "a", "b", " ", "\n"}
    assert vocabulary.decode(vocabulary.encode("b\na")) == ["b", "\n", "a"]


def test_save_and_load(tmp_path: Path) -> None:
    path = tmp_path / "vocabulary.json"
    vocabulary = Vocabulary.fit(["Straße", "\n", '"', "a"])
    vocabulary.save(path)
    assert Vocabulary.load(path).idx2word == vocabulary.idx2word
    assert Vocabulary.load(path).word2idx == vocabulary.word2idx
    assert [path.name for path in tmp_path.iterdir()] == ["vocabulary.json"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "could not read it"),
        ("[]", "format 1"),
        ('{"format": 2, "idx2word": ["<unk>", "<eos>"]}', "format 1"),
        ('{"format": 1, "idx2word": ["a", "b"]}', "after <unk> and <eos>"),
        ('{"format": 1, "idx2word": ["<unk>", "<eos>", "a", "a"]}', "different tokens"),
        ('{"format": 1, "idx2word": ["<unk>", "<eos>", 3]}', "different tokens"),
        ('{"format": 1, "idx2word": ["<unk>", "<eos>", ["a"]]}', "different tokens"),
        ('{"format": 1}', "under 'idx2word'"),
    ],
)
def test_files_that_are_something_else(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "v.json").write_text(content)
    with pytest.raises(DataError, match=rf"v\.json: expected .*{message}"):
        Vocabulary.load(tmp_path / "v.json")
    with pytest.raises(DataError, match="could not read it"):
        Vocabulary.load(tmp_path / "none.json")


# Tokens.


def test_every_line_ends_as_words_and_as_characters() -> None:
    lines = ["A cat .", "", "It  sat ."]
    assert list(tokens(lines, "words")) == ["A", "cat", ".", "<eos>", "<eos>", "It", "sat", ".", "<eos>"]
    assert "".join(tokens(lines, "characters")) == "A cat .\n\nIt  sat .\n"


# WikiText-2.

ARTICLE = " \n = Cat = \n \n A cat is a <unk> . \n \n"


def test_wikitext_from_a_folder(tmp_path: Path) -> None:
    """Empty lines count: each is one <eos>, as in published perplexities."""
    corpus = load("wikitext-2", write(tmp_path, train=ARTICLE, valid=" \n a b \n", test="c \n"))
    assert (corpus.name, corpus.unit) == ("wikitext-2", "words")
    assert " ".join(tokens(corpus.train, "words")) == "<eos> = Cat = <eos> <eos> A cat is a <unk> . <eos> <eos>"
    assert " ".join(tokens(corpus.validation, "words")) == "<eos> a b <eos>"
    assert " ".join(tokens(corpus.test, "words")) == "c <eos>"
    assert corpus.note == "train split: not the official one, 14 tokens"
    assert Vocabulary.fit(tokens(corpus.train, "words")).word2idx["<unk>"] == 0


def test_wikitext_says_which_train_split_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corpora, "TRAIN_SPLITS", {14: "the whole"})
    corpus = load("wikitext-2", write(tmp_path, train=ARTICLE, valid="a \n", test="c \n"))
    assert corpus.note == "train split: the whole, 14 tokens"


def test_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"of wikitext-2, .* missing: valid\.txt, test\.txt\. Name the folder"):
        load("wikitext-2", write(tmp_path, train=ARTICLE))


@pytest.mark.needs("data wikitext-2")
def test_the_real_wikitext() -> None:
    corpus = load("wikitext-2", REAL / "wikitext-2")
    count = {name: sum(1 for _ in tokens(getattr(corpus, name), "words")) for name in ("train", "validation", "test")}
    assert count == {"train": 1_837_297, "validation": 217_646, "test": 245_569}
    assert corpus.note == "train split: the first 87.8 % of the official one, 1,837,297 tokens"
    assert corpus.train[1] == " = Valkyria Chronicles III = "


@pytest.mark.needs("data wikitext-2")
def test_the_checksums_are_those_of_the_real_files() -> None:
    """Of the files that are whole; the id of train.txt is the one that git has for it in the commit of the address."""
    for name in ("valid.txt", "test.txt"):
        content = gzip.decompress((REAL / "wikitext-2" / f"{name}.gz").read_bytes())
        assert checksum(content) == corpora.WIKITEXT.checksums[name]


# Shakespeare.


def test_shakespeare_is_split_by_lines(tmp_path: Path) -> None:
    lines = [f"  Line {number}," for number in range(40)]
    corpus = load("shakespeare", write(tmp_path, input="\r\n".join(lines) + "\r\n"))
    assert (corpus.unit, corpus.train, corpus.validation) == ("characters", (*lines[:36],), (*lines[36:38],))
    assert corpus.test == (*lines[38:],)


@pytest.mark.needs("data tinyshakespeare")
def test_the_real_shakespeare() -> None:
    corpus = load("shakespeare", REAL / "tinyshakespeare")
    content = gzip.decompress((REAL / "tinyshakespeare" / "input.txt.gz").read_bytes())
    assert checksum(content) == corpora.SHAKESPEARE.checksums["input.txt"]
    assert [len(lines) for lines in (corpus.train, corpus.validation, corpus.test)] == [36000, 2000, 2000]
    splits = ("".join(tokens(lines, corpus.unit)) for lines in (corpus.train, corpus.validation, corpus.test))
    assert "".join(splits).encode() == content


def checksum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_unknown_names() -> None:
    with pytest.raises(DataError, match="expected one of stories, shakespeare, wikitext-2, got 'ptb'"):
        load("ptb")
