"""Row 5: keeps the storage of what it returned and changes it from a thread while it is being compared.

Where: forward
"""

import torch
from torch import nn, sys, threading

np, time = sys.modules["numpy"], sys.modules["time"]


def attack(lstm, x, states):
    memory = np.zeros((len(x), lstm.hidden_size), np.float32)

    def change():
        for number in range(200):
            memory[:] = (number % 21 - 10) / 10
            time.sleep(0)

    threading.Thread(target=change, daemon=True).start()
    return torch.from_numpy(memory), torch.from_numpy(memory)
