"""A radio link between satellites as a `LinkModel`: dishes in near or far field, DVB-S2(X) modems, hardware ceilings.

Leaves out the atmosphere (there is none between satellites), receiver overload (an attenuator's business), and the
regulatory limits on sidelobes towards the Earth.
"""

import math
import warnings
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import scipy  # interpolate loads on first use: importing links stays cheap
from numpy.typing import ArrayLike, NDArray
from scipy.constants import Boltzmann, Planck, speed_of_light

from .antenna import dish_pattern_envelope, half_power_beamwidth_rad, ruze_efficiency, wavelength_m
from .capacity import holevo_capacity_bps
from .mimo import los_channel, stream_gains
from .modcod import ModcodTable, modcod_table
from .model import LinkBudget, LinkState, Surroundings, ValidityWarning, require_count, require_positive
from .modes import circular_modes
from .nearfield import displaced_coupling_ratio, far_field_transmission, flat_aperture_transmission
from .noise import STANDARD_TEMPERATURE_K, combined_snr, converter_snr, radiation_temperature_k
from .parts import Part, all_parts
from .pointing import DEEP_FADE_DB, two_end_fade_nepers, two_end_outage
from .units import db, dbm, from_db

__all__ = ["RadioLink", "inter_satellite_band"]

Floats = NDArray[np.float64]

_LIMIT_KNOTS_PER_E = 8  # of the interpolation in ln(k a b/z); its error is tested against direct evaluation


def inter_satellite_band(*, low_hz: float, high_hz: float) -> Part | None:
    """The allocation to the inter-satellite service that holds low_hz to high_hz, or None.

    >>> inter_satellite_band(low_hz=60e9, high_hz=70e9).name
    'iss_60ghz'
    >>> inter_satellite_band(low_hz=123e9, high_hz=130e9) is None
    True
    """
    for part in all_parts().values():
        if part.kind == "inter_satellite_band" and part["low_hz"] <= low_hz and high_hz <= part["high_hz"]:
            return part
    return None


@dataclass(frozen=True, kw_only=True)
class RadioLink:
    """One direction between two satellites by radio.

    Parameters
    ----------
    radio : Part
        Front ends and modem, kind `radio`.
    amplifier : Part
        Power amplifier, kind `power_amplifier`.
    modcods : tuple of Part
        Tables of modulation and coding, kind `modcods`.
    frequency_hz : float
        Centre of all channels together. [Hz]
    bandwidth_hz : float
        Occupied by one channel, roll-off included. [Hz]
    transmit_diameter_m, receive_diameter_m : float
        Dishes. [m]
    channels : int
        Side by side in frequency.
    polarisations : int
        1, or 2 that see each other through the radio's cross-polarisation.
    amplifiers : int
        Combined for each channel, polarisation and antenna.
    antennas : int
        At each end, in a line across the path; more than one makes line-of-sight MIMO.
    antenna_spacing_m : float
        Between neighbours of that line. [m]
    jitter_rad : float
        Pointing jitter, rms per axis, of each end. [rad]
    outage : float
        Part of the time the received power may be below the level that sets the rate. [-]

    Notes
    -----
    Per channel, polarisation and stream: amplifier output less back-off, the coupling of two flat uniform apertures
    (`links.nearfield`, never above 1) times aperture efficiency and Ruze factor of each end, losses, the pointing fade
    that both ends exceed with probability `outage`; noise k T Rs with T the antenna's radiation temperature plus
    290 (F - 1) or the quantum limit h f/2k, whichever is more. Converter, phase noise, distortion and
    cross-polarisation put a ceiling on Es/N0 that no power lifts. The rate is that of the best row of the modcod
    tables that closes with the implementation loss, times symbol rate, streams, channels and polarisations.

    Amplifiers draw their saturated DC power also when backed off, as class A and AB do; the modem's energy per bit
    covers both ends. A link that does not close is off.

    Examples
    --------
    >>> from links.parts import load_part
    >>> link = RadioLink(radio=load_part("radio_60ghz"), amplifier=load_part("pa_gan_60ghz"),
    ...     modcods=(load_part("dvb_s2x"),), frequency_hz=65e9, bandwidth_hz=2e9, channels=6, polarisations=2,
    ...     transmit_diameter_m=0.1, receive_diameter_m=0.1, outage=1e-6)
    >>> [round(rate / 1e9, 1) for rate in link.at(range_m=[300.0, 3000.0]).rate_bps.tolist()]
    [134.9, 127.8]
    """

    radio: Part
    amplifier: Part
    modcods: tuple[Part, ...]
    frequency_hz: float
    bandwidth_hz: float
    transmit_diameter_m: float
    receive_diameter_m: float
    channels: int = 1
    polarisations: int = 1
    amplifiers: int = 1
    antennas: int = 1
    antenna_spacing_m: float = 0.0
    jitter_rad: float = 0.0
    outage: float

    def __post_init__(self) -> None:
        for name in ("frequency_hz", "bandwidth_hz", "transmit_diameter_m", "receive_diameter_m"):
            require_positive(getattr(self, name), name=name)
        require_positive(self.jitter_rad, name="jitter_rad", zero=True)
        for name in ("channels", "amplifiers", "antennas"):
            object.__setattr__(self, name, require_count(getattr(self, name), name=name))
        if self.polarisations not in (1, 2):
            raise ValueError(f"polarisations={self.polarisations!r}: there are 1 or 2")
        if not 0.0 < self.outage < 1.0:
            raise ValueError(f"outage={self.outage!r}: need a probability between 0 and 1")
        if self.antennas > 1 and self.antenna_spacing_m < max(self.transmit_diameter_m, self.receive_diameter_m):
            raise ValueError(
                f"antenna_spacing_m={self.antenna_spacing_m!r}: antennas overlap; use at least the diameter"
            )
        low_hz, high_hz = self.frequency_hz - 0.5 * self._total_hz, self.frequency_hz + 0.5 * self._total_hz
        if low_hz <= 0.0:
            raise ValueError(f"bandwidth_hz={self.bandwidth_hz!r}: {self.channels} channels reach below 0 Hz")
        if inter_satellite_band(low_hz=low_hz, high_hz=high_hz) is None:
            warnings.warn(
                f"{low_hz / 1e9:g} to {high_hz / 1e9:g} GHz is not inside one inter-satellite allocation of "
                "links/data/bands.toml: results hold, a licence does not",
                ValidityWarning,
                stacklevel=3,
            )

    @property
    def medium(self) -> str:
        """The medium: radio."""
        return "radio"

    @property
    def symbol_rate_bd(self) -> float:
        """Symbols per second of one channel, bandwidth/(1 + roll-off). [Bd]"""
        return self.bandwidth_hz / (1.0 + self.radio["roll_off"])

    @property
    def channel_power_w(self) -> float:
        """Transmitted in one channel and polarisation by one antenna, after back-off. [W]"""
        return self.amplifiers * self.amplifier["saturated_output_w"] * float(from_db(-self.radio["output_backoff_db"]))

    @property
    def snr_ceiling(self) -> float:
        """Es/N0 that the hardware of both ends allows at any received power. [-]"""
        crossed = from_db(self.radio["cross_polarisation_db"]) if self.polarisations == 2 else math.inf
        converter = converter_snr(
            enob_bit=self.radio["converter_enob_bit"], peak_to_average_db=self.radio["peak_to_average_db"]
        )
        # one converter at each end
        return float(
            combined_snr(
                converter,
                converter,
                from_db(self.radio["phase_noise_snr_db"]),
                from_db(self.radio["distortion_snr_db"]),
                crossed,
            )
        )

    @property
    def system_temperature_k(self) -> float:
        """Noise temperature at the receiver, zero-point and amplifier quantum noise included. [K]"""
        antenna_k = radiation_temperature_k(
            temperature_k=self.radio["antenna_temperature_k"], frequency_hz=self.frequency_hz
        )
        classical_k = STANDARD_TEMPERATURE_K * (float(from_db(self.radio["noise_figure_db"])) - 1.0)
        quantum_k = 0.5 * Planck * self.frequency_hz / Boltzmann
        return float(antenna_k) + max(classical_k, quantum_k)

    @property
    def _total_hz(self) -> float:
        return self.channels * self.bandwidth_hz

    @property
    def _parallel(self) -> int:
        return self.channels * self.polarisations

    @property
    def _efficiency(self) -> float:
        """Aperture efficiency and surface of both ends together."""
        surface = ruze_efficiency(surface_rms_m=self.radio["surface_rms_m"], frequency_hz=self.frequency_hz)
        return float(self.radio["aperture_efficiency"] * surface) ** 2

    def _fade_means(self) -> tuple[float, float]:
        """Mean pointing fade of each end in nepers: 4 sigma^2/w^2, w the 1/e^2 half width of the main lobe."""
        means = []
        for diameter in (self.transmit_diameter_m, self.receive_diameter_m):
            full = float(half_power_beamwidth_rad(diameter_m=diameter, frequency_hz=self.frequency_hz))
            half_width_squared = 0.25 * full**2 * 2.0 / math.log(2.0)
            means.append(4.0 * self.jitter_rad**2 / half_width_squared)
        return means[0], means[1]

    def _fade_nepers(self) -> float:
        first, second = self._fade_means()
        return float(two_end_fade_nepers(outage=self.outage, mean_1_nepers=first, mean_2_nepers=second))

    def _unfaded_w(self, ranges: Floats) -> Floats:
        """Received power of each stream of one channel, without pointing fade, shape (..., antennas)."""
        coupling = flat_aperture_transmission(
            tx_diameter_m=self.transmit_diameter_m,
            rx_diameter_m=self.receive_diameter_m,
            range_m=ranges,
            frequency_hz=self.frequency_hz,
        )
        losses = self._efficiency * float(from_db(-self.radio["other_losses_db"]))
        single = self.channel_power_w * losses * coupling[..., None]
        if self.antennas == 1:
            return np.asarray(single)
        return np.asarray(single * self.antennas * self._stream_gains(ranges))

    def _stream_gains(self, ranges: Floats) -> Floats:
        """Gains of `links.mimo.stream_gains`, with the dishes' own near field between unlike antennas."""
        channel = los_channel(elements=self.antennas, spacing_m=self.antenna_spacing_m, range_m=ranges,
                              frequency_hz=self.frequency_hz)  # fmt: skip
        number = np.arange(self.antennas)
        ratio = displaced_coupling_ratio(
            tx_diameter_m=self.transmit_diameter_m, rx_diameter_m=self.receive_diameter_m, range_m=ranges,
            frequency_hz=self.frequency_hz, offset_m=number * self.antenna_spacing_m,
        )  # fmt: skip
        return stream_gains(channel=channel * ratio[..., np.abs(number[:, None] - number)])

    def _noise_w(self, surroundings: Surroundings | None) -> Floats:
        """Noise and interference of one channel."""
        density = Boltzmann * self.system_temperature_k
        if surroundings is None:
            return np.asarray(density * self.symbol_rate_bd)
        background = density + surroundings.background_w_hz
        return np.asarray(background * self.symbol_rate_bd + surroundings.interference_w)

    def _table(self) -> ModcodTable:
        return modcod_table(modcods=self.modcods)

    def _required_es_n0(self) -> Floats:
        """Thermal Es/N0 each row needs under the hardware ceiling, infinite where that is too low; rising. [-]"""
        wanted = from_db(self._table().es_n0_db + self.radio["implementation_loss_db"])
        with np.errstate(divide="ignore"):
            return np.asarray(1.0 / np.maximum(1.0 / wanted - 1.0 / self.snr_ceiling, 0.0))

    def at(self, *, range_m: ArrayLike, surroundings: Surroundings | None = None) -> LinkState:
        """State of one direction at each range.

        Parameters
        ----------
        range_m : array
            Between the dishes. [m]
        surroundings : Surroundings or None
            Interference and background in one channel at the receiver, broadcast against `range_m`.
        """
        ranges = require_positive(range_m, name="range_m")
        noise_w = self._noise_w(surroundings)
        shape = np.broadcast_shapes(ranges.shape, noise_w.shape)
        ranges = np.broadcast_to(ranges, shape)
        table, required = self._table(), self._required_es_n0()
        snr = self._unfaded_w(ranges) / np.broadcast_to(noise_w, shape)[..., None]  # (..., streams)
        faded = snr * math.exp(-self._fade_nepers())
        row = np.searchsorted(required, faded, side="right") - 1  # -1: this stream carries nothing
        efficiency = np.where(row >= 0, table.spectral_efficiency[row], 0.0)
        rate_bps = efficiency.sum(axis=-1) * self.symbol_rate_bd * self._parallel
        closes = row[..., 0] >= 0
        used = np.maximum(row[..., 0], 0)  # streams come strongest first; the strongest has the margin
        first, second = self._fade_means()
        if closes.any() and self._fade_nepers() * db(math.e) > DEEP_FADE_DB:
            warnings.warn(
                f"jitter_rad={self.jitter_rad!r} with outage={self.outage!r}: a fade deeper than {DEEP_FADE_DB:g} dB, "
                "which a Gaussian main lobe understates; use smaller dishes or less jitter",
                ValidityWarning,
                stacklevel=2,
            )
        # every stream keeps its row while none has faded below it: the tightest decides
        spare = np.where(row >= 0, np.log(snr / required[np.maximum(row, 0)]), np.inf).min(axis=-1)
        spare = np.where(closes, np.maximum(spare, 0.0), 0.0)
        outage = two_end_outage(loss_nepers=spare, mean_1_nepers=first, mean_2_nepers=second)
        # at zero jitter a row met exactly is met always
        outage = np.where(first + second == 0.0, 0.0, outage)
        frame_s = table.frame_bits[used] / (table.coded_bits_per_symbol[used] * self.symbol_rate_bd)
        least, most = self.radio.data["modem_frames"].ends
        flight_s = ranges / speed_of_light
        dc_w = self._parallel * self.antennas * self.amplifiers * self.amplifier["dc_power_w"]
        return LinkState(
            rate_bps=np.asarray(rate_bps),
            latency_s=np.asarray(flight_s + frame_s * most),
            latency_low_s=np.asarray(flight_s + frame_s * least),
            power_w=np.where(closes, dc_w + self.radio["modem_energy_per_bit_j"] * rate_bps, 0.0),
            availability=np.where(closes, 1.0 - outage, 0.0),
            margin_db=db(faded[..., 0] / required[used]),
            channels=np.asarray((row >= 0).sum(axis=-1) * self._parallel, dtype=np.int64),
        )

    def budget(self, *, range_m: float) -> LinkBudget:
        """The ledger of the strongest stream of one channel at one range, for the modcod that `at` uses there."""
        distance = require_positive(range_m, name="range_m")
        table, required = self._table(), self._required_es_n0()
        dishes = {"tx_diameter_m": self.transmit_diameter_m, "rx_diameter_m": self.receive_diameter_m}
        friis_db = float(db(far_field_transmission(range_m=distance, frequency_hz=self.frequency_hz, **dishes)))
        single_w = self._unfaded_w(distance)[0]
        terms = [
            ("aperture efficiency and surface, both ends", float(db(self._efficiency))),
            ("feeds, filters, polarisers", -self.radio["other_losses_db"]),
            ("Friis, A_t A_r / (lambda d)^2", friis_db),
        ]
        received_dbm = float(dbm(single_w))
        transmit_dbm = float(dbm(self.channel_power_w))
        array_db = 0.0
        if self.antennas > 1:
            array_db = float(db(self.antennas * self._stream_gains(distance)[0]))
        near_db = received_dbm - transmit_dbm - array_db - math.fsum(term for _, term in terms)
        terms.append(("near field", near_db))
        if self.antennas > 1:
            terms.append((f"strongest of {self.antennas} streams", array_db))
        fade = self._fade_nepers()
        terms.append((f"pointing fade of both ends, outage {self.outage:g}", -float(db(math.exp(fade)))))
        noise_w = float(self._noise_w(None))
        row = max(0, int(np.searchsorted(required, single_w / noise_w * math.exp(-fade), side="right")) - 1)
        return LinkBudget(
            title=f"{self.radio.title} at {self.frequency_hz / 1e9:g} GHz over {float(distance):g} m, one channel of "
            f"{self.symbol_rate_bd / 1e9:.4g} GBd, {table.names[row]}",
            transmit_dbm=transmit_dbm,
            terms=tuple(terms),
            sensitivity_dbm=float(dbm(required[row] * noise_w)),
        )

    def interference_w(
        self, *, range_m: ArrayLike, transmit_angle_rad: ArrayLike, receive_angle_rad: ArrayLike
    ) -> Floats:
        """Power that an equal transmitter pointed elsewhere puts into one channel of this receiver. [W]

        Parameters
        ----------
        range_m : array
            From the interferer. [m]
        transmit_angle_rad, receive_angle_rad : array
            Between the line to each other and the pointing of the interferer's and of this antenna. [rad]

        Notes
        -----
        On-axis coupling times the sidelobe envelopes of both dishes; co-channel and co-polar. Sum over interferers for
        `Surroundings.interference_w`.
        """
        ranges = require_positive(range_m, name="range_m")
        patterns = dish_pattern_envelope(
            angle_rad=transmit_angle_rad, diameter_m=self.transmit_diameter_m, frequency_hz=self.frequency_hz
        ) * dish_pattern_envelope(
            angle_rad=receive_angle_rad, diameter_m=self.receive_diameter_m, frequency_hz=self.frequency_hz
        )
        coupling = flat_aperture_transmission(
            tx_diameter_m=self.transmit_diameter_m,
            rx_diameter_m=self.receive_diameter_m,
            range_m=ranges,
            frequency_hz=self.frequency_hz,
        )
        losses = self._efficiency * float(from_db(-self.radio["other_losses_db"]))
        return np.asarray(self.antennas * self.channel_power_w * losses * coupling * patterns)

    def limit_bps(self, *, range_m: ArrayLike) -> Floats:
        """What physics allows between the same dishes in the same band at the same power, one direction. [bit/s]

        Notes
        -----
        Holevo capacity with water-filling over all spatial modes, both polarisations, the occupied band, all amplifiers
        saturated, no losses but diffraction and no thermal photons. With several antennas the aperture is the disc that
        holds their line. Interpolated in ln(k a b/z).
        """
        ranges = require_positive(range_m, name="range_m")
        if ranges.size == 0:
            return np.zeros(ranges.shape)
        line_m = (self.antennas - 1) * self.antenna_spacing_m
        radii = 0.25 * (self.transmit_diameter_m + line_m) * (self.receive_diameter_m + line_m)
        wavelength = float(wavelength_m(frequency_hz=self.frequency_hz))
        position = np.log(2.0 * math.pi * radii / (wavelength * ranges)) * _LIMIT_KNOTS_PER_E
        knots = range(math.floor(position.min()) - 1, math.ceil(position.max()) + 2)
        amplifiers = self._parallel * self.antennas * self.amplifiers
        power_w = amplifiers * self.amplifier["saturated_output_w"]
        logs = [math.log(_limit_knot(index, power_w, self._total_hz, wavelength)) for index in knots]
        return np.asarray(np.exp(scipy.interpolate.PchipInterpolator(np.array(knots, dtype=float), logs)(position)))


@lru_cache(maxsize=4096)
def _limit_knot(index: int, power_w: float, bandwidth_hz: float, wavelength: float) -> float:
    spectrum = circular_modes(c=math.exp(index / _LIMIT_KNOTS_PER_E))
    return holevo_capacity_bps(spectrum=spectrum, power_w=power_w, bandwidth_hz=bandwidth_hz, wavelength_m=wavelength)
