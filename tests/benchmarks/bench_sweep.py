"""Sweeps: seconds of a study by the number of local processes, of resuming it, and of keeping one point on disk.

About a minute. On an idle machine `speedup` is what counts; where others use the cores, compare `cpu_s`: with no work
wasted it does not grow with the workers, and `speedup_idle` is what they would reach with a core for each.
"""

from __future__ import annotations

import os
import tempfile
import time
from concurrent.futures import Executor
from pathlib import Path

from optimize.study.checkpoint import checkpoint
from optimize.study.effects import assumed_effects
from optimize.study.sampling import grid
from optimize.study.scenario import load_scenario
from optimize.study.sweep import Sweep, run_study
from optimize.study.workers import local_pool, usable_cpus
from tests.benchmarks.measure import Row, peak_mb

TAKES_S = 50
LATTICE = load_scenario("lattice-21")
STUDY = grid(LATTICE, vary=["link.channels=1..40:40", "satellite.terminals=8,10,12,14,16"])
MANY = max(2, usable_cpus())
# Other points, so that nothing of the study is known; enough to start every process.
FIRST = grid(LATTICE, vary=[f"link.channels=50..{50 + 5 * MANY}:{5 * MANY + 1}"])
LINES = 200
MEET_S = 0.5  # long enough that no process answers twice


def clock() -> tuple[int, float]:
    """This process, and the CPU seconds it has used."""
    time.sleep(MEET_S)
    return os.getpid(), time.process_time()


def cpu_seconds(pool: Executor, workers: int) -> float:
    """CPU seconds of all processes of an idle pool so far."""
    return sum(dict(job.result() for job in [pool.submit(clock) for _ in range(workers)]).values())


def warm(workers: int, folder: Path) -> tuple[Row, Sweep]:
    """The study in processes that have measured before; start-up is a column of its own."""
    begun = time.perf_counter()
    with local_pool(workers) as pool:
        run_study(FIRST, executor=pool)
        before = cpu_seconds(pool, workers)
        start_s = time.perf_counter() - begun - MEET_S
        begun = time.perf_counter()
        sweep = run_study(STUDY, folder=folder, executor=pool)
        wall_s = time.perf_counter() - begun
        cpu_s = cpu_seconds(pool, workers) - before
    row: Row = {
        "measured": "study, warm processes", "points": len(STUDY.points) + 1, "workers": workers, "start_s": start_s,
        "wall_s": wall_s, "cpu_s": cpu_s, "cores": cpu_s / wall_s,
    }  # fmt: skip
    return row, sweep


def cold(label: str, workers: int, folder: Path) -> Row:
    """The study as a user starts it, with what the folder holds."""
    begun = time.perf_counter()
    run_study(STUDY, folder=folder, workers=workers)
    wall_s = time.perf_counter() - begun
    return {"measured": label, "points": len(STUDY.points) + 1, "workers": workers, "wall_s": wall_s}


def against(rows: list[Row]) -> list[Row]:
    """The same with the speed over that of the first."""
    one = {key: float(str(rows[0].get(key, "nan"))) for key in ("wall_s", "cpu_s")}
    found = []
    for row in rows:
        speedup: Row = {"speedup": one["wall_s"] / float(str(row["wall_s"]))}
        if "cpu_s" in row:
            speedup["speedup_idle"] = int(str(row["workers"])) * one["cpu_s"] / float(str(row["cpu_s"]))
        found.append(row | speedup)
    return found


def run() -> list[Row]:
    """One worker against all, warm and from the start; then the disk, and the effects of assumed values."""
    with tempfile.TemporaryDirectory() as name:
        folders = [Path(name) / str(k) for k in range(5)]
        one, alone = warm(1, folders[0])
        all_of_them, together = warm(MANY, folders[1])
        if alone.rows != together.rows:
            raise AssertionError(f"{MANY} workers found other values than one")
        rows = against([one, all_of_them])
        rows += against([cold("study, start included", 1, folders[2]), cold("study, start included", MANY, folders[3])])
        rows.append(cold("study, all points found on disk", 1, folders[0]))
        begun = time.perf_counter()
        with checkpoint(folders[4]) as saved:
            for k in range(LINES):
                saved.add(str(k), point={"link.channels": k}, result={"error": "", "note": "", "seconds": 0.0})
        rows.append({"measured": "one point to disk", "points": 1, "wall_s": (time.perf_counter() - begun) / LINES})
    begun = time.perf_counter()
    effects = assumed_effects(LATTICE)
    rows.append({"measured": "assumed values", "points": 2 * len(effects), "wall_s": time.perf_counter() - begun})
    return [{**row, "peak_mb": peak_mb()} for row in rows]
