"""Row 17: entries of the archive whose names are markup, escapes and very long, so that notes quote them."""

import zipfile
from io import BytesIO

from tests.project.grade.attacks.shared.archives import LSTM, STUB

NAMES = (
    "<script>alert(1)</script>/models/naive/LSTM.py",
    "\x1b[2J\x07/LSTM.py",
    "\u202eyp.MTSL/../LSTM.py",
    "/<img src=x onerror=alert(1)>",
    "../\r\nContent-Type: text/html",
    "../" + "x" * 20_000,
    "..\\\u2028\ud7ff",
)


def archive(good):
    del good[LSTM]
    target = BytesIO()
    with zipfile.ZipFile(target, "w") as packed:
        for name in NAMES:
            packed.writestr(zipfile.ZipInfo(name), STUB)
        for name, content in good.items():
            packed.writestr(name, content)
    return target.getvalue()
