"""Symmetries are found, shrink when anything is changed, and leave the exact answer what it was."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given

from optimize.flow.certificate import achieved_per_s, price_bound_per_s
from optimize.flow.certified import Throughput
from optimize.flow.mixture import MirroredRouting
from optimize.flow.orbit_problem import solve_by_orbits
from optimize.flow.symmetry import Symmetry, find_symmetry
from optimize.flow.throughput import least_flow, max_throughput
from optimize.flow.traffic import Traffic, all_to_all, from_matrix, permutation
from tests.optimize.graphs import SMALL, Net, nets, path_throughput, ring, undirected
from topo.fabric import Fabric
from topo.graph import from_networkx
from topo.ground import nvl72

KING = nx.strong_product(nx.path_graph(5), nx.path_graph(5))


def king(k: int) -> Fabric:
    return undirected(nx.strong_product(nx.path_graph(k), nx.path_graph(k))).fabric()


def of(fabric: Fabric, traffic: Traffic | None = None) -> Symmetry:
    return find_symmetry(fabric=fabric, traffic=traffic or all_to_all(fabric=fabric))


def arcs_in(symmetry: Symmetry) -> int:
    return int(symmetry.arc.max()) + 1


@pytest.mark.parametrize(
    ("graph", "nodes", "arcs"),
    [
        (nx.cycle_graph(7), 1, 1),
        (nx.hypercube_graph(4), 1, 1),
        (nx.petersen_graph(), 1, 1),
        (nx.complete_bipartite_graph(3, 4), 2, 2),
        (nx.path_graph(5), 3, 4),
        (KING, 6, None),  # one in eight of the square, its edges counted in
        (nx.circular_ladder_graph(5), 1, 2),
    ],
)
def test_orbits_of_known_graphs(graph: nx.Graph[Any], nodes: int, arcs: int | None) -> None:
    found = of(undirected(graph).fabric())
    assert found.n_orbits == nodes
    assert arcs is None or arcs_in(found) == arcs


def test_every_gpu_of_a_rack_is_like_every_other() -> None:
    assert of(nvl72()).n_orbits == 2  # GPUs and switches


def test_directed_ring_turns_but_has_no_mirror() -> None:
    found = of(Net((1,) * 6, {(v, (v + 1) % 6): 1.0 for v in range(6)}).fabric())
    assert found.n_orbits == 1
    for image in found.generators:
        assert all((image[(v + 1) % 6] - image[v]) % 6 == 1 for v in range(6))


@SMALL
@given(nets())
def test_generators_keep_everything(net: Net) -> None:
    for image in of(net.fabric()).generators:
        assert {(image[i], image[j]): c for (i, j), c in net.capacity.items()} == net.capacity
        assert tuple(net.gpus[v] for v in image) == net.gpus
        assert {image[v] for v in net.closed} == net.closed
        for name in net.limits:
            assert tuple(net.limit(name)[v] for v in image) == net.limit(name)


def test_group_shrinks_when_one_arc_is_perturbed_and_not_by_rounding() -> None:
    whole = king(4)
    # Burnside: of 8 motions the identity leaves all 84 arcs where they are, two mirrors the 6 on their diagonal each
    assert (of(whole).n_orbits, arcs_in(of(whole))) == (3, (84 + 2 * 6) // 8)
    capacity = whole.capacity_bps.copy()
    capacity[0] *= 1 + 1e-13
    assert of(replace(whole, capacity_bps=capacity)).n_orbits == 3
    corner = int(np.flatnonzero((whole.tail == 0) & (whole.head == 5))[0])
    for arc, orbits in ((corner, 10), (0, 16)):  # on a diagonal of the square one mirror is left, elsewhere none
        capacity = whole.capacity_bps.copy()
        capacity[arc] *= 1 + 1e-6
        assert of(replace(whole, capacity_bps=capacity)).n_orbits == orbits


@pytest.mark.parametrize("name", ["host_bps", "switch_bps", "local_bps", "port_bps"])
def test_group_shrinks_when_one_node_limit_is_perturbed(name: str) -> None:
    whole = ring(6).fabric()
    limits: dict[str, Any] = {name: np.where(np.arange(6) == 0, 1.0, math.inf)}
    assert of(replace(whole, **limits)).n_orbits == 4


def test_traffic_colours_the_nodes_and_the_pairs() -> None:
    assert of(Net((2, 1, 1, 1, 1, 1), ring(6).capacity).fabric()).n_orbits == 4
    fabric = ring(6).fabric()
    bits = np.zeros((6, 6))
    bits[0, 3] = 1.0
    assert of(fabric, from_matrix(fabric=fabric, bits=bits, name="one")).n_orbits == 4
    turned = permutation(fabric=fabric, image=(np.arange(6) + 1) % 6)
    found = of(fabric, turned)
    assert found.n_orbits == 1
    assert arcs_in(found) == 2  # the ring turns with the traffic, and has no mirror any more


# --- the exact problem


def solved(fabric: Fabric, traffic: Traffic, symmetry: Symmetry | None = None) -> tuple[float, float]:
    routing, prices, _ = solve_by_orbits(fabric=fabric, traffic=traffic, symmetry=symmetry or of(fabric, traffic))
    return (
        achieved_per_s(fabric=fabric, traffic=traffic, routing=routing),
        price_bound_per_s(fabric=fabric, traffic=traffic, prices=prices),
    )


@SMALL
@given(nets())
def test_orbits_agree_with_the_path_formulation(net: Net) -> None:
    fabric = net.fabric()
    local = np.maximum(np.array(net.gpus, dtype=float) - 1.0, 0.0)
    truth = path_throughput(net, net.all_to_all(), local)
    for symmetry in (of(fabric), Symmetry.none(fabric=fabric)):
        lower, upper = solved(fabric, all_to_all(fabric=fabric), symmetry)
        # an interior point stops within 1e-7; what it lacks is repaired, so both ends are certified
        assert truth * (1 - 1e-5) <= lower <= truth * (1 + 1e-7)
        # limits of single nodes have prices of their own, which are not the program's to find
        binds = min(net.limit(name)[v] for name in ("host_bps", "local_bps", "port_bps") for v in range(net.n))
        assert math.isfinite(binds) or truth * (1 - 1e-7) <= upper <= truth * (1 + 1e-5)


@pytest.mark.parametrize("limit", [2.5, 4.0, 7.0])
def test_limited_switches_that_are_alike_are_pooled(limit: float) -> None:
    net = replace(ring(6), limits={"switch_bps": (limit,) * 6})
    truth = path_throughput(net, net.all_to_all(), np.zeros(6))
    lower, upper = solved(net.fabric(), all_to_all(fabric=net.fabric()))
    assert lower == pytest.approx(truth, rel=1e-6)
    assert upper == pytest.approx(truth, rel=1e-6)


def test_symmetry_of_capacities_up_to_rounding_still_proves_a_true_bound() -> None:
    fabric = king(4)
    rounded = fabric.capacity_bps * (1 + 1e-12 * np.sin(np.arange(fabric.n_arcs)))
    blurred = replace(fabric, capacity_bps=rounded)
    lower, upper = solved(blurred, all_to_all(fabric=blurred))
    assert of(blurred).n_orbits == 3
    assert lower <= (3 * 4 - 2) / (4**2 // 2) ** 2 * (1 + 1e-11)
    assert upper / lower - 1 < 1e-6


def lattice(k: int, options: dict[str, Any]) -> tuple[Throughput, Fabric]:
    fabric = king(k)
    return max_throughput(fabric=fabric, traffic=all_to_all(fabric=fabric), **options), fabric


def test_max_throughput_takes_the_symmetries_out_of_large_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("optimize.flow.throughput._MANY_FLOWS", 100)
    answer, fabric = lattice(4, {})
    assert answer.method.startswith("linear program by orbits")
    assert isinstance(answer.routing, MirroredRouting)
    assert answer.lower_per_s == pytest.approx((3 * 4 - 2) / (4**2 // 2) ** 2, rel=1e-6)
    traffic = all_to_all(fabric=fabric)
    answer.verify(fabric=fabric, traffic=traffic)
    lean = least_flow(fabric=fabric, traffic=traffic, throughput=answer)
    lean.verify(fabric=fabric, traffic=traffic)
    square = nx.strong_product(nx.path_graph(4), nx.path_graph(4))
    hops = sum(sum(row.values()) for _, row in nx.all_pairs_shortest_path_length(square))
    total = float(lean.routing.arc_bit(fabric=fabric, traffic=traffic).sum())
    assert (
        hops * (1 - 1e-6) <= total <= float(answer.routing.arc_bit(fabric=fabric, traffic=traffic).sum()) * (1 + 1e-6)
    )
    assert lean.lower_per_s == pytest.approx(answer.lower_per_s, rel=2e-5)


@pytest.mark.slow
@pytest.mark.parametrize(("k", "orbits"), [(9, 15), (12, 21)])
def test_king_grids_of_81_and_144_nodes_meet_their_closed_form(k: int, orbits: int) -> None:
    answer, fabric = lattice(k, {})
    truth = (3 * k - 2) / ((k // 2) * -(-k // 2) * k**2)
    assert f"{orbits} orbits" in answer.method
    assert answer.lower_per_s <= truth * (1 + 1e-9) <= answer.upper_per_s * (1 + 2e-9)
    assert answer.width < 1e-6
    answer.verify(fabric=fabric, traffic=all_to_all(fabric=fabric))


@pytest.mark.parametrize(("n", "n_orbits"), [(20, 1), (300, 300)])
def test_hundreds_of_nodes_all_joined_are_left_as_they_are_too(n: int, n_orbits: int) -> None:
    fabric = from_networkx(nx.complete_graph(n), name="all", gpus=1, capacity_bps=1e12)
    assert find_symmetry(fabric=fabric, traffic=all_to_all(fabric=fabric)).n_orbits == n_orbits


@pytest.mark.parametrize(("leaves", "n_orbits"), [(30, 2), (3000, 3001)])
def test_thousands_of_nodes_round_one_switch_are_left_as_they_are(leaves: int, n_orbits: int) -> None:
    # Each pair of leaves is a generator of its own, which says of every vertex where it goes: gigabytes in all.
    graph: nx.Graph[Any] = nx.star_graph(leaves)
    graph.add_nodes_from((v, {"gpus": int(v > 0)}) for v in list(graph))
    fabric = from_networkx(graph, name="star", capacity_bps=1e12)
    assert find_symmetry(fabric=fabric, traffic=all_to_all(fabric=fabric)).n_orbits == n_orbits
