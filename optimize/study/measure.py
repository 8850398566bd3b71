"""Case -> report: every metric of the design, on references and formation alike, each as a certified interval."""

import platform
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from importlib.metadata import version
from typing import Any

import numpy as np

from optimize import __version__
from optimize.design.ladder import ladder
from optimize.flow.certificate import price_bound_per_s, utilisation
from optimize.flow.cuts import Cut, bisection, evaluate_cut
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
    end is then the least bound over all times. Where capacities do not change, both are one number. Times between the
    epochs are not looked at here.

    Raises
    ------
    ValueError
        If fewer than two nodes have GPUs, GPUs cannot reach each other, or links break during the orbit.
    NotSolvedError
        If no solver gives a usable answer and there is no simpler proof.
    """
    series = as_series(case.formation)
    _check_measurable(series)
    up = _Side(case.scale_up, rtol, progress)
    out = None if case.scale_out is None else _Side(case.scale_out, rtol, progress)
    form = _Side(series.worst(), rtol, progress, series)
    same = _identical(series, case.scale_up)
    metrics = tuple(_metric(name, up, out, form, same) for name in (*_RATES, *_LATENCIES))
    progress("ladder")
    best = form.fabric if _constant(series) else series.best()
    answer = form.all_to_all
    if not _constant(series):
        answer = max_throughput(fabric=best, traffic=all_to_all(fabric=best), rtol=rtol, hints=[form.all_to_all])
    per_terminal = float((best.capacity_bps / best.terminals).max())
    steps = ladder(
        reference=up.all_to_all,
        best=best,
        answer=answer,
        terminals=case.terminals,
        terminal_bps=per_terminal,
        guaranteed=form.all_to_all if len(series) > 1 else None,
        rtol=rtol,
    )
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


def _check_measurable(series: FabricSeries) -> None:
    name = series.structure.name
    if np.count_nonzero(series.structure.gpus) < 2:
        raise ValueError(f"{name}: fewer than two nodes have GPUs, so nothing crosses the fabric; measure a larger one")
    if series.breaks():
        arc, time_s = series.breaks()[0]
        raise ValueError(
            f"{name}: links break during the orbit, {arc} first, at {time_s:.0f} s; leave them out, or measure one "
            "time, series.at(i)"
        )


class _Side:
    """One column of the table: all metrics of one fabric, or of a series on what each arc keeps at every time."""

    def __init__(self, fabric: Fabric, rtol: float, progress: Progress, series: FabricSeries | None = None) -> None:
        self.fabric = fabric
        self.traffic = all_to_all(fabric=fabric)
        times = [] if series is None or _constant(series) else [series.at(i) for i in range(len(series))]
        progress(f"all_to_all of {fabric.name}")
        self._proofs: list[tuple[str, Fabric, Traffic, Throughput]] = []
        self.all_to_all = self._certified("all_to_all", self.traffic, times, rtol)
        progress(f"bisection of {fabric.name}")
        self.bisection, self.cut = _bisection_over(times, *bisection(fabric=fabric, throughput=self.all_to_all))
        progress(f"permutation of {fabric.name}")
        hard = permutation(fabric=fabric, image=farthest_permutation(fabric=fabric))
        self.permutation = self._certified("permutation", hard, times, rtol)
        progress(f"latency of {fabric.name}")
        self.latency = latency(fabric=fabric) if series is None else _latency_over_orbit(series)
        injected = injection_bps(fabric=fabric)
        most = min((injection_bps(fabric=one) for one in times), default=injected)
        self.injection = Interval(lower=injected, upper=max(most, injected))

    def _certified(self, name: str, traffic: Traffic, times: Sequence[Fabric], rtol: float) -> Throughput:
        answer = max_throughput(fabric=self.fabric, traffic=traffic, rtol=rtol)
        self._proofs.append((name, self.fabric, traffic, answer))
        if not times:
            return answer
        guaranteed, worst = _over_orbit(answer, traffic, times)
        self._proofs.append((f"{name}, worst time", worst, traffic, guaranteed))
        return guaranteed

    def value(self, name: str) -> Interval:
        """Interval of a metric of the table."""
        return {
            "injection": self.injection,
            "all_to_all": self.all_to_all.per_gpu_bps,
            "bisection": self.bisection,
            "permutation": self.permutation.per_gpu_bps,
            "latency, mean": self.latency.mean,
            "latency, worst": self.latency.worst,
        }[name]

    def proofs(self, who: str) -> tuple[Proof, ...]:
        """Both throughputs with what they were measured on.

        Of a series there are two for each: on what every arc keeps (which proves the lower end), and at the time that
        proves the upper end.
        """
        return tuple(
            Proof(label=f"{who} {name}", fabric=fabric, traffic=traffic, throughput=answer)
            for name, fabric, traffic, answer in self._proofs
        )


def _constant(series: FabricSeries) -> bool:
    return bool((np.ptp(series.capacity_bps, axis=0) == 0).all())


def _over_orbit(answer: Throughput, traffic: Traffic, times: Sequence[Fabric]) -> tuple[Throughput, Fabric]:
    """The answer for each arc's least capacity, with the upper end of the worst single time, and that time's fabric.

    A single time may carry more than every arc's worst together, so the upper end is the least of the bounds that the
    same prices give at each time.
    """
    bounds = [price_bound_per_s(fabric=one, traffic=traffic, prices=answer.prices) for one in times]
    worst = int(np.argmin(bounds))
    note = "lower end at each arc's least capacity, upper end at the worst single time by the same prices"
    return replace(answer, upper_per_s=max(bounds[worst], answer.lower_per_s), note=note), times[worst]


def _bisection_over(times: Sequence[Fabric], value: Interval, cut: Cut) -> tuple[Interval, Cut]:
    """Bisection for each arc's least capacity, with the upper end that the same division has at its worst time."""
    if not times:
        return value, cut
    least = min((evaluate_cut(fabric=one, side=cut.side) for one in times), key=lambda one: one.per_gpu_bps)
    return Interval(lower=value.lower, upper=max(least.per_gpu_bps, value.lower)), least


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
    if len(series) != 1 or series.structure.labels != fabric.labels:
        return False
    form, names = series.at(0), [f.name for f in fields(Fabric) if f.name not in ("name", "labels", "positions_m")]
    return all(np.array_equal(getattr(form, name), getattr(fabric, name)) for name in names)


def _metric(name: str, up: _Side, out: _Side | None, form: _Side, same: bool) -> Metric:
    less, value = name in _LATENCIES, form.value(name)

    def over(side: _Side) -> Gap:
        return gap(reference=side.value(name), formation=value, metric=name, less_is_better=less)

    return Metric(
        name=name,
        unit="s" if less else "bit/s",
        less_is_better=less,
        scale_up=up.value(name),
        scale_out=None if out is None else out.value(name),
        formation=value,
        gap_up=Gap(metric=name, interval=Interval.point(1.0)) if same else over(up),
        gap_out=None if out is None else over(out),
    )


def _reading(
    label: str, other: Case, up: _Side, out: _Side | None, form: _Side, rtol: float, progress: Progress
) -> Reading:
    progress(f"reading: {label}")
    series = as_series(other.formation)
    _check_measurable(series)
    fabric = series.worst()
    traffic = all_to_all(fabric=fabric)
    alike = fabric.n_arcs == form.fabric.n_arcs and np.array_equal(fabric.tail, form.fabric.tail)
    hints = [form.all_to_all] if alike and np.array_equal(fabric.head, form.fabric.head) else []
    answer = max_throughput(fabric=fabric, traffic=traffic, rtol=rtol, hints=hints)
    if not _constant(series):
        answer, _ = _over_orbit(answer, traffic, [series.at(i) for i in range(len(series))])
    return Reading(
        label=label,
        all_to_all=answer.per_gpu_bps,
        gap_up=gap(reference=up.all_to_all, formation=answer),
        gap_out=None if out is None else gap(reference=out.all_to_all, formation=answer),
        link_bps=float(fabric.capacity_bps.max()),
        power_w=float(fabric.power_w.sum()) / np.count_nonzero(fabric.gpus),
    )


def _provenance(case: Case) -> dict[str, Any]:
    packages = {name: version(name) for name in ("numpy", "scipy", "networkx", "cvxpy", "highspy")}
    return {
        "fabricgap": __version__, "python": platform.python_version(), "packages": packages,
        "scenario": None if case.scenario is None else case.scenario.model_dump(mode="json", exclude={"data"}),
        "digest": None if case.scenario is None else case.scenario.digest,
    }  # fmt: skip
