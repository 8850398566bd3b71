"""The ladder: nested models from the reference down to the formation, each step adding one limit.

Step k keeps all earlier limits, so its optimum cannot rise: u_k = min(u_(k-1), certified bound with limits 0..k). The
factor of a step is u_(k-1) / u_k; their product is the lower end of the gap, times the last certificate width its
upper (the lower end also bears the width of the reference, 0 for one that is known exactly). A formation that beats the
reference is held at it, and the `surplus` says by how much: the gap is the product over the surplus. Outage and a lost
link stand below the gap, in `failure`, because the table's metrics are those of a fabric with all its links.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from optimize.flow.certified import Throughput
from optimize.flow.interval import Interval
from optimize.flow.node_limits import fixed_per_s
from optimize.flow.traffic import all_to_all
from topo.fabric import Fabric

from .failures import Loss
from .wirings import WiringBound, wiring_bound

__all__ = ["Ladder", "LadderStep", "ladder"]

Floats = NDArray[np.float64]
_Rung = tuple[int, str, Interval, str]

_TERABIT_BPS = 10.0**12  # only for what is printed
_NONE = Interval.point(1.0)


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
    how : str
        What proves the upper end, where there is a choice.
    """

    number: int
    name: str
    upper_bps: float
    achieved_bps: float
    factor: float
    exact: bool
    how: str = ""


@dataclass(frozen=True, kw_only=True)
class Ladder:
    """The steps down to the all_to_all of the table, the width of the last certificate, and the step below.

    Parameters
    ----------
    steps : tuple of LadderStep
        0 to 6; a step without the numbers it needs is left out.
    width : float
        Upper over lower end of the last step, minus 1. [-]
    surplus : Interval
        The formation over what the last step keeps of it: 1, unless the reference holds it. [-]
    failure : LadderStep or None
        Step 7, outage and the worst single link lost. The table's gap is that of a fabric with all its links, so the
        product of `steps` does not count it; `gap_with_failure` does.
    failed_bps : Interval or None
        all_to_all per GPU after that failure, not held at the reference. [bit/s]
    """

    steps: tuple[LadderStep, ...]
    width: float
    surplus: Interval = _NONE
    failure: LadderStep | None = None
    failed_bps: Interval | None = None

    @property
    def rungs(self) -> tuple[LadderStep, ...]:
        """All steps, that of outage and failures last if there is one."""
        return self.steps if self.failure is None else (*self.steps, self.failure)

    @property
    def gap(self) -> Interval:
        """Product of the factors, and that times the last certificate's upper over lower end, over the surplus. [-]"""
        product = float(np.prod([step.factor for step in self.steps]))
        reference = self.steps[0].achieved_bps / self.steps[0].upper_bps
        return Interval(
            lower=product * reference / self.surplus.upper, upper=product * (1.0 + self.width) / self.surplus.lower
        )

    @property
    def gap_with_failure(self) -> Interval | None:
        """The gap to what outage and the worst single loss of a link leave; None without that step. [-]"""
        if self.failed_bps is None:
            return None
        return Interval(lower=self.steps[0].achieved_bps, upper=self.steps[0].upper_bps) / self.failed_bps


def _one_hop(fabric: Fabric, out_bps: Floats | float) -> Interval:
    """all_to_all per GPU when the hosts are joined by one unlimited switch over links of `out_bps` each way. [bit/s]

    Every pair has one path, so the rate is that of the busiest limit: exact.
    """
    traffic = all_to_all(fabric=fabric)
    way_bps = np.minimum(fabric.host_bps, out_bps)
    per_s = fixed_per_s(fabric=replace(fabric, host_bps=way_bps), traffic=traffic)
    return Interval.point(traffic.bit_per_gpu * per_s)


def ladder(
    *,
    reference: Throughput,
    best: Fabric,
    answer: Throughput,
    terminals: int | None = None,
    terminal_bps: float | None = None,
    guaranteed: Throughput | None = None,
    ceiling_bps: float | None = None,
    any_wiring: WiringBound | None = None,
    lost: Loss | None = None,
    lost_satellite: Loss | None = None,
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
        Terminals of a satellite and what one transceiver set in them carries at most [bit/s]; for step 3 (the chosen
        transceivers and channels, one hop).
    guaranteed : Throughput, optional
        all_to_all of what the wiring keeps at every time (step 6: its worst time).
    ceiling_bps : float, optional
        What physics lets the apertures of one terminal carry over the shortest range [bit/s]; for step 2.
    any_wiring : WiringBound, optional
        What no wiring of these terminals exceeds; for step 4. The Moore bound of the terminals if not given, where no
        node has more of them (switches may) and every arc has its reverse: one-way arcs reach more nodes.
    lost, lost_satellite : Loss, optional
        What remains of the last step when links are out for their share of time and the worst one fails, for step 7;
        and what survivors of a lost satellite cannot exceed, which step 7 only mentions.
    rtol : float
        Width up to which an end counts as achieved.

    Notes
    -----
    Step 1 joins the formation's hosts by an ideal core; steps 2 and 3 limit each satellite's way into that core to what
    its terminals carry, by physics and by the chosen transceivers: one path for every pair, so the busiest limit is the
    answer. Step 4 is a bound over all wirings; what this wiring achieves is achieved there too.
    """
    if any(part is not None and part.traffic != "all_to_all" for part in (reference, answer, guaranteed)):
        raise ValueError("the ladder is made of all_to_all throughputs")
    widest_bps = float(best.capacity_bps.sum())  # where a host has no limit: no more than all links carry
    rungs: list[_Rung] = [(0, "reference: one NVL72 for every pair", reference.per_gpu_bps, "")]
    way_bps = np.where(np.isfinite(best.host_bps), np.inf, widest_bps)
    rungs.append((1, _host_name(best), _one_hop(best, way_bps), ""))
    if terminals is not None and ceiling_bps is not None:
        _check_terminals(best, terminals * ceiling_bps)
        light = _one_hop(best, terminals * ceiling_bps)
        how = f"{terminals} terminals of at most {ceiling_bps / _TERABIT_BPS:.4g} Tb/s at the closest approach"
        rungs.append((2, "physical ceiling of the apertures, one hop", light, how))
    if terminals is not None and terminal_bps is not None:
        _check_terminals(best, terminals * terminal_bps)
        glass = _one_hop(best, terminals * terminal_bps)
        rungs.append((3, "chosen transceivers and channels, one hop", glass, ""))
        used = np.bincount(best.tail, weights=best.terminals, minlength=best.n_nodes)
        if any_wiring is None and terminals > 1 and used.max() <= terminals and _is_two_way(best):
            any_wiring = wiring_bound(gpus=best.gpus, terminals=terminals, terminal_bps=terminal_bps)
    if any_wiring is not None:
        if answer.lower_per_s > any_wiring.per_s * (1.0 + 1e-9):
            raise ValueError(
                f"any_wiring: at most {any_wiring.per_s:.9g} rounds/s, this wiring carries {answer.lower_per_s:.9g}; "
                "give a bound for all the wirings that this one is of"
            )
        most_bps = max(any_wiring.per_s * answer.bit_per_gpu, answer.per_gpu_bps.lower)
        held = Interval(lower=answer.per_gpu_bps.lower, upper=most_bps)
        most = Interval.point(most_bps).as_rate()
        rungs.append((4, "line of sight, reach, number of terminals", held, f"{any_wiring.how}: {most}"))
    rungs.append((5, "this wiring, best time in the orbit", answer.per_gpu_bps, ""))
    if guaranteed is not None:
        rungs.append((6, "this wiring, worst time in the orbit", guaranteed.per_gpu_bps, ""))
    steps = _chain(rungs, rtol)
    last = steps[-1]
    # The same chain without the reference on top: what the formation could do beyond it.
    free_bps = min(value.upper for _, _, value, _ in rungs[1:])
    surplus = Interval(
        lower=max(min(rungs[-1][2].lower, free_bps) / last.achieved_bps, 1.0), upper=max(free_bps / last.upper_bps, 1.0)
    )
    found = Ladder(steps=steps, width=last.upper_bps / last.achieved_bps - 1.0, surplus=surplus)
    if lost is None:
        return found
    most_bps = min(lost.per_s.upper * answer.bit_per_gpu, free_bps)
    failed = Interval(lower=min(lost.per_s.lower * answer.bit_per_gpu, most_bps), upper=most_bps)
    failure = _failure(last, failed, f"without {lost.what}: {lost.how}", rtol)
    if lost_satellite is not None and np.isfinite(lost_satellite.per_s.upper):
        gone = int(best.gpus[best.labels.index(lost_satellite.what)])  # nobody sends to those any more
        most = Interval.point(lost_satellite.per_s.upper * (answer.bit_per_gpu - gone)).as_rate()
        failure = replace(failure, how=f"{failure.how}; survivors of {lost_satellite.what}: at most {most}")
    return replace(found, failure=failure, failed_bps=failed)


def _host_name(fabric: Fabric) -> str:
    """What the GPUs send by: a host that takes all that their ports carry is no network cards."""
    ends = fabric.gpus > 0
    ports_bps = fabric.gpus[ends] * fabric.port_bps[ends]
    whole = np.isfinite(ports_bps) & (fabric.host_bps[ends] >= ports_bps * (1.0 - 1e-9))
    return "GPU ports" if whole.all() else "host interface"


def _is_two_way(fabric: Fabric) -> bool:
    """Whether every arc has one that goes back, as the shells of the Moore bound count them."""
    return set(zip(fabric.tail.tolist(), fabric.head.tolist(), strict=True)) == set(
        zip(fabric.head.tolist(), fabric.tail.tolist(), strict=True)
    )


def _failure(last: LadderStep, failed: Interval, how: str, rtol: float) -> LadderStep:
    upper, achieved = min(failed.upper, last.upper_bps), min(failed.lower, last.upper_bps)
    return LadderStep(
        number=7, name="outage, and the worst single link lost", upper_bps=upper, achieved_bps=achieved,
        factor=last.upper_bps / upper if upper > 0 else float("inf"),
        exact=achieved >= upper * (1.0 - rtol) and last.achieved_bps >= last.upper_bps * (1.0 - rtol), how=how,
    )  # fmt: skip


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


def _chain(rungs: Sequence[_Rung], rtol: float) -> tuple[LadderStep, ...]:
    steps: list[LadderStep] = []
    for number, name, value, how in rungs:
        upper = value.upper if not steps else min(steps[-1].upper_bps, value.upper)
        achieved = min(value.lower, upper)
        factor = steps[-1].upper_bps / upper if steps else 1.0
        exact = achieved >= upper * (1.0 - rtol) and (
            not steps or steps[-1].achieved_bps >= steps[-1].upper_bps * (1.0 - rtol)
        )
        steps.append(
            LadderStep(
                number=number, name=name, upper_bps=upper, achieved_bps=achieved, factor=factor, exact=exact, how=how
            )
        )
    return tuple(steps)
