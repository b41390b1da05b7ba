"""Samples of a model's output during training."""

from __future__ import annotations

from workbench.training.callbacks import Callback, ObservedTrainer
from workbench.training.records import Epoch
from workbench.training.run_folder import RESTORE, RunError
from workbench.training.tracking import TensorBoard

FILE = "samples.json"


class Samples(Callback):
    """After each epoch, keeps a few texts of the model in the run's samples.json, and shows them in TensorBoard."""

    def __init__(self, tensorboard: TensorBoard | None = None) -> None:
        self.tensorboard = tensorboard

    def texts(self, trainer: ObservedTrainer) -> list[str]:
        """Sample texts; empty if the model cannot generate any."""
        return []

    def on_epoch(self, trainer: ObservedTrainer, epoch: Epoch) -> None:
        texts = self.texts(trainer)
        if not texts:
            return
        path = trainer.run.folder / FILE
        before = trainer.run.read_json(FILE) if path.is_file() else []
        try:
            kept = [entry for entry in before if entry["epoch"] < epoch.epoch]  # a run that was killed repeats epochs
        except (KeyError, TypeError) as error:
            raise RunError(f"{path} does not hold samples by epoch ({error!r}). {RESTORE}") from error
        trainer.run.write_json(FILE, [*kept, {"epoch": epoch.epoch, "sentences": texts}])
        if self.tensorboard and self.tensorboard.writer:
            self.tensorboard.writer.add_text("samples", "\n\n".join(texts), epoch.steps)
