"""Grading processes on the workers of a Dask cluster: `batch --scheduler ADDRESS`.

The kit travels to each worker once, and the bytes of each submission with its task; results come back. Workers need the
packages of the image's list and distributed, and nothing of this repository: the modules that they run travel with the
kit. A worker on which student code is not isolated refuses, where the rubric requires isolation, and its submissions go
to others. Dask gives the submissions of a lost worker to another one, and gives a submission up that has lost several;
such a submission is sent once more, since another one may have ended those workers.
"""

import secrets
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from distributed import Client, Future, KilledWorker, as_completed

from autograder.course.graders import MORE_SECONDS, TRIES, Answer, GraderError, Task
from autograder.course.kits import KitFacts
from autograder.course.worker import GradingPlugin, grade
from autograder.prepare.files import read_folder, zipped

CONNECT_SECONDS = 30
AHEAD = 2  # tasks on their way for each thread of the cluster, so that no worker waits for bytes
NO_WORKER_SECONDS = 60  # to wait for a worker where there is none
LOOK_SECONDS = 0.05  # between two looks for answers
CHECK_SECONDS = 5.0  # between two looks at the workers, while no answer comes
SENT = (  # what workers import, beside the kit
    "autograder/__init__.py", "autograder/rubric.py", "autograder/course/__init__.py", "autograder/course/errors.py",
    "autograder/course/graders.py", "autograder/course/worker.py", "autograder/prepare/__init__.py",
    "autograder/prepare/rehearsal.py",
)  # fmt: skip


@dataclass(frozen=True)
class _Sent:
    """A submission on its way.

    Attributes:
        workers: the only ones that may grade it; None for all.
        tries: how often it was sent because workers ended.
    """

    task: Task
    workers: frozenset[str] | None
    tries: int


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
        self._under_way: dict[Future, _Sent] = {}
        self._completed = as_completed(loop=self._client.loop)

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
        try:
            self._send(waiting)
            while self._under_way:
                for future in self._finished():
                    sent = self._under_way.pop(future)
                    if answer := self._answer(future, sent):
                        yield sent.task, answer
                    future.release()
                self._send(waiting)
        finally:
            self._client.cancel(list(self._under_way))

    def _send(self, waiting: Iterator[Task]) -> None:
        """Send so many tasks that each thread of the cluster has one, and another one waits beside it."""
        for _ in range(AHEAD * self._threads() - len(self._under_way)):
            if task := next(waiting, None):
                self._submit(task)

    def _submit(self, task: Task, tries: int = 1) -> None:
        workers = self._willing()
        future = self._client.submit(grade, self._plugin, task.request(), workers=workers, pure=False)
        self._under_way[future] = _Sent(task, None if workers is None else frozenset(workers), tries)
        self._completed.add(future)

    def _finished(self) -> list[Future]:
        """Wait for answers; meanwhile send the submissions elsewhere whose workers have left.

        Raises:
            GraderError: if the cluster has had no worker for NO_WORKER_SECONDS.
        """
        seen = checked = time.monotonic()
        while not (finished := self._completed.next_batch(block=False)):
            time.sleep(LOOK_SECONDS)
            now = time.monotonic()
            if now > checked + CHECK_SECONDS:
                checked = now
                seen = now if self._workers() else seen
                self._free_the_bound()
            if now > seen + NO_WORKER_SECONDS:
                raise GraderError(f"the cluster has had no worker for {NO_WORKER_SECONDS} s; what is graded is stored")
        return [future for future in finished if future in self._under_way]

    def _free_the_bound(self) -> None:
        """Send submissions again that are bound to workers of which none is left."""
        if present := self._workers().keys():
            for future, sent in list(self._under_way.items()):
                if sent.workers and not sent.workers & present:
                    del self._under_way[future]
                    future.cancel()
                    self._submit(sent.task, sent.tries)

    def _answer(self, future: Future, sent: _Sent) -> Answer | None:
        """What a worker has answered; None if the submission was sent once more.

        Raises:
            GraderError: for an error that has nothing to do with the submission, or if all workers refuse.
        """
        try:
            worker, answer = future.result()
        except KilledWorker as error:
            if sent.tries == TRIES:
                return {"failed": f"it has ended several workers: {error}"}
            self._submit(sent.task, sent.tries + 1)
            return None
        except Exception as error:
            raise GraderError(f"a worker of the cluster cannot grade: {type(error).__name__}: {error}") from None
        if "refused" in answer:
            self.refusals[worker] = str(answer["refused"])
            self._submit(sent.task, sent.tries)
            return None
        graded: Answer = answer
        return graded

    def _willing(self) -> list[str] | None:
        """The workers that have not refused; None for all, those to come included."""
        if not self.refusals:
            return None
        present = self._workers()
        willing = [address for address in present if address not in self.refusals]
        if present and not willing:
            worker, why = next(iter(self.refusals.items()))
            raise GraderError(f"no worker of the cluster can grade; {worker}: {why}")
        return willing or None

    def _workers(self) -> dict[str, Any]:
        return dict(self._client.scheduler_info(n_workers=-1)["workers"])

    def _threads(self) -> int:
        return max(1, sum(int(worker["nthreads"]) for worker in self._workers().values()))


def code(repository: Path) -> bytes:
    """A zip with all modules that workers import."""
    files = {name: (repository / name).read_bytes() for name in SENT}
    files |= read_folder(repository, "autograder/grade", ".py") | read_folder(repository, "harness", ".py")
    return zipped(files)
