"""Injection by hand, latency against networkx and on the reference machines."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from links.parts import load_part
from optimize.flow.many_paths import distance_blocks
from optimize.flow.paths import distances
from optimize.flow.unloaded import injection_bps, latency, link_power_w
from tests.optimize.graphs import SMALL, Net, nets, ring
from topo.fabric import Fabric
from topo.graph import from_networkx
from topo.ground import nvl72, superpod

GBYTE_BPS = 8e9


def test_injection_of_the_reference_machines() -> None:
    assert injection_bps(fabric=nvl72()) / GBYTE_BPS == pytest.approx(900.0, rel=1e-12)
    assert injection_bps(fabric=superpod(racks=81)) / GBYTE_BPS == pytest.approx(100.0, rel=1e-12)


def test_injection_is_the_narrower_of_host_ports_and_links_at_each_node() -> None:
    arcs = {(0, 1): 9.0, (1, 2): 9.0, (2, 3): 0.5, (3, 0): 9.0, (0, 2): 1.0}
    limits = {"host_bps": (3.0, 100.0, 3.0, 100.0), "port_bps": (9.0, 1.5, 9.0, 9.0)}
    fabric = Net((1, 2, 1, 0), arcs, limits).fabric()
    assert injection_bps(fabric=fabric) == pytest.approx((3.0 + 2 * 1.5 + 0.5) / 4)


def test_injection_needs_gpus() -> None:
    with pytest.raises(ValueError, match="no GPUs"):
        injection_bps(fabric=Net((0, 0), {(0, 1): 1.0}).fabric())


def test_link_power_is_that_of_all_ends() -> None:
    graph = nx.path_graph(3)
    for _, _, edge in graph.edges(data=True):
        edge["power_w"] = 7.5
    assert link_power_w(fabric=from_networkx(graph, name="path", gpus=1, capacity_bps=1.0)) == 4 * 7.5


# --- latency


def with_delays(net: Net, arc_s: list[float], switch_s: list[float]) -> Fabric:
    graph: nx.DiGraph[int] = nx.DiGraph()
    for v in range(net.n):
        graph.add_node(v, gpus=net.gpus[v], transit=v not in net.closed, switch_latency_s=switch_s[v])
    for (i, j), delay in zip(net.capacity, arc_s, strict=True):
        graph.add_edge(i, j, capacity_bps=1.0, latency_s=delay)
    return from_networkx(graph, name="delays")


@SMALL
@given(nets(limits=False), st.data())
def test_latency_agrees_with_networkx_over_pairs_of_gpus(net: Net, data: st.DataObject) -> None:
    values = st.sampled_from([0.0, 1e-9, 3e-7, 5e-6])
    arc_s = [data.draw(values) for _ in net.capacity]
    switch_s = [data.draw(values) for _ in range(net.n)]
    owner = np.repeat(np.arange(net.n), net.gpus).tolist()
    delays = []
    for a, s in enumerate(owner):
        graph: nx.DiGraph[int] = nx.DiGraph()
        for (i, j), delay in zip(net.capacity, arc_s, strict=True):
            if i == s or i not in net.closed:
                graph.add_edge(i, j, weight=delay + switch_s[j])
        reach = nx.single_source_dijkstra_path_length(graph, s)
        delays += [reach[t] + switch_s[s] for b, t in enumerate(owner) if b != a]
    found = latency(fabric=with_delays(net, arc_s, switch_s))
    assert found.mean.lower == found.mean.upper == pytest.approx(float(np.mean(delays)), rel=1e-12, abs=1e-20)
    assert found.worst.lower == found.worst.upper == pytest.approx(max(delays), rel=1e-12, abs=1e-20)


def test_fabric_without_delays_has_no_latency() -> None:
    found = latency(fabric=ring(5).fabric())
    assert (found.mean.upper, found.worst.upper) == (0.0, 0.0)


def test_unsourced_electronics_make_latency_an_interval() -> None:
    graph = nx.path_graph(3)
    for _, _, edge in graph.edges(data=True):
        edge.update(latency_s=3e-7, latency_low_s=1e-7)
    for _, node in graph.nodes(data=True):
        node.update(switch_latency_s=5e-8, switch_latency_low_s=0.0)
    found = latency(fabric=from_networkx(graph, name="path", gpus=1, capacity_bps=1.0))
    assert found.worst.lower == pytest.approx(2e-7)
    assert found.worst.upper == pytest.approx(2 * 3e-7 + 3 * 5e-8)
    assert found.mean.lower == pytest.approx((4 * 1e-7 + 2 * 2e-7) / 6)


def test_nvl72_latency_is_two_cables_and_one_switch_for_every_pair() -> None:
    fabric, switch = nvl72(), load_part("nvswitch4").data["latency_s"]
    found = latency(fabric=fabric)
    cables = 2 * float(fabric.latency_s[0])
    assert found.mean.upper == pytest.approx(found.worst.upper, rel=1e-12)
    assert found.worst.upper == pytest.approx(cables + (switch.high or switch.value), rel=1e-12)


def test_latency_needs_a_pair_and_a_path() -> None:
    with pytest.raises(ValueError, match="needs a pair"):
        latency(fabric=Net((1,), {}).fabric())
    with pytest.raises(ValueError, match="cannot reach each other"):
        latency(fabric=Net((1, 1), {(0, 1): 1.0}).fabric())


def test_gpus_of_one_node_are_one_switch_apart() -> None:
    found = latency(fabric=with_delays(Net((2,), {}), [], [3e-7]))
    assert found.mean.upper == found.worst.upper == pytest.approx(3e-7)


@SMALL
@given(nets(limits=False), st.data())
def test_compiled_distances_are_those_of_scipy(net: Net, data: st.DataObject) -> None:
    values = st.sampled_from([0.0, 1e-9, 3e-7, 5e-6])
    length = np.array([data.draw(values) for _ in net.capacity])
    entering = np.array([data.draw(values) for _ in range(net.n)])
    fabric = net.fabric()
    rows: dict[int, np.ndarray] = {}
    for sources, found in distance_blocks(fabric=fabric, length=length, entering=entering, compiled=True):
        rows |= dict(zip(sources.tolist(), found, strict=True))
    assert sorted(rows) == np.flatnonzero(fabric.gpus > 0).tolist()
    for source, found in rows.items():
        expected = distances(fabric=fabric, length=length, sources=np.array([source]), entering=entering)[0]
        np.testing.assert_allclose(found, expected, rtol=1e-15, atol=1e-300)


def test_compiled_distances_come_in_blocks_that_hold_every_node_once() -> None:
    fabric = ring(600).fabric()  # more than two blocks
    blocks = list(distance_blocks(fabric=fabric, length=np.ones(1200), entering=np.full(600, 0.5), compiled=True))
    assert len(blocks) == 3
    assert np.sort(np.concatenate([sources for sources, _ in blocks])).tolist() == list(range(600))
    for sources, found in blocks:
        apart = np.abs(sources[:, None] - np.arange(600)[None, :])
        assert np.array_equal(found, 0.5 + 1.5 * np.minimum(apart, 600 - apart))
