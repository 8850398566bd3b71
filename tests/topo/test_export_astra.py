"""ASTRA-sim's analytical network file: what it can say exactly, in its own GB, and what it is refused for."""

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from links.parts import load_part
from optimize.flow import latency
from topo.assemble import assemble, numbered
from topo.export import astra_network
from topo.fabric import Fabric
from topo.ground import nvl72, superpod
from topo.racks import hgx
from topo.textbook import dragonfly, fat_tree, random_regular_fabric, torus_fabric
from topo.tpu import tpu_slice

BLOCKS = {"Ring", "FullyConnected", "Switch"}


def read(text: str) -> list[tuple[str, int, float, float]]:
    """The four lists of network.yml as NetworkParser takes them: block, NPUs, byte/s, s for each dimension."""
    lists = {}
    for line in text.splitlines():
        match = re.fullmatch(r"(\w+): \[ (.*) \]", line)
        assert match is not None, line
        lists[match[1]] = match[2].split(", ")
    assert list(lists) == ["topology", "npus_count", "bandwidth", "latency"]
    assert len({len(values) for values in lists.values()}) == 1
    assert set(lists["topology"]) <= BLOCKS
    rows = zip(*lists.values(), strict=True)
    found = [(block, int(count), float(gb) * (1 << 30), float(ns) * 1e-9) for block, count, gb, ns in rows]
    assert all(count > 1 and rate > 0 and wait >= 0 for _, count, rate, wait in found)
    return found


def test_an_nvl72_is_a_switch_of_900_gb_s_whose_latency_counts_twice() -> None:
    ((block, count, rate, wait),) = read(astra_network(fabric=nvl72()))
    assert (block, count) == ("Switch", 72)
    assert rate == pytest.approx(900e9, rel=1e-11)  # decimal GB again, 12 digits in the file
    assert 2 * wait == pytest.approx(latency(fabric=nvl72()).worst.upper, rel=1e-8)  # in and out
    low = read(astra_network(fabric=nvl72(), low_latency=True))[0][3]
    assert 2 * low == pytest.approx(latency(fabric=nvl72()).worst.lower, rel=1e-8)


def test_chips_with_unequal_shares_are_one_switch_of_their_joint_rate() -> None:
    ((block, count, rate, _),) = read(astra_network(fabric=hgx(board=load_part("hgx_h100"))))
    assert (block, count) == ("Switch", 8)
    assert rate == pytest.approx(450e9, rel=1e-11)


def test_a_gb_of_astra_sim_is_7_percent_larger() -> None:
    text = astra_network(fabric=torus_fabric(dimensions=(4,), capacity_bps=8e9))
    assert "bandwidth: [ 0.931322574615 ]" in text  # 10^9 / 2^30


@pytest.mark.parametrize(
    ("fabric", "shape", "blocks"),
    [
        (torus_fabric(dimensions=(16,), capacity_bps=8e11), None, [("Ring", 16)]),
        (tpu_slice(chip=load_part("tpu_v6e")), (16, 16), [("Ring", 16), ("Ring", 16)]),
        (tpu_slice(chip=load_part("tpu_v5p"), shape=(4, 8, 12)), (4, 8, 12), [("Ring", 12), ("Ring", 8), ("Ring", 4)]),
        (torus_fabric(dimensions=(2, 2, 2), capacity_bps=8e11), (2, 2, 2), [("FullyConnected", 2)] * 3),
        (torus_fabric(dimensions=(3, 5), capacity_bps=8e11), (3, 5), [("Ring", 5), ("Ring", 3)]),
    ],
)
def test_tori_are_products_of_rings_fastest_dimension_first(
    fabric: Fabric, shape: Any, blocks: list[tuple[str, int]]
) -> None:
    found = read(astra_network(fabric=fabric, shape=shape))
    assert [(block, count) for block, count, _, _ in found] == blocks
    assert [rate for _, _, rate, _ in found] == pytest.approx([1e11] * len(blocks), rel=1e-11)


def complete(n: int, **nodes: Any) -> Fabric:
    pairs = np.stack(np.triu_indices(n, 1), axis=-1)
    return assemble(name="complete", labels=numbered(gpu=n), gpus=1, transit=False, pairs=pairs, capacity_bps=8e11,
                    medium="copper", latency_s=1e-6, **nodes)  # fmt: skip


def test_a_complete_graph_is_fully_connected_and_need_not_forward() -> None:
    ((block, count, rate, wait),) = read(astra_network(fabric=complete(6)))
    assert (block, count) == ("FullyConnected", 6)
    assert (rate, wait) == pytest.approx((1e11, 1e-6), rel=1e-9)


def pods() -> Fabric:
    """Three groups of four GPUs: a switch in each, and rings of three across, one for each place in the group."""
    gpu = np.arange(12).reshape(3, 4)
    up = np.stack([gpu.ravel(), 12 + np.repeat(np.arange(3), 4)], axis=-1)
    rings = np.stack([gpu, np.roll(gpu, -1, axis=0)], axis=-1).reshape(-1, 2)
    return assemble(
        name="pods", labels=numbered(gpu=12, switch=3), gpus=[1] * 12 + [0] * 3, transit=True,
        pairs=np.concatenate([up, rings]), capacity_bps=np.repeat([7.2e12, 8e11], 12),
        latency_s=np.repeat([1e-7, 1e-6], 12), switch_latency_s=[0.0] * 12 + [3e-7] * 3, medium="copper",
    )  # fmt: skip


def test_a_product_of_switches_and_rings_keeps_both_rates_and_latencies() -> None:
    first, second = read(astra_network(fabric=pods(), shape=(3, 4)))
    assert [first[:2], second[:2]] == [("Switch", 4), ("Ring", 3)]
    assert first[2:] == pytest.approx((9e11, 2.5e-7), rel=1e-9)  # (0.1 + 0.3 + 0.1) us / 2
    assert second[2:] == pytest.approx((1e11, 1e-6), rel=1e-9)


def changed(fabric: Fabric, **arcs: float) -> Fabric:
    """The fabric with another value on its first link, both ways."""
    half = fabric.n_arcs // 2
    values = {}
    for key, value in arcs.items():
        column = getattr(fabric, key).copy()
        column[[0, half]] = value
        values[key] = column
    return replace(fabric, **values)


RING = torus_fabric(dimensions=(6,), capacity_bps=8e11, latency_s=1e-6)


@pytest.mark.parametrize(
    ("fabric", "shape", "message"),
    [
        (random_regular_fabric(n=16, degree=4, capacity_bps=1e12, seed=1), None, "no ring in their order"),
        (torus_fabric(dimensions=(4, 4), capacity_bps=1e12), None, "no ring in their order"),
        (torus_fabric(dimensions=(4, 4), capacity_bps=1e12), (2, 8), "no ring in their order"),
        (tpu_slice(chip=load_part("tpu_v6e"), shape=(4, 4)), (4, 4), "no ring in their order"),  # a mesh is open
        (fat_tree(ports=4, capacity_bps=1e12), None, "no switches behind switches"),
        (dragonfly(hosts=1, routers=2, global_links=1, capacity_bps=1e12), None, "no switches behind switches"),
        (changed(RING, capacity_bps=4e11), None, "rates run from 4e.11 to 8e.11"),
        (changed(RING, latency_s=9e-6, latency_low_s=9e-6), None, "latencies run from 1e-06 to 9e-06"),
        (changed(nvl72(), capacity_bps=1e11), None, "rates run from"),
        (replace(RING, transit=np.zeros(6, dtype=bool)), None, "node0 does not"),
        (RING, (3, 3), "in all the 6 nodes"),
        (RING, (6, 1), "at least 2"),
        (superpod(racks=4), None, "cannot say: that rack0 has 72 GPUs"),
        (replace(RING, host_bps=np.full(6, 1e11)), None, "the host or port limit of node0"),
        (replace(RING, switch_bps=np.full(6, 1e11)), None, "the switch limit of node0"),
        (complete(5, switch_latency_s=1e-7), None, "the switching time of gpu0"),
    ],
)
def test_what_is_no_product_of_its_blocks_is_refused_with_the_reason(fabric: Fabric, shape: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        astra_network(fabric=fabric, shape=shape)


def test_links_off_the_grid_are_refused() -> None:
    grid = torus_fabric(dimensions=(3, 3), capacity_bps=8e11)
    ends = np.concatenate([np.stack([grid.tail, grid.head], axis=-1)[:18], [(0, 4)]])
    crossed = assemble(
        name="crossed", labels=grid.labels, gpus=1, transit=True, pairs=ends, capacity_bps=8e11, medium="x"
    )
    with pytest.raises(ValueError, match="node0->node4 runs along no line"):
        astra_network(fabric=crossed, shape=(3, 3))


def test_racks_of_gpus_are_one_npu_each_only_if_that_loss_is_accepted() -> None:
    ((block, count, rate, _),) = read(astra_network(fabric=superpod(racks=4), lossy=True))
    assert (block, count) == ("Switch", 4)
    assert rate == pytest.approx(7.2e12, rel=1e-11)
