"""Topology files of SimAI, whose servers have one NVSwitch each: a satellite or rack with its GPUs is a server.

Leaves out NVSwitch domains of several chips: SimAI knows one switch a server, so GPUs must be inside the nodes.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..fabric import Fabric
from .ns3 import ns3_rate, symmetric_links
from .packets import PacketNetwork, packet_network, refuse_losses

__all__ = ["simai_topology"]

Floats = NDArray[np.float64]

_TARGET = "a SimAI topology file"
_MS = 1e3


def simai_topology(*, fabric: Fabric, gpu_type: str, low_latency: bool = False, lossy: bool = False) -> str:
    """The fabric as a SimAI topology file: counts, NVSwitches and other switches, one full-duplex link a line.

    Parameters
    ----------
    fabric : Fabric
        Every node with GPUs has the same number of them, at least 2, and a finite `local_bps`.
    gpu_type : str
        A name that SimAI knows: A100, A800, H100, H800; any other counts as none.
    low_latency : bool
        Write the lower end of latency intervals instead of the upper.
    lossy : bool
        Accept that limits which the format cannot hold are not written.

    Notes
    -----
    GPUs come first, server by server, then the NVSwitch of each server, because SimAI finds a GPU's NVSwitch by its
    number; then the other switches. Each GPU has a link of `local_bps` to its NVSwitch, and one to the node's network
    switch with its share of `host_bps`. A path inside a server takes the node's switching time.

    >>> from topo.textbook import torus_fabric
    >>> simai_topology(fabric=torus_fabric(dimensions=(3,), capacity_bps=400e9), gpu_type="H100")
    Traceback (most recent call last):
    ...
    ValueError: a SimAI topology file needs the same number of GPUs in every node, at least 2; these have 1
    """
    nodes = np.flatnonzero(fabric.gpus)
    counts = np.unique(fabric.gpus[nodes])
    if counts.size != 1 or counts[0] < 2:
        raise ValueError(
            f"{_TARGET} needs the same number of GPUs in every node, at least 2; these have "
            f"{', '.join(map(str, counts.tolist())) or 'none'}"
        )
    unlimited = nodes[~np.isfinite(fabric.local_bps[nodes])]
    if unlimited.size:
        raise ValueError(
            f"{_TARGET} needs the rate inside a node: local_bps of {fabric.labels[int(unlimited[0])]} is unlimited"
        )
    refuse_losses(target=_TARGET, losses=_losses(fabric, nodes), lossy=lossy)
    # a server that does not forward becomes a host and a switch all the same
    opened = replace(
        fabric,
        gpus=(fabric.gpus > 0).astype(np.int64),
        transit=fabric.transit | (fabric.gpus > 0),
        port_bps=np.full(fabric.n_nodes, np.inf),
    )
    inner = packet_network(fabric=opened, target=_TARGET, low_latency=low_latency, lossy=lossy)
    wait = (fabric.switch_latency_low_s if low_latency else fabric.switch_latency_s)[nodes]
    return _written(inner, int(counts[0]), fabric.local_bps[nodes], wait, gpu_type)


def _losses(fabric: Fabric, nodes: NDArray[np.int64]) -> list[str]:
    losses = []
    if np.isfinite(fabric.port_bps[nodes]).any():
        losses.append("ports that GPUs share between their node and the network")
    free = nodes[~np.isfinite(fabric.host_bps[nodes])]
    if free.size:
        losses.append(f"that one GPU of {fabric.labels[int(free[0])]} may use all its links; each gets its share")
    links = np.bincount(fabric.tail, minlength=fabric.n_nodes)
    closed = nodes[~fabric.transit[nodes] & (links[nodes] > 1)]
    if closed.size:
        losses.append(f"that {fabric.labels[int(closed[0])]} does not forward")
    return losses


def _written(inner: PacketNetwork, each: int, local_bps: Floats, wait_s: Floats, gpu_type: str) -> str:
    servers, gpus = inner.n_hosts, inner.n_hosts * each
    shift = (
        gpus  # a network switch n of the inner network comes after all GPUs and NVSwitches, which are as many as hosts
    )
    lines = []
    for server in range(servers):
        inside = f"{gpus + server} {ns3_rate(rate_bps=local_bps[server])} {0.5 * wait_s[server] * _MS:.12g}ms 0"
        lines += [f"{gpu} {inside}" for gpu in range(server * each, (server + 1) * each)]
    for i, j, bps, delay in symmetric_links(inner, target=_TARGET):
        out = f"{j + shift} {ns3_rate(rate_bps=bps / each if i < servers else bps)} {delay * _MS:.12g}ms 0"
        own = range(i * each, (i + 1) * each) if i < servers else [i + shift]  # a host's link is shared out to its GPUs
        lines += [f"{vertex} {out}" for vertex in own]
    total = gpus + len(inner.labels)
    head = f"{total} {each} {servers} {len(inner.labels) - servers} {len(lines)} {gpu_type}"
    return "\n".join([head, " ".join(map(str, range(gpus, total))), *lines]) + "\n"
