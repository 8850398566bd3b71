"""Noise of radio receivers and the ceilings that hardware puts on the signal-to-noise ratio.

Leaves out the spectra behind the ceilings: phase noise, converter and distortion noise count as white over the symbol.
"""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.constants import Boltzmann, Planck

from .model import require_positive
from .units import from_db

__all__ = [
    "STANDARD_TEMPERATURE_K", "combined_snr", "converter_snr", "noise_power_w", "phase_noise_snr",
    "quantum_limited_temperature_k", "radiation_temperature_k", "shannon_rate_bps", "system_temperature_k",
]  # fmt: skip

Floats = NDArray[np.float64]

STANDARD_TEMPERATURE_K = 290.0
"""Temperature at which noise figures are defined (IRE Standards on Methods of Measuring Noise, 1959). [K]"""


def system_temperature_k(
    *, antenna_temperature_k: ArrayLike, noise_figure_db: ArrayLike, line_loss_db: ArrayLike = 0.0
) -> Floats:
    """Noise temperature at the input of the low-noise amplifier. [K]

    Parameters
    ----------
    antenna_temperature_k : array
        What the antenna sees: cold sky 3 to 50 K, the Earth 290 K. [K]
    noise_figure_db : array
        Of the amplifier and what follows. [dB]
    line_loss_db : array
        Between antenna and amplifier, at 290 K. [dB]

    Notes
    -----
    T_ant/L + 290 (1 - 1/L) + 290 (F - 1). D. M. Pozar, Microwave Engineering, 4th ed. (2011), section 10.1.

    >>> round(float(system_temperature_k(antenna_temperature_k=50.0, noise_figure_db=4.0)), 1)
    488.4
    """
    antenna = require_positive(antenna_temperature_k, name="antenna_temperature_k", zero=True)
    figure_db = require_positive(noise_figure_db, name="noise_figure_db", zero=True)
    through = from_db(-require_positive(line_loss_db, name="line_loss_db", zero=True))
    amplifier = STANDARD_TEMPERATURE_K * (from_db(figure_db) - 1.0)
    return np.asarray(antenna * through + STANDARD_TEMPERATURE_K * (1.0 - through) + amplifier)


def radiation_temperature_k(*, temperature_k: ArrayLike, frequency_hz: ArrayLike) -> Floats:
    """Noise density over k of radiation from a body, zero-point fluctuations included. [K]

    Notes
    -----
    (h f/2k) coth(h f/2 k T): T at low frequency, h f/2k at T = 0. H. B. Callen and T. A. Welton, Phys. Rev. 83, 34
    (1951), eq. 4.8. A. R. Kerr, M. J. Feldman and S.-K. Pan (1997) on its use for receivers.
    """
    temperature = require_positive(temperature_k, name="temperature_k", zero=True)
    half_quantum_k = 0.5 * Planck * require_positive(frequency_hz, name="frequency_hz") / Boltzmann
    with np.errstate(divide="ignore"):
        return np.asarray(half_quantum_k / np.tanh(half_quantum_k / temperature))


def quantum_limited_temperature_k(*, frequency_hz: ArrayLike) -> Floats:
    """Least noise temperature of a receiver that keeps phase, h f/k, half of it the zero-point field's. [K]

    C. M. Caves, "Quantum limits on noise in linear amplifiers", Phys. Rev. D 26, 1817 (1982). 14 K at 300 GHz.
    """
    return np.asarray(Planck * require_positive(frequency_hz, name="frequency_hz") / Boltzmann)


def noise_power_w(*, temperature_k: ArrayLike, bandwidth_hz: ArrayLike) -> Floats:
    """Thermal noise k T B. [W]"""
    return np.asarray(
        Boltzmann
        * require_positive(temperature_k, name="temperature_k", zero=True)
        * require_positive(bandwidth_hz, name="bandwidth_hz")
    )


def shannon_rate_bps(*, snr: ArrayLike, bandwidth_hz: ArrayLike) -> Floats:
    """Capacity of one channel in white Gaussian noise, B log2(1 + S/N). [bit/s]

    C. E. Shannon, "Communication in the presence of noise", Proc. IRE 37, 10 (1949), eq. 19.
    """
    ratio = require_positive(snr, name="snr", zero=True)
    return np.asarray(require_positive(bandwidth_hz, name="bandwidth_hz") * np.log2(1.0 + ratio))


def converter_snr(*, enob_bit: ArrayLike, peak_to_average_db: ArrayLike) -> Floats:
    """Signal over quantisation noise of a converter whose peaks just fit. [-]

    Parameters
    ----------
    enob_bit : array
        Effective number of bits at the frequency used, not the nominal resolution. [bit]
    peak_to_average_db : array
        Of the signal, with its headroom; a sine has 3.01 dB. [dB]

    Notes
    -----
    3 x 4^ENOB / PAPR, that is 6.02 ENOB + 4.77 - PAPR dB: the definition of ENOB, IEEE Std 1241.
    """
    papr = from_db(require_positive(peak_to_average_db, name="peak_to_average_db", zero=True))
    return np.asarray(3.0 * 4.0 ** require_positive(enob_bit, name="enob_bit") / papr)


def phase_noise_snr(*, rms_rad: ArrayLike) -> Floats:
    """Signal over the noise that residual phase jitter makes, 1/sigma^2 for small sigma. [-]"""
    return np.asarray(1.0 / require_positive(rms_rad, name="rms_rad") ** 2)


def combined_snr(*snr: ArrayLike) -> Floats:
    """Ratio left when independent noises add: 1/SNR = sum of 1/SNR_i; infinite ones drop out. [-]

    >>> float(combined_snr(100.0, 100.0))
    50.0
    """
    if not snr:
        return np.asarray(math.inf)
    with np.errstate(divide="ignore"):
        inverse = sum(1.0 / np.asarray(ratio, dtype=float) for ratio in snr)
        return np.asarray(1.0 / np.asarray(inverse))
