"""What a language model writes while it learns: three sentences after each epoch."""

from __future__ import annotations

from typing import Any

from harness.outcome import is_todo
from workbench.errors import WorkbenchError
from workbench.language_model.models import LanguageModel
from workbench.language_model.text import Unit
from workbench.language_model.vocabulary import Vocabulary
from workbench.language_model.writing import LENGTH, prompt_of, text_of, write
from workbench.training.callbacks import Callback, ObservedTrainer
from workbench.training.records import Epoch
from workbench.training.run_folder import RESTORE, RunError
from workbench.training.tracking import TensorBoard

COUNT = 3


class Samples(Callback):
    """Notes what the model writes, and keeps it in the run's samples.json, by epoch, and for TensorBoard.

    A tree that cannot generate is trained all the same; why it cannot is noted once.
    """

    def __init__(self, tensorboard: TensorBoard | None = None) -> None:
        self.tensorboard = tensorboard
        self._silent = False

    def on_epoch(self, trainer: ObservedTrainer, epoch: Epoch) -> None:
        if self._silent:
            return
        task: Any = trainer.task
        why = "generation is not implemented yet"
        try:
            sentences = sample(task.model, task.vocabulary, task.unit)
        except Exception as error:  # whatever stops `generate`: hours of training are worth more than three sentences
            ours = isinstance(error, WorkbenchError)
            why = str(error) if ours else f"your generate stopped with {type(error).__name__}: {error}"
            sentences = []
        if not sentences:
            self._silent = True
            trainer.note(f"no sample sentences: {why}")
            return
        for sentence in sentences:
            trainer.note(f"  {sentence}")
        path = trainer.run.folder / "samples.json"
        before = trainer.run.read_json(path.name) if path.is_file() else []
        try:
            kept = [each for each in before if each["epoch"] < epoch.epoch]  # a run that was killed makes some again
        except (KeyError, TypeError) as error:
            raise RunError(f"{path} does not hold samples by epoch ({error!r}). {RESTORE}") from error
        trainer.run.write_json(path.name, [*kept, {"epoch": epoch.epoch, "sentences": sentences}])
        if self.tensorboard and self.tensorboard.writer:
            text = "\n\n".join(sentences)
            self.tensorboard.writer.add_text("samples", text, epoch.steps)


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
