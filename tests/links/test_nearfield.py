"""Radio between flat apertures: independent double integral, Friis as a limit, passivity, no atmosphere."""

import math

import numpy as np
import pytest
from scipy import integrate, special
from scipy.constants import speed_of_light

from links.aperture import fraunhofer_distance_m
from links.model import ValidityWarning
from links.modes import strongest_coupling
from links.nearfield import (
    displaced_coupling_ratio,
    far_field_transmission,
    flat_aperture_transmission,
    on_axis_reduction,
)


def by_two_integrals(a: float, b: float, z: float, wavelength: float) -> float:
    """Fresnel field of a uniform disc by radial quadrature, then its overlap with a uniform receiver."""
    k = 2 * math.pi / wavelength
    x, w = special.roots_legendre(400)
    r, wr = 0.5 * a * (x + 1), 0.5 * a * w
    rho, wrho = 0.5 * b * (x + 1), 0.5 * b * w
    field = special.j0(k * np.outer(rho, r) / z) @ (np.exp(1j * k * r**2 / (2 * z)) * r * wr) * k / z
    overlap = 2 * math.pi * np.sum(field * np.exp(1j * k * rho**2 / (2 * z)) * rho * wrho)
    return float(abs(overlap) ** 2 / (math.pi * a**2 * math.pi * b**2))


@pytest.mark.parametrize("rx_diameter_m", [0.05, 0.4, 1.0])
@pytest.mark.parametrize("range_m", [20.0, 300.0, 5000.0])
def test_flat_apertures_agree_with_the_double_integral(rx_diameter_m: float, range_m: float) -> None:
    frequency_hz = 140e9
    expected = by_two_integrals(0.5, rx_diameter_m / 2, range_m, speed_of_light / frequency_hz)
    got = flat_aperture_transmission(
        tx_diameter_m=1.0, rx_diameter_m=rx_diameter_m, range_m=range_m, frequency_hz=frequency_hz
    )
    assert got == pytest.approx(expected, rel=1e-9)  # both quadratures are converged


def test_transmission_is_reciprocal() -> None:
    there = flat_aperture_transmission(tx_diameter_m=0.3, rx_diameter_m=1.2, range_m=200.0, frequency_hz=60e9)
    back = flat_aperture_transmission(tx_diameter_m=1.2, rx_diameter_m=0.3, range_m=200.0, frequency_hz=60e9)
    assert there == pytest.approx(float(back), rel=1e-12)


def test_received_never_exceeds_transmitted_nor_the_best_possible_beam() -> None:
    range_m = np.geomspace(15.0, 1e5, 40)
    got = flat_aperture_transmission(tx_diameter_m=1.0, rx_diameter_m=1.0, range_m=range_m, frequency_hz=300e9)
    friis = far_field_transmission(tx_diameter_m=1.0, rx_diameter_m=1.0, range_m=range_m, frequency_hz=300e9)
    best = np.array([strongest_coupling(c=2.0 * math.sqrt(n)) for n in friis])
    assert (got <= best * (1 + 1e-9)).all()
    assert (got <= 1.0).all()
    assert friis.max() > 1000.0  # where Friis creates energy


def test_friis_is_the_far_field_limit() -> None:
    dishes = {"tx_diameter_m": 0.3, "rx_diameter_m": 0.3, "frequency_hz": 60e9}
    far_m = 30.0 * float(fraunhofer_distance_m(diameter_m=0.3, wavelength_m=speed_of_light / 60e9))
    got = flat_aperture_transmission(range_m=far_m, **dishes)
    # the first correction is of order (k a^2/2z)^2: below 1e-3 at 30 times the Fraunhofer distance
    assert got == pytest.approx(float(far_field_transmission(range_m=far_m, **dishes)), rel=1e-3)


def test_beams_hardly_spread_where_the_fresnel_number_is_large() -> None:
    # what is lost is a rim about sqrt(lambda z) wide: a part 4 sqrt(lambda z)/D of the area, less than twice that here
    wavelength, z = speed_of_light / 2e12, 100.0
    got = flat_aperture_transmission(tx_diameter_m=2.0, rx_diameter_m=2.0, range_m=z, frequency_hz=2e12)
    rim = 4 * math.sqrt(wavelength * z) / 2.0
    assert 1.0 - 2.0 * rim < got < 1.0


def test_too_many_fresnel_zones_are_refused() -> None:
    with pytest.raises(ValueError, match="use a longer range"):
        flat_aperture_transmission(tx_diameter_m=1.0, rx_diameter_m=1.0, range_m=100.0, frequency_hz=200e12)


def test_too_near_for_fresnel_is_said() -> None:
    with pytest.warns(ValidityWarning, match="too near"):
        flat_aperture_transmission(tx_diameter_m=1.0, rx_diameter_m=1.0, range_m=1.0, frequency_hz=300e9)


def test_on_axis_reduction_is_the_fresnel_integral() -> None:
    wavelength, a, z = speed_of_light / 60e9, 0.5, 50.0
    phase = math.pi / (wavelength * z)
    real = integrate.quad(lambda r: math.cos(phase * r * r) * r, 0, a, limit=200)[0]
    imaginary = integrate.quad(lambda r: math.sin(phase * r * r) * r, 0, a, limit=200)[0]
    expected = (real**2 + imaginary**2) / (a**2 / 2) ** 2
    assert on_axis_reduction(diameter_m=1.0, range_m=z, frequency_hz=60e9) == pytest.approx(expected, rel=1e-9)


def test_itu_constant_is_reproduced_and_nothing_is_absorbed() -> None:
    # ITU-R P.525: 32.4 + 20 log f(MHz) + 20 log d(km), 32.4 rounded from 32.45; air would take 15 dB/km more at 60 GHz
    isotropic_m2 = (speed_of_light / 60e9) ** 2 / (4 * math.pi)
    diameter = 2 * math.sqrt(isotropic_m2 / math.pi)
    got = far_field_transmission(tx_diameter_m=diameter, rx_diameter_m=diameter, range_m=10e3, frequency_hz=60e9)
    assert -10 * math.log10(got) == pytest.approx(32.45 + 20 * math.log10(60e3) + 20, abs=0.005)


def test_no_ranges_give_no_answers() -> None:
    assert flat_aperture_transmission(tx_diameter_m=1, rx_diameter_m=1, range_m=[], frequency_hz=6e10).shape == (0,)


@pytest.mark.parametrize(
    ("tx_m", "rx_m", "range_m", "frequency_hz"), [(1.0, 1.0, 300.0, 140e9), (0.1, 0.3, 40.0, 65e9)]
)
def test_displaced_apertures_agree_with_the_integral_over_both(
    tx_m: float, rx_m: float, range_m: float, frequency_hz: float
) -> None:
    # both discs on grids; the Fresnel kernel separates into x and y
    wave = math.pi * frequency_hz / (speed_of_light * range_m)

    def disc(diameter_m: float, parts: int = 6, n: int = 240) -> tuple[np.ndarray, np.ndarray]:
        step = diameter_m / n
        x = step * (np.arange(n) + 0.5) - diameter_m / 2
        shift = step * ((np.arange(parts) + 0.5) / parts - 0.5)
        inside = [np.hypot(x[:, None] + u, x + v) <= diameter_m / 2 for u in shift for v in shift]
        return x, np.mean(inside, axis=0)

    (x, sent), (y, taken) = disc(tx_m), disc(rx_m)

    def coupled(offset_m: float) -> complex:
        along = np.exp(-1j * wave * (x[:, None] - y - offset_m) ** 2)
        across = np.exp(-1j * wave * (x[:, None] - y) ** 2)
        return complex(np.sum((along.T @ sent @ across) * taken))

    offset_m = [0.0, 1.0, 2.5]
    wanted = [coupled(s) / coupled(0.0) * np.exp(1j * wave * s**2) for s in offset_m]
    found = displaced_coupling_ratio(
        tx_diameter_m=tx_m, rx_diameter_m=rx_m, range_m=range_m, frequency_hz=frequency_hz, offset_m=offset_m
    )
    assert found == pytest.approx(np.array(wanted), abs=1e-4)


def test_displaced_apertures_far_away_are_as_good_as_coaxial_ones() -> None:
    far = displaced_coupling_ratio(
        tx_diameter_m=0.3, rx_diameter_m=0.1, range_m=[1e5, 1e6], frequency_hz=65e9, offset_m=[1.0]
    )
    assert far.shape == (2, 1)
    assert far == pytest.approx(1.0, abs=1e-4)


def test_arrays_far_wider_than_their_range_are_refused() -> None:
    with pytest.raises(ValueError, match="offset_m=63"):
        displaced_coupling_ratio(
            tx_diameter_m=1.0, rx_diameter_m=1.0, range_m=1.0, frequency_hz=300e9, offset_m=np.arange(64.0)
        )
