"""CZML for Cesium: the satellites of a formation over an orbit, and the links between them while they carry anything.

Relative positions are laid along the axes of the Hill frame. Leaves out bodies, attitudes and traffic.
"""

import itertools
import json
import math
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from links.model import require_positive

from ..fabric import FabricSeries
from ..formation import Formation

__all__ = ["czml"]

Floats = NDArray[np.float64]

_LONGEST_STEP_S = 30.0  # Lagrange interpolation of degree 5 is then within a millimetre, far below a pitch of 100 m
_DIGITS = 4  # of positions in metres


def _inertial_m(formation: Formation, time_s: Floats, node_rad: float) -> Floats:
    """Positions in inertial equatorial axes, shape (n_times, n, 3); the ascending node is passed at time 0. [m]"""
    orbit = formation.orbit
    latitude = orbit.mean_motion_rad_s * time_s
    tilt = orbit.plane_inclination_rad
    to_node = np.array([math.cos(node_rad), math.sin(node_rad), 0.0])
    ahead = np.array([-to_node[1] * math.cos(tilt), to_node[0] * math.cos(tilt), math.sin(tilt)])
    c, s = np.cos(latitude)[:, None], np.sin(latitude)[:, None]
    radial, along = c * to_node + s * ahead, c * ahead - s * to_node
    axes = np.stack([radial, along, np.broadcast_to(np.cross(to_node, ahead), radial.shape)], axis=1)
    return np.asarray(orbit.semi_major_axis_m * radial[:, None, :] + formation.positions_m(time_s=time_s) @ axes)


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _shown(dark: NDArray[np.bool_], edges: list[str]) -> list[dict[str, Any]]:
    """`show` intervals of a link, one for each run of times at which it is on or off."""
    changes = [0, *(np.flatnonzero(dark[1:] != dark[:-1]) + 1).tolist(), dark.size]
    return [
        {"interval": f"{edges[a]}/{edges[b]}", "boolean": not bool(dark[a])} for a, b in itertools.pairwise(changes)
    ]


def czml(
    *,
    formation: Formation,
    series: FabricSeries,
    start: str,
    node_rad: float,
    span_s: float | None = None,
    step_s: float = 30.0,
) -> str:
    """A CZML document with one entity for each satellite and one for each link.

    Parameters
    ----------
    formation : Formation
    series : FabricSeries
        Of that formation; a link is shown from each of its times to the next if both directions carry something.
    start : str
        When the reference passes its ascending node, time 0 of formation and series; ISO, taken as UTC.
    node_rad : float
        Right ascension of that node. [rad]
    span_s : float, optional
        Length of the document; one orbit if not given. [s]
    step_s : float
        Between samples of positions, at most 30. [s]

    Notes
    -----
    Positions are samples in inertial axes with Lagrange interpolation of degree 5. The times of the series must lie
    within the span; the state of the last holds to its end, and before the first time that of the first.
    """
    n, orbit = len(formation), formation.orbit
    if series.structure.n_nodes != n:
        raise ValueError(
            f"series {series.structure.name!r} has {series.structure.n_nodes} nodes, the formation {n} satellites"
        )
    span = float(require_positive(orbit.period_s if span_s is None else span_s, name="span_s"))
    if not 0.0 < step_s <= _LONGEST_STEP_S:
        raise ValueError(
            f"step_s={step_s!r}: need above 0 and at most {_LONGEST_STEP_S:g} s, or interpolation errors show"
        )
    times = series.time_s
    if (np.diff(times) <= 0.0).any() or times[0] < 0.0 or times[-1] >= span:
        raise ValueError(
            f"time_s from {times[0]:g} to {times[-1]:g} s: need rising times within the span of {span:g} s"
        )
    try:
        begin = datetime.fromisoformat(start)
    except ValueError:
        raise ValueError(f"start={start!r}: need an ISO date and time such as '2027-01-01T00:00:00'") from None
    begin = begin.replace(tzinfo=UTC) if begin.tzinfo is None else begin.astimezone(UTC)
    whole = f"{_iso(begin)}/{_iso(begin + timedelta(seconds=span))}"
    samples = np.linspace(0.0, span, max(math.ceil(span / step_s), 5) + 1)
    tracks = np.round(_inertial_m(formation, samples, node_rad), _DIGITS)
    clock = {"interval": whole, "currentTime": _iso(begin), "multiplier": 60, "range": "LOOP_STOP",
             "step": "SYSTEM_CLOCK_MULTIPLIER"}  # fmt: skip
    packets: list[dict[str, Any]] = [
        {"id": "document", "name": series.structure.name, "version": "1.0", "clock": clock}
    ]
    for label, track in zip(series.structure.labels, np.moveaxis(tracks, 1, 0), strict=True):
        position = {
            "epoch": _iso(begin), "referenceFrame": "INERTIAL", "interpolationAlgorithm": "LAGRANGE",
            "interpolationDegree": 5, "cartesian": np.column_stack([samples, track]).ravel().tolist(),
        }  # fmt: skip
        packets.append({"id": label, "availability": whole, "position": position, "point": {"pixelSize": 6}})
    edges = [_iso(begin + timedelta(seconds=t)) for t in [0.0, *times[1:].tolist(), span]]
    structure = series.structure
    order = np.argsort(structure.link_of_arc, kind="stable")
    for arcs in np.split(order, np.flatnonzero(np.diff(structure.link_of_arc[order])) + 1):
        dark = (series.capacity_bps[:, arcs] == 0.0).any(axis=1)
        ends = sorted((int(structure.tail[arcs[0]]), int(structure.head[arcs[0]])))
        i, j = (structure.labels[v] for v in ends)
        line = {"positions": {"references": [f"{i}#position", f"{j}#position"]}, "arcType": "NONE", "width": 1,
                "show": _shown(dark, edges)}  # fmt: skip
        packets.append({"id": f"{i}-{j}", "availability": whole, "polyline": line})
    return json.dumps(packets, allow_nan=False)
