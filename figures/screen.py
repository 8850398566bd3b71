"""A report as one readable screen of text."""

from collections.abc import Sequence

from optimize.flow.interval import Interval
from optimize.study.report import Metric, Report

__all__ = ["report_screen", "verification_screen"]

_MICRO = 1e6


def _value(interval: Interval | None, unit: str) -> str:
    """Rates in GB/s, times in us; bare numbers, the unit stands in its column."""
    if interval is None:
        return "-"
    return (interval * (_MICRO if unit == "s" else 1 / 8e9)).text(digits=4)


def _columns(rows: Sequence[Sequence[str]], *, indent: str = "  ") -> list[str]:
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        lines.append(indent + "   ".join(cells).rstrip())
    return lines


def _metric_rows(metrics: Sequence[Metric], *, scale_out: bool) -> list[list[str]]:
    head = ["per GPU, one direction", "unit", "NVL72", "SuperPOD", "formation", "gap to NVL72", "gap to SuperPOD"]
    rows = [head]
    for m in metrics:
        gap_out = "-" if m.gap_out is None else f"{m.gap_out.interval.text()}x"
        rows.append([m.name, "us" if m.unit == "s" else "GB/s", _value(m.scale_up, m.unit), _value(m.scale_out, m.unit),
                     _value(m.formation, m.unit), f"{m.gap_up.interval.text()}x", gap_out])  # fmt: skip
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
    cut = report.metric("bisection").gap_up.interval.lower / report.metric("all_to_all").gap_up.interval.lower
    if 1.6 < cut < 2.4:
        lines.append(
            "  A fabric limited by its middle cut has about twice the gap in bisection that it has in all_to_all:"
        )
        lines.append("  half of all traffic stays on its side of the cut.")
    return lines


def _ladder(report: Report) -> list[str]:
    rows = [["step", "GB/s per GPU", "factor", "proof"]]
    for step in report.ladder.steps:
        rows.append(
            [
                f"{step.number} {step.name}",
                f"{step.upper_bps / 8e9:.4g}",
                f"{step.factor:.4g}",
                "exact" if step.exact else "bound",
            ]
        )
    rows.append(["certificate width", "", f"{1.0 + report.ladder.width:.7f}", ""])
    rows.append(["gap of all_to_all", "", f"{report.ladder.gap.text(digits=6)}", ""])
    return _columns(rows)


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
        gap_out = "-" if r.gap_out is None else f"{r.gap_out.interval.text()}x"
        rows.append([r.label, f"{r.link_bps / 1e12:.4g}", f"{r.power_w / 1e3:.3g}", _value(r.all_to_all, "bit/s"),
                     f"{r.gap_up.interval.text()}x", gap_out])  # fmt: skip
    return _columns(rows)


def _assumed(report: Report) -> list[str]:
    lines = []
    for path, datum in report.case.data.items():
        if datum.confidence == "assumed":
            lines.append(f"  {path} = {datum.value:g} {datum.unit} ({datum.low:g} to {datum.high:g}): {datum.source}")
    return lines


def report_screen(report: Report, *, files: Sequence[str] = ()) -> str:
    """The whole report as text, ready to print."""
    form = report.proof("formation all_to_all")
    ends = max(int((form.fabric.gpus > 0).sum()), 1)
    out: list[str] = [f"{report.case.name}: {report.case.title}", "", "Modelled"]
    out += [f"  {line}" for line in report.case.modelled]
    out += [
        f"  links draw {report.link_power_w / ends / 1e3:.3g} kW per node (mean); on-board switching needed: "
        f"{report.switching_bps / 1e12:.4g} Tb/s at the busiest node"
    ]
    out += [
        "  rates are payload in one direction; the formation's are what its wiring keeps at every time of the orbit",
        "",
    ]
    out += _columns(_metric_rows(report.metrics, scale_out=report.case.scale_out is not None))
    out += [*_references(report), ""]
    out += ["Ladder of all_to_all: each line keeps the limits above and adds one", *_ladder(report), ""]
    out += ["Binding: " + ", ".join(f"{name} ({share:.0%} of the bound)" for name, share in report.binding), ""]
    if report.readings:
        out += [*_readings(report), ""]
    assumed = _assumed(report)
    if assumed:
        out += ["Assumed (low to high)", *assumed, ""]
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
    return "\n".join(_columns(rows, indent=""))
