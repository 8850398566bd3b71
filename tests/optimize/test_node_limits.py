"""Limits of single nodes: what passes them, against sums by hand over the demands of every GPU pair."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given

from optimize.flow.certificate import Prices, price_bound_per_s, utilisation, worths
from optimize.flow.direct import tightest_nodes
from optimize.flow.node_limits import fixed_limits, fixed_per_s, node_limits, node_supplies, shares
from optimize.flow.routing import ecmp
from optimize.flow.traffic import all_to_all
from tests.optimize.graphs import SMALL, Net, nets

# Two nodes of 3 GPUs and 1 GPU: every round 3 bits each way between them, and 6 inside the first, 2 for each GPU.
LIMITS = {"host_bps": (30.0, 12.0), "switch_bps": (60.0, 30.0), "local_bps": (20.0, 5.0), "port_bps": (15.0, 15.0)}
PAIR = Net((3, 1), {(0, 1): 5.0, (1, 0): 4.0}, LIMITS).fabric()
USED = {"host_out": [3, 3], "host_in": [3, 3], "switch": [6, 6], "local": [2, 0], "port": [3, 3]}


def test_a_round_uses_the_limits_of_two_nodes_as_counted_by_hand() -> None:
    found = node_limits(fabric=PAIR, traffic=all_to_all(fabric=PAIR))
    assert {limit.name: limit.used_bit.tolist() for limit in found} == USED
    for limit in found:
        assert limit.supply_bps.tolist() == list(LIMITS[f"{limit.name.split('_')[0]}_bps"])


def test_a_switch_passes_what_routes_make_it_pass() -> None:
    detour = {limit.name: limit for limit in node_limits(fabric=PAIR, traffic=all_to_all(fabric=PAIR),
                                                         arc_bit=np.array([10.0, 7.0]))}  # fmt: skip
    into = {int(head): load for head, load in zip(PAIR.head, [10.0, 7.0], strict=True)}
    assert detour["switch"].used_bit.tolist() == [into[0] + 3.0, into[1] + 3.0]


def test_first_full_limit_is_the_hosts_of_the_second_node_and_switches_do_not_count() -> None:
    traffic = all_to_all(fabric=PAIR)
    assert fixed_per_s(fabric=PAIR, traffic=traffic) == pytest.approx(12.0 / 3.0)
    assert [limit.name for limit in fixed_limits(fabric=PAIR, traffic=traffic)] == [
        "host_out", "host_in", "local", "port",
    ]  # fmt: skip


def test_nothing_limited_is_never_full() -> None:
    free = Net((1, 1), {(0, 1): 5.0, (1, 0): 4.0}).fabric()
    assert fixed_per_s(fabric=free, traffic=all_to_all(fabric=free)) == math.inf


def test_shares_of_nothing_of_no_limit_and_of_none_left() -> None:
    found = shares(used=np.array([0.0, 0.0, 3.0, 3.0]), supply=np.array([0.0, math.inf, math.inf, 0.0]))
    assert found.tolist() == [0.0, 0.0, 0.0, math.inf]


def test_worth_is_supply_times_price_and_unlimited_supply_has_no_price() -> None:
    prices = Prices.zero(fabric=PAIR, host_in=np.array([2.0, 0.0]), arc=np.array([0.0, 3.0]))
    assert worths(fabric=PAIR, prices=prices) == {
        "arc": 12.0, "host_out": 0.0, "host_in": 60.0, "switch": 0.0, "local": 0.0, "port": 0.0, "limit": 0.0,
    }  # fmt: skip
    free = Net((1, 1), {(0, 1): 5.0, (1, 0): 4.0}).fabric()
    assert worths(fabric=free, prices=Prices.zero(fabric=free, local=np.array([0.0, 1.0])))["local"] == math.inf


@SMALL
@given(nets())
def test_bounds_of_single_nodes_are_those_that_their_prices_prove(net: Net) -> None:
    fabric = net.fabric()
    traffic = all_to_all(fabric=fabric)
    for how, prices, per_s in tightest_nodes(fabric=fabric, traffic=traffic, nothing=Prices.zero(fabric=fabric)):
        proved = price_bound_per_s(fabric=fabric, traffic=traffic, prices=prices)
        # Traffic that passes a node on its way may pay its switch or links a second time: never less than was said.
        assert proved <= per_s * (1 + 1e-12), how


@SMALL
@given(nets())
def test_use_by_a_routing_is_that_of_the_fixed_limits_whatever_the_routing(net: Net) -> None:
    fabric = net.fabric()
    traffic = all_to_all(fabric=fabric)
    used = utilisation(fabric=fabric, traffic=traffic, routing=ecmp(fabric=fabric))
    supplies = node_supplies(fabric=fabric)
    bits = net.all_to_all()
    assert np.allclose(used.host_out * np.where(np.isinf(supplies["host_out"]), 0, supplies["host_out"]),
                       np.where(np.isinf(supplies["host_out"]), 0, bits.sum(axis=1)))  # fmt: skip
    assert np.allclose(used.host_in * np.where(np.isinf(supplies["host_in"]), 0, supplies["host_in"]),
                       np.where(np.isinf(supplies["host_in"]), 0, bits.sum(axis=0)))  # fmt: skip
