"""The gap: how many times worse the formation is than a reference, as an interval."""

from dataclasses import dataclass

from .certified import Throughput
from .interval import Interval

__all__ = ["Gap", "gap"]


@dataclass(frozen=True, kw_only=True)
class Gap:
    """Reference over formation where more is better, else formation over reference; above 1 the formation is worse.

    Parameters
    ----------
    metric : str
    interval : Interval
        [-]
    """

    metric: str
    interval: Interval

    def __str__(self) -> str:
        return f"{self.metric}: {self.interval.text()}x"


def gap(
    *,
    reference: Throughput | Interval,
    formation: Throughput | Interval,
    metric: str = "",
    less_is_better: bool = False,
) -> Gap:
    """Gap between a reference and a formation.

    Parameters
    ----------
    reference, formation : Throughput, or Interval of a metric per GPU
        Throughputs are compared by the rate per GPU and must be of the same traffic.
    metric : str
        Its name; that of the traffic for throughputs.
    less_is_better : bool
        True for latency and energy.

    >>> print(gap(reference=Interval.point(900.0), formation=Interval(lower=20.0, upper=22.5), metric="all_to_all"))
    all_to_all: 40..45x
    """
    if isinstance(reference, Throughput) and isinstance(formation, Throughput):
        if reference.traffic != formation.traffic:
            raise ValueError(f"a gap needs one traffic; got {reference.traffic!r} and {formation.traffic!r}")
        metric = metric or reference.traffic
    ref = reference.per_gpu_bps if isinstance(reference, Throughput) else reference
    form = formation.per_gpu_bps if isinstance(formation, Throughput) else formation
    return Gap(metric=metric, interval=form / ref if less_is_better else ref / form)
