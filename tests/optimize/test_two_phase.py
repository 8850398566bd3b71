"""Any permutation by way of everywhere: its interval holds the optimum, and half of all-to-all is guaranteed."""

from __future__ import annotations

from dataclasses import replace

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimize.flow import all_to_all, farthest_permutation, max_throughput, permutation, utilisation
from optimize.flow.two_phase import two_phase_bps
from tests.optimize.graphs import SMALL, Net, nets, path_throughput
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


@st.composite
def meshes(draw: st.DrawFn) -> tuple[Net, float]:
    """Everyone linked with everyone, some nodes closed, hosts limited; and the bits that the first two nodes swap."""
    n = draw(st.integers(3, 5))
    rate = st.sampled_from([0.5, 1.0, 2.0, 5.0, 20.0])
    capacity = {(i, j): draw(rate) for i in range(n) for j in range(n) if i != j}
    pair = draw(st.integers(1, 2))
    gpus = (pair, pair, *(draw(st.sampled_from([0, 1, 3, 12])) for _ in range(n - 2)))
    limits = {}
    if draw(st.booleans()):
        limits["host_bps"] = tuple(draw(st.sampled_from([1.0, 4.0, 30.0])) for _ in range(n))
    closed = frozenset(draw(st.sets(st.integers(0, n - 1))))
    return Net(gpus, capacity, limits, closed), float(pair)


@settings(parent=SMALL, max_examples=60)
@given(meshes())
def test_closed_nodes_are_no_way_in_between(mesh: tuple[Net, float]) -> None:
    net, pair = mesh
    fabric, every = net.fabric(), all_to_all(fabric=net.fabric())
    routing = max_throughput(fabric=fabric, traffic=every).routing
    used = utilisation(fabric=fabric, traffic=every, routing=routing)
    found = two_phase_bps(fabric=fabric, traffic=permutation(fabric=fabric, image=[1, 0, *range(2, net.n)]), used=used)
    bits = np.zeros((net.n, net.n))
    bits[0, 1] = bits[1, 0] = pair
    exact = path_throughput(net, bits, np.zeros(net.n))
    assert 0 < found.lower <= exact * (1 + 1e-6)
    assert found.upper >= exact * (1 - 1e-6)


def test_a_wide_closed_node_carries_nothing_for_others() -> None:
    # Two nodes of one GPU swap over 1 bit/s. Twelve GPUs beside them take part in all_to_all, but forward nothing.
    wide = dict.fromkeys(((0, 2), (2, 0), (1, 2), (2, 1)), 100.0)
    net = Net((1, 1, 12), {(0, 1): 1.0, (1, 0): 1.0, **wide}, closed=frozenset({2}))
    found, exact = both(net.fabric(), [1, 0, 2])
    assert exact == pytest.approx((1.0, 1.0), rel=1e-6)
    assert found[0] == pytest.approx(1.0, rel=1e-6)


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
