"""Collectives of large fabrics: spanning trees spread over the links, and bounds that need no search.

Each tree is a ring, walked once round, and where nothing but GPUs joins links it also sums and copies. Leaves out the
optimum: see `optimum`, which finds it on smaller fabrics.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph

from topo.fabric import Fabric

__all__ = ["Bounds", "spanning_all_gather", "spanning_all_reduce"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_TREES = 48  # more are slower, fewer fill the links less evenly
_STEEPNESS = 12.0  # logarithm of how much dearer the fullest link then is than an empty one


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """Both ends of the rate of a collective between nodes, and what proves them.

    Parameters
    ----------
    lower_bps, upper_bps : float
        [bit/s]
    lower_by, upper_by : str
    node : int
        Whose links, or host, are the upper end; -1 if it is those of all.
    """

    lower_bps: float
    upper_bps: float
    lower_by: str
    upper_by: str
    node: int


class _Trees:
    """Spanning trees that carry equal parts of the data: mean use of every link and mean degree of every node."""

    def __init__(self, fabric: Fabric) -> None:
        n, link = fabric.n_nodes, fabric.link_of_arc
        first, count = np.unique(link, return_index=True, return_counts=True)[1:]
        narrow = np.full(fabric.n_links, np.inf)
        np.minimum.at(narrow, link, fabric.capacity_bps)
        mean = np.bincount(link, weights=fabric.capacity_bps) / 2.0
        one, other = np.sort(np.stack([fabric.tail[first], fabric.head[first]]), axis=0)
        kept = (count == 2) & _with_leaves(fabric, one, other, narrow)
        self.one, self.other, self.width, self.mean = one[kept], other[kept], narrow[kept], mean[kept]
        self.whole = bool(kept.all())
        self.use = np.zeros(self.one.size)
        self.degree = np.zeros(n)
        self.bound_bps = np.inf
        if self.one.size >= n - 1:
            self._spread(fabric)

    def _spread(self, fabric: Fabric) -> None:
        """Trees at prices that rise with the load so far, each also a bound on what any trees carry."""
        n, host = fabric.n_nodes, np.where(np.isfinite(fabric.host_bps), fabric.host_bps, np.inf)
        key = self.one * n + self.other
        rank = np.argsort(key)
        for _ in range(_TREES):
            link, node = self.use / self.width, self.degree / host
            top = max(float(link.max()), float(node.max()), np.finfo(float).tiny)
            price, toll = (
                np.exp(_STEEPNESS * (share / top - 1.0)) / limit
                for share, limit in ((link, self.width), (node, host))
            )  # fmt: skip
            cost = price + toll[self.one] + toll[self.other]
            cost = cost / float(cost.max()) + 1e-9  # zeros would be no links
            graph = sparse.csr_array((cost, (self.one, self.other)), shape=(n, n))
            tree = csgraph.minimum_spanning_tree(graph).tocoo()
            if tree.nnz < n - 1:
                self.use[:] = 0.0
                return
            chosen = rank[np.searchsorted(key[rank], tree.row.astype(np.int64) * n + tree.col)]
            self.use[chosen] += 1.0
            self.degree += np.bincount(np.concatenate([self.one[chosen], self.other[chosen]]), minlength=n)
            self._bound(n, price)
        self.use /= _TREES
        self.degree /= _TREES

    def _bound(self, n: int, price: Floats) -> None:
        """What the links are worth at these prices over the cheapest tree: no trees, used both ways, carry more."""
        price = price / float(price.max()) + 1e-9
        least = csgraph.minimum_spanning_tree(sparse.csr_array((price, (self.one, self.other)), shape=(n, n)))
        self.bound_bps = min(self.bound_bps, float(price @ self.mean) / float(least.sum()))

    def rate_bps(self, fabric: Fabric, *, of_host: Floats, own: float) -> float:
        """Rate at which the trees fit, each arc of a tree used once. [bit/s]

        `of_host` is what passes the hosts for one bit, `own` what a GPU passes on inside its node, as part of the data,
        through ports that also serve the outside.
        """
        if not self.use.any():
            return 0.0
        used, ends = self.use > 0, fabric.gpus > 0
        rate = float((self.width[used] / self.use[used]).min())
        with np.errstate(divide="ignore"):
            rate = min(rate, float((fabric.host_bps / of_host)[ends].min()))
            gpus = fabric.gpus[ends].astype(float)
            rate = min(rate, float((gpus * fabric.port_bps[ends] / (of_host[ends] + own * (gpus - 1.0))).min()))
            return min(rate, float((fabric.switch_bps / (self.degree + of_host)).min()))


def _with_leaves(fabric: Fabric, one: Ints, other: Ints, width: Floats) -> NDArray[np.bool_]:
    """Links that a tree may use: of a node that does not forward only the widest, so that the node is a leaf."""
    kept = np.ones(one.size, dtype=bool)
    for end in (one, other):
        closed = ~fabric.transit[end]
        order = np.lexsort((-width, end))
        first = np.zeros(one.size, dtype=bool)
        first[order[np.unique(end[order], return_index=True)[1]]] = True
        kept &= ~closed | first
    return kept


def _node_limits(fabric: Fabric) -> tuple[Floats, Floats, Floats]:
    """What can leave, and enter, the GPUs of each node with any, and what their ports pass. [bit/s]"""
    ends = fabric.gpus > 0
    out, into = (
        np.bincount(e, weights=fabric.capacity_bps, minlength=ends.size)[ends] for e in (fabric.tail, fabric.head)
    )
    hosts = fabric.host_bps[ends]
    return np.minimum(out, hosts), np.minimum(into, hosts), fabric.gpus[ends] * fabric.port_bps[ends]


def spanning_all_gather(*, fabric: Fabric) -> Bounds:
    """All-gather along rings that walk round spanning trees, and what any node must take in.

    Notes
    -----
    Depth first, a walk round a tree passes each link once each way, so a ring in that order sends 1 - (the share of
    the smallest node) of the data over it. Upper end: every node takes in all shares but its own.
    """
    ends, share = fabric.gpus > 0, fabric.gpus / fabric.n_gpus
    trees = _Trees(fabric)
    passed = 1.0 - float(share[ends].min())
    lower = trees.rate_bps(fabric, of_host=ends.astype(float), own=1.0 / passed) / passed
    out, into, ports = _node_limits(fabric)
    mine, gpus = share[ends], fabric.gpus[ends].astype(float)
    most = np.minimum.reduce([into / (1.0 - mine), out / mine, ports / (gpus - mine)])
    v = int(np.argmin(most))
    return Bounds(lower_bps=min(lower, float(most[v])), upper_bps=float(most[v]),
                  lower_by=f"rings round {_TREES} spanning trees", upper_by="what one node can take or send",
                  node=int(np.flatnonzero(ends)[v]))  # fmt: skip


def spanning_all_reduce(*, fabric: Fabric) -> Bounds:
    """All-reduce up and down spanning trees, or by reduce-scatter and all-gather, and what limits any way of it.

    Notes
    -----
    A tree whose nodes all hold GPUs gathers up and spreads down: once over each of its arcs, as often through a host as
    it has links. Upper ends: every node sends and takes all data once; all k nodes together 2 (k - 1) times, once
    for each that gathering and spreading must join; and at any prices of the links, they are worth no less than what
    the cheapest tree costs both ways (every part of the data needs one up and one down).
    """
    ends = fabric.gpus > 0
    trees = _Trees(fabric)
    passed = 1.0 - float((fabric.gpus[ends] / fabric.n_gpus).min())
    ring = trees.rate_bps(fabric, of_host=ends.astype(float), own=1.0 / passed) / passed / 2.0
    lowers = [(ring, f"reduce-scatter, then all-gather, in rings round {_TREES} spanning trees")]
    out, into, ports = _node_limits(fabric)
    gpus = fabric.gpus[ends].astype(float)
    most = np.minimum.reduce([into, out, ports / (2.0 * gpus - 1.0)])
    v = int(np.argmin(most))
    uppers = [(float(most[v]), "what one node can take or send", int(np.flatnonzero(ends)[v]))]
    if gpus.size > 1:
        joined = 2.0 * (gpus.size - 1.0)
        every = min(float(out.sum()), float(into.sum())) / joined
        every = min(every, float(ports.sum()) / (joined + float((2.0 * (gpus - 1.0)).sum())))
        uppers.append((every, "what all nodes can take or send together", -1))
    if ends.all():
        lowers.append((trees.rate_bps(fabric, of_host=trees.degree, own=2.0), f"{_TREES} spanning trees, up and down"))
        if trees.whole:
            uppers.append((trees.bound_bps, "prices of the links", -1))
    lower, lower_by = max(lowers)
    upper, upper_by, node = min(uppers)
    return Bounds(lower_bps=min(lower, upper), upper_bps=upper, lower_by=lower_by, upper_by=upper_by, node=node)
