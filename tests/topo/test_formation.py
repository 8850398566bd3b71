"""Formations fly by the Hill-Clohessy-Wiltshire equations and keep their distance."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from topo.designs import general_circular
from topo.formation import Formation, lattice_block, suncatcher_lattice
from topo.orbit import Orbit

ORBIT = Orbit(altitude_m=650e3)


def five(seed: int) -> Formation:
    rng = np.random.default_rng(seed)
    xc, xs, yc, zc, zs = rng.normal(0.0, 400.0, (5, 6))
    return Formation(orbit=ORBIT, name="five", radial_cos_m=xc, radial_sin_m=xs, along_track_offset_m=yc,
                     normal_cos_m=zc, normal_sin_m=zs)  # fmt: skip


def test_motion_solves_the_equations_of_hill() -> None:
    formation, n = five(0), ORBIT.mean_motion_rad_s

    def rate(time_s: float, flat: np.ndarray) -> np.ndarray:
        x, _y, z, vx, vy, vz = flat.reshape(6, -1)
        return np.concatenate([vx, vy, vz, 2.0 * n * vy + 3.0 * n**2 * x, -2.0 * n * vx, -(n**2) * z])

    state = np.concatenate([formation.positions_m(time_s=0.0)[0], formation.velocities_m_s(time_s=0.0)[0]], axis=1)
    end = 1.3 * ORBIT.period_s
    flown = solve_ivp(rate, (0.0, end), state.T.ravel(), method="DOP853", rtol=1e-12, atol=1e-9).y[:, -1].reshape(6, -1)
    # tolerance of the integrator, some 60 steps of 1e-12 of 1 km
    assert np.allclose(flown[:3].T, formation.positions_m(time_s=end)[0], atol=1e-6)
    assert np.allclose(flown[3:].T, formation.velocities_m_s(time_s=end)[0], atol=1e-9)


def test_formation_repeats_after_an_orbit() -> None:
    first, later = five(1).positions_m(time_s=[123.0, 123.0 + ORBIT.period_s])
    assert np.allclose(first, later, atol=1e-9)


def test_suncatcher_reaches_the_published_places() -> None:
    # arXiv:2511.19468, figure 2: S1 at altitude + R/2 after a quarter of the orbit and - R/2 after three
    formation = suncatcher_lattice(orbit=ORBIT, pitch_m=100.0, radius_m=1000.0)
    s1 = int(np.flatnonzero((np.asarray(formation.index) == (0, 5)).all(axis=1))[0])
    x = formation.positions_m(time_s=np.array([0.25, 0.75]) * ORBIT.period_s)[:, s1, 0]
    assert np.allclose(x, [500.0, -500.0], atol=1e-9)


def test_lattice_block_has_the_neighbours_of_the_disc() -> None:
    block = lattice_block(orbit=ORBIT, pitch_m=100.0, rows=4, columns=7)
    assert len(block) == 28
    assert block.closest_approach_m() == pytest.approx(100.0, rel=1e-12)
    assert np.allclose(block.coefficients_m.mean(axis=0), 0.0, atol=1e-12)  # centred on the reference


def test_radius_is_reached_and_not_passed() -> None:
    formation = five(2)
    distance = np.linalg.norm(formation.positions_m(time_s=formation.epochs_s(count=3600)), axis=-1)
    assert formation.radius_m() >= distance.max() - 1e-9
    assert formation.radius_m() == pytest.approx(distance.max(), rel=1e-5)  # (0.05 deg)^2 of curvature


def test_touching_satellites_are_named() -> None:
    formation = suncatcher_lattice(orbit=ORBIT, pitch_m=20.0, radius_m=200.0)
    formation.check_separation(body_radius_m=9.9)
    with pytest.raises(ValueError, match=r"satellites \d+ and \d+ come within 20\.0 m, .* reach 15 m each; enlarge"):
        formation.check_separation(body_radius_m=15.0)


def test_two_that_only_meet_in_passing_are_named() -> None:
    # apart at time 0 and at half an orbit, at one place after a quarter
    zero = np.zeros(2)
    formation = Formation(orbit=ORBIT, name="crossing", radial_cos_m=zero, radial_sin_m=zero, along_track_offset_m=zero,
                          normal_cos_m=np.array([300.0, -300.0]), normal_sin_m=zero)  # fmt: skip
    with pytest.raises(ValueError, match=r"satellites 0 and 1 come within 0\.0 m"):
        formation.check_separation(body_radius_m=1.0)


def test_one_satellite_is_never_close_to_another() -> None:
    alone = general_circular(orbit=ORBIT, satellites=1, radial_amplitude_m=10.0)
    alone.check_separation(body_radius_m=1e3)
    assert alone.closest_approach_m() == float("inf")


def test_arrays_stay_locked_after_pickling() -> None:
    copy = pickle.loads(pickle.dumps(five(3)))
    with pytest.raises(ValueError, match="read-only"):
        copy.radial_cos_m[0] = 1.0


def test_bad_coefficients_are_named() -> None:
    ok = np.zeros(3)
    with pytest.raises(ValueError, match=r"normal_sin_m\[2\]=nan; need finite numbers"):
        Formation(orbit=ORBIT, name="bad", radial_cos_m=ok, radial_sin_m=ok, along_track_offset_m=ok, normal_cos_m=ok,
                  normal_sin_m=np.array([0.0, 0.0, np.nan]))  # fmt: skip
    with pytest.raises(ValueError, match=r"radial_sin_m has shape \(2,\); need \(3,\)"):
        Formation(orbit=ORBIT, name="bad", radial_cos_m=ok, radial_sin_m=ok[:2], along_track_offset_m=ok,
                  normal_cos_m=ok, normal_sin_m=ok)  # fmt: skip
    with pytest.raises(ValueError, match="rows=0"):
        lattice_block(orbit=ORBIT, pitch_m=100.0, rows=0, columns=3)
