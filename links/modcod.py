"""Modulation and coding as tables: which row closes at an Es/N0, and what it carries.

Es/N0 is per symbol; Eb/N0 per payload bit is smaller by the bits per symbol. Leaves out the shape of the waterfall:
below its threshold a row carries nothing.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .frozen import FrozenArrays
from .model import require_positive
from .parts import Part
from .units import db

__all__ = ["ModcodTable", "eb_n0_db", "modcod_efficiency", "modcod_table", "shannon_gap_db"]

Floats = NDArray[np.float64]


def eb_n0_db(*, es_n0_db: ArrayLike, spectral_efficiency: ArrayLike) -> Floats:
    """Energy per payload bit over noise density, from that per symbol. [dB]

    Parameters
    ----------
    es_n0_db : array
        [dB]
    spectral_efficiency : array
        Payload bits per symbol. [bit]

    >>> round(float(eb_n0_db(es_n0_db=13.13, spectral_efficiency=3.567342)), 2)  # 16APSK 9/10: 5.5 dB apart
    7.61
    """
    efficiency = require_positive(spectral_efficiency, name="spectral_efficiency")
    return np.asarray(np.asarray(es_n0_db, dtype=float) - db(efficiency))


def shannon_gap_db(*, es_n0_db: ArrayLike, spectral_efficiency: ArrayLike) -> Floats:
    """Distance of a row from the Shannon bound at its efficiency: Es/N0 over 2^eta - 1. [dB]"""
    efficiency = require_positive(spectral_efficiency, name="spectral_efficiency")
    return np.asarray(np.asarray(es_n0_db, dtype=float) - db(2.0**efficiency - 1.0))


@dataclass(frozen=True, kw_only=True, eq=False)
class ModcodTable(FrozenArrays):
    """Rows that no row with a lower threshold beats, thresholds and efficiencies both rising.

    Parameters
    ----------
    names : tuple of str
        Such as `dvb_s2x.16apsk_26_45`.
    es_n0_db : array
        Ideal threshold. [dB]
    spectral_efficiency : array
        Payload bits per symbol; divide by (1 + roll-off) for bits per hertz. [bit/symbol]
    coded_bits_per_symbol : array
        log2 of the constellation. [bit/symbol]
    frame_bits : array
        Length of a coded frame. [bit]
    """

    names: tuple[str, ...]
    es_n0_db: Floats
    spectral_efficiency: Floats
    coded_bits_per_symbol: Floats
    frame_bits: Floats


def modcod_table(*, modcods: tuple[Part, ...]) -> ModcodTable:
    """The useful rows of one or several parts of kind `modcods`; (dvb_s2, dvb_s2x) together are one finer staircase.

    >>> from links.parts import load_part
    >>> table = modcod_table(modcods=(load_part("dvb_s2"), load_part("dvb_s2x")))
    >>> table.names[0], table.names[-1]
    ('dvb_s2x.qpsk_2_9', 'dvb_s2x.256apsk_3_4')
    """
    if not modcods:
        raise ValueError("modcods=(): give at least one table, such as load_part('dvb_s2x')")
    return _table(tuple(_rows(part) for part in modcods))


def _rows(part: Part) -> tuple[tuple[str, float, float, float, float], ...]:
    rows = tuple(
        (
            f"{part.name}.{row}",
            part[f"{row}.es_n0_db"],
            part[f"{row}.spectral_efficiency"],
            part[f"{row}.coded_bits_per_symbol"],
            part["frame_bits"],
        )
        for row in part.groups()
    )
    if not rows:
        raise ValueError(f"part {part.name!r} ({part.kind}) has no rows: pick a part of kind modcods")
    return rows


@lru_cache(maxsize=32)
def _table(rows: tuple[tuple[tuple[str, float, float, float, float], ...], ...]) -> ModcodTable:
    kept: list[tuple[str, float, float, float, float]] = []
    for row in sorted((row for part in rows for row in part), key=lambda row: (row[1], -row[2])):
        if not kept or row[2] > kept[-1][2]:
            kept.append(row)
    return ModcodTable(
        names=tuple(row[0] for row in kept),
        es_n0_db=np.array([row[1] for row in kept]),
        spectral_efficiency=np.array([row[2] for row in kept]),
        coded_bits_per_symbol=np.array([row[3] for row in kept]),
        frame_bits=np.array([row[4] for row in kept]),
    )


def modcod_efficiency(*, es_n0_db: ArrayLike, table: ModcodTable, implementation_loss_db: float = 0.0) -> Floats:
    """Payload bits per symbol of the best row that closes; 0 where none does. [bit/symbol]

    Parameters
    ----------
    es_n0_db : array
        Available, all noises and ceilings included. [dB]
    table : ModcodTable
    implementation_loss_db : float
        What the modem needs over the ideal thresholds. [dB]
    """
    available = np.asarray(es_n0_db, dtype=float) - implementation_loss_db
    if np.isnan(available).any():
        raise ValueError(f"es_n0_db={es_n0_db!r}, implementation_loss_db={implementation_loss_db!r}: need numbers")
    row = np.searchsorted(table.es_n0_db, available, side="right")
    return np.asarray(np.concatenate([[0.0], table.spectral_efficiency])[row])
