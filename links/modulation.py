"""Error rates of coherent and multilevel modulation in Gaussian noise, and the OSNR they need.

Ideal receivers: any implementation penalty is in the data sheets, not here. Leaves out coding (give the error rate
before the decoder) and phase noise.
"""

import math
from functools import lru_cache

import numpy as np
import scipy  # optimize and others load on first use: importing links stays cheap
from numpy.typing import ArrayLike, NDArray
from scipy import constants, special

from .model import require_positive

__all__ = [
    "osnr", "pam4_half_eye", "photons_per_bit", "q_from_ber", "qam_bit_error_rate", "qam_es_n0", "required_osnr",
    "shot_limited_photons_per_bit",
]  # fmt: skip

Floats = NDArray[np.float64]


def _error_rate(ber: float, *, name: str = "ber") -> float:
    if not 0.0 < ber < 0.5:
        raise ValueError(f"{name}={ber!r}: need an error rate between 0 and 0.5")
    return float(ber)


def q_from_ber(*, ber: float) -> float:
    """Q factor of a binary decision in Gaussian noise: ber = erfc(Q / sqrt 2) / 2. [-]

    >>> round(q_from_ber(ber=1e-9), 3)
    5.998
    """
    return -float(special.ndtri(_error_rate(ber)))


@lru_cache(maxsize=32)
def _gray_terms(constellation_size: int) -> tuple[Floats, Floats]:
    """Coefficients and odd multipliers of the erfc terms of a Gray-mapped square constellation."""
    levels = math.isqrt(constellation_size)
    bits = levels.bit_length() - 1
    if levels**2 != constellation_size or 1 << bits != levels or levels < 2:
        raise ValueError(f"constellation_size={constellation_size!r}: need a square QAM, 4, 16, 64, 256, ...")
    weight: dict[int, float] = {}
    for k in range(1, bits + 1):
        for i in range(levels - (levels >> k)):
            sign = -1.0 if (i * 2 ** (k - 1) // levels) % 2 else 1.0
            count = 2 ** (k - 1) - (2 * i * 2 ** (k - 1) + levels) // (2 * levels)
            weight[2 * i + 1] = weight.get(2 * i + 1, 0.0) + sign * count
    odd = np.array(sorted(weight), dtype=float)
    return np.array([weight[int(n)] for n in odd]) / (levels * bits), odd


def qam_bit_error_rate(*, es_n0: ArrayLike, constellation_size: int) -> Floats:
    """Bit error rate of Gray-mapped square QAM in Gaussian noise. [-]

    Parameters
    ----------
    es_n0 : array
        Signal to noise per complex symbol of one polarisation, linear; not Eb/N0. [-]
    constellation_size : int
        4, 16, 64, 256, ...

    Notes
    -----
    Exact, all neighbours.

    References
    ----------
    K. Cho, D. Yoon, "On the general BER expression of one- and two-dimensional amplitude modulations", IEEE Trans.
    Commun. 50, 1074 (2002), eqs. 14, 16.
    """
    snr = require_positive(es_n0, name="es_n0", zero=True)
    coefficient, odd = _gray_terms(constellation_size)
    argument = odd * np.sqrt(1.5 * snr[..., None] / (constellation_size - 1.0))
    return np.asarray(special.erfc(argument) @ coefficient)


def qam_es_n0(*, ber: float, constellation_size: int) -> float:
    """Es/N0, linear, that gives a bit error rate; inverse of `qam_bit_error_rate`. [-]

    >>> round(10 * math.log10(qam_es_n0(ber=2e-2, constellation_size=16)), 2)
    12.71
    """
    goal = math.log(_error_rate(ber))

    def excess(log_snr: float) -> float:
        value = float(qam_bit_error_rate(es_n0=math.exp(log_snr), constellation_size=constellation_size))
        return math.log(max(value, 1e-300)) - goal

    return math.exp(scipy.optimize.brentq(excess, -15.0, math.log(1000.0 * constellation_size), xtol=1e-13))


def shot_limited_photons_per_bit(*, ber: float, constellation_size: int) -> float:
    """Photons per bit of an ideal intradyne receiver: one signal photon per symbol is an Es/N0 of 1. [-]"""
    return qam_es_n0(ber=ber, constellation_size=constellation_size) / math.log2(constellation_size)


def pam4_half_eye(*, ber: float) -> float:
    """Half the opening of one of the three eyes over the noise rms that gives a bit error rate, Gray PAM4. [-]

    Notes
    -----
    `BER = (3/4) Q(q)`, nearest neighbours.
    """
    return -float(special.ndtri(_error_rate(ber) * 4.0 / 3.0))


def osnr(
    *, power_w: ArrayLike, noise_figure_db: ArrayLike, wavelength_m: ArrayLike, reference_bandwidth_hz: ArrayLike
) -> Floats:
    """OSNR after an amplifier with that input power: P / (NF h nu B), noise of both polarisations. [-]

    Notes
    -----
    NF = 2 n_sp at high gain, so both noise polarisations are in it; at 1550 nm and 12.5 GHz, 57.95 dB + P - NF in dBm.
    """
    photon_j = constants.h * constants.c / require_positive(wavelength_m, name="wavelength_m")
    noise_w = 10.0 ** (np.asarray(noise_figure_db, dtype=float) / 10.0) * photon_j
    noise_w = noise_w * require_positive(reference_bandwidth_hz, name="reference_bandwidth_hz")
    return np.asarray(require_positive(power_w, name="power_w", zero=True) / noise_w)


def required_osnr(
    *, ber: float, constellation_size: int, symbol_rate_bd: float, reference_bandwidth_hz: float, polarisations: int = 2
) -> float:
    """OSNR that an ideal coherent receiver needs, noise of both polarisations in the reference bandwidth. [-]

    Notes
    -----
    `OSNR = Es/N0 (R_s / B_ref) (n_pol / 2)`: with one polarisation the signal is half, the counted noise is not.
    """
    require_positive(symbol_rate_bd, name="symbol_rate_bd")
    require_positive(reference_bandwidth_hz, name="reference_bandwidth_hz")
    if polarisations not in (1, 2):
        raise ValueError(f"polarisations={polarisations!r}: light has 1 or 2")
    snr = qam_es_n0(ber=ber, constellation_size=constellation_size)
    return snr * symbol_rate_bd / reference_bandwidth_hz * polarisations / 2.0


def photons_per_bit(*, power_w: ArrayLike, bit_rate_bps: ArrayLike, wavelength_m: ArrayLike) -> Floats:
    """Photons received per bit: of payload or of line rate, as `bit_rate_bps` is. [-]

    >>> float(photons_per_bit(power_w=1e-5, bit_rate_bps=400e9, wavelength_m=1.55e-6)).__round__(1)
    195.1
    """
    photon_j = constants.h * constants.c / require_positive(wavelength_m, name="wavelength_m")
    rate = require_positive(bit_rate_bps, name="bit_rate_bps")
    return np.asarray(require_positive(power_w, name="power_w", zero=True) / (photon_j * rate))
