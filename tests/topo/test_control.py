"""Budgets of velocity change for holding a formation."""

from __future__ import annotations

import math

import numpy as np
import pytest

from links.parts import load_part
from topo.control import (
    cross_track_offset_m,
    drag_axis_loss_m,
    drag_delta_v_m_s,
    drag_mismatch_drift_m,
    holding_delta_v_m_s,
    inclination_drift_m_s,
    offset_delta_v_m_s,
    radiation_acceleration_m_s2,
    radiation_pressure_pa,
)
from topo.designs import helix, tilted_hexagon
from topo.drift import axis_difference_drift_m
from topo.elements import secular_elements_m
from topo.formation import Formation, suncatcher_lattice
from topo.orbit import Orbit

ORBIT = Orbit(altitude_m=650e3, inclination_rad=math.radians(97.99))


def across(ix_m: float, iy_m: float) -> Formation:
    """One satellite with that relative inclination vector."""
    zero = np.zeros(1)
    return Formation(orbit=ORBIT, name="across", radial_cos_m=zero, radial_sin_m=zero, along_track_offset_m=zero,
                     normal_cos_m=np.array([-iy_m]), normal_sin_m=np.array([ix_m]))  # fmt: skip


def test_designs_in_the_orbital_plane_cost_nothing_against_j2() -> None:
    formation = suncatcher_lattice(orbit=ORBIT, pitch_m=100.0, radius_m=1000.0)
    assert holding_delta_v_m_s(formation=formation).max() == 0.0


@pytest.mark.parametrize(
    ("ix_m", "iy_m", "turning", "cost"),
    [(1000.0, 0.0, True, 69.4), (0.0, 1000.0, True, 21.9), (1000.0, 0.0, False, 47.5), (0.0, 1000.0, False, 0.0)],
)
def test_cross_track_designs_pay_per_kilometre(ix_m: float, iy_m: float, turning: bool, cost: float) -> None:
    # formation notes of the reference cases, section 2.4, to the printed digit
    paid = holding_delta_v_m_s(formation=across(ix_m, iy_m), turn_with_perigee=turning)
    assert paid[0] == pytest.approx(cost, abs=0.06)


def test_holding_cost_undoes_the_secular_motion_of_the_elements() -> None:
    span_s = 86400.0
    start = np.array([[0.0, 0.0, 0.0, 0.0, 700.0, 0.0]])
    moved = secular_elements_m(elements_m=start, orbit=ORBIT, time_s=span_s)[0, 0, 5]
    paid = holding_delta_v_m_s(formation=across(700.0, 0.0), span_s=span_s, turn_with_perigee=False)[0]
    assert paid == pytest.approx(ORBIT.mean_motion_rad_s * moved, rel=1e-12)


def test_tilted_hexagon_pays_up_to_sixty_metres_a_second_a_year() -> None:
    paid = holding_delta_v_m_s(formation=tilted_hexagon(orbit=ORBIT, pitch_m=100.0, radius_m=1000.0))
    assert 50.0 < paid.max() <= 60.1  # |di| up to 866 m at 69.4 m/s a km


def test_cost_grows_with_the_formation() -> None:
    small, large = (
        helix(orbit=ORBIT, satellites=6, radial_amplitude_m=r, normal_amplitude_m=r) for r in (100.0, 300.0)
    )
    assert np.allclose(holding_delta_v_m_s(formation=large), 3.0 * holding_delta_v_m_s(formation=small))


def test_inclination_drift_vanishes_at_the_equator() -> None:
    flat = Orbit(altitude_m=650e3, inclination_rad=0.0)
    assert float(inclination_drift_m_s(orbit=flat, a_delta_ix_m=1000.0)) == 0.0


def test_hovering_costs_the_tide() -> None:
    # Hill: z'' = -n^2 z and x'' = 3 n^2 x at rest
    n2 = ORBIT.mean_motion_rad_s**2
    assert float(offset_delta_v_m_s(orbit=ORBIT, normal_m=2.0, span_s=10.0)) == pytest.approx(20.0 * n2)
    assert float(offset_delta_v_m_s(orbit=ORBIT, radial_m=2.0, span_s=10.0)) == pytest.approx(60.0 * n2)


def test_constant_push_moves_the_plane_by_its_equilibrium() -> None:
    push = 1e-6
    offset = float(cross_track_offset_m(orbit=ORBIT, acceleration_m_s2=push))
    assert offset_delta_v_m_s(orbit=ORBIT, normal_m=offset, span_s=1.0) == pytest.approx(push)


@pytest.mark.parametrize(
    ("density_kg_m3", "delta_v", "axis_m"), [(1e-14, 0.2, 0.07), (1e-13, 2.0, 0.68), (3.4e-13, 6.7, 2.3)]
)
def test_drag_costs_what_the_solar_cycle_says(density_kg_m3: float, delta_v: float, axis_m: float) -> None:
    # formation notes of the reference cases, section 2.5, to two digits
    paid = drag_delta_v_m_s(orbit=ORBIT, ballistic_m2_kg=0.022, density_kg_m3=density_kg_m3)
    lost = drag_axis_loss_m(orbit=ORBIT, ballistic_m2_kg=0.022, density_kg_m3=density_kg_m3)
    assert float(paid) == pytest.approx(delta_v, rel=0.03)
    assert float(lost) == pytest.approx(axis_m, rel=0.03)


def test_drag_impulse_over_an_orbit_is_the_axis_it_costs() -> None:
    # da = 2 dv / n for an impulse along the velocity
    per_orbit = float(drag_delta_v_m_s(orbit=ORBIT, ballistic_m2_kg=0.02, span_s=ORBIT.period_s))
    loss = float(drag_axis_loss_m(orbit=ORBIT, ballistic_m2_kg=0.02))
    assert 2.0 * per_orbit / ORBIT.mean_motion_rad_s == pytest.approx(loss, rel=1e-12)


def test_mismatch_drift_is_the_sum_of_the_drifts_of_each_orbit() -> None:
    loss = float(drag_axis_loss_m(orbit=ORBIT, ballistic_m2_kg=0.02)) * 0.01
    orbits = 500
    summed = sum(abs(float(axis_difference_drift_m(axis_difference_m=loss * (k + 0.5)))) for k in range(orbits))
    grown = drag_mismatch_drift_m(orbit=ORBIT, ballistic_m2_kg=0.02, mismatch=0.01, orbits=orbits)
    assert float(grown) == pytest.approx(summed)


def test_density_without_a_number_is_the_part_and_carries_its_range() -> None:
    datum = load_part("thermosphere_650km").data["density_kg_m3"]
    assert datum.low is not None
    assert datum.high is not None
    assert datum.high / datum.low > 30.0
    given = drag_delta_v_m_s(orbit=ORBIT, ballistic_m2_kg=0.02, density_kg_m3=datum.value)
    assert float(drag_delta_v_m_s(orbit=ORBIT, ballistic_m2_kg=0.02)) == float(given)


def test_radiation_pressure_is_irradiance_over_the_speed_of_light() -> None:
    assert radiation_pressure_pa() * 299792458.0 == pytest.approx(1360.8)
    mirror, black = (
        radiation_acceleration_m_s2(area_m2=300.0, mass_kg=1000.0, reflectivity_coefficient=c) for c in (2.0, 1.0)
    )
    assert float(mirror) == pytest.approx(2.0 * float(black))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: radiation_acceleration_m_s2(area_m2=1.0, mass_kg=1.0, reflectivity_coefficient=2.5), "need 0 to 2"),
        (lambda: radiation_acceleration_m_s2(area_m2=0.0, mass_kg=1.0, reflectivity_coefficient=1.0), "area_m2=0.0"),
        (lambda: drag_delta_v_m_s(orbit=ORBIT, ballistic_m2_kg=0.02, density_kg_m3=-1.0), "density_kg_m3=-1.0"),
    ],
)
def test_impossible_satellites_are_refused(call: object, words: str) -> None:
    assert callable(call)
    with pytest.raises(ValueError, match=words):
        call()
