"""Resources that links share: terminals, channels, watts, against the path formulation and by hand."""

from __future__ import annotations

import math
import pickle

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from optimize.flow.certificate import utilisation
from optimize.flow.certified import Throughput
from optimize.flow.limits import Limits
from optimize.flow.problem import NotSolvedError, ThroughputProblem
from optimize.flow.throughput import binding, max_throughput
from optimize.flow.traffic import all_to_all
from tests.optimize.graphs import SMALL, Net, nets, path_throughput, ring, undirected


def solve(net: Net, limits: Limits, **options: str) -> Throughput:
    fabric = net.fabric()
    return max_throughput(fabric=fabric, traffic=all_to_all(fabric=fabric), limits=limits, **options)  # type: ignore[arg-type]


def limits_of(use: np.ndarray, supply: list[float]) -> Limits:
    names = tuple(f"resource {r}" for r in range(len(supply)))
    return Limits(names=names, supply=np.array(supply), use=sparse.csr_array(use))


def links(net: Net) -> list[tuple[int, int]]:
    """Links in the order of `Fabric.link_of_arc`."""
    return sorted({(min(arc), max(arc)) for arc in net.capacity})


@SMALL
@given(nets(), st.data())
def test_linear_program_with_limits_agrees_with_the_path_formulation(net: Net, data: st.DataObject) -> None:
    r = data.draw(st.integers(1, 3))
    values = st.sampled_from([0.0, 0.5, 1.0, 2.0])
    use = np.array([[data.draw(values) for _ in links(net)] for _ in range(r)])
    supply = [data.draw(st.sampled_from([0.5, 2.0, 10.0, 1e6])) for _ in range(r)]
    local = np.maximum(np.array(net.gpus, dtype=float) - 1.0, 0.0)
    truth = path_throughput(net, net.all_to_all(), local, use=use, supply=np.array(supply))
    answer = solve(net, limits_of(use, supply))
    assert answer.lower_per_s <= truth * (1 + 1e-7)
    assert truth <= answer.upper_per_s * (1 + 1e-7)
    assert answer.width < 2e-6
    answer.verify(fabric=net.fabric(), traffic=all_to_all(fabric=net.fabric()), limits=limits_of(use, supply))


@pytest.mark.parametrize("watts_per_bps", [1.0, 1e-12, 1e12])
def test_ring_that_shares_watts_gets_what_they_buy(watts_per_bps: float) -> None:
    # All 6 links together may have 3 bit/s: by symmetry half a bit/s each, and a ring of 6 carries 2/9 of a link.
    answer = solve(ring(6), limits_of(np.full((1, 6), watts_per_bps), [3.0 * watts_per_bps]))
    assert answer.lower_per_s == pytest.approx(0.5 * 2 / 9, rel=2e-6)
    assert answer.upper_per_s == pytest.approx(0.5 * 2 / 9, rel=2e-6)


@pytest.mark.parametrize("share", [1e-3, 1e-9, 1e-15])
def test_resources_that_are_scarce_beside_the_capacities_close_the_certificate(share: float) -> None:
    net = undirected(nx.random_regular_graph(4, 12, seed=3), capacity=1e12)
    answer = solve(net, limits_of(np.ones((1, 24)), [24e12 * share]))
    # Capacity goes where shortest paths need it: in all, twice the supply over the distances.
    hops = sum(
        sum(row.values()) for _, row in nx.all_pairs_shortest_path_length(nx.random_regular_graph(4, 12, seed=3))
    )
    assert answer.width < 2e-6
    assert answer.upper_per_s <= 2 * 24e12 * share / hops * (1 + 1e-9)


def test_capacity_goes_where_it_is_needed() -> None:
    # A path of 4 whose links share 10 bit/s: they carry 3, 4 and 3 pairs each way.
    net = undirected(nx.path_graph(4), capacity=100.0)
    assert solve(net, limits_of(np.ones((1, 3)), [10.0])).lower_per_s == pytest.approx(1.0, rel=2e-6)


def test_limits_that_never_bind_change_nothing() -> None:
    net = undirected(nx.wheel_graph(7))
    fabric = net.fabric()
    free = max_throughput(fabric=fabric, traffic=all_to_all(fabric=fabric))
    assert solve(net, limits_of(np.ones((1, 12)), [1e9])).lower_per_s == pytest.approx(free.lower_per_s, rel=2e-6)


def test_more_supply_never_lowers_the_throughput() -> None:
    answers = [solve(ring(5), limits_of(np.ones((1, 5)), [supply])) for supply in (1.0, 2.0, 4.9, 5.0, 50.0)]
    lower = [answer.lower_per_s for answer in answers]
    assert (np.diff(lower) >= -1e-6 * lower[-1]).all()
    assert lower[-1] == pytest.approx(2 / 6, rel=2e-6)


def test_both_directions_of_a_link_get_the_same_capacity() -> None:
    fabric = Net((1, 1), {(0, 1): 9.0, (1, 0): 9.0}).fabric()
    limits = limits_of(np.ones((1, 1)), [4.0])
    answer = max_throughput(fabric=fabric, traffic=all_to_all(fabric=fabric), limits=limits)
    assert answer.lower_per_s == pytest.approx(4.0, rel=2e-6)  # each way; not 2
    used = utilisation(fabric=fabric, traffic=all_to_all(fabric=fabric), routing=answer.routing, limits=limits)
    assert used.limit[0] * answer.lower_per_s == pytest.approx(1.0, rel=1e-9)


def test_binding_names_shared_resources() -> None:
    fabric = ring(6).fabric()
    limits = limits_of(np.ones((1, 6)), [3.0])
    answer = max_throughput(fabric=fabric, traffic=all_to_all(fabric=fabric), limits=limits)
    shares = binding(fabric=fabric, throughput=answer, limits=limits)
    assert shares[0][0] == "shared resources"
    assert math.fsum(share for _, share in shares) == pytest.approx(1.0)


def test_capacity_of_links_is_in_physical_units() -> None:
    fabric = ring(5, capacity=8e11).fabric()  # odd: one shortest path each, so that equal links are the only optimum
    limits = limits_of(np.full((1, 5), 1e-9), [2e3])  # 1 nW per bit/s; 2 kW buy 2 Tb/s over 5 links
    problem = ThroughputProblem(fabric=fabric, traffic=all_to_all(fabric=fabric), limits=limits)
    problem.solve()
    assert problem.link_bps is not None
    assert problem.link_bps.value == pytest.approx(np.full(5, 4e11), rel=1e-5)


def test_resource_of_which_there_is_none_leaves_nothing() -> None:
    with pytest.raises(NotSolvedError, match="throughput"):
        solve(ring(4), limits_of(np.ones((1, 4)), [0.0]))


def test_unused_resource_of_which_there_is_none_does_no_harm() -> None:
    assert solve(ring(4), limits_of(np.zeros((1, 4)), [0.0])).lower_per_s == pytest.approx(0.5, rel=2e-6)


@pytest.mark.parametrize(
    ("use", "supply", "says"),
    [
        (np.ones((1, 4)), [-1.0], "supply has a negative"),
        (np.ones((1, 4)), [math.inf], "supply has a negative or undefined"),
        (-np.ones((1, 4)), [1.0], "use has a negative"),
        (np.full((1, 4), math.nan), [1.0], "use has a negative or undefined"),
        (np.ones((2, 4)), [1.0], "they must agree"),
    ],
)
def test_limits_that_are_none_are_refused(use: np.ndarray, supply: list[float], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        limits_of(use, supply)


@pytest.mark.parametrize("method", ["auto", "direct", "exact"])
def test_limits_for_another_fabric_are_refused(method: str) -> None:
    with pytest.raises(ValueError, match="use has 5 columns, the fabric has 4 links"):
        solve(ring(4), limits_of(np.ones((1, 5)), [1.0]), method=method)


def test_limits_unpickle_read_only() -> None:
    limits = pickle.loads(pickle.dumps(limits_of(np.ones((1, 4)), [1.0])))
    for array in (limits.supply, limits.use.data):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 2.0
