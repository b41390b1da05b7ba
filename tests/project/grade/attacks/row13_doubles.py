"""Row 13: one name twice, in other cases, composed otherwise, with dots; the harmless one first, then the other."""

import warnings
import zipfile
from io import BytesIO

from tests.project.grade.attacks.shared.archives import LSTM, STUB


def archive(good):
    del good[LSTM]
    target = BytesIO()
    with zipfile.ZipFile(target, "w") as packed, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in (
            LSTM,
            LSTM,
            LSTM.upper(),
            LSTM.replace("LSTM", "lstm"),
            "./" + LSTM,
            "models//naive/LSTM.py",
            LSTM + " ",
            LSTM + ".",
        ):
            packed.writestr(zipfile.ZipInfo(name), STUB)
        for name, content in good.items():
            packed.writestr(name, content)
    return target.getvalue()
