"""The bound on regular graphs: attained by Moore graphs, never beaten, and counted by hand."""

from __future__ import annotations

from typing import Any

import networkx as nx
import numpy as np
import pytest

from optimize.design.moore import moore_bound_per_s
from optimize.flow.throughput import max_throughput
from optimize.flow.traffic import all_to_all
from topo.graph import from_networkx


def total_distance(graph: nx.Graph[Any]) -> int:
    return sum(sum(row.values()) for _, row in nx.all_pairs_shortest_path_length(graph))


@pytest.mark.parametrize(
    "graph", [nx.complete_graph(5), nx.cycle_graph(7), nx.petersen_graph(), nx.hoffman_singleton_graph()]
)
def test_moore_graphs_attain_it(graph: nx.Graph[Any]) -> None:
    n, r = graph.number_of_nodes(), graph.degree[0]
    bound = float(moore_bound_per_s(nodes=n, degree=r, link_bps=8e11))
    assert bound == pytest.approx(8e11 * n * r / total_distance(graph), rel=1e-12)
    fabric = from_networkx(graph, name="Moore", gpus=1, capacity_bps=8e11)
    assert max_throughput(fabric=fabric, traffic=all_to_all(fabric=fabric)).lower_per_s == pytest.approx(
        bound, rel=1e-9
    )


@pytest.mark.parametrize(("degree", "nodes"), [(3, 10), (3, 20), (4, 15), (5, 14), (8, 20)])
def test_no_random_regular_graph_beats_it(degree: int, nodes: int) -> None:
    graph = nx.random_regular_graph(degree, nodes, seed=4)
    fabric = from_networkx(graph, name="random", gpus=2, capacity_bps=1.0)
    answer = max_throughput(fabric=fabric, traffic=all_to_all(fabric=fabric), method="direct")
    assert answer.lower_per_s <= moore_bound_per_s(nodes=nodes, degree=degree, gpus=2) * (1 + 1e-12)


def test_shells_are_filled_from_the_inside() -> None:
    # 8 neighbours, 8 x 7 behind them, 8 x 7^2 behind those, and the 567 that are left at 4 hops
    assert float(moore_bound_per_s(nodes=1024, degree=8)) == pytest.approx(8 / (8 + 2 * 56 + 3 * 392 + 4 * 567))


def test_bound_broadcasts_and_falls_with_size_and_rises_with_degree() -> None:
    bound = moore_bound_per_s(nodes=np.array([[10], [100], [1000]]), degree=np.array([2, 3, 8]))
    assert bound.shape == (3, 3)
    assert (np.diff(bound, axis=0) < 0).all()
    assert (np.diff(bound, axis=1) > 0).all()


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"nodes": 1, "degree": 1}, "nodes=1"),
        ({"nodes": 10, "degree": 0}, "degree=0"),
        ({"nodes": 10, "degree": 2.5}, "degree=2.5"),
        ({"nodes": 10, "degree": 1}, "joins only 2"),
        ({"nodes": 10, "degree": 3, "link_bps": 0.0}, "link_bps=0"),
        ({"nodes": [10, np.nan], "degree": 3}, "nodes=nan"),
    ],
)
def test_what_is_no_graph_is_refused(given: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        moore_bound_per_s(**given)
