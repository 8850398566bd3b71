"""An optical link between two equal telescopes as a `LinkModel`: coherent transceivers on single-mode fibre.

Near and far field by one diffraction integral, pointing of both ends, tiling with its crosstalk, amplifier noise,
overload. Leaves out acquisition, thermal effects, phase noise, light scattered in the optics, and the crosstalk that
tiles add while they are tilted.
"""

import math
import warnings
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import constants

from .aperture import marechal_factor
from .capacity import holevo_capacity_bps
from .coupling_table import interpolate_rows, tabulated_coupling
from .dwdm import channel_count, channel_share_w
from .model import LinkBudget, LinkState, Surroundings, ValidityWarning, require_count, require_positive
from .modes import circular_modes, square_modes
from .modulation import osnr
from .parts import Part, all_parts
from .pointing import DEEP_FADE_DB, two_end_fade_nepers, two_end_outage
from .transceiver import LineMode, line_modes
from .units import db, dbm, from_db, watt_from_dbm

__all__ = ["OpticalLink"]

Floats = NDArray[np.float64]

LIMIT_KNOTS_PER_E = 8  # numerical setting of `limit_bps`; the interpolation error is tested
_NO_LIGHT_NEPERS = 512.0  # a deeper fade would underflow; no receiver hears this one


class _Level(NamedTuple):
    """One channel before the choice of a line mode, at each range."""

    coupling: Floats
    unfaded_w: Floats
    faded_w: Floats
    fade_nepers: Floats
    mean_1_nepers: Floats
    mean_2_nepers: Floats
    noise_to_signal: Floats


@dataclass(frozen=True, kw_only=True)
class OpticalLink:
    """One direction between two equal telescopes, one transceiver per wavelength and sub-aperture.

    Parameters
    ----------
    aperture_m : float
        Diameter of the circular aperture at both ends; with more than one sub-aperture the side of the square that
        holds them. [m]
    wavelength_m : float
        At mid band. [m]
    transceiver : Part
        Kind `transceiver`, with `mode_*` groups.
    channels : int
        Wavelengths per direction and sub-aperture.
    truncation : float
        (Sub-)aperture radius over the 1/e^2 intensity radius of the fibre mode in it, both ends. [-]
    optics_loss_db : float
        All passive losses of both ends together, without truncation and diffraction. [dB]
    jitter_rad : float
        Pointing jitter, rms per axis, of each end. [rad]
    outage : float
        Part of the time the received power may be below the level that sets the rate. [-]
    sub_apertures : int
        1, or n^2 tiles of diameter aperture_m/n in a square of side aperture_m, all on the same wavelengths.
    focus_m : float or None
        Where both ends focus; None is collimated. [m]
    amplifier : Part or None
        A booster shared by all channels of all sub-apertures.
    wavefront_error_waves : float
        Rms wavefront error of each end. [waves]

    Notes
    -----
    Per channel: launch power (or booster output over all channels), optics loss, fibre-to-fibre Fresnel coupling
    (truncation and mode match are in it), Marechal factor `exp(-(2 pi sigma)^2)` per end, and the fade that the jitter
    of both ends exceeds with probability `outage`. A tilted transmitter displaces and tilts the beam at the receiver, a
    tilted receiver turns its mode: both follow from the same integral, so the model is reciprocal. The rate is that of
    the fastest line mode whose sensitivity (at the OSNR left by transmitter, booster, crosstalk of the other tiles and
    surroundings) lies below the faded, and whose overload lies above the unfaded level.

    One transceiver transmits one direction and receives the other. A direction (transmitter at the tail, receiver at
    the head) is charged the power of one transceiver per channel, so two arcs are charged two; the booster is added.

    Examples
    --------
    >>> from links import load_part
    >>> link = OpticalLink(aperture_m=0.1, wavelength_m=1.55e-6, transceiver=load_part("coherent_400zr"), channels=24,
    ...     truncation=1.12, optics_loss_db=3.0, jitter_rad=1e-6, outage=1e-6)
    >>> (link.at(range_m=[100.0, 283.0]).rate_bps / 1e12).tolist()
    [9.6, 9.6]
    """

    aperture_m: float
    wavelength_m: float
    transceiver: Part
    channels: int
    truncation: float
    optics_loss_db: float
    jitter_rad: float
    outage: float
    sub_apertures: int = 1
    focus_m: float | None = None
    amplifier: Part | None = None
    wavefront_error_waves: float = 0.0

    def __post_init__(self) -> None:
        for name in ("aperture_m", "wavelength_m", "truncation"):
            require_positive(getattr(self, name), name=name)
        for name in ("optics_loss_db", "jitter_rad", "wavefront_error_waves"):
            require_positive(getattr(self, name), name=name, zero=True)
        if not 0.0 < self.outage < 1.0:
            raise ValueError(f"outage={self.outage!r}: need a probability between 0 and 1")
        for name in ("channels", "sub_apertures"):
            object.__setattr__(self, name, require_count(getattr(self, name), name=name))
        if math.isqrt(self.sub_apertures) ** 2 != self.sub_apertures:
            raise ValueError(f"sub_apertures={self.sub_apertures!r}: tiles fill a square, use 1, 4, 9, 16, ...")
        if self.focus_m is not None and (self.focus_m == 0.0 or not math.isfinite(self.focus_m)):
            raise ValueError(f"focus_m={self.focus_m!r}: need a finite distance other than 0, or None for collimated")
        line_modes(self.transceiver)
        band, middle_hz = self.band(), constants.c / self.wavelength_m
        if not band["low_hz"] <= middle_hz <= band["high_hz"]:
            warnings.warn(
                f"wavelength_m={self.wavelength_m!r} is outside {band.title}, where {self.transceiver.name} works; "
                "its sensitivity and channels are extrapolated there",
                ValidityWarning,
                stacklevel=3,
            )

    @property
    def medium(self) -> str:
        """Short name of the medium."""
        return "optical"

    @property
    def tiles_per_side(self) -> int:
        """Tiles along one side of the square; 1 for a single aperture."""
        return math.isqrt(self.sub_apertures)

    @property
    def tile_radius_m(self) -> float:
        """Radius of one (sub-)aperture. [m]"""
        return 0.5 * self.aperture_m / self.tiles_per_side

    @property
    def parallel_channels(self) -> int:
        """Channels over all sub-apertures, one direction."""
        return self.channels * self.sub_apertures

    @property
    def channel_power_w(self) -> float:
        """Power launched per channel. [W]"""
        if self.amplifier is None:
            return float(watt_from_dbm(self.transceiver["launch_power_dbm"]))
        return float(channel_share_w(output_w=self.amplifier["saturated_output_w"], channels=self.parallel_channels))

    def band(self) -> Part:
        """The narrowest catalogued optical band that holds the channels of one direction."""
        spacing_hz = self.transceiver["channel_spacing_hz"]
        bands = [part for part in all_parts().values() if part.kind == "optical_band"]
        for part in sorted(bands, key=lambda part: part["high_hz"] - part["low_hz"]):
            if channel_count(band_hz=part["high_hz"] - part["low_hz"], spacing_hz=spacing_hz) >= self.channels:
                return part
        raise ValueError(
            f"channels={self.channels!r} of {spacing_hz:.4g} Hz need more than the widest catalogued optical band; "
            "use fewer channels, or more sub-apertures"
        )

    @property
    def power_w(self) -> float:
        """Electrical power charged to one direction: a transceiver per channel and the booster. [W]"""
        booster_w = 0.0
        if self.amplifier is not None:
            booster_w = self.amplifier["saturated_output_w"] / self.amplifier["wall_plug_efficiency"]
        return self.parallel_channels * self.transceiver["power_w"] + booster_w

    @property
    def _fixed_terms_db(self) -> tuple[tuple[str, float], ...]:
        wavefront = 2.0 * float(db(marechal_factor(wavefront_error_waves=self.wavefront_error_waves)))
        return (("optics of both ends", -self.optics_loss_db), ("wavefront error of both ends", wavefront))

    def _source_noise(self) -> float:
        """1/OSNR of what is launched: the transmitter's own, and the booster's spontaneous emission."""
        noise = float(from_db(-self.transceiver["transmit_osnr_db"]))
        if self.amplifier is not None:
            noise += 1.0 / float(
                osnr(
                    power_w=watt_from_dbm(self.transceiver["launch_power_dbm"]),
                    noise_figure_db=self.amplifier["noise_figure_db"],
                    wavelength_m=self.wavelength_m,
                    reference_bandwidth_hz=self.transceiver["osnr_reference_bandwidth_hz"],
                )
            )
        return noise

    def _level(self, range_m: Floats, surroundings: Surroundings | None) -> _Level:
        table = tabulated_coupling(
            range_m=range_m, tile_radius_m=self.tile_radius_m, wavelength_m=self.wavelength_m,
            truncation=self.truncation, focus_m=self.focus_m, tiles_per_side=self.tiles_per_side,
        )  # fmt: skip
        # both axes of an end jitter, so the mean fade is exponent x 2 (k a sigma)^2
        turn = 2.0 * (2.0 * math.pi / self.wavelength_m * self.tile_radius_m * self.jitter_rad) ** 2
        mean_1, mean_2 = turn * table.tilt_sum, turn * table.tilt_difference
        fade = self._fade_nepers(mean_1, mean_2)
        fixed = float(from_db(math.fsum(loss for _, loss in self._fixed_terms_db)))
        unfaded_w = self.channel_power_w * fixed * table.coupling
        faded_w = unfaded_w * np.exp(-np.minimum(fade, _NO_LIGHT_NEPERS))
        reference_hz = self.transceiver["osnr_reference_bandwidth_hz"]
        # noise that fills a channel, as OSNR counts it
        per_symbol = reference_hz / self.transceiver["symbol_rate_bd"]
        noise = self._source_noise() + table.crosstalk * per_symbol
        if surroundings is not None:
            polarisations = 2.0
            extra_w = surroundings.interference_w * per_symbol
            extra_w = extra_w + polarisations * reference_hz * surroundings.background_w_hz
            noise = noise + extra_w / faded_w
        return _Level(*np.broadcast_arrays(table.coupling, unfaded_w, faded_w, fade, mean_1, mean_2, noise))

    def _fade_nepers(self, mean_1: Floats, mean_2: Floats) -> Floats:
        """Fade at the outage; over the larger mean it depends on the ratio of the means only, so it is tabulated."""
        large, small = np.maximum(mean_1, mean_2), np.minimum(mean_1, mean_2)
        ratio = small / np.where(large > 0.0, large, 1.0)
        grid, quantile = _fade_quantile(self.outage)
        return np.asarray(large * np.interp(ratio, grid, quantile))

    def _margin_db(self, mode: LineMode, level: _Level) -> Floats:
        short = mode.osnr_shortfall(noise_to_signal=level.noise_to_signal)
        needed_w = mode.required_w(noise_to_signal=np.minimum(level.noise_to_signal, mode.noise_to_signal[-1]))
        power = np.minimum(db(level.faded_w / needed_w), db(mode.overload_w / level.unfaded_w))
        return np.where(short > 1.0, np.minimum(power, -db(short)), power)

    def _choose(self, modes: tuple[LineMode, ...], level: _Level) -> tuple[NDArray[np.int64], Floats]:
        """Index of the fastest mode that closes, else of the nearest to closing; its margin in dB."""
        margins = np.stack([self._margin_db(mode, level) for mode in modes])
        closes = margins >= 0.0
        chosen = np.where(closes.any(axis=0), closes.argmax(axis=0), margins.argmax(axis=0))
        return chosen, np.take_along_axis(margins, chosen[None], axis=0)[0]

    def at(self, *, range_m: ArrayLike, surroundings: Surroundings | None = None) -> LinkState:
        """State of one direction at each range.

        Parameters
        ----------
        range_m : array
            Distance between the apertures. [m]
        surroundings : Surroundings or None
            Interference and background at the detector of one channel, broadcast against `range_m`.
        """
        ranges = require_positive(range_m, name="range_m")
        modes = line_modes(self.transceiver)
        level = self._level(ranges, surroundings)
        chosen, margin_db = self._choose(modes, level)
        closes = margin_db >= 0.0
        if np.any(closes & (level.fade_nepers * db(math.e) > DEEP_FADE_DB)):
            warnings.warn(
                f"jitter_rad={self.jitter_rad!r} with outage={self.outage!r}: fades deeper than {DEEP_FADE_DB:g} dB, "
                "which the Gaussian fall of the coupling with angle understates; use smaller apertures or less jitter",
                ValidityWarning,
                stacklevel=2,
            )
        needed_w = np.stack([mode.required_w(noise_to_signal=level.noise_to_signal) for mode in modes])
        needed_w = np.where(closes, np.take_along_axis(needed_w, chosen[None], axis=0)[0], level.unfaded_w)
        missed = two_end_outage(
            loss_nepers=np.maximum(np.log(level.unfaded_w / needed_w), 0.0),
            mean_1_nepers=level.mean_1_nepers,
            mean_2_nepers=level.mean_2_nepers,
        )
        payload_bps = np.array([mode.payload_bps for mode in modes])[chosen]
        low_s, high_s = self.transceiver.data["latency_s"].ends
        flight_s = np.broadcast_to(ranges, closes.shape) / constants.c
        return LinkState(
            rate_bps=np.where(closes, payload_bps * self.parallel_channels, 0.0),
            latency_s=flight_s + high_s,
            latency_low_s=flight_s + low_s,
            power_w=np.full(closes.shape, self.power_w),
            availability=np.where(closes, 1.0 - missed, 0.0),
            margin_db=margin_db,
            channels=np.where(closes, self.parallel_channels, 0).astype(np.int64),
        )

    def budget(self, *, range_m: float) -> LinkBudget:
        """The ledger of one channel at one range, for the line mode that `at` uses there.

        Notes
        -----
        Where the unfaded level comes nearer to overload than the faded one to the sensitivity, the fade is left out.
        The sensitivity is the one at the OSNR that is left; where no power is enough, the level at which all noise that
        does not come with the signal would be small enough.
        """
        modes = line_modes(self.transceiver)
        level = self._level(require_positive(range_m, name="range_m"), None)
        chosen, margin = self._choose(modes, level)
        mode, margin_db = modes[int(chosen)], float(margin)
        unfaded_dbm, faded_dbm, overload_dbm = (
            float(dbm(w)) for w in (level.unfaded_w, level.faded_w, mode.overload_w)
        )
        bright = overload_dbm - unfaded_dbm <= margin_db
        fade = (f"pointing of both ends, exceeded {self.outage:g} of time", faded_dbm - unfaded_dbm)
        if bright:
            fade = ("pointing, left out: overload is nearer", 0.0)
        needed_w = mode.required_w(noise_to_signal=np.minimum(level.noise_to_signal, mode.noise_to_signal[-1]))
        source = "transceiver" if self.amplifier is None else f"{self.amplifier.name} shared"
        return LinkBudget(
            title=f"{self.parallel_channels} channels at {float(range_m):g} m; one of them: {mode.name}, {source}, "
            f"OSNR {-float(db(level.noise_to_signal)):.1f} dB",
            transmit_dbm=float(dbm(self.channel_power_w)),
            terms=(
                *self._fixed_terms_db,
                ("diffraction and truncation, fibre to fibre", float(db(level.coupling))),
                fade,
            ),
            sensitivity_dbm=float(dbm(needed_w)) if bright else faded_dbm - margin_db,
            overload_dbm=overload_dbm,
        )

    def limit_bps(self, *, range_m: ArrayLike) -> Floats:
        """What physics allows between these apertures in this band at this transmitted power, one direction. [bit/s]

        Parameters
        ----------
        range_m : array
            Distance between the apertures. [m]

        Notes
        -----
        Holevo capacity with water-filling over all spatial modes of the aperture (a disc; with sub-apertures the square
        that holds them), both polarisations, the catalogued band, no loss but diffraction, no background; the power is
        that of all channels together. Interpolated in ln(range).
        """
        ranges = require_positive(range_m, name="range_m")
        if ranges.size == 0:
            return np.zeros(ranges.shape)
        c = 2.0 * math.pi * (0.5 * self.aperture_m) ** 2 / (self.wavelength_m * ranges)
        position = np.log(c) * LIMIT_KNOTS_PER_E
        first, last = math.floor(position.min()) - 1, math.floor(position.max()) + 2
        band = self.band()
        band_hz = band["high_hz"] - band["low_hz"]
        power_w = self.channel_power_w * self.parallel_channels
        square = self.sub_apertures > 1
        table = [_log_limit(i, square, power_w, band_hz, self.wavelength_m) for i in range(first, last + 1)]
        return np.asarray(np.exp(interpolate_rows(position=position, first=first, table=np.array(table)[:, None])[0]))


@lru_cache(maxsize=4096)
def _log_limit(index: int, square: bool, power_w: float, bandwidth_hz: float, wavelength_m: float) -> float:
    c = math.exp(index / LIMIT_KNOTS_PER_E)
    spectrum = square_modes(c=c) if square else circular_modes(c=c)
    return math.log(
        holevo_capacity_bps(spectrum=spectrum, power_w=power_w, bandwidth_hz=bandwidth_hz, wavelength_m=wavelength_m)
    )


@lru_cache(maxsize=64)
def _fade_quantile(outage: float) -> tuple[Floats, Floats]:
    """Fade at the outage over the larger mean, against the ratio of the means."""
    ratio = np.linspace(0.0, 1.0, 1025)
    return ratio, two_end_fade_nepers(outage=outage, mean_1_nepers=1.0, mean_2_nepers=ratio)
