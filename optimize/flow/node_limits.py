"""Limits of single nodes and what one round of a traffic takes from them: hosts, switches, links inside, GPU ports.

The one list of them, for solvers and proofs alike. Leaves out arcs and shared resources.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from topo.fabric import Fabric

from .traffic import Traffic

__all__ = ["NodeLimit", "fixed_limits", "fixed_per_s", "node_limits", "node_supplies", "own_bps", "shares"]

Floats = NDArray[np.float64]

_LABELS = {
    "host_out": "host interface", "host_in": "host interface", "switch": "switch", "local": "links inside",
    "port": "GPU ports",
}  # fmt: skip


class NodeLimit(NamedTuple):
    """One kind of limit, at every node.

    Parameters
    ----------
    name : str
        As in `Prices` and `Utilisation`.
    label : str
        For people.
    used_bit : (n,) array
        Bits of one round that pass it.
    supply_bps : (n,) array
        inf where there is no limit.
    """

    name: str
    label: str
    used_bit: Floats
    supply_bps: Floats

    @property
    def share(self) -> Floats:
        """Use at one round per second as a share of the supply. [s]"""
        return shares(used=self.used_bit, supply=self.supply_bps)


def shares(*, used: Floats, supply: Floats) -> Floats:
    """Used over supply; 0 where nothing is used or nothing is limited, inf where there is none of it."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(used > 0, used / supply, 0.0)


def node_supplies(*, fabric: Fabric) -> Mapping[str, Floats]:
    """What each node has of every kind of limit, by name; inf where there is no limit. [bit/s]"""
    return {
        "host_out": fabric.host_bps, "host_in": fabric.host_bps, "switch": fabric.switch_bps,
        "local": fabric.local_bps, "port": fabric.port_bps,
    }  # fmt: skip


def own_bps(*, fabric: Fabric) -> Floats:
    """What the GPUs of each node can send or take at once: its host, or the ports of all of them. [bit/s]"""
    return np.minimum(fabric.host_bps, np.maximum(fabric.gpus, 1) * fabric.port_bps)


def node_limits(*, fabric: Fabric, traffic: Traffic, arc_bit: Floats | None = None) -> tuple[NodeLimit, ...]:
    """Every kind of limit with the use that one round makes of it.

    Parameters
    ----------
    fabric, traffic
    arc_bit : (m,) array, optional
        Load of the arcs; without it a switch passes what its node sends and takes, the least that any routing needs.
    """
    sent, received = traffic.sent_bit, traffic.received_bit
    entered = received
    if arc_bit is not None:
        entered = np.bincount(fabric.head, weights=arc_bit, minlength=fabric.n_nodes).astype(float)
    used = {
        "host_out": sent, "host_in": received, "switch": entered + sent, "local": traffic.local_bit,
        "port": traffic.port_bit(gpus=fabric.gpus),
    }  # fmt: skip
    supplies = node_supplies(fabric=fabric)
    return tuple(NodeLimit(name, label, used[name], supplies[name]) for name, label in _LABELS.items())


def fixed_limits(*, fabric: Fabric, traffic: Traffic) -> tuple[NodeLimit, ...]:
    """Those whose use is the same for every routing: all but the switches."""
    return tuple(limit for limit in node_limits(fabric=fabric, traffic=traffic) if limit.name != "switch")


def fixed_per_s(*, fabric: Fabric, traffic: Traffic) -> float:
    """Rounds per second at which the first of the fixed limits is full; inf if there is none. [1/s]"""
    busiest = max(float(limit.share.max(initial=0.0)) for limit in fixed_limits(fabric=fabric, traffic=traffic))
    return 1.0 / busiest if busiest > 0 else float("inf")
