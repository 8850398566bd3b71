"""Compiled shortest paths against networkx, from any starting order of the nodes."""

from __future__ import annotations

import itertools
import math

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimize.flow.large.network import Network
from optimize.flow.large.oracle import first_orders, shortest, sorted_places
from optimize.flow.symmetry import Symmetry
from optimize.flow.traffic import all_to_all
from tests.optimize.graphs import SMALL, Net, nets, undirected


def network(net: Net) -> Network:
    fabric = net.fabric()
    return Network.of(fabric=fabric, traffic=all_to_all(fabric=fabric), symmetry=Symmetry.none(fabric=fabric))


def dijkstra(net: Net, length: dict[tuple[int, int], float], entering: np.ndarray, source: int) -> np.ndarray:
    """Distances from one node; closed nodes forward nothing, and every node that is entered charges."""
    graph: nx.DiGraph[int] = nx.DiGraph()
    graph.add_nodes_from(range(net.n))
    usable = [(i, j) for i, j in net.capacity if i == source or i not in net.closed]
    graph.add_weighted_edges_from((i, j, length[i, j] + entering[j]) for i, j in usable)
    found = nx.single_source_dijkstra_path_length(graph, source)
    return np.array([found.get(v, math.inf) for v in range(net.n)])


@SMALL
@given(nets(), st.data())
def test_distances_are_those_of_dijkstra_from_any_order(net: Net, data: st.DataObject) -> None:
    one = network(net)
    some = st.floats(0.001, 10.0)
    length = {arc: data.draw(some) for arc in net.capacity}
    entering = np.array([data.draw(some) for _ in range(net.n)])
    fabric = one.fabric
    by_arc = np.array([length[int(i), int(j)] for i, j in zip(fabric.tail, fabric.head, strict=True)])
    order = np.argsort(one.number[fabric.head], kind="stable")  # as the network sorts them
    orders = np.empty((net.n, net.n), dtype=np.uint16)
    for v in range(net.n):
        rest = data.draw(st.permutations([u for u in range(net.n) if u != one.number[v]]))
        orders[v] = [one.number[v], *rest]
    dist = np.empty(orders.shape)
    shortest(one.arcs, by_arc[order], entering[one.node], orders, dist)
    expected = np.array([dijkstra(net, length, entering, v) for v in range(net.n)])
    # two sums of the same few numbers, in another order at most
    np.testing.assert_allclose(dist[:, one.number], expected, rtol=1e-14)


def test_orders_are_sorted_by_distance_and_begin_with_their_source() -> None:
    one = network(undirected(nx.strong_product(nx.path_graph(6), nx.path_graph(5))))
    sources, n = np.arange(30), 30
    orders, dist = np.empty((30, n), dtype=np.uint16), np.empty((30, n))
    first_orders(one.arcs, np.ones(one.arcs.tail.size), np.zeros(n), sources, orders, dist)
    assert np.array_equal(orders[:, 0], sources)
    assert np.array_equal(np.sort(orders, axis=1), np.tile(np.arange(n), (30, 1)))
    ranked = np.take_along_axis(dist, orders.astype(np.int64), axis=1)
    assert (np.diff(ranked, axis=1) >= 0).all()
    king = [max(abs(a // 5 - b // 5), abs(a % 5 - b % 5)) for a in one.node for b in one.node]
    assert np.array_equal(dist.ravel(), king)


def test_nodes_out_of_reach_are_infinitely_far_and_last() -> None:
    net = Net((1, 1, 1, 1), {(0, 1): 1.0, (1, 0): 1.0, (1, 2): 1.0, (3, 2): 1.0})
    one = network(Net((1, 1, 0, 0), net.capacity))
    orders, dist = np.empty((1, 4), dtype=np.uint16), np.empty((1, 4))
    first_orders(one.arcs, np.ones(4), np.zeros(4), one.number[[0]], orders, dist)
    assert dist[0, one.number].tolist() == [0.0, 1.0, 2.0, math.inf]
    assert orders[0, -1] == one.number[3]


@given(st.lists(st.one_of(st.floats(0.0, 1e3), st.sampled_from([0.0, 1.0, math.inf])), min_size=1, max_size=50))
def test_radix_sort_is_a_stable_sort(values: list[float]) -> None:
    key = np.array(values)
    places = sorted_places(key)
    finite = key[np.isfinite(key)]
    # 44 bits of the greatest key: what differs by less may stay as it was
    blur = (finite.max() if finite.size else 0.0) * 2.0**-43
    ranked = key[places]
    assert np.array_equal(np.sort(places), np.arange(key.size))
    assert all(b >= a - blur or b == a for a, b in itertools.pairwise(ranked))
    equal = [(a, b) for a, b in itertools.pairwise(places) if key[a] == key[b]]
    assert all(a < b for a, b in equal)


@pytest.mark.parametrize("source", [0, 3])
def test_closed_source_still_sends(source: int) -> None:
    net = Net(
        (1,) * 4, {arc: 1.0 for i in range(4) for j in range(4) if i != j for arc in [(i, j)]}, {}, frozenset({0, 3})
    )
    one = network(net)
    orders, dist = np.empty((1, 4), dtype=np.uint16), np.empty((1, 4))
    first_orders(one.arcs, np.ones(12), np.zeros(4), one.number[[source]], orders, dist)
    assert sorted(dist[0]) == [0.0, 1.0, 1.0, 1.0]
