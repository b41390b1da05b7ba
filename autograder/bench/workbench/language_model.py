"""How fast the workbench trains a language model, beside the plain textbook loop, batch by batch in turns."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.profiler import ProfilerActivity

from harness.tree import Tree
from workbench.errors import DataError, WorkbenchError, students_code
from workbench.language_model import corpora
from workbench.language_model.models import Chunk, LanguageModel, build, rows_of
from workbench.language_model.profiling import silent_profile
from workbench.language_model.vocabulary import Vocabulary
from workbench.metrics import perplexity
from workbench.training.averaging import MovingMean
from workbench.training.devices import Processes, choose
from workbench.training.hyperparameters import Training
from workbench.training.settings import Settings
from workbench.training.updates import Updater

SIZES = ("emb_size=200", "hidden_size=200", "num_layers=2", "dropout=0.2", "batch_size=20", "bptt=35")
BATCHES = 30
WARM_UP = 2  # batches that do not count
SEEDS = 1_000_000  # more than a race has batches, each of which has a seed of its own

Step = Callable[[Chunk], float]  # trains on a chunk and returns its mean loss


@dataclass
class Lane:
    """The measurements of one of the two loops.

    Attributes:
        milliseconds: of each batch.
        losses: of each batch, before its update, in nats a token.
        perplexities: on the validation split after each epoch, where there are epochs.
        mebibytes: the most that a step takes beside model and optimizer.
    """

    milliseconds: list[float] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    perplexities: list[float] = field(default_factory=list)
    mebibytes: float = 0.0

    @property
    def last_loss(self) -> float:
        """The mean over the last quarter of the batches."""
        return statistics.mean(self.losses[-max(1, len(self.losses) // 4) :])


@dataclass
class Race:
    """Two loops that do the same work with the same numbers."""

    model: str
    vocabulary: int
    workbench: Lane = field(default_factory=Lane)
    plain: Lane = field(default_factory=Lane)

    @property
    def ratio(self) -> float:
        """The workbench's time as a share of the plain loop's: the median over pairs of neighbours in time."""
        pairs = zip(self.workbench.milliseconds, self.plain.milliseconds, strict=True)
        return statistics.median(workbench / plain for workbench, plain in pairs)

    @property
    def difference(self) -> float:
        """The largest difference between the two loops' losses of a batch."""
        return max(abs(a - b) for a, b in zip(self.workbench.losses, self.plain.losses, strict=True))

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
    tree: Tree,
    corpus: corpora.TextCorpus,
    models: tuple[str, ...],
    batches: int | None = None,
    epochs: int = 0,
    device: str = "cpu",
    track: Callable[[Iterable[Any]], Iterable[Any]] = iter,
    seed: int = 0,
) -> Iterator[Race]:
    """A race for each model, on the text's first batches or on all of it.

    Args:
        batches: how many of the text's to train on, after two whose time does not count; None takes all of them for
            epochs, else 30.
        epochs: how often to read these, with a look at the validation split each time; 0 reads them once without it.
        track: wraps an epoch's chunks, to show progress.
        seed: of weights and dropout.

    Raises:
        WorkbenchError: for a model that is none, and for more batches than the text has.
    """
    settings = [Settings.of(model, corpus.name, "default", SIZES) for model in models]
    reading, processor = settings[0].batching, choose(device)
    vocabulary = Vocabulary.fit(corpora.tokens(corpus.train, corpus.unit))
    train, validation = (
        vocabulary.encode(corpora.tokens(lines, corpus.unit)) for lines in (corpus.train, corpus.validation)
    )
    most = (len(train) // reading.batch_size - 1) // reading.bptt - WARM_UP
    if batches is None and not epochs:
        batches = BATCHES
    if batches is not None and not 1 <= batches <= most:
        raise WorkbenchError(f"--batches {batches}: expected 1 to {most}, as many as {corpus.name} has")
    for setting in settings:
        torch.manual_seed(seed)
        model = build(tree, setting, len(vocabulary), processor)
        columns = model.columns(train, reading.batch_size, corpus.name, "batch_size").to(processor)
        rows = rows_of(columns, reading.bptt)
        chunks = [model.chunk(columns, row, reading.bptt) for row in (rows[: WARM_UP + batches] if batches else rows)]
        held_out = None
        if epochs:
            held_out = model.columns(validation, reading.eval_batch_size, "the validation split", "eval_batch_size")
        result = Race(setting.model, len(vocabulary))
        with students_code(tree):
            race(result, model, setting.training, [chunks] * max(epochs, 1), held_out, track, seed)
        yield result


def race(
    result: Race,
    model: LanguageModel,
    training: Training,
    epochs: Sequence[Sequence[Chunk]],
    validation: Tensor | None = None,
    track: Callable[[Iterable[Any]], Iterable[Any]] = iter,
    seed: int = 0,
) -> None:
    """Run both loops in turns, from the same weights and with the same dropout; other work slows both alike.

    Args:
        training: gives the learning rate, which stays constant, the clip, and the `ema` of the workbench.
        epochs: the chunks of each.
        validation: columns (rows, B) to read after each epoch.
        seed: of dropout.
    """
    textbook = replace(model, module=deepcopy(model.module))
    plain, mean = MovingMean(textbook.module, 0), MovingMean(model.module, training.ema)
    lanes = (
        (textbook, plain_step(textbook.module, training), result.plain, plain),
        (model, workbench_step(model, training, mean), result.workbench, mean),
    )
    for chunks in epochs:
        for runner, *_ in lanes:
            runner.module.train()
        for number, chunk in enumerate(track(chunks)):
            batch = SEEDS * seed + len(result.plain.losses)
            for _, step, lane, _ in lanes:
                torch.manual_seed(batch)  # both drop the same units
                start = time.perf_counter()
                loss = step(chunk)  # reading the loss waits for a GPU
                if number >= WARM_UP:
                    lane.milliseconds.append(1000 * (time.perf_counter() - start))
                lane.losses.append(loss)
        for runner, _, lane, weights in lanes:
            if validation is not None:
                with weights.in_place():
                    loss, tokens = runner.total_loss(validation.to(runner.device), len(chunks[0].data))
                lane.perplexities.append(perplexity(loss, tokens))
    for runner, step, lane, _ in lanes:
        runner.module.train()
        lane.mebibytes = peak(step, epochs[-1][-1])


def plain_step(module: Any, training: Training) -> Step:
    """A step as in textbooks: the whole log-softmax, fresh gradients, clipping, gradient descent by hand."""
    hidden = None

    def step(chunk: Chunk) -> float:
        nonlocal hidden
        module.zero_grad()
        if hasattr(module, "init_hidden"):
            hidden = module.init_hidden(chunk.data.size(1)) if not chunk.row else hidden
            log_probabilities, hidden = module(chunk.data, hidden)
            hidden = hidden.detach() if isinstance(hidden, Tensor) else tuple(state.detach() for state in hidden)
        else:
            log_probabilities = module(chunk.data)
        loss = F.nll_loss(log_probabilities, chunk.target)
        loss.backward()
        nn.utils.clip_grad_norm_(module.parameters(), training.clip)
        for weight in module.parameters():
            if weight.grad is not None:
                weight.data.add_(-training.learning_rate * weight.grad)
        return loss.item()

    return step


def workbench_step(model: LanguageModel, training: Training, mean: MovingMean) -> Step:
    """A step as in `train`: a moving mean follows the weights, because `train` validates and keeps the mean."""
    updater = Updater(model.module, training, Processes())
    hidden: Any = None

    def step(chunk: Chunk) -> float:
        nonlocal hidden
        loss, hidden = model.loss(chunk, hidden if chunk.row else None)
        tokens = chunk.target.numel()
        loss = updater.update([(loss, tokens)], training.learning_rate).loss
        mean.follow()
        return loss.item() / tokens

    return step


def peak(step: Step, chunk: Chunk) -> float:
    """The most memory that one more step takes, in MiB, beside what is taken before it."""
    with silent_profile(activities=[ProfilerActivity.CPU], profile_memory=True) as recorded:
        step(chunk)
    assert recorded.profiler is not None
    assert recorded.profiler.kineto_results is not None
    events = [event for event in recorded.profiler.kineto_results.events() if event.name() == "[memory]"]
    now = most = 0
    for event in sorted(events, key=lambda event: event.start_ns()):
        now += event.nbytes()
        most = max(most, now)
    return most / 2**20
