"""A parsed file: definitions, syntax errors, scripts."""

import ast
import warnings

import pytest

from harness.submission.findings import Severity
from harness.submission.source import definition, parameters
from tests.project.harness.submission.made_up import (
    LSTM,
    RNN,
    SKELETON,
    SOLVED,
    TRANSFORMER,
    in_lstm,
    line_of,
    look,
    look_at,
    only,
)


def test_definition_finds_the_one_that_counts():
    text = "def f(a): pass\nif True:\n    def f(b): pass\nelse:\n    pass\n"
    text += "class A:\n    @property\n    async def g(self): pass\n"
    assert definition(text, "f").parameters == ("b",)
    assert definition(text, "A.g").line == 8
    assert definition(text, "A.h") is None
    assert definition(text, "B.h") is None
    assert definition("f = 3", "f") is None


@pytest.mark.parametrize(
    ("signature", "words"),
    [
        ("self, x: int, states: tuple | None = None", ("self", "x", "states=None")),
        ("a, /, b=.50, *args, c, d='x', **k", ("a", "/", "b=0.5", "*args", "c", "d='x'", "**k")),
        ("*, a=1", ("*", "a=1")),
        ("", ()),
        (f"a=0x{'f' * 5000}", ("a=...",)),
    ],
)
def test_parameters_are_written_as_in_the_contract(signature, words):
    assert parameters(ast.parse(f"def f({signature}): pass").body[0].args) == words


def test_a_syntax_error_has_line_text_and_message():
    text = in_lstm("h = (x + 1")
    finding = only(look_at(LSTM, text))
    assert (finding.severity, finding.rule) == (Severity.FAULT, "syntax")
    assert finding.line == line_of(text, "h = (x + 1")
    assert "`h = (x + 1`" in finding.message
    assert "never closed" in finding.message
    assert "12 points" in finding.message


def test_a_syntax_error_hides_nothing_else():
    text = SOLVED[TRANSFORMER].replace("return x + 1", "return x +") + "\n\nimport pandas\n"
    findings = look({TRANSFORMER: text, LSTM: in_lstm("nn.LSTM"), RNN: SKELETON[RNN]})
    assert [(finding.file, finding.rule) for finding in findings] == [
        (LSTM, "refused"),
        (TRANSFORMER, "syntax"),
        (TRANSFORMER, "import"),
        (RNN, "not-started"),
    ]
    text = SKELETON[TRANSFORMER].replace("def embed(self, x):", "def embed(self, x)")
    findings = look_at(TRANSFORMER, text)
    assert [(finding.rule, finding.deliverables) for finding in findings[1:]] == [
        ("not-started", ("transformer.full_forward",))
    ]


def test_a_decorator_goes_with_its_broken_function():
    """Left behind, it makes an error of the next statement, which is then not looked at."""
    findings = look_at(LSTM, "@torch.no_grad()\ndef helper(:\n    pass\nimport pandas\n" + SOLVED[LSTM])
    assert [(finding.rule, finding.line) for finding in findings] == [("syntax", 2), ("import", 4)]


def test_of_several_syntax_errors_the_first_is_told():
    text = SOLVED[TRANSFORMER].replace("return x + 1", "return x +").replace("(source, target)", "(source, target")
    assert only(look_at(TRANSFORMER, text)).line == line_of(text, "return x +")


def test_warnings_of_python_are_not_the_packagers():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert look_at(LSTM, in_lstm(r"x = '\d'; x is 1")) == []


def test_python_newer_than_grading_is_a_fault():
    finding = look_at(LSTM, "type Tensors = int\n" + SOLVED[LSTM])[0]
    assert (finding.rule, finding.line) == ("syntax", 1)


def test_what_runs_only_as_a_script_is_free():
    script = '\n\nif __name__ == "__main__":\n    import pandas\n    print(nn.LSTM)\n'
    assert look_at(LSTM, SOLVED[LSTM] + script) == []
    for guard in ('if __name__ != "__main__":', 'if "__main__" == __name__ or True:', "if __name__:"):
        assert len(look_at(LSTM, SOLVED[LSTM] + script.replace('if __name__ == "__main__":', guard))) == 3
    assert look_at(LSTM, SOLVED[LSTM] + script + "else:\n    LSTM = nn.LSTM\n")[0].severity is Severity.FAULT
