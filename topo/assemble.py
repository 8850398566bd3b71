"""A fabric from full-duplex links that are the same both ways, where one number may stand for all nodes or all links.

What the fabrics on the ground are written with. Leaves out links whose directions differ: see `build`.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .fabric import Fabric

__all__ = ["assemble", "numbered"]


def numbered(**counts: int) -> tuple[str, ...]:
    """Labels of nodes by kind: `numbered(gpu=2, switch=1)` is gpu0, gpu1, switch0."""
    return tuple(f"{kind}{i}" for kind, count in counts.items() for i in range(count))


def assemble(
    *,
    name: str,
    labels: Sequence[str],
    gpus: ArrayLike,
    transit: ArrayLike,
    pairs: ArrayLike,
    capacity_bps: ArrayLike,
    medium: ArrayLike,
    latency_s: ArrayLike = 0.0,
    latency_low_s: ArrayLike | None = None,
    power_w: ArrayLike = 0.0,
    range_m: ArrayLike = 0.0,
    availability: ArrayLike = 1.0,
    terminals: ArrayLike = 1,
    host_bps: ArrayLike = np.inf,
    switch_bps: ArrayLike = np.inf,
    local_bps: ArrayLike = np.inf,
    port_bps: ArrayLike = np.inf,
    switch_latency_s: ArrayLike = 0.0,
    switch_latency_low_s: ArrayLike | None = None,
    positions_m: ArrayLike | None = None,
) -> Fabric:
    """Fabric with two arcs for each of the k pairs; the arcs of all pairs in the order given come before their returns.

    Parameters
    ----------
    name : str
    labels : sequence of n str
    gpus, transit : (n,) arrays, or one value for all
    pairs : (k, 2) int array
        Nodes that are linked, each pair once.
    capacity_bps, latency_s, latency_low_s, power_w, range_m, availability, terminals, medium
        Of each pair's link, one direction: (k,) arrays or one value for all. Without it `latency_low_s` is `latency_s`.
    host_bps, switch_bps, local_bps, port_bps, switch_latency_s, switch_latency_low_s
        Of each node: (n,) arrays or one value for all. Without it `switch_latency_low_s` is `switch_latency_s`.
    positions_m : (n, 3) array, optional

    >>> print(assemble(name="pair", labels=numbered(gpu=2), gpus=1, transit=True, pairs=[(0, 1)], capacity_bps=1e9,
    ...                medium="copper"))
    pair: 2 nodes, 2 GPUs, 1 links (2 arcs) of 1 Gb/s each way
    """
    n = len(labels)
    ends = np.asarray(pairs, dtype=np.int64).reshape(-1, 2)

    def nodes(value: ArrayLike) -> NDArray[Any]:
        return np.broadcast_to(np.asarray(value), (n,))

    def arcs(value: ArrayLike) -> NDArray[Any]:
        return np.tile(np.broadcast_to(np.asarray(value), (len(ends),)), 2)

    return Fabric(
        name=name, labels=tuple(labels), gpus=nodes(gpus), transit=nodes(transit), host_bps=nodes(host_bps),
        switch_bps=nodes(switch_bps), local_bps=nodes(local_bps), port_bps=nodes(port_bps),
        switch_latency_s=nodes(switch_latency_s),
        switch_latency_low_s=nodes(switch_latency_s if switch_latency_low_s is None else switch_latency_low_s),
        tail=np.concatenate([ends[:, 0], ends[:, 1]]), head=np.concatenate([ends[:, 1], ends[:, 0]]),
        capacity_bps=arcs(capacity_bps), latency_s=arcs(latency_s),
        latency_low_s=arcs(latency_s if latency_low_s is None else latency_low_s), power_w=arcs(power_w),
        range_m=arcs(range_m), availability=arcs(availability), terminals=arcs(terminals), medium=arcs(medium),
        positions_m=None if positions_m is None else np.asarray(positions_m, dtype=float),
    )  # fmt: skip
