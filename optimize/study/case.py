"""A `Case` is everything a report needs as objects: made from a scenario by `build`, or by hand in a notebook.

Leaves out measuring: see `measure`.
"""

import math
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from types import MappingProxyType
from typing import Any

import numpy as np

from links.fso import OpticalLink
from links.model import LinkModel, ValidityWarning
from links.nvlink import NVLink
from links.parts import Datum, Part, load_part
from links.rf import RadioLink
from links.terminal import TerminalLink
from optimize.design.sight import Sight, sight
from topo.build import Satellite, build_series
from topo.clos import clos
from topo.designs import hexagonal_lattice, tilted_hexagon
from topo.fabric import Fabric, FabricSeries
from topo.formation import Formation, lattice_block, suncatcher_lattice
from topo.ground import nvl72, superpod
from topo.orbit import Orbit
from topo.ranges import neighbours_within, range_extremes_m
from topo.textbook import torus_fabric
from topo.tpu import tpu_slice
from topo.visibility import permanently_visible
from topo.wiring import Wiring

from .modelled import interference_line, link_line, network_line, satellite_line
from .scenario import Scenario
from .tables import (
    BlockTable,
    ClosTable,
    HexagonalTable,
    HexagonTable,
    Nvl72Table,
    OpticalTable,
    PairsTable,
    RadioTable,
    ReachTable,
    SatelliteTable,
    SuncatcherTable,
    SuperpodTable,
    TerminalTable,
    TorusTable,
    TpuSliceTable,
)  # fmt: skip

__all__ = ["Case", "as_series", "build", "formation_of", "satellites_of", "scale_out_of"]

# What one computer can hold and check: some 24 bytes a satellite and time, 16 a pair.
_MOST_POSITIONS = _MOST_PAIRS = 10_000_000
_MOST_TORUS_LINKS = 1_000_000
_MOST_SIGHT_LINES = 2_000_000  # between all pairs, looked along once


@dataclass(frozen=True, kw_only=True, eq=False)
class Case:
    """What is compared with what.

    Parameters
    ----------
    name, title : str
    formation : FabricSeries or Fabric
        What is measured.
    scale_up : Fabric
        Reference in which every pair is as well connected as inside one rack.
    scale_out : Fabric or None
        Reference of racks joined by a 1:1 network; None to leave it out.
    terminals : int or None
        Of each satellite, for the ladder's one-hop step; None leaves the step out.
    sight : function or None
        Gives whom the satellites could be linked with, for the ladder's steps over apertures and over all wirings.
    modelled : tuple of str
        One line each on what was modelled, for the first screen.
    parts : tuple of Part
        Hardware whose values went in.
    data : mapping of str to Datum
        Sourced values of the scenario.
    readings : tuple of (label, Case)
        Other readings of the same system, measured for all_to_all only.
    impossible : tuple of (label, reason)
        Readings that nobody can build, such as those whose link budget does not close.
    scenario : Scenario or None
        What the case was built from.
    """

    name: str
    title: str = ""
    formation: FabricSeries | Fabric
    scale_up: Fabric
    scale_out: Fabric | None = None
    terminals: int | None = None
    sight: Callable[[], Sight] | None = field(default=None, repr=False)
    modelled: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()
    data: Mapping[str, Datum] = field(default_factory=dict)
    readings: tuple[tuple[str, "Case"], ...] = ()
    impossible: tuple[tuple[str, str], ...] = ()
    scenario: Scenario | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "data", MappingProxyType(dict(self.data)))

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "data": dict(self.data)}  # a read-only view cannot be pickled

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, data=MappingProxyType(state["data"]))


def as_series(fabric: FabricSeries | Fabric) -> FabricSeries:
    """A fabric as a series of one time; a series as it is."""
    if isinstance(fabric, FabricSeries):
        return fabric
    positions = None if fabric.positions_m is None else fabric.positions_m[None]
    names = ("capacity_bps", "latency_s", "latency_low_s", "power_w", "range_m", "availability")
    rows = {name: getattr(fabric, name)[None, :] for name in names}
    return FabricSeries(time_s=np.zeros(1), structure=fabric, positions_m=positions, **rows)


def _check_size(scenario: Scenario, epochs: int) -> None:
    """Refuse what no memory holds, before it is made."""
    table, wiring = scenario.formation, scenario.wiring
    pitch = 1.0
    if isinstance(table, SuncatcherTable | HexagonalTable | HexagonTable):
        pitch = table.pitch_m
        cell = 1.0 if isinstance(table, SuncatcherTable) else math.sqrt(0.75)
        across = table.pitch_m if isinstance(table, HexagonTable) else 2.0 * table.pitch_m
        satellites = 1.0 + math.pi / cell * min(table.radius_m / across, 1e150) ** 2
    elif isinstance(table, BlockTable):
        pitch, satellites = table.pitch_m, float(table.rows * table.columns)
    else:
        satellites = 0.0
    if satellites * epochs > _MOST_POSITIONS:
        raise ValueError(
            f"formation: some {satellites:.2g} satellites at {epochs} epochs are more than {_MOST_POSITIONS:.0e} "
            "positions; use a larger pitch_m, a smaller formation or fewer epochs"
        )
    if isinstance(wiring, ClosTable) and satellites**2 > _MOST_SIGHT_LINES:
        raise ValueError(f"wiring.kind='clos': {satellites:.2g} satellites have too many sight lines; use fewer")
    reach = wiring.reach_m if isinstance(wiring, ReachTable) else 0.0
    pairs = satellites * min(satellites, math.pi * min(reach / pitch, 1e150) ** 2)
    if pairs > _MOST_PAIRS:
        raise ValueError(f"wiring.reach_m={reach:g}: some {pairs:.2g} pairs are within it; use a smaller reach")


def _formation(scenario: Scenario, orbit: Orbit) -> Formation:
    table = scenario.formation
    if isinstance(table, SuncatcherTable):
        return suncatcher_lattice(orbit=orbit, pitch_m=table.pitch_m, radius_m=table.radius_m)
    if isinstance(table, BlockTable):
        return lattice_block(orbit=orbit, pitch_m=table.pitch_m, rows=table.rows, columns=table.columns)
    if isinstance(table, HexagonalTable):
        return hexagonal_lattice(orbit=orbit, pitch_m=table.pitch_m, radius_m=table.radius_m)
    if isinstance(table, HexagonTable):
        return tilted_hexagon(orbit=orbit, pitch_m=table.pitch_m, radius_m=table.radius_m)
    raise ValueError(f"formation.kind={table.kind!r} is not a formation in orbit")


def formation_of(scenario: Scenario) -> Formation:
    """The satellites of a scenario in their orbit; `ValueError` for one without an orbit."""
    if scenario.orbit is None:
        raise ValueError(f"scenario {scenario.name}: it has no orbit; name one that flies")
    return _formation(scenario, Orbit(altitude_m=scenario.orbit.altitude_m))


def satellites_of(scenario: Scenario) -> tuple[int, int]:
    """Satellites of a formation, or what has GPUs on the ground, and the GPUs on each; without building the links."""
    if scenario.orbit is None or scenario.satellite is None:
        fabric = _network(scenario)
        return int((fabric.gpus > 0).sum()), int(fabric.gpus.max())
    _check_size(scenario, 1)
    return len(_formation(scenario, Orbit(altitude_m=scenario.orbit.altitude_m))), scenario.satellite.gpus


def _network(scenario: Scenario) -> Fabric:
    """What is given as a network, not as a formation in orbit."""
    table = scenario.formation
    if isinstance(table, TpuSliceTable):
        return tpu_slice(chip=load_part(table.chip), shape=table.shape)
    if isinstance(table, Nvl72Table):
        return nvl72()
    if isinstance(table, SuperpodTable):
        pod = superpod(racks=table.racks)
        return replace(pod, capacity_bps=pod.capacity_bps / table.oversubscription)
    if isinstance(table, TorusTable):
        if math.prod(table.dimensions) * len(table.dimensions) > _MOST_TORUS_LINKS:
            raise ValueError(f"formation.dimensions={table.dimensions}: above {_MOST_TORUS_LINKS:,} links; use fewer")
        low, high = _ends(scenario.data, "formation.latency_s", table.latency_s)
        torus = torus_fabric(
            dimensions=table.dimensions, capacity_bps=table.capacity_bps, gpus=table.gpus, latency_s=high,
            latency_low_s=low, host_bps=table.gpus * table.host_per_gpu_bps, name=scenario.name, medium="optical",
        )  # fmt: skip
        return replace(torus, local_bps=np.full(torus.n_nodes, table.local_bps))
    raise ValueError(f"[orbit], [satellite] and [wiring] go with formation.kind={table.kind!r}; add them")


def _ends(data: Mapping[str, Datum], path: str, value: float) -> tuple[float, float]:
    """Low and high of a sourced value; itself where none are given."""
    datum = data.get(path)
    low = value if datum is None or datum.low is None else datum.low
    return low, value if datum is None or datum.high is None else datum.high


def _satellite(table: SatelliteTable, data: Mapping[str, Datum]) -> Satellite:
    low, high = _ends(data, "satellite.switch_latency_s", table.switch_latency_s)
    return Satellite(
        gpus=table.gpus, host_bps=table.gpus * table.host_per_gpu_bps, local_bps=table.local_bps,
        switch_bps=table.switch_bps, port_bps=table.port_bps, switch_latency_s=high, switch_latency_low_s=low,
        terminals=table.terminals, radius_m=table.radius_m,
    )  # fmt: skip


def _wired(scenario: Scenario, formation: Formation, satellite: Satellite) -> tuple[Wiring, list[Satellite]]:
    """The links, and what each satellite is: those that a Clos network makes switches carry no GPUs."""
    table, types = scenario.wiring, [satellite] * len(formation)
    if isinstance(table, PairsTable):
        pairs, name = np.array(table.pairs, dtype=np.int64).reshape(-1, 2), "explicit pairs"
    elif isinstance(table, ReachTable):
        pairs = neighbours_within(formation=formation, reach_m=table.reach_m)
        name = f"neighbours within {table.reach_m:g} m"
    elif table is not None and scenario.orbit is not None:
        seen = permanently_visible(formation=formation, body_radius_m=satellite.radius_m, epochs=scenario.orbit.epochs)
        made, tier = clos(n=len(formation), terminals=table.terminals, layers=table.layers, seed=table.seed,
                          candidates=seen)  # fmt: skip
        pairs, name = made.pairs, f"{made.name}, {int((tier > 0).sum())} of {tier.size} satellites only switch"
        idle = replace(satellite, gpus=0, host_bps=None, local_bps=None, port_bps=None)
        types = [idle if level else satellite for level in tier]
    else:
        raise ValueError("[wiring] is missing")
    wiring = Wiring(name=name, pairs=pairs, terminals=np.full(len(pairs), table.terminals_per_link, dtype=np.int64))
    return wiring, types


def _link(scenario: Scenario, parts: Mapping[str, Part]) -> tuple[LinkModel, tuple[Part, ...]]:
    def part_of(name: str) -> Part:
        return parts[name] if name in parts else load_part(name)

    table = scenario.link
    if isinstance(table, OpticalTable):
        transceiver = part_of(table.transceiver)
        amplifier = None if table.amplifier is None else part_of(table.amplifier)
        values = table.model_dump(exclude={"kind", "transceiver", "amplifier"})
        model: LinkModel = OpticalLink(transceiver=transceiver, amplifier=amplifier, **values)
        return model, (transceiver,) if amplifier is None else (transceiver, amplifier)
    if isinstance(table, RadioTable):
        radio, amplifier = part_of(table.radio), part_of(table.amplifier)
        modcods = tuple(part_of(name) for name in table.modcods)
        values = table.model_dump(exclude={"kind", "radio", "amplifier", "modcods"}, exclude_none=True)
        return RadioLink(radio=radio, amplifier=amplifier, modcods=modcods, **values), (radio, amplifier, *modcods)
    if isinstance(table, TerminalTable):
        part = part_of(table.part)
        return TerminalLink(part=part, shared_by=table.shared_by or 1), (part,)
    if table is None:
        raise ValueError("[link] is missing")
    generation, cable = part_of(table.generation), part_of(table.cable)
    return NVLink(generation=generation, cable=cable, links=table.links), (generation, cable)


def scale_out_of(*, n_gpus: int) -> Fabric | None:
    """The SuperPOD of so many GPUs; None if they do not fill two racks or more."""
    racks, rest = divmod(n_gpus, nvl72().n_gpus)
    return None if rest or racks < 2 else superpod(racks=racks)


def _references(scenario: Scenario, n_gpus: int) -> tuple[Fabric, Fabric | None]:
    rack = nvl72()
    if not scenario.reference.scale_out:
        return rack, None
    pod = scale_out_of(n_gpus=n_gpus)
    if pod is None:
        raise ValueError(
            f"reference.scale_out: a SuperPOD of {n_gpus} GPUs would need {n_gpus / rack.n_gpus:g} racks of "
            f"{rack.n_gpus}; set reference.scale_out = false"
        )
    return rack, pod


def _check_between(series: FabricSeries, flight: Formation, wiring: Wiring, link: LinkModel) -> None:
    """Warn if, at its extreme ranges, a link carries less than at all the epochs: the worst is then not among them."""
    extremes = np.stack(range_extremes_m(formation=flight, pairs=wiring.pairs))
    rate = link.at(range_m=extremes.round(6)).rate_bps.min(axis=0) * wiring.terminals
    sampled = series.capacity_bps[:, : len(wiring)].min(axis=0)
    low = np.flatnonzero(rate < sampled * (1.0 - 1e-9))
    if low.size:
        i, j = wiring.pairs[low[0]]
        warnings.warn(
            f"orbit.epochs={len(series)}: between them {low.size} links carry less than at any of them, the first of "
            f"them sat{i}-sat{j}; use more epochs",
            ValidityWarning,
            stacklevel=4,
        )


_REFERENCE_PARTS = ("gb300_nvl72", "nvlink5", "nvswitch4", "twinax_30awg", "gb300_superpod")


def build(scenario: Scenario, *, parts: Mapping[str, Part] = MappingProxyType({})) -> Case:
    """Objects of a scenario: formation, wiring, link and references become fabrics, readings further cases.

    Parameters
    ----------
    scenario : Scenario
    parts : mapping of str to Part
        Hardware that its link takes instead of the shipped part of that name; its readings keep the shipped ones.
    """
    try:
        return _build(scenario, parts)
    except ValueError as error:
        if str(error).startswith("scenario "):
            raise
        text = str(error) if str(error).startswith("reading ") else _keyed(scenario, str(error))
        raise ValueError(f"scenario {scenario.name}: {text}") from None


# Whose keys an error is about that only the built objects find; they know no scenario.
_KEYS = {
    "collides": "satellite.radius_m, formation.pitch_m", "has no links": "wiring",
    "terminals and has": "satellite.terminals", "carries nothing at": "link",
    "is blocked at": "wiring, satellite.radius_m", "is disconnected": "wiring",
    "apertures of radius": "link.aperture_m", "optical band": "link.channels", "sub_apertures=": "link.sub_apertures",
}  # fmt: skip


def _keyed(scenario: Scenario, text: str) -> str:
    """The message of an error, led by the keys that it is about, where these are known."""
    for key, value in scenario.link or ():
        names = value if isinstance(value, tuple) else (value,)
        if any(isinstance(name, str) and f"part {name!r}" in text for name in names):
            return f"link.{key}: {text}"
    where = next((keys for sign, keys in _KEYS.items() if sign in text), "")
    if where == "wiring":
        where = f"wiring.{'reach_m' if isinstance(scenario.wiring, ReachTable) else 'pairs'}"
    return f"{where}: {text}" if where and not text.startswith(where) else text


def _build(scenario: Scenario, instead: Mapping[str, Part] = MappingProxyType({})) -> Case:
    table = scenario.formation
    parts = tuple(load_part(name) for name in _REFERENCE_PARTS)
    modelled: tuple[str, ...]
    formation: FabricSeries | Fabric
    if scenario.orbit is None or scenario.satellite is None or scenario.wiring is None:
        formation = _network(scenario)
        if isinstance(table, TpuSliceTable):
            parts = (load_part(table.chip), *parts)
        n_gpus, terminals, looks, modelled = formation.n_gpus, None, None, (*network_line(table), str(formation))
    else:
        _check_size(scenario, scenario.orbit.epochs)
        flight = _formation(scenario, Orbit(altitude_m=scenario.orbit.altitude_m))
        satellite = _satellite(scenario.satellite, scenario.data)
        wiring, types = _wired(scenario, flight, satellite)
        link, link_parts = _link(scenario, instead)
        formation = build_series(formation=flight, satellite=types, wiring=wiring, link=link,
                                 surroundings=isinstance(link, RadioLink),
                                 time_s=flight.epochs_s(count=scenario.orbit.epochs), name=scenario.name)  # fmt: skip
        _check_between(formation, flight, wiring, link)
        parts = (load_part("earth"), *link_parts, *parts)
        n_gpus, terminals = formation.structure.n_gpus, satellite.terminals
        looks = partial(sight, formation=flight, link=link, body_radius_m=satellite.radius_m, epochs=len(formation))
        modelled = (
            str(flight),
            satellite_line(satellite),
            f"wiring: {wiring}",
            link_line(scenario.link, parts=link_parts),
            *(interference_line(link=link, series=formation) if isinstance(link, RadioLink) else ()),
            str(formation.structure),
        )
    scale_up, scale_out = _references(scenario, n_gpus)
    readings, impossible = _readings(scenario)
    return Case(name=scenario.name, title=scenario.title, formation=formation, scale_up=scale_up, scale_out=scale_out,
                terminals=terminals, sight=looks, modelled=modelled, parts=parts, data=scenario.data, readings=readings,
                impossible=impossible, scenario=scenario)  # fmt: skip


def _readings(scenario: Scenario) -> tuple[tuple[tuple[str, Case], ...], tuple[tuple[str, str], ...]]:
    """Readings as cases, and those that cannot be built with the reason; a link that is no link at all is an error."""
    found, impossible = [], []
    for reading in scenario.reading:
        other = scenario.variant(reading.set)
        try:
            if other.link is not None:
                _link(other, {})
        except ValueError as error:
            raise ValueError(f"reading {reading.label!r}: {_keyed(other, str(error))}") from None
        try:
            found.append((reading.label, _build(other)))
        except ValueError as error:
            impossible.append((reading.label, " ".join(_keyed(other, str(error)).split())))
    return tuple(found), tuple(impossible)
