"""BERT's outputs, computed once and kept in a file: BERT is frozen, so they are the same in every epoch.

Shapes: N texts, T length of the longest one, H BERT's hidden size, M tokens of all texts.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from filelock import FileLock
from torch import Tensor, nn
from tqdm import tqdm

from workbench.errors import DataError, WorkbenchError
from workbench.folders import nearest
from workbench.sentiment.berts import Reader
from workbench.training.devices import multiplies_bf16

FORMAT = 1
BATCH = 8192  # tokens that BERT reads at once
Ids = Sequence[int]


class Place(NamedTuple):
    """Where the outputs of a text are: in which array (M, H), from which row, and how many rows."""

    outputs: np.ndarray
    start: int
    length: int


class KeptBert(nn.Module):
    """BERT for texts that it has read before: it looks their outputs up. Other texts it reads as BERT does.

    It has neither parameters nor submodules, so that a run neither saves BERT nor updates it.
    """

    def __init__(self, reader: Reader) -> None:
        super().__init__()
        self.config = reader.config
        self._bert = [reader.bert]  # in a list, which torch does not look into
        self._places: dict[bytes, Place] = {}

    def keep(self, places: Mapping[bytes, Place]) -> None:
        """Look these texts up from now on."""
        self._places |= places

    def forward(self, input_ids: Tensor, attention_mask: Tensor | None = None, **others: Any) -> Any:
        """What BERT returns, with `last_hidden_state` (N, T, H); of texts that are kept it is zero at padding."""
        from transformers.modeling_outputs import BaseModelOutput

        places = list(self._find(input_ids, attention_mask))
        found = [place for place in places if place is not None]
        if others or len(found) < len(places):
            bert = self._bert[0].to(input_ids.device)
            bert.eval()  # whoever has it may have changed that
            return bert(input_ids, attention_mask=attention_mask, **others)
        hidden = torch.zeros(*input_ids.shape, self.config.hidden_size)
        for row, (outputs, start, length) in zip(hidden, found, strict=True):
            row[:length] = torch.from_numpy(outputs[start : start + length].astype(np.float32))
        return BaseModelOutput(last_hidden_state=hidden.to(input_ids.device))

    def _find(self, input_ids: Tensor, mask: Tensor | None) -> Iterator[Place | None]:
        """Where the outputs of each text are; None for a text that is not kept, or whose mask hides part of it."""
        ids = input_ids.cpu().numpy().astype(np.int32)
        reads = np.ones(ids.shape, bool) if mask is None else mask.cpu().numpy().astype(bool)
        for row, reading in zip(ids, reads, strict=True):
            length = int(reading.sum())
            yield self._places.get(row[:length].tobytes()) if reading[:length].all() else None


class Outputs:
    """The file of BERT's outputs for some texts.

    Texts stand in it by length, so that little padding is computed. It grows as they are computed, and has another name
    until it is whole: after an interruption the next call goes on.

    Attributes:
        texts: without repetitions, by length.
        tokens: of all texts.
        path: of the whole file.
    """

    def __init__(self, reader: Reader, texts: Iterable[Ids], cache: Path, device: torch.device) -> None:
        """cache: the folder of all such files."""
        keys = {np.asarray(text, np.int32).tobytes() for text in texts}
        self._keys = sorted(keys, key=lambda key: (len(key), key))
        self.reader, self.device = reader, device
        self.half = multiplies_bf16(device)
        self.size: int = reader.config.hidden_size
        self.texts = [np.frombuffer(key, np.int32) for key in self._keys]
        self._starts = [0, *itertools.accumulate(map(len, self.texts))]
        self.tokens = self._starts[-1]
        self.path = cache / f"{self._digest()}.f16"

    @property
    def weight(self) -> int:
        """Bytes of the whole file."""
        return self.tokens * self.size * 2

    def _digest(self) -> str:
        """A digest of everything that the outputs depend on. Tokenizer, length and data are in the ids."""
        digest = hashlib.sha256(json.dumps([FORMAT, self.reader.digest, self.half]).encode())
        for key in self._keys:
            digest.update(len(key).to_bytes(8, "little") + key)
        return digest.hexdigest()[:32]

    def places(self) -> dict[bytes, Place]:
        """Each text, as the bytes of its ids in 32 bits, and where its outputs are; computes what is missing.

        Raises:
            DataError: there is no room for them.
            WorkbenchError: Ctrl-C came.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(self.path.with_suffix(".lock")):  # processes that train together ask at the same time
                if not self.path.is_file():
                    self._complete(self.path.with_suffix(".part"))
            array = np.memmap(self.path, np.float16, "r", shape=(self.tokens, self.size))
        except (OSError, ValueError) as error:
            raise DataError(f"BERT's outputs cannot be kept in {self.path}: {error}") from error
        places = zip(self._keys, self._starts, map(len, self.texts), strict=False)
        return {key: Place(array, start, length) for key, start, length in places}

    def _complete(self, part: Path) -> None:
        row, there = self.size * 2, part.stat().st_size if part.is_file() else 0
        done = max(text for text, start in enumerate(self._starts) if start * row <= there)
        self._announce(done, self.weight - there)
        # A bar of tokens, not of texts: the texts become longer.
        bar = tqdm(
            desc="BERT reads", total=self.tokens, initial=self._starts[done], unit=" tokens", unit_scale=True,
            leave=False, disable=None, dynamic_ncols=True,
        )  # fmt: skip
        try:
            with part.open("ab") as file, bar:
                file.truncate(self._starts[done] * row)
                for first, last in self._batches(done):
                    outputs = self._read(first, last)
                    file.write(outputs.tobytes())
                    bar.update(len(outputs))
                file.flush()
                os.fsync(file.fileno())
        except KeyboardInterrupt:
            words = (
                "stopped while BERT was reading. What it has read is kept: run the command again, `train` with "
                "--resume, and it goes on"
            )
            raise WorkbenchError(words) from None
        part.replace(self.path)

    def _announce(self, done: int, missing: int) -> None:
        """Say how large it will be.

        Raises:
            DataError: larger than the disk has room for.
        """
        free, folder = shutil.disk_usage(nearest(self.path.absolute())).free, self.path.parent
        if missing > free:
            raise DataError(
                f"BERT's outputs for {self.tokens:,} tokens take {self.weight / 1e9:.1f} GB, of which "
                f"{missing / 1e9:.1f} are missing, and {folder} has room for {free / 1e9:.1f}. Make room, name another "
                "folder by the environment variable WORKBENCH_CACHE, or take fewer reviews (first) or shorter ones "
                "(max_length)"
            )
        begun = f" ({done:,} are read already)" if done else ""
        size = f"{self.weight / 1e9:.2f} GB in {folder}"
        print(f"BERT reads {len(self.texts):,} texts once{begun}; its outputs are kept: {size}", file=sys.stderr)

    def _batches(self, first: int) -> Iterator[tuple[int, int]]:
        """First text and end of each batch; as the texts are sorted, its last one is the longest."""
        while first < len(self.texts):
            last = first + 1
            while last < len(self.texts) and (last + 1 - first) * len(self.texts[last]) <= BATCH:
                last += 1
            yield first, last
            first = last

    def _read(self, first: int, last: int) -> np.ndarray:
        """BERT's outputs for these texts (M, H), one text after the other."""
        texts = self.texts[first:last]
        ids = torch.full((len(texts), len(texts[-1])), self.reader.config.pad_token_id)
        mask = torch.zeros_like(ids)
        for row, reads, text in zip(ids, mask, texts, strict=True):
            row[: len(text)] = torch.from_numpy(text.copy())
            reads[: len(text)] = 1
        bert = self.reader.bert.to(self.device).eval()
        half = torch.autocast(self.device.type, torch.bfloat16) if self.half else contextlib.nullcontext()
        with torch.no_grad(), half:
            hidden = bert(ids.to(self.device), attention_mask=mask.to(self.device)).last_hidden_state
        outputs: np.ndarray = hidden.cpu()[mask.bool()].to(torch.float16).numpy()
        return outputs
