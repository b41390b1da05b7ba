"""From sentences to batches and back: tokens, vocabularies, batches of similar lengths, and text again.

The tokenizers are spaCy's for German and English, fields, vocabularies and batches are torchtext's (0.6.0, the last
version in pure Python). No other file imports these two.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import json
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeGuard

from torch import Tensor
from torchtext.data import BucketIterator, Dataset, Field, RawField, interleave_keys
from torchtext.vocab import Vocab
from tqdm import tqdm

from harness import files
from workbench.datasets.buckets import buckets
from workbench.errors import DataError
from workbench.translation.data import Pair

__all__ = ["EOS", "PAD", "SOS", "SPECIAL", "UNK", "Batch", "Batches", "Example", "Text", "detokenise"]

UNK, PAD, SOS, EOS = 0, 1, 2, 3
SPECIAL = ("<unk>", "<pad>", "<sos>", "<eos>")
FORMAT = 1  # of the files with vocabularies and tokens
WORTH_A_FILE = 100  # sentences; fewer are tokenized sooner than a file is read


class Example(NamedTuple):
    """A pair of sentences as ids, each from <sos> to <eos>."""

    source: list[int]
    target: list[int]


@dataclass(frozen=True)
class Batch:
    """Sentences of similar lengths, as ids from <sos> to <eos>, padded with 1.

    Attributes:
        source: (N, T) int64.
        target: (N, L + 1) int64.
        rows: where the N pairs stand in their split.
    """

    source: Tensor
    target: Tensor
    rows: tuple[int, ...]


class Text:
    """Two languages, each with its tokenizer and its vocabulary."""

    def __init__(self, source: Language, target: Language) -> None:
        self.source, self.target = source, target

    @classmethod
    def fit(cls, pairs: Sequence[Pair], min_freq: int = 2, cache: Path | None = None) -> Text:
        """Take the vocabularies from the training split, and from no other.

        Args:
            min_freq: rarer words become <unk>.
            cache: folder for the tokens of whole splits, because tokenizing takes seconds; None keeps none.
        """
        text = cls(Language("de", cache), Language("en", cache))
        text.source.fit([pair.source for pair in pairs], min_freq)
        text.target.fit([pair.target for pair in pairs], min_freq)
        return text

    def save(self, path: Path) -> None:
        """Write both vocabularies as JSON, the file whole or not at all."""
        content = {"format": FORMAT, "source": self.source.vocabulary, "target": self.target.vocabulary}
        files.replace(path, (json.dumps(content, ensure_ascii=False, indent=0) + "\n").encode())

    @classmethod
    def load(cls, path: Path, cache: Path | None = None) -> Text:
        """Read the vocabularies that `save` has written.

        Raises:
            DataError: there is no such file, or it holds something else.
        """
        try:
            content = json.loads(path.read_bytes())
        except (OSError, ValueError) as error:
            raise DataError(f"{path}: expected vocabularies as JSON, could not read them: {error}") from error
        if not isinstance(content, dict) or content.get("format") != FORMAT:
            raise DataError(f"{path}: expected vocabularies of format {FORMAT}; train again with this version")
        text = cls(Language("de", cache), Language("en", cache))
        for name, language in (("source", text.source), ("target", text.target)):
            words = content.get(name)
            if not _is_vocabulary(words):
                raise DataError(f"{path}: expected under {name!r} different words after {', '.join(SPECIAL)}")
            language.restore(words)
        return text

    @property
    def source_size(self) -> int:
        """How many German words there are, with <unk>, <pad>, <sos> and <eos>."""
        return len(self.source.vocabulary)

    @property
    def target_size(self) -> int:
        """How many English words there are, with <unk>, <pad>, <sos> and <eos>."""
        return len(self.target.vocabulary)

    # To ids.

    def encode(self, pairs: Sequence[Pair]) -> list[Example]:
        """Both sentences of each pair as ids, from <sos> to <eos>."""
        return [Example(self.source.ids(row.source), self.target.ids(row.target)) for row in self._rows(pairs)]

    def encode_source(self, sentence: str) -> list[int]:
        """A German sentence as ids, from <sos> to <eos>."""
        return self.source.ids(self.source.tokens([sentence])[0])

    def batches(
        self,
        pairs: Sequence[Pair],
        size: int,
        *,
        seed: int | None = None,
        epoch: int = 0,
        longest: int | None = None,
        rank: int = 0,
        world: int = 1,
    ) -> Batches:
        """All pairs of a split in batches, with sentences of similar lengths together.

        Args:
            size: sentences in a batch.
            seed, epoch: decide the order; nothing else does. Without a seed, pairs are sorted by the length of their
                source alone, because no translation may depend on its reference.
            longest: leave out pairs with more tokens than this on a side, not counting <sos> and <eos>. Only for
                training: all of a validation or test split counts.
            rank, world: one process's share: every world-th sentence of each batch, from number `rank` on. A share may
                be empty. It is padded as widely as the whole batch, so the padding does not depend on `world`.

        Raises:
            DataError: `longest` leaves nothing.
        """
        rows = self._rows(pairs)
        kept = [row for row in rows if longest is None or max(len(row.source), len(row.target)) <= longest]
        if rows and not kept:
            raise DataError(
                f"longest: expected a length that some pair does not exceed, got {longest}; choose a larger one"
            )
        fields = [("place", RawField()), ("source", self.source.field), ("target", self.target.field)]
        state = None if seed is None else random.Random(f"{seed}/{epoch}").getstate()
        return Batches(Dataset(kept, fields), size, state, (rank, world), dropped=len(rows) - len(kept))

    def _rows(self, pairs: Sequence[Pair]) -> list[Row]:
        source = self.source.tokens([pair.source for pair in pairs])
        target = self.target.tokens([pair.target for pair in pairs])
        return [Row(*row) for row in zip(range(len(pairs)), source, target, strict=True)]

    # And back.

    def words(self, tokens: Sequence[int]) -> list[str]:
        """The English words before the first <eos>, without <pad> and <sos>. An <unk> stays: something was meant."""
        ids = list(tokens)
        end = ids.index(EOS) if EOS in ids else len(ids)
        return [self.target.vocabulary[token] for token in ids[:end] if token not in (PAD, SOS)]

    def target_tokens(self, tokens: Sequence[int]) -> list[str]:
        """The English words for these ids up to and with the first <eos>: the names of an attention picture's rows."""
        ids = list(tokens)
        end = ids.index(EOS) + 1 if EOS in ids else len(ids)
        return [self.target.vocabulary[token] for token in ids[:end]]

    def source_words(self, sentence: str) -> list[str]:
        """The German words as the model sees them, from <sos> to <eos>: the names of the picture's columns."""
        return [self.source.vocabulary[token] for token in self.encode_source(sentence)]

    def target_words(self, sentence: str) -> list[str]:
        """An English sentence's tokens in lower case, whether the vocabulary knows them or not."""
        return self.target.tokens([sentence])[0]

    def detokenise(self, words: Sequence[str]) -> str:
        """The words as they are written: "a man rides a bike ." becomes "a man rides a bike."."""
        return detokenise(words)


def _is_vocabulary(words: Any) -> TypeGuard[list[str]]:
    return (
        isinstance(words, list)
        and all(isinstance(word, str) for word in words)
        and words[: len(SPECIAL)] == list(SPECIAL)
        and len(set(words)) == len(words)
    )


class Row(NamedTuple):
    """A pair of tokenized sentences, and where it stands in its split."""

    place: int
    source: list[str]
    target: list[str]


class Batches:
    """The batches of a split or an epoch: always the same ones in the same order."""

    def __init__(
        self, rows: Dataset, size: int, state: Any, share: tuple[int, int], dropped: int = 0, start: int = 0
    ) -> None:
        """Prepare the batches.

        Args:
            state: of Python's random numbers, to shuffle with; None sorts.
            share: rank and world.
            dropped: how many pairs were left out, as too long.
            start: the first batch to make.
        """
        if size < 1:
            raise DataError(f"batch size: expected at least 1 sentence, got {size}")
        self.dropped = dropped
        self._rows, self._size, self._state, self._share, self._start = rows, size, state, share, start

    def __len__(self) -> int:
        return max(0, -(-len(self._rows) // self._size) - self._start)

    def start_at(self, batch: int) -> Batches:
        """The same batches from this one on, counted from 0; those before are not made."""
        return Batches(self._rows, self._size, self._state, self._share, self.dropped, batch)

    def __iter__(self) -> Iterator[Batch]:
        rank, world = self._share
        for batch in self._iterator():
            yield Batch(batch.source[rank::world], batch.target[rank::world], tuple(batch.place[rank::world]))

    def _iterator(self) -> BucketIterator:
        length = _source_length if self._state is None else _both_lengths
        return buckets(self._rows, self._size, length, self._state, self._start)


def _both_lengths(row: Row) -> int:
    return int(interleave_keys(len(row.source), len(row.target)))


def _source_length(row: Row) -> int:
    return len(row.source)


class Language:
    """One language: spaCy's tokenizer, and torchtext's field with the vocabulary."""

    def __init__(self, code: str, cache: Path | None = None) -> None:
        self.code, self.cache = code, cache
        self._tokenizer: Callable[[str], Any] | None = None
        self._known: dict[str, list[list[str]]] = {}  # tokens of whole splits, by their digest
        self.field = Field(
            tokenize=self._tokenize, lower=True, init_token=SPECIAL[SOS], eos_token=SPECIAL[EOS], batch_first=True
        )

    def fit(self, sentences: Sequence[str], min_freq: int) -> None:
        """Take the vocabulary from these sentences: most frequent words first, then in alphabetical order."""
        self.field.build_vocab(self.tokens(sentences), min_freq=min_freq)

    def restore(self, vocabulary: Sequence[str]) -> None:
        """Take this vocabulary, in its order."""
        words = vocabulary[len(SPECIAL) :]
        ranks = Counter({word: len(words) - place for place, word in enumerate(words)})  # Vocab sorts by these
        self.field.vocab = Vocab(ranks, specials=list(SPECIAL))

    @property
    def vocabulary(self) -> list[str]:
        """The words by their id; the first four are <unk>, <pad>, <sos> and <eos>."""
        words: list[str] = self.field.vocab.itos
        return words

    def ids(self, tokens: Sequence[str]) -> list[int]:
        """Tokens as ids, from <sos> to <eos>."""
        return [SOS, *(self.field.vocab[token] for token in tokens), EOS]

    def tokens(self, sentences: Sequence[str]) -> list[list[str]]:
        """Each sentence's tokens in lower case; of whole splits they are kept."""
        if len(sentences) < WORTH_A_FILE:
            return [self.field.preprocess(sentence) for sentence in sentences]
        digest = self._digest(sentences)
        if digest not in self._known:
            self._known[digest] = self._read(digest) or self._find_and_keep(sentences, digest)
        return self._known[digest]

    def _tokenize(self, sentence: str) -> list[str]:
        if self._tokenizer is None:
            import spacy  # here: it takes a second or two, and with a cache nobody needs it

            self._tokenizer = spacy.blank(self.code).tokenizer
        return [token.text for token in self._tokenizer(sentence) if not token.is_space]

    def _digest(self, sentences: Sequence[str]) -> str:
        """A digest of everything that the tokens depend on."""
        versions = [importlib.metadata.version(name) for name in ("spacy", "torchtext")]
        return hashlib.sha256(json.dumps([FORMAT, self.code, versions, sentences]).encode()).hexdigest()

    def _find_and_keep(self, sentences: Sequence[str], digest: str) -> list[list[str]]:
        bar = tqdm(sentences, f"tokenizing {self.code}", unit=" sentences", delay=2, leave=False, disable=None)
        tokens = [self.field.preprocess(sentence) for sentence in bar]
        if self.cache is not None:
            with contextlib.suppress(OSError):  # a cache that cannot be written is no reason to stop
                files.replace(self._path(self.cache, digest), json.dumps(tokens, ensure_ascii=False).encode())
        return tokens

    def _read(self, digest: str) -> list[list[str]] | None:
        if self.cache is None:
            return None
        try:
            tokens: list[list[str]] = json.loads(self._path(self.cache, digest).read_bytes())
        except (OSError, ValueError):  # none yet, or a damaged one
            return None
        return tokens

    def _path(self, cache: Path, digest: str) -> Path:
        return cache / f"tokens-{self.code}-{digest[:32]}.json"


# English as it is written.

TO_THE_LEFT = frozenset([*".,;:!?%)]}…", "...", "n't", "'s", "'m", "'re", "'ve", "'ll", "'d"])
TO_THE_RIGHT = frozenset("([{$#£€")
SPLIT = frozenset([("can", "not"), ("gon", "na"), ("wan", "na"), ("got", "ta")])  # what spaCy makes of one word


def detokenise(words: Sequence[str]) -> str:
    """Join English tokens to text as it is written: spaces where they belong, none where spaCy has split a word.

    Tokens alone do not tell well-known from "well - known", or a closing quote from the apostrophe after an s: the more
    frequent one is taken.
    """
    text, glue, open_quotes = "", True, set[str]()
    for place, word in enumerate(words):
        before = words[place - 1] if place else ""
        after = words[place + 1] if place + 1 < len(words) else ""
        left, right = word in TO_THE_LEFT or (before, word) in SPLIT, word in TO_THE_RIGHT
        if word == "'" and word not in open_quotes and (before.endswith("s") or before.isdigit()):
            left = True  # the dogs' toys, 4' long
        elif word in ('"', "'"):
            left, right = word in open_quotes, word not in open_quotes
            open_quotes ^= {word}
        elif word == "-" and before.isalnum() and after.isalnum():
            left = right = True  # a T-shirt
        text += word if glue or left else f" {word}"
        glue = right
    return text
