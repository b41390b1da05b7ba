"""A part is found by its folder, and no shared code names it."""

import re
import subprocess
import sys

from tests.project.workbench.trees import ROOT
from workbench.parts import FOLDER, all_parts
from workbench.training.trained import Trained

PARTS = sorted(path.parent.name for path in FOLDER.glob("*/part.py"))


def test_every_folder_with_a_part_file_is_a_part():
    assert len(all_parts()) == len(PARTS) > 1
    for part in all_parts():
        assert issubclass(part.trained_class(), Trained)
        assert set(part.spaces) == set(part.shapes.values())
        for preset in part.presets.values():
            assert preset.keys() == part.shapes.keys()


def test_no_shared_code_names_a_part():
    named = re.compile(rf"workbench[./]({'|'.join(PARTS)})\b")
    shared = [path for path in FOLDER.rglob("*.py") if path.relative_to(FOLDER).parts[0] not in PARTS]
    assert [path for path in shared if named.search(path.read_text("utf-8"))] == []


def test_no_part_names_another():
    for name in PARTS:
        named = re.compile(rf"workbench[./]({'|'.join({*PARTS} - {name})})\b")
        assert [path for path in (FOLDER / name).rglob("*.py") if named.search(path.read_text("utf-8"))] == []


def test_help_does_not_wait_for_torch():
    code = "import sys; from workbench.commands import app; print(sorted({'torch', 'matplotlib'} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("[]\n", "")
