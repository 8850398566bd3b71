"""Line-of-sight MIMO: parallel streams between two lines of antennas because their paths differ in phase.

Exact spherical phases of point antennas in vacuum. Leaves out coupling between antennas and errors of calibration.
"""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .antenna import wavelength_m
from .model import require_positive

__all__ = ["keyhole_capacity_b_s_hz", "los_channel", "mimo_capacity_b_s_hz", "rayleigh_spacing_m", "stream_gains"]

Floats = NDArray[np.float64]


def rayleigh_spacing_m(
    *, range_m: ArrayLike, frequency_hz: ArrayLike, elements: int,
    tilt_t_rad: ArrayLike = 0.0, tilt_r_rad: ArrayLike = 0.0,
) -> Floats:  # fmt: skip
    """Spacing, equal at both ends, that makes all streams of two lines of antennas orthogonal at a range. [m]

    Parameters
    ----------
    range_m : array
        [m]
    frequency_hz : array
        [Hz]
    elements : int
        Antennas at each end.
    tilt_t_rad, tilt_r_rad : array
        Of each line out of the perpendicular to the path, in the common plane. [rad]

    Notes
    -----
    d_t d_r = lambda R / (N cos(tilt_t) cos(tilt_r)). F. Bohagen, P. Orten and G. E. Oien, "Design of optimal high-rank
    line-of-sight MIMO channels", IEEE Trans. Wireless Commun. 6, 1420 (2007), eq. 18.

    >>> round(float(rayleigh_spacing_m(range_m=300.0, frequency_hz=60e9, elements=2)), 3)
    0.866
    """
    _check_elements(elements)
    slant = np.cos(np.asarray(tilt_t_rad, dtype=float)) * np.cos(np.asarray(tilt_r_rad, dtype=float))
    spread = wavelength_m(frequency_hz=frequency_hz) * require_positive(range_m, name="range_m")
    return np.asarray(np.sqrt(spread / (elements * slant)))


def los_channel(
    *, elements: int, spacing_m: float, range_m: ArrayLike, frequency_hz: float,
    tilt_t_rad: float = 0.0, tilt_r_rad: float = 0.0,
) -> NDArray[np.complex128]:  # fmt: skip
    """Channel matrix of unit-modulus entries exp(-i k r), shape (..., receive, transmit). [-]

    Parameters
    ----------
    elements : int
        Antennas at each end, in a uniform line.
    spacing_m : float
        Between neighbours, at both ends. [m]
    range_m : array
        Between the centres of the lines; leading shape of the result. [m]
    frequency_hz : float
        [Hz]
    tilt_t_rad, tilt_r_rad : float
        Of each line out of the perpendicular to the path, in the common plane. [rad]
    """
    _check_elements(elements)
    require_positive(spacing_m, name="spacing_m", zero=True)
    distance = require_positive(range_m, name="range_m")[..., None, None]
    along = (np.arange(elements) - 0.5 * (elements - 1)) * spacing_m
    across = along[:, None] * math.cos(tilt_r_rad) - along[None, :] * math.cos(tilt_t_rad)
    ahead = along[:, None] * math.sin(tilt_r_rad) - along[None, :] * math.sin(tilt_t_rad)
    # r - R without the difference of two large numbers; the common phase k R carries no information
    path = np.hypot(distance + ahead, across)
    detour = (2.0 * distance * ahead + ahead**2 + across**2) / (path + distance)
    return np.asarray(np.exp(-2j * math.pi / wavelength_m(frequency_hz=frequency_hz) * detour))


def stream_gains(*, channel: NDArray[np.complex128]) -> Floats:
    """Gain of each parallel stream over one antenna pair at the whole power, strongest first, shape (..., N). [-]

    Eigenvalues of H H*/N with the power split equally: all 1 at the optimal spacing; N and zeros in a keyhole.
    """
    singular = np.linalg.svd(channel, compute_uv=False)
    return np.asarray(singular**2 / channel.shape[-1])


def mimo_capacity_b_s_hz(*, channel: NDArray[np.complex128], snr: ArrayLike) -> Floats:
    """Capacity with equal power on all antennas. [bit/s/Hz]

    Parameters
    ----------
    channel : (..., N, N) complex array
        From `los_channel`.
    snr : array
        At one receive antenna, the power of all transmit antennas together. [-]

    Notes
    -----
    log2 det(I + snr/N H H*). I. E. Telatar, "Capacity of multi-antenna Gaussian channels", Eur. Trans. Telecommun. 10,
    585 (1999), section 3.
    """
    ratio = require_positive(snr, name="snr", zero=True)
    return np.asarray(np.log2(1.0 + ratio[..., None] * stream_gains(channel=channel)).sum(axis=-1))


def keyhole_capacity_b_s_hz(*, elements: int, snr: ArrayLike) -> Floats:
    """Capacity when all paths have the same phase: one stream with the gain of all antennas. [bit/s/Hz]"""
    _check_elements(elements)
    return np.asarray(np.log2(1.0 + elements * require_positive(snr, name="snr", zero=True)))


def _check_elements(elements: int) -> None:
    if elements < 1:
        raise ValueError(f"elements={elements}: need at least 1")
