"""Power amplifiers: efficiency, and the power drawn when they are backed off.

Small tables of saturated points; leaves out gain curves and distortion.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .model import require_positive
from .units import from_db

__all__ = ["power_added_efficiency"]


def power_added_efficiency(
    *, output_w: ArrayLike, large_signal_gain_db: ArrayLike, dc_power_w: ArrayLike
) -> NDArray[np.float64]:
    """Power added by an amplifier over the DC power it draws, (P_out - P_in)/P_dc. [-]

    Parameters
    ----------
    output_w : array
        [W]
    large_signal_gain_db : array
        Gain at that output. [dB]
    dc_power_w : array
        [W]

    Notes
    -----
    Below the drain efficiency P_out/P_dc, and much below it where gain is low: at 3 dB the driver supplies half.

    >>> round(float(power_added_efficiency(output_w=0.05, large_signal_gain_db=7.2, dc_power_w=0.156)), 3)
    0.259
    """
    output = require_positive(output_w, name="output_w", zero=True)
    added = output * (1.0 - from_db(-np.asarray(large_signal_gain_db, dtype=float)))
    return np.asarray(added / require_positive(dc_power_w, name="dc_power_w"))
