"""Seconds of the main command from start to files, and of `run.py` before the program begins."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.benchmarks.measure import Row

TAKES_S = 15
ROOT = Path(__file__).parents[2]


def seconds(words: list[str], folder: str) -> float:
    """Wall time of a command in `folder`. [s]"""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    begun = time.perf_counter()
    subprocess.run(words, check=True, capture_output=True, cwd=folder, env=environment)
    return time.perf_counter() - begun


def run() -> list[Row]:
    """One row a command; `over_help` is its time over that of `fabricgap --help`."""
    fabricgap = [sys.executable, "-m", "figures.cli"]
    with tempfile.TemporaryDirectory() as folder:
        help_s = seconds([*fabricgap, "--help"], folder)
        rows: list[Row] = [{"command": "--help", "wall_s": help_s, "over_help": 1.0}]
        for words in (["gap", "lattice-21"], ["gap", "suncatcher-81"], ["verify", "out/suncatcher-81/certificate.npz"]):
            wall_s = seconds([*fabricgap, *words], folder)
            rows.append({"command": " ".join(words), "wall_s": wall_s, "over_help": wall_s / help_s})
    return rows
