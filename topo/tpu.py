"""TPU slices and pods: chips in a 2-D or 3-D torus of inter-chip interconnect links, or a mesh where they are small.

Leaves out twisted tori, the data-centre network between slices, and the power of the links (no figure is published).
"""

import math
from collections.abc import Sequence

from links.parts import Part

from .fabric import Fabric
from .textbook import torus_fabric

__all__ = ["tpu_slice"]


def _wrapped(chip: Part, shape: Sequence[int]) -> list[bool]:
    """Which axes close: those of the full side (2-D), or all of them if the slice consists of whole cubes (3-D)."""
    cube = chip.get("cube_side")
    if cube is None:
        return [size == chip["wrapped_side"] for size in shape]
    return [all(size % cube == 0 for size in shape)] * len(shape)


def tpu_slice(*, chip: Part, shape: Sequence[int] | None = None) -> Fabric:
    """Chips of one slice and the ICI links between them; every chip forwards.

    Parameters
    ----------
    chip : Part
        `tpu_v5e`, `tpu_v5p`, `tpu_v6e`, `tpu_7x`.
    shape : sequence of int, optional
        Chips along each axis; the whole pod if not given.

    Notes
    -----
    Rates are one direction of one link; Google's tables add both directions of all ports. Axes of 16 close in the 2-D
    generations; in the 3-D ones circuit switches close all axes of slices of whole 4x4x4 cubes. Smaller slices are
    meshes. The latency is that of a hop, chip included.

    References
    ----------
    Google Cloud, TPU system architecture. J. Austin et al., How to Scale Your Model (2025), chapter 2.

    >>> from links.parts import load_part
    >>> print(tpu_slice(chip=load_part("tpu_v6e")))
    TPU v6e (Trillium) 16x16: 256 nodes, 256 GPUs, 512 links (1024 arcs) of 800 Gb/s each way
    """
    if chip.kind != "tpu":
        raise ValueError(f"chip={chip.name!r} is a {chip.kind}: use a part of kind tpu")
    pod = [int(chip[key]) for key in ("pod_x", "pod_y", "pod_z") if key in chip.data]
    sizes = pod if shape is None else [int(size) for size in shape]
    if len(sizes) != len(pod) or min(sizes) < 1 or math.prod(sizes) > chip["chips_per_pod"]:
        raise ValueError(
            f"shape={tuple(sizes)}: {chip.title} has {len(pod)} axes and {chip['chips_per_pod']:g} chips a pod"
        )
    low_s, high_s = chip.data["hop_latency_s"].ends
    return torus_fabric(
        dimensions=sizes, wrapped=_wrapped(chip, sizes), capacity_bps=chip["link_payload_bps"], latency_s=high_s,
        latency_low_s=low_s, name=f"{chip.title} {'x'.join(map(str, sizes))}", medium="ici",
    )  # fmt: skip
