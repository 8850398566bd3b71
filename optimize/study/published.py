"""Figures that publications print beside those of a report: the same, or what is different and why.

A scenario lists them in `[[published]]` with source and locator. Leaves out judging who is right.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from links.units import format_si
from optimize.flow.interval import Interval

from .case import Case, as_series
from .report import Metric, Report
from .tables import PublishedTable

__all__ = ["Comparison", "compared", "published_comparison"]

_BIT_PER_BYTE = 8


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A published figure and the same figure of the report, both in SI units.

    Parameters
    ----------
    claim : PublishedTable
        What is printed where.
    published : float
    here : Interval
    """

    claim: PublishedTable
    published: float
    here: Interval

    @property
    def reproduced(self) -> bool:
        """Whether the interval, widened by the rounding of a printed figure, holds the published value."""
        slack = 1.0 + self.claim.rounding
        return self.here.lower / slack <= self.published <= self.here.upper * slack

    @property
    def why(self) -> str:
        """Why the two differ, as the scenario says; empty where they do not."""
        return "" if self.reproduced else self.claim.because or "not explained"

    def _shown(self, value: float) -> str:
        if self.claim.dimension == "rate":
            in_bytes = "B/s" in str(self.claim.value)  # as the publication prints it
            return format_si(value / _BIT_PER_BYTE, "B/s") if in_bytes else format_si(value, "b/s")
        unit = {"time": "s", "length": "m"}.get(self.claim.dimension)
        return f"{value:.6g}" if unit is None else format_si(value, unit)

    @property
    def published_text(self) -> str:
        """The published value as the scenario writes it."""
        return str(self.claim.value)

    @property
    def here_text(self) -> str:
        """The value of the report with its unit, `low to high` where it is an interval; rates in one direction."""
        ends = " to ".join(dict.fromkeys((self._shown(self.here.lower), self._shown(self.here.upper))))
        return f"{ends} each way" if self.claim.dimension == "rate" else ends

    @property
    def verdict(self) -> str:
        """Whether the figure is reproduced, and why not."""
        if not self.reproduced:
            return f"not reproduced, because {self.why}"
        return "reproduced" if self.here.width <= self.claim.rounding else "inside what is certified"

    @property
    def short(self) -> str:
        """Both figures, without source and reason."""
        same = "reproduced" if self.reproduced else "not reproduced"
        return f"{self.claim.what}: published {self.published_text}, here {self.here_text}: {same}"

    def __str__(self) -> str:
        where = ", ".join(part for part in (self.claim.source, self.claim.locator) if part)
        return f"{self.claim.what}: published {self.published_text} ({where}), here {self.here_text}: {self.verdict}"


def published_comparison(report: Report) -> tuple[Comparison, ...]:
    """Every published figure of the report's scenario beside what the report found, in the scenario's order.

    Empty for a case made by hand.
    """
    return compared(case=report.case, metrics=report.metrics, smaller_gpus=report.cut.smaller_gpus)


def compared(*, case: Case, metrics: Sequence[Metric], smaller_gpus: int) -> tuple[Comparison, ...]:
    """Every published figure of a case beside the metrics found; `smaller_gpus` are those of its cut's smaller side."""
    claims = () if case.scenario is None else case.scenario.published
    return tuple(Comparison(claim=claim, published=claim.published, here=_here(claim, case, metrics, smaller_gpus))
                 for claim in claims)  # fmt: skip


def _here(claim: PublishedTable, case: Case, metrics: Sequence[Metric], smaller_gpus: int) -> Interval:
    found = _structural(claim, case)
    if found is not None:
        return found
    metric = next((row for row in metrics if row.name == claim.compare), None)
    if metric is None:
        raise ValueError(f"no metric {claim.compare!r}; there are {', '.join(row.name for row in metrics)}")
    if claim.of == "gap to NVL72":
        return metric.gap_up.interval
    if claim.of == "gap to SuperPOD":
        if metric.gap_out is None:
            raise ValueError(f"published {claim.what!r}: the report has no SuperPOD to compare {claim.compare} with")
        return metric.gap_out.interval
    if claim.of == "whole formation":
        whole = as_series(case.formation).structure.n_gpus
        return metric.formation * (smaller_gpus if claim.compare == "bisection" else whole)
    return metric.formation


def _structural(claim: PublishedTable, case: Case) -> Interval | None:
    """Figures of the network itself; None for a metric."""
    series = as_series(case.formation)
    fabric = series.structure
    if claim.compare == "satellites":
        return Interval.point(float(fabric.n_nodes))
    if claim.compare == "computing part":
        return Interval.point(float(np.count_nonzero(fabric.gpus)) / fabric.n_nodes)
    if claim.compare == "GPUs":
        return Interval.point(float(fabric.n_gpus))
    if claim.compare == "links":
        return Interval.point(float(fabric.n_links))
    if claim.compare == "shortest link":
        return Interval.point(float(series.range_m.min()))
    if claim.compare == "longest link":
        return Interval.point(float(series.range_m.max()))
    if claim.compare == "link rate":
        return Interval(lower=float(series.capacity_bps.min()), upper=float(series.capacity_bps.max()))
    return None
