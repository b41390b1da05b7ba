"""`python -m workbench`: the commands that train, evaluate and translate; their code lies in student/workbench/.

This file only makes the package findable from here, as `import workbench` and as a command.
"""

import runpy
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
__path__ = [str(ROOT / "student" / "workbench")]

if __name__ == "__main__":
    # The package's folder first: this file has its name and lies in the current one.
    sys.path[:0] = [str(ROOT / "student"), str(ROOT)]
    runpy.run_module("workbench", run_name="__main__", alter_sys=True)
