"""Wiring patterns with short links or a fixed shape: nearest neighbours, rings, tori in any number of dimensions.

Every pattern spends one terminal a link and keeps to the candidates it is given, usually the pairs that always see each
other. Leaves out what a pattern is worth: that is for `optimize`.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .formation import Formation
from .ranges import check_pairs, range_extremes_m
from .tours import short_round_trip
from .wiring import Wiring, terminals_per_satellite

__all__ = ["nearest", "ring", "short_tour", "torus"]

Ints = NDArray[np.int64]


def nearest(*, formation: Formation, candidates: ArrayLike, terminals: ArrayLike) -> Wiring:
    """The shortest candidates first, as long as both satellites have a terminal left.

    Parameters
    ----------
    formation : Formation
    candidates : (k, 2) int array
        For instance from `neighbours_within` or `permanently_visible`.
    terminals : int or (n,) int array
        Of each satellite.

    Notes
    -----
    Short means the greatest range over an orbit; among equals, the pair that comes first in the candidates.

    >>> from topo.formation import suncatcher_lattice
    >>> from topo.orbit import Orbit
    >>> from topo.ranges import neighbours_within
    >>> formation = suncatcher_lattice(orbit=Orbit(altitude_m=650e3), pitch_m=100.0, radius_m=1000.0)
    >>> near = neighbours_within(formation=formation, reach_m=283.0)
    >>> len(nearest(formation=formation, candidates=near, terminals=8))
    272
    """
    pairs = check_pairs(candidates, n=len(formation))
    left = terminals_per_satellite(terminals=terminals, n=len(formation)).copy()
    _, high = range_extremes_m(formation=formation, pairs=pairs)
    chosen = []
    for i, j in pairs[np.argsort(np.round(high, 6), kind="stable")].tolist():
        if left[i] > 0 and left[j] > 0:
            left[i] -= 1
            left[j] -= 1
            chosen.append((i, j))
    return Wiring.from_pairs(name="nearest", pairs=chosen)


def short_tour(*, formation: Formation) -> Ints:
    """An order of the satellites that makes a short ring, shape (n,).

    Notes
    -----
    See `tours`; lengths are root-mean-square ranges over an orbit. Not the shortest ring, and not aware of sight lines.
    """
    points = formation.coefficients_m * np.sqrt([2.5, 2.5, 1.0, 0.5, 0.5])  # where the rms range is Euclidean
    return short_round_trip(n=len(formation), costs=lambda i: np.linalg.norm(points - points[i], axis=1))


def torus(*, dimensions: Sequence[int], order: ArrayLike | None = None, folded: bool = False) -> Wiring:
    """A torus in any number of dimensions; a ring is the one in one dimension, a hypercube has all dimensions 2.

    Parameters
    ----------
    dimensions : sequence of int
        Sizes; their product is the number of satellites.
    order : (n,) int array, optional
        The satellite at each place, places counted with the last dimension fastest; that of the formation if not given.
    folded : bool
        Lay every dimension out as 0, 2, 4, ..., 5, 3, 1, so that no link is longer than two places. In a planar lattice
        a link over two places runs through the satellite between: check it with `require_visible`.

    Notes
    -----
    A dimension of size 2 would link the same pair twice and links it once.

    >>> print(torus(dimensions=(4, 4, 4)))
    torus 4x4x4: 192 links, 192 terminal pairs
    """
    sizes = [int(size) for size in dimensions]
    if not sizes or min(sizes) < 1:
        raise ValueError(f"dimensions={tuple(dimensions)}: need sizes of at least 1")
    n = math.prod(sizes)
    place = np.arange(n) if order is None else np.asarray(order)
    if place.shape != (n,) or not np.array_equal(np.sort(place), np.arange(n)):
        raise ValueError(f"order of shape {place.shape}: need each of the {n} satellites of a {sizes} torus once")
    grid = place.astype(np.int64).reshape(sizes)
    if folded:
        for axis, size in enumerate(sizes):
            logical = np.arange(size)
            grid = np.take(grid, np.minimum(2 * logical, 2 * (size - 1 - logical) + 1), axis=axis)
    links = []
    for axis, size in enumerate(sizes):
        if size > 1:
            ahead = np.roll(grid, -1, axis=axis)
            both = np.stack([grid, ahead], axis=-1)
            links.append(np.take(both, [0], axis=axis).reshape(-1, 2) if size == 2 else both.reshape(-1, 2))
    pairs = np.concatenate(links) if links else np.zeros((0, 2), dtype=np.int64)
    return Wiring.from_pairs(name="torus " + "x".join(map(str, sizes)), pairs=pairs)


def ring(*, order: ArrayLike) -> Wiring:
    """A ring through the satellites in the given order.

    >>> print(ring(order=range(6)))
    ring: 6 links, 6 terminal pairs
    """
    satellites = np.asarray(order)
    if satellites.ndim != 1 or satellites.size < 3 or np.unique(satellites).size != satellites.size:
        raise ValueError(f"order of shape {satellites.shape}: need at least 3 satellites, each once")
    return Wiring.from_pairs(name="ring", pairs=np.stack([satellites, np.roll(satellites, -1)], axis=-1))
