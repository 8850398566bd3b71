"""Which links bind: the prices that prove the upper end of all-to-all, on the formation with its narrowest halving.

A link without a price could be wider and nothing would change. Leaves out prices of hosts and switches, named if any.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from figures.plots import shared
from figures.style import (
    BLUE,
    DOUBLE_IN,
    LIGHT,
    LOAD_COLOURS,
    ORANGE,
    Table,
    figure,
    footnote,
    headline,
    styled,
)  # fmt: skip
from links.units import GIGABYTE_BPS
from optimize.flow.certificate import Prices, price_bound_per_s

__all__ = ["draw", "table"]

_SCENARIOS = ("suncatcher-81", "lattice-21")
_NEGLIGIBLE = 1e-4  # of the highest price: prices of a solver are never quite zero


def table(scenarios: Sequence[str] = _SCENARIOS) -> Table:
    """`nodes` with their side of the cut, `links` with their share of the bound, and a summary of both by scenario."""
    nodes: list[dict[str, Any]] = []
    links: list[dict[str, Any]] = []
    bounds: list[dict[str, Any]] = []
    for name in scenarios:
        report = shared.report(name)
        proof = report.proof("formation all_to_all")
        fabric, throughput = proof.fabric, proof.throughput
        if fabric.positions_m is None:
            raise ValueError(f"scenario {name!r} has no positions; choose one that flies")
        places = fabric.positions_m
        nodes += [
            {"scenario": name, "node": label, "along_track_m": float(places[v, 1]), "radial_m": float(places[v, 0]),
             "side_of_cut": int(report.cut.side[v])}
            for v, label in enumerate(fabric.labels)
        ]  # fmt: skip
        worth = throughput.prices.arc * fabric.capacity_bps
        arcs_share = dict(report.binding).get("links", 0.0)
        share = np.bincount(fabric.link_of_arc, weights=worth) * (arcs_share / max(float(worth.sum()), 1e-300))
        share[share < _NEGLIGIBLE * share.max()] = 0.0
        crossed = set(fabric.link_of_arc[report.cut.arcs].tolist())
        first = np.unique(fabric.link_of_arc, return_index=True)[1]
        links += [
            {"scenario": name, "from": fabric.labels[int(fabric.tail[e])], "to": fabric.labels[int(fabric.head[e])],
             "share": float(share[link]), "in_cut": int(link in crossed)}
            for link, e in enumerate(first)
        ]  # fmt: skip
        one = np.zeros(fabric.n_arcs)
        one[report.cut.arcs] = 1.0  # the bound that this cut alone proves
        cut_per_s = price_bound_per_s(fabric=fabric, traffic=proof.traffic, prices=Prices.zero(fabric=fabric, arc=one))
        bounds.append({"scenario": name, "upper_bps": throughput.per_gpu_bps.upper,
                       "lower_bps": throughput.per_gpu_bps.lower, "cut_bps": cut_per_s * throughput.bit_per_gpu,
                       "priced_links": int(np.count_nonzero(share)), "links": len(share),
                       "other_limits": float(1.0 - arcs_share)})  # fmt: skip
    return {"nodes": nodes, "links": links, "bounds": bounds}


def draw(data: Table) -> Figure:
    """Draw a `table`."""
    bounds = data["bounds"]
    with styled():
        drawn = figure(width_in=DOUBLE_IN, height_in=3.4)
        axes = np.atleast_1d(drawn.subplots(1, len(bounds)))
        for ax, bound in zip(axes, bounds, strict=True):
            nodes, links = (
                [row for row in data[key] if row["scenario"] == bound["scenario"]] for key in ("nodes", "links")
            )
            _draw_one(ax, nodes, links, bound)
        headline(drawn, text=_finding(bounds))
        footnote(
            drawn,
            text="Share of a link: its price times its capacity over the worth of all limits, in the dual "
            "certificate of all_to_all. Light grey: no price. Blue and orange: the sides of the narrowest "
            "halving found. 1% more on a link gains at most its share of 1%.",
        )
    return drawn


def _draw_one(
    ax: Axes, nodes: Sequence[Mapping[str, Any]], links: Sequence[Mapping[str, Any]], bound: Mapping[str, Any]
) -> None:
    at = {row["node"]: (row["along_track_m"], row["radial_m"]) for row in nodes}
    share = np.array([100.0 * row["share"] for row in links])
    ends = [(at[row["from"]], at[row["to"]]) for row in links]
    priced = np.flatnonzero(share > 0)
    free = np.flatnonzero(share == 0)
    ax.add_collection(LineCollection([ends[k] for k in free], colors=LIGHT, linewidths=0.8, zorder=1))
    lines = LineCollection(
        [ends[k] for k in priced], array=share[priced], cmap=LOAD_COLOURS, clim=(0.0, float(share.max(initial=1e-9))),
        linewidths=1.8, zorder=2,
    )  # fmt: skip
    ax.add_collection(lines)
    for side, colour in ((1, BLUE), (0, ORANGE)):
        xy = np.array([at[row["node"]] for row in nodes if row["side_of_cut"] == side])
        if xy.size:
            ax.scatter(xy[:, 0], xy[:, 1], s=10.0, color=colour, zorder=3, linewidths=0)
    bar = ax.figure.colorbar(lines, ax=ax, orientation="horizontal", shrink=0.8, aspect=35, pad=0.02)
    bar.set_label("share of the bound per link [%]")
    bar.outline.set_linewidth(0.4)
    ax.set_aspect("equal")
    ax.margins(0.05)
    ax.locator_params(axis="x", nbins=6)
    ax.set_xlabel("along-track [m]")
    ax.set_ylabel("radial [m]")
    rates = [f"{bound[end] / GIGABYTE_BPS:.4g}" for end in ("upper_bps", "cut_bps")]
    ax.set_title(f"{bound['scenario']}: at most {rates[0]} GB/s per GPU,\nby the narrowest halving alone {rates[1]}",
                 loc="left", fontsize=8.0)  # fmt: skip


def _finding(bounds: Sequence[Mapping[str, Any]]) -> str:
    parts = []
    for bound in bounds:
        excess = bound["cut_bps"] / bound["upper_bps"] - 1.0
        alone = "the halving alone" if excess < 1e-3 else f"the halving alone allows {excess:.1%} more"
        parts.append(f"{bound['priced_links']} of {bound['links']} in {bound['scenario']} ({alone})")
    return f"Links that hold all-to-all down: {', '.join(parts)}"
