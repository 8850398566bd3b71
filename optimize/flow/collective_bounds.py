"""What cuts allow a collective: the least cut per share that must leave it, and the least partition per tree.

Both are found exactly, by Newton's method on maximum flows. Where Edmonds' or Tutte's theorem applies the same flows
prove that trees which reach the bound exist; `packing` writes such trees down.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from links.frozen import FrozenArrays

from .expansion import Expansion
from .maxflow import max_flow

__all__ = ["CutBound", "PartitionBound", "cut_bound", "partition_bound"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

_RTOL = 1e-11  # a flow that misses its demand by less misses it by rounding


@dataclass(frozen=True, kw_only=True, eq=False)
class CutBound(FrozenArrays):
    """Greatest rate at which every endpoint can get all shares, each on its own.

    Parameters
    ----------
    lower_bps, upper_bps : float
        All maximum flows pass at `lower_bps`; `upper_bps` is that of the cut. Apart by rounding. [bit/s]
    side : (n,) bools
        Vertices on the sending side of the cut.
    """

    lower_bps: float
    upper_bps: float
    side: Bools


def cut_bound(*, expansion: Expansion, share: Floats) -> CutBound:
    """Rate at which every endpoint can be sent what the others hold, as far as cuts go. [bit/s]

    Parameters
    ----------
    expansion : Expansion
    share : (k,) array
        Part of the data that each endpoint holds, summing to 1.

    Notes
    -----
    x = min over vertex sets S that leave an endpoint out of (capacity out of S) / (share inside S). A source that feeds
    each endpoint x times its share has a maximum flow of x to every endpoint exactly when no set is below x; a set that
    is gives the next x, as in Dinkelbach's method. From every endpoint having to relay nothing in switches, trees reach x
    if all vertices are endpoints (Edmonds 1973), or if the digraph is Eulerian, when switches can be split off (Jackson
    1988; Bang-Jensen, Frank and Jackson 1995).

    References
    ----------
    J. Edmonds, Edge-disjoint branchings, in Combinatorial Algorithms, ed. Rustin (1973), 91. L. Zhao et al., ForestColl,
    arXiv:2402.06787, equation 1. J. Bang-Jensen, A. Frank and B. Jackson, SIAM J. Discrete Math. 8, 155 (1995).
    """
    held = share > 0
    source = expansion.n
    tail = np.concatenate([expansion.tail, np.full(int(held.sum()), source)])
    head = np.concatenate([expansion.head, expansion.endpoint[held]])
    # Everything but one endpoint is a first guess, and usually the answer.
    rate, best = np.inf, np.zeros(expansion.n, dtype=bool)
    for k, vertex in enumerate(expansion.endpoint):
        if share[k] < 1.0:
            side = np.ones(expansion.n, dtype=bool)
            side[vertex] = False
            rate, best = min((rate, best), (_cut_rate(expansion, side, share, rate), side), key=lambda item: item[0])
    lacking = 0.0
    for k, vertex in enumerate(expansion.endpoint):
        while share[k] < 1.0:
            capacity = np.concatenate([expansion.capacity_bps(rate_bps=rate), rate * share[held]])
            value, side = max_flow(n=source + 1, tail=tail, head=head, capacity=capacity, source=source, sink=int(vertex))
            short = rate - value
            found = _cut_rate(expansion, side[:source], share, rate) if short > _RTOL * rate else np.inf
            if found >= rate * (1.0 - _RTOL):
                lacking = max(lacking, short)
                break
            rate, best = found, side[:source]
    lower = max(rate - lacking / float(share[held].min()), 0.0)
    return CutBound(lower_bps=lower, upper_bps=rate, side=best)


def _cut_rate(expansion: Expansion, side: Bools, share: Floats, rate_bps: float) -> float:
    """Rate at which what must leave the side fills all that leads out of it; the limits taken that bind at `rate_bps`."""
    limit, own = expansion.through(
        side[expansion.tail] & ~side[expansion.head], rate_bps=rate_bps if np.isfinite(rate_bps) else 0.0
    )
    need = float(share[side[expansion.endpoint]].sum()) + own
    return limit / need if need > 0 else np.inf


@dataclass(frozen=True, kw_only=True, eq=False)
class PartitionBound(FrozenArrays):
    """Greatest rate of trees that join all endpoints, each used once up and once down.

    Parameters
    ----------
    lower_bps, upper_bps : float
        No partition is below `lower_bps`; `upper_bps` is that of `part`. [bit/s]
    part : (n,) ints
        Part of each vertex, -1 for switches outside of all.
    """

    lower_bps: float
    upper_bps: float
    part: Ints


def partition_bound(*, expansion: Expansion) -> PartitionBound:
    """Rate of an all-reduce without in-network computing, as far as partitions of the endpoints go. [bit/s]

    Notes
    -----
    A tree that gathers must leave, and one that broadcasts must enter, all parts but the root's: over k disjoint parts
    that hold all endpoints, sum of (capacity in + capacity out) / 2 >= 2 (k - 1) x. With both directions alike and every
    vertex an endpoint this is the theorem of Tutte (1961) and Nash-Williams (1961), and trees that reach the least
    partition exist. The least partition is found by the greedy algorithm of Dilworth truncation with one maximum flow
    for each endpoint (Barahona 1992), within Newton's method on x (Cunningham 1985).

    References
    ----------
    W. T. Tutte, J. London Math. Soc. 36, 221 (1961). C. St. J. A. Nash-Williams, ibid., 445. W. H. Cunningham, J. ACM 32,
    549 (1985). F. Barahona, Operations Research Letters 12, 387 (1992).
    """
    part = np.full(expansion.n, -1)
    part[expansion.endpoint] = np.arange(expansion.endpoint.size)
    rate, part = _partition_rate(expansion, part, np.inf)
    while True:
        margin, found = _worst_partition(expansion, rate)
        count = np.unique(found[found >= 0]).size
        better, found = _partition_rate(expansion, found, rate) if count > 1 else (np.inf, found)
        if better >= rate * (1.0 - _RTOL):
            return PartitionBound(lower_bps=max(rate + min(margin, 0.0), 0.0), upper_bps=rate, part=part)
        rate, part = better, found


def _sides(expansion: Expansion, rate_bps: float) -> tuple[Ints, Ints, Floats]:
    """Arcs in both directions, each with a quarter of its capacity: a boundary then counts half the mean of both ways."""
    quarter = expansion.capacity_bps(rate_bps=rate_bps) / 4.0
    ends = (expansion.tail, expansion.head)
    return np.concatenate(ends), np.concatenate(ends[::-1]), np.concatenate([quarter, quarter])


def _partition_rate(expansion: Expansion, part: Ints, rate_bps: float) -> tuple[float, Ints]:
    """Rate that the parts allow, after every part took the switches that make its boundary least."""
    at = rate_bps if np.isfinite(rate_bps) else 0.0
    part = _spread(expansion, part, at)
    tail, head = part[expansion.tail], part[expansion.head]
    inward, outward = (head >= 0) & (tail != head), (tail >= 0) & (tail != head)
    limits, owns = zip(*(expansion.through(crossing, rate_bps=at) for crossing in (inward, outward)), strict=True)
    count = np.unique(part[part >= 0]).size
    return sum(limits) / (4.0 * (count - 1) + sum(owns)), part


def _spread(expansion: Expansion, part: Ints, rate_bps: float) -> Ints:
    """Parts of endpoints grown by the switches that lower what crosses their boundaries."""
    if expansion.relays_only_at_endpoints:
        return part
    tail, head, weight = _sides(expansion, rate_bps)
    n = expansion.n
    grown = np.full(n, -1)
    own, source, sink = part[expansion.endpoint], n, n + 1
    ends = expansion.endpoint
    for label in np.unique(own):
        into = np.where(own == label, source, ends)
        onto = np.where(own == label, ends, sink)
        capacity = np.concatenate([weight, np.full(ends.size, 2.0 * weight.sum())])
        _, side = max_flow(n=n + 2, tail=np.concatenate([tail, into]), head=np.concatenate([head, onto]),
                           capacity=capacity, source=source, sink=sink)  # fmt: skip
        grown[side[:n] & (grown < 0)] = label
    return grown


def _worst_partition(expansion: Expansion, rate_bps: float) -> tuple[float, Ints]:
    """Least over partitions of half their boundaries minus (parts - 1) x rate [bit/s], and one that attains it, on vertices."""
    tail, head, weight = _sides(expansion, rate_bps)
    n, ends = expansion.n, expansion.endpoint
    k, source, sink = ends.size, expansion.n, expansion.n + 1
    level = np.zeros(k)
    label = np.arange(k)
    wall = 2.0 * (weight.sum() + rate_bps * k)
    for i in range(k):
        # Least over S with endpoint i and any earlier ones of (half what crosses S) - rate - (levels of the others in S).
        gain = np.where(np.arange(k) < i, np.maximum(level, 0.0), 0.0)
        loss = np.where(np.arange(k) < i, np.maximum(-level, 0.0), wall)
        gain[i], loss[i] = wall, 0.0
        value, side = max_flow(
            n=n + 2,
            tail=np.concatenate([tail, np.full(k, source), ends]),
            head=np.concatenate([head, ends, np.full(k, sink)]),
            capacity=np.concatenate([weight, gain, loss]), source=source, sink=sink,
        )  # fmt: skip
        level[i] = value - float(gain[:i].sum()) - rate_bps
        joined = np.isin(label, label[side[ends]])
        label[joined] = i
    part = np.full(n, -1)
    part[ends] = label
    return float(level.sum()) + rate_bps, part
