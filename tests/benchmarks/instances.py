"""Fabrics of any size for the solvers: lattices, random geometric graphs, random regular graphs, long wirings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import networkx as nx
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from topo import from_networkx
from topo.fabric import Fabric

__all__ = ["FAMILIES", "square_lattice"]

Floats = NDArray[np.float64]

RATE_BPS = 9.6e12  # 24 x 400 Gb/s, of a link of 100 m
PITCH_M = 100.0
PHASE_RAD = np.deg2rad(30.0)  # of the orbit: no two kinds of links are equally long
DEGREE = 8
SEED = 7
GEOMETRIC_DEGREE = 8.7  # mean; below that, geometric graphs fall into pieces


def built(name: str, graph: nx.Graph[int], positions_m: Floats | None = None) -> Fabric:
    """A fabric of one GPU a node, with positions in the plane."""
    if positions_m is not None:
        for v, (x_m, y_m) in enumerate(positions_m):
            graph.nodes[v].update(x_m=float(x_m), y_m=float(y_m), z_m=0.0)
    return from_networkx(graph, name=name, gpus=1, capacity_bps=RATE_BPS)


def square_lattice(n: int) -> Fabric:
    """Square of eight neighbours and equal rates; its eight symmetries are all there are."""
    side = round(n**0.5)
    graph: nx.Graph[Any] = nx.strong_product(nx.path_graph(side), nx.path_graph(side))
    positions_m = PITCH_M * np.array(sorted(graph), dtype=float)
    return built(f"square {side}x{side}", nx.convert_node_labels_to_integers(graph, ordering="sorted"), positions_m)


def lattice(n: int) -> Fabric:
    """Suncatcher's lattice at one moment: integer points in a disc, eight neighbours, rates that fall with range."""
    index, positions_m = _disc(n)
    graph = _neighbours(index, [(0, 1), (1, 0), (1, 1), (1, -1)])
    for u, v, data in graph.edges(data=True):
        data["capacity_bps"] = RATE_BPS * PITCH_M / float(np.hypot(*(positions_m[u] - positions_m[v])))
    return built(f"lattice {len(index)}", graph, positions_m)


def long_wiring(n: int) -> Fabric:
    """The same points with four neighbours, and links of any length up to eight in all."""
    index, positions_m = _disc(n)
    graph = _neighbours(index, [(0, 1), (1, 0)])
    rng = np.random.default_rng(SEED)
    stubs = np.repeat(np.arange(len(index)), [DEGREE - graph.degree[v] for v in range(len(index))])
    for _ in range(DEGREE):  # what is left after a few shuffles stays open
        rng.shuffle(stubs)
        left = []
        for u, v in zip(stubs[::2].tolist(), stubs[1::2].tolist(), strict=False):
            if u == v or graph.has_edge(u, v):
                left += [u, v]
            else:
                graph.add_edge(u, v)
        stubs = np.array(left, dtype=np.int64)
    return built(f"long {len(index)}", graph, positions_m)


def geometric(n: int) -> Fabric:
    """Random points in a square, linked below a range; the largest piece of it."""
    points = np.random.default_rng(SEED).random((n, 2))
    pairs = cKDTree(points).query_pairs(float(np.sqrt(GEOMETRIC_DEGREE / (np.pi * n))), output_type="ndarray")
    graph: nx.Graph[Any] = nx.Graph(pairs.tolist())
    kept = sorted(max(nx.connected_components(graph), key=lambda piece: len(list(piece))))
    part = nx.convert_node_labels_to_integers(graph.subgraph(kept), ordering="sorted")
    return built(f"geometric {len(kept)}", part, points[kept] * PITCH_M * np.sqrt(n))


def regular(n: int) -> Fabric:
    """Random regular graph: an expander, most likely."""
    return built(f"regular {n}", nx.random_regular_graph(DEGREE, n, seed=SEED))


def _disc(n: int) -> tuple[NDArray[np.int64], Floats]:
    """About n integer points in a disc, and where they are on their ellipses: twice as long along the track."""
    radius = np.sqrt(n / np.pi)
    reach = np.arange(-int(radius) - 1, int(radius) + 2)
    i, j = (part.ravel() for part in np.meshgrid(reach, reach, indexing="ij"))
    kept = np.flatnonzero(i**2 + j**2 <= np.floor(radius) ** 2)
    i, j = i[kept], j[kept]
    c, s = np.cos(PHASE_RAD), np.sin(PHASE_RAD)
    return np.stack([i, j], axis=1), PITCH_M * np.stack([i * c + j * s, 2.0 * (j * c - i * s)], axis=1)


def _neighbours(index: NDArray[np.int64], steps: list[tuple[int, int]]) -> nx.Graph[int]:
    at = {(int(i), int(j)): v for v, (i, j) in enumerate(index)}
    graph: nx.Graph[int] = nx.empty_graph(len(index))
    graph.add_edges_from((v, at[i + a, j + b]) for (i, j), v in at.items() for a, b in steps if (i + a, j + b) in at)
    return graph


FAMILIES: dict[str, Callable[[int], Fabric]] = {
    "lattice": lattice, "square lattice": square_lattice, "geometric": geometric, "regular": regular,
    "long": long_wiring,
}  # fmt: skip
