"""Where terminals have to point: direction, turning rate and swing of the lines of sight, Doppler and point-ahead.

A body is either orbit-fixed (turns with the Hill frame) or fixed in space, which over an orbit is what sun-pointing
means. Leaves out attitude errors; their jitter belongs to the links.
"""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import constants

from links.model import require_positive

from .ellipse import distance_extremes_m
from .formation import Formation
from .ranges import check_pairs

__all__ = [
    "doppler_hz", "los_acceleration_rad_s2", "los_directions", "los_rate_rad_s", "los_swing_rad", "point_ahead_rad",
    "range_rate_max_m_s", "relative_speed_m_s",
]  # fmt: skip

Floats = NDArray[np.float64]

_SAMPLES = 720  # per orbit; interpolation round the largest sample brings the error to about 1e-10 of the amplitude


def _motion(
    formation: Formation, pairs: ArrayLike, time_s: ArrayLike, orbit_fixed: bool
) -> tuple[Floats, Floats, Floats]:
    """Relative position, velocity and acceleration in the body's axes, each (n_times, k, 3)."""
    i, j = check_pairs(pairs, n=len(formation)).T
    times = np.atleast_1d(np.asarray(time_s, dtype=float))
    n = formation.orbit.mean_motion_rad_s
    position, velocity = formation.positions_m(time_s=times), formation.velocities_m_s(time_s=times)
    r, v = position[:, j] - position[:, i], velocity[:, j] - velocity[:, i]
    centre = np.zeros((len(i), 3))
    centre[:, 1] = formation.along_track_offset_m[j] - formation.along_track_offset_m[i]
    a = -(n**2) * (r - centre)
    if orbit_fixed:
        return r, v, a
    spin = np.array([0.0, 0.0, n])
    moving = v + np.cross(spin, r)
    a = a + np.cross(spin, v + moving)
    turn = np.zeros((times.size, 3, 3))
    turn[:, 0, 0] = turn[:, 1, 1] = np.cos(n * times)
    turn[:, 1, 0] = np.sin(n * times)
    turn[:, 0, 1] = -turn[:, 1, 0]
    turn[:, 2, 2] = 1.0
    rotated = (np.einsum("tab,tkb->tka", turn, vector) for vector in (r, moving, a))
    first, second, third = rotated
    return first, second, third


def los_directions(*, formation: Formation, pairs: ArrayLike, time_s: ArrayLike, orbit_fixed: bool) -> Floats:
    """Unit vectors from the first to the second satellite of each pair in the body's axes, (n_times, k, 3). [-]

    Parameters
    ----------
    formation : Formation
    pairs : (k, 2) int array
    time_s : float or (n_times,) array
    orbit_fixed : bool
        True: the body turns with the Hill frame. False: it is fixed in space (sun-pointing), with the axes of the Hill
        frame at time 0.
    """
    r, _, _ = _motion(formation, pairs, time_s, orbit_fixed)
    return np.asarray(r / np.linalg.norm(r, axis=-1, keepdims=True))


def los_rate_rad_s(*, formation: Formation, pairs: ArrayLike, time_s: ArrayLike, orbit_fixed: bool) -> Floats:
    """Angular velocity of each line of sight in the body's axes, r x v / r^2, shape (n_times, k, 3). [rad/s]

    On the planar lattice it lies along z: from -2 n to -n/2 in an orbit-fixed body, where neighbours circle against the
    sense of the orbit, and from -n to n/2 in a body fixed in space. Parameters as in `los_directions`.
    """
    r, v, _ = _motion(formation, pairs, time_s, orbit_fixed)
    return np.asarray(np.cross(r, v) / np.sum(r**2, axis=-1, keepdims=True))


def los_acceleration_rad_s2(*, formation: Formation, pairs: ArrayLike, time_s: ArrayLike, orbit_fixed: bool) -> Floats:
    """Angular acceleration of each line of sight in the body's axes, shape (n_times, k, 3). [rad/s^2]

    The time derivative of `los_rate_rad_s`, exact for the linear motion. Parameters as in `los_directions`.
    """
    r, v, a = _motion(formation, pairs, time_s, orbit_fixed)
    squared = np.sum(r**2, axis=-1, keepdims=True)
    closing = np.sum(r * v, axis=-1, keepdims=True)
    return np.asarray(np.cross(r, a) / squared - 2.0 * closing * np.cross(r, v) / squared**2)


def _largest(values: Floats) -> Floats:
    """Maximum over a period of samples of smooth functions in columns, by the quartic through the largest five."""
    k = np.argmax(values, axis=0)
    a, b, c, d, e = (np.take_along_axis(values, (k + step)[None] % len(values), axis=0)[0] for step in range(-2, 3))
    first, second = (a - 8.0 * b + 8.0 * d - e) / 12.0, (-a + 16.0 * b - 30.0 * c + 16.0 * d - e) / 12.0
    third, fourth = (-a + 2.0 * b - 2.0 * d + e) / 2.0, a - 4.0 * b + 6.0 * c - 4.0 * d + e
    x = np.zeros_like(c)
    for _ in range(3):
        slope = first + x * (second + x * (third / 2.0 + x * fourth / 6.0))
        bend = second + x * (third + x * fourth / 2.0)
        x = np.clip(x - np.divide(slope, bend, out=np.zeros_like(x), where=bend < 0.0), -1.0, 1.0)
    return np.asarray(c + x * (first + x * (second / 2.0 + x * (third / 6.0 + x * fourth / 24.0))))


def los_swing_rad(*, formation: Formation, pairs: ArrayLike, orbit_fixed: bool) -> tuple[Floats, Floats]:
    """Half the angle each line of sight sweeps in an orbit, round the orbit normal and out of plane, (k,) each. [rad]

    Parameters
    ----------
    formation : Formation
    pairs : (k, 2) int array
    orbit_fixed : bool
        As in `los_directions`.

    Returns
    -------
    azimuth, elevation : (k,) arrays
        What a gimbal with its first axis along the orbit normal needs each side of its middle; pi: it has to turn all
        the way round.

    >>> from topo.formation import suncatcher_lattice
    >>> from topo.orbit import Orbit
    >>> formation = suncatcher_lattice(orbit=Orbit(altitude_m=650e3), pitch_m=100.0, radius_m=200.0)
    >>> azimuth, _ = los_swing_rad(formation=formation, pairs=[(0, 1)], orbit_fixed=False)
    >>> float(np.sin(azimuth[0]).round(6))  # one third: under 20 deg in a sun-pointing body
    0.333333
    """
    time_s = formation.epochs_s(count=_SAMPLES)
    direction = los_directions(formation=formation, pairs=pairs, time_s=time_s, orbit_fixed=orbit_fixed)
    azimuth = np.unwrap(np.arctan2(direction[..., 1], direction[..., 0]), axis=0)
    turned = np.abs(azimuth[-1] - azimuth[0]) > math.pi  # else it comes back to where it began
    half = 0.5 * (_largest(azimuth) + _largest(-azimuth))
    elevation = np.arcsin(np.clip(direction[..., 2], -1.0, 1.0))
    return np.where(turned, math.pi, half), 0.5 * (_largest(elevation) + _largest(-elevation))


def relative_speed_m_s(*, formation: Formation, pairs: ArrayLike, time_s: ArrayLike, orbit_fixed: bool) -> Floats:
    """Speed of the second satellite of each pair in the axes of the first, shape (n_times, k). [m/s]

    In axes fixed in space it is constant for a 2:1 ellipse: radial amplitude times mean motion. Parameters as in
    `los_directions`.
    """
    _, v, _ = _motion(formation, pairs, time_s, orbit_fixed)
    return np.asarray(np.linalg.norm(v, axis=-1))


def range_rate_max_m_s(*, formation: Formation, pairs: ArrayLike) -> Floats:
    """Greatest rate of change of the distance of each pair over an orbit, shape (k,). [m/s]

    Notes
    -----
    Mean motion times (greatest - least range) for ellipses with a common centre, from the extremes of
    (b sin 2p)^2 / (a + b cos 2p) with r^2 = a + b cos 2p; sampled where the centres differ along-track.
    """
    wanted = check_pairs(pairs, n=len(formation))
    i, j = wanted.T
    low, high = distance_extremes_m(coefficients_m=formation.coefficients_m[j] - formation.coefficients_m[i])
    result = np.asarray(formation.orbit.mean_motion_rad_s * (high - low))
    apart = np.flatnonzero(formation.along_track_offset_m[i] != formation.along_track_offset_m[j])
    if apart.size:
        time_s = formation.epochs_s(count=_SAMPLES)
        r, v, _ = _motion(formation, wanted[apart], time_s, True)
        result[apart] = _largest(np.abs(np.sum(r * v, axis=-1)) / np.linalg.norm(r, axis=-1))
    return result


def doppler_hz(*, range_rate_m_s: ArrayLike, wavelength_m: ArrayLike) -> Floats:
    """Shift of the carrier at a range rate, range rate / wavelength. [Hz]

    >>> float(doppler_hz(range_rate_m_s=0.107154, wavelength_m=1550e-9).round(-2))  # a neighbour at 100 to 200 m
    69100.0
    """
    return np.asarray(np.asarray(range_rate_m_s, dtype=float) / require_positive(wavelength_m, name="wavelength_m"))


def point_ahead_rad(*, speed_m_s: ArrayLike) -> Floats:
    """Angle between where light comes from and where it has to be sent, 2 v / c. [rad]

    Parameters
    ----------
    speed_m_s : array
        Relative, across the line of sight, in axes fixed in space. [m/s]
    """
    return np.asarray(2.0 * np.asarray(speed_m_s, dtype=float) / constants.c)
