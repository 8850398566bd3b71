"""The references on the ground: what NVIDIA prints, once each way, and no special path."""

import numpy as np
import pytest
from scipy.constants import speed_of_light

from links.parts import load_part
from optimize.flow.unloaded import injection_bps, latency
from topo.ground import nvl72, superpod

GB_S = 8e9  # bit/s


def test_the_rack_has_72_gpus_on_18_switches_of_72_ports_all_of_them_used() -> None:
    rack = nvl72()
    is_switch = rack.gpus == 0
    assert (rack.n_gpus, int(is_switch.sum()), rack.n_links) == (72, 18, 1296)
    ports = np.bincount(rack.tail, minlength=rack.n_nodes)
    assert set(ports[is_switch].tolist()) == {72}
    assert set(ports[~is_switch].tolist()) == {18}
    assert is_switch[rack.tail].sum() == is_switch[rack.head].sum() == 1296  # every arc has a switch at one end
    assert np.array_equal(rack.transit, is_switch)  # GPUs of a rack forward nothing


def test_a_gpu_of_the_rack_sends_900_gb_s_and_takes_900_gb_s() -> None:
    rack, gpu = nvl72(), nvl72().gpus > 0
    incoming = np.bincount(rack.head, weights=rack.capacity_bps, minlength=rack.n_nodes)
    # rel 1e-12: products of exact factors
    assert rack.outgoing_bps[gpu] == pytest.approx(900 * GB_S, rel=1e-12)
    assert incoming[gpu] == pytest.approx(900 * GB_S, rel=1e-12)
    assert injection_bps(fabric=rack) == pytest.approx(900 * GB_S, rel=1e-12)


def test_the_printed_figures_are_the_sum_of_both_directions() -> None:
    rack = nvl72()
    one_way_bps = rack.capacity_bps[rack.gpus[rack.tail] > 0].sum()  # up, from all GPUs
    printed_bps = load_part("gb300_nvl72")["advertised_sum_of_directions_bps"]
    assert printed_bps == pytest.approx(2 * one_way_bps, rel=0.005)  # 129.6 TB/s, printed as 130
    per_gpu_bps = load_part("nvlink5")["advertised_sum_of_directions_bps"]
    assert per_gpu_bps == pytest.approx(1800 * GB_S)
    assert per_gpu_bps == pytest.approx(2 * injection_bps(fabric=rack), rel=1e-12)


def test_the_latency_of_the_rack_is_two_cables_and_a_switch() -> None:
    found = latency(fabric=nvl72())
    cable, rack, switch = load_part("twinax_30awg"), load_part("gb300_nvl72"), load_part("nvswitch4").data["latency_s"]
    speed = cable["velocity_factor"] * speed_of_light
    serdes = load_part("nvlink5").data["electronics_latency_s"]
    lengths = rack.data["mean_cable_length_m"].low, rack["longest_cable_length_m"]
    assert switch.low is not None
    assert switch.high is not None
    assert serdes.low == 0.0
    assert serdes.high is not None
    assert lengths[0] is not None
    # every pair of GPUs is alike: mean and worst are one number; rel 1e-9: sums of few terms
    for interval in (found.mean, found.worst):
        assert interval.lower == pytest.approx(2 * lengths[0] / speed + switch.low, rel=1e-9)
        assert interval.upper == pytest.approx(2 * (lengths[1] / speed + serdes.high) + switch.high, rel=1e-9)


def test_a_rack_of_the_superpod_sends_72_times_800_gb_s() -> None:
    pod = superpod(racks=81)
    rack = pod.gpus > 0
    assert (pod.n_gpus, pod.n_links, int(rack.sum())) == (5832, 81, 81)
    assert pod.outgoing_bps[rack] == pytest.approx(72 * 800e9)
    assert pod.host_bps[rack] == pytest.approx(72 * 800e9)
    assert pod.local_bps[rack] == pytest.approx(900 * GB_S)  # inside the rack, NVLink
    assert injection_bps(fabric=pod) / GB_S == pytest.approx(100.0)


@pytest.mark.parametrize("racks", [2, 81])
def test_the_latency_between_racks_is_end_to_end_and_starts_at_propagation(racks: int) -> None:
    network = load_part("gb300_superpod")
    propagation_s = network.data["cable_length_m"].ends[0] * network["refractive_index"] / speed_of_light  # shortest
    found = latency(fabric=superpod(racks=racks))
    assert found.worst.lower == pytest.approx(propagation_s, rel=1e-9)
    assert found.worst.upper == pytest.approx(network.data["latency_s"].high, rel=1e-9)
    # inside a rack it is that of the NVL72, and pairs inside a rack are 71 of 72 racks - 1
    inside, share = latency(fabric=nvl72()).mean, 71 / (72 * racks - 1)
    low = share * min(inside.lower, propagation_s / 2) + (1 - share) * found.worst.lower
    assert found.mean.lower == pytest.approx(low, rel=1e-9)
    assert found.mean.upper == pytest.approx(share * inside.upper + (1 - share) * found.worst.upper, rel=1e-9)


@pytest.mark.parametrize("racks", [0, -1, 2.5])
def test_a_superpod_of_no_racks_is_refused(racks: float) -> None:
    with pytest.raises(ValueError, match=f"racks={racks}: need a whole number, at least 1"):
        superpod(racks=racks)  # type: ignore[arg-type]
