"""Case -> report: every metric of the design, on references and formation alike, each as a certified interval."""

import platform
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version
from typing import Any

import numpy as np

from optimize import __version__
from optimize.design.ladder import ladder
from optimize.flow.certificate import price_bound_per_s, utilisation
from optimize.flow.cuts import bisection
from optimize.flow.gap import Gap, gap
from optimize.flow.interval import Interval
from optimize.flow.throughput import Throughput, binding, least_flow, max_throughput
from optimize.flow.traffic import Traffic, all_to_all, farthest_permutation, permutation
from optimize.flow.unloaded import Latency, injection_bps, latency
from topo.fabric import Fabric, FabricSeries

from .case import Case, as_series
from .report import Metric, Proof, Reading, Report

__all__ = ["measure"]

Progress = Callable[[str], None]

_RATES = ("injection", "all_to_all", "bisection", "permutation")
_LATENCIES = ("latency, mean", "latency, worst")


def _quiet(step: str) -> None:
    """Report progress to nobody."""


def measure(case: Case, *, rtol: float = 1e-6, progress: Progress = _quiet) -> Report:
    """Report on a case.

    Parameters
    ----------
    case : Case
    rtol : float
        Width asked of every certified throughput.
    progress : callable
        Told the name of each step as it begins.

    Notes
    -----
    The formation is measured on what its wiring keeps at every time of the orbit (each arc's least capacity); the upper
    end is then the least bound over all times. Where capacities do not change, both are one number.
    """
    series = as_series(case.formation)
    up = _Side(case.scale_up, rtol, progress)
    out = None if case.scale_out is None else _Side(case.scale_out, rtol, progress)
    form = _Side(series.worst(), rtol, progress, series)
    same = _identical(series, case.scale_up)
    metrics = tuple(_metric(name, up, out, form, same) for name in (*_RATES, *_LATENCIES))
    progress("ladder")
    best = form.fabric if _constant(series) else series.best()
    answer = form.all_to_all if _constant(series) else max_throughput(
        fabric=best, traffic=all_to_all(fabric=best), rtol=rtol, hints=[form.all_to_all] if best.n_arcs == form.fabric.n_arcs else ())  # fmt: skip
    per_terminal = float((best.capacity_bps / best.terminals).max())
    steps = ladder(reference=up.all_to_all, best=best, answer=answer, terminals=case.terminals,
                   terminal_bps=per_terminal, guaranteed=form.all_to_all if len(series) > 1 else None, rtol=rtol)  # fmt: skip
    readings = tuple(_reading(label, other, up, out, form, rtol, progress) for label, other in case.readings)
    progress("least total flow")
    lean = least_flow(fabric=form.fabric, traffic=form.traffic, throughput=form.all_to_all)
    used = utilisation(fabric=form.fabric, traffic=form.traffic, routing=lean.routing)
    entering = np.bincount(form.fabric.head, weights=used.arc * form.fabric.capacity_bps, minlength=form.fabric.n_nodes)
    switching = (entering + form.traffic.sent_bit) * lean.lower_per_s
    least = Proof(label="formation all_to_all, least flow", fabric=form.fabric, traffic=form.traffic, throughput=lean)
    proofs = (
        *up.proofs("scale-up"),
        *(() if out is None else out.proofs("scale-out")),
        *form.proofs("formation"),
        least,
    )
    return Report(
        case=case, metrics=metrics, ladder=steps, readings=readings,
        binding=binding(fabric=form.fabric, traffic=form.traffic, throughput=form.all_to_all),
        proofs=proofs, cut=form.cut, switching_bps=float(switching.max()),
        link_power_w=float(form.fabric.power_w.sum()), provenance=_provenance(case),
    )  # fmt: skip


class _Side:
    """One column of the table: all metrics of one fabric."""

    def __init__(self, fabric: Fabric, rtol: float, progress: Progress, series: FabricSeries | None = None) -> None:
        self.fabric = fabric
        self.traffic = all_to_all(fabric=fabric)
        progress(f"all_to_all of {fabric.name}")
        self.all_to_all = _over_orbit(
            max_throughput(fabric=fabric, traffic=self.traffic, rtol=rtol), self.traffic, series
        )
        progress(f"bisection of {fabric.name}")
        self.bisection, self.cut = bisection(fabric=fabric, throughput=self.all_to_all)
        progress(f"permutation of {fabric.name}")
        self.hard = permutation(fabric=fabric, image=farthest_permutation(fabric=fabric))
        self.permutation = _over_orbit(max_throughput(fabric=fabric, traffic=self.hard, rtol=rtol), self.hard, series)
        progress(f"latency of {fabric.name}")
        self.latency = latency(fabric=fabric) if series is None else _latency_over_orbit(series)

    def value(self, name: str) -> Interval:
        """Interval of a metric of the table."""
        return {
            "injection": Interval.point(injection_bps(fabric=self.fabric)),
            "all_to_all": self.all_to_all.per_gpu_bps,
            "bisection": self.bisection,
            "permutation": self.permutation.per_gpu_bps,
            "latency, mean": self.latency.mean,
            "latency, worst": self.latency.worst,
        }[name]

    def proofs(self, who: str) -> tuple[Proof, ...]:
        """Both throughputs with what they were measured on."""
        return (
            Proof(label=f"{who} all_to_all", fabric=self.fabric, traffic=self.traffic, throughput=self.all_to_all),
            Proof(label=f"{who} permutation", fabric=self.fabric, traffic=self.hard, throughput=self.permutation),
        )


def _constant(series: FabricSeries) -> bool:
    return bool((np.ptp(series.capacity_bps, axis=0) == 0).all())


def _over_orbit(answer: Throughput, traffic: Traffic, series: FabricSeries | None) -> Throughput:
    """The answer for each arc's least capacity, with the upper end of the worst single time.

    A single time may carry more than every arc's worst together, so the upper end is the least of the bounds that the
    same prices give at each time.
    """
    if series is None or _constant(series):
        return answer
    if series.breaks():
        raise ValueError(
            f"{series.structure.name}: links break during the orbit, {series.breaks()[0][0]} first; measure .at(i)"
        )
    bounds = [price_bound_per_s(fabric=series.at(i), traffic=traffic, prices=answer.prices) for i in range(len(series))]
    note = "lower end at each arc's least capacity, upper end at the worst single time by the same prices"
    return replace(answer, upper_per_s=max(min(bounds), answer.lower_per_s), note=note)


def _latency_over_orbit(series: FabricSeries) -> Latency:
    """Mean over the orbit of the mean over pairs; worst over the orbit of the worst pair."""
    each = [latency(fabric=series.at(i)) for i in range(len(series))]
    mean = Interval(
        lower=float(np.mean([e.mean.lower for e in each])), upper=float(np.mean([e.mean.upper for e in each]))
    )
    worst = Interval(lower=max(e.worst.lower for e in each), upper=max(e.worst.upper for e in each))
    return Latency(mean=mean, worst=worst)


def _identical(series: FabricSeries, fabric: Fabric) -> bool:
    """Whether the formation is the reference itself: then each gap is 1, however wide the intervals of both."""
    form = series.structure
    if len(series) != 1 or form.labels != fabric.labels or form.n_arcs != fabric.n_arcs:
        return False
    names = ("gpus", "host_bps", "tail", "head", "capacity_bps", "latency_s", "latency_low_s")
    return all(np.array_equal(getattr(form, name), getattr(fabric, name)) for name in names)


def _metric(name: str, up: _Side, out: _Side | None, form: _Side, same: bool) -> Metric:
    less = name in _LATENCIES
    gap_up = gap(reference=up.value(name), formation=form.value(name), metric=name, less_is_better=less)
    if same:
        gap_up = Gap(metric=name, interval=Interval.point(1.0))
    gap_out = None if out is None else gap(reference=out.value(name), formation=form.value(name), metric=name, less_is_better=less)  # fmt: skip
    return Metric(name=name, unit="s" if less else "bit/s", less_is_better=less, scale_up=up.value(name),
                  scale_out=None if out is None else out.value(name), formation=form.value(name),
                  gap_up=gap_up, gap_out=gap_out)  # fmt: skip


def _reading(
    label: str, other: Case, up: _Side, out: _Side | None, form: _Side, rtol: float, progress: Progress
) -> Reading:
    progress(f"reading: {label}")
    series = as_series(other.formation)
    fabric = series.worst()
    traffic = all_to_all(fabric=fabric)
    alike = fabric.n_arcs == form.fabric.n_arcs and np.array_equal(fabric.tail, form.fabric.tail)
    hints = [form.all_to_all] if alike and np.array_equal(fabric.head, form.fabric.head) else []
    answer = _over_orbit(max_throughput(fabric=fabric, traffic=traffic, rtol=rtol, hints=hints), traffic, series)
    return Reading(
        label=label, all_to_all=answer.per_gpu_bps,
        gap_up=gap(reference=up.all_to_all, formation=answer),
        gap_out=None if out is None else gap(reference=out.all_to_all, formation=answer),
        link_bps=float(fabric.capacity_bps.max()), power_w=float(fabric.power_w.sum() / max((fabric.gpus > 0).sum(), 1)),
    )  # fmt: skip


def _provenance(case: Case) -> dict[str, Any]:
    packages = {name: version(name) for name in ("numpy", "scipy", "networkx", "cvxpy", "highspy")}
    return {
        "fabricgap": __version__, "python": platform.python_version(), "packages": packages,
        "scenario": None if case.scenario is None else case.scenario.model_dump(mode="json", exclude={"data"}),
        "digest": None if case.scenario is None else case.scenario.digest,
    }  # fmt: skip
