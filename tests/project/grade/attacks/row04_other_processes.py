"""Row 4: reads other processes: environment, command line, memory, open files, working folder.

Where: import, forward
"""

import torch
from torch import nn, os


def attack(*_):
    parents, pid = [], os.getppid()
    others = [int(name) for name in os.listdir("/proc") if name.isdigit() and int(name) != os.getpid()]
    for pid in [os.getppid(), 1, *others]:
        for name in ("environ", "mem", "maps", "auxv", "syscall", "stack"):
            try:
                with open(f"/proc/{pid}/{name}", "rb") as file:
                    parents.append((pid, name, file.read(200) if name != "mem" else b"open"))
            except OSError:
                continue
        for name in ("cwd", "exe", "root", "fd/3", "fd/4", "fd/5"):
            try:
                parents.append((pid, name, os.readlink(f"/proc/{pid}/{name}")))
            except OSError:
                continue
    own = [found for found in parents if found[2]]
    if own:
        raise RuntimeError(f"TAKEN: {own[:5]}")
