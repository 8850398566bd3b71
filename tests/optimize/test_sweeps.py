"""Cuts found by sweeps: they bound every routing, and find what is there to be found."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimize.flow.certificate import price_bound_per_s
from optimize.flow.sweeps import directions, slow_modes, sparsest_cut
from optimize.flow.traffic import all_to_all, from_matrix
from tests.optimize.graphs import SMALL, Floats, Net, nets, path_throughput, undirected
from topo.fabric import Fabric


def grid(k: int) -> Fabric:
    net = undirected(nx.grid_2d_graph(k, k))
    places = tuple((float(i), float(j), 0.0) for i in range(k) for j in range(k))
    return Net(net.gpus, net.capacity, positions=places).fabric()


@pytest.mark.parametrize("k", [4, 6])
@pytest.mark.parametrize("sweep", [directions, slow_modes])
def test_square_grid_is_cut_in_the_middle(k: int, sweep: Callable[..., Iterator[Floats]]) -> None:
    fabric = grid(k)
    cut = sparsest_cut(fabric=fabric, traffic=all_to_all(fabric=fabric), values=sweep(fabric=fabric))
    assert cut is not None
    assert cut.per_s == pytest.approx(4 / k**3, rel=1e-12)  # k links over k^2/2 x k^2/2 pairs
    assert cut.side.sum() == k * k // 2


def test_modes_find_the_bridge_between_two_cliques() -> None:
    k = 7
    fabric = undirected(nx.barbell_graph(k, 0)).fabric()
    cut = sparsest_cut(fabric=fabric, traffic=all_to_all(fabric=fabric), values=slow_modes(fabric=fabric))
    assert cut is not None
    assert cut.per_s == pytest.approx(1 / k**2, rel=1e-12)


def every_cut(net: Net, bits: Floats) -> Iterator[float]:
    """Capacity over traffic of every cut that traffic has to cross."""
    for size in range(1, net.n):
        for side in map(set, combinations(range(net.n), size)):
            wanted = sum(bits[s, t] for s in side for t in range(net.n) if t not in side)
            if wanted > 0:
                yield sum(c for (i, j), c in net.capacity.items() if i in side and j not in side) / wanted


@SMALL
@given(nets(limits=False, closed=False), st.data())
def test_a_cut_is_a_cut_and_no_routing_beats_it(net: Net, data: st.DataObject) -> None:
    fabric = net.fabric()
    values = [np.array(data.draw(st.lists(st.floats(-1, 1), min_size=net.n, max_size=net.n))) for _ in range(2)]
    some = st.sampled_from([0.0, 0.5, 1.0, 3.0])
    bits = np.array(data.draw(st.lists(some, min_size=net.n**2, max_size=net.n**2))).reshape(net.n, net.n)
    np.fill_diagonal(bits, 0.0)
    bits[0, 1] += 1.0
    for traffic, wanted in (
        (from_matrix(fabric=fabric, bits=bits, name="any"), bits),
        (all_to_all(fabric=fabric), net.all_to_all()),
    ):
        cut = sparsest_cut(fabric=fabric, traffic=traffic, values=values)
        assert cut is not None
        assert any(cut.per_s == pytest.approx(ratio, rel=1e-12) for ratio in every_cut(net, wanted))
        assert path_throughput(net, wanted, np.zeros(net.n)) <= cut.per_s * (1 + 1e-9)
        # its prices prove at least as much: a pair whose paths cross twice pays twice
        prices = cut.prices(fabric=fabric)
        assert price_bound_per_s(fabric=fabric, traffic=traffic, prices=prices) <= cut.per_s * (1 + 1e-12)


@SMALL
@given(nets(limits=False, closed=False), st.integers(0, 2**32 - 1))
def test_moving_nodes_never_makes_a_cut_worse(net: Net, seed: int) -> None:
    fabric = net.fabric()
    values = [np.random.default_rng(seed).random(net.n)]
    traffic = all_to_all(fabric=fabric)
    stays, moves = (sparsest_cut(fabric=fabric, traffic=traffic, values=values, moves=count) for count in (0, 50))
    assert stays is not None
    assert moves is not None
    assert moves.per_s <= stays.per_s * (1 + 1e-12)


def test_the_worse_direction_counts() -> None:
    fabric = Net((1, 1), {(0, 1): 5.0, (1, 0): 2.0}).fabric()
    cut = sparsest_cut(fabric=fabric, traffic=all_to_all(fabric=fabric), values=[np.array([0.0, 1.0])])
    assert cut is not None
    assert cut.per_s == 2.0
    assert cut.side.tolist() == [False, True]


def test_traffic_within_one_side_of_every_prefix_gives_no_cut() -> None:
    fabric = Net((1, 1), {(0, 1): 1.0, (1, 0): 1.0}).fabric()
    nothing = from_matrix(fabric=fabric, bits=np.zeros((2, 2)), name="nothing")
    assert sparsest_cut(fabric=fabric, traffic=nothing, values=[np.arange(2.0)]) is None


def test_fabric_without_positions_has_no_directions() -> None:
    assert list(directions(fabric=undirected(nx.path_graph(3)).fabric())) == []


def test_formation_in_a_line_has_one_direction() -> None:
    net = undirected(nx.path_graph(3))
    line = Net(net.gpus, net.capacity, positions=((0.0, 5.0, 1.0), (1.0, 5.0, 1.0), (2.0, 5.0, 1.0)))
    assert [value.tolist() for value in directions(fabric=line.fabric())] == [[0.0, 1.0, 2.0]]
