"""Whom the satellites of a formation could be linked with, and what a terminal then carries: the freedom of a wiring.

Leaves out interference between links and the light of the sky, which only take from the rates given here.
"""

import warnings
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from links.frozen import FrozenArrays
from links.model import LinkModel, ValidityWarning
from optimize.flow.limits import Limits
from optimize.flow.throughput import max_throughput
from optimize.flow.traffic import all_to_all
from topo.fabric import Fabric
from topo.formation import Formation
from topo.ranges import range_extremes_m
from topo.visibility import permanently_visible

from .wirings import WiringBound, wiring_bound

__all__ = ["Sight", "fractional_terminals", "sight", "sight_bound"]

Floats = NDArray[np.float64]

_RANGES = 2048  # at which the link is asked what it carries
_MOST_SATELLITES = 512  # whose pairs are looked at one by one: a second
_MOST_FLOWS = 2**12  # of the linear program over fractions of terminals: a second


@dataclass(frozen=True, kw_only=True, eq=False)
class Sight(FrozenArrays):
    """Pairs that may be linked for good, and what one terminal carries.

    Parameters
    ----------
    pairs : (k, 2) ints or None
        Never blocked and never out of reach; None where there are too many satellites to look at every pair.
    pair_bps : (k,) array or None
        The most over the orbit, one direction. [bit/s]
    terminal_bps : float
        The most at any range that occurs. [bit/s]
    ceiling_bps : float or None
        What physics lets the apertures of one terminal carry at the closest approach; None where the link model has
        no answer. [bit/s]
    reach_m : float
        No link is longer; infinite if all close. [m]
    positions_m : (n, 3) array
        At the epoch. [m]
    """

    pairs: NDArray[np.int64] | None
    pair_bps: Floats | None
    terminal_bps: float
    ceiling_bps: float | None
    reach_m: float
    positions_m: Floats


def sight(*, formation: Formation, link: LinkModel, body_radius_m: float, epochs: int) -> Sight:
    """Which pairs of a formation may be linked, and what a terminal then carries.

    Parameters
    ----------
    formation : Formation
    link : LinkModel
        Between any two.
    body_radius_m : float
        Of every satellite; 0 blocks nothing. [m]
    epochs : int
        Equal steps of the orbit at which sight lines are looked at; fewer only let more pairs through.

    Notes
    -----
    The link is asked at 2048 ranges from the closest approach to the diameter of the formation, a few thousandths
    apart. A pair is credited with the most that the link carries at its closest approach, or at any longer range: so
    the answer is an upper end for links whose rate falls with range, and for links whose receivers overload when near.
    The physical ceiling is `LinkModel.limit_bps` at the closest approach of any two satellites; for apertures it is the
    Holevo capacity over all spatial modes they share, about A_t A_r / (lambda d)^2 of them in each polarisation.

    References
    ----------
    V. Giovannetti et al., Phys. Rev. Lett. 92, 027902 (2004), capacity of a lossy mode; D. A. B. Miller, Appl. Opt. 39,
    1681 (2000), number of modes.
    """
    nearest = formation.closest_approach_m()
    farthest = max(2.0 * formation.radius_m(), nearest)
    ranges = np.geomspace(nearest * (1.0 - 1e-9), farthest * (1.0 + 1e-9), _RANGES)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ValidityWarning)  # a model outside its range may only promise too much here
        rate = np.asarray(link.at(range_m=ranges).rate_bps, dtype=float)
    most = np.maximum.accumulate(rate[::-1])[::-1]
    closing = np.flatnonzero(most > 0)
    if not closing.size:
        raise ValueError(f"the {link.medium} link carries nothing from {nearest:g} to {farthest:g} m; use another")
    last = int(closing[-1])
    reach = float(ranges[last + 1]) if last + 1 < ranges.size else np.inf
    pairs, pair_bps = None, None
    if len(formation) <= _MOST_SATELLITES:
        pairs = _unblocked(formation, body_radius_m, epochs)
        low, high = range_extremes_m(formation=formation, pairs=pairs)
        pairs, low = pairs[high <= reach], low[high <= reach]
        pair_bps = most[np.clip(np.searchsorted(ranges, low, side="right") - 1, 0, last)]
    return Sight(
        pairs=pairs, pair_bps=pair_bps, terminal_bps=float(most[0]), ceiling_bps=_ceiling_bps(link, nearest),
        reach_m=reach, positions_m=formation.positions_m(time_s=0.0)[0],
    )  # fmt: skip


def _unblocked(formation: Formation, body_radius_m: float, epochs: int) -> NDArray[np.int64]:
    if body_radius_m == 0.0:
        return np.stack(np.triu_indices(len(formation), k=1), axis=-1).astype(np.int64)
    return permanently_visible(formation=formation, body_radius_m=body_radius_m, epochs=epochs)


def _ceiling_bps(link: LinkModel, range_m: float) -> float | None:
    try:
        return float(link.limit_bps(range_m=range_m))
    except ValueError:  # a published terminal: aperture, band and power are not known together
        return None


def fractional_terminals(
    *, fabric: Fabric, pairs: ArrayLike, pair_bps: ArrayLike, terminals: ArrayLike
) -> tuple[Fabric, Limits]:
    """The fabric in which every pair is linked by any fraction of terminals, and the limits on their number.

    Parameters
    ----------
    fabric : Fabric
        Gives the nodes with their hosts and switches; its arcs are left out.
    pairs, pair_bps : (k, 2) ints, (k,) array
        Who may be linked, and what one terminal then carries, one direction. [bit/s]
    terminals : int or (n,) ints
        Of each node.

    Notes
    -----
    `max_throughput(fabric=..., traffic=..., limits=...)` of the two is an upper end for every wiring over these pairs:
    whole terminals are a special case.
    """
    ends, rate = np.asarray(pairs, dtype=np.int64).reshape(-1, 2), np.asarray(pair_bps, dtype=float)
    n, k = fabric.n_nodes, len(ends)
    have = np.broadcast_to(np.asarray(terminals), (n,)).astype(float)
    both = np.concatenate([ends, ends[:, ::-1]])
    free = np.zeros(2 * k)
    whole = replace(
        fabric, name=f"{fabric.name}, any wiring", tail=both[:, 0], head=both[:, 1],
        capacity_bps=np.tile(rate * have[ends].min(axis=1), 2), latency_s=free, latency_low_s=free, power_w=free,
        range_m=free, availability=np.ones(2 * k), terminals=np.ones(2 * k, dtype=np.int64),
        medium=np.full(2 * k, "any"),
    )  # fmt: skip
    link = whole.link_of_arc[:k]
    use = sparse.csr_array((np.tile(1.0 / rate, 2), (ends.T.ravel(), np.tile(link, 2))), shape=(n, k))
    names = tuple(f"terminals of {label}" for label in fabric.labels)
    return whole, Limits(names=names, supply=have, use=use)


def sight_bound(*, fabric: Fabric, seen: Sight, terminals: ArrayLike, rtol: float = 1e-6) -> WiringBound:
    """Rounds of all_to_all per second that no wiring of these terminals in sight of each other can exceed. [1/s]

    Parameters
    ----------
    fabric : Fabric
        Gives the nodes.
    seen : Sight
    terminals : int or (n,) ints
    rtol : float
        Width asked of the linear program.

    Notes
    -----
    The least of `wiring_bound` and, where it is a matter of a second, the linear program over fractions of terminals,
    whose upper end is recomputed from its prices.
    """
    places = seen.positions_m if seen.pairs is None else None
    best = wiring_bound(gpus=fabric.gpus, terminals=terminals, terminal_bps=seen.terminal_bps, pairs=seen.pairs,
                        pair_bps=seen.pair_bps, positions_m=places, reach_m=seen.reach_m)  # fmt: skip
    if seen.pairs is None or seen.pair_bps is None or 2 * len(seen.pairs) * fabric.n_nodes > _MOST_FLOWS:
        return best
    whole, limits = fractional_terminals(fabric=fabric, pairs=seen.pairs, pair_bps=seen.pair_bps, terminals=terminals)
    answer = max_throughput(fabric=whole, traffic=all_to_all(fabric=whole), limits=limits, rtol=rtol)
    fractions = WiringBound(per_s=answer.upper_per_s, how="linear program over fractions of terminals in sight")
    return min(best, fractions, key=lambda bound: bound.per_s)
