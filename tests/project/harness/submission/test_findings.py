"""How findings are worded, counted and described."""

import re

from harness.submission.findings import MAX_FINDINGS, Finding
from tests.project.harness.submission.made_up import (
    CONTRACT,
    LSTM,
    SCRIPT,
    SOLVED,
    TRANSFORMER,
    contract,
    in_lstm,
    look_at,
    only,
)


def test_the_same_at_several_lines_is_told_once():
    finding = only(look_at(LSTM, in_lstm("a = nn.LSTM\n        b = nn.LSTM\n        c = nn.LSTM")))
    assert finding.message.endswith(f"Also in line {finding.line + 1}, {finding.line + 2}.")


def test_messages_hold_no_control_characters():
    for source in (in_lstm("getattr(nn, 'RNN\x1b[31m')"), "x = '\x1b[2J\x07\x9b" + SOLVED[LSTM]):
        assert all(str(finding).isprintable() for finding in look_at(LSTM, source))
        assert look_at(LSTM, source)


def test_many_faults_of_one_deliverable_hide_none_of_another():
    many = "".join(f"        nn.Transformer{number}\n" for number in range(100))
    text = SOLVED[TRANSFORMER].replace("        return x.softmax(-1)\n", many + "        return x.softmax(-1)\n")
    text = text.replace("        return self.transformer(", "        nn.Conv1d\n        return self.transformer(")
    full = {**CONTRACT["deliverables"][-1], "refused": ["torch.nn.Conv*"]}
    findings = look_at(TRANSFORMER, text, contract(deliverables=[*CONTRACT["deliverables"][:-1], full]))
    refused = [finding for finding in findings if finding.rule == "refused"]
    assert [finding.deliverables for finding in refused].count(("transformer.full_forward",)) == 1
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
