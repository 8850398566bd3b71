"""Which satellites are linked: a `Wiring` is a list of pairs and the number of terminals each pair spends on its link.

Knows no ranges, rates or sight lines: patterns that need them take their candidates from `ranges` and `visibility`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import networkx as nx
import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from links.frozen import FrozenArrays

__all__ = ["Wiring", "terminals_per_satellite"]

Ints = NDArray[np.int64]


def terminals_per_satellite(*, terminals: ArrayLike, n: int) -> Ints:
    """Terminals of each of `n` satellites, shape (n,), from one number for all or one for each."""
    limit = np.asarray(terminals)
    if not np.issubdtype(limit.dtype, np.integer) or (limit < 0).any() or limit.shape not in ((), (n,)):
        raise ValueError(f"terminals={terminals!r}: need a whole number of at least 0, or one for each of {n}")
    return np.broadcast_to(limit, n).astype(np.int64)


@dataclass(frozen=True, kw_only=True, eq=False)
class Wiring(FrozenArrays):
    """Pairs of satellites that are linked, each with its number of terminals in parallel.

    Parameters
    ----------
    name : str
        The pattern, for tables.
    pairs : (k, 2) int array
        Numbers of the satellites, i < j, each pair once; kept in the order given.
    terminals : (k,) int array
        Terminals that each of the two satellites spends on the link, at least 1.

    >>> Wiring(name="triangle", pairs=[(0, 1), (1, 2), (0, 2)], terminals=[1, 2, 1]).demand(n=3)
    array([2, 3, 3])
    """

    name: str
    pairs: Ints
    terminals: Ints

    def __post_init__(self) -> None:
        where = f"wiring {self.name!r}"
        pairs, terminals = np.asarray(self.pairs), np.asarray(self.terminals)
        if pairs.size == 0:
            pairs, terminals = np.zeros((0, 2), dtype=np.int64), np.zeros(0, dtype=np.int64)
        for what, array, shape in (("pairs", pairs, (len(pairs), 2)), ("terminals", terminals, (len(pairs),))):
            if array.shape != shape or not np.issubdtype(array.dtype, np.integer):
                raise ValueError(f"{where}: {what} of shape {array.shape}, {array.dtype}; need {shape} integers")
        object.__setattr__(self, "pairs", pairs.astype(np.int64))
        object.__setattr__(self, "terminals", terminals.astype(np.int64))
        super().__post_init__()
        wrong = np.flatnonzero((pairs[:, 0] < 0) | (pairs[:, 0] >= pairs[:, 1]))
        if wrong.size:
            i, j = pairs[wrong[0]]
            raise ValueError(f"{where}: pairs[{wrong[0]}]=({i}, {j}); write each pair once as (i, j), 0 <= i < j")
        unique, count = np.unique(pairs, axis=0, return_counts=True)
        if (count > 1).any():
            i, j = unique[np.argmax(count > 1)]
            raise ValueError(f"{where}: pair ({i}, {j}) appears twice; give it once and add its terminals up")
        few = np.flatnonzero(terminals < 1)
        if few.size:
            k = few[0]
            raise ValueError(f"{where}: terminals[{k}]={terminals[k]}; need at least 1, or leave the pair out")

    @classmethod
    def from_pairs(cls, *, name: str, pairs: ArrayLike) -> "Wiring":
        """Wiring of pairs in any order, one terminal each; a pair that is repeated gets as many terminals in parallel.

        >>> Wiring.from_pairs(name="twice", pairs=[(2, 1), (1, 2), (0, 1)]).terminals
        array([1, 2])
        """
        ends = np.asarray(pairs)
        if ends.size == 0:
            return cls(name=name, pairs=np.zeros((0, 2), dtype=np.int64), terminals=np.zeros(0, dtype=np.int64))
        unique, count = np.unique(np.sort(ends, axis=1), axis=0, return_counts=True)
        return cls(name=name, pairs=unique, terminals=count)

    @classmethod
    def from_graph(cls, *, graph: "nx.Graph[Any]", order: Sequence[Any] | None = None) -> "Wiring":
        """Wiring of any undirected networkx graph.

        Parameters
        ----------
        graph : networkx.Graph or MultiGraph
            An edge's attribute `terminals` is its number of terminals, 1 without; edges of a multigraph add up.
        order : sequence, optional
            The node that each satellite is, in the order of the formation; the order of the graph if not given.

        >>> print(Wiring.from_graph(graph=nx.petersen_graph()))
        Petersen Graph: 15 links, 15 terminal pairs
        """
        if graph.is_directed():
            raise ValueError(f"graph {graph.name!r} is directed; a link serves both directions: use to_undirected()")
        nodes = list(graph) if order is None else list(order)
        number = {node: k for k, node in enumerate(nodes)}
        lost = [node for node in graph if node not in number]
        if lost or len(number) != len(nodes) or len(number) != len(graph):
            raise ValueError(f"order has {len(nodes)} of {len(graph)} nodes; name each once, missing {lost[:3]}")
        edges = graph.edges(data="terminals", default=1)
        pairs = [(number[u], number[v]) for u, v, terminals in edges for _ in range(terminals)]
        return cls.from_pairs(name=graph.name or "graph", pairs=pairs)

    def __len__(self) -> int:
        return len(self.pairs)

    def __str__(self) -> str:
        return f"{self.name}: {len(self)} links, {int(self.terminals.sum())} terminal pairs"

    def _per_satellite(self, n: int, weight: Ints) -> Ints:
        if len(self) and int(self.pairs.max()) >= n:
            i, j = self.pairs[np.argmax(self.pairs[:, 1] >= n)]
            raise ValueError(
                f"wiring {self.name!r}: pair ({i}, {j}) names satellite {j}; the formation has {n}, numbered from 0"
            )
        return np.bincount(self.pairs.ravel(), weights=np.repeat(weight, 2), minlength=n).astype(np.int64)

    def degree(self, *, n: int) -> Ints:
        """Neighbours of each of the `n` satellites, shape (n,)."""
        return self._per_satellite(n, np.ones_like(self.terminals))

    def demand(self, *, n: int) -> Ints:
        """Terminals that each of the `n` satellites needs, shape (n,)."""
        return self._per_satellite(n, self.terminals)

    def check(self, *, n: int, terminals: ArrayLike) -> None:
        """Raise `ValueError` if a link names a missing satellite or a satellite needs more terminals than it has.

        Parameters
        ----------
        n : int
            Satellites in the formation.
        terminals : int or (n,) int array
            Terminals of each satellite.

        >>> Wiring(name="star", pairs=[(0, 1), (0, 2), (0, 3)], terminals=[1, 1, 1]).check(n=4, terminals=2)
        Traceback (most recent call last):
        ...
        ValueError: wiring 'star': satellite 0 needs 3 terminals and has 2; take links away or give it more terminals
        """
        demand = self.demand(n=n)
        limit = terminals_per_satellite(terminals=terminals, n=n)
        if (demand > limit).any():
            i = int(np.argmax(demand - limit))
            raise ValueError(
                f"wiring {self.name!r}: satellite {i} needs {demand[i]} terminals and has {limit[i]}; "
                "take links away or give it more terminals"
            )

    def is_connected(self, *, n: int) -> bool:
        """Whether every one of the `n` satellites can be reached from every other."""
        self._per_satellite(n, self.terminals)
        graph = coo_array((np.ones(len(self)), (self.pairs[:, 0], self.pairs[:, 1])), shape=(n, n))
        count, _ = connected_components(graph, directed=False)
        return bool(count == 1)
