"""Trees that carry a collective, written down: a packing, what it achieves, and prices that no packing can beat.

Column generation on the linear program over all trees. Leaves out latency: trees are pipelined, messages large.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import linprog

from links.frozen import FrozenArrays
from optimize.flow.problem import NotSolvedError
from optimize.flow.routing import CertificateError

from .expansion import Expansion
from .trees import Tree, arborescence, least_paths, spanning_tree, steiner_tree

__all__ = ["Packing", "Task", "pack", "price_rate_bps"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_ROUNDING = 1e-9  # shares that differ by less are the same
_TREES_PER_ENDPOINT = 3  # before the first linear program; more make it slower, fewer leave it more to add
_STEEPNESS = 20.0  # logarithm of how much dearer the fullest limit then is than an empty one
_BATCH = 8  # trees between two linear programs ...
_DEARER = 0.3  # ... each at prices that are this much higher, in the logarithm, on the tree before it
_SMOOTHING = 0.5  # weight of the best prices so far against the newest, which jump


@dataclass(frozen=True, kw_only=True, eq=False)
class Task(FrozenArrays):
    """What the trees have to do.

    Parameters
    ----------
    share : (k,) array, or None
        Part of the data that each endpoint is the root of; None: the packing may choose.
    down, up : bool
        Trees that broadcast from the root; trees that gather at it. With both, one of each for every bit.
    in_network : bool
        Switches may combine and copy. The packing is then a heuristic's, of symmetric expansions, free roots, and both
        ways, and no price bound is known.
    """

    share: Floats | None
    down: bool
    up: bool
    in_network: bool = False


@dataclass(frozen=True, kw_only=True, eq=False)
class Packing(FrozenArrays):
    """Trees with the part of the data that each carries.

    Parameters
    ----------
    down, up : tuples of Tree
        Those that broadcast, and those that gather, the latter over the reversed expansion.
    down_share, up_share : arrays
        Parts of the data, each summing to 1 where there are any.
    """

    down: tuple[Tree, ...]
    up: tuple[Tree, ...]
    down_share: Floats
    up_share: Floats

    def rate_bps(self, *, expansion: Expansion, task: Task) -> float:
        """Rate at which the trees do the task, recomputed; `CertificateError` if they do something else. [bit/s]"""
        load = np.zeros(expansion.n_arcs)
        roots = []
        for trees, share, graph, wanted in (
            (self.down, self.down_share, expansion, task.down),
            (self.up, self.up_share, expansion.reversed(), task.up),
        ):
            whole = float(share.sum())
            if share.shape != (len(trees),) or (share < 0).any() or abs(whole - int(wanted)) > _ROUNDING:
                raise CertificateError(f"trees carry {whole:.9g} of the data, not {int(wanted)}, or less than nothing")
            for tree, part in zip(trees, share, strict=True):
                _check_tree(graph, tree, task.in_network)
                load += part * tree.load()
            if wanted:
                roots.append(np.bincount([tree.root for tree in trees], weights=share, minlength=expansion.n))
        given = (
            [] if task.share is None else [np.bincount(expansion.endpoint, weights=task.share, minlength=expansion.n)]
        )
        if not all(np.allclose(at, roots[0], rtol=0.0, atol=_ROUNDING) for at in (*roots, *given)):
            raise CertificateError("the roots hold other shares than the task gives them, or gather what others spread")
        use = load[expansion.limit_arc] + expansion.limit_own
        busy = use > 0
        return float((expansion.limit_bps[busy] / use[busy]).min())


def _check_tree(expansion: Expansion, tree: Tree, in_network: bool) -> None:
    """`CertificateError` unless the tree joins all endpoints to its root by real paths, branching where it may."""
    n, rows = expansion.n, np.arange(tree.child.size)
    meant, went = np.zeros((rows.size, n)), np.zeros((rows.size, n))
    np.add.at(meant, (rows, tree.child), 1.0)
    np.subtract.at(meant, (rows, tree.parent), 1.0)
    step = sparse.coo_array(tree.path)
    np.add.at(went, (step.row, expansion.head[step.col]), step.data)
    np.subtract.at(went, (step.row, expansion.tail[step.col]), step.data)
    if (step.data != 1.0).any() or not np.array_equal(meant, went):
        raise CertificateError("a tree's arcs do not lead from parent to child")
    if not in_network and not np.isin([tree.root, *tree.parent], expansion.endpoint).all():
        raise CertificateError("a tree branches, or starts, at a switch that cannot copy")
    above = np.full(n, -1)
    above[tree.child] = tree.parent
    above[tree.root] = tree.root
    for _ in range(n.bit_length()):  # twice as many steps up each time
        above = np.where(above >= 0, above[above], -1)
    if np.unique(tree.child).size != tree.child.size or (above[expansion.endpoint] != tree.root).any():
        raise CertificateError("a tree does not join every endpoint to its root")


def price_rate_bps(*, expansion: Expansion, task: Task, price: Floats) -> float:
    """Rate that no packing of trees exceeds, by any prices >= 0 of the limits. [bit/s]

    Parameters
    ----------
    expansion : Expansion
    task : Task
        Without in-network computing.
    price : (r,) array
        Of one bit/s of each limit.

    Notes
    -----
    Rate <= (limits . prices) / (what one bit/s pays): the least-cost trees that do the task, plus what the nodes take
    of their own ports. Linear-programming duality, with least-cost arborescences as the oracle.
    """
    return _priced(expansion, task, price)[0]


def _priced(expansion: Expansion, task: Task, price: Floats) -> tuple[float, list[Tree], list[Tree]]:
    """The bound by these prices [bit/s], and the trees that they make cheapest."""
    price = price / float(price.max())  # only ratios matter, and graph routines take tiny costs for none
    worth, pay = float(price @ expansion.limit_bps), float(price @ expansion.limit_own)
    cost: Floats = np.bincount(expansion.limit_arc, weights=price, minlength=expansion.n_arcs).astype(float)
    alike = _is_alike(expansion, task)
    if alike:
        cost = (cost + cost[expansion.reverse_arc()]) / 2.0  # as good a bound, and one tree serves both ways
    paths = least_paths(expansion=expansion, cost=cost)
    if not np.isfinite(paths.cost).all():
        raise ValueError("some GPUs cannot reach each other; link them first")
    if alike:
        if task.in_network:
            bound, tree = np.inf, steiner_tree(expansion=expansion, paths=paths)
        else:
            each, tree = spanning_tree(expansion=expansion, paths=paths)
            bound = worth / (2.0 * each + pay)
        back = sparse.csr_array(tree.path[:, expansion.reverse_arc()])
        return bound, [tree], [Tree(root=tree.root, child=tree.child, parent=tree.parent, path=back)]
    roots = [r for r in range(expansion.endpoint.size) if task.share is None or task.share[r] > 0]
    each_root = np.zeros(len(roots))
    trees: list[list[Tree]] = [[], []]
    for side, graph, wanted in ((0, expansion, task.down), (1, expansion.reversed(), task.up)):
        if wanted:
            way = least_paths(expansion=graph, cost=cost) if side else paths
            costs, found = zip(*(arborescence(expansion=graph, paths=way, root=r) for r in roots), strict=True)
            each_root += costs
            trees[side] += found
    pay += float(each_root.min() if task.share is None else each_root @ task.share[roots])
    return worth / pay if pay > 0 else np.inf, trees[0], trees[1]


def _is_alike(expansion: Expansion, task: Task) -> bool:
    """Whether one tree serves both ways: roots are free, and directions alike."""
    return task.share is None and task.up and task.down and expansion.is_symmetric()


class _Master:
    """The linear program over the trees found so far: greatest rate at which their loads fit the limits."""

    def __init__(self, expansion: Expansion, task: Task) -> None:
        self.expansion, self.task = expansion, task
        self.alike = _is_alike(expansion, task)
        self.unit_bps = float(expansion.limit_bps.max())
        self.trees: tuple[list[Tree], list[Tree]] = ([], [])
        self.loads: tuple[list[Floats], list[Floats]] = ([], [])
        self.known: set[bytes] = set()
        self.upper_bps = np.inf
        self.best_price = 1.0 / expansion.limit_bps

    def ask(self, price: Floats) -> tuple[int, Floats]:
        """Take in the cheapest trees and the bound of these prices; how many trees are new, and the load of all. [-]"""
        bound, *sides = _priced(self.expansion, self.task, price)
        if bound < self.upper_bps:
            self.upper_bps, self.best_price = bound, price
        before = len(self.known)
        total = np.zeros(self.expansion.limit_arc.size)
        for side, found in enumerate(sides):
            for tree in found:
                load = tree.load()
                total += load[self.expansion.limit_arc]
                key = bytes((side,)) + np.append(tree.root, load).tobytes()
                if key not in self.known:
                    self.known.add(key)
                    self.trees[side].append(tree)
                    self.loads[side].append(load[self.expansion.limit_arc])
        return len(self.known) - before, total

    def solve(self) -> tuple[Packing, Floats]:
        """The best packing of the trees, and prices of the limits."""
        graph = self.expansion
        number = np.full(graph.n, -1)
        number[graph.endpoint] = np.arange(graph.endpoint.size)
        roots = [number[[tree.root for tree in trees]] for trees in self.trees]
        loads, equal = self._pairs() if self.alike else self._sides(roots)
        # Columns: shares of the trees, of the roots where they are free, and the rate.
        free = np.zeros((len(loads), equal.shape[1] - loads.shape[1] - 1))
        gain = np.zeros(equal.shape[1])
        gain[-1] = -1.0
        found = linprog(
            gain, A_ub=np.hstack([loads, free, graph.limit_own[:, None]]), b_ub=graph.limit_bps / self.unit_bps,
            A_eq=equal, b_eq=np.zeros(len(equal)), method="highs-ds",
        )  # fmt: skip
        if found.x is None or found.status != 0 or not found.x[-1] > 0:
            raise NotSolvedError(f"packing of {loads.shape[1]} trees: {found.message}")
        size = np.maximum(found.x[: loads.shape[1]], 0.0)
        sizes = [size, size] if self.alike else np.split(size, [roots[0].size])
        return self._exact(roots, sizes), np.maximum(-found.ineqlin.marginals, 0.0)

    def _pairs(self) -> tuple[Floats, Floats]:
        """Loads of every tree used both ways, and the equation that their shares sum to the rate."""
        loads = (np.array(self.loads[0]) + np.array(self.loads[1])).T
        return loads, np.append(np.ones(loads.shape[1]), -1.0)[None, :]

    def _sides(self, roots: Sequence[Ints]) -> tuple[Floats, Floats]:
        """Loads of all trees, and the equations that say what every root holds."""
        share, k = self.task.share, self.expansion.endpoint.size
        loads = np.array([*self.loads[0], *self.loads[1]]).T
        held = -np.eye(k, k + 1) if share is None else -share[:, None]
        rows = []
        for side, root in enumerate(roots):
            if root.size:
                parts = [np.zeros((k, other.size)) for other in roots]
                parts[side][root, np.arange(root.size)] = 1.0
                rows.append(np.hstack([*parts, held]))
        if share is None:
            rows.append(np.concatenate([np.zeros(loads.shape[1]), np.ones(k), [-1.0]])[None, :])
        return loads, np.vstack(rows)

    def _exact(self, roots: Sequence[Ints], sizes: Sequence[Floats]) -> Packing:
        """Packing whose roots hold exactly what the task says, from a solver's nearly exact sizes."""
        k = self.expansion.endpoint.size
        held = [np.bincount(root, weights=size, minlength=k) for root, size in zip(roots, sizes, strict=True)]
        target = self.task.share
        if target is None:
            target = np.minimum(*held) / np.minimum(*held).sum()
        shares, trees = [], []
        for side in (0, 1):
            with np.errstate(divide="ignore", invalid="ignore"):
                share = sizes[side] * np.where(held[side] > 0, target / held[side], 0.0)[roots[side]]
            used = np.flatnonzero(share)
            shares.append(share[used])
            trees.append(tuple(self.trees[side][i] for i in used))
        return Packing(down=trees[0], up=trees[1], down_share=shares[0], up_share=shares[1])


def pack(
    *, expansion: Expansion, task: Task, enough_bps: float = np.inf, rtol: float = 1e-6, rounds: int = 400
) -> tuple[Packing, float]:
    """A packing of trees for the task, as good as found, and the least bound on any packing that came up. [bit/s]

    Parameters
    ----------
    expansion : Expansion
    task : Task
    enough_bps : float
        A bound known already; the search ends when it is reached.
    rtol : float
        Width at which the search ends.
    rounds : int
        Linear programs at most.

    Notes
    -----
    First, trees that are cheapest under prices which rise exponentially with the load so far, which spreads them well;
    then columns are generated until no tree improves the linear program. The result always holds, however early the
    search ends: its rate is `Packing.rate_bps`.

    References
    ----------
    S. A. Plotkin, D. B. Shmoys and E. Tardos, Math. Oper. Res. 20, 257 (1995), section 2.
    """
    master = _Master(expansion, task)
    _spread(master)
    packing, price = master.solve()
    for _ in range(rounds):
        rate = packing.rate_bps(expansion=expansion, task=task)
        if rate >= min(master.upper_bps, enough_bps) * (1.0 - rtol):
            break
        best, newest = (p / float(p @ expansion.limit_bps) for p in (master.best_price, price))
        fresh = _batch(master, _SMOOTHING * best + (1.0 - _SMOOTHING) * newest) or _batch(master, newest)
        if not fresh:
            break
        packing, price = master.solve()
    return packing, master.upper_bps


def _spread(master: _Master) -> None:
    """Ask at prices that rise with the load so far, for a few trees an endpoint."""
    limit, wanted = master.expansion.limit_bps, _TREES_PER_ENDPOINT * master.expansion.endpoint.size
    use = np.zeros(limit.size)
    for _ in range(wanted):
        price = np.exp(_STEEPNESS * (use / max(float(use.max()), np.finfo(float).tiny) - 1.0)) / limit
        use += master.ask(price)[1] / limit
        if max(len(trees) for trees in master.trees) >= wanted:
            break


def _batch(master: _Master, price: Floats) -> int:
    """Ask for a few trees near these prices; how many are new."""
    fresh = 0
    for _ in range(_BATCH):
        new, load = master.ask(price)
        fresh += new
        price = price * np.exp(_DEARER * load / load.max())
    return fresh
