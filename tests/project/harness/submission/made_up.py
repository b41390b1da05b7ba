"""An invented assignment: its files as handed out and solved, its contract, and what is found in them."""

import json
import os
from pathlib import Path

from harness.contract import Assignment
from harness.submission.command import main
from harness.submission.findings import Finding
from harness.submission.preflight import inspect
from harness.submission.source import definition

SCRIPT = Path(__file__).resolve().parents[4] / "collect_submission.py"
RNN, LSTM, TRANSFORMER = "models/naive/RNN.py", "models/naive/LSTM.py", "models/Transformer.py"
SKELETON = {
    RNN: '''\
import torch
import torch.nn as nn


class VanillaRNN(nn.Module):
    def forward(self, input, hidden):
        """One step."""
        # TODO(naive.RNN): one step
        raise NotImplementedError("naive.RNN")
''',
    LSTM: '''\
import torch
import torch.nn as nn


class LSTM(nn.Module):
    def __init__(self, input_size, hidden_size=5):
        super(LSTM, self).__init__()
        # TODO(naive.LSTM): sixteen parameters

    def forward(self, x, states=None):
        """Return the last states."""
        # TODO(naive.LSTM): walk the sequence
        raise NotImplementedError("naive.LSTM")
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
        # TODO(transformer.full_forward): layers

    def forward(self, source, target):
        # TODO(transformer.full_forward): masks
        raise NotImplementedError("transformer.full_forward")
""",
}
SOLVED = {
    RNN: SKELETON[RNN].replace('raise NotImplementedError("naive.RNN")', "return torch.tanh(input + hidden)"),
    LSTM: SKELETON[LSTM]
    .replace(
        "        # TODO(naive.LSTM): sixteen",
        "        # BEGIN SOLUTION\n        self.w = 1\n        # END SOLUTION",
    )
    .replace('raise NotImplementedError("naive.LSTM")', "return x, states"),
    TRANSFORMER: SKELETON[TRANSFORMER]
    .replace('raise NotImplementedError("small.embed")', "return x + 1")
    .replace('raise NotImplementedError("small.attention")', "return x.softmax(-1)")
    .replace("        # TODO(transformer.full_forward): layers", "        self.transformer = nn.Transformer(size)")
    .replace('raise NotImplementedError("transformer.full_forward")', "return self.transformer(source, target)"),
}


def function(path: str, name: str, shared: bool = False) -> dict[str, object]:
    """A function of the contract, described from the skeleton as the handout's generator does it."""
    written = definition(SKELETON[path], name)
    assert written is not None
    untouched = None if shared else written.fingerprint
    return {
        "name": name,
        "parameters": list(written.parameters),
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
        deliverable("naive.RNN", "1.1", 4, RNN, [function(RNN, "VanillaRNN.forward")], refused=FROM_SCRATCH),
        deliverable(
            "naive.LSTM",
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
            "transformer.full_forward",
            "2.3",
            6.5,
            TRANSFORMER,
            [function(TRANSFORMER, "Full.__init__"), function(TRANSFORMER, "Full.forward")],
            needs=["small.attention"],
            title="Forward",
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


HIDDEN = "\n\ndef helper(a):\n    return nn.LSTM(a, 1)\n"


def run(capsys, *arguments: object) -> tuple[int, str]:
    code = main([str(argument) for argument in arguments])
    text = capsys.readouterr().out
    assert all(len(line) < 80 for line in text.split("\n") if os.sep not in line), text
    return code, text
