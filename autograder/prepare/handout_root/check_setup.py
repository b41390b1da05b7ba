"""Is this computer ready for the assignment?

    python check_setup.py

Prints Python, platform and packages, and for each problem how to fix it. Changes nothing. The exit status is 0 if
all is well, else 1. Uses only the standard library and no syntax newer than Python 3.6, so that an old Python can
read this file and say that it is too old.
"""

import json
import os
import platform
import re
import shlex
import struct
import subprocess
import sys
import textwrap
from pathlib import Path

HERE = Path(__file__).resolve().parent
OLDEST, NEWEST = (3, 11), (3, 14)
TRAINING = "# Training"  # begins the line in requirements.txt below which the tests need nothing
OLDEST_TORCH = "2.4"  # any torch from then on works, so that Colab keeps its own
PROBE = """
import json, torch
mps = getattr(torch.backends, "mps", None)
print(json.dumps({
    "version": torch.__version__,
    "sum": float(torch.ones(3).sum()),
    "cuda": torch.cuda.get_device_name(0) if torch.cuda.is_available() else "",
    "mps": bool(mps and mps.is_available()),
}))
"""


def main() -> int:
    problems = check_python()
    if not problems:
        check_environment()
        problems = check_packages()
    say("")
    for problem, remedy in problems:
        say(textwrap.fill("PROBLEM  " + problem, 79, subsequent_indent=" " * 9, break_on_hyphens=False))
        say("   do    " + remedy)
    if not problems:
        say(f"All is well. Next: {typed(sys.executable)} -m tests")
    return 1 if problems else 0


def say(line: str) -> None:
    """Print a line, with numbers in place of letters that the console cannot show."""
    encoding = sys.stdout.encoding or "ascii"
    print(line.encode(encoding, "backslashreplace").decode(encoding))


def show(title: str, value: str) -> None:
    say(f"{title:16} {value}")


# Python and platform


def check_python() -> "list[tuple[str, str]]":
    """Problems of Python and the platform, each with its remedy; with one, packages need not be checked."""
    major, minor, bits = sys.version_info[0], sys.version_info[1], 8 * struct.calcsize("P")
    show("Python", f"{platform.python_version()} ({bits} bits)")
    show("Interpreter", sys.executable)
    show("Platform", f"{platform.system()} {platform.release()} ({platform.machine()})")
    install = "install Python 3.12 from https://www.python.org/downloads/ and run this script with it"
    if not OLDEST <= (major, minor) <= NEWEST:
        span = "{}.{} to {}.{}".format(*(OLDEST + NEWEST))
        return [(f"this is Python {major}.{minor}, but the assignment needs {span}", install)]
    if bits < 64:
        return [("this Python has 32 bits, but torch needs 64", install + " (64 bits)")]
    if platform.system() == "Darwin" and platform.machine() == "x86_64":
        remedy = "Apple silicon: install Python for arm64 from python.org; Intel Mac: work on Colab"
        return [("this Python is built for macOS on Intel, and torch 2.13 has no wheels for it", remedy)]
    return []


def check_environment() -> None:
    """Print where packages are installed; a virtual environment is recommended, not required."""
    if os.environ.get("COLAB_RELEASE_TAG"):
        show("Environment", "Google Colab")
    elif sys.prefix != getattr(sys, "base_prefix", sys.prefix):
        show("Environment", sys.prefix)
    elif os.environ.get("CONDA_DEFAULT_ENV", "base") != "base":
        show("Environment", "conda, " + os.environ["CONDA_DEFAULT_ENV"])
    else:
        show("Environment", "no virtual environment; to make one, and then use its Python:")
        show("", f"{typed(sys.executable)} -m venv .venv")


def typed(path: str) -> str:
    """A program's path as one types it; PowerShell needs & before quotes."""
    if os.name == "nt":
        return f'& "{path}"' if re.search(r"[^\w.:\\-]", path) else path
    return shlex.quote(path)


# Packages


def check_packages() -> "list[tuple[str, str]]":
    try:
        text = (HERE / "requirements.txt").read_text(encoding="utf-8-sig")
    except (OSError, ValueError):
        remedy = "unpack the handout again and run check_setup.py there"
        return [("requirements.txt is not beside check_setup.py", remedy)]
    for_tests, _, for_training = text.partition(TRAINING)
    needed = lacking(for_tests)
    later = lacking(for_training)
    if needed:
        return [("missing or too old: " + ", ".join(name for name, _ in needed), install_command(needed + later))]
    if later:
        say("")
        say("The tests need no more than that. To train, install the rest:")
        say("   do    " + install_command(later))
    return check_torch() if any(name.lower() == "torch" for name, _ in requirements(for_tests)) else []


def lacking(text: str) -> "list[tuple[str, str]]":
    """Show the packages of some requirements; return those that are missing or too old."""
    needed = []
    for name, specifier in requirements(text):
        fine, words = state_of(name, specifier)
        show(name, words)
        needed += [] if fine else [(name, specifier)]
    return needed


def install_command(needed: "list[tuple[str, str]]") -> str:
    """The command that installs packages; all of requirements.txt only if torch is among them, else torch stays."""
    python = typed(sys.executable)
    words = " ".join(f'"{name}{specifier}"' for name, specifier in needed)
    if any(name.lower() == "torch" for name, _ in needed):
        words = f'-r "{HERE / "requirements.txt"}"'
    pip = subprocess.run([sys.executable, "-m", "pip", "--version"], capture_output=True, check=False)
    return ("" if pip.returncode == 0 else f"{python} -m ensurepip ; ") + f"{python} -m pip install {words}"


def requirements(text: str) -> "list[tuple[str, str]]":
    """(name, version specifier or "") of each package; comments, options, extras and markers are ignored."""
    pattern = re.compile(r"\s*([A-Za-z0-9][\w.-]*)\s*(?:\[[^]]*\])?\s*([^;#]*)")
    matches = (pattern.match(line) for line in text.splitlines())
    return [(match.group(1), re.sub(r"\s", "", match.group(2))) for match in matches if match]


def state_of(name: str, specifier: str) -> "tuple[bool, str]":
    """Whether an installed package is fine, and that in words; only torch can be too old."""
    from importlib import metadata  # missing before Python 3.8, which never gets here

    try:
        version = metadata.version(name)
    except metadata.PackageNotFoundError:
        return False, "MISSING"
    if satisfies(version, specifier):
        return True, version
    if name.lower() == "torch" and not satisfies(version, ">=" + OLDEST_TORCH):
        return False, f"{version}, TOO OLD: at least {OLDEST_TORCH} is needed"
    return True, f"{version}, fine, the tests allow for it (made with {specifier.lstrip('=')})"


def satisfies(version: str, specifier: str) -> bool:
    """Whether a version fits "==1.2", ">=1,<3" and so on, by its numbers; what follows + is ignored."""
    return all(fits(numbers(version), part) for part in specifier.split(",") if part)


def fits(have: "tuple[int, ...]", part: str) -> bool:
    text = part.lstrip("<>=!~")
    operator, want = part[: len(part) - len(text)], numbers(text)
    if operator == "~=":  # ~=1.4 is >=1.4 and ==1.*
        return have >= want and have[: len(want) - 1] == want[:-1]
    if text.endswith(".*"):
        have = have[: len(want)]
    width = max(len(have), len(want))  # 2.0 is 2.0.0
    have, want = have + (0,) * (width - len(have)), want + (0,) * (width - len(want))
    tests = {">=": have >= want, "<=": have <= want, ">": have > want, "<": have < want, "!=": have != want}
    return tests.get(operator, have == want)


def numbers(version: str) -> "tuple[int, ...]":
    return tuple(int(word) for word in re.findall(r"\d+", version.split("+")[0]))


def check_torch() -> "list[tuple[str, str]]":
    """Import torch in another process, because a broken torch can end the process."""
    reinstall = f"{typed(sys.executable)} -m pip install --force-reinstall torch"
    probe = [sys.executable, "-c", PROBE]
    try:
        done = subprocess.run(probe, cwd=str(HERE), timeout=300, capture_output=True, check=False)
    except subprocess.TimeoutExpired:
        return [("import torch does not end", "restart the computer, or " + reinstall)]
    if done.returncode:
        lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
        last = lines[-1] if lines else f"exit status {done.returncode}"
        names = ("torch.py", "numpy.py", "random.py", "types.py")
        shadow = [name for name in names if (HERE / name).exists()]
        return [("import torch fails: " + last, f"rename your {shadow[0]}" if shadow else reinstall)]
    torch = json.loads(done.stdout.decode("utf-8").strip().splitlines()[-1])
    device = f"CUDA, {torch['cuda']}" if torch["cuda"] else "MPS" if torch["mps"] else "CPU, which is enough"
    show("import torch", f"works, {torch['version']} on {device}")
    return []


if __name__ == "__main__":
    sys.exit(main())
