"""A translator with its vocabularies: trains, measures and translates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from harness.tree import Tree
from workbench.folders import cache_folder
from workbench.training.devices import Processes, seed_everything
from workbench.training.modes import evaluating
from workbench.training.run_folder import Run
from workbench.training.settings import Settings
from workbench.training.trained import Measured, Track, Trained
from workbench.translation import data
from workbench.translation.data import Corpus, Pair
from workbench.translation.evaluation import evaluate
from workbench.translation.evaluation import translate as translate_pairs
from workbench.translation.samples import Samples
from workbench.translation.task import TranslationTask, with_positions
from workbench.translation.text import Text
from workbench.translation.translators import Translator, build

VOCABULARIES = "text.json"


@dataclass
class TrainedTranslator(Trained):
    """A run's translator."""

    use = "`translate` asks it for translations"
    samples = Samples
    text: Text
    translator: Translator

    @classmethod
    def new(cls, settings: Settings, tree: Tree, data_root: Path | None, device: torch.device) -> TrainedTranslator:
        corpus = data.load(settings.data, data_root)
        text = Text.fit(corpus.train, settings.batching.min_freq, cache_folder() / "tokens")
        settings = with_positions(settings, text, corpus)
        seed_everything(settings.training.seed)
        translator = build(tree, settings, (text.source_size, text.target_size), device)
        return cls(settings, device, data_root, text, translator)

    @classmethod
    def stored(
        cls, run: Run, settings: Settings, tree: Tree, data_root: Path | None, device: torch.device
    ) -> TrainedTranslator:
        text = Text.load(run.folder / VOCABULARIES, cache_folder() / "tokens")
        seed_everything(settings.training.seed)  # a run that was stopped before its first save begins as it began
        translator = build(tree, settings, (text.source_size, text.target_size), device)
        return cls(settings, device, data_root, text, translator)

    def store(self, run: Run) -> None:
        self.text.save(run.folder / VOCABULARIES)

    @property
    def module(self) -> nn.Module:
        return self.translator.module

    def task(self, processes: Processes) -> TranslationTask:
        return TranslationTask(self.translator, self.text, self.corpus(), self.settings, processes)

    def corpus(self) -> Corpus:
        return data.load(self.settings.data, self.data_root)

    def translate(self, sentence: str) -> str:
        """One sentence, as text."""
        return self.translate_all([sentence])[0]

    def translate_all(self, sentences: Sequence[str], track: Track = iter) -> list[str]:
        """Sentences as text, in their order.

        Raises:
            WorkbenchError: one is longer than the model can read; the message has its number.
        """
        for number, sentence in enumerate(sentences, 1):
            self.translator.expect_length(len(self.text.encode_source(sentence)), f"sentence {number}")
        words = translate_pairs(self.translator, self.text, [Pair(sentence, "") for sentence in sentences], track=track)
        return [self.text.detokenise(sentence) for sentence in words]

    def attention(self, sentence: str) -> tuple[list[str], list[str], Tensor]:
        """The words of a sentence and of its translation, and the weights of the latter's attention: (heads, L, T)."""
        source = torch.tensor([self.text.encode_source(sentence)], device=self.translator.device)
        with evaluating(self.translator.module):
            tokens, weights = self.translator.attention(source)
        return self.text.source_words(sentence), self.text.target_tokens(tokens.tolist()), weights

    def evaluate(self, split: str, track: Track = iter) -> Measured:
        """In both regimes of decoding."""
        result, translations = evaluate(self.translator, self.text, split, self.corpus().split(split), track=track)
        rows = [
            ("loss (nats a token)", f"{result.loss:.3f}", f"{result.free_loss:.3f}"),
            ("perplexity", f"{result.perplexity:.2f}", f"{result.free_perplexity:.2f}"),
            ("BLEU", "", f"{result.bleu:.2f}"),
            ("BLEU, lower-cased tokens", "", f"{result.bleu_tokenised:.2f}"),
            ("chrF", "", f"{result.chrf:.2f}"),
            ("exact matches", "", f"{result.exact:.1%}"),
        ]
        how = f"sacreBLEU {result.bleu_signature}; {result.chrf_signature}"
        how += f"; translated in {result.seconds:.1f} s"
        shown = [f"\n  {one.source}\n  [{one.reference}]\n  {one.hypothesis}" for one in translations[:3]]
        return Measured(
            result.to_json(),
            f"all {result.sentences} sentences of {split}",
            ("", "right previous tokens", "its own previous tokens"),
            rows,
            [how, *shown],
        )

    def use_once(self) -> None:
        self.translate("Ein")

    def examples(self) -> list[str]:
        pairs = self.corpus().validation[:5]
        return [f"  {pair.source}\n  [{pair.target}]\n  {self.translate(pair.source)}\n" for pair in pairs]
