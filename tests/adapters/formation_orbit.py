"""Reference orbit, eclipse and control cases, by the public functions of `topo`; inputs that propagations share."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tests.adapters.formation import Floats, Inputs, adapters, need, orbit_of
from topo.control import (
    cross_track_offset_m,
    inclination_drift_m_s,
    offset_delta_v_m_s,
    radiation_acceleration_m_s2,
)
from topo.drift import drift_trim_m_s
from topo.dynamics import circular_state, node_crossings, propagate
from topo.hill import schweighart_sedwick_c, schweighart_sedwick_ratio
from topo.orbit import (
    Orbit,
    mean_anomaly_rate_rad_s,
    node_rate_rad_s,
    perigee_rate_rad_s,
    sun_synchronous_inclination_rad,
)
from topo.sun import SunlitYear, beta_angle_rad, eclipse_beta_limit_rad, eclipse_fraction, sunlit_year


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


def beta_min(inputs: Inputs) -> float:
    seconds = np.arange(0.0, need(inputs, "span_s"), need(inputs, "step_s"))
    dates = np.datetime64(need(inputs, "start_date"), "us") + (seconds * 1e6).astype("timedelta64[us]")
    return float(np.abs(beta_angle_rad(orbit=orbit_of(inputs), date=dates)).min())


def averaged_j2(function: Callable[..., Any]) -> Callable[[Inputs], float]:
    keys = ("semi_major_axis_m", "inclination_rad")
    return lambda inputs: float(function(**{key: need(inputs, key) for key in keys}))


def normal_offset(inputs: Inputs) -> float:
    acceleration = radiation_acceleration_m_s2(
        area_m2=need(inputs, "area_m2"), mass_kg=need(inputs, "mass_kg"),
        reflectivity_coefficient=need(inputs, "reflectivity_coefficient"),
        pressure_pa=inputs.get("radiation_pressure_Pa"),
    )  # fmt: skip
    return float(cross_track_offset_m(orbit=orbit_of(inputs), acceleration_m_s2=acceleration))


def delta_v_per_year(inputs: Inputs) -> float:
    year_s = inputs.get("year_s", 31557600.0)
    orbit, against = orbit_of(inputs), need(inputs, "against")
    if against == "inclination_drift":
        rate = float(inclination_drift_m_s(orbit=orbit, a_delta_ix_m=need(inputs, "a_delta_ix_m")))
        return float(abs(rate) * orbit.mean_motion_rad_s * year_s)
    if against == "cross_track_offset":
        return float(offset_delta_v_m_s(orbit=orbit, normal_m=need(inputs, "offset_m"), span_s=year_s))
    raise ValueError(f"against={against!r}: use inclination_drift or cross_track_offset")


def trim_per_drift(inputs: Inputs) -> float:
    return float(drift_trim_m_s(period_s=orbit_of(inputs).period_s, drift_m=abs(need(inputs, "drift_m_per_orbit"))))


ADAPTERS = adapters(
    {
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
        "trim.delta_v_per_drift": trim_per_drift,
        "j2.schweighart_sedwick_c": averaged_j2(schweighart_sedwick_c),
        "j2.schweighart_sedwick_ellipse_ratio": averaged_j2(schweighart_sedwick_ratio),
        "control.normal_offset": normal_offset,
        "control.delta_v_per_year": delta_v_per_year,
    }
)
