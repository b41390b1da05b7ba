"""What the notebooks call: the tests of a part, training, curves, translations, attention, packing.

All of it is also a command (`python -m tests`, `python -m workbench`); here it is shown below a cell. What is not
implemented yet is said in one line, and the notebook goes on.
"""

from __future__ import annotations

import functools
import html
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from IPython.display import HTML, display

from harness.contract import Assignment, Deliverable
from harness.submission.archive import archive_name
from harness.submission.listed_files import read_tree
from harness.submission.started import not_started
from harness.submission.unfinished import unfinished
from workbench.errors import WorkbenchError, explained
from workbench.experiments import compare
from workbench.folders import ROOT, STUDENT
from workbench.parts import data_for
from workbench.pictures import plots
from workbench.training import launch
from workbench.training.records import Interrupted
from workbench.training.run_folder import place
from workbench.training.settings import Settings
from workbench.training.tracking import ProgressBar
from workbench.training.trained import Trained
from workbench.training.trees import open_tree


def one_line_errors(method: Callable[..., None]) -> Callable[..., None]:
    """Print what a student can mend in one line, where it would be an error of the cell."""

    @functools.wraps(method)
    def call(*arguments: Any, **options: Any) -> None:
        try:
            method(*arguments, **options)
        except (Exception, SystemExit) as error:  # SystemExit: of students' code
            words = explained(error)
            if words is None:
                raise
            print(words)

    return call


class Notebook:
    """The calls of a notebook's cells.

    Args:
        tree: the folder that holds models/: a name beside this handout's README, or a path.
        data: a data set; None takes the first of each model's part.
    """

    def __init__(self, tree: str = "student", data: str | None = None) -> None:
        self.tree = ROOT / tree
        self.data = data
        self.runs = ROOT / "runs" / "notebook"
        self.assignment = Assignment.load(STUDENT / "assignment.json")
        self._trained: dict[str, Trained] = {}

    def ready(self, *deliverables: str) -> bool:
        """Whether NotImplementedError is raised nowhere in these; otherwise says in one line where it is first."""
        if not {deliverable.id for deliverable in self.assignment.deliverables}.issuperset(deliverables):
            print("This is not part of your assignment.")
            return False
        files = read_tree(self.tree, self.assignment)
        waiting, begun = not_started(files, self.assignment), unfinished(files, self.assignment)
        for deliverable in map(self.assignment.deliverable, deliverables):
            left = [(deliverable.file, gap.line) for gap in begun.get(deliverable.id, ()) if gap.raises]
            for file, line in [waiting[deliverable.id]] if deliverable.id in waiting else left:
                self._say_waiting(deliverable, file, line)
                return False
        return True

    def check(self, *names: str) -> None:
        """Run the tests of the deliverables with these titles, or of all, as `python -m tests` does.

        Where nothing of those named is started, it is said at once where to begin: their tests would say no more.
        """
        titles = {deliverable.title: deliverable for deliverable in self.assignment.deliverables}
        there = [titles[name] for name in names or titles if name in titles]
        waiting = not_started(read_tree(self.tree, self.assignment), self.assignment) if names else {}
        if not there:
            print("This is not part of your assignment.")
        elif all(deliverable.id in waiting for deliverable in there):
            for deliverable in there:
                self._say_waiting(deliverable, *waiting[deliverable.id])
        else:
            self._run("-m", "tests", *(deliverable.title for deliverable in there), "--tree", str(self.tree))

    def _say_waiting(self, deliverable: Deliverable, file: str, line: int) -> None:
        print(f"This waits for your {deliverable.title}: {self.tree.name}/{file}:{line}")

    @one_line_errors
    def train(self, model: str, name: str = "", **changes: object) -> None:
        """Train a model, by its preset with changes, and keep it under a name (default: the model's)."""
        name = name or model
        folder = place(self.runs, name)
        settings = Settings.of(
            model, self.data or data_for(model), "default", [f"{key}={value}" for key, value in changes.items()]
        )
        if self.ready(*settings.part.needs[model]):
            print(f"{name}:", flush=True)
            tree, progress = open_tree(self.tree), ProgressBar(sys.stdout, live=False)
            self._trained.pop(name, None)  # should this one stop, the old weights do not belong to its curves
            try:
                trained, _ = launch.train(settings, folder, tree, overwrite=True, callbacks=[progress])
            except Interrupted:  # its own words name an option of the command
                raise WorkbenchError(self._stopped(name)) from None
            self._trained[name] = trained

    @one_line_errors
    def curves(self, *names: str) -> None:
        """Draw the perplexity of trained models over their epochs; of those that classify, loss and accuracy."""
        folders = [self.runs / name for name in self.those_trained(names)]
        if folders:
            display(plots.curves(compare.histories(compare.read(folders))))

    @one_line_errors
    def compare(self, *names: str) -> None:
        """Measure models on the validation split, and show what differs between them and what came of it."""
        names = self.those_trained(names)
        for name in names:
            trained = self.trained(name)
            trained.run.write_json("validation.json", trained.evaluate("validation").numbers)
        if names:
            runs = compare.read([self.runs / name for name in names])
            show_table(("", *names), [(row.label, *row.cells) for row in compare.table(runs)])
            print("\n".join(compare.tuning_notes(runs)))

    def pack(self, id: str) -> None:
        """Check the work and, with an id, pack it for upload; on Colab the archive is then downloaded."""
        script = ("collect_submission.py", "--tree", str(self.tree), "--out", str(ROOT))
        packed = self._run(*script, *(("--id", id) if id else ("--check",)))
        archive = ROOT / archive_name(self.assignment, [id])
        if not id:
            print("Write your id into this cell to pack.")
        elif packed and archive.is_file() and "google.colab" in sys.modules:  # what a refusal leaves there is older
            from google.colab import files

            files.download(str(archive))

    def those_trained(self, names: Iterable[str]) -> tuple[str, ...]:
        """Those of these models that are trained; what is said of the others."""
        trained = tuple(name for name in names if (self.runs / name / "best.safetensors").is_file())
        if missing := [name for name in names if name not in trained]:
            print(f"Not trained yet: {', '.join(missing)}. The cell that trains it is further up.")
        return trained

    def _stopped(self, name: str) -> str:
        """What can be done after the stop button."""
        again = "This cell trains from the start when you run it again"
        if (self.runs / name / "best.safetensors").is_file():
            return f"Stopped. The best epoch so far is kept, and the cells below use it. {again}."
        return f"Stopped before the end of the first epoch, so there is no model to use yet. {again}."

    def trained(self, name: str) -> Trained:
        """A trained model, also one from before the kernel was restarted."""
        if name not in self._trained:
            self._trained[name] = Trained.load(self.runs / name, self.tree)
        return self._trained[name]

    def _run(self, *arguments: str) -> bool:
        """Run Python in the handout's folder, show what it prints, in its colours, and say whether all went well."""
        environment = {**os.environ, "FORCE_COLOR": "1", "COLUMNS": "80", "PYTHONIOENCODING": "utf-8"}
        environment["PYTHONBREAKPOINT"] = "harness.verdicts.no_debugger"  # nobody can type to it
        process = subprocess.Popen(
            [sys.executable, *arguments], cwd=ROOT, env=environment, encoding="utf-8", errors="replace",
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            output, _ = process.communicate()
        except KeyboardInterrupt:  # the stop button: the command says where it was
            process.terminate() if sys.platform == "win32" else process.send_signal(signal.SIGINT)
            output, _ = process.communicate()
        print(output.rstrip())
        return process.returncode == 0


def show_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Show a table; the first column to the left, as text."""

    def line(cells: Sequence[str], tag: str) -> str:
        return "".join(f'<{tag} style="text-align: left">{html.escape(cell)}</{tag}>' for cell in cells)

    body = "".join(f"<tr>{line(row, 'td')}</tr>" for row in rows)
    display(HTML(f"<table><tr>{line(head, 'th')}</tr>{body}</table>"))
