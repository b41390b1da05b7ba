"""The packager: what it finds, what it writes, and what a student reads at 23:58."""

import ast
import cProfile
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tracemalloc
import warnings
import zipfile
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from harness.contract import Assignment
from harness.submission.archive import archive_name, pack
from harness.submission.command import main
from harness.submission.encoding import LIMIT, read_source, to_utf8
from harness.submission.findings import MAX_FINDINGS, Finding, Severity
from harness.submission.fingerprint import fingerprint
from harness.submission.limits import MAX_NODES
from harness.submission.listed_files import irregular, read_tree
from harness.submission.notebooks import NOTEBOOK_LIMIT, inspect_notebooks
from harness.submission.preflight import inspect
from harness.submission.source import definition, parameters
from harness.submission.started import not_started
from harness.submission.unfinished import place

SCRIPT = Path(__file__).resolve().parents[3] / "collect_submission.py"
RNN, LSTM, TRANSFORMER = "models/naive/RNN.py", "models/naive/LSTM.py", "models/Transformer.py"

SKELETON = {
    RNN: '''\
import torch
import torch.nn as nn


class VanillaRNN(nn.Module):
    def forward(self, input, hidden):
        """One step."""
        # TODO(naive.rnn): one step
        raise NotImplementedError("naive.rnn")
''',
    LSTM: '''\
import torch
import torch.nn as nn


class LSTM(nn.Module):
    def __init__(self, input_size, hidden_size=5):
        super(LSTM, self).__init__()
        # TODO(naive.lstm): sixteen parameters

    def forward(self, x, states=None):
        """Return the last states."""
        # TODO(naive.lstm): walk the sequence
        raise NotImplementedError("naive.lstm")
''',
    TRANSFORMER: """\
import torch.nn as nn


class Small(nn.Module):
    def __init__(self, size):
        super().__init__()

    def embed(self, x):
        # TODO(small.embed): words and positions
        raise NotImplementedError("small.embed")

    def attend(self, x):
        # TODO(small.attention): heads
        raise NotImplementedError("small.attention")


class Full(nn.Module):
    def __init__(self, size):
        super().__init__()
        # TODO(full.forward): layers

    def forward(self, source, target):
        # TODO(full.forward): masks
        raise NotImplementedError("full.forward")
""",
}

SOLVED = {
    RNN: SKELETON[RNN].replace('raise NotImplementedError("naive.rnn")', "return torch.tanh(input + hidden)"),
    LSTM: SKELETON[LSTM]
    .replace(
        "        # TODO(naive.lstm): sixteen",
        "        # BEGIN SOLUTION\n        self.w = 1\n        # END SOLUTION",
    )
    .replace('raise NotImplementedError("naive.lstm")', "return x, states"),
    TRANSFORMER: SKELETON[TRANSFORMER]
    .replace('raise NotImplementedError("small.embed")', "return x + 1")
    .replace('raise NotImplementedError("small.attention")', "return x.softmax(-1)")
    .replace("        # TODO(full.forward): layers", "        self.transformer = nn.Transformer(size)")
    .replace('raise NotImplementedError("full.forward")', "return self.transformer(source, target)"),
}


def function(path: str, name: str, shared: bool = False) -> dict[str, object]:
    """A function of the contract, described from the skeleton as the handout's generator does it."""
    found = definition(SKELETON[path], name)
    assert found is not None
    untouched = None if shared else found.fingerprint
    return {
        "name": name,
        "parameters": list(found.parameters),
        "untouched": untouched,
    }


def deliverable(id: str, number: str, points: float, file: str, functions: list[dict[str, object]], **more: object):
    part = id.partition(".")[0]
    title = id.partition(".")[2].capitalize()
    plain = {"id": id, "number": number, "part": part, "title": title, "points": points, "file": file}
    return {**plain, "tests": "models/test.py", "needs": [], "refused": [], "functions": functions, **more}


FROM_SCRATCH = ["torch.nn.LSTM", "torch.nn.RNN*", "torch.lstm*", "torch._VF*"]
CONTRACT = {
    "name": "sequence-models",
    "title": "Sequence models",
    "version": "1.0+3f2a91c4",
    "archive_name": "sequence-models_{ids}.zip",
    "upload": 'Gradescope, assignment "Sequence models"',
    "group_size": 1,
    "id_pattern": "[A-Za-z0-9][A-Za-z0-9._-]{1,31}",
    "output": "warn",
    "allowed_imports": ["torch", "numpy", "math", "sys", "models"],
    "files": [RNN, LSTM, TRANSFORMER],
    "parts": [{"id": "naive", "number": "1", "title": "From scratch", "more": "is ignored"}],
    "deliverables": [
        deliverable("naive.rnn", "1.1", 4, RNN, [function(RNN, "VanillaRNN.forward")], refused=FROM_SCRATCH),
        deliverable(
            "naive.lstm",
            "1.2",
            12,
            LSTM,
            [function(LSTM, "LSTM.__init__"), function(LSTM, "LSTM.forward")],
            refused=FROM_SCRATCH,
        ),
        deliverable(
            "small.embed",
            "2.1",
            3,
            TRANSFORMER,
            [function(TRANSFORMER, "Small.__init__", shared=True), function(TRANSFORMER, "Small.embed")],
        ),
        deliverable(
            "small.attention",
            "2.2",
            5,
            TRANSFORMER,
            [function(TRANSFORMER, "Small.__init__", shared=True), function(TRANSFORMER, "Small.attend")],
            refused=["torch.nn.MultiheadAttention", "torch.nn.Transformer*"],
        ),
        deliverable(
            "full.forward",
            "2.3",
            6.5,
            TRANSFORMER,
            [function(TRANSFORMER, "Full.__init__"), function(TRANSFORMER, "Full.forward")],
            needs=["small.attention"],
        ),
    ],
}


def contract(**changes: object) -> Assignment:
    return Assignment.parse(json.dumps({**CONTRACT, **changes}))


ASSIGNMENT = contract()


def look(files: dict[str, str | bytes], assignment: Assignment = ASSIGNMENT) -> list[Finding]:
    """What is found in the solved files with some of them changed."""
    changed = {**SOLVED, **files}
    data = {path: text.encode() if isinstance(text, str) else text for path, text in changed.items()}
    return inspect(data, assignment)


def look_at(path: str, text: str | bytes, assignment: Assignment = ASSIGNMENT) -> list[Finding]:
    return look({path: text}, assignment)


def only(findings: list[Finding]) -> Finding:
    assert len(findings) == 1, [str(finding) for finding in findings]
    return findings[0]


def write(tree: Path, files: dict[str, str | bytes], contract: dict[str, object] | None = CONTRACT) -> Path:
    for path, text in files.items():
        target = tree / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text.encode() if isinstance(text, str) else text)
    if contract is not None:
        tree.mkdir(parents=True, exist_ok=True)
        (tree / "assignment.json").write_text(json.dumps(contract), encoding="utf-8")
    return tree


def in_lstm(line: str, before: str = "") -> str:
    """The solved LSTM with one more line at the head of forward and others at the top of the file."""
    text = SOLVED[LSTM].replace('"""Return the last states."""', line)
    assert line in text
    return before + text


def line_of(text: str, words: str) -> int:
    return next(number for number, line in enumerate(text.split("\n"), 1) if words in line)


# The contract


def test_the_contract_is_read_and_keys_that_are_not_known_are_ignored():
    assert ASSIGNMENT.deliverable("naive.lstm").functions[1].parameters == ("self", "x", "states=None")
    assert [deliverable.id for deliverable in ASSIGNMENT.by_file(TRANSFORMER)][-1] == "full.forward"
    assert ASSIGNMENT.parts[0].title == "From scratch"
    with pytest.raises(KeyError):
        ASSIGNMENT.deliverable("naive.gru")
    assert ASSIGNMENT.id_help == ""
    assert contract(id_help="letters").id_help == "letters"


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"parts": 3, "deliverables": []}', "null"])
def test_a_damaged_contract_is_a_value_error(text):
    with pytest.raises(ValueError, match=r"assignment\.json"):
        Assignment.parse(text)


def test_dependants_follow_chains_of_needs():
    chain = [
        deliverable(id, id, 1, RNN, [], needs=needs)
        for id, needs in (("d", ["c"]), ("c", ["b"]), ("b", ["a"]), ("a", []), ("e", ["e"]))
    ]
    assert [found.id for found in contract(deliverables=chain).dependants(["a"])] == ["d", "c", "b"]


# Source text


def test_source_text_loses_bom_and_windows_line_ends():
    assert read_source(b"\xef\xbb\xbfa = 1\r\nb = 2\rc = 3\n") == "a = 1\nb = 2\nc = 3\n"


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("# -*- coding: cp1252 -*-\ns = '€ü'".encode("cp1252"), "# -*- coding: cp1252 -*-\ns = '€ü'"),
        (
            "#!/usr/bin/python\n# coding=latin-1\ns = 'ü'".encode("latin-1"),
            "#!/usr/bin/python\n# coding=latin-1\ns = 'ü'",
        ),
        ("s = 'ü'".encode("latin-1"), "s = 'ü'"),
        ("s = 'ü'".encode("utf-16"), "s = 'ü'"),
        ("# coding: no-such-thing\ns = 'ü'".encode(), "# coding: no-such-thing\ns = 'ü'"),
        ("s = 1\n# coding: latin-1\ns = 'ü'".encode(), "s = 1\n# coding: latin-1\ns = 'ü'"),
        (b"# coding: utf-7\ns = '+AGU-val'", "# coding: utf-7\ns = '+AGU-val'"),
        (b"# coding: unicode_escape\ns = '\\u0041'", "# coding: unicode_escape\ns = '\\u0041'"),
        (b"# coding: hex\n61", "# coding: hex\n61"),
        (b"\xef\xbb\xbf# coding: latin-1\n\xc3\xbc", "# coding: latin-1\nü"),
    ],
)
def test_source_text_in_other_encodings(data, text):
    assert read_source(data) == text


def test_utf8_copy_reads_the_same_for_python():
    for encoding in ("latin-1", "cp1252", "utf-8"):
        source = f"# coding: {encoding}\r\nname = 'Müller'\r\n".encode(encoding)
        space: dict[str, object] = {}
        exec(compile(to_utf8(source), "copy", "exec"), space)
        assert space["name"] == "Müller"
        assert to_utf8(source).decode() == "# coding: utf-8\nname = 'Müller'\n"


# Fingerprints and definitions


def test_fingerprint_sees_code_and_nothing_else():
    plain = 'def f(x, y=1):\n    """Doc."""\n    return (x +\n        y)\n'
    same = 'def f( x,y = 1 ):  # now\n\n    """Other\n  words."""\n    # a comment\n    return (x + y)\n'
    assert fingerprint(plain) == fingerprint(same)
    assert fingerprint(plain) != fingerprint(plain.replace("y=1", "y=2"))
    assert fingerprint(plain) != fingerprint(plain.replace("return", "yield"))
    assert fingerprint("def f():\n    return 'a'\n") != fingerprint("def f():\n    return 'b'\n")
    assert len(fingerprint(plain)) == 16


def test_fingerprint_is_the_same_in_a_class_and_on_every_python():
    text = "class A:\n    def f(self):\n        ä = f'{self!r:>{3}} ü {{}}' f\"{1}\" 'plain'\n        return ä\n"
    found = definition(text, "A.f")
    assert found is not None
    assert found.fingerprint == hashlib.sha256("def f ( self ) : ä = 'plain' return ä".encode()).hexdigest()[:16]


def test_fingerprint_survives_text_that_is_not_python():
    assert fingerprint("(((") != fingerprint("'''")
    assert fingerprint("  a\n b\n") == fingerprint("  a\n b\n")


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


# Preflight: nothing to say, nothing there, nothing started


def test_a_finished_submission_has_no_findings():
    assert look({}) == []


def test_an_empty_submission_is_unusable():
    finding = only(inspect({}, ASSIGNMENT))
    assert finding.severity is Severity.UNUSABLE
    assert RNN in finding.message
    assert only(inspect({"LSTM.py": b"", "models/other.py": b""}, ASSIGNMENT)).severity is Severity.UNUSABLE


def test_a_missing_file_costs_its_deliverables_and_names_what_needs_them():
    rest = {path: text.encode() for path, text in SOLVED.items() if path != TRANSFORMER}
    finding = only(inspect(rest, ASSIGNMENT))
    assert (finding.severity, finding.rule, finding.file) == (Severity.FAULT, "missing", TRANSFORMER)
    assert finding.deliverables == ("small.embed", "small.attention", "full.forward")
    assert "14.5 points (2.1, 2.2, 2.3)" in finding.message
    rest = {path: text.encode() for path, text in SOLVED.items() if path != LSTM}
    assert str(only(inspect(rest, ASSIGNMENT))).endswith("Costs 12 points (1.2 Lstm).")


def test_an_untouched_skeleton_is_told_in_big_words():
    finding = only(look(SKELETON))
    assert finding.severity is Severity.WARNING
    assert "NOTHING IS STARTED" in finding.message
    assert set(finding.deliverables) == {deliverable.id for deliverable in ASSIGNMENT.deliverables}


def test_what_is_not_started_is_told_with_the_line_where_its_todo_stands_now():
    moved = "\n\n\n" + SKELETON[LSTM]
    finding = only(look_at(LSTM, moved))
    assert (finding.severity, finding.rule, finding.deliverables) == (
        Severity.WARNING,
        "not-started",
        ("naive.lstm",),
    )
    assert finding.line == line_of(moved, "TODO(naive.lstm)") == 11
    assert "12 points" in finding.message


def test_without_its_todo_comment_the_line_is_that_of_its_function_now():
    text = SKELETON[RNN].replace("        # TODO(naive.rnn): one step\n", "").replace("import torch\n", "", 1)
    assert not_started({RNN: text.encode()}, ASSIGNMENT) == {"naive.rnn": (RNN, line_of(text, "def forward"))}


def test_the_place_of_the_work_is_in_the_file_as_it_is():
    """The line in the handout would lie beyond a file that has become shorter."""
    embed, lstm = ASSIGNMENT.deliverable("small.embed"), ASSIGNMENT.deliverable("naive.lstm")

    def line(text: str, deliverable=lstm) -> int:
        return place({deliverable.file: text.encode()}, deliverable)

    assert line(SKELETON[LSTM]) == line_of(SKELETON[LSTM], "# TODO(naive.lstm): sixteen")
    text = SKELETON[LSTM].replace("# TODO(naive.lstm): sixteen parameters", "self.w = 1")
    assert line(text) == line_of(text, "raise NotImplementedError"), "where work is left"
    assert line("\n" + SOLVED[LSTM].replace("# TODO", "# done")) == 7
    assert line("class LSTM:\n    def forward(self): pass\n") == 2
    assert line("class LSTM: pass\n") == line("") == line("\0(") == place({}, lstm) == 1
    assert line("#" * (LIMIT + 1)) == 1
    text = SOLVED[TRANSFORMER].replace("# TODO(small.embed)", "#")
    assert line(text, embed) == line_of(text, "def embed"), "not the constructor, which others share"


def test_one_touched_function_is_a_start():
    text = SKELETON[LSTM].replace("super(LSTM, self).__init__()", "super(LSTM, self).__init__()\n        self.w = 1")
    assert not_started({LSTM: text.encode()}, ASSIGNMENT) == {}


def test_shared_constructors_prove_nothing():
    """With the constructor as evidence, one layer for `embed` would also start `attention`."""
    text = SKELETON[TRANSFORMER].replace("super().__init__()\n\n", "super().__init__()\n        self.e = 1\n\n", 1)
    assert list(not_started({TRANSFORMER: text.encode()}, ASSIGNMENT)) == [
        "small.embed",
        "small.attention",
        "full.forward",
    ]
    text = text.replace('raise NotImplementedError("small.embed")', "return self.e")
    assert list(not_started({TRANSFORMER: text.encode()}, ASSIGNMENT)) == ["small.attention", "full.forward"]


def test_without_evidence_a_deliverable_counts_as_started():
    """All of no functions are untouched, says `all`."""
    shared = [function(RNN, "VanillaRNN.forward", shared=True)]
    assignment = contract(deliverables=[deliverable("naive.rnn", "1.1", 4, RNN, shared)])
    assert not_started({RNN: SKELETON[RNN].encode()}, assignment) == {}


def test_comments_docstrings_and_line_ends_are_no_start():
    text = SKELETON[LSTM].replace("Return the last states.", "Ich weiß es nicht.").replace("walk", "run")
    for data in (
        text.encode(),
        text.replace("\n", "\r\n").encode(),
        b"\xef\xbb\xbf" + text.encode(),
        text.encode("latin-1"),
    ):
        assert "naive.lstm" in not_started({LSTM: data}, ASSIGNMENT)


# Preflight: what is started and not finished

FORWARD = 'raise NotImplementedError("naive.lstm")'
LEFT = {
    "as handed out": FORWARD,
    "no words": "raise NotImplementedError",
    "an empty call": "raise NotImplementedError()",
    "own words": "raise NotImplementedError('later')",
    "below an argument check": "if x is None:\n            raise ValueError\n        raise NotImplementedError",
    "above finished code": f"{FORWARD}\n        return x, states",
    "in a with": "with torch.no_grad():\n            raise NotImplementedError",
    "in one case": f"if states is None:\n            {FORWARD}\n        return x, states",
    "after some have returned": f"if states is None:\n            return x, x\n        {FORWARD}",
}
NOT_LEFT = {
    "below a return": f"return x, states\n        {FORWARD}",
    "below a return in both branches": (
        f"if states is None:\n            return x, x\n        else:\n            return x, states\n        {FORWARD}"
    ),
    "below an endless loop": f"while True:\n            return x, states\n        {FORWARD}",
    "an unsupported argument": (
        "if states is None:\n            raise NotImplementedError('without states')\n        return x, states"
    ),
    "the last case": (
        "if states is None:\n            return x, x\n        raise NotImplementedError('states are not supported')"
    ),
    "in a function of its own": "def later():\n            raise NotImplementedError\n        return x, states",
    "in a comment": f"return x, states  # {FORWARD}",
}


def with_forward(code: str) -> str:
    """The solved LSTM with another body of forward."""
    return SOLVED[LSTM].replace("return x, states", code)


@pytest.mark.parametrize("code", LEFT.values(), ids=LEFT)
def test_a_raise_that_is_left_is_unfinished_work_with_its_line_and_its_price(code):
    text = with_forward(code)
    line = line_of(text, "raise NotImplementedError")
    finding = only(look_at(LSTM, text))
    assert (finding.severity, finding.rule, finding.line) == (Severity.WARNING, "unfinished", line)
    assert finding.message == (
        f"1.2 Lstm is unfinished: NotImplementedError is still raised in LSTM.forward (line {line}). "
        "Costs up to 12 points (1.2 Lstm)."
    )
    assert place({LSTM: text.encode()}, ASSIGNMENT.deliverable("naive.lstm")) == line, "it begins there"


@pytest.mark.parametrize("code", NOT_LEFT.values(), ids=NOT_LEFT)
def test_a_raise_that_is_not_reached_or_meant_for_an_argument_is_not(code):
    assert look_at(LSTM, with_forward(code)) == []


def test_a_constructor_alone_is_not_the_whole_work():
    text = SKELETON[LSTM].replace("# TODO(naive.lstm): sixteen parameters", "self.w = 1")
    finding = only(look_at(LSTM, text))
    assert finding.line == line_of(text, "raise NotImplementedError")
    assert "LSTM.forward" in finding.message


@pytest.mark.parametrize("rest", ["", "\n        pass", "\n        ..."])
def test_a_function_in_which_nothing_is_written_is_unfinished(rest):
    text = SKELETON[LSTM].replace(FORWARD, "return x, states")  # the constructor is as handed out
    line = line_of(text, "# TODO(naive.lstm): sixteen")
    assert f"nothing is written in LSTM.__init__ (line {line})" in only(look_at(LSTM, text)).message
    text = with_forward(f'"""Later."""{rest}')
    assert "nothing is written in LSTM.forward" in only(look_at(LSTM, text)).message


def test_what_needs_the_unfinished_is_priced_too():
    text = SOLVED[TRANSFORMER].replace("return x.softmax(-1)", "x = x + 1\n        raise NotImplementedError")
    message = only(look_at(TRANSFORMER, text)).message
    assert message.endswith("Costs up to 5 points (2.2 Attention), and part of 6.5 points that need it (2.3 Forward).")


def test_a_helper_that_is_left_is_a_warning_without_a_price():
    helper = "\n    def step(self, x):\n        raise NotImplementedError\n"
    finding = only(look_at(LSTM, with_forward("return self.step(x), states") + helper))
    assert (finding.severity, finding.rule, finding.deliverables) == (Severity.WARNING, "unfinished", ())
    assert finding.message == "NotImplementedError is still raised in LSTM.step. A test that calls it fails."
    assert look_at(LSTM, SOLVED[LSTM] + helper) == [], "nothing mentions it"
    base = "class Base:" + helper + "\n"
    own = "\n    def step(self, x):\n        return x\n"
    assert look_at(LSTM, base + with_forward("return self.step(x), states") + own) == [], "the class overrides it"


# Preflight: syntax


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
    assert [(finding.rule, finding.deliverables) for finding in findings[1:]] == [("not-started", ("full.forward",))]


@pytest.mark.parametrize(
    "source",
    [
        b"\0",
        b"(" * 5000,
        b"-" * 200_000 + b"1",
        b"a" + b".b" * 50_000,
        b"if 1:\n" * 3,
        b"'''",
        b"\\",
        b"\x0c\x1a",
        b"def f(x=" + b"-" * 3000 + b"1): pass",
        b"if " + b"-" * 900 + b"1: pass",
        b"class LSTM(LSTM): pass",
        b"class LSTM(A): pass\nclass A(LSTM): pass",
        b"x = 0x" + b"f" * 9000,
        b"from . import *",
        b"from .... import a",
        b"\xff\xfe\x00",
        b"# coding: idna\n",
        b"getattr()",
        b"getattr(x, *y)",
        b"lambda: (yield)",
        b"@",
        b"@a\n" * 500,
        b"type X = int",
        b"def f[T](x: T): pass",
        b"try: pass\nexcept* A: pass",
        b"match x:\n case _: y",
    ],
    ids=range(26),
)
def test_odd_files_never_stop_the_packager(source):
    assert isinstance(look_at(LSTM, source), list)
    assert not_started({LSTM: source}, ASSIGNMENT) == {}


PIECES = [
    "class LSTM:\n",
    " def forward(self, ",
    "x",
    ")",
    ":",
    "\n",
    "\r",
    "    ",
    "(",
    "'",
    '"""',
    "f'{",
    "}",
    "nn.",
    "import ",
    "from . ",
    "getattr(x, 'LSTM')",
    "\\",
    "# coding: utf-16\n",
    "\0",
    "ü",
    "@",
    "lambda ",
    "=",
    "if __name__ == '__main__':",
]


@settings(max_examples=300, deadline=None)
@given(
    st.binary(max_size=400) | st.lists(st.sampled_from(PIECES), max_size=40).map(lambda words: "".join(words).encode())
)
@example(b"# coding: unicode_escape\n\\")
@example(b"# coding: punycode\n-\xff")
def test_inspect_never_raises(data):
    files = {LSTM: data, TRANSFORMER: data}
    for finding in inspect(files, ASSIGNMENT):
        assert str(finding).isprintable()
    assert definition(read_source(data), "LSTM.forward") is None or "LSTM" in read_source(data)
    to_utf8(data)


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


def test_a_default_that_cannot_be_written_is_a_changed_default():
    text = SOLVED[LSTM].replace("states=None", f"states=0x{'f' * 5000}")
    assert only(look_at(LSTM, text)).rule == "signature"


def test_python_newer_than_grading_is_a_fault():
    finding = look_at(LSTM, "type Tensors = int\n" + SOLVED[LSTM])[0]
    assert (finding.rule, finding.line) == ("syntax", 1)


# Preflight: signatures


@pytest.mark.parametrize(
    "signature",
    [
        "self, x, states=None",
        "self, x: int, states: tuple | None = None",
        "self, x=None, states=None",
        "self, x, states=None, trace=False",
        "self, x, states=None, *more, **options",
        "self, x, states=None, *, trace=False",
        "self, x, states=NOTHING",
        "self, x, states=tuple()",
        "self, inputs, first=None",
        "this, x, h=None, trace=False",
        "self, x, /, states=None",
        "self, x, states=None, /",
        "self, x, states=None, /, *, trace=False",
        "self, *args",
        "self, x, *rest, trace=False, **options",
    ],
)
def test_signatures_that_the_tests_can_call(signature):
    assert look_at(LSTM, SOLVED[LSTM].replace("self, x, states=None", signature)) == []


@pytest.mark.parametrize(
    ("wanted", "written", "good"),
    [
        ("PAD", "1", True),
        ("PAD", "model.PAD", True),
        ("0.5", "1 / 2", True),
        ("0.5", ".50", True),
        ("1", "1.0", True),
        ("'a'", '"a"', True),
        ("(1, 2)", "1, 2", True),
        ("1", "2", False),
        ("'a'", "'b'", False),
        ("'a=1'", "'a=2'", False),
        ("PAD", "", False),
        ("1", "", False),
    ],
)
def test_an_equal_default_may_be_written_otherwise(wanted, written, good):
    """As text, 1 is not PAD, though both are the same number. Another default is for the tests to fail."""
    entry = {**function(RNN, "VanillaRNN.forward"), "parameters": ["self", "input", f"hidden={wanted}"]}
    assignment = contract(deliverables=[deliverable("naive.rnn", "1.1", 4, RNN, [entry])])
    written = f"({written})" if "," in written else written
    text = SOLVED[RNN].replace("input, hidden)", f"input, hidden={written})" if written else "input, hidden)", 1)
    found = look_at(RNN, text, assignment)
    assert [(each.rule, each.severity) for each in found] == ([] if good else [("signature", Severity.WARNING)])
    assert all(f"takes hidden{f'={written}' if written else ''} instead of" in each.message for each in found)


@pytest.mark.parametrize(
    "signature",
    [
        "self, x",
        "self, states=None, x=1",
        "self, h, x=None",
        "self, x, states=None, trace",
        "self, x, *, states=None",
        "self, x, /, states=None, *, trace",
        "self, *args, trace",
        "x, states=None",
        "self, x, states=None, *, trace",
        "self, **options",
        "",
    ],
)
def test_signatures_that_the_tests_cannot_call(signature):
    text = SOLVED[LSTM].replace("self, x, states=None", signature)
    findings = look_at(LSTM, text)
    if signature == "self, x, states=None, trace":
        assert findings[0].rule == "syntax"  # a parameter without default after one with
        return
    finding = only(findings)
    assert (finding.severity, finding.rule, finding.deliverables) == (
        Severity.FAULT,
        "signature",
        ("naive.lstm",),
    )
    assert finding.line == line_of(text, "def forward")
    assert f"({signature})" in finding.message
    assert "(self, x, states=None), in this order. The names are up to you." in finding.message


def test_parameters_that_tests_give_by_name_keep_their_names():
    function_ = {**function(RNN, "VanillaRNN.forward"), "parameters": ["self", "input", "hidden"]}
    named = {**deliverable("naive.rnn", "1.1", 4, RNN, [function_]), "by_name": ["hidden", "other"]}
    assignment = contract(deliverables=[named])

    def written(parameters):
        return look_at(RNN, SOLVED[RNN].replace("self, input, hidden)", f"{parameters})", 1), assignment)

    assert written("self, x, hidden") == written("self, x, /, hidden") == []
    assert {only(written(each)).rule for each in ("self, x, hidden, /", "self, x, *hidden")} == {"signature"}
    message = only(written("self, input, h")).message
    assert "where tests need (self, input, hidden), in this order." in message
    assert "Tests give hidden by name; other names are up to you." in message


def test_a_function_that_no_test_calls_may_be_missing_or_another():
    helper = {**function(RNN, "VanillaRNN.forward"), "name": "VanillaRNN.helper", "optional": True}
    entries = [function(RNN, "VanillaRNN.forward"), helper]
    assignment = contract(deliverables=[deliverable("naive.rnn", "1.1", 4, RNN, entries)])
    for text in ("", "\n    def helper(self, more, and_more):\n        pass\n"):
        assert look_at(RNN, SOLVED[RNN] + text, assignment) == []
    left = "\n    def helper(self):\n        raise NotImplementedError('naive.rnn')\n"
    assert look_at(RNN, SOLVED[RNN] + left, assignment) == []
    finding = only(look_at(RNN, SOLVED[RNN].replace("return ", "return self.helper() + ", 1) + left, assignment))
    assert (finding.rule, finding.deliverables) == ("unfinished", ("naive.rnn",)), (
        "here the student's own code calls it"
    )


def test_a_changed_shared_constructor_costs_every_deliverable_that_has_it():
    text = SOLVED[TRANSFORMER].replace("def __init__(self, size)", "def __init__(self, size, width)", 1)
    finding = only(look_at(TRANSFORMER, text))
    assert finding.deliverables == ("small.embed", "small.attention")
    assert "8 points (2.1 Embed, 2.2 Attention), and part of 6.5 points that need it (2.3 Forward)." in finding.message


def test_a_missing_class_is_told_once_and_a_missing_function_by_name():
    finding = only(look_at(TRANSFORMER, SOLVED[TRANSFORMER].replace("class Small", "class Tiny")))
    assert "class Small is not defined" in finding.message
    assert finding.deliverables == ("small.embed", "small.attention")
    finding = only(look_at(TRANSFORMER, SOLVED[TRANSFORMER].replace("def attend", "def attention")))
    assert "function Small.attend is not defined" in finding.message
    assert finding.deliverables == ("small.attention",)


def test_an_imported_class_does_not_stand_for_the_students_own():
    for text in (
        "from torch.nn import LSTM\n",
        "import torch as LSTM\n",
        SOLVED[LSTM] + "\nfrom torch.nn import LSTM\n",
    ):
        assert "class LSTM is not defined" in look_at(LSTM, text)[0].message


def test_functions_may_be_inherited_within_the_file_decorated_or_chosen():
    moved = SOLVED[LSTM].replace("class LSTM(nn.Module)", "class Base(nn.Module)").replace("super(LSTM", "super(Base")
    assert look_at(LSTM, moved + "\n\nclass LSTM(Base):\n    pass\n") == []
    assert look_at(LSTM, SOLVED[LSTM].replace("    def forward", "    @torch.no_grad()\n    def forward")) == []
    assert look_at(LSTM, SOLVED[LSTM].replace("class LSTM", "if True:\n class LSTM").replace("\n    ", "\n     ")) == []
    assert look_at(LSTM, SOLVED[LSTM] + "\n    walk = forward\n") == []


def test_a_class_without_the_function_does_not_find_it_in_torch():
    text = SOLVED[LSTM].replace("def forward", "def walk").replace("nn.Module", "Module")
    assert only(look_at(LSTM, "from torch.nn import Module\n" + text)).rule == "missing"


# Preflight: imports


@pytest.mark.parametrize(
    "line",
    [
        "import math, numpy as np",
        "from __future__ import annotations",
        "import torch.nn.functional as F",
        "from models.naive.RNN import VanillaRNN",
        "from models.naive import RNN",
        "import models.naive.RNN as rnn",
        "from .RNN import VanillaRNN",
        "from . import RNN",
        "from ..naive.RNN import VanillaRNN",
        "from .. import Transformer",
    ],
)
def test_allowed_imports(line):
    assert look_at(LSTM, line + "\n" + SOLVED[LSTM]) == []


@pytest.mark.parametrize(
    ("line", "module"),
    [
        ("import pandas as pd", "pandas"),
        ("import torch, matplotlib.pyplot", "matplotlib.pyplot"),
        ("from scipy.special import expit", "scipy.special"),
        ("from models.helpers import step", "models.helpers"),
        ("from models.naive import helpers", "models.naive.helpers"),
        ("from .helpers import step", "models.naive.helpers"),
        ("from . import helpers", "models.naive.helpers"),
        ("import importlib", "importlib"),
        ("from RNN import VanillaRNN", "RNN"),
        ("try:\n    import pandas\nexcept ImportError:\n    pass", "pandas"),
        ("from torchtext import data", "torchtext"),
        ("from ..... import torch", "....."),
    ],
)
def test_imports_outside_the_list(line, module):
    finding = only(look_at(LSTM, line + "\n" + SOLVED[LSTM]))
    assert (finding.severity, finding.rule, finding.deliverables) == (
        Severity.FAULT,
        "import",
        ("naive.lstm",),
    )
    assert finding.line in (1, 2)
    assert finding.message.startswith(module + " ")


def test_an_import_inside_a_function_counts():
    assert only(look_at(LSTM, in_lstm("import pandas"))).rule == "import"


@pytest.mark.parametrize(
    ("allowed", "advice"),
    [
        (["torch", "numpy", "math", "models", "abc"], "line or do with torch and numpy, and from Python: math, abc."),
        (["__future__", "torch", "models"], "line or do with torch."),
        (["math", "models"], "line or do with math."),
        (["models"], "Delete the line."),
    ],
)
def test_what_may_be_imported_is_told_in_full(allowed, advice):
    text = "import pandas\n" + SOLVED[LSTM]
    findings = look_at(LSTM, text, contract(allowed_imports=allowed))
    assert any(f.message.startswith("pandas ") and f"{advice} Costs" in f.message for f in findings)


def test_a_neighbours_import_is_told_its_right_name():
    finding = only(look_at(LSTM, "from RNN import VanillaRNN\n" + SOLVED[LSTM]))
    assert "Import it as models.naive.RNN" in finding.message


# Preflight: refused names


@pytest.mark.parametrize(
    ("before", "line"),
    [
        ("", "nn.LSTM(1, 2)"),
        ("", "torch.nn.LSTM"),
        ("", "nn.RNNCell(1, 2)"),
        ("", "torch.lstm_cell(x)"),
        ("from torch.nn import LSTM as L\n", "L(1, 2)"),
        ("from torch import nn as n\n", "n.LSTM(1)"),
        ("import torch.nn as q\n", "q.LSTM(1)"),
        ("from torch import lstm\n", "lstm(x)"),
        ("", "torch.nn.modules.rnn.LSTM(1)"),
        ("from torch.nn.modules.rnn import LSTM as L\n", "L(1)"),
        ("", "x.LSTM"),
        ("", "x().LSTM"),
        ("", "x[0].LSTM"),
        ("", 'getattr(nn, "LSTM")'),
        ("", 'getattr(torch.nn, "RNNBase")(1)'),
        ("", "torch._VF.lstm(x)"),
        ("from torch import _VF\n", "_VF.gru(x)"),
        ("", "torch.ops.aten.lstm(x)"),
        ("", "nn.LSTM.forward(self, x)"),
        ("from torch.nn import *\n", "RNN(1, 2)"),
        ("n = nn\n", "n.LSTM(1)"),
        ("", "eval('nn.L' + 'STM')"),
        ("", "exec(x)"),
        ("", "__import__('torch')"),
        ("", "compile(x, '', 'exec')"),
        ("", "e = eval"),
        ("from models.naive.RNN import nn as m\n", "m.LSTM(1)"),
        ("from torch._VF import gru\n", "gru(x)"),
        ("import torch._VF as v\n", "v.gru(x)"),
    ],
)
def test_refused_names(before, line):
    text = in_lstm(line, before)
    finding = only(look_at(LSTM, text))
    assert (finding.severity, finding.rule, finding.deliverables) == (
        Severity.FAULT,
        "refused",
        ("naive.lstm",),
    )
    assert finding.line == line_of(text, "        " + line)
    assert "Costs 12 points (1.2 Lstm)." in finding.message


@pytest.mark.parametrize(
    ("before", "line"),
    [
        ("", "super(LSTM, self)"),
        ("", "LSTM.forward"),
        ("", "self.LSTM = self.lstm_cell"),
        ("", "isinstance(x, LSTM)"),
        ("from torch.nn import LSTM\n", "super(LSTM, self)"),
        ("from torch.nn import LSTM\n", "pass"),
        ("", "self.eval()"),
        ("import torch.compiler\n", "torch.compile(x)"),
        ("", "x.lst"),
        ("", "lstm = lambda: x; lstm()"),
        ("from models.naive import RNN\n", "RNN.VanillaRNN(1)"),
        ("from models.naive.RNN import VanillaRNN as RNN\n", "RNN(1)"),
        ("from .RNN import VanillaRNN as RNN\n", "RNN(1)"),
        ("", "getattr(self, 'LSTM')"),
        ("", "getattr(nn, x)"),
        ("", "'nn.LSTM'"),
        ("def eval(x): return x\n", "eval(x)"),
    ],
)
def test_names_that_only_look_refused(before, line):
    assert look_at(LSTM, in_lstm(line, before)) == []


HELPER = """

class Helper(nn.Module):
    def __init__(self):
        self.lstm_weight = 1

    def lstm_gate(self, x):
        return x

    @classmethod
    def RNNStep(cls, x):
        return cls.inner.lstm_gate(x)
"""


@pytest.mark.parametrize(
    "line",
    [
        "self.helper.lstm_gate(x)",
        "self.deep.helper.lstm_gate(x)",
        "self.helper.lstm_weight",
        "self.cells[0].lstm_gate(x)",
        "Helper().lstm_gate(x)",
        "Helper.RNNStep(x)",
        "helper = Helper(); helper.lstm_gate(x)",
        "getattr(self.helper, 'lstm_gate')(x)",
        "self.LSTM = 1; self.deep.LSTM(x)",
        "x.lstm_weight",
    ],
)
def test_what_the_file_itself_defines_is_not_refused(line):
    """By its last word alone a student's own method would cost the deliverable."""
    assert look_at(LSTM, in_lstm(line) + HELPER) == []


@pytest.mark.parametrize(
    "line",
    [
        "torch.lstm_gate(x)",
        "torch.ops.aten.lstm_gate(x)",
        "self.helper.lstm_cell(x)",
        "self.nn.RNN(x)",
        "x.LSTM(x)",
        "self.nn.LSTM(x)",
        "nn.RNNStep(x)",
        "torch.nn.modules.rnn.LSTM(x)",
    ],
)
def test_a_files_own_names_excuse_no_other(line):
    assert [finding.rule for finding in look_at(LSTM, in_lstm(line) + HELPER)] == ["refused"]


def test_a_pattern_that_ends_in_a_star_alone_refuses_no_other_object():
    assignment = contract(deliverables=[{**CONTRACT["deliverables"][1], "refused": ["torch.fft.*"]}])
    assert look_at(LSTM, in_lstm("x.size(torch.zeros(1))"), assignment) == []
    assert only(look_at(LSTM, in_lstm("torch.fft.rfft(x)"), assignment)).rule == "refused"


def test_another_deliverables_class_may_be_used_under_its_name():
    """Its last word is refused, but it is the student's own."""
    text = SOLVED[RNN].replace("return torch", "LSTM(1)\n        return torch")
    for line in ("from models.naive.LSTM import LSTM\n", "from .LSTM import LSTM\n"):
        assert look_at(RNN, line + text) == []


def test_an_import_within_a_function_hides_the_students_own_class():
    assert only(look_at(LSTM, in_lstm("from torch.nn import LSTM; LSTM(1)"))).rule == "refused"


def test_a_class_of_the_right_name_made_of_the_refused_one():
    """A class that hides an import is the student's own, but not in its own bases."""
    text = SOLVED[LSTM].replace("class LSTM(nn.Module)", "class LSTM(LSTM)")
    assert only(look_at(LSTM, "from torch.nn import LSTM\n" + text)).rule == "refused"
    assert (
        only(look_at(LSTM, "from torch.nn import LSTM as Base\n" + text.replace("(LSTM)", "(Base)"))).rule == "refused"
    )
    assert only(look_at(LSTM, SOLVED[LSTM].replace("nn.Module", "nn.LSTM"))).rule == "refused"


@pytest.mark.parametrize(
    "helper",
    [
        "def helper(x):\n    return nn.LSTM(1, 2)(x)\n",
        "def deeper(x):\n    return nn.LSTM(1, 2)(x)\n\n\ndef helper(x):\n    return deeper(x)\n",
        "class helper:\n    layer = nn.LSTM\n",
        "helper = nn.LSTM\n",
        "if True:\n    helper = nn.LSTM\n",
    ],
)
def test_a_deliverable_answers_for_what_it_mentions(helper):
    finding = only(look_at(LSTM, in_lstm("helper(x)") + "\n\n" + helper))
    assert (finding.rule, finding.deliverables) == ("refused", ("naive.lstm",))


@pytest.mark.parametrize(
    "loose",
    [
        "LSTM.forward = nn.LSTM.forward",
        "a = LSTM.forward = nn.LSTM",
        "setattr(LSTM, 'f', nn.LSTM)",
        "if x:\n    a = nn.LSTM",
    ],
)
def test_statements_that_do_more_than_bind_names_concern_every_deliverable(loose):
    assert look_at(LSTM, SOLVED[LSTM] + "\n\n" + loose + "\n")[0].rule == "refused"


HIDDEN = "\n\ndef helper(a):\n    return nn.LSTM(a, 1)\n"


@pytest.mark.parametrize(
    ("line", "before"),
    [
        ("helper(x)", "from models.Transformer import helper\n"),
        ("mine(x)", "from models.Transformer import helper as mine\n"),
        ("helper(x)", "from ..Transformer import helper\n"),
        ("Transformer.helper(x)", "from .. import Transformer\n"),
        ("helper(x)", "from models.Transformer import *\n"),
        ("models.Transformer.helper(x)", "import models.Transformer\n"),
        ("t.helper(x)", "import models.Transformer as t\n"),
        ("f(t)(x)", "import models.Transformer as t\n"),
        ("getattr(t, 'helper')(x)", "import models.Transformer as t\n"),
        ("from models.Transformer import helper; helper(x)", "\n"),
    ],
)
def test_what_a_deliverable_imports_from_another_file_is_its_own(line, before):
    text, other = in_lstm(line, before), SOLVED[TRANSFORMER] + HIDDEN
    finding = only(look({LSTM: text, TRANSFORMER: other}))
    assert (finding.rule, finding.deliverables) == ("refused", ("naive.lstm",))
    assert (finding.file, finding.line) == (TRANSFORMER, line_of(other, "nn.LSTM"))
    imported = line_of(text, before.strip() or line)
    assert f"1.2 Lstm gets there by the import in {LSTM}:{imported}. Costs 12 points (1.2 Lstm)." in finding.message


@pytest.mark.parametrize(
    "helper",
    [
        "from models.Transformer import helper\n",
        "from models.Transformer import helper as other\n\n\ndef helper(a):\n    return other(a)\n",
        "from models.Transformer import *\n",
    ],
)
def test_imports_are_followed_through_files(helper):
    files = {LSTM: in_lstm("helper(x)", "from models.naive.RNN import helper\n"), RNN: helper + SOLVED[RNN]}
    finding = only(look({**files, TRANSFORMER: SOLVED[TRANSFORMER] + HIDDEN}))
    assert (finding.file, finding.deliverables) == (TRANSFORMER, ("naive.lstm",))
    assert f"by the import in {LSTM}:1." in finding.message


def test_a_refused_class_imported_by_another_file_is_found_there():
    other = "from torch.nn import LSTM as Base\n" + SOLVED[TRANSFORMER]
    finding = only(look({LSTM: in_lstm("Base(x)", "from models.Transformer import Base\n"), TRANSFORMER: other}))
    assert (finding.file, finding.line, finding.deliverables) == (TRANSFORMER, 1, ("naive.lstm",))


def test_only_what_is_used_of_another_file_counts():
    clean = "\n\ndef clean(a):\n    return a\n"
    other = SOLVED[TRANSFORMER] + HIDDEN + clean
    assert look({LSTM: in_lstm("clean(x)", "from models.Transformer import clean\n"), TRANSFORMER: other}) == []
    assert look({LSTM: in_lstm("t.clean(x)", "import models.Transformer as t\n"), TRANSFORMER: other}) == []
    assert look({LSTM: in_lstm("x", "from models.Transformer import helper\n"), TRANSFORMER: other}) == []
    user = SOLVED[TRANSFORMER].replace("return x + 1", "return helper(x)")  # embed refuses no LSTM
    assert look({TRANSFORMER: "from models.naive.RNN import helper\n" + user, RNN: SOLVED[RNN] + HIDDEN}) == []


def test_imports_in_a_circle_end():
    circle = "from models.naive.{} import helper as other\n\n\ndef helper(x):\n    return other(x)\n"
    files = {LSTM: in_lstm("helper(x)", circle.format("RNN")), RNN: circle.format("LSTM") + SOLVED[RNN]}
    assert look(files) == []
    back = files[RNN].replace("helper as other", "hidden as other")
    finding = only(look({LSTM: files[LSTM] + HIDDEN.replace("helper", "hidden"), RNN: back}))
    assert (finding.file, finding.deliverables) == (LSTM, ("naive.lstm",))


def test_names_are_refused_only_where_their_deliverable_can_reach_them():
    """By file, nn.Transformer in Full would cost the attention of Small, which refuses it."""
    assert look({}) == []
    helper = "\n\ndef layers(size):\n    return nn.TransformerEncoderLayer(size)\n"
    text = SOLVED[TRANSFORMER].replace("nn.Transformer(size)", "layers(size)") + helper
    assert look_at(TRANSFORMER, text) == []
    finding = only(look_at(TRANSFORMER, text.replace("return x.softmax(-1)", "return layers(x)")))
    assert finding.deliverables == ("small.attention",)
    assert "part of 6.5 points that need it (2.3 Forward)" in finding.message


def test_what_runs_only_as_a_script_is_free():
    script = '\n\nif __name__ == "__main__":\n    import pandas\n    print(nn.LSTM)\n'
    assert look_at(LSTM, SOLVED[LSTM] + script) == []
    for guard in ('if __name__ != "__main__":', 'if "__main__" == __name__ or True:', "if __name__:"):
        assert len(look_at(LSTM, SOLVED[LSTM] + script.replace('if __name__ == "__main__":', guard))) == 3
    assert look_at(LSTM, SOLVED[LSTM] + script + "else:\n    LSTM = nn.LSTM\n")[0].severity is Severity.FAULT


def test_the_same_at_several_lines_is_told_once():
    finding = only(look_at(LSTM, in_lstm("a = nn.LSTM\n        b = nn.LSTM\n        c = nn.LSTM")))
    assert finding.message.endswith(f"Also in line {finding.line + 1}, {finding.line + 2}.")


def test_messages_hold_no_control_characters():
    for source in (in_lstm("getattr(nn, 'RNN\x1b[31m')"), "x = '\x1b[2J\x07\x9b" + SOLVED[LSTM]):
        assert all(str(finding).isprintable() for finding in look_at(LSTM, source))
        assert look_at(LSTM, source)


# Preflight: output, encoding, size


@pytest.mark.parametrize("line", ["print(x)", "sys.stdout.write('x')", "sys.stderr.write('x')"])
def test_output_is_told_as_the_assignment_treats_it(line):
    text = in_lstm(line, "import sys\n")
    finding = only(look_at(LSTM, text))
    assert (finding.severity, finding.rule, finding.line) == (Severity.WARNING, "output", line_of(text, line))
    assert "costs nothing" in finding.message
    zero = only(look_at(LSTM, text, contract(output="zero")))
    assert zero.severity is Severity.WARNING
    assert "no points at all" in zero.message
    assert look_at(LSTM, text, contract(output="allow")) == []


@pytest.mark.parametrize("policy", ["allow", "warn", "zero"])
def test_input_fails_in_grading_whatever_the_policy(policy):
    finding = only(look_at(LSTM, in_lstm("y = input()"), contract(output=policy)))
    assert (finding.severity, finding.rule) == (Severity.WARNING, "output")
    assert "fails" in finding.message


def test_output_that_grading_does_not_reach_is_not_told():
    helper = "\n\ndef show(x):\n    print(x)\n"
    assert look_at(LSTM, SOLVED[LSTM] + helper) == []
    assert only(look_at(LSTM, in_lstm("show(x)") + helper)).rule == "output"
    assert look_at(LSTM, in_lstm("self.print(x)") + "\n\ndef print(x): pass\n") == []


def test_a_parameter_named_input_is_no_call_of_input():
    text = SOLVED[RNN].replace("return torch", "input = input.float()\n        return torch")
    assert look_at(RNN, text) == []
    assert look_at(LSTM, in_lstm("f = lambda input: input(x)")) == []
    assert look_at(LSTM, in_lstm("input = self.cell; input(x)")) == []
    assert only(look_at(LSTM, in_lstm("f = lambda input: 0; input()"))).rule == "output", "another function's"


def test_text_in_a_declared_encoding_is_a_warning_and_still_checked():
    text = "# coding: latin-1\n" + in_lstm("ü = nn.LSTM")
    findings = look_at(LSTM, text.encode("latin-1"))
    assert [finding.rule for finding in findings] == ["refused", "encoding"]
    assert (findings[1].severity, "iso8859-1" in findings[1].message) == (Severity.WARNING, True)
    assert look_at(LSTM, ("# coding: latin-1\n" + SOLVED[LSTM]).encode("latin-1")) == []
    text = in_lstm("ü = nn.LSTM")
    for data in (b"\xef\xbb\xbf" + text.encode(), text.replace("\n", "\r\n").encode()):
        finding = only(look_at(LSTM, data))
        assert (finding.rule, finding.line) == ("refused", line_of(text, "ü = nn.LSTM"))


def test_a_foreign_letter_in_a_comment_is_a_warning_since_python_imports_the_file():
    data = (SOLVED[LSTM] + "# ü\n").encode("latin-1")
    compile(data, LSTM, "exec")
    finding = only(look_at(LSTM, data))
    assert (finding.severity, finding.rule) == (Severity.WARNING, "encoding")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (("\ufeff" + SOLVED[LSTM]).encode("utf-16-le"), "saved as UTF-16, which Python cannot read."),
        (("\ufeff" + SOLVED[LSTM]).encode("utf-16-be"), "saved as UTF-16, which Python cannot read."),
        (SOLVED[LSTM].encode("utf-32"), "saved as UTF-32, which Python cannot read."),
        (SOLVED[LSTM].encode("utf-16-le"), "holds null bytes, as if saved as UTF-16, and Python cannot read it."),
        ((SOLVED[LSTM] + "ü = 1\n").encode("latin-1"), "not saved as UTF-8 but perhaps as Windows-1252 or Latin-1"),
        (("'ü'\n" + SOLVED[LSTM]).encode("cp1252"), "not saved as UTF-8 but perhaps as Windows-1252 or Latin-1"),
        (b"# coding: klingon\n" + SOLVED[LSTM].encode(), "a comment in its first lines declares an encoding"),
        (b"# coding: ascii\n# \xc3\xbc\n" + SOLVED[LSTM].encode(), "a comment in its first lines declares an encoding"),
    ],
    ids=["UTF-16", "big-endian", "UTF-32", "UTF-16 without a mark", "Latin-1", "in the first line", "unknown", "ASCII"],
)
def test_an_encoding_that_python_cannot_read_is_a_fault_with_its_price(data, words):
    """It must not run in grading either: there and here the same tests pass."""
    with pytest.raises((SyntaxError, ValueError)):
        compile(data, LSTM, "exec")
    finding = only(look_at(LSTM, data))
    assert (finding.severity, finding.rule, finding.line) == (Severity.FAULT, "encoding", 1)
    assert finding.message.startswith(words)
    assert "Save it as UTF-8: in VS Code" in finding.message
    assert finding.message.endswith(" Costs 12 points (1.2 Lstm).")


def test_a_huge_file_is_a_fault():
    fill = b"\n" * (LIMIT - len(SOLVED[LSTM].encode()))
    assert look_at(LSTM, SOLVED[LSTM].encode() + fill) == []
    finding = only(look_at(LSTM, SOLVED[LSTM].encode() + fill + b"\n"))
    assert (finding.severity, finding.rule) == (Severity.FAULT, "size")
    assert "neither packed nor graded" in finding.message


def filled(unit: str, head: str = "", tail: str = "\n") -> str:
    """A file of LIMIT bytes made of one piece again and again."""
    return head + unit * ((LIMIT - len((head + tail).encode())) // len(unit.encode())) + tail


EXPENSIVE = {
    "statements": filled("a;"),
    "names": filled("a,"),
    "a long comparison": filled("<1", "1"),
    "nested brackets": filled("(" * 80 + "a" + ")" * 80 + "\n"),
    "attributes": filled(".a", "a"),
    "a dotted import": filled("a.", "import ", "a\n"),
    "a dotted import over many lines": filled("a \\\n. ", "import ", "a\n"),
    "a dotted import with combining letters": filled("a\u0301.", "import ", "a\n"),
    "imports": "".join(f"import x{number}\n" for number in range(5000)),
    "one name imported again and again": filled("b;", "from torch.nn import LSTM as b\n" * 1000),
    "stars": "".join(f"from x{number} import *\n" for number in range(1500)) + "a;b;c\n" * 1500,
    "a number": filled("9"),
    "a hexadecimal number": filled("f", "0x"),
    "functions": "".join(f"def f{number}(): f{number + 1}\n" for number in range(2300)),
    "f-strings": filled('f"{a}"'),
    "ligatures that normalisation makes longer": filled("\ufdfa"),
    "comments in a function": filled("    #\n", "class LSTM:\n  def forward(self):\n    a\n", "    a\n"),
    "a coding of its own": filled("a", "# coding: punycode\n"),
    "broken functions": filled("def f(:\n pass\n"),
    "decorators": filled("@a\n", tail="def f(): pass\n"),
}


@pytest.mark.parametrize(
    "name", ["statements", "names", "functions", "a dotted import", "a dotted import over many lines"]
)
def test_no_file_takes_much_memory(name):
    text = EXPENSIVE[name]
    tracemalloc.start()
    try:
        findings = look_at(LSTM, text)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert findings
    assert peak < 64 << 20
    assert sum(len(finding.message) for finding in findings) < 20_000
    assert look_at(LSTM, text) == findings


@pytest.mark.parametrize("text", EXPENSIVE.values(), ids=EXPENSIVE)
def test_no_file_takes_much_work(text):
    """Counted in calls, which other processes do not disturb; what is quadratic comes to many millions."""
    assert len(text.encode()) <= LIMIT
    profile = cProfile.Profile()
    profile.runcall(look_at, LSTM, text)
    assert sum(entry.callcount for entry in profile.getstats()) < 2_000_000


def test_more_code_than_is_read_is_a_fault():
    room = MAX_NODES // 3 - 1000  # statements of three pieces of syntax
    assert look_at(LSTM, SOLVED[LSTM] + "x\n" * room) == []
    finding = only(look_at(LSTM, SOLVED[LSTM] + "x\n" * (room + 1100)))
    assert (finding.severity, finding.rule) == (Severity.FAULT, "size")
    assert finding.message.startswith("this file holds far more code than this assignment needs")


def test_deeper_code_than_is_read_is_a_fault_however_deep_it_is():
    def nested(levels: int) -> str:
        return in_lstm(f"y = {'-' * levels}x")

    assert look_at(LSTM, nested(90)) == []
    deep = only(look_at(LSTM, nested(110)))
    assert "nested too deeply" in deep.message
    for levels in (1000, 5000, 50_000):  # from some depth on Python itself refuses, depending on who calls
        assert only(look_at(LSTM, nested(levels))) == deep
    assert only(look_at(LSTM, "import " + "a." * 200 + "a\n" + SOLVED[LSTM])) == deep
    assert "nested too deeply" not in str(look_at(LSTM, "import " + "a." * 90 + "a\n" + SOLVED[LSTM]))


def test_names_that_may_stand_for_too_much_are_a_fault():
    text = "".join(f"from torch import x{number} as a\n" for number in range(150)) + SOLVED[LSTM] + "a\n" * 100
    assert "too many imports" in only(look_at(LSTM, text)).message


def test_names_that_stand_for_too_much_in_an_imported_file_are_a_fault():
    helper = "".join(f"from torch import x{number} as a\n" for number in range(150))
    other = SOLVED[TRANSFORMER] + "\n\ndef helper(a):\n" + "    b\n" * 100 + helper.replace(" as a", " as b")
    finding = only(look({LSTM: in_lstm("helper(x)", "from models.Transformer import helper\n"), TRANSFORMER: other}))
    assert (finding.rule, finding.file, finding.deliverables) == ("size", LSTM, ("naive.lstm",))
    assert "too many imports" in finding.message


def test_many_faults_of_one_deliverable_hide_none_of_another():
    many = "".join(f"        nn.Transformer{number}\n" for number in range(100))
    text = SOLVED[TRANSFORMER].replace("        return x.softmax(-1)\n", many + "        return x.softmax(-1)\n")
    text = text.replace("        return self.transformer(", "        nn.Conv1d\n        return self.transformer(")
    full = {**CONTRACT["deliverables"][-1], "refused": ["torch.nn.Conv*"]}
    findings = look_at(TRANSFORMER, text, contract(deliverables=[*CONTRACT["deliverables"][:-1], full]))
    refused = [finding for finding in findings if finding.rule == "refused"]
    assert [finding.deliverables for finding in refused].count(("full.forward",)) == 1
    assert [finding.deliverables for finding in refused].count(("small.attention",)) == MAX_FINDINGS


def test_long_names_are_shortened_in_messages():
    finding = only(look_at(LSTM, in_lstm(f"torch._VF.{'x' * 1000}")))
    assert finding.rule == "refused"
    assert len(finding.message) < 300


def test_every_rule_is_described():
    package = SCRIPT.parent / "harness" / "submission"
    source = "".join(path.read_text(encoding="utf-8") for path in package.glob("*.py"))
    used = set(re.findall(r'(?:fault|warning)\("([\w-]+)"', source) + re.findall(r'Finding\(.*"([\w-]+)"\)', source))
    listed = re.findall(r"^    (\w[\w, -]*?)  +\w", str(Finding.__doc__), re.MULTILINE)
    assert {rule for entry in listed for rule in entry.split(", ")} == used
    assert {"id", "import", "nothing", "not-started"} <= used


def test_findings_come_worst_first_then_in_the_order_of_the_files():
    findings = look(
        {
            LSTM: in_lstm("print(x)", "import pandas\n"),
            RNN: SKELETON[RNN],
            TRANSFORMER: "import os\n" + SOLVED[TRANSFORMER],
        }
    )
    assert [(f.severity.value, f.file) for f in findings] == [
        ("fault", LSTM),
        ("fault", TRANSFORMER),
        ("warning", RNN),
        ("warning", LSTM),
    ]


# The tree


def test_a_tree_is_read_by_the_list(tmp_path):
    write(tmp_path, {**SOLVED, "models/other.py": "", "LSTM.py": ""})
    assert read_tree(tmp_path, ASSIGNMENT) == {path: text.encode() for path, text in SOLVED.items()}
    assert irregular(tmp_path, ASSIGNMENT) == []


def test_a_huge_file_is_not_read_whole(tmp_path):
    write(tmp_path, {LSTM: b"#" * (3 * LIMIT)})
    assert len(read_tree(tmp_path, ASSIGNMENT)[LSTM]) == LIMIT + 1


def test_links_out_of_the_tree_are_refused(tmp_path):
    tree = write(tmp_path / "student", SOLVED)
    secret = tmp_path / "secret.py"
    secret.write_text("secret")
    (tree / LSTM).unlink()
    (tree / LSTM).symlink_to(secret)
    finding = only(irregular(tree, ASSIGNMENT))
    assert (finding.severity, finding.file, finding.deliverables) == (Severity.FAULT, LSTM, ("naive.lstm",))
    assert "leads out" in finding.message
    assert LSTM not in read_tree(tree, ASSIGNMENT)


def test_a_linked_folder_is_refused_too(tmp_path):
    """Looking at the file alone misses this: the last step of its path is no link."""
    tree = write(tmp_path / "student", {TRANSFORMER: SOLVED[TRANSFORMER]})
    write(tmp_path / "elsewhere", {"RNN.py": "secret"}, None)
    (tree / "models" / "naive").symlink_to(tmp_path / "elsewhere")
    assert list(read_tree(tree, ASSIGNMENT)) == [TRANSFORMER]


def test_links_within_the_tree_and_to_the_tree_are_followed(tmp_path):
    tree = write(tmp_path / "student", SOLVED)
    (tree / LSTM).rename(tree / "mine.py")
    (tree / LSTM).symlink_to(tree / "mine.py")
    (tmp_path / "link").symlink_to(tree)
    assert read_tree(tmp_path / "link", ASSIGNMENT)[LSTM] == SOLVED[LSTM].encode()


def test_links_in_a_circle_and_folders_are_told(tmp_path):
    tree = write(tmp_path, {TRANSFORMER: SOLVED[TRANSFORMER]})
    (tree / LSTM).mkdir(parents=True)
    (tree / RNN).symlink_to(tree / RNN)
    assert [finding.file for finding in irregular(tree, ASSIGNMENT)] == [RNN, LSTM]
    assert list(read_tree(tree, ASSIGNMENT)) == [TRANSFORMER]


# The archive

BYTES = {path: text.encode() for path, text in SOLVED.items()}


def test_the_archive_holds_the_listed_files_and_a_manifest(tmp_path):
    files = {**BYTES, "models/other.py": b"", LSTM: b"\xff\r\n"}
    path = pack(files, ASSIGNMENT, ["ab123"], tmp_path / "sub" / "x.zip")
    assert path == tmp_path / "sub" / "x.zip"
    with zipfile.ZipFile(path) as archive:
        assert archive.namelist() == [TRANSFORMER, LSTM, RNN, "manifest.json"]
        assert archive.read(LSTM) == b"\xff\r\n"
        manifest = json.loads(archive.read("manifest.json"))
    assert manifest["version"] == "1.0+3f2a91c4"
    assert manifest["name"] == "sequence-models"
    assert manifest["ids"] == ["ab123"]
    assert set(manifest["files"]) == set(BYTES)
    assert manifest["files"][LSTM] == {"sha256": hashlib.sha256(b"\xff\r\n").hexdigest(), "size": 3}


def test_the_same_files_give_the_same_bytes(tmp_path):
    one = pack(BYTES, ASSIGNMENT, ["ab"], tmp_path / "one.zip")
    two = pack(dict(reversed(BYTES.items())), ASSIGNMENT, ["ab"], tmp_path / "two.zip")
    assert one.read_bytes() == two.read_bytes()
    assert one.read_bytes() != pack(BYTES, ASSIGNMENT, ["cd"], tmp_path / "two.zip").read_bytes()


def test_the_bytes_do_not_depend_on_clock_machine_or_version(tmp_path, monkeypatch):
    """Two runs of one minute on one machine also agree where time stamp, umask or zlib leak in."""
    monkeypatch.setattr(zipfile.sys, "platform", "win32")
    path = pack({RNN: b"a = 1\n"}, contract(deliverables=[]), [], tmp_path / "x.zip")
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            assert member.date_time == (1980, 1, 1, 0, 0, 0)
            assert (member.create_system, member.external_attr >> 16) == (3, 0o100644)
            assert member.compress_type == zipfile.ZIP_STORED
            assert not member.extra
    assert hashlib.sha256(path.read_bytes()).hexdigest()[:16] == "64e58e0fcf62d4fe"


def test_a_failed_write_leaves_the_old_archive_and_no_rest(tmp_path, monkeypatch):
    target = pack(BYTES, ASSIGNMENT, ["old"], tmp_path / "x.zip")
    old = target.read_bytes()

    def fail(*_: object) -> None:
        raise OSError("disk full")

    for owner, name in ((zipfile.ZipFile, "writestr"), (Path, "replace")):
        with monkeypatch.context() as patched:
            patched.setattr(owner, name, fail)
            with pytest.raises(OSError, match="disk full"):
                pack(BYTES, ASSIGNMENT, [], target)
    assert target.read_bytes() == old
    assert list(tmp_path.iterdir()) == [target]
    pack(BYTES, ASSIGNMENT, [], target)
    assert zipfile.is_zipfile(target)
    assert list(tmp_path.iterdir()) == [target]


def test_the_target_is_a_file_or_a_folder(tmp_path):
    (tmp_path / "folder.zip").mkdir()
    assert pack(BYTES, ASSIGNMENT, ["ab"], tmp_path) == tmp_path / "sequence-models_ab.zip"
    assert pack(BYTES, ASSIGNMENT, ["ab"], tmp_path / "new") == tmp_path / "new" / "sequence-models_ab.zip"
    assert pack(BYTES, ASSIGNMENT, ["ab"], tmp_path / "folder.zip").parent.name == "folder.zip"
    assert pack(BYTES, ASSIGNMENT, ["ab"], tmp_path / "Mine.ZIP").name == "Mine.ZIP"


def test_a_huge_file_is_left_out_and_nothing_at_all_is_an_error(tmp_path):
    with zipfile.ZipFile(pack({**BYTES, LSTM: b"#" * (LIMIT + 1)}, ASSIGNMENT, [], tmp_path)) as archive:
        assert LSTM not in archive.namelist()
    with pytest.raises(ValueError, match="no file"):
        pack({"models/other.py": b""}, ASSIGNMENT, [], tmp_path)


@pytest.mark.parametrize(
    ("template", "ids", "name"),
    [
        ("seq_{ids}.zip", ["a", "b"], "seq_a_b.zip"),
        ("seq_{ids}.zip", [], "seq.zip"),
        ("{ids}.zip", [], "sequence-models.zip"),
        ("{ids}-seq.zip", ["a"], "a-seq.zip"),
        ("fixed {0}.zip", ["a"], "fixed {0}.zip"),
    ],
)
def test_the_archives_name(template, ids, name):
    assert archive_name(contract(archive_name=template), ids) == name


# The command


def run(capsys, *arguments: object) -> tuple[int, str]:
    code = main([str(argument) for argument in arguments])
    text = capsys.readouterr().out
    assert all(len(line) < 80 for line in text.split("\n") if os.sep not in line), text
    return code, text


@pytest.fixture
def student(tmp_path):
    return write(tmp_path / "student", SOLVED)


def test_a_finished_tree_is_packed(capsys, tmp_path, student):
    code, text = run(capsys, "--tree", student, "--out", tmp_path, "--id", "ab123")
    assert code == 0
    archive = tmp_path / "sequence-models_ab123.zip"
    assert zipfile.is_zipfile(archive)
    assert text.count("nothing unfinished seen, no fault seen") == 3
    assert text.endswith("\nThe tests were not run: python -m tests\n")
    for words in (
        "No faults found",
        archive.name,
        str(tmp_path.resolve()),
        "KiB",
        'Gradescope, assignment "Sequence models"',
    ):
        assert words in text


def test_at_two_minutes_to_midnight_a_broken_file_is_packed_all_the_same(capsys, tmp_path, student):
    write(student, {LSTM: in_lstm("h = (x"), RNN: SKELETON[RNN]})
    code, text = run(capsys, "--tree", student, "--out", tmp_path / "x.zip", "--id", "ab123")
    assert code == 0
    with zipfile.ZipFile(tmp_path / "x.zip") as archive:
        assert archive.read(LSTM).decode() == in_lstm("h = (x")
    assert f"FAULT: {LSTM}:" in text
    assert "fault, see above" in text
    assert f"warning: {RNN}:" in text
    assert "not started" in text


def test_a_skeleton_is_packed_with_big_words(capsys, tmp_path, student):
    write(student, SKELETON)
    code, text = run(capsys, "--tree", student, "--out", tmp_path)
    assert code == 0
    assert "NOTHING IS STARTED" in text
    assert (tmp_path / "sequence-models.zip").exists()


def test_a_half_done_file_says_how_much_is_left(capsys, tmp_path, student):
    half = SKELETON[TRANSFORMER].replace('raise NotImplementedError("small.embed")', "return x + 1")
    write(student, {TRANSFORMER: half})
    text = run(capsys, "--tree", student, "--out", tmp_path)[1]
    assert re.search(rf"{TRANSFORMER} +2 of 3 not started, see above", text)


def test_strict_refuses_faults_and_only_faults(capsys, tmp_path, student):
    write(student, {RNN: SKELETON[RNN]})
    assert run(capsys, "--tree", student, "--out", tmp_path / "ok.zip", "--strict")[0] == 0
    write(student, {LSTM: "import os\n" + SOLVED[LSTM]})
    code, text = run(capsys, "--tree", student, "--out", tmp_path / "x.zip", "--strict")
    assert code == 1
    assert "Nothing was written" in text
    assert not (tmp_path / "x.zip").exists()


@pytest.mark.parametrize(("more", "code"), [([], 0), (["--strict"], 1), (["--id", "?"], 1)])
def test_check_writes_nothing(capsys, tmp_path, student, more, code):
    write(student, {LSTM: "import os\n" + SOLVED[LSTM]})
    found, text = run(capsys, "--tree", student, "--out", tmp_path / "x.zip", "--check", *more)
    assert found == code
    assert "othing was written" in text
    assert [path.name for path in tmp_path.iterdir()] == ["student"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["--id", "Müller"],
        ["--id", "ab cd"],
        ["--id", ""],
        ["--id", "../../x"],
        ["--id", "a\n"],
        ["--id", "ab", "--id", "cd"],
        ["--id", "ab", "--id", "ab", "--group-size", "2"],
        ["--group-size", "0"],
        ["--id", "ab", "--group-size", "-1"],
    ],
)
def test_a_wrong_id_or_group_writes_nothing(capsys, tmp_path, student, arguments):
    code, text = run(capsys, "--tree", student, "--out", tmp_path / "x.zip", *arguments)
    assert code == 1
    assert "UNUSABLE" in text
    assert not (tmp_path / "x.zip").exists()


def test_a_wrong_id_is_answered_in_words_where_there_are_some(capsys, student):
    wrong = ["--tree", student, "--check", "--id", "a b"]
    assert CONTRACT["id_pattern"] in run(capsys, *wrong)[1]
    write(student, {}, {**CONTRACT, "id_help": "2 to 32 letters"})
    text = run(capsys, *wrong)[1]
    assert '"a b" is not an id. Expected: 2 to 32 letters' in text
    assert "[A-Z" not in text


def test_an_archive_without_an_id_is_written_with_a_warning(capsys, tmp_path, student):
    arguments = ["--tree", student, "--out", tmp_path]
    code, text = run(capsys, *arguments, "--strict")
    assert code == 0
    assert text.count("warning: the archive carries no id.") == text.count("warning") == 1
    assert (tmp_path / "sequence-models.zip").exists()
    assert "carries no id" not in run(capsys, *arguments, "--check")[1]
    assert "carries no id" not in run(capsys, *arguments, "--id", "ab")[1]
    write(student, {}, {**CONTRACT, "archive_name": "fixed.zip"})
    assert "carries no id" not in run(capsys, *arguments)[1]


def test_groups(capsys, tmp_path, student):
    pair = ["--tree", student, "--out", tmp_path, "--id", "ab", "--id", "cd"]
    code, text = run(capsys, *pair, "--group-size", "2")
    assert code == 0
    assert "at most 1" in text
    assert (tmp_path / "sequence-models_ab_cd.zip").exists()
    write(student, {}, {**CONTRACT, "group_size": 2})
    code, text = run(capsys, *pair)
    assert code == 0
    assert "No faults" in text
    assert run(capsys, *pair, "--group-size", "1")[0] == 1


def test_nothing_gradable_is_refused(capsys, tmp_path):
    tree = write(tmp_path / "student", {"LSTM.py": SOLVED[LSTM]})
    code, text = run(capsys, "--tree", tree, "--out", tmp_path / "x.zip")
    assert code == 1
    assert "--tree" in text
    assert "UNUSABLE" in text
    assert not (tmp_path / "x.zip").exists()


@pytest.mark.parametrize("name", ["sub.tar", "sub.tar.gz", "week3.1"])
def test_another_kind_of_archive_is_no_folder(capsys, tmp_path, student, name):
    code, text = run(capsys, "--tree", student, "--out", tmp_path / name, "--id", "ab123")
    assert code == 1
    assert "UNUSABLE: --out" in text
    assert "expected a file whose name ends in .zip, or a folder that is there already" in " ".join(text.split())
    assert not (tmp_path / name).exists()
    (tmp_path / name).mkdir()
    assert run(capsys, "--tree", student, "--out", tmp_path / name, "--id", "ab123")[0] == 0


@pytest.mark.parametrize("content", [b"my photos", b"PK\5\6" + bytes(18)])
def test_only_an_archive_of_ours_is_replaced(capsys, tmp_path, student, content):
    target = tmp_path / "x.zip"
    target.write_bytes(content)
    code, text = run(capsys, "--tree", student, "--out", target, "--id", "ab123")
    assert code == 1
    assert "was not packed by this script, so it is not replaced" in " ".join(text.split())
    assert target.read_bytes() == content
    target.unlink()
    for _ in range(2):
        assert run(capsys, "--tree", student, "--out", target, "--id", "ab123")[0] == 0


@pytest.mark.needs("file /dev/full")
def test_an_output_that_is_full_is_one_sentence(student):
    with open("/dev/full", "w") as full:
        line = [sys.executable, SCRIPT, "--tree", student, "--check"]
        done = subprocess.run(line, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == "Stopped: nothing more can be printed (No space left on device).\n"


def test_what_is_no_file_is_never_replaced_and_a_link_stays_one(capsys, tmp_path, student):
    os.mkfifo(tmp_path / "pipe.zip")
    (tmp_path / "file").write_text("mine")
    for name in ("pipe.zip", "file"):
        assert run(capsys, "--tree", student, "--out", tmp_path / name)[0] == 1
    assert (tmp_path / "pipe.zip").is_fifo()
    (tmp_path / "disk").mkdir()
    (tmp_path / "x.zip").symlink_to(tmp_path / "disk" / "x.zip")
    (tmp_path / "disk" / "x.zip").write_bytes(b"mine")
    assert run(capsys, "--tree", student, "--out", tmp_path / "x.zip")[0] == 1
    (tmp_path / "disk" / "x.zip").unlink()
    pack({LSTM: b""}, ASSIGNMENT, ["ab"], tmp_path / "disk" / "x.zip")
    assert run(capsys, "--tree", student, "--out", tmp_path / "x.zip", "--id", "ab123")[0] == 0
    assert (tmp_path / "x.zip").is_symlink()


@pytest.mark.parametrize("names", [["LSTM (1).py"], ["LSTM copy.py", "LSTM.py.txt"]])
def test_a_copy_beside_a_missing_file_is_to_be_renamed(capsys, tmp_path, student, names):
    for name in names:
        (student / LSTM).with_name(name).write_bytes((student / LSTM).read_bytes())
    assert "rename" not in run(capsys, "--tree", student, "--check")[1]
    (student / LSTM).unlink()
    code, text = run(capsys, "--tree", student, "--out", tmp_path / "x.zip")
    assert code == 0
    flat = " ".join(text.split())
    assert f"FAULT: {LSTM}: missing, but {' and '.join(names)} is there: rename it to LSTM.py. Costs" in flat
    assert flat.count(f"FAULT: {LSTM}") == 1


def test_missing_huge_and_linked_files_are_not_packed_and_told_once(capsys, tmp_path, student):
    (student / RNN).unlink()
    (student / RNN).mkdir()
    write(student, {LSTM: b"#" * (LIMIT + 1)})
    code, text = run(capsys, "--tree", student, "--out", tmp_path / "x.zip")
    assert code == 0
    assert text.count(f"FAULT: {RNN}") == text.count(f"FAULT: {LSTM}") == 1
    assert text.count("NOT PACKED") == 2
    with zipfile.ZipFile(tmp_path / "x.zip") as archive:
        assert archive.namelist() == [TRANSFORMER, "manifest.json"]


@pytest.mark.parametrize("text", [None, "{", "[]"])
def test_without_its_contract_it_says_what_to_do(capsys, tmp_path, monkeypatch, text):
    monkeypatch.setattr("harness.submission.command.STUDENT", tmp_path / "student")
    tree = write(tmp_path / "tree", SOLVED, None)
    if text is not None:
        (tree / "assignment.json").write_text(text)
    code, out = run(capsys, "--tree", tree, "--out", tmp_path / "x.zip")
    assert code == 1
    assert "assignment.json" in out
    assert "--tree" in out


def test_an_archive_that_cannot_be_written_is_told(capsys, tmp_path, student):
    (tmp_path / "file").write_text("")
    code, text = run(capsys, "--tree", student, "--out", tmp_path / "file" / "x.zip")
    assert code == 1
    assert "--out" in text


# Notebooks and the report


def notebook(*cells: tuple[str, int | None], **more: object) -> str:
    """A notebook of code cells, each its source and its execution count, after a cell of prose."""
    code = [{"cell_type": "code", "source": [text], "execution_count": count, "outputs": []} for text, count in cells]
    prose = {"cell_type": "markdown", "source": "Train the model.", "metadata": {}}
    return json.dumps({"nbformat": 4, "cells": [prose, *code], **more})


RUN_ALL = notebook(("import torch", 1), ("train()", 2), ("  \n", None))


def test_a_notebook_is_packed_and_listed_in_the_manifest(capsys, tmp_path, student):
    write(student, {"Work.ipynb": RUN_ALL, "models/inner.ipynb": RUN_ALL})
    code, text = run(capsys, "--tree", student, "--out", tmp_path / "x.zip")
    assert code == 0
    assert re.search(r"Work.ipynb +all code cells were run\n", text)
    with zipfile.ZipFile(tmp_path / "x.zip") as archive:
        assert sorted(archive.namelist()) == sorted([*SOLVED, "Work.ipynb", "manifest.json"])
        assert archive.read("Work.ipynb") == RUN_ALL.encode()
        entry = json.loads(archive.read("manifest.json"))["files"]["Work.ipynb"]
    assert entry == {"sha256": hashlib.sha256(RUN_ALL.encode()).hexdigest(), "size": len(RUN_ALL)}


def test_a_required_notebook_with_cells_that_were_not_run_is_refused_and_they_are_named(capsys, tmp_path, student):
    cells = [("a = 1", 1), ("\nb = a + 1\nprint(b)", None), ("c = 3", 7), ("d()", None)]
    write(student, {"Work.ipynb": notebook(*cells)}, {**CONTRACT, "notebook": "required"})
    code, text = run(capsys, "--tree", student, "--out", tmp_path / "x.zip")
    assert code == 1
    assert not (tmp_path / "x.zip").exists()
    flat = " ".join(text.split())
    assert 'UNUSABLE: Work.ipynb: not run: code cell 2 of 4 ("b = a + 1"), code cell 4 of 4 ("d()").' in flat
    write(student, {"Work.ipynb": RUN_ALL}, None)
    assert run(capsys, "--tree", student, "--out", tmp_path / "x.zip")[0] == 0


def test_an_optional_notebook_with_cells_that_were_not_run_is_packed_with_a_warning(capsys, tmp_path, student):
    write(student, {"Work.ipynb": notebook(*[(f"x = {i}", None) for i in range(9)])})
    code, text = run(capsys, "--tree", student, "--out", tmp_path / "x.zip", "--strict")
    assert code == 0
    assert "\nwarning: Work.ipynb: code cells that were not run: 9.\n" in text, "one line is enough"
    assert re.search(r"Work.ipynb +cells not run, see above\n", text)
    with zipfile.ZipFile(tmp_path / "x.zip") as archive:
        assert "Work.ipynb" in archive.namelist()


def test_of_several_notebooks_each_is_judged_and_packed_for_itself(capsys, tmp_path, student):
    write(student, {"Done.ipynb": RUN_ALL, "Waiting.ipynb": notebook(("x = 1", None))})
    code, text = run(capsys, "--tree", student, "--out", tmp_path / "x.zip")
    assert code == 0
    assert "warning: Waiting.ipynb: code cells that were not run: 1.\n" in text
    assert re.search(r"Done.ipynb +all code cells were run\n", text)
    assert re.search(r"Waiting.ipynb +cells not run, see above\n", text)
    with zipfile.ZipFile(tmp_path / "x.zip") as archive:
        assert sorted(archive.namelist()) == sorted([*SOLVED, "Done.ipynb", "Waiting.ipynb", "manifest.json"])
        assert {"Done.ipynb", "Waiting.ipynb"} < json.loads(archive.read("manifest.json"))["files"].keys()
    write(student, {}, {**CONTRACT, "notebook": "required"})
    code, text = run(capsys, "--tree", student, "--out", tmp_path / "y.zip")
    assert code == 1
    assert "UNUSABLE: Waiting.ipynb: not run" in text
    assert "Done.ipynb" not in text


def shipped_cell():
    """The cell that packs, as notebooks ship it; a student fills in the id."""
    source = SCRIPT.parent / "autograder/prepare/notebooks/shared/hand_in.py"
    return source.read_text("utf-8").split("# %%\n")[-1].replace('""', '"ab123"')


def shipped_set_up():
    """The first code cell, which looks for collect_submission.py and does not run it."""
    source = SCRIPT.parent / "autograder/prepare/notebooks/shared/set_up.py"
    return source.read_text("utf-8").split("# %%\n")[1]


RUNNING = {
    "!": "!python collect_submission.py --id ab123",
    "run": "%run collect_submission.py --id ab123",
    "subprocess": 'subprocess.run([sys.executable, "collect_submission.py", "--id", "ab123"])',
    "shipped": shipped_cell(),
}


@pytest.mark.parametrize("packing", RUNNING.values(), ids=RUNNING)
def test_the_cell_that_packs_is_still_running(packing):
    required = contract(notebook="required")
    cells = ("import torch", 1), (packing, None)
    assert not inspect_notebooks({"Work.ipynb": notebook(*cells).encode()}, required)
    for other in ("notebook.check()", shipped_set_up()):
        (found,) = inspect_notebooks({"Work.ipynb": notebook((other, None), *cells).encode()}, required)
        assert "code cell 1 of 3" in found.message


def test_a_required_notebook_that_is_not_there_is_a_fault(capsys, tmp_path, student):
    write(student, {}, {**CONTRACT, "notebook": "required"})
    code, text = run(capsys, "--tree", student, "--out", tmp_path / "x.zip")
    assert code == 0
    assert "FAULT: this assignment asks for your notebook" in text


def test_a_refused_notebook_stays_at_home(capsys, tmp_path, student):
    write(student, {"Work.ipynb": notebook(("x", None))}, {**CONTRACT, "notebook": "refused"})
    code, text = run(capsys, "--tree", student, "--out", tmp_path / "x.zip", "--strict")
    assert code == 0
    assert "warning: Work.ipynb: this assignment takes no notebooks" in text
    with zipfile.ZipFile(tmp_path / "x.zip") as archive:
        assert "Work.ipynb" not in archive.namelist()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b"{}",
        b'{"cells": 5}',
        b'{"cells": [5]}',
        b'{"cells": [{"cell_type": "code", "source": 5}]}',
        b"[" * 200_000,
        b"x" * (NOTEBOOK_LIMIT + 1),
    ],
    ids=["empty", "bytes", "list", "no cells", "number", "no cell", "no text", "deep", "huge"],
)
def test_what_is_no_notebook_is_told_and_not_packed(capsys, tmp_path, student, data):
    write(student, {"Work.ipynb": data})
    code, text = run(capsys, "--tree", student, "--out", tmp_path / "x.zip")
    assert code == 0
    assert "warning: Work.ipynb: is " in text
    assert "so it is not packed" in " ".join(text.split())
    with zipfile.ZipFile(tmp_path / "x.zip") as archive:
        assert "Work.ipynb" not in archive.namelist()


REPORT = """# Report

<!-- answer: attention -->
It looks
back.
<!-- end -->

<!-- answer: failures -->
*(your answer)*
<!-- end -->
<!-- answer: empty -->
<!-- end -->
"""


def report(folder: Path, text: str, age: float = 0) -> None:
    """Write a report whose PDF is younger than its text by so many seconds."""
    folder.mkdir(exist_ok=True)
    (folder / "report.md").write_text(text, encoding="utf-8", newline="")
    (folder / "report.pdf").write_bytes(b"%PDF")
    written = (folder / "report.md").stat().st_mtime
    os.utime(folder / "report.pdf", (written + age, written + age))


@pytest.mark.parametrize("text", [REPORT, REPORT.replace("\n", "\r\n")], ids=["LF", "CRLF"])
def test_open_questions_of_the_report_are_named(capsys, tmp_path, student, text):
    report(tmp_path / "report", text)
    code, said = run(capsys, "--tree", student, "--out", tmp_path, "--strict")
    assert code == 0
    assert "warning: report/report.md: questions are still open: failures (line 9), empty (line" in " ".join(
        said.split()
    )
    assert "attention (" not in said
    assert f"Your report is an upload of its own: {tmp_path / 'report' / 'report.pdf'}\n" in said
    assert "not ready yet" in said


def test_a_finished_report_is_an_upload_of_its_own(capsys, tmp_path, student):
    report(tmp_path / "report", REPORT.partition("<!-- answer: failures")[0])
    code, said = run(capsys, "--tree", student, "--out", tmp_path)
    assert code == 0
    assert str(tmp_path / "report" / "report.pdf") in said
    assert "warning: report" not in said
    assert "not ready yet" not in said


@pytest.mark.parametrize(("age", "words"), [(-5, "report.pdf is older than it"), (None, "report.pdf is not there")])
def test_a_report_without_its_pdf_or_with_an_old_one(capsys, tmp_path, student, age, words):
    report(tmp_path / "report", REPORT.partition("<!-- answer: failures")[0], age or 0)
    if age is None:
        (tmp_path / "report" / "report.pdf").unlink()
    said = " ".join(run(capsys, "--tree", student, "--out", tmp_path)[1].split())
    assert f"warning: report/report.md: {words}. To make it: python -m workbench report" in said


def test_without_a_report_nothing_is_said_of_one(capsys, tmp_path, student):
    (tmp_path / "report").mkdir()
    assert "report" not in run(capsys, "--tree", student, "--out", tmp_path)[1].replace(str(tmp_path), "")


# As a student runs it: a folder with a space and an umlaut, an interpreter that sees nothing else


@pytest.fixture
def handout(tmp_path):
    folder = tmp_path / "Übung 3"
    write(folder / "student", SOLVED)
    shutil.copy(SCRIPT, folder)
    shutil.copytree(SCRIPT.parent / "harness", folder / "harness", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def start(
    folder: Path, *arguments: str, encoding: str = "utf-8", **environment: str
) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        "-I",
        "-X",
        f"utf8={int(encoding == 'utf-8')}",
        "-W",
        "error",
        str(folder / "collect_submission.py"),
    ]
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "LC_", "LANG"))}
    return subprocess.run(
        [*command, *arguments],
        cwd=folder.parent,
        env={**clean, **environment},
        capture_output=True,
        encoding=encoding,
        errors="replace",
        check=False,
        stdin=subprocess.DEVNULL,
    )


def test_from_another_folder_with_no_option_it_packs_student_beside_it(handout):
    done = start(handout, "--id", "ab123")
    assert (done.returncode, done.stderr) == (0, "")
    assert (handout.parent / "sequence-models_ab123.zip").exists()


def test_on_a_console_that_knows_only_ascii(handout):
    write(handout / "student", {LSTM: in_lstm("größe = nn.LSTM(€")})
    done = start(handout, "--out", str(handout), encoding="ascii", LC_ALL="C", PYTHONCOERCECLOCALE="0")
    assert done.returncode == 0, done.stderr
    assert "gr\\xf6\\xdfe = nn.LSTM(\\u20ac" in done.stdout


def test_another_tree_uses_the_contract_of_student(handout):
    commented = {
        path: text.replace("        return", "        # BEGIN SOLUTION\n        return")
        for path, text in SOLVED.items()
    }
    write(handout / "solution", commented, None)
    one, two = handout / "one.zip", handout / "two.zip"
    for out in (one, two):
        done = start(handout, "--tree", str(handout / "solution"), "--out", str(out), "--strict")
        assert done.returncode == 0, done.stdout
    assert one.read_bytes() == two.read_bytes()


def test_help_names_every_option(handout):
    done = start(handout, "--help")
    for option in ("--tree", "--out", "--id", "--group-size", "--strict", "--check"):
        assert option in done.stdout


def test_standard_library_only(handout):
    probe = "import sys, collect_submission; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run(
        [sys.executable, "-S", "-E", "-c", probe],
        cwd=handout,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    imported = {name for name in done.stdout.split() if not name.startswith("_")}
    assert imported - {"collect_submission", "harness"} <= sys.stdlib_module_names
    assert not imported & {"fcntl", "resource", "termios", "pwd"}, "not every system has these"


def test_without_the_harness_it_is_one_sentence(handout):
    shutil.rmtree(handout / "harness")
    done = start(handout)
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(
        r"collect_submission\.py needs the folder harness/ .* unpack the handout again\.\n", done.stderr
    )


def test_the_first_file_is_readable_for_an_old_python():
    ast.parse(SCRIPT.read_text(encoding="utf-8"), feature_version=(3, 6))


@pytest.mark.needs("python {version}")
@pytest.mark.parametrize("version", ["3.9", "3.12", "3.13", "3.14"])
def test_on_other_pythons_where_there_are_some(handout, version):
    python = f"python{version}"
    write(handout / "student", SKELETON)
    script = str(handout / "collect_submission.py")
    done = subprocess.run([python, script, "--out", str(handout)], capture_output=True, encoding="utf-8", check=False)
    if version == "3.9":
        assert done.returncode == 1
        assert "needs Python 3.11" in done.stderr
        return
    assert "NOTHING IS STARTED" in done.stdout, done.stdout + done.stderr
    ours = pack({path: text.encode() for path, text in SKELETON.items()}, ASSIGNMENT, [], handout / "ours.zip")
    assert (handout / "sequence-models.zip").read_bytes() == ours.read_bytes()
