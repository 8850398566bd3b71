"""Sweeps: seconds of a study by the number of local processes, of resuming it, and of keeping one point on disk."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from optimize.study.checkpoint import checkpoint
from optimize.study.effects import assumed_effects
from optimize.study.sampling import grid
from optimize.study.scenario import load_scenario
from optimize.study.sweep import run_study
from optimize.study.workers import usable_cpus
from tests.benchmarks.measure import Row, peak_mb

LATTICE = load_scenario("lattice-21")
STUDY = grid(LATTICE, vary=["link.channels=1..40:40", "satellite.terminals=8,10,12,14,16"])
LINES = 200


def study_row(label: str, workers: int, folder: Path) -> Row:
    """Wall time of the study with what the folder holds."""
    begun = time.perf_counter()
    run_study(STUDY, folder=folder, workers=workers)
    wall_s = time.perf_counter() - begun
    return {"measured": label, "points": len(STUDY.points) + 1, "workers": workers, "wall_s": wall_s}


def run() -> list[Row]:
    """One row a measurement; `over_one_worker` is its time over that of one local process."""
    with tempfile.TemporaryDirectory() as name:
        folders = [Path(name) / str(k) for k in range(3)]
        one = study_row("study", 1, folders[0])
        many = study_row("study", max(2, usable_cpus()), folders[1])
        again = study_row("study, all points found on disk", 1, folders[0])
        rows: list[Row] = [
            {**row, "over_one_worker": float(str(row["wall_s"])) / float(str(one["wall_s"]))}
            for row in (one, many, again)
        ]
        begun = time.perf_counter()
        with checkpoint(folders[2]) as saved:
            for k in range(LINES):
                saved.add(str(k), point={"link.channels": k}, result={"error": "", "note": "", "seconds": 0.0})
        rows.append({"measured": "one point to disk", "points": 1, "wall_s": (time.perf_counter() - begun) / LINES})
    begun = time.perf_counter()
    effects = assumed_effects(LATTICE)
    rows.append({"measured": "assumed values", "points": 2 * len(effects), "wall_s": time.perf_counter() - begun})
    return [{**row, "peak_mb": peak_mb()} for row in rows]
