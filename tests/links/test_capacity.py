"""Capacity of light: order of the receivers, limits, and water-filling against a general optimiser."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import constants, optimize

from links import capacity
from links.modes import ModeSpectrum, circular_modes

LIGHT_M = 1.55e-6
PHOTON_J = constants.h * constants.c / LIGHT_M


@given(n=st.floats(1e-9, 1e6))
def test_no_quadrature_receiver_beats_holevo(n: float) -> None:
    holevo = float(capacity.holevo_bits(photons=n))
    assert max(float(capacity.heterodyne_bits(photons=n)), float(capacity.homodyne_bits(photons=n))) <= holevo
    assert float(capacity.holevo_bits(photons=n, background_photons=0.25)) < holevo


def test_spectral_efficiency_and_photons_per_bit_are_the_same_curve() -> None:
    bits = np.array([0.01, 0.5, 4.0])
    for need, get in (
        (capacity.heterodyne_photons_per_bit, capacity.heterodyne_bits),
        (capacity.homodyne_photons_per_bit, capacity.homodyne_bits),
    ):
        assert get(photons=need(bits_per_mode=bits) * bits) == pytest.approx(bits, rel=1e-12)


def test_pulse_position_modulation_passes_the_coherent_floor_and_not_holevo() -> None:
    # 0.693 photons a bit for heterodyne detection; a counter with 1024 slots needs less
    need = float(capacity.ppm_photons_per_bit(order=1024, photons_per_pulse=1.0))
    assert 0.1 < need < float(capacity.heterodyne_photons_per_bit(bits_per_mode=0.0))
    assert 1.0 / need < float(capacity.holevo_bits(photons=1.0 / 1024.0)) * 1024.0


def test_bits_per_photon_are_bounded_by_dilution() -> None:
    n = capacity.photons_for_bits_per_photon(bits_per_photon=14.5)
    assert float(capacity.holevo_bits(photons=n)) / n == pytest.approx(14.5, rel=1e-9)


@pytest.mark.parametrize("photons", [0.05, 3.0, 200.0])
def test_water_filling_agrees_with_a_general_optimiser(photons: float) -> None:
    mu = np.array([0.99, 0.6, 0.2, 0.03])
    count = np.array([1.0, 2.0, 2.0, 4.0])
    spectrum = ModeSpectrum(transmission=mu, count=count)
    found = capacity.holevo_capacity_bps(
        spectrum=spectrum, power_w=photons * PHOTON_J * 1e9, bandwidth_hz=1e9, wavelength_m=LIGHT_M, polarisations=1
    )

    def rate(share: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
        part = np.exp(share - share.max())
        received = mu * photons * part / (count @ part)
        return -float(count @ ((1 + received) * np.log2(1 + received) - received * np.log2(received)))

    best = optimize.minimize(
        rate, np.zeros(4), method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-13, "maxiter": 10000}
    )
    assert found / 1e9 == pytest.approx(-float(best.fun), rel=1e-7)
    even = -rate(np.zeros(4))
    assert found / 1e9 >= even


def test_one_perfect_mode_carries_g_of_n() -> None:
    spectrum = ModeSpectrum(transmission=np.array([1.0]), count=np.array([1.0]))
    found = capacity.holevo_capacity_bps(
        spectrum=spectrum, power_w=2.0 * PHOTON_J * 4.8e12, bandwidth_hz=4.8e12, wavelength_m=LIGHT_M
    )
    assert found == pytest.approx(2.0 * 4.8e12 * 2.0, rel=1e-9)  # 1 photon in each polarisation: 2 bits each


def test_capacity_grows_with_power_band_modes_and_polarisations() -> None:

    def rate(c: float = 5.0, power_w: float = 1e-3, band_hz: float = 4.8e12, polarisations: int = 2) -> float:
        return capacity.holevo_capacity_bps(
            spectrum=circular_modes(c=c), power_w=power_w, bandwidth_hz=band_hz, wavelength_m=LIGHT_M,
            polarisations=polarisations,
        )  # fmt: skip

    assert min(rate(c=10.0), rate(power_w=2e-3), rate(band_hz=9.6e12)) > rate() > rate(polarisations=1)


def test_bad_input_is_named() -> None:
    with pytest.raises(ValueError, match=r"photons=-1\.0"):
        capacity.holevo_bits(photons=-1.0)
    with pytest.raises(ValueError, match="polarisations=3"):
        capacity.holevo_capacity_bps(
            spectrum=circular_modes(c=1.0), power_w=1.0, bandwidth_hz=1.0, wavelength_m=1e-6, polarisations=3
        )
    with pytest.raises(ValueError, match="order=1"):
        capacity.ppm_photons_per_bit(order=1, photons_per_pulse=1.0)
    assert math.isfinite(capacity.photons_for_bits_per_photon(bits_per_photon=0.1))


@pytest.mark.parametrize("photons", [1e9, 1e13, 1e16, 1e20])
def test_bits_of_very_many_photons_are_the_classical_limit(photons: float) -> None:
    # a radio channel: g(n) -> log2(n) + log2(e); the textbook formula cancels to 0 at 1e16
    assert capacity.holevo_bits(photons=photons) == pytest.approx(math.log2(photons) + math.log2(math.e), rel=1e-9)
