"""The formation to scale with its links coloured by load, beside the ladder from the reference down to it."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter
from numpy.typing import NDArray

from figures.style import (
    AMBER,
    BLUE,
    DOUBLE_IN,
    GREY,
    IDLE,
    LOAD_COLOURS,
    ORANGE,
    Table,
    figure,
    footnote,
    headline,
    panel_title,
    styled,
)  # fmt: skip
from links.units import GIGABYTE_BPS
from optimize.design.ladder import LadderStep
from optimize.study.report import Report
from topo.fabric import Fabric

__all__ = ["draw", "finding", "table"]

_COSTS = 1.0 + 1e-9  # factors above it


def table(report: Report) -> Table:
    """What is drawn: `nodes`, `links` (the busier direction of each, at the all-to-all optimum) and `ladder` rows."""
    proof = report.proof("formation all_to_all, least flow")
    fabric = proof.fabric
    where = _places(fabric)
    bits = proof.throughput.routing.arc_bit(fabric=fabric, traffic=proof.traffic)
    share = bits * proof.throughput.lower_per_s / fabric.capacity_bps
    nodes = [
        {
            "node": label,
            "along_track_m": float(where[v, 1]),
            "radial_m": float(where[v, 0]),
            "gpus": int(fabric.gpus[v]),
            "side_of_cut": int(report.cut.side[v]),
        }
        for v, label in enumerate(fabric.labels)
    ]
    busiest: dict[int, int] = {}
    for e in np.argsort(share, kind="stable"):
        busiest[int(fabric.link_of_arc[e])] = int(e)
    crossed = set(fabric.link_of_arc[report.cut.arcs].tolist())
    links = [
        {"from": fabric.labels[int(fabric.tail[e])], "to": fabric.labels[int(fabric.head[e])],
         "load_share": float(share[e]), "capacity_bps": float(fabric.capacity_bps[e]), "in_cut": int(link in crossed)}
        for link, e in sorted(busiest.items())
    ]  # fmt: skip
    ladder = report.ladder
    steps = [_rung(step, in_gap=1) for step in ladder.steps]
    if ladder.failure is not None:
        steps.append(_rung(ladder.failure, in_gap=0))
    return {"nodes": nodes, "links": links, "ladder": steps}


def _rung(step: LadderStep, *, in_gap: int) -> dict[str, Any]:
    return {"step": step.number, "name": step.name, "upper_bps": step.upper_bps, "achieved_bps": step.achieved_bps,
            "factor": step.factor, "exact": int(step.exact), "in_gap": in_gap}  # fmt: skip


def finding(report: Report) -> str:
    """The answer in one sentence, with what costs most."""
    row = report.metric("all_to_all")
    gap, rate = row.gap_up.interval, row.formation * (1.0 / GIGABYTE_BPS)
    text = (
        f"{report.case.title or report.case.name}: certified all-to-all gap to an NVL72 "
        f"{_ends(gap.lower, gap.upper)}x, {_ends(rate.lower, rate.upper)} GB/s per GPU"
    )
    worst = max(report.ladder.steps[1:], key=lambda step: step.factor, default=None)
    if worst is not None and worst.factor > _COSTS:
        text += f"; largest loss {worst.factor:.3g}x: {worst.name}"
    return text


def _places(fabric: Fabric) -> NDArray[np.float64]:
    """Positions of the nodes; without any, GPUs on a circle round the switches."""
    if fabric.positions_m is not None and np.ptp(fabric.positions_m, axis=0).any():
        return fabric.positions_m
    places = np.zeros((fabric.n_nodes, 3))
    for nodes, radius in ((np.flatnonzero(fabric.gpus > 0), 1.0), (np.flatnonzero(fabric.gpus == 0), 0.4)):
        angle = 2.0 * np.pi * np.arange(nodes.size) / max(nodes.size, 1)
        places[nodes, 0], places[nodes, 1] = radius * np.cos(angle), radius * np.sin(angle)
    return places


def draw(data: Table, *, title: str) -> Figure:
    """Draw a `table`."""
    with styled():
        drawn = figure(width_in=DOUBLE_IN, height_in=4.0)
        left, right = drawn.subplots(1, 2, width_ratios=(1.2, 1.0))
        _draw_formation(left, data)
        _draw_ladder(right, data["ladder"])
        headline(drawn, text=title)
        footnote(
            drawn,
            text="Bars: certified upper end of all-to-all per GPU under this limit and all above it; solid up to what "
            "a checked routing achieves, hatched above it. Grey: costs nothing here. Bound: certain only as a product "
            "with the step beside it. Below the dashes: one lost link, outside the gap.",
        )
    return drawn


def _draw_formation(ax: Axes, data: Table) -> None:
    nodes, links = data["nodes"], data["links"]
    at = {row["node"]: (row["along_track_m"], row["radial_m"]) for row in nodes}
    in_space = max(abs(v) for place in at.values() for v in place) > 1.5
    lines = LineCollection(
        [(at[row["from"]], at[row["to"]]) for row in links], array=np.array([row["load_share"] for row in links]),
        cmap=LOAD_COLOURS, clim=(0.0, 1.0), linewidths=[2.0 if row["in_cut"] else 0.8 for row in links], zorder=1,
    )  # fmt: skip
    ax.add_collection(lines)
    for side, colour, mark, label in ((1, BLUE, "o", "one side of the cut"), (0, ORANGE, "D", "the other")):
        xy = np.array([at[row["node"]] for row in nodes if row["side_of_cut"] == side and row["gpus"] > 0])
        if xy.size:
            ax.scatter(xy[:, 0], xy[:, 1], s=11.0, color=colour, marker=mark, zorder=3,
                       label=f"{label}: {len(xy)} nodes", linewidths=0)  # fmt: skip
    switches = np.array([at[row["node"]] for row in nodes if row["gpus"] == 0])
    if switches.size:
        ax.scatter(
            switches[:, 0], switches[:, 1], s=14.0, marker="s", color=GREY, zorder=3, label="switches", linewidths=0
        )
    bar = ax.figure.colorbar(lines, ax=ax, orientation="horizontal", shrink=0.8, aspect=40, pad=0.02)
    bar.set_label("load / capacity at the all-to-all optimum, least flow [-]")
    bar.outline.set_linewidth(0.4)
    cut = sum(row["in_cut"] for row in links)
    ax.set_title(
        f"{len(links)} links; the narrowest halving found crosses {cut} (thick)", loc="left", fontsize=8.0, pad=16.0
    )
    ax.set_aspect("equal")
    ax.margins(0.04)
    if in_space:
        ax.locator_params(axis="x", nbins=6)
        ax.set_xlabel("along-track [m]")
        ax.set_ylabel("radial [m]")
    else:
        ax.set_axis_off()
    ax.legend(
        loc="lower left",
        bbox_to_anchor=(-0.02, 0.98),
        ncols=3,
        frameon=False,
        handletextpad=0.1,
        columnspacing=1.0,
        borderaxespad=0.0,
    )


def _draw_ladder(ax: Axes, steps: Sequence[Mapping[str, Any]]) -> None:
    rates = [step[end] / GIGABYTE_BPS for step in steps for end in ("upper_bps", "achieved_bps") if step[end] > 0]
    floor = 10.0 ** math.floor(math.log10(min(rates) / 2.0))
    for row, step in enumerate(steps):
        upper, achieved = step["upper_bps"] / GIGABYTE_BPS, max(step["achieved_bps"] / GIGABYTE_BPS, floor)
        costs = row == 0 or step["factor"] > _COSTS
        colour = (BLUE if costs else IDLE) if step["in_gap"] else AMBER
        at = row + 0.14
        ax.barh(at, achieved, height=0.36, color=colour)
        ax.barh(at, max(upper - achieved, 0.0), left=achieved, height=0.36, facecolor="white", edgecolor=colour,
                hatch="//////", linewidth=0.5)  # fmt: skip
        ax.text(floor * 1.05, row - 0.26, f"{step['step']}  {step['name']}", va="center", fontsize=7.0)
        lost = "" if row == 0 else f"   ÷ {step['factor']:.3g}" if costs else "   costs nothing"
        lost += "" if step["exact"] or not costs else ", bound"
        value = f"{upper:.4g}"
        if not step["in_gap"]:
            value = _ends(step["achieved_bps"] / GIGABYTE_BPS, upper)
            least = steps[0]["upper_bps"] / GIGABYTE_BPS
            lost = f"   gap {_ends(least / upper, least / achieved)}" if step["achieved_bps"] > 0 else ""
        ax.annotate(f"{value}{lost}", (max(upper, floor), at), xytext=(4, 0), textcoords="offset points", va="center",
                    fontsize=7.0)  # fmt: skip
    counted = [step for step in steps if step["in_gap"]]
    if len(counted) < len(steps):
        ax.axhline(len(counted) - 0.52, color=GREY, linewidth=0.6, linestyle=(0, (4, 2)))
    ax.set_xscale("log")
    ax.set_xlim(floor, max(rates) * math.sqrt(max(rates) / floor))  # room for the numbers behind the bars
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.set_ylim(len(steps) - 0.5, -0.6)
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)
    ax.set_xlabel("all-to-all per GPU, one direction [GB/s]")
    product = counted[0]["upper_bps"] / counted[-1]["upper_bps"]
    panel_title(ax, text=f"what each limit costs: {_number(product)}x in all")


def _ends(low: float, high: float) -> str:
    """Both ends in four digits, or one of them if they agree in these."""
    return " to ".join(dict.fromkeys(_number(end) for end in (low, high)))


def _number(value: float) -> str:
    """Four digits without a power of ten where the number is large."""
    text = f"{value:.4g}"
    return f"{float(text):,.0f}" if "e+" in text else text
