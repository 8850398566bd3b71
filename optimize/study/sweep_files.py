"""Sweeps to files: one CSV table of rows, and JSON with the study, its quantiles and its Sobol indices.

The same study gives the same bytes, however it was run. Draws nothing.
"""

import csv
import io
import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

from optimize import __version__

from .parameters import Parameter
from .save import write_atomically
from .sweep import Row, Sweep
from .uncertainty import ESTIMATOR, quantiles, sobol_indices

__all__ = ["save_sweep", "sweep_table"]


def _parameter(parameter: Parameter) -> dict[str, Any]:
    if parameter.levels:
        return {"path": parameter.path, "levels": list(parameter.levels)}
    return {"path": parameter.path, "low": parameter.low, "high": parameter.high,
            "logarithmic": parameter.logarithmic}  # fmt: skip


def _row(row: Row) -> dict[str, Any]:
    record = row.record()
    return {"parameters": dict(row.parameters), **{k: v for k, v in record.items() if k not in row.parameters}}


def _spread(sweep: Sweep) -> dict[str, Any]:
    """Quantiles and indices of every metric, where the design and its points allow them; else why not."""
    found: dict[str, Any] = {}
    for metric in sweep.study.metrics:
        entry: dict[str, Any] = {}
        try:
            entry["quantiles"] = [
                {"share": share, "gap_lower": gap.lower, "gap_upper": gap.upper if math.isfinite(gap.upper) else None}
                for share, gap in quantiles(sweep, metric=metric).items()
            ]
        except ValueError as error:
            entry["no_quantiles"] = str(error)
        if sweep.study.base is not None:
            try:
                entry["sobol_indices"] = [asdict(index) for index in sobol_indices(sweep, metric=metric)]
                entry["estimator"], entry["base"] = ESTIMATOR, sweep.study.base
            except ValueError as error:
                entry["no_sobol_indices"] = str(error)
        found[metric] = entry
    return found


def sweep_table(sweep: Sweep) -> dict[str, Any]:
    """The sweep as nested plain values, ready for JSON; rates in bit/s, one direction, times in s."""
    study = sweep.study
    return {
        "format": "fabricgap sweep 1",
        "name": study.scenario.name,
        "title": study.scenario.title,
        "conventions": "rates are payload bit/s in one direction; gap > 1: the formation is worse than one NVL72 for "
        "every pair; gap_out: than a SuperPOD of as many GPUs; null is unlimited, or missing",
        "design": study.design,
        "seed": study.seed,
        "rtol": study.rtol,
        "parameters": [_parameter(parameter) for parameter in study.parameters],
        "metrics": list(study.metrics),
        "points": len(study.points),
        "infeasible": sweep.infeasible,
        "nominal": [_row(row) for row in sweep.nominal],
        "spread": {} if study.design == "grid" else _spread(sweep),
        "rows": [_row(row) for row in sweep.rows],
        "scenario": study.scenario.model_dump(mode="json", exclude={"data"}),
        "digest": study.scenario.digest,
        "fabricgap": __version__,
    }


def save_sweep(sweep: Sweep, *, folder: Path) -> tuple[Path, ...]:
    """Write `sweep.csv` and `sweep.json` into `folder`; the paths, in the order written."""
    text = io.StringIO()
    records = [row.record() for row in sweep.rows]
    writer = csv.DictWriter(text, fieldnames=list(records[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    table = json.dumps(sweep_table(sweep), indent=1, allow_nan=False) + "\n"
    files = {folder / "sweep.csv": text.getvalue().encode(), folder / "sweep.json": table.encode()}
    for path, content in files.items():
        write_atomically(path=path, content=content)
    return tuple(files)
