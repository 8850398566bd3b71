"""Small fabrics for the tests of the flow layer, and their throughput by a second method that shares no code with it.

The second method is the path formulation: every simple path of every pair is a variable of one linear program for
scipy. Of the project it uses only the nouns of `topo`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import networkx as nx
import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import linprog

from topo.fabric import Fabric
from topo.graph import from_networkx

Floats = NDArray[np.float64]
Arc = tuple[int, int]

SMALL = settings(derandomize=True, deadline=None, max_examples=25)
"""For properties that solve: the same examples in every run, and no clock."""


@dataclass(frozen=True)
class Net:
    """A fabric as plain numbers: what a test says about it is not read back from a `Fabric`."""

    gpus: tuple[int, ...]
    capacity: Mapping[Arc, float]
    limits: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    closed: frozenset[int] = frozenset()
    positions: tuple[tuple[float, float, float], ...] | None = None

    @property
    def n(self) -> int:
        return len(self.gpus)

    def limit(self, name: str) -> tuple[float, ...]:
        return self.limits.get(name, (math.inf,) * self.n)

    def scaled(self, factor: float) -> Net:
        capacity = {arc: factor * c for arc, c in self.capacity.items()}
        limits = {name: tuple(factor * x for x in values) for name, values in self.limits.items()}
        return Net(self.gpus, capacity, limits, self.closed, self.positions)

    def fabric(self) -> Fabric:
        graph: nx.DiGraph[int] = nx.DiGraph()
        for v in range(self.n):
            data: dict[str, Any] = {"gpus": self.gpus[v], "transit": v not in self.closed}
            data |= {name: values[v] for name, values in self.limits.items()}
            if self.positions is not None:
                data |= dict(zip(("x_m", "y_m", "z_m"), self.positions[v], strict=True))
            graph.add_node(v, **data)
        for (i, j), c in self.capacity.items():
            graph.add_edge(i, j, capacity_bps=c)
        return from_networkx(graph, name="net")

    def simple_paths(self, s: int, t: int) -> Iterator[tuple[Arc, ...]]:
        """All simple paths; closed nodes only at the ends."""
        graph: nx.DiGraph[int] = nx.DiGraph(
            arc for arc in self.capacity if (arc[0] == s or arc[0] not in self.closed) and arc[0] != t and arc[1] != s
        )
        if s in graph and t in graph:
            yield from (tuple(nx.utils.pairwise(path)) for path in nx.all_simple_paths(graph, s, t))

    def all_to_all(self) -> Floats:
        """Bits of a round between nodes: one from every GPU to every other."""
        bits = np.outer(self.gpus, self.gpus).astype(float)
        np.fill_diagonal(bits, 0.0)
        return bits


def path_throughput(
    net: Net, bits: Floats, local_bit: Floats, *, use: Floats | None = None, supply: Floats | None = None
) -> float:
    """Rounds per second by the path formulation. `use[r]` maps the sorted links (i < j) to use per unit of capacity."""
    paths = [(s, t, p) for s, t in np.argwhere(bits > 0) for p in net.simple_paths(int(s), int(t))]
    links = sorted({(min(arc), max(arc)) for arc in net.capacity})
    shared = use is not None and supply is not None
    width = 1 + len(paths) + (len(links) if shared else 0)
    rows: list[Floats] = []
    right: list[float] = []

    def at_most(row: Floats, bound: float) -> None:
        if math.isfinite(bound):
            rows.append(row)
            right.append(bound)

    def theta(value: float) -> Floats:
        row = np.zeros(width)
        row[0] = value
        return row

    for arc, c in net.capacity.items():
        row = theta(0.0)
        row[1 : 1 + len(paths)] = [arc in p for _, _, p in paths]
        at_most(row, c)
        if shared:
            row = row.copy()
            row[1 + len(paths) + links.index((min(arc), max(arc)))] = -1.0
            at_most(row, 0.0)
    sent, received = bits.sum(axis=1), bits.sum(axis=0)
    for v in range(net.n):
        at_most(theta(sent[v]), net.limit("host_bps")[v])
        at_most(theta(received[v]), net.limit("host_bps")[v])
        at_most(theta(local_bit[v]), net.limit("local_bps")[v])
        if net.gpus[v]:
            at_most(theta(local_bit[v] + max(sent[v], received[v]) / net.gpus[v]), net.limit("port_bps")[v])
        row = theta(0.0)
        row[1 : 1 + len(paths)] = [any(v in arc for arc in p) for _, _, p in paths]
        at_most(row, net.limit("switch_bps")[v])
    if shared:
        assert use is not None
        assert supply is not None
        for r in range(len(supply)):
            row = theta(0.0)
            row[1 + len(paths) :] = use[r]
            at_most(row, float(supply[r]))
    equal = []
    for s, t in np.argwhere(bits > 0):
        row = theta(-bits[s, t])
        row[1 : 1 + len(paths)] = [(a, b) == (s, t) for a, b, _ in paths]
        equal.append(row)
    found = linprog(
        theta(-1.0), A_ub=np.array(rows), b_ub=right, A_eq=np.array(equal) if equal else None,
        b_eq=np.zeros(len(equal)) if equal else None, method="highs-ds",
    )  # fmt: skip
    assert found.status == 0, found.message
    return -float(found.fun or 0.0)


_RATES = st.sampled_from([0.5, 1.0, 1.5, 2.0, 3.0, 5.0, 8.0])


@st.composite
def nets(draw: st.DrawFn, *, limits: bool = True, closed: bool = True, most: int = 5, equal: bool = False) -> Net:
    """Directed, asymmetric, strongly connected: a ring of open nodes, chords, and closed nodes that hang on it."""
    core = draw(st.integers(2, most))
    hanging = draw(st.integers(0, 2)) if closed else 0
    n = core + hanging
    arcs = {(v, (v + 1) % core) for v in range(core)}
    for v in range(core, n):
        arcs |= {(v, draw(st.integers(0, core - 1))), (draw(st.integers(0, core - 1)), v)}
    pairs = st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)).filter(lambda pair: pair[0] != pair[1])
    arcs |= set(draw(st.lists(pairs, max_size=5)))
    capacity = {arc: draw(_RATES) for arc in sorted(arcs)}
    counts = [1 if equal else draw(st.sampled_from([0, 1, 1, 2, 3])) for _ in range(n)]
    counts[0], counts[1] = max(counts[0], 1), max(counts[1], 1)
    bounds: dict[str, tuple[float, ...]] = {}
    if limits:
        for name in draw(st.sets(st.sampled_from(["host_bps", "switch_bps", "local_bps", "port_bps"]))):
            unlimited = st.one_of(_RATES, _RATES, st.just(math.inf))
            bounds[name] = tuple(draw(unlimited) for _ in range(n))
    return Net(tuple(counts), capacity, bounds, frozenset(range(core, n)))


def undirected(graph: nx.Graph[Any], *, capacity: float = 1.0, gpus: int = 1) -> Net:
    """Every edge as two arcs, nodes numbered in their order."""
    order = {node: k for k, node in enumerate(graph.nodes)}
    pairs = [(order[u], order[v]) for u, v in graph.edges]
    return Net((gpus,) * len(order), {arc: capacity for i, j in pairs for arc in ((i, j), (j, i))})


def ring(n: int, *, capacity: float = 1.0, gpus: int = 1) -> Net:
    return undirected(nx.cycle_graph(n), capacity=capacity, gpus=gpus)


def lost_link_throughput(net: Net, link: tuple[int, int]) -> float:
    """Rounds per second without both directions of a link, by the path formulation; 0 if anyone is cut off."""
    left = {arc: c for arc, c in net.capacity.items() if arc not in (link, link[::-1])}
    rest = Net(net.gpus, left, net.limits, net.closed)
    ends = [v for v in range(net.n) if net.gpus[v]]
    if any(not list(rest.simple_paths(s, t)) for s in ends for t in ends if s != t):
        return 0.0
    return path_throughput(rest, rest.all_to_all(), np.maximum(np.array(net.gpus) - 1.0, 0.0))
