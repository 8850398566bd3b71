"""Time of a collective by the algorithms that libraries use, and the time that none can beat.

Steps of a latency and a transfer (alpha-beta), the transfer as long as its busiest limit on the fabric takes. Leaves
out protocol overhead, except as a time per step, and overlap of one phase with the next.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from links.model import require_positive
from optimize.flow.certificate import utilisation
from optimize.flow.paths import distances
from optimize.flow.patterns import ring_shift
from optimize.flow.routing import ecmp
from optimize.flow.traffic import Traffic, from_matrix
from optimize.flow.unloaded import latency
from topo.fabric import Fabric
from topo.tours import short_round_trip

from .expansion import check_gpus
from .optimum import Collective

__all__ = [
    "Phase", "Schedule", "double_binary_trees", "floor_time_s", "hierarchical_all_reduce", "optimum_time_s",
    "ring_all_gather", "ring_all_reduce", "ring_order", "tree_all_reduce",
]  # fmt: skip

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Phase:
    """Steps that follow each other, all alike.

    Parameters
    ----------
    name : str
    steps : int
        One after the other; the depth of the pipeline if there is one.
    latency_s : float
        Of each step. [s]
    s_per_bit : float
        Of each step, per bit of the message on each GPU; through a pipeline, of the whole message. [s]
    pipelined : bool
        The message is cut into chunks that follow each other through the steps.
    """

    name: str
    steps: int
    latency_s: float
    s_per_bit: float
    pipelined: bool = False

    def time_s(self, *, message_bit: ArrayLike) -> Floats:
        """Time of the phase. [s]

        Notes
        -----
        steps (latency + S s_per_bit); in k chunks (steps + k - 1) (latency + S s_per_bit / k), with the best whole k,
        next to sqrt((steps - 1) S s_per_bit / latency).
        """
        bits = require_positive(message_bit, name="message_bit", zero=True)
        if not self.pipelined or self.steps == 1:
            return np.asarray(self.steps * (self.latency_s + bits * self.s_per_bit))
        whole = bits * self.s_per_bit
        if self.latency_s == 0.0:
            return np.asarray(whole)
        best = np.sqrt((self.steps - 1) * whole / self.latency_s)
        chunks = np.maximum([np.floor(best), np.ceil(best)], 1.0)
        return np.asarray(((self.steps + chunks - 1) * (self.latency_s + whole / chunks)).min(axis=0))


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """An algorithm on a fabric: phases one after the other."""

    name: str
    phases: tuple[Phase, ...]

    def time_s(self, *, message_bit: ArrayLike) -> Floats:
        """Time for S bits on each GPU. [s]"""
        return np.asarray(np.sum([phase.time_s(message_bit=message_bit) for phase in self.phases], axis=0))

    def rate_bps(self, *, message_bit: ArrayLike) -> Floats:
        """Algorithm bandwidth S/t. [bit/s]"""
        bits = require_positive(message_bit, name="message_bit")
        return np.asarray(bits / self.time_s(message_bit=bits))


def optimum_time_s(*, collective: Collective, fabric: Fabric, message_bit: ArrayLike) -> Floats:
    """Time of the optimum for S bits on each GPU: that of the bandwidth, or of the farthest pair. [s]

    Parameters
    ----------
    collective : Collective
        All-gather, reduce-scatter or all-reduce; its upper end counts.
    fabric : Fabric
        It is of; latencies at their lower ends.
    message_bit : array
        [bit]

    Notes
    -----
    No algorithm beats what the cuts between nodes allow. The part inside a node is that of nodes that take in once what
    they lack and share it evenly, see `all_gather`: where it binds, a ring that brings a node its own data back from
    outside can be faster, nodes of two GPUs by 1/G.
    """
    bits = require_positive(message_bit, name="message_bit", zero=True)
    if collective.collective == "broadcast":
        raise ValueError(
            "a broadcast does not join the farthest pair; ask for the time of a collective of all with all"
        )
    return floor_time_s(rate_bps=collective.rate_bps.upper, fabric=fabric, message_bit=bits)


def floor_time_s(*, rate_bps: float, fabric: Fabric, message_bit: ArrayLike) -> Floats:
    """Time of S bits at a rate, or of the farthest pair if that takes longer; latencies at their lower ends. [s]"""
    bits = require_positive(message_bit, name="message_bit", zero=True)
    return np.maximum(bits / rate_bps, latency(fabric=fabric).worst.lower)


def ring_order(*, fabric: Fabric) -> Ints:
    """An order of the nodes with GPUs that makes a ring of few hops, then of little latency, shape (k,).

    Notes
    -----
    A heuristic, see `topo.tours`.
    """
    ends = np.flatnonzero(fabric.gpus > 0)
    hops, delay = (
        distances(fabric=fabric, length=w, sources=ends)[:, ends] for w in (np.ones(fabric.n_arcs), fabric.latency_s)
    )
    cut_off = ~np.isfinite(hops)  # GPUs that forward nothing reach their neighbours alone
    hops[cut_off], delay[cut_off] = float(fabric.n_nodes * ends.size), 0.0
    cost = hops + hops.T + (delay + delay.T) / max(float(delay.sum()), np.finfo(float).tiny)
    np.fill_diagonal(cost, 0.0)
    return np.asarray(ends[short_round_trip(n=ends.size, costs=lambda i: cost[i])])


def _order(fabric: Fabric, order: ArrayLike | None) -> Ints:
    """All nodes with GPUs in the order given, or in a short one."""
    check_gpus(fabric)
    nodes = ring_order(fabric=fabric) if order is None else np.asarray(order, dtype=np.int64)
    if not np.array_equal(np.sort(nodes), np.flatnonzero(fabric.gpus > 0)):
        raise ValueError(f"order={nodes.tolist()}: need every node that has GPUs once")
    return nodes


def _phase(fabric: Fabric, traffic: Traffic, name: str, steps: int, share: float, step_s: float) -> Phase:
    """Steps that each carry `share` of the message times the traffic, by equal-cost multipath."""
    busy = utilisation(fabric=fabric, traffic=traffic, routing=ecmp(fabric=fabric)).greatest
    worst = 0.0
    if traffic.sources.size:
        reach = distances(
            fabric=fabric, length=fabric.latency_s, sources=traffic.sources, entering=fabric.switch_latency_s
        )
        worst = float(reach[traffic.rows(traffic.sources) > 0].max())
    own = float(fabric.switch_latency_s[traffic.local_bit > 0].max(initial=0.0))  # inside a node: one node switch apart
    return Phase(name=name, steps=steps, latency_s=max(worst, own) + step_s, s_per_bit=share * busy)


def _ring(fabric: Fabric, order: ArrayLike | None, step_s: float, rounds: int, name: str) -> Schedule:
    require_positive(step_s, name="step_s", zero=True)
    nodes, total = _order(fabric, order), fabric.n_gpus
    traffic = ring_shift(fabric=fabric, order=nodes, both_ways=total > 2)
    return Schedule(name=name, phases=(_phase(fabric, traffic, "ring", rounds * (total - 1), 1.0 / total, step_s),))


def ring_all_gather(*, fabric: Fabric, order: ArrayLike | None = None, step_s: float = 0.0) -> Schedule:
    """All-gather round a ring of all GPUs: G - 1 steps of S/G, half of it each way round.

    Parameters
    ----------
    fabric : Fabric
    order : (k,) ints, optional
        Nodes as the ring visits them; `ring_order` if not given.
    step_s : float
        What a step costs besides its path: protocol and kernels. [s]
    """
    return _ring(fabric, order, step_s, 1, "ring all-gather")


def ring_all_reduce(*, fabric: Fabric, order: ArrayLike | None = None, step_s: float = 0.0) -> Schedule:
    """All-reduce round a ring of all GPUs: 2 (G - 1) steps of S/G, half of it each way round.

    Parameters as in `ring_all_gather`.

    References
    ----------
    P. Patarasuk and X. Yuan, J. Parallel Distrib. Comput. 69, 117 (2009): 2 (G - 1)/G S is the least a GPU must send.
    """
    return _ring(fabric, order, step_s, 2, "ring all-reduce")


def double_binary_trees(*, k: int) -> tuple[Ints, Ints]:
    """Parents of k ranks in two binary trees, -1 at the root; no rank has more than four links in both together.

    Notes
    -----
    First tree: an in-order binary tree, rank 0 above its root. Second: the first on mirrored ranks if k is even, on
    ranks shifted by one if it is odd. A rank inside one tree is a leaf of the other, but for one rank if k is odd.

    References
    ----------
    P. Sanders, J. Speck and J. L. Traff, Parallel Computing 35, 581 (2009), section 3.

    >>> [tree.tolist() for tree in double_binary_trees(k=4)]
    [[-1, 2, 0, 2], [1, 3, 1, -1]]
    """
    if k < 1 or k != int(k):
        raise ValueError(f"k={k!r}: need a whole number of ranks, at least 1")
    parent = np.full(k, -1)
    for rank in range(1, k):
        low = rank & -rank
        above = (rank ^ low) | (low << 1)
        parent[rank] = above if above < k else rank ^ low
    name = k - 1 - np.arange(k) if k % 2 == 0 else (np.arange(k) + 1) % k  # name in the first tree of each rank here
    rank_of = np.argsort(name)
    higher = parent[name]
    return parent, np.where(higher >= 0, rank_of[higher], -1)


def _depth(parent: Ints) -> int:
    """Steps from the deepest rank to the root."""
    deep, at = 0, np.arange(parent.size)
    while (parent[at] >= 0).any():
        at = np.where(parent[at] >= 0, parent[at], at)
        deep += 1
    return deep


def _in_nodes(
    fabric: Fabric, order: ArrayLike | None, step_s: float, name: str, across: Callable[[Ints], Phase]
) -> Schedule:
    """Reduce-scatter in every node, a phase across them, all-gather in every node."""
    require_positive(step_s, name="step_s", zero=True)
    nodes = _order(fabric, order)
    gpus = fabric.gpus.astype(float)
    many = gpus > 1
    phases = [across(nodes)] if nodes.size > 1 else []
    if many.any():
        each = (gpus - 1.0)[many] / gpus[many] / np.minimum(fabric.local_bps, fabric.port_bps)[many]
        delay = float(fabric.switch_latency_s[many].max()) + step_s
        first = Phase(name="reduce-scatter inside", steps=1, latency_s=delay, s_per_bit=float(each.max()))
        phases = [first, *phases, replace(first, name="all-gather inside")]
    return Schedule(name=name, phases=tuple(phases))


def hierarchical_all_reduce(*, fabric: Fabric, order: ArrayLike | None = None, step_s: float = 0.0) -> Schedule:
    """All-reduce inside the nodes, then in rings across: each GPU of a node carries its part of the data across.

    Parameters as in `ring_all_gather`. Inside a node all pairs exchange at once; across, 2 (n - 1) steps of S/n.
    """

    def across(nodes: Ints) -> Phase:
        k, ways = nodes.size, (1, -1) if nodes.size > 2 else (1,)
        bits = np.zeros((fabric.n_nodes,) * 2)
        for way in ways:
            bits[nodes, np.roll(nodes, way)] += 1.0 / len(ways)
        traffic = from_matrix(fabric=fabric, bits=bits, name="ring")
        return _phase(fabric, traffic, "ring across", 2 * (k - 1), 1.0 / k, step_s)

    return _in_nodes(fabric, order, step_s, "hierarchical all-reduce", across)


def tree_all_reduce(*, fabric: Fabric, order: ArrayLike | None = None, step_s: float = 0.0) -> Schedule:
    """All-reduce inside the nodes, then over two binary trees across, half of the data each, in a pipeline of chunks.

    Parameters as in `ring_all_gather`; the order is that of the ranks. See `double_binary_trees`.
    """

    def across(nodes: Ints) -> Phase:
        trees = double_binary_trees(k=nodes.size)
        bits = np.zeros((fabric.n_nodes,) * 2)
        for parent in trees:
            child = np.flatnonzero(parent >= 0)
            bits[nodes[child], nodes[parent[child]]] += 0.5
            bits[nodes[parent[child]], nodes[child]] += 0.5
        traffic = from_matrix(fabric=fabric, bits=bits, name="trees")
        steps = 2 * max(_depth(parent) for parent in trees)
        return replace(_phase(fabric, traffic, "trees across", steps, 1.0, step_s), pipelined=True)

    return _in_nodes(fabric, order, step_s, "double binary tree all-reduce", across)
