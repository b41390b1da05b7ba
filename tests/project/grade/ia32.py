"""A system call as 32-bit programs make it: x86-64 has a second set of numbers for these."""

import ctypes
import mmap
import os
import platform

GETPID = b"\xb8\x14\x00\x00\x00\xcd\x80\xc3"  # mov eax, 20; int 0x80; ret


def getpid() -> int:
    """This process's number, or the negative number of the error."""
    code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    code.write(GETPID)
    return int(ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))())


def works() -> bool:
    """Tried in a process of its own, which the kernel may kill for it."""
    if platform.machine() != "x86_64":
        return False
    pid = os.fork()
    if pid == 0:
        os._exit(int(getpid() != os.getpid()))
    return os.waitpid(pid, 0)[1] == 0
