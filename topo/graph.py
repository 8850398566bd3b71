"""Fabrics to and from networkx, where a missing capacity is an error and never infinite."""

import math
from collections.abc import Mapping
from numbers import Real
from typing import Any

import networkx as nx
import numpy as np

from .fabric import Fabric

__all__ = ["from_networkx", "to_networkx"]

_NODE_DEFAULTS: Mapping[str, Any] = {
    "host_bps": math.inf, "switch_bps": math.inf, "local_bps": math.inf, "port_bps": math.inf,
    "switch_latency_s": 0.0, "transit": True,
}  # fmt: skip
_ARC_DEFAULTS: Mapping[str, Any] = {
    "latency_s": 0.0, "power_w": 0.0, "range_m": 0.0, "availability": 1.0, "terminals": 1, "medium": "unspecified",
}  # fmt: skip
_TRUTH = (bool, np.bool_)
_NEED = {float: "a number, without text", int: "a whole number", bool: "true or false", str: "text"}
_KIND = {"gpus": int, "terminals": int, "transit": bool, "medium": str}  # all others are floats


def _plain(value: Any, kind: type) -> Any:
    """`value` as a plain Python value of that kind; None if it is something else."""
    if kind is str:
        return value if isinstance(value, str) else None
    if isinstance(value, _TRUTH) or kind is bool:
        return bool(value) if isinstance(value, _TRUTH) and kind is bool else None
    if not isinstance(value, Real):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if kind is float else int(number) if number.is_integer() else None


def _checked(where: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes as plain Python values; `ValueError` for one of the wrong kind."""
    plain = {key: _plain(value, _KIND.get(key, float)) for key, value in values.items()}
    for key, value in plain.items():
        if value is None:
            raise ValueError(f"{where}: {key}={values[key]!r}; need {_NEED[_KIND.get(key, float)]}")
    return plain


def _node(label: str, data: Mapping[str, Any], gpus: int | None) -> dict[str, Any]:
    if data.get("gpus", gpus) is None:
        raise ValueError(f"node {label} has no 'gpus'; set the attribute (0 for a switch), or pass gpus= for all nodes")
    node = {name: data.get(name, default) for name, default in _NODE_DEFAULTS.items()}
    for name, value in node.items():
        node[name] = _NODE_DEFAULTS[name] if value is None else value  # None is unlimited, here as elsewhere
    node |= {
        "gpus": data.get("gpus", gpus),
        "switch_latency_low_s": data.get("switch_latency_low_s", node["switch_latency_s"]),
    }
    places = {axis: data[axis] for axis in ("x_m", "y_m", "z_m") if axis in data}
    return _checked(f"node {label}", node | places)


def _arc(label: str, data: Mapping[str, Any], capacity_bps: float | None) -> dict[str, Any]:
    arc = {name: data.get(name, default) for name, default in _ARC_DEFAULTS.items()}
    arc |= {
        "capacity_bps": data.get("capacity_bps", capacity_bps),
        "latency_low_s": data.get("latency_low_s", arc["latency_s"]),
    }
    if arc["capacity_bps"] is None:
        raise ValueError(
            f"arc {label} has no 'capacity_bps'; set it in bit/s, or remove the arc (missing is never infinite)"
        )
    return _checked(f"arc {label}", arc)


def _merge(label: str, first: dict[str, Any], second: Mapping[str, Any]) -> None:
    if first["medium"] != second["medium"]:
        raise ValueError(f"arc {label}: parallel arcs of {first['medium']} and {second['medium']}; merge them yourself")
    for name in ("capacity_bps", "power_w", "terminals"):
        first[name] += second[name]
    for name in ("latency_s", "range_m"):
        first[name] = max(first[name], second[name])
    for name in ("latency_low_s", "availability"):
        first[name] = min(first[name], second[name])


def from_networkx(
    graph: "nx.Graph[Any]",
    *,
    name: str,
    gpus: int | None = None,
    capacity_bps: float | None = None,
    merge_parallel: bool = False,
) -> Fabric:
    """Fabric of a networkx graph, directed or not; an undirected edge becomes two arcs of that capacity each.

    Parameters
    ----------
    graph : networkx graph
        Node attributes `gpus`, `host_bps`, `switch_bps`, `local_bps`, `port_bps`, `switch_latency_s`, `transit`, `x_m`,
        `y_m`, `z_m`; edge attributes `capacity_bps` (one direction), `latency_s`, `power_w`, `range_m`, `availability`,
        `terminals`, `medium`. Absent node limits are unlimited; an absent capacity is an error.
    name : str
        Of the fabric.
    gpus : int, optional
        For nodes without the attribute.
    capacity_bps : float, optional
        For edges without the attribute. [bit/s]
    merge_parallel : bool
        Merge parallel edges of a multigraph (capacities, terminals and powers add); otherwise they are refused.

    >>> ring = from_networkx(nx.cycle_graph(8), name="ring", gpus=1, capacity_bps=1e12)
    >>> ring.n_arcs, ring.n_gpus
    (16, 8)
    """
    order = {node: k for k, node in enumerate(graph.nodes)}
    labels = tuple(str(node) for node in order)
    nodes = [_node(label, data, gpus) for label, (_, data) in zip(labels, graph.nodes(data=True), strict=True)]
    arcs: dict[tuple[int, int], dict[str, Any]] = {}
    for u, v, data in graph.edges(data=True):
        if u == v:
            raise ValueError(f"arc {u}->{v} starts and ends at the same node; remove it")
        ends = [(order[u], order[v])] if graph.is_directed() else [(order[u], order[v]), (order[v], order[u])]
        for i, j in ends:
            label = f"{labels[i]}->{labels[j]}"
            arc = _arc(label, data, capacity_bps)
            if (i, j) not in arcs:
                arcs[i, j] = arc
            elif merge_parallel:
                _merge(label, arcs[i, j], arc)
            else:
                raise ValueError(f"arc {label} is there twice; pass merge_parallel=True to add them up, or remove one")
    ends_array = np.array(list(arcs), dtype=np.int64).reshape(-1, 2)
    rows = list(arcs.values())
    placed = nodes and all({"x_m", "y_m", "z_m"} <= node.keys() for node in nodes)
    return Fabric(
        name=name, labels=labels, tail=ends_array[:, 0], head=ends_array[:, 1],
        **{key: np.array([node[key] for node in nodes]) for key in (*_NODE_DEFAULTS, "gpus", "switch_latency_low_s")},
        **{key: np.array([row[key] for row in rows]) for key in (*_ARC_DEFAULTS, "capacity_bps", "latency_low_s")},
        positions_m=np.array([[node["x_m"], node["y_m"], node["z_m"]] for node in nodes]) if placed else None,
    )  # fmt: skip


def to_networkx(fabric: Fabric) -> "nx.DiGraph[str]":
    """Directed graph with plain Python scalars as attributes (JSON, GraphML and GEXF accept them).

    Unlimited node limits are left out, so that no format has to write infinity. `nx.maximum_flow` wants
    `capacity="capacity_bps"`.
    """
    graph: nx.DiGraph[str] = nx.DiGraph(name=fabric.name)
    for v, label in enumerate(fabric.labels):
        data: dict[str, Any] = {"gpus": int(fabric.gpus[v]), "transit": bool(fabric.transit[v])}
        for key in ("host_bps", "switch_bps", "local_bps", "port_bps", "switch_latency_s", "switch_latency_low_s"):
            value = float(getattr(fabric, key)[v])
            if math.isfinite(value):
                data[key] = value
        if fabric.positions_m is not None:
            data |= {axis: float(x) for axis, x in zip(("x_m", "y_m", "z_m"), fabric.positions_m[v], strict=True)}
        graph.add_node(label, **data)
    keys = ("capacity_bps", "latency_s", "latency_low_s", "power_w", "range_m", "availability", "terminals", "medium")
    for e in range(fabric.n_arcs):
        tail, head = fabric.labels[int(fabric.tail[e])], fabric.labels[int(fabric.head[e])]
        graph.add_edge(tail, head, **{key: getattr(fabric, key)[e].item() for key in keys})
    return graph
