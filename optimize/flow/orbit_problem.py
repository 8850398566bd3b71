"""The exact throughput problem reduced by symmetry: one source for each orbit of nodes, one limit for a pool of arcs.

Exact because the average of a routing over the group is as good as the routing. Leaves out `Limits` and users' own
constraints, which may not be symmetric: see `problem`.
"""

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from topo.fabric import Fabric

from .certificate import Prices
from .node_limits import fixed_per_s
from .paths import add_missing, usable_arcs
from .pools import Pools
from .problem import NotSolvedError, quiet_highs
from .routing import FlowRouting, Routing
from .symmetry import Symmetry
from .traffic import Traffic

__all__ = ["orbit_flows", "solve_by_orbits"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_ATTEMPTS = ("ipm", "simplex")


def orbit_flows(*, fabric: Fabric, traffic: Traffic, symmetry: Symmetry) -> int:
    """Flows that the reduced problem has: one for each arc and each orbit of nodes that send."""
    return int(np.unique(symmetry.node[traffic.sources]).size) * fabric.n_arcs


def solve_by_orbits(
    *,
    fabric: Fabric,
    traffic: Traffic,
    symmetry: Symmetry,
    at_per_s: float | None = None,
    time_limit_s: float = float("inf"),
) -> tuple[Routing, Prices, str]:
    """A routing and prices by linear programming, for `certificate` to judge, and how they were found.

    Parameters
    ----------
    fabric, traffic
    symmetry : Symmetry
        Of both.
    at_per_s : float, optional
        The routing of the least total flow that carries this many rounds per second, instead of the most that can be
        carried; the prices then prove nothing.
    time_limit_s : float
        For all methods of the solver together.

    Notes
    -----
    maximise    theta
    subject to  inflow - outflow of source s at node v = theta t_s d_sv     for one source s of each orbit of size t_s
                sum_s flow_s(pool) + theta own(pool) <= supply(pool)       for every pool of arcs or switches
                theta used_v <= limit_v                                     for every other limit of a node

    Raises
    ------
    NotSolvedError
        If no method of the solver gives a usable answer.
    """
    reduced = _Reduced(fabric, traffic, Pools.of(fabric=fabric, traffic=traffic, symmetry=symmetry))
    return reduced.solve(at_per_s, time_limit_s)


def _run(solver: Any) -> None:
    """Run HiGHS in a thread of its own, so that Ctrl-C stops it at once; its own way of doing that prints."""
    solver.startSolve()
    try:
        while not solver.wait(1.0)[0]:
            pass
    except KeyboardInterrupt:
        solver.cancelSolve()
        solver.wait()
        raise


class _Reduced:
    """The linear program, scaled to order one."""

    def __init__(self, fabric: Fabric, traffic: Traffic, pools: Pools) -> None:
        self.fabric, self.traffic, self.pools = fabric, traffic, pools
        self.row, self.arc = usable_arcs(fabric=fabric, sources=pools.sources)
        self.wanted = traffic.rows(pools.sources) * pools.times[:, None]
        # Rates in units of the largest pool, throughput in units of what the tightest node could send.
        self.unit_bps = float(pools.supply_bps.max())
        self.most_per_s = fixed_per_s(fabric=fabric, traffic=traffic)
        outgoing = np.bincount(fabric.tail, weights=fabric.capacity_bps, minlength=fabric.n_nodes)
        sending = traffic.sources
        self.unit_per_s = min(self.most_per_s, float((outgoing[sending] / traffic.sent_bit[sending]).min()))

    def _matrix(self) -> sparse.csc_array:
        """Conservation at all but the source, then the pools; one column per flow, the last one is theta."""
        k, n, size = self.pools.sources.size, self.fabric.n_nodes, self.arc.size
        bit = self.unit_per_s / self.unit_bps
        column = np.arange(size)
        into, out = self.row * n + self.fabric.head[self.arc], self.row * n + self.fabric.tail[self.arc]
        used, at = np.nonzero(self.wanted.reshape(1, -1))
        balance = sparse.csr_array(
            (
                np.concatenate([np.ones(size), -np.ones(size), -bit * self.wanted.ravel()[at]]),
                (np.concatenate([into, out, at]), np.concatenate([column, column, used + size])),
            ),
            shape=(k * n, size + 1),
        )
        keep = np.ones(k * n, dtype=bool)
        keep[np.arange(k) * n + self.pools.sources] = False  # implied by the other nodes
        self.balances = int(keep.sum())
        switch = self.pools.node[self.fabric.head[self.arc]]
        limited = switch >= 0
        pool = np.concatenate([self.pools.arc[self.arc], switch[limited], np.arange(self.pools.own_bit.size)])
        share = np.concatenate([np.ones(size + int(limited.sum())), self.pools.own_bit * bit])
        where = np.concatenate([column, column[limited], np.full(self.pools.own_bit.size, size)])
        scale = sparse.diags_array(self.unit_bps / self.pools.supply_bps)
        loads = scale @ sparse.csr_array((share, (pool, where)), shape=(self.pools.own_bit.size, size + 1))
        return sparse.csc_array(sparse.vstack([balance[keep], loads]))

    def solve(self, at_per_s: float | None = None, time_limit_s: float = float("inf")) -> tuple[Routing, Prices, str]:
        """Try the solver's methods in turn; Ctrl-C stops the solver where it is."""
        begun = time.monotonic()
        solver = quiet_highs()
        solver.HandleUserInterrupt = True
        import highspy

        matrix = self._matrix()
        rows, columns = matrix.shape
        model = highspy.HighsLp()
        model.num_col_, model.num_row_ = columns, rows
        most = np.full(columns, np.inf)
        most[-1] = (self.most_per_s if at_per_s is None else at_per_s) / self.unit_per_s
        least = np.zeros(columns)
        cost = np.zeros(columns)
        if at_per_s is None:
            model.sense_, cost[-1] = highspy.ObjSense.kMaximize, 1.0
        else:
            model.sense_, cost[:-1], least[-1] = highspy.ObjSense.kMinimize, 1.0 / self.row.max(initial=1), most[-1]
        model.col_cost_, model.col_lower_, model.col_upper_ = cost, least, most
        model.row_lower_ = np.concatenate([np.zeros(self.balances), np.full(rows - self.balances, -np.inf)])
        model.row_upper_ = np.concatenate([np.zeros(self.balances), np.ones(rows - self.balances)])
        model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        model.a_matrix_.start_, model.a_matrix_.index_, model.a_matrix_.value_ = (
            matrix.indptr,
            matrix.indices,
            matrix.data,
        )
        failures = []
        for attempt in _ATTEMPTS:
            left_s = begun + time_limit_s - time.monotonic()
            if left_s <= 0:
                failures.append(f"the time limit of {time_limit_s:g} s is over")
                break
            solver.clearModel()
            solver.passModel(model)
            solver.setOptionValue("solver", attempt)
            solver.setOptionValue("run_crossover", "off")
            solver.setOptionValue("time_limit", solver.getRunTime() + left_s)  # its clock runs on from model to model
            _run(solver)
            found = solver.getSolution()
            flow, price = np.array(found.col_value), np.array(found.row_dual)
            if flow.size == columns and np.isfinite(flow).all() and np.isfinite(price).all() and flow[-1] > 0:
                status = solver.modelStatusToString(solver.getModelStatus())
                return self._routing(flow[:-1], flow[-1]), self._prices(price), f"HiGHS {attempt}, status {status}"
            failures.append(f"{attempt}: {solver.modelStatusToString(solver.getModelStatus())}")
        raise NotSolvedError(f"{self.traffic.name} on {self.fabric.name!r}, by orbits: {'; '.join(failures)}")

    def _prices(self, dual: Floats) -> Prices:
        """Prices of arcs and switches per bit, from those of the pools."""
        return self.pools.prices(np.abs(dual[self.balances :]) / self.pools.supply_bps, fabric=self.fabric)

    def _routing(self, flow: Floats, theta: float) -> Routing:
        """Flows of one round that carry all traffic; what the solver left out goes along paths of fewest arcs."""
        sources = self.pools.sources
        dense = np.zeros((sources.size, self.fabric.n_arcs))
        dense[self.row, self.arc] = np.maximum(flow, 0.0) * (self.unit_bps / (theta * self.unit_per_s))
        add_missing(fabric=self.fabric, sources=sources, flow=dense, wanted=self.wanted)
        return self.pools.routing(FlowRouting(sources=sources, flow_bit=sparse.csr_array(dense)))
