"""Radio between flat circular apertures inside and outside the far field; Friis is its limit.

Scalar Fresnel diffraction, uniform amplitude and flat phase (dishes as they are built), coaxial, vacuum: no atmosphere.
Apertures focused on each other, and Gaussian modes, are in `links.coupling`.
"""

import math
import warnings

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from .antenna import wavelength_m
from .coupling import MAX_SPACE_BANDWIDTH
from .model import ValidityWarning, require_positive
from .modes import spatial_modes

__all__ = ["displaced_coupling_ratio", "far_field_transmission", "flat_aperture_transmission", "on_axis_reduction"]

Floats = NDArray[np.float64]
Complexes = NDArray[np.complex128]


def on_axis_reduction(*, diameter_m: ArrayLike, range_m: ArrayLike, frequency_hz: ArrayLike) -> Floats:
    """Power density on the axis of a uniform circular aperture over its far-field formula. [-]

    Notes
    -----
    (sin x/x)^2 with x = pi a^2/(2 lambda z); exact in the Fresnel approximation, for a point receiver. An extended
    receiver loses more: `flat_aperture_transmission`.
    """
    radius = 0.5 * require_positive(diameter_m, name="diameter_m")
    spread = 2.0 * wavelength_m(frequency_hz=frequency_hz) * require_positive(range_m, name="range_m")
    return np.asarray(np.sinc(radius**2 / spread) ** 2)


def far_field_transmission(
    *, tx_diameter_m: ArrayLike, rx_diameter_m: ArrayLike, range_m: ArrayLike, frequency_hz: ArrayLike
) -> Floats:
    """Received over transmitted power by Friis, A_t A_r/(lambda z)^2; exceeds 1 where Friis does not apply. [-]

    H. T. Friis, "A note on a simple transmission formula", Proc. IRE 34, 254 (1946), eq. 1.
    """
    return spatial_modes(
        tx_area_m2=math.pi / 4.0 * require_positive(tx_diameter_m, name="tx_diameter_m") ** 2,
        rx_area_m2=math.pi / 4.0 * require_positive(rx_diameter_m, name="rx_diameter_m") ** 2,
        range_m=range_m,
        wavelength_m=wavelength_m(frequency_hz=frequency_hz),
    )


def flat_aperture_transmission(
    *, tx_diameter_m: float, rx_diameter_m: float, range_m: ArrayLike, frequency_hz: float
) -> Floats:
    """Received over transmitted power between two uniform flat circular apertures at each range; below 1. [-]

    Parameters
    ----------
    tx_diameter_m, rx_diameter_m : float
        [m]
    range_m : array
        [m]
    frequency_hz : float
        [Hz]

    Notes
    -----
    With C(s) the overlap area of the two discs at a sideways offset s, and k = 2 pi/lambda,

        |int C(s) exp(i k s^2/2z) 2 pi s ds|^2 / (A_t A_r lambda^2 z^2):

    the Fresnel double integral over both apertures, written in the difference of their points. C is constant up to
    |a - b| (integrated in closed form) and 0 from a + b. Valid while the next term of the phase, k (a + b)^4/8 z^3,
    stays below 1 rad (a `ValidityWarning` says where not); goes to Friis for k a b/z << 1, and is bounded by the
    largest prolate eigenvalue (`links.modes.strongest_coupling`).

    References
    ----------
    D. A. B. Miller, "Communicating with waves between volumes", Appl. Opt. 39, 1681 (2000), eq. 12 (the kernel).

    Examples
    --------
    Two 1 m dishes at 140 GHz, 300 m apart, where Friis promises 149 %:

    >>> link = dict(tx_diameter_m=1.0, rx_diameter_m=1.0, range_m=300.0, frequency_hz=140e9)
    >>> round(float(flat_aperture_transmission(**link)), 3), round(float(far_field_transmission(**link)), 2)
    (0.574, 1.49)
    """
    distance = require_positive(range_m, name="range_m")
    a = 0.5 * float(require_positive(tx_diameter_m, name="tx_diameter_m"))
    b = 0.5 * float(require_positive(rx_diameter_m, name="rx_diameter_m"))
    wavelength = float(wavelength_m(frequency_hz=frequency_hz))
    if distance.size == 0:
        return np.zeros(distance.shape)
    nearest_m = float(distance.min())
    if math.pi * (a + b) ** 4 > 4.0 * wavelength * nearest_m**3:
        warnings.warn(
            f"range_m={nearest_m:g} is too near for Fresnel diffraction between apertures of {2 * a:g} and {2 * b:g} m",
            ValidityWarning,
            stacklevel=2,
        )
    c = 2.0 * math.pi * a * b / (wavelength * nearest_m)
    if c > MAX_SPACE_BANDWIDTH:
        raise ValueError(
            f"range_m={nearest_m:g}: k a b/z = {c:.4g} is above {MAX_SPACE_BANDWIDTH:g}; use a longer range"
        )
    rate = math.pi / (wavelength * distance)  # phase is rate s^2
    small, inner = min(a, b), abs(a - b)
    constant = math.pi * small**2
    # int_0^inner of the constant part: pi (exp(i rate inner^2) - 1)/(i rate), written without cancellation
    plain = constant * math.pi * inner**2 * np.sinc(rate * inner**2 / (2.0 * math.pi))
    total = plain * np.exp(0.5j * rate * inner**2)
    s, density = _edge(a, b, 48 + math.ceil(3.0 * c))
    for square, part in zip(s**2, density, strict=True):  # not a matrix product: a million ranges must fit in memory
        total = total + part * np.exp(1j * square * rate)
    return np.asarray(np.abs(total) ** 2 / (math.pi * a * b * wavelength * distance) ** 2)


def displaced_coupling_ratio(
    *, tx_diameter_m: float, rx_diameter_m: float, range_m: ArrayLike, frequency_hz: float, offset_m: ArrayLike
) -> Complexes:
    """Field coupled between two parallel flat apertures displaced sideways over that between coaxial ones. [-]

    Parameters
    ----------
    tx_diameter_m, rx_diameter_m : float
        [m]
    range_m : array
        Between the planes. [m]
    frequency_hz : float
        [Hz]
    offset_m : (k,) array
        Between the axes. [m]

    Returns
    -------
    (..., k) complex array
        Without the phase of the longer way between the centres, exp(-i k offset^2/2z).

    Notes
    -----
    The integral of `flat_aperture_transmission` with J0(k s offset/z) under it. 1 in the far field, where every antenna
    of an array lies in the main lobe of every other; near, a beam hardly reaches the neighbours, which is what keeps
    the power an array receives below the power it is sent.
    """
    distance = require_positive(range_m, name="range_m")
    offset = require_positive(offset_m, name="offset_m", zero=True)
    a = 0.5 * float(require_positive(tx_diameter_m, name="tx_diameter_m"))
    b = 0.5 * float(require_positive(rx_diameter_m, name="rx_diameter_m"))
    if distance.size == 0 or offset.size == 0:
        return np.zeros((*distance.shape, *offset.shape), dtype=complex)
    rate = math.pi / (float(wavelength_m(frequency_hz=frequency_hz)) * distance[..., None])
    inner, outer = abs(a - b), a + b
    turn = float(rate.max()) * outer * (outer + 2.0 * float(offset.max()))  # of the integrand's phase, at most
    if turn > 2.0 * MAX_SPACE_BANDWIDTH:
        raise ValueError(
            f"range_m={float(distance.min()):g} with offset_m={float(offset.max()):g}: a phase of {turn:.3g} rad over "
            "the apertures is beyond what is integrated here; use a longer range or antennas closer together"
        )
    count = 48 + math.ceil(turn)
    nodes, weights = special.roots_legendre(count)
    middle, (edge, at_edge) = 0.5 * inner * (nodes + 1.0), _edge(a, b, count)
    radius = np.concatenate([middle, edge])
    density = np.concatenate([inner * weights * math.pi * middle * math.pi * min(a, b) ** 2, at_edge])
    total, coaxial = np.zeros((*distance.shape, *offset.shape), dtype=complex), np.zeros((*distance.shape, 1), complex)
    for s, part in zip(radius, density, strict=True):  # not a matrix product, as above
        wave = part * np.exp(-1j * s**2 * rate)
        coaxial = coaxial + wave
        total = total + wave * special.j0(2.0 * rate * s * offset)
    return np.asarray(total / coaxial)


def _edge(a: float, b: float, count: int) -> tuple[Floats, Floats]:
    """Nodes of a quadrature over |a - b| < s < a + b, and 2 pi s C(s) ds there, C the area common to both discs.

    In phi, s = |a - b| + (a + b - |a - b|) sin^2(phi/2), which smooths the 3/2-power ends of C.
    """
    nodes, weights = special.roots_legendre(count)
    inner, width = abs(a - b), a + b - abs(a - b)
    phi = 0.5 * math.pi * (nodes + 1.0)
    s = inner + width * np.sin(0.5 * phi) ** 2
    return s, 0.5 * math.pi * weights * 0.5 * width * np.sin(phi) * 2.0 * math.pi * s * _lens_area(s, a, b)


def _lens_area(s: Floats, a: float, b: float) -> Floats:
    """Area common to two discs of radii a and b whose centres are s apart, |a - b| < s < a + b."""
    at_a = np.clip((s**2 + a**2 - b**2) / (2.0 * s * a), -1.0, 1.0)
    at_b = np.clip((s**2 + b**2 - a**2) / (2.0 * s * b), -1.0, 1.0)
    # Heron's product, twice the triangle's area squared, may round to just below zero at the ends
    heron = np.maximum((-s + a + b) * (s + a - b) * (s - a + b) * (s + a + b), 0.0)
    return np.asarray(a**2 * np.arccos(at_a) + b**2 * np.arccos(at_b) - 0.5 * np.sqrt(heron))
