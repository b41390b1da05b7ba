"""Packs the malicious submissions of `tests/project/grade/attacks/`.

Each file there is one attack on one row of the attack list (docs/security.md). Its docstring says what it tries and
ends in lines like

    Where: import, init, forward     at which moments `attack` is called; each is a submission of its own
    Base: nothing | partly           what is right beside it: nothing of the LSTM, or that it has its parameters
    Against: 4.2.6, 4.4.7            the rows that it attacks instead of the LSTM's; without the attack it earns none
    Refused: yes                     the preflight must refuse it; without this line, the attack must run
    Left open: why                   points can be gained, and docs/security.md says so
    Taken: nothing                   the archive as a whole is not read
    Only here: yes                   it speaks this project's own protocol; elsewhere there is nothing to attack

A file with a function `archive(good)` builds a whole zip from the solution's files (path -> content). One with
`files(good)` returns the files. Any other stands in for models/naive/LSTM.py: where it defines no `LSTM`, one is
appended that calls its function `attack(lstm, x, states)`, whose result, unless it is None, is what `forward` returns.

Code that several attacks need is in `shared/`. An attack's line
`from tests.project.grade.attacks.shared.<name> import ...` is replaced by the whole text of `shared/<name>.py`, because
the grader has no such module to import. Files that build archives run here and do import it.
"""

import ast
import importlib.util
import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.answers import Answers

FOLDER = Path(__file__).resolve().parents[2] / "tests" / "project" / "grade" / "attacks"
TARGET = "models/naive/LSTM.py"
SHARED = r"^from tests\.project\.grade\.attacks\.shared\.(\w+) import .*$"
KEYS = r"^(Where|Base|Against|Refused|Left open|Only here|Taken): (.+)$"

LSTM = """

class LSTM(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.input_size = input_size
        self.hidden_size = hidden_size
{parameters}
        self.init_parameters()
{init}

    def init_parameters(self):
        pass

    def forward(self, x, states=None):
{forward}
        return torch.zeros(len(x), self.hidden_size), torch.zeros(len(x), self.hidden_size)
"""
PARAMETERS = """
        for gate in "ifgo":
            for side, size in (("i", input_size), ("h", hidden_size)):
                setattr(self, f"W_{side}{gate}", nn.Parameter(torch.empty(size, hidden_size)))
                setattr(self, f"b_{side}{gate}", nn.Parameter(torch.empty(hidden_size)))
"""
FORWARD = """
        result = attack(self, x, states)
        if result is not None:
            return result
"""


@dataclass(frozen=True)
class Attack:
    """One malicious submission.

    Attributes:
        name: the name of its file, such as "row07_segfault".
        place: the moment of the attack: "import", "init" or "forward"; "" if the file decides itself.
        text: the file's source, with the code of `shared/` in it.
        says: the docstring's lines "key: value".
    """

    name: str
    place: str
    text: str
    says: Mapping[str, str]

    def __str__(self) -> str:
        return f"{self.name}-{self.place}" if self.place else self.name

    @property
    def row(self) -> int:
        return int(self.name[3:5])

    @property
    def title(self) -> str:
        return (ast.get_docstring(ast.parse(self.text)) or "").split("\n")[0]

    @property
    def base(self) -> str:
        return self.says.get("Base", "nothing")

    @property
    def against(self) -> list[str]:
        """The numbers of the rows that it attacks; empty for the LSTM's."""
        return re.findall(r"[\d.]+", self.says.get("Against", ""))

    def archive(self, good: Mapping[str, bytes], public: Mapping[str, Any]) -> bytes:
        """The zip to hand in.

        Args:
            good: the solution's files by their path in the tree.
            public: the published values, which the attack finds under the name PUBLIC.
        """
        defined = functions(self.text)
        if "archive" in defined:
            packed: bytes = _load(self.name).archive(dict(good))
            return packed
        if "files" in defined:
            return zipped(_load(self.name).files(dict(good)))
        source = self.text.replace("PUBLIC = {}", f"PUBLIC = {dict(public)!r}")
        if "LSTM" not in defined:
            source += template(self.base, self.place)
        return zipped({**good, TARGET: source.encode()})


def load(folder: Path = FOLDER) -> list[Attack]:
    """All attacks, one for each moment that a file names, in the order of the list."""
    attacks: list[Attack] = []
    for path in sorted(folder.glob("row*.py")):
        text = spliced(path.read_text(encoding="utf-8"))
        says = dict(re.findall(KEYS, ast.get_docstring(ast.parse(text)) or "", re.MULTILINE))
        places = re.findall(r"\w+", says.get("Where", "")) or [""]
        attacks += [Attack(path.stem, place, text, says) for place in places]
    return attacks


def first_moments(attacks: Sequence[Attack]) -> list[Attack]:
    """One submission of each file: the moment that it names first, which is import where there is one."""
    first = {attack.name: attack for attack in reversed(attacks)}
    return list(reversed(first.values()))


def spliced(text: str) -> str:
    """An attack's text with that of `shared/` in place of the lines that import from there."""
    return re.sub(SHARED, lambda line: _shared(line[1]), text, flags=re.MULTILINE)


def _shared(name: str) -> str:
    return (FOLDER / "shared" / f"{name}.py").read_text(encoding="utf-8")


def harmless(base: str) -> Attack:
    """The same submission without an attack, which gains honest points."""
    return Attack("", "", "import torch\nfrom torch import nn\n", {"Base": base})


def template(base: str, place: str) -> str:
    """An LSTM that implements nothing, or nothing but its parameters, and calls `attack` at one moment."""
    return ("\nattack()\n" if place == "import" else "") + LSTM.format(
        parameters=PARAMETERS if base == "partly" else "",
        init="        attack(self)" if place == "init" else "",
        forward=FORWARD if place == "forward" else "",
    )


def zipped(files: Mapping[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return target.getvalue()


def functions(text: str) -> set[str]:
    """The functions and classes that a file defines at its top."""
    return {node.name for node in ast.parse(text).body if isinstance(node, ast.FunctionDef | ast.ClassDef)}


def _load(name: str) -> Any:
    """Import a file that builds an archive: it is ours, and only its result is hostile."""
    specification = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def published(answers: Path) -> dict[str, Any]:
    """What an attacker takes from the handout: identifier -> name -> the published value, of part 1.

    Values are rounded as far as tolerances allow, so that the table fits into a file.
    """
    return {
        identifier: {
            name: value if isinstance(value, str) else _rounded(value.tolist()) for name, value in outcome.shown.items()
        }
        for identifier, outcome in Answers.load(answers).outcomes.items()
        if identifier.startswith("models/naive/")
    }


def _rounded(value: Any) -> Any:
    return list(map(_rounded, value)) if isinstance(value, list) else float(f"{value:.6g}")
