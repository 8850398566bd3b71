"""Quantities as people write them: units that fit, directions said aloud, and everything ambiguous refused."""

import math
import re
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimize.study.quantity import DIMENSIONS, parse_quantity, shown

GB_S = 8e9  # bit/s in one gigabyte per second


@pytest.mark.parametrize(
    ("text", "dimension", "value"),
    [
        ("10 cm", "length", 0.1),
        ("10cm", "length", 0.1),
        ("  650 km ", "length", 650e3),
        ("1550 nm", "length", 1550e-9),
        ("1 µm", "length", 1e-6),
        ("0.5 us", "time", 0.5e-6),
        ("2 h", "time", 7200.0),
        ("5 W", "power", 5.0),
        ("142 kW", "power", 142e3),
        ("800 Gb/s", "rate", 800e9),
        ("800 Gbps", "rate", 800e9),
        ("800 Gbit/s", "rate", 800e9),
        ("100 GB/s", "rate", 800e9),
        ("72 x 800 Gb/s", "rate", 57.6e12),
        ("72×800 Gb/s", "rate", 57.6e12),
        ("1 urad", "angle", 1e-6),
        ("180 deg", "angle", math.pi),
        ("3600 arcsec", "angle", math.pi / 180),
        ("193.1 THz", "frequency", 193.1e12),
        ("3 dB", "level", 3.0),
        ("1e-6", "number", 1e-6),
        ("50 %", "number", 0.5),
        ("-3 dB", "level", -3.0),
    ],
)
def test_units_are_read(text: str, dimension: str, value: float) -> None:
    assert parse_quantity(text, dimension=dimension) == pytest.approx(value, rel=1e-12)  # products of exact factors


@pytest.mark.parametrize(
    ("text", "gigabytes_s"),
    [
        ("1.8 TB/s both ways", 900.0),  # NVIDIA's figure of a GPU
        ("130 TB/s both ways", 65e3),  # and of a rack, rounded
        ("900 GB/s each way", 900.0),
        ("900 GB/s one way", 900.0),
        ("900 GB/s", 900.0),  # a rate is one direction unless it says otherwise
        ("7.2 Tb/s", 900.0),
        ("18 x 100 GB/s both ways", 900.0),
    ],
)
def test_a_rate_is_one_direction(text: str, gigabytes_s: float) -> None:
    assert parse_quantity(text, dimension="rate") / GB_S == pytest.approx(gigabytes_s, rel=1e-12)


def test_bits_and_bytes_differ_by_eight_and_milli_and_mega_by_a_billion() -> None:
    assert parse_quantity("1 GB/s", dimension="rate") == 8 * parse_quantity("1 Gb/s", dimension="rate")
    assert parse_quantity("1 MW", dimension="power") == pytest.approx(1e9 * parse_quantity("1 mW", dimension="power"))


@pytest.mark.parametrize(
    ("value", "dimension", "message"),
    [
        ("800 Gb/s", "length", "'800 Gb/s' is a rate; need a length, such as '10 cm'"),
        ("10 cm", "rate", "'10 cm' is a length; need a rate, such as '800 Gb/s'"),
        ("1 urad", "time", "'1 urad' is an angle; need a time, such as '140 ns'"),
        ("5 s", "angle", "'5 s' is a time; need an angle, such as '1 urad'"),
        ("800 Gbps/s", "rate", "'800 Gbps/s': unit 'Gbps/s' is not known; need a rate, such as '800 Gb/s'"),
        ("800 gb/s", "rate",
         "'800 gb/s': unit 'gb/s' is not known (did you mean Gb/s or GB/s? case matters: b is a bit, B a byte); "
         "need a rate, such as '800 Gb/s'"),
        ("10 CM", "length", "unit 'CM' is not known (did you mean cm?"),
        ("10", "length", "'10' has no unit; need a length, such as '10 cm'"),
        ("", "length", "'' is not a quantity; need a length, such as '10 cm'"),
        ("far", "length", "'far' is not a quantity"),
        ("1.2.3 m", "length", "'1.2.3 m' is not a quantity"),
        ("1,5 m", "length", "'1,5 m': unit ',5' is not known"),
        ("nan m", "length", "'nan m' is not a quantity"),
        ("1e400 m", "length", "'1e400 m' is not finite; need a length"),
        ("1e308 km", "length", "'1e308 km' is not finite; need a length"),
        ("9" * 400 + " x 1 m", "length", "is not finite; need a length"),
        ("10 m both ways", "length", "'10 m both ways': cannot read 'both ways'; need a length, such as '10 cm'"),
        ("1.8 TB/s bidirectional", "rate",
         "cannot read 'bidirectional'; say 'both ways' for the sum of both directions or 'each way' for one"),
        (float("nan"), "time", "nan is not finite; need a time, such as '140 ns'"),
        (float("inf"), "rate", "inf is not finite"),
        (10**400, "length", "is not finite; need a length"),
        (True, "length", "True is not a quantity; need a length, such as '10 cm'"),
        (None, "rate", "None is not a quantity; need a rate"),
        ([1.0], "rate", "[1.0] is not a quantity; need a rate"),
        ({"value": 1.0}, "rate", "{'value': 1.0} is not a quantity; need a rate"),
        (1j, "rate", "1j is not a quantity; need a rate"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_in_one_line_with_an_example(value: object, dimension: str, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)) as caught:
        parse_quantity(value, dimension=dimension)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 250


@pytest.mark.parametrize("value", [2, 2.0, np.float32(2.0), np.int64(2), Fraction(2)])
def test_bare_numbers_of_any_kind_are_si(value: object) -> None:
    assert parse_quantity(value, dimension="length") == 2.0


UNITS = [(dimension, unit) for dimension, table in DIMENSIONS.items() for unit in table]


@given(st.sampled_from(UNITS), st.floats(1e-3, 1e3), st.sampled_from(sorted(DIMENSIONS)))
def test_a_unit_fits_its_own_dimension_and_no_other(unit: tuple[str, str], number: float, asked: str) -> None:
    own, name = unit
    factor = DIMENSIONS[own][name]
    if name in DIMENSIONS[asked]:
        assert parse_quantity(f"{number!r} {name}", dimension=asked) == pytest.approx(number * factor, rel=1e-12)
    else:
        with pytest.raises(ValueError, match=r"need an? "):
            parse_quantity(f"{number!r} {name}", dimension=asked)


@given(st.one_of(st.text(), st.floats(), st.integers(), st.none(), st.lists(st.text()), st.binary()),
       st.sampled_from(sorted(DIMENSIONS)))  # fmt: skip
def test_anything_is_a_finite_number_or_a_one_line_error(value: object, dimension: str) -> None:
    found, refused = 0.0, ""
    try:
        found = parse_quantity(value, dimension=dimension)
    except ValueError as error:
        refused = f"error: {error}"
    assert math.isfinite(found)
    assert len(refused) < 300
    assert refused.splitlines() == [refused] * bool(refused)


def test_what_is_shown_of_a_value_is_short_and_on_one_line() -> None:
    assert shown("a\nb") == r"'a\nb'"
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    assert len(shown(deep)) < 80
    assert len(shown(["x" * 10_000] * 10_000)) < 500


@pytest.mark.parametrize(("text", "hint"), [("900 GBps", "GB/s"), ("1 MBps", "MB/s"), ("1 kBps", "kB/s")])
def test_the_hint_for_bytes_per_second_keeps_the_bytes(text: str, hint: str) -> None:
    # Gbps would be an eighth of what was written
    with pytest.raises(ValueError, match=re.escape(f"did you mean {hint}?")):
        parse_quantity(text, dimension="rate")


def test_more_than_one_blank_between_words_is_one() -> None:
    assert parse_quantity("1.8 TB/s  both   ways", dimension="rate") == 900 * GB_S
