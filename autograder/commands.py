"""What each of the instructor's commands does."""

import contextlib
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

from autograder import REPOSITORY
from autograder.bench import attacks, course_command, feedback, speed, speed_table
from autograder.bench.workbench import commands as workbench_commands
from autograder.course import combine, correct, explain, misconception
from autograder.course import commands as course_commands
from autograder.course.errors import CourseError
from autograder.course.similarity_command import similarity
from autograder.prepare import (
    answers,
    catalogue,
    course,
    credit,
    demonstration,
    guide,
    handout,
    kit,
    mutants,
    new_part,
    proof,
    rehearsal,
    rules,
    store,
    weak_tests,
)
from autograder.prepare.files import refusal, replace, update
from autograder.prepare.junit import report as junit_report
from harness.answers import Unsteady
from harness.collect import ContractError
from harness.contract import Assignment
from harness.words import abridged
from workbench.errors import WorkbenchError

app = typer.Typer(no_args_is_help=True, add_completion=False)
console = Console(highlight=False)
pictured = Console(highlight=False, record=True)  # what --picture saves: nothing that concerns this machine alone

Secret = Annotated[
    str | None,
    typer.Option(help="The secret of the hidden seeds. Default: $ASSIGNMENT_SECRET, else .secrets/term."),
]
# A text that is in every file of a kind. A file that somebody has named is replaced only if it holds this text.
HANDOUT, KIT, RESULTS, PICTURE = "student/assignment.json", "kit.json", '"extra_data"', "rich-terminal"
JUNIT = "<testsuites"
CLASS = "After the deadline"  # the heading of a class's commands in --help
FIGURES = {"speed": '"cold_ratio"', "attacks": '"counts"', "feedback": '"complaints"'}


def _is_folder(out: Path) -> Path:
    """Refuse a name that looks like a file's."""
    if out.is_file() or (out.suffix and not out.exists()):
        raise typer.BadParameter(f"{out}: expected a folder; to use this name, make the folder first")
    return out


@app.callback()
def options(
    rubric: Annotated[
        Path | None, typer.Option(help=f"A rubric to lay over the shipped one. Default: ${course.VARIABLE}.")
    ] = None,
) -> None:
    """Make the handout, build the autograder, grade."""
    del rubric  # taken in __main__.py, before anything heavy is imported


Folder = Annotated[Path, typer.Option(help="The folder to write to.", callback=_is_folder)]
TorchSource = Annotated[str, typer.Option(help="pip's options that install torch's CPU build in the image.")]


@app.command(name="handout")
def make_handout(
    check: Annotated[
        bool, typer.Option("--check", help="Only say whether student/ is up to date; exit with 1 if not.")
    ] = False,
    zip: Annotated[Path | None, typer.Option(help="Also pack the handout for students into this file.")] = None,
) -> None:
    """Derive student/ and its contract from solution/ and the rubric."""
    if check and zip:
        raise typer.BadParameter("--check writes nothing: give --check or --zip, not both")
    if check:
        if difference := handout.drift(REPOSITORY):
            print(difference)
            console.print("student/ differs from what solution/ gives; run [bold]python -m autograder handout[/bold]")
            raise typer.Exit(1)
        console.print("student/ is up to date.")
        return
    derived = handout.derive(REPOSITORY)
    edited = handout.edited(REPOSITORY, derived)
    changed = handout.write(REPOSITORY, derived)
    if aside := [f"student/{name}" for name in edited if name in changed]:
        warn(f"{', '.join(aside)}: derived again from solution/; copies of your edits are in {handout.REPLACED}/")
    console.print(f"student/: {len(changed)} files written" if changed else "student/: nothing to do")
    if zip:
        with _writing(zip, HANDOUT) as target:
            handout.write_zip(REPOSITORY, target)
        say(f"{zip}: {zip.stat().st_size / 1024:.0f} KiB")


@app.command(name="new-part")
def make_new_part(
    name: Annotated[str, typer.Argument(help="The part's id, which names its folders: small letters, digits, '_'.")],
    deliverable: Annotated[
        list[str] | None, typer.Option(help="A deliverable's name; may be given again. Default: Layer.")
    ] = None,
    workbench: Annotated[
        bool, typer.Option("--workbench", help="Its models are trained: a folder in workbench/.")
    ] = False,
    notebook: Annotated[bool, typer.Option("--notebook", help="Also write a notebook.")] = False,
) -> None:
    """Write a tiny solved exercise with everything that a part has, to be replaced piece by piece."""
    for path in new_part.write(REPOSITORY, name, deliverable or ["Layer"], workbench, notebook):
        say(str(path))
    say(f"Next: python -m autograder handout; {store.COMMAND}")


@app.command(name="answers")
def make_answers(
    secret: Secret = None,
    report: Annotated[
        bool, typer.Option("--report", help="Only list weak tests and hidden mistakes, from stored answers.")
    ] = False,
    everything: Annotated[bool, typer.Option("--all", help="Make everything again, changed or not.")] = False,
) -> None:
    """Run solution and misconceptions where something has changed; store the answers and write the guide."""
    if report:
        store.check_public(REPOSITORY)
        tests = kit.graded(REPOSITORY)
        weak_tests.show(console, store.load_public(REPOSITORY, tests), tests)
        return
    for page in (REPOSITORY / guide.FOLDER).glob("*.md"):
        _demand_room(page, store.COMMAND)  # each of our pages names this command
    key, origin = answers.term_secret(REPOSITORY, secret)
    tests = answers.graded_tests(REPOSITORY)  # including those of deliverables that are switched off
    graded = kit.graded_by(course.load(REPOSITORY), tests)
    changed = store.stale(REPOSITORY) | guide.missing(REPOSITORY)
    wanted = [test for test in tests if everything or test.module in changed]
    for module, names in changed.items():
        say(f"{module}: {abridged(names, 3)} changed")
    with store.workers() as mapper:
        made = store.add_quality(REPOSITORY, wanted, store.make_public(REPOSITORY, wanted, mapper), mapper)
        store.keep_public(REPOSITORY, made)
        for page, text in guide.pages(REPOSITORY, tests, made).items():
            update(REPOSITORY / page, text.encode())
        complaints = {**made.complaints, **store.renew_hidden(REPOSITORY, graded, key, mapper, everything)}
    counts = f"{len(made.answers.outcomes)} answers and {len(made.failed)} misconceptions made again"
    say(f"{counts if wanted else 'nothing has changed'}; hidden seeds from {origin}")
    if complaints:
        raise answers.AnswersError("not written:\n" + "\n".join(complaints.values()))
    for complaint in rules.complaints(REPOSITORY, graded):
        warn(complaint)


@app.command()
def build(
    out: Folder = Path("build"),
    secret: Secret = None,
    torch_source: TorchSource = kit.TORCH_SOURCE,
) -> None:
    """Make autograder.zip for Gradescope, which holds no solution, and prove it."""
    _build(out / "autograder.zip", secret, torch_source)


def _build(target: Path, secret: str | None = None, torch_source: str = kit.TORCH_SOURCE) -> None:
    with _built(target, secret, torch_source) as built:
        if proof.is_possible():
            say(f"proof: {'; '.join(proof.prove(REPOSITORY, built))}")
        else:
            warn("not proven: grading needs Linux. Build on Linux, or try the kit with Gradescope's Test Autograder")


@contextlib.contextmanager
def _built(target: Path, secret: str | None = None, torch_source: str = kit.TORCH_SOURCE) -> Iterator[Path]:
    """Build a kit elsewhere for the block, which proves it; the target is written if the block does not fail."""
    with _writing(target, KIT) as path, tempfile.TemporaryDirectory(prefix="build-") as folder:
        built = Path(folder) / target.name
        origin = kit.build(REPOSITORY, built, secret, torch_source)
        yield built
        replace(path, built.read_bytes())
    say(f"{target}: {target.stat().st_size / 1024:.0f} KiB; hidden seeds from {origin}")


@app.command()
def grade(
    submission: Annotated[Path, typer.Argument(help="A zip or a folder, as a student hands it in.")],
    kit_zip: Annotated[Path, typer.Option("--kit", help="The autograder to grade with.")] = Path(
        "build/autograder.zip"
    ),
    json_file: Annotated[Path | None, typer.Option("--json", help="Also write results.json here.")] = None,
    picture: Annotated[Path | None, typer.Option(help="Also save the result as an SVG picture.")] = None,
    metadata: Annotated[
        Path | None,
        typer.Option(help="A submission_metadata.json, to try what lateness costs.", exists=True, dir_okay=False),
    ] = None,
    junit: Annotated[Path | None, typer.Option(help="Also write a test report that a CI shows.")] = None,
    at_least: Annotated[float | None, typer.Option(help="Exit with 1 if the score is lower.")] = None,
) -> None:
    """Grade one submission here, with the same engine as on Gradescope."""
    if not (submission.is_file() or submission.is_dir()):
        raise typer.BadParameter(f"{submission} is neither a zip nor a folder")
    for path, mark in ((json_file, RESULTS), (picture, PICTURE), (junit, JUNIT)):
        _demand_room(path, mark)
    if not kit_zip.exists():
        say(f"{kit_zip} does not exist yet: building it")
        _build(kit_zip)
    elif kit.built_from(kit_zip) != kit.inputs(REPOSITORY):
        warn(f"{kit_zip} was built from other sources or another rubric; build it again to grade with those here")
    rehearsed = rehearsal.rehearse(kit_zip, submission, REPOSITORY, metadata=metadata)
    assignment = kit.contract(kit_zip)
    _save(junit, JUNIT, junit_report(rehearsed.results, assignment))
    _save(json_file, RESULTS, json.dumps(rehearsed.results, indent=1))
    show(rehearsed, assignment)
    for note in rehearsed.results["extra_data"].get("notes", []) if metadata else []:
        warn(f"note: {note}")
    _save(picture, PICTURE, pictured.export_svg(title=f"python -m autograder grade {submission.name}"))
    score = rehearsed.results["score"]
    if at_least is not None and score < at_least:
        warn(f"the score is {score:g}, and --at-least asks for {at_least:g}")
        raise typer.Exit(1)


@app.command()
def demo(out: Folder = Path("build")) -> None:
    """Build everything and grade the solution, the skeleton and half-done submissions (`make grade`)."""
    if not proof.is_possible():
        raise typer.BadParameter("grading needs Linux; here, run the commands `handout --zip FILE` and `build`")
    with _writing(out / "handout.zip", HANDOUT) as target:
        handout.write_zip(REPOSITORY, target)
    with _built(out / "autograder.zip") as built:  # the first two submissions prove it
        with _writing(out / "solution.zip", "manifest.json"):
            submissions = demonstration.submissions(REPOSITORY, out)
        for name, archive in submissions.items():
            console.rule(f"[bold]{name}")
            rehearsed = rehearsal.rehearse(built, archive, REPOSITORY)
            _save(out / "results" / f"{name}.json", RESULTS, json.dumps(rehearsed.results, indent=1))
            show(rehearsed, kit.contract(built))
            if name in proof.NAMES:
                say(f"proof of the kit: {proof.demand(name, rehearsed, course.load(REPOSITORY))}, as it must be\n")


app.command(name="batch", rich_help_panel=CLASS)(course_commands.batch)
app.command(name="explain", rich_help_panel=CLASS)(explain.explain)
app.command(name="correct", rich_help_panel=CLASS)(correct.correct)
app.command(name="similarity", rich_help_panel=CLASS)(similarity)
app.command(name="combine", rich_help_panel=CLASS)(combine.combine)
app.add_typer(misconception.app, name="misconception", rich_help_panel=CLASS)

bench_commands = typer.Typer()
bench_commands.command("course")(course_command.measure)
bench_commands.command("translation")(workbench_commands.translation)
bench_commands.command("language-model")(workbench_commands.language_model)
bench_commands.command("sentiment")(workbench_commands.sentiment)
app.add_typer(bench_commands, name="bench")


@bench_commands.callback(invoke_without_command=True)
def bench(
    context: typer.Context,
    kit_zip: Annotated[
        Path | None, typer.Option("--kit", help="The autograder to measure; default: a fresh one.")
    ] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Also write the figures here.")] = None,
    repetitions: Annotated[int, typer.Option(min=1, help="Cold runs of each kind; the median is reported.")] = 5,
    submissions: Annotated[int, typer.Option(min=1, help="Warm submissions of each kind.")] = 50,
    quick: Annotated[
        bool, typer.Option("--quick", help="Once, with few tests, only to see that the bench works.")
    ] = False,
    attack: Annotated[
        bool, typer.Option("--attacks", help="Attack this grader and two ordinary ones instead.")
    ] = False,
    told: Annotated[
        bool, typer.Option("--feedback", help="Show what students are told of wrong attempts instead.")
    ] = False,
    attempts: Annotated[
        list[Path] | None,
        typer.Option(help="A folder of attempts; can be repeated. Default: autograder/bench/attempts."),
    ] = None,
    only: Annotated[str, typer.Option(help="Only attacks or attempts with this text in their name.")] = "",
) -> None:
    """Measure how fast grading is, beside a grader without isolation; a COMMAND measures the workbench instead.

    A quiet machine gives better figures.
    """
    if context.invoked_subcommand is not None:
        return
    mark = FIGURES["feedback" if told else "attacks" if attack else "speed"]
    _demand_room(json_file, mark)
    if told:
        _show_feedback(attempts or [feedback.SETS], only, json_file)
        return
    plan = speed.Plan(1, 1, whole=False) if quick else speed.Plan(repetitions, submissions)
    with tempfile.TemporaryDirectory() as folder:
        if kit_zip is None:
            kit_zip = Path(folder) / "autograder.zip"
            kit.build(REPOSITORY, kit_zip, secret="bench")  # the figures do not depend on the secret
        if attack:
            attacks.main(REPOSITORY, kit_zip, only, json_file)
            return
        with _progress() as progress:
            task = progress.add_task("", total=plan.steps)

            def advance(step: str) -> None:
                progress.update(task, description=step, advance=1)

            figures = speed.measure(REPOSITORY, kit_zip, plan, advance)
    _save(json_file, mark, json.dumps(asdict(figures), indent=1) + "\n")
    print(speed_table.markdown(figures))


def _show_feedback(folders: list[Path], only: str, json_file: Path | None) -> None:
    """Print what students are told of every attempt; fail if a judgement or a right solution no longer holds."""
    sets = feedback.load(folders, contract())
    with _progress() as progress:
        task = progress.add_task("", total=sum(1 + len(attempt_set.attempts) for attempt_set in sets))
        report = feedback.measure(
            REPOSITORY, sets, only, lambda name: progress.update(task, description=name, advance=1)
        )
    _save(json_file, FIGURES["feedback"], json.dumps(feedback.as_json(report), indent=1) + "\n")
    print("\n\n".join(feedback.show(report)))
    if report.complaints:
        raise typer.Exit(1)


@app.command(name="mutants")
def try_mutants(
    only: Annotated[str, typer.Option(help="Only files of the solution with this text in their name.")] = "",
) -> None:
    """Make thousands of small changes of the solution, and show those that no graded test notices."""
    batches = mutants.batches(REPOSITORY, answers.graded_tests(REPOSITORY), only)
    if not batches:
        raise typer.BadParameter(f"no graded file has {only!r} in its name")
    total = sum(len(batch.mutants) for batch in batches)
    with _progress() as progress, store.workers() as mapper:
        task = progress.add_task("mutants", total=total)
        alive = mutants.survey(batches, mapper, lambda done: progress.update(task, advance=done))
    known = mutants.unnoticed()
    new = [mutant for mutant in alive if mutant.key not in known]
    for mutant in new:
        print(f"{mutant.file}:{mutant.line}\n  - {mutant.before}\n  + {mutant.after}")
    tried = {mutant.key for batch in batches for mutant in batch.mutants}
    gone = known.keys() & tried - {mutant.key for mutant in alive}
    for file, before, after in sorted(gone):
        print(f"{file}: noticed now, but still in {mutants.UNNOTICED.name}\n  - {before}\n  + {after}")
    noticed, looked_at = total - len(alive), len(alive) - len(new)
    print(f"{total:,} mutants: {noticed:,} noticed, {looked_at} looked at before, {len(new)} to be looked at")
    if new or gone:
        raise typer.Exit(1)


@app.command(name="credit")
def show_credit(
    only: Annotated[str, typer.Option(help="Only deliverables with this text in their id.")] = "",
) -> None:
    """Show what share of each deliverable's points unfinished code gets."""
    trials = credit.trials(REPOSITORY, answers.graded_tests(REPOSITORY), only)
    if not trials:
        raise typer.BadParameter(f"no deliverable has {only!r} in its id")
    with store.workers() as mapper:
        shares = credit.survey(trials, mapper)
    print(credit.markdown(shares))
    if wrong := credit.unexpected(REPOSITORY, shares):
        print("\n".join(wrong))
        raise typer.Exit(1)


def _progress() -> Progress:
    """A progress bar on standard error, so that standard output can be copied."""
    columns = (TextColumn("{task.description:<24}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True)


def say(text: str) -> None:
    """Print a line without markup, because rich would interpret brackets in a path."""
    console.print(text, markup=False)


def warn(text: str) -> None:
    console.print(text, style="yellow", markup=False)


def _save(path: Path | None, mark: str, text: str) -> None:
    if path:
        with _writing(path, mark) as target:
            replace(target, text.encode())


def _demand_room(path: Path | None, mark: str) -> None:
    """Refuse a file that cannot be written, before the work begins."""
    if path and (refused := refusal(path, mark)):
        raise typer.BadParameter(f"{path} cannot be written: {refused}; name another file")


@contextlib.contextmanager
def _writing(path: Path, mark: str) -> Iterator[Path]:
    """Give the block the path behind a link, and say in one sentence which file cannot be written, and why.

    Args:
        mark: a text in each file of this kind; no other file is replaced.
    """
    _demand_room(path, mark)
    try:
        yield path.resolve()
    except OSError as error:
        place = Path(error.filename or path)
        if not (place.is_relative_to(path.parent.resolve()) or path.absolute().is_relative_to(place.absolute())):
            raise  # another file has failed
        raise typer.BadParameter(f"{path} cannot be written: {error.strerror or error}") from None


def contract() -> Assignment:
    return Assignment.load(REPOSITORY / "student" / "assignment.json")


def show(rehearsed: rehearsal.Rehearsal, assignment: Assignment) -> None:
    """Print a table of deliverables with points and first failures, then each message once."""
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
    pictured.print(f"\nGraded in {rehearsed.seconds:.1f} s, with at most {rehearsed.peak_mib:.0f} MiB of memory.\n")


def _remarks(output: str) -> list[str]:
    """The paragraphs above the rows in the student's output, without those that the table replaces."""
    return [paragraph for paragraph in output.split("\n\n")[1:] if not paragraph.startswith("Part ")]


def _failure(row: dict[str, Any] | None, messages: dict[str, str]) -> str:
    """The table's cell for a first failure. A new message is stored in `messages` with the row's number."""
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


def run() -> None:
    """Run the command that the arguments name. What a person can mend is printed as a sentence."""
    try:
        app(standalone_mode=True)
    except (
        handout.HandoutError, answers.AnswersError, Unsteady, ContractError, rehearsal.RehearsalError, speed.BenchError,
        kit.KitError, catalogue.CatalogueError, new_part.NewPartError, feedback.AttemptsError, proof.ProofError,
        WorkbenchError, CourseError,
    ) as error:  # fmt: skip
        sys.exit(f"{type(error).__name__}: {error}")
