"""Who flies where: a `Formation` is bounded relative motion in the Hill frame; Suncatcher's planar lattice makes one.

Closed-form Hill-Clohessy-Wiltshire motion without drift (linear, circular reference orbit, point mass).
Other designs are in `designs`. Leaves out perturbations: see `dynamics`; they change link ranges by under 0.4 m in 200.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from links.frozen import FrozenArrays
from links.model import require_positive

from .ellipse import closest_pair, distance_extremes_m, positions_m, velocities_m
from .orbit import Orbit

__all__ = ["Formation", "lattice_block", "suncatcher_lattice"]

Floats = NDArray[np.float64]

_COEFFICIENTS = ("radial_cos_m", "radial_sin_m", "along_track_offset_m", "normal_cos_m", "normal_sin_m")

_RIM = 1.0 + 1e-12  # a point on the rim up to rounding belongs to the lattice


@dataclass(frozen=True, kw_only=True, eq=False)
class Formation(FrozenArrays):
    """Satellites on bounded relative orbits round a reference orbit.

    Parameters
    ----------
    orbit : Orbit
        The reference orbit; its centre is the origin of the Hill frame.
    name : str
        The design, for tables.
    radial_cos_m, radial_sin_m : (n,) arrays
        x = radial_cos cos(nt) + radial_sin sin(nt); the along-track motion is then fixed by the absence of
        drift: y = offset + 2 (radial_sin cos(nt) - radial_cos sin(nt)). [m]
    along_track_offset_m : (n,) array
        Centre of the motion along-track. [m]
    normal_cos_m, normal_sin_m : (n,) arrays
        z = normal_cos cos(nt) + normal_sin sin(nt). [m]
    index : (n, 2) int array or None
        Lattice indices, where the design has them.

    Notes
    -----
    Hill frame: x radial outward, y along-track, z orbit normal. Hill (1878); Clohessy and Wiltshire, J. Aerospace
    Sci. 27, 653 (1960). Linear: valid while distances are small against the orbit radius.
    """

    orbit: Orbit
    name: str
    radial_cos_m: Floats
    radial_sin_m: Floats
    along_track_offset_m: Floats
    normal_cos_m: Floats
    normal_sin_m: Floats
    index: NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        n = self.radial_cos_m.shape
        if len(n) != 1 or n[0] < 1:
            raise ValueError(f"formation {self.name!r}: radial_cos_m has shape {n}; need (n,), n at least 1")
        for name in _COEFFICIENTS:
            value = getattr(self, name)
            if value.shape != n:
                raise ValueError(f"formation {self.name!r}: {name} has shape {value.shape}; need {n} as radial_cos_m")
            if not np.isfinite(value).all():
                k = int(np.argmin(np.isfinite(value)))
                raise ValueError(f"formation {self.name!r}: {name}[{k}]={float(value[k])!r}; need finite numbers")

    def __len__(self) -> int:
        return int(self.radial_cos_m.size)

    def __str__(self) -> str:
        return f"{self.name}: {len(self)} satellites within {self.radius_m():.1f} m, {self.orbit}"

    @property
    def coefficients_m(self) -> Floats:
        """The five motion coefficients as rows, shape (n, 5), in the order of the fields. [m]"""
        columns = (getattr(self, name) for name in _COEFFICIENTS)
        return np.stack(list(columns), axis=-1)

    def _phase(self, time_s: ArrayLike) -> Floats:
        time = np.atleast_1d(np.asarray(time_s, dtype=float))
        if not np.isfinite(time).all():
            raise ValueError(f"time_s={float(time[~np.isfinite(time)][0])!r}: need finite times")
        return self.orbit.mean_motion_rad_s * time

    def positions_m(self, *, time_s: ArrayLike) -> Floats:
        """Positions in the Hill frame, shape (n_times, n, 3). [m]"""
        return positions_m(coefficients_m=self.coefficients_m, phase_rad=self._phase(time_s))

    def velocities_m_s(self, *, time_s: ArrayLike) -> Floats:
        """Velocities in the Hill frame, shape (n_times, n, 3). [m/s]"""
        per_radian = velocities_m(coefficients_m=self.coefficients_m, phase_rad=self._phase(time_s))
        return per_radian * self.orbit.mean_motion_rad_s

    def epochs_s(self, *, count: int) -> Floats:
        """`count` equally spaced times over one orbit, from 0, the end not repeated. [s]"""
        if count < 1:
            raise ValueError(f"epochs={count}: need at least 1")
        return np.asarray(np.arange(count) * (self.orbit.period_s / count), dtype=float)

    def radius_m(self) -> float:
        """Greatest distance of a satellite from the centre over an orbit, exact. [m]"""
        return float(distance_extremes_m(coefficients_m=self.coefficients_m)[1].max())

    def closest_approach_m(self) -> float:
        """Least distance between any two satellites over an orbit, exact; infinite for one satellite. [m]"""
        return closest_pair(coefficients_m=self.coefficients_m)[2] if len(self) > 1 else float("inf")

    def check_separation(self, *, body_radius_m: float) -> None:
        """Raise `ValueError` if two satellites, spheres of `body_radius_m`, touch at any time of the orbit.

        Parameters
        ----------
        body_radius_m : float
            Of every satellite; points, 0, never touch. [m]
        """
        radius = float(require_positive(body_radius_m, name="body_radius_m", zero=True))
        if len(self) < 2 or radius == 0.0:
            return
        i, j, distance = closest_pair(coefficients_m=self.coefficients_m, below_m=2.0 * radius)
        if distance < 2.0 * radius:
            raise ValueError(
                f"formation {self.name!r} collides: satellites {i} and {j} come within {distance:.1f} m, and their "
                f"bodies reach {radius:g} m each; enlarge the pitch or shrink radius_m"
            )


def _planar_lattice(index: NDArray[np.int64], centre: Floats, pitch_m: float, orbit: Orbit, name: str) -> Formation:
    offset = (index - centre) * pitch_m
    zero = np.zeros(len(index))
    return Formation(orbit=orbit, name=name, radial_cos_m=offset[:, 0], radial_sin_m=offset[:, 1],
                     along_track_offset_m=zero, normal_cos_m=zero, normal_sin_m=zero, index=index)  # fmt: skip


def suncatcher_lattice(*, orbit: Orbit, pitch_m: float, radius_m: float) -> Formation:
    """Suncatcher's planar lattice: integer points (i, j) with i^2 + j^2 <= (radius / 2 pitch)^2 on 2:1 ellipses.

    Parameters
    ----------
    orbit : Orbit
    pitch_m : float
        Radial pitch, the least distance of two satellites; the along-track pitch is twice that. [m]
    radius_m : float
        Greatest distance from the centre over an orbit. [m]

    Notes
    -----
    x = pitch (i cos nt + j sin nt), y = 2 pitch (j cos nt - i sin nt): the ranges of a pair with index difference d
    run from pitch |d| to 2 pitch |d|. Ordered by (i^2 + j^2, i, j): the centre comes first.

    References
    ----------
    B. Aguera y Arcas et al., arXiv:2511.19468v2 (2026), section 2.2: 81 satellites, 1 km, direct neighbours 100 to
    200 m.

    >>> formation = suncatcher_lattice(orbit=Orbit(altitude_m=650e3), pitch_m=100.0, radius_m=1000.0)
    >>> len(formation), round(formation.closest_approach_m(), 6), round(formation.radius_m(), 6)
    (81, 100.0, 1000.0)
    """
    require_positive(pitch_m, name="pitch_m")
    require_positive(radius_m, name="radius_m")
    reach = radius_m / (2.0 * pitch_m) * _RIM
    axis = np.arange(-math.floor(reach), math.floor(reach) + 1)
    index = np.stack([part.ravel() for part in np.meshgrid(axis, axis)], axis=-1)
    squared = (index**2).sum(axis=1)
    order = np.lexsort((index[:, 1], index[:, 0], squared))
    index = index[order][squared[order] <= reach**2]
    return _planar_lattice(index, np.zeros(2), pitch_m, orbit, "suncatcher_lattice")


def lattice_block(*, orbit: Orbit, pitch_m: float, rows: int, columns: int) -> Formation:
    """A rows x columns block of Suncatcher's planar lattice, centred on the reference orbit.

    Every satellite flies the 2:1 ellipse of its (half-integer) lattice point, so ranges, drift and blocking are those
    of `suncatcher_lattice`; the outline is a rectangle in lattice indices instead of a disc.

    >>> len(lattice_block(orbit=Orbit(altitude_m=650e3), pitch_m=100.0, rows=3, columns=6))
    18
    """
    require_positive(pitch_m, name="pitch_m")
    if rows < 1 or columns < 1:
        raise ValueError(f"rows={rows}, columns={columns}: need at least 1 of each")
    i, j = (axis.ravel() for axis in np.meshgrid(np.arange(rows), np.arange(columns), indexing="ij"))
    centre = np.array([(rows - 1) / 2.0, (columns - 1) / 2.0])
    return _planar_lattice(np.stack([i, j], axis=-1), centre, pitch_m, orbit, "lattice_block")
