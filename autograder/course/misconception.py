"""Learning from wrong answers: `python -m autograder misconception list --from DIR`, and `add`."""

import base64
import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated

import typer

from autograder import REPOSITORY
from autograder.course import clusters as grouping
from autograder.course import drafts, kits
from autograder.course.clusters import Cluster
from autograder.course.commands import say
from autograder.course.drafts import Draft, DraftError
from autograder.course.graders import MORE_SECONDS, Answer, Grader, GraderDied, GraderError
from autograder.course.handins import HandIn
from autograder.course.record import NAME, Record
from autograder.prepare import catalogue
from autograder.prepare.catalogue import CatalogueError
from autograder.prepare.kit import KitError
from harness.words import abridged, printable

app = typer.Typer(
    no_args_is_help=True,
    help="Write mistakes that several students share into the catalogue, for hints to the next class.",
)
Class = Annotated[Path, typer.Option("--from", help="The folder of a graded class.", file_okay=False)]
TRIED = "draft"  # the id of the solution with a draft, among submissions


@app.command(name="list")
def list_clusters(folder: Class) -> None:
    """Show wrong outcomes that three students or more share and no hint explains."""
    with Record(folder / NAME) as record:
        found = grouping.clusters(record, REPOSITORY)
    for cluster in found:
        say(heading(cluster))
        for line in (*cluster.message.splitlines(), *cluster.difference, *cluster.lines):
            say(f"    {line}")
    if not found:
        say(f"{folder}: no three submissions have the same wrong outcome without a hint")


@app.command()
def add(
    folder: Class,
    number: Annotated[int, typer.Option("--cluster", help="The cluster's number in the report.")],
    name: Annotated[str, typer.Option(help="What the mistake is called: letters, digits and _.")] = catalogue.UNNAMED,
    hint: Annotated[str, typer.Option(help="What students with this mistake read.")] = drafts.HINT,
    kit_zip: Annotated[
        Path, typer.Option("--kit", help="The autograder that the class was graded with; it tries the draft.")
    ] = Path("build/autograder.zip"),
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show the entry.")] = False,
) -> None:
    """Write a draft of a cluster's mistake into the catalogue of misconceptions."""
    with Record(folder / NAME) as record:
        found = grouping.clusters(record, REPOSITORY)
        cluster = next((cluster for cluster in found if cluster.number == number), None)
        if cluster is None:
            raise DraftError(_unknown(number, found, folder))
        path = REPOSITORY / _file(cluster, name)
        entry = cluster.draft.toml(name, hint)
        print(printable(entry, keep="\n"))
        if cluster.draft.before:
            for sentence in _trial(record, cluster, kit_zip):
                say(sentence)
    if dry_run:
        say(f"Nothing is written. Without --dry-run the entry is added to {path}")
        return
    drafts.add(path, entry)
    say(f"{path}: added. Next:")
    for step in _next(cluster.draft, name, hint):
        say(f"  - {step}")


def heading(cluster: Cluster) -> str:
    """A cluster in one line."""
    tests = abridged(cluster.tests)
    return f"Cluster {cluster.number}: {len(cluster.submissions)} submissions, {cluster.deliverable}, {tests}"


def _unknown(number: int, found: list[Cluster], folder: Path) -> str:
    if not found:
        return f"--cluster {number}: {folder} has no clusters"
    return "\n".join([f"--cluster {number}: {folder} has no such cluster, but", *map(heading, found)])


def _file(cluster: Cluster, name: str) -> Path:
    """The file of the catalogue that gets a cluster's entry, relative to the repository.

    Raises:
        DraftError: where the deliverable is not in the rubric, and for a name that cannot be used.
    """
    known = {deliverable.id: deliverable for deliverable in catalogue.deliverables(REPOSITORY)}
    if cluster.deliverable not in known:
        raise DraftError(f"the rubric has no deliverable {cluster.deliverable}: the class was graded with another one")
    deliverable = known[cluster.deliverable]
    path = catalogue.file_of(deliverable)
    if not (name.isascii() and name.isidentifier()):
        raise DraftError(f"--name: expected letters, digits and _, found {name}")
    if name in catalogue.names(REPOSITORY, deliverable):
        advice = "complete it, or give this one a --name" if name == catalogue.UNNAMED else "choose another --name"
        raise DraftError(f"{path} has an entry {name}: {advice}")
    return path


def _next(draft: Draft, name: str, hint: str) -> Iterator[str]:
    """What a person has to do with an added entry."""
    if not draft.before:
        yield "write before and after"
    else:
        yield "read after: it is a student's code, and `answers` runs it on this machine without isolation"
    if name == catalogue.UNNAMED:
        yield "name the mistake"
    if hint == drafts.HINT:
        yield "write the hint"
    yield "run python -m autograder answers, which says whether tests and hints tell this mistake from the others"


def _trial(record: Record, cluster: Cluster, kit_zip: Path) -> Iterator[str]:
    """Grade the solution with the draft, isolated like any submission; say in which tests it has the same outcome."""
    try:
        answer = _graded(record, cluster, kit_zip)
    except (KitError, GraderError, GraderDied, CatalogueError) as error:
        yield f"The draft was not tried: {error}"
        return
    shown: Mapping[str, tuple[str, str]] = answer["unexplained"]  # identifier of the case, and outcome in base64
    same = [test for test in cluster.tests if test in shown and _is_same(record, cluster, test, *shown[test])]
    if same:
        others = [test for test in cluster.tests if test not in same]
        more = f", and another one in {abridged(others)}" if others else ""
        yield f"The solution with this draft has the same outcome in {abridged(same)}{more}."
    else:
        yield "The solution with this draft has another outcome than these submissions: their mistake is elsewhere."
    yield from answer["isolation"]


def _graded(record: Record, cluster: Cluster, kit_zip: Path) -> Answer:
    """What grading the solution with the draft gives.

    Raises:
        KitError: for a kit that has not graded the class.
        GraderError, GraderDied: where grading is not possible.
        CatalogueError: where the solution is no longer the one that the draft was made from.
    """
    kit = kits.facts(kit_zip)
    if kit.digest != record.kit():
        raise KitError(f"the class was graded with another kit than {kit_zip}")
    files = {path: (REPOSITORY / "solution" / path).read_text(encoding="utf-8") for path in kit.assignment.files}
    file = kit.assignment.deliverable(cluster.deliverable).file
    files[file] = catalogue.apply(cluster.draft.entry(file), files[file])
    request = {
        "files": {path: base64.b64encode(text.encode()).decode() for path, text in files.items()},
        "metadata": HandIn(TRIED, Path()).metadata(),
        "notes": [],
        "notebooks": [],
        "overrides": {},
    }
    with contextlib.closing(Grader(kit_zip, REPOSITORY, [record.path.parent])) as grader:
        answer = grader.ask(request, kit.seconds + MORE_SECONDS)
    if "unexplained" not in answer:
        raise GraderDied(str(answer.get("failed", answer.get("refused"))))
    return answer


def _is_same(record: Record, cluster: Cluster, test: str, identifier: str, content: str) -> bool:
    rows = [row for row in record.unexplained(test) if row[0] in cluster.submissions]
    groups = grouping.equal([*rows, (TRIED, identifier, base64.b64decode(content))])
    return any(TRIED in group and len(group) > 1 for group in groups)
