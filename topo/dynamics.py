"""Numerical propagation of satellites in the field of an oblate Earth (point mass and J2), and its linearisation.

Leaves out higher harmonics (1 m in 3 orbits at 1 km), drag, radiation pressure, Sun and Moon; `control` has budgets for
the larger of those.
"""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.integrate import solve_ivp

from links.parts import load_part

from .hill import to_hill
from .orbit import Orbit

__all__ = [
    "acceleration_m_s2",
    "circular_state",
    "node_crossings",
    "propagate",
    "propagate_relative",
    "state_transition",
]

Floats = NDArray[np.float64]

_RTOL = 1e-12  # of the radius: 7 micrometres a step, common to all satellites and so smaller in their differences


def _constants(j2: float | None) -> tuple[float, float, float]:
    earth = load_part("earth")
    mu, radius = earth["gravitational_parameter_m3_s2"], earth["equatorial_radius_m"]
    return mu, radius, earth["j2"] if j2 is None else j2


def acceleration_m_s2(*, position_m: Floats, j2: float | None = None) -> Floats:
    """Gravitational acceleration of an oblate Earth, inertial axes, z its pole; shape (..., 3). [m/s^2]

    Parameters
    ----------
    position_m : (..., 3) array
    j2 : float, optional
        Oblateness; 0 for a point mass, the Earth's if not given.

    References
    ----------
    D. A. Vallado, Fundamentals of Astrodynamics and Applications, 4th ed. (2013), section 8.7.1.
    """
    mu, radius, oblateness = _constants(j2)
    squared = np.sum(position_m**2, axis=-1, keepdims=True)
    pull = mu / (squared * np.sqrt(squared))
    if oblateness == 0.0:
        return np.asarray(-pull * position_m)
    lift = 1.5 * oblateness * radius**2 / squared
    tilt = 5.0 * position_m[..., 2:] ** 2 / squared
    result = -pull * (1.0 + lift * (1.0 - tilt)) * position_m
    result[..., 2:] -= 2.0 * pull * lift * position_m[..., 2:]
    return np.asarray(result)


def _gravity_gradient(position_m: Floats, j2: float | None) -> Floats:
    """Derivative of the acceleration with respect to the position, shape (3, 3). [1/s^2]"""
    mu, radius, oblateness = _constants(j2)
    r = float(np.linalg.norm(position_m))
    unit, pole = position_m / r, np.array([0.0, 0.0, 1.0])
    rr, rz = np.outer(unit, unit), np.outer(unit, pole) + np.outer(pole, unit)
    height = float(unit[2])
    central = mu / r**3 * (3.0 * rr - np.eye(3))
    bulge = -(1.0 - 5.0 * height**2) * np.eye(3) - 2.0 * np.outer(pole, pole)
    bulge += (5.0 - 35.0 * height**2) * rr + 10.0 * height * rz
    return np.asarray(central + 1.5 * mu * oblateness * radius**2 / r**5 * bulge)


def _integrate(
    rate: Callable[[float, Floats], Floats], start: Floats, scale: Floats, time_s: ArrayLike, rtol: float
) -> Floats:
    """States at the times asked for, shape (n_times, size); `scale` is what `rtol` is relative to."""
    times = np.atleast_1d(np.asarray(time_s, dtype=float))
    if times.ndim != 1 or times[0] < 0.0 or (np.diff(times) < 0.0).any():
        raise ValueError(f"time_s of shape {times.shape}: need rising times from 0 on")
    if times[-1] == 0.0:
        return np.broadcast_to(start, (times.size, start.size)).copy()
    solution = solve_ivp(
        lambda t, y: rate(t, y * scale) / scale, (0.0, float(times[-1])), start / scale,
        method="DOP853", t_eval=times, rtol=rtol, atol=rtol,
    )  # fmt: skip
    if not solution.success:
        raise ValueError(f"propagation to {times[-1]:g} s: {solution.message}; check the initial states")
    return np.asarray(solution.y.T * scale)


def propagate(*, states: Floats, time_s: ArrayLike, j2: float | None = None, rtol: float = _RTOL) -> Floats:
    """Inertial states of all satellites at the times asked for, shape (n_times, n, 6). [m, m/s]

    Parameters
    ----------
    states : (n, 6) array
        Inertial positions and velocities at time 0. [m, m/s]
    time_s : (n_times,) array
        Rising, from 0 on. [s]
    j2 : float, optional
        Oblateness; 0 for a point mass, the Earth's if not given.
    rtol : float
        Tolerance of a step relative to the orbit radius; the error of relative positions stays below 1e-5 m in 3
        orbits at the default.

    Notes
    -----
    Dormand and Prince, order 8, all satellites in one system with common steps, so that differences of neighbours are
    far more accurate than their positions. 10,000 satellites for an orbit take a few seconds.
    """
    start = np.asarray(states, dtype=float)
    if start.ndim != 2 or start.shape[1] != 6 or not np.isfinite(start).all():
        raise ValueError(f"states of shape {start.shape}: need (n, 6) finite numbers, position and velocity")
    length = float(np.linalg.norm(start[0, :3]))
    mu, _, _ = _constants(j2)
    scale = np.tile(np.repeat([length, math.sqrt(mu / length)], 3), len(start))

    def rate(_: float, flat: Floats) -> Floats:
        state = flat.reshape(-1, 6)
        result = np.empty_like(state)
        result[:, :3] = state[:, 3:]
        result[:, 3:] = acceleration_m_s2(position_m=state[:, :3], j2=j2)
        return result.ravel()

    return _integrate(rate, start.ravel(), scale, time_s, rtol).reshape(-1, len(start), 6)


def propagate_relative(
    *, states: Floats, reference: Floats, time_s: ArrayLike, j2: float | None = None, rtol: float = _RTOL
) -> Floats:
    """Positions and velocities in the Hill frame of a reference that flies along, shape (n_times, n, 6). [m, m/s]

    Parameters
    ----------
    states : (n, 6) array
        Inertial, at time 0. [m, m/s]
    reference : (6,) array
        Inertial state of the reference satellite, under the same forces as the others. [m, m/s]
    time_s, j2, rtol
        As in `propagate`.
    """
    flown = propagate(states=np.concatenate([reference[None, :], states]), time_s=time_s, j2=j2, rtol=rtol)
    path = flown[:, 0]
    pull = acceleration_m_s2(position_m=path[:, :3], j2=j2)
    return to_hill(states=flown[:, 1:], reference=path, acceleration_m_s2=pull)


def state_transition(*, reference: Floats, time_s: ArrayLike, j2: float | None = None) -> Floats:
    """Derivative of the inertial state at each time with respect to that at time 0, shape (n_times, 6, 6).

    Parameters
    ----------
    reference : (6,) array
        Inertial state of the reference satellite at time 0. [m, m/s]
    time_s : (n_times,) array
    j2 : float, optional
        Oblateness; 0 for a point mass, the Earth's if not given.

    Notes
    -----
    The variational equations integrated along the reference: what Gim and Alfriend give in closed form, with the
    short-period terms of J2. Wrong by the second order of the separation, 1.7 m an orbit at 1 km.

    References
    ----------
    D.-W. Gim and K. T. Alfriend, J. Guidance Control Dyn. 26, 956 (2003).
    """
    start = np.asarray(reference, dtype=float)
    length = float(np.linalg.norm(start[:3]))
    mu, _, _ = _constants(j2)
    speed = math.sqrt(mu / length)
    one = np.repeat([length, speed], 3)
    # column k of the matrix is a state per unit of component k
    scale = np.concatenate([one, (one[:, None] / one).ravel()])

    def rate(_: float, flat: Floats) -> Floats:
        matrix = flat[6:].reshape(6, 6)
        fall = acceleration_m_s2(position_m=flat[:3], j2=j2)
        turned = np.concatenate([matrix[3:], _gravity_gradient(flat[:3], j2) @ matrix[:3]])
        return np.concatenate([flat[3:6], fall, turned.ravel()])

    flat = np.concatenate([start, np.eye(6).ravel()])
    return _integrate(rate, flat, scale, time_s, _RTOL)[:, 6:].reshape(-1, 6, 6)


def circular_state(
    *, orbit: Orbit, node_rad: float = 0.0, along_track_m_s: float = 0.0, radial_m_s: float = 0.0
) -> Floats:
    """Inertial state at the ascending node of the osculating circular orbit, shape (6,). [m, m/s]

    Parameters
    ----------
    orbit : Orbit
    node_rad : float
        Right ascension of the ascending node. [rad]
    along_track_m_s, radial_m_s : float
        Added to the circular velocity; about +1.74 m/s along-track makes the orbit circular in the mean under J2 at
        650 km. [m/s]
    """
    inclination = orbit.plane_inclination_rad
    x = np.array([math.cos(node_rad), math.sin(node_rad), 0.0])
    y = np.array([-x[1] * math.cos(inclination), x[0] * math.cos(inclination), math.sin(inclination)])
    velocity = (orbit.speed_m_s + along_track_m_s) * y + radial_m_s * x
    return np.concatenate([orbit.semi_major_axis_m * x, velocity])


def node_crossings(*, state: Floats, count: int, j2: float | None = None) -> tuple[Floats, Floats]:
    """Times and right ascensions of the next `count` ascending nodes of a satellite that starts at one. [s], [rad]

    Parameters
    ----------
    state : (6,) array
        Inertial, at the ascending node. [m, m/s]
    count : int
    j2 : float, optional
        Oblateness; 0 for a point mass, the Earth's if not given.

    Returns
    -------
    time_s, node_rad : (count + 1,) arrays
        The start first; the right ascension without jumps.
    """
    if count < 1:
        raise ValueError(f"count={count}: need at least 1 node crossing")
    start = np.asarray(state, dtype=float)
    length = float(np.linalg.norm(start[:3]))
    if abs(start[2]) > 1e-9 * length or start[5] <= 0.0:
        raise ValueError(f"state at z={start[2]!r} m with vz={start[5]!r} m/s: start at the ascending node")
    mu, _, _ = _constants(j2)
    scale = np.repeat([length, math.sqrt(mu / length)], 3)
    energy = 0.5 * float(start[3:] @ start[3:]) - mu / length
    if energy >= 0.0:
        raise ValueError(f"state with energy {energy:g} J/kg: the orbit is not closed and returns to no node")
    period = 2.0 * math.pi * mu / (-2.0 * energy) ** 1.5

    def rate(_: float, scaled: Floats) -> Floats:
        state = scaled * scale
        fall = acceleration_m_s2(position_m=state[:3], j2=j2)
        return np.asarray(np.concatenate([state[3:], fall]) / scale)

    def height(_: float, scaled: Floats) -> float:
        return float(scaled[2])

    height.direction = 1.0  # type: ignore[attr-defined]  # how solve_ivp is told to look for rising crossings
    solution = solve_ivp(
        rate, (0.0, (count + 0.5) * period), start / scale, method="DOP853", events=height, rtol=_RTOL, atol=_RTOL
    )
    times, states = np.asarray(solution.t_events)[0], np.asarray(solution.y_events)[0]
    later = times > 0.25 * period
    times, states = times[later][:count], states[later][:count]
    node = np.arctan2(states[:, 1], states[:, 0])
    first = math.atan2(start[1], start[0])
    return np.concatenate([[0.0], times]), np.unwrap(np.concatenate([[first], node]))
