"""Traffic says what it sends row by row and in sums; the farthest permutation is what trying all of them finds."""

from __future__ import annotations

import itertools
import pickle
from dataclasses import replace
from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from optimize.flow.traffic import Traffic, all_to_all, farthest_permutation, from_matrix, permutation
from tests.optimize.graphs import SMALL, Net, nets, ring, undirected
from topo.fabric import Fabric
from topo.graph import from_networkx
from topo.ground import nvl72


def rank_one(out: list[float], into: list[float]) -> Traffic:
    n = len(out)
    return Traffic(
        name="rank one", out=np.array(out), into=np.array(into), explicit=sparse.csr_array((n, n)),
        local_bit=np.zeros(n), bit_per_gpu=1.0,
    )  # fmt: skip


@SMALL
@given(nets(limits=False))
def test_all_to_all_is_one_bit_from_every_gpu_to_every_other(net: Net) -> None:
    traffic = all_to_all(fabric=net.fabric())
    owner = np.repeat(np.arange(net.n), net.gpus)
    between = np.zeros((net.n, net.n))
    inside = np.zeros(net.n)
    for a, b in itertools.permutations(range(owner.size), 2):
        if owner[a] == owner[b]:
            inside[owner[a]] += 1.0
        else:
            between[owner[a], owner[b]] += 1.0
    assert np.array_equal(traffic.rows(np.arange(net.n)), between)
    assert np.array_equal(traffic.local_bit * net.gpus, inside)
    assert traffic.bit_per_gpu == owner.size - 1
    assert np.array_equal(traffic.sources, np.flatnonzero(between.sum(axis=1)))


@SMALL
@given(st.data(), st.integers(1, 6))
def test_sums_are_those_of_the_rows_however_far_apart_the_entries(data: st.DataObject, n: int) -> None:
    entries = st.lists(st.sampled_from([0.0, 1e-9, 1.0, 3.0, 1e20]), min_size=n, max_size=n)
    traffic = rank_one(data.draw(entries), data.draw(entries))
    rows = traffic.rows(np.arange(n))
    assert np.allclose(traffic.sent_bit, rows.sum(axis=1), rtol=1e-14, atol=0.0)
    assert np.allclose(traffic.received_bit, rows.sum(axis=0), rtol=1e-14, atol=0.0)


def test_explicit_and_even_parts_add_up() -> None:
    even = rank_one([1.0, 2.0, 0.0], [1.0, 1.0, 4.0])
    extra = np.array([[0.0, 5.0, 0.0], [0.0, 0.0, 0.0], [7.0, 0.0, 0.0]])
    both = Traffic(
        name="both", out=even.out, into=even.into, explicit=sparse.csr_array(extra), local_bit=even.local_bit,
        bit_per_gpu=1.0,
    )  # fmt: skip
    assert np.array_equal(both.rows([2, 0]), [[7.0, 0.0, 0.0], [0.0, 6.0, 4.0]])
    assert np.array_equal(both.sent_bit, [10.0, 10.0, 7.0])
    assert np.array_equal(both.received_bit, [9.0, 6.0, 12.0])


def test_ports_carry_what_stays_inside_and_the_busier_direction_of_the_rest() -> None:
    fabric = Net((2, 1), {(0, 1): 1.0, (1, 0): 1.0}).fabric()
    traffic = all_to_all(fabric=fabric)
    assert np.array_equal(traffic.port_bit(gpus=fabric.gpus), [1.0 + 2 / 2, 0.0 + 2 / 1])


@pytest.mark.parametrize(
    ("bits", "says"),
    [
        ([[0.0, -1.0], [0.0, 0.0]], "negative"),
        ([[0.0, np.nan], [0.0, 0.0]], "undefined"),
        ([[0.0, np.inf], [0.0, 0.0]], "undefined"),
        ([[1.0, 1.0], [0.0, 0.0]], "sends to itself"),
        ([[0.0, 1.0]], r"need \(2, 2\)"),
    ],
)
def test_matrix_that_is_no_traffic_is_refused(bits: list[list[float]], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        from_matrix(fabric=Net((1, 1), {(0, 1): 1.0}).fabric(), bits=bits, name="wrong")


def test_traffic_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match="do not all speak of 2 nodes"):
        rank_one([1.0, 1.0], [1.0, 1.0, 1.0])


def test_traffic_unpickles_read_only() -> None:
    traffic = pickle.loads(pickle.dumps(all_to_all(fabric=ring(4).fabric())))
    for array in (traffic.out, traffic.into, traffic.local_bit, traffic.explicit.data):
        assert not array.flags.writeable
    with pytest.raises(ValueError, match="read-only"):
        traffic.out[0] = 2.0


# --- permutations


def test_permutation_sends_one_bit_per_gpu_and_none_from_a_node_to_itself() -> None:
    fabric = Net((2, 0, 2, 2), {(i, j): 1.0 for i in range(4) for j in range(4) if i != j}).fabric()
    traffic = permutation(fabric=fabric, image=[2, 1, 0, 3])
    assert np.array_equal(traffic.rows(np.arange(4))[[0, 2]], [[0, 0, 2, 0], [2, 0, 0, 0]])
    assert np.array_equal(traffic.sources, [0, 2])


@pytest.mark.parametrize("image", [[0, 0, 1], [1, 2], [1, 2, 3]])
def test_image_that_is_no_permutation_is_refused(image: list[int]) -> None:
    with pytest.raises(ValueError, match="one to one"):
        permutation(fabric=ring(3).fabric(), image=image)


def test_permutation_of_unequal_nodes_is_refused() -> None:
    with pytest.raises(ValueError, match="same number of GPUs"):
        permutation(fabric=Net((1, 2), {(0, 1): 1.0, (1, 0): 1.0}).fabric(), image=[1, 0])


def hops_of(fabric: Fabric) -> np.ndarray:
    graph = nx.DiGraph(list(zip(fabric.tail.tolist(), fabric.head.tolist(), strict=True)))
    ends = np.flatnonzero(fabric.gpus > 0).tolist()
    return np.array([[nx.shortest_path_length(graph, s, t) for t in ends] for s in ends], dtype=float)


def farthest_by_trying_all(hops: np.ndarray, squared: np.ndarray) -> tuple[int, ...]:
    """Most hops, then most squared range, then the first in order of nodes, among all permutations."""
    k = len(hops)
    images = list(itertools.permutations(range(k)))
    total = np.array([(hops[range(k), image].sum(), squared[range(k), image].sum()) for image in images])
    most = np.flatnonzero(total[:, 0] == total[:, 0].max())
    # 1e-9: sums of the same numbers in another order; the squares drawn below are whole or far apart.
    best = most[total[most, 1] >= total[most, 1].max() * (1 - 1e-9)]
    return images[int(best[0])]


@SMALL
@given(st.data(), st.integers(2, 7))
def test_farthest_permutation_is_the_one_that_trying_all_finds(data: st.DataObject, n: int) -> None:
    graph = nx.gnp_random_graph(n, 0.5, seed=data.draw(st.integers(0, 99)))
    graph.add_edges_from(nx.path_graph(n).edges)
    # Whole coordinates: plenty of ties to break.
    places = st.tuples(st.integers(0, 3), st.integers(0, 3), st.just(0))
    where = np.array(data.draw(st.lists(places, min_size=n, max_size=n)), dtype=float)
    net = undirected(graph)
    fabric = Net(net.gpus, net.capacity, positions=tuple(map(tuple, where.tolist()))).fabric()
    squared = ((where[:, None] - where[None]) ** 2).sum(axis=-1)
    assert tuple(farthest_permutation(fabric=fabric)) == farthest_by_trying_all(hops_of(fabric), squared)


@SMALL
@given(st.data(), st.integers(2, 6))
def test_farthest_permutation_goes_by_ranges_where_there_are_no_positions(data: st.DataObject, n: int) -> None:
    graph = nx.cycle_graph(n) if n > 2 else nx.path_graph(2)
    for _, _, edge in graph.edges(data=True):
        edge["range_m"] = data.draw(st.sampled_from([0.0, 100.0, 141.4, 200.0]))
    fabric = from_networkx(graph, name="ring", gpus=1, capacity_bps=1.0)
    far = dict(nx.all_pairs_dijkstra_path_length(graph, weight="range_m"))
    squared = np.array([[far[s][t] ** 2 for t in range(n)] for s in range(n)])
    assert tuple(farthest_permutation(fabric=fabric)) == farthest_by_trying_all(hops_of(fabric), squared)


def test_farthest_permutation_of_a_ring_crosses_it() -> None:
    assert np.array_equal(farthest_permutation(fabric=ring(8).fabric()), np.roll(np.arange(8), 4))


def test_farthest_permutation_leaves_switches_alone() -> None:
    image = farthest_permutation(fabric=nvl72())
    assert np.array_equal(image[72:], np.arange(72, 90))
    assert np.array_equal(np.sort(image[:72]), np.arange(72))
    assert (image[:72] != np.arange(72)).all()


def test_farthest_permutation_does_not_depend_on_rounding_of_the_positions() -> None:
    rng = np.random.default_rng(2)
    grid = np.array([(100.0 * i, 200.0 * j, 0.0) for i in range(4) for j in range(5)])
    net = undirected(nx.grid_2d_graph(4, 5))
    images = []
    for noise_m in (0.0, 1e-9, 1e-9):
        where = grid + noise_m * rng.standard_normal(grid.shape)
        fabric = Net(net.gpus, net.capacity, positions=tuple(map(tuple, where.tolist()))).fabric()
        images.append(farthest_permutation(fabric=fabric).tolist())
    assert images[0] == images[1] == images[2]


def test_farthest_permutation_needs_paths_and_gpus() -> None:
    with pytest.raises(ValueError, match="no path from 1 to 0"):
        farthest_permutation(fabric=Net((1, 1), {(0, 1): 1.0}).fabric())
    with pytest.raises(ValueError, match="needs at least 1"):
        farthest_permutation(fabric=Net((0, 0), {(0, 1): 1.0}).fabric())


def test_farthest_permutation_of_one_node_is_itself() -> None:
    assert np.array_equal(farthest_permutation(fabric=Net((1, 0), {(0, 1): 1.0, (1, 0): 1.0}).fabric()), [0, 1])


def test_nodes_go_only_to_nodes_with_as_many_gpus() -> None:
    path: nx.Graph[int] = nx.path_graph(6)
    for v, gpus in enumerate((2, 1, 2, 1, 1, 4)):
        path.nodes[v]["gpus"] = gpus
    fabric = from_networkx(path, name="mixed", capacity_bps=1.0)
    image = farthest_permutation(fabric=fabric)
    # 0 and 2 swap; of 1, 3 and 4 most hops are 2 + 1 + 3; 5 has nobody
    assert image[[0, 2, 5]].tolist() == [2, 0, 5]
    assert sorted(image[[1, 3, 4]].tolist()) == [1, 3, 4]
    assert sum(abs(v - int(image[v])) for v in (1, 3, 4)) == 6
    traffic = permutation(fabric=fabric, image=image)
    assert traffic.sent_bit.tolist() == [2.0, 1.0, 2.0, 1.0, 1.0, 0.0]
    with pytest.raises(ValueError, match="0 has 2, 1 1"):
        permutation(fabric=fabric, image=[1, 0, 2, 3, 4, 5])


def test_a_large_symmetric_formation_is_reflected_through_its_centre() -> None:
    grid: nx.Graph[Any] = nx.grid_2d_graph(range(-17, 18), range(-15, 16))  # 1085 points, 35 by 31
    fabric = from_networkx(grid, name="grid", gpus=8, capacity_bps=1.0)
    fabric = replace(fabric, positions_m=np.array([(100.0 * j, 100.0 * i, 0.0) for i, j in grid.nodes]))
    image = farthest_permutation(fabric=fabric)
    assert fabric.positions_m is not None
    assert np.abs(fabric.positions_m[image] + fabric.positions_m).max() < 1e-6  # positions are sums of few terms
    assert (image == np.arange(fabric.n_nodes)).sum() == 1  # the centre alone stays
