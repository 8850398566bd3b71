"""One point of a study: a scenario measured, as plain values that go to a file and come back the same.

Runs in any process: nothing it returns depends on which one, or on what ran before. Leaves out where it runs.
"""

import hashlib
import json
import math
import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from links.parts import all_parts
from optimize import __version__
from optimize.flow.certified import Throughput
from optimize.flow.gap import gap
from optimize.flow.interval import Interval
from optimize.flow.problem import NotSolvedError
from optimize.flow.throughput import max_throughput
from optimize.flow.traffic import all_to_all
from topo.fabric import Fabric

from .case import Case, as_series, build, scale_out_of
from .measure import measure
from .scenario import Scenario
from .side import Asked

__all__ = ["all_to_all_of", "measure_point", "point_key"]

Result = Mapping[str, Any]
"""`metrics`: one table each (`unit`, and the ends of `value`, `gap`, `gap_out`); or `error`. And `note`, `seconds`."""


def all_to_all_of(
    case: Case, *, rtol: float, hints: Sequence[tuple[Fabric, Throughput]] = ()
) -> tuple[Fabric, Throughput]:
    """all_to_all of a case over its orbit, and nothing else of the report, with the fabric that it was solved on.

    `hints` are such answers for other cases; those of other nodes, arcs or GPUs are passed over.
    """
    return Asked(rtol=rtol, large_rtol=rtol).all_to_all_of(case, hints)


@cache
def _parts_digest() -> str:
    return hashlib.sha256(repr([(name, dict(part.data)) for name, part in all_parts().items()]).encode()).hexdigest()


def point_key(scenario: Scenario, *, metrics: Sequence[str], rtol: float) -> str:
    """Hash of everything that a result depends on: the scenario's values and ranges, parts, metrics and version."""
    ranges = {path: datum.ends for path, datum in scenario.data.items()}
    content = [__version__, scenario.digest, ranges, _parts_digest(), list(metrics), rtol]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:32]


def measure_point(scenario: Scenario, *, metrics: Sequence[str], rtol: float) -> Result:
    """Measure a scenario without readings; what cannot be built or solved is a result too, with the reason.

    Raises
    ------
    ValueError
        If a report has no metric of that name.
    """
    begun = time.perf_counter()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            rows = _alone(scenario, rtol) if tuple(metrics) == ("all_to_all",) else _reported(scenario, metrics, rtol)
            found: dict[str, Any] = {"metrics": rows}
        except _UnknownMetricError as error:
            raise ValueError(str(error)) from None
        except (ValueError, NotSolvedError) as error:
            found = {"error": " ".join(str(error).removeprefix(f"scenario {scenario.name}: ").split())}
    notes = dict.fromkeys(str(w.message) for w in caught if issubclass(w.category, UserWarning | RuntimeWarning))
    return {**found, "note": "; ".join(notes), "seconds": time.perf_counter() - begun}


class _UnknownMetricError(Exception):
    """The question is wrong, not the point."""


def _case(scenario: Scenario) -> Case:
    """The case with a SuperPOD as its second reference where one of as many GPUs exists, and without one elsewhere."""
    case = build(scenario.variant({"reference.scale_out": False}))
    wanted = scenario.reference.scale_out
    return replace(case, scale_out=scale_out_of(n_gpus=as_series(case.formation).structure.n_gpus)) if wanted else case


def _alone(scenario: Scenario, rtol: float) -> dict[str, Any]:
    case = _case(scenario)
    _, here = all_to_all_of(case, rtol=rtol)

    def over(reference: Fabric) -> Interval:
        there = max_throughput(fabric=reference, traffic=all_to_all(fabric=reference), rtol=rtol)
        return gap(reference=there, formation=here).interval

    out = None if case.scale_out is None else over(case.scale_out)
    return {"all_to_all": _table("bit/s", here.per_gpu_bps, over(case.scale_up), out)}


def _reported(scenario: Scenario, metrics: Sequence[str], rtol: float) -> dict[str, Any]:
    report = measure(_case(scenario), rtol=rtol)
    known = [row.name for row in report.metrics]
    for name in metrics:
        if name not in known:
            raise _UnknownMetricError(f"no metric {name!r}; there are {', '.join(known)}")
    rows = {name: report.metric(name) for name in metrics}
    return {
        name: _table(m.unit, m.formation, m.gap_up.interval, None if m.gap_out is None else m.gap_out.interval)
        for name, m in rows.items()
    }


def _table(unit: str, value: Interval, over: Interval, out: Interval | None) -> dict[str, Any]:
    return {"unit": unit, "value": _ends(value), "gap": _ends(over), "gap_out": None if out is None else _ends(out)}


def _ends(interval: Interval) -> list[float | None]:
    """Both ends for JSON, which has no infinity: None stands for it."""
    return [end if math.isfinite(end) else None for end in (interval.lower, interval.upper)]
