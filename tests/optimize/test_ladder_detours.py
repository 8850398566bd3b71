"""Detours round a lost link: closed forms, and never more than routing everything anew carries."""

from __future__ import annotations

from dataclasses import replace

import networkx as nx
import numpy as np
import pytest
from hypothesis import given

from optimize.design.detours import Detours
from optimize.flow.throughput import max_throughput
from optimize.flow.traffic import all_to_all
from tests.optimize.graphs import SMALL, Net, lost_link_throughput, nets, undirected
from topo.fabric import Fabric


def detours(fabric: Fabric) -> Detours:
    traffic = all_to_all(fabric=fabric)
    routing = max_throughput(fabric=fabric, traffic=traffic).routing
    return Detours(fabric=fabric, traffic=traffic, load=routing.arc_bit(fabric=fabric, traffic=traffic))


def direct(net: Net) -> Detours:
    """Where all nodes are linked: every bit over its own link."""
    fabric = net.fabric()
    return Detours(fabric=fabric, traffic=all_to_all(fabric=fabric), load=np.ones(fabric.n_arcs))


def over_one_node(found: Detours) -> list[float]:
    return [float(x) for x in found.over_one_node_per_s(links=np.arange(found.fabric.n_links))]


@pytest.mark.parametrize("n", [4, 5, 8, 20])
def test_complete_graph_spreads_a_lost_link_over_all_others(n: int) -> None:
    # n - 2 ways, each arc of which carries its own bit and 1 / (n - 2) more: (n - 2) / (n - 1), the optimum
    found = over_one_node(direct(undirected(nx.complete_graph(n))))
    assert found == pytest.approx([(n - 2) / (n - 1)] * (n * (n - 1) // 2), rel=1e-9)


def test_wider_ways_take_more() -> None:
    # K4, one bit on every arc; round 0-1 the way over 2 has 3 bit/s, over 3 it has 2. A round of T seconds leaves
    # 3 T - 1 and 2 T - 1 bits for the one bit that moves: T = 3/5.
    capacity = {**undirected(nx.complete_graph(4), capacity=3.0).capacity, (0, 3): 2.0, (3, 1): 2.0}
    capacity |= {(3, 0): 2.0, (1, 3): 2.0}
    assert over_one_node(direct(Net((1,) * 4, capacity)))[0] == pytest.approx(5 / 3, rel=1e-9)


def test_switches_pass_what_they_have_left() -> None:
    # K4 of wide links: 6 bits pass a switch. Both directions round 0-1 go half over 2 and half over 3, 7 bits each.
    net = replace(undirected(nx.complete_graph(4), capacity=100.0), limits={"switch_bps": (14.0,) * 4})
    assert over_one_node(direct(net)) == pytest.approx([2.0] * 6, rel=1e-9)


def test_closed_nodes_are_no_way_round() -> None:
    # As above with node 3 closed: all of it over 2, where 3 T - 1 bits fit.
    net = replace(undirected(nx.complete_graph(4), capacity=3.0), closed=frozenset({3}))
    found = over_one_node(direct(net))
    assert found[0] == pytest.approx(3 / 2, rel=1e-9)
    cut = Net((1, 1, 1), undirected(nx.complete_graph(3)).capacity, closed=frozenset({2}))
    assert over_one_node(direct(cut))[0] == 0.0


def test_one_of_two_terminals_moves_half_the_load() -> None:
    # K5 of two terminals a link: half a bit over 3 ways, 7/6 bits on an arc of 1 bit/s
    one = direct(undirected(nx.complete_graph(5)))
    two = replace(one.fabric, terminals=np.full(one.fabric.n_arcs, 2))
    found = over_one_node(Detours(fabric=two, traffic=all_to_all(fabric=two), load=np.ones(two.n_arcs)))
    assert found == pytest.approx([6 / 7] * 10, rel=1e-9)


def test_a_ring_has_no_node_that_both_ends_know_and_goes_the_other_way() -> None:
    found = detours(undirected(nx.cycle_graph(6)).fabric())
    assert over_one_node(found) == [0.0] * 6
    # What the lost link carried, 4.5 bits, joins the 4.5 of every other one.
    far = found.per_s(links=np.arange(6), enough_per_s=1.0)
    assert far.tolist() == pytest.approx([1 / 9] * 6, rel=1e-5)


@SMALL
@given(nets(most=5))
def test_no_detour_carries_more_than_routing_everything_anew(net: Net) -> None:
    found = detours(net.fabric())
    links = sorted({(min(arc), max(arc)) for arc in net.capacity})
    over, any_way = over_one_node(found), found.per_s(links=np.arange(len(links)), enough_per_s=np.inf)
    number = {pair: k for k, pair in zip(found.fabric.link_of_arc.tolist(), _pairs(found.fabric), strict=True)}
    for pair in links:
        exact = lost_link_throughput(net, pair) * (1 + 1e-6)
        assert over[number[pair]] <= exact
        assert over[number[pair]] * (1 - 1e-9) <= any_way[number[pair]] <= exact


def _pairs(fabric: Fabric) -> list[tuple[int, int]]:
    ends = zip(fabric.tail.tolist(), fabric.head.tolist(), strict=True)
    return [(min(pair), max(pair)) for pair in ends]


def test_a_hub_and_many_ways_are_looked_at_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    found = direct(undirected(nx.complete_graph(7)))
    whole = over_one_node(found)
    monkeypatch.setattr("optimize.design.detours._MOST_WAYS", 20)
    assert over_one_node(found) == pytest.approx(whole, rel=1e-12)
