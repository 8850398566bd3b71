"""Cuts against networkx' minimum cut and against trying every division; bisection of the reference machines."""

from __future__ import annotations

import itertools
import math
from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from optimize.flow.cuts import best_bisection, bisection, evaluate_cut, sparsest
from optimize.flow.throughput import max_throughput
from optimize.flow.traffic import all_to_all, farthest_permutation, permutation
from tests.optimize.graphs import SMALL, Net, nets, ring, undirected
from topo.fabric import Fabric
from topo.graph import from_networkx
from topo.ground import nvl72, superpod

GBYTE_BPS = 8e9


def least_cut(net: Net, origin: set[int], target: set[int]) -> float:
    """Minimum cut by networkx in endpoint -> host -> in -> switch -> out -> host -> endpoint; arcs join out to in.

    A closed node passes its own traffic through its switch and no other, so it has one switch for what it sends and one
    for what it takes: only one of them is on any path from origins to targets.
    """
    graph: nx.DiGraph[Any] = nx.DiGraph()

    def join(a: Any, b: Any, capacity: float) -> None:
        if math.isfinite(capacity):
            graph.add_edge(a, b, capacity=capacity)
        else:
            graph.add_edge(a, b)  # networkx takes an edge without capacity as unlimited

    for v in range(net.n):
        host = min(net.limit("host_bps")[v], net.limit("port_bps")[v] * max(net.gpus[v], 1))
        switch = net.limit("switch_bps")[v]
        if v in net.closed:
            join(("own", v), ("out", v), switch)
            join(("in", v), ("mine", v), switch)
        else:
            join(("in", v), ("out", v), switch)
        if v in origin:
            join("origin", ("own", v) if v in net.closed else ("in", v), host)
        if v in target:
            join(("mine", v) if v in net.closed else ("out", v), "target", host)
    for (i, j), c in net.capacity.items():
        join(("out", i), ("in", j), c)
    return float(nx.minimum_cut_value(graph, "origin", "target"))


def divisions(net: Net) -> list[set[int]]:
    """Sides of all divisions of the nodes with GPUs whose counts differ by at most the largest node."""
    ends = [v for v in range(net.n) if net.gpus[v]]
    total, most = sum(net.gpus), max(net.gpus)
    sides = [set(side) for k in range(1, len(ends)) for side in itertools.combinations(ends, k)]
    return [side for side in sides if abs(2 * sum(net.gpus[v] for v in side) - total) <= most]


def bisection_by_trying_all(net: Net) -> float:
    ends = {v for v in range(net.n) if net.gpus[v]}
    found = []
    for side in divisions(net):
        smaller = min(sum(net.gpus[v] for v in half) for half in (side, ends - side))
        found.append(least_cut(net, side, ends - side) / smaller)  # the other direction is another side of the list
    return min(found)


def mask(net: Net, side: set[int]) -> np.ndarray:
    return np.isin(np.arange(net.n), list(side))


@SMALL
@given(nets(), st.data())
def test_cut_is_the_least_of_both_directions_with_switches_placed_best(net: Net, data: st.DataObject) -> None:
    side = data.draw(st.sampled_from(divisions(net)))
    ends = {v for v in range(net.n) if net.gpus[v]}
    cut = evaluate_cut(fabric=net.fabric(), side=mask(net, side))
    least = min(least_cut(net, side, ends - side), least_cut(net, ends - side, side))
    # Capacities are rounded to 2^-29 of the cut for the search.
    assert cut.capacity_bps == pytest.approx(least, rel=1e-7)
    assert cut.smaller_gpus == min(sum(net.gpus[v] for v in half) for half in (side, ends - side))


@SMALL
@given(nets())
def test_bisection_interval_holds_the_least_of_all_divisions(net: Net) -> None:
    fabric = net.fabric()
    answer = max_throughput(fabric=fabric, traffic=all_to_all(fabric=fabric))
    interval, cut = bisection(fabric=fabric, throughput=answer)
    truth = bisection_by_trying_all(net)
    assert interval.lower <= truth * (1 + 1e-7)
    assert truth <= interval.upper * (1 + 1e-7)
    assert cut.per_gpu_bps == interval.upper
    held = int(fabric.gpus[cut.side].sum())
    assert abs(2 * held - fabric.n_gpus) <= fabric.gpus.max()


NARROW_SWITCHES = Net(
    (1,) * 4,
    {(i, j): 100.0 for i in range(4) for j in range(4) if i != j},
    {"switch_bps": (2.0, 2.0, math.inf, math.inf)},
)


@SMALL
@given(nets())
@example(NARROW_SWITCHES)
def test_lower_end_of_the_bisection_does_not_lean_on_the_cut(net: Net) -> None:
    fabric = net.fabric()
    answer = max_throughput(fabric=fabric, traffic=all_to_all(fabric=fabric))
    unlucky = max(
        (evaluate_cut(fabric=fabric, side=mask(net, side)) for side in divisions(net)), key=lambda cut: cut.per_gpu_bps
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("optimize.flow.cuts.best_bisection", lambda *, fabric: unlucky)
        interval, _ = bisection(fabric=fabric, throughput=answer)
    assert interval.lower <= bisection_by_trying_all(net) * (1 + 1e-7)


@SMALL
@given(nets())
def test_of_a_few_nodes_the_best_division_is_found(net: Net) -> None:
    assert best_bisection(fabric=net.fabric()).per_gpu_bps == pytest.approx(bisection_by_trying_all(net), rel=1e-7)


@pytest.mark.parametrize("seed", range(6))
def test_search_finds_the_least_division_of_small_equal_nodes(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for most in ("_MOST_TRIED", "_MOST_SUMMED"):
        monkeypatch.setattr(f"optimize.flow.cuts.{most}", 0)
    net = undirected(nx.random_regular_graph(3, 8, seed=seed))
    assert best_bisection(fabric=net.fabric()).per_gpu_bps == pytest.approx(bisection_by_trying_all(net))


@pytest.mark.parametrize("seed", range(6))
def test_of_13_nodes_that_only_links_limit_the_best_division_is_found_both_ways(seed: int) -> None:
    rng = np.random.default_rng(seed)
    capacity = {(i, j): float(rng.uniform(1, 9)) for i in range(13) for j in range(13) if i != j and rng.random() < 0.5}
    sums = (
        sum(value for (i, j), value in capacity.items() if (i in part) == out and (j in part) != out)
        for part in map(set, itertools.combinations(range(13), 6))
        for out in (True, False)
    )
    found = best_bisection(fabric=Net((1,) * 13, capacity).fabric()).per_gpu_bps
    assert found == pytest.approx(min(sums) / 6, rel=1e-12)


@pytest.mark.parametrize("seed", range(6))
def test_search_finds_the_least_division_of_unequal_nodes_behind_hosts(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("optimize.flow.cuts._MOST_TRIED", 0)
    rng = np.random.default_rng(seed)
    graph = nx.random_regular_graph(4, 8, seed=seed)
    capacity = {arc: float(rng.integers(1, 9)) for i, j in graph.edges for arc in ((i, j), (j, i))}
    hosts = {"host_bps": tuple(float(x) for x in rng.integers(2, 20, size=8))}
    net = Net(tuple(rng.integers(1, 5, size=8).tolist()), capacity, hosts)
    assert best_bisection(fabric=net.fabric()).per_gpu_bps == pytest.approx(bisection_by_trying_all(net))


@SMALL
@given(nets(limits=False))
def test_sparsest_cut_lies_between_its_ends(net: Net) -> None:
    fabric, bits = net.fabric(), net.all_to_all()
    traffic = all_to_all(fabric=fabric)
    found, cut = sparsest(fabric=fabric, traffic=traffic, throughput=max_throughput(fabric=fabric, traffic=traffic))
    ratios = []
    for code in range(1, 2**net.n - 1):
        here = {v for v in range(net.n) if code >> v & 1}
        sent = sum(bits[i, j] for i in here for j in range(net.n) if j not in here)
        across = sum(c for (i, j), c in net.capacity.items() if i in here and j not in here)
        ratios += [across / sent] if sent else []
    assert found.lower <= min(ratios) * (1 + 1e-9)
    assert min(ratios) <= found.upper * (1 + 1e-9)
    here = set(np.flatnonzero(cut.side).tolist())
    across = sum(c for (i, j), c in net.capacity.items() if i in here and j not in here)
    assert across == pytest.approx(found.upper * sum(bits[i, j] for i in here for j in range(net.n) if j not in here))


@SMALL
@given(nets(limits=False), st.data())
def test_every_cut_is_at_least_what_all_to_all_sends_across_it(net: Net, data: st.DataObject) -> None:
    fabric = net.fabric()
    cut = evaluate_cut(fabric=fabric, side=mask(net, data.draw(st.sampled_from(divisions(net)))))
    answer = max_throughput(fabric=fabric, traffic=all_to_all(fabric=fabric))
    across = cut.smaller_gpus * (fabric.n_gpus - cut.smaller_gpus)
    assert answer.lower_per_s * across <= cut.capacity_bps * (1 + 1e-7)


@SMALL
@given(nets(limits=False), st.sampled_from([1e-3, 1e12, 1e18]))
def test_cut_scales_with_the_capacities(net: Net, factor: float) -> None:
    side = mask(net, divisions(net)[0])
    one = evaluate_cut(fabric=net.fabric(), side=side)
    many = evaluate_cut(fabric=net.scaled(factor).fabric(), side=side)
    assert many.capacity_bps == pytest.approx(factor * one.capacity_bps, rel=1e-7)


def test_small_capacities_beside_huge_ones_are_not_rounded_away() -> None:
    # Two fast clusters 0-1 and 4-5, joined by 0-2-3-4, which is narrowest at 2-3: 1e-15 of the fastest link.
    links = {(0, 1): 1e15, (4, 5): 1e15, (0, 2): 3.0, (2, 3): 1.0, (3, 4): 3.0}
    net = Net((1, 1, 0, 0, 1, 1), {arc: c for (i, j), c in links.items() for arc in ((i, j), (j, i))})
    fabric = net.fabric()
    cut = evaluate_cut(fabric=fabric, side=np.arange(6) < 2)
    assert cut.capacity_bps == pytest.approx(1.0, rel=1e-7)
    assert {(int(fabric.tail[e]), int(fabric.head[e])) for e in cut.arcs} in ({(2, 3)}, {(3, 2)})


def test_smaller_direction_counts() -> None:
    assert evaluate_cut(
        fabric=Net((1, 1), {(0, 1): 5.0, (1, 0): 2.0}).fabric(), side=np.array([True, False])
    ).capacity_bps == pytest.approx(2.0)


def test_cut_takes_hosts_where_they_are_narrower_than_the_arcs() -> None:
    net = Net((1, 1, 1, 1), dict(ring(4, capacity=10.0).capacity), {"host_bps": (1.0, 2.0, 50.0, 50.0)})
    cut = evaluate_cut(fabric=net.fabric(), side=np.array([True, True, False, False]))
    assert cut.capacity_bps == pytest.approx(3.0)
    assert cut.arcs.size == 0


def test_cut_is_no_wider_than_the_ports_of_the_gpus() -> None:
    net = Net((2, 2), {(0, 1): 10.0, (1, 0): 10.0}, {"port_bps": (1.5, 8.0)})
    assert evaluate_cut(fabric=net.fabric(), side=np.array([True, False])).capacity_bps == pytest.approx(3.0)


def test_closed_nodes_send_through_their_switches_too() -> None:
    arcs = {(0, 2): 9.0, (2, 0): 9.0, (1, 2): 9.0, (2, 1): 9.0}
    net = Net((1, 1, 0), arcs, {"switch_bps": (4.0, 3.0, math.inf)}, frozenset({0, 1}))
    assert evaluate_cut(fabric=net.fabric(), side=np.array([True, False, False])).capacity_bps == pytest.approx(3.0)


def test_cut_needs_gpus_on_both_sides() -> None:
    with pytest.raises(ValueError, match="both sides"):
        evaluate_cut(fabric=ring(4).fabric(), side=np.ones(4, dtype=bool))
    with pytest.raises(ValueError, match="at least 2"):
        best_bisection(fabric=Net((2, 0), {(0, 1): 1.0, (1, 0): 1.0}).fabric())


def test_fabric_without_arcs_is_cut_for_nothing() -> None:
    assert best_bisection(fabric=Net((1, 1), {}).fabric()).capacity_bps == 0.0


# --- closed forms and machines


def interval_of(fabric: Fabric) -> tuple[float, float, int]:
    answer = max_throughput(fabric=fabric, traffic=all_to_all(fabric=fabric), method="direct")
    interval, cut = bisection(fabric=fabric, throughput=answer)
    return interval.lower, interval.upper, cut.smaller_gpus


@pytest.mark.parametrize(
    ("graph", "links"),
    [
        (nx.complete_graph(8), 16), (nx.complete_graph(7), 12), (nx.cycle_graph(72), 2), (nx.cycle_graph(9), 2),
        (nx.hypercube_graph(4), 8), (nx.grid_graph([4, 4, 4], periodic=True), 32),
        (nx.grid_2d_graph(6, 6, periodic=True), 12),
    ],
)  # fmt: skip
def test_bisection_of_symmetric_graphs_closes(graph: nx.Graph[Any], links: int) -> None:
    lower, upper, smaller = interval_of(from_networkx(graph, name="symmetric", gpus=1, capacity_bps=1.0))
    assert lower * smaller == pytest.approx(links, rel=1e-9)
    assert upper * smaller == pytest.approx(links, rel=1e-9)


def test_nvl72_has_a_bisection_of_32_4_tbyte_per_s_in_one_direction() -> None:
    lower, upper, smaller = interval_of(nvl72())
    assert smaller == 36
    assert lower * smaller / GBYTE_BPS == pytest.approx(32_400.0, rel=1e-12)
    assert upper * smaller / GBYTE_BPS == pytest.approx(32_400.0, rel=1e-12)


def test_superpod_has_the_full_bisection_of_its_network_cards() -> None:
    lower, upper, _ = interval_of(superpod(racks=81))
    assert lower / GBYTE_BPS == pytest.approx(100.0, rel=1e-12)
    assert upper / GBYTE_BPS == pytest.approx(100.0, rel=1e-12)


def test_racks_are_not_split() -> None:
    # 3 equal nodes divide only as 1 against 2: two links of 2, over the GPUs of the single node.
    lower, upper, smaller = interval_of(ring(3, capacity=2.0, gpus=4).fabric())
    assert smaller == 4
    assert lower == pytest.approx(4.0 / 4)
    assert upper == pytest.approx(4.0 / 4)


def test_unequal_nodes_may_differ_by_the_largest() -> None:
    net = Net((5, 1, 1, 1), {(i, j): 1.0 for i in range(4) for j in range(4) if i != j})
    fabric = net.fabric()
    _, cut = bisection(fabric=fabric, throughput=max_throughput(fabric=fabric, traffic=all_to_all(fabric=fabric)))
    assert cut.per_gpu_bps == pytest.approx(bisection_by_trying_all(net))


def test_positions_do_not_change_what_a_cut_is() -> None:
    k = 4
    graph = nx.grid_2d_graph(k, k)
    for i, j in graph.nodes:
        graph.nodes[i, j].update(x_m=100.0 * i, y_m=100.0 * j, z_m=0.0)
    cut = best_bisection(fabric=from_networkx(graph, name="grid", gpus=1, capacity_bps=1.0))
    assert cut.capacity_bps == pytest.approx(k)


def test_bisection_is_asked_with_the_right_throughput() -> None:
    fabric = ring(6).fabric()
    traffic = permutation(fabric=fabric, image=farthest_permutation(fabric=fabric))
    with pytest.raises(ValueError, match="needs the throughput of all_to_all"):
        bisection(fabric=fabric, throughput=max_throughput(fabric=fabric, traffic=traffic))
