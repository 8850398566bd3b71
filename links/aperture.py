"""Far-field gain of apertures and what follows from it: the classical link equation.

Valid only well beyond 2 D^2 / lambda; inside, `received_far_field_w` warns and `links.coupling` is the model.
Leaves out the near field and all receivers.
"""

import math
import warnings

import numpy as np
import scipy  # optimize and others load on first use: importing links stays cheap
from numpy.typing import ArrayLike, NDArray

from .model import ValidityWarning, require_positive

__all__ = [
    "aperture_gain", "best_truncation", "divergence_gain", "fraunhofer_distance_m", "marechal_factor",
    "plane_wave_fibre_coupling", "range_transmission", "received_far_field_w", "side_lobe_envelope",
    "truncated_gaussian_gain", "truncated_power",
]  # fmt: skip

Floats = NDArray[np.float64]


def _ratio(obscuration_ratio: ArrayLike) -> Floats:
    gamma = require_positive(obscuration_ratio, name="obscuration_ratio", zero=True)
    if np.any(gamma >= 1.0):
        raise ValueError(f"obscuration_ratio={float(np.max(gamma))!r}: need a radius ratio below 1")
    return gamma


def truncated_gaussian_gain(*, truncation: ArrayLike, obscuration_ratio: ArrayLike = 0.0) -> Floats:
    """On-axis far-field gain of a truncated Gaussian beam over 4 pi A / lambda^2. [-]

    Parameters
    ----------
    truncation : array
        Aperture radius over 1/e^2 intensity radius. [-]
    obscuration_ratio : array
        Radius of the central obscuration over that of the aperture. [-]

    Notes
    -----
    `g = (2/alpha^2) (exp(-alpha^2) - exp(-gamma^2 alpha^2))^2`, A the full area, power counted before truncation: the
    truncated power is in it. Far field only (z much larger than a^2/lambda).

    References
    ----------
    B. J. Klein, J. J. Degnan, "Optical antenna gain. 1: transmitting antennas", Appl. Opt. 13, 2134 (1974), eq. 10.

    Examples
    --------
    >>> float(truncated_gaussian_gain(truncation=1.1209)).__round__(4)
    0.8145
    """
    alpha2 = require_positive(truncation, name="truncation") ** 2
    gamma2 = _ratio(obscuration_ratio) ** 2
    # exp(-gamma^2 a^2) - exp(-a^2) without cancellation for a weakly truncated beam
    return np.asarray(2.0 / alpha2 * (np.exp(-gamma2 * alpha2) * np.expm1(-(1.0 - gamma2) * alpha2)) ** 2)


def truncated_power(*, truncation: ArrayLike, obscuration_ratio: ArrayLike = 0.0) -> Floats:
    """Part of the power of a Gaussian beam that passes the aperture; already inside every coupling here. [-]"""
    alpha2 = require_positive(truncation, name="truncation") ** 2
    gamma2 = _ratio(obscuration_ratio) ** 2
    return np.asarray(-np.exp(-2.0 * gamma2 * alpha2) * np.expm1(-2.0 * (1.0 - gamma2) * alpha2))


def best_truncation(*, obscuration_ratio: float = 0.0) -> float:
    """Truncation with the largest far-field gain; in the near field it is not the best (see `best_fibre_link`). [-]

    >>> round(best_truncation(), 4)
    1.1209
    """
    _ratio(obscuration_ratio)
    found = scipy.optimize.minimize_scalar(
        lambda alpha: -float(truncated_gaussian_gain(truncation=alpha, obscuration_ratio=obscuration_ratio)),
        bounds=(0.2, 2.0),
        method="bounded",
        options={"xatol": 1e-10},
    )
    return float(found.x)


def plane_wave_fibre_coupling(*, truncation: ArrayLike, obscuration_ratio: ArrayLike = 0.0) -> Floats:
    """Part of a plane wave collected by the annular pupil that a single-mode fibre takes. [-]

    Notes
    -----
    The same overlap as `truncated_gaussian_gain`, by reciprocity, referred to the collecting area `1 - gamma^2`; at
    most 0.8145. A real step-index fibre gives 0.79 to 0.82.

    References
    ----------
    C. Ruilier, F. Cassaing, "Coupling of large telescopes and single-mode waveguides",
    J. Opt. Soc. Am. A 18, 143 (2001).
    """
    gain = truncated_gaussian_gain(truncation=truncation, obscuration_ratio=obscuration_ratio)
    return np.asarray(gain / (1.0 - _ratio(obscuration_ratio) ** 2))


def aperture_gain(*, diameter_m: ArrayLike, wavelength_m: ArrayLike, efficiency: ArrayLike = 1.0) -> Floats:
    """Far-field gain of a circular aperture, efficiency (pi D / lambda)^2. [-]"""
    diameter = require_positive(diameter_m, name="diameter_m")
    wavelength = require_positive(wavelength_m, name="wavelength_m")
    return np.asarray(require_positive(efficiency, name="efficiency") * (math.pi * diameter / wavelength) ** 2)


def divergence_gain(*, half_divergence_rad: ArrayLike) -> Floats:
    """On-axis gain of a Gaussian beam of known 1/e^2 half angle, 8 / theta^2. [-]

    Notes
    -----
    `32 / theta_full^2`. The `16 / theta_full^2` of part of the literature averages over a uniform cone, 3 dB less.
    On-axis intensity is `P gain / (4 pi) = 2 P / (pi theta^2)`. Where a divergence is known, never use the aperture.
    """
    return np.asarray(8.0 / require_positive(half_divergence_rad, name="half_divergence_rad") ** 2)


def range_transmission(*, range_m: ArrayLike, wavelength_m: ArrayLike) -> Floats:
    """Transmission between isotropic antennas, (lambda / 4 pi z)^2. [-]"""
    z = require_positive(range_m, name="range_m")
    return np.asarray((require_positive(wavelength_m, name="wavelength_m") / (4.0 * math.pi * z)) ** 2)


def fraunhofer_distance_m(*, diameter_m: ArrayLike, wavelength_m: ArrayLike) -> Floats:
    """Where the far field of an aperture begins, 2 D^2 / lambda. [m]"""
    diameter = require_positive(diameter_m, name="diameter_m")
    return np.asarray(2.0 * diameter**2 / require_positive(wavelength_m, name="wavelength_m"))


def received_far_field_w(
    *, power_w: ArrayLike, tx_gain: ArrayLike, rx_gain: ArrayLike, range_m: ArrayLike, wavelength_m: ArrayLike
) -> Floats:
    """Received power by the far-field link equation, P G_t G_r (lambda / 4 pi z)^2. [W]

    Notes
    -----
    Warns inside 2 D^2/lambda of an aperture that has either gain, and refuses to return more than was sent.
    """
    power = require_positive(power_w, name="power_w", zero=True)
    gains = require_positive(tx_gain, name="tx_gain") * require_positive(rx_gain, name="rx_gain")
    transmission = gains * range_transmission(range_m=range_m, wavelength_m=wavelength_m)
    if np.any(transmission >= 1.0):
        raise ValueError(
            f"the far-field formula gives {float(np.max(transmission)):.3g} times the transmitted power at "
            f"range_m={np.asarray(range_m).min():.4g}: this is the near field, use links.coupling"
        )
    # G = (pi D/lambda)^2, so 2 D^2/lambda = 2 G lambda/pi^2
    largest = np.maximum(tx_gain, rx_gain)
    if np.any(np.asarray(range_m) < 2.0 * largest * np.asarray(wavelength_m) / math.pi**2):
        warnings.warn("far-field formula inside 2 D^2/lambda: use links.coupling", ValidityWarning, stacklevel=2)
    return np.asarray(power * transmission)


def marechal_factor(*, wavefront_error_waves: ArrayLike) -> Floats:
    """Loss of one end to a wavefront error, exp(-(2 pi sigma)^2), sigma rms in waves. [-]

    Notes
    -----
    Marechal's approximation in Mahajan's exponential form; good to sigma of about 0.1 waves, above it warns.
    """
    sigma = require_positive(wavefront_error_waves, name="wavefront_error_waves", zero=True)
    if np.any(sigma > 0.1):
        warnings.warn(
            f"wavefront_error_waves={float(np.max(sigma)):g}: the Marechal factor holds to 0.1",
            ValidityWarning,
            stacklevel=2,
        )
    return np.asarray(np.exp(-((2.0 * math.pi * sigma) ** 2)))


def side_lobe_envelope(*, diameter_m: ArrayLike, off_axis_rad: ArrayLike, wavelength_m: ArrayLike) -> Floats:
    """Envelope of the far-field side lobes of a uniformly filled circle over its peak. [-]

    Notes
    -----
    Airy pattern `(2 J1(x)/x)^2` with the Bessel envelope: `(8/pi) x^-3`, `x = pi D sin(theta)/lambda`; never above 1
    and meant for x above 3; behind the aperture the value at 90 degrees. Far field only; scattered light takes over
    beyond about a milliradian.

    Examples
    --------
    >>> from links.units import db
    >>> float(db(side_lobe_envelope(diameter_m=0.05, off_axis_rad=1e-3, wavelength_m=1.55e-6))).__round__(2)
    -56.11
    """
    diameter = require_positive(diameter_m, name="diameter_m")
    sine = np.sin(np.minimum(require_positive(off_axis_rad, name="off_axis_rad"), math.pi / 2.0))
    x = math.pi * diameter * sine / require_positive(wavelength_m, name="wavelength_m")
    return np.asarray(np.minimum(1.0, 8.0 / math.pi / x**3))
