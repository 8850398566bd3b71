"""Certified throughput of large fabrics for traffic between few pairs of nodes: shares of explicit paths.

Paths are planted round the loads; then a game of shares against prices is played on them, and every pair's cheapest
path at the prices so far, which also prove the upper end, joins the game. Leaves out `Limits` that links share, and
symmetries.
"""

from concurrent.futures import Executor
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from optimize.flow.certificate import Prices
from optimize.flow.certified import Throughput
from optimize.flow.routing import CertificateError, FlowRouting
from optimize.flow.sweeps import directions, slow_modes
from optimize.flow.traffic import Traffic
from topo.fabric import Fabric

from .cheapest_paths import Graph, cheapest, plant
from .game import Table, costs, play
from .progress import LargeSearch, StopError

__all__ = ["Sparse", "is_sparse"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_MOST_PAIRS, _MOST_ROWS = 20, 2**25  # pairs for each node; sources times nodes, which the certificate holds three times
_PLANTED, _POWER = 8, 8.0  # paths planted for every pair, and power of the loads that prices them
_STEPS, _MOST_STEPS = 600, 4800  # of the game in one round: twice as many after one that did not reach its width
_SHARE, _COARSE = 0.15, 0.03  # width of the game: such a part of that of the answer, and no more than that
_FINE = 0.25  # but at least such a part of the width asked for
_FLOOR = 1e-9  # mean price that every resource has, so that no path is longer than it need be
_CLEAN = 3  # rounds after which paths are dropped that carry nothing and cost more than others by
_DEAR = 0.05
_PATIENCE, _SLOW = 25, 0.2  # rounds in which the width has to fall by such a part


def is_sparse(*, traffic: Traffic) -> bool:
    """Whether traffic goes between few enough pairs, all of them listed, for paths of each."""
    n, k = traffic.n_nodes, traffic.sources.size
    listed = not (traffic.out.any() and traffic.into.any())
    return listed and traffic.explicit.nnz <= _MOST_PAIRS * n and k * n <= _MOST_ROWS


class _Paths:
    """Paths of all pairs, each once, and the share of its pair that it carries."""

    def __init__(self, arcs: list[NDArray[np.int32]], pair: Ints, shares: Floats) -> None:
        seen: dict[tuple[int, bytes], int] = {}
        keys = list(zip(pair.tolist(), (path.tobytes() for path in arcs), strict=True))
        place = np.array([seen.setdefault(key, len(seen)) for key in keys])
        summed = np.bincount(place, weights=shares)
        first = np.unique(place, return_index=True)[1]
        order = np.argsort(pair[first], kind="stable")
        self.pair: Ints = pair[first][order]
        self.arcs = [arcs[i] for i in first[order].tolist()]
        self.shares = np.asarray(summed[order], dtype=float)

    def more(self, *, shares: Floats, kept: NDArray[np.bool_], arcs: list[NDArray[np.int32]], pair: Ints) -> "_Paths":
        """The ones kept, with new shares, and others that carry nothing yet."""
        old = np.flatnonzero(kept)
        both = [self.arcs[i] for i in old.tolist()] + arcs
        return _Paths(both, np.concatenate([self.pair[old], pair]), np.concatenate([shares[old], np.zeros(pair.size)]))


class Sparse(LargeSearch):
    """One run for a fabric under a traffic of few pairs; parameters as of `large_throughput`."""

    def __init__(
        self,
        *,
        fabric: Fabric,
        traffic: Traffic,
        executor: Executor,
        at_once: int,
        **asked: Any,
    ) -> None:
        super().__init__(fabric=fabric, traffic=traffic, **asked)
        self.executor = executor
        wanted = sparse.coo_array(traffic.explicit)
        order = np.lexsort((wanted.col, wanted.row))
        order = order[wanted.data[order] > 0]
        self.source, self.target = wanted.row[order].astype(np.int32), wanted.col[order].astype(np.int32)
        self.bits = wanted.data[order].astype(float)
        limited = np.isfinite(fabric.switch_bps)
        number = np.full(fabric.n_nodes, -1, dtype=np.int32)
        number[limited] = fabric.n_arcs + np.arange(np.count_nonzero(limited))
        by_tail = np.argsort(fabric.tail, kind="stable")
        self.tail = fabric.tail.astype(np.int32)
        self.graph = Graph(
            ptr=np.searchsorted(fabric.tail[by_tail], np.arange(fabric.n_nodes + 1)).astype(np.int32),
            head=fabric.head[by_tail].astype(np.int32),
            arc=by_tail.astype(np.int32),
            opened=fabric.transit.copy(),
            node=number[fabric.head],
        )
        self.limited = np.flatnonzero(limited)
        self.gain = 1.0 / np.concatenate([fabric.capacity_bps, fabric.switch_bps[limited]])
        self.own = np.concatenate([np.zeros(fabric.n_arcs), traffic.sent_bit[limited]])
        cut = np.unique(
            np.searchsorted(self.source, self.source[np.arange(2 * at_once) * self.bits.size // (2 * at_once)])
        )
        self.spans = [slice(a, b) for a, b in zip(cut, [*cut[1:], self.bits.size], strict=True)]
        self.fixed, self.metric_per_s, self.rounds = np.inf, np.inf, 0
        self.best: _Paths | None = None
        self.best_prices = np.empty(0)

    def _search(self) -> None:
        self._go_on(self._begin())

    def _begin(self) -> _Paths:
        """Bounds that need no search, and planted paths."""
        fabric, count = self.fabric, self.bits.size
        self.fixed = self.upper.offer_nodes()
        load = self.own * self.gain
        first = np.empty(_PLANTED * count + 1, dtype=np.int64)
        found = plant(
            self.graph, self.tail, self.gain, load, self.source, self.target, self.bits, _POWER, _PLANTED, first
        )
        paths = _Paths(
            np.split(found, first[1:-1]),
            np.tile(np.arange(count), _PLANTED),
            np.full(_PLANTED * count, 1.0 / _PLANTED),
        )
        self.unit = float(load.max())  # so that the greatest load of the game is one
        self._take(paths, self.unit)
        prices = (load / self.unit) ** _POWER
        self.best_prices = prices / prices.sum()
        self.upper.offer_cut(values=directions(fabric=fabric), how="a cut along the positions")
        self._check("planting")
        self.upper.offer_cut(values=slow_modes(fabric=fabric), how="a cut along the slow modes")
        self._check("planting")
        planted = self.best_prices
        even = np.concatenate([fabric.capacity_bps, np.zeros(self.limited.size)]) / fabric.capacity_bps.sum()
        for prices in (planted, even, 0.5 * (planted + even)):
            arcs, pair = self._price(prices, np.full(count, np.inf))
            self._check("planting")
            paths = paths.more(shares=paths.shares, kept=np.ones(paths.pair.size, dtype=np.bool_), arcs=arcs, pair=pair)
        return paths

    def _go_on(self, paths: _Paths) -> None:
        """Rounds of the game, each with new paths."""
        prices, state = self.best_prices.copy(), np.array([0.1, 0.01, 0.0])
        widths: list[float] = []
        steps = _STEPS
        while True:
            self.rounds += 1
            width = self.upper.per_s / self.lower - 1.0
            narrow = max(_FINE * self.rtol, min(_SHARE * width, _COARSE))
            table = self._table(paths)
            up, shares, prices = play(table, paths.shares.copy(), prices, state, steps, narrow)
            paths.shares = shares
            self._take(paths, up * self.unit)
            cost = np.empty(shares.size)
            costs(table, prices, cost)
            least = np.minimum.reduceat(cost, table.group[:-1])
            if up > (1.0 + narrow) * float(least.sum() + prices @ table.base):
                steps = min(2 * steps, _MOST_STEPS)
            kept = np.ones(shares.size, dtype=np.bool_)
            if self.rounds % _CLEAN == 0:
                kept = (shares > _FLOOR) | (cost <= (1.0 + _DEAR) * np.repeat(least, np.diff(table.group)))
            arcs, pair = self._price(prices, least)
            other, other_pair = self._price(0.5 * (prices + self.best_prices), np.full(least.size, np.inf))
            paths = paths.more(shares=shares, kept=kept, arcs=arcs + other, pair=np.concatenate([pair, other_pair]))
            self._check(f"round {self.rounds}, {paths.pair.size} paths")
            widths.append(self.upper.per_s / self.lower - 1.0)
            since = max(_PATIENCE, len(widths) // 3)
            if len(widths) > since and widths[-1] > (1.0 - _SLOW) * widths[-1 - since]:
                raise StopError("no round gains much any more")

    def _table(self, paths: _Paths) -> Table:
        """The paths as the game reads them."""
        size = np.array([path.size for path in paths.arcs])
        used = np.concatenate(paths.arcs)
        if self.limited.size:
            entered = self.graph.node[used]
            both = np.stack([used, entered], axis=1).ravel()
            size = size + np.bincount(np.repeat(np.arange(size.size), size), weights=entered >= 0).astype(np.int64)
            used = both[both >= 0]
        return Table(
            group=np.searchsorted(paths.pair, np.arange(self.bits.size + 1)).astype(np.int64),
            first=np.concatenate([[0], np.cumsum(size)]).astype(np.int64),
            used=used.astype(np.int32),
            bits=self.bits,
            gain=self.gain / self.unit,
            base=self.own * self.gain / self.unit,
        )

    def _price(self, prices: Floats, least: Floats) -> tuple[list[NDArray[np.int32]], Ints]:
        """Paths that cost less than `least` at these prices, and their pairs; offers the bound of the prices."""
        full = (prices + _FLOOR / prices.size) * self.gain
        m = self.fabric.n_arcs
        entering = np.zeros(self.fabric.n_nodes)
        entering[self.limited] = full[m:]
        length = full[:m] + entering[self.fabric.head]
        charge = float(full @ self.own)
        arcs: list[NDArray[np.int32]] = []
        pair: list[Ints] = []
        tasks = [
            self.executor.submit(_cheapest, self.graph, self.tail, length, self.source[s], self.target[s])
            for s in self.spans
        ]
        for span, task in zip(self.spans, tasks, strict=True):
            dist, first, found = task.result()
            cost = dist * self.bits[span]
            charge += float(cost.sum())
            new = np.flatnonzero(cost < least[span] * self.unit * (1.0 - 1e-9))
            arcs += [found[first[i] : first[i + 1]] for i in new.tolist()]
            pair.append(new + span.start)
        per_s = float(full @ (1.0 / self.gain)) / charge
        if per_s < self.metric_per_s:
            self.metric_per_s, self.best_prices = per_s, prices
        switch = np.zeros(self.fabric.n_nodes)
        switch[self.limited] = full[m:]
        self.upper.offer(
            per_s=per_s, prices=Prices.zero(fabric=self.fabric, arc=full[:m].copy(), switch=switch), how="a metric"
        )
        return arcs, np.concatenate(pair)

    def _take(self, paths: _Paths, load: float) -> None:
        """Keep a routing that loads nothing more than this at one round per second, if it is better."""
        now = min(1.0 / load, self.fixed)
        if self.best is None or now > self.lower:
            self.lower, self.best = now, paths

    def _check(self, stage: str) -> None:
        """Tell how far it is, and stop if that is enough."""
        self._tell_now_and_then(stage)
        self._check_done()
        self._check_time()

    def _result(self, why: str) -> Throughput:
        if self.best is None:
            raise CertificateError(f"{self.traffic.name} on {self.fabric.name!r}: no paths to report")
        paths, sources = self.best, self.traffic.sources
        size = np.array([path.size for path in paths.arcs])
        carried = np.repeat(paths.shares * self.bits[paths.pair], size)
        row = np.repeat(np.searchsorted(sources, self.source[paths.pair]), size)
        flow = sparse.csr_array((carried, (row, np.concatenate(paths.arcs))), shape=(sources.size, self.fabric.n_arcs))
        flow.eliminate_zeros()
        return self._checked(
            why, FlowRouting(sources=sources, flow_bit=flow), what="paths", method="shares of explicit paths",
            counted=f"{self.rounds} rounds",
            holds=f"{np.count_nonzero(paths.shares)} paths of {self.bits.size} pairs",
        )  # fmt: skip


def _cheapest(
    graph: Graph, tail: NDArray[np.int32], length: Floats, source: NDArray[np.int32], target: NDArray[np.int32]
) -> tuple[Floats, Ints, NDArray[np.int32]]:
    """Lengths of cheapest paths of some pairs, where each begins among the arcs, and these."""
    dist, first = np.empty(source.size), np.empty(source.size + 1, dtype=np.int64)
    found: NDArray[np.int32] = cheapest(graph, tail, length, source, target, dist, first)
    return dist, first, found
