"""One test run again for the staff: inputs, values, traceback and output, also of hostile submissions."""

from functools import partial

import pytest

from autograder.grade.engine import Engine
from autograder.grade.explain import Explanation, explain
from harness.judge import Kind
from harness.outcome import LONGEST
from tests.project.grade.test_engine import LSTM, RNN, SOLUTION, at_import, change, in_forward

TEST = "1.2.4"  # an LSTM reads a whole sequence


@pytest.fixture
def explained(engine: Engine):
    (test,) = (test for test in engine.kit.tests if test.number == TEST)
    return partial(explain, engine, test=test, seeds=engine.kit.seeds)


def whole(explanation: Explanation) -> str:
    return "\n".join(explanation.traceback)


def test_a_right_submission_is_shown_with_the_first_inputs(explained) -> None:
    explanation = explained(SOLUTION)
    assert (explanation.seed, explanation.traceback, explanation.output) == ("public", (), "")
    for case in explanation.cases:
        assert case.verdict.passed
        assert [*case.got.shown] == [*case.expected.shown]


def test_wrong_values_are_shown_with_the_first_inputs_with_which_they_are_wrong(explained) -> None:
    explanation = explained(in_forward("print('hello')\nx = 2 * x"))
    assert explanation.seed == "public"
    assert [case.verdict.kind for case in explanation.cases] == [Kind.VALUES]
    assert (explanation.traceback, explanation.output) == ((), "hello\n" * 2)  # in evaluation and in training


def test_what_fails_with_hidden_inputs_alone_is_shown_with_them(explained, engine: Engine) -> None:
    explanation = explained(in_forward("if x.shape[0] != 4:\n    raise ValueError(f'{x.shape[0]} rows')"))
    (case,) = explanation.cases
    assert explanation.seed in engine.kit.seeds[1:]
    assert case.expected.sizes["N"] != 4
    assert f"ValueError: {case.expected.sizes['N']} rows" in case.verdict.message
    assert whole(explanation).endswith(f"ValueError: {case.expected.sizes['N']} rows")
    public = explained(in_forward("if x.shape[0] != 4:\n    raise ValueError"), seeds=["public"])
    assert all(case.verdict.passed for case in public.cases)


def test_a_traceback_has_frames_of_the_students_files_alone_with_their_lines(explained) -> None:
    files = in_forward("try:\n    [][1]\nexcept IndexError as error:\n    raise ValueError('why') from error")
    number = files[LSTM].decode().split("    [][1]")[0].count("\n") + 1
    explanation = explained(files)
    assert [line for line in explanation.traceback if "^" not in line] == [
        "Traceback (most recent call last):",
        f'  File "{LSTM}", line {number}, in forward',
        "    [][1]",
        "IndexError: list index out of range",
        "",
        "The above exception was the direct cause of the following exception:",
        "",
        "Traceback (most recent call last):",
        f'  File "{LSTM}", line {number + 2}, in forward',
        "    raise ValueError('why') from error",
        "ValueError: why",
    ]


def test_a_file_that_cannot_be_imported_is_shown_with_its_line(explained) -> None:
    broken = change(LSTM, "class LSTM", "klass LSTM")
    assert f'File "{LSTM}", line ' in whole(explained(broken))
    assert "SyntaxError" in whole(explained(broken))
    assert whole(explained(at_import("1 / 0"))).endswith("ZeroDivisionError: division by zero")
    assert explained(at_import("1 / 0", RNN)).cases[0].verdict.passed


HOSTILE = "class Evil(Exception):\n    def __str__(self):\n        {}\nraise Evil()"


def test_messages_of_any_length_and_hostile_exceptions_are_shown_in_part(explained) -> None:
    long = explained(in_forward("raise ValueError('x' * 1_000_000)"))
    assert max(map(len, long.traceback)) < LONGEST
    many = explained(in_forward("raise ValueError('line\\n' * 100_000)"))
    assert len(many.traceback) < 100
    assert "lines ..." in whole(many)
    assert "str() failed" in whole(explained(in_forward(HOSTILE.format("raise KeyError('no')"))))
    deep = explained(in_forward("self.forward(x)"))
    assert "Previous line repeated" in whole(deep)


def test_a_test_that_does_not_end_is_shown_where_it_is(explained) -> None:
    explanation = explained(in_forward("while True:\n    pass"))
    (case,) = explanation.cases
    assert case.got is None
    assert "out of time" in case.verdict.message
    assert f'File "{LSTM}", line ' in whole(explanation)
    assert "TimeoutError: interrupted" in whole(explanation)


@pytest.mark.parametrize("attack", ["import os; os._exit(3)", HOSTILE.format("while True: pass")])
def test_a_test_that_ends_its_process_is_shown_without_a_traceback(explained, attack: str) -> None:
    explanation = explained(in_forward(attack))
    assert [case.got for case in explanation.cases] == [None]
    assert explanation.traceback == ()


def test_of_what_is_printed_the_beginning_is_kept(explained) -> None:
    explanation = explained(in_forward("print('\\x1b[2J' + 'x' * 1_000_000)"))
    assert explanation.output.startswith("\x1b[2Jxxx")
    assert len(explanation.output) < 100_000
