"""The assumed values of a report as lines of text, with what each end of its range does to the gap."""

from collections.abc import Iterator, Mapping

from links.parts import Datum
from optimize.study.report import AssumedEffect, Report

from .text_table import gap_text, wrapped

__all__ = ["assumed_lines"]


def assumed_lines(report: Report, *, full: bool = True) -> list[str]:
    """Title, one paragraph for every assumed value, the largest effect first, and what is left out; empty without any.

    Values whose ends do not move the gap come last, in one paragraph for each reason. `full=False` leaves out where
    the values come from, and those that do not move the gap.
    """
    data = dict(_assumed(report))
    if not data:
        return []
    if not report.effects:
        return _unmeasured(report, data, full)
    lines, idle = [], dict[str, list[str]]()
    for effect in report.effects:
        datum = data[effect.path]
        if effect.reason or effect.swing == 1.0:
            idle.setdefault(effect.reason or "the gap stays as it is", []).append(_datum(effect.path, datum))
        else:
            source = f"; {datum.source}" if full else ""
            lines += wrapped(f"{_datum(effect.path, datum)}: gap {_ends(effect)}{source}")
    if full:
        lines += [line for reason, names in idle.items() for line in wrapped(f"{reason}: {'; '.join(names)}")]
    elif idle:
        lines.append(f"  {sum(len(names) for names in idle.values())} more assumed values do not move it")
    title = f"Assumed values (low to high), and the gap to NVL72 at either end; {report.effects_note}"
    return [*wrapped(title, indent=""), *lines]


def _unmeasured(report: Report, data: Mapping[str, Datum], full: bool) -> list[str]:
    note = wrapped(f"effects on the gap: {report.effects_note}")
    if full:
        lines = [line for path, one in data.items() for line in wrapped(f"{_datum(path, one)}: {one.source}")]
        return ["Assumed (low to high)", *lines, *note]
    return [
        *wrapped(f"Assumed (low to high): {'; '.join(_datum(*one) for one in data.items())}", indent="", hanging="  "),
        *note,
    ]


def _assumed(report: Report) -> Iterator[tuple[str, Datum]]:
    parts = ((f"{part.name}.{key}", datum) for part in report.case.parts for key, datum in part.data.items())
    measured = {effect.path for effect in report.effects}
    for path, datum in report.case.data.items():
        if datum.confidence == "assumed":
            yield path, datum
    yield from ((path, datum) for path, datum in parts if path in measured)


def _datum(path: str, datum: Datum) -> str:
    low, high = datum.ends
    return f"{path} = {datum.value:g}{'' if datum.unit == '1' else f' {datum.unit}'} ({low:g} to {high:g})"


def _ends(effect: AssumedEffect) -> str:
    low = gap_text(effect.gap_low) if effect.gap_low is not None else _none(effect.error_low)
    high = gap_text(effect.gap_high) if effect.gap_high is not None else _none(effect.error_high)
    return f"{low} and {high}"


def _none(error: str) -> str:
    """The remedy of the message is for people who want that value; here it is enough to know why there is no gap."""
    return f"not possible ({error.partition(';')[0]})"
