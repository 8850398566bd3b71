"""Proof without search: routings and prices simple enough to write down, tried before any solver.

Equal-cost multipath closes edge-transitive fabrics and folded Clos networks (an NVL72) in milliseconds. Leaves the
rest to `problem`.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from topo.fabric import Fabric

from .certificate import Prices
from .limits import Limits
from .node_limits import node_limits, shares
from .paths import distances
from .routing import Routing, ecmp
from .traffic import Traffic

__all__ = ["nonblocking_bps_per_gpu", "simple_prices", "simple_routings", "tightest_nodes"]

Floats = NDArray[np.float64]

# Arc lengths by 1/capacity that differ by more than this are not told apart in sums of many of them.
_MOST_SPREAD = 1e9


def simple_routings(*, fabric: Fabric) -> Iterator[tuple[str, Routing]]:
    """Named routings to try: multipath by hops, then by the inverse of capacity."""
    yield "equal-cost multipath by hops", ecmp(fabric=fabric)
    most, least = fabric.capacity_bps.max(initial=0.0), fabric.capacity_bps.min(initial=np.inf)
    if least < most <= _MOST_SPREAD * least:
        yield "equal-cost multipath by 1/capacity", ecmp(fabric=fabric, length=most / fabric.capacity_bps)


def simple_prices(*, fabric: Fabric, traffic: Traffic, limits: Limits | None = None) -> Iterator[tuple[str, Prices]]:
    """Named prices to try: every arc or resource alike, and the tightest limits and cuts of single nodes."""
    nothing = Prices.zero(fabric=fabric, limits=limits)
    yield "total capacity", replace(nothing, arc=np.ones(fabric.n_arcs))
    if np.unique(fabric.capacity_bps).size > 1:
        yield "arcs by 1/capacity", replace(nothing, arc=fabric.capacity_bps.max() / fabric.capacity_bps)
    if limits is not None:
        price = np.divide(1.0, limits.supply, out=np.zeros_like(limits.supply), where=limits.supply > 0)
        arcs = np.bincount(fabric.link_of_arc, minlength=fabric.n_links)
        charged = ((price @ limits.use) / arcs)[fabric.link_of_arc]
        yield "shared resources", replace(nothing, limit=price, limit_arc=charged)
    for how, prices, _ in tightest_nodes(fabric=fabric, traffic=traffic, nothing=nothing):
        yield how, prices


def tightest_nodes(*, fabric: Fabric, traffic: Traffic, nothing: Prices) -> Iterator[tuple[str, Prices, float]]:
    """The tightest node of each kind of limit, and of links out and in: its name, prices, and the bound. [1/s]

    Parameters
    ----------
    fabric, traffic
    nothing : Prices
        Zero everywhere, of this fabric.
    """
    for kind, what, used, supply in node_limits(fabric=fabric, traffic=traffic):
        share = shares(used=used, supply=supply)
        v = int(np.argmax(share))
        if share[v] > 0:
            price = np.zeros(fabric.n_nodes)
            price[v] = 1.0
            yield f"{what} of {fabric.labels[v]}", replace(nothing, **{kind: price}), 1.0 / float(share[v])
    for what, end, bits in (("out of", fabric.tail, traffic.sent_bit), ("into", fabric.head, traffic.received_bit)):
        capacity = np.bincount(end, weights=fabric.capacity_bps, minlength=fabric.n_nodes).astype(float)
        share = shares(used=bits, supply=capacity)
        v = int(np.argmax(share))
        if share[v] > 0:
            alone = replace(nothing, arc=(end == v).astype(float))
            yield f"links {what} {fabric.labels[v]}", alone, 1.0 / float(share[v])


def nonblocking_bps_per_gpu(*, fabric: Fabric, most_terms: int = 2**26) -> float:
    """Rate per GPU that multipath carries for every traffic that no host exceeds; 0 where not established. [bit/s]

    Notes
    -----
    Under multipath weighted by the number of least-hop paths, arc e carries the share f_st(e) of the traffic from s
    to t. If every node sends and receives at most eta per GPU, its load is at most the smaller of
    sum_s eta g_s max_t f_st(e) and sum_t eta g_t max_s f_st(e). A sufficient condition, tight for folded Clos
    networks; Valiant and Brebner, STOC 1981, use the same oblivious argument. Switch limits, where finite, are not
    covered: the answer is then 0.
    """
    ends = np.flatnonzero(fabric.gpus > 0)
    if ends.size**2 * fabric.n_arcs > most_terms or np.isfinite(fabric.switch_bps).any() or ends.size < 2:
        return 0.0
    hops = distances(fabric=fabric, length=np.ones(fabric.n_arcs), sources=np.arange(fabric.n_nodes))
    if not np.isfinite(hops[np.ix_(ends, ends)]).all():
        return 0.0
    paths = _least_hop_paths(fabric, hops)
    gpus = fabric.gpus[ends].astype(float)
    need = 0.0
    start = np.where(
        fabric.transit[None, :] | np.eye(fabric.n_nodes, dtype=bool), hops, np.inf
    )  # a path goes on from v
    for e in range(fabric.n_arcs):
        u, v = fabric.tail[e], fabric.head[e]
        onward = np.where(fabric.transit[v] | (ends == v), hops[v, ends], np.inf)
        on_path = start[ends, u][:, None] + 1.0 + onward[None, :] == hops[np.ix_(ends, ends)]
        share = np.where(on_path, paths[ends, u][:, None] * paths[v, ends][None, :], 0.0) / paths[np.ix_(ends, ends)]
        np.fill_diagonal(share, 0.0)
        worst = min(float(gpus @ share.max(axis=1)), float(gpus @ share.max(axis=0)))
        need = max(need, worst / float(fabric.capacity_bps[e]))
    host = float(np.minimum(fabric.host_bps[ends] / gpus, fabric.port_bps[ends]).min())
    return min(1.0 / need, host) if need > 0 else host


def _least_hop_paths(fabric: Fabric, hops: Floats) -> Floats:
    """Number of least-hop paths between all pairs of nodes, shape (n, n); 1 from a node to itself."""
    n = fabric.n_nodes
    forward = sparse.csr_array((np.ones(fabric.n_arcs), (fabric.tail, fabric.head)), shape=(n, n))
    paths = np.eye(n)
    finite = hops[np.isfinite(hops)]
    for depth in range(1, int(finite.max(initial=0.0)) + 1):
        open_end = np.where((hops == depth - 1) & (fabric.transit[None, :] | (depth == 1)), paths, 0.0)
        paths = paths + np.where(hops == depth, open_end @ forward, 0.0)
    return paths
