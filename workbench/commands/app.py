"""`python -m workbench`: the commands that all parts share, and those of each part."""

from __future__ import annotations

import io
import os
import sys

import typer
from rich.text import Text

from workbench.commands import experiments, training
from workbench.commands.options import asides, speaks
from workbench.errors import explained
from workbench.parts import all_parts

app = typer.Typer(
    help="Train the models of this assignment, measure them, and let them translate and write.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for commands in (training.app, *(part.own_commands() for part in all_parts()), experiments.app):
    app.add_typer(commands)


def main() -> None:
    """Run a command. An error that a student can fix is printed as a sentence, without a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # rather than stop at a letter that the terminal lacks
    try:
        try:
            app(standalone_mode=True)
        finally:
            sys.stdout.flush()
    except (Exception, SystemExit) as error:  # SystemExit: a command's end, or of students' code
        words = explained(error)
        if words is None:
            raise
        if speaks():
            asides.print(Text.assemble(("Stopped:", "bold red"), f" {words}"), soft_wrap=True)
        try:
            sys.stdout.flush()
        except OSError:  # a full disk: Python would try again when it ends, and complain
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
