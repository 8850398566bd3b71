"""Energy per delivered bit by hand, and the boundary it is drawn at."""

from __future__ import annotations

from typing import Any

import networkx as nx
import numpy as np
import pytest

from optimize.flow import all_to_all, energy, energy_gap, max_throughput, permutation
from topo import from_networkx, nvl72, superpod
from topo.fabric import Fabric


def powered_ring(n: int, *, gpus: int, power_w: float) -> Fabric:
    graph: nx.Graph[Any] = nx.cycle_graph(n)
    graph.add_edges_from(list(graph.edges), power_w=power_w)
    return from_networkx(graph, name="ring", gpus=gpus, capacity_bps=1e12)


def test_ring_of_four_spends_its_links_power_on_the_bits_between_nodes() -> None:
    # 8 arcs of 3 W. Distances 1, 1, 2: 16 hops among 12 pairs; 8 arcs of 1 Tb/s carry 8/16 Tb/s a pair, 6 Tb/s in all.
    fabric = powered_ring(4, gpus=1, power_w=3.0)
    answer = energy(fabric=fabric, throughput=max_throughput(fabric=fabric, traffic=all_to_all(fabric=fabric)))
    assert answer.power_w == 24.0
    assert [answer.j_per_bit.lower, answer.j_per_bit.upper] == pytest.approx([24 / 6e12] * 2, rel=1e-9)
    assert str(answer) == "4 pJ/bit, 24 W of links"


def test_bits_inside_a_node_are_not_delivered_to_another() -> None:
    # Two GPUs a node quadruple the pairs between nodes and quarter the rate of each: the same bits, the same energy.
    answers = []
    for gpus in (1, 2):
        fabric = powered_ring(5, gpus=gpus, power_w=2.0)
        answers.append(
            energy(fabric=fabric, throughput=max_throughput(fabric=fabric, traffic=all_to_all(fabric=fabric)))
        )
    assert answers[0].j_per_bit.lower == pytest.approx(answers[1].j_per_bit.lower, rel=1e-6)


def test_nvl72_spends_what_its_cables_draw_over_64_8_terabyte_per_second() -> None:
    rack = nvl72()
    answer = energy(fabric=rack, throughput=max_throughput(fabric=rack, traffic=all_to_all(fabric=rack)))
    expected = rack.power_w[0] * 2592 / (72 * 900 * 8e9)  # all arcs alike; 900 GB/s out of each GPU
    assert answer.j_per_bit.lower == pytest.approx(expected, rel=1e-9)


def test_switches_count_where_they_are_given_and_gaps_need_one_boundary() -> None:
    fabric = powered_ring(4, gpus=1, power_w=3.0)
    throughput = max_throughput(fabric=fabric, traffic=all_to_all(fabric=fabric))
    bare = energy(fabric=fabric, throughput=throughput)
    whole = energy(fabric=fabric, throughput=throughput, switch_power_w=np.full(4, 6.0))
    assert whole.power_w == 48.0
    assert whole.boundary == ("links", "switches")
    ratio = energy_gap(reference=bare, formation=bare).interval
    assert ratio.lower <= 1.0 <= ratio.upper
    with pytest.raises(ValueError, match="an energy gap needs one boundary"):
        energy_gap(reference=bare, formation=whole)


def test_formation_that_spends_twice_as_much_has_a_gap_of_two() -> None:
    sides = []
    for power_w in (1.0, 2.0):
        fabric = powered_ring(5, gpus=1, power_w=power_w)
        sides.append(energy(fabric=fabric, throughput=max_throughput(fabric=fabric, traffic=all_to_all(fabric=fabric))))
    interval = energy_gap(reference=sides[0], formation=sides[1]).interval
    assert [interval.lower, interval.upper] == pytest.approx([2.0, 2.0], rel=1e-5)  # twice the certified width


def test_what_has_no_energy_is_refused() -> None:
    pod = superpod(racks=3)
    with pytest.raises(ValueError, match="no power is given for rack0->core"):
        energy(fabric=pod, throughput=max_throughput(fabric=pod, traffic=all_to_all(fabric=pod)))
    fabric = powered_ring(4, gpus=1, power_w=3.0)
    shifted = max_throughput(fabric=fabric, traffic=permutation(fabric=fabric, image=[1, 2, 3, 0]))
    with pytest.raises(ValueError, match="needs the throughput of all_to_all, not of 'permutation'"):
        energy(fabric=fabric, throughput=shifted)
    throughput = max_throughput(fabric=fabric, traffic=all_to_all(fabric=fabric))
    with pytest.raises(ValueError, match="one power per node"):
        energy(fabric=fabric, throughput=throughput, switch_power_w=[1.0])
    with pytest.raises(ValueError, match=r"switch_power_w\[0\]=-1.0"):
        energy(fabric=fabric, throughput=throughput, switch_power_w=np.full(4, -1.0))
