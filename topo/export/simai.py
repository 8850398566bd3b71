"""Topology files of SimAI, whose servers have one NVSwitch each: a satellite or rack with its GPUs is a server.

Leaves out NVSwitch domains of several chips: SimAI knows one switch a server, so GPUs must be inside the nodes.
"""

import numpy as np

from ..fabric import Fabric
from .ns3 import rate, symmetric_links
from .packets import PacketNetwork, packet_network, refuse_losses

__all__ = ["simai_topology"]

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
    switch with its share of `host_bps`: what the file says more narrowly than the fabric, where one GPU may use all of
    it. Reading inside a server takes no time.

    >>> from topo.textbook import torus_fabric
    >>> simai_topology(fabric=torus_fabric(dimensions=(3,), capacity_bps=400e9), gpu_type="H100")
    Traceback (most recent call last):
    ...
    ValueError: a SimAI topology file needs the same number of GPUs in every node, at least 2; these have 1
    """
    counts = sorted(set(fabric.gpus[fabric.gpus > 0].tolist()))
    if len(counts) != 1 or counts[0] < 2:
        raise ValueError(
            f"{_TARGET} needs the same number of GPUs in every node, at least 2; these have {', '.join(map(str, counts))}"
        )
    each, nodes = counts[0], np.flatnonzero(fabric.gpus)
    unlimited = ~np.isfinite(fabric.local_bps[nodes])
    if unlimited.any():
        raise ValueError(
            f"{_TARGET} needs the rate inside a node: local_bps of {fabric.labels[int(nodes[np.argmax(unlimited)])]} is "
            "unlimited; set it"
        )
    shared = (fabric.port_bps[nodes] < np.inf).any()
    losses = ["ports that GPUs share between their node and the network"] if shared else []
    refuse_losses(target=_TARGET, losses=losses, lossy=lossy)
    inner = packet_network(fabric=_one_gpu(fabric), target=_TARGET, low_latency=low_latency, lossy=lossy)
    return _written(fabric, inner, each, gpu_type)


def _one_gpu(fabric: Fabric) -> Fabric:
    """The fabric with one host for each server; servers that do not forward still become host and switch."""
    from dataclasses import replace

    ends = fabric.gpus > 0
    return replace(
        fabric, gpus=ends.astype(np.int64), transit=fabric.transit | ends, port_bps=np.full(fabric.n_nodes, np.inf)
    )


def _written(fabric: Fabric, inner: PacketNetwork, each: int, gpu_type: str) -> str:
    servers, gpus = inner.n_hosts, inner.n_hosts * each
    links = symmetric_links(inner, target=_TARGET)
    local = fabric.local_bps[fabric.gpus > 0]
    shift = gpus + servers - inner.n_hosts  # network switches move behind GPUs and NVSwitches
    lines = []
    for server in range(servers):
        lines += [
            f"{gpu} {gpus + server} {rate(local[server])} 0ms 0" for gpu in range(server * each, (server + 1) * each)
        ]
    for i, j, bps, delay in links:
        wait = f"{delay * _MS:.12g}ms 0"
        if i < inner.n_hosts:  # the host's own link, shared out to its GPUs
            lines += [f"{gpu} {j + shift} {rate(bps / each)} {wait}" for gpu in range(i * each, (i + 1) * each)]
        else:
            lines.append(f"{i + shift} {j + shift} {rate(bps)} {wait}")
    switches = len(inner.labels) - inner.n_hosts
    total = gpus + servers + switches
    head = f"{total} {each} {servers} {switches} {len(lines)} {gpu_type}"
    return "\n".join([head, " ".join(map(str, range(gpus, total))), *lines]) + "\n"
