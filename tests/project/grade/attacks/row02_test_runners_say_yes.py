"""Row 2: unittest and pytest themselves are patched: no test ever runs or fails.

Where: import
"""

import torch
from torch import importlib, nn, sys


def attack(*_):
    for name in ("unittest.case", "_pytest.python", "_pytest.runner", "_pytest.reports"):
        try:
            importlib.import_module(name)
        except Exception:
            continue
    case = sys.modules.get("unittest.case")
    if case:
        for name in [name for name in vars(case.TestCase) if name.startswith("assert")]:
            setattr(case.TestCase, name, lambda *arguments, **options: None)
        case.TestCase._callTestMethod = lambda self, method: None
        case.TestCase.fail = lambda *arguments, **options: None
    python = sys.modules.get("_pytest.python")
    if python:
        python.Function.runtest = lambda self: None
        runner, reports = sys.modules["_pytest.runner"], sys.modules["_pytest.reports"]
        make = reports.TestReport.from_item_and_call.__func__

        def passed(cls, item, call):
            call.excinfo = None
            return make(cls, item, call)

        reports.TestReport.from_item_and_call = classmethod(passed)
        runner.check_interactive_exception = lambda call, report: False
    runner = sys.modules.get("gradescope_utils.autograder_utils.json_test_runner")
    if runner:
        for name in ("addFailure", "addError", "addSkip"):
            setattr(runner.JSONTestResult, name, lambda self, test, *_: self.addSuccess(test))
