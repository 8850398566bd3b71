"""Links of several kinds in one formation, and what it and the sky do to their receivers."""

import functools
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import constants

from links.antenna import dish_pattern_envelope
from links.fso import OpticalLink
from links.model import LinkModel, Surroundings
from links.nearfield import far_field_transmission
from links.parts import load_part
from links.rf import RadioLink
from optimize.flow import all_to_all, max_throughput
from topo.build import Satellite, build_fabric, build_series
from topo.formation import Formation, lattice_block
from topo.orbit import Orbit
from topo.ranges import neighbours_within, ranges_m
from topo.sun import beta_angle_rad
from topo.surroundings import formation_surroundings, radio_interference_w, sky_background_w_hz
from topo.wiring import Wiring

ORBIT = Orbit(altitude_m=650e3)
BLOCK = lattice_block(orbit=ORBIT, pitch_m=100.0, rows=2, columns=3)
RADIO = RadioLink(
    radio=load_part("radio_60ghz"), amplifier=load_part("pa_gan_60ghz"), modcods=(load_part("dvb_s2x"),),
    frequency_hz=65e9, bandwidth_hz=2e9, transmit_diameter_m=0.1, receive_diameter_m=0.1, outage=1e-6,
)  # fmt: skip
OPTICAL = OpticalLink(
    aperture_m=0.1, wavelength_m=1.55e-6, transceiver=load_part("coherent_400zr"), channels=24, truncation=1.12,
    optics_loss_db=3.0, jitter_rad=1e-6, outage=1e-6,
)  # fmt: skip
SATELLITE = Satellite(gpus=8, host_bps=None, local_bps=None, switch_bps=None, switch_latency_s=0.0,
                      switch_latency_low_s=0.0, terminals=8, radius_m=10.0)  # fmt: skip


def wired(*pairs: tuple[int, int]) -> Wiring:
    return Wiring(name="w", pairs=np.array(pairs, dtype=np.int64), terminals=np.ones(len(pairs), dtype=np.int64))


def near(formation: Formation, reach_m: float) -> Wiring:
    return Wiring.from_pairs(name="near", pairs=neighbours_within(formation=formation, reach_m=reach_m))


def placed(*points: tuple[float, float, float]) -> Formation:
    """Satellites that stand at these points at time 0 (and drift-free ellipses afterwards)."""
    x, y, z = np.array(points, dtype=float).T
    zero = np.zeros(len(points))
    return Formation(orbit=ORBIT, name="placed", radial_cos_m=x, radial_sin_m=zero, along_track_offset_m=y,
                     normal_cos_m=z, normal_sin_m=zero)  # fmt: skip


# --- kinds of link, kinds of satellite


def test_optical_and_radio_links_share_a_fabric_each_with_its_own_rate_and_medium() -> None:
    wiring = near(BLOCK, 200.0)
    links = [OPTICAL if i % 2 == 0 else RADIO for i in range(len(wiring))]
    fabric = build_fabric(formation=BLOCK, satellite=SATELLITE, wiring=wiring, link=links, time_s=0.0)
    distance = ranges_m(formation=BLOCK, pairs=wiring.pairs, time_s=0.0)[0]
    for arc in range(fabric.n_arcs):
        model = links[arc % len(links)]
        state = model.at(range_m=distance[arc % len(links)])
        assert fabric.medium[arc] == model.medium
        # rel 1e-6: ranges are rounded to a micrometre before the model is asked
        assert fabric.capacity_bps[arc] == pytest.approx(float(state.rate_bps), rel=1e-6)
        assert fabric.power_w[arc] == pytest.approx(float(state.power_w), rel=1e-6)
    assert set(fabric.medium.tolist()) == {"optical", "radio"}


@pytest.mark.parametrize(
    ("link", "message"),
    [([OPTICAL], "1 link models given, the wiring has 7"), ([OPTICAL] * 6 + ["optical"], r"link\[6\]='optical'")],
)
def test_links_that_do_not_fit_the_wiring_are_refused(link: Sequence[Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build_fabric(formation=BLOCK, satellite=SATELLITE, wiring=near(BLOCK, 200.0), link=link, time_s=0.0)


def test_a_switch_satellite_without_gpus_forwards_for_satellites_of_another_type() -> None:
    star = placed((0, 0, 0), (0, 300, 0), (0, -300, 0), (300, 0, 0))
    switch = replace(SATELLITE, gpus=0, switch_bps=20e12, terminals=3)
    fabric = build_fabric(formation=star, satellite=[switch, SATELLITE, replace(SATELLITE, gpus=4), SATELLITE],
                          wiring=wired((0, 1), (0, 2), (0, 3)), link=OPTICAL, time_s=0.0)  # fmt: skip
    assert fabric.gpus.tolist() == [0, 8, 4, 8]
    assert fabric.switch_bps.tolist() == [20e12, np.inf, np.inf, np.inf]
    found = max_throughput(fabric=fabric, traffic=all_to_all(fabric=fabric), rtol=1e-6)
    # everything crosses the switch once: 2 x (8 x 4 + 8 x 4 + 8 x 8) ordered pairs over 20 Tb/s, before any link fills
    assert found.lower_per_s == pytest.approx(20e12 / 256, rel=1e-6)


# --- interference


def by_hand_w(formation: Formation, wiring: Wiring, link: RadioLink) -> np.ndarray:
    """Every receiver against every other transmitter, one by one, at time 0."""
    points = formation.positions_m(time_s=0.0)[0]
    arcs = [*wiring.pairs.tolist(), *wiring.pairs[:, ::-1].tolist()]

    def angle(at: int, first: int, second: int) -> float:
        u, v = points[first] - points[at], points[second] - points[at]
        return float(np.arccos(np.clip(u @ v / np.linalg.norm(u) / np.linalg.norm(v), -1.0, 1.0)))

    result = []
    for sender, receiver in arcs:
        total = 0.0
        for other, target in arcs:
            if other != receiver and (other, target) != (sender, receiver):
                total += float(
                    link.interference_w(
                        range_m=float(np.linalg.norm(points[receiver] - points[other])),
                        transmit_angle_rad=angle(other, target, receiver),
                        receive_angle_rad=angle(receiver, sender, other),
                    )
                )
        result.append(total)
    return np.array(result)


@pytest.mark.parametrize("reach_m", [200.0, 283.0])
def test_interference_is_the_sum_over_all_other_transmitters(reach_m: float) -> None:
    wiring = near(BLOCK, reach_m)
    found = radio_interference_w(formation=BLOCK, wiring=wiring, link=RADIO, time_s=0.0)
    # rel 1e-6: arccos near 0 in the sum by hand
    assert found[0] == pytest.approx(by_hand_w(BLOCK, wiring, RADIO), rel=1e-6)


def test_interference_between_two_parallel_links_is_friis_and_two_sidelobes() -> None:
    # links 0-1 and 2-3, 4 km long and 3 km apart: far field for 10 cm at 65 GHz (4.3 m)
    square = placed((0, 0, 0), (0, 4000, 0), (3000, 0, 0), (3000, 4000, 0))
    found = radio_interference_w(formation=square, wiring=wired((0, 1), (2, 3)), link=RADIO, time_s=0.0)[0]
    dish = {"tx_diameter_m": 0.1, "rx_diameter_m": 0.1, "frequency_hz": 65e9}
    efficiency = RADIO.radio["aperture_efficiency"] ** 2 * 10 ** (-RADIO.radio["other_losses_db"] / 10)
    angles = [np.arctan2(3, 4), np.pi / 2]
    at_37, at_90 = dish_pattern_envelope(angle_rad=angles, diameter_m=0.1, frequency_hz=65e9).tolist()
    diagonal = float(far_field_transmission(range_m=5000.0, **dish)) * at_37**2  # same sense
    # opposite sense: the transmitter beside the receiver, both antennas at right angles to the line between them
    beside = float(far_field_transmission(range_m=3000.0, **dish)) * at_90**2
    expected = RADIO.channel_power_w * efficiency * (diagonal + beside)
    assert found == pytest.approx([float(expected)] * 4, rel=2e-3)  # Ruze factor 0.999, left out by hand


def test_a_lone_link_has_no_interference_and_bands_keep_links_apart() -> None:
    pair = placed((0, 0, 0), (0, 200, 0))
    assert radio_interference_w(formation=pair, wiring=wired((0, 1)), link=RADIO, time_s=[0.0, 99.0]).max() == 0.0
    wiring = near(BLOCK, 200.0)
    each = np.arange(2 * len(wiring))
    assert radio_interference_w(formation=BLOCK, wiring=wiring, link=RADIO, time_s=0.0, band=each).max() == 0.0
    one = radio_interference_w(formation=BLOCK, wiring=wiring, link=RADIO, time_s=0.0)
    two = radio_interference_w(formation=BLOCK, wiring=wiring, link=RADIO, time_s=0.0, band=each // len(wiring))
    assert (two < one).all()  # directions apart: some, not all, are gone
    assert two.max() > 0.0


def test_other_models_and_other_media_do_not_disturb() -> None:
    wiring = near(BLOCK, 200.0)
    higher = replace(RADIO, frequency_hz=61e9)
    links: list[LinkModel] = [RADIO, higher, *[OPTICAL] * (len(wiring) - 2)]
    alone = radio_interference_w(formation=BLOCK, wiring=wiring, link=links, time_s=0.0)
    assert alone.max() == 0.0


def test_a_band_of_the_wrong_length_is_refused() -> None:
    with pytest.raises(ValueError, match=r"band of shape \(3,\): need \(14,\)"):
        radio_interference_w(formation=BLOCK, wiring=near(BLOCK, 200.0), link=RADIO, time_s=0.0, band=[0, 0, 0])


def test_a_crowded_band_costs_rate_and_the_series_says_how_much_at_every_time() -> None:
    wiring = near(BLOCK, 283.0)
    times = BLOCK.epochs_s(count=3)
    how: dict[str, Any] = {"formation": BLOCK, "satellite": SATELLITE, "wiring": wiring, "link": RADIO, "time_s": times}
    make: Any = functools.partial(build_series, **how)
    quiet, crowded = make(), make(surroundings=True)
    assert (crowded.capacity_bps <= quiet.capacity_bps).all()
    assert crowded.capacity_bps.sum() < quiet.capacity_bps.sum()
    # one arc at one time, asked alone
    around = formation_surroundings(formation=BLOCK, wiring=wiring, links=[RADIO] * len(wiring), time_s=times)
    arc, t = len(wiring) + 2, 1
    distance = ranges_m(formation=BLOCK, pairs=wiring.pairs, time_s=times)[t, 2]
    state = RADIO.at(
        range_m=distance,
        surroundings=Surroundings(
            interference_w=around.interference_w[t, arc], background_w_hz=around.background_w_hz[t, arc]
        ),
    )
    assert crowded.capacity_bps[t, arc] == float(state.rate_bps)
    assert crowded.latency_s[t, arc] == pytest.approx(float(state.latency_s), rel=1e-9)


def test_surroundings_may_be_any_function_and_the_directions_may_differ() -> None:
    def one_sided(*, formation: Formation, wiring: Wiring, links: Sequence[LinkModel], time_s: Any) -> Surroundings:
        noise = np.concatenate([np.zeros(len(wiring)), np.full(len(wiring), 1e-7)])
        return Surroundings(interference_w=noise, background_w_hz=np.zeros(1))

    how: dict[str, Any] = {"formation": BLOCK, "satellite": SATELLITE, "wiring": near(BLOCK, 200.0), "time_s": 0.0}
    make: Any = functools.partial(build_fabric, **how)
    quiet, noisy = make(link=RADIO), make(link=RADIO, surroundings=one_sided)
    half = quiet.n_arcs // 2
    assert noisy.capacity_bps[:half].tolist() == quiet.capacity_bps[:half].tolist()
    assert (noisy.capacity_bps[half:] < quiet.capacity_bps[half:]).all()


def test_a_link_that_only_its_surroundings_silence_is_named() -> None:
    loud = Surroundings(interference_w=np.array([0.0, 0.0, 1.0, 0.0]), background_w_hz=np.zeros(1))
    with pytest.raises(ValueError, match="link sat1-sat0: the radio link carries nothing"):
        build_fabric(formation=placed((0, 0, 0), (0, 200, 0), (200, 0, 0)), satellite=SATELLITE, link=RADIO,
                     wiring=wired((0, 1), (0, 2)), time_s=0.0, surroundings=lambda **_: loud)  # fmt: skip


# --- Sun and Earth


SUN_PHOTON_W_HZ = (
    constants.h * constants.c / 1.55e-6 / np.expm1(constants.h * constants.c / (1.55e-6 * constants.k * 5772.0))
)
RADIAL = placed((0, 0, 0), (200, 0, 0))


def sky(formation: Formation, *, pairs: Any = ((0, 1),), time_s: Any = 0.0, beta_rad: float | None) -> np.ndarray:
    return sky_background_w_hz(formation=formation, pairs=pairs, wavelength_m=1.55e-6, time_s=time_s, beta_rad=beta_rad)


def test_a_receiver_that_looks_at_the_sun_gets_a_quarter_photon_a_mode() -> None:
    # Sun in the orbital plane, straight above at time 0: the lower satellite looks up at the higher one and the Sun
    light = sky(RADIAL, beta_rad=0.0)
    assert light.shape == (1, 2)
    assert light[0, 1] == pytest.approx(SUN_PHOTON_W_HZ, rel=1e-9)  # 1 -> 0: received below
    assert light[0, 1] / (constants.h * constants.c / 1.55e-6) == pytest.approx(0.25, abs=5e-4)  # 0.2504, links.md 1.11
    assert light[0, 0] < 1e-4 * light[0, 1]  # received above, looking down: the Earth


@pytest.mark.parametrize(("angle_mrad", "sees"), [(4.5, True), (4.8, False)])
def test_the_sun_is_4_65_milliradian_wide_each_side(angle_mrad: float, sees: bool) -> None:
    light = sky(RADIAL, beta_rad=angle_mrad * 1e-3)
    assert bool(light[0, 1] > 0.0) is sees


def test_the_sun_does_not_shine_through_the_earth() -> None:
    midnight = 0.5 * ORBIT.period_s
    formation = placed((0, 0, 0), (-200, 0, 0))  # half an orbit later at +200: looking down from there towards the Sun
    light = sky_background_w_hz(
        formation=formation, pairs=[(0, 1)], wavelength_m=1.55e-6, time_s=midnight, beta_rad=0.0
    )
    # only what the Earth reflects: 0.29 x (R/1 au)^2 of the Sun's light, 2e-25 W/Hz
    assert light[0, 0] == pytest.approx(0.29 * (6.957e8 / constants.au) ** 2 * SUN_PHOTON_W_HZ, rel=1e-3)
    assert light[0, 1] == 0.0


def test_the_earth_fills_the_view_of_who_looks_more_than_25_degrees_below_the_horizon() -> None:
    # acos(R / a) = 24.83 deg dip of the horizon at 650 km
    for dip_deg, sees in ((24.0, False), (25.5, True)):
        dip = np.deg2rad(dip_deg)
        formation = placed((0, 0, 0), (-200 * np.sin(dip), 0.0, 200 * np.cos(dip)))
        light = sky_background_w_hz(
            formation=formation, pairs=[(0, 1)], wavelength_m=1.55e-6, time_s=0.0, beta_rad=None
        )
        assert bool(light[0, 1] > 0.0) is sees
        assert light[0, 0] == 0.0


def test_links_of_a_planar_dawn_dusk_formation_never_look_at_the_sun() -> None:
    beta = beta_angle_rad(orbit=ORBIT, date=np.arange("2027-01-01", "2028-01-01", dtype="datetime64[D]"))
    least = float(np.abs(beta).min())
    pairs = near(BLOCK, 283.0).pairs
    light = sky(BLOCK, pairs=pairs, time_s=BLOCK.epochs_s(count=360), beta_rad=least)
    assert light.max() < 1e-4 * SUN_PHOTON_W_HZ


def test_the_sun_behind_a_coherent_link_costs_less_than_a_decibel_of_margin_and_no_rate() -> None:
    how: dict[str, Any] = {"formation": RADIAL, "satellite": SATELLITE, "wiring": wired((0, 1)), "link": OPTICAL}
    sun = functools.partial(formation_surroundings, beta_rad=0.0)
    dark, sunny = build_fabric(**how, time_s=0.0), build_fabric(**how, time_s=0.0, surroundings=sun)
    assert sunny.capacity_bps.tolist() == dark.capacity_bps.tolist()
    around = sun(formation=RADIAL, wiring=wired((0, 1)), links=[OPTICAL], time_s=0.0)
    without = OPTICAL.at(range_m=200.0)
    towards = OPTICAL.at(range_m=200.0, surroundings=around)
    lost_db = without.margin_db - towards.margin_db[0]
    # 0.97 dB is what an ideal preamplifier would lose (links.background); a bright link loses less
    assert 0.0 < lost_db[1] < 0.97
    assert abs(lost_db[0]) < 1e-4  # the Earth: 1e-5 of that
