"""The ladder: nested models from the reference down to the formation, each step adding one limit.

Step k keeps all earlier limits, so its optimum cannot rise: u_k = min(u_(k-1), certified bound with limits 0..k). The
factor of a step is u_(k-1) / u_k; their product is the lower end of the gap, times the last certificate width its
upper (the lower end also bears the width of the reference, 0 for one that is known exactly).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optimize.flow.interval import Interval
from optimize.flow.throughput import Throughput, max_throughput
from optimize.flow.traffic import all_to_all
from topo.fabric import Fabric

__all__ = ["Ladder", "LadderStep", "ladder"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class LadderStep:
    """One limit more.

    Parameters
    ----------
    number : int
        Of the design's list, so that steps keep their number when others are added.
    name : str
    upper_bps : float
        Certified upper end of all_to_all per GPU with the limits so far. [bit/s]
    achieved_bps : float
        What a checked routing achieves under them. [bit/s]
    factor : float
        Upper end of the step before over this one, >= 1.
    exact : bool
        Whether both ends of the factor are achieved to the width asked for; otherwise the factor is only a bound.
    """

    number: int
    name: str
    upper_bps: float
    achieved_bps: float
    factor: float
    exact: bool


@dataclass(frozen=True, kw_only=True)
class Ladder:
    """The steps, and the width of the last certificate."""

    steps: tuple[LadderStep, ...]
    width: float

    @property
    def gap(self) -> Interval:
        """Product of the factors, and that times the last certificate's upper over lower end. [-]"""
        product = float(np.prod([step.factor for step in self.steps]))
        reference = self.steps[0].achieved_bps / self.steps[0].upper_bps
        return Interval(lower=product * reference, upper=product * (1.0 + self.width))


def _ideal_core(fabric: Fabric, out_bps: Floats) -> Fabric:
    """The same endpoints and hosts, joined by one unlimited switch over links of `out_bps` each way."""
    ends = np.flatnonzero(fabric.gpus > 0)
    k = ends.size
    node, core = np.arange(k), np.full(k, k)
    zero, end = np.zeros(2 * k), np.ones(k)

    def with_core(values: Floats) -> Floats:
        return np.append(values[ends], np.inf)

    return Fabric(
        name=f"{fabric.name}, ideal core",
        labels=(*(fabric.labels[int(v)] for v in ends), "ideal core"),
        gpus=np.append(fabric.gpus[ends], 0),
        host_bps=with_core(fabric.host_bps),
        switch_bps=np.full(k + 1, np.inf),
        local_bps=with_core(fabric.local_bps),
        port_bps=with_core(fabric.port_bps),
        switch_latency_s=np.zeros(k + 1),
        switch_latency_low_s=np.zeros(k + 1),
        transit=np.append(np.zeros(k, dtype=bool), True),
        tail=np.concatenate([node, core]),
        head=np.concatenate([core, node]),
        capacity_bps=np.concatenate([out_bps[ends]] * 2),
        latency_s=zero,
        latency_low_s=zero,
        power_w=zero,
        range_m=zero,
        availability=np.ones(2 * k),
        terminals=np.concatenate([end, end]).astype(np.int64),
        medium=np.full(2 * k, "ideal"),
    )


def ladder(
    *,
    reference: Throughput,
    best: Fabric,
    answer: Throughput,
    terminals: int | None = None,
    terminal_bps: float | None = None,
    guaranteed: Throughput | None = None,
    rtol: float = 1e-6,
) -> Ladder:
    """Ladder of all_to_all from the reference down to a formation.

    Parameters
    ----------
    reference : Throughput
        all_to_all of the scale-up reference (step 0).
    best : Fabric
        The formation with every arc at its best.
    answer : Throughput
        all_to_all of `best` (step 5: this wiring at its best time).
    terminals, terminal_bps : int, float, optional
        Terminals of a satellite and what one transceiver set in them carries [bit/s]; for step 3 (the chosen
        transceivers and channels, one hop).
    guaranteed : Throughput, optional
        all_to_all of what the wiring keeps at every time (step 6: its worst time).
    rtol : float
        Width up to which an end counts as achieved.

    Notes
    -----
    Step 1 joins the formation's hosts by an ideal core; step 3 limits each satellite's way into that core to its
    terminals. Both are fabrics, measured like any other.
    """
    if any(part is not None and part.traffic != "all_to_all" for part in (reference, answer, guaranteed)):
        raise ValueError("the ladder is made of all_to_all throughputs")
    wide = np.where(np.isfinite(best.host_bps), best.host_bps, best.capacity_bps.sum())
    rungs: list[tuple[int, str, Interval]] = [(0, "reference: one NVL72 for every pair", reference.per_gpu_bps)]
    rungs.append((1, "host interface", _measure(_ideal_core(best, wide), rtol)))
    if terminals is not None and terminal_bps is not None:
        _check_terminals(best, terminals * terminal_bps)
        glass = np.minimum(wide, terminals * terminal_bps)
        rungs.append((3, "chosen transceivers and channels, one hop", _measure(_ideal_core(best, glass), rtol)))
    rungs.append((5, "this wiring, best time in the orbit", answer.per_gpu_bps))
    if guaranteed is not None:
        rungs.append((6, "this wiring, worst time in the orbit", guaranteed.per_gpu_bps))
    steps = _chain(rungs, rtol)
    return Ladder(steps=steps, width=steps[-1].upper_bps / steps[-1].achieved_bps - 1.0)


def _check_terminals(fabric: Fabric, most_bps: float) -> None:
    """`ValueError` if a node sends or receives more over its links than its terminals carry: no limit then."""
    for what, end in (("out of", fabric.tail), ("into", fabric.head)):
        capacity = np.bincount(end, weights=fabric.capacity_bps, minlength=fabric.n_nodes)
        over = (fabric.gpus > 0) & (capacity > most_bps * (1.0 + 1e-9))
        if over.any():
            v = int(np.argmax(over))
            raise ValueError(
                f"node {fabric.labels[v]}: its terminals carry {most_bps:g} bit/s, the links {what} it "
                f"{capacity[v]:g}; give all of its terminals, or the rate of the fastest"
            )


def _measure(fabric: Fabric, rtol: float) -> Interval:
    return max_throughput(fabric=fabric, traffic=all_to_all(fabric=fabric), rtol=rtol).per_gpu_bps


def _chain(rungs: Sequence[tuple[int, str, Interval]], rtol: float) -> tuple[LadderStep, ...]:
    steps: list[LadderStep] = []
    for number, name, value in rungs:
        upper = value.upper if not steps else min(steps[-1].upper_bps, value.upper)
        achieved = min(value.lower, upper)
        factor = steps[-1].upper_bps / upper if steps else 1.0
        exact = achieved >= upper * (1.0 - rtol) and (
            not steps or steps[-1].achieved_bps >= steps[-1].upper_bps * (1.0 - rtol)
        )
        steps.append(
            LadderStep(number=number, name=name, upper_bps=upper, achieved_bps=achieved, factor=factor, exact=exact)
        )
    return tuple(steps)
