"""A language model with its vocabulary: trains, measures and writes."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from harness.tree import Tree
from workbench import metrics
from workbench.errors import DataError, WorkbenchError
from workbench.language_model import corpora
from workbench.language_model.models import LanguageModel, build
from workbench.language_model.samples import Samples, sample
from workbench.language_model.task import LanguageModelTask
from workbench.language_model.text import TextCorpus, Unit
from workbench.language_model.vocabulary import Vocabulary
from workbench.language_model.writing import prompt_of, text_of, write
from workbench.training.devices import Processes, seed_everything
from workbench.training.run_folder import EVALUATED, Run
from workbench.training.settings import Settings
from workbench.training.trained import Measured, Track, Trained

VOCABULARY = "vocabulary.json"
CORPUS = "corpus.json"


@dataclass
class TrainedLanguageModel(Trained):
    """A run's language model.

    Attributes:
        unit: what a token is.
        note: on the corpus; to be said beside what was measured.
    """

    use = "`generate` lets it write"
    samples = Samples
    vocabulary: Vocabulary
    unit: Unit
    note: str
    model: LanguageModel

    @classmethod
    def new(cls, settings: Settings, tree: Tree, data_root: Path | None, device: torch.device) -> TrainedLanguageModel:
        corpus = corpora.load(settings.data, data_root)
        vocabulary = Vocabulary.fit(corpora.tokens(corpus.train, corpus.unit))
        seed_everything(settings.training.seed)
        model = build(tree, settings, len(vocabulary), device)
        return cls(settings, device, data_root, vocabulary, corpus.unit, corpus.note, model)

    @classmethod
    def stored(
        cls, run: Run, settings: Settings, tree: Tree, data_root: Path | None, device: torch.device
    ) -> TrainedLanguageModel:
        vocabulary, corpus = Vocabulary.load(run.folder / VOCABULARY), run.read_object(CORPUS, "unit", "note")
        seed_everything(settings.training.seed)  # a run that was stopped before its first save begins as it began
        model = build(tree, settings, len(vocabulary), device)
        return cls(settings, device, data_root, vocabulary, corpus["unit"], corpus["note"], model)

    def store(self, run: Run) -> None:
        self.vocabulary.save(run.folder / VOCABULARY)
        run.write_json(CORPUS, {"unit": self.unit, "note": self.note})

    @property
    def module(self) -> nn.Module:
        return self.model.module

    def task(self, processes: Processes) -> LanguageModelTask:
        train, validation = self.ids("train"), self.ids("validation")
        return LanguageModelTask(self.model, train, validation, self.settings, processes, self.vocabulary, self.unit)

    def corpus(self) -> TextCorpus:
        return corpora.load(self.settings.data, self.data_root)

    def ids(self, split: str) -> Tensor:
        """The token ids of a split, (M,)."""
        lines: tuple[str, ...] = getattr(self.corpus(), split)
        return self.vocabulary.encode(corpora.tokens(lines, self.unit))

    def evaluate(self, split: str, track: Track = iter) -> Measured:
        """Hidden states are carried through the whole split, which is read in columns as in training."""
        if split not in EVALUATED:
            raise DataError(f"split: expected one of {', '.join(EVALUATED)}, got {split!r}")
        reading, start = self.settings.batching, time.perf_counter()
        columns = self.model.columns(self.ids(split), reading.eval_batch_size, f"the {split} split", "eval_batch_size")
        loss, tokens = self.model.total_loss(columns.to(self.device), reading.bptt, track)
        mean, seconds = metrics.mean_loss(loss, tokens), time.perf_counter() - start
        rows = [("loss (nats a token)", f"{mean:.3f}"), ("perplexity", f"{metrics.perplexity(loss, tokens):.2f}")]
        if self.unit == "characters":
            rows.append(("bits a character", f"{mean / math.log(2):.3f}"))
        numbers = {
            "split": split,
            "tokens": tokens,
            "unit": self.unit,
            "loss": mean,
            "perplexity": metrics.perplexity(loss, tokens),
            "seconds": seconds,
            "note": self.note,
        }
        title = f"{tokens:,} tokens of {split}, in {reading.eval_batch_size} columns"
        return Measured(numbers, title, ("", self.settings.data), rows, [f"{self.note}; measured in {seconds:.1f} s"])

    def write(
        self, prompt: str, length: int, temperature: float = 1.0, greedy: bool = False, seed: int = 0
    ) -> tuple[str, list[str]]:
        """Continue a text by so many tokens.

        Returns:
            Prompt and continuation, and the tokens of the prompt that are not known, which are read as <unk>.
        """
        known, unknown = prompt_of(prompt, self.unit, self.vocabulary)
        written = write(self.model, self.vocabulary, known, length, temperature, greedy, seed)
        shown = [*corpora.tokens([prompt], self.unit)][:-1]  # without the end of its line
        return text_of([*shown, *written], self.unit), unknown

    def use_once(self) -> None:
        self.write("", 1)

    def examples(self) -> list[str]:
        try:
            return [f"  {sentence}\n" for sentence in sample(self.model, self.vocabulary, self.unit)]
        except WorkbenchError as error:
            return [f"  no sample sentences: {error}\n"]
