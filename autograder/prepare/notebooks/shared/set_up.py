# %% [markdown]
# ## Set-up
#
# On your computer: open this notebook in the unpacked handout. On Colab: run this cell, and choose the handout's zip
# when you are asked. The files to work on are then in the panel on the left (a double click opens one, Ctrl-S saves).
# **Colab forgets them when it disconnects**: the last cell downloads your work.

# %%
import importlib.metadata
import os
import subprocess
import sys
import zipfile
from pathlib import Path

TREE = os.environ.get("ASSIGNMENT_TREE", "student")  # the folder whose models/ are used: yours


def find_handout(here):
    """The handout's folder: this folder, one above it, one in it, or one in a zip in this folder."""
    for folder in (here, *here.parents, *sorted(here.iterdir())):
        if os.path.isfile(folder / "student" / "assignment.json") and os.path.isfile(folder / "collect_submission.py"):
            return folder
    for archive in sorted(here.glob("*.zip")):
        with zipfile.ZipFile(archive) as content:
            for name in content.namelist():
                if name.endswith("/student/assignment.json"):
                    content.extractall(here)
                    return here / name.removesuffix("/student/assignment.json")
    return None


def is_missing(requirement):
    """Whether a package is missing. Any version is fine, such as Colab's own torch, except for torchtext."""
    name, _, version = requirement.partition("==")
    try:
        installed = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return True
    return name == "torchtext" and installed != version


ROOT = find_handout(Path.cwd())
if ROOT is None and "google.colab" in sys.modules:
    from google.colab import files

    print("Choose the handout's zip:")
    files.upload()
    ROOT = find_handout(Path.cwd())
if ROOT is None:
    raise FileNotFoundError(f"no handout in {Path.cwd()}: put its zip beside this notebook, and run this cell again")

lines = [line.split("#")[0].strip() for line in (ROOT / "requirements.txt").read_text("utf-8").splitlines()]
if missing := [line for line in lines if line and is_missing(line)]:
    print("Installing", *missing)
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", *missing], check=True)

sys.path[:0] = [str(ROOT / TREE), str(ROOT)]
# %load_ext autoreload
# %autoreload 2
# %matplotlib inline

import torch

print(f"{ROOT}\nPython {sys.version.split()[0]}, torch {torch.__version__}")
