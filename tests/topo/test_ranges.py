"""Distances of pairs over an orbit, and neighbours within a reach."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from topo.ellipse import closest_pair, distance_extremes_m, positions_m
from topo.formation import Formation, lattice_block, suncatcher_lattice
from topo.orbit import Orbit
from topo.ranges import check_pairs, neighbours_within, range_extremes_m, ranges_m

ORBIT = Orbit(altitude_m=650e3)
SUNCATCHER = suncatcher_lattice(orbit=ORBIT, pitch_m=100.0, radius_m=1000.0)


def random_formation(n: int, seed: int) -> Formation:
    rng = np.random.default_rng(seed)
    columns = dict(zip(("radial_cos_m", "radial_sin_m", "along_track_offset_m", "normal_cos_m", "normal_sin_m"),
                       rng.normal(0.0, 300.0, (5, n)), strict=True))  # fmt: skip
    return Formation(orbit=ORBIT, name="random", **columns)


def sampled(formation: Formation, pairs: NDArray[np.int64], count: int) -> NDArray[np.float64]:
    p = formation.positions_m(time_s=formation.epochs_s(count=count))
    return np.asarray(np.linalg.norm(p[:, pairs[:, 1]] - p[:, pairs[:, 0]], axis=-1))


@given(st.lists(st.floats(-1e3, 1e3), min_size=5, max_size=5))
@settings(max_examples=60, deadline=None)
def test_no_sampled_distance_lies_outside_the_extremes(coefficients: list[float]) -> None:
    rows = np.array([coefficients])
    low, high = distance_extremes_m(coefficients_m=rows)
    distance = np.linalg.norm(positions_m(coefficients_m=rows, phase_rad=np.linspace(0.0, 2.0 * np.pi, 721)), axis=-1)
    # the extremes are exact, so only rounding of squares of 1e3 m: 1e-4 m near zero distance
    assert low[0] <= distance.min() + 1e-4
    assert high[0] >= distance.max() - 1e-9
    assert high[0] <= distance.max() * (1.0 + 1e-4) + 1e-9  # half a degree of phase: (0.0044)^2 times 4


def test_extremes_with_offsets_are_those_of_dense_samples() -> None:
    formation = random_formation(60, 1)
    pairs = np.array(list(itertools.combinations(range(60), 2)))
    low, high = range_extremes_m(formation=formation, pairs=pairs)
    distance = sampled(formation, pairs, 3600)
    assert np.allclose(high, distance.max(axis=0), rtol=1e-6)  # curvature times (0.05 deg)^2
    assert np.allclose(low, distance.min(axis=0), rtol=1e-6, atol=0.05)


@pytest.mark.parametrize(
    ("reach_m", "links"),
    [(199.0, 0), (200.0, 140), (283.0, 272), (400.0, 394), (447.3, 626), (1250.0, 2410), (2000.0, 3240)],
)
def test_suncatcher_has_the_published_number_of_links_within_a_reach(reach_m: float, links: int) -> None:
    # counts of integer points, arXiv:2511.19468 geometry
    assert len(neighbours_within(formation=SUNCATCHER, reach_m=reach_m)) == links


def test_reach_of_exactly_the_diagonal_includes_it() -> None:
    assert len(neighbours_within(formation=SUNCATCHER, reach_m=200.0 * 2.0**0.5)) == 272


def test_neighbours_are_those_found_by_comparing_all_pairs() -> None:
    formation = random_formation(80, 2)
    pairs = np.array(list(itertools.combinations(range(80), 2)))
    expected = pairs[sampled(formation, pairs, 3600).max(axis=0) <= 900.0]
    found = neighbours_within(formation=formation, reach_m=900.0)
    assert len(found) > 10
    assert found.tolist() == expected.tolist()


def test_ten_thousand_satellites_have_their_neighbours_at_once() -> None:
    block = lattice_block(orbit=ORBIT, pitch_m=100.0, rows=100, columns=100)
    assert len(neighbours_within(formation=block, reach_m=200.0)) == 2 * 100 * 99


def test_ranges_do_not_depend_on_the_order_of_a_pair() -> None:
    time_s = np.array([0.0, 700.0, 1900.0])
    there = ranges_m(formation=SUNCATCHER, pairs=[(3, 40)], time_s=time_s)
    assert there.shape == (3, 1)
    assert np.array_equal(there, ranges_m(formation=SUNCATCHER, pairs=[(40, 3)], time_s=time_s))


@pytest.mark.parametrize("zeroed", [[], [2], [0, 1, 2]], ids=["general", "no offsets", "side by side across-track"])
@pytest.mark.parametrize("seed", range(3))
def test_closest_pair_is_the_one_that_dense_samples_find(seed: int, zeroed: list[int]) -> None:
    coefficients = random_formation(90, seed).coefficients_m
    coefficients[:, zeroed] = 0.0
    i, j, distance = closest_pair(coefficients_m=coefficients)
    p = positions_m(coefficients_m=coefficients, phase_rad=np.linspace(0.0, 2.0 * np.pi, 2000))
    pairs = np.array(list(itertools.combinations(range(90), 2)))
    least = np.linalg.norm(p[:, pairs[:, 1]] - p[:, pairs[:, 0]], axis=-1).min(axis=0)
    # samples 0.18 deg apart miss a minimum by at most half a step at about 2 km a radian
    assert distance <= least.min() + 1e-9
    assert distance == pytest.approx(least.min(), abs=3.2)
    assert least[(pairs == sorted((i, j))).all(axis=1)][0] == pytest.approx(distance, abs=3.2)


def test_search_below_a_distance_finds_the_closest_pair_below_it() -> None:
    coefficients = random_formation(90, 5).coefficients_m
    everywhere = closest_pair(coefficients_m=coefficients)
    assert closest_pair(coefficients_m=coefficients, below_m=everywhere[2] * 1.5)[2] == everywhere[2]
    assert closest_pair(coefficients_m=coefficients, below_m=everywhere[2] * 0.5)[2] >= everywhere[2]


@pytest.mark.parametrize(
    ("pairs", "words"),
    [
        ([(0, 81)], "satellite 81 does not exist; the formation has 81"),
        ([(0, 1, 2)], "need shape"),
        ([(0.0, 1.0)], "integers"),
    ],
)
def test_bad_pairs_are_named(pairs: list[tuple[float, ...]], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        check_pairs(pairs, n=81)


def test_no_pairs_are_no_error() -> None:
    assert ranges_m(formation=SUNCATCHER, pairs=[], time_s=0.0).shape == (1, 0)
