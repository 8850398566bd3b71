"""Times of an all-reduce on every side against steps counted by hand, and against the best rate."""

from dataclasses import replace

import numpy as np
import pytest

from optimize.study.message_times import AT_BEST, MessageTime, message_times
from optimize.study.report import Report
from topo.ground import nvl72, superpod

GBYTE_BPS = 8e9
TEN_GB_BIT = 10 * GBYTE_BPS
# Sums of a few dozen doubles.
RTOL = 1e-12


def row(report: Report, algorithm: str, size: str) -> MessageTime:
    return next(one for one in report.message_times if (one.algorithm, one.size) == (algorithm, size))


def test_a_ring_in_the_rack_is_142_steps_through_its_switches(ground: Report) -> None:
    # 2 (G - 1) steps of S/G at 900 GB/s each way, both ways round at once, each as late as a GPU is from another.
    rack = nvl72()
    step_s = float(rack.latency_s.max()) * 2 + float(rack.switch_latency_s.max())
    for message_bit, size in ((8e6, "1 MB"), (TEN_GB_BIT, "10 GB")):
        expected_s = 142 * (step_s + message_bit / 72 / (900 * GBYTE_BPS))
        assert row(ground, "ring", size).scale_up_s == pytest.approx(expected_s, rel=1e-9)


def test_the_best_rate_is_what_a_gpu_has_to_send(ground: Report, suncatcher: Report) -> None:
    # 2 (G - 1)/G S leave every GPU of the rack at 900 GB/s.
    expected_s = 2 * 71 / 72 * TEN_GB_BIT / (900 * GBYTE_BPS)
    for report in (ground, suncatcher):
        assert row(report, AT_BEST, "10 GB").scale_up_s == pytest.approx(expected_s, rel=1e-9)


def test_small_messages_are_bound_by_the_farthest_satellites(suncatcher: Report) -> None:
    found = row(suncatcher, AT_BEST, "1 MB").formation_s
    # Opposite corners of the disc are 10 lattice steps apart, which take at least 1 km of light.
    assert found > 1000.0 / 299_792_458
    assert found < suncatcher.metric("latency, worst").formation.upper


@pytest.mark.parametrize("name", ["ground", "lattice", "suncatcher", "apart"])
def test_no_algorithm_beats_the_best_rate_and_more_bits_take_longer(name: str, request: pytest.FixtureRequest) -> None:
    report: Report = request.getfixturevalue(name)
    assert report.message_times
    for side in ("scale_up_s", "scale_out_s", "formation_s"):
        if getattr(report.message_times[0], side) is None:
            continue
        for one in report.message_times:
            assert getattr(one, side) >= getattr(row(report, AT_BEST, one.size), side) * (1 - RTOL)
        for algorithm in {one.algorithm for one in report.message_times}:
            times = [getattr(one, side) for one in report.message_times if one.algorithm == algorithm]
            assert times == sorted(times)


def test_a_rack_takes_as_long_as_itself(ground: Report) -> None:
    assert {one.times_as_long for one in ground.message_times} == {1.0}


def test_notes_compare_with_the_machine_of_as_many_gpus(suncatcher: Report, apart: Report) -> None:
    note = next(note for note in suncatcher.notes if note.startswith("all_reduce: with 10 GB"))
    usual = [one for one in suncatcher.message_times if one.size == "10 GB" and one.algorithm != AT_BEST]
    slower = min(one.formation_s for one in usual) / min(one.scale_out_s or np.inf for one in usual)
    assert f"{slower:.4g} times as long as on the SuperPOD" in note
    assert any("times as long as on the NVL72" in note for note in apart.notes)


def test_without_latencies_or_beyond_400_nodes_there_are_none() -> None:
    rack = nvl72()
    silent = replace(rack, latency_s=np.zeros(rack.n_arcs), latency_low_s=np.zeros(rack.n_arcs))
    assert message_times({"scale_up": (rack, 1e12), "formation": (rack, 1e12)})
    assert message_times({"scale_up": (rack, 1e12), "formation": (silent, 1e12)}) == ()
    assert message_times({"scale_up": (rack, 1e12), "formation": (superpod(racks=401), 1e12)}) == ()
