"""The reference orbit and its secular rates."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from topo.dynamics import circular_state, node_crossings
from topo.orbit import (
    Orbit,
    mean_motion_rad_s,
    node_rate_rad_s,
    perigee_rate_rad_s,
    sun_synchronous_inclination_rad,
)


def test_period_of_a_geostationary_orbit_is_a_sidereal_day() -> None:
    # 42164.17 km and 86164.1 s: both to the last printed digit, so 2e-6 of each other
    assert 2.0 * math.pi / mean_motion_rad_s(semi_major_axis_m=42164.17e3) == pytest.approx(86164.1, rel=2e-6)


def test_altitude_alone_makes_a_sun_synchronous_orbit() -> None:
    orbit = Orbit(altitude_m=650e3)
    # 360 deg in 365.2422 days; the inclination solves the same equation, so to rounding
    assert math.degrees(orbit.node_rate_rad_s) * 86400.0 == pytest.approx(360.0 / 365.2421897, rel=1e-12)


@pytest.mark.parametrize(("altitude_km", "inclination_deg"), [(500.0, 97.40), (800.0, 98.60), (1000.0, 99.48)])
def test_sun_synchronous_inclinations_are_those_of_the_textbooks(altitude_km: float, inclination_deg: float) -> None:
    angle = sun_synchronous_inclination_rad(semi_major_axis_m=6378137.0 + altitude_km * 1e3)
    assert math.degrees(float(angle)) == pytest.approx(inclination_deg, abs=0.01)  # printed to two decimals


def test_changing_the_altitude_keeps_an_orbit_sun_synchronous() -> None:
    moved = replace(Orbit(altitude_m=650e3), altitude_m=800e3)
    assert moved.plane_inclination_rad == pytest.approx(Orbit(altitude_m=800e3).plane_inclination_rad)


def test_no_orbit_above_six_thousand_kilometres_is_sun_synchronous() -> None:
    with pytest.raises(ValueError, match="no orbit this high is sun-synchronous; give an inclination"):
        _ = Orbit(altitude_m=6500e3).plane_inclination_rad
    assert Orbit(altitude_m=6500e3, inclination_rad=1.0).period_s > 0.0


def test_node_of_a_polar_orbit_stands_still() -> None:
    assert float(node_rate_rad_s(semi_major_axis_m=7e6, inclination_rad=math.pi / 2.0)) == pytest.approx(0.0, abs=1e-20)


def test_perigee_stands_still_at_the_critical_inclination() -> None:
    critical = math.atan(2.0)  # 63.4349 deg, 5 cos^2 i = 1
    rates = perigee_rate_rad_s(semi_major_axis_m=7e6, inclination_rad=[0.0, critical])
    assert abs(rates[1]) < 1e-15 * rates[0]  # rounding


def test_secular_rates_grow_as_the_square_of_one_over_one_minus_e_squared() -> None:
    round_, long = (node_rate_rad_s(semi_major_axis_m=8e6, inclination_rad=0.5, eccentricity=e) for e in (0.0, 0.1))
    assert float(long / round_) == pytest.approx((1.0 - 0.01) ** -2, rel=1e-12)


def test_first_order_rates_agree_with_propagation_to_second_order() -> None:
    orbit = Orbit(altitude_m=650e3)
    # +1.74 m/s makes the orbit circular in the mean; osculating and mean elements differ by J2 = 1e-3 times a few
    time_s, node = node_crossings(state=circular_state(orbit=orbit, along_track_m_s=1.740822558), count=15)
    assert (node[-1] - node[0]) / time_s[-1] == pytest.approx(orbit.node_rate_rad_s, rel=5e-3)
    assert time_s[-1] / 15 == pytest.approx(orbit.nodal_period_s, rel=5e-3)


def test_rates_broadcast_over_altitudes_and_inclinations() -> None:
    rates = node_rate_rad_s(semi_major_axis_m=np.array([[7e6], [8e6]]), inclination_rad=np.array([0.5, 1.0, 1.5]))
    assert rates.shape == (2, 3)
    assert (np.diff(np.abs(rates), axis=0) < 0.0).all()  # weaker higher up


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"altitude_m": -1.0}, "altitude_m=-1.0"),
        ({"altitude_m": 650e3, "inclination_rad": 97.99}, "degrees must be converted"),
        ({"altitude_m": 650e3, "node_local_time_s": 86400.0}, "seconds after midnight"),
    ],
)
def test_impossible_orbits_are_refused(keys: dict[str, float], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Orbit(**keys)


def test_open_orbit_is_refused() -> None:
    with pytest.raises(ValueError, match="need a closed orbit"):
        node_rate_rad_s(semi_major_axis_m=7e6, inclination_rad=1.0, eccentricity=1.0)
