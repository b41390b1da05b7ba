"""The zygote: a process that has imported torch and the tests and forks a child for every list of items.

It is started by exec, so it holds nothing of the judge's memory, and it reads no expected outcome. It exchanges JSON,
one message a packet, with the judge over a socket:

    judge                       zygote
                                {"ready": true, ...} or {"failed": "why"}
    the child's jail, with
    its orders and two pipes -> {"pid": 7}
                                {"ended": true}      when the child has ended by itself
    reap                     -> {"exit": 0, ...}     when every process of its user has ended

Until the child is reaped its process id stays taken, so the judge can kill it without hitting another process. While
the zygote waits for a child it also watches the judge: when the judge ends, it ends with the child.
"""

import contextlib
import gc
import importlib.util
import json
import linecache
import os
import pkgutil
import select
import socket
import stat
import sys
import time
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from autograder.grade import landlock, sandbox, slots

MAX_MESSAGE = 1 << 20
NOT_IMPORTED = {
    "antigravity", "this", "__hello__", "__phello__", "__main__", "ensurepip", "idlelib", "lib2to3", "test", "tests",
    "tkinter", "turtle", "turtledemo",
}  # fmt: skip
LATE = (  # modules that numpy and torch import late, and those that students import
    "numpy.char", "numpy.fft", "numpy.linalg", "numpy.ma", "numpy.polynomial", "numpy.random", "numpy.rec",
    "numpy.strings", "numpy.testing", "numpy.typing", "torch._dynamo", "torch.distributions", "torch.func", "torch.fx",
    "torch.jit", "torch.linalg", "torch.masked", "torch.nn.attention", "torch.nn.utils.parametrizations",
    "torch.nn.utils.parametrize", "torch.nn.utils.prune", "torch.nn.utils.rnn", "torch.onnx", "torch.optim",
    "torch.optim.lr_scheduler", "torch.special", "torch.testing", "torch.utils.checkpoint", "torch.utils.data",
)  # fmt: skip


def main(source: str, descriptor: int, parent: int, user: int | None) -> None:
    """Warm up, report it, then serve until the judge closes its end.

    Args:
        source: the unpacked kit.
        descriptor: the socket to the judge.
        parent: the judge's process id.
        user: the children's user; the zygote ends all its processes.
    """
    control = socket.socket(fileno=descriptor)
    sandbox.end_with_parent(parent)
    sandbox.adopt_orphans()
    killer = None if user is None else slots.Killer(user)
    try:
        tests = _warm_up(Path(source), user)
        seconds = min(measure() for _ in range(3))
        readable = landlock.open_readable()
    except BaseException as error:  # a module that ends the process, too
        _send(control, {"failed": f"{type(error).__name__}: {error}"[: MAX_MESSAGE >> 4]})
        raise
    gc.freeze()  # keeps this memory shared with the children
    gc.enable()
    _send(control, {"ready": True, "seconds": seconds})
    _serve(control, killer, readable, tests)


def _warm_up(source: Path, user: int | None) -> dict[str, Any]:
    """Import what children need, and return the tests' functions by key."""
    gc.disable()  # imports leave no garbage
    import torch

    torch.set_num_threads(1)  # before the first operation: a fork after a threaded one hangs the child
    torch.set_num_interop_threads(1)
    from autograder.grade import child  # noqa: F401 - imported once here, not by every child
    from autograder.grade.kit import Kit
    from harness.warm import warm_up

    kit = Kit.load(source)
    for test in kit.tests:
        test.function()
    _keep_lines(source / "tests")
    for name in kit.assignment.allowed_imports:
        if name != "models":
            try:
                importlib.import_module(name)
            except ImportError as error:
                raise ImportError(f"{name} of the rubric's allowed_imports cannot be imported: {error}") from error
    if user is not None:  # without an own user, children can read what this process can
        import_closed()
    warm_up(test.module for test in kit.tests)
    return {test.key: test for test in kit.tests}


def _serve(
    control: socket.socket, killer: slots.Killer | None, readable: list[tuple[int, int]], tests: dict[str, Any]
) -> None:
    """Fork a child for each request, until the judge closes its end."""
    while True:
        packet, descriptors, _, _ = socket.recv_fds(control, MAX_MESSAGE, 3)
        if not packet:
            return
        message = json.loads(packet)
        pid = os.fork()
        if pid == 0:
            _child(sandbox.Jail(**message), descriptors, readable, tests)
        for descriptor in descriptors:
            os.close(descriptor)
        _send(control, {"pid": pid})
        if _ends_before(pid, control):
            _send(control, {"ended": True})
        order = control.recv(MAX_MESSAGE)
        status, memory = _reap(pid, killer)
        if not order:
            return
        _send(control, {"exit": status, "memory": memory})


def _child(jail: sandbox.Jail, descriptors: list[int], readable: list[tuple[int, int]], tests: dict[str, Any]) -> None:
    """Run one child; it never returns, because the process ends here."""
    from autograder.grade import child
    from autograder.grade.wire import Item

    status = 1
    orders, result, output = descriptors
    try:
        with os.fdopen(orders, "rb") as file:  # not in the zygote, whose memory later children inherit
            items = [Item.from_json(item) for item in json.load(file)]
        sandbox.enter(jail, result, output, readable)
        child.work(Path(jail.tree), items, tests)
        status = 0
    finally:
        with contextlib.suppress(BaseException):
            sys.stdout.flush()
        os._exit(status)


def _ends_before(pid: int, control: socket.socket) -> bool:
    """Wait until the child ends, or the judge sends something or ends; return whether the child ended first.

    A process descriptor reports the end even if another process traces the child and hides it from waitid.
    """
    try:
        process = os.pidfd_open(pid)
    except OSError:  # an old kernel: poll
        while not select.select([control], [], [], 0.02)[0]:
            if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                return True
        return False
    try:
        return control.fileno() not in select.select([control.fileno(), process], [], [])[0]
    finally:
        os.close(process)


def _reap(pid: int, killer: slots.Killer | None) -> tuple[int, int]:
    """End and reap the child and all processes of its user.

    Returns:
        The child's exit status, negative for a signal, and the most KiB that it had in memory.

    Raises:
        TimeoutError: if a process does not end; the zygote then ends, and the judge starts a new one.
    """
    sandbox.end(pid)  # a child that has ended keeps its status
    if killer:
        killer.begin()
    until = time.monotonic() + 2 * slots.PATIENCE
    status, memory, alone, pause = None, 0, killer is None, 0.0003
    while status is None or not alone:
        ended, wait_status, used = os.wait4(-1, os.WNOHANG)  # also orphans; the killer finds them until they are reaped
        if ended == pid:
            status, memory = os.waitstatus_to_exitcode(wait_status), used.ru_maxrss
        elif killer and not alone:
            alone = killer.done()
        if not ended:
            time.sleep(pause)
            pause = min(2 * pause, 0.003)  # an ending process may need this processor
        if time.monotonic() > until:
            raise TimeoutError(f"process {pid} does not end")
    return status, memory


def _send(control: socket.socket, message: dict[str, Any]) -> None:
    control.sendall(json.dumps(message).encode())


def _keep_lines(tests: Path) -> None:
    """Cache the tests' source lines for messages, because children cannot read the files. No mtime: they stay valid."""
    for path in tests.rglob("test_*.py"):
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        linecache.cache[str(path)] = (0, None, lines, str(path))


def import_closed() -> None:
    """Import now what children cannot import later, if Python or its packages lie in a folder closed to them.

    Packages import unexpected parts of the standard library (numpy.random imports `secrets`), so import all of it.
    """
    import_all([*(standard_library() if closed(os.__file__) else ()), *filter(_closed_package, LATE)])


def import_all(names: Iterable[str]) -> None:
    """Import modules, without those of another system and those that are not built here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in names:
            with contextlib.suppress(Exception):
                importlib.import_module(name)


def standard_library() -> Iterator[str]:
    """All modules of the standard library but its tests and those that act when they are imported."""
    for name in sorted(sys.stdlib_module_names - NOT_IMPORTED):
        yield name
        spec = importlib.util.find_spec(name)
        for folder in (spec and spec.submodule_search_locations) or ():
            modules = pkgutil.walk_packages([folder], f"{name}.", onerror=lambda name: None)
            yield from (module.name for module in modules if not NOT_IMPORTED.intersection(module.name.split(".")))


def closed(path: str) -> bool:
    """Whether other users cannot read a file, because of its own mode or that of a folder above it."""
    file = Path(path).resolve()
    reached = all(folder.stat().st_mode & stat.S_IXOTH for folder in file.parents)
    return not (reached and file.stat().st_mode & stat.S_IROTH)


def _closed_package(name: str) -> bool:
    spec = importlib.util.find_spec(name.partition(".")[0])
    return spec is not None and spec.origin is not None and closed(spec.origin)


def measure() -> float:
    """CPU seconds for a fixed piece of work: the speed of the machine, whatever else runs on it."""
    import torch

    started = time.process_time()
    matrix = torch.eye(256) * 0.5
    for _ in range(100):
        matrix = torch.tanh(matrix @ matrix)
    return time.process_time() - started
