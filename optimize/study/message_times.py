"""Time of an all-reduce of a given size on every side: by the algorithms that libraries run, and at the best rate.

Leaves out protocol overhead, which only adds to the algorithms.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from links.units import format_si
from optimize.flow.collective.algorithms import (
    floor_time_s,
    hierarchical_all_reduce,
    ring_all_reduce,
    ring_order,
    tree_all_reduce,
)
from topo.fabric import Fabric

__all__ = ["AT_BEST", "MessageTime", "message_times", "times_notes"]

_MESSAGES_BIT = tuple(8.0 * 10.0**power for power in (6, 8, 10))  # 1 MB, 100 MB, 10 GB: from latency to bandwidth
_ALGORITHMS = {
    "ring": ring_all_reduce, "hierarchical rings": hierarchical_all_reduce, "double binary trees": tree_all_reduce,
}  # fmt: skip
_MOST_NODES = 400  # with GPUs; ordering a ring of more takes seconds
AT_BEST = "at the best rate"
"""Name of the rows that are no algorithm: the best rate of the table, or the farthest pair where that takes longer."""


@dataclass(frozen=True, kw_only=True)
class MessageTime:
    """Time of one all-reduce on both references and the formation, whose links are each at their worst of the orbit.

    Parameters
    ----------
    algorithm : str
    message_bit : float
        On each GPU. [bit]
    scale_up_s, formation_s : float
        Latencies at their upper ends, for `AT_BEST` at their lower ends. [s]
    scale_out_s : float or None
    """

    algorithm: str
    message_bit: float
    scale_up_s: float
    scale_out_s: float | None
    formation_s: float

    @property
    def times_as_long(self) -> float:
        """Time of the formation over that of the SuperPOD, which has as many GPUs, or without one of the NVL72. [-]"""
        return self.formation_s / (self.scale_up_s if self.scale_out_s is None else self.scale_out_s)

    @property
    def size(self) -> str:
        """The message as people write it."""
        return format_si(self.message_bit / 8.0, "B")


def message_times(sides: Mapping[str, tuple[Fabric, float]]) -> tuple[MessageTime, ...]:
    """Times for three sizes, by each algorithm and at the best rate; none beyond 400 nodes or without latencies.

    Parameters
    ----------
    sides : mapping of str to (Fabric, float)
        "scale_up", "formation" and perhaps "scale_out": each with the best rate of its all_reduce. [bit/s]
    """
    fabrics = [fabric for fabric, _ in sides.values()]
    if any(np.count_nonzero(one.gpus) > _MOST_NODES or (one.latency_s == 0).any() for one in fabrics):
        return ()
    bits = np.array(_MESSAGES_BIT)
    times = {}
    for who, (fabric, rate_bps) in sides.items():
        order = ring_order(fabric=fabric)
        found = {name: made(fabric=fabric, order=order).time_s(message_bit=bits) for name, made in _ALGORITHMS.items()}
        found[AT_BEST] = floor_time_s(rate_bps=rate_bps, fabric=fabric, message_bit=bits)
        times[who] = found
    return tuple(
        MessageTime(
            algorithm=name, message_bit=message_bit, scale_up_s=float(times["scale_up"][name][k]),
            scale_out_s=float(times["scale_out"][name][k]) if "scale_out" in times else None,
            formation_s=float(times["formation"][name][k]),
        )
        for k, message_bit in enumerate(_MESSAGES_BIT) for name in (*_ALGORITHMS, AT_BEST)
    )  # fmt: skip


def times_notes(times: Sequence[MessageTime]) -> list[str]:
    """What the usual algorithms make of the largest message."""
    largest = [one for one in times if one.message_bit == max(_MESSAGES_BIT)]
    usual = [one for one in largest if one.algorithm != AT_BEST]
    if not usual:
        return []
    least = next(one for one in largest if one.algorithm == AT_BEST)
    here = min(one.formation_s for one in usual)
    out = [one.scale_out_s for one in usual if one.scale_out_s is not None]
    there, who = (min(out), "SuperPOD") if out else (min(one.scale_up_s for one in usual), "NVL72")
    names = [one.algorithm for one in usual]
    return [
        f"all_reduce: with {least.size} on each GPU, the best of {', '.join(names[:-1])} and {names[-1]} takes "
        f"{format_si(here, 's')}, {here / there:.4g} times as long as on the {who}; at the best rate it would be "
        f"{format_si(least.formation_s, 's')}"
    ]
