"""Seconds of each step of a report, from 81 to 10,000 satellites of one lattice with links up to 283 m.

Steps in the order of the report; those of the reference, which does not grow, are one row. Where the cores are shared,
read `cpu_s`.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from optimize.study.case import Case
from optimize.study.measure import measure
from tests.benchmarks.bench_topo import RADII_M, SATELLITE, lattice, optical
from tests.benchmarks.measure import Row, peak_mb
from topo.build import build_fabric
from topo.fabric import Fabric
from topo.ground import nvl72
from topo.ranges import neighbours_within
from topo.wiring import Wiring

TAKES_S = 50


@dataclass
class Steps:
    """Wall and CPU seconds of each step that `measure` tells of."""

    reference: str
    found: dict[str, tuple[float, float]] = field(default_factory=dict)
    now: str = ""
    since: tuple[float, float] = (0.0, 0.0)  # both clocks at the beginning of the present step

    def tell(self, text: str) -> None:
        """A step begins, and the one before is over; how far a long one is says nothing new."""
        if ": " in text:
            return
        self.end()
        step, _, of = text.partition(" of ")
        self.now = step if not of or of != self.reference else "reference"

    def end(self) -> None:
        """Add what has passed since the last call."""
        clocks = time.perf_counter(), time.process_time()
        if self.now:
            wall_s, cpu_s = self.found.get(self.now, (0.0, 0.0))
            self.found[self.now] = wall_s + clocks[0] - self.since[0], cpu_s + clocks[1] - self.since[1]
        self.since = clocks


def made(radius_m: float) -> Fabric:
    """The lattice with all links of at most 283 m."""
    formation = lattice(radius_m)
    wiring = Wiring.from_pairs(name="near", pairs=neighbours_within(formation=formation, reach_m=283.0))
    return build_fabric(formation=formation, satellite=SATELLITE, wiring=wiring, link=optical(), time_s=0.0)


def reported(fabric: Fabric) -> dict[str, tuple[float, float]]:
    """Seconds of the steps of one report."""
    rack = nvl72()
    steps = Steps(reference=rack.name)
    measure(Case(name="bench", formation=fabric, scale_up=rack, terminals=8), progress=steps.tell)
    steps.end()
    return steps.found


def run() -> list[Row]:
    """One row a step and size; `over_before` is its CPU time over that of the size before."""
    reported(made(500.0))  # loads what is compiled
    rows: list[Row] = []
    before: dict[str, tuple[float, float]] = {}
    for radius_m in RADII_M:
        fabric = made(radius_m)
        now = reported(fabric)
        for step, (wall_s, cpu_s) in now.items():
            row: Row = {"satellites": fabric.n_nodes, "step": step, "wall_s": wall_s, "cpu_s": cpu_s}
            if step in before:
                row["over_before"] = cpu_s / before[step][1]
            rows.append(row | {"peak_mb": peak_mb()})
        before = now
    return rows
