"""What a routing still carries when one link fails and its load goes round it: the rest stays as it is.

Leaves out routing everything anew, which can only carry more.
"""

import numpy as np
from numpy.typing import NDArray

from optimize.flow.maxflow import FlowGraph
from optimize.flow.node_limits import fixed_per_s
from optimize.flow.traffic import Traffic
from topo.fabric import Fabric

__all__ = ["Detours"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_HALVINGS = 5  # of the rate that maximum flows leave room for, for links that hold it down
_BISECTIONS = 50  # of the time a round takes, for detours over one node
_MOST_WAYS = 2**21  # over one node, looked at together
_MOST_WORK = 2**28  # arcs of all maximum flows together: 5 to 20 seconds
_NEARLY = 1.0 - 1e-9


class Detours:
    """Detours round every link of a fabric.

    Parameters
    ----------
    fabric : Fabric
    traffic : Traffic
    load : (m,) array
        Of every arc in one round, from a routing of the traffic. [bit]

    Notes
    -----
    One pair of terminals of the link fails. First its load goes over one node w, to which either end has a link: over
    (u, w) and (w, v) fit min(c T - load) bits while a round takes T, no more than the switch of w has left, and the
    least T that leaves room for all is found by bisection, for all links at once. Then, for links that hold the rate
    down, over whatever a maximum flow finds, until some 5 to 20 seconds of those are spent. Nodes that forward nothing
    are ways for neither. What comes back is recomputed from the loads that changed.
    """

    def __init__(self, *, fabric: Fabric, traffic: Traffic, load: Floats) -> None:
        self.fabric, self.load, self._sent = fabric, load, traffic.sent_bit
        busiest_s = max(
            float((load / fabric.capacity_bps).max()), float((self._entered(load) / fabric.switch_bps).max())
        )
        self.base_per_s = min(1.0 / busiest_s, fixed_per_s(fabric=fabric, traffic=traffic))
        self.busiest = np.zeros(fabric.n_links)
        np.maximum.at(self.busiest, fabric.link_of_arc, load)
        self._arcs_of = np.split(
            np.argsort(fabric.link_of_arc, kind="stable"), np.cumsum(np.bincount(fabric.link_of_arc))[:-1]
        )
        self._graph = FlowGraph(n=fabric.n_nodes, tail=fabric.tail, head=fabric.head)

    def _entered(self, load: Floats) -> Floats:
        """Bits of a round that enter the switch of each node."""
        return np.asarray(np.bincount(self.fabric.head, weights=load, minlength=self.fabric.n_nodes) + self._sent)

    def per_s(self, *, links: Ints, enough_per_s: float) -> Floats:
        """Rounds per second without each of the links; no better detour is looked for once they are enough. [1/s]"""
        enough = weakest = min(enough_per_s, self.base_per_s)
        found = self.over_one_node_per_s(links=links)
        work = _MOST_WORK
        for k in np.argsort(found, kind="stable").tolist():
            if found[k] >= weakest * _NEARLY or work < 0:
                break  # those that follow are not the weakest
            arcs = self._arcs_of[links[k]]
            work -= arcs.size * self.fabric.n_arcs
            low, high, best = 0.0, enough, max(float(found[k]), self._one(arcs, enough))
            for _ in range(_HALVINGS):
                if best >= weakest * _NEARLY:
                    break  # not the weakest link, or as strong as any
                middle = 0.5 * (max(low, best) + high)
                now = self._one(arcs, middle)
                low, high = (middle, high) if now >= middle else (low, middle)
                best = max(best, now)
                work -= arcs.size * self.fabric.n_arcs
            found[k] = best
            weakest = min(weakest, best)
        return found

    def over_one_node_per_s(self, *, links: Ints) -> Floats:
        """Rounds per second without each of the links when its load goes over nodes that both its ends know. [1/s]"""
        fabric = self.fabric
        out = np.bincount(fabric.tail, minlength=fabric.n_nodes)
        into = np.bincount(fabric.head, minlength=fabric.n_nodes)
        ways = np.bincount(
            fabric.link_of_arc, weights=np.minimum(out[fabric.tail], into[fabric.head]), minlength=fabric.n_links
        )[links]
        found = np.empty(links.size)
        part = (np.cumsum(ways) // _MOST_WAYS).astype(np.int64)
        for number in np.unique(part):
            some = part == number
            found[some] = self._over_one_node(links[some], out, into)
        return found

    def _over_one_node(self, links: Ints, out: Ints, into: Ints) -> Floats:
        fabric, load = self.fabric, self.load
        number = np.full(fabric.n_links, -1)
        number[links] = np.arange(links.size)
        arcs = np.flatnonzero((number[fabric.link_of_arc] >= 0) & (load > 0))
        of = number[fabric.link_of_arc[arcs]]
        moved = load[arcs] / fabric.terminals[arcs]
        arc, first, second = _ways(fabric, arcs, out, into)
        over = fabric.head[first]
        entered = self._entered(load)
        both = np.bincount(of, minlength=links.size)[of][arc]  # directions that share the switch

        def room(round_s: Floats) -> Floats:
            time_s = round_s[arc]
            left = np.minimum(
                fabric.capacity_bps[first] * time_s - load[first], fabric.capacity_bps[second] * time_s - load[second]
            )
            passing = (fabric.switch_bps[over] * time_s - entered[over]) / both
            return np.asarray(np.maximum(np.minimum(left, passing), 0.0))

        # The way over the best single node is long enough for all.
        alone_s = np.maximum(
            (load[first] + moved[arc]) / fabric.capacity_bps[first],
            (load[second] + moved[arc]) / fabric.capacity_bps[second],
        )
        alone_s = np.maximum(alone_s, (entered[over] + both * moved[arc]) / fabric.switch_bps[over])
        high = np.full(arcs.size, np.inf)
        np.minimum.at(high, arc, alone_s)
        none = np.isinf(high)
        high = np.maximum(np.where(none, 0.0, high), 1.0 / self.base_per_s)
        low = np.full(arcs.size, 1.0 / self.base_per_s)
        for _ in range(_BISECTIONS):
            middle = 0.5 * (low + high)
            enough = np.bincount(arc, weights=room(middle), minlength=arcs.size) >= moved
            low, high = np.where(enough, low, middle), np.where(enough, middle, high)
        share = room(high)
        total = np.bincount(arc, weights=share, minlength=arcs.size)
        # Where not even a single way has room but for rounding, nothing is claimed.
        none |= total <= 0
        share = share * np.divide(moved, total, out=np.zeros(arcs.size), where=total > 0)[arc]
        round_s = np.full(links.size, 1.0 / self.base_per_s)
        for used in (first, second):
            np.maximum.at(round_s, of[arc], (load[used] + share) / fabric.capacity_bps[used])
        pair, at = np.unique(of[arc] * fabric.n_nodes + over, return_inverse=True)
        link, node = np.divmod(pair, fabric.n_nodes)
        more = np.bincount(at, weights=share, minlength=pair.size)
        np.maximum.at(round_s, link, (entered[node] + more) / fabric.switch_bps[node])
        round_s[of[none]] = np.inf
        return 1.0 / round_s

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
        busiest = max(
            float((load[used] / capacity[used]).max()), float((self._entered(load) / fabric.switch_bps).max())
        )
        return min(self.base_per_s, 1.0 / busiest)

    def _detour(self, arc: int, room_bps: Floats) -> Floats | None:
        """A unit flow from the tail of an arc to its head over what room there is; None if there is none."""
        fabric = self.fabric
        source, sink = int(fabric.tail[arc]), int(fabric.head[arc])
        if not fabric.transit.all():
            shut = ~fabric.transit
            room_bps = np.where(shut[fabric.tail] & (fabric.tail != source), 0.0, room_bps)
            room_bps = np.where(shut[fabric.head] & (fabric.head != sink), 0.0, room_bps)
        return self._graph.unit_flow(capacity=room_bps, source=source, sink=sink)


def _ways(fabric: Fabric, arcs: Ints, out: Ints, into: Ints) -> tuple[Ints, Ints, Ints]:
    """Every way (u, w), (w, v) round arcs (u, v): position of the arc in `arcs`, and the two arcs of the way."""
    n, tail, head = fabric.n_nodes, fabric.tail, fabric.head
    key = tail * n + head
    order = np.argsort(key, kind="stable")
    ordered = key[order]
    # From the end with fewer links: a hub has as many ways as there are nodes, its leaf only one.
    few = out[tail[arcs]] <= into[head[arcs]]
    parts = []
    for chosen, end, degree, forward in ((few, tail, out, True), (~few, head, into, False)):
        at = np.flatnonzero(chosen)
        by = np.argsort(end, kind="stable")
        start = np.cumsum(degree) - degree
        here = end[arcs[at]]
        count = degree[here]
        arc = np.repeat(at, count)
        step = np.arange(arc.size) - np.repeat(np.cumsum(count) - count, count)
        near = by[np.repeat(start[here], count) + step]
        u, v = tail[arcs[arc]], head[arcs[arc]]
        wanted = head[near] * n + v if forward else u * n + tail[near]
        place = np.minimum(np.searchsorted(ordered, wanted), key.size - 1)
        far = order[place]
        good = (key[far] == wanted) & fabric.transit[head[near] if forward else tail[near]]
        pair = (near[good], far[good]) if forward else (far[good], near[good])
        parts.append((arc[good], *pair))
    arc, first, second = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    return arc, first, second
