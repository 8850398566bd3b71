"""Maximum flow and minimum cut with capacities in floating point, on top of scipy's integer maximum flow.

Leaves out costs and several commodities: see `problem`.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph

__all__ = ["max_flow"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

_WHOLE = 2.0**29  # units of the whole flow: scipy's are 32-bit, and an arc holds twice the flow, so that it is no cut
_ROUNDS = 2  # each round divides the unit by about 2^29 / arcs; two reach the rounding of doubles


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
    Capacities are rounded down to 2^-29 of what source or sink can pass at most, and the flow on what is left over is
    found again at a finer unit. The flow returned can be carried; the cut exceeds it by the last unit on each of its
    arcs at most, about 1e-12 of it. The side is the smallest of all least cuts, up to the same rounding.

    References
    ----------
    E. A. Dinitz, Soviet Math. Dokl. 11, 1277 (1970). L. R. Ford and D. R. Fulkerson, Can. J. Math. 8, 399 (1956).

    >>> arcs = {"tail": np.array([0, 0, 1, 2]), "head": np.array([1, 2, 3, 3])}
    >>> value, side = max_flow(n=4, **arcs, capacity=np.array([0.3, 1.0, 1.0, 0.1]), source=0, sink=3)
    >>> round(value, 9), side.tolist()
    (0.4, [True, False, True, False])
    """
    most = min(float(capacity[tail == source].sum()), float(capacity[head == sink].sum()))
    if not np.isfinite(most):
        raise ValueError(f"maximum flow from {source} to {sink} may be unlimited; give one of them finite arcs")
    if most == 0.0:
        return 0.0, _reached(sparse.csr_array((capacity, (tail, head)), shape=(n, n)), source)
    left = sparse.csr_array((np.minimum(capacity, 2.0 * most), (tail, head)), shape=(n, n))
    value, unit = 0.0, most / _WHOLE
    for _ in range(_ROUNDS):
        whole = left.copy()
        whole.data = np.floor(np.minimum(left.data / unit, 2.0 * _WHOLE)).astype(np.int32)
        found = csgraph.maximum_flow(whole, source, sink)
        value += unit * float(found.flow_value)
        flow = sparse.csr_array(found.flow)
        rest = sparse.csr_array(whole - flow)
        left = sparse.csr_array(left - unit * flow)
        left.data = np.maximum(left.data, 0.0)
        unit *= tail.size / _WHOLE
    return value, _reached(rest, source)


def _reached(left: sparse.csr_array, source: int) -> Bools:
    """What the source reaches along arcs with something left, shape (n,)."""
    left = left.copy()
    left.data = np.maximum(left.data, 0)
    left.eliminate_zeros()
    side = np.zeros(left.shape[0], dtype=bool)
    side[csgraph.breadth_first_order(left, source, return_predecessors=False)] = True
    return side
