"""Spatial modes that two apertures share: the transmissions of the prolate functions of a disc and of a square.

Scalar, one polarisation, vacuum, paraxial. Leaves out how modes are multiplexed and what that loses.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import linalg, special

from .frozen import FrozenArrays
from .model import require_positive

__all__ = ["ModeSpectrum", "circular_modes", "spatial_modes", "square_modes", "strongest_coupling"]

Floats = NDArray[np.float64]

# Numerical settings: transmissions below this part of the largest are dropped; a disc with c above EXACT_CIRCLE_C is
# built from the exact spectrum at EXACT_CIRCLE_C (see `circular_modes`); modes closer to 1 than FLAT are counted as 1.
_DROPPED = 1e-12
EXACT_CIRCLE_C = 64.0
_FLAT = 1e-9
_PLUNGE_CONSTANT = 2.0428  # of sum mu(1-mu) -> c (ln c + constant)/pi^2; the tests measure it again


@dataclass(frozen=True, kw_only=True, eq=False)
class ModeSpectrum(FrozenArrays):
    """Power transmissions of the orthogonal channels between two apertures, one polarisation.

    Parameters
    ----------
    transmission : array
        Of each group of equal modes, falling. [-]
    count : array
        Modes in the group; a real number where the group stands for a continuum. [-]
    """

    transmission: Floats
    count: Floats

    @property
    def total(self) -> float:
        """Sum of the transmissions over all modes: the product of the areas over (lambda z)^2. [-]"""
        return float(self.count @ self.transmission)

    @property
    def participation(self) -> float:
        """Effective number of modes, (sum mu)^2 / sum mu^2. [-]"""
        return self.total**2 / float(self.count @ self.transmission**2)

    def above(self, threshold: float) -> float:
        """Modes whose transmission exceeds `threshold`. [-]"""
        return float(self.count[self.transmission > threshold].sum())


def _sorted(transmission: Floats, count: Floats) -> ModeSpectrum:
    order = np.argsort(-transmission, kind="stable")
    return ModeSpectrum(transmission=transmission[order], count=count[order])


def angular_transmissions(*, c: float, order: int) -> Floats:
    """Transmissions of the disc-to-disc modes with `order` turns of azimuthal phase, falling. [-]

    Notes
    -----
    Squares of the eigenvalues of `c J_m(c x y) sqrt(x y)` on [0, 1], by Gauss-Legendre (Nystrom) quadrature.
    """
    x, weight = special.roots_legendre(32 + math.ceil(0.6 * c))
    x, weight = 0.5 * (x + 1.0), 0.5 * weight
    scale = np.sqrt(x * weight)
    kernel = c * special.jv(order, c * np.outer(x, x)) * np.outer(scale, scale)
    return np.asarray(np.sort(linalg.eigvalsh(kernel) ** 2)[::-1], dtype=float)


@lru_cache(maxsize=256)
def _exact_circle(c: float) -> ModeSpectrum:
    transmission: list[Floats] = []
    count: list[Floats] = []
    order = 0
    while True:
        found = angular_transmissions(c=c, order=order)
        found = found[found > _DROPPED * (transmission[0][0] if transmission else found[0])]
        if found.size == 0:
            return _sorted(np.concatenate(transmission), np.concatenate(count))
        transmission.append(found)
        count.append(np.full(found.size, 1.0 if order == 0 else 2.0))
        order += 1


def _plunge(c: float) -> float:
    return c * (math.log(c) + _PLUNGE_CONSTANT)


def circular_modes(*, c: float) -> ModeSpectrum:
    """Modes between two coaxial circular apertures with c = k a b / z. [-]

    Parameters
    ----------
    c : float
        k a b / z. [-]

    Notes
    -----
    Exact (quadrature) up to `EXACT_CIRCLE_C`. Above it the transmissions are 1, then a plunge, then 0; the plunge
    has `sum mu (1 - mu) -> c (ln c + 2.043) / pi^2`, so the exact plunge at `EXACT_CIRCLE_C` is taken with its counts
    scaled by that law, and modes of transmission 1 fill up the sum rule `sum mu = c^2/4`. Against the exact spectrum
    at c = 128 the count of modes above 1/2 and the sum of mu^2 agree within 0.1 % (tested).

    References
    ----------
    D. Slepian, "Prolate spheroidal wave functions, IV", Bell Syst. Tech. J. 43, 3009 (1964);
    D. A. B. Miller, Appl. Opt. 39, 1681 (2000).

    Examples
    --------
    >>> round(circular_modes(c=4.0).transmission[0], 5)
    0.97495
    """
    require_positive(c, name="c")
    c = float(c)
    if c <= EXACT_CIRCLE_C:
        return _exact_circle(c)
    known = _exact_circle(EXACT_CIRCLE_C)
    keep = known.transmission < 1.0 - _FLAT
    count = known.count[keep] * (_plunge(c) / _plunge(EXACT_CIRCLE_C))
    flat = c**2 / 4.0 - float(count @ known.transmission[keep])
    return _sorted(np.append(known.transmission[keep], 1.0), np.append(count, flat))


def square_modes(*, c: float) -> ModeSpectrum:
    """Modes between two coaxial squares with parallel sides. [-]

    Parameters
    ----------
    c : float
        k s^2 / z with s half the side. [-]

    Notes
    -----
    The kernel separates: products of two transmissions of the one-dimensional (Slepian-Pollak) problem, whose sum is
    `2 c / pi`; so the modes sum to `(2 c / pi)^2 = (side^2 / lambda z)^2`.

    Examples
    --------
    >>> spectrum = square_modes(c=10.0)
    >>> round(spectrum.total / (20.0 / np.pi) ** 2, 6)
    1.0
    """
    require_positive(c, name="c")
    x, weight = special.roots_legendre(48 + math.ceil(1.1 * c))
    scale = np.sqrt(weight)
    # e^{icxy} acts on [-1, 1]; its square modulus operator has the sinc kernel, whose eigenvalues are mu
    kernel = np.sinc(c / np.pi * (x[:, None] - x)) * (c / np.pi) * np.outer(scale, scale)
    line = np.sort(linalg.eigvalsh(kernel))[::-1]
    line = line[line > _DROPPED * line[0]]
    flat = line > 1.0 - _FLAT
    values, counts = line[~flat], np.ones(np.count_nonzero(~flat))
    if flat.any():
        values, counts = np.append(1.0, values), np.append(float(np.count_nonzero(flat)), counts)
    return _sorted(np.outer(values, values).ravel(), np.outer(counts, counts).ravel())


def strongest_coupling(*, c: float) -> float:
    """Largest part of the power that any beam can bring through both circular apertures, mu_0(c). [-]

    >>> round(strongest_coupling(c=2.0), 5)
    0.62963
    """
    require_positive(c, name="c")
    return float(min(1.0, angular_transmissions(c=float(c), order=0)[0]))


def spatial_modes(
    *, tx_area_m2: ArrayLike, rx_area_m2: ArrayLike, range_m: ArrayLike, wavelength_m: ArrayLike
) -> Floats:
    """Sum of the mode transmissions of two apertures, one polarisation: about the number of usable modes. [-]

    Notes
    -----
    `A_t A_r / (lambda z)^2` for any shape (Miller 2000, 2019). As a number of modes it counts those with transmission
    above 1/2 once it is much above 1; below 1 it is the far-field coupling of the one mode left.
    """
    areas = require_positive(tx_area_m2, name="tx_area_m2") * require_positive(rx_area_m2, name="rx_area_m2")
    spread = require_positive(wavelength_m, name="wavelength_m") * require_positive(range_m, name="range_m")
    return np.asarray(areas / spread**2)
