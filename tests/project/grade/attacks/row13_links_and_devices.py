"""Row 13: symbolic links to the answers, to /etc/passwd and to themselves, a pipe, a device and a socket by their modes."""

import stat
import zipfile
from io import BytesIO

from tests.project.grade.attacks.shared.archives import LSTM

LINKS = {
    LSTM: "/autograder/source/answers/public.safetensors",
    "LSTM.py": "/etc/passwd",
    "models/naive/loop.py": "loop.py",
    "models/out": "/autograder",
    "results": "/autograder/results",
}
KINDS = {"pipe.py": stat.S_IFIFO, "device.py": stat.S_IFCHR, "socket.py": stat.S_IFSOCK}


def archive(good):
    del good[LSTM]
    target = BytesIO()
    with zipfile.ZipFile(target, "w") as packed:
        for name, to in LINKS.items():
            member = zipfile.ZipInfo(name)
            member.create_system = 3
            member.external_attr = (stat.S_IFLNK | 0o777) << 16
            packed.writestr(member, to)
        for name, kind in KINDS.items():
            member = zipfile.ZipInfo(f"models/naive/{name}")
            member.create_system = 3
            member.external_attr = (kind | 0o666) << 16
            packed.writestr(member, b"")
        for name, content in good.items():
            packed.writestr(name, content)
    return target.getvalue()
