"""What a model says while it learns: a few translations after each epoch, and where it has looked."""

from __future__ import annotations

from typing import Any

import torch

from harness.files import replace
from workbench.training.callbacks import Callback, ObservedTrainer
from workbench.training.modes import evaluating
from workbench.training.records import Epoch
from workbench.training.tracking import TensorBoard
from workbench.translation.evaluation import translate

COUNT = 5  # sentences, the first of the validation split


class Samples(Callback):
    """Writes samples.md in the run's folder, and text and pictures for TensorBoard."""

    def __init__(self, tensorboard: TensorBoard | None = None) -> None:
        self.tensorboard = tensorboard

    def on_epoch(self, trainer: ObservedTrainer, epoch: Epoch) -> None:
        task: Any = trainer.task
        pairs = task.corpus.validation[:COUNT]
        found = [task.text.detokenise(words) for words in translate(task.translator, task.text, pairs)]
        lines = [f"- {pair.source}\n  - {pair.target}\n  - **{said}**" for pair, said in zip(pairs, found, strict=True)]
        text = "\n".join([f"# After epoch {epoch.epoch}\n", *lines, ""])
        replace(trainer.run.folder / "samples.md", text.encode())
        if self.tensorboard and self.tensorboard.writer:
            self.tensorboard.writer.add_text("translations", text, epoch.steps)
            if task.translator.has_attention:
                self._draw(task, pairs[0].source, epoch)

    def _draw(self, task: Any, sentence: str, epoch: Epoch) -> None:
        from workbench.pictures import plots  # matplotlib takes a second to import

        with evaluating(task.module):
            source = torch.tensor([task.text.encode_source(sentence)], device=task.translator.device)
            tokens, weights = task.translator.attention(source)
        words = task.text.source_words(sentence), task.text.target_tokens(tokens.tolist())
        assert self.tensorboard
        self.tensorboard.writer.add_figure("attention", plots.attention(*words, weights), epoch.steps)
