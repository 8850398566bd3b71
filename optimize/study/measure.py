"""Case -> report: every metric of the design, on references and formation alike, each as a certified interval."""

import platform
from collections.abc import Iterator
from dataclasses import replace
from importlib.metadata import version
from typing import Any

import numpy as np

from optimize import __version__
from optimize.design.failures import worst_link_loss, worst_satellite_loss
from optimize.design.ladder import ladder
from optimize.design.sight import sight_bound
from optimize.flow.certificate import utilisation
from optimize.flow.energy import energy_gap
from optimize.flow.gap import Gap, gap
from optimize.flow.interval import Interval
from optimize.flow.throughput import binding, least_flow
from optimize.flow.traffic import all_to_all

from .case import Case, as_series
from .context import context
from .message_times import message_times, times_notes
from .orbit_ends import check_measurable, is_constant, is_same
from .report import METRIC_UNITS, CollectiveRow, Metric, Proof, Reading, Report
from .side import Asked, Progress, Side, quiet

__all__ = ["measure"]

_SEEDS = {"large_throughput": 0, "slow_modes": 0}  # of the functions that draw at random, their defaults


def measure(
    case: Case,
    *,
    rtol: float = 1e-6,
    large_rtol: float = 1e-2,
    time_limit_s: float = 300.0,
    progress: Progress = quiet,
) -> Report:
    """Report on a case.

    Parameters
    ----------
    case : Case
    rtol : float
        Width asked of every certified throughput of fabrics up to a million flows (nodes with GPUs times arcs).
    large_rtol : float
        Width asked beyond: the interval says how narrow it became.
    time_limit_s : float
        For each such throughput; then its interval is what it is.
    progress : callable
        Told the name of each step as it begins, and how far a long one is.

    Notes
    -----
    The formation is measured on what its wiring keeps at every time of the orbit (each arc's least capacity); the upper
    end is then the least bound over all times. Where capacities do not change, both are one number. Times between the
    epochs are not looked at here. Beyond 1000 nodes the permutation is bounded by the routing of all_to_all and by
    cuts, which `Report.notes` say; beyond 128 all_reduce by spanning trees and cuts, beyond 400 both collectives by
    trees and single nodes, which `Collective.upper_by` and `lower_by` say.

    Raises
    ------
    ValueError
        If fewer than two nodes have GPUs, GPUs cannot reach each other, or links break during the orbit.
    NotSolvedError
        If no solver gives a usable answer and there is no simpler proof.
    """
    series = as_series(case.formation)
    check_measurable(series)
    asked = Asked(rtol=rtol, large_rtol=large_rtol, time_limit_s=time_limit_s, progress=progress)
    up = Side(case.scale_up, asked)
    out = None if case.scale_out is None else Side(case.scale_out, asked)
    form = Side(series.worst(), asked, series)
    metrics = tuple(_metrics(up, out, form, is_same(series=series, fabric=case.scale_up)))
    found, impossible = [], list(case.impossible)
    for label, other in case.readings:
        try:
            found.append(_reading(label, other, up, out, form, asked))
        except ValueError as error:
            impossible.append((label, " ".join(str(error).split())))
    case, readings = replace(case, impossible=tuple(impossible)), tuple(found)
    progress("least total flow")
    lean = least_flow(fabric=form.fabric, traffic=form.traffic, throughput=form.all_to_all)
    same = lean.routing is form.all_to_all.routing
    used = form.used if same else utilisation(fabric=form.fabric, traffic=form.traffic, routing=lean.routing)
    entering = np.bincount(form.fabric.head, weights=used.arc * form.fabric.capacity_bps, minlength=form.fabric.n_nodes)
    switching = (entering + form.traffic.sent_bit) * lean.lower_per_s
    progress("ladder")
    best = form.fabric if is_constant(series) else series.best()
    answer = form.all_to_all
    if not is_constant(series):
        answer = asked.throughput(best, all_to_all(fabric=best), hints=[form.all_to_all])
    per_terminal = float((best.capacity_bps / best.terminals).max())
    seen = None if case.sight is None or case.terminals is None else case.sight()
    steps = ladder(
        reference=up.all_to_all,
        best=best,
        answer=answer,
        terminals=case.terminals,
        terminal_bps=per_terminal if seen is None else max(per_terminal, seen.terminal_bps),
        guaranteed=form.all_to_all if len(series) > 1 else None,
        ceiling_bps=None if seen is None else seen.ceiling_bps,
        any_wiring=None if seen is None else sight_bound(fabric=best, seen=seen, terminals=case.terminals or 1),
        lost=worst_link_loss(kept=form.fabric, answer=form.all_to_all, routing=lean.routing, at_worst=form.at_worst),
        lost_satellite=worst_satellite_loss(kept=form.at_worst or form.fabric, answer=form.all_to_all),
        rtol=rtol,
    )
    times = message_times({
        who: (side.fabric, side.all_reduce.rate_bps.upper)
        for who, side in (("scale_up", up), ("scale_out", out), ("formation", form)) if side is not None
    })  # fmt: skip
    notes = context(metrics=metrics, up=up, out=out, form=form, times=len(series), refused=_refused(up, form))
    least = Proof(label="formation all_to_all, least flow", fabric=form.fabric, traffic=form.traffic, throughput=lean)
    proofs = (
        *up.proofs("scale-up"),
        *(() if out is None else out.proofs("scale-out")),
        *form.proofs("formation"),
        least,
    )
    return Report(
        case=case, metrics=metrics, ladder=steps, readings=readings,
        binding=binding(fabric=form.fabric, throughput=form.all_to_all),
        proofs=proofs, cut=form.cut, switching_bps=float(switching.max()),
        link_power_w=float(form.fabric.power_w.sum()), provenance=_provenance(case), collectives=_rows(up, out, form),
        all_reduce_link_bps=form.all_reduce_link_bps, message_times=times, notes=(*notes, *times_notes(times)),
    )  # fmt: skip


def _metrics(up: Side, out: Side | None, form: Side, same: bool) -> Iterator[Metric]:
    """Rows of the table, of all metrics that both the formation and the scale-up reference have."""
    above, beside, values = up.values(), {} if out is None else out.values(), form.values()
    for name, unit in METRIC_UNITS.items():
        reference, value, other = above[name], values[name], beside.get(name)
        if reference is None or value is None or (name == "energy" and _refused(up, form)):
            continue
        less = unit != "bit/s"
        over = gap(reference=reference, formation=value, metric=name, less_is_better=less)
        yield Metric(
            name=name, unit=unit, less_is_better=less, scale_up=reference, scale_out=other, formation=value,
            # What is not known of the reference is the same here: of rates the quotient says so by itself.
            gap_up=Gap(metric=name, interval=Interval.point(1.0)) if same and less else over,
            gap_out=None if other is None else gap(reference=other, formation=value, metric=name, less_is_better=less),
        )  # fmt: skip


def _refused(up: Side, form: Side) -> str:
    """Why the energies of both sides may not be compared; empty if they may."""
    if up.energy is None or form.energy is None:
        return up.why_no_energy or form.why_no_energy
    try:
        energy_gap(reference=up.energy, formation=form.energy)
    except ValueError as error:
        return str(error)
    return ""


def _rows(up: Side, out: Side | None, form: Side) -> tuple[CollectiveRow, ...]:
    return tuple(
        CollectiveRow(name=name, scale_up=getattr(up, name), scale_out=None if out is None else getattr(out, name),
                      formation=getattr(form, name))
        for name in ("all_gather", "all_reduce")
    )  # fmt: skip


def _reading(label: str, other: Case, up: Side, out: Side | None, form: Side, asked: Asked) -> Reading:
    asked.progress(f"reading: {label}")
    fabric, answer = asked.all_to_all_of(other, hints=[(form.fabric, form.all_to_all)])
    return Reading(
        label=label,
        all_to_all=answer.per_gpu_bps,
        gap_up=gap(reference=up.all_to_all, formation=answer),
        gap_out=None if out is None else gap(reference=out.all_to_all, formation=answer),
        link_bps=float(fabric.capacity_bps.max()),
        power_w_per_node=float(fabric.power_w.sum()) / np.count_nonzero(fabric.gpus),
    )


def _provenance(case: Case) -> dict[str, Any]:
    packages = {name: version(name) for name in ("numpy", "scipy", "networkx", "cvxpy", "highspy", "numba", "igraph")}
    return {
        "fabricgap": __version__, "python": platform.python_version(), "packages": packages,
        "seeds": _SEEDS,
        "scenario": None if case.scenario is None else case.scenario.model_dump(mode="json", exclude={"data"}),
        "digest": None if case.scenario is None else case.scenario.digest,
    }  # fmt: skip
