"""Cases made by hand: capacities that change over the orbit, graphs of networkx, and what cannot be measured."""

import math
from dataclasses import replace
from itertools import combinations
from typing import Any

import networkx as nx
import numpy as np
import pytest

from optimize.study.case import Case
from optimize.study.measure import measure
from optimize.study.report import Report
from tests.optimize.flow_lp import all_to_all_bps
from tests.optimize.test_measure import METRICS, RATES, RTOL, holds
from tests.topo.test_series import varying
from topo.fabric import Fabric
from topo.graph import from_networkx
from topo.ground import nvl72

# --- capacities that change


def any_bisection_bps(fabric: Fabric) -> float:
    """Least capacity out of one side, over all divisions of five nodes into two and three, over the smaller side."""
    least = math.inf
    for part in combinations(range(5), 2):
        inside = np.isin(fabric.tail, part)
        other = np.isin(fabric.head, part)
        both = fabric.capacity_bps[inside & ~other].sum(), fabric.capacity_bps[~inside & other].sum()
        least = min(least, min(both) / 2)
    return least


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_intervals_of_a_varying_series_contain_the_worst_single_time(seed: int) -> None:
    series = varying(seed=seed)
    report = measure(Case(name="wandering", formation=series, scale_up=nvl72()))
    each = [series.at(i) for i in range(len(series))]
    exact = {
        "all_to_all": min(all_to_all_bps(fabric) for fabric in each),
        "bisection": min(any_bisection_bps(fabric) for fabric in each),
        "injection": min(float(fabric.outgoing_bps.mean()) for fabric in each),
    }
    for name, value in exact.items():
        row = report.metric(name).formation
        assert row.lower * (1 - 1e-9) <= value <= row.upper * (1 + 1e-9), name
    # the lower ends are what the wiring keeps at every time
    assert report.metric("all_to_all").formation.lower == pytest.approx(all_to_all_bps(series.worst()), rel=RTOL)
    assert report.metric("injection").formation.lower == pytest.approx(float(series.worst().outgoing_bps.mean()))
    assert report.metric("all_to_all").formation.width > 0.01
    steps = {step.number: step for step in report.ladder.steps}
    assert steps[5].achieved_bps == pytest.approx(all_to_all_bps(series.best()), rel=RTOL)
    assert steps[6].factor > 1.0


def test_both_ends_over_an_orbit_are_proved_each_on_its_own_fabric() -> None:
    series = varying()
    report = measure(Case(name="wandering", formation=series, scale_up=nvl72()))
    for name in ("all_to_all", "permutation"):
        row = report.metric(name).formation
        kept, worst = report.proof(f"formation {name}"), report.proof(f"formation {name}, worst time")
        for proof in (kept, worst):
            proof.throughput.verify(fabric=proof.fabric, traffic=proof.traffic)
        assert kept.throughput.per_gpu_bps.lower == row.lower
        assert worst.throughput.per_gpu_bps.upper == row.upper
        assert any(np.array_equal(worst.fabric.capacity_bps, series.at(i).capacity_bps) for i in range(len(series)))


def test_links_that_break_are_refused_before_anything_is_solved() -> None:
    capacity = np.full((2, 14), 1e9)
    capacity[1, 3] = 0.0
    series = varying(times=2, capacity_bps=capacity)
    told: list[str] = []
    with pytest.raises(
        ValueError, match=r"wandering: links break during the orbit, 4->0 first, at 100 s; leave them out"
    ):
        measure(Case(name="x", formation=series, scale_up=nvl72()), progress=told.append)
    assert told == []


# --- cases made by hand


def by_hand(graph: "nx.Graph[Any]", **fabric: Any) -> Report:
    made = from_networkx(graph, name="by hand", **fabric)
    return measure(Case(name="by hand", formation=made, scale_up=nvl72()))


@pytest.mark.parametrize("n", [4, 6, 8])
def test_a_ring_of_networkx_has_the_closed_form_of_rings(n: int) -> None:
    report = by_hand(nx.cycle_graph(n), gpus=1, capacity_bps=1e12)
    # all ordered pairs at once over 2 n arcs: n distances sum to floor(n^2/4) from each node
    assert holds(report.metric("all_to_all").formation, 2 * 1e12 / (n * n // 4) * (n - 1))
    assert holds(report.metric("bisection").formation, 2 * 1e12 / (n / 2))
    assert holds(report.metric("injection").formation, 2e12)
    assert holds(report.metric("permutation").formation, 2 * 1e12 / (n / 2))  # everybody to the opposite node
    assert report.readings == ()
    # nobody said what the links draw, or how long they take
    assert {m.name for m in report.metrics} == set(METRICS) - {"energy", "latency, mean", "latency, worst"}
    assert all(m.gap_out is None for m in report.metrics)


def test_one_way_rings_and_switches_are_measured_too() -> None:
    ring = by_hand(nx.cycle_graph(5, create_using=nx.DiGraph), gpus=1, capacity_bps=1e12)
    # 5 arcs, distances 1 to 4 from every node: 5 c / (5 x 10) each pair, times 4 partners
    assert holds(ring.metric("all_to_all").formation, 0.1 * 1e12 * 4)
    star: nx.Graph[Any] = nx.star_graph(6)
    nx.set_node_attributes(star, {v: int(v > 0) for v in star}, "gpus")
    report = by_hand(star, capacity_bps=1e12)
    for name in RATES:
        assert holds(report.metric(name).formation, 1e12)


def test_a_fabric_without_positions_is_its_own_equal() -> None:
    graph: nx.Graph[Any] = nx.cycle_graph(6)
    for k, (u, v) in enumerate(graph.edges):
        graph.edges[u, v]["range_m"] = 100.0 + 37.0 * k
    ring = from_networkx(graph, name="ring", gpus=2, capacity_bps=1e12)
    other = replace(ring, name="same ring", labels=tuple(f"other{v}" for v in range(6)))
    report = measure(Case(name="x", formation=ring, scale_up=other))
    for name in METRICS[:4]:
        row = report.metric(name)
        assert row.formation.lower == pytest.approx(row.scale_up.lower, rel=RTOL), name


@pytest.mark.parametrize(
    ("graph", "fabric", "message"),
    [
        (nx.empty_graph(1), {"gpus": 72}, "fewer than two nodes have GPUs, so nothing crosses the fabric"),
        (nx.path_graph(2), {"gpus": 0}, "fewer than two nodes have GPUs"),
        (nx.Graph([(0, 1), (2, 3)]), {"gpus": 1}, "no path from 0 to 2, so all_to_all has throughput 0; link them"),
    ],
)
def test_what_cannot_be_measured_is_refused_in_one_line(graph: Any, fabric: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        by_hand(graph, capacity_bps=1e12, **fabric)


def test_the_steps_are_told_as_they_begin() -> None:
    told: list[str] = []
    ring = from_networkx(nx.cycle_graph(4), name="ring", gpus=1, capacity_bps=1e12)
    measure(Case(name="x", formation=ring, scale_up=ring), progress=told.append)
    assert told[0] == "all_to_all of ring"
    assert "ladder" in told
