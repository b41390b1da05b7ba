"""The handout: what is cut out, what is said about it in assignment.json, and what must not get through."""

import ast
import json
import os
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from autograder.prepare import handout
from autograder.prepare.handout import HandoutError, derive, drift, edited, handout_files, write, write_zip
from autograder.rubric import Rubric
from harness.contract import Assignment
from harness.submission.source import definition
from harness.submission.started import not_started
from harness.submission.unfinished import unfinished
from tests.project.prepare.made_up import HANDED_OUT, ONE, SOLVED, THREE
from tests.project.test_rubric import ROOT, RUBRIC, switched_off


@pytest.fixture
def root(tmp_path):
    """A small repository that can be handed out."""
    files = {
        "autograder/rubric.toml": RUBRIC,
        "autograder/prepare/handout_root/README.md": "# Begin here\n",
        "solution/__init__.py": "",
        "solution/models/__init__.py": '"""Models."""\n',
        "solution/models/a.py": ONE,
        "solution/models/b/__init__.py": "",
        "solution/models/b/c.py": THREE,
        "solution/models/notes.txt": "not code",
        "solution/models/__pycache__/a.cpython-311.py": "cached",
        "tests/reference/one.safetensors": "tensors",
        "tests/reference/README.md": "not shipped",
        "harness/judge.py": "",
        "tests/project/test_x.py": "not shipped",
        "requirements.txt": "torch\n",
    }
    files |= {name: "" for name in handout.REQUIRED if name not in files}
    files |= {f"tests/{entry.tests}": f"# {entry.id}\n" for entry in Rubric.parse(RUBRIC).deliverables}
    for name, text in files.items():
        put(tmp_path / name, text)
    return tmp_path


def put(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))


def contract(root):
    return json.loads(derive(root)["assignment.json"])


def tree(folder):
    """Every file of a folder with content and time of change."""
    return {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.rglob("*") if path.is_file()}


# What is derived.


def test_regions_are_replaced_by_errors_or_nothing(root):
    files = derive(root)
    assert files["models/a.py"].decode() == HANDED_OUT
    assert list(files) == sorted(
        ["__init__.py", "assignment.json", "models/__init__.py", "models/a.py", "models/b/__init__.py", "models/b/c.py"]
    )


def test_windows_line_ends_give_the_same_files(root):
    before = derive(root)
    for path in [*root.glob("solution/**/*.py"), *root.glob("tests/models/**/*.py")]:
        put(path, path.read_bytes().replace(b"\n", b"\r\n"))
    assert derive(root) == before


def test_a_deliverable_of_another_file_is_refused(root):
    put(root / "solution/models/b/c.py", THREE.replace("b.three", "a.one"))
    with pytest.raises(HandoutError, match=r"solution/models/b/c\.py:9: .*\(b\.three\), found '# TODO\(a\.one\)"):
        derive(root)


def test_a_deliverable_without_a_todo_is_refused(root):
    put(root / "solution/models/b/c.py", '"""Nothing yet."""\n')
    with pytest.raises(HandoutError, match=r"solution/models/b/c\.py:1: expected `# TODO\(b\.three\)"):
        derive(root)
    (root / "solution/models/b/c.py").unlink()
    with pytest.raises(HandoutError, match=r"solution/models/b/c\.py:1: expected `# TODO\(b\.three\)"):
        derive(root)


def test_a_deliverable_with_shared_functions_only_is_refused(root):
    text = ONE.replace("TODO(a.two): give back", "TODO(a.one): give back")
    put(root / "solution/models/a.py", text)
    with pytest.raises(HandoutError, match=r"solution/models/a\.py:15: .*TODO\(a\.two\).*this deliverable alone"):
        derive(root)


def test_two_functions_of_one_name_are_refused(root):
    again = "\n    def one(self, x):\n        return x\n"
    put(root / "solution/models/a.py", ONE + again)
    with pytest.raises(HandoutError, match=r"solution/models/a\.py:23: expected the only Pair\.one"):
        derive(root)


def test_a_file_in_another_encoding_is_refused(root):
    put(root / "solution/models/a.py", b"# \xe4\n")
    with pytest.raises(HandoutError, match="UTF-8"):
        derive(root)


# The contract.


def test_the_contract_says_where_to_begin(root):
    written = contract(root)
    assert written["files"] == ["models/a.py", "models/b/c.py"]
    assert written["parts"][1] == {"id": "b", "number": "2", "title": "Part B"}
    one, two, three = written["deliverables"]
    assert {key: value for key, value in two.items() if key != "functions"} == {
        "id": "a.two",
        "number": "1.2",
        "part": "a",
        "title": "Two",
        "file": "models/a.py",
        "tests": "models/a/test_two.py",
        "points": 2.5,
        "needs": ["a.one"],
        "refused": ["math.fsum"],
        "by_name": [],
    }
    handed_out = definition(HANDED_OUT, "Pair.one")
    assert one["functions"] == [
        {"name": "Pair.__init__", "parameters": ["self", "size=3"], "untouched": None},
        {
            "name": "Pair.one",
            "parameters": ["self", "x", "*rest", "scale=2.0"],
            "untouched": handed_out.fingerprint,
        },
    ]
    names = [[function["name"] for function in entry["functions"]] for entry in (two, three)]
    assert names == [["Pair.__init__", "Pair.two"], ["three"]]


# Switched off.

OFF = {
    # switched off in the rubric, and what goes: of student/, of tests/
    "a deliverable with a file of its own": (
        ["b.three"],
        {"models/b/c.py", "models/b/__init__.py"},
        {"models/b/test_three.py", "models/b/__init__.py"},
    ),
    "a part": (["b"], {"models/b/c.py", "models/b/__init__.py"}, {"models/b/test_three.py", "models/b/__init__.py"}),
    "a deliverable beside another": (
        ["a.two"],
        set(),
        {"models/a/test_two.py", "reference/models/a/test_two.safetensors"},
    ),
    "the part whose file is not in a folder of its own": (
        ["a"],
        {"models/a.py"},
        {"models/a/test_one.py", "models/a/test_two.py", "reference/models/a/test_two.safetensors"},
    ),
}


@pytest.mark.parametrize(("ids", "files", "tests"), OFF.values(), ids=OFF.keys())
def test_what_is_off_is_not_handed_out(root, ids, files, tests):
    for name in ("tests/models/__init__.py", "tests/models/b/__init__.py", "tests/models/b/helper.txt"):
        put(root / name, "")
    put(root / "tests/reference/models/a/test_two.safetensors", "tensors")
    write(root)
    everything = handout_files(root)
    put(root / "autograder/rubric.toml", switched_off(RUBRIC, *ids))
    changed = write(root)
    assert set(changed) - {"assignment.json", "models/a.py"} == files - {"models/a.py"}
    assert drift(root) == ""
    left = handout_files(root)
    assert set(everything) - set(left) == {f"student/{name}" for name in files} | {f"tests/{name}" for name in tests}
    assignment = Assignment.load(root / "student/assignment.json")
    gone, kept = [], {}
    for deliverable in Rubric.parse(RUBRIC).deliverables:
        if deliverable.id in ids or deliverable.part in ids:
            gone.append(deliverable)
        else:
            kept[deliverable.id] = deliverable.number
    assert {deliverable.id: deliverable.number for deliverable in assignment.deliverables} == kept
    assert not {deliverable.part for deliverable in gone} & {part.id for part in assignment.parts} or ids == ["a.two"]


def test_a_deliverable_that_is_off_stays_a_stub_in_a_file_with_others(root):
    """The other deliverable may call it; its solution is no more handed out than when it is on."""
    put(root / "autograder/rubric.toml", switched_off(RUBRIC, "a.two"))
    text = derive(root)["models/a.py"].decode()
    assert text == HANDED_OUT.replace("# TODO(a.two): ", "# Not graded (a.two): ")
    assert contract(root)["files"] == ["models/a.py", "models/b/c.py"]


def test_the_version_follows_what_students_get(root):
    versions = [contract(root)["version"]]
    put(root / "solution/models/a.py", ONE.replace("math.fsum([x, *rest])", "sum([x, *rest])"))
    assert contract(root)["version"] == versions[0], "the solution alone says nothing about the handout"
    for path, old, new in [
        ("solution/models/a.py", "Holds both", "Holds two"),
        ("autograder/rubric.toml", "points = 6", "points = 7"),
        ("tests/models/a/test_one.py", "a.one", "a.one again"),
    ]:
        put(root / path, (root / path).read_text().replace(old, new))
        versions.append(contract(root)["version"])
    put(root / "tests/models/test_more.py", "")
    versions.append(contract(root)["version"])
    assert len(set(versions)) == 5
    assert all(version.startswith("1.0+") and len(version) == 12 for version in versions)


def test_the_version_does_not_follow_the_grading(root):
    before = derive(root)
    put(root / "autograder/rubric.toml", RUBRIC.replace("hidden_seeds = 2", "hidden_seeds = 4"))
    assert derive(root) == before
    excused = '[[excused]]\ntest = "1.1.2"\npoints = "given"\nwhy = "Its text misled."\n'
    put(root / "autograder/rubric.toml", RUBRIC.replace("[[part]]", f"{excused}\n[[part]]", 1))
    assert derive(root) == before


def test_the_help_for_an_id_is_carried_over(root):
    assert contract(root)["id_help"] == ""
    put(root / "autograder/rubric.toml", RUBRIC.replace("group_size", 'id_help = "small letters"\ngroup_size'))
    assert Assignment.parse(derive(root)["assignment.json"].decode()).id_help == "small letters"


def test_the_packager_reads_it(root):
    assignment = Assignment.parse(derive(root)["assignment.json"].decode())
    assert assignment.deliverable("a.two").functions[0].untouched is None
    files = derive(root)
    assert not_started(files, assignment) == {
        "a.one": ("models/a.py", 11),
        "a.two": ("models/a.py", 12),
        "b.three": ("models/b/c.py", 9),
    }
    solved = {name: (root / "solution" / name).read_bytes() for name in assignment.files}
    assert not_started(solved, assignment) == {}


# Writing and drift.


def test_write_is_idempotent_and_ends_the_drift(root):
    assert "+++ student/models/a.py" in drift(root)
    assert write(root) == list(derive(root))
    before = tree(root)
    assert drift(root) == ""
    assert write(root) == []
    assert tree(root) == before


def test_drift_shows_what_was_changed(root):
    write(root)
    put(root / "student/models/a.py", HANDED_OUT.replace("self.ready = True", "self.ready = False"))
    lines = drift(root).split("\n")
    assert "-        self.ready = False" in lines
    assert "+        self.ready = True" in lines
    assert drift(root).endswith("\n")


def test_drift_shows_missing_and_superfluous_files_and_line_ends(root):
    write(root)
    (root / "student/__init__.py").unlink()  # it is empty
    put(root / "student/models/old.py", "x = 1\n")
    put(root / "student/models/b/c.py", (root / "student/models/b/c.py").read_bytes().replace(b"\n", b"\r\n"))
    put(root / "student/models/__init__.py", '"""Models."""')
    difference = drift(root)
    assert "--- /dev/null\tas it is\n+++ student/__init__.py\tas derived" in difference
    assert "--- student/models/old.py\tas it is\n+++ /dev/null\tas derived" in difference
    assert '-"""The third."""\\r' in difference
    assert "+++ student/models/__init__.py" in difference
    assert write(root) == ["__init__.py", "models/__init__.py", "models/b/c.py", "models/old.py"]
    assert drift(root) == ""


def test_write_removes_only_what_was_derived(root):
    write(root)
    kept = ["student/notebook.ipynb", "student/models/data.json", "student/run.py"]
    gone = ["student/models/old.py", "student/theory/old/rnn.py"]
    for name in kept + gone:
        put(root / name, "")
    assert write(root) == ["models/old.py", "theory/old/rnn.py"]
    assert [name for name in kept + gone if (root / name).exists()] == kept
    assert drift(root) == ""


def test_work_that_write_would_replace_is_kept_elsewhere(root):
    """What `write` has left there, or git's last commit has, is lost by nobody."""
    write(root)
    put(root / "student/models/a.py", "my solution")
    put(root / "student/models/new.py", "mine, too")
    assert edited(root, derive(root)) == ["models/a.py", "models/new.py"]
    write(root)
    put(root / "student/models/a.py", "my second solution")
    write(root)
    kept = {path.name: path.read_text() for path in (root / ".secrets/replaced/models").iterdir()}
    assert kept == {"a.py": "my solution", "new.py": "mine, too", "a-2.py": "my second solution"}
    source = root / "solution/models/a.py"
    source.write_text(source.read_text().replace("self.ready = True", "self.ready = None"))
    assert write(root)
    assert len(tree(root / ".secrets")) == 3


def test_work_that_git_has_is_not_kept_elsewhere(root):
    write(root)
    put(root / "student/models/a.py", "an old one")
    (root / "student/.derived.json").unlink()
    for command in (
        ["init", "-q"],
        ["add", "student"],
        ["-c", "user.name=a", "-c", "user.email=b", "commit", "-qm", "x"],
    ):
        subprocess.run(["git", "-C", root, *command], check=True)
    assert edited(root, derive(root)) == []
    write(root)
    assert not (root / ".secrets").exists()


def test_a_notebook_of_parts_that_are_off_goes(root):
    source = root / "autograder/prepare/notebooks/Nb.py"
    put(source, "# parts: b, other\n# %%\nx = 1\n")
    assert "Nb.ipynb" in write(root)
    put(source, "# parts: other\n# %%\nx = 1\n")
    assert drift(root)
    assert write(root) == ["Nb.ipynb"]
    assert not (root / "student/Nb.ipynb").exists()


def test_writing_leaves_the_old_file_when_it_fails(root, monkeypatch):
    write(root)
    put(root / "student/models/a.py", "old")
    monkeypatch.setattr(Path, "replace", lambda self, target: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        write(root)
    assert (root / "student/models/a.py").read_text() == "old"
    assert not list(root.rglob("*.part"))


# The zip.


def test_the_handout_holds_what_it_should(root):
    put(root / "workbench/data/de.txt", "eins")
    put(root / "workbench/__pycache__/x.pyc", "cached")
    put(root / "workbench/.DS_Store", "junk")
    put(root / "tests/models/__pycache__/test_one.pyc", "cached")
    put(root / "autograder/prepare/handout_root/docs/more.md", "more")
    assert list(handout_files(root)) == sorted(
        [
            "README.md",
            "collect_submission.py",
            "docs/more.md",
            "requirements.txt",
            "student/__init__.py",
            "student/assignment.json",
            "student/models/__init__.py",
            "student/models/a.py",
            "student/models/b/__init__.py",
            "student/models/b/c.py",
            "workbench/data/de.txt",
            "tests/__init__.py",
            "tests/__main__.py",
            "tests/conftest.py",
            "harness/judge.py",
            "tests/models/b/test_three.py",
            "tests/models/a/test_one.py",
            "tests/models/a/test_two.py",
            "tests/reference/one.safetensors",
        ]
    )


@pytest.mark.parametrize(("hints", "shipped"), [("local", True), ("everywhere", True), ("off", False)])
def test_old_hints_are_not_handed_out_where_the_rubric_has_them_off(root, hints, shipped):
    put(root / "autograder/rubric.toml", RUBRIC.replace("[assignment]\n", f'[assignment]\nhints = "{hints}"\n'))
    put(root / "tests/reference/one.hints.safetensors", "of before")
    files = handout_files(root)
    assert ("tests/reference/one.hints.safetensors" in files) == shipped
    assert "tests/reference/one.safetensors" in files


def test_the_zip_has_one_top_folder_and_is_reproducible(root, tmp_path):
    write(root)
    first, second = tmp_path / "out/first.zip", tmp_path / "second.zip"
    write_zip(root, first)
    copy = tmp_path / "copy"
    shutil.copytree(root, copy, copy_function=shutil.copy, ignore=shutil.ignore_patterns("out"))
    write_zip(copy, second)
    assert first.read_bytes() == second.read_bytes()
    with zipfile.ZipFile(first) as archive:
        assert {info.filename: archive.read(info) for info in archive.infolist()} == {
            f"fake/{name}": data for name, data in handout_files(root).items()
        }
        assert {info.external_attr >> 16 for info in archive.infolist()} == {0o100644}
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert [path.name for path in first.parent.iterdir()] == ["first.zip"]


def test_a_drifted_tree_is_not_zipped(root, tmp_path):
    with pytest.raises(HandoutError, match="run `python -m autograder handout`"):
        write_zip(root, tmp_path / "out.zip")
    assert not (tmp_path / "out.zip").exists()


def test_a_leak_is_not_zipped(root, tmp_path):
    put(root / "tests/models/a/test_one.py", f"assert {SOLVED.removeprefix('return ')} == 1\n")
    write(root)
    with pytest.raises(HandoutError, match=r"tests/models/a/test_one\.py:1: "):
        write_zip(root, tmp_path / "out.zip")
    assert not (tmp_path / "out.zip").exists()


@pytest.mark.parametrize("name", ["requirements.txt", "tests/__main__.py", "tests/models/b/test_three.py"])
def test_a_missing_file_is_named(root, name):
    (root / name).unlink()
    with pytest.raises(HandoutError, match=f"^{name}: expected a file that the handout needs"):
        handout_files(root)


def test_a_missing_handout_root_is_named(root):
    shutil.rmtree(root / "autograder/prepare/handout_root")
    with pytest.raises(HandoutError, match="handout_root: expected"):
        handout_files(root)


# The real tree.


def test_student_is_what_would_be_written():
    assert drift(ROOT) == "", "run `python -m autograder handout`"


def test_no_line_of_a_region_is_left_in_the_student_tree():
    for name, source in handout.solution_sources(ROOT).items():
        pieces = re.split(r"# (?:BEGIN|END) SOLUTION\n", source)
        inside = {line.strip() for piece in pieces[1::2] for line in piece.split("\n")} - {""}
        outside = {line.strip() for piece in pieces[0::2] for line in piece.split("\n")}
        handed_out = {line.strip() for line in (ROOT / "student" / name).read_text(encoding="utf-8").split("\n")}
        assert not (inside - outside) & handed_out
        assert not any("SOLUTION" in line for line in handed_out)


def test_the_skeleton_is_not_started_and_the_solution_is():
    assignment = Assignment.load(ROOT / "student/assignment.json")
    skeleton, solution = (
        {name: (ROOT / folder / name).read_bytes() for name in assignment.files} for folder in ("student", "solution")
    )
    assert set(not_started(skeleton, assignment)) == {entry.id for entry in assignment.deliverables}
    assert not_started(solution, assignment) == unfinished(solution, assignment) == {}


def test_signatures_and_docstrings_stay():
    for name, source in handout.solution_sources(ROOT).items():
        student = ast.parse((ROOT / "student" / name).read_text(encoding="utf-8"))
        assert interface(student) == interface(ast.parse(source))


def interface(tree):
    kinds = ast.FunctionDef | ast.ClassDef
    nodes = [node for node in ast.walk(tree) if isinstance(node, kinds)]
    return {
        (node.name, ast.get_docstring(node), ast.unparse(node.args) if isinstance(node, ast.FunctionDef) else "")
        for node in nodes
    }


def test_the_real_handout_is_small_and_leaks_nothing(tmp_path):
    write_zip(ROOT, tmp_path / "handout.zip")
    assert (tmp_path / "handout.zip").stat().st_size <= 3 * 1024 * 1024


CALL_EVERYTHING = """
import importlib, json, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
for deliverable in json.loads(Path(sys.argv[1], "assignment.json").read_text("utf-8"))["deliverables"]:
    module = importlib.import_module(deliverable["file"].removesuffix(".py").replace("/", "."))
    for function in deliverable["functions"]:
        call = module
        for name in function["name"].split("."):
            call = getattr(call, name)
        if name == "__init__":
            continue
        try:
            call(*[None for parameter in function["parameters"] if "=" not in parameter])
        except NotImplementedError as error:
            assert str(error) == deliverable["id"], (function, error)
        else:
            raise AssertionError(function)
from models.Transformer import FullTransformerTranslator, TransformerTranslator
from models.naive.RNN import VanillaRNN
VanillaRNN(2, 3, 4), TransformerTranslator(5, 6, "cpu"), FullTransformerTranslator(5, 6, "cpu")
"""


def test_the_skeleton_imports_and_says_what_is_not_written(warm_python):
    script = [warm_python, "-c", CALL_EVERYTHING, str(ROOT / "student")]
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(script, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
