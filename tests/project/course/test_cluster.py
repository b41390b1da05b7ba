"""A class on the workers of a real Dask cluster: processes of their own, one of which is killed on the way."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import cloudpickle
import pytest
from distributed import Future, KilledWorker, Scheduler, SpecCluster, Worker, WorkerPlugin

from autograder.bench import generated_class
from autograder.bench.course import quick_kit
from autograder.course import batch, cluster, kits
from autograder.course.batch import Batch, Wanted
from autograder.course.cluster import ClusterGraders
from autograder.course.graders import GraderError, Graders
from autograder.course.handins import HandIn
from autograder.course.record import Record
from autograder.course.worker import GradingPlugin
from tests.project.conftest import ROOT

COUNT = 5
pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def kit(kit_zip: Path, tmp_path_factory: pytest.TempPathFactory) -> kits.KitFacts:
    return kits.facts(quick_kit(kit_zip, tmp_path_factory.mktemp("kit") / "autograder.zip"))


CLUSTER = """
import sys
from distributed import LocalCluster
if __name__ == "__main__":
    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:
        print(cluster.scheduler_address, flush=True)
        sys.stdin.read()
"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The scheduler of a LocalCluster in a process of its own, which has nothing of this repository."""
    script = tmp_path_factory.mktemp("cluster") / "cluster.py"
    script.write_text(CLUSTER)
    command = [sys.executable, str(script)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdin
        assert process.stdout
        yield process.stdout.readline().decode().strip()
        process.stdin.close()


@pytest.fixture(scope="module")
def handins(tmp_path_factory: pytest.TempPathFactory) -> list[HandIn]:
    folder = tmp_path_factory.mktemp("class")
    made = [each for each in generated_class.submissions(ROOT, 2 * COUNT) if each.sort != "hanging"][:COUNT]
    return [HandIn(each.name, generated_class.write(each, ROOT, folder)) for each in made]


def started(folder: Path, kit: kits.KitFacts, handins: list[HandIn], record: Record) -> tuple[Batch, list[batch.Task]]:
    run = Batch(record, folder, kit, handins, {}, Wanted())
    return run, [task for task in run.plan() if task]


def table(record: Record) -> list[tuple]:
    return [(i.submission, i.test, i.points, i.kind, i.misconception, i.message) for i in record.items()]


@pytest.mark.needs("root")
def test_a_worker_that_is_killed_changes_nothing(address, kit, handins, tmp_path: Path) -> None:
    with batch.opened(tmp_path / "here") as here:
        run, tasks = started(tmp_path / "here", kit, handins, here)
        for _ in run.run(tasks, Graders(kit.path, kit.digest, ROOT, [], kit.seconds, 1), "", ""):
            pass
        graders = ClusterGraders(address, kit, ROOT)
        with batch.opened(tmp_path / "there") as there:
            run, tasks = started(tmp_path / "there", kit, handins, there)
            done = []
            for graded in run.run(tasks, graders, "", ""):
                done.append(graded.handin.id)
                if len(done) == 2:
                    victim = next(iter(graders._client.run(os.getpid).values()))
                    os.kill(victim, signal.SIGKILL)
            assert sorted(done) == sorted(handin.id for handin in handins), "each one counts once"
            assert run.summary.failed == run.summary.not_isolated == []
            assert table(there) == table(here)
        graders._client.wait_for_workers(2, timeout=60)  # its nanny has started another one, which was prepared, too
        graders.close()
    assert graders.refusals == {}


class Scripted(WorkerPlugin):
    """Grades nothing: it does what the name of its worker says."""

    asked: ClassVar[list[str]] = []
    may_go = threading.Event()

    def __init__(self, *_: object) -> None:
        pass

    def setup(self, worker: Worker) -> None:
        self.name = str(worker.name)

    def ask(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        self.asked.append(self.name)
        if self.name == "unable":
            return {"refused": "not isolated"}
        if self.name == "leaving":
            self.may_go.wait(60)
        if self.name == "ending" or (self.name == "ending at first" and len(self.asked) == 1):
            raise KilledWorker("grade", SimpleNamespace(address=self.name), 3)
        return {"by": self.name}


@pytest.fixture
def scripted(kit, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., tuple[SpecCluster, ClusterGraders]]]:
    """Starts a cluster of threads with scripted workers of these names."""
    monkeypatch.setattr(cluster, "GradingPlugin", Scripted)
    monkeypatch.setattr(cluster, "CHECK_SECONDS", 0.2)
    Scripted.asked.clear()
    Scripted.may_go.clear()
    with contextlib.ExitStack() as stack:

        def start(*names: str) -> tuple[SpecCluster, ClusterGraders]:
            scheduler = {"cls": Scheduler, "options": {"dashboard": False, "port": 0, "dashboard_address": ":0"}}
            made = stack.enter_context(SpecCluster({name: spec(name) for name in names}, scheduler))
            made.wait_for_workers(len(names))
            graders = stack.enter_context(contextlib.closing(ClusterGraders(made.scheduler_address, kit, ROOT)))
            stack.callback(Scripted.may_go.set)
            return made, graders

        yield start


def spec(name: str) -> dict[str, Any]:
    return {"cls": Worker, "options": {"name": name, "nthreads": 1, "dashboard": False}}


TASKS = [SimpleNamespace(request=lambda: {}) for _ in range(4)]


def test_submissions_whose_willing_workers_have_left_go_to_others(scripted) -> None:
    workers, graders = scripted("unable", "leaving")

    def exchange() -> None:
        until = time.monotonic() + 60
        while (len(graders.refusals) < 1 or "leaving" not in Scripted.asked) and time.monotonic() < until:
            time.sleep(0.02)
        time.sleep(0.3)  # for what was refused to be sent to the only willing worker
        workers.worker_spec["joining"] = spec("joining")
        workers.sync(workers._correct_state)
        workers.wait_for_workers(3)
        workers.sync(workers.workers["leaving"].close, executor_wait=False)
        Scripted.may_go.set()

    thread = threading.Thread(target=exchange, daemon=True)
    thread.start()
    answers = [answer for _, answer in graders.answers(TASKS)]
    thread.join()
    assert answers == [{"by": "joining"}] * len(TASKS)


def test_a_submission_with_which_workers_are_lost_is_sent_again_alone(scripted) -> None:
    _, graders = scripted("ending at first")
    answers = [answer for _, answer in graders.answers(TASKS)]
    assert answers == [{"by": "ending at first"}] * len(TASKS)
    assert len(Scripted.asked) == len(TASKS) + 1


def test_a_submission_that_ends_its_workers_twice_has_failed(scripted) -> None:
    _, graders = scripted("ending")
    answers = [answer["failed"] for _, answer in graders.answers(TASKS[:2])]
    assert len(Scripted.asked) == 4
    assert all(answer.startswith("workers were lost with it, also when it was graded alone") for answer in answers)


def test_a_result_that_is_lost_with_its_worker_is_computed_again(scripted, monkeypatch) -> None:
    workers, graders = scripted("quick")
    looks = graders._completed.next_batch

    def look_late(block: bool) -> list[tuple[Future, object]]:
        """The first time the worker has left before its result is fetched."""
        monkeypatch.setattr(graders._completed, "next_batch", looks)
        while not Scripted.asked:
            time.sleep(0.02)
        workers.worker_spec["joining"] = spec("joining")
        workers.sync(workers.workers["quick"].close, executor_wait=False)
        del workers.worker_spec["quick"]
        workers.sync(workers._correct_state)
        return []

    monkeypatch.setattr(graders._completed, "next_batch", look_late)
    assert [answer["by"] for _, answer in graders.answers(TASKS[:1])] in (["quick"], ["joining"])


def test_a_scheduler_that_ends_stops_the_run_and_says_so(scripted) -> None:
    """The client gives up what is under way when it does not reach the scheduler any more."""
    _, graders = scripted("leaving")
    closing = threading.Timer(0.2, lambda: graders._client.cancel(list(graders._under_way)))
    closing.start()
    with pytest.raises(GraderError, match=r"the scheduler at tcp.* does not answer any more"):
        list(graders.answers(TASKS))
    closing.join()


def test_a_cluster_without_workers_is_not_waited_for_for_ever(scripted, monkeypatch) -> None:
    monkeypatch.setattr(cluster, "NO_WORKER_SECONDS", 0.5)
    workers, graders = scripted("leaving")
    closing = threading.Timer(0.1, lambda: workers.sync(workers.workers["leaving"].close, executor_wait=False))
    closing.start()
    with pytest.raises(GraderError, match=r"has had no worker that grades for 0\.5 s; what is graded is stored"):
        list(graders.answers(TASKS))
    closing.join()


@pytest.mark.needs("ordinary_user")
def test_a_worker_that_cannot_isolate_refuses_and_says_so(address, kit, handins, tmp_path: Path) -> None:
    graders = ClusterGraders(address, kit, ROOT)
    with batch.opened(tmp_path / "out") as record:
        run, tasks = started(tmp_path / "out", kit, handins[:3], record)
        with pytest.raises(GraderError, match=r"no worker of the cluster can grade; tcp.*not isolated: without root"):
            list(run.run(tasks, graders, "", ""))
        assert record.submissions() == []
    graders.close()
    assert len(graders.refusals) == 2


SET_UP = """
import pickle, sys, types
plugin = pickle.load(sys.stdin.buffer)
plugin.setup(types.SimpleNamespace(local_directory=sys.argv[1]))
print(sys.modules["autograder.course.graders"].__file__)
"""


def test_workers_need_nothing_of_the_repository(tmp_path: Path) -> None:
    plugin = cloudpickle.dumps(GradingPlugin(b"kit", cluster.code(ROOT), ROOT, [], 1.0))
    command = [sys.executable, "-I", "-c", SET_UP, str(tmp_path)]
    done = subprocess.run(command, cwd=tmp_path, input=plugin, capture_output=True, check=True)
    assert done.stdout.decode().startswith(str(tmp_path))


def test_a_scheduler_that_does_not_answer_is_named(kit, monkeypatch) -> None:
    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 0.5)
    with pytest.raises(GraderError, match=r"no Dask scheduler answers at tcp:"):
        cluster.ClusterGraders("tcp://127.0.0.1:9", kit, ROOT)
