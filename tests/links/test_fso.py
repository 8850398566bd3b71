"""`OpticalLink`: the promises of a link model, its budget, tiling, amplifiers, overload, and the ceiling of physics."""

import math
import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import constants, optimize

from links import LinkModel, Part, Surroundings, ValidityWarning, coupling_table, load_part
from links.background import background_spectral_density_w_hz
from links.capacity import holevo_capacity_bps
from links.coupling import ApertureMode, mode_coupling, mode_overlap
from links.fso import OpticalLink
from links.modes import circular_modes, square_modes
from links.transceiver import line_modes
from links.units import db, dbm, from_db, watt_from_dbm
from tests.links.diffraction import huygens_coupling, tilted_couplings

FORMATION_M = np.linspace(100.0, 283.0, 12)
EVERYWHERE_M = np.geomspace(10.0, 1e7, 61)


def link(**changes: Any) -> OpticalLink:
    """Suncatcher's terminal: 10 cm, 24 channels, no booster."""
    given: dict[str, Any] = {
        "aperture_m": 0.1, "wavelength_m": 1.55e-6, "transceiver": load_part("coherent_400zr"), "channels": 24,
        "truncation": 1.12, "optics_loss_db": 3.0, "jitter_rad": 1e-6, "outage": 1e-6,
    }  # fmt: skip
    return OpticalLink(**(given | changes))


def changed(part: Part, **values: float) -> Part:
    """A part with some values replaced."""
    data = {key: _replaced(datum, values[key]) if key in values else datum for key, datum in part.data.items()}
    return Part(name=f"{part.name}_changed", kind=part.kind, title=part.title, data=data)


def _replaced(datum: Any, value: float) -> Any:
    fields = {name: getattr(datum, name) for name in datum.__dataclass_fields__}
    return type(datum)(**(fields | {"value": value, "low": None, "high": None, "confidence": "published"}))


CONFIGURATIONS = [
    {},
    {"sub_apertures": 4},
    {"sub_apertures": 16, "truncation": 1.41, "focus_m": 150.0},
    {"amplifier": load_part("edfa_5w")},
    {"transceiver": load_part("openzrplus_high_power"), "wavefront_error_waves": 0.05},
    {"jitter_rad": 0.0, "truncation": 2.0, "aperture_m": 0.05},
]


def test_it_is_a_link_model_of_light() -> None:
    assert isinstance(link(), LinkModel)
    assert link().medium == "optical"


def test_formation_ranges_carry_24_channels_of_400g_in_one_direction() -> None:
    # trap 25: 9.6 Tb/s is one direction; a link is two arcs
    state = link().at(range_m=FORMATION_M)
    assert state.rate_bps == pytest.approx(24 * 400e9)
    assert state.channels.tolist() == [24] * 12
    assert state.margin_db.min() > 4.0
    assert state.availability.min() >= 1.0 - 1e-6


@pytest.mark.parametrize("changes", CONFIGURATIONS)
def test_budget_and_state_agree_row_by_row(changes: dict[str, Any]) -> None:
    model = link(**changes)
    state = model.at(range_m=EVERYWHERE_M)
    for row, z in enumerate(EVERYWHERE_M):
        ledger = model.budget(range_m=float(z))
        assert ledger.margin_db == pytest.approx(state.margin_db[row], abs=1e-9)
        assert (state.rate_bps[row] > 0.0) == (ledger.margin_db >= 0.0)
        assert ledger.received_dbm <= ledger.transmit_dbm


@pytest.mark.parametrize("changes", CONFIGURATIONS)
def test_rate_stays_below_what_physics_allows(changes: dict[str, Any]) -> None:
    model = link(**changes)
    ranges = EVERYWHERE_M[EVERYWHERE_M > 90.0]
    assert np.all(model.at(range_m=ranges).rate_bps <= model.limit_bps(range_m=ranges))


@settings(max_examples=15, deadline=None)
@given(
    z=st.floats(20.0, 1e6), loss=st.floats(0.0, 10.0), jitter=st.floats(0.0, 2e-6),
    focus=st.sampled_from([None, 300.0, -500.0]),
)  # fmt: skip
def test_received_never_exceeds_transmitted(z: float, loss: float, jitter: float, focus: float | None) -> None:
    ledger = link(optics_loss_db=loss, jitter_rad=jitter, focus_m=focus).budget(range_m=z)
    assert all(term <= 1e-9 for _, term in ledger.terms)  # trap 2: no gain anywhere in a passive path


def test_budget_names_what_happens_to_a_channel() -> None:
    ledger = link(wavefront_error_waves=0.05).budget(range_m=200.0)
    names = " ".join(name for name, _ in ledger.terms)
    assert all(word in names for word in ("optics", "wavefront", "diffraction", "pointing"))
    terms = dict(ledger.terms)
    mode = ApertureMode(radius_m=0.05, truncation=1.12)
    coupled = float(db(mode_coupling(tx=mode, rx=mode, range_m=200.0, wavelength_m=1.55e-6)))
    assert terms["diffraction and truncation, fibre to fibre"] == pytest.approx(coupled, abs=0.004)  # the table
    assert terms["wavefront error of both ends"] == pytest.approx(2 * float(db(math.exp(-((0.1 * math.pi) ** 2)))))
    assert ledger.transmit_dbm == -10.0
    assert "margin" in str(ledger)


def test_latency_is_flight_plus_the_electronics_of_both_ends() -> None:
    state = link().at(range_m=FORMATION_M)
    flight_s = FORMATION_M / constants.c
    electronics = load_part("coherent_400zr").data["latency_s"]
    assert state.latency_s - flight_s == pytest.approx(electronics.high)
    assert state.latency_low_s - flight_s == pytest.approx(electronics.low)


def test_power_is_one_transceiver_per_channel_and_the_wall_plug_of_the_booster() -> None:
    # trap 28: 504 W of electronics drive 2.4 mW of light
    assert link().at(range_m=200.0).power_w == pytest.approx(24 * 21.0)
    assert link().power_w > 1e4 * 24 * link().channel_power_w
    boosted = link(amplifier=load_part("edfa_5w"))
    assert boosted.power_w - link().power_w == pytest.approx(5.0 / 0.1)


def test_sixteen_tiles_on_eight_terminals_take_some_64_kw() -> None:
    assert 8 * link(sub_apertures=16).power_w == pytest.approx(64.5e3, rel=0.01)


def test_amplifier_power_is_shared_by_all_channels() -> None:
    # trap 16: dBm per channel falls by 3 dB when channels double; the sum stays
    few, many = (link(amplifier=load_part("edfa_1w"), channels=n) for n in (24, 48))
    assert float(dbm(few.channel_power_w) - dbm(many.channel_power_w)) == pytest.approx(3.0103, abs=1e-4)
    assert link(amplifier=load_part("edfa_1w"), sub_apertures=4).channel_power_w == pytest.approx(1.0 / 96.0)


def test_booster_of_5_w_overloads_the_receivers_of_a_formation_by_20_db() -> None:
    # trap 17: 5 W over 24 channels is +23.2 dBm each, 3 dB optics, 0.9 dB diffraction, overload 0 dBm
    boosted = link(amplifier=load_part("edfa_5w"))
    state = boosted.at(range_m=FORMATION_M)
    assert state.rate_bps.tolist() == [0.0] * 12
    assert state.availability.tolist() == [0.0] * 12
    assert state.margin_db == pytest.approx(-19.3, abs=0.2)
    assert boosted.at(range_m=100e3).rate_bps == 9.6e12
    # the unfaded instant counts: 10 dB of fade at the outage do not excuse an overload at rest
    assert "overload is nearer" in str(boosted.budget(range_m=200.0))


def test_booster_adds_its_spontaneous_emission_to_the_noise_of_the_transmitter() -> None:
    # -10 dBm into a noise figure of 5 dB: 57.95 - 10 - 5 = 42.95 dB, with the transmitter's 34 dB 33.48 dB
    osnr_db = -10.0 * math.log10(10**-4.295 + 10**-3.4)
    (mode,) = line_modes(load_part("coherent_400zr"))
    needed_dbm = float(dbm(mode.required_w(noise_to_signal=from_db(-osnr_db))))
    ledger = link(amplifier=load_part("edfa_5w")).budget(range_m=100e3)
    assert needed_dbm > -20.0 + 0.05
    assert ledger.sensitivity_dbm == pytest.approx(needed_dbm, abs=1e-3)


def test_pointing_term_is_the_quantile_of_tilted_diffraction() -> None:
    # both ends jitter, 10 cm at 1 km; 2000 Huygens sums of tilted beams leave 5 % at the quantile of 2 %
    sigma, z, n = 2e-6, 1000.0, 2000
    model = link(jitter_rad=sigma, outage=0.02)
    turn = 2.0 * math.pi / 1.55e-6 * 0.05
    rng = np.random.default_rng(11)
    tilts_t, tilts_r = turn * rng.normal(0.0, sigma, (2, n, 2))
    c = turn * 0.05 / z
    still = huygens_coupling(c=c, truncation=1.12)
    fades = 10.0 * np.log10(still / tilted_couplings(c=c, truncation=1.12, tilts_t=tilts_t, tilts_r=tilts_r))
    term = dict(model.budget(range_m=z).terms)["pointing of both ends, exceeded 0.02 of time"]
    assert -term == pytest.approx(float(np.quantile(fades, 0.98)), rel=0.15)


def test_rate_falls_and_availability_holds_as_a_budget_runs_out() -> None:
    model = link(amplifier=load_part("edfa_5w"))
    state = model.at(range_m=np.geomspace(60e3, 1e6, 200))
    closed = state.rate_bps > 0.0
    assert closed[:20].all()
    assert not closed[-20:].any()
    assert np.all(np.diff(closed.astype(int)) <= 0)
    assert state.availability[closed].min() >= 1.0 - 1e-6 * (1.0 + 1e-6)
    # at the edge of closing the outage is the target
    edge = optimize.brentq(lambda z: float(model.at(range_m=z).margin_db), 60e3, 1e6)
    assert 1.0 - float(model.at(range_m=edge * (1.0 - 1e-9)).availability) == pytest.approx(1e-6, rel=1e-3)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("jitter_rad", (0.0, 1e-6, 2e-6)),
        ("optics_loss_db", (0.0, 3.0, 6.0)),
        ("wavefront_error_waves", (0.0, 0.05, 0.1)),
        ("outage", (1e-2, 1e-4, 1e-6)),
    ],
)
def test_margin_falls_with_every_loss(name: str, values: tuple[float, ...]) -> None:
    margins = [float(link(**{name: value}).at(range_m=200.0).margin_db) for value in values]
    assert margins[0] > margins[1] > margins[2]


def test_deep_fades_are_said_to_be_outside_the_model() -> None:
    strong = changed(load_part("coherent_400zr"), launch_power_dbm=-1.0)
    with pytest.warns(ValidityWarning, match="fades deeper than 6 dB"):
        link(transceiver=strong, jitter_rad=2.2e-6).at(range_m=200.0)


def test_hopeless_jitter_is_an_answer_and_not_an_error() -> None:
    around = Surroundings(interference_w=np.array(1e-9), background_w_hz=np.array(1e-20))
    state = link(jitter_rad=1e-3).at(range_m=[200.0, 1e7], surroundings=around)
    assert state.rate_bps.tolist() == [0.0, 0.0]
    assert np.all(state.margin_db < -1000.0)
    assert np.isfinite(state.margin_db).all()


def test_interference_and_sunlight_cost_osnr() -> None:
    zero = np.zeros(())
    quiet = link().at(range_m=200.0, surroundings=Surroundings(interference_w=zero, background_w_hz=zero))
    assert quiet.margin_db == link().at(range_m=200.0).margin_db
    received_w = float(watt_from_dbm(link().budget(range_m=200.0).received_dbm))
    ratios = np.array([1e-4, 1e-3, 1e-2, 1e-1])
    state = link().at(
        range_m=200.0, surroundings=Surroundings(interference_w=ratios * received_w, background_w_hz=zero)
    )
    assert np.all(np.diff(state.margin_db) < 0.0)
    assert state.rate_bps.tolist() == [9.6e12, 9.6e12, 0.0, 0.0]  # 30 dB is borne, 20 dB is 26.8 dB of OSNR with noise
    # trap 18: the Sun behind the partner, 0.25 photon a mode, is nothing to a coherent receiver
    sun = background_spectral_density_w_hz(wavelength_m=1.55e-6, temperature_k=5772.0)
    lit = link().at(range_m=200.0, surroundings=Surroundings(interference_w=zero, background_w_hz=sun))
    assert lit.rate_bps == 9.6e12
    assert 0.0 < float(quiet.margin_db - lit.margin_db) < 0.5


def test_background_noise_is_counted_in_both_polarisations() -> None:
    # a transmitter without noise and a background equal to the noise of an ideal amplifier: OSNR as `modulation.osnr`
    clean = changed(load_part("coherent_400zr"), transmit_osnr_db=200.0)
    model = link(transceiver=clean, jitter_rad=0.0)
    received_w = float(watt_from_dbm(model.budget(range_m=200.0).received_dbm))
    density = received_w / (2.0 * 12.5e9) * float(from_db(-26.0))  # OSNR of 26 dB, the noisiest that 400ZR bears
    at_limit, beyond = (
        model.at(
            range_m=200.0, surroundings=Surroundings(interference_w=np.zeros(()), background_w_hz=np.array(f * density))
        )
        for f in (0.999, 1.001)
    )
    assert beyond.rate_bps == 0.0
    assert at_limit.margin_db > -3.0  # only the power is short, by the -12 dBm that goes with 26 dB
    assert at_limit.margin_db == pytest.approx(float(dbm(received_w)) + 12.0, abs=0.05)


def test_line_mode_follows_the_published_points_and_not_beyond() -> None:
    (mode,) = line_modes(load_part("coherent_400zr"))

    def at(osnr_db: float) -> float:
        return float(dbm(mode.required_w(noise_to_signal=from_db(-osnr_db))))

    assert at(34.0) == pytest.approx(-20.0)
    assert at(26.0) == pytest.approx(-12.0)
    assert at(45.0) == pytest.approx(-20.0)
    assert -20.0 < at(33.0) < at(28.0) < -12.0
    assert math.isinf(at(25.9))
    # the receiver's own noise is what both points have in common: 1/OSNR + N/P is the same
    own = (10**-2.6 - 10**-3.4) / (10**2.0 - 10**1.2)
    sums = [10 ** (-osnr / 10) + own / 10 ** (at(osnr) / 10) for osnr in (34.0, 30.0, 26.0)]
    assert sums == pytest.approx([sums[0]] * 3, rel=1e-9)


def test_slower_modes_take_over_when_the_fast_one_fails() -> None:
    model = link(transceiver=load_part("openzrplus_high_power"), jitter_rad=0.5e-6)
    rates = model.at(range_m=np.geomspace(1e3, 5e4, 300)).rate_bps / 24e9
    assert sorted(set(rates.tolist()), reverse=True) == pytest.approx([400.0, 300.0, 200.0, 0.0])
    assert np.all(np.diff(rates) <= 0.0)


def test_rate_is_payload_and_not_line_rate() -> None:
    # trap 15: 59.84 GBd x 8 bits is 478.75 Gb/s on the line, of which 400 are payload
    part = load_part("coherent_400zr")
    line_bps = 8.0 * part["symbol_rate_bd"]
    assert line_bps == pytest.approx(478.75e9)
    assert link(channels=1).at(range_m=200.0).rate_bps == 400e9 < line_bps


@pytest.mark.parametrize("changes", CONFIGURATIONS[:3])
def test_channels_of_sub_apertures_multiply(changes: dict[str, Any]) -> None:
    model = link(**changes)
    state = model.at(range_m=110.0)
    assert state.channels == 24 * model.sub_apertures
    assert state.rate_bps == pytest.approx(9.6e12 * model.sub_apertures)


def test_tiles_interfere_unless_they_are_refocused() -> None:
    # trap 19: 4 x 4 collimated tiles of 2.5 cm on the same wavelengths spill on each other's fibres: -27 dB at 100 m,
    # -13 dB at 283 m, where 400ZR bears some -22 dB; confocal tiles keep it below
    collimated = link(sub_apertures=16)
    reached = collimated.at(range_m=FORMATION_M).rate_bps > 0.0
    assert reached[0]
    assert not reached[FORMATION_M > 180.0].any()
    confocal = link(sub_apertures=16, truncation=1.4, focus_m=200.0)
    state = confocal.at(range_m=FORMATION_M)
    assert state.rate_bps == pytest.approx(153.6e12)
    # 2 x 2 tiles of 5 cm have no such trouble
    assert np.all(link(sub_apertures=4).at(range_m=FORMATION_M).rate_bps == 38.4e12)


def test_ceiling_is_the_holevo_capacity_of_all_modes_of_the_aperture() -> None:
    band_hz = 196.1e12 - 191.3e12
    for model, spectrum, side in ((link(), circular_modes, 0.05), (link(sub_apertures=16), square_modes, 0.05)):
        power_w = model.channel_power_w * model.parallel_channels
        for z in (123.0, 777.0, 40e3, 3e6):
            c = 2.0 * math.pi * side**2 / (1.55e-6 * z)
            exact = holevo_capacity_bps(
                spectrum=spectrum(c=c), power_w=power_w, bandwidth_hz=band_hz, wavelength_m=1.55e-6
            )
            assert float(model.limit_bps(range_m=z)) == pytest.approx(exact, rel=2e-3)  # interpolation in ln z


def test_ceiling_falls_with_range_and_is_far_above_one_channel_set_nearby() -> None:
    limit = link().limit_bps(range_m=np.geomspace(100.0, 1e7, 80))
    assert np.all(np.diff(limit) < 0.0)
    assert limit[0] > 1000.0 * 9.6e12


def test_band_grows_with_the_channels_until_no_band_is_left() -> None:
    assert [link(channels=n).band().name for n in (24, 48, 60, 96)] == [
        "optical_c_band", "optical_c_band", "optical_super_c_band", "optical_c_plus_l_band",
    ]  # fmt: skip
    with pytest.raises(ValueError, match="channels=97"):
        link(channels=97)


def test_one_function_without_a_seam_from_10_m_to_10_000_km() -> None:
    z = np.geomspace(10.0, 1e7, 4001)
    coupling = coupling_table.tabulated_coupling(
        range_m=z, tile_radius_m=0.05, wavelength_m=1.55e-6, truncation=1.12, focus_m=None, tiles_per_side=1
    ).coupling
    steps = np.abs(np.diff(np.log(coupling)))
    # far field: coupling goes with z^-2, so 4000 steps over 13.8 e-folds are at most 2 x 0.00345 each
    assert steps.max() < 1.02 * 2.0 * math.log(1e6) / 4000.0
    assert link().at(range_m=z).margin_db.shape == z.shape


def test_state_at_a_range_does_not_depend_on_the_other_ranges() -> None:
    together = link().at(range_m=EVERYWHERE_M).margin_db
    alone = [float(link().at(range_m=float(z)).margin_db) for z in EVERYWHERE_M]
    assert together == pytest.approx(alone, abs=1e-12)


def test_hundred_thousand_ranges_need_a_few_dozen_quadratures(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    plain = mode_overlap

    def counted(**given: float) -> Any:
        calls.append(given)
        return plain(**given)

    monkeypatch.setattr(coupling_table, "mode_overlap", counted)
    state = link(truncation=1.2345).at(range_m=np.linspace(100.0, 283.0, 100_000))
    assert state.rate_bps.shape == (100_000,)
    assert len(calls) < 40  # one e-fold of range


def test_shapes_broadcast_and_results_are_read_only() -> None:
    ranges = np.full((3, 2), 150.0)
    around = Surroundings(interference_w=np.zeros((4, 1, 1)), background_w_hz=np.zeros(2))
    state = link().at(range_m=ranges, surroundings=around)
    assert state.rate_bps.shape == state.latency_s.shape == state.power_w.shape == (4, 3, 2)
    assert link().at(range_m=[]).rate_bps.shape == (0,)
    assert link().limit_bps(range_m=np.zeros((0, 2))).shape == (0, 2)
    with pytest.raises(ValueError, match="read-only"):
        state.rate_bps[0] = 1.0
    assert pickle.loads(pickle.dumps(link())) == link()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"aperture_m": -0.1}, r"aperture_m=-0\.1"),
        ({"sub_apertures": 6}, "sub_apertures=6: tiles fill a square"),
        ({"sub_apertures": 0}, "sub_apertures=0"),
        ({"channels": 2.5}, r"channels=2\.5: need a whole number"),
        ({"outage": 0.0}, r"outage=0\.0: need a probability"),
        ({"jitter_rad": -1e-6}, "jitter_rad=-1e-06"),
        ({"optics_loss_db": float("nan")}, "optics_loss_db=nan"),
        ({"focus_m": 0.0}, r"focus_m=0\.0"),
        ({"transceiver": load_part("imdd_800g")}, "has no mode_"),
    ],
)
def test_bad_configuration_is_named(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        link(**changes)


@pytest.mark.parametrize(
    ("range_m", "message"), [(0.0, r"range_m=0\.0"), ([1.0, np.nan], r"range_m\[1\]=nan"), (1.0, "modelled from")]
)
def test_bad_range_is_named(range_m: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        link().at(range_m=range_m)
