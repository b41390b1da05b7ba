"""What the tests of a child's layers share: a slot, and a way to call a function in a child."""

import json
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from autograder.grade import landlock, sandbox, slots
from autograder.grade.sandbox import LAYERS, Jail


@pytest.fixture(scope="module")
def slot() -> Iterator[int | None]:
    user, lock = slots.take()
    yield user
    if lock is not None:
        os.close(lock)


@pytest.fixture
def inside(slot) -> Iterator[Callable[..., Any]]:
    """Call a function in a child with some layers; what it returns comes back, or the exception's text."""
    readable = landlock.open_readable()

    def call(function: Callable[[], Any], layers: tuple[str, ...] = LAYERS) -> Any:
        result, write = os.pipe()
        pid = os.fork()
        if pid == 0:
            answer: Any = "it did not come this far"
            try:
                sandbox.enter(Jail(slot, home, tree, 256 << 20, 60, os.getppid(), layers), write, write, readable)
                answer = function()
            except BaseException as error:
                answer = f"{type(error).__name__}: {error}"
            finally:
                os.write(sandbox.RESULT, json.dumps(answer).encode())
                os._exit(0)
        os.close(write)
        with os.fdopen(result) as lines:
            text = lines.read()
        os.waitpid(pid, 0)
        return json.loads(text)

    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        os.chmod(folder, 0o755)
        home, tree = f"{folder}/home", f"{folder}/tree"
        for path in (home, tree):
            os.mkdir(path)
        Path(tree, "model.py").write_text("x = 1\n")
        Path(folder, "other").write_text("open to all users\n")
        if slot is not None:
            os.chown(home, slot, slot)
        call.folder = Path(folder)  # type: ignore[attr-defined]
        yield call
    for descriptor, _ in readable:
        os.close(descriptor)
