"""Row 12: the archive configures the test run: conftest.py, pytest.ini, tox.ini, setup.cfg, plugins, entry points."""

from tests.project.grade.attacks.shared.archives import LSTM, STUB, packed

CONFTEST = b"""
import pytest


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem):
    return True


def pytest_runtest_makereport(item, call):
    call.excinfo = None
"""
INI = b"[pytest]\naddopts = -p no:cacheprovider --deselect tests -k nothing\npython_files = none.py\n"


def archive(good):
    good[LSTM] = STUB
    for folder in ("", "models/", "models/naive/", "tests/", "tests/models/naive/"):
        good |= {
            f"{folder}conftest.py": CONFTEST,
            f"{folder}pytest.ini": INI,
            f"{folder}tox.ini": INI,
            f"{folder}.coveragerc": INI,
        }
        good[f"{folder}setup.cfg"] = INI.replace(b"[pytest]", b"[tool:pytest]")
        good[f"{folder}pyproject.toml"] = b'[tool.pytest.ini_options]\naddopts = "-k nothing"\n'
    good["attack.egg-info/entry_points.txt"] = b"[pytest11]\nattack = conftest\n"
    return packed(good)
