"""Short round trips through points of which only costs are known. Leaves out the shortest one."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

__all__ = ["short_round_trip"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_GAIN = 1e-9  # part of the cost of two steps that an exchange must save, so that rounding never goes round in circles


def short_round_trip(*, n: int, costs: Callable[[int], Floats]) -> Ints:
    """An order of n points that makes a cheap round trip, shape (n,), point 0 first.

    Parameters
    ----------
    n : int
    costs : function
        Of a point: what a step to every point costs, shape (n,), the same both ways.

    Notes
    -----
    Nearest neighbour, then exchanges of two steps (2-opt) until none helps. Quadratic in n.

    References
    ----------
    G. A. Croes, Oper. Res. 6, 791 (1958).

    >>> square = np.array([0, 2j, 1, 1 + 2j])
    >>> short_round_trip(n=4, costs=lambda i: abs(square - square[i])).tolist()
    [0, 2, 3, 1]
    """
    tour, free = np.zeros(n, dtype=np.int64), np.ones(n, dtype=bool)
    for k in range(1, n):
        free[tour[k - 1]] = False
        tour[k] = np.argmin(np.where(free, costs(int(tour[k - 1])), np.inf))
    step = np.array([costs(int(a))[b] for a, b in zip(tour, np.roll(tour, -1), strict=True)])
    improved = n > 3
    while improved:
        improved = False
        for i in range(n - 2):
            now = step[i] + step[i + 2 :]
            first = costs(int(tour[i]))[tour[i + 2 :]]
            last = costs(int(tour[i + 1]))[np.roll(tour, -1)[i + 2 :]]
            saved = now - first - last
            k = int(np.argmax(saved))
            if saved[k] > _GAIN * now[k]:
                tour[i + 1 : i + 3 + k] = tour[i + 1 : i + 3 + k][::-1]
                step[i + 1 : i + 2 + k] = step[i + 1 : i + 2 + k][::-1]
                step[i], step[i + 2 + k] = first[k], last[k]
                improved = True
    return tour
