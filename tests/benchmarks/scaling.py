"""Seconds, memory and certified width of every solver by size; `python3 -m tests.benchmarks.scaling` writes the CSV.

The figure `solver_scaling` draws that file: measured data is data, so that the figures stay quick and the same every
time. Each measurement has a process of its own, after a small fabric has loaded what the solver loads.
"""

from __future__ import annotations

import argparse
import csv
import os
import platform
import sys
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from scipy import sparse

from figures.plots.solver_scaling import COLUMNS, MEASURED
from optimize.flow import NotSolvedError, ThroughputProblem, Traffic, all_to_all, max_throughput
from optimize.flow.certificate import achieved_per_s, price_bound_per_s
from optimize.flow.large import large_throughput
from optimize.flow.orbit_problem import _Reduced, solve_by_orbits
from optimize.flow.pools import Pools
from optimize.flow.symmetry import Symmetry
from tests.benchmarks.instances import FAMILIES
from tests.benchmarks.measure import Row, peak_mb
from topo.fabric import Fabric

__all__ = ["COMPARED", "SOLVERS", "compare", "grow", "measured"]

Ends = tuple[float, float, float, str]  # certified ends, what the solver claims, and a word about it

TARGET, FINE = 1e-2, 1e-6
TIME_LIMIT_S = 600.0
SMALL = 16
COMPARED = (25, 49, 81, 144)
GROWN = (81, 256, 1024)
LARGE = (4070, 10_000)


def shifted(fabric: Fabric, traffic: Traffic, symmetry: Symmetry | None) -> Ends:
    """Flow shifting to the target."""
    found = large_throughput(fabric=fabric, traffic=traffic, rtol=TARGET, symmetry=symmetry, time_limit_s=TIME_LIMIT_S)
    return found.lower_per_s, found.upper_per_s, found.lower_per_s, found.method.rpartition("; ")[2]


def flow_shifts(fabric: Fabric, traffic: Traffic) -> Ends:
    """Large solver, symmetries used."""
    return shifted(fabric, traffic, None)


def flow_shifts_alone(fabric: Fabric, traffic: Traffic) -> Ends:
    """Large solver without symmetries."""
    return shifted(fabric, traffic, Symmetry.none(fabric=fabric))


def flow_shifts_fine(fabric: Fabric, traffic: Traffic) -> Ends:
    """The same, to the last digits."""
    found = large_throughput(fabric=fabric, traffic=traffic, rtol=FINE, symmetry=Symmetry.none(fabric=fabric))
    return found.lower_per_s, found.upper_per_s, found.lower_per_s, found.method.rpartition("; ")[2]


def exact(fabric: Fabric, traffic: Traffic) -> Ends:
    """This project's linear program, symmetries used."""
    found = max_throughput(fabric=fabric, traffic=traffic, method="exact")
    return found.lower_per_s, found.upper_per_s, found.lower_per_s, found.method


def highs(fabric: Fabric, traffic: Traffic) -> Ends:
    """HiGHS' interior point on arrays, no symmetry; both directions of a link are one pool if they are alike."""
    routing, prices, how = solve_by_orbits(fabric=fabric, traffic=traffic, symmetry=Symmetry.none(fabric=fabric))
    lower = achieved_per_s(fabric=fabric, traffic=traffic, routing=routing)
    return lower, price_bound_per_s(fabric=fabric, traffic=traffic, prices=prices), lower, how


def by_cvxpy(fabric: Fabric, traffic: Traffic, options: dict[str, object] | None) -> Ends:
    """One solver on the cvxpy problem; its routing repaired and its prices evaluated again."""
    found = ThroughputProblem(fabric=fabric, traffic=traffic).solve(options=options)
    lower = achieved_per_s(fabric=fabric, traffic=traffic, routing=found.routing)
    upper = price_bound_per_s(fabric=fabric, traffic=traffic, prices=found.prices)
    return lower, upper, found.throughput_per_s, f"{found.solver}, status {found.status}"


def cvxpy_interior(fabric: Fabric, traffic: Traffic) -> Ends:
    """The cvxpy problem with the solver this project names."""
    return by_cvxpy(fabric, traffic, None)


def cvxpy_defaults(fabric: Fabric, traffic: Traffic) -> Ends:
    """The cvxpy problem with nothing named."""
    return by_cvxpy(fabric, traffic, {})


def pdlp(fabric: Fabric, traffic: Traffic) -> Ends:
    """First-order solver of OR-tools at its own tolerance, on the arrays that HiGHS gets; repaired and evaluated again.

    Not through cvxpy, whose interface to it refuses bounds on arrays of variables.
    """
    from ortools.pdlp import solve_log_pb2, solvers_pb2
    from ortools.pdlp.python import pdlp as solver

    pools = Pools.of(fabric=fabric, traffic=traffic, symmetry=Symmetry.none(fabric=fabric))
    program = _Reduced(fabric, traffic, pools)
    matrix = program._matrix()
    rows, columns = matrix.shape
    free = rows - program.balances
    problem = solver.QuadraticProgram()
    problem.objective_vector = np.append(np.zeros(columns - 1), -1.0)
    problem.constraint_matrix = sparse.csc_matrix(matrix)
    problem.constraint_lower_bounds = np.append(np.zeros(program.balances), np.full(free, -np.inf))
    problem.constraint_upper_bounds = np.append(np.zeros(program.balances), np.ones(free))
    problem.variable_lower_bounds = np.zeros(columns)
    problem.variable_upper_bounds = np.append(np.full(columns - 1, np.inf), program.most_per_s / program.unit_per_s)
    settings = solvers_pb2.PrimalDualHybridGradientParams()
    settings.num_threads = os.cpu_count() or 1
    found = solver.primal_dual_hybrid_gradient(problem, settings)
    theta = float(found.primal_solution[-1])
    routing = program._routing(np.asarray(found.primal_solution[:-1]), theta)
    lower = achieved_per_s(fabric=fabric, traffic=traffic, routing=routing)
    prices = program._prices(np.asarray(found.dual_solution))
    upper = price_bound_per_s(fabric=fabric, traffic=traffic, prices=prices)
    reason = solve_log_pb2.TerminationReason.Name(found.solve_log.termination_reason)
    return lower, upper, theta * program.unit_per_s, f"its value is not certified; it says {reason}"


SOLVERS: dict[str, Callable[[Fabric, Traffic], Ends]] = {
    "flow shifts": flow_shifts, "flow shifts, no symmetry": flow_shifts_alone,
    "flow shifts to 1e-6, no symmetry": flow_shifts_fine, "exact": exact,
    "HiGHS interior point, no symmetry": highs, "cvxpy, HiGHS interior point": cvxpy_interior,
    "cvxpy, defaults": cvxpy_defaults, "PDLP": pdlp,
}  # fmt: skip


def here(solver: str, family: str, n: int) -> Row:
    """One measurement in this process."""
    small, fabric = FAMILIES["lattice"](SMALL), FAMILIES[family](n)
    SOLVERS[solver](small, all_to_all(fabric=small))
    traffic = all_to_all(fabric=fabric)
    begun, cpu = time.perf_counter(), time.process_time()
    row: Row = {"solver": solver, "family": family, "nodes": fabric.n_nodes, "links": fabric.n_links}
    try:
        lower, upper, claimed, how = SOLVERS[solver](fabric, traffic)
    except NotSolvedError as error:
        return {**row, "seconds": time.perf_counter() - begun, "how": f"not solved: {error}"[:80]}
    return {
        **row, "seconds": time.perf_counter() - begun, "cpu_s": time.process_time() - cpu, "peak_mb": peak_mb(),
        "lower_per_s": lower, "upper_per_s": upper, "width": upper / lower - 1.0, "claimed": claimed / lower - 1.0,
        "how": how,
    }  # fmt: skip


def measured(solver: str, family: str, n: int, *, limit_s: float = 2 * TIME_LIMIT_S) -> Row:
    """One measurement in a process of its own, which is ended after the limit."""
    pool = ProcessPoolExecutor(1, mp_context=get_context("spawn"))
    future = pool.submit(here, solver, family, n)
    try:
        return future.result(timeout=limit_s)
    except TimeoutError:
        for process in pool._processes.values():
            process.kill()
        return {"solver": solver, "family": family, "nodes": FAMILIES[family](n).n_nodes, "seconds": limit_s,
                "how": "ended by the limit"}  # fmt: skip
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def compare(*, limit_s: float = 100.0) -> Iterable[Row]:
    """All solvers on square lattices; those that were ended once are not tried on larger ones."""
    ended = set()
    for n in COMPARED:
        for solver in SOLVERS:
            if solver not in ended:
                row = measured(solver, "square lattice", n, limit_s=limit_s)
                yield row
                if "width" not in row:
                    ended.add(solver)


def grow(sizes: Iterable[int]) -> Iterable[Row]:
    """The large solver on every family, with symmetries where there are any."""
    for n in sizes:
        for family in FAMILIES:
            if family == "square lattice" and n in COMPARED:
                continue  # measured with the others
            if family in ("lattice", "square lattice"):
                yield measured("flow shifts", family, n)
            yield measured("flow shifts, no symmetry", family, n)


def header() -> list[str]:
    """Where and when, and with what."""
    used = ("numpy", "scipy", "numba", "cvxpy", "highspy", "ortools")
    return [
        f"# {datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, {os.cpu_count()} CPUs, Python "
        f"{platform.python_version()}, " + ", ".join(f"{name} {version(name)}" for name in used),
        "# all-to-all, one GPU a node; flow shifts to a certified width of 1e-2, the others at their own tolerances; "
        "one run each on a shared machine; claimed is the solver's value over the certified lower end, less one",
    ]


def main() -> int:
    """Measure, and write every row as soon as it is there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--large", action="store_true", help="sizes that take minutes each, too")
    parser.add_argument("--to", type=Path, default=MEASURED)
    given = parser.parse_args()
    with given.to.open("w", newline="", encoding="utf-8") as file:
        file.write("\n".join(header()) + "\n")
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        for rows in (compare(), grow(GROWN), grow(LARGE) if given.large else ()):
            for row in rows:
                writer.writerow({k: f"{v:.5g}" if isinstance(v, float) else v for k, v in row.items()})
                file.flush()
                print(row, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
