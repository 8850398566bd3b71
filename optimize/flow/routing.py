"""How traffic travels: explicit flows, or mixtures of shortest-path routings. Imports no solver.

Arc loads alone are no routing: each kind here can recompute its loads from the traffic, and refuses to if it does
not carry all of it.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from links.frozen import FrozenArrays
from topo.fabric import Fabric

from .paths import distances
from .star import as_star
from .traffic import Traffic

__all__ = [
    "CONSERVATION_RTOL", "CertificateError", "FlowRouting", "Routing", "ShortestPathRouting", "ecmp", "missing_part",
]  # fmt: skip

Floats = NDArray[np.float64]

# Part of a demand that may be missing and still counts as rounding of the flows. It is no error of the certificate:
# the loads are raised by what is missing.
CONSERVATION_RTOL = 1e-6
# Lengths of two paths that differ by less are equal: far above the rounding of their sums, far below a real difference.
_TIE_RTOL = 1e-9


class CertificateError(ValueError):
    """A routing or a set of prices does not prove what it claims."""


def missing_part(*, fabric: Fabric, traffic: Traffic, sources: NDArray[np.int64], arrived_bit: Floats) -> float:
    """Greatest part of a demand that flows may leave out; `CertificateError` if that is more than rounding. [-]

    Parameters
    ----------
    fabric, traffic
    sources : (k,) ints
    arrived_bit : (k, n) array
        What flows of each source bring to every node in one round, less what they take away. [bit]
    """
    k = np.arange(sources.size)
    wanted = traffic.rows(sources)
    missing = np.maximum(wanted - arrived_bit, 0.0)
    missing[k, sources] = 0.0
    part = missing.sum(axis=1) / np.min(wanted, axis=1, where=wanted > 0, initial=np.inf)
    if not (part <= CONSERVATION_RTOL).all():
        i = int(np.argmax(part))
        v = int(np.argmax(missing[i]))
        raise CertificateError(
            f"traffic of {fabric.labels[int(sources[i])]} is not conserved at {fabric.labels[v]}: "
            f"{arrived_bit[i, v]:.9g} bit arrive, {wanted[i, v]:.9g} are meant to"
        )
    return float(part.max(initial=0.0))


class Routing(Protocol):
    """Anything that says which arcs the traffic of one round uses."""

    def arc_bit(self, *, fabric: Fabric, traffic: Traffic) -> Floats:
        """Bits on each arc in one round, shape (m,), recomputed and checked; `CertificateError` if traffic is lost."""
        ...


@dataclass(frozen=True, kw_only=True, eq=False)
class FlowRouting(FrozenArrays):
    """Explicit flows, summed over the destinations of each source.

    Parameters
    ----------
    sources : (k,) ints
        Node that row i of `flow_bit` starts from.
    flow_bit : (k, m) csr array
        Bits of that source on each arc in one round.
    """

    sources: NDArray[np.int64]
    flow_bit: sparse.csr_array

    def arc_bit(self, *, fabric: Fabric, traffic: Traffic) -> Floats:
        """Bits on each arc in one round, shape (m,). Checks sign, conservation at every node, and closed nodes.

        Notes
        -----
        More may arrive at a node than is wanted, because what is too much can be left out along the paths it came by.
        What is missing, e in all of one source's traffic, leaves at least d - e of each of its demands d: the loads are
        then those of the flows times the greatest d / (d - e), which carry every demand in full.
        """
        k, m, n = self.sources.size, fabric.n_arcs, fabric.n_nodes
        if self.flow_bit.shape != (k, m):
            raise CertificateError(f"flows have shape {self.flow_bit.shape}, need ({k}, {m}): sources by arcs")
        if not np.isin(self.sources, np.arange(n)).all():
            raise CertificateError(f"flows name a source that is none of the {n} nodes")
        if np.unique(self.sources).size != k or not np.isin(traffic.sources, self.sources).all():
            raise CertificateError("flows do not name every node that sends, once each")
        data = self.flow_bit.data
        if not np.isfinite(data).all() or (data < 0).any():
            raise CertificateError("a flow is negative or undefined")
        row = np.repeat(np.arange(k), np.diff(self.flow_bit.indptr))
        arc = self.flow_bit.indices
        forwarded = ~fabric.transit[fabric.tail[arc]] & (fabric.tail[arc] != self.sources[row]) & (data > 0)
        if forwarded.any():
            raise CertificateError(f"node {fabric.labels[int(fabric.tail[arc[forwarded][0]])]} forwards, but may not")
        arrived = np.zeros((k, n))
        np.add.at(arrived, (row, fabric.head[arc]), data)
        np.subtract.at(arrived, (row, fabric.tail[arc]), data)
        part = missing_part(fabric=fabric, traffic=traffic, sources=self.sources, arrived_bit=arrived)
        return np.asarray(np.bincount(arc, weights=data, minlength=m), dtype=float) / (1.0 - part)


@dataclass(frozen=True, kw_only=True, eq=False)
class ShortestPathRouting(FrozenArrays):
    """A mixture of shortest-path routings; each is given by arc lengths and splits evenly.

    Parameters
    ----------
    length : (k, m) array
        Arc lengths > 0 of each routing of the mixture.
    weight : (k,) array
        Share of the traffic that each carries; >= 0, summing to 1.

    Notes
    -----
    Towards its source, every node takes the traffic in equal parts over all arcs that end at it and lie on a shortest
    path (equal-cost multipath, seen from the receiver). The rule commutes with every symmetry of the fabric.
    """

    length: Floats
    weight: Floats

    def arc_bit(self, *, fabric: Fabric, traffic: Traffic) -> Floats:
        """Bits on each arc in one round, shape (m,)."""
        if self.length.shape != (self.weight.size, fabric.n_arcs) or not (self.length > 0).all():
            raise CertificateError("lengths must be positive, one row per weight and one column per arc")
        whole = float(self.weight.sum())
        if not (self.weight >= 0).all() or not abs(whole - 1.0) <= CONSERVATION_RTOL:
            raise CertificateError(f"weights must be >= 0 and sum to 1, not {whole:.12g}")
        total = np.zeros(fabric.n_arcs)
        for length, weight in zip(self.length, self.weight, strict=True):
            if weight > 0:
                total += (weight / whole) * _even_split_bit(fabric, traffic, length)
        return total


def _even_split_bit(fabric: Fabric, traffic: Traffic, length: Floats) -> Floats:
    """Loads of even splits: nodes pass on what they carry in order of falling distance, all sources at once."""
    star = as_star(fabric=fabric)
    if star is not None:
        return star.arc_bit(traffic=traffic)
    total = np.zeros(fabric.n_arcs)
    by_head = np.argsort(fabric.head, kind="stable")
    first = np.searchsorted(fabric.head[by_head], np.arange(fabric.n_nodes + 1))
    block = max(1, 2**22 // fabric.n_nodes)  # 32 MB of doubles for each array of sources by nodes
    for start in range(0, traffic.sources.size, block):
        sources = traffic.sources[start : start + block]
        reach = distances(fabric=fabric, length=length, sources=sources)
        own = np.arange(sources.size), sources
        onward = np.where(fabric.transit, reach, np.inf)  # closed nodes pass on only what is their own
        onward[own] = 0.0
        carried = traffic.rows(sources)
        for node in np.argsort(-reach, axis=1, kind="stable").T:
            at = np.flatnonzero((carried[own[0], node] > 0) & (node != sources))
            count = first[node[at] + 1] - first[node[at]]
            row = np.repeat(at, count)
            arc = by_head[np.repeat(first[node[at]] - np.cumsum(count) + count, count) + np.arange(row.size)]
            before, here = onward[row, fabric.tail[arc]], np.repeat(reach[at, node[at]], count)
            # The first condition alone rules out circles, whatever the rounding.
            tight = (before < here) & (before + length[arc] <= here * (1.0 + _TIE_RTOL))
            row, arc = row[tight], arc[tight]
            parts = np.bincount(row, minlength=sources.size)
            if (parts[at] == 0).any():
                i = int(at[np.argmin(parts[at])])
                raise CertificateError(
                    f"no path from {fabric.labels[int(sources[i])]} to {fabric.labels[int(node[i])]} by these lengths"
                )
            flow = carried[row, fabric.head[arc]] / parts[row]
            np.add.at(total, arc, flow)
            carried[row, fabric.tail[arc]] += flow  # no pair of row and tail is there twice: no parallel arcs
    return total


def ecmp(*, fabric: Fabric, length: Floats | None = None) -> ShortestPathRouting:
    """Equal-cost multipath over the shortest paths; by hops unless arc lengths are given."""
    lengths = np.ones(fabric.n_arcs) if length is None else np.asarray(length, dtype=float)
    return ShortestPathRouting(length=lengths[None, :], weight=np.ones(1))
