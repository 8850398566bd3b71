"""Certified throughput of a fabric under a traffic: `max_throughput`, the smallest interval it can prove."""

import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from topo.fabric import Fabric

from .certificate import achieved_per_s, worths
from .certified import Best, Throughput
from .exact import by_orbits, by_program
from .limits import Limits
from .mixture import MirroredRouting, SymmetricRouting
from .orbit_problem import orbit_flows, solve_by_orbits
from .problem import NotSolvedError, ThroughputProblem
from .reachable import check_paths
from .routing import CertificateError, FlowRouting, Routing
from .star import as_star
from .symmetry import find_symmetry
from .traffic import Traffic

if TYPE_CHECKING:
    from .large import LargeProgress

__all__ = ["binding", "least_flow", "max_throughput"]


# Flows (sources times arcs) up to which a linear program is a matter of minutes and of a few GB.
_MOST_FLOWS = 2**20
# Flows, after symmetries have been taken out, up to which it is one of seconds, and up to which it is tried where the
# large solver leaves more width than was asked for.
_MANY_ORBIT_FLOWS, _MOST_ORBIT_FLOWS = 2**16, 2**18
# Flows of the large solver, after symmetries have been taken out, beyond which `auto` asks for no less than this width:
# the last digits would take hours.
_MOST_FINE_FLOWS, _COARSE_RTOL = 2**27, 0.002
# Flows from which on it pays to look for symmetries, and up to which proofs without search are quick.
_MANY_FLOWS, _MOST_DIRECT_FLOWS = 2**13, 2**24


def max_throughput(
    *,
    fabric: Fabric,
    traffic: Traffic,
    limits: Limits | None = None,
    rtol: float = 1e-6,
    method: Literal["auto", "direct", "exact", "large"] = "auto",
    hints: Iterable[Throughput] = (),
    constraints: Callable[[Any], Sequence[Any]] | None = None,
    time_limit_s: float = float("inf"),
    progress: Callable[["LargeProgress"], None] | None = None,
    executor: Executor | None = None,
) -> Throughput:
    """Certified interval of the rounds per second that the fabric carries.

    Parameters
    ----------
    fabric : Fabric
    traffic : Traffic
    limits : Limits, optional
        Resources that links share.
    rtol : float
        Width asked for, upper / lower - 1.
    method : {"auto", "direct", "exact", "large"}
        "direct" tries only proofs without search; "exact" goes straight to the linear program, reduced by the
        symmetries of fabric and traffic; "large" to `large_throughput`, whose docstring has times and memory. "auto"
        tries the first, then the second up to about 90 nodes of 8 links times the symmetries, or the third beyond, and
        up to 180 nodes the second again where the third leaves more width than `rtol` and there is no time limit; from
        about 4,000 nodes without symmetry it asks for a width of 2e-3 if `rtol` is less, and `note` says so. With
        `limits` there is no third: above a million flows only the first is tried, and `note` says so.
    hints : Throughputs
        Answers for similar fabrics with the same nodes and arcs: their routings and prices are tried first.
    constraints : callable, optional
        Takes the `ThroughputProblem` and returns further cvxpy constraints. The upper end is then that of the problem
        without them, and `note` says so.
    time_limit_s : float
        Of every method but "direct". After it, or after Ctrl-C (which users' own constraints do not catch), the answer
        is the interval as it then stands, and `note` says so.
    progress, executor
        Of `large_throughput`, if it comes to that.

    Raises
    ------
    ValueError
        If traffic goes between nodes without a path, a hint is for another fabric, the method cannot do it, or `rtol`
        or `time_limit_s` is negative or undefined.
    NotSolvedError
        If no solver gives a usable answer and there is no simpler proof.
    KeyboardInterrupt
        If there are `constraints`.
    """
    if method not in ("auto", "direct", "exact", "large"):
        raise ValueError(f"method={method!r}: choose 'auto', 'direct', 'exact' or 'large'")
    if not time_limit_s >= 0:
        raise ValueError(f"time_limit_s={time_limit_s!r}; the time limit must be >= 0")
    if not rtol >= 0:
        raise ValueError(f"rtol={rtol!r}; the width asked for must be >= 0")
    until_s = time.monotonic() + time_limit_s
    plain = limits is None and constraints is None
    if method == "large" and not plain:
        raise ValueError("method='large' takes no limits and no constraints; use method='exact'")
    check_paths(fabric=fabric, traffic=traffic)
    best = Best(fabric, traffic, limits)
    flows = traffic.sources.size * fabric.n_arcs
    easy = flows <= _MOST_DIRECT_FLOWS or as_star(fabric=fabric) is not None
    quick = method == "direct" or (method == "auto" and easy)
    if quick and constraints is None:
        for hint in hints:
            best.offer_routing(f"routing of another answer ({hint.method})", hint.routing)
            best.offer_prices(f"prices of another answer ({hint.method})", hint.prices)
        best.offer_simple(rtol)
        if best.closed(rtol) or method == "direct" or (flows > _MOST_FLOWS and not plain):
            answer = best.result(f"proof without search ({best.how_lower}; {best.how_upper})")
            why = f"the linear program would have {flows} flows; method='exact' tries it all the same"
            return answer if best.closed(rtol) or method == "direct" else replace(answer, note=why)
    if plain and (method == "large" or flows > _MANY_FLOWS):
        from .large import large_throughput  # loads the compiler, which small fabrics need not wait for

        symmetry = find_symmetry(fabric=fabric, traffic=traffic)
        reduced = orbit_flows(fabric=fabric, traffic=traffic, symmetry=symmetry)
        coarse = method == "auto" and reduced > _MOST_FINE_FLOWS and rtol < _COARSE_RTOL

        def shifted() -> Throughput:
            answer = large_throughput(
                fabric=fabric, traffic=traffic, rtol=_COARSE_RTOL if coarse else rtol, symmetry=symmetry,
                time_limit_s=time_limit_s, progress=progress, executor=executor,
            )  # fmt: skip
            why = f"at this size 'auto' asks for a width of {_COARSE_RTOL:g}; method='large' for {rtol:g}"
            return replace(answer, note=f"{why}; {answer.note}") if coarse else answer

        if method == "large" or (method == "auto" and reduced > _MANY_ORBIT_FLOWS):
            answer = shifted()
            if method == "large" or reduced > _MOST_ORBIT_FLOWS or answer.width <= rtol or time_limit_s < float("inf"):
                return answer
            best.offer_routing(answer.method, answer.routing)
            best.offer_prices(answer.method, answer.prices)
        if by_orbits(best, symmetry=symmetry, rtol=rtol, until_s=until_s):
            return best.result(f"linear program by orbits ({best.how_lower}; {symmetry})")
        if best.stopped:
            return best.ended_early()
        if method == "auto" and flows > _MOST_FLOWS:
            return shifted()
    return by_program(best, rtol=rtol, constraints=constraints, until_s=until_s)


def least_flow(*, fabric: Fabric, traffic: Traffic, throughput: Throughput, slack: float = 1e-5) -> Throughput:
    """The same answer with a routing of the least total flow, so that its loads say what is needed, not what is free.

    Parameters
    ----------
    fabric, traffic
        What `throughput` is of.
    throughput : Throughput
        Of a linear program; an answer by shortest paths or above a million flows is returned as it is, and so is any if
        the solver fails.
    slack : float
        Share of the throughput given up, so that the second linear program has room; the interval widens by it.
    """
    found = throughput.routing
    reduced = isinstance(found, MirroredRouting | SymmetricRouting)
    while isinstance(found, MirroredRouting | SymmetricRouting):
        found = found.inner
    if not isinstance(found, FlowRouting) or (not reduced and traffic.sources.size * fabric.n_arcs > _MOST_FLOWS):
        return throughput
    at_per_s = throughput.lower_per_s * (1.0 - slack)
    try:
        routing: Routing
        if reduced:
            symmetry = find_symmetry(fabric=fabric, traffic=traffic)
            routing = solve_by_orbits(fabric=fabric, traffic=traffic, symmetry=symmetry, at_per_s=at_per_s)[0]
        else:
            problem = ThroughputProblem(fabric=fabric, traffic=traffic, at_most_per_s=throughput.upper_per_s)
            routing = problem.least_flow(at_per_s=at_per_s)
        lower = achieved_per_s(fabric=fabric, traffic=traffic, routing=routing)
    except (NotSolvedError, CertificateError) as error:
        return replace(throughput, note=f"{throughput.note}; no routing of least flow: {error}".lstrip("; "))
    return replace(throughput, lower_per_s=min(lower, throughput.upper_per_s), routing=routing,
                   method=f"least total flow at {1.0 - slack:g} of: {throughput.method}")  # fmt: skip


def binding(*, fabric: Fabric, throughput: Throughput, limits: Limits | None = None) -> tuple[tuple[str, float], ...]:
    """Limits that bind: each kind with the share of the bound's worth that its prices carry, largest first."""
    names = {
        "arc": "links",
        "host_out": "host interfaces (sending)",
        "host_in": "host interfaces (receiving)",
        "switch": "on-board switches",
        "local": "links inside the nodes",
        "port": "ports of the GPUs",
        "limit": "shared resources",
    }
    by_name = worths(fabric=fabric, prices=throughput.prices, limits=limits)
    worth = {names[name]: value for name, value in by_name.items()}
    # Prices of a solver are never quite zero: kinds below a millionth are left out.
    kept = {kind: value for kind, value in worth.items() if value > 1e-6 * sum(worth.values())}
    return tuple(sorted(((k, v / sum(kept.values())) for k, v in kept.items()), key=lambda item: -item[1]))
