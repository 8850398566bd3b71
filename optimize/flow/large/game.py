"""Compiled game of paths against prices: who carries what on given paths, and which prices prove that no more goes.

The pairs choose shares of their paths, the other side prices of the resources that sum to one; it wins the load of the
resources at its prices. At the saddle point the greatest load is least. Primal-dual steps with restarts find it, and
both ends of the value at any time. Leaves out where paths come from: see `sparse`.

References
----------
A. Chambolle and T. Pock, J. Math. Imaging Vis. 40, 120 (2011): primal-dual steps.
D. Applegate et al., Adv. Neural Inf. Process. Syst. 34 (2021): restarts and steps of PDLP.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .oracle import compiled

__all__ = ["Table", "costs", "play"]

Floats = NDArray[np.float64]
Ints = NDArray[Any]

_CHECK = 20  # steps between two looks at both ends
_SOON, _LATE, _LONG = 0.2, 0.8, 0.36  # parts of how far both ends were apart, and of all steps, that ask for a restart


class Table(NamedTuple):
    """Paths, sorted by pairs.

    Parameters
    ----------
    group : (k + 1,) ints
        Paths of pair k are group[k] to group[k + 1].
    first : (paths + 1,) ints
        Where each path begins in `used`.
    used : ints
        Resources that the paths use.
    bits : (k,) array
        Of the pairs.
    gain, base : (resources,) arrays
        Use per bit, and use in any case, as shares.
    """

    group: Ints
    first: Ints
    used: Ints
    bits: Floats
    gain: Floats
    base: Floats


@compiled
def _onto_simplex(value: Floats, begin: int, end: int, level: float) -> float:
    """Nearest shares >= 0 that sum to one, in place: what is above a level, which Newton's method finds."""
    for _ in range(100):
        total, count = 0.0, 0
        for i in range(begin, end):
            if value[i] > level:
                total += value[i] - level
                count += 1
        if count == 0:
            level = value[begin:end].max() - 1.0
            continue
        step = (total - 1.0) / count
        level += step
        if abs(step) <= 1e-14 * (1.0 + abs(level)):
            break
    total = 0.0
    for i in range(begin, end):
        value[i] = max(value[i] - level, 0.0)
        total += value[i]
    for i in range(begin, end):
        value[i] /= total
    return level


@compiled
def costs(table: Table, prices: Floats, cost: Floats) -> None:
    """What each path costs its pair, into `cost`."""
    for k in range(table.bits.size):
        for p in range(table.group[k], table.group[k + 1]):
            total = 0.0
            for i in range(table.first[p], table.first[p + 1]):
                total += prices[table.used[i]] * table.gain[table.used[i]]
            cost[p] = total * table.bits[k]


@compiled
def _loads(table: Table, shares: Floats, load: Floats) -> None:
    for r in range(load.size):
        load[r] = 0.0
    for k in range(table.bits.size):
        for p in range(table.group[k], table.group[k + 1]):
            if shares[p] > 0.0:
                for i in range(table.first[p], table.first[p + 1]):
                    load[table.used[i]] += shares[p] * table.bits[k]
    for r in range(load.size):
        load[r] = load[r] * table.gain[r] + table.base[r]


@compiled
def _least(table: Table, prices: Floats, cost: Floats) -> float:
    """What all pairs pay at least on the paths there are."""
    total = 0.0
    for r in range(prices.size):
        total += prices[r] * table.base[r]
    for k in range(table.bits.size):
        total += cost[table.group[k] : table.group[k + 1]].min()
    return total


@compiled
def _step(
    table: Table, x: Floats, y: Floats, cost: Floats, load: Floats, step: float, weight: float, level: float,
    x_new: Floats, y_new: Floats, load_new: Floats,
) -> tuple[float, float]:  # fmt: skip
    """One step of both sides; the longest step that would have been right, and the level of the prices."""
    for p in range(x.size):
        x_new[p] = x[p] - step / weight * cost[p]
    for k in range(table.bits.size):
        begin, end = table.group[k], table.group[k + 1]
        _onto_simplex(x_new, begin, end, (x_new[begin:end].sum() - 1.0) / (end - begin))
    _loads(table, x_new, load_new)
    for r in range(y.size):
        y_new[r] = y[r] + step * weight * (2.0 * load_new[r] - load[r])
    level = _onto_simplex(y_new, 0, y.size, level)
    moved, crossed = 0.0, 0.0
    for p in range(x.size):
        moved += weight * (x_new[p] - x[p]) ** 2
    for r in range(y.size):
        moved += (y_new[r] - y[r]) ** 2 / weight
        crossed += (y_new[r] - y[r]) * (load_new[r] - load[r])
    return (moved / (2.0 * abs(crossed)) if crossed != 0.0 else np.inf), level


@compiled
def play(table: Table, x: Floats, y: Floats, state: Floats, steps: int, rtol: float) -> tuple[float, Floats, Floats]:
    """Improve shares and prices; the best greatest load, its shares, and the prices that pay best.

    Parameters
    ----------
    table : Table
    x, y : (paths,), (resources,) arrays
        Shares and prices to begin with; used up.
    state : (3,) array
        Step, weight of the shares and level of the prices, to begin with and at the end.
    steps : int
        At most.
    rtol : float
        Relative width of both ends, on the paths there are, at which to stop.
    """
    step, weight, level = state
    cost, cost_new, cost_sum = np.empty(x.size), np.empty(x.size), np.zeros(x.size)
    load, load_new, load_sum = np.empty(y.size), np.empty(y.size), np.zeros(y.size)
    x_new, y_new, x_sum, y_sum = np.empty(x.size), np.empty(y.size), np.zeros(x.size), np.zeros(y.size)
    costs(table, y, cost)
    _loads(table, x, load)
    x_start, y_start, best_x, best_y = x.copy(), y.copy(), x.copy(), y.copy()
    best_up, best_low = load.max(), _least(table, y, cost)
    begun = before = best_up - best_low
    weights, since = 0.0, 0
    for n in range(1, steps + 1):
        since += 1
        while True:
            longest, level = _step(table, x, y, cost, load, step, weight, level, x_new, y_new, load_new)
            taken = step
            step = min((1.0 - (n + 1.0) ** -0.3) * longest, (1.0 + (n + 1.0) ** -0.6) * step)
            if taken <= longest:
                break
        costs(table, y_new, cost_new)
        x, x_new, y, y_new = x_new, x, y_new, y
        cost, cost_new, load, load_new = cost_new, cost, load_new, load
        weights += taken
        x_sum += taken * x
        y_sum += taken * y
        cost_sum += taken * cost
        load_sum += taken * load
        if n % _CHECK > 0:
            continue
        up, low = load.max(), _least(table, y, cost)
        mean_up, mean_low = load_sum.max() / weights, _least(table, y_sum / weights, cost_sum / weights)
        if min(up, mean_up) < best_up:
            best_up = min(up, mean_up)
            best_x = x.copy() if up <= mean_up else x_sum / weights
        if max(low, mean_low) > best_low:
            best_low = max(low, mean_low)
            best_y = y.copy() if low >= mean_low else y_sum / weights
        if best_up <= best_low * (1.0 + rtol):
            break
        apart = min(up - low, mean_up - mean_low)
        if apart <= _SOON * begun or before < apart <= _LATE * begun or since > _LONG * n:
            if mean_up - mean_low < up - low:
                x, y, cost, load = x_sum / weights, y_sum / weights, cost_sum / weights, load_sum / weights
            dx, dy = np.sqrt(np.sum((x - x_start) ** 2)), np.sqrt(np.sum((y - y_start) ** 2))
            if dx > 1e-10 and dy > 1e-10:
                weight = np.sqrt(weight * dy / dx)
            x_start, y_start, begun, since, weights = x.copy(), y.copy(), apart, 0, 0.0
            x_sum[:], y_sum[:], cost_sum[:], load_sum[:] = 0.0, 0.0, 0.0, 0.0
        before = apart
    state[:] = np.array([step, weight, level])
    return best_up, best_x, best_y
