"""What a catalogued coherent transceiver can receive: line modes, and the power each needs at a given OSNR.

Data-sheet behaviour only; leaves out dispersion, polarisation effects and how the digital signal processing works.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .frozen import FrozenArrays
from .model import require_positive
from .parts import Part
from .units import from_db, watt_from_dbm

__all__ = ["LineMode", "line_modes"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class LineMode(FrozenArrays):
    """One payload rate of a receiver and the published points at which it is guaranteed.

    Parameters
    ----------
    name : str
        Of the mode in the part.
    payload_bps : float
        One direction. [bit/s]
    noise_to_signal : array
        1/OSNR of the published points, rising. [-]
    sensitivity_w : array
        Least received power at each of them. [W]
    overload_w : float
        Most received power. [W]
    """

    name: str
    payload_bps: float
    noise_to_signal: Floats
    sensitivity_w: Floats
    overload_w: float

    def required_w(self, *, noise_to_signal: ArrayLike) -> Floats:
        """Least received power with that much optical noise; infinite beyond the noisiest published point. [W]

        Notes
        -----
        A receiver works while `1/OSNR + N/P <= 1/T`: optical noise plus its own noise N. So 1/P is linear in 1/OSNR
        between published points. A cleaner signal than the cleanest published point earns nothing.
        """
        noise = require_positive(noise_to_signal, name="noise_to_signal", zero=True)
        inverse = np.interp(noise, self.noise_to_signal, 1.0 / self.sensitivity_w, right=0.0)
        with np.errstate(divide="ignore"):
            return np.asarray(1.0 / inverse)

    def osnr_shortfall(self, *, noise_to_signal: ArrayLike) -> Floats:
        """Noise over what the noisiest published point allows; above 1 no power is enough. [-]"""
        noise = require_positive(noise_to_signal, name="noise_to_signal", zero=True)
        return np.asarray(noise / self.noise_to_signal[-1])


def line_modes(part: Part) -> tuple[LineMode, ...]:
    """Line modes of a transceiver, fastest first.

    Groups `mode_*` of the part with the same payload are points of one mode.

    Examples
    --------
    >>> from links import load_part
    >>> [mode.payload_bps / 1e9 for mode in line_modes(load_part("coherent_400zr"))]
    [400.0]
    """
    groups = [group for group in part.groups() if group.startswith("mode_")]
    if not groups:
        raise ValueError(f"part {part.name!r} ({part.kind}) has no mode_* group: pick a coherent transceiver")
    modes = []
    for payload in sorted({part[f"{group}.payload_bps"] for group in groups}, reverse=True):
        points = [group for group in groups if part[f"{group}.payload_bps"] == payload]
        points.sort(key=lambda group: part[f"{group}.required_osnr_db"], reverse=True)
        modes.append(
            LineMode(
                name=points[0],
                payload_bps=payload,
                noise_to_signal=from_db([-part[f"{group}.required_osnr_db"] for group in points]),
                sensitivity_w=watt_from_dbm([part[f"{group}.sensitivity_dbm"] for group in points]),
                overload_w=float(watt_from_dbm(min(part[f"{group}.overload_dbm"] for group in points))),
            )
        )
    return tuple(modes)
