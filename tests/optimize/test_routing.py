"""Routings recompute their loads from the traffic, and refuse to when they do not carry it."""

from __future__ import annotations

import math
import pickle
from collections.abc import Callable
from fractions import Fraction

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from optimize.flow.certificate import achieved_per_s
from optimize.flow.routing import CertificateError, FlowRouting, ShortestPathRouting, ecmp
from optimize.flow.traffic import Traffic, all_to_all, from_matrix
from tests.optimize.graphs import SMALL, Net, nets, path_throughput, ring, undirected
from topo.fabric import Fabric


def flows(fabric: Fabric, rows: dict[int, dict[tuple[int, int], float]]) -> FlowRouting:
    """Explicit flows by source and arc."""
    arcs = {pair: e for e, pair in enumerate(zip(fabric.tail.tolist(), fabric.head.tolist(), strict=True))}
    dense = np.zeros((len(rows), fabric.n_arcs))
    for i, row in enumerate(rows.values()):
        for pair, bits in row.items():
            dense[i, arcs[pair]] = bits
    return FlowRouting(sources=np.array(list(rows)), flow_bit=sparse.csr_array(dense))


def one_demand(fabric: Fabric, s: int, t: int, bits: float = 1.0) -> Traffic:
    wanted = np.zeros((fabric.n_nodes, fabric.n_nodes))
    wanted[s, t] = bits
    return from_matrix(fabric=fabric, bits=wanted, name="one demand")


# --- even splits


def even_split(net: Net, length: dict[tuple[int, int], int], bits: np.ndarray) -> dict[tuple[int, int], Fraction]:
    """Loads of each pair by recursion from the destination back to the source, in fractions of whole lengths."""
    load = dict.fromkeys(net.capacity, Fraction(0))
    for s in range(net.n):
        graph: nx.DiGraph[int] = nx.DiGraph()
        graph.add_nodes_from(range(net.n))
        graph.add_weighted_edges_from((i, j, length[i, j]) for i, j in net.capacity if i == s or i not in net.closed)
        reach = nx.single_source_dijkstra_path_length(graph, s)

        def back(
            t: int, amount: Fraction, s: int = s, graph: nx.DiGraph[int] = graph, reach: dict[int, float] = reach
        ) -> None:
            if t == s:
                return
            before = [u for u in graph.predecessors(t) if u in reach and reach[u] + length[u, t] == reach[t]]
            for u in before:
                load[u, t] += amount / len(before)
                back(u, amount / len(before))

        for t in range(net.n):
            if bits[s, t]:
                back(t, Fraction(bits[s, t]))
    return load


@SMALL
@given(nets(limits=False), st.data())
def test_even_splits_agree_with_a_recursion_in_fractions(net: Net, data: st.DataObject) -> None:
    whole = st.sampled_from([1, 2, 3, 1000, 10**6])
    length = {arc: data.draw(whole) for arc in net.capacity}
    fabric = net.fabric()
    routing = ecmp(fabric=fabric, length=np.array([float(length[arc]) for arc in net.capacity]))
    expected = even_split(net, length, net.all_to_all())
    found = routing.arc_bit(fabric=fabric, traffic=all_to_all(fabric=fabric))
    assert np.allclose(found, [float(expected[arc]) for arc in net.capacity], rtol=1e-12, atol=1e-12)


@SMALL
@given(nets(limits=False), st.floats(1.0, 1e20))
def test_even_splits_lose_nothing_whatever_the_lengths(net: Net, spread: float) -> None:
    fabric = net.fabric()
    length = spread ** np.random.default_rng(1).random(fabric.n_arcs)
    traffic = all_to_all(fabric=fabric)
    try:
        load = ecmp(fabric=fabric, length=length).arc_bit(fabric=fabric, traffic=traffic)
    except CertificateError:
        assert spread > 1e9  # lengths so far apart that a sum does not tell them from nothing: refused, not wrong
        return
    net_bits = np.bincount(fabric.head, load, fabric.n_nodes) - np.bincount(fabric.tail, load, fabric.n_nodes)
    assert np.allclose(net_bits, traffic.received_bit - traffic.sent_bit, rtol=0.0, atol=1e-9 * load.sum())


def test_lengths_far_apart_are_refused_and_never_lose_traffic() -> None:
    # Ties within rounding once made circles here: 3 got 1.8 of its 3 bits, and the routing seemed to carry more.
    fast = {(i, j): 1e18 for i in range(3) for j in range(3) if i != j}
    net = Net((1,) * 4, {**fast, (2, 3): 1e-3, (3, 2): 1e-3})
    fabric = net.fabric()
    length = fabric.capacity_bps.max() / fabric.capacity_bps
    with pytest.raises(CertificateError, match="no path"):
        ecmp(fabric=fabric, length=length).arc_bit(fabric=fabric, traffic=all_to_all(fabric=fabric))


def test_mixture_is_the_weighted_sum_of_its_parts() -> None:
    fabric = undirected(nx.wheel_graph(6)).fabric()
    traffic = all_to_all(fabric=fabric)
    length = np.stack([np.ones(fabric.n_arcs), np.where(fabric.tail == 0, 3.0, 1.0)])
    parts = [ecmp(fabric=fabric, length=row).arc_bit(fabric=fabric, traffic=traffic) for row in length]
    mixed = ShortestPathRouting(length=length, weight=np.array([0.25, 0.75])).arc_bit(fabric=fabric, traffic=traffic)
    assert np.allclose(mixed, 0.25 * parts[0] + 0.75 * parts[1], rtol=1e-14)


@pytest.mark.parametrize(
    ("length", "weight"),
    [
        ([[1.0] * 12], [math.nan]),
        ([[1.0] * 12], [0.9]),
        ([[1.0] * 12, [1.0] * 12], [1.5, -0.5]),
        ([[1.0] * 12, [1.0] * 12], [1.0, math.nan]),
        ([[0.0] * 12], [1.0]),
        ([[math.nan] * 12], [1.0]),
        ([[math.inf] * 12], [1.0]),
        ([[1.0] * 11], [1.0]),
    ],
)
def test_mixture_that_is_none_is_refused(length: list[list[float]], weight: list[float]) -> None:
    fabric = ring(6).fabric()
    with pytest.raises(CertificateError):
        ShortestPathRouting(length=np.array(length), weight=np.array(weight)).arc_bit(
            fabric=fabric, traffic=all_to_all(fabric=fabric)
        )


# --- explicit flows

TRIANGLE = Net((1, 1, 1), {(0, 1): 1.0, (1, 0): 1.0, (1, 2): 1.0, (2, 1): 1.0, (0, 2): 1.0, (2, 0): 1.0})
Change = Callable[[dict[tuple[int, int], float]], None]


def test_flow_that_carries_its_traffic_is_believed() -> None:
    fabric = TRIANGLE.fabric()
    routing = flows(fabric, {0: {(0, 2): 0.75, (0, 1): 0.25, (1, 2): 0.25}})
    assert achieved_per_s(fabric=fabric, traffic=one_demand(fabric, 0, 2), routing=routing) == pytest.approx(1 / 0.75)


@pytest.mark.parametrize(
    ("flow", "says"),
    [
        ({(0, 2): 0.75}, "not conserved at 2: 0.75 bit arrive, 1 are meant to"),
        ({(0, 2): 0.75, (0, 1): 0.25}, "not conserved at 2"),  # the rest stops on the way
        ({(0, 2): 0.75, (1, 2): 0.25}, "not conserved at 1: -0.25 bit arrive"),  # comes from nowhere
        ({(0, 2): 0.5, (1, 2): 0.5, (0, 1): 0.499}, "not conserved at 1"),
        ({(0, 2): 1.5, (2, 1): 0.5, (1, 0): -0.5}, "negative"),
        ({(0, 2): math.nan}, "undefined"),
        ({(0, 2): math.inf}, "undefined"),
        ({}, "not conserved"),
    ],
)
def test_flow_that_does_not_carry_its_traffic_is_refused(flow: dict[tuple[int, int], float], says: str) -> None:
    fabric = TRIANGLE.fabric()
    with pytest.raises(CertificateError, match=says):
        flows(fabric, {0: flow}).arc_bit(fabric=fabric, traffic=one_demand(fabric, 0, 2))


def test_flow_through_a_closed_node_is_refused() -> None:
    fabric = Net(TRIANGLE.gpus, TRIANGLE.capacity, closed=frozenset({1})).fabric()
    through = {0: {(0, 2): 0.75, (0, 1): 0.25, (1, 2): 0.25}}
    with pytest.raises(CertificateError, match="node 1 forwards, but may not"):
        flows(fabric, through).arc_bit(fabric=fabric, traffic=one_demand(fabric, 0, 2))


def test_closed_node_sends_and_receives_its_own_traffic() -> None:
    fabric = Net(TRIANGLE.gpus, TRIANGLE.capacity, closed=frozenset({1})).fabric()
    assert achieved_per_s(
        fabric=fabric, traffic=one_demand(fabric, 1, 2), routing=flows(fabric, {1: {(1, 2): 1.0}})
    ) == pytest.approx(1.0)


def test_flow_in_a_circle_is_harmless_and_counts_as_load() -> None:
    fabric = TRIANGLE.fabric()
    circle = {(0, 1): 2.0, (1, 2): 2.0, (2, 0): 2.0}
    routing = flows(fabric, {0: {(0, 2): 1.0, **circle}})
    assert achieved_per_s(fabric=fabric, traffic=one_demand(fabric, 0, 2), routing=routing) == pytest.approx(0.5)


def test_flow_that_brings_too_much_is_believed_because_less_can_be_sent() -> None:
    fabric = TRIANGLE.fabric()
    routing = flows(fabric, {0: {(0, 2): 4.0, (0, 1): 1.0}})
    carried = achieved_per_s(fabric=fabric, traffic=one_demand(fabric, 0, 2), routing=routing)
    assert carried == pytest.approx(0.25)  # of the 1 that the flow of just 1 bit would carry


@pytest.mark.parametrize("missing", [1e-12, 1e-9, 9e-7])
def test_traffic_missing_by_rounding_lowers_the_lower_end_by_as_much(missing: float) -> None:
    fabric = TRIANGLE.fabric()
    routing = flows(fabric, {0: {(0, 2): 1.0 - missing}})
    carried = achieved_per_s(fabric=fabric, traffic=one_demand(fabric, 0, 2), routing=routing)
    assert carried == pytest.approx(1.0, rel=1e-15)  # the arc is full when all of the demand passes it


def test_small_demand_must_not_vanish_in_the_rounding_of_a_large_one() -> None:
    fabric = TRIANGLE.fabric()
    bits = np.zeros((3, 3))
    bits[0, 1], bits[0, 2] = 1e-7, 1.0
    traffic = from_matrix(fabric=fabric, bits=bits, name="unequal")
    with pytest.raises(CertificateError, match="not conserved at 1"):
        flows(fabric, {0: {(0, 2): 1.0}}).arc_bit(fabric=fabric, traffic=traffic)


@pytest.mark.parametrize("sources", [[0, 1, 2, 0], [0, 1], [0, 1, 3], [-1, 1, 2]])
def test_flows_must_name_every_source_once(sources: list[int]) -> None:
    fabric = TRIANGLE.fabric()
    direct = np.zeros((len(sources), 6))
    for i, s in enumerate(sources):
        direct[i, fabric.tail == s] = 1.0
    routing = FlowRouting(sources=np.array(sources), flow_bit=sparse.csr_array(direct))
    with pytest.raises(CertificateError, match=r"source|every node that sends"):
        routing.arc_bit(fabric=fabric, traffic=all_to_all(fabric=fabric))


def test_flows_for_another_fabric_are_refused() -> None:
    routing = flows(TRIANGLE.fabric(), {0: {(0, 2): 1.0}})
    fabric = ring(4).fabric()
    with pytest.raises(CertificateError, match=r"shape \(1, 6\), need \(1, 8\)"):
        routing.arc_bit(fabric=fabric, traffic=one_demand(fabric, 0, 2))


@SMALL
@given(nets(), st.integers(0, 999))
def test_no_random_routing_carries_more_than_the_optimum(net: Net, seed: int) -> None:
    """Planted flows that carry the traffic over random simple paths, verified, against the path formulation."""
    rng = np.random.default_rng(seed)
    bits = net.all_to_all()
    rows: dict[int, dict[tuple[int, int], float]] = {}
    for s, t in np.argwhere(bits > 0).tolist():
        paths = list(net.simple_paths(s, t))
        for path, part in zip(paths, rng.dirichlet(np.full(len(paths), 0.3)), strict=True):
            for arc in path:
                row = rows.setdefault(s, {})
                row[arc] = row.get(arc, 0.0) + part * bits[s, t]
    fabric = net.fabric()
    local = np.maximum(np.array(net.gpus, dtype=float) - 1.0, 0.0)
    carried = achieved_per_s(fabric=fabric, traffic=all_to_all(fabric=fabric), routing=flows(fabric, rows))
    assert 0 < carried <= path_throughput(net, bits, local) * (1 + 1e-9)


def test_routings_unpickle_read_only() -> None:
    fabric = TRIANGLE.fabric()
    explicit = pickle.loads(pickle.dumps(flows(fabric, {0: {(0, 2): 1.0}})))
    mixture = pickle.loads(pickle.dumps(ecmp(fabric=fabric)))
    for array in (explicit.sources, explicit.flow_bit.data, explicit.flow_bit.indices, mixture.length, mixture.weight):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0
