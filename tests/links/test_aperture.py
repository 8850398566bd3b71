"""Far-field gains, Gaussian beams, wavelengths, and the catalogue of light."""

import math

import numpy as np
import pytest
from scipy import integrate, special, stats

from links import ValidityWarning, all_parts, aperture, dwdm, gaussian

LIGHT_M = 1.55e-6


@pytest.mark.parametrize(("alpha", "gamma"), [(1.12, 0.0), (0.5, 0.3), (2.0, 0.2)])
def test_gain_is_the_integral_over_the_annulus(alpha: float, gamma: float) -> None:
    # far field on axis: square of the mean of the unit-power amplitude over the full area
    amplitude, _ = integrate.quad(lambda r: math.exp(-((alpha * r) ** 2)) * 2.0 * math.pi * r, gamma, 1.0)
    power, _ = integrate.quad(lambda r: math.exp(-2.0 * (alpha * r) ** 2) * 2.0 * math.pi * r, 0.0, np.inf)
    inside, _ = integrate.quad(lambda r: math.exp(-2.0 * (alpha * r) ** 2) * 2.0 * math.pi * r, gamma, 1.0)
    pupil = {"truncation": alpha, "obscuration_ratio": gamma}
    assert float(aperture.truncated_gaussian_gain(**pupil)) == pytest.approx(amplitude**2 / power / math.pi, rel=1e-9)
    assert float(aperture.truncated_power(**pupil)) == pytest.approx(inside / power, rel=1e-9)


def test_fibre_takes_81_percent_of_a_plane_wave_at_most() -> None:
    alpha = np.linspace(0.2, 4.0, 400)
    for gamma, printed in ((0.0, 0.8145), (0.1, 0.794), (0.2, 0.738), (0.3, 0.656), (0.4, 0.559)):
        best = aperture.plane_wave_fibre_coupling(truncation=alpha, obscuration_ratio=gamma).max()
        assert best == pytest.approx(printed, abs=6e-4)  # three digits


def test_klein_and_degnan_fit_of_the_best_truncation() -> None:
    # Klein & Degnan 1974: 1.12 - 1.30 gamma^2 + 2.12 gamma^4, about one per cent up to 0.4
    for gamma in (0.0, 0.2, 0.4):
        fit = 1.12 - 1.30 * gamma**2 + 2.12 * gamma**4
        assert aperture.best_truncation(obscuration_ratio=gamma) == pytest.approx(fit, rel=0.011)


def test_divergence_gain_is_that_of_a_gaussian_and_not_of_a_cone() -> None:
    # trap 27: 8/theta_half^2 = 32/theta_full^2; 16/theta_full^2 would lose half the intensity on axis
    theta = 10e-6
    gain = float(aperture.divergence_gain(half_divergence_rad=theta))
    ring, _ = integrate.quad(lambda u: math.exp(-2.0 * u**2) * 2.0 * math.pi * u, 0.0, 10.0)
    # the beam carries all its power
    assert gain / (4.0 * math.pi) * theta**2 * ring == pytest.approx(1.0, rel=1e-9)
    assert gain == pytest.approx(32.0 / (2.0 * theta) ** 2)


def test_divergence_and_aperture_gain_agree_for_an_untruncated_beam() -> None:
    w = 0.01
    theta = float(gaussian.half_divergence_rad(waist_radius_m=w, wavelength_m=LIGHT_M))
    alpha = 4.0  # an aperture of four beam radii
    full = aperture.aperture_gain(diameter_m=2.0 * alpha * w, wavelength_m=LIGHT_M)
    found = float(full * aperture.truncated_gaussian_gain(truncation=alpha))
    assert found == pytest.approx(float(aperture.divergence_gain(half_divergence_rad=theta)), rel=1e-6)


def test_four_widths_of_a_beam_are_not_one_another() -> None:
    # trap 7: half 1/e^2, full 1/e^2, FWHM and the Airy radius of the aperture it fills differ by up to 2.4
    half = float(gaussian.half_divergence_rad(waist_radius_m=0.025, wavelength_m=LIGHT_M))
    assert float(gaussian.fwhm_from_beam_radius(radius=half)) == pytest.approx(1.1774 * half, rel=1e-4)
    assert 1.22 * LIGHT_M / 0.05 / half == pytest.approx(1.22 * math.pi / 2.0, rel=1e-9)


def test_far_field_formula_warns_inside_its_range_and_refuses_to_create_power() -> None:
    gain = float(aperture.aperture_gain(diameter_m=0.05, wavelength_m=LIGHT_M))
    ends = {"power_w": 1.0, "tx_gain": gain, "rx_gain": gain, "wavelength_m": LIGHT_M}
    edge = float(aperture.fraunhofer_distance_m(diameter_m=0.05, wavelength_m=LIGHT_M))
    assert edge == pytest.approx(3226.0, rel=1e-3)
    assert float(aperture.received_far_field_w(**ends, range_m=1.01 * edge)) < 1.0
    with pytest.warns(ValidityWarning, match="inside 2 D"):
        aperture.received_far_field_w(**ends, range_m=0.9 * edge)
    with pytest.raises(ValueError, match="times the transmitted power"):
        aperture.received_far_field_w(**ends, range_m=300.0)


def test_side_lobe_envelope_bounds_the_airy_pattern() -> None:
    theta = np.linspace(100e-6, 2e-3, 5000)
    x = math.pi * 0.05 * np.sin(theta) / LIGHT_M
    airy = (2.0 * special.j1(x) / x) ** 2
    envelope = aperture.side_lobe_envelope(diameter_m=0.05, off_axis_rad=theta, wavelength_m=LIGHT_M)
    assert np.all(airy <= 1.02 * envelope)  # Bessel's envelope is asymptotic
    assert np.max(airy / envelope) > 0.98


def test_marechal_factor_warns_where_it_ends() -> None:
    assert float(aperture.marechal_factor(wavefront_error_waves=0.0)) == 1.0
    small = float(aperture.marechal_factor(wavefront_error_waves=0.02))
    assert small == pytest.approx(
        1.0 - (0.04 * math.pi) ** 2, abs=2e-4
    )  # Marechal's first term; the next is half its square
    with pytest.warns(ValidityWarning, match="holds to 0"):
        aperture.marechal_factor(wavefront_error_waves=0.2)


def test_offset_capture_agrees_with_monte_carlo_and_chi_square() -> None:
    spot = {"aperture_radius_m": 0.01, "beam_radius": 0.02, "offset_m": 0.02}
    found = float(gaussian.captured_power(**spot))
    assert found == pytest.approx(float(stats.ncx2.cdf(4.0 * 0.25, 2, 4.0)), rel=1e-9)
    rng = np.random.default_rng(10)
    x, y = rng.normal(0.0, 0.01, (2, 300_000))  # sigma of intensity is w/2
    inside = np.hypot(x - 0.02, y) < 0.01
    assert inside.mean() == pytest.approx(found, abs=4.0 * math.sqrt(found / 300_000))
    far = gaussian.captured_power(aperture_radius_m=0.01, beam_radius=0.02, offset_m=0.0)
    assert float(far) == pytest.approx(1.0 - math.exp(-0.5))


def test_gaussian_approximation_of_capture_is_wrong_for_apertures_as_large_as_the_beam() -> None:
    # 0.2 % for w = 6 b at moderate offset, 14 % at w = b, r = w
    for w, r, error in ((0.06, 0.03, 0.002), (0.01, 0.01, 0.14)):
        spot = {"aperture_radius_m": 0.01, "beam_radius": w, "offset_m": r}
        ratio = float(gaussian.farid_hranilovic_capture(**spot) / gaussian.captured_power(**spot))
        assert abs(ratio - 1.0) == pytest.approx(error, abs=0.003)


def test_smallest_symmetric_beam_is_confocal() -> None:
    z = 300.0
    radius = float(gaussian.symmetric_beam_radius_m(range_m=z, wavelength_m=LIGHT_M))
    waists = np.linspace(0.5, 2.0, 301) * radius / math.sqrt(2.0)
    ends = gaussian.beam_radius_m(range_m=z / 2.0, waist_radius_m=waists, wavelength_m=LIGHT_M)
    assert ends.min() == pytest.approx(radius, rel=1e-9)
    assert waists[ends.argmin()] == pytest.approx(radius / math.sqrt(2.0), rel=1e-9)


def test_channels_lie_on_the_grid_inside_the_band() -> None:
    band = all_parts()["optical_c_band"]
    for spacing, count in ((50e9, 96), (75e9, 64), (100e9, 48)):
        centres = dwdm.channel_frequencies_hz(low_hz=band["low_hz"], high_hz=band["high_hz"], spacing_hz=spacing)
        assert len(centres) == count
        assert centres[0] - spacing / 2 >= band["low_hz"] * (1.0 - 1e-12)
        assert centres[-1] + spacing / 2 <= band["high_hz"] * (1.0 + 1e-12)
        steps = (centres - 193.1e12) / 6.25e9
        assert steps == pytest.approx(np.round(steps), abs=1e-3)  # on the flexible grid
    with pytest.raises(ValueError, match=r"spacing_hz=60000000000\.0"):
        dwdm.channel_frequencies_hz(low_hz=191.3e12, high_hz=196.1e12, spacing_hz=60e9)
    assert dwdm.channel_frequencies_hz(low_hz=193e12, high_hz=193.05e12, spacing_hz=100e9).size == 0


def test_catalogued_transceivers_lose_power_before_they_are_blinded() -> None:
    for part in (part for part in all_parts().values() if part.kind == "transceiver"):
        for group in part.groups():
            assert part[f"{group}.sensitivity_dbm"] < part[f"{group}.overload_dbm"]
            assert part[f"{group}.payload_bps"] < 2.0 * 4.0 * part["symbol_rate_bd"]  # two polarisations, 16QAM
            assert part[f"{group}.required_osnr_db"] <= part["transmit_osnr_db"]


def test_catalogued_bands_nest_and_hold_whole_channels() -> None:
    bands = sorted(part["high_hz"] - part["low_hz"] for part in all_parts().values() if part.kind == "optical_band")
    assert bands == pytest.approx([4.8e12, 6.0e12, 9.6e12])


def test_terminals_are_one_direction_and_nobody_flew_a_terabit() -> None:
    terminals = [part for part in all_parts().values() if part.kind == "terminal" and part.get("rate_bps")]
    assert len(terminals) >= 10
    flown = [part for part in terminals if part.name != "terminal_ai1"]  # announced, not flown
    assert max(part["rate_bps"] for part in flown) == 200e9
    densest = max(part["rate_bps"] / part["power_w"] for part in terminals if part.get("power_w"))
    assert densest == pytest.approx(2e9)  # TBIRD, 500 pJ a bit; a pluggable module needs a tenth
