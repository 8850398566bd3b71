"""Hardware as data: a value with its source (`Datum`) and a named set of them (`Part`).

Parts live in `links/data/*.toml`, one part a table; a value without a source does not load, and a
guess (`confidence = "assumed"`) does not load without the range it may lie in. Leaves out all physics.
"""

import difflib
import math
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Literal, get_args

__all__ = ["Confidence", "Datum", "Part", "all_parts", "datum_from_table", "load_part"]

Confidence = Literal["measured", "published", "derived", "assumed"]


@dataclass(frozen=True, kw_only=True)
class Datum:
    """One value and where it comes from.

    Parameters
    ----------
    value : float
        In `unit`.
    unit : str
        Of `value`, `low` and `high`; "1" for counts and ratios.
    source : str
        Author, title or document, enough to find it; for an assumption, what it leans on.
    confidence : {"measured", "published", "derived", "assumed"}
        An assumed value needs `low` and `high`.
    locator : str
        Table, page, section or equation in the source.
    date : str
        Of the source or of its reading, ISO (year, or year-month, or year-month-day).
    low, high : float or None
        The range the value may lie in.
    note : str
        A conflict, a conversion, a caveat.
    """

    value: float
    unit: str
    source: str
    confidence: Confidence
    locator: str = ""
    date: str = ""
    low: float | None = None
    high: float | None = None
    note: str = ""

    def __post_init__(self) -> None:
        for name in ("unit", "source", "confidence", "locator", "date", "note"):
            if not isinstance(getattr(self, name), str):
                raise ValueError(f"{name}={getattr(self, name)!r}: write it as text")
        if not self.source.strip():
            raise ValueError("source is empty: name where the value comes from")
        if self.confidence not in get_args(Confidence):
            raise ValueError(f"confidence={self.confidence!r}: use one of {', '.join(get_args(Confidence))}")
        for name in ("value", "low", "high"):
            number = getattr(self, name)
            if not (number is None and name != "value") and not (
                isinstance(number, int | float) and math.isfinite(number)
            ):
                raise ValueError(f"{name}={number!r}: need a finite number")
        if self.confidence == "assumed" and (self.low is None or self.high is None):
            raise ValueError(f"value={self.value!r} is assumed: give the low and high it may lie between")
        if self.low is not None and self.low > self.value:
            raise ValueError(f"low={self.low!r} is above value={self.value!r}")
        if self.high is not None and self.high < self.value:
            raise ValueError(f"high={self.high!r} is below value={self.value!r}")

    @property
    def ends(self) -> tuple[float, float]:
        """Lower and upper end of the range; the value where an end is not given."""
        return self.value if self.low is None else self.low, self.value if self.high is None else self.high

    def __str__(self) -> str:
        span = "" if self.low is None or self.high is None else f" ({self.low:g} to {self.high:g})"
        where = f", {self.locator}" if self.locator else ""
        unit = "" if self.unit == "1" else f" {self.unit}"
        return f"{self.value:g}{unit}{span} [{self.confidence}: {self.source}{where}]"


@dataclass(frozen=True, kw_only=True)
class Part:
    """A piece of hardware, a code, or a band: a named set of data, each with its source.

    `part["launch_power_dbm"]` is the value, `part.data["launch_power_dbm"]` the value with its source.
    Names carry the unit, and a dot groups them: `mode_400g.sensitivity_dbm`.
    """

    name: str
    kind: str
    title: str
    data: Mapping[str, Datum] = field(repr=False)
    note: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "data", MappingProxyType(dict(self.data)))

    def __reduce__(self) -> tuple[Any, ...]:
        return (_part_from_fields, (self.name, self.kind, self.title, dict(self.data), self.note))

    def __getitem__(self, key: str) -> float:
        try:
            return self.data[key].value
        except KeyError:
            raise ValueError(f"part {self.name!r} has no {key!r}; it has {', '.join(sorted(self.data))}") from None

    def get(self, key: str) -> float | None:
        """Value of `key`, or None where the part does not state it."""
        datum = self.data.get(key)
        return None if datum is None else datum.value

    def groups(self) -> tuple[str, ...]:
        """Prefixes before the dot, in the order of the file: the modes of a transceiver, the rows of a table."""
        return tuple(dict.fromkeys(key.rpartition(".")[0] for key in self.data if "." in key))

    def __str__(self) -> str:
        rows = (f"  {key:<34} {datum}" for key, datum in self.data.items())
        return "\n".join([f"{self.name} ({self.kind}): {self.title}", *rows])


def _part_from_fields(name: str, kind: str, title: str, data: dict[str, Datum], note: str) -> Part:
    return Part(name=name, kind=kind, title=title, data=data, note=note)


def datum_from_table(table: Mapping[str, Any], *, where: str) -> Datum:
    """A `Datum` from a TOML table; `where` names it in errors."""
    known = Datum.__dataclass_fields__
    for key in table:
        if key not in known:
            raise ValueError(f"{where}: unknown key {key!r}; a value has {', '.join(known)}")
    for key in ("value", "unit", "source", "confidence"):
        if key not in table:
            raise ValueError(f"{where}: {key} is missing; a value needs value, unit, source and confidence")
    try:
        return Datum(**{**table, "value": float(table["value"])})
    except (TypeError, ValueError) as error:
        raise ValueError(f"{where}: {error}") from None


def _leaves(table: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for key, value in table.items():
        if not isinstance(value, Mapping):
            raise ValueError(f"{prefix}{key}: a bare value; write a table with value, unit, source, confidence")
        if "value" in value:
            yield f"{prefix}{key}", value
        else:
            yield from _leaves(value, f"{prefix}{key}.")


@cache
def all_parts() -> Mapping[str, Part]:
    """Every part of the catalogue by name, in the order of the files.

    A file of `links/data` holds `[[part]]` tables with `name`, `kind`, `title`, an optional `note`, and
    `[part.data]`, whose leaves are `Datum` tables.
    """
    parts: dict[str, Part] = {}
    for entry in sorted(files("links").joinpath("data").iterdir(), key=lambda item: item.name):
        if not entry.name.endswith(".toml"):
            continue
        for table in tomllib.loads(entry.read_text(encoding="utf-8"))["part"]:
            name = table["name"]
            if name in parts:
                raise ValueError(f"{entry.name}: part {name!r} is defined twice")
            data = {
                key: datum_from_table(leaf, where=f"{entry.name}: {name}.{key}")
                for key, leaf in _leaves(table["data"], "")
            }
            parts[name] = Part(
                name=name, kind=table["kind"], title=table["title"], data=data, note=table.get("note", "")
            )
    return MappingProxyType(parts)


def load_part(name: str) -> Part:
    """The part of that name.

    >>> load_part("nvlink5")["lanes_per_link"]
    2.0
    """
    parts = all_parts()
    if name not in parts:
        near = difflib.get_close_matches(name, parts, n=3)
        hint = f"; near: {', '.join(near)}" if near else ""
        raise ValueError(f"no part {name!r} in links/data{hint}; there are {len(parts)}")
    return parts[name]
