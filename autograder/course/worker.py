"""What runs on a worker of a Dask cluster.

Workers and scheduler have nothing of this repository, and unpickle what they are sent before they can import it. So the
plugin travels by value, as its source, with a zip of the modules that it needs, and imports them when it is set up.
"""

import hashlib
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cloudpickle
from distributed import WorkerPlugin, get_worker

if TYPE_CHECKING:
    from distributed import Worker

    from autograder.course.graders import Answer, Grader, Replaced

CODE = "sequence-models-"  # begins the name of the zip of modules

cloudpickle.register_pickle_by_value(sys.modules[__name__])


class GradingPlugin(WorkerPlugin):  # type: ignore[misc]  # distributed has no types
    """Keeps one warm grading process for each thread of a worker.

    Args:
        kit: the bytes of autograder.zip.
        code: a zip with all modules of this repository that are imported here.
        repository: where the client runs. On a worker of the same machine its secrets are hidden.
        closed: more folders of the client to hide there.
        seconds: for one submission.
    """

    def __init__(self, kit: bytes, code: bytes, repository: Path, closed: Sequence[Path], seconds: float) -> None:
        self._kit = kit
        self._code = code
        self._repository = repository
        self._closed = closed
        self._seconds = seconds

    def setup(self, worker: "Worker") -> None:
        """Called by Dask on a worker before its first task."""
        self._graders: dict[int, Replaced] = {}
        self._started: list[Grader] = []
        self._is_leaving = False
        self._folder = tempfile.TemporaryDirectory(prefix="kit-")
        self._path = Path(self._folder.name, "autograder.zip")
        self._path.write_bytes(self._kit)
        self._import(Path(worker.local_directory))

    def _import(self, folder: Path) -> None:
        """Import from the zip, which stays there as long as the worker, because other commands import from it, too."""
        modules = folder / f"{CODE}{hashlib.sha256(self._code).hexdigest()[:16]}.zip"
        if not modules.exists():
            modules.write_bytes(self._code)
        sys.path.insert(0, str(modules))
        from autograder.course import graders

        self._is_outdated = CODE in str(graders.__file__) and modules.name not in str(graders.__file__)

    def teardown(self, worker: "Worker") -> None:
        del worker
        self._is_leaving = True
        for grader in list(self._started):  # a thread may add one meanwhile
            grader.close()
        self._folder.cleanup()

    def ask(self, request: Mapping[str, Any]) -> "Answer":
        """Grade one submission."""
        from autograder.course.graders import GraderError, Replaced

        if self._is_outdated:
            return {"refused": "it has the modules of another version of this project: restart it"}
        grader = self._graders.setdefault(threading.get_ident(), Replaced(self._new))
        try:
            return grader.ask(lambda: request, self._seconds)
        except GraderError as error:
            return {"refused": str(error)}

    def _new(self) -> "Grader":
        from autograder.course.graders import Grader, GraderError

        if not self._is_leaving:
            grader = Grader(self._path, self._repository, filter(Path.is_dir, self._closed), options=())
            self._started.append(grader)
            if not self._is_leaving:
                return grader
            grader.close()
        raise GraderError("the worker is leaving")


def grading(plugin: str) -> Callable[[Mapping[str, Any]], tuple[str, "Answer"]]:
    """The function that runs on a worker. It is local, so that it travels by value, too."""

    def grade(request: Mapping[str, Any]) -> tuple[str, "Answer"]:
        worker = get_worker()
        return worker.address, worker.plugins[plugin].ask(request)

    return grade
