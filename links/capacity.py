"""What physics lets a light field carry: bits per mode, and the best use of many modes at a given power.

Narrow-band, linear, lossy bosonic channels. Leaves out nonlinearity and everything a modem does.
"""

import math

import numpy as np
import scipy  # optimize and others load on first use: importing links stays cheap
from numpy.typing import ArrayLike, NDArray
from scipy import constants, special

from .model import require_positive
from .modes import ModeSpectrum

__all__ = [
    "heterodyne_bits", "heterodyne_photons_per_bit", "holevo_bits", "holevo_capacity_bps", "homodyne_bits",
    "homodyne_photons_per_bit", "photons_for_bits_per_photon", "ppm_photons_per_bit",
]  # fmt: skip

Floats = NDArray[np.float64]


def _g_nats(photons: Floats) -> Floats:
    """(1+n) ln(1+n) - n ln n, written without the difference of two large numbers for many photons."""
    few = photons * np.log1p(photons) - special.xlogy(photons, photons)
    many = photons * np.log1p(1.0 / np.maximum(photons, 1.0))
    return np.asarray(np.log1p(photons) + np.where(photons < 1.0, few, many))


def holevo_bits(*, photons: ArrayLike, background_photons: ArrayLike = 0.0) -> Floats:
    """Most bits per use of one mode that any receiver can get from `photons` received on average. [bit]

    Notes
    -----
    `g(n + nb) - g(nb)` with `g(n) = (n+1) log2(n+1) - n log2 n`; nb thermal photons per mode.

    References
    ----------
    V. Giovannetti et al., "Classical capacity of the lossy bosonic channel", Phys. Rev. Lett. 92, 027902 (2004).

    Examples
    --------
    >>> float(holevo_bits(photons=1.0))
    2.0
    """
    n = require_positive(photons, name="photons", zero=True)
    nb = require_positive(background_photons, name="background_photons", zero=True)
    return np.asarray((_g_nats(n + nb) - _g_nats(nb)) / math.log(2.0))


def heterodyne_bits(*, photons: ArrayLike) -> Floats:
    """Shannon bits per mode with shot-noise-limited heterodyne detection or an ideal preamplifier, log2(1+n). [bit]"""
    return np.asarray(np.log1p(require_positive(photons, name="photons", zero=True)) / math.log(2.0))


def homodyne_bits(*, photons: ArrayLike) -> Floats:
    """Shannon bits per mode with shot-noise-limited homodyne detection of one quadrature, log2(1+4n)/2. [bit]"""
    return np.asarray(np.log1p(4.0 * require_positive(photons, name="photons", zero=True)) / math.log(4.0))


def heterodyne_photons_per_bit(*, bits_per_mode: ArrayLike) -> Floats:
    """Photons per bit that heterodyne detection needs at a spectral efficiency; ln 2 at zero. [-]

    >>> float(heterodyne_photons_per_bit(bits_per_mode=4.0)).__round__(9)
    3.75
    """
    bits = require_positive(bits_per_mode, name="bits_per_mode", zero=True) * math.log(2.0)
    return np.asarray(math.log(2.0) * special.exprel(bits))


def homodyne_photons_per_bit(*, bits_per_mode: ArrayLike) -> Floats:
    """Photons per bit that homodyne detection needs at a spectral efficiency; ln(2)/2 at zero. [-]"""
    bits = require_positive(bits_per_mode, name="bits_per_mode", zero=True) * math.log(4.0)
    return np.asarray(0.25 * math.log(4.0) * special.exprel(bits))


def ppm_photons_per_bit(*, order: int, photons_per_pulse: ArrayLike) -> Floats:
    """Photons per bit of pulse position modulation with an ideal counter and no background. [-]

    Notes
    -----
    An erasure channel: `log2(M) (1 - exp(-n))` bits for n photons a pulse; at least 1/log2(M) photons per bit.
    """
    if order != int(order) or order < 2:
        raise ValueError(f"order={order!r}: need a whole number of slots >= 2")
    n = require_positive(photons_per_pulse, name="photons_per_pulse")
    return np.asarray(n / (-np.expm1(-n) * math.log2(order)))


def photons_for_bits_per_photon(*, bits_per_photon: float) -> float:
    """Photons per mode below which a receiver must work to get that many bits from each photon. [-]

    Notes
    -----
    Solves `g(n)/n = bits_per_photon`, which falls with n. Any demonstration must lie below it (Holevo).
    """
    require_positive(bits_per_photon, name="bits_per_photon")

    def excess(log_n: float) -> float:
        n = math.exp(log_n)
        return float(holevo_bits(photons=n)) / n - bits_per_photon

    low = -bits_per_photon - 2.0
    high = 2.0 + max(0.0, 2.0 - math.log(bits_per_photon)) * 2.0
    return math.exp(scipy.optimize.brentq(excess, low, high, xtol=1e-13))


def holevo_capacity_bps(
    *, spectrum: ModeSpectrum, power_w: float, bandwidth_hz: float, wavelength_m: float, polarisations: int = 2
) -> float:
    """Largest rate through a set of lossy spatial modes at a total transmitted power. [bit/s]

    Parameters
    ----------
    spectrum : ModeSpectrum
        Transmissions, one polarisation.
    power_w : float
        Transmitted, over all modes, the band and both polarisations. [W]
    bandwidth_hz, wavelength_m : float
        Optical band (narrow: all photons have the energy at `wavelength_m`). [Hz], [m]
    polarisations : int
        1 or 2.

    Notes
    -----
    Maximises `sum_j g(mu_j n_j)` under `sum_j n_j = P / (h nu B n_pol)`; stationarity gives
    `n_j = 1 / (mu_j (exp(s / mu_j) - 1))`, with one root `s` for the power. A dark background (no thermal photons).
    """
    for name, value in (("power_w", power_w), ("bandwidth_hz", bandwidth_hz), ("wavelength_m", wavelength_m)):
        require_positive(value, name=name)
    if polarisations not in (1, 2):
        raise ValueError(f"polarisations={polarisations!r}: light has 1 or 2")
    mu, count = np.minimum(spectrum.transmission, 1.0), spectrum.count
    photon_j = constants.h * constants.c / wavelength_m
    photons = power_w / (photon_j * bandwidth_hz * polarisations)

    def received(log_s: float) -> Floats:
        with np.errstate(over="ignore"):
            return np.asarray(1.0 / np.expm1(math.exp(log_s) / mu))

    def excess(log_s: float) -> float:
        return math.log(max(float(count @ (received(log_s) / mu)), 1e-300)) - math.log(photons)

    # n_j >= 1/s - 1/(2 mu_j), so s above sum(count)/photons is too little power only if mu is small: bracket widely
    low, high = math.log(float(mu.max())) - 1.0, math.log(float(mu.max())) + 1.0
    while excess(low) < 0.0:
        low -= 4.0
    while excess(high) > 0.0:
        high += 1.0
    root = scipy.optimize.brentq(excess, low, high, xtol=1e-13)
    return float(polarisations * bandwidth_hz * (count @ _g_nats(received(root))) / math.log(2.0))
