"""What the label of a proof means: which traffic on which fabric. A proof of something easier proves nothing here.

Computes traffic again from the stored fabric, and compares fabrics with those built again; needs no solver. Leaves out
whether the proofs hold: see `proof_files`; and what is built again: see `rebuilt`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optimize.flow.star import as_star
from optimize.flow.traffic import MOST_ASSIGNED, Traffic, all_to_all, farthest_permutation, permutation
from topo.fabric import Fabric, FabricSeries
from topo.ground import nvl72

from .case import scale_out_of
from .orbit_ends import is_constant
from .report import Proof

__all__ = ["LEAST_FLOW", "WORST_TIME", "differing", "label_differences", "reference_fabrics", "traffic_differences"]

LEAST_FLOW, WORST_TIME = ", least flow", ", worst time"
_RTOL = 1e-9  # rounding between two machines, of the largest value of an array


def _subject(label: str) -> str:
    return label.removesuffix(WORST_TIME).removesuffix(LEAST_FLOW)


def traffic_differences(proofs: Sequence[Proof]) -> Iterator[str]:
    """Proofs whose traffic is not what their label says, computed again from the fabric stored with them.

    all_to_all is one bit from every GPU to every other; permutation the one of most hops, see `farthest_permutation`,
    of what each arc keeps: the worst time of an orbit bears the same traffic.
    """
    by_label = {proof.label: proof for proof in proofs}
    for proof in proofs:
        subject = _subject(proof.label)
        name = subject.rpartition(" ")[2]
        if proof.traffic.name in _MEANT and proof.traffic.name != name and name in _MEANT:
            yield f"{proof.label}: its traffic is called {proof.traffic.name!r}, need {name!r}"
            continue
        name = name if name in _MEANT else proof.traffic.name
        if name in _MEANT:
            where = _unlike(proof.traffic, _MEANT[name](by_label.get(subject, proof).fabric))
            if where:
                yield f"{proof.label}: its traffic is not {_WORDS[name]}: {where}"


def _farthest(fabric: Fabric) -> Traffic:
    return permutation(fabric=fabric, image=farthest_permutation(fabric=fabric))


_MEANT = {"all_to_all": lambda fabric: all_to_all(fabric=fabric), "permutation": _farthest}
_WORDS = {"all_to_all": "one bit from every GPU to every other", "permutation": "the permutation of most hops"}


def _unlike(stated: Traffic, meant: Traffic) -> str:
    """Where two traffics differ; empty if nowhere."""
    if stated.n_nodes != meant.n_nodes:
        return f"it has {stated.n_nodes} nodes, need {meant.n_nodes}"
    if stated.name != meant.name or stated.bit_per_gpu != meant.bit_per_gpu:
        return (
            f"{stated.name!r} of {stated.bit_per_gpu:g} bit per GPU, need {meant.name!r} of {meant.bit_per_gpu:g} "
            "bit per GPU"
        )
    for name in ("out", "into", "local_bit"):
        one, other = getattr(stated, name), getattr(meant, name)
        if not np.array_equal(one, other):
            v = int(np.flatnonzero(one != other)[0])
            return f"{name} of node {v} says {one[v]:.12g}, need {other[v]:.12g}"
    apart = (stated.explicit - meant.explicit).tocoo()
    wrong = np.flatnonzero(apart.data)
    if wrong.size:
        s, t = int(apart.coords[0][wrong[0]]), int(apart.coords[1][wrong[0]])
        return f"node {s} to node {t} says {stated.explicit[s, t]:.12g} bit, need {meant.explicit[s, t]:.12g}"
    return ""


def differing(*, stated: Fabric, meant: Fabric) -> str:
    """The first value in which two fabrics differ by more than rounding, their names aside; empty if there is none."""
    if stated.labels != meant.labels:
        return f"{stated.n_nodes} nodes from {stated.labels[:1]}, need {meant.n_nodes} from {meant.labels[:1]}"
    for field in fields(Fabric):
        one, other = getattr(stated, field.name), getattr(meant, field.name)
        if field.name in ("name", "labels") or (one is None and other is None):
            continue
        if one is None or other is None or one.shape != other.shape:
            shapes = ["none" if value is None else str(value.shape) for value in (one, other)]
            return f"{field.name} has shape {shapes[0]}, need {shapes[1]}"
        wrong = np.argwhere(~_alike(one, other))
        if wrong.size:
            place = tuple(int(i) for i in wrong[0])
            arc = one.shape[0] == stated.n_arcs and field.name in _OF_ARCS
            where = stated.arc_label(place[0]) if arc else stated.labels[place[0]]
            return f"{field.name} of {where} says {one[place]}, need {other[place]}"
    return ""


_OF_ARCS = frozenset(
    ("tail", "head", "capacity_bps", "latency_s", "latency_low_s", "power_w", "range_m", "availability", "terminals",
     "medium")
)  # fmt: skip


def _alike(one: NDArray[Any], other: NDArray[Any]) -> NDArray[np.bool_]:
    if one.dtype.kind != "f" or other.dtype.kind != "f":
        return np.asarray(one == other)
    largest = float(np.abs(other[np.isfinite(other)]).max(initial=0.0))
    return np.asarray(np.isclose(one, other, rtol=_RTOL, atol=_RTOL * largest))


def reference_fabrics(*, n_gpus: int, scale_out: bool) -> dict[str, Fabric]:
    """The references of so many GPUs: an NVL72, and racks of it on a 1:1 network where the GPUs fill racks."""
    pod = scale_out_of(n_gpus=n_gpus) if scale_out else None
    return {"scale-up": nvl72(), **({} if pod is None else {"scale-out": pod})}


def label_differences(
    proofs: Mapping[str, Proof], *, references: Mapping[str, Fabric], series: FabricSeries | None
) -> Iterator[str]:
    """Proofs that are missing, too many, or about another fabric than their label says.

    `references` and `series` are what they must be about; a side without one is only held to one fabric in all proofs.
    """
    fabrics: dict[str, Fabric] = {**references}
    varies = f"formation all_to_all{WORST_TIME}" in proofs
    times: list[Fabric] = []
    if series is not None:
        fabrics["formation"], varies = series.worst(), not is_constant(series)
        times = [series.at(i) for i in range(len(series))] if varies else []
    sides = [who for who in ("scale-up", "scale-out", "formation") if f"{who} all_to_all" in proofs]
    for who in dict.fromkeys([*sides, "scale-up", "formation", *references]):
        if who not in sides:
            yield f"holds no proof '{who} all_to_all'"
    needed = [label for who in sides for label in _labels(who, proofs, varies and who == "formation")]
    needed.append(f"formation all_to_all{LEAST_FLOW}")
    for label in dict.fromkeys([*needed, *proofs]):
        if (label in proofs) != (label in needed):
            yield f"holds no proof {label!r}" if label in needed else f"proof {label!r} is none of a report"
    for label, proof in proofs.items():
        who = label.partition(" ")[0]
        if label.endswith(WORST_TIME):
            if times and all(differing(stated=proof.fabric, meant=one) for one in times):
                where = differing(stated=proof.fabric, meant=times[0])
                yield f"fabric of {label!r}: that of no time, at the first {where}"
        elif who in sides:
            meant = fabrics.setdefault(who, proofs[f"{who} all_to_all"].fabric)
            where = "" if proof.fabric is meant else differing(stated=proof.fabric, meant=meant)
            if where:
                yield f"fabric of {label!r}: {where}"


def _labels(who: str, proofs: Mapping[str, Proof], varies: bool) -> list[str]:
    """Proofs that a side must have: that of the permutation only where one is solved for."""
    fabric = proofs[f"{who} all_to_all"].fabric
    names = ["all_to_all"]
    counts = np.unique(fabric.gpus[fabric.gpus > 0], return_counts=True)[1]
    if counts.max() > 1 and (np.count_nonzero(fabric.gpus) <= MOST_ASSIGNED or as_star(fabric=fabric) is not None):
        names.append("permutation")
    return [f"{who} {name}{end}" for name in names for end in ("", *((WORST_TIME,) if varies else ()))]
