"""Lattice, sight-line, pointing and shadow cases in linear motion, by the public functions of `topo`; shared inputs."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from links.parts import load_part
from topo.designs import fcc_lattice, tilted_hexagon
from topo.formation import Formation, lattice_block, suncatcher_lattice
from topo.orbit import Orbit
from topo.pointing import (
    doppler_hz,
    los_acceleration_rad_s2,
    los_directions,
    los_rate_rad_s,
    los_swing_rad,
    point_ahead_rad,
    range_rate_max_m_s,
    relative_speed_m_s,
)
from topo.ranges import neighbours_within, range_extremes_m, ranges_m
from topo.shadow import shaded_fraction
from topo.visibility import clearance_m, permanently_visible, visible_from

Case = Mapping[str, Any]
Inputs = Mapping[str, Any]
Floats = NDArray[np.float64]

UNITS: dict[str, float] = {
    "1": 1.0, "count": 1.0, "m": 1.0, "km": 1e3, "mm": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0, "day": 86400.0,
    "rad": 1.0, "deg": math.pi / 180.0, "mrad": 1e-3, "urad": 1e-6, "nrad": 1e-9,
    "rad/s": 1.0, "deg/s": math.pi / 180.0, "deg/day": math.pi / 180.0 / 86400.0,
    "rad/s^2": 1.0, "deg/s^2": math.pi / 180.0, "m/s": 1.0, "mm/s": 1e-3, "km/s": 1e3, "m/orbit": 1.0,
    "m/s/yr": 1.0, "m/s^2": 1.0, "Hz": 1.0, "kHz": 1e3, "MHz": 1e6,
}  # fmt: skip
"""SI value of the units in which cases state their answers; per orbit and per year are left as they are."""

PHASES = 36
"""Phases per orbit of sight lines where a case does not say."""


EARTH = {"mu": "gravitational_parameter_m3_s2", "re": "equatorial_radius_m", "j2": "j2"}


def adapters(kinds: Mapping[str, Callable[[Inputs], Any]]) -> dict[str, Callable[[Case], Any]]:
    """Functions of a case, in its unit, from functions of its inputs in SI."""

    def adapter(compute: Callable[[Inputs], Any]) -> Callable[[Case], Any]:
        def answer(case: Case) -> Any:
            constants, unit = case.get("constants", {}), case["unit"]
            for name, key in EARTH.items():
                ours = load_part("earth")[key]
                if not math.isclose(constants.get(name, ours), ours, rel_tol=1e-12):
                    raise ValueError(f"{case['id']}: {name}={constants[name]!r} is not the Earth of links/data")
            if unit not in UNITS:
                raise ValueError(f"{case['id']}: unit {unit!r} is not one of {', '.join(UNITS)}")
            year = {"year_s": constants["year_s"]} if "year_s" in constants else {}
            value = compute({**year, **case["inputs"]})
            if isinstance(value, list):
                return [item / UNITS[unit] for item in value]
            return value / UNITS[unit]

        return answer

    return {kind: adapter(compute) for kind, compute in kinds.items()}


def need(inputs: Inputs, key: str) -> Any:
    if key not in inputs:
        raise ValueError(f"input {key!r} is missing; the case gives {', '.join(sorted(inputs))}")
    return inputs[key]


def orbit_of(inputs: Inputs) -> Orbit:
    """The reference orbit; at 650 km where the answer does not depend on it."""
    axis = inputs.get("semi_major_axis_m")
    if axis is None:
        return Orbit(altitude_m=650e3)
    altitude = axis - load_part("earth")["equatorial_radius_m"]
    node = inputs.get("ltan_s", 64800.0)
    return Orbit(altitude_m=altitude, inclination_rad=inputs.get("inclination_rad"), node_local_time_s=node)


def design_of(inputs: Inputs) -> Formation:
    orbit, design, pitch = orbit_of(inputs), need(inputs, "design"), need(inputs, "pitch_m")
    radius = inputs.get("radius_m")
    if radius is None and "index_i" in inputs:  # one pair: any size that holds it
        radius = 2.0 * pitch * (1.0 + math.hypot(inputs["index_i"], inputs["index_j"]))
    if design == "suncatcher_planar":
        return suncatcher_lattice(orbit=orbit, pitch_m=pitch, radius_m=need({**inputs, "radius_m": radius}, "radius_m"))
    if design == "tilt60_hexagonal":
        return tilted_hexagon(orbit=orbit, pitch_m=pitch, radius_m=need({**inputs, "radius_m": radius}, "radius_m"))
    if design == "fcc_3d":
        kappa_squared, satellites = inputs.get("kappa_squared", 4.0), inputs.get("satellites")
        radius = None if satellites is not None else radius
        return fcc_lattice(
            orbit=orbit, pitch_m=pitch, kappa_squared=kappa_squared, radius_m=radius, satellites=satellites
        )
    raise ValueError(f"design={design!r}: use suncatcher_planar, tilt60_hexagonal or fcc_3d")


def satellite_of(inputs: Inputs, formation: Formation) -> int:
    wanted = (need(inputs, "index_i"), need(inputs, "index_j"))
    if formation.index is None:
        if wanted == (0, 0):
            return 0
        raise ValueError(f"design {formation.name!r} has no plane indices but (0, 0), the centre; got {wanted}")
    found = np.flatnonzero((formation.index == wanted).all(axis=1))
    if not found.size:
        raise ValueError(f"satellite {wanted} is outside the design, which has {len(formation)}")
    return int(found[0])


def all_pairs(n: int) -> NDArray[np.int64]:
    return np.stack(np.triu_indices(n, 1), axis=-1)


def one_pair(inputs: Inputs) -> Formation:
    """Two satellites whose relative motion is a 2:1 ellipse of that radial amplitude."""
    amplitude = inputs.get("radial_amplitude_m", 100.0)
    return lattice_block(orbit=orbit_of(inputs), pitch_m=amplitude, rows=2, columns=1)


PAIR = [(0, 1)]


def link_count(inputs: Inputs) -> Any:
    formation, reach = design_of(inputs), need(inputs, "reach_m")
    counts = [len(neighbours_within(formation=formation, reach_m=value)) for value in np.atleast_1d(reach)]
    return counts if isinstance(reach, list) else counts[0]


def extent(inputs: Inputs) -> list[float]:
    formation = design_of(inputs)
    radial = np.hypot(formation.radial_cos_m, formation.radial_sin_m)
    along = np.abs(formation.along_track_offset_m) + 2.0 * radial
    return [float(radial.max()), float(along.max()), formation.radius_m()]


def pair_extremes(inputs: Inputs) -> list[float]:
    formation = design_of(inputs)
    low, high = range_extremes_m(formation=formation, pairs=[(satellite_of(inputs, formation), 0)])
    return [float(low[0]), float(high[0])]


def radial_position(inputs: Inputs) -> Any:
    formation, turns = design_of(inputs), need(inputs, "orbits")
    time_s = np.atleast_1d(turns) * formation.orbit.period_s
    x = formation.positions_m(time_s=time_s)[:, satellite_of(inputs, formation), 0]
    return x.tolist() if isinstance(turns, list) else float(x[0])


def inertial_circle(inputs: Inputs) -> list[float]:
    formation = one_pair(inputs)
    time_s = formation.epochs_s(count=24)
    sight = los_directions(formation=formation, pairs=PAIR, time_s=time_s, orbit_fixed=False)[:, 0, :2]
    path = sight * ranges_m(formation=formation, pairs=PAIR, time_s=time_s)
    # |p - c|^2 = r^2 is linear in the centre and r^2 - |c|^2
    unknown, *_ = np.linalg.lstsq(np.column_stack([2.0 * path, np.ones(len(path))]), (path**2).sum(axis=1), rcond=None)
    distance = math.hypot(unknown[0], unknown[1])
    return [distance, math.sqrt(unknown[2] + distance**2)]


def range_rate_max(inputs: Inputs) -> float:
    if "design" not in inputs:
        return float(range_rate_max_m_s(formation=one_pair(inputs), pairs=PAIR)[0])
    formation = design_of(inputs)
    if "index_i" in inputs:
        pairs = np.array([(satellite_of(inputs, formation), 0)])
    elif need(inputs, "pairs") == "all":
        pairs = all_pairs(len(formation))
    else:
        raise ValueError(f"pairs={inputs['pairs']!r}: use all, or give index_i and index_j")
    return float(range_rate_max_m_s(formation=formation, pairs=pairs).max())


def inertial_speed(inputs: Inputs) -> float:
    return float(relative_speed_m_s(formation=one_pair(inputs), pairs=PAIR, time_s=0.0, orbit_fixed=False)[0, 0])


def orbit_fixed(inputs: Inputs) -> bool:
    frame = need(inputs, "frame")
    if frame not in ("lvlh", "inertial"):
        raise ValueError(f"frame={frame!r}: use lvlh or inertial")
    return bool(frame == "lvlh")


def los_rate(inputs: Inputs) -> list[float]:
    formation, turning = one_pair(inputs), orbit_fixed(inputs)
    time_s = formation.epochs_s(count=72)  # among them the ends of both axes, where the rate is extreme
    rate = los_rate_rad_s(formation=formation, pairs=PAIR, time_s=time_s, orbit_fixed=turning)[:, 0, 2]
    rate = np.abs(rate) if turning else rate
    return [float(rate.min()), float(rate.max())]


def los_acceleration(inputs: Inputs) -> float:
    formation = one_pair(inputs)
    time_s = formation.epochs_s(count=20000)  # relative error of the sampled maximum below 1e-7
    turning = orbit_fixed(inputs)
    rate = los_acceleration_rad_s2(formation=formation, pairs=PAIR, time_s=time_s, orbit_fixed=turning)
    return float(np.abs(rate).max())


def los_swing(inputs: Inputs) -> float:
    azimuth, _ = los_swing_rad(formation=one_pair(inputs), pairs=PAIR, orbit_fixed=orbit_fixed(inputs))
    return float(azimuth[0])


def visible_neighbours(inputs: Inputs) -> int:
    formation = design_of(inputs)
    seen = visible_from(
        formation=formation, source=satellite_of(inputs, formation), body_radius_m=need(inputs, "body_radius_m"),
        epochs=int(inputs.get("phases_per_orbit", PHASES)),
    )  # fmt: skip
    return int(seen.sum())


def visible_neighbours_mean(inputs: Inputs) -> float:
    formation = design_of(inputs)
    pairs = permanently_visible(
        formation=formation, body_radius_m=need(inputs, "body_radius_m"),
        epochs=int(inputs.get("phases_per_orbit", PHASES)),
    )  # fmt: skip
    return 2.0 * len(pairs) / len(formation)


def clear_range(inputs: Inputs) -> float:
    """Range at which the nearest body touches the sight line of a pair: clearance times range is constant."""
    if need(inputs, "design") != "suncatcher_planar":
        raise ValueError(f"design={inputs['design']!r}: the rule of a constant area holds for planar lattices")
    formation = lattice_block(orbit=orbit_of(inputs), pitch_m=need(inputs, "pitch_m"), rows=2, columns=2)
    diagonal = [(0, 3)]
    area = clearance_m(formation=formation, pairs=diagonal, time_s=0.0) * ranges_m(
        formation=formation, pairs=diagonal, time_s=0.0
    )
    return float(area[0, 0] / need(inputs, "body_radius_m"))


def shadow(inputs: Inputs) -> float:
    formation = design_of(inputs)
    shaded = shaded_fraction(
        formation=formation, body_radius_m=need(inputs, "body_radius_m"), beta_rad=need(inputs, "beta_rad"),
        time_s=formation.epochs_s(count=int(need(inputs, "phases_per_orbit"))),
    )  # fmt: skip
    return float(shaded.mean())


ADAPTERS = adapters(
    {
        "lattice.count": lambda inputs: len(design_of(inputs)),
        "lattice.link_count": link_count,
        "lattice.extent": extent,
        "lattice.cluster_radius": lambda inputs: design_of(inputs).radius_m(),
        "hcw.range_extremes": pair_extremes,
        "hcw.radial_position": radial_position,
        "hcw.inertial_circle": inertial_circle,
        "hcw.range_rate_max": range_rate_max,
        "hcw.inertial_speed": inertial_speed,
        "hcw.doppler_max": lambda inputs: float(
            doppler_hz(range_rate_m_s=range_rate_max(inputs), wavelength_m=need(inputs, "wavelength_m"))
        ),
        "hcw.point_ahead": lambda inputs: float(point_ahead_rad(speed_m_s=inertial_speed(inputs))),
        "hcw.los_rate": los_rate,
        "hcw.los_swing": los_swing,
        "hcw.los_acceleration_max": los_acceleration,
        "los.visible_neighbours": visible_neighbours,
        "los.visible_neighbours_mean": visible_neighbours_mean,
        "los.clear_range": clear_range,
        "shadow.mean_fraction": shadow,
    }
)


def is_slow(case: Case) -> bool:
    """Sight lines between all pairs of a large formation take a minute."""
    return case["kind"] == "los.visible_neighbours_mean" and len(design_of(case["inputs"])) > 400
