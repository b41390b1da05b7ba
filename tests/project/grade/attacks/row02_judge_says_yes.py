"""Row 2: the grader's own functions are replaced in the process that tests: what judges, checks, compares or shows.

Where: import, init, forward
"""

import torch
from torch import importlib, nn, sys


def attack(*_):
    for name in ("harness.judge", "harness.show", "harness.outcome", "harness.run"):
        try:
            importlib.import_module(name)
        except Exception:
            continue
    judge = sys.modules.get("harness.judge")
    if judge:
        passed = judge.Verdict(judge.Kind.PASSED)
        judge.judge = judge._compare = judge._compare_value = lambda *arguments, **options: passed
        for module in list(sys.modules.values()):
            if getattr(module, "judge", None) is not None and module.__name__ not in ("harness",):
                try:
                    module.judge = judge.judge
                except Exception:
                    continue
    for module in list(sys.modules.values()):
        shows = vars(module).get("Show") if type(module) is type(sys) else None
        if hasattr(shows, "gradients"):
            shows.__call__ = shows._claim = shows.gradients = lambda self, *arguments, **values: None
    if "harness.show" in sys.modules:
        sys.modules["harness.show"].snapshot = lambda value: "right"
