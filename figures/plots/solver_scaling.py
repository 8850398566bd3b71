"""Seconds and certified width of every solver for all-to-all against the number of nodes, as measured once.

Reads `figures/data/solver_scaling.csv`, which `python3 -m tests.benchmarks.scaling` writes: drawing measures nothing.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from figures.style import GREY, SERIES, SINGLE_IN, Table, figure, footnote, headline, legend_line, panel_title, styled

__all__ = ["COLUMNS", "MEASURED", "draw", "table"]

MEASURED = Path(__file__).parents[1] / "data" / "solver_scaling.csv"
COLUMNS = (
    "solver", "family", "nodes", "links", "seconds", "cpu_s", "peak_mb", "lower_per_s", "upper_per_s", "width",
    "claimed", "how",
)  # fmt: skip

_NAMES: Mapping[str, str] = {
    "flow shifts, no symmetry": "large solver", "flow shifts": "large solver, symmetries",
    "flow shifts to 1e-6, no symmetry": "large solver to 1e-6",
    "exact": "exact, symmetries", "HiGHS interior point, no symmetry": "HiGHS interior point",
    "cvxpy, HiGHS interior point": "the same through cvxpy", "cvxpy, defaults": "cvxpy, defaults",
    "PDLP": "OR-tools PDLP",
}  # fmt: skip
_COLOURS = dict(zip(_NAMES, (*SERIES, GREY, "black"), strict=True))
_MARKS: Mapping[str, str] = {
    "lattice": "o", "square lattice": "s", "geometric": "^", "regular": "D", "long": "v"}  # fmt: skip
_EXACT = 1e-16  # the axis' floor: what is narrower is shown there
_TICKS = (25, 81, 256, 1000, 4000, 10_000)


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
        drawn = figure(width_in=SINGLE_IN, height_in=6.0)
        top, bottom, below = drawn.subplots(3, 1, height_ratios=(6, 4, 3))
        bottom.sharex(top)
        below.set_axis_off()
        _curves(top, runs, "seconds")
        _curves(bottom, runs, "width")
        for row in ended:
            top.plot(row["nodes"], row["seconds"], "x", color=_COLOURS[row["solver"]], markersize=5.0)
        top.tick_params(labelbottom=False)
        panel_title(top, text="time; a cross: ended there without an answer")
        panel_title(bottom, text="certified width")
        top.set_ylabel("wall time [s]")
        bottom.set_ylabel("upper / lower - 1 [-]")
        bottom.set_xlabel("nodes [-]")
        there = [name for name in _NAMES if any(row["solver"] == name for row in runs)]
        families = [name for name in _MARKS if any(row["family"] == name for row in runs)]
        below.legend(
            handles=[
                *(legend_line(_NAMES[name], color=_COLOURS[name]) for name in there),
                *(legend_line(name, color=GREY, linestyle="", marker=_MARKS[name], markersize=3.5)
                  for name in families),
            ],
            frameon=False, loc="upper center", ncols=2, fontsize=6.6, borderaxespad=0.0,
        )  # fmt: skip
        headline(drawn, text=_finding(runs, ended))
        footnote(
            drawn,
            text="All-to-all, each node one GPU and about 8 links. Large solver: asked for a width of 1 %, or 1e-6. "
            f"Measured once: {data['machine'][0]['measured']}.",
        )
    return drawn


def _series(rows: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str, list[Mapping[str, Any]]]]:
    """Rows of each solver on each family, by size."""
    for key in dict.fromkeys((row["solver"], row["family"]) for row in rows):
        mine = [row for row in rows if (row["solver"], row["family"]) == key]
        yield *key, sorted(mine, key=lambda row: float(row["nodes"]))


def _curves(ax: Axes, rows: Sequence[Mapping[str, Any]], what: str) -> None:
    for solver, family, mine in _series(rows):
        ax.plot([row["nodes"] for row in mine], [max(row[what], _EXACT) for row in mine], f"-{_MARKS[family]}",
                color=_COLOURS[solver], markersize=3.0, linewidth=0.9)  # fmt: skip
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xticks(_TICKS, [f"{size}" for size in _TICKS])
    ax.set_xticks([], minor=True)


def _finding(rows: Sequence[Mapping[str, Any]], ended: Sequence[Mapping[str, Any]]) -> str:
    """The largest size without symmetry, and how long and how wide."""
    alone = [row for row in rows if row["solver"] == "flow shifts, no symmetry"]
    most = max(row["nodes"] for row in alone)
    there = [row for row in alone if row["nodes"] > most / 2]
    slowest = max(there, key=lambda row: float(row["seconds"]))
    widest = max(float(row["width"]) for row in there)
    open_there = [row for row in ended if row["solver"] == alone[0]["solver"] and row["nodes"] > most / 2]
    return (
        f"Without symmetry, {most} nodes are certified to {widest:.1%} in {slowest['seconds']:.3g} s or less "
        f"({slowest['family']})" + "".join(f"; {row['family']} not in {row['seconds']:.3g} s" for row in open_there)
    )
