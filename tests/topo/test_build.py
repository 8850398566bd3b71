"""Formation, satellites, wiring and link become a fabric: closed forms of the lattice, and what is refused."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import ArrayLike

from links.fso import OpticalLink
from links.model import LinkBudget, LinkModel, LinkState, Surroundings, ValidityWarning
from links.nvlink import NVLink
from links.parts import load_part
from links.terminal import TerminalLink
from topo.build import Satellite, build_fabric, build_series
from topo.fabric import FabricSeries
from topo.formation import Formation, lattice_block, suncatcher_lattice
from topo.orbit import Orbit
from topo.ranges import neighbours_within
from topo.wiring import Wiring

ORBIT = Orbit(altitude_m=650e3)
LATTICE = suncatcher_lattice(orbit=ORBIT, pitch_m=100.0, radius_m=1000.0)
BLOCK = lattice_block(orbit=ORBIT, pitch_m=100.0, rows=3, columns=3)
SATELLITE = Satellite(gpus=72, host_bps=None, local_bps=None, switch_bps=None, switch_latency_s=0.0,
                      switch_latency_low_s=0.0, terminals=8, radius_m=15.0)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Lamp:
    """A link whose rate is any function of its range: all that a `LinkModel` must be."""

    rate_bps: Callable[[np.ndarray[Any, Any]], ArrayLike] = lambda d: np.full(d.shape, 1e12)
    medium: str = "lamp"

    def at(self, *, range_m: ArrayLike, surroundings: Surroundings | None = None) -> LinkState:
        d = np.asarray(range_m, dtype=float)
        rate = np.broadcast_to(np.asarray(self.rate_bps(d), dtype=float), d.shape)
        return LinkState(
            rate_bps=rate, latency_s=d / 3e8 + 1e-6, latency_low_s=d / 3e8, power_w=d / 10.0,
            availability=np.full(d.shape, 0.99), margin_db=np.where(rate > 0, 3.0, -3.0),
            channels=np.ones(d.shape, dtype=np.int64),
        )  # fmt: skip

    def budget(self, *, range_m: float) -> LinkBudget:
        return LinkBudget(title=self.medium, transmit_dbm=0.0, terms=(), sensitivity_dbm=-3.0)

    def limit_bps(self, *, range_m: ArrayLike) -> np.ndarray[Any, np.dtype[np.float64]]:
        return np.full(np.shape(range_m), np.inf)


def near(formation: Formation, reach_m: float, each: int = 1) -> Wiring:
    pairs = neighbours_within(formation=formation, reach_m=reach_m)
    return Wiring(name="near", pairs=pairs, terminals=np.full(len(pairs), each))


def wired(*pairs: tuple[int, int]) -> Wiring:
    return Wiring(name="w", pairs=np.array(pairs, dtype=np.int64), terminals=np.ones(len(pairs), dtype=np.int64))


def series(formation: Formation = BLOCK, reach_m: float = 283.0, epochs: int = 8, **changes: Any) -> FabricSeries:
    values: dict[str, Any] = {
        "formation": formation, "satellite": SATELLITE, "wiring": near(formation, reach_m), "link": Lamp(),
        "time_s": formation.epochs_s(count=epochs),
    }  # fmt: skip
    return build_series(**(values | changes))


def test_a_hand_made_link_is_a_link_model() -> None:
    assert isinstance(Lamp(), LinkModel)


@pytest.mark.parametrize(("reach_m", "links"), [(200.0, 140), (283.0, 272)])
def test_suncatchers_lattice_has_81_satellites_and_140_direct_or_272_with_diagonal_links(
    reach_m: float, links: int
) -> None:
    # independent count: integer points of the disc i^2 + j^2 <= 25, and their pairs one or sqrt 2 apart
    points = {(i, j) for i in range(-5, 6) for j in range(-5, 6) if i * i + j * j <= 25}
    steps = [(1, 0), (0, 1)] + ([(1, 1), (1, -1)] if reach_m > 200.0 else [])
    counted = sum((i + a, j + b) in points for i, j in points for a, b in steps)
    fabric = series(LATTICE, reach_m, epochs=1).at(0)
    assert (len(points), counted) == (81, links)
    assert (fabric.n_nodes, fabric.n_links, fabric.n_arcs) == (81, links, 2 * links)
    assert fabric.n_gpus == 81 * 72
    assert fabric.unreachable_pair() is None


def test_ranges_of_the_lattice_breathe_between_one_and_two_pitches() -> None:
    built = series(LATTICE, epochs=24)
    # |r|^2 = p^2 ((a cos + b sin)^2 + 4 (b cos - a sin)^2) for an index difference (a, b): the 2:1 ellipse
    index = LATTICE.index
    assert index is not None
    a, b = (index[built.structure.head] - index[built.structure.tail]).T.astype(float)
    phase = 2.0 * np.pi * np.arange(24)[:, None] / 24
    x, y = a * np.cos(phase) + b * np.sin(phase), 2.0 * (b * np.cos(phase) - a * np.sin(phase))
    assert built.range_m == pytest.approx(100.0 * np.hypot(x, y), rel=1e-12)  # floating point only
    direct = np.abs(a) + np.abs(b) == 1
    for which, least in ((direct, 100.0), (~direct, 100.0 * np.sqrt(2.0))):
        # 24 epochs meet the axes of every ellipse: both ends are reached exactly
        assert built.range_m[:, which].min() == pytest.approx(least, rel=1e-12)
        assert built.range_m[:, which].max() == pytest.approx(2.0 * least, rel=1e-12)


def test_both_directions_of_a_link_are_alike_and_terminals_in_parallel_add_up() -> None:
    one, two = series(), series(wiring=near(BLOCK, 283.0, each=2), satellite=replace(SATELLITE, terminals=16))
    m = one.structure.n_links
    for name in ("capacity_bps", "latency_s", "latency_low_s", "power_w", "range_m", "availability"):
        first, second = getattr(one, name), getattr(two, name)
        assert np.array_equal(first[:, :m], first[:, m:])
        assert np.array_equal(second, first * (2.0 if name in ("capacity_bps", "power_w") else 1.0)), name
    assert set(two.structure.terminals.tolist()) == {2}
    assert np.array_equal(one.structure.tail[:m], one.structure.head[m:])


def test_what_a_satellite_limits_arrives_at_its_node() -> None:
    big = replace(SATELLITE, gpus=4, host_bps=1e12, local_bps=2e12, switch_bps=3e12, port_bps=4e12,
                  switch_latency_s=2e-6, switch_latency_low_s=1e-6)  # fmt: skip
    relay = replace(SATELLITE, gpus=0)
    fabric = series(satellite=[relay, *[big] * 8]).structure
    assert fabric.gpus.tolist() == [0] + [4] * 8
    for name, value in (("host_bps", 1e12), ("local_bps", 2e12), ("switch_bps", 3e12), ("port_bps", 4e12)):
        assert getattr(fabric, name).tolist() == [np.inf] + [value] * 8
    assert fabric.switch_latency_s.tolist() == [0.0] + [2e-6] * 8
    assert fabric.switch_latency_low_s.tolist() == [0.0] + [1e-6] * 8
    assert fabric.transit.all()
    assert set(fabric.medium.tolist()) == {"lamp"}


def test_one_time_is_the_series_at_that_time() -> None:
    many = series()
    values: dict[str, Any] = {
        "formation": BLOCK, "satellite": SATELLITE, "wiring": near(BLOCK, 283.0), "link": Lamp(),
    }  # fmt: skip
    one = build_fabric(**values, time_s=float(many.time_s[3]))
    for name in ("capacity_bps", "latency_s", "range_m", "power_w", "positions_m", "tail", "head"):
        assert np.array_equal(getattr(one, name), getattr(many.at(3), name)), name


def test_rates_follow_the_ranges_in_time() -> None:
    built = series(link=Lamp(rate_bps=lambda d: 1e15 / d))
    # ranges are told apart to a micrometre: 1e-8 of 100 m
    assert built.capacity_bps == pytest.approx(1e15 / built.range_m, rel=1e-8)
    assert (built.best().capacity_bps > built.worst().capacity_bps).all()


def test_a_link_that_breaks_on_the_way_is_announced_and_named() -> None:
    with pytest.warns(UserWarning, match="12 links break during the orbit, the first of them sat0-sat1"):
        broken = series(reach_m=200.0, link=Lamp(rate_bps=lambda d: np.where(d < 199.0, 1e12, 0.0)))
    assert {arc for arc, _ in broken.breaks()} == {broken.structure.arc_label(e) for e in range(24)}
    assert broken.worst().n_arcs == 0


def nvlink() -> NVLink:
    return NVLink(generation=load_part("nvlink5"), cable=load_part("twinax_30awg"), links=18)


def overloaded() -> OpticalLink:
    return OpticalLink(aperture_m=0.1, wavelength_m=1.55e-6, transceiver=load_part("coherent_400zr"), channels=24,
                       truncation=1.12, optics_loss_db=3.0, jitter_rad=1e-6, outage=1e-6,
                       amplifier=load_part("edfa_5w"))  # fmt: skip


def test_an_amplifier_of_5_w_overloads_its_receiver_by_some_20_db() -> None:
    # 5 W over 24 channels is 23.2 dBm each; 3 dB of optics and a few of diffraction later 0 dBm is too much by 15 to 20
    margin_db = float(overloaded().at(range_m=150.0).margin_db)
    assert -21.0 < margin_db < -15.0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"satellite": replace(SATELLITE, radius_m=60.0)},
         r"formation 'lattice_block' collides: satellites \d+ and \d+ come within 100\.0 m, and their bodies "
         r"reach 60 m each; enlarge the pitch or shrink radius_m"),
        ({"wiring": wired((0, 9))},
         r"wiring 'w': pair \(0, 9\) names satellite 9; the formation has 9, numbered from 0"),
        ({"satellite": replace(SATELLITE, terminals=7)},
         r"wiring 'near': satellite 4 needs 8 terminals and has 7; take links away or give it more terminals"),
        ({"wiring": wired((0, 1), (3, 4))},
         r"the fabric is disconnected, sat2 cannot be reached from sat0; enlarge the reach or add links"),
        ({"wiring": wired()},
         r"wiring 'w' has no links; enlarge the reach, or list pairs"),
        ({"wiring": wired((0, 1), (0, 2))},
         r"wiring 'w': the line from sat0 to sat2 is blocked at 0 s by a body of 15 m radius \(0\.0 m clearance\); "
         r"shorten the reach, or leave that pair out"),
        ({"link": nvlink()},
         r"link sat0-sat1: the copper link carries nothing at 100\.0 to 200\.0 m \(margin -\d+\.\d dB\); "
         r"link\.budget\(range_m=200\) shows why"),
        ({"link": overloaded()}, r"link sat0-sat1: the optical link carries nothing at 100\.0 to .* \(margin -1\d"),
        ({"satellite": [SATELLITE] * 8}, r"8 satellites given, the formation has 9; give one type, or one per sat"),
        ({"time_s": []}, r"time_s of shape \(0,\): need one or more finite times"),
        ({"time_s": np.nan}, r"time_s of shape \(1,\): need one or more finite times"),
    ],
)  # fmt: skip
def test_what_cannot_fly_or_shine_is_refused_in_one_line(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        series(**changes)
    assert "\n" not in str(caught.value)


def test_pairs_behind_a_third_satellite_stay_blocked_all_orbit_long() -> None:
    for time_s in BLOCK.epochs_s(count=12):
        with pytest.raises(ValueError, match="from sat0 to sat2 is blocked"):
            series(wiring=wired((0, 2)), time_s=time_s)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"gpus": -1}, r"gpus=-1\.0: need a finite number >= 0"),
        ({"gpus": 1.5}, r"gpus=1\.5: need a whole number"),
        ({"terminals": 2.5}, r"terminals=2\.5: need a whole number"),
        ({"host_bps": 0.0}, r"host_bps=0\.0: need a finite number > 0"),
        ({"host_bps": float("nan")}, r"host_bps=nan: need a finite number > 0"),
        ({"switch_bps": float("inf")}, r"switch_bps=inf: need a finite number > 0"),
        ({"radius_m": -5.0}, r"radius_m=-5\.0: need a finite number >= 0"),
        ({"switch_latency_low_s": 1.0}, r"switch_latency_low_s=1\.0 is above switch_latency_s"),
    ],
)
def test_a_bad_satellite_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(SATELLITE, **changes)


def test_building_warns_of_nothing_when_all_is_well() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        series()


def test_a_formation_too_large_for_linear_motion_is_flagged() -> None:
    # two satellites 9,000 km apart at 650 km: the straight line between them passes 700 km under the ground
    zero = np.zeros(2)
    apart = Formation(
        orbit=Orbit(altitude_m=650e3), name="far", radial_cos_m=zero, radial_sin_m=zero, normal_cos_m=zero,
        normal_sin_m=zero, along_track_offset_m=np.array([-4.5e6, 4.5e6]),
    )  # fmt: skip
    link = TerminalLink(part=load_part("terminal_edrs_lct"))
    with pytest.warns(ValidityWarning, match="linear"):
        build_fabric(formation=apart, satellite=SATELLITE, wiring=wired((0, 1)), link=link, time_s=0.0)
