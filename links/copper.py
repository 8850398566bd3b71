"""Passive copper pairs: loss against frequency, reach within a loss budget, and the thermal capacity of the channel.

Leaves out crosstalk and reflections, which the loss budgets of the standards already allow for.
"""

import warnings

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.constants import Boltzmann

from .model import ValidityWarning, require_positive
from .parts import Part
from .units import from_db, watt_from_dbm

__all__ = ["copper_capacity_bps", "copper_loss_db", "copper_loss_db_m", "copper_reach_m"]

Floats = NDArray[np.float64]


def copper_loss_db_m(*, cable: Part, frequency_hz: ArrayLike) -> Floats:
    """Loss of one metre of a pair. [dB/m]

    Parameters
    ----------
    cable : Part
        With `loss_db_m` at `loss_frequency_hz`.
    frequency_hz : array
        [Hz]

    Notes
    -----
    Skin effect: loss grows with the square root of frequency. Below the data sheet's frequency this overstates the
    loss (the dielectric part falls faster); above it understates, and a `ValidityWarning` says so.
    """
    frequency = require_positive(frequency_hz, name="frequency_hz", zero=True)
    reference_hz = cable["loss_frequency_hz"]
    if frequency.size and frequency.max() > 1.05 * reference_hz:
        warnings.warn(
            f"{cable.name}: loss at {frequency.max():.4g} Hz extrapolated from {reference_hz:.4g} Hz by the "
            "square-root law, which leaves out dielectric loss; expect more",
            ValidityWarning,
            stacklevel=2,
        )
    return np.asarray(cable["loss_db_m"] * np.sqrt(frequency / reference_hz))


def copper_loss_db(*, cable: Part, length_m: ArrayLike, frequency_hz: ArrayLike, fixed_loss_db: ArrayLike) -> Floats:
    """Loss of a channel, die to die: the cable and everything that does not grow with it. [dB]

    Parameters
    ----------
    cable : Part
    length_m : array
        [m]
    frequency_hz : array
        Nyquist frequency: half the symbol rate. [Hz]
    fixed_loss_db : array
        Packages, boards and connectors of both ends, at this frequency. [dB]
    """
    length = require_positive(length_m, name="length_m", zero=True)
    fixed_db = np.asarray(fixed_loss_db, dtype=float)
    return np.asarray(length * copper_loss_db_m(cable=cable, frequency_hz=frequency_hz) + fixed_db)


def copper_reach_m(*, cable: Part, frequency_hz: ArrayLike, budget_db: ArrayLike, fixed_loss_db: ArrayLike) -> Floats:
    """Longest cable whose channel stays within the loss budget; 0 where the fixed losses alone exceed it. [m]"""
    left_db = np.asarray(budget_db, dtype=float) - np.asarray(fixed_loss_db, dtype=float)
    return np.asarray(np.maximum(left_db, 0.0) / copper_loss_db_m(cable=cable, frequency_hz=frequency_hz))


def copper_capacity_bps(
    *,
    cable: Part,
    length_m: ArrayLike,
    bandwidth_hz: float,
    transmit_power_dbm: float,
    fixed_loss_db: float,
    noise_temperature_k: float,
    samples: int = 4000,
) -> Floats:
    """Shannon capacity of one pair against thermal noise, transmit power spread evenly over the band. [bit/s]

    Parameters
    ----------
    cable : Part
    length_m : array
        [m]
    bandwidth_hz : float
        The band is 0 to this; the modem's Nyquist frequency for the band the modem uses. [Hz]
    transmit_power_dbm : float
        [dBm]
    fixed_loss_db : float
        Packages, boards, connectors at the top of the band; scaled down with the square root of frequency. [dB]
    noise_temperature_k : float
        [K]
    samples : int
        Midpoints of the frequency integral.

    Notes
    -----
    Integral over the band of log2(1 + P/B 10^(-loss(f)/10) / kT). C. E. Shannon, Proc. IRE 37, 10 (1949), eq. 32.
    No crosstalk, so a ceiling for every modem on this pair.
    """
    length = require_positive(length_m, name="length_m", zero=True)
    require_positive(bandwidth_hz, name="bandwidth_hz")
    require_positive(noise_temperature_k, name="noise_temperature_k")
    # midpoints in u, f = B u^2: the loss is linear in u, and long cables live at low frequency
    u = (np.arange(samples) + 0.5) / samples
    loss_db = fixed_loss_db * u + length[..., None] * copper_loss_db_m(cable=cable, frequency_hz=bandwidth_hz) * u
    density_w_hz = watt_from_dbm(transmit_power_dbm) / bandwidth_hz
    snr = density_w_hz * from_db(-loss_db) / (Boltzmann * noise_temperature_k)
    return np.asarray(bandwidth_hz * np.mean(np.log2(1.0 + snr) * 2.0 * u, axis=-1))
