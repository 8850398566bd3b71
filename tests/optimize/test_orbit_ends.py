"""Ends over an orbit: the least bound of all single times, against every time bounded by itself."""

from __future__ import annotations

from dataclasses import replace

import networkx as nx
import numpy as np
import pytest

from optimize.flow.certificate import Prices, price_bound_per_s
from optimize.flow.throughput import max_throughput
from optimize.flow.traffic import all_to_all
from optimize.study.orbit_ends import over_orbit
from tests.optimize.graphs import undirected
from topo.fabric import Fabric

RNG = np.random.default_rng(11)
NET = undirected(nx.strong_product(nx.path_graph(2), nx.path_graph(4)))


def times(count: int) -> list[Fabric]:
    """The same arcs with other capacities at every time."""
    fabric = NET.fabric()
    return [replace(fabric, capacity_bps=RNG.uniform(0.5, 2.0, fabric.n_arcs)) for _ in range(count)]


@pytest.mark.parametrize("case", range(6))
def test_upper_end_is_the_least_bound_of_all_times_for_any_prices(case: int) -> None:
    orbit = times(5)
    kept = replace(orbit[0], capacity_bps=np.min([one.capacity_bps for one in orbit], axis=0))
    traffic = all_to_all(fabric=kept)
    answer = max_throughput(fabric=kept, traffic=traffic)
    if case % 2:  # any prices are valid
        answer = replace(answer, prices=Prices.zero(fabric=kept, arc=RNG.uniform(0.0, 1.0, kept.n_arcs)))
    found, worst = over_orbit(answer=answer, traffic=traffic, times=orbit)
    bounds = [price_bound_per_s(fabric=one, traffic=traffic, prices=answer.prices) for one in orbit]
    assert found.upper_per_s == max(min(bounds), answer.lower_per_s)
    assert worst is orbit[int(np.argmin(bounds))]
    assert found.lower_per_s == answer.lower_per_s


def test_one_time_that_is_what_every_arc_keeps_leaves_a_closed_answer_closed() -> None:
    (only,) = times(1)
    traffic = all_to_all(fabric=only)
    answer = max_throughput(fabric=only, traffic=traffic)
    found, worst = over_orbit(answer=answer, traffic=traffic, times=[only])
    assert worst is only
    assert found.upper_per_s == pytest.approx(answer.upper_per_s, rel=1e-12)
