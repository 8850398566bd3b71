"""A solver that fails or lies leaves a valid interval or a clear error; own constraints bind the lower end only."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import cvxpy
import networkx as nx
import numpy as np
import pytest

from optimize.flow.problem import NotSolvedError, ThroughputProblem
from optimize.flow.traffic import all_to_all
from tests.optimize.answers import solve
from tests.optimize.graphs import path_throughput, undirected

WHEEL = undirected(nx.wheel_graph(7))  # some detour over its hub, so that no proof without search closes it
WHEEL_TRUTH = path_throughput(WHEEL, WHEEL.all_to_all(), np.zeros(7))

# Ends are certified; the width asked for is 1e-6, and floating-point sums add far less.
WITHIN = 2e-6


def _spoil(monkeypatch: pytest.MonkeyPatch, name: str, change: Any) -> None:
    """Let what every solver says about the variable of that name pass through `change` before anybody reads it."""
    honest: Any = cvxpy.Problem.solve

    def spoiled(self: Any, *arguments: Any, **options: Any) -> None:
        honest(self, *arguments, **options)
        for variable in self.variables():
            if variable.name() == name:
                variable.save_value(change(variable.value))

    monkeypatch.setattr(cvxpy.Problem, "solve", spoiled)


def _noise(flow: Any) -> Any:
    return np.random.default_rng(3).random(flow.size)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("flow", lambda flow: 0.0 * flow),
        ("flow", lambda flow: 0.5 * flow),
        ("flow", lambda flow: 1.5 * flow),
        ("flow", lambda flow: -flow),
        ("flow", _noise),
        ("theta", lambda theta: 0.5 * theta),
        ("theta", lambda theta: 2.0 * theta),
    ],
)
def test_wrong_values_leave_a_valid_interval(monkeypatch: pytest.MonkeyPatch, name: str, change: Any) -> None:
    assert "linear program" in solve(WHEEL.fabric()).method
    _spoil(monkeypatch, name, change)
    answer = solve(WHEEL.fabric(), method="exact")
    assert 0 < answer.lower_per_s <= WHEEL_TRUTH * (1 + 1e-9)
    assert WHEEL_TRUTH * (1 - 1e-9) <= answer.upper_per_s < math.inf


@pytest.mark.parametrize("price", [0.0, 1.0, -1.0, math.nan])
def test_wrong_prices_leave_a_valid_interval_or_say_that_nothing_is_solved(
    monkeypatch: pytest.MonkeyPatch, price: float
) -> None:
    honest = ThroughputProblem._prices

    def wrong(self: ThroughputProblem) -> Any:
        prices = honest(self)
        return replace(prices, arc=np.full(prices.arc.size, price))

    monkeypatch.setattr(ThroughputProblem, "_prices", wrong)
    if price == 1.0:
        answer = solve(WHEEL.fabric(), method="exact")
        assert answer.lower_per_s <= WHEEL_TRUTH * (1 + 1e-9) <= answer.upper_per_s * (1 + 2e-9)
    else:
        with pytest.raises(NotSolvedError, match="HiGHS interior point"):
            solve(WHEEL.fabric(), method="exact")
    auto = solve(WHEEL.fabric())  # the proofs without search are still there
    assert auto.lower_per_s <= WHEEL_TRUTH * (1 + 1e-9) <= auto.upper_per_s * (1 + 2e-9)


@pytest.mark.parametrize("name", ["flow", "theta"])
@pytest.mark.parametrize("change", [lambda value: math.nan * value, lambda value: None], ids=["undefined", "missing"])
def test_undefined_values_say_that_nothing_is_solved(monkeypatch: pytest.MonkeyPatch, name: str, change: Any) -> None:
    _spoil(monkeypatch, name, change)
    with pytest.raises(NotSolvedError, match=r"interior point.*simplex.*Clarabel"):
        solve(WHEEL.fabric(), method="exact")
    assert "not closed" in solve(WHEEL.fabric()).method


def test_solver_that_breaks_down_says_that_nothing_is_solved(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*arguments: Any, **options: Any) -> None:
        raise cvxpy.SolverError("out of luck")

    monkeypatch.setattr(cvxpy.Problem, "solve", broken)
    with pytest.raises(NotSolvedError, match=r"interior point: out of luck.*Clarabel: out of luck"):
        solve(WHEEL.fabric(), method="exact")


# --- users' own constraints


def test_own_constraints_lower_the_lower_end_and_never_the_upper() -> None:
    fabric = WHEEL.fabric()
    free = solve(fabric)

    def hub_links_at_half(problem: ThroughputProblem) -> list[Any]:
        hub = np.flatnonzero((fabric.tail == 0) | (fabric.head == 0))
        return [problem.load_bps[hub] <= 0.5]

    half = path_throughput(
        replace(WHEEL, capacity={arc: 0.5 if 0 in arc else c for arc, c in WHEEL.capacity.items()}),
        WHEEL.all_to_all(), np.zeros(7),
    )  # fmt: skip
    bound = solve(fabric, constraints=hub_links_at_half)
    assert bound.lower_per_s == pytest.approx(half, rel=WITHIN)
    assert bound.upper_per_s == pytest.approx(free.upper_per_s, rel=WITHIN)
    assert "without the 1 added constraints" in bound.note
    bound.verify(fabric=fabric, traffic=all_to_all(fabric=fabric))


def test_own_constraint_on_the_throughput_binds_although_the_routing_could_carry_more() -> None:
    bound = solve(WHEEL.fabric(), constraints=lambda problem: [problem.throughput_per_s <= 0.25 * WHEEL_TRUTH])
    assert bound.lower_per_s == pytest.approx(0.25 * WHEEL_TRUTH, rel=WITHIN)
    assert bound.upper_per_s == pytest.approx(WHEEL_TRUTH, rel=WITHIN)


def test_flows_that_lose_traffic_are_not_repaired_against_own_constraints(monkeypatch: pytest.MonkeyPatch) -> None:
    _spoil(monkeypatch, "flow", lambda flow: 0.5 * flow)
    with pytest.raises(NotSolvedError, match="lost"):
        solve(WHEEL.fabric(), constraints=lambda problem: [problem.load_bps[0] <= 0.5])
