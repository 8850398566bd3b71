"""Pointing: fades from jitter and bias of one end or both, the divergence to choose, acquisition, formation kinematics.

Gaussian jitter about each axis and a Gaussian fall of the coupling with angle. Leaves out the time spectrum of the
jitter (how often and for how long a fade occurs) and the control loops.
"""

import math
from typing import NamedTuple

import numpy as np
import scipy  # optimize and others load on first use: importing links stays cheap
from numpy.typing import ArrayLike, NDArray
from scipy import constants, special

from .model import require_positive

__all__ = [
    "DEEP_FADE_DB", "RelativeMotion", "acquisition_probability", "best_divergence_average_ber",
    "best_half_divergence_rad", "marcum_q1", "mean_fade_nepers", "mean_transmission", "pointing_outage",
    "relative_motion", "scan_spots", "scan_time_s", "two_end_fade_nepers", "two_end_outage",
]  # fmt: skip

Floats = NDArray[np.float64]

DEEP_FADE_DB = 6.0  # beyond it the Gaussian fall of the coupling with angle is too kind to a truncated beam (tested)


def _tail(scaled: Floats, ratio: Floats) -> Floats:
    """Log of P(X1 + X2 > x) for exponentials of means m1 >= m2, with scaled = x/m1 and ratio = m2/m1."""
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.where(scaled > 0.0, scaled * (1.0 / ratio - 1.0), 0.0)
    return np.asarray(-scaled + np.log1p(scaled * special.exprel(-spread)))


def mean_fade_nepers(*, half_divergence_rad: ArrayLike, jitter_rad: ArrayLike) -> Floats:
    """Mean of the fade `2 theta^2 / w^2` of one end, 4 sigma^2 / w^2; the 1/beta of the literature. [-]

    Parameters
    ----------
    half_divergence_rad : array
        1/e^2 half angle w of the beam (or of the receiving mode). [rad]
    jitter_rad : array
        Rms per axis sigma; the radial rms is sqrt(2) larger. [rad]
    """
    w = require_positive(half_divergence_rad, name="half_divergence_rad")
    return np.asarray((2.0 * require_positive(jitter_rad, name="jitter_rad", zero=True) / w) ** 2)


def two_end_outage(*, loss_nepers: ArrayLike, mean_1_nepers: ArrayLike, mean_2_nepers: ArrayLike) -> Floats:
    """Probability that two independent pointing fades together exceed a loss. [-]

    Parameters
    ----------
    loss_nepers : array
        Natural logarithm of the power margin. [-]
    mean_1_nepers, mean_2_nepers : array
        Mean fade of each end, see `mean_fade_nepers`; 0 for no jitter. [-]

    Notes
    -----
    Each fade `X = 2 theta^2/w^2` is exponential with mean `m = 1/beta`; with `m1 >= m2` and `d = x (1/m2 - 1/m1)`
    the tail of the sum is `exp(-x/m1) (1 + (x/m1) (1 - exp(-d))/d)`. Equal ends give `L^beta (1 - beta ln L)`,
    one end `L^beta`, unequal ends `(b1 L^b2 - b2 L^b1) / (b1 - b2)`.

    Examples
    --------
    >>> round(float(two_end_outage(loss_nepers=np.log(2.0), mean_1_nepers=0.1, mean_2_nepers=0.0)), 6)
    0.000977
    """
    x = require_positive(loss_nepers, name="loss_nepers", zero=True)
    first = require_positive(mean_1_nepers, name="mean_1_nepers", zero=True)
    second = require_positive(mean_2_nepers, name="mean_2_nepers", zero=True)
    large, small = np.maximum(first, second), np.minimum(first, second)
    still = large == 0.0
    large = np.where(still, 1.0, large)
    return np.asarray(np.where(still, np.where(x > 0.0, 0.0, 1.0), np.exp(_tail(x / large, small / large))))


def two_end_fade_nepers(*, outage: ArrayLike, mean_1_nepers: ArrayLike, mean_2_nepers: ArrayLike) -> Floats:
    """Fade of both ends together that is exceeded with probability `outage`; inverse of `two_end_outage`. [-]

    >>> from math import log
    >>> round(float(two_end_fade_nepers(outage=1e-3, mean_1_nepers=0.1, mean_2_nepers=0.0)) / (0.1 * log(1e3)), 9)
    1.0
    """
    p = _probability(outage, name="outage")
    first = require_positive(mean_1_nepers, name="mean_1_nepers", zero=True)
    second = require_positive(mean_2_nepers, name="mean_2_nepers", zero=True)
    large, small = np.maximum(first, second), np.minimum(first, second)
    ratio = small / np.where(large == 0.0, 1.0, large)
    goal = np.log(p) + 0.0 * ratio
    low, high = -goal, 2.0 - 2.0 * goal  # one end alone; y - ln(1+y) >= y/2 - 1 for two equal ends
    for _ in range(60):  # bisection to the last bit
        middle = 0.5 * (low + high)
        above = _tail(middle, ratio) > goal
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    return np.asarray(0.5 * (low + high) * large)


def _probability(value: ArrayLike, *, name: str) -> Floats:
    p = require_positive(value, name=name)
    if np.any(p >= 1.0):
        raise ValueError(f"{name}={float(np.max(p))!r}: need a probability below 1")
    return p


def marcum_q1(*, a: ArrayLike, b: ArrayLike) -> Floats:
    """Marcum's Q of order 1: probability that a Rician variable (offset a, unit sigma) exceeds b. [-]

    >>> float(marcum_q1(a=1.0, b=1.0)).__round__(6)
    0.73288
    """
    offset = require_positive(a, name="a", zero=True)
    level = require_positive(b, name="b", zero=True)
    return np.asarray(scipy.stats.ncx2.sf(level**2, 2, offset**2), dtype=float)


def pointing_outage(
    *, half_divergence_rad: float, margin_db: float, jitter_x_rad: float, jitter_y_rad: float,
    bias_x_rad: float = 0.0, bias_y_rad: float = 0.0,
) -> float:  # fmt: skip
    """Probability that the pointing loss of one end exceeds a margin: jitter and bias may differ by axis. [-]

    Parameters
    ----------
    half_divergence_rad : float
        1/e^2 half angle. [rad]
    margin_db : float
        Loss that is allowed. [dB]
    jitter_x_rad, jitter_y_rad : float
        Rms of each axis. [rad]
    bias_x_rad, bias_y_rad : float
        Constant error of each axis. [rad]

    Notes
    -----
    Loss `exp(-2 theta^2/w^2)` exceeds the margin outside `theta_th = w sqrt(ln(1/L)/2)`. Equal jitter: Rayleigh without
    bias, `L^beta` with `beta = w^2/4 sigma^2`, else Rice, `Q1(b/sigma, theta_th/sigma)`. Unequal: Beckmann's
    distribution, by quadrature of complementary error functions over one axis.
    """
    w = float(require_positive(half_divergence_rad, name="half_divergence_rad"))
    loss = math.log(10.0) / 10.0 * float(require_positive(margin_db, name="margin_db", zero=True))
    sigma_x = float(require_positive(jitter_x_rad, name="jitter_x_rad"))
    sigma_y = float(require_positive(jitter_y_rad, name="jitter_y_rad"))
    edge = w * math.sqrt(loss / 2.0)
    bias = math.hypot(bias_x_rad, bias_y_rad)
    if sigma_x == sigma_y and bias == 0.0:
        return math.exp(-(edge**2) / (2.0 * sigma_x**2))
    if sigma_x == sigma_y:
        return float(marcum_q1(a=bias / sigma_x, b=edge / sigma_x))

    def beyond(limit: Floats, mean: float, sigma: float) -> Floats:
        root2 = math.sqrt(2.0) * sigma
        return np.asarray(0.5 * (special.erfc((limit - mean) / root2) + special.erfc((limit + mean) / root2)))

    nodes, weights = special.roots_legendre(800)
    angle = 0.5 * math.pi * nodes  # x = edge sin(angle) removes the corner where the chord vanishes
    x, dx = edge * np.sin(angle), 0.5 * math.pi * edge * np.cos(angle) * weights
    density = np.exp(-((x - bias_x_rad) ** 2) / (2.0 * sigma_x**2)) / (math.sqrt(2.0 * math.pi) * sigma_x)
    chord = edge * np.cos(angle)
    return float(beyond(np.array(edge), bias_x_rad, sigma_x) + dx @ (density * beyond(chord, bias_y_rad, sigma_y)))


def mean_transmission(*, half_divergence_rad: ArrayLike, jitter_rad: ArrayLike, bias_rad: ArrayLike = 0.0) -> Floats:
    """Average of the pointing loss; not what sets a rate (see `pointing_outage`). [-]

    Notes
    -----
    `exp(-t b^2 / (1 + 2 t sigma^2)) / (1 + 2 t sigma^2)`, t = 2/w^2; without bias beta/(beta+1).
    """
    t = 2.0 / require_positive(half_divergence_rad, name="half_divergence_rad") ** 2
    wide = 1.0 + 2.0 * t * require_positive(jitter_rad, name="jitter_rad", zero=True) ** 2
    return np.asarray(np.exp(-t * require_positive(bias_rad, name="bias_rad", zero=True) ** 2 / wide) / wide)


def best_half_divergence_rad(*, jitter_rad: ArrayLike, outage: ArrayLike) -> Floats:
    """1/e^2 half angle that maximises the far-field power at the outage quantile, 2 sigma sqrt(ln 1/p). [rad]

    Notes
    -----
    Maximises `w^-2 p^(4 sigma^2/w^2)`; the fade at the quantile is then a factor e (4.34 dB) whatever p. Far field: in
    the near field widening the beam stops helping.
    """
    sigma = require_positive(jitter_rad, name="jitter_rad")
    return np.asarray(2.0 * sigma * np.sqrt(-np.log(_probability(outage, name="outage"))))


def best_divergence_average_ber(*, average_ber: float) -> tuple[float, float]:
    """Best divergence for a mean error rate, thermal-noise on-off keying: half angle over jitter, penalty in dB. [-]

    Notes
    -----
    `BER = erfc(Q h / sqrt 2)/2`, averaged over `h = exp(-2 theta^2/w^2)` with Rayleigh jitter; boresight power goes
    with `w^-2`. The penalty is boresight power over that of a still beam, optical dB.

    References
    ----------
    M. Toyoshima et al., "Optimum divergence angle of a Gaussian beam wave in the presence of random jitter in
    free-space laser communication systems", J. Opt. Soc. Am. A 19, 567 (2002).
    """
    goal = float(_probability(average_ber, name="average_ber"))
    if goal >= 0.5:
        raise ValueError(f"average_ber={average_ber!r}: need an error rate below 0.5")
    nodes, weights = special.roots_legendre(400)
    reach = 40.0 - math.log(goal)  # the fade -ln h = fade/beta with fade exponential, so this far it no longer counts
    fade, density = 0.5 * reach * (nodes + 1.0), 0.5 * reach * weights * np.exp(-0.5 * reach * (nodes + 1.0))

    def needed_q(beta: float) -> float:
        h = np.exp(-fade / beta)

        def excess(q: float) -> float:
            return math.log(max(0.5 * float(density @ special.erfc(q * h / math.sqrt(2.0))), 1e-300)) - math.log(goal)

        return scipy.optimize.brentq(excess, 0.0, 1e6, xtol=1e-12)

    # transmitted power goes with q w^2, and w^2 = 4 beta sigma^2
    found = scipy.optimize.minimize_scalar(
        lambda beta: math.log(needed_q(beta) * beta), bounds=(2.0, 64.0), method="bounded", options={"xatol": 1e-9}
    )
    beta = float(found.x)
    still = scipy.optimize.brentq(lambda q: 0.5 * special.erfc(q / math.sqrt(2.0)) - goal, 0.0, 40.0, xtol=1e-12)
    return 2.0 * math.sqrt(beta), 10.0 * math.log10(needed_q(beta) / still)


def scan_spots(*, uncertainty_full_rad: ArrayLike, beam_full_rad: ArrayLike) -> Floats:
    """Beams that cover the uncertainty cone, ratio of the solid angles. [-]"""
    cone = require_positive(uncertainty_full_rad, name="uncertainty_full_rad")
    return np.asarray((cone / require_positive(beam_full_rad, name="beam_full_rad")) ** 2)


def scan_time_s(
    *, uncertainty_full_rad: ArrayLike, beam_full_rad: ArrayLike, dwell_s: ArrayLike, overlap: ArrayLike = 0.0
) -> Floats:
    """Time of a spiral scan over the uncertainty cone, spots (1 + overlap) dwell. [s]

    Notes
    -----
    What a change of topology costs per new link, beside slewing.
    """
    spots = scan_spots(uncertainty_full_rad=uncertainty_full_rad, beam_full_rad=beam_full_rad)
    repeated = 1.0 + require_positive(overlap, name="overlap", zero=True)
    return np.asarray(spots * repeated * require_positive(dwell_s, name="dwell_s"))


def acquisition_probability(*, scan_half_rad: ArrayLike, uncertainty_rad: ArrayLike) -> Floats:
    """Probability that a scan to a half angle finds the partner, 1 - exp(-theta^2 / 2 sigma^2), sigma per axis. [-]"""
    scan = require_positive(scan_half_rad, name="scan_half_rad")
    return np.asarray(-np.expm1(-0.5 * (scan / require_positive(uncertainty_rad, name="uncertainty_rad")) ** 2))


class RelativeMotion(NamedTuple):
    """What the motion of a neighbour in a formation does to a link, at most; SI units."""

    relative_speed_m_s: float
    doppler_hz: float
    point_ahead_rad: float
    line_of_sight_rate_rad_s: float
    one_way_delay_s: float


def relative_motion(*, separation_m: float, period_s: float, wavelength_m: float) -> RelativeMotion:
    """Speed, Doppler shift, point-ahead angle, line-of-sight rate and delay of a neighbour on a relative orbit.

    Notes
    -----
    A circular relative orbit turns once per period: v = n rho; other relative orbits move up to twice as fast along
    track. Point-ahead 2 v / c.

    Examples
    --------
    >>> motion = relative_motion(separation_m=300.0, period_s=5700.0, wavelength_m=1.55e-6)
    >>> round(motion.relative_speed_m_s, 4), round(motion.point_ahead_rad * 1e9, 3)
    (0.3307, 2.206)
    """
    for name, value in (("separation_m", separation_m), ("period_s", period_s), ("wavelength_m", wavelength_m)):
        require_positive(value, name=name)
    rate = 2.0 * math.pi / period_s
    speed = rate * separation_m
    return RelativeMotion(
        relative_speed_m_s=speed,
        doppler_hz=speed / wavelength_m,
        point_ahead_rad=2.0 * speed / constants.c,
        line_of_sight_rate_rad_s=rate,
        one_way_delay_s=separation_m / constants.c,
    )
