"""A fabric as a graph of vertices and arcs alone: node limits become arcs, the GPUs of a node one endpoint.

Leaves out what happens inside a node, except its share of ports that also serve the outside.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from links.frozen import FrozenArrays
from topo.fabric import Fabric

__all__ = ["Expansion", "check_gpus", "expand"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True, eq=False)
class Expansion(FrozenArrays):
    """Endpoint -> host -> way in -> switch -> way out -> host -> endpoint, without the vertices that limit nothing.

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
    """

    n: int
    tail: Ints
    head: Ints
    limit_arc: Ints
    limit_bps: Floats
    limit_own: Floats
    endpoint: Ints
    node: Ints

    @property
    def n_arcs(self) -> int:
        """Arcs."""
        return int(self.tail.size)

    @property
    def relays_only_at_endpoints(self) -> bool:
        """Whether every vertex is an endpoint, so that Edmonds' theorem alone decides what can be packed."""
        return self.n == self.endpoint.size

    def capacity_bps(self, *, rate_bps: float) -> Floats:
        """What each arc carries while the collective runs at this rate, shape (a,). [bit/s]"""
        capacity = np.full(self.n_arcs, np.inf)
        np.minimum.at(capacity, self.limit_arc, np.maximum(self.limit_bps - rate_bps * self.limit_own, 0.0))
        return capacity

    def through(self, crossing: Bools, *, rate_bps: float) -> tuple[float, float]:
        """Limit [bit/s] and own use [-] summed over the crossing arcs, each at the limit that binds at this rate."""
        order = np.lexsort((self.limit_bps - rate_bps * self.limit_own, self.limit_arc))
        binding = order[np.unique(self.limit_arc[order], return_index=True)[1][crossing]]
        return float(self.limit_bps[binding].sum()), float(self.limit_own[binding].sum())

    def is_balanced(self, *, rate_bps: float) -> bool:
        """Whether as much may enter as leave every vertex, to rounding: the digraph is Eulerian."""
        capacity = self.capacity_bps(rate_bps=rate_bps)
        out, into = (np.bincount(end, weights=capacity, minlength=self.n) for end in (self.tail, self.head))
        return bool(np.allclose(out, into, rtol=1e-12, atol=0.0))

    def is_symmetric(self) -> bool:
        """Whether every arc has a reverse with the same limits."""
        ahead = np.stack([self.tail[self.limit_arc], self.head[self.limit_arc], self.limit_bps, self.limit_own])
        back = ahead[[1, 0, 2, 3]]
        return bool(np.array_equal(ahead[:, np.lexsort(ahead)], back[:, np.lexsort(back)]))

    def reverse_arc(self) -> Ints:
        """Arc of the other direction of each arc of a symmetric expansion, shape (a,)."""
        ahead, back = self.tail * self.n + self.head, self.head * self.n + self.tail
        order = np.argsort(ahead)
        return np.asarray(order[np.searchsorted(ahead[order], back)])

    def reversed(self) -> "Expansion":
        """The same with every arc turned round: what gathers there scatters here."""
        return replace(self, tail=self.head, head=self.tail)


def expand(*, fabric: Fabric, inside_share: float = 0.0) -> Expansion:
    """Expansion of a fabric, the GPUs of each node contracted to one endpoint.

    Parameters
    ----------
    fabric : Fabric
    inside_share : float
        In a node of g GPUs, each passes inside_share (g - 1)/g to others of its node for every bit of the collective,
        and takes that much from ports which also serve the outside. [-]

    Notes
    -----
    A node that forwards gets a vertex for its switch (two, with an arc between them, if `switch_bps` can bind), and one
    for its endpoint if the host or the ports can bind. A node that does not forward has no switch: its links end at the
    endpoint, which may take data in and send them on, as GPUs in a rack do.
    """
    out, into = (
        np.bincount(e, weights=fabric.capacity_bps, minlength=fabric.n_nodes) for e in (fabric.tail, fabric.head)
    )
    most = np.maximum(out, into)  # a limit that the arcs of the node cannot reach is none, and costs no vertex
    switched = np.isfinite(fabric.switch_bps) & (fabric.switch_bps < into + np.minimum(fabric.host_bps, out))
    refused = switched & ~fabric.transit
    if refused.any():
        v = int(np.argmax(refused))
        raise ValueError(
            f"node {fabric.labels[v]}: switch_bps={fabric.switch_bps[v].item():g} at a node that does not forward is "
            "shared by what it sends and takes, which no cut can say; limit its host_bps instead"
        )
    is_end = fabric.gpus > 0
    gpus = np.maximum(fabric.gpus, 1).astype(float)
    port_bps, host_bps = np.where(is_end, gpus * fabric.port_bps, np.inf), np.minimum(fabric.host_bps, most)
    hosted = is_end & ((fabric.host_bps < most) | np.isfinite(port_bps) | switched)
    split = switched | (~fabric.transit & (hosted | ~is_end))
    # Vertices: the way in of every node, the way out where it is another one, the endpoint where it is another one.
    way_in = np.arange(fabric.n_nodes)
    way_out = np.where(split, fabric.n_nodes + np.cumsum(split) - 1, way_in)
    n = fabric.n_nodes + int(split.sum())
    end = np.where(hosted, n + np.cumsum(hosted) - 1, way_in)
    host, switch, ends = np.flatnonzero(hosted), np.flatnonzero(switched), np.flatnonzero(is_end)
    # An open node sends from its endpoint into the switch and takes what leaves it; a closed one has no switch to pass.
    sends, takes = np.where(fabric.transit, way_in, way_out)[host], np.where(fabric.transit, way_out, way_in)[host]
    arcs = fabric.n_arcs + switch.size + np.arange(2 * host.size)  # endpoint to node, then node to endpoint
    limits = (
        (np.arange(fabric.n_arcs), fabric.capacity_bps, np.zeros(fabric.n_arcs)),
        (fabric.n_arcs + np.arange(switch.size), fabric.switch_bps[switch], np.zeros(switch.size)),
        (arcs, np.tile(host_bps[host], 2), np.zeros(arcs.size)),
        (arcs, np.tile(port_bps[host], 2), np.tile(inside_share * (gpus - 1.0)[host], 2)),
    )
    arc, bps, own = (np.concatenate(column) for column in zip(*limits, strict=True))
    finite = np.isfinite(bps)
    return Expansion(
        n=n + host.size,
        tail=np.concatenate([way_out[fabric.tail], way_in[switch], end[host], takes]),
        head=np.concatenate([way_in[fabric.head], way_out[switch], sends, end[host]]),
        limit_arc=arc[finite], limit_bps=bps[finite], limit_own=own[finite], endpoint=end[ends], node=ends,
    )  # fmt: skip


def check_gpus(fabric: Fabric) -> None:
    """Refuse a collective of fewer than two GPUs, by `ValueError`."""
    if fabric.n_gpus < 2:
        raise ValueError(f"fabric {fabric.name!r} has {fabric.n_gpus} GPUs; a collective needs at least 2")
