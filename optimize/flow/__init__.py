"""Fabric + traffic -> certified throughput -> gap.

traffic, patterns     who sends how much to whom: `Traffic`, `all_to_all`, `from_matrix`, rings, groups, hot spots
reachable             whether there is a path for all of it

routing, mixture      how it travels: `FlowRouting`, `ShortestPathRouting`; many sources in one
certificate           what routing and prices prove, without a solver; over node_limits, limits, star and paths
certified, interval   the answer: `Throughput`, a number between two ends

throughput            how it is found: `max_throughput`, which tries in turn
direct                - proofs that need no search
exact                 - linear programs: `ThroughputProblem` of problem; orbit_problem, reduced by symmetry over pools
large                 - an interval at any time, beyond the reach of linear programs

cuts                  bisection and sparsest cut as intervals, from sweeps; two_phase bounds what permutations get
maxflow               flows and cuts between two nodes
collective            all-gather, reduce-scatter, broadcast, all-reduce: the best there is, rings and trees with latency
unloaded              injection and latency, by many_paths
energy                communication power over bits delivered
gap                   reference against formation
"""

from .certificate import Prices, achieved_per_s, price_bound_per_s, utilisation
from .certified import Throughput
from .collective import (
    Collective,
    Schedule,
    all_gather,
    all_reduce,
    broadcast,
    hierarchical_all_reduce,
    optimum_time_s,
    reduce_scatter,
    ring_all_gather,
    ring_all_reduce,
    ring_order,
    tree_all_reduce,
)
from .cuts import Cut, best_bisection, bisection, evaluate_cut, sparsest
from .energy import Energy, energy, energy_gap
from .gap import Gap, gap
from .interval import Interval
from .limits import Limits
from .patterns import fan_out, from_frame, grouped, hot_spot, neighbours, pipeline, ring_shift, to_frame
from .problem import NotSolvedError, ThroughputProblem
from .routing import CertificateError, FlowRouting, Routing, ShortestPathRouting, ecmp
from .sweeps import SparsestCut
from .throughput import binding, least_flow, max_throughput
from .traffic import Traffic, all_to_all, farthest_permutation, from_matrix, permutation
from .unloaded import Latency, injection_bps, latency

__all__ = [
    "CertificateError", "Collective", "Cut", "Energy", "FlowRouting", "Gap", "Interval", "Latency", "Limits",
    "NotSolvedError", "Prices", "Routing", "Schedule", "ShortestPathRouting", "SparsestCut", "Throughput",
    "ThroughputProblem", "Traffic", "achieved_per_s", "all_gather", "all_reduce", "all_to_all", "best_bisection",
    "binding", "bisection", "broadcast", "ecmp", "energy", "energy_gap", "evaluate_cut", "fan_out",
    "farthest_permutation", "from_frame", "from_matrix", "gap", "grouped", "hierarchical_all_reduce", "hot_spot",
    "injection_bps", "latency", "least_flow", "max_throughput", "neighbours", "optimum_time_s", "permutation",
    "pipeline", "price_bound_per_s", "reduce_scatter", "ring_all_gather", "ring_all_reduce", "ring_order",
    "ring_shift", "sparsest", "to_frame", "tree_all_reduce", "utilisation",
]  # fmt: skip
