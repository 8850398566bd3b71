"""How far apart the satellites of a formation are: ranges at given times, their extremes over an orbit, neighbours.

The relative motion of two satellites is an ellipse about a fixed point along-track, so extremes come from a
trigonometric polynomial of degree two, not from samples. Leaves out perturbations (under 0.4 m in 200: see `dynamics`).
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree

from links.model import require_positive

from .ellipse import distance_extremes_m
from .formation import Formation

__all__ = ["check_pairs", "neighbours_within", "range_extremes_m", "ranges_m"]

Floats = NDArray[np.float64]
Pairs = NDArray[np.int64]

_REACH_SLACK = 1e-9  # relative: a reach equal to a range up to rounding counts as reached


def check_pairs(pairs: ArrayLike, *, n: int) -> Pairs:
    """`pairs` as a (k, 2) array of satellite numbers below `n`, or a `ValueError` that names the bad one.

    >>> check_pairs([(0, 5)], n=3)
    Traceback (most recent call last):
    ...
    ValueError: pairs[0]=(0, 5): satellite 5 does not exist; the formation has 3, numbered from 0
    """
    array = np.asarray(pairs)
    if array.size == 0:
        return np.zeros((0, 2), dtype=np.int64)
    if array.ndim != 2 or array.shape[1] != 2 or not np.issubdtype(array.dtype, np.integer):
        raise ValueError(f"pairs of shape {array.shape}, {array.dtype}: need shape (k, 2) of integers")
    bad = (array < 0) | (array >= n)
    if bad.any():
        k, end = (int(v) for v in np.argwhere(bad)[0])
        raise ValueError(
            f"pairs[{k}]=({array[k, 0]}, {array[k, 1]}): satellite {array[k, end]} does not exist; "
            f"the formation has {n}, numbered from 0"
        )
    return array.astype(np.int64)


def ranges_m(*, formation: Formation, pairs: ArrayLike, time_s: ArrayLike) -> Floats:
    """Distance of each pair at each time, shape (n_times, k). [m]

    Parameters
    ----------
    formation : Formation
    pairs : (k, 2) int array
        Numbers of the satellites.
    time_s : float or (n_times,) array
        Since the epoch of the formation. [s]
    """
    wanted = check_pairs(pairs, n=len(formation))
    positions = formation.positions_m(time_s=time_s)
    return np.asarray(np.linalg.norm(positions[:, wanted[:, 1]] - positions[:, wanted[:, 0]], axis=-1))


def _relative(formation: Formation, pairs: Pairs) -> Floats:
    coefficients = formation.coefficients_m
    return np.asarray(coefficients[pairs[:, 1]] - coefficients[pairs[:, 0]])


def range_extremes_m(*, formation: Formation, pairs: ArrayLike) -> tuple[Floats, Floats]:
    """Least and greatest distance of each pair over an orbit, two arrays of shape (k,). [m]

    Notes
    -----
    Exact for every design: see `ellipse`. On the planar lattice the extremes are pitch |d| and 2 pitch |d| for a pair
    whose lattice indices differ by d.

    >>> from topo.formation import suncatcher_lattice
    >>> from topo.orbit import Orbit
    >>> formation = suncatcher_lattice(orbit=Orbit(altitude_m=650e3), pitch_m=100.0, radius_m=1000.0)
    >>> [float(v[0].round(9)) for v in range_extremes_m(formation=formation, pairs=[(0, 1)])]
    [100.0, 200.0]
    """
    return distance_extremes_m(coefficients_m=_relative(formation, check_pairs(pairs, n=len(formation))))


def neighbours_within(*, formation: Formation, reach_m: float) -> Pairs:
    """Pairs that are never farther apart than `reach_m` over an orbit, shape (k, 2), i < j, sorted.

    Parameters
    ----------
    formation : Formation
    reach_m : float
        Inclusive, up to 1e-9 of itself. [m]

    Notes
    -----
    The root-mean-square distance over an orbit is Euclidean in five coordinates (the offset, and sqrt(5/2) or
    sqrt(1/2) times the radial and normal amplitudes) and never exceeds the greatest distance, so a spatial index over
    those gives a short list for `range_extremes_m`.

    >>> from topo.formation import suncatcher_lattice
    >>> from topo.orbit import Orbit
    >>> formation = suncatcher_lattice(orbit=Orbit(altitude_m=650e3), pitch_m=100.0, radius_m=1000.0)
    >>> [len(neighbours_within(formation=formation, reach_m=reach_m)) for reach_m in (200.0, 283.0)]
    [140, 272]
    """
    reach = float(require_positive(reach_m, name="reach_m")) * (1.0 + _REACH_SLACK)
    coordinates = formation.coefficients_m * np.sqrt([2.5, 2.5, 1.0, 0.5, 0.5])
    near = cKDTree(coordinates).query_pairs(reach, output_type="ndarray").astype(np.int64).reshape(-1, 2)
    near = near[np.lexsort((near[:, 1], near[:, 0]))]
    _, high = range_extremes_m(formation=formation, pairs=near)
    return near[high <= reach]
