"""Grading processes on the workers of a Dask cluster: `batch --scheduler ADDRESS`.

The kit travels to each worker once, and the bytes of each submission with its task; results come back. Workers need the
packages of the image's list and distributed, and nothing of this repository: the modules that they run travel with the
kit. A worker on which student code is not isolated refuses, where the rubric requires isolation, and its submissions go
to others. Dask gives the submissions of a lost worker to another one. It gives up a submission after several workers
were lost with it, which may be the fault of another one beside it; such a submission is sent again, alone.
"""

import contextlib
import secrets
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import CancelledError
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from distributed import Client, Future, KilledWorker, as_completed

from autograder.course.graders import MORE_SECONDS, Answer, GraderError, Task
from autograder.course.kits import KitFacts
from autograder.course.worker import GradingPlugin, grading
from autograder.prepare.files import read_folder, zipped

CONNECT_SECONDS = 30
AHEAD = 2  # tasks on their way for each thread of the cluster, so that no worker waits for bytes
NO_WORKER_SECONDS = 60  # to wait for a worker where there is none
LOOK_SECONDS = 0.05  # between two looks for answers
CHECK_SECONDS = 5.0  # between two looks at the workers, while no answer comes
SENT = (  # what workers import, beside the kit
    "autograder/__init__.py", "autograder/rubric.py", "autograder/course/__init__.py", "autograder/course/errors.py",
    "autograder/course/graders.py", "autograder/prepare/__init__.py", "autograder/prepare/rehearsal.py",
)  # fmt: skip


@dataclass(frozen=True)
class _Sent:
    """A submission on its way.

    Attributes:
        workers: the only ones that may grade it; None for all.
        alone: whether no other submission is under way, because workers were lost with this one.
    """

    task: Task
    workers: frozenset[str] | None
    alone: bool


class ClusterGraders:
    """All workers of a cluster, those that join later included.

    Raises:
        GraderError: if there is no scheduler at this address, or if it has no worker, or one that cannot be prepared.
    """

    def __init__(self, address: str, kit: KitFacts, repository: Path, closed: Iterable[Path] = ()) -> None:
        try:
            self._client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
        except (OSError, ValueError) as error:
            raise GraderError(f"no Dask scheduler answers at {address}: {error}") from None
        self._address = address
        self._plugin = f"grading-{kit.digest}-{secrets.token_hex(4)}"  # several commands may share a cluster
        hidden = [folder.resolve() for folder in closed]
        plugin = GradingPlugin(kit.path.read_bytes(), code(repository), repository, hidden, kit.seconds + MORE_SECONDS)
        try:
            self._prepare(plugin)
        except BaseException:
            self._client.close()
            raise
        self.refusals: dict[str, str] = {}
        self._able: set[str] = set()  # workers that have graded
        self._under_way: dict[Future, _Sent] = {}
        self._suspects: list[Task] = []
        self._completed = as_completed(loop=self._client.loop, with_results=True, raise_errors=False)

    def _prepare(self, plugin: GradingPlugin) -> None:
        try:
            self._client.wait_for_workers(1, timeout=NO_WORKER_SECONDS)
        except TimeoutError:
            raise GraderError(f"the scheduler at {self._address} has no worker: start one with `dask worker`") from None
        try:
            self._client.register_plugin(plugin, name=self._plugin)
        except Exception as error:
            why = f"{type(error).__name__}: {error}"
            raise GraderError(f"the workers of {self._address} cannot be prepared: {why}") from None

    def close(self) -> None:
        """Leave the cluster. What a scheduler or worker that has gone complains of does not matter any more."""
        with contextlib.suppress(Exception):
            self._client.unregister_worker_plugin(self._plugin)
        with contextlib.suppress(Exception):
            self._client.close()

    def answers(self, tasks: Iterable[Task]) -> Iterator[tuple[Any, Answer]]:
        """Grade tasks; yields each one with its answer, as they are ready.

        Raises:
            GraderError: if there is no worker or no scheduler any more, or if each worker refuses to grade.
        """
        waiting = iter(tasks)
        try:
            self._send(waiting)
            while self._under_way or self._suspects:
                if not self._under_way:
                    self._submit(self._suspects.pop(), alone=True)
                for future, result in self._finished():
                    sent = self._under_way.pop(future)
                    if answer := self._answer(future, result, sent):
                        yield sent.task, answer
                self._send(waiting)
        finally:
            with contextlib.suppress(Exception):
                self._client.cancel(list(self._under_way))
            self._under_way.clear()

    def _send(self, waiting: Iterator[Task]) -> None:
        """Send so many tasks that each thread of the cluster has one, and another one waits beside it."""
        threads = max(1, int(self._client.scheduler_info(n_workers=0).get("total_threads", 1)))
        for task in islice(waiting, max(0, AHEAD * threads - len(self._under_way))):
            self._submit(task)

    def _submit(self, task: Task, alone: bool = False) -> None:
        workers = self._willing() if self.refusals else None
        future = self._client.submit(grading(self._plugin), task.request(), workers=workers, pure=False)
        self._under_way[future] = _Sent(task, None if workers is None else frozenset(workers), alone)
        self._completed.add(future)

    def _finished(self) -> list[tuple[Future, Any]]:
        """Wait for results; meanwhile resend submissions whose workers have left.

        Raises:
            GraderError: if the cluster has had no worker for NO_WORKER_SECONDS.
        """
        seen = checked = time.monotonic()
        while not (finished := self._completed.next_batch(block=False)):
            time.sleep(LOOK_SECONDS)
            now = time.monotonic()
            if now > checked + CHECK_SECONDS:
                checked = now
                if willing := self._workers() - self.refusals.keys():
                    seen = now
                    self._free_the_bound(willing)
            if now > seen + NO_WORKER_SECONDS:
                raise GraderError(
                    f"the cluster has had no worker that grades for {NO_WORKER_SECONDS} s; what is graded is stored"
                )
        return [(future, result) for future, result in finished if future in self._under_way]

    def _free_the_bound(self, willing: set[str]) -> None:
        """Resend submissions that are bound to workers of which all have left."""
        for future, sent in list(self._under_way.items()):
            if sent.workers and not sent.workers & willing:
                del self._under_way[future]
                future.cancel()
                self._submit(sent.task, sent.alone)

    def _answer(self, future: Future, result: Any, sent: _Sent) -> Answer | None:
        """What a worker has answered; None if the submission is sent again.

        Raises:
            GraderError: for an error that has nothing to do with the submission, or if all workers refuse.
        """
        if isinstance(result, CancelledError):
            raise GraderError(f"the scheduler at {self._address} does not answer any more; what is graded is stored")
        if future.status == "error":
            error = result[1]
            if not isinstance(error, KilledWorker):
                raise GraderError(f"a worker of the cluster cannot grade: {type(error).__name__}: {error}")
            if sent.alone:
                return {"failed": f"workers were lost with it, also when it was graded alone: {error}"}
            self._suspects.append(sent.task)
            return None
        worker, answer = result
        if "refused" in answer:
            self.refusals[worker] = str(answer["refused"])
            self._submit(sent.task, sent.alone)
            return None
        self._able.add(worker)
        graded: Answer = answer
        return graded

    def _willing(self) -> list[str]:
        """The workers that have not refused; if none is there, those that have graded, whose places others may take.

        Raises:
            GraderError: if all refuse.
        """
        willing = self._workers() - self.refusals.keys() or self._able
        if not willing:
            worker, why = next(iter(self.refusals.items()))
            raise GraderError(f"no worker of the cluster can grade; {worker}: {why}")
        return sorted(willing)

    def _workers(self) -> set[str]:
        """The addresses of all workers."""
        return set(self._client.scheduler_info(n_workers=-1).get("workers", {}))


def code(repository: Path) -> bytes:
    """A zip with all modules that workers import."""
    files = {name: (repository / name).read_bytes() for name in SENT}
    files |= read_folder(repository, "autograder/grade", ".py") | read_folder(repository, "harness", ".py")
    return zipped(files)
