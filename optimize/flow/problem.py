"""The exact throughput problem as a cvxpy program, open to users' own constraints.

The only module that imports cvxpy. What it returns is a routing and prices; whether they prove anything is for
`certificate` to say.
"""

import contextlib
import math
import os
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from topo.fabric import Fabric

from .certificate import Prices, price_bound_per_s
from .direct import simple_prices
from .limits import Limits
from .node_limits import fixed_limits
from .paths import add_missing, usable_arcs
from .routing import CONSERVATION_RTOL, FlowRouting
from .traffic import Traffic

__all__ = ["ATTEMPTS", "NotSolvedError", "Solution", "ThroughputProblem", "quiet_highs"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class NotSolvedError(RuntimeError):
    """No solver gave a usable answer; the message says what each of them did."""


@cache
def _import_cvxpy() -> Any:
    """Import cvxpy, after spending HiGHS' banner (written to file descriptor 1, once per process) on nothing."""
    with _stdout_to_nothing():
        quiet_highs().run()
    import cvxpy

    return cvxpy


def quiet_highs() -> Any:
    """A HiGHS solver that writes nothing."""
    with _stdout_to_nothing():  # its banner
        import highspy

        solver: Any = highspy.Highs()  # type: ignore[no-untyped-call]
        solver.setOptionValue("output_flag", False)
    return solver


@contextlib.contextmanager
def _stdout_to_nothing() -> Iterator[None]:
    """File descriptor 1 leads to nothing meanwhile; where it is closed already, there is nothing to do."""
    try:
        keep = os.dup(1)
    except OSError:
        yield
        return
    if sys.stdout is not None:
        sys.stdout.flush()
    null = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(null, 1)
        yield
    finally:
        os.dup2(keep, 1)
        os.close(keep)
        os.close(null)


@dataclass(frozen=True, kw_only=True, eq=False)
class Solution:
    """What a solver handed over: unverified, but for the routing, which carries all traffic."""

    routing: FlowRouting
    prices: Prices
    throughput_per_s: float
    solver: str
    status: str


# Tried in this order until a certificate closes. Interior point without crossover is 3 to 15 times faster than the
# defaults on these problems; simplex and another code are the fallback, not the rule.
_ATTEMPTS: dict[str, dict[str, Any]] = {
    "HiGHS interior point": {"solver": "HIGHS", "highs_options": {"solver": "ipm", "run_crossover": "off"}},
    "HiGHS simplex": {"solver": "HIGHS", "highs_options": {"solver": "simplex"}},
    "Clarabel": {"solver": "CLARABEL"},
}
ATTEMPTS = tuple(_ATTEMPTS)


def _within(attempt: str, time_limit_s: float) -> dict[str, Any]:
    """An attempt's keywords of cvxpy's `solve`, with a time limit in the words of its solver."""
    options = dict(_ATTEMPTS[attempt])
    if math.isfinite(time_limit_s) and options["solver"] == "HIGHS":
        options["highs_options"] = {**options["highs_options"], "time_limit": time_limit_s}
    elif math.isfinite(time_limit_s):
        options["time_limit"] = time_limit_s
    return options


class ThroughputProblem:
    """Maximum concurrent flow, its flows summed over the destinations of each source.

    maximise    theta
    subject to  inflow - outflow of source s at node v = theta d_sv      for every source s and node v != s
                sum_s flow_s(e) <= capacity_e                            for every arc e
                theta sent_v <= host_v, theta received_v <= host_v, theta local_v <= local_bps_v
                theta port_v <= port_bps_v
                flow into v + theta sent_v <= switch_v
                sum_s flow_s(e) <= x_link(e), sum_links use x <= supply  where there are `Limits`

    Parameters
    ----------
    fabric : Fabric
    traffic : Traffic
    limits : Limits, optional
    at_most_per_s : float, optional
        A certified upper end; sets the scale, so the nearer the better. By default the best of the simple proofs. [1/s]

    Attributes
    ----------
    problem : cvxpy.Problem
        Scaled to order one. Add constraints through `solve(constraints=...)`.
    throughput_per_s : cvxpy expression
        theta, rounds per second.
    unit_bps : float
        Rate that is of order one in this problem. [bit/s]
    load_bps : cvxpy expression, (m,)
        Traffic on each arc. In anything but a linear constraint, divide it by `unit_bps` first, such as
        `cp.maximum(load_bps[a] / unit_bps, load_bps[b] / unit_bps)`: cvxpy gives such atoms variables of their own, and
        solvers fail on variables of 10^12. [bit/s]
    flow_bps : cvxpy expression, (columns,)
        Traffic of source `column_source[i]` on arc `column_arc[i]`. [bit/s]
    link_bps : cvxpy expression, (n_links,), or None
        x, with `limits` only. [bit/s]
    """

    def __init__(
        self, *, fabric: Fabric, traffic: Traffic, limits: Limits | None = None, at_most_per_s: float | None = None
    ) -> None:
        if traffic.n_nodes != fabric.n_nodes:
            raise ValueError(
                f"traffic {traffic.name!r} speaks of {traffic.n_nodes} nodes, {fabric.name!r} has {fabric.n_nodes}"
            )
        cp = _import_cvxpy()
        self.fabric, self.traffic, self.limits = fabric, traffic, limits
        self.sources: Ints = traffic.sources
        if self.sources.size == 0:
            raise ValueError(f"traffic {traffic.name!r} sends nothing between nodes")
        if limits is not None:
            limits.check(n_links=fabric.n_links)
        # Scales: throughput in units of a bound on it, rates in units of what the busiest node would then send.
        self.unit_per_s = self._simple_bound_per_s() if at_most_per_s is None else at_most_per_s
        if not self.unit_per_s > 0:
            raise ValueError(f"{fabric.name}: {traffic.name} goes between nodes without a path; link them")
        self.unit_bps = self.unit_per_s * float(traffic.sent_bit.max())
        # One column for every source and arc that its traffic may use.
        self.column_row, self.column_arc = usable_arcs(fabric=fabric, sources=self.sources)
        self.column_source: Ints = self.sources[self.column_row]
        self._build(cp)

    def _simple_bound_per_s(self) -> float:
        given: dict[str, Any] = {"fabric": self.fabric, "traffic": self.traffic, "limits": self.limits}
        return min(price_bound_per_s(prices=prices, **given) for _, prices in simple_prices(**given))

    def _balance(self) -> tuple[sparse.csr_array, Floats]:
        """Inflow minus outflow at (source, node) as a matrix on the columns, and what it must be at theta = 1."""
        n, k, size = self.fabric.n_nodes, self.sources.size, self.column_arc.size
        row = np.concatenate(
            [self.column_row * n + end[self.column_arc] for end in (self.fabric.head, self.fabric.tail)]
        )
        sign = np.repeat([1.0, -1.0], size)
        matrix = sparse.csr_array((sign, (row, np.tile(np.arange(size), 2))), shape=(k * n, size))
        wanted = self.traffic.rows(self.sources)
        wanted[np.arange(k), self.sources] = -wanted.sum(axis=1)
        return matrix, wanted.ravel()

    def _build(self, cp: Any) -> None:
        fabric, traffic = self.fabric, self.traffic
        size, unit = self.column_arc.size, self.unit_bps
        self._flow = cp.Variable(size, nonneg=True, name="flow")
        self._theta = cp.Variable(name="theta")
        onto = sparse.csr_array((np.ones(size), (self.column_arc, np.arange(size))), shape=(fabric.n_arcs, size))
        load = onto @ self._flow
        matrix, wanted = self._balance()
        bit = self.unit_per_s / unit  # turns bits per round into scaled rates at theta = 1
        free = np.ones(wanted.size, dtype=bool)
        free[np.arange(self.sources.size) * fabric.n_nodes + self.sources] = False  # implied by the other nodes
        self._conserve = matrix[free] @ self._flow == self._theta * (wanted[free] * bit)
        self._rows: dict[str, tuple[Any, Ints | None]] = {"arc": (load <= fabric.capacity_bps / unit, None)}
        for name, _, used, supply in fixed_limits(fabric=fabric, traffic=traffic):
            at = np.flatnonzero(np.isfinite(supply) & (used > 0))
            if at.size:
                self._rows[name] = (self._theta * (used[at] * bit) <= supply[at] / unit, at)
        at = np.flatnonzero(np.isfinite(fabric.switch_bps))
        if at.size:
            into = sparse.csr_array(
                (np.ones(fabric.n_arcs), (fabric.head, np.arange(fabric.n_arcs))), shape=(fabric.n_nodes, fabric.n_arcs)
            )
            entered = into[at] @ load + self._theta * (traffic.sent_bit[at] * bit)
            self._rows["switch"] = (entered <= fabric.switch_bps[at] / unit, at)
        self.link_bps = None
        if self.limits is not None:
            self._link = cp.Variable(fabric.n_links, nonneg=True, name="link")
            supply, most = self.limits.supply, unit * self.limits.use.max(axis=1).toarray().ravel()
            self._supply_unit = np.where(supply > 0, supply, np.where(most > 0, most, 1.0))
            use = sparse.csr_array(sparse.diags_array(unit / self._supply_unit) @ self.limits.use)
            self._rows["limit_arc"] = (load <= self._link[fabric.link_of_arc], None)
            self._rows["limit"] = (use @ self._link <= supply / self._supply_unit, None)
            self.link_bps = unit * self._link
        constraints = [self._conserve, *(row for row, _ in self._rows.values())]
        self.problem = cp.Problem(cp.Maximize(self._theta), constraints)
        self.throughput_per_s = self.unit_per_s * self._theta
        self.load_bps, self.flow_bps = unit * load, unit * self._flow
        self._cp = cp

    def solve(
        self,
        *,
        attempt: str = ATTEMPTS[0],
        constraints: Sequence[Any] = (),
        options: Mapping[str, Any] | None = None,
        time_limit_s: float = float("inf"),
    ) -> Solution:
        """Hand the problem to one solver and take its routing and prices as they come.

        Parameters
        ----------
        attempt : str
            One of `ATTEMPTS`.
        constraints : sequence of cvxpy constraints
            Your own, on the attributes above. The prices then belong to the problem without them.
        options : mapping, optional
            Keywords of cvxpy's `solve`, such as {"solver": "PDLP"}, instead of an attempt's.
        time_limit_s : float
            Of an attempt; what the solver has by then counts.

        Raises
        ------
        NotSolvedError
            If the solver fails, hands over no usable values, or, with further constraints, flows that lose traffic:
            those cannot be repaired without breaking the constraints.
        """
        problem = self._cp.Problem(self.problem.objective, [*self.problem.constraints, *constraints])
        self._run(problem, attempt, options, time_limit_s)
        theta = float(self._theta.value)
        routing, repaired = self._repair(self._flow.value / theta)
        if constraints and repaired > CONSERVATION_RTOL:
            raise NotSolvedError(f"status {problem.status}, but {repaired:.1e} of the traffic is lost")
        return Solution(
            routing=routing,
            prices=self._prices(),
            throughput_per_s=theta * self.unit_per_s,
            solver=attempt if options is None else str(problem.solver_stats.solver_name),
            status=problem.status,
        )

    def least_flow(self, *, at_per_s: float) -> FlowRouting:
        """Routing of the least total flow that carries this many rounds per second, as one solver gives it.

        An interior point spreads an optimal flow over all optimal routings and round their cycles; this one has none to
        speak of. Ask for a little less than the optimum (1e-5 of it), or the feasible set has no inside.
        """
        carry = self._theta == at_per_s / self.unit_per_s
        total = self._cp.sum(self._flow) / self.sources.size
        problem = self._cp.Problem(self._cp.Minimize(total), [*self.problem.constraints, carry])
        self._run(problem, ATTEMPTS[0])
        return self._repair(self._flow.value / float(self._theta.value))[0]

    def _run(
        self,
        problem: Any,
        attempt: str,
        options: Mapping[str, Any] | None = None,
        time_limit_s: float = float("inf"),
    ) -> None:
        """Let a solver fill the variables, or say why it did not."""
        if attempt not in _ATTEMPTS:
            raise ValueError(f"attempt={attempt!r}: choose one of {', '.join(ATTEMPTS)}")
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # an inaccurate solution is for the certificate to judge
                problem.solve(warm_start=False, **(_within(attempt, time_limit_s) if options is None else options))
        except (self._cp.SolverError, ValueError) as error:
            raise NotSolvedError(str(error)) from error
        flow, theta = self._flow.value, self._theta.value
        if flow is None or theta is None or not np.isfinite(flow).all() or not theta > 0:
            raise NotSolvedError(f"status {problem.status}, throughput {theta}, no usable routing")

    def _prices(self) -> Prices:
        """Dual values on the scale of prices per bit/s, clipped at zero; missing and undefined ones are zero."""
        some: dict[str, Floats] = {}
        for name, (row, at) in self._rows.items():
            if row.dual_value is None:
                continue
            value = np.maximum(np.nan_to_num(np.atleast_1d(np.asarray(row.dual_value, dtype=float))), 0.0)
            if name == "limit" and self.limits is not None:
                value = value * (self.unit_bps / self._supply_unit)
            if at is None:
                some[name] = value
            else:
                some[name] = np.zeros(self.fabric.n_nodes)
                some[name][at] = value
        if self.limits is not None and "limit_arc" in some:
            # Scale each link's charges down to what its use of the resources allows (solver tolerance).
            link = np.bincount(self.fabric.link_of_arc, weights=some["limit_arc"], minlength=self.fabric.n_links)
            allowed = some.get("limit", np.zeros(len(self.limits.names))) @ self.limits.use
            with np.errstate(divide="ignore", invalid="ignore"):
                factor = np.where(link > allowed, allowed / link, 1.0)
            some["limit_arc"] = some["limit_arc"] * factor[self.fabric.link_of_arc]
        return Prices.zero(fabric=self.fabric, limits=self.limits, **some)

    def _repair(self, flow_per_theta: Floats) -> tuple[FlowRouting, float]:
        """Flows of one round that carry all traffic, from a solver's nearly conserving ones, and the part added. [-]

        The additions are of the size of the solver's tolerance.
        """
        wanted = self.traffic.rows(self.sources)
        dense = np.zeros((self.sources.size, self.fabric.n_arcs))
        dense[self.column_row, self.column_arc] = np.maximum(flow_per_theta, 0.0) * (self.unit_bps / self.unit_per_s)
        added = add_missing(fabric=self.fabric, sources=self.sources, flow=dense, wanted=wanted)
        return FlowRouting(sources=self.sources, flow_bit=sparse.csr_array(dense)), added / float(wanted.sum())
