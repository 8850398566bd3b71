"""Seconds and certified width of every solver for all-to-all against the number of nodes, as measured once.

Reads `figures/data/solver_scaling.csv`, which `python3 -m tests.benchmarks.scaling` writes: drawing measures nothing.
"""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from figures.style import DOUBLE_IN, GREY, SERIES, Table, figure, footnote, headline, legend_line, panel_title, styled

__all__ = ["COLUMNS", "MEASURED", "draw", "table"]

MEASURED = Path(__file__).parents[1] / "data" / "solver_scaling.csv"
COLUMNS = (
    "solver", "family", "nodes", "links", "seconds", "cpu_s", "peak_mb", "lower_per_s", "upper_per_s", "width",
    "claimed", "how",
)  # fmt: skip

_NAMES: Mapping[str, str] = {
    "flow shifts, no symmetry": "flow shifts", "flow shifts": "with symmetries",
    "flow shifts to 1e-6, no symmetry": "shifts to 1e-6", "exact": "exact",
    "HiGHS interior point, no symmetry": "HiGHS IPM", "cvxpy, HiGHS interior point": "cvxpy, HiGHS IPM",
    "cvxpy, defaults": "cvxpy, defaults", "PDLP": "PDLP",
}  # fmt: skip
_COLOURS = dict(zip(_NAMES, (*SERIES, GREY, "black"), strict=True))
_MARKS: Mapping[str, str] = {
    "lattice": "o", "square lattice": "s", "geometric": "^", "regular": "D", "long": "v"}  # fmt: skip
_COMMON = "square lattice"  # the family that every solver was given: its runs are joined by lines
_EXACT = 1e-16  # the axis' floor: what is narrower is shown there
_TICKS = (25, 81, 256, 1000, 10_000)
_ASKED = 1e-2  # width asked of flow shifts
_TARGETS = ((1000, 30.0, "30 s"), (10_000, 300.0, "5 min"), (10_000, 600.0, "10 min"))
_DASH = (0, (4, 2))
_LABEL_SHARE = 0.036  # of the height of a panel: a label and its space


def table(path: Path = MEASURED) -> Table:
    """`runs`: what each solver took and proved; `ended`: those that were stopped, with the seconds they had."""
    with path.open(encoding="utf-8", newline="") as file:
        lines = [line for line in file if not line.startswith("#")]
    runs: list[dict[str, Any]] = []
    ended: list[dict[str, Any]] = []
    for row in csv.DictReader(lines):
        what: dict[str, Any] = {key: _value(text) for key, text in row.items()}
        if what["width"] is None:
            ended.append({key: what[key] for key in ("solver", "family", "nodes", "seconds", "how")})
        else:
            runs.append(what)
    return {"runs": runs, "machine": [{"measured": _first(path)}]} | ({"ended": ended} if ended else {})


def _value(text: str) -> Any:
    """A number, a word, or None for nothing."""
    if not text:
        return None
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        return text


def _first(path: Path) -> str:
    """The line that says where and when."""
    with path.open(encoding="utf-8") as file:
        return file.readline().lstrip("# ").strip()


def draw(data: Table) -> Figure:
    """Draw a `table`."""
    runs, ended = data["runs"], data.get("ended", ())
    with styled():
        drawn = figure(width_in=DOUBLE_IN, height_in=4.6)
        axes = drawn.subplot_mosaic([["time", "width"], ["below", "below"]], height_ratios=(16, 1))
        left, right, below = axes["time"], axes["width"], axes["below"]
        below.set_axis_off()
        _curves(left, runs, "seconds")
        _curves(right, runs, "width")
        for row in ended:
            left.plot(row["nodes"], row["seconds"], "x", color=_COLOURS[row["solver"]], markersize=5.0)
        for nodes, seconds, words in _TARGETS:
            left.plot([nodes / 1.4, nodes * 1.4], [seconds] * 2, color=GREY, linewidth=0.7, linestyle=_DASH)
            left.text(nodes, 1.08 * seconds, words, ha="center", va="bottom", fontsize=6.2, color=GREY)
        right.axhline(_ASKED, color=GREY, linewidth=0.7, linestyle=_DASH, zorder=1)
        right.text(22, 1.3 * _ASKED, "asked of flow shifts: 1 %", va="bottom", fontsize=6.2, color=GREY)
        left.set_ylim(0.6 * min(row["seconds"] for row in runs), 1500.0)
        right.set_ylim(0.3 * max(min(row["width"] for row in runs), _EXACT), 0.2)
        _label_ends(left, runs, "seconds", floor=3.0)
        _label_ends(right, runs, "width", floor=_EXACT)
        panel_title(left, text="time")
        panel_title(right, text="width of the certified interval")
        left.set_ylabel("wall time [s]")
        right.set_ylabel("upper / lower - 1 [-]")
        handles = [legend_line(name, color=GREY, linestyle="-" if name == _COMMON else "", linewidth=0.9,
                               marker=mark, markersize=3.5) for name, mark in _MARKS.items()]  # fmt: skip
        if ended:
            handles.append(legend_line("ended without an answer", color=GREY, linestyle="", marker="x", markersize=4.0))
        handles.append(legend_line("target", color=GREY, linewidth=0.7, linestyle=_DASH))
        below.legend(handles=handles, frameon=False, loc="center", ncols=len(handles), fontsize=6.8,
                     handletextpad=0.4, columnspacing=1.2)  # fmt: skip
        headline(drawn, text=_finding(runs, ended))
        footnote(
            drawn,
            text="All-to-all, each node one GPU and about 8 links; every interval certified outside the solver. Flow "
            "shifts and exact: solvers of this project, exact with symmetries. Lines join runs on the square lattice; "
            "other fabrics are marks. Targets: 1 % at 1,000 nodes, 5 % and 2 % at 10,000. Measured once: "
            f"{data['machine'][0]['measured']}.",
        )
    return drawn


def _curves(ax: Axes, rows: Sequence[Mapping[str, Any]], what: str) -> None:
    """Every run as a mark of its family; those on the common family joined by a line."""
    for solver, family in dict.fromkeys((row["solver"], row["family"]) for row in rows):
        mine = [row for row in rows if (row["solver"], row["family"]) == (solver, family)]
        mine.sort(key=lambda row: float(row["nodes"]))
        ax.plot([row["nodes"] for row in mine], [max(row[what], _EXACT) for row in mine], _MARKS[family],
                linestyle="-" if family == _COMMON else "", color=_COLOURS[solver], markersize=3.8,
                markeredgecolor="white", markeredgewidth=0.3,
                linewidth=1.1)  # fmt: skip
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xlim(20, 16_000)
    ax.set_xticks(_TICKS, [f"{size:,}" for size in _TICKS])
    ax.set_xticks([], minor=True)
    ax.set_xlabel("nodes [-]")


def _label_ends(ax: Axes, rows: Sequence[Mapping[str, Any]], what: str, *, floor: float) -> None:
    """The name of every line behind its end, none below the floor, pushed up where names would meet."""
    ends: dict[int, list[tuple[float, str]]] = {}
    for solver in _NAMES:
        mine = [row for row in rows if (row["solver"], row["family"]) == (solver, _COMMON)]
        if mine:
            last = max(mine, key=lambda row: float(row["nodes"]))
            ends.setdefault(int(last["nodes"]), []).append((max(last[what], _EXACT), solver))
    low, high = ax.get_ylim()
    step = (high / low) ** _LABEL_SHARE
    for nodes, names in ends.items():
        outside = nodes == max(ends)  # names of the longest lines stand behind the panel
        at, x = (low, 1.1 * ax.get_xlim()[1]) if outside else (floor, 1.28 * nodes)
        for value, solver in sorted(names):
            at = max(at, value)
            ax.plot([nodes * 1.1, x / 1.05], [value, at], color=_COLOURS[solver], linewidth=0.5, clip_on=False)
            ax.text(x, at, _NAMES[solver], ha="left", va="center", fontsize=6.2, color=_COLOURS[solver])
            at *= step


def _finding(rows: Sequence[Mapping[str, Any]], ended: Sequence[Mapping[str, Any]]) -> str:
    """The largest size without symmetry: how long to the width asked for, and what was open when its time was up."""
    alone = [row for row in rows if row["solver"] == "flow shifts, no symmetry"]
    most = max(row["nodes"] for row in alone)
    there = [row for row in alone if row["nodes"] > most / 2]
    closed = [row for row in there if row["width"] <= _ASKED] or there
    slowest = max(closed, key=lambda row: float(row["seconds"]))
    widest = max(float(row["width"]) for row in closed)
    parts = [
        f"About {most:,} nodes without symmetry are certified to {widest:.1%} in {slowest['seconds']:.0f} s or less "
        f"({', '.join(row['family'] for row in closed)})"
    ]
    parts += [f"{r['family']} to {r['width']:.1%} in {r['seconds']:.0f} s" for r in there if r not in closed]
    parts += [
        f"{row['family']} not in {row['seconds']:.0f} s"
        for row in ended if row["solver"] == alone[0]["solver"] and row["nodes"] > most / 2
    ]  # fmt: skip
    return "; ".join(parts)
