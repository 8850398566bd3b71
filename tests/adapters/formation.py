"""Orbit, formation, line of sight, shadow and control cases, computed by the public functions of `topo`."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from links.parts import load_part
from topo.control import (
    cross_track_offset_m,
    inclination_drift_m_s,
    offset_delta_v_m_s,
    radiation_acceleration_m_s2,
)
from topo.designs import fcc_lattice, tilted_hexagon
from topo.drift import (
    along_track_kick,
    axis_difference_drift_m,
    drift_m_per_orbit,
    drift_trim_m_s,
    energy_matched,
    inertial_states,
    second_order_drift_m,
    trim_delta_v_m_s,
)
from topo.dynamics import (
    acceleration_m_s2,
    circular_state,
    node_crossings,
    propagate,
    propagate_relative,
    state_transition,
)
from topo.elements import relative_elements_m
from topo.formation import Formation, lattice_block, suncatcher_lattice
from topo.hill import schweighart_sedwick_c, schweighart_sedwick_ratio, to_hill, to_inertial
from topo.orbit import (
    Orbit,
    mean_anomaly_rate_rad_s,
    node_rate_rad_s,
    perigee_rate_rad_s,
    sun_synchronous_inclination_rad,
)
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
from topo.sun import SunlitYear, beta_angle_rad, eclipse_beta_limit_rad, eclipse_fraction, sunlit_year
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


def j2_of(inputs: Inputs, key: str = "force_model") -> float | None:
    model = need(inputs, key)
    if model == "two_body":
        return 0.0
    if model == "j2":
        return None
    raise ValueError(f"{key}={model!r}: only two_body and j2 are there; the harmonics to degree 20 are not")


def reference_of(inputs: Inputs, orbit: Orbit) -> Floats:
    if inputs.get("reference_state", "osculating_circular_at_node") != "osculating_circular_at_node":
        raise ValueError(f"reference_state={inputs['reference_state']!r}: use osculating_circular_at_node")
    return circular_state(
        orbit=orbit, node_rad=inputs.get("raan_rad", 0.0), radial_m_s=inputs.get("delta_v_radial_m_s", 0.0),
        along_track_m_s=inputs.get("delta_v_along_track_m_s", 0.0),
    )  # fmt: skip


def sample_times(inputs: Inputs, orbit: Orbit) -> Floats:
    per_orbit = int(need(inputs, "samples_per_orbit"))
    return np.arange(round(inputs["orbits"] * per_orbit) + 1) * (orbit.period_s / per_orbit)


class Flight:
    """A design in inertial space, ready to be propagated."""

    def __init__(self, inputs: Inputs) -> None:
        self.formation = design_of(inputs)
        self.orbit = self.formation.orbit
        self.j2 = j2_of(inputs)
        self.reference = reference_of(inputs, self.orbit)
        self.states = inertial_states(formation=self.formation, reference=self.reference, j2=self.j2)
        condition = need(inputs, "initial_state")
        if condition == "energy_matched":
            self.states = energy_matched(states=self.states, reference=self.reference)
        elif condition == "j2_trimmed":
            kick = trim_delta_v_m_s(states=self.states, reference=self.reference, orbit=self.orbit)
            self.states = along_track_kick(states=self.states, reference=self.reference, delta_v_m_s=kick)
        elif condition != "hcw":
            raise ValueError(f"initial_state={condition!r}: use hcw, energy_matched or j2_trimmed")

    def fly(self, time_s: Floats, j2: float | None) -> Floats:
        """Positions in the Hill frame, (n_times, n, 3)."""
        return propagate_relative(states=self.states, reference=self.reference, time_s=time_s, j2=j2)[..., :3]


def orbit_scalars(name: str) -> Callable[[Inputs], float]:
    return lambda inputs: float(getattr(orbit_of(inputs), name))


def sun_synchronous(inputs: Inputs) -> float:
    axis = need(inputs, "earth_radius_m") + need(inputs, "altitude_m")
    return float(
        sun_synchronous_inclination_rad(
            semi_major_axis_m=axis, node_turn_s=inputs.get("node_turn_s"), earth_radius_m=inputs["earth_radius_m"]
        )
    )


def secular(inputs: Inputs) -> dict[str, Any]:
    keys = ("semi_major_axis_m", "inclination_rad")
    return {key: need(inputs, key) for key in keys} | {"eccentricity": inputs.get("eccentricity", 0.0)}


def crossings(inputs: Inputs) -> tuple[Floats, Floats]:
    state = reference_of(inputs, orbit_of(inputs))
    return node_crossings(state=state, count=int(need(inputs, "node_crossings")), j2=j2_of(inputs))


def by_method(first_order: Callable[[Inputs], float], propagated: Callable[[Inputs], float]) -> Callable[[Inputs], Any]:
    def choose(inputs: Inputs) -> float:
        method = need(inputs, "method")
        if method not in ("secular_first_order", "propagation"):
            raise ValueError(f"method={method!r}: use secular_first_order or propagation")
        return (first_order if method == "secular_first_order" else propagated)(inputs)

    return choose


def node_rate_propagated(inputs: Inputs) -> float:
    time_s, node = crossings(inputs)
    return float((node[-1] - node[0]) / time_s[-1])


def nodal_period_secular(inputs: Inputs) -> float:
    where = secular(inputs)
    return float(2.0 * math.pi / (mean_anomaly_rate_rad_s(**where) + perigee_rate_rad_s(**where)))


def nodal_period_propagated(inputs: Inputs) -> float:
    time_s, _ = crossings(inputs)
    return float(time_s[-1] / (time_s.size - 1))


def perigee_rate(inputs: Inputs) -> float:
    if need(inputs, "method") != "secular_first_order":
        raise ValueError(f"method={inputs['method']!r}: the argument of perigee is computed to first order only")
    return float(perigee_rate_rad_s(**secular(inputs)))


def radius_range(inputs: Inputs) -> list[float]:
    orbit = orbit_of(inputs)
    state = reference_of(inputs, orbit)
    flown = propagate(states=state[None, :], time_s=sample_times(inputs, orbit), j2=j2_of(inputs))
    radius = np.linalg.norm(flown[:, 0, :3], axis=-1)
    return [float(radius.min()), float(radius.max())]


def year_of(inputs: Inputs) -> SunlitYear:
    return sunlit_year(
        orbit=orbit_of(inputs), start=need(inputs, "start_date"), span_s=need(inputs, "span_s"),
        step_s=need(inputs, "step_s"), earth_radius_m=inputs.get("earth_radius_m"),
    )  # fmt: skip


def eclipse_part(inputs: Inputs) -> float:
    beta = need(inputs, "beta_rad")
    where = {"semi_major_axis_m": need(inputs, "semi_major_axis_m"), "earth_radius_m": inputs.get("earth_radius_m")}
    return float(eclipse_fraction(beta_rad=beta, **where))


def beta_limit(inputs: Inputs) -> float:
    axis, radius = need(inputs, "semi_major_axis_m"), inputs.get("earth_radius_m")
    return float(eclipse_beta_limit_rad(semi_major_axis_m=axis, earth_radius_m=radius))


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


def one_pair(inputs: Inputs) -> Formation:
    """Two satellites whose relative motion is a 2:1 ellipse of that radial amplitude."""
    amplitude = inputs.get("radial_amplitude_m", 100.0)
    return lattice_block(orbit=orbit_of(inputs), pitch_m=amplitude, rows=2, columns=1)


PAIR = [(0, 1)]


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


def worst_drift(inputs: Inputs) -> float:
    flight = Flight(inputs)
    drift = drift_m_per_orbit(
        states=flight.states, reference=flight.reference, orbit=flight.orbit, orbits=inputs["orbits"], j2=flight.j2
    )
    return float(np.abs(drift).max())


def model_positions(inputs: Inputs, flight: Flight, time_s: Floats) -> Floats:
    """Positions by the model that a propagation is compared with, (n_times, n, 3)."""
    model = need(inputs, "compared_with")
    if model == "hcw_design":
        return flight.formation.positions_m(time_s=time_s)
    if model == "j2":
        return flight.fly(time_s, None)
    if model == "j2_linearised":
        matrix = state_transition(reference=flight.reference, time_s=time_s)
        path = propagate(states=flight.reference[None, :], time_s=time_s)[:, 0]
        offset = np.einsum("tab,kb->tka", matrix, flight.states - flight.reference)
        pull = acceleration_m_s2(position_m=path[:, :3])
        return to_hill(states=path[:, None, :] + offset, reference=path, acceleration_m_s2=pull)[..., :3]
    raise ValueError(f"compared_with={model!r}: use hcw_design, j2_linearised or j2")


def difference(inputs: Inputs) -> float:
    flight = Flight(inputs)
    instant = need(inputs, "instant")
    if instant not in ("end", "any"):
        raise ValueError(f"instant={instant!r}: use end or any")
    end = np.array([0.0, inputs["orbits"] * flight.orbit.period_s])
    time_s = end if instant == "end" else sample_times(inputs, flight.orbit)
    apart = np.linalg.norm(flight.fly(time_s, flight.j2) - model_positions(inputs, flight, time_s), axis=-1)
    return float(apart[-1].max() if instant == "end" else apart.max())


def repeat_error(inputs: Inputs) -> float:
    flight = Flight(inputs)
    flown = flight.fly(np.array([0.0, inputs["orbits"] * flight.orbit.period_s]), flight.j2)
    return float(np.linalg.norm(flown[-1] - flown[0], axis=-1).max())


def propagated_extremes(inputs: Inputs) -> list[float]:
    flight = Flight(inputs)
    flown = flight.fly(sample_times(inputs, flight.orbit), flight.j2)
    distance = np.linalg.norm(flown[:, satellite_of(inputs, flight.formation)], axis=-1)
    return [float(distance.min()), float(distance.max())]


def cross_track_max(inputs: Inputs) -> float:
    flight = Flight(inputs)
    return float(np.abs(flight.fly(sample_times(inputs, flight.orbit), flight.j2)[..., 2]).max())


def trim(inputs: Inputs) -> float:
    flight = Flight(inputs)
    k = [satellite_of(inputs, flight.formation)]
    kick = trim_delta_v_m_s(
        states=flight.states[k], reference=flight.reference, orbit=flight.orbit, orbits=int(inputs["orbits"]),
        j2=flight.j2,
    )  # fmt: skip
    return float(abs(kick[0]))


COMPONENTS = ("a_delta_a", "a_delta_lambda", "a_delta_ex", "a_delta_ey", "a_delta_ix", "a_delta_iy")


def roe_vector(inputs: Inputs) -> list[float]:
    flight = Flight(inputs)
    elements = relative_elements_m(states=flight.states, reference=flight.reference)
    mine = elements[satellite_of(inputs, flight.formation)]
    return [float(mine[COMPONENTS.index(name)]) for name in need(inputs, "components")]


def signed(inputs: Inputs, value: float) -> float:
    component = need(inputs, "component")
    if component not in ("a_delta_iy", "z_cos_u"):
        raise ValueError(f"component={component!r}: use a_delta_iy or z_cos_u")
    return value if component == "a_delta_iy" else -value


def inclination_drift(inputs: Inputs) -> float:
    orbit = orbit_of(inputs)
    return signed(
        inputs, float(inclination_drift_m_s(orbit=orbit, a_delta_ix_m=inputs["a_delta_ix_m"])) * orbit.period_s
    )


def inclination_drift_propagated(inputs: Inputs) -> float:
    """Slope of -(coefficient of cos u in z), fitted orbit by orbit to a satellite that starts with z = dix sin u."""
    orbit, orbits = orbit_of(inputs), int(need(inputs, "orbits"))
    j2, reference = j2_of(inputs), reference_of(inputs, orbit)
    across = np.array([[0.0, 0.0, 0.0, 0.0, 0.0, inputs["a_delta_ix_m"] * orbit.mean_motion_rad_s]])
    pull = acceleration_m_s2(position_m=reference[:3], j2=j2)
    state = to_inertial(relative=across, reference=reference, acceleration_m_s2=pull)
    time_s = np.arange(36 * orbits) * (orbit.period_s / 36)
    z = propagate_relative(states=state, reference=reference, time_s=time_s, j2=j2)[:, 0, 2].reshape(orbits, 36)
    path = propagate(states=reference[None, :], time_s=time_s, j2=j2)[:, 0]
    normal = np.cross(path[:, :3], path[:, 3:])
    to_node = np.column_stack([-normal[:, 1], normal[:, 0], np.zeros(len(normal))])
    ahead = np.cross(normal, to_node) / np.linalg.norm(normal, axis=1, keepdims=True)
    u = np.arctan2((path[:, :3] * ahead).sum(axis=1), (path[:, :3] * to_node).sum(axis=1)).reshape(orbits, 36)
    waves = []
    for angle, height in zip(u, z, strict=True):
        wave, *_ = np.linalg.lstsq(np.column_stack([np.cos(angle), np.sin(angle)]), height, rcond=None)
        waves.append(wave[0])
    return signed(inputs, -float(np.polyfit(np.arange(orbits), waves, 1)[0]))


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


def normal_offset(inputs: Inputs) -> float:
    acceleration = radiation_acceleration_m_s2(
        area_m2=need(inputs, "area_m2"), mass_kg=need(inputs, "mass_kg"),
        reflectivity_coefficient=need(inputs, "reflectivity_coefficient"),
        pressure_pa=inputs.get("radiation_pressure_Pa"),
    )  # fmt: skip
    return float(cross_track_offset_m(orbit=orbit_of(inputs), acceleration_m_s2=acceleration))


def delta_v_per_year(inputs: Inputs, year_s: float) -> float:
    orbit, against = orbit_of(inputs), need(inputs, "against")
    if against == "inclination_drift":
        rate = float(inclination_drift_m_s(orbit=orbit, a_delta_ix_m=need(inputs, "a_delta_ix_m")))
        return abs(rate) * orbit.mean_motion_rad_s * year_s
    if against == "cross_track_offset":
        return float(offset_delta_v_m_s(orbit=orbit, normal_m=need(inputs, "offset_m"), span_s=year_s))
    raise ValueError(f"against={against!r}: use inclination_drift or cross_track_offset")


def second_order(inputs: Inputs) -> float:
    keys = ("semi_major_axis_m", "x_m", "y_m")
    return float(second_order_drift_m(**{key: need(inputs, key) for key in keys}))


def trim_per_drift(inputs: Inputs) -> float:
    return float(drift_trim_m_s(period_s=orbit_of(inputs).period_s, drift_m=abs(need(inputs, "drift_m_per_orbit"))))


def averaged_j2(function: Callable[..., Any]) -> Callable[[Inputs], float]:
    keys = ("semi_major_axis_m", "inclination_rad")
    return lambda inputs: float(function(**{key: need(inputs, key) for key in keys}))


def beta_min(inputs: Inputs) -> float:
    seconds = np.arange(0.0, need(inputs, "span_s"), need(inputs, "step_s"))
    dates = np.datetime64(need(inputs, "start_date"), "us") + (seconds * 1e6).astype("timedelta64[us]")
    return float(np.abs(beta_angle_rad(orbit=orbit_of(inputs), date=dates)).min())


KINDS: dict[str, Callable[[Inputs], Any]] = {
    "orbit.period": orbit_scalars("period_s"),
    "orbit.mean_motion": orbit_scalars("mean_motion_rad_s"),
    "orbit.circular_speed": orbit_scalars("speed_m_s"),
    "orbit.sun_synchronous_inclination": sun_synchronous,
    "orbit.raan_rate": by_method(lambda inputs: float(node_rate_rad_s(**secular(inputs))), node_rate_propagated),
    "orbit.argument_of_perigee_rate": perigee_rate,
    "orbit.nodal_period": by_method(nodal_period_secular, nodal_period_propagated),
    "orbit.radius_range": radius_range,
    "orbit.beta_angle_min": beta_min,
    "eclipse.beta_limit": beta_limit,
    "eclipse.fraction": eclipse_part,
    "eclipse.mean_fraction": lambda inputs: year_of(inputs).mean_fraction,
    "eclipse.season_days": lambda inputs: year_of(inputs).season_s,
    "eclipse.longest": lambda inputs: year_of(inputs).longest_s,
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
    "drift.hcw_closed_form": second_order,
    "drift.worst": worst_drift,
    "propagation.difference": difference,
    "propagation.repeat_error": repeat_error,
    "propagation.range_extremes": propagated_extremes,
    "propagation.cross_track_max": cross_track_max,
    "trim.delta_v": trim,
    "trim.delta_v_per_drift": trim_per_drift,
    "j2.schweighart_sedwick_c": averaged_j2(schweighart_sedwick_c),
    "j2.schweighart_sedwick_ellipse_ratio": averaged_j2(schweighart_sedwick_ratio),
    "roe.vector": roe_vector,
    "roe.along_track_drift": lambda inputs: float(
        axis_difference_drift_m(axis_difference_m=need(inputs, "a_delta_a_m"))
    ),
    "roe.inclination_drift": by_method(inclination_drift, inclination_drift_propagated),
    "los.visible_neighbours": visible_neighbours,
    "los.visible_neighbours_mean": visible_neighbours_mean,
    "los.clear_range": clear_range,
    "shadow.mean_fraction": shadow,
    "control.normal_offset": normal_offset,
}

EARTH = {"mu": "gravitational_parameter_m3_s2", "re": "equatorial_radius_m", "j2": "j2"}


def adapter(kind: str) -> Callable[[Case], Any]:
    """What computes the cases of a kind, in the unit of the case."""

    def compute(case: Case) -> Any:
        constants, unit = case.get("constants", {}), case["unit"]
        for name, key in EARTH.items():
            if not math.isclose(constants.get(name, load_part("earth")[key]), load_part("earth")[key], rel_tol=1e-12):
                raise ValueError(f"{case['id']}: {name}={constants[name]!r} is not the Earth of links/data")
        if unit not in UNITS:
            raise ValueError(f"{case['id']}: unit {unit!r} is not one of {', '.join(UNITS)}")
        if kind == "control.delta_v_per_year":
            value: Any = delta_v_per_year(case["inputs"], constants.get("year_s", 31557600.0))
        else:
            value = KINDS[kind](case["inputs"])
        scale = UNITS[unit]
        return [item / scale for item in value] if isinstance(value, list) else value / scale

    return compute


ADAPTERS: dict[str, Callable[[Case], Any]] = {kind: adapter(kind) for kind in (*KINDS, "control.delta_v_per_year")}
