"""Cuts: the cheapest way found to halve a fabric, and the bisection as an interval.

A cut divides the endpoints (satellites and racks whole); switches, and the on-board switches behind host interfaces,
go where the cut is smaller. Leaves out an exact search: the lower end comes from certified throughput.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph

from links.frozen import FrozenArrays
from topo.fabric import Fabric

from .certificate import utilisation
from .direct import nonblocking_bps_per_gpu
from .interval import Interval
from .throughput import Throughput
from .traffic import all_to_all

__all__ = ["Cut", "best_bisection", "bisection", "evaluate_cut"]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


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
    (Ford and Fulkerson 1956), by scipy's maximum flow on capacities rounded to 2^-29 of the answer; the capacity is
    then summed exactly over the arcs of that cut, so it is the capacity of a real cut. Hosts are no wider than the
    ports of their GPUs.
    """
    ends = fabric.gpus > 0
    first, second = int(fabric.gpus[side & ends].sum()), int(fabric.gpus[~side & ends].sum())
    if not first or not second:
        raise ValueError("a cut needs GPUs on both sides")
    forward, backward = _least(fabric, side & ends, ~side & ends), _least(fabric, ~side & ends, side & ends)
    capacity, arcs = min(forward, backward, key=lambda item: item[0])
    return Cut(side=side & ends, smaller_gpus=min(first, second), capacity_bps=capacity, arcs=arcs)


def _least(fabric: Fabric, origin: Bools, target: Bools) -> tuple[float, NDArray[np.int64]]:
    """Least capacity from the GPUs of `origin` to those of `target`, and the fabric arcs it crosses."""
    n, m = fabric.n_nodes, fabric.n_arcs
    node_in, node_out = np.arange(n), n + np.arange(n)
    source, sink = 2 * n, 2 * n + 1
    send, take = np.flatnonzero(origin), np.flatnonzero(target)
    through = np.flatnonzero(fabric.transit)
    # Closed nodes have no way through, but their own traffic passes their switch all the same.
    own = np.minimum(_host_bps(fabric), np.where(fabric.transit, np.inf, fabric.switch_bps))
    enters, leaves = np.where(fabric.transit, node_in, node_out), np.where(fabric.transit, node_out, node_in)
    tail = np.concatenate([node_out[fabric.tail], node_in[through], np.full(send.size, source), leaves[take]])
    head = np.concatenate([node_in[fabric.head], node_out[through], enters[send], np.full(take.size, sink)])
    weight = np.concatenate([fabric.capacity_bps, fabric.switch_bps[through], own[send], own[take]])
    capacity, arcs = float(fabric.capacity_bps.sum()), np.arange(m)
    scale = 2.0 * capacity
    # scipy counts in int32. Nothing wider than the best cut so far is in a better one, so that cut sets the scale until
    # it shrinks no further.
    while 0.0 < capacity < 0.75 * scale:
        scale = capacity
        whole = np.rint(np.minimum(weight / scale, 2.0) * 2**29).astype(np.int32)
        graph = sparse.csr_array((whole, (tail, head)), shape=(2 * n + 2, 2 * n + 2))
        left = sparse.csr_array(graph - csgraph.maximum_flow(graph, source, sink).flow)
        left = left.multiply(left > 0).tocsr()
        reached = np.zeros(2 * n + 2, dtype=bool)
        reached[csgraph.breadth_first_order(left, source, return_predecessors=False)] = True
        crossing = reached[tail] & ~reached[head]
        if float(weight[crossing].sum()) <= capacity:
            capacity, arcs = float(weight[crossing].sum()), np.flatnonzero(crossing[:m])
    return capacity, arcs


def _host_bps(fabric: Fabric) -> Floats:
    return np.minimum(fabric.host_bps, np.maximum(fabric.gpus, 1) * fabric.port_bps)


def _orders(fabric: Fabric, ends: NDArray[np.int64]) -> Iterator[Floats]:
    """Values to sort the endpoints by: 36 directions in each coordinate plane, and the slowest Laplacian modes."""
    if fabric.positions_m is not None:
        where = fabric.positions_m[ends]
        angle = np.arange(36) * (np.pi / 36)
        for a, b in ((0, 1), (1, 2), (2, 0)):
            if np.ptp(where[:, a]) > 0 or np.ptp(where[:, b]) > 0:
                for cosine, sine in zip(np.cos(angle), np.sin(angle), strict=True):
                    yield cosine * where[:, a] + sine * where[:, b]
    n = fabric.n_nodes
    weight = sparse.csr_array((fabric.capacity_bps, (fabric.tail, fabric.head)), shape=(n, n))
    if fabric.n_arcs and n <= 2000:  # dense eigenvectors up to here take about a second
        laplacian = csgraph.laplacian((weight + weight.T).toarray() / float(fabric.capacity_bps.max()))
        modes = np.linalg.eigh(np.asarray(laplacian))[1]
        for k in range(1, min(7, n)):
            yield modes[ends, k]


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

    Balanced means that the GPU counts differ by at most the largest node. A heuristic: the capacity is that of a real
    cut, so it bounds the bisection from above.
    """
    ends = np.flatnonzero(fabric.gpus > 0)
    gpus = fabric.gpus[ends]
    if ends.size < 2:
        raise ValueError(f"fabric {fabric.name!r} has {ends.size} nodes with GPUs; a cut needs at least 2")
    joined = _contract_switches(fabric, ends)
    starts = {_halve(order, gpus).tobytes(): None for order in _orders(fabric, ends)}
    starts.setdefault(_halve(np.arange(ends.size, dtype=float), gpus).tobytes(), None)
    halves = [np.frombuffer(raw, dtype=bool).copy() for raw in starts]
    balanced = [h for h in halves if abs(2 * int(gpus[h].sum()) - int(gpus.sum())) <= gpus.max()]
    if not balanced:
        raise ValueError(
            f"fabric {fabric.name!r}: no cut with GPU counts that differ by at most {gpus.max()} was found"
        )
    improved = {_swap(joined, h, gpus, swaps).tobytes(): None for h in balanced}
    score = sorted(improved, key=lambda raw: float(_crossing(joined, np.frombuffer(raw, dtype=bool))))
    cuts = []
    for raw in score[:4]:
        side = np.zeros(fabric.n_nodes, dtype=bool)
        side[ends] = np.frombuffer(raw, dtype=bool)
        cuts.append(evaluate_cut(fabric=fabric, side=side))
    return min(cuts, key=lambda cut: cut.per_gpu_bps)


def _contract_switches(fabric: Fabric, ends: NDArray[np.int64]) -> Floats:
    """Symmetric weights between endpoints for the search; a switch shares its capacity among its neighbours."""
    n = fabric.n_nodes
    weight = sparse.csr_array((fabric.capacity_bps, (fabric.tail, fabric.head)), shape=(n, n)).toarray()
    for s in np.flatnonzero(fabric.gpus == 0):
        row, total = weight[s].copy(), weight[s].sum()
        if total > 0:
            weight += np.outer(weight[:, s], row / total)
        weight[s, :] = weight[:, s] = 0.0
    np.fill_diagonal(weight, 0.0)
    return np.asarray((weight + weight.T)[np.ix_(ends, ends)])


def _crossing(weight: Floats, side: Bools) -> float:
    return float(weight[np.ix_(side, ~side)].sum())


def _swap(weight: Floats, side: Bools, gpus: NDArray[np.int64], most: int) -> Bools:
    """Swap nodes with equal GPU counts across the cut while that lowers its weight (Kernighan and Lin 1970)."""
    side = side.copy()
    for _ in range(most):
        sign = np.where(side, 1.0, -1.0)
        outward = -sign * (weight @ sign)  # weight to the other side minus weight to one's own
        one, other = np.flatnonzero(side), np.flatnonzero(~side)
        gain = outward[one][:, None] + outward[other][None, :] - 2.0 * weight[np.ix_(one, other)]
        gain[gpus[one][:, None] != gpus[other][None, :]] = -np.inf
        a, b = np.unravel_index(int(np.argmax(gain)), gain.shape)
        if gain[a, b] <= 1e-9 * weight.max():
            break
        side[one[a]], side[other[b]] = False, True
    return side


def bisection(*, fabric: Fabric, throughput: Throughput) -> tuple[Interval, Cut]:
    """Bisection per GPU of the smaller side [bit/s], as an interval, with the best cut found.

    Parameters
    ----------
    fabric : Fabric
    throughput : Throughput
        Certified all-to-all throughput of the same fabric; its routing gives the lower end.

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
    used = utilisation(fabric=fabric, traffic=all_to_all(fabric=fabric), routing=throughput.routing)
    arcs_per_s = 1.0 / max(float(used.arc.max()), float(used.switch.max()))
    ends = fabric.gpus > 0
    host_bps = float((_host_bps(fabric)[ends] / fabric.gpus[ends]).min())
    counts = np.unique(fabric.gpus[fabric.gpus > 0])
    total = fabric.n_gpus
    nodes = int((fabric.gpus > 0).sum())
    larger = int(counts[0]) * -(-nodes // 2) if counts.size == 1 else -(-total // 2)
    lower = max(min(host_bps, arcs_per_s * larger), nonblocking_bps_per_gpu(fabric=fabric))
    return Interval(lower=min(lower, cut.per_gpu_bps), upper=cut.per_gpu_bps), cut
