"""Certified throughput of large fabrics: an interval at any time, narrowed until it is as wide as was asked for.

solve           flows of all sources shifted to cheaper paths: `large_throughput`; the other way for few pairs from
sparse          explicit paths of listed pairs
progress        what both share: the ends so far, the clock, who is told, the checked answer: `LargeProgress`
bounds          upper ends: cuts and metrics

network, blocks, shifts       the flows of many sources, and what moves them
cheapest_paths, game          the paths of few pairs, and how much goes along each
oracle                        compiled shortest distances underneath both
"""

from .progress import LargeProgress
from .solve import large_memory_bytes, large_throughput

__all__ = ["LargeProgress", "large_memory_bytes", "large_throughput"]
