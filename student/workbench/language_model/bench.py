"""How fast a language model is trained here, beside the plain textbook loop: in one run, batch by batch in turns."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.profiler import ProfilerActivity, profile

from tests.harness.tree import Tree
from workbench.devices import Processes, choose
from workbench.errors import DataError, WorkbenchError
from workbench.language_model import corpora
from workbench.language_model.fused import deferred, nll_sum
from workbench.language_model.vocabulary import Vocabulary
from workbench.training import Training
from workbench.updates import Updater

SIZE, LAYERS, HEADS, DROPOUT = 200, 2, 2, 0.2
BATCH, BPTT, CLIP = 20, 35, 0.25
RATE = 2.0  # gradient descent without momentum wants large steps
MODELS = ("lstm", "transformer")
WARM_UP = 2  # batches that do not count

Batch = tuple[Tensor, Tensor]
Step = Callable[[Batch], float]  # trains on a batch and returns its mean loss


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
    except DataError:
        if data_root is not None:
            raise
        return corpora.load("stories"), (
            "WikiText-2 could not be downloaded; name its folder with --data-root. The vocabulary of our own stories "
            "is too small to show much of a difference"
        )


def races(
    tree: Tree, corpus: corpora.TextCorpus, models: tuple[str, ...], batches: int, device: str = "cpu"
) -> Iterator[Race]:
    """A race for each model; a row of text as long as the batches need is read once, from its beginning.

    Raises:
        WorkbenchError: for a model that is none, and for more batches than the text has.
    """
    if unknown := [model for model in models if model not in MODELS]:
        raise WorkbenchError(f"bench has no model {unknown[0]!r}; choose among {', '.join(MODELS)}")
    tokens = list(corpora.tokens(corpus.train, corpus.unit))
    vocabulary = Vocabulary.fit(tokens)
    source = tree.models.language_model.batching.batchify(vocabulary.encode(tokens), BATCH).to(choose(device))
    get_batch = tree.models.language_model.batching.get_batch
    most = (len(source) - 1) // BPTT - WARM_UP
    if not 1 <= batches <= most:
        raise WorkbenchError(f"--batches {batches}: expected 1 to {most}, as many as {corpus.name} has")
    chunks = [get_batch(source, i * BPTT, BPTT) for i in range(WARM_UP + batches)]
    for model in models:
        torch.manual_seed(0)
        yield race(model, build(tree, model, len(vocabulary)).to(source.device), chunks, len(vocabulary))


def build(tree: Tree, model: str, vocabulary: int) -> nn.Module:
    """The tree's LSTM with tied weights, or its Transformer, of the sizes that are timed."""
    models = tree.models.language_model
    made: nn.Module
    if model == "lstm":
        made = models.RNNModel.RNNModel("LSTM", vocabulary, SIZE, SIZE, LAYERS, DROPOUT, tie_weights=True)
    else:
        made = models.TransformerModel.TransformerModel(vocabulary, SIZE, HEADS, SIZE, LAYERS, DROPOUT)
    return made


def race(model: str, module: nn.Module, chunks: list[Batch], vocabulary: int) -> Race:
    """Both loops from the same weights and with the same dropout, in turns, so that they share what else goes on."""
    found = Race(model, vocabulary)
    plain, ours = plain_step(deepcopy(module).train()), workbench_step(module.train())
    for number, batch in enumerate(chunks):
        for step, times, losses in (
            (plain, found.plain_milliseconds, found.plain_losses),
            (ours, found.milliseconds, found.losses),
        ):
            torch.manual_seed(number)  # dropout
            start = time.perf_counter()
            losses.append(step(batch))  # reading the loss waits for a GPU
            if number >= WARM_UP:
                times.append(1000 * (time.perf_counter() - start))
    found.mebibytes, found.plain_mebibytes = peak(ours, chunks[-1]), peak(plain, chunks[-1])
    return found


def plain_step(module: nn.Module) -> Step:
    """As textbooks have it: the whole log-softmax, fresh gradients, clipping, gradient descent by hand."""
    hidden = None

    def step(batch: Batch) -> float:
        nonlocal hidden
        module.zero_grad()
        log_probabilities, hidden = _forward(module, batch[0], hidden)
        loss = F.nll_loss(log_probabilities, batch[1])
        loss.backward()
        nn.utils.clip_grad_norm_(module.parameters(), CLIP)
        for each in module.parameters():
            if each.grad is not None:
                each.data.add_(-RATE * each.grad)
        return loss.item()

    return step


def workbench_step(module: nn.Module) -> Step:
    """As `train` has it."""
    updater = Updater(module, Training(optimizer="sgd", learning_rate=RATE, clip=CLIP), Processes())
    hidden = None

    def step(batch: Batch) -> float:
        nonlocal hidden
        with deferred(module.get_submodule("decoder")):
            log_probabilities, hidden = _forward(module, batch[0], hidden)
        loss, tokens = nll_sum(log_probabilities, batch[1]), batch[1].numel()
        return updater.update([(loss, tokens)], RATE).loss.item() / tokens

    return step


def _forward(module: nn.Module, data: Tensor, hidden: Any) -> tuple[Tensor, Any]:
    """Log-probabilities, and the state of a model that has one, cut off from what it was computed from."""
    if not hasattr(module, "init_hidden"):
        return module(data), None
    if hidden is None:
        hidden = module.init_hidden(data.size(1))  # type: ignore[operator]
    log_probabilities, hidden = module(data, hidden)
    return log_probabilities, (hidden.detach() if isinstance(hidden, Tensor) else tuple(h.detach() for h in hidden))


def peak(step: Step, batch: Batch) -> float:
    """The most memory that one more step takes, in MiB, beside what is taken before it."""
    os.environ.setdefault("KINETO_LOG_LEVEL", "99")  # the profiler says on the screen when it begins and ends
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as recorded:
        step(batch)
    assert recorded.profiler is not None
    assert recorded.profiler.kineto_results is not None
    events = [each for each in recorded.profiler.kineto_results.events() if each.name() == "[memory]"]
    now = most = 0
    for event in sorted(events, key=lambda each: each.start_ns()):
        now += event.nbytes()
        most = max(most, now)
    return most / 2**20
