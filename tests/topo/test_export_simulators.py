"""Files for ns-3 HPCC, SimAI and htsim, read by parsers written from what those programs do when they read them."""

import json
import re
from dataclasses import fields, replace
from typing import Any

import networkx as nx
import numpy as np
import pytest

from optimize.flow import latency
from topo.export import (
    htsim_topology,
    htsim_traffic,
    logical_topology,
    ns3_rate_maps,
    ns3_topology,
    simai_topology,
)
from topo.fabric import Fabric
from topo.ground import nvl72, superpod
from topo.textbook import dragonfly, fat_tree, torus_fabric

UNITS = {"bps": 1.0, "Kbps": 1e3, "Mbps": 1e6, "Gbps": 1e9, "Tbps": 1e12}  # of ns-3's DataRate
TIMES = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9, "ps": 1e-12}


def quantity(text: str, units: dict[str, float]) -> float:
    match = re.fullmatch(r"([0-9.eE+-]+)([A-Za-z]+)", text)
    assert match is not None, text
    return float(match[1]) * units[match[2]]


def links_of(words: list[str], count: int) -> list[tuple[int, int, float, float]]:
    """src dst rate delay error_rate, as `topof >> src >> dst >> data_rate >> link_delay >> error_rate` reads them."""
    assert len(words) == 5 * count
    rows = [words[5 * k : 5 * k + 5] for k in range(count)]
    assert all(0.0 <= float(row[4]) <= 1.0 for row in rows)
    return [(int(a), int(b), quantity(rate, UNITS), quantity(wait, TIMES)) for a, b, rate, wait, _ in rows]


def read_hpcc(text: str) -> tuple["nx.DiGraph[int]", list[int]]:
    """`topof >> node_num >> switch_num >> link_num`, switch ids, links: a graph, and its hosts."""
    words = text.split()
    nodes, switches, links = (int(word) for word in words[:3])
    ids = [int(word) for word in words[3 : 3 + switches]]
    return graph_of(nodes, links_of(words[3 + switches :], links)), sorted(set(range(nodes)) - set(ids))


def graph_of(nodes: int, links: list[tuple[int, int, float, float]]) -> "nx.DiGraph[int]":
    graph: nx.DiGraph[int] = nx.DiGraph()
    graph.add_nodes_from(range(nodes))
    for a, b, rate, wait in links:
        assert not graph.has_edge(a, b)
        graph.add_edge(a, b, rate=rate, wait=wait)
        graph.add_edge(b, a, rate=rate, wait=wait)
    return graph


def edges(graph: Any) -> list[tuple[int, int, float]]:
    return list(graph.edges(data="rate"))


def waits(graph: "nx.DiGraph[int]", hosts: list[int]) -> np.ndarray:
    """Least delay between all pairs of hosts where only switches forward, as HPCC routes. [s]"""
    found = np.zeros((len(hosts), len(hosts)))
    for i, source in enumerate(hosts):
        part = graph.copy()
        part.remove_nodes_from(h for h in hosts if h != source)
        reach = nx.single_source_dijkstra_path_length(part, source, weight="wait")
        for j, target in enumerate(hosts):
            if i != j:
                last = [reach[v] + graph[v][target]["wait"] for v in graph.predecessors(target) if v in reach]
                found[i, j] = min(last)
    return found


def satellites() -> Fabric:
    """A torus of satellites with one GPU, limited hosts and slow on-board switches."""
    torus = torus_fabric(dimensions=(3, 4), capacity_bps=9.6e12, host_bps=5.76e12, latency_s=1.3e-6)
    return replace(torus, switch_latency_s=np.full(12, 300e-9), switch_latency_low_s=np.full(12, 100e-9),
                   latency_low_s=np.full(torus.n_arcs, 0.8e-6))  # fmt: skip


# --- ns-3 HPCC


@pytest.mark.parametrize("make", [satellites, nvl72, lambda: fat_tree(ports=4, capacity_bps=1e11, latency_s=1e-6)])
def test_hosts_come_first_and_every_link_is_there_once(make: Any) -> None:
    fabric = make()
    graph, hosts = read_hpcc(ns3_topology(fabric=fabric))
    n_hosts = int((fabric.gpus > 0).sum())
    forwarding = int(((fabric.gpus > 0) & fabric.transit).sum())
    assert hosts == list(range(n_hosts))
    assert graph.number_of_nodes() == fabric.n_nodes + forwarding
    assert graph.number_of_edges() == 2 * (fabric.n_links + forwarding)
    rates = sorted(rate for _, _, rate in edges(graph))
    assert set(fabric.capacity_bps.tolist()) <= set(rates)


@pytest.mark.parametrize("low", [False, True])
def test_paths_through_the_file_take_as_long_as_through_the_fabric(low: bool) -> None:
    fabric = satellites()
    found = waits(*read_hpcc(ns3_topology(fabric=fabric, low_latency=low)))
    expected = latency(fabric=fabric)
    off_diagonal = found[~np.eye(len(found), dtype=bool)]
    # abs 1e-12 s: delays are written to a picosecond, a path has up to six
    assert off_diagonal.max() == pytest.approx(expected.worst.lower if low else expected.worst.upper, abs=1e-11)
    assert off_diagonal.mean() == pytest.approx(expected.mean.lower if low else expected.mean.upper, abs=1e-11)


def test_a_satellite_becomes_a_host_and_a_switch_joined_at_its_host_limit() -> None:
    graph, hosts = read_hpcc(ns3_topology(fabric=satellites()))
    for host in hosts:
        (switch,) = graph.successors(host)
        assert graph[host][switch]["rate"] == 5.76e12
        assert sorted(graph[switch][v]["rate"] for v in graph.successors(switch) if v != host) == [9.6e12] * 4
    # all that one satellite can send: its host limit, not its four links
    flow, _ = nx.maximum_flow(graph, 0, 11, capacity="rate")
    assert flow == pytest.approx(5.76e12, rel=1e-9)


def test_unlimited_hosts_get_all_that_their_links_carry() -> None:
    graph, _ = read_hpcc(ns3_topology(fabric=torus_fabric(dimensions=(5,), capacity_bps=100e9)))
    flow, _ = nx.maximum_flow(graph, 0, 2, capacity="rate")
    assert flow == pytest.approx(200e9, rel=1e-9)


def test_gpus_of_a_rack_stay_hosts_with_18_links() -> None:
    graph, hosts = read_hpcc(ns3_topology(fabric=nvl72()))
    assert len(hosts) == 72
    assert {graph.out_degree(host) for host in hosts} == {18}
    assert {graph.out_degree(v) for v in graph if v >= 72} == {72}


def test_rates_that_are_no_whole_gigabits_are_written_in_bits() -> None:
    graph, _ = read_hpcc(ns3_topology(fabric=torus_fabric(dimensions=(4,), capacity_bps=11239723843.0)))
    assert {rate for _, _, rate in edges(graph)} == {11239723843.0, 2 * 11239723843.0}


def read_map(text: str) -> dict[str, dict[int, float]]:
    """`KMAX_MAP n rate value rate value ...` as HPCC's configuration reader takes it."""
    maps = {}
    for line in text.splitlines():
        key, count, *pairs = line.split()
        assert len(pairs) == 2 * int(count)
        maps[key] = {int(a): float(b) for a, b in zip(pairs[::2], pairs[1::2], strict=True)}
    return maps


def test_rate_maps_hold_every_rate_of_the_topology_and_keep_the_shipped_values() -> None:
    graph, _ = read_hpcc(ns3_topology(fabric=satellites()))
    rates = [rate for _, _, rate in edges(graph)]
    maps = read_map(ns3_rate_maps(rates_bps=rates))
    assert set(maps) == {"KMAX_MAP", "KMIN_MAP", "PMAX_MAP"}
    assert all(set(found) == {round(rate) for rate in rates} for found in maps.values())
    # config.txt of ASTRA-sim's ns-3 backend
    shipped = read_map(ns3_rate_maps(rates_bps=[25e9, 40e9, 100e9, 200e9, 400e9, 2400e9]))
    assert list(shipped["KMAX_MAP"].values()) == [400, 800, 1600, 2400, 3200, 3200]
    assert list(shipped["KMIN_MAP"].values()) == [100, 200, 400, 600, 800, 800]
    assert set(shipped["PMAX_MAP"].values()) == {0.2}
    between = read_map(ns3_rate_maps(rates_bps=300e9))["KMAX_MAP"][300_000_000_000]
    assert 2400 < between < 3200


def test_logical_dimensions_are_text() -> None:
    assert json.loads(logical_topology(dimensions=(9, 9))) == {"logical-dims": ["9", "9"]}
    with pytest.raises(ValueError, match="dimensions"):
        logical_topology(dimensions=())


def lopsided(fabric: Fabric) -> Fabric:
    capacity = fabric.capacity_bps.copy()
    capacity[0] /= 2
    return replace(fabric, capacity_bps=capacity)


def one_way(fabric: Fabric) -> Fabric:
    count = fabric.n_arcs
    columns = {f.name: getattr(fabric, f.name) for f in fields(fabric)}
    arcs = {key: value[1:] for key, value in columns.items() if np.shape(value) == (count,)}
    return replace(fabric, **arcs)


def simai(**how: Any) -> str:
    return simai_topology(gpu_type="H100", **how)


@pytest.mark.parametrize("write", [ns3_topology, simai])
def test_directions_that_differ_are_refused_even_when_losses_are_accepted(write: Any) -> None:
    fabric = superpod(racks=3) if write is not ns3_topology else satellites()
    with pytest.raises(ValueError, match=r"rates of .* differ"):
        write(fabric=lopsided(fabric), lossy=True)
    with pytest.raises(ValueError, match="has no arc back"):
        write(fabric=one_way(fabric), lossy=True)


@pytest.mark.parametrize(
    ("fabric", "reason"),
    [
        (superpod(racks=3), "rack0 has 72 GPUs"),
        (replace(satellites(), switch_bps=np.full(12, 1e13)), "the switch limit of node0"),
        (replace(satellites(), port_bps=np.full(12, 1e13)), "ports that GPUs share"),
        (replace(nvl72(), host_bps=np.full(90, 1e12)), "the host limit of gpu0"),
        (replace(nvl72(), transit=np.zeros(90, dtype=bool)), "nvswitch0 has no GPUs and does not forward"),
    ],
)
def test_limits_that_ns3_cannot_hold_are_refused_and_named_unless_accepted(fabric: Fabric, reason: str) -> None:
    with pytest.raises(ValueError, match=f"cannot say: .*{reason}.*lossy=True"):
        ns3_topology(fabric=fabric)
    read_hpcc(ns3_topology(fabric=fabric, lossy=True))


def test_limits_that_bind_nothing_are_no_loss() -> None:
    wide = replace(satellites(), switch_bps=np.full(12, 4 * 9.6e12 + 5.76e12))  # all that can enter
    read_hpcc(ns3_topology(fabric=wide))
    read_hpcc(ns3_topology(fabric=replace(nvl72(), host_bps=np.full(90, 900 * 8e9))))


# --- SimAI


def read_simai(text: str) -> tuple["nx.DiGraph[int]", int, int, str]:
    """`topof >> node_num >> gpus_per_server >> nvswitch_num >> switch_num >> link_num >> gpu_type`, ids, links."""
    words = text.split()
    nodes, each, nvswitches, switches, links = (int(word) for word in words[:5])
    ids = [int(word) for word in words[6 : 6 + nvswitches + switches]]
    gpus = nodes - nvswitches - switches
    assert ids[:nvswitches] == [
        gpus + server for server in range(gpus // each)
    ]  # node2nvswitch[i] = gpu_num + i / each
    assert sorted(ids) == list(range(gpus, nodes))
    return graph_of(nodes, links_of(words[6 + nvswitches + switches :], links)), gpus, each, words[5]


def test_a_server_of_simai_is_a_rack_with_its_gpus_behind_one_nvswitch() -> None:
    fabric = superpod(racks=3)
    graph, gpus, each, gpu_type = read_simai(simai_topology(fabric=fabric, gpu_type="H100"))
    assert (gpus, each, gpu_type) == (216, 72, "H100")
    for gpu in range(gpus):
        nvswitch, network = sorted(graph.successors(gpu))
        assert nvswitch == gpus + gpu // 72
        assert graph[gpu][nvswitch]["rate"] == pytest.approx(900 * 8e9)  # one direction
        assert graph[gpu][network]["rate"] == pytest.approx(800e9)
    # inside a rack and between racks, latencies are the fabric's
    found = latency(fabric=fabric)
    inside = nx.shortest_path_length(graph, 0, 1, weight="wait")
    between = nx.shortest_path_length(graph, 0, 100, weight="wait")
    assert inside == pytest.approx(float(fabric.switch_latency_s[0]), abs=1e-12)
    assert between == pytest.approx(found.worst.upper, abs=1e-12)


@pytest.mark.parametrize(
    ("fabric", "message"),
    [
        (nvl72(), "at least 2; these have 1"),
        (replace(superpod(racks=2), gpus=np.array([72, 8, 0])), "these have 8, 72"),
        (replace(superpod(racks=2), local_bps=np.full(3, np.inf)), "local_bps of rack0 is unlimited"),
        (replace(superpod(racks=2), host_bps=np.full(3, np.inf)), "one GPU of rack0 may use all its links"),
        (replace(superpod(racks=2), port_bps=np.full(3, 1e12)), "ports that GPUs share"),
    ],
)
def test_what_simai_cannot_hold_is_refused(fabric: Fabric, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        simai_topology(fabric=fabric, gpu_type="H100")


# --- htsim


def read_htsim(text: str) -> "nx.DiGraph[str]":
    """As GenericTopology::load: at most 254 characters a line, a comma ends a word, queues feed pipes, pipes nodes."""
    lines = text.splitlines()
    counts = [int(line.split()[1]) for line in lines[:3]]
    assert [line.split()[0] for line in lines[:3]] == ["Hosts", "Switches", "Links"]
    owner: dict[str, str] = {}
    speed: dict[str, tuple[float, str]] = {}
    pipes: dict[str, tuple[float, str]] = {}
    kinds: dict[str, list[str]] = {"host": [], "switch": []}
    for line in lines[3:]:
        assert len(line) <= 254
        assert " ," not in line
        head, *attributes = [part.split() for part in line.split(", ")]
        kind, name = head
        values = [(words[0], words[1:]) for words in attributes]
        if kind in kinds:
            kinds[kind].append(name)
            assert kind == "switch" or len(values) == 1  # setQueue: a host has one
            owner |= {words[0]: name for key, words in values if key == "queue"}
        elif kind == "queue":
            got = dict(values)
            assert got["type"] == ["composite"]
            assert 0 < int(got["size"][0]) < 2**31
            assert got["speed"][1] == "gbps"
            speed[name] = (float(got["speed"][0]) * 1e9, got["dst"][0])
        else:
            assert kind == "pipe"
            got = dict(values)
            assert float(got["latency"][0]) > 0.0  # 0 ends the program
            pipes[name] = (float(got["latency"][0]) * TIMES[got["latency"][1]], got["dst"][0])
    assert [len(kinds["host"]), len(kinds["switch"])] == counts[:2]
    graph: nx.DiGraph[str] = nx.DiGraph()
    for queue, (rate, pipe) in speed.items():
        wait, target = pipes[pipe]
        assert target in kinds["host"] + kinds["switch"]
        graph.add_edge(owner[queue], target, rate=rate, wait=wait)
    assert graph.number_of_edges() == 2 * counts[2]
    return graph


def test_htsim_queues_and_pipes_are_the_links_of_the_fabric() -> None:
    fabric = satellites()
    graph = read_htsim(htsim_topology(fabric=fabric, queue_b=1_000_000))
    hosts = [name for name in graph if name[0] == "h"]
    assert len(hosts) == 12
    flow, _ = nx.maximum_flow(graph, "h0", "h11", capacity="rate")
    assert flow == pytest.approx(5.76e12, rel=1e-9)
    longest = max(nx.shortest_path_length(graph, a, b, weight="wait") for a in hosts for b in hosts if a != b)
    assert longest == pytest.approx(latency(fabric=fabric).worst.upper, abs=1e-11)


def test_htsim_keeps_directions_that_differ() -> None:
    fabric = lopsided(satellites())
    graph = read_htsim(htsim_topology(fabric=fabric, queue_b=1_000_000))
    u, v = f"s{fabric.tail[0]}", f"s{fabric.head[0]}"
    assert graph[u][v]["rate"] * 2 == pytest.approx(graph[v][u]["rate"], rel=1e-9)


def test_htsim_takes_fat_trees_and_dragonflies_as_they_are() -> None:
    tree = fat_tree(ports=4, capacity_bps=1e11, latency_s=1e-6)
    assert read_htsim(htsim_topology(fabric=tree, queue_b=1000)).number_of_edges() == tree.n_arcs
    flies = dragonfly(hosts=2, routers=4, global_links=2, capacity_bps=1e11)
    assert read_htsim(htsim_topology(fabric=flies, queue_b=1000)).number_of_edges() == flies.n_arcs


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"fabric": nvl72(), "queue_b": 1000}, "gives a host one link: gpu0 has 18"),
        ({"fabric": replace(superpod(racks=40), gpus=np.array([1] * 40 + [0])), "queue_b": 1000}, "core with 40 links"),
        ({"fabric": satellites(), "queue_b": 0}, "queue_b=0"),
        ({"fabric": one_way(satellites()), "queue_b": 1000}, "has no arc back"),
    ],
)
def test_what_htsim_cannot_hold_is_refused(how: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        htsim_topology(**how)


def test_htsim_traffic_has_the_connections_it_says() -> None:
    text = htsim_traffic(hosts=4, flows=[(0, 1, 10), (1, 0, 20), (3, 2, 2**31 - 1)])
    lines = text.splitlines()
    assert lines[:2] == ["Nodes 4", "Connections 3"]
    found = []
    for number, line in enumerate(lines[2:], start=1):
        pair, *rest = line.split(" ")
        source, target = (int(word) for word in pair.split("->"))
        words = dict(zip(rest[::2], rest[1::2], strict=True))
        assert (int(words["id"]), float(words["start"])) == (number, 0.0)  # id 0 is not allowed
        found.append((source, target, int(words["size"])))
    assert found == [(0, 1, 10), (1, 0, 20), (3, 2, 2**31 - 1)]


@pytest.mark.parametrize("flow", [(0, 0, 1), (0, 4, 1), (0, 1, 0), (0, 1, 2**31)])
def test_flows_that_htsim_would_misread_are_refused(flow: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="flow 1"):
        htsim_traffic(hosts=4, flows=[flow])
