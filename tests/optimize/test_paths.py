"""Shortest distances against networkx, on graphs in which some nodes forward nothing."""

from __future__ import annotations

import math

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimize.flow.paths import add_missing, distances, usable_arcs
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


# --- flows of single sources


@SMALL
@given(nets(limits=False), st.data())
def test_missing_traffic_is_added_and_nothing_taken_away(net: Net, data: st.DataObject) -> None:
    fabric = net.fabric()
    sources = np.flatnonzero(fabric.gpus > 0)
    wanted = net.all_to_all()[sources]
    start = np.zeros((sources.size, fabric.n_arcs))
    flow = start.copy()
    added = add_missing(fabric=fabric, sources=sources, flow=flow, wanted=wanted)
    assert added == wanted.sum()
    # By hand: what comes in less what goes out, node by node; and no node that forwards nothing is passed.
    for k, source in enumerate(sources.tolist()):
        for v in range(net.n):
            into = sum(f for f, head in zip(flow[k], fabric.head, strict=True) if head == v)
            out = sum(f for f, tail in zip(flow[k], fabric.tail, strict=True) if tail == v)
            if v != source:
                assert into - out == pytest.approx(wanted[k, v], abs=1e-9)
                assert out == 0 or v not in net.closed
    some = data.draw(st.sampled_from([0.0, 0.3, 1.0]))
    less = some * flow
    again = add_missing(fabric=fabric, sources=sources, flow=less, wanted=wanted)
    assert again == pytest.approx((1.0 - some) * wanted.sum(), abs=1e-9)
    assert (less >= some * flow - 1e-12).all()


@SMALL
@given(nets(limits=False))
def test_usable_arcs_neither_return_nor_leave_where_nothing_is_forwarded(net: Net) -> None:
    fabric = net.fabric()
    sources = np.flatnonzero(fabric.gpus > 0)
    row, arc = usable_arcs(fabric=fabric, sources=sources)
    found = {(int(sources[r]), int(fabric.tail[e]), int(fabric.head[e])) for r, e in zip(row, arc, strict=True)}
    expected = {
        (s, i, j) for s in sources.tolist() for i, j in net.capacity if j != s and (i == s or i not in net.closed)
    }
    assert found == expected
    assert len(found) == row.size
