"""Receivers and modulation: published limits, simulation by random numbers, and the conventions that get confused."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import constants, optimize, stats

from links import background, modulation, receiver
from links.capacity import heterodyne_photons_per_bit, homodyne_photons_per_bit

LIGHT_M = 1.55e-6
DECIBEL = 10.0 / math.log(10.0)


def gray(levels: int) -> NDArray[np.int64]:
    index = np.arange(levels)
    return index ^ (index >> 1)


@pytest.mark.parametrize(("size", "es_n0_db"), [(4, 6.0), (16, 12.7), (64, 18.4)])
def test_qam_error_rate_agrees_with_simulated_symbols(size: int, es_n0_db: float) -> None:
    # es_n0 is per symbol (trap 14): noise variance 1/es_n0 at unit symbol energy
    rng = np.random.default_rng(8)
    n, levels = 300_000, math.isqrt(size)
    amplitude = np.sqrt(1.5 / (size - 1.0)) * (2.0 * np.arange(levels) - (levels - 1))
    sent = rng.integers(levels, size=n)  # one quadrature; the other is the same
    noise = rng.normal(0.0, math.sqrt(0.5 * 10.0 ** (-es_n0_db / 10.0)), n)
    decided = np.abs((amplitude[sent] + noise)[:, None] - amplitude).argmin(axis=1)
    wrong = np.bitwise_count(gray(levels)[sent] ^ gray(levels)[decided]).sum()
    bits = n * math.log2(levels)
    found = float(modulation.qam_bit_error_rate(es_n0=10.0 ** (es_n0_db / 10.0), constellation_size=size))
    assert wrong / bits == pytest.approx(found, abs=5.0 * math.sqrt(found / bits))  # 5 sigma


def test_qpsk_error_rate_is_that_of_bpsk_at_the_same_energy_per_bit() -> None:
    # trap 14: Eb/N0 is Es/N0 less 3.01 dB for QPSK, 6.02 dB for 16QAM
    es_n0 = 10.0
    assert float(modulation.qam_bit_error_rate(es_n0=es_n0, constellation_size=4)) == pytest.approx(
        0.5 * math.erfc(math.sqrt(es_n0 / 2.0)), rel=1e-12
    )


@pytest.mark.parametrize("size", [4, 16, 64, 256])
def test_required_snr_inverts_the_error_rate(size: int) -> None:
    for ber in (1e-9, 2.4e-4, 1.25e-2):
        snr = modulation.qam_es_n0(ber=ber, constellation_size=size)
        assert float(modulation.qam_bit_error_rate(es_n0=snr, constellation_size=size)) == pytest.approx(ber, rel=1e-9)


def test_required_osnr_of_openroadm_symbol_rates() -> None:
    # published with the gnpy tables, theory at 2e-2: QPSK 31.57 GBd 10.27, QPSK 63.1 GBd 13.28, 16QAM 63.1 GBd 19.74 dB
    for size, baud, expected in ((4, 31.57e9, 10.27), (4, 63.1e9, 13.28), (16, 63.1e9, 19.74)):
        needed = modulation.required_osnr(
            ber=2e-2, constellation_size=size, symbol_rate_bd=baud, reference_bandwidth_hz=12.5e9
        )
        assert DECIBEL * math.log(needed) == pytest.approx(expected, abs=0.006)


def test_osnr_counts_both_noise_polarisations_in_the_reference_bandwidth() -> None:
    # trap 13: half the signal (one polarisation) needs 3 dB less OSNR; a 6.25 GHz reference reads 3 dB more
    def needed(reference_hz: float, polarisations: int) -> float:
        return modulation.required_osnr(
            ber=2e-2, constellation_size=16, symbol_rate_bd=60e9, reference_bandwidth_hz=reference_hz,
            polarisations=polarisations,
        )  # fmt: skip

    assert needed(12.5e9, 1) == pytest.approx(needed(12.5e9, 2) / 2.0)
    assert needed(6.25e9, 2) == pytest.approx(2.0 * needed(12.5e9, 2))


def test_noise_figure_is_twice_the_spontaneous_factor() -> None:
    # trap 12: ideal amplifier, n_sp = 1, NF = 3.01 dB: noise h nu B in each of two polarisations
    photon_j = constants.h * constants.c / LIGHT_M
    found = modulation.osnr(
        power_w=1e-6, noise_figure_db=DECIBEL * math.log(2.0), wavelength_m=LIGHT_M, reference_bandwidth_hz=12.5e9
    )
    assert float(found) == pytest.approx(1e-6 / (2.0 * photon_j * 12.5e9), rel=1e-9)
    doubled = receiver.ook_preamplified_photons(ber=1e-9, noise_polarisations=1, spontaneous_factor=2.0)
    assert doubled == pytest.approx(2.0 * receiver.ook_preamplified_photons(ber=1e-9, noise_polarisations=1))
    second = receiver.ook_preamplified_photons(ber=1e-9, noise_polarisations=2)
    assert second > 1.05 * doubled / 2.0  # and the second noise polarisation costs 0.26 dB more


def test_photon_counts_are_per_payload_bit_or_per_line_bit_as_the_rate_is() -> None:
    # trap 11 and 15: 400ZR at -12 dBm, 400 Gb/s of payload in 478.75 Gb/s on the line
    per_payload, per_line = (
        float(modulation.photons_per_bit(power_w=10**-4.2, bit_rate_bps=rate, wavelength_m=LIGHT_M))
        for rate in (400e9, 478.75e9)
    )
    assert per_payload == pytest.approx(1230.8, abs=0.1)
    assert per_payload / per_line == pytest.approx(478.75 / 400.0)


def test_dpsk_behind_a_preamplifier_agrees_with_simulated_fields() -> None:
    # ideal amplifier, matched filter: signal n photons, each noise mode one photon (complex variance 1)
    rng = np.random.default_rng(9)
    n, trials = 3.0, 400_000
    size = (trials, 2)
    first, second = (np.sqrt(n) * np.array([1.0, 0.0]) + _noise(rng, size) for _ in range(2))
    wrong = (np.real(first * np.conj(second)).sum(axis=1) < 0.0).mean()
    # delay interferometer: error rate exp(-n)(1 + n/4)/2 for two noise polarisations
    expected = 0.5 * math.exp(-n) * (1.0 + n / 4.0)
    assert wrong == pytest.approx(expected, abs=4.0 * math.sqrt(expected / trials))
    photons = receiver.dpsk_preamplified_photons(ber=expected, noise_polarisations=2)
    assert photons == pytest.approx(n, rel=1e-9)


def _noise(rng: np.random.Generator, size: tuple[int, int]) -> NDArray[np.complex128]:
    return np.asarray((rng.normal(size=size) + 1j * rng.normal(size=size)) / math.sqrt(2.0), dtype=complex)


def test_preamplified_on_off_keying_agrees_with_simulated_energies() -> None:
    photons = receiver.ook_preamplified_photons(ber=1e-2, noise_polarisations=2)

    # exact distributions from another library: energy over n_sp is half a chi-square of 4 degrees
    def error(threshold: float) -> float:
        zero = stats.chi2.sf(2.0 * threshold, 4)
        one = stats.ncx2.cdf(2.0 * threshold, 4, 4.0 * photons)
        return float(zero + one) / 2.0

    best = optimize.minimize_scalar(error, bounds=(0.1, 40.0), method="bounded")
    assert float(best.fun) == pytest.approx(1e-2, rel=1e-4)


def test_textbook_photon_counts() -> None:
    # printed to the digits shown: 10.02, 8.99, 17.99, 20.03, 21.90, 38.3, 40.7 photons a bit at 1e-9
    ber = 1e-9
    assert receiver.ook_counting_photons(ber=ber) == pytest.approx(10.02, abs=0.01)
    assert receiver.bpsk_homodyne_photons(ber=ber) == pytest.approx(8.99, abs=0.01)
    assert receiver.bpsk_heterodyne_photons(ber=ber) == pytest.approx(17.99, abs=0.01)
    assert receiver.dpsk_preamplified_photons(ber=ber, noise_polarisations=1) == pytest.approx(20.03, abs=0.01)
    assert receiver.dpsk_preamplified_photons(ber=ber, noise_polarisations=2) == pytest.approx(21.90, abs=0.01)
    assert receiver.ook_preamplified_photons(ber=ber, noise_polarisations=1) == pytest.approx(38.3, abs=0.05)
    assert receiver.ook_preamplified_photons(ber=ber, noise_polarisations=2) == pytest.approx(40.7, abs=0.05)


@pytest.mark.parametrize("size", [4, 16, 64])
def test_coherent_receivers_lie_above_the_shannon_floor_of_their_rate(size: int) -> None:
    # uncoded at these error rates a bit still carries nearly all its information
    floor = float(heterodyne_photons_per_bit(bits_per_mode=math.log2(size)))
    assert modulation.shot_limited_photons_per_bit(ber=1e-3, constellation_size=size) > floor
    assert receiver.bpsk_homodyne_photons(ber=1e-3) > float(homodyne_photons_per_bit(bits_per_mode=1.0))


def test_photodiode_sensitivity_has_agrawals_closed_form() -> None:
    front = {"responsivity_a_w": 1.0, "thermal_variance_a2": 1.6e-12, "bandwidth_hz": 5e9}
    q = modulation.q_from_ber(ber=1e-12)
    expected = q * (constants.e * q * 5e9 + math.sqrt(1.6e-12))
    assert receiver.photodiode_sensitivity_w(ber=1e-12, **front) == pytest.approx(expected, rel=1e-9)
    poor = receiver.photodiode_sensitivity_w(ber=1e-12, extinction_ratio_db=10.0, **front)
    assert DECIBEL * math.log(poor / expected) == pytest.approx(DECIBEL * math.log(11.0 / 9.0), abs=0.02)  # 0.87 dB


def test_avalanche_gain_has_an_optimum_that_noise_and_ionisation_set() -> None:
    front = {"responsivity_a_w": 1.0, "thermal_variance_a2": 4e-13, "bandwidth_hz": 1.25e9, "ber": 1e-9}
    for ratio in (0.1, 0.45):
        best = receiver.apd_best_gain(ionisation_ratio=ratio, **front)
        thermal = math.sqrt(4e-13) / (constants.e * modulation.q_from_ber(ber=1e-9) * 1.25e9)
        closed = math.sqrt(thermal / ratio + 1.0 - 1.0 / ratio)
        assert best == pytest.approx(closed, rel=1e-3)  # Agrawal's optimum; the minimum is flat
    assert receiver.apd_sensitivity_w(ionisation_ratio=0.1, gain=1.0, **front) == pytest.approx(
        receiver.photodiode_sensitivity_w(**front)
    )


def test_pam4_costs_4_8_db_of_light_over_two_levels() -> None:
    # a third of the eye, thermal noise: 10 log10(3); the decision needs nearly the same ratio
    ratio = 3.0 * modulation.pam4_half_eye(ber=1e-9) / modulation.q_from_ber(ber=1e-9)
    assert DECIBEL * math.log(ratio) == pytest.approx(4.77, abs=0.06)


def test_sun_in_a_single_mode_is_a_quarter_photon_whatever_the_aperture() -> None:
    # trap 18: radiance x (lambda^2 of etendue) / 2 polarisations = h nu n per hertz, with no diameter in it
    temperature = 5772.0
    radiance = float(background.spectral_radiance_w_m2_sr_m(wavelength_m=LIGHT_M, temperature_k=temperature))
    per_hertz = radiance * LIGHT_M**2 / constants.c  # dlambda = lambda^2/c dnu
    one_mode = per_hertz * LIGHT_M**2 / 2.0
    expected = float(background.background_spectral_density_w_hz(wavelength_m=LIGHT_M, temperature_k=temperature))
    assert one_mode == pytest.approx(expected, rel=1e-9)
    photons = float(background.photons_per_mode(wavelength_m=LIGHT_M, temperature_k=temperature))
    assert photons == pytest.approx(0.2504, abs=1e-4)
    # a preamplifier of 5 dB noise figure loses 0.64 dB of OSNR to the Sun in its mode
    penalty = background.preamplifier_penalty_db(photons=photons, spontaneous_factor=10**0.5 / 2.0)
    assert float(penalty) == pytest.approx(0.64, abs=0.01)


def test_black_body_radiates_stefan_boltzmann() -> None:
    wavelength = np.geomspace(1e-8, 1e-2, 20001)
    radiance = background.spectral_radiance_w_m2_sr_m(wavelength_m=wavelength, temperature_k=5772.0)
    total = math.pi * float(np.trapezoid(radiance * wavelength, np.log(wavelength)))
    assert total == pytest.approx(constants.Stefan_Boltzmann * 5772.0**4, rel=1e-5)  # ends of the integral


def test_bad_input_is_named() -> None:
    with pytest.raises(ValueError, match="constellation_size=8: need a square QAM"):
        modulation.qam_es_n0(ber=1e-3, constellation_size=8)
    with pytest.raises(ValueError, match=r"ber=0\.6"):
        receiver.ook_counting_photons(ber=0.6)
    with pytest.raises(ValueError, match="noise_polarisations=3"):
        receiver.dpsk_preamplified_photons(ber=1e-3, noise_polarisations=3)
    with pytest.raises(ValueError, match=r"quantum_efficiency=1\.2"):
        receiver.responsivity_a_w(quantum_efficiency=1.2, wavelength_m=LIGHT_M)
    with pytest.raises(ValueError, match=r"gain=0\.5"):
        receiver.apd_sensitivity_w(
            ber=1e-9, responsivity_a_w=1.0, thermal_variance_a2=1e-13, bandwidth_hz=1e9, ionisation_ratio=0.1, gain=0.5
        )
