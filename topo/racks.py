"""Scale-up domains: GPUs that NVSwitch chips join in one hop, from 8 on a baseboard to 72 in a rack.

Leaves out protocol overheads (capacities are nominal payload) and in-network reduction.
"""

import numpy as np
from numpy.typing import NDArray

from links.nvlink import NVLink
from links.parts import Part, load_part

from .assemble import assemble, numbered
from .fabric import Fabric

__all__ = ["hgx", "nvswitch_domain"]


def _links_per_switch(links: int, switches: int) -> NDArray[np.int64]:
    """NVLinks of one GPU to each switch chip, as even as they go; the outer chips take what is left over (5+4+4+5)."""
    share = np.full(switches, links // switches)
    outer = [k // 2 if k % 2 == 0 else switches - 1 - k // 2 for k in range(switches)]
    share[outer[: links % switches]] += 1
    return share


def nvswitch_domain(*, machine: Part) -> Fabric:
    """GPUs each joined to every switch chip of one stage by one or more NVLinks.

    Parameters
    ----------
    machine : Part
        `gb300_nvl72`, `gb200_nvl72`, `hgx_h100` ...: numbers of GPUs, chips and links, generations, lengths.

    Notes
    -----
    GPUs do not forward; every pair is one switch apart. Which link is how long is not published: the latency runs from
    that of the mean length, at its shortest, to that of the longest.
    """
    gpus, switches = int(machine["gpus"]), int(machine["switches"])
    generation = load_part(f"nvlink{machine['nvlink_generation']:.0f}")
    chip = load_part(f"nvswitch{machine['nvswitch_generation']:.0f}")
    share = _links_per_switch(int(machine["links_per_gpu"]), switches)
    if gpus * share.max() > chip["ports"]:
        raise ValueError(
            f"{machine.name}: {gpus * share.max()} links at one {chip.title}, which has {chip['ports']:g} ports; "
            "use more chips or fewer links"
        )
    lengths = [machine.data["mean_cable_length_m"].ends[0], machine["longest_cable_length_m"]]
    state = NVLink(generation=generation, cable=load_part("twinax_30awg")).at(range_m=lengths)
    gpu, switch = (axis.ravel() for axis in np.meshgrid(np.arange(gpus), np.arange(switches), indexing="ij"))
    low, high = chip.data["latency_s"].ends
    is_gpu = np.arange(gpus + switches) < gpus
    return assemble(
        name=machine.title, labels=numbered(gpu=gpus, nvswitch=switches), gpus=is_gpu.astype(np.int64), transit=~is_gpu,
        switch_latency_s=np.where(is_gpu, 0.0, high), switch_latency_low_s=np.where(is_gpu, 0.0, low),
        pairs=np.stack([gpu, gpus + switch], axis=-1), capacity_bps=state.rate_bps[1] * share[switch],
        latency_s=state.latency_s[1], latency_low_s=state.latency_low_s[0], power_w=state.power_w[1] * share[switch],
        range_m=machine["mean_cable_length_m"], availability=state.availability[1], terminals=share[switch],
        medium="copper",
    )  # fmt: skip


def hgx(*, board: Part) -> Fabric:
    """An HGX baseboard: 8 GPUs and their NVSwitch chips.

    Parameters
    ----------
    board : Part
        `hgx_h100` (four chips), `hgx_b200` or `hgx_b300` (two).

    Notes
    -----
    900 GB/s advertised for a GPU of an H100 board, 1.8 TB/s of a B200 board, are sums of both directions: here 450 and
    900 GB/s each way.

    >>> print(hgx(board=load_part("hgx_b200")))
    HGX B200 8-GPU: 10 nodes, 8 GPUs, 16 links (32 arcs) of 3.6 Tb/s each way
    """
    if board.kind != "baseboard":
        raise ValueError(f"board={board.name!r} is a {board.kind}: use a baseboard, or nvswitch_domain for racks")
    return nvswitch_domain(machine=board)
