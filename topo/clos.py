"""A Clos network mapped onto satellites: some become switches, links run between neighbouring tiers along sight lines.

The shape is VL2's: every compute satellite has two uplinks, every switch uses half its terminals up and half down, the
top tier all of them down. Leaves out routing, and placements that a search over roles would find.
"""

import itertools

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import maximum_flow

from .ranges import check_pairs
from .wiring import Wiring

__all__ = ["clos", "clos_compute_fraction", "clos_tiers"]

Ints = NDArray[np.int64]

_UPLINKS = 2  # of a compute satellite, VL2
_TRIES = 30  # random choices of roles before giving up


def _check(terminals: int, layers: int) -> None:
    if layers < 3:
        raise ValueError(f"layers={layers}: need at least 3, compute, aggregation and intermediate")
    if terminals < 4 or terminals % 2:
        raise ValueError(f"terminals={terminals}: need an even number of at least 4, half up and half down")


def clos_compute_fraction(*, terminals: int, layers: int) -> float:
    """Part of the satellites that compute, the others being switches: k / (k + 4 L - 6). [-]

    Parameters
    ----------
    terminals : int
        k, of a switch.
    layers : int
        L, the compute satellites included.

    Notes
    -----
    N compute satellites with two uplinks need 4 N / k switches in each tier with k/2 ports down and k/2 up, and half as
    many on top.

    References
    ----------
    J. Penot and H. Balakrishnan, arXiv:2605.15335 (2026). A. Greenberg et al., VL2, SIGCOMM (2009).

    >>> clos_compute_fraction(terminals=10, layers=3)
    0.625
    """
    _check(terminals, layers)
    return terminals / (terminals + 4.0 * layers - 6.0)


def clos_tiers(*, n: int, terminals: int, layers: int = 3) -> tuple[int, ...]:
    """Satellites in each tier of the Clos network with most compute satellites, compute first.

    >>> clos_tiers(n=40, terminals=10)
    (25, 10, 5)
    """
    _check(terminals, layers)
    for compute in range(int(n * clos_compute_fraction(terminals=terminals, layers=layers)), 0, -1):
        middle = -(-2 * _UPLINKS * compute // terminals)
        top = n - compute - (layers - 2) * middle
        if top >= -(-middle // 2) and middle >= _UPLINKS and top >= terminals // 2:
            return (compute, *[middle] * (layers - 2), top)
    raise ValueError(f"n={n}: too few satellites for {layers} layers of {terminals} terminals; use fewer terminals")


def _between(lower: Ints, upper: Ints, up: int, down: int, adjacency: NDArray[np.bool_]) -> Ints | None:
    """Links that give each of `lower` exactly `up` partners in `upper` and these at most `down`; None if impossible."""
    a, b = lower.size, upper.size
    source, sink = a + b, a + b + 1
    i, j = np.nonzero(adjacency[np.ix_(lower, upper)])
    tail = np.concatenate([np.full(a, source), i, a + np.arange(b)])
    head = np.concatenate([np.arange(a), a + j, np.full(b, sink)])
    room = np.concatenate([np.full(a, up), np.ones(i.size, dtype=int), np.full(b, down)])
    graph = coo_array((room.astype(np.int32), (tail, head)), shape=(sink + 1, sink + 1)).tocsr()
    flow = maximum_flow(graph, source, sink)
    if flow.flow_value < a * up:
        return None
    used = flow.flow[:a, a : a + b].tocoo()
    keep = used.data > 0
    return np.stack([lower[used.row[keep]], upper[used.col[keep]]], axis=-1).astype(np.int64)


def _roles(adjacency: NDArray[np.bool_], tiers: tuple[int, ...], luck: NDArray[np.float64]) -> list[Ints]:
    """Satellites of each tier, compute first, in random order; `luck` is in units of the best satellite's merit."""
    free = np.ones(len(adjacency), dtype=bool)
    above = free
    groups = []
    for size, chance in zip(tiers[::-1], luck, strict=True):
        merit = adjacency[:, above].sum(axis=1)
        merit = np.where(free, merit + chance * merit.max(), -1.0)
        group = np.argsort(-merit, kind="stable")[:size]
        groups.append(group[np.argsort(chance[group])])
        free = free.copy()
        free[group] = False
        above = np.isin(np.arange(len(adjacency)), group)
    return groups[::-1]


def clos(
    *, n: int, terminals: int, seed: int, layers: int = 3, candidates: ArrayLike | None = None
) -> tuple[Wiring, Ints]:
    """A Clos network on the satellites, and the tier of each: 0 computes, the others are switches without GPUs.

    Parameters
    ----------
    n : int
        Satellites.
    terminals : int
        Of a switch; even.
    seed : int
        For the choice of roles.
    layers : int
        Compute satellites included, at least 3.
    candidates : (k, 2) int array, optional
        Pairs that may be linked, for instance from `permanently_visible`; all if not given.

    Returns
    -------
    wiring : Wiring
    tier : (n,) int array

    Notes
    -----
    The top tier are the satellites with most candidates, each lower tier of switches those with most candidates in the
    tier above, with some luck added. Once roles are given, whether the links exist is a maximum flow between
    neighbouring tiers, which is exact. Holds an n x n table of who sees whom.

    >>> wiring, tier = clos(n=40, terminals=10, seed=0)
    >>> len(wiring), np.bincount(tier).tolist()  # 2 x 25 and 10 x 5
    (100, [25, 10, 5])
    """
    tiers = clos_tiers(n=n, terminals=terminals, layers=layers)
    adjacency = np.ones((n, n), dtype=bool)
    if candidates is not None:
        i, j = check_pairs(candidates, n=n).T
        adjacency[:] = False
        adjacency[i, j] = adjacency[j, i] = True
    np.fill_diagonal(adjacency, False)
    rng = np.random.default_rng(seed)
    half = terminals // 2
    failed = "the tiers fall apart"
    for attempt in range(_TRIES):
        groups = _roles(adjacency, tiers, rng.random((len(tiers), n)) * attempt / _TRIES)
        links: list[Ints] = []
        for level, (lower, upper) in enumerate(itertools.pairwise(groups)):
            up = half if level else _UPLINKS
            down = terminals if level == layers - 2 else half
            even = min(down, -(-lower.size * up // upper.size))
            found = _between(lower, upper, up, even, adjacency)
            found = _between(lower, upper, up, down, adjacency) if found is None else found
            if found is None:
                failed = f"tier {level + 1} gets too few links"
                break
            links.append(found)
        else:
            wiring = Wiring.from_pairs(name=f"clos of {layers} layers", pairs=np.concatenate(links))
            if wiring.is_connected(n=n):
                return wiring, np.argmax([np.isin(np.arange(n), group) for group in groups], axis=0)
    raise ValueError(
        f"clos: no placement of tiers {tiers} found in {_TRIES} tries: {failed} along the {int(adjacency.sum()) // 2} "
        "candidates; use fewer terminals, smaller bodies or another seed"
    )
