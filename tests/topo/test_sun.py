"""Where the Sun stands, and eclipses of the reference orbit."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from links.model import ValidityWarning
from topo.orbit import Orbit
from topo.sun import (
    beta_angle_rad,
    eclipse_beta_limit_rad,
    eclipse_fraction,
    in_eclipse,
    sun_direction,
    sun_in_hill_frame,
    sunlit_year,
)

YEAR_S = 31557600.0


@pytest.mark.parametrize(
    ("date", "longitude_deg"),
    [
        ("2026-12-21T20:50", 270.0), ("2027-03-20T20:25", 0.0), ("2027-06-21T14:11", 90.0), ("2027-09-23T06:02", 180.0),
    ],
)  # fmt: skip
def test_sun_stands_at_the_published_solstices_and_equinoxes(date: str, longitude_deg: float) -> None:
    x, y, z = sun_direction(date=date)
    longitude = math.degrees(math.atan2(math.hypot(y, z) * math.copysign(1.0, y), x))
    away = (longitude - longitude_deg + 180.0) % 360.0 - 180.0
    assert abs(away) < 0.02  # the formula is good to 0.01 deg, times are printed to the minute


def test_orbit_normal_at_dawn_dusk_points_at_the_mean_sun_but_for_inclination_and_obliquity() -> None:
    orbit = Orbit(altitude_m=650e3)
    dates = np.arange("2027-01-01", "2028-01-01", dtype="datetime64[D]")
    beta = np.degrees(np.abs(beta_angle_rad(orbit=orbit, date=dates)))
    worst = 90.0 - (math.degrees(orbit.plane_inclination_rad) - 90.0) - 23.439  # both tilts on the same side
    assert beta.min() == pytest.approx(worst, abs=0.1)  # the equation of time is near zero at the solstice
    assert beta.max() > 86.0


def test_noon_orbit_has_the_sun_near_its_plane() -> None:
    orbit = Orbit(altitude_m=650e3, node_local_time_s=12.0 * 3600.0)
    dates = np.arange("2027-01-01", "2028-01-01", dtype="datetime64[D]")
    beta = np.degrees(np.abs(beta_angle_rad(orbit=orbit, date=dates)))
    # the true Sun is up to 4.1 deg from the mean one, and the 8 deg tilt off the pole adds 8 sin(23.4 deg)
    assert beta.max() < 4.2 + 3.2


def test_holding_the_node_of_a_drifting_orbit_for_a_year_warns() -> None:
    orbit = Orbit(altitude_m=650e3, inclination_rad=1.0)
    with pytest.warns(ValidityWarning, match="drifts .* deg against the mean Sun"):
        beta_angle_rad(orbit=orbit, date=["2027-01-01", "2027-12-31"])


def test_bad_date_is_named() -> None:
    with pytest.raises(ValueError, match=r"date='yesterday': need ISO dates"):
        sun_direction(date="yesterday")


@pytest.mark.parametrize("beta_deg", [0.0, 30.0, 58.6, 65.0, 66.0, 90.0])
def test_eclipse_fraction_is_what_is_seen_flying_round(beta_deg: float) -> None:
    orbit, beta = Orbit(altitude_m=650e3), math.radians(beta_deg)
    phase = np.linspace(0.0, 2.0 * math.pi, 200001)[:-1]
    seen = in_eclipse(orbit=orbit, beta_rad=beta, phase_rad=phase).mean()
    fraction = eclipse_fraction(semi_major_axis_m=orbit.semi_major_axis_m, beta_rad=beta)
    assert float(fraction) == pytest.approx(seen, abs=1e-5)  # two edges, each found to one step of the walk


def test_eclipse_ends_at_the_limit_angle() -> None:
    limit = float(eclipse_beta_limit_rad(semi_major_axis_m=7028137.0))
    fractions = eclipse_fraction(semi_major_axis_m=7028137.0, beta_rad=[limit - 1e-6, limit + 1e-6])
    assert fractions[0] > 0.0
    assert fractions[1] == 0.0


def test_orbit_inside_the_earth_is_refused() -> None:
    with pytest.raises(ValueError, match="inside the Earth"):
        eclipse_beta_limit_rad(semi_major_axis_m=6e6)


def test_dawn_orbit_has_its_season_in_winter() -> None:
    # 87 days and 19.74 min: a second evaluation with another Sun formula, formation notes of the reference cases
    dawn = replace(Orbit(altitude_m=650e3), node_local_time_s=6.0 * 3600.0)
    year = sunlit_year(orbit=dawn, start="2027-01-01", span_s=YEAR_S)
    assert year.season_s / 86400.0 == pytest.approx(87.25, abs=1.0)
    assert year.longest_s / 60.0 == pytest.approx(19.74, abs=0.05)


def test_longest_eclipse_is_at_least_sun_angle() -> None:
    orbit = Orbit(altitude_m=500e3)
    year = sunlit_year(orbit=orbit, start="2027-01-01", span_s=YEAR_S)
    fraction = eclipse_fraction(semi_major_axis_m=orbit.semi_major_axis_m, beta_rad=year.beta_min_rad)
    assert year.longest_s == pytest.approx(float(fraction) * orbit.period_s)
    assert year.mean_fraction < float(fraction)


def test_sun_vector_in_the_hill_frame_is_a_unit_vector_above_the_plane_by_beta() -> None:
    suns = sun_in_hill_frame(beta_rad=0.7, phase_rad=np.linspace(0.0, 6.0, 7))
    assert np.allclose(np.linalg.norm(suns, axis=-1), 1.0)
    assert np.allclose(suns[:, 2], math.sin(0.7))
    assert suns[0, 0] > 0.0  # at phase 0 the Sun is overhead as far as it can be


@pytest.mark.parametrize("beta_rad", [58.6, -3.0, math.nan])
def test_a_sun_angle_in_degrees_is_refused(beta_rad: float) -> None:
    with pytest.raises(ValueError, match="beta_rad"):
        eclipse_fraction(semi_major_axis_m=7028137.0, beta_rad=beta_rad)
    with pytest.raises(ValueError, match="beta_rad"):
        sun_in_hill_frame(beta_rad=[0.0, beta_rad], phase_rad=0.0)
