"""The training loop as a block diagram, with each block's share of the time."""

from __future__ import annotations

from typing import Any

from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from workbench.language_model.profiling import LOOP, Phase, Profile

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
ARROW: dict[str, Any] = {
    "arrowstyle": "-|>",
    "mutation_scale": 14,
    "color": "0.3",
    "linewidth": 1.4,
    "shrinkA": 0,
    "shrinkB": 0,
}
SMALL, NARROW = 0.03, 0.06  # parts of the bar that have no room for their share, and for their name


def diagram(profile: Profile) -> Figure:
    """Blocks in the order in which they run, redder the more time they take; below, all shares in one bar."""
    figure = Figure(figsize=(11, 6.2), layout="constrained")
    blocks, bar = figure.subplots(2, 1, height_ratios=(5, 1))
    phases = {phase.name: phase for phase in profile.phases}
    _blocks(blocks, phases, profile)
    _bar(bar, [phases[name] for name in (*LOOP, "rest")])
    figure.suptitle(f"Where the time goes: {profile.what}", fontsize=11)
    return figure


def _blocks(axes: Axes, phases: dict[str, Phase], profile: Profile) -> None:
    before = phases["batchify"]
    _box(axes, 0, 0, "text", "token ids (M,)", "", None)
    _box(axes, 0, 1, "batchify", CODE["batchify"], f"{_ms(before.seconds)}, once", None)
    _arrow(axes, (0, 0), (0, 1), "up")
    _arrow(axes, (0, 1), PLACES["get_batch"], "right")
    for name, place in PLACES.items():
        phase = phases[name]
        each = f"{phase.share:.1%}, {_ms(phase.seconds / profile.batches)} a batch"
        _box(axes, *place, name, CODE[name], each if phase.calls else "not seen", phase.share)
    _arrow(axes, PLACES["get_batch"], PLACES["forward"], "right")
    _arrow(axes, PLACES["forward"], PLACES["loss"], "right")
    _arrow(axes, PLACES["loss"], PLACES["backward"], "down")
    _arrow(axes, PLACES["backward"], PLACES["clipping"], "left")
    _arrow(axes, PLACES["clipping"], PLACES["step"], "left")
    _arrow(axes, PLACES["step"], PLACES["get_batch"], "up")
    left, low = _centre(1, 0)
    right, high = _centre(3, 1)
    frame = FancyBboxPatch(
        (left - WIDTH / 2 - 0.2, low - HEIGHT / 2 - 0.2),
        right - left + WIDTH + 0.4,
        high - low + HEIGHT + 0.55,
        boxstyle="round,pad=0,rounding_size=0.15",
        fill=False,
        linestyle="dashed",
        edgecolor="0.6",
    )
    axes.add_patch(frame)
    axes.text(
        left - WIDTH / 2,
        high + HEIGHT / 2 + 0.08,
        f"train_epoch: for every batch, {_ms(profile.seconds / profile.batches)}",
        fontsize=9,
        color="0.35",
    )
    axes.set(xlim=(-0.1, 3 * STEP_X + WIDTH + 0.35), ylim=(-0.35, STEP_Y + HEIGHT + 0.5), aspect="equal")
    axes.axis("off")


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


def _box(axes: Axes, column: int, row: int, name: str, code: str, time: str, share: float | None) -> None:
    x, y = _centre(column, row)
    axes.add_patch(
        FancyBboxPatch(
            (x - WIDTH / 2, y - HEIGHT / 2),
            WIDTH,
            HEIGHT,
            boxstyle="round,pad=0,rounding_size=0.12",
            facecolor="white" if share is None else _colour(share),
            edgecolor="0.3",
        )
    )
    colour = "white" if share is not None and share > 0.35 else "black"
    axes.text(x, y + 0.27, name, ha="center", va="center", fontsize=12, weight="bold", color=colour)
    axes.text(x, y - 0.03, code, ha="center", va="center", fontsize=8, family="monospace", color=colour)
    axes.text(x, y - 0.34, time, ha="center", va="center", fontsize=9, color=colour)


def _arrow(axes: Axes, start: tuple[int, int], end: tuple[int, int], direction: str) -> None:
    x, y = {"right": (WIDTH, 0.0), "left": (-WIDTH, 0.0), "up": (0.0, HEIGHT), "down": (0.0, -HEIGHT)}[direction]
    (x1, y1), (x2, y2) = _centre(*start), _centre(*end)
    axes.add_patch(FancyArrowPatch((x1 + x / 2, y1 + y / 2), (x2 - x / 2, y2 - y / 2), **ARROW))


def _centre(column: int, row: int) -> tuple[float, float]:
    return column * STEP_X + WIDTH / 2, row * STEP_Y + HEIGHT / 2


def _ms(seconds: float) -> str:
    return f"{1000 * seconds:.0f} ms" if seconds >= 0.01 else f"{1000 * seconds:.2g} ms"


def _colour(share: float) -> tuple[float, float, float, float]:
    return colormaps["OrRd"](0.05 + 0.85 * min(1.0, share / 0.6))
