"""Collectives by methods that share no code with the project's: every cut, every partition, one plain linear program.

Cuts and partitions are tried one by one with networkx' minimum cut. The linear program packs trees without naming any:
logical capacities between endpoints, routed through the fabric, must let every endpoint be reached (Edmonds' theorem as
flows). Of the project they use only the plain numbers of a `Net`.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any

import networkx as nx
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

from tests.optimize.graphs import Net

Floats = NDArray[np.float64]


def arcs_of(net: Net, inside_share: float) -> list[tuple[Any, Any, float, float, float]]:
    """(tail, head, capacity, port capacity, own use of it) of endpoint -> host -> in -> switch -> out -> endpoint."""
    arcs: list[tuple[Any, Any, float, float, float]] = []
    for v, gpus in enumerate(net.gpus):
        host, port = net.limit("host_bps")[v], net.limit("port_bps")[v] * max(gpus, 1)
        open_node = v not in net.closed
        if open_node:
            arcs.append((("in", v), ("out", v), net.limit("switch_bps")[v], math.inf, 0.0))
        if gpus:
            own = inside_share * (gpus - 1)
            arcs.append((("end", v), ("in" if open_node else "out", v), host, port, own))
            arcs.append((("out" if open_node else "in", v), ("end", v), host, port, own))
    arcs += [(("out", i), ("in", j), c, math.inf, 0.0) for (i, j), c in net.capacity.items()]
    return arcs


def graph_of(net: Net) -> nx.DiGraph[Any]:
    """The expansion for networkx, ports left out."""
    graph: nx.DiGraph[Any] = nx.DiGraph()
    for tail, head, capacity, _, _ in arcs_of(net, 0.0):
        graph.add_edge(tail, head, **({"capacity": capacity} if math.isfinite(capacity) else {}))
    return graph


def least_cut(graph: nx.DiGraph[Any], origin: set[Any], target: set[Any]) -> float:
    """Least capacity from one set of vertices to another."""
    joined = graph.copy()
    joined.add_edges_from(("source", v) for v in origin)
    joined.add_edges_from((v, "sink") for v in target)
    return float(nx.minimum_cut_value(joined, "source", "sink", flow_func=nx.algorithms.flow.edmonds_karp))


def rate_by_cuts(net: Net, share: Floats, *, up: bool = False) -> float:
    """Least over all sets of endpoints of (least capacity out of the set) / (share in it), or into it with `up`."""
    graph = graph_of(net).reverse() if up else graph_of(net)
    ends = [v for v, gpus in enumerate(net.gpus) if gpus]
    rates = []
    for size in range(1, len(ends)):
        for chosen in itertools.combinations(ends, size):
            held = float(share[list(chosen)].sum())
            if held > 0:
                rest = {("end", v) for v in ends if v not in chosen}
                rates.append(least_cut(graph, {("end", v) for v in chosen}, rest) / held)
    return min(rates)


def partitions(items: list[int]) -> Iterator[list[list[int]]]:
    """All ways to divide the items into parts."""
    if not items:
        yield []
        return
    first, *rest = items
    for parts in partitions(rest):
        yield [[first], *parts]
        for i in range(len(parts)):
            yield [*parts[:i], [first, *parts[i]], *parts[i + 1 :]]


def rate_by_partitions(net: Net) -> float:
    """Least over all partitions of the nodes, every node with GPUs and unlimited, of links between parts / (parts - 1).

    A link counts the mean of its two directions.
    """
    best = math.inf
    for parts in partitions(list(range(net.n))):
        if len(parts) > 1:
            label = {v: i for i, part in enumerate(parts) for v in part}
            between = sum(c for (i, j), c in net.capacity.items() if label[i] != label[j]) / 2.0
            best = min(best, between / (len(parts) - 1))
    return best


def rate_by_program(net: Net, share: Floats | None, *, down: bool, up: bool, inside_share: float) -> float:
    """Rate of the best packing of trees that broadcast (`down`), gather (`up`) or both, without in-network computing.

    `share` is the part of the data each node is the root of; None leaves the roots free.
    """
    ends = [v for v, gpus in enumerate(net.gpus) if gpus]
    arcs = arcs_of(net, inside_share)
    vertices = sorted({a for a, *_ in arcs} | {b for _, b, *_ in arcs})
    names: dict[Any, int] = {}
    rows: list[tuple[dict[int, float], float, bool]] = []  # coefficients, right-hand side, is an equation

    def var(*name: Any) -> int:
        return names.setdefault(name, len(names))

    def root(v: int) -> tuple[int, float]:
        return (var("rate"), float(share[v])) if share is not None else (var("root", v), 1.0)

    if share is None:
        rows.append(({var("root", v): 1.0 for v in ends} | {var("rate"): -1.0}, 0.0, True))
    ways = [way for way, wanted in (("down", down), ("up", up)) if wanted]
    pairs = [(u, v) for u in ends for v in ends if u != v]
    for way in ways:
        # Logical capacity u -> v, routed; trees that gather run against their logical arcs.
        for u in ends:
            for w in vertices:
                row: dict[int, float] = {}
                for e, (tail, head, *_) in enumerate(arcs):
                    start, end = (tail, head) if way == "down" else (head, tail)
                    if w in (start, end):
                        row[var(way, "flow", u, e)] = row.get(var(way, "flow", u, e), 0.0) + (
                            1.0 if w == start else -1.0
                        )
                for v in ends:
                    if v != u and w in (("end", u), ("end", v)):
                        row[var(way, "logical", u, v)] = -1.0 if w == ("end", u) else 1.0
                rows.append((row, 0.0, True))
        for t in ends:
            for v in ends:
                row = {var(way, "reach", t, a, b): (1.0 if b == v else -1.0) for a, b in pairs if v in (a, b)}
                row[var(way, "fed", t, v)] = 1.0
                if v == t:
                    row[var("rate")] = -1.0
                rows.append((row, 0.0, True))
                column, factor = root(v)
                rows.append(({var(way, "fed", t, v): 1.0, column: -factor}, 0.0, False))
            rows += [({var(way, "reach", t, a, b): 1.0, var(way, "logical", a, b): -1.0}, 0.0, False) for a, b in pairs]
    for e, (_, _, capacity, port, own) in enumerate(arcs):
        load = {var(way, "flow", u, e): 1.0 for way in ways for u in ends}
        if math.isfinite(capacity):
            rows.append((load, capacity, False))
        if math.isfinite(port):
            rows.append((load | {var("rate"): own}, port, False))
    matrix = np.zeros((len(rows), len(names)))
    for i, (row, _, _) in enumerate(rows):
        matrix[i, list(row)] = list(row.values())
    right, equal = np.array([r for _, r, _ in rows]), np.array([e for _, _, e in rows])
    gain = np.zeros(len(names))
    gain[var("rate")] = -1.0
    found = linprog(
        gain, A_ub=matrix[~equal], b_ub=right[~equal], A_eq=matrix[equal], b_eq=right[equal], method="highs-ds"
    )
    assert found.status == 0, found.message
    return -float(found.fun or 0.0)
