"""Least-cost trees between endpoints of an expansion: arborescences from a root, spanning trees, Steiner trees.

Costs are per arc and >= 0. Leaves out capacities: `packing` chooses how much of which tree.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph

from links.frozen import FrozenArrays

from .expansion import Expansion

__all__ = ["Paths", "Tree", "arborescence", "least_paths", "spanning_tree", "steiner_tree"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Tree(FrozenArrays):
    """A tree away from its root; every vertex in it but the root hangs from its parent by a path of arcs.

    Parameters
    ----------
    root : int
        Vertex.
    child, parent : (t,) ints
        Vertices; every child once.
    path : (t, a) csr array
        1 where the arc lies on the path from parent to child.
    """

    root: int
    child: Ints
    parent: Ints
    path: sparse.csr_array

    def load(self) -> Floats:
        """How often the tree uses each arc, shape (a,)."""
        return np.asarray(self.path.sum(axis=0), dtype=float).ravel()


@dataclass(frozen=True, kw_only=True, eq=False)
class Paths(FrozenArrays):
    """Least-cost paths between endpoints.

    Parameters
    ----------
    cost : (k, k) array
        From row to column.
    before : (k, n) ints
        Vertex before each vertex on the path from the row's endpoint; negative where there is none.
    arc : (n, n) csr array
        Arc between two vertices, plus 1.
    """

    cost: Floats
    before: Ints
    arc: sparse.csr_array


def least_paths(*, expansion: Expansion, cost: Floats) -> Paths:
    """Paths of least summed cost between all endpoints of an expansion."""
    n = expansion.n
    # An explicit 0 would be read as "no arc", so that nothing is quite free.
    weight = np.maximum(cost, np.finfo(float).eps * max(float(cost.max(initial=0.0)), np.finfo(float).tiny))
    graph = sparse.csr_array((weight, (expansion.tail, expansion.head)), shape=(n, n))
    found, before = csgraph.dijkstra(graph, indices=expansion.endpoint, return_predecessors=True)
    arc = sparse.csr_array((np.arange(expansion.n_arcs) + 1, (expansion.tail, expansion.head)), shape=(n, n))
    return Paths(cost=found[:, expansion.endpoint], before=before.astype(np.int64), arc=arc)


def _tree(expansion: Expansion, paths: Paths, root: int, parent: Ints) -> Tree:
    """Tree of endpoint numbers (`parent[root]` is not looked at) with its paths as arcs."""
    children = np.flatnonzero(np.arange(parent.size) != root)
    rows, steps = [], []
    for row, child in enumerate(children):
        start, v = int(parent[child]), int(expansion.endpoint[child])
        while v != expansion.endpoint[start]:
            u = int(paths.before[start, v])
            rows.append(row)
            steps.append((u, v))
            v = u
    ends = np.array(steps).reshape(-1, 2)
    arcs = np.asarray(paths.arc[ends[:, 0], ends[:, 1]]).ravel() - 1
    path = sparse.csr_array((np.ones(arcs.size), (rows, arcs)), shape=(children.size, expansion.n_arcs))
    end = expansion.endpoint
    return Tree(root=int(end[root]), child=end[children], parent=end[parent[children]], path=path)


def arborescence(*, expansion: Expansion, paths: Paths, root: int) -> tuple[float, Tree]:
    """Least-cost tree from endpoint number `root` to all others, and its cost.

    References
    ----------
    J. Edmonds, Optimum branchings, J. Res. Nat. Bur. Standards 71B, 233 (1967).
    """
    parent = _least_parents(paths.cost, root)
    others = np.arange(parent.size) != root
    return float(paths.cost[parent[others], np.flatnonzero(others)].sum()), _tree(expansion, paths, root, parent)


def _least_parents(cost: Floats, root: int) -> Ints:
    """Parent of every node in the least-cost arborescence of a dense matrix; the root is its own."""
    k = len(cost)
    cost = cost.copy()
    np.fill_diagonal(cost, np.inf)
    parent = np.argmin(cost, axis=0)
    parent[root] = root
    cycle = _cycle(parent, root)
    if cycle.size == 0:
        return parent
    inside = np.zeros(k, dtype=bool)
    inside[cycle] = True
    outside = np.flatnonzero(~inside)
    # The cycle becomes one node: entering it at v saves the arc that v has in the cycle.
    enter = cost[np.ix_(outside, cycle)] - cost[parent[cycle], cycle][None, :]
    leave = cost[np.ix_(cycle, outside)]
    smaller = np.full((outside.size + 1,) * 2, np.inf)
    smaller[:-1, :-1] = cost[np.ix_(outside, outside)]
    smaller[:-1, -1], smaller[-1, :-1] = enter.min(axis=1), leave.min(axis=0)
    found = _least_parents(smaller, int(np.searchsorted(outside, root)))
    whole = parent.copy()
    for i, v in enumerate(outside):
        whole[v] = outside[found[i]] if found[i] < outside.size else cycle[int(np.argmin(leave[:, i]))]
    first = int(found[-1])
    whole[cycle[int(np.argmin(enter[first]))]] = outside[first]
    return whole


def _cycle(parent: Ints, root: int) -> Ints:
    """Nodes of one cycle of the parents; none if all lead to the root."""
    state = np.zeros(parent.size, dtype=np.int64)  # 0 new, else the walk that came by
    state[root] = -1
    for start in range(parent.size):
        v = start
        while state[v] == 0:
            state[v] = start + 1
            v = int(parent[v])
        if state[v] == start + 1:
            members = [v]
            while parent[members[-1]] != v:
                members.append(int(parent[members[-1]]))
            return np.array(members)
    return np.zeros(0, dtype=np.int64)


def spanning_tree(*, expansion: Expansion, paths: Paths) -> tuple[float, Tree]:
    """Least-cost tree over all endpoints where both directions cost the same, and its cost, rooted at the first endpoint."""
    k = len(paths.cost)
    away = ~np.eye(k, dtype=bool) & np.isfinite(paths.cost)
    between = sparse.csr_array((paths.cost[away], np.nonzero(away)), shape=(k, k))  # a dense one takes tiny costs for none
    order, parent = csgraph.breadth_first_order(csgraph.minimum_spanning_tree(between), 0, directed=False)
    if order.size < k:
        raise ValueError("some endpoints are not joined by any path; link them first")
    others = np.arange(k) != 0
    cost = float(paths.cost[parent[others], np.flatnonzero(others)].sum())
    return cost, _tree(expansion, paths, 0, np.asarray(parent, dtype=np.int64))


def steiner_tree(*, expansion: Expansion, paths: Paths, cost: Floats) -> Tree:
    """A tree over all endpoints that may branch at switches, at most twice the least cost, where directions cost the same.

    References
    ----------
    L. Kou, G. Markowsky and L. Berman, Acta Informatica 15, 141 (1981).
    """
    n = expansion.n
    used = np.flatnonzero(spanning_tree(expansion=expansion, paths=paths)[1].load())
    floor = np.finfo(float).eps * max(float(cost.max(initial=0.0)), np.finfo(float).tiny)
    joined = sparse.csr_array((np.maximum(cost[used], floor), (expansion.tail[used], expansion.head[used])), shape=(n, n))
    tree = sparse.csr_array(csgraph.minimum_spanning_tree(joined))
    root = int(expansion.endpoint[0])
    order, parent = csgraph.breadth_first_order(tree, root, directed=False)
    is_end = np.isin(np.arange(n), expansion.endpoint)
    needed = is_end.copy()
    for v in order[:0:-1]:  # from the leaves: a switch stays if something below it does
        if needed[v]:
            needed[parent[v]] = True
    child = np.array([v for v in order[1:] if needed[v]], dtype=np.int64)
    above = np.asarray(parent[child], dtype=np.int64)
    arcs = np.asarray(paths.arc[above, child]).ravel() - 1
    path = sparse.csr_array((np.ones(child.size), (np.arange(child.size), arcs)), shape=(child.size, expansion.n_arcs))
    return Tree(root=root, child=child, parent=above, path=path)
