"""`python -m tests --stress`: what it says; tests/project/graded/test_stress.py tests the properties themselves."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from autograder.prepare.mistakes import activated, changed
from harness import command, stress
from harness.contract import Assignment
from harness.graded import TESTS

ROOT = TESTS.parent
ASSIGNMENT = Assignment.load(ROOT / "student" / "assignment.json")
RNN, LSTM = "models/naive/RNN.py", "models/naive/LSTM.py"


@contextmanager
def solution_with(file: str, before: str, after: str) -> Iterator[Path]:
    """The solution's folder with one change; its modules are imported inside."""
    source = (ROOT / "solution" / file).read_text(encoding="utf-8")
    with changed(ROOT, file, source.replace(before, after)) as folder, activated(folder):
        yield folder


def test_a_failure_is_shown_with_the_smallest_sizes(capsys):
    with solution_with(LSTM, "x_t = x[:, t]", "x_t = x[:, t].squeeze()") as tree:
        assert command.main(["--stress", "LSTM", "--tree", str(tree)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "1.2 LSTM"
    assert lines[1].startswith("  FAILS   Any batch, length and sizes")
    assert any("draws fail" in line and line.strip().startswith("With N = ") for line in lines)
    assert any("models/naive/LSTM.py:" in line for line in lines)
    assert all(len(line) <= 80 for line in lines)


def test_work_that_is_not_started_is_skipped_and_said(capsys):
    with activated(ROOT / "student"):
        assert command.main(["--stress", "--tree", "student"]) == 0
    printed = capsys.readouterr().out
    assert printed.count("Not started") == len(ASSIGNMENT.deliverables)
    assert "holds" not in printed


def test_a_file_that_is_refused_fails(capsys):
    with solution_with(RNN, "return output, new_hidden", "return output,, new_hidden") as tree:
        assert command.main(["--stress", "RNN", "--tree", str(tree)]) == 1
    assert "Python cannot read" in capsys.readouterr().out


def test_ctrl_c_ends_it(monkeypatch, capsys):
    def stop(models, given):
        """Stops."""
        raise KeyboardInterrupt

    monkeypatch.setattr(stress, "properties", lambda deliverable: [stop])
    with activated(ROOT / "solution"):
        assert command.main(["--stress", "RNN", "--tree", "solution"]) == command.INTERRUPTED
    assert capsys.readouterr().out.endswith("  STOPPED Stops.\n\nStopped.\n")
