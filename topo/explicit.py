"""Formations given satellite by satellite: from positions and velocities in the Hill frame, or from a CSV file of them.

Takes the drift-free part of the motion; a state that drifts by more than the caller allows is refused, not repaired.
"""

import csv
from os import PathLike
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from links.model import require_positive

from .drift import axis_difference_drift_m
from .formation import Formation
from .orbit import Orbit

__all__ = ["formation_from_csv", "formation_from_states"]

Floats = NDArray[np.float64]

_COLUMNS = ("x_m", "y_m", "z_m", "vx_m_s", "vy_m_s", "vz_m_s")


def formation_from_states(
    *,
    orbit: Orbit,
    positions_m: ArrayLike,
    velocities_m_s: ArrayLike,
    name: str = "explicit",
    drift_limit_m: float = 1.0,
) -> Formation:
    """A formation from Hill-frame positions and velocities at time 0.

    Parameters
    ----------
    orbit : Orbit
    positions_m : (n, 3) array
        Radial, along-track, normal. [m]
    velocities_m_s : (n, 3) array
        In the rotating frame. [m/s]
    name : str
    drift_limit_m : float
        Along-track drift in one orbit up to which a state counts as rounded; it is dropped. [m]

    Notes
    -----
    x = radial_cos cos nt + radial_sin sin nt about the reference requires y' = -2 n x; otherwise the orbit has another
    semi-major axis, and the satellite drifts by 3 pi (4 x + 2 y'/n) an orbit.

    >>> orbit = Orbit(altitude_m=650e3)
    >>> pair = {"positions_m": [[0, 0, 0], [100, 0, 0]], "velocities_m_s": [[0, 0, 0], [0, -0.214308, 0]]}
    >>> formation = formation_from_states(orbit=orbit, **pair)
    >>> len(formation), round(formation.radius_m(), 6)
    (2, 200.0)
    """
    position, velocity = np.asarray(positions_m, dtype=float), np.asarray(velocities_m_s, dtype=float)
    for what, array in (("positions_m", position), ("velocities_m_s", velocity)):
        if array.ndim != 2 or array.shape[1] != 3 or len(array) != len(position):
            raise ValueError(f"{what} of shape {array.shape}: need (n, 3), the same n for positions and velocities")
        if not np.isfinite(array).all():
            row = int(np.argmax(~np.isfinite(array).all(axis=1)))
            raise ValueError(f"{what}[{row}]={array[row].tolist()}: need finite numbers")
    require_positive(drift_limit_m, name="drift_limit_m", zero=True)
    n = orbit.mean_motion_rad_s
    x, y, z = position.T
    vx, vy, vz = velocity.T
    drift = axis_difference_drift_m(axis_difference_m=4.0 * x + 2.0 * vy / n)
    worst = int(np.argmax(np.abs(drift)))
    if abs(drift[worst]) > drift_limit_m:
        raise ValueError(
            f"satellite {worst} drifts {drift[worst]:.3f} m along-track an orbit, more than {drift_limit_m:g} m; "
            f"set its along-track velocity to -2 n x = {-2.0 * n * x[worst]:.9g} m/s or raise drift_limit_m"
        )
    return Formation(
        orbit=orbit, name=name, radial_cos_m=x, radial_sin_m=vx / n, along_track_offset_m=y - 2.0 * vx / n,
        normal_cos_m=z, normal_sin_m=vz / n,
    )  # fmt: skip


def formation_from_csv(*, orbit: Orbit, path: str | PathLike[str], drift_limit_m: float = 1.0) -> Formation:
    """A formation from a CSV file with the columns x_m, y_m, z_m, vx_m_s, vy_m_s, vz_m_s: the Hill frame at time 0.

    Parameters
    ----------
    orbit : Orbit
    path : path
        One satellite a line, in the order of their numbers; further columns are ignored.
    drift_limit_m : float
        As in `formation_from_states`. [m]
    """
    file = Path(path)
    with file.open(encoding="utf-8-sig", newline="") as lines:
        reader = csv.DictReader(lines)
        header = [name.strip() for name in reader.fieldnames or []]
        reader.fieldnames = header
        for column in _COLUMNS:
            if column not in header:
                have = ", ".join(header) or "none"
                raise ValueError(f"{file.name}: column {column!r} is missing; need {', '.join(_COLUMNS)}, have {have}")
        rows = []
        for row in reader:
            for column in _COLUMNS:
                try:
                    rows.append(float(row[column]))
                except (TypeError, ValueError):
                    where = f"{file.name} line {reader.line_num}"
                    raise ValueError(f"{where}: {column}={row[column]!r}; need a number") from None
    if not rows:
        raise ValueError(f"{file.name}: no satellites below the header; need one a line")
    states = np.array(rows).reshape(-1, 6)
    return formation_from_states(
        orbit=orbit,
        positions_m=states[:, :3],
        velocities_m_s=states[:, 3:],
        name=file.stem,
        drift_limit_m=drift_limit_m,
    )
