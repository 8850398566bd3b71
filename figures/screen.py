"""A report as one readable screen of text."""

from collections.abc import Iterable, Sequence

from links.units import GIGABYTE_BPS, format_si
from optimize.design.ladder import LadderStep
from optimize.flow.collective.optimum import Collective
from optimize.flow.interval import Interval
from optimize.study.published import published_comparison
from optimize.study.report import CollectiveRow, Metric, Report

from .answer import answer_sentences, reference_sentences
from .assumed_text import assumed_lines
from .text_table import columns, gap_text, power_text, unit_text, value_text, wrapped

__all__ = ["report_screen", "verification_lists", "verification_screen"]

_FREE = 1.0 + 1e-6  # factor of a step that costs nothing
_MORE = ("all_gather", "latency, mean")  # metrics that only the full screen has
# Beginnings of notes that the short screen has too.
_NOTED = ("energy: left", "energy: the", "inside a node", "permutation", "power")
_FULL = "--full prints collectives, all metrics and steps, sources of published and assumed values, proofs"


def _metric_rows(metrics: Iterable[Metric], *, scale_out: bool) -> list[list[str]]:
    head = ["per GPU, one way", "unit", "NVL72", "SuperPOD", "formation", "gap to NVL72", "gap to SuperPOD"]
    rows = [head]
    for m in metrics:
        values = [value_text(value, unit=m.unit) for value in (m.scale_up, m.scale_out, m.formation)]
        gap_out = gap_text(None if m.gap_out is None else m.gap_out.interval)
        rows.append([m.name, unit_text(m.unit), *values, gap_text(m.gap_up.interval), gap_out])
    if not scale_out:
        rows = [[*row[:3], row[4], row[5]] for row in rows]
    return rows


def _references(report: Report, full: bool) -> list[str]:
    notes = report.notes if full else _short_notes(report)
    return [line for one in [*reference_sentences(report), *notes] for line in wrapped(one)]


def _short_notes(report: Report) -> list[str]:
    """The two findings that nobody may see without their reason, a line each, and why numbers are missing."""
    found = []
    if any(note.startswith("bisection") for note in report.notes):
        found.append("bisection: about twice the gap of all_to_all, half of all traffic stays on its side of the cut")
    least_bps = report.all_reduce_link_bps
    if least_bps is not None:
        least = format_si(least_bps, "b/s", digits=2)
        found.append(
            f"all_reduce: large messages; the network inside a node binds until links fall below about {least}"
        )
    elif report.collectives:
        found.append("all_reduce: large messages; the links between nodes bind")
    return [*found, *(note for note in report.notes if note.startswith(_NOTED))]


def _collectives(report: Report) -> list[str]:
    """Both parts of each collective: the smaller binds."""
    rows = [["collectives, GB/s", *(who for who, _ in _sides(report.collectives[0]))]]
    for row in report.collectives:
        sides = [one for _, one in _sides(row)]
        rows.append([f"{row.name} between nodes", *(value_text(one.between_bps, unit="bit/s") for one in sides)])
        rows.append([f"{row.name} inside one node",
                     *(value_text(Interval.point(one.inside_bps), unit="bit/s") for one in sides)])  # fmt: skip
    times = _message_times(report)
    form = [f"{row.name} by {row.formation.upper_by}; {row.formation.lower_by}" for row in report.collectives]
    return [*columns(rows), *(line for note in form for line in wrapped(f"formation, {note}")), *times]


def _message_times(report: Report) -> list[str]:
    """Times of all_reduce by message size and algorithm."""
    if not report.message_times:
        return []
    rows = [["all_reduce of a message on each GPU", "NVL72", "SuperPOD", "formation", "times as long"]]
    for one in report.message_times:
        times = [format_si(t, "s") for t in (one.scale_up_s, one.scale_out_s, one.formation_s) if t is not None]
        rows.append([f"{one.size}, {one.algorithm}", *times, f"{one.times_as_long:.4g}"])
    out = report.case.scale_out is not None
    if not out:
        rows[0].remove("SuperPOD")
    gpus, beside = report.case.scale_up.n_gpus, "the SuperPOD" if out else "NVL72"
    return [*columns(rows), *wrapped(f"NVL72 is one rack of {gpus} GPUs here; times as long as on {beside}")]


def _sides(row: CollectiveRow) -> list[tuple[str, Collective]]:
    out = [] if row.scale_out is None else [("SuperPOD", row.scale_out)]
    return [("NVL72", row.scale_up), *out, ("formation", row.formation)]


def _ladder(report: Report, full: bool) -> list[str]:
    """All steps with what proves them; by default those that cost something."""
    ladder = report.ladder
    steps = [step for step in ladder.steps if full or step.number == 0 or step.factor > _FREE]
    rows = [["step" if full else "ladder of all_to_all, steps that cost", "GB/s per GPU", "factor", "proof"]]
    rows += [_rung(step, f"{step.upper_bps / GIGABYTE_BPS:.4g}") for step in steps]
    if full or ladder.width > _FREE - 1.0:
        rows.append(["certificate width", "", f"{1.0 + ladder.width:.7f}", ""])
    if ladder.surplus.upper > 1.0 + 1e-9:
        rows.append(["formation beyond the reference, which holds it above", "", f"/ {ladder.surplus.text()}", ""])
    rows.append(["gap of all_to_all", "", f"{ladder.gap.text(digits=6)}", ""])
    lost, with_it = ladder.failure, ladder.gap_with_failure
    if full and lost is not None and with_it is not None:
        rows.append(_rung(lost, value_text(Interval(lower=lost.achieved_bps, upper=lost.upper_bps), unit="bit/s")))
        rows.append(["gap with that", "", with_it.text(), ""])
    if not full:
        return columns(rows)
    notes = [line for step in ladder.rungs if step.how for line in wrapped(f"step {step.number}: {step.how}")]
    return ["Ladder of all_to_all: each line keeps the limits above and adds one", *columns(rows), *notes]


def _rung(step: LadderStep, value: str) -> list[str]:
    return [f"{step.number} {step.name}", value, f"{step.factor:.4g}", "exact" if step.exact else "bound"]


def _readings(report: Report) -> list[str]:
    """Other readings, those that nobody can build with the reason."""
    if not report.readings and not report.case.impossible:
        return []
    rows = [["other readings of the same system", "link Tb/s", "kW/node", "GB/s", "gap to NVL72", "to SuperPOD"]]
    for r in report.readings:
        gap_out = gap_text(None if r.gap_out is None else r.gap_out.interval)
        value = value_text(r.all_to_all, unit="bit/s")
        rows.append([r.label, f"{r.link_bps / 1e12:.4g}", power_text(r.power_w_per_node), value,
                     gap_text(r.gap_up.interval), gap_out])  # fmt: skip
    if report.case.scale_out is None:
        rows = [row[:-1] for row in rows]
    never = [line for label, why in report.case.impossible for line in wrapped(f"{label}: not possible: {why}")]
    return [*(columns(rows) if report.readings else ["Other readings of the same system"]), *never]


def _modelled(report: Report, full: bool) -> list[str]:
    form = report.proof("formation all_to_all")
    ends = max(int((form.fabric.gpus > 0).sum()), 1)
    said = list(report.case.modelled)
    said.append(
        f"links draw, kW per node (mean): {power_text(report.link_power_w / ends)}; on-board switching needed: "
        f"{report.switching_bps / 1e12:.4g} Tb/s at the busiest node"
    )
    if full:
        said.append(
            "rates are payload in one direction; the formation's are what its wiring keeps at every time of the orbit"
        )
    else:
        said[0] = said[0].partition(", inclination")[0]
    return [line for one in said for line in wrapped(one)]


def _proof(report: Report) -> list[str]:
    answer = report.proof("formation all_to_all").throughput
    text = f"Proof: {answer.method}; upper/lower - 1 = {answer.width:.1e}, both ends recomputed outside the solver"
    return wrapped(text, indent="")


def report_screen(report: Report, *, files: Sequence[str] = (), full: bool = False) -> str:
    """The report as text, ready to print: the answer in sentences, then the numbers behind it.

    Parameters
    ----------
    report : Report
    files : sequence of str
        Where the files are, in words, for the last line.
    full : bool
        Also what collectives, proofs, published figures and all assumed values say.
    """
    answer = wrapped(" ".join(answer_sentences(report)), indent="", hanging="")
    limits = ", ".join(f"{name} ({share:.0%} of the bound)" for name, share in report.binding)
    shown = (row for row in report.metrics if full or row.name not in _MORE)
    metrics = columns(_metric_rows(shown, scale_out=report.case.scale_out is not None))
    more = [] if full else [_FULL]
    quoted = [line for one in published_comparison(report) for line in wrapped(str(one) if full else one.short)]
    blocks = [
        [*wrapped(f"{report.case.name}: {report.case.title}", indent=""), *answer],
        [*(["Modelled"] if full else []), *_modelled(report, full)],
        [*metrics, *_references(report, full)],
        _collectives(report) if full and report.collectives else [],
        [*_ladder(report, full), *wrapped(f"Binding: {limits}", indent="")],
        _readings(report),
        ["Published figures", *quoted] if quoted else [],
        assumed_lines(report, full=full),
        [*(_proof(report) if full else []), *(line for one in [*files, *more] for line in wrapped(one, indent=""))],
    ]
    return "\n\n".join("\n".join(block) for block in blocks if block)


def verification_screen(checked: Sequence[tuple[str, Interval, str]]) -> str:
    """Lines of `fabricgap verify`: label and interval per GPU, and under each what first found it."""
    rows = [["proof", "GB/s per GPU, recomputed"]]
    rows += [[label, (interval * (1.0 / GIGABYTE_BPS)).text(digits=8)] for label, interval, _ in checked]
    head, *lines = columns(rows, indent="")
    found = (wrapped(f"first found by {method}") for _, _, method in checked)
    return "\n".join([head, *(line for first, more in zip(lines, found, strict=True) for line in (first, *more))])


def verification_lists(
    *, proved: Sequence[str], stated: Sequence[str], files: Sequence[str], full: bool = False
) -> str:
    """What holds in a report and what has to be believed: every number a line if `full`, else how many of what."""
    out = [f"{', '.join(files)}: all agree"]
    for head, numbers in (("follow from the proofs and the scenario", proved), ("stated, no proof here", stated)):
        if full:
            out += [f"{head}: {len(numbers)}", *(f"  {one}" for one in numbers)]
        else:
            out += wrapped(f"{head}: {_groups(numbers) or 'nothing'}", indent="")
    return "\n".join([*out, *([] if full else ["every gap follows from the numbers beside it; --full lists each"])])


def _groups(numbers: Sequence[str]) -> str:
    """Names of numbers, those of one kind together: `injection (3)`."""
    groups: dict[str, list[str]] = {}
    for one in numbers:
        kind = next((kind for kind in _KINDS if one.startswith(kind)), one.partition(" of ")[0])
        groups.setdefault(f"{kind} of reading" if " of reading" in one else kind, []).append(one)
    return ", ".join(f"{kind} ({len(all_of)})" if len(all_of) > 1 else all_of[0] for kind, all_of in groups.items())


_KINDS = ("effect", "ladder step", "latency", "part", "published", "reading")
