"""The report: numbers, curves, attention and translations filled in, questions left for the student to answer.

report.md is what the student edits; report.pdf and report.tex are drawn from it. Filling it again keeps the answers.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from torch import Tensor

from harness.files import replace
from harness.submission.report import ANSWER, OPEN_ANSWER
from workbench.document.latex import latex
from workbench.document.pdf import pdf
from workbench.errors import WorkbenchError
from workbench.experiments import compare
from workbench.experiments.compare import Row, Summary, short_names
from workbench.pictures import plots
from workbench.training.run_folder import EVALUATED
from workbench.translation.data import Corpus, Pair
from workbench.translation.part import PART
from workbench.translation.questions import LAST, QUESTIONS, Question

TITLE = "Report: sequence models"
SENTENCES = 10  # translations of a part
PICTURES = 2  # sentences whose attention is shown
SHORT = 14  # words of a sentence whose attention can still be read
WITH_ATTENTION = ("rnn-attention", "lstm-attention", "transformer")
BEGIN = re.compile(r"<!-- answer: ([\w-]+) -->")
MADE = ".made.json"  # the digests of the files as they were written last
DIGEST = re.compile(r"(?<=<!-- made of )\w+")
HEADER = """\
<!-- made of {digest}
Write your answers between "answer" and "end", then `python -m workbench report` makes PDF and LaTeX of this file.
`python -m workbench report RUN...` fills in everything but your answers anew.
-->
"""
READING = (
    'Losses are in nats a token, perplexity is their exponential; the free \\<sos\\> is not counted. With "own tokens" '
    "the model reads the tokens that it has chosen itself, elsewhere the right ones. BLEU and chrF are of whole "
    "splits, decoded greedily. Settings are chosen by the validation split, and no best is marked of the test split."
)


class Trained(Protocol):
    """What the report needs of a trained model; `TrainedTranslator` has it."""

    def corpus(self) -> Corpus: ...

    def translate(self, sentence: str) -> str: ...

    def attention(self, sentence: str) -> tuple[list[str], list[str], Tensor]: ...


def fill(
    folders: Sequence[Path],
    load: Callable[[Path], Trained],
    out: Path,
) -> list[str]:
    """Write the report of these runs, with the answers that are there already.

    Args:
        load: brings a run's model back.

    Returns:
        Sentences on what is missing and what has been put aside.

    Raises:
        WorkbenchError: runs that do not fit together, or a report.md whose answers cannot be told apart.
    """
    folders, passed_over = compare.only_runs(folders)
    found = compare.read(folders)
    runs = [run for run in found if run.settings.part is PART]
    others = [run.name for run in found if run not in runs]
    if not runs:
        raise WorkbenchError(
            f"the report is on translation, and these are runs of language models: {', '.join(others)}; "
            "`python -m workbench compare` sets them side by side"
        )
    old = _read(out / "report.md") if (out / "report.md").exists() else ""
    kept = answers(old)
    out.mkdir(parents=True, exist_ok=True)
    # In a folder of their own until all is drawn: what stops halfway leaves no new picture beside an old text.
    with tempfile.TemporaryDirectory(prefix=".pictures-", dir=out) as name:
        body = _body(runs, kept, load, pictures := Path(name))
        text = HEADER.format(digest=_digest(body)) + _with_answers(body, kept)
        drawn = {path.name: path.read_bytes() for path in sorted(pictures.iterdir())}
        files = {**drawn, "report.md": text.encode(), **_draw(text, out, pictures)}
    aside = [*_put_aside(old, out), *_write(files, out)]
    left_out = [part for part in QUESTIONS if not any(run.kind == part and run.log for run in runs)]
    return [
        *aside,
        *passed_over,
        *(f"{name} is a run of language models, and the report is on translation: left out." for name in others),
        *(f"No run of {part} is among these, so the report has nothing on it yet." for part in left_out),
        *compare.notes(runs),
    ]


def render(out: Path) -> list[str]:
    """Make PDF and LaTeX of the report.md that is there.

    Returns:
        Sentences on what has been put aside.

    Raises:
        WorkbenchError: there is none, or its answers or pictures cannot be found.
    """
    if not (out / "report.md").is_file():
        raise WorkbenchError(f"{out / 'report.md'} is not there yet; name the runs that it is to be made of")
    text = _read(out / "report.md")
    answers(text)
    return _write(_draw(text, out), out)


def answers(text: str) -> dict[str, str]:
    """The answers that a report holds, without the open ones.

    Raises:
        WorkbenchError: an answer's end cannot be found, or an answer is there twice.
    """
    found = {match[1]: match[2].strip() for match in ANSWER.finditer(text)}
    begun = BEGIN.findall(text)
    for id in begun:
        if begun.count(id) > 1:
            raise WorkbenchError(f"report.md holds the answer {id} twice; put both texts into one of them")
        if id not in found or BEGIN.search(found[id]):
            raise WorkbenchError(
                f"report.md: the answer {id} has no end; put <!-- end --> on a line of its own after it"
            )
    return {id: answer for id, answer in found.items() if answer not in ("", OPEN_ANSWER)}


# Sections


def _body(
    runs: Sequence[Summary],
    kept: Mapping[str, str],
    load: Callable[[Path], Trained],
    pictures: Path,
) -> str:
    """The whole text with open answers; its pictures are drawn into a folder."""
    body = f"# {TITLE}\n\n{READING}\n\n"
    for part in QUESTIONS:
        if group := [run for run in runs if run.kind == part and run.log]:
            body += _section(part, group, load, pictures)
    body += "## All models\n\n" + "".join(map(_asked, LAST))
    return body + _no_longer_asked({id: text for id, text in kept.items() if f"<!-- answer: {id} -->" not in body})


def _section(part: str, runs: Sequence[Summary], load: Callable[[Path], Trained], pictures: Path) -> str:
    """All on one of the exercise's translators."""
    before, after = _before_and_after(runs)
    names = short_names(runs)
    curves = f"curves-{part.lower()}.png"
    plots.save(plots.curves(compare.histories(runs)), pictures / curves)
    models = {run.name: load(Path(run.name)) for run in dict.fromkeys([before, after, *_attentive(runs)])}
    pairs = choose(models[before.name].corpus().validation)
    if before is after:
        told = "Before and after tuning are two runs: train the other one and fill the report again with both.\n\n"
    else:
        told = f"Before tuning: {_plain(before.name)}. After tuning: {_plain(after.name)}.\n\n"
    missing = [
        *compare.tuning_notes([before, after]),
        *compare.not_measured(dict.fromkeys([before, after])),
        *compare.not_measured([after], ("test",)),
    ]
    told += "".join(f"> {_plain(note)}\n\n" for note in missing)
    return (
        f"## {part}\n\n{told}"
        f"{_table(names, compare.setup_rows(runs))}\n{_table(names, compare.result_rows(runs, EVALUATED))}\n"
        f"![Perplexity over epochs, {part}]({curves})\n\n"
        + _asked(QUESTIONS[part][0])
        + _attention(part, [(run, models[run.name]) for run in _attentive(runs)], pairs, pictures)
        + _translations([(run, models[run.name]) for run in dict.fromkeys([before, after])], pairs)
        + "".join(map(_asked, QUESTIONS[part][1:]))
    )


def _before_and_after(runs: Sequence[Summary]) -> tuple[Summary, Summary]:
    """The run that tuning begins with, and the best of the others; twice the same where there is only one."""
    if len({run.settings.data for run in runs}) > 1:
        names = " and ".join(f"{run.name} ({run.settings.data})" for run in runs)
        raise WorkbenchError(
            f"{names} were trained on different data, so they cannot stand in one table; name runs of one"
        )
    before = next((run for run in runs if run.is_default), runs[0])
    others = [run for run in runs if run is not before and not run.is_default]
    return before, min(others or [before], key=lambda run: run.validation_loss)


def _attentive(runs: Sequence[Summary]) -> list[Summary]:
    """The best run whose model has attention to show, if there is one."""
    able = [run for run in runs if run.settings.model in WITH_ATTENTION]
    return sorted(able, key=lambda run: run.validation_loss)[:1]


def choose(pairs: Sequence[Pair]) -> list[Pair]:
    """Ten sentences from all over a split: always the same, whatever becomes of them."""
    count = min(SENTENCES, len(pairs))
    return [pairs[i * len(pairs) // count] for i in range(count)]


def _attention(part: str, runs: Sequence[tuple[Summary, Trained]], pairs: Sequence[Pair], pictures: Path) -> str:
    text = "### Where the model has looked\n\n" if runs else ""
    readable = [pair for pair in pairs if len(pair.source.split()) <= SHORT] or pairs
    longest = sorted(readable, key=lambda pair: -len(pair.source.split()))[:PICTURES]
    for run, trained in runs:
        for number, pair in enumerate(longest, 1):
            source, target, weights = trained.attention(pair.source)
            heads = weights.size(0)
            name = f"attention-{part.lower()}-{number}.png"
            plots.save(plots.attention(source, target, weights.mean(dim=0, keepdim=True)), pictures / name)
            of = f", last layer, mean of {heads} heads" if heads > 1 else ""
            text += f"![{_plain(run.name)}{of}: {_plain(pair.source)}]({name})\n\n"
    return text


def _translations(runs: Sequence[tuple[Summary, Trained]], pairs: Sequence[Pair]) -> str:
    names = short_names([run for run, _ in runs])
    lines = ["| | sentence |", "|---|---|"]
    for number, pair in enumerate(pairs, 1):
        lines.append(f"| **{number}** | **{_plain(pair.source)}** |")
        lines.append(f"| reference | {_plain(pair.target)} |")
        lines += [
            f"| {_plain(name)} | {_plain(trained.translate(pair.source))} |"
            for name, (_, trained) in zip(names, runs, strict=True)
        ]
    count = "Ten" if len(pairs) == SENTENCES else f"{len(pairs)}"
    return f"### {count} translations of the validation split\n\n" + "\n".join(lines) + "\n\n"


def _asked(question: Question) -> str:
    """A question with its place for the answer."""
    return f"### Question: {question.asks}\n\n> A good answer {question.addresses}\n\n{_place(question.id)}\n\n"


def _no_longer_asked(kept: Mapping[str, str]) -> str:
    """Places for answers to questions on parts that have no run here: what a student has written is never lost."""
    if not kept:
        return ""
    places = "".join(f"### {id}\n\n{_place(id)}\n\n" for id in kept)
    return "## Answers to questions that are not asked any more\n\n" + places


def _place(id: str, answer: str = OPEN_ANSWER) -> str:
    """Where an answer stands, so that programs find it."""
    return f"<!-- answer: {id} -->\n{answer}\n<!-- end -->"


def _table(names: Sequence[str], rows: Sequence[Row]) -> str:
    """Markdown; the best of a row is bold."""
    lines = [f"| | {' | '.join(map(_plain, names))} |", "|---|" + "---:|" * len(names)]
    for row in rows:
        cells = (f"**{_plain(cell)}**" if i in row.best else _plain(cell) for i, cell in enumerate(row.cells))
        lines.append(f"| {_plain(row.label)} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _plain(text: str) -> str:
    """Text that Markdown shows as it is."""
    return re.sub(r"([\\`*_\[\]<>|&~])", r"\\\1", text)


# The file


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise WorkbenchError(f"{path} is not UTF-8 text; save it as UTF-8 in your editor") from None


def _draw(text: str, out: Path, pictures: Path | None = None) -> dict[str, bytes]:
    """What report.md becomes: the other files' content.

    Args:
        pictures: a folder in `out` with pictures that are not in their place yet.
    """
    here = text
    for path in pictures.iterdir() if pictures else ():
        here = here.replace(f"]({path.name})", f"]({path.parent.name}/{path.name})")
    return {"report.tex": latex(text).encode(), "report.pdf": pdf(here, out, TITLE)}


def _write(files: Mapping[str, bytes], out: Path) -> list[str]:
    """Write the report's files; what somebody else has written into one of them is kept beside it, and told."""
    made = _made(out)
    there = {name: (out / name).read_bytes() for name in files if name != "report.md" and (out / name).is_file()}
    foreign = {name: content for name, content in there.items() if made.get(name) != _sha256(content)}
    notes = [
        f"{name} was changed elsewhere; the old one is now {_aside(out / name, foreign[name])}." for name in foreign
    ]
    for name, content in files.items():  # in their order: the PDF is younger than its text
        try:
            replace(out / name, content)
        except PermissionError:  # Windows, for one, while a viewer shows it
            raise WorkbenchError(f"{out / name} cannot be written; close it in other programs") from None
    made |= {name: _sha256(content) for name, content in files.items()}
    replace(out / MADE, f"{json.dumps(made, indent=1)}\n".encode())
    return notes


def _made(out: Path) -> dict[str, str]:
    """The digests of the files in a report's folder, as they were written last; none where that is not known."""
    try:
        made = json.loads((out / MADE).read_bytes())
    except (OSError, ValueError):
        return {}
    return made if isinstance(made, dict) else {}


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _aside(path: Path, content: bytes) -> Path:
    """Keep a copy of a file beside it, and say where."""
    names = (path.with_name(f"{path.stem}-old-{i}{path.suffix}") for i in itertools.count(1))
    aside = next(path for path in names if not path.exists())
    replace(aside, content)
    return aside


def _with_answers(body: str, kept: Mapping[str, str]) -> str:
    return ANSWER.sub(lambda found: _place(found[1], kept.get(found[1], OPEN_ANSWER)), body)


def _digest(text: str) -> str:
    """Of all that is not an answer; a report in which it has changed was edited elsewhere, too."""
    body = text.partition("-->\n")[2] if text.startswith("<!-- made of") else text
    return hashlib.sha256(_with_answers(body, {}).encode()).hexdigest()[:16]


def _put_aside(old: str, out: Path) -> list[str]:
    """Keep a copy of a report that was edited outside of the answers."""
    made = DIGEST.search(old)
    if not old or (made and made[0] == _digest(old)):
        return []
    path = _aside(out / "report.md", old.encode())
    return [f"report.md was edited outside of the answers, and that is not in the new one; the old one is now {path}."]
