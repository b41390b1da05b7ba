"""`python -m autograder bench --feedback`: it shows what a student is told first, and refuses what it cannot use."""

import json
import shutil
import subprocess

import pytest

from autograder.bench import feedback
from autograder.bench.feedback import Attempt, AttemptsError, Feedback
from harness.contract import Assignment
from tests.project.conftest import ROOT

ASSIGNMENT = Assignment.load(ROOT / "student" / "assignment.json")
RNN = "models/naive/RNN.py"
TANH = "torch.tanh(self.hidden_layer(combined))"
NO_TANH = {
    "name": "no_tanh", "kind": "function", "deliverable": "naive.RNN", "file": RNN, "cause": "A tanh is missing.",
    "before": TANH, "after": "self.hidden_layer(combined)",
}  # fmt: skip
WORDS = "All values become right after a tanh."


def write(folder, *entries, also=()):
    """A set that consists of the solution's RNN."""
    (folder / RNN).parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / "solution" / RNN, folder / RNN)
    lines = []
    for entry in entries:
        lines += ["[[attempt]]", *(f"{key} = {json.dumps(value)}" for key, value in entry.items()), *also]
    (folder / "attempts.toml").write_text("\n".join(lines), encoding="utf-8")
    return folder


def measured(folder):
    return feedback.measure(ROOT, feedback.load([folder], ASSIGNMENT))


def test_the_command_prints_what_a_student_is_told_and_counts_it(tmp_path, warm_python):
    judged = NO_TANH | {"told": "right", "words": WORDS}
    harmless = NO_TANH | {"name": "harmless", "kind": "none", "after": f"({TANH})"}
    write(tmp_path / "set", judged, harmless)
    command = [warm_python, "-m", "autograder", "bench", "--feedback", "--attempts", str(tmp_path)]
    result = subprocess.run(
        [*command, "--json", str(tmp_path / "json")], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "set/no_tanh (naive.RNN, function)\n    Cause: A tanh is missing." in result.stdout
    assert "1.1.2 RNN; loses 5 points\n    One step returns log-probabilities" in result.stdout
    assert WORDS in result.stdout
    assert "Hint: Your hidden state leaves the range from -1 to 1" in result.stdout
    assert "Nothing is wrong; loses no points" in result.stdout
    assert result.stdout.splitlines()[-3:] == [
        "| function | 1 | 1 | 1 | 0 | 0 | 0 |",
        "| none | 1 | 0 | 0 | 0 | 0 | 1 |",
        "| all | 2 | 1 | 1 | 0 | 0 | 1 |",
    ]
    assert json.loads((tmp_path / "json").read_text())["attempts"][0]["feedback"]["test"] == "1.1.2 RNN"


def test_a_judgement_whose_words_are_no_longer_said_is_void(tmp_path):
    report = measured(write(tmp_path / "set", NO_TANH | {"told": "right", "words": "A tanh is missing here."}))
    assert report.complaints == ["set/no_tanh: judged by words that are no longer said: A tanh is missing here."]
    assert feedback.table(report.told).endswith("| all | 1 | 1 | 0 | 0 | 0 | 1 |")


def test_an_attempt_counts_only_where_its_right_solution_is_right(tmp_path):
    folder = write(tmp_path / "set", NO_TANH)
    (folder / RNN).write_text((folder / RNN).read_text().replace("hidden), dim=1", "hidden), dim=0"))
    report = measured(folder)
    assert report.told == []
    assert report.complaints[0].startswith("set: the right solution fails naive.RNN:\n")


def test_an_attempt_that_does_not_end_is_ended(tmp_path, monkeypatch):
    monkeypatch.setattr(feedback, "SECONDS", 2)
    report = measured(write(tmp_path / "set", NO_TANH | {"after": "[number for number in iter(int, 1) if number]"}))
    ((_, first_feedback),) = report.told
    assert first_feedback.lost >= 5
    assert "is there a loop that does not end?" in first_feedback.text


def test_more_changes_than_one_are_made_in_their_order(tmp_path):
    edits = ["[[attempt.edit]]", "before = 'dim=1)  # (N, I + H)'", "after = 'dim=-1)'"]
    ((attempt,),) = (
        attempt_set.attempts
        for attempt_set in feedback.load([write(tmp_path / "set", NO_TANH, also=edits)], ASSIGNMENT)
    )
    source = feedback.changed({RNN: (ROOT / "solution" / RNN).read_bytes()}, attempt).decode()
    assert TANH not in source
    assert "dim=-1)" in source


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"before": "absent"}, "expected `before` once in models/naive/RNN.py, found it 0 times: 'absent'"),
        ({"before": "torch"}, r"found it \d+ times: 'torch'"),
        ({"before": ""}, "expected text for `before` and `after`"),
        ({"deliverable": "naive.gru"}, "deliverable: expected one of naive.RNN, naive.LSTM"),
        ({"file": "models/naive/LSTM.py"}, "file: expected one of models/naive/RNN.py, found"),
        ({"told": "yes"}, "told: expected one of right, partly, none; found 'yes'"),
        ({"told": "right"}, "words: expected the sentence that makes it 'right'"),
        ({"kind": 3}, "kind: expected text, found 3"),
        ({"reason": "x"}, "expected no keys but name, .*; found reason"),
    ],
)
def test_an_attempt_that_cannot_be_used_is_named(change, complaint, tmp_path):
    folder = write(tmp_path / "set", NO_TANH | change)
    with pytest.raises(AttemptsError, match=complaint) as caught:
        feedback.load([folder], ASSIGNMENT)
    assert str(caught.value).startswith(f"{folder / 'attempts.toml'}, attempt 1 (no_tanh): ")


def test_a_set_that_cannot_be_used_is_named(tmp_path):
    with pytest.raises(AttemptsError, match=r"expected attempts\.toml, here or one folder deeper"):
        feedback.load([tmp_path], ASSIGNMENT)
    folder = write(tmp_path / "set", NO_TANH, NO_TANH)
    with pytest.raises(AttemptsError, match=r"attempt 2 .*expected one that no other attempt has"):
        feedback.load([folder], ASSIGNMENT)
    lacking = {key: value for key, value in NO_TANH.items() if key != "cause"}
    with pytest.raises(AttemptsError, match="missing: cause"):
        feedback.load([write(tmp_path / "set", lacking)], ASSIGNMENT)
    (folder / "attempts.toml").write_text("attempt = [")
    with pytest.raises(AttemptsError, match="expected TOML in UTF-8"):
        feedback.load([folder], ASSIGNMENT)


def test_white_space_decides_nothing():
    attempt = Attempt("s", "n", "k", "naive.RNN", RNN, "c", (), "right", "two  words")
    assert feedback.is_still_said(attempt, Feedback("1.1.1 RNN", ("Here are two", "words."), 1.0))


@pytest.mark.timeout(1500)
@pytest.mark.parametrize("folder", sorted(path.parent for path in feedback.SETS.glob("*/attempts.toml")), ids=str)
def test_what_the_kept_attempts_were_judged_by_is_still_said(folder):
    """Also: every attempt can be made, and the right solution that it is made from passes."""
    assert measured(folder).complaints == []
