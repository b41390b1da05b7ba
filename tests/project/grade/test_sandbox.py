"""What a child is without both filters: its limits, environment, session, descriptors and user."""

import os
import resource
from typing import Any

import pytest

from autograder.grade import sandbox


def is_open(descriptor: int) -> bool:
    try:
        os.get_inheritable(descriptor)
    except OSError:
        return False
    return True


def test_limits_environment_session_and_descriptors(inside):
    def look() -> dict[str, Any]:
        return {
            "environment": sorted(os.environ),
            "leads its session": os.getsid(0) == os.getpid(),
            "descriptors": [descriptor for descriptor in range(64) if is_open(descriptor)],
            "stdin": os.read(0, 1).decode(),
            "file": resource.getrlimit(resource.RLIMIT_FSIZE)[1],
            "core": resource.getrlimit(resource.RLIMIT_CORE)[1],
        }

    assert inside(look) == {
        "environment": ["HOME", "LANG", "PATH", "TMPDIR", "USER"],
        "leads its session": True,
        "descriptors": [0, 1, 2, 3],
        "stdin": "",
        "file": sandbox.MAX_FILE,
        "core": 0,
    }
    assert inside(lambda: bytearray(400 << 20) and 1) == "MemoryError: "
    assert inside(lambda: len(bytearray(100 << 20))) == 100 << 20


@pytest.mark.needs("root")
def test_a_child_is_the_slots_user_and_cannot_become_root_again(inside, slot):
    assert inside(lambda: [*os.getresuid(), *os.getresgid(), *os.getgroups()]) == [slot] * 6
    assert inside(lambda: os.setuid(0), ()) == "PermissionError: [Errno 1] Operation not permitted"
