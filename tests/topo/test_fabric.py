"""The capacitated graph: what it refuses, that nobody can write to it, and what it counts."""

import copy
import pickle
import re
from dataclasses import FrozenInstanceError, fields, replace
from typing import Any

import networkx as nx
import numpy as np
import pytest

from topo.fabric import Fabric
from topo.graph import from_networkx

ARRAYS = [f.name for f in fields(Fabric) if f.name not in ("name", "labels")]


def triangle(**changes: Any) -> Fabric:
    """Three satellites a, b, c; links a-b and b-c of 1 and 2 Gb/s each way."""
    values: dict[str, Any] = {
        "name": "triangle", "labels": ("a", "b", "c"), "gpus": [1, 2, 1],
        "host_bps": [np.inf] * 3, "switch_bps": [np.inf] * 3, "local_bps": [np.inf] * 3, "port_bps": [np.inf] * 3,
        "switch_latency_s": [1e-6] * 3, "switch_latency_low_s": [0.0] * 3, "transit": [True] * 3,
        "tail": [0, 1, 1, 2], "head": [1, 0, 2, 1], "capacity_bps": [1e9, 1e9, 2e9, 2e9],
        "latency_s": [2e-6] * 4, "latency_low_s": [1e-6] * 4, "power_w": [10.0] * 4, "range_m": [300.0] * 4,
        "availability": [1.0] * 4, "terminals": [1] * 4, "medium": ["optical"] * 4, "positions_m": np.zeros((3, 3)),
    }  # fmt: skip
    return Fabric(**(values | changes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"capacity_bps": [1e9, 0.0, 2e9, 2e9]}, r"arc b->a: capacity_bps=0\.0, need finite and > 0; set it"),
        ({"capacity_bps": [1e9, np.nan, 2e9, 2e9]}, r"arc b->a: capacity_bps=nan, need finite"),
        ({"capacity_bps": [1e9, np.inf, 2e9, 2e9]}, r"arc b->a: capacity_bps=inf, need finite"),
        ({"capacity_bps": [1e9, -1.0, 2e9, 2e9]}, r"arc b->a: capacity_bps=-1\.0"),
        ({"capacity_bps": [1e9]}, r"'triangle': capacity_bps has shape \(1,\), need \(4,\), one per arc"),
        ({"capacity_bps": ["1 Gb/s"] * 4}, r"'triangle': capacity_bps holds <U6 values; give numbers"),
        ({"capacity_bps": [None] * 4}, r"'triangle': capacity_bps holds object values; give numbers"),
        ({"power_w": [-5.0, 1.0, 1.0, 1.0]}, r"arc a->b: power_w=-5\.0, need finite and >= 0"),
        ({"availability": [1.0, 1.0, 1.1, 1.0]}, r"arc b->c: availability=1\.1, need 0 to 1"),
        ({"latency_low_s": [3e-6] * 4}, r"arc a->b: latency_low_s=3e-06 is above latency_s=2e-06"),
        ({"terminals": [1, 0, 1, 1]}, r"arc b->a: terminals=0, need at least 1"),
        ({"terminals": [1.5] * 4}, r"terminals holds float64 values; give whole numbers"),
        ({"gpus": [1, 2]}, r"gpus has shape \(2,\), need \(3,\), one per node"),
        ({"gpus": [1, -2, 1]}, r"node b: gpus=-2, need finite and >= 0"),
        ({"gpus": [1.0, np.nan, 1.0]}, r"gpus holds float64 values; give whole numbers"),
        ({"host_bps": [1.0, 0.0, 1.0]}, r"node b: host_bps=0\.0, need > 0, or inf for unlimited"),
        ({"host_bps": [1.0, np.nan, 1.0]}, r"node b: host_bps=nan, need > 0, or inf"),
        ({"switch_latency_s": [1.0, np.inf, 1.0]}, r"node b: switch_latency_s=inf, need finite and >= 0"),
        ({"switch_latency_low_s": [2e-6] * 3}, r"node a: switch_latency_low_s=2e-06 is above switch_latency_s=1e-06"),
        ({"labels": ("a", "b", "b")}, r"two nodes are called 'b'; give every node its own name"),
        ({"tail": [0, 1, 1, 3]}, r"an arc names node 3; there are 3 nodes, from 0"),
        ({"tail": [0, 1, 1, -1]}, r"an arc names node -1; there are 3 nodes, from 0"),
        ({"head": [0, 0, 2, 1]}, r"arc a->a: starts and ends at the same node; remove it"),
        ({"tail": [0, 0, 1, 2], "head": [1, 1, 2, 1]}, r"arc a->b is there twice; merge parallel arcs into one"),
        ({"positions_m": np.zeros((2, 3))}, r"positions_m of shape \(2, 3\); need \(3, 3\), finite"),
    ],
)  # fmt: skip
def test_a_bad_fabric_is_one_line_that_names_thing_and_value(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        triangle(**changes)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "make", [lambda f: f, lambda f: pickle.loads(pickle.dumps(f)), copy.copy, copy.deepcopy, replace]
)
def test_nobody_writes_to_a_fabric_nor_to_its_copies(make: Any) -> None:
    original = triangle()
    assert original.link_of_arc.tolist() == [0, 0, 1, 1]
    assert original.outgoing_bps.tolist() == [1e9, 3e9, 2e9]
    fabric = make(original)
    for name in [*ARRAYS, "link_of_arc", "outgoing_bps"]:
        array = getattr(fabric, name)
        assert np.array_equal(array, getattr(original, name))
        with pytest.raises(ValueError, match="read-only"):
            array[0] = array[-1]
    with pytest.raises(FrozenInstanceError):
        fabric.name = "other"


def test_a_fabric_copies_what_it_is_made_of() -> None:
    capacity = np.array([1e9, 1e9, 2e9, 2e9])
    fabric = triangle(capacity_bps=capacity)
    capacity[:] = 7.0
    assert fabric.capacity_bps.tolist() == [1e9, 1e9, 2e9, 2e9]
    assert capacity.flags.writeable


def test_counts_are_of_links_and_gpus_and_text_says_each_way() -> None:
    fabric = triangle()
    assert (fabric.n_nodes, fabric.n_arcs, fabric.n_links, fabric.n_gpus) == (3, 4, 2, 4)
    assert fabric.arc_label(2) == "b->c"
    assert re.search(r"2 links \(4 arcs\) of 1 Gb/s to 2 Gb/s each way", str(fabric))


def test_a_fabric_without_arcs_is_fine_until_somebody_wants_to_cross_it() -> None:
    empty = from_networkx(nx.empty_graph(2), name="apart", gpus=1)
    assert (empty.n_arcs, empty.n_links) == (0, 0)
    assert str(empty).endswith("of no each way")
    assert empty.unreachable_pair() == ("0", "1")


def test_one_way_streets_are_seen_in_both_directions() -> None:
    def pair(*arcs: tuple[str, str]) -> tuple[str, str] | None:
        return from_networkx(nx.DiGraph(arcs), name="x", gpus=1, capacity_bps=1.0).unreachable_pair()

    assert pair(("a", "b"), ("b", "a")) is None
    assert pair(("a", "b")) == ("b", "a")
    assert pair(("b", "a")) == ("a", "b")
    assert pair(("a", "b"), ("b", "c"), ("c", "a")) is None


def test_switches_need_not_be_reachable() -> None:
    graph = nx.DiGraph([("a", "b"), ("b", "a")])
    graph.add_node("spare switch", gpus=0)
    assert from_networkx(graph, name="x", gpus=1, capacity_bps=1.0).unreachable_pair() is None
