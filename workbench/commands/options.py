"""Options, consoles and input that several commands share."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from harness.files import refusal
from harness.words import joined
from workbench.errors import WorkbenchError, has_surrogates
from workbench.parts import Part, all_parts

# Names of folders may hold brackets, which rich would read as markup.
console = Console(highlight=False, markup=False)
asides = Console(stderr=True, highlight=False, markup=False)


def by_part(choices: Callable[[Part], Sequence[str]]) -> str:
    """The choices of each part, as a sentence without its full stop."""
    return "For " + "; for ".join(f"{part.title} {joined(choices(part), 'or')}" for part in all_parts())


MODELS = by_part(lambda part: part.models)
DATA = by_part(lambda part: (f"{part.data[0]} (nothing to download)", *part.data[1:]))
Model = Annotated[str, typer.Option(help=f"{MODELS}.")]
Data = Annotated[str | None, typer.Option(help=f"{DATA}. Default: the first of these that has the model.")]
TreeOption = Annotated[
    Path | None,
    typer.Option(
        "--tree", help="The folder that holds models/. Default: that of the run if there is one, else student."
    ),
]
Changes = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Change a setting, as in --set epochs=3; may be repeated. In workbench/, training/hyperparameters.py and "
        "each part's settings.py explain them; a key that does not exist lists all.",
    ),
]
DataRoot = Annotated[
    Path | None,
    typer.Option(help="A folder with the data set's files. Default: that of the run if there is one, else a download."),
]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")]
RunFolder = Annotated[
    Path, typer.Argument(metavar="RUN", help="The folder of a training run, such as runs/captions-rnn-default.")
]


def _is_split(split: str) -> str:
    from workbench.training.run_folder import EVALUATED

    if split not in EVALUATED:
        raise typer.BadParameter(f"{split}: expected {' or '.join(EVALUATED)}")
    return split


Split = Annotated[str, typer.Option(help="validation or test.", callback=_is_split)]
JSON_HELP = "Also write the numbers into this file."


def can_hold(mark: str) -> Callable[[Path | None], Path | None]:
    """A callback that refuses, before the measurement, a file that is there and was not written by this command.

    Args:
        mark: what stands in every file of numbers that the command writes.
    """

    def check(path: Path | None) -> Path | None:
        if path and (refused := refusal(path, mark)):
            raise typer.BadParameter(f"{refused}; name another file")
        return path

    return check


def speaks() -> bool:
    """Whether this process prints: of the processes that torchrun starts, only the first does."""
    return os.environ.get("RANK", "0") == "0"


def lines_of_input() -> Iterator[str]:
    """The lines of the input.

    Raises:
        WorkbenchError: one is not UTF-8.
    """
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(encoding="utf-8", errors="surrogateescape")
    for number, line in enumerate(sys.stdin, 1):
        yield expect_utf8(line.rstrip("\r\n").removeprefix("\ufeff" * (number == 1)), f"line {number} of the input")


def expect_utf8(text: str, name: str) -> str:
    """Raises: WorkbenchError, for a text with bytes that are not UTF-8."""
    if has_surrogates(text):
        shown = text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
        raise WorkbenchError(f'{name}: expected text in UTF-8, found "{shown:.60}"; save or type it as UTF-8')
    return text


def names_in(text: str) -> tuple[str, ...]:
    """The names in a text that separates them with commas."""
    return tuple(name.strip() for name in text.split(","))
