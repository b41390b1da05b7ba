"""Whatever happens in a test becomes an outcome, and no setting reaches the next test."""

import pytest
import torch

from harness.judge import judge
from harness.marks import Tolerance
from harness.outcome import NOT_STARTED, Fault, Outcome, decode, encode
from harness.run import run
from harness.tree import Tree
from tests.project.harness.samples import TEST, stop


@pytest.fixture
def tree(tmp_path):
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "work.py").write_text("def work():\n    raise KeyError('x')\n", encoding="utf-8")
    return Tree(tmp_path)


@pytest.mark.parametrize("error", [SystemExit(3), GeneratorExit(), MemoryError(), RecursionError("deep"), OSError()])
def test_any_end_of_a_test_is_a_fault(tree, error):
    outcome = run(lambda: stop(error), tree, TEST)
    assert outcome.fault is not None
    assert outcome.fault.kind == type(error).__name__


def test_ctrl_c_passes(tree):
    with pytest.raises(KeyboardInterrupt):
        run(lambda: stop(KeyboardInterrupt()), tree, TEST)


def test_a_fault_names_the_students_line(tree):
    source = (tree.root / "models" / "work.py").read_text(encoding="utf-8")
    space: dict = {}
    exec(compile(source, tree.root / "models" / "work.py", "exec"), space)
    outcome = run(space["work"], tree, TEST)
    assert outcome.fault == Fault("KeyError", "'x'", "models/work.py:2, in work", own=True)


@pytest.mark.parametrize(
    ("line", "own"), [("raise ValueError(\n'no')", True), ("int('no')", False), ("{}['no']", False)]
)
def test_a_fault_says_whether_the_student_has_raised_it(tree, line, own):
    path = tree.root / "models" / "check.py"
    path.write_text(f"def check():\n    {line}\n")
    space: dict = {}
    exec(compile(path.read_text(), path, "exec"), space)
    outcome = run(space["check"], tree, TEST)
    assert outcome.fault is not None
    assert outcome.fault.own is own
    assert decode(encode({TEST: outcome}))[0][TEST].fault == outcome.fault


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("raise NotImplementedError('naive.LSTM')", NOT_STARTED),
        ("raise NotImplementedError", NOT_STARTED),
        ("raise NotImplementedError()", NOT_STARTED),
        ("raise NotImplementedError('no bidirectional layers')", "NotImplementedError"),
        ("torch.nn.Module()(1)", "NotImplementedError"),
        ("torch.utils.data.Dataset()[0]", "NotImplementedError"),
    ],
)
def test_a_todo_that_is_left_is_told_from_what_torch_does_not_implement(tree, code, kind):
    space: dict = {}
    exec(compile(f"import torch\n\ndef work():\n    {code}\n", tree.root / "models" / "work.py", "exec"), space)
    outcome = run(space["work"], tree, TEST)
    assert outcome.fault is not None
    assert (outcome.fault.kind, outcome.fault.where) == (kind, "models/work.py:4, in work")
    if kind == NOT_STARTED:
        verdict = judge(outcome, Outcome(), Tolerance())
        assert "Not implemented yet:" in verdict.message
        assert "models/work.py:4, in work" in verdict.message
        assert verdict.todo in ("naive.LSTM", "models/work.py:4, in work")


def test_what_was_shown_before_a_fault_stays(tree):
    def test(given, show):
        show("x", given.uniform("x", 2))
        raise ValueError("too late")

    outcome = run(test, tree, TEST)
    assert list(outcome.shown) == ["x"]
    assert outcome.fault.message == "too late"


def test_settings_do_not_reach_the_next_test(tree):
    def test(show):
        torch.set_default_dtype(torch.float64)
        torch.set_grad_enabled(False)

    run(test, tree, TEST)
    assert torch.get_default_dtype() == torch.float32
    assert torch.is_grad_enabled()
