"""The zygote: a process that has torch and the tests imported and forks a child for every list of items.

It is started by exec, so nothing of the judge's memory is in it, and it reads no expected outcome. It speaks JSON, one
message a packet, on a socket that the judge holds: `run` (with the child's orders and two pipes) -> pid -> exit status,
then `reap`, before which the child's number stays taken, so that the judge can kill it without hitting another process.
"""

import contextlib
import gc
import itertools
import json
import linecache
import os
import socket
import sys
import time
import warnings
from pathlib import Path
from typing import Any

MAX_MESSAGE = 1 << 20


def main(source: str, descriptor: int) -> None:
    """Warm up, say so, then serve until the judge closes its end."""
    control = socket.socket(fileno=descriptor)
    gc.disable()  # nothing that imports leave behind is garbage
    import torch

    torch.set_num_threads(1)  # before the first operation: a fork after a threaded one hangs the child
    torch.set_num_interop_threads(1)
    from autograder.grade import sandbox
    from autograder.grade.kit import Kit

    kit = Kit.load(Path(source))
    tests = {test.key: test for test in kit.tests}
    for test in kit.tests:
        test.function()
    _keep_lines(Path(source) / "tests")
    _import_allowed(kit.assignment.allowed_imports)
    seconds = warm_up()
    gc.freeze()  # what is here now stays shared with the children
    gc.enable()
    _send(control, {"ready": True, "seconds": seconds})
    while True:
        packet, descriptors, _, _ = socket.recv_fds(control, MAX_MESSAGE, 3)
        if not packet:
            return
        message = json.loads(packet)
        orders, result, output = descriptors
        pid = os.fork()
        if pid == 0:
            _child(message, orders, result, output, tests)
        for descriptor in descriptors:
            os.close(descriptor)
        _send(control, {"pid": pid})
        _send(control, {"exit": _wait(pid)})
        control.recv(MAX_MESSAGE)  # reap
        user = message["jail"]["user"]
        if user is not None:
            sandbox.end_all_of(user)
        os.waitpid(pid, 0)
        _send(control, {"reaped": True})


def _child(message: dict[str, Any], orders: int, result: int, output: int, tests: dict[str, Any]) -> None:
    """Never returns: whatever happens, this process ends here."""
    from autograder.grade import child, sandbox
    from autograder.grade.wire import Item

    status = 1
    try:
        with os.fdopen(orders, "rb") as file:  # here and not in the zygote, whose memory later children inherit
            items = [Item.from_json(item) for item in json.load(file)]
        sandbox.enter(sandbox.Jail(**message["jail"]), result, output)
        child.work(Path(message["overlay"]), items, tests)
        status = 0
    finally:
        with contextlib.suppress(BaseException):
            sys.stdout.flush()
        os._exit(status)


def _wait(pid: int) -> int:
    """Wait until the child has ended, leaving its number taken; a signal's number is negative."""
    ended = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    assert ended is not None
    return ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status


def _send(control: socket.socket, message: dict[str, Any]) -> None:
    control.sendall(json.dumps(message).encode())


def _keep_lines(tests: Path) -> None:
    """Keep the tests' source lines for messages: children cannot read the files. Without an mtime they stay."""
    for path in tests.rglob("test_*.py"):
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        linecache.cache[str(path)] = (0, None, lines, str(path))


def _import_allowed(names: tuple[str, ...]) -> None:
    """Import what students may import now: an interpreter below a closed home cannot import later."""
    for name in names:
        if name != "models":
            __import__(name)


def warm_up() -> float:
    """Use the harness and each kind of layer once, forward and backward; return how long fixed work takes.

    The first use of most of them imports modules and sets up kernels; the children inherit the result. No graded test
    needs an optimizer, whose first use would cost a second.
    """
    import torch
    from torch import nn
    from torch.nn import functional as F

    from tests.harness.given import Given
    from tests.harness.outcome import Outcome, encode
    from tests.harness.reference import Reference

    x = Given("0", "warm up").uniform("x", 2, 3, 8)
    outcome = Outcome()
    Reference(outcome).match(x=x)
    encode({"": outcome})
    layers = [
        nn.Linear(8, 8), nn.RNN(8, 8, batch_first=True), nn.LSTM(8, 8, batch_first=True), nn.GRU(8, 8),
        nn.LayerNorm(8), nn.Transformer(8, 2, 1, 1, 8, batch_first=True), nn.Dropout(0.5), nn.Embedding(4, 8),
    ]  # fmt: skip
    for layer, training in itertools.product(layers, (True, False)):  # torch takes other paths in eval mode
        arguments = (x, x) if isinstance(layer, nn.Transformer) else (x,)
        arguments = (torch.tensor([[0, 1]]),) if isinstance(layer, nn.Embedding) else arguments
        result = layer.train(training)(*arguments)
        result = result[0] if isinstance(result, tuple) else result
        loss = F.log_softmax(result, dim=-1).square().sum() + F.cosine_similarity(x, x, dim=-1).sum()
        loss.backward() if loss.requires_grad else None
    transformer, hidden = nn.Transformer(8, 2, 1, 1, 8, batch_first=True).eval(), x[..., 0] > 9
    for gradients in (True, False):  # masks bring in symbolic mathematics
        with torch.set_grad_enabled(gradients), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            transformer(x, x, src_key_padding_mask=hidden, tgt_key_padding_mask=hidden, memory_key_padding_mask=hidden)
    started = time.perf_counter()
    matrix = torch.eye(256) * 0.5
    for _ in range(100):
        matrix = torch.tanh(matrix @ matrix)
    return time.perf_counter() - started
