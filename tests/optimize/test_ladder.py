"""The ladder: factors by closed forms, nested, and a product that is the gap."""

from __future__ import annotations

import math
from dataclasses import replace

import networkx as nx
import numpy as np
import pytest
from hypothesis import given

from optimize.design.ladder import Ladder, ladder
from optimize.flow.gap import gap
from optimize.flow.throughput import Throughput, max_throughput
from optimize.flow.traffic import all_to_all, farthest_permutation, permutation
from tests.optimize.graphs import SMALL, Net, nets, ring, undirected
from topo.fabric import Fabric
from topo.ground import nvl72


def solve(fabric: Fabric) -> Throughput:
    return max_throughput(fabric=fabric, traffic=all_to_all(fabric=fabric))


REFERENCE = solve(undirected(nx.complete_graph(9), capacity=2.0).fabric())  # 16 bit/s for every GPU


def steps_of(found: Ladder) -> dict[int, float]:
    return {step.number: step.factor for step in found.steps}


def test_factors_of_a_ring_follow_from_closed_forms() -> None:
    # 8 satellites of host 10, 2 terminals of 3 bit/s each, in a ring of such links at best and of 2 bit/s at worst.
    net = replace(ring(8, capacity=3.0), limits={"host_bps": (10.0,) * 8})
    best, worst = net.fabric(), replace(net, capacity=ring(8, capacity=2.0).capacity).fabric()
    found = ladder(
        reference=REFERENCE, best=best, answer=solve(best), terminals=2, terminal_bps=3.0, guaranteed=solve(worst)
    )
    per_gpu_bps = [16.0, 10.0, 6.0, 7 * 3.0 / 8, 7 * 2.0 / 8]
    assert [step.number for step in found.steps] == [0, 1, 3, 5, 6]
    assert [step.upper_bps for step in found.steps] == pytest.approx(per_gpu_bps, rel=1e-6)
    assert [step.achieved_bps for step in found.steps] == pytest.approx(per_gpu_bps, rel=1e-6)
    assert list(steps_of(found).values()) == pytest.approx([1.0, 16 / 10, 10 / 6, 6 / (21 / 8), 3 / 2], rel=1e-6)
    assert all(step.exact for step in found.steps)


def test_product_of_the_factors_is_the_gap() -> None:
    net = replace(undirected(nx.wheel_graph(7)), limits={"host_bps": (3.0,) * 7})
    answer = solve(net.fabric())
    found = ladder(reference=REFERENCE, best=net.fabric(), answer=answer)
    expected = gap(reference=REFERENCE, formation=answer).interval
    assert math.prod(steps_of(found).values()) == pytest.approx(expected.lower, rel=1e-6)
    assert found.gap.lower == pytest.approx(expected.lower, rel=2e-6)
    assert found.gap.upper == pytest.approx(expected.upper, rel=2e-6)


def test_gap_of_the_ladder_bears_the_width_of_both_ends() -> None:
    net = replace(ring(8), limits={"host_bps": (10.0,) * 8})
    wide = replace(REFERENCE, lower_per_s=0.9 * REFERENCE.lower_per_s)
    answer = solve(net.fabric())
    open_end = replace(answer, lower_per_s=0.8 * answer.lower_per_s)
    found = ladder(reference=wide, best=net.fabric(), answer=open_end)
    # The reference may be as low as 0.9 of its upper end, the formation as low as 0.8 of its own.
    expected = gap(reference=wide, formation=open_end).interval
    assert found.gap.lower == pytest.approx(expected.lower, rel=1e-6)
    assert found.gap.upper == pytest.approx(expected.upper, rel=1e-6)
    assert [step.exact for step in found.steps] == [False, False, False]


@SMALL
@given(nets(equal=True))
def test_steps_never_rise_and_the_gap_holds_that_of_the_throughputs(net: Net) -> None:
    # A reference far above everything, so that the chain is never cut off by it.
    best = net.fabric()
    reference = replace(REFERENCE, lower_per_s=1e9, upper_per_s=1e9)
    answer = solve(best)
    out = np.bincount(best.tail, best.capacity_bps, best.n_nodes)
    into = np.bincount(best.head, best.capacity_bps, best.n_nodes)
    found = ladder(
        reference=reference, best=best, answer=answer, terminals=4, terminal_bps=float(np.maximum(out, into).max()) / 4
    )
    uppers = [step.upper_bps for step in found.steps]
    assert (np.diff(uppers) <= 0).all()
    assert all(step.factor >= 1.0 for step in found.steps)
    direct = gap(reference=reference, formation=answer).interval
    assert found.gap.lower == pytest.approx(direct.lower, rel=1e-5)
    assert found.gap.upper == pytest.approx(direct.upper, rel=1e-5)


def test_formation_better_than_the_reference_has_a_gap_of_one() -> None:
    # Each step keeps the limits before it, the reference included.
    net = replace(ring(8, capacity=3.0), limits={"host_bps": (10.0,) * 8})
    weak = solve(ring(8).fabric())
    found = ladder(reference=weak, best=net.fabric(), answer=solve(net.fabric()), terminals=2, terminal_bps=3.0)
    assert list(steps_of(found).values()) == [1.0] * 4
    assert [step.upper_bps for step in found.steps] == [weak.per_gpu_bps.upper] * 4


def test_hosts_without_a_limit_cost_nothing() -> None:
    net = ring(6)
    found = ladder(
        reference=replace(REFERENCE, lower_per_s=1e9, upper_per_s=1e9), best=net.fabric(), answer=solve(net.fabric())
    )
    # Through an ideal core each of 6 nodes sends at most what all 12 arcs carry.
    assert found.steps[1].upper_bps == pytest.approx(12.0)


def test_reference_measured_against_itself_has_a_gap_of_one() -> None:
    rack = nvl72()
    found = ladder(reference=solve(rack), best=rack, answer=solve(rack))
    assert found.gap.lower == pytest.approx(1.0, rel=1e-9)
    assert found.gap.upper == pytest.approx(1.0, rel=1e-9)


def test_terminals_that_carry_less_than_the_links_are_refused() -> None:
    # They would make a step that is no limit of the formation, and a gap that is not certified.
    net = replace(ring(6, capacity=3.0), limits={"host_bps": (9.0,) * 6})
    with pytest.raises(ValueError, match="node 0: its terminals carry 3 bit/s, the links out of it 6"):
        ladder(reference=REFERENCE, best=net.fabric(), answer=solve(net.fabric()), terminals=1, terminal_bps=3.0)


def test_ladder_of_another_traffic_is_refused() -> None:
    fabric = ring(6).fabric()
    hard = max_throughput(fabric=fabric, traffic=permutation(fabric=fabric, image=farthest_permutation(fabric=fabric)))
    with pytest.raises(ValueError, match="all_to_all"):
        ladder(reference=REFERENCE, best=fabric, answer=hard)
    with pytest.raises(ValueError, match="all_to_all"):
        ladder(reference=REFERENCE, best=fabric, answer=solve(fabric), guaranteed=hard)
