"""Certified throughput: closed forms, an independent linear program, and the properties any throughput has."""

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

from optimize.flow.certificate import achieved_per_s
from optimize.flow.certified import Throughput
from optimize.flow.limits import Limits
from optimize.flow.problem import ThroughputProblem
from optimize.flow.routing import CertificateError, ecmp
from optimize.flow.throughput import binding, least_flow, max_throughput
from optimize.flow.traffic import all_to_all, farthest_permutation, from_matrix, permutation
from tests.optimize.answers import solve
from tests.optimize.graphs import SMALL, Net, nets, path_throughput, ring, undirected
from topo.graph import from_networkx
from topo.ground import nvl72, superpod

GBYTE_BPS = 8e9

# Ends are certified; the width asked for is 1e-6, and floating-point sums add far less.
WITHIN = 2e-6


WHEEL = undirected(nx.wheel_graph(7))  # some detour over its hub, so that no proof without search closes it
WHEEL_TRUTH = path_throughput(WHEEL, WHEEL.all_to_all(), np.zeros(7))


def solve_graph(graph: nx.Graph[Any], *, capacity_bps: float = 1.0, gpus: int = 1, **options: Any) -> Throughput:
    return solve(from_networkx(graph, name="graph", gpus=gpus, capacity_bps=capacity_bps), **options)


def holds(answer: Throughput, truth: float) -> bool:
    """Whether the interval is narrow and has the truth in it."""
    return (
        answer.lower_per_s <= truth * (1 + 1e-7) and truth <= answer.upper_per_s * (1 + 1e-7) and answer.width < WITHIN
    )


# --- closed forms: rounds per second of all-to-all, links of 1 bit/s each way


@pytest.mark.parametrize("method", ["auto", "exact"])
@pytest.mark.parametrize(
    ("name", "graph", "truth"),
    [
        ("complete graph: the direct links", nx.complete_graph(7), 1.0),
        ("ring of even length: 2 / floor(n^2/4)", nx.cycle_graph(8), 2 / 16),
        ("ring of odd length", nx.cycle_graph(9), 2 / 20),
        ("hypercube: 2^(1-d)", nx.hypercube_graph(4), 2**-3),
        ("torus: 8/k^(d+1)", nx.grid_2d_graph(4, 4, periodic=True), 8 / 4**3),
        ("Petersen: a Moore graph, r / sum of distances", nx.petersen_graph(), 3 / (3 + 2 * 6)),
        ("Heawood", nx.heawood_graph(), 3 / (3 + 2 * 6 + 3 * 4)),
        ("square grid: the middle cut, 4/k^3", nx.grid_2d_graph(4, 4), 4 / 4**3),
        ("path: the middle link, 1 / (floor(n/2) ceil(n/2))", nx.path_graph(7), 1 / 12),
        ("tree: the link that parts most pairs", nx.balanced_tree(2, 2), 1 / (3 * 4)),
        (
            "king grid of 3: the corner, 3 links for 8 pairs",
            nx.strong_product(nx.path_graph(3), nx.path_graph(3)),
            3 / 8,
        ),
        ("complete bipartite: half the pairs go twice", nx.complete_bipartite_graph(3, 3), 18 / (18 * 1 + 12 * 2)),
    ],
)
def test_closed_form_is_certified(name: str, graph: nx.Graph[Any], truth: float, method: str) -> None:
    assert holds(solve_graph(graph, method=method), truth), name


@pytest.mark.parametrize("capacity_bps", [1e-3, 1.0, 8e11, 1e18])
def test_king_grid_of_4_is_cut_in_the_middle_at_any_unit(capacity_bps: float) -> None:
    k = 4
    answer = solve_graph(nx.strong_product(nx.path_graph(k), nx.path_graph(k)), capacity_bps=capacity_bps)
    assert "linear program" in answer.method
    assert holds(answer, capacity_bps * (3 * k - 2) / (k**2 // 2) ** 2)


def test_several_gpus_of_a_node_share_its_links() -> None:
    assert holds(solve(ring(6, gpus=4).fabric()), 2 / 9 / 4**2)


# --- the reference machines, one direction


def test_nvl72_gives_900_gbyte_per_s_to_every_gpu_in_all_to_all() -> None:
    answer = solve(nvl72())
    # 18 links of 50 GB/s each way; the proof is closed but for rounding
    assert answer.per_gpu_bps.lower / GBYTE_BPS == pytest.approx(900.0, rel=1e-12)
    assert answer.per_gpu_bps.upper / GBYTE_BPS == pytest.approx(900.0, rel=1e-12)
    assert answer.method.startswith("proof without search")


def test_nvl72_gives_900_gbyte_per_s_in_the_hardest_permutation() -> None:
    fabric = nvl72()
    traffic = permutation(fabric=fabric, image=farthest_permutation(fabric=fabric))
    answer = max_throughput(fabric=fabric, traffic=traffic)
    assert answer.per_gpu_bps.lower / GBYTE_BPS == pytest.approx(900.0, rel=1e-12)
    assert answer.per_gpu_bps.upper / GBYTE_BPS == pytest.approx(900.0, rel=1e-12)


@pytest.mark.parametrize("racks", [2, 5, 81])
def test_superpod_sends_only_what_leaves_a_rack_through_its_core(racks: int) -> None:
    total = 72 * racks
    expected = 100.0 * (total - 1) / (total - 72)  # 101.23 GB/s for 81 racks
    answer = solve(superpod(racks=racks))
    assert answer.per_gpu_bps.lower / GBYTE_BPS == pytest.approx(min(expected, 900.0), rel=1e-12)
    assert answer.width < 1e-12


def test_one_rack_alone_is_limited_by_its_nvlinks() -> None:
    answer = solve(superpod(racks=1))
    assert answer.per_gpu_bps.lower / GBYTE_BPS == pytest.approx(900.0, rel=1e-12)


# --- against the path formulation


@SMALL
@given(nets())
def test_linear_program_agrees_with_the_path_formulation(net: Net) -> None:
    local = np.maximum(np.array(net.gpus, dtype=float) - 1.0, 0.0)
    truth = path_throughput(net, net.all_to_all(), local)
    assert holds(solve(net.fabric()), truth)
    assert holds(solve(net.fabric(), method="exact"), truth)


@SMALL
@given(nets(closed=False), st.data())
def test_linear_program_agrees_with_the_path_formulation_for_any_traffic(net: Net, data: st.DataObject) -> None:
    values = data.draw(st.lists(st.sampled_from([0.0, 0.0, 0.25, 1.0, 7.0]), min_size=net.n**2, max_size=net.n**2))
    bits = np.array(values).reshape(net.n, net.n)
    np.fill_diagonal(bits, 0.0)
    bits[0, 1] = 1.0
    fabric = net.fabric()
    answer = max_throughput(fabric=fabric, traffic=from_matrix(fabric=fabric, bits=bits, name="any"))
    # An explicit matrix says nothing about traffic inside a node.
    assert holds(answer, path_throughput(net, bits, np.zeros(net.n)))


@SMALL
@given(nets(), st.sampled_from([1e-3, 1e12, 1e18]))
def test_scaling_all_capacities_scales_the_answer(net: Net, factor: float) -> None:
    one, many = solve(net.fabric()), solve(net.scaled(factor).fabric())
    assert many.lower_per_s == pytest.approx(factor * one.lower_per_s, rel=WITHIN)
    assert many.upper_per_s == pytest.approx(factor * one.upper_per_s, rel=WITHIN)


@SMALL
@given(nets(), st.data())
def test_another_link_never_lowers_the_throughput(net: Net, data: st.DataObject) -> None:
    i, j = data.draw(st.permutations(range(net.n)))[:2]
    more = replace(net, capacity={**net.capacity, (i, j): net.capacity.get((i, j), 0.0) + 2.0})
    assert solve(more.fabric()).upper_per_s >= solve(net.fabric()).lower_per_s * (1 - 1e-9)


@SMALL
@given(nets())
def test_fixed_multipath_never_beats_the_optimum(net: Net) -> None:
    fabric = net.fabric()
    carried = achieved_per_s(fabric=fabric, traffic=all_to_all(fabric=fabric), routing=ecmp(fabric=fabric))
    assert carried <= solve(fabric).upper_per_s * (1 + 1e-9)


@SMALL
@given(nets())
def test_every_answer_verifies_without_a_solver(net: Net) -> None:
    fabric = net.fabric()
    answer = solve(fabric)
    again = answer.verify(fabric=fabric, traffic=all_to_all(fabric=fabric))
    assert again.lower == pytest.approx(answer.lower_per_s, rel=1e-12)
    assert again.upper == pytest.approx(answer.upper_per_s, rel=1e-12)


# --- capacities far apart: solvers know only absolute tolerances


@pytest.mark.parametrize("spread", [1e4, 1e9, 1e15, 1e21])
def test_capacities_far_apart_still_close_the_certificate(spread: float) -> None:
    rng = np.random.default_rng(5)
    arcs = [arc for u, v in nx.random_regular_graph(4, 10, seed=1).edges for arc in ((u, v), (v, u))]
    net = Net((1,) * 10, {arc: 1e-3 * spread ** float(rng.random()) for arc in arcs})
    assert solve(net.fabric()).width < WITHIN


def test_slow_link_between_fast_clusters_is_found() -> None:
    fast = {arc: 1e15 for a in (0, 4) for i in range(4) for j in range(4) if i != j for arc in [(a + i, a + j)]}
    net = Net((1,) * 8, {**fast, (0, 4): 100.0, (4, 0): 100.0})
    assert holds(solve(net.fabric()), 100.0 / 16)
    assert holds(solve(net.fabric(), method="exact"), 100.0 / 16)


# --- what is refused, and odd but legal fabrics


def test_traffic_without_a_path_is_refused_by_name() -> None:
    net = Net((1, 1, 1), {(0, 1): 1.0, (1, 0): 1.0, (1, 2): 1.0})
    with pytest.raises(ValueError, match="no path from 2 to 0"):
        solve(net.fabric())


def test_path_through_a_closed_node_does_not_count() -> None:
    net = Net((1, 1, 1), {(0, 1): 1.0, (1, 0): 1.0, (1, 2): 1.0, (2, 1): 1.0}, closed=frozenset({1}))
    with pytest.raises(ValueError, match="no path from 0 to 2"):
        solve(net.fabric())


def test_unknown_method_is_refused() -> None:
    with pytest.raises(ValueError, match="method='fast'"):
        solve(ring(4).fabric(), method="fast")


def test_single_node_is_limited_by_what_is_inside_it() -> None:
    answer = solve(Net((3,), {}, {"local_bps": (8.0,)}).fabric())
    assert (answer.lower_per_s, answer.upper_per_s) == (4.0, 4.0)  # two bits to each of two others


@pytest.mark.parametrize("wrong", [-1e-6, float("nan")])
def test_width_and_bits_that_are_none_are_refused(wrong: float) -> None:
    fabric = ring(4).fabric()
    with pytest.raises(ValueError, match="rtol="):
        max_throughput(fabric=fabric, traffic=all_to_all(fabric=fabric), rtol=wrong)
    with pytest.raises(ValueError, match="bit_per_gpu has a negative or undefined value"):
        from_matrix(fabric=fabric, bits=np.zeros((4, 4)), name="none", bit_per_gpu=wrong)


def test_traffic_that_no_limit_holds_back_is_refused() -> None:
    with pytest.raises(CertificateError, match="uses no limit"):
        solve(Net((3,), {}).fabric())


@pytest.mark.parametrize("gpus", [(1,), (0, 0)])
def test_all_to_all_needs_two_gpus(gpus: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="needs at least 2"):
        solve(Net(gpus, {}).fabric())


def test_two_nodes_send_what_the_slower_direction_carries() -> None:
    assert holds(solve(Net((1, 1), {(0, 1): 3.0, (1, 0): 1e18}).fabric()), 3.0)


def test_program_too_large_for_auto_leaves_a_valid_interval_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("optimize.flow.throughput._MOST_FLOWS", 100)
    fabric = WHEEL.fabric()
    none = Limits(names=(), supply=np.zeros(0), use=sparse.csr_array((0, fabric.n_links)))
    answer = solve(fabric, limits=none)
    assert "would have 168 flows; method='exact'" in answer.note
    assert answer.lower_per_s <= WHEEL_TRUTH * (1 + 1e-9) <= answer.upper_per_s * (1 + 2e-9)
    assert holds(solve(WHEEL.fabric(), method="exact"), WHEEL_TRUTH)


def test_hints_of_the_same_fabric_answer_without_solving(monkeypatch: pytest.MonkeyPatch) -> None:
    fabric = undirected(nx.strong_product(nx.path_graph(3), nx.path_graph(4))).fabric()
    first = solve(fabric)
    monkeypatch.setattr(ThroughputProblem, "solve", None)
    again = solve(fabric, hints=[first])
    assert (again.lower_per_s, again.upper_per_s) == (first.lower_per_s, first.upper_per_s)


def test_hint_for_another_fabric_is_refused() -> None:
    with pytest.raises(ValueError, match="one column per arc"):
        solve(undirected(nx.path_graph(5)).fabric(), hints=[solve(ring(8).fabric())])


# --- what an answer carries


def test_answer_unpickles_read_only() -> None:
    answer = pickle.loads(pickle.dumps(solve(WHEEL.fabric(), method="exact")))
    for array in (answer.prices.arc, answer.routing.flow_bit.data, answer.routing.sources):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


@SMALL
@given(nets())
def test_shares_of_the_binding_limits_sum_to_one(net: Net) -> None:
    fabric = net.fabric()
    shares = binding(fabric=fabric, throughput=solve(fabric))
    assert math.fsum(share for _, share in shares) == pytest.approx(1.0, abs=1e-12)
    assert all(share > 0 for _, share in shares)


def test_binding_names_the_one_limit_there_is() -> None:
    fabric = replace(ring(5), limits={"host_bps": (0.1,) * 5}).fabric()
    ((kind, share),) = binding(fabric=fabric, throughput=solve(fabric))
    assert kind.startswith("host interfaces")
    assert share == 1.0


def test_least_flow_carries_the_same_with_no_more_traffic_than_paths_need() -> None:
    graph = nx.strong_product(nx.path_graph(3), nx.path_graph(4))
    fabric = undirected(graph).fabric()
    traffic = all_to_all(fabric=fabric)
    answer = solve(fabric)
    lean = least_flow(fabric=fabric, traffic=traffic, throughput=answer)
    lean.verify(fabric=fabric, traffic=traffic)
    hops = sum(sum(row.values()) for _, row in nx.all_pairs_shortest_path_length(graph))
    total = lean.routing.arc_bit(fabric=fabric, traffic=traffic).sum()
    assert total <= answer.routing.arc_bit(fabric=fabric, traffic=traffic).sum() * (1 + 1e-6)
    assert total >= hops * (1 - 1e-6)  # no flow is shorter than the shortest paths
    assert answer.lower_per_s * (1 - 1.1e-5) <= lean.lower_per_s <= answer.upper_per_s
