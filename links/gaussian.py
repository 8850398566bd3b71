"""Gaussian beams in vacuum: width, curvature, divergence, and what a circular aperture catches of them.

Fundamental mode, paraxial, untruncated. Leaves out the aperture that launched the beam (see `links.coupling`).
"""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from .model import require_positive

__all__ = [
    "beam_radius_m", "captured_power", "curvature_radius_m", "encircled_energy", "farid_hranilovic_capture",
    "fwhm_from_beam_radius", "half_divergence_rad", "rayleigh_range_m", "symmetric_beam_radius_m",
]  # fmt: skip

Floats = NDArray[np.float64]


def rayleigh_range_m(*, waist_radius_m: ArrayLike, wavelength_m: ArrayLike, beam_quality: ArrayLike = 1.0) -> Floats:
    """Distance from the waist at which the area of the beam has doubled, pi w0^2 / (M2 lambda). [m]"""
    quality = require_positive(beam_quality, name="beam_quality")
    waist = require_positive(waist_radius_m, name="waist_radius_m")
    return np.asarray(math.pi * waist**2 / (quality * require_positive(wavelength_m, name="wavelength_m")))


def beam_radius_m(
    *, range_m: ArrayLike, waist_radius_m: ArrayLike, wavelength_m: ArrayLike, beam_quality: ArrayLike = 1.0
) -> Floats:
    """1/e^2 intensity radius at a distance from the waist. [m]

    Notes
    -----
    `w(z) = w0 sqrt(1 + (z/z_R)^2)`; H. Kogelnik, T. Li, Appl. Opt. 5, 1550 (1966), eq. 20.

    Examples
    --------
    >>> float(beam_radius_m(range_m=300.0, waist_radius_m=0.02, wavelength_m=1.55e-6)).__round__(6)
    0.021325
    """
    z_r = rayleigh_range_m(waist_radius_m=waist_radius_m, wavelength_m=wavelength_m, beam_quality=beam_quality)
    z = require_positive(range_m, name="range_m", zero=True)
    return np.asarray(np.asarray(waist_radius_m, dtype=float) * np.hypot(1.0, z / z_r))


def curvature_radius_m(
    *, range_m: ArrayLike, waist_radius_m: ArrayLike, wavelength_m: ArrayLike, beam_quality: ArrayLike = 1.0
) -> Floats:
    """Radius of curvature of the wavefront, z (1 + (z_R/z)^2). [m]"""
    z_r = rayleigh_range_m(waist_radius_m=waist_radius_m, wavelength_m=wavelength_m, beam_quality=beam_quality)
    z = require_positive(range_m, name="range_m")
    return np.asarray(z * (1.0 + (z_r / z) ** 2))


def half_divergence_rad(*, waist_radius_m: ArrayLike, wavelength_m: ArrayLike, beam_quality: ArrayLike = 1.0) -> Floats:
    """Far-field 1/e^2 half angle, M2 lambda / (pi w0). [rad]

    Notes
    -----
    Not the full angle, not the full width at half maximum, not 1.22 lambda/D: those differ by up to 2.4 times.
    """
    quality = require_positive(beam_quality, name="beam_quality")
    waist = require_positive(waist_radius_m, name="waist_radius_m")
    return np.asarray(quality * require_positive(wavelength_m, name="wavelength_m") / (math.pi * waist))


def fwhm_from_beam_radius(*, radius: ArrayLike) -> Floats:
    """Full width at half maximum of a Gaussian whose 1/e^2 half width is `radius`, in the same unit.

    >>> float(fwhm_from_beam_radius(radius=1.0)).__round__(4)
    1.1774
    """
    return np.asarray(require_positive(radius, name="radius") * math.sqrt(2.0 * math.log(2.0)))


def symmetric_beam_radius_m(*, range_m: ArrayLike, wavelength_m: ArrayLike) -> Floats:
    """Smallest 1/e^2 radius that both ends of a link can have at once: waist midway, confocal. [m]

    >>> float(symmetric_beam_radius_m(range_m=300.0, wavelength_m=1.55e-6)).__round__(4)
    0.0122
    """
    z = require_positive(range_m, name="range_m")
    return np.asarray(np.sqrt(require_positive(wavelength_m, name="wavelength_m") * z / math.pi))


def captured_power(*, aperture_radius_m: ArrayLike, beam_radius: ArrayLike, offset_m: ArrayLike = 0.0) -> Floats:
    """Part of the power of a Gaussian spot that a circular aperture catches. [-]

    Parameters
    ----------
    aperture_radius_m : array
        Of the catching aperture. [m]
    beam_radius : array
        1/e^2 intensity radius of the spot. [m]
    offset_m : array
        Between the centres. [m]

    Notes
    -----
    Exact: the non-central chi-square distribution with 2 degrees of freedom, `F(4 b^2/w^2; 2, 4 r^2/w^2)`; on axis
    `1 - exp(-2 b^2/w^2)`.
    """
    b = require_positive(aperture_radius_m, name="aperture_radius_m")
    w = require_positive(beam_radius, name="beam_radius")
    r = require_positive(offset_m, name="offset_m", zero=True)
    centred = -np.expm1(-2.0 * (b / w) ** 2)
    return np.asarray(np.where(r > 0.0, special.chndtr((2.0 * b / w) ** 2, 2.0, (2.0 * r / w) ** 2), centred))


def farid_hranilovic_capture(*, aperture_radius_m: ArrayLike, beam_radius: ArrayLike, offset_m: ArrayLike) -> Floats:
    """The Gaussian approximation of `captured_power` that much of the literature uses. [-]

    Notes
    -----
    `A0 exp(-2 r^2/w_eq^2)`; within 0.2 % for w >= 6 b at moderate offsets, 14 % off at w = b, r = w. Kept to
    compare with publications; use `captured_power`.

    References
    ----------
    A. A. Farid, S. Hranilovic, "Outage capacity optimization for free-space optical links with pointing errors",
    J. Lightwave Technol. 25, 1702 (2007), eq. 9.
    """
    b = require_positive(aperture_radius_m, name="aperture_radius_m")
    w = require_positive(beam_radius, name="beam_radius")
    r = require_positive(offset_m, name="offset_m", zero=True)
    v = math.sqrt(math.pi / 2.0) * b / w
    equivalent = w**2 * math.sqrt(math.pi) * special.erf(v) / (2.0 * v * np.exp(-(v**2)))
    return np.asarray(special.erf(v) ** 2 * np.exp(-2.0 * r**2 / equivalent))


def encircled_energy(*, x: ArrayLike) -> Floats:
    """Part of the power of an Airy pattern within `x = k a sin(theta)`, 1 - J0^2 - J1^2 (Rayleigh). [-]

    >>> float(encircled_energy(x=3.8317)).__round__(3)
    0.838
    """
    argument = require_positive(x, name="x", zero=True)
    return np.asarray(1.0 - special.j0(argument) ** 2 - special.j1(argument) ** 2)
