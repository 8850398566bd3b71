"""Certified throughput of a fabric under a traffic: `max_throughput`, the smallest interval it can prove."""

import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from links.frozen import FrozenArrays
from topo.fabric import Fabric

from .certificate import Prices, achieved_per_s, price_bound_per_s, worths
from .direct import simple_prices, simple_routings
from .interval import Interval
from .limits import Limits
from .routing import CertificateError, FlowRouting, Routing
from .star import as_star
from .traffic import Traffic

if TYPE_CHECKING:
    from .large import LargeProgress

__all__ = ["Throughput", "binding", "check_paths", "least_flow", "max_throughput"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Throughput(FrozenArrays):
    """Rounds of a traffic per second that a fabric carries: an interval with what proves both ends.

    Parameters
    ----------
    traffic : str
        Its name.
    lower_per_s, upper_per_s : float
        What `routing` achieves, and what `prices` forbid to exceed. [1/s]
    bit_per_gpu : float
        Bits a GPU sends per round. [bit]
    routing : Routing
    prices : Prices
    method : str
        How it was found: which proof, or which solver and its status.
    note : str
        What a reader must know, such as constraints that the upper end does not have.
    """

    traffic: str
    lower_per_s: float
    upper_per_s: float
    bit_per_gpu: float
    routing: Routing
    prices: Prices
    method: str
    note: str = ""

    @property
    def width(self) -> float:
        """Upper / lower - 1. [-]"""
        return self.upper_per_s / self.lower_per_s - 1.0

    @property
    def per_gpu_bps(self) -> Interval:
        """Rate of one GPU, one direction: rounds per second times bits per round. [bit/s]"""
        return Interval(lower=self.lower_per_s * self.bit_per_gpu, upper=self.upper_per_s * self.bit_per_gpu)

    def verify(self, *, fabric: Fabric, traffic: Traffic, limits: Limits | None = None, rtol: float = 1e-9) -> Interval:
        """Both ends recomputed from routing and prices, without a solver; `CertificateError` if they do not hold. [1/s]

        `rtol` is the rounding allowed between the stored and the recomputed ends.
        """
        lower = achieved_per_s(fabric=fabric, traffic=traffic, routing=self.routing, limits=limits)
        upper = price_bound_per_s(fabric=fabric, traffic=traffic, prices=self.prices, limits=limits)
        if self.traffic != traffic.name or self.bit_per_gpu != traffic.bit_per_gpu:
            raise CertificateError(
                f"claims {self.bit_per_gpu:.9g} bit per GPU of {self.traffic!r}, given {traffic.bit_per_gpu:.9g} of "
                f"{traffic.name!r}"
            )
        if not self.lower_per_s <= lower * (1 + rtol):
            raise CertificateError(f"claims {self.lower_per_s:.9g} rounds/s, its routing carries {lower:.9g}")
        if not self.upper_per_s >= upper * (1 - rtol):
            raise CertificateError(f"claims at most {self.upper_per_s:.9g} rounds/s, its prices prove only {upper:.9g}")
        if lower > upper * (1 + rtol):
            raise CertificateError(f"the routing carries {lower:.9g} rounds/s, the prices forbid more than {upper:.9g}")
        return Interval(lower=min(lower, upper), upper=upper)

    def __str__(self) -> str:
        return f"{self.traffic}: {self.per_gpu_bps.as_rate()} per GPU, width {self.width:.1e}, by {self.method}"


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


class Best:
    """The best certified ends so far of one problem."""

    def __init__(self, fabric: Fabric, traffic: Traffic, limits: Limits | None) -> None:
        self.fabric, self.traffic, self.limits = fabric, traffic, limits
        self.lower, self.upper = 0.0, float("inf")
        self.routing: Routing | None = None
        self.prices: Prices | None = None
        self.how_lower = self.how_upper = ""
        self.stopped = ""  # why no more is tried

    def offer_simple(self, rtol: float) -> None:
        """Proofs that need no search, until they close the interval."""
        if not self.closed(rtol):
            for how, routing in simple_routings(fabric=self.fabric):
                self.offer_routing(how, routing)
        for how, prices in simple_prices(fabric=self.fabric, traffic=self.traffic, limits=self.limits):
            if self.closed(rtol):
                break
            self.offer_prices(how, prices)

    def ended_early(self) -> Throughput:
        """What is proved when no more may be tried."""
        self.offer_simple(0.0)
        return replace(self.result(f"ended early ({self.how_lower}; {self.how_upper})"), note=self.stopped)

    def offer_routing(self, how: str, routing: Routing) -> None:
        value = achieved_per_s(fabric=self.fabric, traffic=self.traffic, routing=routing, limits=self.limits)
        if value > self.lower:
            self.lower, self.routing, self.how_lower = value, routing, how

    def offer_prices(self, how: str, prices: Prices) -> None:
        value = price_bound_per_s(fabric=self.fabric, traffic=self.traffic, prices=prices, limits=self.limits)
        if value < self.upper:
            self.upper, self.prices, self.how_upper = value, prices, how

    def closed(self, rtol: float) -> bool:
        return self.routing is not None and self.upper <= self.lower * (1.0 + rtol)

    def result(self, method: str) -> Throughput:
        if self.routing is None or self.prices is None:
            raise CertificateError(f"{self.traffic.name} on {self.fabric.name!r}: no routing or no prices to report")
        if self.lower > self.upper * (1 + 1e-9):
            raise CertificateError(
                f"{self.traffic.name} on {self.fabric.name!r}: {self.how_lower} carries {self.lower:.9g} rounds/s, "
                f"{self.how_upper} forbids more than {self.upper:.9g}"
            )
        # A lower end above the upper one by rounding is the same number twice.
        upper = max(self.upper, self.lower)
        return Throughput(
            traffic=self.traffic.name,
            lower_per_s=self.lower,
            upper_per_s=upper,
            bit_per_gpu=self.traffic.bit_per_gpu,
            routing=self.routing,
            prices=self.prices,
            method=method,
        )


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
        If traffic goes between nodes without a path, a hint is for another fabric, or the method cannot do it.
    NotSolvedError
        If no solver gives a usable answer and there is no simpler proof.
    KeyboardInterrupt
        If there are `constraints`.
    """
    if method not in ("auto", "direct", "exact", "large"):
        raise ValueError(f"method={method!r}: choose 'auto', 'direct', 'exact' or 'large'")
    if not time_limit_s >= 0:
        raise ValueError(f"time_limit_s={time_limit_s!r}; the time limit must be >= 0")
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
    from .exact import by_orbits, by_program

    if plain and (method == "large" or flows > _MANY_FLOWS):
        from .large import large_throughput
        from .orbit_problem import orbit_flows
        from .symmetry import find_symmetry

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
    from .mixture import MirroredRouting, SymmetricRouting
    from .orbit_problem import solve_by_orbits
    from .problem import NotSolvedError, ThroughputProblem
    from .symmetry import find_symmetry

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


def check_paths(*, fabric: Fabric, traffic: Traffic) -> None:
    """Refuse traffic between nodes without a path, by `ValueError`; otherwise nothing comes back."""
    if traffic.n_nodes != fabric.n_nodes:
        raise ValueError(
            f"traffic {traffic.name!r} speaks of {traffic.n_nodes} nodes, {fabric.name!r} has {fabric.n_nodes}; "
            "make it for this fabric"
        )
    from .paths import distances

    graph = sparse.csr_array((np.ones(fabric.n_arcs), (fabric.tail, fabric.head)), shape=(fabric.n_nodes,) * 2)
    open_ways = fabric.transit.all() or as_star(fabric=fabric) is not None
    if open_ways and csgraph.connected_components(graph, connection="strong")[0] == 1:
        return
    for start in range(0, traffic.sources.size, 256):
        chunk = traffic.sources[start : start + 256]
        cut_off = (traffic.rows(chunk) > 0) & ~np.isfinite(
            distances(fabric=fabric, length=np.ones(fabric.n_arcs), sources=chunk)
        )
        if cut_off.any():
            i, t = np.argwhere(cut_off)[0]
            raise ValueError(
                f"{fabric.name}: no path from {fabric.labels[int(chunk[i])]} to {fabric.labels[int(t)]}, so "
                f"{traffic.name} has throughput 0; link them, or leave that traffic out"
            )


def binding(
    *, fabric: Fabric, traffic: Traffic, throughput: Throughput, limits: Limits | None = None
) -> tuple[tuple[str, float], ...]:
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
