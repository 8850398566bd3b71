"""A fabric as packet simulators see it: hosts, switches, and full-duplex links between them.

Simulators let hosts send and receive and switches forward, so a satellite that does both becomes a host and a switch.
Leaves out file formats: see `ns3`, `simai` and `htsim`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from links.frozen import FrozenArrays

from ..fabric import Fabric

__all__ = ["PacketNetwork", "network_delays_s", "packet_network", "refuse_losses"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False)
class PacketNetwork(FrozenArrays):
    """Hosts 0 to n_hosts - 1, then switches; what `Fabric` is to flows.

    Parameters
    ----------
    labels : tuple of str
    n_hosts : int
    links : (k, 2) ints
    rate_bps, delay_s : (k, 2) arrays
        From the first to the second end, and back.
    """

    labels: tuple[str, ...]
    n_hosts: int
    links: Ints
    rate_bps: Floats
    delay_s: Floats


def refuse_losses(*, target: str, losses: list[str], lossy: bool) -> None:
    """Raise `ValueError` that lists what the file would not say, unless the caller accepts that."""
    if losses and not lossy:
        raise ValueError(
            f"{target} cannot say: {'; '.join(losses)}. Write it without by lossy=True, on the command line --lossy"
        )


def network_delays_s(*, fabric: Fabric, low: bool) -> Floats:
    """Delay of each arc with the switching time of its ends: half of a node that forwards, all of one that does not.

    A path through any nodes then has the fabric's latency, though the simulator's switches take no time. [s]
    """
    arcs = fabric.latency_low_s if low else fabric.latency_s
    nodes = fabric.switch_latency_low_s if low else fabric.switch_latency_s
    share = np.where(fabric.transit, 0.5, 1.0) * nodes
    return np.asarray(arcs + share[fabric.tail] + share[fabric.head])


def _losses(fabric: Fabric, split: NDArray[np.bool_]) -> list[str]:
    """What hosts, switches and links do not express."""
    losses = []
    ends = fabric.gpus > 0
    incoming = np.bincount(fabric.head, weights=fabric.capacity_bps, minlength=fabric.n_nodes)
    host = np.where(split & np.isfinite(fabric.host_bps), fabric.host_bps, np.minimum(fabric.outgoing_bps, incoming))
    several = ends & (fabric.gpus > 1)
    if several.any():
        v = int(np.argmax(several))
        losses.append(f"that {fabric.labels[v]} has {fabric.gpus[v]} GPUs and what they send each other")
    unsplit = ends & ~split & (fabric.host_bps < np.minimum(fabric.outgoing_bps, incoming) * (1 - 1e-9))
    if unsplit.any():
        losses.append(f"the host limit of {fabric.labels[int(np.argmax(unsplit))]}, which does not forward")
    narrow = fabric.switch_bps < (incoming + np.where(ends, host, 0.0)) * (1 - 1e-9)
    if narrow.any():
        losses.append(f"the switch limit of {fabric.labels[int(np.argmax(narrow))]}")
    if (ends & np.isfinite(fabric.port_bps)).any():
        losses.append("ports that GPUs share between their node and the network")
    closed = ~ends & ~fabric.transit
    if closed.any():
        losses.append(f"that {fabric.labels[int(np.argmax(closed))]} has no GPUs and does not forward")
    return losses


def packet_network(*, fabric: Fabric, target: str, low_latency: bool, lossy: bool) -> PacketNetwork:
    """Hosts, switches and links of a fabric, one host for each node with GPUs.

    Parameters
    ----------
    fabric : Fabric
    target : str
        Name of the format, for errors.
    low_latency : bool
        Which end of latency intervals is written.
    lossy : bool
        Accept that some limits are not written; otherwise they are an error.

    Notes
    -----
    A node with GPUs that forwards becomes a host and a switch, joined at `host_bps` (all that its links carry, if it is
    unlimited). Arcs without a return, and labels, positions, powers, media and availabilities have no place.
    """
    split = (fabric.gpus > 0) & fabric.transit
    refuse_losses(target=target, losses=_losses(fabric, split), lossy=lossy)
    hosts = np.flatnonzero(fabric.gpus > 0)
    switches = np.flatnonzero((fabric.gpus == 0) | split)
    number = np.zeros(fabric.n_nodes, dtype=np.int64)  # of the vertex that holds a node's links
    number[hosts] = np.arange(hosts.size)
    number[switches] = hosts.size + np.arange(switches.size)
    low, high = np.minimum(fabric.tail, fabric.head), np.maximum(fabric.tail, fabric.head)
    forth, back = np.full(fabric.n_links, -1), np.full(fabric.n_links, -1)
    up = fabric.tail < fabric.head
    forth[fabric.link_of_arc[up]], back[fabric.link_of_arc[~up]] = np.flatnonzero(up), np.flatnonzero(~up)
    alone = (forth < 0) | (back < 0)
    if alone.any():
        arc = int(max(forth[np.argmax(alone)], back[np.argmax(alone)]))
        raise ValueError(f"{target} has full-duplex links only: {fabric.arc_label(arc)} has no arc back; add one")
    own = np.flatnonzero(split)
    towards = np.bincount(fabric.head, weights=fabric.capacity_bps, minlength=fabric.n_nodes)
    reach = np.maximum(fabric.outgoing_bps, towards)[own]
    inside = np.where(np.isfinite(fabric.host_bps[own]), fabric.host_bps[own], reach)
    wait = 0.5 * (fabric.switch_latency_low_s if low_latency else fabric.switch_latency_s)[own]
    names = [f"{fabric.labels[v]}.switch" if split[v] else fabric.labels[v] for v in switches]
    ends = np.stack([low[forth], high[forth]], axis=-1)
    delay = network_delays_s(fabric=fabric, low=low_latency)
    both = np.stack([forth, back], axis=-1)
    host_of = np.searchsorted(hosts, own)
    return PacketNetwork(
        labels=tuple([fabric.labels[v] for v in hosts] + names),
        n_hosts=hosts.size,
        links=np.concatenate([np.stack([host_of, number[own]], axis=-1), number[ends]]),
        rate_bps=np.concatenate([np.stack([inside, inside], axis=-1), fabric.capacity_bps[both]]),
        delay_s=np.concatenate([np.stack([wait, wait], axis=-1), delay[both]]),
    )
