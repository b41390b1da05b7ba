"""A text of few words, and what a process of its own trains on it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.project.workbench import trees
from tests.project.workbench.tiny import SignalAt
from workbench.language_model import corpora
from workbench.language_model.text import TextCorpus
from workbench.training import launch
from workbench.training.settings import Settings
from workbench.training.trees import open_tree

# Of 227 tokens in four columns: 56 rows, so seven chunks an epoch, of which the last is short.
SIZES = {
    "lstm": ["hidden_size=6"],
    "gru": ["hidden_size=6", "num_layers=1"],
    "transformer": ["emb_size=8", "hidden_size=6", "num_layers=1"],
}
CHANGES = ["batch_size=4", "bptt=9", "eval_batch_size=3", "epochs=2", "save_every=2", "learning_rate=1"]


def lines(seed: int, count: int) -> tuple[str, ...]:
    """Lines of two to six words; what follows a word depends on it."""
    draw, words = random.Random(seed), ["the", "dog", "sees", "a", "cat", "and", "it", "runs", "home"]
    return tuple(
        " ".join(words[(start + step * step) % 9] for step in range(draw.randint(2, 6)))
        for start in draw.choices(range(9), k=count)
    )


CORPUS = TextCorpus("stories", "words", lines(1, 42), lines(2, 13), lines(3, 14), "made up")


def settings(model: str, *changes: str) -> Settings:
    return Settings.of(model, "stories", changes=[*SIZES[model], *CHANGES, *changes])


@contextmanager
def opened(root: Path = trees.SOLUTION) -> Iterator[Any]:
    """The tiny corpus and a tree, which is gone afterwards."""
    with trees.forgotten(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(corpora, "load", lambda name, data_root=None: CORPUS)
        yield open_tree(root)


def train(folder: Path, step: int | None = None, number: int = 0) -> None:
    """Train in this process, from the start or where it was stopped; get a signal after a step if that is said."""
    torch.set_num_threads(1)
    callbacks = [SignalAt(step, number)] if step else []
    with opened() as tree:
        if (folder / "settings.json").exists():
            launch.resume(folder, device="cpu", callbacks=callbacks)
        else:
            launch.train(settings("lstm"), folder, tree, device="cpu", callbacks=callbacks)
