"""Sample texts of a language model while it learns: three after each epoch."""

from __future__ import annotations

from typing import Any

from harness.outcome import is_todo
from workbench.errors import WorkbenchError
from workbench.language_model.models import LanguageModel
from workbench.language_model.text import Unit
from workbench.language_model.vocabulary import Vocabulary
from workbench.language_model.writing import LENGTH, prompt_of, text_of, write
from workbench.training import samples
from workbench.training.callbacks import ObservedTrainer
from workbench.training.tracking import TensorBoard

COUNT = 3


class Samples(samples.Samples):
    """Three sentences after each epoch, which are also noted.

    A tree that cannot generate is trained all the same; why it cannot is noted once.
    """

    def __init__(self, tensorboard: TensorBoard | None = None) -> None:
        super().__init__(tensorboard)
        self._silent = False

    def texts(self, trainer: ObservedTrainer) -> list[str]:
        if self._silent:
            return []
        task: Any = trainer.task
        why = "generation is not implemented yet"
        try:
            sentences = sample(task.model, task.vocabulary, task.unit)
        except Exception as error:  # whatever stops `generate`: hours of training are worth more than three sentences
            is_ours = isinstance(error, WorkbenchError)
            why = str(error) if is_ours else f"your generate stopped with {type(error).__name__}: {error}"
            sentences = []
        self._silent = not sentences
        for note in [f"  {sentence}" for sentence in sentences] or [f"no sample sentences: {why}"]:
            trainer.note(note)
        return sentences


def sample(model: LanguageModel, vocabulary: Vocabulary, unit: Unit) -> list[str]:
    """Three texts from the beginning of a line, in one line each, by the same seeds each time.

    Empty where the tree cannot generate yet.
    """
    prompt, _ = prompt_of("", unit, vocabulary)
    try:
        written = [write(model, vocabulary, prompt, LENGTH[unit], seed=seed) for seed in range(COUNT)]
    except NotImplementedError as error:
        if not is_todo(error):
            raise
        return []
    return [" / ".join(filter(None, text_of(tokens, unit).splitlines())) for tokens in written]
