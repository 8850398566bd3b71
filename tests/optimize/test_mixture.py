"""Routings in whole units, over symmetries and with their reversal: loads by hand, and what they refuse to prove."""

from __future__ import annotations

import pickle
from dataclasses import replace
from typing import Any

import networkx as nx
import numpy as np
import pytest
from scipy import sparse

from optimize.flow.certificate import achieved_per_s
from optimize.flow.mixture import MirroredRouting, SymmetricRouting, UnitFlowRouting, same_both_ways
from optimize.flow.routing import CertificateError, FlowRouting, ecmp
from optimize.flow.traffic import Traffic, all_to_all, from_matrix
from tests.optimize.graphs import Net, ring, undirected
from topo.fabric import Fabric

PATH = undirected(nx.path_graph(3)).fabric()


def units(fabric: Fabric, rows: dict[int, dict[tuple[int, int], int]], unit_bit: float = 1.0) -> UnitFlowRouting:
    """Units by source and arc."""
    link = {(int(i), int(j)): int(e) for i, j, e in zip(fabric.tail, fabric.head, fabric.link_of_arc, strict=True)}
    flow = np.zeros((len(rows), fabric.n_links), dtype=np.int16)
    for k, row in enumerate(rows.values()):
        for (i, j), count in row.items():
            flow[k, link.get((i, j), link.get((j, i), 0))] += count if i < j else -count
    return UnitFlowRouting(sources=np.array(list(rows)), unit_bit=np.full(len(rows), unit_bit), flow=flow)


def on_path(**change: int) -> UnitFlowRouting:
    """All-to-all on a path of three nodes, half a bit to a unit, with one count changed."""
    counts: dict[str, int] = {"a01": 4, "a12": 2, "b10": 2, "b12": 2, "c21": 4, "c10": 2} | change
    rows: dict[int, dict[tuple[int, int], int]] = {0: {}, 1: {}, 2: {}}
    for name, count in counts.items():
        rows["abc".index(name[0])][int(name[1]), int(name[2])] = count
    return units(PATH, rows, 0.5)


def loads(fabric: Fabric, routing: Any, traffic: Traffic) -> dict[tuple[int, int], float]:
    bits = routing.arc_bit(fabric=fabric, traffic=traffic)
    return {(int(i), int(j)): float(b) for i, j, b in zip(fabric.tail, fabric.head, bits, strict=True)}


def test_loads_on_a_path_are_the_pairs_that_cross_each_link() -> None:
    found = loads(PATH, on_path(), all_to_all(fabric=PATH))
    assert found == {(0, 1): 2.0, (1, 0): 2.0, (1, 2): 2.0, (2, 1): 2.0}


def test_units_and_explicit_flows_of_the_same_routing_agree() -> None:
    fabric = undirected(nx.petersen_graph()).fabric()
    traffic = all_to_all(fabric=fabric)
    rows: dict[int, dict[tuple[int, int], int]] = {}
    dense = np.zeros((10, fabric.n_arcs))
    arcs = {(int(i), int(j)): e for e, (i, j) in enumerate(zip(fabric.tail, fabric.head, strict=True))}
    for s in range(10):
        rows[s] = {}
        for path in nx.single_source_shortest_path(nx.petersen_graph(), s).values():
            for arc in nx.utils.pairwise(path):
                rows[s][arc] = rows[s].get(arc, 0) + 1
                dense[s, arcs[arc]] += 1.0
    plain = FlowRouting(sources=np.arange(10), flow_bit=sparse.csr_array(dense))
    expected = plain.arc_bit(fabric=fabric, traffic=traffic)
    assert units(fabric, rows).arc_bit(fabric=fabric, traffic=traffic) == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize("name", ["a01", "a12", "b10", "b12", "c21", "c10"])
def test_one_unit_too_few_anywhere_is_refused(name: str) -> None:
    counts = {"a01": 4, "a12": 2, "b10": 2, "b12": 2, "c21": 4, "c10": 2}
    with pytest.raises(CertificateError, match="not conserved"):
        on_path(**{name: counts[name] - 1}).arc_bit(fabric=PATH, traffic=all_to_all(fabric=PATH))


def test_more_than_is_wanted_may_arrive_and_is_paid_for() -> None:
    found = loads(PATH, on_path(a01=6), all_to_all(fabric=PATH))
    assert found[0, 1] == 3.0


def test_rounding_of_the_units_raises_the_loads_and_more_is_refused() -> None:
    traffic = all_to_all(fabric=PATH)
    exact = on_path()
    part = 1e-7
    less = replace(exact, unit_bit=exact.unit_bit * (1 - part), flow=exact.flow.copy())
    raised = less.arc_bit(fabric=PATH, traffic=traffic)
    # each of two demands lacks 1e-7, so that 2e-7 may be missing of either
    assert raised == pytest.approx(2.0 * (1 - part) / (1 - 2 * part), rel=1e-12)
    with pytest.raises(CertificateError, match="not conserved"):
        replace(exact, unit_bit=exact.unit_bit * (1 - 1e-3)).arc_bit(fabric=PATH, traffic=traffic)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"flow": np.zeros((3, 3), dtype=np.int16)}, "sources by links"),
        ({"flow": np.zeros((3, 2))}, "whole numbers"),
        ({"unit_bit": np.array([0.5, 0.0, 0.5])}, "positive bits"),
        ({"unit_bit": np.array([0.5, np.nan, 0.5])}, "positive bits"),
        ({"sources": np.array([0, 1, 1])}, "once each"),
        ({"sources": np.array([0, 1, 9])}, "no other"),
    ],
)
def test_arrays_that_are_no_routing_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(CertificateError, match=message):
        replace(on_path(), **change).arc_bit(fabric=PATH, traffic=all_to_all(fabric=PATH))


def test_closed_node_must_not_forward() -> None:
    closed = Net((1, 1, 1), {(0, 1): 1.0, (1, 0): 1.0, (1, 2): 1.0, (2, 1): 1.0}, {}, frozenset({1})).fabric()
    with pytest.raises(CertificateError, match="node 1 forwards"):
        on_path().arc_bit(fabric=closed, traffic=all_to_all(fabric=closed))


def test_link_of_one_direction_carries_nothing_back() -> None:
    fabric = Net((1, 1, 1), {(0, 1): 1.0, (1, 2): 1.0, (2, 0): 1.0}).fabric()
    routing = units(fabric, {v: {(v, w): 1 for w in range(3) if w != v} for v in range(3)})
    with pytest.raises(CertificateError, match="no arc"):
        routing.arc_bit(fabric=fabric, traffic=all_to_all(fabric=fabric))


# --- one source for all


def turned(n: int, *, sources: tuple[int, ...] = (0,), by: int = 1) -> tuple[Fabric, SymmetricRouting]:
    """A ring, one source with its flows both ways, and a rotation."""
    fabric = ring(n).fabric()
    half = n // 2
    right = {(k, (k + 1) % n): half - k for k in range(half)}
    left = {((-k) % n, (-k - 1) % n): half - k for k in range(half)}
    both = right | left
    rows = {s: {((i + s) % n, (j + s) % n): count for (i, j), count in both.items()} for s in sources}
    inner = units(fabric, rows, n / len(sources))
    generators = (np.arange(n)[None, :] + by) % n
    return fabric, SymmetricRouting(inner=inner, sources=np.array(sources), generators=generators)


@pytest.mark.parametrize("n", [5, 7])
def test_one_source_of_an_odd_ring_gives_the_closed_form(n: int) -> None:
    fabric, routing = turned(n)
    # every link lies on h (h + 1) / 2 of the paths of each direction, h = (n - 1) / 2
    rate = achieved_per_s(fabric=fabric, traffic=all_to_all(fabric=fabric), routing=routing)
    assert rate == pytest.approx(8 / (n * n - 1), rel=1e-12)


def test_average_is_over_the_group_that_is_given() -> None:
    fabric = undirected(nx.path_graph(3)).fabric()
    flip = np.array([[2, 1, 0]])
    inner = units(fabric, {0: {(0, 1): 4, (1, 2): 2}, 1: {(1, 2): 2}})
    routing = SymmetricRouting(inner=inner, sources=np.array([0, 1]), generators=flip)
    with pytest.raises(CertificateError, match="not conserved"):
        routing.arc_bit(fabric=fabric, traffic=all_to_all(fabric=fabric))  # node 1 sends nothing to 0
    inner = units(fabric, {0: {(0, 1): 4, (1, 2): 2}, 1: {(1, 2): 1, (1, 0): 1}})
    routing = replace(routing, inner=inner)
    assert set(loads(fabric, routing, all_to_all(fabric=fabric)).values()) == {2.0}


def _image(images: list[int]) -> dict[str, Any]:
    return {"generators": np.array([images])}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_image([0, 1, 2, 3, 3]), "permutation"),
        (_image([1, 0, 2, 3, 4]), "every arc to an arc"),
        ({"sources": np.array([1])}, "name every one"),
        ({"generators": np.zeros((0, 5), dtype=np.int64)}, "one for each orbit"),
    ],
)
def test_what_is_no_symmetry_is_refused(change: dict[str, Any], message: str) -> None:
    fabric, routing = turned(5)
    with pytest.raises(CertificateError, match=message):
        replace(routing, **change).arc_bit(fabric=fabric, traffic=all_to_all(fabric=fabric))


def test_two_sources_of_one_orbit_are_refused() -> None:
    fabric, routing = turned(5, sources=(0, 1))
    with pytest.raises(CertificateError, match="one for each orbit"):
        routing.arc_bit(fabric=fabric, traffic=all_to_all(fabric=fabric))


def test_symmetry_that_changes_the_traffic_is_refused() -> None:
    _, routing = turned(5)
    busy = Net((2, 1, 1, 1, 1), ring(5).capacity).fabric()
    with pytest.raises(CertificateError, match="who sends what"):
        routing.arc_bit(fabric=busy, traffic=all_to_all(fabric=busy))
    wanted = np.zeros((5, 5))
    wanted[0, 1] = 1.0
    explicit = from_matrix(fabric=busy, bits=wanted, name="one")
    with pytest.raises(CertificateError, match="who sends what"):
        routing.arc_bit(fabric=busy, traffic=explicit)


def test_symmetry_that_opens_a_closed_node_is_refused() -> None:
    _, routing = turned(5)
    closed = replace(ring(5), closed=frozenset({2})).fabric()
    with pytest.raises(CertificateError, match="which nodes forward"):
        routing.arc_bit(fabric=closed, traffic=all_to_all(fabric=closed))


# --- with its reversal


def test_reversal_evens_out_both_directions_and_keeps_the_total() -> None:
    fabric = undirected(nx.cycle_graph(4)).fabric()
    traffic = all_to_all(fabric=fabric)
    # two hops always clockwise
    rows = {s: {(s, (s + 1) % 4): 2, ((s + 1) % 4, (s + 2) % 4): 1, (s, (s + 3) % 4): 1} for s in range(4)}
    inner = units(fabric, rows)
    before, after = (loads(fabric, r, traffic) for r in (inner, MirroredRouting(inner=inner)))
    assert sorted(before.values()) == [1.0] * 4 + [3.0] * 4
    assert set(after.values()) == {2.0}


def test_reversal_needs_the_same_traffic_both_ways_and_every_arc_twice() -> None:
    fabric = ring(4).fabric()
    wanted = np.zeros((4, 4))
    wanted[0, 1] = 1.0
    traffic = from_matrix(fabric=fabric, bits=wanted, name="one")
    assert not same_both_ways(traffic=traffic)
    with pytest.raises(CertificateError, match="not the same in both"):
        MirroredRouting(inner=ecmp(fabric=fabric)).arc_bit(fabric=fabric, traffic=traffic)
    one_way = Net((1, 1, 1), {(0, 1): 1.0, (1, 2): 1.0, (2, 0): 1.0}).fabric()
    with pytest.raises(CertificateError, match="no reverse"):
        MirroredRouting(inner=ecmp(fabric=one_way)).arc_bit(fabric=one_way, traffic=all_to_all(fabric=one_way))


def test_flows_are_read_only_after_pickling() -> None:
    routing = pickle.loads(pickle.dumps(on_path()))
    for array in (routing.flow, routing.sources, routing.unit_bit):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1
