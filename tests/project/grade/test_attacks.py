"""Every row of the attack list, as submissions that go from the zip through the real engine.

Nothing is gained, and nobody else is harmed. docs/security.md has the list; autograder/bench/malicious.py says how the
files in attacks/ are read. Each file is run at the first moment that it names; `--all-moments` runs it at all of them.
"""

import ast
import importlib
import json
import re
import time
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import jsonschema
import pytest

from autograder.bench import malicious
from autograder.bench.attacks import grade_here
from autograder.bench.malicious import Attack
from autograder.grade.engine import Engine, Grades
from autograder.grade.warden import CROWDED, SHARED_FOLDERS
from autograder.prepare import rehearsal
from harness.contract import Assignment
from harness.given import Given
from harness.graded import GradedTest
from harness.judge import Kind
from harness.run import run
from harness.submission.findings import Finding
from harness.submission.listed_files import read_tree
from harness.submission.preflight import inspect
from harness.tree import Tree
from tests.project.conftest import ROOT, patiently
from tests.project.grade.test_engine import left_over, only

SCHEMA = json.loads((Path(__file__).parent / "results.schema.json").read_text(encoding="utf-8"))
ASSIGNMENT = Assignment.load(ROOT / "student" / "assignment.json")
SOLUTION = read_tree(ROOT / "solution", ASSIGNMENT)
OTHERS = ("1.1.2", "3.3.1")  # rows that keep their points
SMALL = (*OTHERS, "1.2.2", "1.2.4")  # the attacked file is the LSTM's: 1.2
ATTACKED = "models/naive/test_LSTM.py"
ALL = malicious.load()
DIGITS = 8  # of a number, by which it is recognised: no other has them by chance

pytestmark = pytest.mark.needs("root")


@dataclass(frozen=True)
class Graded:
    """What came of one submission: rows, results as a student sees them, seconds; which rows it was after."""

    grades: Grades
    results: dict
    seconds: float
    against: Collection[str] = ()

    @cached_property
    def text(self) -> str:
        """All that a student may see."""
        return json.dumps(self.results, ensure_ascii=False)

    def rows(self, attacked: bool) -> list:
        return [row for row in self.grades.rows if self._is_attacked(row.test) == attacked]

    def _is_attacked(self, test: GradedTest) -> bool:
        return test.number in self.against if self.against else test.module == ATTACKED

    def score(self) -> float:
        return sum(row.score for row in self.rows(True))


def grade(engine: Engine, archive: bytes, folder: Path, against: Collection[str] = ()) -> Graded:
    """The whole way of a submission but for the start of the engine."""
    started = time.monotonic()
    grades, composed = grade_here(engine, archive, folder)
    return Graded(grades, composed, time.monotonic() - started, against)


@pytest.fixture(scope="module")
def small(engine: Engine) -> Engine:
    """The same engine with four tests: two of the file under attack, two of others, which must keep their points."""
    small = only(engine, [test for test in engine.kit.tests if test.number in SMALL])
    small.limits = replace(small.limits, timeouts=1)  # of two tests: what hangs is waited for, the rest is not run
    return small


@pytest.fixture(scope="module")
def public(engine: Engine) -> dict:
    """What an attacker takes from the handout."""
    return malicious.published(engine.kit.folder / "public.safetensors")


@pytest.fixture(scope="module")
def honest(small: Engine, public: dict, tmp_path_factory: pytest.TempPathFactory) -> dict[str, float]:
    """Base of an attack -> the points that it gets without the attack."""
    folder = tmp_path_factory.mktemp("honest")
    scores = {
        base: grade(small, malicious.harmless(base).archive(SOLUTION, public), folder).score()
        for base in ("nothing", "partly")
    }
    assert set(scores.values()) == {0}
    return scores


@pytest.fixture(scope="module")
def secrets(engine: Engine, small: Engine) -> set[str]:
    """All that only hidden runs know: their seeds, inputs and right outputs; numbers by their first digits."""
    known: list[float] = []
    record = Given.uniform

    def recorded(self, *arguments, **options):
        values = record(self, *arguments, **options)
        known.extend(values.flatten().tolist())
        return values

    tree = Tree(ROOT / "solution")
    tree.activate()
    texts: set[str] = set()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Given, "uniform", recorded)
        for test, case, name in cases(small.kit.tests, engine.kit.seeds[1:]):
            answers = engine.answers[name]
            seed = answers.seeds[test.identifier(case)]
            texts.add(seed[:12])
            outcome = run(test.function(), tree, test.identifier(case), seed, case.arguments)
            assert outcome.fault is None
            for value in answers.outcomes[test.identifier(case)].shown.values():
                if not isinstance(value, str):
                    known.extend(value.flatten().tolist())
    texts |= {f"{abs(number):.15f}"[: 2 + DIGITS] for number in known if abs(number) > 1e-3 and number % 1}
    assert len(texts) > 500
    return texts


def cases(tests: Iterable[GradedTest], seeds: Iterable[str]):
    return [(test, case, seed) for test in tests for case in test.cases for seed in seeds]


def check(attack: Attack, graded: Graded, engine: Engine, honest: dict[str, float], secrets: set[str]) -> None:
    """All that must hold after any attack."""
    # results.json: valid, complete, with every maximum, points only where a test has passed
    read = json.loads(json.dumps(graded.results, allow_nan=False))
    jsonschema.Draft202012Validator(SCHEMA).validate(read)
    assert [row["max_score"] for row in read["tests"]] == [engine.kit.points[test.key] for test in engine.kit.tests]
    assert all(row["score"] == (row["max_score"] if row["status"] == "passed" else 0) for row in read["tests"])
    assert read["score"] == round(sum(row["score"] for row in read["tests"]), 2)
    # nothing gained, unless the attack is one that docs/security.md calls open
    gained = graded.score() - (0.0 if attack.against else honest[attack.base])
    verdicts = {row.test.number: row.verdict for row in graded.rows(True)}
    if "Left open" in attack.says:
        assert gained > 0, f"this is closed now: delete 'Left open' here and in docs/security.md; {verdicts}"
    else:
        assert gained <= 0, verdicts
    # the attack got as far as it was meant to
    refused = {verdict.kind for verdict in verdicts.values()} == {Kind.REFUSED}
    assert refused == ("Refused" in attack.says) or (not attack.place and refused), verdicts
    assert "TAKEN" not in graded.text, verdicts
    assert "FORGED" not in graded.text
    # the others keep their points
    passed = "Taken" not in attack.says
    assert all(row.verdict.passed == passed for row in graded.rows(False)), [row.verdict for row in graded.rows(False)]
    # nothing secret, nothing that a terminal or a browser obeys
    said = sorted(secret for secret in secrets if secret in graded.text)
    assert not said
    for row in graded.grades.rows:
        if row.public_passed and not row.verdict.passed:
            assert not re.search(r"\d\.\d", row.verdict.message), row.verdict
    texts = [row["output"] + row["name"] for row in read["tests"]] + [read["output"]]
    assert all(letter.isprintable() or letter == "\n" for text in texts for letter in text)
    assert {read[key] for key in ("output_format", "test_output_format", "test_name_format")} == {"text"}
    assert all(row["output_format"] == "text" for row in read["tests"])
    # in time, and nothing left
    limits, slow = engine.limits, engine.warden.slow
    assert graded.seconds < CROWDED * ((limits.timeouts + 2) * limits.test_seconds + 10) * slow
    assert left_over(engine) == []
    folders = filter(Path.is_dir, map(Path, SHARED_FOLDERS))
    traces = [
        path
        for folder in folders
        for path in folder.iterdir()
        if "taken" in path.name.lower() or "led-out" in path.name.lower()
    ]
    assert traces == []


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "attack" in metafunc.fixturenames:
        every = metafunc.config.getoption("all_moments")
        metafunc.parametrize("attack", ALL if every else malicious.first_moments(ALL), ids=str)


def without_refusals(files: Mapping[str, bytes], assignment: Assignment) -> list[Finding]:
    """The preflight but for names: who computes a name gets past that, so the layers behind it have to hold alone."""
    return [finding for finding in inspect(files, assignment) if finding.rule != "refused"]


def test_nothing_is_gained_and_nobody_is_harmed(engine, small, public, honest, secrets, tmp_path, attack, monkeypatch):
    if attack.row != 14 and "Refused" not in attack.says:
        monkeypatch.setattr("autograder.grade.engine.inspect", without_refusals)
    numbers = {*attack.against, *OTHERS}
    chosen = only(engine, [test for test in engine.kit.tests if test.number in numbers]) if attack.against else small
    assert len(attack.against) == len([test for test in chosen.kit.tests if test.number in attack.against])
    graded = grade(chosen, attack.archive(SOLUTION, public), tmp_path, attack.against)
    check(attack, graded, chosen, honest, secrets)


@pytest.fixture(scope="module", autouse=True)
def the_next_submission_is_undisturbed(engine):
    """After all attacks the same engine gives the solution full marks."""
    yield
    with patiently(engine):
        assert [row.verdict for row in engine.grade(SOLUTION).rows if not row.verdict.passed] == []


def test_every_row_has_its_attacks():
    rows = Counter(attack.row for attack in ALL)
    assert sorted(rows) == list(range(1, 20))
    assert min(rows.values()) >= 3
    assert len({attack.name for attack in ALL}) >= 45
    assert all(attack.title.startswith(f"Row {attack.row}") for attack in ALL)
    assert {key for attack in ALL for key in attack.says} == {
        "Where",
        "Base",
        "Against",
        "Refused",
        "Left open",
        "Only here",
        "Taken",
    }
    open_rows = {attack.row for attack in ALL if "Left open" in attack.says}
    assert open_rows == {14}


def test_shared_code_of_attacks_exists_and_is_handed_in_with_them():
    """A name that is missing would end an attack before it has begun, and all would hold."""
    for path in sorted(malicious.FOLDER.glob("row*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and str(node.module).startswith("tests."):
                shared = importlib.import_module(str(node.module))
                assert [alias.name for alias in node.names if not hasattr(shared, alias.name)] == [], path.name
    in_place = [attack for attack in ALL if not {"archive", "files"} & malicious.functions(attack.text)]
    assert [str(attack) for attack in in_place if "from tests." in attack.text] == []
    assert sum("def send(" in attack.text for attack in in_place) > 5


# One full run from cold of the nastiest; test_container.py has one inside an emulated default container.


def nastiest() -> dict[str, bytes]:
    """Every listed file attacks in a way of its own."""
    by_name = {str(attack): attack for attack in ALL}
    ways = [
        "row01_results_from_a_detached_process-import",
        "row08_disk-import",
        "row07_loops_and_ignores_signals-forward",
        "row08_deep_folders-import",
        "row09_frames_for_all_tests-import",
        "row07_segfault-import",
        "row16_files_for_a_later_child-import",
    ]
    files = {}
    for path, way in zip(ASSIGNMENT.files, ways, strict=False):
        functions = [function.name for one in ASSIGNMENT.by_file(path) for function in one.functions]
        attack = by_name[way]
        files[path] = attack.text.encode() + b"\n\nattack()\n" + SOLUTION[path].replace(b"from __future__", b"# ")
        assert functions
    return files


def test_a_full_cold_run_of_the_nastiest_submission(impatient_kit_zip, tmp_path):
    archive = tmp_path / "submission.zip"
    archive.write_bytes(malicious.zipped(nastiest()))
    rehearsed = rehearsal.rehearse(impatient_kit_zip, archive, ROOT)
    assert rehearsed.status == 0, rehearsed.log
    jsonschema.Draft202012Validator(SCHEMA).validate(rehearsed.results)
    assert len(rehearsed.results["tests"]) >= 70
    assert "FORGED" not in json.dumps(rehearsed.results)
    assert rehearsed.seconds < 240 + 30  # the rubric's limit for all of it, and starting
