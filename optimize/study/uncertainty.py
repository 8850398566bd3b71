"""What a sampled study says about the gap: quantiles over the ranges, and Sobol indices that share out its variance.

Parameters count as independent and uniform over their ranges (over the logarithm, where a range says so). These
spreads come from what is not known; the certified interval of each point, from what is not solved, is far narrower.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optimize.flow.interval import Interval

from .sweep import Row, Sweep

__all__ = ["ESTIMATOR", "SobolIndex", "quantiles", "sobol_indices"]

Floats = NDArray[np.float64]

ESTIMATOR = "Saltelli et al. 2010, Table 2 (b) for first order and (f, Jansen) for total order"
_RESAMPLES = 256
_CONFIDENCE = 0.95


def quantiles(
    sweep: Sweep, *, metric: str = "all_to_all", shares: Sequence[float] = (0.05, 0.5, 0.95)
) -> dict[float, Interval]:
    """Gap below which these shares of the feasible points lie, each an interval because the gaps are. [-]

    Parameters
    ----------
    sweep : Sweep
        Of a sampled design: points of a grid stand for nothing but themselves.
    metric : str
    shares : sequence of float
        From 0 to 1.
    """
    study = sweep.study
    if study.design == "grid":
        raise ValueError(
            "a grid has no quantiles, because its points are chosen; use latin_hypercube or another sample"
        )
    rows = sweep.of(metric)
    # A and B are samples of the ranges; what follows repeats their values.
    gaps = [row.gap for row in rows[: 2 * study.base if study.base else None] if row.gap is not None]
    if not gaps:
        raise ValueError(f"all {len(rows)} points are infeasible, the first: {rows[0].error}")
    lower, upper = (np.quantile([getattr(one, end) for one in gaps], shares) for end in ("lower", "upper"))
    return {
        share: Interval(lower=low, upper=high)
        for share, low, high in zip(shares, lower.tolist(), upper.tolist(), strict=True)
    }


@dataclass(frozen=True, kw_only=True)
class SobolIndex:
    """How much of the variance of the gap one parameter answers for.

    Parameters
    ----------
    path : str
        Key of the parameter.
    first, total : float
        Estimates of the share that it explains alone, and of the share that would be lost without it. [-]
    first_range, total_range : (low, high)
        The middle 95 % of the estimates over bootstrap samples. [-]
    """

    path: str
    first: float
    total: float
    first_range: tuple[float, float]
    total_range: tuple[float, float]

    def __str__(self) -> str:
        ends = [f"{one:.2f} ({low:.2f} to {high:.2f})"
                for one, (low, high) in ((self.first, self.first_range), (self.total, self.total_range))]  # fmt: skip
        return f"{self.path}: first order {ends[0]}, total {ends[1]}"


def sobol_indices(sweep: Sweep, *, metric: str = "all_to_all") -> tuple[SobolIndex, ...]:
    """First and total order Sobol indices of the gap, one pair for each parameter, with their sampling error.

    Parameters
    ----------
    sweep : Sweep
        Of a `saltelli` design without infeasible points.
    metric : str

    Notes
    -----
    S_i = V(E(gap | x_i)) / V(gap) and T_i = E(V(gap | all but x_i)) / V(gap), estimated by `ESTIMATOR` from the middles
    of the certified intervals. Estimates scatter: small ones may fall below 0. Where all certified intervals have a
    number in common the gap is not shown to vary, and every index is 0.

    References
    ----------
    I. M. Sobol', Global sensitivity indices for nonlinear mathematical models and their Monte Carlo estimates,
    Mathematics and Computers in Simulation 55, 271 (2001). A. Saltelli et al., Variance based sensitivity analysis of
    model output, Computer Physics Communications 181, 259 (2010), Table 2.
    """
    study = sweep.study
    if study.base is None or study.seed is None:
        raise ValueError(f"Sobol indices need the points of a saltelli design, and this is a {study.design}")
    gaps = _all_gaps(sweep.of(metric))
    if max(one.lower for one in gaps) <= min(one.upper for one in gaps):
        nothing = (0.0, 0.0)
        return tuple(
            SobolIndex(path=path, first=0.0, total=0.0, first_range=nothing, total_range=nothing)
            for path in study.paths
        )
    n, d = study.base, len(study.parameters)
    middle = np.array([(one.lower + one.upper) / 2.0 for one in gaps]).reshape(d + 2, n)
    again = np.random.default_rng(study.seed).integers(n, size=(_RESAMPLES, n))
    first, total = _estimates(middle[:, np.vstack([np.arange(n), again])])  # the sample itself comes first
    tails = [(1.0 - _CONFIDENCE) / 2.0, (1.0 + _CONFIDENCE) / 2.0]
    first_ends, total_ends = (np.quantile(all_of, tails, axis=0).T.tolist() for all_of in (first[1:], total[1:]))
    return tuple(
        SobolIndex(path=path, first=float(first[0, k]), total=float(total[0, k]),
                   first_range=tuple(first_ends[k]), total_range=tuple(total_ends[k]))
        for k, path in enumerate(study.paths)
    )  # fmt: skip


def _all_gaps(rows: Sequence[Row]) -> list[Interval]:
    bad = [row for row in rows if row.gap is None]
    if bad:
        where = ", ".join(f"{path}={value}" for path, value in bad[0].parameters.items())
        raise ValueError(
            f"Sobol indices need every point, and {len(bad)} of {len(rows)} are infeasible, the first at {where}: "
            f"{bad[0].error}; narrow the ranges"
        )
    return [row.gap for row in rows if row.gap is not None]


def _estimates(values: Floats) -> tuple[Floats, Floats]:
    """First and total order, (samples, d), of values (d + 2, samples, n) at A, at B, and at A with one column of B."""
    from scipy.stats import sobol_indices as estimate  # half a second, which other uses need not wait for

    found = estimate(func={"f_A": values[0], "f_B": values[1], "f_AB": values[2:]}, n=values.shape[-1])
    shape = (values.shape[1], len(values) - 2)
    return np.reshape(found.first_order, shape), np.reshape(found.total_order, shape)
