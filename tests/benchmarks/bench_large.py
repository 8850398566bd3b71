"""The large solver at 4,000 and 10,000 nodes, with and without symmetry: minutes each, 1.3 GB."""

from __future__ import annotations

from tests.benchmarks.measure import Row
from tests.benchmarks.scaling import LARGE, grow

TAKES_S = 1200


def run() -> list[Row]:
    """One row a fabric, each from a process of its own."""
    return list(grow(LARGE))
