"""Scenarios: what is modelled, as a TOML file that refuses what it does not know.

The border between people's files and the project's objects: pydantic checks types, `quantity` reads units, and a value
may be a table that carries its source. Leaves out building anything: see `case`.
"""

import difflib
import hashlib
import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, ValidationError, field_validator, model_validator

from links.parts import Datum

from .quantity import parse_quantity, shown
from .tables import (
    BlockTable,
    ClosTable,
    HexagonalTable,
    HexagonTable,
    Nvl72Table,
    NVLinkTable,
    OpticalTable,
    OrbitTable,
    PairsTable,
    PublishedTable,
    RadioTable,
    ReachTable,
    ReadingTable,
    ReferenceTable,
    SatelliteTable,
    SuncatcherTable,
    SuperpodTable,
    Table,
    TerminalTable,
    TorusTable,
    TpuSliceTable,
)  # fmt: skip

__all__ = ["Scenario", "load_scenario", "scenario_from_table", "scenario_names"]


class Scenario(Table):
    """What is modelled. Made by `load_scenario` or `scenario_from_table`; frozen."""

    name: str
    title: str
    group: Literal[
        "Suncatcher", "other formations", "other links", "one rack taken apart", "a gigawatt", "on the ground",
        "for tests", "your own",
    ] = "your own"  # fmt: skip
    about: str = ""
    sources: tuple[str, ...] = ()
    orbit: OrbitTable | None = None
    formation: Annotated[
        SuncatcherTable | BlockTable | HexagonalTable | HexagonTable | Nvl72Table | SuperpodTable | TpuSliceTable
        | TorusTable,
        Field(discriminator="kind"),
    ]  # fmt: skip
    satellite: SatelliteTable | None = None
    wiring: Annotated[ReachTable | PairsTable | ClosTable, Field(discriminator="kind")] | None = None
    link: Annotated[OpticalTable | RadioTable | TerminalTable | NVLinkTable, Field(discriminator="kind")] | None = None
    reference: ReferenceTable = ReferenceTable()
    reading: tuple[ReadingTable, ...] = ()
    published: tuple[PublishedTable, ...] = ()
    data: dict[str, Datum] = Field(default_factory=dict, repr=False)

    @field_validator("name")
    @classmethod
    def _names_a_folder(cls, name: str) -> str:
        if not name.strip() or name.startswith(".") or any(sign in name for sign in "/\\\0"):
            raise ValueError(f"{shown(name)} cannot name a folder of results; use letters, digits and hyphens")
        return name

    @model_validator(mode="after")
    def _whole(self) -> "Scenario":
        in_orbit = ("orbit", "satellite", "wiring", "link")
        on_ground = isinstance(self.formation, Nvl72Table | SuperpodTable | TpuSliceTable | TorusTable)
        for name in in_orbit:
            given = getattr(self, name) is not None
            if given and on_ground:
                raise ValueError(f"[{name}] does not go with formation.kind={self.formation.kind!r}; remove it")
            if not given and not on_ground:
                raise ValueError(f"[{name}] is missing; formation.kind={self.formation.kind!r} needs it")
        for claim in self.published:
            if claim.of == "gap to SuperPOD" and not self.reference.scale_out:
                raise ValueError(f"published {claim.what!r}: reference.scale_out = false leaves it out; remove one")
        return self

    @property
    def digest(self) -> str:
        """SHA-256 of the resolved values, those of the readings too (not of sources and texts), first 16 digits."""
        texts = {"data", "name", "title", "group", "about", "sources", "reading", "published"}
        values = self.model_dump(mode="json", exclude=texts)
        values["reading"] = [self.variant(reading.set).digest for reading in self.reading]
        return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:16]

    def variant(self, overrides: Mapping[str, Any]) -> "Scenario":
        """The same scenario with dotted keys replaced (and their sources dropped), without readings and `published`."""
        table = self.model_dump(exclude={"data", "reading", "published"}, exclude_none=True)
        replaced = tuple(f"{path}." for path in overrides)
        kept = {path: datum for path, datum in self.data.items() if not f"{path}.".startswith(replaced)}
        return scenario_from_table(table, overrides=overrides).model_copy(update={"data": kept})

    def __str__(self) -> str:
        return f"{self.name}: {self.title}"


_DATUM_KEYS = frozenset(Datum.__dataclass_fields__) - {"unit"}


def _split(table: Mapping[str, Any], prefix: str, data: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Plain values of a table; those written as {value, source, ...} leave their provenance in `data`."""
    plain: dict[str, Any] = {}
    for key, value in table.items():
        path = f"{prefix}{key}"
        if isinstance(value, Mapping) and "value" in value and key != "set":
            unknown = sorted(set(value) - _DATUM_KEYS, key=str)
            if unknown:
                raise ValueError(
                    f"{path}: unknown key {unknown[0]!r}; a sourced value has {', '.join(sorted(_DATUM_KEYS))}"
                )
            plain[key], data[path] = value["value"], dict(value)
        elif isinstance(value, Mapping) and key != "set":
            plain[key] = _split(value, f"{path}.", data)
        else:
            plain[key] = value
    return plain


def _flat(model: BaseModel, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name in type(model).model_fields:
        value = getattr(model, name)
        if isinstance(value, BaseModel):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


_DIMENSION_OF = {
    "_m": "length", "_s": "time", "_bps": "rate", "_rad": "angle", "_hz": "frequency", "_db": "level", "_w": "power",
}  # fmt: skip


def _dimension(path: str) -> str:
    return next((dimension for suffix, dimension in _DIMENSION_OF.items() if path.endswith(suffix)), "number")


def _unit(path: str) -> str:
    units = {"length": "m", "time": "s", "rate": "bit/s", "angle": "rad", "frequency": "Hz", "level": "dB",
             "power": "W", "number": "1"}  # fmt: skip
    return units[_dimension(path)]


def _datum(path: str, raw: Mapping[str, Any], value: float) -> Datum:
    try:
        ends = {k: parse_quantity(raw[k], dimension=_dimension(path)) for k in ("low", "high") if k in raw}
        return Datum(**{**raw, **ends, "value": value, "unit": _unit(path)})
    except TypeError:
        raise ValueError(f"{path}: a sourced value needs source and confidence") from None
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def _apply(table: dict[str, Any], overrides: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Copy of a raw scenario with dotted keys replaced; a key must name an existing table."""
    changed = {**table}
    for path, value in overrides.items():
        *parents, key = path.split(".")
        homes = [name for name, below in changed.items() if isinstance(below, Mapping) and key in below]
        if not parents and homes and key not in Scenario.model_fields:
            raise ValueError(
                f"{where} {path}: it is a key of a table; write {' or '.join(f'{h}.{key}' for h in homes)}"
            )
        level = changed
        for depth, parent in enumerate(parents, start=1):
            below = level.get(parent)
            if not isinstance(below, Mapping):
                known = {k: v for k, v in level.items() if isinstance(v, Mapping) and "value" not in v}
                near = difflib.get_close_matches(parent, known, n=1)
                hint = f"did you mean {near[0]}?" if near else f"tables here: {', '.join(known) or 'none'}"
                raise ValueError(f"{where} {path}: there is no table {parent!r}; {hint}")
            if "value" in below:
                whole = ".".join(parents[:depth])
                raise ValueError(f"{where} {path}: {whole} is a value with its source, no table; set {whole} itself")
            level[parent] = {**below}
            level = level[parent]
        level[key] = value
    return changed


def scenario_from_table(table: Mapping[str, Any], *, overrides: Mapping[str, Any] | None = None) -> Scenario:
    """Scenario of a nested table as TOML gives it, after replacing dotted keys by `overrides`.

    What is published about the scenario as it stands is left out once a value of the model is replaced.

    Raises
    ------
    ValueError
        One line: which key, which value, what to do.
    """
    name = table.get("name") if isinstance(table, Mapping) else None
    where = f"scenario {name}" if isinstance(name, str) else "scenario"
    try:
        return _scenario(table, overrides or {})
    except ValueError as error:
        text = _first_problem(error) if isinstance(error, ValidationError) else str(error)
        line = " ".join(f"{where}: {text}".split())
        raise ValueError(line if len(line) <= _LONGEST else f"{line[:_LONGEST]} ...") from None


_MOST_DEPTH = 8  # tables and lists inside each other; a scenario needs four
_TINY = 1e-6  # least lengths below it only keep squares finite
_LONGEST = 500  # characters of a message: what somebody pasted into a file need not come back whole


def _scenario(table: Mapping[str, Any], overrides: Mapping[str, Any]) -> Scenario:
    if not isinstance(table, Mapping):
        raise ValueError(f"{shown(table)} is no table of keys and values; give what a TOML file holds")
    _check_depth([*table.values(), *overrides.values()])
    if any("." in path for path in overrides):  # figures of a publication are not about what one makes of it
        table = {key: value for key, value in table.items() if key != "published"}
    raw = _apply(dict(table), overrides, "set")
    if "data" in raw:
        raise ValueError("unknown key 'data'; write sources beside the values")
    sourced: dict[str, dict[str, Any]] = {}
    scenario = Scenario.model_validate(_split(raw, "", sourced))
    flat = dict(_flat(scenario))
    data = {}
    for path, source in sourced.items():
        if isinstance(flat.get(path), bool) or not isinstance(flat.get(path), int | float):
            raise ValueError(f"{path}: only numbers can carry a source here; write the bare value")
        data[path] = _datum(path, source, flat[path])
    for reading in scenario.reading:
        try:
            scenario.variant(reading.set)
        except ValueError as error:
            text = str(error).removeprefix(f"scenario {scenario.name}: ")
            raise ValueError(f"reading {shown(reading.label)}: {text}") from None
    return scenario.model_copy(update={"data": data})


def _check_depth(level: Sequence[Any]) -> None:
    for _ in range(_MOST_DEPTH):
        inner = [value for value in level if isinstance(value, Mapping | list | tuple)]
        level = [part for value in inner for part in (value.values() if isinstance(value, Mapping) else value)]
    if level:
        raise ValueError(f"tables or lists more than {_MOST_DEPTH} deep; a scenario has tables of values, flatten it")


def _first_problem(error: ValidationError) -> str:
    problem = error.errors()[0]
    union = problem["loc"][:1] in (("formation",), ("wiring",), ("link",))  # then the second step is the kind
    path = ".".join(str(step) for k, step in enumerate(problem["loc"]) if not (union and k == 1))
    kind, message, value = problem["type"], problem["msg"].removeprefix("Value error, "), problem["input"]
    if kind == "extra_forbidden":
        return f"{path}: unknown key{_near(error, problem['loc'])}; remove it or correct its spelling"
    if kind == "missing":
        return f"{path}: missing; add it"
    if kind == "union_tag_not_found":
        return f"{path}.kind: missing; it says what kind of {path} this is"
    if kind == "union_tag_invalid":
        return f"{path}.kind={shown(problem['ctx']['tag'])}: use one of {problem['ctx']['expected_tags']}"
    if not path:
        return message
    if kind == "value_error":
        return f"{path}: {message}"
    if kind == "greater_than_equal" and 0.0 < problem["ctx"]["ge"] < _TINY:
        message = "need a value above 0"
    bare = isinstance(value, int | float) and not isinstance(value, bool) and _unit(path) != "1"
    hint = f" (a number without a unit is in {_unit(path)})" if bare else ""
    return f"{path}={shown(value)}: {message[0].lower()}{message[1:]}{hint}"


def _near(error: ValidationError, loc: tuple[int | str, ...]) -> str:
    tables: list[type[BaseModel]] = [Scenario, *Table.__subclasses__()]
    keys = {key for table in tables for key in table.model_fields} - {"data"}
    close = difflib.get_close_matches(str(loc[-1]), keys, n=1)
    return f" (did you mean {close[0]}?)" if close else ""


def scenario_names() -> tuple[str, ...]:
    """Names of the shipped scenarios."""
    folder = files("optimize.study") / "scenarios"
    return tuple(sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml")))


@dataclass(frozen=True)
class _Source:
    where: str
    text: str


def _exists(name: str) -> bool:
    try:
        return Path(name).exists()
    except (OSError, ValueError):  # longer than any path, or not one at all
        return False


def _read(name: str) -> _Source:
    if name in scenario_names():
        entry = files("optimize.study") / "scenarios" / f"{name}.toml"
        return _Source(name, entry.read_text(encoding="utf-8"))
    if name.endswith(".toml") or _exists(name):
        try:
            return _Source(name, Path(name).read_text(encoding="utf-8-sig"))
        except (OSError, ValueError) as error:
            text = error.strerror if isinstance(error, OSError) else None
            reason = "it is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else text or str(error)
            raise ValueError(f"scenario file {shown(name)}: cannot be read, {reason}; check the path") from None
    near = difflib.get_close_matches(name, scenario_names(), n=3, cutoff=0.4)
    hint = f"did you mean {' or '.join(near)}?" if near else f"shipped: {', '.join(scenario_names())}."
    raise ValueError(f"no scenario {shown(name)}; {hint} A file of your own must end in .toml")


def load_scenario(name: str, *, overrides: Mapping[str, Any] | None = None) -> Scenario:
    """Shipped scenario of that name, or the scenario of a TOML file.

    Parameters
    ----------
    name : str
        One of `scenario_names()`, or a path that ends in `.toml`.
    overrides : mapping, optional
        Dotted keys and values, such as {"link.aperture_m": "20 cm"}.

    >>> print(load_scenario("lattice-21"))
    lattice-21: Suncatcher's lattice cut down to 21 satellites of 72 GPUs
    """
    source = _read(name)
    try:
        table = tomllib.loads(source.text)
    except ValueError as error:
        raise ValueError(f"scenario {source.where}: not valid TOML, {error}; correct the file") from None
    except RecursionError:
        raise ValueError(f"scenario {source.where}: tables or lists too deep to read; flatten the file") from None
    if source.where in scenario_names():
        return scenario_from_table(table, overrides=overrides)
    if not table:
        raise ValueError(f"scenario file {shown(name)}: is empty; `fabricgap new FILE.toml` writes one to start from")
    try:
        return scenario_from_table(table, overrides=overrides)
    except ValueError as error:
        raise ValueError(f"scenario file {shown(name)}: {error}") from None
