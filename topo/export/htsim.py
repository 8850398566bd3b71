"""Files of htsim: its loadable generic topology, and connections with sizes.

Leaves out fat-tree templates and routes: htsim's generic topology has none of its own.
"""

from collections.abc import Iterable

import numpy as np

from ..fabric import Fabric
from .packets import packet_network

__all__ = ["htsim_topology", "htsim_traffic"]

_TARGET = "an htsim generic topology"
_MOST = 2**31  # htsim reads sizes as 32-bit integers
_LINE = 254  # and lines into a buffer of 255 characters


def htsim_topology(*, fabric: Fabric, queue_b: int, low_latency: bool = False, lossy: bool = False) -> str:
    """The fabric as htsim's generic topology: a queue and a pipe for each direction of each link.

    Parameters
    ----------
    fabric : Fabric
        Rates may differ between directions.
    queue_b : int
        Size of every queue. [byte]
    low_latency : bool
        Write the lower end of latency intervals instead of the upper.
    lossy : bool
        Accept that limits which the format cannot hold are not written.

    Notes
    -----
    Hosts are h0, h1 ... in the order of the fabric's nodes with GPUs, switches s0, s1 ...; a comma sticks to the word
    before it. A host has one queue, so GPUs with several links are refused. A switch names all its queues on one line
    of at most 254 characters, which bounds its ports to about 20. A pipe may not take no time: it takes 1 ps then.

    >>> from topo.textbook import fat_tree
    >>> text = htsim_topology(fabric=fat_tree(ports=2, capacity_bps=1e9, latency_s=1e-6), queue_b=100000)
    >>> text.splitlines()[3:6]
    ['host h0, queue q0', 'host h1, queue q1', 'switch s0, queue q2, queue q6']
    """
    if queue_b != int(queue_b) or not 0 < queue_b < _MOST:
        raise ValueError(f"queue_b={queue_b!r}: need a whole number of bytes above 0 and below 2^31")
    network = packet_network(fabric=fabric, target=_TARGET, low_latency=low_latency, lossy=lossy)
    total, k = len(network.labels), len(network.links)
    names = [f"h{v}" if v < network.n_hosts else f"s{v - network.n_hosts}" for v in range(total)]
    start = np.concatenate([network.links[:, 0], network.links[:, 1]])  # queue q runs from start[q] to end[q]
    end = np.concatenate([network.links[:, 1], network.links[:, 0]])
    rates, delays = network.rate_bps.T.ravel(), network.delay_s.T.ravel()
    ports: list[list[int]] = [[] for _ in range(total)]
    for q, v in enumerate(start.tolist()):
        ports[v].append(q)
    lines = [f"Hosts {network.n_hosts}", f"Switches {total - network.n_hosts}", f"Links {k}"]
    for v, queues in enumerate(ports):
        if v < network.n_hosts and len(queues) != 1:
            raise ValueError(
                f"{_TARGET} gives a host one link: {network.labels[v]} has {len(queues)}; use ns3_topology, or "
                "join its links in a switch"
            )
        kind = "host" if v < network.n_hosts else "switch"
        line = ", ".join([f"{kind} {names[v]}", *(f"queue q{q}" for q in queues)])
        if len(line) > _LINE:
            raise ValueError(
                f"{_TARGET} names all queues of a switch on one line of {_LINE} characters: {network.labels[v]} with "
                f"{len(queues)} links needs {len(line)}; use ns3_topology"
            )
        lines.append(line)
    for q, (bps, delay) in enumerate(zip(rates.tolist(), delays.tolist(), strict=True)):
        lines.append(f"queue q{q}, type composite, speed {bps / 1e9:.10g} gbps, size {queue_b:d}, dst p{q}")
        lines.append(f"pipe p{q}, latency {max(delay * 1e12, 1.0):.10g} ps, dst {names[int(end[q])]}")
    return "\n".join(lines) + "\n"


def htsim_traffic(*, hosts: int, flows: Iterable[tuple[int, int, int]]) -> str:
    """Connections that all start at once, as an htsim `.cm` file.

    Parameters
    ----------
    hosts : int
        In the topology.
    flows : iterable of (source, destination, size)
        Numbers of hosts; size in bytes, below 2^31. [byte]

    >>> print(htsim_traffic(hosts=8, flows=[(7, 5, 2000000)]))
    Nodes 8
    Connections 1
    7->5 id 1 start 0 size 2000000
    <BLANKLINE>
    """
    lines = []
    for number, (source, target, size) in enumerate(flows, start=1):
        if not (0 <= source < hosts and 0 <= target < hosts) or source == target:
            raise ValueError(f"flow {number}: {source}->{target}; need two different hosts, 0 to {hosts - 1}")
        if size != int(size) or not 0 < size < _MOST:
            raise ValueError(f"flow {number}: size={size!r}; need whole bytes above 0 and below 2^31; split it up")
        lines.append(f"{source}->{target} id {number} start 0 size {int(size)}")
    return "\n".join([f"Nodes {hosts}", f"Connections {len(lines)}", *lines]) + "\n"
