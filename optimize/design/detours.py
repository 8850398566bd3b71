"""Detours round one lost link: what a routing still carries when that link's load goes another way.

Only what goes over the lost link moves, so every answer is a lower end. Leaves out routing all traffic anew.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph

from optimize.flow.node_limits import fixed_per_s
from optimize.flow.traffic import Traffic
from topo.fabric import Fabric

__all__ = ["Detours"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_HALVINGS = 5  # of the rate that detours leave room for, for links that hold it down
_BISECTIONS = 30  # of the same for detours by neighbours
_WHOLE = 2**20  # units of the widest arc in a maximum flow over integers


class Detours:
    """What a routing still carries when one link's load goes round it.

    Parameters
    ----------
    fabric : Fabric
    traffic : Traffic
    load : (m,) array
        Of each arc in one round of the routing. [bit]
    """

    def __init__(self, *, fabric: Fabric, traffic: Traffic, load: Floats) -> None:
        self.fabric, self.load, self.sent = fabric, load, traffic.sent_bit
        arcs_per_s = 1.0 / max(float((load / fabric.capacity_bps).max()), float(self._switch_use(load).max()))
        self.base_per_s = min(arcs_per_s, fixed_per_s(fabric=fabric, traffic=traffic))
        self.arcs_of = np.split(
            np.argsort(fabric.link_of_arc, kind="stable"), np.cumsum(np.bincount(fabric.link_of_arc))[:-1]
        )
        self.busiest = np.array([float(load[arcs].max()) for arcs in self.arcs_of])
        # One sparse structure for all maximum flows: every arc and its reverse, in order.
        n = fabric.n_nodes
        key, back = fabric.tail * n + fabric.head, fabric.head * n + fabric.tail
        every = np.unique(np.concatenate([key, back]))
        self.place = np.searchsorted(every, key)
        self.indices = (every % n).astype(np.int32)
        self.indptr = np.searchsorted(every // n, np.arange(n + 1)).astype(np.int32)

    def _entered(self, load: Floats) -> Floats:
        """Bits of one round that pass each switch. [bit]"""
        return np.asarray(np.bincount(self.fabric.head, weights=load, minlength=self.fabric.n_nodes) + self.sent)

    def _switch_use(self, load: Floats) -> Floats:
        return np.asarray(self._entered(load) / self.fabric.switch_bps)

    def per_s(self, *, links: Ints, enough_per_s: float) -> Floats:
        """Rounds per second without each of the links; no better detour is looked for once they are enough. [1/s]"""
        enough = min(enough_per_s, self.base_per_s)
        found = np.full(links.size, self.base_per_s)
        for k in np.argsort(-self.busiest[links], kind="stable").tolist():
            arcs = self.arcs_of[links[k]]
            if self.busiest[links[k]] == 0:
                continue
            low, high, best = 0.0, enough, self._one(arcs, enough)
            for _ in range(_HALVINGS):
                if best >= min(enough, float(found.min())) * (1.0 - 1e-9):
                    break  # not the weakest link, or as strong as any
                middle = 0.5 * (max(low, best) + high)
                now = self._one(arcs, middle)
                low, high = (middle, high) if now >= middle else (low, middle)
                best = max(best, now)
            found[k] = best
        return found

    def by_neighbours_per_s(self) -> Floats:
        """Rounds per second without each link in turn, its load going by way of the neighbours both ends share. [1/s]

        Notes
        -----
        At r rounds/s a neighbour w takes what u-w and w-v both leave, min(c_uw / r - l_uw, c_wv / r - l_wv), which
        falls with r; r is halved until all neighbours together take the load of u-v. The two directions of a link use
        different arcs; of a switch each may use half of what is left. 0 where both ends share no open neighbour.
        """
        fabric, m = self.fabric, self.fabric.n_arcs
        moved = self.load / fabric.terminals
        arc, out, onward = self._triangles()
        spare_bps, used_bit = (
            fabric.switch_bps[fabric.head[out]] / 2.0,
            self._entered(self.load)[fabric.head[out]] / 2.0,
        )
        low, high = np.zeros(m), np.full(m, self.base_per_s)
        high[moved == 0] = low[moved == 0] = self.base_per_s
        tried = high.copy()
        for _ in range(_BISECTIONS):
            rate = tried[arc]
            room = np.minimum(fabric.capacity_bps[out] / rate - self.load[out],
                              fabric.capacity_bps[onward] / rate - self.load[onward])  # fmt: skip
            room = np.maximum(np.minimum(room, spare_bps / rate - used_bit), 0.0)
            enough = np.bincount(arc, weights=room, minlength=m) >= moved
            low, high = np.where(enough, tried, low), np.where(enough, high, tried)
            tried = np.where(low >= high, low, 0.5 * (low + high))
        found = np.full(fabric.n_links, self.base_per_s)
        np.minimum.at(found, fabric.link_of_arc, low)
        return found

    def _triangles(self) -> tuple[Ints, Ints, Ints]:
        """All arcs u-v with the arcs u-w and w-v of every open node w that has both."""
        fabric, n = self.fabric, self.fabric.n_nodes
        start = np.searchsorted(np.sort(fabric.tail), np.arange(n + 1))
        by_tail = np.argsort(fabric.tail, kind="stable")
        count = np.diff(start)[fabric.tail]
        arc = np.repeat(np.arange(fabric.n_arcs), count)
        within = np.arange(arc.size) - np.repeat(np.cumsum(count) - count, count)
        out = by_tail[start[fabric.tail[arc]] + within]
        key = fabric.tail * n + fabric.head
        order = np.argsort(key)
        wanted = fabric.head[out] * n + fabric.head[arc]
        place = np.minimum(np.searchsorted(key, wanted, sorter=order), key.size - 1)
        onward = order[place]
        good = (key[onward] == wanted) & fabric.transit[fabric.head[out]]
        return arc[good], out[good], onward[good]

    def _one(self, arcs: Ints, per_s: float) -> float:
        """Rounds per second when detours use what traffic at `per_s` leaves over."""
        fabric, share = self.fabric, 1.0 / self.fabric.terminals[arcs]
        capacity, load = fabric.capacity_bps.copy(), self.load.copy()
        capacity[arcs] *= 1.0 - share
        load[arcs] *= 1.0 - share
        for arc, part in zip(arcs.tolist(), share.tolist(), strict=True):
            moved = part * self.load[arc]
            if moved > 0:
                detour = self._detour(arc, np.maximum(capacity - per_s * load, 0.0))
                if detour is None:
                    return 0.0
                load = load + moved * detour
        used = load > 0
        if (capacity[used] <= 0).any():
            return 0.0
        busiest = max(float((load[used] / capacity[used]).max()), float(self._switch_use(load).max()))
        return min(self.base_per_s, 1.0 / busiest)

    def _detour(self, arc: int, room_bps: Floats) -> Floats | None:
        """A unit flow from the tail of an arc to its head over what room there is; None if there is none."""
        fabric = self.fabric
        source, sink = int(fabric.tail[arc]), int(fabric.head[arc])
        if not fabric.transit.all():
            shut = ~fabric.transit
            room_bps = np.where(shut[fabric.tail] & (fabric.tail != source), 0.0, room_bps)
            room_bps = np.where(shut[fabric.head] & (fabric.head != sink), 0.0, room_bps)
        widest = float(room_bps.max())
        if widest == 0.0:
            return None
        whole = np.zeros(self.indices.size, dtype=np.int32)
        whole[self.place] = np.floor(room_bps / widest * _WHOLE)
        graph = sparse.csr_array((whole, self.indices, self.indptr), shape=(fabric.n_nodes,) * 2)
        found = csgraph.maximum_flow(graph, source, sink)
        if found.flow_value == 0:
            return None
        net = sparse.csr_array(found.flow)
        aligned = np.array_equal(net.indices, self.indices)
        along = net.data[self.place] if aligned else np.asarray(net[fabric.tail, fabric.head]).ravel()
        return np.maximum(along, 0) / float(found.flow_value)
