"""Reference fabrics on the ground as ordinary fabrics: a GB300 NVL72, and a SuperPOD of them.

The same code measures them as measures a formation. Leaves out protocol overheads: capacities are nominal payload.
"""

import numpy as np
from scipy.constants import speed_of_light

from links.parts import Part, load_part

from .fabric import Fabric
from .racks import nvswitch_domain

__all__ = ["nvl72", "superpod"]


def nvl72(*, rack: Part | None = None) -> Fabric:
    """NVL72: 72 GPUs, each with one NVLink 5 to each of 18 NVSwitch chips.

    Parameters
    ----------
    rack : Part, optional
        `gb200_nvl72`, whose NVLink domain is the same; `gb300_nvl72` if not given.

    Notes
    -----
    GPUs do not forward; every pair is one switch apart, over 18 paths. NVIDIA Enterprise Reference Architecture, NVL72
    AI Factory. The advertised 1.8 TB/s of a GPU is the sum of both directions: here 900 GB/s each way. Which cable is
    how long is not published: the latency runs from that of the mean cable, at its shortest, to that of the longest.

    >>> print(nvl72())
    GB300 NVL72: 90 nodes, 72 GPUs, 1296 links (2592 arcs) of 400 Gb/s each way
    """
    return nvswitch_domain(machine=load_part("gb300_nvl72") if rack is None else rack)


def superpod(*, racks: int) -> Fabric:
    """GB300 SuperPOD: one node per NVL72 rack, host 72 x 800 Gb/s, through an ideal 1:1 core.

    Parameters
    ----------
    racks : int
        At least 1.

    Notes
    -----
    A full-bisection fat tree carries every traffic that no host exceeds, so it is modelled as one unlimited switch.
    Inside a rack GPUs talk over NVLink. Between racks the latency is end to end, an interval from propagation alone,
    because no figure was found for this generation; the arcs carry what the two racks' own latency leaves of it.

    >>> print(superpod(racks=81))
    SuperPOD of 81 GB300 NVL72 racks: 82 nodes, 5832 GPUs, 81 links (162 arcs) of 57.6 Tb/s each way
    """
    if racks < 1 or racks != int(racks):
        raise ValueError(f"racks={racks}: need a whole number, at least 1")
    rack, network, inside = load_part("gb300_nvl72"), load_part("gb300_superpod"), nvl72()
    gpus = int(rack["gpus"])
    host_bps = gpus * rack["nic_payload_bps"]
    n = racks + 1
    is_rack = np.arange(n) < racks
    node, core = np.arange(racks), np.full(racks, racks)
    m = 2 * racks
    propagation_s = network.data["cable_length_m"].ends[0] * network["refractive_index"] / speed_of_light
    low, high = network.data["latency_s"].ends
    low = max(low, propagation_s)
    # GPUs of one rack are one NVSwitch apart: the rack's node switches in the time that takes, at most half of what it
    # takes from rack to rack, whose path enters two such nodes.
    local_low = min(2 * float(inside.latency_low_s[0]) + float(inside.switch_latency_low_s[-1]), low / 2)
    local_high = min(2 * float(inside.latency_s[0]) + float(inside.switch_latency_s[-1]), high / 2)
    return Fabric(
        name=f"SuperPOD of {racks} {rack.title} racks",
        labels=tuple([f"rack{i}" for i in range(racks)] + ["core"]),
        gpus=np.where(is_rack, gpus, 0),
        host_bps=np.where(is_rack, host_bps, np.inf),
        switch_bps=np.full(n, np.inf), port_bps=np.full(n, np.inf),
        local_bps=np.where(is_rack, float(inside.outgoing_bps[0]), np.inf),
        switch_latency_s=np.where(is_rack, local_high, 0.0), switch_latency_low_s=np.where(is_rack, local_low, 0.0),
        transit=~is_rack,
        tail=np.concatenate([node, core]), head=np.concatenate([core, node]),
        capacity_bps=np.full(m, host_bps),
        latency_s=np.full(m, high / 2 - local_high), latency_low_s=np.full(m, low / 2 - local_low),
        power_w=np.zeros(m), range_m=np.full(m, network["cable_length_m"] / 2),
        availability=np.ones(m), terminals=np.full(m, gpus), medium=np.full(m, "fibre"),
    )  # fmt: skip
