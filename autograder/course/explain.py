"""The command `explain`: one test of one submission, with what was expected beside what came.

Everything that student code has made is printed without control characters, and never as rich's markup.
"""

import ast
import base64
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from autograder import REPOSITORY
from autograder.course import content, kits
from autograder.course.batch import Task
from autograder.course.comparison import Compared, compare
from autograder.course.errors import CourseError
from autograder.course.graders import MORE_SECONDS, Answer, Grader, GraderDied
from autograder.course.handins import HandIn
from autograder.course.kits import KitFacts
from autograder.course.matching import Members
from autograder.course.record import NAME, Record
from autograder.grade.kit import PUBLIC
from autograder.grade.policy import points
from harness.graded import GradedTest
from harness.judge import Kind
from harness.outcome import Outcome, decode
from harness.words import abridged, joined, printable, shown

LONGEST_NAME = 32  # of a value, in one line
SECRET = "Hidden inputs: do not forward what follows, or words about it, to students."


class ExplainError(CourseError):
    """A test that cannot be shown; the message says why, and what to do."""


@dataclass(frozen=True)
class Graded:
    """A submission's files, and its row of results.json; None where the row is missing."""

    who: str
    files: Mapping[str, str]
    row: Mapping[str, Any] | None


def explain(
    submission: Annotated[str, typer.Argument(help="A zip or a folder; with --from a student or a submission's id.")],
    test: Annotated[str, typer.Argument(help="The test's number, such as 1.2.3.")],
    kit_zip: Annotated[Path, typer.Option("--kit", help="The autograder to run it with.")] = Path(
        "build/autograder.zip"
    ),
    folder: Annotated[
        Path | None, typer.Option("--from", help="The folder of a graded class, where the submission is.")
    ] = None,
    seed: Annotated[
        str, typer.Option(help="public, hidden-1, ... Default: the first inputs with which the test fails.")
    ] = "",
) -> None:
    """Run one test of a submission again: what was expected beside what came, and the traceback. For staff alone."""
    kit = kits.facts(kit_zip)
    if not (found := [known for known in kit.tests if known.number == test]):
        raise ExplainError(f"{kit_zip} has no test {shown(test)}; it has {abridged(kit.points, 3)}")
    if seed and seed not in kit.seeds:
        raise ExplainError(f"--seed {shown(seed)}: expected one of {joined(kit.seeds, 'or')}")
    closed = [place for place in (folder, Path(submission)) if place and place.is_dir()]
    with closing(Grader(kit_zip, REPOSITORY, closed)) as grader:
        graded = _of_class(folder, submission, test, kit) if folder else _of_path(Path(submission), test, kit, grader)
        seeds = (seed,) if seed else kit.seeds
        answer = _ask(grader, {"files": graded.files, "explain": test, "seeds": seeds}, kit)
    Console(highlight=False).print(Group(*_page(graded, found[0], seeds, answer)))


def _of_class(folder: Path, name: str, test: str, kit: KitFacts) -> Graded:
    """A submission of a graded class, as the class was graded."""
    with Record(folder / NAME) as record:
        submissions = {submission.id: submission for submission in record.submissions()}
        try:
            id, _ = Members(submissions.values()).find(name)
        except LookupError as error:
            raise ExplainError(f"{folder}: {error}") from None
        files = {path: base64.b64encode(data).decode() for path, data in record.content(id).files.items()}
        other = any(item.kit != kit.digest for item in record.items(test, id))
        who = f"{submissions[id]}{', who was graded with another kit' if other else ''}"
        return Graded(who, files, _row(record.results(id), test))


def _of_path(path: Path, test: str, kit: KitFacts, grader: Grader) -> Graded:
    """A zip or a folder, which is graded as a whole first: only so are the hint and the points those of the student."""
    if not path.exists():
        raise ExplainError(
            f"{shown(str(path))} does not exist: name a zip or a folder; for one of a graded class add --from DIR"
        )
    request = Task(HandIn("submission", path), partial(content.read, assignment=kit.assignment), {}, Path()).request()
    return Graded(path.name, request["files"], _row(_ask(grader, request, kit)["results"], test))


def _row(results: Mapping[str, Any] | None, test: str) -> Mapping[str, Any] | None:
    return next((row for row in (results or {}).get("tests", ()) if row["number"] == test), None)


def _ask(grader: Grader, request: Mapping[str, Any], kit: KitFacts) -> Answer:
    try:
        answer = grader.ask(request, kit.seconds + MORE_SECONDS)
    except GraderDied as error:
        answer = {"failed": str(error)}
    if "refused" in answer:
        raise ExplainError(f"the test cannot be run: {printable(str(answer['refused']))}")
    if "failed" in answer:
        why = f"{kit.path} cannot run the test: {printable(str(answer['failed']))}"
        raise ExplainError(f"{why}; if an earlier version of this project has built it, build it again")
    return answer


# What is printed.


def _page(graded: Graded, test: GradedTest, tried: Sequence[str], answer: Answer) -> Iterator[RenderableType]:
    cases, seed = answer["cases"], answer["seed"]
    case = next((case for case in cases if case["kind"] != Kind.PASSED), cases[0])
    expected, got = _outcome(case["expected"]), _outcome(case["got"]) if case["got"] else Outcome()
    inputs = joined(tried) if case["kind"] == Kind.PASSED else seed
    yield Text.assemble((f"{test.number} {test.title}", "bold"), f", of {printable(graded.who)}")
    yield Text(f"{source(test)}\n{test.summary}")
    yield from _block("What the student reads", *_result(graded.row, test))
    secret = [] if seed == PUBLIC else [Text(SECRET, "bold red")]
    yield from _block(f"Run again with the inputs {inputs}", *secret, *_verdict(cases, case, graded.row))
    if answer["traceback"]:
        yield from _block("The exception, in the student's files", _plain("\n".join(answer["traceback"])))
    if answer["output"]:
        yield from _block("What the student's code printed", _plain(answer["output"]))
    compared = compare(expected, got, test.tolerance)
    yield from _block("Values", *_table(expected, compared))
    for value in compared:
        if value.excerpt:
            yield from _block(value.name, _plain("\n".join(value.excerpt)))
    yield from (_plain(f"\n{sentence}") for sentence in answer["isolation"])


def source(test: GradedTest) -> str:
    """The file and the line of a test's function in this repository."""
    name = f"tests/{test.module}"
    try:
        tree = ast.parse((REPOSITORY / name).read_text(encoding="utf-8"))
    except OSError:
        return f"{name}, which is not in this repository"
    lines = [node.lineno for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == test.name]
    return f"{name}:{lines[0]}" if lines else f"{name}, which has no {test.name} now"


def _block(title: str, *content: RenderableType) -> Iterator[RenderableType]:
    yield _plain(f"\n{title}", "bold")
    yield from (Padding(each, (0, 0, 0, 2)) for each in content)


def _result(row: Mapping[str, Any] | None, test: GradedTest) -> Iterator[Text]:
    if row is None:
        yield Text("There is no result of this test.")
        return
    yield Text(f"{points(row['score'])} of {points(row['max_score'])} points, {row['status']}")
    yield _plain(row["output"].removeprefix(test.summary).strip("\n"))


def _verdict(
    cases: Sequence[Mapping[str, Any]], case: Mapping[str, Any], row: Mapping[str, Any] | None
) -> Iterator[Text]:
    if case["kind"] == Kind.PASSED:
        yield Text("It passes.", "green")
    elif row and case["message"] in row["output"]:
        yield Text("It fails in the same way.")
    else:
        yield _plain(f"{case['case']}:\n{case['message']}" if case["case"] else case["message"])
    failed = [each["case"].removeprefix("In the case ") for each in cases if each["kind"] != Kind.PASSED]
    if len(cases) > 1 and failed:
        yield Text(f"{len(failed)} of {len(cases)} cases fail; the values below are of the first: {'; '.join(failed)}.")


def _table(expected: Outcome, compared: Sequence[Compared]) -> Iterator[RenderableType]:
    """The sizes of the inputs, and a line for each value."""
    if expected.sizes:
        yield Text(f"Sizes of the inputs: {', '.join(f'{name} = {size}' for name, size in expected.sizes.items())}")
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    longest = max((len(value.name) for value in compared), default=0)
    table.add_column("value", min_width=min(longest, LONGEST_NAME), overflow="fold")
    for header in ("expected", "came", "difference"):
        table.add_column(header, overflow="fold")
    for value in compared:
        cells = (value.name, value.expected, value.got, value.difference)
        table.add_row(*map(_plain, cells), style="" if value.right else "red")
    yield table


def _plain(text: str, style: str = "") -> Text:
    """Text that student code may have made: without markup and control characters."""
    return Text(printable(text, keep="\n"), style)


def _outcome(text: str) -> Outcome:
    (outcome,) = decode(base64.b64decode(text))[0].values()
    return outcome
