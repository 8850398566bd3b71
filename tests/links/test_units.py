"""Decibels and printed numbers: definitions, inverses, and prefixes people expect."""

import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from links.units import db, dbm, format_si, from_db, watt_from_dbm


@pytest.mark.parametrize(
    ("ratio", "decibels"),
    [(1.0, 0.0), (10.0, 10.0), (1000.0, 30.0), (0.5, -10.0 * math.log10(2.0)), (1e-12, -120.0)],
)
def test_ten_decibels_are_a_factor_of_ten_in_power(ratio: float, decibels: float) -> None:
    assert float(db(ratio)) == pytest.approx(decibels, abs=1e-12)
    assert float(from_db(decibels)) == pytest.approx(ratio, rel=1e-12)


def test_dbm_count_from_a_milliwatt() -> None:
    assert float(dbm(1e-3)) == pytest.approx(0.0, abs=1e-12)
    assert float(dbm(5.0)) == pytest.approx(36.9897, abs=1e-4)  # printed on data sheets as 37 dBm
    assert float(watt_from_dbm(30.0)) == pytest.approx(1.0)


def test_no_power_is_minus_infinity_without_a_warning_and_back() -> None:
    assert db(0.0) == -np.inf
    assert from_db(-np.inf) == 0.0
    assert watt_from_dbm(dbm(0.0)) == 0.0


@given(st.floats(-300.0, 300.0), st.floats(-300.0, 300.0))
def test_decibels_add_where_ratios_multiply(one: float, other: float) -> None:
    assert float(from_db(one) * from_db(other)) == pytest.approx(float(from_db(one + other)), rel=1e-9)
    assert float(db(from_db(one))) == pytest.approx(one, abs=1e-9)
    assert float(dbm(watt_from_dbm(one))) == pytest.approx(one, abs=1e-9)


def test_arrays_and_lists_keep_their_shape() -> None:
    grid = np.full((2, 3), 100.0)
    assert np.array_equal(db(grid), np.full((2, 3), 20.0))
    assert from_db([0, 10]).tolist() == [1.0, 10.0]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0 b/s"), (9.6e12, "9.6 Tb/s"), (800e9, "800 Gb/s"), (57.6e12, "57.6 Tb/s"), (1.0, "1 b/s"),
        (999.99e9, "1 Tb/s"), (999.4, "999.4 b/s"), (1e18, "1 Eb/s"), (1e21, "1000 Eb/s"), (5e-3, "5 mb/s"),
        (-3e6, "-3 Mb/s"), (1e-12, "1e-12 b/s"), (math.inf, "inf b/s"), (math.nan, "nan b/s"),
    ],
)  # fmt: skip
def test_numbers_are_printed_with_the_prefix_that_fits(value: float, text: str) -> None:
    assert format_si(value, "b/s") == text


FACTORS = {"n": 1e-9, "u": 1e-6, "m": 1e-3, "": 1.0, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18}


@given(st.floats(1e-9, 1e20))
def test_a_printed_number_reads_back_as_itself_to_the_digits_shown(value: float) -> None:
    text = format_si(value, "W")
    match = re.fullmatch(r"([\d.e+-]+) ([a-zA-Z]?)W", text)
    assert match is not None, text
    number, factor = float(match[1]), FACTORS[match[2]]
    assert number * factor == pytest.approx(value, rel=5.1e-4)  # four digits
    assert number < 1000.0 or match[2] == "E"
