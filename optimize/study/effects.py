"""How the gap moves when each assumed value goes to either end of its range, one at a time.

What to read before trusting a number. Leaves out what several of them do together: see `uncertainty`.
"""

import math
from dataclasses import dataclass

from optimize.flow.gap import gap
from optimize.flow.interval import Interval
from optimize.flow.problem import NotSolvedError
from optimize.flow.throughput import Throughput, max_throughput
from optimize.flow.traffic import all_to_all
from topo.fabric import Fabric

from .case import build
from .parameters import value_of
from .point import all_to_all_of
from .scenario import Scenario

__all__ = ["AssumedEffect", "assumed_effects"]


@dataclass(frozen=True, kw_only=True)
class AssumedEffect:
    """The gap of all_to_all at both ends of what one assumed value may be.

    Parameters
    ----------
    path, unit : str
        Key of the scenario, and the unit of its values.
    low, value, high : float
    gap_low, gap, gap_high : Interval or None
        At each of the three; None where the scenario is infeasible there.
    error_low, error_high : str
        Why it is.
    """

    path: str
    unit: str
    low: float
    value: float
    high: float
    gap_low: Interval | None
    gap: Interval
    gap_high: Interval | None
    error_low: str = ""
    error_high: str = ""

    @property
    def swing(self) -> float:
        """Largest over smallest gap; 1 where the value does not matter, inf where an end of it is infeasible. [-]"""
        gaps = [one for one in (self.gap_low, self.gap, self.gap_high) if one is not None]
        if len(gaps) < 3:
            return math.inf
        return max(1.0, max(one.lower for one in gaps) / min(one.upper for one in gaps))

    def __str__(self) -> str:
        ends = ["infeasible" if one is None else f"{one.text()}x" for one in (self.gap_low, self.gap, self.gap_high)]
        values = f"{self.low:g}, {self.value:g}, {self.high:g} {self.unit}"
        return f"{self.path} at {values}: {', '.join(ends)}"


def assumed_effects(scenario: Scenario, *, rtol: float = 1e-6) -> tuple[AssumedEffect, ...]:
    """Gap of all_to_all to one NVL72 at low and high of each assumed value, the largest swing first.

    Parameters
    ----------
    scenario : Scenario
    rtol : float
        Width asked of each certified interval.

    Notes
    -----
    Every answer is tried first as the proof of the next, so values that leave the fabric as it is cost no solving.

    Raises
    ------
    ValueError
        If the scenario as it stands cannot be built.
    """
    base = scenario.variant({"reference.scale_out": False})
    case = build(base)
    reference = max_throughput(fabric=case.scale_up, traffic=all_to_all(fabric=case.scale_up), rtol=rtol)
    known = [all_to_all_of(case, rtol=rtol)]
    now = gap(reference=reference, formation=known[0][1]).interval
    effects = []
    for path, datum in base.data.items():
        if datum.confidence == "assumed":
            (low, gap_low, error_low), (high, gap_high, error_high) = (
                _at(base, path, end, reference, known, rtol) for end in datum.ends
            )
            effects.append(
                AssumedEffect(path=path, unit=datum.unit, low=low, value=datum.value, high=high, gap_low=gap_low,
                              gap=now, gap_high=gap_high, error_low=error_low, error_high=error_high)
            )  # fmt: skip
    return tuple(sorted(effects, key=lambda effect: -effect.swing))


def _at(
    base: Scenario, path: str, end: float, reference: Throughput, known: list[tuple[Fabric, Throughput]], rtol: float
) -> tuple[float, Interval | None, str]:
    """The value there, the gap there, and why there is none; a new answer joins what is known."""
    value = round(end) if isinstance(value_of(base, path=path), int) else end
    try:
        answer = all_to_all_of(build(base.variant({path: value})), rtol=rtol, hints=known)
    except (ValueError, NotSolvedError) as error:
        return value, None, " ".join(str(error).removeprefix(f"scenario {base.name}: ").split())
    known.append(answer)
    return value, gap(reference=reference, formation=answer[1]).interval, ""
