"""The corpora of language models: running text by words or by characters, in three splits.

stories      short stories of our own (stories.py), written here and at once
shakespeare  1.1 MB of Shakespeare's plays by characters, as collected by A. Karpathy ("tiny Shakespeare"); in the
             public domain
wikitext-2   articles of Wikipedia, 2 million words (Merity et al. 2016, "Pointer Sentinel Mixture Models"); by the
             authors of Wikipedia under CC BY-SA 3.0
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from pathlib import Path

from workbench.datasets.sources import Source
from workbench.errors import DataError
from workbench.language_model import stories
from workbench.language_model.settings import DATA
from workbench.language_model.text import TextCorpus, Unit
from workbench.language_model.vocabulary import EOS

__all__ = ["TextCorpus", "Unit", "load", "tokens"]

WIKITEXT = Source(
    "wikitext-2",
    "https://raw.githubusercontent.com/pytorch/examples/77f55b912142e11fcfdf5b530231fb9c52f181e8"
    "/word_language_model/data/wikitext-2",
    "https://github.com/pytorch/examples (word_language_model/data/wikitext-2)",
    {
        "train.txt": "2d84b35af79e411d73ea7cae83c73964c6ac83b4",
        "valid.txt": "f0737ed31fc1329026e95cb8b98e19c2a182c39c240ab909dc31abf2f8af58e8",
        "test.txt": "d790b833ef8cf03a90db7bf1271b7520b83c45ce07ba3c1a9699df81e239eca0",
    },
    "--data stories",
)
TRAIN_SPLITS = {  # by their tokens, with one <eos> a line
    2_088_628: "the official one",
    1_837_297: "the first 87.8 % of the official one",
}
SHAKESPEARE = Source(
    "shakespeare",
    "https://raw.githubusercontent.com/karpathy/char-rnn/370cbcd448eb7daf32f21a6be560b70e0b33c4e3/data/tinyshakespeare",
    "https://github.com/karpathy/char-rnn (data/tinyshakespeare)",
    {"input.txt": "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed"},
    "--data stories",
)


def tokens(lines: Iterable[str], unit: Unit) -> Iterator[str]:
    """The tokens of all lines: words, each line ending with `<eos>`, or characters, each ending with a newline."""
    for line in lines:
        yield from line.split() if unit == "words" else line
        yield EOS if unit == "words" else "\n"


@functools.cache  # a training, its samples and every trial of a search ask for the same text
def load(name: str, data_root: Path | None = None) -> TextCorpus:
    """Load a corpus by its name, one of the part's.

    Args:
        data_root: folder with the files of wikitext-2 or shakespeare; without one they are downloaded once.

    Raises:
        DataError: for an unknown name, and where files are missing or are not what they should be.
    """
    if name == "stories":
        return stories.load()
    if name == "shakespeare":
        return _shakespeare(data_root)
    if name == "wikitext-2":
        return _wikitext(data_root)
    raise DataError(f"data: expected one of {', '.join(DATA)}, got {name!r}")


def _wikitext(data_root: Path | None) -> TextCorpus:
    train, validation, test = (tuple(lines) for lines in WIKITEXT.lines(data_root).values())
    count = sum(1 for _ in tokens(train, "words"))
    which = TRAIN_SPLITS.get(count, "not the official one")
    return TextCorpus("wikitext-2", "words", train, validation, test, f"train split: {which}, {count:,} tokens")


def _shakespeare(data_root: Path | None) -> TextCorpus:
    (lines,) = SHAKESPEARE.lines(data_root).values()
    first, second = len(lines) * 90 // 100, len(lines) * 95 // 100
    splits = (tuple(lines[:first]), tuple(lines[first:second]), tuple(lines[second:]))
    return TextCorpus("shakespeare", "characters", *splits, "split by lines: 90 % train, 5 % validation, 5 % test")
