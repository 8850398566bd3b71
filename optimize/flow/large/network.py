"""A fabric and its traffic as the large solver reads them: nodes renumbered, capacities pooled, demands in units.

Leaves out the search: see `solve`.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph

from optimize.flow.certificate import Prices
from optimize.flow.pools import Pools
from optimize.flow.symmetry import Symmetry
from optimize.flow.traffic import Traffic
from topo.fabric import Fabric

from .oracle import Arcs

__all__ = ["Network"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_UP = 1.0 + 2.0**-50  # more than rounding takes away, so that what arrives is never less than what is wanted
_SMALL, _LARGE = 2**15 - 1, 2**30  # units of one source that 16 bits hold, and that 32 bits hold with room for rounding
_MANY = 2**26  # flows from which on 16 bits are chosen where they are enough


@dataclass(frozen=True, kw_only=True, eq=False)
class Network:
    """What the compiled loops need, and how to translate it back.

    Parameters
    ----------
    fabric, traffic
        What it was made of.
    pools : Pools
        Its resources.
    node : (n,) ints
        Node of the fabric that has each number here: numbered so that neighbours are close together.
    sources : (k,) ints
        The sources of the pools, as nodes of the fabric, in the order of the numbers here.
    times : (k,) array
        Nodes that each of them stands for.
    arcs : Arcs
        In the numbers here.
    unit_bit : (k,) array
        Bits per unit of flow from each source.
    most : int
        Units of one source at most, if every demand is exactly a whole number of them; else 0.
    """

    fabric: Fabric
    traffic: Traffic
    pools: Pools
    node: Ints
    sources: Ints
    times: Floats
    arcs: Arcs
    unit_bit: Floats
    most: int

    @classmethod
    def of(cls, *, fabric: Fabric, traffic: Traffic, symmetry: Symmetry) -> "Network":
        """Network of a fabric under a traffic, reduced by a symmetry of both."""
        n = fabric.n_nodes
        pools = Pools.of(fabric=fabric, traffic=traffic, symmetry=symmetry)
        graph = sparse.csr_array((np.ones(fabric.n_arcs), (fabric.tail, fabric.head)), shape=(n, n))
        node = csgraph.reverse_cuthill_mckee(sparse.csr_array(graph + graph.T), symmetric_mode=True).astype(np.int64)
        number = np.empty(n, dtype=np.int64)
        number[node] = np.arange(n)
        order = np.argsort(number[fabric.head], kind="stable")
        tail, head = fabric.tail[order], fabric.head[order]
        arcs = Arcs(
            ptr=np.searchsorted(number[head], np.arange(n + 1)).astype(np.int32),
            tail=number[tail].astype(np.int32),
            link=fabric.link_of_arc[order].astype(np.int32),
            along=tail < head,
            row=pools.arc[order].astype(np.int32),
            opened=fabric.transit[node],
            node_row=pools.node[node].astype(np.int32) if (pools.node >= 0).any() else np.empty(0, dtype=np.int32),
            gain=1.0 / pools.supply_bps,
            worth=pools.members / pools.supply_bps,
        )
        by_number = np.argsort(number[pools.sources])
        sources = pools.sources[by_number]
        unit, most = _units(traffic, sources, fabric.n_links)
        return cls(
            fabric=fabric,
            traffic=traffic,
            pools=pools,
            node=node,
            sources=sources,
            times=pools.times[by_number],
            arcs=arcs,
            unit_bit=unit,
            most=most,
        )

    @property
    def n_links(self) -> int:
        """Columns of the table of flows."""
        return self.fabric.n_links

    @property
    def memory_bytes(self) -> int:
        """What the flows and orders of all sources occupy. [byte]"""
        n = self.fabric.n_nodes
        return self.sources.size * (self.n_links * self.flow_type.itemsize + n * self.order_type.itemsize)

    @property
    def flow_type(self) -> np.dtype[np.signedinteger]:
        """Of the table of flows."""
        return np.dtype(np.int16 if self.most == _SMALL else np.int32)

    @property
    def order_type(self) -> np.dtype[np.integer]:
        """Of the orders of the nodes."""
        return np.dtype(np.uint16 if self.fabric.n_nodes <= 2**16 else np.int32)

    @cached_property
    def number(self) -> Ints:
        """Number here of each node of the fabric."""
        number = np.empty_like(self.node)
        number[self.node] = np.arange(self.node.size)
        return number

    @property
    def base(self) -> Floats:
        """Use of the resources that no routing changes, as a share of them at one round per second; a new array."""
        return self.pools.own_bit / self.pools.supply_bps

    @property
    def bits(self) -> Floats:
        """Bits per unit of flow, times the sources that this one stands for."""
        return self.unit_bit * self.times

    def _rows(self, index: NDArray[np.int64]) -> Floats:
        """Bits from some of the sources to every node here."""
        sources = self.sources[index]
        if self.traffic.explicit.nnz:
            return self.traffic.rows(sources)[:, self.node]
        bits = np.outer(self.traffic.out[sources], self.traffic.into[self.node])
        bits[np.arange(sources.size), self.number[sources]] = 0.0
        return bits

    def counts(self, index: NDArray[np.int64]) -> NDArray[np.int32]:
        """Units that each node here is sent by some of the sources, shape (len(index), n); rounded up."""
        bits = self._rows(index) / self.unit_bit[index][:, None]
        return (np.rint(bits) if self.most else np.ceil(_UP * bits)).astype(np.int32)

    def charge(self, index: NDArray[np.int64], reach: Floats) -> float:
        """What the traffic of some of the sources, and of all they stand for, costs at these distances."""
        bits = self._rows(index)
        bits *= self.times[index][:, None]
        return float(np.sum(bits * np.where(bits > 0, reach, 0.0)))  # what is out of reach is sent nothing

    def lengths(self, price: Floats) -> tuple[Floats, Floats]:
        """Prices of the resources as lengths of the arcs and charges of the nodes here."""
        entering = np.zeros(self.node.size)
        if self.arcs.node_row.size:
            limited = self.arcs.node_row >= 0
            entering[limited] = price[self.arcs.node_row[limited]]
        return price[self.arcs.row], entering

    def prices(self, price: Floats) -> Prices:
        """Prices of the resources as a certificate has them."""
        return self.pools.prices(price, fabric=self.fabric)


def _units(traffic: Traffic, sources: Ints, n_links: int) -> tuple[Floats, int]:
    """Bits per unit of each source, and `Network.most`: each demand is a whole number of them, or they are fine."""
    least, total, whole = [np.empty(sources.size) for _ in range(3)]
    for part, bits in traffic.blocks(sources):
        some = np.min(bits, axis=1, where=bits > 0, initial=np.inf)
        ratio = bits / some[:, None]
        exact = (np.abs(ratio - np.rint(ratio)) <= 1e-12 * ratio).all(axis=1)
        least[part], total[part] = some, bits.sum(axis=1)
        whole[part] = np.where(exact, np.rint(ratio).sum(axis=1), np.inf)
    if (whole <= _SMALL).all():
        most = _SMALL if sources.size * n_links > _MANY else _LARGE
        return _UP * least / (most // whole), most
    return total / _LARGE, 0
