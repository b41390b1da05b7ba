"""Translation as the trainer sees it: batches, their loss, the loss of the validation split."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn

from workbench.errors import SettingsError, expect_gradient
from workbench.training.devices import Processes
from workbench.training.settings import Settings
from workbench.translation.data import Corpus
from workbench.translation.evaluation import loss_of, tokens_of, total_loss
from workbench.translation.evaluation import translate as translate_pairs
from workbench.translation.settings import EncoderDecoder, EncoderOnly
from workbench.translation.text import Batch, Batches, Text
from workbench.translation.translators import Translator


class TranslationTask:
    """The trainer's task for translation: batches, their loss, the loss of the validation split."""

    unit = "tokens"

    def __init__(
        self, translator: Translator, text: Text, corpus: Corpus, settings: Settings, processes: Processes
    ) -> None:
        self.translator = translator
        self.module: nn.Module = translator.module
        self.text, self.corpus, self.settings, self.processes = text, corpus, settings, processes

    def batches(self, epoch: int) -> Batches:
        batching = self.settings.batching
        return self.text.batches(
            self.corpus.train[: batching.first or None],
            batching.batch_size,
            seed=self.settings.training.seed,
            epoch=epoch,
            longest=batching.longest or None,
            rank=self.processes.rank,
            world=self.processes.world,
        )

    def loss(self, batch: Batch) -> tuple[Tensor, int]:
        if not batch.rows:  # this process's share of a small last batch
            return torch.zeros(()), 0
        batching, device = self.settings.batching, self.translator.device
        source, target = batch.source.to(device), batch.target.to(device)
        forced = batching.teacher_forcing >= 1 or torch.rand(()).item() < batching.teacher_forcing
        scores = self.translator.scores(source, target, forced)
        return loss_of(scores, target, batching.label_smoothing), tokens_of(batch.target)

    def validate(self) -> tuple[float, int]:
        share = self.corpus.validation[self.processes.rank :: self.processes.world]
        return total_loss(self.translator, self.text, share)  # no sentence's loss depends on its neighbours

    def state(self) -> None:
        """None: no batch depends on earlier ones."""

    def load_state(self, state: object) -> None:
        """Does nothing, because `state` is None."""

    def notes(self) -> list[str]:
        batching = self.settings.batching
        if not batching.longest:
            return []
        dropped, pairs = self.batches(1).dropped, len(self.corpus.train[: batching.first or None])
        return [f"longest={batching.longest} leaves out {dropped:,} of {pairs:,} training pairs"] if dropped else []

    def try_out(self) -> None:
        """Train on two sentences and translate them, so that missing or wrong code is reported before training."""
        text, pairs = self.text, self.corpus.train[:2]
        for batch in text.batches(pairs, len(pairs)):
            loss, _ = self.loss(batch)
            expect_gradient(loss, f"{type(self.module).__name__}.forward")
        translate_pairs(self.translator, text, pairs)


def with_positions(settings: Settings, text: Text, corpus: Corpus) -> Settings:
    """The settings with as many positions as the longest sentence of any split needs, where these are left open.

    Lengths are all that is read of the test split before evaluation: none of its sentences can be left out there.

    Raises:
        SettingsError: there are fewer positions than a sentence needs.
    """
    if not isinstance(settings.shape, EncoderOnly | EncoderDecoder):
        return settings
    pairs = [*corpus.train, *corpus.validation, *corpus.test]
    longest = max(max(len(example.source), len(example.target)) for example in text.encode(pairs))
    if settings.shape.max_length:
        if settings.shape.max_length < longest:
            raise SettingsError(
                f"max_length is {settings.shape.max_length}, and the longest sentence of {corpus.name} has {longest} "
                "tokens with <sos> and <eos>; leave it out, and it will fit"
            )
        return settings
    return replace(settings, shape=replace(settings.shape, max_length=longest))
