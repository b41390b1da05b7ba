"""Row 11: a connection over the loopback interface and one over an abstract name, which other users could use too.

Where: import
"""

import torch
from torch import nn, sys

socket = sys.modules["socket"]


def attack(*_):
    for family, address in ((socket.AF_INET, ("127.0.0.1", 0)), (socket.AF_UNIX, "\0attack")):
        try:
            server = socket.socket(family)
            server.bind(address)
            server.listen()
            client = socket.socket(family)
            client.connect(server.getsockname())
            client.sendall(b"x")
        except OSError:
            continue
        raise RuntimeError(f"TAKEN: a connection to {server.getsockname()!r}")
