"""Wirings and the patterns that make them."""

from __future__ import annotations

from typing import Any

import networkx as nx
import numpy as np
import pytest

from topo.clos import clos, clos_compute_fraction, clos_tiers
from topo.designs import cartwheel
from topo.formation import lattice_block, suncatcher_lattice
from topo.long_links import random_regular, small_world
from topo.orbit import Orbit
from topo.patterns import nearest, ring, short_tour, torus
from topo.ranges import neighbours_within, range_extremes_m
from topo.visibility import permanently_visible, require_visible
from topo.wiring import Wiring

ORBIT = Orbit(altitude_m=650e3)
SUNCATCHER = suncatcher_lattice(orbit=ORBIT, pitch_m=100.0, radius_m=1000.0)
VISIBLE = permanently_visible(formation=SUNCATCHER, body_radius_m=15.0, epochs=36)


def graph_of(wiring: Wiring, n: int) -> nx.Graph[Any]:
    graph: nx.Graph[Any] = nx.Graph()
    graph.add_nodes_from(range(n))
    graph.add_edges_from(wiring.pairs.tolist())
    return graph


# --- the noun


@pytest.mark.parametrize(
    ("pairs", "terminals", "words"),
    [
        ([(1, 0)], [1], r"pairs\[0\]=\(1, 0\); write each pair once as \(i, j\), 0 <= i < j"),
        ([(0, 1), (2, 2)], [1, 1], r"pairs\[1\]=\(2, 2\)"),
        ([(0, 1), (0, 1)], [1, 1], r"pair \(0, 1\) appears twice; give it once and add its terminals up"),
        ([(0, 1)], [0], r"terminals\[0\]=0; need at least 1"),
        ([(0, 1)], [1, 1], r"terminals of shape \(2,\)"),
        ([(0.0, 1.0)], [1], "need .* integers"),
    ],
)
def test_wiring_that_is_none_is_refused(pairs: list[tuple[int, int]], terminals: list[int], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Wiring(name="bad", pairs=np.array(pairs), terminals=np.array(terminals))


def test_demand_counts_terminals_and_degree_counts_neighbours() -> None:
    wiring = Wiring(name="w", pairs=np.array([(0, 1), (1, 2)]), terminals=np.array([3, 1]))
    assert wiring.demand(n=4).tolist() == [3, 4, 1, 0]
    assert wiring.degree(n=4).tolist() == [1, 2, 1, 0]
    assert wiring.is_connected(n=3)
    assert not wiring.is_connected(n=4)


def test_missing_satellite_and_missing_terminal_are_named() -> None:
    wiring = Wiring(name="w", pairs=np.array([(0, 1), (1, 5)]), terminals=np.array([1, 2]))
    with pytest.raises(ValueError, match=r"pair \(1, 5\) names satellite 5; the formation has 3"):
        wiring.check(n=3, terminals=9)
    with pytest.raises(ValueError, match="satellite 1 needs 3 terminals and has 2; take links away"):
        wiring.check(n=6, terminals=[9, 2, 9, 9, 9, 9])
    wiring.check(n=6, terminals=3)


def test_empty_wiring_is_a_wiring() -> None:
    wiring = Wiring.from_pairs(name="none", pairs=[])
    assert wiring.demand(n=2).tolist() == [0, 0]
    assert not wiring.is_connected(n=2)


def test_graph_becomes_the_same_graph_and_parallel_edges_become_terminals() -> None:
    graph: nx.MultiGraph[Any] = nx.MultiGraph([("a", "b"), ("a", "b"), ("b", "c")])
    graph.add_edge("c", "a", terminals=4)
    wiring = Wiring.from_graph(graph=graph, order=["c", "a", "b"])
    found = dict(zip(map(tuple, wiring.pairs.tolist()), wiring.terminals.tolist(), strict=True))
    assert found == {(1, 2): 2, (0, 2): 1, (0, 1): 4}
    assert nx.is_isomorphic(graph_of(Wiring.from_graph(graph=nx.petersen_graph()), 10), nx.petersen_graph())


@pytest.mark.parametrize(
    ("graph", "order", "words"),
    [
        (nx.DiGraph([(0, 1)]), None, "use to_undirected"),
        (nx.Graph([(0, 1)]), [0, 2], r"missing \[1\]"),
        (nx.Graph([(0, 0)]), None, r"pairs\[0\]=\(0, 0\)"),
    ],
)
def test_graph_that_is_no_wiring_is_refused(graph: nx.Graph[Any], order: list[int] | None, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Wiring.from_graph(graph=graph, order=order)


# --- short and regular patterns


def test_nearest_with_terminals_to_spare_takes_all_candidates() -> None:
    near = neighbours_within(formation=SUNCATCHER, reach_m=283.0)
    assert nearest(formation=SUNCATCHER, candidates=near, terminals=8).pairs.tolist() == near.tolist()


def test_nearest_spends_terminals_on_the_shortest_links_first() -> None:
    wiring = nearest(formation=SUNCATCHER, candidates=VISIBLE, terminals=4)
    _, high = range_extremes_m(formation=SUNCATCHER, pairs=wiring.pairs)
    wiring.check(n=81, terminals=4)
    direct = neighbours_within(formation=SUNCATCHER, reach_m=200.0)
    # every direct neighbour: four of them fit exactly into four terminals
    assert set(map(tuple, direct.tolist())) <= set(map(tuple, wiring.pairs.tolist()))
    assert np.median(high) == pytest.approx(200.0)


def test_nearest_leaves_no_candidate_whose_ends_both_have_a_terminal_left() -> None:
    wiring = nearest(formation=SUNCATCHER, candidates=VISIBLE, terminals=np.arange(81) % 5)
    left = np.arange(81) % 5 - wiring.demand(n=81)
    chosen = set(map(tuple, wiring.pairs.tolist()))
    assert (left >= 0).all()
    assert [pair for pair in map(tuple, VISIBLE.tolist()) if pair not in chosen and left[list(pair)].min() > 0] == []


@pytest.mark.parametrize("sizes", [(5,), (3, 4), (4, 4, 4), (2, 2, 2), (2, 5), (1, 6)])
@pytest.mark.parametrize("folded", [False, True])
def test_torus_is_the_product_of_rings(sizes: tuple[int, ...], folded: bool) -> None:
    expected = nx.empty_graph(1)
    for size in sizes:
        expected = nx.cartesian_product(expected, nx.cycle_graph(size) if size > 2 else nx.path_graph(size))
    wiring = torus(dimensions=sizes, folded=folded)
    n = int(np.prod(sizes))
    assert nx.is_isomorphic(graph_of(wiring, n), expected)
    assert wiring.terminals.max() == 1


def test_folded_torus_has_no_link_over_more_than_two_places() -> None:
    place = np.stack(np.unravel_index(np.arange(63), (7, 9)), axis=-1)
    steps = np.abs(np.diff(place[torus(dimensions=(7, 9), folded=True).pairs], axis=1))
    assert steps.max() == 2


def test_torus_laid_out_on_the_planar_lattice_runs_through_satellites() -> None:
    block = lattice_block(orbit=ORBIT, pitch_m=100.0, rows=5, columns=5)
    with pytest.raises(ValueError, match="another satellite comes within"):
        require_visible(formation=block, pairs=torus(dimensions=(5, 5), folded=True).pairs, body_radius_m=15.0)


def test_torus_order_moves_the_links() -> None:
    order = np.random.default_rng(0).permutation(12)
    moved = torus(dimensions=(3, 4), order=order)
    plain = torus(dimensions=(3, 4))
    assert set(map(tuple, moved.pairs.tolist())) == {tuple(sorted(order[list(pair)].tolist())) for pair in plain.pairs}
    with pytest.raises(ValueError, match="each of the 12 satellites"):
        torus(dimensions=(3, 4), order=[0] * 12)


def test_short_tour_of_a_cartwheel_goes_round_it() -> None:
    wheel = cartwheel(orbit=ORBIT, satellites=12, radial_amplitude_m=300.0)
    around = ring(order=short_tour(formation=wheel))
    assert around.pairs.tolist() == ring(order=range(12)).pairs.tolist()


def test_short_tour_of_suncatcher_uses_neighbours_only() -> None:
    around = ring(order=short_tour(formation=SUNCATCHER))
    _, high = range_extremes_m(formation=SUNCATCHER, pairs=around.pairs)
    assert nx.is_isomorphic(graph_of(around, 81), nx.cycle_graph(81))
    # 81 is odd and the lattice two-coloured, so at least one diagonal of 283 m is needed
    assert 200.0 < high.max() < 284.0


def test_ring_of_two_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 3 satellites, each once"):
        ring(order=[0, 1])


# --- long links


@pytest.mark.parametrize("seed", range(3))
def test_random_wiring_uses_every_terminal_of_the_pairs_that_see_each_other(seed: int) -> None:
    wiring = random_regular(n=81, terminals=8, seed=seed, candidates=VISIBLE)
    wiring.check(n=81, terminals=8)
    assert set(map(tuple, wiring.pairs.tolist())) <= set(map(tuple, VISIBLE.tolist()))
    assert wiring.demand(n=81).sum() >= 81 * 8 - 1
    assert wiring.terminals.max() == 1


def test_random_wiring_has_fewer_hops_than_nearest_neighbours() -> None:
    random = graph_of(random_regular(n=81, terminals=8, seed=0, candidates=VISIBLE), 81)
    near = graph_of(nearest(formation=SUNCATCHER, candidates=VISIBLE, terminals=8), 81)
    assert nx.average_shortest_path_length(random) < 0.8 * nx.average_shortest_path_length(near)


def test_random_wiring_is_the_same_for_the_same_seed_only() -> None:
    first, again, other = (random_regular(n=30, terminals=4, seed=seed).pairs.tolist() for seed in (1, 1, 2))
    assert first == again != other


def test_odd_number_of_terminals_leaves_one_over() -> None:
    assert random_regular(n=9, terminals=3, seed=0).demand(n=9).sum() == 26


def test_small_world_keeps_the_short_links_and_adds_long_ones() -> None:
    short = nearest(formation=SUNCATCHER, candidates=VISIBLE, terminals=4)
    wiring = small_world(formation=SUNCATCHER, candidates=VISIBLE, terminals=8, short_terminals=4, seed=3)
    wiring.check(n=81, terminals=8)
    assert set(map(tuple, short.pairs.tolist())) <= set(map(tuple, wiring.pairs.tolist()))
    assert wiring.demand(n=81).sum() >= 81 * 8 - 1
    _, high = range_extremes_m(formation=SUNCATCHER, pairs=wiring.pairs)
    assert high.max() > 900.0
    with pytest.raises(ValueError, match="short_terminals=9: need 0 to the 8"):
        small_world(formation=SUNCATCHER, candidates=VISIBLE, terminals=8, short_terminals=9, seed=3)


# --- Clos


@pytest.mark.parametrize(("terminals", "layers"), [(4, 3), (10, 3), (12, 3), (8, 4), (12, 5)])
def test_compute_fraction_is_that_of_counting_ports(terminals: int, layers: int) -> None:
    # N compute satellites with 2 uplinks; every switch tier carries 2 N links down and, but for the top, 2 N up
    n = 1000.0 * terminals
    switches = (layers - 2) * 2.0 * n / (terminals / 2.0) + 2.0 * n / terminals
    assert clos_compute_fraction(terminals=terminals, layers=layers) == pytest.approx(n / (n + switches))


def test_clos_of_published_size_is_the_whole_vl2() -> None:
    # VL2 with k ports: k^2/4 racks, k aggregation and k/2 intermediate switches, all of these joined
    assert clos_tiers(n=40, terminals=10) == (25, 10, 5)
    wiring, tier = clos(n=40, terminals=10, seed=0)
    graph = graph_of(wiring, 40)
    assert nx.is_isomorphic(graph.subgraph(np.flatnonzero(tier > 0).tolist()), nx.complete_bipartite_graph(10, 5))
    assert sorted(dict(graph.degree()).values()) == [2] * 25 + [10] * 15


@pytest.mark.parametrize("terminals", [4, 6, 8, 10])
def test_clos_fits_suncatcher_along_its_sight_lines(terminals: int) -> None:
    wiring, tier = clos(n=81, terminals=terminals, seed=0, candidates=VISIBLE)
    wiring.check(n=81, terminals=terminals)
    assert set(map(tuple, wiring.pairs.tolist())) <= set(map(tuple, VISIBLE.tolist()))
    assert wiring.is_connected(n=81)
    levels = np.sort(tier[wiring.pairs], axis=1)
    assert (levels[:, 1] - levels[:, 0] == 1).all()  # links run between neighbouring tiers only
    assert (wiring.demand(n=81)[tier == 0] == 2).all()
    assert (tier == 0).mean() == pytest.approx(clos_compute_fraction(terminals=terminals, layers=3), abs=0.02)


def test_clos_without_enough_sight_lines_says_which_tier_fails() -> None:
    near = neighbours_within(formation=SUNCATCHER, reach_m=200.0)
    with pytest.raises(ValueError, match=r"clos: no placement of tiers .* tier \d gets too few links along the 140"):
        clos(n=81, terminals=12, seed=0, candidates=near)


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"terminals": 5}, "need an even number"),
        ({"terminals": 8, "layers": 2}, "at least 3"),
        ({"terminals": 80}, "too few"),
    ],
)
def test_impossible_clos_is_refused(keys: dict[str, int], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        clos(n=40, seed=0, **keys)
