"""The gap of every metric for every shipped scenario, as certified intervals, against both references.

Leaves out the readings of the scenarios: `fabricgap gap` prints them.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from figures.plots import shared
from figures.style import BLUE, DOUBLE_IN, GREY, LIGHT, ORANGE, Table, figure, footnote, headline, legend_line, styled
from optimize import scenario_names
from optimize.study.case import as_series

__all__ = ["draw", "table"]

_MOST_NODES = 100  # larger scenarios take too long here; `fabricgap gap` measures them
_MOST_ACROSS = 5  # panels
# Colour, mark and shift of each reference.
_LOOKS = {"NVL72": (BLUE, "o", -0.18), "SuperPOD": (ORANGE, "s", 0.18)}


def table(scenarios: Sequence[str] | None = None) -> Table:
    """`gaps`: both ends of the gap by scenario, metric and reference."""
    rows: list[dict[str, Any]] = []
    chosen = _small() if scenarios is None else list(scenarios)
    for name in sorted(chosen, key=lambda name: shared.report(name).metric("all_to_all").gap_up.interval.lower):
        flies = int(shared.case(name).terminals is not None)
        for metric in shared.report(name).metrics:
            for reference, gap in (("NVL72", metric.gap_up), ("SuperPOD", metric.gap_out)):
                if gap is not None:
                    rows.append(
                        {"scenario": name, "metric": metric.name, "reference": reference, "flies": flies,
                         "gap_lower": gap.interval.lower, "gap_upper": gap.interval.upper}
                    )  # fmt: skip
    return {"gaps": rows}


def _small() -> list[str]:
    """Shipped scenarios that are quickly measured."""
    return [
        name for name in scenario_names() if as_series(shared.case(name).formation).structure.n_nodes <= _MOST_NODES
    ]


def draw(data: Table) -> Figure:
    """Draw a `table`."""
    rows = data["gaps"]
    metrics = list(dict.fromkeys(row["metric"] for row in rows))
    scenarios = list(dict.fromkeys(row["scenario"] for row in rows))
    across = min(len(metrics), _MOST_ACROSS)
    down = -(-len(metrics) // across)
    with styled():
        drawn = figure(width_in=DOUBLE_IN, height_in=1.1 + down * (0.9 + 0.2 * len(scenarios)))
        axes = drawn.subplots(down, across, sharex=True, sharey=True, squeeze=False)
        for ax, metric in zip(axes.flat, metrics, strict=False):
            _draw_metric(ax, [row for row in rows if row["metric"] == metric], scenarios)
            ax.set_title(metric, loc="left", fontsize=8.0)
        for ax in axes.flat[len(metrics) :]:
            ax.set_axis_off()
        axes[0, 0].set_yticks(range(len(scenarios)), scenarios)
        axes[0, 0].set_ylim(len(scenarios) - 0.5, -2.0)  # room for the legend
        axes[0, 0].set_xlim(left=0.5 * min(1.0, *(row["gap_lower"] for row in rows)))
        for ax in axes.flat[max(len(metrics) - across, 0) : len(metrics)]:  # the lowest of every column
            ax.set_xlabel("gap [-]")
            ax.tick_params(labelbottom=True)
        handles: list[Artist] = [
            legend_line(f"to {name}", color=colour, marker=mark, markersize=3.0, linewidth=1.4)
            for name, (colour, mark, _) in _LOOKS.items()
        ]
        axes[0, 0].legend(handles=handles, loc="upper left", frameon=False, fontsize=6.8, handlelength=1.0,
                          borderaxespad=0.0)  # fmt: skip
        drawn.set_layout_engine("constrained", wspace=0.02)
        headline(drawn, text=_finding(data))
        footnote(
            drawn,
            text="Gap: reference over formation, for latency and energy the other way round. Bars: certified "
            "intervals; latency runs from propagation alone to the slowest assumed electronics. A fabric "
            "limited by its middle cut has about twice the gap in bisection that it has in all_to_all, because "
            "half of all traffic stays on its side of the cut. Large-message all_reduce and all_gather of "
            "satellites that carry racks have gap 1, because the racks' own network binds until a link falls "
            "below about 1.2 Tb/s. Energy is that of the links alone, where both sides publish it. Left out: "
            f"scenarios of more than {_MOST_NODES} nodes.",
        )
    return drawn


def _draw_metric(ax: Axes, rows: Sequence[Mapping[str, Any]], scenarios: Sequence[str]) -> None:
    for reference, (colour, mark, shift) in _LOOKS.items():
        mine = [row for row in rows if row["reference"] == reference]
        if mine:
            low, high = (np.array([row[end] for row in mine]) for end in ("gap_lower", "gap_upper"))
            middle = np.sqrt(low * high)
            at = [scenarios.index(row["scenario"]) + shift for row in mine]
            ax.errorbar(middle, at, xerr=np.maximum([middle - low, high - middle], 0.0), fmt=mark, color=colour,
                        markersize=3.0, elinewidth=1.4)  # fmt: skip
    ax.axvline(1.0, color=GREY, linewidth=0.7)
    for row in range(0, len(scenarios), 2):
        ax.axhspan(row - 0.5, row + 0.5, color=LIGHT, alpha=0.35, linewidth=0, zorder=0)
    ax.set_xscale("log")
    ax.xaxis.set_major_locator(LogLocator(numticks=5))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.tick_params(axis="y", length=0)


def _finding(data: Table) -> str:
    """The spread of the all-to-all gap among the formations, in one sentence."""
    up = [row for row in data["gaps"] if row["metric"] == "all_to_all" and row["reference"] == "NVL72"]
    flying = [row for row in up if row["flies"]] or up
    least = min(flying, key=lambda row: float(row["gap_lower"]))
    most = max(flying, key=lambda row: float(row["gap_upper"]))
    ends = [f"{_three(row[end])} ({row['scenario']})" for row, end in ((least, "gap_lower"), (most, "gap_upper"))]
    if least is most:
        return f"The all-to-all gap to an NVL72 is {ends[0]}"
    return f"All-to-all gaps to an NVL72 run from {ends[0]} to {ends[1]}"


def _three(value: float) -> str:
    """Three digits, without an exponent."""
    return f"{value:.3g}" if value < 999.5 else f"{float(f'{value:.3g}'):,.0f}"
