"""Diffraction between two apertures against closed forms, other methods, and the laws that bound it."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from links import aperture, coupling, coupling_table, modes
from tests.links.diffraction import fft_coupling, huygens_coupling

LIGHT_M = 1.55e-6


def equal_overlap(c: float, truncation: float, focus_rad: float = 0.0) -> coupling.ModeOverlap:
    defocus = 0.5 * (c - focus_rad)
    return coupling.mode_overlap(
        c=c, truncation_t=truncation, truncation_r=truncation, defocus_t_rad=defocus, defocus_r_rad=defocus
    )


@pytest.mark.parametrize(
    ("c", "truncation", "focus_rad"), [(0.3, 1.12, 0.0), (2.2, 1.4, 1.0), (8.4, 2.05, 7.9), (20.0, 1.12, 0.0)]
)
def test_coupling_agrees_with_a_huygens_sum_over_points(c: float, truncation: float, focus_rad: float) -> None:
    expected = huygens_coupling(c=c, truncation=truncation, focus_rad=focus_rad)
    # both quadratures converge exponentially, the sum to about 1e-9 with these points
    assert equal_overlap(c, truncation, focus_rad).power == pytest.approx(expected, rel=1e-7)


@pytest.mark.parametrize(("c", "truncation"), [(1.35, 1.1209), (4.05, 1.1209), (10.0, 2.0)])
def test_coupling_agrees_with_an_angular_spectrum_fft(c: float, truncation: float) -> None:
    # a pixelated rim: 1024 pixels give the aperture 30 to 80 of them, good to a few parts in a thousand
    assert equal_overlap(c, truncation).power == pytest.approx(fft_coupling(c=c, truncation=truncation), rel=5e-3)


@pytest.mark.parametrize("c", [0.5, 2.0, 10.0])
def test_weakly_truncated_beams_follow_the_gaussian_closed_form(c: float) -> None:
    alpha, defocus = 4.0, 0.5 * c  # truncated power e^-32
    overlap = equal_overlap(c, alpha)
    expected = abs(c * alpha**2 / ((alpha**2 - 1j * defocus) ** 2 + c**2 / 4.0)) ** 2
    assert overlap.power == pytest.approx(expected, rel=1e-6)  # amplitude left outside is e^-16


@pytest.mark.parametrize("c", [0.2, 3.0, 30.0])
def test_uniform_focused_power_is_rayleighs_encircled_energy(c: float) -> None:
    z = 2.0 * math.pi * 0.01**2 / (LIGHT_M * c)
    found = coupling.captured_fraction(tx_radius_m=0.01, focus_m=z, rx_radius_m=0.01, range_m=z, wavelength_m=LIGHT_M)
    assert found == pytest.approx(1.0 - special.j0(c) ** 2 - special.j1(c) ** 2, rel=1e-9)


def test_coupling_goes_to_the_far_field_formula_for_small_mode_number() -> None:
    # N = c^2/4 below 1e-3: the far-field formula, gain of both ends times N, holds to 1e-3 (trap 1 is using it above)
    for c in (0.06, 0.03, 0.01):
        gain = 2.0 / 1.12**2 * (1.0 - math.exp(-(1.12**2))) ** 2
        assert equal_overlap(c, 1.12).power == pytest.approx(gain**2 * c**2 / 4.0, rel=1e-3)
    # and not in the near field, 10 cm at 300 m, where it would exceed all that was sent
    assert equal_overlap(33.8, 1.12).power < 1.0 < gain**2 * 33.8**2 / 4.0


def test_truncation_is_counted_once() -> None:
    # trap 3: the far-field gain times the passed power would be 0.92^2 lower
    gain = 2.0 / 1.12**2 * (1.0 - math.exp(-(1.12**2))) ** 2
    passed = 1.0 - math.exp(-2.0 * 1.12**2)
    found = equal_overlap(0.01, 1.12).power / (0.01**2 / 4.0)
    assert found == pytest.approx(gain**2, rel=1e-4)
    assert found > 1.1 * (gain * passed) ** 2


@settings(max_examples=40, deadline=None)
@given(
    c=st.floats(0.01, 40.0), alpha_t=st.floats(0.3, 4.0), alpha_r=st.floats(0.3, 4.0),
    defocus_t=st.floats(-20.0, 20.0), defocus_r=st.floats(-20.0, 20.0),
)  # fmt: skip
def test_no_pair_of_modes_couples_more_than_the_prolate_bound(
    c: float, alpha_t: float, alpha_r: float, defocus_t: float, defocus_r: float
) -> None:
    there = coupling.mode_overlap(
        c=c, truncation_t=alpha_t, truncation_r=alpha_r, defocus_t_rad=defocus_t, defocus_r_rad=defocus_r
    )
    back = coupling.mode_overlap(
        c=c, truncation_t=alpha_r, truncation_r=alpha_t, defocus_t_rad=defocus_r, defocus_r_rad=defocus_t
    )
    assert there.power <= modes.strongest_coupling(c=c) * (1.0 + 1e-9) <= 1.0 + 1e-9
    assert there.power == pytest.approx(back.power, rel=1e-9, abs=1e-25)  # reciprocity
    assert (there.tilt_tt, there.tilt_rr) == pytest.approx((back.tilt_rr, back.tilt_tt), rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("n", [0.1, 1.0, 6.4])
def test_focused_truncated_gaussian_of_free_width_reaches_the_prolate_bound(n: float) -> None:
    # arXiv:2604.23417: within 0.13 % (two digits) of it up to N = 6.4, referred to the power that leaves the aperture
    z = math.pi * 0.025**2 / (LIGHT_M * math.sqrt(n))
    best = max(
        coupling.captured_fraction(
            tx=coupling.ApertureMode(radius_m=0.025, truncation=alpha, focus_m=z),
            rx_radius_m=0.025,
            range_m=z,
            wavelength_m=LIGHT_M,
        )
        / float(aperture.truncated_power(truncation=alpha))
        for alpha in np.linspace(0.1, 3.0, 59)
    )
    bound = modes.strongest_coupling(c=2.0 * math.sqrt(n))
    assert (1.0 - 1.35e-3) * bound < best < bound


def test_near_field_optimum_fills_the_aperture_less_and_beats_81_percent() -> None:
    # traps 4 and 6: 1.12 and 0.81 per end are far-field numbers
    end = {"tx_radius_m": 0.025, "rx_radius_m": 0.025, "wavelength_m": LIGHT_M}
    near, far = (coupling.best_fibre_link(range_m=z, **end) for z in (300.0, 1e6))
    assert near.truncation > 1.9
    assert near.coupling > 0.99
    assert far.truncation == pytest.approx(1.1209, abs=2e-3)  # flat optimum
    mode = coupling.ApertureMode(radius_m=0.025, truncation=1.1209)
    fixed = float(coupling.mode_coupling(tx=mode, rx=mode, range_m=300.0, wavelength_m=LIGHT_M))
    assert fixed < 0.8 * near.coupling


def test_focusing_both_ends_on_each_other_ruins_the_match_in_the_near_field() -> None:
    # trap 5: 10 cm at 100 m; nearly all light arrives, almost none of it in the fibre mode
    mode = coupling.ApertureMode(radius_m=0.05, truncation=1.12, focus_m=100.0)
    light = {"range_m": 100.0, "wavelength_m": LIGHT_M}
    assert coupling.captured_fraction(tx=mode, rx_radius_m=0.05, **light) > 0.9
    assert float(coupling.mode_coupling(tx=mode, rx=mode, **light)) == pytest.approx(0.0024, abs=2e-4)  # printed 0.24 %


@pytest.mark.parametrize(("c", "offset"), [(0.5, 2.0), (2.24, 2.0), (2.24, math.sqrt(8.0)), (4.5, 2.0), (6.0, 0.7)])
def test_offset_coupling_agrees_with_a_huygens_sum(c: float, offset: float) -> None:
    expected = huygens_coupling(c=c, truncation=1.12, offset=offset)
    found = coupling.offset_coupling(c=c, truncation=1.12, defocus_rad=0.5 * c, offset_radii=[offset])
    assert found[0] == pytest.approx(expected, rel=1e-4)  # the spline through the field


def test_offset_coupling_at_zero_offset_is_the_coupling() -> None:
    found = coupling.offset_coupling(c=5.0, truncation=1.3, defocus_rad=1.0, offset_radii=0.0)
    expected = coupling.mode_overlap(c=5.0, truncation_t=1.3, truncation_r=1.3, defocus_t_rad=1.0, defocus_r_rad=1.0)
    assert float(found) == pytest.approx(expected.power, rel=1e-6)


@pytest.mark.parametrize("c", [0.3, 2.2, 12.0])
def test_small_tilts_follow_the_second_order_exponents(c: float) -> None:
    overlap = equal_overlap(c, 1.12)
    for u, v in ((0.05, 0.0), (0.0, 0.05), (0.05, 0.05), (0.05, -0.05)):
        exponent = overlap.tilt_tt * u**2 + overlap.tilt_rr * v**2 + 2.0 * overlap.tilt_tr * u * v
        tilted = huygens_coupling(c=c, truncation=1.12, tilt_t=u, tilt_r=v)
        # the next order is about the square of the exponent, 1e-3 squared
        assert -math.log(tilted / huygens_coupling(c=c, truncation=1.12)) == pytest.approx(exponent, rel=2e-3, abs=1e-9)


def test_rigid_turn_of_both_ends_costs_nothing_deep_in_the_near_field() -> None:
    # a pair of large apertures close together sees only the angle between the modes
    overlap = equal_overlap(500.0, 1.12)
    assert overlap.tilt_tr == pytest.approx(overlap.tilt_tt, rel=1e-3)  # edge diffraction is of order 1/sqrt(c)^2


@pytest.mark.parametrize("truncation", [1.12, 2.0])
def test_table_agrees_with_quadrature_at_any_range(truncation: float) -> None:
    rng = np.random.default_rng(1)
    ranges = np.exp(rng.uniform(math.log(20.0), math.log(1e7), 60))
    table = coupling_table.tabulated_coupling(
        range_m=ranges, tile_radius_m=0.05, wavelength_m=LIGHT_M, truncation=truncation, focus_m=None, tiles_per_side=1
    )
    mode = coupling.ApertureMode(radius_m=0.05, truncation=truncation)
    exact = coupling.mode_coupling(tx=mode, rx=mode, range_m=ranges, wavelength_m=LIGHT_M)
    assert np.max(np.abs(table.coupling / exact - 1.0)) < 1e-3  # stated in the docstring: 0.004 dB


def test_quadrature_follows_the_fresnel_number() -> None:
    # 10 cm at 10 m, c = 1013: the geometric limit is (1 - exp(-2 alpha^2))^2, edge waves take about 1/sqrt(c) of it
    c, alpha = 1013.0, 1.12
    geometric = (1.0 - math.exp(-2.0 * alpha**2)) ** 2
    found = equal_overlap(c, alpha).power
    assert 0.0 < 1.0 - found / geometric < 1.0 / math.sqrt(c)
    assert found > equal_overlap(100.0, alpha).power


def test_crosstalk_of_tiles_is_the_sum_over_the_neighbours() -> None:
    z, radius = 200.0, 0.0125
    table = coupling_table.tabulated_coupling(
        range_m=np.array([z]),
        tile_radius_m=radius,
        wavelength_m=LIGHT_M,
        truncation=1.12,
        focus_m=None,
        tiles_per_side=4,
    )
    c = 2.0 * math.pi * radius**2 / (LIGHT_M * z)
    own = huygens_coupling(c=c, truncation=1.12)
    side, corner = (huygens_coupling(c=c, truncation=1.12, offset=d) for d in (2.0, 2.0 * math.sqrt(2.0)))
    # 4 x 4 tiles: an inner one has 4 + 4 neighbours; the 7 next ones add less than 1e-3 of it
    assert table.crosstalk[0] == pytest.approx(4.0 * (side + corner) / own, rel=3e-3)


def test_bad_input_is_named() -> None:
    with pytest.raises(ValueError, match=r"radius_m=-1\.0: need a finite number > 0"):
        coupling.ApertureMode(radius_m=-1.0, truncation=1.0)
    with pytest.raises(ValueError, match=r"focus_m=0\.0: need a finite distance"):
        coupling.ApertureMode(radius_m=1.0, truncation=1.0, focus_m=0.0)
    with pytest.raises(ValueError, match="too large for so short a range"):
        equal_overlap(5000.0, 1.12)
    with pytest.raises(ValueError, match="either tx"):
        coupling.captured_fraction(rx_radius_m=1.0, range_m=1.0, wavelength_m=1e-6)
    with pytest.raises(ValueError, match=r"offset_radii\[1\]=-2\.0"):
        coupling.offset_coupling(c=1.0, truncation=1.0, defocus_rad=0.0, offset_radii=[1.0, -2.0])
