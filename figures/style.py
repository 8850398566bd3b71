"""One look for all figures, and files that come out the same every time."""

import csv
import io
import tempfile
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import matplotlib
from matplotlib.animation import PillowWriter
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from optimize.study.save import write_atomically

__all__ = [
    "AMBER", "BLUE", "DOUBLE_IN", "GREEN", "GREY", "IDLE", "LIGHT", "LOAD_COLOURS", "ORANGE", "PURPLE", "SERIES",
    "SINGLE_IN", "SKY", "Table", "figure", "footnote", "headline", "legend_line", "panel_title", "save_animation",
    "save_figure", "save_tables", "styled",
]  # fmt: skip

Table = Mapping[str, Sequence[Mapping[str, Any]]]

# Okabe and Ito's colour-blind safe palette, and a perceptually uniform map for shares from 0 to 1.
BLUE, ORANGE, GREY, IDLE, LIGHT = "#0072B2", "#D55E00", "#555555", "#AAAAAA", "#DDDDDD"
GREEN, SKY, AMBER, PURPLE = "#009E73", "#56B4E9", "#E69F00", "#CC79A7"
SERIES = (BLUE, ORANGE, GREEN, PURPLE, AMBER, SKY)  # in this order for the curves of one figure
LOAD_COLOURS = "viridis_r"

SINGLE_IN, DOUBLE_IN = 3.5, 7.2  # widths of one and of both columns of a page

_RC: Mapping[str, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 8.0,
    "axes.titlesize": 9.0,
    "axes.labelsize": 8.0,
    "legend.fontsize": 7.5,
    "xtick.labelsize": 7.5,
    "ytick.labelsize": 7.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "lines.linewidth": 1.2,
    "pdf.fonttype": 42,
    "svg.fonttype": "none",
    "svg.hashsalt": "fabricgap",
    "savefig.dpi": 200.0,
}
_SCREEN_DPI = 90.0  # of animations: seen on screens only


@contextmanager
def styled() -> Iterator[None]:
    """The project's look, for the time of a drawing; leaves matplotlib's global settings as they were."""
    with matplotlib.rc_context(cast("Any", dict(_RC))):
        yield


def figure(*, width_in: float, height_in: float) -> Figure:
    """An empty figure without pyplot's global state."""
    return Figure(figsize=(width_in, height_in), layout="constrained")


def headline(drawn: Figure, *, text: str) -> None:
    """Put the finding over the figure, wrapped to its width."""
    wrapped = textwrap.fill(text, width=round(13.5 * drawn.get_figwidth()))
    drawn.suptitle(wrapped, fontsize=9.0, x=0.01, ha="left", fontweight="bold", linespacing=1.15)


def footnote(drawn: Figure, *, text: str) -> None:
    """Put sources and assumptions under the figure, wrapped to its width."""
    wrapped = textwrap.fill(text, width=round(20.5 * drawn.get_figwidth()))
    drawn.supxlabel(wrapped, fontsize=6.2, x=0.01, ha="left", color=GREY, linespacing=1.15)


def legend_line(label: str, **looks: Any) -> Line2D:
    """An entry for a legend that no curve of its own has, such as the meaning of a dash."""
    return Line2D([], [], label=label, **looks)


def panel_title(ax: Axes, *, text: str) -> None:
    """What one panel shows, over its left corner."""
    ax.set_title(text, loc="left", fontsize=8.0)


def save_figure(drawn: Figure, *, name: str, folder: Path, tables: Table) -> tuple[Path, ...]:
    """Write PDF, SVG and PNG, and a CSV of every table behind them (`NAME-TABLE.csv`); no dates inside."""
    _settle(drawn)
    written = []
    for suffix, metadata in (("pdf", {"CreationDate": None}), ("svg", {"Date": None}), ("png", {"Software": None})):
        buffer = io.BytesIO()
        with styled():
            drawn.savefig(buffer, format=suffix, metadata=metadata)
        written.append(folder / f"{name}.{suffix}")
        write_atomically(path=written[-1], content=buffer.getvalue())
    return (*written, *save_tables(name=name, folder=folder, tables=tables))


def _settle(drawn: Figure) -> None:
    """Apply the layout once and round it: it varies in its last digits from process to process, and SVG hashes them."""
    with styled():
        drawn.set_dpi(_RC["savefig.dpi"])
        drawn.draw_without_rendering()
        drawn.set_layout_engine("none")
        for ax in drawn.axes:
            x, y, width, height = (round(float(part), 6) for part in ax.get_position(original=True).bounds)
            ax.set_position((x, y, width, height))


def save_tables(*, name: str, folder: Path, tables: Table) -> tuple[Path, ...]:
    """Write every table as a CSV, `NAME-TABLE.csv`."""
    written = []
    for table, rows in tables.items():
        text = io.StringIO()
        writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        written.append(folder / f"{name}-{table}.csv")
        write_atomically(path=written[-1], content=text.getvalue().encode())
    return tuple(written)


def save_animation(
    drawn: Figure, *, frames: Sequence[Callable[[], object]], per_second: float, name: str, folder: Path, tables: Table
) -> tuple[Path, ...]:
    """Write a GIF that calls one function after the other to change the figure, and the CSVs behind it."""
    writer = PillowWriter(fps=per_second)  # type: ignore[arg-type]  # a float serves: it only divides by it
    with tempfile.TemporaryDirectory() as scratch, styled():
        path = Path(scratch) / f"{name}.gif"
        with writer.saving(drawn, str(path), dpi=_SCREEN_DPI):
            for change in frames:
                change()
                writer.grab_frame()
        content = path.read_bytes()
    write_atomically(path=folder / f"{name}.gif", content=content)
    return (folder / f"{name}.gif", *save_tables(name=name, folder=folder, tables=tables))
