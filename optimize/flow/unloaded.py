"""What a fabric offers before any traffic competes: injection, latency, power of its links."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from topo.fabric import Fabric

from .interval import Interval
from .many_paths import distance_blocks
from .node_limits import own_bps
from .star import as_star

__all__ = ["Latency", "injection_bps", "latency", "link_power_w"]


def injection_bps(*, fabric: Fabric) -> float:
    """Mean rate of a GPU into the fabric: sum of min(host, outgoing capacity) over G, one direction. [bit/s]"""
    if fabric.n_gpus == 0:
        raise ValueError(f"fabric {fabric.name!r} has no GPUs, so nothing is injected")
    ends = fabric.gpus > 0
    return float(np.minimum(own_bps(fabric=fabric), fabric.outgoing_bps)[ends].sum() / fabric.n_gpus)


def link_power_w(*, fabric: Fabric) -> float:
    """Electrical power of all link ends of the fabric. [W]"""
    return float(fabric.power_w.sum())


@dataclass(frozen=True, kw_only=True)
class Latency:
    """Latency of the least-latency paths between GPUs, unloaded. [s]"""

    mean: Interval
    worst: Interval


def latency(*, fabric: Fabric) -> Latency:
    """Mean and worst over GPU pairs of the least-latency path: arcs plus the switches of the nodes entered. [s]

    Notes
    -----
    GPUs of one node are one node switch apart. The lower ends take unsourced electronics at their least, which may be
    propagation alone; the upper ends at their most.
    """
    mean_high, worst_high = mean_low, worst_low = _over_pairs(fabric, fabric.latency_s, fabric.switch_latency_s)
    low = fabric.latency_low_s, fabric.switch_latency_low_s
    if not (np.array_equal(low[0], fabric.latency_s) and np.array_equal(low[1], fabric.switch_latency_s)):
        mean_low, worst_low = _over_pairs(fabric, *low)
    return Latency(mean=Interval(lower=mean_low, upper=mean_high), worst=Interval(lower=worst_low, upper=worst_high))


def _over_pairs(fabric: Fabric, arc_s: NDArray[np.float64], switch_s: NDArray[np.float64]) -> tuple[float, float]:
    if fabric.n_gpus < 2:
        raise ValueError(f"fabric {fabric.name!r} has {fabric.n_gpus} GPUs; latency needs a pair")
    star = as_star(fabric=fabric)
    if star is not None:
        return star.latency_s(arc_s=arc_s, switch_s=switch_s)
    gpus, ends = fabric.gpus.astype(float), np.flatnonzero(fabric.gpus > 0)
    total, worst = 0.0, 0.0
    for sources, found in distance_blocks(fabric=fabric, length=arc_s, entering=switch_s):
        if ends.size < fabric.n_nodes:
            found[:, fabric.gpus == 0] = 0.0
        furthest = float(found.max())
        if furthest == np.inf:
            raise ValueError(f"fabric {fabric.name!r}: some GPUs cannot reach each other; link them first")
        worst = max(worst, furthest)  # a GPU is no further from itself than from any other
        found[np.arange(sources.size), sources] *= 1.0 - 1.0 / gpus[sources]
        total += float(gpus[sources] @ (found @ gpus))
    return total / (fabric.n_gpus * (fabric.n_gpus - 1.0)), worst
