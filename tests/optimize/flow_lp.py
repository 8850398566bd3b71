"""A second method for throughput: the textbook linear program, one commodity a pair, by scipy. Slow and plain."""

import numpy as np
from scipy.optimize import linprog

from topo.fabric import Fabric


def all_to_all_bps(fabric: Fabric) -> float:
    """Rate per GPU of all-to-all, hosts unlimited: r (G - 1), r the rate that every ordered GPU pair gets at once."""
    n, m = fabric.n_nodes, fabric.n_arcs
    pairs = [(s, t) for s in range(n) for t in range(n) if s != t and fabric.gpus[s] and fabric.gpus[t]]
    unit = float(fabric.capacity_bps.max())
    columns = len(pairs) * m + 1  # flow of every pair on every arc, and r
    balance = np.zeros((len(pairs) * n, columns))
    for k, (s, t) in enumerate(pairs):
        for e in range(m):
            balance[k * n + fabric.tail[e], k * m + e] -= 1.0
            balance[k * n + fabric.head[e], k * m + e] += 1.0
        demand = float(fabric.gpus[s] * fabric.gpus[t])
        balance[k * n + s, -1], balance[k * n + t, -1] = demand, -demand
    load = np.hstack([np.tile(np.eye(m), len(pairs)), np.zeros((m, 1))])
    objective = np.zeros(columns)
    objective[-1] = -1.0
    found = linprog(objective, A_ub=load, b_ub=fabric.capacity_bps / unit, A_eq=balance, b_eq=np.zeros(len(balance)))
    assert found.x is not None, found.message
    return float(found.x[-1]) * unit * (fabric.n_gpus - 1)
