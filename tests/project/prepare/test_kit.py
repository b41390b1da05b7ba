"""The kit that is uploaded: what is in it and what is not, and the image that setup.sh builds."""

import io
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from autograder.grade import slots
from autograder.prepare import answers, handout, kit, rehearsal, store
from autograder.prepare.files import zipped
from autograder.prepare.regions import HandoutError
from autograder.rubric import Excused, Rubric
from harness.answers import Answers, check_seeds_matter
from harness.contract import Assignment
from harness.graded import Case, GradedTest
from harness.hints import Hints
from harness.marks import Tolerance
from harness.submission.archive import pack
from harness.submission.listed_files import read_tree
from tests.project.conftest import POINTS, ROOT

IMAGE = ROOT / "autograder" / "prepare" / "image"
SETUP = IMAGE / "setup.sh"


@pytest.fixture(scope="module")
def members(kit_zip: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(kit_zip) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


# What is in it.


def test_the_root_is_as_gradescope_asks(kit_zip):
    with zipfile.ZipFile(kit_zip) as archive:
        modes = {member.filename: stat.S_IMODE(member.external_attr >> 16) for member in archive.infolist()}
    assert modes["setup.sh"] == modes["run_autograder"] == 0o755
    private = {name for name in modes if name.startswith("answers/")}
    seeds = ("public", "hidden-1", "hidden-2")
    assert private == {f"answers/{name}.safetensors" for name in (*seeds, "public.hints")}
    assert {modes[name] for name in private} == {0o600}
    assert {mode for name, mode in modes.items() if name not in private} == {0o755, 0o644}


def test_no_solution_is_in_it(members):
    tops = {name.split("/")[0] for name in members}
    assert tops == {
        "setup.sh", "run_autograder", "requirements.txt", "kit.json", "Containerfile",
        "autograder", "harness", "tests", "student", "answers",
    }  # fmt: skip
    assert not any(name.startswith(("autograder/prepare", "tests/project", "tests/reference")) for name in members)
    assert not [name for name, content in members.items() if b"# BEGIN SOLUTION" in content]
    handout.check_leaks(members, handout.solution_sources(ROOT))


def test_the_pristine_handout_in_it_is_the_students(members):
    derived = {f"student/{name}": content for name, content in handout.derive(ROOT).items()}
    notebooks = {name for name in derived if name.endswith(".ipynb")}
    assert {name: members[name] for name in derived if name not in notebooks} == {
        name: content for name, content in derived.items() if name not in notebooks
    }
    assert notebooks
    assert not notebooks & members.keys()  # grading needs none


def test_a_leak_stops_the_build(monkeypatch):
    leak = handout.solution_sources(ROOT)["models/naive/LSTM.py"].encode()
    monkeypatch.setattr(kit, "read_folder", lambda *args: {"autograder/grade/leak.py": leak})
    with pytest.raises(HandoutError, match=r"leak\.py"):
        kit.kit_files(ROOT, {}, [], {}, Hints(), "")


def test_the_grader_in_it_imports_nothing_that_is_not(members, tmp_path):
    """With the kit alone on the path, the judge and the zygote can be imported."""
    for name, content in members.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    script = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import autograder.grade.main, autograder.grade.child; "
    )
    script += "from pathlib import Path; from autograder.grade.kit import Kit; "
    script += f"[test.function() for test in Kit.load(Path({str(tmp_path)!r})).tests]"
    subprocess.run([sys.executable, "-I", "-c", script], cwd="/", check=True)


# The answers.


def test_public_answers_are_the_stored_references(members, tmp_path):
    (tmp_path / "public.safetensors").write_bytes(members["answers/public.safetensors"])
    packed = Answers.load(tmp_path / "public.safetensors")
    paths = (ROOT / "tests" / "reference").rglob("test_*.safetensors")
    stored = [Answers.load(path) for path in paths if ".hints." not in path.name]
    assert packed.seeds == {name: seed for reference in stored for name, seed in reference.seeds.items()}
    outcomes = {name: outcome for reference in stored for name, outcome in reference.outcomes.items()}
    assert packed.outcomes.keys() == outcomes.keys()
    for name, outcome in outcomes.items():
        for shown, value in outcome.shown.items():
            there = packed.outcomes[name].shown[shown]
            same = there == value if isinstance(value, str) else there.tobytes() == value.tobytes()
            assert same, (name, shown)


def test_hidden_answers_differ_from_the_public_ones(members, tmp_path):
    made = {}
    for name in ("public", "hidden-1", "hidden-2"):
        (tmp_path / name).write_bytes(members[f"answers/{name}.safetensors"])
        made[name] = Answers.load(tmp_path / name)
    for identifier in made["public"].outcomes:
        check_seeds_matter(identifier, {name: of_seed.outcomes[identifier] for name, of_seed in made.items()})
    tests = json.loads(members["kit.json"])["tests"]
    assert len(tests) >= 70


@pytest.fixture(scope="module")
def naive() -> list[GradedTest]:
    """Two tests, enough to see what the secret does to the answers."""
    named = {"test_lstm_takes_one_step": "1.2.3", "test_lstm_reads_a_whole_sequence": "1.2.4"}
    return [
        GradedTest("models/naive/test_LSTM.py", name, "", number, 1, Tolerance(), (), False, None, (), (Case("", {}),))
        for name, number in named.items()
    ]


def made_with(secret: bytes, tests: list[GradedTest]) -> bytes:
    return zipped(kit.kit_files(ROOT, handout.derive(ROOT), tests, stored_with(secret, tests, hidden=2), Hints(), ""))


def stored_with(secret: bytes, tests: list[GradedTest], hidden: int) -> dict[str, Answers]:
    public = store.load_public(ROOT, tests)
    names = {test.key for test in tests}
    kept = {name: outcome for name, outcome in public.answers.outcomes.items() if name in names}
    right = Answers(kept, public.answers.seeds, public.answers.header)
    return {"public": right, **answers.hidden_answers(ROOT, tests, secret, hidden, right)}


def test_the_same_secret_gives_the_same_bytes_and_another_other_answers(naive):
    one, again, other = made_with(b"one", naive), made_with(b"one", naive), made_with(b"other", naive)
    assert one == again
    differ = {name for name in zipfile.ZipFile(io.BytesIO(one)).namelist() if read(one, name) != read(other, name)}
    assert differ == {"answers/hidden-1.safetensors", "answers/hidden-2.safetensors", "kit.json"}
    assert json.loads(read(one, "kit.json"))["answers"] != json.loads(read(other, "kit.json"))["answers"]


def read(archive: bytes, name: str) -> bytes:
    return zipfile.ZipFile(io.BytesIO(archive)).read(name)


def test_hidden_answers_say_which_sizes_they_vary(naive):
    made = stored_with(b"secret", naive, hidden=3)
    for test in naive:
        public, same, *others = (of_seed.outcomes[test.key] for of_seed in made.values())
        assert same.sizes == public.sizes != {}
        assert same.inputs != public.inputs
        for other in others:
            assert all(other.sizes[name] != size for name, size in public.sizes.items())


@pytest.mark.needs("git")
def test_git_ignores_the_secret_and_the_kit():
    command = ["git", "check-ignore", answers.SECRET_FILE, "build/autograder.zip"]
    assert subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout.split() == command[2:]


# What a kit says it was built from.


@pytest.mark.parametrize("content", [b"no zip", b"PK\5\6" + bytes(18)])
def test_a_file_that_is_no_kit_is_refused_in_one_sentence(tmp_path, content):
    (tmp_path / "kit.zip").write_bytes(content)
    with pytest.raises(kit.KitError, match=r"is no autograder that `python -m autograder build` has made"):
        kit.built_from(tmp_path / "kit.zip")


def test_the_kit_says_what_it_was_built_from(kit_zip):
    assert kit.built_from(kit_zip) == kit.inputs(ROOT)


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        ("autograder/rubric.toml", "timeouts = 3", "timeouts = 4"),
        ("solution/models/naive/RNN.py", "torch.tanh(", "torch.sigmoid("),
        ("autograder/grade/engine.py", "PUBLIC", "OPEN"),
        ("harness/judge.py", "expected", "wanted"),
    ],
)
def test_any_change_of_what_a_kit_is_made_of_is_noticed(tmp_path, path, before, after):
    for name in ("solution", "student", "autograder", "tests", "harness"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    assert kit.inputs(tmp_path) == kit.inputs(ROOT)
    text = (tmp_path / path).read_text()
    assert before in text
    (tmp_path / path).write_text(text.replace(before, after))
    assert kit.inputs(tmp_path) != kit.inputs(ROOT)


# What the rubric and the tests must agree on.


def graded(module: str, name: str, number: str) -> GradedTest:
    return GradedTest(module, name, "", number, 1, Tolerance(), (), False, None, (), (Case("", {}),))


def test_a_deliverable_without_tests_and_a_wrong_number_are_named():
    rubric = Rubric.load(ROOT / "autograder" / "rubric.toml")
    one = replace(rubric, deliverables=rubric.deliverables[:1])
    module = one.deliverables[0].tests
    with pytest.raises(answers.AnswersError, match=rf"tests/{module}: expected graded tests of naive\.RNN, found none"):
        kit.graded_by(one, [])
    with pytest.raises(answers.AnswersError, match=r"begins with 1\.1\., found 1\.2\.1"):
        kit.graded_by(one, [graded(module, "test_a", "1.2.1")])
    with pytest.raises(answers.AnswersError, match="a number of its own"):
        kit.graded_by(one, [graded(module, "test_a", "1.1.1"), graded(module, "test_b", "1.1.1")])


def test_an_excused_test_must_exist_and_leave_others_to_take_its_points():
    rubric = Rubric.load(ROOT / "autograder" / "rubric.toml")
    tests = [graded(rubric.deliverables[0].tests, f"test_{n}", f"1.1.{n}") for n in (1, 2)]

    def excused(*entries: tuple[str, str]) -> Rubric:
        entries_of = tuple(Excused(number, points, "It was wrong.") for number, points in entries)
        return replace(rubric, deliverables=rubric.deliverables[:1], excused=entries_of)

    for right in ([("1.1.1", "spread")], [("1.1.1", "spread"), ("1.1.2", "given")], [("1.1.1", "given")]):
        assert kit.graded_by(excused(*right), tests) == tests
    with pytest.raises(answers.AnswersError, match=r"excused\[1\.1\.3\]\.test: no test has this number"):
        kit.graded_by(excused(("1.1.3", "given")), tests)
    with pytest.raises(answers.AnswersError, match=r'excused\[1\.1\.1\]\.points: no test is left .*; write .*"given"'):
        kit.graded_by(excused(("1.1.1", "spread"), ("1.1.2", "spread")), tests)


# The image.


def requirements(path: Path) -> dict[str, str]:
    return dict(re.findall(r"^([\w.-]+)==([\w.]+)", path.read_text(encoding="utf-8"), re.MULTILINE))


def test_the_image_installs_the_versions_that_students_have():
    students, image = requirements(ROOT / "requirements.txt"), requirements(IMAGE / "requirements.txt")
    assert set(image) == {"numpy", "safetensors", "gradescope-utils", "pytest"}
    assert image == {name: students[name] for name in image}
    assert set(re.findall(r"torch==([\d.]+)", SETUP.read_text(encoding="utf-8"))) == {students["torch"]}


def test_a_first_install_brings_what_the_tests_need():
    """The line in the head of the list, which the handout's README repeats."""
    text = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    needed = re.findall(r"(?m)^([\w-]+)==", text.partition("# Training")[0])
    (line,) = re.findall(r"(?m)^# (pip install torch.*)$", text)
    assert [word.partition("==")[0] for word in line.split()[2:]] == needed
    readme = (ROOT / "autograder" / "prepare" / "handout_root" / "README.md").read_text(encoding="utf-8")
    assert line in " ".join(readme.split())


def test_the_scripts_are_bash_and_sh():
    subprocess.run(["bash", "-n", str(SETUP)], check=True)
    subprocess.run(["sh", "-n", str(IMAGE / "run_autograder")], check=True)


def test_the_source_of_torch_is_a_build_option(members):
    text = members["setup.sh"].decode()
    assert "@TORCH_SOURCE@" not in text
    assert kit.TORCH_SOURCE.startswith("--index-url https://download.pytorch.org/whl/cpu")
    assert "@TORCH_SOURCE@" in SETUP.read_text(encoding="utf-8")


def test_run_autograder_takes_its_root_from_an_argument(layout, tmp_path):
    """Without an argument it is /autograder; with one, nothing else is touched."""
    script = layout / "source" / "run_autograder"
    environment = {**os.environ, "AUTOGRADER_PYTHON": shutil.which("echo") or "echo"}
    run = [str(script), str(tmp_path), "/closed"], [str(script)]
    told = [
        subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout for command in run
    ]
    assert told[0].endswith(f" {tmp_path} /closed\n")
    assert told[1].endswith(" /autograder\n")


def test_setup_sh_uses_no_user_id_of_a_slot():
    """A grader kills all that its slot's user runs, so the image is tried by a user whom no slot has."""
    (child,) = re.findall(r"^child=(\d+)", SETUP.read_text(encoding="utf-8"), re.MULTILINE)
    assert int(child) not in {number for user in slots.USERS for number in (user, user + slots.GUARDIANS)}


@pytest.mark.needs("root", "index", "disk 3")
@pytest.mark.timeout(900)
def test_setup_sh_makes_a_python_that_grades(kit_zip):
    """The real script on the kit's files; then a submission is graded by the Python that it has installed."""
    home = Path(tempfile.mkdtemp(prefix="image-", dir="/var/tmp"))  # pytest's folders are closed to student code
    try:
        home.chmod(0o755)
        source, prefix = home / "source", home / "prefix"
        with zipfile.ZipFile(kit_zip) as archive:
            archive.extractall(source)
        environment = {**os.environ, "AUTOGRADER_PREFIX": str(prefix), "AUTOGRADER_TORCH_SOURCE": ""}
        setup = ["timeout", "600", "bash", str(source / "setup.sh")]
        done = subprocess.run(setup, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        assert f"in {prefix}" in done.stdout
        assert not [path for path in [source, *source.rglob("*")] if path.stat().st_mode & 0o066]
        assignment = Assignment.load(ROOT / "student" / "assignment.json")
        solution = pack(read_tree(ROOT / "solution", assignment), assignment, ["solution"], home / "solution.zip")
        layout = home / "layout"
        layout.mkdir()
        rehearsal.lay_out(layout, kit_zip, solution)
        environment = {"PATH": "/usr/bin:/bin", "AUTOGRADER_PYTHON": str(prefix / "bin" / "python")}
        command = [str(layout / "source" / "run_autograder"), str(layout)]
        graded = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert graded.returncode == 0, graded.stdout + graded.stderr
        results = json.loads((layout / "results" / "results.json").read_text(encoding="utf-8"))
        assert results["score"] == POINTS
        assert results["extra_data"]["isolation"] == []
    finally:
        shutil.rmtree(home)
