"""An NVL72 and a formation, each to its own scale, beside how much worse the formation is by every metric.

The inside of the rack is schematic: only the length of its longest link is to scale. Leaves out mass and power.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from numpy.typing import NDArray

from figures.plots import shared
from figures.style import AMBER, BLUE, DOUBLE_IN, GREY, LIGHT, ORANGE, Table, figure, footnote, headline, styled
from links import load_part
from topo import Fabric

__all__ = ["draw", "table"]

_RACK = "gb300_nvl72"


def _rack_places_m(rack: Fabric) -> NDArray[np.float64]:
    """Across and up, switches between the compute trays; the longest link as long as the longest cable. [m]"""
    part = load_part(_RACK)
    across_gpus, compute, switching = (int(part[key]) for key in ("gpus_per_tray", "compute_trays", "switch_trays"))
    gpus, switches = np.flatnonzero(rack.gpus > 0), np.flatnonzero(rack.gpus == 0)
    across_switches = -(-switches.size // switching)
    places = np.zeros((rack.n_nodes, 2))
    tray, column = np.divmod(np.arange(gpus.size), across_gpus)
    places[gpus, 0] = 3.0 * (column - 0.5 * (across_gpus - 1))
    places[gpus, 1] = np.where(tray < compute // 2, tray, tray + switching)
    tray, column = np.divmod(np.arange(switches.size), across_switches)
    places[switches, 0] = 3.0 * (column - 0.5 * (across_switches - 1))
    places[switches, 1] = tray + compute // 2
    places[:, 1] -= 0.5 * (compute + switching - 1)
    longest = np.linalg.norm(places[rack.tail] - places[rack.head], axis=-1).max()
    return np.asarray(places * (part["longest_cable_length_m"] / longest))


def table(scenario: str = "suncatcher-81") -> Table:
    """`nodes` and `links` of both fabrics, `gaps` by metric, and how both compare in length."""
    report = shared.report(scenario)
    rack, form = report.case.scale_up, report.proof("formation all_to_all").fabric
    if form.positions_m is None:
        raise ValueError(f"scenario {scenario!r} has no positions; choose one that flies")
    nodes: list[dict[str, Any]] = []
    links: list[dict[str, Any]] = []
    sizes: list[dict[str, Any]] = []
    for who, fabric, places in (("NVL72", rack, _rack_places_m(rack)), (scenario, form, form.positions_m[:, [1, 0]])):
        nodes += [
            {"fabric": who, "node": label, "across_m": float(places[v, 0]), "up_m": float(places[v, 1]),
             "gpus": int(fabric.gpus[v])}
            for v, label in enumerate(fabric.labels)
        ]  # fmt: skip
        first = np.unique(fabric.link_of_arc, return_index=True)[1]
        links += [
            {"fabric": who, "from": fabric.labels[int(fabric.tail[e])], "to": fabric.labels[int(fabric.head[e])],
             "capacity_bps": float(fabric.capacity_bps[e])}
            for e in first
        ]  # fmt: skip
        mean_m = float(fabric.range_m.mean()) if fabric is rack else float(shared.series(scenario).range_m.mean())
        sizes.append({"fabric": who, "gpus": fabric.n_gpus, "links": fabric.n_links, "mean_link_m": mean_m,
                      "across_m": float(np.ptp(places, axis=0).max())})  # fmt: skip
    ratio = sizes[1]["mean_link_m"] / sizes[0]["mean_link_m"]
    gaps = [{"what": "length of a link", "lower": ratio, "upper": ratio}]
    for metric in report.metrics:
        found = metric.gap_up.interval
        gaps.append({"what": metric.name, "lower": found.lower, "upper": found.upper})
    return {"nodes": nodes, "links": links, "sizes": sizes, "gaps": gaps}


def draw(data: Table) -> Figure:
    """Draw a `table`."""
    sizes = data["sizes"]
    with styled():
        drawn = figure(width_in=DOUBLE_IN, height_in=3.3)
        left, middle, right = drawn.subplots(1, 3, width_ratios=(0.75, 1.9, 1.25))
        for ax, size, thin in ((left, sizes[0], 0.12), (middle, sizes[1], 0.6)):
            who = size["fabric"]
            _draw_fabric(ax, [row for row in data["nodes"] if row["fabric"] == who],
                         [row for row in data["links"] if row["fabric"] == who], thin)  # fmt: skip
            ax.set_title(f"{who}: {size['gpus']} GPUs,\n{size['links']} links, mean {size['mean_link_m']:.3g} m",
                         loc="left", fontsize=8.0)  # fmt: skip
        edge = round(max(row["across_m"] for row in data["nodes"] if row["fabric"] == sizes[0]["fabric"]), 1)
        left.set_xticks([-edge, edge])
        left.set_xlabel("across [m]")
        left.set_ylabel("up [m]")
        middle.set_xlabel("along-track [m]")
        middle.set_ylabel("radial [m]")
        _draw_gaps(right, data["gaps"])
        times, gaps = data["gaps"][0]["lower"], {row["what"]: row for row in data["gaps"]}
        headline(
            drawn,
            text=f"Links are {times:.0f} times as long, and a GPU keeps 1/{gaps['all_to_all']['lower']:.3g} of the "
            f"all-to-all of an NVL72 and 1/{gaps['bisection']['lower']:.3g} of its bisection",
        )
        footnote(
            drawn,
            text="The rack is schematic; its longest link is as long as its longest cable. Blue: GPUs or "
            "satellites with GPUs, orange squares: switches. Mean lengths, of the formation over an orbit. "
            "Bars: certified intervals; latency from propagation alone to the slowest assumed "
            "electronics.",
        )
    return drawn


def _draw_fabric(
    ax: Axes, nodes: Sequence[Mapping[str, Any]], links: Sequence[Mapping[str, Any]], width: float
) -> None:
    at = {row["node"]: (row["across_m"], row["up_m"]) for row in nodes}
    ends = [(at[row["from"]], at[row["to"]]) for row in links]
    ax.add_collection(LineCollection(ends, colors=GREY, linewidths=width, zorder=1))
    for with_gpus, colour, mark in ((True, BLUE, "o"), (False, ORANGE, "s")):
        xy = np.array([at[row["node"]] for row in nodes if (row["gpus"] > 0) == with_gpus])
        if xy.size:
            ax.scatter(xy[:, 0], xy[:, 1], s=7.0, color=colour, marker=mark, zorder=3, linewidths=0)
    ax.set_aspect("equal")
    ax.margins(0.06)


def _draw_gaps(ax: Axes, gaps: Sequence[Mapping[str, Any]]) -> None:
    rows = np.arange(len(gaps))
    low, high = (np.array([row[end] for row in gaps]) for end in ("lower", "upper"))
    ax.barh(rows, low, height=0.55, color=[AMBER] + [BLUE] * (len(gaps) - 1))
    ax.barh(rows, high - low, left=low, height=0.55, color=LIGHT)
    for y, row in enumerate(gaps):
        ends = [f"{end:.3g}" if end < 1e3 else f"{end:.0f}" for end in (row["lower"], row["upper"])]
        ax.text(row["upper"] * 1.15, y, " to ".join(dict.fromkeys(ends)), va="center", fontsize=7.0)
    ax.set_xscale("log")
    ax.set_xlim(0.8, 300.0 * float(high.max()))
    ax.set_ylim(len(gaps) - 0.5, -0.5)
    ax.set_yticks(rows, [row["what"] for row in gaps])
    ax.tick_params(axis="y", length=0)
    ax.set_xlabel("times worse, or longer [-]")
