"""Cuts as upper ends: sweeps along positions, along the slow modes of the graph, and over balls of a metric.

A sweep sorts the nodes by a value and looks at every prefix at once. Leaves out node limits, which only lower what a
cut allows; the capacity and the traffic across are summed exactly.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from links.frozen import FrozenArrays
from topo.fabric import Fabric

from .certificate import Prices
from .traffic import Traffic

__all__ = ["SparsestCut", "directions", "slow_modes", "sparsest_cut"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

_ROUNDING = 1e-9  # part of a sum, or of a bound, that may be rounding
_SUMS = 1e-13  # part of the greatest term that the rounding of a running sum may be
_MOVES = 400  # of single nodes across a cut
_FILTERS, _DEGREE = 8, 40  # rounds of polynomial filtering for the slow modes, and the degree of each


@dataclass(frozen=True, kw_only=True, eq=False)
class SparsestCut(FrozenArrays):
    """A cut that little capacity crosses for the traffic that has to.

    Parameters
    ----------
    side : (n,) bools
        Nodes that the traffic comes from.
    per_s : float
        Capacity of the arcs from them to the others over the bits per round that go the same way. [1/s]
    """

    side: Bools
    per_s: float

    def prices(self, *, fabric: Fabric) -> Prices:
        """A price of one on every arc that crosses."""
        return Prices.zero(fabric=fabric, arc=(self.side[fabric.tail] & ~self.side[fabric.head]).astype(float))


def directions(*, fabric: Fabric, count: int = 180) -> Iterator[Floats]:
    """Positions of the nodes along directions in each coordinate plane. [m]"""
    if fabric.positions_m is None:
        return
    angle = np.arange(count) * (np.pi / count)
    for a, b in ((0, 1), (1, 2), (2, 0)):
        one, other = fabric.positions_m[:, a], fabric.positions_m[:, b]
        if np.ptp(one) > 0 and np.ptp(other) > 0:
            yield from (c * one + s * other for c, s in zip(np.cos(angle), np.sin(angle), strict=True))
        elif np.ptp(one) > 0:
            yield one


def slow_modes(*, fabric: Fabric, count: int = 6, seed: int = 0) -> Iterator[Floats]:
    """Values of the nodes in the slowest modes of the graph's Laplacian, and in sums and differences of the first.

    Notes
    -----
    Subspace iteration with a Chebyshev filter (Zhou and Saad, SIAM J. Matrix Anal. Appl. 29, 954, 2007): approximate
    modes are good enough to sort by.
    """
    n = fabric.n_nodes
    weight = sparse.csr_array(
        (fabric.capacity_bps / fabric.capacity_bps.max(), (fabric.tail, fabric.head)), shape=(n, n)
    )
    weight = (weight + weight.T).tocsr()
    degree = np.asarray(weight.sum(axis=1)).ravel()
    top = 2.0 * float(degree.max())  # no eigenvalue is greater

    def laplacian(block: Floats) -> Floats:
        return np.asarray(degree[:, None] * block - weight @ block)

    modes = np.random.default_rng(seed).standard_normal((n, min(count + 2, n)))
    passed = 0.25 * top  # the filter damps what lies between this and the top
    for _ in range(_FILTERS):
        middle, half = 0.5 * (top + passed), 0.5 * (top - passed)
        before, now = modes, (laplacian(modes) - middle * modes) / half
        for _ in range(_DEGREE - 1):
            before, now = now, 2.0 * (laplacian(now) - middle * now) / half - before
        block = np.linalg.qr(now)[0]
        values, turn = np.linalg.eigh(block.T @ laplacian(block))
        modes = block @ turn
        passed = min(passed, max(float(values[-1]), 1e-3 * top))
    for k in range(1, modes.shape[1]):
        yield modes[:, k]
    for k in range(2, min(4, modes.shape[1])):
        yield modes[:, 1] - modes[:, k]
        yield modes[:, 1] + modes[:, k]


def sparsest_cut(
    *, fabric: Fabric, traffic: Traffic, values: Iterable[Floats], moves: int = _MOVES
) -> SparsestCut | None:
    """Cut that leaves least capacity for its traffic, of all prefixes of the nodes sorted by each of the values.

    Parameters
    ----------
    fabric, traffic
    values : (n,) arrays
    moves : int
        Single nodes that may change sides afterwards, one by one, while that lowers the bound.

    Returns
    -------
    SparsestCut, or None
        None if no prefix parts any traffic.
    """
    arcs, demands = _Entries(fabric.tail, fabric.head, fabric.capacity_bps), _Entries.of(traffic.explicit)
    best = np.inf
    side = np.zeros(fabric.n_nodes, dtype=bool)
    for value in values:
        order = np.argsort(value, kind="stable")
        for backward, ratio in enumerate(_prefixes(arcs, demands, traffic, order)):
            k = int(np.argmin(ratio))
            if ratio[k] < best:
                best = float(ratio[k])
                side[:] = backward
                side[order[: k + 1]] = not backward
    if best == np.inf:
        return None
    for _ in range(moves):
        v = _best_move(arcs, demands, traffic, side)
        if v is None:
            break
        side[v] = ~side[v]
    return SparsestCut(side=side, per_s=arcs.across(side) / _bits_across(demands, traffic, side))


class _Entries(NamedTuple):
    """Weights that lead from one node to another: capacities, or demands."""

    tail: Ints
    head: Ints
    weight: Floats

    @classmethod
    def of(cls, matrix: sparse.csr_array) -> "_Entries":
        """Entries of a matrix."""
        entries = matrix.tocoo()
        return cls(entries.row.astype(np.int64), entries.col.astype(np.int64), entries.data)

    def across(self, side: Bools) -> float:
        """Weight from one side to the other."""
        return float(self.weight[side[self.tail] & ~side[self.head]].sum())

    def across_prefixes(self, place: Ints, backward: bool) -> Floats:
        """Weight from each prefix of an order to the rest, or back; `place` is that of each node in the order."""
        ends = place[self.tail], place[self.head]
        start, end = ends[::-1] if backward else ends
        leads = start < end
        begins = np.bincount(start[leads], weights=self.weight[leads], minlength=place.size)
        ceases = np.bincount(end[leads], weights=self.weight[leads], minlength=place.size)
        # What may be rounding counts as that much, so that no cut is chosen for it.
        return np.asarray(np.maximum(np.cumsum(begins - ceases)[:-1], _SUMS * begins.sum()))

    def gains(self, side: Bools) -> Floats:
        """What each node adds to the weight across when it joins the side, or takes away when it leaves."""
        to_rest, from_side = ~side[self.head], side[self.tail]
        adds = np.bincount(self.tail[to_rest], weights=self.weight[to_rest], minlength=side.size)
        loses = np.bincount(self.head[from_side], weights=self.weight[from_side], minlength=side.size)
        return np.asarray(adds - loses)


def _prefixes(arcs: _Entries, demands: _Entries, traffic: Traffic, order: Ints) -> tuple[Floats, Floats]:
    """Capacity over traffic from each prefix to the rest, and from the rest to the prefix; inf where nothing goes."""
    place = np.empty(order.size, dtype=np.int64)
    place[order] = np.arange(order.size)
    out, into = np.cumsum(traffic.out[order])[:-1], np.cumsum(traffic.into[order])[:-1]

    def ratio(bits: Floats, backward: bool) -> Floats:
        bits = bits + demands.across_prefixes(place, backward)
        some = bits > _ROUNDING * bits.max(initial=0.0)  # a bound must not rest on sums that should be zero
        found = np.full(bits.size, np.inf)
        np.divide(arcs.across_prefixes(place, backward), bits, out=found, where=some)
        return found

    return ratio(out * (traffic.into.sum() - into), False), ratio(into * (traffic.out.sum() - out), True)


def _bits_across(demands: _Entries, traffic: Traffic, side: Bools) -> float:
    """Bits per round from one side to the other."""
    return float(traffic.out[side].sum() * traffic.into[~side].sum()) + demands.across(side)


def _best_move(arcs: _Entries, demands: _Entries, traffic: Traffic, side: Bools) -> int | None:
    """Node that lowers the bound most by changing sides, if one does."""
    capacity, bits = arcs.across(side), _bits_across(demands, traffic, side)
    out, into = float(traffic.out[side].sum()), float(traffic.into[~side].sum())
    sign = np.where(side, -1.0, 1.0)
    after = np.maximum(capacity + sign * arcs.gains(side), _SUMS * capacity)
    sent = (out + sign * traffic.out) * (into - sign * traffic.into) + demands.across(side) + sign * demands.gains(side)
    ratio = np.divide(after, sent, out=np.full(side.size, np.inf), where=sent > _ROUNDING * bits)
    v = int(np.argmin(ratio))
    return v if ratio[v] < (1.0 - _ROUNDING) * capacity / bits else None
