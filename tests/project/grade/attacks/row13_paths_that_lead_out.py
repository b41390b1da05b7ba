"""Row 13: names with .., absolute names, drive letters, backslashes, NUL and device names."""

import zipfile
from io import BytesIO

from tests.project.grade.attacks.shared.archives import LSTM, STUB

OUT = (
    "../" * 6 + "tmp/LED-OUT",
    "/tmp/LED-OUT-absolute",
    "C:\\LED-OUT",
    "..\\..\\LED-OUT",
    "models/../../../LED-OUT",
    "//tmp/LED-OUT",
)


def archive(good):
    good[LSTM] = STUB
    target = BytesIO()
    with zipfile.ZipFile(target, "w") as packed:
        for name in (
            *OUT,
            "results/../../results/results.json",
            "~/LED-OUT",
            "CON",
            "a\u0000b",
            "x" * 3000,
            "models/naive/LSTM.py/x",
        ):
            packed.writestr(zipfile.ZipInfo(name), b'{"score": 100, "output": "FORGED"}')
        for name, content in good.items():
            packed.writestr(name, content)
    return target.getvalue()
