"""The assumed values of a report as lines of text, with what each end of its range does to the gap."""

from collections.abc import Iterator

from links.parts import Datum
from optimize.study.report import AssumedEffect, Report

from .text_table import gap_text

__all__ = ["assumed_lines"]


def assumed_lines(report: Report) -> list[str]:
    """Title, one line for every assumed value, the largest effect first, and what is left out; empty without any.

    Values whose ends do not move the gap come last, in one line for each reason.
    """
    data = dict(_assumed(report))
    if not data:
        return []
    if not report.effects:
        lines = [f"  {_datum(path, datum)}: {datum.source}" for path, datum in data.items()]
        return ["Assumed (low to high)", *lines, f"  effects on the gap: {report.effects_note}"]
    lines, idle = [], dict[str, list[str]]()
    for effect in report.effects:
        datum = data[effect.path]
        if effect.reason or effect.swing == 1.0:
            idle.setdefault(effect.reason or "the gap stays as it is", []).append(_datum(effect.path, datum))
        else:
            lines.append(f"  {_datum(effect.path, datum)}: gap {_ends(effect)}; {datum.source}")
    lines += [f"  {reason}: {'; '.join(names)}" for reason, names in idle.items()]
    return [f"Assumed (low to high), and the gap to NVL72 at either end; {report.effects_note}", *lines]


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
    return f"none ({error.partition(';')[0]})"
