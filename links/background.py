"""Light that is not signal: black-body photons in a single mode, and what a multimode receiver collects.

The Sun is a black-body disc. Leaves out its spectral lines, the corona, and scattering inside the telescope.
"""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import constants

from .model import require_positive

__all__ = [
    "background_spectral_density_w_hz", "collected_background_w", "cone_solid_angle_sr", "disc_irradiance_w_m2_m",
    "photons_per_mode", "preamplifier_penalty_db", "spectral_radiance_w_m2_sr_m",
]  # fmt: skip

Floats = NDArray[np.float64]


def photons_per_mode(*, wavelength_m: ArrayLike, temperature_k: ArrayLike) -> Floats:
    """Mean thermal photons in one mode of one polarisation that looks at a black body. [-]

    Notes
    -----
    `1 / (exp(h nu / k T) - 1)`. A single-mode receiver filled by the Sun sees this whatever its aperture: 0.25 at
    1550 nm. With the Sun filling only part f of the mode, multiply by f.

    Examples
    --------
    >>> float(photons_per_mode(wavelength_m=1.55e-6, temperature_k=5772.0)).__round__(4)
    0.2504
    """
    wavelength = require_positive(wavelength_m, name="wavelength_m")
    temperature = require_positive(temperature_k, name="temperature_k")
    exponent = constants.h * constants.c / (wavelength * constants.k * temperature)
    return np.asarray(1.0 / np.expm1(np.minimum(exponent, 700.0)))


def background_spectral_density_w_hz(*, wavelength_m: ArrayLike, temperature_k: ArrayLike) -> Floats:
    """Power per hertz of a black body in one mode and one polarisation, h nu n: what `Surroundings` takes. [W/Hz]"""
    photon_j = constants.h * constants.c / require_positive(wavelength_m, name="wavelength_m")
    return np.asarray(photon_j * photons_per_mode(wavelength_m=wavelength_m, temperature_k=temperature_k))


def spectral_radiance_w_m2_sr_m(*, wavelength_m: ArrayLike, temperature_k: ArrayLike) -> Floats:
    """Planck radiance per metre of wavelength, both polarisations. [W/(m^2 sr m)]"""
    wavelength = require_positive(wavelength_m, name="wavelength_m")
    n = photons_per_mode(wavelength_m=wavelength, temperature_k=temperature_k)
    return np.asarray(2.0 * constants.h * constants.c**2 / wavelength**5 * n)


def disc_irradiance_w_m2_m(
    *, wavelength_m: ArrayLike, temperature_k: ArrayLike, radius_m: ArrayLike, distance_m: ArrayLike
) -> Floats:
    """Irradiance from a black-body sphere per metre of wavelength, pi B (R/d)^2. [W/(m^2 m)]"""
    ratio = require_positive(radius_m, name="radius_m") / require_positive(distance_m, name="distance_m")
    radiance = spectral_radiance_w_m2_sr_m(wavelength_m=wavelength_m, temperature_k=temperature_k)
    return np.asarray(math.pi * radiance * ratio**2)


def cone_solid_angle_sr(*, full_angle_rad: ArrayLike) -> Floats:
    """Solid angle of a cone, 4 pi sin^2(theta/4). [sr]"""
    return np.asarray(4.0 * math.pi * np.sin(require_positive(full_angle_rad, name="full_angle_rad") / 4.0) ** 2)


def collected_background_w(
    *, radiance_w_m2_sr_m: ArrayLike, aperture_area_m2: ArrayLike, solid_angle_sr: ArrayLike, filter_width_m: ArrayLike
) -> Floats:
    """Background power on a multimode (direct-detection) receiver whose field of view the source fills. [W]"""
    return np.asarray(
        require_positive(radiance_w_m2_sr_m, name="radiance_w_m2_sr_m", zero=True)
        * require_positive(aperture_area_m2, name="aperture_area_m2")
        * require_positive(solid_angle_sr, name="solid_angle_sr")
        * require_positive(filter_width_m, name="filter_width_m")
    )


def preamplifier_penalty_db(*, photons: ArrayLike, spontaneous_factor: ArrayLike = 1.0) -> Floats:
    """Loss of OSNR of an optical preamplifier to background photons, 10 log10(1 + n / n_sp). [dB]

    >>> float(preamplifier_penalty_db(photons=0.25)).__round__(2)
    0.97
    """
    n = require_positive(photons, name="photons", zero=True)
    return np.asarray(10.0 * np.log10(1.0 + n / require_positive(spontaneous_factor, name="spontaneous_factor")))
