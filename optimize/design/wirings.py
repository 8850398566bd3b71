"""The most that any wiring of so many terminals could do: who may be linked, over which range, and how many are near.

Leaves out host interfaces and switches (the ladder keeps those beside it) and links that are re-pointed while traffic
flows.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.sparse import csgraph
from scipy.spatial.distance import cdist

from links.model import require_positive

__all__ = ["WiringBound", "hop_sequence", "wiring_bound"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_CHUNK = 256  # sources at a time, to bound memory
_NEARLY = 1.0 + 1e-9


@dataclass(frozen=True, kw_only=True)
class WiringBound:
    """Rounds of all_to_all per second that no wiring exceeds, and which argument proves it. [1/s]"""

    per_s: float
    how: str


def hop_sequence(*, count: int, terminals: int, others: int) -> Ints:
    """Least hops to the 1st, 2nd, ... of `count` nodes, whatever the wiring: shells filled from the inside. [-]

    Parameters
    ----------
    count : int
        Other nodes.
    terminals : int
        Links of the node itself, at most.
    others : int
        Links of any other node, at most.

    >>> hop_sequence(count=12, terminals=3, others=3).tolist()
    [1, 1, 1, 2, 2, 2, 2, 2, 2, 3, 3, 3]
    """
    if terminals < 1 or (others < 2 and count > terminals):
        raise ValueError(f"terminals={terminals}, others={others}: do not join {count + 1} nodes; give more terminals")
    hops, shell, near, hop = np.empty(count, dtype=np.int64), terminals, 0, 1
    while near < count:
        hops[near : near + shell] = hop
        near, shell, hop = near + shell, min(shell * (others - 1), count), hop + 1
    return hops


def wiring_bound(
    *,
    gpus: ArrayLike,
    terminals: ArrayLike,
    terminal_bps: float,
    pairs: ArrayLike | None = None,
    pair_bps: ArrayLike | None = None,
    positions_m: ArrayLike | None = None,
    reach_m: float = np.inf,
) -> WiringBound:
    """Rounds of all_to_all per second that no wiring of these terminals can exceed.

    Parameters
    ----------
    gpus : (n,) ints
        Of each node.
    terminals : int or (n,) ints
        Of each node, at least 1.
    terminal_bps : float
        The most that one carries over any range, one direction. [bit/s]
    pairs, pair_bps : (k, 2) ints and (k,) array, optional
        Pairs i < j that may be linked, each once, and what a terminal carries between them [bit/s]; everyone with
        everyone if not given.
    positions_m : (n, 3) array, optional
        Where the nodes are at some time; with `reach_m`, and only without `pairs`. [m]
    reach_m : float
        No link is longer at that time. [m]

    Notes
    -----
    A terminal that carries c bit/s is worth one unit a second; a bit over a link of rate c uses 1/c of it. So for any
    wiring, time-invariant, over the pairs allowed,
        throughput <= sum of terminals / sum_st d_st cost(s, t),
    the certificate with the same price on every terminal, cost being the least sum of 1/c on any path of allowed pairs,
    or ceil(distance / reach) / terminal_bps. It is also at least hops / terminal_bps, and no wiring brings more nodes
    within k hops of s than shells of r, r (r-1), r (r-1)^2, ... hold. Both hold at once, and sum_t max(cost_t, hops_t)
    over all ways to hand out the hops is least where both are sorted alike. With unequal `gpus` the shells hold the
    heaviest nodes first.

    References
    ----------
    V. G. Cerf et al., Networks 4, 335 (1974) for the shells; F. Shahrokhi and D. W. Matula, J. ACM 37, 318 (1990) for
    the certificate.

    >>> petersen = wiring_bound(gpus=[1] * 10, terminals=3, terminal_bps=1.0)
    >>> round(petersen.per_s, 12), petersen.how
    (0.2, 'Moore bound, 3 terminals')
    """
    each = np.asarray(gpus, dtype=float)
    n = each.size
    have = np.broadcast_to(np.asarray(terminals), (n,)).astype(np.int64)
    require_positive(terminal_bps, name="terminal_bps")
    require_positive(each, name="gpus", zero=True)
    require_positive(have, name="terminals")
    ends = np.flatnonzero(each > 0)
    if ends.size < 2:
        raise ValueError(f"gpus: {ends.size} nodes have any; a bound needs at least 2")
    if pairs is not None and positions_m is not None:
        raise ValueError("pairs and positions_m: give one of them, who may be linked or how far a link reaches")
    if pair_bps is not None and (np.asarray(pair_bps) > terminal_bps * _NEARLY).any():
        raise ValueError(f"terminal_bps={terminal_bps:g}: a pair carries {np.max(pair_bps):g}; give the most over any")
    graph = None if pairs is None else _graph(np.asarray(pairs, dtype=np.int64), np.asarray(pair_bps, dtype=float), n)
    places = None if positions_m is None or not np.isfinite(reach_m) else np.asarray(positions_m, dtype=float)
    heaviest = np.concatenate([[0.0], np.cumsum(np.sort(each[ends])[::-1])])
    hops = {int(t): hop_sequence(count=n - 1, terminals=int(t), others=int(have.max())) for t in np.unique(have[ends])}
    # GPUs that the shells up to each hop can hold
    held = {t: heaviest[np.minimum(np.cumsum(np.bincount(h)[1:]), ends.size)] for t, h in hops.items()}
    totals = np.zeros(3)  # by cost, by hops, by both
    sources, times = ends, np.ones(ends.size)
    if graph is None and places is None:  # then nodes with the same GPUs and terminals are alike
        _, first, count = np.unique(np.stack([each[ends], have[ends]]), axis=1, return_index=True, return_counts=True)
        sources, times = ends[first], count.astype(float)
    for start in range(0, sources.size, _CHUNK):
        chunk = sources[start : start + _CHUNK]
        cost = np.zeros((chunk.size, n))
        if graph is not None:
            cost = np.asarray(csgraph.dijkstra(graph, directed=False, indices=chunk))
        elif places is not None:
            cost = np.ceil(cdist(places[chunk], places) / (reach_m * _NEARLY)) / terminal_bps
        cost[np.arange(chunk.size), chunk] = -np.inf  # comes first, and is left out
        cost = cost[:, ends]
        order = np.argsort(cost, axis=1)[:, 1:]
        cost, weight = np.take_along_axis(cost, order, axis=1), each[ends][order]
        before = np.cumsum(weight, axis=1) - weight
        least = np.empty_like(cost)
        for t, limit in held.items():
            rows = have[chunk] == t
            least[rows] = (np.searchsorted(limit, before[rows], side="right") + 1) / terminal_bps
        sums = [(weight * part).sum(axis=1) for part in (cost, least, np.maximum(cost, least))]
        totals += (times[start : start + _CHUNK] * each[chunk]) @ np.stack(sums, axis=1)
    worth = float(have.sum())
    return WiringBound(per_s=worth / float(totals[2]), how=_how(totals, int(have.max()), graph is not None))


def _how(totals: Floats, terminals: int, seen: bool) -> str:
    by_cost, by_hops, both = totals.tolist()
    where = "lines of sight and rates by range" if seen else "distance over reach"
    if both <= by_hops * _NEARLY:
        return f"Moore bound, {terminals} terminals"
    return where if both <= by_cost * _NEARLY else f"{where}, with the Moore bound's shells"


def _graph(pairs: Ints, rate_bps: Floats, n: int) -> sparse.csr_array:
    """Cost of one bit over each pair, in seconds of a terminal."""
    if pairs.ndim != 2 or pairs.shape[1:] != (2,) or rate_bps.shape != (len(pairs),):
        raise ValueError(f"pairs of shape {pairs.shape}, pair_bps of {rate_bps.shape}: need (k, 2) and (k,)")
    require_positive(rate_bps, name="pair_bps")
    first, second = pairs[:, 0], pairs[:, 1]
    wrong = (first < 0) | (first >= second) | (second >= n)
    if wrong.any():
        i, j = pairs[np.argmax(wrong)].tolist()
        raise ValueError(f"pairs: ({i}, {j}); give i < j, both from 0 to {n - 1}")
    _, index, count = np.unique(first * n + second, return_index=True, return_counts=True)
    if (count > 1).any():
        i, j = pairs[index[np.argmax(count)]].tolist()
        raise ValueError(f"pairs: ({i}, {j}) is there {count.max()} times; give each pair once, with its highest rate")
    return sparse.csr_array((1.0 / rate_bps, (first, second)), shape=(n, n))
