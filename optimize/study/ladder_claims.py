"""The ladder of a report followed back: each step from its own ends, the first ones from closed forms, the last proved.

Leaves out step 4, a bound over all wirings, and step 5 where capacities change: both would be solved for.
"""

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optimize.flow.interval import Interval
from topo.fabric import Fabric

from .findings import Findings, interval, unlimited
from .meaning import WORST_TIME
from .orbit_ends import is_constant
from .rebuilt import Rebuilt

__all__ = ["check_ladder"]

_RTOL = 1e-9
_EXACT = 1e-3  # an end further from the other is achieved by no width that anybody asks for


def check_ladder(*, ladder: Mapping[str, Any], found: Findings, rebuilt: Rebuilt) -> None:
    """Compare the ladder of a report's table with the proofs, and with the case where that was built again."""
    steps = ladder["steps"]
    up, form = found.certified("scale-up", "all_to_all"), found.certified("formation", "all_to_all")
    found.number("ladder, first step, upper_bps", steps[0]["upper_bps"], up.upper)
    found.number("ladder, first step, achieved_bps", steps[0]["achieved_bps"], up.lower)
    found.number("ladder, factor of step 0", steps[0]["factor"], 1.0)
    for above, step in itertools.pairwise(steps):
        where = f"step {step['number']}"
        found.number(f"ladder, factor of {where}", step["factor"], above["upper_bps"] / step["upper_bps"])
        if step["upper_bps"] > above["upper_bps"] * (1.0 + _RTOL) or step["number"] <= above["number"]:
            found.differ(f"ladder, {where} is above the one before it")
    for above, step in zip([steps[0], *steps], steps, strict=False):
        _ends(found, step, above)
    last, before = steps[-1], steps[-2]["upper_bps"]
    found.number("ladder, last step, upper_bps", last["upper_bps"], min(form.upper, before))
    found.number("ladder, last step, achieved_bps", last["achieved_bps"], min(form.lower, last["upper_bps"]))
    width = last["upper_bps"] / last["achieved_bps"] - 1.0
    if not math.isclose(ladder["width"], width, rel_tol=_RTOL, abs_tol=_RTOL):
        found.differ(f"ladder, width says {ladder['width']:.6g}, recomputed {width:.6g}")
    _gap(found, ladder, up, form, width)
    _failure(found, ladder, up)
    varies = f"formation all_to_all{WORST_TIME}" in found.proofs
    kept = found.proof("formation all_to_all").fabric
    one_hop = {} if varies and rebuilt.series is None else _one_hop_steps(rebuilt, kept)
    _closed_forms(found, steps, one_hop, complete=rebuilt.case is not None)
    found.proved.append("product of the ladder")
    known = {0, last["number"], *one_hop}
    if not varies:  # the best time is the worst
        known.add(5)
        for step in steps:
            if step["number"] == 5:
                found.number("ladder, step 5, upper_bps", step["upper_bps"], last["upper_bps"])
                found.number("ladder, step 5, achieved_bps", step["achieved_bps"], last["achieved_bps"])
    for step in steps:
        (found.proved if step["number"] in known else found.stated).append(f"ladder step {step['number']}")


def _ends(found: Findings, step: Mapping[str, Any], above: Mapping[str, Any]) -> None:
    """What is achieved is no more than what can be; a factor is exact only where both are one, here and above."""
    width, width_above = _width(step), _width(above)
    if width < -_RTOL:
        found.differ(f"ladder, step {step['number']}, achieved_bps is above upper_bps")
    for ends, apart in (("its ends", width), ("the ends above it", width_above)):
        if step["exact"] and apart > _EXACT:
            found.differ(f"ladder, step {step['number']}, exact says True, {ends} are {apart:.3g} apart")
    if not step["exact"] and max(width, width_above) <= 0.0:
        found.differ(f"ladder, step {step['number']}, exact says False, its ends and those above it are one")


def _width(step: Mapping[str, Any]) -> float:
    return unlimited(step["upper_bps"]) / step["achieved_bps"] - 1.0 if step["achieved_bps"] > 0 else math.inf


def _gap(found: Findings, ladder: Mapping[str, Any], up: Interval, form: Interval, width: float) -> None:
    """The product of the factors over what the formation could do beyond the reference."""
    product = float(np.prod([step["factor"] for step in ladder["steps"]]))
    surplus, stated = interval(ladder["surplus"]), interval(ladder["gap"])
    last = ladder["steps"][-1]["upper_bps"]
    if last < up.upper * (1.0 - _RTOL):  # the reference holds nothing down
        found.same("ladder, surplus", surplus, Interval.point(1.0))
    elif surplus.lower < 1.0 or surplus.upper > max(form.upper / last, 1.0) * (1.0 + _RTOL):
        found.differ(f"ladder, surplus {surplus.text(digits=9)} is above {form.upper / last:.9g}, recomputed")
    meant = Interval(lower=product * up.lower / up.upper / surplus.upper,
                     upper=product * (1.0 + width) / surplus.lower)  # fmt: skip
    found.same("ladder, gap", stated, meant)
    widest = up / form  # the ladder's bounds may be tighter than those of its ends, and never wider
    if stated.lower < widest.lower * (1.0 - _RTOL) or stated.upper > widest.upper * (1.0 + _RTOL):
        found.differ(f"ladder, gap {stated.text(digits=9)} leaves {widest.text(digits=9)}, recomputed")


def _failure(found: Findings, ladder: Mapping[str, Any], up: Interval) -> None:
    """The step below the ladder: its factor and gap follow from its own ends."""
    step, last = ladder["failure"], ladder["steps"][-1]
    if step is not None:
        ends = Interval(lower=step["achieved_bps"], upper=step["upper_bps"])
        factor = last["upper_bps"] / ends.upper if ends.upper > 0 else math.inf
        found.number("ladder, factor of failure", unlimited(step["factor"]), factor)
        found.same("ladder, gap_with_failure", interval(ladder["gap_with_failure"]), up / ends)
        _ends(found, step, last)
        found.stated.append("ladder, failure")


def _one_hop_steps(rebuilt: Rebuilt, kept: Fabric) -> dict[int, float]:
    """Steps 1 to 3: hosts joined by one unlimited switch over what their terminals carry at most. [bit/s]

    Without a case built again, step 1 alone.
    """
    case, series = rebuilt.case, rebuilt.series
    best = kept if series is None or is_constant(series) else series.best()
    widest = float(best.capacity_bps.sum())
    found = {1: _one_hop(best, np.where(np.isfinite(best.host_bps), np.inf, widest))}
    if case is not None and case.terminals is not None and case.sight is not None:
        seen = case.sight()
        if seen.ceiling_bps is not None:
            found[2] = _one_hop(best, np.full(best.n_nodes, case.terminals * seen.ceiling_bps))
        terminal_bps = max(float((best.capacity_bps / best.terminals).max()), seen.terminal_bps)
        found[3] = _one_hop(best, np.full(best.n_nodes, case.terminals * terminal_bps))
    return found


def _one_hop(fabric: Fabric, out_bps: NDArray[np.float64]) -> float:
    """What each GPU gets of all_to_all if nothing but its own node limits it: every pair has one path. [bit/s]"""
    g, total = fabric.gpus[fabric.gpus > 0].astype(float), float(fabric.n_gpus)
    way, local, port = (one[fabric.gpus > 0] for one in (np.minimum(fabric.host_bps, out_bps), fabric.local_bps,
                                                         fabric.port_bps))  # fmt: skip
    seconds = [g * (total - g) / way, (g - 1.0) / local, (total - 1.0) / port]  # of one round
    return (total - 1.0) / max(float(one.max()) for one in seconds)


def _closed_forms(
    found: Findings, steps: Sequence[Mapping[str, Any]], one_hop: Mapping[int, float], *, complete: bool
) -> None:
    """Steps whose bound is a closed form, each under those above it."""
    if complete:
        numbers = [step["number"] for step in steps if 0 < step["number"] < 4]
        if numbers != list(one_hop):
            found.differ(f"ladder has steps {numbers} below 4; need {list(one_hop)}")
    for above, step in itertools.pairwise(steps):
        if step["number"] in one_hop:
            meant = min(above["upper_bps"], one_hop[step["number"]])
            found.number(f"ladder, step {step['number']}, upper_bps", step["upper_bps"], meant)
            found.number(f"ladder, step {step['number']}, achieved_bps", step["achieved_bps"], meant)
