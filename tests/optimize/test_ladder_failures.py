"""A lost link or satellite: closed forms, and every single loss of small networks solved by a second method."""

from __future__ import annotations

from dataclasses import replace

import networkx as nx
import numpy as np
import pytest
from hypothesis import given

from optimize.design.failures import with_outage, without_link, worst_link_loss, worst_satellite_loss
from optimize.design.ladder import ladder
from optimize.flow.interval import Interval
from tests.optimize.answers import solve
from tests.optimize.graphs import SMALL, Net, lost_link_throughput, nets, path_throughput, ring, undirected


@SMALL
@given(nets(most=4))
def test_both_ends_hold_whichever_single_link_is_lost(net: Net) -> None:
    fabric = net.fabric()
    answer = solve(fabric)
    links = {(min(arc), max(arc)) for arc in net.capacity}
    exact = min(lost_link_throughput(net, link) for link in links)
    for tries in (0, 4):
        found = worst_link_loss(kept=fabric, answer=answer, tries=tries)
        assert found.per_s.lower <= exact * (1 + 1e-6)
        assert exact <= found.per_s.upper * (1 + 1e-6)
        assert found.per_s.upper <= answer.upper_per_s * (1 + 1e-9)


def test_small_fabrics_try_every_link_that_could_be_the_worst() -> None:
    # A wheel of unequal links: with four of its 12 links tried the ends are a tenth apart.
    wheel = undirected(nx.wheel_graph(7))
    net = replace(wheel, capacity={arc: 1.0 + (3 * min(arc) + 5 * max(arc)) % 3 / 7.0 for arc in wheel.capacity})
    fabric = net.fabric()
    found = worst_link_loss(kept=fabric, answer=solve(fabric))
    exact = min(lost_link_throughput(net, arc) for arc in net.capacity if arc[0] < arc[1])
    assert found.per_s.lower == pytest.approx(exact, rel=1e-6)
    assert found.per_s.upper == pytest.approx(exact, rel=1e-6)


def test_ring_without_a_link_is_a_line() -> None:
    fabric = ring(8).fabric()
    found = worst_link_loss(kept=fabric, answer=solve(fabric))
    assert found.per_s.lower == pytest.approx(1 / 16, rel=1e-6)  # 4 x 4 pairs through the middle of the line
    assert found.per_s.upper == pytest.approx(1 / 16, rel=1e-6)


@pytest.mark.parametrize("alone", [Net((4,), {}), replace(undirected(nx.path_graph(2)), gpus=(4, 0))])
def test_no_link_is_missed_where_all_gpus_are_at_one_node(alone: Net) -> None:
    fabric = replace(alone, limits={"local_bps": (6.0,) * alone.n}).fabric()
    found = worst_link_loss(kept=fabric, answer=solve(fabric))
    assert found.per_s.lower == found.per_s.upper == pytest.approx(2.0)  # 3 neighbours at 6 bit/s


def test_complete_graph_without_a_link_goes_round_by_the_others() -> None:
    # K5: the pair that lost its link has 3 ways of 2 hops. A node sends 4 over the 3 links it has left: 3/4.
    fabric = undirected(nx.complete_graph(5)).fabric()
    for tries in (0, 4):
        found = worst_link_loss(kept=fabric, answer=solve(fabric), tries=tries)
        assert found.per_s.upper == pytest.approx(3 / 4, rel=1e-6)
        assert found.per_s.lower == pytest.approx(3 / 4, rel=0.05)  # detours are halved down to 1/32 of the rate


def test_star_loses_all_of_a_leaf() -> None:
    fabric = undirected(nx.star_graph(4)).fabric()
    assert worst_link_loss(kept=fabric, answer=solve(fabric)).per_s.upper == 0.0
    centre = worst_satellite_loss(kept=fabric, answer=solve(fabric))
    assert (centre.what, centre.per_s.upper) == ("0", 0.0)


def test_losing_a_link_that_carries_nothing_costs_nothing() -> None:
    # two triangles that share a wide link: hosts bind, so nothing is missed
    net = replace(undirected(nx.complete_graph(6), capacity=10.0), limits={"host_bps": (1.0,) * 6})
    found = worst_link_loss(kept=net.fabric(), answer=solve(net.fabric()))
    assert found.per_s.lower == pytest.approx(1 / 5, rel=1e-6)
    assert found.per_s.upper == pytest.approx(1 / 5, rel=1e-6)


def test_a_link_of_two_terminals_loses_one_of_them() -> None:
    fabric = ring(6, capacity=2.0).fabric()
    double = replace(fabric, terminals=np.full(fabric.n_arcs, 2))
    found = worst_link_loss(kept=double, answer=solve(double))
    net = ring(6, capacity=2.0)
    weak = Net(net.gpus, {**net.capacity, (0, 1): 1.0, (1, 0): 1.0})
    exact = path_throughput(weak, weak.all_to_all(), np.zeros(6))
    assert found.per_s.lower == pytest.approx(exact, rel=1e-5)
    assert found.per_s.upper == pytest.approx(exact, rel=1e-5)
    left = without_link(fabric=double, link=0)
    assert left.n_arcs == 12
    assert sorted(left.terminals.tolist())[:3] == [1, 1, 2]


def test_outage_takes_its_share_of_every_link() -> None:
    fabric = ring(8).fabric()
    out = replace(fabric, availability=np.full(fabric.n_arcs, 0.9))
    assert with_outage(fabric=out).capacity_bps == pytest.approx(np.full(16, 0.9))
    found = worst_link_loss(kept=out, answer=solve(out))
    assert found.per_s.upper == pytest.approx(0.9 / 16, rel=1e-6)
    assert found.per_s.lower == pytest.approx(0.9 / 16, rel=1e-6)


def test_upper_end_is_that_of_the_worst_time_and_the_lower_of_what_is_kept() -> None:
    kept, worst = ring(8, capacity=1.0).fabric(), ring(8, capacity=1.5).fabric()
    base = solve(kept)
    over_orbit = replace(base, upper_per_s=1.5 * base.upper_per_s)
    found = worst_link_loss(kept=kept, answer=over_orbit, at_worst=worst)
    assert found.per_s.lower == pytest.approx(1 / 16, rel=1e-6)
    assert found.per_s.upper == pytest.approx(1.5 / 16, rel=1e-6)


@SMALL
@given(nets(most=4))
def test_survivors_of_any_satellite_are_bounded(net: Net) -> None:
    fabric = net.fabric()
    answer = solve(fabric)
    found = worst_satellite_loss(kept=fabric, answer=answer)
    exact = np.inf
    for lost in range(net.n):
        gpus = tuple(0 if v == lost else g for v, g in enumerate(net.gpus))
        ends = [v for v in range(net.n) if gpus[v]]
        if len(ends) < 2:
            continue
        left = {arc: c for arc, c in net.capacity.items() if lost not in arc}
        rest = Net(gpus, left, net.limits, net.closed)
        cut_off = any(not list(rest.simple_paths(s, t)) for s in ends for t in ends if s != t)
        local = np.maximum(np.array(gpus) - 1.0, 0.0)
        exact = min(exact, 0.0 if cut_off else path_throughput(rest, rest.all_to_all(), local))
    assert exact <= found.per_s.upper * (1 + 1e-6)


def test_survivors_may_do_better_than_all_did() -> None:
    # K6, hosts bind: 1/5 with all. A host that is left has 4 others to send to, whoever is lost: 1/4.
    net = replace(undirected(nx.complete_graph(6), capacity=10.0), limits={"host_bps": (1.0,) * 6})
    answer = solve(net.fabric())
    assert answer.upper_per_s == pytest.approx(1 / 5, rel=1e-6)
    assert worst_satellite_loss(kept=net.fabric(), answer=answer).per_s.upper == pytest.approx(1 / 4, rel=1e-6)


def test_one_survivor_has_nobody_to_send_to() -> None:
    # rates that no binary fraction holds: what is left of the prices is rounding, and no proof of 0
    fabric = replace(undirected(nx.path_graph(2)).fabric(), host_bps=np.array([0.1, 0.3]))
    assert worst_satellite_loss(kept=fabric, answer=solve(fabric)).per_s.upper == np.inf


def test_a_closed_node_does_not_stand_in_for_a_lost_link() -> None:
    # A triangle whose third node forwards nothing: without the link between the other two they are cut off.
    net = Net((1, 1, 1), undirected(nx.complete_graph(3)).capacity, closed=frozenset({2}))
    found = worst_link_loss(kept=net.fabric(), answer=solve(net.fabric()))
    assert (found.what, found.per_s.lower, found.per_s.upper) == ("0-1", 0.0, 0.0)


def test_the_ladder_counts_only_what_survivors_send() -> None:
    net = replace(undirected(nx.complete_graph(6), capacity=10.0), limits={"host_bps": (1.0,) * 6})
    fabric, answer = net.fabric(), solve(net.fabric())
    lost, satellite = (f(kept=fabric, answer=answer) for f in (worst_link_loss, worst_satellite_loss))
    found = ladder(reference=answer, best=fabric, answer=answer, lost=lost, lost_satellite=satellite)
    assert found.failure is not None
    assert found.failure.how.endswith(f"at most {Interval.point(1.0).as_rate()}")  # all of a host, not 5/4 of it


def test_middling_fabrics_are_solved_to_two_percent(monkeypatch: pytest.MonkeyPatch) -> None:
    fabric = undirected(nx.convert_node_labels_to_integers(nx.grid_2d_graph(3, 5))).fabric()
    answer = solve(fabric)
    exact = worst_link_loss(kept=fabric, answer=answer).per_s
    assert exact.width <= 1e-5
    monkeypatch.setattr("optimize.design.failures._MOST_FLOWS", 0)
    found = worst_link_loss(kept=fabric, answer=answer).per_s
    assert found.lower <= exact.lower * (1 + 1e-6)
    assert exact.upper <= found.upper * (1 + 1e-6)
    assert found.width <= 0.0201
