"""Row 13: sizes, checksums, names, methods and flags in the central directory that the members do not keep."""

import zipfile
from io import BytesIO

from tests.project.grade.attacks.shared.archives import LSTM, STUB


def archive(good):
    good[LSTM] = STUB
    target = BytesIO()
    with zipfile.ZipFile(target, "w") as packed:
        for name, content in good.items():
            packed.writestr(name, content)
        for name in ("models/naive/huge.py", "models/naive/method.py", "models/naive/secret.py", LSTM + "x"):
            packed.writestr(name, b"x")
        members = {member.filename: member for member in packed.filelist}
        members["models/naive/huge.py"].file_size = 2**40
        members["models/naive/method.py"].compress_type = 99
        members["models/naive/secret.py"].flag_bits |= 1
        members[LSTM].CRC ^= 1
        members[LSTM + "x"].filename = "models/naive/../naive/LSTM.py"
    return b"#!/bin/sh\necho polyglot\n" + target.getvalue() + b"trailing bytes"
