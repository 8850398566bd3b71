"""Satellites that shade each other, and the Sun near lines of sight."""

from __future__ import annotations

import math

import numpy as np
import pytest

from topo.designs import fcc_lattice, tilted_hexagon
from topo.formation import Formation, suncatcher_lattice
from topo.orbit import Orbit
from topo.shadow import shaded_fraction, sun_offset_rad
from topo.sun import sun_in_hill_frame

ORBIT = Orbit(altitude_m=650e3)


def at_rest(*along_track_m: float) -> Formation:
    zero = np.zeros(len(along_track_m))
    return Formation(orbit=ORBIT, name="row", radial_cos_m=zero, radial_sin_m=zero,
                     along_track_offset_m=np.array(along_track_m), normal_cos_m=zero, normal_sin_m=zero)  # fmt: skip


def test_overlap_of_two_discs_is_the_area_that_random_points_find() -> None:
    # Sun in the plane, phase chosen so that the two are 8 m apart across its direction
    apart, radius = 100.0, 10.0
    row = at_rest(0.0, apart)
    angle = math.asin(8.0 / apart)
    time_s = (1.5 * math.pi - angle) / ORBIT.mean_motion_rad_s
    shaded = shaded_fraction(formation=row, body_radius_m=radius, beta_rad=0.0, time_s=time_s)[0]
    x, y = np.random.default_rng(0).uniform(-radius, radius, (2, 400_000))
    disc = np.hypot(x, y) < radius
    lens = (disc & (np.hypot(x - 8.0, y) < radius)).sum() / disc.sum()
    assert sorted(shaded)[0] == 0.0  # one of them is in front
    assert sorted(shaded)[1] == pytest.approx(lens, abs=4e-3)  # four standard deviations of 300,000 points


def test_the_one_behind_is_shaded() -> None:
    row = at_rest(0.0, 100.0)
    sun_ahead = 1.5 * math.pi / ORBIT.mean_motion_rad_s  # the Sun along +y
    assert np.allclose(sun_in_hill_frame(beta_rad=0.0, phase_rad=1.5 * math.pi), [0.0, 1.0, 0.0])
    shaded = shaded_fraction(formation=row, body_radius_m=10.0, beta_rad=0.0, time_s=sun_ahead)
    assert np.allclose(shaded, [[1.0, 0.0]])


def test_many_in_front_shade_no_more_than_everything() -> None:
    row = at_rest(0.0, 100.0, 200.0, 300.0)
    sun_ahead = 1.5 * math.pi / ORBIT.mean_motion_rad_s
    shaded = shaded_fraction(formation=row, body_radius_m=10.0, beta_rad=0.0, time_s=sun_ahead)
    assert np.allclose(shaded, [[1.0, 1.0, 1.0, 0.0]])


def test_planar_formation_shades_nobody_until_the_sun_is_near_its_plane() -> None:
    formation = suncatcher_lattice(orbit=ORBIT, pitch_m=100.0, radius_m=400.0)
    time_s = formation.epochs_s(count=36)
    # along the Sun's projection two satellites are at least 100 m sin(beta) apart across its direction
    for radius, some in ((15.0, False), (0.5 * 100.0 * math.sin(math.radians(58.6)) * 1.2, True)):
        shaded = shaded_fraction(formation=formation, body_radius_m=radius, beta_rad=math.radians(58.6), time_s=time_s)
        assert bool(shaded.max() > 0.0) is some


@pytest.mark.parametrize(
    ("formation", "beta_deg", "published"),
    [
        (tilted_hexagon(orbit=ORBIT, pitch_m=100.0, radius_m=1000.0), 75.0, 0.0),
        (fcc_lattice(orbit=ORBIT, pitch_m=100.0, satellites=1000), 58.6, 0.05),
        (fcc_lattice(orbit=ORBIT, pitch_m=100.0, satellites=1000), 75.0, 0.07),
    ],
)
def test_shade_of_the_published_designs(formation: Formation, beta_deg: float, published: float) -> None:
    # formation notes of the reference cases, section 4.2: two digits of a mean over 18 phases
    time_s = formation.epochs_s(count=18)
    shaded = shaded_fraction(formation=formation, body_radius_m=10.0, beta_rad=math.radians(beta_deg), time_s=time_s)
    assert shaded.mean() == pytest.approx(published, abs=0.01)


def test_later_noon_is_the_same_as_earlier_time() -> None:
    formation = at_rest(0.0, 50.0, 170.0)
    now = shaded_fraction(formation=formation, body_radius_m=20.0, beta_rad=0.1, time_s=4000.0, noon_s=0.0)
    shifted = shaded_fraction(formation=formation, body_radius_m=20.0, beta_rad=0.1, time_s=4500.0, noon_s=500.0)
    assert np.allclose(now, shifted)  # the row itself does not move


def test_sun_angle_is_that_of_the_two_directions() -> None:
    row = at_rest(0.0, 100.0)
    time_s = np.linspace(0.0, ORBIT.period_s, 9)
    angle = sun_offset_rad(formation=row, pairs=[(0, 1), (1, 0)], beta_rad=0.3, time_s=time_s)
    sun = sun_in_hill_frame(beta_rad=0.3, phase_rad=ORBIT.mean_motion_rad_s * time_s)
    assert np.allclose(np.cos(angle[:, 0]), sun[:, 1])
    assert np.allclose(angle.sum(axis=1), math.pi)  # seen from the other end it is behind


def test_sun_never_comes_nearer_to_planar_links_than_beta() -> None:
    formation = suncatcher_lattice(orbit=ORBIT, pitch_m=100.0, radius_m=400.0)
    pairs = [(0, 1), (0, 2), (3, 8)]
    angle = sun_offset_rad(formation=formation, pairs=pairs, beta_rad=1.0, time_s=formation.epochs_s(count=90))
    assert angle.min() >= 1.0 - 1e-12
    assert angle.max() <= math.pi - 1.0 + 1e-12
