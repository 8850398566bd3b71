"""Where the kinds of link meet: the `LinkModel` protocol and what it answers with.

A link model is one direction of one link: transmitter at the tail, receiver at the head. It knows
ranges, not graphs. What other satellites and the sky do to it arrives as `Surroundings`.
"""

import math
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .frozen import FrozenArrays

__all__ = [
    "LinkBudget", "LinkModel", "LinkState", "Surroundings", "ValidityWarning", "require_count", "require_positive",
]  # fmt: skip

Floats = NDArray[np.float64]


class ValidityWarning(UserWarning):
    """A model was used outside the range it states; its answer is an extrapolation."""


def require_positive(value: ArrayLike, *, name: str, zero: bool = False) -> Floats:
    """`value` as an array of finite numbers above 0 (`zero=True`: 0 too), or a `ValueError` that names the bad one.

    >>> require_positive(-5.0, name="range_m")
    Traceback (most recent call last):
    ...
    ValueError: range_m=-5.0: need a finite number > 0
    """
    array = np.asarray(value, dtype=float)
    bad = ~(np.isfinite(array) & ((array >= 0.0) if zero else (array > 0.0)))
    if bad.any():
        index = tuple(int(i) for i in np.argwhere(bad)[0])
        which = f"[{', '.join(map(str, index))}]" if index else ""
        raise ValueError(f"{name}{which}={float(array[index])!r}: need a finite number {'>=' if zero else '>'} 0")
    return array


def require_count(value: float, *, name: str) -> int:
    """`value` as a whole number of at least 1, or a `ValueError` that names it.

    >>> require_count(1.5, name="links")
    Traceback (most recent call last):
    ...
    ValueError: links=1.5: need a whole number >= 1
    """
    if not (math.isfinite(value) and value == int(value) and value >= 1):
        raise ValueError(f"{name}={value!r}: need a whole number >= 1")
    return int(value)


@dataclass(frozen=True, kw_only=True, eq=False)
class Surroundings(FrozenArrays):
    """What geometry adds to a receiver, broadcast against the ranges; computed by `topo`.

    Parameters
    ----------
    interference_w : array
        Power of other links that reaches the detector in the channel's band. [W]
    background_w_hz : array
        Spectral density of Sun or Earth light in one mode and one polarisation of the receiver. [W/Hz]
    """

    interference_w: Floats
    background_w_hz: Floats

    def __post_init__(self) -> None:
        for name in ("interference_w", "background_w_hz"):
            object.__setattr__(self, name, require_positive(getattr(self, name), name=name, zero=True))
        super().__post_init__()


@dataclass(frozen=True, kw_only=True, eq=False)
class LinkState(FrozenArrays):
    """One direction of a link at each of the ranges asked for; every array has their shape.

    Parameters
    ----------
    rate_bps : array
        Payload, one direction; 0 where the budget does not close. [bit/s]
    latency_s : array
        Propagation plus the electronics of both ends (SerDes, FEC, DSP), upper end where they are not sourced. [s]
    latency_low_s : array
        The same with unsourced electronics at their lower end; at least the propagation. [s]
    power_w : array
        Transmitter at the tail plus receiver at the head. [W]
    availability : array
        Part of the time the rate is there, as to pointing and fading. [-]
    margin_db : array
        Distance of the budget from the nearer of sensitivity and overload; negative where it does not close. [dB]
    channels : array
        Parallel channels that carry the rate, over all sub-apertures. [-]
    """

    rate_bps: Floats
    latency_s: Floats
    latency_low_s: Floats
    power_w: Floats
    availability: Floats
    margin_db: Floats
    channels: NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class LinkBudget:
    """An ordered ledger of one channel in dB: what is sent, each gain and loss, what arrives, what is needed.

    >>> ledger = LinkBudget(title="toy", transmit_dbm=0.0, terms=(("optics", -3.0),), sensitivity_dbm=-20.0)
    >>> ledger.received_dbm, ledger.margin_db
    (-3.0, 17.0)
    """

    title: str
    transmit_dbm: float
    terms: tuple[tuple[str, float], ...]
    sensitivity_dbm: float
    overload_dbm: float | None = None

    @property
    def received_dbm(self) -> float:
        """Power at the receiver. [dBm]"""
        return self.transmit_dbm + math.fsum(term for _, term in self.terms)

    @property
    def margin_db(self) -> float:
        """Distance to the nearer of sensitivity and overload; negative if the budget does not close. [dB]"""
        above = self.received_dbm - self.sensitivity_dbm
        return above if self.overload_dbm is None else min(above, self.overload_dbm - self.received_dbm)

    def __str__(self) -> str:
        rows = [("transmitted", self.transmit_dbm, "dBm"), *((name, term, "dB") for name, term in self.terms)]
        rows += [("received", self.received_dbm, "dBm"), ("sensitivity", self.sensitivity_dbm, "dBm")]
        if self.overload_dbm is not None:
            rows.append(("overload", self.overload_dbm, "dBm"))
        rows.append(("margin", self.margin_db, "dB"))
        wide = max(len(name) for name, _, _ in rows)
        return "\n".join([self.title, *(f"  {name:<{wide}} {value:+9.2f} {unit}" for name, value, unit in rows)])


@runtime_checkable
class LinkModel(Protocol):
    """A kind of link: optical, radio, copper or fibre. Implementations are frozen and keyword-only."""

    @property
    def medium(self) -> str:
        """Short name of the medium, for tables and figures."""
        ...

    def at(self, *, range_m: ArrayLike, surroundings: Surroundings | None = None) -> LinkState:
        """State of one direction at each range."""
        ...

    def budget(self, *, range_m: float) -> LinkBudget:
        """The ledger of one channel at one range."""
        ...

    def limit_bps(self, *, range_m: ArrayLike) -> Floats:
        """What physics allows between the same apertures in the same band at the same power. [bit/s]"""
        ...
