"""Sparse traffic by the large solver: against independent programs, closed forms, and what stops it."""

from __future__ import annotations

import itertools
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from optimize.flow.certified import Throughput
from optimize.flow.large import LargeProgress, large_throughput
from optimize.flow.large.sparse import is_sparse
from optimize.flow.patterns import hot_spot, ring_shift
from optimize.flow.routing import CertificateError, FlowRouting
from optimize.flow.throughput import least_flow, max_throughput
from optimize.flow.traffic import Traffic, all_to_all, farthest_permutation, from_matrix, permutation
from tests.optimize.graphs import SMALL, Net, nets, path_throughput, undirected
from tests.optimize.test_large import Interrupting
from topo.fabric import Fabric
from topo.graph import from_networkx

# An interval and an exact value, or two intervals: rounding of sums of a few terms, and tolerances of the other solver.
ROUNDING = 1e-7


def solve(fabric: Fabric, traffic: Traffic, **options: Any) -> Throughput:
    """By the solver for few pairs, and verified."""
    assert is_sparse(traffic=traffic)
    answer = large_throughput(fabric=fabric, traffic=traffic, **(dict[str, Any](rtol=1e-2) | options))
    assert answer.method.startswith("shares of explicit paths")
    verified = answer.verify(fabric=fabric, traffic=traffic)
    assert answer.lower_per_s == pytest.approx(verified.lower, rel=1e-9)
    return answer


def hardest(fabric: Fabric) -> Traffic:
    return permutation(fabric=fabric, image=farthest_permutation(fabric=fabric))


def random_regular(n: int, degree: int = 4) -> Fabric:
    """Rates differ, and by direction."""
    graph: nx.DiGraph[int] = nx.DiGraph(nx.random_regular_graph(degree, n, seed=3))
    for number, (_, _, data) in enumerate(graph.edges(data=True)):
        data["capacity_bps"] = 1e9 * (1.0 + 0.1 * (number % 7))
    return from_networkx(graph, name=f"random {n}", gpus=1)


FABRIC = random_regular(20)
TRAFFIC = hardest(FABRIC)


# --- against other methods


@SMALL
@given(nets(), st.data())
def test_the_path_formulation_lies_in_the_interval(net: Net, data: st.DataObject) -> None:
    sizes = st.sampled_from([0.0, 0.0, 1.0, 3.7, 0.01])
    bits = np.array([[data.draw(sizes) if s != t else 0.0 for t in range(net.n)] for s in range(net.n)])
    bits *= np.outer(np.array(net.gpus) > 0, np.array(net.gpus) > 0)
    bits[0, 1] = 1.0
    fabric = net.fabric()
    traffic = from_matrix(fabric=fabric, bits=bits, name="some")
    truth = path_throughput(net, bits, np.zeros(net.n))
    answer = solve(fabric, traffic)
    assert answer.lower_per_s <= truth * (1 + ROUNDING)
    assert truth <= answer.upper_per_s * (1 + ROUNDING)
    assert answer.width <= 1e-2


@pytest.mark.parametrize("rtol", [1e-2, 1e-4])
def test_the_linear_program_lies_in_an_interval_as_narrow_as_asked_for(rtol: float) -> None:
    exact = max_throughput(fabric=FABRIC, traffic=TRAFFIC, method="exact")
    answer = solve(FABRIC, TRAFFIC, rtol=rtol)
    assert answer.width <= rtol
    assert answer.lower_per_s <= exact.upper_per_s * (1 + ROUNDING)
    assert exact.lower_per_s <= answer.upper_per_s * (1 + ROUNDING)


@pytest.mark.parametrize("limit", ["host_bps", "switch_bps"])
def test_limits_of_single_nodes_bind(limit: str) -> None:
    graph: nx.Graph[int] = nx.random_regular_graph(4, 14, seed=1)
    nx.set_node_attributes(graph, {v: 0.5 + 0.1 * v for v in graph}, limit)
    fabric = from_networkx(graph, name="limited", gpus=1, capacity_bps=1.0)
    traffic = hardest(fabric)
    exact = max_throughput(fabric=fabric, traffic=traffic, method="exact")
    answer = solve(fabric, traffic)
    free = solve(undirected(nx.random_regular_graph(4, 14, seed=1)).fabric(), traffic)
    assert answer.upper_per_s < free.lower_per_s
    assert answer.lower_per_s <= exact.upper_per_s * (1 + ROUNDING)
    assert exact.lower_per_s <= answer.upper_per_s * (1 + ROUNDING)
    assert answer.width <= 1e-2


@pytest.mark.parametrize(
    ("name", "graph", "image", "truth"),
    [
        ("opposite on a ring: all links are used k/2 times each way", nx.cycle_graph(8), [4, 5, 6, 7, 0, 1, 2, 3], 0.5),
        ("next on a ring: the long way takes 1/n of it", nx.cycle_graph(8), [1, 2, 3, 4, 5, 6, 7, 0], 8 / 7),
        ("swapped on a path of two", nx.path_graph(2), [1, 0], 1.0),
        ("opposite on a cube: 24 arcs for 8 paths of 3", nx.hypercube_graph(3), [7, 6, 5, 4, 3, 2, 1, 0], 1.0),
        ("across a complete graph: 12 arcs, paths of 1 and 2", nx.complete_graph(4), [1, 0, 3, 2], 2.0),
    ],
)
def test_closed_forms_lie_in_narrow_intervals(name: str, graph: Any, image: list[int], truth: float) -> None:
    fabric = undirected(graph).fabric()
    answer = solve(fabric, permutation(fabric=fabric, image=image), rtol=1e-3)
    assert answer.lower_per_s <= truth * (1 + 1e-12), name
    assert truth <= answer.upper_per_s * (1 + 1e-12), name
    assert answer.width <= 1e-3, name


def test_closed_nodes_carry_nothing_of_others() -> None:
    # the way through node 2 is twice as wide, but node 2 does not forward
    capacity = {(0, 2): 2.0, (2, 1): 2.0, (0, 3): 1.0, (3, 1): 1.0, (1, 0): 1.0, (2, 0): 1.0}
    fabric = Net((1, 1, 1, 1), capacity, closed=frozenset({2})).fabric()
    bits = np.zeros((4, 4))
    bits[0, 1] = 1.0
    answer = solve(fabric, from_matrix(fabric=fabric, bits=bits, name="one"))
    assert answer.lower_per_s == pytest.approx(1.0, rel=1e-9)
    assert answer.width <= 1e-9


@pytest.mark.parametrize("kind", ["ring", "hot spot"])
def test_other_sparse_traffic_agrees_with_the_linear_program(kind: str) -> None:
    bits = ring_shift(fabric=FABRIC) if kind == "ring" else None
    traffic = bits or hot_spot(fabric=FABRIC, node=3, share=0.5)
    if not is_sparse(traffic=traffic):  # as factors; the same as single entries
        rows = traffic.rows(np.arange(FABRIC.n_nodes))
        traffic = from_matrix(fabric=FABRIC, bits=rows, name=traffic.name)
    exact = max_throughput(fabric=FABRIC, traffic=traffic, method="exact")
    answer = solve(FABRIC, traffic)
    assert answer.width <= 1e-2
    assert answer.lower_per_s <= exact.upper_per_s * (1 + ROUNDING)
    assert exact.lower_per_s <= answer.upper_per_s * (1 + ROUNDING)


@pytest.mark.slow
@pytest.mark.parametrize("n", [253, 1000])
def test_a_permutation_of_a_large_random_fabric_is_narrow(n: int) -> None:
    fabric = random_regular(n + n % 2, 8)
    assert solve(fabric, hardest(fabric)).width <= 1e-2


# --- a certificate that was tampered with


@pytest.mark.parametrize("part", [1e-3, 1.0])
def test_a_path_that_lost_a_part_is_refused(part: float) -> None:
    answer = solve(FABRIC, TRAFFIC)
    routing = answer.routing
    assert isinstance(routing, FlowRouting)
    data = routing.flow_bit.data.copy()
    data[np.argmax(data)] *= 1.0 - part
    shape = routing.flow_bit.shape
    changed = sparse.csr_array((data, routing.flow_bit.indices, routing.flow_bit.indptr), shape=shape)
    with pytest.raises(CertificateError, match="not conserved"):
        replace(answer, routing=replace(routing, flow_bit=changed)).verify(fabric=FABRIC, traffic=TRAFFIC)


# --- stopped, and who is told


@pytest.mark.parametrize("limit_s", [0.0, 0.01])
def test_no_time_leaves_the_planted_routing_and_says_so(limit_s: float) -> None:
    answer = solve(FABRIC, TRAFFIC, rtol=1e-12, time_limit_s=limit_s)
    assert 0 < answer.lower_per_s < answer.upper_per_s
    assert f"the time limit of {limit_s:g} s is over" in answer.note


@pytest.mark.parametrize("after", [0, 9, 30])
def test_an_interrupt_leaves_a_valid_interval(after: int) -> None:
    answer = solve(FABRIC, TRAFFIC, rtol=1e-12, executor=Interrupting(after))
    assert 0 < answer.lower_per_s < answer.upper_per_s
    assert answer.note.startswith("interrupted")


def test_a_width_that_is_out_of_reach_ends_by_itself() -> None:
    answer = solve(FABRIC, TRAFFIC, rtol=1e-15)
    assert "no round gains much any more" in answer.note or answer.width <= 1e-15


def test_progress_is_told_and_its_ends_only_come_closer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("optimize.flow.large.progress._REPORT_S", 0.0)
    told: list[LargeProgress] = []
    answer = solve(FABRIC, TRAFFIC, rtol=1e-4, progress=told.append)
    assert len(told) > 3
    assert all(a.lower_per_s <= b.lower_per_s * (1 + 1e-9) for a, b in itertools.pairwise(told))
    assert all(a.upper_per_s >= b.upper_per_s for a, b in itertools.pairwise(told))
    assert told[-1].stage == "done"
    assert (told[-1].lower_per_s, told[-1].upper_per_s) == (answer.lower_per_s, answer.upper_per_s)


def test_the_executor_changes_nothing() -> None:
    answers = [solve(FABRIC, TRAFFIC, at_once=at_once) for at_once in (1, 3)]
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as processes:
        answers.append(solve(FABRIC, TRAFFIC, executor=processes))
    # the sums over the pairs are taken in other parts
    assert all(a.lower_per_s == pytest.approx(answers[0].lower_per_s, rel=1e-9) for a in answers)
    assert all(a.upper_per_s == pytest.approx(answers[0].upper_per_s, rel=1e-9) for a in answers)


# --- what is chosen


def test_auto_takes_paths_for_few_pairs_and_sources_for_many(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_MANY_FLOWS", "_MANY_ORBIT_FLOWS", "_MOST_ORBIT_FLOWS"):
        monkeypatch.setattr(f"optimize.flow.throughput.{name}", 100)
    answer = max_throughput(fabric=FABRIC, traffic=TRAFFIC, rtol=1e-2)
    assert answer.method.startswith("shares of explicit paths")
    assert not is_sparse(traffic=all_to_all(fabric=FABRIC))


def test_the_least_flow_of_many_flows_is_no_second_linear_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("optimize.flow.throughput._MOST_FLOWS", 100)
    answer = solve(FABRIC, TRAFFIC)
    assert least_flow(fabric=FABRIC, traffic=TRAFFIC, throughput=answer) is answer
