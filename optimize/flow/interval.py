"""A number that is known to lie between two ends; what `Throughput`, metrics and `Gap` carry instead of a bare pair."""

import math
from dataclasses import dataclass

from links.units import GIGABYTE_BPS

__all__ = ["Interval"]


@dataclass(frozen=True, kw_only=True)
class Interval:
    """lower <= value <= upper; `upper` may be inf.

    >>> Interval(lower=1.0, upper=3.0) / Interval(lower=1.0, upper=2.0)
    Interval(lower=0.5, upper=3.0)
    """

    lower: float
    upper: float

    def __post_init__(self) -> None:
        if math.isnan(self.lower) or math.isnan(self.upper) or self.lower > self.upper:
            raise ValueError(
                f"interval from {self.lower!r} to {self.upper!r}: the lower end must not be above the upper"
            )

    @classmethod
    def point(cls, value: float) -> "Interval":
        """An exactly known number."""
        return cls(lower=value, upper=value)

    @property
    def width(self) -> float:
        """Upper / lower - 1; 0 where both ends are equal. [-]"""
        if self.upper == self.lower:
            return 0.0
        return self.upper / self.lower - 1.0 if self.lower > 0 else math.inf

    def __truediv__(self, other: "Interval") -> "Interval":
        if not (self.lower >= 0 and other.lower >= 0):
            raise ValueError("only intervals of numbers >= 0 are divided here")
        # Nothing over nothing, and unlimited over unlimited, may be anything.
        low, high = 0.0, math.inf
        if self.lower > 0 and other.upper < math.inf:
            low = self.lower / other.upper if other.upper > 0 else math.inf
        if other.lower > 0 and self.upper < math.inf:
            high = self.upper / other.lower
        return Interval(lower=low, upper=high)

    def __mul__(self, factor: float) -> "Interval":
        return Interval(lower=self.lower * factor, upper=self.upper * factor)

    def text(self, *, digits: int = 4) -> str:
        """The number, or `low..high` where the ends differ in the digits shown."""
        ends = [f"{end:.{digits}g}" for end in (self.lower, self.upper)]
        return ends[0] if ends[0] == ends[1] else f"{ends[0]}..{ends[1]}"

    def as_rate(self, *, digits: int = 4) -> str:
        """A rate in bit/s shown in GB/s, one direction."""
        return f"{(self * (1.0 / GIGABYTE_BPS)).text(digits=digits)} GB/s"
