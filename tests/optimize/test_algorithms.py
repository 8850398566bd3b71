"""Times of rings and trees against closed forms, and never better than the optimum."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimize.flow import (
    all_gather,
    all_reduce,
    broadcast,
    hierarchical_all_reduce,
    latency,
    optimum_time_s,
    ring_all_gather,
    ring_all_reduce,
    ring_order,
    tree_all_reduce,
)
from optimize.flow.collective.algorithms import Phase, double_binary_trees
from tests.optimize.graphs import undirected
from topo import from_networkx, nvl72, superpod
from topo.fabric import Fabric

GBYTE_BPS = 8e9
LARGE_BIT = 8e18  # an exabyte: latency is nothing
SMALL_BIT = 8.0


def plain_ring(n: int) -> Fabric:
    """A ring of single GPUs without latency, 1 Gb/s a link."""
    return from_networkx(nx.cycle_graph(n), name="ring", gpus=1, capacity_bps=1e9)


def test_ring_of_eight_is_optimal_on_a_ring_of_links() -> None:
    # Half each way round: 7 steps of S/8, half of it on each link and direction: 16/7 of a link.
    fabric = plain_ring(8)
    schedule = ring_all_gather(fabric=fabric)
    assert schedule.rate_bps(message_bit=LARGE_BIT) == pytest.approx(16 / 7 * 1e9, rel=1e-9)
    assert schedule.rate_bps(message_bit=LARGE_BIT) == pytest.approx(all_gather(fabric=fabric).rate_bps.upper, rel=1e-9)


def test_ring_pays_its_latency_once_a_step() -> None:
    graph: nx.Graph[Any] = nx.cycle_graph(8)
    graph.add_edges_from(list(graph.edges), latency_s=2e-6)
    graph.add_nodes_from(list(graph), switch_latency_s=1e-6)
    fabric = from_networkx(graph, name="ring", gpus=1, capacity_bps=1e12)
    step_s = 2e-6 + 2 * 1e-6 + 5e-6  # the link, both switches, the library
    time_s = ring_all_reduce(fabric=fabric, step_s=5e-6).time_s(message_bit=0.0)
    assert time_s == pytest.approx(2 * 7 * step_s, rel=1e-12)


def test_rings_and_trees_on_nvl72_reach_what_the_machine_allows() -> None:
    # A ring is bandwidth optimal through a switch; the busiest rank of the trees has 3 links in one and 1 in the other,
    # each with S/2 up and S/2 down: 2 S out through 900 GB/s.
    rack = nvl72()
    ring, optimum = ring_all_reduce(fabric=rack), all_reduce(fabric=rack).rate_bps.upper
    assert ring.rate_bps(message_bit=LARGE_BIT) == pytest.approx(optimum, rel=1e-6)
    trees = tree_all_reduce(fabric=rack)
    # The pipeline fills and drains: at an exabyte about 1e-4 of the time.
    assert trees.rate_bps(message_bit=LARGE_BIT) == pytest.approx(450 * GBYTE_BPS, rel=1e-3)
    assert trees.time_s(message_bit=SMALL_BIT) < ring.time_s(message_bit=SMALL_BIT) / 5


def test_racks_reduce_inside_first_and_carry_their_shares_across() -> None:
    # 2 (g - 1)/g S over NVLink, 2 (n - 1)/n S over all NICs of a rack.
    pod = superpod(racks=9)
    expected_s = LARGE_BIT * (2 * 71 / 72 / 7.2e12 + 2 * 8 / 9 / 57.6e12)
    assert hierarchical_all_reduce(fabric=pod).time_s(message_bit=LARGE_BIT) == pytest.approx(expected_s, rel=1e-9)
    names = [phase.name for phase in hierarchical_all_reduce(fabric=pod).phases]
    assert names == ["reduce-scatter inside", "ring across", "all-gather inside"]


def test_one_rack_alone_reduces_inside() -> None:
    graph: nx.Graph[Any] = nx.Graph()
    graph.add_node("rack", gpus=8, local_bps=1e12, switch_latency_s=1e-6)
    rack = from_networkx(graph, name="rack")
    for make in (hierarchical_all_reduce, tree_all_reduce):
        assert make(fabric=rack).time_s(message_bit=1e12) == pytest.approx(2 * (7 / 8 + 1e-6), rel=1e-12)
    assert ring_all_reduce(fabric=rack).time_s(message_bit=1e12) == pytest.approx(14 * (1 / 8 + 1e-6), rel=1e-12)


@settings(max_examples=15)
@given(st.integers(0, 10**6), st.floats(8.0, 1e13))
def test_no_algorithm_beats_the_optimum(seed: int, message_bit: float) -> None:
    graph = nx.random_labeled_tree(6, seed=seed)
    graph.add_edges_from(nx.gnp_random_graph(6, 0.3, seed=seed).edges)
    rng = np.random.default_rng(seed)
    for edge in graph.edges:
        graph.edges[edge].update(capacity_bps=float(rng.uniform(1e9, 1e11)), latency_s=float(rng.uniform(1e-7, 1e-5)))
    fabric = from_networkx(graph, name="random", gpus=1)
    best = optimum_time_s(collective=all_reduce(fabric=fabric), fabric=fabric, message_bit=message_bit)
    for make in (ring_all_reduce, hierarchical_all_reduce, tree_all_reduce):
        assert make(fabric=fabric).time_s(message_bit=message_bit) >= best * (1 - 1e-9)
    best = optimum_time_s(collective=all_gather(fabric=fabric), fabric=fabric, message_bit=message_bit)
    assert ring_all_gather(fabric=fabric).time_s(message_bit=message_bit) >= best * (1 - 1e-9)


def test_ring_over_pairs_of_gpus_spares_the_links_inside() -> None:
    # Each GPU of a pair takes half of what the other 7 hold from its neighbour; the optimum counts half of all 8.
    graph = nx.cycle_graph(4)
    nx.set_node_attributes(graph, dict.fromkeys(graph, 1e11), "local_bps")
    fabric = from_networkx(graph, name="pairs", gpus=2, capacity_bps=1e13)
    ring = ring_all_gather(fabric=fabric).time_s(message_bit=8e9)
    best = optimum_time_s(collective=all_gather(fabric=fabric), fabric=fabric, message_bit=8e9)
    assert ring / best == pytest.approx(7 / 8, rel=1e-9)


def test_optimum_of_a_small_message_is_the_farthest_pair() -> None:
    rack = nvl72()
    time_s = optimum_time_s(collective=all_gather(fabric=rack), fabric=rack, message_bit=[0.0, 8e15])
    assert time_s[0] == latency(fabric=rack).worst.lower
    assert time_s[1] == pytest.approx(8e15 / (72 / 71 * 900 * GBYTE_BPS), rel=1e-9)


# --- pieces


@pytest.mark.parametrize("k", [1, 2, 3, 4, 5, 8, 13, 72, 81])
def test_double_binary_trees_span_all_ranks_and_share_the_work(k: int) -> None:
    trees = double_binary_trees(k=k)
    degree = np.zeros(k, dtype=int)
    for parent in trees:
        graph: nx.Graph[int] = nx.Graph((v, int(p)) for v, p in enumerate(parent) if p >= 0)
        graph.add_nodes_from(range(k))
        assert nx.is_tree(graph)
        root = int(np.flatnonzero(parent < 0)[0])
        assert max(nx.single_source_shortest_path_length(graph, root).values()) <= np.ceil(np.log2(k)) + 1
        degree += [graph.degree[v] for v in range(k)]
    assert degree.max() <= 4
    inside = [{int(p) for p in parent if p >= 0} for parent in trees]
    assert len(inside[0] & inside[1]) <= k % 2


@settings(max_examples=40)
@given(st.integers(2, 40), st.floats(1e-7, 1e-4), st.floats(1.0, 1e12))
def test_pipeline_has_the_best_number_of_chunks(steps: int, latency_s: float, message_bit: float) -> None:
    phase = Phase(name="p", steps=steps, latency_s=latency_s, s_per_bit=1e-12, pipelined=True)
    chunks = np.arange(1, 20001)  # above the best one for all of these: sqrt(39 x 1 s / 1e-7 s)
    times = (steps + chunks - 1) * (latency_s + message_bit * 1e-12 / chunks)
    assert phase.time_s(message_bit=message_bit) == pytest.approx(times.min(), rel=1e-12)


def test_pipeline_without_latency_takes_the_transfer_alone() -> None:
    phase = Phase(name="p", steps=10, latency_s=0.0, s_per_bit=1e-9, pipelined=True)
    assert phase.time_s(message_bit=1e9) == 1.0


def test_ring_order_follows_the_links_of_a_scrambled_ring() -> None:
    names = [3, 0, 6, 2, 7, 4, 1, 5]
    graph = nx.relabel_nodes(nx.cycle_graph(8), dict(enumerate(names)))
    scrambled: nx.Graph[int] = nx.Graph()
    scrambled.add_nodes_from(range(8))
    scrambled.add_edges_from(graph.edges)
    fabric = undirected(scrambled).fabric()
    order = ring_order(fabric=fabric).tolist()
    assert sorted(order) == list(range(8))
    assert all(graph.has_edge(order[i - 1], order[i]) for i in range(8))


def test_gpus_that_forward_nothing_are_joined_in_a_ring_by_their_links() -> None:
    graph = nx.relabel_nodes(nx.cycle_graph(6), dict(enumerate([0, 3, 1, 5, 2, 4])))
    fabric = from_networkx(graph, name="closed", gpus=1, capacity_bps=1e12)
    closed = replace(fabric, transit=np.zeros(6, dtype=bool))
    best = all_reduce(fabric=closed).rate_bps.upper
    assert ring_all_reduce(fabric=closed).rate_bps(message_bit=1e12) == pytest.approx(best, rel=1e-9)


def test_bad_sizes_are_refused() -> None:
    lonely: nx.Graph[Any] = nx.path_graph(2)
    nx.set_node_attributes(lonely, {0: 1, 1: 0}, "gpus")
    fabric = from_networkx(lonely, name="one GPU", capacity_bps=1.0)
    for make in (ring_all_gather, tree_all_reduce):
        with pytest.raises(ValueError, match="needs at least 2"):
            make(fabric=fabric)
    with pytest.raises(ValueError, match=r"step_s=-1\.0"):
        ring_all_gather(fabric=plain_ring(4), step_s=-1.0)
    for make in (ring_all_gather, hierarchical_all_reduce):
        with pytest.raises(ValueError, match=r"order=\[0, 1, 2\]: need every node that has GPUs once"):
            make(fabric=plain_ring(4), order=[0, 1, 2])
    sent = broadcast(fabric=plain_ring(4), root=0)
    with pytest.raises(ValueError, match="does not join the farthest pair"):
        optimum_time_s(collective=sent, fabric=plain_ring(4), message_bit=8.0)
    with pytest.raises(ValueError, match="k=0: need a whole number of ranks"):
        double_binary_trees(k=0)
    with pytest.raises(ValueError, match=r"message_bit=-8\.0"):
        ring_all_gather(fabric=plain_ring(4)).time_s(message_bit=-8.0)
