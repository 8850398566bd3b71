"""Who stands in whose way: against the exact rule of the planar lattice, and against comparing every satellite."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from topo.designs import fcc_lattice, tilted_hexagon
from topo.formation import Formation, lattice_block, suncatcher_lattice
from topo.orbit import Orbit
from topo.ranges import neighbours_within, ranges_m
from topo.visibility import clearance_m, permanently_visible, require_visible, visible, visible_from

ORBIT = Orbit(altitude_m=650e3)
SUNCATCHER = suncatcher_lattice(orbit=ORBIT, pitch_m=100.0, radius_m=1000.0)


def all_pairs(n: int) -> np.ndarray:
    return np.array(list(itertools.combinations(range(n), 2)))


def compared(points: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """Least distance of any third point to each segment, one segment at a time."""
    found = []
    for i, j in pairs:
        along = points[j] - points[i]
        part = np.clip((points - points[i]) @ along / (along @ along), 0.0, 1.0)
        miss = np.linalg.norm(points - points[i] - part[:, None] * along, axis=1)
        found.append(np.delete(miss, [i, j]).min())
    return np.array(found)


def scattered(n: int, seed: int) -> Formation:
    columns = np.random.default_rng(seed).normal(0.0, 400.0, (5, n))
    xc, xs, yc, zc, zs = columns
    return Formation(orbit=ORBIT, name="scattered", radial_cos_m=xc, radial_sin_m=xs, along_track_offset_m=yc,
                     normal_cos_m=zc, normal_sin_m=zs)  # fmt: skip


HEXAGON = tilted_hexagon(orbit=ORBIT, pitch_m=100.0, radius_m=300.0)


@pytest.mark.parametrize("formation", [scattered(50, 1), SUNCATCHER, HEXAGON])
def test_clearance_is_that_of_comparing_every_satellite(formation: Formation) -> None:
    pairs = all_pairs(len(formation))[::3]
    got = clearance_m(formation=formation, pairs=pairs, time_s=[777.0])
    assert np.allclose(got[0], compared(formation.positions_m(time_s=777.0)[0], pairs), atol=1e-9)


@pytest.mark.parametrize("body_radius_m", [10.0, 15.0, 25.0, 40.0])
def test_suncatcher_sees_exactly_the_coprime_pairs_with_room_between(body_radius_m: float) -> None:
    # the map from indices to places is linear: collinear stays collinear, and the strip between two lattice lines
    # is 2e4 m^2 / range wide; the range is greatest, 200 m |d|, once an orbit
    index = np.asarray(SUNCATCHER.index)
    members = {tuple(point) for point in index.tolist()}
    expected = []
    for i, j in all_pairs(81):
        d = index[j] - index[i]
        divisor = math.gcd(*d.tolist())
        narrow = 2e4 / (200.0 * math.hypot(*d)) < body_radius_m
        # the points nearest to the segment lie at index distance 1 / |d| beside it, if they belong to the disc
        beside = False
        if divisor == 1 and narrow:
            cross = [p for p in members if abs((p[0] - index[i][0]) * d[1] - (p[1] - index[i][1]) * d[0]) == 1]
            beside = any(0 < (np.array(p) - index[i]) @ d < d @ d for p in cross)
        if divisor == 1 and not (narrow and beside):
            expected.append([i, j])
    found = permanently_visible(formation=SUNCATCHER, body_radius_m=body_radius_m, epochs=36)
    assert found.tolist() == expected


def test_clearance_times_range_is_constant_on_the_lattice() -> None:
    block = lattice_block(orbit=ORBIT, pitch_m=100.0, rows=5, columns=5)
    time_s = block.epochs_s(count=12)
    pairs = [(0, 7), (2, 19)]  # index differences (1, 2) and (3, 2)
    clearance = clearance_m(formation=block, pairs=pairs, time_s=time_s)
    area = clearance * ranges_m(formation=block, pairs=pairs, time_s=time_s)
    # the nearest body is beside the line except where an end of the line is nearer than that
    assert np.allclose(area.min(axis=0), 2e4)
    assert area.max() <= 2e4 * (1.0 + 1e-9)


@pytest.mark.parametrize(("body_radius_m", "seen"), [(5.0, 228), (10.0, 168), (15.0, 72), (25.0, 24)])
def test_centre_of_the_tilted_hexagon_sees_the_published_number(body_radius_m: float, seen: int) -> None:
    # formation notes of the reference cases, section 4.1
    formation = tilted_hexagon(orbit=ORBIT, pitch_m=100.0, radius_m=1000.0)
    assert visible_from(formation=formation, source=0, body_radius_m=body_radius_m, epochs=4).sum() == seen


def test_both_ways_of_looking_agree() -> None:
    formation = fcc_lattice(orbit=ORBIT, pitch_m=100.0, satellites=120)
    by_cones = permanently_visible(formation=formation, body_radius_m=20.0, epochs=24)
    pairs = all_pairs(len(formation))
    by_segments = permanently_visible(formation=formation, body_radius_m=20.0, epochs=24, pairs=pairs)
    assert 0 < len(by_cones) < len(pairs)
    assert by_cones.tolist() == by_segments.tolist()


def test_larger_bodies_hide_more() -> None:
    seen = []
    for radius_m in (5.0, 15.0, 30.0):
        pairs = permanently_visible(formation=SUNCATCHER, body_radius_m=radius_m, epochs=12)
        seen.append({(int(i), int(j)) for i, j in pairs})
    assert seen[2] < seen[1] < seen[0]


def test_sight_is_mutual() -> None:
    pairs = all_pairs(81)[::7]
    there = visible(formation=SUNCATCHER, pairs=pairs, time_s=300.0, body_radius_m=20.0)
    assert np.array_equal(there, visible(formation=SUNCATCHER, pairs=pairs[:, ::-1], time_s=300.0, body_radius_m=20.0))


def test_line_that_just_touches_a_body_is_clear() -> None:
    block = lattice_block(orbit=ORBIT, pitch_m=100.0, rows=2, columns=3)
    least = clearance_m(formation=block, pairs=[(0, 5)], time_s=0.0)[0, 0]
    assert visible(formation=block, pairs=[(0, 5)], time_s=0.0, body_radius_m=least).all()
    assert not visible(formation=block, pairs=[(0, 5)], time_s=0.0, body_radius_m=least * 1.001).any()


def test_ten_thousand_satellites_are_looked_at_in_one_call() -> None:
    block = lattice_block(orbit=ORBIT, pitch_m=100.0, rows=100, columns=100)
    pairs = neighbours_within(formation=block, reach_m=400.0)
    straight = np.abs(np.diff(np.asarray(block.index)[pairs], axis=1)[:, 0]).max(axis=1) > 1  # (2, 0) and (0, 2)
    seen = visible(formation=block, pairs=pairs, time_s=0.0, body_radius_m=15.0)[0]
    assert np.array_equal(seen, ~straight)


def test_two_satellites_always_see_each_other() -> None:
    pair = lattice_block(orbit=ORBIT, pitch_m=100.0, rows=1, columns=2)
    assert clearance_m(formation=pair, pairs=[(0, 1)], time_s=0.0)[0, 0] == np.inf
    assert len(permanently_visible(formation=pair, body_radius_m=10.0)) == 1


def test_wiring_through_a_satellite_is_refused_with_its_pair() -> None:
    row = lattice_block(orbit=ORBIT, pitch_m=100.0, rows=1, columns=3)
    require_visible(formation=row, pairs=[(0, 1), (1, 2)], body_radius_m=15.0)
    with pytest.raises(ValueError, match=r"pair \(0, 2\): another satellite comes within 0\.000 m of the sight line"):
        require_visible(formation=row, pairs=[(0, 1), (0, 2)], body_radius_m=15.0)


def test_bad_questions_are_refused() -> None:
    with pytest.raises(ValueError, match="source=81: the formation has satellites 0 to 80"):
        visible_from(formation=SUNCATCHER, source=81, body_radius_m=10.0)
    with pytest.raises(ValueError, match=r"body_radius_m=0\.0"):
        visible(formation=SUNCATCHER, pairs=[(0, 1)], time_s=0.0, body_radius_m=0.0)
