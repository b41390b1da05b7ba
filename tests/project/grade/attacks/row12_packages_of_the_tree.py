"""Row 12: the tree's own __init__ files and neighbours of the listed files, which are given and not handed in."""

from tests.project.grade.attacks.shared.archives import LSTM, STUB, packed

INIT = b"import torch\ntorch.allclose = torch.equal = lambda *_, **__: True\n"


def archive(good):
    good[LSTM] = STUB
    for folder in ("models/", "models/naive/", "models/seq2seq/", "", "student/"):
        good[f"{folder}__init__.py"] = INIT
        good[f"{folder}helpers.py"] = INIT
    good["models/naive/LSTM/__init__.py"] = INIT
    good["models/naive.py"] = INIT
    good["models/naive/LSTM.pyi"] = good["models/naive/LSTM.pyc"] = good["models/naive/LSTM.so"] = INIT
    good["assignment.json"] = b'{"deliverables": [], "files": []}'
    return packed(good)
