"""What one benchmark costs: its rows, its seconds, and the peak memory of the process it has to itself."""

from __future__ import annotations

import importlib
import resource
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

__all__ = ["Row", "alone", "peak_mb"]

Row = dict[str, object]


def peak_mb() -> float:
    """Peak resident memory of this process. [MB]"""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e6 if sys.platform == "darwin" else 1e3)  # bytes on macOS, kB elsewhere


def here(module: str) -> tuple[list[Row], float, float]:
    """Rows of a benchmark module, seconds with its imports, and peak memory in MB, in this process."""
    begun = time.perf_counter()
    rows = importlib.import_module(module).run()
    return rows, time.perf_counter() - begun, peak_mb()


def alone(module: str) -> tuple[list[Row], float, float]:
    """The same, in a fresh process."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(here, module).result()
