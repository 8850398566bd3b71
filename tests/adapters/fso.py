"""Cases of pointing, receivers and modulation, answered by public functions of `links`.

An adapter reads only the inputs of a case; it answers every key it can compute from them.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

from links import gaussian, modulation, pointing, receiver
from links.units import db, dbm, from_db, watt_from_dbm
from tests.adapters import fso_catalogue

__all__ = ["ADAPTERS"]

Case = Mapping[str, Any]
Answer = Mapping[str, Any]


def marcum(case: Case) -> Answer:
    return {"Q1": float(pointing.marcum_q1(a=case["inputs"]["a"], b=case["inputs"]["b"]))}


def pointing_outage(case: Case) -> Answer:
    given = case["inputs"]
    width = {"half_divergence_rad": given["half_divergence_1e2_rad"]}
    if "jitter_per_axis_rad" in given:
        sigma, bias = given["jitter_per_axis_rad"], given.get("bias_rad", 0.0)
        mean = float(pointing.mean_transmission(**width, jitter_rad=sigma, bias_rad=bias))
        sides = {"jitter_x_rad": sigma, "jitter_y_rad": sigma, "bias_x_rad": bias}
    else:
        sides = {
            key: given[key] for key in ("jitter_x_rad", "jitter_y_rad", "bias_x_rad", "bias_y_rad") if key in given
        }
        # both axes are independent: an axis alone has the square root of what two such axes have
        axes = [(sides[f"jitter_{axis}_rad"], abs(sides.get(f"bias_{axis}_rad", 0.0))) for axis in "xy"]
        mean = math.prod(
            math.sqrt(float(pointing.mean_transmission(**width, jitter_rad=s, bias_rad=math.sqrt(2.0) * b)))
            for s, b in axes
        )
    answer = {"mean_transmission": mean, "mean_loss_dB": -float(db(mean))}
    if "margin_dB" in given:
        answer["outage"] = pointing.pointing_outage(**width, margin_db=given["margin_dB"], **sides)
    return answer


def pointing_outage_both_ends(case: Case) -> Answer:
    given = case["inputs"]
    if "jitter_over_fwhm" in given:
        if not given.get("equal_ends"):
            raise ValueError("jitter_over_fwhm without equal_ends: the jitter of the other end is not given")
        width = 1.0 / float(gaussian.fwhm_from_beam_radius(radius=1.0))  # 1/e^2 half angle of a beam of FWHM 1
        jitters = (given["jitter_over_fwhm"],) * 2
    else:
        width = given["half_divergence_1e2_rad"]
        jitters = (given["jitter_tx_per_axis_rad"], given["jitter_rx_per_axis_rad"])
    first, second = (float(pointing.mean_fade_nepers(half_divergence_rad=width, jitter_rad=s)) for s in jitters)
    loss = math.log(float(from_db(given["margin_dB"])))
    return {"outage": float(pointing.two_end_outage(loss_nepers=loss, mean_1_nepers=first, mean_2_nepers=second))}


def optimal_divergence(case: Case) -> Answer:
    given = case["inputs"]
    sigma = given.get("jitter_per_axis_rad", 1.0)
    width = float(pointing.best_half_divergence_rad(jitter_rad=sigma, outage=given["outage"]))
    mean = float(pointing.mean_fade_nepers(half_divergence_rad=width, jitter_rad=sigma))
    fade = pointing.two_end_fade_nepers(outage=given["outage"], mean_1_nepers=mean, mean_2_nepers=0.0)
    return {"half_divergence_1e2_over_sigma": width / sigma, "fade_at_quantile_dB": float(db(math.exp(float(fade))))}


def optimal_divergence_average_ber(case: Case) -> Answer:
    ratio, penalty = pointing.best_divergence_average_ber(average_ber=case["inputs"]["target_average_ber"])
    return {"half_divergence_1e2_over_sigma": ratio, "power_penalty_dB_optical_boresight": penalty}


def photons_per_bit(case: Case) -> Answer:
    given = case["inputs"]
    if "sensitivity_dBm" in given:
        power = watt_from_dbm(given["sensitivity_dBm"])
        found = modulation.photons_per_bit(
            power_w=power, bit_rate_bps=given["bit_rate_bps"], wavelength_m=given["wavelength_m"]
        )
        return {"photons_per_bit": float(found)}
    if "ber" not in given:
        return fso_catalogue.published_receiver(given)
    ber = given["ber"]
    # half the noise figure at high gain; an ideal amplifier where the case names none
    spontaneous = float(from_db(given["noise_figure_dB"])) / 2.0 if "noise_figure_dB" in given else 1.0
    amplified = {"ber": ber, "spontaneous_factor": spontaneous}
    answer = {
        "ook_photon_counting_average": receiver.ook_counting_photons(ber=ber),
        "bpsk_homodyne": receiver.bpsk_homodyne_photons(ber=ber),
        "bpsk_heterodyne_or_intradyne_qpsk": receiver.bpsk_heterodyne_photons(ber=ber),
    }
    for count, word in ((1, "one"), (2, "two")):
        plural = "polarisation" if count == 1 else "polarisations"
        answer[f"dpsk_preamp_{word}_{plural}"] = receiver.dpsk_preamplified_photons(
            **amplified, noise_polarisations=count
        )
        answer[f"{word}_noise_{plural}"] = receiver.ook_preamplified_photons(**amplified, noise_polarisations=count)
    return answer


def coherent_snr(case: Case) -> Answer:
    given = case["inputs"]
    what = {"ber": given["pre_fec_ber"], "constellation_size": given["constellation_size"]}
    return {
        "Es_N0_dB": float(db(modulation.qam_es_n0(**what))),
        "photons_per_bit_at_shot_limit": modulation.shot_limited_photons_per_bit(**what),
    }


def pam4_q(case: Case) -> Answer:
    return {"half_eye_over_sigma": modulation.pam4_half_eye(ber=case["inputs"]["pre_fec_ber"])}


def osnr(case: Case) -> Answer:
    given = case["inputs"]
    answer = {}
    if "constellation_size" in given:
        needed = modulation.required_osnr(
            ber=given["pre_fec_ber"],
            constellation_size=given["constellation_size"],
            symbol_rate_bd=given["symbol_rate_Bd"],
            reference_bandwidth_hz=given["reference_bandwidth_Hz"],
            polarisations=given.get("polarisations", 2),
        )
        answer["required_osnr_dB"] = float(db(needed))
    if "wavelength_m" in given:
        light = {"wavelength_m": given["wavelength_m"], "reference_bandwidth_hz": given["reference_bandwidth_Hz"]}
        answer["h_nu_B_dBm"] = -float(db(modulation.osnr(power_w=watt_from_dbm(0.0), noise_figure_db=0.0, **light)))
        if "input_power_W" in given:
            ratio = modulation.osnr(power_w=given["input_power_W"], noise_figure_db=given["noise_figure_dB"], **light)
            answer["osnr_dB"] = float(db(ratio))
    return answer


def _front_end(given: Mapping[str, Any]) -> dict[str, float]:
    return {
        "responsivity_a_w": receiver.responsivity_a_w(
            quantum_efficiency=given["quantum_efficiency"], wavelength_m=given["wavelength_m"]
        ),
        "thermal_variance_a2": receiver.thermal_variance_a2(
            temperature_k=given["temperature_K"],
            bandwidth_hz=given["electrical_bandwidth_Hz"],
            load_ohm=given["load_ohm"],
            noise_figure_db=given.get("amplifier_noise_figure_dB", 0.0),
        ),
    }


def pin_sensitivity(case: Case) -> Answer:
    given = case["inputs"]
    front = _front_end(given)
    power = receiver.photodiode_sensitivity_w(
        ber=given["ber"],
        bandwidth_hz=given["electrical_bandwidth_Hz"],
        extinction_ratio_db=given.get("extinction_ratio_dB"),
        dark_current_a=given.get("dark_current_A", 0.0),
        **front,
    )
    return {
        "sensitivity_dBm": float(dbm(power)),
        "responsivity_A_per_W": front["responsivity_a_w"],
        "thermal_variance_A2": front["thermal_variance_a2"],
    }


def apd_sensitivity(case: Case) -> Answer:
    given = case["inputs"]
    what = {"ber": given["ber"], "bandwidth_hz": given["electrical_bandwidth_Hz"], **_front_end(given)}
    ratio = given["ionisation_ratio"]
    gain = given.get("gain", receiver.apd_best_gain(ionisation_ratio=ratio, **what))
    power = receiver.apd_sensitivity_w(ionisation_ratio=ratio, gain=gain, **what)
    return {
        "optimum_gain": receiver.apd_best_gain(ionisation_ratio=ratio, **what),
        "sensitivity_dBm": float(dbm(power)),
        "pin_sensitivity_dBm": float(dbm(receiver.photodiode_sensitivity_w(**what))),
    }


def acquisition(case: Case) -> Answer:
    given = case["inputs"]
    cone = {
        "uncertainty_full_rad": given["uncertainty_full_angle_rad"],
        "beam_full_rad": given["beam_full_angle_rad"],
    }
    dwell = given.get("dwell_s", fso_catalogue.DWELL_S)
    return {
        "spots_area_ratio": float(pointing.scan_spots(**cone)),
        "total_time_s": float(pointing.scan_time_s(**cone, dwell_s=dwell, overlap=given.get("overlap", 0.0))),
    }


def relative_motion(case: Case) -> Answer:
    given = case["inputs"]
    motion = pointing.relative_motion(
        separation_m=given["separation_m"], period_s=given["orbital_period_s"], wavelength_m=given["wavelength_m"]
    )
    return {
        "relative_speed_upper_m_s": motion.relative_speed_m_s,
        "doppler_Hz": motion.doppler_hz,
        "point_ahead_rad": motion.point_ahead_rad,
        "line_of_sight_rate_rad_s": motion.line_of_sight_rate_rad_s,
        "one_way_delay_s": motion.one_way_delay_s,
    }


ADAPTERS: dict[str, Callable[[Case], Answer]] = {
    "special.marcum_q1": marcum,
    "geometry.relative_motion": relative_motion,
    "fso.pointing_outage": pointing_outage,
    "fso.pointing_outage_both_ends": pointing_outage_both_ends,
    "fso.optimal_divergence": optimal_divergence,
    "fso.optimal_divergence_average_ber": optimal_divergence_average_ber,
    "fso.photons_per_bit": photons_per_bit,
    "fso.coherent_snr": coherent_snr,
    "fso.pam4_q": pam4_q,
    "fso.osnr": osnr,
    "fso.pin_sensitivity": pin_sensitivity,
    "fso.apd_sensitivity": apd_sensitivity,
    "fso.acquisition": acquisition,
}
