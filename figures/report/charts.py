"""Small bars inside tables, as SVG as wide as its cell; colours come from the style sheet."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from optimize.design.ladder import LadderStep
from optimize.flow.interval import Interval

from .markup import element

__all__ = ["LogScale", "gap_bars", "ladder_bar", "range_mark", "ticks"]

_WHOLE = 100.0  # widths are per cent of the cell
_MOST_LABELS = 4  # on one axis


def _drawing(*shapes: Element, height: float) -> Element:
    return element("svg", *shapes, width="100%", height=f"{height:g}", aria_hidden="true", class_="bar")


def _box(*, left: float, right: float, top: float, height: float, class_: str, least: float = 0.4) -> Element:
    """A bar of at least `least` per cent, so that it can be seen."""
    width = max(right - left, least)
    left = min(max((left + right - width) / 2.0, 0.0), _WHOLE - width)
    return element("rect", x=f"{left:.2f}%", y=f"{top:g}", width=f"{width:.2f}%", height=f"{height:g}", class_=class_)


def _line(*, at: float, height: float, class_: str) -> Element:
    return element("line", x1=f"{at:.2f}%", x2=f"{at:.2f}%", y1="0", y2=f"{height:g}", class_=class_)


@dataclass(frozen=True, kw_only=True)
class LogScale:
    """Logarithmic axis from `low` to `high`, both above 0."""

    low: float
    high: float

    @classmethod
    def around(cls, values: Sequence[float]) -> "LogScale":
        """Scale that holds the finite values above 0, with some room on both sides."""
        real = [v for v in values if 0.0 < v < math.inf] or [1.0]
        return cls(low=min(real) / 1.5, high=max(real) * 1.1)

    @classmethod
    def for_bars(cls, values: Sequence[float], *, unit_size: float) -> "LogScale":
        """Scale that starts at a power of ten units well below the least value, so that its bar can be seen."""
        plain = cls.around(values)
        return cls(low=unit_size * 10.0 ** math.floor(math.log10(plain.low / unit_size)), high=plain.high)

    def at(self, value: float) -> float:
        """Place of a value; what lies outside is put at the end."""
        if value <= self.low:
            return 0.0
        if value >= self.high:
            return _WHOLE
        return _WHOLE * math.log(value / self.low) / math.log(self.high / self.low)

    def decades(self) -> list[float]:
        """Powers of ten inside."""
        first, last = math.ceil(math.log10(self.low) - 1e-9), math.floor(math.log10(self.high) + 1e-9)
        return [10.0**k for k in range(first, last + 1)]


def ticks(scale: LogScale, *, unit_size: float = 1.0, suffix: str = "") -> Element:
    """Heading of a column of bars: its powers of ten, in units of `unit_size`."""
    inside = LogScale(low=scale.low / unit_size, high=scale.high / unit_size)
    labels, decades = [], inside.decades()
    for value in decades[:: -(-len(decades) // _MOST_LABELS)]:
        at = inside.at(value)
        anchor = "start" if at < 5.0 else "end" if at > _WHOLE - 5.0 else "middle"
        labels.append(element("text", f"{value:g}{suffix}", x=f"{at:.2f}%", y="12", text_anchor=anchor))
    return _drawing(*labels, height=16.0)


def _grid(scale: LogScale, *, unit_size: float, height: float) -> list[Element]:
    inside = LogScale(low=scale.low / unit_size, high=scale.high / unit_size)
    return [_line(at=inside.at(value), height=height, class_="grid") for value in inside.decades()]


def ladder_bar(step: LadderStep, *, scale: LogScale, unit_size: float, limits: bool) -> Element:
    """Bar of a step up to what a routing achieves, a pale one up to what is proved; strong where the step costs."""
    return _drawing(
        *_grid(scale, unit_size=unit_size, height=22.0),
        _box(left=0.0, right=scale.at(step.upper_bps), top=3.0, height=16.0, class_="pale"),
        _box(left=0.0, right=scale.at(step.achieved_bps), top=3.0, height=16.0, class_="one" if limits else "idle"),
        height=22.0,
    )


def gap_bars(up: Interval, *, out: Interval | None, scale: LogScale) -> Element:
    """Both gaps of a metric as bars from the lower to the upper end, and a line at 1, where both machines are equal."""
    shapes = _grid(scale, unit_size=1.0, height=24.0)
    shapes.append(_line(at=scale.at(1.0), height=24.0, class_="unity"))
    for interval, top, class_ in ((up, 3.0, "one"), (out, 14.0, "other")):
        if interval is not None:
            left, right = scale.at(interval.lower), scale.at(interval.upper)
            shapes.append(_box(left=left, right=right, top=top, height=7.0, class_=class_, least=1.6))
    return _drawing(*shapes, height=24.0)


def range_mark(value: float, *, low: float, high: float) -> Element:
    """Where in its range an assumed value was taken; logarithmic where the range spans more than a decade above 0."""
    log = low > 0.0 and high >= 10.0 * low
    place = [math.log(v) if log else v for v in (low, value, high)]
    at = _WHOLE * (place[1] - place[0]) / (place[2] - place[0]) if high > low else _WHOLE / 2.0
    return _drawing(
        _box(left=0.0, right=_WHOLE, top=9.0, height=4.0, class_="idle"),
        _box(left=at, right=at, top=3.0, height=16.0, class_="one", least=3.0),
        height=22.0,
    )
