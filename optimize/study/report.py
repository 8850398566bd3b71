"""The result: metrics of the formation and its references, gaps, ladder, readings, and what proves them.

Plain data that prints nothing; `save` writes it, `figures` shows it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from optimize.design.ladder import Ladder
from optimize.flow.cuts import Cut
from optimize.flow.gap import Gap
from optimize.flow.interval import Interval
from optimize.flow.throughput import Throughput
from optimize.flow.traffic import Traffic
from topo.fabric import Fabric

from .case import Case

__all__ = ["Metric", "Proof", "Reading", "Report"]


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One row of the table: a metric of both references and the formation, and both gaps.

    Parameters
    ----------
    name, unit : str
    less_is_better : bool
        True for latency.
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
class Proof:
    """A throughput with what it was measured on, so that it can be verified again without a solver."""

    label: str
    fabric: Fabric
    traffic: Traffic
    throughput: Throughput


@dataclass(frozen=True, kw_only=True)
class Reading:
    """all_to_all under another reading of the same system."""

    label: str
    all_to_all: Interval
    gap_up: Gap
    gap_out: Gap | None
    link_bps: float
    power_w: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Report:
    """What `measure` found out about a case."""

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
