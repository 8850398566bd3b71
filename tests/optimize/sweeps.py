"""Small studies and an executor without processes, shared by the tests of sweeps."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any

from optimize.flow.interval import Interval
from optimize.study.sampling import Study
from optimize.study.scenario import Scenario, load_scenario
from optimize.study.sweep import Row, Sweep

SMALL = {"formation.radius_m": "300 m"}
"""Makes lattice-21 a handful of satellites: the same code in a tenth of the time."""


class Here(Executor):
    """The smallest executor there is: what is submitted is done at once, by the caller."""

    def __init__(self) -> None:
        self.count = 0

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.count += 1
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


def small() -> Scenario:
    return load_scenario("lattice-21", overrides=SMALL)


def as_if(study: Study, gap: Callable[..., float]) -> Sweep:
    """A sweep whose gap is a known function of the parameters, exactly."""
    rows = [
        Row(parameters=study.overrides(k), metric="all_to_all", unit="bit/s", gap=Interval.point(gap(*point)))
        for k, point in enumerate(study.points)
    ]
    return Sweep(study=study, rows=tuple(rows), nominal=(Row(parameters={}, metric="all_to_all", unit="bit/s"),))
