"""What one more terminal, channel, watt or link buys in all_to_all: solved again, with the prices as an upper bound.

A price alone is no gain: several limits may bind at once, and then none of them is worth anything by itself. Leaves out
what the addition costs, and metrics other than throughput.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from optimize.flow.certificate import Prices, price_bound_per_s
from optimize.flow.certified import Throughput
from optimize.flow.interval import Interval
from optimize.flow.paths import distances
from optimize.flow.throughput import max_throughput
from optimize.flow.traffic import all_to_all
from topo.fabric import Fabric

__all__ = ["Gain", "additions", "marginal_gains", "with_link"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Gain:
    """What an addition buys, per GPU.

    Parameters
    ----------
    what : str
    gain_bps : Interval
        New all_to_all minus old, both solved. [bit/s]
    at_most_bps : float
        The most that the old prices allow it to be. [bit/s]
    """

    what: str
    gain_bps: Interval
    at_most_bps: float


def with_link(*, fabric: Fabric, pair: tuple[int, int], capacity_bps: float) -> Fabric:
    """The fabric with a link more, or with more capacity on one that is there; both directions. [bit/s]

    A new link has one terminal at each end, and neither latency nor power: it is for throughput.
    """
    i, j = pair
    there = ((fabric.tail == i) & (fabric.head == j)) | ((fabric.tail == j) & (fabric.head == i))
    if there.any():
        return replace(
            fabric, capacity_bps=fabric.capacity_bps + capacity_bps * there, terminals=fabric.terminals + there
        )
    new: dict[str, Any] = {
        "tail": [i, j], "head": [j, i], "capacity_bps": [capacity_bps] * 2, "latency_s": [0.0] * 2,
        "latency_low_s": [0.0] * 2, "power_w": [0.0] * 2, "range_m": [0.0] * 2, "availability": [1.0] * 2,
        "terminals": [1] * 2, "medium": ["added"] * 2,
    }  # fmt: skip
    longer: dict[str, Any] = {name: np.concatenate([getattr(fabric, name), value]) for name, value in new.items()}
    return replace(fabric, **longer)


def additions(
    *,
    fabric: Fabric,
    answer: Throughput,
    channels: int | None = None,
    pairs: ArrayLike | None = None,
    pair_bps: ArrayLike | None = None,
) -> dict[str, Fabric]:
    """Fabrics with one thing more, each where the prices of the answer value it most.

    Parameters
    ----------
    fabric : Fabric
    answer : Throughput
        Its all_to_all.
    channels : int, optional
        Of every link; gives the fabric with one channel more on all of them.
    pairs, pair_bps : (k, 2) ints, (k,) array, optional
        Who may be linked, and what a terminal then carries [bit/s], as in `Sight`; gives the fabric with the link that
        is missed most.

    Notes
    -----
    The terminal is one at both ends of a link that is there. One watt more is not here: its rate is the link model's to
    say; build the fabric from a link with that watt, and give it to `marginal_gains` under its own name.
    """
    found: dict[str, Fabric] = {}
    each_bps = fabric.capacity_bps / fabric.terminals
    worth = np.bincount(fabric.link_of_arc, weights=each_bps * answer.prices.arc, minlength=fabric.n_links)
    arc = int(np.argmax(fabric.link_of_arc == int(np.argmax(worth))))
    pair = (int(fabric.tail[arc]), int(fabric.head[arc]))
    name = "-".join(fabric.labels[v] for v in pair)
    found[f"one more terminal at each end of {name}"] = with_link(
        fabric=fabric, pair=pair, capacity_bps=float(each_bps[arc])
    )
    if channels is not None:
        wider = fabric.capacity_bps * ((channels + 1.0) / channels)
        found["one more channel on every link"] = replace(fabric, capacity_bps=wider)
    if pairs is not None:
        ends, rate = np.asarray(pairs, dtype=np.int64).reshape(-1, 2), np.asarray(pair_bps, dtype=float)
        linked = np.isin(_key(ends, fabric), _key(np.stack([fabric.tail, fabric.head], axis=-1), fabric))
        ends, rate = ends[~linked], rate[~linked]
        if len(ends):
            k = int(np.argmax(rate * (_lengths(fabric, answer, ends) + _lengths(fabric, answer, ends[:, ::-1]))))
            i, j = (int(v) for v in ends[k])
            found[f"one more link {fabric.labels[i]}-{fabric.labels[j]}"] = with_link(
                fabric=fabric, pair=(i, j), capacity_bps=float(rate[k])
            )
    return found


def marginal_gains(
    *, fabric: Fabric, answer: Throughput, changes: Mapping[str, Fabric], rtol: float = 1e-6
) -> tuple[Gain, ...]:
    """What each addition buys in all_to_all per GPU, largest first.

    Parameters
    ----------
    fabric : Fabric
    answer : Throughput
        Its all_to_all.
    changes : mapping of str to Fabric
        By name, the fabric with something more: the same nodes, every arc with at least its capacity; see `additions`.
    rtol : float
        Width asked of each new solution.

    Notes
    -----
    The upper bound by price is the certificate of the old prices on the new fabric, where a new arc is given the length
    of the shortest path between its ends, so that no distance shrinks: c of it costs c times that length.

    >>> import networkx as nx
    >>> from topo import from_networkx
    >>> ring = from_networkx(nx.cycle_graph(4), name="ring", gpus=1, capacity_bps=8e9)
    >>> old = max_throughput(fabric=ring, traffic=all_to_all(fabric=ring))
    >>> more = with_link(fabric=ring, pair=(0, 2), capacity_bps=8e9)
    >>> [(gain.what, gain.gain_bps.as_rate()) for gain in marginal_gains(fabric=ring, answer=old, changes={"02": more})]
    [('02', '0.5 GB/s')]
    """
    if answer.traffic != "all_to_all":
        raise ValueError(f"gains are those of all_to_all; got the throughput of {answer.traffic!r}")
    gains = []
    for what, other in changes.items():
        prices = _prices_on(fabric, answer, other, what)
        traffic = all_to_all(fabric=other)
        hints = [answer] if other.n_arcs == fabric.n_arcs and np.array_equal(other.tail, fabric.tail) else []
        new = max_throughput(fabric=other, traffic=traffic, rtol=rtol, hints=hints)
        bound = price_bound_per_s(fabric=other, traffic=traffic, prices=prices)
        bit = answer.bit_per_gpu
        upper = max(new.upper_per_s - answer.lower_per_s, 0.0) * bit
        lower = min(max(new.lower_per_s - answer.upper_per_s, 0.0) * bit, upper)
        most = max((bound - answer.lower_per_s) * bit, lower)
        gains.append(Gain(what=what, gain_bps=Interval(lower=lower, upper=min(upper, most)), at_most_bps=most))
    return tuple(sorted(gains, key=lambda gain: -gain.gain_bps.upper))


def _key(ends: NDArray[np.int64], fabric: Fabric) -> NDArray[np.int64]:
    return np.asarray(ends.min(axis=1) * fabric.n_nodes + ends.max(axis=1), dtype=np.int64)


def _lengths(fabric: Fabric, answer: Throughput, ends: NDArray[np.int64]) -> Floats:
    """Length by the prices of the shortest path between each pair, without the switches of both ends."""
    sources, row = np.unique(ends[:, 0], return_inverse=True)
    switch = answer.prices.switch
    reach = distances(fabric=fabric, length=answer.prices.arc, sources=sources, entering=switch)
    return np.maximum(reach[row, ends[:, 1]] - switch[ends[:, 0]] - switch[ends[:, 1]], 0.0)


def _prices_on(fabric: Fabric, answer: Throughput, other: Fabric, what: str) -> Prices:
    """Prices of the answer for a fabric with more of something; `ValueError` if it has less of anything."""
    n = fabric.n_nodes
    old, new = (one.tail * n + one.head for one in (fabric, other))
    kept = np.isin(new, old)
    if other.labels != fabric.labels or not np.array_equal(other.gpus, fabric.gpus) or kept.sum() != old.size:
        raise ValueError(
            f"change {what!r}: has other nodes or GPUs, or fewer arcs; give the fabric with something more"
        )
    order = np.argsort(old)
    place = order[np.searchsorted(old[order], new[kept])]
    if (other.capacity_bps[kept] < fabric.capacity_bps[place] * (1.0 - 1e-12)).any():
        raise ValueError(f"change {what!r}: an arc has lost capacity; give the fabric with something more")
    arc = np.zeros(other.n_arcs)
    arc[kept] = answer.prices.arc[place]
    if not kept.all():
        arc[~kept] = _lengths(fabric, answer, np.stack([other.tail, other.head], axis=-1)[~kept])
    return replace(answer.prices, arc=arc, limit_arc=np.zeros(other.n_arcs))
