"""Row 12: files that Python runs when it starts (sitecustomize, usercustomize, .pth), caches, and the tests themselves."""

from tests.project.grade.attacks.shared.archives import LSTM, STUB, packed

CODE = b"import os\nos.system('touch /tmp/taken-by-startup')\nos._exit(0)\n"


def archive(good):
    good[LSTM] = STUB
    for folder in ("", "models/", "home/", ".local/lib/python3.11/site-packages/", "tests/", "autograder/"):
        for name in ("sitecustomize.py", "usercustomize.py", "__init__.py", "__main__.py", "run_autograder", ".bashrc"):
            good[f"{folder}{name}"] = CODE
        good[f"{folder}attack.pth"] = b"import os; os.system('touch /tmp/taken-by-startup')\n"
        good[f"{folder}pyvenv.cfg"] = b"home = /tmp\n"
    good["models/naive/__pycache__/LSTM.cpython-311.pyc"] = CODE
    good["tests/models/naive/test_LSTM.py"] = b"def test_lstm_takes_one_step(models, given, show): pass\n"
    good["harness/judge.py"] = good["autograder/grade/engine.py"] = CODE
    return packed(good)
