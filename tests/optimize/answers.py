"""All-to-all of small fabrics, solved, for the tests of what is built on certified throughput."""

from __future__ import annotations

from typing import Any

from optimize.flow.certified import Throughput
from optimize.flow.throughput import max_throughput
from optimize.flow.traffic import all_to_all
from topo.fabric import Fabric


def solve(fabric: Fabric, **options: Any) -> Throughput:
    """Certified all-to-all throughput; options as of `max_throughput`."""
    return max_throughput(fabric=fabric, traffic=all_to_all(fabric=fabric), **options)
