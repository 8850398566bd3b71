"""A report as HTML tables: the same numbers as `report.json`, rounded for people. Measures nothing."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from xml.etree.ElementTree import Element

from figures.text_table import power_text
from links.parts import Datum
from links.units import GIGABYTE_BPS, format_si
from optimize.design.ladder import LadderStep
from optimize.flow.interval import Interval
from optimize.study.published import published_comparison
from optimize.study.report import AssumedEffect, Metric, Proof, Report

from .charts import LogScale, gap_bars, ladder_bar, range_mark, ticks
from .markup import Cell, element, table

__all__ = [
    "assumed_table",
    "collectives_table",
    "failure_table",
    "interval_text",
    "ladder_table",
    "limits_table",
    "links_table",
    "made_with_table",
    "metrics_table",
    "notes_list",
    "parts_list",
    "proofs_table",
    "published_table",
    "readings_table",
]  # fmt: skip

_SHOWN_LINKS = 60  # rows of the table of links; all of them are in links.csv


def interval_text(interval: Interval | None, *, unit: str = "", digits: int = 4) -> str:
    """The number, or both ends where they differ in the digits shown; rates in GB/s, times in us, energies in pJ/bit.

    >>> interval_text(Interval(lower=8e9, upper=16e9), unit="bit/s")
    '1 to 2'
    >>> interval_text(Interval.point(15354.7))
    '15,350'
    """
    if interval is None:
        return "–"
    scale = {"bit/s": 1 / GIGABYTE_BPS, "s": 1e6, "J/bit": 1e12}.get(unit, 1.0)
    ends = (interval * scale).text(digits=digits).split("..")
    return " to ".join(_in_full(end) for end in ends)


def _in_full(number: str) -> str:
    """`1.5e+04` as people write it; beyond ten millions powers are easier to read."""
    if number == "inf":
        return "unlimited"
    return f"{float(number):,.0f}" if "e+" in number and float(number) < 1e7 else number


def _gap(interval: Interval | None, *, digits: int = 4) -> str:
    text = interval_text(interval, digits=digits)
    return text if interval is None else f"{text}×"


def _unit(name: str) -> str:
    return {"bit/s": "GB/s", "s": "µs", "J/bit": "pJ/bit"}.get(name, name)


def metrics_table(report: Report) -> Element:
    """Every metric on both references and the formation, both gaps, and the gaps drawn."""
    gaps = [g.interval for m in report.metrics for g in (m.gap_up, m.gap_out) if g is not None]
    scale = LogScale.around([1.0, *(end for gap in gaps for end in (gap.lower, gap.upper))])
    out = report.case.scale_out is not None
    header: list[Cell] = ["metric", "unit", "NVL72", "SuperPOD", "formation", "gap to NVL72", "gap to SuperPOD"]
    header.append(element("span", "gaps, logarithmic", ticks(scale, suffix="×")))

    def row(m: Metric) -> list[Cell]:
        values = [interval_text(v, unit=m.unit) for v in (m.scale_up, m.scale_out, m.formation)]
        gap_out = None if m.gap_out is None else m.gap_out.interval
        drawn = gap_bars(m.gap_up.interval, out=gap_out, scale=scale)
        return [m.name, _unit(m.unit), *values, _gap(m.gap_up.interval), _gap(gap_out), drawn]

    rows = [row(m) for m in report.metrics]
    kept = [k for k in range(len(header)) if out or k not in (3, 6)]
    return table(
        [header[k] for k in kept],
        rows=[[row[k] for k in kept] for row in rows],
        caption="Metrics per GPU, rates in one direction; where two ends stand, the value lies between them",
        texts=[1],
        class_="metrics",
    )


def collectives_table(report: Report) -> Element:
    """Both parts of every collective on both references and the formation, and what proves the formation's."""
    rows: list[list[Cell]] = []
    for row in report.collectives:
        sides = [row.scale_up, *([] if row.scale_out is None else [row.scale_out]), row.formation]
        between = [interval_text(one.between_bps, unit="bit/s") for one in sides]
        inside = [interval_text(Interval.point(one.inside_bps), unit="bit/s") for one in sides]
        proof = f"{row.formation.upper_by}; {row.formation.lower_by}"
        rows += [[f"{row.name} between nodes", *between, proof], [f"{row.name} inside one node", *inside, ""]]
    out = any(row.scale_out is not None for row in report.collectives)
    header = ["part", "NVL72", *(["SuperPOD"] if out else []), "formation", "proof of the formation's"]
    caption = "Collectives of large messages, GB/s of each GPU's data, one direction: the smaller part binds"
    return table(header, rows=rows, caption=caption, texts=[len(header) - 1])


def message_times_table(report: Report) -> Element | None:
    """Times of all_reduce by message size and algorithm; None where there are none."""
    if not report.message_times:
        return None
    out = report.case.scale_out is not None
    beside = ["NVL72", "SuperPOD"] if out else ["NVL72"]
    header = ["message", "algorithm", *beside, "formation", f"formation / {beside[-1]}"]
    rows: list[list[Cell]] = [
        [one.size, one.algorithm, *(f"{t * 1e3:.4g}" for t in (one.scale_up_s, one.scale_out_s, one.formation_s)
                                    if t is not None), f"{one.times_as_long:.4g}×"]
        for one in report.message_times
    ]  # fmt: skip
    caption = (
        f"Time of an all_reduce, ms, by the size of the message on each GPU; NVL72 is one rack of "
        f"{report.case.scale_up.n_gpus} GPUs here, links are at their worst of the orbit"
    )
    return table(header, rows=rows, caption=caption, texts=[1])


def notes_list(report: Report) -> Element:
    """What the metrics must not stand without."""
    return element("ul", *(element("li", note) for note in report.notes))


def ladder_table(report: Report) -> Element:
    """Steps from the reference down to the formation, as bars with the factor each costs."""
    steps = report.ladder.steps
    caption = (
        "Each step keeps the limits above it and adds one; grey steps cost nothing here, pale ends are only bounds"
    )
    return _rungs(report, steps, caption=caption, first=True)


def failure_table(report: Report) -> Element | None:
    """Step 7, which the gap of the tables does not count, with the gap that it would leave; None without that step."""
    lost, gap = report.ladder.failure, report.ladder.gap_with_failure
    if lost is None or gap is None:
        return None
    caption = f"One link lost: the gap above does not count it, with it the gap is {_gap(gap)}"
    note = element("p", lost.how, class_="note")
    return element("div", _rungs(report, [lost], caption=caption, first=False), note)


def _rungs(report: Report, steps: Sequence[LadderStep], *, caption: str, first: bool) -> Element:
    every = [v for s in report.ladder.rungs for v in (s.upper_bps, s.achieved_bps)]
    scale = LogScale.for_bars(every, unit_size=GIGABYTE_BPS)
    rows: list[list[Cell]] = []
    for k, step in enumerate(steps):
        reference = first and k == 0
        drawn = ladder_bar(step, scale=scale, unit_size=GIGABYTE_BPS, limits=reference or step.factor > 1.0 + 1e-9)
        values = interval_text(Interval(lower=step.achieved_bps, upper=step.upper_bps), unit="bit/s")
        factor = "" if reference else f"÷ {step.factor:.4g}" if math.isfinite(step.factor) else "nothing left"
        rows.append([f"{step.number} {step.name}", drawn, values, factor, "exact" if step.exact else "bound"])
    axis = element("span", "all-to-all per GPU, logarithmic", ticks(scale, unit_size=GIGABYTE_BPS, suffix=" GB/s"))
    header: list[Cell] = ["step", axis, "GB/s per GPU, one direction", "factor", "proof"]
    return table(header, rows=rows, caption=caption, texts=[4], class_="ladder")


def readings_table(report: Report) -> Element:
    """all_to_all under other readings of the same system; those that nobody can build with the reason."""
    header = ["reading", "link, Tb/s one direction", "links, kW per node", "all-to-all, GB/s per GPU, one direction",
              "gap to NVL72", "gap to SuperPOD"]  # fmt: skip
    rows = [
        [r.label, f"{r.link_bps / 1e12:.4g}", power_text(r.power_w_per_node), interval_text(r.all_to_all, unit="bit/s"),
         _gap(r.gap_up.interval), _gap(None if r.gap_out is None else r.gap_out.interval)]
        for r in report.readings
    ]  # fmt: skip
    refused = report.case.impossible
    if refused:
        header = [*header, "remark"]
        rows = [[*row, ""] for row in rows]
        rows += [[label, *["–"] * 5, f"not possible: {reason}"] for label, reason in refused]
    caption = "Other readings of the same system, all-to-all only"
    return table(header, rows=rows, caption=caption, texts=[6], class_="readings")


def published_table(report: Report) -> Element | None:
    """Figures that publications print beside those of the report, with the reason where they differ; None of none."""
    quoted = published_comparison(report)
    if not quoted:
        return None
    rows: list[list[Cell]] = [
        [one.claim.what, one.published_text, one.here_text, one.verdict,
         ", ".join(part for part in (one.claim.source, one.claim.locator) if part)]
        for one in quoted
    ]  # fmt: skip
    header = ["figure", "published", "here", "verdict", "published in"]
    return table(header, rows=rows, caption="Published figures of the same system", texts=[3, 4])


def limits_table(report: Report, *, cut_share: float) -> Element:
    """What binds, by its share of the proof, with the cut, and the means that the answer takes."""
    form = report.proof("formation all_to_all").fabric
    ends = max(int((form.gpus > 0).sum()), 1)
    cut = report.cut
    crossed = len(set(form.link_of_arc[cut.arcs].tolist()))
    rows: list[list[Cell]] = [[f"binding: {name}", f"{share:.1%}", "of the proof: what they are worth at its prices"]
                              for name, share in report.binding]  # fmt: skip
    rows.append(["links of the cut", f"{cut_share:.1%}", "of the proof, both directions"])
    rows.append([
        "the narrowest halving found", format_si(cut.capacity_bps, "b/s"),
        f"one direction, across {crossed} links, {cut.smaller_gpus} GPUs on the smaller side",
    ])  # fmt: skip
    rows.append(["on-board switching", format_si(report.switching_bps, "b/s"), "needed at the busiest node"])
    drawn = format_si(report.link_power_w / ends, "W") if report.link_power_w > 0 else "not published"
    rows.append(["links draw", drawn, "per node with GPUs, mean"])
    caption = "What holds the formation back, and what the answer needs"
    return table(["limit", "value", "meaning"], rows=rows, caption=caption, texts=[2])


def _data(report: Report) -> Iterable[tuple[str, str, Datum]]:
    yield from (("scenario", key, datum) for key, datum in report.case.data.items())
    yield from ((part.name, key, datum) for part in report.case.parts for key, datum in part.data.items())


def _source(datum: Datum) -> Element:
    where = ", ".join(text for text in (datum.source, datum.locator, datum.date) if text)
    made = element("span", where)
    if datum.note:
        made.append(element("span", datum.note, class_="note"))
    return made


def _value(value: float, unit: str) -> str:
    return f"{value:.6g}" if unit == "1" else f"{value:.6g} {unit}"


def assumed_table(report: Report) -> Element:
    """Assumed values of the scenario and of its parts, each with the range it may lie in."""
    rows: list[list[Cell]] = []
    effects = {effect.path: effect for effect in report.effects}
    for where, key, datum in _data(report):
        if datum.confidence == "assumed":
            low, high = datum.ends
            effect = effects.get(key if where == "scenario" else f"{where}.{key}")
            rows.append([key, where, _value(datum.value, datum.unit), f"{low:g} to {high:g}",
                         range_mark(datum.value, low=low, high=high), _effect(effect), _source(datum)])  # fmt: skip
    header = ["value", "of", "taken", "may be", "where in it", "gap to NVL72 at either end", "why"]
    caption = f"Assumed values, their ranges, and what these do to the all-to-all gap: {report.effects_note}"
    return table(header, rows=rows, caption=caption, texts=[1, 5, 6], class_="assumed")


def _effect(effect: AssumedEffect | None) -> Cell:
    """Both gaps, or why they are what they are."""
    if effect is None:
        return "–"
    if effect.reason:
        return element("span", "no change", element("span", effect.reason, class_="note"))
    low, high = (_gap(end) if end is not None else "infeasible" for end in (effect.gap_low, effect.gap_high))
    made = element("span", f"{low} and {high}" if effect.swing > 1.0 else "no change")
    for error in filter(None, (effect.error_low, effect.error_high)):
        made.append(element("span", error, class_="note"))
    return made


def parts_list(report: Report) -> Element:
    """Sourced values of the scenario and of every part, one fold each."""
    folds = [_fold("scenario", "values of the scenario", report.case.data)]
    folds += [_fold(part.name, part.title, part.data) for part in report.case.parts]
    return element("div", *folds)


def _fold(name: str, title: str, data: Mapping[str, Datum]) -> Element:
    rows: list[list[Cell]] = []
    for key, datum in data.items():
        low, high = datum.ends
        span = "" if low == high else f"{low:g} to {high:g}"
        rows.append([key, _value(datum.value, datum.unit), span, datum.confidence, _source(datum)])
    head = element("summary", element("b", name), f" {title}", element("span", f" {len(rows)} values", class_="note"))
    header = ["value", "taken", "range", "confidence", "source"]
    return element("details", head, table(header, rows=rows, caption=f"Values of {name}", texts=[3, 4]))


def proofs_table(report: Report) -> Element:
    """Every certified throughput: how it was found, both ends, how far apart they are."""

    def row(p: Proof) -> list[Cell]:
        answer = p.throughput
        method = element("span", answer.method)
        if answer.note:
            method.append(element("span", answer.note, class_="note"))
        ends = interval_text(answer.per_gpu_bps, unit="bit/s", digits=8)
        return [p.label, ends, f"{answer.width:.1e}" if answer.width else "0", method]

    header = ["proof", "GB/s per GPU, one direction", "width", "first found by"]
    rows = [row(p) for p in report.proofs]
    return table(
        header, rows=rows, caption="Both ends, recomputed outside the solver; the width is upper / lower − 1", texts=[3]
    )


def links_table(drawn: Mapping[str, Any]) -> Element:
    """The fullest directions of the links of a `drawing_table`."""
    arcs, label = drawn["arcs"], drawn["nodes"]["label"]
    share = [load / kept for load, kept in zip(arcs["load_bps"], arcs["kept_bps"], strict=True)]
    fullest = sorted(range(len(share)), key=lambda e: (-round(share[e], 6), e))[:_SHOWN_LINKS]
    rows: list[Sequence[Cell]] = [
        [f"{label[arcs['tail'][e]]} → {label[arcs['head'][e]]}", f"{arcs['load_bps'][e] / 1e12:.4g}",
         f"{arcs['kept_bps'][e] / 1e12:.4g}", f"{share[e]:.1%}",
         f"{arcs['shortest_m'][e]:.1f} to {arcs['longest_m'][e]:.1f}", f"{arcs['price'][e]:.3g}",
         f"{arcs['certificate_share'][e]:.2%}", "yes" if arcs["in_cut"][e] else "no"]
        for e in fullest
    ]  # fmt: skip
    caption = f"The {len(rows)} fullest of {len(share)} directed links at the all-to-all optimum; links.csv has all"
    header = ["link, from → to", "load, Tb/s", "capacity, Tb/s", "full", "range, m", "price, relative",
              "share of the proof", "in the cut"]  # fmt: skip
    return table(header, rows=rows, caption=caption, texts=[7])


def made_with_table(report: Report) -> Element:
    """Version, scenario, seeds and packages: what it takes to make the report again."""
    made = report.provenance
    scenario = made.get("scenario")
    drawn = {key: value for key, value in _flat(scenario or {}) if key.rsplit(".", 1)[-1].endswith("seed")}
    seeds = [f"{key} = {value}" for key, value in {**made["seeds"], **drawn}.items()]
    rows: list[list[Cell]] = [
        ["fabricgap", str(made["fabricgap"])],
        ["Python", str(made["python"])],
        ["scenario", report.case.name if scenario is not None else "none: made by hand"],
        ["scenario hash (SHA-256, first 16 digits)", str(made["digest"] or "–")],
        ["seeds", ", ".join(seeds) or "none: nothing in this report is drawn at random"],
    ]
    rows += [[name, str(version)] for name, version in made["packages"].items()]
    return table(["made with", ""], rows=rows, caption="What it takes to make this report again", texts=[1])


def _flat(values: Any, prefix: str = "") -> Iterable[tuple[str, Any]]:
    """Values of nested tables by their dotted keys."""
    if isinstance(values, Mapping):
        for key, value in values.items():
            yield from _flat(value, f"{prefix}{key}.")
    elif isinstance(values, list | tuple):
        for k, value in enumerate(values):
            yield from _flat(value, f"{prefix}{k}.")
    else:
        yield prefix.rstrip("."), values
