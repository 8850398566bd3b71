"""Best algorithm bandwidth of collectives on a fabric: all-gather, reduce-scatter, broadcast, all-reduce.

S/t for large messages, S bytes on each GPU: of the fabric with every node contracted, and inside one node; the smaller
binds. Leaves out latency: see `algorithms`.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from links.frozen import FrozenArrays
from optimize.flow.interval import Interval
from optimize.flow.star import as_star
from topo.fabric import Fabric

from .bounds import cut_bound, partition_bound
from .expansion import Expansion, check_gpus, expand
from .packing import Packing, Task, pack
from .spanning import Bounds, spanning_all_gather, spanning_all_reduce

__all__ = ["Collective", "all_gather", "all_reduce", "broadcast", "reduce_scatter"]

Floats = NDArray[np.float64]

_MOST_CUT, _MOST_PACKED = 400, 128  # nodes with GPUs up to which cuts are found, and trees searched for: seconds
_CLOSED = 1e-9  # width at which two ends are one number: a few times the rounding of the maximum flows


@dataclass(frozen=True, kw_only=True, eq=False)
class Collective(FrozenArrays):
    """Algorithm bandwidth S/t of a collective, S bytes on each GPU, large messages, one direction.

    Parameters
    ----------
    collective, fabric : str
        Names.
    between_bps : Interval
        Of the fabric, the GPUs of each node contracted to one; inf if there is only one node. [bit/s]
    inside_bps : float
        Inside the slowest node, over `local_bps`; inf if no node has two GPUs. [bit/s]
    part : (n,) ints
        The cut behind the upper end, by node: parts that must exchange data (0 the sending side of a cut), -1 for
        switches outside of all.
    upper_by, lower_by : str
        What proves the ends of `between_bps`.
    packing : Packing or None
        Trees that reach the lower end, where they were written down.
    """

    collective: str
    fabric: str
    between_bps: Interval
    inside_bps: float
    part: NDArray[np.int64]
    upper_by: str
    lower_by: str
    packing: Packing | None = None

    @property
    def rate_bps(self) -> Interval:
        """The smaller of both: the metric. [bit/s]"""
        ends = (self.between_bps.lower, self.between_bps.upper)
        return Interval(lower=min(ends[0], self.inside_bps), upper=min(ends[1], self.inside_bps))

    def __str__(self) -> str:
        inside = Interval.point(self.inside_bps)
        ends = f"between nodes {self.between_bps.as_rate()}, inside {inside.as_rate()}"
        proof = f"{self.upper_by}; {self.lower_by}"
        return f"{self.collective} on {self.fabric}: {self.rate_bps.as_rate()} ({ends}), by {proof}"


def all_gather(*, fabric: Fabric, trees: bool = False) -> Collective:
    """All-gather: every GPU starts with S/G bytes and ends with all S. [bit/s]

    Parameters
    ----------
    fabric : Fabric
    trees : bool
        Also write down trees that reach the rate (small fabrics: up to about a hundred nodes).

    Notes
    -----
    G min over cuts of capacity out of the sending side / GPUs on it; see `cut_bound`. Inside a node of g GPUs, each
    takes 1/g of what arrives from its NIC and (g - 1)/g from its neighbours: local_bps g / (g - 1). Beyond 400 nodes
    with GPUs the interval is that of rings round spanning trees and of single nodes, see `spanning`.

    References
    ----------
    L. Zhao et al., ForestColl: Efficient Collective Communications on Heterogeneous Network Fabrics, arXiv:2402.06787.

    >>> import networkx as nx
    >>> from topo import from_networkx
    >>> ring = from_networkx(nx.cycle_graph(8), name="ring", gpus=1, capacity_bps=1.0)
    >>> round(all_gather(fabric=ring).rate_bps.upper, 6)  # 16/7
    2.285714
    """
    check_gpus(fabric)
    share = fabric.gpus[fabric.gpus > 0] / fabric.n_gpus
    return _rooted(fabric, share, "all_gather", _inside_bps(fabric, fabric.gpus - 1.0), trees)


def reduce_scatter(*, fabric: Fabric, trees: bool = False) -> Collective:
    """Reduce-scatter: every GPU starts with S bytes and ends with its S/G of the sum; all-gather run backwards. [bit/s]

    Parameters as in `all_gather`.
    """
    check_gpus(fabric)
    share = fabric.gpus[fabric.gpus > 0] / fabric.n_gpus
    return _rooted(fabric, share, "reduce_scatter", _inside_bps(fabric, fabric.gpus - 1.0), trees)


def broadcast(*, fabric: Fabric, root: int, trees: bool = False) -> Collective:
    """Broadcast: a GPU of node `root` starts with S bytes, all GPUs end with them. [bit/s]

    Parameters
    ----------
    fabric : Fabric
    root : int
        Node with GPUs.
    trees : bool
        As in `all_gather`.

    Notes
    -----
    The least of the maximum flows from the root to each node (Edmonds 1973); inside nodes local_bps.
    """
    if not 0 <= root < fabric.n_nodes or fabric.gpus[root] == 0:
        raise ValueError(f"root={root}: need the number of a node with GPUs, below {fabric.n_nodes}")
    check_gpus(fabric)
    share = (np.flatnonzero(fabric.gpus) == root).astype(float)
    return _rooted(fabric, share, "broadcast", _inside_bps(fabric, fabric.gpus), trees)


def all_reduce(*, fabric: Fabric, in_network: bool = False, trees: bool = False, rtol: float = 1e-6) -> Collective:
    """All-reduce: every GPU starts with S bytes and ends with the sum of all. [bit/s]

    Parameters
    ----------
    fabric : Fabric
    in_network : bool
        Switches (on board too, and inside nodes) may add and copy data.
    trees : bool
        As in `all_gather`.
    rtol : float
        Width at which a search for trees may end.

    Notes
    -----
    Best packing of trees that gather at a root and trees that broadcast from it, roots free; see `partition_bound`.
    Reduce-scatter, then all-gather is one, at half the rate of either. Where a poorly linked node limits both, the
    first fills only the links out of it and the second only those into it; trees that run at once, with that node a
    leaf, fill both: up to twice as fast. Inside a node of g GPUs: local_bps g / (2 (g - 1)); with in-network computing
    local_bps, and between nodes no more than any cut passes. Beyond 128 nodes with GPUs no trees are searched for, and
    beyond 400 no cuts either: the interval is then that of spanning trees and single nodes, see `spanning`.
    """
    check_gpus(fabric)
    graph = expand(fabric=fabric, inside_share=0.0 if in_network else 2.0)
    inside = _inside_bps(fabric, fabric.gpus if in_network else 2.0 * (fabric.gpus - 1.0))
    if graph.endpoint.size == 1:
        return _one_node(fabric, "all_reduce", inside)
    plain, star = not trees and not in_network, as_star(fabric=fabric) is not None
    quick = plain and (star or graph.endpoint.size > _MOST_PACKED)
    rough = spanning_all_reduce(fabric=fabric) if quick else None
    if rough is not None and (graph.endpoint.size > _MOST_CUT or rough.upper_bps <= rough.lower_bps * (1.0 + _CLOSED)):
        return _roughly(fabric, "all_reduce", inside, rough)
    first = np.zeros(graph.endpoint.size)
    first[0] = 1.0
    cuts = [cut_bound(expansion=way, share=first) for way in (graph, graph.reversed())]
    uppers = [(cut.upper_bps, _part(fabric, graph, np.where(cut.side, 0, 1)), "the least cut") for cut in cuts]
    halves = (reduce_scatter(fabric=fabric), all_gather(fabric=fabric))
    half = 1.0 / sum(1.0 / one.between_bps.lower for one in halves)
    lowers = [(half, "reduce-scatter, then all-gather")]
    whole = expand(fabric=_nodes_merged(fabric)) if in_network else graph
    if not in_network or whole.relays_only_at_endpoints:
        partition = partition_bound(expansion=whole)
        uppers.append((partition.upper_bps, _part(fabric, whole, partition.part), "the least partition"))
        if graph.relays_only_at_endpoints and graph.is_symmetric():
            lowers.append((partition.lower_bps, "the theorem of Tutte and Nash-Williams"))
    upper, part, upper_by = min(uppers, key=lambda item: item[0])
    packing = None
    if rough is not None:
        lowers.append((rough.lower_bps, rough.lower_by))
    elif trees or max(lowers)[0] < upper * (1.0 - _CLOSED):
        task = Task(share=None, down=True, up=True, in_network=in_network and graph.is_symmetric())
        packing, priced = pack(expansion=graph, task=task, enough_bps=upper, rtol=rtol)
        lowers.append((packing.rate_bps(expansion=graph, task=task), f"{len(packing.down)} trees"))
        if not in_network and priced < upper:
            upper, upper_by = priced, "prices of the limits"
    lower, lower_by = max(lowers)
    between = Interval(lower=min(lower, upper), upper=upper)
    return Collective(collective="all_reduce", fabric=fabric.name, between_bps=between, inside_bps=inside, part=part,
                      upper_by=upper_by, lower_by=lower_by, packing=packing)  # fmt: skip


def _rooted(fabric: Fabric, share: Floats, collective: str, inside: float, trees: bool) -> Collective:
    """Collectives whose roots are given: every endpoint gets, or with "reduce_scatter" gives, all shares on its own."""
    up = collective == "reduce_scatter"
    graph = expand(fabric=fabric, inside_share=1.0)
    if graph.endpoint.size == 1:
        return _one_node(fabric, collective, inside)
    if graph.endpoint.size > _MOST_CUT and not trees and collective != "broadcast":
        return _roughly(fabric, collective, inside, spanning_all_gather(fabric=fabric))
    way = graph.reversed() if up else graph
    cut = cut_bound(expansion=way, share=share)
    if cut.upper_bps == 0.0:
        raise ValueError(
            f"{fabric.name}: some GPUs cannot reach each other, so a collective of all has rate 0; link them first"
        )
    upper, upper_by = cut.upper_bps, "the least cut"
    lowers = []
    if way.relays_only_at_endpoints:
        lowers.append((cut.lower_bps, "Edmonds' theorem"))
    elif way.is_balanced(rate_bps=cut.lower_bps):
        lowers.append((cut.lower_bps, "Edmonds' theorem, switches split off"))
    packing = None
    if trees or not lowers:
        task = Task(share=share, down=not up, up=up)
        packing, priced = pack(expansion=graph, task=task, enough_bps=upper)
        lowers.append((packing.rate_bps(expansion=graph, task=task), f"{len(packing.down) + len(packing.up)} trees"))
        if priced < upper and len(lowers) == 1:
            upper, upper_by = priced, "prices of the limits"
    lower, lower_by = max(lowers)
    between = Interval(lower=min(lower, upper), upper=upper)
    part = _part(fabric, graph, np.where(cut.side, 0, 1))
    return Collective(collective=collective, fabric=fabric.name, between_bps=between, inside_bps=inside, part=part,
                      upper_by=upper_by, lower_by=lower_by, packing=packing)  # fmt: skip


def _roughly(fabric: Fabric, collective: str, inside: float, found: Bounds) -> Collective:
    """A collective of a fabric too large for cuts, by spanning trees."""
    if found.lower_bps == 0.0:
        raise ValueError(f"{fabric.name}: no tree of links both ways joins all GPUs, so {collective} has no lower end")
    part = np.where(fabric.gpus > 0, 0, -1)
    if found.node >= 0:
        part[found.node] = 1
    between = Interval(lower=found.lower_bps, upper=found.upper_bps)
    return Collective(collective=collective, fabric=fabric.name, between_bps=between, inside_bps=inside, part=part,
                      upper_by=found.upper_by, lower_by=found.lower_by)  # fmt: skip


def _one_node(fabric: Fabric, collective: str, inside: float) -> Collective:
    return Collective(collective=collective, fabric=fabric.name, between_bps=Interval.point(np.inf), inside_bps=inside,
                      part=np.where(fabric.gpus > 0, 0, -1), upper_by="one node", lower_by="one node")  # fmt: skip


def _inside_bps(fabric: Fabric, bits: NDArray[Any]) -> float:
    """Rate inside the slowest node, where the GPUs of each pass `bits` on for every bit of the collective. [bit/s]"""
    many = fabric.gpus > 1
    each = np.minimum(fabric.local_bps, fabric.port_bps)[many] * fabric.gpus[many] / bits[many]
    return float(each.min(initial=np.inf))


def _part(fabric: Fabric, graph: Expansion, of_vertex: NDArray[Any]) -> NDArray[np.int64]:
    """Parts by node: that of its endpoint, or of its way in if it has no GPUs."""
    part = of_vertex[: fabric.n_nodes].copy()
    part[graph.node] = of_vertex[graph.endpoint]
    return np.asarray(part, dtype=np.int64)


def _nodes_merged(fabric: Fabric) -> Fabric:
    """The fabric without limits inside its nodes, so that what its switches and its GPUs do is one."""
    free = np.full(fabric.n_nodes, np.inf)
    return replace(fabric, host_bps=free, switch_bps=free, port_bps=free)
