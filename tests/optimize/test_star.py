"""Stars by formula against the general code on the same graph, told that it is none."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from optimize.flow import all_to_all, latency, max_throughput, permutation
from optimize.flow.certificate import Prices, price_bound_per_s
from optimize.flow.routing import ecmp
from optimize.flow.star import as_star
from topo import nvl72, superpod
from topo.fabric import Fabric


def uneven(k: int = 5) -> Fabric:
    """A star whose leaves differ in GPUs, width and delay."""
    pod = superpod(racks=k)
    step = 1.0 + np.arange(k) / 7
    gpus = pod.gpus.copy()
    gpus[:k] = np.arange(1, k + 1)
    return replace(pod, gpus=gpus, capacity_bps=pod.capacity_bps * np.concatenate([step, step[::-1]]),
                   latency_s=pod.latency_s * np.concatenate([step[::-1], step**2]))  # fmt: skip


def no_star(fabric: Fabric) -> Fabric:
    """The same fabric with one more node, without GPUs, that nothing needs."""
    hub, n, m = fabric.n_nodes - 1, fabric.n_nodes, fabric.n_arcs
    nodes: dict[str, Any] = {name: np.append(getattr(fabric, name), getattr(fabric, name)[hub])
             for name in ("gpus", "host_bps", "switch_bps", "local_bps", "port_bps", "switch_latency_s",
                          "switch_latency_low_s", "transit")}  # fmt: skip
    arcs: dict[str, Any] = {name: np.append(getattr(fabric, name), [getattr(fabric, name)[0]] * 3)
            for name in ("capacity_bps", "latency_s", "latency_low_s", "power_w", "range_m", "availability",
                         "terminals", "medium")}  # fmt: skip
    arcs["latency_s"][m:] = arcs["latency_low_s"][m:] = 1.0  # a detour that is never shortest
    tail, head = np.append(fabric.tail, [n, hub, n]), np.append(fabric.head, [hub, n, 0])
    return replace(fabric, labels=(*fabric.labels, "spare"), tail=tail, head=head, **nodes, **arcs)


def test_what_is_a_star_and_what_is_not() -> None:
    assert as_star(fabric=superpod(racks=3)) is not None
    assert as_star(fabric=nvl72()) is None  # eighteen switches
    assert as_star(fabric=no_star(uneven())) is None
    limited = superpod(racks=3)
    assert as_star(fabric=replace(limited, switch_bps=np.full(4, 1e12))) is None


def test_loads_prices_and_latencies_are_those_of_the_general_code() -> None:
    star, other = uneven(), no_star(uneven())
    m = star.n_arcs
    rng = np.random.default_rng(1)
    for traffic, same in (
        (all_to_all(fabric=star), all_to_all(fabric=other)),
        (permutation(fabric=superpod(racks=5), image=[1, 2, 0, 4, 3, 5]), None),
    ):
        found = ecmp(fabric=star).arc_bit(fabric=star, traffic=traffic)
        if same is None:
            assert found == pytest.approx(72.0)  # every rack sends to one and hears from one
            continue
        assert found == pytest.approx(ecmp(fabric=other).arc_bit(fabric=other, traffic=same)[:m], rel=1e-12)
        arc, host, switch = rng.random(m), rng.random(star.n_nodes), np.zeros(star.n_nodes)
        host[-1] = 0.0  # the core has no host
        prices = Prices.zero(fabric=star, arc=arc, host_out=host, host_in=host[::-1] * (star.gpus > 0), switch=switch)
        wide = Prices.zero(fabric=other, arc=np.append(arc, [9.0, 9.0, 9.0]), host_out=np.append(host, 0.0),
                           host_in=np.append(prices.host_in, 0.0))  # fmt: skip
        # the spare arcs are worth something, too: take that off
        ours = price_bound_per_s(fabric=star, traffic=traffic, prices=prices)
        theirs = price_bound_per_s(fabric=other, traffic=same, prices=wide)
        worth = float(star.capacity_bps @ arc + star.host_bps[:-1] @ (host + prices.host_in)[:-1])
        spare = 9.0 * float(other.capacity_bps[m:].sum())
        assert ours == pytest.approx(theirs * worth / (worth + spare), rel=1e-12)
    ours_s, theirs_s = latency(fabric=star), latency(fabric=other)
    for ends in ("lower", "upper"):
        assert getattr(ours_s.mean, ends) == pytest.approx(getattr(theirs_s.mean, ends), rel=1e-12)
        assert getattr(ours_s.worst, ends) == pytest.approx(getattr(theirs_s.worst, ends), rel=1e-12)


def test_ten_thousand_racks_around_an_ideal_core_are_a_formula() -> None:
    pod = superpod(racks=10_000)
    answer = max_throughput(fabric=pod, traffic=all_to_all(fabric=pod))
    total = 720_000
    # 800 Gb/s of each GPU serve all partners outside of its rack
    assert answer.per_gpu_bps.lower == pytest.approx(800e9 * (total - 1) / (total - 72), rel=1e-9)
    assert answer.width <= 1e-9
