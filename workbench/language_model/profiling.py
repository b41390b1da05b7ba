"""Measures where a student's own training loop spends its time: by phase, by line, and by torch's operators.

The tree's `train_epoch` runs as it is, on a few chunks of text. The functions that it calls are named for
torch.profiler while it runs; then it runs once more under line_profiler.
"""

from __future__ import annotations

import contextlib
import functools
import linecache
import math
import os
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.profiler import ProfilerActivity, profile, record_function

from harness.tree import Tree
from workbench.errors import DataError, students_code
from workbench.language_model import corpora
from workbench.language_model.models import LanguageModel, build
from workbench.language_model.part import PART
from workbench.language_model.vocabulary import Vocabulary
from workbench.parts import expect_part
from workbench.training.devices import seed_everything
from workbench.training.settings import Settings
from workbench.training.updates import make_optimizer

EPOCH = "train_epoch"
LOOP = ("get_batch", "forward", "loss", "backward", "clipping", "step")  # in each round; batchify once, before
SHOWN_OPERATORS = 8


@dataclass(frozen=True)
class Phase:
    """A part of the loop.

    Attributes:
        calls: how often it was entered.
        seconds: of all calls.
        share: of train_epoch; None for what comes before it.
    """

    name: str
    calls: int
    seconds: float
    share: float | None


@dataclass(frozen=True)
class Line:
    """A line of the student's code; `share` is its share of its function's time, with the functions that it calls."""

    file: str
    function: str
    number: int
    text: str
    calls: int
    share: float


@dataclass(frozen=True)
class Profile:
    """Attributes: what (which model and text), seconds of train_epoch, operators as (name, share of their time)."""

    what: str
    batches: int
    seconds: float
    phases: tuple[Phase, ...]
    operators: tuple[tuple[str, float], ...]
    lines: tuple[Line, ...]

    @property
    def forward_and_backward(self) -> float:
        """The share of train_epoch's time that the phases forward and backward take together."""
        return sum(phase.share or 0.0 for phase in self.phases if phase.name in ("forward", "backward"))

    def missing(self) -> list[str]:
        """The phases that the loop has never entered, as far as one can tell."""
        return [phase.name for phase in self.phases if phase.name in LOOP and not phase.calls]

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"forward_and_backward": self.forward_and_backward}


def profile_training(
    tree: Tree, settings: Settings, data_root: Path | None, batches: int, device: torch.device, lines: bool = True
) -> Profile:
    """Measure the tree's train_epoch on some batches.

    Args:
        lines: whether it runs a second time under line_profiler.

    Raises:
        SettingsError: the data set is of another part.
        DataError: the text is too short for so many batches.
        WorkbenchError: the tree's code stops; the message says where and why.
    """
    expect_part(PART, settings.data)
    corpus = corpora.load(settings.data, data_root)
    tokens = list(corpora.tokens(corpus.train, corpus.unit))
    vocabulary = Vocabulary.fit(tokens)
    reading = settings.batching
    need = reading.batch_size * (reading.bptt * batches + 1)
    if batches < 1 or len(tokens) < need:
        most = (len(tokens) // reading.batch_size - 1) // reading.bptt
        raise DataError(f"--batches {batches}: expected 1 to {most}, as many as {corpus.name} has room for")
    seed_everything(settings.training.seed)
    with students_code(tree):
        model = build(tree, settings, len(vocabulary), device)
        loop = _Loop(tree, model, settings)
        ids = vocabulary.encode(tokens[:need])
        loop(loop.batchify(ids)[: 1 + reading.bptt])  # the first of a process is slower
        recorded = _record(loop, ids)
        timed_lines = _lines(loop, loop.batchify(ids)) if lines else ()
    title = (
        f"{settings.model}, {sum(weight.numel() for weight in model.module.parameters()) / 1e6:.1f} M parameters, on "
    )
    title += f"{corpus.name} with {len(vocabulary):,} {corpus.unit}; {device}, threads: {torch.get_num_threads()}"
    return _summary(recorded, title, batches, timed_lines, device)


class _Loop:
    """The tree's training loop with all that it needs."""

    def __init__(self, tree: Tree, model: LanguageModel, settings: Settings) -> None:
        self.package, self.module, self.device = tree.models.language_model, model.module, model.device
        self.bptt, self.columns, self.clip = (
            settings.batching.bptt,
            settings.batching.batch_size,
            settings.training.clip,
        )
        self.optimizer = make_optimizer(settings.training, list(self.module.parameters()))

    def batchify(self, ids: Tensor) -> Tensor:
        columns: Tensor = self.package.batching.batchify(ids, self.columns)
        return columns.to(self.device)

    def __call__(self, columns: Tensor) -> None:
        self.package.training.train_epoch(self.module, columns, self.optimizer, self.bptt, self.clip or math.inf)

    @contextlib.contextmanager
    def watched(self) -> Iterator[None]:
        """Name the loop's phases for torch.profiler. A function is found wherever the loop's file has it from."""
        training, batching = self.package.training, self.package.batching
        with contextlib.ExitStack() as stack:

            def watch(owner: Any, name: str, phase: str) -> None:
                original = getattr(owner, name, None)
                if original is not None:
                    stack.callback(_restore, owner, name, vars(owner).get(name))
                    setattr(owner, name, _named(original, phase, self.device))

            clip = nn.utils.clip_grad_norm_
            for name, value in list(vars(training).items()):
                if value is clip or value is F.nll_loss or value is F.cross_entropy:
                    watch(training, name, "clipping" if value is clip else "loss")
            watch(training, "get_batch", "get_batch")
            watch(batching, "get_batch", "get_batch")
            watch(batching, "batchify", "batchify")
            watch(self.module, "forward", "forward")
            watch(F, "nll_loss", "loss")
            watch(F, "cross_entropy", "loss")
            watch(Tensor, "backward", "backward")
            watch(nn.utils, "clip_grad_norm_", "clipping")
            watch(self.optimizer, "zero_grad", "step")
            watch(self.optimizer, "step", "step")
            yield


def _restore(owner: Any, name: str, own: Any) -> None:
    """own: what the owner itself had under this name; None where it was its class's."""
    if own is None:
        delattr(owner, name)
    else:
        setattr(owner, name, own)


def _named(function: Callable[..., Any], phase: str, device: torch.device) -> Callable[..., Any]:
    @functools.wraps(function)
    def named(*args: Any, **kwargs: Any) -> Any:
        with record_function(f"phase {phase}"):
            result = function(*args, **kwargs)
            if device.type == "cuda":
                torch.cuda.synchronize(device)  # or the time of its kernels would go to whoever waits for them
        return result

    return named


def silent_profile(**options: Any) -> profile:
    """torch's profiler without the lines that it prints when it begins and ends."""
    os.environ.setdefault("KINETO_LOG_LEVEL", "99")
    return profile(**options)


def _record(loop: _Loop, ids: Tensor) -> profile:
    activities = [ProfilerActivity.CPU] + [ProfilerActivity.CUDA] * (loop.device.type == "cuda")
    recorded = silent_profile(activities=activities)
    with loop.watched(), recorded:
        columns = loop.batchify(ids)
        with record_function(f"phase {EPOCH}"):
            loop(columns)
    return recorded


def _summary(recorded: profile, title: str, batches: int, lines: tuple[Line, ...], device: torch.device) -> Profile:
    averages = {event.key: event for event in recorded.key_averages()}
    total = averages[f"phase {EPOCH}"].cpu_time_total / 1e6

    def phase(name: str) -> Phase:
        event = averages.get(f"phase {name}")
        seconds, calls = (event.cpu_time_total / 1e6, event.count) if event else (0.0, 0)
        return Phase(name, calls, seconds, None if name == "batchify" else seconds / total)

    phases = [phase(name) for name in ("batchify", *LOOP)]
    rest = total - sum(phase.seconds for phase in phases[1:])
    phases.append(Phase("rest", 1, rest, rest / total))
    spent = "self_device_time_total" if device.type == "cuda" else "self_cpu_time_total"
    times = {key: getattr(event, spent) for key, event in averages.items() if key.startswith("aten::")}
    times |= {key: getattr(event, spent) for key, event in averages.items() if key.startswith("mkldnn::")}
    most = sorted(times, key=lambda key: -times[key])[:SHOWN_OPERATORS]
    share = sum(times.values()) or 1.0
    return Profile(
        title,
        batches,
        total,
        tuple(phases),
        tuple((key.removeprefix("aten::"), times[key] / share) for key in most),
        lines,
    )


def _lines(loop: _Loop, columns: Tensor) -> tuple[Line, ...]:
    """The time of each line of train_epoch and of the model's forward; measuring slows short lines down."""
    from line_profiler import LineProfiler

    functions = (loop.package.training.train_epoch, type(loop.module).forward)
    profiler = LineProfiler(*functions)
    profiler.runcall(loop, columns)
    lines = []
    for (path, _, name), timings in profiler.get_stats().timings.items():
        total = sum(time for _, _, time in timings) or 1
        for number, calls, time in timings:
            text = linecache.getline(path, number).strip()
            lines.append(Line(Path(path).name, name.split(".")[-1], number, text, calls, time / total))
    return tuple(sorted(lines, key=lambda line: (line.function != EPOCH, line.number)))
