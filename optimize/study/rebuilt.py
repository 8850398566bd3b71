"""What a saved report was measured on, built again from the scenario in it: links and topo only, nothing is solved."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from links.model import ValidityWarning
from links.parts import Datum, Part, load_part
from topo.fabric import Fabric, FabricSeries

from .case import Case, as_series, build
from .meaning import reference_fabrics
from .save import datum_table
from .scenario import Scenario, scenario_from_table

__all__ = ["MOST_REBUILT", "Rebuilt", "rebuild"]

MOST_REBUILT = 1000
"""Nodes up to which a formation in orbit is built again without being asked for: seconds."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Rebuilt:
    """What the proofs of a report must be about.

    Parameters
    ----------
    case : Case or None
        Built from the report's scenario; None where that was not possible, or not asked for.
    references : mapping of str to Fabric
        `scale-up` and `scale-out`, as far as they are known.
    differences : tuple of str
        What the report says of its scenario and parts that does not follow from them.
    stated : tuple of str
        What has to be believed, and why.
    """

    case: Case | None = None
    references: Mapping[str, Fabric] = field(default_factory=dict)
    differences: tuple[str, ...] = ()
    stated: tuple[str, ...] = ()

    @property
    def series(self) -> FabricSeries | None:
        """The formation over its orbit; None where it was not built again."""
        return None if self.case is None else as_series(self.case.formation)


def rebuild(table: Mapping[str, Any], *, formation: Fabric, full: bool = False) -> Rebuilt:
    """Build the case of a report again.

    Parameters
    ----------
    table : mapping
        Of `report.json`.
    formation : Fabric
        As stored: tells how large it is, and how many GPUs references have where there is no scenario.
    full : bool
        Build formations in orbit beyond `MOST_REBUILT` nodes too.
    """
    raw, digest = table["provenance"]["scenario"], table["provenance"]["digest"]
    out = any(row["scale_out"] is not None for row in table["metrics"])
    if raw is None:
        wrong: tuple[str, ...] = ()
        if digest is not None:
            wrong = (f"provenance, digest says {digest}, there is no scenario",)
        return Rebuilt(differences=wrong, stated=("formation fabric as stored: made by hand, no scenario",))
    try:
        scenario = _scenario(raw, table["scenario_data"])
    except ValueError as error:
        return Rebuilt(differences=(f"provenance, scenario: {error}",))
    wrong = tuple(_unlike(table, scenario, digest))
    references = reference_fabrics(n_gpus=formation.n_gpus, scale_out=scenario.reference.scale_out)
    if out != scenario.reference.scale_out:
        wrong += (f"scale_out is {'' if out else 'not '}there, reference.scale_out is {scenario.reference.scale_out}",)
    if formation.n_nodes > MOST_REBUILT and scenario.orbit is not None and not full:
        why = f"formation fabric as stored: {formation.n_nodes} nodes, --full builds it again"
        return Rebuilt(references=references, differences=wrong, stated=(why,))
    own = _own_parts(table["parts"])
    stated = tuple(f"part {name}, {key}: not the value shipped" for name, (_, keys) in own.items() for key in keys)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ValidityWarning)  # said when it was measured
            case = build(scenario, parts={name: part for name, (part, _) in own.items()})
    except ValueError as error:
        return Rebuilt(references=references, differences=(*wrong, f"provenance, scenario: {error}"), stated=stated)
    up = {"scale-up": case.scale_up}
    references = up if case.scale_out is None else {**up, "scale-out": case.scale_out}
    names = [part.name for part in case.parts]
    if sorted(names) != sorted(table["parts"]):
        wrong += (f"parts are {', '.join(sorted(table['parts']))}; the scenario has {', '.join(sorted(names))}",)
    if list(case.modelled) != table["modelled"]:
        wrong += ("modelled: not what the scenario says",)
    return Rebuilt(case=case, references=references, differences=wrong, stated=stated)


def _scenario(raw: Mapping[str, Any], data: Mapping[str, Any]) -> Scenario:
    scenario = scenario_from_table(_without_none(raw))
    return scenario.model_copy(update={"data": {path: _datum(path, row) for path, row in data.items()}})


def _datum(path: str, row: Mapping[str, Any]) -> Datum:
    try:
        return Datum(**row)
    except TypeError as error:
        raise ValueError(f"{path}: {error}") from None


def _without_none(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_none(one) for key, one in value.items() if one is not None}
    return [_without_none(one) for one in value] if isinstance(value, list) else value


def _unlike(table: Mapping[str, Any], scenario: Scenario, digest: object) -> list[str]:
    """What the report says of its scenario and the scenario does not."""
    found = []
    if digest != scenario.digest:
        found.append(f"provenance, digest says {digest}, recomputed {scenario.digest}")
    for key in ("name", "title"):
        if table[key] != getattr(scenario, key):
            found.append(f"{key} says {table[key]!r}, its scenario {getattr(scenario, key)!r}")
    for path, row in table["scenario_data"].items():
        value: Any = table["provenance"]["scenario"]
        for key in path.split("."):
            value = value.get(key) if isinstance(value, Mapping) else None
        if isinstance(value, int | float) and value != row["value"]:
            found.append(f"scenario_data, {path} says {row['value']:.12g}, its scenario {value:.12g}")
    return found


def _own_parts(parts: Mapping[str, Any]) -> dict[str, tuple[Part, list[str]]]:
    """Parts of a report that are not those shipped, with the keys that differ."""
    own = {}
    for name, row in parts.items():
        try:
            shipped = load_part(name)
        except ValueError:
            shipped = Part(name=name, kind="part", title=row["title"], data={})
        known = {key: datum_table(datum) for key, datum in shipped.data.items()}
        keys = [key for key in dict.fromkeys([*known, *row["data"]]) if known.get(key) != row["data"].get(key)]
        if keys:
            data = {key: _datum(f"{name}.{key}", one) for key, one in row["data"].items()}
            own[name] = (replace(shipped, data=data), keys)
    return own
