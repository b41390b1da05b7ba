"""The report: numbers, curves, attention and translations filled in, questions left for the student to answer.

document/report.py has what any report needs: its questions, its answers and its files.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from torch import Tensor

from workbench.document.report import (
    TITLE,
    answers,
    asked,
    escaped,
    keep_edited_copy,
    no_longer_asked,
    read_report,
    rendered,
    text_of_report,
    write_files,
)
from workbench.errors import WorkbenchError
from workbench.experiments import compare
from workbench.experiments.compare import Row, Summary, short_names
from workbench.pictures import plots
from workbench.training.run_folder import EVALUATED
from workbench.translation.data import Corpus, Pair
from workbench.translation.part import PART
from workbench.translation.questions import LAST, QUESTIONS

SENTENCES = 10  # translations of a part
PICTURES = 2  # sentences whose attention is shown
SHORT = 14  # words of a sentence whose attention can still be read
WITH_ATTENTION = ("rnn-attention", "lstm-attention", "transformer")
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
    """Write the report of these runs and keep the answers that an earlier report holds.

    Args:
        load: brings a run's model back.

    Returns:
        Sentences on what is missing and what has been put aside.

    Raises:
        WorkbenchError: runs that do not fit together, or a report.md whose answers cannot be told apart.
    """
    folders, passed_over = compare.only_runs(folders)
    summaries = compare.read(folders)
    runs = [run for run in summaries if run.settings.part is PART]
    others = [run.name for run in summaries if run not in runs]
    if not runs:
        raise WorkbenchError(
            f"the report is on translation, and these are runs of language models: {', '.join(others)}; "
            "`python -m workbench compare` sets them side by side"
        )
    old = read_report(out / "report.md") if (out / "report.md").exists() else ""
    kept = answers(old)
    out.mkdir(parents=True, exist_ok=True)
    # In a folder of their own until all is drawn: what stops halfway leaves no new picture beside an old text.
    with tempfile.TemporaryDirectory(prefix=".pictures-", dir=out) as name:
        body = _body(runs, kept, load, pictures := Path(name))
        text = text_of_report(body, kept)
        drawn = {path.name: path.read_bytes() for path in sorted(pictures.iterdir())}
        files = {**drawn, "report.md": text.encode(), **rendered(text, out, pictures)}
    aside = [*keep_edited_copy(old, out), *write_files(files, out)]
    left_out = [part for part in QUESTIONS if not any(run.kind == part and run.log for run in runs)]
    return [
        *aside,
        *passed_over,
        *(f"{name} is a run of language models, and the report is on translation: left out." for name in others),
        *(f"No run of {part} is among these, so the report has nothing on it yet." for part in left_out),
        *compare.notes(runs),
    ]


# Sections


def _body(
    runs: Sequence[Summary],
    kept: Mapping[str, str],
    load: Callable[[Path], Trained],
    pictures: Path,
) -> str:
    """The whole text, with places for the answers; draws its pictures into a folder."""
    body = f"# {TITLE}\n\n{READING}\n\n"
    for part in QUESTIONS:
        if group := [run for run in runs if run.kind == part and run.log]:
            body += _section(part, group, load, pictures)
    body += "## All models\n\n" + "".join(map(asked, LAST))
    return body + no_longer_asked({id: text for id, text in kept.items() if f"<!-- answer: {id} -->" not in body})


def _section(part: str, runs: Sequence[Summary], load: Callable[[Path], Trained], pictures: Path) -> str:
    """The section on one of the exercise's translators."""
    before, after = _before_and_after(runs)
    names = short_names(runs)
    curves = f"curves-{part.lower()}.png"
    plots.save(plots.curves(compare.histories(runs)), pictures / curves)
    models = {run.name: load(Path(run.name)) for run in dict.fromkeys([before, after, *_attentive(runs)])}
    pairs = choose(models[before.name].corpus().validation)
    if before is after:
        notes = "Before and after tuning are two runs: train the other one and fill the report again with both.\n\n"
    else:
        notes = f"Before tuning: {escaped(before.name)}. After tuning: {escaped(after.name)}.\n\n"
    missing = [
        *compare.tuning_notes([before, after]),
        *compare.not_measured(dict.fromkeys([before, after])),
        *compare.not_measured([after], ("test",)),
    ]
    notes += "".join(f"> {escaped(note)}\n\n" for note in missing)
    return (
        f"## {part}\n\n{notes}"
        f"{_table(names, compare.setup_rows(runs))}\n{_table(names, compare.result_rows(runs, EVALUATED))}\n"
        f"![Perplexity over epochs, {part}]({curves})\n\n"
        + asked(QUESTIONS[part][0])
        + _attention(part, [(run, models[run.name]) for run in _attentive(runs)], pairs, pictures)
        + _translations([(run, models[run.name]) for run in dict.fromkeys([before, after])], pairs)
        + "".join(map(asked, QUESTIONS[part][1:]))
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
    """Ten sentences, spread over a split; the choice does not depend on their translations."""
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
            text += f"![{escaped(run.name)}{of}: {escaped(pair.source)}]({name})\n\n"
    return text


def _translations(runs: Sequence[tuple[Summary, Trained]], pairs: Sequence[Pair]) -> str:
    names = short_names([run for run, _ in runs])
    lines = ["| | sentence |", "|---|---|"]
    for number, pair in enumerate(pairs, 1):
        lines.append(f"| **{number}** | **{escaped(pair.source)}** |")
        lines.append(f"| reference | {escaped(pair.target)} |")
        lines += [
            f"| {escaped(name)} | {escaped(trained.translate(pair.source))} |"
            for name, (_, trained) in zip(names, runs, strict=True)
        ]
    count = "Ten" if len(pairs) == SENTENCES else f"{len(pairs)}"
    return f"### {count} translations of the validation split\n\n" + "\n".join(lines) + "\n\n"


def _table(names: Sequence[str], rows: Sequence[Row]) -> str:
    """Markdown; the best of a row is bold."""
    lines = [f"| | {' | '.join(map(escaped, names))} |", "|---|" + "---:|" * len(names)]
    for row in rows:
        cells = (f"**{escaped(cell)}**" if i in row.best else escaped(cell) for i, cell in enumerate(row.cells))
        lines.append(f"| {escaped(row.label)} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"
