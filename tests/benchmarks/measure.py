"""What one benchmark costs: its rows, its seconds, and the peak memory of the process it has to itself."""

from __future__ import annotations

import importlib
import resource
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from multiprocessing import get_context
from pathlib import Path

__all__ = ["Row", "alone", "peak_mb"]

Row = dict[str, object]


def peak_mb() -> float:
    """Peak resident memory of this process. [MB]"""
    with suppress(OSError, IndexError):  # on Linux getrusage begins with the peak of the process that forked this one
        status = Path("/proc/self/status").read_text(encoding="utf-8")
        return int(status.partition("VmHWM:")[2].split()[0]) * 1024 / 1e6
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 * (1 if sys.platform == "darwin" else 1024)  # bytes on macOS, KiB elsewhere


def here(module: str) -> tuple[list[Row], float, float]:
    """Rows of a benchmark module, seconds with its imports, and peak memory in MB, in this process."""
    begun = time.perf_counter()
    rows = importlib.import_module(module).run()
    return rows, time.perf_counter() - begun, peak_mb()


def alone(module: str) -> tuple[list[Row], float, float]:
    """The same, in a fresh process."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(here, module).result()
