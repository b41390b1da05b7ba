"""Row 11: looks up names, asks the cloud's metadata service, and takes tokens from process 1's environment.

Where: import
"""

import torch
from torch import importlib, nn, sys

socket = sys.modules["socket"]


def attack(*_):
    taken = []
    for path in ("/proc/1/environ", "/proc/1/cwd/.env", "/root/.aws/credentials", "/var/run/secrets/token"):
        try:
            with open(path, "rb") as file:
                taken.append((path, file.read(50)))
        except OSError:
            continue
    try:
        socket.setdefaulttimeout(0.2)
        taken.append(socket.create_connection(("169.254.169.254", 80), timeout=0.2))
    except (OSError, LookupError):
        pass
    try:
        taken.append(socket.getaddrinfo("example.com", 80))
    except (OSError, LookupError):
        pass
    if taken:
        raise RuntimeError(f"TAKEN: {taken}")
