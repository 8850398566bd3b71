"""Cases of link budgets, transceivers and flown terminals, answered by public functions and the catalogue of `links`.

A value that no formula gives (a mass, a required OSNR) is looked up in `links/data`, by the inputs of the case, or by
its id where it has none; a case that matches no part is refused.
"""

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from links import all_parts, aperture, capacity, load_part, modulation
from links.parts import Part
from links.units import dbm, from_db

__all__ = ["ADAPTERS", "DWELL_S", "published_receiver"]

Case = Mapping[str, Any]
Answer = Mapping[str, Any]

DWELL_S = load_part("acquisition_scan")["dwell_s"]

# A link that worked must close with these losses too: optics, pointing and implementation of flown terminals take 5 to
# 12 dB. The most tolerant receiver flown is a photon counter with pulse position modulation of 16 slots.
LOSSES_DB, PPM_ORDER = 12.0, 16


def matching_part(kind: str, wanted: Mapping[str, float]) -> Part:
    """The only part of a kind with these values."""
    found = [
        part
        for part in all_parts().values()
        if part.kind == kind
        and all(part.get(k) is not None and math.isclose(part[k], v, rel_tol=1e-9) for k, v in wanted.items())
    ]
    if len(found) != 1 or not wanted:
        raise ValueError(f"{len(found)} parts of kind {kind!r} match {dict(wanted)}")
    return found[0]


def published_receiver(given: Mapping[str, Any]) -> Answer:
    """Photons per bit of a receiver known from its publication only, by its bit rate."""
    part = matching_part("receiver", {"bit_rate_bps": given["bit_rate_bps"]})
    return {"photons_per_bit": part["photons_per_bit"]}


def link_budget(case: Case) -> Answer:
    given = case["inputs"]
    wavelength, z = given["wavelength_m"], given["distance_m"]
    ends = {end: given[f"{end}_diameter_m"] for end in ("tx", "rx") if f"{end}_diameter_m" in given}
    gains = {
        end: float(aperture.aperture_gain(diameter_m=diameter, wavelength_m=wavelength))
        for end, diameter in ends.items()
    }
    divergence = given.get("full_divergence_1e2_rad")
    if divergence is not None:
        gains["tx"] = float(aperture.divergence_gain(half_divergence_rad=divergence / 2.0))
    path = {"tx_gain": gains["tx"], "rx_gain": gains["rx"], "range_m": z, "wavelength_m": wavelength}
    lossless = float(aperture.received_far_field_w(power_w=given["tx_power_W"], **path))
    received = lossless * given.get("optics_losses", 1.0)
    for end in ("tx", "rx"):
        received *= given.get(f"optics_efficiency_{end}", 1.0) / float(from_db(given.get(f"loss_{end}_dB", 0.0)))
    answer = {
        "tx_gain": gains["tx"],
        "rx_gain": gains["rx"],
        "range_loss": float(aperture.range_transmission(range_m=z, wavelength_m=wavelength)),
        "received_W": received,
        "received_dBm": float(dbm(received)),
        "received_dBm_lossless": float(dbm(lossless)),
        "irradiance_W_m2_lossless": given["tx_power_W"] * gains["tx"] / (4.0 * math.pi * z**2),
    }
    if "bit_rate_bps" in given:
        rate = given["bit_rate_bps"]
        photons = modulation.photons_per_bit(power_w=received, bit_rate_bps=rate, wavelength_m=wavelength)
        answer["photons_per_bit"] = float(photons)
    return answer


def closure_bound(case: Case) -> Answer:
    given = case["inputs"]
    wavelength = given["wavelength_m"]
    tx, rx = (
        float(aperture.aperture_gain(diameter_m=given[f"{end}_diameter_m"], wavelength_m=wavelength))
        for end in ("tx", "rx")
    )
    one = aperture.received_far_field_w(
        power_w=given["tx_power_W"], tx_gain=tx, rx_gain=rx, range_m=given["distance_m"], wavelength_m=wavelength
    )
    received = float(one) * given.get("rx_telescopes", 1)
    photons = float(
        modulation.photons_per_bit(power_w=received, bit_rate_bps=given["bit_rate_bps"], wavelength_m=wavelength)
    )
    floor = float(capacity.ppm_photons_per_bit(order=PPM_ORDER, photons_per_pulse=1.0))
    return {
        "lossless_received_dBm": float(dbm(received)),
        "lossless_photons_per_bit": photons,
        "demonstrated": photons / float(from_db(LOSSES_DB)) > floor,
    }


def eirp_intensity(case: Case) -> Answer:
    given = case["inputs"]
    gain = aperture.divergence_gain(half_divergence_rad=given["full_divergence_1e2_rad"] / 2.0)
    lossless = given["laser_power_W"] * float(gain) / (4.0 * math.pi)
    if "tx_efficiency" in given:
        return {"on_axis_intensity_W_sr": lossless * given["tx_efficiency"]}
    terminal = matching_part(
        "terminal", {"launch_power_w": given["laser_power_W"], "full_divergence_rad": given["full_divergence_1e2_rad"]}
    )
    measured = terminal["on_axis_intensity_w_sr"]
    return {"on_axis_intensity_W_sr": measured, "implied_tx_efficiency": measured / lossless}


def receiver_bound(case: Case) -> Answer:
    given = case["inputs"]
    received = given["irradiance_W_m2"] * math.pi / 4.0 * given["rx_diameter_m"] ** 2
    photons = modulation.photons_per_bit(
        power_w=received, bit_rate_bps=given["bit_rate_bps"], wavelength_m=given["wavelength_m"]
    )
    return {"received_W": received, "photons_per_bit": float(photons)}


_TERMINAL_KEYS = {
    "rate_bps": "rate_bps", "distance_m": "range_m", "mass_kg": "mass_kg", "power_W": "power_w",
    "tx_diameter_m": "aperture_m", "rx_diameter_m": "aperture_m", "terminal_mass_kg": "mass_kg",
    "terminal_power_W": "power_w", "terminal_volume_m3": "volume_m3",
}  # fmt: skip


def _terminal(part: Part) -> Answer:
    return {key: part[name] for key, name in _TERMINAL_KEYS.items() if part.get(name) is not None}


def terminal_swap(case: Case) -> Answer:
    name = "terminal_" + re.sub(r"^(pub_)?swap_", "", case["id"])
    found = [part for part in all_parts() if part == name] or [part for part in all_parts() if part.startswith(name)]
    if len(found) != 1:
        raise ValueError(f"{case['id']}: {len(found)} catalogued terminals are called {name}")
    return _terminal(load_part(found[0]))


def formation_anchor(case: Case) -> Answer:
    names = {"tx_power_W": "launch_power_w", "wavelength_m": "wavelength_m", "rx_diameter_m": "aperture_m"}
    names |= {"distance_m": "range_m", "bit_rate_bps": "rate_bps"}
    given = case["inputs"]
    return _terminal(matching_part("terminal", {names[key]: value for key, value in given.items() if key in names}))


def transceiver(case: Case) -> Answer:
    given = case["inputs"]
    answer: dict[str, float] = {}
    if "received_dBm" in given:
        rate = given["net_rate_bps"]
        photons = modulation.photons_per_bit(
            power_w=from_db(given["received_dBm"]) * 1e-3,
            bit_rate_bps=rate,
            wavelength_m=given.get("wavelength_m", 1.55e-6),
        )
        answer["photons_per_net_bit"] = float(photons)
    needed = []
    for part in all_parts().values():
        if part.kind not in ("transceiver", "line_specification"):
            continue
        for group in part.groups():
            baud = part.get(f"{group}.symbol_rate_bd") or part.get("symbol_rate_bd")
            sensitivity = part.get(f"{group}.sensitivity_dbm")
            if not math.isclose(baud or 0.0, given["symbol_rate_Bd"], rel_tol=1e-9):
                continue
            if part[f"{group}.payload_bps"] != given["net_rate_bps"]:
                continue
            # a data-sheet point counts where the received power reaches its sensitivity
            if "received_dBm" in given and (sensitivity is None or given["received_dBm"] < sensitivity):
                continue
            needed.append(part[f"{group}.required_osnr_db"])
    if not needed:
        raise ValueError(f"{case['id']}: no catalogued mode of {given['symbol_rate_Bd']:g} Bd carries that rate")
    return answer | {"required_osnr_dB": min(needed)}


def power(case: Case) -> Answer:
    rate = case["inputs"]["net_rate_bps"]
    answer: dict[str, float | None] = {}
    for part in all_parts().values():
        if part.kind == "transceiver_direct" and part["payload_bps"] == rate:
            answer |= {"imdd_W_min": part.data["power_w"].low, "imdd_W_max": part.data["power_w"].high}
        if part.kind == "transceiver_power" and part["payload_bps"] == rate:
            answer |= {"zr_W": part["power_w"], "zr_pj_per_bit": part["power_w"] / rate * 1e12}
        rates = [part[f"{group}.payload_bps"] for group in part.groups() if f"{group}.payload_bps" in part.data]
        if part.name == "openzrplus_high_power" and rate == max(rates):
            watts = part.data["power_w"]
            answer |= {"power_W_typ": watts.value, "power_W_max": watts.high, "pj_per_bit": watts.value / rate * 1e12}
    if not answer:
        raise ValueError(f"{case['id']}: no catalogued module of {rate:g} bit/s")
    return answer


ADAPTERS: dict[str, Callable[[Case], Answer]] = {
    "fso.link_budget": link_budget,
    "fso.closure_bound": closure_bound,
    "fso.eirp_intensity": eirp_intensity,
    "fso.receiver_bound": receiver_bound,
    "fso.terminal_swap": terminal_swap,
    "fso.formation_anchor": formation_anchor,
    "fso.transceiver": transceiver,
    "fso.power": power,
}
