"""Row 13: a listed file that unpacks to 2 GiB, others that do, and archives inside archives."""

import zipfile
from io import BytesIO

from tests.project.grade.attacks.shared.archives import LSTM


def archive(good):
    del good[LSTM]
    target = BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as packed:
        for name in (LSTM, "models/naive/bomb.txt"):
            with packed.open(zipfile.ZipInfo(name), "w", force_zip64=True) as file:
                for _ in range(256):
                    file.write(bytes(1 << 20))
        inner = target.getvalue()
        packed.writestr("again.zip", inner[: 1 << 16])
        for name, content in good.items():
            packed.writestr(name, content)
    return target.getvalue()
