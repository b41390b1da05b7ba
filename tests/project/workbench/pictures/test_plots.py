"""Where pictures can be saved."""

from pathlib import Path

import pytest
from matplotlib.figure import Figure

from workbench.errors import WorkbenchError
from workbench.pictures import plots


@pytest.mark.parametrize(("name", "start"), [("a.png", b"\x89PNG"), ("new/b.PDF", b"%PDF"), ("c.svg", b"<?xml")])
def test_a_picture_is_what_its_name_says_and_its_folder_is_made(name: str, start: bytes, tmp_path: Path) -> None:
    plots.save(Figure(), tmp_path / name)
    assert (tmp_path / name).read_bytes().startswith(start)


@pytest.mark.parametrize("name", ["c.foo", "c"])
def test_a_name_that_is_no_pictures_is_refused(name: str) -> None:
    with pytest.raises(WorkbenchError, match=rf"^{name}: a picture can be \.png, \.pdf, \.svg; let"):
        plots.check(Path(name))


def test_a_place_that_takes_no_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.png").mkdir()
    with pytest.raises(WorkbenchError, match=r"a\.png is a folder"):
        plots.check(tmp_path / "a.png")
    (tmp_path / "file").touch()
    with pytest.raises(WorkbenchError, match=r"file is no folder; name another file"):
        plots.save(Figure(), tmp_path / "file" / "b.png")


@pytest.mark.parametrize("name", ["a.png", "a.pdf", "a.svg"])
def test_a_picture_of_ours_is_replaced_and_no_other(name: str, tmp_path: Path) -> None:
    Figure().savefig(tmp_path / name)
    other = (tmp_path / name).read_bytes()
    with pytest.raises(WorkbenchError, match="this command has not made it"):
        plots.save(Figure(), tmp_path / name)
    assert (tmp_path / name).read_bytes() == other
    (tmp_path / name).unlink()
    (tmp_path / name).symlink_to(tmp_path / f"elsewhere-{name}")
    for _ in range(2):
        plots.save(Figure(), tmp_path / name)
    assert (tmp_path / name).is_symlink()
    assert sorted(path.name for path in tmp_path.iterdir()) == [name, f"elsewhere-{name}"]
