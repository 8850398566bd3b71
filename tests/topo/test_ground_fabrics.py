"""Fabrics on the ground against published counts and bisections, closed forms, and each other."""

import math

import networkx as nx
import numpy as np
import pytest

from links.parts import Part, all_parts, load_part
from optimize.flow import Prices, all_to_all, best_bisection, ecmp, max_throughput, price_bound_per_s
from optimize.flow.certificate import achieved_per_s
from topo.fabric import Fabric
from topo.graph import to_networkx
from topo.ground import nvl72, superpod
from topo.pods import superpod_fat_tree, superpod_spines
from topo.racks import hgx, nvswitch_domain
from topo.textbook import dragonfly, fat_tree, random_regular_fabric, torus_fabric
from topo.tpu import tpu_slice

GB_S = 8e9  # bit/s in one GB/s
TPUS = [part for part in all_parts().values() if part.kind == "tpu"]


def ports(fabric: Fabric) -> np.ndarray:
    """Links at each node, parallel ones counted."""
    return np.bincount(fabric.tail, weights=fabric.terminals, minlength=fabric.n_nodes)


def crossing_bps(fabric: Fabric, first_side: np.ndarray) -> float:
    """Capacity of the arcs from one side to the other."""
    return float(fabric.capacity_bps[first_side[fabric.tail] & ~first_side[fabric.head]].sum())


# --- NVSwitch domains


def test_gb200_and_gb300_racks_are_the_same_nvlink_domain() -> None:
    older, newer = nvl72(rack=load_part("gb200_nvl72")), nvl72()
    assert older.name == "GB200 NVL72"
    assert older.n_links == newer.n_links == 72 * 18
    assert older.outgoing_bps.tolist() == newer.outgoing_bps.tolist()
    assert load_part("gb200_nvl72")["nic_payload_bps"] * 2 == load_part("gb300_nvl72")["nic_payload_bps"]


def test_an_h100_has_five_four_four_and_five_links_to_the_four_chips() -> None:
    board = hgx(board=load_part("hgx_h100"))
    of_gpu_3 = board.terminals[board.tail == 3]
    assert of_gpu_3.tolist() == [5, 4, 4, 5]
    assert ports(board)[8:].max() <= load_part("nvswitch3")["ports"]


@pytest.mark.parametrize(("name", "gigabytes_s"), [("hgx_h100", 450.0), ("hgx_b200", 900.0), ("hgx_b300", 900.0)])
def test_every_gpu_of_a_board_sends_half_the_advertised_sum_to_any_other(name: str, gigabytes_s: float) -> None:
    board = hgx(board=load_part(name))
    assert board.outgoing_bps[:8] == pytest.approx(gigabytes_s * GB_S, rel=1e-12)
    graph = to_networkx(board)
    flow, _ = nx.maximum_flow(graph, "gpu0", "gpu7", capacity="capacity_bps")
    assert flow == pytest.approx(gigabytes_s * GB_S, rel=1e-9)
    found = max_throughput(fabric=board, traffic=all_to_all(fabric=board), rtol=1e-6)
    assert found.per_gpu_bps.lower == pytest.approx(gigabytes_s * GB_S, rel=1e-6)


def test_eight_gpus_fill_the_two_chips_of_a_b200_board() -> None:
    board = hgx(board=load_part("hgx_b200"))
    assert ports(board)[8:].tolist() == [load_part("nvswitch4")["ports"]] * 2


def test_a_domain_with_more_links_than_ports_is_refused() -> None:
    part = load_part("hgx_b200")
    more = Part(
        name="ten", kind=part.kind, title="ten", data={**part.data, "gpus": load_part("gb300_nvl72").data["gpus"]}
    )
    with pytest.raises(ValueError, match="ports; use more chips"):
        nvswitch_domain(machine=more)
    with pytest.raises(ValueError, match="is a rack"):
        hgx(board=load_part("gb300_nvl72"))


# --- SuperPOD


def test_a_whole_superpod_has_the_published_switches_and_no_oversubscription() -> None:
    pod, shape = superpod_fat_tree(racks=128, per_gpu=False), load_part("gb300_superpod_units")
    leaves = [v for v, label in enumerate(pod.labels) if label.startswith("leaf")]
    spines = [v for v, label in enumerate(pod.labels) if label.startswith("spine")]
    assert (pod.n_gpus, len(leaves), len(spines)) == (9216, shape["leaves"], shape["spines"])
    down = pod.terminals[np.isin(pod.tail, leaves) & (pod.head < 128)].sum()
    up = pod.terminals[np.isin(pod.tail, leaves) & np.isin(pod.head, spines)].sum()
    assert down == up == 9216
    assert ports(pod)[leaves].tolist() == [144.0] * 128
    assert ports(pod)[spines].tolist() == [128.0] * 72


def test_a_unit_of_eight_racks_has_two_leaves_a_rail() -> None:
    unit = superpod_fat_tree(racks=8, per_gpu=True)
    assert unit.n_gpus == 576
    leaves = [v for v, label in enumerate(unit.labels) if label.startswith("leaf")]
    assert len(leaves) == 8
    for gpu in ("rack0.gpu5", "rack3.gpu69", "rack7.gpu1"):  # rail 1 all three, the last on the other half's leaf
        v = unit.labels.index(gpu)
        (leaf,) = set(unit.head[unit.tail == v].tolist()) & set(leaves)
        assert unit.labels[leaf] == ("leaf5" if gpu.startswith("rack7") else "leaf1")
    assert ports(unit).max() == 144


def test_a_superpod_per_gpu_has_every_gpu_on_18_nvlinks_and_one_network_port() -> None:
    pod = superpod_fat_tree(racks=2, per_gpu=True)
    gpu = np.flatnonzero(pod.gpus)
    assert gpu.size == 144
    assert ports(pod)[gpu].tolist() == [19.0] * 144
    assert pod.outgoing_bps[gpu] == pytest.approx(1000 * GB_S, rel=1e-12)  # 900 inside the rack, 100 to the leaf


@pytest.mark.parametrize("leaves", range(4, 132, 4))
def test_spines_have_the_ports_for_all_uplinks(leaves: int) -> None:
    spines = superpod_spines(leaves=leaves)
    assert leaves * 72 <= spines * 144
    assert 72 % spines == 0


def proved(fabric: Fabric, price: np.ndarray, host_price: np.ndarray) -> tuple[float, float]:
    """Certified all-to-all rate per GPU: multipath that prefers NVLink from below, given prices from above. [bit/s]"""
    traffic = all_to_all(fabric=fabric)
    prices = Prices.zero(fabric=fabric, arc=price, host_out=host_price)
    lower = achieved_per_s(
        fabric=fabric,
        traffic=traffic,
        routing=ecmp(fabric=fabric, length=np.where(fabric.medium == "copper", 1.0, 1.5)),
    )
    upper = price_bound_per_s(fabric=fabric, traffic=traffic, prices=prices)
    return lower * traffic.bit_per_gpu, upper * traffic.bit_per_gpu


@pytest.mark.parametrize("racks", [2, 5])
def test_per_gpu_per_rack_and_ideal_core_carry_the_same_all_to_all(racks: int) -> None:
    gpus = 72 * racks
    closed_form = 100 * GB_S * (gpus - 1) / (gpus - 72)  # pairs inside a rack do not use the 100 GB/s cards
    fine, coarse = superpod_fat_tree(racks=racks, per_gpu=True), superpod_fat_tree(racks=racks, per_gpu=False)
    leaf = np.array([label.startswith("leaf") for label in fine.labels])
    cards = ((fine.gpus[fine.tail] > 0) & leaf[fine.head]).astype(float)
    answers = [*proved(fine, cards, np.zeros(fine.n_nodes))]
    for fabric in (coarse, superpod(racks=racks)):
        answers += proved(fabric, np.zeros(fabric.n_arcs), (fabric.gpus > 0).astype(float))
    assert answers == pytest.approx([closed_form] * 6, rel=1e-9)  # all six are proofs; only rounding differs


def test_a_whole_superpod_of_9216_gpus_carries_all_that_its_cards_send() -> None:
    pod = superpod_fat_tree(racks=128, per_gpu=False)
    found = max_throughput(fabric=pod, traffic=all_to_all(fabric=pod), method="direct")
    assert found.width < 1e-9  # proved from both sides
    assert found.per_gpu_bps.lower == pytest.approx(100 * GB_S * 9215 / 9144, rel=1e-9)


def test_a_superpod_of_more_than_16_units_is_refused() -> None:
    with pytest.raises(ValueError, match="racks=129"):
        superpod_fat_tree(racks=129, per_gpu=False)


# --- TPUs


@pytest.mark.parametrize("chip", TPUS, ids=lambda chip: chip.name)
def test_the_advertised_ici_rate_is_the_sum_of_both_directions_over_all_ports(chip: Part) -> None:
    pod = tpu_slice(chip=chip)
    assert pod.n_nodes == pod.n_gpus == chip["chips_per_pod"]
    assert ports(pod).tolist() == [chip["ici_ports"]] * pod.n_nodes
    assert 2 * pod.outgoing_bps == pytest.approx(chip["advertised_sum_of_directions_bps"], rel=1e-12)


def test_googles_older_v5p_page_counts_one_direction() -> None:
    chip = load_part("tpu_v5p")
    assert 2 * chip["advertised_one_direction_bps"] == chip["advertised_sum_of_directions_bps"]
    assert tpu_slice(chip=chip).outgoing_bps[0] == chip["advertised_one_direction_bps"]


@pytest.mark.parametrize("name", ["tpu_v5e", "tpu_v6e"])
def test_a_pod_has_googles_bisection_and_all_reduce_figures(name: str) -> None:
    chip = load_part(name)
    pod = tpu_slice(chip=chip)
    assert pod.capacity_bps.sum() / 8 == pytest.approx(chip["pod_all_reduce_b_s"], rel=1e-12)
    half = np.arange(256) < 128
    assert crossing_bps(pod, half) / 8 == pytest.approx(chip["pod_bisection_b_s"], rel=1e-12)
    # and no cheaper balanced cut is found
    assert best_bisection(fabric=pod).capacity_bps / 8 == pytest.approx(chip["pod_bisection_b_s"], rel=1e-12)


@pytest.mark.parametrize(
    ("name", "shape", "links"),
    [
        ("tpu_v6e", (4, 4), 24),  # no axis closes below 16
        ("tpu_v5e", (8, 16), 7 * 16 + 8 * 16),  # the long axis closes
        ("tpu_v5p", (2, 2, 4), 8 + 8 + 12),  # less than a cube: a mesh
        ("tpu_v5p", (4, 4, 4), 3 * 64),
        ("tpu_7x", (4, 4, 8), 3 * 128),
    ],
)
def test_slices_close_only_the_axes_that_google_says(name: str, shape: tuple[int, ...], links: int) -> None:
    assert tpu_slice(chip=load_part(name), shape=shape).n_links == links


def test_a_slice_with_the_wrong_number_of_axes_is_refused() -> None:
    with pytest.raises(ValueError, match="has 2 axes"):
        tpu_slice(chip=load_part("tpu_v6e"), shape=(4, 4, 4))


# --- tori of 8,000 satellites, K. van Berkel, arXiv:2607.14172


def test_van_berkels_planar_torus_has_2_225_tb_s_where_he_prints_2_25() -> None:
    torus = torus_fabric(dimensions=(89, 90), capacity_bps=100e9)
    half = np.arange(89 * 90) % 90 < 45  # 89 rings are cut twice
    assert crossing_bps(torus, half) / 8e12 == pytest.approx(2.225, rel=1e-12)
    # his figure is that of a torus of 90 x 90, and 1 % above the one he names
    square = torus_fabric(dimensions=(90, 90), capacity_bps=100e9)
    assert crossing_bps(square, np.arange(8100) % 90 < 45) / 8e12 == pytest.approx(2.25, rel=1e-12)


def test_van_berkels_cubic_torus_has_10_tb_s() -> None:
    torus = torus_fabric(dimensions=(20, 20, 20), capacity_bps=100e9)
    assert torus.n_nodes == 8000
    assert crossing_bps(torus, np.arange(8000) % 20 < 10) / 8e12 == pytest.approx(10.0, rel=1e-12)


# --- textbook networks


@pytest.mark.parametrize(("dimensions", "wrapped"), [((5,), True), ((3, 4), True), ((4, 3), False), ((2, 2, 2), True)])
def test_a_torus_is_the_product_of_cycles_or_paths(dimensions: tuple[int, ...], wrapped: bool) -> None:
    fabric = torus_fabric(dimensions=dimensions, wrapped=wrapped, capacity_bps=1.0)
    expected = nx.grid_graph(dim=dimensions[::-1], periodic=wrapped)
    assert nx.is_isomorphic(to_networkx(fabric).to_undirected(), nx.Graph(expected))


@pytest.mark.parametrize("k", [4, 6])
def test_a_fat_tree_has_the_papers_counts_and_full_bisection(k: int) -> None:
    tree = fat_tree(ports=k, capacity_bps=1e9)
    hosts = k**3 // 4
    assert (tree.n_gpus, tree.n_nodes - hosts, tree.n_links) == (hosts, 5 * k**2 // 4, 3 * hosts)
    assert ports(tree)[hosts:].tolist() == [k] * (5 * k**2 // 4)
    # any half sends to the other at full rate: a random half, by maximum flow
    graph = to_networkx(tree)
    first = np.random.default_rng(3).permutation(hosts)[: hosts // 2]
    for v in range(hosts):
        graph.add_edge("all", f"gpu{v}") if v in first else graph.add_edge(f"gpu{v}", "rest")
    flow, _ = nx.maximum_flow(graph, "all", "rest", capacity="capacity_bps")  # no capacity: unlimited
    assert flow == pytest.approx(hosts / 2 * 1e9, rel=1e-9)
    found = max_throughput(fabric=tree, traffic=all_to_all(fabric=tree), rtol=1e-9)
    assert found.per_gpu_bps.lower == pytest.approx(1e9, rel=1e-9)


@pytest.mark.parametrize(("p", "a", "h", "hosts"), [(2, 4, 2, 72), (4, 8, 4, 1056)])
def test_a_dragonfly_has_the_papers_size_and_three_router_hops(p: int, a: int, h: int, hosts: int) -> None:
    # figure 5 of Kim et al.: N = 72 from routers of 7 ports; N = 1056 is the size they simulate
    fabric = dragonfly(hosts=p, routers=a, global_links=h, capacity_bps=1e9)
    assert fabric.n_gpus == hosts
    assert ports(fabric)[hosts:].tolist() == [p + a - 1 + h] * (a * (a * h + 1))
    routers = to_networkx(fabric).to_undirected().subgraph(label for label in fabric.labels if label[0] == "s")
    if hosts < 100:
        assert nx.diameter(routers) == 3
    group = (np.arange(fabric.n_nodes) - hosts) // a
    between = {(int(group[u]), int(group[v])) for u, v in zip(fabric.tail, fabric.head, strict=True) if u >= hosts <= v}
    groups = a * h + 1
    assert between == {(x, y) for x in range(groups) for y in range(groups)}
    across = (fabric.tail >= hosts) & (fabric.head >= hosts) & (group[fabric.tail] != group[fabric.head])
    assert across.sum() == groups * (groups - 1)  # one link between any two


def test_a_random_regular_graph_is_seeded_regular_and_has_fewer_hops_than_a_torus() -> None:
    first = random_regular_fabric(n=64, degree=4, capacity_bps=1e9, seed=7)
    again = random_regular_fabric(n=64, degree=4, capacity_bps=1e9, seed=7)
    other = random_regular_fabric(n=64, degree=4, capacity_bps=1e9, seed=8)
    assert first.head.tolist() == again.head.tolist() != other.head.tolist()
    assert ports(first).tolist() == [4.0] * 64
    hops = nx.average_shortest_path_length(to_networkx(first))
    in_torus = nx.average_shortest_path_length(nx.grid_graph(dim=(8, 8), periodic=True))
    moore = (4 * 1 + 12 * 2 + 36 * 3 + 11 * 4) / 63  # Cerf et al. 1974: 4, 12, 36 and the remaining 11 nodes
    assert moore < hops < in_torus


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: torus_fabric(dimensions=(), capacity_bps=1e9), "dimensions"),
        (lambda: torus_fabric(dimensions=(3, 3), wrapped=[True], capacity_bps=1e9), "wrapped"),
        (lambda: torus_fabric(dimensions=(3, 3), capacity_bps=math.inf), "capacity_bps"),
        (lambda: fat_tree(ports=5, capacity_bps=1e9), "even"),
        (lambda: dragonfly(hosts=1, routers=0, global_links=1, capacity_bps=1e9), "routers=0"),
        (lambda: random_regular_fabric(n=5, degree=3, capacity_bps=1e9, seed=0), "even"),
        (lambda: tpu_slice(chip=load_part("gb300_nvl72")), "kind tpu"),
    ],
)
def test_impossible_networks_are_refused(make, message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match=message):
        make()
