"""How a formation comes apart along-track, and the impulse that stops it.

A satellite drifts when its mean motion differs from the reference's: at second order for the linear initial state, and
by metres an orbit under J2 for equal osculating semi-major axes. Leaves out drag: see `control`.
"""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from links.model import require_positive
from links.parts import load_part

from .dynamics import acceleration_m_s2, propagate_relative
from .formation import Formation
from .hill import hill_axes, to_inertial
from .orbit import Orbit

__all__ = [
    "along_track_kick", "axis_difference_drift_m", "drift_m_per_orbit", "drift_trim_m_s", "energy_matched",
    "inertial_states", "second_order_drift_m", "trim_delta_v_m_s",
]  # fmt: skip

Floats = NDArray[np.float64]

_SAMPLES = 36  # per orbit, over which the along-track position is averaged


def axis_difference_drift_m(*, axis_difference_m: ArrayLike) -> Floats:
    """Along-track drift in one orbit of a satellite whose semi-major axis is larger by so much, -3 pi da. [m]"""
    return np.asarray(-3.0 * math.pi * np.asarray(axis_difference_m, dtype=float))


def second_order_drift_m(*, semi_major_axis_m: ArrayLike, x_m: ArrayLike, y_m: ArrayLike) -> Floats:
    """Along-track drift in one orbit of a planar 2:1 ellipse that the linear equations call drift-free, two-body. [m]

    Parameters
    ----------
    semi_major_axis_m : array
    x_m, y_m : array
        Radial and along-track position at the start, with x' = n y / 2 and y' = -2 n x. [m]

    Notes
    -----
    3 pi (x^2 - 5/4 y^2) / a, the second order of the energy difference from vis-viva; cross terms are small.

    >>> float(second_order_drift_m(semi_major_axis_m=7028137.0, x_m=0.0, y_m=1000.0).round(3))
    -1.676
    """
    x, y = np.asarray(x_m, dtype=float), np.asarray(y_m, dtype=float)
    axis = require_positive(semi_major_axis_m, name="semi_major_axis_m")
    return np.asarray(3.0 * math.pi * (x**2 - 1.25 * y**2) / axis)


def drift_trim_m_s(*, period_s: ArrayLike, drift_m: ArrayLike) -> Floats:
    """Along-track impulse that stops a drift of so much an orbit, to first order: drift / (3 period). [m/s]"""
    return np.asarray(np.asarray(drift_m, dtype=float) / (3.0 * require_positive(period_s, name="period_s")))


def inertial_states(*, formation: Formation, reference: Floats, j2: float | None = None) -> Floats:
    """Inertial states of the satellites at time 0 as the linear design has them, shape (n, 6). [m, m/s]

    Parameters
    ----------
    formation : Formation
    reference : (6,) array
        Inertial state of the reference point, for instance from `dynamics.circular_state`.
    j2 : float, optional
        Oblateness, which turns the plane of the reference; 0 for a point mass, the Earth's if not given.
    """
    position, velocity = formation.positions_m(time_s=0.0)[0], formation.velocities_m_s(time_s=0.0)[0]
    pull = acceleration_m_s2(position_m=reference[:3], j2=j2)
    return to_inertial(
        relative=np.concatenate([position, velocity], axis=-1), reference=reference, acceleration_m_s2=pull
    )


def energy_matched(*, states: Floats, reference: Floats) -> Floats:
    """The same states with each speed scaled so that the osculating semi-major axis is the reference's. [m, m/s]

    Stops the drift round a point mass; under J2 it does not, because equal osculating is not equal mean.
    """
    mu = load_part("earth")["gravitational_parameter_m3_s2"]
    energy = 0.5 * reference[3:] @ reference[3:] - mu / np.linalg.norm(reference[:3])
    speed = np.sqrt(2.0 * (energy + mu / np.linalg.norm(states[:, :3], axis=-1)))
    factor = speed / np.linalg.norm(states[:, 3:], axis=-1)
    return np.concatenate([states[:, :3], states[:, 3:] * factor[:, None]], axis=-1)


def along_track_kick(*, states: Floats, reference: Floats, delta_v_m_s: ArrayLike) -> Floats:
    """The same states with impulses along the reference's along-track axis added. [m, m/s]"""
    y = hill_axes(reference=reference)[1]
    kick = np.broadcast_to(np.asarray(delta_v_m_s, dtype=float), len(states))[:, None] * y
    return np.concatenate([states[:, :3], states[:, 3:] + kick], axis=-1)


def drift_m_per_orbit(
    *, states: Floats, reference: Floats, orbit: Orbit, orbits: int, j2: float | None = None
) -> Floats:
    """Along-track drift of each satellite, the slope of the orbit means of y, shape (n,). [m per orbit]

    Parameters
    ----------
    states : (n, 6) array
        Inertial, at time 0. [m, m/s]
    reference : (6,) array
        Inertial state of the reference satellite.
    orbit : Orbit
        Its Kepler period is the orbit that is averaged over.
    orbits : int
        How many, at least 2.
    j2 : float, optional
        Oblateness; 0 for a point mass, the Earth's if not given.
    """
    if orbits < 2 or orbits != int(orbits):
        raise ValueError(f"orbits={orbits}: need a whole number of at least 2 to see a drift")
    times = np.arange(int(orbits) * _SAMPLES) * (orbit.period_s / _SAMPLES)
    y = propagate_relative(states=states, reference=reference, time_s=times, j2=j2)[..., 1]
    means = y.reshape(int(orbits), _SAMPLES, -1).mean(axis=1)
    number = np.arange(int(orbits)) - 0.5 * (int(orbits) - 1)
    return np.asarray(number @ means / (number @ number))


def trim_delta_v_m_s(
    *, states: Floats, reference: Floats, orbit: Orbit, orbits: int = 15, j2: float | None = None
) -> Floats:
    """Along-track impulse at time 0 that makes each satellite's drift zero, signed, shape (n,). [m/s]

    Notes
    -----
    Corrections of drift / (3 period) until the drift over `orbits` is below 1e-6 m an orbit; what is left of the motion
    is the turning of the eccentricity vectors, which is no drift.
    """
    kick = np.zeros(len(states))
    for _ in range(6):
        trimmed = along_track_kick(states=states, reference=reference, delta_v_m_s=kick)
        drift = drift_m_per_orbit(states=trimmed, reference=reference, orbit=orbit, orbits=orbits, j2=j2)
        if np.abs(drift).max() < 1e-6:
            return kick
        kick = kick + drift_trim_m_s(period_s=orbit.period_s, drift_m=drift)
    worst = int(np.argmax(np.abs(drift)))
    raise ValueError(
        f"satellite {worst} still drifts {drift[worst]:g} m an orbit after 6 trims; check its initial state"
    )
