"""Energy of communication per bit delivered to another node, with the boundary it was drawn at.

Power of the links, and of the switches where it is given; leaves out GPUs, NICs, cooling and conversion losses.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from links.model import require_positive
from topo.fabric import Fabric

from .certified import Throughput
from .gap import Gap, gap
from .interval import Interval
from .traffic import all_to_all
from .unloaded import link_power_w

__all__ = ["Energy", "energy", "energy_gap"]


@dataclass(frozen=True, kw_only=True)
class Energy:
    """Energy per bit delivered to other nodes at the all-to-all optimum.

    Parameters
    ----------
    j_per_bit : Interval
        [J/bit]
    power_w : float
        Of everything inside the boundary, which is on whether it is used or not. [W]
    boundary : tuple of str
        What is counted: "links", or "links" and "switches".
    """

    j_per_bit: Interval
    power_w: float
    boundary: tuple[str, ...]

    def __str__(self) -> str:
        return f"{(self.j_per_bit * 1e12).text()} pJ/bit, {self.power_w:.4g} W of {' and '.join(self.boundary)}"


def energy(*, fabric: Fabric, throughput: Throughput, switch_power_w: ArrayLike | None = None) -> Energy:
    """Communication power over bits delivered to other nodes at the all-to-all optimum. [J/bit]

    Parameters
    ----------
    fabric : Fabric
        Every arc must have a power: transmitter at the tail and receiver at the head. [W]
    throughput : Throughput
        Certified all-to-all throughput of the fabric.
    switch_power_w : (n,) array, optional
        Of each node's switch. Without it the boundary is the links alone. [W]

    Notes
    -----
    P / (r B), with r rounds per second and B the bits of one round that leave their node. All links count in full, used
    or not.
    """
    if throughput.traffic != "all_to_all":
        raise ValueError(f"energy needs the throughput of all_to_all, not of {throughput.traffic!r}")
    silent = fabric.power_w == 0
    if silent.any() or not fabric.n_arcs:
        where = fabric.arc_label(int(np.argmax(silent))) if fabric.n_arcs else fabric.name
        raise ValueError(f"{fabric.name}: no power is given for {where}, so there is no energy; set power_w")
    power, boundary = link_power_w(fabric=fabric), ["links"]
    if switch_power_w is not None:
        each = require_positive(switch_power_w, name="switch_power_w", zero=True)
        if each.shape != (fabric.n_nodes,):
            raise ValueError(f"switch_power_w has shape {each.shape}, need ({fabric.n_nodes},): one power per node")
        power, boundary = power + float(each.sum()), [*boundary, "switches"]
    delivered = float(all_to_all(fabric=fabric).sent_bit.sum())
    per_bit = Interval(
        lower=power / (throughput.upper_per_s * delivered), upper=power / (throughput.lower_per_s * delivered)
    )
    return Energy(j_per_bit=per_bit, power_w=power, boundary=tuple(boundary))


def energy_gap(*, reference: Energy, formation: Energy) -> Gap:
    """Formation over reference; refused unless both count the same things.

    >>> here = Energy(j_per_bit=Interval.point(30e-12), power_w=3e3, boundary=("links",))
    >>> there = Energy(j_per_bit=Interval.point(5e-12), power_w=5e3, boundary=("links",))
    >>> print(energy_gap(reference=there, formation=here))
    energy: 6x
    """
    if reference.boundary != formation.boundary:
        raise ValueError(
            f"the reference counts {' and '.join(reference.boundary)}, the formation "
            f"{' and '.join(formation.boundary)}; an energy gap needs one boundary: "
            "give switch_power_w on both sides or on neither"
        )
    return gap(reference=reference.j_per_bit, formation=formation.j_per_bit, metric="energy", less_is_better=True)
