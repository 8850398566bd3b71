"""The Hill frame: linear relative motion in it (Hill-Clohessy-Wiltshire), and the way to inertial axes and back.

x is radial outward, y along-track, z along the orbit normal, all at the reference satellite. Leaves out eccentricity of
the reference in the linear solutions; the change of axes is exact.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from links.model import require_positive
from links.parts import load_part

__all__ = [
    "hill_axes", "hill_rotation_rad_s", "hill_transition", "schweighart_sedwick_c", "schweighart_sedwick_ratio",
    "to_hill", "to_inertial",
]  # fmt: skip

Floats = NDArray[np.float64]


def hill_transition(*, mean_motion_rad_s: float, time_s: ArrayLike) -> Floats:
    """State-transition matrices of the Hill-Clohessy-Wiltshire equations, shape (n_times, 6, 6), drift included.

    Parameters
    ----------
    mean_motion_rad_s : float
        Of the circular reference orbit. [rad/s]
    time_s : float or (n_times,) array

    Notes
    -----
    x'' - 2 n y' - 3 n^2 x = 0, y'' + 2 n x' = 0, z'' + n^2 z = 0; bounded exactly if y' = -2 n x at the start.

    References
    ----------
    W. H. Clohessy and R. S. Wiltshire, J. Aerospace Sci. 27, 653 (1960).

    >>> drift = hill_transition(mean_motion_rad_s=1e-3, time_s=2e3 * np.pi) @ np.array([1.0, 0, 0, 0, 0, 0])
    >>> float((drift[0, 1] / np.pi).round(9))  # 12 pi along-track for each metre radial, one orbit later
    -12.0
    """
    n = float(require_positive(mean_motion_rad_s, name="mean_motion_rad_s"))
    t = np.atleast_1d(np.asarray(time_s, dtype=float))
    s, c = np.sin(n * t), np.cos(n * t)
    m = np.zeros((t.size, 6, 6))
    m[:, 0, 0], m[:, 0, 3], m[:, 0, 4] = 4.0 - 3.0 * c, s / n, 2.0 * (1.0 - c) / n
    m[:, 1, 0], m[:, 1, 1] = 6.0 * (s - n * t), 1.0
    m[:, 1, 3], m[:, 1, 4] = -2.0 * (1.0 - c) / n, (4.0 * s - 3.0 * n * t) / n
    m[:, 2, 2], m[:, 2, 5] = c, s / n
    m[:, 3, 0], m[:, 3, 3], m[:, 3, 4] = 3.0 * n * s, c, 2.0 * s
    m[:, 4, 0], m[:, 4, 3], m[:, 4, 4] = 6.0 * n * (c - 1.0), -2.0 * s, 4.0 * c - 3.0
    m[:, 5, 2], m[:, 5, 5] = -n * s, c
    return m


def schweighart_sedwick_c(*, semi_major_axis_m: ArrayLike, inclination_rad: ArrayLike) -> Floats:
    """Constant c of the linear equations with orbit-averaged J2; 1 without J2. [-]

    Notes
    -----
    c = sqrt(1 + s), s = 3 J2 R^2 / (8 a^2) (1 + 3 cos 2i). For mean elements: started from osculating states the
    equations are no better than Hill's, because the short-period part of J2 is missing.

    References
    ----------
    S. A. Schweighart and R. J. Sedwick, J. Guidance Control Dyn. 25, 1073 (2002), equations 30 and 31.
    """
    earth = load_part("earth")
    axis = require_positive(semi_major_axis_m, name="semi_major_axis_m")
    flattening = earth["j2"] * (earth["equatorial_radius_m"] / axis) ** 2
    return np.asarray(np.sqrt(1.0 + 0.375 * flattening * (1.0 + 3.0 * np.cos(2.0 * np.asarray(inclination_rad)))))


def schweighart_sedwick_ratio(*, semi_major_axis_m: ArrayLike, inclination_rad: ArrayLike) -> Floats:
    """Axis ratio of the bounded in-plane ellipse under orbit-averaged J2, 2 c / sqrt(2 - c^2); 2 without J2. [-]"""
    c = schweighart_sedwick_c(semi_major_axis_m=semi_major_axis_m, inclination_rad=inclination_rad)
    return np.asarray(2.0 * c / np.sqrt(2.0 - c**2))


def hill_axes(*, reference: Floats) -> Floats:
    """Rows x, y, z of the Hill frame in inertial axes, shape (..., 3, 3). [-]

    Parameters
    ----------
    reference : (..., 6) array
        Inertial position and velocity of the reference satellite. [m, m/s]
    """
    position, velocity = reference[..., :3], reference[..., 3:]
    x = position / np.linalg.norm(position, axis=-1, keepdims=True)
    momentum = np.cross(position, velocity)
    z = momentum / np.linalg.norm(momentum, axis=-1, keepdims=True)
    return np.stack([x, np.cross(z, x), z], axis=-2)


def hill_rotation_rad_s(*, reference: Floats, acceleration_m_s2: Floats | None = None) -> Floats:
    """Angular velocity of the Hill frame in its own axes, shape (..., 3). [rad/s]

    Parameters
    ----------
    reference : (..., 6) array
    acceleration_m_s2 : (..., 3) array, optional
        Of the reference satellite, inertial: the part out of the plane turns the plane. Central if not given.
    """
    position, velocity = reference[..., :3], reference[..., 3:]
    radius = np.linalg.norm(position, axis=-1)
    momentum = np.cross(position, velocity)
    size = np.linalg.norm(momentum, axis=-1)
    roll = np.zeros_like(radius)
    if acceleration_m_s2 is not None:
        roll = radius * np.sum(acceleration_m_s2 * momentum, axis=-1) / size**2
    return np.stack([roll, np.zeros_like(radius), size / radius**2], axis=-1)


def to_inertial(*, relative: Floats, reference: Floats, acceleration_m_s2: Floats | None = None) -> Floats:
    """Inertial states of satellites given in the Hill frame, shape (..., n, 6). [m, m/s]

    Parameters
    ----------
    relative : (..., n, 6) array
        Position and velocity in the rotating Hill frame. [m, m/s]
    reference : (..., 6) array
        Inertial state of the reference satellite.
    acceleration_m_s2 : (..., 3) array, optional
        As in `hill_rotation_rad_s`.
    """
    axes = hill_axes(reference=reference)
    turn = hill_rotation_rad_s(reference=reference, acceleration_m_s2=acceleration_m_s2)[..., None, :]
    position, velocity = relative[..., :3], relative[..., 3:]
    moving = velocity + np.cross(turn, position)
    return np.asarray(reference[..., None, :] + np.concatenate([position @ axes, moving @ axes], axis=-1))


def to_hill(*, states: Floats, reference: Floats, acceleration_m_s2: Floats | None = None) -> Floats:
    """Positions and velocities in the rotating Hill frame of satellites given inertially, shape (..., n, 6). [m, m/s]

    The inverse of `to_inertial`.
    """
    axes = np.swapaxes(hill_axes(reference=reference), -1, -2)
    turn = hill_rotation_rad_s(reference=reference, acceleration_m_s2=acceleration_m_s2)[..., None, :]
    difference = states - reference[..., None, :]
    position = difference[..., :3] @ axes
    return np.concatenate([position, difference[..., 3:] @ axes - np.cross(turn, position)], axis=-1)
