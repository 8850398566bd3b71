"""What a fabric that changes over its orbit guarantees: whether it can be measured, and the ends of its throughput.

Leaves out times between the epochs of a series.
"""

from collections.abc import Sequence
from dataclasses import fields, replace

import numpy as np

from optimize.flow.certificate import price_bound_per_s, worths
from optimize.flow.certified import Throughput
from optimize.flow.traffic import Traffic
from topo.fabric import Fabric, FabricSeries

__all__ = ["check_measurable", "is_constant", "is_same", "over_orbit"]


def check_measurable(series: FabricSeries) -> None:
    """Raise `ValueError` if nothing crosses the fabric, or links break during the orbit."""
    name = series.structure.name
    if np.count_nonzero(series.structure.gpus) < 2:
        raise ValueError(f"{name}: fewer than two nodes have GPUs, so nothing crosses the fabric; measure a larger one")
    if series.breaks():
        arc, time_s = series.breaks()[0]
        raise ValueError(
            f"{name}: links break during the orbit, {arc} first, at {time_s:.0f} s; leave them out, or measure one "
            "time, series.at(i)"
        )


def is_constant(series: FabricSeries) -> bool:
    """Whether every arc has the same capacity at all times."""
    return bool((np.ptp(series.capacity_bps, axis=0) == 0).all())


def is_same(*, series: FabricSeries, fabric: Fabric) -> bool:
    """Whether a formation is the reference itself: then what is unknown of one is the same for the other."""
    if len(series) != 1 or series.structure.labels != fabric.labels:
        return False
    form, names = series.at(0), [f.name for f in fields(Fabric) if f.name not in ("name", "labels", "positions_m")]
    return all(np.array_equal(getattr(form, name), getattr(fabric, name)) for name in names)


def over_orbit(*, answer: Throughput, traffic: Traffic, times: Sequence[Fabric]) -> tuple[Throughput, Fabric]:
    """The answer for each arc's least capacity, with the upper end of the worst single time, and that time's fabric.

    A single time may carry more than every arc's worst together, so the upper end is the least of the bounds that the
    same prices give at each time. What a round must pay follows from the arcs and not from their capacities, so it is
    the same at all times: the bound is least where all limits together are worth least.
    """
    worth = [sum(worths(fabric=one, prices=answer.prices).values()) for one in times]
    worst = times[int(np.argmin(worth))]
    bound = price_bound_per_s(fabric=worst, traffic=traffic, prices=answer.prices)
    note = "lower end at each arc's least capacity, upper end at the worst single time by the same prices"
    return replace(answer, upper_per_s=max(bound, answer.lower_per_s), note=note), worst
