"""Drift, trim and propagation cases of whole formations, by the public functions of `topo`."""

from __future__ import annotations

import numpy as np

from tests.adapters.formation import Floats, Inputs, adapters, design_of, need, orbit_of, satellite_of
from tests.adapters.formation_orbit import by_method, j2_of, reference_of, sample_times
from topo.control import inclination_drift_m_s
from topo.drift import (
    along_track_kick,
    axis_difference_drift_m,
    drift_m_per_orbit,
    energy_matched,
    inertial_states,
    second_order_drift_m,
    trim_delta_v_m_s,
)
from topo.dynamics import acceleration_m_s2, propagate, propagate_relative, state_transition
from topo.elements import relative_elements_m
from topo.hill import to_hill, to_inertial


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


def second_order(inputs: Inputs) -> float:
    keys = ("semi_major_axis_m", "x_m", "y_m")
    return float(second_order_drift_m(**{key: need(inputs, key) for key in keys}))


ADAPTERS = adapters(
    {
        "drift.hcw_closed_form": second_order,
        "drift.worst": worst_drift,
        "propagation.difference": difference,
        "propagation.repeat_error": repeat_error,
        "propagation.range_extremes": propagated_extremes,
        "propagation.cross_track_max": cross_track_max,
        "trim.delta_v": trim,
        "roe.vector": roe_vector,
        "roe.along_track_drift": lambda inputs: float(
            axis_difference_drift_m(axis_difference_m=need(inputs, "a_delta_a_m"))
        ),
        "roe.inclination_drift": by_method(inclination_drift, inclination_drift_propagated),
    }
)
