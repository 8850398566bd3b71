"""Cases of beams, apertures, modes, capacity, background and wavelengths, answered by public functions of `links`.

An adapter reads only the inputs of a case, and the names of the keys wanted where they carry a parameter.
"""

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from links import aperture, background, capacity, coupling, dwdm, gaussian, modes
from links.units import db, dbm

__all__ = ["ADAPTERS"]

Case = Mapping[str, Any]
Answer = Mapping[str, Any]


def decimal(text: str) -> float:
    """A number written with p for the point: 1p1209."""
    return float(text.replace("p", "."))


def truncated_gaussian_gain(case: Case) -> Answer:
    given = case["inputs"]
    pupil = {"obscuration_ratio": given.get("obscuration_ratio", 0.0)}
    best = aperture.best_truncation(**pupil)
    alpha = given.get("alpha", best)
    gain = float(aperture.truncated_gaussian_gain(truncation=alpha, **pupil))
    return {
        "alpha_opt": best,
        "g_T": gain,
        "g_T_dB": float(db(gain)),
        "power_passed": float(aperture.truncated_power(truncation=alpha, **pupil)),
        "smf_coupling_of_collected_plane_wave": float(aperture.plane_wave_fibre_coupling(truncation=alpha, **pupil)),
    }


def smf_coupling(case: Case) -> Answer:
    given = case["inputs"]
    alpha = 1.0 / given["mode_radius_1e_field_over_aperture_radius"]  # 1/e field is 1/e^2 intensity
    pupil = {"obscuration_ratio": given.get("obscuration_ratio", 0.0)}
    eta = float(aperture.plane_wave_fibre_coupling(truncation=alpha, **pupil))
    # the source brackets its value by two decimals
    return {"eta": eta, "eta_min": math.floor(100.0 * eta) / 100.0, "eta_max": math.ceil(100.0 * eta) / 100.0}


def two_aperture_coupling(case: Case) -> Answer:
    given = case["inputs"]
    if given.get("obscuration_ratio", 0.0) != 0.0:
        raise ValueError(f"{case['id']}: obscured apertures in the near field are not modelled")
    a, b = given["tx_diameter_m"] / 2.0, given["rx_diameter_m"] / 2.0
    z, wavelength = given["distance_m"], given["wavelength_m"]
    path = {"range_m": z, "wavelength_m": wavelength}
    answer = {
        "fresnel_number_a2_over_lz": float(coupling.fresnel_number(radius_m=a, **path)),
        "N_product": float(modes.spatial_modes(tx_area_m2=math.pi * a**2, rx_area_m2=math.pi * b**2, **path)),
        "prolate_bound_mu0": modes.strongest_coupling(
            c=float(coupling.space_bandwidth_product(tx_radius_m=a, rx_radius_m=b, **path))
        ),
        "far_field_friis_value": float(
            aperture.aperture_gain(diameter_m=2.0 * a, wavelength_m=wavelength)
            * aperture.aperture_gain(diameter_m=2.0 * b, wavelength_m=wavelength)
            * aperture.range_transmission(**path)
        ),
    }
    for key in case["expected"]:
        found = re.fullmatch(r"(uniform|gauss_alpha_(\w+)|fibre_to_fibre_alpha_(\w+))_(collimated|focused)", key)
        if found is None:
            continue
        focus = z if found[4] == "focused" else None
        if found[1] == "uniform":
            answer[key] = coupling.captured_fraction(tx_radius_m=a, focus_m=focus, rx_radius_m=b, **path)
            continue
        alpha = decimal(found[2] or found[3])
        tx, rx = (coupling.ApertureMode(radius_m=radius, truncation=alpha, focus_m=focus) for radius in (a, b))
        if found[2]:
            answer[key] = coupling.captured_fraction(tx=tx, rx_radius_m=b, **path)
        else:
            answer[key] = float(coupling.mode_coupling(tx=tx, rx=rx, **path))
    return answer


def fibre_to_fibre_optimum(case: Case) -> Answer:
    given = case["inputs"]
    found = coupling.best_fibre_link(
        tx_radius_m=given["tx_diameter_m"] / 2.0,
        rx_radius_m=given["rx_diameter_m"] / 2.0,
        range_m=given["distance_m"],
        wavelength_m=given["wavelength_m"],
    )
    return {"eta": found.coupling, "alpha": found.truncation, "z_over_f": given["distance_m"] / found.focus_m}


def encircled_energy(case: Case) -> Answer:
    return {"fraction": float(gaussian.encircled_energy(x=case["inputs"]["x_k_a_sin_theta"]))}


def gaussian_beam(case: Case) -> Answer:
    given = case["inputs"]
    beam = {
        "waist_radius_m": given["waist_radius_m"],
        "wavelength_m": given["wavelength_m"],
        "beam_quality": given.get("beam_quality", 1.0),
    }
    radius = float(gaussian.beam_radius_m(range_m=given["distance_m"], **beam))
    return {
        "rayleigh_range_m": float(gaussian.rayleigh_range_m(**beam)),
        "radius_m": radius,
        "curvature_m": float(gaussian.curvature_radius_m(range_m=given["distance_m"], **beam)),
        "half_divergence_rad": float(gaussian.half_divergence_rad(**beam)),
        "aperture_fraction_b_eq_w": float(gaussian.captured_power(aperture_radius_m=radius, beam_radius=radius)),
    }


def near_field_offset_capture(case: Case) -> Answer:
    given = case["inputs"]
    spot = {
        "aperture_radius_m": given["aperture_radius_m"],
        "beam_radius": given["beam_radius_m"],
        "offset_m": given["offset_m"],
    }
    return {
        "exact": float(gaussian.captured_power(**spot)),
        "farid_hranilovic": float(gaussian.farid_hranilovic_capture(**spot)),
    }


def degrees_of_freedom(case: Case) -> Answer:
    given = case["inputs"]
    if "c_k_a_b_over_z" in given:
        c = given["c_k_a_b_over_z"]
    else:
        c = float(
            coupling.space_bandwidth_product(
                tx_radius_m=given["tx_diameter_m"] / 2.0,
                rx_radius_m=given["rx_diameter_m"] / 2.0,
                range_m=given["distance_m"],
                wavelength_m=given["wavelength_m"],
            )
        )
    if set(case["expected"]) == {"N_product"}:
        return {"N_product": c**2 / 4.0}
    spectrum = modes.circular_modes(c=c, exact=True)
    answer = {
        "N_product": c**2 / 4.0,
        "sum_of_eigenvalues": spectrum.total,
        "participation_number": spectrum.participation,
    }
    for key in case["expected"]:
        if found := re.fullmatch(r"count_above_(\w+)", key):
            answer[key] = spectrum.above(decimal(found[1]))
        elif found := re.fullmatch(r"mu_(\d+)(_doublet)?", key):
            answer[key] = float(modes.angular_transmissions(c=c, order=int(found[1]))[0])
    return answer


def capacity_per_mode(case: Case) -> Answer:
    given = case["inputs"]
    answer: dict[str, float] = {}
    if "mean_photons_per_mode" in given:
        n, nb = given["mean_photons_per_mode"], given.get("background_photons_per_mode", 0.0)
        answer["holevo_bits"] = float(capacity.holevo_bits(photons=n, background_photons=nb))
        if nb == 0.0:
            answer["heterodyne_bits"] = float(capacity.heterodyne_bits(photons=n))
            answer["homodyne_bits"] = float(capacity.homodyne_bits(photons=n))
    for key in case["expected"]:
        if found := re.fullmatch(r"(heterodyne|homodyne)_photons_per_bit(?:_at_(\w+?)b_s_Hz)?", key):
            bits = decimal(found[2]) if found[2] else 0.0
            need = {
                "heterodyne": capacity.heterodyne_photons_per_bit,
                "homodyne": capacity.homodyne_photons_per_bit,
            }[found[1]]
            answer[key] = float(need(bits_per_mode=bits))
    return answer


def capacity_bound(case: Case) -> Answer:
    given = case["inputs"]
    answer = {}
    if "bits_per_photon" in given:
        n = capacity.photons_for_bits_per_photon(bits_per_photon=given["bits_per_photon"])
        answer["holevo_max_mean_photons_per_mode"] = n
    floor = float(capacity.homodyne_photons_per_bit(bits_per_mode=0.0))
    if "photons_per_bit" in given and given["photons_per_bit"] < floor:
        raise ValueError(f"{case['id']}: {given['photons_per_bit']} photons per bit is below what quadratures allow")
    # the source prints this floor, ln(2)/2, to four digits
    return answer | {"must_exceed_photons_per_bit": float(f"{floor:.4g}")}


def background_light(case: Case) -> Answer:
    given = case["inputs"]
    star = {"wavelength_m": given["wavelength_m"], "temperature_k": given["sun_temperature_K"]}
    radiance = float(background.spectral_radiance_w_m2_sr_m(**star))
    photons = float(background.photons_per_mode(**star))
    answer = {
        "photons_per_mode": photons,
        "radiance_W_m2_sr_nm": radiance * 1e-9,
        "fibre_receiver_noise_penalty_dB_nsp1": float(background.preamplifier_penalty_db(photons=photons)),
    }
    if "sun_radius_m" in given:
        irradiance = background.disc_irradiance_w_m2_m(
            **star, radius_m=given["sun_radius_m"], distance_m=given["distance_m"]
        )
        answer["irradiance_W_m2_nm"] = float(irradiance) * 1e-9
    if "rx_diameter_m" in given:
        power = background.collected_background_w(
            radiance_w_m2_sr_m=radiance,
            aperture_area_m2=math.pi / 4.0 * given["rx_diameter_m"] ** 2,
            solid_angle_sr=background.cone_solid_angle_sr(full_angle_rad=given["fov_full_angle_rad"]),
            filter_width_m=given["filter_width_m"],
        )
        answer["power_W"] = float(power)
    return answer


def wavelengths(case: Case) -> Answer:
    given = case["inputs"]
    answer: dict[str, float] = {}
    if "amplifier_output_W" in given:
        share = dwdm.channel_share_w(output_w=given["amplifier_output_W"], channels=given["channels"])
        answer["per_channel_dBm"] = float(dbm(share))
    for key in case["expected"]:
        if found := re.fullmatch(r"(?:channels|rate_(\w+)G_at)_(\w+)GHz(?:_bps)?", key):
            count = int(dwdm.channel_count(band_hz=given["band_width_Hz"], spacing_hz=decimal(found[2]) * 1e9))
            answer[key] = count if found[1] is None else count * decimal(found[1]) * 1e9
    return answer


def interference(case: Case) -> Answer:
    given = case["inputs"]
    envelope = aperture.side_lobe_envelope(
        diameter_m=given["diameter_m"], off_axis_rad=given["off_axis_rad"], wavelength_m=given["wavelength_m"]
    )
    return {"envelope_dB": float(db(envelope))}


ADAPTERS: dict[str, Callable[[Case], Answer]] = {
    "fso.truncated_gaussian_gain": truncated_gaussian_gain,
    "fso.smf_coupling": smf_coupling,
    "fso.two_aperture_coupling": two_aperture_coupling,
    "fso.fibre_to_fibre_optimum": fibre_to_fibre_optimum,
    "fso.encircled_energy": encircled_energy,
    "fso.gaussian_beam": gaussian_beam,
    "fso.near_field_offset_capture": near_field_offset_capture,
    "fso.degrees_of_freedom": degrees_of_freedom,
    "fso.capacity_per_mode": capacity_per_mode,
    "fso.capacity_bound": capacity_bound,
    "fso.background": background_light,
    "fso.dwdm": wavelengths,
    "fso.interference": interference,
}
