"""NVLink: rates that follow from lanes and codes, directions, copper reach, credits."""

import numpy as np
import pytest
from scipy.constants import Boltzmann, speed_of_light
from scipy.integrate import quad

from links.copper import copper_capacity_bps, copper_loss_db_m, copper_reach_m
from links.model import LinkModel, ValidityWarning
from links.nvlink import NVLink, credit_buffer_bytes, credit_limited_rate_bps, nvlink_payload_bps
from links.parts import all_parts, load_part

GENERATIONS = [part for part in all_parts().values() if part.kind == "nvlink"]


def gpu_links(*, links: int = 18, efficiency: float = 1.0) -> NVLink:
    return NVLink(generation=load_part("nvlink5"), links=links, cable=load_part("twinax_30awg"), efficiency=efficiency)


def test_nvlink_5_carries_exactly_50_gb_s_each_way_a_link() -> None:
    # 2 lanes x 212.5 Gb/s x 514/544 x 256/257 = 400 Gb/s; rel 1e-15: only floating point
    assert nvlink_payload_bps(generation=load_part("nvlink5")) == pytest.approx(400e9, rel=1e-15)


@pytest.mark.parametrize(
    ("name", "gigabytes_s"),
    [("nvlink1", 20), ("nvlink2", 25), ("nvlink3", 25), ("nvlink4", 25), ("nvlink6", 50), ("nvlink6_18_links", 100),
     ("nvlink_c2c", 45)],
)  # fmt: skip
def test_payload_of_a_link_is_the_published_one(name: str, gigabytes_s: float) -> None:
    assert nvlink_payload_bps(generation=load_part(name)) / 8e9 == pytest.approx(gigabytes_s, rel=1e-12)


@pytest.mark.parametrize("part", GENERATIONS, ids=lambda part: part.name)
def test_the_advertised_figure_is_the_sum_of_both_directions(part) -> None:  # type: ignore[no-untyped-def]
    one_way_bps = part["links_per_gpu"] * nvlink_payload_bps(generation=part)
    assert part["advertised_sum_of_directions_bps"] == pytest.approx(2.0 * one_way_bps, rel=1e-12)


def test_a_gb300_sends_900_gb_s_and_not_the_1800_on_the_box() -> None:
    assert gpu_links().at(range_m=0.62).rate_bps / 8e9 == pytest.approx(900.0, rel=1e-12)


def test_the_rack_adds_up_to_130_tb_s_both_ways() -> None:
    rack = load_part("gb300_nvl72")
    links = rack["gpus"] * rack["links_per_gpu"]
    assert links == rack["switches"] * load_part("nvswitch4")["ports"] == 1296
    assert links * load_part("nvlink5")["lanes_per_link"] * 2 == rack["cables"]
    both_ways_bps = 2.0 * links * nvlink_payload_bps(generation=load_part("nvlink5"))
    assert rack["advertised_sum_of_directions_bps"] == pytest.approx(both_ways_bps, rel=0.005)  # 129.6 printed as 130


def test_the_mean_cable_is_two_miles_over_5184() -> None:
    rack = load_part("gb300_nvl72")
    assert rack["mean_cable_length_m"] == pytest.approx(2 * 1609.344 / rack["cables"], rel=1e-3)  # stored to 4 digits


def test_the_link_reaches_across_the_rack_and_no_further() -> None:
    link, rack = gpu_links(), load_part("gb300_nvl72")
    assert link.reach_m == pytest.approx(rack["longest_cable_length_m"], rel=0.01)  # 12.3 dB over 10.23 dB/m, rounded
    state = link.at(range_m=[rack["mean_cable_length_m"], link.reach_m, 1.01 * link.reach_m, 100.0])
    assert (state.rate_bps > 0).tolist() == [True, True, False, False]
    assert (state.margin_db >= -1e-9).tolist() == [True, True, False, False]
    assert state.power_w[-1] == 0.0


def test_thicker_wire_reaches_further_and_less_than_ieee_typical_spread() -> None:
    thick = NVLink(generation=load_part("nvlink5"), cable=load_part("twinax_26awg"))
    assert gpu_links().reach_m < thick.reach_m < 2.5  # Marvell's figure for 200G passive copper


def test_nvlink_4_reaches_the_two_metres_of_the_100g_objective() -> None:
    link = NVLink(generation=load_part("nvlink4"), cable=load_part("twinax_26awg"))
    assert 1.5 < link.reach_m < 3.0  # IEEE 802.3ck objective: at least 2 m; NVIDIA sells 26 AWG to 3 m


def test_energy_per_bit_and_efficiency_do_not_mix() -> None:
    full, half = gpu_links().at(range_m=0.6), gpu_links(efficiency=0.5).at(range_m=0.6)
    assert half.rate_bps == pytest.approx(full.rate_bps / 2)
    assert half.power_w == full.power_w  # headers cost as much as payload


def test_latency_is_at_least_propagation_in_the_dielectric() -> None:
    state = gpu_links().at(range_m=1.2)
    assert 1.2 / speed_of_light < state.latency_low_s < state.latency_s
    # delay of twinax is 4 to 5 ns/m
    assert 4e-9 * 1.2 < state.latency_low_s < 5e-9 * 1.2


def test_budget_margin_equals_the_state_and_prints() -> None:
    link = gpu_links()
    for length in (0.3, 1.0, 2.0):
        assert link.budget(range_m=length).margin_db == pytest.approx(float(link.at(range_m=length).margin_db))
    assert "30 AWG" in str(link.budget(range_m=1.0))


def test_the_modem_stays_below_the_capacity_of_the_copper() -> None:
    link = gpu_links()
    length = np.array([0.1, 0.6, 1.2, 3.0, 30.0, 300.0])
    limit = link.limit_bps(range_m=length)
    assert (np.diff(limit) < 0).all()
    assert (link.at(range_m=length).rate_bps < limit).all()
    assert limit[-1] < 1e-3 * limit[0]  # even Shannon cannot bring NVLink's rate across a formation


def test_copper_capacity_agrees_with_adaptive_quadrature() -> None:
    # independent: the integral in frequency, by scipy, with the formula written out again
    def density(f: float) -> float:
        loss_db = (20.0 + 10.23 * 1.5) * np.sqrt(f / 53e9)
        return float(np.log2(1 + 2e-3 / 53e9 * 10 ** (-loss_db / 10) / (Boltzmann * 290.0)))

    expected = quad(density, 0.0, 53e9, epsrel=1e-9)[0]
    got = copper_capacity_bps(cable=load_part("twinax_30awg"), length_m=1.5, bandwidth_hz=53e9,
                              transmit_power_dbm=10 * np.log10(2.0), fixed_loss_db=20.0,
                              noise_temperature_k=290.0)  # fmt: skip
    assert got == pytest.approx(expected, rel=1e-6)  # midpoint rule with 4000 points


def test_loss_follows_the_square_root_and_warns_above_the_data_sheet() -> None:
    cable = load_part("twinax_26awg")
    assert copper_loss_db_m(cable=cable, frequency_hz=53e9 / 4) == pytest.approx(cable["loss_db_m"] / 2)
    with pytest.warns(ValidityWarning, match="dielectric"):
        above = copper_loss_db_m(cable=cable, frequency_hz=110e9)
    assert above < cable["loss_110ghz_db_m"]  # the law understates there, as the warning says


def test_no_reach_when_fixed_losses_use_the_budget_up() -> None:
    reach = copper_reach_m(
        cable=load_part("twinax_30awg"), frequency_hz=53e9, budget_db=20.0, fixed_loss_db=[10.0, 25.0]
    )
    assert reach.tolist() == pytest.approx([10.0 / 10.23, 0.0])


def test_credits_for_a_formation_are_hundreds_of_times_those_of_a_rack() -> None:
    rack = credit_buffer_bytes(rate_bps=400e9, range_m=0.62, velocity_factor=0.74)
    formation = credit_buffer_bytes(rate_bps=400e9, range_m=300.0)
    assert formation == pytest.approx(400e9 * 600.0 / 299792458.0 / 8, rel=1e-12)
    assert 300 < formation / rack < 400


def test_a_fixed_buffer_gives_a_rate_that_falls_as_one_over_range() -> None:
    buffer = credit_buffer_bytes(rate_bps=400e9, range_m=10.0)
    rate = credit_limited_rate_bps(buffer_bytes=buffer, rate_bps=400e9, range_m=[0.0, 5.0, 10.0, 100.0])
    assert rate == pytest.approx([400e9, 400e9, 400e9, 40e9])


def test_c2c_is_refused_as_a_link_over_a_cable() -> None:
    with pytest.raises(ValueError, match="nvlink_c2c: no channel_budget_db"):
        NVLink(generation=load_part("nvlink_c2c"), cable=load_part("twinax_30awg"))


def test_bad_input_is_named() -> None:
    with pytest.raises(ValueError, match=r"range_m\[1\]"):
        gpu_links().at(range_m=[1.0, -1.0])
    with pytest.raises(ValueError, match="links=0"):
        gpu_links(links=0)
    with pytest.raises(ValueError, match="efficiency"):
        gpu_links(efficiency=1.2)


def test_nvlink_is_a_link_model_and_broadcasts() -> None:
    link = gpu_links()
    assert isinstance(link, LinkModel)
    assert link.medium == "copper"
    state = link.at(range_m=np.full((2, 3), 0.5))
    assert {getattr(state, name).shape for name in state.__dataclass_fields__} == {(2, 3)}
