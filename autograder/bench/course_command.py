"""`bench course`: how fast a class is graded."""

import os
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from autograder import REPOSITORY
from autograder.bench import course


def measure(
    kit: Annotated[Path, typer.Option(help="The autograder to measure.")] = Path("build/autograder.zip"),
    submissions: Annotated[int, typer.Option(min=25, help="Distinct submissions of the class.")] = 200,
    sample: Annotated[int, typer.Option(min=1, help="How many of them an unprotected grader grades, too.")] = 40,
    jobs: Annotated[
        int, typer.Option(min=1, show_default="one for each core", help="Submissions at a time.")
    ] = os.cpu_count() or 1,
    kills: Annotated[
        int,
        typer.Option(
            min=0,
            help="Only grade the class once undisturbed and once killed this many times, and compare the tables.",
        ),
    ] = 0,
    few_tests: Annotated[
        bool,
        typer.Option("--few-tests", help="Grade with one test of each deliverable and one hidden seed, to be quick."),
    ] = False,
) -> None:
    """Grade a generated class, and time it beside a process of gradescope-utils for each submission."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        if few_tests:
            kit = course.quick_kit(kit, Path(folder) / "autograder.zip")
        if kills:
            course.survive(REPOSITORY, kit.resolve(), submissions, kills, jobs, typer.echo)
            return
        figures = course.measure(REPOSITORY, kit.resolve(), submissions, sample, jobs, typer.echo)
    typer.echo(course.markdown(figures))
