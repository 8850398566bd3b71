"""Numbers behind the drawing that can be turned: places over the orbit, loads, prices and the cut.

Loads are those of the all-to-all optimum with the least total flow. Leaves out how it looks: see `report.js`.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from figures.plots import overview
from optimize.flow.certificate import utilisation
from optimize.study.case import as_series
from optimize.study.report import Proof, Report
from topo.fabric import FabricSeries

__all__ = ["drawing_table"]

Floats = NDArray[np.float64]

_MOST_NUMBERS = 500_000  # positions and capacities in one page, about 5 MB; beyond it fewer times are drawn


def drawing_table(report: Report) -> dict[str, Any]:
    """What is drawn, as nested plain values.

    Returns
    -------
    dict
        time_s, position_m (times x nodes x 3: radial, along-track, normal), in_orbit, period_s (None if the times are
        no whole orbit), nodes and arcs (lists of columns), capacity_bps and range_m (times x arcs; None where constant,
        or where the positions tell).
    """
    proof = report.proof("formation all_to_all, least flow")
    series = as_series(report.case.formation)
    places = series.positions_m
    in_orbit = places is not None and bool(np.ptp(places.reshape(-1, 3), axis=0).any())
    if places is None or not in_orbit:
        rows = overview.table(report)["nodes"]
        places = np.array([[[row["radial_m"], row["along_track_m"], 0.0] for row in rows]])
    drawn = _drawn_times(series)
    if len(places) == len(series):
        places = places[drawn]
    varying = bool((np.ptp(series.capacity_bps, axis=0) > 0).any())
    return {
        "in_orbit": in_orbit,
        "time_s": series.time_s[drawn].tolist(),
        "period_s": _period_s(report, series),
        "position_m": places.round(3).tolist(),
        "nodes": _nodes(report, proof),
        "arcs": _arcs(report, proof, series),
        "capacity_bps": series.capacity_bps[drawn].tolist() if varying else None,
        "range_m": None if in_orbit else series.range_m[drawn].tolist(),
    }


def _drawn_times(series: FabricSeries) -> slice:
    numbers = series.time_s.size * (3 * series.structure.n_nodes + series.structure.n_arcs)
    return slice(None, None, -(-numbers // _MOST_NUMBERS))


def _period_s(report: Report, series: FabricSeries) -> float | None:
    """Scenarios sample one whole orbit, its end not repeated; of other cases nothing is known."""
    scenario, times = report.case.scenario, series.time_s
    if scenario is None or scenario.orbit is None or times.size < 3:
        return None
    return float(times[1] - times[0]) * times.size


def _worth(proof: Proof) -> tuple[Floats, Floats]:
    """What every arc's capacity and every node's limits are worth at the prices; together they sum to 1. [-]"""
    fabric, prices = proof.fabric, proof.throughput.prices
    arcs = fabric.capacity_bps * prices.arc
    nodes = np.zeros(fabric.n_nodes)
    for limit, price in (
        (fabric.host_bps, prices.host_out),
        (fabric.host_bps, prices.host_in),
        (fabric.switch_bps, prices.switch),
        (fabric.local_bps, prices.local),
        (fabric.port_bps, prices.port),
    ):
        charged = price > 0  # an unlimited one has no price
        nodes[charged] += limit[charged] * price[charged]
    total = float(arcs.sum() + nodes.sum())
    return arcs / total, nodes / total


def _nodes(report: Report, proof: Proof) -> dict[str, list[Any]]:
    fabric, answer = proof.fabric, proof.throughput
    used = utilisation(fabric=fabric, traffic=proof.traffic, routing=answer.routing)
    load = used.arc * fabric.capacity_bps * answer.lower_per_s
    entering = np.bincount(fabric.head, weights=load, minlength=fabric.n_nodes)
    host = np.maximum(used.host_out, used.host_in) * answer.lower_per_s
    return {
        "label": list(fabric.labels),
        "gpus": fabric.gpus.tolist(),
        "side": report.cut.side.astype(int).tolist(),
        "switching_bps": (entering + proof.traffic.sent_bit * answer.lower_per_s).tolist(),
        "host_share": [
            share if limited else None
            for share, limited in zip(host.tolist(), np.isfinite(fabric.host_bps).tolist(), strict=True)
        ],
        "certificate_share": _worth(proof)[1].tolist(),
    }


def _arcs(report: Report, proof: Proof, series: FabricSeries) -> dict[str, list[Any]]:
    fabric, answer = proof.fabric, proof.throughput
    load = answer.routing.arc_bit(fabric=fabric, traffic=proof.traffic) * answer.lower_per_s
    crossed = np.isin(fabric.link_of_arc, fabric.link_of_arc[report.cut.arcs])
    return {
        "tail": fabric.tail.tolist(),
        "head": fabric.head.tolist(),
        "load_bps": load.tolist(),
        "kept_bps": fabric.capacity_bps.tolist(),
        "price": answer.prices.arc.tolist(),
        "certificate_share": _worth(proof)[0].tolist(),
        "in_cut": crossed.astype(int).tolist(),
        "shortest_m": series.range_m.min(axis=0).tolist(),
        "longest_m": series.range_m.max(axis=0).tolist(),
    }
