"""Routings of many sources at once: flows in whole units, one source standing for its orbit, a flow and its reversal.

Each recomputes its loads from the flows and refuses what it cannot prove; numpy and scipy only. Leaves out how they
are found: see `large` and `symmetry`.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from links.frozen import FrozenArrays
from topo.fabric import Fabric

from .routing import CertificateError, Routing, missing_part
from .symmetry import arc_images, orbits
from .traffic import Traffic

__all__ = ["MirroredRouting", "SymmetricRouting", "UnitFlowRouting", "reverse_arcs", "same_both_ways"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_TERMS = 2**21  # flows that are looked at together: 16 MB as doubles


def reverse_arcs(*, fabric: Fabric) -> Ints:
    """Index of the arc of the other direction of each arc's link, -1 where there is none."""
    n = fabric.n_nodes
    key, back = fabric.tail * n + fabric.head, fabric.head * n + fabric.tail
    order = np.argsort(key)
    found = np.minimum(np.searchsorted(key[order], back), max(key.size - 1, 0))
    return np.where(key[order[found]] == back, order[found], -1)


def same_both_ways(*, traffic: Traffic) -> bool:
    """Whether every node sends each other node what it gets from it."""
    out, into = traffic.out * traffic.into.sum(), traffic.into * traffic.out.sum()
    return bool(np.allclose(out, into, rtol=1e-12, atol=0.0) and not (traffic.explicit - traffic.explicit.T).data.any())


@dataclass(frozen=True, kw_only=True, eq=False)
class UnitFlowRouting(FrozenArrays):
    """Explicit flows of every source, summed over its destinations, in whole units: conserved exactly.

    Parameters
    ----------
    sources : (k,) ints
        Node that row i starts from.
    unit_bit : (k,) array
        Bits of one unit of each row. [bit]
    flow : (k, n_links) ints
        Units on every link, > 0 from the node of the lower number to the other, < 0 back. Locked, not copied: it may be
        most of the memory there is.
    """

    sources: Ints
    unit_bit: Floats
    flow: NDArray[np.signedinteger]

    def __post_init__(self) -> None:
        self.flow.setflags(write=False)
        for name in ("sources", "unit_bit"):
            value = getattr(self, name).copy()
            value.setflags(write=False)
            object.__setattr__(self, name, value)

    def arc_bit(self, *, fabric: Fabric, traffic: Traffic) -> Floats:
        """Bits on each arc in one round, shape (m,). Checks conservation at every node, closed nodes, missing arcs.

        Notes
        -----
        More may arrive at a node than is wanted; for what is missing by rounding all loads are raised, as in
        `FlowRouting`.
        """
        k, n = self.sources.size, fabric.n_nodes
        if self.flow.shape != (k, fabric.n_links) or self.flow.dtype.kind != "i":
            raise CertificateError(
                f"flows have shape {self.flow.shape}, need whole numbers, ({k}, {fabric.n_links}): sources by links"
            )
        if self.unit_bit.shape != (k,) or not (np.isfinite(self.unit_bit) & (self.unit_bit > 0)).all():
            raise CertificateError("units must be positive bits, one for each source")
        if (
            not np.isin(self.sources, np.arange(n)).all()
            or np.unique(self.sources).size != k
            or not np.isin(traffic.sources, self.sources).all()
        ):
            raise CertificateError(f"flows do not name every one of the {n} nodes that sends, once each, and no other")
        low, high = np.zeros(fabric.n_links, dtype=np.int64), np.zeros(fabric.n_links, dtype=np.int64)
        low[fabric.link_of_arc] = np.minimum(fabric.tail, fabric.head)
        high[fabric.link_of_arc] = np.maximum(fabric.tail, fabric.head)
        link = np.arange(fabric.n_links)
        shape = (fabric.n_links, n)
        ends_high, ends_low = (sparse.csr_array((np.ones(link.size), (link, end)), shape=shape) for end in (high, low))
        upward, downward = np.zeros(fabric.n_links), np.zeros(fabric.n_links)
        part = 0.0
        step = max(1, _TERMS // max(fabric.n_links, n))
        for start in range(0, k, step):
            rows = slice(start, start + step)
            up = np.maximum(self.flow[rows], 0).astype(float)
            down = np.maximum(np.negative(self.flow[rows], dtype=np.int64), 0).astype(float)
            self._check_closed(fabric, rows, up @ ends_low + down @ ends_high)
            arrived = ((up - down) @ (ends_high - ends_low)) * self.unit_bit[rows][:, None]
            missing = missing_part(fabric=fabric, traffic=traffic, sources=self.sources[rows], arrived_bit=arrived)
            part = max(part, missing)
            upward += self.unit_bit[rows] @ up
            downward += self.unit_bit[rows] @ down
        rises = fabric.tail < fabric.head
        for used, there in ((upward, rises), (downward, ~rises)):
            absent = used > 0
            absent[fabric.link_of_arc[there]] = False
            if absent.any():
                e = int(np.argmax(absent))
                ends = " and ".join(fabric.labels[int(v)] for v in (low[e], high[e]))
                raise CertificateError(f"flows use the link of {ends} in a direction that has no arc")
        return np.where(rises, upward[fabric.link_of_arc], downward[fabric.link_of_arc]) / (1.0 - part)

    def _check_closed(self, fabric: Fabric, rows: slice, leaving: Floats) -> None:
        sources = self.sources[rows]
        leaving = leaving.copy()
        leaving[np.arange(sources.size), sources] = 0.0
        leaving[:, fabric.transit] = 0.0
        if leaving.any():
            v = int(np.argwhere(leaving)[0][1])
            raise CertificateError(f"node {fabric.labels[v]} forwards, but may not")


@dataclass(frozen=True, kw_only=True, eq=False)
class SymmetricRouting(FrozenArrays):
    """The average of a routing over a group of symmetries of the graph and the traffic.

    Parameters
    ----------
    inner : Routing
        Of the traffic of one source for each orbit, times the sources in its orbit.
    sources : (k,) ints
        These sources.
    generators : (g, n) ints
        Image of each node under each generator of the group.

    Notes
    -----
    The average over the group of the loads of one source's flow on arc e is the mean of the loads over the orbit of e.
    Capacities need not be symmetric for that: whoever compares loads with them takes each arc's own.
    """

    inner: Routing
    sources: Ints
    generators: Ints

    def arc_bit(self, *, fabric: Fabric, traffic: Traffic) -> Floats:
        """Bits on each arc in one round, shape (m,). Checks the symmetries, and that each orbit has its source."""
        n = fabric.n_nodes
        if self.generators.ndim != 2 or not np.array_equal(
            np.sort(self.generators, axis=1), np.broadcast_to(np.arange(n), self.generators.shape)
        ):
            raise CertificateError(f"each symmetry must be a permutation of the {n} nodes")
        images = arc_images(fabric=fabric, generators=self.generators)
        if (images < 0).any():
            raise CertificateError("a symmetry does not map every arc to an arc")
        for image in self.generators:
            moved = traffic.explicit[image][:, image] - traffic.explicit
            if (
                not all(np.array_equal(value[image], value) for value in (fabric.transit, traffic.out, traffic.into))
                or moved.data.any()
            ):
                raise CertificateError("a symmetry changes who sends what to whom, or which nodes forward")
        node = orbits(images=self.generators)
        if (
            np.unique(node[self.sources]).size != self.sources.size
            or not np.isin(node[traffic.sources], node[self.sources]).all()
        ):
            raise CertificateError("the sources are not one for each orbit of nodes that send")
        times = np.zeros(n)
        times[self.sources] = np.bincount(node)[node[self.sources]]
        some = replace(
            traffic, out=traffic.out * times, explicit=sparse.csr_array(sparse.diags_array(times) @ traffic.explicit)
        )
        arc = orbits(images=images)
        load = self.inner.arc_bit(fabric=fabric, traffic=some)
        return np.asarray((np.bincount(arc, weights=load) / np.bincount(arc))[arc])


@dataclass(frozen=True, kw_only=True, eq=False)
class MirroredRouting(FrozenArrays):
    """Half of a routing and half of its reversal: both directions of a link carry the same.

    Parameters
    ----------
    inner : Routing
        Of the same traffic, which must be the same from s to t as from t to s.
    """

    inner: Routing

    def arc_bit(self, *, fabric: Fabric, traffic: Traffic) -> Floats:
        """Bits on each arc in one round, shape (m,). Checks that every arc has its reverse, and the traffic."""
        back = reverse_arcs(fabric=fabric)
        if (back < 0).any():
            raise CertificateError(f"arc {fabric.arc_label(int(np.argmin(back)))} has no reverse")
        if not same_both_ways(traffic=traffic):
            raise CertificateError(f"traffic {traffic.name!r} is not the same in both directions")
        load = self.inner.arc_bit(fabric=fabric, traffic=traffic)
        return np.asarray(0.5 * (load + load[back]))
