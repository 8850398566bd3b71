"""Formation, satellites, wiring and link model become a fabric, at one time or over an orbit.

Leaves out who talks to whom and what it is worth: see `optimize`.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from links.model import LinkModel, LinkState, ValidityWarning, require_positive

from .fabric import Fabric, FabricSeries
from .formation import Formation
from .ranges import ranges_m
from .states import arc_states, links_per_pair
from .surroundings import SurroundingsModel, formation_surroundings
from .visibility import clearance_m
from .wiring import Wiring

__all__ = ["Satellite", "build_fabric", "build_series"]

Floats = NDArray[np.float64]

_LINEAR_PART = 0.01  # of the orbit radius: larger formations are not flat, and their linear motion is off by percents


@dataclass(frozen=True, kw_only=True)
class Satellite:
    """One type of satellite.

    Parameters
    ----------
    gpus : int
        On board; 0 for a switch satellite.
    host_bps : float or None
        What its GPUs together can push into, or take from, the on-board switch; each direction. None: unlimited.
    local_bps : float or None
        Per GPU, to the other GPUs on board; one direction.
    port_bps : float or None
        Per GPU, to its own satellite and beyond together, where both leave through the same ports. None: they do not.
    switch_bps : float or None
        Capacity of the on-board switch: originating, terminating and transit traffic, once each.
    switch_latency_s, switch_latency_low_s : float
        Time in the on-board switch, upper and lower end. [s]
    terminals : int
        Link terminals.
    radius_m : float
        Of the sphere that the whole body fits in, arrays included; it blocks sight lines. [m]
    """

    gpus: int
    host_bps: float | None
    local_bps: float | None
    switch_bps: float | None
    port_bps: float | None = None
    switch_latency_s: float
    switch_latency_low_s: float
    terminals: int
    radius_m: float

    def __post_init__(self) -> None:
        for name in ("host_bps", "local_bps", "switch_bps", "port_bps"):
            if getattr(self, name) is not None:
                require_positive(getattr(self, name), name=name)
        for name in ("gpus", "switch_latency_s", "switch_latency_low_s", "terminals", "radius_m"):
            require_positive(getattr(self, name), name=name, zero=True)
        for name in ("gpus", "terminals"):
            if getattr(self, name) != int(getattr(self, name)):
                raise ValueError(f"{name}={getattr(self, name)!r}: need a whole number")
        if self.switch_latency_low_s > self.switch_latency_s:
            raise ValueError(f"switch_latency_low_s={self.switch_latency_low_s!r} is above switch_latency_s")


def _per_satellite(satellite: Satellite | Sequence[Satellite], n: int) -> list[Satellite]:
    types = [satellite] * n if isinstance(satellite, Satellite) else list(satellite)
    if len(types) != n:
        raise ValueError(f"{len(types)} satellites given, the formation has {n}; give one type, or one per satellite")
    return types


def _check_geometry(formation: Formation, types: Sequence[Satellite], wiring: Wiring, time_s: Floats) -> None:
    largest = max(s.radius_m for s in types)
    reach, axis = formation.radius_m(), formation.orbit.semi_major_axis_m
    if reach > _LINEAR_PART * axis:
        warnings.warn(
            f"formation {formation.name!r} reaches {reach:.4g} m, over {_LINEAR_PART:.0%} of the orbit radius: linear "
            "relative motion does not hold there, and the Earth may stand in sight lines that are taken as clear",
            ValidityWarning,
            stacklevel=3,
        )
    formation.check_separation(body_radius_m=largest)
    wiring.check(n=len(formation), terminals=[s.terminals for s in types])
    if largest > 0 and len(wiring):
        clear = clearance_m(formation=formation, pairs=wiring.pairs, time_s=time_s, up_to_m=largest)
        blocked = np.argwhere(clear < largest * (1 - 1e-9))  # a body that touches the line does not block it
        if blocked.size:
            t, k = blocked[0]
            i, j = wiring.pairs[k]
            raise ValueError(
                f"wiring {wiring.name!r}: the line from sat{i} to sat{j} is blocked at {time_s[t]:.0f} s by a body of "
                f"{largest:g} m radius ({clear[t, k]:.1f} m clearance); shorten the reach, or leave that pair out"
            )


def build_series(
    *,
    formation: Formation,
    satellite: Satellite | Sequence[Satellite],
    wiring: Wiring,
    link: LinkModel | Sequence[LinkModel],
    time_s: ArrayLike,
    surroundings: bool | SurroundingsModel = False,
    name: str | None = None,
) -> FabricSeries:
    """Fabric of a formation at each of the times; the wiring is the same throughout.

    Parameters
    ----------
    formation : Formation
    satellite : Satellite, or one per satellite
    wiring : Wiring
        Checked: satellites exist, terminals suffice, no body in the way at any of the times.
    link : LinkModel, or one per pair of the wiring
        Both directions of every link.
    time_s : (t,) array
        Since the epoch of the formation. [s]
    surroundings : bool or function
        True: interference between radio links, and Earth light, by `topo.surroundings.formation_surroundings`. A
        function: what it returns for the same keywords. False: every link is alone in the dark.
    name : str, optional
        Of the fabric; that of the formation if not given.

    Raises
    ------
    ValueError
        If satellites collide, terminals do not suffice, a body blocks a link, a link never carries anything, or not all
        satellites with GPUs can reach each other.
    """
    times = np.atleast_1d(np.asarray(time_s, dtype=float))
    if times.ndim != 1 or not times.size or not np.isfinite(times).all():
        raise ValueError(f"time_s of shape {times.shape}: need one or more finite times")
    n = len(formation)
    types = _per_satellite(satellite, n)
    _check_geometry(formation, types, wiring, times)
    ranges = ranges_m(formation=formation, pairs=wiring.pairs, time_s=times)
    links = links_per_pair(link=link, count=len(wiring))
    around = None
    if surroundings is not False:
        model = formation_surroundings if surroundings is True else surroundings
        around = model(formation=formation, wiring=wiring, links=links, time_s=times)
    if not len(wiring):
        raise ValueError(f"wiring {wiring.name!r} has no links; enlarge the reach, or list pairs")
    state = arc_states(links=links, ranges_m=ranges, surroundings=around)
    ends = np.concatenate([wiring.pairs, wiring.pairs[:, ::-1]])
    _check_closes(state, ends, ranges, links)

    def both(values: NDArray[Any]) -> NDArray[Any]:
        """Arc values: direction i->j of every pair, then j->i."""
        return np.concatenate([values, values], axis=-1)

    terminals = both(wiring.terminals)
    capacity, power = state.rate_bps * terminals, state.power_w * terminals
    at_best = np.argmax(capacity, axis=0), np.arange(capacity.shape[1])

    def limit(key: str) -> Floats:
        return np.array([np.inf if getattr(s, key) is None else getattr(s, key) for s in types])

    positions = formation.positions_m(time_s=times)
    structure = Fabric(
        name=name or formation.name,
        labels=tuple(f"sat{i}" for i in range(n)),
        gpus=np.array([s.gpus for s in types], dtype=np.int64),
        host_bps=limit("host_bps"), switch_bps=limit("switch_bps"), local_bps=limit("local_bps"),
        port_bps=limit("port_bps"),
        switch_latency_s=np.array([s.switch_latency_s for s in types]),
        switch_latency_low_s=np.array([s.switch_latency_low_s for s in types]),
        transit=np.ones(n, dtype=bool),
        tail=ends[:, 0], head=ends[:, 1],
        capacity_bps=capacity[at_best], latency_s=state.latency_s.min(axis=0),
        latency_low_s=state.latency_low_s.min(axis=0), power_w=power[at_best], range_m=both(ranges).min(axis=0),
        availability=state.availability.max(axis=0), terminals=terminals,
        medium=np.tile([model.medium for model in links], 2),
        positions_m=positions[0],
    )  # fmt: skip
    _check_connected(structure)
    return FabricSeries(
        time_s=times,
        structure=structure,
        capacity_bps=capacity,
        latency_s=state.latency_s,
        latency_low_s=state.latency_low_s,
        power_w=power,
        range_m=both(ranges),
        availability=state.availability,
        positions_m=positions,
    )


def _check_closes(state: LinkState, ends: NDArray[np.int64], ranges: Floats, links: Sequence[LinkModel]) -> None:
    dark = state.rate_bps.max(axis=0) == 0
    if dark.any():
        arc = int(np.argmax(dark))
        k = arc % len(links)
        i, j = ends[arc]
        raise ValueError(
            f"link sat{i}-sat{j}: the {links[k].medium} link carries nothing at {ranges[:, k].min():.1f} to "
            f"{ranges[:, k].max():.1f} m (margin {state.margin_db[:, arc].max():+.1f} dB); "
            f"link.budget(range_m={ranges[0, k]:.0f}) shows why"
        )
    breaking = (state.rate_bps == 0).any(axis=0)
    breaking = breaking[: len(links)] | breaking[len(links) :]
    if breaking.any():
        i, j = ends[int(np.argmax(breaking))]
        warnings.warn(
            f"{int(breaking.sum())} links break during the orbit, the first of them sat{i}-sat{j}", stacklevel=3
        )


def _check_connected(fabric: Fabric) -> None:
    pair = fabric.unreachable_pair()
    if pair is not None:
        raise ValueError(
            f"{fabric.name}: the fabric is disconnected, {pair[1]} cannot be reached from {pair[0]}; "
            "enlarge the reach or add links"
        )


def build_fabric(
    *,
    formation: Formation,
    satellite: Satellite | Sequence[Satellite],
    wiring: Wiring,
    link: LinkModel | Sequence[LinkModel],
    time_s: float,
    surroundings: bool | SurroundingsModel = False,
    name: str | None = None,
) -> Fabric:
    """Fabric of a formation at one time; parameters and errors as in `build_series`."""
    series = build_series(
        formation=formation,
        satellite=satellite,
        wiring=wiring,
        link=link,
        time_s=[time_s],
        surroundings=surroundings,
        name=name,
    )
    return series.at(0)
