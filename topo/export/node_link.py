"""Fabrics as node-link JSON, networkx's own layout: every field is kept, so that a file reads back as the same fabric.

An unlimited node limit is left out of the file, because JSON knows no infinity; arcs come back sorted by tail.
Leaves out series: write one time each.
"""

import json
from typing import Any

import networkx as nx

from ..fabric import Fabric
from ..graph import from_networkx, to_networkx

__all__ = ["fabric_from_node_link", "node_link"]


def node_link(*, fabric: Fabric) -> str:
    """The fabric as node-link JSON, one object with `nodes` and `edges`.

    >>> from topo.textbook import torus_fabric
    >>> text = node_link(fabric=torus_fabric(dimensions=(5,), capacity_bps=1e9))
    >>> print(fabric_from_node_link(text=text))
    torus 5: 5 nodes, 5 GPUs, 5 links (10 arcs) of 1 Gb/s each way
    """
    return json.dumps(nx.node_link_data(to_networkx(fabric), edges="edges"), indent=1, allow_nan=False)


def fabric_from_node_link(*, text: str, name: str | None = None) -> Fabric:
    """Fabric of node-link JSON, with `edges` or, as older networkx writes it, `links`.

    Parameters
    ----------
    text : str
        Attributes as `from_networkx` wants them; the file of an undirected graph gives two arcs for each edge.
    name : str, optional
        Of the fabric; the graph's own if not given.
    """
    try:
        data: Any = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON: {error}") from None
    if not isinstance(data, dict) or "nodes" not in data or not {"edges", "links"} & data.keys():
        raise ValueError("not node-link JSON: need an object with 'nodes' and 'edges' (or 'links')")
    try:
        graph = nx.node_link_graph(data, edges="edges" if "edges" in data else "links")
    except (KeyError, TypeError, nx.NetworkXError) as error:
        raise ValueError(f"not node-link JSON: {type(error).__name__} {error} in a node or an edge") from None
    return from_networkx(graph, name=str(graph.graph.get("name", "graph")) if name is None else name)
