"""Sunlight on the reference orbit: where the Sun stands over the year, and when the orbit runs through Earth's shadow.

The shadow is a cylinder behind a spherical Earth and the node keeps its local time. Leaves out penumbra, refraction
(together about 10 s an eclipse) and the slow drift of the node of an orbit that is not exactly sun-synchronous.
"""

import math
import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import constants

from links.model import ValidityWarning, require_positive
from links.parts import load_part

from .orbit import Orbit

__all__ = [
    "SunlitYear", "beta_angle_rad", "eclipse_beta_limit_rad", "eclipse_fraction", "in_eclipse", "sun_direction",
    "sun_in_hill_frame", "sunlit_year",
]  # fmt: skip

Floats = NDArray[np.float64]

_J2000 = np.datetime64("2000-01-01T12:00:00", "us")
_DAY_S = constants.day
_NODE_DRIFT_RAD = math.radians(5.0)  # more than this over the span asked for is worth a warning


def _days(date: ArrayLike) -> Floats:
    """Days after J2000.0 of dates that numpy can read."""
    try:
        dates = np.asarray(date, dtype="datetime64[us]")
    except ValueError:
        raise ValueError(f"date={date!r}: need ISO dates such as '2027-06-22' or '2027-06-22T12:00'") from None
    return np.asarray((dates - _J2000) / np.timedelta64(1, "D"))


def sun_direction(*, date: ArrayLike) -> Floats:
    """Unit vectors to the Sun in equatorial axes, shape (..., 3). [-]

    Parameters
    ----------
    date : array of datetime64, or ISO strings
        UT1; the difference from UTC does not matter here.

    Notes
    -----
    Mean longitude plus two terms of the equation of the centre; 0.01 deg between 1950 and 2050.

    References
    ----------
    Astronomical Almanac (2017), page C5.

    >>> abs(float(sun_direction(date="2027-03-20T20:25")[2])) < 1e-3  # the equinox
    True
    """
    sun, days = load_part("sun"), _days(date)
    anomaly = np.deg2rad(sun["mean_anomaly_deg"] + sun["mean_anomaly_rate_deg_day"] * days)
    longitude = np.deg2rad(
        sun["mean_longitude_deg"] + sun["mean_longitude_rate_deg_day"] * days
        + sun["centre_first_deg"] * np.sin(anomaly) + sun["centre_second_deg"] * np.sin(2.0 * anomaly)
    )  # fmt: skip
    obliquity = np.deg2rad(sun["obliquity_deg"] + sun["obliquity_rate_deg_day"] * days)
    ecliptic_y = np.sin(longitude)
    return np.stack([np.cos(longitude), ecliptic_y * np.cos(obliquity), ecliptic_y * np.sin(obliquity)], axis=-1)


def beta_angle_rad(*, orbit: Orbit, date: ArrayLike) -> Floats:
    """Angle of the Sun above the orbital plane, positive on the side of the orbit normal. [rad]

    Parameters
    ----------
    orbit : Orbit
        Its node keeps `node_local_time_s` relative to the mean Sun.
    date : array of datetime64, or ISO strings

    Notes
    -----
    sin beta is the Sun's direction along the orbit normal; the right ascension of the node is the mean longitude of
    the Sun plus the local time after noon. Warns if the node drifts more than 5 deg against the mean Sun between the
    first date and the last.

    >>> dates = np.arange("2027-01-01", "2028-01-01", dtype="datetime64[D]")
    >>> beta = beta_angle_rad(orbit=Orbit(altitude_m=650e3), date=dates)
    >>> str(dates[np.argmin(np.abs(beta))])  # the solstice on which a dawn-dusk orbit sees the Sun lowest
    '2027-06-22'
    """
    sun, days = load_part("sun"), _days(date)
    mean_rate_rad_s = math.radians(sun["mean_longitude_rate_deg_day"]) / _DAY_S
    drift_rad = abs(orbit.node_rate_rad_s - mean_rate_rad_s) * float(np.ptp(days)) * _DAY_S
    if drift_rad > _NODE_DRIFT_RAD:
        warnings.warn(
            f"the node of the {orbit} drifts {math.degrees(drift_rad):.1f} deg against the mean Sun over these dates, "
            "but is held at its local time; ask for a shorter span or a sun-synchronous orbit",
            ValidityWarning,
            stacklevel=2,
        )
    mean_longitude = np.deg2rad(sun["mean_longitude_deg"] + sun["mean_longitude_rate_deg_day"] * days)
    node = mean_longitude + (orbit.node_local_time_s / _DAY_S - 0.5) * 2.0 * math.pi
    sine, cosine = math.sin(orbit.plane_inclination_rad), math.cos(orbit.plane_inclination_rad)
    normal = np.stack([np.sin(node) * sine, -np.cos(node) * sine, np.full_like(node, cosine)], axis=-1)
    return np.asarray(np.arcsin(np.clip(np.sum(normal * sun_direction(date=date), axis=-1), -1.0, 1.0)))


def _beta(beta_rad: ArrayLike) -> Floats:
    beta = np.asarray(beta_rad, dtype=float)
    bad = ~(np.abs(beta) <= 0.5 * math.pi * (1.0 + 1e-12))
    if bad.any():
        raise ValueError(f"beta_rad={float(beta[bad][0])!r}: need -pi/2 to pi/2; degrees must be converted")
    return beta


def sun_in_hill_frame(*, beta_rad: ArrayLike, phase_rad: ArrayLike) -> Floats:
    """Unit vectors to the Sun in the Hill frame, shape (..., 3). [-]

    Parameters
    ----------
    beta_rad : array
        Sun above the orbital plane. [rad]
    phase_rad : array
        Angle flown since the point of the orbit that is nearest to the Sun. [rad]
    """
    beta, phase = np.broadcast_arrays(_beta(beta_rad), np.asarray(phase_rad, dtype=float))
    return np.stack([np.cos(beta) * np.cos(phase), -np.cos(beta) * np.sin(phase), np.sin(beta)], axis=-1)


def _earth_radius(earth_radius_m: float | None) -> float:
    return load_part("earth")["equatorial_radius_m"] if earth_radius_m is None else earth_radius_m


def eclipse_beta_limit_rad(*, semi_major_axis_m: ArrayLike, earth_radius_m: float | None = None) -> Floats:
    """Sun angle above which a circular orbit has no eclipse, asin(R / a). [rad]"""
    axis = require_positive(semi_major_axis_m, name="semi_major_axis_m")
    radius = _earth_radius(earth_radius_m)
    if (axis <= radius).any():
        raise ValueError(f"semi_major_axis_m={float(axis.min())!r}: the orbit is inside the Earth, radius {radius!r} m")
    return np.asarray(np.arcsin(radius / axis))


def eclipse_fraction(
    *, semi_major_axis_m: ArrayLike, beta_rad: ArrayLike, earth_radius_m: float | None = None
) -> Floats:
    """Part of a circular orbit that lies in a cylindrical shadow. [-]

    Notes
    -----
    acos(sqrt(a^2 - R^2) / (a cos beta)) / pi below the limit angle, 0 above.

    >>> float(eclipse_fraction(semi_major_axis_m=7028137.0, beta_rad=0.0).round(3))
    0.362
    """
    beta = _beta(beta_rad)
    limit = eclipse_beta_limit_rad(semi_major_axis_m=semi_major_axis_m, earth_radius_m=earth_radius_m)
    ratio = np.cos(limit) / np.maximum(np.cos(beta), np.finfo(float).tiny)
    return np.asarray(np.arccos(np.minimum(ratio, 1.0)) / math.pi)


def in_eclipse(*, orbit: Orbit, beta_rad: ArrayLike, phase_rad: ArrayLike) -> NDArray[np.bool_]:
    """Whether the reference point is in Earth's shadow, `phase_rad` after the point nearest to the Sun."""
    height = sun_in_hill_frame(beta_rad=beta_rad, phase_rad=phase_rad)[..., 0]
    miss = orbit.semi_major_axis_m * np.sqrt(1.0 - height**2)
    return np.asarray((height < 0.0) & (miss < _earth_radius(None)))


@dataclass(frozen=True, kw_only=True)
class SunlitYear:
    """Light and shadow of an orbit over a span of dates.

    Parameters
    ----------
    beta_min_rad : float
        Least angle between the Sun and the orbital plane. [rad]
    season_s : float
        Time on whose days there is an eclipse on every orbit. [s]
    longest_s : float
        Longest single eclipse. [s]
    mean_fraction : float
        Part of the span in eclipse. [-]
    """

    beta_min_rad: float
    season_s: float
    longest_s: float
    mean_fraction: float

    def __str__(self) -> str:
        return (
            f"Sun at least {math.degrees(self.beta_min_rad):.1f} deg from the plane; eclipses on "
            f"{self.season_s / _DAY_S:.1f} days, at most {self.longest_s / 60.0:.2f} min, "
            f"{self.mean_fraction:.1%} of the time"
        )


def sunlit_year(
    *, orbit: Orbit, start: str, span_s: float, step_s: float = 21600.0, earth_radius_m: float | None = None
) -> SunlitYear:
    """Least Sun angle, eclipse season, longest eclipse and mean eclipse fraction over a span of dates.

    Parameters
    ----------
    orbit : Orbit
    start : str
        ISO date.
    span_s, step_s : float
        Length of the span and of the steps it is sampled in. [s]
    earth_radius_m : float, optional
        Of the shadow; equatorial if not given. [m]

    >>> year = sunlit_year(orbit=Orbit(altitude_m=1500e3), start="2027-01-01", span_s=31557600.0)
    >>> year.season_s  # a dawn-dusk orbit this high never enters the shadow
    0.0
    """
    require_positive(span_s, name="span_s")
    require_positive(step_s, name="step_s")
    seconds = np.arange(0.0, span_s, step_s)
    dates = np.datetime64(start, "us") + (seconds * 1e6).astype("timedelta64[us]")
    beta = beta_angle_rad(orbit=orbit, date=dates)
    fraction = eclipse_fraction(semi_major_axis_m=orbit.semi_major_axis_m, beta_rad=beta, earth_radius_m=earth_radius_m)
    return SunlitYear(
        beta_min_rad=float(np.abs(beta).min()),
        season_s=float(np.mean(fraction > 0.0) * span_s),
        longest_s=float(fraction.max() * orbit.period_s),
        mean_fraction=float(fraction.mean()),
    )
