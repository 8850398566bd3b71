"""Seconds and memory that importing each layer costs in a fresh Python, compiled files in place."""

from __future__ import annotations

import subprocess
import sys
import time

from tests.benchmarks.measure import Row

TAKES_S = 20
LAYERS = ("links", "topo", "optimize.flow", "optimize.design", "optimize.study", "figures.cli", "cvxpy", "matplotlib")
REPEATS = 3


def fresh(statement: str) -> tuple[float, float]:
    """Least wall time in seconds, and peak memory in MB, of a few fresh Pythons that run the statement."""
    code = f"{statement}; from tests.benchmarks.measure import peak_mb; print(peak_mb())"
    walls = []
    for _ in range(REPEATS):
        begun = time.perf_counter()
        done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
        walls.append(time.perf_counter() - begun)
    return min(walls), float(done.stdout)


def run() -> list[Row]:
    """One row a layer; `over_bare` is its time over that of the bare measurement."""
    bare_s, _ = fresh("pass")
    rows: list[Row] = []
    for layer in LAYERS:
        wall_s, peak_mb = fresh(f"import {layer}")
        rows.append({"import": layer, "wall_s": wall_s, "over_bare": wall_s / bare_s, "peak_mb": peak_mb})
    return rows
