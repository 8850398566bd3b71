"""Fabric + traffic -> certified throughput -> gap.

traffic      who sends how much to whom: `Traffic`, `all_to_all`, `permutation`, `from_matrix`
routing      how it travels: `FlowRouting`, `ShortestPathRouting`
certificate  what routing and prices prove, without a solver
direct       proofs that need no search
problem      the exact problem in cvxpy: `ThroughputProblem`
certified    the certified interval: `Throughput`
throughput   how it is found: `max_throughput`
exact        the linear programs behind it
limits       resources that links share
cuts         bisection and sparsest cut as intervals
unloaded     injection, latency
paths        shortest distances underneath
interval     a number between two ends
gap          reference against formation
patterns     more traffic: rings, pipelines, neighbours, groups, hot spots, tables
collectives  best all-gather, reduce-scatter, broadcast and all-reduce, from collective_bounds (cuts, partitions; over
             maxflow) and packing (of trees), both on the expansion of a fabric
algorithms   rings and trees as libraries run them, with latency
energy       communication power over bits delivered
"""

from .algorithms import (
    Schedule,
    hierarchical_all_reduce,
    optimum_time_s,
    ring_all_gather,
    ring_all_reduce,
    ring_order,
    tree_all_reduce,
)
from .certificate import Prices, achieved_per_s, price_bound_per_s, utilisation
from .certified import Throughput
from .collectives import Collective, all_gather, all_reduce, broadcast, reduce_scatter
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
