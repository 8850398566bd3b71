"""Along-track drift, its trim, and relative orbital elements under J2."""

from __future__ import annotations

import math

import numpy as np
import pytest

from topo.designs import helix
from topo.drift import (
    along_track_kick,
    axis_difference_drift_m,
    drift_m_per_orbit,
    drift_trim_m_s,
    energy_matched,
    inertial_states,
    second_order_drift_m,
    trim_delta_v_m_s,
)
from topo.dynamics import circular_state, propagate, propagate_relative
from topo.elements import (
    elements_of_formation,
    hill_positions_m,
    least_cross_separation_m,
    relative_elements_m,
    secular_elements_m,
)
from topo.formation import suncatcher_lattice
from topo.hill import hill_transition, schweighart_sedwick_c
from topo.orbit import Orbit

ORBIT = Orbit(altitude_m=650e3, inclination_rad=math.radians(97.99))
REFERENCE = circular_state(orbit=ORBIT)
FORMATION = suncatcher_lattice(orbit=ORBIT, pitch_m=100.0, radius_m=400.0)  # 13 satellites
STATES = inertial_states(formation=FORMATION, reference=REFERENCE)


def drift(states: np.ndarray, j2: float | None, orbits: int = 3) -> np.ndarray:
    return drift_m_per_orbit(states=states, reference=REFERENCE, orbit=ORBIT, orbits=orbits, j2=j2)


def test_second_order_formula_is_the_two_body_drift_of_the_linear_state() -> None:
    position = FORMATION.positions_m(time_s=0.0)[0]
    formula = second_order_drift_m(semi_major_axis_m=ORBIT.semi_major_axis_m, x_m=position[:, 0], y_m=position[:, 1])
    flown = drift(inertial_states(formation=FORMATION, reference=REFERENCE, j2=0.0), 0.0)
    # cross terms are left out of the formula: on the axes it is the third order, 400 m / 7000 km
    on_axis = (position == 0.0).any(axis=1)
    assert np.allclose(flown[on_axis], formula[on_axis], atol=1e-4)


def test_matching_energy_stops_the_drift_round_a_point_mass_only() -> None:
    matched = energy_matched(
        states=inertial_states(formation=FORMATION, reference=REFERENCE, j2=0.0), reference=REFERENCE
    )
    assert np.abs(drift(matched, 0.0)).max() < 1e-6
    assert np.abs(drift(matched, None)).max() > 1.0  # equal osculating axes are not equal mean axes


def test_trim_stops_the_drift_under_j2_and_costs_under_a_millimetre_a_second() -> None:
    kick = trim_delta_v_m_s(states=STATES, reference=REFERENCE, orbit=ORBIT)
    trimmed = along_track_kick(states=STATES, reference=REFERENCE, delta_v_m_s=kick)
    assert np.abs(drift(trimmed, None, orbits=15)).max() < 1e-6
    assert np.abs(kick).max() < 1e-3


def test_trim_is_the_first_order_answer_to_the_drift_it_removes() -> None:
    kick = trim_delta_v_m_s(states=STATES, reference=REFERENCE, orbit=ORBIT)
    first_order = drift_trim_m_s(period_s=ORBIT.period_s, drift_m=drift(STATES, None, orbits=15))
    assert np.allclose(kick, first_order, rtol=0.01, atol=1e-8)  # J2 changes the sensitivity by 1e-3 times a few


def test_trim_and_axis_difference_are_the_drift_of_the_hill_equations() -> None:
    # a kick dv changes the axis by 2 dv / n; both follow from the transition matrix over one orbit
    period, n = ORBIT.period_s, ORBIT.mean_motion_rad_s
    matrix = hill_transition(mean_motion_rad_s=n, time_s=period)[0]
    assert matrix[1, 4] == pytest.approx(-1.0 / float(drift_trim_m_s(period_s=period, drift_m=1.0)))
    assert float(axis_difference_drift_m(axis_difference_m=2.0 / n)) == pytest.approx(matrix[1, 4])


def test_satellite_that_cannot_be_trimmed_is_named() -> None:
    kick = np.where(np.arange(len(STATES)) == 2, 300.0, 0.0)
    wild = along_track_kick(states=STATES, reference=REFERENCE, delta_v_m_s=kick)
    with pytest.raises(ValueError, match="satellite 2 still drifts"):
        trim_delta_v_m_s(states=wild, reference=REFERENCE, orbit=ORBIT, orbits=2)


def test_drift_needs_two_orbits() -> None:
    with pytest.raises(ValueError, match="orbits=1: need a whole number of at least 2"):
        drift(STATES, None, orbits=1)


# --- relative orbital elements


def test_elements_of_a_design_give_its_positions_back() -> None:
    design = helix(orbit=ORBIT, satellites=5, radial_amplitude_m=200.0, normal_amplitude_m=300.0)
    latitude = np.linspace(0.0, 9.0, 20)
    positions = design.positions_m(time_s=latitude / ORBIT.mean_motion_rad_s)
    assert np.allclose(
        hill_positions_m(elements_m=elements_of_formation(formation=design), latitude_rad=latitude), positions
    )


def test_osculating_elements_of_the_matched_state_are_those_of_the_design() -> None:
    design = helix(orbit=ORBIT, satellites=5, radial_amplitude_m=20.0, normal_amplitude_m=30.0)
    states = energy_matched(states=inertial_states(formation=design, reference=REFERENCE, j2=0.0), reference=REFERENCE)
    elements = relative_elements_m(states=states, reference=REFERENCE)
    # second order of 60 m in 7000 km: 0.5 mm, and the difference of radii times a few
    assert np.allclose(elements, elements_of_formation(formation=design), atol=5e-3)


def test_elements_of_a_moved_plane_are_the_angles_between_the_planes() -> None:
    tilted = Orbit(altitude_m=650e3, inclination_rad=ORBIT.plane_inclination_rad + 1e-5)
    turned = circular_state(orbit=ORBIT, node_rad=2e-5)
    states = np.stack([circular_state(orbit=tilted), turned])
    elements = relative_elements_m(states=states, reference=REFERENCE)
    a, i = ORBIT.semi_major_axis_m, ORBIT.plane_inclination_rad
    assert np.allclose(elements[0], [0, 0, 0, 0, a * 1e-5, 0], atol=1e-6)
    assert np.allclose(elements[1], [0, a * 2e-5 * math.cos(i), 0, 0, 0, a * 2e-5 * math.sin(i)], atol=1e-6)


def eccentricity_vectors(time_s: np.ndarray, x: np.ndarray) -> np.ndarray:
    """(dex, dey) of each satellite, shape (2, n), fitted to its radial position over the argument of latitude."""
    path = propagate(states=REFERENCE[None, :], time_s=np.append(0.0, time_s))[1:, 0]
    rise = path[:, 2] / np.linalg.norm(path[:, :3], axis=-1) / math.sin(ORBIT.plane_inclination_rad)
    u = np.arcsin(np.clip(rise, -1.0, 1.0))
    u = np.where(path[:, 5] > 0.0, u, math.pi - u)
    waves, *_ = np.linalg.lstsq(np.column_stack([-np.cos(u), -np.sin(u), np.ones_like(u)]), x, rcond=None)
    return np.asarray(waves[:2])


def test_trimmed_lattice_turns_as_the_secular_elements_say_and_does_not_disperse() -> None:
    kick = trim_delta_v_m_s(states=STATES, reference=REFERENCE, orbit=ORBIT)
    trimmed = along_track_kick(states=STATES, reference=REFERENCE, delta_v_m_s=kick)
    time_s = np.arange(1, 30 * 36 + 1) * (ORBIT.period_s / 36)
    x = propagate_relative(states=trimmed, reference=REFERENCE, time_s=np.append(0.0, time_s))[1:, 1:, 0]
    first, last = eccentricity_vectors(time_s[:36], x[:36]), eccentricity_vectors(time_s[-36:], x[-36:])
    elements = elements_of_formation(formation=FORMATION)[1:]
    start, end = secular_elements_m(elements_m=elements, orbit=ORBIT, time_s=[0.0, 29 * ORBIT.period_s])[..., 2:4]
    predicted = np.arctan2(end[:, 1], end[:, 0]) - np.arctan2(start[:, 1], start[:, 0])
    measured = np.arctan2(last[1], last[0]) - np.arctan2(first[1], first[0])
    # 6.3 deg in 29 orbits; short-period terms wobble the fitted vectors by J2 = 1e-3 times a few
    assert np.allclose((measured - predicted + math.pi) % (2.0 * math.pi) - math.pi, 0.0, atol=4e-3)
    assert np.allclose(np.hypot(*last), np.hypot(*elements[:, 2:4].T), rtol=0.01)


def test_secular_growth_of_the_inclination_vector_is_the_difference_of_node_rates() -> None:
    step_m, day_s = 1000.0, 86400.0
    start = np.array([[0.0, 0.0, 0.0, 0.0, step_m, 0.0]])
    moved = secular_elements_m(elements_m=start, orbit=ORBIT, time_s=day_s)[0, 0]
    half = 0.5 * step_m / ORBIT.semi_major_axis_m
    i = ORBIT.plane_inclination_rad
    up, down = (Orbit(altitude_m=650e3, inclination_rad=i + d) for d in (half, -half))
    node = (up.node_rate_rad_s - down.node_rate_rad_s) * day_s
    assert moved[5] == pytest.approx(node * math.sin(i) * ORBIT.semi_major_axis_m, rel=1e-6)
    turn = 2.0 * math.pi / up.nodal_period_s - 2.0 * math.pi / down.nodal_period_s
    along = (turn * day_s + node * math.cos(i)) * ORBIT.semi_major_axis_m
    assert moved[1] == pytest.approx(along, rel=1e-6)


def test_secular_drift_of_an_axis_difference_is_the_difference_of_rates() -> None:
    start = np.array([[1.0, 0.0, 0.0, 0.0, 0.0, 0.0]])
    moved = secular_elements_m(elements_m=start, orbit=ORBIT, time_s=1.0)[0, 0]
    i = ORBIT.plane_inclination_rad
    up, down = (Orbit(altitude_m=650e3 + d, inclination_rad=i) for d in (500.0, -500.0))
    node = up.node_rate_rad_s - down.node_rate_rad_s
    along = 2.0 * math.pi / up.nodal_period_s - 2.0 * math.pi / down.nodal_period_s + node * math.cos(i)
    assert moved[1] == pytest.approx(along * ORBIT.semi_major_axis_m / 1000.0, rel=1e-5)
    assert moved[5] == pytest.approx(node * math.sin(i) * ORBIT.semi_major_axis_m / 1000.0, rel=1e-5)


def test_least_cross_separation_is_what_an_orbit_of_samples_finds() -> None:
    elements = np.random.default_rng(3).normal(0.0, 200.0, (30, 6))
    elements[:, :2] = 0.0
    flown = hill_positions_m(elements_m=elements, latitude_rad=np.linspace(0.0, 2.0 * math.pi, 7200))
    sampled = np.hypot(flown[..., 0], flown[..., 2]).min(axis=0)
    # samples 0.05 deg apart of motion of 400 m
    assert np.allclose(least_cross_separation_m(elements_m=elements), sampled, atol=0.1)


def test_planar_lattice_is_not_passively_safe_and_a_helix_is() -> None:
    flat = least_cross_separation_m(elements_m=elements_of_formation(formation=FORMATION))
    ring = helix(orbit=ORBIT, satellites=4, radial_amplitude_m=100.0, normal_amplitude_m=150.0)
    assert np.allclose(flat, 0.0)
    assert np.allclose(least_cross_separation_m(elements_m=elements_of_formation(formation=ring)), 100.0)


def test_what_divides_by_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="mean_motion_rad_s"):
        hill_transition(mean_motion_rad_s=0.0, time_s=1.0)
    with pytest.raises(ValueError, match="semi_major_axis_m"):
        second_order_drift_m(semi_major_axis_m=0.0, x_m=1.0, y_m=1.0)
    with pytest.raises(ValueError, match="semi_major_axis_m"):
        schweighart_sedwick_c(semi_major_axis_m=-7e6, inclination_rad=1.7)
    with pytest.raises(ValueError, match="period_s"):
        drift_trim_m_s(period_s=0.0, drift_m=1.0)
    with pytest.raises(ValueError, match="time_s=nan"):
        suncatcher_lattice(orbit=Orbit(altitude_m=650e3), pitch_m=100.0, radius_m=200.0).positions_m(time_s=math.nan)
