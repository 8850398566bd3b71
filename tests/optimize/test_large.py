"""The large solver: certificates against independent programs, and what it does when it is stopped or misused."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimize.flow.certified import Throughput
from optimize.flow.large import LargeProgress, large_memory_bytes, large_throughput
from optimize.flow.mixture import MirroredRouting, SymmetricRouting, UnitFlowRouting
from optimize.flow.routing import CertificateError
from optimize.flow.symmetry import Symmetry
from optimize.flow.throughput import max_throughput
from optimize.flow.traffic import Traffic, all_to_all, from_matrix, permutation
from tests.optimize.graphs import SMALL, Net, nets, path_throughput, undirected
from topo.fabric import Fabric
from topo.graph import from_networkx

# An interval and an exact value, or two intervals: rounding of sums of a few terms, and tolerances of the other solver.
ROUNDING = 1e-7


def solve(fabric: Fabric, traffic: Traffic | None = None, **options: Any) -> Throughput:
    """By the large solver, without looking for symmetries, and verified."""
    wanted = traffic or all_to_all(fabric=fabric)
    options = dict[str, Any](rtol=1e-3, symmetry=Symmetry.none(fabric=fabric)) | options
    answer = large_throughput(fabric=fabric, traffic=wanted, **options)
    verified = answer.verify(fabric=fabric, traffic=wanted)
    assert answer.lower_per_s == pytest.approx(verified.lower, rel=1e-9)
    assert answer.upper_per_s >= verified.upper * (1 - 1e-9)  # a path may cross a cut twice, and pay twice
    return answer


def grid(k: int) -> Fabric:
    """Square with eight neighbours and rates that differ: no proof without search, no symmetry."""
    graph = nx.strong_product(nx.path_graph(k), nx.path_graph(k))
    for number, (_, _, data) in enumerate(graph.edges(data=True)):
        data["capacity_bps"] = 1.0 + 0.1 * (number % 7)
    return from_networkx(graph, name=f"grid {k}", gpus=1)


def flows(answer: Throughput) -> UnitFlowRouting:
    """What the solver found, under the symmetries it stands for."""
    routing = answer.routing
    while isinstance(routing, MirroredRouting | SymmetricRouting):
        routing = routing.inner
    assert isinstance(routing, UnitFlowRouting)
    return routing


GRID = grid(4)


# --- against other methods


@SMALL
@given(nets())
def test_the_path_formulation_lies_in_the_interval(net: Net) -> None:
    gpus = np.array(net.gpus, dtype=float)
    truth = path_throughput(net, net.all_to_all(), np.maximum(gpus - 1.0, 0.0))
    answer = solve(net.fabric())
    assert answer.lower_per_s <= truth * (1 + ROUNDING)
    assert truth <= answer.upper_per_s * (1 + ROUNDING)


@SMALL
@given(nets(limits=False, equal=True), st.data())
def test_any_demands_are_carried_as_the_path_formulation_says(net: Net, data: st.DataObject) -> None:
    sizes = st.sampled_from([0.0, 0.0, 1.0, 3.7, 1e-3, 1e6])  # nine orders of magnitude between them
    bits = np.array([[data.draw(sizes) if s != t else 0.0 for t in range(net.n)] for s in range(net.n)])
    bits[0, 1] = 1.0
    fabric = net.fabric()
    traffic = from_matrix(fabric=fabric, bits=bits, name="some")
    truth = path_throughput(net, bits, np.zeros(net.n))
    answer = solve(fabric, traffic)
    assert answer.lower_per_s <= truth * (1 + ROUNDING)
    assert truth <= answer.upper_per_s * (1 + ROUNDING)


@SMALL
@given(nets(most=8))
def test_the_linear_program_and_the_large_solver_agree_within_their_certificates(net: Net) -> None:
    fabric = net.fabric()
    exact = max_throughput(fabric=fabric, traffic=all_to_all(fabric=fabric))
    answer = solve(fabric, symmetry=None)  # with the symmetries there are
    assert answer.lower_per_s <= exact.upper_per_s * (1 + ROUNDING)
    assert exact.lower_per_s <= answer.upper_per_s * (1 + ROUNDING)


@pytest.mark.parametrize(
    ("name", "graph", "truth"),
    [
        ("torus: 8/k^(d+1)", nx.grid_2d_graph(4, 4, periodic=True), 8 / 4**3),
        ("Petersen: a Moore graph", nx.petersen_graph(), 1 / 5),
        ("square grid: the middle cut", nx.grid_2d_graph(4, 4), 4 / 4**3),
        ("king grid: the middle cut", nx.strong_product(nx.path_graph(4), nx.path_graph(4)), 10 / 64),
        ("path of two", nx.path_graph(2), 1.0),
        ("star: each leaf's own link", nx.star_graph(5), 1 / 5),
    ],
)
@pytest.mark.parametrize("symmetric", [True, False])
def test_closed_forms_lie_in_narrow_intervals(name: str, graph: nx.Graph[Any], truth: float, symmetric: bool) -> None:
    fabric = undirected(graph).fabric()
    answer = solve(fabric, symmetry=None if symmetric else Symmetry.none(fabric=fabric))
    assert answer.lower_per_s <= truth * (1 + 1e-12), name
    assert truth <= answer.upper_per_s * (1 + 1e-12), name
    assert answer.width <= 1e-3, name


def test_a_narrower_interval_is_found_when_it_is_asked_for() -> None:
    answer = solve(GRID, rtol=1e-4)
    exact = max_throughput(fabric=GRID, traffic=all_to_all(fabric=GRID), method="exact")
    assert answer.width <= 1e-4
    assert answer.lower_per_s <= exact.upper_per_s
    assert exact.lower_per_s <= answer.upper_per_s


def test_rates_may_differ_by_eighteen_orders_of_magnitude() -> None:
    # a ring of fast links, and one node behind a slow one: it alone decides
    graph: nx.Graph[int] = nx.Graph()
    graph.add_edges_from(nx.cycle_graph(6).edges, capacity_bps=1e15)
    graph.add_edge(0, 6, capacity_bps=1e-3)
    answer = solve(from_networkx(graph, name="slow tail", gpus=1))
    assert answer.lower_per_s == pytest.approx(1e-3 / 6, rel=1e-3)
    assert answer.upper_per_s == pytest.approx(1e-3 / 6, rel=1e-9)


def test_one_host_interface_binds() -> None:
    graph = nx.complete_graph(5)
    nx.set_node_attributes(graph, {2: 0.5}, "host_bps")
    answer = solve(from_networkx(graph, name="host", gpus=1, capacity_bps=1.0))
    assert answer.lower_per_s == pytest.approx(0.5 / 4, rel=1e-12)  # four others to send to
    assert answer.width <= 1e-12
    assert "host interface" in answer.method


def test_traffic_of_one_source_to_where_there_is_a_way_only_there() -> None:
    # nothing leads back, and node 3 has no link at all
    net = Net((1, 1, 1, 0), {(0, 1): 1.0, (1, 2): 2.0, (0, 2): 0.5})
    fabric = net.fabric()
    bits = np.zeros((4, 4))
    bits[0, 1], bits[0, 2] = 1.0, 2.0
    answer = solve(fabric, from_matrix(fabric=fabric, bits=bits, name="one source"))
    truth = path_throughput(net, bits, np.zeros(4))
    assert answer.lower_per_s <= truth * (1 + 1e-9)
    assert answer.lower_per_s == pytest.approx(truth, rel=1e-3)


def test_a_permutation_of_nodes_is_carried() -> None:
    fabric = undirected(nx.petersen_graph()).fabric()
    traffic = permutation(fabric=fabric, image=[*range(5, 10), *range(5)])
    exact = max_throughput(fabric=fabric, traffic=traffic, method="exact")
    answer = solve(fabric, traffic, rtol=1e-2)
    assert answer.lower_per_s <= exact.upper_per_s * (1 + ROUNDING)
    assert exact.lower_per_s <= answer.upper_per_s * (1 + ROUNDING)


# --- properties of any throughput


@SMALL
@given(nets(), st.sampled_from([2.0**-40, 0.25, 2.0, 2.0**50]))
def test_scaling_every_rate_by_a_power_of_two_scales_both_ends_exactly(net: Net, factor: float) -> None:
    one, other = solve(net.fabric()), solve(net.scaled(factor).fabric())
    # powers of two round nothing, so that every step is the same but for its scale; the slow modes are found in sums
    assert other.lower_per_s == pytest.approx(factor * one.lower_per_s, rel=1e-3)
    assert other.lower_per_s <= factor * one.upper_per_s * (1 + 1e-12)
    assert factor * one.lower_per_s <= other.upper_per_s * (1 + 1e-12)


@SMALL
@given(nets(), st.data())
def test_another_link_never_lowers_the_upper_end_below_the_old_lower_one(net: Net, data: st.DataObject) -> None:
    there = set(net.capacity)
    missing = [(i, j) for i in range(net.n) for j in range(net.n) if i != j and (i, j) not in there]
    if not missing:
        return
    more = replace(net, capacity={**net.capacity, data.draw(st.sampled_from(missing)): 3.0})
    assert solve(more.fabric()).upper_per_s >= solve(net.fabric()).lower_per_s * (1 - 1e-12)


def test_terminals_in_parallel_count_together() -> None:
    twice: nx.MultiGraph[int] = nx.MultiGraph()
    for u, v in nx.petersen_graph().edges:
        twice.add_edge(u, v, capacity_bps=1.0)
        twice.add_edge(u, v, capacity_bps=1.0)
    answer = solve(from_networkx(twice, name="two terminals", gpus=1, merge_parallel=True))
    assert answer.lower_per_s == pytest.approx(2 / 5, rel=1e-3)
    assert answer.upper_per_s >= 2 / 5 * (1 - 1e-12)


# --- a certificate that was tampered with


@pytest.mark.parametrize("part", [1e-8, 1e-3, 1.0])
def test_a_flow_that_lost_a_part_is_refused(part: float) -> None:
    answer = solve(GRID)
    inner = flows(answer)
    changed = inner.flow.copy()
    most = int(np.argmax(np.abs(changed[3])))
    changed[3, most] -= int(part * changed[3, most])
    routing: Any = replace(inner, flow=changed)
    if isinstance(answer.routing, MirroredRouting):
        routing = MirroredRouting(inner=routing)
    with pytest.raises(CertificateError, match=r"not conserved|rounds/s"):
        replace(answer, routing=routing).verify(fabric=GRID, traffic=all_to_all(fabric=GRID))


def test_ends_that_claim_more_are_refused() -> None:
    answer, traffic = solve(GRID), all_to_all(fabric=GRID)
    with pytest.raises(CertificateError, match="its routing carries"):
        replace(answer, lower_per_s=answer.lower_per_s * 1.001).verify(fabric=GRID, traffic=traffic)
    with pytest.raises(CertificateError, match="its prices prove only"):
        replace(answer, upper_per_s=answer.upper_per_s * 0.999).verify(fabric=GRID, traffic=traffic)


# --- stopped


class Interrupting(Executor):
    """Runs everything at once, until somebody presses the keys."""

    def __init__(self, after: int) -> None:
        self.left = after

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.left -= 1
        if self.left < 0:
            raise KeyboardInterrupt
        future: Future[Any] = Future()
        future.set_result(function(*args, **kwargs))
        return future


@pytest.mark.parametrize("after", [20, 33, 50])
def test_an_interrupt_in_the_executor_leaves_a_valid_interval(after: int) -> None:
    answer = solve(GRID, rtol=1e-9, executor=Interrupting(after))
    assert 0 < answer.lower_per_s < answer.upper_per_s
    assert answer.note.startswith("interrupted")


def test_an_interrupt_before_there_is_any_routing_is_passed_on() -> None:
    with pytest.raises(KeyboardInterrupt):
        large_throughput(fabric=GRID, traffic=all_to_all(fabric=GRID), executor=Interrupting(1))


def test_an_interrupt_from_who_is_told_leaves_a_valid_interval(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("optimize.flow.large.progress._REPORT_S", 0.0)

    def pressed(progress: LargeProgress) -> None:
        if progress.lower_per_s > 0:
            raise KeyboardInterrupt

    answer = solve(GRID, rtol=1e-9, progress=pressed)
    assert 0 < answer.lower_per_s < answer.upper_per_s
    assert "interrupted" in answer.note


@pytest.mark.parametrize("limit_s", [0.0, 0.01])
def test_no_time_leaves_the_first_routing_and_says_so(limit_s: float) -> None:
    answer = solve(GRID, rtol=1e-12, time_limit_s=limit_s)
    assert 0 < answer.lower_per_s < answer.upper_per_s
    assert f"the time limit of {limit_s:g} s is over" in answer.note


def test_a_width_that_is_out_of_reach_ends_by_itself() -> None:
    answer = solve(grid(3), rtol=1e-15)
    assert "no pass gains anything any more" in answer.note or answer.width <= 1e-15


# --- where it runs, and who is told


def test_the_executor_changes_nothing() -> None:
    answers = [solve(GRID, rtol=1e-3)]
    with ThreadPoolExecutor(3) as threads:
        answers.append(solve(GRID, rtol=1e-3, executor=threads))
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as processes:
        answers.append(solve(GRID, rtol=1e-3, executor=processes))
    assert len({(a.lower_per_s, a.upper_per_s) for a in answers}) == 1
    assert all(np.array_equal(flows(answers[0]).flow, flows(a).flow) for a in answers)


def test_the_same_seed_gives_the_same_answer_and_any_seed_a_valid_one() -> None:
    first, again, other = (solve(GRID, seed=seed) for seed in (1, 1, 2))
    assert (first.lower_per_s, first.upper_per_s) == (again.lower_per_s, again.upper_per_s)
    assert first.lower_per_s <= other.upper_per_s
    assert other.lower_per_s <= first.upper_per_s


def test_progress_is_told_and_its_ends_only_come_closer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("optimize.flow.large.progress._REPORT_S", 0.0)
    told: list[LargeProgress] = []
    answer = solve(GRID, rtol=1e-4, progress=told.append)
    assert len(told) > 10
    assert all(a.elapsed_s <= b.elapsed_s for a, b in itertools.pairwise(told))
    # up to the rounding that the final check removes
    assert all(a.lower_per_s <= b.lower_per_s * (1 + 1e-9) for a, b in itertools.pairwise(told))
    assert all(a.upper_per_s >= b.upper_per_s for a, b in itertools.pairwise(told))
    assert told[-1].stage == "done"
    assert (told[-1].lower_per_s, told[-1].upper_per_s) == (answer.lower_per_s, answer.upper_per_s)
    assert "width" in str(told[-1])


def test_memory_is_that_of_the_flows_and_orders() -> None:
    traffic = all_to_all(fabric=GRID)
    without = large_memory_bytes(fabric=GRID, traffic=traffic, symmetry=Symmetry.none(fabric=GRID))
    assert without == 16 * (GRID.n_links * 4 + 16 * 2)  # 4 bytes a flow, 2 a place
    ring = undirected(nx.cycle_graph(16)).fabric()
    assert large_memory_bytes(fabric=ring, traffic=all_to_all(fabric=ring)) == 16 * 4 + 16 * 2  # one orbit


# --- misuse


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rtol": 0.0}, "rtol"),
        ({"rtol": math.nan}, "rtol"),
        ({"at_once": 0}, "at_once"),
        ({"time_limit_s": -1.0}, "time_limit_s"),
        ({"time_limit_s": math.nan}, "time_limit_s"),
    ],
)
def test_wrong_arguments_are_named(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        solve(GRID, **options)


def test_traffic_without_a_path_is_refused() -> None:
    fabric = Net((1, 1, 1), {(0, 1): 1.0, (1, 0): 1.0, (1, 2): 1.0}).fabric()  # nothing leaves node 2
    with pytest.raises(ValueError, match="no path from 2 to 0"):
        solve(fabric)


def test_traffic_that_stays_inside_the_nodes_is_refused() -> None:
    fabric = Net((2, 0), {(0, 1): 1.0, (1, 0): 1.0}, {"local_bps": (1.0, 1.0)}).fabric()
    with pytest.raises(ValueError, match="sends nothing between nodes"):
        large_throughput(fabric=fabric, traffic=all_to_all(fabric=fabric))


def test_traffic_of_another_fabric_is_refused() -> None:
    with pytest.raises(ValueError, match=r"9 nodes.*has 16"):
        large_throughput(fabric=GRID, traffic=all_to_all(fabric=grid(3)))


def test_arrays_cannot_be_changed_afterwards() -> None:
    kept = flows(solve(GRID)).flow
    with pytest.raises(ValueError, match="read-only"):
        kept[0, 0] = 1
