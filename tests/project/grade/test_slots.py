"""Slots: a user for each grader, and the end of everything that runs as that user."""

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from autograder.grade import sandbox, slots


def sleeper(user: int) -> int:
    """A process of a user's, in a session of its own, that ignores what can be ignored."""
    pid = os.fork()
    if pid == 0:
        os.setsid()
        signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
        sandbox.become(user, user)
        time.sleep(600)
        os._exit(0)
    while f"Uid:\t{user}\t" not in Path(f"/proc/{pid}/status").read_text():
        time.sleep(0.01)
    return pid


@pytest.mark.needs("root")
def test_a_number_that_is_in_use_is_no_slot(monkeypatch):
    user, lock = slots.take()
    os.close(lock)
    pid = sleeper(user)
    other, lock = slots.take()
    os.close(lock)
    assert other != user
    assert os.waitpid(pid, os.WNOHANG)[0] == 0, "somebody else's process was killed"
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    taken = {other, user + slots.GUARDIANS}
    real = slots._has_account
    monkeypatch.setattr(slots, "_has_account", lambda number: number in taken or real(number))
    third, lock = slots.take()
    os.close(lock)
    assert third not in {user, other}


@pytest.mark.needs("root")
def test_the_kernel_says_whether_all_have_ended(slot, monkeypatch):
    """To read /proc instead, after many rounds, would take longer than most children run."""
    pid = sleeper(slot)
    assert not slots._is_without_processes(slot)
    os.kill(pid, signal.SIGKILL)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    assert not slots._is_without_processes(slot), "a zombie is still there"
    os.waitpid(pid, 0)
    assert slots._is_without_processes(slot)
    monkeypatch.setattr(slots, "users", lambda: os._exit(1))  # in the process that kills
    assert slots.end_all_of(slot)


@pytest.mark.needs("root")
def test_all_processes_of_a_user_are_ended_and_nobody_elses(slot):
    neighbour, lock = slots.take()
    stranger, mine = sleeper(neighbour), [sleeper(slot) for _ in range(3)]
    collector = threading.Thread(target=lambda: [os.waitpid(pid, 0) for pid in mine])
    collector.start()
    assert slots.end_all_of(slot)
    collector.join(timeout=5)
    assert not collector.is_alive()
    assert os.waitpid(stranger, os.WNOHANG)[0] == 0
    assert slots.end_all_of(neighbour)  # it is dead and not yet collected, which does not hold anybody up
    os.waitpid(stranger, 0)
    os.close(lock)


@pytest.mark.needs("root")
def test_the_killers_of_two_slots_do_not_kill_each_other(slot):
    neighbour, lock = slots.take()
    killers = [slots.Killer(slot), slots.Killer(neighbour)]
    for _ in range(3):
        for killer in killers:
            killer.begin()
        for killer in killers:
            until = time.monotonic() + 5
            while not killer.done():
                assert time.monotonic() < until
    for killer in killers:
        assert os.waitpid(killer.pid, os.WNOHANG)[0] == 0
        os.kill(killer.pid, signal.SIGKILL)
        os.waitpid(killer.pid, 0)
    os.close(lock)
