"""Linear programs that close a certified interval: reduced by symmetry, or whole with whatever users add to it.

Every solver's answer is only offered: what it proves is computed by `certificate`. Leaves out when to try which: see
`max_throughput`.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from .certified import Best, Throughput
from .orbit_problem import solve_by_orbits
from .problem import ATTEMPTS, NotSolvedError, ThroughputProblem
from .routing import CertificateError
from .symmetry import Symmetry

__all__ = ["by_orbits", "by_program"]

_INTERRUPTED, _OVER = "interrupted", "the time limit is over"


def by_orbits(best: Best, *, symmetry: Symmetry, rtol: float, until_s: float) -> bool:
    """Whether the linear program reduced by a symmetry closes the interval.

    Parameters
    ----------
    best : Best
        Takes what the program proves; `stopped` says if it was interrupted or the time is over.
    symmetry : Symmetry
    rtol : float
    until_s : float
        On the clock of `time.monotonic`. [s]
    """
    try:
        routing, prices, how = solve_by_orbits(
            fabric=best.fabric, traffic=best.traffic, symmetry=symmetry, time_limit_s=until_s - time.monotonic()
        )
        best.offer_routing(how, routing)
        best.offer_prices(how, prices)
    except (NotSolvedError, CertificateError):
        pass  # the full program is tried instead
    except KeyboardInterrupt:
        best.stopped = _INTERRUPTED
    if time.monotonic() >= until_s:
        best.stopped = best.stopped or _OVER
    return best.closed(rtol)


def by_program(
    best: Best, *, rtol: float, constraints: Callable[[Any], Sequence[Any]] | None, until_s: float
) -> Throughput:
    """The whole linear program, by one solver after the other until the certificate closes.

    Parameters
    ----------
    best : Best
        What is known, and takes what is found.
    rtol : float
    constraints : callable or None
        As `max_throughput` takes them.
    until_s : float
        On the clock of `time.monotonic`. [s]

    Raises
    ------
    NotSolvedError
        If no solver gives both ends.
    """
    failures: list[str] = []
    try:
        bound = best.upper if best.upper < float("inf") else None
        problem = ThroughputProblem(fabric=best.fabric, traffic=best.traffic, limits=best.limits, at_most_per_s=bound)
        extra = [] if constraints is None else list(constraints(problem))
        for attempt in ATTEMPTS:
            left_s = until_s - time.monotonic()
            if left_s <= 0:
                best.stopped = _OVER
                break
            try:
                solution = problem.solve(attempt=attempt, constraints=extra, time_limit_s=left_s)
                how = f"{solution.solver}, status {solution.status}"
                best.offer_routing(how, solution.routing)
                best.offer_prices(how, solution.prices)
            except (NotSolvedError, CertificateError) as error:
                failures.append(f"{attempt}: {error}")
                continue
            if constraints is not None:
                plain = by_program(
                    Best(best.fabric, best.traffic, best.limits), rtol=rtol, constraints=None, until_s=until_s
                )
                best.offer_prices(plain.method, plain.prices)
                note = f"the upper end is that of the problem without the {len(extra)} added constraints"
                answer = best.result(f"linear program ({how})")
                # The routing alone could carry more than the constraints let it.
                return replace(answer, lower_per_s=min(answer.lower_per_s, solution.throughput_per_s), note=note)
            if best.closed(rtol):
                return best.result(f"linear program ({how})")
            failures.append(f"{how}: the certificate closes only to {best.lower:.9g}..{best.upper:.9g} rounds/s")
    except KeyboardInterrupt:
        if constraints is not None:
            raise
        best.stopped = _INTERRUPTED
    if best.stopped and constraints is None:
        return best.ended_early()
    if best.routing is None or best.prices is None or not np.isfinite(best.upper):
        why = [*failures, *([best.stopped] if best.stopped else [])]
        raise NotSolvedError(f"{best.traffic.name} on {best.fabric.name!r}: " + "; ".join(why))
    return replace(best.result("linear program, not closed"), note="; ".join(failures))
