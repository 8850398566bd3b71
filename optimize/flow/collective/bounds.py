"""What cuts allow a collective: the least cut for the share that must leave it, the least partition for a tree.

Both are found exactly, by Newton's method on maximum flows. Where the theorem of Edmonds, or of Tutte and
Nash-Williams, applies, the same flows prove that trees which reach the bound exist; `packing` writes such trees down.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from links.frozen import FrozenArrays
from optimize.flow.maxflow import FlowGraph

from .expansion import Expansion

__all__ = ["CutBound", "PartitionBound", "cut_bound", "partition_bound"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

_RTOL = 1e-11  # a flow that misses its demand by less misses it by rounding


@dataclass(frozen=True, kw_only=True, eq=False)
class CutBound(FrozenArrays):
    """Greatest rate at which every endpoint can be sent all shares, each endpoint on its own.

    Parameters
    ----------
    lower_bps, upper_bps : float
        All maximum flows pass at `lower_bps`; `upper_bps` is the rate of the cut. Apart by rounding. [bit/s]
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
    is gives the next x (Newton's, or Dinkelbach's, method). Trees that reach x exist if all vertices are endpoints
    (Edmonds), and if the digraph is Eulerian, when switches can be split off one by one (Bang-Jensen, Frank, Jackson).

    References
    ----------
    J. Edmonds, Edge-disjoint branchings, in Combinatorial Algorithms, ed. R. Rustin (1973), p. 91. J. Bang-Jensen,
    A. Frank and B. Jackson, SIAM J. Discrete Math. 8, 155 (1995). L. Zhao et al., ForestColl, arXiv:2402.06787, eq. 1.
    """
    held = share > 0
    source = expansion.n
    tail = np.concatenate([expansion.tail, np.full(int(held.sum()), source)])
    head = np.concatenate([expansion.head, expansion.endpoint[held]])
    rate, best = np.inf, np.zeros(expansion.n, dtype=bool)
    targets = [int(v) for v, part in zip(expansion.endpoint, share, strict=True) if part < 1.0]
    for vertex in targets:  # everything but one endpoint is a first guess, and usually the answer
        side = np.arange(expansion.n) != vertex
        guess = _cut_rate(expansion, side, share, 0.0)
        if guess < rate:
            rate, best = guess, side
    graph, lacking = FlowGraph(n=source + 1, tail=tail, head=head), 0.0
    for vertex in targets:
        while True:
            capacity = np.concatenate([expansion.capacity_bps(rate_bps=rate), rate * share[held]])
            value, side = graph.max_flow(capacity=capacity, source=source, sink=vertex)
            short = rate - value
            found = _cut_rate(expansion, side[:source], share, rate) if short > _RTOL * rate else np.inf
            if found >= rate * (1.0 - _RTOL):
                lacking = max(lacking, short)
                break
            rate, best = found, side[:source]
    # A set with share q that a flow found short by d is met at a rate lower by d / q.
    return CutBound(lower_bps=max(rate - lacking / float(share[held].min()), 0.0), upper_bps=rate, side=best)


def _cut_rate(expansion: Expansion, side: Bools, share: Floats, rate_bps: float) -> float:
    """Rate at which what must leave a side fills the arcs out of it, each at the limit that binds at `rate_bps`."""
    limit, own = expansion.through(side[expansion.tail] & ~side[expansion.head], rate_bps=rate_bps)
    need = float(share[side[expansion.endpoint]].sum()) + own
    return limit / need if need > 0 else np.inf


@dataclass(frozen=True, kw_only=True, eq=False)
class PartitionBound(FrozenArrays):
    """Greatest rate of trees that join all endpoints, each used once up and once down.

    Parameters
    ----------
    lower_bps, upper_bps : float
        No partition is below `lower_bps`; `upper_bps` is the rate of `part`. Apart by rounding. [bit/s]
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
    that hold all endpoints, sum of (capacity in + capacity out) / 2 >= 2 (k - 1) x. If both directions are alike and
    every vertex is an endpoint, this is the theorem of Tutte and of Nash-Williams, and trees that reach the least
    partition exist. It is found by the greedy algorithm of Dilworth truncation, one maximum flow for each endpoint
    (Barahona), within Newton's method on x (Cunningham).

    References
    ----------
    W. T. Tutte, J. London Math. Soc. 36, 221 (1961). C. St. J. A. Nash-Williams, ibid., 445. W. H. Cunningham,
    J. ACM 32, 549 (1985). F. Barahona, Operations Research Letters 12, 387 (1992).
    """
    capacity = expansion.capacity_bps(rate_bps=0.0)
    ends, both = np.concatenate([expansion.tail, expansion.head]), np.concatenate([capacity, capacity])
    boundary = np.bincount(ends, weights=both, minlength=expansion.n)
    alone = np.arange(expansion.endpoint.size)
    rate, part = np.inf, np.full(expansion.n, -1)
    for labels in (alone, np.where(alone == np.argmin(boundary[expansion.endpoint]), 0, 1)):
        guess = np.full(expansion.n, -1)
        guess[expansion.endpoint] = labels
        better, guess = _partition_rate(expansion, guess, 0.0)
        if better < rate:
            rate, part = better, guess
    while True:
        margin, found = _worst_partition(expansion, rate)
        better = np.inf
        if np.unique(found[expansion.endpoint]).size > 1:
            better, found = _partition_rate(expansion, found, rate)
        if better >= rate * (1.0 - _RTOL):
            return PartitionBound(lower_bps=max(rate + min(margin, 0.0), 0.0), upper_bps=rate, part=part)
        rate, part = better, found


class _Joined:
    """Endpoints of an expansion joined to a source and a sink: cuts between those two count boundaries of vertices.

    Parameters
    ----------
    expansion : Expansion
    rate_bps : float
        At which limits that bind are looked up; a quarter of them in each direction, as a boundary counts half the mean
        of its directions. [bit/s]
    """

    def __init__(self, expansion: Expansion, rate_bps: float) -> None:
        quarter = expansion.capacity_bps(rate_bps=rate_bps) / 4.0
        self.weight = np.concatenate([quarter, quarter])
        n, ends = expansion.n, expansion.endpoint
        self.source, self.sink = n, n + 1
        tails = [expansion.tail, expansion.head, np.full(ends.size, n), ends]
        heads = [expansion.head, expansion.tail, ends, np.full(ends.size, n + 1)]
        self.graph = FlowGraph(n=n + 2, tail=np.concatenate(tails), head=np.concatenate(heads))

    def max_flow(self, gain: Floats, loss: Floats) -> tuple[float, Bools]:
        """Greatest flow when the source gives each endpoint so much, and the sink takes so much from it. [bit/s]"""
        capacity = np.concatenate([self.weight, gain, loss])
        return self.graph.max_flow(capacity=capacity, source=self.source, sink=self.sink)


def _partition_rate(expansion: Expansion, part: Ints, rate_bps: float) -> tuple[float, Ints]:
    """Rate that the parts allow, after each took the switches that make its boundary least."""
    part = _with_switches(expansion, part, rate_bps)
    tail, head = part[expansion.tail], part[expansion.head]
    boundaries = ((head >= 0) & (tail != head), (tail >= 0) & (tail != head))
    limits, owns = zip(*(expansion.through(crossing, rate_bps=rate_bps) for crossing in boundaries), strict=True)
    parts = np.unique(part[expansion.endpoint]).size
    return sum(limits) / (4.0 * (parts - 1) + sum(owns)), part


def _with_switches(expansion: Expansion, part: Ints, rate_bps: float) -> Ints:
    """Parts of endpoints grown by the switches that lower their boundaries: least cuts around each part."""
    if expansion.relays_only_at_endpoints:
        return part
    joined, ends = _Joined(expansion, rate_bps), expansion.endpoint
    grown = np.full(expansion.n, -1)
    for label in np.unique(part[ends]):
        mine = part[ends] == label
        _, side = joined.max_flow(np.where(mine, np.inf, 0.0), np.where(mine, 0.0, np.inf))
        grown[side[: expansion.n] & (grown < 0)] = label
    return grown


def _worst_partition(expansion: Expansion, rate_bps: float) -> tuple[float, Ints]:
    """Least of (half the boundaries of parts) - (parts - 1) x rate [bit/s], and parts of endpoints that attain it."""
    joined, ends = _Joined(expansion, rate_bps), expansion.endpoint
    k = ends.size
    level, label = np.zeros(k), np.arange(k)
    for i in range(k):
        # Level of i: least over sets of i and earlier ones of half the boundary - rate - levels of the others in it.
        gain, loss = np.maximum(level, 0.0), np.maximum(-level, 0.0)
        gain[i], loss[i + 1 :] = np.inf, np.inf
        value, side = joined.max_flow(gain, loss)
        side[ends[i]] = True
        level[i] = value - float(gain[:i].sum()) - rate_bps
        label[np.isin(label, label[side[ends] & (np.arange(k) <= i)])] = i  # tight sets that meet are tight together
    part = np.full(expansion.n, -1)
    part[ends] = label
    return float(level.sum()) + rate_bps, part
