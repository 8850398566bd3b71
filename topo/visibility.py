"""Which satellites see each other: every satellite is a sphere, a sight line has no width and runs centre to centre.

Leaves out the width of beams (under 10 cm at these ranges) and the body a terminal is mounted on.
"""

from itertools import chain

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree

from links.model import require_positive

from .formation import Formation
from .ranges import check_pairs

__all__ = ["clearance_m", "permanently_visible", "require_visible", "visible", "visible_from"]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_GRAZING = 1.0 - 1e-9  # a line that touches a sphere is clear; rounding must not decide it
_CHUNK = 200_000  # sample points along sight lines at a time, to bound memory


def _flat(found: NDArray[np.object_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Row number and entry of every item of an array of lists."""
    counts = np.fromiter(map(len, found), dtype=np.int64, count=len(found))
    entries = np.fromiter(chain.from_iterable(found), dtype=np.int64, count=int(counts.sum()))
    return np.repeat(np.arange(len(found)), counts), entries


def _clearance_at(points: Floats, pairs: NDArray[np.int64], up_to_m: float) -> Floats:
    """Distance from each segment between two of the points to the nearest third point, at most `up_to_m`."""
    n = len(points)
    result = np.full(len(pairs), up_to_m)
    if n < 3 or not len(pairs):
        return result
    tree = cKDTree(points)
    spacing = float(np.median(np.asarray(tree.query(points, k=2)[0])[:, 1]))
    start = points[pairs[:, 0]]
    along = points[pairs[:, 1]] - start
    length = np.linalg.norm(along, axis=1)
    piece = max(spacing, up_to_m if np.isfinite(up_to_m) else 0.0)
    pieces = np.maximum(np.ceil(length / piece), 1).astype(np.int64)

    def distance(row: NDArray[np.int64], body: NDArray[np.int64]) -> Floats:
        offset, direction = points[body] - start[row], along[row]
        squared = np.maximum(length[row] ** 2, np.finfo(float).tiny)
        part = np.clip(np.einsum("ij,ij->i", offset, direction) / squared, 0.0, 1.0)
        miss = np.asarray(np.linalg.norm(offset - part[:, None] * direction, axis=1))
        miss[(body == pairs[row, 0]) | (body == pairs[row, 1])] = np.inf
        return miss

    cuts = np.searchsorted(np.cumsum(pieces), np.arange(_CHUNK, int(pieces.sum()), _CHUNK))
    for rows in np.split(np.arange(len(pairs)), np.unique(cuts)):
        row = np.repeat(rows, pieces[rows])
        order = np.arange(row.size) - np.repeat(np.cumsum(pieces[rows]) - pieces[rows], pieces[rows])
        sample = start[row] + ((order + 0.5) / pieces[row])[:, None] * along[row]
        if not np.isfinite(up_to_m):  # a bound first: the nearest third body of each sample point
            for body in np.asarray(tree.query(sample, k=3)[1]).T:
                np.minimum.at(result, row, distance(row, body))
        radius = (0.5 * length[row] / pieces[row] + result[row]) * (1.0 + 1e-12)
        which, body = _flat(tree.query_ball_point(sample, radius))
        np.minimum.at(result, row[which], distance(row[which], body))
    return result


def clearance_m(*, formation: Formation, pairs: ArrayLike, time_s: ArrayLike, up_to_m: float = np.inf) -> Floats:
    """Distance from the sight line of each pair to the centre of the nearest other satellite, shape (n_times, k). [m]

    Parameters
    ----------
    formation : Formation
    pairs : (k, 2) int array
    time_s : float or (n_times,) array
    up_to_m : float
        Larger clearances are returned as this; a small value makes the search fast. [m]

    Notes
    -----
    A spatial index over the satellites is asked along each line in pieces about as long as the spacing, so the work
    grows with the number of pairs times their length over the spacing, not with the number of satellites.
    On the planar lattice the answer is 2 pitch^2 / range for a pair whose index difference is coprime, wherever the
    satellite that comes closest belongs to the formation.

    >>> from topo.formation import suncatcher_lattice
    >>> from topo.orbit import Orbit
    >>> formation = suncatcher_lattice(orbit=Orbit(altitude_m=650e3), pitch_m=100.0, radius_m=1000.0)
    >>> float(clearance_m(formation=formation, pairs=[(0, 5)], time_s=0.0)[0, 0].round(6))  # a diagonal, 223.6 m
    89.442719
    """
    wanted = check_pairs(pairs, n=len(formation))
    positions = formation.positions_m(time_s=time_s)
    return np.stack([_clearance_at(points, wanted, float(up_to_m)) for points in positions])


def visible(*, formation: Formation, pairs: ArrayLike, time_s: ArrayLike, body_radius_m: float) -> Bools:
    """Whether no other satellite, a sphere of `body_radius_m`, stands in the sight line; shape (n_times, k)."""
    radius = float(require_positive(body_radius_m, name="body_radius_m"))
    return clearance_m(formation=formation, pairs=pairs, time_s=time_s, up_to_m=radius) >= radius * _GRAZING


def _seen_from(points: Floats, source: int, body_radius_m: float) -> Bools:
    """Which points the source sees: not inside the cone that a nearer sphere cuts out of its sky."""
    offset = points - points[source]
    distance = np.linalg.norm(offset, axis=1)
    others = np.flatnonzero(np.arange(len(points)) != source)
    sky = offset[others] / distance[others, None]
    sine = np.minimum(body_radius_m * _GRAZING / distance[others], 1.0)
    chord = 2.0 * np.sin(0.5 * np.arcsin(sine))
    blocker, target = _flat(cKDTree(sky).query_ball_point(sky, chord * (1.0 - 1e-15)))
    hidden = distance[others][blocker] < distance[others][target]
    seen = np.ones(len(points), dtype=bool)
    seen[others[target[hidden]]] = False
    seen[source] = False
    return seen


def _half_or_whole_orbit(formation: Formation, epochs: int) -> Floats:
    """Sample times; half an orbit where the other half is the mirror image of it."""
    times = formation.epochs_s(count=epochs)
    mirrored = epochs % 2 == 0 and np.ptp(formation.along_track_offset_m) == 0.0
    return times[: epochs // 2] if mirrored else times


def visible_from(*, formation: Formation, source: int, body_radius_m: float, epochs: int = 72) -> Bools:
    """Which satellites `source` sees without a break over an orbit, shape (n,); False for itself.

    Parameters
    ----------
    formation : Formation
    source : int
        Number of the satellite that looks.
    body_radius_m : float
        Of every satellite. [m]
    epochs : int
        Equal steps of the orbit at which the sky is looked at.

    Notes
    -----
    Each nearer sphere hides a cone of half angle asin(R / distance) of the sky: one spatial index over the directions
    settles all targets at once. Valid where no two spheres touch.
    """
    radius = float(require_positive(body_radius_m, name="body_radius_m"))
    if not 0 <= source < len(formation):
        raise ValueError(f"source={source}: the formation has satellites 0 to {len(formation) - 1}")
    positions = formation.positions_m(time_s=_half_or_whole_orbit(formation, epochs))
    return np.asarray(np.logical_and.reduce([_seen_from(points, source, radius) for points in positions]))


def permanently_visible(
    *, formation: Formation, body_radius_m: float, pairs: ArrayLike | None = None, epochs: int = 72
) -> NDArray[np.int64]:
    """Pairs that see each other without a break over an orbit, shape (k, 2), i < j.

    Parameters
    ----------
    formation : Formation
    body_radius_m : float
        Of every satellite. [m]
    pairs : (k, 2) int array, optional
        Candidates, for instance from `neighbours_within`; all pairs if not given.
    epochs : int
        Equal steps of the orbit at which the sight lines are checked. 72 find the least clearance on the planar lattice
        to 0.1 percent.

    Notes
    -----
    All pairs of 1,000 satellites take a minute; above that, give candidates.

    >>> from topo.formation import suncatcher_lattice
    >>> from topo.orbit import Orbit
    >>> formation = suncatcher_lattice(orbit=Orbit(altitude_m=650e3), pitch_m=100.0, radius_m=400.0)
    >>> len(formation), len(permanently_visible(formation=formation, body_radius_m=10.0, epochs=8))
    (13, 56)
    """
    if pairs is None:
        rows = [
            np.flatnonzero(visible_from(formation=formation, source=i, body_radius_m=body_radius_m, epochs=epochs))
            for i in range(len(formation))
        ]
        both = [np.stack([np.full(seen.size, i), seen], axis=-1)[seen > i] for i, seen in enumerate(rows)]
        return np.concatenate(both).astype(np.int64).reshape(-1, 2)
    wanted = check_pairs(pairs, n=len(formation))
    for time_s in _half_or_whole_orbit(formation, epochs):
        seen = visible(formation=formation, pairs=wanted, time_s=time_s, body_radius_m=body_radius_m)[0]
        wanted = wanted[seen]
    return wanted


def require_visible(*, formation: Formation, pairs: ArrayLike, body_radius_m: float, epochs: int = 72) -> None:
    """Raise `ValueError` if another satellite stands between the two of any pair at any time of the orbit.

    Parameters as in `permanently_visible`.
    """
    wanted = check_pairs(pairs, n=len(formation))
    radius = float(require_positive(body_radius_m, name="body_radius_m"))
    for time_s in _half_or_whole_orbit(formation, epochs):
        clearance = clearance_m(formation=formation, pairs=wanted, time_s=time_s, up_to_m=radius)[0]
        if len(wanted) and clearance.min() < radius * _GRAZING:
            i, j = wanted[np.argmin(clearance)]
            raise ValueError(
                f"pair ({i}, {j}): another satellite comes within {clearance.min():.3f} m of the sight line at "
                f"{time_s:.0f} s, with bodies of radius {radius:g} m; link other pairs or make the bodies smaller"
            )
