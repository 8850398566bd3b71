"""What any traffic gets that sends and takes one rate at every GPU: between a routing of all-to-all and the cuts.

For fabrics too large to route such a traffic by itself. Leaves out the optimum: see `throughput`.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from topo.fabric import Fabric

from .certificate import Utilisation
from .interval import Interval
from .sweeps import directions, slow_modes, sparsest_cut
from .traffic import Traffic

__all__ = ["two_phase_bps"]

Floats = NDArray[np.float64]


def two_phase_bps(
    *, fabric: Fabric, traffic: Traffic, used: Utilisation, sides: Iterable[NDArray[np.bool_]] = ()
) -> Interval:
    """Rate per GPU of a traffic of which every GPU sends and takes one bit a round at most. [bit/s]

    Parameters
    ----------
    fabric : Fabric
    traffic : Traffic
        Such as `permutation`.
    used : Utilisation
        Of a checked routing of all-to-all at one round per second.
    sides : (n,) bools
        Cuts to try for the upper end, besides those along positions and slow modes.

    Notes
    -----
    Every GPU sends an equal part of its rate x by way of every GPU of a node that forwards: first there, then on to its
    end. Of G such GPUs either phase sends x / G a pair at most, so arcs and switches that carry r rounds of all-to-all
    a second carry x = r G / 2; hosts and ports carry x once, for the way in between is passed in the switch. Where
    some are closed all may go straight to its end, by the ways that all-to-all has for that pair. Upper end: the
    narrowest host, and capacity over traffic of the sparsest cut found.

    References
    ----------
    L. G. Valiant and G. J. Brebner, Universal schemes for parallel communication, STOC 1981, 263.
    """
    if traffic.bit_per_gpu != 1.0 or traffic.local_bit.any():
        raise ValueError(f"traffic {traffic.name!r}: a GPU must send one bit a round, all of it to other nodes")
    ends = fabric.gpus > 0
    over = np.maximum(traffic.sent_bit, traffic.received_bit)
    if (over > fabric.gpus * (1.0 + 1e-12)).any():
        raise ValueError(f"traffic {traffic.name!r}: a node sends or takes more than one bit a round for each GPU")
    busy = ends & (over > 0)
    if not busy.any():
        raise ValueError(f"traffic {traffic.name!r} sends nothing between nodes")
    own = float(
        np.minimum(fabric.host_bps[busy] / over[busy], fabric.port_bps[busy] * fabric.gpus[busy] / over[busy]).min()
    )
    per_s = 1.0 / max(float(used.arc.max()), float(used.switch.max()))
    forwarding = float(fabric.gpus[fabric.transit].sum())
    rounds = forwarding / 2.0 if fabric.transit.all() else max(forwarding / 2.0, _straight(fabric, traffic))
    lower = min(own, per_s * rounds)
    values = [*directions(fabric=fabric, count=36), *slow_modes(fabric=fabric), *(s.astype(float) for s in sides)]
    cut = sparsest_cut(fabric=fabric, traffic=traffic, values=values)
    upper = own if cut is None else min(own, cut.per_s)
    return Interval(lower=min(lower, upper), upper=upper)


def _straight(fabric: Fabric, traffic: Traffic) -> float:
    """Rounds of the traffic that fit into one of all-to-all when every bit takes the ways of its own pair."""
    least = np.inf
    sources = traffic.sources
    for part, bits in traffic.blocks(sources):
        every = np.outer(fabric.gpus[sources[part]], fabric.gpus)
        least = min(least, float((every[bits > 0] / bits[bits > 0]).min()))
    return least
