"""Flows of all sources, improved block by block on any executor; the blocks of a group see the same loads.

A block's work is a function of its arguments, which pickle; a group is taken over block by block, each only if the sum
of all loads to the power that sets the prices does not rise. Leaves out when to stop: see `solve`.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .network import Network
from .oracle import Arcs, first_orders, shortest
from .shifts import improve

__all__ = ["Flows", "Pass"]

Floats = NDArray[np.float64]
Ints = NDArray[Any]

_BLOCKS = 64  # blocks of a pass, at least, if several see the same loads: together they would overshoot
_MOST_SOURCES = 16  # in a block
_METRIC_SOURCES = 32
_LEAST = 1e-6  # length of an arc, as a share of the longest, that keeps nodes apart when they are sorted by distance


@dataclass(frozen=True)
class Pass:
    """What one pass over all sources does.

    Parameters
    ----------
    squarings : int
        Prices are the loads to the power 2^squarings.
    rounds : int
        Most rounds of shifts for one source.
    rtol : float
        Relative difference between the costs of paths that is left alone.
    plant, resort : bool
        Begin with trees of cheapest paths; sort the orders anew afterwards.
    idle : float
        Share of the full price that idle resources have while trees are planted.
    """

    squarings: int
    rounds: int
    rtol: float
    plant: bool = False
    resort: bool = False
    idle: float = 0.3


class _Done(NamedTuple):
    orders: Ints
    flows: Ints
    change: Floats
    cost: float
    least: float


def _start(arcs: Arcs, length: Floats, entering: Floats, sources: Ints, kind: np.dtype[Any]) -> Ints:
    """Nodes by distance from each source."""
    shape = (sources.size, entering.size)
    orders, dist = np.empty(shape, kind), np.empty(shape)
    first_orders(arcs, length, entering, sources, orders, dist)
    return orders


def _improve(
    arcs: Arcs, load: Floats, top: float, orders: Ints, flows: Ints, counts: Ints, bits: Floats, work: Pass
) -> _Done:
    """Improved orders and flows of some sources, and what they change in the loads."""
    kind = flows.dtype
    orders, flows, after = orders.copy(), flows.astype(np.int32), load.copy()
    cost, least = improve(
        arcs,
        after,
        top,
        work.squarings,
        work.idle,
        orders,
        flows,
        counts,
        bits,
        work.rounds,
        work.rtol,
        work.plant,
        work.resort,
    )
    return _Done(orders, flows.astype(kind), after - load, cost, least)


def _distances(arcs: Arcs, length: Floats, entering: Floats, orders: Ints) -> Floats:
    """Least lengths from the first node of each order."""
    dist = np.empty(orders.shape)
    shortest(arcs, length, entering, orders, dist)
    return dist


class Flows:
    """Flows and orders of all sources of a network, and their loads.

    Parameters
    ----------
    network : Network
    executor : Executor
        Where the blocks run.
    at_once : int
        Blocks that are in the air at a time; the result depends on it, but not on the executor's workers.
    rng : numpy Generator
        Shuffles the sources.
    """

    def __init__(self, *, network: Network, executor: Executor, at_once: int, rng: np.random.Generator) -> None:
        self.network, self.executor, self.at_once, self.rng = network, executor, at_once, rng
        k, n = network.sources.size, network.node.size
        self.orders = np.empty((k, n), network.order_type)
        self.flows = np.zeros((k, network.n_links), network.flow_type)
        self.load = network.base
        self.moving = 0.0  # part of the cost that the last pass found on paths that are not cheapest

    def _map(self, function: Callable[..., Any], tasks: Iterator[tuple[Any, ...]]) -> Iterator[Any]:
        """Results in order, with a few more tasks under way than there are blocks at once."""
        pending = []
        for task in tasks:
            pending.append(self.executor.submit(function, *task))
            if len(pending) > 2 * self.at_once:
                yield pending.pop(0).result()
        for future in pending:
            yield future.result()

    def sort(self) -> Iterator[None]:
        """Sort the nodes by distance from each source, by the prices of an empty network; yields after every block."""
        net, k = self.network, self.network.sources.size
        worth = net.arcs.worth
        length, entering = net.lengths(np.maximum(worth, _LEAST * worth.max()))
        spans = [slice(a, min(a + _METRIC_SOURCES, k)) for a in range(0, k, _METRIC_SOURCES)]
        numbers = net.number[net.sources]
        tasks = ((net.arcs, length, entering, numbers[span], self.orders.dtype) for span in spans)
        for span, orders in zip(spans, self._map(_start, tasks), strict=True):
            self.orders[span] = orders
            yield

    def improve(self, work: Pass) -> Iterator[None]:
        """One pass over all sources in random order; yields after every group of blocks, when all is consistent."""
        net, k = self.network, self.network.sources.size
        size = _MOST_SOURCES if self.at_once == 1 else int(np.clip(k // _BLOCKS // self.at_once, 1, _MOST_SOURCES))
        blocks = np.array_split(self.rng.permutation(k), -(-k // size))
        bits = net.bits
        cost = least = 0.0
        for start in range(0, len(blocks), self.at_once):
            group = blocks[start : start + self.at_once]
            top = float(self.load.max()) or 1.0
            tasks = (
                (net.arcs, self.load, top, self.orders[b], self.flows[b], net.counts(b), bits[b], work) for b in group
            )
            done: list[_Done] = list(self._map(_improve, tasks))
            any_will_do = work.plant or len(group) == 1
            before = 0.0 if any_will_do else self._potential(self.load, top, work.squarings)
            for block, result in zip(group, done, strict=True):
                cost, least = cost + result.cost, least + result.least
                load = np.maximum(self.load + result.change, 0.0)
                after = 0.0 if any_will_do else self._potential(load, top, work.squarings)
                if after <= before:
                    self.orders[block], self.flows[block], self.load, before = result.orders, result.flows, load, after
            yield
        self.moving = 1.0 - least / cost if cost > 0 else 1.0

    def _potential(self, load: Floats, top: float, squarings: int) -> float:
        with np.errstate(over="ignore"):  # a group that goes so far over the top is not taken
            power = load / top
            for _ in range(squarings):
                power *= power
            return float(np.sum(power * load * self.network.pools.members))

    def recount(self) -> None:
        """Compute the loads afresh from the flows."""
        net, arcs = self.network, self.network.arcs
        forth, back = np.zeros(net.n_links), np.zeros(net.n_links)
        for start in range(0, net.sources.size, _METRIC_SOURCES):
            part = slice(start, start + _METRIC_SOURCES)
            carried = self.flows[part].astype(float)
            forth += net.bits[part] @ np.maximum(carried, 0.0)
            back += net.bits[part] @ np.maximum(-carried, 0.0)
        bits = np.where(arcs.along, forth[arcs.link], back[arcs.link])
        used = np.bincount(arcs.row, weights=bits, minlength=arcs.gain.size)
        if arcs.node_row.size:
            row = np.repeat(arcs.node_row, np.diff(arcs.ptr))
            used = used + np.bincount(row[row >= 0], weights=bits[row >= 0], minlength=arcs.gain.size)
        self.load = net.base + used * arcs.gain

    def price(self, squarings: int, floor: float = 1e-9) -> Floats:
        """Prices of the resources at these loads."""
        power = self.load / float(self.load.max())
        for _ in range(squarings):
            power *= power
        return np.asarray((power + floor) * self.network.arcs.worth)

    def slack(self, squarings: int) -> float:
        """How much the mean load, weighted by what the prices make it worth, is below the greatest; a part of one."""
        worth = self.price(squarings, 0.0) * self.network.pools.supply_bps
        return 1.0 - float(worth @ self.load) / (float(self.load.max()) * float(worth.sum()))

    def charge(self, price: Floats, charges: list[float], balls: list[Floats], count: int) -> Iterator[None]:
        """Put into `charges` what all traffic costs at least, block by block; into `balls` some sources' distances."""
        net, k = self.network, self.network.sources.size
        length, entering = net.lengths(price)
        spans = [np.arange(a, min(a + _METRIC_SOURCES, k)) for a in range(0, k, _METRIC_SOURCES)]
        tasks = ((net.arcs, length, entering, self.orders[span]) for span in spans)
        for i, (span, dist) in enumerate(zip(spans, self._map(_distances, tasks), strict=True)):
            own = entering[net.number[net.sources[span]]]  # traffic enters the switch of its source, too
            charges.append(net.charge(span, dist + own[:, None]))
            if i % max(1, len(spans) // count) == 0:
                balls.append(dist[0][net.number])
            yield
