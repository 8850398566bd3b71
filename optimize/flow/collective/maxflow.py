"""Maximum flow and minimum cut with capacities in floating point, by igraph.

Leaves out costs and several commodities: see `problem`.
"""

import numpy as np
from numpy.typing import NDArray

__all__ = ["FlowGraph"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


class FlowGraph:
    """Vertices and arcs, for maximum flows with one vector of capacities after the other.

    Parameters
    ----------
    n : int
        Vertices.
    tail, head : (m,) ints
        Ends of the arcs; parallel arcs add up.
    """

    def __init__(self, *, n: int, tail: Ints, head: Ints) -> None:
        import igraph  # half a second, as it loads matplotlib

        self.n = n
        self._graph = igraph.Graph(n, np.column_stack([tail, head]), directed=True)

    def max_flow(self, *, capacity: Floats, source: int, sink: int) -> tuple[float, Bools]:
        """Greatest flow from source to sink, and the source side of a least cut, shape (n,).

        Parameters
        ----------
        capacity : (m,) array
            >= 0; inf for unlimited.
        source, sink : int

        Notes
        -----
        In double precision; flow and cut differ by the rounding of their sums.

        References
        ----------
        A. V. Goldberg and R. E. Tarjan, J. ACM 35, 921 (1988), as igraph has it.

        >>> graph = FlowGraph(n=4, tail=np.array([0, 0, 1, 2]), head=np.array([1, 2, 3, 3]))
        >>> value, side = graph.max_flow(capacity=np.array([0.3, 1.0, 1.0, 0.1]), source=0, sink=3)
        >>> round(value, 9), side.tolist()
        (0.4, [True, False, True, False])
        """
        finite = np.isfinite(capacity)
        most = float(capacity[finite].sum())  # of any cut that is one
        unit = most if most > 0 else 1.0
        found = self._graph.maxflow(source, sink, capacity=np.where(finite, capacity / unit, 2.0).tolist())
        if found.value > 1.5:
            raise ValueError(f"the maximum flow from {source} to {sink} is unlimited; give one of them finite arcs")
        side = np.zeros(self.n, dtype=bool)
        side[found.partition[0]] = True
        return float(found.value) * unit, side
