"""Equal wrong outcomes are found and joined to clusters."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from autograder.course.clusters import clusters, equal, first_line
from autograder.course.handins import HandIn
from autograder.course.record import GRADED, Graded, Item
from autograder.prepare import catalogue, mistakes
from autograder.prepare.catalogue import Misconception
from autograder.prepare.mistakes import Task
from harness.answers import Answers, public_file
from harness.contract import Assignment
from harness.hints import Sketch
from harness.judge import Kind
from harness.outcome import Fault, Outcome, encode
from tests.project.conftest import ROOT
from tests.project.course import records

RNN = "models/naive/RNN.py"
FIRST, SECOND = (test.number for test in records.TESTS)
VALUES = np.linspace(-1, 1, 12, dtype=np.float32).reshape(3, 4)


def encoded(shown: Mapping[str, object] | None = None, fault: Fault | None = None, key: str = "a test") -> bytes:
    return encode({key: Outcome(dict(shown or {}), fault=fault)})


def wrong(*factors: float) -> dict[str, tuple[str, bytes]]:
    """What a submission shows in the first tests: these multiples of the values. 0 is no wrong outcome."""
    pairs = zip(records.TESTS, factors, strict=False)
    return {test.number: (test.key, encoded({"h": VALUES * factor}, key=test.key)) for test, factor in pairs if factor}


def submission(
    id: str, unexplained: Mapping[str, tuple[str, bytes]], tests=records.TESTS, source: bytes = b"", failing=()
) -> Graded:
    """A submission that fails these tests and those in `failing`, and passes all others."""
    fails = {*unexplained, *failing}
    kinds = {test.number: Kind.VALUES if test.number in fails else Kind.PASSED for test in tests}
    items = [Item(id, test, 0, 1, kind, "", "", f"{test} fails", 0.1, records.KIT) for test, kind in kinds.items()]
    return Graded(
        HandIn(id, Path(id)), "", "", GRADED, records.KIT, results={"score": 0}, items=tuple(items),
        unexplained=unexplained, files={RNN: source} if source else {},
    )  # fmt: skip


def found(folder: Path, submissions: list[Graded]) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Tests and submissions of each cluster, in the order of their numbers."""
    with records.record(folder, submissions) as record:
        made = clusters(record, ROOT)
    assert [cluster.number for cluster in made] == list(range(1, len(made) + 1))
    return [(cluster.tests, cluster.submissions) for cluster in made]


def rows(*contents: bytes) -> list[tuple[str, str, bytes]]:
    return [(f"s{place}", "a test", content) for place, content in enumerate(contents)]


def test_outcomes_are_equal_up_to_rounding() -> None:
    nearly = VALUES * np.float32(1 + 3e-6) + np.float32(2e-6)
    other = VALUES.copy()
    other[1, 2] += 0.01
    contents = [encoded({"h": values}) for values in (VALUES, nearly, other, VALUES.reshape(4, 3), VALUES)]
    assert equal(rows(*contents)) == [{"s0", "s1", "s4"}, {"s2"}, {"s3"}]


def test_names_sentences_and_values_that_are_no_numbers_count() -> None:
    holes = VALUES.copy()
    holes[0, 0] = np.nan
    contents = [encoded({"h": VALUES}), encoded({"c": VALUES}), encoded({"h": "a tuple of 2"}), encoded({"h": holes})]
    assert equal(rows(*contents, *contents)) == [{f"s{place}", f"s{place + 4}"} for place in range(4)]
    assert len(equal([("a", "a test", contents[0]), ("b", "b test", encoded({"h": VALUES}, key="b test"))])) == 2


def test_exceptions_are_equal_by_kind_and_message_without_addresses() -> None:
    def fault(kind: str, message: str, where: str = "", own: bool = False, **shown: object) -> bytes:
        return encoded(shown, Fault(kind, message, where, own))

    contents = [
        fault("TypeError", "<RNN at 0x7f01> is not callable", "RNN.py:3"),
        fault("TypeError", "<RNN at 0x7f02> is not callable", "RNN.py:9", before=VALUES),
        fault("ValueError", "<RNN at 0x7f01> is not callable"),
        fault("AssertionError", "shapes differ!", own=True),
        fault("AssertionError", "what a pity", own=True),
    ]
    assert equal(rows(*contents)) == [{"s0", "s1"}, {"s2"}, {"s3", "s4"}]


def test_random_outcomes_are_alone_and_compared_with_few_others(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[Sketch] = []
    monkeypatch.setattr(
        Sketch, "fits", lambda self, other, fits=Sketch.fits: compared.append(self) or fits(self, other)
    )
    random = np.random.default_rng(0)
    count = 300
    contents = [encoded({"h": random.normal(size=(5, 6))}) for _ in range(count)]
    assert len(equal(rows(*contents))) == count
    assert len(compared) < 10 * count


def test_three_make_a_cluster_and_the_largest_is_the_first(tmp_path: Path) -> None:
    twos = [submission(f"two{n}", wrong(2)) for n in range(3)]
    fours = [submission(f"four{n}", wrong(4)) for n in range(4)]
    sixes = [submission(f"six{n}", wrong(0, 6)) for n in range(3)]
    pair = [submission(f"pair{n}", wrong(8)) for n in range(2)]
    expected = [
        ((FIRST,), ("four0", "four1", "four2", "four3")),
        ((FIRST,), ("two0", "two1", "two2")),
        ((SECOND,), ("six0", "six1", "six2")),
    ]
    assert found(tmp_path / "a", [*twos, *sixes, *fours, *pair]) == expected
    assert found(tmp_path / "b", [*pair, *fours, *twos, *sixes]) == expected


def test_a_mistake_is_one_cluster_although_a_few_have_a_second_one(tmp_path: Path, monkeypatch) -> None:
    """One has another outcome in one of its tests. Others share only its first outcome, and pass the other tests."""
    tests = [replace(records.TESTS[0], name=f"test_{n}", number=f"1.1.{n}") for n in (1, 2, 3)]
    monkeypatch.setattr(records, "TESTS", tests)
    members = [submission(f"m{n}", wrong(2, 2, 2), tests) for n in range(4)] + [submission("m4", wrong(2, 2, 9), tests)]
    others = [submission(f"o{n}", wrong(2), tests) for n in range(3)]
    assert found(tmp_path, [*members, *others]) == [
        (("1.1.1", "1.1.2", "1.1.3"), ("m0", "m1", "m2", "m3", "m4")),
        (("1.1.1",), ("o0", "o1", "o2")),
    ]


def test_submissions_that_are_gone_do_not_count(tmp_path: Path) -> None:
    submissions = [submission(f"s{n}", wrong(2)) for n in range(3)]
    with records.record(tmp_path, submissions) as record:
        record.note(each.handin for each in submissions[1:])
        assert clusters(record, ROOT) == []


def test_a_test_that_fails_through_another_deliverable_makes_no_cluster(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, assignment: Assignment
) -> None:
    """The tests of Seq2Seq that use students' own encoders say nothing new where the encoder fails."""
    seq2seq, encoder = (assignment.deliverable(f"seq2seq.{name}") for name in ("Seq2Seq", "Encoder"))
    integration = replace(records.TESTS[0], module=seq2seq.tests, number="2.4.9", integration=True)
    tests = [integration, replace(records.TESTS[0], module=encoder.tests, number="2.1.2")]
    monkeypatch.setattr(records, "TESTS", tests)
    submissions = [submission(f"s{n}", wrong(2), tests) for n in range(3)]
    assert found(tmp_path / "own", submissions) == [(("2.4.9",), ("s0", "s1", "s2"))]
    submissions = [submission(f"s{n}", wrong(2), tests, failing=["2.1.2"]) for n in range(3)]
    assert found(tmp_path / "needed", submissions) == []


def failing(task: Task) -> dict[str, Outcome]:
    return {name: failure.outcome for name, failure in mistakes.failures(task).items()}


def test_a_mistake_is_found_in_code_with_other_names(tmp_path: Path, monkeypatch, graded) -> None:
    """Three students take a softsign instead of the tanh, which the catalogue does not know, with other names."""
    tests = [test for test in graded if test.module == "models/naive/test_RNN.py"]
    monkeypatch.setattr(records, "TESTS", tests)
    numbers = {test.identifier(case): test.number for test in tests for case in test.cases}
    answers, source = Answers.load(public_file(tests[0].module)), (ROOT / "solution" / RNN).read_text(encoding="utf-8")
    right = "        new_hidden = torch.tanh(self.hidden_layer(combined))"
    mistake = Misconception(
        "softsign",
        "naive.RNN",
        RNN,
        "",
        right,
        "        new_hidden = nn.functional.softsign(self.hidden_layer(combined))",
    )
    outcomes = failing(Task(ROOT, mistake, tuple(tests), answers))
    shown = {numbers[name]: (name, encode({name: outcome})) for name, outcome in reversed(outcomes.items())}
    code = catalogue.apply(mistake, source)
    names = [("combined", "new_hidden"), ("x", "h"), ("joined", "state")]
    sources = [code.replace("combined", x).replace("new_hidden", h).encode() for x, h in names]
    submissions = [submission(f"s{n}", shown, tests, content) for n, content in enumerate(sources)]
    submissions += [submission("right", {}, tests, source.encode())]
    with records.record(tmp_path, submissions) as record:
        [cluster] = clusters(record, ROOT)
    assert cluster.tests == tuple(sorted(shown))
    assert cluster.difference == (
        "+ new_hidden = nn.functional.softsign(self.hidden_layer(combined))",
        "- new_hidden = torch.tanh(self.hidden_layer(combined))",
    )
    assert [line.text for line in cluster.lines] == [
        f"{h} = nn.functional.softsign(self.hidden_layer({x}))" for x, h in names
    ]
    assert (cluster.draft.before, cluster.draft.after) == (mistake.before, mistake.after)


@pytest.mark.parametrize(
    ("message", "line"),
    [
        ("Expected 2, got 3.\nRight: h.", "Expected 2, got 3."),
        ("In the case batch = one row:\nh at [0]: expected 1, got 2.", "h at [0]: expected 1, got 2."),
        ("In the case a = b:\nmodels/naive/RNN.py:58, in __init__\n  ValueError: 3\nIs it?", "ValueError: 3"),
        ("", ""),
    ],
)
def test_a_message_is_named_by_the_line_that_says_what_is_wrong(message: str, line: str) -> None:
    assert first_line(message) == line
