"""Relative orbital elements: the shape of relative motion as six lengths, and how J2 changes them over weeks.

Quasi-nonsingular elements times the reference's semi-major axis, order (a_delta_a, a_delta_lambda, a_delta_ex,
a_delta_ey, a_delta_ix, a_delta_iy). Leaves out short-period terms: osculating elements of a J2 orbit are not mean ones.
"""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from links.parts import load_part

from .formation import Formation
from .orbit import Orbit

__all__ = [
    "elements_of_formation", "hill_positions_m", "least_cross_separation_m", "relative_elements_m",
    "secular_elements_m",
]  # fmt: skip

Floats = NDArray[np.float64]


def _orbital_elements(states: Floats) -> Floats:
    """(a, mean argument of latitude, ex, ey, inclination, node) of inertial states, shape (..., 6)."""
    mu = load_part("earth")["gravitational_parameter_m3_s2"]
    position, velocity = states[..., :3], states[..., 3:]
    radius = np.linalg.norm(position, axis=-1)
    axis = 1.0 / (2.0 / radius - np.sum(velocity**2, axis=-1) / mu)
    momentum = np.cross(position, velocity)
    normal = momentum / np.linalg.norm(momentum, axis=-1, keepdims=True)
    node = np.arctan2(normal[..., 0], -normal[..., 1])
    to_node = np.stack([np.cos(node), np.sin(node), np.zeros_like(node)], axis=-1)
    ahead = np.cross(normal, to_node)
    eccentricity = np.cross(velocity, momentum) / mu - position / radius[..., None]
    ex, ey = np.sum(eccentricity * to_node, axis=-1), np.sum(eccentricity * ahead, axis=-1)
    x, y = np.sum(position * to_node, axis=-1) / axis, np.sum(position * ahead, axis=-1) / axis
    root = np.sqrt(1.0 - ex**2 - ey**2)
    b = 1.0 / (1.0 + root)
    cosine = ex + ((1.0 - b * ex**2) * x - b * ex * ey * y) / root
    sine = ey + ((1.0 - b * ey**2) * y - b * ex * ey * x) / root
    latitude = np.arctan2(sine, cosine) - ex * sine + ey * cosine
    inclination = np.arctan2(np.hypot(normal[..., 0], normal[..., 1]), normal[..., 2])
    return np.stack([axis, latitude, ex, ey, inclination, node], axis=-1)


def relative_elements_m(*, states: Floats, reference: Floats) -> Floats:
    """Osculating relative orbital elements of satellites against a reference, shape (..., n, 6). [m]

    Parameters
    ----------
    states : (..., n, 6) array
        Inertial positions and velocities. [m, m/s]
    reference : (..., 6) array
        Inertial state of the reference satellite; inclined and not equatorial.

    Notes
    -----
    a (da/a, du + dOmega cos i, dex, dey, di, dOmega sin i) with u the mean argument of latitude and (ex, ey) the
    eccentricity along and ahead of the node. Exact for any distance.

    References
    ----------
    S. D'Amico, Autonomous Formation Flying in Low Earth Orbit, TU Delft (2010), equation 2.2.
    """
    own, mine = _orbital_elements(states), _orbital_elements(reference)[..., None, :]
    difference = own - mine
    for angle in (1, 5):
        difference[..., angle] = np.arctan2(np.sin(difference[..., angle]), np.cos(difference[..., angle]))
    axis, inclination = mine[..., 0], mine[..., 4]
    result = axis[..., None] * difference
    result[..., 0] = difference[..., 0]
    result[..., 1] += result[..., 5] * np.cos(inclination)
    result[..., 5] *= np.sin(inclination)
    return np.asarray(result)


def elements_of_formation(*, formation: Formation) -> Floats:
    """Relative orbital elements of a design whose reference is at its ascending node at time 0, shape (n, 6). [m]

    Notes
    -----
    x = -dex cos u - dey sin u, y = dlambda + 2 dex sin u - 2 dey cos u, z = dix sin u - diy cos u, all times a.

    >>> from topo.formation import suncatcher_lattice
    >>> formation = suncatcher_lattice(orbit=Orbit(altitude_m=650e3), pitch_m=100.0, radius_m=1000.0)
    >>> (elements_of_formation(formation=formation)[formation.index.tolist().index([5, 0])] + 0.0).tolist()
    [0.0, 0.0, -500.0, 0.0, 0.0, 0.0]
    """
    xc, xs, yc, zc, zs = formation.coefficients_m.T
    return np.stack([np.zeros_like(xc), yc, -xc, -xs, zs, -zc], axis=-1)


def hill_positions_m(*, elements_m: Floats, latitude_rad: ArrayLike, start_rad: float = 0.0) -> Floats:
    """Positions in the Hill frame at arguments of latitude of the reference, shape (n_latitudes, n, 3). [m]

    Parameters
    ----------
    elements_m : (n, 6) or (n_latitudes, n, 6) array
        Relative orbital elements, the same at all latitudes or each with its own. [m]
    latitude_rad : (n_latitudes,) array
        Without jumps. [rad]
    start_rad : float
        Where a_delta_lambda is the one given: it has grown by -3/2 a_delta_a per radian since. Set it to the latitude
        itself for elements that already carry their own a_delta_lambda. [rad]
    """
    u = np.atleast_1d(np.asarray(latitude_rad, dtype=float))[:, None]
    da, dl, ex, ey, ix, iy = np.moveaxis(elements_m, -1, 0)
    s, c = np.sin(u), np.cos(u)
    y = dl - 1.5 * da * (u - start_rad) + 2.0 * (ex * s - ey * c)
    return np.stack([da - ex * c - ey * s, y, ix * s - iy * c], axis=-1)


def secular_elements_m(*, elements_m: Floats, orbit: Orbit, time_s: ArrayLike) -> Floats:
    """Mean relative orbital elements after a time under J2, shape (n_times, n, 6). [m]

    Parameters
    ----------
    elements_m : (n, 6) array
        Mean, at time 0. [m]
    orbit : Orbit
    time_s : float or (n_times,) array

    Notes
    -----
    With k = 3/4 n J2 (R/a)^2: a_delta_a and a_delta_ix stay; the eccentricity vector turns at k (5 cos^2 i - 1);
    a_delta_iy grows by 2 k sin^2 i a_delta_ix + 7/2 k sin 2i a_delta_a, and a_delta_lambda by
    -(3/2 n + 7 k (3 cos^2 i - 1)) a_delta_a - 7 k sin 2i a_delta_ix, per second. Near-circular orbits, first order.
    A lattice of equal a and i turns rigidly and does not disperse.

    References
    ----------
    S. D'Amico, Autonomous Formation Flying in Low Earth Orbit, TU Delft (2010), equation 2.29; the terms of a_delta_a
    by differentiating the secular rates of the node, the perigee and the mean anomaly.
    """
    earth = load_part("earth")
    n, i = orbit.mean_motion_rad_s, orbit.plane_inclination_rad
    k = 0.75 * n * earth["j2"] * (earth["equatorial_radius_m"] / orbit.semi_major_axis_m) ** 2
    t = np.atleast_1d(np.asarray(time_s, dtype=float))[:, None]
    da, dl, ex, ey, ix, iy = np.asarray(elements_m, dtype=float).T
    turn = orbit.perigee_rate_rad_s * t
    s, c = np.sin(turn), np.cos(turn)
    still = np.ones_like(t)
    along = -(1.5 * n + 7.0 * k * (3.0 * math.cos(i) ** 2 - 1.0)) * da - 7.0 * k * math.sin(2.0 * i) * ix
    tilt = 2.0 * k * math.sin(i) ** 2 * ix + 3.5 * k * math.sin(2.0 * i) * da
    return np.stack([da * still, dl + along * t, ex * c - ey * s, ex * s + ey * c, ix * still, iy + tilt * t], axis=-1)


def least_cross_separation_m(*, elements_m: Floats) -> Floats:
    """Least distance from the reference across the flight direction over an orbit, shape (n,). [m]

    An error along-track of any size is harmless where this exceeds the size of the bodies (e/i-vector separation); the
    planar lattice has 0.

    Parameters
    ----------
    elements_m : (n, 6) array
        Relative orbital elements without a_delta_a. [m]

    Notes
    -----
    The radial-normal motion is an ellipse about the reference; this is its minor half axis, the smaller singular value
    of the matrix with columns (-ex, -iy) and (-ey, ix).

    References
    ----------
    S. D'Amico and O. Montenbruck, J. Guidance Control Dyn. 29, 554 (2006), equation 12.
    """
    _, _, ex, ey, ix, iy = np.asarray(elements_m, dtype=float).T
    matrix = np.stack([np.stack([-ex, -ey], axis=-1), np.stack([-iy, ix], axis=-1)], axis=-2)
    return np.asarray(np.linalg.svd(matrix, compute_uv=False)[..., -1])
