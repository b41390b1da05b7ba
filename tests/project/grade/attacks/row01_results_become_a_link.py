"""Row 1: makes results.json a link to a forged file, or a folder, so that what the grader writes is lost.

Where: import
"""

import torch
from torch import nn, os, sys

from tests.project.grade.attacks.shared.forged_results import FULL, json, places


def attack(*_):
    for folder in places():
        target = os.path.join(folder, "results.json")
        try:
            forged = os.path.join(folder, "forged.json")
            with open(forged, "w") as file:
                json.dump(FULL, file)
            if os.path.lexists(target):
                os.remove(target)
            os.symlink(forged, target)
            os.chmod(forged, 0o444)
        except OSError:
            pass
