"""Fabrics as GraphML (kept whole, reads back) and as GEXF (for Gephi; written only), both through networkx.

Node ids are the labels; both formats hold ids as text. Leaves out layout and colours.
"""

import io
import re

import networkx as nx

from ..fabric import Fabric
from ..graph import from_networkx, to_networkx

__all__ = ["fabric_from_graphml", "gexf", "graphml"]


def graphml(*, fabric: Fabric) -> str:
    """The fabric as GraphML; `fabric_from_graphml` gives the same fabric back."""
    return "\n".join(nx.generate_graphml(to_networkx(fabric)))


def fabric_from_graphml(*, text: str, name: str | None = None) -> Fabric:
    """Fabric of a GraphML file.

    Parameters
    ----------
    text : str
        Attributes as `from_networkx` wants them. Node ids come back as text, whatever they were.
    name : str, optional
        Of the fabric; the graph's own if not given.

    >>> from topo.textbook import torus_fabric
    >>> print(fabric_from_graphml(text=graphml(fabric=torus_fabric(dimensions=(5,), capacity_bps=1e9))))
    torus 5: 5 nodes, 5 GPUs, 5 links (10 arcs) of 1 Gb/s each way
    """
    try:
        graph = nx.parse_graphml(text)
    except (SyntaxError, KeyError, ValueError, nx.NetworkXError) as error:  # SyntaxError: what XML errors are
        raise ValueError(f"not GraphML: {error}") from None
    return from_networkx(graph, name=str(graph.graph.get("name", "graph")) if name is None else name)


def gexf(*, fabric: Fabric) -> str:
    """The fabric as GEXF 1.2; the same fabric gives the same text on any day."""
    file = io.BytesIO()
    nx.write_gexf(to_networkx(fabric), file)
    return re.sub(r' lastmodifieddate="[^"]*"', "", file.getvalue().decode("utf-8"))
