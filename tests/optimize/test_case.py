"""From a scenario to objects: what is built, that it cannot be written to, and what cannot be built."""

import copy
import pickle
import re
import warnings
from typing import Any

import networkx as nx
import numpy as np
import pytest

from links.model import ValidityWarning
from optimize.study import case as case_module
from optimize.study.case import Case, as_series, build, satellites_of
from optimize.study.scenario import load_scenario, scenario_names
from tests.topo.test_build import Lamp
from topo.fabric import Fabric, FabricSeries
from topo.graph import from_networkx
from topo.ground import nvl72


def built(name: str = "lattice-21", /, **overrides: Any) -> Case:
    return build(load_scenario(name, overrides=overrides | {"reading": []}))


def series_of(case: Case) -> FabricSeries:
    assert isinstance(case.formation, FabricSeries)
    return case.formation


def test_the_small_lattice_becomes_a_series_of_its_orbit_and_two_references() -> None:
    case = build(load_scenario("lattice-21"))
    series = series_of(case)
    # integer points of i^2 + j^2 <= 2.5^2: five by five without the corners; king moves among them
    points = {(i, j) for i in range(-2, 3) for j in range(-2, 3) if abs(i * j) < 4}
    steps = ((1, 0), (0, 1), (1, 1), (1, -1))
    links = sum((i + a, j + b) in points for i, j in points for a, b in steps)
    assert (len(series), series.structure.n_nodes, series.structure.n_links) == (24, len(points), links)
    assert np.unique(series.capacity_bps).tolist() == [24 * 400e9]
    assert series.structure.n_gpus == case.scale_out.n_gpus == 21 * 72  # type: ignore[union-attr]
    assert (case.scale_up.n_gpus, case.terminals) == (72, 8)
    assert set(series.structure.host_bps.tolist()) == {72 * 800e9}
    assert set(series.structure.local_bps.tolist()) == {900 * 8e9}  # 1.8 TB/s is the sum of both directions
    assert [label for label, _ in case.readings] == [reading.label for reading in load_scenario("lattice-21").reading]
    assert {"coherent_400zr", "gb300_nvl72", "nvlink5", "gb300_superpod", "earth"} <= {part.name for part in case.parts}
    assert case.scenario == load_scenario("lattice-21")


def test_the_switch_is_an_interval_where_its_latency_is_assumed() -> None:
    structure = series_of(built()).structure
    assert set(structure.switch_latency_low_s.tolist()) == {0.0}
    assert set(structure.switch_latency_s.tolist()) == {1e-6}
    fixed = series_of(built(**{"satellite.switch_latency_s": "0.3 us"})).structure
    assert set(fixed.switch_latency_low_s.tolist()) == set(fixed.switch_latency_s.tolist()) == {0.3e-6}


def test_readings_differ_from_the_case_in_what_they_set() -> None:
    case = build(load_scenario("lattice-21"))
    half, tiles = series_of(case.readings[0][1]), series_of(case.readings[1][1])
    whole = series_of(case)
    assert np.array_equal(2.0 * half.capacity_bps, whole.capacity_bps)
    assert np.array_equal(tiles.capacity_bps, 4.0 * whole.capacity_bps)
    assert np.array_equal(half.structure.host_bps, whole.structure.host_bps)
    nvlink = series_of(case.readings[3][1]).structure
    assert set(nvlink.host_bps.tolist()) == {72 * 900 * 8e9}
    assert set(nvlink.port_bps.tolist()) == {900 * 8e9}  # the same ports serve the rack and the links


def test_a_scenario_on_the_ground_needs_no_orbit() -> None:
    case = built("ground-nvl72")
    assert isinstance(case.formation, Fabric)
    assert case.formation.n_gpus == 72
    assert case.scale_out is None


@pytest.mark.parametrize("make", [lambda c: c, lambda c: pickle.loads(pickle.dumps(c)), copy.deepcopy, copy.copy])
def test_nobody_writes_to_a_case_nor_to_its_copies(make: Any) -> None:
    case = make(built())
    with pytest.raises(ValueError, match="read-only"):
        series_of(case).capacity_bps[0, 0] = 1.0
    with pytest.raises(TypeError, match="does not support item assignment"):
        case.data["link.channels"] = None
    with pytest.raises(AttributeError, match="cannot assign to field"):
        case.name = "other"
    assert set(case.data) == set(load_scenario("lattice-21").data)


def test_a_case_copies_the_data_it_is_given() -> None:
    data = dict(built().data)
    case = Case(name="x", formation=nvl72(), scale_up=nvl72(), data=data)
    data.clear()
    assert case.data


def test_a_fabric_is_a_series_of_one_time_and_invents_no_positions() -> None:
    fabric = from_networkx(nx.cycle_graph(4), name="ring", gpus=1, capacity_bps=1e9)
    series = as_series(fabric)
    assert len(series) == 1
    assert series.at(0).positions_m is None
    assert np.array_equal(series.worst().capacity_bps, fabric.capacity_bps)
    assert as_series(series) is series


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"satellite.radius_m": "60 m"}, "formation 'suncatcher_lattice' collides: satellites 0 and "),
        ({"satellite.terminals": 7}, "satellite 0 needs 8 terminals and has 7; take links away or give it more"),
        ({"wiring.terminals_per_link": 2}, "satellite 0 needs 16 terminals and has 8"),
        ({"wiring.reach_m": "410 m", "satellite.terminals": 40}, "is blocked at 0 s by a body of 15 m radius"),
        ({"wiring.reach_m": "50 m"}, "has no links; enlarge the reach, or list pairs"),
        ({"wiring": {"kind": "Wiring", "pairs": [[0, 21]]}}, "pair (0, 21) names satellite 21; the formation has 21"),
        ({"wiring": {"kind": "Wiring", "pairs": [[1, 0]]}}, "pairs[0]=(1, 0); write each pair once as (i, j)"),
        ({"wiring": {"kind": "Wiring", "pairs": [[0, 1], [0, 1]]}}, "pair (0, 1) appears twice"),
        ({"wiring": {"kind": "Wiring", "pairs": [[0, 1]]}}, "is disconnected, sat2 cannot be reached from sat0"),
        ({"wiring": {"kind": "Wiring", "pairs": []}}, "wiring 'explicit pairs' has no links"),
        ({"link": {"kind": "NVLink", "generation": "nvlink5", "cable": "twinax_30awg", "links": 18}},
         "the copper link carries nothing at 100.0 to 200.0 m (margin -"),
        ({"link": {"kind": "NVLink", "generation": "nvlink7", "cable": "twinax_30awg", "links": 18}},
         "no part 'nvlink7' in links/data; near: nvlink"),
        ({"link": {"kind": "NVLink", "generation": "earth", "cable": "twinax_30awg", "links": 18}}, "earth: no "),
        ({"link.amplifier": "edfa_5w"}, "the optical link carries nothing at 100.0 to 200.0 m (margin -1"),
        ({"link.transceiver": "coherent_400z"}, "no part 'coherent_400z' in links/data; near: coherent_400zr"),
        ({"link.transceiver": "edfa_5w"}, "has no mode_* group: pick a coherent transceiver"),
        ({"link.amplifier": "coherent_400zr"}, "part 'coherent_400zr' has no 'saturated_output_w'"),
        ({"link.sub_apertures": 5}, "sub_apertures=5: tiles fill a square, use 1, 4, 9, 16"),
        ({"link.channels": 1000}, "more than the widest catalogued optical band; use fewer channels"),
        ({"satellite.gpus": 71}, "1491 GPUs would need 20.7083 racks of 72; set reference.scale_out = false"),
        ({"formation.radius_m": "1000 km"}, "at 24 epochs are more than 1e+07 positions; use a larger pitch_m"),
        ({"formation.radius_m": "20 km", "wiring.reach_m": "30 km"}, "pairs are within it; use a smaller reach"),
    ],
)  # fmt: skip
def test_what_cannot_be_built_is_one_line_that_names_the_scenario(overrides: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)) as caught:
        built(**overrides)
    assert type(caught.value) is ValueError
    assert str(caught.value).startswith("scenario lattice-21: ")
    assert "\n" not in str(caught.value)


FAT = {"label": "too fat", "set": {"satellite.radius_m": "60 m"}}
DARK = {"label": "far too much loss", "set": {"link.optics_loss_db": "80 dB"}}
THIN = {"label": "half the channels", "set": {"link.channels": 12}}


def test_a_reading_that_nobody_can_build_is_kept_with_its_reason_and_stops_nothing() -> None:
    case = build(load_scenario("lattice-21", overrides={"reading": [FAT, THIN, DARK]}))
    assert [label for label, _ in case.readings] == ["half the channels"]
    assert [label for label, _ in case.impossible] == ["too fat", "far too much loss"]
    assert "satellites 0 and 1 come within 100.0 m" in case.impossible[0][1]
    assert "the optical link carries nothing at 100.0 to 200.0 m" in case.impossible[1][1]
    assert not any(why.startswith("scenario ") for _, why in case.impossible)


@pytest.mark.parametrize(
    ("key", "value", "where"),
    [
        ("satellite.radius_m", "60 m", "satellite.radius_m, formation.pitch_m: formation"),
        ("satellite.terminals", 7, "satellite.terminals: wiring"),
        ("wiring.reach_m", "50 m", "wiring.reach_m: wiring"),
        ("link.transceiver", "coherent_400z", "link.transceiver: no part 'coherent_400z'"),
        ("link.sub_apertures", 5, "link.sub_apertures: sub_apertures=5"),
        ("link.channels", 1000, "link.channels: "),
        ("link.aperture_m", "10 m", "link.aperture_m: range_m="),
        ("wiring", {"kind": "Wiring", "pairs": [[0, 1]]}, "wiring.pairs: "),
    ],
)
def test_what_cannot_be_built_begins_with_the_keys_to_change(key: str, value: object, where: str) -> None:
    with pytest.raises(ValueError, match=re.escape(f"scenario lattice-21: {where}")):
        built(**{key: value})


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [("link.transceiver", "coherent_400z", "near: coherent_400zr"), ("link.sub_apertures", 5, "tiles fill a square")],
)
def test_a_slip_in_a_reading_is_an_error_that_names_the_reading(key: str, value: object, message: str) -> None:
    reading = {"label": "slip", "set": {key: value}}
    with pytest.raises(ValueError, match=f"scenario lattice-21: reading 'slip': .*{message}"):
        build(load_scenario("lattice-21", overrides={"reading": [reading]}))


def test_epochs_that_miss_the_longest_range_are_announced(monkeypatch: pytest.MonkeyPatch) -> None:
    # at the epoch the diagonals of the lattice are 223.6 m long, an eighth of an orbit later 141 or 283 m
    lamp = Lamp(rate_bps=lambda d: np.where(d < 250.0, 2e12, 1e12))
    monkeypatch.setattr(case_module, "_link", lambda scenario, parts: (lamp, ()))
    with pytest.warns(ValidityWarning, match=r"orbit\.epochs=1: between them 28 links carry less .* use more epochs"):
        once = built("lattice-21", **{"orbit.epochs": 1})
    assert series_of(once).capacity_bps.min() == 2e12
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert series_of(built("lattice-21", **{"orbit.epochs": 8})).capacity_bps.min() == 1e12


def test_a_case_made_by_hand_needs_no_scenario() -> None:
    ring = from_networkx(nx.cycle_graph(8), name="ring", gpus=9, capacity_bps=1e12)
    case = Case(name="ring", formation=ring, scale_up=nvl72())
    assert (case.scenario, case.scale_out, case.readings, dict(case.data)) == (None, None, (), {})


@pytest.mark.parametrize("name", [name for name in scenario_names() if satellites_of(load_scenario(name))[0] <= 400])
def test_every_shipped_case_has_as_many_gpus_in_orbit_as_its_superpod(name: str) -> None:
    case = build(load_scenario(name, overrides={"reading": []}))
    fabric = as_series(case.formation).structure
    assert fabric.unreachable_pair() is None
    if case.scale_out is not None:
        assert case.scale_out.n_gpus == fabric.n_gpus
