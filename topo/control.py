"""What it costs to keep a formation against J2, drag and radiation pressure: first-order budgets of velocity change.

Ideal control: attitude, thruster plumes and navigation errors are left out.
"""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import constants

from links.model import require_positive
from links.parts import load_part

from .drift import axis_difference_drift_m
from .elements import elements_of_formation
from .formation import Formation
from .orbit import Orbit

__all__ = [
    "cross_track_offset_m", "drag_axis_loss_m", "drag_delta_v_m_s", "drag_mismatch_drift_m", "holding_delta_v_m_s",
    "inclination_drift_m_s", "offset_delta_v_m_s", "radiation_acceleration_m_s2", "radiation_pressure_pa",
]  # fmt: skip

Floats = NDArray[np.float64]

_YEAR_S = constants.Julian_year


def inclination_drift_m_s(*, orbit: Orbit, a_delta_ix_m: ArrayLike) -> Floats:
    """Rate at which J2 changes a_delta_iy of satellites with different inclinations. [m/s]

    Notes
    -----
    2 k sin^2 i a_delta_ix, k = 3/4 n J2 (R/a)^2: planes of different inclination turn about the pole at different
    rates. 8.24 m an orbit for 1 km at 650 km.

    >>> orbit = Orbit(altitude_m=650e3)
    >>> round(float(inclination_drift_m_s(orbit=orbit, a_delta_ix_m=1000.0)) * orbit.period_s, 2)
    8.24
    """
    earth = load_part("earth")
    flattening = earth["j2"] * (earth["equatorial_radius_m"] / orbit.semi_major_axis_m) ** 2
    rate = 1.5 * orbit.mean_motion_rad_s * flattening * math.sin(orbit.plane_inclination_rad) ** 2
    return np.asarray(rate * np.asarray(a_delta_ix_m, dtype=float))


def holding_delta_v_m_s(*, formation: Formation, span_s: float = _YEAR_S, turn_with_perigee: bool = True) -> Floats:
    """Velocity change that each satellite needs to hold its design against J2, shape (n,). [m/s in the span]

    Parameters
    ----------
    formation : Formation
        Its reference at the ascending node at time 0.
    span_s : float
        A Julian year if not given. [s]
    turn_with_perigee : bool
        Let the inclination vectors follow the eccentricity vectors, which J2 turns for nothing: needed by designs whose
        shape depends on the angle between them (tilted hexagon, volume-filling lattice). Otherwise inclination vectors
        are held where they are.

    Notes
    -----
    n times the rate at which the inclination vector has to be moved: by impulses where each is worth most. Thrust that
    follows a sine over the orbit takes 4/pi times as much, one that only changes its sign pi/2 times. 0 for every
    design in the orbital plane, whose lattice of eccentricity vectors turns rigidly (once its drift is trimmed, see
    `drift`).

    >>> from topo.formation import suncatcher_lattice
    >>> formation = suncatcher_lattice(orbit=Orbit(altitude_m=650e3), pitch_m=100.0, radius_m=1000.0)
    >>> float(holding_delta_v_m_s(formation=formation).max())
    0.0
    """
    orbit = formation.orbit
    elements = elements_of_formation(formation=formation)
    ix, iy = elements[:, 4], elements[:, 5]
    turn = orbit.perigee_rate_rad_s if turn_with_perigee else 0.0
    wanted_x, wanted_y = -turn * iy, turn * ix
    against_y = wanted_y - inclination_drift_m_s(orbit=orbit, a_delta_ix_m=ix)
    return np.asarray(orbit.mean_motion_rad_s * span_s * np.hypot(wanted_x, against_y))


def offset_delta_v_m_s(
    *, orbit: Orbit, normal_m: ArrayLike = 0.0, radial_m: ArrayLike = 0.0, span_s: float = _YEAR_S
) -> Floats:
    """Velocity change for hovering at a constant offset from the reference orbit. [m/s in the span]

    n^2 times the offset across-track and 3 n^2 radially: 36 and 109 m/s a year for each metre, so never.
    """
    pull = np.hypot(np.asarray(normal_m, dtype=float), 3.0 * np.asarray(radial_m, dtype=float))
    return np.asarray(orbit.mean_motion_rad_s**2 * pull * span_s)


def cross_track_offset_m(*, orbit: Orbit, acceleration_m_s2: ArrayLike) -> Floats:
    """Constant displacement along the orbit normal under a constant acceleration that way, a / n^2. [m]"""
    return np.asarray(np.asarray(acceleration_m_s2, dtype=float) / orbit.mean_motion_rad_s**2)


def radiation_pressure_pa() -> float:
    """Pressure of sunlight on a black surface at 1 au, irradiance / c. [Pa]

    >>> round(radiation_pressure_pa() * 1e6, 2)
    4.54
    """
    return load_part("sun")["irradiance_w_m2"] / constants.c


def radiation_acceleration_m_s2(
    *, area_m2: ArrayLike, mass_kg: ArrayLike, reflectivity_coefficient: ArrayLike, pressure_pa: float | None = None
) -> Floats:
    """Acceleration away from the Sun by radiation pressure, P C_r A / m. [m/s^2]

    Parameters
    ----------
    area_m2 : array
        Facing the Sun. [m^2]
    mass_kg : array
    reflectivity_coefficient : array
        1 absorbs, 2 is a mirror.
    pressure_pa : float, optional
        At 1 au if not given. [Pa]
    """
    pressure = radiation_pressure_pa() if pressure_pa is None else pressure_pa
    coefficient = np.asarray(reflectivity_coefficient, dtype=float)
    if ((coefficient < 0.0) | (coefficient > 2.0)).any():
        raise ValueError(f"reflectivity_coefficient={reflectivity_coefficient!r}: need 0 to 2, 1 for a black surface")
    area, mass = require_positive(area_m2, name="area_m2"), require_positive(mass_kg, name="mass_kg")
    return np.asarray(pressure * coefficient * area / mass)


def _density(density_kg_m3: ArrayLike | None) -> Floats:
    if density_kg_m3 is None:
        return np.asarray(load_part("thermosphere_650km")["density_kg_m3"])
    return require_positive(density_kg_m3, name="density_kg_m3")


def drag_delta_v_m_s(
    *, orbit: Orbit, ballistic_m2_kg: ArrayLike, density_kg_m3: ArrayLike | None = None, span_s: float = _YEAR_S
) -> Floats:
    """Velocity change that makes up for air drag, rho v^2 B / 2 times the span. [m/s in the span]

    Parameters
    ----------
    orbit : Orbit
    ballistic_m2_kg : array
        B = C_d A / m with the area facing the flight. [m^2/kg]
    density_kg_m3 : array, optional
        Of the part "thermosphere_650km" if not given: a mean over the solar cycle, a thirtyfold range. [kg/m^3]
    """
    ballistic = require_positive(ballistic_m2_kg, name="ballistic_m2_kg")
    return np.asarray(0.5 * _density(density_kg_m3) * orbit.speed_m_s**2 * ballistic * span_s)


def drag_axis_loss_m(*, orbit: Orbit, ballistic_m2_kg: ArrayLike, density_kg_m3: ArrayLike | None = None) -> Floats:
    """Semi-major axis lost to air drag in one orbit, 2 pi B rho a^2. [m]"""
    ballistic = require_positive(ballistic_m2_kg, name="ballistic_m2_kg")
    return np.asarray(2.0 * math.pi * ballistic * _density(density_kg_m3) * orbit.semi_major_axis_m**2)


def drag_mismatch_drift_m(
    *, orbit: Orbit, ballistic_m2_kg: ArrayLike, mismatch: ArrayLike, orbits: ArrayLike,
    density_kg_m3: ArrayLike | None = None,
) -> Floats:  # fmt: skip
    """Along-track distance grown between two satellites whose ballistic coefficients differ. [m]

    Parameters
    ----------
    orbit : Orbit
    ballistic_m2_kg : array
    mismatch : array
        Relative difference of the two coefficients, 0.01 for 1 percent.
    orbits : array
        Since both had the same semi-major axis.
    density_kg_m3 : array, optional
        As in `drag_delta_v_m_s`.

    Notes
    -----
    The axes part by a constant amount each orbit, so the distance grows as 3 pi / 2 times that times the orbits
    squared.
    """
    loss = drag_axis_loss_m(orbit=orbit, ballistic_m2_kg=ballistic_m2_kg, density_kg_m3=density_kg_m3)
    rate_growth = np.abs(axis_difference_drift_m(axis_difference_m=loss * np.asarray(mismatch, dtype=float)))
    return np.asarray(0.5 * rate_growth * np.asarray(orbits, dtype=float) ** 2)
