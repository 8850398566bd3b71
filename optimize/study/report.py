"""The result: metrics of the formation and its references, gaps, ladder, readings, effects, and what proves them.

Plain data that prints nothing; `save` writes it, `figures` shows it.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from optimize.design.ladder import Ladder
from optimize.flow.certified import Throughput
from optimize.flow.collective.optimum import Collective
from optimize.flow.cuts import Cut
from optimize.flow.gap import Gap
from optimize.flow.interval import Interval
from optimize.flow.traffic import Traffic
from topo.fabric import Fabric

from .case import Case
from .message_times import MessageTime

__all__ = ["METRIC_UNITS", "AssumedEffect", "CollectiveRow", "Metric", "Proof", "Reading", "Report"]

METRIC_UNITS = {
    "injection": "bit/s", "all_to_all": "bit/s", "bisection": "bit/s", "permutation": "bit/s", "all_gather": "bit/s",
    "all_reduce": "bit/s", "latency, mean": "s", "latency, worst": "s", "energy": "J/bit",
}  # fmt: skip
"""Metrics in the order of the table; of those that are no rate, less is better."""


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One row of the table: a metric of both references and the formation, and both gaps.

    Parameters
    ----------
    name, unit : str
    less_is_better : bool
        True for latency and energy.
    scale_up, formation : Interval
    scale_out : Interval or None
    gap_up : Gap
    gap_out : Gap or None
    """

    name: str
    unit: str
    less_is_better: bool
    scale_up: Interval
    scale_out: Interval | None
    formation: Interval
    gap_up: Gap
    gap_out: Gap | None


@dataclass(frozen=True, kw_only=True, eq=False)
class CollectiveRow:
    """A collective on both references and the formation: between the nodes and inside them, and what proves it."""

    name: str
    scale_up: Collective
    scale_out: Collective | None
    formation: Collective


@dataclass(frozen=True, kw_only=True, eq=False)
class Proof:
    """A throughput with what it was measured on, so that it can be verified again without a solver."""

    label: str
    fabric: Fabric
    traffic: Traffic
    throughput: Throughput


@dataclass(frozen=True, kw_only=True)
class Reading:
    """all_to_all under another reading of the same system.

    Parameters
    ----------
    label : str
    all_to_all : Interval
        Per GPU. [bit/s]
    gap_up : Gap
    gap_out : Gap or None
    link_bps : float
        Of the fastest link, one direction. [bit/s]
    power_w_per_node : float
        Of all links, over the nodes with GPUs; 0 where none is published. [W]
    """

    label: str
    all_to_all: Interval
    gap_up: Gap
    gap_out: Gap | None
    link_bps: float
    power_w_per_node: float


@dataclass(frozen=True, kw_only=True)
class AssumedEffect:
    """The gap of all_to_all at both ends of what one assumed value may be.

    Parameters
    ----------
    path, unit : str
        Key of the scenario, or of a part as `part.key`, and the unit of its values.
    low, value, high : float
    gap_low, gap, gap_high : Interval or None
        At each of the three; None where the scenario is infeasible there.
    error_low, error_high : str
        Why it is.
    reason : str
        Why the value cannot move this gap, where that is known without solving.
    """

    path: str
    unit: str
    low: float
    value: float
    high: float
    gap_low: Interval | None
    gap: Interval
    gap_high: Interval | None
    error_low: str = ""
    error_high: str = ""
    reason: str = ""

    @property
    def swing(self) -> float:
        """Largest over smallest gap; 1 where the value does not matter, inf where an end of it is infeasible. [-]"""
        gaps = [one for one in (self.gap_low, self.gap, self.gap_high) if one is not None]
        if len(gaps) < 3:
            return math.inf
        return max(1.0, max(one.lower for one in gaps) / min(one.upper for one in gaps))

    def __str__(self) -> str:
        ends = ["infeasible" if one is None else f"{one.text()}x" for one in (self.gap_low, self.gap, self.gap_high)]
        unit = "" if self.unit == "1" else f" {self.unit}"
        values = f"{self.low:g}, {self.value:g}, {self.high:g}{unit}"
        return f"{self.path} at {values}: {', '.join(ends)}"


@dataclass(frozen=True, kw_only=True, eq=False)
class Report:
    """What `measure` found out about a case.

    Parameters
    ----------
    case : Case
    metrics : tuple of Metric
    ladder : Ladder
    readings : tuple of Reading
    binding : tuple of (limit, share)
        What holds all_to_all down, by its share of the bound. [-]
    proofs : tuple of Proof
    cut : Cut
        The narrowest halving found.
    switching_bps : float
        On-board switching that the busiest node needs. [bit/s]
    link_power_w : float
        Of all links of the formation. [W]
    provenance : mapping
        Versions, seeds, and the scenario with its digest.
    collectives : tuple of CollectiveRow
    all_reduce_link_bps : float or None
        Rate of the widest link below which links bind all_reduce, not the network inside a node. [bit/s]
    message_times : tuple of MessageTime
        Of all_reduce.
    notes : tuple of str
        What a metric needs to be understood, or why there is none; they belong wherever the metrics stand.
    effects : tuple of AssumedEffect
        Of the assumed values; `with_effects` adds them.
    effects_note : str
        What they leave out.
    """

    case: Case
    metrics: tuple[Metric, ...]
    ladder: Ladder
    readings: tuple[Reading, ...]
    binding: tuple[tuple[str, float], ...]
    proofs: tuple[Proof, ...]
    cut: Cut
    switching_bps: float
    link_power_w: float
    provenance: Mapping[str, Any] = field(repr=False)
    collectives: tuple[CollectiveRow, ...] = ()
    all_reduce_link_bps: float | None = None
    message_times: tuple[MessageTime, ...] = ()
    notes: tuple[str, ...] = ()
    effects: tuple[AssumedEffect, ...] = ()
    effects_note: str = "not measured; with_effects adds them"

    def metric(self, name: str) -> Metric:
        """The row of that name."""
        for row in self.metrics:
            if row.name == name:
                return row
        raise ValueError(f"no metric {name!r}; there are {', '.join(row.name for row in self.metrics)}")

    def proof(self, label: str) -> Proof:
        """The proof of that label, such as `formation all_to_all`."""
        for proof in self.proofs:
            if proof.label == label:
                return proof
        raise ValueError(f"no proof {label!r}; there are {', '.join(p.label for p in self.proofs)}")

    def __str__(self) -> str:
        rows = [f"{m.name:<16} gap {m.gap_up.interval.text()}x scale-up" for m in self.metrics]
        return "\n".join([f"{self.case.name}: {self.case.title}", *rows])
