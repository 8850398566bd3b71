"""The answer of a report in a few plain sentences: how large the gap is, what makes it, and what would change it."""

import math

from optimize.design.ladder import LadderStep
from optimize.flow.interval import Interval
from optimize.study.report import Report

from .text_table import factor_text, gap_text, value_text

__all__ = ["answer_sentences", "reference_sentences"]

_MOST_FACTORS = 3  # named one by one; the others are one factor together
_MATTERS = 1.005  # a smaller factor is not named
_WIDE = 0.01  # relative width from which the ends themselves are the answer
_STEPS = {
    1: "host interface", 2: "physics of the apertures", 3: "transceivers and channels",
    4: "line of sight and terminals", 5: "this wiring", 6: "worst time in the orbit",
}  # fmt: skip


def answer_sentences(report: Report) -> list[str]:
    """Sentences, one paragraph each: rates and gap, what limits it, what the gap is besides.

    Parameters
    ----------
    report : Report
        Every number is one of its own, rounded.
    """
    said = [_rates(report), _limits(report), " ".join([*_beside(report), *_lost(report)])]
    return [sentence for sentence in said if sentence]


def reference_sentences(report: Report) -> list[str]:
    """What each reference is: a machine one can buy, or one that nobody sells."""
    gpus, rack, out = report.proof("formation all_to_all").fabric.n_gpus, report.case.scale_up, report.case.scale_out
    if gpus == rack.n_gpus:
        said = [f"NVL72 (scale-up): one rack of the same {gpus} GPUs."]
    else:
        said = [
            f"NVL72 (scale-up): as if all {gpus} GPUs were as well connected as inside one rack; nobody sells that "
            "machine."
        ]
    if out is not None:
        said.append(f"SuperPOD (scale-out): {out.name} on an ideal 1:1 network, the machine one can buy.")
    return said


def _rates(report: Report) -> str:
    row = report.metric("all_to_all")
    gap, unit = row.gap_up.interval, row.unit
    formation, rack = (value_text(one, unit=unit) for one in (row.formation, row.scale_up))
    both = f"all_to_all per GPU: {formation} GB/s in the formation, {rack} GB/s in an NVL72."
    if gap.lower == gap.upper == 1.0:
        return f"{both} The gap is 1x exactly."
    if math.isinf(gap.lower):
        return f"{both} The gap is infinite: not all GPUs reach each other."
    if math.isinf(gap.upper):
        return f"{both} The gap is at least {gap.lower:.4g}x; no upper end is certified."
    if gap.width > _WIDE:
        where = f"certified to lie in {_span(gap)}, recomputed outside the solver"
        return f"{both} The gap is {where}; where in it is not known."
    better = ": the formation is the better one" if gap.upper < 1.0 else ""
    ends = " to ".join(dict.fromkeys((f"{gap.lower:.7g}", f"{gap.upper:.7g}")))
    certified = f"certified: {ends}, recomputed outside the solver"
    return f"{both} The gap is {gap_text(gap)}{better} ({certified})."


def _limits(report: Report) -> str:
    """The largest factors of the ladder, whose product is the gap."""
    ladder = report.ladder
    steps = sorted((step for step in ladder.steps if step.factor > _MATTERS), key=lambda step: -step.factor)
    if not steps:
        return ""
    named = [f"{factor_text(step.factor)}x {_name(report, step)}" for step in steps[:_MOST_FACTORS]]
    rest = math.prod(step.factor for step in ladder.steps) / math.prod(step.factor for step in steps[:_MOST_FACTORS])
    named += [f"{factor_text(rest)}x all the rest"] if rest > _MATTERS else []
    beyond = ladder.surplus.lower > _MATTERS
    named += [f"divided by {ladder.surplus.text()} by which it beats the reference elsewhere"] if beyond else []
    return f"What limits it: {' x '.join(named)}."


def _name(report: Report, step: LadderStep) -> str:
    scenario = report.case.scenario
    name = _STEPS.get(step.number, step.name)
    satellite = None if scenario is None else scenario.satellite
    if step.number == 1 and satellite is not None and satellite.host_per_gpu_bps < satellite.local_bps:
        name = "network cards of the rack"
    if step.number == 4 and step.how.startswith("Moore"):
        name = "number of terminals"
    return name if step.exact else f"{name} (bound)"


def _beside(report: Report) -> list[str]:
    gap = report.metric("all_to_all").gap_out
    return [] if gap is None else [f"Against a SuperPOD of as many GPUs the gap is {gap_text(gap.interval)}."]


def _lost(report: Report) -> list[str]:
    """What outage and one lost link make of the gap."""
    gap = report.ladder.gap_with_failure
    if gap is None:
        return []
    if math.isinf(gap.upper):
        least = "infinite" if math.isinf(gap.lower) else f"at least {gap.lower:.4g}x"
        return [f"With the worst single link lost, and outage, it would be {least}."]
    return [f"With the worst single link lost, and outage, the gap would be {_span(gap)}."]


def _span(gap: Interval) -> str:
    return " to ".join(dict.fromkeys(gap_text(Interval.point(end)) for end in (gap.lower, gap.upper)))
