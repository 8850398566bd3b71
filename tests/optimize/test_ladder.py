"""The ladder: factors by closed forms, nested, and a product that is the gap."""

from __future__ import annotations

import math
from dataclasses import replace

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimize.design.failures import worst_link_loss
from optimize.design.ladder import Ladder, ladder
from optimize.design.wirings import WiringBound
from optimize.flow.gap import gap
from optimize.flow.throughput import max_throughput
from optimize.flow.traffic import farthest_permutation, permutation
from tests.optimize.answers import solve
from tests.optimize.graphs import SMALL, Net, nets, ring, undirected
from topo.ground import nvl72

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
    # two terminals reach 2 others at 1, 2 and 3 hops and the last at 4: no wiring beats the ring
    per_gpu_bps = [16.0, 10.0, 6.0, 7 * 3.0 / 8, 7 * 3.0 / 8, 7 * 2.0 / 8]
    assert [step.number for step in found.steps] == [0, 1, 3, 4, 5, 6]
    assert [step.upper_bps for step in found.steps] == pytest.approx(per_gpu_bps, rel=1e-6)
    assert [step.achieved_bps for step in found.steps] == pytest.approx(per_gpu_bps, rel=1e-6)
    assert list(steps_of(found).values()) == pytest.approx([1.0, 16 / 10, 10 / 6, 6 / (21 / 8), 1.0, 3 / 2], rel=1e-6)
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


def test_formation_better_than_the_reference_is_held_at_it_and_the_surplus_says_by_how_much() -> None:
    # Each step keeps the limits before it, the reference included; the gap is below 1 all the same.
    net = replace(ring(8, capacity=3.0), limits={"host_bps": (10.0,) * 8})
    weak, answer = solve(ring(8).fabric()), solve(net.fabric())
    lost = worst_link_loss(kept=net.fabric(), answer=answer)
    found = ladder(reference=weak, best=net.fabric(), answer=answer, terminals=2, terminal_bps=3.0, lost=lost)
    assert list(steps_of(found).values()) == [1.0] * 5
    # the reference carries 7/8, the line that is left of the ring 7 x 3/16
    assert found.gap_with_failure is not None
    assert found.gap_with_failure.lower == pytest.approx(2 / 3, rel=1e-6)
    assert found.gap_with_failure.upper == pytest.approx(2 / 3, rel=1e-6)
    assert [step.upper_bps for step in found.steps] == [weak.per_gpu_bps.upper] * 5
    assert found.surplus.lower == pytest.approx(3.0, rel=1e-6)
    assert found.surplus.upper == pytest.approx(3.0, rel=1e-6)
    expected = gap(reference=weak, formation=answer).interval
    assert found.gap.lower == pytest.approx(expected.lower, rel=1e-6)
    assert found.gap.upper == pytest.approx(expected.upper, rel=1e-6)


@SMALL
@given(nets(equal=True), st.sampled_from([0.01, 0.3, 1.0, 3.0, 100.0]))
def test_gap_of_the_ladder_is_that_of_the_throughputs_whoever_is_better(net: Net, scale: float) -> None:
    best = net.fabric()
    answer = solve(best)
    rate = scale * answer.lower_per_s
    reference = replace(answer, lower_per_s=rate, upper_per_s=1.1 * rate)
    found = ladder(reference=reference, best=best, answer=answer)
    expected = gap(reference=reference, formation=answer).interval
    assert found.gap.lower == pytest.approx(expected.lower, rel=1e-5)
    assert found.gap.upper == pytest.approx(expected.upper, rel=1e-5)
    product = math.prod(step.factor for step in found.steps)
    # the reference's own width, 1.1, is the rest
    assert product / found.surplus.upper == pytest.approx(1.1 * expected.lower, rel=1e-5)


def test_light_through_the_apertures_limits_before_the_transceivers_do() -> None:
    # hosts of 20, two terminals whose apertures let 5 through and whose transceivers carry 3
    net = replace(ring(8, capacity=3.0), limits={"host_bps": (20.0,) * 8})
    found = ladder(
        reference=replace(REFERENCE, lower_per_s=1e9, upper_per_s=1e9), best=net.fabric(), answer=solve(net.fabric()),
        terminals=2, terminal_bps=3.0, ceiling_bps=5.0,
    )  # fmt: skip
    uppers = {step.number: step.upper_bps for step in found.steps}
    assert {number: uppers[number] for number in (1, 2, 3)} == pytest.approx({1: 20.0, 2: 10.0, 3: 6.0})
    with pytest.raises(ValueError, match="its terminals carry 4 bit/s, the links out of it 6"):
        ladder(reference=REFERENCE, best=net.fabric(), answer=solve(net.fabric()), terminals=2, ceiling_bps=2.0)


def test_outage_and_a_lost_link_stand_below_the_gap() -> None:
    # 8 nodes in a ring of 3 bit/s: without one link, 7 in a line, whose middle carries 4 x 4 pairs
    net = replace(ring(8, capacity=3.0), limits={"host_bps": (10.0,) * 8})
    fabric = net.fabric()
    lost = worst_link_loss(kept=fabric, answer=solve(fabric))
    found = ladder(reference=REFERENCE, best=fabric, answer=solve(fabric), terminals=2, terminal_bps=3.0, lost=lost)
    whole = ladder(reference=REFERENCE, best=fabric, answer=solve(fabric), terminals=2, terminal_bps=3.0)
    assert found.steps == whole.steps
    assert found.gap == whole.gap
    assert found.failure is not None
    assert found.gap_with_failure is not None
    assert found.failure.upper_bps == pytest.approx(7 * 3.0 / 16, rel=1e-6)
    assert found.failure.exact
    assert found.rungs[-1] is found.failure
    product = math.prod(step.factor for step in found.rungs)
    assert found.gap_with_failure.lower == pytest.approx(product, rel=1e-6)
    assert found.gap_with_failure.lower == pytest.approx(16.0 / (21.0 / 16.0), rel=1e-6)


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


def test_bound_on_all_wirings_that_this_wiring_beats_is_refused() -> None:
    fabric = ring(6, capacity=3.0).fabric()
    with pytest.raises(ValueError, match="give a bound for all the wirings"):
        ladder(
            reference=REFERENCE, best=fabric, answer=solve(fabric), any_wiring=WiringBound(per_s=0.1, how="too little")
        )


def test_switches_with_more_ports_than_a_satellite_has_terminals_are_no_case_for_counting_shells() -> None:
    # a star: leaves of one terminal pair each, a centre of four
    fabric = replace(undirected(nx.star_graph(4), capacity=2.0), gpus=(0, 1, 1, 1, 1)).fabric()
    found = ladder(reference=REFERENCE, best=fabric, answer=solve(fabric), terminals=2, terminal_bps=1.0)
    assert [step.number for step in found.steps] == [0, 1, 3, 5]


def test_ladder_of_another_traffic_is_refused() -> None:
    fabric = ring(6).fabric()
    hard = max_throughput(fabric=fabric, traffic=permutation(fabric=fabric, image=farthest_permutation(fabric=fabric)))
    with pytest.raises(ValueError, match="all_to_all"):
        ladder(reference=REFERENCE, best=fabric, answer=hard)
    with pytest.raises(ValueError, match="all_to_all"):
        ladder(reference=REFERENCE, best=fabric, answer=solve(fabric), guaranteed=hard)


def test_one_way_arcs_have_no_moore_bound() -> None:
    # Kautz digraph of 2 arcs out of 6 nodes: 2 others at one hop, 3 at two, so 2 / 8 rounds/s at most. Two-way links
    # would reach 2 others at each hop and give no more than 2 / 9.
    pairs = [(a, b) for a in range(3) for b in range(3) if a != b]
    arcs = {(pairs.index(p), pairs.index(q)): 1.0 for p in pairs for q in pairs if p[1] == q[0]}
    fabric = Net((1,) * 6, arcs).fabric()
    answer = solve(fabric)
    assert 2 / 9 < answer.lower_per_s < 1 / 4
    found = ladder(reference=REFERENCE, best=fabric, answer=answer, terminals=2, terminal_bps=1.0)
    assert [step.number for step in found.steps] == [0, 1, 3, 5]


@pytest.mark.parametrize(
    ("limits", "name"),
    [
        ({"host_bps": (4.0,) * 5, "port_bps": (2.0,) * 5}, "GPU ports"),
        ({"host_bps": (1.0,) * 5, "port_bps": (2.0,) * 5}, "host interface"),
        ({"host_bps": (4.0,) * 5}, "host interface"),
    ],
)
def test_step_of_the_hosts_says_what_the_gpus_send_by(limits: dict[str, tuple[float, ...]], name: str) -> None:
    fabric = replace(undirected(nx.complete_graph(5), gpus=2), limits=limits).fabric()
    found = ladder(reference=REFERENCE, best=fabric, answer=solve(fabric))
    assert found.steps[1].name == name
