"""ASTRA-sim's analytical `network.yml`: products of rings, fully connected groups and switches, where a fabric is one.

Anything else is refused with the reason. Leaves out the workload and the system layer.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..fabric import Fabric
from .packets import refuse_losses

__all__ = ["astra_network"]

Ints = NDArray[np.int64]

_GB = 2.0**30  # bytes: what ASTRA-sim calls a GB
_NS = 1e9
_TARGET = "ASTRA-sim's analytical network"


class _Dimension(NamedTuple):
    kind: str
    size: int
    rate_bps: float
    latency_s: float


def astra_network(
    *, fabric: Fabric, shape: Sequence[int] | None = None, low_latency: bool = False, lossy: bool = False
) -> str:
    """The fabric as `network.yml`: Ring, FullyConnected or Switch in each dimension, rate and latency of one link.

    Parameters
    ----------
    fabric : Fabric
        One GPU in each node that has any; all links of a dimension alike.
    shape : sequence of int, optional
        Sizes of the dimensions, if the nodes with GPUs, in their order, fill a grid with its last dimension fastest;
        one dimension if not given.
    low_latency : bool
        Write the lower end of latency intervals instead of the upper.
    lossy : bool
        Accept that limits which the format cannot hold are not written.

    Notes
    -----
    Along each line of the grid the nodes must form a cycle in their order (Ring), have a link each to each
    (FullyConnected), or all hang at switches of that line alone (Switch; chips in parallel count as one of their joint
    rate). Dimensions are written the way ASTRA-sim counts, fastest first. Its GB is 2^30 bytes, so a rate is divided by
    2^30; a Switch charges its latency on the way in and out, so half of a path is given. The congestion-aware backend
    takes one dimension only.

    References
    ----------
    W. Won et al., ASTRA-sim 2.0, ISPASS (2023); sources of the analytical network backend.

    >>> from topo.ground import nvl72
    >>> print(astra_network(fabric=nvl72()))
    topology: [ Switch ]
    npus_count: [ 72 ]
    bandwidth: [ 838.190317154 ]
    latency: [ 427.909147 ]
    <BLANKLINE>
    """
    npus = np.flatnonzero(fabric.gpus)
    sizes = [npus.size] if shape is None else [int(size) for size in shape]
    if math.prod(sizes) != npus.size or min(sizes) < 2:
        raise ValueError(
            f"shape={tuple(sizes)}: {_TARGET} needs sizes of at least 2, in all the {npus.size} nodes with GPUs"
        )
    refuse_losses(target=_TARGET, losses=_losses(fabric, npus), lossy=lossy)
    table = _Links(fabric, low_latency)
    grid = np.arange(npus.size).reshape(sizes)
    dimensions = [_dimension(table, grid, axis) for axis in range(len(sizes))][::-1]
    left = np.flatnonzero(~table.used)
    if left.size:
        raise ValueError(
            f"{_TARGET} is a product of rings, groups and switches: {fabric.arc_label(int(left[0]))} runs along no "
            f"line of the grid {tuple(sizes)}; use ns3_topology"
        )
    columns = {
        "topology": [dim.kind for dim in dimensions],
        "npus_count": [str(dim.size) for dim in dimensions],
        "bandwidth": [f"{dim.rate_bps / 8.0 / _GB:.12g}" for dim in dimensions],
        "latency": [f"{dim.latency_s * _NS:.9g}" for dim in dimensions],
    }
    return "".join(f"{key}: [ {', '.join(values)} ]\n" for key, values in columns.items())


def _losses(fabric: Fabric, npus: Ints) -> list[str]:
    losses = []
    several = npus[fabric.gpus[npus] > 1]
    if several.size:
        v = int(several[0])
        losses.append(f"that {fabric.labels[v]} has {fabric.gpus[v]} GPUs and what they send each other")
    limited = (fabric.host_bps < fabric.outgoing_bps * (1 - 1e-9)) | np.isfinite(fabric.port_bps)
    if limited[npus].any():
        losses.append(f"the host or port limit of {fabric.labels[int(npus[np.argmax(limited[npus])])]}")
    incoming = np.bincount(fabric.head, weights=fabric.capacity_bps, minlength=fabric.n_nodes)
    narrow = fabric.switch_bps < (incoming + np.where(fabric.gpus > 0, fabric.outgoing_bps, 0.0)) * (1 - 1e-9)
    if narrow.any():
        losses.append(f"the switch limit of {fabric.labels[int(np.argmax(narrow))]}")
    slow = npus[fabric.switch_latency_s[npus] > 0]
    if slow.size:
        losses.append(f"the switching time of {fabric.labels[int(slow[0])]}, which has GPUs")
    return losses


class _Links:
    """Arcs between NPUs, numbered in their order, and the switches that NPUs hang at."""

    def __init__(self, fabric: Fabric, low_latency: bool) -> None:
        self.fabric = fabric
        self.used = np.zeros(fabric.n_arcs, dtype=bool)
        self.latency_s = fabric.latency_low_s if low_latency else fabric.latency_s
        self.switch_s = fabric.switch_latency_low_s if low_latency else fabric.switch_latency_s
        self.npus = np.flatnonzero(fabric.gpus)
        rank = np.full(fabric.n_nodes, -1)
        rank[self.npus] = np.arange(self.npus.size)
        tail, head = rank[fabric.tail], rank[fabric.head]
        direct = (tail >= 0) & (head >= 0)
        self.direct = {(int(tail[e]), int(head[e])): int(e) for e in np.flatnonzero(direct)}
        self.up: dict[frozenset[int], list[int]] = {}  # members of a line: arcs from and to the switches of it
        for switch in np.flatnonzero(fabric.gpus == 0):
            arcs = np.flatnonzero((fabric.tail == switch) | (fabric.head == switch))
            ends = np.where(fabric.tail[arcs] == switch, head[arcs], tail[arcs])
            if (ends < 0).any():
                raise ValueError(
                    f"{_TARGET} has no switches behind switches: {fabric.arc_label(int(arcs[np.argmin(ends)]))}; "
                    "use ns3_topology"
                )
            self.up.setdefault(frozenset(ends.tolist()), []).extend(arcs.tolist())

    def alike(self, arcs: list[int], what: str) -> tuple[float, float]:
        """Rate and latency that all the arcs have."""
        self.used[arcs] = True
        rates, delays = self.fabric.capacity_bps[arcs], self.latency_s[arcs]
        for values, name in ((rates, "rates"), (delays, "latencies")):
            if np.ptp(values) > 1e-9 * values.max():
                raise ValueError(
                    f"{_TARGET} gives {what} one value: {name} run from {values.min():.6g} to {values.max():.6g}"
                )
        return float(rates[0]), float(delays[0])


def _dimension(table: _Links, grid: Ints, axis: int) -> _Dimension:
    """What all lines of the grid along an axis are."""
    lines = np.moveaxis(grid, axis, -1).reshape(-1, grid.shape[axis])
    size = lines.shape[1]
    what = f"dimension {axis} of {size}"
    if frozenset(lines[0].tolist()) in table.up:
        return _switch(table, lines, what)
    around = [(k, (k + step) % size) for k in range(size) for step in ((1,) if size == 2 else (1, -1))]
    everyone = [(a, b) for a in range(size) for b in range(size) if a != b]
    for kind, pattern in (("FullyConnected", everyone), ("Ring", around)):
        wanted = [(int(line[a]), int(line[b])) for line in lines for a, b in pattern]
        if all(pair in table.direct for pair in wanted):
            closed = table.fabric.labels[int(table.npus[np.argmin(table.fabric.transit[table.npus])])]
            if kind == "Ring" and size > 3 and not table.fabric.transit[table.npus].all():
                raise ValueError(f"{_TARGET}: NPUs of a Ring forward, and {closed} does not; use ns3_topology")
            rate_bps, latency_s = table.alike([table.direct[pair] for pair in wanted], what)
            return _Dimension("Ring" if size == 3 else kind, size, rate_bps, latency_s)
    first = ", ".join(table.fabric.labels[int(table.npus[v])] for v in lines[0][:4])
    raise ValueError(
        f"{_TARGET}: along {what} the nodes {first} ... are no ring in their order, not fully connected, and at no "
        "switch of their own; give shape= if they fill a grid, or use ns3_topology"
    )


def _switch(table: _Links, lines: Ints, what: str) -> _Dimension:
    fabric, rates, waits = table.fabric, [], []
    arcs: list[int] = []
    for line in lines:
        members = frozenset(line.tolist())
        if members not in table.up:
            raise ValueError(f"{_TARGET}: along {what} some lines have a switch and others have none; use ns3_topology")
        here = table.up[members]
        arcs += here
        switch = np.where(fabric.gpus[fabric.tail[here]] == 0, fabric.tail[here], fabric.head[here])
        waits += table.switch_s[switch].tolist()
        for ends in (fabric.tail[here], fabric.head[here]):  # out of, and into, each NPU
            joint = np.bincount(ends, weights=fabric.capacity_bps[here], minlength=fabric.n_nodes)
            rates += joint[table.npus[line]].tolist()
    table.used[arcs] = True
    delays = table.latency_s[arcs]
    for name, values in (("rates", np.array(rates)), ("latencies", delays), ("switching times", np.array(waits))):
        if np.ptp(values) > 1e-9 * values.max():
            raise ValueError(
                f"{_TARGET} gives {what} one value: {name} run from {values.min():.6g} to {values.max():.6g}"
            )
    return _Dimension("Switch", lines.shape[1], rates[0], float(delays[0]) + 0.5 * waits[0])
