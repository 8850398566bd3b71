"""The work of `fabricgap sweep`: a study from its options, run with progress, saved, and shown as one screen.

Leaves out the options themselves, which stand in `cli`.
"""

import hashlib
import json
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from optimize.study.checkpoint import FILE_NAME, kept_points
from optimize.study.sampling import Study, grid, latin_hypercube, saltelli, sobol_sequence
from optimize.study.scenario import load_scenario
from optimize.study.sweep import Row, Sweep, run_study
from optimize.study.sweep_files import save_sweep, sweep_table
from optimize.study.uncertainty import ESTIMATOR, quantiles, sobol_indices

from .cli_frame import INTERRUPTED, check_rtol, default_folder
from .text_table import columns, gap_text, unit_text, value_text

__all__ = ["DESIGNS", "default_sweep_folder", "run_sweep", "sweep_screen"]

DESIGNS = {"grid": 5, "lhs": 64, "sobol": 64, "saltelli": 64}
"""What `--design` may say, and the `--points` that go with it unless others are asked for."""

_MOST_ROWS = 24  # of a table on the screen; all are in the files


class _Progress:
    """Counts finished points on one line of standard error; only on a terminal."""

    def __init__(self) -> None:
        self._found = 0
        self._begun: float | None = None
        self._shows = sys.stderr.isatty()

    def __call__(self, done: int, total: int) -> None:
        if self._begun is None:
            self._begun, self._found = time.monotonic(), done
        if self._shows:
            sys.stderr.write(f"\r\033[K{done} of {total} points{self._left(done, total)}")
            sys.stderr.flush()

    def _left(self, done: int, total: int) -> str:
        fresh = done - self._found
        if self._begun is None or not fresh:
            return f", {self._found} from an earlier run" if self._found else ""
        seconds = (time.monotonic() - self._begun) / fresh * (total - done)
        return f", about {seconds:.0f} s left"

    def clear(self) -> None:
        """Leave the line empty."""
        if self._shows and self._begun is not None:
            sys.stderr.write("\r\033[K")
            sys.stderr.flush()


def _study(
    scenario: str, sets: Mapping[str, Any], vary: Sequence[str], metrics: Sequence[str], design: str,
    points: int | None, seed: int, rtol: float,
) -> Study:  # fmt: skip
    loaded = load_scenario(scenario, overrides=sets)
    count = DESIGNS[design] if points is None else points
    if design == "grid":
        if count < 2:
            raise ValueError(f"--points {count}: a range of a grid needs 2 values or more")
        return grid(loaded, vary=vary, levels=count, metrics=metrics, rtol=rtol)
    if design == "saltelli":
        return saltelli(loaded, vary=vary, base=count, seed=seed, metrics=metrics, rtol=rtol)
    sample = latin_hypercube if design == "lhs" else sobol_sequence
    return sample(loaded, vary=vary, points=count, seed=seed, metrics=metrics, rtol=rtol)


def default_sweep_folder(study: Study, *, changed: bool) -> Path:
    """A folder of its own for each study, so that none writes over another's tables, and the same one goes on.

    `changed` says that the scenario is not as shipped.
    """
    kept = default_folder(study.scenario, changed=changed)
    asked = repr((study.paths, study.points, study.metrics, study.rtol))
    return kept.with_name(f"{kept.name}-sweep-{hashlib.sha256(asked.encode()).hexdigest()[:6]}")


def run_sweep(
    *,
    scenario: str,
    sets: Mapping[str, Any],
    vary: Sequence[str],
    metrics: Sequence[str],
    design: str,
    points: int | None,
    seed: int,
    workers: int | None,
    out: Path | None,
    rtol: float,
    as_json: bool,
) -> None:
    """Run the study of a command, write its files, and print it; Ctrl-C says how to go on."""
    check_rtol(rtol)
    study = _study(scenario, sets, vary, metrics, design, points, seed, rtol)
    folder = default_sweep_folder(study, changed=bool(sets)) if out is None else out
    progress = _Progress()
    try:
        sweep = run_study(study, folder=folder, workers=workers, progress=progress)
    except KeyboardInterrupt:
        progress.clear()
        click.echo(
            f"fabricgap: interrupted; {kept_points(folder)} points are kept in {folder / FILE_NAME}, and the same "
            "command goes on from there",
            err=True,
        )
        sys.exit(INTERRUPTED)
    finally:
        progress.clear()
    files = save_sweep(sweep, folder=folder)
    if as_json:
        click.echo(json.dumps(sweep_table(sweep), allow_nan=False))
        return
    names = ", ".join([FILE_NAME, *(path.name for path in files)])
    click.echo(sweep_screen(sweep, files=f"{folder}/{names}"))


def _cells(row: Row, paths: Sequence[str]) -> list[str]:
    keys = [f"{row.parameters[path]:g}" if isinstance(row.parameters[path], float) else str(row.parameters[path])
            for path in paths if path in row.parameters]  # fmt: skip
    if row.gap is None:
        return [*keys, row.metric, "-", "infeasible"]
    return [*keys, row.metric, f"{value_text(row.value, unit=row.unit)} {unit_text(row.unit)}", gap_text(row.gap)]


def _ends(sweep: Sweep, metric: str) -> list[list[str]]:
    """The points of the least and of the greatest gap."""
    rows = [(row.gap.lower, k, row) for k, row in enumerate(sweep.of(metric)) if row.gap is not None]
    return [_cells(row, sweep.study.paths) for _, _, row in (min(rows), max(rows))] if rows else []


def _table(sweep: Sweep) -> list[str]:
    head = [*sweep.study.paths, "metric", "per GPU", "gap to NVL72"]
    if len(sweep.rows) <= _MOST_ROWS:
        return columns([head, *(_cells(row, sweep.study.paths) for row in sweep.rows)])
    ends = [cells for metric in sweep.study.metrics for cells in _ends(sweep, metric)]
    return ["  the points of the least and of the greatest gap:", *columns([head, *ends])]


def _spread(sweep: Sweep, metric: str) -> list[str]:
    try:
        shares = [f"{share:.0%} below {gap.text()}x" for share, gap in quantiles(sweep, metric=metric).items()]
    except ValueError as error:
        return [f"  no quantiles: {error}"]
    lines = [f"  {metric} over the ranges: {', '.join(shares)}"]
    if sweep.study.base is not None:
        try:
            lines += [f"  {index}" for index in sobol_indices(sweep, metric=metric)]
            base = sweep.study.base
            lines.append(f"  Sobol indices (and 95 % of their bootstrap samples) from a base sample of {base} points;")
            lines.append(f"  {ESTIMATOR}")
        except ValueError as error:
            lines.append(f"  no Sobol indices: {error}")
    return lines


def sweep_screen(sweep: Sweep, *, files: str) -> str:
    """The sweep as one readable screen of text."""
    study = sweep.study
    lines = [f"{study.scenario.name}: {study.scenario.title}", "", f"{study.design} of {len(study.points)} points"]
    lines += [f"  {parameter}" for parameter in study.parameters]
    lines += [f"  seed {study.seed}"] if study.seed is not None else []
    lines += ["", *_table(sweep), "", "as it stands", *columns([_cells(row, ()) for row in sweep.nominal])]
    if study.design != "grid":
        lines += ["", "spread", *(line for metric in study.metrics for line in _spread(sweep, metric))]
    errors = Counter(row.error for row in sweep.of(study.metrics[0]) if row.error)
    if errors:
        lines += ["", f"infeasible: {errors.total()} of {len(study.points)} points"]
        lines += [f"  {count} x {reason}" for reason, count in errors.most_common(3)]
    return "\n".join([*lines, "", f"files: {files}"])
