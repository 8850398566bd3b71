"""The numbers of the table against counting: lattice points, cuts tried one and all, and closed forms."""

import math
from collections.abc import Iterator
from dataclasses import replace

import networkx as nx
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.constants import speed_of_light

from optimize.flow.interval import Interval
from optimize.study.case import Case, build
from optimize.study.measure import measure
from optimize.study.report import Report
from optimize.study.scenario import load_scenario
from topo.fabric import FabricSeries
from topo.graph import from_networkx, to_networkx
from topo.ground import nvl72

GB_S = 8e9  # bit/s
LINK_BPS = 24 * 400e9  # each way
RATES = ("injection", "all_to_all", "bisection", "permutation")
METRICS = (*RATES, "all_gather", "all_reduce", "latency, mean", "latency, worst", "energy")
# Certified intervals are asked to be 1e-6 wide, closed forms are sums of few terms.
RTOL = 2e-6


def king_links(points: set[tuple[int, int]]) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Direct and diagonal neighbours among lattice points, each pair once."""
    steps = ((1, 0), (0, 1), (1, 1), (1, -1))
    return [((i, j), (i + a, j + b)) for i, j in points for a, b in steps if (i + a, j + b) in points]


def disc(radius: float) -> set[tuple[int, int]]:
    """Integer points within a radius."""
    n = math.floor(radius)
    return {(i, j) for i in range(-n, n + 1) for j in range(-n, n + 1) if i * i + j * j <= radius**2}


def every_cut(points: set[tuple[int, int]]) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Number of points on one side and of links across, over all divisions in two, in blocks."""
    number = {point: k for k, point in enumerate(sorted(points))}
    links = [(number[a], number[b]) for a, b in king_links(points)]
    n = len(points)
    for start in range(0, 2 ** (n - 1), 2**18):  # the last point is always on the other side
        sides = np.arange(start, min(start + 2**18, 2 ** (n - 1)), dtype=np.int64)
        size = sum((sides >> k) & 1 for k in range(n))
        across = sum(((sides >> a) ^ (sides >> b)) & 1 for a, b in links)
        yield np.asarray(size), np.asarray(across)


def least_cuts(points: set[tuple[int, int]]) -> tuple[float, int]:
    """Least of links / (a b) over all divisions, and least links over those into halves (up to one point)."""
    sparsest, bisecting, n = math.inf, 10**9, len(points)
    for size, across in every_cut(points):
        proper = size > 0
        sparsest = min(sparsest, float((across[proper] / (size[proper] * (n - size[proper]))).min()))
        half = np.abs(2 * size - n) <= 1
        bisecting = min(bisecting, int(across[half].min(initial=10**9)))
    return sparsest, bisecting


def holds(interval: Interval, value: float, rtol: float = RTOL) -> bool:
    """Whether the interval is narrow and contains the value, up to rounding."""
    assert interval.width <= rtol
    return interval.lower * (1 - 1e-9) <= value <= interval.upper * (1 + 1e-9)


# --- the rack against itself


@pytest.mark.parametrize("name", METRICS)
def test_a_rack_compared_with_itself_has_gap_exactly_one(ground: Report, name: str) -> None:
    # Of rates the quotient of two intervals that are one number each, but for the rounding of a certificate.
    interval = ground.metric(name).gap_up.interval
    assert (interval.lower, interval.upper) == pytest.approx((1.0, 1.0), rel=1e-9)


def test_the_rack_has_900_gb_s_in_every_rate(ground: Report) -> None:
    for name in RATES:
        row = ground.metric(name)
        assert holds(row.formation, 900 * GB_S)
        assert holds(row.scale_up, 900 * GB_S)
    assert ground.cut.capacity_bps == pytest.approx(36 * 900 * GB_S)  # 32.4 TB/s: half the rack sends to the other half
    assert [step.factor for step in ground.ladder.steps] == pytest.approx([1.0] * len(ground.ladder.steps), rel=1e-9)


@pytest.mark.parametrize(
    ("changes", "metric"),
    [
        ({"switch_latency_s": 10e-6}, "latency, worst"),
        pytest.param({"local_bps": 1e12, "port_bps": 1e12}, "injection", marks=pytest.mark.slow),  # 30 s each:
        pytest.param({"host_bps": 1e12}, "all_to_all", marks=pytest.mark.slow),  # trees of 72 GPUs
    ],
)
def test_a_worse_rack_is_not_taken_for_the_rack(changes: dict[str, float], metric: str) -> None:
    rack = nvl72()
    worse = replace(rack, **{name: np.full(rack.n_nodes, value) for name, value in changes.items()})  # type: ignore[arg-type]
    gap = measure(Case(name="x", formation=worse, scale_up=rack)).metric(metric).gap_up.interval
    assert gap != Interval.point(1.0)
    assert gap.upper > 1.5


# --- collectives and energy


def test_collectives_of_the_rack_are_those_of_nccl_without_and_with_reduction_in_the_switches(ground: Report) -> None:
    # S/t of a non-blocking rack of 72: all-gather 900 x 72/71 (ForestColl, 912.68), all-reduce half of it
    assert holds(ground.metric("all_gather").formation, 900 * GB_S * 72 / 71)
    assert holds(ground.metric("all_reduce").formation, 900 * GB_S * 72 / 71 / 2)
    assert any("from 456.3 GB/s to at most 900 GB/s" in note for note in ground.notes)


def test_collectives_of_suncatcher_are_those_inside_a_rack_until_its_links_are_an_eighth(suncatcher: Report) -> None:
    for row, whole in zip(suncatcher.collectives, (900 * 72 / 71, 450 * 72 / 71), strict=True):
        assert row.formation.inside_bps == pytest.approx(whole * GB_S)
        assert suncatcher.metric(row.name).gap_up.interval.text() == "1"
    reduce = suncatcher.collectives[1].formation.between_bps
    assert reduce.upper <= 3 * LINK_BPS * (1 + 1e-9)  # a satellite at the rim has three links
    assert reduce.upper <= 272 / 80 * LINK_BPS * (1 + 1e-9)  # 272 links hold no more than 272/80 trees of 80
    # At full rate the hosts bind. Three thin links of a satellite at the rim carry 456.3 GB/s down to 1.217 Tb/s each.
    assert any("below about 1.2 Tb/s" in note for note in suncatcher.notes)


def test_links_thinner_than_that_bind_all_reduce() -> None:
    thin = build(load_scenario("lattice-21", overrides={"reading": [], "link.channels": 2}))  # 0.8 Tb/s
    report = measure(thin)
    assert report.metric("all_reduce").gap_up.interval.lower > 1.1
    assert any("the links between nodes bind" in note for note in report.notes)


def test_ports_that_bind_all_reduce_are_not_called_links() -> None:
    # The same GPUs have the same ports in the rack and apart: 450 x 72/71 GB/s either way, and links to spare.
    notes = measure(build(load_scenario("rack-apart-18", overrides={"reading": []}))).notes
    assert any("hosts or ports of the GPUs bind (456.3 GB/s between nodes)" in note for note in notes)


def test_gpus_joined_better_than_in_the_rack_are_announced(suncatcher: Report) -> None:
    # 1.8 TB/s is what NVLink is advertised with, both directions; taken for one it halves the time of an all-reduce.
    twice = {"reading": [], "satellite.local_bps": "1.8 TB/s"}
    report = measure(build(load_scenario("lattice-21", overrides=twice)))
    assert report.metric("all_reduce").gap_up.interval.upper == pytest.approx(0.5)
    assert any("14.4 Tb/s each way, those of an NVL72 7.2 Tb/s" in note for note in report.notes)
    assert not [note for note in suncatcher.notes if note.startswith("inside a node")]


def test_energy_of_suncatcher_is_its_transceivers_over_what_it_delivers(suncatcher: Report) -> None:
    per_pair_bps = 27 * LINK_BPS / (35 * 46 * 72**2)
    delivered_bps = per_pair_bps * 81 * 80 * 72**2
    row = suncatcher.metric("energy")
    assert holds(row.formation, 272 * 2 * 24 * 21.0 / delivered_bps)
    rack = nvl72()
    assert holds(row.scale_up, float(rack.power_w.sum()) / (72 * 900 * GB_S))
    assert row.gap_out is None  # no power of a SuperPOD's network is published here
    # Two NVLinks on every path, each of 5 to 10 pJ/bit: nobody has published which.
    ends = f"{row.formation.lower / 20e-12:.4g}..{row.formation.lower / 10e-12:.4g}x"
    assert any(note.startswith("energy: ") and "over its range, 5 to 10" in note and ends in note
               for note in suncatcher.notes)  # fmt: skip


# --- what a table of numbers needs beside it


def test_a_cut_limited_formation_says_that_bisection_has_twice_the_gap(suncatcher: Report, ground: Report) -> None:
    assert any(note.startswith("bisection: ") and "twice the gap" in note for note in suncatcher.notes)
    assert not any(note.startswith("bisection: ") for note in ground.notes)


def test_latency_says_that_it_was_looked_at_at_epochs_only(suncatcher: Report, ground: Report) -> None:
    assert any("at 24 times of the orbit" in note for note in suncatcher.notes)
    assert not any("of the orbit" in note for note in ground.notes)


def test_nodes_with_different_numbers_of_gpus_get_a_report_with_a_note() -> None:
    graph: nx.Graph[int] = nx.cycle_graph(5)
    for v, gpus in enumerate((2, 1, 2, 1, 3)):
        graph.nodes[v]["gpus"] = gpus
    mixed = from_networkx(graph, name="mixed", capacity_bps=1e12)
    report = measure(Case(name="mixed", formation=mixed, scale_up=nvl72()))
    # 0 <-> 2 and 1 <-> 3; node 4 rests. 0-2 by 1 and by 4-3, 1-3 by 2 and by 0-4: each link carries 2 to 3 GPUs' bits,
    # 2 + 2 + 1 + 1 bit one way over 2 or 3 hops of 10 arcs
    assert report.metric("permutation").formation.upper <= 10e12 / (2 * 2 * 2 + 2 * 1 * 2) * (1 + 1e-9)
    assert any("among nodes of the same number of GPUs" in note for note in report.notes)


def test_nodes_that_all_differ_have_no_permutation_and_a_report_all_the_same() -> None:
    graph: nx.Graph[int] = nx.path_graph(3)
    for v in graph:
        graph.nodes[v]["gpus"] = v + 1
    report = measure(Case(name="x", formation=from_networkx(graph, name="x", capacity_bps=1e12), scale_up=nvl72()))
    assert "permutation" not in [row.name for row in report.metrics]
    assert any("no two nodes have the same number of GPUs" in note for note in report.notes)


def test_links_without_a_published_power_have_no_energy_and_say_so() -> None:
    silent = from_networkx(nx.cycle_graph(4), name="ring", gpus=2, capacity_bps=1e12)
    report = measure(Case(name="x", formation=silent, scale_up=nvl72()))
    assert "energy" not in [row.name for row in report.metrics]
    assert "energy: left out; no power is published for its links" in report.notes
    assert "power of the links: not published" in report.notes


def test_links_without_a_latency_have_no_row_of_latency_and_say_so() -> None:
    silent = from_networkx(nx.cycle_graph(4), name="ring", gpus=2, capacity_bps=1e12)
    report = measure(Case(name="x", formation=silent, scale_up=nvl72()))
    assert not [row.name for row in report.metrics if row.name.startswith("latency")]
    assert any(note.startswith("latency: left out; ring has no latency for 8 of 8 arcs") for note in report.notes)


# --- Suncatcher's lattice


def test_the_middle_cut_of_suncatcher_is_27_links_between_35_and_46_satellites() -> None:
    points = disc(5)
    below = {(i, j) for i, j in points if j < 0}
    across = [(a, b) for a, b in king_links(points) if (a in below) != (b in below)]
    # row -1 has the 9 points i^2 <= 24, row 0 the 11 points i^2 <= 25: 9 direct and 2 x 9 diagonal links
    assert (len(points), len(below), len(points - below), len(across)) == (81, 35, 46, 27)


def test_all_to_all_of_suncatcher_is_that_cut(suncatcher: Report) -> None:
    # 35 x 46 x 72^2 ordered GPU pairs share 27 links each way; a GPU sends to 5831 others at once
    per_pair_bps = 27 * LINK_BPS / (35 * 46 * 72**2)
    assert holds(suncatcher.metric("all_to_all").formation, per_pair_bps * (81 * 72 - 1))
    gap = suncatcher.metric("all_to_all").gap_up.interval
    assert holds(gap, 900 * GB_S / (per_pair_bps * (81 * 72 - 1)))


def test_injection_of_suncatcher_is_the_least_of_network_cards_and_links_of_each_satellite(suncatcher: Report) -> None:
    degree = dict.fromkeys(disc(5), 0)
    for a, b in king_links(disc(5)):
        degree[a] += 1
        degree[b] += 1
    total = sum(min(72 * 800e9, links * LINK_BPS) for links in degree.values())
    assert holds(suncatcher.metric("injection").formation, total / (81 * 72))


def test_bisection_of_suncatcher_is_no_worse_than_a_cut_made_by_hand(suncatcher: Report) -> None:
    # the middle cut, the row j = 0 divided: its five leftmost points go below, 40 | 41
    points = disc(5)
    below = {(i, j) for i, j in points if j < 0 or (j == 0 and i < 0)}
    across = sum((a in below) != (b in below) for a, b in king_links(points))
    row = suncatcher.metric("bisection").formation
    assert len(below) == 40
    assert row.upper <= across * LINK_BPS / (40 * 72) * (1 + 1e-9)
    # a bisection of n GPUs carries all of all_to_all between its halves: half of it, and a little more for 40 | 41
    per_pair_bps = 27 * LINK_BPS / (35 * 46 * 72**2)
    assert row.lower == pytest.approx(per_pair_bps * 41 * 72, rel=RTOL)
    cut = suncatcher.cut
    assert cut.capacity_bps == pytest.approx(cut.arcs.size * LINK_BPS)
    assert int(cut.side.sum()) in (40, 41)


def test_the_references_of_suncatcher_are_the_printed_ones(suncatcher: Report) -> None:
    for name in RATES:
        assert holds(suncatcher.metric(name).scale_up, 900 * GB_S)
    scale_out = {name: suncatcher.metric(name).scale_out for name in RATES}
    for name in ("injection", "bisection", "permutation"):
        assert holds(scale_out[name], 100 * GB_S)  # type: ignore[arg-type]
    # 81 racks: 71 of a GPU's 5831 partners are in its own rack and do not use the network
    assert holds(scale_out["all_to_all"], 100 * GB_S * 5831 / (5831 - 71))  # type: ignore[arg-type]


def test_the_ladder_multiplies_up_to_the_gap(
    suncatcher: Report, lattice: Report, apart: Report, ground: Report
) -> None:
    for report in (suncatcher, lattice, apart, ground):
        factors = [step.factor for step in report.ladder.steps]
        assert all(factor >= 1.0 for factor in factors)
        gap = report.metric("all_to_all").gap_up.interval
        assert math.prod(factors) == pytest.approx(gap.lower, rel=1e-9)
        assert report.ladder.gap.upper == pytest.approx(gap.upper, rel=1e-9)
        uppers = [step.upper_bps for step in report.ladder.steps]
        assert uppers == sorted(uppers, reverse=True)
        assert all(step.achieved_bps <= step.upper_bps for step in report.ladder.steps)


def test_the_first_steps_of_suncatchers_ladder_are_host_and_transceivers(suncatcher: Report) -> None:
    steps = {step.number: step for step in suncatcher.ladder.steps}
    assert steps[0].upper_bps == pytest.approx(900 * GB_S)
    assert steps[1].upper_bps == pytest.approx(100 * GB_S * 5831 / 5760, rel=RTOL)  # 800 Gb/s to the 5760 outside
    assert steps[3].factor == pytest.approx(1.0)  # 8 terminals of 9.6 Tb/s carry more than 57.6 Tb/s
    assert steps[2].factor == pytest.approx(1.0)  # apertures of 10 cm share thousands of modes at 100 m
    # 8 others at one hop, 56 at two, 16 at three: 80 partners cost 168 link uses at least
    assert steps[4].upper_bps == pytest.approx(8 * LINK_BPS / (72**2 * 168) * 5831)
    assert not steps[4].exact  # nobody knows a wiring that does it
    assert steps[5].achieved_bps == pytest.approx(steps[5].upper_bps, rel=RTOL)
    assert steps[6].factor == pytest.approx(1.0, rel=RTOL)  # no link of this lattice changes its rate over the orbit


def test_readings_of_suncatcher_change_the_gap_as_they_must(suncatcher: Report) -> None:
    gap = suncatcher.metric("all_to_all").gap_up.interval
    by_label = {reading.label: reading for reading in suncatcher.readings}
    half = by_label["9.6 Tb/s is the sum of both directions"]
    assert half.gap_up.interval.lower == pytest.approx(2.0 * gap.lower, rel=RTOL)
    assert half.gap_up.interval.upper == pytest.approx(2.0 * gap.upper, rel=RTOL)
    assert half.link_bps == LINK_BPS / 2
    four = by_label["2 x 2 spatial channels"]
    assert four.link_bps == 4 * LINK_BPS
    assert four.gap_up.interval.lower == pytest.approx(gap.lower / 4.0, rel=RTOL)  # still limited by the middle cut
    nvlink = by_label["GPUs reach the links over NVLink (900 GB/s each)"]
    assert nvlink.gap_up.interval.lower == pytest.approx(gap.lower, rel=RTOL)  # the cut does not care for hosts
    sixteen = by_label["4 x 4 spatial channels, confocal"]
    assert sixteen.gap_up.interval.lower == pytest.approx(900 / (100 * 5831 / 5760), rel=RTOL)  # now the hosts limit


def test_power_is_a_transceiver_for_every_channel_and_direction(suncatcher: Report) -> None:
    # 272 links, two ends each with 24 transceivers of 21 W
    assert suncatcher.link_power_w == pytest.approx(272 * 2 * 24 * 21.0)
    half = suncatcher.readings[0]
    assert half.power_w_per_node == pytest.approx(272 * 2 * 12 * 21.0 / 81)


def test_every_proof_of_suncatcher_holds(suncatcher: Report) -> None:
    for proof in suncatcher.proofs:
        found = proof.throughput.verify(fabric=proof.fabric, traffic=proof.traffic)
        assert found.lower == pytest.approx(proof.throughput.lower_per_s, rel=1e-9)
        assert found.upper == pytest.approx(proof.throughput.upper_per_s, rel=1e-9)


# --- small ones, by trying everything


def test_the_small_lattice_is_limited_by_its_sparsest_cut(lattice: Report) -> None:
    points = disc(2.5)
    sparsest, bisecting = least_cuts(points)
    n_gpus = 21 * 72
    assert holds(lattice.metric("all_to_all").formation, sparsest * LINK_BPS / 72**2 * (n_gpus - 1))
    bisection = lattice.metric("bisection").formation
    exact = bisecting * LINK_BPS / (10 * 72)
    assert bisection.lower <= exact <= bisection.upper * (1 + 1e-9)
    assert bisection.upper == pytest.approx(exact)  # the heuristic finds the best of all 352,716


def test_the_rack_taken_apart_is_limited_by_its_middle(apart: Report) -> None:
    points = {(i, j) for i in range(3) for j in range(6)}
    sparsest, bisecting = least_cuts(points)
    # three rows, six columns: 3 direct and 4 diagonal links between columns 3 and 4, 9 satellites on either side
    assert bisecting == 7
    assert sparsest == pytest.approx(7 / 81)
    per_pair_bps = 7 * LINK_BPS / (36 * 36)
    assert holds(apart.metric("all_to_all").formation, per_pair_bps * 71)
    assert holds(apart.metric("all_to_all").gap_up.interval, 900 * GB_S / (per_pair_bps * 71))
    assert holds(apart.metric("bisection").gap_up.interval, 900 * GB_S / (7 * LINK_BPS / 36))
    assert holds(apart.metric("injection").gap_up.interval, 1.0)  # 3 links of 9.6 Tb/s are as much as 4 GPUs of 7.2


@pytest.mark.parametrize("which", ["mean", "worst"])
def test_latency_of_the_small_lattice_by_a_second_method(lattice: Report, which: str) -> None:
    series = build(load_scenario("lattice-21", overrides={"reading": []})).formation
    assert isinstance(series, FabricSeries)
    means, worsts = [], []
    for index in (0, 5, 11):
        graph = to_networkx(series.at(index))
        ends = []
        for key, switch_s in (("latency_low_s", 0.0), ("latency_s", 1e-6)):
            # every satellite on the way, first and last included, switches once
            for _, _, data in graph.edges(data=True):
                data["step_s"] = data[key] + switch_s
            length = dict(nx.all_pairs_dijkstra_path_length(graph, weight="step_s"))
            pairs = [length[s][t] + switch_s for s in graph for t in graph if s != t]
            own = 21 * 72 * 71 * switch_s  # GPUs of one satellite are one switch apart
            ends.append(((sum(pairs) * 72**2 + own) / (21 * 72 * (21 * 72 - 1)), max(pairs)))
        means.append((ends[0][0], ends[1][0]))
        worsts.append((ends[0][1], ends[1][1]))
        fabric = series.at(index)
        found = measure(Case(name="one time", formation=fabric, scale_up=nvl72())).metric(f"latency, {which}").formation
        expected = (means if which == "mean" else worsts)[-1]
        assert (found.lower, found.upper) == pytest.approx(expected, rel=1e-9)
    row = lattice.metric(f"latency, {which}").formation
    if which == "worst":
        assert row.lower >= max(low for low, _ in worsts) * (1 - 1e-9)
        assert row.lower >= 2 * 400.0 / speed_of_light  # satellites 800 m apart at some time: light needs that at least
    else:
        assert row.lower == pytest.approx(np.mean([low for low, _ in means]), rel=0.2)  # three epochs of 24


def test_a_report_says_what_it_was_made_of_and_prints_itself(lattice: Report) -> None:
    scenario = load_scenario("lattice-21")
    assert lattice.provenance["digest"] == scenario.digest
    assert lattice.provenance["scenario"]["link"]["channels"] == 24
    assert {"numpy", "scipy", "networkx", "cvxpy", "highspy"} <= set(lattice.provenance["packages"])
    assert str(lattice).count("\n") == len(METRICS)
    with pytest.raises(ValueError, match="no metric 'speed'; there are injection, all_to_all"):
        lattice.metric("speed")
    with pytest.raises(ValueError, match="no proof 'x'; there are scale-up all_to_all"):
        lattice.proof("x")


def test_every_certified_rate_is_as_narrow_as_asked(lattice: Report, suncatcher: Report, apart: Report) -> None:
    for report in (lattice, suncatcher, apart):
        for name in ("all_to_all", "permutation"):
            row = report.metric(name)
            assert row.formation.width <= 1e-6
            assert row.gap_up.interval.lower > 0
