"""Compiled cheapest paths of single pairs of nodes, and a first routing that sends pair after pair round the loads.

Leaves out how much goes along which path: see `game`.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .oracle import compiled

__all__ = ["Graph", "cheapest", "plant"]

Floats = NDArray[np.float64]
Ints = NDArray[Any]

_IDLE = 1e-3  # share of its full price that an idle resource has while paths are planted


class Graph(NamedTuple):
    """A network as the search for paths reads it.

    Parameters
    ----------
    ptr, head, arc : (n + 1,), (m,), (m,) ints
        Arcs that start at node v are at ptr[v] to ptr[v + 1]: where they end, and their numbers in the fabric.
    opened : (n,) bools
        Whether the node forwards.
    node : (m,) ints
        Resource, by number in the fabric, that an arc uses at the node it enters; -1 for none.
    """

    ptr: Ints
    head: Ints
    arc: Ints
    opened: NDArray[np.bool_]
    node: Ints


@compiled
def _push(key: Floats, value: Ints, size: int, k: float, v: int) -> None:
    """Put one more entry into a heap of `size` entries."""
    i = size
    while i > 0:
        p = (i - 1) // 2
        if key[p] <= k:
            break
        key[i], value[i] = key[p], value[p]
        i = p
    key[i], value[i] = k, v


@compiled
def _pop(key: Floats, value: Ints, size: int) -> None:
    """Take the least entry, which the caller has read, out of a heap of `size` entries."""
    k, v = key[size - 1], value[size - 1]
    i = 0
    while True:
        c = 2 * i + 1
        if c >= size - 1:
            break
        if c + 1 < size - 1 and key[c + 1] < key[c]:
            c += 1
        if key[c] >= k:
            break
        key[i], value[i] = key[c], value[c]
        i = c
    key[i], value[i] = k, v


@compiled
def _tree(graph: Graph, length: Floats, source: int, wanted: NDArray[np.bool_], dist: Floats, last: Ints) -> None:
    """Distances and last places in `graph` of cheapest paths to all wanted nodes."""
    size, left, pushed = 1, 0, graph.head.size + 1
    key, value = np.empty(pushed), np.empty(pushed, np.int32)
    done = np.zeros(dist.size, np.bool_)
    for v in range(dist.size):
        dist[v] = np.inf
        left += wanted[v]
    dist[source] = 0.0
    key[0], value[0] = 0.0, source
    while size > 0:
        v = value[0]
        _pop(key, value, size)
        size -= 1
        if done[v]:
            continue
        done[v] = True
        left -= wanted[v]
        if left == 0:
            break
        if v != source and not graph.opened[v]:
            continue
        for i in range(graph.ptr[v], graph.ptr[v + 1]):
            w = graph.head[i]
            found = dist[v] + length[graph.arc[i]]
            if found < dist[w]:
                dist[w] = found
                last[w] = i
                _push(key, value, size, found, w)
                size += 1


@compiled
def cheapest(graph: Graph, tail: Ints, length: Floats, source: Ints, target: Ints, dist: Floats, first: Ints) -> Ints:
    """Arcs of a cheapest path of every pair, backwards, one after another; `dist` and `first` are filled.

    Parameters
    ----------
    graph : Graph
    tail : (m,) ints
        Where the arcs of the fabric start.
    length : (m,) array
        Of the arcs of the fabric, >= 0, with what is charged at the node they enter.
    source, target : (k,) ints
        The pairs, those of one source together.
    dist : (k,) array
        Length of each path.
    first : (k + 1,) ints
        Where each path begins in the answer.
    """
    n = graph.opened.size
    reach, last = np.empty(n), np.empty(n, np.int32)
    found = np.empty(16 * source.size + n, np.int32)
    first[0] = at = 0
    begin = 0
    while begin < source.size:
        end = begin
        wanted = np.zeros(n, np.bool_)
        while end < source.size and source[end] == source[begin]:
            wanted[target[end]] = True
            end += 1
        _tree(graph, length, source[begin], wanted, reach, last)
        for k in range(begin, end):
            v = target[k]
            dist[k] = reach[v]
            if found.size < at + n:
                found = np.concatenate((found, np.empty(found.size + n, np.int32)))
            while v != source[k]:
                e = graph.arc[last[v]]
                found[at] = e
                at += 1
                v = tail[e]
            first[k + 1] = at
        begin = end
    return found[:at]


@compiled
def plant(
    graph: Graph, tail: Ints, gain: Floats, load: Floats, source: Ints, target: Ints, bits: Floats, power: float,
    rounds: int, first: Ints,
) -> Ints:  # fmt: skip
    """Route every pair so many times, an equal part of it each time, along what is cheapest at the loads so far.

    Parameters
    ----------
    graph, tail, source, target
        As for `cheapest`.
    gain, load : (resources,) arrays
        Use of a resource per bit, as a share of it, and its use so far, which grows.
    bits : (k,) array
        Bits of the pairs.
    power : float
        Prices are the loads to this power.
    rounds : int
    first : (rounds k + 1,) ints
        Where each path begins in the answer.
    """
    m, count = tail.size, source.size
    length, price = np.empty(m), np.empty(gain.size)
    dist, ends = np.empty(1), np.empty(2, np.int64)
    found = np.empty(16 * rounds * count, np.int32)
    first[0] = at = 0
    for r in range(rounds):
        top = max(load.max(), 1e-300)
        for j in range(gain.size):
            price[j] = gain[j] * ((load[j] / top) ** power + _IDLE)
        for e in range(m):
            length[e] = price[e] + (price[graph.node[e]] if graph.node[e] >= 0 else 0.0)
        for k in range(count):
            path = cheapest(graph, tail, length, source[k : k + 1], target[k : k + 1], dist, ends)
            if found.size < at + path.size:
                found = np.concatenate((found, np.empty(found.size + path.size, np.int32)))
            for e in path:
                found[at] = e
                at += 1
                for j in (e, graph.node[e]):
                    if j >= 0:
                        load[j] += bits[k] / rounds * gain[j]
                        price[j] = gain[j] * (min(load[j] / top, 8.0) ** power + _IDLE)
                length[e] = price[e] + (price[graph.node[e]] if graph.node[e] >= 0 else 0.0)
            first[r * count + k + 1] = at
    return found[:at]
