"""What no wiring exceeds: attained by graphs that are known to be best, never beaten, and recomputed with networkx."""

from __future__ import annotations

import itertools
import math
from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from links.fso import OpticalLink
from links.parts import load_part
from links.terminal import TerminalLink
from optimize.design.moore import moore_bound_per_s
from optimize.design.sight import fractional_terminals, sight, sight_bound
from optimize.design.wirings import hop_sequence, wiring_bound
from optimize.flow.throughput import max_throughput
from optimize.flow.traffic import all_to_all
from tests.optimize.graphs import SMALL, Net, path_throughput, undirected
from topo.formation import lattice_block, suncatcher_lattice
from topo.orbit import Orbit
from topo.visibility import permanently_visible

ORBIT = Orbit(altitude_m=650e3)
LATTICE = suncatcher_lattice(orbit=ORBIT, pitch_m=100.0, radius_m=500.0)


def optical(**changes: Any) -> OpticalLink:
    given: dict[str, Any] = {
        "aperture_m": 0.1, "wavelength_m": 1.55e-6, "transceiver": load_part("coherent_400zr"), "channels": 24,
        "truncation": 1.12, "optics_loss_db": 3.0, "jitter_rad": 1e-6, "outage": 1e-6,
    }  # fmt: skip
    return OpticalLink(**{**given, **changes})


def all_pairs(n: int) -> list[tuple[int, int]]:
    return list(itertools.combinations(range(n), 2))


@pytest.mark.parametrize(("nodes", "degree"), [(5, 4), (7, 2), (10, 3), (50, 7), (81, 8), (1024, 8)])
def test_without_geometry_it_is_the_moore_bound(nodes: int, degree: int) -> None:
    found = wiring_bound(gpus=[1] * nodes, terminals=degree, terminal_bps=5.0)
    expected = float(moore_bound_per_s(nodes=nodes, degree=degree, link_bps=5.0))
    assert found.per_s == pytest.approx(expected, rel=1e-12)
    assert found.how == f"Moore bound, {degree} terminals"


def test_complete_graph_of_fewer_terminals_is_bounded_by_one_hop_or_by_shells() -> None:
    # 6 nodes with 5 terminals: one hop each; with 4 terminals: 4 at one hop and 1 at two
    assert wiring_bound(gpus=[1] * 6, terminals=5, terminal_bps=1.0).per_s == pytest.approx(1.0)
    assert wiring_bound(gpus=[1] * 6, terminals=4, terminal_bps=1.0).per_s == pytest.approx(4.0 / 6.0)


def test_satellites_that_see_their_neighbours_in_a_ring_only_are_bounded_by_the_ring() -> None:
    # 8 terminals do not help: the way round is 1, 1, 2, 2, 3, 3, 4 hops, and all terminals carry 8 x 8 x 3 bit/s
    pairs = [*((v, v + 1) for v in range(7)), (0, 7)]
    found = wiring_bound(gpus=[1] * 8, terminals=8, terminal_bps=3.0, pairs=pairs, pair_bps=[3.0] * 8)
    assert found.per_s == pytest.approx(8 * 8 * 3.0 / (8 * 16))
    assert found.how == "lines of sight and rates by range"


def test_satellites_in_a_line_are_bounded_by_distance_over_reach() -> None:
    # 5 in a line, 100 m apart, and no link longer than 200 m: hops are half the steps, rounded up
    places = np.array([[100.0 * v, 0.0, 0.0] for v in range(5)])
    hops = sum(math.ceil(abs(i - j) / 2) for i in range(5) for j in range(5))
    found = wiring_bound(gpus=[1] * 5, terminals=4, terminal_bps=2.0, positions_m=places, reach_m=200.0)
    assert found.per_s == pytest.approx(5 * 4 * 2.0 / hops)
    assert found.how == "distance over reach"


def test_shells_are_those_of_a_tree_without_meetings() -> None:
    assert np.bincount(hop_sequence(count=80, terminals=8, others=8)).tolist() == [0, 8, 56, 16]
    with pytest.raises(ValueError, match="do not join 4 nodes"):
        hop_sequence(count=3, terminals=1, others=1)


@st.composite
def spaces(draw: st.DrawFn) -> tuple[list[int], int, dict[tuple[int, int], float]]:
    """GPUs, terminals, and what a terminal carries between the pairs that see each other; a path joins all."""
    n = draw(st.integers(3, 4))
    gpus = draw(st.lists(st.integers(1, 3), min_size=n, max_size=n))
    rate = st.sampled_from([0.5, 1.0, 2.0])
    pairs = {(v, v + 1) for v in range(n - 1)} | set(draw(st.lists(st.sampled_from(all_pairs(n)), max_size=3)))
    return gpus, draw(st.integers(2, 3)), {pair: draw(rate) for pair in sorted(pairs)}


@SMALL
@given(spaces())
def test_no_wiring_of_a_small_formation_beats_either_bound(
    space: tuple[list[int], int, dict[tuple[int, int], float]],
) -> None:
    gpus, terminals, rates = space
    n = len(gpus)
    best = 0.0
    for counts in itertools.product(range(terminals + 1), repeat=len(rates)):
        used = [sum(c for (i, j), c in zip(rates, counts, strict=True) if v in (i, j)) for v in range(n)]
        capacity = {pair: c * rates[pair] for pair, c in zip(rates, counts, strict=True) if c}
        joined = nx.Graph(list(capacity))
        if max(used) <= terminals and len(joined) == n and nx.is_connected(joined):
            net = Net(tuple(gpus), {arc: c for (i, j), c in capacity.items() for arc in ((i, j), (j, i))})
            best = max(best, path_throughput(net, net.all_to_all(), np.zeros(n)))
    pairs, rate = np.array(list(rates)), np.array(list(rates.values()))
    bound = wiring_bound(gpus=gpus, terminals=terminals, terminal_bps=2.0, pairs=pairs, pair_bps=rate)
    assert best <= bound.per_s * (1 + 1e-9)
    nodes = Net(tuple(gpus), {(0, 1): 1.0, (1, 0): 1.0}).fabric()
    whole, limits = fractional_terminals(fabric=nodes, pairs=pairs, pair_bps=rate, terminals=terminals)
    answer = max_throughput(fabric=whole, traffic=all_to_all(fabric=whole), limits=limits)
    assert best <= answer.upper_per_s * (1 + 1e-9)


@SMALL
@given(spaces())
def test_the_uniform_price_bounds_the_program_over_fractions_of_terminals(
    space: tuple[list[int], int, dict[tuple[int, int], float]],
) -> None:
    # Any prices bound it; here each terminal costs one, recomputed with networkx. Shells do not: fractions have none.
    gpus, terminals, rates = space
    graph: nx.Graph[int] = nx.Graph()
    graph.add_weighted_edges_from((i, j, 1.0 / rate) for (i, j), rate in rates.items())
    cost = dict(nx.all_pairs_dijkstra_path_length(graph))
    paid = sum(gpus[s] * gpus[t] * cost[s][t] for s in graph for t in graph if s != t)
    nodes = Net(tuple(gpus), {(0, 1): 1.0, (1, 0): 1.0}).fabric()
    whole, limits = fractional_terminals(
        fabric=nodes, pairs=list(rates), pair_bps=list(rates.values()), terminals=terminals
    )
    answer = max_throughput(fabric=whole, traffic=all_to_all(fabric=whole), limits=limits)
    assert answer.lower_per_s <= len(gpus) * terminals / paid * (1 + 1e-9)
    answer.verify(fabric=whole, traffic=all_to_all(fabric=whole), limits=limits)


def test_fractions_of_terminals_cut_a_ring_in_time() -> None:
    # 3 nodes, one terminal each: whole terminals join two of them, fractions serve all three pairs in turn
    nodes = undirected(nx.complete_graph(3)).fabric()
    whole, limits = fractional_terminals(fabric=nodes, pairs=all_pairs(3), pair_bps=[4.0] * 3, terminals=1)
    answer = max_throughput(fabric=whole, traffic=all_to_all(fabric=whole), limits=limits)
    assert answer.lower_per_s == pytest.approx(2.0, rel=1e-6)
    assert limits.names == ("terminals of 0", "terminals of 1", "terminals of 2")


def test_sight_finds_the_pairs_that_are_never_blocked_and_what_the_transceivers_carry() -> None:
    seen = sight(formation=LATTICE, link=optical(), body_radius_m=15.0, epochs=12)
    expected = permanently_visible(formation=LATTICE, body_radius_m=15.0, epochs=72)
    assert seen.pairs is not None
    assert {tuple(pair) for pair in expected.tolist()} <= {tuple(pair) for pair in seen.pairs.tolist()}
    assert seen.terminal_bps == 24 * 400e9
    assert seen.reach_m == math.inf
    assert seen.ceiling_bps == pytest.approx(float(optical().limit_bps(range_m=100.0)), rel=1e-9)
    assert float(optical().limit_bps(range_m=100.0)) > 1000 * seen.terminal_bps


def test_sight_ends_where_the_budget_does() -> None:
    link = optical(aperture_m=0.025)
    seen = sight(formation=LATTICE, link=link, body_radius_m=0.0, epochs=1)
    assert seen.pairs is not None
    assert link.at(range_m=seen.reach_m * 1.001).rate_bps == 0.0
    assert link.at(range_m=seen.reach_m / 1.01).rate_bps > 0.0
    everyone = sight(formation=LATTICE, link=optical(), body_radius_m=0.0, epochs=1)
    assert everyone.pairs is not None
    assert len(seen.pairs) < len(everyone.pairs) == 210


def test_a_published_terminal_has_no_ceiling() -> None:
    link = TerminalLink(part=load_part("terminal_starlink"))
    seen = sight(formation=LATTICE, link=link, body_radius_m=0.0, epochs=1)
    assert seen.ceiling_bps is None
    assert seen.terminal_bps == pytest.approx(100e9)


def test_many_satellites_are_bounded_without_looking_at_every_pair() -> None:
    many = lattice_block(orbit=ORBIT, pitch_m=100.0, rows=3, columns=200)
    link = optical(aperture_m=0.025)
    seen = sight(formation=many, link=link, body_radius_m=15.0, epochs=1)
    assert seen.pairs is None
    fabric = Net((1,) * 600, {(0, 1): 1.0, (1, 0): 1.0}).fabric()
    found = sight_bound(fabric=fabric, seen=seen, terminals=8)
    # by hand, from places at the epoch: each hop covers the reach at most, and 8 terminals of 9.6 Tb/s send it
    places = many.positions_m(time_s=0.0)[0]
    far = np.linalg.norm(places[:, None] - places[None], axis=-1)
    by_reach = 600 * 8 * seen.terminal_bps / np.ceil(far / seen.reach_m).sum()
    assert found.per_s <= by_reach * (1 + 1e-9)
    assert found.per_s <= float(moore_bound_per_s(nodes=600, degree=8, link_bps=seen.terminal_bps)) * (1 + 1e-9)


def test_a_bound_is_for_someone_and_for_rates_that_a_terminal_has() -> None:
    with pytest.raises(ValueError, match="1 nodes have any"):
        wiring_bound(gpus=[1, 0], terminals=2, terminal_bps=1.0)
    with pytest.raises(ValueError, match="a pair carries 3"):
        wiring_bound(gpus=[1, 1], terminals=2, terminal_bps=1.0, pairs=[(0, 1)], pair_bps=[3.0])
    with pytest.raises(ValueError, match="give one of them"):
        wiring_bound(
            gpus=[1, 1], terminals=2, terminal_bps=1.0, pairs=[(0, 1)], pair_bps=[1.0], positions_m=np.zeros((2, 3))
        )


@pytest.mark.parametrize(
    ("pairs", "says"),
    [
        ([(0, 1), (1, 2), (0, 1)], r"\(0, 1\) is there 2 times"),  # two costs of one pair were added
        ([(0, 1), (2, 1)], r"\(2, 1\); give i < j"),
        ([(0, 1), (1, 1), (1, 2)], r"\(1, 1\); give i < j"),
        ([(0, 1), (1, 3)], r"\(1, 3\); give i < j, both from 0 to 2"),
        ([(-1, 1), (1, 2)], r"\(-1, 1\); give i < j"),
    ],
)
def test_pairs_are_given_once_and_in_order(pairs: list[tuple[int, int]], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        wiring_bound(gpus=[1] * 3, terminals=2, terminal_bps=1.0, pairs=pairs, pair_bps=[1.0] * len(pairs))
