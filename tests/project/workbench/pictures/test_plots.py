"""Curves, and where pictures can be saved."""

from pathlib import Path

import pytest
from matplotlib.figure import Figure

from workbench.errors import WorkbenchError
from workbench.pictures import plots
from workbench.pictures.plots import curves, logarithmic


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


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        ((4, 170), ["5", "10", "20", "50", "100", "200"]),
        ((300, 4000), ["500", "1000", "2000"]),
        ((8.1, 9.4), ["8.2", "8.4", "8.6", "8.8", "9", "9.2", "9.4"]),
        ((2, 1e80, float("inf")), ["1", *(f"1e+{power}0" for power in range(1, 9))]),
    ],
)
def test_a_logarithmic_axis_has_plain_numbers_whatever_its_range(values, labels):
    figure = Figure(figsize=(7, 4))
    axes = figure.subplots()
    axes.plot(values)
    logarithmic(axes)
    figure.canvas.draw()
    low, high = axes.get_ylim()
    inside = [label.get_text() for label in axes.get_yticklabels() if low <= label.get_position()[1] <= high]
    assert [label for label in inside if label] == labels


def test_the_label_of_the_last_epoch_has_room():
    history = [{"epoch": epoch, "train_loss": 9 - epoch, "validation_loss": 9 - epoch} for epoch in (1, 2, 3, 4)]
    figure = curves({"a run": history})
    figure.canvas.draw()
    (axes,) = figure.axes
    (label,) = axes.texts
    assert label.get_text() == "148.41"
    box, inside = label.get_window_extent(), axes.get_window_extent()
    assert inside.x0 < box.x0 < box.x1 < inside.x1


def test_of_classifiers_loss_and_accuracy_are_drawn():
    line = {"epoch": 1, "train_loss": 0.7, "validation_loss": 0.6, "validation_accuracy": 0.8}
    better = {"epoch": 2, "train_loss": 0.5, "validation_loss": 0.5, "validation_accuracy": 0.9}
    losses, accuracies = curves({"run": [line, better]}).axes
    assert losses.lines[0].get_ydata().tolist() == [0.6, 0.5]
    assert accuracies.lines[0].get_ydata().tolist() == [80, 90]
    assert [text.get_text() for text in accuracies.texts] == ["90.0"]
    one_without = {**line, "validation_accuracy": None}
    assert len(curves({"run": [line], "other": [one_without]}).axes) == 1
