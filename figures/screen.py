"""A report as one readable screen of text."""

import textwrap
from collections.abc import Sequence

from optimize.design.ladder import LadderStep
from optimize.flow.collectives import Collective
from optimize.flow.interval import Interval
from optimize.study.published import published_comparison
from optimize.study.report import CollectiveRow, Metric, Report

from .assumed_text import assumed_lines
from .text_table import columns, gap_text, unit_text, value_text

__all__ = ["report_screen", "verification_lists", "verification_screen"]

_WIDTH = 120  # of a line of prose


def _metric_rows(metrics: Sequence[Metric], *, scale_out: bool) -> list[list[str]]:
    head = ["per GPU, one direction", "unit", "NVL72", "SuperPOD", "formation", "gap to NVL72", "gap to SuperPOD"]
    rows = [head]
    for m in metrics:
        values = [value_text(value, unit=m.unit) for value in (m.scale_up, m.scale_out, m.formation)]
        gap_out = gap_text(None if m.gap_out is None else m.gap_out.interval)
        rows.append([m.name, unit_text(m.unit), *values, gap_text(m.gap_up.interval), gap_out])
    if not scale_out:
        rows = [[*row[:3], row[4], row[5]] for row in rows]
    return rows


def _references(report: Report) -> list[str]:
    form = report.proof("formation all_to_all").fabric
    up = report.case.scale_up
    if form.n_gpus == up.n_gpus:
        lines = [f"  NVL72 (scale-up): one rack of the same {up.n_gpus} GPUs."]
    else:
        lines = [
            f"  NVL72 (scale-up): as if all {form.n_gpus} GPUs were as well connected as inside one rack; "
            "nobody sells that machine."
        ]
    if report.case.scale_out is not None:
        lines.append(
            f"  SuperPOD (scale-out): {report.case.scale_out.name} on an ideal 1:1 network, the machine one can buy."
        )
    return [*lines, *(line for note in report.notes for line in _wrapped(note))]


def _wrapped(note: str) -> list[str]:
    """A note in lines that fit a screen."""
    return textwrap.wrap(note, width=_WIDTH, initial_indent="  ", subsequent_indent="    ")


def _collectives(report: Report) -> list[str]:
    """Both parts of each collective: the smaller binds."""
    rows = [["collectives, GB/s", *(who for who, _ in _sides(report.collectives[0]))]]
    for row in report.collectives:
        sides = [one for _, one in _sides(row)]
        rows.append([f"{row.name} between nodes", *(value_text(one.between_bps, unit="bit/s") for one in sides)])
        rows.append([f"{row.name} inside one node",
                     *(value_text(Interval.point(one.inside_bps), unit="bit/s") for one in sides)])  # fmt: skip
    form = [f"{row.name} by {row.formation.upper_by}; {row.formation.lower_by}" for row in report.collectives]
    return [*columns(rows), *(line for note in form for line in _wrapped(f"formation, {note}"))]


def _sides(row: CollectiveRow) -> list[tuple[str, Collective]]:
    out = [] if row.scale_out is None else [("SuperPOD", row.scale_out)]
    return [("NVL72", row.scale_up), *out, ("formation", row.formation)]


def _power_text(power_w: float) -> str:
    """Power of the links of a node; 0 W stands for links whose power nobody published. [kW]"""
    return f"{power_w / 1e3:.3g}" if power_w > 0 else "not published"


def _ladder(report: Report) -> list[str]:
    ladder = report.ladder
    rows = [["step", "GB/s per GPU", "factor", "proof"]]
    rows += [_rung(step, f"{step.upper_bps / 8e9:.4g}") for step in ladder.steps]
    rows.append(["certificate width", "", f"{1.0 + ladder.width:.7f}", ""])
    if ladder.surplus.upper > 1.0 + 1e-9:
        rows.append(["formation beyond the reference, which holds it above", "", f"/ {ladder.surplus.text()}", ""])
    rows.append(["gap of all_to_all", "", f"{ladder.gap.text(digits=6)}", ""])
    lost, with_it = ladder.failure, ladder.gap_with_failure
    if lost is not None and with_it is not None:
        rows.append(_rung(lost, value_text(Interval(lower=lost.achieved_bps, upper=lost.upper_bps), unit="bit/s")))
        rows.append(["gap with that", "", with_it.text(), ""])
    notes = [f"  step {step.number}: {step.how}" for step in ladder.rungs if step.how]
    return [*columns(rows), *notes]


def _rung(step: LadderStep, value: str) -> list[str]:
    return [f"{step.number} {step.name}", value, f"{step.factor:.4g}", "exact" if step.exact else "bound"]


def _readings(report: Report) -> list[str]:
    rows = [
        [
            "other readings of the same system",
            "link Tb/s",
            "links kW/node",
            "all_to_all GB/s",
            "gap to NVL72",
            "gap to SuperPOD",
        ]
    ]
    for r in report.readings:
        gap_out = gap_text(None if r.gap_out is None else r.gap_out.interval)
        value = value_text(r.all_to_all, unit="bit/s")
        rows.append([r.label, f"{r.link_bps / 1e12:.4g}", _power_text(r.power_w), value, gap_text(r.gap_up.interval),
                     gap_out])  # fmt: skip
    return columns(rows)


def report_screen(report: Report, *, files: Sequence[str] = ()) -> str:
    """The whole report as text, ready to print."""
    form = report.proof("formation all_to_all")
    ends = max(int((form.fabric.gpus > 0).sum()), 1)
    out: list[str] = [f"{report.case.name}: {report.case.title}", "", "Modelled"]
    out += [f"  {line}" for line in report.case.modelled]
    out += [
        f"  links draw, kW per node (mean): {_power_text(report.link_power_w / ends)}; on-board switching needed: "
        f"{report.switching_bps / 1e12:.4g} Tb/s at the busiest node"
    ]
    out += [
        "  rates are payload in one direction; the formation's are what its wiring keeps at every time of the orbit",
        "",
    ]
    out += columns(_metric_rows(report.metrics, scale_out=report.case.scale_out is not None))
    out += [*_references(report), ""]
    if report.collectives:
        out += [*_collectives(report), ""]
    out += ["Ladder of all_to_all: each line keeps the limits above and adds one", *_ladder(report), ""]
    out += ["Binding: " + ", ".join(f"{name} ({share:.0%} of the bound)" for name, share in report.binding), ""]
    if report.readings:
        out += [*_readings(report), ""]
    quoted = published_comparison(report)
    if quoted:
        out += ["Published", *(f"  {one}" for one in quoted), ""]
    assumed = assumed_lines(report)
    if assumed:
        out += [*assumed, ""]
    out += [
        f"Proof: {form.throughput.method}; upper/lower - 1 = {form.throughput.width:.1e}, "
        "both ends recomputed outside the solver"
    ]
    if files:
        out += ["Files: " + ", ".join(files)]
    return "\n".join(out)


def verification_screen(checked: Sequence[tuple[str, Interval, str]]) -> str:
    """Lines of `fabricgap verify`: label, interval per GPU, method."""
    rows = [["proof", "GB/s per GPU, recomputed", "first found by"]]
    rows += [[label, (interval * (1 / 8e9)).text(digits=8), method] for label, interval, method in checked]
    return "\n".join(columns(rows, indent=""))


def verification_lists(
    *, proved: Sequence[str], stated: Sequence[str], files: Sequence[str], full: bool = False
) -> str:
    """What holds in a report and what has to be believed: every number a line if `full`, else how many of what."""
    out = [f"{', '.join(files)}: all agree"]
    for head, numbers in (("follow from the proofs and the scenario", proved), ("stated, no proof here", stated)):
        if full:
            out += [f"{head}: {len(numbers)}", *(f"  {one}" for one in numbers)]
        else:
            out += textwrap.wrap(f"{head}: {_groups(numbers) or 'nothing'}", width=_WIDTH, subsequent_indent="  ")
    return "\n".join([*out, *([] if full else ["every gap follows from the numbers beside it; --full lists each"])])


def _groups(numbers: Sequence[str]) -> str:
    """Names of numbers, those of one kind together: `injection (3)`."""
    groups: dict[str, list[str]] = {}
    for one in numbers:
        kind = next((kind for kind in _KINDS if one.startswith(kind)), one.partition(" of ")[0])
        groups.setdefault(f"{kind} of reading" if " of reading" in one else kind, []).append(one)
    return ", ".join(f"{kind} ({len(all_of)})" if len(all_of) > 1 else all_of[0] for kind, all_of in groups.items())


_KINDS = ("effect", "ladder step", "latency", "part", "published", "reading")
