"""DVB-S2(X) tables: efficiencies follow from the frame, thresholds obey Shannon, symbols are not bits."""

import math
from fractions import Fraction

import numpy as np
import pytest

from links.modcod import eb_n0_db, modcod_efficiency, modcod_table, shannon_gap_db
from links.parts import Part, load_part

TABLES = (load_part("dvb_s2"), load_part("dvb_s2x"))
ROWS = [(part, row) for part in TABLES for row in part.groups()]


def code_of(row: str) -> tuple[int, Fraction]:
    """Bits per symbol and code rate from a row's name, such as 16apsk_26_45_l."""
    constellation, numerator, denominator = row.split("_")[:3]
    points = {"qpsk": 4, "8psk": 8}.get(constellation) or int(constellation.removesuffix("apsk"))
    return int(math.log2(points)), Fraction(int(numerator), int(denominator))


@pytest.mark.parametrize(("part", "row"), ROWS, ids=lambda value: getattr(value, "name", value))
def test_efficiency_follows_from_the_frame(part: Part, row: str) -> None:
    # EN 302 307: payload 64800 r - 16 t (BCH) - 80 (header) bits in 90 (S + 1) symbols, S slots of 90; no pilots
    bits, rate = code_of(row)
    corrected = {Fraction(8, 9): 8, Fraction(9, 10): 8, Fraction(2, 3): 10, Fraction(5, 6): 10}
    t = corrected.get(rate, 12) if part.name == "dvb_s2" else 12
    payload = part["frame_bits"] * rate - 16 * t - 80
    symbols = 90 * (math.ceil(part["frame_bits"] / bits / 90) + 1)
    assert part[f"{row}.spectral_efficiency"] == pytest.approx(
        float(payload) / symbols, abs=1e-6
    )  # six decimals printed
    assert part[f"{row}.coded_bits_per_symbol"] == bits


@pytest.mark.parametrize(("part", "row"), ROWS, ids=lambda value: getattr(value, "name", value))
def test_no_row_beats_shannon_and_none_is_far_from_it(part: Part, row: str) -> None:
    gap = shannon_gap_db(es_n0_db=part[f"{row}.es_n0_db"], spectral_efficiency=part[f"{row}.spectral_efficiency"])
    assert 0.5 < gap < 4.0  # LDPC of 64800 bits; 8PSK 9/10 is the farthest of the standard


def test_tables_have_all_rows() -> None:
    assert [len(part.groups()) for part in TABLES] == [28, 39]


def test_es_n0_is_not_eb_n0() -> None:
    # trap: one public package stores Es/N0 as Eb/N0, 5.5 dB wrong for 16APSK 9/10 and 6.5 for 32APSK 9/10
    row = load_part("dvb_s2")
    for name, difference in (("16apsk_9_10", 5.52), ("32apsk_9_10", 6.49)):
        es_n0 = row[f"{name}.es_n0_db"]
        eb_n0 = eb_n0_db(es_n0_db=es_n0, spectral_efficiency=row[f"{name}.spectral_efficiency"])
        assert es_n0 - eb_n0 == pytest.approx(difference, abs=0.01)


def test_staircase_rises_and_takes_the_best_closing_row() -> None:
    table = modcod_table(modcods=TABLES)
    assert (np.diff(table.es_n0_db) > 0).all()
    assert (np.diff(table.spectral_efficiency) > 0).all()
    es_n0 = np.linspace(-5.0, 25.0, 301)
    got = modcod_efficiency(es_n0_db=es_n0, table=table)
    # independent: the maximum over all rows that close
    thresholds = np.array([part[f"{row}.es_n0_db"] for part, row in ROWS])
    values = np.array([part[f"{row}.spectral_efficiency"] for part, row in ROWS])
    expected = np.where(es_n0[:, None] >= thresholds, values, 0.0).max(axis=1)
    assert got == pytest.approx(expected)


def test_implementation_loss_moves_the_staircase() -> None:
    table = modcod_table(modcods=TABLES)
    got = modcod_efficiency(es_n0_db=[1.0, 3.0], table=table, implementation_loss_db=1.5)
    ideal = modcod_efficiency(es_n0_db=[-0.5, 1.5], table=table)
    assert got.tolist() == ideal.tolist()


def test_two_tables_are_at_least_as_good_as_one() -> None:
    es_n0 = np.linspace(-3.0, 20.0, 200)
    both = modcod_efficiency(es_n0_db=es_n0, table=modcod_table(modcods=TABLES))
    for part in TABLES:
        assert (modcod_efficiency(es_n0_db=es_n0, table=modcod_table(modcods=(part,))) <= both).all()


def test_wrong_parts_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one table"):
        modcod_table(modcods=())
    with pytest.raises(ValueError, match="pick a part of kind modcods"):
        modcod_table(modcods=(load_part("twinax_30awg"),))


def test_an_unknown_signal_gets_no_row() -> None:
    with pytest.raises(ValueError, match="es_n0_db"):
        modcod_efficiency(es_n0_db=[10.0, float("nan")], table=modcod_table(modcods=(load_part("dvb_s2"),)))
