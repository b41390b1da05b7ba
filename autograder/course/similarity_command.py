"""`python -m autograder similarity`: who copied from whom."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer
from tqdm import tqdm

from autograder.course import dashboard
from autograder.course import pages as shared
from autograder.course.record import NAME as RECORD
from autograder.course.record import Record
from autograder.course.similarity import pages, report, works
from autograder.course.similarity.comparison import COMMON, THRESHOLD
from harness.words import shown

MOST = 10  # groups, names of a group, and pairs that are printed


def similarity(
    directory: Annotated[
        Path, typer.Argument(help="A graded class, or a folder of submissions.", exists=True, file_okay=False)
    ],
    earlier: Annotated[
        list[Path] | None,
        typer.Option(help="The same of an earlier term; may be given again.", exists=True, file_okay=False),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Where the pages' folder is made, default: DIRECTORY if it is a graded class; or --case's page."
        ),
    ] = None,
    threshold: Annotated[
        float,
        typer.Option(help="How unusual a pair has to be, as a power of ten: at 2, chance shows one in 100 classes."),
    ] = THRESHOLD,
    pairs: Annotated[int, typer.Option(min=1, help="The most pairs to make pages of, beside those of groups.")] = 100,
    common: Annotated[
        float, typer.Option(min=0, max=1, help="What more than this share of the works have counts little.")
    ] = COMMON,
    case: Annotated[
        tuple[str, str] | None,
        typer.Option(metavar="A B", help="Only write one page with everything about these two works, by identifier."),
    ] = None,
) -> None:
    """Find works that share more than independent works of this class do: a reason to read them, not a proof."""
    target = _target(directory, out, case is not None)
    ours = works.read(directory, _bar)
    before = _earlier(earlier or [])
    everyone = {**ours, **before}
    contract, answers, baseline = works.assignment(), _answers(directory), works.baseline()
    if case:
        found = report.find_one(ours, before, baseline, _bar, case, common)
        page = pages.of_pair(found.pairs[0], found, everyone, contract, answers)
        shared.write(target, page, pages.MARK)
        print(f"{target}: unusual {found.pairs[0].unusual:.1f}")
        return
    found = report.find(ours, before, baseline, _bar, threshold=threshold, most=pairs, common=common)
    for pair in _bar(found.all_pairs, "pages", len(found.all_pairs)):
        shared.write(target / pair.page, pages.of_pair(pair, found, everyone, contract, answers), pages.MARK)
    shared.write(target / "index.html", pages.index(found, contract), pages.MARK)
    report.save(found, target / report.NAME)
    if target.resolve() == (directory / dashboard.SIMILARITY).resolve():
        _refresh(directory)
    _remove_old(target, {pair.page for pair in found.all_pairs})
    for group in found.groups[:MOST]:
        names = ", ".join(map(shown, group.names[:MOST])) + (", ..." if len(group.names) > MOST else "")
        print(f"Nearly the same work: {len(group.ids)} submissions: {names}")
    groups, pairs = len(found.groups), len(found.pairs) + found.more
    print(f"{found.works} works, {groups} groups of nearly the same works, {pairs} other pairs to be read")
    for pair in found.pairs[:MOST]:
        print(f"{pair.unusual:7.1f}  {' and '.join(map(shown, pair.names))}")
    print(target / "index.html")


def _target(directory: Path, out: Path | None, is_case: bool) -> Path:
    if is_case:
        if out is None or out.is_dir():
            raise typer.BadParameter("--case writes one page: name it with --out, for example --out case.html")
        return out
    if out is None and not (directory / RECORD).exists():
        raise typer.BadParameter(f"{directory} is no graded class: say with --out where to write")
    return (out or directory) / dashboard.SIMILARITY


def _refresh(directory: Path) -> None:
    """Write the report of a graded class again, which shows the pairs, too."""
    if (directory / RECORD).exists():
        with Record(directory / RECORD) as record:
            dashboard.write(record, directory)


def _earlier(folders: list[Path]) -> works.Works:
    """The works of earlier terms, each identified by its folder's name and its own identifier."""
    found: dict[str, works.Work] = {}
    for folder in folders:
        name = folder.resolve().name
        if any(id.startswith(f"{name}/") for id in found):
            raise typer.BadParameter(f"two folders of earlier terms are called {name}: rename one")
        found |= {f"{name}/{id}": work for id, work in works.read(folder, _bar).items()}
    return found


def _answers(directory: Path) -> str:
    if not (directory / RECORD).exists():
        return ""
    with Record(directory / RECORD) as record:
        return record.answers()


def _remove_old(folder: Path, names: set[str]) -> None:
    """Remove pages of pairs that an earlier call has written and this one has not."""
    for path in folder.glob("pair-*.html"):
        if (
            path.name not in names
            and not path.is_symlink()
            and path.is_file()
            and pages.MARK.encode() in path.read_bytes()
        ):
            path.unlink()


def _bar(items: Iterable[Any], name: str, total: int) -> Iterable[Any]:
    return tqdm(items, name, total, file=sys.stderr, leave=False, delay=1)
