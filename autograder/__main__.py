"""The instructor's commands: `python -m autograder --help`."""

import contextlib
import errno
import io
import json
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, cast

import typer
from rich.console import Console, JustifyMethod
from rich.markup import escape
from rich.padding import Padding
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from autograder.bench import attacks, feedback, report, speed
from autograder.prepare import (
    answers,
    catalogue,
    credit,
    demonstration,
    guide,
    handout,
    kit,
    mutants,
    rehearsal,
    reports,
    store,
)
from autograder.prepare.files import refusal, replace
from autograder.rubric import Rubric, RubricError
from harness.answers import Unsteady
from harness.collect import ContractError
from harness.contract import Assignment

REPOSITORY = Path(__file__).resolve().parents[1]
app = typer.Typer(help="Make the handout, build the autograder, grade.", no_args_is_help=True, add_completion=False)
console = Console(highlight=False)
pictured = Console(highlight=False, record=True)  # what --picture saves: nothing that concerns this machine alone

Secret = Annotated[
    str | None,
    typer.Option(help="What the hidden seeds derive from. Default: $ASSIGNMENT_SECRET, else .secrets/term."),
]
# What stands in every file that is written by a name which somebody has given; nothing else is replaced.
HANDOUT, KIT, RESULTS, PICTURE = "student/assignment.json", "kit.json", '"extra_data"', "rich-terminal"
FIGURES = {"speed": '"cold_ratio"', "attacks": '"counts"', "feedback": '"complaints"'}


def _is_folder(out: Path) -> Path:
    """Refuse a name that was meant for a file."""
    if out.is_file() or (out.suffix and not out.exists()):
        raise typer.BadParameter(f"{out}: expected a folder; make one by this name first, if it is to be one")
    return out


Folder = Annotated[Path, typer.Option(help="The folder that everything is written to.", callback=_is_folder)]
TorchSource = Annotated[str, typer.Option(help="pip's options for installing torch's CPU build in the image.")]


@app.command(name="handout")
def make_handout(
    check: Annotated[bool, typer.Option("--check", help="Only say whether student/ is up to date.")] = False,
    zip: Annotated[Path | None, typer.Option(help="Also pack the handout for students into this file.")] = None,
) -> None:
    """Derive student/ and its contract from solution/ and the rubric."""
    if check and zip:
        raise typer.BadParameter("--check writes nothing: give --check or --zip, not both")
    if check:
        if difference := handout.drift(REPOSITORY):
            print(difference)
            console.print("student/ is not what solution/ gives; run [bold]python -m autograder handout[/bold]")
            raise typer.Exit(1)
        console.print("student/ is up to date.")
        return
    edited = handout.edited(REPOSITORY)
    changed = handout.write(REPOSITORY)
    if aside := [f"student/{name}" for name in edited if name in changed]:
        warn(f"{', '.join(aside)}: edited there, and derived anew from solution/; copies are in {handout.REPLACED}/")
    console.print(f"student/: {len(changed)} files written" if changed else "student/: nothing to do")
    if zip:
        with _writing(zip, HANDOUT) as target:
            handout.write_zip(REPOSITORY, target)
        say(f"{zip}: {zip.stat().st_size / 1024:.0f} KiB")


@app.command(name="answers")
def make_answers(
    secret: Secret = None,
    report: Annotated[bool, typer.Option("--report", help="Only say what the stored ones tell of the tests.")] = False,
) -> None:
    """Run solution and misconceptions with every seed, store what they show, and write the guide for assistants."""
    if report:
        store.check_public(REPOSITORY)
        tests = kit.graded(REPOSITORY)
        reports.show(console, store.load_public(REPOSITORY, tests), tests)
        return
    for page in (REPOSITORY / guide.FOLDER).glob("*.md"):
        _demand_room(page, store.COMMAND)  # which each of ours names
    key, origin = answers.term_secret(REPOSITORY, secret)
    tests = answers.graded_tests(REPOSITORY)  # also those of deliverables that are switched off
    with store.workers() as mapper:
        made = store.make_public(REPOSITORY, tests, mapper)
        store.keep_public(REPOSITORY, made)
        for page, text in guide.pages(REPOSITORY, tests, made.failed).items():
            replace(REPOSITORY / page, text.encode())
        store.renew_hidden(REPOSITORY, kit.graded_by(Rubric.load(REPOSITORY / handout.RUBRIC), tests), key, mapper)
    counts = f"{len(made.answers.outcomes)} answers, {len(made.failed)} misconceptions"
    say(f"{counts}; hidden seeds from {origin}")


@app.command()
def build(
    out: Folder = Path("build"),
    secret: Secret = None,
    torch_source: TorchSource = kit.TORCH_SOURCE,
) -> None:
    """Make autograder.zip, which is uploaded to Gradescope. It holds no solution."""
    target = out / "autograder.zip"
    if handout.drift(REPOSITORY):
        warn("student/ is not what solution/ gives, so students have another version: python -m autograder handout")
    with _writing(target, KIT) as path:
        origin = kit.build(REPOSITORY, path, secret, torch_source)
    say(f"{target}: {target.stat().st_size / 1024:.0f} KiB; hidden seeds from {origin}")


@app.command()
def grade(
    submission: Annotated[Path, typer.Argument(help="A zip or a folder, as a student hands it in.")],
    kit_zip: Annotated[Path, typer.Option("--kit", help="The autograder to grade with.")] = Path(
        "build/autograder.zip"
    ),
    json_file: Annotated[Path | None, typer.Option("--json", help="Also write results.json here.")] = None,
    picture: Annotated[Path | None, typer.Option(help="Also save what is printed, as an SVG.")] = None,
) -> None:
    """Grade one submission here, with the same engine as on Gradescope."""
    if not (submission.is_file() or submission.is_dir()):
        raise typer.BadParameter(f"there is no zip and no folder at {submission}")
    _demand_room(json_file, RESULTS)
    _demand_room(picture, PICTURE)
    if not kit_zip.exists():
        say(f"{kit_zip} is not there yet: building it")
        with _writing(kit_zip, KIT) as target:
            kit.build(REPOSITORY, target)
    elif kit.built_from(kit_zip) != kit.inputs(REPOSITORY):
        warn(f"{kit_zip} was built before something here has changed; build it again to grade with that")
    rehearsed = rehearsal.rehearse(kit_zip, submission, REPOSITORY)
    show(rehearsed)
    _save(json_file, RESULTS, json.dumps(rehearsed.results, indent=1))
    _save(picture, PICTURE, pictured.export_svg(title=f"python -m autograder grade {submission.name}"))


@app.command()
def demo(out: Folder = Path("build")) -> None:
    """Make everything and grade the solution, the skeleton and half-done submissions: what `make grade` calls."""
    with _writing(out / "handout.zip", HANDOUT) as target:
        handout.write_zip(REPOSITORY, target)
    build(out)
    with _writing(out / "solution.zip", "manifest.json"):
        submissions = demonstration.submissions(REPOSITORY, out)
    for name, archive in submissions.items():
        console.rule(f"[bold]{name}")
        rehearsed = rehearsal.rehearse(out / "autograder.zip", archive, REPOSITORY)
        _save(out / "results" / f"{name}.json", RESULTS, json.dumps(rehearsed.results, indent=1))
        show(rehearsed)
        got, full = (sum(row[key] for row in rehearsed.results["tests"]) for key in ("score", "max_score"))
        if rehearsed.status or got != {"solution": full, "skeleton": 0}.get(name, got):
            sys.exit(f"{name}: {got:g} of {full:g} points are not what it should get; see above")


@app.command()
def bench(
    kit_zip: Annotated[
        Path | None, typer.Option("--kit", help="The autograder to measure; default: a fresh one.")
    ] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Also write the figures here.")] = None,
    repetitions: Annotated[int, typer.Option(min=1, help="Cold runs of each kind; the median counts.")] = 5,
    submissions: Annotated[int, typer.Option(min=1, help="Warm submissions of each kind.")] = 50,
    quick: Annotated[bool, typer.Option("--quick", help="Once, with few tests: only to see that it works.")] = False,
    attack: Annotated[
        bool, typer.Option("--attacks", help="Instead: attack this grader and two ordinary ones.")
    ] = False,
    told: Annotated[
        bool, typer.Option("--feedback", help="Instead: show what students are told of wrong attempts.")
    ] = False,
    attempts: Annotated[
        list[Path] | None,
        typer.Option(help="A folder of attempts; may be given again. Default: autograder/bench/attempts."),
    ] = None,
    only: Annotated[str, typer.Option(help="Of the attacks or attempts, those with this in their name.")] = "",
) -> None:
    """Measure how fast grading is, beside a grader without isolation. Quiet machines give better figures."""
    mark = FIGURES["feedback" if told else "attacks" if attack else "speed"]
    _demand_room(json_file, mark)
    if told:
        _show_feedback(attempts or [feedback.SETS], only, json_file)
        return
    plan = speed.Plan(1, 1, whole=False) if quick else speed.Plan(repetitions, submissions)
    with tempfile.TemporaryDirectory() as folder:
        if kit_zip is None:
            kit_zip = Path(folder) / "autograder.zip"
            kit.build(REPOSITORY, kit_zip, secret="bench")  # any: the figures do not depend on it
        if attack:
            attacks.main(REPOSITORY, kit_zip, only, json_file)
            return
        with _progress() as progress:
            task = progress.add_task("", total=plan.steps)

            def advance(what: str) -> None:
                progress.update(task, description=what, advance=1)

            figures = speed.measure(REPOSITORY, kit_zip, plan, advance)
    _save(json_file, mark, json.dumps(asdict(figures), indent=1) + "\n")
    print(report.markdown(figures))


def _show_feedback(folders: list[Path], only: str, json_file: Path | None) -> None:
    """Print what is told of every attempt; fail where a judgement or a right solution no longer holds."""
    sets = feedback.load(folders, contract())
    with _progress() as progress:
        task = progress.add_task("", total=sum(1 + len(each.attempts) for each in sets))
        found = feedback.measure(
            REPOSITORY, sets, only, lambda name: progress.update(task, description=name, advance=1)
        )
    _save(json_file, FIGURES["feedback"], json.dumps(feedback.as_json(found), indent=1) + "\n")
    print("\n\n".join(feedback.show(found)))
    if found.complaints:
        raise typer.Exit(1)


@app.command(name="mutants")
def try_mutants(
    only: Annotated[str, typer.Option(help="Of the solution's files, those with this in their name.")] = "",
) -> None:
    """Change the solution in thousands of small ways, and show which of them the graded tests do not notice."""
    found = mutants.batches(REPOSITORY, answers.graded_tests(REPOSITORY), only)
    if not found:
        raise typer.BadParameter(f"no graded file has {only!r} in its name")
    total = sum(len(batch.mutants) for batch in found)
    with _progress() as progress, store.workers() as mapper:
        task = progress.add_task("mutants", total=total)
        alive = mutants.survey(found, mapper, lambda done: progress.update(task, advance=done))
    known = mutants.unnoticed()
    new = [mutant for mutant in alive if mutant.key not in known]
    for mutant in new:
        print(f"{mutant.file}:{mutant.line}\n  - {mutant.before}\n  + {mutant.after}")
    gone = known.keys() & {mutant.key for batch in found for mutant in batch.mutants} - {each.key for each in alive}
    for file, before, after in sorted(gone):
        print(f"{file}: noticed by now, and still in {mutants.UNNOTICED.name}\n  - {before}\n  + {after}")
    noticed, looked_at = total - len(alive), len(alive) - len(new)
    print(f"{total:,} mutants: {noticed:,} noticed, {looked_at} looked at before, {len(new)} to be looked at")
    if new or gone:
        raise typer.Exit(1)


@app.command(name="credit")
def show_credit(
    only: Annotated[str, typer.Option(help="Of the deliverables, those with this in their id.")] = "",
) -> None:
    """Show what share of each deliverable's points unfinished code would get."""
    found = credit.trials(REPOSITORY, answers.graded_tests(REPOSITORY), only)
    if not found:
        raise typer.BadParameter(f"no deliverable has {only!r} in its id")
    with store.workers() as mapper:
        shares = credit.survey(found, mapper)
    print(credit.markdown(shares))
    if wrong := credit.unexpected(shares):
        print("\n".join(wrong))
        raise typer.Exit(1)


def _progress() -> Progress:
    """A bar on standard error, where it does not disturb what is copied from standard output."""
    columns = (TextColumn("{task.description:<24}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True)


def say(text: str) -> None:
    """Print a line as it is: a path may hold what rich takes for markup."""
    console.print(text, markup=False)


def warn(text: str) -> None:
    console.print(text, style="yellow", markup=False)


def _save(path: Path | None, mark: str, text: str) -> None:
    if path:
        with _writing(path, mark) as target:
            replace(target, text.encode())


def _demand_room(path: Path | None, mark: str) -> None:
    """Say before the work that a file is not written."""
    if path and (refused := refusal(path, mark)):
        raise typer.BadParameter(f"{path} cannot be written: {refused}; name another file")


@contextlib.contextmanager
def _writing(path: Path, mark: str) -> Iterator[Path]:
    """Say in one sentence which file cannot be written, and why; its path behind a link is what the block gets.

    Args:
        mark: what stands in a file of this kind, so that nothing else is replaced.
    """
    _demand_room(path, mark)
    try:
        yield path.resolve()
    except OSError as error:
        place = Path(error.filename or path)
        if not (place.is_relative_to(path.parent.resolve()) or path.absolute().is_relative_to(place.absolute())):
            raise  # something else has failed
        raise typer.BadParameter(f"{path} cannot be written: {error.strerror or error}") from None


def contract() -> Assignment:
    return Assignment.load(REPOSITORY / "student" / "assignment.json")


def show(rehearsed: rehearsal.Rehearsal) -> None:
    """Print a table of deliverables with points and first failures, then each different message once."""
    assignment = contract()
    table = Table(box=None, pad_edge=False)
    for header, justify in (("", "left"), ("deliverable", "left"), ("points", "right"), ("first failure", "left")):
        table.add_column(header, justify=cast(JustifyMethod, justify))
    messages: dict[str, str] = {}
    for deliverable in assignment.deliverables:
        rows = [row for row in rehearsed.results["tests"] if row["number"].startswith(f"{deliverable.number}.")]
        failed = next((row for row in rows if row["status"] == "failed"), None)
        table.add_row(deliverable.number, deliverable.title, _points(rows), escape(_failure(failed, messages)))
    table.add_row("", "[bold]Total", f"[bold]{_points(rehearsed.results['tests'])}", "")
    if rehearsed.results["score"] != round(sum(row["score"] for row in rehearsed.results["tests"]), 2):
        table.add_row("", "[bold]Score", f"[bold]{rehearsed.results['score']:g}", "")
    for paragraph in _remarks(rehearsed.results["output"]):
        pictured.print(f"{paragraph}\n", markup=False)
    pictured.print(table)
    for message, number in messages.items():
        pictured.print(Padding(f"\n[bold]{number}[/bold] {escape(message)}", (0, 0, 0, 2)))
    for problem in rehearsed.results["extra_data"].get("isolation", []):
        console.print(f"\n[yellow]{escape(problem)}[/yellow]")
    if rehearsed.status:
        console.print(f"\n[red]the grader failed and printed:[/red]\n{escape(rehearsed.log)}")
    pictured.print(f"\nGraded in {rehearsed.seconds:.1f} s, with at most {rehearsed.peak_mib:.0f} MiB of memory.\n")


def _remarks(output: str) -> list[str]:
    """What the student reads above the rows, without the heading and the sums, which the table shows."""
    return [paragraph for paragraph in output.split("\n\n")[1:] if not paragraph.startswith("Part ")]


def _failure(row: dict[str, Any] | None, messages: dict[str, str]) -> str:
    """What a table's row says of its first failure; its message, when it is new, is noted with its number."""
    if row is None:
        return ""
    message = row["output"].split("\n\n", 1)[-1]
    if message.startswith("Not started"):
        return "not started"
    if message in messages:
        return f"as {messages[message]}"
    messages[message] = row["number"]
    return f"{row['number']} {row['name'].split(': ', 1)[1]}"


def _points(rows: list[dict[str, Any]]) -> str:
    got, full = (sum(row[key] for row in rows) for key in ("score", "max_score"))
    return f"[{'green' if got == full else 'red' if got == 0 else 'yellow'}]{got:g}[/] of {full:>3g}"


def main() -> None:
    """Run a command; a mistake that a person can mend is one sentence, not a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # rather than stop at a letter that the terminal lacks
    try:
        app(standalone_mode=True)
    except (
        handout.HandoutError, RubricError, answers.AnswersError, Unsteady, ContractError, rehearsal.RehearsalError,
        speed.BenchError, kit.KitError, catalogue.CatalogueError, feedback.AttemptsError,
    ) as error:  # fmt: skip
        sys.exit(f"{type(error).__name__}: {error}")
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS):
            raise
        sys.exit(f"{error.filename or 'the output'} cannot be written or read: {error.strerror}")


if __name__ == "__main__":
    main()
