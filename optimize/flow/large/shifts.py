"""Compiled flows: plant a tree of cheapest paths, then shift from dear to cheap paths until both cost the same.

A flow is a whole number of units of its source, so that it is conserved exactly. Leaves out which prices are worth
trying: see `solve`.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .oracle import Arcs, compiled, sorted_places

__all__ = ["improve"]

Floats = NDArray[np.float64]
Ints = NDArray[Any]

_FLOOR = 1e-9  # share of its full price that an idle resource keeps, so that no two nodes are at the same distance
_DEAREST = 1e200  # price of a resource far over the top
_STEPS = 4  # of Newton's method, on the roots of the costs, for one shift
_NEAR_ENOUGH = 0.2  # part of a difference in cost that a shift may leave over
_WORTHWHILE = 1e-3  # part of its cost that a source must save in a round, or it is left


class Market(NamedTuple):
    """Loads and prices of all resources: price = worth (idle + (load / top)^(2^squarings))."""

    load: Floats
    price: Floats
    top: float
    squarings: int
    idle: float


class Bush(NamedTuple):
    """Arcs that lead forward in an order of the nodes, sorted by the places of their heads; nodes are places here."""

    place: Ints
    first: Ints
    start: Ints
    arc: Ints
    carried: Ints


class Labels(NamedTuple):
    """Cheapest allowed and dearest used path to every place, and their last arcs."""

    near: Floats
    far: Floats
    short: Ints
    long: Ints


class Path(NamedTuple):
    """Arcs of a path segment backwards, and the places of their heads."""

    arc: Ints
    at: Ints


@compiled
def _power(base: float, squarings: int) -> float:
    """`base` to the power of 2^squarings, or the most that is still a price."""
    for _ in range(squarings):
        base = base * base
    return min(base, _DEAREST)


@compiled
def _use(arcs: Arcs, market: Market, r: int, bits: float) -> None:
    """Put so many bits more on a resource."""
    market.load[r] = max(market.load[r] + bits * arcs.gain[r], 0.0)
    market.price[r] = (_power(market.load[r] / market.top, market.squarings) + market.idle) * arcs.worth[r]


@compiled
def _unfold(arcs: Arcs, order: Ints, flow: Ints, bush: Bush) -> None:
    """Fill the bush of one source."""
    n = order.size
    for j in range(n):
        bush.place[order[j]] = j
    k = 0
    for j in range(n):
        bush.first[j] = k
        if j > 0:
            for e in range(arcs.ptr[order[j]], arcs.ptr[order[j] + 1]):
                t = bush.place[arcs.tail[e]]
                if t < j and (t == 0 or arcs.opened[arcs.tail[e]]):
                    bush.start[k] = t
                    bush.arc[k] = e
                    bush.carried[k] = abs(np.int32(flow[arcs.link[e]]))
                    k += 1
    bush.first[n] = k


@compiled
def _fold(arcs: Arcs, bush: Bush, flow: Ints) -> None:
    """Write what the bush carries back into a row of the table of flows."""
    for c in range(flow.size):
        flow[c] = 0
    for k in range(bush.first[bush.first.size - 1]):
        if bush.carried[k] > 0:
            e = bush.arc[k]
            flow[arcs.link[e]] = bush.carried[k] if arcs.along[e] else -bush.carried[k]


@compiled
def _label(arcs: Arcs, market: Market, order: Ints, bush: Bush, labels: Labels) -> float:
    """Fill the labels; the cost of all that is carried."""
    near, far, limited = labels.near, labels.far, arcs.node_row.size > 0
    near[0] = far[0] = 0.0
    cost = 0.0
    for j in range(1, order.size):
        least, most = np.inf, -1.0
        p, q = -1, -1
        here = 0.0
        if limited and arcs.node_row[order[j]] >= 0:
            here = market.price[arcs.node_row[order[j]]]
        for k in range(bush.first[j], bush.first[j + 1]):
            own = market.price[arcs.row[bush.arc[k]]] + here
            found = own + near[bush.start[k]]
            if found < least:
                least = found
                p = k
            if bush.carried[k] > 0:
                cost += own * bush.carried[k]
                found = own + far[bush.start[k]]
                if found > most:
                    most = found
                    q = k
        near[j] = least
        labels.short[j] = p
        far[j] = most if q >= 0 else least
        labels.long[j] = q if q >= 0 else p
    return cost


@compiled
def _plant(arcs: Arcs, market: Market, order: Ints, bush: Bush, labels: Labels, counts: Ints, bits: float) -> None:
    """Take all flows of a source away and send everything along its cheapest paths."""
    n, limited = order.size, arcs.node_row.size > 0
    due = np.zeros(n, np.int64)
    for j in range(1, n):
        due[j] = counts[order[j]]
        for k in range(bush.first[j], bush.first[j + 1]):
            if bush.carried[k] > 0:
                _use(arcs, market, arcs.row[bush.arc[k]], -bush.carried[k] * bits)
                if limited and arcs.node_row[order[j]] >= 0:
                    _use(arcs, market, arcs.node_row[order[j]], -bush.carried[k] * bits)
                bush.carried[k] = 0
    _label(arcs, market, order, bush, labels)
    for j in range(n - 1, 0, -1):
        if due[j] > 0:
            k = labels.short[j]
            if k < 0:
                raise ValueError("a node with traffic has no arc that leads forward to it")
            bush.carried[k] = due[j]
            due[bush.start[k]] += due[j]
            _use(arcs, market, arcs.row[bush.arc[k]], due[j] * bits)
            if limited and arcs.node_row[order[j]] >= 0:
                _use(arcs, market, arcs.node_row[order[j]], due[j] * bits)


@compiled
def _resort(bush: Bush, labels: Labels, order: Ints) -> None:
    """Sort the order by distance as far as the arcs in use allow, so that better arcs may lead forward."""
    key = labels.far
    key[0] = 0.0
    for j in range(1, order.size):
        key[j] = labels.near[j]
        for k in range(bush.first[j], bush.first[j + 1]):
            if bush.carried[k] > 0 and key[bush.start[k]] > key[j]:
                key[j] = key[bush.start[k]]
    places = sorted_places(key)
    for j in range(order.size):
        places[j] = order[places[j]]
    for j in range(order.size):
        order[j] = places[j]


@compiled
def _trace(bush: Bush, labels: Labels, j: int, old: Path, new: Path) -> tuple[int, int, int]:
    """Dearest and cheapest path from where they part to place j: their arcs, and what the first can spare."""
    old.arc[0], old.at[0], many = labels.long[j], j, 1
    new.arc[0], new.at[0], few = labels.short[j], j, 1
    spare = bush.carried[labels.long[j]]
    a, c = bush.start[labels.long[j]], bush.start[labels.short[j]]
    while a != c and spare > 0:
        if a > c:
            k = labels.long[a]
            old.arc[many], old.at[many] = k, a
            many += 1
            spare = min(spare, bush.carried[k])
            a = bush.start[k]
        else:
            k = labels.short[c]
            new.arc[few], new.at[few] = k, c
            few += 1
            c = bush.start[k]
    return many, few, spare


@compiled
def _cost(
    arcs: Arcs, market: Market, order: Ints, bush: Bush, path: Path, steps: int, bits: float
) -> tuple[float, float]:
    """Cost of a path segment if it carried so many bits more, and the derivative of that cost."""
    cost = slope = 0.0
    limited = arcs.node_row.size > 0
    for i in range(steps):
        r = arcs.row[bush.arc[path.arc[i]]]
        load = market.load[r] + bits * arcs.gain[r]
        if load > 0.0:
            own = _power(load / market.top, market.squarings) * arcs.worth[r]
            cost += own
            slope += own / load * arcs.gain[r]
        if limited and i > 0 and arcs.node_row[order[path.at[i]]] >= 0:
            r = arcs.node_row[order[path.at[i]]]
            load = market.load[r] + bits * arcs.gain[r]
            if load > 0.0:
                own = _power(load / market.top, market.squarings) * arcs.worth[r]
                cost += own
                slope += own / load * arcs.gain[r]
    return cost, slope * 2.0**market.squarings


@compiled
def _step(dear: float, down: float, cheap: float, up: float, squarings: int) -> float:
    """Bits to shift until two costs are equal, exact where each is that of one resource: their roots are linear."""
    if cheap <= 0.0:
        return (dear - cheap) / (down + up)
    root = 2.0**-squarings
    high: float = dear**root
    low: float = cheap**root
    return (high - low) / (root * (high * down / dear + low * up / cheap))


@compiled
def _carry(
    arcs: Arcs, market: Market, order: Ints, bush: Bush, path: Path, steps: int, units: int, bits: float
) -> None:
    """Add units to a path segment (take them, if negative), and bring loads and prices up to date."""
    limited = arcs.node_row.size > 0
    for i in range(steps):
        bush.carried[path.arc[i]] += units
        _use(arcs, market, arcs.row[bush.arc[path.arc[i]]], units * bits)
        if limited and i > 0 and arcs.node_row[order[path.at[i]]] >= 0:
            _use(arcs, market, arcs.node_row[order[path.at[i]]], units * bits)


@compiled
def _shift(
    arcs: Arcs, market: Market, order: Ints, bush: Bush, labels: Labels, old: Path, new: Path, j: int, bits: float
) -> float:
    """Shift units from the dearest to the cheapest path to place j until they cost the same; the cost saved."""
    many, few, spare = _trace(bush, labels, j, old, new)
    if spare <= 0:
        return 0.0
    dear, down = _cost(arcs, market, order, bush, old, many, 0.0)
    cheap, up = _cost(arcs, market, order, bush, new, few, 0.0)
    if dear <= cheap:
        return 0.0
    low, high = 0.0, spare * bits
    move = _step(dear, down, cheap, up, market.squarings)
    if not move < high:
        move = high
    for _ in range(_STEPS):
        left, down = _cost(arcs, market, order, bush, old, many, -move)
        right, up = _cost(arcs, market, order, bush, new, few, move)
        if left > right:
            low = move
            if move >= spare * bits:
                break
        else:
            high = move
        if abs(left - right) < _NEAR_ENOUGH * (dear - cheap):
            break
        move += _step(left, down, right, up, market.squarings)
        if not low < move < high:
            move = 0.5 * (low + high)
    units = min(int(move / bits + 0.5), spare)
    if units > 0:
        _carry(arcs, market, order, bush, old, many, -units, bits)
        _carry(arcs, market, order, bush, new, few, units, bits)
    return units * (dear - cheap)


@compiled
def improve(
    arcs: Arcs,
    load: Floats,
    top: float,
    squarings: int,
    idle: float,
    orders: Ints,
    flows: Ints,
    counts: Ints,
    bits: Floats,
    rounds: int,
    rtol: float,
    plant: bool,
    resort: bool,
) -> tuple[float, float]:
    """Better flows of a block of sources, one after the other, in place.

    Parameters
    ----------
    arcs : Arcs
    load : (resources,) array
        Use of all resources by all sources; changed along with the flows.
    top : float
        Use at which a resource has its full price; 2^squarings is the power with which the price falls below it.
    idle : float
        Share of the full price that idle resources have while trees are planted.
    orders, flows : (b, n), (b, links) arrays
        No flow leads backward in the order.
    counts : (b, n) array
        Units each node is sent.
    bits : (b,) array
        Bits per unit.
    rounds, rtol
        Most rounds of shifts for one source, and the relative difference in the cost of paths that is left alone.
    plant, resort : bool
        Begin with a fresh tree instead of the flows that are there; sort the orders anew afterwards.

    Returns
    -------
    cost, least
        What the flows cost before any shift, and what they would cost on the cheapest paths.

    Notes
    -----
    A quasi-Newton step for one pair of path segments after the other: Dial, Transp. Res. B 40, 917 (2006), algorithm B,
    on the sum of loads to a high power instead of travel times.
    """
    blocks, n = orders.shape
    m = arcs.tail.size
    market = Market(load, np.empty(load.size), top, squarings, idle if plant else _FLOOR)
    for r in range(load.size):
        market.price[r] = (_power(load[r] / top, squarings) + market.idle) * arcs.worth[r]
    bush = Bush(
        np.empty(n, np.int32),
        np.empty(n + 1, np.int32),
        np.empty(m, np.int32),
        np.empty(m, np.int32),
        np.empty(m, np.int32),
    )
    labels = Labels(np.empty(n), np.empty(n), np.empty(n, np.int32), np.empty(n, np.int32))
    old, new = Path(np.empty(n, np.int32), np.empty(n, np.int32)), Path(np.empty(n, np.int32), np.empty(n, np.int32))
    cost = least = 0.0
    for b in range(blocks):
        order, flow = orders[b], flows[b]
        _unfold(arcs, order, flow, bush)
        if plant:
            _plant(arcs, market, order, bush, labels, counts[b], bits[b])
        for turn in range(rounds):
            now = _label(arcs, market, order, bush, labels)
            if turn == 0:
                cost += now * bits[b]
                for j in range(1, n):
                    if counts[b, order[j]] > 0:
                        least += counts[b, order[j]] * labels.near[j] * bits[b]
            saved = 0.0
            for j in range(n - 1, 0, -1):
                if labels.short[j] != labels.long[j] and labels.far[j] - labels.near[j] > rtol * labels.near[j]:
                    saved += _shift(arcs, market, order, bush, labels, old, new, j, bits[b])
            if saved <= _WORTHWHILE * now:
                break
        _fold(arcs, bush, flow)
        if resort:
            _label(arcs, market, order, bush, labels)
            _resort(bush, labels, order)
    return cost, least
