"""Grading processes on the workers of a Dask cluster: `batch --scheduler ADDRESS`.

The kit travels to each worker once, and the bytes of each submission with its task; results come back. Workers need the
packages of the image's list and distributed, and nothing of this repository: the modules that they run travel with the
kit. A worker on which student code is not isolated refuses, where the rubric requires isolation, and its submissions go
to others. Dask gives the submissions of a lost worker to another one; one that ends several workers has failed.
"""

import secrets
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from distributed import Client, Future, KilledWorker, as_completed

from autograder.course.graders import MORE_SECONDS, Answer, GraderError, Task
from autograder.course.kits import KitFacts
from autograder.course.worker import GradingPlugin, grade
from autograder.prepare.files import read_folder, zipped

CONNECT_SECONDS = 30
AHEAD = 2  # tasks on their way for each thread of the cluster, so that no worker waits for bytes
NO_WORKER_SECONDS = 60  # to wait for a first worker
SENT = (  # what workers import, beside the kit
    "autograder/__init__.py", "autograder/rubric.py", "autograder/course/__init__.py", "autograder/course/errors.py",
    "autograder/course/graders.py", "autograder/course/worker.py", "autograder/prepare/__init__.py",
    "autograder/prepare/rehearsal.py",
)  # fmt: skip


class ClusterGraders:
    """All workers of a cluster, those that join later included.

    Raises:
        GraderError: if there is no scheduler at this address.
    """

    def __init__(self, address: str, kit: KitFacts, repository: Path, closed: Iterable[Path] = ()) -> None:
        try:
            self._client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
        except (OSError, ValueError) as error:
            raise GraderError(f"no Dask scheduler answers at {address}: {error}") from None
        self._wait(address)
        self._send_code(repository)
        self._plugin = f"grading-{kit.digest}-{secrets.token_hex(4)}"  # several commands may share a cluster
        hidden = [folder.resolve() for folder in closed]
        plugin = GradingPlugin(kit.path.read_bytes(), repository, hidden, kit.seconds + MORE_SECONDS)
        self._client.register_plugin(plugin, name=self._plugin)
        self.refusals: dict[str, str] = {}

    def _wait(self, address: str) -> None:
        try:
            self._client.wait_for_workers(1, timeout=NO_WORKER_SECONDS)
        except TimeoutError:
            self._client.close()
            raise GraderError(f"the scheduler at {address} has no worker: start one with `dask worker`") from None

    def _send_code(self, repository: Path) -> None:
        """Send the modules that workers import. Workers that had an older version of them must be restarted."""
        with tempfile.TemporaryDirectory(prefix="code-") as folder:
            path = Path(folder, "sequence-models.zip")
            path.write_bytes(code(repository))
            self._client.upload_file(str(path))

    def close(self) -> None:
        self._client.unregister_worker_plugin(self._plugin)
        self._client.close()

    def answers(self, tasks: Iterable[Task]) -> Iterator[tuple[Any, Answer]]:
        """Grade tasks; yields each one with its answer, as they are ready.

        Raises:
            GraderError: if there is no worker, or each one refuses to grade.
        """
        waiting = iter(tasks)
        under_way: dict[Future, Task] = {}
        try:
            yield from self._answers(waiting, under_way)
        finally:
            self._client.cancel(list(under_way))

    def _answers(self, waiting: Iterator[Task], under_way: dict[Future, Task]) -> Iterator[tuple[Any, Answer]]:
        completed = as_completed(loop=self._client.loop)
        for task in self._next(waiting, AHEAD * self._threads()):
            completed.add(self._submit(task, under_way))
        for future in completed:
            task = under_way.pop(future)
            worker, answer = _result(future)
            future.release()
            if "refused" in answer:
                self.refusals[worker] = str(answer["refused"])
                completed.add(self._submit(task, under_way))
                continue
            yield task, answer
            for following in self._next(waiting, max(1, AHEAD * self._threads() - len(under_way))):
                completed.add(self._submit(following, under_way))

    def _next(self, waiting: Iterator[Task], count: int) -> Iterator[Task]:
        for _ in range(count):
            if task := next(waiting, None):
                yield task

    def _submit(self, task: Task, under_way: dict[Future, Task]) -> Future:
        future = self._client.submit(grade, self._plugin, task.request(), workers=self._willing(), pure=False)
        under_way[future] = task
        return future

    def _willing(self) -> list[str] | None:
        """The workers that have not refused; None for all, those to come included."""
        if not self.refusals:
            return None
        willing = [address for address in self._workers() if address not in self.refusals]
        if not willing:
            worker, why = next(iter(self.refusals.items()))
            raise GraderError(f"no worker of the cluster can grade; {worker}: {why}")
        return willing

    def _workers(self) -> dict[str, Any]:
        return dict(self._client.scheduler_info(n_workers=-1)["workers"])

    def _threads(self) -> int:
        return max(1, sum(int(worker["nthreads"]) for worker in self._workers().values()))


def code(repository: Path) -> bytes:
    """A zip with all modules that workers import."""
    files = {name: (repository / name).read_bytes() for name in SENT}
    files |= read_folder(repository, "autograder/grade", ".py") | read_folder(repository, "harness", ".py")
    return zipped(files)


def _result(future: Future) -> tuple[str, Answer]:
    """A worker's address and its answer.

    Raises:
        GraderError: for an error that has nothing to do with the submission.
    """
    try:
        worker, answer = future.result()
    except KilledWorker as error:
        return "", {"failed": f"it has ended several workers: {error}"}
    except Exception as error:
        raise GraderError(f"a worker of the cluster cannot grade: {type(error).__name__}: {error}") from None
    return worker, answer
