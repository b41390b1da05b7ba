"""How fast a language model is trained here, beside the plain textbook loop: in one run, batch by batch in turns."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.profiler import ProfilerActivity

from tests.harness.tree import Tree
from workbench.devices import Processes, choose
from workbench.errors import DataError, WorkbenchError, students_code
from workbench.language_model import corpora
from workbench.language_model.models import Chunk, LanguageModel, build
from workbench.language_model.profiling import silent_profile
from workbench.language_model.vocabulary import Vocabulary
from workbench.settings import Settings
from workbench.training import Training
from workbench.updates import Updater

SIZES = ("emb_size=200", "hidden_size=200", "num_layers=2", "dropout=0.2", "batch_size=20", "bptt=35")
RATE, CLIP = 2.0, 0.25  # gradient descent without momentum wants large steps
WARM_UP = 2  # batches that do not count

Step = Callable[[Chunk], float]  # trains on a chunk and returns its mean loss


@dataclass
class Race:
    """Two loops that do the same work with the same numbers.

    Attributes:
        milliseconds, plain_milliseconds: of each batch.
        losses, plain_losses: of each batch, before its update, in nats a token.
        mebibytes, plain_mebibytes: the most that a step takes beside model and optimizer.
    """

    model: str
    vocabulary: int
    milliseconds: list[float] = field(default_factory=list)
    plain_milliseconds: list[float] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    plain_losses: list[float] = field(default_factory=list)
    mebibytes: float = 0.0
    plain_mebibytes: float = 0.0

    @property
    def ratio(self) -> float:
        """The workbench's time as a share of the plain loop's: the median over pairs of neighbours in time."""
        pairs = zip(self.milliseconds, self.plain_milliseconds, strict=True)
        return statistics.median(ours / plain for ours, plain in pairs)

    def typical(self) -> tuple[float, float, float, float]:
        """Median milliseconds of both, and the mean losses of both over the last quarter of the batches."""
        last = -max(1, len(self.losses) // 4)
        return (
            statistics.median(self.milliseconds),
            statistics.median(self.plain_milliseconds),
            statistics.mean(self.losses[last:]),
            statistics.mean(self.plain_losses[last:]),
        )

    @property
    def difference(self) -> float:
        """The largest between two losses of a batch."""
        return max(abs(a - b) for a, b in zip(self.losses, self.plain_losses, strict=True))

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"ratio": self.ratio, "difference": self.difference}


def corpus_for(data_root: Path | None) -> tuple[corpora.TextCorpus, str]:
    """WikiText-2 and a note on it; where no folder is named and it cannot be downloaded, our own corpus."""
    try:
        corpus = corpora.load("wikitext-2", data_root)
        return corpus, corpus.note
    except DataError as error:
        if data_root is not None:
            raise
        return corpora.load("stories"), (
            f"WikiText-2 is not there: {error}\nName its folder with --data-root; the vocabulary of our own stories "
            "is too small to show much of a difference"
        )


def races(
    tree: Tree, corpus: corpora.TextCorpus, models: tuple[str, ...], batches: int, device: str = "cpu"
) -> Iterator[Race]:
    """A race for each model, on the text's first batches.

    Raises:
        WorkbenchError: for a model that is none, and for more batches than the text has.
    """
    settings = [Settings.of(model, corpus.name, "default", SIZES) for model in models]
    reading, place = settings[0].batching, choose(device)
    tokens = list(corpora.tokens(corpus.train, corpus.unit))
    vocabulary = Vocabulary.fit(tokens)
    most = (len(tokens) // reading.batch_size - 1) // reading.bptt - WARM_UP
    if not 1 <= batches <= most:
        raise WorkbenchError(f"--batches {batches}: expected 1 to {most}, as many as {corpus.name} has")
    for each in settings:
        torch.manual_seed(0)
        model = build(tree, each, len(vocabulary), place)
        columns = model.columns(vocabulary.encode(tokens), reading.batch_size, corpus.name, "batch_size").to(place)
        rows = range(0, (WARM_UP + batches) * reading.bptt, reading.bptt)
        found = Race(each.model, len(vocabulary))
        with students_code(tree):
            race(found, model, [model.chunk(columns, row, reading.bptt) for row in rows])
        yield found


def race(found: Race, model: LanguageModel, chunks: Sequence[Chunk]) -> None:
    """Both loops from the same weights and with the same dropout, in turns, so that they share what else goes on."""
    model.module.train()
    plain, ours = plain_step(deepcopy(model.module)), workbench_step(model)
    for number, chunk in enumerate(chunks):
        for step, times, losses in (
            (plain, found.plain_milliseconds, found.plain_losses),
            (ours, found.milliseconds, found.losses),
        ):
            torch.manual_seed(number)  # dropout
            start = time.perf_counter()
            losses.append(step(chunk))  # reading the loss waits for a GPU
            if number >= WARM_UP:
                times.append(1000 * (time.perf_counter() - start))
    found.mebibytes, found.plain_mebibytes = peak(ours, chunks[-1]), peak(plain, chunks[-1])


def plain_step(module: Any) -> Step:
    """As textbooks have it: the whole log-softmax, fresh gradients, clipping, gradient descent by hand."""
    hidden = None

    def step(chunk: Chunk) -> float:
        nonlocal hidden
        module.zero_grad()
        if hasattr(module, "init_hidden"):
            hidden = module.init_hidden(chunk.data.size(1)) if hidden is None else hidden
            log_probabilities, hidden = module(chunk.data, hidden)
            hidden = hidden.detach() if isinstance(hidden, Tensor) else tuple(each.detach() for each in hidden)
        else:
            log_probabilities = module(chunk.data)
        loss = F.nll_loss(log_probabilities, chunk.target)
        loss.backward()
        nn.utils.clip_grad_norm_(module.parameters(), CLIP)
        for each in module.parameters():
            if each.grad is not None:
                each.data.add_(-RATE * each.grad)
        return loss.item()

    return step


def workbench_step(model: LanguageModel) -> Step:
    """As `train` has it."""
    updater = Updater(model.module, Training(optimizer="sgd", learning_rate=RATE, clip=CLIP), Processes())
    hidden: Any = None

    def step(chunk: Chunk) -> float:
        nonlocal hidden
        loss, hidden = model.loss(chunk, hidden)
        tokens = chunk.target.numel()
        return updater.update([(loss, tokens)], RATE).loss.item() / tokens

    return step


def peak(step: Step, chunk: Chunk) -> float:
    """The most memory that one more step takes, in MiB, beside what is taken before it."""
    with silent_profile(activities=[ProfilerActivity.CPU], profile_memory=True) as recorded:
        step(chunk)
    assert recorded.profiler is not None
    assert recorded.profiler.kineto_results is not None
    events = [each for each in recorded.profiler.kineto_results.events() if each.name() == "[memory]"]
    now = most = 0
    for event in sorted(events, key=lambda each: each.start_ns()):
        now += event.nbytes()
        most = max(most, now)
    return most / 2**20
