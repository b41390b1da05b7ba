"""Grading processes: what is answered, and what happens where one dies, hangs, refuses or is stopped.

A script stands in for `run_autograder --serve`: it does what each request says.
"""

import json
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from autograder.course import graders
from autograder.course.graders import GraderError, Graders
from autograder.prepare import rehearsal

SCRIPT = """
import json, os, sys, time
print("a warning", file=sys.stderr)
print(json.dumps({FIRST}), flush=True)
for line in sys.stdin:
    request = json.loads(line)
    if request["do"] == "die" or (request["do"] == "die once" and not os.path.exists(request["mark"])):
        open(request["mark"], "w").close()
        print("Fatal: out of luck", file=sys.stderr, flush=True)
        sys.exit(1)
    if request["do"] == "hang":
        time.sleep(600)
    answer = {"refused": "not isolated"} if request["do"] == "refuse" else {"pid": os.getpid(), **request}
    print(json.dumps(answer), flush=True)
"""


class Asked:
    """A task, as batch has them."""

    def __init__(self, do: str, mark: Path | None = None) -> None:
        self.do = do
        self.mark = mark

    def request(self) -> Mapping[str, Any]:
        return {"do": self.do, "mark": str(self.mark)}


def children() -> set[int]:
    """Processes that this one has started, here or in other tests, and that run."""
    return {child.pid for child in psutil.Process().children() if child.status() != psutil.STATUS_ZOMBIE}


@pytest.fixture
def make(monkeypatch, tmp_path):
    """Graders whose processes run the script, and what these print first."""

    def make(count: int = 2, first: object = None, seconds: float = 60.0) -> Graders:
        script = SCRIPT.replace("{FIRST}", repr({"ready": "x"} if first is None else first))

        @contextmanager
        def command(*_: object) -> Iterator[list[str]]:
            yield [sys.executable, "-c", script]

        monkeypatch.setattr(rehearsal, "command", command)
        monkeypatch.setattr(rehearsal, "lay_out_kit", lambda layout, kit: (layout / "results").mkdir())
        monkeypatch.setattr(graders, "MORE_SECONDS", 0.0)
        monkeypatch.setattr(graders, "PATIENCE", 0.5)
        kit = tmp_path / "autograder.zip"
        kit.write_bytes(b"a kit")
        return Graders(kit, rehearsal.digest(kit), tmp_path, [], seconds, count)

    before = children()
    yield make
    assert children() <= before, "left over"


def answers(made: Graders, *tasks: Asked) -> list[tuple[str, dict]]:
    return [(task.do, answer) for task, answer in made.answers(iter(tasks))]


def test_every_task_is_answered_once_by_as_many_processes_as_asked_for(make) -> None:
    answered = answers(make(2), *(Asked(str(number)) for number in range(40)))
    assert sorted(int(do) for do, _ in answered) == [*range(40)]
    assert all(answer["do"] == do for do, answer in answered)
    assert len({answer["pid"] for _, answer in answered}) <= 2


def test_no_tasks_start_no_process(make) -> None:
    assert answers(make(first={"refused": "never"})) == []


def test_a_submission_that_ends_its_process_once_is_graded_by_another(make, tmp_path: Path) -> None:
    ((_, answer),) = answers(make(1), Asked("die once", tmp_path / "died"))
    assert answer["do"] == "die once"


def test_one_that_ends_two_processes_fails_and_the_others_are_graded(make, tmp_path: Path) -> None:
    answered = dict(answers(make(1), Asked("a"), Asked("die", tmp_path / "died"), Asked("b")))
    assert answered["die"] == {"failed": "Fatal: out of luck"}
    assert {answered[name]["do"] for name in "ab"} == {"a", "b"}


def test_one_that_gets_no_answer_is_ended(make) -> None:
    started = time.monotonic()
    assert answers(make(1, seconds=0.3), Asked("hang")) == [("hang", {"failed": "no answer in 0 s"})]
    assert time.monotonic() - started < 20


def test_a_process_that_refuses_to_grade_ends_the_run(make) -> None:
    with pytest.raises(GraderError, match="not isolated"):
        answers(make(2), Asked("a"), Asked("refuse"), Asked("b"))
    with pytest.raises(GraderError, match=r"the kit cannot be read"):
        answers(make(2, first={"refused": "the kit cannot be read"}), Asked("a"))


def test_a_task_that_cannot_be_read_ends_the_run(make) -> None:
    class Broken(Asked):
        def request(self) -> Mapping[str, Any]:
            raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        answers(make(2), Asked("a"), Broken("b"))


def test_what_is_stopped_leaves_no_process(make) -> None:
    """`make` looks for leftovers."""
    running = make(2).answers(iter([Asked("a"), Asked("hang"), Asked("hang"), Asked("b")]))
    next(running)
    started = time.monotonic()
    running.close()
    assert time.monotonic() - started < 10


def test_the_line_of_an_answer_may_be_long(make) -> None:
    text = "x" * 3_000_000
    ((_, answer),) = answers(make(1), Asked(text))
    assert json.dumps(answer["do"]) == json.dumps(text)


def test_a_kit_that_changes_on_the_way_ends_the_run(make, tmp_path: Path) -> None:
    made = make(1)
    (tmp_path / "autograder.zip").write_bytes(b"another kit")
    with pytest.raises(GraderError, match="has changed since this command began"):
        answers(made, Asked("a"))
