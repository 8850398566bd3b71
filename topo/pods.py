"""The GB300 SuperPOD as it is cabled: NVL72 racks under a rail-optimised fat tree, per GPU or with a node per rack.

`ground.superpod` is the same with an ideal core. Leaves out congestion control and adaptive routing.
"""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from links.fibre import FibreLink
from links.parts import load_part

from .assemble import assemble, numbered
from .fabric import Fabric
from .ground import nvl72

__all__ = ["superpod_fat_tree", "superpod_spines"]

Ints = NDArray[np.int64]


class _Links(NamedTuple):
    """Links of one kind; one value stands for all of them."""

    pairs: Ints
    capacity_bps: Any
    latency_s: Any
    latency_low_s: Any
    power_w: Any
    range_m: Any
    terminals: Any
    medium: Any


class _Nodes(NamedTuple):
    """Nodes of one kind; one value stands for all of them."""

    labels: tuple[str, ...]
    gpus: Any
    transit: Any
    switch_latency_s: Any
    switch_latency_low_s: Any
    host_bps: Any = np.inf
    local_bps: Any = np.inf


def _joined(kinds: Sequence[Any], counts: Sequence[int]) -> dict[str, NDArray[Any]]:
    """All fields but the first, spread over as many entries as each kind has, kind after kind."""
    together = zip(kinds, counts, strict=True)
    spread = [[np.broadcast_to(np.asarray(value), count) for value in kind[1:]] for kind, count in together]
    return {
        key: np.concatenate(column) for key, column in zip(kinds[0]._fields[1:], zip(*spread, strict=True), strict=True)
    }


def superpod_spines(*, leaves: int) -> int:
    """Fewest spine switches that take all uplinks of the leaves, every leaf with equally many to each.

    >>> [superpod_spines(leaves=leaves) for leaves in (8, 64, 128)]
    [4, 36, 72]
    """
    ports = int(load_part("q3400")["ports"])
    up = ports // 2
    if not 1 <= leaves <= ports:
        raise ValueError(f"leaves={leaves}: need 1 to {ports}, the ports of a spine")
    return next(spines for spines in range(1, up + 1) if up % spines == 0 and leaves * (up // spines) <= ports)


def _fibre(pairs: Ints, modules: int, *, card: bool, own_low_s: float = 0.0, own_s: float = 0.0) -> _Links:
    """Fibre legs, each a quarter of the cable between two racks; `card`: with a network card at the lower end.

    What the node at the lower end charges for itself (`own_s`) is taken off.
    """
    cable = load_part("gb300_superpod").data["cable_length_m"]
    state = FibreLink(module=load_part("dsp_800g"), modules=modules).at(
        range_m=np.array([*cable.ends, cable.value]) / 4
    )
    card_low, card_high = load_part("connectx8").data["latency_s"].ends if card else (0.0, 0.0)
    return _Links(
        pairs=pairs, capacity_bps=state.rate_bps[2], latency_s=state.latency_s[1] + card_high - own_s,
        latency_low_s=state.latency_low_s[0] + card_low - own_low_s, power_w=state.power_w[2],
        range_m=cable.value / 4, terminals=modules, medium="fibre",
    )  # fmt: skip


def _racks_of_gpus(racks: int, leaf_of_rail: Ints, inside: Fabric) -> tuple[_Nodes, list[_Links]]:
    """Racks node by node: NVLinks inside, and from GPU k one link to the leaf of rail k mod 4."""
    first = np.arange(racks)[:, None] * inside.n_nodes
    gpu = np.flatnonzero(inside.gpus)
    up = np.stack([first + gpu, leaf_of_rail[:, gpu % leaf_of_rail.shape[1]]], axis=-1).reshape(-1, 2)
    half = slice(inside.n_arcs // 2)
    nvlinks = np.stack([first + inside.tail[half], first + inside.head[half]], axis=-1).reshape(-1, 2)
    nodes = _Nodes(
        labels=tuple(f"rack{r}.{label}" for r in range(racks) for label in inside.labels),
        **{key: np.tile(getattr(inside, key), racks) for key in _Nodes._fields[1:]},
    )
    alike = {key: np.tile(getattr(inside, key)[half], racks) for key in _Links._fields[1:]}
    return nodes, [_Links(pairs=nvlinks, **alike), _fibre(up, 1, card=True)]


def _racks_as_nodes(racks: int, leaf_of_rail: Ints, inside: Fabric) -> tuple[_Nodes, list[_Links]]:
    """One node a rack, with as many links to each of its leaves as it has trays."""
    rails = leaf_of_rail.shape[1]
    up = np.stack([np.repeat(np.arange(racks), rails), leaf_of_rail.ravel()], axis=-1)
    trays = inside.n_gpus // rails
    whole = _fibre(up, trays, card=True)
    # GPUs of one rack are one NVSwitch apart: the node charges that, and its links take it off the paths that leave
    own_s = min(2 * float(inside.latency_s[0]) + float(inside.switch_latency_s[-1]), float(whole.latency_s))
    own_low_s = min(
        2 * float(inside.latency_low_s[0]) + float(inside.switch_latency_low_s[-1]), float(whole.latency_low_s)
    )
    nodes = _Nodes(
        labels=numbered(rack=racks), gpus=inside.n_gpus, transit=False, switch_latency_s=own_s,
        switch_latency_low_s=own_low_s, host_bps=inside.n_gpus * load_part("gb300_nvl72")["nic_payload_bps"],
        local_bps=inside.outgoing_bps[0],
    )  # fmt: skip
    return nodes, [_fibre(up, trays, card=True, own_low_s=own_low_s, own_s=own_s)]


def superpod_fat_tree(*, racks: int, per_gpu: bool) -> Fabric:
    """GB300 SuperPOD of NVL72 racks with its leaf and spine switches.

    Parameters
    ----------
    racks : int
        1 to 128, the 9,216 GPUs of a whole SuperPOD.
    per_gpu : bool
        True: every GPU and NVSwitch chip is a node. False: a node is a rack with its 72 GPUs, for large counts.

    Notes
    -----
    GPU k of every tray is on rail k of four. Four racks share the four leaves of their rails, 18 ports each: 72 down
    and 72 up, no oversubscription. Leaves have equally many links to each of the fewest spines with ports enough, which
    gives the published 128 leaves and 72 spines for 16 units of 8 racks. NVIDIA DGX SuperPOD GB300 Reference
    Architecture. A rack as a node lets every GPU use every rail, which changes no throughput (the core is 1:1) and
    shortens the paths between racks that share leaves.

    >>> print(superpod_fat_tree(racks=128, per_gpu=False))
    SuperPOD fat tree of 128 racks: 328 nodes, 9216 GPUs, 9728 links (19456 arcs) of 800 Gb/s to 14.4 Tb/s each way
    """
    shape, inside = load_part("gb300_superpod_units"), nvl72()
    most, rails = int(shape["racks_per_unit"] * shape["units"]), int(shape["rails"])
    if racks != int(racks) or not 1 <= racks <= most:
        raise ValueError(f"racks={racks}: need a whole number from 1 to {most}")
    leaves = math.ceil(racks / shape["racks_per_leaf"]) * rails
    spines = superpod_spines(leaves=leaves)
    first_leaf = racks * (inside.n_nodes if per_gpu else 1)
    leaf_of_rail = first_leaf + rails * (np.arange(racks) // int(shape["racks_per_leaf"]))[:, None] + np.arange(rails)
    below, links = (_racks_of_gpus if per_gpu else _racks_as_nodes)(racks, leaf_of_rail, inside)
    low_s, high_s = load_part("q3400").data["latency_s"].ends
    above = _Nodes(
        labels=numbered(leaf=leaves, spine=spines),
        gpus=0,
        transit=True,
        switch_latency_s=high_s,
        switch_latency_low_s=low_s,
    )
    leaf, spine = (axis.ravel() for axis in np.meshgrid(np.arange(leaves), leaves + np.arange(spines), indexing="ij"))
    uplinks = int(load_part("q3400")["ports"]) // 2 // spines
    links.append(_fibre(first_leaf + np.stack([leaf, spine], axis=-1), uplinks, card=False))
    values = _joined(links, [len(kind.pairs) for kind in links])
    values |= _joined([below, above], [first_leaf, leaves + spines])
    return assemble(
        name=f"SuperPOD fat tree of {racks} racks", labels=below.labels + above.labels,
        pairs=np.concatenate([kind.pairs for kind in links]), **values,
    )  # fmt: skip
