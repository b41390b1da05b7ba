"""Row 16 and 18: a lock on a file of the tree, its times, its mode and extended attributes as a message to a later child.

Where: import, forward
"""

import torch
from torch import nn, os

TREE = os.path.dirname(os.path.realpath(__file__))


def attack(*_):
    taken = []
    for folder in (TREE, os.path.dirname(TREE), os.path.dirname(torch.__file__), "/tmp", "/dev/shm"):
        for name, change in (
            ("utime", lambda path: os.utime(path, (1, 1))),
            ("chmod", lambda path: os.chmod(path, 0o777)),
            ("setxattr", lambda path: os.setxattr(path, "user.attack", b"x")),
            ("rename", lambda path: os.rename(path, path + "-attack")),
        ):
            try:
                change(folder)
                taken.append((folder, name))
            except OSError:
                continue
    if taken:
        raise RuntimeError(f"TAKEN: {taken}")
