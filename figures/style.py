"""One look for all figures, and files that come out the same every time."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import matplotlib
from matplotlib.figure import Figure

from optimize.study.save import write_atomically

__all__ = ["BLUE", "GREY", "LIGHT", "LOAD_COLOURS", "ORANGE", "figure", "save_figure", "styled"]

# Okabe and Ito's colour-blind safe palette, and a perceptually uniform map for shares from 0 to 1.
BLUE, ORANGE, GREY, LIGHT = "#0072B2", "#D55E00", "#555555", "#DDDDDD"
LOAD_COLOURS = "viridis_r"

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


@contextmanager
def styled() -> Iterator[None]:
    """The project's look, for the time of a drawing; leaves matplotlib's global settings as they were."""
    with matplotlib.rc_context(cast("Any", dict(_RC))):
        yield


def figure(*, width_in: float, height_in: float) -> Figure:
    """An empty figure without pyplot's global state."""
    return Figure(figsize=(width_in, height_in), layout="constrained")


def save_figure(
    drawn: Figure, *, name: str, folder: Path, tables: Mapping[str, Sequence[Mapping[str, Any]]]
) -> tuple[Path, ...]:
    """Write PDF, SVG and PNG, and a CSV of every table behind them (`NAME-TABLE.csv`); no dates inside."""
    written = []
    for suffix, metadata in (("pdf", {"CreationDate": None}), ("svg", {"Date": None}), ("png", {"Software": None})):
        buffer = io.BytesIO()
        with styled():
            drawn.savefig(buffer, format=suffix, metadata=metadata)
        written.append(folder / f"{name}.{suffix}")
        write_atomically(path=written[-1], content=buffer.getvalue())
    for table, rows in tables.items():
        text = io.StringIO()
        writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        written.append(folder / f"{name}-{table}.csv")
        write_atomically(path=written[-1], content=text.getvalue().encode())
    return tuple(written)
