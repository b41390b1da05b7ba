"""The commands. What they do lies in the other files; here are their options, their words and their tables."""

from __future__ import annotations

import io
import os
import statistics
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness.files import refusal
from workbench.folders import STUDENT, typed

if TYPE_CHECKING:  # imported by the commands that need them: --help is quick
    from workbench.training import Result
    from workbench.training_run import Trained

MODELS = (
    "For translation rnn, lstm, rnn-attention, lstm-attention, transformer-encoder or transformer; for language models "
    "rnn-tanh, rnn-relu, gru, lstm or transformer."
)
DATA = (
    "For translation captions (nothing to download) or multi30k; for language models stories (nothing to download), "
    "shakespeare or wikitext-2. Default: captions for models of both, else what the model needs."
)
app = typer.Typer(
    help="Train the models of this assignment, measure them, and let them translate and write.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
# Names of folders may hold brackets, which rich would read as markup.
console = Console(highlight=False, markup=False)
asides = Console(stderr=True, highlight=False, markup=False)

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
        help="Change a setting, as in --set epochs=3; may be repeated. workbench/training.py, "
        "translation/settings.py and language_model/settings.py explain them; a key that does not exist lists all.",
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
    from workbench.runs import EVALUATED

    if split not in EVALUATED:
        raise typer.BadParameter(f"{split}: expected {' or '.join(EVALUATED)}")
    return split


Split = Annotated[str, typer.Option(help="validation or test.", callback=_is_split)]


# What stands in every file of numbers that a command writes.
NUMBERS = {
    "evaluate": '"perplexity"',
    "translation": '"seconds"',
    "language-model": '"milliseconds"',
    "profile": '"forward_and_backward"',
}


def _can_hold(context: typer.Context, path: Path | None) -> Path | None:
    """Say at once, not after the measurement, that a file is not written."""
    if path and (refused := refusal(path, NUMBERS[context.info_name or ""])):
        raise typer.BadParameter(f"{refused}; name another file")
    return path


JsonFile = Annotated[
    Path | None, typer.Option("--json", help="Also write the numbers into this file.", callback=_can_hold)
]


@app.command()
def train(
    model: Annotated[str, typer.Option(help=MODELS)],
    data: Annotated[str | None, typer.Option(help=DATA)] = None,
    preset: Annotated[str, typer.Option(help="default or tuned.")] = "default",
    changes: Changes = None,
    tree: TreeOption = None,
    name: Annotated[str | None, typer.Option(help="The run's folder in --runs. Default: DATA-MODEL-PRESET.")] = None,
    runs: Annotated[Path, typer.Option(help="The folder of all runs.")] = Path("runs"),
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the run by this name, with its settings.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Delete the files of a run by this name first.")
    ] = False,
    data_root: DataRoot = None,
    device: Device = "auto",
) -> None:
    """Train a model. Ctrl-C saves and stops; --resume goes on to the same numbers."""
    from workbench import training_run
    from workbench.errors import need
    from workbench.runs import place
    from workbench.settings import Settings, data_for
    from workbench.tracking import ProgressBar, TensorBoard

    need("tensorboard", "matplotlib")  # the callbacks import them when the run has begun
    settings = Settings.of(model, data or data_for(model), preset, changes or [])
    folder = place(runs, f"{settings.data}-{model}-{preset}" if name is None else name)
    tensorboard = TensorBoard()
    callbacks = [ProgressBar(), tensorboard, training_run.kind_of(settings).samples(tensorboard)]
    if resume:
        asked = {"model": model, "data": settings.data} | settings.only(changes or [])
        if preset != "default":
            asked["preset"] = preset
        trained, result = training_run.resume(folder, tree, data_root, device, callbacks, asked)
    else:
        code = training_run.open_tree(tree or STUDENT)
        trained, result = training_run.train(settings, folder, code, data_root, device, overwrite, callbacks)
    if _speaks():
        _show_training(trained, result, folder)


@app.command()
def evaluate(
    run: RunFolder,
    split: Split = "validation",
    tree: TreeOption = None,
    data_root: DataRoot = None,
    device: Device = "auto",
    json_file: JsonFile = None,
) -> None:
    """Measure a trained model on a whole split: perplexity, and of translations BLEU, chrF, exact matches.

    Choose settings by validation. Measure the model that you have chosen on test, once.
    """
    from workbench.progress import tracked
    from workbench.runs import write_json
    from workbench.training_run import Trained

    trained = Trained.load(run, tree, data_root, device)
    found = trained.evaluate(split, lambda batches: tracked(batches, "measuring"))
    console.print(f"{run.name}: {found.title}", soft_wrap=True)
    table = Table()
    for i, column in enumerate(found.head):
        table.add_column(column, justify="right" if i else "left")
    for row in found.rows:
        table.add_row(*row)
    console.print(table)
    for note in found.notes:
        console.print(note, soft_wrap=True)
    try:
        trained.run.write_json(f"{split}.json", found.numbers)
    except OSError as error:  # of a run that may only be read, say
        words = f"{error.filename} cannot be written ({error.strerror}), so `compare` and `report` lack these numbers"
        asides.print(words, soft_wrap=True)
    if json_file:
        write_json(json_file.resolve(), {**found.numbers, "run": str(run), "model": trained.settings.model})


@app.command()
def translate(
    run: RunFolder,
    sentences: Annotated[
        list[str] | None, typer.Argument(help="German sentences. Default: lines of the input.")
    ] = None,
    tree: TreeOption = None,
    device: Device = "auto",
    attention: Annotated[Path | None, typer.Option(help="Draw where the model has looked, into this file.")] = None,
) -> None:
    """Translate sentences with a trained model."""
    from workbench.progress import tracked
    from workbench.translation.trained import TrainedTranslator

    if attention:
        from workbench import plots

        plots.check(attention)
    trained = TrainedTranslator.load(run, tree, None, device)
    if attention:
        trained.translator.demand_attention()
    if not sentences and sys.stdin.isatty():
        asides.print("One sentence a line; Ctrl-D at the beginning of a line ends.")
    lines = [each.strip() for each in (_demand_utf8(text, "a sentence") for text in sentences or _lines())]
    if not (given := [line for line in lines if line]):
        raise typer.BadParameter('give a sentence in quotes, as in "Ein Mann fährt Fahrrad.", or lines on the input')
    said = iter(trained.translate_all(given, lambda batches: tracked(batches, "translating")))
    for line in lines:
        print(next(said) if line else "")  # an empty line stays one, so that lines belong together
    if attention:
        plots.save(plots.attention(*trained.attention(given[0])), attention)
        console.print(f"{attention}: where the model has looked for the first sentence")


@app.command(context_settings={"allow_extra_args": True})
def generate(
    context: typer.Context,
    run: Annotated[
        Path, typer.Argument(metavar="RUN", help="The folder of a training run, such as runs/stories-lstm-default.")
    ],
    prompts: Annotated[
        list[str] | None,
        typer.Option(
            "--prompt", help="What to continue; may be repeated. - for each line of the input. Default: nothing."
        ),
    ] = None,
    length: Annotated[int, typer.Option(help="Words or characters to write.", min=1)] = 50,
    temperature: Annotated[float, typer.Option(help="Below 1 more of the same, above 1 more of all.", min=0)] = 1.0,
    greedy: Annotated[
        bool, typer.Option("--greedy", help="Always the most probable one, as at temperature 0.")
    ] = False,
    seed: Annotated[int, typer.Option(help="The same seed writes the same.", min=0, max=2**32 - 1)] = 0,
    tree: TreeOption = None,
    device: Device = "auto",
) -> None:
    """Let a trained language model write."""
    from workbench.language_model.trained import TrainedLanguageModel
    from workbench.progress import waiting

    if context.args:
        raise typer.BadParameter(f'{context.args[0]!r} follows no option; give a prompt as in --prompt "One day"')
    trained = TrainedLanguageModel.load(run, tree, None, device)
    text = None
    for prompt in (each for given in prompts or [""] for each in (_lines() if given == "-" else [given])):
        _demand_utf8(prompt, "--prompt")
        with waiting("writing"):
            text, unknown = trained.write(prompt, length, temperature, greedy, seed)
        if unknown:
            words = ", ".join(unknown)
            asides.print(f"not in the vocabulary of {run}, so read as <unk>: {words}", soft_wrap=True)
        print(text)
    if text is None:
        raise typer.BadParameter('the input of --prompt - has no line; give a prompt, as in --prompt "One day"')


@app.command()
def compare(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN", help="The folders of training runs.")],
    split: Split = "validation",
    picture: Annotated[Path | None, typer.Option(help="Draw the curves of all runs, into this file.")] = None,
) -> None:
    """Set runs side by side: what differs, what came of it, and what does not count as tuning.

    Runs are compared by validation. --split test also lists what was measured on test, and marks no best of it.
    """
    from workbench.compare import CHOSEN_BY, histories, notes, only_runs, read, short_names, table

    if picture:
        from workbench import plots

        plots.check(picture)
    runs, skipped = only_runs(runs)
    found = read(runs)
    splits = tuple(dict.fromkeys((*CHOSEN_BY, split)))
    names = short_names(found)
    shown = Table("", *names)
    for column in shown.columns[1:]:
        column.justify, column.overflow = "right", "fold"
    for row in table(found, splits):
        shown.add_row(row.label, *(Text(cell, "bold" if i in row.best else "") for i, cell in enumerate(row.cells)))
    console.print(shown)
    for note in [*skipped, *notes(found, splits)]:
        console.print(f"- {note}", soft_wrap=True)
    if picture:
        plots.save(plots.curves(histories(found)), picture)
        console.print(f"{picture}: the curves of all runs")


@app.command()
def report(
    runs: Annotated[
        list[Path] | None,
        typer.Argument(metavar="RUN", help="Runs to fill in, such as runs/*. None: only draw report.md."),
    ] = None,
    out: Annotated[Path, typer.Option(help="The report's folder.")] = Path("report"),
    tree: TreeOption = None,
    data_root: DataRoot = None,
    device: Device = "auto",
) -> None:
    """Fill the report on translation with what the runs have reached; your answers in report.md are kept.

    Answer the questions in report.md, then run this again without runs: it makes report.pdf and report.tex.
    """
    from harness.submission.report import open_questions
    from workbench.translation.report import fill, render

    if runs:
        from workbench.progress import waiting
        from workbench.translation.trained import TrainedTranslator

        with waiting("drawing, translating and writing"):
            said = fill(runs, lambda folder: TrainedTranslator.load(folder, tree, data_root, device), out)
    else:
        said = render(out)
    for note in said:
        console.print(f"- {note}", soft_wrap=True)
    left = open_questions((out / "report.md").read_text("utf-8-sig"))
    console.print(f"{out / 'report.md'}, report.tex and report.pdf are written.")
    if left:
        console.print("Still open: " + ", ".join(f"{id} (line {line})" for id, line in left.items()), soft_wrap=True)


@app.command()
def tune(
    model: Annotated[str, typer.Option(help=MODELS)],
    data: Annotated[str | None, typer.Option(help=DATA)] = None,
    trials: Annotated[
        int, typer.Option(help="Finished trials to reach, including earlier runs and other workers.", min=1)
    ] = 20,
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="A setting that all trials share; it is not searched."),
    ] = None,
    workers: Annotated[int, typer.Option(help="Processes that search together.", min=1)] = 1,
    tree: TreeOption = None,
    folder: Annotated[Path, typer.Option(help="Of the search: trials.db, the trials' runs and the picture.")] = Path(
        "tuning"
    ),
    data_root: DataRoot = None,
    device: Device = "auto",
) -> None:
    """Search for lower validation perplexity; the same command goes on, also beside itself in another terminal."""
    from workbench import plots, training_run, tuning
    from workbench.errors import WorkbenchError
    from workbench.metrics import perplexity_of
    from workbench.settings import Settings, data_for
    from workbench.training import Interrupted

    data = data or data_for(model)
    settings = Settings.of(model, data, "default", changes or [])
    code = training_run.open_tree(tree or STUDENT)
    plots.check(picture := folder / f"{data}-{model}.png")
    if not (folder / "trials.db").exists():  # what cannot be trained begins no search
        training_run.try_out(settings, code, data_root, device)
    space = tuning.space_of(settings, settings.only(changes or []))
    study = tuning.open_study(folder / "trials.db", settings, space)

    def seen(trial: Any) -> None:
        values = "  ".join(f"{key}={_short(value)}" for key, value in trial.params.items())
        line = Text.assemble(f"trial {trial.number}: {tuning.outcome(trial)}  ", (values, "dim"))
        console.print(line, soft_wrap=True)

    try:
        with tuning.helpers(sys.argv[1:], workers - 1, console.print):
            tuning.search(study, settings, space, code, trials, folder / f"{data}-{model}", data_root, device, seen)
    except Interrupted:
        raise WorkbenchError("this trial is dropped, the finished ones are kept; the same command goes on") from None
    best = tuning.best_changes(study)
    plots.save(tuning.picture(study), picture)
    for key, share in tuning.importances(study).items():
        console.print(f"  {share:>4.0%}  {key}")
    shared = [change for change in changes or [] if change.partition("=")[0].strip() not in ("epochs", "first")]
    places = [f"{option} {typed(path)}" for option, path in (("--tree", tree), ("--data-root", data_root)) if path]
    said = " ".join([*places, *(f"--set {change}" for change in [*shared, *best])])
    console.print(
        f"Best: trial {study.best_trial.number}, validation perplexity {perplexity_of(study.best_value):.2f}; "
        f"{picture} shows what mattered. Train it for longer:\n"
        f"  python -m workbench train --model {model} --data {data} --name {data}-{model}-tuned {said}",
        soft_wrap=True,
    )


bench = typer.Typer()
app.add_typer(bench, name="bench")


@bench.callback(invoke_without_command=True)
def bench_all(context: typer.Context, tree: TreeOption = None, device: Device = "cpu") -> None:
    """Measure how fast the workbench is, beside plain implementations: without a COMMAND, all that can be measured."""
    if context.invoked_subcommand is not None:
        return
    from workbench.errors import WorkbenchError, explained

    missed = []
    for what, measure in (
        # First, since it tells torch what to say, which has to be before torch is imported.
        ("language models", partial(bench_language_model, tree=tree, device=device)),
        ("translation", partial(bench_translation, device=device)),
    ):
        try:
            measure()
        except Exception as error:
            missed.append(explained(error))
            if missed[-1] is None:
                raise
            console.print(f"Of {what} nothing is measured: {missed[-1]}", soft_wrap=True)
    if len(missed) == 2:
        raise WorkbenchError("nothing could be measured")


@bench.command("translation")
def bench_translation(
    run: Annotated[
        Path | None,
        typer.Argument(
            metavar="[RUN]", help="The folder of a training run. Default: the latest of transformer in runs/."
        ),
    ] = None,
    sentences: Annotated[int, typer.Option(help="How many of the validation split to translate.", min=1)] = 1000,
    data_root: DataRoot = None,
    device: Device = "cpu",
    json_file: JsonFile = None,
) -> None:
    """Time a trained transformer: decoding and training, each beside an ordinary way and beside the plainest."""
    from workbench.progress import tracked
    from workbench.runs import write_json
    from workbench.translation.bench import latest, races
    from workbench.translation.trained import TrainedTranslator

    run = run or latest(Path("runs"))
    console.print(f"{run}:", soft_wrap=True)
    found = races(TrainedTranslator.load(run, None, data_root, device), sentences, tracked)
    table = Table("", "a second", "workbench: times as fast", "same translations")
    for race in found:
        table.add_row(f"{race.amount:,} {race.what}", f"{race.amount / race.seconds:,.1f}", "", "")
        for other in race.others:
            same = "" if other.same is None else f"{other.same:.1%}"
            table.add_row(f"  {other.how}", f"{race.amount / other.seconds:,.1f}", f"{race.ratio(other):.1f}", same)
        table.add_section()
    console.print(table)
    if json_file:
        write_json(json_file.resolve(), {race.what: race.to_json() for race in found})


@bench.command("language-model")
def bench_language_model(
    models: Annotated[str, typer.Option(help="Which, with commas between them.")] = "lstm,transformer",
    batches: Annotated[
        int | None, typer.Option(help="How many to time with each loop, after two. Default: 30; for epochs, all.")
    ] = None,
    epochs: Annotated[int, typer.Option(help="Read the batches as often as this, and validate each time.", min=0)] = 0,
    seed: Annotated[int, typer.Option(help="Of weights and dropout, of both loops.", min=0, max=1000)] = 0,
    tree: TreeOption = None,
    data_root: Annotated[
        Path | None, typer.Option(help="A folder with the files of WikiText-2. Default: a download, else our stories.")
    ] = None,
    device: Device = "cpu",
    json_file: JsonFile = None,
) -> None:
    """Train on WikiText-2 beside the plain textbook loop, batch by batch in turns: time, memory and loss.

    Two layers of 200 units, batches of 20 columns and 35 steps, the preset's learning rate. The plain loop computes the
    whole log-softmax and takes its steps by hand; the losses of both are the same numbers, but for rounding. What is
    validated differs: as in training, the workbench has the moving mean of its weights for that.
    """
    os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")  # it warns of memory that is older than the measurement
    import torch

    from workbench.language_model.bench import corpus_for, races
    from workbench.progress import tracked
    from workbench.runs import write_json
    from workbench.training_run import open_tree

    corpus, note = corpus_for(data_root)
    console.print(f"{corpus.name}: {note}", soft_wrap=True)
    table = Table("", "ms a batch", "ratio", "loss at the end", "MiB")
    validated = Table(
        "", *map(str, range(1, epochs + 1)), title="validation perplexity after epoch", title_justify="left"
    )
    found = {}
    code, names = open_tree(tree or STUDENT), _names(models)
    for race in races(code, corpus, names, batches, epochs, device, lambda each: tracked(each, "racing"), seed):
        found[race.model] = race.to_json() | {"threads": torch.get_num_threads()}
        for name, ratio, lane in (
            (race.model, Text(f"{race.ratio:.2f}", "bold"), race.workbench),
            ("  plain loop", "", race.plain),
        ):
            time = statistics.median(lane.milliseconds)
            table.add_row(name, f"{time:.0f}", ratio, f"{lane.last_loss:.4f}", f"{lane.mebibytes:.0f}")
            validated.add_row(name, *(f"{each:.2f}" for each in lane.perplexities))
        table.add_section()
        validated.add_section()
        words = race.vocabulary
    table.caption = f"{words:,} words, {torch.get_num_threads()} threads"
    console.print(table)
    console.print(
        "The ratio is the median over neighbouring batches. MiB: a step at its peak, beside weights and gradients. "
        "The loss at the end is that of the weights as they are, before each step.",
        soft_wrap=True,
    )
    if epochs:
        validated.caption = "of the moving mean of the weights; of the plain loop's weights as they are"
        console.print(validated)
    if json_file:
        write_json(json_file.resolve(), found)


@app.command()
def profile(
    model: Annotated[str, typer.Option(help="rnn-tanh, rnn-relu, gru, lstm or transformer.")],
    data: Annotated[str, typer.Option(help="stories, shakespeare or wikitext-2.")] = "stories",
    batches: Annotated[int, typer.Option(help="How many to watch.")] = 10,
    changes: Changes = None,
    tree: TreeOption = None,
    data_root: DataRoot = None,
    device: Device = "cpu",
    picture: Annotated[Path, typer.Option(help="The block diagram's file.")] = Path("profile.png"),
    lines: Annotated[bool, typer.Option(help="Also run it under line_profiler.")] = True,
    json_file: JsonFile = None,
) -> None:
    """Show where your training loop spends its time: by phase, by line, by torch's operators, and as a picture.

    Your own train_epoch runs, with your model, as it is. (`train` has a loop of its own.)
    """
    from workbench import plots
    from workbench.devices import choose
    from workbench.errors import need
    from workbench.language_model.diagram import diagram
    from workbench.language_model.profiling import profile_training
    from workbench.progress import waiting
    from workbench.runs import write_json
    from workbench.settings import Settings
    from workbench.training_run import open_tree

    need("matplotlib", *["line_profiler"] * lines)
    plots.check(picture)
    settings = Settings.of(model, data, "default", changes or [])
    with waiting(f"watching {batches} batches{', twice' * lines}"):
        found = profile_training(open_tree(tree or STUDENT), settings, data_root, batches, choose(device), lines)
    table = Table(
        "phase", "calls", "ms a batch", "share", title=found.what, title_justify="left", caption="step: zero_grad, too"
    )
    for each in found.phases:
        share = "once, before" if each.share is None else f"{each.share:.1%}"
        batches_of = 1 if each.share is None else found.batches
        table.add_row(each.name, str(each.calls), f"{1000 * each.seconds / batches_of:.2f}", share)
    console.print(table)
    if found.lines:
        table = Table("line", "code", "calls", "share")
        for line, following in zip(found.lines, [*found.lines[1:], None], strict=True):
            last = following is None or following.file != line.file
            row = (f"{line.file}:{line.number}", line.text, str(line.calls), f"{line.share:.1%}")
            table.add_row(*row, end_section=last)
        console.print(table)
    operators = ", ".join(f"{name} {share:.0%}" for name, share in found.operators)
    console.print(f"Of torch's operators: {operators}", soft_wrap=True)
    for name in found.missing():
        console.print(f"{name} was never seen: train_epoch does without it, or in its own way.")
    plots.save(diagram(found), picture)
    if json_file:
        write_json(json_file.resolve(), found.to_json())
    console.print(f"forward and backward: {found.forward_and_backward:.1%}; {picture} shows it as blocks")


@app.command()
def sweep(
    models: Annotated[str, typer.Option(help="Which to compare, with commas between them.")] = "lstm,gru",
    data: Annotated[str, typer.Option(help="stories, shakespeare or wikitext-2.")] = "stories",
    over: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FACTOR[=VALUES]",
            help="What to vary, as in --over bptt or --over num_layers=1,2,4; may be repeated. Default: num_layers, "
            "hidden_size, emb_size, bptt and nonlinearity (tanh and relu), each with values of its own.",
        ),
    ] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Change the setting from which all others differ in one."),
    ] = None,
    tree: TreeOption = None,
    folder: Annotated[Path, typer.Option(help="Of the sweep: runs, table and picture.")] = Path("sweep"),
    data_root: DataRoot = None,
    device: Device = "auto",
) -> None:
    """Compare models over layers, sizes, truncation length, non-linearity and epochs, one of them at a time.

    Every run begins at the same base: one layer of 100 units, 6 epochs of Adam. The same command goes on where it was
    stopped, and trains nothing twice; code that has changed needs another --folder.
    """
    from workbench import plots, training_run
    from workbench.errors import WorkbenchError
    from workbench.language_model import sweep as sweeping
    from workbench.runs import write_json
    from workbench.tracking import ProgressBar

    names, factors = _names(models), sweeping.factors_of(over or [])
    todo = sweeping.points(names, data, factors, changes or [])
    code, place = training_run.open_tree(tree or STUDENT), folder / data
    plots.check(picture := folder / f"{data}.png")
    if refused := refusal(numbers := folder / f"{data}.json", '"perplexity"'):
        raise WorkbenchError(f"{refused}; move it elsewhere, or choose another --folder")
    bars = [ProgressBar()] if sys.stderr.isatty() else []  # elsewhere a line a run is enough
    for number, point in enumerate(todo, 1):
        new = sweeping.run(point, place, code, data_root, device, bars)
        base = next(each for each in sweeping.reached([point], place) if each.factor != "epochs")
        was = "" if new else " (trained before)"
        console.print(f"{number}/{len(todo)} {point.name}: perplexity {base.perplexity:.2f}, {base.seconds:.0f} s{was}")
    shown = sweeping.panels(sweeping.reached(todo, place), names, factors)
    table = Table("", "", "perplexity", "seconds")
    for factor, rows in shown.items():
        for i, row in enumerate(rows):
            words = f"{row.model} {row.value}".strip()
            cells = (sweeping.TITLES[factor] if not i else "", words, f"{row.perplexity:.2f}", f"{row.seconds:.1f}")
            table.add_row(*cells, end_section=row is rows[-1])
    console.print(table)
    plots.save(sweeping.picture(shown, f"{data}: one change at a time"), picture)
    write_json(numbers.resolve(), sweeping.to_json(shown))
    console.print(f"{picture} shows it")


def _speaks() -> bool:
    """Whether this process is the one that speaks, of those that torchrun has started."""
    return os.environ.get("RANK", "0") == "0"


def _lines() -> Iterator[str]:
    """The lines of the input.

    Raises:
        WorkbenchError: one is not UTF-8.
    """
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(encoding="utf-8", errors="surrogateescape")
    for number, line in enumerate(sys.stdin, 1):
        yield _demand_utf8(line.rstrip("\r\n").removeprefix("\ufeff" * (number == 1)), f"line {number} of the input")


def _demand_utf8(text: str, what: str) -> str:
    """Raises: WorkbenchError, for a text with bytes that are not UTF-8."""
    from workbench.errors import WorkbenchError, has_surrogates

    if has_surrogates(text):
        shown = text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
        raise WorkbenchError(f'{what}: expected text in UTF-8, found "{shown:.60}"; save or type it as UTF-8')
    return text


def _names(text: str) -> tuple[str, ...]:
    """Names with commas between them."""
    return tuple(name.strip() for name in text.split(","))


def _short(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def main() -> None:
    """Run a command; what a student can mend is said without a traceback."""
    from workbench.errors import explained

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
        if _speaks():
            asides.print(Text.assemble(("Stopped:", "bold red"), f" {words}"), soft_wrap=True)
        try:
            sys.stdout.flush()
        except OSError:  # a full disk: Python would try again when it ends, and complain
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


def _show_training(trained: Trained, result: Result, folder: Path) -> None:
    """How a training has ended, and what the model says now."""
    from workbench.metrics import perplexity_of

    epochs = len(result.history)
    console.print(
        Text.assemble(
            "\n", (str(folder), "bold"),
            f": {trained.parameters / 1e6:.2f} M parameters, {epochs} epoch{'' if epochs == 1 else 's'} in "
            f"{result.seconds / 60:.1f} min; validation perplexity ", (f"{perplexity_of(result.loss):.2f}", "bold"),
            f", from {result.kept}{', stopped early' if result.stopped_early else ''}.\n",
        )
    )  # fmt: skip
    for example in trained.examples():
        console.print(example, soft_wrap=True)
    console.print(f"All numbers: python -m workbench evaluate {typed(folder)}", soft_wrap=True)
