"""Who sends how much to whom in one round: `Traffic`, as rows on request.

The bits are payload between nodes; what GPUs of one node send each other stays apart (`local_bit`). Leaves out
which path it takes: see `routing`.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.optimize import linear_sum_assignment

from links.frozen import FrozenArrays
from topo.fabric import Fabric

from .paths import distances

__all__ = [
    "MOST_ASSIGNED", "Traffic", "all_to_all", "busiest_gpu_bit", "farthest_permutation", "from_matrix", "permutation",
]  # fmt: skip

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MOST_ASSIGNED = 1000  # nodes with GPUs up to which the hardest permutation is found: seconds
_BLOCK = 256  # sources at a time: 20 MB of rows at 10,000 nodes
_SAME_PLACE = 1e-6  # of the extent of a formation: coordinates that differ by less are one


@dataclass(frozen=True, kw_only=True, eq=False)
class Traffic(FrozenArrays):
    """Bits per round between nodes: off the diagonal, out_s x into_t plus an explicit sparse part.

    Parameters
    ----------
    name : str
    out, into : (n,) arrays
        Factors of the part of rank one, so that all-to-all among 10,000 nodes needs 20,000 numbers. [bit, -]
    explicit : (n, n) csr array
        The rest; its diagonal must be empty. [bit]
    local_bit : (n,) array
        Bits per round that the busiest GPU of each node sends to GPUs of the same node. [bit]
    bit_per_gpu : float
        Bits per round that one GPU sends in all; throughput times this is the metric. [bit]
    """

    name: str
    out: Floats
    into: Floats
    explicit: sparse.csr_array
    local_bit: Floats
    bit_per_gpu: float

    def __post_init__(self) -> None:
        super().__post_init__()
        n = self.out.size
        if self.into.shape != (n,) or self.local_bit.shape != (n,) or self.explicit.shape != (n, n):
            raise ValueError(f"traffic {self.name!r}: out, into, local_bit and explicit do not all speak of {n} nodes")
        for name, value in (
            ("out", self.out),
            ("into", self.into),
            ("local_bit", self.local_bit),
            ("explicit", self.explicit.data),
            ("bit_per_gpu", np.array(self.bit_per_gpu)),
        ):
            if not np.isfinite(value).all() or (value < 0).any():
                raise ValueError(f"traffic {self.name!r}: {name} has a negative or undefined value; give bits >= 0")
        if self.explicit.diagonal().any():
            v = int(np.flatnonzero(self.explicit.diagonal())[0])
            raise ValueError(f"traffic {self.name!r}: node {v} sends to itself; put that in local_bit")

    @property
    def n_nodes(self) -> int:
        """Nodes of the fabric the traffic is for."""
        return int(self.out.size)

    def rows(self, sources: ArrayLike) -> Floats:
        """Bits per round from each of `sources` to every node, shape (len(sources), n); zero to itself. [bit]"""
        index = np.atleast_1d(np.asarray(sources, dtype=np.int64))
        dense = np.outer(self.out[index], self.into) + self.explicit[index].toarray()
        dense[np.arange(index.size), index] = 0.0
        return np.asarray(dense)

    def blocks(self, sources: Ints) -> Iterator[tuple[slice, Floats]]:
        """Rows of many sources, few enough at a time for memory: which of `sources`, and their `rows`. [bit]"""
        for start in range(0, sources.size, _BLOCK):
            part = slice(start, start + _BLOCK)
            yield part, self.rows(sources[part])

    @property
    def sent_bit(self) -> Floats:
        """Bits per round that leave each node, shape (n,). [bit]"""
        return np.asarray(self.out * _sum_of_others(self.into) + self.explicit.sum(axis=1))

    @property
    def received_bit(self) -> Floats:
        """Bits per round that arrive at each node, shape (n,). [bit]"""
        return np.asarray(self.into * _sum_of_others(self.out) + self.explicit.sum(axis=0))

    def port_bit(self, *, gpus: Ints) -> Floats:
        """Bits per round through the ports of one GPU of each node, in the busier direction, evenly shared. [bit]"""
        beyond = np.maximum(self.sent_bit, self.received_bit) / np.maximum(gpus, 1)
        return np.asarray(self.local_bit + beyond)

    @property
    def sources(self) -> Ints:
        """Nodes that send anything."""
        return np.flatnonzero(self.sent_bit > 0)

    def __str__(self) -> str:
        return f"{self.name}: {self.sources.size} sources, {self.sent_bit.sum():.6g} bit per round between nodes"


def _sum_of_others(values: Floats) -> Floats:
    """Sum of all other entries, without subtracting: a large one would swallow the rest."""
    before, after = np.zeros_like(values), np.zeros_like(values)
    np.cumsum(values[:-1], out=before[1:])
    np.cumsum(values[:0:-1], out=after[-2::-1])
    return before + after


def _require_gpus(fabric: Fabric, least: int = 1) -> None:
    if fabric.n_gpus < least:
        raise ValueError(f"fabric {fabric.name!r} has {fabric.n_gpus} GPUs; this traffic needs at least {least}")


def all_to_all(*, fabric: Fabric) -> Traffic:
    """One bit from every GPU to every other GPU; the metric is r (G - 1), r rounds per second.

    >>> import networkx as nx
    >>> from topo import from_networkx
    >>> print(all_to_all(fabric=from_networkx(nx.cycle_graph(4), name="ring", gpus=2, capacity_bps=1.0)))
    all_to_all: 4 sources, 48 bit per round between nodes
    """
    _require_gpus(fabric, 2)
    gpus = fabric.gpus.astype(float)
    return Traffic(
        name="all_to_all", out=gpus, into=gpus, explicit=sparse.csr_array(gpus.shape * 2),
        local_bit=np.maximum(gpus - 1.0, 0.0), bit_per_gpu=float(fabric.n_gpus - 1),
    )  # fmt: skip


def from_matrix(
    *, fabric: Fabric, bits: ArrayLike, name: str, local_bit: ArrayLike = 0.0, bit_per_gpu: float | None = None
) -> Traffic:
    """Traffic of an (n, n) matrix of bits per round between nodes; its diagonal must be zero.

    Parameters
    ----------
    fabric : Fabric
    bits : (n, n) array
        From the node of the row to that of the column. [bit]
    name : str
    local_bit : (n,) array or float
        What the busiest GPU of each node sends to others of the node. [bit]
    bit_per_gpu : float, optional
        What the rate per GPU of the answer counts; `busiest_gpu_bit` if not given. [bit]

    >>> import networkx as nx
    >>> from topo import from_networkx
    >>> pair = from_networkx(nx.path_graph(2), name="pair", gpus=2, capacity_bps=1.0)
    >>> from_matrix(fabric=pair, bits=[[0, 6], [2, 0]], name="mine").bit_per_gpu  # 6 bit from two GPUs
    3.0
    """
    dense = np.asarray(bits, dtype=float)
    n = fabric.n_nodes
    if dense.shape != (n, n):
        raise ValueError(
            f"bits has shape {dense.shape}, need ({n}, {n}): one row and column per node of {fabric.name!r}"
        )
    if not np.isfinite(dense).all():
        raise ValueError("bits has an undefined value; give finite bits >= 0")
    inside = np.array(np.broadcast_to(np.asarray(local_bit, dtype=float), (n,)))
    each = busiest_gpu_bit(fabric=fabric, sent_bit=dense.sum(axis=1), local_bit=inside)
    zero = np.zeros(n)
    return Traffic(
        name=name, out=zero, into=zero, explicit=sparse.csr_array(dense), local_bit=inside,
        bit_per_gpu=each if bit_per_gpu is None else bit_per_gpu,
    )  # fmt: skip


def busiest_gpu_bit(*, fabric: Fabric, sent_bit: ArrayLike, local_bit: ArrayLike) -> float:
    """Bits per round that a GPU of the busiest node sends, what leaves the node shared evenly. [bit]

    Scaling a traffic scales this too, so that throughput times it, the rate per GPU, stays the same.
    """
    each = np.asarray(sent_bit) / np.maximum(fabric.gpus, 1) + np.asarray(local_bit)
    return float(each.max(initial=0.0))


def permutation(*, fabric: Fabric, image: ArrayLike) -> Traffic:
    """GPU k of node v sends one bit to GPU k of node image[v]; `image` permutes the nodes with GPUs.

    A node that maps to itself sends nothing. A node and its image must have the same number of GPUs.
    """
    ends = np.flatnonzero(fabric.gpus > 0)
    target = np.asarray(image, dtype=np.int64)
    if target.shape != (fabric.n_nodes,) or not np.array_equal(np.sort(target[ends]), ends):
        raise ValueError(
            "image must map the nodes with GPUs one to one onto themselves, one entry per node of the fabric"
        )
    unlike = ends[fabric.gpus[target[ends]] != fabric.gpus[ends]]
    if unlike.size:
        v, w = int(unlike[0]), int(target[unlike[0]])
        raise ValueError(
            f"a permutation needs the same number of GPUs at a node and its image; {fabric.labels[v]} has "
            f"{fabric.gpus[v]}, {fabric.labels[w]} {fabric.gpus[w]}"
        )
    n = fabric.n_nodes
    moved = ends[target[ends] != ends]
    explicit = sparse.csr_array((fabric.gpus[moved].astype(float), (moved, target[moved])), shape=(n, n))
    zero = np.zeros(n)
    return Traffic(name="permutation", out=zero, into=zero, explicit=explicit, local_bit=zero, bit_per_gpu=1.0)


def farthest_permutation(*, fabric: Fabric) -> Ints:
    """Image of each node under the hardest permutation: most hops in all, then most squared range, then node order.

    Notes
    -----
    A linear assignment on hops and summed squared distances of the nodes (by least summed arc range where the fabric
    has no positions). Among the optimal assignments the lexicographically first; summed squared ranges that differ by
    less than 1e-9 of the largest count as equal. Nodes go to nodes with as many GPUs; one alone with its number stays.
    Beyond 1000 nodes, for which no assignment is found in time: the order of the nodes along the formation's longest
    extent (then the next) turned round, which is the reflection of a symmetric formation through its centre. That is
    a permutation with many hops, not proved to be the one with most.
    """
    _require_gpus(fabric)
    ends = np.flatnonzero(fabric.gpus > 0)
    image = np.arange(fabric.n_nodes)
    alike = [ends[fabric.gpus[ends] == count] for count in np.unique(fabric.gpus[ends])]
    if ends.size > MOST_ASSIGNED:
        for nodes in alike:
            order = nodes[_along(fabric, nodes)]
            image[order] = order[::-1]
        return image
    hops = distances(fabric=fabric, length=np.ones(fabric.n_arcs), sources=ends)[:, ends]
    np.fill_diagonal(hops, 0.0)
    if not np.isfinite(hops).all():
        s, t = np.argwhere(~np.isfinite(hops))[0]
        raise ValueError(f"no path from {fabric.labels[ends[s]]} to {fabric.labels[ends[t]]}; link them first")
    if fabric.positions_m is not None:
        where = fabric.positions_m[ends]
        squared = ((where[:, None, :] - where[None, :, :]) ** 2).sum(axis=-1)
    else:
        squared = distances(fabric=fabric, length=fabric.range_m, sources=ends)[:, ends] ** 2
        np.fill_diagonal(squared, 0.0)
    # One weight: shares of squared range sum to at most k, so that hops come first.
    weight = hops * (ends.size + 1.0) + squared / max(float(squared.max()), np.finfo(float).tiny)
    for nodes in alike:
        own = np.searchsorted(ends, nodes)
        image[nodes] = nodes[_first_optimal_assignment(weight[np.ix_(own, own)])]
    return image


def _along(fabric: Fabric, nodes: Ints) -> Ints:
    """Order of some nodes along the longest extent of their positions, then the next; as they are without any."""
    if fabric.positions_m is None:
        return np.arange(nodes.size)
    where = fabric.positions_m[nodes] - fabric.positions_m[nodes].mean(axis=0)
    extent = np.ptp(where, axis=0)
    whole = np.rint(where / (_SAME_PLACE * max(float(extent.max()), np.finfo(float).tiny)))
    return np.asarray(np.lexsort(whole[:, np.argsort(extent)].T), dtype=np.int64)


def _first_optimal_assignment(weight: Floats) -> Ints:
    """Lexicographically first column order among the assignments of greatest total weight, but for rounding."""
    k = len(weight)
    rounding = 1e-9
    columns = np.asarray(linear_sum_assignment(weight, maximize=True)[1], dtype=np.int64)
    # Potentials u_i + v_j >= weight_ij, tight on the assignment, by shortest paths over exchanges.
    v = np.zeros(k)
    matched = weight[np.arange(k), columns]
    for _ in range(k):
        gain = weight - matched[:, None] + v[columns][:, None]  # lower bound that row i puts on v_j
        better = np.maximum(v, gain.max(axis=0))
        if (better <= v + rounding / k).all():
            break
        v = better
    tight = weight - matched[:, None] + v[columns][:, None] >= v[None, :] - rounding
    column_of, row_of = columns.copy(), np.empty(k, dtype=np.int64)
    row_of[columns] = np.arange(k)
    for row in range(k):
        for column in np.flatnonzero(tight[row]):
            if column == column_of[row]:
                break
            if row_of[column] < row:
                continue
            if _reassign(tight, column_of, row_of, row, int(column)):
                break
    return column_of


def _reassign(tight: NDArray[np.bool_], column_of: Ints, row_of: Ints, row: int, column: int) -> bool:
    """Give `column` to `row` by an exchange among later rows over tight pairs; False if there is none."""
    free = int(column_of[row])
    parent: dict[int, int] = {}
    queue = [int(row_of[column])]
    seen = {queue[0]}
    while queue:
        r = queue.pop(0)
        if tight[r, free]:
            c = free
            while True:
                old = int(column_of[r])
                column_of[r], row_of[c] = c, r
                if old == column:
                    break
                c, r = old, parent[r]
            column_of[row], row_of[column] = column, row
            return True
        for c in np.flatnonzero(tight[r]).tolist():
            other = int(row_of[c])
            if other > row and other not in seen and c != column:
                seen.add(other)
                parent[other] = r
                queue.append(other)
    return False
