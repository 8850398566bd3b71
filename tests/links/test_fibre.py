"""Ground modules: reach, power per direction, delay, and the catalogue's documented conflicts."""

import math
import re

import numpy as np
import pytest
from scipy.constants import speed_of_light

from links.fibre import FibreLink
from links.model import LinkModel
from links.parts import Part, all_parts, load_part

MODULES = [part for part in all_parts().values() if part.kind in ("fibre_module", "copper_module")]
each_module = pytest.mark.parametrize("part", MODULES, ids=lambda part: part.name)


@each_module
def test_payload_follows_from_lanes_and_codes(part: Part) -> None:
    raw = part["lanes"] * part["symbol_rate_bd"] * part["bits_per_symbol"]
    assert part["payload_bps"] == pytest.approx(raw * (514 / 544) * (256 / 257))


@each_module
def test_rate_holds_up_to_the_reach_and_margin_vanishes_there(part: Part) -> None:
    link = FibreLink(module=part, modules=2)
    reach = part["reach_m"]
    state = link.at(range_m=[0.0, reach, reach * 1.01])
    assert state.rate_bps.tolist() == [2 * part["payload_bps"], 2 * part["payload_bps"], 0.0]
    assert state.margin_db[1] == pytest.approx(0.0, abs=1e-12)
    assert state.margin_db[2] < 0.0
    assert state.power_w.tolist() == [2 * part["power_w"], 2 * part["power_w"], 0.0]
    for length in (0.0, reach / 2, 2 * reach):
        assert link.budget(range_m=length).margin_db == pytest.approx(float(link.at(range_m=length).margin_db))


@each_module
def test_light_and_current_are_slower_than_light_in_space(part: Part) -> None:
    state = FibreLink(module=part).at(range_m=part["reach_m"])
    assert state.latency_low_s > part["reach_m"] / speed_of_light
    assert state.latency_s > state.latency_low_s  # no sourced figure for the electronics: an interval


@each_module
def test_no_module_beats_its_medium(part: Part) -> None:
    link = FibreLink(module=part)
    length = np.linspace(0.0, part["reach_m"], 5)
    limit = link.limit_bps(range_m=length)
    assert (link.at(range_m=length).rate_bps < limit).all()
    assert (np.diff(limit) < 0).all()


def test_fibre_delay_is_4_9_ns_a_metre() -> None:
    link = FibreLink(module=load_part("dsp_800g"))
    state = link.at(range_m=[0.0, 100.0])
    assert np.diff(state.latency_low_s) == pytest.approx(490e-9, rel=5e-3)  # n = 1.468


def test_energy_per_bit_is_counted_once_per_direction() -> None:
    # trap: one module serves both directions of its end, so a link of two arcs has two modules, 25 W / 1.6 Tb/s each
    state = FibreLink(module=load_part("dsp_1600g")).at(range_m=100.0)
    assert state.power_w / state.rate_bps == pytest.approx(15.6e-12, rel=0.01)


def test_passive_copper_is_the_ieee_objective_not_the_vendor_claim() -> None:
    assert [load_part(name)["reach_m"] for name in ("dac_800g", "dac_1600g")] == [2.0, 1.0]


def test_shot_noise_limit_of_fibre_by_hand() -> None:
    part = load_part("dsp_800g")
    photon_j = 6.62607015e-34 * 299792458.0 / part["wavelength_m"]
    expected = 8 * 2 * 53.125e9 * math.log2(1 + 1e-3 / (2 * photon_j * 53.125e9))
    assert FibreLink(module=part).limit_bps(range_m=0.0) == pytest.approx(expected, rel=1e-9)


@each_module
def test_alternative_powers_lie_within_the_defaults_range_and_name_their_source(part: Part) -> None:
    default = part.data["power_w"]
    for key, datum in part.data.items():
        if re.fullmatch(r"power_\w+_w", key):
            assert default.low is not None
            assert default.high is not None
            assert default.low <= datum.value <= default.high
            assert datum.source != default.source


def test_optics_need_less_power_the_closer_they_come_to_the_chip() -> None:
    watts = [load_part(name)["power_w"] for name in ("dsp_1600g", "lro_1600g", "lpo_1600g", "cpo_1600g")]
    assert watts == sorted(watts, reverse=True)


def test_switches_add_up_one_direction() -> None:
    for part in all_parts().values():
        if part.kind == "switch":
            assert part["throughput_bps"] == pytest.approx(part["ports"] * part["port_payload_bps"])
    throughputs = [load_part(name)["throughput_bps"] / 1e12 for name in ("tomahawk5", "tomahawk6", "q3400")]
    assert throughputs == pytest.approx([51.2, 102.4, 115.2])


def test_network_card_of_a_gb300_is_800_gb_s_each_way() -> None:
    assert load_part("connectx8")["payload_bps"] == load_part("gb300_nvl72")["nic_payload_bps"] == 800e9


def test_wrong_parts_and_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="use a fibre_module or copper_module"):
        FibreLink(module=load_part("twinax_30awg"))
    with pytest.raises(ValueError, match="modules=0"):
        FibreLink(module=load_part("dsp_800g"), modules=0)
    with pytest.raises(ValueError, match="range_m"):
        FibreLink(module=load_part("dsp_800g")).at(range_m=-1.0)


def test_fibre_is_a_link_model() -> None:
    assert isinstance(FibreLink(module=load_part("dsp_800g")), LinkModel)
    assert FibreLink(module=load_part("dsp_800g")).medium == "fibre"
    assert FibreLink(module=load_part("aec_800g")).medium == "copper"
