"""What the Sun does inside a formation: satellites shade each other, and the Sun stands behind some lines of sight.

Every satellite is a disc that faces the Sun and a sphere that casts the shadow; light is parallel. Leaves out the
penumbra (1 m at 100 m), light from the Earth, and Earth's own shadow, which is in `sun`.
"""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree

from links.model import require_positive

from .formation import Formation
from .ranges import check_pairs
from .sun import sun_in_hill_frame

__all__ = ["shaded_fraction", "sun_offset_rad"]

Floats = NDArray[np.float64]


def _overlap(distance: Floats, radius: float) -> Floats:
    """Part of a disc that an equal disc at that distance of centres covers."""
    half = np.clip(distance / (2.0 * radius), 0.0, 1.0)
    return np.asarray(2.0 / math.pi * (np.arccos(half) - half * np.sqrt(1.0 - half**2)))


def shaded_fraction(
    *, formation: Formation, body_radius_m: float, beta_rad: float, time_s: ArrayLike, noon_s: float = 0.0
) -> Floats:
    """Part of each satellite's collecting disc that others shade, shape (n_times, n). [-]

    Parameters
    ----------
    formation : Formation
    body_radius_m : float
        Of the discs and of the spheres that shade them. [m]
    beta_rad : float
        Sun above the orbital plane. [rad]
    time_s : float or (n_times,) array
    noon_s : float
        When the reference passes the point of its orbit that is nearest to the Sun. [s]

    Notes
    -----
    Positions are projected along the Sun's direction; two closer than a diameter there overlap by a lens, and the one
    farther from the Sun loses it. Several overlaps add up, at most to 1. A planar formation shades nobody unless the
    Sun is so close to its plane that 2 R exceeds the pitch times sin beta.
    """
    radius = float(require_positive(body_radius_m, name="body_radius_m"))
    times = np.atleast_1d(np.asarray(time_s, dtype=float))
    phase = formation.orbit.mean_motion_rad_s * (times - noon_s)
    shaded = np.zeros((times.size, len(formation)))
    suns = sun_in_hill_frame(beta_rad=beta_rad, phase_rad=phase)
    for row, points, sun in zip(shaded, formation.positions_m(time_s=times), suns, strict=True):
        across = np.linalg.svd(sun[None, :])[2][1:]  # two axes normal to the Sun's direction
        flat, depth = points @ across.T, points @ sun
        i, j = cKDTree(flat).query_pairs(2.0 * radius, output_type="ndarray").T
        cover = _overlap(np.asarray(np.linalg.norm(flat[i] - flat[j], axis=1)), radius)
        np.add.at(row, np.where(depth[i] < depth[j], i, j), cover)
    return np.minimum(shaded, 1.0)


def sun_offset_rad(
    *, formation: Formation, pairs: ArrayLike, beta_rad: float, time_s: ArrayLike, noon_s: float = 0.0
) -> Floats:
    """Angle between the Sun and the second satellite, seen from the first, shape (n_times, k). [rad]

    A receiver on the first satellite looks into the Sun where this is below its field of view plus the Sun's radius of
    0.0047 rad; for the second satellite the angle is pi minus this. Parameters as in `shaded_fraction`.
    """
    i, j = check_pairs(pairs, n=len(formation)).T
    times = np.atleast_1d(np.asarray(time_s, dtype=float))
    positions = formation.positions_m(time_s=times)
    sight = positions[:, j] - positions[:, i]
    phase = formation.orbit.mean_motion_rad_s * (times - noon_s)
    sun = sun_in_hill_frame(beta_rad=beta_rad, phase_rad=phase)[:, None, :]
    across = np.linalg.norm(np.cross(sight, sun), axis=-1)
    return np.asarray(np.arctan2(across, np.sum(sight * sun, axis=-1)))
