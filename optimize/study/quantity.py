"""Quantities as people write them (`10 cm`, `800 Gb/s`, `1.8 TB/s both ways`) to SI numbers; refuses the ambiguous.

General unit libraries read `Gb/s` as gigabarn or not at all, and none knows directions; the table here is small and
strict. Case matters: b is a bit, B a byte, m milli, M mega.
"""

import math
import re
import reprlib
from collections.abc import Mapping
from numbers import Real

__all__ = ["DIMENSIONS", "parse_quantity", "shown"]

_PREFIX = {"": 1.0, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18}
_SMALL = {"": 1.0, "m": 1e-3, "u": 1e-6, "µ": 1e-6, "μ": 1e-6, "n": 1e-9, "p": 1e-12}


def _rates() -> dict[str, float]:
    table: dict[str, float] = {}
    for prefix, factor in _PREFIX.items():
        table |= dict.fromkeys((f"{prefix}b/s", f"{prefix}bit/s", f"{prefix}bps"), factor)
        table |= dict.fromkeys((f"{prefix}B/s", f"{prefix}byte/s"), 8.0 * factor)
    return table


_DEGREE = math.pi / 180.0
DIMENSIONS: Mapping[str, Mapping[str, float]] = {
    "length": {f"{p}m": f for p, f in _SMALL.items()} | {"cm": 1e-2, "km": 1e3},
    "time": {f"{p}s": f for p, f in _SMALL.items()} | {"min": 60.0, "h": 3600.0},
    "power": {f"{p}W": f for p, f in (_SMALL | _PREFIX).items()},
    "rate": _rates(),
    "angle": {f"{p}rad": f for p, f in _SMALL.items()} | {"deg": _DEGREE, "arcsec": _DEGREE / 3600.0},
    "frequency": {f"{p}Hz": f for p, f in _PREFIX.items()},
    "level": {"dB": 1.0},
    "number": {"": 1.0, "%": 1e-2},
}
_EXAMPLE = {
    "length": "10 cm", "time": "140 ns", "power": "5 W", "rate": "800 Gb/s", "angle": "1 urad",
    "frequency": "193.1 THz", "level": "3 dB", "number": "0.5",
}  # fmt: skip
_TEXT = re.compile(
    r"\s*(?:(?P<times>\d+)\s*[x×]\s*)?(?P<number>[-+]?[\d.]+(?:[eE][-+]?\d+)?)\s*(?P<unit>[^\s\d]\S*)?\s*(?P<rest>.*?)\s*"
)
_DIRECTION = {"both ways": 0.5, "each way": 1.0, "one way": 1.0}
_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 60


def shown(value: object) -> str:
    """What somebody wrote, for a message: short, on one line.

    >>> shown("x" * 1000)
    "'xxxxxxxxxxxxxxxxxxxxxxxxxxx...xxxxxxxxxxxxxxxxxxxxxxxxxxxx'"
    """
    return " ".join(_SHORT.repr(value).split())


def parse_quantity(value: object, *, dimension: str) -> float:
    """SI value of a number (already SI) or a text with a unit.

    Parameters
    ----------
    value : float, int or str
    dimension : str
        One of `DIMENSIONS`: the unit must be one of its.

    >>> parse_quantity("72 x 800 Gb/s", dimension="rate")
    57600000000000.0
    >>> parse_quantity("1.8 TB/s both ways", dimension="rate") / 8e9  # GB/s, one direction
    900.0
    >>> parse_quantity("800 Gb/s", dimension="length")
    Traceback (most recent call last):
    ...
    ValueError: '800 Gb/s' is a rate; need a length, such as '10 cm'
    """
    need = f"need {_a(dimension)}, such as {_EXAMPLE[dimension]!r}"
    if isinstance(value, bool) or not isinstance(value, Real | str):
        raise ValueError(f"{shown(value)} is not a quantity; {need}")
    if not isinstance(value, str):
        return _finite(value, value, need)
    match = _TEXT.fullmatch(value)
    try:
        number = float(match["number"]) if match else math.nan
    except ValueError:
        number = math.nan
    if match is None or math.isnan(number):
        raise ValueError(f"{shown(value)} is not a quantity; {need}")
    unit, rest = match["unit"] or "", " ".join(match["rest"].split())
    factor = DIMENSIONS[dimension].get(unit)
    if factor is None or (unit == "" and dimension != "number"):
        raise ValueError(_refusal(value, unit, dimension))
    if rest:
        if dimension != "rate" or rest not in _DIRECTION:
            direction = (
                "; say 'both ways' for the sum of both directions or 'each way' for one" if dimension == "rate" else ""
            )
            raise ValueError(f"{shown(value)}: cannot read {shown(rest)}{direction or '; ' + need}")
        factor *= _DIRECTION[rest]
    return _finite(number * factor * float(match["times"] or 1), value, need)


def _finite(number: Real | float, written: object, need: str) -> float:
    try:
        if math.isfinite(number):
            return float(number)
    except OverflowError:
        pass
    raise ValueError(f"{shown(written)} is not finite; {need}")


def _a(noun: str) -> str:
    return f"an {noun}" if noun[0] in "aeiou" else f"a {noun}"


def _refusal(text: str, unit: str, dimension: str) -> str:
    need = f"need {_a(dimension)}, such as {_EXAMPLE[dimension]!r}"
    if not unit:
        return f"{shown(text)} has no unit; {need}"
    for other, table in DIMENSIONS.items():
        if unit in table and other != dimension:
            return f"{shown(text)} is {_a(other)}; {need}"
    plain = f"{unit.removesuffix('Bps')}B/s" if unit.endswith("Bps") else unit  # not Gbps: that is an eighth of it
    alike = [known for table in DIMENSIONS.values() for known in table if known.lower() == plain.lower()]
    alike = [known for known in alike if known == plain] or alike
    hint = f" (did you mean {' or '.join(dict.fromkeys(alike))}? case matters: b is a bit, B a byte)" if alike else ""
    return f"{shown(text)}: unit {shown(unit)} is not known{hint}; {need}"
