"""Whether there is a path for all of a traffic: without one its throughput is 0, which is an error to report.

Leaves out how much the paths carry.
"""

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from topo.fabric import Fabric

from .paths import distances
from .star import as_star
from .traffic import Traffic

__all__ = ["check_paths"]


def check_paths(*, fabric: Fabric, traffic: Traffic) -> None:
    """Refuse traffic between nodes without a path, by `ValueError`; otherwise nothing comes back."""
    if traffic.n_nodes != fabric.n_nodes:
        raise ValueError(
            f"traffic {traffic.name!r} speaks of {traffic.n_nodes} nodes, {fabric.name!r} has {fabric.n_nodes}; "
            "make it for this fabric"
        )
    graph = sparse.csr_array((np.ones(fabric.n_arcs), (fabric.tail, fabric.head)), shape=(fabric.n_nodes,) * 2)
    open_ways = fabric.transit.all() or as_star(fabric=fabric) is not None
    if open_ways and csgraph.connected_components(graph, connection="strong")[0] == 1:
        return
    sources = traffic.sources
    for part, bits in traffic.blocks(sources):
        some = sources[part]
        reach = distances(fabric=fabric, length=np.ones(fabric.n_arcs), sources=some)
        cut_off = (bits > 0) & ~np.isfinite(reach)
        if cut_off.any():
            i, t = np.argwhere(cut_off)[0]
            raise ValueError(
                f"{fabric.name}: no path from {fabric.labels[int(some[i])]} to {fabric.labels[int(t)]}, so "
                f"{traffic.name} has throughput 0; link them, or leave that traffic out"
            )
