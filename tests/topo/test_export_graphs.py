"""JSON, GraphML and GEXF read by parsers of their own, and round trips that lose nothing."""

import json
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import networkx as nx
import numpy as np
import pytest

from topo.export import fabric_from_graphml, fabric_from_node_link, gexf, graphml, node_link
from topo.fabric import Fabric
from topo.ground import nvl72, superpod
from topo.textbook import torus_fabric

GRAPHML = "{http://graphml.graphdrawing.org/xmlns}"
GEXF = "{http://www.gexf.net/1.2draft}"


def awkward() -> Fabric:
    """Directions that differ, one arc without a return, limits set and unset, positions, a name with quotes."""
    ring = torus_fabric(dimensions=(4,), capacity_bps=1e12)
    rng = np.random.default_rng(4)
    arcs: dict[str, Any] = {key: getattr(ring, key)[:7] for key in ("tail", "head", "medium")}
    arcs |= {"capacity_bps": rng.uniform(1e9, 1e13, 7), "latency_s": rng.uniform(1e-7, 1e-6, 7),
             "latency_low_s": np.zeros(7), "power_w": rng.uniform(0, 99, 7), "range_m": rng.uniform(1, 300, 7),
             "availability": rng.uniform(0.9, 1, 7), "terminals": np.arange(1, 8)}  # fmt: skip
    return replace(
        ring, name='a "quoted" <name> & more', labels=("sat0", "sat 1", "sät2", "4"), gpus=np.array([72, 0, 1, 8]),
        host_bps=np.array([57.6e12, np.inf, np.inf, 1e12]), switch_bps=np.array([np.inf, 3.3e13, np.inf, np.inf]),
        local_bps=np.array([7.2e12, np.inf, np.inf, np.inf]), port_bps=np.array([np.inf, np.inf, np.inf, 5e11]),
        switch_latency_s=np.full(4, 1e-7 / 3), transit=np.array([True, True, True, False]),
        positions_m=rng.normal(0, 100, (4, 3)), **arcs,
    )  # fmt: skip


FABRICS: list[Callable[[], Fabric]] = [awkward, nvl72, lambda: superpod(racks=3)]


def assert_same(one: Fabric, other: Fabric) -> None:
    """Equal in every field; arcs may come in another order."""
    order = [np.lexsort((fabric.head, fabric.tail)) for fabric in (one, other)]
    for field in fields(Fabric):
        first, second = getattr(one, field.name), getattr(other, field.name)
        assert (first is None) == (second is None), field.name
        if first is not None and np.shape(first) == (one.n_arcs,):
            first, second = first[order[0]], second[order[1]]
        assert first is None or np.array_equal(first, second), field.name


@pytest.mark.parametrize("make", FABRICS)
@pytest.mark.parametrize(
    ("write", "read"), [(node_link, fabric_from_node_link), (graphml, fabric_from_graphml)], ids=["json", "graphml"]
)
def test_what_is_written_reads_back_as_the_same_fabric_to_the_last_digit(
    make: Callable[[], Fabric], write: Any, read: Any
) -> None:
    assert_same(read(text=write(fabric=make())), make())


def test_node_link_json_is_plain_json_with_nodes_and_edges() -> None:
    fabric = awkward()
    data = json.loads(node_link(fabric=fabric), parse_constant=lambda word: pytest.fail(f"{word} is not JSON"))
    assert (data["directed"], data["multigraph"]) == (True, False)
    assert [node["id"] for node in data["nodes"]] == list(fabric.labels)
    arcs = {(edge["source"], edge["target"]): edge["capacity_bps"] for edge in data["edges"]}
    expected = zip(fabric.tail, fabric.head, fabric.capacity_bps, strict=True)
    assert arcs == {(fabric.labels[u], fabric.labels[v]): c for u, v, c in expected}
    assert "host_bps" not in data["nodes"][1]  # unlimited: left out, never a number


def test_graphml_declares_every_attribute_with_its_type() -> None:
    fabric = awkward()
    root = ET.fromstring(graphml(fabric=fabric))
    keys = {
        key.get("id"): (key.get("for"), key.get("attr.name"), key.get("attr.type"))
        for key in root.iter(f"{GRAPHML}key")
    }
    graph = root.find(f"{GRAPHML}graph")
    assert graph is not None
    assert graph.get("edgedefault") == "directed"
    edges = list(graph.iter(f"{GRAPHML}edge"))
    found = {}
    for edge in edges:
        data = {keys[item.get("key")][1]: (keys[item.get("key")][2], item.text) for item in edge.iter(f"{GRAPHML}data")}
        kind, text = data["capacity_bps"]
        assert kind in ("double", "float")
        found[edge.get("source"), edge.get("target")] = float(str(text))
    expected = zip(fabric.tail, fabric.head, fabric.capacity_bps, strict=True)
    assert found == {(fabric.labels[u], fabric.labels[v]): c for u, v, c in expected}
    assert keys[next(k for k, v in keys.items() if v[1] == "transit")][2] == "boolean"


def test_gexf_holds_nodes_edges_and_values_and_no_date() -> None:
    fabric = awkward()
    text = gexf(fabric=fabric)
    root = ET.fromstring(text)
    assert root.tag == f"{GEXF}gexf"
    names = {
        (group.get("class"), item.get("id")): item.get("title")
        for group in root.iter(f"{GEXF}attributes")
        for item in group.iter(f"{GEXF}attribute")
    }
    assert [node.get("id") for node in root.iter(f"{GEXF}node")] == list(fabric.labels)
    found = {}
    for edge in root.iter(f"{GEXF}edge"):
        values = {names["edge", item.get("for")]: item.get("value") for item in edge.iter(f"{GEXF}attvalue")}
        found[edge.get("source"), edge.get("target")] = float(str(values["capacity_bps"]))
    expected = zip(fabric.tail, fabric.head, fabric.capacity_bps, strict=True)
    assert found == {(fabric.labels[u], fabric.labels[v]): c for u, v, c in expected}
    assert "date" not in text


def test_files_of_other_programs_with_number_ids_and_undirected_edges_are_read() -> None:
    graph = nx.cycle_graph(5)
    nx.set_node_attributes(graph, dict.fromkeys(graph, 2), "gpus")
    nx.set_edge_attributes(graph, dict.fromkeys(graph.edges, 1e12), "capacity_bps")
    older = json.dumps(nx.node_link_data(graph, edges="links"))
    for fabric in (
        fabric_from_node_link(text=older, name="ring"),
        fabric_from_graphml(text="\n".join(nx.generate_graphml(graph)), name="ring"),
    ):
        assert (fabric.name, fabric.labels, fabric.n_arcs, fabric.n_gpus) == ("ring", ("0", "1", "2", "3", "4"), 10, 10)


@pytest.mark.parametrize(
    ("read", "text", "message"),
    [
        (fabric_from_node_link, "{", "not JSON"),
        (fabric_from_node_link, "[1, 2]", "need an object with 'nodes'"),
        (fabric_from_node_link, '{"nodes": [{"id": 0}]}', "'edges'"),
        (fabric_from_node_link, '{"nodes": [{"id": 0, "gpus": 1}], "edges": [{"source": 0}]}', "not node-link JSON"),
        (
            fabric_from_node_link,
            '{"directed": true, "nodes": [{"id": "a", "gpus": 1}, {"id": "b", "gpus": 1}],'
            '"edges": [{"source": "a", "target": "b"}]}',
            "arc a->b has no 'capacity_bps'",
        ),
        (fabric_from_graphml, "<graphml", "not GraphML"),
        (fabric_from_graphml, "<svg/>", "not GraphML"),
    ],
)
def test_files_that_are_no_fabric_are_refused_in_one_line(read: Any, text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read(text=text)
