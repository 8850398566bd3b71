"""Certified throughput: seconds by kind of proof and by size, other solvers in the same run, and certified widths.

Sizes of minutes each are in bench_large.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

import networkx as nx

from optimize.flow import all_to_all, bisection, farthest_permutation, max_throughput, permutation
from tests.benchmarks.measure import Row, peak_mb
from tests.benchmarks.scaling import GROWN, compare, grow
from topo import from_networkx, nvl72, superpod
from topo.fabric import Fabric

TAKES_S = 160


def king_grid(k: int) -> Fabric:
    """Square grid with 8 neighbours and no proof without search, 8e11 bit/s each way."""
    graph = nx.strong_product(nx.path_graph(k), nx.path_graph(k))
    return from_networkx(graph, name=f"king grid {k}x{k}", gpus=1, capacity_bps=8e11)


def torus(k: int) -> Fabric:
    """Three dimensions."""
    return from_networkx(nx.grid_graph([k] * 3, periodic=True), name=f"torus {k}^3", gpus=1, capacity_bps=8e11)


def jellyfish(n: int, degree: int) -> Fabric:
    """Random regular graph: no symmetry to help."""
    graph = nx.random_regular_graph(degree, n, seed=7)
    return from_networkx(graph, name=f"random regular {n}/{degree}", gpus=1, capacity_bps=8e11)


def timed(label: str, fabric: Fabric, work: Callable[[], float]) -> Row:
    """One row; `work` returns the width of what it found."""
    begun = time.perf_counter()
    width = work()
    return {
        "measured": label, "fabric": fabric.name, "nodes": fabric.n_nodes, "arcs": fabric.n_arcs,
        "wall_s": time.perf_counter() - begun, "width": width, "peak_mb": peak_mb(),
    }  # fmt: skip


def all_to_all_width(fabric: Fabric, **options: str) -> float:
    """Width of the certified interval of all-to-all."""
    return max_throughput(fabric=fabric, traffic=all_to_all(fabric=fabric), **options).width  # type: ignore[arg-type]


def permutation_width(fabric: Fabric) -> float:
    """Width for the hardest permutation."""
    traffic = permutation(fabric=fabric, image=farthest_permutation(fabric=fabric))
    return max_throughput(fabric=fabric, traffic=traffic).width


def bisection_width(fabric: Fabric) -> float:
    """Width of the bisection from the proofs without search."""
    answer = max_throughput(fabric=fabric, traffic=all_to_all(fabric=fabric), method="direct")
    return bisection(fabric=fabric, throughput=answer)[0].width


def named(row: Row) -> Row:
    """A row of `scaling` under the columns of this table."""
    kept = ("nodes", "cpu_s", "width", "claimed", "peak_mb", "how")
    first: Row = {"measured": row["solver"], "fabric": row["family"], "wall_s": row["seconds"]}
    return first | {key: row[key] for key in kept if key in row}


def run() -> list[Row]:
    """Proofs without search, linear programs, cuts (memory is the peak so far); then solvers side by side, by size."""
    rows = [
        timed("without search", fabric, partial(all_to_all_width, fabric))
        for fabric in (nvl72(), superpod(racks=81), torus(8), torus(16))
    ]
    rows += [
        timed("linear program", fabric, partial(all_to_all_width, fabric, method="exact"))
        for fabric in (king_grid(5), king_grid(7), king_grid(9), jellyfish(24, 4), jellyfish(80, 6))
    ]
    rows += [
        timed("hardest permutation", fabric, partial(permutation_width, fabric)) for fabric in (nvl72(), king_grid(9))
    ]
    rows += [
        timed("bisection", fabric, partial(bisection_width, fabric)) for fabric in (nvl72(), king_grid(9), torus(8))
    ]
    exact_s: dict[object, float] = {}
    for row in compare():
        if row["solver"] == "exact":
            exact_s[row["nodes"]] = float(str(row["seconds"]))
        rows.append(named(row))
    rows += [named(row) for row in grow(GROWN)]
    for row in rows:
        if row["fabric"] == "square lattice" and row["nodes"] in exact_s:
            row["over_exact"] = float(str(row["wall_s"])) / exact_s[row["nodes"]]
        if "how" in row:
            row["how"] = row.pop("how")  # the widest column comes last
    return rows
