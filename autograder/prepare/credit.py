"""Partial credit: the share of a deliverable's points that unfinished code gets.

Points are paid for tests that pass, and a test can pass for the wrong reason: zeros may be right somewhere, a
constructor alone has rows of its own. So unfinished versions of every deliverable are made from the solution and run
with the published inputs. None may get more than LIMIT unless the catalogue gives a reason (see `catalogue.Head`).
"""

import contextlib
import copy
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from autograder.prepare import catalogue, course, store
from autograder.prepare.answers import Mapper
from autograder.prepare.mistakes import activated, changed
from autograder.prepare.regions import Region, strip
from autograder.rubric import Deliverable
from harness.answers import Answers
from harness.draws import measured
from harness.graded import GradedTest
from harness.judge import judge
from harness.run import run_case

LIMIT = 0.3


@dataclass(frozen=True)
class Unfinished:
    """One unfinished version of a deliverable.

    Attributes:
        title: in words, such as "constructors alone" or "forward returns zeros".
        missing: the functions whose code is that of the handout.
        fake: function -> what it returns in place of the right result: "zeros" or "inputs".
    """

    deliverable: Deliverable
    title: str
    missing: frozenset[str] = frozenset()
    fake: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Trial:
    """An unfinished version, and all that it takes to run it."""

    root: Path
    version: Unfinished
    tests: tuple[GradedTest, ...]
    answers: Answers


def trials(root: Path, tests: Sequence[GradedTest], only: str = "") -> list[Trial]:
    """A trial for each unfinished version of the deliverables with `only` in their id.

    Raises:
        AnswersError: where public answers are stale or missing.
    """
    store.check_public(root)
    stored = store.load_public(root, tests).answers
    made: list[Trial] = []
    for deliverable in course.load(root).deliverables:
        if only in deliverable.id:
            own_tests = tuple(test for test in tests if test.module == deliverable.tests)
            answers = stored.of(deliverable.tests)
            made += [Trial(root, version, own_tests, answers) for version in versions(root, deliverable)]
    return made


def versions(root: Path, deliverable: Deliverable) -> Iterator[Unfinished]:
    """The unfinished versions of a deliverable: all its functions at once, then each alone."""
    regions: dict[str, list[Region]] = {}
    for region in _cut(root, deliverable)[1]:
        if region.deliverable == deliverable.id:
            regions.setdefault(region.function, []).append(region)
    others = [name for name in regions if not name.endswith("__init__")]
    if len(others) < len(regions):
        yield Unfinished(deliverable, "constructors alone", frozenset(others))
    for fake in ("zeros", "inputs"):
        yield Unfinished(deliverable, f"all give {fake}", fake=tuple((name, fake) for name in others))
    lines = _source(root, deliverable).split("\n")
    for name, own in regions.items():
        yield Unfinished(deliverable, f"{name} is missing", frozenset([name]))
        text = "\n".join(line for region in own for line in lines[region.begin : region.end])
        if name in others or "register_buffer" in text:  # tests put their own values in place of parameters
            yield Unfinished(deliverable, f"{name} gives zeros", fake=((name, "zeros"),))


def _cut(
    root: Path, deliverable: Deliverable, wanted: Callable[[Region], bool] = lambda region: False
) -> tuple[str, list[Region]]:
    """A deliverable's file without the wanted regions, and all regions of the file."""
    rubric = course.load(root)
    ids = [entry.id for entry in (*rubric.deliverables, *rubric.off) if entry.file == deliverable.file]
    return strip(deliverable.file, _source(root, deliverable), ids, wanted)


def _source(root: Path, deliverable: Deliverable) -> str:
    return (root / "solution" / deliverable.file).read_text(encoding="utf-8")


def share(trial: Trial) -> float:
    """The share of the deliverable's points that an unfinished version gets."""
    version, deliverable = trial.version, trial.version.deliverable

    def is_missing(region: Region) -> bool:
        return region.deliverable == deliverable.id and region.function in version.missing

    source, _ = _cut(trial.root, deliverable, is_missing)
    with changed(trial.root, deliverable.file, source) as folder, activated(folder) as tree:
        module: Any = tree.models
        for name in deliverable.file.removesuffix(".py").split("/")[1:]:
            module = getattr(module, name)
        for function, fake in version.fake:
            _replace(module, function, FAKES[fake])
        passed = [test.weight for test in trial.tests if all(_passes(trial, test, case, tree) for case in test.cases)]
    return sum(passed) / sum(test.weight for test in trial.tests)


def _passes(trial: Trial, test: GradedTest, case: Any, tree: Any) -> bool:
    name = test.identifier(case)
    right = trial.answers.outcomes[name]
    outcome = measured(run_case(test, case, tree, trial.answers.seeds[name]), right)
    return judge(outcome, right, test.tolerance).passed


def survey(tried: Sequence[Trial], mapper: Mapper) -> dict[tuple[str, str], float]:
    """(deliverable, what is unfinished) -> the share of its points."""
    shares = mapper(share, tried)
    return {(trial.version.deliverable.id, trial.version.title): got for trial, got in zip(tried, shares, strict=True)}


def unexpected(root: Path, shares: Mapping[tuple[str, str], float]) -> list[str]:
    """Versions that get more than LIMIT without a reason in the catalogue, and reasons that are not needed."""
    tried = {deliverable for deliverable, _ in shares}
    above = {version for version, got in shares.items() if got > LIMIT}
    reasons = {(id, title) for id, head in catalogue.heads(root).items() if id in tried for title in head.credit}
    more = f"more than {LIMIT:.0%}; change the tests' weights, or give the reason"
    return [
        *(
            f"{_reason(id, title)}: {shares[id, title]:.0%} of the points, {more}"
            for id, title in sorted(above - reasons)
        ),
        *(f"{_reason(id, title)}: no more than {LIMIT:.0%}; delete it" for id, title in sorted(reasons - above)),
    ]


def _reason(id: str, title: str) -> str:
    return f'{catalogue.FOLDER}/{id}.toml: [credit] "{title}"'


def markdown(shares: Mapping[tuple[str, str], float]) -> str:
    """A table of docs/results/grading.md: the share of each deliverable, and the most with one function missing."""
    wholes = ("constructors alone", "all give zeros", "all give inputs")
    lines = [f"| deliverable | {' | '.join(wholes)} | most with one function missing or giving zeros |"]
    lines.append("|---|" + "---:|" * len(wholes) + "---|")
    for id in dict.fromkeys(deliverable for deliverable, _ in shares):
        cells = [f"{shares[id, title]:.0%}" if (id, title) in shares else "" for title in wholes]
        alone = {
            title: got for (deliverable, title), got in shares.items() if deliverable == id and title not in wholes
        }
        most = max(alone, key=lambda title: alone[title])
        lines.append(f"| {id} | {' | '.join(cells)} | {alone[most]:.0%}: {most} |")
    return "\n".join(lines)


# Functions that return something else. The right one is called first: what it gives has the right shape.


def _replace(module: Any, name: str, fake: Callable[..., Any]) -> None:
    holder, _, last = name.rpartition(".")
    owner = getattr(module, holder) if holder else module
    right = getattr(owner, last)

    def call(*args: Any, **options: Any) -> Any:
        result = right(*args, **options) if last.startswith("__init__") else _aside(right, args, options)
        if result is None:  # it has changed the module
            _clear(args[0])
            return None
        bound = inspect.signature(right).bind(*args, **options)
        return fake(result, [value for name, value in bound.arguments.items() if name != "self"])

    setattr(owner, last, call)


def _aside(right: Callable[..., Any], args: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """The right function's result. It gets copies of its arguments, if they can be copied, so that it changes none."""
    with contextlib.suppress(RuntimeError, TypeError):  # a tensor inside of a graph, a generator
        args, options = copy.deepcopy((args, options))
    return right(*args, **options)


def _clear(module: nn.Module) -> None:
    """Set all parameters and buffers to zero. Tests then fill most of them with values of their own."""
    for values in (*module.parameters(), *module.buffers()):
        values.data.zero_()


def _zeros(result: Any, inputs: Sequence[Any]) -> Any:
    """Zeros of the same structure."""
    if isinstance(result, Tensor):
        return torch.zeros_like(result)
    if isinstance(result, tuple):
        return tuple(_zeros(element, inputs) for element in result)
    if isinstance(result, list):
        return result[:1] * len(result)
    return type(result)(0)


def _inputs(result: Any, inputs: Sequence[Any]) -> Any:
    """As many of the inputs as there are results."""
    if isinstance(result, tuple):
        return tuple((list(inputs) * len(result))[: len(result)])
    return inputs[0] if inputs else None


FAKES: Mapping[str, Callable[[Any, Sequence[Any]], Any]] = {"zeros": _zeros, "inputs": _inputs}
