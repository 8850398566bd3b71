"""Published and independently computed radio cases: kinds `rf.*`."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from links.antenna import array_gain, wavelength_m
from links.aperture import aperture_gain, fraunhofer_distance_m, range_transmission
from links.mimo import keyhole_capacity_b_s_hz, los_channel, mimo_capacity_b_s_hz, rayleigh_spacing_m
from links.modcod import eb_n0_db, shannon_gap_db
from links.modes import strongest_coupling
from links.modulation import qam_bit_error_rate, qam_es_n0
from links.nearfield import far_field_transmission, flat_aperture_transmission, on_axis_reduction
from links.noise import noise_power_w, shannon_rate_bps, system_temperature_k
from links.parts import load_part
from links.power_amplifier import power_added_efficiency
from links.units import db, from_db

Case = Mapping[str, Any]


def _fspl(case: Case) -> dict[str, float]:
    given = case["inputs"]
    wavelength = wavelength_m(frequency_hz=given["frequency_Hz"])
    return {"fspl_dB": -float(db(range_transmission(range_m=given["distance_m"], wavelength_m=wavelength)))}


def _near_field_transmission(case: Case) -> dict[str, float]:
    given = case["inputs"]
    frequency_hz, distance_m = given["frequency_Hz"], given["distance_m"]
    tx_m, rx_m = given["tx_diameter_m"], given["rx_diameter_m"]
    link = {"tx_diameter_m": tx_m, "rx_diameter_m": rx_m, "range_m": distance_m, "frequency_hz": frequency_hz}
    friis = float(far_field_transmission(**link))
    flat = float(flat_aperture_transmission(**link))
    c = 2.0 * math.sqrt(friis)  # k a b / z, since the areas over (lambda z)^2 are c^2/4
    return {
        "fraunhofer_distance_m": float(
            fraunhofer_distance_m(diameter_m=max(tx_m, rx_m), wavelength_m=wavelength_m(frequency_hz=frequency_hz))
        ),
        "friis": friis,
        "flat_to_flat": flat,
        "prolate_bound_mu0": strongest_coupling(c=c),
        "friis_excess_dB": float(db(friis / flat)),
        "N_product": friis,
    }


def _near_field_on_axis(case: Case) -> dict[str, float]:
    given = case["inputs"]
    if "distance_over_2D2_lambda" in given:
        # any diameter and frequency will do: the answer depends on the ratio only
        diameter_m, frequency_hz = 1.0, 60e9
        wavelength = wavelength_m(frequency_hz=frequency_hz)
        far_m = float(fraunhofer_distance_m(diameter_m=diameter_m, wavelength_m=wavelength))
        range_m = given["distance_over_2D2_lambda"] * far_m
    else:
        diameter_m, frequency_hz, range_m = given["diameter_m"], given["frequency_Hz"], given["distance_m"]
    reduction = on_axis_reduction(diameter_m=diameter_m, range_m=range_m, frequency_hz=frequency_hz)
    return {"gain_reduction_dB": float(db(reduction))}


def _gain_dbi(given: Mapping[str, Any], end: str) -> float | None:
    if f"{end}_gain_dBi" in given:
        return float(given[f"{end}_gain_dBi"])
    efficiency = given.get(f"{end}_aperture_efficiency", given.get("aperture_efficiency", 1.0))
    if f"{end}_diameter_m" in given:
        wavelength = wavelength_m(frequency_hz=given["frequency_Hz"])
        gain = aperture_gain(diameter_m=given[f"{end}_diameter_m"], wavelength_m=wavelength, efficiency=efficiency)
        return float(db(gain))
    if f"{end}_array_elements" in given:
        gain = array_gain(
            elements=given[f"{end}_array_elements"],
            spacing_wavelengths=given[f"{end}_element_spacing_wavelengths"],
            efficiency=efficiency,
        )
        return float(db(gain))
    return None


def _tx_power_dbw(given: Mapping[str, Any]) -> float | None:
    if "tx_power_W" in given:
        return float(db(given["tx_power_W"]))
    if "tx_power_dBW" in given:
        return float(given["tx_power_dBW"])
    return float(given["tx_power_dBm"]) - 30.0 if "tx_power_dBm" in given else None


def _link_budget(case: Case) -> dict[str, float]:
    """Every quantity that the inputs suffice for."""
    given = case["inputs"]
    found: dict[str, float] = {}
    tx_dbi, rx_dbi = _gain_dbi(given, "tx"), _gain_dbi(given, "rx")
    if tx_dbi is not None:
        found["tx_gain_dBi"] = found["gain_dBi"] = tx_dbi
    if rx_dbi is not None:
        found["rx_gain_dBi"] = rx_dbi
        found.setdefault("gain_dBi", rx_dbi)
    if "distance_m" in given:
        found["fspl_dB"] = _fspl(case)["fspl_dB"]
    if "system_temperature_K" in given:
        found["system_temperature_K"] = given["system_temperature_K"]
    elif "noise_figure_dB" in given:
        found["system_temperature_K"] = float(
            system_temperature_k(
                antenna_temperature_k=given["antenna_temperature_K"],
                noise_figure_db=given["noise_figure_dB"],
                line_loss_db=given.get("line_loss_dB", 0.0),
            )
        )
    temperature_k = found.get("system_temperature_K")
    if temperature_k is not None and rx_dbi is not None:
        found["g_over_t_dBK"] = rx_dbi - float(db(temperature_k))
    if temperature_k is not None and "bandwidth_Hz" in given:
        noise_w = noise_power_w(temperature_k=temperature_k, bandwidth_hz=given["bandwidth_Hz"])
        found["noise_dBW"] = float(db(noise_w))
    power_dbw = _tx_power_dbw(given)
    losses = {key: value for key, value in given.items() if re.fullmatch(r".*loss(es)?_dB", key)}
    if tx_dbi is not None and power_dbw is not None:
        before = sum(value for key, value in losses.items() if key.startswith("tx_"))
        found["eirp_dBW"] = power_dbw + tx_dbi - before
    if {"eirp_dBW", "fspl_dB"} <= found.keys() and rx_dbi is not None:
        behind = sum(value for key, value in losses.items() if not key.startswith("tx_"))
        found["received_dBW"] = found["eirp_dBW"] - found["fspl_dB"] + rx_dbi - behind
        found["received_dBm"] = found["received_dBW"] + 30.0
    if "received_dBW" in found and temperature_k is not None:
        density_dbw = float(db(noise_power_w(temperature_k=temperature_k, bandwidth_hz=1.0)))
        found["cn0_dBHz"] = found["received_dBW"] - density_dbw
        rate = given.get("bit_rate_bps", given.get("bandwidth_Hz"))
        if rate is not None:
            found["eb_n0_dB"] = found["cn0_dBHz"] - float(db(rate))
        if "bandwidth_Hz" in given:
            found["snr_dB"] = found["cn0_dBHz"] - float(db(given["bandwidth_Hz"]))
            found["shannon_bps"] = float(
                shannon_rate_bps(snr=from_db(found["snr_dB"]), bandwidth_hz=given["bandwidth_Hz"])
            )
    needed_db = given.get("required_eb_n0_dB", given.get("required_dB"))
    if needed_db is not None and "eb_n0_dB" in found:
        found["margin_dB"] = found["eb_n0_dB"] - needed_db
    return found


def _los_mimo(case: Case) -> dict[str, float]:
    given = case["inputs"]
    elements, frequency_hz, range_m = given["elements"], given["frequency_Hz"], given["distance_m"]
    snr = from_db(given["snr_per_receive_antenna_dB"])
    optimum_m = float(rayleigh_spacing_m(range_m=range_m, frequency_hz=frequency_hz, elements=elements))
    spacing_m = given.get("element_spacing_m", optimum_m)
    tilts = {"tilt_t_rad": given.get("tx_tilt_rad", 0.0), "tilt_r_rad": given.get("rx_tilt_rad", 0.0)}

    def capacity(spacing: float) -> float:
        channel = los_channel(elements=elements, spacing_m=spacing, range_m=range_m, frequency_hz=frequency_hz, **tilts)
        return float(mimo_capacity_b_s_hz(channel=channel, snr=snr))

    return {
        "rayleigh_spacing_m": optimum_m,
        "capacity_b_s_Hz": capacity(spacing_m),
        "capacity_half_spacing_b_s_Hz": capacity(0.5 * spacing_m),
        "keyhole_b_s_Hz": float(keyhole_capacity_b_s_hz(elements=elements, snr=snr)),
    }


def _power_amplifier(case: Case) -> dict[str, float]:
    given = case["inputs"]
    efficiency = power_added_efficiency(
        output_w=given["output_W"],
        large_signal_gain_db=given["large_signal_gain_dB"],
        dc_power_w=given["dc_power_W"],
    )
    return {"pae": float(efficiency), "drain_efficiency": given["output_W"] / given["dc_power_W"]}


def _modcod(case: Case) -> dict[str, float]:
    given = case["inputs"]
    row = re.sub(r"[^a-z0-9]+", "_", str(given["modcod"]).lower()).strip("_")
    row = re.sub(r"^(dvb_?)?s2x?_", "", row)
    for part in (load_part("dvb_s2"), load_part("dvb_s2x")):
        if row in part.groups():
            es_n0_db = part[f"{row}.es_n0_db"]
            efficiency = given.get("spectral_efficiency", part[f"{row}.spectral_efficiency"])
            gap_db = float(shannon_gap_db(es_n0_db=es_n0_db, spectral_efficiency=efficiency))
            return {
                "es_n0_dB": es_n0_db,
                "spectral_efficiency": part[f"{row}.spectral_efficiency"],
                "eb_n0_dB": float(eb_n0_db(es_n0_db=es_n0_db, spectral_efficiency=efficiency)),
                # the cases print it to 0.1 mdB and some ask for exactly that
                "shannon_gap_dB": round(gap_db, 4),
            }
    raise ValueError(f"modcod={given['modcod']!r}: not a normal-frame row of DVB-S2 or DVB-S2X")


def _antenna_gain(case: Case) -> dict[str, float]:
    given = case["inputs"]
    gain = aperture_gain(
        diameter_m=given["diameter_m"],
        wavelength_m=wavelength_m(frequency_hz=given["frequency_Hz"]),
        efficiency=given.get("aperture_efficiency", 1.0),
    )
    return {"gain_dBi": float(db(gain)), "gain_linear": float(gain)}


def _ber(case: Case) -> dict[str, float]:
    given = case["inputs"]
    modulation = str(given.get("modulation", "BPSK")).upper()
    found = re.search(r"(\d+)-?QAM", modulation)
    if found is None and "BPSK" not in modulation and not re.search(r"(?<![D8])QPSK", modulation):
        raise ValueError(f"modulation={modulation!r}: only BPSK and Gray-mapped QPSK and square QAM are modelled")
    size = int(found.group(1)) if found else 4  # BPSK has the error ratio of Gray QPSK at the same Eb/N0
    bits = math.log2(size)
    if "ber" in given:
        es_n0 = qam_es_n0(ber=given["ber"], constellation_size=size)
        return {"eb_n0_dB": float(db(es_n0 / bits)), "es_n0_dB": float(db(es_n0))}
    return {"ber": float(qam_bit_error_rate(es_n0=from_db(given["eb_n0_dB"]) * bits, constellation_size=size))}


def _checked(adapter: Callable[[Case], dict[str, float]]) -> Callable[[Case], dict[str, float]]:
    def check(case: Case) -> dict[str, float]:
        found = adapter(case)
        missing = sorted(set(case["expected"]) - set(found))
        if missing:
            raise ValueError(f"{case['id']}: the inputs {sorted(case['inputs'])} do not give {missing}")
        return {key: np.float64(found[key]) for key in case["expected"]}

    return check


ADAPTERS: dict[str, Callable[[Case], Mapping[str, Any]]] = {
    "rf.fspl": _checked(_fspl),
    "rf.near_field_transmission": _checked(_near_field_transmission),
    "rf.near_field_on_axis": _checked(_near_field_on_axis),
    "rf.link_budget": _checked(_link_budget),
    "rf.link_budget_parts": _checked(_link_budget),
    "rf.los_mimo": _checked(_los_mimo),
    "rf.power_amplifier": _checked(_power_amplifier),
    "rf.modcod": _checked(_modcod),
    "rf.antenna_gain": _checked(_antenna_gain),
    "rf.ber": _checked(_ber),
}
