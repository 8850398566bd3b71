"""Any permutation by way of everywhere: its interval holds the optimum, and half of all-to-all is guaranteed."""

from __future__ import annotations

from dataclasses import replace

import networkx as nx
import numpy as np
import pytest
from hypothesis import given

from optimize.flow import all_to_all, farthest_permutation, max_throughput, permutation, utilisation
from optimize.flow.two_phase import two_phase_bps
from tests.optimize.graphs import SMALL, Net, nets
from topo import from_networkx
from topo.fabric import Fabric


def both(fabric: Fabric, image: object) -> tuple[tuple[float, float], tuple[float, float]]:
    """Ends from all-to-all, and those of the linear program."""
    every = all_to_all(fabric=fabric)
    routing = max_throughput(fabric=fabric, traffic=every).routing
    used = utilisation(fabric=fabric, traffic=every, routing=routing)
    traffic = permutation(fabric=fabric, image=image)  # type: ignore[arg-type]
    found = two_phase_bps(fabric=fabric, traffic=traffic, used=used)
    exact = max_throughput(fabric=fabric, traffic=traffic).per_gpu_bps
    return (found.lower, found.upper), (exact.lower, exact.upper)


@SMALL
@given(nets())
def test_the_interval_holds_the_optimum(net: Net) -> None:
    fabric = net.fabric()
    if np.count_nonzero(fabric.gpus) < 2:
        return
    try:
        image = farthest_permutation(fabric=fabric)
        if (image == np.arange(fabric.n_nodes)).all():
            return
        found, exact = both(fabric, image)
    except ValueError:
        return  # some nodes cannot reach each other
    assert found[0] <= exact[1] * (1 + 1e-6)
    assert found[1] >= exact[0] * (1 - 1e-6)


def test_nodes_that_do_not_forward_are_no_way_between_others() -> None:
    # A hub with a narrow link to each of two neighbours that face each other through it, and many leaves that forward
    # nothing: by way of the leaves all would fit, but nothing can go there.
    leaves = range(3, 9)
    arcs = {(0, v): 4.0 for v in (1, 2, *leaves)} | {(v, 0): 4.0 for v in (1, 2, *leaves)}
    net = Net((0, *(1,) * 8), arcs, closed=frozenset(leaves))
    image = np.arange(9)
    image[[1, 2]] = 2, 1
    found, exact = both(net.fabric(), image)
    assert found[0] <= exact[1]
    assert found[0] == 0.0


def test_the_long_way_round_a_ring_costs_nothing_more() -> None:
    # Eight nodes, each to the opposite one: 4 hops of 16 arcs, so 2 x capacity / 4. All-to-all has 16 hops from each
    # node (1 + 1 + 2 + 2 + 3 + 3 + 4) and r = 2 c / 16; twice that way at 1/8 each is r x 8 / 2, the same.
    fabric = from_networkx(nx.cycle_graph(8), name="ring", gpus=1, capacity_bps=1.0)
    found, exact = both(fabric, [(v + 4) % 8 for v in range(8)])
    assert found == pytest.approx((0.5, 0.5), rel=1e-6)
    assert exact == pytest.approx((0.5, 0.5), rel=1e-6)


def test_hosts_carry_the_traffic_once_though_it_takes_two_ways() -> None:
    fabric = from_networkx(nx.complete_graph(6), name="complete", gpus=1, capacity_bps=1.0)
    fabric = replace(fabric, host_bps=np.full(6, 0.5))
    found, exact = both(fabric, [1, 0, 3, 2, 5, 4])
    assert found == pytest.approx((0.5, 0.5), rel=1e-9)
    assert exact == pytest.approx((0.5, 0.5), rel=1e-6)


def test_traffic_that_asks_more_of_a_gpu_is_refused() -> None:
    fabric = from_networkx(nx.cycle_graph(4), name="ring", gpus=1, capacity_bps=1.0)
    every = all_to_all(fabric=fabric)
    used = utilisation(fabric=fabric, traffic=every, routing=max_throughput(fabric=fabric, traffic=every).routing)
    with pytest.raises(ValueError, match="one bit a round"):
        two_phase_bps(fabric=fabric, traffic=every, used=used)
