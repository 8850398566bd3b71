"""Directions, rates and swings of lines of sight."""

from __future__ import annotations

import math

import numpy as np
import pytest

from topo.designs import fcc_lattice, general_circular
from topo.formation import Formation, suncatcher_lattice
from topo.orbit import Orbit
from topo.pointing import (
    doppler_hz,
    los_acceleration_rad_s2,
    los_directions,
    los_rate_rad_s,
    los_swing_rad,
    point_ahead_rad,
    range_rate_max_m_s,
    relative_speed_m_s,
)
from topo.ranges import ranges_m

ORBIT = Orbit(altitude_m=650e3)
N = ORBIT.mean_motion_rad_s
PLANAR = suncatcher_lattice(orbit=ORBIT, pitch_m=100.0, radius_m=400.0)
SOLID = fcc_lattice(orbit=ORBIT, pitch_m=100.0, radius_m=300.0)
PAIRS = [(0, 5), (2, 9), (3, 11)]


@pytest.mark.parametrize("orbit_fixed", [True, False])
@pytest.mark.parametrize("formation", [PLANAR, SOLID])
def test_directions_turn_at_the_rate_and_rates_change_at_the_acceleration(
    formation: Formation, orbit_fixed: bool
) -> None:
    step, time_s = 0.5, 1234.0
    where = np.array([time_s - step, time_s, time_s + step])
    direction = los_directions(formation=formation, pairs=PAIRS, time_s=where, orbit_fixed=orbit_fixed)
    rate = los_rate_rad_s(formation=formation, pairs=PAIRS, time_s=where, orbit_fixed=orbit_fixed)
    change = los_acceleration_rad_s2(formation=formation, pairs=PAIRS, time_s=time_s, orbit_fixed=orbit_fixed)
    # central differences over 1 s: (4 n)^3 / 24 and rounding of 1e-16
    assert np.allclose((direction[2] - direction[0]) / (2.0 * step), np.cross(rate[1], direction[1]), atol=1e-8)
    assert np.allclose((rate[2] - rate[0]) / (2.0 * step), change[0], atol=1e-11)


def test_planar_lines_of_sight_turn_between_half_and_twice_the_mean_motion() -> None:
    time_s = PLANAR.epochs_s(count=360)
    turning = los_rate_rad_s(formation=PLANAR, pairs=PAIRS, time_s=time_s, orbit_fixed=True)[..., 2]
    fixed = los_rate_rad_s(formation=PLANAR, pairs=PAIRS, time_s=time_s, orbit_fixed=False)[..., 2]
    assert turning.min() == pytest.approx(-2.0 * N, rel=1e-3)  # 1 deg samples
    assert turning.max() == pytest.approx(-0.5 * N, rel=1e-3)
    assert np.allclose(fixed, turning + N)  # axes fixed in space see the frame's own turning as well


def test_sun_pointing_bodies_need_twenty_degrees_and_orbit_fixed_ones_turn_round() -> None:
    azimuth, elevation = los_swing_rad(formation=PLANAR, pairs=PAIRS, orbit_fixed=False)
    assert np.allclose(azimuth, math.asin(1.0 / 3.0), atol=1e-9)  # all pairs share the same angles
    assert np.allclose(elevation, 0.0)
    assert np.allclose(los_swing_rad(formation=PLANAR, pairs=PAIRS, orbit_fixed=True)[0], math.pi)


def test_circle_in_space_swings_out_of_the_plane_by_its_tilt() -> None:
    ring = general_circular(orbit=ORBIT, satellites=6, radial_amplitude_m=100.0)
    _, elevation = los_swing_rad(formation=ring, pairs=[(0, 3), (1, 2)], orbit_fixed=True)
    assert np.allclose(elevation, math.radians(60.0), atol=1e-9)


@pytest.mark.parametrize("formation", [PLANAR, SOLID])
def test_range_rate_is_the_steepest_slope_of_the_range(formation: Formation) -> None:
    time_s = np.linspace(0.0, ORBIT.period_s, 20001)
    slope = (
        np.abs(np.diff(ranges_m(formation=formation, pairs=PAIRS, time_s=time_s), axis=0)) / np.diff(time_s)[:, None]
    )
    # differences over 0.3 s round the steepest place: second order in 3e-4 rad
    assert np.allclose(range_rate_max_m_s(formation=formation, pairs=PAIRS), slope.max(axis=0), rtol=1e-6)


def test_planar_pairs_keep_their_speed_in_axes_fixed_in_space() -> None:
    time_s = PLANAR.epochs_s(count=30)
    speed = relative_speed_m_s(formation=PLANAR, pairs=[(0, 1)], time_s=time_s, orbit_fixed=False)
    assert np.allclose(speed, 100.0 * N)


def test_doppler_and_point_ahead_follow_the_speed() -> None:
    assert float(point_ahead_rad(speed_m_s=1.0)) == pytest.approx(2.0 / 299792458.0)
    shift = doppler_hz(range_rate_m_s=[1.0, -2.0], wavelength_m=1e-6)
    assert shift.tolist() == pytest.approx([1e6, -2e6])
    with pytest.raises(ValueError, match=r"wavelength_m=0\.0"):
        doppler_hz(range_rate_m_s=1.0, wavelength_m=0.0)
