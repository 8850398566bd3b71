"""Propagation against reference ephemerides, conserved quantities and the linear equations."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from topo.drift import inertial_states
from topo.dynamics import (
    acceleration_m_s2,
    circular_state,
    node_crossings,
    propagate,
    propagate_relative,
    state_transition,
)
from topo.formation import suncatcher_lattice
from topo.hill import hill_transition, schweighart_sedwick_ratio, to_hill, to_inertial
from topo.orbit import Orbit

# heyoka 7.13.2, Taylor method in extended precision; see the array `source` in the file
EPHEMERIDES = np.load(Path(__file__).parents[1] / "published" / "formation_ephemerides.npz")
ORBIT = Orbit(altitude_m=650e3, inclination_rad=math.radians(97.99))
REFERENCE = circular_state(orbit=ORBIT, node_rad=math.radians(90.0))
MU, RADIUS, J2 = 3.986004418e14, 6378137.0, 1.08262668e-3


def states_of(condition: str) -> np.ndarray:
    return np.concatenate([EPHEMERIDES[f"r0_eci_{condition}"], EPHEMERIDES[f"v0_eci_{condition}"]], axis=-1)


@pytest.mark.parametrize("condition", ["hcw", "emat", "j2mat"])
@pytest.mark.parametrize(("field", "j2"), [("2b", 0.0), ("j2", None)])
def test_81_satellites_fly_as_the_reference_ephemerides_say(condition: str, field: str, j2: float | None) -> None:
    relative = propagate_relative(states=states_of(condition), reference=REFERENCE, time_s=EPHEMERIDES["t"], j2=j2)
    error = relative - EPHEMERIDES[f"rel_{field}_{condition}"]
    assert np.abs(error[..., :3]).max() < 1e-5  # the tolerance that the file's own cross-checks support
    assert np.abs(error[..., 3:]).max() < 1e-8  # that times the mean motion


@pytest.mark.parametrize(("field", "j2"), [("2b", 0.0), ("j2", None)])
def test_reference_satellite_flies_as_the_reference_ephemerides_say(field: str, j2: float | None) -> None:
    flown = propagate(states=REFERENCE[None, :], time_s=EPHEMERIDES["t"], j2=j2)[:, 0]
    assert np.abs(flown - EPHEMERIDES[f"s0_{field}"])[:, :3].max() < 1e-3  # rtol 1e-12 of 7000 km over 3 orbits


def test_design_state_is_that_of_the_reference_ephemerides() -> None:
    formation = suncatcher_lattice(orbit=ORBIT, pitch_m=100.0, radius_m=1000.0)
    assert np.array_equal(np.asarray(formation.index), EPHEMERIDES["ij"])
    ours = inertial_states(formation=formation, reference=REFERENCE)
    assert np.abs(ours - states_of("hcw")).max() < 1e-8  # rounding of 7e6 m


def test_energy_and_polar_momentum_are_kept_under_j2() -> None:
    time_s = np.linspace(0.0, 3.0 * ORBIT.period_s, 40)
    flown = propagate(states=REFERENCE[None, :], time_s=time_s)[:, 0]
    position, velocity = flown[:, :3], flown[:, 3:]
    r = np.linalg.norm(position, axis=-1)
    bulge = 0.5 * J2 * (RADIUS / r) ** 2 * (3.0 * (position[:, 2] / r) ** 2 - 1.0)
    energy = 0.5 * np.sum(velocity**2, axis=-1) - MU / r * (1.0 - bulge)
    polar = position[:, 0] * velocity[:, 1] - position[:, 1] * velocity[:, 0]
    assert np.ptp(energy) < 1e-10 * abs(energy[0])  # some hundred steps of 1e-12
    assert np.ptp(polar) < 1e-10 * abs(polar[0])


def test_acceleration_is_the_gradient_of_the_potential() -> None:
    def potential(p: np.ndarray) -> float:
        r = float(np.linalg.norm(p))
        return float(MU / r * (1.0 - J2 * (RADIUS / r) ** 2 * 0.5 * (3.0 * (p[2] / r) ** 2 - 1.0)))

    point = np.array([4.1e6, -3.3e6, 4.7e6])
    steps = 100.0 * np.eye(3)
    gradient = [(potential(point + h) - potential(point - h)) / 200.0 for h in steps]
    # central differences: rounding of 6e7 J/kg over 200 m is 4e-11 of 8 m/s^2
    assert np.allclose(acceleration_m_s2(position_m=point), gradient, rtol=0.0, atol=1e-8)


def test_without_j2_a_circular_orbit_closes() -> None:
    end = propagate(states=REFERENCE[None, :], time_s=[0.0, ORBIT.period_s], j2=0.0)[-1, 0]
    assert np.abs(end - REFERENCE)[:3].max() < 1e-3


@pytest.mark.parametrize("component", range(6))
def test_transition_matrix_is_the_derivative_of_the_flight(component: int) -> None:
    time_s = [0.0, 0.37 * ORBIT.period_s]
    step = np.zeros(6)
    step[component] = 10.0 if component < 3 else 0.01
    up, down = propagate(states=np.stack([REFERENCE + step, REFERENCE - step]), time_s=time_s)[-1]
    column = state_transition(reference=REFERENCE, time_s=time_s)[-1][:, component]
    # third order of 10 m in 7000 km, and 7 um of the integrator over 20 m
    assert np.allclose((up - down) / (2.0 * step[component]), column, rtol=1e-5, atol=2e-6 * np.abs(column).max())


def test_transition_matrix_keeps_volume_in_phase_space() -> None:
    matrix = state_transition(reference=REFERENCE, time_s=[0.0, ORBIT.period_s])[-1]
    assert np.linalg.det(matrix) == pytest.approx(1.0, abs=1e-7)


def test_hill_matrix_solves_the_equations_of_hill_with_drift() -> None:
    n = ORBIT.mean_motion_rad_s

    def rate(time_s: float, s: np.ndarray) -> np.ndarray:
        return np.array([*s[3:], 2.0 * n * s[4] + 3.0 * n**2 * s[0], -2.0 * n * s[3], -(n**2) * s[2]])

    start = np.array([30.0, -80.0, 50.0, 0.02, 0.05, -0.03])
    flown = solve_ivp(rate, (0.0, 8000.0), start, method="DOP853", rtol=1e-12, atol=1e-12).y[:, -1]
    assert np.allclose(hill_transition(mean_motion_rad_s=n, time_s=8000.0)[0] @ start, flown, rtol=1e-9)


def test_hill_equations_are_wrong_by_the_square_of_the_distance_only() -> None:
    shape = np.array([[1.0, -2.0, 1.5, 1e-3, 2e-3, -1e-3]])
    time_s = np.array([0.0, 0.8 * ORBIT.period_s])
    matrix = hill_transition(mean_motion_rad_s=ORBIT.mean_motion_rad_s, time_s=time_s[-1])[0]
    errors = []
    for size in (50.0, 100.0):
        states = to_inertial(relative=size * shape, reference=REFERENCE)
        flown = propagate_relative(states=states, reference=REFERENCE, time_s=time_s, j2=0.0)[-1, 0]
        errors.append(np.linalg.norm((flown - matrix @ (size * shape[0]))[:3]))
    assert errors[1] / errors[0] == pytest.approx(4.0, rel=0.01)  # the third order is 5 km / 7000 km of the second


def test_change_to_the_hill_frame_and_back_is_the_identity() -> None:
    relative = np.random.default_rng(0).normal(0.0, 300.0, (4, 6)) * np.repeat([1.0, 1e-3], 3)
    reference = propagate(states=REFERENCE[None, :], time_s=[0.0, 1234.0])[-1, 0]
    pull = acceleration_m_s2(position_m=reference[:3])
    states = to_inertial(relative=relative, reference=reference, acceleration_m_s2=pull)
    again = to_hill(states=states, reference=reference, acceleration_m_s2=pull)
    assert np.allclose(again, relative, atol=1e-8)  # rounding of 7e6 m


def test_velocity_in_the_hill_frame_is_the_change_of_position() -> None:
    step = 1.0
    time_s = np.array([0.0, 2000.0 - step, 2000.0, 2000.0 + step])
    relative = propagate_relative(states=states_of("hcw"), reference=REFERENCE, time_s=time_s)
    numeric = (relative[3, :, :3] - relative[1, :, :3]) / (2.0 * step)
    assert np.allclose(relative[2, :, 3:], numeric, atol=3e-6)  # n^3 of 1 km over 6, 2e-7, and 1 um of the integrator


def test_averaged_j2_changes_the_ellipse_by_less_than_one_in_a_thousand() -> None:
    ratio = float(schweighart_sedwick_ratio(semi_major_axis_m=7028137.0, inclination_rad=math.radians(97.99)))
    assert 2.0 / ratio == pytest.approx(1.0006, abs=5e-5)  # 2 : 1.0006, Schweighart and Sedwick (2002) at this orbit


def test_node_returns_after_a_period_without_j2() -> None:
    time_s, node = node_crossings(state=REFERENCE, count=3, j2=0.0)
    assert np.allclose(np.diff(time_s), ORBIT.period_s, rtol=1e-9)
    assert np.allclose(node, node[0], atol=1e-9)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: propagate(states=np.zeros(6), time_s=[0.0]), "need \\(n, 6\\) finite numbers"),
        (lambda: propagate(states=REFERENCE[None], time_s=[1.0, 0.5]), "need rising times"),
        (lambda: node_crossings(state=REFERENCE, count=0), "count=0"),
        (lambda: node_crossings(state=REFERENCE + 1e3 * np.eye(6)[2], count=1), "start at the ascending node"),
        (lambda: node_crossings(state=REFERENCE * np.repeat([1.0, 2.0], 3), count=1), "the orbit is not closed"),
    ],
)
def test_bad_propagations_are_refused(call: object, words: str) -> None:
    assert callable(call)
    with pytest.raises(ValueError, match=words):
        call()
