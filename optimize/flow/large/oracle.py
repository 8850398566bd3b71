"""Compiled shortest paths for blocks of sources: label correcting along an order that is nearly sorted already.

Every loop touches nothing but its arguments and releases Python's global lock, so that blocks run on any executor.
Leaves out what the numbers mean: see `network`.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

__all__ = ["Arcs", "compiled", "first_orders", "shortest", "sorted_places"]

Floats = NDArray[np.float64]
Ints = NDArray[Any]  # of 16, 32 or 64 bits
F = TypeVar("F", bound=Callable[..., Any])

_DIGIT = 11  # bits that one step of the radix sort looks at
_DIGITS = 4


def compiled(function: F) -> F:
    """Compile on first use; the code is kept beside the source or, where that is read-only, with the user's caches."""
    return cast(F, numba.njit(nogil=True, cache=True, error_model="numpy")(function))


class Arcs(NamedTuple):
    """A network as the inner loops read it.

    Parameters
    ----------
    ptr, tail : (n + 1,), (m,) ints
        Arcs that end at node v are ptr[v] to ptr[v + 1]; where they start.
    link : (m,) ints
        Column of the arc in a table of flows.
    along : (m,) bools
        Whether a flow on the arc counts positive there.
    row : (m,) ints
        Resource that the arc uses.
    opened : (n,) bools
        Whether the node forwards.
    node_row : (n,) ints, or none
        Resource used by what enters the node, -1 for no such resource.
    gain : (resources,) array
        Use of a resource per bit, as a share of it.
    worth : (resources,) array
        Price per bit of a resource in full use.
    """

    ptr: Ints
    tail: Ints
    link: Ints
    along: NDArray[np.bool_]
    row: Ints
    opened: NDArray[np.bool_]
    node_row: Ints
    gain: Floats
    worth: Floats


@compiled
def sorted_places(key: Floats) -> Ints:
    """Indices that sort keys >= 0, inf last, as a stable radix sort on 44 bits of each key does."""
    n = key.size
    top = 0.0
    for j in range(n):
        if top < key[j] < np.inf:
            top = key[j]
    last = np.int64(1) << np.int64(_DIGIT * _DIGITS)
    if top == 0.0:
        top = 1.0
    code, one, other = np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n, np.int64)
    for j in range(n):
        one[j] = j
        code[j] = np.int64(key[j] / top * (last - 2)) if key[j] < np.inf else last - 1
    begin = np.empty(1 << _DIGIT, np.int64)
    for digit in range(_DIGITS):
        shift = np.int64(digit * _DIGIT)
        for h in range(begin.size):
            begin[h] = 0
        for j in range(n):
            begin[(code[j] >> shift) & (begin.size - 1)] += 1
        total = 0
        for h in range(begin.size):
            total, begin[h] = total + begin[h], total
        for j in range(n):
            h = (code[one[j]] >> shift) & (begin.size - 1)
            other[begin[h]] = one[j]
            begin[h] += 1
        one, other = other, one
    return one


@compiled
def _correct(arcs: Arcs, length: Floats, entering: Floats, order: Ints, dist: Floats) -> None:
    """Least lengths from order[0] into `dist`, exact for any order."""
    n = order.size
    source = order[0]
    for v in range(n):
        dist[v] = np.inf
    dist[source] = 0.0
    sweeps = 0
    changed = True
    while changed:
        changed = False
        backward = sweeps % 2 == 1 and sweeps > 2  # a good order needs two or three forward sweeps and no other
        for j in range(n):
            v = order[n - 1 - j] if backward else order[j]
            least = dist[v]
            for e in range(arcs.ptr[v], arcs.ptr[v + 1]):
                t = arcs.tail[e]
                if arcs.opened[t] or t == source:
                    found = dist[t] + length[e] + entering[v]
                    if found < least:
                        least = found
            if least < dist[v]:
                dist[v] = least
                changed = True
        sweeps += 1


@compiled
def shortest(arcs: Arcs, length: Floats, entering: Floats, orders: Ints, dist: Floats) -> None:
    """Least lengths from the first node of each order to all nodes, into `dist`; inf where there is no path.

    Parameters
    ----------
    arcs : Arcs
    length : (m,) array
        In the order of `arcs`, > 0.
    entering : (n,) array
        Added for every node that a path enters, not for its source.
    orders, dist : (b, n) arrays
        Any orders of the nodes; quick if nearly sorted by distance.
    """
    for b in range(orders.shape[0]):
        _correct(arcs, length, entering, orders[b], dist[b])


@compiled
def first_orders(arcs: Arcs, length: Floats, entering: Floats, sources: Ints, orders: Ints, dist: Floats) -> None:
    """Nodes by distance from each source into `orders`, distances into `dist`; quick if neighbours follow."""
    n = orders.shape[1]
    start = np.empty(n, np.int64)
    key = np.empty(n)
    for b in range(sources.size):
        source = sources[b]
        near = False
        for e in range(arcs.ptr[source], arcs.ptr[source + 1]):
            near |= b > 0 and arcs.tail[e] == sources[b - 1]
        if near:
            # The order of a neighbouring source, with the new one moved to the front.
            before = source
            for j in range(n):
                start[j], before = before, start[j]
                if before == source:
                    break
        else:
            _wave(arcs, source, start)
        _correct(arcs, length, entering, start, dist[b])
        for j in range(n):
            key[j] = dist[b, start[j]]
        places = sorted_places(key)
        for j in range(n):
            orders[b, j] = start[places[j]]
        for j in range(n):
            start[j] = orders[b, j]


@compiled
def _wave(arcs: Arcs, source: int, order: Ints) -> None:
    """Nodes into `order` by how many arcs lead from them to the source; the rest last."""
    n = order.size
    found = np.zeros(n, np.bool_)
    found[source] = True
    order[0] = source
    last = 1
    for j in range(n):
        if j == last:
            break
        for e in range(arcs.ptr[order[j]], arcs.ptr[order[j] + 1]):
            t = arcs.tail[e]
            if not found[t]:
                found[t] = True
                order[last] = t
                last += 1
    for v in range(n):
        if not found[v]:
            order[last] = v
            last += 1
