"""One column of a report's table: every metric of one fabric, or of a series on what each arc keeps at every time.

Leaves out gaps, the ladder and readings: see `measure`.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property

import numpy as np

from optimize.flow.certificate import Utilisation, utilisation
from optimize.flow.certified import Throughput
from optimize.flow.collective.optimum import Collective, all_gather, all_reduce
from optimize.flow.collective.spanning import spanning_all_reduce
from optimize.flow.cuts import Cut, bisection, evaluate_cut
from optimize.flow.energy import Energy, energy
from optimize.flow.interval import Interval
from optimize.flow.star import as_star
from optimize.flow.throughput import max_throughput
from optimize.flow.traffic import MOST_ASSIGNED, Traffic, all_to_all, farthest_permutation, permutation
from optimize.flow.two_phase import two_phase_bps
from optimize.flow.unloaded import Latency, injection_bps, latency
from topo.fabric import Fabric, FabricSeries

from .case import Case, as_series
from .orbit_ends import check_measurable, is_constant, over_orbit
from .report import Proof

__all__ = ["Asked", "Progress", "Side", "quiet"]

Progress = Callable[[str], None]

_EXACT_FLOWS = 2**20  # sources times arcs up to which a width of rounding is asked for


def quiet(step: str) -> None:
    """Report progress to nobody."""


class Asked:
    """What is asked of every certified throughput.

    Parameters
    ----------
    rtol, large_rtol : float
        Width of small fabrics, and of those beyond a million flows (sources times arcs).
    time_limit_s : float
        For each throughput of a large fabric; by default it takes what it takes.
    progress : callable
        Told each step as it begins, and how far a long one is.
    """

    def __init__(
        self, *, rtol: float, large_rtol: float, time_limit_s: float = float("inf"), progress: Progress = quiet
    ) -> None:
        self.rtol, self.large_rtol, self.time_limit_s, self.progress = rtol, large_rtol, time_limit_s, progress

    def throughput(self, fabric: Fabric, traffic: Traffic, hints: Sequence[Throughput] = ()) -> Throughput:
        """Certified throughput of the width that a fabric of this size is asked for."""
        large = traffic.sources.size * fabric.n_arcs > _EXACT_FLOWS and as_star(fabric=fabric) is None
        return max_throughput(
            fabric=fabric, traffic=traffic, rtol=max(self.rtol, self.large_rtol) if large else self.rtol, hints=hints,
            time_limit_s=self.time_limit_s, progress=lambda where: self.progress(f"{traffic.name}: {where}"),
        )  # fmt: skip

    def all_to_all_of(self, case: Case, hints: Sequence[tuple[Fabric, Throughput]] = ()) -> tuple[Fabric, Throughput]:
        """all_to_all of a case over its orbit, and nothing else of the report, with the fabric that it was solved on.

        `hints` are such answers for other cases; those of other nodes, arcs or GPUs are passed over.
        """
        series = as_series(case.formation)
        check_measurable(series)
        fabric = series.worst()
        traffic = all_to_all(fabric=fabric)
        answer = self.throughput(fabric, traffic, hints=[one for other, one in hints if _same_shape(other, fabric)])
        if not is_constant(series):
            answer, _ = over_orbit(answer=answer, traffic=traffic, times=[series.at(i) for i in range(len(series))])
        return fabric, answer


def _same_shape(one: Fabric, other: Fabric) -> bool:
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in ("gpus", "tail", "head", "transit"))


class Side:
    """All metrics of one fabric, or of a series on what each arc keeps at every time."""

    def __init__(self, fabric: Fabric, asked: Asked, series: FabricSeries | None = None) -> None:
        self.fabric, self._asked, self._series = fabric, asked, series
        self.traffic = all_to_all(fabric=fabric)
        self._times = [] if series is None or is_constant(series) else [series.at(i) for i in range(len(series))]
        self._proofs: list[tuple[str, Fabric, Traffic, Throughput]] = []
        self.notes: list[str] = []
        self.at_worst: Fabric | None = None  # the time that proves the upper end of all_to_all
        self._say("all_to_all")
        self.all_to_all = self._certified("all_to_all", self.traffic)
        self._say("bisection")
        found = bisection(fabric=fabric, throughput=self.all_to_all, used=self.used)
        self.bisection, self.cut = _bisection_over(self._times, *found)
        self._say("permutation")
        self.permutation = self._permutation()
        self._say("collectives")
        self.all_gather, self.all_reduce = self._collectives()
        self._say("latency")
        self.latency = self._latency()
        injected = injection_bps(fabric=fabric)
        most = min((injection_bps(fabric=one) for one in self._times), default=injected)
        self.injection = Interval(lower=injected, upper=max(most, injected))
        self.energy, self.why_no_energy = _energy(fabric, self.all_to_all)

    @cached_property
    def used(self) -> Utilisation:
        """Use of every limit by the routing of all_to_all at one round per second."""
        return utilisation(fabric=self.fabric, traffic=self.traffic, routing=self.all_to_all.routing)

    @cached_property
    def all_reduce_link_bps(self) -> float | None:
        """Rate of the widest link below which links bind all_reduce, not the network inside nodes; None if they do now.

        With hosts set aside, which carry more than that, all_reduce between the nodes is proportional to the links.
        """
        fabric, inside_bps = self.fabric, self.all_reduce.inside_bps
        if self.all_reduce.between_bps.lower < inside_bps:
            return None
        free = np.full(fabric.n_nodes, np.inf)
        links = all_reduce(fabric=replace(fabric, host_bps=free, port_bps=free)).between_bps
        return float(fabric.capacity_bps.max()) * inside_bps / links.lower

    def values(self) -> dict[str, Interval | None]:
        """Interval of every metric of the table; None where there is none."""
        return {
            "injection": self.injection,
            "all_to_all": self.all_to_all.per_gpu_bps,
            "bisection": self.bisection,
            "permutation": self.permutation,
            "all_gather": self.all_gather.rate_bps,
            "all_reduce": self.all_reduce.rate_bps,
            "latency, mean": None if self.latency is None else self.latency.mean,
            "latency, worst": None if self.latency is None else self.latency.worst,
            "energy": None if self.energy is None else self.energy.j_per_bit,
        }

    def proofs(self, who: str) -> tuple[Proof, ...]:
        """Throughputs with what they were measured on.

        Of a series there are two for each: on what every arc keeps (which proves the lower end), and at the time that
        proves the upper end.
        """
        return tuple(
            Proof(label=f"{who} {name}", fabric=fabric, traffic=traffic, throughput=answer)
            for name, fabric, traffic, answer in self._proofs
        )

    def _say(self, step: str) -> None:
        self._asked.progress(f"{step} of {self.fabric.name}")

    def _certified(self, name: str, traffic: Traffic) -> Throughput:
        answer = self._asked.throughput(self.fabric, traffic)
        self._proofs.append((name, self.fabric, traffic, answer))
        if not self._times:
            return answer
        guaranteed, worst = over_orbit(answer=answer, traffic=traffic, times=self._times)
        self.at_worst = worst if name == "all_to_all" else self.at_worst
        self._proofs.append((f"{name}, worst time", worst, traffic, guaranteed))
        return guaranteed

    def _permutation(self) -> Interval | None:
        """Certified by itself; on large fabrics from the routing of all_to_all, without a proof of its own."""
        fabric = self.fabric
        traffic = permutation(fabric=fabric, image=farthest_permutation(fabric=fabric))
        ends = int(np.count_nonzero(fabric.gpus))
        if not traffic.sources.size:
            self.notes.append("permutation: left out, because no two nodes have the same number of GPUs")
            return None
        if np.unique(fabric.gpus[fabric.gpus > 0]).size > 1:
            self.notes.append(
                "permutation: among nodes of the same number of GPUs; a node of a number of its own rests"
            )
        if ends <= MOST_ASSIGNED or as_star(fabric=fabric) is not None:
            return self._certified("permutation", traffic).per_gpu_bps
        found = two_phase_bps(fabric=fabric, traffic=traffic, used=self.used, sides=[self.cut.side])
        uppers = [two_phase_bps(fabric=one, traffic=traffic, used=self.used, sides=[self.cut.side]).upper
                  for one in self._times]  # fmt: skip
        self.notes.append(
            f"permutation: of {ends} nodes the reflection through the centre, not proved the hardest; its lower end "
            "sends everything by way of every GPU along the routing of all_to_all, its upper end is a cut"
        )
        return Interval(lower=found.lower, upper=max(found.lower, min(uppers, default=found.upper)))

    def _collectives(self) -> tuple[Collective, Collective]:
        """Of what every arc keeps, the upper end at the one time whose nodes can take least."""
        gather, reduce = all_gather(fabric=self.fabric), all_reduce(fabric=self.fabric)
        if not self._times:
            return gather, reduce
        least = min(self._times, key=lambda one: spanning_all_reduce(fabric=one).upper_bps)
        return (_up_to(gather, all_gather(fabric=least)), _up_to(reduce, all_reduce(fabric=least)))

    def _latency(self) -> Latency | None:
        """Over an orbit the mean of the means over pairs, and the worst of the worst pairs; None if arcs have none."""
        silent = int(np.count_nonzero(self.fabric.latency_s == 0))
        if silent:
            name = self.fabric.name if self._series is None else self._series.structure.name
            self.notes.append(
                f"latency: left out; {name} has no latency for {silent} of {self.fabric.n_arcs} arcs, set latency_s"
            )
            return None
        if self._series is None or len(self._series) == 1:
            return latency(fabric=self.fabric if self._series is None else self._series.at(0))
        if np.count_nonzero(self.fabric.gpus) > MOST_ASSIGNED:
            self.notes.append(
                "latency: between every link at its shortest, and at its longest, of all times in the orbit"
            )
            return latency(fabric=self.fabric)
        each = [latency(fabric=self._series.at(i)) for i in range(len(self._series))]
        mean = Interval(
            lower=float(np.mean([e.mean.lower for e in each])), upper=float(np.mean([e.mean.upper for e in each]))
        )
        worst = Interval(lower=max(e.worst.lower for e in each), upper=max(e.worst.upper for e in each))
        return Latency(mean=mean, worst=worst)


def _up_to(kept: Collective, one: Collective) -> Collective:
    """A collective that every time of the orbit allows, and no more than one of them does."""
    ends = Interval(lower=kept.between_bps.lower, upper=max(kept.between_bps.lower, one.between_bps.upper))
    return replace(kept, between_bps=ends, part=one.part, upper_by=f"{one.upper_by}, at the worst single time")


def _energy(fabric: Fabric, throughput: Throughput) -> tuple[Energy | None, str]:
    """Energy per bit, or why there is none."""
    silent = int(np.count_nonzero(fabric.power_w == 0))
    if not silent:
        return energy(fabric=fabric, throughput=throughput), ""
    which = "its links" if silent == fabric.n_arcs else f"{silent} of the {fabric.n_arcs} directions of its links"
    return None, f"no power is published for {which}"


def _bisection_over(times: Sequence[Fabric], value: Interval, cut: Cut) -> tuple[Interval, Cut]:
    """Bisection for each arc's least capacity, with the upper end that the same division has at its worst time."""
    if not times:
        return value, cut
    least = min((evaluate_cut(fabric=one, side=cut.side) for one in times), key=lambda one: one.per_gpu_bps)
    return Interval(lower=value.lower, upper=max(least.per_gpu_bps, value.lower)), least
