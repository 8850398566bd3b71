"""The shipped scenarios: they build without a warning, measure in under a minute, and agree with what is published."""

import time
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from links.parts import load_part
from links.terminal import TerminalLink
from optimize.study.case import Case, as_series, build
from optimize.study.measure import measure
from optimize.study.scenario import load_scenario, scenario_from_table, scenario_names

SMALL = 24  # nodes that the fast tier measures


@cache
def case(name: str) -> Case:
    return build(load_scenario(name))


def nodes(name: str) -> int:
    """Nodes as the scenario's name or table states them, without building anything twice."""
    return as_series(case(name).formation).structure.n_nodes


LIBRARY = (
    "ai1", "penot-367", "rack-apart-36", "rack-apart-72", "rack-apart-9", "radio-60ghz", "radio-subthz",
    "starlink-laser-100", "starlink-laser-200", "suncatcher-81-2x2", "tpu-trillium-pod",
)  # fmt: skip
FAST = ("ground-nvl72", "lattice-21", "rack-apart-18", "rack-apart-9")


def test_the_library_is_shipped() -> None:
    assert set(LIBRARY) | set(FAST) <= set(scenario_names())


@pytest.mark.parametrize("name", scenario_names())
def test_every_scenario_builds_without_a_warning(name: str) -> None:
    assert as_series(case(name).formation).structure.n_gpus >= 72
    assert case(name).modelled


def measured(name: str) -> None:
    begun = time.process_time()
    report = measure(case(name))
    assert time.process_time() - begun < 60.0  # the promise; a process's own time, so that a busy machine fails none
    gap = report.metric("all_to_all").gap_up.interval
    assert 0.0 < gap.lower <= gap.upper < np.inf
    for proof in report.proofs:
        proof.throughput.verify(fabric=proof.fabric, traffic=proof.traffic)


@pytest.mark.parametrize("name", FAST)
def test_a_small_scenario_measures_in_under_a_minute_and_its_proofs_hold(name: str) -> None:
    assert nodes(name) <= SMALL or name == "ground-nvl72"
    measured(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(scenario_names()) - set(FAST)))
def test_a_large_scenario_measures_in_under_a_minute_and_its_proofs_hold(name: str) -> None:
    measured(name)


# --- what the publications say


def test_one_satellite_carries_two_trays_half_a_tray_or_one_gpu_and_all_together_are_one_rack() -> None:
    for satellites in (9, 18, 36, 72):
        structure = as_series(case(f"rack-apart-{satellites}").formation).structure
        assert structure.n_nodes == satellites
        assert structure.n_gpus == 72


def test_a_tilted_hexagon_of_ten_pitches_holds_the_published_367_at_constant_distances() -> None:
    series = as_series(build(load_scenario("penot-367", overrides={"orbit.epochs": 3})).formation)
    assert series.structure.n_nodes == 367  # Penot and Balakrishnan, abstract
    assert np.ptp(series.range_m, axis=0).max() < 1e-6  # m; rigid rotation, up to rounding
    degree = np.bincount(series.structure.tail)
    assert degree.max() == 12  # nearest and second neighbours of a hexagonal lattice


def test_a_trillium_pod_has_the_published_bisection() -> None:
    fabric = as_series(case("tpu-trillium-pod").formation).structure
    row = np.arange(fabric.n_nodes) // 16
    crossing = (row[fabric.tail] < 8) & (row[fabric.head] >= 8)
    # Google Cloud: 3.2 TB/s; half of the torus is cut off at two places, 16 links each
    assert fabric.capacity_bps[crossing].sum() / 8 == pytest.approx(3.2e12)


@pytest.mark.parametrize(
    ("name", "link_bps"), [("starlink-laser-100", 100e9), ("starlink-laser-200", 200e9), ("ai1", 1e12)]
)
def test_a_published_terminal_carries_its_published_rate_on_every_link(name: str, link_bps: float) -> None:
    assert set(as_series(case(name).formation).capacity_bps.ravel()) == {link_bps}


def test_ai1_carries_a_terabit_per_link_or_per_satellite() -> None:
    readings = {label: as_series(other.formation).structure for label, other in case("ai1").readings}
    shared = next(fabric for label, fabric in readings.items() if "per satellite" in label)
    sent = np.bincount(shared.tail, weights=shared.capacity_bps)
    assert sent.max() == pytest.approx(1e12)  # a satellite with all its neighbours; those on the rim send less


def test_radio_links_interfere_in_the_formation() -> None:
    fabric = as_series(case("radio-60ghz").formation)
    alone = scenario_link_rate("radio-60ghz", fabric.range_m)
    assert (fabric.capacity_bps <= alone * (1 + 1e-12)).all()
    # eight neighbours in one band: some link must lose, and none may break
    assert 0.0 < fabric.capacity_bps.min() < alone.min()


def scenario_link_rate(name: str, range_m: NDArray[np.float64]) -> NDArray[np.float64]:
    from optimize.study.case import _link

    return np.asarray(_link(load_scenario(name))[0].at(range_m=range_m).rate_bps)


# --- the terminal


def test_a_terminal_works_up_to_its_published_range_and_not_beyond() -> None:
    part = load_part("terminal_kuiper")
    state = TerminalLink(part=part).at(range_m=[100.0, part["range_m"], part["range_m"] * 1.001])
    assert state.rate_bps.tolist() == [100e9, 100e9, 0.0]
    assert (state.margin_db[:2] >= 0).all()
    assert state.margin_db[2] < 0
    flight_s = np.array([100.0, 600e3, 600.6e3]) / 299_792_458.0
    assert state.latency_low_s == pytest.approx(flight_s, rel=1e-12)  # rounding of the product
    assert (state.latency_s > state.latency_low_s).all()


def test_a_terminal_has_no_budget_and_no_ceiling_because_none_is_published() -> None:
    link = TerminalLink(part=load_part("terminal_starlink"))
    with pytest.raises(ValueError, match="no budget is published"):
        link.budget(range_m=100.0)
    with pytest.raises(ValueError, match="no budget is published"):
        link.limit_bps(range_m=100.0)


def test_what_is_no_published_terminal_is_refused() -> None:
    with pytest.raises(ValueError, match=r"nvlink5: no rate_bps"):
        TerminalLink(part=load_part("nvlink5"))
    with pytest.raises(ValueError, match=r"shared_by=0"):
        TerminalLink(part=load_part("terminal_starlink"), shared_by=0)


def test_new_kinds_refuse_what_does_not_go_with_them() -> None:
    table = {"name": "x", "title": "x", "formation": {"kind": "tpu_slice", "chip": "tpu_v6e", "shape": [4, 4, 4]}}
    table["reference"] = {"scale_out": False}
    with pytest.raises(ValueError, match="has 2 axes"):
        build(scenario_from_table(table))
    with pytest.raises(ValueError, match=r"some 3.6e\+06 satellites"):
        build(load_scenario("penot-367", overrides={"formation.pitch_m": "1 m", "orbit.epochs": 24}))
    with pytest.raises(ValueError, match="is a rate; need a frequency"):
        load_scenario("radio-60ghz", overrides={"link.frequency_hz": "65 Gb/s"})
