"""What varies in a study: a key of the scenario with its levels or its range, as people write them.

The scenario itself reads every value, so units and refusals are those of its file. Leaves out which points of the space
are measured: see `sampling`.
"""

import math
import re
import tomllib
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from .quantity import shown
from .scenario import Scenario

__all__ = ["Parameter", "Value", "value_of", "vary"]

Value = bool | int | float | str

_TWO_DECADES = 100.0
_RANGE = re.compile(r"(?P<low>[^:]*?)\s*\.\.\s*(?P<high>[^:]*?)\s*(?::\s*(?P<count>\d+))?(?:\s+(?P<scale>log|linear))?")
_COUNT = re.compile(r"(?::\s*(?P<count>\d+))?\s*(?P<scale>log|linear)?")


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """A key of the scenario with the values that it takes.

    Parameters
    ----------
    path : str
        Dotted key, such as `link.aperture_m`.
    levels : tuple
        The values themselves, SI; empty for a range.
    low, high : float or int, optional
        Ends of a range, SI. Whole numbers stay whole.
    count : int, optional
        How many values of the range a grid takes; None leaves that to the grid.
    logarithmic : bool
        Whether equal shares of the range are equal ratios.
    """

    path: str
    levels: tuple[Value, ...] = ()
    low: float = math.nan
    high: float = math.nan
    count: int | None = None
    logarithmic: bool = False

    def __post_init__(self) -> None:
        if self.levels:
            return
        if not self.low < self.high:
            raise ValueError(f"{self.path}: from {self.low:g} to {self.high:g} is no range; give low < high")
        if self.logarithmic and not self.low > 0:
            raise ValueError(f"{self.path}: a logarithmic range starts above 0, not at {self.low:g}; leave out 'log'")
        if self.count is not None and self.count < 2:
            raise ValueError(f"{self.path}: {self.count} values of a range; give 2 or more, or the one value itself")

    @property
    def whole(self) -> bool:
        """Whether the range is one of whole numbers."""
        return isinstance(self.low, int) and isinstance(self.high, int)

    def at(self, share: float) -> Value:
        """The value below which this share (0 to 1) of the range lies, or of the list of levels.

        >>> [Parameter(path="link.channels", low=1, high=4).at(share) for share in (0.0, 0.49, 0.51, 1.0)]
        [1, 2, 3, 4]
        """
        if self.levels:
            return self.levels[min(int(share * len(self.levels)), len(self.levels) - 1)]
        if self.whole and not self.logarithmic:  # each whole number equally often, the ends too
            return min(int(self.low + math.floor(share * (self.high - self.low + 1))), int(self.high))
        return self._between(share)

    def grid(self, *, count: int) -> tuple[Value, ...]:
        """The levels, or evenly spaced values of the range with both ends.

        >>> Parameter(path="link.aperture_m", low=0.02, high=0.2, count=3).grid(count=5)
        (0.02, 0.11, 0.2)
        """
        if self.levels:
            return self.levels
        count = self.count or count
        return tuple(dict.fromkeys(self._between(k / (count - 1)) for k in range(count)))

    def _between(self, share: float) -> float:
        if share in (0.0, 1.0):
            return self.high if share else self.low
        value = self.low * (1.0 - share) + self.high * share
        if self.logarithmic:
            value = math.exp(math.log(self.low) * (1.0 - share) + math.log(self.high) * share)
        return round(value) if self.whole else float(f"{value:.12g}")  # as people write numbers: 0.155

    def __str__(self) -> str:
        if self.levels:
            return f"{self.path} = {', '.join(_text(level) for level in self.levels)}"
        return f"{self.path} = {self.low:g}..{self.high:g}{' log' if self.logarithmic else ''}"


def _text(value: Value) -> str:
    return value if isinstance(value, str) else f"{value:g}"


def value_of(scenario: Scenario, *, path: str) -> Any:
    """What a scenario says under a dotted key, SI; None where it says nothing."""
    level: Any = scenario
    for step in path.split("."):
        level = getattr(level, step, None)
    return level


def vary(scenario: Scenario, *, text: str) -> Parameter:
    """What varies, from `KEY=VALUE,VALUE,...`, `KEY=LOW..HIGH`, or `KEY` for the range that the scenario itself states.

    Parameters
    ----------
    scenario : Scenario
        Reads the values, and gives the range (low and high of a sourced value) where none is written.
    text : str
        A range may end in `:N` for N values of it in a grid, then in `log` or `linear`. Without either word a range
        from the scenario is logarithmic where it spans more than two decades, a written one is linear.

    >>> from optimize.study.scenario import load_scenario
    >>> lattice = load_scenario("lattice-21")
    >>> vary(lattice, text="link.aperture_m=2 cm..20 cm:5").grid(count=3)
    (0.02, 0.065, 0.11, 0.155, 0.2)
    >>> print(vary(lattice, text="link.channels = 12, 24, 48"))
    link.channels = 12, 24, 48
    >>> print(vary(lattice, text="link.outage"))
    link.outage = 1e-09..0.001 log
    """
    path, _, written = (part.strip() for part in text.partition("="))
    if not path:
        raise ValueError(
            f"{shown(text)}: write KEY=VALUES, such as link.channels=12,24 or link.aperture_m='2 cm..20 cm'"
        )
    if "=" in text and not written:
        raise ValueError(f"{path}=: no value in it; write {path}=ONE,OTHER, {path}=LOW..HIGH, or {path} alone")
    if (match := _COUNT.fullmatch(written)) is not None:
        return _stated_range(scenario, path, match)
    if (match := _RANGE.fullmatch(written)) is not None:
        ends = [_toml(match[end]) for end in ("low", "high")]
        if isinstance(ends[0], str) != isinstance(ends[1], str):
            raise ValueError(f"{path}={shown(written)}: one end has a unit, the other none; write it at both")
        low, high = (_number(scenario, path, end) for end in ends)
        return Parameter(path=path, low=low, high=high, count=_integer(match["count"]),
                         logarithmic=match["scale"] == "log")  # fmt: skip
    levels = [_read(scenario, path, _toml(part)) for part in written.split(",") if part.strip()]
    if not levels:
        raise ValueError(f"{path}={shown(written)}: no value in it; write {path}=ONE,OTHER or {path}=LOW..HIGH")
    return Parameter(path=path, levels=tuple(dict.fromkeys(levels)))


def _stated_range(scenario: Scenario, path: str, match: re.Match[str]) -> Parameter:
    now = value_of(scenario, path=path)
    if isinstance(now, bool) or not isinstance(now, int | float):
        _read(scenario, path, 1 if now is None else now)  # a key that does not exist is refused by name
        raise ValueError(f"{path}: the scenario states no number for it; write its values, {path}=ONE,OTHER")
    datum = scenario.data.get(path)
    if datum is None or datum.low is None or datum.high is None:
        raise ValueError(f"{path}: the scenario states no low and high for it; write {path}=LOW..HIGH")
    low, high, scale = datum.low, datum.high, match["scale"]
    wide = low > 0 and high >= _TWO_DECADES * low
    if isinstance(now, int):
        low, high = math.ceil(low), math.floor(high)
    return Parameter(path=path, low=low, high=high, count=_integer(match["count"]),
                     logarithmic=scale == "log" or (wide and scale is None))  # fmt: skip


def _integer(digits: str | None) -> int | None:
    return None if digits is None else int(digits)


def _toml(text: str) -> Any:
    """A value as TOML reads it; text where it is none."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text.strip()


def _read(scenario: Scenario, path: str, written: Any) -> Value:
    """The value as the scenario understands it; refused with the scenario's own words."""
    if isinstance(written, dict | list | tuple | BaseModel):
        raise ValueError(f"{path} is a table or list; name one of its values, such as link.channels")
    value = value_of(scenario.variant({path: written}), path=path)
    if not isinstance(value, bool | int | float | str):
        raise ValueError(f"{path}={shown(written)}: only numbers, texts and true or false can vary")
    return value


def _number(scenario: Scenario, path: str, written: Any) -> float:
    value = _read(scenario, path, written)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{path}={shown(written)} is no number; a range needs numbers, levels are written A,B")
    return value
