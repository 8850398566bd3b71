"""Shortest distances from every node with GPUs, block by block: by scipy, or compiled where there are thousands.

Leaves out proofs, which use `paths` alone.
"""

import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from topo.fabric import Fabric

from .paths import distances
from .traffic import all_to_all

__all__ = ["distance_blocks"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_BLOCK = 256  # sources at a time: 20 MB of distances at 10,000 nodes
_MANY = 3000  # nodes from which on loading what is compiled is worth its second


def distance_blocks(
    *, fabric: Fabric, length: Floats, entering: Floats, compiled: bool | None = None
) -> Iterator[tuple[Ints, Floats]]:
    """Nodes with GPUs, each once over all blocks, and their distances to every node as `distances` has them.

    Parameters
    ----------
    fabric : Fabric
    length : (m,) array
        Of the arcs, >= 0.
    entering : (n,) array
        Added for the source and for every node the path enters.
    compiled : bool, optional
        By the compiled search on all cores; by default from 3000 nodes on.
    """
    if fabric.n_nodes >= _MANY if compiled is None else compiled:
        yield from _compiled_blocks(fabric, length, entering)
        return
    ends = np.flatnonzero(fabric.gpus > 0)
    for start in range(0, ends.size, _BLOCK):
        chunk = ends[start : start + _BLOCK]
        yield chunk, distances(fabric=fabric, length=length, sources=chunk, entering=entering)


def _compiled_blocks(fabric: Fabric, length: Floats, entering: Floats) -> Iterator[tuple[Ints, Floats]]:
    from .large.network import Network
    from .large.oracle import first_orders  # a second, which small fabrics need not wait for
    from .symmetry import Symmetry

    net = Network.of(fabric=fabric, traffic=all_to_all(fabric=fabric), symmetry=Symmetry.none(fabric=fabric))
    order = np.argsort(net.number[fabric.head], kind="stable")  # of the arcs, as the network has them
    # One sum for arc and node, so that paths add up as they do in `distances`.
    whole, nothing = (length + entering[fabric.head])[order], np.zeros(fabric.n_nodes)

    def block(sources: Ints) -> Floats:
        shape = (sources.size, fabric.n_nodes)
        orders, found = np.empty(shape, net.order_type), np.empty(shape)
        first_orders(net.arcs, whole, nothing, net.number[sources], orders, found)
        return np.take(found, net.number, axis=1) + entering[sources][:, None]

    chunks = [net.sources[start : start + _BLOCK] for start in range(0, net.sources.size, _BLOCK)]
    workers = os.cpu_count() or 1
    with ThreadPoolExecutor(workers) as pool:
        under_way = deque(pool.submit(block, chunk) for chunk in chunks[:workers])
        for k, chunk in enumerate(chunks):  # in order, with no more blocks in memory than threads and one
            found = under_way.popleft().result()
            if k + workers < len(chunks):
                under_way.append(pool.submit(block, chunks[k + workers]))
            yield chunk, found
