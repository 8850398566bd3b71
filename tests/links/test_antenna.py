"""Dishes and arrays: patterns that keep their energy, beamwidths, scan, squint, focus, quantised phases."""

import math
from typing import Any

import numpy as np
import pytest
from scipy import integrate
from scipy.constants import speed_of_light

from links.antenna import (
    array_factor,
    array_gain,
    beam_squint_rad,
    dish_pattern,
    dish_pattern_envelope,
    focus_phase_rad,
    grating_lobe_spacing_m,
    half_power_beamwidth_rad,
    phase_quantisation_loss,
    phase_quantisation_sidelobe,
    ruze_efficiency,
    scan_loss,
    wavelength_m,
)
from links.aperture import aperture_gain, side_lobe_envelope


def test_gain_times_pattern_radiates_the_power_once() -> None:
    # the pattern of the gain, summed over the sphere, must give 4 pi; the scalar pattern is good for D >> lambda
    frequency_hz, diameter_m = 60e9, 0.15
    gain = float(aperture_gain(diameter_m=diameter_m, wavelength_m=speed_of_light / frequency_hz))

    def ring(theta: float) -> float:
        pattern = dish_pattern(angle_rad=theta, diameter_m=diameter_m, frequency_hz=frequency_hz)
        return 2 * math.pi * math.sin(theta) * float(pattern)

    total = gain * integrate.quad(ring, 0.0, math.pi / 2, limit=1000)[0]
    assert total / (4 * math.pi) == pytest.approx(1.0, abs=0.02)  # sidelobes beyond 90 degrees, 2 J1/x scalar


def test_half_power_angle_is_where_the_pattern_is_half() -> None:
    # paraxial width against sin(theta): equal to 1e-5 at a beam of half a degree
    full = half_power_beamwidth_rad(diameter_m=1.0, frequency_hz=60e9)
    assert dish_pattern(angle_rad=full / 2, diameter_m=1.0, frequency_hz=60e9) == pytest.approx(0.5, rel=1e-4)
    assert full * 1.0 / float(wavelength_m(frequency_hz=60e9)) == pytest.approx(1.029, abs=5e-4)  # textbook, 4 digits


def test_first_sidelobe_of_a_uniform_dish_is_17_6_db_down() -> None:
    x = np.linspace(3.9, 7.0, 2000)
    angle = np.arcsin(x / math.pi * speed_of_light / 60e9)
    highest = dish_pattern(angle_rad=angle, diameter_m=1.0, frequency_hz=60e9).max()
    assert 10 * math.log10(highest) == pytest.approx(-17.57, abs=0.01)  # Balanis, table 12.2, printed 17.6


def test_envelope_lies_on_or_above_the_pattern_and_touches_it() -> None:
    angle = np.linspace(0.0, math.pi / 2, 20001)
    link: dict[str, Any] = {"angle_rad": angle, "diameter_m": 0.3, "frequency_hz": 140e9}
    pattern, envelope = dish_pattern(**link), dish_pattern_envelope(**link)
    assert (envelope >= pattern).all()
    assert envelope[0] == 1.0
    assert (np.diff(envelope) <= 1e-15).all()
    peaks = (pattern[1:-1] > pattern[:-2]) & (pattern[1:-1] > pattern[2:])
    assert (envelope[1:-1][peaks] < 1.3 * pattern[1:-1][peaks]).all()
    assert dish_pattern_envelope(angle_rad=math.pi, diameter_m=0.3, frequency_hz=140e9) == envelope[-1]


def test_surface_of_a_sixteenth_wave_costs_2_7_db() -> None:
    # (4 pi/16)^2 nepers of power = 2.68 dB, Ruze's classical figure
    rms = float(wavelength_m(frequency_hz=60e9)) / 16
    assert 10 * math.log10(ruze_efficiency(surface_rms_m=rms, frequency_hz=60e9)) == pytest.approx(-2.68, abs=0.01)


def test_array_of_half_wave_cells_has_gain_pi_per_element() -> None:
    assert array_gain(elements=64, spacing_wavelengths=0.5) == pytest.approx(64 * math.pi)
    with pytest.raises(ValueError, match="grating lobes"):
        array_gain(elements=64, spacing_wavelengths=1.5)


def test_array_factor_is_the_sum_of_phasors() -> None:
    # independent: add the waves of the elements
    frequency_hz, spacing, steered = 60e9, 2.7e-3, 0.3
    k = 2 * math.pi * frequency_hz / speed_of_light
    for angle in np.linspace(-1.2, 1.2, 13):
        phases = k * spacing * np.arange(12) * (math.sin(angle) - math.sin(steered))
        expected = abs(np.exp(1j * phases).mean()) ** 2
        got = array_factor(
            elements=12, spacing_m=spacing, frequency_hz=frequency_hz, angle_rad=angle, steered_rad=steered
        )
        assert got == pytest.approx(expected, abs=1e-12)


def test_grating_lobe_appears_just_above_the_pitch_limit() -> None:
    scan = 0.5
    pitch = float(grating_lobe_spacing_m(frequency_hz=60e9, scan_rad=scan))
    behind: dict[str, Any] = {"elements": 20, "frequency_hz": 60e9, "angle_rad": -math.pi / 2, "steered_rad": scan}
    assert array_factor(spacing_m=pitch, **behind) == pytest.approx(1.0)
    assert array_factor(spacing_m=0.9 * pitch, **behind) < 0.1


def test_squinted_beam_is_where_the_array_points_off_frequency() -> None:
    steered, offset = 0.6, 0.05
    pointing = steered + float(beam_squint_rad(steered_rad=steered, relative_offset=offset))
    assert pointing - steered == pytest.approx(-offset * math.tan(steered), rel=0.1)  # first order, 5 % offset
    # phase shifters set for the centre equal those of the squinted angle at the offset frequency
    assert math.sin(pointing) * (1 + offset) == pytest.approx(math.sin(steered))
    with pytest.raises(ValueError, match="out of sight"):
        beam_squint_rad(steered_rad=1.5, relative_offset=-0.1)


def test_focus_phases_make_all_paths_arrive_together() -> None:
    r, z = np.array([0.0, 0.3, 0.5]), 20.0
    phase = focus_phase_rad(position_m=r, range_m=z, frequency_hz=60e9)
    turns = phase / (2 * math.pi) - np.sqrt(r**2 + z**2) * 60e9 / speed_of_light
    assert turns == pytest.approx(np.full(3, turns[0]), abs=1e-8)  # 4000 turns in double precision


def test_scan_loss_and_quantisation_have_their_known_values() -> None:
    assert scan_loss(angle_rad=math.pi / 3, exponent=1.5) == pytest.approx(0.5**1.5)
    with pytest.raises(ValueError, match="pi/2"):
        scan_loss(angle_rad=2.0, exponent=1.5)
    # Mailloux: 3 bits cost 0.23 dB
    assert -10 * math.log10(phase_quantisation_loss(bits=3)) == pytest.approx(0.22, abs=0.01)


def test_quantised_phases_raise_sidelobes_as_said() -> None:
    # Monte Carlo over arrays: mean power where the ideal array has none; 300 draws, 4 sigma of a chi-square mean
    rng = np.random.default_rng(5)
    elements, bits, draws = 64, 3, 300
    step = 2 * math.pi / 2**bits
    error = rng.uniform(-step / 2, step / 2, (draws, elements))
    null = np.exp(2j * math.pi * np.arange(elements) * 5 / elements)  # a null of the uniform array
    power = np.abs((np.exp(1j * error) * null).mean(axis=1)) ** 2
    expected = float(phase_quantisation_sidelobe(bits=bits, elements=elements))
    assert power.mean() == pytest.approx(expected, rel=4 / math.sqrt(draws))


@pytest.mark.parametrize("angle_rad", [2.0, 3.0, math.pi])
def test_nothing_shines_backwards(angle_rad: float) -> None:
    # trap: sin(pi) = 0, so the aperture formula finds its peak again behind the dish
    dish = {"diameter_m": 0.3, "frequency_hz": 65e9}
    assert dish_pattern(angle_rad=angle_rad, **dish) == dish_pattern(angle_rad=math.pi / 2, **dish) < 1e-5
    light_m = speed_of_light / 65e9
    assert side_lobe_envelope(diameter_m=0.3, off_axis_rad=angle_rad, wavelength_m=light_m) < 1e-5
