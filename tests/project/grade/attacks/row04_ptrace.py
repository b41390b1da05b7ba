"""Row 4: attaches a debugger to every process and reads memory with process_vm_readv.

Where: import
"""

import torch
from torch import ctypes, nn, os


def attack(*_):
    libc = ctypes.CDLL(None, use_errno=True)
    buffer = ctypes.create_string_buffer(64)
    for name in os.listdir("/proc"):
        if not name.isdigit() or int(name) == os.getpid():
            continue
        attach, seize = 16, 0x4206
        for request in (attach, seize):
            if libc.ptrace(request, int(name), 0, 0) == 0:
                raise RuntimeError(f"TAKEN: traces process {name}")

        class Vector(ctypes.Structure):
            _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))

        here = Vector(ctypes.addressof(buffer), 64)
        there = Vector(id(libc), 64)  # the zygote's addresses are ours: a fork keeps them
        if libc.process_vm_readv(int(name), ctypes.byref(here), 1, ctypes.byref(there), 1, 0) > 0:
            raise RuntimeError(f"TAKEN: reads the memory of process {name}")
