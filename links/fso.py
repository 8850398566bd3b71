"""An optical link between two equal telescopes as a `LinkModel`: coherent transceivers on single-mode fibre.

Near and far field by one diffraction integral, pointing of both ends, tiling with its crosstalk, amplifier noise,
overload. Leaves out acquisition, thermal effects, phase noise, and light scattered inside the optics.
"""

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import constants

from .capacity import holevo_capacity_bps
from .coupling import MAX_SPACE_BANDWIDTH, mode_overlap, offset_coupling
from .model import LinkBudget, LinkState, Surroundings, ValidityWarning, require_positive
from .modes import circular_modes, square_modes
from .parts import Part, all_parts
from .pointing import two_end_fade_nepers, two_end_outage
from .transceiver import LineMode, line_modes
from .units import db, dbm, from_db, watt_from_dbm

__all__ = ["OpticalLink"]

Floats = NDArray[np.float64]

# Numerical settings of the interpolation in ln(k a^2/z); its error is tested against direct evaluation.
_KNOTS_PER_E = 24
_LIMIT_KNOTS_PER_E = 8
_DEEP_FADE_DB = 6.0  # beyond it the Gaussian fall with angle is too kind to a truncated beam


@lru_cache(maxsize=16384)
def _knot(index: int, truncation: float, focus_rad: float, tiles_per_side: int) -> tuple[float, float, float, float]:
    """ln coupling, the two tilt exponents (of k a theta), crosstalk ratio at ln c = index / _KNOTS_PER_E."""
    c = math.exp(index / _KNOTS_PER_E)
    defocus = 0.5 * (c - focus_rad)
    overlap = mode_overlap(
        c=c, truncation_t=truncation, truncation_r=truncation, defocus_t_rad=defocus, defocus_r_rad=defocus
    )
    square = 0.5 * (overlap.tilt_tt + overlap.tilt_rr)
    exponents = (max(0.0, square + overlap.tilt_tr), max(0.0, square - overlap.tilt_tr))
    crosstalk = 0.0
    if tiles_per_side > 1:
        squares = _tile_distances(tiles_per_side)
        spill = offset_coupling(
            c=c, truncation=truncation, defocus_rad=defocus, offset_radii=2.0 * np.sqrt(np.array(list(squares)))
        )
        crosstalk = float(spill @ np.array(list(squares.values()))) / overlap.power
    return math.log(overlap.power), *exponents, crosstalk


@lru_cache(maxsize=64)
def _tile_distances(tiles_per_side: int) -> dict[int, int]:
    """Squared distances, in tile pitches, from the most central tile to the others, and how many are there."""
    centre = tiles_per_side // 2
    found: dict[int, int] = {}
    for i in range(tiles_per_side):
        for j in range(tiles_per_side):
            square = (i - centre) ** 2 + (j - centre) ** 2
            if 0 < square <= 8:  # two rings: what lies farther is weaker than these by tens of dB wherever a link works
                found[square] = found.get(square, 0) + 1
    return found


def _interpolate(position: Floats, first: int, table: Floats) -> Floats:
    """Local four-point Lagrange interpolation of the rows of `table`, row r at position first + r."""
    start = np.floor(position).astype(np.int64)
    u = position - start
    row = start - first
    weights = (
        -u * (u - 1.0) * (u - 2.0) / 6.0,
        (u + 1.0) * (u - 1.0) * (u - 2.0) / 2.0,
        -(u + 1.0) * u * (u - 2.0) / 2.0,
        (u + 1.0) * u * (u - 1.0) / 6.0,
    )
    columns = table.T
    total = np.zeros((columns.shape[0], *position.shape))
    for shift, weight in zip((-1, 0, 1, 2), weights, strict=True):
        for column, values in enumerate(columns):
            total[column] += weight * values[row + shift]
    return total


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
    of both ends exceeds with probability `outage`. A transmitter tilt moves and tilts the beam at the receiver, a
    receiver tilt turns its mode: both follow from the same integral, so the model is reciprocal. The rate is that of the
    fastest line mode whose sensitivity (at the OSNR left by transmitter, booster, crosstalk of the other tiles and
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
            value = getattr(self, name)
            if value != int(value) or value < 1:
                raise ValueError(f"{name}={value!r}: need a whole number >= 1")
        if math.isqrt(self.sub_apertures) ** 2 != self.sub_apertures:
            raise ValueError(f"sub_apertures={self.sub_apertures!r}: tiles fill a square, use 1, 4, 9, 16, ...")
        if self.focus_m is not None and (self.focus_m == 0.0 or not math.isfinite(self.focus_m)):
            raise ValueError(f"focus_m={self.focus_m!r}: need a finite distance other than 0, or None for collimated")
        line_modes(self.transceiver)
        self.band()

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
        return self.amplifier["saturated_output_w"] / self.parallel_channels

    def band(self) -> Part:
        """The narrowest catalogued optical band that holds the channels of one direction."""
        needed_hz = self.channels * self.transceiver["channel_spacing_hz"]
        bands = [part for part in all_parts().values() if part.kind == "optical_band"]
        for part in sorted(bands, key=lambda part: part["high_hz"] - part["low_hz"]):
            if part["high_hz"] - part["low_hz"] >= needed_hz:
                return part
        raise ValueError(
            f"channels={self.channels!r} of {self.transceiver['channel_spacing_hz']:.4g} Hz need {needed_hz:.4g} Hz, more "
            "than the widest catalogued optical band; use fewer channels or more sub-apertures"
        )

    def _space_bandwidth(self, range_m: Floats) -> Floats:
        c = 2.0 * math.pi * self.tile_radius_m**2 / (self.wavelength_m * range_m)
        if np.any(c > MAX_SPACE_BANDWIDTH):
            nearest = 2.0 * math.pi * self.tile_radius_m**2 / (self.wavelength_m * MAX_SPACE_BANDWIDTH)
            raise ValueError(f"range_m={float(range_m.min())!r}: these apertures need at least {nearest:.3g} m")
        return np.asarray(c)

    def _couplings(self, range_m: Floats) -> tuple[Floats, Floats, Floats, Floats, Floats]:
        """Coupling, mean fade of the two tilt combinations, fade at the outage (nepers), crosstalk ratio."""
        position = np.log(self._space_bandwidth(range_m)) * _KNOTS_PER_E
        if position.size == 0:
            return (np.zeros(range_m.shape),) * 5
        first = math.floor(position.min()) - 1
        wavenumber_radius = 2.0 * math.pi / self.wavelength_m * self.tile_radius_m
        focus_rad = 0.0 if self.focus_m is None else wavenumber_radius * self.tile_radius_m / self.focus_m
        wanted = np.zeros(math.floor(position.max()) + 3 - first, dtype=bool)
        starts = np.floor(position.ravel()).astype(np.int64) - first
        for shift in (-1, 0, 1, 2):
            wanted[starts + shift] = True
        table = np.zeros((wanted.size, 5))
        for row in np.flatnonzero(wanted):
            table[row, (0, 1, 2, 4)] = _knot(int(row) + first, self.truncation, focus_rad, self.tiles_per_side)
        table[:, 1:3] *= 2.0 * (wavenumber_radius * self.jitter_rad) ** 2
        table[:, 3] = two_end_fade_nepers(outage=self.outage, mean_1_nepers=table[:, 1], mean_2_nepers=table[:, 2])
        log_power, mean_1, mean_2, fade, crosstalk = _interpolate(position, first, table)
        return np.exp(log_power), np.maximum(mean_1, 0.0), np.maximum(mean_2, 0.0), fade, np.maximum(crosstalk, 0.0)

    @property
    def _fixed_loss_db(self) -> tuple[tuple[str, float], ...]:
        wavefront = -2.0 * float(db(math.exp((2.0 * math.pi * self.wavefront_error_waves) ** 2)))
        return (("optics of both ends", -self.optics_loss_db), ("wavefront error of both ends (Marechal)", wavefront))

    def _source_noise(self) -> float:
        """1/OSNR of what is launched: transmitter, and booster spontaneous emission."""
        noise = float(from_db(-self.transceiver["transmit_osnr_db"]))
        if self.amplifier is not None:
            photon_j = constants.h * constants.c / self.wavelength_m
            reference_hz = self.transceiver["osnr_reference_bandwidth_hz"]
            input_w = float(watt_from_dbm(self.transceiver["launch_power_dbm"]))
            noise += float(from_db(self.amplifier["noise_figure_db"])) * photon_j * reference_hz / input_w
        return noise

    def _levels(self, range_m: Floats, surroundings: Surroundings | None) -> dict[str, Floats]:
        coupling, mean_1, mean_2, fade, crosstalk = self._couplings(range_m)
        fixed = float(from_db(sum(loss for _, loss in self._fixed_loss_db)))
        unfaded = self.channel_power_w * fixed * coupling
        faded = unfaded * np.exp(-fade)
        per_symbol = self.transceiver["osnr_reference_bandwidth_hz"] / self.transceiver["symbol_rate_bd"]
        noise = self._source_noise() + crosstalk * per_symbol
        if surroundings is not None:
            polarisations = 2.0
            reference_hz = self.transceiver["osnr_reference_bandwidth_hz"]
            extra_w = surroundings.interference_w * per_symbol
            extra_w = extra_w + polarisations * reference_hz * surroundings.background_w_hz
            noise = noise + extra_w / faded
        return {
            "coupling": coupling, "mean_1": mean_1, "mean_2": mean_2, "fade": fade, "crosstalk": crosstalk,
            "unfaded": unfaded, "faded": faded, "noise": np.broadcast_to(noise, faded.shape),
        }  # fmt: skip

    @staticmethod
    def _margin_db(mode: LineMode, level: dict[str, Floats]) -> Floats:
        shortfall = mode.osnr_shortfall(noise_to_signal=level["noise"])
        required = mode.required_w(noise_to_signal=np.minimum(level["noise"], mode.noise_to_signal[-1]))
        power = np.minimum(db(level["faded"] / required), db(mode.overload_w / level["unfaded"]))
        return np.where(shortfall > 1.0, np.minimum(power, -db(np.maximum(shortfall, 1e-300))), power)

    def _choose(self, modes: Sequence[LineMode], level: dict[str, Floats]) -> tuple[NDArray[np.int64], Floats]:
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
        level = self._levels(ranges, surroundings)
        shape = level["noise"].shape
        ranges = np.broadcast_to(ranges, shape)
        level = {name: np.broadcast_to(values, shape) for name, values in level.items()}
        chosen, margin_db = self._choose(modes, level)
        closes = margin_db >= 0.0
        payload = np.array([mode.payload_bps for mode in modes])[chosen]
        required = np.stack([mode.required_w(noise_to_signal=level["noise"]) for mode in modes])
        required = np.take_along_axis(required, chosen[None], axis=0)[0]
        if np.any(closes & (db(np.exp(level["fade"])) > _DEEP_FADE_DB)):
            warnings.warn(
                f"jitter_rad={self.jitter_rad!r}: fades deeper than {_DEEP_FADE_DB:g} dB at outage={self.outage!r}; the "
                "Gaussian fall with angle understates them: use a smaller (sub-)aperture, less jitter or more outage",
                ValidityWarning,
                stacklevel=2,
            )
        with np.errstate(invalid="ignore"):
            spare = np.where(closes, np.log(level["unfaded"] / np.where(closes, required, 1.0)), 0.0)
        outage = two_end_outage(
            loss_nepers=np.maximum(spare, 0.0), mean_1_nepers=level["mean_1"], mean_2_nepers=level["mean_2"]
        )
        electronics = self.transceiver.data["latency_s"]
        flight_s = ranges / constants.c
        return LinkState(
            rate_bps=np.where(closes, payload * self.parallel_channels, 0.0),
            latency_s=flight_s + (electronics.value if electronics.high is None else electronics.high),
            latency_low_s=flight_s + (electronics.value if electronics.low is None else electronics.low),
            power_w=np.full(shape, self.power_w),
            availability=np.where(closes, 1.0 - outage, 0.0),
            margin_db=margin_db,
            channels=np.where(closes, self.parallel_channels, 0).astype(np.int64),
        )

    @property
    def power_w(self) -> float:
        """Electrical power charged to one direction: a transceiver per channel and the booster. [W]"""
        booster = 0.0
        if self.amplifier is not None:
            booster = self.amplifier["saturated_output_w"] / self.amplifier["wall_plug_efficiency"]
        return self.parallel_channels * self.transceiver["power_w"] + booster

    def budget(self, *, range_m: float) -> LinkBudget:
        """The ledger of one channel at one range, for the line mode that `at` uses there."""
        modes = line_modes(self.transceiver)
        level = self._levels(require_positive(range_m, name="range_m"), None)
        chosen, margin_db = self._choose(modes, level)
        mode, margin = modes[int(chosen)], float(margin_db)
        fade_db = float(db(np.exp(level["fade"])))
        faded_dbm, unfaded_dbm = float(dbm(level["faded"])), float(dbm(level["unfaded"]))
        overload_dbm = float(dbm(mode.overload_w))
        overload_binds = math.isclose(margin, overload_dbm - unfaded_dbm, abs_tol=1e-9)
        fade = ("pointing fade (left out: overload is nearer)", 0.0)
        if not overload_binds:
            fade = (f"pointing fade of both ends, outage {self.outage:g}", -fade_db)
        sensitivity_dbm = float(dbm(mode.required_w(noise_to_signal=level["noise"])))
        if not overload_binds:
            sensitivity_dbm = faded_dbm - margin  # also where OSNR is short: the power that would lie at the threshold
        source = "transceiver" if self.amplifier is None else "booster share of one channel"
        return LinkBudget(
            title=f"{self.parallel_channels} channels over {float(range_m):g} m, one of them, {mode.name}, {source}, "
            f"OSNR {-float(db(level['noise'])):.1f} dB",
            transmit_dbm=float(dbm(self.channel_power_w)),
            terms=(
                *self._fixed_loss_db,
                ("fibre-to-fibre diffraction and truncation", float(db(level["coupling"]))),
                fade,
            ),
            sensitivity_dbm=sensitivity_dbm,
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
        that holds them), both polarisations, the catalogued band, no losses but diffraction, no background; the power is
        that of all channels together. Interpolated in ln(range) like the coupling.
        """
        ranges = require_positive(range_m, name="range_m")
        half_side = 0.5 * self.aperture_m
        c = 2.0 * math.pi * half_side**2 / (self.wavelength_m * ranges)
        if c.size == 0:
            return np.zeros(ranges.shape)
        position = np.log(c) * _LIMIT_KNOTS_PER_E
        first = math.floor(position.min()) - 1
        band = self.band()
        power_w = self.channel_power_w * self.parallel_channels
        table = np.array(
            [
                math.log(_limit_knot(index, self.sub_apertures > 1, power_w, band["high_hz"] - band["low_hz"], self.wavelength_m))
                for index in range(first, math.floor(position.max()) + 3)
            ]
        )  # fmt: skip
        return np.asarray(np.exp(_interpolate(position, first, table[:, None])[0]))


@lru_cache(maxsize=4096)
def _limit_knot(index: int, square: bool, power_w: float, bandwidth_hz: float, wavelength_m: float) -> float:
    c = math.exp(index / _LIMIT_KNOTS_PER_E)
    spectrum = square_modes(c=c) if square else circular_modes(c=c)
    return holevo_capacity_bps(
        spectrum=spectrum, power_w=power_w, bandwidth_hz=bandwidth_hz, wavelength_m=wavelength_m
    )
