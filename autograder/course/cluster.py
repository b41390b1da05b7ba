"""Grading processes on the workers of a Dask cluster: `batch --scheduler ADDRESS`.

The kit travels to each worker once, and the bytes of each submission with its task; results come back. Workers need the
packages of the image's list and none of this repository: code that they run is sent by value. A worker on which student
code is not isolated refuses, where the rubric requires isolation, and its submissions go to others. Dask gives the
submissions of a lost worker to another one; a submission that ends three workers counts as failed.
"""

import tempfile
import threading
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from distributed import Client, Future, KilledWorker, WorkerPlugin, as_completed, get_worker

import autograder
import harness
from autograder.course.graders import MORE_SECONDS, TRIES, Answer, Grader, GraderDied, GraderError, Task
from autograder.course.kits import KitFacts

if TYPE_CHECKING:
    from distributed import Worker

CONNECT_SECONDS = 30
AHEAD = 2  # tasks on their way for each thread of the cluster, so that no worker waits for bytes


class GradingPlugin(WorkerPlugin):  # type: ignore[misc]  # distributed has no types
    """Keeps one warm grading process for each thread of a worker.

    Args:
        kit: the bytes of autograder.zip.
        repository: where the client runs. On a worker of the same machine its secrets are hidden.
        seconds: for one submission.
    """

    def __init__(self, kit: bytes, repository: Path, seconds: float) -> None:
        self._kit = kit
        self._repository = repository
        self._seconds = seconds

    def setup(self, worker: "Worker") -> None:
        """Called by Dask on a worker before its first task."""
        del worker
        self._graders: dict[int, Grader] = {}
        self._folder = tempfile.TemporaryDirectory(prefix="kit-")
        self._path = Path(self._folder.name, "autograder.zip")
        self._path.write_bytes(self._kit)

    def teardown(self, worker: "Worker") -> None:
        del worker
        for grader in self._graders.values():
            grader.close()
        self._folder.cleanup()

    def ask(self, request: Mapping[str, Any]) -> Answer:
        """Grade one submission, in a second process if the first one ends."""
        answer: Answer = {}
        for _ in range(TRIES):
            try:
                answer = self._grader().ask(request, self._seconds)
            except GraderDied as error:
                answer = {"failed": str(error)}
            except GraderError as error:
                return {"refused": str(error)}
            if "failed" not in answer:
                break
            self._graders.pop(threading.get_ident()).close()
        return answer

    def _grader(self) -> Grader:
        thread = threading.get_ident()
        if thread not in self._graders:
            self._graders[thread] = Grader(self._path, self._repository, (), options=())
        return self._graders[thread]


def grade(plugin: str, request: Mapping[str, Any]) -> tuple[str, Answer]:
    """Runs on a worker: its address, and the answer."""
    worker = get_worker()
    return worker.address, worker.plugins[plugin].ask(request)


class ClusterGraders:
    """All workers of a cluster, those that join later included.

    Raises:
        GraderError: if there is no scheduler at this address.
    """

    def __init__(self, address: str, kit: KitFacts, repository: Path) -> None:
        from distributed.protocol.pickle import cloudpickle

        for module in (autograder, harness):
            cloudpickle.register_pickle_by_value(module)
        try:
            self._client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
        except (OSError, ValueError) as error:
            raise GraderError(f"no Dask scheduler answers at {address}: {error}") from None
        self._plugin = f"grading-{kit.digest}"
        plugin = GradingPlugin(kit.path.read_bytes(), repository, kit.seconds + MORE_SECONDS)
        self._client.register_plugin(plugin, name=self._plugin)
        self.refusals: dict[str, str] = {}

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


def _result(future: Future) -> tuple[str, Answer]:
    try:
        worker, answer = future.result()
    except KilledWorker as error:
        return "", {"failed": f"it has ended several workers: {error}"}
    except Exception as error:
        return "", {"failed": f"{type(error).__name__}: {error}"}
    return worker, answer
