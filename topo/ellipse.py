"""Distances in bounded relative motion, exactly: every satellite, and every pair, runs round an ellipse at one rate.

Works on rows of five coefficients (radial_cos, radial_sin, along_track_offset, normal_cos, normal_sin), of a satellite
or of the difference of two. Leaves out drift and perturbations, which have no closed orbit.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

__all__ = ["closest_pair", "distance_extremes_m", "positions_m", "squared_distance_harmonics", "velocities_m"]

Floats = NDArray[np.float64]
Complexes = NDArray[np.complex128]
Ints = NDArray[np.int64]

_STARTS = 16  # phases from which Newton's method starts; a polynomial of degree two has at most two maxima
_STEPS = 6  # from 1/32 of a turn Newton's method is at rounding after five
_CHUNK = 50_000  # rows at a time, to bound memory
_MOST_EPOCHS = 4096  # of the general search for the closest pair
_MOST_NEIGHBOURS = 64  # a satellite, in the search by amplitudes; above that many share an amplitude


def positions_m(*, coefficients_m: Floats, phase_rad: Floats) -> Floats:
    """Positions in the Hill frame, shape (n_phases, n, 3). [m]"""
    c, s = np.cos(phase_rad)[:, None], np.sin(phase_rad)[:, None]
    xc, xs, yc, zc, zs = coefficients_m.T
    return np.stack([xc * c + xs * s, yc + 2.0 * (xs * c - xc * s), zc * c + zs * s], axis=-1)


def velocities_m(*, coefficients_m: Floats, phase_rad: Floats) -> Floats:
    """Velocities in the Hill frame per radian of phase, shape (n_phases, n, 3). [m/rad]"""
    c, s = np.cos(phase_rad)[:, None], np.sin(phase_rad)[:, None]
    xc, xs, _, zc, zs = coefficients_m.T
    return np.stack([xs * c - xc * s, -2.0 * (xs * s + xc * c), zs * c - zc * s], axis=-1)


def squared_distance_harmonics(*, coefficients_m: Floats) -> tuple[Floats, Complexes, Complexes]:
    """Mean a [m^2] and complex amplitudes w1, w2 of |r|^2 = a + Re(w1 e^(i phase)) + Re(w2 e^(2 i phase))."""
    xc, xs, yc, zc, zs = coefficients_m.T
    cos_squared = xc**2 + 4.0 * xs**2 + zc**2
    sin_squared = xs**2 + 4.0 * xc**2 + zs**2
    w1 = 4.0 * yc * (xs + 1j * xc)
    w2 = 0.5 * (cos_squared - sin_squared) - 1j * (zc * zs - 3.0 * xc * xs)
    return yc**2 + 0.5 * (cos_squared + sin_squared), w1, w2


def _greatest(w1: Complexes, w2: Complexes) -> Floats:
    """Greatest value over a turn of Re(w1 z) + Re(w2 z^2), z = e^(i phase)."""
    best = np.abs(w2)  # exact where there is no first harmonic
    mixed = np.flatnonzero(w1 != 0.0)
    for rows in np.array_split(mixed, max(1, -(-mixed.size // _CHUNK))):
        a, b = w1[rows, None], w2[rows, None]
        phase = np.broadcast_to(np.arange(_STARTS) * (2.0 * np.pi / _STARTS), (rows.size, _STARTS))
        top = np.full(rows.size, -np.inf)
        for _ in range(_STEPS + 1):
            z = np.exp(1j * phase)
            first, second = a * z, b * z * z
            top = np.maximum(top, (first.real + second.real).max(axis=1))
            slope, bend = -first.imag - 2.0 * second.imag, -first.real - 4.0 * second.real
            step = np.divide(-slope, bend, out=np.zeros_like(slope), where=bend < 0.0)  # only towards maxima
            phase = phase + np.clip(step, -np.pi / _STARTS, np.pi / _STARTS)
        best[rows] = top
    return best


def distance_extremes_m(*, coefficients_m: Floats) -> tuple[Floats, Floats]:
    """Least and greatest distance from the origin over a turn, two arrays of shape (n,). [m]

    Notes
    -----
    Without an along-track offset w1 = 0 and the extremes are sqrt(a -+ |w2|). Otherwise the stationary points of the
    trigonometric polynomial are found by Newton's method from 16 phases, to rounding.
    """
    a, w1, w2 = squared_distance_harmonics(coefficients_m=coefficients_m)
    low = np.sqrt(np.maximum(a - _greatest(-w1, -w2), 0.0))
    return low, np.sqrt(a + _greatest(w1, w2))


def _least_of(coefficients_m: Floats, pairs: Ints, ceiling_m: float) -> tuple[int, int, float]:
    """The pair with the least distance over a turn; pairs that a quick bound puts above the ceiling are left out."""
    difference = coefficients_m[pairs[:, 1]] - coefficients_m[pairs[:, 0]]
    a, w1, w2 = squared_distance_harmonics(coefficients_m=difference)
    near = np.flatnonzero(a - np.abs(w1) - np.abs(w2) <= ceiling_m**2)
    if not near.size:
        return -1, -1, np.inf
    least, _ = distance_extremes_m(coefficients_m=difference[near])
    k = int(np.argmin(least))
    return int(pairs[near[k], 0]), int(pairs[near[k], 1]), float(least[k])


def _nearest_at(points: Floats) -> Ints:
    """Pairs of each point with its four nearest, shape (k, 2)."""
    other = np.asarray(cKDTree(points).query(points, k=min(5, len(points)))[1])[:, 1:]
    own = np.broadcast_to(np.arange(len(points))[:, None], other.shape)
    return np.stack([own, other], axis=-1).reshape(-1, 2)


def closest_pair(*, coefficients_m: Floats, below_m: float = np.inf) -> tuple[int, int, float]:
    """The two satellites that come closest over a turn, and how close. [m]

    Parameters
    ----------
    coefficients_m : (n, 5) array
    below_m : float
        Only pairs closer than this matter: if there is none, the answer is some pair that is not. Makes it faster. [m]

    Notes
    -----
    Two satellites with the same along-track offset are never closer than their radial amplitudes differ (as complex
    numbers), so a spatial index over those settles designs without offsets. Otherwise: the nearest neighbours at a few
    phases give a first answer d; a closer pair would, at one of enough equally spaced phases, be within d plus the way
    two satellites fly relative to each other in half a step, and a spatial index lists those. Exact either way.
    """
    n = len(coefficients_m)
    if n < 2:
        raise ValueError(f"{n} satellites: need two to have a distance between them")
    few = positions_m(coefficients_m=coefficients_m, phase_rad=np.linspace(0.0, 2.0 * np.pi, 8, endpoint=False))
    best = _least_of(coefficients_m, np.concatenate([_nearest_at(points) for points in few]), np.inf)
    ceiling = min(best[2], below_m)
    if np.ptp(coefficients_m[:, 2]) == 0.0:
        tree = cKDTree(coefficients_m[:, :2])
        if tree.count_neighbors(tree, ceiling) < _MOST_NEIGHBOURS * n:
            return min(best, _least_of(coefficients_m, _within(tree, ceiling), ceiling), key=lambda pair: pair[2])
    turn = np.linspace(0.0, 2.0 * np.pi, 64, endpoint=False)
    speed = np.linalg.norm(velocities_m(coefficients_m=coefficients_m, phase_rad=turn), axis=-1)
    way = 2.0 * float(speed.max()) * 1.01  # of two satellites against each other, per radian; 1.01 covers the sampling
    slack = max(ceiling, best[2] - ceiling, np.pi * way / _MOST_EPOCHS)
    epochs = int(np.ceil(np.pi * way / slack)) if way > 0.0 else 1
    before = None
    for phase in np.linspace(0.0, 2.0 * np.pi, epochs, endpoint=False):
        points = positions_m(coefficients_m=coefficients_m, phase_rad=np.array([phase]))[0]
        reach = min(best[2], below_m) + np.pi * way / epochs
        pairs = _within(cKDTree(points), reach)
        if before is not None:  # those that were as near one step ago are settled
            pairs = pairs[np.linalg.norm(before[pairs[:, 1]] - before[pairs[:, 0]], axis=1) > reach]
        best = min(best, _least_of(coefficients_m, pairs, min(best[2], below_m)), key=lambda pair: pair[2])
        before = points
    return best


def _within(tree: cKDTree, distance: float) -> Ints:
    """Pairs of points of the tree within a distance, shape (k, 2)."""
    return np.asarray(tree.query_pairs(distance * (1.0 + 1e-12), output_type="ndarray"), dtype=np.int64).reshape(-1, 2)
