"""More traffic: rings, pipelines, neighbours, groups, hot spots, fan-out, and tables of who sends how much to whom.

All as `Traffic`: bits per round, with what stays inside a node kept apart. Leaves out when each bit is sent.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from links.model import require_positive
from topo.fabric import Fabric

from .traffic import Traffic, busiest_gpu_bit

__all__ = ["fan_out", "from_frame", "grouped", "hot_spot", "neighbours", "pipeline", "ring_shift", "to_frame"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def _explicit(
    fabric: Fabric, name: str, rows: ArrayLike, columns: ArrayLike, bits: ArrayLike, local: Floats, each: float
) -> Traffic:
    """Traffic of single entries, which add up; the diagonal is dropped."""
    r, c = np.asarray(rows, dtype=np.int64), np.asarray(columns, dtype=np.int64)
    size = (fabric.n_nodes,) * 2
    apart = r != c
    value = np.broadcast_to(np.asarray(bits, dtype=float), r.shape)[apart]
    zero = np.zeros(fabric.n_nodes)
    return Traffic(name=name, out=zero, into=zero, explicit=sparse.csr_array((value, (r[apart], c[apart])), shape=size),
                   local_bit=local, bit_per_gpu=each)  # fmt: skip


def _order(fabric: Fabric, order: ArrayLike | None, least: int) -> Ints:
    """Nodes with GPUs in the order given, or in that of the fabric."""
    ends = np.flatnonzero(fabric.gpus > 0)
    nodes = ends if order is None else np.asarray(order, dtype=np.int64)
    if nodes.ndim != 1 or np.unique(nodes).size != nodes.size or not np.isin(nodes, ends).all():
        raise ValueError(f"order={nodes.tolist()}: need different nodes that have GPUs, each once")
    if nodes.size < least:
        raise ValueError(f"fabric {fabric.name!r}: {nodes.size} nodes in order; this traffic needs at least {least}")
    return nodes


def ring_shift(*, fabric: Fabric, order: ArrayLike | None = None, both_ways: bool = False) -> Traffic:
    """One bit from every GPU to the next in a ring of all GPUs, node after node: a step of a ring all-gather.

    Parameters
    ----------
    fabric : Fabric
    order : (k,) ints, optional
        Nodes with GPUs as the ring visits them; as the fabric numbers them if not given.
    both_ways : bool
        Half a bit to the next, half to the one before.

    >>> import networkx as nx
    >>> from topo import from_networkx
    >>> print(ring_shift(fabric=from_networkx(nx.cycle_graph(4), name="ring", gpus=2, capacity_bps=1.0)))
    ring_shift: 4 sources, 4 bit per round between nodes
    """
    nodes = _order(fabric, order, 1)
    after = np.roll(nodes, -1)
    local = np.zeros(fabric.n_nodes)
    many = nodes[fabric.gpus[nodes] > 1]
    local[many] = 1.0
    if nodes.size == 1 or not both_ways:
        return _explicit(fabric, "ring_shift", nodes, after, 1.0, local, 1.0)
    local[many[fabric.gpus[many] == 2]] = 0.5  # of two GPUs each has one neighbour inside and one beyond
    pairs = np.concatenate([nodes, after]), np.concatenate([after, nodes])
    return _explicit(fabric, "ring_shift", *pairs, 0.5, local, 1.0)


def pipeline(
    *, fabric: Fabric, order: ArrayLike | None = None, forward_bit: float = 1.0, back_bit: float = 1.0
) -> Traffic:
    """Stages in a row, one a node: every GPU sends to its counterpart in the next stage, and back to that before.

    Parameters
    ----------
    fabric : Fabric
    order : (k,) ints, optional
        Nodes as stages, all with the same number of GPUs; all nodes with GPUs if not given.
    forward_bit, back_bit : float
        Activations to the next stage and gradients to the one before, per GPU and round. [bit]
    """
    require_positive([forward_bit, back_bit], name="[forward_bit, back_bit]", zero=True)
    nodes = _order(fabric, order, 2)
    counts = np.unique(fabric.gpus[nodes])
    if counts.size != 1:
        raise ValueError(f"a pipeline needs the same number of GPUs at each stage; found {counts.tolist()}")
    first, second = nodes[:-1], nodes[1:]
    bits = np.repeat(counts[0] * np.array([forward_bit, back_bit], dtype=float), first.size)
    pairs = np.concatenate([first, second]), np.concatenate([second, first])
    each = forward_bit + back_bit if nodes.size > 2 else max(forward_bit, back_bit)
    return _explicit(fabric, "pipeline", *pairs, bits, np.zeros(fabric.n_nodes), each)


def neighbours(*, fabric: Fabric) -> Traffic:
    """One bit from every GPU, in equal parts to the nodes with GPUs that its node has a link to: a halo exchange."""
    ends = fabric.gpus > 0
    arcs = ends[fabric.tail] & ends[fabric.head]
    tail, head = fabric.tail[arcs], fabric.head[arcs]
    if not tail.size:
        raise ValueError(f"fabric {fabric.name!r}: no two nodes with GPUs are linked, so none has a neighbour")
    degree = np.bincount(tail, minlength=fabric.n_nodes)
    return _explicit(fabric, "neighbours", tail, head, fabric.gpus[tail] / degree[tail], np.zeros(fabric.n_nodes), 1.0)


def grouped(*, fabric: Fabric, group: ArrayLike, inside_bit: float, across_bit: float) -> Traffic:
    """All-to-all in groups of GPUs, and more thinly between them: experts, tensor and data parallelism together.

    Parameters
    ----------
    fabric : Fabric
    group : (G,) ints
        Group of each GPU, from 0; GPUs are numbered node after node. Groups may share a node or span several.
    inside_bit, across_bit : float
        From every GPU to every other of its group, and to every one of another. [bit]

    Notes
    -----
    Throughput times `bit_per_gpu` is the rate of the GPU that sends most.
    """
    require_positive([inside_bit, across_bit], name="[inside_bit, across_bit]", zero=True)
    label = np.asarray(group)
    if label.shape != (fabric.n_gpus,) or label.dtype.kind not in "iu" or (label < 0).any():
        raise ValueError(f"group has shape {label.shape}, need ({fabric.n_gpus},): a whole number >= 0 for every GPU")
    home = np.repeat(np.arange(fabric.n_nodes), fabric.gpus)
    count = sparse.csr_array((np.ones(label.size), (home, label)), shape=(fabric.n_nodes, int(label.max()) + 1))
    together = np.asarray((count @ count.T).toarray())
    gpus = fabric.gpus.astype(float)
    bits = inside_bit * together + across_bit * (np.outer(gpus, gpus) - together)
    np.fill_diagonal(bits, 0.0)
    mates = np.asarray(count[home, label], dtype=float).ravel()
    local = np.zeros(fabric.n_nodes)
    np.maximum.at(local, home, inside_bit * (mates - 1.0) + across_bit * (gpus[home] - mates))
    size = np.bincount(label)[label].astype(float)
    each = float((inside_bit * (size - 1.0) + across_bit * (label.size - size)).max())
    zero = np.zeros(fabric.n_nodes)
    return Traffic(
        name="grouped", out=zero, into=zero, explicit=sparse.csr_array(bits), local_bit=local, bit_per_gpu=each
    )


def hot_spot(*, fabric: Fabric, node: int, share: float) -> Traffic:
    """One bit from every GPU: a share of it to the GPUs of one node, the rest evenly to all other GPUs.

    Parameters
    ----------
    fabric : Fabric
    node : int
        The hot node; its own GPUs send evenly.
    share : float
        0 (plain all-to-all) to 1. [-]
    """
    _check_node(fabric, node, "node")
    if not 0.0 <= share <= 1.0:
        raise ValueError(f"share={share!r}: need 0 to 1")
    gpus = fabric.gpus.astype(float)
    even = np.where(np.arange(gpus.size) == node, 1.0, 1.0 - share) / (fabric.n_gpus - 1)
    others = np.setdiff1d(np.flatnonzero(gpus), [node])
    hot = sparse.csr_array((gpus[others] * share, (others, np.full(others.size, node))), shape=(gpus.size,) * 2)
    local = np.maximum(gpus - 1.0, 0.0) * even
    return Traffic(name="hot_spot", out=gpus * even, into=gpus, explicit=hot, local_bit=local, bit_per_gpu=1.0)


def fan_out(*, fabric: Fabric, root: int, reply_bit: float = 0.0) -> Traffic:
    """One bit from the GPUs of node `root`, in equal parts, to every GPU elsewhere, and a reply from each: serving.

    Parameters
    ----------
    fabric : Fabric
    root : int
        Node that hands out the work.
    reply_bit : float
        From every GPU back to the root. [bit]

    Notes
    -----
    Throughput is the rate at which every GPU is served, in bit/s.
    """
    _check_node(fabric, root, "root")
    require_positive(reply_bit, name="reply_bit", zero=True)
    others = np.setdiff1d(np.flatnonzero(fabric.gpus > 0), [root])
    at = np.full(others.size, root)
    bits = np.concatenate([fabric.gpus[others], fabric.gpus[others] * reply_bit])
    pairs = np.concatenate([at, others]), np.concatenate([others, at])
    return _explicit(fabric, "fan_out", *pairs, bits, np.zeros(fabric.n_nodes), 1.0)


def _check_node(fabric: Fabric, node: int, name: str) -> None:
    if not 0 <= node < fabric.n_nodes or fabric.gpus[node] == 0:
        raise ValueError(f"{name}={node}: need the number of a node with GPUs, below {fabric.n_nodes}")
    if fabric.n_gpus == fabric.gpus[node]:
        raise ValueError(f"fabric {fabric.name!r} has GPUs at one node only; this traffic needs two nodes")


def from_frame(
    frame: Mapping[str, Any], *, fabric: Fabric, name: str | None = None, bit_per_gpu: float | None = None
) -> Traffic:
    """Traffic of a table with the columns source, target (labels of nodes) and bit (per round).

    Parameters
    ----------
    frame : pandas.DataFrame, or anything whose columns are found by name
        Rows of the same pair add up. A row from a node to itself is what the busiest GPU of that node sends to others
        of the node.
    fabric : Fabric
    name : str, optional
        As the frame came from `to_frame` if not given; that of any other table must be.
    bit_per_gpu : float, optional
        Bits per round that the rate per GPU of an answer counts: as the frame came from `to_frame` if not given, and of
        any other table those of the busiest GPU. [bit]

    >>> import networkx as nx
    >>> from topo import from_networkx
    >>> pair = from_networkx(nx.path_graph(["a", "b"]), name="pair", gpus=2, capacity_bps=1.0)
    >>> table = {"source": ["a", "b", "b"], "target": ["b", "a", "b"], "bit": [2.0, 3.0, 1.0]}
    >>> traffic = from_frame(table, fabric=pair, name="mine")
    >>> traffic.sent_bit.tolist(), traffic.local_bit.tolist()
    ([2.0, 3.0], [0.0, 1.0])
    """
    number = {label: v for v, label in enumerate(fabric.labels)}
    ends = []
    for column in ("source", "target"):
        labels = [str(label) for label in np.asarray(frame[column]).tolist()]
        missing = [label for label in labels if label not in number]
        if missing:
            raise ValueError(f"{column} {missing[0]!r} is no node of {fabric.name!r}; need one of its labels")
        ends.append(np.array([number[label] for label in labels], dtype=np.int64))
    bits = require_positive(np.asarray(frame["bit"], dtype=float), name="bit", zero=True)
    own = ends[0] == ends[1]
    local: Floats = np.bincount(ends[0][own], weights=bits[own], minlength=fabric.n_nodes).astype(float)
    known = getattr(frame, "attrs", {})
    title = known.get("name") if name is None else name
    if not title:
        raise ValueError("name is missing: the table does not come from to_frame, so give the traffic a name")
    each = known.get("bit_per_gpu") if bit_per_gpu is None else bit_per_gpu
    if each is None:
        sent = np.bincount(ends[0][~own], weights=bits[~own], minlength=fabric.n_nodes)
        each = busiest_gpu_bit(fabric=fabric, sent_bit=sent, local_bit=local)
    return _explicit(fabric, title, ends[0], ends[1], bits, local, float(each))


def to_frame(*, traffic: Traffic, fabric: Fabric) -> Any:
    """The traffic as a pandas DataFrame with the columns source, target and bit; `from_frame` reads it back.

    Needs the extra `data`. Rows from a node to itself hold `local_bit`; `DataFrame.attrs` holds name and `bit_per_gpu`.
    """
    try:
        import pandas
    except ImportError as error:
        raise ImportError("to_frame needs pandas; install fabricgap with the extra 'data'") from error
    if traffic.n_nodes != fabric.n_nodes:
        raise ValueError(
            f"traffic {traffic.name!r} speaks of {traffic.n_nodes} nodes, {fabric.name!r} has {fabric.n_nodes}"
        )
    bits = traffic.rows(np.arange(traffic.n_nodes))
    np.fill_diagonal(bits, traffic.local_bit)
    source, target = np.nonzero(bits)
    labels = np.array(fabric.labels, dtype=object)
    frame = pandas.DataFrame({"source": labels[source], "target": labels[target], "bit": bits[source, target]})
    frame.attrs.update(name=traffic.name, bit_per_gpu=traffic.bit_per_gpu)
    return frame
