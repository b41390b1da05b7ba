"""A translation run, from its settings to its folder and back: what `train`, `evaluate` and `translate` share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from tests.harness.tree import Tree
from workbench.devices import Processes, choose, seed_everything
from workbench.errors import WorkbenchError
from workbench.folders import GIVEN, ROOT, cache_folder
from workbench.runs import Run, RunError
from workbench.settings import Settings
from workbench.trainer import Trainer
from workbench.training import Callback, Result
from workbench.translation import data
from workbench.translation.data import Corpus, Pair
from workbench.translation.evaluation import evaluating
from workbench.translation.evaluation import translate as translate_pairs
from workbench.translation.task import TranslationTask, with_positions
from workbench.translation.text import Text
from workbench.translation.translators import Translator, build

VOCABULARIES = "text.json"


@dataclass
class Trained:
    """A trained model with all that is needed to use it."""

    run: Run
    settings: Settings
    text: Text
    translator: Translator
    data_root: Path | None

    @property
    def parameters(self) -> int:
        """How many numbers the model has learned."""
        return sum(each.numel() for each in self.translator.module.parameters())

    @classmethod
    def load(
        cls, folder: Path, tree: Path | None = None, data_root: Path | None = None, device: str = "auto"
    ) -> Trained:
        """Bring back the best weights of a run."""
        trained = cls.open(folder, tree, data_root, choose(device))
        trained.translator.module.load_state_dict(trained.run.load_weights())
        return trained

    @classmethod
    def open(cls, folder: Path, tree: Path | None, data_root: Path | None, device: torch.device) -> Trained:
        """A run's model with new weights.

        Args:
            tree: whose models, and data_root: where its data lie; None takes those of the training.

        Raises:
            WorkbenchError: the folder holds no run, or the tree that it was trained with is gone.
        """
        run = Run.open(folder)
        settings = Settings.from_json(run.settings["settings"])
        text = Text.load(folder / VOCABULARIES, cache_folder() / "tokens")
        code = open_tree(tree or ROOT / run.settings["tree"])
        translator = build(code, settings, (text.source_size, text.target_size), device)
        root = run.settings["data_root"]
        return cls(run, settings, text, translator, data_root or (ROOT / root if root else None))

    def corpus(self) -> Corpus:
        return data.load(self.settings.data, self.data_root)

    def translate(self, sentence: str) -> str:
        """One sentence, as text."""
        return self.translate_all([sentence])[0]

    def translate_all(
        self, sentences: Sequence[str], track: Callable[[Iterable[Any]], Iterable[Any]] = iter
    ) -> list[str]:
        """Sentences as text, in their order; track wraps the batches, to show progress."""
        words = translate_pairs(self.translator, self.text, [Pair(each, "") for each in sentences], track=track)
        return [self.text.detokenise(each) for each in words]

    def attention(self, sentence: str) -> tuple[list[str], list[str], Tensor]:
        """A sentence's words, its translation's, and where each of these has looked: (heads, L, T)."""
        source = torch.tensor([self.text.encode_source(sentence)], device=self.translator.device)
        with evaluating(self.translator):
            tokens, weights = self.translator.attention(source)
        return self.text.source_words(sentence), self.text.target_tokens(tokens.tolist()), weights


def train(
    settings: Settings,
    folder: Path,
    tree: Tree,
    data_root: Path | None = None,
    device: str = "auto",
    overwrite: bool = False,
    callbacks: Sequence[Callback] = (),
) -> tuple[Trained, Result]:
    """Train a model as the settings say and leave everything in the folder.

    Raises:
        RunError: there is a run in the folder already, and it is not to be overwritten.
    """
    corpus = data.load(settings.data, data_root)
    text = Text.fit(corpus.train, settings.batching.min_freq, cache_folder() / "tokens")
    settings = with_positions(settings, text, corpus)
    with Processes.start(chosen := choose(device)) as processes:
        seed_everything(settings.training.seed)  # the first weights
        translator = build(tree, settings, (text.source_size, text.target_size), chosen)
        TranslationTask(translator, text, corpus, settings, processes).try_out()
        if processes.first:
            told = {
                "settings": settings.to_json(),
                "tree": _recorded(tree.root),
                "data_root": data_root and _recorded(data_root),
            }
            text.save(Run.create(folder, told, overwrite).folder / VOCABULARIES)
        processes.barrier()
        trained = Trained(Run.open(folder), settings, text, translator, data_root)
        return trained, _fit(trained, corpus, processes, callbacks)


def resume(
    folder: Path,
    tree: Path | None = None,
    data_root: Path | None = None,
    device: str = "auto",
    callbacks: Sequence[Callback] = (),
    asked: Mapping[str, object] | None = None,
) -> tuple[Trained, Result]:
    """Go on with a run where it was stopped; it ends with the numbers of one that was not.

    Args:
        tree, data_root: as in `Trained.open`.
        asked: settings by their key, or "model", "data" and "preset", which have to be those of the run.

    Raises:
        RunError: there is no such run, or it was begun with other settings.
    """
    with Processes.start(chosen := choose(device)) as processes:
        trained = Trained.open(folder, tree, data_root, chosen)
        settings = trained.settings
        begun = settings.flat() | {"model": settings.model, "data": settings.data, "preset": settings.preset}
        if other := [key for key, value in (asked or {}).items() if begun[key] != value]:
            was = ", ".join(f"{key}={begun[key]}" for key in other)
            raise RunError(
                f"{folder} was begun with {was}, and a run goes on as it was begun; "
                f"leave {', '.join(other)} out, or train under another --name"
            )
        return trained, _fit(trained, trained.corpus(), processes, callbacks)


def _fit(trained: Trained, corpus: Corpus, processes: Processes, callbacks: Sequence[Callback]) -> Result:
    translator, settings, device = trained.translator, trained.settings, trained.translator.device
    if processes.first:
        about = {"parameters": trained.parameters, "device": str(device), "processes": processes.world}
        trained.run.write_json("about.json", about)
        if not (trained.run.folder / "result.json").exists():  # what was measured on the way is of other weights
            for split in data.SPLITS:
                (trained.run.folder / f"{split}.json").unlink(missing_ok=True)
    task = TranslationTask(translator, trained.text, corpus, settings, processes)
    return Trainer(task, settings.training, trained.run, callbacks, device, processes).fit()


def open_tree(root: Path) -> Tree:
    """The tree whose models are to be used from now on.

    Raises:
        WorkbenchError: the folder holds no models.
    """
    if not (root / "models").is_dir():
        raise WorkbenchError(f"{root}: expected a folder that holds models/, such as student; name it by --tree")
    tree = Tree(root, GIVEN)
    tree.activate()
    return tree


def _recorded(folder: Path) -> str:
    """A folder for settings.json: from the project's root where it lies inside, so that both can be moved together."""
    folder = folder.resolve()
    return folder.relative_to(ROOT).as_posix() if folder.is_relative_to(ROOT) else str(folder)
