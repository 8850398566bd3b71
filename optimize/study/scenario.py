"""Scenarios: what is modelled, as a TOML file that refuses what it does not know.

The border between people's files and the project's objects: pydantic checks types, `quantity` reads units, and a value
may be a table that carries its source. Leaves out building anything: see `case`.
"""

import difflib
import hashlib
import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from links.parts import Datum

from .quantity import parse_quantity

__all__ = ["Scenario", "load_scenario", "scenario_from_table", "scenario_names"]


def _quantity(dimension: str) -> BeforeValidator:
    return BeforeValidator(partial(parse_quantity, dimension=dimension))


_Length = Annotated[float, _quantity("length"), Field(gt=0)]
_Time = Annotated[float, _quantity("time"), Field(ge=0)]
_Rate = Annotated[float, _quantity("rate"), Field(gt=0)]
_Angle = Annotated[float, _quantity("angle"), Field(ge=0)]
_Level = Annotated[float, _quantity("level"), Field(ge=0)]
_Share = Annotated[float, _quantity("number"), Field(gt=0, lt=1)]
_Number = Annotated[float, _quantity("number"), Field(gt=0)]
_Count = Annotated[int, Field(ge=1, strict=True)]


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class OrbitTable(_Table):
    """Reference orbit and how finely it is sampled."""

    altitude_m: _Length
    epochs: _Count = 24


class SuncatcherTable(_Table):
    """`topo.suncatcher_lattice`."""

    kind: Literal["suncatcher_lattice"]
    pitch_m: _Length
    radius_m: _Length


class BlockTable(_Table):
    """`topo.lattice_block`."""

    kind: Literal["lattice_block"]
    pitch_m: _Length
    rows: _Count
    columns: _Count


class Nvl72Table(_Table):
    """`topo.nvl72`: a fabric on the ground in the formation's place."""

    kind: Literal["nvl72"]


class SuperpodTable(_Table):
    """`topo.superpod`: a fabric on the ground in the formation's place."""

    kind: Literal["superpod"]
    racks: _Count


class SatelliteTable(_Table):
    """`topo.Satellite`; rates in one direction."""

    gpus: _Count
    host_per_gpu_bps: _Rate
    local_bps: _Rate
    port_bps: _Rate | None = None
    switch_bps: _Rate | None = None
    switch_latency_s: _Time
    terminals: _Count
    radius_m: _Length


class ReachTable(_Table):
    """Wiring: every pair that never drifts farther apart than the reach."""

    kind: Literal["neighbours_within"]
    reach_m: _Length
    terminals_per_link: _Count = 1


class PairsTable(_Table):
    """Wiring: an explicit list of pairs."""

    kind: Literal["Wiring"]
    pairs: tuple[tuple[int, int], ...]
    terminals_per_link: _Count = 1


class OpticalTable(_Table):
    """`links.OpticalLink`; transceiver and amplifier are names of parts."""

    kind: Literal["OpticalLink"]
    aperture_m: _Length
    wavelength_m: _Length
    transceiver: str
    channels: _Count
    sub_apertures: _Count = 1
    truncation: _Number
    focus_m: _Length | None = None
    optics_loss_db: _Level
    jitter_rad: _Angle
    outage: _Share
    amplifier: str | None = None


class NVLinkTable(_Table):
    """`links.NVLink`; generation and cable are names of parts."""

    kind: Literal["NVLink"]
    generation: str
    cable: str
    links: _Count


class ReferenceTable(_Table):
    """What the formation is compared with: always an NVL72 (scale-up), and a SuperPOD of as many GPUs (scale-out)."""

    scale_out: bool = True


class ReadingTable(_Table):
    """Another defensible reading of the same system: dotted keys of the scenario and their other values."""

    label: str
    set: dict[str, Any]


class Scenario(_Table):
    """What is modelled. Made by `load_scenario` or `scenario_from_table`; frozen."""

    name: str
    title: str
    about: str = ""
    sources: tuple[str, ...] = ()
    orbit: OrbitTable | None = None
    formation: Annotated[SuncatcherTable | BlockTable | Nvl72Table | SuperpodTable, Field(discriminator="kind")]
    satellite: SatelliteTable | None = None
    wiring: Annotated[ReachTable | PairsTable, Field(discriminator="kind")] | None = None
    link: Annotated[OpticalTable | NVLinkTable, Field(discriminator="kind")] | None = None
    reference: ReferenceTable = ReferenceTable()
    reading: tuple[ReadingTable, ...] = ()
    data: dict[str, Datum] = Field(default_factory=dict, repr=False)

    @model_validator(mode="after")
    def _whole(self) -> "Scenario":
        in_orbit = ("orbit", "satellite", "wiring", "link")
        on_ground = isinstance(self.formation, Nvl72Table | SuperpodTable)
        for name in in_orbit:
            given = getattr(self, name) is not None
            if given and on_ground:
                raise ValueError(f"[{name}] does not go with formation.kind={self.formation.kind!r}; remove it")
            if not given and not on_ground:
                raise ValueError(f"[{name}] is missing; formation.kind={self.formation.kind!r} needs it")
        return self

    @property
    def digest(self) -> str:
        """SHA-256 of the resolved values (not of sources and texts), first 16 digits."""
        values = self.model_dump(mode="json", exclude={"data", "title", "about", "sources"})
        return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:16]

    def variant(self, overrides: Mapping[str, Any]) -> "Scenario":
        """The same scenario with dotted keys replaced (their sources dropped), and without its readings."""
        table = self.model_dump(exclude={"data", "reading"}, exclude_none=True)
        kept = {path: datum for path, datum in self.data.items() if path not in overrides}
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
            unknown = sorted(set(value) - _DATUM_KEYS)
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


_DIMENSION_OF = {"_m": "length", "_s": "time", "_bps": "rate", "_rad": "angle", "_db": "level", "_w": "power"}


def _dimension(path: str) -> str:
    return next((dimension for suffix, dimension in _DIMENSION_OF.items() if path.endswith(suffix)), "number")


def _unit(path: str) -> str:
    units = {"length": "m", "time": "s", "rate": "bit/s", "angle": "rad", "level": "dB", "power": "W", "number": "1"}
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
        level = changed
        for parent in parents:
            if not isinstance(level.get(parent), Mapping):
                known = ", ".join(k for k, v in level.items() if isinstance(v, Mapping))
                raise ValueError(f"{where} {path}: there is no table {parent!r}; tables here: {known}")
            level[parent] = {**level[parent]}
            level = level[parent]
        level[key] = value
    return changed


def scenario_from_table(table: Mapping[str, Any], *, overrides: Mapping[str, Any] | None = None) -> Scenario:
    """Scenario of a nested table as TOML gives it, after replacing dotted keys by `overrides`.

    Raises
    ------
    ValueError
        One line: which key, which value, what to do.
    """
    raw = _apply(dict(table), overrides or {}, "set")
    sourced: dict[str, dict[str, Any]] = {}
    name = raw.get("name", "scenario")
    if "data" in raw:
        raise ValueError(f"scenario {name}: unknown key 'data'; write sources beside the values")
    try:
        plain = _split(raw, "", sourced)
        scenario = Scenario.model_validate(plain)
        flat = dict(_flat(scenario))
        data = {path: _datum(path, table_, flat[path]) for path, table_ in sourced.items() if isinstance(flat.get(path), int | float)}  # fmt: skip
    except ValidationError as error:
        raise ValueError(f"scenario {name}: {_first_problem(error)}") from None
    except ValueError as error:
        raise ValueError(f"scenario {name}: {error}") from None
    lost = sorted(set(sourced) - set(data))
    if lost:
        raise ValueError(f"scenario {name}: {lost[0]}: only numbers can carry a source here; write the bare value")
    return scenario.model_copy(update={"data": data})


def _first_problem(error: ValidationError) -> str:
    problem = error.errors()[0]
    kinds = {"suncatcher_lattice", "lattice_block", "nvl72", "superpod", "neighbours_within", "Wiring", "OpticalLink", "NVLink"}  # fmt: skip
    path = ".".join(str(step) for step in problem["loc"] if step not in kinds)
    kind, message, value = problem["type"], problem["msg"].removeprefix("Value error, "), problem["input"]
    if kind == "extra_forbidden":
        return f"{path}: unknown key{_near(error, problem['loc'])}; remove it or correct its spelling"
    if kind == "missing":
        return f"{path}: missing; add it"
    if kind == "union_tag_not_found":
        return f"{path}.kind: missing; it says what kind of {path} this is"
    if kind == "union_tag_invalid":
        return f"{path}.kind={problem['ctx']['tag']!r}: use one of {problem['ctx']['expected_tags']}"
    if not path:
        return message
    if kind == "value_error":
        return f"{path}: {message}"
    return f"{path}={value!r}: {message[0].lower()}{message[1:]}"


def _near(error: ValidationError, loc: tuple[int | str, ...]) -> str:
    tables = [Scenario, *(c for c in _Table.__subclasses__())]
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


def _read(name: str) -> _Source:
    if name in scenario_names():
        entry = files("optimize.study") / "scenarios" / f"{name}.toml"
        return _Source(name, entry.read_text(encoding="utf-8"))
    path = Path(name)
    if path.suffix == ".toml" or path.exists():
        try:
            return _Source(str(path), path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
            raise ValueError(f"scenario file {name}: cannot be read, {reason}; check the path") from None
    near = difflib.get_close_matches(name, scenario_names(), n=3, cutoff=0.4)
    hint = f"did you mean {' or '.join(near)}?" if near else f"shipped: {', '.join(scenario_names())}"
    raise ValueError(f"no scenario {name!r}; {hint} A file of your own must end in .toml")


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
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"scenario {source.where}: not valid TOML, {error}") from None
    return scenario_from_table(table, overrides=overrides)
