"""Trees that carry collectives: they are trees, they fit, they reach the bound; a tampered packing proves nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import sparse

from optimize.flow import CertificateError
from optimize.flow.collective.expansion import Expansion, expand
from optimize.flow.collective.packing import Packing, Task, pack, price_rate_bps
from optimize.flow.collective.trees import Tree, arborescence, least_paths, spanning_tree, steiner_tree
from tests.optimize.collective_lp import rate_by_program
from tests.optimize.graphs import Net, nets, ring, undirected
from topo import from_networkx

GRAPHS: dict[str, nx.Graph[Any]] = {
    "ring of 8": nx.cycle_graph(8), "complete graph of 6": nx.complete_graph(6), "Petersen": nx.petersen_graph(),
    "grid of 4 x 4": nx.grid_2d_graph(4, 4), "hypercube": nx.hypercube_graph(4), "wheel": nx.wheel_graph(7),
    "lollipop": nx.lollipop_graph(4, 3),
}  # fmt: skip
# Column generation ends at a width of 1e-6.
RTOL = 2e-6


def even(n: int) -> NDArray[np.float64]:
    return np.full(n, 1 / n)


def expansion_of(graph: nx.Graph[Any]) -> Expansion:
    return expand(fabric=undirected(graph).fabric())


def loads(expansion: Expansion, packing: Packing) -> dict[tuple[int, int], float]:
    """Load of every arc, added up tree by tree and arc by arc; trees that gather run backwards."""
    total: dict[tuple[int, int], float] = {}
    for trees, share, backward in ((packing.down, packing.down_share, False), (packing.up, packing.up_share, True)):
        for tree, part in zip(trees, share, strict=True):
            for e in tree.path.tocoo().col:
                arc = (int(expansion.tail[e]), int(expansion.head[e]))
                total[arc] = total.get(arc, 0.0) + float(part)
                parent_first = nx.DiGraph(zip(tree.parent.tolist(), tree.child.tolist(), strict=True))
            assert nx.is_arborescence(parent_first)
            assert set(parent_first) == set(expansion.endpoint.tolist())
            for e, row in zip(tree.path.tocoo().col, tree.path.tocoo().row, strict=True):
                ends = (expansion.head[e], expansion.tail[e]) if backward else (expansion.tail[e], expansion.head[e])
                assert ends == (tree.parent[row], tree.child[row])  # every vertex is an endpoint: paths of one arc
    return total


@pytest.mark.parametrize("name", GRAPHS)
def test_trees_of_an_all_gather_fill_the_least_cut(name: str) -> None:
    # On these graphs the least cut is all but one node: N min degree / (N - 1), or the thin link of the lollipop.
    graph = GRAPHS[name]
    n, degree = len(graph), min(d for _, d in graph.degree)
    expected = n * degree / (n - 1) if name != "lollipop" else 7 / 6
    task = Task(share=even(n), down=True, up=False)
    expansion = expansion_of(graph)
    packing, upper = pack(expansion=expansion, task=task, enough_bps=expected)
    rate = packing.rate_bps(expansion=expansion, task=task)
    assert rate == pytest.approx(expected, rel=RTOL)
    assert upper >= rate * (1 - 1e-12)
    assert max(loads(expansion, packing).values()) * rate <= 1.0 + 1e-9  # every link carries 1
    roots = np.bincount([tree.root for tree in packing.down], weights=packing.down_share, minlength=n)
    assert roots == pytest.approx(even(n), abs=1e-9)


@pytest.mark.parametrize("name", GRAPHS)
def test_trees_of_an_all_reduce_are_as_many_as_nash_williams_says(name: str) -> None:
    # m / (n - 1) where no denser part of the graph is worse joined to the rest; the lollipop hangs on one link.
    graph = GRAPHS[name]
    expected = graph.number_of_edges() / (len(graph) - 1) if name != "lollipop" else 1.0
    task = Task(share=None, down=True, up=True)
    expansion = expansion_of(graph)
    packing, upper = pack(expansion=expansion, task=task)
    rate = packing.rate_bps(expansion=expansion, task=task)
    assert [rate, upper] == pytest.approx([expected, expected], rel=RTOL)
    assert max(loads(expansion, packing).values()) * rate <= 1.0 + 1e-9


def test_switches_that_add_and_copy_carry_one_star_each() -> None:
    # 6 GPUs on 3 switches: every switch gathers and spreads a third of the data, so a GPU reduces at its full 3 links.
    graph: nx.Graph[Any] = nx.complete_bipartite_graph(6, 3)
    for v in graph:
        graph.nodes[v]["gpus"] = int(v < 6)
    expansion = expand(fabric=from_networkx(graph, name="rack", capacity_bps=1.0))
    task = Task(share=None, down=True, up=True, in_network=True)
    packing, _ = pack(expansion=expansion, task=task, enough_bps=3.0)
    assert packing.rate_bps(expansion=expansion, task=task) == pytest.approx(3.0, rel=RTOL)
    with pytest.raises(CertificateError, match="branches, or starts, at a switch"):
        packing.rate_bps(expansion=expansion, task=replace(task, in_network=False))


@settings(max_examples=15)
@given(nets(most=4, closed=False), st.integers(0, 2**32 - 1))
def test_no_prices_ever_bound_below_the_optimum(net: Net, seed: int) -> None:
    expansion = expand(fabric=net.fabric(), inside_share=2.0)
    exact = rate_by_program(net, None, down=True, up=True, inside_share=2.0)
    price = np.random.default_rng(seed).exponential(size=expansion.limit_arc.size)
    task = Task(share=None, down=True, up=True)
    assert price_rate_bps(expansion=expansion, task=task, price=price) >= exact * (1 - 1e-6)


# --- a packing that does something else is refused


@pytest.fixture
def ring_packing() -> tuple[Expansion, Task, Packing]:
    expansion, task = expand(fabric=ring(5).fabric()), Task(share=even(5), down=True, up=False)
    return expansion, task, pack(expansion=expansion, task=task)[0]


def test_less_data_than_all_is_refused(ring_packing: tuple[Expansion, Task, Packing]) -> None:
    expansion, task, packing = ring_packing
    with pytest.raises(CertificateError, match="of the data"):
        replace(packing, down_share=packing.down_share * 0.9).rate_bps(expansion=expansion, task=task)


def test_shares_at_the_wrong_roots_are_refused(ring_packing: tuple[Expansion, Task, Packing]) -> None:
    expansion, task, packing = ring_packing
    moved = packing.down_share.copy()
    first = packing.down[0].root
    other = next(i for i, tree in enumerate(packing.down) if tree.root != first)
    moved[0], moved[other] = 0.0, moved[other] + moved[0]
    with pytest.raises(CertificateError, match="roots hold other shares"):
        replace(packing, down_share=moved).rate_bps(expansion=expansion, task=task)


def test_tree_that_misses_a_node_is_refused(ring_packing: tuple[Expansion, Task, Packing]) -> None:
    expansion, task, packing = ring_packing
    tree = packing.down[0]
    leaf = next(i for i, child in enumerate(tree.child) if child not in tree.parent)
    kept = np.arange(tree.child.size) != leaf
    cut = Tree(root=tree.root, child=tree.child[kept], parent=tree.parent[kept], path=tree.path[np.flatnonzero(kept)])
    with pytest.raises(CertificateError, match="does not join every endpoint"):
        replace(packing, down=(cut, *packing.down[1:])).rate_bps(expansion=expansion, task=task)


def test_tree_without_its_arcs_is_refused(ring_packing: tuple[Expansion, Task, Packing]) -> None:
    expansion, task, packing = ring_packing
    free = replace(packing.down[0], path=sparse.csr_array(packing.down[0].path.shape))
    with pytest.raises(CertificateError, match="do not lead from parent to child"):
        replace(packing, down=(free, *packing.down[1:])).rate_bps(expansion=expansion, task=task)


# --- the trees underneath


@settings(max_examples=40)
@given(st.integers(2, 8), st.integers(0, 2**32 - 1), st.booleans())
def test_arborescence_is_as_cheap_as_that_of_networkx(k: int, seed: int, coarse: bool) -> None:
    rng = np.random.default_rng(seed)
    cost = rng.integers(1, 4, (k, k)).astype(float) if coarse else rng.random((k, k))  # coarse costs tie
    np.fill_diagonal(cost, 0.0)
    net = Net((1,) * k, {(i, j): 1.0 for i in range(k) for j in range(k) if i != j})
    expansion = expand(fabric=net.fabric())
    weight = cost[expansion.tail, expansion.head]
    found, tree = arborescence(expansion=expansion, paths=least_paths(expansion=expansion, cost=weight), root=0)
    graph: nx.DiGraph[int] = nx.DiGraph()
    graph.add_weighted_edges_from((i, j, cost[i, j]) for i in range(k) for j in range(1, k) if i != j)
    expected = nx.minimum_spanning_arborescence(graph).size("weight")
    assert found == pytest.approx(expected, rel=1e-12)
    assert weight @ tree.load() == pytest.approx(expected, rel=1e-12)


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1))
def test_spanning_tree_is_as_cheap_as_that_of_networkx(seed: int) -> None:
    graph = nx.complete_graph(7)
    cost = np.random.default_rng(seed).random((7, 7))
    for i, j in graph.edges:
        graph.edges[i, j]["weight"] = cost[i, j]
    expansion = expansion_of(graph)
    low, high = np.minimum(expansion.tail, expansion.head), np.maximum(expansion.tail, expansion.head)
    found, _ = spanning_tree(expansion=expansion, paths=least_paths(expansion=expansion, cost=cost[low, high]))
    assert found == pytest.approx(nx.minimum_spanning_tree(graph).size("weight"), rel=1e-12)


def test_steiner_tree_of_a_star_is_the_star() -> None:
    graph: nx.Graph[Any] = nx.star_graph(5)
    for v in graph:
        graph.nodes[v]["gpus"] = int(v > 0)
    expansion = expand(fabric=from_networkx(graph, name="star", capacity_bps=1.0))
    paths = least_paths(expansion=expansion, cost=np.ones(expansion.n_arcs))
    # Between endpoints alone the tree crosses the hub for every edge: 4 paths of 2 links instead of 5 links.
    assert steiner_tree(expansion=expansion, paths=paths).load().sum() == 5
    assert spanning_tree(expansion=expansion, paths=paths)[0] == pytest.approx(8.0)


def test_endpoints_without_a_path_are_refused() -> None:
    apart = Net((1, 1, 1), {(0, 1): 1.0, (1, 0): 1.0, (1, 2): 1.0})
    with pytest.raises(ValueError, match="cannot reach each other"):
        pack(expansion=expand(fabric=apart.fabric()), task=Task(share=even(3), down=True, up=False))


def test_limit_that_no_arc_can_reach_costs_no_vertex() -> None:
    plain = ring(4)
    wide = Net(plain.gpus, plain.capacity, {"host_bps": (2.0,) * 4, "switch_bps": (4.0,) * 4})
    tight = Net(plain.gpus, plain.capacity, {"host_bps": (1.9,) * 4})
    assert [expand(fabric=net.fabric()).n for net in (plain, wide, tight)] == [4, 4, 8]
