"""The formation to scale with its links coloured by load, beside the ladder from the reference down to it."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from numpy.typing import NDArray

from figures.style import BLUE, GREY, LIGHT, LOAD_COLOURS, ORANGE, figure, styled
from optimize.study.report import Report
from topo.fabric import Fabric

__all__ = ["draw", "table"]

Table = Mapping[str, Sequence[Mapping[str, Any]]]


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
    steps = [
        {"step": s.number, "name": s.name, "upper_bps": s.upper_bps, "achieved_bps": s.achieved_bps, "factor": s.factor}
        for s in report.ladder.steps
    ]
    return {"nodes": nodes, "links": links, "ladder": steps}


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
        drawn = figure(width_in=7.2, height_in=3.5)
        drawn.suptitle(title, fontsize=10.0, x=0.01, ha="left")
        left, right = drawn.subplots(1, 2, width_ratios=(1.25, 1.0))
        _draw_formation(left, data)
        _draw_ladder(right, data["ladder"])
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
    for side, colour, label in ((1, BLUE, "one side of the cut"), (0, ORANGE, "the other")):
        xy = np.array([at[row["node"]] for row in nodes if row["side_of_cut"] == side and row["gpus"] > 0])
        if xy.size:
            ax.scatter(
                xy[:, 0], xy[:, 1], s=11.0, color=colour, zorder=3, label=f"{label}: {len(xy)} nodes", linewidths=0
            )
    switches = np.array([at[row["node"]] for row in nodes if row["gpus"] == 0])
    if switches.size:
        ax.scatter(
            switches[:, 0], switches[:, 1], s=14.0, marker="s", color=GREY, zorder=3, label="switches", linewidths=0
        )
    bar = ax.figure.colorbar(lines, ax=ax, orientation="horizontal", shrink=0.8, aspect=40, pad=0.02)
    bar.set_label("load / capacity at the all-to-all optimum, least total flow [-]")
    bar.outline.set_linewidth(0.4)
    cut = sum(row["in_cut"] for row in links)
    ax.set_title(
        f"{len(links)} links; the narrowest halving found crosses {cut} (thick)", loc="left", fontsize=8.0, pad=16.0
    )
    ax.set_aspect("equal")
    ax.margins(0.04)
    if in_space:
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
    gigabyte_bps = 8e9  # axis unit: 1 GB/s
    level = np.array([step["upper_bps"] for step in steps]) / gigabyte_bps
    rows = np.arange(len(steps))
    ax.barh(
        rows,
        level,
        height=0.42,
        color=[BLUE if step["factor"] > 1.0 + 1e-9 or k == 0 else LIGHT for k, step in enumerate(steps)],
    )
    floor = level.min() / 6.0
    ax.set_xscale("log")
    ax.set_xlim(floor, level.max() * 7.0)
    for row, step, value in zip(rows.tolist(), steps, level.tolist(), strict=True):
        ax.text(floor * 1.05, row - 0.33, f"{step['step']}  {step['name']}", ha="left", va="center", fontsize=7.5)
        lost = "" if row == 0 else f"  (÷ {step['factor']:.3g})"
        ax.text(value * 1.08, row, f"{value:.4g}{lost}", ha="left", va="center", fontsize=7.5)
    ax.set_ylim(len(steps) - 0.5, -0.6)
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)
    ax.set_xlabel("all-to-all per GPU, one direction [GB/s]")
    ax.set_title(f"what each limit costs: {level[0] / level[-1]:.4g}x in all", loc="left", fontsize=8.0)
