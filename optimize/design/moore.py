"""The most that so many links at each node could do: a bound from counting how many nodes are near, however wired.

Of links that go both ways. Leaves out geometry: reach, lines of sight and what a link carries over which range.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["moore_bound_per_s"]


def moore_bound_per_s(
    *, nodes: ArrayLike, degree: ArrayLike, link_bps: ArrayLike = 1.0, gpus: ArrayLike = 1
) -> NDArray[np.float64]:
    """Rounds per second of all-to-all that no graph of so many two-way links at a node can exceed. [1/s]

    Parameters
    ----------
    nodes : int or array
        At least 2.
    degree : int or array
        Links of each node, at most; parallel ones count.
    link_bps : float or array
        Capacity of a link, each direction. [bit/s]
    gpus : int or array
        GPUs of each node; a pair of nodes exchanges gpus^2 bits each way in a round.

    Notes
    -----
    A node has at most r (r-1)^(k-1) others at k hops, for one link of each leads back. Arcs of one direction reach r^k,
    so Kautz digraphs exceed this bound. Its distances therefore sum to at least
    D = sum_k k min(nodes left, r (r-1)^(k-1)), every bit uses as many links as its distance, and r links leave each
    node: throughput <= r link_bps / (gpus^2 D). The edge-transitive Moore graphs (complete graphs, odd rings, Petersen,
    Hoffman-Singleton) attain it.

    References
    ----------
    V. G. Cerf, D. D. Cowan, R. C. Mullin, R. G. Stanton, A lower bound on the average shortest path length in regular
    graphs, Networks 4, 335 (1974). A. Singla, P. B. Godfrey, A. Kolla, High throughput data center topology design,
    NSDI 2014, theorem 1.

    >>> float(moore_bound_per_s(nodes=10, degree=3))
    0.2
    """
    n, r, rate, each = np.broadcast_arrays(*(np.asarray(x, dtype=float) for x in (nodes, degree, link_bps, gpus)))
    for name, value, good, need in (
        ("nodes", n, np.isfinite(n) & (n >= 2) & (n == np.rint(n)), "a whole number >= 2"),
        ("degree", r, np.isfinite(r) & (r >= 1) & (r == np.rint(r)), "a whole number >= 1"),
        ("link_bps", rate, np.isfinite(rate) & (rate > 0), "a finite number > 0"),
        ("gpus", each, np.isfinite(each) & (each > 0), "a finite number > 0"),
    ):
        if not good.all():
            raise ValueError(f"{name}={value[~good].flat[0]:g}: need {need}")
    if ((r == 1) & (n > 2)).any():
        raise ValueError("degree=1: joins only 2 nodes; give more links, or nodes=2")
    left, shell, hop, distance = n - 1.0, r.copy(), 1, np.zeros(n.shape)
    while (left > 0).any():
        reached = np.minimum(left, shell)
        distance, left, hop = distance + hop * reached, left - reached, hop + 1
        shell = np.minimum(shell * (r - 1.0), n)  # no more than there are
    return np.asarray(r * rate / (each**2 * distance))
