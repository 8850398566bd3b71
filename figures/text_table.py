"""Numbers and columns of plain text, as all screens of the command line show them."""

from collections.abc import Sequence

from optimize.flow.interval import Interval

__all__ = ["columns", "gap_text", "unit_text", "value_text"]

_SCALES = {"bit/s": (1 / 8e9, "GB/s"), "s": (1e6, "us"), "J/bit": (1e12, "pJ/bit")}


def value_text(interval: Interval | None, *, unit: str) -> str:
    """Rates in GB/s, times in us, energies in pJ/bit; bare numbers, the unit stands in its column.

    >>> value_text(Interval(lower=8e9, upper=16e9), unit="bit/s")
    '1..2'
    """
    if interval is None:
        return "-"
    return (interval * _SCALES[unit][0]).text(digits=4)


def unit_text(unit: str) -> str:
    """The unit in which `value_text` shows a metric.

    >>> unit_text("bit/s"), unit_text("J/bit")
    ('GB/s', 'pJ/bit')
    """
    return _SCALES[unit][1]


def gap_text(interval: Interval | None) -> str:
    """A gap, or a dash where there is none.

    >>> gap_text(Interval(lower=39.75990, upper=39.75991)), gap_text(None)
    ('39.76x', '-')
    """
    return "-" if interval is None else f"{interval.text()}x"


def columns(rows: Sequence[Sequence[str]], *, indent: str = "  ") -> list[str]:
    r"""Lines with the first cell of every row to the left, the others to the right.

    >>> print(*columns([["a", "1"], ["long", "22"]], indent=""), sep="\n")
    a       1
    long   22
    """
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        lines.append(indent + "   ".join(cells).rstrip())
    return lines
