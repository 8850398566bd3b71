"""Proofs without search: which fabrics they close, and that what they call non-blocking is."""

from __future__ import annotations

import math
from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimize.flow.certificate import achieved_per_s, price_bound_per_s
from optimize.flow.direct import nonblocking_bps_per_gpu, simple_prices, simple_routings
from optimize.flow.throughput import max_throughput
from optimize.flow.traffic import all_to_all, permutation
from tests.optimize.graphs import SMALL, Net, nets, path_throughput, ring, undirected
from topo.graph import from_networkx
from topo.ground import nvl72


@pytest.mark.parametrize(
    "graph",
    [
        nx.complete_graph(6), nx.cycle_graph(72), nx.hypercube_graph(5), nx.petersen_graph(),
        nx.grid_graph([5, 5], periodic=True), nx.grid_graph([4, 4, 4], periodic=True), nx.hoffman_singleton_graph(),
        nx.star_graph(9),
    ],
)  # fmt: skip
def test_symmetric_graphs_close_without_search(graph: nx.Graph[Any]) -> None:
    fabric = from_networkx(graph, name="symmetric", gpus=1, capacity_bps=1.0)
    answer = max_throughput(fabric=fabric, traffic=all_to_all(fabric=fabric), method="direct")
    assert answer.width < 1e-12  # rounding only


def test_direct_answer_that_does_not_close_is_a_valid_interval() -> None:
    net = undirected(nx.strong_product(nx.path_graph(2), nx.path_graph(4)))
    fabric = net.fabric()
    answer = max_throughput(fabric=fabric, traffic=all_to_all(fabric=fabric), method="direct")
    truth = path_throughput(net, net.all_to_all(), np.zeros(8))
    assert answer.lower_per_s <= truth * (1 + 1e-9)
    assert truth <= answer.upper_per_s * (1 + 1e-9)


@SMALL
@given(nets())
def test_every_simple_proof_is_valid(net: Net) -> None:
    fabric = net.fabric()
    traffic = all_to_all(fabric=fabric)
    local = np.maximum(np.array(net.gpus, dtype=float) - 1.0, 0.0)
    truth = path_throughput(net, net.all_to_all(), local)
    for how, prices in simple_prices(fabric=fabric, traffic=traffic):
        assert price_bound_per_s(fabric=fabric, traffic=traffic, prices=prices) >= truth * (1 - 1e-9), how
    for how, routing in simple_routings(fabric=fabric):
        assert achieved_per_s(fabric=fabric, traffic=traffic, routing=routing) <= truth * (1 + 1e-9), how


@pytest.mark.parametrize(
    ("name", "values"),
    [("host_bps", (2.0, 1.0)), ("switch_bps", (3.0, 1.5)), ("local_bps", (0.5, 9.0)), ("port_bps", (9.0, 0.7))],
)
def test_each_node_limit_alone_closes_and_is_named(name: str, values: tuple[float, float]) -> None:
    net = Net((2, 2), {(0, 1): 1e3, (1, 0): 1e3}, {name: values})
    fabric = net.fabric()
    answer = max_throughput(fabric=fabric, traffic=all_to_all(fabric=fabric), method="direct")
    assert answer.width < 1e-12
    assert f"of {int(np.argmin(values))}" in answer.method


# --- non-blocking


def test_nvl72_is_nonblocking_at_what_its_gpus_send() -> None:
    assert nonblocking_bps_per_gpu(fabric=nvl72()) == pytest.approx(900 * 8e9, rel=1e-12)


def test_nonblocking_rate_of_a_ring_is_that_of_its_longest_detours() -> None:
    # 5 nodes: clockwise over one arc go the pairs one or two hops apart. Of any traffic in which nobody sends or takes
    # more than 1, at most 2 of those three pairs load the arc, each from and to other nodes.
    assert nonblocking_bps_per_gpu(fabric=ring(5).fabric()) == pytest.approx(0.5)


@SMALL
@given(nets(limits=False, most=4), st.data())
def test_nonblocking_rate_is_carried_by_every_permutation_of_gpus(net: Net, data: st.DataObject) -> None:
    net = Net(tuple(min(g, 1) for g in net.gpus), net.capacity, net.limits, net.closed)
    fabric = net.fabric()
    rate = nonblocking_bps_per_gpu(fabric=fabric)
    ends = np.flatnonzero(fabric.gpus > 0)
    image = np.arange(net.n)
    image[ends] = data.draw(st.permutations(ends.tolist()))
    traffic = permutation(fabric=fabric, image=image)
    if traffic.sources.size:
        assert rate <= path_throughput(net, traffic.rows(np.arange(net.n)), np.zeros(net.n)) * (1 + 1e-9)


def test_nonblocking_is_not_claimed_where_it_is_not_covered() -> None:
    arcs = {(0, 1): 1.0, (1, 0): 1.0}
    assert nonblocking_bps_per_gpu(fabric=Net((1, 1), arcs, {"switch_bps": (1.0, 1.0)}).fabric()) == 0.0
    assert nonblocking_bps_per_gpu(fabric=Net((1, 1), {(0, 1): 1.0}).fabric()) == 0.0
    assert nonblocking_bps_per_gpu(fabric=Net((1, 0), arcs).fabric()) == 0.0
    assert nonblocking_bps_per_gpu(fabric=ring(9).fabric(), most_terms=8) == 0.0


def test_nonblocking_rate_is_no_more_than_hosts_and_ports_give() -> None:
    arcs = {(0, 1): 8.0, (1, 0): 8.0}
    for name, values, rate in (
        ("host_bps", (6.0, math.inf), 3.0), ("port_bps", (math.inf, 2.5), 2.5), ("local_bps", (1.0, 1.0), 4.0),
    ):  # fmt: skip
        assert nonblocking_bps_per_gpu(fabric=Net((2, 2), arcs, {name: values}).fabric()) == pytest.approx(rate)
