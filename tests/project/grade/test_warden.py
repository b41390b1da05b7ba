"""The judge's side of the zygote; what it does for submissions is tested in test_engine.py."""

import os
import select
import subprocess
import sys
import time
from pathlib import Path

JUDGE = """
import sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from autograder.grade.kit import Kit
from autograder.grade.overlay import overlay
from autograder.grade.warden import Warden
from autograder.grade.wire import Item
kit = Kit.load(Path(sys.argv[1]))
warden = Warden(kit.root, kit.rubric.grading.limits)
with overlay(kit.root / "student", {"models/naive/RNN.py": b"while True: pass"}, warden.user) as tree:
    print(warden._process.pid, tree, flush=True)
    warden.run(tree, [Item("import", "models.naive.RNN")], time.monotonic() + 100)
"""


def test_when_the_judge_is_killed_zygote_and_child_end_and_nobody_waits_for_them(layout):
    """Its standard output is a pipe that the zygote holds open too: a reader would wait for ever."""
    judge = subprocess.Popen([sys.executable, "-c", JUDGE, str(layout / "source")], stdout=subprocess.PIPE, text=True)
    zygote, tree = judge.stdout.readline().split()
    time.sleep(1)  # the child loops
    watched = [os.pidfd_open(int(pid)) for pid in (zygote, *children(int(zygote)))]
    assert len(watched) == 3 - (os.geteuid() != 0)  # with the killer
    judge.kill()
    assert judge.stdout.read() == ""  # at its end only when nobody has it open
    for process in watched:
        assert select.select([process], [], [], 5)[0], "a process lives on"
        os.close(process)
    judge.wait()
    subprocess.run(["rm", "-rf", str(Path(tree).parent)], check=True)


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
