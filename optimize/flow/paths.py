"""Shortest distances, and flows of single sources, that respect which nodes forward traffic; scipy underneath."""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph

from topo.fabric import Fabric

__all__ = ["add_missing", "distances", "usable_arcs"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def distances(*, fabric: Fabric, length: Floats, sources: NDArray[np.int64], entering: Floats | None = None) -> Floats:
    """Least length of a path from each source to every node, shape (len(sources), n); inf where there is none.

    Parameters
    ----------
    length : (m,) array
        Of the arcs, >= 0.
    entering : (n,) array, optional
        Added for the source and for every node the path enters, the last one included: the price of a switch, or
        its latency.

    Notes
    -----
    A node with `transit` False forwards nothing: it is entered through a vertex of its own that has no way out.
    The diagonal is 0 (plus `entering` of the source).
    """
    n = fabric.n_nodes
    closed = np.flatnonzero(~fabric.transit)
    arrival = np.arange(n)
    arrival[closed] = n + np.arange(closed.size)
    weight = np.asarray(length, dtype=float)
    if entering is not None:
        weight = weight + entering[fabric.head]
    # An explicit 0 could be read as "no arc": the smallest normal number stands for it, and leaves again below, so
    # that no distance is above the true one.
    weight = np.maximum(weight, np.finfo(float).tiny)
    size = n + closed.size
    graph = sparse.csr_array((weight, (fabric.tail, arrival[fabric.head])), shape=(size, size))
    found = np.asarray(csgraph.dijkstra(graph, indices=sources), dtype=float).reshape(len(sources), size)[:, arrival]
    found = np.maximum(found - size * np.finfo(float).tiny, 0.0)
    found[np.arange(len(sources)), sources] = 0.0
    if entering is not None:
        found = found + entering[sources][:, None]
    return found


def usable_arcs(*, fabric: Fabric, sources: Ints) -> tuple[Ints, Ints]:
    """Every arc that traffic of a source may use, for each of them: position of the source, and the arc.

    None leads back to the source, and none leaves another node that does not forward.
    """
    row, arc = np.repeat(np.arange(sources.size), fabric.n_arcs), np.tile(np.arange(fabric.n_arcs), sources.size)
    useful = fabric.head[arc] != sources[row]
    useful &= fabric.transit[fabric.tail[arc]] | (fabric.tail[arc] == sources[row])
    return row[useful], arc[useful]


def add_missing(*, fabric: Fabric, sources: Ints, flow: Floats, wanted: Floats) -> float:
    """Add to flows, in place, what they do not bring to a node; the sum of what was missing.

    It goes along paths of fewest arcs from the source: only additions, so no flow turns negative. What is too much at a
    node does no harm.

    Parameters
    ----------
    sources : (k,) ints
    flow : (k, m) array
        Of each source on the arcs.
    wanted : (k, n) array
        What each source sends to every node, the unit of the flows.
    """
    k, n, m = sources.size, fabric.n_nodes, fabric.n_arcs
    ends = np.concatenate([fabric.head, fabric.tail])
    onto = sparse.csr_array((np.repeat([1.0, -1.0], m), (np.tile(np.arange(m), 2), ends)), shape=(m, n))
    missing = np.maximum(wanted - flow @ onto, 0.0)
    missing[np.arange(k), sources] = 0.0
    for i in np.flatnonzero(missing.any(axis=1)):
        _add_along_tree(fabric, flow[i], int(sources[i]), missing[i])
    return float(missing.sum())


def _add_along_tree(fabric: Fabric, flow: Floats, source: int, amount: Floats) -> None:
    """Add to the flow of one source, in place, what brings an amount to every node."""
    n = fabric.n_nodes
    usable = np.flatnonzero(fabric.transit[fabric.tail] | (fabric.tail == source))
    graph = sparse.csr_array((usable + 1.0, (fabric.tail[usable], fabric.head[usable])), shape=(n, n))
    order, parent = csgraph.breadth_first_order(graph, source)
    arc = np.zeros(n, dtype=np.int64)
    arc[order[1:]] = np.asarray(graph[parent[order[1:]], order[1:]], dtype=np.int64) - 1
    carried = amount.copy()
    for node in order[:0:-1]:
        flow[arc[node]] += carried[node]
        carried[parent[node]] += carried[node]
