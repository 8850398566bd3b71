"""The formation over one orbit as a small animation: the frames of `orbit_frames`, closer together."""

from functools import partial
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from figures.plots import orbit_frames
from figures.style import SINGLE_IN, Table, figure, headline, save_animation, styled

__all__ = ["draw", "save", "table"]

_FRAMES, _PER_SECOND = 24, 6.0


def table(scenario: str = "suncatcher-81", *, frames: int = _FRAMES) -> Table:
    """As `orbit_frames.table`, over a whole orbit."""
    return orbit_frames.table(scenario, frames=frames, orbits=1.0)


def draw(data: Table) -> Figure:
    """The first frame of a `table`."""
    with styled():
        drawn = figure(width_in=SINGLE_IN * 1.3, height_in=3.2)
        ax = drawn.subplots()
        bar = drawn.colorbar(_show(ax, data, 0), ax=ax, shrink=0.8, aspect=30, pad=0.02)
        bar.set_label("load / capacity, least total flow [-]")
        bar.outline.set_linewidth(0.4)
        headline(drawn, text=orbit_frames.finding(data))
    return drawn


def _show(ax: Axes, data: Table, frame: int) -> LineCollection:
    ax.clear()
    lines = orbit_frames.draw_frame(ax, data=data, frame=frame)
    ax.set_xlabel("along-track [m]")
    ax.set_ylabel("radial [m]")
    ax.locator_params(axis="x", nbins=6)
    return lines


def save(data: Table, *, name: str, folder: Path) -> tuple[Path, ...]:
    """Write the animation of a `table` as a GIF, and its CSVs."""
    drawn = draw(data)
    frames = sorted({row["frame"] for row in data["nodes"]})
    changes = [partial(_show, drawn.axes[0], data, frame) for frame in frames]
    return save_animation(drawn, frames=changes, per_second=_PER_SECOND, name=name, folder=folder, tables=data)
