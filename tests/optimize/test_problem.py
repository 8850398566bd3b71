"""The exact problem as a cvxpy program: its attributes in physical units, its repairs, and a clean standard output."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import networkx as nx
import numpy as np
import pytest

from optimize.flow.certificate import achieved_per_s, price_bound_per_s
from optimize.flow.problem import ATTEMPTS, ThroughputProblem
from optimize.flow.traffic import all_to_all, from_matrix
from tests.optimize.graphs import Net, path_throughput, ring, undirected

UNIT = 8e11  # bit/s, as satellites have them: unscaled, an interior point stops far from the optimum
NET = undirected(nx.wheel_graph(7), capacity=UNIT)
FABRIC = NET.fabric()
TRAFFIC = all_to_all(fabric=FABRIC)
TRUTH = path_throughput(undirected(nx.wheel_graph(7)), NET.all_to_all(), np.zeros(7)) * UNIT


@pytest.fixture(scope="module")
def problem() -> ThroughputProblem:
    return ThroughputProblem(fabric=FABRIC, traffic=TRAFFIC)


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_every_solver_finds_the_optimum_with_a_routing_and_prices_that_prove_it(
    problem: ThroughputProblem, attempt: str
) -> None:
    solution = problem.solve(attempt=attempt)
    carried = achieved_per_s(fabric=FABRIC, traffic=TRAFFIC, routing=solution.routing)
    bound = price_bound_per_s(fabric=FABRIC, traffic=TRAFFIC, prices=solution.prices)
    # 1e-6: what the certificates are asked for; the solvers' own tolerance is 1e-7 or 1e-8 of numbers of order one.
    assert carried == pytest.approx(TRUTH, rel=1e-6)
    assert bound == pytest.approx(TRUTH, rel=1e-6)
    assert solution.throughput_per_s == pytest.approx(TRUTH, rel=1e-6)


def test_attributes_are_in_physical_units(problem: ThroughputProblem) -> None:
    problem.solve()
    theta = float(problem.throughput_per_s.value)
    load, flow = problem.load_bps.value, problem.flow_bps.value
    assert theta == pytest.approx(TRUTH, rel=1e-6)
    # Flows of single sources add up to the loads, loads stay within capacity, and what arrives is theta per pair.
    assert np.allclose(np.bincount(problem.column_arc, flow, FABRIC.n_arcs), load, rtol=1e-9)
    assert (load <= UNIT * (1 + 1e-6)).all()
    for s in range(7):
        mine = problem.column_source == s
        into = np.bincount(FABRIC.head[problem.column_arc[mine]], flow[mine], 7)
        out = np.bincount(FABRIC.tail[problem.column_arc[mine]], flow[mine], 7)
        assert np.allclose(np.delete(into - out, s), theta, rtol=1e-5)


def test_program_itself_is_scaled_to_order_one(problem: ThroughputProblem) -> None:
    problem.solve()
    assert 0.01 <= problem.problem.objective.value <= 1.0 + 1e-6


def test_no_column_enters_its_source_or_leaves_a_closed_node_of_others() -> None:
    net = Net((1, 1, 1), {(i, j): 1.0 for i in range(3) for j in range(3) if i != j}, closed=frozenset({2}))
    fabric = net.fabric()
    problem = ThroughputProblem(fabric=fabric, traffic=all_to_all(fabric=fabric))
    tail, head = fabric.tail[problem.column_arc], fabric.head[problem.column_arc]
    assert (head != problem.column_source).all()
    assert (tail[tail == 2] == problem.column_source[tail == 2]).all()


def test_flow_of_nothing_is_repaired_to_one_that_carries_all(problem: ThroughputProblem) -> None:
    routing, added = problem._repair(np.zeros(problem.column_arc.size))
    assert added == pytest.approx(1.0)
    assert achieved_per_s(fabric=FABRIC, traffic=TRAFFIC, routing=routing) > 0


def test_least_flow_carries_what_is_asked_on_shortest_paths_where_there_is_room(problem: ThroughputProblem) -> None:
    routing = problem.least_flow(at_per_s=0.1 * TRUTH)
    hops = sum(sum(row.values()) for _, row in nx.all_pairs_shortest_path_length(nx.wheel_graph(7)))
    assert routing.arc_bit(fabric=FABRIC, traffic=TRAFFIC).sum() == pytest.approx(hops, rel=1e-6)


def test_program_is_refused_where_it_has_no_meaning() -> None:
    fabric = ring(4).fabric()
    with pytest.raises(ValueError, match="sends nothing"):
        ThroughputProblem(fabric=fabric, traffic=from_matrix(fabric=fabric, bits=np.zeros((4, 4)), name="silence"))
    with pytest.raises(ValueError, match="speaks of 7 nodes"):
        ThroughputProblem(fabric=fabric, traffic=TRAFFIC)
    one_way = Net((1, 1), {(0, 1): 1.0}).fabric()
    with pytest.raises(ValueError, match="without a path"):
        ThroughputProblem(fabric=one_way, traffic=all_to_all(fabric=one_way))
    with pytest.raises(ValueError, match="attempt='guess'"):
        ThroughputProblem(fabric=FABRIC, traffic=TRAFFIC).solve(attempt="guess")


SOLVE = """
import networkx as nx
from optimize.flow import all_to_all, max_throughput
from topo import from_networkx
fabric = from_networkx(nx.wheel_graph(7), name="wheel", gpus=1, capacity_bps=1.0)
print("before")
answer = max_throughput(fabric=fabric, traffic=all_to_all(fabric=fabric), method="exact")
print("HiGHS" in answer.method)
"""
ROOT = Path(__file__).parents[2]


def test_standard_output_stays_clean_although_the_solver_prints_a_banner() -> None:
    command = [sys.executable, "-W", "error", "-c", SOLVE]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    assert (done.stdout, done.stderr) == ("before\nTrue\n", "")


def test_solver_runs_where_standard_output_is_closed() -> None:
    command = ["sh", "-c", 'exec "$0" "$@" >&-', sys.executable, "-W", "error", "-c", SOLVE.replace("print", "str")]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False, cwd=ROOT)
    assert (done.returncode, done.stderr) == (0, "")
