"""A fabric as a graph of vertices and arcs alone: node limits become arcs, GPUs of one node one endpoint.

Leaves out what happens inside a node, except its share of ports that also serve the outside.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from links.frozen import FrozenArrays
from topo.fabric import Fabric

__all__ = ["Expansion", "expand"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Expansion(FrozenArrays):
    """Endpoint -> host -> way in -> switch -> way out -> host -> endpoint; vertices without need of their own are merged.

    Parameters
    ----------
    n : int
        Vertices.
    tail, head : (a,) ints
        Ends of the arcs; the first ones are the arcs of the fabric, in its order.
    limit_arc : (r,) ints
        Arc of each limit; every arc has one or more.
    limit_bps, limit_own : (r,) arrays
        At a rate x of the collective, the arc carries at most limit_bps - limit_own x. [bit/s, -]
    endpoint : (k,) ints
        Vertex of the GPUs of each node that has any; nothing else holds or combines data.
    node : (k,) ints
        Those nodes, in the fabric's order.
    gpus : (k,) ints
    """

    n: int
    tail: Ints
    head: Ints
    limit_arc: Ints
    limit_bps: Floats
    limit_own: Floats
    endpoint: Ints
    node: Ints
    gpus: Ints

    @property
    def n_arcs(self) -> int:
        """Arcs."""
        return int(self.tail.size)

    def capacity_bps(self, *, rate_bps: float) -> Floats:
        """What each arc carries while the collective runs at this rate, shape (a,). [bit/s]"""
        capacity = np.full(self.n_arcs, np.inf)
        np.minimum.at(capacity, self.limit_arc, np.maximum(self.limit_bps - rate_bps * self.limit_own, 0.0))
        return capacity

    def through(self, crossing: NDArray[np.bool_], *, rate_bps: float) -> tuple[float, float]:
        """Limit [bit/s] and own use [-] summed over the crossing arcs, each at the limit that binds at this rate."""
        binds = np.lexsort((self.limit_bps - rate_bps * self.limit_own, self.limit_arc))
        chosen = binds[np.unique(self.limit_arc[binds], return_index=True)[1][crossing]]
        return float(self.limit_bps[chosen].sum()), float(self.limit_own[chosen].sum())

    @property
    def relays_only_at_endpoints(self) -> bool:
        """Whether every vertex is an endpoint, so that Edmonds' theorem alone decides what can be packed."""
        return self.n == self.endpoint.size

    def is_balanced(self, *, rate_bps: float) -> bool:
        """Whether as much may enter as leave every vertex, to rounding: the digraph is Eulerian."""
        capacity = self.capacity_bps(rate_bps=rate_bps)
        out, into = (np.bincount(end, weights=capacity, minlength=self.n) for end in (self.tail, self.head))
        return bool(np.allclose(out, into, rtol=1e-12, atol=0.0))

    def is_symmetric(self) -> bool:
        """Whether every arc has a reverse with the same limits."""
        key = np.stack([self.tail[self.limit_arc], self.head[self.limit_arc], self.limit_bps, self.limit_own])
        back = key[[1, 0, 2, 3]]
        return bool(np.array_equal(key[:, np.lexsort(key)], back[:, np.lexsort(back)]))

    def reversed(self) -> "Expansion":
        """The same with every arc turned round: what gathers there scatters here."""
        return Expansion(n=self.n, tail=self.head, head=self.tail, limit_arc=self.limit_arc, limit_bps=self.limit_bps,
                         limit_own=self.limit_own, endpoint=self.endpoint, node=self.node, gpus=self.gpus)  # fmt: skip


def expand(*, fabric: Fabric, inside_share: float = 0.0) -> Expansion:
    """Expansion of a fabric, the GPUs of each node contracted to one endpoint.

    Parameters
    ----------
    fabric : Fabric
    inside_share : float
        What every GPU passes to others of its node, per bit of the collective, times g / (g - 1), g GPUs in the node; it
        takes that much from ports which also serve the outside. [-]

    Notes
    -----
    A node that forwards gets a vertex for its switch (two, with an arc between them, if `switch_bps` can bind), and one
    for its endpoint if the host or the ports can bind. A node that does not forward has no switch: its links end at
    the endpoint, which may take data in and send them on, as GPUs in a rack do.
    """
    is_end = fabric.gpus > 0
    gpus = fabric.gpus.astype(float)
    out, into = (np.bincount(e, weights=fabric.capacity_bps, minlength=fabric.n_nodes) for e in (fabric.tail, fabric.head))
    port_bps = np.where(is_end, np.maximum(gpus, 1.0) * fabric.port_bps, np.inf)
    own = inside_share * np.maximum(gpus - 1.0, 0.0)
    # A limit that the arcs of the node cannot reach is none, and costs no vertex.
    limited = np.isfinite(fabric.switch_bps) & (fabric.switch_bps < into + np.minimum(fabric.host_bps, out))
    reach_bps = np.maximum(out, into)
    hosted = is_end & ((fabric.host_bps < reach_bps) | np.isfinite(port_bps) | (limited & fabric.transit))
    if (limited & ~fabric.transit).any():
        v = int(np.argmax(limited & ~fabric.transit))
        raise ValueError(
            f"node {fabric.labels[v]}: switch_bps={fabric.switch_bps[v].item():g} at a node that does not forward is not "
            "a cut; limit its host_bps instead"
        )
    host_bps = np.minimum(fabric.host_bps, reach_bps)
    split = (fabric.transit & limited) | (~fabric.transit & (hosted | ~is_end))
    n = fabric.n_nodes
    way_in = np.arange(n)
    way_out, n = np.where(split, n + np.cumsum(split) - 1, way_in), n + int(split.sum())
    end, n = np.where(hosted, n + np.cumsum(hosted) - 1, way_in), n + int(hosted.sum())
    switch = np.flatnonzero(fabric.transit & split)
    host = np.flatnonzero(hosted)
    # An open node sends from its endpoint into the switch and takes what leaves it; a closed one has no switch to pass.
    tail = np.concatenate([way_out[fabric.tail], way_in[switch], end[host], np.where(fabric.transit, way_out, way_in)[host]])  # fmt: skip
    head = np.concatenate([way_in[fabric.head], way_out[switch], np.where(fabric.transit, way_in, way_out)[host], end[host]])  # fmt: skip
    m, s, h = fabric.n_arcs, switch.size, host.size
    first = np.arange(m + s + 2 * h)
    shared = np.arange(m + s, m + s + 2 * h)  # ports serve the host and the inside of the node
    bps = np.concatenate([fabric.capacity_bps, fabric.switch_bps[switch], np.tile(host_bps[host], 2), np.tile(port_bps[host], 2)])  # fmt: skip
    uses = np.concatenate([np.zeros(m + s + 2 * h), np.tile(own[host], 2)])
    arc = np.concatenate([first, shared])
    finite = np.isfinite(bps)
    ends = np.flatnonzero(is_end)
    return Expansion(n=n, tail=tail, head=head, limit_arc=arc[finite], limit_bps=bps[finite], limit_own=uses[finite],
                     endpoint=end[ends], node=ends, gpus=fabric.gpus[ends])  # fmt: skip
