"""The verifier: what it proves by hand, what it refuses, and that no prices push the upper end below the truth."""

from __future__ import annotations

import math
import pickle
from dataclasses import replace
from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from optimize.flow.certificate import Prices, achieved_per_s, price_bound_per_s, utilisation
from optimize.flow.certified import Throughput
from optimize.flow.limits import Limits
from optimize.flow.routing import CertificateError, ShortestPathRouting, ecmp
from optimize.flow.throughput import max_throughput
from optimize.flow.traffic import all_to_all, from_matrix
from tests.optimize.graphs import SMALL, Net, nets, path_throughput, ring, undirected

WHEEL = undirected(nx.wheel_graph(7)).fabric()
TRAFFIC = all_to_all(fabric=WHEEL)


@pytest.fixture(scope="module")
def answer() -> Throughput:
    return max_throughput(fabric=WHEEL, traffic=TRAFFIC, method="exact")


# --- by hand


def test_uniform_prices_bound_a_ring_by_its_capacity_over_the_distances() -> None:
    fabric = ring(5).fabric()
    bound = price_bound_per_s(
        fabric=fabric, traffic=all_to_all(fabric=fabric), prices=Prices.zero(fabric=fabric, arc=np.ones(10))
    )
    assert bound == pytest.approx(10 / (5 * (1 + 1 + 2 + 2)))


def test_switch_price_is_paid_at_every_node_entered_the_source_included() -> None:
    net = Net((1, 0, 1), {(0, 1): 9.0, (1, 0): 9.0, (1, 2): 9.0, (2, 1): 9.0}, {"switch_bps": (4.0, 3.0, 2.0)})
    fabric = net.fabric()
    bound = price_bound_per_s(
        fabric=fabric, traffic=all_to_all(fabric=fabric), prices=Prices.zero(fabric=fabric, switch=np.ones(3))
    )
    assert bound == pytest.approx((4.0 + 3.0 + 2.0) / (2 * 3))


def test_utilisation_counts_every_limit_as_defined() -> None:
    limits = dict.fromkeys(("host_bps", "switch_bps", "local_bps", "port_bps"), (10.0, 10.0))
    fabric = Net((3, 1), {(0, 1): 5.0, (1, 0): 4.0}, limits).fabric()
    used = utilisation(fabric=fabric, traffic=all_to_all(fabric=fabric), routing=ecmp(fabric=fabric))
    # 3 bits each way between the nodes, 2 bits from each GPU of node 0 to its neighbours.
    assert np.allclose(used.arc, [3 / 5, 3 / 4])
    assert np.allclose(used.host_out, 0.3)
    assert np.allclose(used.host_in, 0.3)
    assert np.allclose(used.switch, 0.6)
    assert np.allclose(used.local, [0.2, 0.0])
    assert np.allclose(used.port, [(2 + 1) / 10, 3 / 10])
    assert used.greatest == pytest.approx(0.75)


# --- prices: any are valid, and wrong ones only bound worse


@SMALL
@given(nets(), st.data())
def test_no_prices_push_the_upper_end_below_the_truth(net: Net, data: st.DataObject) -> None:
    fabric = net.fabric()
    values = st.sampled_from([0.0, 0.0, 1.0, 0.3, 1e-9, 1e9, 1e-305])
    some: dict[str, Any] = {"arc": np.array([data.draw(values) for _ in net.capacity])}
    for kind in ("host_out", "host_in", "switch", "local", "port"):
        supply = net.limit(f"{kind.split('_')[0]}_bps")
        some[kind] = np.array([data.draw(values) if math.isfinite(x) else 0.0 for x in supply])
    local = np.maximum(np.array(net.gpus, dtype=float) - 1.0, 0.0)
    truth = path_throughput(net, net.all_to_all(), local)
    bound = price_bound_per_s(
        fabric=fabric, traffic=all_to_all(fabric=fabric), prices=Prices.zero(fabric=fabric, **some)
    )
    assert bound >= truth * (1 - 1e-9)


def test_prices_prove_nothing_where_nothing_is_priced_or_supply_is_unlimited() -> None:
    assert price_bound_per_s(fabric=WHEEL, traffic=TRAFFIC, prices=Prices.zero(fabric=WHEEL)) == math.inf
    hosts = Prices.zero(fabric=WHEEL, host_out=np.ones(7))
    assert price_bound_per_s(fabric=WHEEL, traffic=TRAFFIC, prices=hosts) == math.inf


def test_prices_too_small_to_be_rounded_right_prove_nothing() -> None:
    # 0.6 bit at the least price there is costs 0.6 of it, which is rounded up to all of it: a bound of 0.5.
    hosts = {"host_bps": (np.inf, np.inf, 1.0)}
    fabric = replace(undirected(nx.complete_graph(3), capacity=10.0), limits=hosts).fabric()
    traffic = from_matrix(fabric=fabric, bits=np.array([[0, 0, 0.6], [0, 0, 0.6], [0, 0, 0]]), name="to one")
    truth = max_throughput(fabric=fabric, traffic=traffic).lower_per_s
    assert truth == pytest.approx(1.0 / 1.2)
    for price in (5e-324, 1e-310, 1e-200, 1.0, 1e200):
        prices = Prices.zero(fabric=fabric, host_in=np.array([0.0, 0.0, price]))
        assert price_bound_per_s(fabric=fabric, traffic=traffic, prices=prices) >= truth * (1 - 1e-12)


def test_what_overflows_proves_nothing() -> None:
    fabric = undirected(nx.path_graph(2)).fabric()
    traffic = from_matrix(fabric=fabric, bits=np.array([[0, 1e300], [0, 0]]), name="much")
    dear = Prices.zero(fabric=fabric, arc=np.full(2, 1e10))
    assert price_bound_per_s(fabric=fabric, traffic=traffic, prices=dear) >= 1e-300
    hosts = Prices.zero(fabric=fabric, host_out=np.full(2, 1e308), host_in=np.full(2, 1e308))
    narrow = replace(fabric, host_bps=np.full(2, 1e-300))
    assert price_bound_per_s(fabric=narrow, traffic=traffic, prices=hosts) == math.inf


@pytest.mark.parametrize("kind", ["arc", "host_out", "host_in", "switch", "local", "port", "limit_arc"])
@pytest.mark.parametrize("price", [-1e-12, math.nan, math.inf])
def test_price_that_is_none_is_refused(answer: Throughput, kind: str, price: float) -> None:
    wrong = getattr(answer.prices, kind).copy()
    wrong[0] = price
    with pytest.raises(CertificateError, match=kind):
        replace(answer, prices=replace(answer.prices, **{kind: wrong})).verify(fabric=WHEEL, traffic=TRAFFIC)


def test_prices_of_another_fabric_are_refused() -> None:
    with pytest.raises(CertificateError, match="prices of arc must be 24"):
        price_bound_per_s(fabric=WHEEL, traffic=TRAFFIC, prices=Prices.zero(fabric=ring(5).fabric(), arc=np.ones(10)))


def test_links_must_not_charge_more_for_a_resource_than_they_use() -> None:
    fabric = ring(4).fabric()
    limits = Limits(names=("watts",), supply=np.array([2.0]), use=sparse.csr_array(np.ones((1, 4))))
    traffic = all_to_all(fabric=fabric)
    fair = Prices.zero(fabric=fabric, limits=limits, limit=np.ones(1), limit_arc=np.full(8, 0.5))
    # 2 watts; the 16 hops of a round pay half a price each
    assert price_bound_per_s(fabric=fabric, traffic=traffic, prices=fair, limits=limits) == pytest.approx(2 / 8)
    for unfair in (np.full(8, 0.51), np.where(np.arange(8) == 0, 1.1, 0.0)):
        with pytest.raises(CertificateError, match="charge more"):
            price_bound_per_s(fabric=fabric, traffic=traffic, prices=replace(fair, limit_arc=unfair), limits=limits)
    with pytest.raises(CertificateError, match="there are none"):
        price_bound_per_s(fabric=fabric, traffic=traffic, prices=replace(fair, limit=np.zeros(0)))


# --- a stored answer


def test_honest_answer_verifies(answer: Throughput) -> None:
    interval = answer.verify(fabric=WHEEL, traffic=TRAFFIC)
    assert interval.lower <= answer.lower_per_s * (1 + 1e-9)
    assert interval.upper >= answer.upper_per_s * (1 - 1e-9)


@pytest.mark.parametrize(
    ("tampered", "says"),
    [
        (lambda a: replace(a, lower_per_s=a.lower_per_s * 1.001), "its routing carries"),
        (lambda a: replace(a, lower_per_s=math.nan), "its routing carries"),
        (lambda a: replace(a, upper_per_s=a.upper_per_s * 0.999), "its prices prove only"),
        (lambda a: replace(a, upper_per_s=math.nan), "its prices prove only"),
        (lambda a: replace(a, bit_per_gpu=2 * a.bit_per_gpu), "bit per GPU"),
        (lambda a: replace(a, traffic="permutation"), "bit per GPU of 'permutation'"),
        (lambda a: replace(a, prices=replace(a.prices, arc=np.zeros(24))), "prices prove only inf"),
        (lambda a: replace(a, prices=replace(a.prices, arc=1.0 + (WHEEL.tail == 0))), "its prices prove only"),
        (lambda a: replace(a, routing=ecmp(fabric=WHEEL)), "its routing carries"),
        (lambda a: replace(a, routing=replace(a.routing, flow_bit=0.5 * a.routing.flow_bit)), "not conserved"),
        (lambda a: replace(a, routing=replace(a.routing, flow_bit=-a.routing.flow_bit)), "negative"),
        (lambda a: replace(a, routing=replace(a.routing, flow_bit=math.nan * a.routing.flow_bit)), "undefined"),
        (lambda a: replace(a, routing=replace(a.routing, sources=a.routing.sources[::-1])), "not conserved|forwards"),
    ],
)
def test_tampered_answer_is_refused(answer: Throughput, tampered: Any, says: str) -> None:
    with pytest.raises(CertificateError, match=says):
        tampered(answer).verify(fabric=WHEEL, traffic=TRAFFIC)


def test_answer_does_not_verify_on_a_fabric_with_less_capacity(answer: Throughput) -> None:
    less = replace(WHEEL, capacity_bps=0.5 * WHEEL.capacity_bps)
    with pytest.raises(CertificateError, match="its routing carries"):
        answer.verify(fabric=less, traffic=all_to_all(fabric=less))


def test_answer_does_not_verify_on_a_fabric_with_more_capacity(answer: Throughput) -> None:
    more = replace(WHEEL, capacity_bps=2.0 * WHEEL.capacity_bps)
    with pytest.raises(CertificateError, match="its prices prove only"):
        answer.verify(fabric=more, traffic=all_to_all(fabric=more))


def test_traffic_of_another_size_is_refused() -> None:
    small = ring(3).fabric()
    with pytest.raises(CertificateError, match="traffic speaks of 3 nodes"):
        achieved_per_s(fabric=WHEEL, traffic=all_to_all(fabric=small), routing=ecmp(fabric=WHEEL))


def test_undefined_weight_is_no_way_to_carry_nothing() -> None:
    routing = ShortestPathRouting(length=np.ones((1, 24)), weight=np.array([math.nan]))
    with pytest.raises(CertificateError, match="sum to 1"):
        achieved_per_s(fabric=WHEEL, traffic=TRAFFIC, routing=routing)


def test_prices_and_utilisation_unpickle_read_only(answer: Throughput) -> None:
    used = utilisation(fabric=WHEEL, traffic=TRAFFIC, routing=answer.routing)
    for thing in (answer.prices, used):
        again = pickle.loads(pickle.dumps(thing))
        with pytest.raises(ValueError, match="read-only"):
            again.arc[0] = 1.0
