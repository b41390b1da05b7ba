"""Row 7: waits for a lock that nobody gives back, with threads that wait too.

Where: init
"""

import torch
from torch import nn, threading


def attack(*_):
    lock = threading.Lock()
    lock.acquire()
    for _ in range(5):
        threading.Thread(target=lock.acquire).start()
    lock.acquire()
