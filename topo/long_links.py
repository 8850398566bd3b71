"""Wiring patterns with long links: random regular graphs and small worlds, over the pairs that can be linked.

Random graphs are the wirings with the fewest hops for a number of terminals, so they show what line of sight costs.
Leaves out the search for a good wiring, which is in `optimize`.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .formation import Formation
from .patterns import nearest
from .ranges import check_pairs
from .wiring import Wiring, terminals_per_satellite

__all__ = ["random_regular", "small_world"]

Ints = NDArray[np.int64]

_ROUNDS = 50  # of repair, each of which pairs the satellites that lack a link anew


class _Growing:
    """Links that are being chosen: who may be linked, who is, and how many terminals everyone has left."""

    def __init__(self, candidates: Ints, left: Ints) -> None:
        self.left = left.copy()
        self.allowed: list[set[int]] = [set() for _ in left]
        self.linked: list[set[int]] = [set() for _ in left]
        for i, j in candidates.tolist():
            self.allowed[i].add(j)
            self.allowed[j].add(i)

    def add(self, i: int, j: int) -> None:
        self.linked[i].add(j)
        self.linked[j].add(i)
        self.left[[i, j]] -= 1

    def remove(self, i: int, j: int) -> None:
        self.linked[i].remove(j)
        self.linked[j].remove(i)
        self.left[[i, j]] += 1

    def lacking(self, rng: np.random.Generator) -> list[tuple[int, int]]:
        """Random pairs of satellites with a terminal left; a satellite with two may meet itself."""
        ends = rng.permutation(np.repeat(np.arange(self.left.size), self.left)).tolist()
        return list(zip(ends[::2], ends[1::2], strict=False))

    def repair(self, u: int, v: int, rng: np.random.Generator) -> bool:
        """Take a link (a, b) apart so that u gets a and v gets b; False if no link allows it."""
        for a in rng.permutation(sorted(self.allowed[u] - self.linked[u] - {v})).tolist():
            for b in rng.permutation(sorted(self.linked[a] & (self.allowed[v] - self.linked[v] - {u}))).tolist():
                self.remove(a, b)
                self.add(u, a)
                self.add(v, b)
                return True
        return False


def _random_links(candidates: Ints, left: Ints, rng: np.random.Generator) -> Ints:
    """Random candidates that use up the terminals left, each at most once, as pairs (k, 2)."""
    growing = _Growing(candidates, left)
    for i, j in rng.permutation(candidates).tolist():
        if growing.left[i] > 0 and growing.left[j] > 0:
            growing.add(i, j)
    for _ in range(_ROUNDS):
        for u, v in growing.lacking(rng):
            if growing.left[u] > 0 and growing.left[v] > (u == v):
                growing.repair(u, v, rng)
    pairs = [(i, j) for i, partners in enumerate(growing.linked) for j in sorted(partners) if i < j]
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)


def random_regular(*, n: int, terminals: ArrayLike, seed: int, candidates: ArrayLike | None = None) -> Wiring:
    """A random wiring that uses (nearly) all terminals, every allowed pair at most once.

    Parameters
    ----------
    n : int
        Satellites.
    terminals : int or (n,) int array
        Of each satellite.
    seed : int
        The same seed gives the same wiring.
    candidates : (k, 2) int array, optional
        Pairs that may be linked; all if not given.

    Notes
    -----
    Candidates in random order as long as both ends have a terminal left, then exchanges until no satellite, or at most
    an odd one, lacks a link. Near the rim a satellite with few candidates may stay short.

    >>> wiring = random_regular(n=20, terminals=4, seed=1)
    >>> wiring.degree(n=20).tolist() == [4] * 20
    True
    """
    limit = terminals_per_satellite(terminals=terminals, n=n)
    pairs = np.stack(np.triu_indices(n, 1), axis=-1) if candidates is None else check_pairs(candidates, n=n)
    links = _random_links(pairs, limit, np.random.default_rng(seed))
    return Wiring.from_pairs(name="random_regular", pairs=links)


def small_world(
    *, formation: Formation, candidates: ArrayLike, terminals: int, short_terminals: int, seed: int
) -> Wiring:
    """Short links to the nearest candidates, and random links with the terminals that are left.

    Parameters
    ----------
    formation : Formation
    candidates : (k, 2) int array
        For instance from `permanently_visible`.
    terminals : int
        Of each satellite.
    short_terminals : int
        How many of them are for nearest neighbours; the rim has some left over, which become long.
    seed : int

    References
    ----------
    D. J. Watts and S. H. Strogatz, Nature 393, 440 (1998).
    """
    if not 0 <= short_terminals <= terminals:
        raise ValueError(f"short_terminals={short_terminals}: need 0 to the {terminals} terminals there are")
    n = len(formation)
    pairs = check_pairs(candidates, n=n)
    short = nearest(formation=formation, candidates=pairs, terminals=short_terminals)
    code = np.sort(pairs, axis=1) @ np.array([n, 1])
    others = pairs[~np.isin(code, short.pairs @ np.array([n, 1]))]
    long = _random_links(others, terminals - short.demand(n=n), np.random.default_rng(seed))
    return Wiring.from_pairs(name="small_world", pairs=np.concatenate([short.pairs, long]))
