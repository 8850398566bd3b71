"""Capacities pooled over the arcs and nodes that a symmetry or a reversal makes alike.

A routing averaged over the symmetries loads all members of a pool alike, so that only their sum counts. Leaves out
the search for symmetries: see `symmetry`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph

from links.frozen import FrozenArrays
from topo.fabric import Fabric

from .certificate import Prices
from .mixture import MirroredRouting, SymmetricRouting, reverse_arcs, same_both_ways
from .routing import Routing
from .symmetry import Symmetry
from .traffic import Traffic

__all__ = ["Pools"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Pools(FrozenArrays):
    """Pools of arcs, then pools of nodes with a finite switch, and one source for each orbit of nodes that send.

    Parameters
    ----------
    mirrored : bool
        Whether each flow stands for itself and its reversal, half each: both directions of a link are then one pool.
    generators : (g, n) ints
        Of the symmetries; there may be none.
    arc, node : (m,), (n,) ints
        Pool of each arc and node; -1 for nodes without a limit.
    members : (pools,) array
        Arcs or nodes in it.
    supply_bps : (pools,) array
        What they take together. [bit/s]
    own_bit : (pools,) array
        Bits per round that enter their switches in any case: what they send themselves. [bit]
    sources : (k,) ints
        One node for each orbit of nodes that send.
    times : (k,) array
        Nodes in its orbit.
    """

    mirrored: bool
    generators: Ints
    arc: Ints
    node: Ints
    members: Floats
    supply_bps: Floats
    own_bit: Floats
    sources: Ints
    times: Floats

    @classmethod
    def of(cls, *, fabric: Fabric, traffic: Traffic, symmetry: Symmetry) -> "Pools":
        """Pools of a fabric under a traffic, by a symmetry of both."""
        back = reverse_arcs(fabric=fabric)
        alike = (back >= 0).all() and np.array_equal(fabric.capacity_bps[back], fabric.capacity_bps)
        mirrored = bool(alike and same_both_ways(traffic=traffic))
        arc = symmetry.arc
        if mirrored:
            size = int(arc.max(initial=-1)) + 1
            joined = sparse.csr_array((np.ones(back.size), (arc, arc[back])), shape=(size, size))
            arc = csgraph.connected_components(joined, directed=False)[1][arc].astype(np.int64)
        count = int(arc.max(initial=-1)) + 1
        limited = np.isfinite(fabric.switch_bps)
        node = np.full(fabric.n_nodes, -1, dtype=np.int64)
        node[limited] = count + np.unique(symmetry.node[limited], return_inverse=True)[1]
        pools = count + np.unique(node[limited]).size
        both = np.concatenate([arc, node[limited]])

        def sums(pool: Ints, weight: Floats) -> Floats:
            return np.asarray(np.bincount(pool, weights=weight, minlength=pools), dtype=float)

        senders = traffic.sources
        _, first, times = np.unique(symmetry.node[senders], return_index=True, return_counts=True)
        return cls(
            mirrored=mirrored,
            generators=symmetry.generators,
            arc=arc,
            node=node,
            members=np.bincount(both, minlength=pools).astype(float),
            supply_bps=sums(both, np.concatenate([fabric.capacity_bps, fabric.switch_bps[limited]])),
            own_bit=sums(node[limited], traffic.sent_bit[limited]),
            sources=senders[first],
            times=times.astype(float),
        )

    def prices(self, price: Floats, *, fabric: Fabric) -> Prices:
        """Prices of arcs and switches, from those of one bit in each pool."""
        switch = np.zeros(self.node.size)
        limited = self.node >= 0
        switch[limited] = price[self.node[limited]]
        return Prices.zero(fabric=fabric, arc=price[self.arc], switch=switch)

    def routing(self, inner: Routing) -> Routing:
        """What `inner`, a routing from the sources of all that their orbits send, stands for."""
        routing = inner
        if len(self.generators):
            routing = SymmetricRouting(inner=routing, sources=self.sources, generators=self.generators)
        return MirroredRouting(inner=routing) if self.mirrored else routing
