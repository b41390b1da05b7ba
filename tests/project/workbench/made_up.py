"""Run folders with made-up numbers, and a model that only pretends."""

from __future__ import annotations

import math
from pathlib import Path

import torch
from torch import Tensor

from workbench.training.run_folder import Run
from workbench.training.settings import Settings
from workbench.translation.data import Corpus, Pair

PAIRS = tuple(Pair(f"Ein Hund Nr. {i} läuft.", f"Dog no. {i} is running.") for i in range(25))


def make_run(
    folder: Path,
    model: str,
    preset: str = "default",
    *changes: str,
    data: str = "captions",
    losses: tuple[float, ...] = (3.0, 2.0, 2.5),
    evaluated: tuple[str, ...] = ("validation", "test"),
    finished: bool = True,
) -> Path:
    """A run whose validation losses are these and whose other numbers follow from the best one."""
    settings = Settings.of(model, data, preset, changes)
    run = Run.create(folder, {"settings": settings.to_json(), "tree": "solution", "data_root": None})
    run.write_json("about.json", {"parameters": 1_234_567, "device": "cpu", "processes": 1})
    run.write_log(
        {"epoch": i, "steps": i * 40, "train_loss": loss - 0.5, "validation_loss": loss, "learning_rate": 1e-3,
         "tokens": 60_000, "seconds": 30.0}
        for i, loss in enumerate(losses, 1)
    )  # fmt: skip
    if finished:
        run.write_json("result.json", {"loss": min(losses)})
    for split in evaluated:
        run.write_json(f"{split}.json", evaluation(split, min(losses)))
    return folder


def evaluation(split: str, loss: float) -> dict[str, object]:
    """As `evaluate` writes it; the lower the loss, the better everything else."""
    return {
        "split": split,
        "loss": loss,
        "perplexity": math.exp(loss),
        "free_loss": loss + 1,
        "free_perplexity": math.exp(loss + 1),
        "bleu": 50 - 10 * loss,
        "bleu_tokenised": 52 - 10 * loss,
        "chrf": 70 - 10 * loss,
    }


class PretendedModel:
    """Translates every sentence into its own letters backwards, and looks at the second word."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def corpus(self) -> Corpus:
        return Corpus("captions", PAIRS[:5], PAIRS, PAIRS[5:10])

    def translate(self, sentence: str) -> str:
        return f"{self.folder.name} <unk> {sentence[::-1]}"

    def attention(self, sentence: str) -> tuple[list[str], list[str], Tensor]:
        source = ["<sos>", *sentence.split(), "<eos>"]
        weights = torch.zeros(8 if self.folder.name.startswith("transformer") else 1, 3, len(source))
        weights[:, :, 1] = 1
        return source, ["a", "dog", "<eos>"], weights
