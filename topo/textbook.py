"""Networks of the textbooks as fabrics: torus and mesh, k-ary fat tree, dragonfly, random regular graph.

Every link has the same rate, one direction. Leaves out where the nodes stand and how long the cables are: latencies are
those given.
"""

import itertools
import math
from collections.abc import Sequence

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from links.model import require_positive

from .assemble import assemble, numbered
from .fabric import Fabric

__all__ = ["dragonfly", "fat_tree", "random_regular_fabric", "torus_fabric"]

Ints = NDArray[np.int64]


def torus_fabric(
    *,
    dimensions: Sequence[int],
    capacity_bps: float,
    wrapped: bool | Sequence[bool] = True,
    gpus: int = 1,
    host_bps: float = math.inf,
    latency_s: float = 0.0,
    latency_low_s: float | None = None,
    name: str | None = None,
    medium: str = "unspecified",
) -> Fabric:
    """Torus or mesh in any number of dimensions, whose nodes have GPUs and forward.

    Parameters
    ----------
    dimensions : sequence of int
        Sizes; nodes are numbered with the last dimension fastest.
    capacity_bps : float
        Of each link, one direction. [bit/s]
    wrapped : bool or one per dimension
        Whether the dimension closes on itself; False is a mesh.
    gpus : int
        At each node.
    host_bps : float
        Between a node's GPUs and the network, each direction. [bit/s]
    latency_s, latency_low_s : float
        Of each link, upper and lower end; the same if only one is given. [s]
    name, medium : str, optional

    Notes
    -----
    A dimension of size 2 links its two nodes once. Cutting a wrapped dimension of even size k in the middle crosses
    2 n/k links, and no bisection is smaller if k is the largest dimension and all are wrapped and even.

    References
    ----------
    W. J. Dally and B. Towles, Principles and Practices of Interconnection Networks (2004), section 5.2.

    >>> print(torus_fabric(dimensions=(89, 90), capacity_bps=100e9))
    torus 89x90: 8010 nodes, 8010 GPUs, 16020 links (32040 arcs) of 100 Gb/s each way
    """
    sizes = [int(size) for size in dimensions]
    closed = [wrapped] * len(sizes) if isinstance(wrapped, bool) else list(wrapped)
    if not sizes or min(sizes) < 1 or len(closed) != len(sizes):
        raise ValueError(f"dimensions={tuple(dimensions)}: need sizes of at least 1, and wrapped for each of them")
    grid = np.arange(math.prod(sizes)).reshape(sizes)
    pairs = []
    for axis, (size, close) in enumerate(zip(sizes, closed, strict=True)):
        links = size if close and size > 2 else size - 1
        here = np.take(grid, range(links), axis=axis)
        pairs.append(np.stack([here, np.take(np.roll(grid, -1, axis=axis), range(links), axis=axis)], axis=-1))
    shape = "x".join(map(str, sizes))
    return assemble(
        name=name or f"{'torus' if all(closed) else 'mesh'} {shape}", labels=numbered(node=grid.size), gpus=gpus,
        transit=True, host_bps=host_bps, pairs=np.concatenate([p.reshape(-1, 2) for p in pairs]),
        capacity_bps=float(require_positive(capacity_bps, name="capacity_bps")), latency_s=latency_s,
        latency_low_s=latency_low_s, medium=medium,
    )  # fmt: skip


def fat_tree(*, ports: int, capacity_bps: float, latency_s: float = 0.0, switch_latency_s: float = 0.0) -> Fabric:
    """k-ary fat tree of equal switches: k^3/4 hosts with one GPU and one link each, full bisection.

    Parameters
    ----------
    ports : int
        k, of every switch; even.
    capacity_bps : float
        Of each link, one direction. [bit/s]
    latency_s, switch_latency_s : float
        Of each link; of each switch. [s]

    References
    ----------
    M. Al-Fares, A. Loukissas and A. Vahdat, A scalable, commodity data center network architecture, SIGCOMM (2008),
    section 2.2: 5 k^2/4 switches.

    >>> print(fat_tree(ports=4, capacity_bps=1e9))
    fat tree of 4-port switches: 36 nodes, 16 GPUs, 48 links (96 arcs) of 1 Gb/s each way
    """
    if ports < 2 or ports % 2:
        raise ValueError(f"ports={ports}: need an even number of at least 2, half up and half down")
    half = ports // 2
    hosts, edges = ports * half**2, ports * half
    host = np.arange(hosts)
    edge = hosts + np.arange(edges)
    pod_of, place = np.divmod(np.arange(edges), half)
    upper = (
        hosts + edges + half * pod_of[:, None] + np.arange(half)
    )  # the pod's aggregation switches, for each edge one
    core = hosts + 2 * edges + half * place[:, None] + np.arange(half)  # aggregation switch j of a pod: core group j
    return _switched(
        name=f"fat tree of {ports}-port switches", hosts=hosts, switches=2 * edges + half**2, capacity_bps=capacity_bps,
        pairs=[
            np.stack([host, edge[host // half]], axis=-1),
            np.stack([np.repeat(edge, half), upper.ravel()], axis=-1),
            np.stack([np.repeat(edge + edges, half), core.ravel()], axis=-1),
        ],
        latency_s=latency_s, switch_latency_s=switch_latency_s,
    )  # fmt: skip


def dragonfly(
    *,
    hosts: int,
    routers: int,
    global_links: int,
    capacity_bps: float,
    latency_s: float = 0.0,
    switch_latency_s: float = 0.0,
) -> Fabric:
    """Dragonfly of the largest size: groups of fully connected routers, one global link between any two groups.

    Parameters
    ----------
    hosts, routers, global_links : int
        p hosts at each router, a routers in each group, h global links at each router; balanced if a = 2p = 2h.
    capacity_bps : float
        Of each link, one direction. [bit/s]
    latency_s, switch_latency_s : float
        Of each link; of each router. [s]

    Notes
    -----
    a h + 1 groups, a p (a h + 1) hosts with one GPU each. Global link k of a group goes to the k-th group after it.

    References
    ----------
    J. Kim, W. J. Dally, S. Scott and D. Abts, Technology-driven, highly-scalable dragonfly topology, ISCA (2008),
    section 3.1.

    >>> print(dragonfly(hosts=2, routers=4, global_links=2, capacity_bps=1e9))
    dragonfly p=2 a=4 h=2: 108 nodes, 72 GPUs, 162 links (324 arcs) of 1 Gb/s each way
    """
    for key, value in {"hosts": hosts, "routers": routers, "global_links": global_links}.items():
        if value < 1:
            raise ValueError(f"{key}={value}: need at least 1")
    groups = routers * global_links + 1
    total = groups * routers
    n_hosts = total * hosts
    host, router = np.arange(n_hosts), n_hosts + np.arange(total).reshape(groups, routers)
    local = np.array(list(itertools.combinations(range(routers), 2)), dtype=np.int64).reshape(-1, 2)
    group, ahead = (axis.ravel() for axis in np.meshgrid(np.arange(groups), np.arange(groups - 1), indexing="ij"))
    other = (group + 1 + ahead) % groups
    back = groups - 2 - ahead  # how many groups the first is ahead of the second
    across = np.stack([router[group, ahead // global_links], router[other, back // global_links]], axis=-1)
    return _switched(
        name=f"dragonfly p={hosts} a={routers} h={global_links}", hosts=n_hosts, switches=total,
        capacity_bps=capacity_bps,
        pairs=[
            np.stack([host, router.ravel()[host // hosts]], axis=-1),
            router[:, local].reshape(-1, 2),
            across[group < other],
        ],
        latency_s=latency_s, switch_latency_s=switch_latency_s,
    )  # fmt: skip


def _switched(
    *,
    name: str,
    hosts: int,
    switches: int,
    pairs: list[Ints],
    capacity_bps: float,
    latency_s: float,
    switch_latency_s: float,
) -> Fabric:
    """Hosts of one GPU that do not forward, then switches."""
    is_host = np.arange(hosts + switches) < hosts
    return assemble(
        name=name, labels=numbered(gpu=hosts, switch=switches), gpus=is_host.astype(np.int64), transit=~is_host,
        pairs=np.concatenate(pairs), capacity_bps=float(require_positive(capacity_bps, name="capacity_bps")),
        latency_s=latency_s, switch_latency_s=np.where(is_host, 0.0, switch_latency_s), medium="unspecified",
    )  # fmt: skip


def random_regular_fabric(
    *, n: int, degree: int, capacity_bps: float, seed: int, gpus: int = 1, latency_s: float = 0.0
) -> Fabric:
    """Connected random regular graph whose nodes have GPUs and forward: few hops for a number of links.

    Parameters
    ----------
    n, degree : int
        Nodes, and links at each.
    capacity_bps : float
        Of each link, one direction. [bit/s]
    seed : int
        The same seed gives the same graph.
    gpus : int
        At each node.
    latency_s : float
        Of each link. [s]

    References
    ----------
    A. Singla, C.-Y. Hong, L. Popa and P. B. Godfrey, Jellyfish: networking data centers randomly, NSDI (2012).

    >>> print(random_regular_fabric(n=64, degree=8, capacity_bps=1e12, seed=1))
    random regular graph, 64 nodes of degree 8: 64 nodes, 64 GPUs, 256 links (512 arcs) of 1 Tb/s each way
    """
    if not 2 <= degree < n or n * degree % 2:
        raise ValueError(f"n={n}, degree={degree}: need 2 <= degree < n, and an even n x degree")
    rng = np.random.default_rng(seed)
    graph = nx.empty_graph(n)
    while not nx.is_connected(graph):
        graph = nx.random_regular_graph(degree, n, seed=int(rng.integers(2**31)))
    return assemble(
        name=f"random regular graph, {n} nodes of degree {degree}", labels=numbered(node=n), gpus=gpus, transit=True,
        pairs=np.array(sorted(tuple(sorted(edge)) for edge in graph.edges)), latency_s=latency_s,
        capacity_bps=float(require_positive(capacity_bps, name="capacity_bps")), medium="unspecified",
    )  # fmt: skip
