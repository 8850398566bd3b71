"""The capacitated graph that everything is measured on: `Fabric`, and `FabricSeries` over time.

Nodes are satellites, racks, GPUs or switches; an arc is one direction of a link, its transmitter at the tail.
Leaves out where the numbers come from: `build` makes fabrics of formations, `ground` those on Earth.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph

from links.frozen import FrozenArrays
from links.units import format_si

__all__ = ["Fabric", "FabricSeries"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_NODE_LIMITS = ("host_bps", "switch_bps", "local_bps", "port_bps")
_NODE_DELAYS = ("switch_latency_s", "switch_latency_low_s")
_ARC_DELAYS = ("latency_s", "latency_low_s", "power_w", "range_m")
_ARC_VALUES = ("capacity_bps", "availability", *_ARC_DELAYS)
_WHOLE = ("gpus", "tail", "head", "terminals")


def _array(value: Any, what: str, *, whole: bool = False) -> NDArray[Any]:
    """`value` as an array of floats or of whole numbers; `ValueError` if it holds anything else."""
    array = np.asarray(value)
    numeric = array.dtype.kind in "iuf" or not array.size
    if not numeric or (whole and not (np.array_equal(array, np.rint(array)) and (np.abs(array) < 2**53).all())):
        raise ValueError(f"{what} holds {array.dtype} values; give {'whole ' if whole else ''}numbers")
    return array.astype(np.int64 if whole else np.float64)


@dataclass(frozen=True, kw_only=True, eq=False)
class Fabric(FrozenArrays):
    """A directed capacitated graph; `inf` in a node limit means unlimited. Rates are payload bit/s in one direction.

    Parameters
    ----------
    name : str
    labels : tuple of n str
        Names of the nodes, unique.
    gpus : (n,) ints
        GPUs at each node; 0 for a switch.
    host_bps : (n,) array
        What the node's GPUs together can push into, or take from, the fabric; each direction.
    switch_bps : (n,) array
        All traffic that enters the node's switch: originating, terminating and transit, once each.
    local_bps : (n,) array
        Per GPU, to other GPUs of the same node.
    port_bps : (n,) array
        Per GPU, to its own node and beyond together; finite where both leave through the same ports.
    switch_latency_s, switch_latency_low_s : (n,) arrays
        Switching time of traffic that passes through the node, upper and lower end. [s]
    transit : (n,) bools
        Whether the node forwards other nodes' traffic; False for GPUs in a rack.
    tail, head : (m,) ints
        Ends of each arc. No loops, no parallel arcs.
    capacity_bps : (m,) array
        Finite and above 0.
    latency_s, latency_low_s : (m,) arrays
        Propagation and electronics, upper and lower end. [s]
    power_w, range_m, availability : (m,) arrays
        Transmitter at the tail and receiver at the head [W]; length [m]; part of the time the rate is there.
    terminals : (m,) ints
        Terminals in parallel that the arc stands for.
    medium : (m,) strings
    positions_m : (n, 3) array or None
        Where the nodes are, for drawings and position sweeps. [m]
    """

    name: str
    labels: tuple[str, ...]
    gpus: Ints
    host_bps: Floats
    switch_bps: Floats
    local_bps: Floats
    port_bps: Floats
    switch_latency_s: Floats
    switch_latency_low_s: Floats
    transit: NDArray[np.bool_]
    tail: Ints
    head: Ints
    capacity_bps: Floats
    latency_s: Floats
    latency_low_s: Floats
    power_w: Floats
    range_m: Floats
    availability: Floats
    terminals: Ints
    medium: NDArray[np.str_]
    positions_m: Floats | None = None

    def __post_init__(self) -> None:
        for f in fields(self):
            value, where = getattr(self, f.name), f"fabric {self.name!r}: {f.name}"
            if f.name in ("medium", "transit"):
                object.__setattr__(self, f.name, np.asarray(value, dtype=str if f.name == "medium" else bool))
            elif f.name not in ("name", "labels") and value is not None:
                object.__setattr__(self, f.name, _array(value, where, whole=f.name in _WHOLE))
        object.__setattr__(self, "labels", tuple(self.labels))
        super().__post_init__()
        self._check_nodes()
        self._check_arcs()

    def _check_nodes(self) -> None:
        n = len(self.labels)
        if self.positions_m is not None and (
            self.positions_m.shape != (n, 3) or not np.isfinite(self.positions_m).all()
        ):
            raise ValueError(
                f"fabric {self.name!r}: positions_m of shape {self.positions_m.shape}; need ({n}, 3), finite"
            )
        if len(set(self.labels)) != n:
            twice = next(label for label in self.labels if self.labels.count(label) > 1)
            raise ValueError(f"fabric {self.name!r}: two nodes are called {twice!r}; give every node its own name")
        for name in ("gpus", "transit", *_NODE_LIMITS, *_NODE_DELAYS):
            value = getattr(self, name)
            if value.shape != (n,):
                raise ValueError(f"fabric {self.name!r}: {name} has shape {value.shape}, need ({n},), one per node")
            limit = name in _NODE_LIMITS
            good = value > 0 if limit else np.isfinite(value) & (value >= 0)
            if not good.all():
                v = int(np.argmin(good))
                need = "> 0, or inf for unlimited" if limit else "finite and >= 0"
                raise ValueError(f"node {self.labels[v]}: {name}={value[v].item()!r}, need {need}")
        crossed = self.switch_latency_low_s > self.switch_latency_s
        if crossed.any():
            v = int(np.argmax(crossed))
            low, high = self.switch_latency_low_s[v].item(), self.switch_latency_s[v].item()
            raise ValueError(f"node {self.labels[v]}: switch_latency_low_s={low!r} is above switch_latency_s={high!r}")

    def _check_arcs(self) -> None:
        n, m = len(self.labels), self.tail.size
        for name in ("tail", "head", "terminals", "medium", *_ARC_VALUES):
            value = getattr(self, name)
            if value.shape != (m,):
                raise ValueError(f"fabric {self.name!r}: {name} has shape {value.shape}, need ({m},), one per arc")
        ends = np.concatenate([self.tail, self.head])
        missing = ends[(ends < 0) | (ends >= n)]
        if missing.size:
            raise ValueError(f"fabric {self.name!r}: an arc names node {int(missing[0])}; there are {n} nodes, from 0")
        checks: Sequence[tuple[NDArray[np.bool_], str]] = (
            (self.tail != self.head, "starts and ends at the same node; remove it"),
            (
                np.isfinite(self.capacity_bps) & (self.capacity_bps > 0),
                "capacity_bps={capacity_bps!r}, need finite and > 0; set it, or remove the arc",
            ),
            (self.terminals >= 1, "terminals={terminals!r}, need at least 1"),
            ((self.availability >= 0) & (self.availability <= 1), "availability={availability!r}, need 0 to 1"),
            (self.latency_low_s <= self.latency_s, "latency_low_s={latency_low_s!r} is above latency_s={latency_s!r}"),
            *(
                (
                    (np.isfinite(getattr(self, name)) & (getattr(self, name) >= 0)),
                    f"{name}={{{name}!r}}, need finite and >= 0",
                )
                for name in _ARC_DELAYS
            ),
        )
        for good, message in checks:
            if not good.all():
                e = int(np.argmin(good))
                values = {f.name: getattr(self, f.name)[e].item() for f in fields(self) if f.name in message}
                raise ValueError(f"arc {self.arc_label(e)}: {message.format(**values)}")
        key = self.tail * max(n, 1) + self.head
        if np.unique(key).size != m:
            order = np.argsort(key, kind="stable")
            e = int(order[1:][np.diff(key[order]) == 0][0])
            raise ValueError(
                f"arc {self.arc_label(e)} is there twice; merge parallel arcs into one (terminals counts them)"
            )

    @property
    def n_nodes(self) -> int:
        """Number of nodes."""
        return len(self.labels)

    @property
    def n_arcs(self) -> int:
        """Number of arcs, two for a full-duplex link."""
        return int(self.tail.size)

    @property
    def n_gpus(self) -> int:
        """GPUs of the whole fabric, G."""
        return int(self.gpus.sum())

    def arc_label(self, arc: int) -> str:
        """`tail->head` of an arc, for messages and tables."""
        return f"{self.labels[int(self.tail[arc])]}->{self.labels[int(self.head[arc])]}"

    @cached_property
    def link_of_arc(self) -> Ints:
        """Index of the link (unordered pair of nodes) that each arc is a direction of, shape (m,)."""
        low, high = np.minimum(self.tail, self.head), np.maximum(self.tail, self.head)
        index = np.unique(low * max(self.n_nodes, 1) + high, return_inverse=True)[1].astype(np.int64)
        index.setflags(write=False)
        return index

    @property
    def n_links(self) -> int:
        """Number of unordered pairs of nodes with an arc between them."""
        return int(self.link_of_arc.max()) + 1 if self.n_arcs else 0

    @cached_property
    def outgoing_bps(self) -> Floats:
        """Summed capacity of the arcs out of each node, shape (n,). [bit/s]"""
        out = np.zeros(self.n_nodes)
        np.add.at(out, self.tail, self.capacity_bps)
        out.setflags(write=False)
        return out

    def unreachable_pair(self) -> tuple[str, str] | None:
        """Labels of two nodes with GPUs of which the second cannot be reached from the first; None if all can."""
        ends = np.flatnonzero(self.gpus > 0)
        graph = sparse.csr_array((np.ones(self.n_arcs), (self.tail, self.head)), shape=(self.n_nodes, self.n_nodes))
        for source in ends[:1]:
            for matrix, flip in ((graph, False), (graph.T, True)):
                seen = csgraph.breadth_first_order(matrix, source, return_predecessors=False)
                missing = np.setdiff1d(ends, seen)
                if missing.size:
                    pair = (self.labels[int(source)], self.labels[int(missing[0])])
                    return pair[::-1] if flip else pair
        return None

    def __str__(self) -> str:
        rates = np.unique(self.capacity_bps)
        both = self.n_arcs == 2 * self.n_links
        span = (
            " to ".join(format_si(float(r), "b/s") for r in dict.fromkeys([rates[0], rates[-1]]))
            if rates.size
            else "no"
        )
        return (
            f"{self.name}: {self.n_nodes} nodes, {self.n_gpus} GPUs, "
            f"{self.n_links} links ({self.n_arcs} arcs) of {span} {'each way' if both else 'in one direction'}"
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class FabricSeries(FrozenArrays):
    """The same arcs over time: capacities, latencies and powers change, the wiring does not.

    Parameters
    ----------
    time_s : (t,) array
    structure : Fabric
        Nodes and arcs; the values of its arcs do not matter here.
    capacity_bps : (t, m) array
        0 where a link carries nothing at that time. [bit/s]
    latency_s, latency_low_s, power_w, range_m, availability : (t, m) arrays
    positions_m : (t, n, 3) array or None
    """

    time_s: Floats
    structure: Fabric
    capacity_bps: Floats
    latency_s: Floats
    latency_low_s: Floats
    power_w: Floats
    range_m: Floats
    availability: Floats
    positions_m: Floats | None = None

    def __post_init__(self) -> None:
        where = f"series of {self.structure.name!r}"
        for f in fields(self):
            value = getattr(self, f.name)
            if f.name != "structure" and value is not None:
                object.__setattr__(self, f.name, _array(value, f"{where}: {f.name}"))
        super().__post_init__()
        if self.time_s.ndim != 1 or not self.time_s.size or not np.isfinite(self.time_s).all():
            raise ValueError(f"{where}: time_s of shape {self.time_s.shape}; need one or more finite times")
        shape = (self.time_s.size, self.structure.n_arcs)
        for name in _ARC_VALUES:
            value = getattr(self, name)
            if value.shape != shape:
                raise ValueError(f"{where}: {name} has shape {value.shape}, need {shape}: times by arcs")
            bad = ~(np.isfinite(value) & (value >= 0))
            if bad.any():
                t, e = (int(i) for i in np.argwhere(bad)[0])
                need = "need finite and >= 0; a capacity of 0 marks a broken link"
                raise ValueError(
                    f"{where}: arc {self.structure.arc_label(e)}, time {t}: {name}={float(value[t, e])!r}, {need}"
                )
        places = (self.time_s.size, self.structure.n_nodes, 3)
        if self.positions_m is not None and self.positions_m.shape != places:
            raise ValueError(f"{where}: positions_m has shape {self.positions_m.shape}, need {places}")

    def __len__(self) -> int:
        return int(self.time_s.size)

    def _fabric(self, values: dict[str, Floats], index: int, name: str) -> Fabric:
        keep = np.flatnonzero(values["capacity_bps"] > 0)
        whole = self.structure
        fixed: dict[str, Any] = {key: getattr(whole, key)[keep] for key in ("tail", "head", "terminals", "medium")}
        fixed |= {key: value[keep] for key, value in values.items()}
        places = None if self.positions_m is None else self.positions_m[index]
        return replace(whole, name=name, positions_m=places, **fixed)

    def at(self, index: int) -> Fabric:
        """Fabric at one of the times; links that are broken then are left out."""
        if not -len(self) <= index < len(self):
            raise ValueError(f"time index {index}: the series has {len(self)} times, from 0")
        values = {name: getattr(self, name)[index] for name in _ARC_VALUES}
        return self._fabric(values, index, f"{self.structure.name} at {self.time_s[index]:.0f} s")

    def worst(self) -> Fabric:
        """What the wiring keeps at every time: each arc's least capacity, longest latency, highest power.

        Its throughput is at most that of any single time. Links that break at some time are left out.
        """
        return self._extreme(("latency_s", "power_w", "range_m"), "worst")

    def best(self) -> Fabric:
        """Each arc's greatest capacity, shortest latency, least power; its throughput is at least that of any time."""
        return self._extreme(("capacity_bps", "availability"), "best")

    def _extreme(self, greatest: tuple[str, ...], which: str) -> Fabric:
        """Each arc's greatest of the values named, and least of the others, over time."""
        values = {
            name: getattr(self, name).max(axis=0) if name in greatest else getattr(self, name).min(axis=0)
            for name in _ARC_VALUES
        }
        return self._fabric(values, 0, f"{self.structure.name}, {which} of each arc")

    def breaks(self) -> tuple[tuple[str, float], ...]:
        """Arcs that carry nothing at some time, each with the first such time. [s]"""
        dark = self.capacity_bps == 0
        arcs = np.flatnonzero(dark.any(axis=0))
        return tuple((self.structure.arc_label(int(e)), float(self.time_s[int(np.argmax(dark[:, e]))])) for e in arcs)

    def __str__(self) -> str:
        total = self.capacity_bps.sum(axis=1)
        return (
            f"{self.structure.name}: {len(self)} times, sum over the arcs {format_si(float(total.min()), 'b/s')} to "
            f"{format_si(float(total.max()), 'b/s')}, {len(self.breaks())} arcs break"
        )
