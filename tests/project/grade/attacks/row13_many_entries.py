"""Row 13: 30 000 entries, so that looking for the listed files takes for ever.

Taken: nothing
"""

import zipfile
from io import BytesIO

from tests.project.grade.attacks.shared.archives import LSTM, STUB


def archive(good):
    target = BytesIO()
    with zipfile.ZipFile(target, "w") as packed:
        for name, content in {**good, LSTM: STUB}.items():
            packed.writestr(name, content)
        for number in range(30_000):
            packed.writestr(f"{'d/' * 20}models/naive/{number}/LSTM.py", b"")
    return target.getvalue()
