"""Certified throughput of large fabrics: explicit flows of every source, cuts and metrics, at any time an interval.

Flows are shifted between paths until all used ones cost the same at prices that are a power of the loads; the power
rises, so that the greatest load falls. Leaves out `Limits` that links share, and exactness.
"""

import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optimize.flow.certified import Throughput
from optimize.flow.mixture import UnitFlowRouting
from optimize.flow.reachable import check_paths
from optimize.flow.sweeps import directions, slow_modes
from optimize.flow.symmetry import Symmetry, find_symmetry
from optimize.flow.traffic import Traffic
from topo.fabric import Fabric

from .blocks import Flows, Pass
from .network import Network
from .progress import LargeProgress, LargeSearch, StopError
from .sparse import Sparse, is_sparse

__all__ = ["large_memory_bytes", "large_throughput"]

Floats = NDArray[np.float64]

_PLANTINGS = (2, 3)  # squarings of the passes that plant trees
_FIRST, _LAST = 4, 20  # squarings of the other passes
_MOST, _IDLE = 30, 2  # passes at one power in all, and without lowering the excess cost of the flows
_SLOW = 0.02  # least part by which that has to fall
_SHARE = 0.25  # of the width of the interval, as the relative difference in the costs of paths that is left alone
_GAIN = 0.01  # part of the width by which a pass has to narrow it
_FAR = 0.1  # such a part of the cost on paths that are not cheapest asks for new orders in every pass
_LEAP = 0.1  # gain of an end that is worth another pass in any case
_STALE = 2  # powers in a row that gain nothing, after which the search ends
_ROUGH, _MOST_ROUNDS = 2, 6  # rounds of shifts in a pass: the first passes are rough
_COARSE, _FINE = 0.03, 1e-5  # most and least of these differences
_BALLS = 12  # sources whose distances are swept for cuts
_ROOM_BYTES = 2**28  # of flows that are held twice
_FEW_FLOWS = 2**17  # sources times arcs up to which threads cost more than they bring


def large_memory_bytes(*, fabric: Fabric, traffic: Traffic, symmetry: Symmetry | None = None) -> int:
    """What flows of all sources will occupy; the peak is about 200 MB above; paths of few pairs need less. [byte]"""
    symmetry = symmetry or find_symmetry(fabric=fabric, traffic=traffic)
    return Network.of(fabric=fabric, traffic=traffic, symmetry=symmetry).memory_bytes


def large_throughput(
    *,
    fabric: Fabric,
    traffic: Traffic,
    rtol: float = 1e-2,
    symmetry: Symmetry | None = None,
    time_limit_s: float = float("inf"),
    progress: Callable[[LargeProgress], None] | None = None,
    executor: Executor | None = None,
    at_once: int | None = None,
    seed: int = 0,
) -> Throughput:
    """Certified interval of the rounds per second that a large fabric carries; `note` says why it stopped. [1/s]

    Parameters
    ----------
    fabric : Fabric
    traffic : Traffic
    rtol : float
        Width asked for, upper / lower - 1.
    symmetry : Symmetry, optional
        Of fabric and traffic; looked for if absent.
    time_limit_s : float
        Time after which the search stops; what it has is checked and returned. So does an interrupt from the keyboard.
    progress : callable, optional
        Told a `LargeProgress` every few seconds.
    executor : concurrent.futures.Executor, optional
        Where the blocks of sources run. If absent, in threads of this process, as many as there are processors, or, on
        small fabrics, one after the other without any.
    at_once : int, optional
        Blocks of sources that see the same loads; if not given 2, or 1 where handing them over would take longer.
    seed : int
        Of the order in which the sources come.

    Notes
    -----
    Lower end: integer flows, checked by `certificate.utilisation` in double precision. Upper end: the least of node
    limits, swept cuts and the metric of the prices, summed in double precision over compiled distances.

    It stops at the width asked for, at the time limit, or when two powers in a row gain nothing. There is a routing
    only after the first pass over all sources (10 to 20 s at 10,000 nodes): a shorter limit is overrun. The best flows
    are kept if they take less than 256 MB, otherwise those of the last pass, of which up to 0.05 % may be lost.

    Measured for all-to-all with 8 links a node on two cores: 1,000 nodes to 1e-2 in 1 to 2 s, to 1e-3 in 3 to 8 s and
    to 1e-6 in 5 to 20 s (a square of equal rates only to 2e-5, in 54 s); 10,000 nodes to 1e-2 in 51 to 106 s, a lattice
    of them to 1e-3 in 6 minutes, a random geometric graph to 1.1e-2 in 10 minutes; peak memory 1.43 GB. Flows take 2
    bytes for every source and link above 67 million of them, else 4; traffic that is no whole multiple of its least
    demand always takes 4. They are held in this process, whatever the executor: 100,000 nodes need 80 GB.

    Traffic between at most 20 listed pairs a node, sources times nodes at most 33 million, takes another way: see
    `sparse`. Its flows are shares of explicit paths in double precision; `symmetry` and `seed` are not used, and
    there is a routing once all paths are planted (1 s at 1,000 nodes). It stops when 25 rounds, or a third of all
    rounds if that is more, narrow the interval by less than a fifth. Measured to 1e-2 for the hardest and a random
    permutation with 8 links a node, on two cores that others used as well: 253 nodes in 1 s or less; 1,000 nodes in 1
    to 3 s on lattices and random geometric graphs, in 5 to 20 s on random regular ones (flows shifted stop at widths of
    11 % there); 4,096 nodes of the first two in about a minute, while a random regular one of 4,096 was still 20 % wide
    after 150 s.

    References
    ----------
    R. B. Dial, Transp. Res. B 40, 917 (2006): shifts between the dearest and the cheapest path of a bush.
    F. Shahrokhi and D. W. Matula, J. ACM 37, 318 (1990): prices that grow with the loads.
    """
    if not rtol > 0:
        raise ValueError(f"rtol={rtol!r}; the width asked for must be > 0")
    if at_once is not None and at_once < 1:
        raise ValueError(f"at_once={at_once!r}; at least one block of sources must run")
    if not time_limit_s >= 0:
        raise ValueError(f"time_limit_s={time_limit_s!r}; the time limit must be >= 0")
    if traffic.sources.size == 0:
        raise ValueError(f"traffic {traffic.name!r} sends nothing between nodes; max_throughput(method='direct') does")
    check_paths(fabric=fabric, traffic=traffic)
    begun = time.monotonic()
    asked = {"rtol": rtol, "begun": begun, "time_limit_s": time_limit_s, "progress": progress}
    few = traffic.sources.size * fabric.n_arcs <= _FEW_FLOWS
    where: AbstractContextManager[Executor] = nullcontext(executor) if executor else _here(few)
    at_once = at_once or (1 if few else 2)
    with where as workers:
        if is_sparse(traffic=traffic):
            return Sparse(fabric=fabric, traffic=traffic, executor=workers, at_once=at_once, **asked).run()
        network = Network.of(
            fabric=fabric, traffic=traffic, symmetry=symmetry or find_symmetry(fabric=fabric, traffic=traffic)
        )
        flows = Flows(network=network, executor=workers, at_once=at_once, rng=np.random.default_rng(seed))
        return _Search(flows, **asked).run()


class _AtOnce(Executor):
    """Does each task when it is given: handing over small ones takes longer than they do."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        done: Future[Any] = Future()
        done.set_result(fn(*args, **kwargs))
        return done


def _here(few: bool) -> Executor:
    """Executor on the processors of this machine; of one task at a time for few flows."""
    return _AtOnce() if few else ThreadPoolExecutor(os.cpu_count())


class _Search(LargeSearch):
    """One run by flows of all sources."""

    def __init__(self, flows: Flows, **asked: Any) -> None:
        super().__init__(fabric=flows.network.fabric, traffic=flows.network.traffic, **asked)
        self.flows, self.network = flows, flows.network
        self.fixed, self.passes = np.inf, 0
        # Loads may rise again in a pass: the best flows are kept where there is room for them twice.
        self.twice = flows.flows.nbytes <= _ROOM_BYTES
        self.now, self.kept, self.kept_lower = 0.0, flows.flows, 0.0

    def _search(self) -> None:
        self._begin()
        self._go_on()

    def _begin(self) -> None:
        """Bounds that need no search, orders of the nodes, and trees of cheapest paths."""
        fabric = self.network.fabric
        self.fixed = self.upper.offer_nodes()
        self.upper.offer_cut(values=directions(fabric=fabric), how="a cut along the positions")
        self.upper.offer_cut(values=slow_modes(fabric=fabric), how="a cut along the slow modes")
        self._watch(self.flows.sort(), "sorting")
        for squarings in _PLANTINGS:
            self._pass(Pass(squarings=squarings, rounds=0, rtol=0.0, plant=True, resort=True))

    def _go_on(self) -> None:
        """Passes at a rising power, each with the bound that its prices prove."""
        flows, upper = self.flows, self.upper
        squarings, since, stale, idle, moving = _FIRST, 0, 0, 0, np.inf
        at_first = self.lower, upper.per_s
        while True:
            width = upper.per_s / self.lower - 1.0
            before = self.lower, upper.per_s
            rounds = _ROUGH if squarings == _FIRST and since == 0 else _MOST_ROUNDS
            left_alone = float(np.clip(_SHARE * width, _FINE, _COARSE))
            resort = since % 2 == 0 or flows.moving > _FAR
            self._pass(Pass(squarings=squarings, rounds=rounds, rtol=left_alone, resort=resort))
            self._try_metric(squarings)
            gained = self._gain(before)
            # A power is of use as long as what the flows cost too much outweighs what the power blurs.
            since += 1
            idle = 0 if flows.moving < (1.0 - _SLOW) * moving or gained > _LEAP else idle + 1
            moving = min(moving, flows.moving)
            spent = since >= _MOST or idle > _IDLE
            if spent or flows.moving < 2.0 * flows.slack(squarings):
                stale = 0 if self._gain(at_first) > _GAIN * min(width, 1.0) else stale + 1
                if stale == _STALE or squarings == _LAST:
                    raise StopError("no pass gains anything any more")
                squarings, since, idle, moving = squarings + 1, 0, 0, np.inf
                at_first = self.lower, upper.per_s

    def _gain(self, before: tuple[float, float]) -> float:
        """The greater of the parts by which the two ends have moved."""
        return max(self.lower / before[0], before[1] / self.upper.per_s) - 1.0

    def _pass(self, work: Pass) -> None:
        self.passes += 1
        if self.twice:
            if self.now > self.kept_lower:
                self.kept, self.kept_lower = self.flows.flows.copy(), self.now
            self.now = 0.0
        self._watch(self.flows.improve(work), f"pass {self.passes}, power {2**work.squarings}")
        self.flows.recount()
        self.now = min(1.0 / float(self.flows.load.max()), self.fixed)
        self.lower = max(self.now, self.kept_lower)
        self._check_done()

    def _try_metric(self, squarings: int) -> None:
        """The bound of the present prices, if it promises more than there is; balls of its metric as cuts."""
        flows = self.flows
        mean = (1.0 - flows.slack(squarings)) * float(flows.load.max()) * (1.0 - flows.moving)
        if mean * self.upper.per_s * (1.0 + 0.5 * self.rtol) < 1.0:
            return
        price = flows.price(squarings)
        balls: list[Floats] = []
        charges: list[float] = []
        self._watch(flows.charge(price, charges, balls, _BALLS), f"metric, power {2**squarings}")
        worth = float(price @ self.network.pools.supply_bps)
        self.upper.offer(per_s=worth / sum(charges), prices=self.network.prices(price), how="a metric")
        self.upper.offer_cut(values=balls, how="a ball of a metric")
        self._check_done()

    def _watch(self, steps: Iterator[None], stage: str) -> None:
        """Go through the steps with an eye on the clock."""
        for _ in steps:
            self._tell_now_and_then(stage)
            if self.lower > 0:
                self._check_time()

    def _result(self, why: str) -> Throughput:
        net = self.network
        flows = self.flows.flows if self.now >= self.kept_lower else self.kept
        inner = UnitFlowRouting(sources=net.sources, unit_bit=net.bits, flow=flows)
        return self._checked(
            why, net.pools.routing(inner), what="flows", method="flows shifted to cheaper paths",
            counted=f"{self.passes} passes",
            holds=f"flows of {net.sources.size} sources in {net.memory_bytes / 1e6:.0f} MB",
        )  # fmt: skip
