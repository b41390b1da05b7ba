"""Which dotted names stand for modules, and which attributes lead out of plain objects."""

from __future__ import annotations

import functools
import re
import sys
from collections.abc import Sequence

GIVES_NAMES = {"globals", "locals", "vars"}
# Attributes that lead out of plain objects; builtins that give names as data; names with underscores that are harmless.
DEEP = {
    "sys", "builtins", "importlib", "inspect", "gc", "torch", "gi_frame", "cr_frame", "ag_frame", "tb_frame", "f_back",
    "f_globals", "f_locals", "f_builtins",
}  # fmt: skip
PLAIN = {
    "__init__", "__class__", "__name__", "__qualname__", "__doc__", "__version__", "__call__", "__len__", "__repr__",
    "__str__", "__iter__", "__next__", "__getitem__", "__setitem__", "__setattr__", "__new__", "__post_init__",
}  # fmt: skip
# Everything in the modules of KNOWN that is not a function, a class or a number (a test compares it with torch).
KNOWN = {"torch", "torch.nn", "torch.nn.functional", "torch.nn.init"}
NAMESPACES = {
    "F", "accelerator", "amp", "ao", "attention", "autograd", "backends", "classes", "common_types", "compiler",
    "contrib", "cpp", "cpu", "cuda", "distributed", "distributions", "export", "fft", "func", "functional",
    "futures", "fx", "grad", "hub", "init", "intrinsic", "jit", "library", "linalg", "masked", "modules", "monitor",
    "mps", "mtia", "multiprocessing", "nativert", "nested", "nn", "np", "onnx", "numa", "ops", "optim", "overrides",
    "package", "parallel", "parameter", "profiler", "qat", "quantizable", "quantization", "quantized",
    "quasirandom", "return_types", "serialization", "sparse", "special", "storage", "testing", "torch",
    "torch_version", "types", "utils", "version", "windows", "xpu",
}  # fmt: skip


def goes_deep(words: Sequence[str]) -> bool:
    """Whether attributes lead out of plain objects: into frames, other modules and the insides of objects."""
    return not DEEP.isdisjoint(words) or any(re.fullmatch("__.*__", word) and word not in PLAIN for word in words)


def is_private(word: str) -> bool:
    return word.startswith("_") and word not in PLAIN


@functools.lru_cache(maxsize=4096)
def is_namespace(dotted: str) -> bool:
    """Whether a dotted name may stand for a module or the like, not for a function, class or number in one."""
    parent, _, last = dotted.rpartition(".")
    if last.startswith("_") or last in NAMESPACES or dotted in KNOWN or not parent:
        return True
    if last[0].isupper():
        return False  # a class
    return last in sys.stdlib_module_names or (dotted.startswith("torch.") and parent not in KNOWN)
