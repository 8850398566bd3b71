"""To and from networkx: nothing is lost, nothing missing becomes infinite, files of other tools carry it."""

import io
import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest

from tests.topo.test_fabric import ARRAYS, triangle
from topo.fabric import Fabric
from topo.graph import from_networkx, to_networkx
from topo.ground import nvl72, superpod


def line(**edge: Any) -> "nx.Graph[Any]":
    """Two nodes of one GPU, one edge with these attributes."""
    graph: nx.Graph[Any] = nx.Graph()
    graph.add_node("a", gpus=1)
    graph.add_node("b", gpus=1)
    graph.add_edge("a", "b", **edge)
    return graph


def same(one: Fabric, other: Fabric) -> bool:
    """Whether two fabrics are equal in everything, up to the order of their arcs."""
    if one.labels != other.labels:
        return False
    order = [np.lexsort((f.head, f.tail)) for f in (one, other)]
    for name in ARRAYS:
        values = [getattr(f, name) for f in (one, other)]
        if values[0] is not None and values[0].shape == one.tail.shape and name not in ("gpus", "transit"):
            values = [value[rank] for value, rank in zip(values, order, strict=True)]
        if not np.array_equal(*values):
            return False
    return True


FABRICS = {
    "triangle": triangle(host_bps=[1e9, np.inf, 2e9], port_bps=[np.inf, 3e9, np.inf], transit=[True, False, True]),
    "rack": nvl72(),
    "pod": superpod(racks=3),
}


@pytest.mark.parametrize("name", FABRICS)
def test_a_fabric_survives_networkx(name: str) -> None:
    fabric = FABRICS[name]
    assert same(from_networkx(to_networkx(fabric), name=fabric.name), fabric)


@pytest.mark.parametrize("name", FABRICS)
def test_a_fabric_survives_json(name: str) -> None:
    fabric = FABRICS[name]
    text = json.dumps(nx.node_link_data(to_networkx(fabric), edges="links"), allow_nan=False)
    graph = nx.node_link_graph(json.loads(text), edges="links")
    assert same(from_networkx(graph, name=fabric.name), fabric)


@pytest.mark.parametrize("name", FABRICS)
def test_a_fabric_survives_graphml(name: str, tmp_path: Path) -> None:
    fabric = FABRICS[name]
    nx.write_graphml(to_networkx(fabric), tmp_path / "fabric.graphml")
    assert same(from_networkx(nx.read_graphml(tmp_path / "fabric.graphml"), name=fabric.name), fabric)


def test_gexf_takes_the_attributes_too() -> None:
    buffer = io.BytesIO()
    nx.write_gexf(to_networkx(FABRICS["pod"]), buffer)
    assert b"capacity_bps" in buffer.getvalue()


def test_networkx_and_the_fabric_agree_on_the_largest_flow_between_two_gpus() -> None:
    graph = to_networkx(FABRICS["rack"])
    # 18 links of 50 GB/s each way: what one GPU can send to another through the switches
    assert nx.maximum_flow_value(graph, "gpu0", "gpu71", capacity="capacity_bps") == pytest.approx(18 * 400e9)


def test_an_undirected_edge_is_two_arcs_of_that_capacity_and_a_directed_one_is_one() -> None:
    both = from_networkx(line(capacity_bps=5.0), name="x")
    assert (both.n_arcs, both.n_links, both.capacity_bps.tolist()) == (2, 1, [5.0, 5.0])
    one = from_networkx(nx.DiGraph(line(capacity_bps=5.0).edges), name="x", gpus=1, capacity_bps=5.0)
    assert one.n_arcs == 1


def test_absent_limits_are_unlimited_and_none_is_absent() -> None:
    graph = line(capacity_bps=5.0)
    graph.nodes["a"]["host_bps"] = None
    fabric = from_networkx(graph, name="x")
    for name in ("host_bps", "switch_bps", "local_bps", "port_bps"):
        assert np.isposinf(getattr(fabric, name)).all()


@pytest.mark.parametrize(
    ("edge", "message"),
    [
        ({}, r"arc a->b has no 'capacity_bps'; set it in bit/s, or remove the arc \(missing is never infinite\)"),
        ({"capacity": 1e9}, r"arc a->b has no 'capacity_bps'"),
        ({"capacity_bps": None}, r"arc a->b has no 'capacity_bps'"),
        ({"capacity_bps": "1 Gb/s"}, r"arc a->b: capacity_bps='1 Gb/s'; need a number, without text"),
        ({"capacity_bps": "1e9"}, r"arc a->b: capacity_bps='1e9'; need a number"),
        ({"capacity_bps": True}, r"arc a->b: capacity_bps=True; need a number"),
        ({"capacity_bps": 10**400}, r"arc a->b: capacity_bps=1000"),
        ({"capacity_bps": [1.0]}, r"arc a->b: capacity_bps=\[1\.0\]; need a number"),
        ({"capacity_bps": float("inf")}, r"arc a->b: capacity_bps=inf, need finite"),
        ({"capacity_bps": float("nan")}, r"arc a->b: capacity_bps=nan, need finite"),
        ({"capacity_bps": 0}, r"arc a->b: capacity_bps=0\.0, need finite and > 0"),
        ({"capacity_bps": 1.0, "terminals": 1.5}, r"arc a->b: terminals=1\.5; need a whole number"),
        ({"capacity_bps": 1.0, "terminals": float("nan")}, r"arc a->b: terminals=nan; need a whole number"),
        ({"capacity_bps": 1.0, "latency_s": None}, r"arc a->b: latency_s=None; need a number"),
        ({"capacity_bps": 1.0, "power_w": -1}, r"arc a->b: power_w=-1\.0, need finite and >= 0"),
        ({"capacity_bps": 1.0, "medium": 5}, r"arc a->b: medium=5; need text"),
    ],
)
def test_a_bad_edge_is_named_with_its_value(edge: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        from_networkx(line(**edge), name="x")


@pytest.mark.parametrize(
    ("node", "message"),
    [
        ({"gpus": None}, r"node b has no 'gpus'; set the attribute \(0 for a switch\), or pass gpus="),
        ({"gpus": 2.5}, r"node b: gpus=2\.5; need a whole number"),
        ({"gpus": "4"}, r"node b: gpus='4'; need a whole number"),
        ({"gpus": -4}, r"node b: gpus=-4, need finite and >= 0"),
        ({"host_bps": "fast"}, r"node b: host_bps='fast'; need a number"),
        ({"host_bps": 0.0}, r"node b: host_bps=0\.0, need > 0, or inf"),
        ({"transit": "False"}, r"node b: transit='False'; need true or false"),
        ({"transit": 0}, r"node b: transit=0; need true or false"),
        ({"x_m": "here"}, r"node b: x_m='here'; need a number"),
    ],
)
def test_a_bad_node_is_named_with_its_value(node: dict[str, Any], message: str) -> None:
    graph = line(capacity_bps=1.0)
    graph.nodes["b"].update(node)
    with pytest.raises(ValueError, match=message):
        from_networkx(graph, name="x")


def test_numpy_scalars_and_fractions_are_numbers() -> None:
    graph = line(capacity_bps=np.float32(8.0), terminals=np.int64(2), power_w=Fraction(1, 2))
    graph.nodes["a"].update(gpus=np.int32(4), transit=np.bool_(False))
    fabric = from_networkx(graph, name="x")
    assert fabric.capacity_bps.tolist() == [8.0, 8.0]
    assert fabric.terminals.tolist() == [2, 2]
    assert fabric.power_w.tolist() == [0.5, 0.5]
    assert (fabric.gpus.tolist(), fabric.transit.tolist()) == ([4, 1], [False, True])


def test_parallel_edges_are_refused_or_merged() -> None:
    graph: nx.MultiGraph[Any] = nx.MultiGraph(line(capacity_bps=5.0, power_w=1.0, latency_s=1e-6, availability=0.9))
    graph.add_edge("b", "a", capacity_bps=2.0, power_w=3.0, latency_s=3e-6, availability=0.8, terminals=2)
    with pytest.raises(ValueError, match="arc a->b is there twice; pass merge_parallel=True to add them up"):
        from_networkx(graph, name="x")
    merged = from_networkx(graph, name="x", merge_parallel=True)
    assert merged.n_arcs == 2
    assert merged.capacity_bps.tolist() == [7.0, 7.0]
    assert merged.power_w.tolist() == [4.0, 4.0]
    assert merged.terminals.tolist() == [3, 3]
    # the ends of an interval are the least and the most; the sum is there no longer than the weaker of the two
    assert merged.latency_s.tolist() == [3e-6, 3e-6]
    assert merged.latency_low_s.tolist() == [1e-6, 1e-6]
    assert merged.availability.tolist() == [0.8, 0.8]


def test_parallel_edges_of_different_media_are_for_the_user_to_merge() -> None:
    graph: nx.MultiGraph[Any] = nx.MultiGraph(line(capacity_bps=5.0, medium="optical"))
    graph.add_edge("a", "b", capacity_bps=2.0, medium="radio")
    with pytest.raises(ValueError, match="arc a->b: parallel arcs of optical and radio"):
        from_networkx(graph, name="x", merge_parallel=True)


def test_an_edge_from_a_node_to_itself_and_two_nodes_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="arc c->c starts and ends at the same node; remove it"):
        from_networkx(nx.Graph([("c", "c")]), name="x", gpus=1, capacity_bps=1.0)
    with pytest.raises(ValueError, match="two nodes are called '1'"):
        from_networkx(nx.Graph([(1, "1")]), name="x", gpus=1, capacity_bps=1.0)


def test_positions_come_along_where_every_node_has_them() -> None:
    graph = line(capacity_bps=1.0)
    graph.nodes["a"].update(x_m=1.0, y_m=2.0, z_m=3.0)
    assert from_networkx(graph, name="x").positions_m is None
    graph.nodes["b"].update(x_m=4, y_m=5, z_m=6)
    assert from_networkx(graph, name="x").positions_m.tolist() == [[1, 2, 3], [4, 5, 6]]  # type: ignore[union-attr]


def test_a_users_graph_is_not_touched() -> None:
    graph = line(capacity_bps=1.0)
    before = (dict(graph.nodes(data=True)), list(graph.edges(data=True)))
    from_networkx(graph, name="x")
    assert (dict(graph.nodes(data=True)), list(graph.edges(data=True))) == before
