"""What collectives attain on a fabric: the best that any schedule can do, and what libraries run.

optimum     best all-gather, reduce-scatter, broadcast and all-reduce, each an interval: `all_reduce` and the like
expansion   the fabric as a graph in which a node's own limits are arcs
bounds      cuts and partitions that no schedule passes
packing     schedules that reach them: how much of which tree
trees       the trees themselves
spanning    both ends where that is too large
algorithms  rings and trees as libraries run them, with latency
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
from .optimum import Collective, all_gather, all_reduce, broadcast, reduce_scatter

__all__ = [
    "Collective", "Schedule", "all_gather", "all_reduce", "broadcast", "hierarchical_all_reduce", "optimum_time_s",
    "reduce_scatter", "ring_all_gather", "ring_all_reduce", "ring_order", "tree_all_reduce",
]  # fmt: skip
