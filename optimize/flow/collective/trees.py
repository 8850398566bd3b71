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
        return np.bincount(self.path.indices, weights=self.path.data, minlength=self.path.shape[1]).astype(float)


@dataclass(frozen=True, kw_only=True, eq=False)
class Paths(FrozenArrays):
    """Least-cost paths between endpoints.

    Parameters
    ----------
    weight : (a,) array
        Cost of each arc.
    cost : (k, k) array
        From row to column; inf where there is no path.
    before : (k, n) ints
        Vertex before each vertex on the path from the row's endpoint; negative where there is none.
    arc : (n, n) csr array
        Arc between two vertices, plus 1.
    """

    weight: Floats
    cost: Floats
    before: Ints
    arc: sparse.csr_array

    def arcs(self, tail: Ints, head: Ints) -> Ints:
        """Arcs between vertices, shape (len(tail),)."""
        return np.asarray(self.arc[tail, head], dtype=np.int64).ravel() - 1


def least_paths(*, expansion: Expansion, cost: Floats) -> Paths:
    """Paths of least summed cost between all endpoints; costs that matter should be of order one."""
    n = expansion.n
    # An explicit 0 would be read as "no arc", so that nothing is quite free.
    weight = np.maximum(cost, np.finfo(float).eps * max(float(cost.max(initial=0.0)), np.finfo(float).tiny))
    ends = (expansion.tail, expansion.head)
    found, before = csgraph.dijkstra(
        sparse.csr_array((weight, ends), shape=(n, n)), indices=expansion.endpoint, return_predecessors=True
    )
    arc = sparse.csr_array((np.arange(expansion.n_arcs) + 1, ends), shape=(n, n))
    between = np.asarray(found, dtype=float)[:, expansion.endpoint]
    return Paths(weight=weight, cost=between, before=np.asarray(before, dtype=np.int64), arc=arc)


def _tree(expansion: Expansion, paths: Paths, root: int, parent: Ints) -> Tree:
    """Tree of endpoint numbers (`parent[root]` is not looked at) with its paths as arcs."""
    children = np.flatnonzero(np.arange(parent.size) != root)
    end = expansion.endpoint
    row, at = np.arange(children.size), end[children]
    start = parent[children]
    rows, tails, heads = [], [], []
    while row.size:  # one arc back on all paths at once
        back = paths.before[start, at]
        rows.append(row)
        tails.append(back)
        heads.append(at)
        on = back != end[start]
        row, at, start = row[on], back[on], start[on]
    arcs = paths.arcs(np.concatenate(tails), np.concatenate(heads))
    shape = (children.size, expansion.n_arcs)
    path = sparse.csr_array((np.ones(arcs.size), (np.concatenate(rows), arcs)), shape=shape)
    return Tree(root=int(end[root]), child=end[children], parent=end[parent[children]], path=path)


def arborescence(*, expansion: Expansion, paths: Paths, root: int) -> tuple[float, Tree]:
    """Least cost of a tree from endpoint number `root` to all others, and the tree.

    References
    ----------
    J. Edmonds, Optimum branchings, J. Res. Nat. Bur. Standards 71B, 233 (1967).
    """
    parent = _least_parents(paths.cost, root)
    others = np.flatnonzero(np.arange(parent.size) != root)
    return float(paths.cost[parent[others], others].sum()), _tree(expansion, paths, root, parent)


def _least_parents(cost: Floats, root: int) -> Ints:
    """Parent of every node in the least-cost arborescence of a dense matrix; the root is its own."""
    cost = cost.copy()
    np.fill_diagonal(cost, np.inf)
    parent: Ints = np.asarray(np.argmin(cost, axis=0), dtype=np.int64)
    parent[root] = root
    cycle = _cycle(parent, root)
    if cycle.size == 0:
        return parent
    outside = np.setdiff1d(np.arange(len(cost)), cycle)
    # The cycle becomes one node, the last: entering it at v saves the arc that v has in the cycle.
    enter = cost[np.ix_(outside, cycle)] - cost[parent[cycle], cycle][None, :]
    leave = cost[np.ix_(cycle, outside)]
    smaller = np.full((outside.size + 1,) * 2, np.inf)
    smaller[:-1, :-1] = cost[np.ix_(outside, outside)]
    smaller[:-1, -1], smaller[-1, :-1] = enter.min(axis=1), leave.min(axis=0)
    found = _least_parents(smaller, int(np.searchsorted(outside, root)))
    first = int(found[-1])
    parent[cycle[int(np.argmin(enter[first]))]] = outside[first]
    from_cycle = found[:-1] == outside.size
    exits = cycle[np.argmin(leave, axis=0)]
    parent[outside] = np.where(from_cycle, exits, outside[np.minimum(found[:-1], outside.size - 1)])
    return parent


def _cycle(parent: Ints, root: int) -> Ints:
    """Nodes of one cycle of the parents; none if all lead to the root."""
    seen_by = np.full(parent.size, -1)
    seen_by[root] = parent.size
    for start in range(parent.size):
        v = start
        while seen_by[v] < 0:
            seen_by[v] = start
            v = int(parent[v])
        if seen_by[v] == start:
            members = [v]
            while parent[members[-1]] != v:
                members.append(int(parent[members[-1]]))
            return np.array(members)
    return np.zeros(0, dtype=np.int64)


def spanning_tree(*, expansion: Expansion, paths: Paths) -> tuple[float, Tree]:
    """Least cost of a tree over all endpoints where both directions cost the same, and that tree, from the first."""
    k = len(paths.cost)
    row, column = np.nonzero(~np.eye(k, dtype=bool))
    between: Floats = np.asarray(paths.cost[row, column], dtype=float)
    graph = sparse.csr_array((between, (row, column)), shape=(k, k))  # dense, tiny costs would count as none
    found = csgraph.breadth_first_order(csgraph.minimum_spanning_tree(graph), 0, directed=False)
    parent = np.asarray(found[1], dtype=np.int64)
    return float(paths.cost[parent[1:], np.arange(1, k)].sum()), _tree(expansion, paths, 0, parent)


def steiner_tree(*, expansion: Expansion, paths: Paths) -> Tree:
    """A tree over all endpoints that may branch at switches, of at most twice the least cost; directions cost the same.

    References
    ----------
    L. Kou, G. Markowsky and L. Berman, Acta Informatica 15, 141 (1981).
    """
    n = expansion.n
    used = np.flatnonzero(spanning_tree(expansion=expansion, paths=paths)[1].load())
    graph = sparse.csr_array((paths.weight[used], (expansion.tail[used], expansion.head[used])), shape=(n, n))
    root = int(expansion.endpoint[0])
    found = csgraph.breadth_first_order(csgraph.minimum_spanning_tree(graph), root, directed=False)
    order, parent = (np.asarray(part, dtype=np.int64) for part in found)
    needed = np.zeros(n, dtype=bool)
    needed[expansion.endpoint] = True
    for v in order[:0:-1]:  # from the leaves: a switch stays if something below it does
        needed[parent[v]] |= needed[v]
    child = order[1:][needed[order[1:]]]
    rows, arcs = np.arange(child.size), paths.arcs(parent[child], child)
    path = sparse.csr_array((np.ones(child.size), (rows, arcs)), shape=(child.size, expansion.n_arcs))
    return Tree(root=root, child=child, parent=parent[child], path=path)
