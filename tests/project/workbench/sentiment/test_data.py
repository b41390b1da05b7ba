"""Reviews: our own, whose words say little, and IMDB's in its own layout."""

import tarfile
from pathlib import Path

import pytest

from tests.project.workbench.trees import ROOT
from workbench.errors import DataError
from workbench.sentiment import baseline, data
from workbench.sentiment.data import imdb, reviews

FIRST = (
    "Another western, and two colleagues had chosen it. The love story is superb, although the villain is silly. "
    "Still, I found the title song dreadful. Nobody could call the script wonderful."
)
REAL = ROOT.parent / "shared" / "data" / "aclImdb"


def layout(folder: Path, texts: dict[str, str]) -> Path:
    """A folder aclImdb with these files."""
    for name, text in texts.items():
        path = folder / "aclImdb" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def some(folder: Path) -> Path:
    halves = [(half, kind) for half in ("train", "test") for kind in ("neg", "pos")]
    names = {f"{half}/{kind}/{i}_{5 + i}.txt": f"{half} {kind} {i}" for half, kind in halves for i in range(2)}
    return layout(folder, {**names, "train/unsup/0_0.txt": "no label", "train/urls_pos.txt": "http://..."})


def test_our_reviews_are_half_positive_and_none_is_there_twice():
    corpus = data.load("reviews")
    every = [*corpus.train, *corpus.validation, *corpus.test]
    assert (len(corpus.train), len(corpus.validation), len(corpus.test)) == (2100, 900, 1000)
    assert len({review.text for review in every}) == len(every)
    assert sum(review.label for review in every) * 2 == len(every)


def test_our_reviews_are_the_same_in_every_process():
    learn, test, _ = reviews.make()
    assert (learn[0].text, learn[0].label) == (FIRST, 0)
    assert len(test) == 1000


def test_who_counts_words_of_our_reviews_has_to_guess():
    corpus = data.load("reviews")
    assert 0.4 < baseline.accuracy(corpus.train, corpus.test) < 0.6


def test_no_review_has_the_wrong_article():
    texts = " ".join(review.text for review in data.load("reviews").train)
    assert " a awful" not in texts
    assert " an dull" not in texts
    assert "an awful" in texts


@pytest.mark.parametrize("place", ["aclImdb", "", "packed.tar.gz", "aclImdb_v1.tar.xz"])
def test_imdb_is_read_from_its_folder_from_above_and_from_the_archive(tmp_path, place):
    some(tmp_path)
    root = tmp_path / place
    if place.endswith((".gz", ".xz")):
        with tarfile.open(root, f"w:{place[-2:]}") as archive:
            archive.add(tmp_path / "aclImdb", "aclImdb")
    learn, test, note = imdb.read(root)
    assert [review.text for review in learn] == ["train neg 0", "train neg 1", "train pos 0", "train pos 1"]
    assert [review.label for review in test] == [0, 0, 1, 1]
    assert note == "a part of imdb: 4 and 4 of 25,000 reviews each"


def test_validation_is_thirty_percent_of_the_reviews_to_learn_from(tmp_path):
    corpus = data.load("imdb", some(tmp_path))
    assert (len(corpus.train), len(corpus.validation), len(corpus.test)) == (3, 1, 4)
    assert {review.text.split()[0] for review in (*corpus.train, *corpus.validation)} == {"train"}


def test_without_imdb_it_is_said_where_to_get_it(tmp_path):
    with pytest.raises(DataError, match=r"get aclImdb_v1\.tar\.gz from https://ai\.stanford\.edu.*--data reviews"):
        data.load("imdb")
    with pytest.raises(DataError, match="expected imdb there"):
        imdb.read(tmp_path)


def test_a_class_without_reviews_is_an_error(tmp_path):
    layout(tmp_path, {"train/neg/0_1.txt": "a", "train/pos/0_9.txt": "b", "test/neg/0_1.txt": "c"})
    with pytest.raises(DataError, match="expected reviews in test/pos and test/neg"):
        imdb.read(tmp_path)


def test_a_review_that_is_not_utf_8_is_named(tmp_path):
    some(tmp_path)
    (tmp_path / "aclImdb" / "test" / "neg" / "7_3.txt").write_bytes(b"\xff")
    with pytest.raises(DataError, match=r"test/neg/7_3\.txt is not UTF-8"):
        imdb.read(tmp_path)


def test_an_archive_that_breaks_off_is_an_error(tmp_path):
    some(tmp_path)
    with tarfile.open(tmp_path / "aclImdb.tar", "w") as archive:
        archive.add(tmp_path / "aclImdb", "aclImdb")
    whole = (tmp_path / "aclImdb.tar").read_bytes()
    (tmp_path / "cut.tar").write_bytes(whole[: 3 * 512 + 100])
    with pytest.raises(DataError, match=r"cut\.tar"):
        imdb.read(tmp_path / "cut.tar")


@pytest.mark.needs("data aclImdb")
def test_the_real_reviews_split_as_in_the_classic_exercise():
    corpus = data.load("imdb", REAL)
    assert (len(corpus.train), len(corpus.validation), len(corpus.test)) == (3500, 1500, 2500)
    assert sum(review.label for review in corpus.test) == 1250
