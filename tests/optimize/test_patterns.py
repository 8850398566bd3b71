"""Traffic patterns against a list of every GPU's messages; tables there and back."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from types import SimpleNamespace
from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimize.flow import (
    Traffic,
    all_to_all,
    fan_out,
    from_frame,
    grouped,
    hot_spot,
    max_throughput,
    neighbours,
    pipeline,
    ring_shift,
    to_frame,
)
from tests.optimize.graphs import SMALL, Net, ring
from topo.fabric import Fabric
from topo.graph import from_networkx

Message = tuple[int, int, float]  # GPU, GPU, bits


def fabric_of(gpus: list[int]) -> Fabric:
    n = len(gpus)
    return Net(tuple(gpus), {(i, j): 1.0 for i in range(n) for j in range(n) if i != j}).fabric()


def home(gpus: list[int]) -> list[int]:
    """Node of every GPU."""
    return [v for v, count in enumerate(gpus) for _ in range(count)]


def check(traffic: Traffic, gpus: list[int], messages: Iterator[Message]) -> None:
    """Bits between nodes, the busiest GPU's bits inside its node, and the most that any GPU sends."""
    node = home(gpus)
    bits, local, sent = np.zeros((len(gpus),) * 2), np.zeros(len(node)), np.zeros(len(node))
    for a, b, bit in messages:
        assert a != b
        sent[a] += bit
        if node[a] == node[b]:
            local[a] += bit
        else:
            bits[node[a], node[b]] += bit
    busiest = [max((local[a] for a in range(len(node)) if node[a] == v), default=0.0) for v in range(len(gpus))]
    assert traffic.rows(np.arange(len(gpus))) == pytest.approx(bits, rel=1e-12)
    assert traffic.local_bit == pytest.approx(np.array(busiest), rel=1e-12)
    assert traffic.bit_per_gpu == pytest.approx(sent.max(), rel=1e-12)


@SMALL
@given(st.lists(st.integers(1, 4), min_size=2, max_size=5), st.booleans())
def test_ring_goes_from_every_gpu_to_the_next(gpus: list[int], both_ways: bool) -> None:
    total = sum(gpus)
    both_ways = both_ways and total > 2
    steps = (1, -1) if both_ways else (1,)
    messages = ((a, (a + step) % total, 1.0 / len(steps)) for a in range(total) for step in steps)
    check(ring_shift(fabric=fabric_of(gpus), both_ways=both_ways), gpus, messages)


@SMALL
@given(st.integers(1, 3), st.integers(2, 5), st.floats(0.1, 9.0), st.floats(0.0, 9.0))
def test_pipeline_goes_to_the_counterpart_in_the_next_stage_and_back(
    each: int, stages: int, ahead: float, back: float
) -> None:
    gpus = [each] * stages
    pairs = [(a, a + each) for a in range(each * (stages - 1))]
    messages = [*((a, b, ahead) for a, b in pairs), *((b, a, back) for a, b in pairs)]
    check(pipeline(fabric=fabric_of(gpus), forward_bit=ahead, back_bit=back), gpus, iter(messages))


@SMALL
@given(st.lists(st.integers(1, 3), min_size=2, max_size=4), st.floats(0.0, 9.0), st.floats(0.0, 9.0), st.data())
def test_groups_talk_inside_and_more_thinly_across(
    gpus: list[int], inside: float, across: float, data: st.DataObject
) -> None:
    total = sum(gpus)
    group = data.draw(st.lists(st.integers(0, 2), min_size=total, max_size=total))
    pairs = ((a, b) for a in range(total) for b in range(total) if a != b)
    messages = ((a, b, inside if group[a] == group[b] else across) for a, b in pairs)
    traffic = grouped(fabric=fabric_of(gpus), group=group, inside_bit=inside, across_bit=across)
    check(traffic, gpus, messages)


@SMALL
@given(st.lists(st.integers(1, 3), min_size=2, max_size=4), st.floats(0.0, 1.0))
def test_hot_spot_draws_its_share_and_the_rest_goes_evenly(gpus: list[int], share: float) -> None:
    node, total = home(gpus), sum(gpus)

    def messages() -> Iterator[Message]:
        for a in range(total):
            rest = 1.0 if node[a] == 0 else 1.0 - share
            yield from ((a, b, rest / (total - 1)) for b in range(total) if b != a)
            if node[a] != 0:
                yield from ((a, b, share / gpus[0]) for b in range(gpus[0]))

    check(hot_spot(fabric=fabric_of(gpus), node=0, share=share), gpus, messages())


def test_hot_spot_without_a_share_is_all_to_all() -> None:
    fabric = fabric_of([2, 1, 3])
    even, plain = hot_spot(fabric=fabric, node=1, share=0.0), all_to_all(fabric=fabric)
    assert even.rows([0, 1, 2]) * 5 == pytest.approx(plain.rows([0, 1, 2]))  # six GPUs: five others each


def test_halo_exchange_loads_every_link_of_a_torus_alike() -> None:
    # Degree 4 and 2 GPUs: half a bit on each arc, and no bit twice.
    torus = from_networkx(nx.grid_2d_graph(3, 3, periodic=True), name="torus", gpus=2, capacity_bps=1.0)
    traffic = neighbours(fabric=torus)
    bits = traffic.rows(np.arange(9))
    assert bits[torus.tail, torus.head] == pytest.approx(np.full(36, 0.5))
    assert bits.sum() == pytest.approx(18.0)
    assert max_throughput(fabric=torus, traffic=traffic).per_gpu_bps.lower == pytest.approx(2.0)


def test_fan_out_serves_every_gpu_elsewhere_and_takes_their_replies() -> None:
    gpus = [2, 1, 3]
    traffic = fan_out(fabric=fabric_of(gpus), root=0, reply_bit=0.25)
    assert traffic.rows([0, 1, 2]).tolist() == [[0, 1, 3], [0.25, 0, 0], [0.75, 0, 0]]


def test_root_of_a_fan_out_is_what_limits_it() -> None:
    # A ring of six lets its root out over two links: five others share 2 bit/s.
    fabric = ring(6).fabric()
    served = max_throughput(fabric=fabric, traffic=fan_out(fabric=fabric, root=0)).per_gpu_bps
    assert [served.lower, served.upper] == pytest.approx([0.4, 0.4], rel=1e-6)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda f: ring_shift(fabric=f, order=[0, 0, 1]), "each once"),
        (lambda f: ring_shift(fabric=f, order=[3]), "have GPUs"),
        (lambda f: pipeline(fabric=f), r"same number of GPUs at each stage; found \[1, 2\]"),
        (lambda f: pipeline(fabric=f, order=[0]), "needs at least 2"),
        (lambda f: pipeline(fabric=f, order=[0, 2], back_bit=-1.0), r"back_bit\]\[1\]=-1.0"),
        (lambda f: grouped(fabric=f, group=[0, 1], inside_bit=1, across_bit=1), r"need \(5,\)"),
        (lambda f: grouped(fabric=f, group=[0, 1, 2, 3, -1], inside_bit=1, across_bit=1), "whole number >= 0"),
        (lambda f: hot_spot(fabric=f, node=3, share=0.5), "node=3: need the number of a node with GPUs"),
        (lambda f: hot_spot(fabric=f, node=0, share=1.5), "share=1.5: need 0 to 1"),
        (lambda f: fan_out(fabric=f, root=9), "root=9"),
        (lambda f: from_frame({"source": ["0"], "target": ["x"], "bit": [1]}, fabric=f, name="t"), "target 'x' is no"),
        (lambda f: from_frame({"source": ["0"], "target": ["1"], "bit": [-1]}, fabric=f, name="t"), r"bit\[0\]=-1.0"),
    ],
)  # fmt: skip
def test_what_makes_no_traffic_is_refused(make: Callable[[Fabric], Traffic], message: str) -> None:
    fabric = Net((2, 1, 2, 0), {(i, j): 1.0 for i in range(4) for j in range(4) if i != j}).fabric()
    with pytest.raises(ValueError, match=message):
        make(fabric)


def test_nodes_without_links_between_them_have_no_neighbours() -> None:
    star = Net((1, 1, 0), {(0, 2): 1.0, (2, 0): 1.0, (1, 2): 1.0, (2, 1): 1.0}).fabric()
    with pytest.raises(ValueError, match="none has a neighbour"):
        neighbours(fabric=star)


class Table(dict[str, Any]):
    """As much of a data frame as a table of traffic needs: any library with columns and notes will do."""

    def __init__(self, columns: Mapping[str, Any]) -> None:
        super().__init__(columns)
        self.attrs: dict[str, Any] = {}


@pytest.mark.parametrize("make", [lambda f: hot_spot(fabric=f, node=1, share=0.3), lambda f: all_to_all(fabric=f)])
def test_table_there_and_back_is_the_same_traffic(
    monkeypatch: pytest.MonkeyPatch, make: Callable[[Fabric], Traffic]
) -> None:
    monkeypatch.setitem(sys.modules, "pandas", SimpleNamespace(DataFrame=Table))
    fabric = fabric_of([2, 1, 3])
    before = make(fabric)
    after = from_frame(to_frame(traffic=before, fabric=fabric), fabric=fabric)
    assert after.rows([0, 1, 2]) == pytest.approx(before.rows([0, 1, 2]), rel=1e-12)
    assert after.local_bit == pytest.approx(before.local_bit, rel=1e-12)
    assert (after.name, after.bit_per_gpu) == (before.name, before.bit_per_gpu)


@pytest.mark.parametrize("times", [1e-3, 1.0, 40.0])
def test_rate_per_gpu_of_a_table_does_not_depend_on_how_long_a_round_is(times: float) -> None:
    # The same flows written as a round of another length: as many more bits, as many fewer rounds a second.
    fabric = fabric_of([2, 1, 3])
    table = {"source": ["0", "1", "1"], "target": ["1", "2", "1"], "bit": [6.0 * times, 2.0 * times, 1.0 * times]}
    # Node 0 sends 6 bits from two GPUs, node 1 has 2 bits to send and 1 inside: three bits is the most of any GPU.
    assert from_frame(table, fabric=fabric, name="mine").bit_per_gpu == pytest.approx(3.0 * times, rel=1e-12)


def test_table_of_unknown_origin_needs_a_name() -> None:
    with pytest.raises(ValueError, match="name is missing"):
        from_frame({"source": ["0"], "target": ["1"], "bit": [1.0]}, fabric=fabric_of([1, 1]))


def test_table_without_pandas_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    fabric = ring(3).fabric()
    with pytest.raises(ImportError, match="extra 'data'"):
        to_frame(traffic=all_to_all(fabric=fabric), fabric=fabric)


def test_table_of_another_fabric_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", SimpleNamespace(DataFrame=Table))
    with pytest.raises(ValueError, match="speaks of 3 nodes"):
        to_frame(traffic=all_to_all(fabric=ring(3).fabric()), fabric=ring(4).fabric())
