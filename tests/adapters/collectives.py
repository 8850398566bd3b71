"""Cases of collectives on generated graphs: algorithm bandwidth of all-gather, reduce-scatter, broadcast, all-reduce.

Looked up by the metric; the graphs are those of the throughput cases and the machines of ForestColl.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import Any

import networkx as nx

from optimize.flow import all_gather, all_reduce, broadcast, reduce_scatter
from optimize.flow.collective.optimum import Collective
from tests.adapters.throughput import UNITS_BPS, capacity_of, fabric_of, with_switches
from topo import from_networkx
from topo.fabric import Fabric

Case = Mapping[str, Any]
Graph = nx.Graph  # networkx' own class takes no type parameters when the program runs

GBYTE_BPS = UNITS_BPS["GB/s"]

# xGMI links between the 16 dies of an eight-MI250 box, by how many there are; the second half of the box is wired like
# the first, and a few links join the halves.
XGMI = {
    4: [(0, 1), (2, 3), (4, 5), (6, 7), (8, 9), (10, 11), (12, 13), (14, 15)],
    2: [(0, 4), (3, 7), (8, 12), (11, 15)],
    1: [
        (1, 5), (2, 6), (4, 6), (5, 6), (5, 7), (9, 13), (10, 14), (12, 14), (13, 14), (13, 15),
        (0, 8), (1, 9), (1, 10), (2, 9), (2, 10), (3, 11),
    ],
}  # fmt: skip


def dgx_a100(*, boxes: int, nvlink: float = 300.0, infiniband: float = 25.0) -> Graph[Any]:
    """Boxes of eight A100 on an NVSwitch, every GPU with a NIC on one of two InfiniBand switches; GB/s."""
    graph: Graph[Any] = nx.Graph()
    for box, gpu in itertools.product(range(boxes), range(8)):
        graph.add_edge(("gpu", box, gpu), ("nvswitch", box), capacity_bps=nvlink * GBYTE_BPS)
        if boxes > 1:
            graph.add_edge(("gpu", box, gpu), ("nic", box, gpu), capacity_bps=infiniband * GBYTE_BPS)
            graph.add_edge(("nic", box, gpu), ("switch", gpu % 2), capacity_bps=infiniband * GBYTE_BPS)
    return with_switches(graph, {node for node in graph if node[0] != "gpu"})


def mi250_16gcd(*, boxes: int, xgmi: float = 50.0, infiniband: float = 16.0) -> Graph[Any]:
    """Boxes of sixteen MI250 dies joined by xGMI links, every die with its share of the NICs on one switch; GB/s."""
    graph: Graph[Any] = nx.Graph()
    for box in range(boxes):
        for links, pairs in XGMI.items():
            for i, j in pairs:
                graph.add_edge(("gcd", box, i), ("gcd", box, j), capacity_bps=links * xgmi * GBYTE_BPS)
        if boxes > 1:
            for i in range(16):
                graph.add_edge(("gcd", box, i), ("switch",), capacity_bps=infiniband * GBYTE_BPS)
    return with_switches(graph, {node for node in graph if node[0] == "switch"})


MACHINES: dict[str, Callable[..., Graph[Any]]] = {"dgx_a100": dgx_a100, "mi250_16gcd": mi250_16gcd}


def fabric_and_unit(case: Case) -> tuple[Fabric, float]:
    """The case's fabric, and the bit/s of the unit of its value."""
    if case["generator"] in MACHINES:
        graph = MACHINES[case["generator"]](**case["params"])
        return from_networkx(graph, name=case["id"]), GBYTE_BPS
    return fabric_of(case), GBYTE_BPS if "_GBps" in case["metric"] else capacity_of(case)[1]


def closed(case: Case, answer: Collective, unit_bps: float) -> float:
    """The rate between nodes, which must be known to the tolerance of the cases."""
    between = answer.between_bps
    if between.width > 1e-6:
        raise ValueError(f"{case['id']}: known only from {between.lower:.9g} to {between.upper:.9g} bit/s")
    return between.lower / unit_bps


def gathered(case: Case) -> float:
    """All-gather."""
    fabric, unit_bps = fabric_and_unit(case)
    return closed(case, all_gather(fabric=fabric), unit_bps)


def scattered(case: Case) -> float:
    """Reduce-scatter."""
    fabric, unit_bps = fabric_and_unit(case)
    return closed(case, reduce_scatter(fabric=fabric), unit_bps)


def reduced(case: Case) -> float:
    """All-reduce; the case's traffic says whether switches reduce."""
    fabric, unit_bps = fabric_and_unit(case)
    in_network = "with in-" in case["traffic"]
    return closed(case, all_reduce(fabric=fabric, in_network=in_network), unit_bps)


def spread(case: Case) -> float:
    """Broadcast from the root that the case names by its number, the first if it names none."""
    fabric, unit_bps = fabric_and_unit(case)
    return closed(case, broadcast(fabric=fabric, root=int(case.get("root", 0))), unit_bps)


METRICS = {"allgather": gathered, "reducescatter": scattered, "allreduce": reduced, "broadcast": spread}

ADAPTERS: dict[str, Callable[[Case], float]] = {
    f"{name}_algbw{unit}{end}": adapter
    for name, adapter in METRICS.items() for unit in ("", "_GBps") for end in ("", "_upper")
}  # fmt: skip
