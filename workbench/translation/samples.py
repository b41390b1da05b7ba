"""Sample translations after each epoch, and a picture of the attention."""

from __future__ import annotations

from typing import Any

import torch

from workbench.training import samples
from workbench.training.callbacks import ObservedTrainer
from workbench.training.modes import evaluating
from workbench.training.records import Epoch
from workbench.translation.evaluation import translate

COUNT = 5  # sentences, the first of the validation split


class Samples(samples.Samples):
    """Translations, and for TensorBoard also a picture of the attention for the first of them."""

    def texts(self, trainer: ObservedTrainer) -> list[str]:
        task: Any = trainer.task
        pairs = task.corpus.validation[:COUNT]
        translations = [task.text.detokenise(words) for words in translate(task.translator, task.text, pairs)]
        return [f"{pair.source}\n[{pair.target}]\n{text}" for pair, text in zip(pairs, translations, strict=True)]

    def on_epoch(self, trainer: ObservedTrainer, epoch: Epoch) -> None:
        super().on_epoch(trainer, epoch)
        task: Any = trainer.task
        if self.tensorboard and self.tensorboard.writer and task.translator.has_attention:
            from workbench.pictures import plots  # matplotlib takes a second to import

            sentence = task.corpus.validation[0].source
            with evaluating(task.module):
                source = torch.tensor([task.text.encode_source(sentence)], device=task.translator.device)
                tokens, weights = task.translator.attention(source)
            words = task.text.source_words(sentence), task.text.target_tokens(tokens.tolist())
            self.tensorboard.writer.add_figure("attention", plots.attention(*words, weights), epoch.steps)
