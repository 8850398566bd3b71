"""The ladder of several scenarios side by side: what each limit costs, from one NVL72 down to the formation.

Every step keeps the limits above it; the last one, outage and a lost link, stands below the gap of the tables. Leaves
out gaps of other metrics: see `gap_by_metric`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from figures.plots import shared
from figures.style import BLUE, DOUBLE_IN, IDLE, Table, figure, footnote, headline, styled
from links.units import GIGABYTE_BPS

__all__ = ["draw", "table"]

_SCENARIOS = ("rack-apart-18", "lattice-21", "suncatcher-81", "suncatcher-81-sdm")


def table(scenarios: Sequence[str] = _SCENARIOS) -> Table:
    """`steps`: certified upper end, achieved rate, factor, proof by scenario and step; `gaps`: product to step 6."""
    steps: list[dict[str, Any]] = []
    gaps: list[dict[str, Any]] = []
    for name in scenarios:
        found = shared.report(name).ladder
        steps += [
            {"scenario": name, "step": s.number, "name": s.name, "upper_bps": s.upper_bps,
             "achieved_bps": s.achieved_bps, "factor": s.factor, "exact": int(s.exact), "how": s.how}
            for s in found.rungs
        ]  # fmt: skip
        gaps.append({"scenario": name, "gap_lower": found.gap.lower, "gap_upper": found.gap.upper})
    return {"steps": steps, "gaps": gaps}


def draw(data: Table) -> Figure:
    """Draw a `table`."""
    names = {row["step"]: row["name"] for row in data["steps"]}
    order = sorted(names)
    with styled():
        drawn = figure(width_in=DOUBLE_IN, height_in=1.3 + 0.33 * len(order))
        axes = np.atleast_1d(drawn.subplots(1, len(data["gaps"]), sharey=True, sharex=True))
        for ax, gap in zip(axes, data["gaps"], strict=True):
            _draw_one(ax, [row for row in data["steps"] if row["scenario"] == gap["scenario"]], order, gap)
        axes[0].set_yticks(range(len(order)), [f"{number} {names[number]}" for number in order])
        axes[0].set_ylim(len(order) - 0.5, -0.5)
        rates = [row["upper_bps"] / GIGABYTE_BPS for row in data["steps"] if row["upper_bps"] > 0]
        axes[0].set_xlim(min(rates) / 4.0, max(rates) * 120.0)  # room for the numbers behind the bars
        drawn.set_layout_engine("constrained", wspace=0.03)
        headline(drawn, text=_finding(data))
        footnote(
            drawn,
            text="Certified upper end of all_to_all per GPU, one direction, with this limit and all above it; "
            "in brackets the factor lost; solid up to what a checked routing achieves, hatched above it. "
            "Grey: the limit costs nothing here. A star: only a bound. The gap in the titles is that of "
            "steps 0 to 6; step 7 stands below it.",
        )
    return drawn


def _draw_one(ax: Axes, steps: Sequence[Mapping[str, Any]], order: Sequence[int], gap: Mapping[str, Any]) -> None:
    level = np.array([row["upper_bps"] for row in steps]) / GIGABYTE_BPS
    kept = np.array([row["achieved_bps"] for row in steps]) / GIGABYTE_BPS
    at = np.array([order.index(row["step"]) for row in steps])
    costs = [k == 0 or row["factor"] > 1.0 + 1e-6 for k, row in enumerate(steps)]
    colours = [BLUE if cost else IDLE for cost in costs]
    ax.barh(at, level, height=0.62, facecolor="white", edgecolor=colours, hatch="//////", linewidth=0.5)
    ax.barh(at, kept, height=0.62, color=colours)
    for row, y, value, cost in zip(steps, at.tolist(), level.tolist(), costs, strict=True):
        lost = f" (÷{row['factor']:.3g}{'' if row['exact'] else '*'})" if cost and y else ""
        ax.text(value * 1.25, y, f"{value:.3g}{lost}", ha="left", va="center", fontsize=6.8)
    ax.set_xscale("log")
    ax.xaxis.set_major_locator(LogLocator(base=100.0))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_linewidth(0.4)
    ax.set_xlabel("all-to-all [GB/s]")
    ends = [f"{gap[end]:.3g}" for end in ("gap_lower", "gap_upper")]
    ax.set_title(f"{gap['scenario']}\ngap {' to '.join(dict.fromkeys(ends))}x", loc="left", fontsize=8.0)


def _finding(data: Table) -> str:
    """Which limit costs each scenario most, in one sentence."""
    worst: dict[str, dict[str, float]] = {}
    for gap in data["gaps"]:
        steps = [row for row in data["steps"] if row["scenario"] == gap["scenario"]]
        step = max(steps, key=lambda row: float(row["factor"]))
        worst.setdefault(str(step["name"]).split(",")[0], {})[str(gap["scenario"])] = float(step["factor"])
    parts = []
    for name, factors in worst.items():
        ends = dict.fromkeys(f"{end:.3g}x" for end in (min(factors.values()), max(factors.values())))
        parts.append(f"{' to '.join(ends)} by the {name.removeprefix('this ')} ({', '.join(factors)})")
    return f"The largest single loss: {'; '.join(parts)}"
