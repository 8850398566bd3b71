"""RadioLink: budgets by hand, bands, ceilings, near field, MIMO in a breathing formation, power, availability."""

import math
import pickle
import warnings
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.constants import Boltzmann, Planck, speed_of_light

from links.capacity import holevo_capacity_bps
from links.model import LinkModel, Surroundings, ValidityWarning
from links.modes import circular_modes
from links.nearfield import flat_aperture_transmission
from links.parts import Datum, Part, load_part
from links.power_amplifier import power_added_efficiency
from links.rf import RadioLink, inter_satellite_band

RANGES_M = np.geomspace(50.0, 1e5, 60)


def link_60ghz(**changes: Any) -> RadioLink:
    given: dict[str, Any] = {
        "radio": load_part("radio_60ghz"), "amplifier": load_part("pa_gan_60ghz"),
        "modcods": (load_part("dvb_s2"), load_part("dvb_s2x")), "frequency_hz": 65e9, "bandwidth_hz": 2e9,
        "channels": 6, "transmit_diameter_m": 0.1, "receive_diameter_m": 0.1, "outage": 1e-6,
    }  # fmt: skip
    return RadioLink(**(given | changes))


def with_value(part: Part, key: str, value: float) -> Part:
    old = part.data[key]
    datum = Datum(value=value, unit=old.unit, source="test", confidence="measured")
    return replace(part, data={**part.data, key: datum})


def test_received_power_and_noise_by_hand() -> None:
    link, radio = link_60ghz(polarisations=1), load_part("radio_60ghz")
    wavelength = speed_of_light / 65e9
    gain = (
        0.6 * (math.pi * 0.1 / wavelength) ** 2 * math.exp(-((4 * math.pi * radio["surface_rms_m"] / wavelength) ** 2))
    )
    sent_dbm = 10 * math.log10(load_part("pa_gan_60ghz")["saturated_output_w"] * 1e3) - 6.0
    spread_db = 20 * math.log10(wavelength / (4 * math.pi * 300.0))
    received_dbm = sent_dbm + 20 * math.log10(gain) + spread_db - 3.0
    # 0.1 m dishes at 300 m are in the far field to 1e-3 dB
    assert link.budget(range_m=300.0).received_dbm == pytest.approx(received_dbm, abs=2e-3)
    classical = radio["antenna_temperature_k"] + 290.0 * (10**0.4 - 1)
    assert link.system_temperature_k == pytest.approx(classical, rel=1e-3)  # quantum correction of 0.02 K at 65 GHz
    assert link.system_temperature_k > classical


def test_noise_temperature_has_a_quantum_floor() -> None:
    quiet = with_value(with_value(load_part("radio_60ghz"), "noise_figure_db", 0.0), "antenna_temperature_k", 0.0)
    assert link_60ghz(radio=quiet).system_temperature_k == pytest.approx(Planck * 65e9 / Boltzmann)


def test_rate_falls_with_range_and_stays_below_its_limits() -> None:
    link = link_60ghz(polarisations=2, jitter_rad=1e-4)
    state, limit = link.at(range_m=RANGES_M), link.limit_bps(range_m=RANGES_M)
    assert (np.diff(state.rate_bps) <= 0).all()
    assert state.rate_bps[0] > 0.0
    assert state.rate_bps[-1] == 0.0
    assert (np.diff(limit) < 0).all()
    assert (state.rate_bps < limit).all()
    # Shannon with the hardware ceiling, at the symbol rate, all channels and polarisations
    assert (state.rate_bps < 12 * link.symbol_rate_bd * math.log2(1 + link.snr_ceiling)).all()


def test_power_cannot_lift_the_hardware_ceiling() -> None:
    # trap: Shannon with unlimited converters
    one, many = link_60ghz(amplifiers=1), link_60ghz(amplifiers=10_000)
    fastest = many.at(range_m=60.0).rate_bps
    assert fastest == many.at(range_m=50.0).rate_bps == pytest.approx(float(one.at(range_m=50.0).rate_bps), rel=0.2)
    coarse = link_60ghz(amplifiers=10_000, radio=with_value(load_part("radio_60ghz"), "converter_enob_bit", 3.0))
    assert coarse.at(range_m=60.0).rate_bps < 0.8 * fastest


def test_efficiency_is_per_symbol_and_roll_off_takes_its_part() -> None:
    # trap: bits per symbol taken for bits per hertz
    sharp, soft = load_part("radio_60ghz"), with_value(load_part("radio_60ghz"), "roll_off", 0.35)
    rates = [float(link_60ghz(radio=radio).at(range_m=100.0).rate_bps) for radio in (sharp, soft)]
    assert rates[0] / rates[1] == pytest.approx(1.35 / 1.05)
    assert rates[0] / (6 * 2e9) < 5.900855 / 1.05 * (1 + 1e-12)  # 256APSK 3/4 is the last row


def test_two_polarisations_carry_less_than_twice() -> None:
    radio = with_value(load_part("radio_60ghz"), "cross_polarisation_db", 15.0)
    single = float(link_60ghz(radio=radio, polarisations=1).at(range_m=100.0).rate_bps)
    double = float(link_60ghz(radio=radio, polarisations=2).at(range_m=100.0).rate_bps)
    assert single < double < 1.9 * single


@pytest.mark.parametrize("range_m", [100.0, 300.0, 5000.0, 5e4])
def test_budget_margin_is_that_of_the_state(range_m: float) -> None:
    link = link_60ghz(jitter_rad=5e-4, antennas=2, antenna_spacing_m=0.83)
    budget, state = link.budget(range_m=range_m), link.at(range_m=range_m)
    assert budget.margin_db == pytest.approx(float(state.margin_db), abs=1e-9)
    assert (budget.margin_db >= 0.0) == (state.rate_bps > 0.0)
    assert "near field" in str(budget)


def test_near_field_is_in_the_ledger_and_received_stays_below_transmitted() -> None:
    radio = load_part("radio_300ghz")
    with pytest.warns(ValidityWarning, match="not inside one inter-satellite allocation"):
        link = link_60ghz(radio=radio, amplifier=load_part("pa_300ghz"), frequency_hz=300e9, bandwidth_hz=40e9,
                          channels=1, transmit_diameter_m=1.0, receive_diameter_m=1.0)  # fmt: skip
    terms = dict(link.budget(range_m=300.0).terms)
    assert terms["Friis, A_t A_r / (lambda d)^2"] == pytest.approx(8.365, abs=0.01)  # 6.863: impossible by itself
    assert terms["near field"] == pytest.approx(-10.3745, abs=1e-3)  # independent computation, tests/published
    near = link.budget(range_m=30.0)
    assert near.received_dbm < near.transmit_dbm


@pytest.mark.parametrize(
    ("low_ghz", "high_ghz", "name"),
    [(59.0, 71.0, "iss_60ghz"), (116.0, 123.0, "iss_116ghz"), (130.0, 134.0, "iss_130ghz"), (123.0, 130.0, None),
     (120.0, 125.0, None), (116.0, 134.0, None), (58.0, 60.0, None), (140.0, 141.0, None), (275.0, 320.0, None)],
)  # fmt: skip
def test_123_to_130_ghz_is_no_inter_satellite_band(low_ghz: float, high_ghz: float, name: str | None) -> None:
    part = inter_satellite_band(low_hz=low_ghz * 1e9, high_hz=high_ghz * 1e9)
    assert (None if part is None else part.name) == name


def test_band_is_checked_with_all_channels() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        link_60ghz(channels=6)
    with pytest.warns(ValidityWarning, match="58 to 72 GHz"):
        link_60ghz(channels=7)


def test_oxygen_at_60_ghz_does_nothing_between_satellites() -> None:
    # trap: an atmosphere model. Ten times the range costs 20 dB; air would add 15 dB per kilometre
    link = link_60ghz()
    near, far = link.budget(range_m=1e3), link.budget(range_m=1e4)
    assert near.received_dbm - far.received_dbm == pytest.approx(20.0, abs=1e-3)


def test_mimo_gains_its_streams_at_the_design_range_only() -> None:
    # trap: 2 x 2 for 300 m, flown at 150 m, where it is a keyhole; small dishes, whose lobes hold both antennas
    spacing = math.sqrt(speed_of_light / 65e9 * 300.0 / 2)
    small = {"transmit_diameter_m": 0.03, "receive_diameter_m": 0.03}
    single, pair = link_60ghz(**small), link_60ghz(antennas=2, antenna_spacing_m=spacing, **small)
    assert pair.at(range_m=300.0).rate_bps >= 2.0 * single.at(range_m=300.0).rate_bps
    assert pair.at(range_m=150.0).rate_bps < 0.8 * pair.at(range_m=300.0).rate_bps
    assert pair.at(range_m=300.0).channels == 12
    assert pair.at(range_m=150.0).channels == 6


@pytest.mark.parametrize(("antennas", "diameter_m", "range_m"), [(2, 1.0, 300.0), (8, 1.0, 300.0), (16, 0.5, 100.0)])
def test_an_array_receives_no_more_than_it_is_sent(antennas: int, diameter_m: float, range_m: float) -> None:
    # trap: every antenna in the far-field lobe of every other. 16 near ones would receive 7.7 times what is transmitted
    radio = load_part("radio_140ghz")
    for key, value in (("aperture_efficiency", 1.0), ("surface_rms_m", 0.0), ("other_losses_db", 0.0)):
        radio = with_value(radio, key, value)
    link = RadioLink(
        radio=radio, amplifier=load_part("pa_inp_140ghz"), modcods=(load_part("dvb_s2x"),), frequency_hz=132e9,
        bandwidth_hz=1e9, transmit_diameter_m=diameter_m, receive_diameter_m=diameter_m, antennas=antennas,
        antenna_spacing_m=diameter_m, outage=1e-6,
    )  # fmt: skip
    assert link._unfaded_w(np.asarray(range_m)).sum() < antennas * link.channel_power_w


def test_fades_beyond_the_main_lobe_are_flagged() -> None:
    # two 0.3 m dishes at 5 mrad jitter: the Gaussian lobe says 22 dB where the Airy pattern loses 39 dB
    link = link_60ghz(jitter_rad=5e-3, outage=1e-3, transmit_diameter_m=0.3, receive_diameter_m=0.3)
    with pytest.warns(ValidityWarning, match="jitter_rad"):
        assert link.at(range_m=100.0).rate_bps > 0.0


@pytest.mark.parametrize("name", ["channels", "amplifiers", "antennas"])
@pytest.mark.parametrize("value", [0, 1.5, math.nan, math.inf])
def test_counts_are_whole_numbers(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"{name}="):
        link_60ghz(**{"antenna_spacing_m": 1.0, name: value})


def test_amplifier_power_is_its_saturated_dc_power_whatever_the_back_off() -> None:
    # trap: transmitted watts taken for electrical ones
    link, amplifier, radio = link_60ghz(), load_part("pa_gan_60ghz"), load_part("radio_60ghz")
    state = link.at(range_m=300.0)
    dc_w = 6 * amplifier["dc_power_w"]
    assert state.power_w == pytest.approx(dc_w + radio["modem_energy_per_bit_j"] * float(state.rate_bps))
    assert 6 * link.channel_power_w < 0.1 * dc_w  # 21 % at saturation, 6 dB back-off
    assert link.at(range_m=1e5).power_w == 0.0


@pytest.mark.parametrize(("name", "printed"), [("pa_inp_140ghz", 0.208), ("pa_inp_220ghz", 0.25)])
def test_catalogued_amplifiers_have_their_printed_efficiency(name: str, printed: float) -> None:
    part = load_part(name)
    efficiency = power_added_efficiency(output_w=part["saturated_output_w"], dc_power_w=part["dc_power_w"],
                                        large_signal_gain_db=part["large_signal_gain_db"])  # fmt: skip
    assert efficiency == pytest.approx(printed, abs=0.01)  # abstracts round gain and output


def test_interference_lowers_the_rate_and_matches_the_sum_of_noises() -> None:
    link = link_60ghz()
    quiet = link.at(range_m=300.0)
    noise_w = Boltzmann * link.system_temperature_k * link.symbol_rate_bd
    loud = link.at(range_m=300.0, surroundings=Surroundings(
        interference_w=np.array([0.0, 9.0 * noise_w]), background_w_hz=np.zeros(2)))  # fmt: skip
    assert loud.rate_bps.shape == (2,)
    assert loud.margin_db[0] == pytest.approx(float(quiet.margin_db))
    warm_w_hz = np.array([9.0 * Boltzmann * link.system_temperature_k])
    surroundings = Surroundings(interference_w=np.zeros(1), background_w_hz=warm_w_hz)
    warm = link.at(range_m=300.0, surroundings=surroundings)
    assert warm.margin_db[0] == pytest.approx(float(loud.margin_db[1]))
    # ten times the noise is 3.16 times the range, where the dishes' near field is past
    assert loud.rate_bps[1] == link.at(range_m=300.0 * math.sqrt(10.0)).rate_bps


def test_own_signal_as_interference_is_a_ratio_of_one() -> None:
    link = link_60ghz()
    on_axis = link.interference_w(range_m=300.0, transmit_angle_rad=0.0, receive_angle_rad=0.0)
    received_w = 1e-3 * 10 ** (link.budget(range_m=300.0).received_dbm / 10)
    assert on_axis == pytest.approx(received_w)
    aside = link.interference_w(range_m=300.0, transmit_angle_rad=[0.1, 0.3, 1.0], receive_angle_rad=0.3)
    assert (np.diff(aside) < 0).all()


def test_availability_is_one_minus_the_outage_or_better() -> None:
    state = link_60ghz(jitter_rad=2e-3, outage=1e-3).at(range_m=np.linspace(100.0, 9e3, 300))
    closes = state.rate_bps > 0
    assert (state.availability[closes] >= 1 - 1e-3).all()
    assert (state.availability[closes] < 1.0).any()
    assert link_60ghz().at(range_m=300.0).availability == 1.0


def test_jitter_costs_the_fade_that_random_numbers_show() -> None:
    # independent: Gaussian lobe of the half-power width, both ends, 4e6 draws; the quantile at 1e-2 is good to 1 %
    rng = np.random.default_rng(11)
    jitter, width = 3e-3, 1.029 * speed_of_light / 65e9 / 0.1
    square = rng.normal(0.0, jitter, (4, 4_000_000)) ** 2
    fade_db = 10 * math.log10(2.0) * square.sum(axis=0) / (width / 2) ** 2
    expected = float(np.quantile(fade_db, 1 - 1e-2))
    terms = dict(link_60ghz(jitter_rad=jitter, outage=1e-2).budget(range_m=1e3).terms)
    assert -terms["pointing fade of both ends, outage 0.01"] == pytest.approx(expected, rel=0.01)


def test_latency_is_propagation_plus_frames() -> None:
    # a block code waits for its frame: 64800 bits, 8 a symbol, at 1.9 GBd are 4.25 us; 300 m are 1 us
    link = link_60ghz()
    state = link.at(range_m=300.0)
    frame_s = 64800 / (8 * link.symbol_rate_bd)
    assert state.latency_low_s == pytest.approx(300.0 / speed_of_light + frame_s)
    assert state.latency_s == pytest.approx(300.0 / speed_of_light + 4 * frame_s)


def test_limit_agrees_with_direct_evaluation() -> None:
    link = link_60ghz()
    range_m = np.array([73.0, 411.0, 2345.0])
    wavelength = speed_of_light / 65e9
    direct = [holevo_capacity_bps(
        spectrum=circular_modes(c=2 * math.pi * 0.05**2 / (wavelength * z)), power_w=6 * 0.5, bandwidth_hz=12e9,
        wavelength_m=wavelength) for z in range_m]  # fmt: skip
    assert link.limit_bps(range_m=range_m) == pytest.approx(direct, rel=1e-3)  # interpolation


def test_coupling_used_is_the_near_field_one() -> None:
    link = link_60ghz(transmit_diameter_m=1.0, receive_diameter_m=1.0)
    ledger = dict(link.budget(range_m=100.0).terms)
    both = ledger["Friis, A_t A_r / (lambda d)^2"] + ledger["near field"]
    flat = flat_aperture_transmission(tx_diameter_m=1.0, rx_diameter_m=1.0, range_m=100.0, frequency_hz=65e9)
    assert both == pytest.approx(10 * math.log10(flat), abs=1e-9)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"polarisations": 3}, "polarisations=3"),
        ({"channels": 0}, "channels=0"),
        ({"outage": 0.0}, "outage=0.0"),
        ({"frequency_hz": -1.0}, "frequency_hz=-1.0"),
        ({"antennas": 2, "antenna_spacing_m": 0.05}, "antennas overlap"),
        ({"frequency_hz": 1e9}, "reach below 0 Hz"),
    ],
)
def test_bad_input_is_named(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        link_60ghz(**changes)


def test_radio_is_a_link_model_broadcasts_and_pickles() -> None:
    link = link_60ghz(antennas=2, antenna_spacing_m=0.8)
    assert isinstance(link, LinkModel)
    assert link.medium == "radio"
    state = link.at(range_m=np.full((2, 3), 300.0))
    assert {getattr(state, name).shape for name in state.__dataclass_fields__} == {(2, 3)}
    assert link.at(range_m=[]).rate_bps.shape == link.limit_bps(range_m=[]).shape == (0,)
    assert pickle.loads(pickle.dumps(link)).at(range_m=300.0).rate_bps == link.at(range_m=300.0).rate_bps
