"""Shortest distances against networkx, on graphs in which some nodes forward nothing."""

from __future__ import annotations

import math

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimize.flow.paths import distances
from tests.optimize.graphs import SMALL, Net, nets, ring


def expected(net: Net, length: list[float], entering: list[float]) -> np.ndarray:
    """By networkx, one graph for each source: closed nodes keep only the arcs that end at them."""
    found = np.full((net.n, net.n), math.inf)
    for s in range(net.n):
        graph: nx.DiGraph[int] = nx.DiGraph()
        graph.add_nodes_from(range(net.n))
        for (i, j), w in zip(net.capacity, length, strict=True):
            if i == s or i not in net.closed:
                graph.add_edge(i, j, weight=w + entering[j])
        for t, w in nx.single_source_dijkstra_path_length(graph, s).items():
            found[s, t] = w + entering[s]
    return found


@SMALL
@given(nets(limits=False), st.data())
def test_distances_agree_with_networkx(net: Net, data: st.DataObject) -> None:
    values = st.sampled_from([0.0, 0.0, 1.0, 2.5, 1e-12, 1e12])
    length = data.draw(st.lists(values, min_size=len(net.capacity), max_size=len(net.capacity)))
    entering = data.draw(st.lists(values, min_size=net.n, max_size=net.n))
    found = distances(
        fabric=net.fabric(), length=np.array(length), sources=np.arange(net.n), entering=np.array(entering)
    )
    assert np.allclose(found, expected(net, length, entering), rtol=1e-14, atol=0.0)


def test_distances_of_no_length_are_exactly_zero() -> None:
    assert not distances(fabric=ring(6).fabric(), length=np.zeros(12), sources=np.arange(6)).any()


def test_distances_are_never_above_the_true_ones() -> None:
    # Lengths near the smallest normal number, where the stand-in for zero could be felt: a bound would be wrong.
    tiny = np.finfo(float).tiny
    found = distances(fabric=ring(6).fabric(), length=np.full(12, tiny / 8), sources=np.arange(6))
    assert (found <= 3 * tiny / 8).all()


def test_closed_node_is_reached_and_left_but_not_passed() -> None:
    net = Net((1, 1, 1), {(0, 1): 1.0, (1, 0): 1.0, (1, 2): 1.0, (2, 1): 1.0}, closed=frozenset({1}))
    found = distances(fabric=net.fabric(), length=np.ones(4), sources=np.arange(3))
    assert found.tolist() == [[0.0, 1.0, math.inf], [1.0, 0.0, 1.0], [math.inf, 1.0, 0.0]]


@pytest.mark.parametrize("sources", [[], [2], [2, 0, 2]])
def test_rows_are_those_asked_for(sources: list[int]) -> None:
    found = distances(fabric=ring(5).fabric(), length=np.ones(10), sources=np.array(sources, dtype=np.int64))
    assert found.tolist() == [[min((t - s) % 5, (s - t) % 5) for t in range(5)] for s in sources]
