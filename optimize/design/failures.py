"""What a fabric keeps when links are sometimes out and one of them fails: the step below its worst time.

Leaves out failures of several links at once, and repairs.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph

from optimize.flow.interval import Interval
from optimize.flow.paths import distances
from optimize.flow.routing import Routing
from optimize.flow.symmetry import find_symmetry
from optimize.flow.throughput import Throughput, max_throughput
from optimize.flow.traffic import Traffic, all_to_all
from topo.fabric import Fabric

__all__ = ["Loss", "with_outage", "without_link", "worst_link_loss", "worst_satellite_loss"]

Floats = NDArray[np.float64]

_MOST_DETOURS = 2**24  # links times arcs up to which every link gets its detour: some seconds
_MOST_FLOWS = 2**12  # of a linear program that takes a fraction of a second
_HALVINGS = 5  # of the rate that detours leave room for, for links that hold it down
_MOST_SATELLITES = 256  # whose loss is bounded by the prices, the most valuable first
_WHOLE = 2**20  # units of the widest arc in a maximum flow over integers


@dataclass(frozen=True, kw_only=True)
class Loss:
    """What remains whichever single link, or satellite, fails.

    Parameters
    ----------
    per_s : Interval
        Rounds of all_to_all; the lower end is 0 where no routing was looked for. [1/s]
    what : str
        The link or satellite that proves the upper end.
    how : str
        What proves it.
    """

    per_s: Interval
    what: str
    how: str


def with_outage(*, fabric: Fabric) -> Fabric:
    """The fabric whose links deliver nothing while they are out: capacity times availability, the mean over time."""
    return replace(fabric, capacity_bps=fabric.capacity_bps * fabric.availability)


def without_link(*, fabric: Fabric, link: int) -> Fabric:
    """The fabric with one terminal pair of a link (numbered by `Fabric.link_of_arc`) dark, both directions of it."""
    left = np.where(fabric.link_of_arc == link, 1.0 - 1.0 / fabric.terminals, 1.0)
    keep = np.flatnonzero(left > 0)
    names = (
        "tail", "head", "latency_s", "latency_low_s", "power_w", "range_m", "availability", "terminals", "medium",
    )  # fmt: skip
    arcs = {name: getattr(fabric, name)[keep] for name in names}
    fewer = arcs["terminals"] - (left[keep] < 1.0)
    return replace(
        fabric, name=f"{fabric.name}, one link lost", capacity_bps=(fabric.capacity_bps * left)[keep],
        **{**arcs, "terminals": fewer},
    )  # fmt: skip


def worst_link_loss(
    *, kept: Fabric, answer: Throughput, routing: Routing | None = None, at_worst: Fabric | None = None, tries: int = 4
) -> Loss:
    """Rounds of all_to_all per second that remain whichever one link fails, each link out for its share of the time.

    Parameters
    ----------
    kept : Fabric
        What every arc keeps at all times; proves the lower end.
    answer : Throughput
        all_to_all of `kept`; its upper end may be that of `at_worst`.
    routing : Routing, optional
        One of `kept` that fills as little as it must; that of the answer if not given.
    at_worst : Fabric, optional
        The same arcs at the time that proves the upper end of the answer.
    tries : int
        Links whose loss is solved anew, the worst first; by proofs without search where a linear program takes long.

    Notes
    -----
    The outage target has fixed each link's rate; while a link is out it delivers nothing, so its mean rate is capacity
    times availability. On top of that one link fails for good: one pair of terminals, the unit that a failed laser,
    gimbal or transceiver takes down. All traffic is then routed anew in the best way, and the worst link counts: what a
    network engineer calls N-1. Several links at once are not looked at. A lost satellite takes its own traffic along,
    which makes it another traffic: see `worst_satellite_loss`.

    Upper end: losing link e takes c_e y_e from the worth of the answer's prices, and no path gets shorter; and a node
    that loses its widest link sends no more than the others carry. Lower end: the routing stays as it is, and what the
    lost link carried takes a detour between its two ends, by maximum flows over what the others have left. Both are
    replaced by those of a new solution for the links solved anew. One link stands for all that a symmetry exchanges.
    """
    traffic = all_to_all(fabric=kept)
    mean, worst = with_outage(fabric=kept), with_outage(fabric=kept if at_worst is None else at_worst)
    bounds, why = _bounds(kept if at_worst is None else at_worst, worst, traffic, answer)
    link = int(np.argmin(bounds))
    upper, how = float(bounds[link]), why[link]
    if kept.n_links * kept.n_arcs > _MOST_DETOURS:
        return Loss(per_s=Interval(lower=0.0, upper=upper), what=_label(kept, link), how=how)
    load = (answer.routing if routing is None else routing).arc_bit(fabric=kept, traffic=traffic)
    detours = _Detours(mean, traffic, load)
    alike = _alike(mean, traffic)
    # Links that a symmetry exchanges are as good to lose; the least loaded of them stands for all.
    order = np.argsort(detours.busiest, kind="stable")
    each = order[np.unique(alike[order], return_index=True)[1]]
    lower = detours.per_s(links=each, enough_per_s=upper)
    small = traffic.sources.size * kept.n_arcs <= _MOST_FLOWS
    solved: set[int] = set()
    while len(solved) < tries:
        weakest = int(np.argmin(lower))
        if weakest in solved or lower[weakest] >= upper * (1.0 - 1e-9):
            break  # nothing to gain any more
        solved.add(weakest)
        tried = int(each[weakest])
        found = _solve(without_link(fabric=mean, link=tried), traffic, small)
        most = found if at_worst is None else _solve(without_link(fabric=worst, link=tried), traffic, small)
        lower[weakest] = max(found.lower, float(lower[weakest]))
        if most.upper < upper:
            upper, link, how = most.upper, tried, "solved anew without it"
    return Loss(per_s=Interval(lower=min(float(lower.min()), upper), upper=upper), what=_label(kept, link), how=how)


def _label(fabric: Fabric, link: int) -> str:
    arc = int(np.argmax(fabric.link_of_arc == link))
    return "-".join(fabric.labels[v] for v in sorted((int(fabric.tail[arc]), int(fabric.head[arc]))))


def _alike(fabric: Fabric, traffic: Traffic) -> NDArray[np.int64]:
    """Number of the class of each link; a symmetry of the fabric exchanges the links of a class."""
    if np.ptp(fabric.terminals) > 0:  # one of several terminals is a smaller part of a link: not the same loss
        return np.arange(fabric.n_links)
    orbit = find_symmetry(fabric=fabric, traffic=traffic).arc
    least = np.full(fabric.n_links, fabric.n_arcs)
    np.minimum.at(least, fabric.link_of_arc, orbit)
    return least


def _solve(fabric: Fabric, traffic: Traffic, small: bool) -> Interval:
    """Both ends anew; proofs without search only, where a linear program would take long."""
    if fabric.unreachable_pair() is not None:
        return Interval.point(0.0)
    answer = max_throughput(fabric=fabric, traffic=traffic, method="auto" if small else "direct")
    return Interval(lower=answer.lower_per_s, upper=answer.upper_per_s)


def _worth(fabric: Fabric, answer: Throughput) -> float:
    prices = answer.prices
    limits = (
        (fabric.capacity_bps, prices.arc), (fabric.host_bps, prices.host_out), (fabric.host_bps, prices.host_in),
        (fabric.switch_bps, prices.switch), (fabric.local_bps, prices.local), (fabric.port_bps, prices.port),
    )  # fmt: skip
    return sum(float(supply[price > 0] @ price[price > 0]) for supply, price in limits)


def _bounds(nominal: Fabric, mean: Fabric, traffic: Traffic, answer: Throughput) -> tuple[Floats, list[str]]:
    """Upper end without each link, and what proves it. [1/s]"""
    charge = _worth(nominal, answer) / answer.upper_per_s
    lost_bps = mean.capacity_bps / mean.terminals
    worth = np.bincount(mean.link_of_arc, weights=lost_bps * answer.prices.arc, minlength=mean.n_links)
    bound = (_worth(mean, answer) - worth) / charge
    why = ["prices of the answer without its own"] * mean.n_links
    for end, bits in ((mean.tail, traffic.sent_bit), (mean.head, traffic.received_bit)):
        whole = np.bincount(end, weights=mean.capacity_bps, minlength=mean.n_nodes)
        busy = np.flatnonzero(bits[end] > 0)
        left = np.maximum(whole[end[busy]] - lost_bps[busy], 0.0) / bits[end[busy]]
        for arc, value in zip(busy.tolist(), left.tolist(), strict=True):
            link = int(mean.link_of_arc[arc])
            if value < bound[link]:
                bound[link], why[link] = value, f"the other links of {mean.labels[int(end[arc])]}"
    return np.maximum(bound, 0.0), why


class _Detours:
    """What a routing still carries when one link's load goes round it."""

    def __init__(self, fabric: Fabric, traffic: Traffic, load: Floats) -> None:
        self.fabric, self.load, self.sent = fabric, load, traffic.sent_bit
        shares = [load / fabric.capacity_bps, self._switch_use(load)]
        for used, supply in (
            (traffic.sent_bit, fabric.host_bps),
            (traffic.received_bit, fabric.host_bps),
            (traffic.local_bit, fabric.local_bps),
            (traffic.port_bit(gpus=fabric.gpus), fabric.port_bps),
        ):
            shares.append(np.where(used > 0, used / supply, 0.0))
        self.base_per_s = 1.0 / max(float(share.max(initial=0.0)) for share in shares)
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

    def _switch_use(self, load: Floats) -> Floats:
        entered = np.bincount(self.fabric.head, weights=load, minlength=self.fabric.n_nodes)
        return np.asarray((entered + self.sent) / self.fabric.switch_bps)

    def per_s(self, *, links: NDArray[np.int64], enough_per_s: float) -> Floats:
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

    def _one(self, arcs: NDArray[np.int64], per_s: float) -> float:
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


def worst_satellite_loss(*, kept: Fabric, answer: Throughput) -> Loss:
    """Rounds of all_to_all among the survivors that cannot be exceeded for every single satellite lost. [1/s]

    Parameters
    ----------
    kept : Fabric
        The fabric, or its worst time, that proves the upper end of the answer.
    answer : Throughput
        Its all_to_all.

    Notes
    -----
    A lost satellite forwards nothing, and neither sends nor receives: the round is one bit for every ordered pair of
    the GPUs that are left. Bounds are those of the answer's prices, which may rise above the answer, and of the links
    that each neighbour of the lost one has left. An upper end only: no routing without the satellite is looked for.
    """
    traffic = all_to_all(fabric=kept)
    best, label, how = answer.upper_per_s, "none", "no satellite is proved to take anything away"
    lost, value = _bounds_without_node(kept, traffic, answer)
    if value.size and float(value.min()) < best:
        best, label, how = float(value.min()), kept.labels[int(lost[np.argmin(value)])], "prices without its own"
    bits = traffic.sent_bit[kept.tail] - kept.gpus[kept.tail] * kept.gpus[kept.head]
    busy = np.flatnonzero(bits > 0)
    left = np.maximum(kept.outgoing_bps[kept.tail[busy]] - kept.capacity_bps[busy], 0.0) / bits[busy]
    if busy.size and float(left.min()) < best:
        arc = int(busy[np.argmin(left)])
        best, label = float(left.min()), kept.labels[int(kept.head[arc])]
        how = f"the other links of {kept.labels[int(kept.tail[arc])]}"
    return Loss(per_s=Interval(lower=0.0, upper=best), what=label, how=how)


def _bounds_without_node(fabric: Fabric, traffic: Traffic, answer: Throughput) -> tuple[NDArray[np.int64], Floats]:
    """The nodes that the prices value most, and the upper end without each of them. [1/s]"""
    prices, n, whole = answer.prices, fabric.n_nodes, _worth(fabric, answer)
    arc = fabric.capacity_bps * prices.arc
    at = np.bincount(fabric.tail, weights=arc, minlength=n) + np.bincount(fabric.head, weights=arc, minlength=n)
    for supply, price in (
        (fabric.host_bps, prices.host_out + prices.host_in), (fabric.switch_bps, prices.switch),
        (fabric.local_bps, prices.local), (fabric.port_bps, prices.port),
    ):  # fmt: skip
        at = at + np.multiply(supply, price, out=np.zeros(n), where=price > 0)
    lost = np.argsort(-at, kind="stable")[:_MOST_SATELLITES]
    bits = traffic.rows(lost)  # as many arrive as leave
    saved = (traffic.local_bit * prices.local + traffic.port_bit(gpus=fabric.gpus) * prices.port)[lost]
    saved = saved + fabric.gpus[lost] * float(prices.port.sum())
    back = replace(fabric, tail=fabric.head, head=fabric.tail)
    for way, own, other in ((fabric, prices.host_out, prices.host_in), (back, prices.host_in, prices.host_out)):
        reach = distances(fabric=way, length=prices.arc, sources=lost, entering=prices.switch)
        paid = reach + own[lost][:, None] + other[None, :]
        saved = saved + np.multiply(bits, paid, out=np.zeros_like(bits), where=bits > 0).sum(axis=1)
    charge = whole / answer.upper_per_s - saved
    bound = np.full(lost.size, np.inf)
    np.divide(np.maximum(whole - at[lost], 0.0), charge, out=bound, where=charge > 0)
    return lost, bound
