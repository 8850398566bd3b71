"""What one thing more buys: closed forms, a second method, and prices that are never below it."""

from __future__ import annotations

from dataclasses import replace

import networkx as nx
import numpy as np
import pytest
from hypothesis import given

from optimize.design.gains import additions, marginal_gains, with_link
from optimize.flow.throughput import max_throughput
from optimize.flow.traffic import farthest_permutation, permutation
from optimize.study.report import Report
from tests.optimize.answers import solve
from tests.optimize.graphs import SMALL, Net, nets, path_throughput, ring, undirected


def test_one_more_channel_raises_a_fabric_of_equal_links_in_proportion() -> None:
    fabric = ring(8, capacity=4.0).fabric()
    answer = solve(fabric)
    changes = additions(fabric=fabric, answer=answer, channels=4)
    gains = {gain.what: gain for gain in marginal_gains(fabric=fabric, answer=answer, changes=changes)}
    channel = gains["one more channel on every link"]
    assert channel.gain_bps.lower == pytest.approx(7 * 4.0 / 8 / 4, rel=1e-4)  # a quarter of 7 x 4/8
    assert channel.at_most_bps == pytest.approx(channel.gain_bps.upper, rel=1e-4)


def test_one_link_of_a_ring_made_wider_buys_nothing_though_it_has_a_price() -> None:
    # Every pair of opposite links of an even ring is a cut that binds: one link widens only the cuts it is in.
    fabric = ring(6).fabric()
    answer = solve(fabric)
    changes = additions(fabric=fabric, answer=answer)
    (gain,) = marginal_gains(fabric=fabric, answer=answer, changes=changes)
    net = ring(6)
    wide = Net(net.gpus, {**net.capacity, (0, 1): 2.0, (1, 0): 2.0})
    exact = 5 * (path_throughput(wide, wide.all_to_all(), np.zeros(6)) - 2 / 9)
    assert gain.gain_bps.upper == pytest.approx(exact, abs=1e-5)
    assert gain.at_most_bps > gain.gain_bps.upper + 0.01


def test_hosts_that_bind_let_nothing_else_buy_anything() -> None:
    net = replace(undirected(nx.complete_graph(4), capacity=10.0), limits={"host_bps": (1.0,) * 4})
    fabric = net.fabric()
    answer = solve(fabric)
    gains = marginal_gains(fabric=fabric, answer=answer, changes=additions(fabric=fabric, answer=answer, channels=1))
    assert all(gain.at_most_bps == pytest.approx(0.0, abs=1e-6) for gain in gains)


def test_chord_of_a_ring_of_four() -> None:
    # A corner without the chord has 2 arcs for 3 partners: 2/3 instead of 1/2 per pair.
    fabric = ring(4).fabric()
    answer = solve(fabric)
    changes = additions(fabric=fabric, answer=answer, pairs=[(0, 1), (0, 2), (1, 3)], pair_bps=[9.0, 1.0, 0.5])
    gains = {gain.what: gain for gain in marginal_gains(fabric=fabric, answer=answer, changes=changes)}
    assert gains["one more link 0-2"].gain_bps.lower == pytest.approx(3 * (2 / 3 - 1 / 2), rel=1e-5)


@SMALL
@given(nets(most=4))
def test_a_solved_gain_never_exceeds_its_price(net: Net) -> None:
    fabric = net.fabric()
    answer = solve(fabric)
    linked = {frozenset(arc) for arc in net.capacity}
    free = [(i, j) for i in range(net.n) for j in range(i) if frozenset((i, j)) not in linked]
    changes = {f"{i}-{j}": with_link(fabric=fabric, pair=(i, j), capacity_bps=2.0) for i, j in free[:2]}
    changes["first"] = with_link(fabric=fabric, pair=next(iter(net.capacity)), capacity_bps=1.0)
    for gain in marginal_gains(fabric=fabric, answer=answer, changes=changes):
        new = solve(changes[gain.what]).per_gpu_bps.lower - answer.per_gpu_bps.upper
        assert gain.gain_bps.upper <= gain.at_most_bps
        # widths of both solutions, 1e-6 each
        assert new <= gain.at_most_bps + 1e-5 * answer.per_gpu_bps.upper
        assert gain.gain_bps.lower >= 0.0


def test_prices_of_the_lattice_say_more_than_a_link_can_buy(lattice: Report) -> None:
    proof = lattice.proof("formation all_to_all")
    fabric, answer = proof.fabric, proof.throughput
    changes = additions(fabric=fabric, answer=answer, channels=24)
    gains = {gain.what: gain for gain in marginal_gains(fabric=fabric, answer=answer, changes=changes)}
    channel = gains.pop("one more channel on every link")
    assert channel.gain_bps.lower == pytest.approx(answer.per_gpu_bps.lower / 24, rel=1e-3)  # its cut binds, not hosts
    (terminal,) = gains.values()
    assert 0.0 <= terminal.gain_bps.lower <= terminal.gain_bps.upper <= terminal.at_most_bps


def test_what_takes_something_away_is_refused() -> None:
    fabric = ring(4).fabric()
    answer = solve(fabric)
    with pytest.raises(ValueError, match="an arc has lost capacity"):
        marginal_gains(
            fabric=fabric, answer=answer, changes={"less": replace(fabric, capacity_bps=0.5 * fabric.capacity_bps)}
        )
    with pytest.raises(ValueError, match="other nodes or GPUs, or fewer arcs"):
        marginal_gains(fabric=fabric, answer=answer, changes={"other": ring(5).fabric()})
    hard = max_throughput(fabric=fabric, traffic=permutation(fabric=fabric, image=farthest_permutation(fabric=fabric)))
    with pytest.raises(ValueError, match="all_to_all"):
        marginal_gains(fabric=fabric, answer=hard, changes={})
