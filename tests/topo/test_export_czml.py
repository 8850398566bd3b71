"""The Cesium file read as Cesium reads it: Lagrange interpolation of the samples, intervals of the links."""

import itertools
import json
import math
from dataclasses import replace
from datetime import datetime
from typing import Any

import numpy as np
import pytest

from links.fso import OpticalLink
from links.parts import load_part
from topo.build import Satellite, build_series
from topo.export import czml
from topo.fabric import FabricSeries
from topo.formation import Formation, suncatcher_lattice
from topo.hill import to_hill
from topo.orbit import Orbit
from topo.ranges import neighbours_within
from topo.wiring import Wiring

ORBIT = Orbit(altitude_m=650e3)
LATTICE = suncatcher_lattice(orbit=ORBIT, pitch_m=100.0, radius_m=300.0)
LINK = OpticalLink(
    aperture_m=0.1, wavelength_m=1.55e-6, transceiver=load_part("coherent_400zr"), channels=24, truncation=1.12,
    optics_loss_db=3.0, jitter_rad=1e-6, outage=1e-6,
)  # fmt: skip
START = "2027-01-01T00:00:00"


def series_of(formation: Formation, count: int = 8) -> FabricSeries:
    pairs = neighbours_within(formation=formation, reach_m=200.0)
    satellite = Satellite(gpus=1, host_bps=None, local_bps=None, switch_bps=None, switch_latency_s=0.0,
                          switch_latency_low_s=0.0, terminals=8, radius_m=10.0)  # fmt: skip
    return build_series(formation=formation, satellite=satellite, wiring=Wiring.from_pairs(name="near", pairs=pairs),
                        link=LINK, time_s=formation.epochs_s(count=count))  # fmt: skip


def read(text: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The document packet, and the others by id."""
    packets = json.loads(text, parse_constant=lambda word: pytest.fail(f"{word} is not JSON"))
    assert packets[0]["id"] == "document"
    assert packets[0]["version"] == "1.0"
    ids = [packet["id"] for packet in packets]
    assert len(set(ids)) == len(ids)
    return packets[0], {packet["id"]: packet for packet in packets[1:]}


def moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def interpolated(position: dict[str, Any], time_s: np.ndarray) -> np.ndarray:
    """Lagrange polynomials through the degree + 1 samples around each time, as Cesium takes them. [m]"""
    assert (position["interpolationAlgorithm"], position["referenceFrame"]) == ("LAGRANGE", "INERTIAL")
    table = np.array(position["cartesian"]).reshape(-1, 4)
    points = int(position["interpolationDegree"]) + 1
    result = []
    for t in time_s:
        first = int(np.clip(np.searchsorted(table[:, 0], t) - points // 2, 0, len(table) - points))
        x, y = table[first : first + points, 0], table[first : first + points, 1:]
        weights = [math.prod((t - x[m]) / (x[k] - x[m]) for m in range(points) if m != k) for k in range(points)]
        result.append(np.array(weights) @ y)
    return np.array(result)


def test_interpolated_satellites_fly_the_formation_to_a_few_millimetres() -> None:
    _, packets = read(czml(formation=LATTICE, series=series_of(LATTICE), start=START, node_rad=1.0))
    times = np.sort(np.random.default_rng(5).uniform(0.0, ORBIT.period_s, 40))
    flown = np.stack([interpolated(packets[f"sat{k}"]["position"], times) for k in range(len(LATTICE))], axis=1)
    centre = flown[:, 0]  # the lattice's centre flies the reference orbit
    assert np.linalg.norm(centre, axis=-1) == pytest.approx(ORBIT.semi_major_axis_m, abs=5e-3)
    # back to the Hill frame by the project's own change of axes; velocities do not matter for positions
    speed = np.gradient(centre, times, axis=0, edge_order=2)
    ahead = np.cross(np.cross(centre, speed), centre)
    ahead *= ORBIT.speed_m_s / np.linalg.norm(ahead, axis=-1, keepdims=True)
    normal = np.array([math.sin(1.0), -math.cos(1.0), 0.0]) * math.sin(ORBIT.plane_inclination_rad)
    normal[2] = math.cos(ORBIT.plane_inclination_rad)
    velocity = np.cross(normal, centre) * ORBIT.mean_motion_rad_s
    states = np.concatenate([flown, np.zeros_like(flown)], axis=-1)
    local = to_hill(states=states, reference=np.concatenate([centre, velocity], axis=-1))[..., :3]
    # 0.1 mm rounding and 0.2 mm interpolation at the ends
    assert np.abs(local - LATTICE.positions_m(time_s=times)).max() < 5e-3
    assert (np.sum(velocity * speed, axis=-1) > 0.0).all()  # prograde about the stated normal


def test_the_reference_starts_at_its_ascending_node() -> None:
    _, packets = read(czml(formation=LATTICE, series=series_of(LATTICE), start=START, node_rad=0.7))
    table = np.array(packets["sat0"]["position"]["cartesian"]).reshape(-1, 4)
    axis = ORBIT.semi_major_axis_m
    assert table[0].tolist() == pytest.approx([0.0, axis * math.cos(0.7), axis * math.sin(0.7), 0.0], abs=1e-3)
    assert table[1, 3] > 0.0  # northward
    assert table[-1].tolist() == pytest.approx([ORBIT.period_s, *table[0, 1:]], abs=1e-3)  # one whole orbit
    assert np.diff(table[:, 0]).max() <= 30.0


def test_every_link_joins_two_satellites_of_the_document_over_the_whole_orbit() -> None:
    series = series_of(LATTICE)
    document, packets = read(czml(formation=LATTICE, series=series, start=START, node_rad=0.0))
    begin, end = document["clock"]["interval"].split("/")
    assert moment(begin) == moment(START + "+00:00")
    assert moment(end) - moment(begin) == pytest.approx(ORBIT.period_s, abs=2e-3)  # written to a millisecond
    lines = {name: packet for name, packet in packets.items() if "polyline" in packet}
    assert len(packets) - len(lines) == len(LATTICE)
    assert len(lines) == series.structure.n_links
    for packet in lines.values():
        for reference in packet["polyline"]["positions"]["references"]:
            satellite, what = reference.split("#")
            assert what in packets[satellite]
        assert packet["polyline"]["show"] == [{"interval": f"{begin}/{end}", "boolean": True}]


def test_a_link_is_hidden_while_either_direction_carries_nothing() -> None:
    series = series_of(LATTICE)
    capacity = series.capacity_bps.copy()
    k = series.structure.n_links
    capacity[2:4, 0] = 0.0  # there
    capacity[6, k] = 0.0  # and back
    _, packets = read(czml(formation=LATTICE, series=replace(series, capacity_bps=capacity), start=START, node_rad=0.0))
    tail, head = series.structure.tail[0], series.structure.head[0]
    shown = packets[f"sat{tail}-sat{head}"]["polyline"]["show"]
    assert [item["boolean"] for item in shown] == [True, False, True, False, True]
    edges = [moment(item["interval"].split("/")[0]) - moment(START + "+00:00") for item in shown]
    step = ORBIT.period_s / 8
    assert edges == pytest.approx([0.0, 2 * step, 4 * step, 6 * step, 7 * step], abs=2e-3)
    for before, after in itertools.pairwise(shown):
        assert before["interval"].split("/")[1] == after["interval"].split("/")[0]  # no gap


def test_a_time_zone_in_the_start_is_respected() -> None:
    document, _ = read(
        czml(formation=LATTICE, series=series_of(LATTICE), start="2027-01-01T02:00:00+02:00", node_rad=0.0)
    )
    assert document["clock"]["currentTime"] == "2027-01-01T00:00:00.000Z"


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"step_s": 31.0}, "step_s=31.0"),
        ({"step_s": 0.0}, "step_s=0.0"),
        ({"span_s": 100.0}, "within the span of 100 s"),
        ({"start": "tomorrow"}, "start='tomorrow'"),
        ({"formation": suncatcher_lattice(orbit=ORBIT, pitch_m=100.0, radius_m=200.0)}, "the formation 5 satellites"),
    ],
)
def test_what_would_mislead_is_refused(how: dict[str, Any], message: str) -> None:
    usual: dict[str, Any] = {"formation": LATTICE, "series": series_of(LATTICE), "start": START, "node_rad": 0.0}
    with pytest.raises(ValueError, match=message):
        czml(**usual | how)
