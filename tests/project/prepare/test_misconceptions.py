"""Every misconception fails a public test and gets its own hint; the solution fails none; what is stored is true.

`python -m autograder answers` runs all misconceptions of what has changed, refuses those that no test notices or that
get no hint of their own, and stores what else is asked of the whole catalogue (quality.json). Here those whose values
are random and a sample of the others run again, with other random numbers.
"""

import re
import zlib
from dataclasses import replace
from functools import partial

import pytest

from autograder.prepare import catalogue, guide, mistakes, quality, store
from autograder.prepare.catalogue import Misconception
from autograder.prepare.mistakes import Task
from autograder.prepare.quality import Quality
from autograder.prepare.store import Made, Stored
from autograder.rubric import Rubric
from harness.graded import TESTS, GradedTest
from harness.judge import judge

ROOT = TESTS.parent
RUBRIC = Rubric.load(ROOT / "autograder" / "rubric.toml")
CATALOGUE = catalogue.load(ROOT)
HINTS = [misconception.hint for misconception in CATALOGUE]


def sample(entries: list[Misconception], one_in: int = 48) -> list[Misconception]:
    """All with random values, and of the others one in so many, chosen by a digest of the name, and at least one."""
    digests = {entry: zlib.crc32(str(entry).encode()) for entry in entries}
    lowest = min(digests.values(), default=0)
    return [entry for entry, digest in digests.items() if entry.varies or digest % one_in == 0 or digest == lowest]


@pytest.fixture(scope="module")
def fresh(graded: list[GradedTest]) -> Made:
    """What the solution and the sample give now, with the public seed."""
    all_entries = catalogue.of
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(catalogue, "of", lambda root, deliverable: sample(all_entries(root, deliverable)))
        patch.setattr(store, "Task", partial(Task, luck="again"))
        return store.make_public(ROOT, graded, map)


@pytest.fixture(scope="module")
def measured() -> dict[str, Quality]:
    """What `answers` has measured of the whole catalogue."""
    measured = quality.read(ROOT / "tests" / "reference")
    assert measured.keys() == {deliverable.tests for deliverable in catalogue.deliverables(ROOT)}
    return measured


def test_the_solution_gives_the_stored_answers(fresh: Made, stored: Stored, graded: list[GradedTest]) -> None:
    for test in graded:
        for name in map(test.identifier, test.cases):
            verdict = judge(fresh.answers.outcomes[name], stored.answers.outcomes[name], test.tolerance)
            assert verdict.passed, f"{name}: {verdict.message}"
    assert fresh.answers.seeds == stored.answers.seeds


def test_rows_that_facts_decide_are_listed(measured: dict[str, Quality]) -> None:
    """docs/security.md, "Facts": wrong solutions that claim whatever is the same for other inputs pass these rows."""
    section = (ROOT / "docs" / "security.md").read_text(encoding="utf-8").split("### Facts")[1].split("\n## ")[0]
    listed = set(re.findall(r"\b\d+\.\d+\.\d+\b", section))
    decided = {number for module in measured.values() for number in module.facts}
    assert listed == decided, (
        f"docs/security.md, Facts: add {decided - listed or 'none'}, drop {listed - decided or 'none'}"
    )


def test_every_misconception_fails_a_public_test(fresh: Made) -> None:
    assert fresh.complaints == {}
    assert {entry.deliverable for entry, _ in fresh.failed} == {entry.deliverable for entry in CATALOGUE}
    assert len(fresh.failed) >= len(CATALOGUE) / 50


def test_what_is_stored_is_of_the_whole_catalogue(stored: Stored) -> None:
    known = {mistake.name: mistake for mistake in stored.hints.known}
    assert [*known] == [str(entry) for entry in CATALOGUE]
    assert {name: mistake.hint for name, mistake in known.items()} == {str(entry): entry.hint for entry in CATALOGUE}
    assert [name for name, mistake in known.items() if not mistake.wrong] == []


Explained = list[tuple[Misconception, list[str], dict[str, str]]]


@pytest.fixture(scope="module")
def explained(fresh: Made, stored: Stored) -> Explained:
    """Each misconception of the sample, the rows that it fails, and the hints that the stored ones give them."""
    explained: Explained = []
    for module, right in fresh.right.items():
        failed = [pair for pair in fresh.failed if RUBRIC.deliverable(pair[0].deliverable).tests == module]
        for entry, failures, given in quality.explained(right, stored.hints.of(module), failed):
            explained.append((entry, list(failures), dict(given)))
    return explained


def test_what_is_shown_first_of_a_misconception_has_its_hint(explained: Explained) -> None:
    """By the stored hints and all of a deliverable's tests, as `python -m tests` asks; what is random is new.

    Few tokens that come out at random may by accident be those of another mistake.
    """
    others: dict[Misconception, str] = {}
    for entry, failing, given in explained:
        hint = given.get(failing[0])
        if hint != entry.hint:
            others[entry] = CATALOGUE[HINTS.index(hint)].name if hint in HINTS else "no hint"
    assert all(entry.varies for entry in others), others
    assert len(others) < sum(bool(entry.varies) for entry in CATALOGUE) / 20, others


def test_most_rows_of_a_misconception_have_its_hint(explained: Explained, measured: dict[str, Quality]) -> None:
    """Not all: on some, a difference is smaller than what other processors may make of it, or random."""
    rows = right = 0
    for entry, failing, given in explained:
        rows += len(failing)
        right += sum(given.get(name) == entry.hint for name in failing)
    assert right / rows > 0.98
    whole = measured.values()
    assert sum(module.with_hint for module in whole) / sum(module.rows for module in whole) > 0.99


def test_the_right_outcomes_get_no_hint(fresh: Made, stored: Stored) -> None:
    assert stored.hints.explain(fresh.answers.outcomes) == {}


def test_a_hint_for_what_comes_out_at_random_begins_with_a_condition() -> None:
    """Any numbers could have come out at random: whether they did, the student has to see."""
    assert [str(entry) for entry in CATALOGUE if entry.varies and not entry.hint.startswith("If ")] == []


NAMED = [entry for entry in CATALOGUE if entry.renamed]


@pytest.mark.parametrize("entry", NAMED, ids=str)
def test_every_other_wrong_name_gets_the_same_hint(entry: Misconception, stored: Stored, graded) -> None:
    """In every row that fails: what a layer is filled with goes with its name, so all numbers are new."""
    letters = str.maketrans("cnr2", "zmv3")
    other = replace(entry, renamed={right: wrong.translate(letters) for right, wrong in entry.renamed.items()})
    assert not set(other.renamed.values()) & set(entry.renamed.values())
    module = RUBRIC.deliverable(entry.deliverable).tests
    tests = tuple(test for test in graded if test.module == module)
    answers = stored.answers.of(module)
    as_written = next(mistake.wrong for mistake in stored.hints.known if mistake.name == str(entry))
    failures = mistakes.failures(Task(ROOT, other, tests, answers))
    passed = answers.outcomes.keys() - failures
    explained = stored.hints.explain({name: failure.outcome for name, failure in failures.items()}, passed)
    assert explained == dict.fromkeys(as_written, entry.hint)


RNN_STEP = "        return output, new_hidden"
UNKNOWN = (
    "        hidden.mul_(2)\n        return output, new_hidden",
    "        return output, new_hidden * (2 if self.training else 1)",
    "        return output, new_hidden.flip(1) if self.training else new_hidden",
    "        self.calls = getattr(self, 'calls', 0) + 1\n        return output, new_hidden ** self.calls",
)


def test_a_mistake_that_is_not_random_gets_no_hint_that_says_so(stored: Stored, graded: list[GradedTest]) -> None:
    """An RNN whose results depend on the mode or on the calls before, as no entry's do.

    What is changed in place is found out by torch where gradients are asked for, whatever the change.
    """
    rnn = RUBRIC.deliverable("naive.RNN")
    tests = tuple(test for test in graded if test.module == rnn.tests)
    right, hints = stored.answers.of(rnn.tests), stored.hints.of(rnn.tests)
    entries = [entry for entry in CATALOGUE if entry.deliverable == rnn.id]
    true = {entry.hint for entry in entries if entry.varies or entry.name == "given_state_overwritten"}
    for after in UNKNOWN:
        entry = Misconception("unknown", rnn.id, rnn.file, "none", RNN_STEP, after)
        failures = mistakes.failures(Task(ROOT, entry, tests, right))
        ((_, _, given),) = quality.explained(right, hints, [(entry, failures)])
        assert failures, after
        assert set(given.values()) <= true, after


def test_the_guide_is_what_the_catalogue_gives(fresh: Made, graded: list[GradedTest]) -> None:
    """Of the sample; decimals may be rounded otherwise, rows may fail by chance, and lines move with comments."""

    def entries(text: str) -> set[str]:
        text = re.sub(r"-?\d+\.\d{4,}|(?<=\.py):\d+|[\d., ]+(?=`What comes out is random)", "#", text)
        return set(map(str, guide.read(text)))

    printed = {path: path.read_text(encoding="utf-8") for path in (ROOT / guide.FOLDER).iterdir()}
    as_they_are = guide.pages(ROOT, graded, Made({}, [], {}, {}))
    assert printed == {ROOT / name: text for name, text in as_they_are.items()}, "run `python -m autograder answers`"
    for deliverable in catalogue.deliverables(ROOT):
        page = printed[ROOT / guide.page_of(deliverable)]
        entries_of = [entry for entry in CATALOGUE if entry.deliverable == deliverable.id]
        names = [entry.name.replace("_", " ").capitalize() for entry in entries_of]
        assert [entry.name for entry in guide.read(page)] == names, (
            f"{deliverable.id}: run `python -m autograder answers`"
        )
    for name, text in guide.pages(ROOT, graded, fresh).items():
        if name.name not in ("README.md", guide.INDEX):
            assert entries(text) <= entries(printed[ROOT / name]), f"{name}: run `python -m autograder answers`"
