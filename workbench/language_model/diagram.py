"""The training loop as a block diagram, with each block's share of the time."""

from __future__ import annotations

from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from workbench.language_model.profiling import LOOP, Phase, Profile
from workbench.pictures.drawing import GREY, INK, PAPER, Drawing

CODE = {  # what each block is in code
    "batchify": "batchify(ids, B)",
    "get_batch": "get_batch(source, i, bptt)",
    "forward": "model(data)",
    "loss": "F.nll_loss",
    "backward": "loss.backward()",
    "clipping": "clip_grad_norm_",
    "step": "optimizer.step()",
}
# The loop goes round clockwise: (column, row) of each block.
PLACES = dict(zip(LOOP, ((1, 1), (2, 1), (3, 1), (3, 0), (2, 0), (1, 0)), strict=True))
WIDTH, HEIGHT, STEP_X, STEP_Y = 2.1, 1.1, 2.9, 2.1
LEFT, LOW = 0.35, 2.0  # of the first block
SMALL, NARROW = 0.03, 0.06  # parts of the bar that have no room for their share, and for their name


def diagram(profile: Profile) -> Figure:
    """Blocks in the order in which they run, redder the more time they take; below, all shares in one bar."""
    page = Drawing(2 * LEFT + 3 * STEP_X + WIDTH, 6.4)
    phases = {phase.name: phase for phase in profile.phases}
    _blocks(page, phases, profile)
    _bar(page.figure.add_axes((0.03, 0.04, 0.94, 0.14)), [phases[name] for name in (*LOOP, "rest")])
    page.text(LEFT + 1.5 * STEP_X + WIDTH / 2, 6.15, f"Where the time goes: {profile.what}", 11)
    return page.figure


def _blocks(page: Drawing, phases: dict[str, Phase], profile: Profile) -> None:
    (left, low), (right, high) = _centre(1, 0), _centre(3, 1)
    left, low, right, high = left - WIDTH / 2 - 0.2, low - HEIGHT / 2 - 0.2, right + WIDTH / 2 + 0.2, high + HEIGHT / 2
    page.cell(left, low, right, high + 0.35)
    each_batch = f"train_epoch: for every batch, {_ms(profile.seconds / profile.batches)}"
    page.text(left + 0.2, high + 0.18, each_batch, 9, GREY, ha="left")
    _box(page, (0, 0), "text", "token ids (M,)", "", None)
    _box(page, (0, 1), "batchify", CODE["batchify"], f"{_ms(phases['batchify'].seconds)}, once", None)
    _arrow(page, (0, 0), (0, 1))
    _arrow(page, (0, 1), PLACES["get_batch"])
    for name, place in PLACES.items():
        phase = phases[name]
        time = f"{phase.share:.1%}, {_ms(phase.seconds / profile.batches)} a batch"
        _box(page, place, name, CODE[name], time if phase.calls else "not seen", phase.share)
    for start, end in zip(LOOP, [*LOOP[1:], LOOP[0]], strict=True):
        _arrow(page, PLACES[start], PLACES[end])


def _bar(axes: Axes, phases: list[Phase]) -> None:
    left = 0.0
    for phase in phases:
        share = phase.share or 0.0
        axes.barh(0, share, left=left, color=_colour(share), edgecolor="white", linewidth=1.5)
        if share >= SMALL:
            dark = "white" if share > 0.35 else "black"
            words = f"{phase.name}\n{share:.0%}" if share > NARROW else f"{share:.0%}"
            axes.text(left + share / 2, 0, words, ha="center", va="center", fontsize=9, color=dark)
        left += share
    unnamed = [f"{phase.name} {phase.share or 0.0:.1%}" for phase in phases if (phase.share or 0.0) <= NARROW]
    both = sum(phase.share or 0.0 for phase in phases if phase.name in ("forward", "backward"))
    title = f"forward and backward together: {both:.1%}"
    axes.set_title(title + (f"   (not named below: {', '.join(unnamed)})" if unnamed else ""), fontsize=10)
    axes.set(xlim=(0, max(1.0, left)))
    axes.axis("off")


def _box(page: Drawing, place: tuple[int, int], name: str, code: str, time: str, share: float | None) -> None:
    x, y = _centre(*place)
    fill = PAPER if share is None else _colour(share)
    page.frame(x - WIDTH / 2, y - HEIGHT / 2, x + WIDTH / 2, y + HEIGHT / 2, fill, GREY)
    colour = PAPER if share is not None and share > 0.35 else INK
    for above, words, size in ((0.27, name, 12), (-0.03, code, 8), (-0.34, time, 9)):
        page.text(x, y + above, words, size, colour)


def _arrow(page: Drawing, start: tuple[int, int], end: tuple[int, int]) -> None:
    """From the edge of one block to the edge of its neighbour."""
    (x1, y1), (x2, y2) = _centre(*start), _centre(*end)
    x, y = (end[0] - start[0]) * WIDTH / 2, (end[1] - start[1]) * HEIGHT / 2
    page.arrow((x1 + x, y1 + y), (x2 - x, y2 - y))


def _centre(column: int, row: int) -> tuple[float, float]:
    return LEFT + column * STEP_X + WIDTH / 2, LOW + row * STEP_Y + HEIGHT / 2


def _ms(seconds: float) -> str:
    return f"{1000 * seconds:.0f} ms" if seconds >= 0.01 else f"{1000 * seconds:.2g} ms"


def _colour(share: float) -> str:
    return to_hex(colormaps["OrRd"](0.05 + 0.85 * min(1.0, share / 0.6)))
