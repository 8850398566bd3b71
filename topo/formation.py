"""Who flies where: a `Formation` is bounded relative motion in the Hill frame of a reference orbit.

Closed-form Hill-Clohessy-Wiltshire motion without drift (linear, circular reference orbit, point mass).
Leaves out perturbations: see `dynamics` for those; for link ranges they change under 0.4 m in 200.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from links.frozen import FrozenArrays
from links.model import require_positive

from .orbit import Orbit

__all__ = ["Formation", "lattice_block", "suncatcher_lattice"]

Floats = NDArray[np.float64]


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
        for name in ("radial_cos_m", "radial_sin_m", "along_track_offset_m", "normal_cos_m", "normal_sin_m"):
            value = getattr(self, name)
            if value.shape != n or value.ndim != 1 or not np.isfinite(value).all():
                raise ValueError(f"formation {self.name!r}: {name} has shape {value.shape}; need ({n[0]},) finite numbers")

    def __len__(self) -> int:
        return int(self.radial_cos_m.size)

    def __str__(self) -> str:
        low, high = self.closest_approach_m(), self.radius_m()
        return f"{self.name}: {len(self)} satellites, closest approach {low:.1f} m, radius {high:.1f} m, {self.orbit}"

    def positions_m(self, *, time_s: ArrayLike) -> Floats:
        """Positions in the Hill frame, shape (n_times, n, 3). [m]"""
        times = np.atleast_1d(np.asarray(time_s, dtype=float))
        c = np.cos(self.orbit.mean_motion_rad_s * times)[:, None]
        s = np.sin(self.orbit.mean_motion_rad_s * times)[:, None]
        x = self.radial_cos_m * c + self.radial_sin_m * s
        y = self.along_track_offset_m + 2.0 * (self.radial_sin_m * c - self.radial_cos_m * s)
        z = self.normal_cos_m * c + self.normal_sin_m * s
        return np.stack([x, y, z], axis=-1)

    def epochs_s(self, *, count: int) -> Floats:
        """`count` equally spaced times over one orbit, from 0, the end not repeated. [s]"""
        if count < 1:
            raise ValueError(f"epochs={count}: need at least 1")
        return np.arange(count) * (self.orbit.period_s / count)

    def radius_m(self, *, epochs: int = 72) -> float:
        """Greatest distance of a satellite from the centre over an orbit (sampled). [m]"""
        return float(np.linalg.norm(self.positions_m(time_s=self.epochs_s(count=epochs)), axis=-1).max())

    def closest_approach_m(self, *, epochs: int = 72) -> float:
        """Least distance between any two satellites over an orbit (sampled). [m]"""
        from scipy.spatial import cKDTree

        if len(self) < 2:
            return float("inf")
        positions = self.positions_m(time_s=self.epochs_s(count=epochs))
        return float(min(cKDTree(p).query(p, k=2)[0][:, 1].min() for p in positions))


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
    run from pitch |d| to 2 pitch |d|. Aguera y Arcas et al., arXiv:2511.19468v2 (2026), section 2.2: 81 satellites,
    1 km, direct neighbours 100 to 200 m. Ordered by (i^2 + j^2, i, j): the centre comes first.

    >>> formation = suncatcher_lattice(orbit=Orbit(altitude_m=650e3), pitch_m=100.0, radius_m=1000.0)
    >>> len(formation), round(formation.closest_approach_m(), 6), round(formation.radius_m(), 6)
    (81, 100.0, 1000.0)
    """
    require_positive(pitch_m, name="pitch_m")
    require_positive(radius_m, name="radius_m")
    reach = int(np.floor(radius_m / (2.0 * pitch_m) * (1.0 + 1e-12)))
    i, j = (axis.ravel() for axis in np.meshgrid(np.arange(-reach, reach + 1), np.arange(-reach, reach + 1)))
    squared = i**2 + j**2
    keep = squared <= (radius_m / (2.0 * pitch_m)) ** 2 * (1.0 + 1e-12)
    index = np.stack([i, j], axis=-1)[keep]
    index = index[np.lexsort((index[:, 1], index[:, 0], squared[keep]))]
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
