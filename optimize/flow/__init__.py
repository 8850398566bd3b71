"""Fabric + traffic -> certified throughput -> gap.

traffic      who sends how much to whom: `Traffic`, `all_to_all`, `permutation`, `from_matrix`
routing      how it travels: `FlowRouting`, `ShortestPathRouting`
certificate  what routing and prices prove, without a solver
direct       proofs that need no search
problem      the exact problem in cvxpy: `ThroughputProblem`
throughput   the certified interval: `max_throughput`
limits       resources that links share
cuts         bisection as an interval
unloaded     injection, latency
paths        shortest distances underneath
interval     a number between two ends
gap          reference against formation
"""

from .certificate import Prices, achieved_per_s, price_bound_per_s, utilisation
from .cuts import Cut, best_bisection, bisection, evaluate_cut
from .gap import Gap, gap
from .interval import Interval
from .limits import Limits
from .problem import NotSolvedError, ThroughputProblem
from .routing import CertificateError, FlowRouting, Routing, ShortestPathRouting, ecmp
from .throughput import Throughput, binding, least_flow, max_throughput
from .traffic import Traffic, all_to_all, farthest_permutation, from_matrix, permutation
from .unloaded import Latency, injection_bps, latency

__all__ = [
    "CertificateError", "Cut", "FlowRouting", "Gap", "Interval", "Latency", "Limits", "NotSolvedError", "Prices",
    "Routing", "ShortestPathRouting", "Throughput", "ThroughputProblem", "Traffic", "achieved_per_s", "all_to_all",
    "best_bisection", "binding", "bisection", "ecmp", "evaluate_cut", "farthest_permutation", "from_matrix", "gap",
    "injection_bps", "latency", "least_flow", "max_throughput", "permutation", "price_bound_per_s", "utilisation",
]  # fmt: skip
