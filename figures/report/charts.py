"""Small bars inside tables, as SVG that stretches with its cell; colours come from the style sheet."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from optimize.design.ladder import LadderStep
from optimize.flow.interval import Interval

from .markup import element

__all__ = ["LogScale", "gap_bars", "ladder_bar", "range_mark"]

_WIDTH = 1000.0  # units of the drawing's own width


def _drawing(*shapes: Element, height: float) -> Element:
    return element("svg", *shapes, viewBox=f"0 0 {_WIDTH:g} {height:g}", preserveAspectRatio="none", aria_hidden="true",
                   class_="bar")  # fmt: skip


def _box(*, left: float, right: float, top: float, height: float, class_: str) -> Element:
    """A bar that can be seen, however short."""
    width = max(right - left, 3.0)
    left = min(left, _WIDTH - width)
    return element("rect", x=f"{left:.1f}", y=f"{top:g}", width=f"{width:.1f}", height=f"{height:g}", class_=class_)


def _line(*, at: float, height: float, class_: str) -> Element:
    return element("line", x1=f"{at:.1f}", x2=f"{at:.1f}", y1=0, y2=f"{height:g}", class_=class_)


@dataclass(frozen=True, kw_only=True)
class LogScale:
    """Logarithmic axis from `low` to `high`, both above 0."""

    low: float
    high: float

    @classmethod
    def around(cls, values: Sequence[float], *, below: float = 1.5) -> "LogScale":
        """Scale that holds the finite values above 0, with room for a bar of the least of them."""
        real = [v for v in values if 0.0 < v < math.inf] or [1.0]
        return cls(low=min(real) / below, high=max(real) * 1.1)

    def at(self, value: float) -> float:
        """Place of a value; what lies outside is put at the end."""
        if value <= self.low:
            return 0.0
        if value >= self.high:
            return _WIDTH
        return _WIDTH * math.log(value / self.low) / math.log(self.high / self.low)

    def decades(self) -> list[float]:
        """Powers of ten inside."""
        first, last = math.ceil(math.log10(self.low)), math.floor(math.log10(self.high))
        return [10.0**k for k in range(first, last + 1)]


def ladder_bar(step: LadderStep, *, scale: LogScale, limits: bool) -> Element:
    """Bar of a step up to what a routing achieves, a pale one up to what is proved; strong where the step costs."""
    return _drawing(
        *(_line(at=scale.at(v), height=20.0, class_="grid") for v in scale.decades()),
        _box(left=0.0, right=scale.at(step.upper_bps), top=3.0, height=14.0, class_="pale"),
        _box(left=0.0, right=scale.at(step.achieved_bps), top=3.0, height=14.0, class_="one" if limits else "idle"),
        height=20.0,
    )


def gap_bars(up: Interval, *, out: Interval | None, scale: LogScale) -> Element:
    """Both gaps of a metric as bars from the lower to the upper end, and a line at 1, where both machines are equal."""
    shapes = [_line(at=scale.at(v), height=26.0, class_="grid") for v in scale.decades()]
    shapes.append(_line(at=scale.at(1.0), height=26.0, class_="unity"))
    for interval, top, class_ in ((up, 4.0, "one"), (out, 15.0, "other")):
        if interval is not None:
            left, right = scale.at(interval.lower), scale.at(interval.upper)
            middle = (left + right) / 2.0
            half = max((right - left) / 2.0, 6.0)
            shapes.append(_box(left=middle - half, right=middle + half, top=top, height=7.0, class_=class_))
    return _drawing(*shapes, height=26.0)


def range_mark(value: float, *, low: float, high: float) -> Element:
    """Where in its range an assumed value was taken; logarithmic where the range spans more than a decade above 0."""
    log = 0.0 < low and high >= 10.0 * low
    place = [math.log(v) if log else v for v in (low, value, high)]
    at = _WIDTH * (place[1] - place[0]) / (place[2] - place[0]) if high > low else _WIDTH / 2.0
    return _drawing(
        _box(left=0.0, right=_WIDTH, top=8.0, height=4.0, class_="idle"),
        _box(left=at - 12.0, right=at + 12.0, top=2.0, height=16.0, class_="one"),
        height=20.0,
    )
