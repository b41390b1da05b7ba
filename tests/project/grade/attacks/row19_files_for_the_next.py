"""Row 19: leaves files, closed folders and links where the grader and the next submission make theirs.

Where: import, forward
"""

import torch
from torch import nn, os


def attack(*_):
    for base in ("/tmp", "/var/tmp", "/dev/shm", "."):
        try:
            os.mkdir(f"{base}/attack-{os.getpid()}", 0o000)
            os.symlink("/", f"{base}/attack-root-{os.getpid()}")
            os.symlink("/autograder/results/results.json", f"{base}/results.json.new-{os.getpid()}")
            os.mkfifo(f"{base}/attack-pipe-{os.getpid()}")
        except OSError:
            continue
