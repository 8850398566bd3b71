"""Cases of generated graphs: all-to-all rate of a pair, bounds on it, and bisection; `generator` names the graph.

A case's `capacity` is that of every link each way (or of every arc), in the unit its value is in. One GPU sits on every
node, or on every host, leaf or GPU where the graph has switches.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import networkx as nx
import numpy as np

from optimize.design import moore_bound_per_s
from optimize.flow import Throughput, all_to_all, bisection, evaluate_cut, max_throughput
from topo import from_networkx, nvl72
from topo.fabric import Fabric

Case = Mapping[str, Any]

SMALL = 24
"""Nodes up to which a linear program belongs into the fast tests."""

UNITS_BPS = {"GB/s": 8e9, "Gb/s": 1e9, "Tb/s": 1e12, "TB/s": 8e12}


# --- graphs that networkx does not have


def grid(*, neighbours: int, k: int = 0, rows: int = 0, cols: int = 0) -> nx.Graph[Any]:
    """Square grid with 4 or 8 neighbours; the nodes are (row, column)."""
    rows, cols = rows or k, cols or k
    graph = nx.grid_2d_graph(rows, cols)
    if neighbours == 8:
        cells = list(itertools.product(range(rows - 1), range(cols - 1)))
        graph.add_edges_from(((i, j), (i + 1, j + 1)) for i, j in cells)
        graph.add_edges_from(((i + 1, j), (i, j + 1)) for i, j in cells)
    elif neighbours != 4:
        raise ValueError(f"neighbours={neighbours}: a square grid has 4 or 8")
    return graph


def with_switches(graph: nx.Graph[Any], switches: set[Any]) -> nx.Graph[Any]:
    """The graph with GPUs only on the other nodes, which forward nothing."""
    for node, data in graph.nodes(data=True):
        data.update(gpus=int(node not in switches), transit=node in switches)
    return graph


def star(*, leaves: int) -> nx.Graph[Any]:
    """Leaves round a switch."""
    return with_switches(nx.star_graph(leaves), {0})


def fat_tree(*, k: int) -> nx.Graph[Any]:
    """Three layers of k-port switches (Al-Fares, Loukissas and Vahdat 2008): k pods, k^3/4 hosts."""
    half = k // 2
    graph: nx.Graph[Any] = nx.Graph()
    for pod, a in itertools.product(range(k), range(half)):
        for b in range(half):
            graph.add_edge(("edge", pod, a), ("host", pod, a, b))
            graph.add_edge(("edge", pod, a), ("aggregation", pod, b))
            graph.add_edge(("aggregation", pod, a), ("core", a, b))
    return with_switches(graph, {node for node in graph if node[0] != "host"})


def dragonfly(*, a: int, h: int, routers_only: bool = False, p: int | None = None) -> nx.Graph[Any]:
    """a h + 1 groups of a routers, fully joined inside, h links out of each (Kim et al. 2008); p hosts at each."""
    groups = a * h + 1
    graph: nx.Graph[Any] = nx.Graph()
    for g in range(groups):
        graph.add_edges_from(itertools.combinations([(g, r) for r in range(a)], 2))
        for port in range(a * h):
            graph.add_edge((g, port // h), ((g + port + 1) % groups, (groups - 2 - port) // h))
    if routers_only:
        return graph
    routers = set(graph)
    graph.add_edges_from((router, (*router, host)) for router in routers for host in range(h if p is None else p))
    return with_switches(graph, routers)


def nvswitch_rack(*, gpus: int, switches: int) -> nx.Graph[Any]:
    """Every GPU joined to every switch."""
    return with_switches(nx.complete_bipartite_graph(gpus, switches), set(range(gpus, gpus + switches)))


def shifts(words: list[tuple[int, ...]]) -> nx.Graph[Any]:
    """Arc from each word to those that drop its first letter and append one, without loops."""
    graph: nx.DiGraph[Any] = nx.DiGraph()
    graph.add_nodes_from(words)
    graph.add_edges_from((u, v) for u in words for v in words if u[1:] == v[:-1] and u != v)
    return graph


def kautz_digraph(*, d: int, word_length: int) -> nx.Graph[Any]:
    """Words over d + 1 letters of which no two neighbours are alike."""
    words = itertools.product(range(d + 1), repeat=word_length)
    return shifts([word for word in words if all(a != b for a, b in itertools.pairwise(word))])


def de_bruijn_digraph(*, d: int, n: int) -> nx.Graph[Any]:
    """Words of n letters out of d."""
    return shifts(list(itertools.product(range(d), repeat=n)))


def slim_fly(*, q: int) -> nx.Graph[Any]:
    """McKay-Miller-Siran graph of a prime q = 4 w + 1 (Besta and Hoefler 2014): 2 q^2 nodes, degree (3 q - 1) / 2."""
    if q % 4 != 1 or any(q % d == 0 for d in range(2, q)):
        raise ValueError(f"q={q}: built here for primes that leave 1 when divided by 4")
    root = next(g for g in range(2, q) if len({pow(g, e, q) for e in range(q - 1)}) == q - 1)
    even, odd = ({pow(root, e, q) for e in range(first, q - 1, 2)} for first in (0, 1))
    graph: nx.Graph[Any] = nx.Graph()
    for x, y, other in itertools.product(range(q), repeat=3):
        for side, apart in ((0, even), (1, odd)):
            if (y - other) % q in apart:
                graph.add_edge((side, x, y), (side, x, other))
        graph.add_edge((0, x, y), (1, other, (y - other * x) % q))
    return graph


def torus(*, dims: list[int]) -> nx.Graph[Any]:
    """Rings in every dimension."""
    return nx.grid_graph(dims, periodic=True)


GRAPHS: dict[str, Callable[..., nx.Graph[Any]]] = {
    "king_grid": partial(grid, neighbours=8), "grid_2d_graph": partial(grid, neighbours=4), "torus": torus,
    "star": star, "fat_tree": fat_tree, "dragonfly": dragonfly, "nvl72": nvswitch_rack, "slim_fly": slim_fly,
    "kautz_digraph": kautz_digraph, "de_bruijn_digraph_no_loops": de_bruijn_digraph,
    "hypercube_graph": lambda *, d: nx.hypercube_graph(d), "hoffman_singleton": nx.hoffman_singleton_graph,
    "networkx.random_regular_graph": nx.random_regular_graph, "random_regular_graph": nx.random_regular_graph,
    **{name: getattr(nx, name) for name in (
        "chvatal_graph", "circulant_graph", "circular_ladder_graph", "complete_bipartite_graph", "complete_graph",
        "cubical_graph", "cycle_graph", "desargues_graph", "dodecahedral_graph", "frucht_graph", "heawood_graph",
        "hoffman_singleton_graph", "icosahedral_graph", "ladder_graph", "moebius_kantor_graph", "octahedral_graph",
        "pappus_graph", "path_graph", "petersen_graph", "star_graph", "tetrahedral_graph", "tutte_graph", "wheel_graph",
    )},
}  # fmt: skip

NOT_CLOSED_AT_ONCE = {
    "king_grid", "grid_2d_graph", "dragonfly", "kautz_digraph", "de_bruijn_digraph_no_loops", "slim_fly", "torus",
    "networkx.random_regular_graph", "random_regular_graph", "circulant_graph", "circular_ladder_graph", "ladder_graph",
    "frucht_graph", "tutte_graph", "path_graph", "wheel_graph",
}  # fmt: skip
"""Generators of graphs that may need a linear program."""


# --- values


def capacity_of(case: Case) -> tuple[float, float]:
    """Capacity in bit/s, and the bit/s of its unit."""
    found = re.match(r"([\d.]+)\s*(\S*)", case["capacity"])
    if not found:
        raise ValueError(f"{case['id']}: capacity {case['capacity']!r} does not start with a number")
    unit_bps = UNITS_BPS.get(found[2], 1.0)
    return float(found[1]) * unit_bps, unit_bps


def fabric_of(case: Case) -> Fabric:
    """The case's graph as a fabric; the NVL72 is the project's own."""
    capacity_bps, _ = capacity_of(case)
    rack = nvl72()
    if case["generator"] == "nvl72" and case["params"] == {"gpus": 72, "switches": 18}:
        if not np.allclose(rack.capacity_bps, capacity_bps, rtol=1e-12):
            raise ValueError(f"{case['id']}: the rack's links carry {rack.capacity_bps[0]:g} bit/s each way")
        return rack
    graph = GRAPHS[case["generator"]](**case["params"])
    return from_networkx(graph, name=case["id"], gpus=1, capacity_bps=capacity_bps)


def throughput_of(fabric: Fabric, **options: Any) -> Throughput:
    """All-to-all."""
    return max_throughput(fabric=fabric, traffic=all_to_all(fabric=fabric), **options)


def pair_rate(case: Case) -> float:
    """Certified rate of every ordered pair, the middle of an interval of 1e-6 at most."""
    answer = throughput_of(fabric_of(case))
    if answer.width > 1e-6:
        raise ValueError(f"{case['id']}: known only from {answer.lower_per_s:.9g} to {answer.upper_per_s:.9g} bit/s")
    return 0.5 * (answer.lower_per_s + answer.upper_per_s) / capacity_of(case)[1]


def pair_rate_bound(case: Case) -> float:
    """Upper bound: of a grid by its middle cuts, however large; of others by the proofs without search."""
    fabric = fabric_of(case)
    if case["generator"] not in ("king_grid", "grid_2d_graph"):
        return throughput_of(fabric, method="direct").upper_per_s / capacity_of(case)[1]
    where = np.array([[int(x) for x in re.findall(r"\d+", label)] for label in fabric.labels])
    cuts = [evaluate_cut(fabric=fabric, side=where[:, axis] <= where[:, axis].max() // 2) for axis in (0, 1)]
    rates = [cut.capacity_bps / (cut.smaller_gpus * (fabric.n_gpus - cut.smaller_gpus)) for cut in cuts]
    return min(rates) / capacity_of(case)[1]


def cut_capacity(case: Case) -> float:
    """Capacity of the best cut found in halves; the least there is where the interval closes."""
    fabric = fabric_of(case)
    method = "auto" if fabric.n_nodes <= SMALL else "direct"
    interval, cut = bisection(fabric=fabric, throughput=throughput_of(fabric, method=method))
    return interval.upper * cut.smaller_gpus / capacity_of(case)[1]


METRICS: dict[str, Callable[[Case], float]] = {
    "lambda": pair_rate, "lambda_upper": pair_rate_bound, "bisection": cut_capacity,
}  # fmt: skip


def generated(case: Case) -> float:
    """Value of the case's metric, in the unit of its capacity."""
    if case["metric"] not in METRICS:
        raise ValueError(f"{case['id']}: metric {case['metric']!r} is not computed; there are {', '.join(METRICS)}")
    return METRICS[case["metric"]](case)


def regular(case: Case) -> float:
    """Bound on every regular graph of that size and degree."""
    if case["metric"] != "lambda_upper":
        raise ValueError(f"{case['id']}: of any regular graph only a bound is known, not {case['metric']!r}")
    capacity_bps, unit_bps = capacity_of(case)
    params = case["params"]
    return float(moore_bound_per_s(nodes=params["n"], degree=params["r"], link_bps=capacity_bps)) / unit_bps


ADAPTERS: dict[str, Callable[[Case], float]] = {**dict.fromkeys(GRAPHS, generated), "any r-regular graph": regular}


def is_slow(case: Case) -> bool:
    """Whether a linear program over more than 24 nodes, or a proof over thousands, is needed."""
    if case["generator"] not in GRAPHS or case["metric"] != "lambda":
        return False
    try:
        nodes = len(GRAPHS[case["generator"]](**case["params"]))
    except (TypeError, ValueError):
        return False  # the test itself will say what is wrong with them
    return nodes > 1000 or (nodes > SMALL and case["generator"] in NOT_CLOSED_AT_ONCE - _closed_tori(case))


def _closed_tori(case: Case) -> set[str]:
    """Tori of equal rings are edge-transitive."""
    return {"torus"} if len(set(case["params"].get("dims", ()))) == 1 else set()
