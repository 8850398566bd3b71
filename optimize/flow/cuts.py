"""Cuts: the cheapest way found to halve a fabric, and the bisection as an interval.

A cut divides the endpoints (satellites and racks whole); switches, and the on-board switches behind host interfaces,
go where the cut is smaller. Leaves out an exact search: the lower end comes from certified throughput.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from links.frozen import FrozenArrays
from topo.fabric import Fabric

from .certificate import Utilisation, utilisation
from .certified import Throughput
from .direct import nonblocking_bps_per_gpu
from .interval import Interval
from .maxflow import FlowGraph
from .node_limits import own_bps
from .star import as_star
from .sweeps import SparsestCut, directions, slow_modes, sparsest_cut
from .traffic import Traffic, all_to_all

__all__ = ["Cut", "best_bisection", "bisection", "evaluate_cut", "sparsest"]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_FOREMOST = 64  # nodes of each side that are looked at for a swap
_MOST_SEARCHED = 2**16  # halves to improve, times their nodes
_MOST_PAIRS = 2**18  # pairs of neighbours of one switch
_ROUNDING = 1e-9  # part of a capacity that may be rounding
_MOST_TRIED = 12  # endpoints of which every balanced division is looked at
_MOST_SUMMED, _BLOCK = 18, 2**15  # the same where sums over arcs are enough, and how many at once
_MOST_POLISHED = 32  # endpoints up to which single moves and swaps are judged with all node limits


@dataclass(frozen=True, kw_only=True, eq=False)
class Cut(FrozenArrays):
    """A division of the endpoints in two.

    Parameters
    ----------
    side : (n,) bools
        Nodes whose GPUs are on the first side (False for switches).
    smaller_gpus : int
        GPUs of the smaller side.
    capacity_bps : float
        Of everything that joins the sides, the smaller direction, host interfaces included. [bit/s]
    arcs : (k,) ints
        Arcs that the cut of that direction crosses.
    """

    side: Bools
    smaller_gpus: int
    capacity_bps: float
    arcs: NDArray[np.int64]

    @property
    def per_gpu_bps(self) -> float:
        """Capacity over the GPUs of the smaller side. [bit/s]"""
        return self.capacity_bps / self.smaller_gpus


def evaluate_cut(*, fabric: Fabric, side: Bools) -> Cut:
    """The cut that divides the endpoints like `side`, everything else placed for the least capacity, both directions.

    Notes
    -----
    Per direction a minimum cut in the expansion endpoint -> host -> node-in -> switch -> node-out -> host -> endpoint
    (Ford and Fulkerson 1956); the capacity is then summed over the arcs of that cut, so it is the capacity of a real
    cut. Hosts are no wider than the ports of their GPUs.
    """
    return _Cuts(fabric).divide(side)


class _Cuts:
    """Cuts of one fabric, for one division of its endpoints after the other."""

    def __init__(self, fabric: Fabric) -> None:
        n, self.fabric = fabric.n_nodes, fabric
        self.ends = np.flatnonzero(fabric.gpus > 0)
        node_in, node_out = np.arange(n), n + np.arange(n)
        self.source, self.sink = 2 * n, 2 * n + 1
        through = np.flatnonzero(fabric.transit)
        # Closed nodes have no way through, but their own traffic passes their switch all the same.
        self.own = np.minimum(own_bps(fabric=fabric), np.where(fabric.transit, np.inf, fabric.switch_bps))[self.ends]
        enters, leaves = np.where(fabric.transit, node_in, node_out), np.where(fabric.transit, node_out, node_in)
        everywhere = np.ones(self.ends.size, dtype=np.int64)
        self.tail = np.concatenate(
            [node_out[fabric.tail], node_in[through], self.source * everywhere, leaves[self.ends]]
        )
        self.head = np.concatenate([node_in[fabric.head], node_out[through], enters[self.ends], self.sink * everywhere])
        self.fixed = np.concatenate([fabric.capacity_bps, fabric.switch_bps[through]])
        self.graph = FlowGraph(n=2 * n + 2, tail=self.tail, head=self.head)

    def divide(self, side: Bools) -> Cut:
        """See `evaluate_cut`."""
        gpus, first = self.fabric.gpus[self.ends], side[self.ends]
        counts = int(gpus[first].sum()), int(gpus[~first].sum())
        if not min(counts):
            raise ValueError("a cut needs GPUs on both sides")
        capacity, arcs = min(self._least(first), self._least(~first), key=lambda item: item[0])
        return Cut(side=side & (self.fabric.gpus > 0), smaller_gpus=min(counts), capacity_bps=capacity, arcs=arcs)

    def halve(self, half: Bools) -> Cut:
        """The cut that divides the endpoints like `half`, one entry for each."""
        side = np.zeros(self.fabric.n_nodes, dtype=bool)
        side[self.ends] = half
        return self.divide(side)

    def _least(self, origin: Bools) -> tuple[float, NDArray[np.int64]]:
        """Least capacity from the GPUs of those endpoints to all others, and the arcs of the fabric it crosses."""
        weight = np.concatenate([self.fixed, np.where(origin, self.own, 0.0), np.where(origin, 0.0, self.own)])
        _, side = self.graph.max_flow(capacity=weight, source=self.source, sink=self.sink)
        crossing = side[self.tail] & ~side[self.head]
        return float(weight[crossing].sum()), np.flatnonzero(crossing[: self.fabric.n_arcs])


def _orders(fabric: Fabric, ends: NDArray[np.int64]) -> Iterator[Floats]:
    """Values to sort the endpoints by: 36 directions in each coordinate plane, and the slowest Laplacian modes."""
    for value in directions(fabric=fabric, count=36):
        yield value[ends]
    if fabric.n_arcs > 0:
        for value in slow_modes(fabric=fabric):
            yield value[ends]


def _halve(order: Floats, gpus: NDArray[np.int64]) -> Bools:
    """First part in that order whose GPUs come nearest to half."""
    rank = np.argsort(order, kind="stable")
    held = np.cumsum(gpus[rank])
    count = int(np.argmin(np.abs(2 * held - held[-1]))) + 1
    side = np.zeros(gpus.size, dtype=bool)
    side[rank[: min(count, gpus.size - 1)]] = True
    return side


def best_bisection(*, fabric: Fabric, swaps: int = 200) -> Cut:
    """The cheapest balanced cut found: sweeps by position and Laplacian modes, each improved by swaps of equal nodes.

    Balanced means that the GPU counts differ by at most the largest node. Up to 12 nodes with GPUs every balanced
    division is looked at, up to 18 where nothing but links is limited, and up to 32 moves and swaps are judged with all
    limits. Beyond that a heuristic: the capacity is that of a real cut, so it bounds the bisection from above.
    """
    ends = np.flatnonzero(fabric.gpus > 0)
    gpus = fabric.gpus[ends]
    if ends.size < 2:
        raise ValueError(f"fabric {fabric.name!r} has {ends.size} nodes with GPUs; a cut needs at least 2")
    cuts = _Cuts(fabric)
    unlimited = not np.isfinite(own_bps(fabric=fabric)[ends]).any() and not np.isfinite(fabric.switch_bps).any()
    if unlimited and ends.size == fabric.n_nodes <= _MOST_SUMMED:
        return cuts.halve(_least_sum(fabric, gpus))
    if ends.size <= _MOST_TRIED:
        return min((cuts.halve(half) for half in _balanced_halves(gpus)), key=_per_gpu)
    joined = _contract_switches(fabric, ends)
    starts = {_halve(order, gpus).tobytes(): None for order in _orders(fabric, ends)}
    starts.setdefault(_halve(np.arange(ends.size, dtype=float), gpus).tobytes(), None)
    halves = [np.frombuffer(raw, dtype=bool).copy() for raw in starts]
    balanced = [h for h in halves if _is_balanced(h, gpus)]
    if not balanced:
        raise ValueError(
            f"fabric {fabric.name!r}: no cut with GPU counts that differ by at most {gpus.max()} was found"
        )
    balanced.sort(key=lambda half: _crossing(joined, half))
    few = max(4, _MOST_SEARCHED // ends.size)
    improved = {_swap(joined, h, gpus, swaps).tobytes(): None for h in balanced[:few]}
    score = sorted(improved, key=lambda raw: _crossing(joined, np.frombuffer(raw, dtype=bool)))
    best = min((cuts.halve(np.frombuffer(raw, dtype=bool)) for raw in score[: 4 if few > 4 else 1]), key=_per_gpu)
    return best if ends.size > _MOST_POLISHED else _polished(cuts, best)


def _per_gpu(cut: Cut) -> float:
    return cut.per_gpu_bps


def _is_balanced(half: Bools, gpus: NDArray[np.int64]) -> bool:
    return bool(half.any() and not half.all() and abs(2 * int(gpus[half].sum()) - int(gpus.sum())) <= gpus.max())


def _balanced_halves(gpus: NDArray[np.int64]) -> Iterator[Bools]:
    """Every balanced division of the endpoints, the last always on the second side."""
    for code in range(1, 2 ** (gpus.size - 1)):
        half = (code >> np.arange(gpus.size)) & 1 == 1
        if _is_balanced(half, gpus):
            yield half


def _least_sum(fabric: Fabric, gpus: NDArray[np.int64]) -> Bools:
    """The balanced division across which the arcs carry least per GPU, of all, where nothing but arcs is limited."""
    n, capacity = gpus.size, np.zeros((gpus.size,) * 2)
    np.add.at(capacity, (fabric.tail, fabric.head), fabric.capacity_bps)
    least, found = np.inf, np.zeros(n, dtype=bool)
    for start in range(1, 2 ** (n - 1), _BLOCK):
        codes = np.arange(start, min(start + _BLOCK, 2 ** (n - 1)))
        side = ((codes[:, None] >> np.arange(n)) & 1).astype(float)
        held = side @ gpus
        forth, back = (((1.0 - side) @ matrix * side).sum(axis=1) for matrix in (capacity.T, capacity))
        smaller = np.minimum(held, gpus.sum() - held)
        balanced = np.abs(2.0 * held - gpus.sum()) <= gpus.max()
        per_gpu = np.where(balanced, np.minimum(forth, back) / smaller, np.inf)
        best = int(np.argmin(per_gpu))
        if per_gpu[best] < least:
            least, found = float(per_gpu[best]), side[best] > 0
    return found


def _polished(cuts: _Cuts, cut: Cut) -> Cut:
    """Best cut after moves of one endpoint, or swaps of two, each the best there is, while they help."""
    ends, best = cuts.ends, cut
    gpus = cuts.fabric.gpus[ends]
    while True:
        half = best.side[ends]
        ones, others = np.flatnonzero(half), np.flatnonzero(~half)
        flips = [(v,) for v in range(ends.size)] + [(a, b) for a in ones.tolist() for b in others.tolist()]
        found = best
        for flip in flips:
            tried = half.copy()
            tried[list(flip)] ^= True
            if _is_balanced(tried, gpus):
                found = min(found, cuts.halve(tried), key=_per_gpu)
        if found.per_gpu_bps >= best.per_gpu_bps * (1.0 - _ROUNDING):
            return best
        best = found


def _contract_switches(fabric: Fabric, ends: NDArray[np.int64]) -> sparse.csr_array:
    """Symmetric weights between endpoints for the search; a switch shares its capacity among its neighbours.

    A switch with many neighbours joins all of them alike, so it says nothing about where to cut, and is left out.
    """
    n = fabric.n_nodes
    weight = sparse.csr_array((fabric.capacity_bps, (fabric.tail, fabric.head)), shape=(n, n))
    for s in np.flatnonzero(fabric.gpus == 0):
        row, column = sparse.csr_array(weight[[s]]), sparse.csr_array(weight[:, [s]])
        total = float(row.sum())
        keep = sparse.diags_array((np.arange(n) != s).astype(float), format="csr")
        if total > 0.0 and row.nnz * column.nnz <= _MOST_PAIRS:
            weight = sparse.csr_array(weight + column @ (row / total))
        weight = sparse.csr_array(keep @ weight @ keep)
    own = sparse.csr_array((weight + weight.T)[ends][:, ends])
    own.setdiag(0.0)
    own.eliminate_zeros()
    return own


def _crossing(weight: sparse.csr_array, side: Bools) -> float:
    return float((weight @ (~side).astype(float))[side].sum())


def _swap(weight: sparse.csr_array, side: Bools, gpus: NDArray[np.int64], most: int) -> Bools:
    """Swap nodes with equal GPU counts across the cut while that lowers its weight (Kernighan and Lin 1970).

    Of each side and count, the nodes are looked at that gain most alone: a swap gains no more than both alone.
    """
    side = side.copy()
    counts = np.unique(gpus)
    for _ in range(most):
        sign = np.where(side, 1.0, -1.0)
        outward = -sign * (weight @ sign)  # weight to the other side minus weight to one's own
        best, pair = 1e-9 * float(weight.max()), None
        for count in counts:
            one, other = (
                _foremost(outward, np.flatnonzero((gpus == count) & (side == mine))) for mine in (True, False)
            )
            if one.size and other.size:
                joined = weight[one][:, other].toarray()
                gain = outward[one][:, None] + outward[other][None, :] - 2.0 * joined
                a, b = np.unravel_index(int(np.argmax(gain)), gain.shape)
                if gain[a, b] > best:
                    best, pair = float(gain[a, b]), (one[a], other[b])
        if pair is None:
            break
        side[pair[0]], side[pair[1]] = False, True
    return side


def _foremost(gain: Floats, nodes: NDArray[np.int64]) -> NDArray[np.int64]:
    """The nodes that gain most alone, in their order."""
    if nodes.size <= _FOREMOST:
        return nodes
    return np.sort(nodes[np.argpartition(-gain[nodes], _FOREMOST)[:_FOREMOST]])


def bisection(*, fabric: Fabric, throughput: Throughput, used: Utilisation | None = None) -> tuple[Interval, Cut]:
    """Bisection per GPU of the smaller side [bit/s], as an interval, with the best cut found.

    Parameters
    ----------
    fabric : Fabric
    throughput : Throughput
        Certified all-to-all throughput of the same fabric; its routing gives the lower end.
    used : Utilisation, optional
        Of that routing at one round per second, if it is known already.

    Notes
    -----
    Let the routing, hosts left aside, carry r rounds/s, and let no host give less than eta per GPU. A cut that takes
    some endpoints at their hosts and parts the rest, a and b GPUs, by arcs has at least eta (G - a - b) + r a b. That
    is linear in a and in b, so it is least where none or all are taken: per GPU of the smaller side, bisection >=
    min(eta, r x GPUs of the larger side). A fabric that carries every traffic its hosts allow at eta per
    GPU (`nonblocking_bps_per_gpu`) has bisection >= eta.
    """
    if throughput.traffic != "all_to_all":
        raise ValueError(f"bisection needs the throughput of all_to_all, not of {throughput.traffic!r}")
    cut = best_bisection(fabric=fabric)
    if used is None:
        used = utilisation(fabric=fabric, traffic=all_to_all(fabric=fabric), routing=throughput.routing)
    arcs_per_s = 1.0 / max(float(used.arc.max()), float(used.switch.max()))
    ends = fabric.gpus > 0
    host_bps = float((own_bps(fabric=fabric)[ends] / fabric.gpus[ends]).min())
    counts = np.unique(fabric.gpus[fabric.gpus > 0])
    total = fabric.n_gpus
    nodes = int((fabric.gpus > 0).sum())
    larger = int(counts[0]) * -(-nodes // 2) if counts.size == 1 else -(-total // 2)
    star = as_star(fabric=fabric)
    every = nonblocking_bps_per_gpu(fabric=fabric) if star is None else star.any_traffic_bps_per_gpu()
    lower = max(min(host_bps, arcs_per_s * larger), every)
    return Interval(lower=min(lower, cut.per_gpu_bps), upper=cut.per_gpu_bps), cut


def sparsest(*, fabric: Fabric, traffic: Traffic, throughput: Throughput) -> tuple[Interval, SparsestCut]:
    """Least capacity over demand of all cuts [1/s], as an interval, with the cut that gives the upper end.

    Parameters
    ----------
    fabric : Fabric
        Its node limits are left aside: a cut parts nodes, and counts arcs.
    traffic : Traffic
    throughput : Throughput
        Certified for that traffic on that fabric; no cut allows less than its routing carries.

    Notes
    -----
    Cuts are prefixes of the nodes sorted by position along many directions and by slow Laplacian modes (Leighton and
    Rao, J. ACM 46, 787, 1999, say how far below the least cut throughput may lie), improved by moves of single nodes.

    Raises
    ------
    ValueError
        If the throughput is of another traffic, or nothing is sent between nodes.

    >>> import networkx as nx
    >>> from topo import from_networkx
    >>> from optimize.flow import max_throughput
    >>> ring = from_networkx(nx.cycle_graph(4), name="ring", gpus=1, capacity_bps=1.0)
    >>> traffic = all_to_all(fabric=ring)
    >>> bounds, cut = sparsest(fabric=ring, traffic=traffic, throughput=max_throughput(fabric=ring, traffic=traffic))
    >>> print(bounds.text(), int(cut.side.sum()))  # two links out of one half, 2 x 2 bits over them
    0.5 2
    """
    if throughput.traffic != traffic.name:
        raise ValueError(f"throughput is of {throughput.traffic!r}, not of {traffic.name!r}; solve that traffic")
    values = [*directions(fabric=fabric), *slow_modes(fabric=fabric), np.arange(fabric.n_nodes, dtype=float)]
    cut = sparsest_cut(fabric=fabric, traffic=traffic, values=values)
    if cut is None:
        raise ValueError(f"{traffic.name}: nothing is sent between nodes, so no cut parts it")
    return Interval(lower=min(throughput.lower_per_s, cut.per_s), upper=cut.per_s), cut
