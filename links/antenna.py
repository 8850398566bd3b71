"""Radio antennas: pattern and surface of dishes; gain, scan and phase errors of arrays.

Ideal uniform illumination; the gain of a dish is `links.aperture.aperture_gain`. Leaves out polarisation and coupling
between elements.
"""

import math
from functools import cache

import numpy as np
import scipy  # optimize loads on first use: importing links stays cheap
from numpy.typing import ArrayLike, NDArray
from scipy import special
from scipy.constants import speed_of_light

from .model import require_positive

__all__ = [
    "array_factor", "array_gain", "beam_squint_rad", "dish_pattern", "dish_pattern_envelope",
    "focus_phase_rad", "grating_lobe_spacing_m", "half_power_beamwidth_rad", "phase_quantisation_loss",
    "phase_quantisation_sidelobe", "ruze_efficiency", "scan_loss", "wavelength_m",
]  # fmt: skip

Floats = NDArray[np.float64]

# half-power point of a uniform circular aperture, 1.616


@cache
def _half_power_argument() -> float:
    """Argument at which the uniform disc's pattern (2 J1(x)/x)^2 is one half."""
    return float(scipy.optimize.brentq(lambda x: (2.0 * special.j1(x) / x) ** 2 - 0.5, 1.0, 2.0))


def wavelength_m(*, frequency_hz: ArrayLike) -> Floats:
    """Wavelength in vacuum. [m]"""
    return np.asarray(speed_of_light / require_positive(frequency_hz, name="frequency_hz"))


def half_power_beamwidth_rad(*, diameter_m: ArrayLike, frequency_hz: ArrayLike) -> Floats:
    """Full width between the half-power points of a uniform circular aperture, 1.029 lambda/D. [rad]

    A tapered dish is wider: about 70 degrees x lambda/D.
    """
    return np.asarray(
        2.0 * _half_power_argument() / math.pi * wavelength_m(frequency_hz=frequency_hz)
        / require_positive(diameter_m, name="diameter_m")
    )  # fmt: skip


def _pattern_argument(angle_rad: ArrayLike, diameter_m: ArrayLike, frequency_hz: ArrayLike) -> Floats:
    diameter = require_positive(diameter_m, name="diameter_m")
    angle = np.minimum(np.abs(np.asarray(angle_rad, dtype=float)), math.pi / 2.0)
    return np.asarray(math.pi * diameter / wavelength_m(frequency_hz=frequency_hz) * np.sin(angle))


def dish_pattern(*, angle_rad: ArrayLike, diameter_m: ArrayLike, frequency_hz: ArrayLike) -> Floats:
    """Far-field power off axis over that on axis, uniform circular aperture, with its nulls. [-]

    Notes
    -----
    (2 J1(x)/x)^2, x = pi D sin(theta)/lambda. Behind the antenna (beyond 90 degrees) the value at 90 degrees.
    """
    x = _pattern_argument(angle_rad, diameter_m, frequency_hz)
    safe = np.where(x == 0.0, 1.0, x)
    return np.asarray(np.where(x == 0.0, 1.0, (2.0 * special.j1(safe) / safe) ** 2))


def dish_pattern_envelope(*, angle_rad: ArrayLike, diameter_m: ArrayLike, frequency_hz: ArrayLike) -> Floats:
    """Upper envelope of `dish_pattern`: what interference is budgeted with, since nulls do not hold still. [-]

    Notes
    -----
    Beyond the first null 4 (J1^2 + Y1^2)/x^2, the smooth curve over all sidelobes (8/(pi x^3) at large x); inside it
    the main lobe, where that is higher. Behind the antenna (beyond 90 degrees) the value at 90 degrees.
    """
    x = _pattern_argument(angle_rad, diameter_m, frequency_hz)
    outside = np.maximum(x, special.jn_zeros(1, 1)[0])
    envelope = 4.0 * (special.j1(outside) ** 2 + special.y1(outside) ** 2) / outside**2
    lobe = dish_pattern(angle_rad=angle_rad, diameter_m=diameter_m, frequency_hz=frequency_hz)
    return np.asarray(np.maximum(lobe, envelope))


def ruze_efficiency(*, surface_rms_m: ArrayLike, frequency_hz: ArrayLike) -> Floats:
    """Gain left by a rough reflector. [-]

    Notes
    -----
    exp(-(4 pi eps/lambda)^2). J. Ruze, "Antenna tolerance theory", Proc. IEEE 54, 633 (1966), eq. 8.
    """
    rms = require_positive(surface_rms_m, name="surface_rms_m", zero=True)
    return np.asarray(np.exp(-((4.0 * math.pi * rms / wavelength_m(frequency_hz=frequency_hz)) ** 2)))


def array_gain(*, elements: ArrayLike, spacing_wavelengths: ArrayLike, efficiency: ArrayLike = 1.0) -> Floats:
    """Broadside gain of a filled planar array: that of its area. [-]

    Parameters
    ----------
    elements : array
        Number of elements, each of a square cell.
    spacing_wavelengths : array
        Pitch over wavelength; up to 1 (beyond, grating lobes take the gain away). [-]
    efficiency : array
        Of elements, feeds and taper. [-]

    Notes
    -----
    4 pi N d^2 / lambda^2. R. J. Mailloux, Phased Array Antenna Handbook, 3rd ed. (2018), section 2.2.

    >>> round(10 * math.log10(array_gain(elements=256, spacing_wavelengths=0.5)), 2)
    29.05
    """
    pitch = require_positive(spacing_wavelengths, name="spacing_wavelengths")
    if (pitch > 1.0).any():
        raise ValueError(f"spacing_wavelengths={float(pitch.max()):g}: above 1 there are grating lobes; use at most 1")
    count = require_positive(elements, name="elements")
    return np.asarray(4.0 * math.pi * count * pitch**2 * require_positive(efficiency, name="efficiency"))


def array_factor(
    *, elements: int, spacing_m: float, frequency_hz: ArrayLike, angle_rad: ArrayLike, steered_rad: ArrayLike = 0.0
) -> Floats:
    """Power of a uniform line of elements towards an angle, over that of its peak. [-]

    Notes
    -----
    (sin(N x) / (N sin x))^2, x = pi d (sin(theta) - sin(theta_0)) / lambda. Balanis (2016), eq. 6-10c.
    """
    if elements < 1:
        raise ValueError(f"elements={elements}: need at least 1")
    require_positive(spacing_m, name="spacing_m")
    difference = np.sin(np.asarray(angle_rad, dtype=float)) - np.sin(np.asarray(steered_rad, dtype=float))
    x = math.pi * spacing_m / wavelength_m(frequency_hz=frequency_hz) * difference
    # diric(2x, N) = sin(N x) / (N sin x), with its limits at the grating lobes
    return np.asarray(special.diric(2.0 * x, elements) ** 2)


def scan_loss(*, angle_rad: ArrayLike, exponent: float) -> Floats:
    """Gain of an array steered off broadside over that at broadside, cos^n. [-]

    The exponent is 1 for the projected area, 1.3 to 1.5 for real elements.
    """
    require_positive(exponent, name="exponent")
    angle = np.abs(np.asarray(angle_rad, dtype=float))
    if (angle > math.pi / 2.0).any():
        raise ValueError(f"angle_rad={float(angle.max()):g}: an array scans at most pi/2 off broadside")
    return np.asarray(np.cos(angle) ** exponent)


def grating_lobe_spacing_m(*, frequency_hz: ArrayLike, scan_rad: ArrayLike) -> Floats:
    """Largest pitch that shows no grating lobe up to a scan angle, lambda/(1 + sin(theta)). [m]

    Use the highest frequency of the band. Mailloux (2018), section 1.3.
    """
    scan = np.sin(np.abs(np.asarray(scan_rad, dtype=float)))
    return np.asarray(wavelength_m(frequency_hz=frequency_hz) / (1.0 + scan))


def beam_squint_rad(*, steered_rad: ArrayLike, relative_offset: ArrayLike) -> Floats:
    """Movement of a phase-steered beam at a frequency off the centre. [rad]

    Parameters
    ----------
    steered_rad : array
        Angle at the centre frequency. [rad]
    relative_offset : array
        (f - f0)/f0; the edge of a 10 % band is 0.05. [-]

    Notes
    -----
    sin(theta) = sin(theta_0) f0/f exactly; -tan(theta_0) df/f to first order. True time delay has none.
    """
    steered = np.asarray(steered_rad, dtype=float)
    sine = np.sin(steered) / (1.0 + np.asarray(relative_offset, dtype=float))
    if (np.abs(sine) > 1.0).any():
        raise ValueError(
            f"relative_offset={relative_offset!r}: there the beam is out of sight; steer less or use less band"
        )
    return np.asarray(np.arcsin(sine) - steered)


def focus_phase_rad(*, position_m: ArrayLike, range_m: ArrayLike, frequency_hz: ArrayLike) -> Floats:
    """Phase that focuses an element of an array on a point straight ahead instead of at infinity. [rad]

    Parameters
    ----------
    position_m : array
        Distance of the element from the centre of the array. [m]
    range_m : array
        Of the point. [m]
    frequency_hz : array
        [Hz]

    Notes
    -----
    k (sqrt(r^2 + z^2) - z): the advance that makes all paths equal. Needed inside 2 D^2/lambda.
    """
    distance = require_positive(range_m, name="range_m")
    offset = np.asarray(position_m, dtype=float)
    # r^2 / (sqrt(r^2 + z^2) + z): the same without the difference of two large numbers
    detour = offset**2 / (np.hypot(offset, distance) + distance)
    return np.asarray(2.0 * math.pi / wavelength_m(frequency_hz=frequency_hz) * detour)


def phase_quantisation_loss(*, bits: ArrayLike) -> Floats:
    """Mean gain of an array whose phase shifters have b bits over that with exact phases, sinc^2(pi/2^b). [-]

    Mailloux (2018), section 7.3.
    """
    return np.asarray(np.sinc(2.0 ** -require_positive(bits, name="bits")) ** 2)


def phase_quantisation_sidelobe(*, bits: ArrayLike, elements: ArrayLike) -> Floats:
    """Mean sidelobe level that quantised phases add, over the peak: pi^2/(3 N 4^b). [-]

    Mailloux (2018), section 7.3: phase errors uniform over one step, independent between elements.
    """
    count = require_positive(elements, name="elements")
    return np.asarray(math.pi**2 / 3.0 * 4.0 ** -require_positive(bits, name="bits") / count)
