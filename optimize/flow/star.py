"""Stars: nodes that hang on one switch and on nothing else, so that every pair has one path and all is a formula.

An ideal core is one, however many racks it joins. Leaves out every other fabric.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from topo.fabric import Fabric

from .traffic import Traffic

__all__ = ["Star", "as_star"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Star:
    """A fabric around one switch.

    Parameters
    ----------
    fabric : Fabric
    leaf : (k,) ints
        All nodes but the switch.
    up, down : (k,) ints
        Arc of each into the switch, and out of it.
    """

    fabric: Fabric
    leaf: Ints
    up: Ints
    down: Ints

    def arc_bit(self, *, traffic: Traffic) -> Floats:
        """Bits on each arc in one round, shape (m,): what its leaf sends, or receives. There is no other way. [bit]"""
        load = np.zeros(self.fabric.n_arcs)
        load[self.up] = traffic.sent_bit[self.leaf]
        load[self.down] = traffic.received_bit[self.leaf]
        return load

    def latency_s(self, *, arc_s: Floats, switch_s: Floats) -> tuple[float, float]:
        """Mean and worst over GPU pairs of the latency of their path, GPUs of one leaf one node switch apart. [s]"""
        hub = int(self.fabric.head[self.up[0]])
        gpus = self.fabric.gpus[self.leaf].astype(float)
        held = gpus > 0
        leaf, gpus, total = self.leaf[held], gpus[held], float(gpus.sum())
        rise = switch_s[leaf] + arc_s[self.up[held]] + switch_s[hub]
        fall = arc_s[self.down[held]] + switch_s[leaf]
        inside = gpus * (gpus - 1.0)
        mean = float(gpus * (total - gpus) @ (rise + fall) + inside @ switch_s[leaf]) / (total * (total - 1.0))
        worst = float(switch_s[leaf][gpus > 1].max(initial=0.0))
        if leaf.size > 1:
            first = int(np.argmax(rise))
            last = int(np.argmax(np.where(np.arange(leaf.size) == first, -np.inf, fall)))
            other = int(np.argmax(fall))
            against = float(np.where(np.arange(leaf.size) == other, -np.inf, rise).max())
            worst = max(worst, float(rise[first] + fall[last]), against + float(fall[other]))
        return mean, worst

    def any_traffic_bps_per_gpu(self) -> float:
        """Rate per GPU at which every traffic fits that no leaf exceeds in either direction. [bit/s]"""
        held = self.fabric.gpus[self.leaf] > 0
        leaf, gpus = self.leaf[held], self.fabric.gpus[self.leaf][held]
        wide = np.minimum(self.fabric.capacity_bps[self.up], self.fabric.capacity_bps[self.down])[held]
        return float(np.minimum(np.minimum(wide, self.fabric.host_bps[leaf]) / gpus, self.fabric.port_bps[leaf]).min())


def as_star(*, fabric: Fabric) -> Star | None:
    """The fabric as a star; None if it is none.

    A star's switch has no GPUs, forwards, has no limit of its own, and is joined to every other node both ways.
    """
    n = fabric.n_nodes
    if n < 2 or fabric.n_arcs != 2 * (n - 1):
        return None
    into = np.bincount(fabric.head, minlength=n)
    hub = int(np.argmax(into))
    up, down = np.flatnonzero(fabric.head == hub), np.flatnonzero(fabric.tail == hub)
    if up.size != n - 1 or down.size != n - 1 or fabric.gpus[hub] or not fabric.transit[hub]:
        return None
    if np.isfinite(fabric.switch_bps).any():
        return None
    up, down = up[np.argsort(fabric.tail[up])], down[np.argsort(fabric.head[down])]
    return Star(fabric=fabric, leaf=np.delete(np.arange(n), hub), up=up, down=down)
