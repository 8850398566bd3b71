"""Spanning trees against the optimum that cuts, partitions and column generation find, and against closed forms."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given

from optimize.flow import all_gather, all_reduce
from optimize.flow.collective.optimum import Collective
from optimize.flow.collective.spanning import Bounds, spanning_all_gather, spanning_all_reduce
from tests.optimize.graphs import SMALL, Net, nets
from topo import from_networkx, nvl72, superpod, torus_fabric


def holds(bounds: Bounds, exact: Collective) -> None:
    """The interval of trees must hold every rate that the exact one allows."""
    assert bounds.lower_bps <= exact.between_bps.upper * (1 + 1e-9)
    assert bounds.upper_bps >= exact.between_bps.lower * (1 - 1e-9)


@SMALL
@given(nets(limits=False))
def test_trees_never_beat_the_optimum_and_bounds_never_undercut_it(net: Net) -> None:
    fabric = net.fabric()
    if fabric.n_gpus < 2 or np.count_nonzero(fabric.gpus) < 2:
        return
    try:
        exact = all_gather(fabric=fabric), all_reduce(fabric=fabric)
    except ValueError:
        return  # not connected both ways
    holds(spanning_all_gather(fabric=fabric), exact[0])
    holds(spanning_all_reduce(fabric=fabric), exact[1])


def test_a_tree_is_its_own_optimum() -> None:
    # every link of a path of 6 is in the only tree; all-reduce fills it once each way
    fabric = from_networkx(nx.path_graph(6), name="path", gpus=1, capacity_bps=3.0)
    found = spanning_all_reduce(fabric=fabric)
    assert (found.lower_bps, found.upper_bps) == pytest.approx((3.0, 3.0), rel=1e-9)


def test_a_complete_graph_is_nearly_filled() -> None:
    # 8 nodes hold 28 / 7 = 4 disjoint trees (Nash-Williams)
    fabric = from_networkx(nx.complete_graph(8), name="complete", gpus=1, capacity_bps=1.0)
    found = spanning_all_reduce(fabric=fabric)
    assert found.upper_bps == pytest.approx(4.0, rel=1e-6)  # prices are kept 1e-9 above zero
    assert found.lower_bps >= 0.85 * 4.0  # 48 trees of seven links over 28: near to even


def test_racks_around_a_core_are_closed_by_rings_alone() -> None:
    for racks in (3, 40, 5000):
        pod = superpod(racks=racks)
        each = 72 * 800e9 / (1.0 - 1.0 / racks)
        gather, reduce = spanning_all_gather(fabric=pod), spanning_all_reduce(fabric=pod)
        assert (gather.lower_bps, gather.upper_bps) == pytest.approx((each, each), rel=1e-9)
        assert (reduce.lower_bps, reduce.upper_bps) == pytest.approx((each / 2, each / 2), rel=1e-9)


def test_a_large_torus_has_an_interval_and_says_what_it_rests_on() -> None:
    # 25 x 20 nodes, four links each: more than cuts are looked for
    grid = torus_fabric(dimensions=[25, 20], capacity_bps=1e12)
    found = all_reduce(fabric=grid)
    assert "spanning trees" in found.lower_by
    # 1000 links hold at most 1000 / 499 trees
    assert found.between_bps.upper == pytest.approx(1000 / 499 * 1e12, rel=1e-6)
    assert found.between_bps.lower >= 0.8 * 2e12
    gather = all_gather(fabric=grid)
    assert gather.between_bps.upper == pytest.approx(4e12 / (1 - 1 / 500), rel=1e-9)
    assert 0 < gather.between_bps.lower <= gather.between_bps.upper


def test_gpus_of_a_rack_that_do_not_forward_are_leaves() -> None:
    # one of eighteen links each: a real ring, if a poor one
    found = spanning_all_gather(fabric=nvl72())
    assert 0 <= found.lower_bps <= found.upper_bps
    assert found.upper_bps == pytest.approx(900 * 8e9 * 72 / 71, rel=1e-9)
