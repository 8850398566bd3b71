"""Pointing fades against closed forms, Monte Carlo and the real diffraction pattern; acquisition; relative motion."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from links import coupling, gaussian, pointing
from tests.links.diffraction import tilted_couplings


@pytest.mark.parametrize(("mean_1", "mean_2"), [(0.16, 0.16), (0.16, 0.284), (0.3, 1e-9), (0.2, 0.2 * (1.0 + 1e-9))])
def test_two_end_outage_has_the_published_closed_form(mean_1: float, mean_2: float) -> None:
    loss, b1, b2 = math.log(4.0), 1.0 / mean_1, 1.0 / mean_2
    if math.isclose(mean_1, mean_2, rel_tol=1e-6):
        expected = 0.25**b1 * (1.0 + b1 * loss)
    else:
        expected = (b1 * 0.25**b2 - b2 * 0.25**b1) / (b1 - b2)
    found = pointing.two_end_outage(loss_nepers=loss, mean_1_nepers=mean_1, mean_2_nepers=mean_2)
    assert float(found) == pytest.approx(expected, rel=1e-6)


@settings(max_examples=50, deadline=None)
@given(p=st.floats(1e-12, 0.9), m1=st.floats(0.0, 3.0), m2=st.floats(0.0, 3.0))
def test_fade_at_an_outage_is_the_inverse_of_the_outage(p: float, m1: float, m2: float) -> None:
    fade = pointing.two_end_fade_nepers(outage=p, mean_1_nepers=m1, mean_2_nepers=m2)
    if max(m1, m2) > 1e-300:
        back = pointing.two_end_outage(loss_nepers=fade, mean_1_nepers=m1, mean_2_nepers=m2)
        assert float(back) == pytest.approx(p, rel=1e-9)
    else:
        assert float(fade) == pytest.approx(0.0, abs=1e-290)


def test_outage_agrees_with_monte_carlo_of_unequal_axes_and_bias() -> None:
    rng = np.random.default_rng(3)
    n, width = 400_000, 15e-6
    x, y = rng.normal(1e-6, 2e-6, n), rng.normal(2e-6, 4e-6, n)
    lost = np.exp(-2.0 * (x**2 + y**2) / width**2) < 0.5
    found = pointing.pointing_outage(
        half_divergence_rad=width, margin_db=10.0 * math.log10(2.0), jitter_x_rad=2e-6, jitter_y_rad=4e-6,
        bias_x_rad=1e-6, bias_y_rad=2e-6,
    )  # fmt: skip
    assert lost.mean() == pytest.approx(found, abs=4.0 * math.sqrt(found * (1.0 - found) / n))  # 4 sigma


def test_two_ends_agree_with_monte_carlo() -> None:
    rng = np.random.default_rng(4)
    n = 400_000
    fade = rng.exponential(0.16, n) + rng.exponential(0.284, n)
    found = float(pointing.two_end_outage(loss_nepers=1.0, mean_1_nepers=0.16, mean_2_nepers=0.284))
    assert (fade > 1.0).mean() == pytest.approx(found, abs=4.0 * math.sqrt(found * (1.0 - found) / n))


@pytest.mark.parametrize(("c", "tilt"), [(2.2, 0.35), (10.0, 0.35), (0.2, 0.4)])
def test_fade_of_the_real_diffraction_pattern_is_the_gaussian_one(c: float, tilt: float) -> None:
    # independent jitter of both ends, k a sigma = `tilt`; Huygens sums of tilted beams against two exponential fades
    rng = np.random.default_rng(5)
    n = 1500
    fades = -np.log(
        tilted_couplings(c=c, truncation=1.12, tilts_t=rng.normal(0, tilt, (n, 2)), tilts_r=rng.normal(0, tilt, (n, 2)))
    )
    overlap = coupling.mode_overlap(c=c, truncation_t=1.12, truncation_r=1.12, defocus_t_rad=c / 2, defocus_r_rad=c / 2)
    means = [2.0 * tilt**2 * (overlap.tilt_tt + sign * overlap.tilt_tr) for sign in (1.0, -1.0)]
    for p in (0.5, 0.1, 0.02):
        model = float(pointing.two_end_fade_nepers(outage=p, mean_1_nepers=means[0], mean_2_nepers=means[1]))
        found = np.quantile(fades, 1.0 - p) + math.log(overlap.power)
        # 1500 samples leave 3 to 10 % at these quantiles; the Gaussian fall itself is good to some 5 % below 3 dB
        assert found == pytest.approx(model, rel=0.15)


@pytest.mark.parametrize("depth_db", [2.0, 4.0, 6.0])
def test_gaussian_fall_with_angle_is_good_to_a_tenth_of_the_decibels_up_to_six(depth_db: float) -> None:
    # the limit at which OpticalLink.at warns; a truncated beam then falls faster than its Gaussian
    c = 10.0
    overlap = coupling.mode_overlap(c=c, truncation_t=1.12, truncation_r=1.12, defocus_t_rad=c / 2, defocus_r_rad=c / 2)
    exponent = overlap.tilt_tt + overlap.tilt_rr + 2.0 * overlap.tilt_tr  # both ends tilted alike
    tilt = np.array([[math.sqrt(depth_db * math.log(10.0) / 10.0 / exponent), 0.0]])
    found = tilted_couplings(c=c, truncation=1.12, tilts_t=tilt, tilts_r=tilt)[0] / overlap.power
    assert -10.0 * math.log10(found) == pytest.approx(depth_db, rel=0.1)


def test_jitter_is_per_axis() -> None:
    # trap 8: the radial rms is sqrt(2) larger; taking it for the axis doubles the mean fade
    rng = np.random.default_rng(6)
    x, y = rng.normal(0, 2e-6, (2, 200_000))
    fade = 2.0 * (x**2 + y**2) / 15e-6**2
    mean = float(pointing.mean_fade_nepers(half_divergence_rad=15e-6, jitter_rad=2e-6))
    assert fade.mean() == pytest.approx(mean, rel=0.01)  # 4 sigma of 200 000 exponentials
    assert math.sqrt(np.mean(x**2 + y**2)) == pytest.approx(math.sqrt(2.0) * 2e-6, rel=0.01)


def test_mean_loss_is_not_the_loss_at_an_outage() -> None:
    # trap 9: 15 urad beam, 3 urad jitter: 0.6 dB on average, 9.6 dB once in a million
    mean_db = -10.0 * math.log10(float(pointing.mean_transmission(half_divergence_rad=15e-6, jitter_rad=3e-6)))
    mean = float(pointing.mean_fade_nepers(half_divergence_rad=15e-6, jitter_rad=3e-6))
    fade_db = 10.0 / math.log(10.0) * float(
        pointing.two_end_fade_nepers(outage=1e-6, mean_1_nepers=mean, mean_2_nepers=0.0)
    )  # fmt: skip
    assert mean_db == pytest.approx(0.645, abs=0.001)
    assert fade_db == pytest.approx(10.0 * math.log10(1e6) * mean, rel=1e-9)
    assert fade_db > 14.0 * mean_db


def test_second_end_makes_the_outage_several_times_worse() -> None:
    # trap 10: 3 dB, 15 urad, 3 urad: 1.3 % with one end, 7.1 % with both
    mean = float(pointing.mean_fade_nepers(half_divergence_rad=15e-6, jitter_rad=3e-6))
    loss = math.log(10.0**0.3)
    one, two = (
        float(pointing.two_end_outage(loss_nepers=loss, mean_1_nepers=mean, mean_2_nepers=m)) for m in (0.0, mean)
    )
    assert two == pytest.approx(0.0709, abs=1e-4)
    assert two > 5.0 * one


def test_barry_and_mecherle_meant_the_full_width_at_half_maximum() -> None:
    # trap 7: "rms jitter below 7 % of the beam width keeps the fade rate below once a year at 3 dB margin" (1985): with
    # the FWHM 7 ms of fade a year, some milliseconds each; with the full 1/e^2 width it would be out 12 hours a year
    year_s, loss = 365.25 * 86400.0, math.log(2.0)
    out_s = {}
    for name, half_width in (("fwhm", 1.0 / float(gaussian.fwhm_from_beam_radius(radius=1.0))), ("1/e2", 0.5)):
        mean = float(pointing.mean_fade_nepers(half_divergence_rad=half_width, jitter_rad=0.07))
        missed = pointing.two_end_outage(loss_nepers=loss, mean_1_nepers=mean, mean_2_nepers=mean)
        out_s[name] = year_s * float(missed)
    assert 1e-3 < out_s["fwhm"] < 1e-2
    assert out_s["1/e2"] > 3600.0


def test_best_divergence_cannot_be_improved_by_another() -> None:
    sigma, p = 1e-6, 1e-4
    best = float(pointing.best_half_divergence_rad(jitter_rad=sigma, outage=p))

    def power(width: float) -> float:  # far-field gain times the fade at the quantile
        return float(width**-2 * p ** (4.0 * sigma**2 / width**2))

    assert power(best) > max(power(best * f) for f in (0.5, 0.9, 0.99, 1.01, 1.1, 2.0))


def test_marcum_q_is_the_chance_of_a_rician_beyond_a_level() -> None:
    rng = np.random.default_rng(7)
    radius = np.hypot(rng.normal(1.5, 1.0, 300_000), rng.normal(0.0, 1.0, 300_000))
    found = float(pointing.marcum_q1(a=1.5, b=2.0))
    assert (radius > 2.0).mean() == pytest.approx(found, abs=4.0 * math.sqrt(found * (1.0 - found) / 300_000))


def test_changing_the_topology_costs_the_scan_of_new_partners() -> None:
    # trap 26: 5 mrad cone, 80 urad beam, 25 ms a spot; and the scan must reach 3 sigma for 99 %
    cone = {"uncertainty_full_rad": 5e-3, "beam_full_rad": 80e-6}
    assert float(pointing.scan_time_s(**cone, dwell_s=25e-3)) == pytest.approx(97.7, abs=0.1)
    assert float(pointing.scan_time_s(**cone, dwell_s=25e-3, overlap=0.2)) > 98.0
    found = float(pointing.acquisition_probability(scan_half_rad=3.0, uncertainty_rad=1.0))
    assert found == pytest.approx(1.0 - math.exp(-4.5), rel=1e-12)


def test_formation_needs_no_point_ahead() -> None:
    motion = pointing.relative_motion(separation_m=283.0, period_s=5860.0, wavelength_m=1.55e-6)
    assert motion.point_ahead_rad < 1e-3 * 15e-6  # against a 15 urad beam
    assert motion.doppler_hz < 1e6
    assert motion.one_way_delay_s == pytest.approx(283.0 / 299792458.0)


def test_bad_input_is_named() -> None:
    with pytest.raises(ValueError, match=r"outage=1\.0: need a probability below 1"):
        pointing.two_end_fade_nepers(outage=1.0, mean_1_nepers=1.0, mean_2_nepers=1.0)
    with pytest.raises(ValueError, match=r"jitter_x_rad=0\.0"):
        pointing.pointing_outage(half_divergence_rad=1e-5, margin_db=3.0, jitter_x_rad=0.0, jitter_y_rad=1e-6)
    with pytest.raises(ValueError, match=r"average_ber=0\.7"):
        pointing.best_divergence_average_ber(average_ber=0.7)
