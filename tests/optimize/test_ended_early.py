"""What is left when a linear program is out of time or interrupted: a valid interval, or a clear error."""

from __future__ import annotations

from typing import Any

import networkx as nx
import numpy as np
import pytest
from scipy import sparse

from optimize.flow.certified import Throughput
from optimize.flow.limits import Limits
from optimize.flow.orbit_problem import _run
from optimize.flow.problem import NotSolvedError, ThroughputProblem
from optimize.flow.throughput import max_throughput
from optimize.flow.traffic import Traffic, all_to_all
from tests.optimize.graphs import undirected
from topo.fabric import Fabric

GRID = undirected(nx.convert_node_labels_to_integers(nx.grid_2d_graph(3, 4))).fabric()
TRAFFIC = all_to_all(fabric=GRID)


def interrupted(*args: Any, **kwargs: Any) -> None:
    raise KeyboardInterrupt


def holds(answer: Throughput, fabric: Fabric = GRID, traffic: Traffic = TRAFFIC) -> None:
    answer.verify(fabric=fabric, traffic=traffic)
    truth = max_throughput(fabric=fabric, traffic=traffic, method="exact").lower_per_s
    assert 0 < answer.lower_per_s <= truth * (1 + 1e-6)
    assert truth <= answer.upper_per_s * (1 + 1e-6)


def test_no_time_leaves_what_needs_no_search() -> None:
    answer = max_throughput(fabric=GRID, traffic=TRAFFIC, method="exact", time_limit_s=0.0)
    assert "time limit is over" in answer.note
    assert answer.method.startswith("ended early")
    holds(answer)


def test_no_time_for_the_program_by_orbits_leaves_an_interval_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("optimize.flow.throughput._MANY_FLOWS", 0)
    answer = max_throughput(fabric=GRID, traffic=TRAFFIC, method="exact", time_limit_s=0.0)
    assert "time limit is over" in answer.note
    monkeypatch.undo()
    holds(answer)


@pytest.mark.parametrize("attempt", ["HiGHS interior point", "HiGHS simplex", "Clarabel"])
def test_time_limit_is_handed_to_every_solver(attempt: str) -> None:
    # Large enough that no presolve answers it; what a solver then has may be usable or not, and says why it ended.
    fabric = undirected(nx.random_regular_graph(4, 24, seed=1)).fabric()
    problem = ThroughputProblem(fabric=fabric, traffic=all_to_all(fabric=fabric))
    try:
        ended = problem.solve(attempt=attempt, time_limit_s=1e-9).status
    except NotSolvedError as error:
        ended = str(error)
    assert "user_limit" in ended


@pytest.mark.parametrize("where", ["problem.ThroughputProblem.solve", "exact.solve_by_orbits"])
def test_interrupt_keeps_the_interval(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("optimize.flow.throughput._MANY_FLOWS", 0 if "orbits" in where else 2**13)
    monkeypatch.setattr(f"optimize.flow.{where}", interrupted)
    answer = max_throughput(fabric=GRID, traffic=TRAFFIC, method="exact")
    assert answer.note == "interrupted"
    monkeypatch.undo()
    holds(answer)


def test_interrupt_of_a_program_with_your_own_constraints_is_yours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("optimize.flow.problem.ThroughputProblem.solve", interrupted)
    with pytest.raises(KeyboardInterrupt):
        max_throughput(fabric=GRID, traffic=TRAFFIC, constraints=lambda problem: [])


def test_limits_out_of_time_leave_an_interval() -> None:
    shared = Limits(names=("watts",), supply=np.array([20.0]), use=sparse.csr_array(np.ones((1, GRID.n_links))))
    answer = max_throughput(fabric=GRID, traffic=TRAFFIC, limits=shared, method="exact", time_limit_s=0.0)
    exact = max_throughput(fabric=GRID, traffic=TRAFFIC, limits=shared, method="exact")
    assert 0 < answer.lower_per_s <= exact.upper_per_s
    assert exact.lower_per_s <= answer.upper_per_s
    assert "time limit is over" in answer.note


class Solver:
    """As much of HiGHS as is needed to be interrupted."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def startSolve(self) -> None:  # noqa: N802 - the name HiGHS gave it
        self.told.append("start")

    def cancelSolve(self) -> None:  # noqa: N802
        self.told.append("cancel")

    def wait(self, timeout_s: float = -1.0) -> tuple[bool, None]:
        self.told.append("wait")
        if "cancel" not in self.told:
            raise KeyboardInterrupt
        return True, None


def test_ctrl_c_stops_the_solver_and_waits_for_its_thread() -> None:
    solver = Solver()
    with pytest.raises(KeyboardInterrupt):
        _run(solver)
    assert solver.told == ["start", "wait", "cancel", "wait"]
