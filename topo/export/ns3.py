"""Topology files of ns-3 HPCC, which ASTRA-sim's ns-3 backend reads, with the lines that their configuration needs.

Leaves out flows: ASTRA-sim makes them of its workload. Links are full duplex and alike both ways.
"""

import json
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from links.parts import load_part

from ..fabric import Fabric
from .packets import PacketNetwork, packet_network

__all__ = ["logical_topology", "ns3_rate", "ns3_rate_maps", "ns3_topology", "symmetric_links"]

_NS = 1e9


def ns3_rate(*, rate_bps: float) -> str:
    """A rate as ns-3 reads it: whole Gb/s where they are whole, else bit/s."""
    return f"{rate_bps / 1e9:.0f}Gbps" if rate_bps % 1e9 == 0 else f"{rate_bps:.0f}bps"


def symmetric_links(network: PacketNetwork, *, target: str) -> list[tuple[int, int, float, float]]:
    """Ends, rate [bit/s] and delay [s] of each link; `ValueError` where the directions differ.

    Delays may differ by a picosecond, what the file shows, and rates by less than a bit per second.
    """
    a, b = network.rate_bps.T
    for what, first, second, slack in (("rates", a, b, 0.5), ("delays", *network.delay_s.T, 1e-12)):
        differ = np.abs(first - second) > slack
        if differ.any():
            k = int(np.argmax(differ))
            i, j = (network.labels[v] for v in network.links[k])
            raise ValueError(
                f"{target} cannot say that the {what} of {i} and {j} differ ({first[k]:.9g} and {second[k]:.9g}); "
                "write the smaller for both yourself, or use htsim_topology"
            )
    return [
        (int(i), int(j), float(r), float(d))
        for (i, j), r, d in zip(network.links, a, network.delay_s[:, 0], strict=True)
    ]


def ns3_topology(*, fabric: Fabric, low_latency: bool = False, lossy: bool = False) -> str:
    """The fabric as an HPCC `TOPOLOGY_FILE`: counts, switch numbers, one full-duplex link a line.

    Parameters
    ----------
    fabric : Fabric
    low_latency : bool
        Write the lower end of latency intervals instead of the upper.
    lossy : bool
        Accept that limits which the format cannot hold are not written.

    Notes
    -----
    Hosts come first, in the order of the fabric's nodes with GPUs: they are ASTRA-sim's NPUs. A satellite becomes a
    host and a switch joined at its host limit. Half of a switch's time is added to each of its links, so that paths
    keep their latency. Rates that differ between the directions are refused.

    References
    ----------
    Y. Li et al., HPCC: high precision congestion control, SIGCOMM (2019), simulator sources.

    >>> from topo.textbook import torus_fabric
    >>> print(ns3_topology(fabric=torus_fabric(dimensions=(3,), capacity_bps=400e9, latency_s=1e-6)))
    6 3 6
    3 4 5
    0 3 800Gbps 0ns 0
    1 4 800Gbps 0ns 0
    2 5 800Gbps 0ns 0
    3 4 400Gbps 1000ns 0
    3 5 400Gbps 1000ns 0
    4 5 400Gbps 1000ns 0
    <BLANKLINE>
    """
    network = packet_network(fabric=fabric, target="an ns-3 topology file", low_latency=low_latency, lossy=lossy)
    links = symmetric_links(network, target="an ns-3 topology file")
    nodes = len(network.labels)
    lines = [
        f"{nodes} {nodes - network.n_hosts} {len(links)}",
        " ".join(map(str, range(network.n_hosts, nodes))),
        *(f"{i} {j} {ns3_rate(rate_bps=bps)} {round(delay * _NS, 3):.10g}ns 0" for i, j, bps, delay in links),
    ]
    return "\n".join(lines) + "\n"


def ns3_rate_maps(*, rates_bps: ArrayLike) -> str:
    """`KMAX_MAP`, `KMIN_MAP` and `PMAX_MAP` lines of `config.txt` for all rates of a topology file.

    Parameters
    ----------
    rates_bps : array
        Of the links, as in the file, in any order and number. [bit/s]

    Notes
    -----
    The simulator stops at a switch port whose rate is not in the maps. ECN thresholds are those of the maps that ship
    with ASTRA-sim (25 to 2400 Gb/s), interpolated between their rates and held beyond them.

    >>> print(ns3_rate_maps(rates_bps=[400e9, 100e9, 400e9]))
    KMAX_MAP 2 100000000000 1600 400000000000 3200
    KMIN_MAP 2 100000000000 400 400000000000 800
    PMAX_MAP 2 100000000000 0.2 400000000000 0.2
    <BLANKLINE>
    """
    part = load_part("hpcc_ecn")
    rates = sorted({round(float(bps)) for bps in np.atleast_1d(np.asarray(rates_bps, dtype=float)).ravel()})
    if not rates or rates[0] <= 0:
        raise ValueError(f"rates_bps={rates_bps!r}: need at least one rate, all above 0")
    groups = sorted({key.split(".")[0] for key in part.data if "." in key}, key=lambda group: part[f"{group}.rate_bps"])
    known = [part[f"{group}.rate_bps"] for group in groups]
    columns: dict[str, list[float]] = {}
    for key, name in (("KMAX_MAP", "kmax_kb"), ("KMIN_MAP", "kmin_kb")):
        columns[key] = np.rint(np.interp(rates, known, [part[f"{group}.{name}"] for group in groups])).tolist()
    columns["PMAX_MAP"] = [part["pmax"]] * len(rates)
    return "".join(
        f"{key} {len(rates)} " + " ".join(f"{bps} {value:g}" for bps, value in zip(rates, values, strict=True)) + "\n"
        for key, values in columns.items()
    )


def logical_topology(*, dimensions: Sequence[int]) -> str:
    """ASTRA-sim's logical topology for the ns-3 backend; the numbers are text there.

    >>> logical_topology(dimensions=(8, 2))
    '{"logical-dims": ["8", "2"]}'
    """
    if not dimensions or min(dimensions) < 1:
        raise ValueError(
            f"dimensions={tuple(dimensions)}: need sizes of at least 1, whose product is the number of NPUs"
        )
    return json.dumps({"logical-dims": [str(int(size)) for size in dimensions]})
