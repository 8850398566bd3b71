"""Collectives against every cut, every partition and a plain linear program; the machines with closed forms."""

from __future__ import annotations

import itertools
import math
from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import linprog

from optimize.flow import Collective, all_gather, all_reduce, broadcast, gap, reduce_scatter
from tests.optimize.collective_lp import rate_by_cuts, rate_by_partitions, rate_by_program
from tests.optimize.graphs import Net, nets, ring, undirected
from topo import from_networkx, nvl72, superpod
from topo.fabric import Fabric

GBYTE_BPS = 8e9
SOLVES = settings(max_examples=12)
FLOWS = settings(max_examples=20)
# Trees are searched to a width of 1e-6, and both linear programs have a tolerance of 1e-7.
TREES_RTOL = 2e-6
# Maximum flows are exact to about 1e-12, and a partition sums one for each node.
FLOWS_RTOL = 1e-8


def closes_at(answer: Collective, value: float, rtol: float) -> None:
    """Both ends are the value, and in order."""
    between = answer.between_bps
    assert between.lower <= between.upper
    assert [between.lower, between.upper] == pytest.approx([value, value], rel=rtol)


def refused(net: Net) -> bool:
    """A switch limit at a node that does not forward."""
    return any(math.isfinite(net.limit("switch_bps")[v]) for v in net.closed)


def shares(net: Net) -> NDArray[np.float64]:
    return np.array(net.gpus) / sum(net.gpus)


@st.composite
def symmetric_nets(draw: st.DrawFn, *, hosts: bool, most: int = 6) -> Net:
    """Connected, both directions of a link alike, some nodes without GPUs if there may be hosts."""
    n = draw(st.integers(3, most))
    pairs = {(draw(st.integers(0, v - 1)), v) for v in range(1, n)}
    pairs |= set(draw(st.lists(st.sampled_from(list(itertools.combinations(range(n), 2))), max_size=6)))
    rates = st.sampled_from([1.0, 2.0, 3.0, 7.0])
    links = {pair: draw(rates) for pair in sorted(pairs)}
    capacity = {arc: c for (i, j), c in links.items() for arc in ((i, j), (j, i))}
    if not hosts:
        return Net((1,) * n, capacity)
    gpus = [draw(st.integers(0, 3)) for _ in range(n)]
    gpus[0], gpus[1] = max(gpus[0], 1), max(gpus[1], 1)
    return Net(tuple(gpus), capacity, {"host_bps": tuple(draw(st.one_of(rates, st.just(math.inf))) for _ in range(n))})


# --- against independent methods


@SOLVES
@given(nets(most=4))
def test_all_gather_and_its_mirror_equal_the_linear_program_whatever_limits_the_nodes(net: Net) -> None:
    assume(not refused(net))
    fabric, share = net.fabric(), shares(net)
    down = rate_by_program(net, share, down=True, up=False, inside_share=1.0)
    closes_at(all_gather(fabric=fabric), down, TREES_RTOL)
    up = rate_by_program(net, share, down=False, up=True, inside_share=1.0)
    closes_at(reduce_scatter(fabric=fabric), up, TREES_RTOL)


@SOLVES
@given(nets(most=4))
def test_all_reduce_equals_the_linear_program_whatever_limits_the_nodes(net: Net) -> None:
    assume(not refused(net))
    expected = rate_by_program(net, None, down=True, up=True, inside_share=2.0)
    closes_at(all_reduce(fabric=net.fabric()), expected, TREES_RTOL)


@FLOWS
@given(symmetric_nets(hosts=True))
def test_all_gather_through_switches_is_the_least_over_all_cuts(net: Net) -> None:
    expected = rate_by_cuts(net, shares(net))
    answer = all_gather(fabric=net.fabric())
    closes_at(answer, expected, FLOWS_RTOL)
    assert "Edmonds" in answer.lower_by


@FLOWS
@given(nets(most=5, limits=False, closed=False))
def test_all_gather_between_endpoints_alone_is_the_least_over_all_cuts_even_if_directions_differ(net: Net) -> None:
    assume(all(net.gpus))
    closes_at(all_gather(fabric=net.fabric()), rate_by_cuts(net, shares(net)), FLOWS_RTOL)
    closes_at(reduce_scatter(fabric=net.fabric()), rate_by_cuts(net, shares(net), up=True), FLOWS_RTOL)


@FLOWS
@given(symmetric_nets(hosts=False))
def test_all_reduce_between_endpoints_alone_is_the_least_over_all_partitions(net: Net) -> None:
    closes_at(all_reduce(fabric=net.fabric()), rate_by_partitions(net), FLOWS_RTOL)


@FLOWS
@given(symmetric_nets(hosts=True), st.integers(0, 1))
def test_broadcast_is_the_least_over_the_cuts_that_hold_the_root(net: Net, root: int) -> None:
    share = np.eye(net.n)[root]
    closes_at(broadcast(fabric=net.fabric(), root=root), rate_by_cuts(net, share), FLOWS_RTOL)


def steiner_rate(graph: nx.Graph[Any], terminals: set[Any]) -> float:
    """Best packing of trees that join the terminals and branch anywhere, by trying all sets of edges."""
    edges = list(graph.edges)
    columns = []
    for size in range(len(terminals) - 1, len(graph)):
        for chosen in itertools.combinations(range(len(edges)), size):
            tree: nx.Graph[Any] = nx.Graph([edges[e] for e in chosen])
            if terminals <= set(tree) and nx.is_tree(tree):
                columns.append([float(e in chosen) for e in range(len(edges))])
    capacity = [graph.edges[edge]["capacity_bps"] for edge in edges]
    found = linprog(-np.ones(len(columns)), A_ub=np.array(columns).T, b_ub=capacity)
    return -float(found.fun or 0.0)


@settings(max_examples=15)
@given(st.lists(st.sampled_from([1.0, 2.0, 5.0]), min_size=8, max_size=8))
def test_all_reduce_in_switches_brackets_the_best_packing_of_steiner_trees(capacity: list[float]) -> None:
    graph: nx.Graph[Any] = nx.complete_bipartite_graph(3, 2)
    graph.add_edges_from([(0, 1), (3, 4)])
    for (i, j), c in zip(graph.edges, capacity, strict=True):
        graph.edges[i, j]["capacity_bps"] = c
    for v in graph:
        graph.nodes[v]["gpus"] = int(v < 3)
    fabric = from_networkx(graph, name="two switches")
    exact = steiner_rate(graph, {0, 1, 2})
    between = all_reduce(fabric=fabric, in_network=True).between_bps
    assert between.lower <= exact * (1 + TREES_RTOL)
    assert exact <= between.upper * (1 + TREES_RTOL)
    assert all_reduce(fabric=fabric).between_bps.upper <= between.upper * (1 + TREES_RTOL)


# --- properties


@FLOWS
@given(symmetric_nets(hosts=True), st.floats(0.1, 1e12))
def test_rates_scale_with_capacities(net: Net, factor: float) -> None:
    one, other = all_gather(fabric=net.fabric()), all_gather(fabric=net.scaled(factor).fabric())
    assert other.between_bps.upper == pytest.approx(factor * one.between_bps.upper, rel=FLOWS_RTOL)


@FLOWS
@given(symmetric_nets(hosts=False), st.data())
def test_a_stronger_link_never_slows_a_collective(net: Net, data: st.DataObject) -> None:
    i, j = data.draw(st.sampled_from(sorted(net.capacity)))
    more = Net(net.gpus, {**net.capacity, (i, j): net.capacity[i, j] + 1.0, (j, i): net.capacity[j, i] + 1.0})
    for collective in (all_gather, all_reduce):
        weak, strong = (collective(fabric=n.fabric()).between_bps for n in (net, more))
        assert strong.upper >= weak.lower * (1 - FLOWS_RTOL)


@FLOWS
@given(symmetric_nets(hosts=False))
def test_all_reduce_is_between_once_and_twice_the_naive_half(net: Net) -> None:
    fabric = net.fabric()
    gathered, scattered = all_gather(fabric=fabric).between_bps, reduce_scatter(fabric=fabric).between_bps
    half = 1.0 / (1.0 / gathered.upper + 1.0 / scattered.upper)
    ratio = all_reduce(fabric=fabric).between_bps.lower / half
    assert 1 - FLOWS_RTOL <= ratio <= 2 + FLOWS_RTOL


def test_node_that_forwards_for_others_can_do_without_gpus() -> None:
    # Two GPUs joined through an empty satellite gather as if they were linked: each must take half of S.
    line = Net((1, 0, 1), {(0, 1): 3.0, (1, 0): 3.0, (1, 2): 3.0, (2, 1): 3.0})
    closes_at(all_gather(fabric=line.fabric()), 6.0, FLOWS_RTOL)
    closes_at(all_reduce(fabric=line.fabric()), 3.0, FLOWS_RTOL)


# --- machines


def test_nvl72_gathers_at_912_and_reduces_at_456_gbyte_per_second() -> None:
    # N B / (N - 1) and half of it, B = 18 x 50 GB/s; NVLink switches that add and copy reach B.
    rack = nvl72()
    closes_at(all_gather(fabric=rack), 72 / 71 * 900 * GBYTE_BPS, FLOWS_RTOL)
    closes_at(all_reduce(fabric=rack), 72 / 71 * 450 * GBYTE_BPS, FLOWS_RTOL)
    closes_at(all_reduce(fabric=rack, in_network=True), 900 * GBYTE_BPS, TREES_RTOL)


def test_superpod_is_limited_inside_its_racks() -> None:
    pod = superpod(racks=81)
    answer = all_reduce(fabric=pod)
    closes_at(answer, 81 / 80 / 2 * 7200 * GBYTE_BPS, FLOWS_RTOL)  # 72 NICs of 100 GB/s a rack
    assert answer.rate_bps.upper == answer.inside_bps == pytest.approx(72 / 71 / 2 * 900 * GBYTE_BPS, rel=1e-12)


def lattice(link_bps: float, **limits: float) -> Fabric:
    """Suncatcher's 81 points with their direct and diagonal neighbours, 72 GPUs each."""
    graph: nx.Graph[Any] = nx.Graph()
    points = [(i, j) for i in range(-5, 6) for j in range(-5, 6) if i * i + j * j <= 25]
    graph.add_nodes_from(points, gpus=72, **limits)
    for (i, j), (k, m) in itertools.combinations(points, 2):
        if max(abs(i - k), abs(j - m)) == 1:
            graph.add_edge((i, j), (k, m), capacity_bps=link_bps)
    return from_networkx(graph, name="lattice of 81")


def test_all_reduce_on_the_lattice_is_twice_the_naive_half_of_the_all_gather() -> None:
    # The four outermost satellites have three links. An all-gather brings 80/81 of S in through them, an all-reduce by
    # trees that have them as leaves takes S in and S out at once: 3 against 3 (81/80) / 2.
    fabric = lattice(1.0)
    gathered, reduced = all_gather(fabric=fabric), all_reduce(fabric=fabric)
    closes_at(gathered, 3 * 81 / 80, FLOWS_RTOL)
    closes_at(reduced, 3.0, FLOWS_RTOL)
    assert reduced.between_bps.lower / (gathered.between_bps.upper / 2) == pytest.approx(160 / 81, rel=FLOWS_RTOL)


@pytest.mark.parametrize(
    ("link_bps", "expected"),
    [(9.6e12, 1.0), (1.25e12, 1.0), (1.2e12, 456.338 * 8e9 / 3.6e12), (0.6e12, 456.338 * 8e9 / 1.8e12)],
)
def test_all_reduce_gap_of_racks_in_orbit_is_1_until_a_link_falls_below_1_2_terabit(
    link_bps: float, expected: float
) -> None:
    # Inside a rack 456.3 GB/s bind; three links of an outermost satellite carry as much down to 1.217 Tb/s each.
    fabric = lattice(link_bps, local_bps=7.2e12)
    formation, reference = all_reduce(fabric=fabric).rate_bps, all_reduce(fabric=nvl72()).rate_bps
    ratio = gap(reference=reference, formation=formation, metric="all_reduce").interval
    assert [ratio.lower, ratio.upper] == pytest.approx([expected, expected], rel=1e-6)  # six digits of 456.338


def test_ports_shared_with_the_inside_cost_what_the_inside_takes() -> None:
    # All data of a GPU pass its ports once: S (G - 1)/G in, whether from inside or beyond, and twice that to reduce.
    limits = dict.fromkeys(("port_bps", "local_bps"), (900.0, 900.0))
    pair = Net((4, 4), {(0, 1): 1e6, (1, 0): 1e6}, limits)
    closes_at(all_gather(fabric=pair.fabric()), 900 * 8 / 7, FLOWS_RTOL)
    closes_at(all_reduce(fabric=pair.fabric()), 450 * 8 / 7, FLOWS_RTOL)


def test_trees_can_be_asked_for_and_reach_the_rate() -> None:
    for collective in (all_gather, reduce_scatter, all_reduce):
        answer = collective(fabric=ring(6).fabric(), trees=True)
        assert answer.packing is not None
        assert answer.between_bps.width < TREES_RTOL
    assert all_gather(fabric=ring(6).fabric()).packing is None


def test_cut_that_binds_is_reported_by_node() -> None:
    # A node that hangs on one thin link is on its own side of every least cut.
    hanging = undirected(nx.lollipop_graph(4, 1))
    assert all_gather(fabric=hanging.fabric()).part.tolist() == [0, 0, 0, 0, 1]
    part = all_reduce(fabric=hanging.fabric()).part.tolist()
    assert part.count(part[4]) == 1


def test_one_node_is_limited_inside_alone() -> None:
    graph: nx.Graph[Any] = nx.Graph()
    graph.add_node("rack", gpus=8, local_bps=700.0)
    fabric = from_networkx(graph, name="one rack")
    assert all_gather(fabric=fabric).rate_bps.upper == pytest.approx(800.0)
    assert reduce_scatter(fabric=fabric).rate_bps.upper == pytest.approx(800.0)
    assert broadcast(fabric=fabric, root=0).rate_bps.upper == pytest.approx(700.0)
    assert all_reduce(fabric=fabric).rate_bps.upper == pytest.approx(400.0)
    assert all_reduce(fabric=fabric, in_network=True).rate_bps.upper == pytest.approx(700.0)


def test_answer_prints_both_limits_and_what_proves_them() -> None:
    text = str(all_gather(fabric=superpod(racks=2)))
    assert "912.7 GB/s (between nodes 1.44e+04 GB/s, inside 912.7 GB/s)" in text
    assert "least cut" in text


def test_what_has_no_rate_is_refused_with_its_reason() -> None:
    apart = Net((1, 1, 1), {(0, 1): 1.0, (1, 0): 1.0, (1, 2): 1.0})
    with pytest.raises(ValueError, match="cannot reach each other"):
        all_gather(fabric=apart.fabric())
    with pytest.raises(ValueError, match="cannot reach each other"):
        all_reduce(fabric=apart.fabric())
    with pytest.raises(ValueError, match="root=5: need the number of a node"):
        broadcast(fabric=ring(4).fabric(), root=5)
    with pytest.raises(ValueError, match="needs at least 2"):
        all_gather(fabric=Net((1, 0), {(0, 1): 1.0, (1, 0): 1.0}).fabric())
    with pytest.raises(ValueError, match="at a node that does not forward"):
        all_gather(fabric=Net((1, 1), {(0, 1): 1.0, (1, 0): 1.0}, {"switch_bps": (0.5, 9.0)}, frozenset({0})).fabric())
