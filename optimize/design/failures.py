"""What a fabric keeps when links are sometimes out and one of them fails: the step below its worst time.

Leaves out failures of several links at once, and repairs.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from optimize.flow.certificate import worths
from optimize.flow.certified import Throughput
from optimize.flow.interval import Interval
from optimize.flow.node_limits import node_supplies
from optimize.flow.paths import distances
from optimize.flow.reachable import check_paths
from optimize.flow.routing import Routing
from optimize.flow.symmetry import find_symmetry
from optimize.flow.throughput import max_throughput
from optimize.flow.traffic import Traffic, all_to_all
from topo.fabric import Fabric

from .detours import Detours

__all__ = ["Loss", "with_outage", "without_link", "worst_link_loss", "worst_satellite_loss"]

Floats = NDArray[np.float64]

_MOST_FLOWS = 2**12  # of a linear program that takes a fraction of a second
_MOST_DIRECT_FLOWS = 2**24  # up to which proofs without search take seconds
_MOST_WORK = 2**19  # flows of all of them together
_MOST_SHIFTED, _SHIFTED_RTOL = 2**16, 0.02  # flows up to which the large solver takes a fraction of a second for that
_MANY = 100  # links whose loss is solved anew by it
_FEW = 4  # links whose loss is solved anew by proofs without search
_MOST_SATELLITES = 256  # whose loss is bounded by the prices, the most valuable first
_ROUNDING = 1e-9  # part of a sum of prices that may be rounding


@dataclass(frozen=True, kw_only=True)
class Loss:
    """What remains whichever single link, or satellite, fails.

    Parameters
    ----------
    per_s : Interval
        Rounds of all_to_all; the lower end is 0 where no routing was looked for, or none was found. [1/s]
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
    *,
    kept: Fabric,
    answer: Throughput,
    routing: Routing | None = None,
    at_worst: Fabric | None = None,
    tries: int | None = None,
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
    tries : int, optional
        Links whose loss is solved anew, the worst first. If not given, all that could be the worst, as far as some
        seconds of small linear programs go; up to some 90 nodes to 2 %; where that takes long, 4, by proofs without
        search; beyond some 1,000 nodes none.

    Notes
    -----
    The outage target has fixed each link's rate; while a link is out it delivers nothing, so its mean rate is capacity
    times availability. On top of that one link fails for good: one pair of terminals, the unit that a failed laser,
    gimbal or transceiver takes down. All traffic is then routed anew in the best way, and the worst link counts: what a
    network engineer calls N-1. Several links at once are not looked at. A lost satellite takes its own traffic along,
    which makes it another traffic: see `worst_satellite_loss`.

    Upper end: losing link e takes c_e y_e from the worth of the answer's prices, and no path gets shorter; and a node
    that loses its widest link sends no more than the others carry. Lower end: the routing stays as it is, and what the
    lost link carried takes a detour between its two ends over what the others have left, see `Detours`. Both are
    replaced by those of a new solution for the links solved anew. One link stands for all that a symmetry exchanges.
    """
    traffic = all_to_all(fabric=kept)
    if not traffic.sources.size:
        whole = Interval(lower=answer.lower_per_s, upper=answer.upper_per_s)
        return Loss(per_s=whole, what="none", how="all GPUs are at one node: no traffic uses a link")
    mean, worst = with_outage(fabric=kept), with_outage(fabric=kept if at_worst is None else at_worst)
    bounds, why = _bounds(kept if at_worst is None else at_worst, worst, traffic, answer)
    link = int(np.argmin(bounds))
    upper, how = float(bounds[link]), why[link]
    load = (answer.routing if routing is None else routing).arc_bit(fabric=kept, traffic=traffic)
    detours = Detours(fabric=mean, traffic=traffic, load=load)
    alike = _alike(mean, traffic)
    # Links that a symmetry exchanges are as good to lose; the least loaded of them stands for all.
    order = np.argsort(detours.busiest, kind="stable")
    each = order[np.unique(alike[order], return_index=True)[1]]
    lower = detours.per_s(links=each, enough_per_s=upper)
    effort = _Effort.of(traffic.sources.size * kept.n_arcs)
    tries = effort.tries if tries is None else tries
    unsolved = np.ones(each.size, dtype=bool)
    for _ in range(min(tries, each.size)):
        weakest = int(np.argmin(np.where(unsolved, lower, np.inf)))
        if lower[weakest] >= min(upper * (1.0 - 1e-9), float(lower[~unsolved].min(initial=np.inf))):
            break  # no other is worse than those solved
        unsolved[weakest] = False
        tried = int(each[weakest])
        found = _solve(without_link(fabric=mean, link=tried), traffic, effort)
        most = found if at_worst is None else _solve(without_link(fabric=worst, link=tried), traffic, effort)
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


@dataclass(frozen=True, kw_only=True)
class _Effort:
    """How a link's loss is solved anew, and for how many links."""

    method: Literal["auto", "direct", "large"]
    rtol: float
    tries: int

    @classmethod
    def of(cls, flows: int) -> "_Effort":
        """What a problem of so many flows allows in some seconds."""
        if flows <= _MOST_FLOWS:
            return cls(method="auto", rtol=1e-6, tries=max(_MOST_WORK // flows, _FEW))
        if flows <= _MOST_SHIFTED:
            return cls(method="large", rtol=_SHIFTED_RTOL, tries=_MANY)
        return cls(method="direct", rtol=1e-6, tries=_FEW if flows <= _MOST_DIRECT_FLOWS else 0)


def _solve(fabric: Fabric, traffic: Traffic, effort: _Effort) -> Interval:
    """Both ends anew; zero if someone is cut off."""
    try:
        check_paths(fabric=fabric, traffic=traffic)
    except ValueError:
        return Interval.point(0.0)
    answer = max_throughput(fabric=fabric, traffic=traffic, method=effort.method, rtol=effort.rtol)
    return Interval(lower=answer.lower_per_s, upper=answer.upper_per_s)


def _worth(fabric: Fabric, answer: Throughput) -> float:
    return sum(worths(fabric=fabric, prices=answer.prices).values())


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
    the GPUs that are left. So they may do better than all did, where a host or a link had its traffic with the lost one
    to carry too. Bounds are those of the answer's prices and of the links that each neighbour of the lost one has left;
    infinite if they prove nothing. An upper end only: no routing without the satellite is looked for.
    """
    traffic = all_to_all(fabric=kept)
    best, label, how = float("inf"), "none", "nothing is proved"
    lost, value = _bounds_without_node(kept, traffic, answer)
    if value.size and float(value.min()) < best:
        best, label, how = float(value.min()), kept.labels[int(lost[np.argmin(value)])], "prices without its own"
    bits = traffic.sent_bit[kept.tail] - kept.gpus[kept.tail] * kept.gpus[kept.head]
    busy = np.flatnonzero(bits > 0)
    whole = kept.outgoing_bps[kept.tail[busy]]
    several = whole > kept.capacity_bps[busy]  # a difference of sums, unless it is the only link
    left = np.where(several, whole * (1.0 + _ROUNDING) - kept.capacity_bps[busy], 0.0) / bits[busy]
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
    for name, supply in node_supplies(fabric=fabric).items():
        price = getattr(prices, name)
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
    # Both are differences of sums: rounding may only raise the bound.
    charge = whole / answer.upper_per_s * (1.0 - _ROUNDING) - saved
    bound = np.full(lost.size, np.inf)
    np.divide(whole * (1.0 + _ROUNDING) - at[lost], charge, out=bound, where=charge > 0)
    return lost, bound
