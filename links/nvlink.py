"""NVLink: a scale-up link over passive copper, whose payload rate follows from its lanes and its codes.

Leaves out packet headers and flow control of the running protocol, except as an `efficiency` and the buffer it needs.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.constants import speed_of_light

from .copper import copper_capacity_bps, copper_loss_db, copper_reach_m
from .model import LinkBudget, LinkState, Surroundings, require_count, require_positive
from .noise import STANDARD_TEMPERATURE_K
from .parts import Part

__all__ = ["NVLink", "credit_buffer_bytes", "credit_limited_rate_bps", "nvlink_payload_bps"]

Floats = NDArray[np.float64]

_BITS_PER_BYTE = 8.0


def nvlink_payload_bps(*, generation: Part) -> float:
    """Payload of one link in one direction. [bit/s]

    Lanes x symbol rate x bits per symbol x FEC rate x line-code rate; codes a generation does not have count as 1.

    >>> from links.parts import load_part
    >>> round(nvlink_payload_bps(generation=load_part("nvlink5")))  # 50 GB/s
    400000000000
    """
    fec = (generation.get("fec_data_symbols") or 1.0) / (generation.get("fec_code_symbols") or 1.0)
    line_code = (generation.get("line_code_data_bits") or 1.0) / (generation.get("line_code_block_bits") or 1.0)
    raw_bps = generation["lanes_per_link"] * generation["symbol_rate_bd"] * generation["bits_per_symbol"]
    return raw_bps * (fec * line_code)


def credit_buffer_bytes(
    *, rate_bps: ArrayLike, range_m: ArrayLike, velocity_factor: ArrayLike = 1.0, electronics_latency_s: ArrayLike = 0.0
) -> Floats:
    """Receive buffer that keeps a credit-based link busy: what is in flight during one round trip. [byte]

    Parameters
    ----------
    rate_bps : array
        One direction. [bit/s]
    range_m : array
        [m]
    velocity_factor : array
        Speed of the signal over that of light: 1 in vacuum.
    electronics_latency_s : array
        Both ends together, one way. [s]

    Notes
    -----
    Rate x round-trip time / 8; the retry buffer of a link-level retransmission needs the same. A lossless network must
    hold the whole product, W. J. Dally and B. Towles, Principles and Practices of Interconnection Networks (2004),
    section 13.3.

    >>> round(float(credit_buffer_bytes(rate_bps=400e9, range_m=300.0)))  # 100 kB a link where the rack needs 400 B
    100069
    """
    rate = require_positive(rate_bps, name="rate_bps", zero=True)
    return np.asarray(rate * _round_trip_s(range_m, velocity_factor, electronics_latency_s) / _BITS_PER_BYTE)


def credit_limited_rate_bps(
    *,
    buffer_bytes: ArrayLike,
    rate_bps: ArrayLike,
    range_m: ArrayLike,
    velocity_factor: ArrayLike = 1.0,
    electronics_latency_s: ArrayLike = 0.0,
) -> Floats:
    """Rate that a fixed receive buffer sustains at a range: at most one buffer a round trip. [bit/s]

    Parameters as in `credit_buffer_bytes`, and the buffer in bytes.
    """
    buffer_bits = require_positive(buffer_bytes, name="buffer_bytes", zero=True) * _BITS_PER_BYTE
    rate = require_positive(rate_bps, name="rate_bps", zero=True)
    trip_s = _round_trip_s(range_m, velocity_factor, electronics_latency_s)
    with np.errstate(divide="ignore", invalid="ignore"):
        sustained = np.where(trip_s > 0.0, buffer_bits / trip_s, np.inf)
    return np.asarray(np.minimum(rate, sustained))


def _round_trip_s(range_m: ArrayLike, velocity_factor: ArrayLike, electronics_latency_s: ArrayLike) -> Floats:
    distance = require_positive(range_m, name="range_m", zero=True)
    factor = require_positive(velocity_factor, name="velocity_factor")
    electronics = require_positive(electronics_latency_s, name="electronics_latency_s", zero=True)
    return np.asarray(2.0 * (distance / (factor * speed_of_light) + electronics))


@dataclass(frozen=True, kw_only=True)
class NVLink:
    """A bundle of NVLinks over passive copper, one direction; the range is the length of the cable.

    Parameters
    ----------
    generation : Part
        `nvlink4`, `nvlink5` ...: lanes, symbol rate, codes, channel budget, energy, latency.
    links : int
        Links in parallel.
    cable : Part
        `twinax_30awg` ...: loss and velocity factor.
    efficiency : float
        Part of the link's payload left after packet headers. 1, the default, compares links as data sheets do;
        the generation's `protocol_efficiency` is what collectives see. [-]

    Notes
    -----
    The link runs at its full rate while the channel loss at the Nyquist frequency (cable and fixed losses) stays within
    the generation's channel budget, and not at all beyond: NVLink has no lower mode to fall back to. With 40 dB and
    30 AWG that is 1.2 m (Astera Labs, The 1.2-Meter Challenge, 2026).

    >>> from links.parts import load_part
    >>> link = NVLink(generation=load_part("nvlink5"), links=18, cable=load_part("twinax_30awg"))
    >>> [round(rate / 8e9) for rate in link.at(range_m=[0.62, 300.0]).rate_bps.tolist()]  # GB/s, one direction
    [900, 0]
    """

    generation: Part
    links: int = 1
    cable: Part
    efficiency: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "links", require_count(self.links, name="links"))
        if not 0.0 < self.efficiency <= 1.0:
            raise ValueError(f"efficiency={self.efficiency!r}: need above 0 and at most 1")
        for key in ("channel_budget_db", "fixed_loss_db", "energy_per_bit_j", "electronics_latency_s"):
            if key not in self.generation.data:
                raise ValueError(f"{self.generation.name}: no {key}, so no link over a cable; use a part that has it")

    @property
    def medium(self) -> str:
        """The medium: copper."""
        return "copper"

    @property
    def payload_bps(self) -> float:
        """Payload of the whole bundle in one direction, within reach. [bit/s]"""
        return self.links * self.efficiency * nvlink_payload_bps(generation=self.generation)

    @property
    def nyquist_hz(self) -> float:
        """Half the symbol rate: the frequency at which channel losses are stated. [Hz]"""
        return self.generation["symbol_rate_bd"] / 2.0

    @property
    def reach_m(self) -> float:
        """Longest cable within the channel budget. [m]"""
        return float(copper_reach_m(cable=self.cable, frequency_hz=self.nyquist_hz,
                                    budget_db=self.generation["channel_budget_db"],
                                    fixed_loss_db=self.generation["fixed_loss_db"]))  # fmt: skip

    def at(self, *, range_m: ArrayLike, surroundings: Surroundings | None = None) -> LinkState:
        """State of one direction at each cable length; a shielded cable does not see its surroundings."""
        length = require_positive(range_m, name="range_m", zero=True)
        loss_db = copper_loss_db(cable=self.cable, length_m=length, frequency_hz=self.nyquist_hz,
                                 fixed_loss_db=self.generation["fixed_loss_db"])  # fmt: skip
        margin_db = np.asarray(self.generation["channel_budget_db"] - loss_db)
        closes = length <= self.reach_m * (1.0 + 1e-12)  # so that `reach_m` itself is in reach
        rate_bps = np.where(closes, self.payload_bps, 0.0)
        propagation_s = length / (self.cable["velocity_factor"] * speed_of_light)
        low_s, high_s = self.generation.data["electronics_latency_s"].ends
        # the SerDes work for every payload bit of the link, headers included
        power_w = rate_bps / self.efficiency * self.generation["energy_per_bit_j"]
        return LinkState(
            rate_bps=rate_bps,
            latency_s=np.asarray(propagation_s + high_s),
            latency_low_s=np.asarray(propagation_s + low_s),
            power_w=np.asarray(power_w),
            availability=np.where(closes, 1.0, 0.0),
            margin_db=margin_db,
            channels=np.asarray(np.where(closes, self.links * int(self.generation["lanes_per_link"]), 0)),
        )

    def budget(self, *, range_m: float) -> LinkBudget:
        """The ledger of one lane at one cable length."""
        length = float(require_positive(range_m, name="range_m", zero=True))
        transmit_dbm = self.generation["transmit_power_dbm"]
        fixed_db = self.generation["fixed_loss_db"]
        total_db = float(copper_loss_db(cable=self.cable, length_m=length, frequency_hz=self.nyquist_hz,
                                        fixed_loss_db=fixed_db))  # fmt: skip
        terms = (
            ("packages, boards, connectors", -fixed_db),
            (f"{length:g} m of {self.cable.title}", fixed_db - total_db),
        )
        return LinkBudget(
            title=f"{self.generation.title}, one lane at {self.nyquist_hz / 1e9:g} GHz",
            transmit_dbm=transmit_dbm,
            terms=terms,
            sensitivity_dbm=transmit_dbm - self.generation["channel_budget_db"],
        )

    def limit_bps(self, *, range_m: ArrayLike) -> Floats:
        """Shannon capacity of the same pairs in the same band at the same power, thermal noise only. [bit/s]"""
        pair_bps = copper_capacity_bps(
            cable=self.cable,
            length_m=range_m,
            bandwidth_hz=self.nyquist_hz,
            transmit_power_dbm=self.generation["transmit_power_dbm"],
            fixed_loss_db=self.generation["fixed_loss_db"],
            noise_temperature_k=STANDARD_TEMPERATURE_K,
        )
        return np.asarray(self.links * self.generation["lanes_per_link"] * pair_bps)
