"""What several figures stand on, loaded and solved once in a process: scenarios, reports, loads, sweeps.

Nothing here is kept between processes: every figure is made from nothing.
"""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from links import OpticalLink, load_part
from optimize.study import Case, Report, Scenario, build, load_scenario, measure
from optimize.study.report import Reading
from topo import FabricSeries, Formation, Orbit, neighbours_within, suncatcher_lattice
from topo.ranges import range_extremes_m

__all__ = ["Loads", "case", "flown_m", "lattice", "loads", "optical_link", "report", "scenario", "series", "sweep"]

Floats = NDArray[np.float64]
Overrides = Mapping[str, Any]


@lru_cache(maxsize=32)
def scenario(name: str) -> Scenario:
    """Shipped scenario of that name, without its other readings."""
    return load_scenario(name).variant({})


@lru_cache(maxsize=32)
def case(name: str) -> Case:
    """The objects of a shipped scenario."""
    return build(scenario(name))


@lru_cache(maxsize=32)
def report(name: str) -> Report:
    """What a shipped scenario measures, its readings left out."""
    return measure(case(name))


def series(name: str) -> FabricSeries:
    """The formation of a shipped scenario at the times of its orbit."""
    found = case(name).formation
    if not isinstance(found, FabricSeries):
        raise ValueError(f"scenario {name!r} does not fly; choose one with an orbit, such as lattice-21")
    return found


def lattice(wanted: Scenario) -> Formation:
    """The Suncatcher lattice that a scenario speaks of."""
    table, orbit = wanted.formation, wanted.orbit
    if table.kind != "suncatcher_lattice" or orbit is None:
        raise ValueError(f"scenario {wanted.name!r}: its formation is a {table.kind}; need a suncatcher_lattice")
    return suncatcher_lattice(orbit=Orbit(altitude_m=orbit.altitude_m), pitch_m=table.pitch_m, radius_m=table.radius_m)


def flown_m(wanted: Scenario) -> tuple[float, float]:
    """Least and greatest range of the links of a scenario over its orbit. [m]"""
    if wanted.wiring is None or wanted.wiring.kind != "neighbours_within":
        raise ValueError(f"scenario {wanted.name!r}: its wiring has no reach; choose one of neighbours_within")
    formation = lattice(wanted)
    pairs = neighbours_within(formation=formation, reach_m=wanted.wiring.reach_m)
    low, high = range_extremes_m(formation=formation, pairs=pairs)
    return float(low.min()), float(high.max())


def optical_link(wanted: Scenario, **changes: Any) -> OpticalLink:
    """The optical link that a scenario speaks of, some of its values replaced; parts go by their names."""
    table = wanted.link
    if table is None or table.kind != "OpticalLink":
        raise ValueError(f"scenario {wanted.name!r} has no OpticalLink; choose one that has")
    values = {**table.model_dump(exclude={"kind"}), **changes}
    parts = {key: load_part(values[key]) for key in ("transceiver", "amplifier") if values[key] is not None}
    return OpticalLink(**{**values, **parts})


@dataclass(frozen=True, kw_only=True, eq=False)
class Loads:
    """Each link's busier arc and its load at the all-to-all optimum of the least total flow.

    Parameters
    ----------
    arc : (k,) ints
        In the series' structure.
    load_bps : (k,) array
        [bit/s]
    """

    arc: NDArray[np.int64]
    load_bps: Floats


@lru_cache(maxsize=8)
def loads(name: str) -> Loads:
    """Loads of the links of a shipped scenario under the rate that its wiring keeps at every time."""
    proof = report(name).proof("formation all_to_all, least flow")
    fabric, structure = proof.fabric, series(name).structure
    if fabric.n_arcs != structure.n_arcs:
        raise ValueError(f"scenario {name!r}: links break during the orbit; choose one whose links hold")
    bits = proof.throughput.routing.arc_bit(fabric=fabric, traffic=proof.traffic) * proof.throughput.lower_per_s
    busier: dict[int, int] = {}
    for e in np.argsort(bits / fabric.capacity_bps, kind="stable"):
        busier[int(fabric.link_of_arc[e])] = int(e)
    arcs = np.array([arc for _, arc in sorted(busier.items())], dtype=np.int64)
    return Loads(arc=arcs, load_bps=bits[arcs])


def sweep(name: str, *, points: Mapping[str, Overrides]) -> dict[str, Reading | None]:
    """all_to_all of a shipped scenario with keys replaced, each point by its label; None where links break or fail.

    The points are measured as readings of each other, so what one proves helps the next; only points with the same GPUs
    carry the same traffic, though.
    """
    built: dict[tuple[int, ...], dict[str, Case]] = {}
    for label, overrides in points.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a link that breaks is reported as None
            try:
                one = build(scenario(name).variant(overrides))
            except ValueError as error:
                if "carries nothing" not in str(error):
                    raise
                continue
        if isinstance(one.formation, FabricSeries) and not one.formation.breaks():
            built.setdefault(tuple(one.formation.structure.gpus.tolist()), {})[label] = one
    found: dict[str, Reading] = {}
    for alike in built.values():
        first = next(iter(alike.values()))
        found |= {one.label: one for one in measure(replace(first, readings=tuple(alike.items()))).readings}
    return {label: found.get(label) for label in points}
