"""Numbers and columns of plain text, as all screens of the command line show them."""

import re
import textwrap
from collections.abc import Sequence

from links.units import GIGABYTE_BPS
from optimize.flow.interval import Interval

__all__ = ["WIDTH", "columns", "factor_text", "gap_text", "power_text", "unit_text", "value_text", "wrapped"]

WIDTH = 110
"""Of a line on the screen, in characters."""

_LARGE = re.compile(r"\d(?:\.\d+)?e\+0[3-6]")
_LEAST = 14  # characters of a first column, however wide the others are

_SCALES = {"bit/s": (1.0 / GIGABYTE_BPS, "GB/s"), "s": (1e6, "us"), "J/bit": (1e12, "pJ/bit")}


def value_text(interval: Interval | None, *, unit: str) -> str:
    """Rates in GB/s, times in us, energies in pJ/bit; bare numbers, the unit stands in its column.

    >>> value_text(Interval(lower=8e9, upper=16e9), unit="bit/s")
    '1..2'
    """
    if interval is None:
        return "-"
    return _plain((interval * _SCALES[unit][0]).text(digits=4))


def unit_text(unit: str) -> str:
    """The unit in which `value_text` shows a metric.

    >>> unit_text("bit/s"), unit_text("J/bit")
    ('GB/s', 'pJ/bit')
    """
    return _SCALES[unit][1]


def gap_text(interval: Interval | None) -> str:
    """A gap, or a dash where there is none.

    >>> gap_text(Interval(lower=39.75990, upper=39.75991)), gap_text(Interval(lower=9.9, upper=15351.0)), gap_text(None)
    ('39.76x', '9.9..15350x', '-')
    """
    return "-" if interval is None else f"{_plain(interval.text())}x"


def factor_text(factor: float) -> str:
    """A factor of the ladder in three digits.

    >>> factor_text(6481.2), factor_text(1.5749)
    ('6480', '1.57')
    """
    return _plain(f"{factor:.3g}")


def power_text(power_w: float) -> str:
    """Power of the links of a node in kW; 0 W stands for links whose power nobody published.

    >>> power_text(64e3), power_text(0.0)
    ('64', 'not published')
    """
    return f"{power_w / 1e3:.3g}" if power_w > 0 else "not published"


def _plain(text: str) -> str:
    """The text with numbers up to a million as people write them: 15350, not 1.535e+04."""
    return _LARGE.sub(lambda found: f"{float(found[0]):.0f}", text)


def columns(rows: Sequence[Sequence[str]], *, indent: str = "  ", width: int = WIDTH) -> list[str]:
    r"""Lines with the first cell of every row to the left, the others to the right.

    A table wider than `width` moves together, and then the texts of its first column wrap.

    >>> print(*columns([["a", "1"], ["long", "22"]], indent=""), sep="\n")
    a       1
    long   22
    >>> print(*columns([["quite a long text", "1"]], indent="", width=17), sep="\n")
    quite a long    1
      text
    """
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    between = next((gap for gap in (3, 2) if len(indent) + sum(widths) + gap * (len(widths) - 1) <= width), 2)
    left = width - len(indent) - sum(widths[1:]) - between * (len(widths) - 1)
    widths[0] = min(widths[0], max(left, _LEAST))
    lines = []
    for row in rows:
        first, *more = textwrap.wrap(row[0], width=widths[0], subsequent_indent="  ") or [""]
        cells = [first.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        lines += [indent + (" " * between).join(cells).rstrip(), *(f"{indent}{line}" for line in more)]
    return lines


def wrapped(text: str, *, indent: str = "  ", hanging: str = "    ") -> list[str]:
    """Prose in lines that fit a screen; words longer than a line, such as paths, stay whole.

    >>> wrapped("one line", indent="")
    ['one line']
    """
    return textwrap.wrap(text, width=WIDTH, initial_indent=indent, subsequent_indent=hanging, break_long_words=False,
                         break_on_hyphens=False)  # fmt: skip
