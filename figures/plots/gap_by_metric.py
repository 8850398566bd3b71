"""The gap of every metric for every shipped scenario, as certified intervals, against both references.

Leaves out the readings of the scenarios: `fabricgap gap` prints them.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.figure import Figure

from figures.plots import shared
from figures.style import DOUBLE_IN, GREY, LIGHT, SERIES, Table, figure, footnote, headline, legend_line, styled
from optimize import scenario_names
from optimize.study.case import as_series

__all__ = ["draw", "table"]

_MOST_NODES = 150  # larger scenarios take too long here; `fabricgap gap` measures them
_MARKS = "osD^"  # when there are more scenarios than colours


def table(scenarios: Sequence[str] | None = None) -> Table:
    """`gaps`: both ends of the gap by scenario, metric and reference."""
    rows: list[dict[str, Any]] = []
    for name in _small() if scenarios is None else scenarios:
        for metric in shared.report(name).metrics:
            for reference, gap in (("NVL72", metric.gap_up), ("SuperPOD", metric.gap_out)):
                if gap is not None:
                    rows.append(
                        {"scenario": name, "metric": metric.name, "reference": reference,
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
    step = 0.8 / len(scenarios)
    with styled():
        drawn = figure(width_in=DOUBLE_IN, height_in=1.4 + 0.5 * len(metrics))
        ax = drawn.subplots()
        for k, name in enumerate(scenarios):
            colour, mark = SERIES[k % len(SERIES)], _MARKS[k // len(SERIES) % len(_MARKS)]
            for reference, face in (("NVL72", colour), ("SuperPOD", "white")):
                mine = [row for row in rows if row["scenario"] == name and row["reference"] == reference]
                if not mine:
                    continue
                low, high = (np.array([row[end] for row in mine]) for end in ("gap_lower", "gap_upper"))
                middle = np.sqrt(low * high)
                shift = (k + 0.5) * step - 0.4 + (0.22 * step if reference == "SuperPOD" else -0.22 * step)
                at = [metrics.index(row["metric"]) + shift for row in mine]
                ax.errorbar(
                    middle, at, xerr=np.maximum([middle - low, high - middle], 0.0), fmt=mark, color=colour,
                    markerfacecolor=face, markersize=4.0, elinewidth=1.6, capsize=1.5, markeredgewidth=0.9,
                )  # fmt: skip
        ax.axvline(1.0, color=GREY, linewidth=0.7)
        for row in range(0, len(metrics), 2):
            ax.axhspan(row - 0.5, row + 0.5, color=LIGHT, alpha=0.35, linewidth=0, zorder=0)
        ax.set_xscale("log")
        ax.set_xlim(left=0.8 * min(1.0, *(row["gap_lower"] for row in rows)))
        ax.set_ylim(len(metrics) - 0.5, -0.5)
        ax.set_yticks(range(len(metrics)), metrics)
        ax.tick_params(axis="y", length=0)
        ax.set_xlabel("gap: reference over formation, latency the other way round [-]")
        handles: list[Artist] = [
            legend_line(
                name,
                color=SERIES[k % len(SERIES)],
                marker=_MARKS[k // len(SERIES) % len(_MARKS)],
                markersize=4.0,
                linewidth=1.6,
            )
            for k, name in enumerate(scenarios)
        ]
        for label, face in (("to NVL72", GREY), ("to SuperPOD", "white")):
            handles.append(legend_line(label, color=GREY, marker="o", markerfacecolor=face, markersize=4.0,
                                       linestyle=""))  # fmt: skip
        ax.legend(handles=handles, loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False, handlelength=1.6)
        headline(drawn, text=_finding(data))
        footnote(
            drawn,
            text="Bars: certified intervals; latency runs from propagation alone to the slowest assumed "
            "electronics. A fabric limited by its middle cut has about twice the gap in bisection that it "
            "has in all_to_all, because half of all traffic stays on its side of the cut.",
        )
    return drawn


def _finding(data: Table) -> str:
    """The spread of the all-to-all gap among the formations, in one sentence."""
    up = [row for row in data["gaps"] if row["metric"] == "all_to_all" and row["reference"] == "NVL72"]
    flying = [row for row in up if row["gap_upper"] > 1.0 + 1e-6] or up
    least = min(flying, key=lambda row: float(row["gap_lower"]))
    most = max(flying, key=lambda row: float(row["gap_upper"]))
    ends = f"{least['gap_lower']:.3g} ({least['scenario']})"
    if least is not most:
        ends += f" to {most['gap_upper']:.3g} ({most['scenario']})"
    return f"The all-to-all gap to an NVL72 runs from {ends}" if least is not most else f"The all-to-all gap is {ends}"
