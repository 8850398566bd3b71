"""Maximum flows in floating point against networkx, and the cuts that prove them."""

from __future__ import annotations

from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimize.flow.maxflow import FlowGraph

# Two rounds of integer flows leave about 1e-12 of the flow; capacities here span nine decades.
RTOL = 1e-9


@st.composite
def digraphs(draw: st.DrawFn) -> nx.DiGraph[Any]:
    n = draw(st.integers(2, 8))
    pairs = st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)).filter(lambda pair: pair[0] != pair[1])
    graph: nx.DiGraph[Any] = nx.DiGraph()
    graph.add_nodes_from(range(n))
    for i, j in draw(st.sets(pairs, min_size=1, max_size=20)):
        graph.add_edge(i, j, capacity=draw(st.floats(1e3, 1e12)))
    return graph


@settings(max_examples=80)
@given(digraphs())
def test_flow_equals_that_of_networkx_and_the_side_is_a_cut_of_that_capacity(graph: nx.DiGraph[Any]) -> None:
    n = len(graph)
    ends = np.array(list(graph.edges))
    capacity = np.array([graph.edges[edge]["capacity"] for edge in graph.edges])
    arcs = FlowGraph(n=n, tail=ends[:, 0], head=ends[:, 1])
    value, side = arcs.max_flow(capacity=capacity, source=0, sink=n - 1)
    expected = nx.maximum_flow_value(graph, 0, n - 1, flow_func=nx.algorithms.flow.edmonds_karp)
    assert value == pytest.approx(expected, rel=RTOL, abs=0.0)
    assert side[0]
    assert not side[n - 1]
    crossing = capacity[side[ends[:, 0]] & ~side[ends[:, 1]]].sum()
    assert crossing == pytest.approx(expected, rel=RTOL, abs=0.0)


def test_flow_without_any_finite_cut_at_its_ends_is_refused() -> None:
    graph = FlowGraph(n=3, tail=np.array([0, 1]), head=np.array([1, 2]))
    with pytest.raises(ValueError, match="is unlimited"):
        graph.max_flow(capacity=np.array([np.inf, 1.0]), source=0, sink=1)
