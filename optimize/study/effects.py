"""How the gap moves when each assumed value goes to either end of its range, one at a time.

What to read before trusting a number. Leaves out what several of them do together: see `uncertainty`.
"""

import math
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from links.parts import Datum, Part, all_parts
from optimize.flow.certified import Throughput
from optimize.flow.gap import gap
from optimize.flow.interval import Interval
from optimize.flow.problem import NotSolvedError
from optimize.flow.throughput import max_throughput
from optimize.flow.traffic import all_to_all
from topo.fabric import Fabric, FabricSeries

from .case import Case, as_series, build
from .parameters import value_of
from .point import all_to_all_of
from .report import AssumedEffect, Report
from .scenario import Scenario
from .tables import ClosTable, RadioTable

__all__ = ["MOST_SATELLITES", "assumed_effects", "with_effects"]

MOST_SATELLITES = 400
"""Nodes with GPUs up to which a report has the effects unless they are asked for."""

_ASK = "fabricgap gap --effects, or assumed_effects, measures them"
# What an all-to-all rate cannot depend on, by the ending of its key.
_NO_RATE = {
    "_latency_s": "a time moves no rate",
    "velocity_factor": "a time of flight moves no rate",
}
_PLACED = "the Clos is placed on the satellites anew for each value, by a heuristic, which moves the gap by itself"
_SAME_RATES = "at neither end does a rate of this scenario change"


def with_effects(report: Report, *, rtol: float = 1e-4, most_satellites: float = MOST_SATELLITES) -> Report:
    """The report with the effects of its assumed values, or with a note on why they are left out.

    Parameters
    ----------
    report : Report
        Of a scenario; its answer is tried first as the proof of the others.
    rtol : float
        Width asked of each certified interval.
    most_satellites : float
        Nodes with GPUs beyond which the effects are left out, as are those of radio formations, whose interference
        takes seconds to compute; inf measures whatever there is.
    """
    case, proof = report.case, report.proof("formation all_to_all")
    if case.scenario is None:
        return replace(report, effects_note="not measured: the case was made by hand, and no scenario says what varies")
    count = int(np.count_nonzero(proof.fabric.gpus))
    if count > most_satellites:
        note = f"left out for {count} satellites, more than {most_satellites:g}; {_ASK}"
        return replace(report, effects_note=note)
    if isinstance(case.scenario.link, RadioTable) and math.isfinite(most_satellites):
        note = f"left out for a radio formation, whose interference takes seconds for every value; {_ASK}"
        return replace(report, effects_note=note)
    base = _Base(
        scenario=case.scenario.variant({"reference.scale_out": False}), series=as_series(case.formation),
        reference=report.proof("scale-up all_to_all").throughput, gap=report.metric("all_to_all").gap_up.interval,
        known=[(proof.fabric, proof.throughput)], rtol=rtol,
    )  # fmt: skip
    placed = f"; {_PLACED}" if isinstance(case.scenario.wiring, ClosTable) else ""
    note = f"one value at a time, all others as they stand{placed}"
    return replace(report, effects=_effects(base), effects_note=note)


def assumed_effects(scenario: Scenario, *, rtol: float = 1e-6) -> tuple[AssumedEffect, ...]:
    """Gap of all_to_all to one NVL72 at low and high of each assumed value, the largest swing first.

    Parameters
    ----------
    scenario : Scenario
        Its own assumed values vary, and those of the parts that its link is made of.
    rtol : float
        Width asked of each certified interval.

    Notes
    -----
    Every answer is tried first as the proof of the next. Values that leave every rate as it is cost no solving.

    Raises
    ------
    ValueError
        If the scenario as it stands cannot be built.
    """
    scenario = scenario.variant({"reference.scale_out": False})
    case = build(scenario)
    reference = max_throughput(fabric=case.scale_up, traffic=all_to_all(fabric=case.scale_up), rtol=rtol)
    known = [all_to_all_of(case, rtol=rtol)]
    now = gap(reference=reference, formation=known[0][1]).interval
    return _effects(_Base(scenario=scenario, series=as_series(case.formation), reference=reference, gap=now,
                          known=known, rtol=rtol))  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class _Base:
    """The scenario as it stands, and the answers found so far."""

    scenario: Scenario
    series: FabricSeries
    reference: Throughput
    gap: Interval
    known: list[tuple[Fabric, Throughput]]
    rtol: float


Variant = Callable[[float], Case]


def _effects(base: _Base) -> tuple[AssumedEffect, ...]:
    found = [_effect(base, path, datum, variant) for path, datum, variant in _assumed(base.scenario)]
    return tuple(sorted(found, key=lambda effect: (-effect.swing, bool(effect.reason))))


def _assumed(scenario: Scenario) -> Iterator[tuple[str, Datum, Variant]]:
    """Assumed values of the scenario and of the parts of its link, and how to build the case with another value."""
    for path, datum in scenario.data.items():
        if datum.confidence == "assumed":
            yield path, datum, _of_scenario(scenario, path)
    shipped = all_parts()
    for name in _named(None if scenario.link is None else scenario.link.model_dump()):
        for key, datum in shipped[name].data.items() if name in shipped else ():
            if datum.confidence == "assumed":
                yield f"{name}.{key}", datum, _of_part(scenario, shipped[name], key)


def _named(value: object) -> Iterator[str]:
    """Texts in nested tables and lists."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list | tuple):
        for one in value.values() if isinstance(value, Mapping) else value:
            yield from _named(one)


def _of_scenario(scenario: Scenario, path: str) -> Variant:
    return lambda value: build(scenario.variant({path: value}))


def _of_part(scenario: Scenario, part: Part, key: str) -> Variant:
    def variant(value: float) -> Case:
        datum = replace(part.data[key], value=value)
        return build(scenario, parts={part.name: replace(part, data={**part.data, key: datum})})

    return variant


def _effect(base: _Base, path: str, datum: Datum, variant: Variant) -> AssumedEffect:
    low, high = datum.ends
    if isinstance(value_of(base.scenario, path=path), int):
        low, high = round(low), round(high)
    effect = AssumedEffect(path=path, unit=datum.unit, low=low, value=datum.value, high=high, gap_low=base.gap,
                           gap=base.gap, gap_high=base.gap)  # fmt: skip
    for ending, reason in _NO_RATE.items():
        if f"_{path.rpartition('.')[2]}".endswith(ending):
            return replace(effect, reason=reason)
    (gap_low, error_low), (gap_high, error_high) = (
        (base.gap, "") if end == datum.value else _at(base, variant, end) for end in (low, high)
    )
    if gap_low is base.gap and gap_high is base.gap:
        return replace(effect, reason=_SAME_RATES)
    return replace(effect, gap_low=gap_low, gap_high=gap_high, error_low=error_low, error_high=error_high)


def _at(base: _Base, variant: Variant, value: float) -> tuple[Interval | None, str]:
    """The gap there, or why there is none; a new answer joins what is known."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what they say of a variant, a reader would take as said of the report
            case = variant(value)
            if _same_rates(as_series(case.formation), base.series):
                return base.gap, ""
            answer = all_to_all_of(case, rtol=base.rtol, hints=base.known)
    except (ValueError, NotSolvedError) as error:
        return None, " ".join(str(error).removeprefix(f"scenario {base.scenario.name}: ").split())
    base.known.append(answer)
    return gap(reference=base.reference, formation=answer[1]).interval, ""


def _same_rates(one: FabricSeries, other: FabricSeries) -> bool:
    """Whether both carry the same traffic at the same rates, whatever the time it takes."""
    names = ("gpus", "host_bps", "switch_bps", "local_bps", "port_bps", "transit", "tail", "head")
    return np.array_equal(one.capacity_bps, other.capacity_bps) and all(
        np.array_equal(getattr(one.structure, name), getattr(other.structure, name)) for name in names
    )
