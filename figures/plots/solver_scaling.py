"""Seconds and certified width of each way to all-to-all against the number of satellites, measured while this is drawn.

The only figure that differs from one run to the next. Small sizes: it shows growth, not limits.
"""

import time
from collections.abc import Mapping, Sequence
from typing import Any, get_args, get_type_hints

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from figures.plots import shared
from figures.style import SERIES, SINGLE_IN, Table, figure, footnote, headline, panel_title, styled
from optimize import all_to_all, build, max_throughput
from topo import Fabric, FabricSeries

__all__ = ["draw", "table"]

_NAMES: Mapping[str, str] = {
    "direct": "proof without search", "exact": "linear program", "large": "large solver"}  # fmt: skip
_RADII_M = (200.0, 300.0, 400.0, 500.0, 600.0, 700.0, 800.0, 1000.0)
_EXACT = 1e-12  # the axis' floor: what is narrower is shown there


def _methods() -> tuple[str, ...]:
    """Ways that `max_throughput` offers, but for the one that chooses among them."""
    offered = get_args(get_type_hints(max_throughput)["method"])
    return tuple(name for name in offered if name != "auto")


def _fabric(scenario: str, radius_m: float) -> Fabric:
    series = build(shared.scenario(scenario).variant({"formation.radius_m": radius_m, "orbit.epochs": 1})).formation
    if not isinstance(series, FabricSeries):
        raise ValueError(f"scenario {scenario!r} does not fly; choose one with an orbit, such as lattice-21")
    return series.at(0)


def table(scenario: str = "lattice-21", *, radii_m: Sequence[float] = _RADII_M) -> Table:
    """`runs`: seconds and width by method and size."""
    rows: list[dict[str, Any]] = []
    small = _fabric(scenario, radii_m[0])
    for method in _methods():  # loads what each of them imports: that is no part of solving
        _solve(small, method)
    for radius_m in radii_m:
        fabric = _fabric(scenario, radius_m)
        for method in _methods():
            seconds, width = _solve(fabric, method)
            rows.append({"method": method, "satellites": fabric.n_nodes, "links": fabric.n_links, "seconds": seconds,
                         "width": width})  # fmt: skip
    return {"runs": rows}


def _solve(fabric: Fabric, method: Any) -> tuple[float, float]:
    """Seconds taken and certified width."""
    traffic = all_to_all(fabric=fabric)
    start = time.perf_counter()
    width = max_throughput(fabric=fabric, traffic=traffic, method=method).width
    return time.perf_counter() - start, width


def draw(data: Table) -> Figure:
    """Draw a `table`."""
    rows = data["runs"]
    with styled():
        drawn = figure(width_in=SINGLE_IN, height_in=3.9)
        top, bottom = drawn.subplots(2, 1, sharex=True)
        _curves(top, rows, "seconds")
        _curves(bottom, rows, "width")
        panel_title(top, text="time")
        panel_title(bottom, text="certified width")
        top.set_ylabel("wall time [s]")
        bottom.set_ylabel("upper / lower - 1 [-]")
        bottom.set_xlabel("satellites [-]")
        bottom.axhline(1e-6, color="black", linewidth=0.5, linestyle=":")
        bottom.text(rows[0]["satellites"], 2e-6, "asked for: 1e-6", fontsize=6.8)
        top.legend(frameon=False, loc="upper left")
        headline(drawn, text=_finding(rows))
        footnote(
            drawn,
            text="All-to-all on Suncatcher's lattice, direct and diagonal neighbours. Measured on the computer "
            "that made this figure.",
        )
    return drawn


def _curves(ax: Axes, rows: Sequence[Mapping[str, Any]], what: str) -> None:
    for method, colour, mark in zip(dict.fromkeys(row["method"] for row in rows), SERIES, "osD^", strict=False):
        mine = [row for row in rows if row["method"] == method]
        ax.plot([row["satellites"] for row in mine], [max(row[what], _EXACT) for row in mine], f"-{mark}", color=colour,
                markersize=3.5, label=_NAMES.get(method, method))  # fmt: skip
    ax.set_xscale("log")
    ax.set_yscale("log")
    sizes = sorted({row["satellites"] for row in rows})
    ax.set_xticks(sizes, [f"{size}" for size in sizes])
    ax.set_xticks([], minor=True)


def _finding(rows: Sequence[Mapping[str, Any]]) -> str:
    """The largest size, and what each method did there."""
    most = max(row["satellites"] for row in rows)
    parts = []
    for row in (row for row in rows if row["satellites"] == most):
        width = f"{row['width']:.0e}" if row["width"] < 0.1 else f"{row['width']:.0%}"
        parts.append(f"{_NAMES.get(row['method'], row['method'])} {row['seconds']:.1g} s to {width}")
    return f"Time and certified width at {most} satellites: {', '.join(parts)}"
