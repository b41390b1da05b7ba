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

import pytest
from distributed import KilledWorker, Scheduler, SpecCluster, Worker, WorkerPlugin

from autograder.bench import generated_class
from autograder.bench.course import quick_kit
from autograder.course import batch, cluster, kits
from autograder.course.batch import Batch, Wanted
from autograder.course.cluster import ClusterGraders
from autograder.course.graders import GraderError, Graders
from autograder.course.handins import HandIn
from autograder.course.record import Record
from tests.project.conftest import ROOT

COUNT = 8
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
    """The scheduler of a LocalCluster. It has a process of its own, because a scheduler imports what it is sent."""
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
        for _ in run.run(tasks, Graders(kit.path, kit.digest, ROOT, [], kit.seconds, 2), "", ""):
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
        if self.name == "ending":
            raise KilledWorker("grade", SimpleNamespace(address=self.name), 3)
        return {"by": self.name}


@pytest.fixture
def scripted(kit, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., tuple[SpecCluster, ClusterGraders]]]:
    """Starts a cluster of threads with scripted workers of these names."""
    monkeypatch.setattr(cluster, "GradingPlugin", Scripted)
    monkeypatch.setattr(cluster, "CHECK_SECONDS", 0.2)
    monkeypatch.setattr(ClusterGraders, "_send_code", lambda self, repository: None)  # this process has it
    Scripted.asked.clear()
    Scripted.may_go.clear()
    with contextlib.ExitStack() as stack:

        def start(*names: str) -> tuple[SpecCluster, ClusterGraders]:
            scheduler = {"cls": Scheduler, "options": {"dashboard": False, "port": 0, "dashboard_address": ":0"}}
            made = stack.enter_context(SpecCluster({name: spec(name) for name in names}, scheduler))
            made.wait_for_workers(len(names))
            return made, stack.enter_context(contextlib.closing(ClusterGraders(made.scheduler_address, kit, ROOT)))

        yield start


def spec(name: str) -> dict[str, Any]:
    return {"cls": Worker, "options": {"name": name, "nthreads": 1, "dashboard": False}}


TASKS = [SimpleNamespace(request=lambda: {}) for _ in range(4)]


def test_submissions_whose_willing_workers_have_left_go_to_others(scripted) -> None:
    workers, graders = scripted("unable", "leaving")

    def exchange() -> None:
        while len(graders.refusals) < 1 or "leaving" not in Scripted.asked:
            time.sleep(0.02)
        time.sleep(0.3)  # for what was refused to be sent to the only willing worker
        workers.worker_spec["joining"] = spec("joining")
        workers.sync(workers._correct_state)
        workers.wait_for_workers(3)
        workers.sync(workers.workers["leaving"].close, executor_wait=False)
        Scripted.may_go.set()

    thread = threading.Thread(target=exchange)
    thread.start()
    answers = [answer for _, answer in graders.answers(TASKS)]
    thread.join()
    assert answers == [{"by": "joining"}] * len(TASKS)


def test_a_submission_that_ends_its_workers_twice_has_failed(scripted) -> None:
    _, graders = scripted("ending")
    answers = [answer["failed"] for _, answer in graders.answers(TASKS[:1])]
    assert Scripted.asked == ["ending"] * 2
    assert answers[0].startswith("it has ended several workers")


def test_a_cluster_without_workers_is_not_waited_for_for_ever(scripted, monkeypatch) -> None:
    monkeypatch.setattr(cluster, "NO_WORKER_SECONDS", 0.5)
    workers, graders = scripted("leaving")
    closing = threading.Timer(0.1, lambda: workers.sync(workers.workers["leaving"].close, executor_wait=False))
    closing.start()
    with pytest.raises(GraderError, match=r"has had no worker for 0\.5 s; what is graded is stored"):
        list(graders.answers(TASKS))
    Scripted.may_go.set()
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


def test_workers_need_nothing_of_the_repository(tmp_path: Path) -> None:
    path = tmp_path / "code.zip"
    path.write_bytes(cluster.code(ROOT))
    script = "import sys; sys.path.insert(0, sys.argv[1]); import autograder.course.worker as w; print(w.__file__)"
    done = subprocess.run(
        [sys.executable, "-I", "-c", script, str(path)], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith(str(path))


def test_a_scheduler_that_does_not_answer_is_named(kit, monkeypatch) -> None:
    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 0.5)
    with pytest.raises(GraderError, match=r"no Dask scheduler answers at tcp:"):
        cluster.ClusterGraders("tcp://127.0.0.1:9", kit, ROOT)
