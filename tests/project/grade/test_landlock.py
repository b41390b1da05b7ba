"""Landlock: which files a child can read and write, and that landlock alone lets no connection out."""

import os
import socket
from pathlib import Path

import pytest

from autograder.grade import landlock
from tests.project.conftest import ROOT


@pytest.mark.needs("landlock")
def test_only_the_tree_and_python_can_be_read_and_only_the_home_written(inside):
    folder = inside.folder
    (folder / "tree" / "link").symlink_to("/etc/passwd")

    def tries() -> dict[str, list[str]]:
        def opens(path: str, how: int) -> bool:
            try:
                os.close(os.open(path, how))
            except OSError:
                return False
            return True

        paths = ["/etc/passwd", "/etc", "/proc/self/status", "/proc/1/status", "/proc", "/tmp", "/run", "/", "/dev/mem"]
        paths += [str(folder / "other"), str(folder), str(folder / "tree" / "link"), str(ROOT / "solution")]
        paths += [
            str(folder / "tree" / "model.py"),
            "/dev/null",
            "/usr/lib",
            landlock.__file__.replace("landlock", "x"),
        ]
        new = [f"{where}/new" for where in ("/tmp", "/var/tmp", "/dev/shm", "/run/lock", folder, f"{folder}/tree", ".")]
        return {
            "read": [path for path in paths if opens(path, os.O_RDONLY)],
            "write": [path for path in [*paths, *new] if opens(path, os.O_WRONLY | os.O_CREAT)],
        }

    opened = inside(tries)
    assert opened["read"] == [str(folder / "tree" / "model.py"), "/dev/null", "/usr/lib"]
    assert opened["write"] == ["/dev/null", "./new"]


@pytest.mark.needs("landlock")
def test_files_cannot_be_moved_or_linked_across_the_border(inside):
    def tries() -> list[str]:
        Path("mine").write_text("mine")
        done = []
        for name, act in {
            "out": lambda: os.rename("mine", f"{inside.folder}/mine"),
            "link out": lambda: os.link("mine", f"{inside.folder}/mine"),
            "link in": lambda: os.link(f"{inside.folder}/tree/model.py", "model.py"),
            "device": lambda: os.mknod("device", 0o20666, os.makedev(1, 3)),
            "within": lambda: (os.mkdir("deep"), os.rename("mine", "deep/mine"), os.truncate("deep/mine", 1)),
        }.items():
            try:
                act()
            except OSError:
                continue
            done.append(name)
        return done

    assert inside(tries) == ["within"]


@pytest.mark.needs("landlock 4")
def test_landlock_alone_lets_no_connection_out(inside):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        def connect() -> bool:
            with socket.socket() as client:
                client.connect((b"127.0.0.1", port))  # bytes: for a text Python imports a codec late
                return True

        assert inside(connect, ("landlock",)) == "PermissionError: [Errno 13] Permission denied"
        assert inside(connect, ()) is True
