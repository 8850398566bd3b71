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

from .paths import tight_arcs
from .traffic import Traffic

__all__ = ["CertificateError", "FlowRouting", "Routing", "ShortestPathRouting", "ecmp"]

Floats = NDArray[np.float64]

# Traffic lost or gained at a node, relative to what its source sends, that still counts as rounding: some 1e6
# times the rounding of a sum of 1e4 doubles, and 1e3 times below the certificate width asked for.
CONSERVATION_RTOL = 1e-9


class CertificateError(ValueError):
    """A routing or a set of prices does not prove what it claims."""


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
        """Bits on each arc in one round, shape (m,). Checks sign, conservation at every node, and closed nodes."""
        k, m, n = self.sources.size, fabric.n_arcs, fabric.n_nodes
        if self.flow_bit.shape != (k, m):
            raise CertificateError(f"flows have shape {self.flow_bit.shape}, need ({k}, {m}): sources by arcs")
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
        wanted = traffic.rows(self.sources)
        wanted[np.arange(k), self.sources] = -wanted.sum(axis=1)
        error = np.abs(arrived - wanted)
        allowed = CONSERVATION_RTOL * np.maximum(traffic.sent_bit[self.sources], np.finfo(float).tiny)
        if (error > allowed[:, None]).any():
            i, v = np.unravel_index(int(np.argmax(error / allowed[:, None])), error.shape)
            raise CertificateError(
                f"traffic of {fabric.labels[int(self.sources[i])]} is not conserved at {fabric.labels[int(v)]}: "
                f"{arrived[i, v]:.9g} bit arrive, {wanted[i, v]:.9g} are meant to"
            )
        return np.bincount(arc, weights=data, minlength=m)


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
        if (self.weight < 0).any() or abs(self.weight.sum() - 1.0) > CONSERVATION_RTOL:
            raise CertificateError(f"weights must be >= 0 and sum to 1, not {self.weight.sum():.12g}")
        total = np.zeros(fabric.n_arcs)
        for length, weight in zip(self.length, self.weight, strict=True):
            if weight > 0:
                total += weight * _even_split_bit(fabric, traffic, length)
        return total


def _even_split_bit(fabric: Fabric, traffic: Traffic, length: Floats) -> Floats:
    n, m = fabric.n_nodes, fabric.n_arcs
    by_tail = sparse.csr_array((np.ones(m), (np.arange(m), fabric.tail)), shape=(m, n))
    by_head = sparse.csr_array((np.ones(m), (np.arange(m), fabric.head)), shape=(m, n))
    total = np.zeros(m)
    sources = traffic.sources
    block = max(1, 2**24 // max(m, 1))  # 128 MB of doubles per block of sources
    for start in range(0, sources.size, block):
        chunk = sources[start : start + block]
        tight = tight_arcs(fabric=fabric, length=length, sources=chunk)
        share = tight / np.maximum(tight @ by_head, 1.0)[:, fabric.head]
        wanted = traffic.rows(chunk)
        if ((wanted > 0) & ((tight @ by_head) == 0)).any():
            i, t = np.argwhere((wanted > 0) & ((tight @ by_head) == 0))[0]
            raise CertificateError(f"no path from {fabric.labels[int(chunk[i])]} to {fabric.labels[int(t)]}")
        through, flow = wanted, np.zeros((chunk.size, m))
        for _ in range(n):  # a shortest path has fewer than n arcs, so this ends with `through` at its fixed point
            flow = share * through[:, fabric.head]
            onward = wanted + flow @ by_tail
            onward[np.arange(chunk.size), chunk] = 0.0
            if np.array_equal(onward, through):
                break
            through = onward
        total += flow.sum(axis=0)
    return total


def ecmp(*, fabric: Fabric, length: Floats | None = None) -> ShortestPathRouting:
    """Equal-cost multipath over the shortest paths; by hops unless arc lengths are given."""
    lengths = np.ones(fabric.n_arcs) if length is None else np.asarray(length, dtype=float)
    return ShortestPathRouting(length=lengths[None, :], weight=np.ones(1))
