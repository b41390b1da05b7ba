"""Known wrong outcomes: what counts as the same outcome, and who explains a failing test."""

import shutil
import subprocess
from dataclasses import replace

import numpy as np
import pytest

from autograder.prepare import catalogue
from harness.hints import Hints, hinted, portray, project, sketch
from harness.judge import RANDOM, Kind, Verdict
from harness.outcome import Fault, Outcome
from tests.project.conftest import ROOT, environment

A, B, C = (f"models/test_x.py::test_{letter}" for letter in "abc")
RIGHT = np.linspace(-1, 1, 60, dtype=np.float32).reshape(3, 4, 5)
OTHER = RIGHT[:, ::-1].copy()


def shown(**values) -> Outcome:
    return Outcome(shown=values)


def learned(*wrong: tuple[str, dict[str, Outcome]], right: Outcome | None = None, varies: str = "") -> Hints:
    """Misconceptions, whose hints are their names, for three tests with one right outcome."""
    hints = Hints({name: portray(right or shown(y=RIGHT)) for name in (A, B, C)})
    for name, outcomes in wrong:
        hints.add(name, name, outcomes, varies)
    return hints


def explained(known: Outcome, got: Outcome, right: Outcome | None = None, varies: str = "") -> bool:
    return bool(learned(("m", {A: known}), right=right, varies=varies).explain({A: got}))


# What counts as the same outcome.


@pytest.mark.parametrize(
    "changed",
    [
        OTHER.transpose(0, 2, 1),
        OTHER.astype(np.float64),
        -OTHER,
        OTHER * np.float32(1.001),
        OTHER + np.float32(0.001),
        np.where(np.arange(60).reshape(3, 4, 5) == 17, OTHER + np.float32(0.01), OTHER),
        OTHER.ravel()[[1, 0, *range(2, 60)]].reshape(3, 4, 5),
        np.where(np.arange(60).reshape(3, 4, 5) == 59, np.float32(np.nan), OTHER),
    ],
    ids=["shape", "dtype", "sign", "factor", "offset", "one value", "two swapped", "one not finite"],
)
def test_another_tensor_is_another_outcome(changed):
    assert explained(shown(y=OTHER), shown(y=OTHER))
    assert not explained(shown(y=OTHER), shown(y=changed))


@pytest.mark.parametrize("size", range(2, 65))
def test_any_two_values_swapped_show(size):
    """Sums with signs alone would miss one swap in 256, which for small tensors is one too many."""
    values = np.arange(1, size + 1, dtype=np.float32)
    for first in range(size):
        for second in range(first):
            swapped = values.copy()
            swapped[[first, second]] = values[[second, first]]
            assert not sketch(values).fits(sketch(swapped)), (first, second)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e4])
def test_rounding_makes_no_other_outcome(scale):
    """A millionth of every value's size, which is ten times what other processors make of a float's sum."""
    noise = np.sin(np.arange(60, dtype=np.float64)).reshape(3, 4, 5) * 1e-6
    wrong = (OTHER * scale).astype(np.float32)
    assert explained(shown(y=wrong), shown(y=(wrong * (1 + noise)).astype(np.float32)))


def test_infinities_have_a_sign_and_do_not_hide_the_rest():
    up, down = (np.where(OTHER > 0.9, np.float32(value), OTHER) for value in (np.inf, -np.inf))
    assert explained(shown(y=up), shown(y=up))
    assert not explained(shown(y=up), shown(y=down))
    assert not explained(shown(y=up), shown(y=np.where(np.isinf(up), up, up * np.float32(2))))


@pytest.mark.parametrize("value", [np.float64(1e308), np.float32(3e38)])
def test_huge_values_are_no_fault(value):
    numbers = project(np.full(100, value))
    assert np.isfinite(numbers).all()
    assert np.isfinite(np.array(numbers, np.float32)).all()


def test_a_tensor_of_absurd_size_costs_nothing():
    assert project(np.ones(10**6)) == (0.0,) * 8


def test_integers_booleans_scalars_and_empty_tensors_have_sketches():
    for value in (np.arange(12), np.eye(4, dtype=bool), np.array(3.5), np.zeros((0, 3), np.float32)):
        assert sketch(value).fits(sketch(value.copy()))
    assert not sketch(np.arange(12)).fits(sketch(np.r_[np.arange(11), 12]))
    assert not sketch(np.eye(4, dtype=bool)).fits(sketch(np.eye(4, dtype=bool)[::-1]))


def test_facts_and_missing_values_count():
    right, known = shown(y=RIGHT, fact="a tuple of 2"), shown(y=RIGHT, fact="a tuple of 3")
    assert explained(known, known, right)
    assert not explained(known, shown(y=RIGHT, fact="a list of 3"), right)
    assert not explained(known, shown(y=RIGHT), right)
    assert explained(
        known, shown(y=RIGHT, fact="a tuple of 3", more=OTHER), right
    )  # nobody judges what is shown beside


def test_a_fault_counts_without_its_place():
    def stopped(message: str, where: str = "models/A.py:3", kind: str = "RuntimeError") -> Outcome:
        return Outcome(fault=Fault(kind, message, where))

    known = stopped("cannot multiply (4x5 and 6x7)")
    assert explained(known, stopped("cannot multiply (4x5 and 6x7)", where="models/A.py:99"))
    assert not explained(known, stopped("cannot multiply (4x5 and 6x8)"))
    assert not explained(known, stopped("cannot multiply (4x5 and 6x7)", kind="ValueError"))
    assert not explained(known, Outcome(shown={"y": RIGHT}, fault=known.fault))
    known = stopped("<A at 0x7f00> in /tmp/a/models/A.py")
    assert explained(known, stopped("<A at 0x7fff> in /home/b/models/A.py"))


def test_only_the_numbers_of_a_students_own_check_count():
    """Every student words a ValueError in another way; what torch, Python or a double says is told as it is."""

    def refused(message: str, kind: str = "ValueError", own: bool = True) -> Outcome:
        return Outcome(fault=Fault(kind, message, "models/A.py:3", own))

    known = refused("a sequence of length 7 does not fit max_length (6)")
    assert explained(known, refused("max_length is 6, but there are 7 tokens"))
    assert not explained(known, refused("max_length is 6, but there are 8 tokens"))
    assert not explained(known, refused("max_length is 6, but there are 7 tokens", kind="RuntimeError"))
    assert not explained(known, refused("max_length is 6, but there are 7 tokens", own=False))
    assert not explained(known, refused("too long"))
    assert explained(refused("too long"), refused("that is no token"))
    assert explained(refused("W_1 is of float32"), refused("no"))
    usual = refused("'a' is not in list", own=False)
    assert not explained(refused("too long"), usual)
    assert explained(usual, usual)


def test_parameters_count_as_far_as_the_contract_names_them():
    right = Outcome({"y": RIGHT}, {"": {"w": [2, 3], "b": [3]}})
    transposed = Outcome({"y": OTHER}, {"": {"w": [3, 2], "b": [3]}})
    assert explained(transposed, transposed, right)
    assert not explained(transposed, Outcome({"y": OTHER}, {"": {"w": [2, 3], "b": [3]}}), right)
    assert not explained(transposed, Outcome({"y": OTHER}, {"": {"w": [3, 2]}}), right)
    assert explained(transposed, Outcome({"y": OTHER}, {"": {"w": [3, 2], "b": [3], "more": [1]}}), right)


def test_the_right_outcome_and_one_that_rounds_to_it_get_no_hint():
    close = shown(y=RIGHT * np.float32(1 + 1e-6))
    hints = learned(("m", {A: close, B: shown(y=OTHER)}))
    assert hints.explain({A: shown(y=RIGHT)}) == {}
    assert hints.explain({A: close}) == {}
    assert hints.explain({"models/test_x.py::unknown": close}) == {}


# Who explains a test.


def test_the_hint_that_explains_most_wins_then_the_first():
    one, two, third = shown(y=OTHER), shown(y=OTHER * 2), shown(y=OTHER * 3)
    hints = learned(("first", {A: one, B: two}), ("second", {A: one, B: third}), ("third", {A: one}))
    assert hints.explain({A: one}) == {A: "first"}
    assert hints.explain({A: one, B: third}) == {A: "second", B: "second"}
    assert hints.explain({A: one}, passed=[B]) == {A: "third"}
    assert hints.explain({A: one, B: shown(y=OTHER * 9)}) == {A: "first"}  # no one explains B: all are equal


def test_two_mistakes_get_two_hints():
    hints = learned(("first", {A: shown(y=OTHER)}), ("second", {B: shown(y=OTHER * 2)}))
    assert hints.explain({A: shown(y=OTHER), B: shown(y=OTHER * 2)}) == {A: "first", B: "second"}


def test_random_values_match_when_the_values_beside_them_are_right():
    right, known = shown(y=RIGHT, training=RIGHT), shown(y=RIGHT, training=OTHER)
    random = {"right": right, "varies": "training"}
    assert explained(known, shown(y=RIGHT, training=OTHER * 7), **random)
    assert not explained(known, shown(y=OTHER, training=OTHER * 7), **random)
    assert not explained(known, shown(y=RIGHT, training=RIGHT), **random)
    assert not explained(known, shown(y=RIGHT, training=OTHER[:2]), **random)
    assert not explained(known, shown(y=RIGHT, training=OTHER * np.nan), **random)


def test_the_right_values_times_a_number_are_not_random():
    right, known = shown(y=RIGHT, training=RIGHT), shown(y=RIGHT, training=OTHER)
    for factor in (2, -1, 0, 0.5):
        assert not explained(known, shown(y=RIGHT, training=RIGHT * np.float32(factor)), right, "training")


def test_known_values_count_before_random_ones():
    right, got = shown(y=RIGHT, training=RIGHT), shown(y=RIGHT, training=OTHER)
    hints = Hints({A: portray(right), B: portray(right)})
    hints.add("random", "random", {A: shown(y=RIGHT, training=OTHER * 2)}, "training")
    hints.add("definite", "definite", {A: got, B: got})
    assert hints.explain({A: got}, passed=[B]) == {A: "definite"}
    assert hints.explain({A: shown(y=RIGHT, training=OTHER * 3)}, passed=[B]) == {A: "random"}


def test_a_match_of_random_values_alone_needs_a_second_test():
    hints = learned(("m", {A: shown(y=OTHER), B: shown(y=OTHER)}), varies="test_a: y")
    anything, definite = shown(y=OTHER * 7), shown(y=OTHER)
    assert hints.explain({A: anything}) == {}
    assert hints.explain({A: anything, B: definite}) == {A: "m", B: "m"}
    assert hints.explain({A: anything, B: shown(y=OTHER * 2)}) == {}


def test_a_match_of_almost_right_values_needs_a_second_test():
    close = shown(y=RIGHT * np.float32(1 + 1e-6))
    hints = learned(("m", {A: close, B: shown(y=OTHER)}))
    assert hints.explain({A: close, B: shown(y=OTHER)}) == {A: "m", B: "m"}
    assert hints.explain({A: shown(y=OTHER), B: shown(y=OTHER)}) == {B: "m"}


def test_verdicts_get_the_hints_that_all_outcomes_together_give():
    one = shown(y=OTHER)
    hints = learned(("first", {A: one, B: one}), ("second", {A: one}))
    wrong, right = Verdict(Kind.VALUES, "y differs"), Verdict(Kind.PASSED)
    assert hinted({A: wrong, B: right}, {A: one}, hints) == {A: replace(wrong, hint="second"), B: right}
    assert hinted({A: Verdict(Kind.REFUSED, "refused")}, {}, hints)[A].hint == ""


def test_random_outcomes_get_no_hint_of_a_mistake_that_is_not_random():
    """A coin that falls the same way a few times looks like one in another test."""
    hints = learned(("never", {A: shown(y=OTHER)}))
    coin, chance = Verdict(Kind.VALUES, f"y differs\n{RANDOM}"), Verdict(Kind.VALUES, "y differs")
    outcomes = {A: shown(y=OTHER), B: shown(y=-OTHER)}
    assert hinted({A: chance, B: chance}, outcomes, hints)[A].hint == "never"
    assert hinted({A: chance, B: coin}, outcomes, hints)[A].hint == ""
    both = learned(("fails both", {A: shown(y=OTHER), B: shown(y=OTHER)}))
    assert hinted({A: chance, B: coin}, outcomes, both)[A].hint == "fails both"
    random = learned(("at random", {A: shown(y=OTHER), B: shown(y=OTHER)}), varies="test_b")
    assert hinted({A: chance, B: coin}, outcomes, random)[A].hint == "at random"


def test_a_hint_replaces_the_usual_explanation_of_an_exception():
    usual = "A pair is used where one tensor is needed."
    stops = Verdict(Kind.FAULT, f"In the case N = 1:\na.py:1\n  TypeError: pair\n{usual}", usual=usual)
    assert stops.hinted("Which state?").words("Checked.")[1:] == [
        "In the case N = 1:", "a.py:1", "  TypeError: pair", "Hint: Which state?",
    ]  # fmt: skip
    assert stops.hinted("").words("Checked.")[-1] == usual


def test_an_exception_is_explained_by_a_mistake_that_fails_the_same_tests_alike():
    """Others raise it, too: an index out of range, or a shape that does not fit, is no fingerprint."""
    stopped = Outcome(fault=Fault("IndexError", "index 1 is out of bounds", "models/A.py:3"))
    hints = learned(("m", {A: stopped, B: shown(y=OTHER)}))
    assert hints.explain({A: stopped, B: shown(y=OTHER)}) == {A: "m", B: "m"}
    assert hints.explain({A: stopped, B: shown(y=OTHER), C: shown(y=OTHER)}) == {B: "m"}
    assert hints.explain({A: stopped, B: shown(y=OTHER * 2)}) == {}
    assert hints.explain({A: stopped}, passed=[B]) == {}


def test_the_same_slip_in_two_functions_is_explained_by_both():
    """Each function's tests stop by themselves; where a third fails as well, both names explain too little."""
    one, two = (Outcome(fault=Fault("IndexError", f"index {n} is out of bounds", "models/A.py:3")) for n in (1, 2))
    hints = learned(("first", {A: one}), ("second", {B: two, C: shown(y=OTHER)}))
    assert hints.explain({A: one, B: two, C: shown(y=OTHER)}) == {A: "first", B: "second", C: "second"}
    assert hints.explain({A: one, B: two, C: shown(y=OTHER * 2)}) == {}
    assert hints.explain({A: one, B: two}, passed=[C]) == {}
    assert hints.explain({A: one}, passed=[B, C]) == {A: "first"}


# What unknown mistakes have in common.


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("gradient of x", "All values are right, only gradients are not."),
        ("h in training mode", "In eval mode all is right"),
        ("output again", "The first call is right"),
        ("h of one row", "Larger batches and longer sequences are right"),
        ("y", ""),
    ],
)
def test_what_all_failures_have_in_common_is_said(name, words):
    right, wrong = {"y": RIGHT, name: RIGHT}, {"y": RIGHT, name: OTHER}
    hints = Hints({identifier: portray(shown(**right)) for identifier in (A, B)})
    verdicts = {A: Verdict(Kind.VALUES, "differs"), B: Verdict(Kind.PASSED)}
    outcomes = {A: shown(**wrong)}
    hint = hinted(verdicts, outcomes, hints)[A].hint
    assert hint.startswith(words) if words else not hint
    assert hinted(verdicts | {B: Verdict(Kind.NOT_STARTED)}, outcomes, hints)[A].hint == "", "one that did not run"
    assert hinted({A: verdicts[A]}, outcomes, hints)[A].hint == "", "no other test has passed"
    both = outcomes | {B: Outcome(fault=Fault("ValueError", "no", "x"))}
    assert hinted(verdicts | {B: Verdict(Kind.FAULT)}, both, hints)[A].hint == "", "not all fail in this way"
    hints.add("m", "known", {A: outcomes[A]})
    assert hinted(verdicts, outcomes, hints)[A].hint == "known"


# Stored and shown.


def test_stored_hints_explain_the_same(tmp_path):
    wrong = {
        A: Outcome({"y": OTHER}, {"": {"w": [3, 2]}}),
        B: Outcome({"fact": ""}, {}, Fault("ValueError", "no", "x")),
        C: shown(y=np.where(OTHER > 0, np.float32(np.nan), OTHER), fact="3"),
    }
    right = Outcome({"y": RIGHT, "fact": "2"}, {"": {"w": [2, 3]}})
    hints = learned(("m", wrong), ("n", {A: shown(y=OTHER * 7, fact="2")}), right=right, varies="never")
    hints.save(tmp_path / "hints")
    loaded = Hints.load(tmp_path / "hints")
    assert loaded.explain(wrong) == hints.explain(wrong) == dict.fromkeys((A, B, C), "m")
    assert loaded.explain({A: shown(y=OTHER * 7, fact="2")}) == {A: "n"}
    assert loaded.to_bytes() == hints.to_bytes() == (tmp_path / "hints").read_bytes()


def test_stored_hints_hold_no_text_of_the_solution():
    """Students get these files. The longest code of the catalogue that stands in them is one name."""
    content = b"".join(path.read_bytes() for path in (ROOT / "tests" / "reference").rglob("*.hints.safetensors"))
    assert len(content) > 100_000
    lines = {line.strip() for entry in catalogue.load(ROOT) for line in entry.after.splitlines() if "=" in line}
    assert [line for line in lines if len(line) > 20 and line.encode() in content] == []


def test_python_m_tests_and_pytest_show_the_hint(tmp_path, warm_python):
    entry = next(entry for entry in catalogue.load(ROOT) if str(entry) == "naive.LSTM/hidden_state_not_carried")
    shutil.copytree(ROOT / "solution", tmp_path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    file = tmp_path / entry.file
    file.write_text(catalogue.apply(entry, file.read_text(encoding="utf-8")), encoding="utf-8")
    for command in (["tests", "LSTM"], ["pytest", "tests/models/naive/test_LSTM.py", "-p", "no:cacheprovider"]):
        done = subprocess.run(
            [warm_python, "-m", *command, f"--tree={tmp_path}"],
            cwd=ROOT, env=environment(), capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert f"Hint: {entry.hint}" in " ".join(done.stdout.split()), done.stdout
