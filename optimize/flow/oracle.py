"""Compiled inner loops of the large solver: shortest paths, first flows, and shifts from costly to cheap paths.

Every loop works on a block of sources at once and touches nothing but its arguments, so that blocks run on any
executor; Python's global lock is released meanwhile. Leaves out what the numbers mean: see `large_network`.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

__all__ = ["improve", "shortest", "sort_by_distance", "split_evenly"]

Floats = NDArray[np.float64]
Ints = NDArray[Any]  # of 16, 32 or 64 bits
Bools = NDArray[np.bool_]
F = TypeVar("F", bound=Callable[..., Any])

_FLOOR = 1e-9  # share of its full price that an idle resource keeps, so that no two nodes are at the same distance
_TIE_RTOL = 1e-9  # lengths of two paths that differ by less are equal
_STEPS = 4  # of Newton's method for one shift
_NEAR_ENOUGH = 0.2  # part of a difference in cost that may be left over by a shift


def _compiled(function: F) -> F:
    """Compile on first use, and keep the machine code beside the source or, where that is read-only, with the user's caches."""
    return cast(F, numba.njit(nogil=True, cache=True, error_model="numpy")(function))


@_compiled
def _power(base: float, squarings: int) -> float:
    """`base` to the power of 2^squarings."""
    for _ in range(squarings):
        base = base * base
    return base


@_compiled
def shortest(ptr: Ints, tail: Ints, opened: Bools, length: Floats, entering: Floats, orders: Ints, out: Floats) -> None:
    """Least lengths from the first node of each order to all nodes, into `out`; inf where there is no path.

    Labels are corrected along the order, forward and backward in turn, until none changes: the result is exact for any
    order, and quick for one that is nearly sorted. An order whose second node is its first is replaced by breadth-first.

    Parameters
    ----------
    ptr, tail : (n + 1,), (arcs,) arrays
        Arcs that end at node v are ptr[v] to ptr[v + 1].
    opened : (n,) bools
        Whether the node forwards.
    length : (arcs,) array
    entering : (n,) array
        Added for every node that a path enters, not for its source.
    orders : (b, n) array
    out : (b, n) array
    """
    blocks, n = orders.shape
    for b in range(blocks):
        order = orders[b]
        dist = out[b]
        source = order[0]
        for v in range(n):
            dist[v] = np.inf
        dist[source] = 0.0
        forward = True
        changed = True
        while changed:
            changed = False
            for j in range(n):
                v = order[j] if forward else order[n - 1 - j]
                least = dist[v]
                for e in range(ptr[v], ptr[v + 1]):
                    t = tail[e]
                    if opened[t] or t == source:
                        found = dist[t] + length[e] + entering[v]
                        if found < least:
                            least = found
                if least < dist[v]:
                    dist[v] = least
                    changed = True
            forward = not forward
        dist[source] = 0.0


@_compiled
def sort_by_distance(dist: Floats, orders: Ints) -> None:
    """Nodes of each row in order of distance, the source first, into `orders`."""
    for b in range(dist.shape[0]):
        orders[b, :] = np.argsort(dist[b], kind="mergesort")


@_compiled
def split_evenly(ptr: Ints, tail: Ints, link: Ints, opened: Bools, length: Floats, entering: Floats, dist: Floats, orders: Ints, counts: Ints, flows: Ints) -> None:  # fmt: skip
    """First flows: every node takes its units in whole, nearly equal parts over all shortest paths, into `flows`.

    Parameters
    ----------
    link : (arcs,) array
        Column of `flows` of each arc; a flow towards the node of the lower number counts negative.
    dist, orders : (b, n) arrays
        Distances by these lengths, and the nodes sorted by them.
    counts : (b, n) array
        Units that each node is sent.
    flows : (b, links) array
    """
    blocks, n = orders.shape
    due = np.empty(n, np.int64)
    for b in range(blocks):
        source = orders[b, 0]
        due[:] = counts[b]
        flows[b, :] = 0
        for j in range(n - 1, 0, -1):
            v = orders[b, j]
            if due[v] == 0:
                continue
            here = dist[b, v] * (1.0 + _TIE_RTOL)
            parts = 0
            for e in range(ptr[v], ptr[v + 1]):
                t = tail[e]
                if (opened[t] or t == source) and dist[b, t] < dist[b, v] and dist[b, t] + length[e] + entering[v] <= here:  # fmt: skip
                    parts += 1
            for e in range(ptr[v], ptr[v + 1]):
                t = tail[e]
                if (opened[t] or t == source) and dist[b, t] < dist[b, v] and dist[b, t] + length[e] + entering[v] <= here:  # fmt: skip
                    share = due[v] // parts
                    parts -= 1
                    due[v] -= share
                    due[t] += share
                    flows[b, link[e]] = share if t < v else -share


@_compiled
def _unfold(ptr: Ints, tail: Ints, link: Ints, row: Ints, opened: Bools, order: Ints, place: Ints, flow: Ints, first: Ints, start: Ints, column: Ints, charge: Ints, carried: Ints) -> None:  # fmt: skip
    """Arcs that lead forward in the order, sorted by their heads' places in it, with what they carry."""
    n = order.size
    for j in range(n):
        place[order[j]] = j
    k = 0
    for j in range(n):
        first[j] = k
        if j > 0:
            v = order[j]
            for e in range(ptr[v], ptr[v + 1]):
                t = place[tail[e]]
                if t < j and (t == 0 or opened[tail[e]]):
                    start[k] = t
                    column[k] = link[e]
                    charge[k] = row[e]
                    carried[k] = abs(np.int32(flow[link[e]]))
                    k += 1
    first[n] = k


@_compiled
def _label(first: Ints, start: Ints, charge: Ints, carried: Ints, order: Ints, node_row: int, price: Floats, near: Floats, far: Floats, short: Ints, long: Ints) -> float:  # fmt: skip
    """Cheapest allowed and dearest used path to every place, with their last arcs; the cost of all that is carried."""
    n = order.size
    near[0] = far[0] = 0.0
    cost = 0.0
    for j in range(1, n):
        least, most = np.inf, -1.0
        p, q = -1, -1
        here = price[node_row + order[j]] if node_row >= 0 else 0.0
        for k in range(first[j], first[j + 1]):
            own = price[charge[k]] + here
            found = own + near[start[k]]
            if found < least:
                least = found
                p = k
            if carried[k] > 0:
                cost += own * carried[k]
                found = own + far[start[k]]
                if found > most:
                    most = found
                    q = k
        near[j] = least
        short[j] = p
        far[j] = most if q >= 0 else least
        long[j] = q if q >= 0 else p
    return cost


@_compiled
def _resort(first: Ints, start: Ints, carried: Ints, near: Floats, key: Floats, order: Ints) -> None:
    """Sort the order by distance as far as the arcs in use allow, so that better arcs may lead forward."""
    n = order.size
    key[0] = 0.0
    for j in range(1, n):
        key[j] = near[j]
        for k in range(first[j], first[j + 1]):
            if carried[k] > 0 and key[start[k]] > key[j]:
                key[j] = key[start[k]]
    order[:] = order[np.argsort(key, kind="mergesort")]


@_compiled
def _cost_of(path: Ints, steps: int, places: Ints, change: float, charge: Ints, order: Ints, node_row: int, worth: Floats, gain: Floats, load: Floats, top: float, squarings: int) -> tuple[float, float]:  # fmt: skip
    """Cost of a path if it carried so many bits more, and the derivative of that cost."""
    cost = slope = 0.0
    for i in range(steps):
        r = charge[path[i]]
        used = load[r] + change * gain[r]
        if used > 0.0:
            own = _power(used / top, squarings) * worth[r]
            cost += own
            slope += own / used * gain[r]
        if node_row >= 0 and i > 0:
            r = node_row + order[places[i]]
            used = load[r] + change * gain[r]
            if used > 0.0 and worth[r] > 0.0:
                own = _power(used / top, squarings) * worth[r]
                cost += own
                slope += own / used * gain[r]
    return cost, slope * 2.0**squarings


@_compiled
def _carry(path: Ints, steps: int, places: Ints, units: int, bits: float, charge: Ints, carried: Ints, order: Ints, node_row: int, worth: Floats, gain: Floats, load: Floats, price: Floats, top: float, squarings: int) -> None:  # fmt: skip
    """Add units to a path (take them, if negative), and bring loads and prices along it up to date."""
    for i in range(steps):
        k = path[i]
        carried[k] += units
        r = charge[k]
        load[r] = max(load[r] + units * bits * gain[r], 0.0)
        price[r] = (_power(load[r] / top, squarings) + _FLOOR) * worth[r]
        if node_row >= 0 and i > 0:
            r = node_row + order[places[i]]
            load[r] = max(load[r] + units * bits * gain[r], 0.0)
            price[r] = (_power(load[r] / top, squarings) + _FLOOR) * worth[r]


@_compiled
def _plant(first: Ints, start: Ints, charge: Ints, carried: Ints, order: Ints, node_row: int, counts: Ints, bits: float, worth: Floats, gain: Floats, load: Floats, price: Floats, top: float, squarings: int, near: Floats, short: Ints, idle: float) -> None:  # fmt: skip
    n = order.size
    for k in range(first[n]):
        if carried[k] > 0:
            r = charge[k]
            load[r] = max(load[r] - carried[k] * bits * gain[r], 0.0)
            price[r] = (_power(load[r] / top, squarings) + idle) * worth[r]
            carried[k] = 0
    near[0] = 0.0
    due = np.empty(n, np.int64)
    for j in range(1, n):
        least = np.inf
        p = -1
        for k in range(first[j], first[j + 1]):
            found = price[charge[k]] + near[start[k]]
            if found < least:
                least = found
                p = k
        near[j] = least
        short[j] = p
        due[j] = counts[order[j]]
    due[0] = 0
    for j in range(n - 1, 0, -1):
        if due[j] > 0:
            k = short[j]
            carried[k] = due[j]
            due[start[k]] += due[j]
            r = charge[k]
            load[r] += due[j] * bits * gain[r]
            price[r] = (_power(load[r] / top, squarings) + idle) * worth[r]


@_compiled
def improve(ptr: Ints, tail: Ints, link: Ints, row: Ints, opened: Bools, node_row: int, gain: Floats, worth: Floats, load: Floats, top: float, squarings: int, orders: Ints, flows: Ints, counts: Ints, bits: Floats, rounds: int, rtol: float, resort: bool, renew: bool, idle: float) -> tuple[float, float, int]:  # fmt: skip
    """Shift flows from the dearest used to the cheapest allowed path of every node, source after source, all in place.

    Parameters
    ----------
    ptr, tail, link, opened
        As above.
    row : (arcs,) array
        Resource that each arc uses.
    node_row : int
        Resource of node 0, the others following; -1 if no node is a resource.
    gain, worth : (resources,) arrays
        Use of a resource per bit, as a share of it; its price per bit at full use.
    load : (resources,) array
        Use of all resources by all sources; changed along with the flows.
    top : float
        Use at which a resource has its full price; 2^squarings is the power with which the price falls below it.
    orders, flows : (b, n), (b, links) arrays
        No flow leads backward in the order.
    counts : (b, n) array
        Units each node is sent.
    bits : (b,) array
        Bits per unit.
    rounds, rtol
        Most rounds for one source, and the relative difference in cost that is left alone.
    resort : bool
        Sort the orders anew afterwards.

    Returns
    -------
    cost, least, shifts
        What the flows cost before any shift, what they would cost on the cheapest paths, and the number of shifts.

    Notes
    -----
    A quasi-Newton step for one pair of path segments after the other: Dial, Transp. Res. B 40, 917 (2006), algorithm B,
    on the sum of loads to a high power instead of travel times.
    """
    blocks, n = orders.shape
    arcs = tail.size
    price = np.empty(load.size)
    low_price = idle if renew else _FLOOR
    for r in range(load.size):
        price[r] = (_power(load[r] / top, squarings) + low_price) * worth[r]
    place, first = np.empty(n, np.int32), np.empty(n + 1, np.int32)
    start, column, charge = np.empty(arcs, np.int32), np.empty(arcs, np.int32), np.empty(arcs, np.int32)
    carried = np.empty(arcs, np.int32)
    near, far = np.empty(n), np.empty(n)
    short, long = np.empty(n, np.int32), np.empty(n, np.int32)
    old, new = np.empty(n, np.int32), np.empty(n, np.int32)
    old_at, new_at = np.empty(n, np.int32), np.empty(n, np.int32)
    cost = least = 0.0
    shifts = 0
    for b in range(blocks):
        order, flow, bit = orders[b], flows[b], bits[b]
        _unfold(ptr, tail, link, row, opened, order, place, flow, first, start, column, charge, carried)
        if renew:
            _plant(first, start, charge, carried, order, node_row, counts[b], bit, worth, gain, load, price, top, squarings, near, short, idle)  # fmt: skip
        for turn in range(rounds):
            now = _label(first, start, charge, carried, order, node_row, price, near, far, short, long)
            if turn == 0:
                cost += now * bit
                for j in range(1, n):
                    if counts[b, order[j]] > 0:
                        least += counts[b, order[j]] * near[j] * bit
            saved = 0.0
            for j in range(n - 1, 0, -1):
                if short[j] == long[j] or far[j] - near[j] <= rtol * near[j]:
                    continue
                most = carried[long[j]]
                old[0], new[0], old_at[0], new_at[0] = long[j], short[j], j, j
                many, few = 1, 1
                a, c = start[long[j]], start[short[j]]
                while a != c and most > 0:
                    if a > c:
                        old[many], old_at[many] = long[a], a
                        most = min(most, carried[long[a]])
                        many += 1
                        a = start[long[a]]
                    else:
                        new[few], new_at[few] = short[c], c
                        few += 1
                        c = start[short[c]]
                if most <= 0:
                    continue
                dear, down = _cost_of(old, many, old_at, 0.0, charge, order, node_row, worth, gain, load, top, squarings)  # fmt: skip
                cheap, up = _cost_of(new, few, new_at, 0.0, charge, order, node_row, worth, gain, load, top, squarings)
                if dear <= cheap:
                    continue
                low, high = 0.0, most * bit
                move = min((dear - cheap) / (down + up), high)
                for _ in range(_STEPS):
                    left, down = _cost_of(old, many, old_at, -move, charge, order, node_row, worth, gain, load, top, squarings)  # fmt: skip
                    right, up = _cost_of(new, few, new_at, move, charge, order, node_row, worth, gain, load, top, squarings)  # fmt: skip
                    if left > right:
                        low = move
                        if move >= most * bit:
                            break
                    else:
                        high = move
                    if abs(left - right) < _NEAR_ENOUGH * (dear - cheap):
                        break
                    move += (left - right) / (down + up)
                    if not (low < move < high):
                        move = 0.5 * (low + high)
                units = min(int(move / bit + 0.5), most)
                if units == 0:
                    continue
                saved += units * (dear - cheap)
                shifts += 1
                _carry(old, many, old_at, -units, bit, charge, carried, order, node_row, worth, gain, load, price, top, squarings)  # fmt: skip
                _carry(new, few, new_at, units, bit, charge, carried, order, node_row, worth, gain, load, price, top, squarings)  # fmt: skip
            if saved <= 1e-3 * now:
                break
        for j in range(1, n):
            for k in range(first[j], first[j + 1]):
                flow[column[k]] = carried[k] if order[start[k]] < order[j] else -carried[k]
        if resort:
            _label(first, start, charge, carried, order, node_row, price, near, far, short, long)
            _resort(first, start, carried, near, far, order)
    return cost, least, shifts
