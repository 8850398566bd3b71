"""The large solver at 4,000 and 10,000 nodes, with and without symmetry: minutes each, 1.4 GB.

Says each measurement on standard error as it is made; half of the time is one fabric that runs into the time limit.
"""

from __future__ import annotations

import sys

from tests.benchmarks.bench_throughput import named
from tests.benchmarks.measure import Row
from tests.benchmarks.scaling import LARGE, grow

TAKES_S = 1200


def run() -> list[Row]:
    """One row a fabric, each from a process of its own; `over_smaller` is its time over that of the size before."""
    rows: list[Row] = []
    smaller: dict[tuple[object, object], float] = {}
    for found in grow(LARGE):
        row = named(found)
        kind, wall_s = (row["measured"], row["fabric"]), float(str(row["wall_s"]))
        if kind in smaller:
            row["over_smaller"] = wall_s / smaller[kind]
        smaller[kind] = wall_s
        row["how"] = row.pop("how")
        rows.append(row)
        print(f"  {row}", file=sys.stderr, flush=True)
    return rows
