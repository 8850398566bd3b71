"""Decibels and how rates are printed; the only place that turns dB into ratios.

Everything inside the project is SI and linear. Decibels live in link budgets and in data sheets.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["GIGABYTE_BPS", "db", "dbm", "format_si", "from_db", "watt_from_dbm"]

GIGABYTE_BPS = 8e9
"""1 GB/s, in which rates are shown. [bit/s]"""

_MILLIWATT_W = 1e-3  # the definition of dBm: decibels over one milliwatt


def db(ratio: ArrayLike) -> NDArray[np.float64]:
    """Decibels of a power ratio; -inf for zero. [dB]

    >>> float(db(2.0)).__round__(4)
    3.0103
    """
    with np.errstate(divide="ignore"):
        return np.asarray(10.0 * np.log10(np.asarray(ratio, dtype=float)))


def from_db(value_db: ArrayLike) -> NDArray[np.float64]:
    """Power ratio of a number of decibels. [-]

    >>> float(from_db(-10.0))
    0.1
    """
    return np.asarray(10.0 ** (np.asarray(value_db, dtype=float) / 10.0))


def dbm(power_w: ArrayLike) -> NDArray[np.float64]:
    """Decibels over one milliwatt of a power in watts. [dBm]"""
    return db(np.asarray(power_w, dtype=float) / _MILLIWATT_W)


def watt_from_dbm(power_dbm: ArrayLike) -> NDArray[np.float64]:
    """Watts of a power in decibels over one milliwatt. [W]"""
    return from_db(power_dbm) * _MILLIWATT_W


_PREFIXES = (
    (1e18, "E"),
    (1e15, "P"),
    (1e12, "T"),
    (1e9, "G"),
    (1e6, "M"),
    (1e3, "k"),
    (1.0, ""),
    (1e-3, "m"),
    (1e-6, "u"),
    (1e-9, "n"),
)


def format_si(value: float, unit: str, *, digits: int = 4) -> str:
    """A number with an SI prefix, for people.

    >>> format_si(9.6e12, "b/s")
    '9.6 Tb/s'
    >>> format_si(728.3e9, "b/s", digits=2)
    '730 Gb/s'
    >>> format_si(0.0, "W")
    '0 W'
    """
    if not np.isfinite(value) or value == 0.0:
        return f"{value:g} {unit}"
    rounded = float(f"{value:.{digits}g}")  # so that 999.99 G is 1 T
    for factor, prefix in _PREFIXES:
        if abs(rounded) >= factor:
            return f"{rounded / factor:.12g} {prefix}{unit}"
    return f"{value:.{digits}g} {unit}"
