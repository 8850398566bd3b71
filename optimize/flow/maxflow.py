"""Maximum flows and minimum cuts with capacities in floating point, on top of scipy's integer maximum flow.

Leaves out costs and several commodities: see `problem`.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph

__all__ = ["FlowGraph"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Whole = NDArray[np.int32]
Bools = NDArray[np.bool_]

_WHOLE = 2.0**29  # units of the greatest flow there may be: scipy's are 32-bit, and what is unlimited holds it twice
_MOST_ROUNDS = 5  # each divides the unit by about 2^29 / arcs; two are enough unless the flow is far below the sums
_LOST = 1e-10  # part of the flow that one unit on every arc may be


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
        # Every arc and its reverse, in order: the structure that scipy would make anew for each flow.
        key, back = tail * n + head, head * n + tail
        every = np.unique(np.concatenate([key, back]))
        self.n = n
        self._place = np.searchsorted(every, key)
        self._row, self._column = np.divmod(every, n)
        starts = np.searchsorted(self._row, np.arange(n + 1)).astype(np.int32)
        nothing = np.zeros(every.size, dtype=np.int32)
        self._graph = sparse.csr_array((nothing, self._column.astype(np.int32), starts), shape=(n, n))

    def max_flow(self, *, capacity: Floats, source: int, sink: int) -> tuple[float, Bools]:
        """Greatest flow from source to sink, and the source side of a least cut, shape (n,).

        Parameters
        ----------
        capacity : (m,) array
            >= 0; inf for unlimited.
        source, sink : int

        Notes
        -----
        Capacities are rounded down to 2^-29 of what source or sink can pass, or of the sum of all that are limited; the
        flow on what is left over is found again at a finer unit. The flow returned can be carried; the cut exceeds it
        by the last unit on each of its arcs at most. The side is the smallest of all least cuts, up to the same
        rounding.

        References
        ----------
        E. A. Dinitz, Soviet Math. Dokl. 11, 1277 (1970). L. R. Ford and D. R. Fulkerson, Can. J. Math. 8, 399 (1956).

        >>> graph = FlowGraph(n=4, tail=np.array([0, 0, 1, 2]), head=np.array([1, 2, 3, 3]))
        >>> value, side = graph.max_flow(capacity=np.array([0.3, 1.0, 1.0, 0.1]), source=0, sink=3)
        >>> round(value, 9), side.tolist()
        (0.4, [True, False, True, False])
        """
        left, unit = self._start(capacity, source, sink)
        value = 0.0
        for _ in range(_MOST_ROUNDS):
            whole, units, flow = self._dinic(left / unit, source, sink)
            if units > _WHOLE:
                raise ValueError(f"the maximum flow from {source} to {sink} is unlimited; give one of them finite arcs")
            value += unit * units
            left = np.maximum(left - unit * flow, 0.0)
            if 0.0 < unit * self._place.size <= _LOST * value:
                break
            unit *= self._place.size / _WHOLE
        return value, self._reached(whole > flow, source)

    def unit_flow(self, *, capacity: Floats, source: int, sink: int) -> Floats | None:
        """Flow of 1 from source to sink in the proportions of a greatest one, shape (m,); None if there is none.

        Arcs in the opposite direction do not both carry it. No arc is parallel to another. The capacities are rounded
        down once, as in `max_flow`.
        """
        left, unit = self._start(capacity, source, sink)
        _, units, flow = self._dinic(left / unit, source, sink)
        return np.maximum(flow[self._place], 0) / units if units > 0 else None

    def _start(self, capacity: Floats, source: int, sink: int) -> tuple[Floats, float]:
        """Capacity of every arc of the structure, and a unit of which no flow is more than 2^29."""
        left: Floats = np.bincount(self._place, weights=capacity, minlength=self._row.size).astype(float)
        # No cut that limits the flow holds more than one of these.
        sums = (left[self._row == source].sum(), left[self._column == sink].sum(), left[np.isfinite(left)].sum())
        return left, (float(min(sums)) or 1.0) / _WHOLE

    def _dinic(self, units: Floats, source: int, sink: int) -> tuple[Whole, int, Whole]:
        """Capacities in whole units, the greatest flow of these, and what it is on every arc of the structure."""
        self._graph.data = whole = np.floor(np.minimum(units, 2.0 * _WHOLE)).astype(np.int32)
        found = csgraph.maximum_flow(self._graph, source, sink)
        return whole, int(found.flow_value), np.asarray(found.flow.data, dtype=np.int32)

    def _reached(self, onward: Bools, source: int) -> Bools:
        """What the source reaches along arcs of the structure with something left, shape (n,)."""
        open_way = np.ones(int(np.count_nonzero(onward)))
        graph = sparse.csr_array((open_way, (self._row[onward], self._column[onward])), shape=(self.n, self.n))
        side = np.zeros(self.n, dtype=bool)
        side[csgraph.breadth_first_order(graph, source, return_predecessors=False)] = True
        return side
