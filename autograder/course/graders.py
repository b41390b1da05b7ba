"""Warm grading processes on this machine: one for each core, each with the isolation of single grading."""

import contextlib
import json
import os
import queue
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

from autograder.course.errors import CourseError
from autograder.prepare import rehearsal

Answer = Mapping[str, Any]
START_SECONDS = 300.0  # to read the kit; torch is imported with the first request
MORE_SECONDS = 180.0  # beyond the rubric's seconds for a submission: to start the engine, and to end what it has left
PATIENCE = 10.0  # for a process to end by itself
TRIES = 2  # for a submission that ends the process which grades it


class GraderDied(Exception):
    """A grading process that has ended, or does not answer; the message says what it printed last."""


class GraderError(CourseError):
    """No submission can be graded; the message says why."""


class Task(Protocol):
    """A submission to be graded."""

    def request(self) -> Mapping[str, Any]:
        """What a grading process is asked (autograder/grade/serve.py). Called once for each try."""


class Grader:
    """One grading process. It ends with the thread that has made it.

    Args:
        kit: autograder.zip.
        repository: where this runs; its secrets are hidden from student code where the system allows it.
        closed: more folders to hide.
        options: of `run_autograder`.

    Raises:
        GraderError: if it cannot start.
    """

    def __init__(
        self, kit: Path, repository: Path, closed: Iterable[Path], options: Iterable[str] = ("--here",)
    ) -> None:
        self._stack = contextlib.ExitStack()
        try:
            self._layout = self._stack.enter_context(rehearsal.private_folder())
            rehearsal.lay_out_kit(self._layout, kit)
            command = rehearsal.command(self._layout, repository, [*options, "--serve"], closed)
            self._start(self._stack.enter_context(command))
            first = self._read(START_SECONDS)
        except (GraderDied, rehearsal.RehearsalError) as error:
            self.close()
            raise GraderError(f"no grading process can start: {error}") from None
        except BaseException:
            self.close()
            raise
        if "refused" in first:
            self.close()
            raise GraderError(str(first["refused"]))

    def _start(self, command: list[str]) -> None:
        log = self._stack.enter_context((self._layout / "results" / "stdout").open("wb"))
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env={"AUTOGRADER_PYTHON": sys.executable, **os.environ},
            start_new_session=True,  # Ctrl-C in a terminal is for the process that reads the answers
        )
        self._buffer = b""

    def ask(self, request: Mapping[str, Any], seconds: float) -> Answer:
        """Send a request and wait for its answer.

        Raises:
            GraderDied: if there is none within so many seconds.
        """
        assert self._process.stdin
        try:
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()
        except OSError:
            raise GraderDied(self._last_words()) from None
        return self._read(seconds)

    def _read(self, seconds: float) -> Answer:
        assert self._process.stdout
        descriptor, until = self._process.stdout.fileno(), time.monotonic() + seconds
        pieces = [self._buffer]
        while b"\n" not in pieces[-1]:
            if not select.select([descriptor], [], [], max(0.0, until - time.monotonic()))[0]:
                raise GraderDied(f"no answer in {seconds:.0f} s")
            piece = os.read(descriptor, 1 << 20)
            if not piece:
                raise GraderDied(self._last_words())
            pieces.append(piece)
        line, _, self._buffer = b"".join(pieces).partition(b"\n")
        answer: Answer = json.loads(line)
        return answer

    def _last_words(self) -> str:
        with contextlib.suppress(OSError):
            printed = (self._layout / "results" / "stdout").read_text(encoding="utf-8", errors="replace").strip()
            return printed.splitlines()[-1] if printed else "the process has ended"
        return "the process has ended"

    def close(self) -> None:
        """End the process with all that it has started."""
        process = getattr(self, "_process", None)
        if process:
            with contextlib.suppress(OSError):
                process.stdin.close()
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            process.stdout.close()
        self._stack.close()

    def stop(self) -> None:
        """Have the process leave what it is doing and clean up; does not wait for it."""
        self._process.terminate()


class Replaced:
    """A grading process that starts when it is needed, and is replaced when it ends.

    Args:
        start: starts a process; what it raises goes on to whoever asks.
    """

    def __init__(self, start: Callable[[], Grader]) -> None:
        self._start = start
        self._grader: Grader | None = None

    def ask(self, request: Callable[[], Mapping[str, Any]], seconds: float) -> Answer:
        """The answer to a request, from a second process if the first one ends or fails."""
        answer: Answer = {}
        for _ in range(TRIES):
            self._grader = self._grader or self._start()
            try:
                answer = self._grader.ask(request(), seconds)
            except GraderDied as error:
                answer = {"failed": str(error)}
            if "failed" not in answer:
                break
            self.close()
        return answer

    def close(self) -> None:
        if self._grader:
            self._grader.close()
            self._grader = None


class _Stopped(Exception):
    """Nobody waits for answers any more."""


class _Shared:
    """Tasks that several threads take, one at a time."""

    def __init__(self, tasks: Iterable[Task]) -> None:
        self._tasks = iter(tasks)
        self._lock = threading.Lock()

    def take(self) -> Task | None:
        with self._lock:
            return next(self._tasks, None)


class Graders:
    """Grading processes on this machine, each with a thread that feeds it.

    Args:
        digest: of the kit, which must not change while processes start.
        seconds: the rubric's limit for one submission.
        count: how many processes.
        The others are those of `Grader`.
    """

    def __init__(
        self, kit: Path, digest: str, repository: Path, closed: Iterable[Path], seconds: float, count: int
    ) -> None:
        self._kit = kit
        self._digest = digest
        self._arguments = (kit, repository, tuple(closed))
        self._seconds = seconds + MORE_SECONDS
        self.count = count
        self._stopped = threading.Event()
        self._started: list[Grader] = []

    def answers(self, tasks: Iterable[Task]) -> Iterator[tuple[Any, Answer]]:
        """Grade all tasks; yields each one with its answer, as they are ready.

        Raises:
            GraderError: if no grading process can start, or one refuses to grade.
        """
        waiting = _Shared(tasks)
        ready = queue.Queue[tuple[Task | None, Any]](maxsize=2 * self.count)
        threads = [threading.Thread(target=self._work, args=(waiting, ready), daemon=True) for _ in range(self.count)]
        for thread in threads:
            thread.start()
        try:
            at_work = len(threads)
            while at_work:
                task, answer = ready.get()
                if isinstance(answer, BaseException):
                    raise answer
                if task is None:
                    at_work -= 1
                else:
                    yield task, answer
        finally:
            self._stop(threads, ready)

    def _stop(self, threads: list[threading.Thread], ready: "queue.Queue[Any]") -> None:
        self._stopped.set()
        for grader in list(self._started):
            grader.stop()  # nothing happens to one that has ended
        while any(thread.is_alive() for thread in threads):
            with contextlib.suppress(queue.Empty):
                ready.get(timeout=0.05)  # a thread may wait for room
        self._stopped.clear()

    def _work(self, waiting: "_Shared", ready: "queue.Queue[Any]") -> None:
        """A thread: grade one task after the other; the last thing that it puts into the queue has no task."""
        grader = Replaced(self._new)
        end: BaseException | None = None
        try:
            while not self._stopped.is_set() and (task := waiting.take()):
                answer = grader.ask(task.request, self._seconds)
                if "refused" in answer:
                    raise GraderError(str(answer["refused"]))
                ready.put((task, answer))
        except _Stopped:
            pass
        except BaseException as error:
            end = error
        finally:
            grader.close()
            ready.put((None, end))

    def _new(self) -> Grader:
        if rehearsal.digest(self._kit) != self._digest:
            raise GraderError(f"{self._kit} has changed since this command began: run the command again")
        if not self._stopped.is_set():
            grader = Grader(*self._arguments)
            self._started.append(grader)
            if not self._stopped.is_set():
                return grader
            grader.close()
        raise _Stopped
