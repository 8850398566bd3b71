"""Symmetries of a fabric and its traffic, found from capacities, limits and demands: never typed in.

A routing averaged over a group of symmetries is as good as the best, so one source for each orbit is enough. Leaves
out symmetries of dense traffic that is no product of one factor per node: then there are none.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph

from links.frozen import FrozenArrays
from topo.fabric import Fabric

from .traffic import Traffic

__all__ = ["Symmetry", "arc_images", "find_symmetry", "orbits"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_ALIKE_RTOL = 1e-9  # rates and limits that differ by less are equal: the rounding of how they were computed
_MOST_NEIGHBOURS = 2**24  # pairs of nodes that are few hops apart, at most this many looked at
_MOST_IMAGES = 2**24  # vertices of the coloured graph times generators: some 600 MB while they are handed over


@dataclass(frozen=True, kw_only=True, eq=False)
class Symmetry(FrozenArrays):
    """A group of symmetries by its generators, with the orbits of nodes and arcs.

    Parameters
    ----------
    generators : (g, n) ints
        Image of each node under each generator.
    node, arc : (n,), (m,) ints
        Number of the orbit of each node and arc.
    """

    generators: Ints
    node: Ints
    arc: Ints

    @classmethod
    def none(cls, *, fabric: Fabric) -> "Symmetry":
        """The identity alone."""
        generators = np.zeros((0, fabric.n_nodes), dtype=np.int64)
        return cls(generators=generators, node=np.arange(fabric.n_nodes), arc=np.arange(fabric.n_arcs))

    @property
    def n_orbits(self) -> int:
        """Orbits of nodes."""
        return int(self.node.max()) + 1

    def __str__(self) -> str:
        return f"{len(self.generators)} generators, {self.n_orbits} orbits of {self.node.size} nodes"


def orbits(*, images: Ints) -> Ints:
    """Number of the orbit of each thing, from the images of all of them under some permutations, shape (g, size)."""
    g, size = images.shape
    joined = sparse.csr_array((np.ones(images.size), (np.tile(np.arange(size), g), images.ravel())), shape=(size, size))
    return np.asarray(csgraph.connected_components(joined, directed=False)[1], dtype=np.int64)


def arc_images(*, fabric: Fabric, generators: Ints) -> Ints:
    """Image of each arc under permutations of the nodes, shape (g, m); -1 where the image is no arc."""
    n = fabric.n_nodes
    key = fabric.tail * n + fabric.head
    rank = np.argsort(key)
    wanted = generators[:, fabric.tail] * n + generators[:, fabric.head]
    found = np.minimum(np.searchsorted(key[rank], wanted), key.size - 1)
    return np.where(key[rank[found]] == wanted, rank[found], -1)


def find_symmetry(*, fabric: Fabric, traffic: Traffic) -> Symmetry:
    """Largest group of permutations of the nodes that keep links, rates, node limits and demands.

    Notes
    -----
    Automorphisms of a coloured graph with a vertex for every link, by BLISS: Junttila and Kaski, ALENEX 2007, 135.
    Rates and limits that differ by less than a part in 10^9 count as equal; demands must be equal. Nodes with the same
    neighbours take a generator each: of thousands of them, as round one large switch, no symmetry is looked for.
    """
    import igraph  # half a second, as it loads matplotlib

    n, m = fabric.n_nodes, fabric.n_arcs
    explicit = traffic.explicit.tocoo()
    tail, head = np.concatenate([fabric.tail, explicit.row]), np.concatenate([fabric.head, explicit.col])
    kind = np.concatenate([_classes(fabric.capacity_bps), -1 - np.unique(explicit.data, return_inverse=True)[1]])
    # Two vertices to an arc, one coloured for each of its ends, tell its direction.
    size = tail.size
    near, far = n + np.arange(size), n + size + np.arange(size)
    edges = np.concatenate([np.stack([tail, near], 1), np.stack([near, far], 1), np.stack([far, head], 1)])
    if _twins(n, tail, head, kind) * (n + 2 * size) > _MOST_IMAGES:
        return Symmetry.none(fabric=fabric)
    node = _node_classes(fabric, traffic)
    ends = node.max(initial=0) + 1 + np.unique(np.concatenate([2 * kind, 2 * kind + 1]), return_inverse=True)[1]
    graph = igraph.Graph(n + 2 * size, edges.tolist())
    found = graph.automorphism_group(color=np.concatenate([node, ends]).tolist())
    generators = np.array([image[:n] for image in found], dtype=np.int64).reshape(-1, n)
    images = arc_images(fabric=fabric, generators=generators) if m else np.zeros((0, 0), dtype=np.int64)
    return Symmetry(generators=generators, node=orbits(images=generators), arc=orbits(images=images))


def _twins(n: int, tail: Ints, head: Ints, kind: Ints) -> int:
    """Nodes that have the same neighbours as another, themselves counted or not, by arcs of the same kinds."""
    number = np.unique(kind, return_inverse=True)[1] + 1
    link = sparse.csr_array((number, (tail, head)), shape=(n, n))
    # Twins that are joined are alike once each is joined to itself as well; most often that is by the commonest kind.
    loop = sparse.eye_array(n, dtype=link.dtype) * int(np.bincount(number, minlength=1).argmax())
    found = []
    for out in (link, link + loop):
        one = sparse.hstack([out, out.T], format="csr")
        one.sort_indices()
        spans = zip(one.indptr[:-1].tolist(), one.indptr[1:].tolist(), strict=True)
        found.append(n - len({one.indices[a:b].tobytes() + one.data[a:b].tobytes() for a, b in spans}))
    return max(found)


def _classes(values: Floats) -> Ints:
    """Number of the class of each value; values of one class differ by rounding only."""
    order = np.argsort(values)
    ranked = values[order]
    with np.errstate(invalid="ignore"):
        apart = np.diff(ranked) > _ALIKE_RTOL * np.abs(ranked[:-1])
    apart &= ranked[:-1] < np.inf
    classes = np.empty(values.size, dtype=np.int64)
    classes[order] = np.concatenate([[0], np.cumsum(apart)]) if values.size else 0
    return classes


def _node_classes(fabric: Fabric, traffic: Traffic) -> Ints:
    """Number of the class of each node, by its own attributes and by how many nodes are within one, two, three hops."""
    n = fabric.n_nodes
    limits = [_classes(v) for v in (fabric.host_bps, fabric.switch_bps, fabric.local_bps, fabric.port_bps)]
    exact = [np.unique(v, return_inverse=True)[1] for v in (fabric.gpus, traffic.out, traffic.into, traffic.local_bit)]
    columns = [*limits, *exact, fabric.transit.astype(np.int64)]
    step = sparse.csr_array((np.ones(fabric.n_arcs, dtype=np.int32), (fabric.tail, fabric.head)), shape=(n, n))
    step = (step + sparse.eye_array(n, dtype=np.int32, format="csr")).tocsr()
    ball = step
    # Nodes of random graphs differ in nothing else, and the search would have to try them all.
    for _ in range(3):
        inward = np.diff(ball.tocsc().indptr)
        columns += [np.diff(ball.indptr), inward]
        if float(inward @ np.diff(step.indptr)) > _MOST_NEIGHBOURS:
            break
        ball = (ball @ step > 0).astype(np.int32).tocsr()
    return np.asarray(np.unique(np.stack(columns), axis=1, return_inverse=True)[1], dtype=np.int64).ravel()
