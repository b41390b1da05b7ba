"""What runs on a worker of a Dask cluster. It travels there with the few modules that it imports; see `cluster`."""

import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from distributed import WorkerPlugin, get_worker

from autograder.course.graders import Answer, Grader, GraderError, Replaced

if TYPE_CHECKING:
    from distributed import Worker


class GradingPlugin(WorkerPlugin):  # type: ignore[misc]  # distributed has no types
    """Keeps one warm grading process for each thread of a worker.

    Args:
        kit: the bytes of autograder.zip.
        repository: where the client runs. On a worker of the same machine its secrets are hidden.
        closed: more folders of the client to hide there.
        seconds: for one submission.
    """

    def __init__(self, kit: bytes, repository: Path, closed: Sequence[Path], seconds: float) -> None:
        self._kit = kit
        self._repository = repository
        self._closed = closed
        self._seconds = seconds

    def setup(self, worker: "Worker") -> None:
        """Called by Dask on a worker before its first task."""
        del worker
        self._graders: dict[int, Replaced] = {}
        self._is_closed = False
        self._folder = tempfile.TemporaryDirectory(prefix="kit-")
        self._path = Path(self._folder.name, "autograder.zip")
        self._path.write_bytes(self._kit)

    def teardown(self, worker: "Worker") -> None:
        del worker
        self._is_closed = True
        for grader in list(self._graders.values()):  # a thread may add one meanwhile
            grader.close()
        self._folder.cleanup()

    def ask(self, request: Mapping[str, Any]) -> Answer:
        """Grade one submission."""
        grader = self._graders.setdefault(threading.get_ident(), Replaced(self._new))
        try:
            return grader.ask(lambda: request, self._seconds)
        except GraderError as error:
            return {"refused": str(error)}

    def _new(self) -> Grader:
        grader = Grader(self._path, self._repository, filter(Path.is_dir, self._closed), options=())
        if self._is_closed:
            grader.close()
            raise GraderError("the worker is leaving")
        return grader


def grade(plugin: str, request: Mapping[str, Any]) -> tuple[str, Answer]:
    """Runs on a worker: its address, and the answer."""
    worker = get_worker()
    return worker.address, worker.plugins[plugin].ask(request)
