"""Receiver noise: limits of temperature, quantum floor, ceilings that add as noises."""

import math

import numpy as np
import pytest
from scipy.constants import Boltzmann, Planck

from links.capacity import heterodyne_bits, holevo_bits
from links.noise import (
    combined_snr,
    converter_snr,
    noise_power_w,
    phase_noise_snr,
    quantum_limited_temperature_k,
    radiation_temperature_k,
    shannon_rate_bps,
    system_temperature_k,
)


def test_noise_density_of_one_kelvin_is_minus_228_6_dbw() -> None:
    assert 10 * math.log10(noise_power_w(temperature_k=1.0, bandwidth_hz=1.0)) == pytest.approx(-228.599, abs=5e-4)


def test_lossy_line_at_room_temperature_leaves_a_290_k_antenna_at_290_k() -> None:
    got = system_temperature_k(antenna_temperature_k=290.0, noise_figure_db=0.0, line_loss_db=[0.0, 1.0, 20.0])
    assert got == pytest.approx(np.full(3, 290.0))


def test_loss_before_the_amplifier_is_worse_than_its_decibels() -> None:
    cold = {"antenna_temperature_k": 10.0, "noise_figure_db": 1.0}
    assert system_temperature_k(line_loss_db=1.0, **cold) > 1.3 * system_temperature_k(**cold)


def test_warm_radiation_is_classical_and_cold_radiation_is_the_zero_point() -> None:
    assert radiation_temperature_k(temperature_k=300.0, frequency_hz=1e9) == pytest.approx(300.0, rel=1e-6)
    frequency_hz = 300e9
    zero_point = 0.5 * Planck * frequency_hz / Boltzmann
    assert radiation_temperature_k(temperature_k=0.0, frequency_hz=frequency_hz) == pytest.approx(zero_point)
    # Planck's photons plus half a quantum, written out
    photons = 1.0 / math.expm1(Planck * frequency_hz / (Boltzmann * 20.0))
    expected = Planck * frequency_hz / Boltzmann * (photons + 0.5)
    assert radiation_temperature_k(temperature_k=20.0, frequency_hz=frequency_hz) == pytest.approx(expected)


def test_quantum_limit_is_14_k_at_300_ghz() -> None:
    assert quantum_limited_temperature_k(frequency_hz=300e9) == pytest.approx(14.4, abs=0.05)


def test_quantum_limited_receiver_is_the_heterodyne_limit_and_below_holevo() -> None:
    frequency_hz, bandwidth_hz, power_w = 300e9, 1e9, 1e-12
    floor_k = quantum_limited_temperature_k(frequency_hz=frequency_hz)
    noise_w = noise_power_w(temperature_k=floor_k, bandwidth_hz=bandwidth_hz)
    rate = shannon_rate_bps(snr=power_w / noise_w, bandwidth_hz=bandwidth_hz)
    photons = power_w / (Planck * frequency_hz * bandwidth_hz)
    assert rate == pytest.approx(bandwidth_hz * float(heterodyne_bits(photons=photons)), rel=1e-12)
    assert rate < bandwidth_hz * float(holevo_bits(photons=photons))


def test_converter_with_a_sine_has_the_textbook_ratio() -> None:
    # 6.02 N + 1.76 dB for a full-scale sine, whose peak over average is 3.01 dB
    got = 10 * math.log10(converter_snr(enob_bit=8.0, peak_to_average_db=10 * math.log10(2.0)))
    assert got == pytest.approx(6.02 * 8 + 1.76, abs=0.01)  # the textbook's rounding


def test_ceilings_add_as_noises_and_the_worst_one_rules() -> None:
    assert combined_snr(1e9, 100.0) == pytest.approx(100.0, rel=1e-6)
    assert combined_snr(np.array([50.0, np.inf]), 50.0) == pytest.approx([25.0, 50.0])
    assert combined_snr() == math.inf
    assert phase_noise_snr(rms_rad=math.radians(1.0)) == pytest.approx(10 ** (35.16 / 10), rel=1e-3)


def test_shannon_with_a_ceiling_saturates() -> None:
    # trap: capacity growing for ever with power although converters end it
    power = np.geomspace(1.0, 1e12, 13)
    ceiling = converter_snr(enob_bit=4.5, peak_to_average_db=8.0)
    rate = shannon_rate_bps(snr=combined_snr(power, ceiling), bandwidth_hz=1.0)
    assert (np.diff(rate) > 0).all()
    assert rate[-1] < math.log2(1 + float(ceiling))
