"""The reference orbit: circular, with the secular effects of the Earth's oblateness (J2, first order).

Leaves out short-period terms, higher harmonics, drag and the Moon: see `dynamics` for numerical propagation and `sun`
for light and shadow.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import constants

from links.model import require_positive
from links.parts import load_part

__all__ = [
    "Orbit", "mean_anomaly_rate_rad_s", "mean_motion_rad_s", "node_rate_rad_s", "perigee_rate_rad_s",
    "sun_synchronous_inclination_rad",
]  # fmt: skip

Floats = NDArray[np.float64]


def _earth(key: str) -> float:
    return load_part("earth")[key]


def mean_motion_rad_s(*, semi_major_axis_m: ArrayLike) -> Floats:
    """Mean motion of an unperturbed orbit, sqrt(mu / a^3). [rad/s]

    >>> float(mean_motion_rad_s(semi_major_axis_m=7028137.0).round(10))
    0.0010715404
    """
    axis = require_positive(semi_major_axis_m, name="semi_major_axis_m")
    return np.asarray(np.sqrt(_earth("gravitational_parameter_m3_s2") / axis**3))


def _j2_rate(semi_major_axis_m: ArrayLike, eccentricity: ArrayLike, earth_radius_m: float | None = None) -> Floats:
    """3/4 n J2 (R / p)^2, the scale of all secular rates. [rad/s]"""
    e = require_positive(eccentricity, name="eccentricity", zero=True)
    if (e >= 1.0).any():
        raise ValueError(f"eccentricity={float(e.max())!r}: need a closed orbit, below 1")
    axis = require_positive(semi_major_axis_m, name="semi_major_axis_m")
    radius = _earth("equatorial_radius_m") if earth_radius_m is None else earth_radius_m
    flattening = _earth("j2") * (radius / (axis * (1.0 - e**2))) ** 2
    return np.asarray(0.75 * mean_motion_rad_s(semi_major_axis_m=axis) * flattening)


def node_rate_rad_s(
    *, semi_major_axis_m: ArrayLike, inclination_rad: ArrayLike, eccentricity: ArrayLike = 0.0
) -> Floats:
    """Secular rate of the ascending node. [rad/s]

    Parameters
    ----------
    semi_major_axis_m : array
        Mean. [m]
    inclination_rad : array
        Mean. [rad]
    eccentricity : array
        Below 1.

    Notes
    -----
    -3/2 n J2 (R/p)^2 cos i with p = a (1 - e^2); first order in J2, so good to about 0.1 percent.

    References
    ----------
    D. A. Vallado, Fundamentals of Astrodynamics and Applications, 4th ed. (2013), equation 9-38.

    >>> rate = node_rate_rad_s(semi_major_axis_m=7028137.0, inclination_rad=np.deg2rad(97.99))
    >>> float(np.rad2deg(rate * 86400.0).round(4))  # the Sun moves 0.9856 deg a day
    0.9861
    """
    return np.asarray(-2.0 * _j2_rate(semi_major_axis_m, eccentricity) * np.cos(inclination_rad))


def perigee_rate_rad_s(
    *, semi_major_axis_m: ArrayLike, inclination_rad: ArrayLike, eccentricity: ArrayLike = 0.0
) -> Floats:
    """Secular rate of the argument of perigee, 3/4 n J2 (R/p)^2 (5 cos^2 i - 1). [rad/s]

    For a formation this is the rate at which the pattern of eccentricity vectors turns.

    References
    ----------
    D. A. Vallado, Fundamentals of Astrodynamics and Applications, 4th ed. (2013), equation 9-39.
    """
    cosine = np.cos(np.asarray(inclination_rad, dtype=float))
    return np.asarray(_j2_rate(semi_major_axis_m, eccentricity) * (5.0 * cosine**2 - 1.0))


def mean_anomaly_rate_rad_s(
    *, semi_major_axis_m: ArrayLike, inclination_rad: ArrayLike, eccentricity: ArrayLike = 0.0
) -> Floats:
    """Secular rate of the mean anomaly, n + 3/4 n J2 (R/p)^2 sqrt(1 - e^2) (3 cos^2 i - 1). [rad/s]

    References
    ----------
    D. A. Vallado, Fundamentals of Astrodynamics and Applications, 4th ed. (2013), equation 9-41.
    """
    cosine = np.cos(np.asarray(inclination_rad, dtype=float))
    root = np.sqrt(1.0 - np.asarray(eccentricity, dtype=float) ** 2)
    perturbed = _j2_rate(semi_major_axis_m, eccentricity) * root * (3.0 * cosine**2 - 1.0)
    return np.asarray(mean_motion_rad_s(semi_major_axis_m=semi_major_axis_m) + perturbed)


def sun_synchronous_inclination_rad(
    *, semi_major_axis_m: ArrayLike, node_turn_s: float | None = None, earth_radius_m: float | None = None
) -> Floats:
    """Inclination of the circular orbit whose node turns with the mean Sun. [rad]

    Parameters
    ----------
    semi_major_axis_m : array
        Below about 12,350 km; none exists above. [m]
    node_turn_s : float, optional
        Time in which the node turns once; the tropical year if not given. [s]
    earth_radius_m : float, optional
        Equatorial radius; that of the part "earth" if not given. [m]

    Notes
    -----
    cos i = -(2 pi / year) / (3/2 n J2 (R/a)^2), first order in J2.

    >>> float(np.rad2deg(sun_synchronous_inclination_rad(semi_major_axis_m=7028137.0)).round(3))
    97.986
    """
    turn_s = load_part("sun")["tropical_year_s"] if node_turn_s is None else node_turn_s
    require_positive(turn_s, name="node_turn_s")
    cosine = np.asarray(-(2.0 * math.pi / turn_s) / (2.0 * _j2_rate(semi_major_axis_m, 0.0, earth_radius_m)))
    if (cosine < -1.0).any():
        high = float(np.broadcast_to(np.asarray(semi_major_axis_m, dtype=float), cosine.shape)[cosine < -1.0].max())
        raise ValueError(f"semi_major_axis_m={high!r}: no orbit this high is sun-synchronous; give an inclination")
    return np.asarray(np.arccos(cosine))


@dataclass(frozen=True, kw_only=True)
class Orbit:
    """A circular reference orbit.

    Parameters
    ----------
    altitude_m : float
        Above the equatorial radius. [m]
    inclination_rad : float or None
        None: sun-synchronous at that altitude, see `plane_inclination_rad`. [rad]
    node_local_time_s : float
        Local mean solar time of the ascending node, seconds after midnight; 18 h or 6 h is dawn-dusk. [s]

    >>> print(Orbit(altitude_m=650e3))
    circular orbit at 650 km, inclination 97.99 deg, period 97.73 min
    """

    altitude_m: float
    inclination_rad: float | None = None
    node_local_time_s: float = 18.0 * constants.hour

    def __post_init__(self) -> None:
        require_positive(self.altitude_m, name="altitude_m")
        if self.inclination_rad is not None and not 0.0 <= self.inclination_rad <= math.pi:
            raise ValueError(f"inclination_rad={self.inclination_rad!r}: need 0 to pi; degrees must be converted")
        if not 0.0 <= self.node_local_time_s < constants.day:
            raise ValueError(f"node_local_time_s={self.node_local_time_s!r}: need seconds after midnight, 0 to 86400")

    @property
    def semi_major_axis_m(self) -> float:
        """Distance from the centre of the Earth. [m]"""
        return _earth("equatorial_radius_m") + self.altitude_m

    @property
    def plane_inclination_rad(self) -> float:
        """Inclination: the one given, or the sun-synchronous one. [rad]"""
        if self.inclination_rad is not None:
            return self.inclination_rad
        return float(sun_synchronous_inclination_rad(semi_major_axis_m=self.semi_major_axis_m))

    @property
    def mean_motion_rad_s(self) -> float:
        """sqrt(mu / a^3). [rad/s]"""
        return float(mean_motion_rad_s(semi_major_axis_m=self.semi_major_axis_m))

    @property
    def period_s(self) -> float:
        """Kepler period. [s]"""
        return 2.0 * math.pi / self.mean_motion_rad_s

    @property
    def speed_m_s(self) -> float:
        """Circular speed, sqrt(mu / a). [m/s]"""
        return self.mean_motion_rad_s * self.semi_major_axis_m

    @property
    def node_rate_rad_s(self) -> float:
        """Secular rate of the ascending node under J2. [rad/s]"""
        where = {"semi_major_axis_m": self.semi_major_axis_m, "inclination_rad": self.plane_inclination_rad}
        return float(node_rate_rad_s(**where))

    @property
    def perigee_rate_rad_s(self) -> float:
        """Secular rate of the argument of perigee under J2, of the limit of small eccentricity. [rad/s]"""
        where = {"semi_major_axis_m": self.semi_major_axis_m, "inclination_rad": self.plane_inclination_rad}
        return float(perigee_rate_rad_s(**where))

    @property
    def nodal_period_s(self) -> float:
        """Time from ascending node to ascending node under J2, the semi-major axis taken as its mean value. [s]"""
        where = {"semi_major_axis_m": self.semi_major_axis_m, "inclination_rad": self.plane_inclination_rad}
        return 2.0 * math.pi / float(mean_anomaly_rate_rad_s(**where) + perigee_rate_rad_s(**where))

    def __str__(self) -> str:
        inclination = f"inclination {math.degrees(self.plane_inclination_rad):.2f} deg"
        return f"circular orbit at {self.altitude_m / 1e3:g} km, {inclination}, period {self.period_s / 60.0:.2f} min"
