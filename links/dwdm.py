"""Wavelength channels: how many fit a band, where they lie, what each gets of a shared amplifier.

A flat amplifier and a regular grid. Leaves out filter shapes and gain tilt.
"""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .model import require_positive
from .parts import load_part

__all__ = ["channel_count", "channel_frequencies_hz", "channel_share_w"]

Floats = NDArray[np.float64]


def channel_count(*, band_hz: ArrayLike, spacing_hz: ArrayLike) -> NDArray[np.int64]:
    """Channels of a spacing that fit a band. [-]

    >>> int(channel_count(band_hz=4.8e12, spacing_hz=75e9))
    64
    """
    ratio = require_positive(band_hz, name="band_hz") / require_positive(spacing_hz, name="spacing_hz")
    # a band that is a multiple of the spacing holds all of it, whatever the last bit of the division
    return np.asarray(np.floor(ratio * (1.0 + 4.0 * np.finfo(float).eps)), dtype=np.int64)


def channel_frequencies_hz(*, low_hz: float, high_hz: float, spacing_hz: float) -> Floats:
    """Centre frequencies of the channels whose slots lie inside a band, on the ITU-T G.694.1 flexible grid. [Hz]

    Notes
    -----
    Slots are a multiple of 12.5 GHz wide, centres at 193.1 THz + n 6.25 GHz. The channels are packed from the lower
    edge of the band; a spacing off the grid is refused.

    References
    ----------
    ITU-T G.694.1 (2020), clause 7.
    """
    grid = load_part("dwdm_grid")
    for name, value in (("low_hz", low_hz), ("high_hz", high_hz), ("spacing_hz", spacing_hz)):
        require_positive(value, name=name)
    steps = spacing_hz / grid["slot_step_hz"]
    if abs(steps - round(steps)) > 1e-6 * steps:
        raise ValueError(f"spacing_hz={spacing_hz!r}: a slot is a multiple of {grid['slot_step_hz']:g} Hz")
    step_hz = grid["centre_step_hz"]
    first = math.ceil((low_hz + 0.5 * spacing_hz - grid["anchor_hz"]) / step_hz - 1e-6)
    start_hz = grid["anchor_hz"] + first * step_hz
    room = high_hz - (start_hz - 0.5 * spacing_hz)
    if room < spacing_hz * (1.0 - 1e-9):
        return np.zeros(0)
    count = int(channel_count(band_hz=room * (1.0 + 1e-9), spacing_hz=spacing_hz))
    return np.asarray(start_hz + spacing_hz * np.arange(count), dtype=float)


def channel_share_w(*, output_w: ArrayLike, channels: ArrayLike) -> Floats:
    """Power of one channel of a saturated amplifier: its output over all of them. [W]"""
    count = require_positive(channels, name="channels")
    return np.asarray(require_positive(output_w, name="output_w") / count)
