"""A laser terminal as published: its rate up to its published range, and nothing in between.

Leaves out the physics: no budget of these terminals is in print, so what they do far inside their range (receivers may
overload there) or beyond it is not known, and no ledger and no ceiling is given. See `fso` for a link with a budget.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.constants import speed_of_light

from .model import LinkBudget, LinkState, Surroundings, require_count, require_positive
from .parts import Part
from .units import db

__all__ = ["TerminalLink"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class TerminalLink:
    """One direction between two published terminals of one kind.

    Parameters
    ----------
    part : Part
        Of kind `terminal`, with `rate_bps`, `range_m` and `electronics_latency_s`.
    shared_by : int
        Links that share the published rate equally, where it is that of a whole satellite.

    Notes
    -----
    Power is that of one terminal where one is published, half of it at each end because it serves both directions, and
    0 where none is. Availability is 1 where none is published. The margin only says how far the link is inside the
    published range, as free-space spreading: 20 log10(published range / range).

    >>> from links.parts import load_part
    >>> link = TerminalLink(part=load_part("terminal_starlink"))
    >>> [rate / 1e9 for rate in link.at(range_m=[200.0, 5400e3, 5401e3]).rate_bps.tolist()]
    [100.0, 100.0, 0.0]
    """

    part: Part
    shared_by: int = 1

    def __post_init__(self) -> None:
        for key in ("rate_bps", "range_m", "electronics_latency_s"):
            if key not in self.part.data:
                raise ValueError(f"{self.part.name}: no {key}, so it is no published terminal; use a part that has it")
        object.__setattr__(self, "shared_by", require_count(self.shared_by, name="shared_by"))

    @property
    def medium(self) -> str:
        """The medium: optical."""
        return "optical"

    def at(self, *, range_m: ArrayLike, surroundings: Surroundings | None = None) -> LinkState:
        """State of one direction at each range; what surroundings do to such a terminal is not published."""
        ranges = require_positive(range_m, name="range_m")
        closes = ranges <= self.part["range_m"]
        low_s, high_s = self.part.data["electronics_latency_s"].ends
        flight_s = ranges / speed_of_light
        availability, power_w = self.part.get("availability"), self.part.get("power_w")
        return LinkState(
            rate_bps=np.where(closes, self.part["rate_bps"] / self.shared_by, 0.0),
            latency_s=np.asarray(flight_s + high_s),
            latency_low_s=np.asarray(flight_s + low_s),
            power_w=np.where(closes, 0.0 if power_w is None else power_w, 0.0),
            availability=np.where(closes, 1.0 if availability is None else availability, 0.0),
            margin_db=np.asarray(db((self.part["range_m"] / ranges) ** 2)),
            channels=np.asarray(np.where(closes, 1, 0), dtype=np.int64),
        )

    def budget(self, *, range_m: float) -> LinkBudget:
        """Refused: no budget of a published terminal is in print."""
        raise ValueError(f"{self.part.title}: no budget is published at {range_m:g} m; an OpticalLink has one")

    def limit_bps(self, *, range_m: ArrayLike) -> Floats:
        """Refused: aperture, band and power that physics would be asked about are not published together."""
        raise ValueError(f"{self.part.title}: no budget is published, so no ceiling either; an OpticalLink has one")
