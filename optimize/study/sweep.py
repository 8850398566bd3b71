"""Runs a study: every point measured somewhere, kept on disk as soon as it is finished, and gathered in one order.

The result does not depend on where, in which order or in how many runs the points were measured. Leaves out which
points there are (`sampling`) and what they say together (`uncertainty`).
"""

import math
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import BrokenExecutor, Executor, Future, as_completed
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from optimize.flow.interval import Interval
from optimize.flow.problem import NotSolvedError

from .checkpoint import Checkpoint, checkpoint
from .parameters import Value
from .point import measure_point, point_key
from .sampling import Study
from .scenario import Scenario
from .workers import local_pool, usable_cpus

__all__ = ["Row", "Sweep", "run_study"]

Progress = Callable[[int, int], None]

_MOST_DEATHS = 3  # of a pool, one after the other, without a finished point between them


@dataclass(frozen=True, kw_only=True)
class Row:
    """One metric at one point.

    Parameters
    ----------
    parameters : mapping
        Dotted keys and their values, SI.
    metric, unit : str
    value, gap, gap_out : Interval or None
        The metric of the formation, its gap to one NVL72 for every pair, and to a SuperPOD of as many GPUs; None where
        the point is infeasible, and for `gap_out` also where no SuperPOD has that many GPUs.
    error : str
        Why the point is infeasible; empty if it is not.
    note : str
        Warnings on the way, such as a model used outside its range.
    """

    parameters: Mapping[str, Value]
    metric: str
    unit: str = ""
    value: Interval | None = None
    gap: Interval | None = None
    gap_out: Interval | None = None
    error: str = ""
    note: str = ""

    def record(self) -> dict[str, Value | None]:
        """The row as plain columns: each parameter, metric, unit, both ends of each interval, error, note."""
        ends: dict[str, Value | None] = {}
        for name, interval in (("", self.value), ("gap_", self.gap), ("gap_out_", self.gap_out)):
            for end in ("lower", "upper"):
                number = math.inf if interval is None else getattr(interval, end)
                ends[f"{name}{end}"] = number if math.isfinite(number) else None
        return {**self.parameters, "metric": self.metric, "unit": self.unit, **ends, "error": self.error,
                "note": self.note}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """What a study found.

    Parameters
    ----------
    study : Study
    rows : tuple of Row
        Points in the order of the study, metrics within.
    nominal : tuple of Row
        The scenario as it stands.
    """

    study: Study
    rows: tuple[Row, ...] = field(repr=False)
    nominal: tuple[Row, ...] = field(repr=False)

    def of(self, metric: str) -> tuple[Row, ...]:
        """Rows of one metric, one for each point."""
        if metric not in self.study.metrics:
            raise ValueError(f"no metric {metric!r} in this study; there are {', '.join(self.study.metrics)}")
        return self.rows[self.study.metrics.index(metric) :: len(self.study.metrics)]

    @property
    def infeasible(self) -> int:
        """How many points could not be measured."""
        return sum(bool(row.error) for row in self.of(self.study.metrics[0]))

    def to_frame(self) -> Any:
        """`pandas.DataFrame`, one line a row, columns as `Row.record`."""
        pandas = _optional("pandas")
        frame = pandas.DataFrame([row.record() for row in self.rows])
        ends = [name for name in frame.columns if name.endswith(("lower", "upper"))]
        return frame.astype(dict.fromkeys(ends, float))

    def to_xarray(self) -> Any:
        """`xarray.Dataset`: over the parameters of a grid (over `point`, for other designs) and `metric`."""
        xarray = _optional("xarray")
        study, records = self.study, [row.record() for row in self.rows]
        if study.design == "grid":
            axes = {p: list(dict.fromkeys(point[k] for point in study.points)) for k, p in enumerate(study.paths)}
            coords: dict[str, Any] = dict(axes)
        else:
            axes = {"point": list(range(len(study.points)))}
            columns = zip(*study.points, strict=True)
            coords = {**axes, **{p: ("point", list(c)) for p, c in zip(study.paths, columns, strict=True)}}
        dims, shape = (*axes, "metric"), (*map(len, axes.values()), len(study.metrics))
        data = {}
        for name in records[0].keys() - {*study.paths, "metric", "unit"}:
            column = [record[name] for record in records]
            kind = object if name in ("error", "note") else float
            data[name] = (dims, np.array(column, dtype=kind).reshape(shape))
        coords["metric"] = list(study.metrics)
        units = {row.metric: row.unit for row in self.rows if row.unit}
        coords["unit"] = ("metric", [units.get(metric, "") for metric in study.metrics])
        return xarray.Dataset({name: data[name] for name in sorted(data)}, coords=coords)

    def __str__(self) -> str:
        return f"{self.study}, {self.infeasible} infeasible"


def _optional(module: str) -> Any:
    import importlib

    try:
        return importlib.import_module(module)
    except ImportError:
        raise ModuleNotFoundError(f"{module} is not installed; it comes with the extra `data`", name=module) from None


@dataclass(frozen=True, kw_only=True)
class _Task:
    """A point before it is measured; `refusal` is why the scenario cannot even be written down."""

    overrides: Mapping[str, Value]
    scenario: Scenario
    key: str = ""
    refusal: str = ""


def _quiet(done: int, total: int) -> None:
    """Report progress to nobody."""


def run_study(
    study: Study,
    *,
    folder: Path | None = None,
    executor: Executor | None = None,
    workers: int | None = None,
    progress: Progress = _quiet,
) -> Sweep:
    """Measure every point of a study, and the scenario as it stands.

    Parameters
    ----------
    study : Study
    folder : Path, optional
        Where finished points are kept, in `points.jsonl`; those found there are not measured again.
    executor : concurrent.futures.Executor, optional
        Where points are measured, such as Dask's `client.get_executor()`; by default in local processes of one thread.
        It should run processes: threads of one process would mix up their notes.
    workers : int, optional
        Local processes; by default one for each usable CPU.
    progress : callable
        Told how many points are finished, and of how many.

    Raises
    ------
    ValueError
        If another study is writing into the folder, or a metric does not exist.
    NotSolvedError
        If workers die again and again. Finished points are kept in the folder, after any exception.
    """
    if executor is not None and workers is not None:
        raise ValueError("give an executor or a number of local workers, not both")
    if workers is not None and workers < 1:
        raise ValueError(f"workers={workers}: need 1 or more")
    plans = [_plan(study, {}), *(_plan(study, study.overrides(k)) for k in range(len(study.points)))]
    tasks = {plan.key: plan for plan in plans if not plan.refusal}
    with checkpoint(folder) as saved:
        waiting = {key: task for key, task in tasks.items() if key not in saved}
        progress(len(tasks) - len(waiting), len(tasks))

        def finish(task: _Task, result: Mapping[str, Any]) -> None:
            saved.add(task.key, point=task.overrides, result=result)
            del waiting[task.key]
            progress(len(tasks) - len(waiting), len(tasks))

        if executor is None:
            _run_here(study, workers or usable_cpus(), waiting, finish)
        else:
            _collect(study, executor, waiting, finish)
        if waiting:
            raise NotSolvedError(
                f"workers died with {len(waiting)} of {len(tasks)} points to do; finished points are kept, run it again"
            )
        rows = [tuple(_rows(study, plan, saved)) for plan in plans]
    return Sweep(study=study, rows=tuple(row for part in rows[1:] for row in part), nominal=rows[0])


def _plan(study: Study, overrides: Mapping[str, Value]) -> _Task:
    base = study.scenario
    try:
        scenario = base.variant(overrides)
    except ValueError as error:
        return _Task(overrides=overrides, scenario=base, refusal=str(error).removeprefix(f"scenario {base.name}: "))
    key = point_key(scenario, metrics=study.metrics, rtol=study.rtol)
    return _Task(overrides=overrides, scenario=scenario, key=key)


Finish = Callable[[_Task, Mapping[str, Any]], None]


def _run_here(study: Study, workers: int, waiting: Mapping[str, _Task], finish: Finish) -> None:
    """Local processes, replaced when one of them dies: its death says nothing about the points of the others."""
    deaths = 0
    while waiting and deaths < _MOST_DEATHS:
        before = len(waiting)
        with local_pool(min(workers, before)) as pool:
            _collect(study, pool, waiting, finish)
        deaths = deaths + 1 if len(waiting) == before else 0
    if waiting:
        raise NotSolvedError(
            f"local processes died {_MOST_DEATHS} times in a row before they finished one of {len(waiting)} points "
            '(memory full, or a script without `if __name__ == "__main__":`); finished points are kept, run it again'
        )


def _collect(study: Study, executor: Executor, waiting: Mapping[str, _Task], finish: Finish) -> None:
    """Measure what is waiting, as far as the executor lives."""
    futures: dict[Future[Mapping[str, Any]], _Task] = {}
    try:
        with suppress(BrokenExecutor):  # what was handed over before may be finished all the same
            for task in waiting.values():
                job = executor.submit(measure_point, task.scenario, metrics=study.metrics, rtol=study.rtol)
                futures[job] = task
        for future in as_completed(futures):
            if not isinstance(future.exception(), BrokenExecutor):
                finish(futures[future], future.result())
    except BaseException:
        for future in futures:
            future.cancel()
        raise


def _rows(study: Study, task: _Task, saved: Checkpoint) -> Iterator[Row]:
    result: Mapping[str, Any] = {"error": task.refusal, "note": ""} if task.refusal else saved[task.key]
    for metric in study.metrics:
        if "error" in result:
            yield Row(parameters=task.overrides, metric=metric, error=result["error"], note=result["note"])
        else:
            found = result["metrics"][metric]
            value, gap, gap_out = (_interval(found[name]) for name in ("value", "gap", "gap_out"))
            yield Row(parameters=task.overrides, metric=metric, unit=found["unit"], value=value, gap=gap,
                      gap_out=gap_out, note=result["note"])  # fmt: skip


def _interval(ends: list[float | None] | None) -> Interval | None:
    if ends is None:
        return None
    lower, upper = (math.inf if end is None else end for end in ends)
    return Interval(lower=lower, upper=upper)
