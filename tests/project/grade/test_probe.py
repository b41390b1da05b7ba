"""The probe says which of the layers around a child is missing."""

import os
from collections.abc import Callable
from typing import Any

import pytest

from autograder.grade import probe
from autograder.grade.sandbox import LAYERS
from tests.project.conftest import ROOT


def probed(inside: Callable[..., Any], layers: tuple[str, ...]) -> list[str]:
    tree = inside.folder / "tree"  # type: ignore[attr-defined]
    return inside(lambda: probe.find_problems(tree, [str(ROOT / "solution")], ["/tmp"], []), layers)


NETWORK = "not isolated: student code can open network connections"
PROCESSES = "note: student code can start processes; they are ended with it"
CALLS = "note: no seccomp here: student code can make the system calls execve, "
READ = "note: no landlock here: student code can read what every user can"
WRITE = "note: no landlock here: student code can write to folders that are open to all; they are swept after it"


@pytest.mark.needs("root", "landlock", "seccomp")
def test_the_probe_says_which_layer_is_missing(inside):
    solution = f"not isolated: student code can read {ROOT}/solution (chmod o= {ROOT}/solution)"
    open_tmp = "not isolated: student code can write to /tmp"
    assert probed(inside, LAYERS) == []
    assert probed(inside, ("seccomp",)) == [solution, open_tmp, READ, WRITE]
    *words, calls = probed(inside, ("landlock",))
    assert words == [NETWORK, PROCESSES]
    assert calls.startswith(CALLS)
    assert all(name in calls for name in ("ptrace", "keyctl", "memfd_create", "unshare", "shmget", "io_uring_setup"))
    assert all(name in calls for name in ("flock", "fcntl(F_SETLK)", "fcntl(F_NOTIFY)", "prctl(PR_SET_DUMPABLE)"))
    *words, calls = probed(inside, ())
    assert words == [solution, open_tmp, READ, WRITE, NETWORK, PROCESSES]


MISSING = {
    "not isolated: student code keeps groups of the grader": ("os.setgroups", lambda groups: None),
    "not isolated: student code sees the grader's environment": ("os.environ.clear", lambda: None),
    "not isolated: student code has files of the grader open": ("os.closerange", lambda low, high: None),
    "not isolated: student code runs in the grader's session": ("os.setsid", lambda: None),
    "note: student code has no limit on memory": ("resource.setrlimit", lambda what, limits: None),
    "note: student code can outlive a grader": ("autograder.grade.sandbox.end_with_parent", lambda parent: None),
}


@pytest.mark.needs("root")
@pytest.mark.parametrize("words", MISSING)
def test_the_probe_says_which_older_layer_is_missing(inside, monkeypatch, words):
    change, before = os.setgroups, os.getgroups()
    change([12_345])
    try:
        monkeypatch.setattr(*MISSING[words])
        monkeypatch.setenv("SECRET", "x")
        sentences = probed(inside, LAYERS)
    finally:
        change(before)
    assert [sentence for sentence in sentences if sentence.startswith(words)], sentences
