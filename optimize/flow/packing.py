"""Trees that carry a collective, written down: a packing, what it achieves, and prices that no packing can beat.

Column generation on the linear program over all trees. Leaves out latency: trees are pipelined, messages large.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import linprog

from links.frozen import FrozenArrays

from .expansion import Expansion
from .problem import NotSolvedError
from .routing import CertificateError
from .trees import Paths, Tree, arborescence, least_paths, spanning_tree, steiner_tree

__all__ = ["Packing", "Task", "pack", "price_rate_bps"]

Floats = NDArray[np.float64]

_ROUNDING = 1e-9  # a linear program's own; shares are made exact afterwards
_TREES_PER_ENDPOINT = 3  # before the first linear program; more make it slower, fewer leave it more to add
_STEEPNESS = 20.0  # logarithm of how much dearer the fullest limit is than an empty one
_BATCH = 8  # trees between two linear programs ...
_DEARER = 0.3  # ... each on arcs this much dearer, in the logarithm, than the one before
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
        Switches may combine and copy. The packing is then found by a heuristic, and no price bound is known.
    """

    share: Floats | None
    down: bool
    up: bool
    in_network: bool = False


@dataclass(frozen=True, kw_only=True, eq=False)
class Packing(FrozenArrays):
    """Trees with the part of the data that each carries; those that gather are used from the leaves to the root.

    Parameters
    ----------
    down, up : tuples of Tree
    down_share, up_share : arrays
        Parts of the data, each summing to 1 where there are any.
    """

    down: tuple[Tree, ...]
    up: tuple[Tree, ...]
    down_share: Floats
    up_share: Floats

    def rate_bps(self, *, expansion: Expansion, task: Task) -> float:
        """Rate at which the trees do the task, recomputed and checked; `CertificateError` if they do not do it. [bit/s]"""
        backward = expansion.reversed()
        load = np.zeros(expansion.n_arcs)
        roots = []
        for trees, share, graph, wanted in (
            (self.down, self.down_share, expansion, task.down),
            (self.up, self.up_share, backward, task.up),
        ):
            if share.shape != (len(trees),) or (share < 0).any() or abs(float(share.sum()) - wanted) > _ROUNDING:
                raise CertificateError(f"trees carry {float(share.sum()):.9g} of the data, not {int(wanted)}")
            if wanted:
                for tree, part in zip(trees, share, strict=True):
                    _check_tree(graph, tree, task.in_network)
                    load += part * tree.load()
                at = np.bincount([tree.root for tree in trees], weights=share, minlength=expansion.n)
                roots.append(at)
                if task.share is not None and not np.allclose(at[expansion.endpoint], task.share, rtol=0.0, atol=_ROUNDING):
                    raise CertificateError("the roots of the trees do not hold the shares that the task gives them")
        if len(roots) == 2 and not np.allclose(*roots, rtol=0.0, atol=_ROUNDING):
            raise CertificateError("what is gathered at a root is not what is broadcast from it")
        use = load[expansion.limit_arc] + expansion.limit_own
        busy = use > 0
        return float((expansion.limit_bps[busy] / use[busy]).min())


def _check_tree(expansion: Expansion, tree: Tree, in_network: bool) -> None:
    """`CertificateError` unless the tree joins all endpoints to its root by real paths, branching where it may."""
    n, rows = expansion.n, np.arange(tree.child.size)
    is_end = np.isin(np.arange(n), expansion.endpoint)
    ends = np.zeros((rows.size, n))
    np.subtract.at(ends, (rows, tree.parent), 1.0)
    np.add.at(ends, (rows, tree.child), 1.0)
    step = sparse.coo_array(tree.path)
    went = np.zeros((rows.size, n))
    np.add.at(went, (step.row, expansion.head[step.col]), step.data)
    np.subtract.at(went, (step.row, expansion.tail[step.col]), step.data)
    if (step.data != 1.0).any() or not np.array_equal(ends, went):
        raise CertificateError("a tree's arcs do not lead from parent to child")
    if not in_network and not (is_end[tree.parent].all() and is_end[tree.root]):
        raise CertificateError("a tree branches, or starts, at a switch that cannot copy")
    above = np.full(n, -1)
    above[tree.child] = tree.parent
    reached = expansion.endpoint.copy()
    for _ in range(n):
        reached = np.where(reached == tree.root, reached, above[reached])
        if (reached < 0).any():
            break
    if np.unique(tree.child).size != tree.child.size or (reached != tree.root).any():
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
    Rate <= (limits . prices) / (what one bit/s pays): the least-cost trees that do the task, plus what the nodes use of
    their own ports. Linear-programming duality, with least-cost arborescences as the oracle.
    """
    return _bound(expansion, task, price)[0]


def _bound(expansion: Expansion, task: Task, price: Floats) -> tuple[float, list[Tree], list[Tree]]:
    """The bound, and the trees that the prices make cheapest."""
    price = price / float(price.max())  # only ratios matter, and graph routines take tiny costs for none
    cost = np.bincount(expansion.limit_arc, weights=price, minlength=expansion.n_arcs)
    both_alike = task.share is None and task.up and task.down and expansion.is_symmetric()
    if both_alike:
        cost = (cost + cost[_reverse_arc(expansion)]) / 2.0  # as good a bound, and one tree serves both ways
    pay = float(price @ expansion.limit_own)
    worth = float(price @ expansion.limit_bps)
    paths = least_paths(expansion=expansion, cost=cost)
    if not np.isfinite(paths.cost).all():
        raise ValueError("some endpoints are not joined by any path; link them first")
    if task.in_network:
        tree = steiner_tree(expansion=expansion, paths=paths, cost=cost)
        return np.inf, [tree], [_turned(expansion, tree)]
    if both_alike:
        each, tree = spanning_tree(expansion=expansion, paths=paths)
        return worth / (2.0 * each + pay), [tree], [_turned(expansion, tree)]
    backward = expansion.reversed()
    turned = paths if not task.up else least_paths(expansion=backward, cost=cost)
    roots = [r for r in range(expansion.endpoint.size) if task.share is None or task.share[r] > 0]
    down = [arborescence(expansion=expansion, paths=paths, root=r) for r in roots] if task.down else []
    up = [arborescence(expansion=backward, paths=turned, root=r) for r in roots] if task.up else []
    each_root = np.sum([[c for c, _ in side] for side in (down, up) if side], axis=0)
    pay += float(each_root.min() if task.share is None else each_root @ task.share[roots])
    return worth / pay if pay > 0 else np.inf, [t for _, t in down], [t for _, t in up]


def _turned(expansion: Expansion, tree: Tree) -> Tree:
    """The tree over the reverse arcs, for gathering where both directions are alike."""
    path = sparse.csr_array(tree.path[:, _reverse_arc(expansion)])
    return Tree(root=tree.root, child=tree.child, parent=tree.parent, path=path)


def _reverse_arc(expansion: Expansion) -> NDArray[np.int64]:
    """Arc of the other direction of each arc, shape (a,); there must be one."""
    key, back = (a * expansion.n + b for a, b in ((expansion.tail, expansion.head), (expansion.head, expansion.tail)))
    order = np.argsort(key)
    return np.asarray(order[np.searchsorted(key[order], back)])


class _Master:
    """The linear program over the trees found so far: greatest rate at which their loads fit the limits."""

    def __init__(self, expansion: Expansion, task: Task) -> None:
        self.expansion, self.task = expansion, task
        self.unit = float(expansion.limit_bps.max())
        self.trees: tuple[list[Tree], list[Tree]] = ([], [])
        self.loads: tuple[list[Floats], list[Floats]] = ([], [])
        self.known: set[bytes] = set()

    def add(self, down: Sequence[Tree], up: Sequence[Tree]) -> int:
        """Take in trees that broadcast and trees that gather; how many of them are new."""
        before = len(self.known)
        for side, new in enumerate((down, up)):
            for tree in new:
                load = tree.load()
                key = bytes((side,)) + np.append(tree.root, load).tobytes()
                if key not in self.known:
                    self.known.add(key)
                    self.trees[side].append(tree)
                    self.loads[side].append(load[self.expansion.limit_arc])
        return len(self.known) - before

    def solve(self) -> tuple[Packing, Floats]:
        """The best packing of the trees, and prices of the limits."""
        graph, task, k = self.expansion, self.task, self.expansion.endpoint.size
        number = np.full(graph.n, k)
        number[graph.endpoint] = np.arange(k)
        free = k + 1 if task.share is None else 0  # a switch may be the root too, all of them as one
        # Columns: shares of trees that broadcast, of those that gather, of roots that are free, and the rate.
        loads = np.array([*self.loads[0], *self.loads[1]]).T
        limits = np.hstack([loads, np.zeros((graph.limit_arc.size, free)), graph.limit_own[:, None]])
        roots = [number[[tree.root for tree in trees]] for trees in self.trees]
        held = -np.eye(free, free + 1) if task.share is None else -task.share[:, None]
        rows = []
        for side, root in enumerate(roots):
            if root.size:
                parts = [np.zeros((len(held), other.size)) for other in roots]
                parts[side][root, np.arange(root.size)] = 1.0
                rows.append(np.hstack([*parts, held]))
        if free:
            rows.append(np.concatenate([np.zeros(loads.shape[1]), np.ones(free), [-1.0]])[None, :])
        equal = np.vstack(rows)
        gain = np.zeros(equal.shape[1])
        gain[-1] = -1.0
        found = linprog(gain, A_ub=sparse.csc_array(limits), b_ub=graph.limit_bps / self.unit,
                        A_eq=sparse.csc_array(equal), b_eq=np.zeros(len(equal)), method="highs-ds")  # fmt: skip
        if found.status != 0 or not found.x[-1] > 0:
            raise NotSolvedError(f"packing of {loads.shape[1]} trees: {found.message}")
        sizes = np.split(np.maximum(found.x[: loads.shape[1]], 0.0), [roots[0].size])
        return self._exact(roots, sizes), np.maximum(-found.ineqlin.marginals, 0.0)

    def _exact(self, roots: Sequence[NDArray[np.int64]], sizes: Sequence[Floats]) -> Packing:
        """Packing whose roots hold exactly what the task says, from a solver's nearly exact sizes."""
        wanted = [side for side in (0, 1) if roots[side].size]
        held = [np.bincount(roots[side], weights=sizes[side], minlength=self.expansion.endpoint.size + 1) for side in wanted]
        target = np.min(held, axis=0) if self.task.share is None else np.append(self.task.share, 0.0)
        target = target / target.sum()
        shares = [np.zeros(0), np.zeros(0)]
        for side, has in zip(wanted, held, strict=True):
            with np.errstate(divide="ignore", invalid="ignore"):
                shares[side] = sizes[side] * np.where(has > 0, target / has, 0.0)[roots[side]]
        used = [np.flatnonzero(share) for share in shares]
        trees = [tuple(self.trees[side][i] for i in used[side]) for side in (0, 1)]
        return Packing(down=trees[0], up=trees[1], down_share=shares[0][used[0]], up_share=shares[1][used[1]])


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
    First each tree in turn is the cheapest under prices that rise exponentially with the load so far, which spreads them
    well (Plotkin, Shmoys and Tardos 1995); then columns are generated until no tree improves the linear program. The
    result always holds, however early the search ends: its rate is `Packing.rate_bps`.

    References
    ----------
    S. A. Plotkin, D. B. Shmoys and E. Tardos, Math. Oper. Res. 20, 257 (1995), section 2.
    """
    master = _Master(expansion, task)
    upper, best = np.inf, 1.0 / expansion.limit_bps
    for price, down, up, bound in _spread(expansion, task):
        master.add(down, up)
        if bound < upper:
            upper, best = bound, price
    packing, price = master.solve()
    for _ in range(rounds):
        rate = packing.rate_bps(expansion=expansion, task=task)
        if rate >= min(upper, enough_bps) * (1.0 - rtol):
            break
        fresh = 0
        for weight in (_SMOOTHING, 0.0):  # prices between the best and the newest; the newest alone if that fails
            asked = weight * best / (best @ expansion.limit_bps) + (1.0 - weight) * price / (price @ expansion.limit_bps)
            fresh = 0
            for _ in range(_BATCH):
                bound, down, up = _bound(expansion, task, asked)
                if bound < upper:
                    upper, best = bound, asked
                fresh += master.add(down, up)
                load = np.sum([tree.load() for tree in (*down, *up)], axis=0)[expansion.limit_arc]
                asked = asked * np.exp(_DEARER * load / load.max())
            if fresh:
                break
        if not fresh:
            break
        packing, price = master.solve()
    return packing, upper


def _spread(expansion: Expansion, task: Task) -> Iterator[tuple[Floats, list[Tree], list[Tree], float]]:
    """Prices that rise with the load so far, their trees and their bound, until there are a few trees an endpoint."""
    load = np.zeros(expansion.limit_arc.size)
    made = 0
    while made < _TREES_PER_ENDPOINT * expansion.endpoint.size:
        use = load / expansion.limit_bps
        price = np.exp(_STEEPNESS * (use / max(float(use.max()), np.finfo(float).tiny) - 1.0)) / expansion.limit_bps
        bound, down, up = _bound(expansion, task, price)
        yield price, down, up, bound
        made += max(len(down), len(up))
        load += np.sum([tree.load() for tree in (*down, *up)], axis=0)[expansion.limit_arc]
