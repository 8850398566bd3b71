"""How much light passes between two circular apertures, near field and far field in one formula.

Scalar Fresnel diffraction between coaxial circular pupils in vacuum. Leaves out vector effects, aberrations other
than defocus, and obscurations (those are far-field formulas of `links.aperture`).
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import scipy  # optimize and others load on first use: importing links stays cheap
from numpy.typing import ArrayLike, NDArray
from scipy import special

from .model import require_positive

__all__ = [
    "MAX_SPACE_BANDWIDTH", "ApertureMode", "FibreOptimum", "ModeOverlap", "best_fibre_link", "captured_fraction",
    "fresnel_number", "mode_coupling", "mode_overlap", "offset_coupling", "space_bandwidth_product",
]  # fmt: skip

Floats = NDArray[np.float64]

# Largest k a b / z of the quadrature: 10 cm at 3 m. Beyond it the matrices no longer fit and geometry is exact anyway.
MAX_SPACE_BANDWIDTH = 4000.0
_MAX_TRUNCATION = 100.0  # a fibre mode a hundred times smaller than its aperture sends nothing through its rim


@dataclass(frozen=True, kw_only=True)
class ApertureMode:
    """A Gaussian beam, or by reciprocity the mode of a single-mode fibre, seen through a circular aperture.

    Parameters
    ----------
    radius_m : float
        Of the aperture. [m]
    truncation : float
        Aperture radius over the 1/e^2 intensity radius of the beam in the aperture. [-]
    focus_m : float or None
        Distance at which the wavefront leaving the aperture converges; None is collimated, negative diverges. [m]
    """

    radius_m: float
    truncation: float
    focus_m: float | None = None

    def __post_init__(self) -> None:
        require_positive(self.radius_m, name="radius_m")
        require_positive(self.truncation, name="truncation")
        if self.focus_m == 0.0 or (self.focus_m is not None and not math.isfinite(self.focus_m)):
            raise ValueError(f"focus_m={self.focus_m!r}: need a finite distance other than 0, or None for collimated")

    def defocus_rad(self, *, range_m: float, wavelength_m: float) -> float:
        """Quadratic phase at the rim of the aperture relative to a wave converging on `range_m`. [rad]"""
        vergence = 1.0 / range_m - (0.0 if self.focus_m is None else 1.0 / self.focus_m)
        return math.pi * self.radius_m**2 / wavelength_m * vergence


class ModeOverlap(NamedTuple):
    """Coupling of two aperture modes and how it falls when the ends tilt.

    To second order in the tilts `(theta_t, theta_r)` of both ends about one axis, the coupling is
    `power * exp(-(tilt_tt u^2 + tilt_rr v^2 + 2 tilt_tr u v))` with `u = k a theta_t`, `v = k b theta_r`.
    """

    power: float
    tilt_tt: float
    tilt_rr: float
    tilt_tr: float


@lru_cache(maxsize=64)
def _nodes(count: int) -> tuple[Floats, Floats]:
    x, weight = special.roots_legendre(count)
    return 0.5 * (x + 1.0), 0.5 * weight


def _radial_nodes(slope_rad: float, truncation: float = 1.0) -> tuple[Floats, Floats]:
    """Gauss-Legendre nodes on [0, 1] for a phase that turns `slope_rad`: more for a larger Fresnel number."""
    if slope_rad > 2.0 * MAX_SPACE_BANDWIDTH or truncation > _MAX_TRUNCATION:
        raise ValueError(
            f"a wavefront that turns {slope_rad:.3g} rad across its aperture, truncation {truncation:g}: beyond what "
            "is integrated here; focus farther away, use a longer range or a smaller truncation"
        )
    count = 32 + math.ceil(0.3 * slope_rad + 4.0 * truncation)
    return _nodes(16 * math.ceil(count / 16))


def _check_size(c: float) -> None:
    if c > MAX_SPACE_BANDWIDTH:
        raise ValueError(
            f"k a b / z = {c:.4g} is above {MAX_SPACE_BANDWIDTH:g}: the apertures are too large for so short a range; "
            "use a longer range or smaller apertures (light travels geometrically there)"
        )


def mode_overlap(
    *, c: float, truncation_t: float, truncation_r: float, defocus_t_rad: float, defocus_r_rad: float
) -> ModeOverlap:
    """Coupling between two truncated Gaussian modes in dimensionless variables. [-]

    Parameters
    ----------
    c : float
        k a b / z, the radius of one aperture in diffraction units of the other. [-]
    truncation_t, truncation_r : float
        Aperture radius over 1/e^2 intensity radius, each end. [-]
    defocus_t_rad, defocus_r_rad : float
        Quadratic phase at the rim: k a^2/2 (1/z - 1/f), each end. [rad]

    Notes
    -----
    With radii in units of the apertures, `p = truncation^2 - i defocus`,

        t = 4 c alpha_t alpha_r int_0^1 int_0^1 exp(-p_t x^2 - p_r y^2) J0(c x y) x y dx dy

    and `power = |t|^2`, referred to the power of both modes before truncation: no further truncation loss is to
    be applied. Tilts are expanded to second order; the cross term is the J1 companion of the same integral.
    Valid for `z` much larger than the aperture (Fresnel) and any Fresnel number up to `MAX_SPACE_BANDWIDTH`.

    References
    ----------
    D. A. B. Miller, "Communicating with waves between volumes", Appl. Opt. 39, 1681 (2000), eq. 12;
    S. A. Collins, "Lens-system diffraction integral", J. Opt. Soc. Am. 60, 1168 (1970), eq. 32.
    """
    _check_size(c)
    x, weight_x = _radial_nodes(2.0 * abs(defocus_t_rad) + c, truncation_t)
    y, weight_y = _radial_nodes(2.0 * abs(defocus_r_rad) + c, truncation_r)
    launched = np.exp((1j * defocus_t_rad - truncation_t**2) * x**2) * x * weight_x
    accepted = np.exp((1j * defocus_r_rad - truncation_r**2) * y**2) * y * weight_y
    argument = c * np.outer(x, y)
    zeroth, first = special.j0(argument), special.j1(argument)
    fields = zeroth @ accepted
    plain = launched @ fields
    square_t = (launched * x**2) @ fields / plain
    square_r = launched @ (zeroth @ (accepted * y**2)) / plain
    cross = -1j * ((launched * x) @ (first @ (accepted * y))) / plain
    amplitude = 4.0 * c * truncation_t * truncation_r * plain
    return ModeOverlap(
        power=float(abs(amplitude) ** 2),
        tilt_tt=float(square_t.real) / 2.0,
        tilt_rr=float(square_r.real) / 2.0,
        tilt_tr=float(cross.real) / 2.0,
    )


def mode_coupling(*, tx: ApertureMode, rx: ApertureMode, range_m: ArrayLike, wavelength_m: float) -> Floats:
    """Part of the power of the transmit fibre mode that arrives in the receive fibre mode, at each range. [-]

    Both truncations, diffraction and the match of the wavefronts are in it; reciprocal in `tx` and `rx`.

    Examples
    --------
    Two 2 cm telescopes 300 m apart, where a far-field formula gives 30 %:

    >>> end = ApertureMode(radius_m=0.01, truncation=1.1209)
    >>> round(float(mode_coupling(tx=end, rx=end, range_m=300.0, wavelength_m=1.55e-6)), 4)
    0.2454
    """
    ranges = require_positive(range_m, name="range_m")
    require_positive(wavelength_m, name="wavelength_m")

    def one(z: float) -> float:
        return mode_overlap(
            c=2.0 * math.pi * tx.radius_m * rx.radius_m / (wavelength_m * z),
            truncation_t=tx.truncation,
            truncation_r=rx.truncation,
            defocus_t_rad=tx.defocus_rad(range_m=z, wavelength_m=wavelength_m),
            defocus_r_rad=rx.defocus_rad(range_m=z, wavelength_m=wavelength_m),
        ).power

    return np.array([one(float(z)) for z in ranges.ravel()]).reshape(ranges.shape)


def offset_coupling(*, c: float, truncation: float, defocus_rad: float, offset_radii: ArrayLike) -> Floats:
    """Coupling between two equal modes whose parallel axes are displaced sideways. [-]

    Parameters
    ----------
    c, truncation, defocus_rad : float
        As in `mode_overlap`, equal at both ends.
    offset_radii : array
        Displacement of the axes in aperture radii: 2 is the neighbouring tile of a square tiling. [-]

    Notes
    -----
    The field of the launched mode is carried to the receiver plane by a Hankel transform and integrated over the
    displaced receive mode in polar coordinates about its centre.
    """
    _check_size(c)
    offsets = require_positive(offset_radii, name="offset_radii", zero=True)
    kappa = 0.5 * c  # k a^2 / 2z
    x, weight_x = _radial_nodes(2.0 * abs(defocus_rad) + c * (1.0 + float(offsets.max(initial=0.0))), truncation)
    launched = np.exp((1j * defocus_rad - truncation**2) * x**2) * x * weight_x
    result = np.empty(offsets.shape)
    for index, s in np.ndenumerate(offsets):
        low, high = max(0.0, s - 1.0), s + 1.0
        grid = np.linspace(low, high, 64 + math.ceil(4.0 * c * (high - low)))
        field = special.j0(c * np.outer(grid, x)) @ launched
        curve = scipy.interpolate.CubicSpline(grid, field)
        slope = 4.0 * kappa * (1.0 + s)
        y, weight_y = _radial_nodes(slope, truncation)
        turn = (np.arange(24 + math.ceil(slope)) + 0.5) * (math.pi / (24 + math.ceil(slope)))
        distance = np.sqrt(np.maximum(s**2 + y[:, None] ** 2 + 2.0 * s * y[:, None] * np.cos(turn), 0.0))
        # the receive mode carries the phase of its own focus about its own centre
        phase = kappa * distance**2 + (defocus_rad - kappa) * y[:, None] ** 2
        mean_field = (curve(np.clip(distance, low, high)) * np.exp(1j * phase)).mean(axis=1)
        amplitude = 4.0 * c * truncation**2 * np.sum(mean_field * np.exp(-((truncation * y) ** 2)) * y * weight_y)
        result[index] = abs(amplitude) ** 2
    return result


class FibreOptimum(NamedTuple):
    """Best coupling from fibre to fibre and what reaches it; `focus_m` is the same at both ends."""

    coupling: float
    truncation: float
    focus_m: float


def best_fibre_link(*, tx_radius_m: float, rx_radius_m: float, range_m: float, wavelength_m: float) -> FibreOptimum:
    """Truncation and focus, the same at both ends, with the largest coupling from fibre to fibre.

    Notes
    -----
    Far field: truncation 1.12 to 1.23 and focus on the other end. Near field: the beam is nearly confocal and fills the
    aperture less, truncation about sqrt(c/2). Maximised by Nelder-Mead from that guess.

    Examples
    --------
    >>> best = best_fibre_link(tx_radius_m=0.025, rx_radius_m=0.025, range_m=300.0, wavelength_m=1.55e-6)
    >>> round(best.coupling, 3), round(best.truncation, 1)
    (0.999, 2.1)
    """
    for name, value in (("tx_radius_m", tx_radius_m), ("rx_radius_m", rx_radius_m), ("range_m", range_m)):
        require_positive(value, name=name)
    require_positive(wavelength_m, name="wavelength_m")
    c = 2.0 * math.pi * tx_radius_m * rx_radius_m / (wavelength_m * range_m)
    ratio = tx_radius_m / rx_radius_m

    def loss(point: Floats) -> float:
        truncation, defocus = math.exp(point[0]), 0.5 * c * (1.0 - point[1])
        found = mode_overlap(
            c=c,
            truncation_t=truncation,
            truncation_r=truncation,
            defocus_t_rad=defocus * ratio,
            defocus_r_rad=defocus / ratio,
        )
        return -found.power

    start = np.array([math.log(max(1.2, math.sqrt(0.5 * c))), 0.95])
    found = scipy.optimize.minimize(loss, start, method="Nelder-Mead", options={"xatol": 1e-5, "fatol": 1e-12})
    return FibreOptimum(
        coupling=-float(found.fun), truncation=math.exp(found.x[0]), focus_m=range_m / float(found.x[1])
    )


def captured_fraction(
    *, tx: ApertureMode | None = None, tx_radius_m: float | None = None, focus_m: float | None = None,
    rx_radius_m: float, range_m: float, wavelength_m: float,
) -> float:  # fmt: skip
    """Part of the launched power that falls into the receiving aperture (a bucket: any mode). [-]

    Parameters
    ----------
    tx : ApertureMode or None
        A truncated Gaussian, referred to its power before truncation; or
    tx_radius_m, focus_m : float or None
        a uniformly filled aperture of that radius and focus (None: collimated).
    rx_radius_m, range_m, wavelength_m : float
        Receiver radius, distance, wavelength. [m]

    Notes
    -----
    Uniform and focused it is `1 - J0(c)^2 - J1(c)^2` (Rayleigh's encircled energy).

    Examples
    --------
    >>> round(captured_fraction(tx_radius_m=0.01, rx_radius_m=0.01, range_m=300.0, wavelength_m=1.55e-6), 4)
    0.3509
    """
    if (tx is None) == (tx_radius_m is None):
        raise ValueError("give either tx (a Gaussian beam) or tx_radius_m (a uniform one)")
    for name, value in (("rx_radius_m", rx_radius_m), ("range_m", range_m), ("wavelength_m", wavelength_m)):
        require_positive(value, name=name)
    radius_m = tx.radius_m if tx is not None else float(require_positive(tx_radius_m, name="tx_radius_m"))  # type: ignore[arg-type]
    aperture = tx if tx is not None else ApertureMode(radius_m=radius_m, truncation=1.0, focus_m=focus_m)
    c = 2.0 * math.pi * radius_m * rx_radius_m / (wavelength_m * range_m)
    _check_size(c)
    defocus = aperture.defocus_rad(range_m=range_m, wavelength_m=wavelength_m)
    truncation = 0.0 if tx is None else tx.truncation
    x, weight_x = _radial_nodes(2.0 * abs(defocus) + c, truncation)
    y, weight_y = _radial_nodes(2.0 * (2.0 * abs(defocus) + c), truncation)
    launched = np.exp((1j * defocus - truncation**2) * x**2) * x * weight_x
    field = special.j0(c * np.outer(y, x)) @ launched
    # |normalised amplitude|^2: 1 for uniform filling, 2 alpha^2 for a Gaussian of unit power before truncation
    density = 1.0 if tx is None else 2.0 * truncation**2
    return float(2.0 * density * c**2 * np.sum(np.abs(field) ** 2 * y * weight_y))


def fresnel_number(*, radius_m: ArrayLike, range_m: ArrayLike, wavelength_m: ArrayLike) -> Floats:
    """Fresnel number a^2 / (lambda z); the far field is where it is much less than 1. [-]"""
    radius = require_positive(radius_m, name="radius_m")
    return np.asarray(
        radius**2 / (require_positive(wavelength_m, name="wavelength_m") * require_positive(range_m, name="range_m"))
    )


def space_bandwidth_product(
    *, tx_radius_m: ArrayLike, rx_radius_m: ArrayLike, range_m: ArrayLike, wavelength_m: ArrayLike
) -> Floats:
    """Number c = k a b / z of two circular apertures; they share c^2/4 spatial modes per polarisation. [-]"""
    radii = require_positive(tx_radius_m, name="tx_radius_m") * require_positive(rx_radius_m, name="rx_radius_m")
    spread = require_positive(wavelength_m, name="wavelength_m") * require_positive(range_m, name="range_m")
    return np.asarray(2.0 * math.pi * radii / spread)
