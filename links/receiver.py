"""Receivers as physics: how much light an ideal or a noisy receiver needs for an error rate.

Photodiodes with and without avalanche gain, photon counters, optically preamplified and coherent detection. Leaves out
data-sheet behaviour (`links.transceiver`) and coding.
"""

import math

import scipy  # optimize and others load on first use: importing links stays cheap
from scipy import constants, special

from .model import require_positive
from .modulation import q_from_ber
from .units import from_db

__all__ = [
    "apd_best_gain", "apd_sensitivity_w", "bpsk_heterodyne_photons", "bpsk_homodyne_photons",
    "dpsk_preamplified_photons", "ook_counting_photons", "ook_preamplified_photons", "photodiode_sensitivity_w",
    "responsivity_a_w", "thermal_variance_a2",
]  # fmt: skip


def _error_rate(ber: float) -> float:
    if not 0.0 < ber < 0.5:
        raise ValueError(f"ber={ber!r}: need an error rate between 0 and 0.5")
    return float(ber)


def responsivity_a_w(*, quantum_efficiency: float, wavelength_m: float) -> float:
    """Photocurrent per watt, eta q lambda / (h c). [A/W]"""
    if not 0.0 < quantum_efficiency <= 1.0:
        raise ValueError(f"quantum_efficiency={quantum_efficiency!r}: need a number in (0, 1]")
    require_positive(wavelength_m, name="wavelength_m")
    return quantum_efficiency * constants.e * wavelength_m / (constants.h * constants.c)


def thermal_variance_a2(
    *, temperature_k: float, bandwidth_hz: float, load_ohm: float, noise_figure_db: float = 0.0
) -> float:
    """Variance of the current noise of the load and its amplifier, 4 k T F B / R. [A^2]"""
    for name, value in (("temperature_k", temperature_k), ("bandwidth_hz", bandwidth_hz), ("load_ohm", load_ohm)):
        require_positive(value, name=name)
    return float(4.0 * constants.k * temperature_k * from_db(noise_figure_db) * bandwidth_hz / load_ohm)


def photodiode_sensitivity_w(
    *, ber: float, responsivity_a_w: float, thermal_variance_a2: float, bandwidth_hz: float,
    extinction_ratio_db: float | None = None, dark_current_a: float = 0.0, gain: float = 1.0, excess_noise: float = 1.0,
) -> float:  # fmt: skip
    """Average received power that on-off keying needs, photodiode with thermal and shot noise. [W]

    Parameters
    ----------
    ber : float
        Error rate, optimum threshold. [-]
    responsivity_a_w : float
        At gain 1. [A/W]
    thermal_variance_a2 : float
        See `thermal_variance_a2`. [A^2]
    bandwidth_hz : float
        Electrical noise bandwidth. [Hz]
    extinction_ratio_db : float or None
        Power of a one over a zero; None is perfect. [dB]
    dark_current_a : float
        Multiplied dark current. [A]
    gain, excess_noise : float
        Avalanche gain M and excess noise factor F; 1 and 1 for a PIN diode. [-]

    Notes
    -----
    `Q = M (I1 - I0) / (s1 + s0)`, `s^2 = thermal + 2 q M^2 F (I + I_d) B`; with perfect extinction and no dark current
    `P = (Q/R)(q F Q B + sqrt(thermal)/M)`.

    References
    ----------
    G. P. Agrawal, Fiber-Optic Communication Systems, section 4.6.
    """
    q = q_from_ber(ber=_error_rate(ber))
    for name, value in (
        ("responsivity_a_w", responsivity_a_w), ("thermal_variance_a2", thermal_variance_a2),
        ("bandwidth_hz", bandwidth_hz), ("gain", gain), ("excess_noise", excess_noise),
    ):  # fmt: skip
        require_positive(value, name=name)
    require_positive(dark_current_a, name="dark_current_a", zero=True)
    zero_over_one = 0.0 if extinction_ratio_db is None else float(from_db(-extinction_ratio_db))
    if zero_over_one >= 1.0:
        raise ValueError(f"extinction_ratio_db={extinction_ratio_db!r}: a one must be brighter than a zero")
    shot = 2.0 * constants.e * gain**2 * excess_noise * bandwidth_hz

    def excess(log_w: float) -> float:
        one = 2.0 * math.exp(log_w) / (1.0 + zero_over_one) * responsivity_a_w
        zero = zero_over_one * one
        noise = math.sqrt(thermal_variance_a2 + shot * (one + dark_current_a))
        noise += math.sqrt(thermal_variance_a2 + shot * (zero + dark_current_a))
        return math.log(gain * (one - zero) / noise / q)

    return math.exp(scipy.optimize.brentq(excess, math.log(1e-18), math.log(1e3), xtol=1e-13))


def _excess_noise(gain: float, ionisation_ratio: float) -> float:
    return ionisation_ratio * gain + (1.0 - ionisation_ratio) * (2.0 - 1.0 / gain)


def apd_sensitivity_w(
    *, ber: float, responsivity_a_w: float, thermal_variance_a2: float, bandwidth_hz: float, ionisation_ratio: float,
    gain: float, extinction_ratio_db: float | None = None, dark_current_a: float = 0.0,
) -> float:  # fmt: skip
    """Average received power that on-off keying needs with an avalanche photodiode. [W]

    Notes
    -----
    McIntyre's excess noise `F = k M + (1 - k)(2 - 1/M)`. A real diode is limited by its gain-bandwidth product as well.
    """
    if not 0.0 <= ionisation_ratio <= 1.0:
        raise ValueError(f"ionisation_ratio={ionisation_ratio!r}: need a number in [0, 1]")
    if not gain >= 1.0:
        raise ValueError(f"gain={gain!r}: avalanche gain is at least 1")
    return photodiode_sensitivity_w(
        ber=ber,
        responsivity_a_w=responsivity_a_w,
        thermal_variance_a2=thermal_variance_a2,
        bandwidth_hz=bandwidth_hz,
        extinction_ratio_db=extinction_ratio_db,
        dark_current_a=dark_current_a,
        gain=gain,
        excess_noise=_excess_noise(gain, ionisation_ratio),
    )


def apd_best_gain(
    *, ber: float, responsivity_a_w: float, thermal_variance_a2: float, bandwidth_hz: float, ionisation_ratio: float
) -> float:
    """Avalanche gain at which the sensitivity is best; perfect extinction, no dark current. [-]"""
    found = scipy.optimize.minimize_scalar(
        lambda log_gain: math.log(
            apd_sensitivity_w(
                ber=ber,
                responsivity_a_w=responsivity_a_w,
                thermal_variance_a2=thermal_variance_a2,
                bandwidth_hz=bandwidth_hz,
                ionisation_ratio=ionisation_ratio,
                gain=math.exp(log_gain),
            )
        ),
        bounds=(0.0, math.log(1e4)),
        method="bounded",
        options={"xatol": 1e-9},
    )
    return math.exp(float(found.x))


def ook_counting_photons(*, ber: float) -> float:
    """Photons per bit, average, of on-off keying with an ideal photon counter, -ln(2 P)/2. [-]

    >>> round(ook_counting_photons(ber=1e-9), 2)
    10.02
    """
    return -0.5 * math.log(2.0 * _error_rate(ber))


def bpsk_homodyne_photons(*, ber: float) -> float:
    """Photons per bit of BPSK with homodyne detection, P = erfc(sqrt(2 n))/2. [-]"""
    return 0.25 * q_from_ber(ber=_error_rate(ber)) ** 2


def bpsk_heterodyne_photons(*, ber: float) -> float:
    """Photons per bit of BPSK with heterodyne, or QPSK with intradyne detection, P = erfc(sqrt(n))/2. [-]"""
    return 0.5 * q_from_ber(ber=_error_rate(ber)) ** 2


def dpsk_preamplified_photons(*, ber: float, noise_polarisations: int, spontaneous_factor: float = 1.0) -> float:
    """Photons per bit of DPSK behind an optical preamplifier with a matched filter. [-]

    Notes
    -----
    With n photons over n_sp: one noise polarisation `exp(-n)/2`, two `exp(-n)(1 + n/4)/2`.
    """
    _error_rate(ber)
    require_positive(spontaneous_factor, name="spontaneous_factor")
    if noise_polarisations == 1:
        return -math.log(2.0 * ber) * spontaneous_factor
    if noise_polarisations != 2:
        raise ValueError(f"noise_polarisations={noise_polarisations!r}: need 1 or 2")
    root = scipy.optimize.brentq(lambda n: -n + math.log1p(n / 4.0) - math.log(2.0 * ber), 0.0, 2000.0, xtol=1e-13)
    return root * spontaneous_factor


def ook_preamplified_photons(*, ber: float, noise_polarisations: int, spontaneous_factor: float = 1.0) -> float:
    """Photons per bit, average, of on-off keying behind an optical preamplifier, matched filter, best threshold. [-]

    Parameters
    ----------
    ber : float
        Error rate. [-]
    noise_polarisations : int
        1 with a polariser, 2 without.
    spontaneous_factor : float
        n_sp of the amplifier: half its noise figure at high gain. [-]

    Notes
    -----
    Exact statistics: energy is chi-square with 2 or 4 degrees of freedom, non-central for a one. The Gaussian
    approximation is not used.

    References
    ----------
    P. A. Humblet, M. Azizoglu, "On the bit error rate of lightwave systems with optical amplifiers", J. Lightwave
    Technol. 9, 1576 (1991).
    """
    goal = math.log(_error_rate(ber))
    require_positive(spontaneous_factor, name="spontaneous_factor")
    if noise_polarisations not in (1, 2):
        raise ValueError(f"noise_polarisations={noise_polarisations!r}: need 1 or 2")

    def log_ber(log_n: float) -> float:
        one = 2.0 * math.exp(log_n)  # energy of a one over n_sp

        def errors(threshold: float) -> float:
            false_one = math.exp(-threshold) * (1.0 if noise_polarisations == 1 else 1.0 + threshold)
            false_zero = float(special.chndtr(2.0 * threshold, 2.0 * noise_polarisations, 2.0 * one))
            return math.log(max(0.5 * (false_one + false_zero), 1e-300))

        found = scipy.optimize.minimize_scalar(
            errors, bounds=(0.0, one + 4.0), method="bounded", options={"xatol": 1e-9}
        )
        return float(found.fun)

    root = scipy.optimize.brentq(lambda log_n: log_ber(log_n) - goal, math.log(1e-2), math.log(1e3), xtol=1e-10)
    return math.exp(root) * spontaneous_factor
