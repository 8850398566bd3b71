"""Maximum flow and minimum cut with capacities in floating point, by igraph.

Leaves out costs and several commodities: see `problem`.
"""

import igraph
import numpy as np
from numpy.typing import NDArray

__all__ = ["max_flow"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


def max_flow(*, n: int, tail: Ints, head: Ints, capacity: Floats, source: int, sink: int) -> tuple[float, Bools]:
    """Greatest flow from source to sink, and the source side of a least cut, shape (n,).

    Parameters
    ----------
    n : int
        Vertices.
    tail, head : (m,) ints
        Ends of the arcs; parallel arcs add up.
    capacity : (m,) array
        >= 0; inf for unlimited.
    source, sink : int

    Notes
    -----
    In double precision, on capacities in units of what source or sink can pass at most; flow and cut differ by the
    rounding of their sums.

    References
    ----------
    A. V. Goldberg and R. E. Tarjan, J. ACM 35, 921 (1988), as igraph has it.

    >>> arcs = {"tail": np.array([0, 0, 1, 2]), "head": np.array([1, 2, 3, 3])}
    >>> value, side = max_flow(n=4, **arcs, capacity=np.array([0.3, 1.0, 1.0, 0.1]), source=0, sink=3)
    >>> round(value, 9), side.tolist()
    (0.4, [True, False, True, False])
    """
    most = min(float(capacity[tail == source].sum()), float(capacity[head == sink].sum()))
    if not np.isfinite(most):
        raise ValueError(f"maximum flow from {source} to {sink} may be unlimited; give one of them finite arcs")
    open_arcs = capacity > 0
    graph = igraph.Graph(n, np.column_stack([tail, head])[open_arcs], directed=True)
    unit = most if most > 0 else 1.0
    # An arc that holds twice the flow is no cut.
    found = graph.maxflow(source, sink, capacity=np.minimum(capacity[open_arcs] / unit, 2.0).tolist())
    side = np.zeros(n, dtype=bool)
    side[found.partition[0]] = True
    return float(found.value) * unit, side
